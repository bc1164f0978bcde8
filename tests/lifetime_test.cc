// Loops over what lies in a temporary, such as `for (x : *Read())` with a Result or
// `for (x : json::parse(text).at("rows"))`: Clang 19 keeps the temporary for the whole loop (P2718,
// C++23), GCC before 15 does not, so the sanitized build cannot see what the release build does.
// Reads the text of the loops, as neither compiler warns of all of them.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace maxopt {
namespace {

namespace fs = std::filesystem;

/// A dereferenced call, or something read out of parsed text.
bool LoopsOverATemporarysInside(const std::string& head) {
  static const std::regex kUnsafe(
      R"((\*+[A-Za-z_][\w:.]*((->|\.)\w+)*\(|[\w:]*(parse|Parse|Load)\w*\([^;]*\)(\.(at|value|find|items)\(|\[|->)))");
  std::size_t range = head.find(" : ");
  if (range == std::string::npos) range = head.find(" :\n");
  if (range == std::string::npos || head.find(';') < range) return false;
  range = head.find_first_not_of(" \n", range + 2);
  if (range == std::string::npos) return false;
  return std::regex_search(head.begin() + static_cast<std::ptrdiff_t>(range), head.end(), kUnsafe,
                           std::regex_constants::match_continuous);
}

/// What stands in the parentheses of each `for`.
std::vector<std::string> LoopHeads(const std::string& text) {
  std::vector<std::string> heads;
  for (std::size_t at = text.find("for ("); at != std::string::npos;
       at = text.find("for (", at + 1)) {
    const std::size_t begin = at + 5;
    std::size_t end = begin;
    for (int depth = 1; end < text.size(); ++end) {
      depth += text[end] == '(' ? 1 : text[end] == ')' ? -1 : 0;
      if (depth == 0) break;
    }
    heads.push_back(text.substr(begin, end - begin));
  }
  return heads;
}

TEST(Lifetime, NoLoopIsOverTheInsideOfATemporary) {
  const fs::path root(MAXOPT_SOURCE_DIR);
  std::size_t loops = 0;
  for (const char* folder : {"src", "tests", "bench"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cc") continue;
      if (entry.path().filename() == "lifetime_test.cc") continue;
      std::ostringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      for (const std::string& head : LoopHeads(text.str())) {
        ++loops;
        EXPECT_FALSE(LoopsOverATemporarysInside(head))
            << entry.path() << ": for (" << head << "); give it a name before the loop";
      }
    }
  }
  EXPECT_GT(loops, 1000u);
}

TEST(Lifetime, TheRuleRefusesWhatItShould) {
  for (const char* unsafe :
       {"const Row& row : *Read(store)", "const Row& row : *facts_->Kpi(\"A\", from)",
        "const auto& x : **store.Find(id)", "const json& one : json::parse(text).at(\"plans\")",
        "const auto& [k, v] : json::parse(text).items()"}) {
    EXPECT_TRUE(LoopsOverATemporarysInside(unsafe)) << unsafe;
  }
  for (const char* safe : {"const Row& row : *rows", "const Row& row : Read().rows",
                           "const Row& row : (*rows)[1].of", "const Row& row : rows->at(1)",
                           "int i = 0; i < *Count(); ++i", "const json& one : parsed"}) {
    EXPECT_FALSE(LoopsOverATemporarysInside(safe)) << safe;
  }
}

}  // namespace
}  // namespace maxopt
