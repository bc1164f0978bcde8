#include "stages/optimize/round/round.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace maxopt {
namespace {

const AccountId kMeta{Platform::kMeta, "1"};
const AccountId kDollars{Platform::kTikTok, "9"};

Money Eur(std::int64_t units) { return Money::Micros(units * 1'000'000, kEur); }

LeverState State() {
  LeverState state;
  state.client = {"A", kEur, "UTC"};
  LeverAccount meta{};
  meta.tree.info = {kMeta, "m", kEur, "UTC", "active"};
  meta.tree.entities = {{Level::kCampaign, "10", "", "", {}},
                        {Level::kAdGroup, "20", "10", "10", {}},
                        {Level::kAd, "30", "20", "10", {}}};
  meta.can.platform = Platform::kMeta;
  meta.can.daily_overdelivery_bp = 12'500;
  state.accounts.push_back(meta);
  LeverAccount dollars{};
  dollars.tree.info = {kDollars, "t", kUsd, "UTC", "active"};
  dollars.can = meta.can;
  dollars.can.platform = Platform::kTikTok;
  state.accounts.push_back(dollars);
  return state;
}

Opportunity Worth(Level level, const std::string& id, Reason reason, double value) {
  Opportunity o;
  o.change.account = kMeta;
  o.change.level = level;
  o.change.id = id;
  o.change.address = fmt::format("{}/{}", LevelName(level), id);
  o.change.reason = reason;
  o.change.after = {{"status", std::string("paused")}};
  o.change.prediction = Prediction{"revenue", value, value - 3, value + 3, 28};
  o.value = value, o.value_low90 = value - 3, o.value_high90 = value + 3;
  return o;
}

TEST(Round, OnePlanForEachReasonMostWorthFirst) {
  LeverReport bids{.lever = "bids", .opportunities = {}, .messages = {}, .notes = {}};
  bids.opportunities = {Worth(Level::kAdGroup, "20", Reason::kBid, 10),
                        Worth(Level::kAdGroup, "21", Reason::kBid, 20)};
  LeverReport creatives = bids;
  creatives.lever = "creatives";
  creatives.opportunities = {Worth(Level::kAd, "31", Reason::kRotate, 15)};
  const Round round = ComposeRound(State(), std::vector{bids, creatives}, {}, nullptr);
  ASSERT_EQ(round.plans.size(), 2u);
  ASSERT_EQ(round.items.size(), 3u);
  EXPECT_EQ(round.items[0].opportunity.change.id, "21");
  EXPECT_EQ(round.items[1].opportunity.change.id, "31");
  const Plan& plan = round.plans[0];
  EXPECT_EQ(plan.client, "A");
  EXPECT_EQ(plan.created_by, "optimizer");
  ASSERT_EQ(plan.changes.size(), 2u);
  EXPECT_EQ(plan.changes[0].id, "21");
  ASSERT_TRUE(plan.prediction);
  EXPECT_DOUBLE_EQ(plan.prediction->mean, 30);
  // Two independent errors of 3 are sqrt(18) together.
  EXPECT_NEAR(plan.prediction->high90 - 30, std::sqrt(18.0), 1e-12);
  EXPECT_EQ(plan.prediction->horizon_days, 28);
}

TEST(Round, WhatBudgetsMoveTodayIsLeftToThem) {
  Plan budgets;
  Change change;
  change.account = kMeta;
  change.id = "20";
  change.before = {{"daily_budget", Eur(100)}};
  change.after = {{"daily_budget", Eur(120)}};
  change.reason = Reason::kReallocate;
  budgets.changes = {change};
  LeverReport bids{.lever = "bids",
                   .opportunities = {Worth(Level::kAdGroup, "20", Reason::kBid, 10),
                                     Worth(Level::kAd, "30", Reason::kRotate, 5)},
                   .messages = {},
                   .notes = {}};
  Round round = ComposeRound(State(), std::vector{bids}, {}, &budgets);
  ASSERT_EQ(round.plans.size(), 1u);
  EXPECT_EQ(round.plans[0].changes[0].id, "30");
  EXPECT_NE(round.items[1].wait.find("its budget is moved today"), std::string::npos);
  // The budget plan took the only change that the day still held.
  round = ComposeRound(State(), std::vector{bids}, {.changes = 1}, &budgets);
  EXPECT_TRUE(round.plans.empty());
  EXPECT_NE(round.items[0].wait.find("used up"), std::string::npos) << round.items[0].wait;
}

TEST(Round, AnotherCurrencyWaitsAndIsTold) {
  LeverReport bids{.lever = "bids",
                   .opportunities = {Worth(Level::kCampaign, "77", Reason::kBid, 10)},
                   .messages = {},
                   .notes = {}};
  bids.opportunities[0].change.account = kDollars;
  const Round round = ComposeRound(State(), std::vector{bids}, {}, nullptr);
  EXPECT_TRUE(round.plans.empty());
  ASSERT_EQ(round.items.size(), 1u);
  EXPECT_NE(round.items[0].wait.find("USD"), std::string::npos);
}

/// 2026-02-28: a dollar is 0.80 EUR.
LeverState WithRate() {
  LeverState state = State();
  state.now = *ParseInstant("2026-03-01T12:00:00Z");
  state.rates =
      FxRates({{*ParseDay("2026-02-28"), kUsd, kEur, "0.8", "bank.csv"}}, *ParseDay("2026-03-01"));
  return state;
}

TEST(Round, ValuesAreComparedInTheClientsCurrency) {
  // 12 USD a day are 9.60 EUR, less than 10 EUR; 13 USD are 10.40 EUR, more.
  for (const double dollars : {12.0, 13.0}) {
    LeverReport bids{.lever = "bids",
                     .opportunities = {Worth(Level::kAdGroup, "20", Reason::kBid, 10),
                                       Worth(Level::kCampaign, "77", Reason::kBid, dollars)},
                     .messages = {},
                     .notes = {}};
    Opportunity& far = bids.opportunities[1];
    far.change.account = kDollars;
    far.value_low90 = dollars - 3 / 0.8, far.value_high90 = dollars + 3 / 0.8;
    far.learning_days = 7, far.learning_cost = 0.001;
    // A lever foretells revenue in the client's currency.
    far.change.prediction = Prediction{"revenue", 0.8 * dollars, 1, 20, 28};
    const Round round = ComposeRound(WithRate(), std::vector{bids}, {}, nullptr);
    ASSERT_EQ(round.items.size(), 2u);
    EXPECT_EQ(round.items[0].opportunity.change.id, dollars == 13 ? "77" : "20");
    EXPECT_NEAR(round.items[0].worth - round.items[1].worth, 28 * std::abs(0.8 * dollars - 10),
                0.01);
    for (const RoundItem& item : round.items) {
      EXPECT_EQ(item.currency, item.opportunity.change.id == "77" ? kUsd : kEur);
      EXPECT_EQ(item.wait, "");
    }
    ASSERT_EQ(round.plans.size(), 1u);
    EXPECT_NEAR(round.plans[0].prediction->mean, 10 + 0.8 * dollars, 1e-9);
    EXPECT_NE(round.plans[0].notes[0].find("0.00 USD a day"), std::string::npos);
  }
}

TEST(Round, MovesInAnotherCurrencyAreHeldAgainstTheDaysLimit) {
  Plan budgets;
  Change change;
  change.account = kDollars;
  change.id = "77";
  change.before = {{"daily_budget", Money::Micros(100'000'000, kUsd)}};
  change.after = {{"daily_budget", Money::Micros(120'000'000, kUsd)}};
  change.reason = Reason::kReallocate;
  budgets.changes = {change};
  LeverReport report{.lever = "creatives",
                     .opportunities = {Worth(Level::kAdGroup, "20", Reason::kRotate, 10)},
                     .messages = {},
                     .notes = {}};
  Change& move = report.opportunities[0].change;
  move.before = {{"daily_budget", Eur(100)}};
  move.after = {{"daily_budget", Eur(104)}};  // 5 EUR on the worst day
  // 20 USD are 25 USD on the worst day: 20 EUR. Together 25.
  Round round = ComposeRound(WithRate(), std::vector{report}, {.money = Eur(25)}, &budgets);
  EXPECT_EQ(round.items[0].wait, "");
  round = ComposeRound(WithRate(), std::vector{report}, {.money = Eur(24)}, &budgets);
  EXPECT_NE(round.items[0].wait.find("over 4.00 EUR"), std::string::npos) << round.items[0].wait;
  // Without a rate nothing is known to be left.
  round = ComposeRound(State(), std::vector{report}, {.money = Eur(1'000)}, &budgets);
  EXPECT_NE(round.items[0].wait.find("over 0.00 EUR"), std::string::npos) << round.items[0].wait;
  // Kept as JSON, rates and all.
  const RoundInput input = RoundInputOf(WithRate(), std::vector{report}, {budgets});
  const auto back = RoundInputFromJson(ToJson(input));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(back->rates, input.rates);
}

TEST(Round, LearningAndTheSecondSignalAreNotesOfThePlan) {
  LeverReport report{.lever = "creatives",
                     .opportunities = {Worth(Level::kAd, "30", Reason::kRotate, 10)},
                     .messages = {},
                     .notes = {}};
  report.opportunities[0].needs_second_signal = true;
  Round round = ComposeRound(State(), std::vector{report}, {}, nullptr);
  ASSERT_EQ(round.plans.size(), 1u);
  const auto marked = nlohmann::json::parse(round.plans[0].changes[0].evidence);
  EXPECT_EQ(marked["needs_second_signal"], true);
  EXPECT_NE(round.plans[0].notes[0].find("look at it before you approve"), std::string::npos);
  // Apart from what is confirmed.
  report.opportunities.push_back(Worth(Level::kAd, "31", Reason::kRotate, 4));
  EXPECT_EQ(ComposeRound(State(), std::vector{report}, {}, nullptr).plans.size(), 2u);
  report.opportunities.pop_back();
  Opportunity& o = report.opportunities[0];
  o.second_signal = "landing pages engage 40 % less";
  o.learning_days = 7, o.learning_cost = 2;
  round = ComposeRound(State(), std::vector{report}, {}, nullptr);
  ASSERT_EQ(round.plans.size(), 1u);
  ASSERT_EQ(round.plans[0].notes.size(), 2u);
  EXPECT_NE(round.plans[0].notes[0].find("learns anew for about 7 days, at a cost of about 2.00"),
            std::string::npos);
  EXPECT_NE(round.plans[0].notes[1].find("engage 40 % less"), std::string::npos);
  EXPECT_EQ(round.plans[0].changes[0].evidence, "");
}

TEST(Round, WhatAModelProposedIsAPlanOfItsOwnAndWaitsWithoutAPrediction) {
  LeverReport report{.lever = "model",
                     .opportunities = {Worth(Level::kCampaign, "10", Reason::kModel, 10),
                                       Worth(Level::kAd, "30", Reason::kModel, 50)},
                     .messages = {},
                     .notes = {}};
  report.opportunities[0].change.prediction = Prediction{"revenue", 10, 5, 15, 28};
  report.opportunities[1].change.prediction.reset();
  LeverReport bids{.lever = "bids",
                   .opportunities = {Worth(Level::kAdGroup, "20", Reason::kBid, 1)},
                   .messages = {},
                   .notes = {}};
  const Round round = ComposeRound(State(), std::vector{report, bids}, {}, nullptr);
  ASSERT_EQ(round.plans.size(), 2u);
  EXPECT_EQ(round.plans[1].changes.size(), 1u);
  EXPECT_EQ(round.plans[1].changes[0].reason, Reason::kModel);
  EXPECT_NE(round.plans[1].notes.at(0).find("proposed by a language model"), std::string::npos);
  // However much it is said to be worth: last, and not acted on.
  EXPECT_EQ(round.items.back().opportunity.change.id, "30");
  EXPECT_NE(round.items.back().wait.find("nothing of ours foretells"), std::string::npos);
}

TEST(Round, TheDaysEnvelopeIsWhatWasNotYetMoved) {
  auto store = std::move(*CampaignStore::Open(":memory:"));
  ASSERT_TRUE(store->SaveClient({"A", kEur, "UTC"}));
  LeverState state = State();
  state.now = *ParseInstant("2026-03-01T12:00:00Z");
  Policy policy{"A", kEur, Eur(1'000), {}, 1'500, 20, 36, {}};
  const auto open = BudgetOfToday(*store, "A", &policy, state);
  ASSERT_TRUE(open);
  EXPECT_FALSE(open->changes || open->money || open->money_per_account);
  policy.envelope = {
      .per_change = {}, .per_day = Eur(100), .per_account = Eur(60), .changes_per_day = 3};
  const auto fresh = BudgetOfToday(*store, "A", &policy, state);
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->changes, 3);
  EXPECT_EQ(fresh->money, Eur(100));
  EXPECT_EQ(fresh->money_per_account, Eur(60));
  EXPECT_TRUE(fresh->moved_before.empty());
  EXPECT_FALSE(BudgetOfToday(*store, "A", nullptr, state)->changes);

  // 16 more a day, at most 20 with Meta's 125 %, went out an hour ago.
  Plan plan;
  plan.client = "A", plan.title = "up", plan.created_by = "optimizer";
  plan.status = PlanStatus::kGuarded, plan.created_at = state.now;
  Change change;
  change.account = kMeta;
  change.address = "spring", change.id = "10";
  change.reason = Reason::kReallocate;
  change.before = {{"daily_budget", Eur(40)}}, change.after = {{"daily_budget", Eur(56)}};
  plan.changes = {change};
  const auto saved = store->SavePlan(plan);
  ASSERT_TRUE(saved) << saved.error().what;
  const Instant sent = state.now - std::chrono::hours(1);
  ASSERT_TRUE(store->ApprovePlan(
      saved->id, {"anna", ContentHash(*saved), sent, sent + std::chrono::hours(24), {}}));
  ASSERT_TRUE(store->UseApproval(saved->id, "ben", sent));
  for (const ChangeState reached : {ChangeState::kIntent, ChangeState::kSent}) {
    ASSERT_TRUE(store->Record({0, saved->changes[0].key, sent, reached, "", "10"}));
  }
  const auto used = BudgetOfToday(*store, "A", &policy, state);
  ASSERT_TRUE(used);
  EXPECT_EQ(used->changes, 2);
  EXPECT_EQ(used->money, Eur(80));
  EXPECT_EQ(used->money_per_account, Eur(60));
  EXPECT_EQ(used->moved_before, (std::map<AccountId, Money>{{kMeta, Eur(20)}}));
}

TEST(Round, IsKeptAsJsonAndDecidedAgain) {
  LeverReport bids{
      "bids",
      {Worth(Level::kAdGroup, "20", Reason::kBid, 10), Worth(Level::kAd, "30", Reason::kPause, 30)},
      {},
      {}};
  bids.opportunities[0].learning_days = 7;
  bids.opportunities[0].learning_cost = 0.1;
  bids.opportunities[1].needs_second_signal = true;
  bids.opportunities[1].second_signal = "the shop says so too";
  Plan budgets;
  budgets.client = "A";
  budgets.title = "budgets";
  budgets.created_by = "optimizer";
  budgets.changes = {Worth(Level::kCampaign, "10", Reason::kReallocate, 1).change};
  budgets.notes = {"a note"};
  budgets.prediction = Prediction{"revenue", 3, 1, 5, 28};
  const RoundInput input = RoundInputOf(State(), std::vector{bids}, {budgets});
  const std::string kept = ToJson(input);
  const auto back = RoundInputFromJson(kept);
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(ToJson(*back), kept);
  const ChangeBudget budget{.changes = 2};
  const Round round = SelectRound(*back, EvaluateRound(*back, budget), budget);
  const Round direct = ComposeRound(State(), std::vector{bids}, budget, &budgets);
  ASSERT_EQ(round.items.size(), direct.items.size());
  for (std::size_t i = 0; i < round.items.size(); ++i) {
    EXPECT_EQ(round.items[i].worth, direct.items[i].worth);
    EXPECT_EQ(round.items[i].wait, direct.items[i].wait);
  }
  ASSERT_EQ(round.plans.size(), direct.plans.size());
  for (std::size_t i = 0; i < round.plans.size(); ++i) {
    EXPECT_EQ(DraftJson(round.plans[i]), DraftJson(direct.plans[i]));
    EXPECT_EQ(DraftJson(*DraftFromJson(DraftJson(round.plans[i]))), DraftJson(round.plans[i]));
  }
  // What is no round is refused, and nothing crashes.
  for (
      const char* bad :
      {"", "[]", "{}", R"({"client":1})", R"({"client":"A","currency":"eur"})",
       R"({"before":[],"candidates":[1],"client":"A","currencies":{},"currency":"EUR","overdelivery_bp":{}})",
       R"({"before":[{}],"candidates":[],"client":"A","currencies":{},"currency":"EUR","overdelivery_bp":{}})",
       R"({"before":[],"candidates":[],"client":"A","currencies":{"x":"EUR"},"currency":"EUR","overdelivery_bp":{}})",
       R"({"before":[],"candidates":[],"client":"A","currencies":{},"currency":"EUR","overdelivery_bp":{"meta":-1}})"}) {
    EXPECT_FALSE(RoundInputFromJson(bad)) << bad;
  }
}

}  // namespace
}  // namespace maxopt
