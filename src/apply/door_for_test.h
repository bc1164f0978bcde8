#pragma once
// The door over a platform in memory whose every write and read can be scripted.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>

#include "apply/apply.h"
#include "connect/writer.h"
#include "domain/json.h"

namespace maxopt {

inline const AccountId kAccount{Platform::kMeta, "42"};

inline Money Eur(std::int64_t units) { return Money::Micros(units * 1'000'000, kEur); }

/// What the fake does with one write: whether it happens, and what it answers.
enum class Fate {
  kDone,
  kDoneAnswerLost,
  kLostBeforeArriving,
  kRefused,
  kThrottled,
  kDoneTwice,
  kNameTaken,
};

/// A platform in memory with a scripted fate for each write and a lag for each read after it.
class FakePlatform final : public PlatformReader, public PlatformWriter {
 public:
  std::vector<Fate> fates;  // of the writes in order; kDone after the last
  int blind_reads = 0;      // Find by marker misses new objects this many times after each write
  std::chrono::seconds lag{0};    // reads show what was there this long ago
  bool unreachable = false;       // every read fails
  bool drops_everything = false;  // no write arrives, no answer comes
  bool starts_ads = false;        // creates ads switched on, whatever was asked
  int batches = 0;                // ApplyBatch calls of more than one change
  int batch_size = 1;             // batch_max
  int lose_results = 0;           // results that a batch answer lacks
  Error refusal{Errc::kInvalidArgument, "budget too low", "", {}};
  std::function<void()> during_write;
  std::function<Result<>(const Change&)> validate;
  std::map<std::string, Entity> objects;
  int writes = 0;
  int next_id = 100;
  std::vector<std::string> payloads;  // each change as it was sent
  VirtualClock* clock = nullptr;

  const Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline) override {
    return std::vector<AccountInfo>{info_};
  }
  Result<AccountTree> ReadAccount(const AccountId&, http::Deadline) override {
    const std::lock_guard guard(mutex_);
    if (unreachable) return Fail(Errc::kUnavailable, "no route");
    AccountTree tree{info_, {}};
    for (const auto& [id, entity] : Seen()) {
      if (entity.level == Level::kAsset || entity.level == Level::kConversion) continue;
      if (TextField(entity.fields, "status") == kRemoved || UnderRemoved(entity)) continue;
      tree.entities.push_back(entity);
    }
    return tree;
  }
  Result<MetricReport> ReadMetrics(const MetricQuery& query, http::Deadline) override {
    return MetricReport{query, "", {}, true, ""};
  }
  Result<std::vector<Entity>> Find(const FindQuery& query, http::Deadline) override {
    const std::lock_guard guard(mutex_);
    if (unreachable) return Fail(Errc::kUnavailable, "no route");
    std::vector<Entity> found;
    if (blind_ > 0 && !query.marker.empty()) {
      --blind_;
      return found;
    }
    for (const auto& [id, entity] : Seen()) {
      const bool by_id = std::find(query.ids.begin(), query.ids.end(), id) != query.ids.end();
      const bool by_marker =
          !query.marker.empty() && TextField(entity.fields, "name").ends_with(query.marker);
      if (entity.level == query.level && (by_id || by_marker)) found.push_back(entity);
    }
    return found;
  }
  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery&, http::Deadline) override {
    return std::vector<HistoryEvent>{};
  }
  Result<> Validate(const Change& change, http::Deadline) override {
    ++checks;
    if (validate) return validate(change);
    return {};
  }
  int checks = 0;
  int batch_max() const override { return batch_size; }
  std::vector<Result<Applied>> ApplyBatch(std::span<const Change> changes,
                                          http::Deadline deadline) override {
    ++batches;
    std::vector<Result<Applied>> out;
    for (const Change& change : changes) out.push_back(Apply(change, deadline));
    for (int i = 0; i < lose_results && !out.empty(); ++i) out.pop_back();
    return out;
  }
  Result<Applied> Apply(const Change& change, http::Deadline) override {
    if (during_write) during_write();
    const std::lock_guard guard(mutex_);
    const Fate fate = static_cast<std::size_t>(writes) < fates.size()
                          ? fates[static_cast<std::size_t>(writes)]
                          : Fate::kDone;
    ++writes;
    payloads.push_back(ToJson(change));
    if (drops_everything) return Fail(Errc::kUnknownOutcome, "timed out");
    blind_ = blind_reads;
    switch (fate) {
      case Fate::kDone:
        return Applied{Do(change), "r"};
      case Fate::kDoneTwice:
        Do(change);
        [[fallthrough]];
      case Fate::kDoneAnswerLost:
        Do(change);
        return Fail(Errc::kUnknownOutcome, "timed out");
      case Fate::kLostBeforeArriving:
        return Fail(Errc::kUnknownOutcome, "connection reset");
      case Fate::kRefused:
        return Fail(refusal);
      case Fate::kThrottled:
        return Fail(Errc::kRateLimited, "slow down");
      case Fate::kNameTaken:
        return Fail(Errc::kConflict, "DUPLICATE_CAMPAIGN_NAME");
    }
    Bug();
  }
  /// As a person does it on the platform's own screen.
  void Edit(const std::string& id, const std::string& field, FieldValue value) {
    objects.at(id).fields.insert_or_assign(field, std::move(value));
    Remember();
  }
  std::string Add(Entity entity) {
    const std::string id = std::to_string(next_id++);
    entity.id = id;
    objects[id] = std::move(entity);
    Remember();
    return id;
  }

 private:
  void Remember() {
    if (clock) past_[clock->Now()] = objects;
  }
  const std::map<std::string, Entity>& Seen() const {
    static const std::map<std::string, Entity> nothing;
    if (!clock || lag.count() == 0) return objects;
    auto at = past_.upper_bound(clock->Now() - lag);
    return at == past_.begin() ? nothing : std::prev(at)->second;
  }
  bool UnderRemoved(const Entity& entity) const {
    const auto parent = objects.find(entity.parent_id);
    if (parent == objects.end()) return false;
    return TextField(parent->second.fields, "status") == kRemoved || UnderRemoved(parent->second);
  }
  std::string Do(const Change& change) {
    if (change.action == ChangeAction::kUpdate) {
      for (const auto& [name, value] : change.after) {
        objects[change.id].fields.insert_or_assign(name, value);
      }
      Remember();
      return change.id;
    }
    Entity entity{change.level, "", change.parent_id, "", change.after};
    entity.fields["name"] = WithMarker(TextField(change.after, "name"), change.key);
    if (starts_ads && change.level == Level::kAd) entity.fields["status"] = std::string(kActive);
    return Add(std::move(entity));
  }
  std::mutex mutex_;
  int blind_ = 0;
  std::map<Instant, std::map<std::string, Entity>> past_;
  AccountInfo info_{kAccount, "Main", kEur, "Europe/Berlin", "active"};
  Capabilities capabilities_{Platform::kMeta,   {},     {},   {}, 28, "", Level::kCampaign,
                             MinorUnits::kMeta, 12'500, false};
};

class DoorTest : public testing::Test {
 protected:
  DoorTest() : door_(World()) {
    policy_.worst_day_cap = Eur(1000);
    fake_->clock = &clock_;
    Register(*store_);
  }
  static void Register(CampaignStore& store) {
    EXPECT_TRUE(store.SaveClient({"Alpenglow", kEur, "UTC"}));
    EXPECT_TRUE(
        store.SaveAccount({"Alpenglow", {kAccount, "Main", kEur, "Europe/Berlin", "active"}}));
  }
  Door::World World() { return WorldOf(store_.get()); }
  Door::World WorldOf(CampaignStore* store) {
    Door::World world;
    world.store = store;
    world.clock = &clock_;
    world.wait_clock = &clock_;
    world.connector = [this](const AccountId&) -> Result<std::shared_ptr<const Connector>> {
      return connector_;
    };
    world.facts_learnt_at = [this](const AccountId&) { return learnt_at_; };
    world.halted = [this] { return halted_.load(); };
    return world;
  }
  static Change Create(const std::string& address, Level level, const std::string& parent) {
    Change change;
    change.action = ChangeAction::kCreate;
    change.account = kAccount;
    change.level = level;
    change.address = address;
    change.parent_address = parent;
    change.after = {{"name", address}, {"status", std::string(kPaused)}};
    if (level == Level::kCampaign) change.after["daily_budget"] = Eur(100);
    if (level == Level::kAsset) {
      change.after = {{"name", address}, {"media", std::string("image")}, {"sha256", address}};
    }
    if (level == Level::kConversion)
      change.after = {{"name", address}, {"kind", std::string("pixel")}};
    change.reason = Reason::kLaunch;
    return change;
  }
  static Plan Launch() {
    Plan plan;
    plan.client = "Alpenglow";
    plan.title = "launch";
    plan.created_by = "anna";
    plan.changes = {Create("spring", Level::kCampaign, ""),
                    Create("spring/core", Level::kAdGroup, "spring"),
                    Create("spring/core/v1", Level::kAd, "spring/core")};
    return plan;
  }
  /// Every kind of thing that is created, with links, in an order that SafeOrder must mend.
  static Plan LaunchAllKinds() {
    Plan plan = Launch();
    plan.changes[1].links = {{"pixel_id", "spring/pixel"}};
    plan.changes[2].links = {{"image", "spring/picture"}};
    plan.changes.push_back(Create("spring/picture", Level::kAsset, ""));
    plan.changes.push_back(Create("spring/pixel", Level::kConversion, ""));
    return plan;
  }
  std::string Approved(Plan draft) {
    const auto plan = door_.Propose(std::move(draft), &policy_);
    EXPECT_TRUE(plan) << plan.error().what;
    EXPECT_EQ(plan->status, PlanStatus::kGuarded)
        << (plan->findings.empty() ? "" : plan->findings[0].what);
    const Result<> approved = door_.Approve(plan->id, "cleo", ContentHash(*plan), &policy_);
    EXPECT_TRUE(approved) << approved.error().what;
    return plan->id;
  }
  ApplyReport Apply(const std::string& id) {
    auto report = door_.Apply(id, "ben", &policy_);
    EXPECT_TRUE(report) << report.error().what;
    return report ? std::move(*report) : ApplyReport{};
  }
  std::string LaunchAll() {
    const std::string id = Approved(Launch());
    EXPECT_EQ(Apply(id).status, PlanStatus::kVerified);
    return id;
  }
  static Plan Updates(std::vector<Change> changes) {
    Plan plan;
    plan.client = "Alpenglow";
    plan.title = "updates";
    plan.created_by = "anna";
    plan.changes = std::move(changes);
    return plan;
  }
  static Change Update(const std::string& address, const std::string& id, Fields before,
                       Fields after, Reason reason = Reason::kManual) {
    Change change;
    change.account = kAccount;
    change.address = address;
    change.id = id;
    change.before = std::move(before);
    change.after = std::move(after);
    change.reason = reason;
    return change;
  }
  static Change Budget(const std::string& id, Money before, Money after) {
    return Update("campaign/" + id, id, {{"daily_budget", before}}, {{"daily_budget", after}});
  }
  Plan Budget(Money before, Money after, Reason reason) {
    Change change = Budget("100", before, after);
    change.address = "spring";
    change.reason = reason;
    return Updates({change});
  }
  /// A campaign that somebody made on the platform.
  std::string Theirs(Money budget, std::string_view status = kActive) {
    return fake_->Add({Level::kCampaign,
                       "",
                       "",
                       "",
                       {{"name", std::string("theirs")},
                        {"status", std::string(status)},
                        {"daily_budget", budget}}});
  }

  VirtualClock clock_{Instant(std::chrono::seconds(1'790'000'000))};
  std::unique_ptr<CampaignStore> store_ = std::move(*CampaignStore::Open(":memory:"));
  std::shared_ptr<FakePlatform> fake_ = std::make_shared<FakePlatform>();
  std::shared_ptr<const Connector> connector_ =
      std::make_shared<Connector>(Connector{fake_, fake_});
  std::optional<Instant> learnt_at_ = clock_.Now();
  std::atomic<bool> halted_ = false;
  Policy policy_{"Alpenglow", kEur, Money::Zero(kEur), {}, 2'000, 20, 36, {Reason::kReallocate}};
  Door door_;
};

}  // namespace maxopt
