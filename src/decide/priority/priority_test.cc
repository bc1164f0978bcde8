#include "decide/priority/priority.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace maxopt {
namespace {

const AccountId kMeta{Platform::kMeta, "1"};
const AccountId kGoogle{Platform::kGoogleAds, "2"};

PriorityCandidate Worth(const std::string& key, double value) {
  PriorityCandidate c;
  c.key = c.object = c.campaign = key;
  c.account = kMeta;
  c.value = c.low90 = c.high90 = value;
  return c;
}

std::vector<std::string> Chosen(const std::vector<PriorityCandidate>& of,
                                const Priority& priority) {
  std::vector<std::string> out;
  for (const Choice& choice : priority.chosen) out.push_back(of[choice.candidate].key);
  return out;
}
std::string WhyNot(const std::vector<PriorityCandidate>& of, const Priority& priority,
                   const std::string& key) {
  for (const Deferred& d : priority.deferred) {
    if (of[d.candidate].key == key) return d.why;
  }
  return "(chosen)";
}
using Keys = std::vector<std::string>;

TEST(Priority, WorthIsValueLessRiskLessLearning) {
  PriorityCandidate c = Worth("a", 10);
  // A 90 % interval 2 * 1.645 wide: a standard deviation of 1, priced at half.
  c.low90 = 10 - 1.6448536269514722, c.high90 = 10 + 1.6448536269514722;
  c.learning_cost = 4, c.learning_days = 7;
  const Priority priority = Prioritize({c}, {});
  ASSERT_EQ(priority.chosen.size(), 1u);
  EXPECT_NEAR(priority.chosen[0].worth, (10 - 0.5) * 28 - 4 * 7, 1e-9);
}

TEST(Priority, MostWorthFirstUntilTheChangesAreUsedUp) {
  const std::vector<PriorityCandidate> of = {Worth("a", 1), Worth("b", 3), Worth("c", 2),
                                             Worth("d", 2)};
  const Priority priority = Prioritize(of, {.changes = 2});
  EXPECT_EQ(Chosen(of, priority), (Keys{"b", "c"}));  // c before d by its key
  EXPECT_EQ(WhyNot(of, priority, "a"), "the day's budget of changes, 2, is used up");
  EXPECT_EQ(WhyNot(of, priority, "d"), "the day's budget of changes, 2, is used up");
  EXPECT_EQ(Chosen(of, Prioritize(of, {.changes = 0})), Keys{});
}

TEST(Priority, TheOrderOfCandidatesDoesNotCount) {
  std::vector<PriorityCandidate> of = {Worth("a", 1), Worth("b", 3), Worth("c", 2), Worth("d", 2)};
  of[1].campaign = of[2].campaign = "shared";
  of[1].learning_days = 3;
  const Keys expected = Chosen(of, Prioritize(of, {.changes = 2}));
  std::sort(of.begin(), of.end(),
            [](const PriorityCandidate& a, const PriorityCandidate& b) { return a.key > b.key; });
  EXPECT_EQ(Chosen(of, Prioritize(of, {.changes = 2})), expected);
}

TEST(Priority, OneChangeOfAnObject) {
  std::vector<PriorityCandidate> of = {Worth("a", 1), Worth("b", 2)};
  of[0].object = of[1].object = "42";
  const Priority priority = Prioritize(of, {});
  EXPECT_EQ(Chosen(of, priority), Keys{"b"});
  EXPECT_EQ(WhyNot(of, priority, "a"), "another change of the same object is worth more");
  of[0].account = kGoogle;  // the same digits on another platform are another object
  EXPECT_EQ(Chosen(of, Prioritize(of, {})), (Keys{"b", "a"}));
}

TEST(Priority, LearningAndAnotherChangeDoNotShareACampaign) {
  std::vector<PriorityCandidate> of = {Worth("a", 1), Worth("b", 2)};
  of[0].campaign = of[1].campaign = "7";
  EXPECT_EQ(Chosen(of, Prioritize(of, {})), (Keys{"b", "a"}));  // neither learns anew
  of[0].learning_days = 7;
  EXPECT_EQ(Chosen(of, Prioritize(of, {})), Keys{"b"});
  of[0].learning_days = 0, of[1].learning_days = 7;
  EXPECT_EQ(Chosen(of, Prioritize(of, {})), Keys{"b"});
}

TEST(Priority, MoneyIsLimitedTogetherAndByAccount) {
  std::vector<PriorityCandidate> of = {Worth("a", 3), Worth("b", 2), Worth("c", 1),
                                       Worth("d", 0.5)};
  of[0].worst_move = of[1].worst_move = of[2].worst_move = Money::Micros(60'000'000, kEur);
  of[2].account = kGoogle;
  const Priority by_account =
      Prioritize(of, {.money_per_account = Money::Micros(100'000'000, kEur)});
  EXPECT_EQ(Chosen(of, by_account), (Keys{"a", "c", "d"}));  // d moves no money
  EXPECT_EQ(WhyNot(of, by_account, "b"),
            "the day's moves of meta/1 would be 120.00 EUR on the worst day, over 100.00 EUR");
  // What the account moved earlier that day counts.
  const Priority later =
      Prioritize(of, {.money_per_account = Money::Micros(100'000'000, kEur),
                      .moved_before = {{of[0].account, Money::Micros(50'000'000, kEur)}}});
  EXPECT_EQ(Chosen(of, later), (Keys{"c", "d"}));
  EXPECT_EQ(WhyNot(of, later, "a"),
            "the day's moves of meta/1 would be 110.00 EUR on the worst day, over 100.00 EUR");
  const Priority together = Prioritize(of, {.money = Money::Micros(60'000'000, kEur)});
  EXPECT_EQ(Chosen(of, together), (Keys{"a", "d"}));
}

TEST(Priority, AnotherCurrencyIsNotComparedWithTheLimit) {
  std::vector<PriorityCandidate> of = {Worth("a", 3), Worth("b", 2)};
  of[0].worst_move = Money::Micros(1, kUsd);
  of[0].account = kGoogle;
  of[1].worst_move = Money::Micros(1, kEur);
  const Priority priority = Prioritize(of, {.money = Money::Micros(10, kEur)});
  EXPECT_EQ(Chosen(of, priority), Keys{"b"});
  EXPECT_EQ(WhyNot(of, priority, "a"),
            "the day's moves of budget are limited in EUR, this one is in USD");
  EXPECT_EQ(Chosen(of, Prioritize(of, {})), (Keys{"a", "b"}));
}

TEST(Priority, WhatIsWorthNothingWaitsButHarmIsStopped) {
  std::vector<PriorityCandidate> of = {Worth("loss", -1), Worth("risky", 1), Worth("stop", 1)};
  of[1].low90 = of[2].low90 = -9, of[1].high90 = of[2].high90 = 11;
  of[2].stops_harm = true;
  const Priority priority = Prioritize(of, {});
  EXPECT_EQ(Chosen(of, priority), Keys{"stop"});
  EXPECT_NE(WhyNot(of, priority, "risky").find("worth less than its risk"), std::string::npos);
}

TEST(Priority, NothingOfNothing) {
  const Priority priority = Prioritize({}, {.changes = 1});
  EXPECT_TRUE(priority.chosen.empty());
  EXPECT_TRUE(priority.deferred.empty());
}

}  // namespace
}  // namespace maxopt
