// Promise I10: when faults stop, the store equals the platform's truth for every day that is over;
// and while they last, nothing that is loaded is wrong.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "connect/registry/registry.h"
#include "memory/facts/quality.h"
#include "sim/world/world.h"
#include "stages/monitor/monitor.h"

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr Platform kPlatforms[] = {Platform::kGoogleAds, Platform::kMeta, Platform::kTikTok};

/// A world with two weeks of delivery, and a store that watches it.
class CollectSim : public testing::Test {
 protected:
  static void SetUpTestSuite() {}

  CollectSim() {
    sim::WorldOptions options;
    options.seed = 7;
    options.first_day = *ParseDay("2026-03-01");
    auto world = sim::World::Make(options);
    EXPECT_TRUE(world) << world.error().what;
    world_ = std::move(*world);
    auto history = sim::LiveThroughHistory(*world_, {.days = 9});
    EXPECT_TRUE(history) << history.error().what;
    clock_ = std::shared_ptr<Clock>(&world_->clock(), [](Clock*) {});
    EXPECT_TRUE(store_->SaveClient({"A", kEur, "Europe/Berlin"}));
    for (const Platform platform : kPlatforms) {
      infos_[platform] = {world_->account(platform), "a", kEur, "Europe/Berlin", "active"};
      EXPECT_TRUE(store_->SaveAccount({"A", infos_[platform]}));
      Connect(platform, world_->version(platform));
    }
    world_->AdvanceTo(world_->clock().Now() + hours(9));
  }

  void Connect(Platform platform, const std::string& version) {
    Connection connection;
    connection.client = "A";
    connection.account = world_->account(platform);
    connection.base_url = world_->origin(platform);
    connection.token_url = world_->origin(platform) + "/token";
    connection.version = version;
    connection.secrets = world_->credentials(platform);
    connection.calls_per_second = 1000;
    const auto manager = connection.secrets.find("manager_id");
    if (manager != connection.secrets.end()) {
      connection.settings["login_customer_id"] = manager->second;
      connection.secrets.erase(manager);
    }
    auto connector = MakeConnector(connection, world_->transport(), clock_);
    ASSERT_TRUE(connector) << connector.error().what;
    readers_[platform] = connector->reader;
    writers_[platform] = connector->writer;
  }

  MonitorReport Round(MonitorDepth depth = MonitorDepth::kDay) {
    const MonitorWorld world{
        store_.get(), facts_.get(), clock_.get(),
        [this](const AccountId& id) -> Result<std::shared_ptr<PlatformReader>> {
          return readers_.at(id.platform);
        }};
    auto report = Monitor(world, "A", {.depth = depth});
    EXPECT_TRUE(report) << report.error().what;
    return report ? *report : MonitorReport{};
  }

  Day Today() const { return Zone::Find("Europe/Berlin")->DayOf(world_->clock().Now()); }

  /// Spend in micros by campaign, of one day that is over, as the platform has it.
  std::map<std::string, std::int64_t> TruthOf(Platform platform, Day day) {
    std::map<std::string, std::int64_t> sums;
    for (const auto& row : world_->market().Report(
             {world_->account(platform), day, day, Breakdown::kNone, world_->clock().Now()})) {
      sums[row.campaign_id] += row.spend_micros;
    }
    std::erase_if(sums, [](const auto& one) { return one.second == 0; });
    return sums;
  }
  /// Every day that is known is what the platform has; with `all`, every day is known.
  void ExpectTruth(bool all, const std::string& when) {
    for (const Platform platform : kPlatforms) {
      const auto slices =
          facts_->Slices(world_->account(platform), Today() - days(9), Today() - days(1), true);
      ASSERT_TRUE(slices);
      std::map<Day, int> seen;
      for (const SliceInfo& slice : *slices) {
        if (!slice.read_at || slice.grain != Grain::kDay) continue;
        if (slice.breakdown != Breakdown::kNone ||
            (slice.level != Level::kCampaign && slice.level != Level::kAd)) {
          continue;
        }
        auto spend = slice.spend;
        std::erase_if(spend, [](const auto& one) { return one.second == 0; });
        EXPECT_EQ(spend, TruthOf(platform, slice.day))
            << when << ": " << PlatformName(platform) << " " << LevelName(slice.level) << " "
            << PrintDay(slice.day);
        ++seen[slice.day];
      }
      if (!all) continue;
      for (Day day = Today() - days(9); day < Today(); day += days(1)) {
        EXPECT_EQ(seen[day], 2) << when << ": " << PlatformName(platform) << PrintDay(day);
      }
    }
  }

  /// With the fault on every platform: nothing wrong is loaded, and what is missing is told. Then
  /// without: everything is there.
  void Withstand(const sim::FaultRule& rule) {
    facts_ = std::move(*FactStore::Open(":memory:"));
    for (const Platform platform : kPlatforms) world_->faults(platform).Add(rule);
    const MonitorReport faulty = Round();
    const std::string when(sim::FaultName(rule.fault));
    ExpectTruth(faulty.complete(), when);
    for (const Platform platform : kPlatforms) world_->faults(platform).Clear();
    // A refused grant or a breaker may have to cool down.
    world_->AdvanceTo(world_->clock().Now() + hours(2));
    const MonitorReport calm = Round();
    for (const AccountPull& pull : calm.accounts) {
      EXPECT_TRUE(pull.problems.empty()) << when << " after: " << pull.problems[0];
    }
    ExpectTruth(true, when + " after");
  }

  std::unique_ptr<sim::World> world_;
  std::shared_ptr<Clock> clock_;
  std::map<Platform, AccountInfo> infos_;
  std::map<Platform, std::shared_ptr<PlatformReader>> readers_;
  std::map<Platform, std::shared_ptr<PlatformWriter>> writers_;
  std::unique_ptr<CampaignStore> store_ = std::move(*CampaignStore::Open(":memory:"));
  std::unique_ptr<FactStore> facts_ = std::move(*FactStore::Open(":memory:"));
};

TEST_F(CollectSim, F27RestatedDaysConvergeToThePlatformsTruth) {
  const MonitorReport first = Round();
  for (const AccountPull& pull : first.accounts) {
    EXPECT_TRUE(pull.problems.empty()) << PrintAccount(pull.account) << ": " << pull.problems[0];
    EXPECT_TRUE(pull.postponed.empty());
  }
  ExpectTruth(true, "first");
  // Up, down, to nothing; each three platforms.
  for (const Platform platform : kPlatforms) {
    const Instant now = world_->clock().Now();
    const AccountId account = world_->account(platform);
    world_->market().AddRestatement({account, Today() - days(8), now, 150, 100});
    world_->market().AddRestatement({account, Today() - days(5), now, 40, 0});
    world_->market().AddRestatement({account, Today() - days(3), now, 0, 100});
    EXPECT_TRUE(TruthOf(platform, Today() - days(3)).empty());
  }
  world_->AdvanceTo(world_->clock().Now() + hours(24));
  const MonitorReport second = Round();
  EXPECT_TRUE(second.complete());
  ExpectTruth(true, "restated");
  // Cuts follow their days, so everything agrees.
  for (const Platform platform : kPlatforms) {
    const auto judged = DataQuality(*facts_, infos_[platform], Today() - days(9), Today() - days(1),
                                    world_->clock().Now());
    ASSERT_TRUE(judged);
    for (const DayQuality& day : *judged) {
      EXPECT_EQ(day.reconciliation.state, QualityState::kOk)
          << PlatformName(platform) << " " << PrintDay(day.day) << " " << day.reconciliation.why;
    }
  }
}

TEST_F(CollectSim, SearchTermsAndAudiencesSumToTheirCampaigns) {
  const AccountId google = world_->account(Platform::kGoogleAds);
  const auto deadline = http::After(std::chrono::minutes(1));
  // One ad group gets an audience, as a person's plan would give it one.
  const auto tree = readers_[Platform::kGoogleAds]->ReadAccount(google, deadline);
  ASSERT_TRUE(tree) << tree.error().what;
  Change change{};
  change.key = "audience";
  change.account = google;
  change.level = Level::kAdGroup;
  for (const Entity& entity : tree->entities) {
    if (entity.level == Level::kAdGroup && change.id.empty()) change.id = entity.id;
  }
  change.after = {{"audiences", std::vector<std::string>{"4001"}}};
  const auto applied = writers_[Platform::kGoogleAds]->Apply(change, deadline);
  ASSERT_TRUE(applied) << applied.error().what;
  world_->AdvanceTo(world_->clock().Now() + hours(72));
  ASSERT_TRUE(Round().complete());

  const auto expect_whole = [&] {
    const auto slices = facts_->Slices(google, Today() - days(12), Today() - days(1), true);
    ASSERT_TRUE(slices);
    std::map<Day, std::map<Breakdown, std::map<std::string, std::int64_t>>> spend;
    for (const SliceInfo& slice : *slices) {
      if (slice.level == Level::kCampaign && slice.grain == Grain::kDay) {
        spend[slice.day][slice.breakdown] = slice.spend;
      }
    }
    for (const auto& [day, by] : spend) {
      for (const Breakdown cut :
           {Breakdown::kKeyword, Breakdown::kSearchTerm, Breakdown::kAudience}) {
        ASSERT_TRUE(by.contains(cut)) << PrintDay(day) << " " << BreakdownName(cut);
        EXPECT_EQ(by.at(cut), by.at(Breakdown::kNone)) << PrintDay(day) << BreakdownName(cut);
      }
    }
  };
  expect_whole();
  FactQuery query;
  query.measures = {"spend", "conversions"};
  query.filters = {{"account", {PrintAccount(google)}}};
  query.from = Today() - days(2);
  query.to = Today() - days(1);
  const auto parts = [&](const char* by) {
    query.dimensions = {by};
    std::map<std::string, double> sums;
    const auto table = facts_->Query(query);
    EXPECT_TRUE(table) << table.error().what;
    for (const auto& row : table->rows) {
      sums[row[table->Column(by)].text] += static_cast<double>(row[table->Column("spend")].integer);
    }
    return sums;
  };
  const auto terms = parts("search_term");
  EXPECT_GT(terms.size(), 20U);
  double whole = 0;
  for (const auto& [term, spend] : terms) whole += spend;
  ASSERT_TRUE(terms.contains(std::string(kNoneTold)));
  EXPECT_GT(terms.at(std::string(kNoneTold)), 0.01 * whole);
  EXPECT_LT(terms.at(std::string(kNoneTold)), 0.6 * whole);
  const auto audiences = parts("audience");
  ASSERT_TRUE(audiences.contains("user_list:4001"));
  EXPECT_TRUE(audiences.contains(std::string(kNoneTold)));  // of the other campaign
  // Restated days are cut again, to nothing as well.
  const Instant now = world_->clock().Now();
  world_->market().AddRestatement({google, Today() - days(2), now, 40, 100});
  world_->market().AddRestatement({google, Today() - days(4), now, 0, 100});
  world_->AdvanceTo(now + hours(2));
  ASSERT_TRUE(Round().complete());
  expect_whole();
  for (const Platform platform : kPlatforms) {
    const auto judged = DataQuality(*facts_, infos_[platform], Today() - days(8), Today() - days(1),
                                    world_->clock().Now());
    ASSERT_TRUE(judged);
    for (const DayQuality& day : *judged) {
      EXPECT_EQ(day.reconciliation.state, QualityState::kOk)
          << PlatformName(platform) << " " << PrintDay(day.day) << " " << day.reconciliation.why;
    }
  }
  // Who lacks a cut says why.
  for (const Platform platform : {Platform::kMeta, Platform::kTikTok}) {
    const auto& lacking = readers_[platform]->capabilities().not_offered;
    for (const Breakdown cut : {Breakdown::kSearchTerm, Breakdown::kAudience}) {
      EXPECT_TRUE(std::any_of(lacking.begin(), lacking.end(), [&](const NotOffered& one) {
        return one.breakdown == cut && !one.why.empty();
      })) << PlatformName(platform);
    }
  }
}

TEST_F(CollectSim, F30ReportsThatLeaveAdsOutAreSeen) {
  // Which ads are left out is the market's luck; where any are, it must be seen.
  const Instant now = world_->clock().Now();
  std::map<Platform, bool> lacks;
  for (const Platform platform : kPlatforms) {
    const AccountId account = world_->account(platform);
    world_->market().AddDroppedRows({account, Breakdown::kDevice, now, now + hours(100)});
    std::map<Breakdown, std::int64_t> sums;
    for (const Breakdown breakdown : {Breakdown::kNone, Breakdown::kDevice}) {
      for (const auto& row : world_->market().Report(
               {account, Today() - days(6), Today() - days(1), breakdown, now})) {
        sums[breakdown] += row.spend_micros;
      }
    }
    lacks[platform] = sums[Breakdown::kDevice] != sums[Breakdown::kNone];
  }
  ASSERT_TRUE(lacks[kPlatforms[0]] || lacks[kPlatforms[1]] || lacks[kPlatforms[2]]);
  Round();
  for (const Platform platform : kPlatforms) {
    const auto hold = DecisionHold(*facts_, {infos_[platform]},
                                   {.from = Today() - days(6), .to = Today() - days(1)}, now);
    ASSERT_TRUE(hold);
    EXPECT_EQ(hold->held(), lacks[platform]) << PlatformName(platform);
  }
}

TEST_F(CollectSim, F32AnErrorDressedAsAnAnswerIsNeverNoRows) {
  for (const sim::Fault fault : {sim::Fault::kErrorIn200, sim::Fault::kHtml, sim::Fault::kEmptyBody,
                                 sim::Fault::kTruncatedBody, sim::Fault::kTruncatedGzip}) {
    // Every third call from the fourth on is spoilt for good, so nothing is complete.
    Withstand({.fault = fault, .nth = 4, .times = 0});
  }
}

TEST_F(CollectSim, F33AThrottleWithFriendlyHeadersCostsFewCalls) {
  sim::FaultPlan& plan = world_->faults(Platform::kMeta);
  plan.Add({.fault = sim::Fault::kThrottleLowHeader, .path = "insights", .nth = 3, .times = 0});
  const MonitorReport report = Round();
  const AccountPull& pull = report.accounts.at(1);
  ASSERT_EQ(pull.account.platform, Platform::kMeta);
  EXPECT_GE(pull.reports, 1);  // a report may be several requests
  EXPECT_FALSE(pull.postponed.empty());
  // One reading met it; its attempts are all that was sent.
  EXPECT_LE(plan.injected().size(), 5u);
  plan.Clear();
  world_->AdvanceTo(world_->clock().Now() + hours(1));
  EXPECT_TRUE(Round().complete());
  ExpectTruth(true, "throttle");
}

TEST_F(CollectSim, F34AVersionThatHasEndedLosesNothingAndAnotherLineGoesOn) {
  ASSERT_TRUE(Round().complete());
  const AccountId google = world_->account(Platform::kGoogleAds);
  const std::string old = world_->version(Platform::kGoogleAds);
  world_->faults(Platform::kGoogleAds)
      .Add({.fault = sim::Fault::kVersionSunset, .path = "/" + old + "/", .times = 0});
  world_->AdvanceTo(world_->clock().Now() + hours(24));
  const MonitorReport ended = Round();
  ASSERT_FALSE(ended.accounts.at(0).problems.empty());
  EXPECT_NE(ended.accounts[0].problems[0].find("UNSUPPORTED_VERSION"), std::string::npos)
      << ended.accounts[0].problems[0];
  // The others go on, and what was known stays known.
  EXPECT_TRUE(ended.accounts[1].problems.empty());
  const auto kept = facts_->Slices(google, Today() - days(5), Today() - days(2), true);
  ASSERT_TRUE(kept);
  for (const SliceInfo& slice : *kept) {
    if (slice.level == Level::kCampaign && slice.grain == Grain::kDay &&
        slice.breakdown == Breakdown::kNone) {
      EXPECT_FALSE(slice.spend.empty());
    }
  }
  // Yesterday is not whole, so nothing is decided on it.
  EXPECT_TRUE(DecisionHold(*facts_, {infos_[Platform::kGoogleAds]},
                           {.from = Today() - days(6), .to = Today() - days(1)},
                           world_->clock().Now())
                  ->held());
  // One line of the connection: the next version that the platform serves.
  Connect(Platform::kGoogleAds, "v24");
  EXPECT_TRUE(Round().accounts.at(0).problems.empty());
  ExpectTruth(true, "upgraded");
}

TEST_F(CollectSim, RandomFaultsOfReportsConverge) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    facts_ = std::move(*FactStore::Open(":memory:"));
    for (const Platform platform : kPlatforms) {
      world_->faults(platform).SetRandom(seed, sim::ReportSwarm(seed));
    }
    ExpectTruth(Round().complete(), fmt::format("seed {}", seed));
    for (const Platform platform : kPlatforms) world_->faults(platform).Clear();
    world_->AdvanceTo(world_->clock().Now() + hours(2));
    EXPECT_TRUE(Round().complete()) << seed;
    ExpectTruth(true, fmt::format("seed {} after", seed));
  }
}

}  // namespace
}  // namespace maxopt
