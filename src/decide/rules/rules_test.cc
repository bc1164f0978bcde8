#include "decide/rules/rules.h"

#include <gtest/gtest.h>

#include <cmath>

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;

const AccountId kMeta{Platform::kMeta, "42"};
const Day kToday = *ParseDay("2026-03-15");

Money Eur(double units) {
  return Money::Micros(static_cast<std::int64_t>(std::llround(units * 1e6)), kEur);
}

// --- building trees by hand ---------------------------------------------------------------------

RuleNode Text(std::string text) {
  RuleNode node;
  node.kind = RuleNode::Kind::kText;
  node.line = 1;
  node.text = std::move(text);
  return node;
}
RuleNode List(std::vector<RuleNode> items) {
  RuleNode node;
  node.kind = RuleNode::Kind::kList;
  node.line = 1;
  node.items = std::move(items);
  return node;
}
RuleNode Map(std::vector<std::pair<std::string, RuleNode>> entries) {
  RuleNode node;
  node.kind = RuleNode::Kind::kMap;
  node.line = 1;
  for (auto& [key, value] : entries) {
    node.keys.push_back(key);
    node.key_lines.push_back(7);
    node.items.push_back(std::move(value));
  }
  return node;
}
using Entries = std::vector<std::pair<std::string, RuleNode>>;

RuleNode RuleOf(const std::string& name, RuleNode condition, RuleNode then, Entries more = {}) {
  Entries entries{{"name", Text(name)},
                  {"on", Text("campaign")},
                  {"if", std::move(condition)},
                  {"then", std::move(then)}};
  for (auto& entry : more) {
    const auto known = std::find_if(entries.begin(), entries.end(),
                                    [&](const auto& e) { return e.first == entry.first; });
    if (known != entries.end()) {
      known->second = std::move(entry.second);
    } else {
      entries.push_back(std::move(entry));
    }
  }
  return Map(std::move(entries));
}
RuleNode FileOf(std::vector<RuleNode> rules,
                Entries limits = {{"money_per_day", Text("500 EUR")}}) {
  return Map({{"maxopt", Text("rules/1")},
              {"client", Text("A")},
              {"currency", Text("EUR")},
              {"limits", Map(std::move(limits))},
              {"rules", List(std::move(rules))}});
}
RuleSet Parsed(std::vector<RuleNode> rules, Entries limits = {{"money_per_day", Text("500 EUR")}}) {
  auto set = ParseRules(FileOf(std::move(rules), std::move(limits)), "rules.yaml");
  EXPECT_TRUE(set) << set.error().what;
  return set ? *set : RuleSet{"A", kEur};
}
std::string Refusal(std::vector<RuleNode> rules,
                    Entries limits = {{"money_per_day", Text("500 EUR")}}) {
  const auto set = ParseRules(FileOf(std::move(rules), std::move(limits)), "rules.yaml");
  return set ? "accepted" : set.error().what;
}

// --- facts --------------------------------------------------------------------------------------

/// An account of 60 known, mature days and its campaigns.
class World {
 public:
  World() {
    facts.now = Zone::Utc().Begin(kToday) + hours(7);
    RuleAccount account{.id = kMeta, .currency = kEur};
    account.today = kToday;
    account.first = kToday - days(60);
    account.days.assign(60, {true, "", 1.0});
    facts.accounts.push_back(account);
    RuleObject whole;
    whole.level = Level::kAccount;
    whole.id = "42";
    facts.objects.push_back(whole);
  }
  /// A campaign that had the same every day of the last `length`.
  RuleObject& Campaign(const std::string& id, double spend, std::int64_t clicks, double conversions,
                       int length = 60, double revenue = 0) {
    RuleObject object;
    object.parent = 0;
    object.level = Level::kCampaign;
    object.id = object.campaign_id = id;
    object.name = object.campaign_name = "Campaign " + id;
    object.status = kActive;
    object.daily_budget = Eur(100);
    for (int age = length; age >= 1; --age) {
      object.series.push_back({.day = kToday - days(age),
                               .spend_micros = Eur(spend).micros(),
                               .impressions = 1000,
                               .clicks = clicks,
                               .conversions = conversions,
                               .revenue_micros = Eur(revenue).micros()});
    }
    Whole(object);
    facts.objects.push_back(std::move(object));
    return facts.objects.back();
  }
  RuleFacts facts;

 private:
  /// The account's day is the sum of its campaigns'.
  void Whole(const RuleObject& object) {
    auto& series = facts.objects[0].series;
    for (const RuleDay& day : object.series) {
      auto at = std::find_if(series.begin(), series.end(),
                             [&](const RuleDay& d) { return d.day == day.day; });
      if (at == series.end()) {
        series.push_back(day);
      } else {
        at->spend_micros += day.spend_micros;
        *at->impressions += *day.impressions;
        *at->clicks += *day.clicks;
        *at->conversions += *day.conversions;
        *at->revenue_micros += *day.revenue_micros;
      }
    }
    std::sort(series.begin(), series.end(),
              [](const RuleDay& a, const RuleDay& b) { return a.day < b.day; });
  }
};

/// What becomes of one condition: "true", "false" or why it is unknown.
std::string Holds(const RuleFacts& facts, RuleNode condition) {
  RuleNode otherwise = Map({{"notify", Text("no")}});
  const RuleSet set = Parsed({RuleOf("r", std::move(condition), Map({{"notify", Text("yes")}}),
                                     {{"else", std::move(otherwise)}})});
  RuleVerdict verdict = JudgeRules(set, facts);
  if (!verdict.undecided.empty()) return verdict.undecided.front().why;
  return verdict.notices.at(0).text == "yes" ? "true" : "false";
}
std::string Holds(const RuleFacts& facts, const std::string& condition) {
  return Holds(facts, Text(condition));
}
bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// --- the language -------------------------------------------------------------------------------

TEST(RulesParse, ReadsEveryPartOfAComparison) {
  const auto c = ParseComparison("cpa.lower_90  14d ending 3d ago>130% of siblings", kEur);
  ASSERT_TRUE(c) << c.error().what;
  EXPECT_EQ(c->text, "cpa.lower_90 14d ending 3d ago > 130% of siblings");
  EXPECT_EQ(c->metric, RuleMetric::kCpa);
  EXPECT_EQ(c->bound, RuleBound::kLower);
  EXPECT_DOUBLE_EQ(c->level, 0.9);
  EXPECT_EQ(c->window, (RuleWindow{14, 3}));
  EXPECT_EQ(c->op, RuleOp::kGreater);
  EXPECT_EQ(c->against, RuleAgainst::kSiblings);
  EXPECT_EQ(c->percent_bp, 13'000);
  const auto share = ParseComparison("ctr 7d < 150 bp", kEur);
  const auto percent = ParseComparison("ctr 7d < 1.5%", kEur);
  ASSERT_TRUE(share && percent);
  EXPECT_DOUBLE_EQ(share->value, 0.015);
  EXPECT_DOUBLE_EQ(percent->value, share->value);
  EXPECT_EQ(ParseComparison("spend 7d >= 20.50 EUR", kEur)->money, Eur(20.5));
  EXPECT_EQ(ParseComparison("cpa 7d > target", kEur)->percent_bp, 10'000);
}

TEST(RulesParse, RefusesWhatDoesNotFitItsUnitOrSense) {
  const std::pair<const char*, const char*> cases[] = {
      {"cpa 7d < 20", "with its currency"},
      {"cpa 7d < 20 USD", "the file in EUR"},
      {"cpa 7d < 20 eur", "eur"},
      {"cpa 7d < -5 EUR", "below 0"},
      {"cpa 7d < 1e3 EUR", "1e3"},
      {"cpa 7d < NaN EUR", "NaN"},
      {"cpa 7d < 20% EUR", "20%"},
      {"ctr 7d < 2", "could be either"},
      {"ctr 7d < 250%", "never above 100 %"},
      {"roas 7d > 350%", "plain number"},
      {"clicks 7d > 5%", "plain number"},
      {"clicks 7d > \xD9\xA5", "plain number"},
      {"profit 7d > 5 EUR", "is no metric; known are spend, impressions"},
      {"cpa > 20 EUR", "window of whole days"},
      {"cpa 0d > 20 EUR", "window of whole days"},
      {"cpa 181d > 20 EUR", "window of whole days"},
      {"cpa 7d ending 0d ago > 20 EUR", "1d ago (yesterday)"},
      {"cpa 7d = 20 EUR", "<, <=, > or >="},
      {"cpa 7d > 20 EUR or so", "too much"},
      {"cpa 7d >", "is missing"},
      {"cpa.lower_90 7d < 20 EUR", "next to nothing"},
      {"cpa.upper_90 7d > 20 EUR", "next to nothing"},
      {"cpa.upper_40 7d < 20 EUR", "51 to 99"},
      {"cpa.upper_100 7d < 20 EUR", "51 to 99"},
      {"spend.upper_90 7d < 20 EUR", "has no bounds"},
      {"budget 7d > 20 EUR", "<, <=, > or >="},
      {"budget > 120% of previous", "held against a value"},
      {"spend 7d > 30% of 28d", "take the same length"},
      {"clicks 7d > 90% of budget", "only spend"},
      {"spend 7d > 90% of target", "has no target"},
      {"cpa 120d > 110% of previous", "more than 180 days ago"},
      {"cpa 7d > 110 of previous", "like \"130% of target\""},
      {"cpa 7d > 110% of it", "nothing to compare with"},
      {"", "is no metric"},
  };
  for (const auto& [text, why] : cases) {
    const auto c = ParseComparison(text, kEur);
    ASSERT_FALSE(c) << text;
    EXPECT_EQ(c.error().code, Errc::kInvalidArgument);
    EXPECT_TRUE(Has(c.error().what, why)) << text << " -> " << c.error().what;
  }
}

TEST(RulesParse, RefusesFilesThatCannotBeMeant) {
  const RuleNode c = Text("spend 7d > 10 EUR");
  const auto budget = [](const char* by) { return Map({{"budget", Text(by)}}); };
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, Text("pause"), {{"prioritty", Text("5")}})}),
                  "rules.yaml:7: \"prioritty\" is not known"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, Text("delete"))}), "is no action"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, budget("20%"))}), "write +20% or -20%"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, budget("+101%"))}), "-90% to +100%"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, budget("-95%"))}), "-90% to +100%"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, budget("50"))}), "with its currency"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, budget("50 USD"))}), "is in USD"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, budget("0 EUR"))}), "above 0"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, Map({{"bid", Text("-5%")}}))}), "nothing of a campaign"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, budget("+5%"))}, {}), "limits needs money_per_day"));
  EXPECT_EQ(Refusal({RuleOf("r", c, budget("-5%"))}, {}), "accepted");
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, List({Text("pause"), budget("-5%")}))}), "together"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, List({budget("+5%"), budget("-5%")}))}), "together"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, Text("activate"))}), "status: paused"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, Text("pause")), RuleOf("r", c, Text("pause"))}),
                  "stands above already"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", Map({{"all", List({})}}), Text("pause"))}), "empty"));
  EXPECT_TRUE(
      Has(Refusal({RuleOf("r", Map({{"all", List({c})}, {"any", List({c})}}), Text("pause"))}),
          "one of all, any and not"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, List({}))}), "nothing to do"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, Text("pause"), {{"on", Text("keyword")}})}),
                  "account, campaign, ad_group or ad"));
  EXPECT_TRUE(
      Has(Refusal({RuleOf("r", c, Text("pause"), {{"cooldown", Text("soon")}})}), "6h or 3d"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", c, budget("+5%"), {{"note", Text("bell\x07")}})}),
                  "control character"));
  RuleNode deep = c;
  for (int i = 0; i < 100; ++i) deep = Map({{"not", deep}});
  EXPECT_TRUE(Has(Refusal({RuleOf("r", deep, Text("pause"))}), "nested too deep"));
  EXPECT_TRUE(Has(Refusal({RuleOf("r", List(std::vector<RuleNode>(101, c)), Text("pause"))}),
                  "at most 100 comparisons"));
}

TEST(RulesParse, KnowsWhichFactsAreNeeded) {
  const RuleSet set = Parsed({RuleOf("r", Text("cpa 30d ending 5d ago > 120% of previous"),
                                     Text("pause"), {{"on", Text("ad")}})});
  EXPECT_EQ(set.days_needed(), 64);  // 30 and 30 days, the last 5 days ago
  EXPECT_TRUE(set.needs_level(Level::kAd));
  EXPECT_FALSE(set.needs_level(Level::kAdGroup));
  EXPECT_TRUE(
      Parsed({RuleOf("r", Text("ctr 7d < 80% of siblings"), Text("pause"), {{"on", Text("ad")}})})
          .needs_level(Level::kAdGroup));
}

// --- values and bounds --------------------------------------------------------------------------

TEST(RulesJudge, RatiosAreSumsDivided) {
  World world;
  world.Campaign("1", 30, 20, 1.5, 60, 120);  // a day: 30 EUR, 1000 shown, 20 clicked, 1.5, 120 EUR
  EXPECT_EQ(Holds(world.facts, "spend 7d >= 210 EUR"), "true");
  EXPECT_EQ(Holds(world.facts, "spend 7d > 210 EUR"), "false");
  EXPECT_EQ(Holds(world.facts, "cpa 14d <= 20 EUR"), "true");
  EXPECT_EQ(Holds(world.facts, "cpa 14d < 20 EUR"), "false");
  EXPECT_EQ(Holds(world.facts, "cpm 7d <= 30 EUR"), "true");
  EXPECT_EQ(Holds(world.facts, "cpc 7d >= 1.50 EUR"), "true");
  EXPECT_EQ(Holds(world.facts, "ctr 7d >= 2%"), "true");
  EXPECT_EQ(Holds(world.facts, "cvr 7d >= 750 bp"), "true");
  EXPECT_EQ(Holds(world.facts, "roas 7d >= 4"), "true");
  EXPECT_EQ(Holds(world.facts, "days_delivered 14d >= 14"), "true");
  EXPECT_EQ(Holds(world.facts, "spend 7d < 31% of budget"), "true");  // 210 of 700
  EXPECT_EQ(Holds(world.facts, "spend 7d < 30% of budget"), "false");
}

// Nothing counted in 7 days at 30 EUR: 90 % sure that the mean is below ln 10 = 2.302585, so the
// cost is above 210 / 2.302585 = 91.20 EUR.
TEST(RulesJudge, NoConversionsHaveALowerBoundOfTheirCost) {
  World world;
  world.Campaign("1", 30, 20, 0);
  EXPECT_EQ(Holds(world.facts, "cpa.lower_90 7d > 91.20 EUR"), "true");
  EXPECT_EQ(Holds(world.facts, "cpa.lower_90 7d > 91.21 EUR"), "false");
  EXPECT_EQ(Holds(world.facts, "conversions.upper_90 7d < 2.3026"), "true");
  EXPECT_EQ(Holds(world.facts, "conversions.upper_90 7d < 2.3025"), "false");
  // ... but none above, and no cost by conversion at all.
  EXPECT_EQ(Holds(world.facts, "cpa.upper_90 7d < 900000 EUR"), "false");
  EXPECT_TRUE(Has(Holds(world.facts, "cpa 7d > 20 EUR"), "there are no conversions"));
  EXPECT_EQ(Holds(world.facts, "cvr.lower_90 7d > 0%"), "false");
}

// Garwood 1936 as tabled (Pearson and Hartley, Biometrika tables, table 40): for 10 counted, the
// one-sided 95 % bounds are 5.4254 and 16.9622.
TEST(RulesJudge, BoundsOfCountsAreGarwoods) {
  World world;
  world.Campaign("1", 100, 20, 1, 10);
  EXPECT_EQ(Holds(world.facts, "conversions.lower_95 10d > 5.425"), "true");
  EXPECT_EQ(Holds(world.facts, "conversions.lower_95 10d > 5.426"), "false");
  EXPECT_EQ(Holds(world.facts, "conversions.upper_95 10d < 16.963"), "true");
  EXPECT_EQ(Holds(world.facts, "conversions.upper_95 10d < 16.962"), "false");
  EXPECT_EQ(Holds(world.facts, "cpa.upper_95 10d < 184.33 EUR"), "true");  // 1000 / 5.4254
  EXPECT_EQ(Holds(world.facts, "cpa.upper_95 10d < 184.30 EUR"), "false");
}

// Of 10 clicks on 10 conversions: the exact lower bound is 0.1^(1/10) = 0.794328.
TEST(RulesJudge, BoundsOfSharesAreClopperAndPearsons) {
  World world;
  world.Campaign("1", 100, 1, 1, 10);
  EXPECT_EQ(Holds(world.facts, "cvr.lower_90 10d > 79.43%"), "true");
  EXPECT_EQ(Holds(world.facts, "cvr.lower_90 10d > 79.44%"), "false");
}

// Revenue 90, 110, 90, ... over 8 days: mean 100, sd 10.6904, t(7, 0.9) = 1.41492, so the sum's
// lower bound is 8 (100 - 1.41492 * 10.6904 / sqrt 8) = 757.22.
TEST(RulesJudge, BoundsOfRevenueAreStudents) {
  World world;
  RuleObject& c = world.Campaign("1", 50, 20, 1, 8);
  for (std::size_t i = 0; i < c.series.size(); ++i) {
    c.series[i].revenue_micros = Eur(i % 2 == 0 ? 90 : 110).micros();
  }
  EXPECT_EQ(Holds(world.facts, "revenue.lower_90 8d > 757.21 EUR"), "true");
  EXPECT_EQ(Holds(world.facts, "revenue.lower_90 8d > 757.23 EUR"), "false");
  // Spend does not vary, so the ratio's bound is the sum's over 400.
  EXPECT_EQ(Holds(world.facts, "roas.lower_90 8d > 1.8930"), "true");
  EXPECT_EQ(Holds(world.facts, "roas.lower_90 8d > 1.8931"), "false");
  EXPECT_TRUE(Has(Holds(world.facts, "roas.lower_90 5d > 1"), "7 days at least"));
}

TEST(RulesJudge, ComparesWithTargetPeriodParentAndSiblings) {
  World world;
  RuleObject& one = world.Campaign("1", 30, 20, 1);  // 30 EUR a conversion
  one.targets[RuleMetric::kCpa] = 20;
  for (RuleDay& day : one.series) {
    if (day.day < kToday - days(7)) day.conversions = 2;  // 15 EUR before
  }
  const auto only = [&](const std::string& text) {
    RuleNode rule = RuleOf(
        "r", Text(text), Map({{"notify", Text("yes")}}),
        {{"where", Map({{"name", Text("campaign 1")}})}, {"else", Map({{"notify", Text("no")}})}});
    const RuleVerdict v = JudgeRules(Parsed({rule}), world.facts);
    return v.undecided.empty() ? v.notices.at(0).text : v.undecided[0].why;
  };
  EXPECT_EQ(only("cpa 7d > 149% of target"), "yes");
  EXPECT_EQ(only("cpa 7d > 150% of target"), "no");
  EXPECT_EQ(only("cpa 7d >= 200% of previous"), "yes");
  EXPECT_EQ(only("cpa 7d > 200% of previous"), "no");
  EXPECT_EQ(only("cpa 7d >= 200% of 14d ending 8d ago"), "yes");
  EXPECT_EQ(only("cpa 14d ending 8d ago <= 15 EUR"), "yes");
  EXPECT_TRUE(Has(only("cpa 7d > 110% of siblings"), "no sibling"));
  EXPECT_TRUE(Has(only("roas 7d > target"), "no target of roas"));
  world.Campaign("2", 30, 20, 3);  // siblings: 10 EUR
  EXPECT_EQ(only("cpa 7d >= 300% of siblings"), "yes");
  EXPECT_EQ(only("cpa 7d > 300% of siblings"), "no");
  // The account's sum knew campaign 1 before its days were changed: 60 EUR and 5 conversions.
  EXPECT_EQ(only("spend 7d >= 50% of account"), "yes");
  EXPECT_EQ(only("spend 7d > 50% of parent"), "no");
  // With bounds the reference stands with its opposite one: 7 against 21 conversions are no proof
  // at three times the cost. Lower bound of 210 / x for 7: 210 / 11.77 = 17.84; upper of 21:
  // 210 / 15.20 = 13.81 (Garwood).
  EXPECT_EQ(only("cpa.lower_90 7d > 129% of siblings"), "yes");
  EXPECT_EQ(only("cpa.lower_90 7d > 131% of siblings"), "no");
}

// --- what is not known --------------------------------------------------------------------------

TEST(RulesJudge, TheUnknownNeverActs) {
  World world;
  world.Campaign("1", 30, 20, 1);
  world.facts.accounts[0].days[59] = {false, "it was not read since the day was over", {}};
  EXPECT_TRUE(Has(Holds(world.facts, "spend 7d > 1 EUR"),
                  "2026-03-14 of meta/42: it was not read since the day was over"));
  EXPECT_EQ(Holds(world.facts, "spend 7d ending 2d ago > 1 EUR"), "true");
  world.facts.accounts[0].days[59] = {true, "", 0.6};
  EXPECT_EQ(Holds(world.facts, "spend 7d > 1 EUR"), "true");  // spend does not mature
  EXPECT_TRUE(Has(Holds(world.facts, "cpa 7d > 1 EUR"),
                  "immature: about 60 % of the conversions of 2026-03-14 are known"));
  EXPECT_EQ(Holds(world.facts, "cpa 7d ending 2d ago > 1 EUR"), "true");
  world.facts.accounts[0].conversions_hold = "hold: the signal \"x\" is broken";
  EXPECT_TRUE(Has(Holds(world.facts, "cpa 7d ending 2d ago > 1 EUR"), "is broken"));
  EXPECT_EQ(Holds(world.facts, "ctr 7d > 1%"), "true");
  EXPECT_TRUE(Has(Holds(world.facts, "spend 90d > 1 EUR"), "nothing is known"));
  world.facts.accounts[0].currency = kUsd;
  EXPECT_TRUE(Has(Holds(world.facts, "ctr 7d > 1%"), "is in USD, the rules are in EUR"));
}

TEST(RulesJudge, WhatAPlatformDoesNotTellIsNotZero) {
  World world;
  RuleObject& c = world.Campaign("1", 30, 20, 1);
  c.series[55].conversions.reset();
  EXPECT_TRUE(Has(Holds(world.facts, "conversions 7d < 10"), "does not tell conversions"));
  EXPECT_EQ(Holds(world.facts, "conversions 3d >= 3"), "true");
  EXPECT_TRUE(Has(Holds(world.facts, "impression_share 7d < 50%"), "does not tell"));
  c.series.clear();  // known days without delivery are zeros
  EXPECT_EQ(Holds(world.facts, "conversions 7d < 1"), "true");
  EXPECT_TRUE(Has(Holds(world.facts, "cpa.lower_90 7d > 1 EUR"), "nothing was spent"));
  EXPECT_TRUE(Has(Holds(world.facts, "ctr 7d < 1%"), "no impressions"));
  EXPECT_TRUE(Has(Holds(world.facts, "spend 7d < 50% of previous"), "did not run"));
}

TEST(RulesJudge, ThreeValuedLogic) {
  World world;
  world.Campaign("1", 30, 20, 1);
  const RuleNode yes = Text("spend 7d > 1 EUR");
  const RuleNode no = Text("spend 7d < 1 EUR");
  const RuleNode open = Text("roas 7d > target");  // it has none
  const auto all = [](std::vector<RuleNode> of) { return Map({{"all", List(std::move(of))}}); };
  const auto any = [](std::vector<RuleNode> of) { return Map({{"any", List(std::move(of))}}); };
  const auto neg = [](RuleNode of) { return Map({{"not", std::move(of)}}); };
  EXPECT_EQ(Holds(world.facts, all({yes, yes})), "true");
  EXPECT_EQ(Holds(world.facts, all({open, no})), "false");
  EXPECT_TRUE(Has(Holds(world.facts, all({yes, open})), "no target"));
  EXPECT_EQ(Holds(world.facts, any({open, yes})), "true");
  EXPECT_TRUE(Has(Holds(world.facts, any({no, open})), "no target"));
  EXPECT_EQ(Holds(world.facts, any({no, no})), "false");
  EXPECT_EQ(Holds(world.facts, neg(no)), "true");
  EXPECT_TRUE(Has(Holds(world.facts, neg(open)), "no target"));
  EXPECT_EQ(Holds(world.facts, List({yes, neg(no)})), "true");  // a bare list is all
}

TEST(RulesJudge, NeedsThatAreNotMetEndTheRuleWithoutItsElse) {
  World world;
  world.Campaign("1", 30, 20, 1);
  const RuleSet set = Parsed(
      {RuleOf("r", Text("spend 7d < 1 EUR"), Text("pause"),
              {{"needs", Text("clicks 7d >= 1000")}, {"else", Map({{"notify", Text("no")}})}})});
  const RuleVerdict verdict = JudgeRules(set, world.facts);
  EXPECT_TRUE(verdict.notices.empty());
  ASSERT_EQ(verdict.undecided.size(), 1u);
  EXPECT_EQ(verdict.undecided[0].why, "needs clicks 7d >= 1000");
}

TEST(RulesJudge, ElseIfTakesTheFirstTrueBranch) {
  World world;
  world.Campaign("1", 30, 20, 1);
  const RuleNode chain = Map({{"if", Text("spend 7d > 200 EUR")},
                              {"then", Map({{"notify", Text("second")}})},
                              {"else", Map({{"notify", Text("third")}})}});
  const RuleVerdict verdict =
      JudgeRules(Parsed({RuleOf("r", Text("spend 7d > 300 EUR"), Map({{"notify", Text("first")}}),
                                {{"else", chain}})}),
                 world.facts);
  ASSERT_EQ(verdict.notices.size(), 1u);
  EXPECT_EQ(verdict.notices[0].text, "second");
  ASSERT_EQ(verdict.notices[0].evidence.size(), 2u);
  EXPECT_FALSE(verdict.notices[0].evidence[0].holds);
  EXPECT_TRUE(verdict.notices[0].evidence[1].holds);
}

// --- actions ------------------------------------------------------------------------------------

RuleNode Budget(const char* by) { return Map({{"budget", Text(by)}}); }
const char* const kAlways = "spend 7d > 1 EUR";

TEST(RulesJudge, MovesBudgetsWithinRangeStepAndRounding) {
  struct Case {
    const char* by;
    const char* max;
    double present;
    int step_max_bp;
    double after;  ///< 0: suppressed
  };
  const Case cases[] = {
      {"+20%", nullptr, 100, 10'000, 120},
      {"-15%", nullptr, 100, 10'000, 85},
      {"+20%", "110 EUR", 100, 10'000, 110},
      {"+20%", "90 EUR", 100, 10'000, 0},       // beyond its range already: not cut
      {"+20%", nullptr, 100, 1'500, 115},       // the policy's step
      {"+90%", nullptr, 100, 10'000, 150},      // 50 % in 7 days
      {"-33.33%", nullptr, 10, 10'000, 6.67},   // up to the cent: not further down than said
      {"+33.33%", nullptr, 10, 10'000, 13.33},  // down to the cent
      {"+1%", nullptr, 0.5, 10'000, 0},         // less than a cent
      {"120 EUR", nullptr, 100, 10'000, 120},
      {"400 EUR", nullptr, 100, 2'000, 120},
      {"100 EUR", nullptr, 100, 2'000, 0},
  };
  for (const Case& c : cases) {
    World world;
    world.Campaign("1", 30, 20, 1).daily_budget = Eur(c.present);
    world.facts.step_max_bp = c.step_max_bp;
    RuleNode action = Budget(c.by);
    if (c.max) action = Map({{"budget", Text(c.by)}, {"max", Text(c.max)}});
    const RuleVerdict v = JudgeRules(Parsed({RuleOf("r", Text(kAlways), action)}), world.facts);
    if (c.after == 0) {
      EXPECT_TRUE(v.changes.empty()) << c.by;
      EXPECT_EQ(v.suppressed.size(), 1u);
      continue;
    }
    ASSERT_EQ(v.changes.size(), 1u) << c.by << (v.suppressed.empty() ? "" : v.suppressed[0].why);
    EXPECT_EQ(v.changes[0].after, FieldValue(Eur(c.after))) << ShowValue(v.changes[0].after);
    EXPECT_EQ(v.changes[0].before, FieldValue(Eur(c.present)));
    EXPECT_EQ(v.changes[0].lowers_spend, c.after < c.present);
  }
}

TEST(RulesJudge, ATargetRoasRisesToSpendLess) {
  World world;
  world.Campaign("1", 30, 20, 1).target_roas_bp = 40'000;
  const RuleVerdict v = JudgeRules(
      Parsed({RuleOf("r", Text(kAlways), Map({{"target_roas", Text("+10%")}}))}, {}), world.facts);
  ASSERT_EQ(v.changes.size(), 1u);
  EXPECT_EQ(v.changes[0].field, "target_roas_bp");
  EXPECT_EQ(v.changes[0].after, FieldValue(std::int64_t{44'000}));
  EXPECT_TRUE(v.changes[0].lowers_spend);
}

TEST(RulesJudge, ConflictsGoByPriorityThenCaution) {
  World world;
  world.Campaign("1", 30, 20, 1);
  const auto judge = [&](std::vector<RuleNode> rules) {
    return JudgeRules(Parsed(std::move(rules)), world.facts);
  };
  const RuleNode up = RuleOf("up", Text(kAlways), Budget("+20%"));
  const RuleNode more = RuleOf("more", Text(kAlways), Budget("+10%"));
  const RuleNode stop = RuleOf("stop", Text(kAlways), Text("pause"));
  RuleVerdict v = judge({up, more});
  ASSERT_EQ(v.changes.size(), 1u);  // percentages do not stack
  EXPECT_EQ(v.changes[0].after, FieldValue(Eur(110)));
  ASSERT_EQ(v.suppressed.size(), 1u);
  EXPECT_EQ(v.suppressed[0].what, "daily_budget 100.00 EUR -> 120.00 EUR");
  EXPECT_EQ(v.suppressed[0].why, "conflict: rule \"more\" changes it as well and spends no more");
  v = judge({up, more, stop});
  ASSERT_EQ(v.changes.size(), 1u);
  EXPECT_EQ(v.changes[0].field, "status");
  v = judge({stop, RuleOf("must", Text(kAlways), Budget("+20%"), {{"priority", Text("900")}})});
  ASSERT_EQ(v.changes.size(), 1u);
  EXPECT_EQ(v.changes[0].after, FieldValue(Eur(120)));
  EXPECT_TRUE(Has(v.suppressed[0].why, "higher priority"));
}

TEST(RulesJudge, BelowWhatIsPausedNothingIsRaised) {
  World world;
  world.Campaign("1", 30, 20, 1);
  RuleObject group = world.facts.objects[1];
  group.level = Level::kAdGroup;
  group.parent = 1;
  group.id = "11";
  world.facts.objects.push_back(group);
  const RuleVerdict v =
      JudgeRules(Parsed({RuleOf("stop", Text(kAlways), Text("pause")),
                         RuleOf("up", Text(kAlways), Budget("+20%"),
                                {{"on", Text("ad_group")}, {"priority", Text("999")}})}),
                 world.facts);
  ASSERT_EQ(v.changes.size(), 1u);
  EXPECT_EQ(v.changes[0].object, 1u);
  EXPECT_TRUE(Has(v.suppressed.at(0).why, "Campaign 1 above it is paused in the same run"));
}

RulePast Past(const std::string& rule, Instant at, FieldValue before, FieldValue after,
              bool done = true) {
  RulePast past;
  past.at = at;
  past.rule = rule;
  past.account = kMeta;
  past.id = "1";
  past.field = std::holds_alternative<std::string>(after) ? "status" : "daily_budget";
  past.before = std::move(before);
  past.after = std::move(after);
  past.plan = "p-1";
  past.done = done;
  return past;
}

TEST(RulesJudge, RestsAfterItActed) {
  World world;
  world.Campaign("1", 30, 20, 1);
  const RuleSet set = Parsed({RuleOf("up", Text(kAlways), Budget("+20%"))});
  const auto why = [&](std::vector<RulePast> past) {
    world.facts.past = std::move(past);
    const RuleVerdict v = JudgeRules(set, world.facts);
    return v.suppressed.empty() ? std::string("acts") : v.suppressed[0].why;
  };
  const Instant now = world.facts.now;
  EXPECT_EQ(why({}), "acts");
  // Double firing: what was proposed counts, even when nothing came of it.
  EXPECT_TRUE(Has(why({Past("up", now - hours(20), Eur(90), Eur(100), false)}), "cooldown"));
  // A schedule that strikes a few seconds early is not a day late.
  EXPECT_EQ(why({Past("up", now - hours(24) + std::chrono::seconds(9), Eur(90), Eur(100), false)}),
            "acts");
  EXPECT_TRUE(
      Has(why({Past("other", now - hours(20), Eur(90), Eur(100))}), "rest: rule \"other\""));
  RulePast open = Past("other", now - hours(60), Eur(90), Eur(100), false);
  open.open = true;
  EXPECT_TRUE(Has(why({open}), "plan p-1 already proposes daily_budget of it and waits: approve"));
  // Flapping: what a rule lowered is not raised again within a week, but may be lowered further.
  const RulePast cut = Past("other", now - hours(100), Eur(120), Eur(100));
  EXPECT_TRUE(Has(why({cut}), "flapping"));
  world.facts.past = {cut};
  EXPECT_EQ(JudgeRules(Parsed({RuleOf("down", Text(kAlways), Budget("-10%"))}), world.facts)
                .changes.size(),
            1u);
  world.facts.past.clear();
  world.facts.objects[1].budget_changed_at = now - hours(5);
  world.facts.policy_cooldown_hours = 20;
  EXPECT_TRUE(Has(why({}), "the policy rests it 20 h"));
  world.facts.objects[1].locked = "experiment \"x\" keeps it still";
  EXPECT_EQ(why({}), "experiment \"x\" keeps it still");
}

// Day by day +20 % would be 3.6 times in a week; half more is the most.
TEST(RulesJudge, PercentagesDoNotCompoundPastTheCap) {
  World world;
  world.Campaign("1", 30, 20, 1).daily_budget = Eur(144);
  const Instant now = world.facts.now;
  world.facts.past = {Past("up", now - hours(96), Eur(100), Eur(120)),
                      Past("up", now - hours(48), Eur(120), Eur(144))};
  const RuleSet set = Parsed({RuleOf("up", Text(kAlways), Budget("+20%"))});
  RuleVerdict v = JudgeRules(set, world.facts);
  ASSERT_EQ(v.changes.size(), 1u);
  EXPECT_EQ(v.changes[0].after, FieldValue(Eur(150)));
  EXPECT_TRUE(Has(v.changes[0].why, "cut short: at most 50 % of it in 7 days"));
  world.facts.objects[1].daily_budget = Eur(150);
  v = JudgeRules(set, world.facts);
  EXPECT_TRUE(v.changes.empty());
  EXPECT_TRUE(Has(v.suppressed.at(0).why, "change cap"));
}

TEST(RulesJudge, DailyCapsCountWhatWasDoneThatDayOfTheClient) {
  World world;
  for (int i = 1; i <= 4; ++i) world.Campaign(std::to_string(i), 30.0 + i, 20, 1);
  const RuleNode up = RuleOf("up", Text(kAlways), Budget("+10%"));
  // 10 EUR each: three go below 35, and the campaigns that spend more come first.
  RuleVerdict v = JudgeRules(Parsed({up}, {{"money_per_day", Text("35 EUR")}}), world.facts);
  ASSERT_EQ(v.changes.size(), 3u);
  EXPECT_EQ(world.facts.objects[v.changes[0].object].id, "4");
  EXPECT_TRUE(Has(v.suppressed.at(0).why, "cap of 35.00 EUR moved a day; 30.00 EUR"));
  const Entries two{{"changes_per_day", Text("2")}, {"money_per_day", Text("500 EUR")}};
  EXPECT_EQ(JudgeRules(Parsed({up}, two), world.facts).changes.size(), 2u);
  // It is 07:00 on the 15th in Berlin; 23:30 there was the 14th.
  world.facts.zone = *Zone::Find("Europe/Berlin");
  RulePast yesterday = Past("x", *ParseInstant("2026-03-14T22:30:00Z"), Eur(90), Eur(100));
  yesterday.id = "99";
  world.facts.past = {yesterday, yesterday};
  EXPECT_EQ(JudgeRules(Parsed({up}, two), world.facts).changes.size(), 2u);
  yesterday.at = *ParseInstant("2026-03-14T23:30:00Z");  // half past midnight
  world.facts.past = {yesterday, yesterday};
  EXPECT_EQ(JudgeRules(Parsed({up}, two), world.facts).changes.size(), 0u);
}

TEST(RulesJudge, ActivatesOnlyWhatARulePaused) {
  World world;
  world.Campaign("1", 30, 20, 1).status = kPaused;
  const RuleSet set = Parsed({RuleOf("on", Text(kAlways), Text("activate"),
                                     {{"where", Map({{"status", Text("paused")}})}})});
  EXPECT_TRUE(Has(JudgeRules(set, world.facts).suppressed.at(0).why, "no rule paused it"));
  const Instant now = world.facts.now;
  world.facts.past = {Past("off", now - hours(100), std::string(kActive), std::string(kPaused))};
  EXPECT_TRUE(Has(JudgeRules(set, world.facts).suppressed.at(0).why, "flapping"));
  world.facts.past[0].at = now - hours(200);
  EXPECT_EQ(JudgeRules(set, world.facts).changes.size(), 1u);
}

TEST(RulesJudge, PausingWhatConvertsNeedsASecondSignal) {
  World world;
  world.Campaign("1", 30, 20, 1);
  world.Campaign("2", 30, 20, 0);
  const RuleSet set = Parsed({RuleOf("stop", Text(kAlways), Text("pause"))});
  RuleVerdict v = JudgeRules(set, world.facts);
  ASSERT_EQ(v.changes.size(), 2u);
  EXPECT_TRUE(v.changes[0].needs_second_signal);
  EXPECT_EQ(v.changes[0].second_signal_why, "it had 28 conversions in the last 28 days");
  EXPECT_FALSE(v.changes[1].needs_second_signal);
  // F35: while what is counted is not known, nothing counts as not converting.
  world.facts.accounts[0].conversions_hold = "the signal is broken";
  EXPECT_TRUE(JudgeRules(set, world.facts).changes.at(1).needs_second_signal);
}

TEST(RulesJudge, ScopeByPlatformNameAndStatus) {
  World world;
  world.Campaign("1", 30, 20, 1).campaign_name = "A | Brand | de";
  world.Campaign("2", 30, 20, 1).status = kPaused;
  const auto judged = [&](Entries where) {
    return JudgeRules(Parsed({RuleOf("r", Text(kAlways), Map({{"notify", Text("yes")}}),
                                     {{"where", Map(std::move(where))}})}),
                      world.facts)
        .judged;
  };
  EXPECT_EQ(judged({{"platform", Text("meta")}}), 1);
  EXPECT_EQ(judged({{"platform", Text("tiktok")}}), 0);
  EXPECT_EQ(judged({{"campaign", Text("*brand*")}}), 1);
  EXPECT_EQ(judged({{"campaign", List({Text("x*"), Text("1")})}}), 1);
  EXPECT_EQ(judged({{"campaign", Text("brand")}}), 0);
  EXPECT_EQ(judged({{"account", Text("meta/42")}}), 1);
  EXPECT_EQ(judged({{"status", Text("paused")}}), 1);
}

TEST(RulesJudge, TheSameFactsInAnotherOrderGiveTheSameChanges) {
  const auto changes = [](bool turned) {
    World world;
    for (int i = 0; i < 5; ++i) world.Campaign(std::to_string(turned ? 5 - i : i + 1), 30, 20, 1);
    std::vector<std::string> ids;
    const RuleVerdict v =
        JudgeRules(Parsed({RuleOf("up", Text(kAlways), Budget("+10%"))}), world.facts);
    for (const RuleProposal& p : v.changes) ids.push_back(world.facts.objects[p.object].id);
    return ids;
  };
  EXPECT_EQ(changes(false), changes(true));
}

TEST(RulesJudge, TenThousandRulesAreReadAndJudged) {
  std::vector<RuleNode> rules;
  for (int i = 0; i < 10'000; ++i) {
    rules.push_back(RuleOf("r" + std::to_string(i),
                           Text("spend " + std::to_string(1 + i % 30) + "d > 1000000 EUR"),
                           Text("pause")));
  }
  World world;
  for (int i = 0; i < 20; ++i) world.Campaign(std::to_string(i), 30, 20, 1);
  const RuleVerdict v = JudgeRules(Parsed(rules), world.facts);
  EXPECT_EQ(v.judged, 200'000);
  EXPECT_EQ(v.fired, 0);
  rules.push_back(RuleOf("one-more", Text(kAlways), Text("pause")));
  EXPECT_TRUE(Has(Refusal(rules), "10000 is the most"));
}

}  // namespace
}  // namespace maxopt
