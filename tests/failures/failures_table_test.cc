// docs/failures.md names a test for every reported failure; the named tests are there, and those
// that are there are named.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>

namespace {

namespace fs = std::filesystem;

const fs::path kSource = MAXOPT_SOURCE_DIR;

std::string Text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path << " cannot be read";
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

using Tests = std::set<std::pair<std::string, std::string>>;  ///< file, name

/// By number, what the rows of the table name: "`src/money/money_test.cc` F5EveryCent...,
/// F5Every..."
std::map<int, Tests> Named(const std::string& document) {
  static const std::regex row(R"(^\| F(\d+) \|)");
  static const std::regex part(R"(`([a-z_/]+\.cc)`|\b(F\d+[A-Za-z]\w*))");
  std::map<int, Tests> out;
  std::istringstream lines(document);
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (!std::regex_search(line, found, row)) continue;
    const int number = std::stoi(found[1]);
    EXPECT_FALSE(out.contains(number)) << "F" << number << " has two rows";
    Tests& tests = out[number];
    std::string file;
    for (std::sregex_iterator at(line.begin(), line.end(), part), end; at != end; ++at) {
      if ((*at)[1].matched) file = (*at)[1];
      if ((*at)[2].matched) tests.emplace(file, (*at)[2]);
    }
  }
  return out;
}

/// All tests of the sources whose names begin with a number.
Tests There() {
  static const std::regex test(R"(TEST(?:_F|_P)?\(\s*\w+,\s*(F\d+[A-Za-z]\w*)\))");
  Tests out;
  for (const char* folder : {"src", "tests"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kSource / folder)) {
      if (entry.path().extension() != ".cc") continue;
      const std::string text = Text(entry.path());
      // Looked at where it says TEST only: expressions over whole files take long.
      for (auto at = text.find("\nTEST"); at != std::string::npos;
           at = text.find("\nTEST", at + 1)) {
        std::smatch found;
        const std::string head = text.substr(at + 1, 200);
        if (!std::regex_search(head, found, test, std::regex_constants::match_continuous)) continue;
        out.emplace(fs::relative(entry.path(), kSource).generic_string(), found[1]);
      }
    }
  }
  return out;
}

TEST(FailuresTable, EveryFailureNamesTestsThatExist) {
  const std::map<int, Tests> named = Named(Text(kSource / "docs" / "failures.md"));
  const Tests there = There();
  Tests all;
  for (int number = 1; number <= 41; ++number) {
    ASSERT_TRUE(named.contains(number)) << "F" << number << " has no row";
    const std::string prefix = "F" + std::to_string(number);
    bool own = false;
    for (const auto& [file, name] : named.at(number)) {
      EXPECT_TRUE(there.contains({file, name})) << prefix << ": no test " << name << " in " << file;
      own = own || (name.starts_with(prefix) &&
                    name.find_first_of("0123456789", prefix.size()) != prefix.size());
      all.emplace(file, name);
    }
    EXPECT_TRUE(own) << prefix << " names no test of its number";
  }
  for (const auto& [file, name] : there) {
    EXPECT_TRUE(all.contains({file, name})) << name << " in " << file << " is in no row";
  }
}

TEST(FailuresTable, RowsAreReadAsTheyAreWritten) {
  const auto named =
      Named("| F7 | x | `src/a.cc` F7One, F7Two; `tests/b/c.cc` F6Three | y | F99 |\nF8 no row\n");
  ASSERT_EQ(named.size(), 1u);
  EXPECT_EQ(named.at(7),
            (Tests{{"src/a.cc", "F7One"}, {"src/a.cc", "F7Two"}, {"tests/b/c.cc", "F6Three"}}));
}

}  // namespace
