#include "sim/tiktok/tiktok.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <nlohmann/json.hpp>

#include "http/http.h"
#include "json/json.h"

namespace maxopt::sim {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

std::string Md5(const std::string& bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_md5(), nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

/// A 2 x 3 PNG as far as its header goes.
const std::string kPng("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03", 24);

class TikTokServerTest : public testing::Test {
 protected:
  const Instant start_ = ParseInstant("2026-03-02T00:00:00Z").value();
  VirtualClock clock_{start_};
  const AccountId account_{Platform::kTikTok, "7001"};
  const AccountId yen_{Platform::kTikTok, "7002"};
  std::unique_ptr<Market> market_ =
      Market::Make({.seed = 7, .start = start_, .brand_terms = {}, .noise = 0});
  std::unique_ptr<PlatformServer> server_;

  void SetUp() override { server_ = Start({}); }

  std::unique_ptr<PlatformServer> Start(std::map<std::string, std::string> secrets,
                                        std::map<std::string, std::optional<Instant>> versions = {
                                            {"v1.3", std::nullopt}}) {
    server_.reset();
    secrets.emplace("access_token", "good");
    secrets.emplace("app_id", "11");
    secrets.emplace("secret", "s");
    secrets.emplace("auth_code", "c");
    return MakeTikTokServer(
        *market_, clock_,
        {.accounts = {{{account_, kEur, Zone::Find("Europe/Berlin").value()}, "Shop"},
                      {{yen_, kJpy, Zone::Find("Asia/Tokyo").value()}, "Mise"}},
         .versions = std::move(versions),
         .secrets = std::move(secrets)});
  }

  http::Response Raw(const std::string& method, const std::string& url, const std::string& body,
                     http::Headers headers = {{"Access-Token", "good"},
                                              {"Content-Type", "application/json"}}) {
    return server_->Handle(
        {.method = method, .url = url, .headers = std::move(headers), .body = body});
  }
  Json Parse(const http::Response& response) {
    EXPECT_EQ(response.status, 200);
    const auto json = ParseExactJson(response.body);
    EXPECT_TRUE(json) << response.body;
    return json ? *json : Json::object();
  }
  Json Post(const std::string& path, const std::string& body) {
    return Parse(Raw("POST", "/open_api/v1.3/" + path, body));
  }
  Json Get(const std::string& path, const std::vector<std::pair<std::string, std::string>>& query) {
    return Parse(Raw("GET", "/open_api/v1.3/" + path + "?" + http::EncodeForm(query), ""));
  }
  static int Code(const Json& envelope) { return envelope.at("code").get<int>(); }

  std::string Campaign(const std::string& extra = "") {
    const Json made = Post(
        "campaign/create/",
        R"({"advertiser_id":"7001","campaign_name":"C","objective_type":"TRAFFIC")" + extra + "}");
    EXPECT_EQ(Code(made), 0) << made;
    return made.at("data").value("campaign_id", "");
  }
  static std::string GroupBody(const std::string& campaign, const std::string& extra = "") {
    return R"({"advertiser_id":"7001","campaign_id":")" + campaign +
           R"(","adgroup_name":"G","billing_event":"CPC","optimization_goal":"CLICK",)"
           R"("pacing":"PACING_MODE_SMOOTH","schedule_type":"SCHEDULE_FROM_NOW",)"
           R"("schedule_start_time":"2026-03-02 00:00:00")" +
           extra + "}";
  }
  std::string Group(
      const std::string& campaign,
      const std::string& extra = R"(,"budget":20.5,"budget_mode":"BUDGET_MODE_DAY")") {
    const Json made = Post("adgroup/create/", GroupBody(campaign, extra));
    EXPECT_EQ(Code(made), 0) << made;
    return made.at("data").value("adgroup_id", "");
  }
  Json Upload(const std::string& name, const std::string& bytes, const std::string& signature) {
    const auto [type, body] = http::EncodeMultipart({{"advertiser_id", "", "", "7001"},
                                                     {"upload_type", "", "", "UPLOAD_BY_FILE"},
                                                     {"image_signature", "", "", signature},
                                                     {"file_name", "", "", name},
                                                     {"image_file", "a.png", "image/png", bytes}});
    return Parse(Raw("POST", "/open_api/v1.3/file/image/ad/upload/", body,
                     {{"Access-Token", "good"}, {"Content-Type", type}}));
  }
  std::string Image() {
    const Json listed = Get("file/image/ad/search/", {{"advertiser_id", "7001"}});
    if (!listed.at("data").at("list").empty()) {
      return listed.at("data").at("list").at(0).at("image_id").get<std::string>();
    }
    return Upload("pic", kPng, Md5(kPng)).at("data").value("image_id", "");
  }
  Json AdBody(const std::string& group, const std::string& text, const std::string& name = "A") {
    return {{"advertiser_id", "7001"},
            {"adgroup_id", group},
            {"creatives", Json::array({{{"ad_name", name},
                                        {"ad_format", "SINGLE_IMAGE"},
                                        {"ad_text", text},
                                        {"identity_type", "CUSTOMIZED_USER"},
                                        {"identity_id", "66"},
                                        {"display_name", "Shop"},
                                        {"landing_page_url", "https://shop.example/"},
                                        {"image_ids", Json::array({Image()})}}})}};
  }
  std::string Ad(const std::string& group, const std::string& text = "Fresh coffee at home") {
    const Json made = Post("ad/create/", AdBody(group, text).dump());
    EXPECT_EQ(Code(made), 0) << made;
    return made.at("data").at("ad_ids").at(0).get<std::string>();
  }
  std::string Secondary(const std::string& ad) {
    const Json list =
        Get("ad/get/",
            {{"advertiser_id", "7001"},
             {"filtering", R"({"ad_ids":[")" + ad + R"("],"primary_status":"STATUS_ALL"})"}});
    return list.at("data").at("list").at(0).at("secondary_status").get<std::string>();
  }
};

TEST_F(TikTokServerTest, PathsEndInASlashAndVersionsEnd) {
  const auto get = [&](const std::string& url) { return Raw("GET", url, "").status; };
  EXPECT_EQ(get("/open_api/v1.3/campaign/get?advertiser_id=7001"), 404);
  EXPECT_EQ(get("/open_api/v1.3/nothing/here/"), 404);
  EXPECT_EQ(get("/open_api/v9.9/campaign/get/?advertiser_id=7001"), 404);
  EXPECT_EQ(get("/"), 404);
  EXPECT_EQ(get("%zz"), 404);
  const std::string list = "/open_api/v1.3/campaign/get/?advertiser_id=7001";
  EXPECT_EQ(Code(Parse(Raw("GET", list, ""))), 0);
  EXPECT_EQ(Code(Parse(Raw("POST", list, "{}"))), 40117);
  EXPECT_EQ(Code(Post("smart_plus/campaign/create/", "{}")), 40008);

  server_ = Start({}, {{"v1.2", start_}, {"v1.3", std::nullopt}});
  EXPECT_EQ(Code(Parse(Raw("GET", "/open_api/v1.2/campaign/get/?advertiser_id=7001", ""))), 40006);
}

TEST_F(TikTokServerTest, TheTokenIsAHeader) {
  const std::string url = "/open_api/v1.3/campaign/get/?advertiser_id=7001";
  const Json none = Parse(Raw("GET", url, "", {}));
  EXPECT_EQ(Code(none), 40104);
  EXPECT_EQ(none.at("message"),
            "Access token is null, you should set it in http header with key Access-Token.");
  EXPECT_EQ(none.at("data"), Json::object());
  EXPECT_EQ(Code(Parse(Raw("GET", url, "", {{"access-token", "bad"}}))), 40105);
  server_ = Start({{"access_token_expires_at", "2026-03-02T01:00:00Z"}});
  EXPECT_EQ(Code(Parse(Raw("GET", url, ""))), 0);
  clock_.AdvanceTo(start_ + 1h);
  EXPECT_EQ(Code(Parse(Raw("GET", url, ""))), 40102);
  EXPECT_EQ(Code(Get("campaign/get/", {{"advertiser_id", "9"}})), 40102);
}

TEST_F(TikTokServerTest, OauthAndAdvertisers) {
  const Json token =
      Post("oauth2/access_token/", R"({"app_id":"11","secret":"s","auth_code":"c"})");
  EXPECT_EQ(token.at("data").at("access_token"), "good");
  EXPECT_EQ(token.at("data").at("advertiser_ids"), Json::array({"7001", "7002"}));
  EXPECT_EQ(Code(Post("oauth2/access_token/", R"({"app_id":"11","secret":"s","auth_code":"x"})")),
            40110);
  const Json list = Get("oauth2/advertiser/get/", {{"app_id", "11"}, {"secret", "s"}});
  EXPECT_EQ(list.at("data").at("list").size(), 2u);
  const Json info = Get("advertiser/info/", {{"advertiser_ids", R"(["7002"])"}});
  EXPECT_EQ(info.at("data").at("list").at(0).at("currency"), "JPY");
  EXPECT_EQ(info.at("data").at("list").at(0).at("display_timezone"), "Asia/Tokyo");
  EXPECT_EQ(Code(Get("advertiser/info/", {{"advertiser_ids", R"(["1"])"}})), 40001);
  EXPECT_EQ(Code(Get("advertiser/info/", {{"advertiser_ids", "7002"}})), 40002);
}

TEST_F(TikTokServerTest, TheSameRequestIdMakesOneObject) {
  const std::string body =
      R"({"advertiser_id":"7001","campaign_name":"C","objective_type":"TRAFFIC","request_id":"17"})";
  const Json first = Post("campaign/create/", body);
  const Json second = Post("campaign/create/", body);
  EXPECT_EQ(Code(first), 0);
  EXPECT_EQ(first.at("data").at("campaign_id"), second.at("data").at("campaign_id"));
  EXPECT_NE(first.at("request_id"), second.at("request_id"));
  EXPECT_EQ(server_->Objects(account_).size(), 1u);
  const std::string other =
      R"({"advertiser_id":"7001","campaign_name":"D","objective_type":"TRAFFIC","request_id":"17"})";
  EXPECT_EQ(Code(Post("campaign/create/", other)), 40002);
  for (const char* bad : {R"("")", R"("x1")", R"("9223372036854775808")", R"("-5")", "5"}) {
    EXPECT_EQ(
        Code(Post("campaign/create/", fmt::format(R"({{"advertiser_id":"7001","campaign_name":"C",)"
                                                  R"("objective_type":"TRAFFIC","request_id":{}}})",
                                                  bad))),
        40002)
        << bad;
  }
  EXPECT_EQ(server_->Objects(account_).size(), 1u);
}

TEST_F(TikTokServerTest, CampaignsAreChecked) {
  const auto code = [&](const std::string& members) {
    return Code(Post("campaign/create/", R"({"advertiser_id":"7001")" + members + "}"));
  };
  const std::string ok = R"(,"campaign_name":"C","objective_type":"TRAFFIC")";
  EXPECT_EQ(code(""), 40002);
  EXPECT_EQ(code(R"(,"campaign_name":"C")"), 40002);
  EXPECT_EQ(code(R"(,"campaign_name":"","objective_type":"TRAFFIC")"), 40002);
  EXPECT_EQ(code(R"(,"campaign_name":"C","objective_type":"FAME")"), 40002);
  EXPECT_EQ(code(R"(,"campaign_name":7,"objective_type":"TRAFFIC")"), 40002);
  EXPECT_EQ(code(ok + R"(,"colour":"red")"), 40002);
  EXPECT_EQ(
      code(R"(,"objective_type":"TRAFFIC","campaign_name":")" + std::string(513, 'x') + R"(")"),
      40002);
  // Budgets: number, at most two decimals, not below 50, not with INFINITE.
  const std::string day = ok + R"(,"budget_mode":"BUDGET_MODE_DAY")";
  EXPECT_EQ(code(day), 40002);
  EXPECT_EQ(code(day + R"(,"budget":"50")"), 40002);
  EXPECT_EQ(code(day + R"(,"budget":49.99)"), 40002);
  EXPECT_EQ(code(day + R"(,"budget":50.001)"), 40002);
  EXPECT_EQ(code(day + R"(,"budget":-50)"), 40002);
  EXPECT_EQ(code(day + R"(,"budget":5e1)"), 40002);
  EXPECT_EQ(code(ok + R"(,"budget":50)"), 40002);
  EXPECT_EQ(code(ok + R"(,"budget_optimize_on":true)"), 40002);
  EXPECT_EQ(server_->Objects(account_).size(), 0u);
  EXPECT_EQ(code(day + R"(,"budget":50.01,"budget_optimize_on":true)"), 0);
  EXPECT_EQ(code(ok), 0);
  const Json list = Get("campaign/get/", {{"advertiser_id", "7001"}}).at("data").at("list");
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].at("budget_mode"), "BUDGET_MODE_INFINITE");  // newest first
  EXPECT_EQ(NumberText(list[1].at("budget")), "50.01");
  EXPECT_EQ(list[1].at("operation_status"), "ENABLE");  // the platform's default
  EXPECT_EQ(list[1].at("create_time"), "2026-03-02 00:00:00");
}

TEST_F(TikTokServerTest, YenHaveNoDecimalsAndTheirOwnMinimum) {
  const auto code = [&](const std::string& budget) {
    return Code(Post("campaign/create/",
                     R"({"advertiser_id":"7002","campaign_name":"C","objective_type":"TRAFFIC",)"
                     R"("budget_mode":"BUDGET_MODE_DAY","budget":)" +
                         budget + "}"));
  };
  EXPECT_EQ(code("50"), 40002);
  EXPECT_EQ(code("5000.5"), 40002);
  EXPECT_EQ(code("5000"), 0);
}

TEST_F(TikTokServerTest, AdGroupsAreChecked) {
  const std::string campaign = Campaign();
  const auto code = [&](const std::string& extra) {
    return Code(Post("adgroup/create/", GroupBody(campaign, extra)));
  };
  const std::string day = R"(,"budget":20,"budget_mode":"BUDGET_MODE_DAY")";
  EXPECT_EQ(code(""), 40002);  // no budget
  EXPECT_EQ(code(R"(,"budget":19.99,"budget_mode":"BUDGET_MODE_DAY")"), 40002);
  EXPECT_EQ(code(R"(,"budget":20,"budget_mode":"BUDGET_MODE_INFINITE")"), 40002);
  EXPECT_EQ(code(R"(,"budget":200,"budget_mode":"BUDGET_MODE_TOTAL")"), 40002);  // no end
  EXPECT_EQ(code(day + R"(,"bid_price":1)"), 40002);                 // no custom bid type
  EXPECT_EQ(code(day + R"(,"bid_type":"BID_TYPE_CUSTOM")"), 40002);  // no bid
  EXPECT_EQ(code(day + R"(,"bid_type":"BID_TYPE_CUSTOM","bid_price":21)"), 40002);
  EXPECT_EQ(code(day + R"(,"location_ids":["1"])"), 40002);
  EXPECT_EQ(code(day + R"(,"location_ids":"2921044")"), 40002);
  EXPECT_EQ(code(day + R"(,"age_groups":["AGE_18_99"])"), 40002);
  EXPECT_EQ(code(day + R"(,"dayparting":"01")"), 40002);
  EXPECT_EQ(code(day + R"(,"placement_type":"PLACEMENT_TYPE_NORMAL")"), 40002);
  EXPECT_EQ(code(day + R"(,"pixel_id":"1")"), 40002);
  EXPECT_EQ(server_->Objects(account_).size(), 1u);
  EXPECT_EQ(code(day + R"(,"location_ids":["2921044"],"bid_type":"BID_TYPE_CUSTOM",)"
                       R"("bid_price":0.5,"age_groups":["AGE_18_24"],"languages":["de"])"),
            0);

  const auto goal = [&](const std::string& objective, const std::string& fields) {
    const Json made = Post("campaign/create/", fmt::format(R"({{"advertiser_id":"7001",)"
                                                           R"("campaign_name":"C",)"
                                                           R"("objective_type":"{}"}})",
                                                           objective));
    return Code(Post(
        "adgroup/create/",
        R"({"advertiser_id":"7001","adgroup_name":"G","pacing":"PACING_MODE_SMOOTH","budget":20,)"
        R"("budget_mode":"BUDGET_MODE_DAY","schedule_type":"SCHEDULE_FROM_NOW",)"
        R"("schedule_start_time":"2026-03-02 00:00:00","campaign_id":)" +
            made.at("data").at("campaign_id").dump() + fields + "}"));
  };
  EXPECT_EQ(goal("REACH", R"(,"optimization_goal":"REACH","billing_event":"CPM")"), 0);
  EXPECT_EQ(goal("REACH", R"(,"optimization_goal":"REACH","billing_event":"CPC")"), 40002);
  EXPECT_EQ(goal("REACH", R"(,"optimization_goal":"CONVERT","billing_event":"OCPM")"), 40002);
  const std::string convert = R"(,"optimization_goal":"CONVERT","billing_event":"OCPM")";
  EXPECT_EQ(goal("WEB_CONVERSIONS", convert), 40002);  // no pixel
  EXPECT_EQ(goal("WEB_CONVERSIONS", convert + R"(,"optimization_event":"SHOPPING","pixel_id":")" +
                                        TikTokPixelIdOf(account_) + R"(")"),
            0);
}

TEST_F(TikTokServerTest, SchedulesAreUtcAndEndAfterTheyStart) {
  const std::string campaign = Campaign();
  const auto code = [&](const std::string& start, const std::string& end) {
    return Code(Post(
        "adgroup/create/",
        R"({"advertiser_id":"7001","adgroup_name":"G","pacing":"PACING_MODE_SMOOTH","budget":60,)"
        R"("budget_mode":"BUDGET_MODE_TOTAL","schedule_type":"SCHEDULE_START_END",)"
        R"("optimization_goal":"CLICK","billing_event":"CPC","schedule_start_time":")" +
            start + R"(","schedule_end_time":")" + end + R"(","campaign_id":")" + campaign +
            R"("})"));
  };
  EXPECT_EQ(code("2026-03-03 00:00:00", "2026-03-03 00:00:00"), 40002);
  EXPECT_EQ(code("2026-02-01 00:00:00", "2026-03-01 00:00:00"), 40002);
  EXPECT_EQ(code("2026-03-03", "2026-03-05 00:00:00"), 40002);
  EXPECT_EQ(code("2026-03-03T00:00:00Z", "2026-03-05 00:00:00"), 40002);
  EXPECT_EQ(code("2026-03-03 00:00:00", "2026-03-08 00:00:00"), 40002);  // 5 days need 100
  EXPECT_EQ(code("2026-03-03 00:00:00", "2026-03-06 00:00:00"), 0);      // 3 days need 60
}

TEST_F(TikTokServerTest, TheCampaignOwnsTheBudgetOrTheAdGroupDoes) {
  const std::string campaign =
      Campaign(R"(,"budget_mode":"BUDGET_MODE_DAY","budget":50,"budget_optimize_on":true)");
  EXPECT_EQ(Code(Post("adgroup/create/",
                      GroupBody(campaign, R"(,"budget":20,"budget_mode":"BUDGET_MODE_DAY")"))),
            40002);
  const std::string group = Group(campaign, "");
  EXPECT_EQ(Code(Post("adgroup/update/",
                      R"({"advertiser_id":"7001","adgroup_id":")" + group + R"(","budget":25})")),
            40002);
}

TEST_F(TikTokServerTest, UpdatesChangeOnlyWhatTheyName) {
  const std::string campaign = Campaign(R"(,"budget_mode":"BUDGET_MODE_DAY","budget":50)");
  const auto update = [&](const std::string& members) {
    return Post("campaign/update/",
                R"({"advertiser_id":"7001","campaign_id":")" + campaign + "\"" + members + "}");
  };
  const Json done = update(R"(,"budget":75.25)");
  EXPECT_EQ(Code(done), 0);
  EXPECT_EQ(done.at("data").at("campaign_name"), "C");
  EXPECT_EQ(NumberText(done.at("data").at("budget")), "75.25");
  EXPECT_EQ(Code(update(R"(,"budget_mode":"BUDGET_MODE_TOTAL")")), 40002);
  EXPECT_EQ(Code(update(R"(,"objective_type":"REACH")")), 40002);
  EXPECT_EQ(Code(update(R"(,"budget":10)")), 40002);
  EXPECT_EQ(Code(Post("campaign/update/", R"({"advertiser_id":"7001","campaign_id":"1"})")), 40007);
  const std::string infinite = Campaign();
  EXPECT_EQ(Code(Post("campaign/update/", R"({"advertiser_id":"7001","campaign_id":")" + infinite +
                                              R"(","budget":75})")),
            40002);
  const std::string group = Group(infinite);
  const Json budgets = Post("adgroup/budget/update/",
                            R"({"advertiser_id":"7001","budget":[{"adgroup_id":")" + group +
                                R"(","budget":33.3},{"adgroup_id":"5","budget":40}]})");
  EXPECT_EQ(Code(budgets), 20001);
  EXPECT_EQ(budgets.at("data").at("adgroup_ids"), Json::array({group}));
}

TEST_F(TikTokServerTest, StatusUpdatesSucceedInPartsAndDeleteIsFinal) {
  const std::string a = Campaign();
  const std::string b = Campaign();
  const auto status = [&](const std::string& ids, const std::string& word) {
    return Post("campaign/status/update/", R"({"advertiser_id":"7001","campaign_ids":)" + ids +
                                               R"(,"operation_status":")" + word + "\"}");
  };
  EXPECT_EQ(Code(status("[\"" + a + "\"]", "DISABLE")), 0);
  const Json part = status("[\"" + b + R"(","99"])", "DELETE");
  EXPECT_EQ(Code(part), 20001);
  EXPECT_EQ(part.at("data").at("campaign_ids"), Json::array({b}));
  EXPECT_EQ(Code(status(R"(["99"])", "DISABLE")), 40007);
  EXPECT_EQ(Code(status("[\"" + b + "\"]", "ENABLE")), 40002);
  EXPECT_EQ(Code(status("[]", "ENABLE")), 40002);
  EXPECT_EQ(Code(status("[\"" + a + "\"]", "PAUSE")), 40002);
  Json many = Json::array();
  for (int i = 0; i < 21; ++i) many.push_back(std::to_string(i));
  EXPECT_EQ(Code(status(many.dump(), "DISABLE")), 40011);

  const auto total = [&](const std::string& filtering) {
    return Get("campaign/get/", {{"advertiser_id", "7001"}, {"filtering", filtering}})
        .at("data")
        .at("page_info")
        .at("total_number")
        .get<int>();
  };
  EXPECT_EQ(total("{}"), 1);
  EXPECT_EQ(total(R"({"primary_status":"STATUS_ALL"})"), 2);
  EXPECT_EQ(total(R"({"primary_status":"STATUS_DELETE"})"), 1);
}

TEST_F(TikTokServerTest, ListsPageFilterAndCut) {
  for (int i = 0; i < 5; ++i) Campaign();
  const auto page = [&](const std::string& number, const std::string& size) {
    return Get("campaign/get/", {{"advertiser_id", "7001"}, {"page", number}, {"page_size", size}});
  };
  const Json last = page("3", "2").at("data");
  EXPECT_EQ(last.at("list").size(), 1u);
  EXPECT_EQ(last.at("page_info"),
            Json({{"page", 3}, {"page_size", 2}, {"total_number", 5}, {"total_page", 3}}));
  EXPECT_EQ(page("4", "2").at("data").at("list").size(), 0u);
  for (const char* bad : {"0", "-1", "x", "1001"}) EXPECT_EQ(Code(page("1", bad)), 40002) << bad;
  const auto list = [&](const std::string& name, const std::string& value) {
    return Get("campaign/get/", {{"advertiser_id", "7001"}, {name, value}});
  };
  EXPECT_EQ(list("fields", R"(["campaign_name"])").at("data").at("list").at(0).size(), 2u);
  EXPECT_EQ(Code(list("fields", R"(["colour"])")), 40002);
  EXPECT_EQ(Code(list("fields", "campaign_name")), 40002);
  EXPECT_EQ(Code(list("filtering", R"({"colour":"red"})")), 40002);
  EXPECT_EQ(Code(list("filtering", R"({"primary_status":"GREEN"})")), 40002);
  EXPECT_EQ(Code(list("filtering", "[]")), 40002);
}

TEST_F(TikTokServerTest, FilesAreSignedAndNamedOnce) {
  const Json first = Upload("pic", kPng, Md5(kPng));
  ASSERT_EQ(Code(first), 0) << first;
  EXPECT_EQ(first.at("data").at("width"), 2);
  EXPECT_EQ(first.at("data").at("height"), 3);
  EXPECT_EQ(Code(Upload("pic2", kPng, Md5("other"))), 40900);
  EXPECT_EQ(Code(Upload("pic", kPng, Md5(kPng))), 40911);
  EXPECT_EQ(Code(Upload("empty", "", Md5(""))), 40906);
  EXPECT_EQ(Code(Upload("text", "hello", Md5("hello"))), 40908);
  EXPECT_EQ(Code(Upload(std::string(101, 'n'), kPng, Md5(kPng))), 40002);
  EXPECT_EQ(
      Code(Post("file/image/ad/upload/", R"({"advertiser_id":"7001","upload_type":"UPLOAD_BY_URL",)"
                                         R"("image_url":"https://example.com/a.png"})")),
      40902);
  const std::string id = first.at("data").at("image_id").get<std::string>();
  const Json info = Get("file/image/ad/info/",
                        {{"advertiser_id", "7001"}, {"image_ids", Json::array({id, "x"}).dump()}});
  EXPECT_EQ(info.at("data").at("list").size(), 1u);

  const std::string mp4(
      "\0\0\0\x18"
      "ftypmp42\0\0\0\0",
      16);
  const auto [type, body] = http::EncodeMultipart({{"advertiser_id", "", "", "7001"},
                                                   {"video_signature", "", "", Md5(mp4)},
                                                   {"video_file", "a.mp4", "video/mp4", mp4}});
  const Json video = Parse(Raw("POST", "/open_api/v1.3/file/video/ad/upload/", body,
                               {{"Access-Token", "good"}, {"Content-Type", type}}));
  ASSERT_EQ(Code(video), 0) << video;
  EXPECT_TRUE(video.at("data").is_array());
}

TEST_F(TikTokServerTest, AdsAreCheckedAllOrNone) {
  const std::string group = Group(Campaign());
  const auto code = [&](const std::string& name, const Json& value) {
    Json body = AdBody(group, "Text");
    body["creatives"][0][name] = value;
    Json both = AdBody(group, "Text");
    both["creatives"].push_back(body["creatives"][0]);
    return Code(Post("ad/create/", both.dump()));
  };
  EXPECT_EQ(code("ad_text", std::string(101, 'x')), 40002);
  EXPECT_EQ(code("ad_text", ""), 40002);
  EXPECT_EQ(code("ad_format", "BANNER"), 40002);
  EXPECT_EQ(code("image_ids", Json::array({"nope"})), 40002);
  EXPECT_EQ(code("image_ids", Json::array()), 40002);
  EXPECT_EQ(code("image_ids", Json()), 40002);
  EXPECT_EQ(code("identity_id", Json()), 40002);
  EXPECT_EQ(code("landing_page_url", "shop"), 40002);
  EXPECT_EQ(code("call_to_action", "CLICK_ME"), 40002);
  EXPECT_EQ(code("headline", "x"), 40002);
  std::size_t ads = 0;
  for (const auto& object : server_->Objects(account_)) ads += object.level == Level::kAd;
  EXPECT_EQ(ads, 0u);
  // 100 characters, not bytes.
  std::string text;
  for (int i = 0; i < 100; ++i) text += "ä";
  EXPECT_EQ(Code(Post("ad/create/", AdBody(group, text).dump())), 0);
}

TEST_F(TikTokServerTest, ReviewsTakeHoursAndRejectWhatPolicyForbids) {
  const std::string group = Group(Campaign());
  const std::string good = Ad(group);
  const std::string bad = Ad(group, "A miracle cure for you");
  EXPECT_EQ(Secondary(good), "AD_STATUS_AUDIT");
  clock_.AdvanceTo(start_ + 24h);
  EXPECT_EQ(Secondary(good), "AD_STATUS_DELIVERY_OK");
  EXPECT_EQ(Secondary(bad), "AD_STATUS_AUDIT_DENY");
  const Json review = Get("ad/review_info/",
                          {{"advertiser_id", "7001"}, {"ad_ids", Json::array({good, bad}).dump()}});
  const Json& map = review.at("data").at("ad_review_map");
  EXPECT_EQ(map.at(good).at("is_approved"), true);
  EXPECT_FALSE(map.at(bad).at("reject_info").empty());

  const auto update = [&](const std::string& members) {
    return Code(Post("ad/update/", R"({"advertiser_id":"7001","adgroup_id":")" + group +
                                       R"(","patch_update":true,"creatives":[{"ad_id":")" + bad +
                                       "\"" + members + "}]}"));
  };
  EXPECT_EQ(update(R"(,"landing_page_url":"https://a.example/")"), 40002);  // no patch field
  EXPECT_EQ(update(R"(,"ad_text":"Herbal tea for you")"), 0);
  EXPECT_EQ(Secondary(bad), "AD_STATUS_REAUDIT");
  clock_.AdvanceTo(start_ + 48h);
  EXPECT_EQ(Secondary(bad), "AD_STATUS_DELIVERY_OK");
  // Without patch_update the creative is replaced, so one that is not whole is refused.
  EXPECT_EQ(Code(Post("ad/update/", R"({"advertiser_id":"7001","adgroup_id":")" + group +
                                        R"(","creatives":[{"ad_id":")" + bad +
                                        R"(","ad_text":"New"}]})")),
            40002);
}

TEST_F(TikTokServerTest, WhatDeliversIsReportedAndAddsUp) {
  const std::string campaign = Campaign();
  const std::string group = Group(
      campaign,
      R"(,"budget":100,"budget_mode":"BUDGET_MODE_DAY","location_ids":["2921044","2782113"])");
  const std::string ad = Ad(group);
  clock_.AdvanceTo(start_ + 24h * 4);
  const auto report = [&](const std::string& type, const std::string& level,
                          const std::string& dimensions, const std::string& metrics,
                          const std::string& from, const std::string& to) {
    return Get("report/integrated/get/", {{"advertiser_id", "7001"},
                                          {"report_type", type},
                                          {"data_level", level},
                                          {"dimensions", dimensions},
                                          {"metrics", metrics},
                                          {"start_date", from},
                                          {"end_date", to},
                                          {"page_size", "1000"},
                                          {"enable_total_metrics", "true"}});
  };
  const auto sum = [](const Json& answer, const char* metric) {
    double all = 0;
    for (const Json& row : answer.at("data").at("list")) {
      all += JsonReal(row.at("metrics").at(metric)).value_or(0);
    }
    return all;
  };
  const std::string money = R"(["spend","impressions","clicks","conversion","ctr"])";
  const Json days = report("BASIC", "AUCTION_CAMPAIGN", R"(["campaign_id","stat_time_day"])", money,
                           "2026-03-02", "2026-03-04");
  ASSERT_EQ(Code(days), 0) << days;
  ASSERT_FALSE(days.at("data").at("list").empty());
  const Json& row = days.at("data").at("list").back();
  EXPECT_EQ(row.at("dimensions").at("campaign_id"), campaign);
  EXPECT_EQ(row.at("dimensions").at("stat_time_day"), "2026-03-04 00:00:00");
  EXPECT_TRUE(row.at("metrics").at("spend").is_string());
  const double spend = sum(days, "spend");
  EXPECT_GT(spend, 100);
  EXPECT_LE(spend, 3 * 125);

  const Json ads = report("BASIC", "AUCTION_AD", R"(["ad_id"])",
                          R"(["spend","clicks","campaign_id","adgroup_id","ad_name"])",
                          "2026-03-02", "2026-03-04");
  ASSERT_EQ(ads.at("data").at("list").size(), 1u);
  EXPECT_EQ(ads.at("data").at("list")[0].at("metrics").at("adgroup_id"), group);
  EXPECT_NEAR(sum(ads, "spend"), spend, 0.02);
  double hours = 0;
  for (const char* day : {"2026-03-02", "2026-03-03", "2026-03-04"}) {
    hours += sum(
        report("BASIC", "AUCTION_CAMPAIGN", R"(["campaign_id","stat_time_hour"])", money, day, day),
        "clicks");
  }
  EXPECT_EQ(hours, sum(days, "clicks"));
  for (const char* dimension :
       {R"("country_code")", R"("platform")", R"("placement")", R"("age","gender")"}) {
    const Json cut = report("AUDIENCE", "AUCTION_CAMPAIGN",
                            fmt::format(R"(["campaign_id","stat_time_day",{}])", dimension), money,
                            "2026-03-02", "2026-03-04");
    ASSERT_EQ(Code(cut), 0) << cut;
    EXPECT_EQ(sum(cut, "clicks"), sum(days, "clicks")) << dimension;
    EXPECT_EQ(sum(cut, "impressions"), sum(days, "impressions")) << dimension;
  }

  const auto code = [&](const std::string& dimensions, const std::string& metrics,
                        const std::string& from, const std::string& to) {
    return Code(report("BASIC", "AUCTION_CAMPAIGN", dimensions, metrics, from, to));
  };
  const std::string by_day = R"(["campaign_id","stat_time_day"])";
  EXPECT_EQ(code(by_day, money, "2026-03-01", "2026-03-30"), 0);
  EXPECT_EQ(code(by_day, money, "2026-03-01", "2026-03-31"), 40002);
  EXPECT_EQ(code(R"(["campaign_id","stat_time_hour"])", money, "2026-03-01", "2026-03-02"), 40002);
  EXPECT_EQ(code(by_day, money, "2026-03-05", "2026-03-04"), 40002);
  EXPECT_EQ(code(by_day, money, "March", "2026-03-04"), 40002);
  EXPECT_EQ(code(by_day, R"(["fame"])", "2026-03-02", "2026-03-04"), 40002);
  EXPECT_EQ(code(R"(["ad_id"])", money, "2026-03-02", "2026-03-04"), 40002);
  EXPECT_EQ(code(R"(["campaign_id","age"])", money, "2026-03-02", "2026-03-04"), 40002);
  EXPECT_EQ(code("[]", money, "2026-03-02", "2026-03-04"), 40002);

  // A deleted campaign's spend is only there when it is asked for.
  Post("campaign/status/update/", R"({"advertiser_id":"7001","operation_status":"DELETE",)"
                                  R"("campaign_ids":[")" +
                                      campaign + "\"]}");
  const auto with_filter = [&](const std::string& filter) {
    return sum(Get("report/integrated/get/", {{"advertiser_id", "7001"},
                                              {"report_type", "BASIC"},
                                              {"data_level", "AUCTION_CAMPAIGN"},
                                              {"dimensions", R"(["campaign_id"])"},
                                              {"metrics", money},
                                              {"start_date", "2026-03-02"},
                                              {"end_date", "2026-03-04"},
                                              {"filtering", filter}}),
               "spend");
  };
  EXPECT_EQ(with_filter("[]"), 0);
  EXPECT_NEAR(with_filter(R"([{"field_name":"campaign_status","filter_type":"IN",)"
                          R"("filter_value":"[\"STATUS_ALL\"]"}])"),
              spend, 0.02);
}

TEST_F(TikTokServerTest, ABudgetCannotFallBelowWhatIsSpent) {
  const std::string group = Group(Campaign(), R"(,"budget":100,"budget_mode":"BUDGET_MODE_DAY")");
  Ad(group);
  clock_.AdvanceTo(start_ + 24h * 2 + 20h);
  const auto update = [&](const std::string& budget) {
    return Code(Post("adgroup/update/", R"({"advertiser_id":"7001","adgroup_id":")" + group +
                                            R"(","budget":)" + budget + "}"));
  };
  EXPECT_EQ(update("20"), 40002);
  EXPECT_EQ(update("300"), 0);
}

TEST_F(TikTokServerTest, ReportTasksAreDoneWhenAskedTwice) {
  const Json made =
      Post("report/task/create/",
           R"({"advertiser_id":"7001","report_type":"BASIC",)"
           R"("data_level":"AUCTION_CAMPAIGN","dimensions":["campaign_id"],)"
           R"("metrics":["spend"],"start_date":"2026-03-02","end_date":"2026-03-02"})");
  const std::string id = made.at("data").at("task_id").get<std::string>();
  const auto check = [&] {
    return Get("report/task/check/", {{"advertiser_id", "7001"}, {"task_id", id}})
        .at("data")
        .at("status")
        .get<std::string>();
  };
  const std::string download = "/open_api/v1.3/report/task/download/?advertiser_id=7001&task_id=";
  EXPECT_EQ(Code(Parse(Raw("GET", download + id, ""))), 40007);
  EXPECT_EQ(check(), "PROCESSING");
  EXPECT_EQ(check(), "SUCCESS");
  EXPECT_EQ(Raw("GET", download + id, "").body, "campaign_id,spend\n");
  EXPECT_EQ(Code(Parse(Raw("GET", download + "1", ""))), 40007);
}

TEST_F(TikTokServerTest, TheChangeLogTellsPeopleFromTheApi) {
  const std::string campaign = Campaign(R"(,"budget_mode":"BUDGET_MODE_DAY","budget":50)");
  clock_.AdvanceTo(start_ + 2h);
  ASSERT_TRUE(server_->HumanEdit(
      account_, Level::kCampaign, campaign,
      {{"daily_budget", Money::Micros(90'000'000, kEur)}, {"status", std::string(kPaused)}},
      "jo'e@example.com"));
  EXPECT_FALSE(server_->HumanEdit(account_, Level::kCampaign, campaign,
                                  {{"daily_budget", Money::Micros(1'000'000, kEur)}}, "x"));
  EXPECT_FALSE(server_->HumanEdit(account_, Level::kCampaign, "5", {}, "x"));
  const auto create = [&](const std::string& from, const std::string& to) {
    return Post("changelog/task/create/", R"({"advertiser_id":"7001","start_time":")" + from +
                                              R"(","end_time":")" + to + "\"}");
  };
  EXPECT_EQ(Code(create("2026-03-01 00:00:00", "2026-04-01 00:00:00")), 40002);
  EXPECT_EQ(Code(create("2026-03-01 00:00:00", "2026-03-01 00:00:00")), 40002);
  const std::string id = create("2026-03-01 00:00:00", "2026-03-31 00:00:00")
                             .at("data")
                             .at("task_id")
                             .get<std::string>();
  const auto ask = [&](const std::string& path) {
    return Get(path, {{"advertiser_id", "7001"}, {"task_id", id}});
  };
  EXPECT_EQ(Code(ask("changelog/task/download/")), 40201);
  ask("changelog/task/check/");
  EXPECT_EQ(ask("changelog/task/check/").at("data").at("status"), "SUCCESS");
  const Json file =
      ParseExactJson(ask("changelog/task/download/").at("data").at("changelog").get<std::string>())
          .value();
  const std::string text = file.at("file_data").get<std::string>();
  EXPECT_TRUE(text.starts_with("b'Budget changes,1\\r\\nBid changes,0\\r\\nStatus changes,1"))
      << text;
  EXPECT_NE(text.find("2026-03-02 02:00,Campaign," + campaign +
                      ",Budget,jo\\'e@example.com,TikTok Ads Manager,"),
            std::string::npos)
      << text;
}

TEST_F(TikTokServerTest, TooManyCallsASecondAreTurnedAway) {
  server_ = Start({{"qps_app", "3"}, {"qps_advertiser", "2"}});
  const auto call = [&](const char* id) {
    return Code(Get("campaign/get/", {{"advertiser_id", id}}));
  };
  EXPECT_EQ(call("7001"), 0);
  EXPECT_EQ(call("7001"), 0);
  EXPECT_EQ(call("7001"), 40133);
  EXPECT_EQ(call("7002"), 40100);
  clock_.AdvanceTo(start_ + 1s);
  EXPECT_EQ(call("7001"), 0);
}

TEST_F(TikTokServerTest, NonsenseIsRefusedAndNeverCrashes) {
  for (const char* body : {"", "null", "[]", "7", "{", R"({"advertiser_id":7001})",
                           R"({"advertiser_id":"7001","creatives":[7],"adgroup_id":"x"})",
                           R"({"advertiser_id":"7001","campaign_ids":{},"operation_status":[]})"}) {
    for (const char* path :
         {"campaign/create/", "campaign/update/", "campaign/status/update/", "adgroup/create/",
          "adgroup/update/", "adgroup/budget/update/", "ad/create/", "ad/update/",
          "file/image/ad/upload/", "report/task/create/", "changelog/task/create/",
          "oauth2/access_token/"}) {
      EXPECT_NE(Code(Post(path, body)), 0) << path << " " << body;
    }
  }
  EXPECT_EQ(Code(Get("pixel/list/", {{"advertiser_id", "7001"}})), 0);
  EXPECT_EQ(Code(Get("tool/region/", {{"advertiser_id", "7001"}})), 40002);
}

}  // namespace
}  // namespace maxopt::sim
