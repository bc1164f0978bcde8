// docs/traceability.md names, for each line of the workflow, where it lives, what shows it and what
// tests it. This holds the page to the tree.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace maxopt {
namespace {

namespace fs = std::filesystem;
const fs::path kSource = MAXOPT_SOURCE_DIR;

std::string Text(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Line {
  int number = 0;
  std::vector<std::string> where, see, tests;
  std::string limits;
};

/// What stands between backticks.
std::vector<std::string> Quoted(const std::string& cell) {
  std::vector<std::string> out;
  for (auto at = cell.find('`'); at != std::string::npos;) {
    const auto end = cell.find('`', at + 1);
    if (end == std::string::npos) break;
    out.push_back(cell.substr(at + 1, end - at - 1));
    at = cell.find('`', end + 1);
  }
  return out;
}

std::vector<Line> LinesOf(const std::string& text) {
  std::vector<Line> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with("| ") || line.size() < 3 || line[2] < '0' || line[2] > '9') continue;
    std::vector<std::string> cells;
    for (std::size_t from = 1; from < line.size();) {
      const std::size_t to = std::min(line.find('|', from), line.size());
      cells.push_back(line.substr(from, to - from));
      from = to + 1;
    }
    EXPECT_EQ(cells.size(), 6u) << line;
    if (cells.size() != 6) continue;
    const std::string& last = cells[5];
    const auto from = last.find_first_not_of(' ');
    out.push_back({std::stoi(cells[0]), Quoted(cells[2]), Quoted(cells[3]), Quoted(cells[4]),
                   from == std::string::npos
                       ? ""
                       : last.substr(from, last.find_last_not_of(' ') - from + 1)});
  }
  return out;
}

/// "Suite.Name" of every test in the tree.
std::set<std::string> Tests() {
  std::set<std::string> out;
  for (const char* folder : {"src", "tests"}) {
    for (auto entry = fs::recursive_directory_iterator(kSource / folder);
         entry != fs::recursive_directory_iterator(); ++entry) {
      if (entry->path().filename() == "node_modules") entry.disable_recursion_pending();
      if (entry->path().extension() != ".cc") continue;
      const std::string text = Text(entry->path());
      for (auto at = text.find("\nTEST"); at != std::string::npos;
           at = text.find("\nTEST", at + 1)) {
        const auto open = text.find('(', at), comma = text.find(',', open);
        const auto close = text.find(')', comma);
        if (close == std::string::npos) continue;
        const auto name = text.find_first_not_of(" \n", comma + 1);
        out.insert(text.substr(open + 1, comma - open - 1) + "." + text.substr(name, close - name));
      }
    }
  }
  return out;
}

/// Words that stand alone in quotes in the code of the command line: names of its commands, and
/// more, but nothing that is not there.
std::set<std::string> Words() {
  std::set<std::string> out;
  for (const auto& entry : fs::directory_iterator(kSource / "src" / "app" / "cli")) {
    if (entry.path().extension() != ".cc") continue;
    const std::string text = Text(entry.path());
    for (auto at = text.find('"'); at != std::string::npos; at = text.find('"', at + 1)) {
      const auto end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz", at + 1);
      if (end != std::string::npos && text[end] == '"')
        out.insert(text.substr(at + 1, end - at - 1));
    }
  }
  return out;
}

TEST(Traceability, EveryLineLeadsToWhatIsThere) {
  const std::vector<Line> lines = LinesOf(Text(kSource / "docs" / "traceability.md"));
  ASSERT_EQ(lines.size(), 124u);  // the workflow's lines, without headings
  const std::set<std::string> tests = Tests(), words = Words();
  ASSERT_GT(tests.size(), 1000u);
  int last = 0;
  for (const Line& line : lines) {
    SCOPED_TRACE(line.number);
    EXPECT_GT(line.number, last);
    last = line.number;
    EXPECT_FALSE(line.where.empty());
    EXPECT_FALSE(line.see.empty());
    // What has no test says why.
    EXPECT_TRUE(!line.tests.empty() || !line.limits.empty());
    for (const std::string& where : line.where) {
      EXPECT_TRUE(fs::exists(kSource / where)) << where;
    }
    for (const std::string& test : line.tests) {
      if (test.find('/') != std::string::npos) {
        EXPECT_TRUE(fs::exists(kSource / test)) << test;
      } else {
        EXPECT_TRUE(tests.contains(test)) << "no test " << test;
      }
    }
    for (const std::string& see : line.see) {
      if (!see.starts_with("maxopt ")) continue;
      const std::string word = see.substr(7, see.find(' ', 7) - 7);
      EXPECT_TRUE(words.contains(word)) << "no command " << see;
    }
  }
}

TEST(Traceability, RowsAreReadAsTheyAreWritten) {
  const auto lines = LinesOf(
      "# x\n| Line | a |\n|---|---|\n| 7 | b | `src/a`, `web` | `maxopt x Y` | `A.B` |  |\n"
      "| 8 | c | `src/a` | `maxopt x` |  | not built |\n");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].number, 7);
  EXPECT_EQ(lines[0].where, (std::vector<std::string>{"src/a", "web"}));
  EXPECT_EQ(lines[0].tests, (std::vector<std::string>{"A.B"}));
  EXPECT_EQ(lines[0].limits, "");
  EXPECT_EQ(lines[1].limits, "not built");
}

}  // namespace
}  // namespace maxopt
