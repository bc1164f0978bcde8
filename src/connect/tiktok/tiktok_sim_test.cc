// The connector against the simulated TikTok: what it accepts is told back as it was sent.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>

#include "connect/tiktok/tiktok.h"
#include "json/json.h"
#include "sim/market/market.h"
#include "sim/tiktok/tiktok.h"

namespace maxopt {
namespace {

using Json = nlohmann::json;
using List = std::vector<std::string>;
using namespace std::chrono_literals;

const AccountId kAccount{Platform::kTikTok, "7001"};
std::string Word(const char* text) { return text; }
FieldValue Eur(std::int64_t cents) { return Money::Micros(cents * 10'000, kEur); }

// A PNG of one grey pixel, and the first box of an MP4.
constexpr const char* kPixel =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";
constexpr const char* kVideo = "AAAAGGZ0eXBpc29tAAAAAGlzb21tcDQy";

class World {
 public:
  explicit World(Currency currency = kEur)
      : market(sim::Market::Make({.seed = 3,
                                  .start = clock->Now(),
                                  .currency = currency,
                                  .brand_terms = {},
                                  .noise = 0})),
        server(sim::MakeTikTokServer(
            *market, *clock,
            {.accounts = {{{kAccount, currency, Zone::Find("Europe/Berlin").value()}, "Shop"}},
             .versions = {{"v1.3", std::nullopt}},
             .secrets = {{"access_token", "t"}}})) {
    Connection connection;
    connection.account = kAccount;
    connection.base_url = "http://tiktok.sim";
    connection.settings = {{"identity_id", "66"}, {"music_id", "55"}};
    connection.secrets = {{"access_token", "t"}};
    connection.calls_per_second = 1000;
    connector =
        MakeTikTokConnector(connection,
                            http::MakeLoopbackTransport({{"http://tiktok.sim",
                                                          [this](const http::Request& request) {
                                                            return server->Handle(request);
                                                          }}}),
                            clock)
            .value();
  }

  static http::Deadline Soon() { return http::After(10min); }

  Change Create(Level level, const std::string& parent, Fields fields) {
    Change change;
    change.key = fmt::format("sim-test/{}", ++keys);
    change.action = ChangeAction::kCreate;
    change.account = kAccount;
    change.level = level;
    change.address = change.key;
    change.parent_id = parent;
    change.after = std::move(fields);
    change.after.emplace("name", Word("Made"));
    return change;
  }
  Change Update(Level level, const std::string& id, Fields fields) {
    const bool named = fields.contains("name");
    Change change = Create(level, "", std::move(fields));
    if (!named) change.after.erase("name");
    change.action = ChangeAction::kUpdate;
    change.id = id;
    return change;
  }
  Result<Applied> Apply(const Change& change) { return connector.writer->Apply(change, Soon()); }
  std::string Make(Level level, const std::string& parent, Fields fields) {
    const auto made = Apply(Create(level, parent, std::move(fields)));
    EXPECT_TRUE(made) << made.error().what;
    return made ? made->id : "";
  }
  Fields Live(Level level, const std::string& id) {
    const auto found = connector.reader->Find({kAccount, level, "", {id}}, Soon());
    EXPECT_TRUE(found && found->size() == 1u) << id;
    return found && found->size() == 1u ? found->front().fields : Fields{};
  }
  std::size_t Count() const { return server->Objects(kAccount).size(); }
  /// An object's list on the wire.
  Json Wire(const std::string& path) {
    const http::Response response =
        server->Handle({.method = "GET",
                        .url = "/open_api/v1.3/" + path + "?advertiser_id=7001",
                        .headers = {{"Access-Token", "t"}}});
    return ParseExactJson(response.body).value().at("data").at("list");
  }

  std::shared_ptr<VirtualClock> clock =
      std::make_shared<VirtualClock>(ParseInstant("2026-09-01T12:00:00Z").value());
  std::unique_ptr<sim::Market> market;
  std::unique_ptr<sim::PlatformServer> server;
  Connector connector;
  int keys = 0;
};

/// Every field that was sent is told back equal; an empty list or text may be told as none.
void ExpectSame(const Change& change, const Fields& live, const std::string& about) {
  for (const auto& [name, value] : change.after) {
    if (name == "content" || name == "sha256") continue;
    const auto at = live.find(name);
    const auto* list = std::get_if<List>(&value);
    if (at == live.end() && ((list != nullptr && list->empty()) || value == FieldValue(Word("")))) {
      continue;
    }
    ASSERT_NE(at, live.end()) << about << ": " << name << " is not told back";
    if (name == "name") {
      EXPECT_TRUE(std::get<std::string>(at->second).starts_with(std::get<std::string>(value)));
      continue;
    }
    EXPECT_TRUE(SameField(name, value, at->second))
        << about << ": " << name << " was sent as " << ShowValue(value) << " and is told as "
        << ShowValue(at->second);
  }
}

/// Values of one field, good ones and bad ones: what is bad is TikTok's or the connector's to
/// refuse, never to change.
using Table = std::vector<std::pair<const char*, std::vector<FieldValue>>>;

Table AdGroupTable(bool update) {
  Table table = {
      {"daily_budget", {Eur(2000), Eur(12'345), Eur(1999), Money::Micros(20'001'000, kEur)}},
      {"bid_strategy",
       {Word("lowest_cost"), Word("cost_cap"), Word("bid_cap"), Word("min_roas"),
        Word("maximize_value")}},
      {"bid", {Eur(123), Eur(999), Eur(100'000)}},
      {"target_roas_bp",
       {std::int64_t{100}, std::int64_t{12'300}, std::int64_t{12'345}, std::int64_t{10'000'100}}},
      {"pacing", {Word("even"), Word("asap"), Word("slow")}},
      {"frequency_cap", {std::int64_t{1}, std::int64_t{4}, std::int64_t{0}}},
      {"frequency_days", {std::int64_t{7}, std::int64_t{30}, std::int64_t{31}}},
      {"dayparts",
       {List{"mon-fri 08:00-20:00"}, List{"fri 22:00-02:00", "sun 00:00-24:00"}, List{},
        List{"all 00:00-24:00"}, List{"mon 08:30-09:00"}}},
      {"countries", {List{"DE"}, List{"AT", "CH"}, List{"XX"}, List{"DE", "FR"}}},
      {"locations", {List{"2951839"}, List{"5332921", "4736286"}, List{}, List{"2921044"}}},
      {"languages", {List{"de"}, List{"fr", "en"}, List{}}},
      {"age_min", {std::int64_t{18}, std::int64_t{25}, std::int64_t{21}, std::int64_t{55}}},
      {"age_max", {std::int64_t{34}, std::int64_t{65}, std::int64_t{40}, std::int64_t{17}}},
      {"genders", {List{"female"}, List{"male"}, List{}, List{"female", "male"}}},
      {"audiences", {List{"11"}, List{"11", "12"}, List{}}},
      {"excluded_audiences", {List{"13"}, List{"11"}, List{}}},
      {"start_at", {Word("2026-09-02 00:00:00"), Word("2026-10-25 02:30:00")}},
      {"end_at", {Word("2026-12-31 23:59:59"), Word("2026-08-01 00:00:00"), Word("soon")}},
      {"negative_keywords", {List{"exact:x"}, List{}}},
      {"excluded_locations", {List{"2950157"}, List{}}},
  };
  const Table fixed = {
      {"optimization_goal",
       {Word("conversions"), Word("value"), Word("reach"), Word("clicks"), Word("impressions")}},
      {"billing_event", {Word("impressions"), Word("clicks")}},
      {"conversion_event", {Word("purchase"), Word("begin_checkout"), Word("page_view")}},
      {"attribution_click_days",
       {std::int64_t{0}, std::int64_t{7}, std::int64_t{28}, std::int64_t{30}}},
      {"attribution_view_days", {std::int64_t{0}, std::int64_t{1}, std::int64_t{14}}},
      {"placements", {List{"PLACEMENT_TIKTOK"}, List{"PLACEMENT_MOON"}, List{}}},
  };
  if (!update) table.insert(table.end(), fixed.begin(), fixed.end());
  return table;
}

Fields Pick(const Table& table, std::mt19937& random, unsigned most) {
  Fields fields;
  const auto count = 1 + random() % most;
  for (auto i = count; i > 0; --i) {
    const auto& [name, values] = table[random() % table.size()];
    fields[name] = values[random() % values.size()];
  }
  return fields;
}

TEST(TikTokProperty, WhatIsAcceptedOfAnAdGroupIsToldBackAsSent) {
  World world;
  const std::string pixel = sim::TikTokPixelIdOf(kAccount);
  // What is tried is varied around ad groups that TikTok takes.
  struct Kind {
    std::string campaign;
    Fields base;
  };
  const auto kind = [&](const char* objective, Fields base) {
    return Kind{world.Make(Level::kCampaign, "", {{"objective", Word(objective)}}), base};
  };
  const std::vector<Kind> kinds = {
      kind("sales", {{"pixel_id", pixel}}),
      kind("sales", {{"pixel_id", pixel}, {"attribution_view_days", std::int64_t{0}}}),
      kind("sales", {{"pixel_id", pixel},
                     {"optimization_goal", Word("value")},
                     {"bid_strategy", Word("min_roas")},
                     {"target_roas_bp", std::int64_t{15'000}}}),
      kind("awareness", {{"frequency_cap", std::int64_t{3}}, {"frequency_days", std::int64_t{7}}}),
      kind("traffic", {{"bid_strategy", Word("bid_cap")}, {"bid", Eur(50)}}),
  };
  std::mt19937 random(20'260'901);
  std::map<std::string, int> accepted;
  int refused = 0;
  std::string group;
  for (int round = 0; round < 300; ++round) {
    const bool update = !group.empty() && round % 2 == 1;
    Change change;
    if (update) {
      change = world.Update(Level::kAdGroup, group, Pick(AdGroupTable(true), random, 3));
    } else {
      const Kind& some = kinds[random() % kinds.size()];
      Fields fields = Pick(AdGroupTable(false), random, 4);
      fields.insert(some.base.begin(), some.base.end());
      fields.emplace("daily_budget", Eur(5000));
      fields.emplace("countries", List{"GB"});
      change = world.Create(Level::kAdGroup, some.campaign, std::move(fields));
    }
    const std::size_t before = world.Count();
    const Fields had = update ? world.Live(Level::kAdGroup, group) : Fields{};
    const auto applied = world.Apply(change);
    if (!applied) {
      ++refused;
      EXPECT_EQ(applied.error().code, Errc::kInvalidArgument) << applied.error().what;
      EXPECT_NE(applied.error().what.find("field \""), std::string::npos) << applied.error().what;
      // Refused is not done.
      EXPECT_EQ(world.Count(), before);
      if (update) {
        EXPECT_EQ(world.Live(Level::kAdGroup, group), had) << round;
      }
      continue;
    }
    if (!update) group = applied->id;
    const Fields live = world.Live(Level::kAdGroup, applied->id);
    ExpectSame(change, live, fmt::format("round {}", round));
    EXPECT_TRUE(CheckFields(Level::kAdGroup, live));
    // What an update does not name stays.
    for (const auto& [name, value] : had) {
      const bool follows = name == "bid_strategy" || name == "bid" || name == "target_roas_bp" ||
                           name == "age_min" || name == "age_max";
      if (change.after.contains(name) || follows) continue;
      ASSERT_TRUE(live.contains(name)) << round << " " << name;
      EXPECT_EQ(live.at(name), value) << round << " " << name;
    }
    for (const auto& [name, value] : change.after) ++accepted[name];
  }
  // The table is not refused as a whole: every field that TikTok has was written and told.
  for (const auto& [name, values] : AdGroupTable(false)) EXPECT_GT(accepted[name], 0) << name;
  EXPECT_GT(refused, 50);
}

TEST(TikTokProperty, WhatIsAcceptedOfAnAdIsToldBackAsSent) {
  World world;
  std::vector<std::string> images;
  for (int i = 0; i < 4; ++i) {
    images.push_back(
        world.Make(Level::kAsset, "", {{"media", Word("image")}, {"content", Word(kPixel)}}));
  }
  const std::string video =
      world.Make(Level::kAsset, "", {{"media", Word("video")}, {"content", Word(kVideo)}});
  const std::string campaign = world.Make(Level::kCampaign, "", {{"objective", Word("traffic")}});
  const std::string group = world.Make(Level::kAdGroup, campaign,
                                       {{"daily_budget", Eur(5000)}, {"countries", List{"DE"}}});
  const Table table = {
      {"descriptions", {List{"Fresh"}, List{"Fresh", "Old"}, List{std::string(101, 'x')}}},
      {"landing_url", {Word("https://shop.example/a"), Word("no url")}},
      {"url_tags",
       {Word("utm_source=tiktok&utm_campaign=__CAMPAIGN_NAME__"), Word("odd"), Word("")}},
      {"call_to_action", {Word("shop_now"), Word("learn_more"), Word("jump")}},
      {"image", {images[0], images[1], Word("no/such")}},
      {"video", {video, Word("none")}},
      {"thumbnail", {images[2]}},
      {"images",
       {List{images[3], images[0]}, List{images[0], images[1], images[2]}, List{images[0]}}},
      {"page_id", {Word("77")}},
      {"headlines", {List{"Big"}, List{}}},
  };
  std::mt19937 random(7);
  std::map<std::string, int> accepted;
  std::string ad;
  for (int round = 0; round < 300; ++round) {
    const bool update = !ad.empty() && round % 2 == 1;
    Fields fields = Pick(table, random, 3);
    if (!update) {
      fields.emplace("descriptions", List{"Fresh"});
      fields.emplace("landing_url", Word("https://shop.example/"));
    }
    Change change = update ? world.Update(Level::kAd, ad, std::move(fields))
                           : world.Create(Level::kAd, group, std::move(fields));
    const auto applied = world.Apply(change);
    if (!applied) {
      EXPECT_EQ(applied.error().code, Errc::kInvalidArgument) << applied.error().what;
      EXPECT_NE(applied.error().what.find("field \""), std::string::npos) << applied.error().what;
      continue;
    }
    if (!update && !ad.empty()) {
      // A group holds twenty ads.
      ASSERT_TRUE(world.Apply(world.Update(Level::kAd, ad, {{"status", Word("removed")}})));
    }
    if (!update) ad = applied->id;
    ExpectSame(change, world.Live(Level::kAd, applied->id), fmt::format("round {}", round));
    for (const auto& [name, value] : change.after) ++accepted[name];
  }
  for (const auto& [name, values] : table) EXPECT_GT(accepted[name], 0) << name;
}

// F2 and F5: an amount arrives as it was meant, in every currency, and what is no whole number of
// its smallest unit does not leave.
TEST(TikTokProperty, BudgetsAreExactInEveryCurrency) {
  for (const char* code : {"EUR", "USD", "GBP", "JPY", "KRW", "TWD", "VND", "IDR", "HUF", "ISK",
                           "CLP", "COP", "CRC", "PYG", "INR", "PLN", "KWD", "BRL"}) {
    const Currency currency = FindCurrency(code).value();
    const int decimals = MinorUnitDecimals(currency, MinorUnits::kIso4217).value();
    World world(currency);
    const Money whole = Money::Micros(2'000'000'000'000, currency);
    const Money odd = whole + Money::Micros(decimals == 0 ? 1'000'000 : 990'000, currency);
    for (const Money& budget : {whole, odd}) {
      const std::string id = world.Make(Level::kCampaign, "",
                                        {{"objective", Word("sales")}, {"daily_budget", budget}});
      const auto live = world.Live(Level::kCampaign, id);
      EXPECT_EQ(live.at("daily_budget"), FieldValue(budget)) << code;
      const Json newest = world.Wire("campaign/get/").at(0);
      EXPECT_EQ(NumberText(newest.at("budget")), PrintDecimal(budget)) << code;
    }
    const auto broken = world.Apply(world.Create(
        Level::kCampaign, "",
        {{"objective", Word("sales")}, {"daily_budget", whole + Money::Micros(1, currency)}}));
    ASSERT_FALSE(broken) << code;
    EXPECT_NE(broken.error().what.find("field \"daily_budget\""), std::string::npos);
    EXPECT_EQ(world.Wire("campaign/get/").size(), 2u) << code;
  }
  EXPECT_FALSE(FindCurrency("JPN"));
}

TEST(TikTokSim, ARefusalNamesOurFieldAndTheCode) {
  World world;
  const auto why = [&](Level level, const std::string& parent, Fields fields) {
    const auto applied = world.Apply(world.Create(level, parent, std::move(fields)));
    EXPECT_FALSE(applied);
    return applied ? Error{} : applied.error();
  };
  const Error low =
      why(Level::kCampaign, "", {{"objective", Word("sales")}, {"daily_budget", Eur(4999)}});
  EXPECT_EQ(low.platform_code, "40002");
  EXPECT_TRUE(low.what.find("field \"daily_budget\"") != std::string::npos) << low.what;
  const std::string campaign = world.Make(Level::kCampaign, "", {{"objective", Word("traffic")}});
  const Error short_flight = why(Level::kAdGroup, campaign,
                                 {{"lifetime_budget", Eur(10'000)},
                                  {"countries", List{"DE"}},
                                  {"start_at", Word("2026-09-02 00:00:00")},
                                  {"end_at", Word("2026-09-30 23:59:59")}});
  EXPECT_NE(short_flight.what.find("field \"lifetime_budget\""), std::string::npos)
      << short_flight.what;
  const Error place =
      why(Level::kAdGroup, campaign, {{"daily_budget", Eur(5000)}, {"locations", List{"1"}}});
  EXPECT_EQ(place.platform_code, "40002");
  EXPECT_NE(place.what.find("field \"locations\""), std::string::npos) << place.what;
  const Error empty = why(Level::kAsset, "", {{"media", Word("video")}, {"content", Word(kPixel)}});
  EXPECT_EQ(empty.platform_code, "40908");
  EXPECT_NE(empty.what.find("field \"content\""), std::string::npos) << empty.what;
}

TEST(TikTokSim, PixelsAreMadeRenamedTaughtAndNeverDeleted) {
  World world;
  const Change create =
      world.Create(Level::kConversion, "", {{"kind", Word("pixel")}, {"status", Word("active")}});
  const std::string pixel = world.Apply(create).value().id;
  const auto found =
      world.connector.reader
          ->Find({kAccount, Level::kConversion, MarkerOf(create.key), {}}, World::Soon())
          .value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id, pixel);
  EXPECT_EQ(TextField(found[0].fields, "tag").size(), 20u);
  const std::string campaign = world.Make(Level::kCampaign, "", {{"objective", Word("sales")}});
  // It knows no event; the first ad group that needs one teaches it, the next one finds it.
  for (int i = 0; i < 2; ++i) {
    world.Make(Level::kAdGroup, campaign,
               {{"daily_budget", Eur(5000)},
                {"countries", List{"DE"}},
                {"conversion_event", Word("lead")},
                {"pixel_id", pixel}});
  }
  // Once it has a name of somebody else's, it is not touched.
  ASSERT_TRUE(
      world.Apply(world.Update(Level::kConversion, pixel, {{"name", Word("Their pixel")}})));
  EXPECT_EQ(TextField(world.Live(Level::kConversion, pixel), "name"), "Their pixel");
  const auto theirs = world.Apply(world.Create(Level::kAdGroup, campaign,
                                               {{"daily_budget", Eur(5000)},
                                                {"countries", List{"DE"}},
                                                {"conversion_event", Word("subscribe")},
                                                {"pixel_id", pixel}}));
  ASSERT_FALSE(theirs);
  EXPECT_NE(theirs.error().what.find("Events Manager"), std::string::npos);
  const auto gone =
      world.Apply(world.Update(Level::kConversion, pixel, {{"status", Word("removed")}}));
  ASSERT_FALSE(gone);
  EXPECT_NE(gone.error().what.find("cannot delete a pixel"), std::string::npos);
  // Told to the person before anything is made: 28 characters and our mark are all there is.
  Change longer = world.Create(Level::kConversion, "", {});
  longer.after["name"] = std::string(29, 'n');
  EXPECT_FALSE(world.connector.writer->Validate(longer, World::Soon()));
  longer.after["name"] = std::string(28, 'n');
  EXPECT_TRUE(world.connector.writer->Validate(longer, World::Soon()));
  longer.after["counting"] = Word("one");
  EXPECT_FALSE(world.connector.writer->Validate(longer, World::Soon()));
}

TEST(TikTokSim, LinksAreToleratedBeforeTheyAreFilledAndNeverLeftOut) {
  World world;
  const std::string campaign = world.Make(Level::kCampaign, "", {{"objective", Word("traffic")}});
  const std::string group = world.Make(Level::kAdGroup, campaign,
                                       {{"daily_budget", Eur(5000)}, {"countries", List{"DE"}}});
  const Fields text = {{"descriptions", List{"Fresh"}},
                       {"landing_url", Word("https://shop.example/")}};
  for (const List& fields : {List{"image"}, List{"video", "thumbnail"}, List{"images", "images"}}) {
    Change ad = world.Create(Level::kAd, "", text);  // nor is its ad group made yet
    for (const std::string& field : fields) ad.links.push_back({field, "asset/" + field});
    const auto valid = world.connector.writer->Validate(ad, World::Soon());
    EXPECT_TRUE(valid) << valid.error().what;
    ad.parent_id = group;
    const auto applied = world.Apply(ad);
    ASSERT_FALSE(applied);
    EXPECT_NE(applied.error().what.find("has no id yet"), std::string::npos);
  }
  Change two = world.Create(Level::kAd, "", text);
  two.links = {{"image", "asset/a"}, {"video", "asset/b"}};
  EXPECT_FALSE(world.connector.writer->Validate(two, World::Soon()));
  Change half = world.Create(Level::kAd, group, text);
  half.links = {{"images", "asset/a"}, {"images", "asset/b"}};
  half.after["images"] = List{"one"};
  EXPECT_FALSE(world.Apply(half));
  Change pixel = world.Create(Level::kAdGroup, "", {{"daily_budget", Eur(5000)}});
  pixel.links = {{"pixel_id", "conversion/pixel"}};
  EXPECT_TRUE(world.connector.writer->Validate(pixel, World::Soon()));
  EXPECT_TRUE(world.Wire("ad/get/").empty());
}

TEST(TikTokSim, ABatchOfStatusesTellsTheTruthOfEach) {
  World world;
  std::vector<std::string> campaigns;
  for (int i = 0; i < 4; ++i) {
    campaigns.push_back(world.Make(Level::kCampaign, "", {{"objective", Word("traffic")}}));
  }
  ASSERT_TRUE(
      world.Apply(world.Update(Level::kCampaign, campaigns[2], {{"status", Word("removed")}})));
  std::vector<Change> changes;
  for (const std::string& id : campaigns) {
    changes.push_back(world.Update(Level::kCampaign, id, {{"status", Word("active")}}));
  }
  changes.push_back(world.Update(Level::kCampaign, campaigns[0], {{"status", Word("paused")}}));
  changes.push_back(world.Update(Level::kCampaign, campaigns[1], {{"name", Word("Renamed")}}));
  const auto results = world.connector.writer->ApplyBatch(changes, World::Soon());
  ASSERT_EQ(results.size(), 6u);
  for (const std::size_t done : {0u, 1u, 3u, 4u, 5u}) {
    ASSERT_TRUE(results[done]) << done << results[done].error().what;
    EXPECT_EQ(results[done]->id, changes[done].id);
  }
  // The removed one was not switched on; that is read back before anybody believes it.
  ASSERT_FALSE(results[2]);
  EXPECT_EQ(results[2].error().code, Errc::kUnknownOutcome);
  EXPECT_EQ(TextField(world.Live(Level::kCampaign, campaigns[0]), "status"), "paused");
  EXPECT_EQ(TextField(world.Live(Level::kCampaign, campaigns[3]), "status"), "active");
}

TEST(TikTokSim, HoursThatAreOffAreNotDelivered) {
  World world;
  const std::string image =
      world.Make(Level::kAsset, "", {{"media", Word("image")}, {"content", Word(kPixel)}});
  const std::string campaign = world.Make(Level::kCampaign, "", {{"objective", Word("traffic")}});
  const std::string group = world.Make(Level::kAdGroup, campaign,
                                       {{"daily_budget", Eur(20'000)},
                                        {"countries", List{"DE"}},
                                        {"dayparts", List{"all 08:00-12:00"}}});
  const std::string ad = world.Make(Level::kAd, group,
                                    {{"descriptions", List{"Fresh"}},
                                     {"landing_url", Word("https://shop.example/")},
                                     {"image", image}});
  for (const auto& [level, id] : {std::pair{Level::kCampaign, campaign},
                                  std::pair{Level::kAdGroup, group}, std::pair{Level::kAd, ad}}) {
    ASSERT_TRUE(world.Apply(world.Update(level, id, {{"status", Word("active")}})));
  }
  world.clock->AdvanceTo(world.clock->Now() + 96h);
  MetricQuery query;
  query.account = kAccount;
  query.grain = Grain::kHour;
  query.from = ParseDay("2026-09-03").value();
  query.to = ParseDay("2026-09-04").value();
  const MetricReport report = world.connector.reader->ReadMetrics(query, World::Soon()).value();
  ASSERT_FALSE(report.rows.empty());
  for (const auto& row : report.rows) {
    if (row.spend.zero()) continue;
    EXPECT_TRUE(row.hour && *row.hour >= 8 && *row.hour < 12) << row.hour.value_or(-1);
  }
}

}  // namespace
}  // namespace maxopt
