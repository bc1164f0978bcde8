#include "connect/tiktok/tiktok.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "json/json.h"

namespace maxopt {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

Json Ok(Json data) {
  return {{"code", 0}, {"message", "OK"}, {"request_id", "R1"}, {"data", std::move(data)}};
}
Json Page(Json list, std::int64_t total, std::int64_t page = 1) {
  return Ok({{"list", std::move(list)},
             {"page_info",
              {{"page", page}, {"page_size", 2}, {"total_number", total}, {"total_page", 9}}}});
}
Json Code(int code, const std::string& message = "no") {
  return {{"code", code}, {"message", message}, {"request_id", "R2"}, {"data", Json::object()}};
}

/// A pixel of somebody else that has seen purchases.
Json Pixels() {
  const Json pixel{{"pixel_id", "77"},
                   {"pixel_code", "C0DE77"},
                   {"pixel_name", "Shop pixel"},
                   {"create_time", "2026-01-01 00:00:00"},
                   {"events", Json::array({{{"optimization_event", "SHOPPING"}}})}};
  return Ok({{"pixels", Json::array({pixel})},
             {"page_info", {{"page", 1}, {"page_size", 2}, {"total_number", 1}}}});
}

/// Answers by "METHOD path"; the account, its countries and its pixel are always known.
class Script final : public http::Transport {
 public:
  using Answer = std::function<Result<http::Response>(const http::Request&, const http::Url&)>;
  std::map<std::string, Answer> answers;
  std::vector<std::pair<std::string, http::Request>> sent;

  static Answer Say(Json json) {
    return [text = PrintExactJson(json)](const auto&, const auto&) -> Result<http::Response> {
      return http::Response{.status = 200, .headers = {}, .body = text};
    };
  }
  static Answer Raw(int status, std::string body) {
    return [=](const auto&, const auto&) -> Result<http::Response> {
      return http::Response{.status = status, .headers = {}, .body = body};
    };
  }
  /// One after the other; the last one stays.
  static Answer Then(std::vector<Answer> list) {
    auto at = std::make_shared<std::size_t>(0);
    return [=](const http::Request& request, const http::Url& url) {
      const std::size_t i = std::min(*at, list.size() - 1);
      ++*at;
      return list[i](request, url);
    };
  }

  Result<http::Response> Send(const http::Request& request, http::Deadline) override {
    const http::Url url = http::ParseUrl(request.url).value();
    EXPECT_TRUE(url.path.starts_with("/open_api/v1.3/")) << url.path;
    EXPECT_EQ(http::FindHeader(request.headers, "Access-Token"), "secret-token");
    EXPECT_EQ(url.path.back(), '/');
    const std::string key = request.method + " " + url.path.substr(15);
    sent.emplace_back(key, request);
    if (const auto at = answers.find(key); at != answers.end()) return at->second(request, url);
    if (key == "GET advertiser/info/") {
      return Say(Ok({{"list", Json::array({{{"advertiser_id", "7001"},
                                            {"name", "Shop"},
                                            {"currency", "EUR"},
                                            {"timezone", "Etc/GMT-1"},
                                            {"display_timezone", "Europe/Berlin"},
                                            {"status", "STATUS_ENABLE"}}})}}))(request, url);
    }
    if (key == "GET tool/region/") {
      return Say(
          Ok({{"region_info",
               Json::array(
                   {{{"location_id", "2921044"}, {"region_code", "DE"}, {"level", "COUNTRY"}},
                    {{"location_id", "2782113"}, {"region_code", "AT"}, {"level", "COUNTRY"}},
                    {{"location_id", "2950159"}, {"region_code", "DE"}, {"level", "CITY"}}})}}))(
          request, url);
    }
    if (key == "GET pixel/list/") return Say(Pixels())(request, url);
    if (request.method == "GET") return Say(Page(Json::array(), 0))(request, url);
    ADD_FAILURE() << "not expected: " << key;
    return Fail(Errc::kUnavailable, "not scripted");
  }
  std::size_t Count(const std::string& key) const {
    return static_cast<std::size_t>(
        std::count_if(sent.begin(), sent.end(), [&](const auto& s) { return s.first == key; }));
  }
  /// Body of the last request of that key.
  Json Body(const std::string& key) const {
    for (auto it = sent.rbegin(); it != sent.rend(); ++it) {
      if (it->first == key) return ParseExactJson(it->second.body).value();
    }
    ADD_FAILURE() << key << " was not sent";
    return Json::object();
  }
};

Money Eur(std::int64_t cents) { return Money::Micros(cents * 10'000, kEur); }

class TikTokTest : public testing::Test {
 protected:
  const AccountId account_{Platform::kTikTok, "7001"};
  std::shared_ptr<Script> script_ = std::make_shared<Script>();
  std::shared_ptr<VirtualClock> clock_ =
      std::make_shared<VirtualClock>(ParseInstant("2026-03-02T12:00:00Z").value());
  Connection connection_ = [] {
    Connection connection;
    connection.account = {Platform::kTikTok, "7001"};
    connection.base_url = "http://tiktok.test/";
    connection.settings = {{"pixel_id", "77"}, {"identity_id", "66"}, {"page_size", "2"}};
    connection.secrets = {{"access_token", "secret-token"}};
    return connection;
  }();
  Connector connector_ = MakeTikTokConnector(connection_, script_, clock_).value();

  static http::Deadline Soon() { return http::After(20s); }
  Json Campaign(const std::string& id, const std::string& members = "{}") {
    Json campaign{
        {"advertiser_id", "7001"},          {"campaign_id", id},
        {"campaign_name", "C" + id},        {"objective_type", "WEB_CONVERSIONS"},
        {"operation_status", "DISABLE"},    {"secondary_status", "CAMPAIGN_STATUS_DISABLE"},
        {"budget_mode", "BUDGET_MODE_DAY"}, {"budget_optimize_on", true},
        {"budget", NumberToken("50.25")},   {"create_time", "2026-03-01 10:00:00"}};
    campaign.update(ParseExactJson(members).value());
    return campaign;
  }
  Json Group(const std::string& id, const std::string& members = "{}") {
    Json group{{"campaign_id", "1"},
               {"adgroup_id", id},
               {"adgroup_name", "G" + id},
               {"operation_status", "ENABLE"},
               {"secondary_status", "ADGROUP_STATUS_CAMPAIGN_DISABLE"},
               {"budget_mode", "BUDGET_MODE_DAY"},
               {"budget", NumberToken("20.5")},
               {"billing_event", "OCPM"},
               {"optimization_goal", "CONVERT"},
               {"optimization_event", "SHOPPING"},
               {"bid_type", "BID_TYPE_CUSTOM"},
               {"conversion_bid_price", NumberToken("3.1")},
               {"pixel_id", "77"},
               {"schedule_type", "SCHEDULE_START_END"},
               {"schedule_start_time", "2026-03-28 23:00:00"},
               {"schedule_end_time", "2026-03-29 21:59:59"},
               {"location_ids", Json::array({"2782113", "2921044"})},
               {"age_groups", Json::array({"AGE_25_34", "AGE_18_24"})},
               {"gender", "GENDER_FEMALE"},
               {"languages", Json::array({"de"})}};
    group.update(ParseExactJson(members).value());
    return group;
  }
  Json Ad(const std::string& id, const std::string& members = "{}") {
    Json ad{
        {"campaign_id", "1"},
        {"adgroup_id", "2"},
        {"ad_id", id},
        {"ad_name", "A" + id},
        {"ad_format", "SINGLE_IMAGE"},
        {"operation_status", "DISABLE"},
        {"secondary_status", "AD_STATUS_DISABLE"},
        {"ad_text", "Fresh coffee"},
        {"identity_type", "CUSTOMIZED_USER"},
        {"identity_id", "66"},
        {"display_name", "Shop"},
        {"image_ids", Json::array({"pic/1"})},
        {"landing_page_url", "https://shop.example/"},
        {"call_to_action", "SHOP_NOW"},
        {"utm_params", Json::array({{{"key", "utm_source"}, {"value", "tiktok"}},
                                    {{"key", "utm_campaign"}, {"value", "__CAMPAIGN_NAME__"}}})}};
    ad.update(ParseExactJson(members).value());
    return ad;
  }
  void Has(const std::string& key, Json entry) {
    script_->answers[key] = Script::Say(Page(Json::array({std::move(entry)}), 1));
  }
  Change Create(Level level, Fields fields) {
    Change change;
    change.key = "plan-1/" + std::string(LevelName(level));
    change.action = ChangeAction::kCreate;
    change.account = account_;
    change.level = level;
    change.address = "spring/social";
    change.parent_id = level == Level::kCampaign ? "" : level == Level::kAd ? "2" : "1";
    change.after = std::move(fields);
    change.after.emplace("status", std::string(kPaused));
    change.after.emplace("name", std::string("Spring"));
    return change;
  }
  Change UpdateOf(Level level, Fields fields) {
    Change change;
    change.key = "plan-2";
    change.account = account_;
    change.level = level;
    change.id = level == Level::kCampaign ? "1" : level == Level::kAdGroup ? "2" : "3";
    change.after = std::move(fields);
    return change;
  }
  Result<Applied> Apply(const Change& change) { return connector_.writer->Apply(change, Soon()); }
};

// --- reading -------------------------------------------------------------------------------------

TEST_F(TikTokTest, ReadsTheTreeInOurWords) {
  Has("GET campaign/get/", Campaign("1"));
  Has("GET adgroup/get/", Group("2"));
  Has("GET ad/get/", Ad("3"));
  script_->answers["GET ad/review_info/"] =
      Script::Say(Ok({{"ad_review_map",
                       {{"3",
                         {{"review_status", "UNAVAILABLE"},
                          {"reject_info", Json::array({{{"reasons", Json::array({"MISLEADING"})},
                                                        {"suggestion", "Say less."}}})}}}}}}));
  const AccountTree tree = connector_.reader->ReadAccount(account_, Soon()).value();
  EXPECT_EQ(tree.info.zone, "Europe/Berlin");
  EXPECT_EQ(tree.info.status, "active");
  ASSERT_EQ(tree.entities.size(), 4u);
  const Fields& campaign = tree.entities[0].fields;
  EXPECT_EQ(campaign.at("daily_budget"), FieldValue(Eur(5025)));
  EXPECT_EQ(TextField(campaign, "objective"), "sales");
  EXPECT_EQ(TextField(campaign, "status"), "paused");
  EXPECT_EQ(TextField(campaign, "created_at"), "2026-03-01T10:00:00Z");
  const Entity& group = tree.entities[1];
  EXPECT_EQ(group.parent_id, "1");
  EXPECT_EQ(group.fields.at("bid"), FieldValue(Eur(310)));
  EXPECT_EQ(TextField(group.fields, "bid_strategy"), "cost_cap");
  EXPECT_EQ(TextField(group.fields, "effective_status"), "parent_paused");
  // The day on which Berlin's clock goes forward: 23:00 and 21:59:59 UTC are its own midnight ends.
  EXPECT_EQ(TextField(group.fields, "start_at"), "2026-03-29 00:00:00");
  EXPECT_EQ(TextField(group.fields, "end_at"), "2026-03-29 23:59:59");
  EXPECT_EQ(group.fields.at("countries"), FieldValue(std::vector<std::string>{"AT", "DE"}));
  EXPECT_EQ(group.fields.at("age_min"), FieldValue(std::int64_t{18}));
  EXPECT_EQ(group.fields.at("age_max"), FieldValue(std::int64_t{34}));
  const Entity& ad = tree.entities[2];
  EXPECT_EQ(ad.parent_id, "2");
  EXPECT_EQ(ad.campaign_id, "1");
  EXPECT_EQ(TextField(ad.fields, "url_tags"), "utm_source=tiktok&utm_campaign=__CAMPAIGN_NAME__");
  EXPECT_EQ(TextField(ad.fields, "review_status"), "rejected");
  EXPECT_EQ(ad.fields.at("review_reasons"),
            FieldValue(std::vector<std::string>{"MISLEADING", "Say less."}));
  const Entity& pixel = tree.entities[3];
  EXPECT_EQ(pixel.level, Level::kConversion);
  EXPECT_EQ(pixel.id, "77");
  EXPECT_EQ(TextField(pixel.fields, "tag"), "C0DE77");
  EXPECT_EQ(TextField(pixel.fields, "kind"), "pixel");
  for (const Entity& entity : tree.entities) {
    EXPECT_TRUE(CheckFields(entity.level, entity.fields)) << LevelName(entity.level);
  }
}

TEST_F(TikTokTest, MoneyThatIsNotUnderstoodStopsTheReading) {
  for (const char* members :
       {R"({"budget":"fifty"})", R"({"budget":{"amount":50}})", R"({"budget":1e3})",
        R"({"budget":50,"budget_mode":"BUDGET_MODE_WEEK"})", R"({"operation_status":"ODD"})",
        R"({"campaign_id":7})"}) {
    Has("GET campaign/get/", Campaign("1", members));
    const auto tree = connector_.reader->ReadAccount(account_, Soon());
    ASSERT_FALSE(tree) << members;
    EXPECT_EQ(tree.error().code, Errc::kBadAnswer) << members;
  }
}

TEST_F(TikTokTest, F28PagesEndInAllOrInAnError) {
  // Three campaigns on pages of two.
  const auto pages = [&](std::map<std::string, Json> by_page) {
    script_->answers["GET campaign/get/"] = [=](const http::Request& request,
                                                const http::Url& url) -> Result<http::Response> {
      const auto at = by_page.find(url.Param("page").value_or(""));
      return Script::Say(at == by_page.end() ? Page(Json::array(), 3, 9) : at->second)(request,
                                                                                       url);
    };
    return connector_.reader->ReadAccount(account_, Soon());
  };
  const Json a = Campaign("1");
  const Json b = Campaign("2");
  const Json c = Campaign("3");
  const auto whole = pages({{"1", Page({a, b}, 3)}, {"2", Page(Json::array({c}), 3, 2)}});
  ASSERT_TRUE(whole) << whole.error().what;
  EXPECT_EQ(whole->entities.size(), 4u);  // and the pixel
  // A short page is not the last one.
  EXPECT_TRUE(pages({{"1", Page(Json::array({a}), 3)}, {"2", Page({b, c}, 3, 2)}}));
  // Sent twice, but all came.
  EXPECT_TRUE(pages({{"1", Page({a, b}, 3)}, {"2", Page({b, c}, 3, 2)}}));
  const auto fails = [&](std::map<std::string, Json> by_page) {
    const auto tree = pages(std::move(by_page));
    return !tree && tree.error().code == Errc::kBadAnswer;
  };
  EXPECT_TRUE(fails({{"1", Page({a, b}, 3)}, {"2", Page({a, b}, 3, 2)}}));         // loop
  EXPECT_TRUE(fails({{"1", Page({a, b}, 3)}, {"2", Page({a, b}, 3, 1)}}));         // page 1 again
  EXPECT_TRUE(fails({{"1", Page({a, b}, 3)}, {"2", Page(Json::array(), 3, 2)}}));  // missing
  EXPECT_TRUE(fails({{"1", Page({a, b}, 3)}, {"2", Page({c}, 4, 2)}}));            // grew
  EXPECT_TRUE(fails({{"1", Page({a, b, c}, 2)}}));                                 // too many
  EXPECT_TRUE(fails({{"1", Ok({{"list", Json::array()}})}}));                      // no page_info
  EXPECT_TRUE(fails({{"1", Ok(Json::object())}}));
}

TEST_F(TikTokTest, APageThatFailsOnceIsReadAgain) {
  const Json short_page = Page(Json::array({Campaign("1")}), 2);
  script_->answers["GET campaign/get/"] =
      Script::Then({Script::Say(short_page), Script::Say(Page(Json::array(), 2, 2)),
                    Script::Say(Page({Campaign("1"), Campaign("2")}, 2))});
  const auto tree = connector_.reader->ReadAccount(account_, Soon());
  ASSERT_TRUE(tree) << tree.error().what;
  EXPECT_EQ(tree->entities.size(), 3u);  // and the pixel
}

TEST_F(TikTokTest, FindsByTheEndOfTheNameAndByIds) {
  const std::string marker = MarkerOf("plan-1/campaign");
  script_->answers["GET campaign/get/"] =
      Script::Say(Page({Campaign("1", R"({"campaign_name":"Spring)" + marker + "\"}"),
                        Campaign("2", R"({"campaign_name":"Copy of Spring)" + marker + R"( 2"})")},
                       2));
  const auto found =
      connector_.reader->Find({account_, Level::kCampaign, marker, {}}, Soon()).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id, "1");
  const std::string url = script_->sent.back().second.url;
  const auto filtering = http::ParseUrl(url).value().Param("filtering").value();
  EXPECT_NE(filtering.find("STATUS_ALL"), std::string::npos);
  Has("GET campaign/get/", Campaign("5", R"({"operation_status":"DELETE",)"
                                         R"("secondary_status":"CAMPAIGN_STATUS_DELETE"})"));
  const auto removed =
      connector_.reader->Find({account_, Level::kCampaign, "", {"5"}}, Soon()).value();
  EXPECT_EQ(TextField(removed.at(0).fields, "status"), "removed");
  EXPECT_FALSE(connector_.reader->Find({account_, Level::kCampaign, "", {}}, Soon()));
  EXPECT_FALSE(connector_.reader->Find({account_, Level::kCampaign, "x", {"1"}}, Soon()));
}

TEST_F(TikTokTest, AnotherAccountIsRefused) {
  const AccountId other{Platform::kTikTok, "9"};
  EXPECT_FALSE(connector_.reader->ReadAccount(other, Soon()));
  EXPECT_TRUE(script_->sent.empty());
}

// --- metrics -------------------------------------------------------------------------------------

Json Row(Json dimensions, Json metrics) {
  return {{"dimensions", std::move(dimensions)}, {"metrics", std::move(metrics)}};
}

TEST_F(TikTokTest, ReadsMetricsInWindowsOfThirtyDays) {
  std::vector<std::string> windows;
  script_->answers["GET report/integrated/get/"] =
      [&](const http::Request& request, const http::Url& url) -> Result<http::Response> {
    windows.push_back(*url.Param("start_date") + ".." + *url.Param("end_date"));
    EXPECT_NE(url.Param("filtering")->find("campaign_status"), std::string::npos);
    return Script::Say(Page(
        Json::array(
            {Row({{"campaign_id", "1"}, {"stat_time_day", *url.Param("start_date") + " 00:00:00"}},
                 {{"spend", "12.34"},
                  {"impressions", "1000"},
                  {"clicks", "10"},
                  {"conversion", "2"},
                  {"total_complete_payment_rate", "99.9"}})}),
        1))(request, url);
  };
  MetricQuery query;
  query.account = account_;
  query.from = ParseDay("2026-01-01").value();
  query.to = ParseDay("2026-03-02").value();
  const MetricReport report = connector_.reader->ReadMetrics(query, Soon()).value();
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.attribution_window, "7d_click+1d_view");
  EXPECT_EQ(windows, (std::vector<std::string>{"2026-01-01..2026-01-30", "2026-01-31..2026-03-01",
                                               "2026-03-02..2026-03-02"}));
  ASSERT_EQ(report.rows.size(), 3u);
  EXPECT_EQ(report.rows[0].spend, Eur(1234));
  EXPECT_EQ(report.rows[0].revenue_claimed, Eur(9990));
  EXPECT_EQ(report.rows[0].conversions_claimed, 2.0);
  EXPECT_EQ(report.rows[0].campaign_id, "1");
}

TEST_F(TikTokTest, HoursAreReadDayByDayAndAdsWithTheirParents) {
  script_->answers["GET report/integrated/get/"] =
      [&](const http::Request& request, const http::Url& url) -> Result<http::Response> {
    EXPECT_EQ(url.Param("start_date"), url.Param("end_date"));
    EXPECT_EQ(url.Param("data_level"), "AUCTION_AD");
    return Script::Say(
        Page(Json::array(
                 {Row({{"ad_id", "3"}, {"stat_time_hour", *url.Param("start_date") + " 13:00:00"}},
                      {{"spend", "1"},
                       {"impressions", "-"},
                       {"clicks", "0"},
                       {"conversion", "0"},
                       {"total_complete_payment_rate", "-"},
                       {"campaign_id", "1"},
                       {"adgroup_id", "2"}})}),
             1))(request, url);
  };
  MetricQuery query;
  query.account = account_;
  query.level = Level::kAd;
  query.grain = Grain::kHour;
  query.from = ParseDay("2026-03-01").value();
  query.to = ParseDay("2026-03-02").value();
  const MetricReport report = connector_.reader->ReadMetrics(query, Soon()).value();
  ASSERT_EQ(report.rows.size(), 2u);
  EXPECT_EQ(report.rows[0].hour, 13);
  EXPECT_EQ(report.rows[0].ad_group_id, "2");
  EXPECT_FALSE(report.rows[0].impressions);  // "-" is not zero
  EXPECT_FALSE(report.rows[0].revenue_claimed);
  EXPECT_EQ(report.rows[0].clicks, 0);
}

TEST_F(TikTokTest, BreakdownsAreOurWordsAndWhatBecomesOneIsAdded) {
  const auto row = [](Json dimensions) {
    dimensions["campaign_id"] = "1";
    dimensions["stat_time_day"] = "2026-03-01 00:00:00";
    return Row(std::move(dimensions), {{"spend", "1.5"},
                                       {"impressions", "10"},
                                       {"clicks", "1"},
                                       {"conversion", "0"},
                                       {"total_complete_payment_rate", "0"}});
  };
  MetricQuery query;
  query.account = account_;
  query.from = query.to = ParseDay("2026-03-01").value();
  query.breakdown = Breakdown::kDevice;
  script_->answers["GET report/integrated/get/"] =
      Script::Say(Page({row({{"platform", "ANDROID"}}), row({{"platform", "IPHONE"}})}, 2));
  const MetricReport devices = connector_.reader->ReadMetrics(query, Soon()).value();
  ASSERT_EQ(devices.rows.size(), 1u);
  EXPECT_EQ(devices.rows[0].segment, "mobile");
  EXPECT_EQ(devices.rows[0].spend, Eur(300));
  EXPECT_EQ(devices.rows[0].impressions, 20);
  query.breakdown = Breakdown::kAgeGender;
  script_->answers["GET report/integrated/get/"] =
      Script::Say(Page({row({{"age", "AGE_55_100"}, {"gender", "FEMALE"}}),
                        row({{"age", "AGE_25_34"}, {"gender", "NONE"}})},
                       2));
  const MetricReport ages = connector_.reader->ReadMetrics(query, Soon()).value();
  EXPECT_EQ(ages.rows.at(0).segment, "25-34/unknown");
  EXPECT_EQ(ages.rows.at(1).segment, "55+/female");
  query.breakdown = Breakdown::kKeyword;
  EXPECT_EQ(connector_.reader->ReadMetrics(query, Soon()).error().code, Errc::kInvalidArgument);
  query.breakdown = Breakdown::kCountry;
  query.grain = Grain::kHour;
  EXPECT_EQ(connector_.reader->ReadMetrics(query, Soon()).error().code, Errc::kInvalidArgument);
}

TEST_F(TikTokTest, MetricsThatAreNoneAreAnErrorAndHalfAReportIsSaidToBe) {
  MetricQuery query;
  query.account = account_;
  query.from = query.to = ParseDay("2026-03-01").value();
  const Json good{{"spend", "1"},
                  {"impressions", "1"},
                  {"clicks", "1"},
                  {"conversion", "1"},
                  {"total_complete_payment_rate", "1"}};
  const Json here{{"campaign_id", "1"}, {"stat_time_day", "2026-03-01 00:00:00"}};
  const std::vector<std::pair<std::string, std::string>> kBad = {
      {"spend", "-"},        {"spend", "much"},      {"clicks", "1.5"},
      {"impressions", "-3"}, {"conversion", "many"}, {"total_complete_payment_rate", "1,5"}};
  for (const auto& [name, value] : kBad) {
    Json bad = good;
    bad[name] = value;
    Has("GET report/integrated/get/", Row(here, bad));
    EXPECT_EQ(connector_.reader->ReadMetrics(query, Soon()).error().code, Errc::kBadAnswer) << name;
  }
  Has("GET report/integrated/get/",
      Row({{"campaign_id", "1"}, {"stat_time_day", "2026-02-01 00:00:00"}}, good));
  EXPECT_EQ(connector_.reader->ReadMetrics(query, Soon()).error().code, Errc::kBadAnswer);
  Has("GET report/integrated/get/", Json{{"metrics", good}});
  EXPECT_EQ(connector_.reader->ReadMetrics(query, Soon()).error().code, Errc::kBadAnswer);
  script_->answers["GET report/integrated/get/"] =
      Script::Say(Page(Json::array({Row(here, good)}), 2));
  const MetricReport half = connector_.reader->ReadMetrics(query, Soon()).value();
  EXPECT_FALSE(half.complete);
  EXPECT_FALSE(half.incomplete_why.empty());
}

// --- history -------------------------------------------------------------------------------------

TEST_F(TikTokTest, ReadsTheChangeLogWhenItsTaskIsDone) {
  script_->answers["POST changelog/task/create/"] = Script::Say(Ok({{"task_id", "9"}}));
  script_->answers["GET changelog/task/check/"] = Script::Then(
      {Script::Say(Ok({{"status", "QUEUING"}})), Script::Say(Ok({{"status", "PROCESSING"}})),
       Script::Say(Ok({{"status", "SUCCESS"}}))});
  const std::string file =
      R"({"file_data":"b'Budget changes,1\\r\\nStatus changes,0\\r\\n\\r\\n)"
      R"(Time,log_object_type,Object ID,Object,Operator,Source,App ID,Activity details\\r\\n)"
      R"(2026-02-02 04:05,Ad group,18,On/Off Status,jo\\'e@x.com,Marketing API,75,)"
      R"(\"[{\"\"action\"\": \"\"Change \"\", \"\"name\"\": \"\"Ad group\"\"}]\"\\r\\n)"
      R"(2026-02-01 00:00,Campaign,17,Budget,M\\xc3\\xbcller,TikTok Ads Manager,75,)"
      R"(\"[{\"\"action\"\": \"\"Change \"\"}]\"\\r\\n'","file_name":"9.csv"})";
  script_->answers["GET changelog/task/download/"] =
      Script::Say(Ok({{"status", "SUCCESS"}, {"changelog", file}}));
  const HistoryQuery query{account_, ParseInstant("2026-02-01T00:00:00Z").value(),
                           ParseInstant("2026-02-20T00:00:00Z").value()};
  const auto events = connector_.reader->ReadHistory(query, Soon());
  ASSERT_TRUE(events) << events.error().what;
  ASSERT_EQ(events->size(), 2u);
  EXPECT_EQ((*events)[0].actor, "Müller");
  EXPECT_FALSE((*events)[0].ours);
  EXPECT_EQ((*events)[0].changed_fields,
            (std::vector<std::string>{"daily_budget", "lifetime_budget"}));
  EXPECT_EQ((*events)[1].actor, "jo'e@x.com");
  EXPECT_TRUE((*events)[1].ours);
  EXPECT_EQ((*events)[1].level, Level::kAdGroup);
  EXPECT_EQ((*events)[1].changed_fields, (std::vector<std::string>{"status"}));
  EXPECT_EQ(PrintInstant((*events)[1].at), "2026-02-02T04:05:00Z");

  for (const char* bad : {"", "{}", R"({"file_data":"x"})", R"({"file_data":"b'no table'"})",
                          R"({"file_data":"b'Time,Object\\n'"})", R"({"file_data":"b'\\x0'"})"}) {
    script_->answers["GET changelog/task/download/"] =
        Script::Say(Ok({{"status", "SUCCESS"}, {"changelog", bad}}));
    EXPECT_EQ(connector_.reader->ReadHistory(query, Soon()).error().code, Errc::kBadAnswer) << bad;
  }
  script_->answers["GET changelog/task/check/"] = Script::Say(Ok({{"status", "FAILED"}}));
  EXPECT_FALSE(connector_.reader->ReadHistory(query, Soon()));
}

// --- writing -------------------------------------------------------------------------------------

TEST_F(TikTokTest, CreatesACampaignPausedWithMarkerAndRequestId) {
  script_->answers["POST campaign/create/"] = Script::Say(Ok({{"campaign_id", "1"}}));
  const Change change = Create(Level::kCampaign, {{"objective", std::string("sales")},
                                                  {"channel_type", std::string("social")},
                                                  {"daily_budget", Eur(5025)}});
  const Applied applied = Apply(change).value();
  EXPECT_EQ(applied.id, "1");
  EXPECT_EQ(applied.platform_ref, "R1");
  Json body = script_->Body("POST campaign/create/");
  EXPECT_EQ(NumberText(body.at("budget")), "50.25");
  EXPECT_TRUE(body.at("budget").is_binary());  // a number on the wire, not a text
  body.erase("budget");
  EXPECT_EQ(body, Json({{"advertiser_id", "7001"},
                        {"budget_mode", "BUDGET_MODE_DAY"},
                        {"budget_optimize_on", true},
                        {"campaign_name", "Spring" + MarkerOf(change.key)},
                        {"objective_type", "WEB_CONVERSIONS"},
                        {"operation_status", "DISABLE"},
                        {"request_id", RequestIdOf(change.key)}}));
  Change bare = change;
  bare.after.erase("daily_budget");
  ASSERT_TRUE(Apply(bare));
  const Json without = script_->Body("POST campaign/create/");
  EXPECT_EQ(without.at("budget_mode"), "BUDGET_MODE_INFINITE");
  EXPECT_EQ(without.at("budget_optimize_on"), false);
}

TEST_F(TikTokTest, WhatTikTokCannotSayIsRefusedAndNothingIsSent) {
  const auto refused = [&](Level level, Fields fields) {
    const auto applied = Apply(Create(level, std::move(fields)));
    EXPECT_FALSE(applied);
    return !applied && applied.error().code == Errc::kInvalidArgument;
  };
  const FieldValue sales = std::string("sales");
  const auto list = [](const char* text) { return std::vector<std::string>{text}; };
  Has("GET campaign/get/", Campaign("1", R"({"budget_optimize_on":false})"));
  EXPECT_TRUE(refused(Level::kCampaign, {}));
  EXPECT_TRUE(refused(Level::kCampaign, {{"objective", std::string("fame")}}));
  EXPECT_TRUE(refused(Level::kCampaign, {{"objective", sales}, {"status", std::string(kActive)}}));
  EXPECT_TRUE(refused(Level::kCampaign, {{"objective", sales}, {"countries", list("DE")}}));
  EXPECT_TRUE(
      refused(Level::kCampaign, {{"objective", sales}, {"channel_type", std::string("search")}}));
  EXPECT_TRUE(refused(Level::kCampaign, {{"objective", sales}, {"eu_political", true}}));
  EXPECT_TRUE(
      refused(Level::kCampaign, {{"objective", sales}, {"special_categories", list("politics")}}));
  EXPECT_TRUE(refused(Level::kCampaign,
                      {{"objective", sales}, {"daily_budget", Money::Micros(50'001'000, kEur)}}));
  EXPECT_TRUE(refused(Level::kCampaign,
                      {{"objective", sales}, {"daily_budget", Money::Micros(50'000'000, kUsd)}}));
  EXPECT_TRUE(
      refused(Level::kCampaign,
              {{"objective", sales}, {"daily_budget", Eur(5000)}, {"lifetime_budget", Eur(5000)}}));
  const FieldValue day = Eur(2000);
  EXPECT_TRUE(refused(Level::kAdGroup, {}));                          // nobody has a budget
  EXPECT_TRUE(refused(Level::kAdGroup, {{"lifetime_budget", day}}));  // without an end
  EXPECT_TRUE(refused(Level::kAdGroup, {{"daily_budget", day}, {"keywords", list("exact:x")}}));
  EXPECT_TRUE(refused(Level::kAdGroup, {{"daily_budget", day}, {"countries", list("XX")}}));
  EXPECT_TRUE(
      refused(Level::kAdGroup, {{"daily_budget", day}, {"countries", std::vector<std::string>{}}}));
  EXPECT_TRUE(refused(Level::kAdGroup, {{"daily_budget", day}, {"age_min", std::int64_t{21}}}));
  EXPECT_TRUE(
      refused(Level::kAdGroup, {{"daily_budget", day}, {"billing_event", std::string("clicks")}}));
  EXPECT_TRUE(refused(Level::kAdGroup,
                      {{"daily_budget", day}, {"bid_strategy", std::string("manual_cpc")}}));
  EXPECT_TRUE(refused(
      Level::kAdGroup,
      {{"daily_budget", day}, {"bid_strategy", std::string("lowest_cost")}, {"bid", Eur(100)}}));
  EXPECT_TRUE(refused(Level::kAdGroup, {{"daily_budget", day}, {"genders", list("other")}}));
  const FieldValue text = list("Fresh coffee");
  const FieldValue image = std::string("pic/1");
  EXPECT_TRUE(refused(Level::kAd, {{"image", image}}));
  EXPECT_TRUE(refused(Level::kAd, {{"descriptions", text}}));
  EXPECT_TRUE(
      refused(Level::kAd, {{"descriptions", text}, {"image", image}, {"headlines", list("x")}}));
  EXPECT_TRUE(refused(Level::kAd,
                      {{"descriptions", std::vector<std::string>{"a", "b"}}, {"image", image}}));
  EXPECT_TRUE(
      refused(Level::kAd,
              {{"descriptions", text}, {"image", image}, {"url_tags", std::string("utm_source")}}));
  EXPECT_TRUE(refused(
      Level::kAd,
      {{"descriptions", text}, {"image", image}, {"call_to_action", std::string("do_it")}}));
  EXPECT_TRUE(
      refused(Level::kAsset, {{"media", std::string("image")}, {"content", std::string("%%%")}}));
  EXPECT_TRUE(
      refused(Level::kAsset, {{"media", std::string("sound")}, {"content", std::string("YQ==")}}));
  for (const auto& [key, request] : script_->sent) EXPECT_EQ(request.method, "GET") << key;
}

TEST_F(TikTokTest, CreatesAnAdGroupUnderItsCampaignsBudget) {
  Has("GET campaign/get/", Campaign("1"));
  script_->answers["POST adgroup/create/"] = Script::Say(Ok({{"adgroup_id", "2"}}));
  const Change change =
      Create(Level::kAdGroup, {{"countries", std::vector<std::string>{"DE", "AT"}},
                               {"languages", std::vector<std::string>{"de"}},
                               {"start_at", std::string("2026-07-01 00:00:00")},
                               {"end_at", std::string("2026-07-31 23:59:59")},
                               {"age_min", std::int64_t{25}},
                               {"age_max", std::int64_t{65}},
                               {"genders", std::vector<std::string>{"female"}},
                               {"bid", Eur(450)}});
  EXPECT_EQ(Apply(change).value().id, "2");
  const Json body = script_->Body("POST adgroup/create/");
  EXPECT_FALSE(body.contains("budget"));
  EXPECT_EQ(body.at("optimization_goal"), "CONVERT");
  EXPECT_EQ(body.at("billing_event"), "OCPM");
  EXPECT_EQ(body.at("optimization_event"), "SHOPPING");
  EXPECT_EQ(body.at("pixel_id"), "77");
  EXPECT_EQ(body.at("location_ids"), Json::array({"2921044", "2782113"}));
  EXPECT_EQ(body.at("age_groups"),
            Json::array({"AGE_25_34", "AGE_35_44", "AGE_45_54", "AGE_55_100"}));
  EXPECT_EQ(body.at("schedule_start_time"), "2026-06-30 22:00:00");  // Berlin's summer midnight
  EXPECT_EQ(body.at("schedule_end_time"), "2026-07-31 21:59:59");
  EXPECT_EQ(body.at("bid_type"), "BID_TYPE_CUSTOM");
  EXPECT_EQ(NumberText(body.at("conversion_bid_price")), "4.50");
  EXPECT_EQ(body.at("operation_status"), "DISABLE");
  EXPECT_EQ(body.at("request_id"), RequestIdOf(change.key));
}

TEST_F(TikTokTest, CreatesAnAdAndRemembersThatItHasNoRequestId) {
  script_->answers["POST ad/create/"] = Script::Say(Ok({{"ad_ids", Json::array({"3"})}}));
  const Change change = Create(Level::kAd, {{"descriptions", std::vector<std::string>{"Fresh"}},
                                            {"image", std::string("pic/1")},
                                            {"landing_url", std::string("https://shop.example/")},
                                            {"url_tags", std::string("a=1&b=x=y")},
                                            {"call_to_action", std::string("shop_now")}});
  EXPECT_EQ(Apply(change).value().id, "3");
  const Json body = script_->Body("POST ad/create/");
  EXPECT_FALSE(body.contains("request_id"));
  EXPECT_EQ(body.at("adgroup_id"), "2");
  EXPECT_EQ(body.at("creatives").at(0),
            Json({{"ad_name", "Spring" + MarkerOf(change.key)},
                  {"ad_format", "SINGLE_IMAGE"},
                  {"ad_text", "Fresh"},
                  {"call_to_action", "SHOP_NOW"},
                  {"display_name", "Shop"},
                  {"identity_id", "66"},
                  {"identity_type", "CUSTOMIZED_USER"},
                  {"image_ids", Json::array({"pic/1"})},
                  {"landing_page_url", "https://shop.example/"},
                  {"operation_status", "DISABLE"},
                  {"utm_params", Json::array({{{"key", "a"}, {"value", "1"}},
                                              {{"key", "b"}, {"value", "x=y"}}})}}));
}

TEST_F(TikTokTest, AnUploadThatWasThereBeforeIsAdopted) {
  const Change change = Create(
      Level::kAsset, {{"media", std::string("image")}, {"content", std::string("aGVsbG8=")}});
  // status belongs to no asset
  Change asset = change;
  asset.after.erase("status");
  script_->answers["POST file/image/ad/upload/"] = Script::Say(Ok({{"image_id", "pic/1"}}));
  EXPECT_EQ(Apply(asset).value().id, "pic/1");
  const http::Request& request = script_->sent.back().second;
  const auto parts =
      http::DecodeMultipart(*http::FindHeader(request.headers, "Content-Type"), request.body)
          .value();
  std::map<std::string, std::string> by_name;
  for (const auto& part : parts) by_name[part.name] = part.body;
  EXPECT_EQ(by_name["image_file"], "hello");
  EXPECT_EQ(by_name["image_signature"], "5d41402abc4b2a76b9719d911017c592");
  EXPECT_EQ(by_name["file_name"], "Spring" + MarkerOf(asset.key));

  script_->answers["POST file/image/ad/upload/"] = Script::Say(Code(40911));
  EXPECT_EQ(Apply(asset).error().code, Errc::kConflict);  // the name is somebody else's
  Has("GET file/image/ad/search/",
      {{"image_id", "pic/9"}, {"file_name", "Spring" + MarkerOf(asset.key)}});
  EXPECT_EQ(Apply(asset).value().id, "pic/9");
  const auto found =
      connector_.reader->Find({account_, Level::kAsset, MarkerOf(asset.key), {}}, Soon()).value();
  EXPECT_EQ(found.at(0).id, "pic/9");
}

TEST_F(TikTokTest, UpdatesSendOnlyWhatChanges) {
  Has("GET campaign/get/", Campaign("1"));
  script_->answers["POST campaign/update/"] = Script::Say(Ok(Json::object()));
  ASSERT_TRUE(Apply(UpdateOf(Level::kCampaign, {{"daily_budget", Eur(7500)}})));
  Json body = script_->Body("POST campaign/update/");
  EXPECT_EQ(PrintExactJson(body), R"({"advertiser_id":"7001","budget":75.00,"campaign_id":"1"})");
  // The kind of a budget is fixed: the amount of a flight is never put on a day.
  EXPECT_EQ(Apply(UpdateOf(Level::kCampaign, {{"lifetime_budget", Eur(90000)}})).error().code,
            Errc::kInvalidArgument);
  EXPECT_EQ(script_->Count("POST campaign/update/"), 1u);

  script_->answers["POST campaign/status/update/"] = Script::Say(Ok(Json::object()));
  ASSERT_TRUE(Apply(UpdateOf(Level::kCampaign, {{"status", std::string(kActive)}})));
  EXPECT_EQ(PrintExactJson(script_->Body("POST campaign/status/update/")),
            R"({"advertiser_id":"7001","campaign_ids":["1"],"operation_status":"ENABLE"})");
  ASSERT_TRUE(Apply(UpdateOf(Level::kCampaign, {{"status", std::string(kRemoved)}})));
  EXPECT_EQ(script_->Body("POST campaign/status/update/").at("operation_status"), "DELETE");

  Has("GET adgroup/get/", Group("2"));
  script_->answers["POST adgroup/update/"] = Script::Say(Ok(Json::object()));
  ASSERT_TRUE(Apply(UpdateOf(Level::kAdGroup,
                             {{"bid", Eur(400)}, {"end_at", std::string("2026-08-01 12:00:00")}})));
  EXPECT_EQ(PrintExactJson(script_->Body("POST adgroup/update/")),
            R"({"adgroup_id":"2","advertiser_id":"7001","bid_type":"BID_TYPE_CUSTOM",)"
            R"("conversion_bid_price":4.00,"schedule_end_time":"2026-08-01 10:00:00",)"
            R"("schedule_type":"SCHEDULE_START_END"})");
  EXPECT_FALSE(Apply(UpdateOf(Level::kAdGroup, {{"optimization_goal", std::string("clicks")}})));
}

TEST_F(TikTokTest, AdsArePatchedOrSentWhole) {
  Has("GET ad/get/", Ad("3", R"({"secondary_status":"AD_STATUS_AUDIT"})"));
  script_->answers["POST ad/update/"] = Script::Say(Ok(Json::object()));
  ASSERT_TRUE(
      Apply(UpdateOf(Level::kAd, {{"descriptions", std::vector<std::string>{"New text"}}})));
  EXPECT_EQ(PrintExactJson(script_->Body("POST ad/update/")),
            R"({"adgroup_id":"2","advertiser_id":"7001",)"
            R"("creatives":[{"ad_id":"3","ad_text":"New text"}],"patch_update":true})");
  ASSERT_TRUE(Apply(UpdateOf(Level::kAd, {{"landing_url", std::string("https://new.example/")}})));
  const Json whole = script_->Body("POST ad/update/");
  EXPECT_FALSE(whole.contains("patch_update"));
  const Json& creative = whole.at("creatives").at(0);
  EXPECT_EQ(creative.at("landing_page_url"), "https://new.example/");
  EXPECT_EQ(creative.at("ad_text"), "Fresh coffee");
  EXPECT_EQ(creative.at("utm_params").size(), 2u);
  EXPECT_FALSE(creative.contains("operation_status"));
}

TEST_F(TikTokTest, WritesAreSentOnceAndTheirDoubtIsTold) {
  const Change change = Create(Level::kCampaign, {{"objective", std::string("sales")}});
  const auto outcome = [&](Script::Answer answer) {
    script_->answers["POST campaign/create/"] = std::move(answer);
    const std::size_t before = script_->Count("POST campaign/create/");
    const auto applied = Apply(change);
    EXPECT_EQ(script_->Count("POST campaign/create/"), before + 1);
    EXPECT_FALSE(applied);
    return applied ? Errc::kLocal : applied.error().code;
  };
  EXPECT_EQ(outcome(Script::Raw(200, "")), Errc::kUnknownOutcome);
  EXPECT_EQ(outcome(Script::Raw(200, "<html>busy</html>")), Errc::kUnknownOutcome);
  EXPECT_EQ(outcome(Script::Raw(200, R"({"code":0,"data":{"camp)")), Errc::kUnknownOutcome);
  EXPECT_EQ(outcome(Script::Raw(502, "bad gateway")), Errc::kUnknownOutcome);
  EXPECT_EQ(outcome(Script::Say(Ok(Json::object()))), Errc::kUnknownOutcome);  // no id
  EXPECT_EQ(outcome(Script::Say(Code(50000))), Errc::kUnknownOutcome);
  EXPECT_EQ(outcome(Script::Say(Code(20001))), Errc::kUnknownOutcome);
  EXPECT_EQ(outcome(Script::Say(Code(40202))), Errc::kUnknownOutcome);
  EXPECT_EQ(outcome(Script::Say(Code(40002, "budget: too low"))), Errc::kInvalidArgument);
  EXPECT_EQ(outcome(Script::Say(Code(40001))), Errc::kForbidden);
  EXPECT_EQ(outcome([](const auto&, const auto&) -> Result<http::Response> {
              return Fail(Errc::kUnknownOutcome, "lost");
            }),
            Errc::kUnknownOutcome);
  // The request_id was seen with another body: what it made is looked for.
  EXPECT_EQ(outcome(Script::Say(Code(40002, "request_id: 5 was used already"))),
            Errc::kUnknownOutcome);
  Has("GET campaign/get/",
      Campaign("4", R"({"campaign_name":"Spring)" + MarkerOf(change.key) + "\"}"));
  EXPECT_EQ(Apply(change).value().id, "4");
}

TEST_F(TikTokTest, HalfOfAChangeIsNeverCalledNothing) {
  Has("GET campaign/get/", Campaign("1"));
  script_->answers["POST campaign/update/"] = Script::Say(Ok(Json::object()));
  script_->answers["POST campaign/status/update/"] = Script::Say(Code(40002));
  EXPECT_EQ(Apply(UpdateOf(Level::kCampaign,
                           {{"daily_budget", Eur(7500)}, {"status", std::string(kPaused)}}))
                .error()
                .code,
            Errc::kUnknownOutcome);
}

TEST_F(TikTokTest, ReadsAreSentAgainAndWaitWhenThrottled) {
  script_->answers["GET campaign/get/"] =
      Script::Then({Script::Say(Code(40100)), Script::Say(Code(50002)), Script::Raw(503, ""),
                    Script::Say(Page(Json::array(), 0))});
  const Instant before = clock_->Now();
  EXPECT_TRUE(connector_.reader->ReadAccount(account_, Soon()));
  EXPECT_EQ(script_->Count("GET campaign/get/"), 4u);
  EXPECT_GT(clock_->Now(), before);
  script_->answers["GET campaign/get/"] = Script::Say(Code(40105));
  const auto tree = connector_.reader->ReadAccount(account_, Soon());
  EXPECT_EQ(tree.error().code, Errc::kUnauthenticated);
  EXPECT_EQ(tree.error().platform_code, "40105");
  EXPECT_EQ(tree.error().what.find("secret-token"), std::string::npos);
  script_->answers["GET campaign/get/"] = Script::Raw(200, "<html>");
  EXPECT_EQ(connector_.reader->ReadAccount(account_, Soon()).error().code, Errc::kBadAnswer);
}

TEST_F(TikTokTest, ValidatesWithoutWriting) {
  EXPECT_TRUE(connector_.writer->Validate(
      Create(Level::kCampaign, {{"objective", std::string("sales")}}), Soon()));
  Change group = Create(Level::kAdGroup, {{"age_min", std::int64_t{21}}});
  group.parent_id.clear();
  EXPECT_FALSE(connector_.writer->Validate(group, Soon()));
  for (const auto& [key, request] : script_->sent) EXPECT_EQ(request.method, "GET") << key;
}

TEST_F(TikTokTest, ListsWhatTheTokenReaches) {
  EXPECT_EQ(connector_.reader->ListAccounts(Soon()).value().size(), 1u);
  connection_.secrets["app_id"] = "11";
  connection_.secrets["secret"] = "s";
  const Connector app = MakeTikTokConnector(connection_, script_, clock_).value();
  script_->answers["GET oauth2/advertiser/get/"] =
      Script::Say(Ok({{"list", Json::array({{{"advertiser_id", "7001"}}})}}));
  EXPECT_EQ(app.reader->ListAccounts(Soon()).value().at(0).name, "Shop");
}

TEST(TikTokConnector, AConnectionMustBeWhole) {
  const auto clock = std::make_shared<VirtualClock>(Instant{});
  Connection good;
  good.account = {Platform::kTikTok, "7001"};
  good.secrets = {{"access_token", "t"}};
  const auto code = [&](const Connection& connection) {
    const auto made = MakeTikTokConnector(connection, std::make_shared<Script>(), clock);
    return made ? Errc::kLocal : made.error().code;
  };
  EXPECT_EQ(code(good), Errc::kLocal);  // made
  Connection bad = good;
  bad.account = {Platform::kMeta, "7001"};
  EXPECT_EQ(code(bad), Errc::kInvalidArgument);
  bad = good;
  bad.account.id = "act_7";
  EXPECT_EQ(code(bad), Errc::kInvalidArgument);
  bad = good;
  bad.secrets.clear();
  EXPECT_EQ(code(bad), Errc::kInvalidArgument);
  bad = good;
  bad.settings["page_size"] = "0";
  EXPECT_EQ(code(bad), Errc::kInvalidArgument);
}

TEST(ClassifyTikTok, SaysWhatToDoNext) {
  const auto code = [](int number, bool idempotent) -> std::optional<Errc> {
    const http::Request request{.method = "POST",
                                .url = "http://x/open_api/v1.3/campaign/create/",
                                .idempotent = idempotent};
    const auto error = ClassifyTikTok(
        request, {.status = 200, .headers = {}, .body = PrintExactJson(Code(number))});
    if (!error) return std::nullopt;
    return error->code;
  };
  struct Row {
    int code;
    Errc write;
    Errc read;
  };
  for (const Row& row : {Row{40000, Errc::kInvalidArgument, Errc::kInvalidArgument},
                         Row{40001, Errc::kForbidden, Errc::kForbidden},
                         Row{40002, Errc::kInvalidArgument, Errc::kInvalidArgument},
                         Row{40007, Errc::kNotFound, Errc::kNotFound},
                         Row{40016, Errc::kRateLimited, Errc::kRateLimited},
                         Row{40050, Errc::kUnknownOutcome, Errc::kUnavailable},
                         Row{40100, Errc::kRateLimited, Errc::kRateLimited},
                         Row{40102, Errc::kUnauthenticated, Errc::kUnauthenticated},
                         Row{40104, Errc::kUnauthenticated, Errc::kUnauthenticated},
                         Row{40118, Errc::kForbidden, Errc::kForbidden},
                         Row{40132, Errc::kRateLimited, Errc::kRateLimited},
                         Row{40133, Errc::kRateLimited, Errc::kRateLimited},
                         Row{40200, Errc::kUnavailable, Errc::kUnavailable},
                         Row{40201, Errc::kUnavailable, Errc::kUnavailable},
                         Row{40202, Errc::kUnknownOutcome, Errc::kUnavailable},
                         Row{40300, Errc::kNotFound, Errc::kNotFound},
                         Row{40911, Errc::kConflict, Errc::kConflict},
                         Row{49999, Errc::kInvalidArgument, Errc::kInvalidArgument},
                         Row{50000, Errc::kUnknownOutcome, Errc::kUnavailable},
                         Row{51305, Errc::kUnknownOutcome, Errc::kUnavailable},
                         Row{60001, Errc::kUnavailable, Errc::kUnavailable},
                         Row{-7, Errc::kUnknownOutcome, Errc::kUnavailable}}) {
    EXPECT_EQ(code(row.code, false), row.write) << row.code;
    EXPECT_EQ(code(row.code, true), row.read) << row.code;
  }
  EXPECT_EQ(code(0, false), std::nullopt);
}

TEST(ClassifyTikTok, F32ReadsNothingIntoWhatIsNoAnswer) {
  const auto classify = [](int status, const std::string& body, bool idempotent,
                           const std::string& path = "campaign/get/") -> std::optional<Errc> {
    const http::Request request{.url = "http://x/open_api/v1.3/" + path, .idempotent = idempotent};
    const auto error = ClassifyTikTok(
        request, {.status = status, .headers = {{"Retry-After", "7"}}, .body = body});
    if (!error) return std::nullopt;
    if (status == 429) {
      EXPECT_EQ(error->retry_after_s, 7);
    }
    return error->code;
  };
  for (const char* body :
       {"", "<html></html>", "null", "[]", "{}", R"({"code":"0","data":{}})", R"({"code":0})",
        R"({"code":0,"data":null})", R"({"code":0,"data":{)", R"({"code":0.5,"data":{}})"}) {
    EXPECT_EQ(classify(200, body, true), Errc::kBadAnswer) << body;
    EXPECT_EQ(classify(200, body, false), Errc::kUnknownOutcome) << body;
  }
  EXPECT_EQ(classify(404, "<html>", true), Errc::kInvalidArgument);
  EXPECT_EQ(classify(429, "", false), Errc::kRateLimited);
  EXPECT_EQ(classify(500, "", false), Errc::kUnknownOutcome);
  EXPECT_EQ(classify(500, "", true), Errc::kUnavailable);
  EXPECT_EQ(classify(302, "", true), Errc::kInvalidArgument);
  const char* busy = R"({"code":0,"data":{"status":"PROCESSING"}})";
  EXPECT_EQ(classify(200, busy, true, "changelog/task/check/"), Errc::kUnavailable);
  EXPECT_EQ(classify(200, busy, true), std::nullopt);
}

}  // namespace
}  // namespace maxopt
