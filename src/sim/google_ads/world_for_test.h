#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/google_ads/google_ads.h"

namespace maxopt::sim::google_ads {

/// One account (EUR, Berlin) of a market without noise, on 1 September 2026, noon UTC; speaks to
/// the server as a client would.
class World {
 public:
  World()
      : clock_(*ParseInstant("2026-09-01T12:00:00Z")),
        market_(Market::Make({.seed = 7,
                              .start = *ParseInstant("2026-09-01T00:00:00Z"),
                              .brand_terms = {"acme"},
                              .noise = 0})),
        server_(MakeGoogleAdsServer(
            *market_, clock_,
            {.accounts =
                 {{{{Platform::kGoogleAds, "1234567890"}, kEur, *Zone::Find("Europe/Berlin")},
                   "Acme"}},
             .versions = {{"v25", std::nullopt}, {"v21", *ParseInstant("2026-08-05T00:00:00Z")}},
             .secrets = {{"client_id", "id"},
                         {"client_secret", "secret"},
                         {"refresh_token", "refresh"},
                         {"manager_id", "9000000001"}}})) {
    token_ = Json(Send("POST", "/token",
                       "grant_type=refresh_token&refresh_token=refresh&client_id=id&client_secret="
                       "secret"))["access_token"];
  }

  http::Response Send(const std::string& method, const std::string& url, const std::string& body,
                      http::Headers headers = {}) {
    if (!token_.empty() && !http::FindHeader(headers, "authorization")) {
      headers.emplace_back("Authorization", "Bearer " + token_);
    }
    return server_->Handle({.method = method, .url = url, .headers = headers, .body = body});
  }
  static nlohmann::json Json(const http::Response& response) {
    return nlohmann::json::parse(response.body);
  }
  /// POST below customers/1234567890; the answer whatever its status.
  nlohmann::json Post(const std::string& method, const nlohmann::json& body) {
    return Json(Send("POST", "/v25/customers/1234567890/" + method, body.dump()));
  }
  /// Rows of a query; a test failure when it is refused.
  nlohmann::json Rows(const std::string& query) {
    const nlohmann::json answer = Post("googleAds:search", {{"query", query}});
    EXPECT_FALSE(answer.contains("error")) << query << "\n" << answer.dump(1);
    return answer.value("results", nlohmann::json::array());
  }
  /// "queryError/UNRECOGNIZED_FIELD" of the first error of an answer; "" when it has none.
  static std::string CodeOf(const nlohmann::json& answer) {
    const nlohmann::json* details = nullptr;
    if (answer.contains("error")) {
      if (!answer["error"].contains("details")) return answer["error"]["status"];
      details = &answer["error"]["details"][0];
    } else if (answer.contains("partialFailureError")) {
      details = &answer["partialFailureError"]["details"][0];
    } else {
      return "";
    }
    if (!details->contains("errors")) return answer["error"]["status"];
    const auto& code = (*details)["errors"][0]["errorCode"];
    return code.begin().key() + "/" + code.begin().value().get<std::string>();
  }
  std::string QueryCode(const std::string& query) {
    return CodeOf(Post("googleAds:search", {{"query", query}}));
  }

  /// "customers/1234567890/" + rest
  static std::string Name(const std::string& rest) { return "customers/1234567890/" + rest; }
  static nlohmann::json Budget(const std::string& name, const std::string& micros) {
    return {{"name", name}, {"amountMicros", micros}, {"explicitlyShared", false}};
  }
  static nlohmann::json Campaign(const std::string& name, const std::string& budget) {
    return {{"name", name},
            {"status", "PAUSED"},
            {"advertisingChannelType", "SEARCH"},
            {"campaignBudget", budget},
            {"manualCpc", nlohmann::json::object()},
            {"containsEuPoliticalAdvertising", "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING"}};
  }
  static nlohmann::json SearchAd(const std::string& group) {
    return {
        {"adGroup", group},
        {"status", "ENABLED"},
        {"ad",
         {{"finalUrls", {"https://acme.example/shoes"}},
          {"responsiveSearchAd",
           {{"headlines", {{{"text", "Shoes"}}, {{"text", "New shoes"}}, {{"text", "Buy now"}}}},
            {"descriptions", {{{"text", "Good shoes"}}, {{"text", "Free returns"}}}}}}}}};
  }
  /// A whole search campaign in one call; ids by "campaign", "budget", "group", "ad", "keyword".
  std::map<std::string, std::string> Launch(const std::string& name, const std::string& status,
                                            const std::string& keyword = "running shoes") {
    nlohmann::json campaign = Campaign(name, Name("campaignBudgets/-1"));
    campaign["resourceName"] = Name("campaigns/-2");
    campaign["status"] = status;
    nlohmann::json budget = Budget(name + " budget", "50000000");
    budget["resourceName"] = Name("campaignBudgets/-1");
    const nlohmann::json group = {{"resourceName", Name("adGroups/-3")},
                                  {"campaign", Name("campaigns/-2")},
                                  {"name", "core"},
                                  {"status", "ENABLED"},
                                  {"cpcBidMicros", "1000000"}};
    const nlohmann::json criterion = {{"adGroup", Name("adGroups/-3")},
                                      {"status", "ENABLED"},
                                      {"keyword", {{"text", keyword}, {"matchType", "PHRASE"}}}};
    const nlohmann::json place = {{"campaign", Name("campaigns/-2")},
                                  {"location", {{"geoTargetConstant", "geoTargetConstants/2276"}}}};
    const nlohmann::json answer =
        Post("googleAds:mutate",
             {{"mutateOperations",
               {{{"campaignBudgetOperation", {{"create", budget}}}},
                {{"campaignOperation", {{"create", campaign}}}},
                {{"campaignCriterionOperation", {{"create", place}}}},
                {{"adGroupOperation", {{"create", group}}}},
                {{"adGroupAdOperation", {{"create", SearchAd(Name("adGroups/-3"))}}}},
                {{"adGroupCriterionOperation", {{"create", criterion}}}}}}});
    EXPECT_FALSE(answer.contains("error")) << answer.dump(1);
    std::map<std::string, std::string> ids;
    if (answer.contains("error")) return ids;
    const auto& results = answer["mutateOperationResponses"];
    const auto last = [](const std::string& text) { return text.substr(text.rfind('/') + 1); };
    ids["budget"] = last(results[0]["campaignBudgetResult"]["resourceName"]);
    ids["campaign"] = last(results[1]["campaignResult"]["resourceName"]);
    ids["group"] = last(results[3]["adGroupResult"]["resourceName"]);
    ids["ad"] = last(results[4]["adGroupAdResult"]["resourceName"]);
    ids["keyword"] = last(results[5]["adGroupCriterionResult"]["resourceName"]);
    return ids;
  }
  void To(const std::string& instant) {
    clock_.AdvanceTo(*ParseInstant(instant));
    token_.clear();
    token_ = Json(Send("POST", "/oauth2/v3/token",
                       "grant_type=refresh_token&refresh_token=refresh&client_id=id&client_secret="
                       "secret"))["access_token"];
  }

  VirtualClock clock_;
  std::unique_ptr<Market> market_;
  std::unique_ptr<PlatformServer> server_;
  std::string token_;
};

}  // namespace maxopt::sim::google_ads
