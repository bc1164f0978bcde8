// Bad documents end in a clear error: file, place, what is wrong, what to do. Nothing crashes,
// nothing is written, and nothing is read but what the documents may name.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <random>
#include <set>

#include "documents/mutations.h"

namespace maxopt {
namespace {

using namespace mutations;
namespace fs = std::filesystem;

/// Every file below a folder, with its size and time.
std::set<std::string> Snapshot(const fs::path& folder) {
  std::set<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    out.insert(entry.path().string() + " " +
               std::to_string(entry.is_regular_file() ? entry.file_size() : 0));
  }
  return out;
}

/// What stands before a person: no control characters, and lines that can be read.
void ExpectClear(const std::string& what, const std::string& name) {
  EXPECT_FALSE(what.empty()) << name;
  for (const char c : what) {
    EXPECT_TRUE(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F))
        << name << ": " << static_cast<int>(c);
  }
  std::size_t lines = 1;
  std::size_t longest = 0;
  std::size_t length = 0;
  for (const char c : what) {
    length = c == '\n' ? 0 : length + 1;
    longest = std::max(longest, length);
    lines += c == '\n' ? 1 : 0;
  }
  EXPECT_LE(lines, 51U) << name;
  EXPECT_LE(longest, 2'500U) << name;
}

TEST(BadDocuments, TheExampleIsGood) {
  for (const Form form : kForms) {
    const auto read = ParseDocuments(Example(form), ExampleAsset);
    EXPECT_TRUE(read) << read.error().what;
  }
}

TEST(BadDocuments, EachEndsInAClearError) {
  const fs::path folder = fs::temp_directory_path() / "maxopt_bad_documents_test";
  fs::remove_all(folder);
  fs::create_directories(folder);
  const fs::path before_path = fs::current_path();
  fs::current_path(folder);
  const auto before = Snapshot(folder);
  const auto careful = [](const std::string& name) -> Result<std::string> {
    EXPECT_FALSE(name.empty() || name.front() == '/' || name.find("..") != std::string::npos)
        << name;
    return ExampleAsset(name);
  };
  const std::vector<Bad> all = BadDocuments();
  std::set<std::string> names;
  for (const Bad& bad : all) {
    EXPECT_TRUE(names.insert(bad.name).second) << bad.name << " is there twice";
    const auto read = ParseDocuments(bad.files, careful);
    ASSERT_FALSE(read) << bad.name << " was read";
    EXPECT_EQ(read.error().code, Errc::kInvalidArgument) << bad.name;
    EXPECT_NE(read.error().what.find(bad.place), std::string::npos)
        << bad.name << " does not name " << bad.place << ":\n"
        << read.error().what.substr(0, 2'000);
    EXPECT_NE(read.error().what.find(bad.says), std::string::npos)
        << bad.name << " does not say " << bad.says << ":\n"
        << read.error().what.substr(0, 2'000);
    ExpectClear(read.error().what, bad.name);
  }
  EXPECT_GE(all.size(), 200U);
  EXPECT_EQ(Snapshot(folder), before);
  fs::current_path(before_path);
  fs::remove_all(folder);
  std::cout << all.size() << " bad documents\n";
}

TEST(BadDocuments, ManyErrorsAreToldAtOnceAndCapped) {
  auto files = Example(Form::kYaml);
  std::string plan = "maxopt: media_plan/1\npackages:\n";
  for (int i = 0; i < 60; ++i) {
    plan += "  - {name: p" + std::to_string(i) + ", platform: meta, account: \"1\", budget: x}\n";
  }
  files[1].bytes = plan;
  files[0].bytes.replace(files[0].bytes.find("currency: EUR"), 13, "currency: EURO");
  const auto read = ParseDocuments(files, ExampleAsset);
  ASSERT_FALSE(read);
  const std::string& what = read.error().what;
  EXPECT_EQ(std::count(what.begin(), what.end(), '\n'), 50);
  EXPECT_NE(what.find("brief.yaml:"), std::string::npos);
  EXPECT_NE(what.find("media_plan.yaml:51: budget: "), std::string::npos);
  EXPECT_NE(what.find("... and 11 more; mend these first"), std::string::npos) << what;
}

TEST(ContradictoryDocuments, AreReadAsTheyAre) {
  const auto all = ContradictoryDocuments();
  EXPECT_GE(all.size(), 30U);
  for (const Contradiction& one : all) {
    const auto read = ParseDocuments(one.files, ExampleAsset);
    EXPECT_TRUE(read) << one.name << ": " << read.error().what;
  }
}

/// Bytes changed, cut, doubled and swapped at random, from a fixed seed: an answer every time.
TEST(BadDocuments, RandomBytesNeverCrash) {
  std::mt19937_64 random(20261122);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  int refused = 0;
  constexpr int kRounds = 100;
  for (const Form form : kForms) {
    const auto good = Example(form);
    for (int round = 0; round < kRounds; ++round) {
      auto files = good;
      std::string& bytes = files[below(files.size())].bytes;
      const std::size_t changes = 1 + below(8);
      for (std::size_t i = 0; i < changes && !bytes.empty(); ++i) {
        const std::size_t at = below(bytes.size());
        const std::size_t length = std::min(bytes.size() - at, 1 + below(40));
        switch (below(5)) {
          case 0:
            bytes[at] = static_cast<char>(random());
            break;
          case 1:
            bytes.erase(at, length);
            break;
          case 2:
            bytes.insert(at, bytes.substr(below(bytes.size()), length));
            break;
          case 3:
            bytes.insert(at, 1, "[]{}\"':,-&*!#|>\n\t%@;="[below(22)]);
            break;
          default:
            bytes.resize(at);
        }
      }
      const auto read = ParseDocuments(files, ExampleAsset);
      if (read) continue;
      ++refused;
      ExpectClear(read.error().what, "round " + std::to_string(round));
    }
  }
  EXPECT_GT(refused, kRounds);
}

}  // namespace
}  // namespace maxopt
