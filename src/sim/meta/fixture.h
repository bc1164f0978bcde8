#pragma once
// For this folder's tests: a server over a quiet market, and calls as a client types them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sim/meta/graph.h"
#include "sim/meta/meta.h"

namespace maxopt::sim::meta {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// A PNG header of the size; no pixels, which nobody reads.
inline std::string Png(int width, int height, const std::string& tail = "") {
  std::string bytes("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
  for (const int side : {width, height}) {
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>((side >> shift) & 0xff);
  }
  return bytes + "\x08\x02" + tail;
}

struct Answer {
  int status;
  Json body;
  http::Headers headers;
  int code() const { return body.contains("error") ? body["error"]["code"].get<int>() : 0; }
  int subcode() const {
    return body.contains("error") ? body["error"].value("error_subcode", 0) : 0;
  }
  std::string message() const {
    return body.contains("error") ? body["error"]["message"].get<std::string>() : "";
  }
  std::string id() const { return body.value("id", ""); }
};

class MetaTest : public ::testing::Test {
 protected:
  static Instant At(const char* text) { return ParseInstant(text).value(); }

  MetaTest() { Start({}); }

  void Start(MetaLimits limits, Currency currency = kEur,
             std::map<std::string, std::string> more = {}) {
    server_.reset();
    market_ = Market::Make({.seed = 7,
                            .start = At("2026-09-01T00:00:00Z"),
                            .currency = kEur,
                            .shop_zone = "Europe/Berlin",
                            .brand_terms = {},
                            .noise = 0.0});
    ServerOptions options;
    options.accounts.push_back(
        {{{Platform::kMeta, "42"}, currency, Zone::Find("Europe/Berlin").value()}, "Shop"});
    options.versions = {{"v26.0", std::nullopt},
                        {"v23.0", std::nullopt},
                        {"v19.0", At("2026-05-21T00:00:00Z")},
                        {"v21.0", At("2027-01-21T00:00:00Z")}};
    options.secrets = {{"access_token", "good"}, {"expired_token", "old"}};
    options.secrets.merge(more);
    server_ = MakeMetaServer(*market_, clock_, options, limits);
  }

  Answer Send(http::Request request) {
    request.headers.emplace_back("Host", "graph.sim");
    const http::Response response = server_->Handle(request);
    std::optional<Json> body = ParseJson(response.body);
    if (!body) ADD_FAILURE() << "no JSON: " << response.body;
    return {response.status, body.value_or(Json()), response.headers};
  }
  Answer Get(const std::string& path, Pairs query = {}) {
    query.emplace_back("access_token", "good");
    return Send({.method = "GET", .url = "/v26.0/" + path + "?" + http::EncodeForm(query)});
  }
  Answer Url(const std::string& absolute) {
    const std::string origin = "http://graph.sim";
    EXPECT_TRUE(absolute.starts_with(origin)) << absolute;
    return Send({.method = "GET", .url = absolute.substr(origin.size())});
  }
  Answer Post(const std::string& path, const Json& body, const std::string& method = "POST") {
    return Send(
        {.method = method,
         .url = "/v26.0/" + path,
         .headers = {{"Content-Type", "application/json"}, {"Authorization", "Bearer good"}},
         .body = body.dump()});
  }
  Answer Delete(const std::string& path) { return Post(path, Json::object(), "DELETE"); }

  static Json CampaignBody() {
    return {{"name", "Spring"},
            {"objective", "OUTCOME_SALES"},
            {"status", "PAUSED"},
            {"special_ad_categories", Json::array()},
            {"is_adset_budget_sharing_enabled", false}};
  }
  static Json AdSetBody(const std::string& campaign) {
    return {{"name", "Women"},
            {"campaign_id", campaign},
            {"status", "PAUSED"},
            {"billing_event", "IMPRESSIONS"},
            {"optimization_goal", "OFFSITE_CONVERSIONS"},
            {"promoted_object", {{"pixel_id", "77"}, {"custom_event_type", "PURCHASE"}}},
            {"daily_budget", 5000},
            {"targeting", {{"geo_locations", {{"countries", {"DE", "AT"}}}}}}};
  }
  Json StoryBody(const std::string& message = "New shoes") {
    if (hash_.empty()) {
      const Answer image = Post("act_42/adimages", {{"bytes", Base64(Png(1200, 628))}});
      hash_ = image.body["images"]["bytes"]["hash"].get<std::string>();
    }
    return {{"page_id", "9"},
            {"link_data",
             {{"link", "https://shop.example/shoes"},
              {"message", message},
              {"name", "Shoes"},
              {"image_hash", hash_},
              {"call_to_action",
               {{"type", "SHOP_NOW"}, {"value", {{"link", "https://shop.example/shoes"}}}}}}}};
  }
  std::string Campaign(const Json& over = Json::object()) {
    Json body = CampaignBody();
    body.update(over);
    const Answer answer = Post("act_42/campaigns", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.id();
  }
  std::string AdSet(const std::string& campaign, const Json& over = Json::object()) {
    Json body = AdSetBody(campaign);
    body.update(over);
    const Answer answer = Post("act_42/adsets", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.id();
  }
  std::string Ad(const std::string& adset, const std::string& message = "New shoes",
                 const std::string& status = "PAUSED") {
    const Answer answer =
        Post("act_42/ads", {{"name", "Ad"},
                            {"adset_id", adset},
                            {"status", status},
                            {"creative", {{"object_story_spec", StoryBody(message)}}}});
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.id();
  }
  /// One campaign, ad set and ad, all active.
  struct Tree {
    std::string campaign, adset, ad;
  };
  Tree Running(const Json& adset_over = Json::object()) {
    Tree tree;
    tree.campaign = Campaign({{"status", "ACTIVE"}});
    Json over = adset_over;
    over["status"] = "ACTIVE";
    tree.adset = AdSet(tree.campaign, over);
    tree.ad = Ad(tree.adset, "New shoes", "ACTIVE");
    return tree;
  }
  std::string Field(const std::string& id, const std::string& name) {
    const Answer answer = Get(id, {{"fields", name}});
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.body.contains(name) ? ScalarText(answer.body[name]) : "";
  }

  VirtualClock clock_{At("2026-09-01T08:00:00Z")};  // 10:00 in Berlin
  std::unique_ptr<Market> market_;
  std::unique_ptr<PlatformServer> server_;
  std::string hash_;
};

}  // namespace maxopt::sim::meta
