// The connector against the simulated Marketing API: what one writes the other reads, over many
// days and through faults of the wire.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "connect/meta/sim_for_test.h"

namespace maxopt {
namespace {

using namespace meta_test;

TEST(MetaSimTest, WhatIsWrittenIsReadBack) {
  World world;
  const Tree tree = Launch(world, false);
  const std::string image = world.Apply(PictureChange());  // the same bytes: the same picture
  EXPECT_EQ(world.Count(Level::kAsset), 1);
  ExpectAs(world.FindOne(Level::kCampaign, tree.campaign), CampaignChange());
  ExpectAs(world.FindOne(Level::kAdGroup, tree.group), GroupChange(tree.campaign));
  ExpectAs(world.FindOne(Level::kAd, tree.ad), AdChange(tree.group, image));
  ExpectAs(world.FindOne(Level::kAsset, image), PictureChange());

  const auto account = world.reader().ReadAccount(kAccount, After(1h));
  ASSERT_TRUE(account) << account.error().what;
  EXPECT_EQ(account->info.currency, kEur);
  ASSERT_EQ(account->entities.size(), 3u);
  EXPECT_EQ(account->entities[2].parent_id, tree.group);
  EXPECT_EQ(account->entities[2].campaign_id, tree.campaign);
  for (const Entity& entity : account->entities) {
    EXPECT_EQ(TextField(entity.fields, "status"), "paused");
    EXPECT_TRUE(CheckFields(entity.level, entity.fields));
  }
  const auto accounts = world.reader().ListAccounts(After(1h));
  ASSERT_TRUE(accounts) << accounts.error().what;
  EXPECT_EQ(accounts->size(), 1u);
}

// Over sockets the links to further pages carry the server's own address.
TEST(MetaSimTest, TheSameOverSockets) {
  World world;
  const auto server =
      http::Serve([&](const http::Request& request) { return world.server->Handle(request); });
  ASSERT_TRUE(server);
  world.wire = http::MakeCurlTransport();
  world.connector = world.Connect("v26.0", (*server)->origin());
  const Tree tree = Launch(world, false);
  for (int i = 0; i < 210; ++i) {
    world.Apply(CampaignChange(("many/" + std::to_string(i)).c_str()));
  }
  ExpectAs(world.FindOne(Level::kAdGroup, tree.group), GroupChange(tree.campaign));
  const auto account = world.reader().ReadAccount(kAccount, After(1h));
  ASSERT_TRUE(account) << account.error().what;
  EXPECT_EQ(account->entities.size(), 213u);  // two pages of campaigns
}

TEST(MetaSimTest, UpdatesAndRemoval) {
  World world;
  const Tree tree = Launch(world, false);
  world.Apply(Update(Level::kCampaign, tree.campaign, {{"daily_budget", Eur(12'345)}}));
  world.Apply(Update(Level::kAdGroup, tree.group,
                     {{"countries", Texts{"CH"}}, {"conversion_event", Str("lead")}}));
  EXPECT_EQ(world.FindOne(Level::kCampaign, tree.campaign).fields.at("daily_budget"),
            FieldValue(Eur(12'345)));
  const Entity group = world.FindOne(Level::kAdGroup, tree.group);
  EXPECT_EQ(group.fields.at("countries"), FieldValue(Texts{"CH"}));
  EXPECT_EQ(group.fields.at("genders"), FieldValue(Texts{"female"}));
  EXPECT_EQ(TextField(group.fields, "conversion_event"), "lead");
  EXPECT_EQ(TextField(group.fields, "pixel_id"), "777");

  world.Apply(Update(Level::kAd, tree.ad, {{"status", Str("removed")}}));
  EXPECT_EQ(TextField(world.FindOne(Level::kAd, tree.ad).fields, "status"), "removed");
  const auto by_marker = world.reader().Find(
      {.account = kAccount, .level = Level::kAd, .marker = MarkerOf("spring/ad"), .ids = {}},
      After(1h));
  ASSERT_TRUE(by_marker) << by_marker.error().what;
  EXPECT_EQ(by_marker->size(), 1u);  // removed ones too
  EXPECT_EQ(world.reader().ReadAccount(kAccount, After(1h))->entities.size(), 2u);
}

TEST(MetaSimTest, ValidateWritesNothing) {
  World world;
  const Tree tree = Launch(world, false);
  const auto objects = world.server->Objects(kAccount).size();
  const std::string image = world.Apply(PictureChange());
  for (const Change& change :
       {CampaignChange("other"), GroupChange(tree.campaign), AdChange(tree.group, image),
        Update(Level::kCampaign, tree.campaign, {{"daily_budget", Eur(5'000)}})}) {
    const auto valid = world.writer().Validate(change, After(1h));
    EXPECT_TRUE(valid) << valid.error().what;
  }
  const auto too_low = world.writer().Validate(
      Update(Level::kCampaign, tree.campaign, {{"daily_budget", Eur(1)}}), After(1h));
  ASSERT_FALSE(too_low);
  EXPECT_EQ(too_low.error().code, Errc::kInvalidArgument);
  EXPECT_EQ(too_low.error().platform_code, "100/1885272");
  EXPECT_EQ(world.server->Objects(kAccount).size(), objects);
}

TEST(MetaSimTest, ReportsAgreeWithEachOther) {
  World world;
  const Tree tree = Launch(world, true);
  world.clock->AdvanceTo(At("2026-10-20T10:00:00Z"));
  MetricQuery query;
  query.from = *ParseDay("2026-09-01");
  query.to = *ParseDay("2026-10-15");  // 45 days: run on Meta's side

  Money total = Money::Zero(kEur);
  for (const Level level : {Level::kAccount, Level::kCampaign, Level::kAdGroup, Level::kAd}) {
    query.level = level;
    const MetricReport report = world.Metrics(query);
    Money sum = Money::Zero(kEur);
    double conversions = 0;
    std::set<Day> days;
    for (const MetricRow& row : report.rows) {
      sum += row.spend;
      conversions += row.conversions_claimed.value_or(0);
      days.insert(row.day);
    }
    if (level == Level::kAccount) total = sum;
    EXPECT_GT(sum.micros(), 0);
    EXPECT_EQ(sum, total) << LevelName(level);
    EXPECT_GT(conversions, 0);
    EXPECT_GE(days.size(), 43u);
  }
  EXPECT_FALSE(total.negative());

  // One week, directly: each cut sums to the whole, to a cent a row.
  query.level = Level::kCampaign;
  query.from = *ParseDay("2026-10-05");
  query.to = *ParseDay("2026-10-11");
  Money week = Money::Zero(kEur);
  for (const MetricRow& row : world.Metrics(query).rows) week += row.spend;
  for (const Breakdown breakdown : world.reader().capabilities().breakdowns) {
    query.breakdown = breakdown;
    const MetricReport report = world.Metrics(query);
    Money sum = Money::Zero(kEur);
    for (const MetricRow& row : report.rows) {
      sum += row.spend;
      EXPECT_EQ(row.segment.empty(), breakdown == Breakdown::kNone);
    }
    const auto rows = static_cast<std::int64_t>(report.rows.size());
    EXPECT_LE(std::abs((sum - week).micros()), 10'000 * rows) << BreakdownName(breakdown);
  }
  query.breakdown = Breakdown::kNone;
  query.grain = Grain::kHour;
  const MetricReport hours = world.Metrics(query);
  std::set<int> seen;
  for (const MetricRow& row : hours.rows) seen.insert(row.hour.value_or(-1));
  EXPECT_FALSE(seen.contains(-1));
  EXPECT_GT(seen.size(), 12u);

  // What a removed campaign has spent stays in the reports.
  query.grain = Grain::kDay;
  const auto before = world.Metrics(query).rows.size();
  world.Apply(Update(Level::kCampaign, tree.campaign, {{"status", Str("removed")}}));
  EXPECT_EQ(world.Metrics(query).rows.size(), before);
}

TEST(MetaSimTest, ReviewAndHistory) {
  World world;
  const Tree tree = Launch(world, true);
  EXPECT_EQ(TextField(world.FindOne(Level::kAd, tree.ad).fields, "review_status"), "pending");
  world.clock->AdvanceTo(At("2026-09-03T06:00:00Z"));
  EXPECT_EQ(TextField(world.FindOne(Level::kAd, tree.ad).fields, "review_status"), "approved");
  ASSERT_TRUE(world.server->HumanEdit(kAccount, Level::kCampaign, tree.campaign,
                                      {{"daily_budget", Eur(99'00)}}, "ann@client.example"));
  const auto events = world.reader().ReadHistory(
      {.account = kAccount, .from = At("2026-09-01T00:00:00Z"), .to = At("2026-09-03T23:00:00Z")},
      After(1h));
  ASSERT_TRUE(events) << events.error().what;
  ASSERT_FALSE(events->empty());
  EXPECT_TRUE(std::ranges::is_sorted(*events, {}, &HistoryEvent::at));
  const HistoryEvent& last = events->back();
  EXPECT_EQ(last.id, tree.campaign);
  EXPECT_EQ(last.level, Level::kCampaign);
  EXPECT_EQ(last.operation, "update");
  EXPECT_NE(last.actor.find("ann"), std::string::npos) << last.actor;
  EXPECT_FALSE(last.ours);
  int ours = 0;
  for (const HistoryEvent& event : *events) ours += event.ours;
  EXPECT_GE(ours, 4);
}

TEST(MetaSimTest, AVersionPastItsEndSaysSo) {
  World world({{"v26.0", std::nullopt}, {"v21.0", At("2026-01-21T00:00:00Z")}});
  const auto read = world.Connect("v21.0").reader->ReadAccount(kAccount, After(1h));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().platform_code, "2635");
  EXPECT_EQ(read.error().code, Errc::kInvalidArgument);
}

// Every write of a launch, each time with one fault: what the connector says must be true.
TEST(MetaSimTest, TheOutcomeOfAWriteIsNeverMisstated) {
  using enum sim::Fault;
  for (const sim::Fault fault : {kDropRequest, kDropResponse, kServerError, kServerErrorBefore,
                                 kHtml, kEmptyBody, kTruncatedBody, kThrottle, kTokenExpired}) {
    World world;
    const Tree tree = Launch(world, false);
    const std::string image = world.Apply(PictureChange());
    Change campaign = CampaignChange("second");
    Change group = GroupChange(tree.campaign);
    group.key = "second/group";
    Change ad = AdChange(tree.group, image);
    ad.key = "second/ad";
    for (const Change& change : {campaign, group, ad}) {
      const int before = world.Count(change.level);
      world.faults.Clear();
      const char* path = change.level == Level::kCampaign  ? "/campaigns"
                         : change.level == Level::kAdGroup ? "/adsets"
                                                           : "/ads";
      world.faults.Add({.fault = fault, .method = "POST", .path = path});
      const auto applied = world.writer().Apply(change, After(1h));
      world.faults.Clear();
      const int made = world.Count(change.level) - before;
      const std::string what =
          std::string(sim::FaultName(fault)) + " " + std::string(LevelName(change.level));
      ASSERT_LE(made, 1) << what;
      ASSERT_FALSE(applied) << what;
      if (applied.error().code != Errc::kUnknownOutcome) {
        EXPECT_EQ(made, 0) << what;
        continue;
      }
      // Unknown: reading back tells, and a second try after "not there" makes exactly one.
      const auto found = world.reader().Find(
          {.account = kAccount, .level = change.level, .marker = MarkerOf(change.key), .ids = {}},
          After(1h));
      ASSERT_TRUE(found) << what << ": " << found.error().what;
      EXPECT_EQ(static_cast<int>(found->size()), made) << what;
      if (found->empty()) world.Apply(change);
      EXPECT_EQ(world.Count(change.level) - before, 1) << what;
    }
  }
}

// An ad is two writes. A fault of the first leaves no ad, and another try makes exactly one.
TEST(MetaSimTest, ALostCreativeDoesNotCostAnAd) {
  using enum sim::Fault;
  for (const sim::Fault fault : {kDropRequest, kDropResponse, kServerError, kHtml, kThrottle}) {
    World world;
    const Tree tree = Launch(world, false);
    Change ad = AdChange(tree.group, world.Apply(PictureChange()));
    ad.key = "second/ad";
    world.faults.Add({.fault = fault, .method = "POST", .path = "/adcreatives"});
    ASSERT_FALSE(world.writer().Apply(ad, After(1h))) << sim::FaultName(fault);
    EXPECT_EQ(world.Count(Level::kAd), 1);
    world.Apply(ad);
    EXPECT_EQ(world.Count(Level::kAd), 2);
  }
}

TEST(MetaSimTest, ReadsComeThroughFaultsWholeOrNotAtAll) {
  World world;
  Launch(world, true);
  for (int i = 0; i < 30; ++i) {
    world.Apply(CampaignChange(("many/" + std::to_string(i)).c_str()));
  }
  world.clock->AdvanceTo(At("2026-09-20T10:00:00Z"));
  MetricQuery query;
  query.account = kAccount;
  query.from = *ParseDay("2026-09-05");
  query.to = *ParseDay("2026-09-10");
  const auto rows = world.Metrics(query).rows.size();
  int whole = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    auto chances = sim::Swarm(seed);
    for (auto& [fault, chance] : chances) chance *= 5;
    chances.erase(sim::Fault::kTokenExpired);  // ends a connection, and rightly
    chances.erase(sim::Fault::kSlow);          // takes real time
    world.faults.SetRandom(seed, chances);
    const auto tree = world.reader().ReadAccount(kAccount, After(1h));
    if (tree) {
      EXPECT_EQ(tree->entities.size(), 33u);
      ++whole;
    }
    const auto report = world.reader().ReadMetrics(query, After(1h));
    if (report && report->complete) {
      EXPECT_EQ(report->rows.size(), rows);
      ++whole;
    }
  }
  EXPECT_GE(whole, 22);  // of 24
}

}  // namespace
}  // namespace maxopt
