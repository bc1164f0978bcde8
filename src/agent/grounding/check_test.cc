#include "agent/grounding/check.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "domain/view.h"

namespace maxopt::grounding {
namespace {

using Json = nlohmann::ordered_json;

ViewColumn Of(std::string name, CellKind kind, std::string group = "", std::string help = "") {
  ViewColumn out;
  out.name = out.title = std::move(name);
  out.kind = kind;
  out.group = std::move(group);
  out.help = std::move(help);
  return out;
}
Money Cents(std::int64_t cents) { return Money::Micros(cents * 10'000, kEur); }

/// Two campaigns of a week, beside the week before.
View Campaigns() {
  View view;
  view.name = "campaigns";
  view.title = "Campaigns";
  view.client = "Alpen";
  view.as_of = *ParseInstant("2026-03-11T12:00:00Z");
  view.from = *ParseDay("2026-03-02");
  view.to = *ParseDay("2026-03-08");
  view.columns = {Of("name", CellKind::kText),
                  Of("platform", CellKind::kText),
                  Of("spend", CellKind::kMoney),
                  Of("cpa", CellKind::kMoney),
                  Of("ctr", CellKind::kRatio),
                  Of("clicks", CellKind::kCount),
                  Of("conversions", CellKind::kReal),
                  Of("spend_previous", CellKind::kMoney, "previous",
                     "What the platform charges. 2026-02-23 to 2026-03-01."),
                  Of("spend_previous_change", CellKind::kRatio, "previous")};
  const auto row = [&](std::string key, std::vector<ViewCell> cells) {
    ViewRow out;
    out.key = std::move(key);
    out.cells = std::move(cells);
    view.rows.push_back(std::move(out));
  };
  row("meta/2/campaign/3",
      {std::string("Spring sale"), std::string("meta"), Cents(1'234'567), Cents(2'469), 0.0345,
       std::int64_t{1234}, 500.0, Cents(1'000'000), 0.234567});
  row("google_ads/1/campaign/1",
      {std::string("Brand 2026"), std::string("google_ads"), Cents(10'050), Cents(1'005), 0.1,
       std::int64_t{321}, 10.0, Cents(20'100), -0.5});
  view.totals =
      std::vector<ViewCell>{{}, {}, Cents(1'244'617), {}, {}, std::int64_t{1555}, 510.0, {}, {}};
  return view;
}

Evidence Told() {
  Evidence evidence;
  const View view = Campaigns();
  EXPECT_EQ(Objection(view), "");
  evidence.Add("get_kpis", {{"from", "2026-03-02"}}, Json::parse(ToJson(view)));
  return evidence;
}

TEST(CheckAnswer, TakesWhatTheDataSay) {
  const Evidence evidence = Told();
  for (const char* text : {
           "\"Spring sale\" spent €12,345.67.",
           "Spring sale spent 12.345,67 EUR.",
           "Spring sale spent EUR 12\u202f345.67.",
           "Spring sale spent about 12,346 €, or €12.3k.",
           "Spring sale spent roughly €12,300.",
           "Spend of Spring sale rose by 23% from €10,000.",
           "Spend of Spring sale went up 23.5 percent.",
           "The CTR of Spring sale was 3.45 %, or 3.5%.",
           "Spring sale had 1,234 clicks and 500 conversions.",
           "“Brand 2026” spent €100.50, 50% less than before.",
           "\"Brand 2026\" saw its spend change by -50%.",
           "In the seven days from 2 March 2026 to 8 March all campaigns spent €12,446.17.",
           "From 2026-03-02 to 2026-03-08, beside 23 February to March 1, 2026.",
           "Between 2 and 8 March the 2 campaigns got 1,555 clicks.",
           "Meta spent €12,345.67 and Google Ads €100.50.",
           "# Answer\n1. **Spring sale** spent €12,345.67.\n2. All is as before.\n- Clicks: 1,555.",
           "The data do not say why.",
       }) {
    const Checked checked = CheckAnswer(text, evidence);
    EXPECT_EQ(checked.objection, "") << text;
  }
}

TEST(CheckAnswer, SaysWhereANumberStands) {
  const Checked checked =
      CheckAnswer("All went well.\n\"Spring sale\" had a CPA of €24.69.", Told());
  ASSERT_EQ(checked.objection, "");
  ASSERT_EQ(checked.lines.size(), 2u);
  ASSERT_EQ(checked.sources.size(), 1u);
  EXPECT_EQ(checked.sources[0].line, 1u);
  EXPECT_EQ(checked.sources[0].text, "€24.69");
  EXPECT_EQ(checked.sources[0].where, "campaigns[meta/2/campaign/3].cpa");
  EXPECT_EQ(checked.sources[0].label, "cpa, Spring sale");
  EXPECT_EQ(checked.sources[0].link, "view:campaigns?from=2026-03-02&to=2026-03-08");
}

TEST(CheckAnswer, RefusesWhatTheyDoNotSay) {
  const Evidence evidence = Told();
  for (const char* text : {
           "Spring sale spent €12,345.68.",
           "Spring sale spent $12,345.67.",
           "Spring sale spent 12,345.67 USD.",
           "Spring sale spent US$12,345.67.",
           "Spring sale spent €12.",
           "Spring sale spent €10,000 more.\nIt will spend €13,000.",
           "Spring sale spent -€12,345.67.",
           "Spend of Spring sale rose by 24%.",
           "Spend of Spring sale fell by 23%.",      // it rose
           "\"Brand 2026\" saw spend rise by 50%.",  // it fell
           "\"Brand 2026\" spent €12,345.67.",       // another's
           "Google spent €12,345.67.",               // another's
           "\"Spring sale\" spent €12,446.17.",      // the total
           "Spring sale got 24.69 clicks.",          // its CPA
           "Brand 2026 spent €100.50.",              // a name with digits, without quotation marks
           "\"Winter 7\" did well.",                 // no such name
           "Its CPA doubled.",
           "Half of the spend was on Meta.",
           "Three campaigns ran.",
           "In the last nine days little changed.",
           "It spent twelve thousand euros.",
           "Clicks: ١٢٣٤.",
           "Clicks: ½ of them.",
           "On 9 May 2026 it stopped.",
           "On 2026-04-01 it stopped.",
           "On 31 February it stopped.",
           "In May 2026 it stopped.",
           "CTR was 0.1%.",
           "Conversions rose 500%.",
           "See https://evil.example/?q=1.",
           "![x](//evil.example/x.png)",
           "Go to www.evil.example now.",
           "<script>alert(1)</script>",
           "",
           "\n \n",
       }) {
    EXPECT_NE(CheckAnswer(text, evidence).objection, "") << text;
  }
  EXPECT_NE(CheckAnswer(std::string(kAnswerMax + 1, 'a'), evidence).objection, "");
  // Without any data no number can be right.
  EXPECT_NE(CheckAnswer("Spring sale had 1,234 clicks.", Evidence()).objection, "");
  EXPECT_EQ(CheckAnswer("I do not know.", Evidence()).objection, "");
}

TEST(CheckAnswer, NamesAreNoNumbers) {
  View view = Campaigns();
  // A stranger wrote a price into a campaign's name.
  view.rows[0].cells[0] = std::string("CPA is 99.99 EUR");
  Evidence evidence;
  evidence.Add("get_kpis", Json::object(), Json::parse(ToJson(view)));
  EXPECT_NE(CheckAnswer("The CPA is 99.99 EUR.", evidence).objection, "");
  EXPECT_NE(CheckAnswer("CPA is 99.99 EUR this week.", evidence).objection, "");
  EXPECT_EQ(CheckAnswer("“CPA is 99.99 EUR” spent €12,345.67.", evidence).objection, "");
}

TEST(CheckAnswer, NothingHidesInIt) {
  const Checked checked = CheckAnswer("All \x1b[31mis\x07 \u202Ewell.", Told());
  ASSERT_EQ(checked.objection, "\"31\" is not found in the data");
  const Checked plain = CheckAnswer("All\x07 is \u202Ewell\u202C.", Told());
  ASSERT_EQ(plain.objection, "");
  EXPECT_EQ(plain.lines[0].find('\x07'), std::string::npos);
  EXPECT_EQ(plain.lines[0].find("\u202E"), std::string::npos);
}

TEST(CheckAnswer, ReadsOtherAnswersToo) {
  Evidence evidence;
  evidence.Add("ask_scenario", Json::object(),
               Json::parse(R"({"client":"Alpen","scenarios":[{"name":"budget -20%",
                 "budget":{"amount":"800.00","currency":"EUR"},"revenue":{"mean":1234.5678}}]})"));
  EXPECT_EQ(CheckAnswer("A budget of €800 brings 1,235 a day.", evidence).objection, "");
  EXPECT_NE(CheckAnswer("A budget of €900 brings 1,235 a day.", evidence).objection, "");
  EXPECT_NE(CheckAnswer("A budget of $800 is enough.", evidence).objection, "");
}

}  // namespace
}  // namespace maxopt::grounding
