// Documents made at random from the tables: what is written is what is read, and what is printed
// reads back the same, in every form.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "stages/setup/documents/examples_for_test.h"
#include "stages/setup/documents/node.h"
#include "stages/setup/documents/tables.h"
#include "stages/setup/documents/values.h"

namespace maxopt {
namespace {

using namespace documents;

class Maker {
 public:
  /// `lines`: texts may hold line breaks, which cells of sheets do not keep in lists.
  Maker(std::uint64_t seed, bool lines) : random_(seed), lines_(lines) {}

  Fragment Document(std::string_view kind) { return {std::string(kind), Make(**TableOf(kind))}; }

 private:
  std::size_t Below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

  static Node Text(std::string text) {
    Node node;
    node.kind = Node::Kind::kText;
    node.text = std::move(text);
    return node;
  }

  std::string Phrase() {
    static const std::vector<std::string> pieces = {"trail",
                                                    "shoe",
                                                    "a: b",
                                                    "#tag",
                                                    "\"quoted\"",
                                                    "it's",
                                                    "\\back",
                                                    "{x}",
                                                    "[y]",
                                                    "100 %",
                                                    "- dash",
                                                    "*star",
                                                    "&and",
                                                    "!no",
                                                    "true",
                                                    "null",
                                                    "007",
                                                    "1.50",
                                                    "=1+1",
                                                    "@you",
                                                    "+49",
                                                    "a;b",
                                                    "a,b",
                                                    "\xC3\xA4\xC3\xB6",
                                                    "\xE6\x97\xA5\xE6\x9C\xAC",
                                                    "\xF0\x9F\x91\x9F",
                                                    "~",
                                                    "|",
                                                    ">",
                                                    "%",
                                                    "'"};
    std::string out = pieces[Below(pieces.size())];
    for (std::size_t more = Below(4); more > 0; --more) {
      out += (lines_ && Below(6) == 0 ? "\n" : " ") + pieces[Below(pieces.size())];
    }
    return out;
  }
  std::string OneLine() {
    std::string out = Phrase();
    std::replace(out.begin(), out.end(), '\n', ' ');
    return out;
  }
  std::string Decimal() { return fmt::format("{}.{:02}", 1 + Below(100'000), Below(100)); }

  std::string Scalar(const Field& field) {
    switch (field.kind) {
      case Kind::kText:
        return Phrase();
      case Kind::kName:
        if (field.name == "image" || field.name == "video" || field.name == "thumbnail") {
          return "asset1";
        }
        return OneLine();
      case Kind::kKey:
        return fmt::format("key-{}", Below(1'000'000));
      case Kind::kWord: {
        const Words words = SplitWords(field.words);
        return std::string(words.words[Below(words.words.size())]);
      }
      case Kind::kMoney:
        return Decimal();
      case Kind::kDecimal:
        return PlainDecimal(Decimal());
      case Kind::kDay:
        return fmt::format("2026-{:02}-{:02}", field.name == "end" ? 9 : 3, 1 + Below(28));
      case Kind::kTime:
        return fmt::format("2026-03-{:02} {:02}:00:00", 1 + Below(28), Below(24));
      case Kind::kInteger: {
        if (field.name == "age_min") return std::to_string(13 + Below(20));
        if (field.name == "age_max") return std::to_string(40 + Below(25));
        if (field.name == "share_percent") return "50";
        const auto span = static_cast<std::size_t>(field.high - field.low);
        return std::to_string(static_cast<std::size_t>(field.low) + Below(span + 1));
      }
      case Kind::kReal:
        return field.name == "mde_percent" ? "12.5" : "0.5";
      case Kind::kBool:
        return field.name == "always_on" || Below(2) == 0 ? "false" : "true";
      case Kind::kCurrency:
        return "EUR";
      case Kind::kZone:
        return "Europe/Berlin";
      case Kind::kPlatform:
        return "meta";
      case Kind::kDigits:
        return fmt::format("{}", 1'000'000 + Below(1'000'000'000'000));
      case Kind::kUrl:
        return fmt::format("https://a{}.example/x?y=1", Below(100));
      case Kind::kFile:
        return fmt::format("creatives/{}.png", Below(1'000'000));
      case Kind::kAccount:
      case Kind::kSha256:
      case Kind::kTexts:
      case Kind::kCounts:
      case Kind::kObject:
      case Kind::kObjects:
        Bug();
    }
    Bug();
  }

  std::string Item(const Field& field, std::size_t number) {
    if (field.name == "images") return fmt::format("asset{}", 1 + number);
    switch (field.items) {
      case Items::kAny:
        return fmt::format("{} {}", Phrase(), number);
      case Items::kName:
        return fmt::format("{} {}", OneLine(), number);
      case Items::kWords: {
        const Words words = SplitWords(field.words);
        return std::string(words.words[number % words.words.size()]);
      }
      case Items::kCountry:
        return std::string{"DE"}.replace(1, 1, 1, static_cast<char>('A' + number));
      case Items::kLanguage:
        return std::string{"de"}.replace(1, 1, 1, static_cast<char>('a' + number));
      case Items::kKeyword:
        return fmt::format("phrase:{} {}", OneLine(), number);
      case Items::kDaypart:
        return fmt::format("mon {:02}:00-{:02}:00", number, number + 5);
      case Items::kModifier:
        return fmt::format("location:{} 0.{}", 1'000'000 + number, 1 + number % 9);
    }
    Bug();
  }

  Node Make(const Object& object, std::size_t number = 0) {
    Node map;
    map.kind = Node::Kind::kMap;
    for (const Field& field : object.fields) {
      const bool first = &field == &object.fields.front();
      // An asset is a file here; what is on a platform already is the other way of one.
      if (object.name == "asset" &&
          (field.name == "sha256" || field.kind == Kind::kAccount || field.name == "platform_id")) {
        continue;
      }
      const bool needed = field.required || field.name == "daily_budget" || field.name == "file" ||
                          object.name == "arm" || field.name == "assets" ||
                          (object.name == "buy" && field.name == "ad_groups");
      if (!needed && Below(2) == 0) continue;
      Node value;
      if (field.kind == Kind::kObject) {
        value = Make(*field.of);
        if (value.members.empty()) continue;
      } else if (field.kind == Kind::kObjects) {
        value.kind = Node::Kind::kList;
        const std::size_t count = field.of->name == "arm" ? 2 : 3;
        for (std::size_t at = 0; at < count; ++at) {
          value.items.push_back(Make(*field.of, at + 1));
        }
      } else if (field.kind == Kind::kTexts) {
        value.kind = Node::Kind::kList;
        const std::size_t most = field.name == "genders" ? 2 : 3;
        for (std::size_t at = 0; at < 1 + Below(most); ++at) {
          value.items.push_back(Text(Item(field, at)));
        }
      } else if (field.kind == Kind::kCounts) {
        value.kind = Node::Kind::kMap;
        value.members.push_back({"clicks", {}, Text(std::to_string(1 + Below(1'000'000)))});
        value.members.push_back({"impressions", {}, Text(std::to_string(1 + Below(1'000'000)))});
      } else {
        value = Text(Scalar(field));
      }
      if (first && number > 0 && value.kind == Node::Kind::kText) {
        if (object.name == "KPI") {
          value.text = std::string(SplitWords(field.words).words[number]);
        } else if (object.name == "asset") {
          value.text = fmt::format("asset{}", number);
        } else if (field.kind == Kind::kKey) {
          value.text += fmt::format("-{}", number);
        } else {
          value.text = fmt::format("{} n{}", value.text, number);
        }
      }
      map.members.push_back({std::string(field.name), {}, std::move(value)});
    }
    return map;
  }

  std::mt19937_64 random_;
  bool lines_;
};

Result<std::string> AnyAsset(const std::string& name) { return "content of " + name; }

/// Everything in `made` is in `read` as well, with the same value.
void ExpectWithin(const Node& made, const Node& read, const std::string& where) {
  ASSERT_EQ(made.kind, read.kind) << where;
  EXPECT_EQ(made.text, read.text) << where;
  ASSERT_EQ(made.items.size(), read.items.size()) << where;
  for (std::size_t at = 0; at < made.items.size(); ++at) {
    ExpectWithin(made.items[at], read.items[at], fmt::format("{}[{}]", where, at));
  }
  for (const Member& member : made.members) {
    const Node* other = Find(read, member.key);
    ASSERT_NE(other, nullptr) << where << "." << member.key;
    ExpectWithin(member.value, *other, where + "." + member.key);
  }
}

TEST(RoundTrip, WhatIsWrittenIsReadAndPrintedAgain) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Maker maker(seed, seed % 2 == 0);
    std::vector<Fragment> made;
    std::vector<DocumentFile> files;
    for (const std::string_view kind : kKinds) {
      made.push_back(maker.Document(kind));
      files.push_back({std::string(kind) + ".yaml", PrintYaml(made.back())});
    }
    const auto read = ParseDocuments(files, AnyAsset);
    ASSERT_TRUE(read) << read.error().what;
    const auto fragments = ToFragments(*read);
    for (std::size_t at = 0; at < made.size(); ++at) {
      ExpectWithin(made[at].root, fragments[at].root, made[at].kind);
    }
    const std::string printed = documents_test::Printed(*read);
    const auto yaml = ParseDocuments(PrintDocuments(*read), AnyAsset);
    ASSERT_TRUE(yaml) << yaml.error().what;
    EXPECT_EQ(documents_test::Printed(*yaml), printed);
    const auto json = ParseDocuments(PrintDocumentsJson(*read), AnyAsset);
    ASSERT_TRUE(json) << json.error().what;
    EXPECT_EQ(documents_test::Printed(*json), printed);
    if (seed % 2 == 0) continue;
    const auto csv = ParseDocuments(PrintDocumentsCsv(*read), AnyAsset);
    ASSERT_TRUE(csv) << csv.error().what;
    EXPECT_EQ(documents_test::Printed(*csv), printed);
    const auto workbook = PrintDocumentsXlsx(*read);
    ASSERT_TRUE(workbook) << workbook.error().what;
    const auto xlsx = ParseDocuments({{"all.xlsx", *workbook}}, AnyAsset);
    ASSERT_TRUE(xlsx) << xlsx.error().what;
    EXPECT_EQ(documents_test::Printed(*xlsx), printed);
  }
}

}  // namespace
}  // namespace maxopt
