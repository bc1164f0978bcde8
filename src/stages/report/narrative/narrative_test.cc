#include "stages/report/narrative/narrative.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace maxopt::report {
namespace {

namespace fs = std::filesystem;

ViewColumn Column(const char* name, CellKind kind) {
  ViewColumn column;
  column.name = name;
  column.title = name;
  column.kind = kind;
  return column;
}

/// One campaign of 1,234.50 EUR, 12 conversions and a CTR of 3.4 %.
Inputs OneCampaign(const std::string& name = "Spring") {
  View view;
  view.name = "campaigns";
  view.from = *ParseDay("2026-03-02");
  view.to = *ParseDay("2026-03-08");
  view.columns = {Column("name", CellKind::kText), Column("spend", CellKind::kMoney),
                  Column("conversions", CellKind::kReal), Column("ctr", CellKind::kRatio),
                  Column("orders", CellKind::kCount)};
  view.rows = {
      {"c1", {name, Money::Micros(1'234'500'000, kEur), 12.0, 0.034, std::int64_t{1}}, 0.82}};
  return {{"campaigns", view}};
}

std::shared_ptr<const Catalogue> Texts(const std::string& language) {
  const auto texts = Catalogue::BuiltIn(language);
  EXPECT_TRUE(texts) << texts.error().what;
  return *texts;
}

TEST(Narrative, WritesNumbersAsEachLanguageDoes) {
  const auto en = Texts("en"), de = Texts("de");
  EXPECT_EQ(en->MoneyText(Money::Micros(1'234'567'890, kEur), true), "€1,234.57");
  EXPECT_EQ(de->MoneyText(Money::Micros(1'234'567'890, kEur), true), "1.234,57\u00a0€");
  EXPECT_EQ(en->MoneyText(Money::Micros(1'234'567'890, kEur), false), "€1,235");
  EXPECT_EQ(en->MoneyText(Money::Micros(-9'995'000, kUsd), true), "−USD\u00a010.00");
  EXPECT_EQ(de->MoneyText(Money::Micros(5'000'000'000, kJpy), true), "5.000\u00a0JPY");
  EXPECT_EQ(en->Count(1'234'567), "1,234,567");
  EXPECT_EQ(de->Count(-1'234), "−1.234");
  EXPECT_EQ(en->Percent(0.0344), "3.4%");
  EXPECT_EQ(de->Percent(0.0344), "3,4\u00a0%");
  EXPECT_EQ(en->Percent(0.821), "82%");
  EXPECT_EQ(en->Percent(0.0052), "0.52%");
  EXPECT_EQ(en->Real(2.041), "2.04");
  EXPECT_EQ(en->Real(12), "12");
  EXPECT_EQ(de->DayText(*ParseDay("2026-03-08")), "8. März 2026");
  EXPECT_EQ(en->DayText(*ParseDay("2026-03-08")), "8 March 2026");
  EXPECT_EQ(en->InstantText(*ParseInstant("2026-03-08T07:05:59Z")), "8 March 2026, 07:05 UTC");
}

TEST(Narrative, SaysASentenceAndKnowsWhereItsNumbersStand) {
  const Inputs inputs = OneCampaign();
  Book book(inputs);
  const Slot known{book.Cell("campaigns", "c1", "@known"), "percent", ""};
  const auto sentence = Texts("en")->Say({"known.all", {{"known", known}}}, book);
  ASSERT_TRUE(sentence) << sentence.error().what;
  EXPECT_EQ(sentence->text, "82% of the conversions of this period are known.");
  ASSERT_EQ(sentence->spans.size(), 1U);
  EXPECT_EQ(sentence->text.substr(sentence->spans[0].begin,
                                  sentence->spans[0].end - sentence->spans[0].begin),
            "82%");
  EXPECT_TRUE(Texts("en")->Check(*sentence, book));
  EXPECT_EQ(Texts("de")->Say({"known.all", {{"known", known}}}, book)->text,
            "82\u00a0% der Conversions dieses Zeitraums sind bekannt.");
}

TEST(Narrative, ChoosesThePluralByTheNumber) {
  const Inputs inputs = OneCampaign();
  Book book(inputs);
  const Slot one{book.Cell("campaigns", "c1", "orders"), "", ""};
  const Slot twelve{book.Cell("campaigns", "c1", "conversions"), "", ""};
  EXPECT_EQ(Texts("en")->Say({"actions.waiting", {{"plans", one}}}, book)->text,
            "1 plan waits for a person's decision.");
  EXPECT_EQ(Texts("de")->Say({"actions.waiting", {{"plans", twelve}}}, book)->text,
            "12 Pläne warten auf die Entscheidung eines Menschen.");
}

TEST(Narrative, RefusesWhatDoesNotResolve) {
  const Inputs inputs = OneCampaign();
  Book book(inputs);
  const auto texts = Texts("en");
  const Slot known{book.Cell("campaigns", "c1", "@known"), "percent", ""};
  Sentence sentence = *texts->Say({"known.all", {{"known", known}}}, book);

  Sentence other = sentence;
  other.text.replace(0, 2, "83");  // the text was changed
  EXPECT_EQ(texts->Check(other, book).error().code, Errc::kRefused);

  other = sentence;
  other.text += " That is 12 more.";  // a number that no slot accounts for
  const auto refused = texts->Check(other, book);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("\"1\" is no cell"), std::string::npos);

  other = sentence;
  other.text += " That is twice as many.";  // ... nor a number word
  EXPECT_FALSE(texts->Check(other, book));

  other = sentence;
  other.phrase.slots["known"].source.cell.row = "c2";  // the cell is gone
  EXPECT_FALSE(texts->Check(other, book));

  Inputs changed = OneCampaign();  // the data were changed
  changed["campaigns"].rows[0].known = 0.5;
  EXPECT_FALSE(texts->Check(sentence, Book(changed)));
  EXPECT_TRUE(texts->Check(sentence, book));
}

TEST(Narrative, ANumberInATextIsRefusedWhenTheCatalogueIsRead) {
  const std::string head =
      "maxopt: report-catalogue/1\nlanguage: xx\ndecimal: \".\"\ngroup: \",\"\npercent: \"{}%\"\n"
      "money: before\nday: \"{day}\"\nshort_day: \"{day}\"\ninstant: \"{day}\"\n"
      "months: [a, b, c, d, e, f, g, h, i, j, k, l]\n"
      "short_months: [a, b, c, d, e, f, g, h, i, j, k, l]\nnumber_words: [two]\ntexts:\n";
  EXPECT_TRUE(Catalogue::Parse(head + "  a: \"{n} of all\"\n", "x.yaml"));
  for (const char* bad : {"7 of all", "two of all", "٣ of all", "½ of all", "{n of all", "５"}) {
    EXPECT_FALSE(Catalogue::Parse(head + "  a: \"" + bad + "\"\n", "x.yaml")) << bad;
  }
  EXPECT_FALSE(Catalogue::Parse(head + "  a: b\nextra: 1\n", "x.yaml"));
  EXPECT_FALSE(Catalogue::BuiltIn("tlh"));
}

TEST(Narrative, HostileNamesStayNames) {
  const std::string hostile = "<script>alert(1)</script>\u202Egnp.exe\n=cmd|' /C calc'!A0 7 \xFF";
  const Inputs inputs = OneCampaign(hostile);
  Book book(inputs);
  const auto texts = Texts("en");
  const auto sentence =
      texts->Say({"plan.campaign.up",
                  {{"campaign", {book.Cell("campaigns", "c1", "name"), "", ""}},
                   {"spent", {book.Cell("campaigns", "c1", "spend"), "", ""}},
                   {"plan", {book.Cell("campaigns", "c1", "spend"), "", ""}},
                   {"change", {book.Cell("campaigns", "c1", "ctr"), "percent", ""}}}},
                 book);
  ASSERT_TRUE(sentence) << sentence.error().what;
  EXPECT_EQ(sentence->text.find('\n'), std::string::npos);
  EXPECT_EQ(sentence->text.find("\u202E"), std::string::npos);
  EXPECT_NE(sentence->text.find("\uFFFD"), std::string::npos);
  EXPECT_TRUE(texts->Check(*sentence, book)) << "digits of a bound name are no stray numbers";
  EXPECT_EQ(Shortened("äöü", 2), "ä…");
  EXPECT_EQ(PlainText("a\tb\u2066c"), "a bc");
}

/// Names of slots and keys of one language are those of the other.
TEST(Catalogues, HaveTheSameKeysAndSlots) {
  const auto en = Texts("en"), de = Texts("de");
  EXPECT_EQ(en->Keys(), de->Keys());
  for (const std::string& key : en->Keys()) EXPECT_EQ(en->SlotsOf(key), de->SlotsOf(key)) << key;
  EXPECT_GT(en->Keys().size(), 200U);
  EXPECT_EQ(Catalogue::Languages(), (std::vector<std::string>{"de", "en"}));
}

/// A key is used where the sources name it, or a family of it ("column." + name).
TEST(Catalogues, EveryKeyIsUsed) {
  std::string sources;
  const fs::path root = fs::path(MAXOPT_SOURCE_DIR) / "src" / "stages" / "report";
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const auto extension = entry.path().extension();
    if ((extension != ".cc" && extension != ".h") || entry.path().string().ends_with("_test.cc"))
      continue;
    std::ifstream in(entry.path());
    std::ostringstream out;
    out << in.rdbuf();
    sources += out.str();
  }
  for (const std::string& key : Texts("en")->Keys()) {
    bool used = sources.find("\"" + key + "\"") != std::string::npos;
    for (std::size_t dot = key.find('.'); !used && dot != std::string::npos;
         dot = key.find('.', dot + 1)) {
      used = sources.find("\"" + key.substr(0, dot + 1) + "\"") != std::string::npos ||
             sources.find("\"" + key.substr(0, dot + 1) + "{}") != std::string::npos;
    }
    EXPECT_TRUE(used) << key;
  }
}

}  // namespace
}  // namespace maxopt::report
