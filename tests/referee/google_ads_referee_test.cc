#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "connect/google_ads/google_ads.h"
#include "sim/google_ads/query.h"
#include "sim/google_ads/schema.h"
#include "sim/google_ads/world_for_test.h"
#include "tests/referee/referee.h"

namespace maxopt {
namespace {

using nlohmann::json;
using sim::google_ads::Kind;
using sim::google_ads::World;

const AccountId kAccount{Platform::kGoogleAds, "1234567890"};
constexpr const char* kPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5Erk"
    "Jggg==";

// The headers of a landscape and a square PNG.
constexpr const char* kLandscapePng = "iVBORw0KGgoAAAANSUhEUgAABLAAAAJ0CAAAAAAn44WL";
constexpr const char* kSquarePng = "iVBORw0KGgoAAAANSUhEUgAAAlgAAAJYCAAAAACbDccA";

/// One campaign that delivered for five days to an audience; as many more keywords as are wanted.
void Fill(World& world, int keywords) {
  const auto ids = world.Launch("Seed", "ENABLED");
  const std::string& group = ids.at("group");
  const auto add = [&](const char* method, const json& criterion) {
    EXPECT_EQ(
        World::CodeOf(world.Post(method, {{"operations", json::array({{{"create", criterion}}})}})),
        "");
  };
  add("adGroupCriteria:mutate", {{"adGroup", World::Name("adGroups/" + group)},
                                 {"userList", {{"userList", World::Name("userLists/4001")}}}});
  add("adGroupCriteria:mutate",
      {{"adGroup", World::Name("adGroups/" + group)},
       {"userInterest", {{"userInterestCategory", World::Name("userInterests/80432")}}}});
  add("campaignCriteria:mutate", {{"campaign", World::Name("campaigns/" + ids.at("campaign"))},
                                  {"negative", true},
                                  {"keyword", {{"text", "free"}, {"matchType", "BROAD"}}}});
  json body = {{"operations", json::array()}};
  for (int i = 0; i < keywords; ++i) {
    body["operations"].push_back(
        {{"create",
          {{"adGroup", World::Name("adGroups/" + group)},
           {"keyword", {{"text", fmt::format("shoes {}", i)}, {"matchType", "EXACT"}}}}}});
  }
  if (keywords > 0) {
    const json answer = world.Post("adGroupCriteria:mutate", body);
    ASSERT_EQ(World::CodeOf(answer), "");
  }
  world.To("2026-09-06T12:00:00Z");
}

void ExpectPass(const referee::Verdict& verdict) {
  std::fputs(verdict.output.c_str(), stdout);
  EXPECT_EQ(verdict.exit_code, 0) << "if modules are missing, run tools/setup test";
  EXPECT_TRUE(std::regex_search(verdict.output, std::regex("referee google: [1-9][0-9]* ")));
}

TEST(GoogleAdsReferee, OfficialClientsFindNothingWrong) {
  World world;
  Fill(world, 10'000);  // with the first one more than a page holds
  const auto sockets =
      http::Serve([&](const http::Request& request) { return world.server_->Handle(request); });
  ASSERT_TRUE(sockets) << sockets.error().what;
  ExpectPass(referee::Run("google_ads_api.cjs", {(*sockets)->origin()}));
  ExpectPass(referee::Run("google_ads.cjs", {(*sockets)->origin()}));
}

/// Everything that passes, as JSON lines for google_strict.cjs.
class Recorder {
 public:
  Recorder(World& world, const std::filesystem::path& file) : world_(world), file_(file) {}

  http::Response Handle(const std::string& from, const http::Request& request, bool malformed) {
    http::Response response = world_.server_->Handle(request);
    file_ << json{{"from", from},
                  {"method", request.method},
                  {"url", request.url},
                  {"request", request.body},
                  {"malformed", malformed},
                  {"status", response.status},
                  {"response", response.body}}
                 .dump()
          << "\n";
    return response;
  }
  /// What a client posts below the customer; the answer.
  json Post(const std::string& method, const std::string& body, bool malformed = false) {
    http::Request request{.method = "POST",
                          .url = "/v25/customers/1234567890/" + method,
                          .headers = {{"Authorization", "Bearer " + world_.token_}},
                          .body = body};
    return json::parse(Handle("script", request, malformed).body);
  }
  json Post(const std::string& method, const json& body) { return Post(method, body.dump()); }
  void Flush() { file_.flush(); }

 private:
  World& world_;
  std::ofstream file_;
};

/// Every field that GAQL may select of a message, dotted.
void Leaves(const sim::google_ads::MessageDef& message, const std::string& at,
            std::vector<std::string>& out) {
  for (const auto& field : message.fields) {
    const std::string path = at + "." + field.name;
    if (field.kind == Kind::kMessage && !field.repeated &&
        field.message->name != "ChangedResource" && field.message->name != "AdTextAsset") {
      Leaves(*field.message, path, out);
    } else {
      out.push_back(path);
    }
  }
}

/// Asks for everything that can be asked for, and for much that cannot.
void ScriptedSession(Recorder& recorder) {
  using namespace sim::google_ads;
  recorder.Post("conversionActions:mutate",
                json{{"operations",
                      {{{"create",
                         {{"name", "Purchase"},
                          {"type", "WEBPAGE"},
                          {"category", "PURCHASE"},
                          {"valueSettings", {{"defaultValue", 12.5}}}}}}}}});
  for (const char* name : {"customer",
                           "customer_client",
                           "campaign",
                           "campaign_budget",
                           "ad_group",
                           "ad_group_ad",
                           "ad_group_criterion",
                           "campaign_criterion",
                           "asset",
                           "ad_group_asset",
                           "conversion_action",
                           "keyword_view",
                           "search_term_view",
                           "campaign_search_term_view",
                           "ad_group_audience_view",
                           "campaign_audience_view",
                           "geographic_view",
                           "change_event",
                           "change_status",
                           "geo_target_constant",
                           "language_constant"}) {
    const ResourceDef& resource = *FindResource(name);
    std::vector<std::string> fields;
    Leaves(*resource.message, name, fields);
    for (const auto& other : resource.attributed)
      Leaves(*FindResource(other)->message, other, fields);
    std::string where;
    if (resource.metrics) {
      std::vector<std::string> metrics;
      Leaves(*FindMessage("Metrics"), "metrics", metrics);
      const std::string from = name;
      const bool shares = from == "customer" || from == "campaign" || from == "ad_group";
      for (auto& metric : metrics) {
        if (shares || !metric.ends_with("impression_share")) fields.push_back(std::move(metric));
      }
      for (const char* segment : {"date", "day_of_week", "week", "month", "quarter", "year",
                                  "device", "ad_network_type"}) {
        fields.push_back(fmt::format("segments.{}", segment));
      }
      if (!IsCutView(from)) fields.emplace_back("segments.hour");
      if (from.ends_with("search_term_view")) {
        for (const char* segment : {"keyword.ad_group_criterion", "keyword.info.text",
                                    "keyword.info.match_type", "search_term_match_type"}) {
          fields.push_back(fmt::format("segments.{}", segment));
        }
      }
      if (from == "geographic_view") fields.push_back("segments.geo_target_country");
      where = " WHERE segments.date BETWEEN '2026-09-02' AND '2026-09-03'";
    }
    if (std::string(name).starts_with("change_")) {
      where = fmt::format(
          " WHERE {}.{} DURING LAST_14_DAYS LIMIT 500", name,
          std::string(name) == "change_event" ? "change_date_time" : "last_change_date_time");
    }
    if (std::string(name) == "ad_group_criterion") where = " LIMIT 20";
    const json query = {
        {"query", fmt::format("SELECT {} FROM {}{}", fmt::join(fields, ", "), name, where)}};
    const json answer = recorder.Post("googleAds:search", query);
    EXPECT_TRUE(answer.contains("results")) << name << ": " << answer.dump().substr(0, 500);
    recorder.Post("googleAds:searchStream", query);
  }
  const std::string count = "SELECT campaign.id, metrics.clicks FROM campaign";
  recorder.Post(
      "googleAds:search",
      json{{"query", count},
           {"searchSettings", {{"returnTotalResultsCount", true}, {"returnSummaryRow", true}}}});
  recorder.Post("googleAds:search", json{{"query", count}, {"validateOnly", true}});
  recorder.Post("googleAds:searchStream",
                json{{"query", count}, {"summaryRowSetting", "SUMMARY_ROW_ONLY"}});
  recorder.Post("googleAds:search",
                json{{"query", "SELECT campaign.id FROM campaign WHERE campaign.id = 1"}});
  for (const char* bad :
       {"", "SELECT", "SELECT campaign.idd FROM campaign", "SELECT campaign.id FROM nothing",
        "SELECT campaign.id, segments.date FROM campaign",
        "SELECT asset.id, metrics.clicks FROM asset",
        "SELECT change_event.client_type FROM change_event LIMIT 5",
        "SELECT campaign.id FROM campaign WHERE campaign.status = ACTIVE"}) {
    recorder.Post("googleAds:search", json{{"query", bad}}.dump());
    recorder.Post("googleAds:searchStream", json{{"query", bad}}.dump());
  }
  recorder.Post("googleAds:search", json{{"query", count}, {"pageToken", "x"}}.dump());
  recorder.Post("googleAds:search", json{{"query", count}, {"pageSize", 7}}.dump());

  const auto budget = [](const char* name, const char* micros) {
    return json{{"create", {{"name", name}, {"amountMicros", micros}, {"explicitlyShared", true}}}};
  };
  recorder.Post("campaignBudgets:mutate", json{{"operations", {budget("S1", "10000000")}},
                                               {"responseContentType", "MUTABLE_RESOURCE"}});
  recorder.Post("campaignBudgets:mutate",
                json{{"operations", {budget("S1", "10000000"), budget("S2", "-1")}}});
  recorder.Post("campaignBudgets:mutate",
                json{{"operations", {budget("S3", "20000000"), budget("S4", "5")}},
                     {"partialFailure", true}});
  recorder.Post("googleAds:mutate",
                json{{"mutateOperations", {{{"campaignBudgetOperation", budget("S5", "1")}}}},
                     {"partialFailure", true},
                     {"validateOnly", true}});
  recorder.Post("assets:mutate",
                json{{"operations", {{{"create", {{"imageAsset", {{"data", "bm9uc2Vuc2U="}}}}}}}}});
  recorder.Post("campaigns:mutate", json{{"operations", {{{"remove", "nonsense"}}}}});
  recorder.Post("campaigns:mutate", R"({"operations":[{"create":{"nmae":"x","status":"ACTIVE"}}]})",
                true);
  recorder.Post("campaigns:mutate", "nonsense", true);
}

Change Creation(const std::string& key, Level level, const std::string& parent,
                const Fields& after) {
  Change change{};
  change.key = key;
  change.action = ChangeAction::kCreate;
  change.account = kAccount;
  change.level = level;
  change.parent_id = parent;
  change.after = after;
  return change;
}

Change Edit(Level level, const std::string& id, const Fields& after) {
  Change change{};
  change.key = "edit of " + id;
  change.account = kAccount;
  change.level = level;
  change.id = id;
  change.after = after;
  return change;
}

/// The real connector does everything that it can, by the wire.
void ConnectorSession(Recorder& recorder) {
  const auto wire =
      http::MakeLoopbackTransport({{"http://google.sim", [&](const http::Request& request) {
                                      return recorder.Handle("connector", request, false);
                                    }}});
  const auto clock = std::make_shared<VirtualClock>(ParseInstant("2026-09-06T12:00:00Z").value());
  Connection connection{};
  connection.account = kAccount;
  connection.base_url = "http://google.sim";
  connection.token_url = "http://google.sim/token";
  connection.version = "v25";
  connection.settings = {{"login_customer_id", "9000000001"}};
  connection.secrets = {
      {"client_id", "id"}, {"client_secret", "secret"}, {"refresh_token", "refresh"}};
  connection.calls_per_second = 1000;
  const auto made = MakeGoogleAdsConnector(connection, wire, clock);
  ASSERT_TRUE(made) << made.error().what;
  const auto deadline = http::After(std::chrono::minutes(5));
  const auto accounts = made->reader->ListAccounts(deadline);
  ASSERT_TRUE(accounts) << accounts.error().what;
  EXPECT_EQ(accounts->size(), 1u);

  const auto apply = [&](const Change& change) {
    const auto valid = made->writer->Validate(change, deadline);
    EXPECT_TRUE(valid) << change.key << ": " << valid.error().what;
    const auto applied = made->writer->Apply(change, deadline);
    EXPECT_TRUE(applied) << change.key << ": " << applied.error().what;
    return applied ? applied->id : std::string();
  };
  using List = std::vector<std::string>;
  const std::string campaign = apply(Creation("c", Level::kCampaign, "",
                                              {{"name", "Autumn"},
                                               {"status", std::string(kPaused)},
                                               {"channel_type", "search"},
                                               {"bid_strategy", "manual_cpc"},
                                               {"daily_budget", Money::Micros(30'000'000, kEur)},
                                               {"eu_political", false},
                                               {"start_at", "2026-09-10 00:00:00"},
                                               {"end_at", "2026-10-10 23:59:59"},
                                               {"countries", List{"AT", "DE"}},
                                               {"languages", List{"de"}}}));
  const std::string group =
      apply(Creation("g", Level::kAdGroup, campaign,
                     {{"name", "Core"},
                      {"status", std::string(kPaused)},
                      {"bid", Money::Micros(1'500'000, kEur)},
                      {"keywords", List{"exact:boots", "phrase:buy boots"}}}));
  const std::string picture =
      apply(Creation("s", Level::kAsset, "",
                     {{"name", "Boots"}, {"media", "image"}, {"content", std::string(kPng)}}));
  const std::string ad = apply(Creation("a", Level::kAd, group,
                                        {{"name", "Boots ad"},
                                         {"status", std::string(kPaused)},
                                         {"headlines", List{"Boots", "New boots", "Buy boots"}},
                                         {"descriptions", List{"Good boots", "Free returns"}},
                                         {"landing_url", "https://acme.example/boots"},
                                         {"url_tags", "utm_source=google"},
                                         {"image", picture}}));
  for (const auto& [level, id] :
       {std::pair{Level::kCampaign, campaign}, {Level::kAdGroup, group}, {Level::kAd, ad}}) {
    apply(Edit(level, id, {{"status", std::string(kActive)}}));
  }
  apply(Edit(Level::kCampaign, campaign, {{"daily_budget", Money::Micros(45'000'000, kEur)}}));
  EXPECT_FALSE(made->writer->Apply(
      Edit(Level::kCampaign, campaign, {{"daily_budget", Money::Micros(10'000, kEur)}}), deadline));

  // Targeting, ways to bid and a display ad, made and changed.
  apply(Edit(Level::kCampaign, campaign,
             {{"dayparts", List{"mon-fri 08:00-20:00", "sat 22:00-02:00"}},
              {"locations", List{"1003854"}},
              {"excluded_locations", List{"1006886"}},
              {"negative_keywords", List{"broad:free"}},
              {"languages", List{"de", "en"}}}));
  apply(Edit(Level::kCampaign, campaign,
             {{"dayparts", List{"mon 08:00-20:00"}}, {"negative_keywords", List{}}}));
  apply(Edit(Level::kCampaign, campaign,
             {{"bid_modifiers", List{"country:DE 1.25", "device:mobile 0.9", "device:tablet 0"}}}));
  for (const Fields& bidding :
       {Fields{{"bid_strategy", "target_cpa"}, {"target_cpa", Money::Micros(8'000'000, kEur)}},
        Fields{{"bid_strategy", "target_roas"}, {"target_roas_bp", std::int64_t{40'000}}},
        Fields{{"bid_strategy", "maximize_clicks"}}, Fields{{"bid_strategy", "manual_cpc"}}}) {
    apply(Edit(Level::kCampaign, campaign, bidding));
  }
  apply(Edit(Level::kAdGroup, group,
             {{"age_min", std::int64_t{25}},
              {"age_max", std::int64_t{54}},
              {"genders", List{"female"}},
              {"negative_keywords", List{"exact:used boots"}},
              {"keywords", List{"exact:boots"}}}));
  const std::string display = apply(Creation("dc", Level::kCampaign, "",
                                             {{"name", "Display"},
                                              {"status", std::string(kPaused)},
                                              {"channel_type", "display"},
                                              {"bid_strategy", "maximize_conversions"},
                                              {"daily_budget", Money::Micros(20'000'000, kEur)},
                                              {"eu_political", false},
                                              {"frequency_cap", std::int64_t{3}},
                                              {"frequency_days", std::int64_t{7}},
                                              {"pacing", "even"}}));
  const std::string people = apply(Creation("dg", Level::kAdGroup, display,
                                            {{"name", "People"},
                                             {"status", std::string(kPaused)},
                                             {"audiences", List{"4001"}},
                                             {"excluded_audiences", List{"4002"}}}));
  List pictures;
  for (const char* shape : {kLandscapePng, kSquarePng}) {
    pictures.push_back(apply(Creation(shape, Level::kAsset, "",
                                      {{"name", fmt::format("Picture {}", pictures.size())},
                                       {"media", "image"},
                                       {"content", std::string(shape)}})));
  }
  const std::string film =
      apply(Creation("film", Level::kAsset, "",
                     {{"name", "Film"}, {"media", "video"}, {"content", "dQw4w9WgXcQ"}}));
  apply(Creation("da", Level::kAd, people,
                 {{"name", "Display ad"},
                  {"status", std::string(kPaused)},
                  {"headlines", List{"Boots", "Boots that outlast the shoes of your neighbour"}},
                  {"descriptions", List{"Good boots"}},
                  {"landing_url", "https://acme.example/boots"},
                  {"images", pictures},
                  {"video", film},
                  {"call_to_action", "shop_now"}}));
  const std::string goal = apply(Creation("v", Level::kConversion, "",
                                          {{"name", "Orders"},
                                           {"status", std::string(kActive)},
                                           {"kind", "action"},
                                           {"conversion_event", "purchase"},
                                           {"counting", "one"},
                                           {"attribution_click_days", std::int64_t{30}},
                                           {"attribution_view_days", std::int64_t{1}},
                                           {"attribution_model", "data_driven"},
                                           {"primary", true}}));
  apply(Edit(Level::kConversion, goal,
             {{"counting", "every"}, {"attribution_model", "last_click"}, {"primary", false}}));
  // One call in which one fails.
  const Change batch[] = {
      Edit(Level::kCampaign, campaign, {{"daily_budget", Money::Micros(44'000'000, kEur)}}),
      Edit(Level::kCampaign, display, {{"daily_budget", Money::Micros(10'000, kEur)}}),
      Edit(Level::kCampaign, campaign, {{"daily_budget", Money::Micros(45'000'000, kEur)}})};
  const auto each = made->writer->ApplyBatch(batch, deadline);
  EXPECT_TRUE(each.size() == 3 && each[0] && !each[1] && each[2]);

  const auto tree = made->reader->ReadAccount(kAccount, deadline);
  ASSERT_TRUE(tree) << tree.error().what;
  const auto of = [&](Level level, const std::string& id) -> const Entity* {
    for (const Entity& entity : tree->entities) {
      if (entity.level == level && entity.id == id) return &entity;
    }
    return nullptr;
  };
  const Entity* read = of(Level::kCampaign, campaign);
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->fields.at("daily_budget"), FieldValue(Money::Micros(45'000'000, kEur)));
  EXPECT_EQ(read->fields.at("countries"), FieldValue(List{"AT", "DE"}));
  EXPECT_EQ(read->fields.at("bid_modifiers"),
            FieldValue(List{"country:DE 1.25", "device:mobile 0.9", "device:tablet 0"}));
  ASSERT_NE(of(Level::kAd, ad), nullptr);
  EXPECT_EQ(of(Level::kAd, ad)->fields.at("image"), FieldValue(picture));

  for (const auto& [level, key] : {std::pair{Level::kCampaign, "c"},
                                   {Level::kAdGroup, "g"},
                                   {Level::kAd, "a"},
                                   {Level::kAsset, "s"},
                                   {Level::kAd, "da"},
                                   {Level::kConversion, "v"}}) {
    const auto found = made->reader->Find(FindQuery{kAccount, level, MarkerOf(key), {}}, deadline);
    ASSERT_TRUE(found) << found.error().what;
    EXPECT_EQ(found->size(), 1u) << LevelName(level);
  }

  const auto sum = [&](const MetricQuery& query) {
    const auto report = made->reader->ReadMetrics(query, deadline);
    EXPECT_TRUE(report) << report.error().what;
    std::int64_t spent = 0;
    if (report) {
      EXPECT_TRUE(report->complete) << report->incomplete_why;
      for (const MetricRow& row : report->rows) spent += row.spend.micros();
    }
    return spent;
  };
  const MetricQuery days{kAccount,
                         Level::kCampaign,
                         Grain::kDay,
                         Breakdown::kNone,
                         ParseDay("2026-09-01").value(),
                         ParseDay("2026-09-05").value()};
  const std::int64_t whole = sum(days);
  EXPECT_GT(whole, 0);
  const Capabilities& can = made->reader->capabilities();
  for (const Level level : can.metric_levels) {
    MetricQuery query = days;
    query.level = level;
    EXPECT_EQ(sum(query), whole) << LevelName(level);
  }
  for (const Level level : can.hour_levels) {
    MetricQuery query = days;
    query.level = level;
    query.grain = Grain::kHour;
    EXPECT_EQ(sum(query), whole) << LevelName(level) << " by hour";
  }
  for (const Breakdown breakdown : can.breakdowns) {
    MetricQuery query = days;
    query.breakdown = breakdown;
    if (breakdown == Breakdown::kSearchTerm || breakdown == Breakdown::kAudience) {
      EXPECT_LE(sum(query), whole) << BreakdownName(breakdown);
      EXPECT_GT(sum(query), 0) << BreakdownName(breakdown);
    } else {
      EXPECT_EQ(sum(query), whole) << BreakdownName(breakdown);
    }
  }
  const auto history = made->reader->ReadHistory(
      {kAccount, ParseInstant("2026-09-06T00:00:00Z").value(), clock->Now()}, deadline);
  ASSERT_TRUE(history) << history.error().what;
  EXPECT_GE(history->size(), 8u);

  apply(Edit(Level::kCampaign, campaign, {{"status", std::string(kRemoved)}}));
}

/// Our table of messages and enums, for comparison with the protos.
json SchemaJson() {
  using namespace sim::google_ads;
  json out = json::object();
  std::vector<const MessageDef*> open;
  for (const char* root : {"SearchGoogleAdsRequest",
                           "SearchGoogleAdsStreamRequest",
                           "MutateGoogleAdsRequest",
                           "MutateCampaignsRequest",
                           "MutateCampaignBudgetsRequest",
                           "MutateAdGroupsRequest",
                           "MutateAdGroupAdsRequest",
                           "MutateAdGroupCriteriaRequest",
                           "MutateCampaignCriteriaRequest",
                           "MutateAssetsRequest",
                           "MutateAdGroupAssetsRequest",
                           "MutateConversionActionsRequest",
                           "Customer",
                           "CustomerClient",
                           "GeoTargetConstant",
                           "LanguageConstant",
                           "KeywordView",
                           "SearchTermView",
                           "CampaignSearchTermView",
                           "AdGroupAudienceView",
                           "CampaignAudienceView",
                           "GeographicView",
                           "ChangeEvent",
                           "ChangeStatus",
                           "Metrics",
                           "Segments"}) {
    out["roots"].push_back(root);
    open.push_back(FindMessage(root));
  }
  while (!open.empty()) {
    const MessageDef* message = open.back();
    open.pop_back();
    if (out["messages"].contains(message->name)) continue;
    json fields = json::object();
    for (const FieldDef& field : message->fields) {
      static constexpr const char* kKinds[] = {"string", "bool", "int32", "int64",  "double",
                                               "bytes",  "mask", "enum",  "message"};
      fields[field.json] = {{"kind", kKinds[static_cast<std::size_t>(field.kind)]},
                            {"repeated", field.repeated},
                            {"oneof", field.oneof}};
      if (field.enumeration != nullptr) fields[field.json]["values"] = field.enumeration->values;
      if (field.message != nullptr) {
        fields[field.json]["message"] = field.message->name;
        open.push_back(field.message);
      }
    }
    out["messages"][message->name] = std::move(fields);
  }
  return out;
}

TEST(GoogleAdsReferee, EveryBodyFitsTheProtos) {
  World world;
  const auto wide = world.Launch("Wide", "ENABLED", "boots");
  const json everybody = {
      {"campaign", World::Name("campaigns/" + wide.at("campaign"))},
      {"combinedAudience", {{"combinedAudience", World::Name("combinedAudiences/7")}}}};
  EXPECT_EQ(World::CodeOf(world.Post("campaignCriteria:mutate",
                                     {{"operations", json::array({{{"create", everybody}}})}})),
            "");
  Fill(world, 5);
  const auto folder =
      std::filesystem::temp_directory_path() / fmt::format("maxopt-referee-{}", ::getpid());
  std::filesystem::create_directories(folder);
  {
    Recorder recorder(world, folder / "exchanges.jsonl");
    ConnectorSession(recorder);
    ScriptedSession(recorder);
    recorder.Flush();
    std::ofstream(folder / "schema.json") << SchemaJson().dump();
  }
  ExpectPass(referee::Run("google_strict.cjs", {(folder / "exchanges.jsonl").string(),
                                                (folder / "schema.json").string()}));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace maxopt
