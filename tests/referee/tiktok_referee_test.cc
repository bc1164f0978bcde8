#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <regex>

#include "sim/tiktok/tiktok.h"
#include "tests/referee/referee.h"

namespace maxopt {
namespace {

constexpr const char* kPixel =
    "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01";  // as far as the server reads it
constexpr std::size_t kPixelSize = 24;
constexpr const char* kPixelMd5 = "f82762bae77d4afc051a2e3f39d2862b";

class World {
 public:
  World() {
    sim::ServerOptions options;
    options.accounts.push_back(
        {{{Platform::kTikTok, "7001"}, kEur, Zone::Find("Europe/Berlin").value()}, "Shop"});
    options.versions = {{"v1.3", std::nullopt}};
    options.secrets = {
        {"access_token", "TOKEN"}, {"app_id", "11"}, {"secret", "s"}, {"auth_code", "c"}};
    server = sim::MakeTikTokServer(*market, clock, options);
    sockets = http::Serve([this](const http::Request& r) { return server->Handle(r); }).value();
  }

  /// Posts and gives the member of the answer that is an id; the test fails when there is none.
  std::string Make(const std::string& path, const std::string& body, const std::string& member,
                   const std::string& type = "application/json") {
    const http::Response response =
        server->Handle({.method = "POST",
                        .url = "/open_api/v1.3/" + path,
                        .headers = {{"Content-Type", type}, {"Access-Token", "TOKEN"}},
                        .body = body});
    std::smatch found;
    if (!std::regex_search(response.body, found,
                           std::regex("\"" + member + R"re(":\[?"([^"]+)")re"))) {
      ADD_FAILURE() << path << ": " << response.body;
      return "";
    }
    return found[1];
  }

  VirtualClock clock{ParseInstant("2026-09-01T06:00:00Z").value()};
  std::unique_ptr<sim::Market> market =
      sim::Market::Make({.seed = 3,
                         .start = ParseInstant("2026-09-01T00:00:00Z").value(),
                         .currency = kEur,
                         .shop_zone = "Europe/Berlin",
                         .brand_terms = {},
                         .noise = 1.0});
  std::unique_ptr<sim::PlatformServer> server;
  std::unique_ptr<http::Server> sockets;
};

TEST(TikTokReferee, TheOfficialSdkFindsNothingWrong) {
  World world;
  // A campaign that delivers for nine days.
  const std::string campaign =
      world.Make("campaign/create/",
                 R"({"advertiser_id":"7001","campaign_name":"Seed","objective_type":"TRAFFIC"})",
                 "campaign_id");
  const std::string group = world.Make(
      "adgroup/create/",
      fmt::format(R"({{"advertiser_id":"7001","campaign_id":"{}","adgroup_name":"G","budget":200,)"
                  R"("budget_mode":"BUDGET_MODE_DAY","billing_event":"CPC","optimization_goal":)"
                  R"("CLICK","pacing":"PACING_MODE_SMOOTH","schedule_type":"SCHEDULE_FROM_NOW",)"
                  R"("schedule_start_time":"2026-09-01 00:00:00","location_ids":["2921044"]}})",
                  campaign),
      "adgroup_id");
  const auto [type, body] = http::EncodeMultipart(
      {{.name = "advertiser_id", .body = "7001"},
       {.name = "image_signature", .body = kPixelMd5},
       {.name = "image_file", .file_name = "p.png", .body = std::string(kPixel, kPixelSize)}});
  const std::string image = world.Make("file/image/ad/upload/", body, "image_id", type);
  world.Make("ad/create/",
             fmt::format(R"({{"advertiser_id":"7001","adgroup_id":"{}","creatives":[{{)"
                         R"("ad_name":"A","ad_format":"SINGLE_IMAGE","ad_text":"Fresh coffee",)"
                         R"("identity_type":"CUSTOMIZED_USER","identity_id":"66",)"
                         R"("display_name":"Shop","landing_page_url":"https://shop.example/",)"
                         R"("image_ids":["{}"]}}]}})",
                         group, image),
             "ad_ids");
  world.clock.AdvanceTo(ParseInstant("2026-09-10T06:00:00Z").value());

  const referee::Verdict verdict = referee::Run("tiktok.mjs", {world.sockets->origin()});
  std::fputs(verdict.output.c_str(), stdout);
  EXPECT_EQ(verdict.exit_code, 0) << verdict.output;
  EXPECT_TRUE(std::regex_search(verdict.output, std::regex("referee tiktok: [0-9]+ calls judged")));
}

}  // namespace
}  // namespace maxopt
