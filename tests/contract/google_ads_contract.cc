#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <random>

#include "connect/google_ads/google_ads.h"
#include "contract.h"
#include "sim/google_ads/google_ads.h"

namespace maxopt::contract {
namespace {

using List = std::vector<std::string>;
std::string Word(const char* text) { return text; }

// A PNG of one grey pixel.
constexpr const char* kPixel =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";

// The headers of a landscape (1200x628) and a square (600x600) PNG, which is all that is looked at.
constexpr const char* kLandscape = "iVBORw0KGgoAAAANSUhEUgAABLAAAAJ0CAAAAAAn44WL";
constexpr const char* kSquare = "iVBORw0KGgoAAAANSUhEUgAAAlgAAAJYCAAAAACbDccA";

/// What it carries beyond the basic fields, and what not.
void AddFields(PlatformUnderTest& google) {
  using Overlay = PlatformUnderTest::Overlay;
  const auto n = [](std::int64_t number) { return number; };
  const Money eight = Money::Micros(8'000'000, kEur);
  const Money nine = Money::Micros(9'500'000, kEur);

  google.conversion = {{"name", Word("Orders")},
                       {"status", Word("active")},
                       {"kind", Word("action")},
                       {"conversion_event", Word("purchase")},
                       {"counting", Word("every")},
                       {"attribution_click_days", n(30)},
                       {"attribution_view_days", n(1)},
                       {"attribution_model", Word("data_driven")},
                       {"primary", true}};
  google.conversion_update = {{"counting", Word("one")},
                              {"conversion_event", Word("lead")},
                              {"attribution_click_days", n(90)},
                              {"attribution_view_days", n(30)},
                              {"attribution_model", Word("last_click")},
                              {"primary", false},
                              {"status", Word("paused")}};
  google.more_assets = {
      {"landscape",
       {{"name", Word("Wide")}, {"media", Word("image")}, {"content", Word(kLandscape)}}},
      {"square", {{"name", Word("Square")}, {"media", Word("image")}, {"content", Word(kSquare)}}},
      {"video",
       {{"name", Word("Film")}, {"media", Word("video")}, {"content", Word("dQw4w9WgXcQ")}}}};

  const Overlay display = {
      .campaign = {{"channel_type", Word("display")}},
      .ad = {{"headlines", List{"Shoes", "Shoes that last for a thousand miles", "New shoes"}},
             {"image", Word("@landscape")},
             {"images", List{"@square", "@landscape"}},
             {"video", Word("@video")},
             {"call_to_action", Word("shop_now")}},
      .without = {"keywords"}};
  const auto with = [](Overlay overlay, const Fields& campaign, const Fields& ad_group = {}) {
    for (const auto& [name, value] : campaign) overlay.campaign[name] = value;
    for (const auto& [name, value] : ad_group) overlay.ad_group[name] = value;
    return overlay;
  };
  using enum Level;
  google.carried = {
      {"hours",
       kCampaign,
       {.campaign = {{"dayparts", List{"mon-fri 08:00-20:00", "fri 22:00-02:00"}}}},
       {{{"dayparts", List{"mon 08:00-20:00", "sat-sun 00:00-24:00"}}},
        {{"dayparts", List{}}},
        {{"dayparts", List{"sun 23:00-00:00"}}}}},
      {"places",
       kCampaign,
       {.campaign = {{"locations", List{"1003854", "1006886"}},
                     {"excluded_locations", List{"2250", "1023191"}}}},
       {{{"locations", List{"1003854", "1006094"}}, {"countries", List{"CH"}}},
        {{"excluded_locations", List{}}, {"languages", List{"fr", "de", "it"}}}}},
      {"bid modifiers",
       kCampaign,
       {.campaign = {{"bid_modifiers",
                      List{"country:AT 1.25", "device:mobile 0.9", "device:connected_tv 0"}}}},
       {{{"bid_modifiers", List{"country:DE 0.1", "device:mobile 10"}}},
        {{"countries", List{"AT", "CH"}}, {"bid_modifiers", List{"country:CH 0.7"}}},
        {{"bid_modifiers", List{}}},
        {{"bid_modifiers", List{"device:tablet 0"}}}}},
      {"negative keywords of a campaign",
       kCampaign,
       {.campaign = {{"negative_keywords", List{"broad:free", "exact:cheap shoes"}}}},
       {{{"negative_keywords", List{"broad:free", "phrase:second hand"}}}}},
      {"a lifetime budget",
       kCampaign,
       {.campaign = {{"lifetime_budget", Money::Micros(900'000'000, kEur)}},
        .without = {"daily_budget"}},
       {{{"lifetime_budget", Money::Micros(950'000'000, kEur)}}}},
      {"ways to bid",
       kCampaign,
       {.campaign = {{"bid_strategy", Word("target_cpa")}, {"target_cpa", eight}}},
       {{{"target_cpa", nine}},
        {{"bid_strategy", Word("target_roas")}, {"target_roas_bp", n(42'500)}},
        {{"target_roas_bp", n(33'333)}},
        {{"bid_strategy", Word("maximize_value")}},
        {{"bid_strategy", Word("maximize_clicks")}},
        {{"bid_strategy", Word("maximize_conversions")}},
        {{"bid_strategy", Word("target_cpa")}, {"target_cpa", eight}},
        {{"bid_strategy", Word("manual_cpc")}}}},
      {"pace and declaration",
       kCampaign,
       {.campaign = {{"pacing", Word("even")}, {"eu_political", true}}},
       {{{"pacing", Word("even")}}, {{"eu_political", false}, {"name", Word("Renamed")}}}},
      {"frequency of a display campaign",
       kCampaign,
       with(display, {{"frequency_cap", n(3)}, {"frequency_days", n(7)}}),
       {{{"frequency_cap", n(5)}},
        {{"frequency_days", n(1)}},
        {{"frequency_cap", n(20)}, {"frequency_days", n(30)}}}},
      {"keywords",
       kAdGroup,
       {.ad_group = {{"negative_keywords", List{"exact:running"}}}},
       {{{"keywords", List{"exact:trail shoes", "broad:boots"}}},
        {{"negative_keywords", List{}}, {"bid", Money::Micros(1'450'000, kEur)}}}},
      {"people on search",
       kAdGroup,
       {.ad_group = {{"age_min", n(25)}, {"age_max", n(54)}, {"genders", List{"female"}}}},
       {{{"age_max", n(65)}},
        {{"age_min", n(18)}},
        {{"genders", List{"female", "male"}}},
        {{"age_min", n(65)}, {"genders", List{}}}}},
      {"people on display",
       kAdGroup,
       with(display, {},
            {{"age_min", n(18)},
             {"age_max", n(34)},
             {"genders", List{"male"}},
             {"audiences", List{"4001", "4002"}},
             {"excluded_audiences", List{"4003"}}}),
       {{{"audiences", List{"4002", "4004"}}, {"age_min", n(25)}},
        {{"excluded_audiences", List{}}, {"age_min", n(18)}, {"age_max", n(65)}}}},
      {"a responsive display ad", kAd, display, {}},
      {"a display ad with short headlines only",
       kAd,
       [&] {
         Overlay other = display;
         other.ad["headlines"] = List{"Shoes", "New shoes"};
         other.without.insert("image");
         other.ad.erase("image");
         return other;
       }(),
       {}},
  };
  google.refused = {
      {"dayparts", kCampaign, {.campaign = {{"dayparts", List{"mon 08:30-20:00"}}}}},
      {"pacing", kCampaign, {.campaign = {{"pacing", Word("asap")}}}},
      {"frequency_cap",
       kCampaign,
       {.campaign = {{"frequency_cap", n(3)}, {"frequency_days", n(7)}}}},
      {"frequency_days", kCampaign,
       with(display, {{"frequency_cap", n(3)}, {"frequency_days", n(3)}})},
      {"target_cpa", kCampaign, {.campaign = {{"target_cpa", eight}}}},
      {"target_roas_bp", kCampaign, {.campaign = {{"bid_strategy", Word("target_roas")}}}},
      {"bid_modifiers", kCampaign, {.campaign = {{"bid_modifiers", List{"device:mobile 0.05"}}}}},
      {"bid_modifiers", kCampaign, {.campaign = {{"bid_modifiers", List{"country:FR 0.9"}}}}},
      {"bid_modifiers", kAdGroup, {.ad_group = {{"bid_modifiers", List{"device:mobile 0.9"}}}}},
      {"channel_type", kCampaign, {.campaign = {{"channel_type", Word("video")}}}},
      {"special_categories", kCampaign, {.campaign = {{"special_categories", List{"housing"}}}}},
      {"locations", kCampaign, {.campaign = {{"locations", List{"2276"}}}}},
      {"excluded_locations", kCampaign, {.campaign = {{"excluded_locations", List{"Berlin"}}}}},
      {"negative_keywords", kCampaign, {.campaign = {{"negative_keywords", List{"free"}}}}},
      {"objective", kCampaign, {.campaign = {{"objective", Word("sales")}}}},
      {"age_min", kAdGroup, {.ad_group = {{"age_min", n(21)}}}},
      {"age_max", kAdGroup, {.ad_group = {{"age_max", n(60)}}}},
      {"genders", kAdGroup, {.ad_group = {{"genders", List{"unknown"}}}}},
      {"audiences", kAdGroup, {.ad_group = {{"audiences", List{"visitors"}}}}},
      {"countries", kAdGroup, {.ad_group = {{"countries", List{"DE"}}}}},
      {"pixel_id", kAdGroup, {.ad_group = {{"pixel_id", Word("1")}}}},
      {"keywords", kAdGroup, {.campaign = {{"channel_type", Word("display")}}}},
      {"images", kAd, {.ad = {{"images", List{"@asset"}}}}},
      {"images",
       kAd,
       {.campaign = display.campaign,
        .ad = {{"headlines", List{"Shoes"}}, {"images", List{"@square"}}},
        .without = {"keywords", "image"}}},
  };
  google.human_edits = {
      {.level = kCampaign, .fields = {{"dayparts", List{"mon 08:00-12:00"}}}},
      {.level = kCampaign, .fields = {{"countries", List{"DE", "CH"}}}},
      {.level = kCampaign,
       .fields = {{"bid_modifiers", List{"country:DE 1.1", "device:tablet 0"}}}},
      {.level = kCampaign, .fields = {{"negative_keywords", List{"exact:free"}}}},
      {.level = kCampaign, .fields = {{"bid_strategy", Word("target_cpa")}, {"target_cpa", nine}}},
      {.level = kCampaign, .fields = {{"status", Word("active")}, {"name", Word("Ann's")}}},
      {.level = kCampaign, .fields = {{"daily_budget", nine}}, .actor = "platform"},
      {.level = kAdGroup, .fields = {{"keywords", List{"broad:any shoes"}}}, .actor = "platform"},
      {.level = kAdGroup, .fields = {{"age_min", n(35)}, {"age_max", n(65)}}},
      {.level = kAdGroup,
       .fields = {{"audiences", List{"7"}}, {"genders", List{"male"}}},
       .with = display},
  };
}

PlatformUnderTest GoogleAds() {
  PlatformUnderTest google{};
  google.name = "google_ads";
  google.account = {Platform::kGoogleAds, "1234567890"};
  google.origin = "http://google.sim";
  google.server = [](sim::Market& market, Clock& clock, sim::ServedAccount account) {
    return sim::MakeGoogleAdsServer(market, clock,
                                    {.accounts = {std::move(account)},
                                     .versions = {{"v25", std::nullopt}},
                                     .secrets = {{"client_id", "contract-client"},
                                                 {"client_secret", "contract-secret"},
                                                 {"refresh_token", "1//contract-refresh"}}});
  };
  google.connection = [](const AccountId& account, const std::string& origin) {
    Connection connection{};
    connection.account = account;
    connection.base_url = origin;
    connection.token_url = origin + "/token";
    connection.secrets = {{"client_id", "contract-client"},
                          {"client_secret", "contract-secret"},
                          {"refresh_token", "1//contract-refresh"}};
    connection.calls_per_second = 1000;
    return connection;
  };
  google.connect = MakeGoogleAdsConnector;
  google.campaign = [](Currency) {
    return Fields{{"name", Word("Contract search")},
                  {"status", Word("paused")},
                  {"channel_type", Word("search")},
                  {"bid_strategy", Word("manual_cpc")},
                  {"eu_political", false},
                  {"start_at", Word("2026-09-01 00:00:00")},
                  {"end_at", Word("2026-12-31 23:59:59")},
                  {"countries", List{"DE", "AT"}},
                  {"languages", List{"en", "de"}}};
  };
  google.ad_group = [](Currency currency) {
    return Fields{{"name", Word("Core")},
                  {"status", Word("paused")},
                  {"bid", Money::Micros(currency == kJpy ? 150'000'000 : 1'230'000, currency)},
                  {"keywords", List{"phrase:running shoes", "exact:trail shoes"}}};
  };
  google.asset = {{"name", Word("Pixel")}, {"media", Word("image")}, {"content", Word(kPixel)}};
  google.ad = [](const std::string& asset_id) {
    return Fields{{"name", Word("Ad one")},
                  {"status", Word("paused")},
                  {"headlines", List{"Running shoes", "Trail shoes", "Free returns"}},
                  {"descriptions", List{"Made to be mended.", "Order today."}},
                  {"landing_url", Word("https://shop.example/shoes")},
                  {"url_tags", Word("utm_source=google&utm_content={creative}")},
                  {"image", asset_id}};
  };
  google.budgets = {Money::Micros(50'000'000, kEur), Money::Micros(19'990'000, kEur),
                    Money::Micros(1'010'000, kEur), Money::Micros(12'345'670'000, kEur),
                    Money::Micros(5'000'000'000, kJpy)};
  google.write_path = ":mutate";
  google.read_path = "googleAds:search";
  google.refreshes_tokens = true;
  google.make_endless = [](http::Response& response) {
    auto body = nlohmann::json::parse(response.body, nullptr, false);
    if (!body.is_object()) return;
    body["nextPageToken"] = "again";
    response.body = body.dump();
  };
  AddFields(google);
  return google;
}

INSTANTIATE_TEST_SUITE_P(GoogleAds, ConnectorContract, testing::Values(GoogleAds()), NameOf);

/// What may be written of one field, good and bad; bad is refused by somebody, never half done.
using Pool = std::vector<std::pair<std::string, std::vector<FieldValue>>>;

Pool CampaignPool() {
  const auto n = [](std::int64_t number) { return FieldValue(number); };
  const auto eur = [](std::int64_t micros) { return FieldValue(Money::Micros(micros, kEur)); };
  return {
      {"channel_type", {Word("search"), Word("display"), Word("video")}},
      {"daily_budget", {eur(1'000'000), eur(2'340'000), eur(990'000), eur(7'000'000'000)}},
      {"bid_strategy",
       {Word("manual_cpc"), Word("maximize_clicks"), Word("maximize_conversions"),
        Word("maximize_value"), Word("target_cpa"), Word("target_roas"), Word("lowest_cost")}},
      {"target_cpa", {eur(5'000'000), eur(10'000), eur(15'000)}},
      {"target_roas_bp", {n(100), n(40'000), n(12'345), n(99)}},
      {"pacing", {Word("even"), Word("asap")}},
      {"frequency_cap", {n(1), n(4), n(0)}},
      {"frequency_days", {n(1), n(7), n(30), n(14)}},
      {"dayparts",
       {List{}, List{"mon 00:00-24:00"}, List{"all 06:00-22:00"}, List{"fri 22:00-02:00"},
        List{"tue 08:00-09:00", "tue 10:00-11:00", "tue 12:00-13:00", "tue 14:00-15:00"},
        List{"mon 8-9"}}},
      {"bid_modifiers",
       {List{}, List{"device:mobile 0.9"}, List{"country:DE 1.2", "device:tablet 0"},
        List{"device:mobile 11"}, List{"country:XX 0.5"}}},
      {"countries", {List{}, List{"DE"}, List{"FR", "DE", "US"}, List{"Germany"}}},
      {"languages", {List{}, List{"de"}, List{"en", "fr"}, List{"xx"}}},
      {"locations", {List{}, List{"1003854"}, List{"1006886", "21137"}, List{"99999999"}}},
      {"excluded_locations", {List{}, List{"1003854"}, List{"2250"}, List{"x"}}},
      {"negative_keywords",
       {List{}, List{"broad:free"}, List{"exact:a b", "phrase:a b"}, List{"exact:bad!"}}},
      {"eu_political", {true, false}},
      {"end_at", {Word("2026-10-31 23:59:59"), Word("2026-08-01 00:00:00"), Word("later")}},
      {"name", {Word("One"), Word("Two"), Word("Three")}},
  };
}

Pool AdGroupPool() {
  const auto n = [](std::int64_t number) { return FieldValue(number); };
  return {
      {"bid", {Money::Micros(1'500'000, kEur), Money::Micros(15'000, kEur)}},
      {"keywords", {List{}, List{"exact:shoes"}, List{"broad:shoes", "exact:boots"}}},
      {"negative_keywords", {List{}, List{"exact:shoes"}, List{"broad:used", "phrase:for rent"}}},
      {"age_min", {n(18), n(25), n(35), n(65), n(20)}},
      {"age_max", {n(24), n(34), n(64), n(65), n(60)}},
      {"genders", {List{}, List{"male"}, List{"female"}, List{"female", "male"}}},
      {"audiences", {List{}, List{"4001"}, List{"4001", "4002"}}},
      {"excluded_audiences", {List{}, List{"4001"}, List{"4003"}}},
      {"name", {Word("One"), Word("Two")}},
  };
}

Fields Draw(const Pool& pool, std::mt19937& random, unsigned one_in) {
  Fields fields;
  for (const auto& [name, values] : pool) {
    if (random() % one_in == 0) fields[name] = values[random() % values.size()];
  }
  return fields;
}

/// Whatever was accepted reads back as it was sent.
void ExpectHolds(const Change& sent, const Fields& live, unsigned seed) {
  for (const auto& [name, value] : sent.after) {
    const auto at = live.find(name);
    if (const auto* list = std::get_if<List>(&value);
        list != nullptr && list->empty() && at == live.end()) {
      continue;
    }
    ASSERT_NE(at, live.end()) << name << ", seed " << seed;
    const bool create = sent.action == ChangeAction::kCreate && name == "name";
    const FieldValue want =
        create ? FieldValue(WithMarker(std::get<std::string>(value), sent.key)) : value;
    EXPECT_TRUE(SameField(name, at->second, want))
        << name << " is " << ShowValue(at->second) << ", sent " << ShowValue(want) << ", seed "
        << seed;
  }
}

TEST(GoogleAdsProperty, WhateverIsAcceptedReadsBackAsSent) {
  int accepted[2] = {0, 0};
  int refused[2] = {0, 0};
  for (unsigned seed = 1; seed <= 24; ++seed) {
    std::mt19937 random(seed);
    const PlatformUnderTest google = GoogleAds();
    ContractWorld world(google);
    std::string parent;
    for (const Level level : {Level::kCampaign, Level::kAdGroup}) {
      const int at = level == Level::kCampaign ? 0 : 1;
      const Pool pool = at == 0 ? CampaignPool() : AdGroupPool();
      // The first to be accepted is then changed, and changed again.
      Change made{};
      std::string id;
      for (int tries = 0; tries < 8 && id.empty(); ++tries) {
        Fields fields = at == 0 ? world.CampaignFields() : world.AdGroupFields();
        for (const auto& [name, value] : Draw(pool, random, tries < 4 ? 4 : 12)) {
          fields[name] = value;
        }
        made = world.Create(level, fields, parent, fmt::format("{}/{}/{}", seed, at, tries));
        const auto applied = world.connector.writer->Apply(made, ContractWorld::Soon());
        if (applied) id = applied->id;
        ++(applied ? accepted : refused)[at];
        if (!applied) {
          EXPECT_NE(applied.error().code, Errc::kUnknownOutcome) << applied.error().what;
          EXPECT_TRUE(world.FindMarker(level, made.key).empty());
        }
      }
      if (id.empty()) break;
      auto live = world.FindOne(level, id);
      ASSERT_TRUE(live);
      ExpectHolds(made, live->fields, seed);
      for (int update = 0; update < 5; ++update) {
        Fields fields = Draw(pool, random, 8);
        fields.erase("channel_type");
        if (fields.empty()) continue;
        const Change change = world.Update(level, id, parent, fields);
        const Fields before = live->fields;
        const auto applied = world.connector.writer->Apply(change, ContractWorld::Soon());
        ++(applied ? accepted : refused)[at];
        live = world.FindOne(level, id);
        ASSERT_TRUE(live);
        if (applied) {
          ExpectHolds(change, live->fields, seed);
        } else {
          EXPECT_EQ(live->fields, before) << "half done, seed " << seed;
        }
      }
      parent = id;
    }
  }
  // Otherwise nothing was shown.
  for (const int level : {0, 1}) {
    EXPECT_GT(accepted[level], 40);
    EXPECT_GT(refused[level], 10);
  }
}

TEST(GoogleAdsBatch, F18EachChangeOfABatchHasItsOwnTruth) {
  const PlatformUnderTest google = GoogleAds();
  ContractWorld world(google);
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) {
    Fields fields = world.CampaignFields();
    fields["name"] = fmt::format("Campaign {}", i);
    const auto made = world.connector.writer->Apply(
        world.Create(Level::kCampaign, fields, "", fmt::format("batch {}", i)),
        ContractWorld::Soon());
    ASSERT_TRUE(made) << made.error().what;
    ids.push_back(made->id);
  }
  // The third is below the minimum; the fourth does not exist.
  const std::int64_t micros[] = {30'000'000, 20'000'000, 10'000, 40'000'000};
  std::vector<Change> changes;
  for (std::size_t i = 0; i < 4; ++i) {
    changes.push_back(world.Update(Level::kCampaign, i == 3 ? "1" : ids[i], "",
                                   {{"daily_budget", Money::Micros(micros[i], kEur)}}));
  }
  EXPECT_GT(world.connector.writer->batch_max(), 1);
  const auto results = world.connector.writer->ApplyBatch(changes, ContractWorld::Soon());
  ASSERT_EQ(results.size(), 4u);
  EXPECT_TRUE(results[0]) << results[0].error().what;
  EXPECT_TRUE(results[1]) << results[1].error().what;
  ASSERT_FALSE(results[2]);
  EXPECT_EQ(results[2].error().code, Errc::kInvalidArgument);
  EXPECT_EQ(results[2].error().platform_code, "campaignBudgetError.BUDGET_BELOW_PER_DAY_MINIMUM");
  EXPECT_NE(results[2].error().what.find("field \"daily_budget\""), std::string::npos)
      << results[2].error().what;
  EXPECT_NE(results[2].error().what.find("1.00 EUR"), std::string::npos) << results[2].error().what;
  ASSERT_FALSE(results[3]);
  EXPECT_EQ(results[3].error().code, Errc::kNotFound);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto live = world.FindOne(Level::kCampaign, ids[i]);
    ASSERT_TRUE(live);
    const Money want = i == 2 ? google.budgets[0] : Money::Micros(micros[i], kEur);
    EXPECT_EQ(live->fields.at("daily_budget"), FieldValue(want));
  }
}

TEST(GoogleAdsBatch, F24ALostBatchIsUnknownForEachAndFoundAgain) {
  const PlatformUnderTest google = GoogleAds();
  for (const sim::Fault fault : {sim::Fault::kDropResponse, sim::Fault::kTruncatedBody}) {
    ContractWorld world(google);
    std::vector<Change> changes;
    for (int i = 0; i < 3; ++i) {
      Fields fields = google.conversion;
      fields["name"] = fmt::format("Goal {}", i);
      changes.push_back(world.Create(Level::kConversion, fields, "", fmt::format("goal {}", i)));
    }
    world.faults.Add({.fault = fault, .path = "googleAds:mutate"});
    for (const auto& result : world.connector.writer->ApplyBatch(changes, ContractWorld::Soon())) {
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().code, Errc::kUnknownOutcome) << result.error().what;
    }
    world.faults.Clear();
    for (const Change& change : changes) {
      EXPECT_EQ(world.FindMarker(Level::kConversion, change.key).size(), 1u);
    }
    EXPECT_EQ(world.CountObjects(Level::kConversion), 3);
  }
}

TEST(GoogleAdsValidate, TellsWhatGoogleWouldRefuseAndWritesNothing) {
  const PlatformUnderTest google = GoogleAds();
  ContractWorld world(google);
  Fields fields = world.CampaignFields();
  ASSERT_TRUE(world.connector.writer->Apply(world.Create(Level::kCampaign, fields, "", "first"),
                                            ContractWorld::Soon()));
  const auto first = world.FindMarker(Level::kCampaign, "first");
  ASSERT_EQ(first.size(), 1u);
  fields["name"] = TextField(first.front().fields, "name");
  Change change = world.Update(Level::kCampaign, first.front().id, "",
                               {{"end_at", Word("2026-08-01 00:00:00")}});
  auto refused = world.connector.writer->Validate(change, ContractWorld::Soon());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("field \"end_at\""), std::string::npos)
      << refused.error().what;
  EXPECT_FALSE(refused.error().platform_code.empty());
  change.after = {{"dayparts", List{"mon 08:00-12:00"}}};
  EXPECT_TRUE(world.connector.writer->Validate(change, ContractWorld::Soon()));
  EXPECT_EQ(world.FindOne(Level::kCampaign, change.id)->fields, first.front().fields);
  EXPECT_EQ(world.CountObjects(Level::kCampaign), 1);
}

}  // namespace
}  // namespace maxopt::contract
