#include "yaml/yaml.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

/// What `read` says of a text; "fine" where it takes it.
template <class Read>
std::string Said(const std::string& yaml, Read read) {
  const Result<> result = ReadYaml(yaml, "f.yaml", read);
  if (result) return "fine";
  EXPECT_EQ(result.error().code, Errc::kInvalidArgument);
  return result.error().what;
}

/// A reader of all kinds of values, as the rooms write theirs.
Result<> ReadAll(const YamlMap& root) {
  MAXOPT_CHECK(root.OnlyKeys({"maxopt", "a", "b", "list", "n", "on", "t"}));
  MAXOPT_CHECK(root.Kind("test/1"));
  std::string text = "b";
  std::vector<std::string> texts;
  int count = 1;
  bool flag = false;
  seconds time(1);
  MAXOPT_CHECK(root.Text("a"));
  MAXOPT_CHECK(root.Text("b", text));
  MAXOPT_CHECK(root.Texts("list", texts));
  MAXOPT_CHECK(root.Count("n", 1, 10, count));
  MAXOPT_CHECK(root.Flag("on", flag));
  return root.Time("t", time, seconds(60));
}
std::string Of(const std::string& rest) { return Said("maxopt: test/1\na: x\n" + rest, ReadAll); }

TEST(Yaml, ReadsWhatStandsThere) {
  const Result<> read = ReadYaml(
      "a: x\nlist: [p, \"q r\"]\nn: -7\nbig: 9000000000\nms: 1500\non: true\nt: 15m\nempty: []\n",
      "f.yaml", [](const YamlMap& root) -> Result<> {
        std::string text;
        std::vector<std::string> texts{"before"}, none{"before"};
        int small = 0;
        std::int64_t big = 0;
        std::chrono::milliseconds ms{0};
        bool flag = false;
        seconds time{0};
        MAXOPT_CHECK(root.Text("a", text));
        MAXOPT_CHECK(root.Texts("list", texts));
        MAXOPT_CHECK(root.Texts("empty", none));
        MAXOPT_CHECK(root.Count("n", -10, 10, small));
        MAXOPT_CHECK(root.Count("big", 0, 10'000'000'000, big));
        MAXOPT_CHECK(root.Count("ms", 0, 2'000, ms));
        MAXOPT_CHECK(root.Flag("on", flag));
        MAXOPT_CHECK(root.Time("t", time));
        EXPECT_EQ(text, "x");
        EXPECT_EQ(texts, (std::vector<std::string>{"p", "q r"}));
        EXPECT_TRUE(none.empty());
        EXPECT_EQ(small, -7);
        EXPECT_EQ(big, 9'000'000'000);
        EXPECT_EQ(ms, std::chrono::milliseconds(1'500));
        EXPECT_TRUE(flag);
        EXPECT_EQ(time, seconds(900));
        return {};
      });
  EXPECT_TRUE(read) << read.error().what;
}

TEST(Yaml, WhatIsLeftOutStaysAsItIs) {
  const Result<> read = ReadYaml("{}", "f.yaml", [](const YamlMap& root) -> Result<> {
    MAXOPT_CHECK(root.OnlyKeys({"a"}));
    std::string text = "before";
    std::vector<std::string> texts{"before"};
    int count = 7;
    bool flag = true;
    seconds time(7);
    MAXOPT_CHECK(root.Text("a", text));
    MAXOPT_CHECK(root.Secret("a", text));
    MAXOPT_CHECK(root.Texts("a", texts));
    MAXOPT_CHECK(root.Count("a", 0, 1, count));
    MAXOPT_CHECK(root.Flag("a", flag));
    MAXOPT_CHECK(root.Time("a", time));
    MAXOPT_TRY(const std::vector<YamlMap> maps, root.Maps("a"));
    EXPECT_EQ(text, "before");
    EXPECT_EQ(texts.size(), 1u);
    EXPECT_EQ(count, 7);
    EXPECT_TRUE(flag);
    EXPECT_EQ(time, seconds(7));
    EXPECT_TRUE(maps.empty());
    EXPECT_FALSE(root.Has("a"));
    return {};
  });
  EXPECT_TRUE(read) << read.error().what;
}

TEST(Yaml, WhatIsNeededIsMissed) {
  const auto missed = [](auto read) {
    return Said("b: 1\n", [&](const YamlMap& root) -> Result<> {
      MAXOPT_CHECK(read(root));
      return {};
    });
  };
  EXPECT_EQ(missed([](const YamlMap& m) { return m.Text("a"); }), "f.yaml:1: a is missing");
  EXPECT_EQ(missed([](const YamlMap& m) { return m.Secret("a"); }), "f.yaml:1: a is missing");
  EXPECT_EQ(missed([](const YamlMap& m) { return m.Texts("a"); }), "f.yaml:1: a must be a list");
}

TEST(Yaml, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(Of(""), "fine");
  struct Case {
    std::string rest, says;
  };
  const Case cases[] = {
      {"c: 1\n", "f.yaml:3: \"c\" is not known; known are a, b, list, maxopt, n, on, t"},
      {std::string(200, 'k') + ": 1\n", "f.yaml:3: \"" + std::string(80, 'k') + "\" is not known"},
      {"a: y\n", "f.yaml:3: a stands twice"},
      {"[1, 2]: 3\n", "f.yaml:3: a name is expected here"},
      {"? {q: 1}\n: 3\n", "f.yaml:3: a name is expected here"},
      {"b:\n", "b must be a text"},
      {"b: \"\"\n", "f.yaml:3: b must be a text"},
      {"b: [x]\n", "f.yaml:3: b must be a text"},
      {"b: {x: 1}\n", "f.yaml:3: b must be a text"},
      {"list: x\n", "f.yaml:3: list must be a list"},
      {"list:\n  - x\n  - [y]\n", "f.yaml:5: list must hold texts"},
      {"list:\n  - x\n  - \"\"\n", "f.yaml:5: list must hold texts"},
      {"n: 0\n", "f.yaml:3: n must be a whole number from 1 to 10"},
      {"n: 11\n", "n must be a whole number from 1 to 10"},
      {"n: 1.5\n", "n must be a whole number"},
      {"n: 1e0\n", "n must be a whole number"},
      {"n: 0x5\n", "n must be a whole number"},
      {"n: +5\n", "n must be a whole number"},
      {"n: \" 5\"\n", "n must be a whole number"},
      {"n: 99999999999999999999\n", "n must be a whole number"},
      {"n: many\n", "n must be a whole number"},
      {"n:\n", "n must be a whole number"},
      {"n: [5]\n", "n must be a whole number"},
      {"on: yes\n", "f.yaml:3: on must be true or false"},
      {"on: True\n", "on must be true or false"},
      {"on: 1\n", "on must be true or false"},
      {"on: {}\n", "on must be true or false"},
      {"t: soon\n", "f.yaml:3: t must be a time like 90s, 15m, 4h or 2d, at most 366d"},
      {"t: 90\n", "t must be a time like"},
      {"t: 90 s\n", "t must be a time like"},
      {"t: 1.5h\n", "t must be a time like"},
      {"t: -90s\n", "t must be a time like"},
      {"t: s\n", "t must be a time like"},
      {"t: 367d\n", "t must be a time like"},
      {"t: 2147483648s\n", "t must be a time like"},
      {"t: [90s]\n", "t must be a text"},
      {"t: 59s\n", "f.yaml:3: t must be at least 60 s"},
      {"t: 0d\n", "f.yaml:3: t must be at least 60 s"},
  };
  for (const Case& c : cases) {
    EXPECT_NE(Of(c.rest).find(c.says), std::string::npos) << c.rest << Of(c.rest);
  }
  for (const char* fine : {"t: 60s\n", "t: 366d\n", "n: 10\n", "list: []\n", "b: 0\n"}) {
    EXPECT_EQ(Of(fine), "fine") << fine;
  }
}

TEST(Yaml, AFileSaysWhatItIs) {
  EXPECT_EQ(Said("a: x\n", ReadAll), "f.yaml:1: maxopt is missing");
  EXPECT_EQ(Said("a: x\nmaxopt: test/2\n", ReadAll), "f.yaml:2: maxopt must be test/1");
  EXPECT_EQ(Said("a: x\nmaxopt: [test/1]\n", ReadAll), "f.yaml:2: maxopt must be a text");
}

TEST(Yaml, WhatIsNoMappingIsRefused) {
  const std::string no_map = "f.yaml:1: a mapping of names and values is expected here";
  for (const char* yaml : {"", "\n\n", "# nothing\n", "x", "[a, b]", "- a\n- b\n", "~"}) {
    EXPECT_EQ(Said(yaml, ReadAll), no_map) << yaml;
  }
  // The same within a file, and where nothing stands at all.
  for (const char* yaml : {"a: x", "a: [x]", "a:", "b: 1"}) {
    EXPECT_EQ(Said(yaml, [](const YamlMap& root) { return root.Map("a").OnlyKeys({"x"}); }), no_map)
        << yaml;
  }
}

TEST(Yaml, ListsOfMappings) {
  const auto keys = [](const std::string& yaml) {
    return Said(yaml, [](const YamlMap& root) -> Result<> {
      MAXOPT_TRY(const std::vector<YamlMap> maps, root.Maps("jobs"));
      for (const YamlMap& map : maps) MAXOPT_CHECK(map.OnlyKeys({"kind"}));
      return {};
    });
  };
  for (const char* fine : {"{}", "jobs: []", "jobs:\n# - {kind: x}\n", "jobs: [{kind: a}, {}]"}) {
    EXPECT_EQ(keys(fine), "fine") << fine;
  }
  EXPECT_EQ(keys("jobs: none"), "f.yaml:1: jobs must be a list");
  EXPECT_EQ(keys("jobs: {kind: x}"), "f.yaml:1: jobs must be a list");
  EXPECT_EQ(keys("jobs:\n  - {kind: x}\n  - {knid: x}"),
            "f.yaml:3: \"knid\" is not known; known are kind");
  EXPECT_EQ(keys("jobs:\n  - {kind: x}\n  - x"),
            "f.yaml:3: a mapping of names and values is expected here");
}

TEST(Yaml, AnchorsAndAliasesAreRefusedBeforeAnythingIsBuilt) {
  const std::string refused = "anchors and aliases (& and *) are not read here";
  std::string laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    laughs += std::string{c} + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) laughs += std::string("*") + static_cast<char>(c - 1) + ", ";
    laughs += "]\n";
  }
  EXPECT_EQ(Said(laughs, ReadAll), "f.yaml:1: " + refused);
  EXPECT_EQ(Said("&a {b: *a}", ReadAll), "f.yaml:1: " + refused);  // cyclic
  EXPECT_EQ(Said("a: x\nb: &b y\n", ReadAll), "f.yaml:2: " + refused);
  EXPECT_EQ(Said("a: &a\n", ReadAll), "f.yaml:1: " + refused);
  EXPECT_NE(Said("a: *nowhere\n", ReadAll), "fine");
  // They are signs as any other where they are no anchors.
  EXPECT_EQ(Of("b: \"https://a.example/?x=1&y=*\"  # R&D *\n"), "fine");
}

TEST(Yaml, HostileTextsAreRefused) {
  EXPECT_EQ(Said(std::string((1u << 20) + 1, ' '), ReadAll),
            "f.yaml: larger than 1 MB, too long for a configuration");
  const std::string prefix = "maxopt: test/1\na: ";
  // Latin-1, a character cut off, an overlong slash, a surrogate, UTF-16.
  for (const std::string& bad :
       {prefix + "caf\xE9\n", prefix + "caf\xC3", prefix + "\xC0\xAF\n", prefix + "\xED\xA0\x80\n",
        std::string("\xFF\xFE"
                    "a\0:\0",
                    6)}) {
    EXPECT_EQ(Said(bad, ReadAll), "f.yaml: not UTF-8; save it as UTF-8");
  }
  for (const char* bad : {"]", "a: [", "a: {", "a: \"x", "a: b: c", "a: %x", "a: @x", "{a: x",
                          "maxopt: test/1\na:\n\t- x\n", "maxopt: test/1\n\ta: x\n"}) {
    const std::string said = Said(bad, ReadAll);
    EXPECT_EQ(said.substr(0, 7), "f.yaml:") << bad << ": " << said;
  }
  for (const std::string& open : {std::string("["), std::string("{a: "), std::string("- ")}) {
    std::string deep = "a: ";
    if (open == "- ") deep += "\n  ";
    for (int i = 0; i < 5'000; ++i) deep += open;
    const std::string said = Said(deep, ReadAll);
    EXPECT_EQ(said.substr(0, 7), "f.yaml:") << said;
  }
  // A reader that takes a node for what it is not gets an error, no exception.
  EXPECT_NE(Said("a: x\n",
                 [](const YamlMap& root) -> Result<> {
                   EXPECT_FALSE(root.At("nothing").IsSequence());
                   return {};
                 }),
            "fine");
  // A name cut within a character would be no UTF-8 any more.
  const std::string cut = Of(std::string(79, 'k') +
                             "\xC3\xA9"
                             "e: 1\n");
  EXPECT_NE(cut.find("\"" + std::string(79, 'k') + "\" is"), std::string::npos) << cut;
}

TEST(Yaml, SecretsMayStandElsewhere) {
  const fs::path folder = fs::temp_directory_path() / "maxopt_yaml_test";
  fs::remove_all(folder);
  fs::create_directories(folder / "inside");
  std::ofstream(folder / "key") << "s3cret\r\n\n";
  const auto secret = [&](const std::string& written) {
    std::string got = "nothing";
    const Result<> read = ReadYaml("\nkey: " + written + "\n", (folder / "f.yaml").string(),
                                   [&](const YamlMap& root) { return root.Secret("key", got); });
    if (!read) return read.error().what.substr(folder.string().size() + 1);
    return got;
  };
  ::setenv("MAXOPT_YAML_TEST_KEY", "from the environment", 1);
  ::setenv("MAXOPT_YAML_TEST_EMPTY", "", 1);
  EXPECT_EQ(secret("env:MAXOPT_YAML_TEST_KEY"), "from the environment");
  EXPECT_EQ(secret("file:key"), "s3cret");
  EXPECT_EQ(secret("file:" + (folder / "key").string()), "s3cret");
  EXPECT_EQ(secret("in the clear"), "in the clear");
  EXPECT_EQ(secret("env:MAXOPT_YAML_TEST_EMPTY"),
            "f.yaml:2: key: the environment has no MAXOPT_YAML_TEST_EMPTY");
  EXPECT_EQ(secret("\"env:\""), "f.yaml:2: key: the environment has no ");
  EXPECT_EQ(secret("file:none"),
            "f.yaml:2: key: " + (folder / "none").string() + " cannot be read");
  EXPECT_EQ(secret("file:inside"),
            "f.yaml:2: key: " + (folder / "inside").string() + " cannot be read");
  EXPECT_EQ(secret("[s3cret]"), "f.yaml:2: key must be a text");
  fs::remove_all(folder);
}

}  // namespace
}  // namespace maxopt
