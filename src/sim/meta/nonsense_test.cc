#include <atomic>
#include <thread>

#include "sim/meta/fields.h"
#include "sim/meta/fixture.h"

namespace maxopt::sim::meta {
namespace {

/// Whatever a parameter is given, the answer is a JSON object with HTTP 200 or an error of Meta's.
TEST_F(MetaTest, AnyValueInAnyParameterIsAnswered) {
  const Tree tree = Running();
  const std::vector<Json> values = {nullptr,
                                    true,
                                    -1,
                                    0.5,
                                    18446744073709551615ull,
                                    "",
                                    "x",
                                    "\xef\xbb\xbf{",
                                    "[]",
                                    "{}",
                                    "[null]",
                                    Json::array(),
                                    Json::object(),
                                    Json::array({nullptr, 1, "x", Json::array({Json::object()})}),
                                    Json{{"id", Json::array()}, {"page_id", 1}, {"link_data", 7}},
                                    Json{{"geo_locations", Json::array({1})}},
                                    Json{{"geo_locations", {{"countries", {1, "DE"}}}}},
                                    Json{{"page_id", "9"}, {"link_data", {{"link", {1}}}}},
                                    Json{{"images", 1}, {"titles", "x"}, {"bodies", {1, "x"}}}};
  const std::vector<std::string> general = {"creative",       "execution_options",
                                            "bytes",          "fields",
                                            "filtering",      "effective_status",
                                            "limit",          "after",
                                            "before",         "time_range",
                                            "sort",           "level",
                                            "time_increment", "time_ranges",
                                            "batch",          "summary",
                                            "breakdowns",     "ids",
                                            "since",          "hashes",
                                            "method",         "action_attribution_windows",
                                            "access_token"};
  const Json creative = {{"name", "C"}, {"object_story_spec", StoryBody()}};
  const Json ad = {{"name", "A"}, {"adset_id", tree.adset}, {"creative", creative}};
  struct Edge {
    const char* method;
    const char* path;
    Json right;
    std::string_view kind;  ///< letter in the field table; empty: parameters of every call
  };
  const Edge edges[] = {{"POST", "act_42/campaigns", CampaignBody(), "c"},
                        {"POST", "act_42/adsets", AdSetBody(tree.campaign), "s"},
                        {"POST", "act_42/ads", ad, "a"},
                        {"POST", "act_42/adcreatives", creative, "r"},
                        {"POST", "act_42/ads", ad, ""},
                        {"POST", "act_42/adimages", Json::object(), ""},
                        {"POST", "act_42/insights", Json::object(), ""},
                        {"POST", "", Json::object(), ""},
                        {"GET", "act_42/ads", Json::object(), ""},
                        {"GET", "act_42/insights", Json::object(), ""},
                        {"GET", "act_42/activities", Json::object(), ""}};
  int answered = 0;
  for (const auto& [method, path, right, kind] : edges) {
    std::vector<std::string> names = kind.empty() ? general : std::vector<std::string>();
    for (const FieldRule& rule : FieldRules()) {
      if (!kind.empty() && rule.kinds.find(kind) != std::string_view::npos) {
        names.emplace_back(rule.name);
      }
    }
    for (const std::string& name : names) {
      for (const Json& value : values) {
        Json body = right;
        // Writes nothing, so that the account stays small and the test quick.
        body["execution_options"] = {"validate_only"};
        body[name] = value;
        const Answer answer = Post(path, body, method);
        ++answered;
        if (answer.status == 200) continue;
        ASSERT_TRUE(answer.body["error"]["message"].is_string()) << path << " " << body;
      }
    }
  }
  EXPECT_GT(answered, 4'000);
  EXPECT_EQ(Field(tree.adset, "daily_budget"), "5000");
}

/// Clients call while another platform's server drives the market on; for TSan and for dead-locks.
TEST_F(MetaTest, CallsAndTheMarketGoTogether) {
  const Tree tree = Running();
  std::atomic<int> good{0};
  const auto client = [&](int id) {
    for (int i = 0; i < 40; ++i) {
      const bool write = i % 4 == 0;
      http::Request request{
          .method = write ? "POST" : "GET",
          .url = "/v26.0/" + tree.adset + "?access_token=good&fields=name,budget_remaining"};
      if (write) {
        request.headers = {{"Content-Type", "application/json"}};
        request.body = fmt::format(R"({{"name":"client {} call {}"}})", id, i);
      }
      if (server_->Handle(request).status == 200) ++good;
    }
  };
  std::thread one(client, 1);
  std::thread two(client, 2);
  for (int hour = 0; hour < 48; ++hour) {
    clock_.AdvanceTo(clock_.Now() + std::chrono::hours(1));
    market_->AdvanceTo(clock_.Now());
  }
  one.join();
  two.join();
  EXPECT_EQ(good, 80);
  EXPECT_NE(Field("act_42", "amount_spent"), "0");
}

}  // namespace
}  // namespace maxopt::sim::meta
