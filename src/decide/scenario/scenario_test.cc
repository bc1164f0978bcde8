#include "decide/scenario/scenario.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace maxopt {
namespace {

using Split = Scenario::Split;
using Kind = Scenario::Target::Kind;

Money Eur(double units) {
  return Money::Micros(static_cast<std::int64_t>(std::llround(units * 100)) * 10'000, kEur);
}

/// size x sqrt(spend) in every draw.
ScenarioChannel Root(std::string id, double budget, std::vector<double> sizes) {
  ScenarioChannel channel{.id = std::move(id), .budget = Eur(budget), .tried_high = 1e6};
  for (const double size : sizes) {
    ResponseDraw draw{};
    draw.shape = {ResponseShape::Family::kPower, 1, 0.5};
    draw.reference = 100;
    draw.scale = 10 * size;
    draw.carried = 0.5;
    draw.lag_days = 1;
    channel.draws.push_back(draw);
  }
  return channel;
}

ScenarioProblem Two() {
  return {.channels = {Root("a", 100, {30}), Root("b", 100, {20})}, .gross_margin = 0.5};
}

ScenarioAnswer Ask(const ScenarioProblem& problem, const Scenario& scenario) {
  const auto report = CompareScenarios(problem, {scenario});
  EXPECT_TRUE(report) << report.error().what;
  if (!report) return {};
  return report->answers[1];
}

Money Sum(const ScenarioAnswer& answer) {
  Money sum = Eur(0);
  for (const auto& share : answer.shares) sum += share.budget;
  return sum;
}

bool Says(const std::vector<std::string>& notes, const std::string& part) {
  return std::any_of(notes.begin(), notes.end(),
                     [&](const std::string& note) { return note.find(part) != std::string::npos; });
}

TEST(CompareScenarios, ThePresentByHand) {
  // 30 x 10 + 20 x 10 = 500; a further unit brings 1.5 in a and 1 in b, half of it in each.
  const auto report = CompareScenarios(Two(), {});
  ASSERT_TRUE(report);
  const ScenarioAnswer& now = report->answers.at(0);
  EXPECT_EQ(now.name, "present");
  EXPECT_EQ(now.budget, Eur(200));
  EXPECT_NEAR(now.revenue.mean, 500, 1e-9);
  EXPECT_NEAR(now.profit->mean, 50, 1e-9);
  EXPECT_NEAR(now.roas->mean, 2.5, 1e-9);
  EXPECT_NEAR(now.marginal->mean, 1.25, 1e-9);
  EXPECT_FALSE(now.better);
  EXPECT_FALSE(now.lambda);
  EXPECT_FALSE(now.cpa);
  // Half of the effect comes after the day, a quarter of it on each further one on: .5, .25, .125.
  EXPECT_EQ(report->settle_days, 4);
}

TEST(CompareScenarios, TheBestSplitByHand) {
  // 15 / sqrt(x) = 10 / sqrt(y), x + y = 200: x : y = 9 : 4; revenue sqrt(200 x 1300).
  Scenario best{.name = "best"};
  best.split = Split::kBest;
  const ScenarioAnswer got = Ask(Two(), best);
  EXPECT_EQ(got.error, "");
  EXPECT_EQ(Sum(got), Eur(200));
  EXPECT_NEAR(got.shares[0].spend, 138.46, 0.2);
  EXPECT_NEAR(got.revenue.mean, std::sqrt(200.0 * 1300), 0.01);
  EXPECT_NEAR(*got.lambda, 0.5 * std::sqrt(1300.0 / 200), 0.01);
  EXPECT_NEAR(got.revenue_change.mean, 9.90, 0.02);
  EXPECT_EQ(*got.better, 1);
  EXPECT_LT(*got.gap, 1e-4);
  EXPECT_EQ(got.shares[0].binding, "");
}

TEST(CompareScenarios, LessMoreOffSetAndEqualByHand) {
  Scenario less{.name = "less"};
  less.total_change_bp = -2'000;
  const ScenarioAnswer cut = Ask(Two(), less);
  EXPECT_EQ(cut.shares[0].budget, Eur(80));
  EXPECT_NEAR(cut.revenue.mean, 50 * std::sqrt(80), 1e-9);
  EXPECT_NEAR(cut.profit_change->mean, 0.5 * (50 * std::sqrt(80) - 500) + 40, 1e-9);
  EXPECT_NEAR(cut.spend_change, -40, 1e-9);

  Scenario off{.name = "off", .off = {"b"}};
  const ScenarioAnswer without = Ask(Two(), off);
  EXPECT_EQ(without.budget, Eur(100));
  EXPECT_NEAR(without.revenue.mean, 300, 1e-9);
  EXPECT_EQ(without.shares[1].binding, "off");
  EXPECT_FALSE(without.shares[1].roas);
  off.keep_total = true;  // its money goes to a
  EXPECT_NEAR(Ask(Two(), off).revenue.mean, 30 * std::sqrt(200), 1e-9);

  Scenario set{.name = "set", .set = {{"a", Eur(25)}}};
  EXPECT_NEAR(Ask(Two(), set).revenue.mean, 150 + 200, 1e-9);
  EXPECT_EQ(Ask(Two(), set).shares[0].binding, "set");

  ScenarioProblem three = Two();
  three.channels.push_back(Root("c", 50.01, {1}));
  Scenario equal{.name = "equal"};
  equal.split = Split::kEqual;
  const ScenarioAnswer even = Ask(three, equal);
  EXPECT_EQ(Sum(even), Eur(250.01));  // 83.34, 83.34, 83.33
  EXPECT_EQ(even.shares[0].budget, Eur(83.34));
  EXPECT_EQ(even.shares[2].budget, Eur(83.33));
}

TEST(CompareScenarios, TargetsByHand) {
  // 15 / sqrt(x) = 2 at 56.25, 10 / sqrt(y) = 2 at 25.
  Scenario target{.name = "2"};
  target.target = {Kind::kMarginalRoas, 2};
  target.total_change_bp = 0;
  const ScenarioAnswer marginal = Ask(Two(), target);
  EXPECT_NEAR(marginal.shares[0].spend, 56.25, 1);
  EXPECT_NEAR(marginal.shares[1].spend, 25, 1);
  // sqrt(1300 T) / T = 3 at T = 144.44.
  target.target = {Kind::kAverageRoas, 3};
  EXPECT_NEAR(Ask(Two(), target).spend, 1300.0 / 9, 1);
  // Orders of 60: a further order for 30 is a marginal return of 2.
  ScenarioProblem orders = Two();
  orders.revenue_per_order = 60;
  target.target = {Kind::kMarginalCpa, 30};
  EXPECT_EQ(Sum(Ask(orders, target)), Sum(marginal));
  EXPECT_NEAR(Ask(orders, target).cpa->mean, 81.25 / (325.0 / 60), 0.1);
  EXPECT_NE(Ask(Two(), target).error.find("no orders are counted"), std::string::npos);
  // Without a total, no further than what was tried.
  target.target = {Kind::kMarginalRoas, 0.1};
  target.total_change_bp.reset();
  for (auto& channel : orders.channels) channel.tried_high = 150;
  const ScenarioAnswer capped = Ask(orders, target);
  EXPECT_EQ(capped.budget, Eur(300));
  EXPECT_EQ(capped.shares[0].binding, "tried");
  EXPECT_TRUE(Says(capped.notes, "would bear more than was tried"));
  // What is not spent does not count: a delivers nine tenths, 15 / sqrt(.9 b) = 2 at 62.5.
  ScenarioProblem part = Two();
  part.channels[0].delivery = 0.9;
  target.target = {Kind::kMarginalRoas, 2};
  target.total_change_bp = 0;
  EXPECT_NEAR(Ask(part, target).shares[0].spend, 56.25, 1);
}

TEST(CompareScenarios, ADifferenceKnowsMoreThanItsParts) {
  // a may bring anything; only b changes, so the difference is certain.
  ScenarioProblem problem{
      .channels = {Root("a", 100, {5, 20, 35, 50}), Root("b", 100, {20, 20, 20, 20})},
      .gross_margin = 0.5};
  Scenario set{.name = "b", .set = {{"b", Eur(400)}}};
  const ScenarioAnswer got = Ask(problem, set);
  EXPECT_GT(got.revenue.high90 - got.revenue.low90, 300);
  EXPECT_NEAR(got.revenue_change.low90, 200, 1e-9);
  EXPECT_NEAR(got.revenue_change.high90, 200, 1e-9);
  EXPECT_EQ(*got.better, 0);  // 100 of profit for 300 more
  Scenario more{.name = "a", .set = {{"a", Eur(225)}}};
  // 5 more x size of revenue, half of it profit, for 125: pays where size > 50: in no draw.
  EXPECT_EQ(*Ask(problem, more).better, 0);
  problem.gross_margin = 1;  // above 25: in two of four
  EXPECT_EQ(*Ask(problem, more).better, 0.5);
  problem.gross_margin.reset();
  EXPECT_FALSE(Ask(problem, more).better);
  EXPECT_FALSE(Ask(problem, more).profit);
}

TEST(CompareScenarios, WhatWasNotTriedIsSaid) {
  ScenarioProblem problem = Two();
  problem.channels[0].tried_high = 120;
  problem.channels[0].tried_low = 60;
  problem.channels[1].identified = false;
  Scenario more{.name = "more"};
  more.total_change_bp = 5'000;
  const ScenarioAnswer got = Ask(problem, more);
  EXPECT_NEAR(got.shares[0].beyond, 0.25, 1e-9);
  EXPECT_TRUE(Says(got.notes, "25 % beyond what is known"));
  EXPECT_TRUE(Says(got.notes, "b: the data tell little of it"));
  Scenario off{.name = "off", .off = {"a"}};
  EXPECT_TRUE(Says(Ask(problem, off).notes, "hardly ever below 60.00"));
  // The best split stays within what was tried; where the total does not fit, it is said by how
  // much it does not.
  Scenario best{.name = "best"};
  best.split = Split::kBest;
  best.keep_total = true;
  const ScenarioAnswer tried = Ask(problem, best);
  EXPECT_EQ(tried.shares[0].budget, Eur(120));
  EXPECT_EQ(tried.shares[0].binding, "tried");
  problem.channels[1].tried_high = 120;
  best.keep_total = false;
  best.total = Eur(480);
  const ScenarioAnswer wide = Ask(problem, best);
  EXPECT_EQ(Sum(wide), Eur(480));
  EXPECT_NEAR(wide.shares[0].beyond, 1, 1e-3);
}

TEST(CompareScenarios, DemandLocksAndTheUnknown) {
  ScenarioProblem problem = Two();
  problem.channels[0].delivery = 0.49;  // of 100 a day, 49 are spent, whatever the budget
  problem.channels.push_back(Root("c", 40, {10}));
  problem.channels.back().lock = "experiment \"x\" keeps it still until 2026-03-04";
  problem.channels.push_back({.id = "d", .budget = Eur(10)});
  Scenario more{.name = "more"};
  more.total = Eur(350);
  const ScenarioAnswer got = Ask(problem, more);
  EXPECT_EQ(got.shares[0].budget, Eur(150));
  EXPECT_NEAR(got.shares[0].spend, 49, 1e-9);
  EXPECT_EQ(got.shares[0].binding, "demand");
  EXPECT_EQ(got.shares[2].budget, Eur(40));
  EXPECT_EQ(got.shares[2].binding, "locked");
  EXPECT_EQ(got.shares[3].binding, "unknown");
  EXPECT_FALSE(got.shares[3].revenue);
  EXPECT_NEAR(got.revenue.mean, 30 * 7 + 20 * std::sqrt(150) + 10 * std::sqrt(40), 1e-9);
  EXPECT_TRUE(Says(got.notes, "a: of 150.00 EUR a day it would spend 49.00"));
  // Named on purpose it moves, and the answer says what stands against it.
  Scenario off{.name = "off", .off = {"c"}};
  EXPECT_TRUE(Says(Ask(problem, off).notes, "keeps it still"));
  ScenarioProblem still = Two();
  for (auto& channel : still.channels) channel.lock = "the media plan fixes its budget";
  Scenario target{.name = "target"};
  target.target = {Kind::kMarginalRoas, 2};
  const ScenarioAnswer fixed = Ask(still, target);
  EXPECT_EQ(Sum(fixed), Eur(200));
  EXPECT_FALSE(Says(fixed.notes, "would bear more"));
  // The best split takes back what demand leaves unspent.
  Scenario best{.name = "best"};
  best.split = Split::kBest;
  best.keep_total = true;
  EXPECT_LE(Ask(problem, best).shares[0].budget, Eur(50));
}

TEST(CompareScenarios, WhatCannotBeIsSaidByHowMuch) {
  ScenarioProblem problem = Two();
  const auto error = [&](const Scenario& scenario) { return Ask(problem, scenario).error; };
  Scenario set{.name = "x", .set = {{"a", Eur(150)}}};
  set.total = Eur(120);
  EXPECT_NE(error(set).find("comes to 150.00 EUR, the total is 120.00 EUR: 30.00 EUR too much"),
            std::string::npos)
      << error(set);
  set.set = {{"a", Eur(10)}, {"b", Eur(20)}};
  EXPECT_NE(error(set).find("90.00 EUR of 120.00 EUR cannot be placed"), std::string::npos);
  EXPECT_NE(error({.name = "x", .off = {"z"}}).find("channel z is none of a, b"),
            std::string::npos);
  EXPECT_NE(error({.name = "x", .off = {"a"}, .set = {{"a", Eur(1)}}}).find("both off and set"),
            std::string::npos);
  Scenario bounded{.name = "x"};
  bounded.split = Split::kBest;
  bounded.bounds["a"].max = Eur(30);
  bounded.bounds["b"].max = Eur(40);
  EXPECT_NE(error(bounded).find("the maxima come to 70.00, the budget is 200.00: 130.00 cannot"),
            std::string::npos)
      << error(bounded);
  bounded.bounds["a"].max.reset();
  bounded.bounds["a"].min = Eur(180);
  bounded.bounds["b"].min = Eur(40);
  EXPECT_NE(error(bounded).find("20.00 too much"), std::string::npos);
  bounded.bounds = {{"b", {Eur(90), std::nullopt}}};
  EXPECT_EQ(Ask(problem, bounded).shares[1].budget, Eur(90));
  EXPECT_EQ(Ask(problem, bounded).shares[1].binding, "min");
  Scenario yen{.name = "x"};
  yen.total = Money::Micros(1'000'000, kJpy);
  EXPECT_NE(error(yen).find("the budgets are in EUR"), std::string::npos);
  Scenario none{.name = "x"};
  none.total_change_bp = -10'001;
  EXPECT_NE(error(none).find("cannot fall"), std::string::npos);
  none.total_change_bp = -10'000;
  EXPECT_EQ(error(none), "");
  EXPECT_FALSE(Ask(problem, none).roas);

  const auto refused = [](const ScenarioProblem& p) { return !CompareScenarios(p, {}); };
  EXPECT_TRUE(refused({}));
  problem.channels[1].id = "a";
  EXPECT_TRUE(refused(problem));
  problem = Two();
  problem.channels[1].budget = Money::Micros(1'000'000, kUsd);
  EXPECT_TRUE(refused(problem));
  problem = Two();
  problem.channels[1].draws.push_back(problem.channels[1].draws.front());
  EXPECT_TRUE(refused(problem));
  problem = Two();
  problem.gross_margin = 1.2;
  EXPECT_TRUE(refused(problem));
}

/// a has 100 EUR; b has 80 CHF, which at 1.25 are 100 EUR as well. The client is in EUR.
ScenarioProblem TwoCurrencies() {
  ScenarioProblem problem = Two();
  problem.currency = kEur;
  const Currency chf = *FindCurrency("CHF");
  problem.channels[1].id = "b CHF";
  problem.channels[1].budget = Money::Micros(80'000'000, chf);
  problem.channels[1].exchange =
      *FxRates({{*ParseDay("2026-03-01"), chf, kEur, "1.25", "bank.csv"}}, *ParseDay("2026-03-02"))
           .Find(chf, kEur);
  return problem;
}

TEST(CompareScenarios, SeveralCurrenciesAreComparedInTheClients) {
  const Currency chf = *FindCurrency("CHF");
  const auto francs = [&](std::string_view text) { return *ParseMoney(text, chf); };
  const ScenarioProblem problem = TwoCurrencies();
  const auto report = CompareScenarios(problem, UsualScenarios(problem));
  ASSERT_TRUE(report) << report.error().what;
  // As in one currency: 30 x 10 + 20 x 10 from 200 EUR.
  const ScenarioAnswer& now = report->answers[0];
  EXPECT_EQ(now.budget, Eur(200));
  EXPECT_NEAR(now.revenue.mean, 500, 1e-6);
  EXPECT_EQ(now.shares[1].budget, francs("80"));
  EXPECT_EQ(now.shares[1].converted, Eur(100));
  // The best split is as 30^2 to 20^2: 138.46 EUR and 61.54 EUR, which are 49.23 CHF and 0.0025
  // EUR.
  const Scenario best{.name = "best", .keep_total = true, .split = Split::kBest};
  const ScenarioAnswer answer = Ask(problem, best);
  EXPECT_NEAR(static_cast<double>(answer.shares[0].budget.micros()), 138.46e6, 0.05e6);
  EXPECT_NEAR(static_cast<double>(answer.shares[1].budget.micros()), 49.23e6, 0.05e6);
  EXPECT_EQ(answer.shares[1].budget.currency(), chf);
  EXPECT_EQ(answer.shares[0].converted + answer.shares[1].converted, answer.budget);
  EXPECT_LE(answer.budget, Eur(200));
  EXPECT_GT(answer.budget, Eur(199.99));
  // A tenth less of both: 90 EUR and 72 CHF, exactly.
  const ScenarioAnswer less = Ask(problem, {.name = "less", .total_change_bp = -1'000});
  EXPECT_EQ(less.shares[0].budget, Eur(90));
  EXPECT_EQ(less.shares[1].budget, francs("72"));
  EXPECT_EQ(less.budget, Eur(180));
  EXPECT_FALSE(Says(less.notes, "not given"));
  // 100.01 EUR: a has half, 50.005, and of CHF 40.004 are wanted: 50.00 EUR and 40.00 CHF; the cent
  // that is left buys one of a, who is further behind than b by its price, and none of b.
  const ScenarioAnswer odd = Ask(problem, {.name = "odd", .total = Eur(100.01)});
  EXPECT_EQ(odd.shares[0].budget, Eur(50.01));
  EXPECT_EQ(odd.shares[1].budget, francs("40"));
  EXPECT_EQ(odd.budget, Eur(100.01));
}

TEST(CompareScenarios, AmountsOfAChannelAreItsOwnOrConvertedDown) {
  const Currency chf = *FindCurrency("CHF");
  const ScenarioProblem problem = TwoCurrencies();
  Scenario set{.name = "set"};
  set.set.emplace("b CHF", *ParseMoney("60", chf));
  EXPECT_EQ(Ask(problem, set).budget, Eur(175));
  set.set.at("b CHF") = Eur(50.01);  // 40.008 CHF
  EXPECT_EQ(Ask(problem, set).shares[1].budget, *ParseMoney("40.00", chf));
  EXPECT_EQ(Ask(problem, set).budget, Eur(150));
  set.set.at("b CHF") = Money::Micros(1'000'000, kUsd);
  EXPECT_NE(Ask(problem, set).error.find("the budgets are in EUR"), std::string::npos);
  Scenario off{.name = "off", .off = {"b CHF"}};
  EXPECT_TRUE(Ask(problem, off).shares[1].budget.zero());
  // Up to 4e9 units a day: counted in micros, more is beyond what a double tells apart.
  const ScenarioAnswer large = Ask(problem, {.name = "large", .total = Eur(3e9)});
  EXPECT_EQ(large.error, "");
  EXPECT_EQ(large.budget, Eur(3e9));
  Scenario larger{.name = "larger"};
  larger.set.emplace("b CHF", Eur(5e9));
  EXPECT_NE(Ask(problem, larger).error.find("beyond what can be counted"), std::string::npos);
  // A rate that is not there is never 1.
  ScenarioProblem none = problem;
  none.channels[1].exchange = {};
  const auto refused = CompareScenarios(none, {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("channel b CHF is in CHF"), std::string::npos);
}

TEST(CompareScenarios, YenHaveNoSmallerUnitAndTheRestIsSaid) {
  ScenarioProblem problem = TwoCurrencies();
  // 160 JPY for a euro: 16000 JPY are 100 EUR.
  problem.channels[0].budget = Money::Micros(16'000'000'000, kJpy);
  problem.channels[0].exchange =
      *FxRates({{*ParseDay("2026-03-01"), kEur, kJpy, "160", "bank.csv"}}, *ParseDay("2026-03-02"))
           .Find(kJpy, kEur);
  const ScenarioAnswer third = Ask(problem, {.name = "third", .total = Eur(66.67)});
  // 33.335 EUR each: 5333.6 JPY and 26.668 CHF are wanted, 5333 JPY cost 33.33125 EUR and 26.66 CHF
  // 33.325. Of the 0.01375 EUR that leaves b, further behind by its price, has a centime of 0.0125;
  // the rest buys no yen, which is 0.00625.
  EXPECT_EQ(third.shares[0].budget, *ParseMoney("5333", kJpy));
  EXPECT_EQ(third.shares[1].budget, *ParseMoney("26.67", *FindCurrency("CHF")));
  EXPECT_EQ(third.budget, *ParseMoney("66.66875", kEur));
  EXPECT_TRUE(Says(third.notes, "0.00125 EUR of 66.67 EUR are not given")) << third.notes.back();
}

TEST(CompareScenarios, TheOrderAndTheScaleDoNotMatterAndMoreNeverBringsLess) {
  ScenarioProblem problem;
  for (int i = 0; i < 6; ++i) {
    std::vector<double> sizes;
    for (int d = 0; d < 8; ++d) sizes.push_back(5 + (i * 7 + d * 5) % 13);
    problem.channels.push_back(Root("c" + std::to_string(i), 20.37 * (i + 1), sizes));
    problem.channels.back().identified = i % 2 == 0;
  }
  problem.gross_margin = 0.6;
  const auto one = CompareScenarios(problem, UsualScenarios(problem));
  ASSERT_TRUE(one);
  EXPECT_EQ(one->answers.size(), 14u);
  ScenarioProblem turned = problem;
  std::reverse(turned.channels.begin(), turned.channels.end());
  const auto two = CompareScenarios(turned, UsualScenarios(turned));
  ASSERT_TRUE(two);
  ScenarioProblem large = problem;  // everything ten times as large
  for (auto& channel : large.channels) {
    channel.budget = channel.budget.Times(10);
    channel.tried_high *= 10;
    for (auto& draw : channel.draws) draw.reference *= 10, draw.scale *= 10;
  }
  const auto ten = CompareScenarios(large, UsualScenarios(large));
  ASSERT_TRUE(ten);
  for (std::size_t s = 0; s < one->answers.size(); ++s) {
    const ScenarioAnswer& a = one->answers[s];
    EXPECT_EQ(a.error, "");
    EXPECT_EQ(a.revenue.low90, two->answers[s].revenue.low90) << a.name;
    EXPECT_EQ(a.profit->mean, two->answers[s].profit->mean) << a.name;
    EXPECT_EQ(a.notes, two->answers[s].notes);
    for (std::size_t c = 0; c < 6; ++c) {
      EXPECT_EQ(a.shares[c].budget, two->answers[s].shares[5 - c].budget) << a.name;
    }
    EXPECT_NEAR(ten->answers[s].revenue.mean, 10 * a.revenue.mean, 2e-3 * a.revenue.mean) << a.name;
    EXPECT_EQ(Sum(a), a.budget);
  }
  double last = 0;
  for (int total = 50; total <= 1'000; total += 50) {
    Scenario best{.name = "best"};
    best.total = Eur(total);
    best.split = Split::kBest;
    const ScenarioAnswer got = Ask(problem, best);
    EXPECT_GT(got.revenue.mean, last) << total;
    EXPECT_EQ(Sum(got), Eur(total));
    last = got.revenue.mean;
  }
}

}  // namespace
}  // namespace maxopt
