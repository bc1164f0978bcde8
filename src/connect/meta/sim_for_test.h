#pragma once
// For this folder's tests: the connector over the simulated Marketing API.
#include <gtest/gtest.h>

#include <map>

#include "connect/meta/meta.h"
#include "connect/writer.h"
#include "sim/faults/faults.h"
#include "sim/market/market.h"
#include "sim/meta/meta.h"

namespace maxopt::meta_test {

using http::After;
using namespace std::chrono_literals;
using Texts = std::vector<std::string>;

inline const AccountId kAccount{Platform::kMeta, "42"};
constexpr const char* kOrigin = "http://meta.sim";

inline Instant At(const char* text) { return *ParseInstant(text); }
inline std::string Str(const char* text) { return text; }
inline Money Eur(std::int64_t cents) { return Money::Micros(cents * 10'000, kEur); }

/// A picture's header and nothing behind it, in base64: PNG, 1200 x 628.
constexpr const char* kPicture = "iVBORw0KGgoAAAANSUhEUgAABLAAAAJ0CAI=";

struct World {
  explicit World(std::map<std::string, std::optional<Instant>> versions = {{"v26.0", std::nullopt}},
                 Currency currency = kEur)
      : clock(std::make_shared<VirtualClock>(At("2026-09-01T06:00:00Z"))),
        market(sim::Market::Make({.seed = 7,
                                  .start = At("2026-08-31T22:00:00Z"),
                                  .currency = kEur,
                                  .shop_zone = "Europe/Berlin",
                                  .brand_terms = {},
                                  .noise = 1.0})),
        faults(Platform::kMeta) {
    sim::ServerOptions options;
    options.accounts.push_back({{kAccount, currency, *Zone::Find("Europe/Berlin")}, "Shop"});
    options.versions = std::move(versions);
    options.secrets = {{"access_token", "good"}, {"app_secret", "s3cret"}};
    server = sim::MakeMetaServer(*market, *clock, options);
    wire = http::MakeLoopbackTransport(
        {{kOrigin,
          sim::WithFaults([this](const http::Request& request) { return server->Handle(request); },
                          faults)}});
    connector = Connect("v26.0");
  }
  Connector Connect(const std::string& version, const std::string& origin = kOrigin) {
    Connection connection;
    connection.account = kAccount;
    connection.base_url = origin;
    connection.version = version;
    connection.settings = {{"page_id", "99"}, {"pixel_id", "777"}};
    connection.secrets = {{"access_token", "good"}, {"app_secret", "s3cret"}};
    connection.calls_per_second = 1000;
    auto made = MakeMetaConnector(connection, wire, clock);
    EXPECT_TRUE(made) << made.error().what;
    return made ? *made : Connector{};
  }
  PlatformReader& reader() { return *connector.reader; }
  PlatformWriter& writer() { return *connector.writer; }

  std::string Apply(const Change& change) {
    const auto applied = writer().Apply(change, After(1h));
    EXPECT_TRUE(applied) << applied.error().what;
    return applied ? applied->id : "";
  }
  Entity FindOne(Level level, const std::string& id) {
    const auto found =
        reader().Find({.account = kAccount, .level = level, .marker = {}, .ids = {id}}, After(1h));
    EXPECT_TRUE(found && found->size() == 1) << (found ? "" : found.error().what);
    return found && found->size() == 1 ? found->front() : Entity{};
  }
  int Count(Level level) const {
    int count = 0;
    for (const auto& object : server->Objects(kAccount)) count += object.level == level;
    return count;
  }
  MetricReport Metrics(MetricQuery query) {
    query.account = kAccount;
    auto report = reader().ReadMetrics(query, After(1h));
    EXPECT_TRUE(report) << report.error().what;
    EXPECT_TRUE(!report || report->complete);
    return report ? *std::move(report) : MetricReport{};
  }

  std::shared_ptr<VirtualClock> clock;
  std::unique_ptr<sim::Market> market;
  sim::FaultPlan faults;
  std::unique_ptr<sim::PlatformServer> server;
  std::shared_ptr<http::Transport> wire;
  Connector connector;
};

inline Change Create(Level level, const char* key, Fields after, std::string parent = "") {
  Change change;
  change.key = key;
  change.action = ChangeAction::kCreate;
  change.account = kAccount;
  change.level = level;
  change.parent_id = std::move(parent);
  change.after = std::move(after);
  return change;
}
inline Change Update(Level level, const std::string& id, Fields after) {
  Change change = Create(level, "update", std::move(after));
  change.action = ChangeAction::kUpdate;
  change.id = id;
  return change;
}

inline Change CampaignChange(const char* key = "spring/campaign") {
  return Create(Level::kCampaign, key,
                {{"name", Str("Spring")},
                 {"status", Str("paused")},
                 {"objective", Str("sales")},
                 {"channel_type", Str("social")},
                 {"daily_budget", Eur(20'000)},
                 {"bid_strategy", Str("lowest_cost")},
                 {"special_categories", Texts{}},
                 {"eu_political", false}});
}
inline Change GroupChange(const std::string& campaign) {
  return Create(Level::kAdGroup, "spring/group",
                {{"name", Str("Core")},
                 {"status", Str("paused")},
                 {"countries", Texts{"DE", "AT"}},
                 {"languages", Texts{"de", "en"}},
                 {"age_min", std::int64_t{25}},
                 {"age_max", std::int64_t{54}},
                 {"genders", Texts{"female"}},
                 {"placements", Texts{"facebook:feed", "instagram"}},
                 {"optimization_goal", Str("conversions")},
                 {"billing_event", Str("impressions")},
                 {"conversion_event", Str("purchase")},
                 {"pixel_id", Str("777")},
                 {"end_at", Str("2027-01-01 00:00:00")}},
                campaign);
}
inline Change AdChange(const std::string& group, const std::string& image) {
  return Create(Level::kAd, "spring/ad",
                {{"name", Str("Shoes")},
                 {"status", Str("paused")},
                 {"headlines", Texts{"New shoes", "Fresh shoes"}},
                 {"descriptions", Texts{"Walk far."}},
                 {"landing_url", Str("https://shop.example/shoes")},
                 {"url_tags", Str("utm_source=facebook")},
                 {"call_to_action", Str("shop_now")},
                 {"image", image},
                 {"page_id", Str("99")}},
                group);
}
inline Change PictureChange() {
  return Create(Level::kAsset, "spring/hero",
                {{"name", Str("Hero")}, {"media", Str("image")}, {"content", Str(kPicture)}});
}

struct Tree {
  std::string campaign, group, ad;
};
inline Tree Launch(World& world, bool active) {
  Tree tree;
  tree.campaign = world.Apply(CampaignChange());
  tree.group = world.Apply(GroupChange(tree.campaign));
  const std::string image = world.Apply(PictureChange());
  tree.ad = world.Apply(AdChange(tree.group, image));
  if (active) {
    world.Apply(Update(Level::kAd, tree.ad, {{"status", Str("active")}}));
    world.Apply(Update(Level::kAdGroup, tree.group, {{"status", Str("active")}}));
    world.Apply(Update(Level::kCampaign, tree.campaign, {{"status", Str("active")}}));
  }
  return tree;
}

inline void ExpectAs(const Entity& entity, const Change& change) {
  for (const auto& [field, value] : change.after) {
    if (field == "content") continue;
    ASSERT_TRUE(entity.fields.contains(field)) << field;
    const FieldValue want =
        field == "name" ? WithMarker(std::get<std::string>(value), change.key) : value;
    EXPECT_EQ(entity.fields.at(field), want) << LevelName(change.level) << " " << field;
  }
}

}  // namespace maxopt::meta_test
