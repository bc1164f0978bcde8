#include <nlohmann/json.hpp>

#include "connect/google_ads/google_ads.h"
#include "contract.h"
#include "sim/google_ads/google_ads.h"

namespace maxopt::contract {
namespace {

using List = std::vector<std::string>;
std::string Word(const char* text) { return text; }

// A PNG of one grey pixel.
constexpr const char* kPixel =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";

PlatformUnderTest GoogleAds() {
  PlatformUnderTest google{};
  google.name = "google_ads";
  google.account = {Platform::kGoogleAds, "1234567890"};
  google.origin = "http://google.sim";
  google.server = [](sim::Market& market, Clock& clock, sim::ServedAccount account) {
    return sim::MakeGoogleAdsServer(market, clock,
                                    {.accounts = {std::move(account)},
                                     .versions = {{"v25", std::nullopt}},
                                     .secrets = {{"client_id", "contract-client"},
                                                 {"client_secret", "contract-secret"},
                                                 {"refresh_token", "1//contract-refresh"}}});
  };
  google.connection = [](const AccountId& account, const std::string& origin) {
    Connection connection{};
    connection.account = account;
    connection.base_url = origin;
    connection.token_url = origin + "/token";
    connection.secrets = {{"client_id", "contract-client"},
                          {"client_secret", "contract-secret"},
                          {"refresh_token", "1//contract-refresh"}};
    connection.calls_per_second = 1000;
    return connection;
  };
  google.connect = MakeGoogleAdsConnector;
  google.campaign = [](Currency) {
    return Fields{{"name", Word("Contract search")},
                  {"status", Word("paused")},
                  {"channel_type", Word("search")},
                  {"bid_strategy", Word("manual_cpc")},
                  {"eu_political", false},
                  {"start_at", Word("2026-09-01 00:00:00")},
                  {"end_at", Word("2026-12-31 23:59:59")},
                  {"countries", List{"DE", "AT"}},
                  {"languages", List{"en", "de"}}};
  };
  google.ad_group = [](Currency currency) {
    return Fields{{"name", Word("Core")},
                  {"status", Word("paused")},
                  {"bid", Money::Micros(currency == kJpy ? 150'000'000 : 1'230'000, currency)},
                  {"keywords", List{"phrase:running shoes", "exact:trail shoes"}}};
  };
  google.asset = {{"name", Word("Pixel")}, {"media", Word("image")}, {"content", Word(kPixel)}};
  google.ad = [](const std::string& asset_id) {
    return Fields{{"name", Word("Ad one")},
                  {"status", Word("paused")},
                  {"headlines", List{"Running shoes", "Trail shoes", "Free returns"}},
                  {"descriptions", List{"Made to be mended.", "Order today."}},
                  {"landing_url", Word("https://shop.example/shoes")},
                  {"url_tags", Word("utm_source=google&utm_content={creative}")},
                  {"image", asset_id}};
  };
  google.budgets = {Money::Micros(50'000'000, kEur), Money::Micros(19'990'000, kEur),
                    Money::Micros(1'010'000, kEur), Money::Micros(12'345'670'000, kEur),
                    Money::Micros(5'000'000'000, kJpy)};
  google.write_path = ":mutate";
  google.read_path = "googleAds:search";
  google.refreshes_tokens = true;
  google.make_endless = [](http::Response& response) {
    auto body = nlohmann::json::parse(response.body, nullptr, false);
    if (!body.is_object()) return;
    body["nextPageToken"] = "again";
    response.body = body.dump();
  };
  return google;
}

INSTANTIATE_TEST_SUITE_P(GoogleAds, ConnectorContract, testing::Values(GoogleAds()), NameOf);

}  // namespace
}  // namespace maxopt::contract
