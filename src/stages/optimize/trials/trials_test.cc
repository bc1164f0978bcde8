#include "stages/optimize/trials/trials.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "apply/door_for_test.h"
#include "json/schema_for_test.h"
#include "memory/campaigns/ledger.h"
#include "stages/optimize/trials/books.h"
#include "stages/optimize/trials/places.h"
#include "stages/optimize/trials/read.h"
#include "stages/optimize/trials/record.h"

namespace maxopt {
namespace {

using nlohmann::json;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

/// A client whose shop sells more while its campaign is on, day by day, in virtual time.
class TrialsTest : public DoorTest {
 protected:
  TrialsTest() {
    policy_.auto_approve = {Reason::kExperiment};
    policy_.worst_day_cap = Eur(100'000);
    policy_.cooldown_hours = 0;
    campaign_ = Theirs(Eur(100));
    // The 1st of a month, an hour of the night.
    clock_.AdvanceTo(zone_.Begin(today_) + minutes(10));
    learnt_at_ = clock_.Now();
  }
  TrialsWorld World() {
    return {store_.get(),
            facts_.get(),
            &clock_,
            &door_,
            [this](const AccountId&) -> Result<std::shared_ptr<PlatformReader>> { return fake_; },
            [](std::string_view) { return std::string(); }};
  }
  bool On() const {
    return fake_->objects.at(campaign_).fields.at("status") == FieldValue(std::string(kActive));
  }
  double Noise() {
    // Sum of twelve uniforms less six: near enough to a normal, the same on every machine.
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(engine_() >> 11) * 0x1.0p-53;
    return sum;
  }
  static KpiRow Row(Day day, double revenue) {
    return {"Alpenglow", day, kEur, 10,
            Money::Micros(static_cast<std::int64_t>(revenue * 100) * 10'000, kEur)};
  }
  void Book(const std::vector<KpiRow>& rows) {
    const auto loaded = facts_->LoadKpi(rows, clock_.Now(), "test");
    ASSERT_TRUE(loaded) << loaded.error().what;
  }
  double Revenue(Day day, double effect) {
    const auto weekday = (day.time_since_epoch().count() % 7 + 7) % 7;
    return 2'000 + 150.0 * static_cast<double>(weekday) + (On() ? effect : 0) + sd_ * Noise();
  }
  void BookPast(int count, double effect) {
    std::vector<KpiRow> rows;
    for (int i = count; i > 0; --i) {
      rows.push_back(Row(today_ - days(i), Revenue(today_ - days(i), effect)));
    }
    Book(rows);
  }
  /// A day passes: what it sold is booked, then the night's round runs.
  TrialRound NextDay(double effect) {
    const Day over = today_;
    const double revenue = Revenue(over, effect);
    today_ += days(1);
    clock_.AdvanceTo(zone_.Begin(today_) + minutes(10));
    learnt_at_ = clock_.Now();
    Book({Row(over, revenue)});
    return Round();
  }
  TrialRound Round() {
    auto round = AdvanceTrials(World(), "Alpenglow", &policy_);
    EXPECT_TRUE(round) << round.error().what;
    return round ? *round : TrialRound();
  }
  Trial Proposal(int block_days = 2, int blocks = 14, const std::string& id = "a/pause") {
    Trial trial;
    trial.id = id;
    trial.client = "Alpenglow";
    trial.channel = "meta/social";
    trial.title = "meta/social: paused by blocks";
    trial.why = "the data cannot tell";
    trial.source = "books";
    trial.block_days = block_days;
    trial.burn_in_days = 1;
    for (int i = 0; i < blocks; ++i) trial.schedule.push_back(i % 4 == 1 || i % 4 == 2);
    trial.design = {block_days * blocks, 300, 100, 500, 60, 170, 0.9, 50, 100, 50, 400, 90};
    trial.proposed_at = clock_.Now();
    trial.start = today_ + days(1);
    trial.end = today_ + days(trial.design.days);
    trial.moves = {{kAccount, Level::kCampaign, campaign_, campaign_, "campaign/" + campaign_,
                    "social", "status", FieldValue(std::string(kActive)),
                    FieldValue(std::string(kActive)), FieldValue(std::string(kPaused))}};
    EXPECT_TRUE(trials::Keep(*store_, trial, clock_.Now()));
    return trial;
  }
  Trial Get(const std::string& id = "a/pause") {
    auto trial = trials::Find(*store_, "Alpenglow", id);
    EXPECT_TRUE(trial) << trial.error().what;
    return trial ? *trial : Trial();
  }
  Result<Trial> Start(const std::string& id = "a/pause") {
    return StartTrial(World(), "Alpenglow", id, "anna", &policy_);
  }
  Trial Live(double effect, std::uint64_t seed) {
    engine_.seed(seed);
    BookPast(70, effect);
    Proposal();
    const auto started = Start();
    EXPECT_TRUE(started) << started.error().what;
    for (int day = 0; day < 40 && Get().open(); ++day) NextDay(effect);
    return Get();
  }
  std::size_t Plans() { return store_->Plans(std::nullopt, 1000)->size(); }

  const Zone zone_ = Zone::Utc();
  Day today_ = *ParseDay("2026-11-01");
  double sd_ = 80;
  std::mt19937_64 engine_{1};
  std::unique_ptr<FactStore> facts_ = std::move(*FactStore::Open(":memory:"));
  std::string campaign_;
};

TEST_F(TrialsTest, ASwitchbackRunsByItselfIsReadAndTold) {
  const Trial trial = Live(300, 7);
  ASSERT_EQ(trial.state, TrialState::kMeasured) << TrialText(trial);
  EXPECT_TRUE(On());
  ASSERT_EQ(trial.readings.size(), 1u);
  const TrialReading& reading = trial.readings[0];
  EXPECT_EQ(reading.method, "switchback");
  EXPECT_EQ(reading.grade, EvidenceGrade::kStrong) << TrialText(trial);
  ASSERT_TRUE(reading.daily);
  EXPECT_GT(reading.daily->low, 0);
  EXPECT_LT(reading.daily->low, 300);
  EXPECT_GT(reading.daily->high, 300);
  // 14 of the 28 days were on.
  EXPECT_NEAR(reading.total->value, 14 * reading.daily->value, 1e-6);
  EXPECT_EQ((reading.last - reading.first).count(), 27);

  const auto lifts = FinishedLifts(*store_, "Alpenglow");
  ASSERT_TRUE(lifts) << lifts.error().what;
  ASSERT_EQ(lifts->size(), 1u);
  EXPECT_EQ((*lifts)[0].channel, "meta/social");
  EXPECT_EQ((*lifts)[0].revenue, reading.total->value);
  EXPECT_NEAR((*lifts)[0].se, (reading.total->high - reading.total->low) / 3.92, 0.1);

  const auto told = Ledger(*store_, {"Alpenglow", "experiment_measured", "a/pause", 10});
  ASSERT_EQ(told->size(), 1u);
  const json body = json::parse((*told)[0].body);
  EXPECT_EQ(body["evidence"], "strong");
  EXPECT_EQ(body["predicted"]["mean"], 300);
  EXPECT_TRUE(CheckLedger(*store_, "")->broken.empty());
  EXPECT_EQ(Ledger(*store_, {"Alpenglow", "experiment_started", "a/pause", 10})->size(), 1u);

  const auto messages = store_->Messages("carlos", 10);
  ASSERT_EQ(messages->size(), 1u);
  std::ifstream file(std::string(MAXOPT_SOURCE_DIR) + "/schemas/experiment_result.schema.json");
  std::ostringstream schema;
  schema << file.rdbuf();
  EXPECT_EQ(SchemaProblems(json::parse(schema.str()), json::parse((*messages)[0].json)), "");
  // What is over stays as it is.
  const std::size_t plans = Plans();
  NextDay(300);
  EXPECT_EQ(Plans(), plans);
  EXPECT_EQ(Get().readings.size(), 1u);
}

class TrialsCoverage : public TrialsTest, public testing::WithParamInterface<int> {};

TEST_P(TrialsCoverage, NothingIsNotCalledSomething) {
  const Trial trial = Live(0, static_cast<std::uint64_t>(GetParam()));
  ASSERT_EQ(trial.state, TrialState::kMeasured);
  const Estimate daily = *trial.readings[0].daily;
  EXPECT_LT(daily.low, 0);
  EXPECT_GT(daily.high, 0);
  EXPECT_NE(trial.readings[0].conclusion.find("not told from nothing"), std::string::npos);
}
INSTANTIATE_TEST_SUITE_P(Seeds, TrialsCoverage, testing::Values(11, 12, 13));

class TrialsEffect : public TrialsTest, public testing::WithParamInterface<int> {};

TEST_P(TrialsEffect, HasItsSignAndIsCovered) {
  const Trial trial =
      Live(GetParam() % 2 == 0 ? 400 : -400, static_cast<std::uint64_t>(GetParam()));
  ASSERT_EQ(trial.state, TrialState::kMeasured);
  const double planted = GetParam() % 2 == 0 ? 400 : -400;
  const Estimate daily = *trial.readings[0].daily;
  EXPECT_GT(daily.value * planted, 0);
  EXPECT_LT(daily.low, planted);
  EXPECT_GT(daily.high, planted);
}
INSTANTIATE_TEST_SUITE_P(Seeds, TrialsEffect, testing::Values(20, 21, 22));

TEST_F(TrialsTest, StoppingPutsBackWhatWasThere) {
  BookPast(70, 300);
  Proposal();
  ASSERT_TRUE(Start());
  EXPECT_FALSE(On());  // its first block holds back
  NextDay(300);
  NextDay(300);
  const auto stopped = StopTrial(World(), "Alpenglow", "a/pause", "anna", &policy_);
  ASSERT_TRUE(stopped) << stopped.error().what;
  EXPECT_TRUE(On());
  EXPECT_EQ(stopped->state, TrialState::kSettling) << TrialText(*stopped);
  EXPECT_TRUE(ExperimentLocks(*store_, "Alpenglow", clock_.Now())->empty());
  EXPECT_EQ(Ledger(*store_, {"Alpenglow", "experiment_stopped", "a/pause", 10})->size(), 1u);
  for (int i = 0; i < 5; ++i) NextDay(300);
  EXPECT_FALSE(Get().open());
  EXPECT_TRUE(FinishedLifts(*store_, "Alpenglow")->empty());  // two days are no experiment
  EXPECT_FALSE(StopTrial(World(), "Alpenglow", "a/pause", "anna", &policy_));
}

TEST_F(TrialsTest, ItsLockHoldsAgainstOthersAndNotAgainstItself) {
  BookPast(70, 300);
  Proposal();
  ASSERT_TRUE(Start());
  policy_.auto_approve.push_back(Reason::kReallocate);
  Change raise = DoorTest::Budget(campaign_, Eur(100), Eur(110));
  raise.reason = Reason::kReallocate;
  const auto blocked = door_.Propose(Updates({raise}), &policy_);
  ASSERT_TRUE(blocked);
  EXPECT_EQ(blocked->status, PlanStatus::kBlocked);
  ASSERT_FALSE(blocked->findings.empty());
  EXPECT_EQ(blocked->findings[0].guard, "experiment_lock");
  // Another experiment is another.
  raise.reason = Reason::kExperiment;
  raise.evidence = "{\"experiment\":\"a/other\"}";
  EXPECT_EQ(door_.Propose(Updates({raise}), &policy_)->status, PlanStatus::kBlocked);
  Proposal(2, 14, "a/second");
  const auto second = Start("a/second");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kConflict);
  EXPECT_NE(second.error().what.find("a/pause"), std::string::npos);
  // Its own blocks pass.
  for (int i = 0; i < 4; ++i) NextDay(300);
  EXPECT_TRUE(On());
}

TEST_F(TrialsTest, WithoutAutomaticApprovalAPersonApprovesEachStep) {
  policy_.auto_approve.clear();
  BookPast(70, 300);
  Proposal();
  const auto started = Start();
  ASSERT_TRUE(started) << started.error().what;
  EXPECT_EQ(started->state, TrialState::kStarting);
  EXPECT_TRUE(On());
  EXPECT_FALSE(started->notes.empty());
  // It is proposed once, however often the round runs.
  Round();
  NextDay(300);
  EXPECT_EQ(Plans(), 1u);
  EXPECT_FALSE(ExperimentLocks(*store_, "Alpenglow", clock_.Now())->empty());
  const Plan plan = store_->Plans(std::nullopt, 10)->front();
  ASSERT_TRUE(door_.Approve(plan.id, "cleo", ContentHash(plan), &policy_));
  Round();
  EXPECT_EQ(Get().state, TrialState::kRunning);
  EXPECT_FALSE(On());
}

TEST_F(TrialsTest, WhatNobodyApprovesIsGivenUp) {
  policy_.auto_approve.clear();
  BookPast(70, 300);
  Proposal();
  ASSERT_TRUE(Start());
  for (int i = 0; i < 9; ++i) NextDay(300);
  EXPECT_EQ(Get().state, TrialState::kStopped) << TrialText(Get());
  EXPECT_TRUE(ExperimentLocks(*store_, "Alpenglow", clock_.Now())->empty());
  for (const Plan& plan : std::vector<Plan>(*store_->Plans(std::nullopt, 10))) {
    EXPECT_EQ(plan.status, PlanStatus::kRejected);
  }
}

TEST_F(TrialsTest, ACutOffStartIsGoneOnWith) {
  BookPast(70, 300);
  // Killed after the trial was kept, before its lock and its plan.
  Trial trial = Proposal();
  trial.state = TrialState::kStarting;
  ASSERT_TRUE(trials::Keep(*store_, trial, clock_.Now()));
  policy_.auto_approve.clear();
  Round();
  EXPECT_EQ(ExperimentLocks(*store_, "Alpenglow", clock_.Now())->size(), 1u);
  EXPECT_EQ(Plans(), 1u);
  // Killed after the plan was proposed, before the trial knew of it.
  trial = Get();
  const std::string plan = trial.plan;
  trial.plan.clear();
  trial.step.clear();
  ASSERT_TRUE(trials::Keep(*store_, trial, clock_.Now()));
  Round();
  EXPECT_EQ(Plans(), 1u);
  EXPECT_EQ(Get().plan, plan);
  // Killed after the plan was applied, before the trial knew of that.
  policy_.auto_approve = {Reason::kExperiment};
  const Plan guarded = *store_->GetPlan(plan);
  ASSERT_TRUE(door_.Approve(plan, "cleo", ContentHash(guarded), &policy_));
  ASSERT_TRUE(door_.Apply(plan, "ben", &policy_));
  EXPECT_FALSE(On());
  Round();
  EXPECT_EQ(Get().state, TrialState::kRunning);
  EXPECT_EQ(Plans(), 1u);
  EXPECT_EQ(Ledger(*store_, {"Alpenglow", "experiment_started", "a/pause", 10})->size(), 1u);
}

TEST_F(TrialsTest, WhatSomebodyElseChangesEndsItAndStays) {
  BookPast(70, 300);
  Trial trial = Proposal();
  trial.moves[0].field = "daily_budget";
  trial.moves[0].base = trial.moves[0].on = FieldValue(Eur(100));
  trial.moves[0].off = FieldValue(Eur(84));
  ASSERT_TRUE(trials::Keep(*store_, trial, clock_.Now()));
  ASSERT_TRUE(Start());
  EXPECT_EQ(fake_->objects.at(campaign_).fields.at("daily_budget"), FieldValue(Eur(84)));
  NextDay(300);
  fake_->Edit(campaign_, "daily_budget", Eur(500));
  NextDay(300);
  EXPECT_EQ(fake_->objects.at(campaign_).fields.at("daily_budget"), FieldValue(Eur(500)));
  const Trial ended = Get();
  EXPECT_TRUE(ended.stopping);
  EXPECT_NE(TrialText(ended).find("was set to 500.00 EUR by someone else"), std::string::npos)
      << TrialText(ended);
  EXPECT_TRUE(ExperimentLocks(*store_, "Alpenglow", clock_.Now())->empty());
}

TEST_F(TrialsTest, WithoutAPolicyNothingStarts) {
  Proposal();
  const auto started = StartTrial(World(), "Alpenglow", "a/pause", "anna", nullptr);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::kRefused);
  EXPECT_EQ(Get().state, TrialState::kProposed);
  EXPECT_FALSE(StartTrial(World(), "Alpenglow", "none", "anna", &policy_));
  EXPECT_FALSE(StartTrial(World(), "Nobody", "a/pause", "anna", &policy_));
}

// --- places -------------------------------------------------------------------------------------

class PlacesTest : public TrialsTest {
 protected:
  PlacesTest() {
    fake_->Edit(
        campaign_, "countries",
        std::vector<std::string>{"AT", "BE", "CH", "CZ", "DE", "DK", "ES", "FR", "IT", "NL"});
  }
  std::vector<std::string> Countries() const {
    return std::get<std::vector<std::string>>(fake_->objects.at(campaign_).fields.at("countries"));
  }
  static bool Has(const std::vector<std::string>& list, const std::string& one) {
    return std::find(list.begin(), list.end(), one) != list.end();
  }
  /// Books by place of the days before today; where ads rest the place sells `effect` less.
  void BookPlaces(int back, double effect) {
    std::string csv = "day,place,revenue\n";
    for (Day day = today_ - days(back); day < today_; day += days(1)) {
      const double common = 100 * std::sin(static_cast<double>(day.time_since_epoch().count()));
      int size = 0;
      for (const char* place : {"AT", "BE", "CH", "CZ", "DE", "DK", "ES", "FR", "IT", "NL"}) {
        size += 100;
        const auto rested = rests_.find({day, place});
        csv +=
            fmt::format("{},{},{:.2f}\n", PrintDay(day), place,
                        900 + size + common + 8 * Noise() - (rested == rests_.end() ? 0 : effect));
      }
    }
    const auto saved = SavePlaceBooks(*store_, "Alpenglow", "books.csv", csv, clock_.Now());
    ASSERT_TRUE(saved) << saved.error().what;
  }
  void NoteRests() {
    for (const char* place : {"AT", "BE", "CH", "CZ", "DE", "DK", "ES", "FR", "IT", "NL"}) {
      if (!Has(Countries(), place)) rests_.insert({today_, place});
    }
  }
  std::set<std::pair<Day, std::string>> rests_;
};

TEST_F(PlacesTest, AGeoHoldoutRestsIsPutBackAndReadOnBooksByPlace) {
  BookPast(70, 0);
  Trial trial = Proposal();
  trial.kind = TrialKind::kGeoHoldout;
  trial.places = {"BE", "DK"};
  trial.schedule = {false};
  trial.design.days = trial.block_days = 28;
  trial.design.place_share = 0.2;
  std::vector<std::string> rest = Countries();
  std::erase_if(rest, [](const std::string& c) { return c == "BE" || c == "DK"; });
  trial.moves[0].field = "countries";
  trial.moves[0].base = trial.moves[0].on = FieldValue(Countries());
  trial.moves[0].off = FieldValue(rest);
  ASSERT_TRUE(trials::Keep(*store_, trial, clock_.Now()));
  ASSERT_TRUE(Start());
  EXPECT_FALSE(Has(Countries(), "BE"));
  EXPECT_TRUE(Has(Countries(), "DE"));
  for (int i = 0; i < 29; ++i) {
    NoteRests();
    NextDay(0);
  }
  EXPECT_TRUE(Has(Countries(), "BE")) << TrialText(Get());
  BookPlaces(120, 60);
  for (int i = 0; i < 3; ++i) NextDay(0);
  const Trial read = Get();
  ASSERT_EQ(read.state, TrialState::kMeasured) << TrialText(read);
  const TrialReading& reading = read.readings[0];
  EXPECT_EQ(reading.kpi, "revenue");
  // 60 a day in each of two places.
  EXPECT_GT(reading.daily->low, 0) << TrialText(read);
  EXPECT_LT(reading.daily->low, 120);
  EXPECT_GT(reading.daily->high, 120);
  EXPECT_EQ(FinishedLifts(*store_, "Alpenglow")->size(), 1u);
}

TEST_F(PlacesTest, TheRotatingHoldoutTurnsIsReadAndEndsWithThePolicy) {
  BookPast(30, 0);
  BookPlaces(120, 60);
  policy_.holdout = HoldoutSetting{2'000, 14};
  std::set<std::string> rested;
  for (int i = 0; i < 34; ++i) {
    NextDay(0);
    NoteRests();
    for (const auto& [day, place] : rests_) rested.insert(place);
    EXPECT_GE(Countries().size(), 6u);
  }
  EXPECT_GE(rested.size(), 2u);  // more than one turn
  BookPlaces(120, 60);
  for (int i = 0; i < 2; ++i) {
    NextDay(0);
    NoteRests();
  }
  const Trial trial = Get("alpenglow/rotating-holdout");
  EXPECT_EQ(trial.state, TrialState::kRunning);
  ASSERT_FALSE(trial.readings.empty()) << TrialText(trial);
  const TrialReading& reading = trial.readings.front();
  ASSERT_TRUE(reading.daily) << TrialText(trial);
  const double planted = 60 * static_cast<double>(reading.places.size());
  EXPECT_GT(reading.daily->value, planted / 2) << TrialText(trial);
  EXPECT_LT(reading.daily->value, planted * 1.5) << TrialText(trial);
  // It rests all channels at once: no channel's lift, no lock.
  EXPECT_TRUE(FinishedLifts(*store_, "Alpenglow")->empty());
  EXPECT_TRUE(ExperimentLocks(*store_, "Alpenglow", clock_.Now())->empty());
  policy_.holdout.reset();
  NextDay(0);
  EXPECT_EQ(Countries().size(), 10u);
  EXPECT_EQ(Get("alpenglow/rotating-holdout").state, TrialState::kStopped);
}

TEST_F(PlacesTest, ARotationThatCannotBeSaysWhy) {
  policy_.holdout = HoldoutSetting{500, 28};
  const TrialRound none = Round();
  ASSERT_EQ(none.waiting.size(), 1u);
  EXPECT_NE(none.waiting[0].find("books have no place"), std::string::npos) << none.waiting[0];
  BookPlaces(60, 0);
  // Ten places of about a tenth each: none is a twentieth.
  const TrialRound large = Round();
  ASSERT_EQ(large.waiting.size(), 1u);
  EXPECT_NE(large.waiting[0].find("no place is small enough"), std::string::npos);
  EXPECT_EQ(Plans(), 0u);
}

TEST(PlaceBooks, RefuseByFileAndLine) {
  const auto store = std::move(*CampaignStore::Open(":memory:"));
  ASSERT_TRUE(store->SaveClient({"A", kEur, "UTC"}));
  const Instant now{};
  struct Case {
    std::string csv, says;
  };
  for (const Case& c : {Case{"", "is empty"}, Case{"day,place\n", "\"revenue\" is missing"},
                        Case{"day,day,place,revenue\n", "is there twice"},
                        Case{"day,place,revenue\n2026-13-01,AT,1\n", "b.csv:2"},
                        Case{"day,place,revenue\n2026-01-01,,1\n", "place is empty"},
                        Case{"day,place,revenue\n2026-01-01,AT,\n", "is not a number"},
                        Case{"day,place,revenue\n2026-01-01,AT,nan\n", "is not a number"},
                        Case{"day,place,revenue\n2026-01-01,AT,1\n2026-01-01,AT,2\n", "b.csv:3"}}) {
    const auto saved = SavePlaceBooks(*store, "A", "b.csv", c.csv, now);
    ASSERT_FALSE(saved) << c.csv;
    EXPECT_NE(saved.error().what.find(c.says), std::string::npos) << saved.error().what;
  }
  EXPECT_FALSE(SavePlaceBooks(*store, "B", "b.csv", "day,place,revenue\n", now));
  const auto good =
      SavePlaceBooks(*store, "A", "b.csv",
                     "day,place,revenue,meta\n2026-01-01,\"<b>\"\"x\"\"</b>\",1.5,77\n", now);
  ASSERT_TRUE(good) << good.error().what;
  EXPECT_EQ(*good, 1);
}

// --- comparisons --------------------------------------------------------------------------------

class CompareTest : public TrialsTest {
 protected:
  void Begin(int length) {
    for (const char* name : {"old", "new"}) {
      const std::string id =
          fake_->Add({Level::kAd,
                      "",
                      "9",
                      campaign_,
                      {{"name", std::string(name)}, {"status", std::string(kActive)}}});
      ads_.push_back(id);
      ASSERT_TRUE(store_->SaveObject(
          {"spring/" + std::string(name), kAccount, Level::kAd, id, "spring", "", {}}));
    }
    Experiment e;
    e.id = "spring/headline";
    e.client = "Alpenglow";
    e.name = "headline <script>|*\x01";
    e.hypothesis = "the new one is clicked more";
    e.kpi = "ctr";
    e.arms = {{"old", {"spring/old"}, {}, 5'000}, {"new", {"spring/new"}, {}, 5'000}};
    e.start = today_;
    e.end = today_ + days(length - 1);
    e.baseline = 0.02;
    e.mde_relative = 0.1;
    e.sample_per_arm = 80'000;
    e.status = "running";
    ASSERT_TRUE(store_->SaveExperiment(e));
  }
  TrialRound Day_(double ctr_old, double ctr_new, double share_new = 0.5) {
    MetricReport report{{kAccount, Level::kAd, Grain::kDay, Breakdown::kNone, today_, today_},
                        "7d_click",
                        {},
                        true,
                        ""};
    const double ctr[] = {ctr_old, ctr_new};
    const double share[] = {1 - share_new, share_new};
    for (std::size_t i = 0; i < 2; ++i) {
      const double shown = 20'000 * share[i] * (1 + 0.01 * Noise());
      const auto clicks = std::llround(shown * ctr[i] + std::sqrt(shown * ctr[i]) * Noise());
      const MetricRow row{today_,
                          std::nullopt,
                          campaign_,
                          "9",
                          ads_[i],
                          "",
                          Eur(10),
                          std::llround(shown),
                          std::max<std::int64_t>(0, clicks),
                          1.0,
                          {},
                          {}};
      report.rows.push_back(row);
    }
    const auto loaded = facts_->Load(report, clock_.Now(), "test");
    EXPECT_TRUE(loaded) << loaded.error().what;
    return NextDay(0);
  }
  std::string Status(std::size_t i) const {
    return TextField(fake_->objects.at(ads_[i]).fields, "status");
  }
  std::vector<std::string> ads_;
};

TEST_F(CompareTest, AWinnerEndsItEarlyAndIsKeptByAPlan) {
  Begin(28);
  for (int i = 0; i < 28 && (i == 0 || Get("spring/headline").open()); ++i) Day_(0.02, 0.027);
  const Trial trial = Get("spring/headline");
  ASSERT_EQ(trial.state, TrialState::kMeasured) << TrialText(trial);
  const TrialReading& reading = trial.readings[0];
  EXPECT_EQ(reading.winner, "new");
  EXPECT_LT(reading.last, today_ - days(1) + days(20));
  EXPECT_GT(reading.lift->low, 0);
  EXPECT_LT(reading.lift->low, 0.35);
  EXPECT_GT(reading.lift->high, 0.35);
  EXPECT_EQ(Status(0), kPaused);
  EXPECT_EQ(Status(1), kActive);
  const Plan plan = *store_->GetPlan(reading.plan);
  ASSERT_EQ(plan.changes.size(), 1u);
  EXPECT_EQ(plan.changes[0].reason, Reason::kExperiment);
  EXPECT_NE(plan.changes[0].why.find("95 %"), std::string::npos);
  EXPECT_EQ((*store_->Experiments("Alpenglow"))[0].status, "ended");
  EXPECT_EQ(store_->Messages("lucas", 10)->size(), 1u);
  // A hostile name makes no markup.
  EXPECT_EQ((*store_->Messages("lucas", 10))[0].markdown.find("<script>"), std::string::npos);
}

TEST_F(CompareTest, WithoutADifferenceItEndsWithItsLastDayAndSaysWhatItWouldTake) {
  Begin(10);
  for (int i = 0; i < 14 && (i == 0 || Get("spring/headline").open()); ++i) Day_(0.02, 0.02);
  const Trial trial = Get("spring/headline");
  ASSERT_EQ(trial.state, TrialState::kMeasured) << TrialText(trial);
  EXPECT_EQ(trial.readings[0].winner, "");
  EXPECT_EQ((trial.readings[0].last - trial.readings[0].first).count(), 9);
  EXPECT_NE(trial.readings[0].conclusion.find("would take"), std::string::npos)
      << trial.readings[0].conclusion;
  EXPECT_EQ(Status(0), kActive);
  EXPECT_EQ(Plans(), 0u);
}

TEST_F(CompareTest, AnotherSplitThanPlannedHasNoWinner) {
  Begin(8);
  for (int i = 0; i < 12 && (i == 0 || Get("spring/headline").open()); ++i) {
    Day_(0.02, 0.03, 0.8);
  }
  const Trial trial = Get("spring/headline");
  ASSERT_EQ(trial.state, TrialState::kMeasured) << TrialText(trial);
  EXPECT_EQ(trial.readings[0].winner, "");
  EXPECT_EQ(trial.readings[0].grade, EvidenceGrade::kWeak);
  EXPECT_NE(TrialText(trial).find("did not deal the arms as planned"), std::string::npos);
  EXPECT_EQ(Status(0), kActive);
}

// --- parts --------------------------------------------------------------------------------------

TEST(Switchback, WithoutWeekTakesTheWeekAway) {
  std::vector<double> pre, y;
  const auto at = [](int day) { return 100.0 + 10 * (day % 7); };
  for (int i = 0; i < 56; ++i) pre.push_back(at(i));
  for (int i = 56; i < 70; ++i) y.push_back(at(i));
  for (const double value : trials::WithoutWeek(y, pre)) EXPECT_NEAR(value, 130, 1e-9);
  // The history may begin on any weekday.
  pre.erase(pre.begin(), pre.begin() + 3);
  for (const double value : trials::WithoutWeek(y, pre)) EXPECT_NEAR(value, 130, 2);
  EXPECT_EQ(trials::WithoutWeek(y, std::vector<double>(10, 1.0)), y);
}

TEST(Switchback, ErrorComesFromPretendedOnes) {
  std::mt19937_64 engine(3);
  std::normal_distribution<double> noise(0, 50);
  std::vector<double> history;
  for (int i = 0; i < 300; ++i) history.push_back(1'000 + noise(engine));
  const std::vector<bool> schedule(14, true);
  const auto error = trials::SwitchbackError(history, schedule, 2, 1, "x");
  ASSERT_TRUE(error);
  // Seven block means of one day each on either side: 50 sqrt(2/7) = 26.7.
  EXPECT_NEAR(*error, 26.7, 6);
  EXPECT_FALSE(trials::SwitchbackError(std::span(history).subspan(0, 90), schedule, 2, 1, "x"));
}

class ProposeTest : public TrialsTest {
 protected:
  /// So many days of orders, and of a spend that never changed: its return cannot be told.
  Result<TrialProposals> Propose(int count) {
    BookPast(count, 300);
    MetricReport report{{kAccount, Level::kCampaign, Grain::kDay, Breakdown::kNone,
                         today_ - days(count), today_ - days(1)},
                        "7d_click",
                        {},
                        true,
                        ""};
    for (int i = count; i > 0; --i) {
      report.rows.push_back({today_ - days(i),
                             std::nullopt,
                             campaign_,
                             "",
                             "",
                             "",
                             Eur(100),
                             1000,
                             10,
                             5.0,
                             Eur(600),
                             {}});
    }
    const auto loaded = facts_->Load(report, clock_.Now(), "test");
    EXPECT_TRUE(loaded) << loaded.error().what;
    TrialOptions options;
    options.response = {.seed = 1, .warm_up = 100, .sweeps = 400, .draws = 100};
    return ProposeTrials(World(), "Alpenglow", &policy_, options);
  }
};

TEST_F(ProposeTest, WhatTheDataCannotTellIsWorthATrial) {
  const auto got = Propose(140);
  ASSERT_TRUE(got) << got.error().what;
  ASSERT_FALSE(got->trials.empty()) << ProposalsText(*got, kEur);
  const Trial& best = got->trials.front();
  EXPECT_EQ(best.channel, "meta/campaign " + campaign_);
  EXPECT_EQ(best.kind, TrialKind::kSwitchback);
  EXPECT_EQ(best.source, "books");
  EXPECT_GT(best.design.net(), 0);
  EXPECT_LE(best.design.effect_low90, best.design.effect);
  EXPECT_LE(best.design.effect, best.design.effect_high90);
  EXPECT_EQ(best.start, today_ + days(1));
  EXPECT_EQ((best.end - best.start).count() + 1, best.design.days);
  EXPECT_EQ(static_cast<int>(best.schedule.size()) * best.block_days, best.design.days);
  for (std::size_t i = 1; i < got->trials.size(); ++i) {
    EXPECT_GE(got->trials[i - 1].design.net(), got->trials[i].design.net());
  }
  // Nothing is moved before a person starts one; the proposals are kept until the next ones.
  EXPECT_TRUE(On());
  EXPECT_EQ(Plans(), 0u);
  const auto kept = TrialsOf(*store_, "Alpenglow");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->size(), got->trials.size());
  ASSERT_TRUE(Start(best.id));
}

TEST_F(ProposeTest, AHistoryThatIsTooShortSaysHowMuchIsNeeded) {
  const auto got = Propose(90);
  ASSERT_TRUE(got) << got.error().what;
  EXPECT_TRUE(got->trials.empty());
  ASSERT_EQ(got->not_worth.size(), 1u);
  // Eight weeks, the 28 days of the shortest design, and two windows more, a week apart.
  EXPECT_NE(got->not_worth[0].find("90 days of orders are too few to foretell the error of a "
                                   "switchback; the shortest needs 98"),
            std::string::npos)
      << got->not_worth[0];
}

TEST_F(ProposeTest, RefusesNonsense) {
  BookPast(10, 0);
  TrialOptions options;
  options.gross_margin = 1.2;
  EXPECT_EQ(ProposeTrials(World(), "Alpenglow", &policy_, options).error().code,
            Errc::kInvalidArgument);
  EXPECT_EQ(ProposeTrials(World(), "nobody", &policy_, {}).error().code, Errc::kNotFound);
}

TEST(TrialIds, AreSlugsWhateverTheNames) {
  EXPECT_EQ(trials::Slug("meta/social-prospecting"), "meta-social-prospecting");
  EXPECT_EQ(trials::Slug("Alpenglow"), "alpenglow");
  const std::string hostile = trials::Slug("../../x'; DROP TABLE\n\x1b[31m");
  EXPECT_EQ(hostile.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string::npos);
  EXPECT_NE(trials::Slug("a!"), trials::Slug("a?"));
  EXPECT_FALSE(trials::Slug("").empty());
}

TEST(TrialRecord, IsReadBackAsItWas) {
  const auto store = std::move(*CampaignStore::Open(":memory:"));
  Trial t;
  t.id = "x";
  t.client = "A \"b\"";
  t.kind = TrialKind::kGeoHoldout;
  t.state = TrialState::kSettling;
  t.moves = {{kAccount, Level::kAdGroup, "1", "2", "spring/x", "n\xff", "countries",
              FieldValue(std::vector<std::string>{"DE", "AT"}),
              FieldValue(std::vector<std::string>{"DE", "AT"}),
              FieldValue(std::vector<std::string>{"DE"})}};
  t.places = {"AT"};
  t.place_ids = {{"Tyrol", {{"meta", "77"}}}};
  t.place_sizes = {{"AT", 3.5}};
  t.schedule = {true, false};
  t.design.mde = INFINITY;
  t.switches = {{Instant(std::chrono::seconds(5)), false, "p-1"}};
  TrialReading r;
  r.daily = Estimate{1, -INFINITY, 2};
  r.grade = EvidenceGrade::kModerate;
  t.readings = {r};
  ASSERT_TRUE(trials::Keep(*store, t, Instant()));
  const auto read = trials::Find(*store, t.client, "x");
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(TrialJson(*read), TrialJson(t));
  EXPECT_EQ(read->moves[0].off, t.moves[0].off);
  EXPECT_TRUE(std::isinf(read->readings[0].daily->low));
  EXPECT_TRUE(std::isinf(read->design.mde));
}

}  // namespace
}  // namespace maxopt
