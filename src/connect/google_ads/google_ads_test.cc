#include "connect/google_ads/google_ads.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>
#include <utility>

namespace maxopt {
namespace {

using Json = nlohmann::json;

/// Answers by what a request holds: the first rule whose needle is in URL or body. The answers of a
/// rule are given in order, its last one again and again.
class Script final : public http::Transport {
 public:
  struct Rule {
    std::string needle;
    std::deque<Result<http::Response>> answers;
  };
  void On(std::string needle, std::string body, int status = 200) {
    On(std::move(needle),
       http::Response{
           .status = status, .headers = {{"request-id", "req-1"}}, .body = std::move(body)});
  }
  void On(const std::string& needle, Result<http::Response> answer) {
    for (Rule& rule : rules_) {
      if (rule.needle == needle) {
        rule.answers.push_back(std::move(answer));
        return;
      }
    }
    rules_.push_back({needle, {std::move(answer)}});
  }
  Result<http::Response> Send(const http::Request& request, http::Deadline) override {
    sent.push_back(request);
    for (Rule& rule : rules_) {
      if (request.url.find(rule.needle) == std::string::npos &&
          request.body.find(rule.needle) == std::string::npos) {
        continue;
      }
      auto answer = rule.answers.front();
      if (rule.answers.size() > 1) rule.answers.pop_front();
      return answer;
    }
    return http::Response{.status = 400,
                          .body = R"({"error":{"code":400,"message":"not scripted"}})"};
  }
  int Count(std::string_view needle) const {
    int count = 0;
    for (const auto& request : sent) {
      count += request.url.find(needle) != std::string::npos ||
               request.body.find(needle) != std::string::npos;
    }
    return count;
  }
  Json LastBody(std::string_view needle) const {
    for (auto at = sent.rbegin(); at != sent.rend(); ++at) {
      if (at->url.find(needle) != std::string::npos) return Json::parse(at->body);
    }
    return {};
  }
  std::vector<http::Request> sent;

 private:
  std::deque<Rule> rules_;
};

const AccountId kAccount{Platform::kGoogleAds, "1234567890"};

std::string Page(const std::string& rows, int total, const std::string& next = "") {
  return fmt::format(R"({{"results":[{}],"fieldMask":"x","totalResultsCount":"{}"{}}})", rows,
                     total, next.empty() ? "" : fmt::format(R"(,"nextPageToken":"{}")", next));
}

class GoogleAdsTest : public testing::Test {
 protected:
  GoogleAdsTest() {
    wire->On("FROM customer\"",
             Page(R"({"customer":{"resourceName":"customers/1234567890","id":"1234567890",
                  "descriptiveName":"Shoe shop","currencyCode":"EUR","timeZone":"Europe/Berlin",
                  "status":"ENABLED"}})",
                  1));
    // What a new ad group or ad hangs below.
    for (const char* parent : {"campaign", "ad_group"}) {
      wire->On(fmt::format("campaign.advertising_channel_type FROM {} WHERE", parent),
               Page(R"({"campaign":{"advertisingChannelType":"SEARCH"}})", 1));
    }
    wire->On("FROM conversion_action", Page("", 0));
  }
  Connector Connect(Connection connection) {
    auto made = MakeGoogleAdsConnector(connection, wire, clock);
    if (!made) ADD_FAILURE() << made.error().what;
    return *made;
  }
  Connector Connect() {
    return Connect({.client = {},
                    .account = kAccount,
                    .base_url = "https://ads.example",
                    .token_url = {},
                    .version = {},
                    .settings = {},
                    .secrets = {{"access_token", "secret-1"}},
                    .calls_per_second = 1000});
  }
  static http::Deadline Soon() { return http::After(std::chrono::minutes(10)); }

  std::shared_ptr<Script> wire = std::make_shared<Script>();
  std::shared_ptr<VirtualClock> clock =
      std::make_shared<VirtualClock>(ParseInstant("2026-11-22T12:00:00Z").value());
};

Day On(const char* text) { return ParseDay(text).value(); }

MetricQuery Query(const char* from, const char* to) {
  MetricQuery query{};
  query.account = kAccount;
  query.from = On(from);
  query.to = On(to);
  return query;
}

Change CreateOf(Level level, Fields after, std::string parent_id = "") {
  Change change{};
  change.key = "plan-7/" + std::string(LevelName(level));
  change.action = ChangeAction::kCreate;
  change.account = kAccount;
  change.level = level;
  change.address = "spring/search";
  change.parent_id = std::move(parent_id);
  change.after = std::move(after);
  return change;
}
Change UpdateOf(Level level, std::string id, Fields after) {
  Change change = CreateOf(level, std::move(after));
  change.action = ChangeAction::kUpdate;
  change.id = std::move(id);
  return change;
}
using List = std::vector<std::string>;
std::string Word(const char* text) { return text; }

Fields CampaignFields() {
  return {{"name", Word("Spring search")},
          {"status", Word("paused")},
          {"channel_type", Word("search")},
          {"daily_budget", Money::Micros(50'000'000, kEur)},
          {"bid_strategy", Word("maximize_conversions")},
          {"eu_political", false},
          {"start_at", Word("2026-12-01 00:00:00")},
          {"end_at", Word("2026-12-31 23:59:59")},
          {"countries", List{"DE", "AT"}},
          {"languages", List{"de"}}};
}

// --- connection ----------------------------------------------------------------------------------

TEST_F(GoogleAdsTest, ConnectionIsChecked) {
  Connection connection{};
  connection.account = {Platform::kMeta, "1"};
  EXPECT_FALSE(MakeGoogleAdsConnector(connection, wire, clock));
  connection.account = {Platform::kGoogleAds, "123-456-7890"};
  EXPECT_FALSE(MakeGoogleAdsConnector(connection, wire, clock));
  connection.account = kAccount;
  const auto no_secrets = MakeGoogleAdsConnector(connection, wire, clock);
  ASSERT_FALSE(no_secrets);
  EXPECT_NE(no_secrets.error().what.find("refresh_token"), std::string::npos);
  connection.secrets = {{"client_id", "i"}, {"client_secret", "s"}, {"refresh_token", "r"}};
  EXPECT_TRUE(MakeGoogleAdsConnector(connection, wire, clock));
  connection.settings = {{"login_customer_id", "manager"}};
  EXPECT_FALSE(MakeGoogleAdsConnector(connection, wire, clock));
}

TEST_F(GoogleAdsTest, HeadersOnlyWhenSetAndVersionFromTheConnection) {
  wire->On("FROM", Page("", 0));
  Connection connection{.client = {},
                        .account = kAccount,
                        .base_url = "https://ads.example/",
                        .token_url = {},
                        .version = "v26",
                        .settings = {{"login_customer_id", "999-888-7777"}},
                        .secrets = {{"access_token", "secret-1"}, {"developer_token", "dev"}},
                        .calls_per_second = 1000};
  ASSERT_TRUE(Connect(connection).reader->ReadAccount(kAccount, Soon()));
  const auto& request = wire->sent.front();
  EXPECT_EQ(request.url, "https://ads.example/v26/customers/1234567890/googleAds:search");
  EXPECT_EQ(http::FindHeader(request.headers, "login-customer-id"), "9998887777");
  EXPECT_EQ(http::FindHeader(request.headers, "developer-token"), "dev");
  EXPECT_EQ(http::FindHeader(request.headers, "authorization"), "Bearer secret-1");
  EXPECT_TRUE(request.idempotent);

  wire->sent.clear();
  ASSERT_TRUE(Connect().reader->ReadAccount(kAccount, Soon()));
  EXPECT_FALSE(http::FindHeader(wire->sent.front().headers, "login-customer-id"));
  EXPECT_FALSE(http::FindHeader(wire->sent.front().headers, "developer-token"));
  EXPECT_NE(wire->sent.front().url.find("/v25/"), std::string::npos);
}

constexpr const char* kExpired =
    R"({"error":{"code":401,"status":"UNAUTHENTICATED","details":[{"errors":[
        {"errorCode":{"authenticationError":"OAUTH_TOKEN_EXPIRED"},"message":"m"}]}]}})";

TEST_F(GoogleAdsTest, RefusedTokenIsRefreshedOnceEvenForAWrite) {
  wire->On("oauth.example", R"({"access_token":"first","expires_in":3599})");
  wire->On("oauth.example", R"({"access_token":"second","expires_in":3599})");
  wire->On("googleAds:mutate", kExpired, 401);
  wire->On(
      "googleAds:mutate",
      R"({"mutateOperationResponses":[{"adGroupResult":{"resourceName":"customers/1/adGroups/5"}}]})");
  Connection connection{
      .client = {},
      .account = kAccount,
      .base_url = "https://ads.example",
      .token_url = "https://oauth.example/token",
      .version = {},
      .settings = {},
      .secrets = {{"client_id", "i"}, {"client_secret", "s&s"}, {"refresh_token", "1//r"}},
      .calls_per_second = 1000};
  const Connector google = Connect(connection);
  const auto applied =
      google.writer->Apply(UpdateOf(Level::kAdGroup, "5", {{"status", Word("active")}}), Soon());
  ASSERT_TRUE(applied) << applied.error().what;
  EXPECT_EQ(wire->sent.front().body,
            "grant_type=refresh_token&refresh_token=1%2F%2Fr&client_id=i&client_secret=s%26s");
  EXPECT_EQ(wire->Count("googleAds:mutate"), 2);
  EXPECT_EQ(wire->Count("oauth.example"), 2);
  EXPECT_EQ(http::FindHeader(wire->sent.back().headers, "authorization"), "Bearer second");
}

TEST_F(GoogleAdsTest, TokenRefusedTwiceIsAnErrorWithoutTheToken) {
  wire->On("oauth.example", R"({"access_token":"first-token","expires_in":3599})");
  wire->On("oauth.example", R"({"access_token":"second-token","expires_in":3599})");
  auto broken = std::make_shared<Script>();
  broken->On("oauth.example", R"({"access_token":"first-token","expires_in":3599})");
  broken->On("oauth.example", R"({"access_token":"second-token","expires_in":3599})");
  broken->On("googleAds", kExpired, 401);
  Connection connection{
      .client = {},
      .account = kAccount,
      .base_url = "https://ads.example",
      .token_url = "https://oauth.example/token",
      .version = {},
      .settings = {},
      .secrets = {{"client_id", "i"}, {"client_secret", "very-secret"}, {"refresh_token", "1//r"}},
      .calls_per_second = 1000};
  const auto made = MakeGoogleAdsConnector(connection, broken, clock);
  const auto tree = made->reader->ReadAccount(kAccount, Soon());
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().code, Errc::kUnauthenticated);
  for (const char* secret : {"first-token", "second-token", "very-secret", "1//r"}) {
    EXPECT_EQ(tree.error().what.find(secret), std::string::npos);
  }
  EXPECT_EQ(broken->Count("googleAds:search"), 2);
}

TEST_F(GoogleAdsTest, AnotherAccountIsNeverTouched) {
  const Connector google = Connect();
  const AccountId other{Platform::kGoogleAds, "42"};
  EXPECT_EQ(google.reader->ReadAccount(other, Soon()).error().code, Errc::kInvalidArgument);
  Change change = UpdateOf(Level::kCampaign, "1", {{"status", Word("paused")}});
  change.account = other;
  EXPECT_EQ(google.writer->Apply(change, Soon()).error().code, Errc::kInvalidArgument);
  EXPECT_TRUE(wire->sent.empty());
}

TEST_F(GoogleAdsTest, AnswerForAnotherAccountIsRefused) {
  auto crossed = std::make_shared<Script>();
  crossed->On("FROM customer\"", Page(R"({"customer":{"id":"42","currencyCode":"EUR"}})", 1));
  Connection connection{};
  connection.account = kAccount;
  connection.secrets = {{"access_token", "t"}};
  const auto made = MakeGoogleAdsConnector(connection, crossed, clock);
  EXPECT_EQ(made->reader->ReadAccount(kAccount, Soon()).error().code, Errc::kBadAnswer);
}

// --- reading the tree ----------------------------------------------------------------------------

TEST_F(GoogleAdsTest, ReadsTheWholeTree) {
  wire->On("FROM campaign ", Page(R"({"campaign":{"id":"11","name":"Spring ~abcdefghij",
      "status":"ENABLED","primaryStatus":"LIMITED","primaryStatusReasons":["BUDGET_CONSTRAINED"],
      "advertisingChannelType":"SEARCH","biddingStrategyType":"TARGET_SPEND",
      "startDateTime":"2026-12-01 00:00:00","endDateTime":"2037-12-30 23:59:59",
      "containsEuPoliticalAdvertising":"DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING",
      "newField":{"x":1}},
      "campaignBudget":{"id":"77","amountMicros":"19990000"}},
      {"campaign":{"id":"12","name":"Launch","status":"PAUSED","primaryStatus":"PAUSED",
      "primaryStatusReasons":["CAMPAIGN_PAUSED"],"advertisingChannelType":"HOLOGRAM"},
      "campaignBudget":{"id":"78","totalAmountMicros":"500000000","amountMicros":null}})",
                                  2));
  wire->On("FROM campaign_criterion", Page(R"(
      {"campaign":{"id":"11"},"campaignCriterion":{"criterionId":"2840","type":"LOCATION",
        "status":"ENABLED","location":{"geoTargetConstant":"geoTargetConstants/2840"}}},
      {"campaign":{"id":"11"},"campaignCriterion":{"criterionId":"2276","type":"LOCATION",
        "status":"ENABLED","location":{"geoTargetConstant":"geoTargetConstants/2276"}}},
      {"campaign":{"id":"11"},"campaignCriterion":{"criterionId":"2250","type":"LOCATION",
        "negative":true,"location":{"geoTargetConstant":"geoTargetConstants/2250"}}},
      {"campaign":{"id":"11"},"campaignCriterion":{"criterionId":"1001","type":"LANGUAGE",
        "status":"ENABLED","language":{"languageConstant":"languageConstants/1001"}}})",
                                           4));
  wire->On("FROM ad_group ", Page(R"({"adGroup":{"id":"21","name":"Core","status":"ENABLED",
      "primaryStatus":"PAUSED","primaryStatusReasons":["CAMPAIGN_PAUSED"],
      "cpcBidMicros":"1230000"},"campaign":{"id":"11"}})",
                                  1));
  wire->On("FROM ad_group_criterion", Page(R"(
      {"adGroup":{"id":"21"},"adGroupCriterion":{"criterionId":"9","status":"ENABLED",
        "keyword":{"text":"running shoes","matchType":"PHRASE"}}},
      {"adGroup":{"id":"21"},"adGroupCriterion":{"criterionId":"8","status":"ENABLED",
        "keyword":{"text":"shoes","matchType":"EXACT"}}},
      {"adGroup":{"id":"21"},"adGroupCriterion":{"criterionId":"7","status":"ENABLED",
        "negative":true,"keyword":{"text":"free","matchType":"BROAD"}}},
      {"adGroup":{"id":"21"},"adGroupCriterion":{"criterionId":"6","status":"PAUSED",
        "keyword":{"text":"boots","matchType":"BROAD"}}})",
                                           4));
  wire->On("FROM ad_group_ad ", Page(R"({"adGroupAd":{"status":"ENABLED",
      "primaryStatus":"NOT_ELIGIBLE","primaryStatusReasons":["AD_GROUP_AD_DISAPPROVED"],
      "policySummary":{"reviewStatus":"REVIEWED","approvalStatus":"DISAPPROVED",
        "policyTopicEntries":[{"topic":"MISLEADING_CONTENT","type":"PROHIBITED",
          "evidences":[{"textList":{"texts":["miracle cure"]}}]}]},
      "ad":{"id":"31","finalUrls":["https://shop.example/spring"],"finalUrlSuffix":"utm_source=g",
        "urlCustomParameters":[{"key":"mx","value":"Ad one ~0123456789"},
                               {"key":"mximg","value":"55"}],
        "responsiveSearchAd":{"headlines":[{"text":"H1"},{"text":"H2"},{"text":"H3"}],
                              "descriptions":[{"text":"D1"},{"text":"D2"}]}}},
      "adGroup":{"id":"21"},"campaign":{"id":"11"}},
      {"adGroupAd":{"status":"PAUSED","ad":{"id":"32","responsiveSearchAd":{
         "headlines":[{"text":"Hand made"}]}},
         "policySummary":{"reviewStatus":"REVIEW_IN_PROGRESS"}},
       "adGroup":{"id":"21"},"campaign":{"id":"11"}})",
                                     2));
  wire->On("FROM ad_group_asset", Page(R"({"adGroup":{"id":"21"},"adGroupAsset":{"status":"ENABLED",
                "asset":"customers/1234567890/assets/55"}})",
                                       1));

  const auto tree = Connect().reader->ReadAccount(kAccount, Soon());
  ASSERT_TRUE(tree) << tree.error().what;
  EXPECT_EQ(tree->info.name, "Shoe shop");
  EXPECT_EQ(tree->info.currency, kEur);
  EXPECT_EQ(tree->info.zone, "Europe/Berlin");
  EXPECT_EQ(tree->info.status, "active");
  ASSERT_EQ(tree->entities.size(), 5u);

  EXPECT_EQ(tree->entities[0].fields,
            (Fields{{"name", Word("Spring ~abcdefghij")},
                    {"status", Word("active")},
                    {"effective_status", Word("limited")},
                    {"platform_status", Word("LIMITED: BUDGET_CONSTRAINED")},
                    {"channel_type", Word("search")},
                    {"bid_strategy", Word("maximize_clicks")},
                    {"start_at", Word("2026-12-01 00:00:00")},
                    {"eu_political", false},
                    {"budget_id", Word("77")},
                    {"daily_budget", Money::Micros(19'990'000, kEur)},
                    {"countries", List{"DE", "US"}},
                    {"excluded_locations", List{"2250"}},
                    {"languages", List{"de"}}}));
  const Fields& launch = tree->entities[1].fields;
  EXPECT_EQ(launch.at("channel_type"), FieldValue(Word("hologram")));  // new to us, kept
  EXPECT_EQ(launch.at("lifetime_budget"), FieldValue(Money::Micros(500'000'000, kEur)));
  EXPECT_EQ(launch.count("daily_budget"), 0u);
  EXPECT_EQ(launch.count("eu_political"), 0u);

  const Entity& ad_group = tree->entities[2];
  EXPECT_EQ(ad_group.parent_id, "11");
  EXPECT_EQ(ad_group.fields.at("effective_status"), FieldValue(Word("parent_paused")));
  EXPECT_EQ(ad_group.fields.at("bid"), FieldValue(Money::Micros(1'230'000, kEur)));
  EXPECT_EQ(ad_group.fields.at("keywords"),
            FieldValue(List{"exact:shoes", "phrase:running shoes"}));
  EXPECT_EQ(ad_group.fields.at("negative_keywords"), FieldValue(List{"broad:free"}));
  EXPECT_EQ(ad_group.fields.at("age_min"), FieldValue(std::int64_t{18}));
  EXPECT_EQ(ad_group.fields.at("age_max"), FieldValue(std::int64_t{65}));

  const Entity& ad = tree->entities[3];
  EXPECT_EQ(ad.id, "31");
  EXPECT_EQ(ad.parent_id, "21");
  EXPECT_EQ(ad.campaign_id, "11");
  EXPECT_EQ(
      ad.fields,
      (Fields{{"name", Word("Ad one ~0123456789")},
              {"status", Word("active")},
              {"effective_status", Word("rejected")},
              {"platform_status", Word("NOT_ELIGIBLE: AD_GROUP_AD_DISAPPROVED")},
              {"headlines", List{"H1", "H2", "H3"}},
              {"descriptions", List{"D1", "D2"}},
              {"landing_url", Word("https://shop.example/spring")},
              {"url_tags", Word("utm_source=g")},
              {"image", Word("55")},
              {"review_status", Word("rejected")},
              {"review_reasons", List{"MISLEADING_CONTENT (prohibited): \"miracle cure\""}}}));
  EXPECT_EQ(tree->entities[4].fields.at("name"), FieldValue(Word("Hand made")));
  EXPECT_EQ(tree->entities[4].fields.at("review_status"), FieldValue(Word("pending")));
}

// --- paging --------------------------------------------------------------------------------------

std::string CampaignRow(int id) {
  return fmt::format(R"({{"campaign":{{"id":"{}","name":"c{}","status":"PAUSED"}}}})", id, id);
}
Result<std::vector<Entity>> FindThree(Connector google, http::Deadline deadline) {
  FindQuery query{};
  query.account = kAccount;
  query.ids = {"1", "2", "3"};
  return google.reader->Find(query, deadline);
}

TEST_F(GoogleAdsTest, PagesAreReadToTheEnd) {
  wire->On("FROM campaign_criterion", Page("", 0));
  wire->On("FROM campaign ", Page(CampaignRow(1) + "," + CampaignRow(2), 3, "p2"));
  wire->On("FROM campaign ", Page(CampaignRow(3), 3));
  const auto found = FindThree(Connect(), Soon());
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(found->size(), 3u);
  EXPECT_EQ(wire->Count("\"pageToken\":\"p2\""), 1);
}

TEST_F(GoogleAdsTest, F28PageSentTwiceIsCountedOnce) {
  wire->On("FROM campaign_criterion", Page("", 0));
  wire->On("FROM campaign ", Page(CampaignRow(1) + "," + CampaignRow(2), 3, "p2"));
  wire->On("FROM campaign ", Page(CampaignRow(1) + "," + CampaignRow(2), 3, "p3"));
  wire->On("FROM campaign ", Page(CampaignRow(3), 3));
  const auto found = FindThree(Connect(), Soon());
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_EQ(found->size(), 3u);
}

TEST_F(GoogleAdsTest, F28LoopingPagesEndInAnError) {
  wire->On("FROM campaign ", Page(CampaignRow(1), 3, "p2"));
  wire->On("FROM campaign ", Page(CampaignRow(2), 3, "p2"));
  const auto found = FindThree(Connect(), Soon());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::kBadAnswer);
  EXPECT_NE(found.error().what.find("2 of 3 rows"), std::string::npos) << found.error().what;
  EXPECT_LT(wire->sent.size(), 10u);
}

TEST_F(GoogleAdsTest, EverNewTokensWithoutNewRowsEnd) {
  for (int i = 0; i < 50; ++i) {
    wire->On("FROM campaign ",
             fmt::format(R"({{"results":[{}],"fieldMask":"x","nextPageToken":"p{}"}})",
                         CampaignRow(1), i));
  }
  const auto found = FindThree(Connect(), Soon());
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().what.find("in circles"), std::string::npos) << found.error().what;
  EXPECT_LT(wire->sent.size(), 10u);
}

TEST_F(GoogleAdsTest, F28MissingPageIsNoticedByTheTotal) {
  wire->On("FROM campaign ", Page(CampaignRow(1) + "," + CampaignRow(2), 3));
  EXPECT_EQ(FindThree(Connect(), Soon()).error().code, Errc::kBadAnswer);
}

TEST_F(GoogleAdsTest, F32TruncatedPageIsNotZeroRows) {
  wire->On("FROM campaign ", R"({"results":[{"campaign":{"id":"1","na)");
  EXPECT_EQ(FindThree(Connect(), Soon()).error().code, Errc::kBadAnswer);
}

TEST_F(GoogleAdsTest, ReadsAreRetriedAndThrottlesHonoured) {
  wire->On("FROM campaign_criterion", Page("", 0));
  wire->On("FROM campaign ",
           R"({"error":{"code":429,"details":[{"errors":[{"errorCode":{"quotaError":
              "RESOURCE_TEMPORARILY_EXHAUSTED"},"details":{"quotaErrorDetails":{
              "retryDelay":"30s"}}}]}]}})",
           429);
  wire->On("FROM campaign ", "<html>bad gateway</html>", 502);
  wire->On("FROM campaign ", Page(CampaignRow(1) + "," + CampaignRow(2) + "," + CampaignRow(3), 3));
  const Instant start = clock->Now();
  const auto found = FindThree(Connect(), Soon());
  ASSERT_TRUE(found) << found.error().what;
  EXPECT_GE(clock->Now() - start, std::chrono::seconds(30));
}

// --- writing -------------------------------------------------------------------------------------

TEST_F(GoogleAdsTest, CampaignIsOneAtomicCallCreatedPaused) {
  wire->On("googleAds:mutate", R"({"mutateOperationResponses":[
      {"campaignBudgetResult":{"resourceName":"customers/1234567890/campaignBudgets/77"}},
      {"campaignResult":{"resourceName":"customers/1234567890/campaigns/11"}},
      {"campaignCriterionResult":{"resourceName":"customers/1234567890/campaignCriteria/11~2276"}},
      {"campaignCriterionResult":{"resourceName":"customers/1234567890/campaignCriteria/11~2040"}},
      {"campaignCriterionResult":{"resourceName":"customers/1234567890/campaignCriteria/11~1001"}}]})");
  const Change change = CreateOf(Level::kCampaign, CampaignFields());
  const auto applied = Connect().writer->Apply(change, Soon());
  ASSERT_TRUE(applied) << applied.error().what;
  EXPECT_EQ(applied->id, "11");
  EXPECT_EQ(applied->platform_ref, "req-1");
  const std::string name = "Spring search" + MarkerOf(change.key);
  const Json want = Json::parse(fmt::format(R"({{"mutateOperations":[
    {{"campaignBudgetOperation":{{"create":{{"resourceName":"customers/1234567890/campaignBudgets/-1",
      "name":"{0}","amountMicros":"50000000","period":"DAILY","deliveryMethod":"STANDARD",
      "explicitlyShared":false}}}}}},
    {{"campaignOperation":{{"create":{{"resourceName":"customers/1234567890/campaigns/-2",
      "name":"{0}","status":"PAUSED","advertisingChannelType":"SEARCH",
      "campaignBudget":"customers/1234567890/campaignBudgets/-1","maximizeConversions":{{}},
      "containsEuPoliticalAdvertising":"DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING",
      "networkSettings":{{"targetGoogleSearch":true,"targetSearchNetwork":true,
        "targetContentNetwork":false,"targetPartnerSearchNetwork":false}},
      "startDateTime":"2026-12-01 00:00:00","endDateTime":"2026-12-31 23:59:59"}}}}}},
    {{"campaignCriterionOperation":{{"create":{{"campaign":"customers/1234567890/campaigns/-2",
      "location":{{"geoTargetConstant":"geoTargetConstants/2276"}}}}}}}},
    {{"campaignCriterionOperation":{{"create":{{"campaign":"customers/1234567890/campaigns/-2",
      "location":{{"geoTargetConstant":"geoTargetConstants/2040"}}}}}}}},
    {{"campaignCriterionOperation":{{"create":{{"campaign":"customers/1234567890/campaigns/-2",
      "language":{{"languageConstant":"languageConstants/1001"}}}}}}}}]}})",
                                            name));
  EXPECT_EQ(wire->LastBody("googleAds:mutate"), want);
  EXPECT_FALSE(wire->sent.back().idempotent);
}

TEST_F(GoogleAdsTest, LifetimeBudgetIsACustomPeriod) {
  wire->On("googleAds:mutate", "{}");
  Fields fields = CampaignFields();
  fields.erase("daily_budget");
  fields["lifetime_budget"] = Money::Micros(1'000'000'000, kEur);
  EXPECT_TRUE(Connect().writer->Validate(CreateOf(Level::kCampaign, fields), Soon()));
  const Json body = wire->LastBody("googleAds:mutate");
  const Json& budget = body["mutateOperations"][0]["campaignBudgetOperation"]["create"];
  EXPECT_EQ(budget["totalAmountMicros"], "1000000000");
  EXPECT_EQ(budget["period"], "CUSTOM_PERIOD");
  EXPECT_EQ(budget.count("amountMicros"), 0u);
  EXPECT_EQ(body["validateOnly"], true);
  EXPECT_TRUE(wire->sent.back().idempotent);
}

TEST_F(GoogleAdsTest, AdGroupComesWithItsKeywords) {
  wire->On("googleAds:mutate", R"({"mutateOperationResponses":[
      {"adGroupResult":{"resourceName":"customers/1234567890/adGroups/21"}},
      {"adGroupCriterionResult":{"resourceName":"customers/1234567890/adGroupCriteria/21~9"}}]})");
  const Change change =
      CreateOf(Level::kAdGroup,
               {{"name", Word("Core")},
                {"status", Word("paused")},
                {"bid", Money::Micros(1'230'000, kEur)},
                {"keywords", List{"phrase:running shoes", "phrase:running shoes"}}},
               "11");
  const auto applied = Connect().writer->Apply(change, Soon());
  ASSERT_TRUE(applied) << applied.error().what;
  EXPECT_EQ(applied->id, "21");
  EXPECT_EQ(wire->LastBody("googleAds:mutate"), Json::parse(fmt::format(R"({{"mutateOperations":[
    {{"adGroupOperation":{{"create":{{"resourceName":"customers/1234567890/adGroups/-1",
      "campaign":"customers/1234567890/campaigns/11","name":"Core{}","status":"PAUSED",
      "type":"SEARCH_STANDARD","cpcBidMicros":"1230000"}}}}}},
    {{"adGroupCriterionOperation":{{"create":{{"adGroup":"customers/1234567890/adGroups/-1",
      "status":"ENABLED","keyword":{{"text":"running shoes","matchType":"PHRASE"}}}}}}}}]}})",
                                                                        MarkerOf(change.key))));
}

Fields AdFields() {
  return {{"name", Word("Ad one")},
          {"status", Word("paused")},
          {"headlines", List{"H1", "H2", "H3"}},
          {"descriptions", List{"D1", "D2"}},
          {"landing_url", Word("https://shop.example/spring")},
          {"url_tags", Word("utm_source=google")},
          {"image", Word("55")}};
}

TEST_F(GoogleAdsTest, AdCarriesItsNameInACustomParameterAndLinksItsImage) {
  wire->On("FROM ad_group_asset", Page("", 0));
  wire->On("googleAds:mutate", R"({"mutateOperationResponses":[
      {"adGroupAdResult":{"resourceName":"customers/1234567890/adGroupAds/21~31"}},
      {"adGroupAssetResult":{"resourceName":"customers/1234567890/adGroupAssets/21~55~AD_IMAGE"}}]})");
  const Change change = CreateOf(Level::kAd, AdFields(), "21");
  const auto applied = Connect().writer->Apply(change, Soon());
  ASSERT_TRUE(applied) << applied.error().what;
  EXPECT_EQ(applied->id, "31");
  EXPECT_EQ(wire->LastBody("googleAds:mutate"), Json::parse(fmt::format(R"({{"mutateOperations":[
    {{"adGroupAdOperation":{{"create":{{"adGroup":"customers/1234567890/adGroups/21",
      "status":"PAUSED","ad":{{"finalUrls":["https://shop.example/spring"],
      "finalUrlSuffix":"utm_source=google",
      "urlCustomParameters":[{{"key":"mx","value":"Ad one{}"}},{{"key":"mximg","value":"55"}}],
      "responsiveSearchAd":{{"headlines":[{{"text":"H1"}},{{"text":"H2"}},{{"text":"H3"}}],
        "descriptions":[{{"text":"D1"}},{{"text":"D2"}}]}}}}}}}}}},
    {{"adGroupAssetOperation":{{"create":{{"adGroup":"customers/1234567890/adGroups/21",
      "asset":"customers/1234567890/assets/55","fieldType":"AD_IMAGE"}}}}}}]}})",
                                                                        MarkerOf(change.key))));
}

TEST_F(GoogleAdsTest, ImageThatIsLinkedAlreadyIsNotLinkedAgain) {
  wire->On("FROM ad_group_asset", Page(R"({"adGroup":{"id":"21"},"adGroupAsset":{"status":"ENABLED",
                "asset":"customers/1234567890/assets/55"}})",
                                       1));
  wire->On("googleAds:mutate", R"({"mutateOperationResponses":[
      {"adGroupAdResult":{"resourceName":"customers/1234567890/adGroupAds/21~31"}}]})");
  ASSERT_TRUE(Connect().writer->Apply(CreateOf(Level::kAd, AdFields(), "21"), Soon()));
  EXPECT_EQ(wire->LastBody("googleAds:mutate")["mutateOperations"].size(), 1u);
}

TEST_F(GoogleAdsTest, AssetIsUploaded) {
  wire->On("assets:mutate", R"({"results":[{"resourceName":"customers/1234567890/assets/55"}]})");
  const Change change =
      CreateOf(Level::kAsset,
               {{"name", Word("Shoe")}, {"media", Word("image")}, {"content", Word("aGVsbG8=")}});
  const auto applied = Connect().writer->Apply(change, Soon());
  ASSERT_TRUE(applied) << applied.error().what;
  EXPECT_EQ(applied->id, "55");
  EXPECT_EQ(wire->LastBody("assets:mutate"),
            Json::parse(fmt::format(R"({{"operations":[{{"create":{{"name":"Shoe{}",
              "type":"IMAGE","imageAsset":{{"data":"aGVsbG8="}}}}}}]}})",
                                    MarkerOf(change.key))));
}

TEST_F(GoogleAdsTest, UpdateSendsExactlyWhatChanges) {
  wire->On(
      "campaign_budget.reference_count",
      Page(R"({"campaign":{"id":"11","campaignBudget":"customers/1234567890/campaignBudgets/77"},
                "campaignBudget":{"referenceCount":"1"}})",
           1));
  wire->On("googleAds:mutate", R"({"mutateOperationResponses":[
      {"campaignBudgetResult":{"resourceName":"customers/1234567890/campaignBudgets/77"}},
      {"campaignResult":{"resourceName":"customers/1234567890/campaigns/11"}}]})");
  const Connector google = Connect();
  const auto applied =
      google.writer->Apply(UpdateOf(Level::kCampaign, "11",
                                    {{"daily_budget", Money::Micros(19'990'000, kEur)},
                                     {"status", Word("active")},
                                     {"end_at", Word("2027-01-31 23:59:59")}}),
                           Soon());
  ASSERT_TRUE(applied) << applied.error().what;
  EXPECT_EQ(applied->id, "11");
  EXPECT_EQ(wire->LastBody("googleAds:mutate"), Json::parse(R"({"mutateOperations":[
    {"campaignBudgetOperation":{"update":{"resourceName":"customers/1234567890/campaignBudgets/77",
      "amountMicros":"19990000"},"updateMask":"amount_micros"}},
    {"campaignOperation":{"update":{"resourceName":"customers/1234567890/campaigns/11",
      "status":"ENABLED","endDateTime":"2027-01-31 23:59:59"},
      "updateMask":"status,end_date_time"}}]})"));
}

TEST_F(GoogleAdsTest, SharedBudgetIsNotChanged) {
  wire->On("campaign_budget.reference_count",
           Page(R"({"campaign":{"id":"11","campaignBudget":"customers/1/campaignBudgets/77"},
                "campaignBudget":{"explicitlyShared":true,"referenceCount":"3"}})",
                1));
  const auto applied = Connect().writer->Apply(
      UpdateOf(Level::kCampaign, "11", {{"daily_budget", Money::Micros(1'000'000, kEur)}}), Soon());
  EXPECT_EQ(applied.error().code, Errc::kRefused);
  EXPECT_EQ(wire->Count(":mutate"), 0);
}

TEST_F(GoogleAdsTest, RemovalIsItsOwnOperation) {
  wire->On("FROM ad_group_ad ",
           Page(R"({"adGroup":{"id":"21"},"adGroupAd":{"ad":{"id":"31"}}})", 1));
  wire->On("googleAds:mutate", R"({"mutateOperationResponses":[
      {"adGroupAdResult":{"resourceName":"customers/1234567890/adGroupAds/21~31"}}]})");
  const Connector google = Connect();
  const auto applied =
      google.writer->Apply(UpdateOf(Level::kAd, "31", {{"status", Word("removed")}}), Soon());
  ASSERT_TRUE(applied) << applied.error().what;
  EXPECT_EQ(wire->LastBody("googleAds:mutate"), Json::parse(R"({"mutateOperations":[
    {"adGroupAdOperation":{"remove":"customers/1234567890/adGroupAds/21~31"}}]})"));
  const auto both = google.writer->Apply(
      UpdateOf(Level::kCampaign, "1", {{"status", Word("removed")}, {"name", Word("x")}}), Soon());
  EXPECT_EQ(both.error().code, Errc::kInvalidArgument);
}

TEST_F(GoogleAdsTest, WhatCannotBeExpressedIsRefusedBeforeAnythingIsSent) {
  const auto without = [](Fields fields, const char* name) {
    fields.erase(name);
    return fields;
  };
  const auto with = [](Fields fields, const char* name, FieldValue value) {
    fields[name] = std::move(value);
    return fields;
  };
  const Fields campaign = CampaignFields();
  const Fields ad = without(AdFields(), "image");
  const Fields group = {{"name", Word("g")}, {"status", Word("paused")}};
  const std::vector<std::pair<std::string, Change>> cases = {
      {"channel_type", CreateOf(Level::kCampaign, with(campaign, "channel_type", Word("video")))},
      {"eu_political", CreateOf(Level::kCampaign, without(campaign, "eu_political"))},
      {"daily_budget", CreateOf(Level::kCampaign, without(campaign, "daily_budget"))},
      {"objective", CreateOf(Level::kCampaign, with(campaign, "objective", Word("sales")))},
      {"lowest_cost",
       CreateOf(Level::kCampaign, with(campaign, "bid_strategy", Word("lowest_cost")))},
      {"ZZ", CreateOf(Level::kCampaign, with(campaign, "countries", List{"ZZ"}))},
      {"xx", CreateOf(Level::kCampaign, with(campaign, "languages", List{"xx"}))},
      {"start_at", CreateOf(Level::kCampaign, with(campaign, "start_at", Word("tomorrow")))},
      {"USD",
       CreateOf(Level::kCampaign, with(campaign, "daily_budget", Money::Micros(50'000'000, kUsd)))},
      {"daily_budget",
       CreateOf(Level::kCampaign, with(campaign, "daily_budget", Money::Micros(50'000'001, kEur)))},
      {"genders", CreateOf(Level::kAdGroup, with(group, "genders", List{"robot"}), "11")},
      {"parent", CreateOf(Level::kAdGroup, group)},
      {"match", CreateOf(Level::kAdGroup, with(group, "keywords", List{"shoes"}), "11")},
      {"headlines", CreateOf(Level::kAd, with(ad, "headlines", List{"one"}), "21")},
      {"landing_url", CreateOf(Level::kAd, without(ad, "landing_url"), "21")},
      {"call_to_action", CreateOf(Level::kAd, with(ad, "call_to_action", Word("shop_now")), "21")},
      {"custom parameter", CreateOf(Level::kAd, with(ad, "name", std::string(300, 'x')), "21")},
      {"image", CreateOf(Level::kAd, with(ad, "image", Word("x")), "21")},
      {"YouTube",
       CreateOf(Level::kAsset,
                {{"name", Word("v")}, {"media", Word("video")}, {"content", Word("AA==")}})},
      {"unknown_budget",
       UpdateOf(Level::kCampaign, "1", {{"unknown_budget", Money::Micros(1'000'000, kEur)}})},
      {"headlines", UpdateOf(Level::kAd, "31", {{"headlines", List{"a", "b", "c"}}})},
      {"1; DROP", UpdateOf(Level::kCampaign, "1; DROP", {{"status", Word("paused")}})},
  };
  const Connector google = Connect();
  wire->On("FROM ad_group_ad ",
           Page(R"({"adGroup":{"id":"21"},"adGroupAd":{"ad":{"id":"31"}}})", 1));
  for (const auto& [named, change] : cases) {
    const auto applied = google.writer->Apply(change, Soon());
    ASSERT_FALSE(applied) << named;
    EXPECT_EQ(applied.error().code, Errc::kInvalidArgument) << named;
    EXPECT_NE(applied.error().what.find(named), std::string::npos)
        << named << ": " << applied.error().what;
  }
  EXPECT_EQ(wire->Count(":mutate"), 0);
}

TEST_F(GoogleAdsTest, NothingIsCreatedActive) {
  Fields fields = CampaignFields();
  const Connector google = Connect();
  fields["status"] = Word("active");
  EXPECT_EQ(google.writer->Apply(CreateOf(Level::kCampaign, fields), Soon()).error().code,
            Errc::kRefused);
  fields.erase("status");
  EXPECT_EQ(google.writer->Apply(CreateOf(Level::kCampaign, fields), Soon()).error().code,
            Errc::kRefused);
  EXPECT_EQ(wire->Count(":mutate"), 0);
}

TEST_F(GoogleAdsTest, WritesAreSentOnceAndUnknownStaysUnknown) {
  struct Fate {
    Result<http::Response> answer;
    Errc want;
  };
  const Fate fates[] = {
      {Fail(Errc::kUnknownOutcome, "timed out"), Errc::kUnknownOutcome},
      {Fail(Errc::kUnavailable, "connection refused"), Errc::kUnavailable},
      {http::Response{.status = 503, .body = R"({"error":{"code":503,"status":"UNAVAILABLE"}})"},
       Errc::kUnknownOutcome},
      {http::Response{.body = ""}, Errc::kUnknownOutcome},
      {http::Response{.body = "<html></html>"}, Errc::kUnknownOutcome},
      {http::Response{.body = R"({"mutateOperationResponses":[{"adGroupResult":{"resou)"},
       Errc::kUnknownOutcome},
      {http::Response{.body = R"({"mutateOperationResponses":[]})"}, Errc::kUnknownOutcome},
      {http::Response{.body = R"({"mutateOperationResponses":[{"adGroupResult":{}}]})"},
       Errc::kUnknownOutcome},
      {http::Response{.status = 409,
                      .body = R"({"error":{"code":409,"details":[{"errors":[{"errorCode":
                              {"databaseError":"CONCURRENT_MODIFICATION"}}]}]}})"},
       Errc::kConflict},
      {http::Response{.status = 429,
                      .body = R"({"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}})"},
       Errc::kRateLimited},
  };
  for (const Fate& fate : fates) {
    auto once = std::make_shared<Script>();
    once->On("FROM customer\"",
             Page(R"({"customer":{"id":"1234567890","currencyCode":"EUR"}})", 1));
    once->On(":mutate", fate.answer);
    Connection connection{};
    connection.account = kAccount;
    connection.secrets = {{"access_token", "t"}};
    const auto google = MakeGoogleAdsConnector(connection, once, clock);
    const auto applied =
        google->writer->Apply(UpdateOf(Level::kAdGroup, "5", {{"status", Word("active")}}), Soon());
    ASSERT_FALSE(applied);
    EXPECT_EQ(ErrcName(applied.error().code), ErrcName(fate.want)) << applied.error().what;
    EXPECT_EQ(once->Count(":mutate"), 1);
  }
}

TEST_F(GoogleAdsTest, ChildOfAParentThatIsNotThereYetIsCheckedByUsAlone) {
  const Connector google = Connect();
  Change change = CreateOf(Level::kAd, AdFields());
  EXPECT_TRUE(google.writer->Validate(change, Soon()));
  change.after.erase("landing_url");
  EXPECT_EQ(google.writer->Validate(change, Soon()).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(wire->Count(":mutate"), 0);
}

// --- finding -------------------------------------------------------------------------------------

TEST_F(GoogleAdsTest, FindsByMarkerRemovedOnesIncluded) {
  wire->On("FROM campaign_criterion", Page("", 0));
  wire->On("FROM campaign ", Page(R"(
      {"campaign":{"id":"1","name":"Spring ~abcdefghij","status":"REMOVED"}},
      {"campaign":{"id":"2","name":"Spring ~ABCDEFGHIJ","status":"ENABLED"}})",
                                  2));
  FindQuery query{};
  query.account = kAccount;
  query.marker = " ~abcdefghij";
  const auto found = Connect().reader->Find(query, Soon());
  ASSERT_TRUE(found) << found.error().what;
  ASSERT_EQ(found->size(), 1u);  // LIKE ignores case, we do not
  EXPECT_EQ(found->front().id, "1");
  EXPECT_EQ(TextField(found->front().fields, "status"), "removed");
  EXPECT_EQ(wire->Count("WHERE campaign.name LIKE '% ~abcdefghij'"), 1);
}

TEST_F(GoogleAdsTest, FindsAnAdByTheMarkerInItsCustomParameter) {
  wire->On("FROM ad_group_ad ", Page(R"(
      {"adGroupAd":{"status":"PAUSED","ad":{"id":"31","urlCustomParameters":[
         {"key":"mx","value":"Ad ~abcdefghij"}]}},"adGroup":{"id":"21"},"campaign":{"id":"11"}},
      {"adGroupAd":{"status":"PAUSED","ad":{"id":"32"}},"adGroup":{"id":"21"},
       "campaign":{"id":"11"}})",
                                     2));
  FindQuery query{};
  query.account = kAccount;
  query.level = Level::kAd;
  query.marker = " ~abcdefghij";
  const auto found = Connect().reader->Find(query, Soon());
  ASSERT_TRUE(found) << found.error().what;
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().id, "31");
  query.ids = {"31"};
  EXPECT_EQ(Connect().reader->Find(query, Soon()).error().code, Errc::kInvalidArgument);
  query.marker.clear();
  query.ids = {"31 OR 1=1"};
  EXPECT_EQ(Connect().reader->Find(query, Soon()).error().code, Errc::kInvalidArgument);
}

// --- metrics -------------------------------------------------------------------------------------

TEST_F(GoogleAdsTest, MetricsAreExact) {
  wire->On("FROM campaign ", Page(R"(
      {"campaign":{"resourceName":"customers/1/campaigns/11","id":"11"},
       "segments":{"date":"2026-11-20"},
       "metrics":{"costMicros":"9007199254740993","impressions":"1000","clicks":"12",
                  "conversions":1.5,"conversionsValue":123456789012.10,
                  "searchImpressionShare":0.0999,"searchBudgetLostImpressionShare":0.9001,
                  "searchRankLostImpressionShare":0.05}},
      {"campaign":{"id":"12"},"segments":{"date":"2026-11-20"},
       "metrics":{"costMicros":0,"impressions":0,"clicks":"0","conversions":"0.0",
                  "conversionsValue":0}})",
                                  2));
  const auto report = Connect().reader->ReadMetrics(Query("2026-11-20", "2026-11-20"), Soon());
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_TRUE(report->complete);
  EXPECT_EQ(report->attribution_window, "30d_click");
  ASSERT_EQ(report->rows.size(), 2u);
  const MetricRow& row = report->rows[0];
  EXPECT_EQ(row.day, On("2026-11-20"));
  EXPECT_EQ(row.campaign_id, "11");
  EXPECT_EQ(row.spend, Money::Micros(9'007'199'254'740'993, kEur));  // 2^53 + 1
  EXPECT_EQ(row.impressions, 1000);
  EXPECT_EQ(row.clicks, 12);
  EXPECT_EQ(row.conversions_claimed, 1.5);
  EXPECT_EQ(row.revenue_claimed, Money::Micros(123'456'789'012'100'000, kEur));
  EXPECT_EQ(row.impression_share, 0.0999);
  EXPECT_EQ(row.lost_to_budget, 0.9001);
  EXPECT_EQ(row.lost_to_rank, 0.05);
  EXPECT_EQ(row.hour, std::nullopt);
  EXPECT_EQ(report->rows[1].impression_share, std::nullopt);
  EXPECT_EQ(report->rows[1].conversions_claimed, 0.0);
}

TEST_F(GoogleAdsTest, LongRangesAreReadByTheMonth) {
  wire->On("FROM campaign ", Page("", 0));
  ASSERT_TRUE(Connect().reader->ReadMetrics(Query("2026-09-01", "2026-11-20"), Soon()));
  EXPECT_EQ(wire->Count("BETWEEN '2026-09-01' AND '2026-10-01'"), 1);
  EXPECT_EQ(wire->Count("BETWEEN '2026-10-02' AND '2026-11-01'"), 1);
  EXPECT_EQ(wire->Count("BETWEEN '2026-11-02' AND '2026-11-20'"), 1);
  EXPECT_EQ(wire->Count("FROM campaign "), 3);
}

TEST_F(GoogleAdsTest, LevelsGrainsAndBreakdowns) {
  const auto metrics = R"("metrics":{"costMicros":"5000000","impressions":"10","clicks":"1",
                          "conversions":0.0,"conversionsValue":0.0})";
  wire->On("segments.hour",
           Page(fmt::format(R"({{"campaign":{{"id":"11"}},"segments":{{"date":"2026-11-20",
                             "hour":23}},{}}})",
                            metrics),
                1));
  wire->On("segments.device",
           Page(fmt::format(R"({{"campaign":{{"id":"11"}},"segments":{{"date":"2026-11-20",
                             "device":"SMART_FRIDGE"}},{}}})",
                            metrics),
                1));
  wire->On("geographic_view",
           Page(fmt::format(R"({{"campaign":{{"id":"11"}},"segments":{{"date":"2026-11-20"}},
                  "geographicView":{{"countryCriterionId":"2276",
                  "locationType":"LOCATION_OF_PRESENCE"}},{0}}},
                  {{"campaign":{{"id":"11"}},"segments":{{"date":"2026-11-20"}},
                  "geographicView":{{"countryCriterionId":"2276",
                  "locationType":"AREA_OF_INTEREST"}},{0}}})",
                            metrics),
                2));
  wire->On("keyword_view", Page(fmt::format(R"({{"campaign":{{"id":"11"}},"adGroup":{{"id":"21"}},
                  "adGroupCriterion":{{"criterionId":"9","keyword":{{"text":"shoes",
                  "matchType":"PHRASE"}}}},"segments":{{"date":"2026-11-20"}},{}}})",
                                            metrics),
                                1));
  wire->On("FROM ad_group_ad ",
           Page(fmt::format(R"({{"campaign":{{"id":"11"}},"adGroup":{{"id":"21"}},
                  "adGroupAd":{{"ad":{{"id":"31"}}}},"segments":{{"date":"2026-11-20"}},{}}})",
                            metrics),
                1));
  const Connector google = Connect();
  MetricQuery query = Query("2026-11-20", "2026-11-20");
  const auto only_row = [&] {
    auto report = google.reader->ReadMetrics(query, Soon());
    if (!report || report->rows.size() != 1) {
      ADD_FAILURE() << (report ? fmt::format("{} rows", report->rows.size()) : report.error().what);
      return MetricRow{{}, {}, {}, {}, {}, {}, Money::Zero(kEur), {}, {}, {}, {}, {}};
    }
    return report->rows.front();
  };
  query.grain = Grain::kHour;
  EXPECT_EQ(only_row().hour, 23);
  query.grain = Grain::kDay;
  query.breakdown = Breakdown::kDevice;
  EXPECT_EQ(only_row().segment, "smart_fridge");
  query.breakdown = Breakdown::kCountry;
  const MetricRow country = only_row();
  EXPECT_EQ(country.segment, "DE");
  EXPECT_EQ(country.spend, Money::Micros(10'000'000, kEur));  // presence and interest
  EXPECT_EQ(country.impressions, 20);
  query.breakdown = Breakdown::kKeyword;
  EXPECT_EQ(only_row().segment, "phrase:shoes");
  query.breakdown = Breakdown::kNone;
  query.level = Level::kAd;
  const MetricRow ad = only_row();
  EXPECT_EQ(ad.ad_id, "31");
  EXPECT_EQ(ad.ad_group_id, "21");
  EXPECT_EQ(ad.campaign_id, "11");

  query.grain = Grain::kHour;
  EXPECT_EQ(google.reader->ReadMetrics(query, Soon()).error().code, Errc::kInvalidArgument);
  query.grain = Grain::kDay;
  query.breakdown = Breakdown::kAgeGender;
  query.level = Level::kCampaign;
  EXPECT_EQ(google.reader->ReadMetrics(query, Soon()).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(google.reader->ReadMetrics(Query("2026-11-20", "2026-11-19"), Soon()).error().code,
            Errc::kInvalidArgument);
}

std::string TermRow(const std::string& term, const std::string& group, const std::string& metrics) {
  return fmt::format(
      R"({{"campaign":{{"id":"11"}},"adGroup":{{"id":"{}"}},"searchTermView":{{"searchTerm":{}}},
          "segments":{{"date":"2026-11-20"}},"metrics":{{{}}}}})",
      group, Json(term).dump(), metrics);
}

TEST_F(GoogleAdsTest, SearchTermsOfTwoAdGroupsAndOfPerformanceMaxAddUp) {
  // What people type: separators of files, quotes, line breaks, other scripts, a letter that is
  // none.
  const std::string strange = "o'neill, \"wet\"\n suit; 防水 \xC3\xBC \xF0\x9F\xA7\xA5";
  const std::string one = R"("costMicros":"5000000","impressions":"10","clicks":"1",
                             "conversions":0.5,"conversionsValue":12.5)";
  wire->On("FROM search_term_view",
           Page(TermRow("rain jacket", "21", one) + "," + TermRow("rain jacket", "22", one) + "," +
                    TermRow(strange, "21", R"("costMicros":"1")"),
                3));
  wire->On("FROM campaign_search_term_view",
           Page(R"({"campaign":{"id":"12"},"campaignSearchTermView":{"searchTerm":"rain jacket"},
                    "segments":{"date":"2026-11-20"},"metrics":{"costMicros":"7"}})",
                1));
  MetricQuery query = Query("2026-11-20", "2026-11-20");
  query.breakdown = Breakdown::kSearchTerm;
  const auto report = Connect().reader->ReadMetrics(query, Soon());
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_TRUE(report->complete);
  ASSERT_EQ(report->rows.size(), 3U);
  const MetricRow& odd = report->rows[0];
  EXPECT_EQ(odd.segment, strange);
  EXPECT_EQ(odd.spend, Money::Micros(1, kEur));
  EXPECT_FALSE(odd.impressions);  // absent is absent
  EXPECT_FALSE(odd.conversions_claimed);
  const MetricRow& both = report->rows[1];
  EXPECT_EQ(both.segment, "rain jacket");
  EXPECT_EQ(both.campaign_id, "11");
  EXPECT_EQ(both.ad_group_id, "");
  EXPECT_EQ(both.spend, Money::Micros(10'000'000, kEur));
  EXPECT_EQ(both.clicks, 2);
  EXPECT_DOUBLE_EQ(both.conversions_claimed.value(), 1.0);
  EXPECT_EQ(both.revenue_claimed, Money::Micros(25'000'000, kEur));
  EXPECT_EQ(report->rows[2].campaign_id, "12");
  // Keyword segments would leave out the searches that no keyword met.
  EXPECT_EQ(wire->Count("segments.keyword"), 0);
  EXPECT_EQ(wire->Count("campaign.advertising_channel_type = 'PERFORMANCE_MAX'"), 1);
}

TEST_F(GoogleAdsTest, TenThousandSearchTermsComeOverPages) {
  const auto page = [](int from, int to, const std::string& next) {
    std::string rows;
    for (int i = from; i < to; ++i) {
      rows += (i > from ? "," : "") + TermRow(fmt::format("term {}", i), "21",
                                              R"("costMicros":"3","impressions":"2","clicks":"1")");
    }
    return Page(rows, 10'500, next);
  };
  wire->On("FROM search_term_view", page(0, 10'000, "p2"));
  wire->On("FROM search_term_view", page(10'000, 10'500, ""));
  wire->On("FROM campaign_search_term_view", Page("", 0));
  MetricQuery query = Query("2026-11-20", "2026-11-20");
  query.breakdown = Breakdown::kSearchTerm;
  const auto report = Connect().reader->ReadMetrics(query, Soon());
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_TRUE(report->complete) << report->incomplete_why;
  ASSERT_EQ(report->rows.size(), 10'500U);
  Money sum = Money::Zero(kEur);
  for (const MetricRow& row : report->rows) sum += row.spend;
  EXPECT_EQ(sum, Money::Micros(31'500, kEur));
}

TEST_F(GoogleAdsTest, APageOfSearchTermsThatIsMissingIsTold) {
  wire->On("FROM search_term_view", Page(TermRow("a", "21", R"("costMicros":"3")"), 2));
  wire->On("FROM campaign_search_term_view", Page("", 0));
  MetricQuery query = Query("2026-11-20", "2026-11-20");
  query.breakdown = Breakdown::kSearchTerm;
  const auto report = Connect().reader->ReadMetrics(query, Soon());
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_FALSE(report->complete);
}

TEST_F(GoogleAdsTest, AudiencesOfAdGroupsAndCampaignsAreNamed) {
  const auto row = [](const std::string& holder, const std::string& criterion, int cost) {
    return fmt::format(R"({{"campaign":{{"id":"11"}},"adGroup":{{"id":"21"}},"{}":{},
                            "segments":{{"date":"2026-11-20"}},
                            "metrics":{{"costMicros":"{}"}}}})",
                       holder, criterion, cost);
  };
  const std::string list =
      R"({"criterionId":"9","type":"USER_LIST","displayName":"Buyers, 30 days",
          "userList":{"userList":"customers/1234567890/userLists/4001"}})";
  wire->On("FROM ad_group_audience_view",
           Page(row("adGroupCriterion", list, 1) + "," +
                    row("adGroupCriterion",
                        R"({"criterionId":"10","type":"USER_INTEREST","userInterest":
                           {"userInterestCategory":"customers/1234567890/userInterests/80432"}})",
                        2) +
                    "," + row("adGroupCriterion", R"({"criterionId":"11","type":"LIFE_EVENT"})", 4),
                3));
  wire->On("FROM campaign_audience_view", Page(row("campaignCriterion", list, 8), 1));
  MetricQuery query = Query("2026-11-20", "2026-11-20");
  query.breakdown = Breakdown::kAudience;
  const auto report = Connect().reader->ReadMetrics(query, Soon());
  ASSERT_TRUE(report) << report.error().what;
  std::map<std::string, std::int64_t> spend;
  for (const MetricRow& one : report->rows) spend[one.segment] = one.spend.micros();
  EXPECT_EQ(spend, (std::map<std::string, std::int64_t>{{"life_event:11", 4},
                                                        {"user_interest:80432", 2},
                                                        {"user_list:4001 Buyers, 30 days", 9}}));
}

TEST_F(GoogleAdsTest, RowsOfTermsAndAudiencesThatCannotBeTrustedAreErrors) {
  struct Case {
    Breakdown breakdown;
    std::string row;
  };
  const std::string head = R"({"campaign":{"id":"11"},"segments":{"date":"2026-11-20"},)";
  const Case cases[] = {
      {Breakdown::kSearchTerm, head + R"("metrics":{"costMicros":"1"}})"},
      {Breakdown::kSearchTerm,
       head + R"("searchTermView":{"searchTerm":""},"metrics":{"costMicros":"1"}})"},
      {Breakdown::kSearchTerm,
       head + R"("searchTermView":{"searchTerm":["a"]},"metrics":{"costMicros":"1"}})"},
      {Breakdown::kSearchTerm, head + R"("searchTermView":{"searchTerm":"a"},"metrics":{}})"},
      {Breakdown::kSearchTerm,
       head + R"("searchTermView":{"searchTerm":"a"},"metrics":{"costMicros":"-1"}})"},
      {Breakdown::kSearchTerm, head + R"("searchTermView":{"searchTerm":"a"},
                                         "metrics":{"costMicros":"1","impressions":"-3"}})"},
      {Breakdown::kSearchTerm,
       head + "\"searchTermView\":{\"searchTerm\":\"\xC3(\"},\"metrics\":{\"costMicros\":\"1\"}}"},
      {Breakdown::kSearchTerm,
       head + R"("searchTermView":{"searchTerm":"\ud800"},"metrics":{"costMicros":"1"}})"},
      {Breakdown::kAudience, head + R"("metrics":{"costMicros":"1"}})"},
      {Breakdown::kAudience,
       head + R"("adGroupCriterion":{"type":"LIFE_EVENT"},"metrics":{"costMicros":"1"}})"},
      {Breakdown::kAudience,
       head + R"("adGroupCriterion":{"criterionId":"9"},"metrics":{"clicks":"2"}})"},
  };
  for (const Case& c : cases) {
    auto script = std::make_shared<Script>();
    script->On("FROM customer\"",
               Page(R"({"customer":{"id":"1234567890","currencyCode":"EUR"}})", 1));
    script->On("_view", Page(c.row, 1));
    Connection connection{};
    connection.account = kAccount;
    connection.secrets = {{"access_token", "t"}};
    const auto google = MakeGoogleAdsConnector(connection, script, clock);
    MetricQuery query = Query("2026-11-20", "2026-11-20");
    query.breakdown = c.breakdown;
    const auto report = google->reader->ReadMetrics(query, Soon());
    ASSERT_FALSE(report) << c.row;
    EXPECT_EQ(report.error().code, Errc::kBadAnswer) << c.row << report.error().what;
  }
}

TEST_F(GoogleAdsTest, IncompleteMetricsSayWhichDaysAndWhy) {
  wire->On("FROM campaign ", Page(R"({"campaign":{"id":"11"},"segments":{"date":"2026-11-20"},
                "metrics":{"costMicros":"1"}})",
                                  2));
  const auto report = Connect().reader->ReadMetrics(Query("2026-11-20", "2026-11-20"), Soon());
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_FALSE(report->complete);
  EXPECT_EQ(report->incomplete_why, "2026-11-20 to 2026-11-20: 1 of 2 rows came");
}

TEST_F(GoogleAdsTest, MetricRowsThatCannotBeTrustedAreErrors) {
  const char* rows[] = {
      R"({"campaign":{"id":"11"},"segments":{"date":"2026-11-20"},"metrics":{}})",
      R"({"campaign":{"id":"11"},"segments":{"date":"2026-11-21"},"metrics":{"costMicros":"1"}})",
      R"({"campaign":{"id":"x"},"segments":{"date":"2026-11-20"},"metrics":{"costMicros":"1"}})",
      R"({"campaign":{"id":"11"},"segments":{"date":"2026-11-20"},"metrics":{"costMicros":"1.5"}})",
      R"({"campaign":{"id":"11"},"segments":{"date":"2026-11-20"},
          "metrics":{"costMicros":"1","searchImpressionShare":1.5}})",
      R"({"campaign":{"id":"11"},"segments":{"date":"2026-11-20"},
          "metrics":{"costMicros":"1","conversionsValue":"Infinity"}})",
  };
  for (const char* row : rows) {
    auto script = std::make_shared<Script>();
    script->On("FROM customer\"",
               Page(R"({"customer":{"id":"1234567890","currencyCode":"EUR"}})", 1));
    script->On("FROM campaign ", Page(row, 1));
    Connection connection{};
    connection.account = kAccount;
    connection.secrets = {{"access_token", "t"}};
    const auto google = MakeGoogleAdsConnector(connection, script, clock);
    const auto report = google->reader->ReadMetrics(Query("2026-11-20", "2026-11-20"), Soon());
    ASSERT_FALSE(report) << row;
    EXPECT_EQ(report.error().code, Errc::kBadAnswer) << row;
  }
}

TEST_F(GoogleAdsTest, TwoDifferentRowsOfOneKeyAreNotAddedUp) {
  wire->On("FROM campaign ", Page(R"({"campaign":{"id":"11"},"segments":{"date":"2026-11-20"},
                "metrics":{"costMicros":"1"}},
                {"campaign":{"id":"11"},"segments":{"date":"2026-11-20"},
                "metrics":{"costMicros":"2"}})",
                                  2));
  EXPECT_EQ(Connect().reader->ReadMetrics(Query("2026-11-20", "2026-11-20"), Soon()).error().code,
            Errc::kBadAnswer);
}

// --- history and accounts ------------------------------------------------------------------------

TEST_F(GoogleAdsTest, HistoryTellsWhoChangedWhat) {
  wire->On("FROM change_event", R"({"fieldMask":"x","results":[
      {"changeEvent":{"resourceName":"e/1","changeDateTime":"2026-11-20 10:11:12.345678",
        "changeResourceType":"CAMPAIGN_BUDGET",
        "changeResourceName":"customers/1234567890/campaignBudgets/77",
        "clientType":"GOOGLE_ADS_WEB_CLIENT","userEmail":"ann@shop.example",
        "resourceChangeOperation":"UPDATE","changedFields":"amountMicros",
        "oldResource":{"campaignBudget":{"amountMicros":"50000000"}},
        "newResource":{"campaignBudget":{"amountMicros":"60000000"}}}},
      {"changeEvent":{"resourceName":"e/2","changeDateTime":"2026-11-20 11:00:00",
        "changeResourceType":"AD_GROUP_AD",
        "changeResourceName":"customers/1234567890/adGroupAds/21~31",
        "clientType":"GOOGLE_ADS_API","resourceChangeOperation":"CREATE",
        "changedFields":"status,ad"}},
      {"changeEvent":{"resourceName":"e/3","changeDateTime":"2026-11-20 12:00:00",
        "changeResourceType":"ASTEROID","changeResourceName":"customers/1/asteroids/1",
        "clientType":"OTHER","resourceChangeOperation":"REMOVE"}}]})");
  wire->On("FROM campaign ", Page(R"({"campaign":{"id":"11",
                "campaignBudget":"customers/1234567890/campaignBudgets/77"}})",
                                  1));
  const auto events = Connect().reader->ReadHistory(
      {kAccount, ParseInstant("2026-11-01T00:00:00Z").value(), clock->Now()}, Soon());
  ASSERT_TRUE(events) << events.error().what;
  ASSERT_EQ(events->size(), 3u);
  const HistoryEvent& budget = (*events)[0];
  EXPECT_EQ(PrintInstant(budget.at), "2026-11-20T09:11:12.345678Z");  // Berlin is an hour ahead
  EXPECT_EQ(budget.level, Level::kCampaign);
  EXPECT_EQ(budget.id, "11");
  EXPECT_EQ(budget.actor, "ann@shop.example");
  EXPECT_FALSE(budget.ours);
  EXPECT_EQ(budget.operation, "update");
  EXPECT_EQ(budget.changed_fields, List{"daily_budget"});
  EXPECT_EQ(Json::parse(budget.detail)["new"]["campaignBudget"]["amountMicros"], "60000000");
  EXPECT_EQ((*events)[1].level, Level::kAd);
  EXPECT_EQ((*events)[1].id, "31");
  EXPECT_TRUE((*events)[1].ours);
  EXPECT_EQ((*events)[2].level, Level::kAccount);
  EXPECT_EQ((*events)[2].id, "customers/1/asteroids/1");
}

TEST_F(GoogleAdsTest, FullHistoryGoesOnFromItsLastInstant) {
  std::string full = R"({"fieldMask":"x","results":[)";
  for (int i = 0; i < 10'000; ++i) {
    full += fmt::format(
        R"({}{{"changeEvent":{{"resourceName":"e/{}","changeDateTime":"2026-11-20 {:02}:{:02}:{:02}",
           "changeResourceType":"CAMPAIGN","changeResourceName":"customers/1/campaigns/1"}}}})",
        i == 0 ? "" : ",", i, i / 3600, i / 60 % 60, i % 60);
  }
  wire->On("FROM change_event", full + "]}");
  wire->On("FROM change_event", R"({"fieldMask":"x","results":[
      {"changeEvent":{"resourceName":"e/9999","changeDateTime":"2026-11-20 02:46:39",
           "changeResourceType":"CAMPAIGN","changeResourceName":"customers/1/campaigns/1"}},
      {"changeEvent":{"resourceName":"e/10000","changeDateTime":"2026-11-20 02:46:40",
           "changeResourceType":"CAMPAIGN","changeResourceName":"customers/1/campaigns/1"}}]})");
  const auto events = Connect().reader->ReadHistory(
      {kAccount, ParseInstant("2026-11-10T00:00:00Z").value(), clock->Now()}, Soon());
  ASSERT_TRUE(events) << events.error().what;
  EXPECT_EQ(events->size(), 10'001u);
  EXPECT_EQ(wire->Count("change_date_time >= '2026-11-20 02:46:39'"), 1);
}

TEST_F(GoogleAdsTest, HistoryIsAskedForNoFurtherThanGoogleKeepsIt) {
  wire->On("FROM change_event", R"({"fieldMask":"x"})");
  ASSERT_TRUE(Connect().reader->ReadHistory(
      {kAccount, ParseInstant("2020-01-01T00:00:00Z").value(), clock->Now()}, Soon()));
  // 30 days before 2026-11-22 13:00 in Berlin, which was an hour further ahead then; 10 minutes
  // margin.
  EXPECT_EQ(wire->Count("change_date_time >= '2026-10-23 14:10:00'"), 1);
}

TEST_F(GoogleAdsTest, ListsAccountsBelowManagers) {
  wire->On("listAccessibleCustomers",
           R"({"resourceNames":["customers/100","customers/200","customers/300"]})");
  wire->On("customers/100/", Page(R"(
      {"customerClient":{"id":"100","manager":true,"currencyCode":"EUR"}},
      {"customerClient":{"id":"101","descriptiveName":"A","currencyCode":"JPY",
        "timeZone":"Asia/Tokyo","status":"ENABLED"}})",
                                  2));
  wire->On("customers/200/", Page(R"({"customerClient":{"id":"200","descriptiveName":"B",
      "currencyCode":"EUR","timeZone":"Europe/Berlin","status":"SUSPENDED"}})",
                                  1));
  wire->On("customers/300/",
           R"({"error":{"code":403,"details":[{"errors":[{"errorCode":{"authorizationError":
              "CUSTOMER_NOT_ENABLED"}}]}]}})",
           403);
  const auto accounts = Connect().reader->ListAccounts(Soon());
  ASSERT_TRUE(accounts) << accounts.error().what;
  ASSERT_EQ(accounts->size(), 3u);
  EXPECT_EQ((*accounts)[0].account.id, "101");
  EXPECT_EQ((*accounts)[0].currency, kJpy);
  EXPECT_EQ((*accounts)[1].status, "suspended");
  EXPECT_EQ((*accounts)[2].account.id, "300");
  EXPECT_EQ((*accounts)[2].status, "not accessible");
}

}  // namespace
}  // namespace maxopt
