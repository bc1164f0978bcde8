#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "memory/campaigns/signals.h"
#include "stages/optimize/levers/levers.h"

namespace maxopt::levers {

/// A platform that has what the test says and nothing else; without entities it does not answer.
class ScriptedReader final : public PlatformReader {
 public:
  ScriptedReader(AccountInfo info, Capabilities can, std::vector<Entity> entities)
      : info_(std::move(info)), can_(std::move(can)), entities_(std::move(entities)) {}
  const Capabilities& capabilities() const override { return can_; }
  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline) override {
    return std::vector<AccountInfo>{info_};
  }
  Result<AccountTree> ReadAccount(const AccountId&, http::Deadline) override {
    if (entities_.empty()) return Fail(Errc::kUnavailable, "out of order");
    return AccountTree{info_, entities_};
  }
  Result<MetricReport> ReadMetrics(const MetricQuery& q, http::Deadline) override {
    return MetricReport{q, "", {}, true, ""};
  }
  Result<std::vector<Entity>> Find(const FindQuery&, http::Deadline) override {
    return std::vector<Entity>{};
  }
  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery&, http::Deadline) override {
    return std::vector<HistoryEvent>{};
  }

 private:
  AccountInfo info_;
  Capabilities can_;
  std::vector<Entity> entities_;
};

/// Client "A" in euros and UTC, memories in memory, the clock at 08:00 of `kToday`; accounts and
/// their facts as a test adds them.
class LeverTest : public testing::Test {
 protected:
  LeverTest() { EXPECT_TRUE(store_->SaveClient({"A", kEur, "UTC"})); }

  static Money Eur(double units) {
    return Money::Micros(static_cast<std::int64_t>(std::llround(units * 1e6)), kEur);
  }
  static Instant At(Day day, int hour) { return Zone::Utc().Begin(day) + std::chrono::hours(hour); }
  static Entity Campaign(const std::string& id, Fields fields) {
    fields.try_emplace("name", "Campaign " + id);
    fields.try_emplace("status", std::string(kActive));
    return {Level::kCampaign, id, "", "", std::move(fields)};
  }
  static Entity AdGroup(const std::string& id, const std::string& campaign, Fields fields) {
    fields.try_emplace("name", "Ad group " + id);
    fields.try_emplace("status", std::string(kActive));
    return {Level::kAdGroup, id, campaign, campaign, std::move(fields)};
  }
  AccountInfo Info(Platform platform) const {
    return {{platform, "42"}, "Shop", kEur, zone_, "active"};
  }
  /// Replaces what there was of the platform.
  void Have(Platform platform, std::vector<Entity> entities) {
    const AccountInfo info = Info(platform);
    ASSERT_TRUE(store_->SaveAccount({"A", info}));
    if (!entities.empty()) {
      const auto loaded =
          facts_->LoadEntities(info, entities, At(kToday - std::chrono::days(200), 1));
      ASSERT_TRUE(loaded) << loaded.error().what;
    }
    Capabilities can{};
    can.platform = platform;
    can.minor_units = platform == Platform::kMeta ? MinorUnits::kMeta : MinorUnits::kIso4217;
    if (platform == Platform::kGoogleAds) {
      can.bid_modifiers = {{"country", "device", "location"}, 1'000, 100'000, ""};
    }
    accounts_[info.account] = {can, std::move(entities)};
  }
  /// A whole reading of these days this morning at six.
  void Load(Platform platform, Level level, Grain grain, Breakdown breakdown, Day from, Day to,
            std::vector<MetricRow> rows) {
    const MetricReport report{{{platform, "42"}, level, grain, breakdown, from, to},
                              "7d_click",
                              std::move(rows),
                              true,
                              ""};
    const auto loaded = facts_->Load(report, At(kToday, 6), "test");
    ASSERT_TRUE(loaded) << loaded.error().what;
  }
  LeverWorld World() {
    return {store_.get(), facts_.get(), &clock_,
            [this](const AccountId& id) -> Result<std::shared_ptr<PlatformReader>> {
              const auto at = accounts_.find(id);
              if (at == accounts_.end()) return Fail(Errc::kNotFound, "no such account");
              return std::make_shared<ScriptedReader>(Info(id.platform), at->second.first,
                                                      at->second.second);
            }};
  }
  Result<LeverState> Read(int days) { return ReadLeverState(World(), "A", &policy_, days); }
  /// What the lever finds in so many days.
  LeverReport RunLever(Lever lever, int days) {
    const auto state = Read(days);
    EXPECT_TRUE(state) << state.error().what;
    if (!state) return {};
    const auto report = lever(World(), *state);
    EXPECT_TRUE(report) << report.error().what;
    return report ? *report : LeverReport{};
  }
  /// A line each.
  static std::string Notes(const LeverReport& report) {
    std::string out;
    for (const std::string& note : report.notes) out += note + "\n";
    return out;
  }
  static bool Has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
  /// A running experiment whose one arm is the object.
  void Lock(const AccountId& account, Level level, const std::string& id,
            const std::string& address) {
    ASSERT_TRUE(store_->SaveObject({address, account, level, id, "", "", {}}));
    Experiment experiment;
    experiment.id = "spring/test";
    experiment.client = "A";
    experiment.name = "test";
    experiment.arms = {{"a", {address}, {}, 10'000}};
    experiment.start = kToday - std::chrono::days(2);
    experiment.end = kToday + std::chrono::days(10);
    experiment.status = "running";
    const auto saved = store_->SaveExperiment(experiment);
    ASSERT_TRUE(saved) << saved.error().what;
  }

  static inline const Day kToday = *ParseDay("2026-03-15");
  std::string zone_ = "UTC";
  Policy policy_{.client = "A",
                 .currency = kEur,
                 .worst_day_cap = Eur(100'000),
                 .platform_caps = {},
                 .auto_approve = {}};
  VirtualClock clock_{At(kToday, 8)};
  std::unique_ptr<CampaignStore> store_ = std::move(*CampaignStore::Open(":memory:"));
  std::unique_ptr<FactStore> facts_ = std::move(*FactStore::Open(":memory:"));
  std::map<AccountId, std::pair<Capabilities, std::vector<Entity>>> accounts_;
};

}  // namespace maxopt::levers
