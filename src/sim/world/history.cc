#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "json/json.h"
#include "sim/market/channel.h"
#include "sim/market/random.h"
#include "sim/tiktok/tiktok.h"
#include "sim/world/picture.h"
#include "sim/world/world.h"

namespace maxopt::sim {
namespace {

using nlohmann::json;
using std::chrono::days;
using std::chrono::hours;

/// What a manager wants of one campaign.
struct Wanted {
  HistoricChannel channel;
  std::string name;
  Money daily_budget;
  const HistoryOptions* options;
};

/// A manager's hands on one platform, speaking its wire protocol.
class Hands {
 public:
  virtual ~Hands() = default;
  /// Makes a running campaign; fills in its ids.
  virtual Result<> Make(const Wanted& wanted, HistoricCampaign& made) = 0;
  virtual Result<> SetBudget(const HistoricCampaign& campaign, Money daily) = 0;
  virtual Result<> SetRunning(const HistoricCampaign& campaign, bool running) = 0;
};

Result<json> Send(PlatformServer& server, std::string_view origin, http::Request request) {
  request.headers.emplace_back("Host", std::string(origin.substr(origin.find("://") + 3)));
  const auto response = server.Handle(request);
  const auto where = [&] {
    return fmt::format("{} {}", request.method, request.url.substr(0, request.url.find('?')));
  };
  if (response.status != 200) {
    return Fail(Errc::kBadAnswer, fmt::format("{}: status {}: {}", where(), response.status,
                                              response.body.substr(0, 600)));
  }
  auto body = ParseExactJson(response.body);
  if (!body) return FailWithin(where(), body.error());
  return *std::move(body);
}

/// A text member along a path of names and positions; kBadAnswer when there is none.
Result<std::string> TextAt(const json& answer, const std::string& pointer) {
  const json::json_pointer at(pointer);
  if (!answer.contains(at) || !answer[at].is_string()) {
    return Fail(Errc::kBadAnswer,
                fmt::format("no {} in {}", pointer, PrintExactJson(answer).substr(0, 600)));
  }
  return answer[at].get<std::string>();
}

struct Texts {
  std::string_view channel;
  std::string_view first;
  std::string_view second;
};
constexpr Texts kTexts[] = {
    {"search-brand", "Alpenglow official shop", "Straight from Alpenglow"},
    {"search-generic", "Rain jackets for the hills", "Warm layers made to last"},
    {"social-prospecting", "The jacket that dries in an hour", "Made for days that turn"},
    {"social-retargeting", "Still thinking it over?", "Your size is in stock"},
    {"video-prospecting", "Up before the sun", "Packed in a minute, dry all day"},
};
const Texts& TextsOf(std::string_view channel) {
  for (const auto& texts : kTexts) {
    if (texts.channel == channel) return texts;
  }
  Bug();
}

// --- Google Ads ---------------------------------------------------------------------------------

struct GeoTarget {
  std::string_view country;
  std::string_view google;
  std::string_view tiktok;
};
constexpr GeoTarget kGeoTargets[] = {
    {"DE", "2276", "2921044"},
    {"AT", "2040", "2782113"},
    {"CH", "2756", "2658434"},
};
Result<const GeoTarget*> GeoTargetOf(const std::string& country) {
  for (const auto& target : kGeoTargets) {
    if (target.country == country) return &target;
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("a history can be in DE, AT and CH, not in \"{}\"", country));
}

class GoogleHands final : public Hands {
 public:
  explicit GoogleHands(World& world)
      : world_(world), customer_(world.account(Platform::kGoogleAds).id) {}

  Result<> Make(const Wanted& wanted, HistoricCampaign& made) override {
    const std::string customer = "customers/" + customer_;
    const bool brand = wanted.channel.audience == Audience::kSearchBrand;
    json operations = json::array();
    const auto create = [&](const char* operation, json object) {
      operations.push_back({{operation, {{"create", std::move(object)}}}});
    };
    create("campaignBudgetOperation",
           {{"resourceName", customer + "/campaignBudgets/-1"},
            {"name", wanted.name + " budget"},
            {"amountMicros", std::to_string(wanted.daily_budget.micros())},
            {"deliveryMethod", "STANDARD"},
            {"explicitlyShared", false}});
    create("campaignOperation",
           {{"resourceName", customer + "/campaigns/-2"},
            {"name", wanted.name},
            {"status", "ENABLED"},
            {"advertisingChannelType", "SEARCH"},
            {"campaignBudget", customer + "/campaignBudgets/-1"},
            {"maximizeConversions", json::object()},
            {"containsEuPoliticalAdvertising", "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING"},
            {"networkSettings",
             {{"targetGoogleSearch", true},
              {"targetSearchNetwork", true},
              {"targetContentNetwork", false}}}});
    for (const auto& country : wanted.options->countries) {
      MAXOPT_TRY(const GeoTarget* const target, GeoTargetOf(country));
      create("campaignCriterionOperation",
             {{"campaign", customer + "/campaigns/-2"},
              {"location",
               {{"geoTargetConstant", fmt::format("geoTargetConstants/{}", target->google)}}}});
    }
    create("adGroupOperation", {{"resourceName", customer + "/adGroups/-3"},
                                {"campaign", customer + "/campaigns/-2"},
                                {"name", "core"},
                                {"status", "ENABLED"},
                                {"type", "SEARCH_STANDARD"}});
    const std::string term = world_.options().brand_terms.empty()
                                 ? wanted.options->client
                                 : world_.options().brand_terms.front();
    const std::vector<std::string> keywords =
        brand ? std::vector<std::string>{term, term + " shop", term + " jacket"}
              : std::vector<std::string>{"rain jacket", "hiking jacket", "merino base layer"};
    for (const auto& keyword : keywords) {
      create("adGroupCriterionOperation",
             {{"adGroup", customer + "/adGroups/-3"},
              {"status", "ENABLED"},
              {"keyword", {{"text", keyword}, {"matchType", "PHRASE"}}}});
    }
    const Texts& texts = TextsOf(wanted.channel.word);
    for (const auto headline : {texts.first, texts.second}) {
      create(
          "adGroupAdOperation",
          {{"adGroup", customer + "/adGroups/-3"},
           {"status", "ENABLED"},
           {"ad",
            {{"finalUrls", {wanted.options->landing_url}},
             {"responsiveSearchAd",
              {{"headlines",
                {{{"text", headline}}, {{"text", "Free returns"}}, {{"text", "Made in the Alps"}}}},
               {"descriptions",
                {{{"text", "Delivered in two days, returned within thirty."}},
                 {{"text", "Repaired for life, free of charge."}}}}}}}}});
    }
    MAXOPT_TRY(const json answer, Mutate("googleAds:mutate", {{"mutateOperations", operations}}));
    MAXOPT_TRY(made.budget_holder_id,
               IdOf(answer, "/mutateOperationResponses/0/campaignBudgetResult/resourceName"));
    MAXOPT_TRY(made.campaign_id,
               IdOf(answer, "/mutateOperationResponses/1/campaignResult/resourceName"));
    return {};
  }

  Result<> SetBudget(const HistoricCampaign& campaign, Money daily) override {
    const json update = {{"resourceName", fmt::format("customers/{}/campaignBudgets/{}", customer_,
                                                      campaign.budget_holder_id)},
                         {"amountMicros", std::to_string(daily.micros())}};
    return Update("campaignBudgets:mutate", update, "amount_micros");
  }

  Result<> SetRunning(const HistoricCampaign& campaign, bool running) override {
    const json update = {
        {"resourceName", fmt::format("customers/{}/campaigns/{}", customer_, campaign.campaign_id)},
        {"status", running ? "ENABLED" : "PAUSED"}};
    return Update("campaigns:mutate", update, "status");
  }

 private:
  Result<> Update(const std::string& method, const json& update, const std::string& mask) {
    const json operation = {{"update", update}, {"updateMask", mask}};
    MAXOPT_CHECK(Mutate(method, {{"operations", json::array({operation})}}));
    return {};
  }

  Result<json> Mutate(const std::string& method, const json& body) {
    const auto& secrets = world_.credentials(Platform::kGoogleAds);
    // A token lives for an hour, and hours pass between a manager's clicks.
    MAXOPT_TRY(const json token,
               Call("/token", "application/x-www-form-urlencoded", "",
                    http::EncodeForm({{"grant_type", "refresh_token"},
                                      {"refresh_token", secrets.at("refresh_token")},
                                      {"client_id", secrets.at("client_id")},
                                      {"client_secret", secrets.at("client_secret")}})));
    MAXOPT_TRY(const std::string bearer, TextAt(token, "/access_token"));
    return Call(
        fmt::format("/{}/customers/{}/{}", world_.version(Platform::kGoogleAds), customer_, method),
        "application/json", bearer, PrintExactJson(body));
  }

  Result<json> Call(const std::string& url, const std::string& type, const std::string& bearer,
                    std::string body) {
    http::Request request{.method = "POST", .url = url, .headers = {{"Content-Type", type}}};
    if (!bearer.empty()) request.headers.emplace_back("Authorization", "Bearer " + bearer);
    request.body = std::move(body);
    return Send(world_.server(Platform::kGoogleAds), world_.origin(Platform::kGoogleAds),
                std::move(request));
  }

  static Result<std::string> IdOf(const json& answer, const std::string& pointer) {
    MAXOPT_TRY(const std::string name, TextAt(answer, pointer));
    return name.substr(name.rfind('/') + 1);
  }

  World& world_;
  std::string customer_;
};

// --- Meta ---------------------------------------------------------------------------------------

class MetaHands final : public Hands {
 public:
  explicit MetaHands(World& world) : world_(world), act_(world.account(Platform::kMeta).id) {}

  Result<> Make(const Wanted& wanted, HistoricCampaign& made) override {
    MAXOPT_TRY(const std::int64_t minor, ToMinor(wanted.daily_budget, MinorUnits::kMeta));
    MAXOPT_TRY(const json campaign,
               Post("act_" + act_ + "/campaigns", {{"name", wanted.name},
                                                   {"objective", "OUTCOME_SALES"},
                                                   {"buying_type", "AUCTION"},
                                                   {"status", "ACTIVE"},
                                                   {"special_ad_categories", json::array()},
                                                   {"daily_budget", std::to_string(minor)},
                                                   {"bid_strategy", "LOWEST_COST_WITHOUT_CAP"}}));
    MAXOPT_TRY(made.campaign_id, TextAt(campaign, "/id"));
    made.budget_holder_id = made.campaign_id;
    json targeting = {{"geo_locations", {{"countries", wanted.options->countries}}}};
    if (wanted.channel.audience == Audience::kRetargeting) {
      targeting["custom_audiences"] = json::array({{{"id", "6100000000001"}}});
    }
    MAXOPT_TRY(
        const json adset,
        Post("act_" + act_ + "/adsets",
             {{"name", "core"},
              {"campaign_id", made.campaign_id},
              {"status", "ACTIVE"},
              {"optimization_goal", "OFFSITE_CONVERSIONS"},
              {"billing_event", "IMPRESSIONS"},
              {"promoted_object", {{"pixel_id", "5550001"}, {"custom_event_type", "PURCHASE"}}},
              {"dsa_beneficiary", wanted.options->client},
              {"dsa_payor", wanted.options->client},
              {"targeting", targeting}}));
    MAXOPT_TRY(const std::string adset_id, TextAt(adset, "/id"));
    MAXOPT_TRY(const std::string image, Upload());
    const Texts& texts = TextsOf(wanted.channel.word);
    for (const auto message : {texts.first, texts.second}) {
      const json story = {
          {"page_id", "101010101"},
          {"link_data",
           {{"link", wanted.options->landing_url},
            {"message", message},
            {"name", wanted.options->client},
            {"image_hash", image},
            {"call_to_action",
             {{"type", "SHOP_NOW"}, {"value", {{"link", wanted.options->landing_url}}}}}}}};
      MAXOPT_TRY(const json creative, Post("act_" + act_ + "/adcreatives",
                                           {{"name", message}, {"object_story_spec", story}}));
      MAXOPT_TRY(const std::string creative_id, TextAt(creative, "/id"));
      MAXOPT_CHECK(Post("act_" + act_ + "/ads", {{"name", message},
                                                 {"adset_id", adset_id},
                                                 {"status", "ACTIVE"},
                                                 {"creative", {{"creative_id", creative_id}}}}));
    }
    return {};
  }

  Result<> SetBudget(const HistoricCampaign& campaign, Money daily) override {
    MAXOPT_TRY(const std::int64_t minor, ToMinor(daily, MinorUnits::kMeta));
    MAXOPT_CHECK(Post(campaign.campaign_id, {{"daily_budget", std::to_string(minor)}}));
    return {};
  }

  Result<> SetRunning(const HistoricCampaign& campaign, bool running) override {
    MAXOPT_CHECK(Post(campaign.campaign_id, {{"status", running ? "ACTIVE" : "PAUSED"}}));
    return {};
  }

 private:
  Result<json> Post(const std::string& path, const json& body) {
    return Call(path, "application/json", PrintExactJson(body));
  }

  Result<json> Call(const std::string& path, const std::string& type, std::string body) {
    return Send(world_.server(Platform::kMeta), world_.origin(Platform::kMeta),
                {.method = "POST",
                 .url = fmt::format("/{}/{}", world_.version(Platform::kMeta), path),
                 .headers = {{"Content-Type", type},
                             {"Authorization",
                              "Bearer " + world_.credentials(Platform::kMeta).at("access_token")}},
                 .body = std::move(body)});
  }

  /// Uploads the picture once; its hash.
  Result<std::string> Upload() {
    if (image_.empty()) {
      const auto [type, body] = http::EncodeMultipart(
          {{"history.png", "history.png", "image/png", GreyPng(1080, 1080, 140)}});
      MAXOPT_TRY(const json answer, Call("act_" + act_ + "/adimages", type, body));
      MAXOPT_TRY(image_, TextAt(answer, "/images/history.png/hash"));
    }
    return image_;
  }

  World& world_;
  std::string act_;
  std::string image_;
};

// --- TikTok -------------------------------------------------------------------------------------

class TikTokHands final : public Hands {
 public:
  explicit TikTokHands(World& world) : world_(world), account_(world.account(Platform::kTikTok)) {}

  Result<> Make(const Wanted& wanted, HistoricCampaign& made) override {
    MAXOPT_TRY(const json campaign,
               Post("campaign/create/", {{"campaign_name", wanted.name},
                                         {"objective_type", "WEB_CONVERSIONS"},
                                         {"budget_mode", "BUDGET_MODE_INFINITE"},
                                         {"operation_status", "ENABLE"}}));
    MAXOPT_TRY(made.campaign_id, TextAt(campaign, "/data/campaign_id"));
    json locations = json::array();
    for (const auto& country : wanted.options->countries) {
      MAXOPT_TRY(const GeoTarget* const target, GeoTargetOf(country));
      locations.push_back(target->tiktok);
    }
    const Zone utc = Zone::Utc();
    MAXOPT_TRY(const json group,
               Post("adgroup/create/",
                    {{"campaign_id", made.campaign_id},
                     {"adgroup_name", "core"},
                     {"budget", MoneyToken(wanted.daily_budget)},
                     {"budget_mode", "BUDGET_MODE_DAY"},
                     {"billing_event", "OCPM"},
                     {"optimization_goal", "CONVERT"},
                     {"optimization_event", "SHOPPING"},
                     {"pixel_id", TikTokPixelIdOf(account_)},
                     {"bid_type", "BID_TYPE_NO_BID"},
                     {"pacing", "PACING_MODE_SMOOTH"},
                     {"placement_type", "PLACEMENT_TYPE_AUTOMATIC"},
                     {"location_ids", locations},
                     {"schedule_type", "SCHEDULE_FROM_NOW"},
                     {"schedule_start_time", PrintLocal(utc.LocalOf(world_.clock().Now()))},
                     {"operation_status", "ENABLE"}}));
    MAXOPT_TRY(made.budget_holder_id, TextAt(group, "/data/adgroup_id"));
    MAXOPT_TRY(const std::string image, Upload());
    const Texts& texts = TextsOf(wanted.channel.word);
    json creatives = json::array();
    for (const auto text : {texts.first, texts.second}) {
      creatives.push_back({{"ad_name", text},
                           {"ad_format", "SINGLE_IMAGE"},
                           {"ad_text", text},
                           {"identity_type", "CUSTOMIZED_USER"},
                           {"identity_id", "660001"},
                           {"display_name", wanted.options->client},
                           {"call_to_action", "SHOP_NOW"},
                           {"landing_page_url", wanted.options->landing_url},
                           {"image_ids", json::array({image})},
                           {"operation_status", "ENABLE"}});
    }
    MAXOPT_CHECK(Post("ad/create/", {{"adgroup_id", made.budget_holder_id},
                                     {"creatives", std::move(creatives)}}));
    return {};
  }

  Result<> SetBudget(const HistoricCampaign& campaign, Money daily) override {
    MAXOPT_CHECK(Post("adgroup/update/",
                      {{"adgroup_id", campaign.budget_holder_id}, {"budget", MoneyToken(daily)}}));
    return {};
  }

  Result<> SetRunning(const HistoricCampaign& campaign, bool running) override {
    MAXOPT_CHECK(
        Post("campaign/status/update/", {{"campaign_ids", json::array({campaign.campaign_id})},
                                         {"operation_status", running ? "ENABLE" : "DISABLE"}}));
    return {};
  }

 private:
  Result<json> Post(const std::string& path, json body) {
    body["advertiser_id"] = account_.id;
    return Call(path, "application/json", PrintExactJson(body));
  }

  /// Success is in the envelope, not in the status.
  Result<json> Call(const std::string& path, const std::string& type, std::string body) {
    MAXOPT_TRY(json answer,
               Send(world_.server(Platform::kTikTok), world_.origin(Platform::kTikTok),
                    {.method = "POST",
                     .url = fmt::format("/open_api/{}/{}", world_.version(Platform::kTikTok), path),
                     .headers = {{"Content-Type", type},
                                 {"Access-Token",
                                  world_.credentials(Platform::kTikTok).at("access_token")}},
                     .body = std::move(body)}));
    if (answer.value("code", json()) != 0) {
      return Fail(Errc::kBadAnswer,
                  fmt::format("{}: {}", path, PrintExactJson(answer).substr(0, 600)));
    }
    return answer;
  }

  Result<std::string> Upload() {
    if (image_.empty()) {
      const std::string png = GreyPng(720, 1280, 90);
      const auto [type, body] =
          http::EncodeMultipart({{"advertiser_id", "", "", account_.id},
                                 {"upload_type", "", "", "UPLOAD_BY_FILE"},
                                 {"image_signature", "", "", Md5(png)},
                                 {"file_name", "", "", "history"},
                                 {"image_file", "history.png", "image/png", png}});
      MAXOPT_TRY(const json answer, Call("file/image/ad/upload/", type, body));
      MAXOPT_TRY(image_, TextAt(answer, "/data/image_id"));
    }
    return image_;
  }

  static std::string Md5(const std::string& bytes) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_md5(), nullptr) != 1) Bug();
    std::string hex;
    for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
  }

  World& world_;
  AccountId account_;
  std::string image_;
};

// --- the past -----------------------------------------------------------------------------------

struct Event {
  Instant at;
  std::size_t campaign;
  std::optional<double> budget_factor;  ///< of the split
  std::optional<bool> running;
};

/// A manager's ordinary restlessness, by seed: enough that each channel's spend moves on its own,
/// so that what it brings can be told from the others.
std::vector<Event> Restlessness(std::uint64_t seed, const Zone& zone, Day first_day, int day_count,
                                std::size_t campaigns) {
  constexpr int kMonth = 30;
  const int quiet = day_count >= 14 ? 7 : 0;  // last days that hold the split
  const Day quiet_from = first_day + days(day_count - quiet);
  std::vector<Event> events;
  const auto morning = [&](Day day, std::size_t campaign) {
    return zone.ToInstant(LocalTime(day) + hours(9) +
                          std::chrono::minutes(5 * static_cast<int>(campaign)));
  };
  for (std::size_t campaign = 0; campaign < campaigns; ++campaign) {
    Random random(seed, Draw::kChannel, Combine(HashText("history"), campaign), 0);
    for (int month = 0; month * kMonth < day_count; ++month) {
      const auto offset = static_cast<int>(random.Uniform(1, kMonth));
      const double size = random.Uniform(0.20, 0.50);
      const bool up = random.Uniform() < 0.5;
      const Day day = first_day + days(month * kMonth + offset);
      if (day >= quiet_from) continue;
      events.push_back({morning(day, campaign), campaign, up ? 1 + size : 1 - size, std::nullopt});
    }
    const int pauses = day_count >= 90 ? (random.Uniform() < 0.5 ? 1 : 2) : 0;
    for (int i = 0; i < pauses; ++i) {
      const int half = (day_count - quiet - 14) / pauses;
      const auto from = i * half + static_cast<int>(random.Uniform(7, std::max(8, half - 12)));
      const auto length = static_cast<int>(random.Uniform(6, 13));
      const Day day = first_day + days(from);
      events.push_back({morning(day, campaign), campaign, std::nullopt, false});
      events.push_back({morning(day + days(length), campaign), campaign, std::nullopt, true});
    }
    if (quiet > 0) events.push_back({morning(quiet_from, campaign), campaign, 1.0, std::nullopt});
  }
  std::ranges::stable_sort(events, {}, &Event::at);
  return events;
}

Money WholeUnits(double units, Currency currency) {
  return Money::Micros(std::max<std::int64_t>(1, std::llround(units)) * 1'000'000, currency);
}

}  // namespace

const std::vector<HistoricChannel>& HistoricChannels() {
  static const std::vector<HistoricChannel> channels = {
      {"search-brand", Platform::kGoogleAds, Audience::kSearchBrand, 200},
      {"search-generic", Platform::kGoogleAds, Audience::kSearchGeneric, 400},
      {"social-prospecting", Platform::kMeta, Audience::kProspecting, 350},
      {"social-retargeting", Platform::kMeta, Audience::kRetargeting, 350},
      {"video-prospecting", Platform::kTikTok, Audience::kProspecting, 200},
  };
  return channels;
}

Result<History> LiveThroughHistory(World& world, const HistoryOptions& options) {
  if (options.days < 1) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("a history of {} days; it needs at least 1", options.days));
  }
  MAXOPT_TRY(const Zone zone, Zone::Find(world.options().shop_zone));
  History history;
  history.first_day = zone.DayOf(world.clock().Now());
  history.last_day = history.first_day + days(options.days - 1);

  std::map<Platform, std::unique_ptr<Hands>> hands;
  for (const auto& channel : HistoricChannels()) {
    const auto account = world.options().accounts.find(channel.platform);
    if (account == world.options().accounts.end()) continue;
    auto& hand = hands[channel.platform];
    if (!hand && channel.platform == Platform::kGoogleAds) {
      hand = std::make_unique<GoogleHands>(world);
    } else if (!hand && channel.platform == Platform::kMeta) {
      hand = std::make_unique<MetaHands>(world);
    } else if (!hand) {
      hand = std::make_unique<TikTokHands>(world);
    }
    const Currency currency = account->second.currency;
    HistoricCampaign campaign{
        .channel = std::string(channel.word),
        .account = world.account(channel.platform),
        .audience = channel.audience,
        .name = fmt::format("{} | {} | {}", options.client, channel.word, options.flight),
        .campaign_id = {},
        .budget_holder_id = {},
        .daily_budget = WholeUnits(channel.euros_a_day * PerEuro(currency), currency)};
    const auto made =
        hand->Make({channel, campaign.name, campaign.daily_budget, &options}, campaign);
    if (!made) return FailWithin(campaign.name, made.error());
    history.campaigns.push_back(std::move(campaign));
  }

  const auto live_to = [&](Instant to) {
    if (!options.on_day) return world.AdvanceTo(to);
    for (Day day = zone.DayOf(world.clock().Now()); zone.End(day) <= to; day += days(1)) {
      world.AdvanceTo(zone.End(day));
      options.on_day(day);
    }
    world.AdvanceTo(to);
  };
  const auto events = Restlessness(world.options().seed, zone, history.first_day, options.days,
                                   history.campaigns.size());
  for (const auto& event : events) {
    live_to(event.at);
    const HistoricCampaign& campaign = history.campaigns[event.campaign];
    Hands& hand = *hands.at(campaign.account.platform);
    Result<> done;
    if (event.running) {
      done = hand.SetRunning(campaign, *event.running);
      if (!*event.running) ++history.pauses;
    } else {
      const double units =
          static_cast<double>(campaign.daily_budget.micros()) / 1e6 * *event.budget_factor;
      done = hand.SetBudget(campaign, WholeUnits(units, campaign.daily_budget.currency()));
      ++history.budget_changes;
    }
    if (!done) return FailWithin(campaign.name, done.error());
  }
  live_to(zone.End(history.last_day));
  return history;
}

}  // namespace maxopt::sim
