#include "decide/allocator/accounts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace maxopt {
namespace {

using Family = ResponseCurve::Family;
const Day kDay = *ParseDay("2026-03-06");

Money Of(std::string_view decimal, Currency currency) { return *ParseMoney(decimal, currency); }
FxRate Rate(Currency from, Currency to, std::string rate, const char* day = "2026-03-05") {
  return {*ParseDay(day), from, to, std::move(rate), "test"};
}
AccountsProblem::Channel Log(std::string id, Currency currency, double c, double k) {
  return {std::move(id), {Family::kLog, c, k, 1, 0, {}}, currency};
}
std::string What(const AccountsProblem& problem) {
  const auto got = SplitAccounts(problem);
  return got ? "fine" : got.error().what;
}

/// 100 EUR; slopes 200 / (10 + x) and, k being 12.5 USD or 10 EUR, 100 / (10 + y): 70 and 30 EUR.
AccountsProblem Two() {
  AccountsProblem problem;
  problem.total = Of("100", kEur);
  problem.day = kDay;
  problem.channels = {Log("a", kEur, 200, 10), Log("b", kUsd, 100, 12.5)};
  problem.rates = {Rate(kUsd, kEur, "0.8")};
  return problem;
}

TEST(SplitAccounts, TwoCurrenciesByHand) {
  const auto got = SplitAccounts(Two());
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ(got->shares[0].budget, Of("70", kEur));
  EXPECT_EQ(got->shares[1].budget, Of("37.50", kUsd));
  EXPECT_EQ(got->shares[1].converted, Of("30", kEur));
  EXPECT_NEAR(got->shares[1].marginal, 2.5, 1e-6);  // a further euro, not a further dollar
  EXPECT_NEAR(got->lambda, 2.5, 1e-6);
  EXPECT_TRUE(got->remainder.zero());
  EXPECT_LT(got->gap, 1e-9);
  ASSERT_EQ(got->sums.size(), 2u);
  EXPECT_FALSE(got->sums[0].exchange.rate);
  EXPECT_EQ(got->sums[1].own, Of("37.50", kUsd));
  EXPECT_EQ(got->sums[1].exchange.rate->rate, "0.8");
  EXPECT_EQ(PrintDay(got->sums[1].exchange.rate->day), "2026-03-05");
}

TEST(SplitAccounts, TheInverseOfARateServesAndIsSaid) {
  AccountsProblem problem = Two();
  problem.rates = {Rate(kEur, kUsd, "1.25")};
  const auto got = SplitAccounts(problem);
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ(got->shares[1].budget, Of("37.50", kUsd));
  EXPECT_TRUE(got->sums[1].exchange.inverted);
  // The rate itself goes first, and a newer one before an older.
  problem.rates.push_back(Rate(kUsd, kEur, "0.8"));
  problem.rates.push_back(Rate(kUsd, kEur, "0.1", "2026-03-04"));
  problem.rates.push_back(Rate(kUsd, kEur, "0.2", "2026-03-07"));  // not known yet on the 6th
  EXPECT_FALSE(SplitAccounts(problem)->sums[1].exchange.inverted);
  EXPECT_EQ(SplitAccounts(problem)->sums[1].exchange.rate->rate, "0.8");
}

TEST(SplitAccounts, SumsAreExactAndTheRemainderIsLessThanAUnit) {
  std::mt19937_64 random(8);
  std::uniform_real_distribution<double> u(0, 1);
  for (int round = 0; round < 60; ++round) {
    AccountsProblem problem;
    problem.total =
        Money::Micros(static_cast<std::int64_t>(100 + random() % 100'000) * 10'000, kEur);
    problem.day = kDay;
    problem.rates = {Rate(kUsd, kEur, "0.913742"), Rate(kEur, kJpy, "163.21"),
                     Rate(kGbp, kEur, "1.187000000001")};
    const Currency currencies[] = {kEur, kUsd, kJpy, kGbp};
    for (int i = 0; i < 8; ++i) {
      const Currency currency = currencies[random() % 4];
      problem.channels.push_back(
          Log(std::to_string(i), currency, 20 + 100 * u(random), 10 + 50 * u(random)));
      if (random() % 3 == 0) {
        problem.channels.back().max =
            Money::Micros(static_cast<std::int64_t>(random() % 90) * 1'000'000, currency);
      }
    }
    problem.channels.push_back(Log("z", kUsd, 1, 1));  // takes what the others may not
    const auto got = SplitAccounts(problem);
    ASSERT_TRUE(got) << got.error().what;
    Money spent = Of("0", kEur);
    std::map<Currency, Money> own;
    for (std::size_t i = 0; i < got->shares.size(); ++i) {
      const auto& share = got->shares[i];
      EXPECT_TRUE(ToMinor(share.budget, MinorUnits::kIso4217));
      if (problem.channels[i].max) {
        EXPECT_LE(share.budget, *problem.channels[i].max);
      }
      spent += share.converted;
      own.emplace(share.budget.currency(), Money::Zero(share.budget.currency()));
      own.at(share.budget.currency()) += share.budget;
    }
    EXPECT_EQ(spent, got->spent);
    EXPECT_EQ(spent + got->remainder, problem.total);
    EXPECT_FALSE(got->remainder.negative());
    EXPECT_LT(got->remainder, Of("0.011870", kEur));  // a penny would still fit
    for (const auto& sum : got->sums) EXPECT_EQ(sum.own, own.at(sum.own.currency()));
    EXPECT_LT(got->gap, 1e-3);
    AccountsProblem turned = problem;
    std::reverse(turned.channels.begin(), turned.channels.end());
    std::reverse(turned.rates.begin(), turned.rates.end());
    const auto other = SplitAccounts(turned);
    ASSERT_TRUE(other);
    for (std::size_t i = 0; i < got->shares.size(); ++i) {
      EXPECT_EQ(got->shares[i].budget, other->shares[got->shares.size() - 1 - i].budget);
    }
    EXPECT_EQ(got->response, other->response);
  }
}

TEST(SplitAccounts, BoundsHoldInTheirOwnCurrency) {
  AccountsProblem problem = Two();
  problem.rates = {Rate(kUsd, kEur, "0.917")};
  problem.channels[1].min = problem.channels[1].max = Of("55.55", kUsd);
  const auto got = SplitAccounts(problem);
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_EQ(got->shares[1].budget, Of("55.55", kUsd));
  EXPECT_EQ(got->shares[1].converted, Of("50.93935", kEur));
  EXPECT_EQ(got->shares[0].budget, Of("49.06", kEur));
  EXPECT_EQ(got->remainder, Of("0.00065", kEur));
  problem.channels[0].max = Of("40", kEur);
  EXPECT_NE(What(problem).find("9.06065 EUR cannot be placed"), std::string::npos) << What(problem);
  problem.channels[0].max.reset();
  problem.channels[0].min = Of("60", kEur);
  EXPECT_NE(What(problem).find("110.93935 EUR after conversion, the total is 100.00 EUR: "
                               "10.93935 EUR too much"),
            std::string::npos)
      << What(problem);
}

TEST(SplitAccounts, TargetsAreOfTheClientsCurrency) {
  AccountsProblem problem = Two();
  problem.target = {BudgetProblem::Target::Kind::kMarginal, 4};
  const auto got = SplitAccounts(problem);
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_NEAR(static_cast<double>(got->shares[0].budget.micros()), 40e6, 1e4);
  EXPECT_NEAR(static_cast<double>(got->shares[1].converted.micros()), 15e6, 1e4);
  EXPECT_GT(got->remainder, Of("44", kEur));
}

TEST(SplitAccounts, NoRateIsEverTakenToBeOne) {
  AccountsProblem problem = Two();
  problem.rates.clear();
  EXPECT_NE(What(problem).find("channel b: there is no rate from USD to EUR of 2026-03-06"),
            std::string::npos);
  problem.rates = {Rate(kUsd, kGbp, "0.8")};
  EXPECT_NE(What(problem).find("there is no rate"), std::string::npos);
  problem.rates = {Rate(kUsd, kEur, "0.8", "2026-02-20")};
  EXPECT_NE(What(problem).find("of 2026-02-20, 14 days before 2026-03-06; 7 are allowed"),
            std::string::npos);
  problem.rates = {Rate(kUsd, kEur, "0.8"), Rate(kUsd, kEur, "0.81")};
  EXPECT_NE(What(problem).find("two rates from USD to EUR of 2026-03-05: 0.8 and 0.81"),
            std::string::npos);
  problem.rates = {Rate(kUsd, kEur, "0.8"), Rate(kUsd, kEur, "0.80")};
  EXPECT_EQ(What(problem), "fine");
  for (const char* bad : {"", "0", "-1", "1,2", "1.", ".5", "1e2", "1000001", "0.1234567890123"}) {
    problem.rates = {Rate(kUsd, kEur, bad)};
    EXPECT_NE(What(problem).find("rate USD to EUR of 2026-03-05"), std::string::npos) << bad;
  }
  problem = Two();
  problem.channels[1].max = Of("5", kEur);
  EXPECT_NE(What(problem).find("max is 5.00 EUR, its account is in USD"), std::string::npos);
  problem.channels[1].max = Of("5.005", kUsd);
  EXPECT_NE(What(problem).find("channel b: max"), std::string::npos);
  EXPECT_NE(What({}).find("no channel"), std::string::npos);
}

}  // namespace
}  // namespace maxopt
