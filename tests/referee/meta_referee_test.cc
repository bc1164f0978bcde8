#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <regex>

#include "sim/meta/meta.h"
#include "tests/referee/referee.h"

namespace maxopt {
namespace {

/// A server with account 42, the tokens and versions that meta.cjs expects.
struct World {
  explicit World(sim::MetaLimits limits) {
    market = sim::Market::Make({.seed = 3,
                                .start = ParseInstant("2026-09-01T00:00:00Z").value(),
                                .currency = kEur,
                                .shop_zone = "Europe/Berlin",
                                .brand_terms = {},
                                .noise = 1.0});
    sim::ServerOptions options;
    options.accounts.push_back(
        {{{Platform::kMeta, "42"}, kEur, Zone::Find("Europe/Berlin").value()}, "Shop"});
    options.versions = {{"v26.0", std::nullopt},
                        {"v19.0", ParseInstant("2026-05-21T00:00:00Z").value()}};
    options.secrets = {{"access_token", "TOKEN"}, {"expired_token", "EXPIRED"}};
    server = sim::MakeMetaServer(*market, clock, options, limits);
    sockets = http::Serve([this](const http::Request& r) -> http::Response {
                if (r.url == "/advance") {
                  clock.AdvanceTo(clock.Now() + std::chrono::seconds(10));
                  return {};
                }
                return server->Handle(r);
              }).value();
  }

  /// What the call answers as "id" or "hash"; the test fails when it does not.
  std::string Make(const std::string& edge, const std::string& body) {
    const http::Response response =
        server->Handle({.method = "POST",
                        .url = "/v26.0/act_42/" + edge + "?access_token=TOKEN",
                        .headers = {{"Content-Type", "application/json"}},
                        .body = body});
    std::smatch found;
    if (!std::regex_search(response.body, found,
                           std::regex(R"re("(?:id|hash)":"([0-9a-f]+)")re"))) {
      ADD_FAILURE() << edge << ": " << response.body;
      return "";
    }
    return found[1];
  }

  VirtualClock clock{ParseInstant("2026-09-01T06:00:00Z").value()};
  std::unique_ptr<sim::Market> market;
  std::unique_ptr<sim::PlatformServer> server;
  std::unique_ptr<http::Server> sockets;
};

TEST(MetaReferee, TheOfficialSdkFindsNothingWrong) {
  World world({});
  World tight({.management_calls_per_hour = 3, .management_calls_per_active_ad = 0});
  // Seven campaigns for the pages, of which one delivers for nine days.
  std::string campaign;
  for (int i = 1; i <= 7; ++i) {
    campaign =
        world.Make("campaigns", fmt::format(R"({{"name":"Seed {}","objective":"OUTCOME_SALES",)"
                                            R"("special_ad_categories":[],"status":"ACTIVE",)"
                                            R"("is_adset_budget_sharing_enabled":false}})",
                                            i));
  }
  const std::string adset = world.Make(
      "adsets", fmt::format(R"({{"name":"A","campaign_id":"{}","status":"ACTIVE",)"
                            R"("daily_budget":20000,"billing_event":"IMPRESSIONS",)"
                            R"("optimization_goal":"OFFSITE_CONVERSIONS","promoted_object":)"
                            R"({{"pixel_id":"77","custom_event_type":"PURCHASE"}},"targeting":)"
                            R"({{"geo_locations":{{"countries":["DE","AT"]}}}}}})",
                            campaign));
  const std::string creative = R"("creative":{"name":"C","object_story_spec":{"page_id":"9",)"
                               R"("link_data":{"link":"https://shop.example/","message":"Hi"}}})";
  world.Make("ads", fmt::format(R"({{"name":"Ad","adset_id":"{}","status":"ACTIVE",{}}})", adset,
                                creative));
  world.clock.AdvanceTo(ParseInstant("2026-09-10T06:00:00Z").value());

  const referee::Verdict verdict =
      referee::Run("meta.cjs", {world.sockets->origin(), tight.sockets->origin()});
  std::fputs(verdict.output.c_str(), stdout);
  EXPECT_EQ(verdict.exit_code, 0) << verdict.output;
  EXPECT_TRUE(std::regex_search(verdict.output, std::regex("referee meta: [0-9]+ calls judged")));
}

}  // namespace
}  // namespace maxopt
