#include <nlohmann/json.hpp>

#include "connect/meta/meta.h"
#include "contract.h"
#include "sim/meta/meta.h"

namespace maxopt::contract {
namespace {

using List = std::vector<std::string>;
std::string Word(const char* text) { return text; }

// A PNG's header of 1200 x 628 pixels and nothing behind it.
constexpr const char* kPicture = "iVBORw0KGgoAAAANSUhEUgAABLAAAAJ0CAI=";

PlatformUnderTest Meta() {
  PlatformUnderTest meta{};
  meta.name = "meta";
  meta.account = {Platform::kMeta, "880011223344"};
  meta.origin = "http://meta.sim";
  meta.server = [](sim::Market& market, Clock& clock, sim::ServedAccount account) {
    return sim::MakeMetaServer(
        market, clock,
        {.accounts = {std::move(account)},
         .versions = {{"v26.0", std::nullopt}},
         .secrets = {{"access_token", "contract-token"}, {"app_secret", "contract-secret"}}});
  };
  meta.connection = [](const AccountId& account, const std::string& origin) {
    Connection connection{};
    connection.account = account;
    connection.base_url = origin;
    connection.settings = {{"page_id", "99"}, {"pixel_id", "777"}};
    connection.secrets = {{"access_token", "contract-token"}, {"app_secret", "contract-secret"}};
    connection.calls_per_second = 1000;
    return connection;
  };
  meta.connect = MakeMetaConnector;
  meta.campaign = [](Currency) {
    return Fields{{"name", Word("Contract social")},
                  {"status", Word("paused")},
                  {"objective", Word("sales")},
                  {"channel_type", Word("social")},
                  {"bid_strategy", Word("lowest_cost")},
                  {"special_categories", List{}},
                  {"eu_political", false}};
  };
  meta.ad_group = [](Currency) {
    return Fields{{"name", Word("Core")},
                  {"status", Word("paused")},
                  {"optimization_goal", Word("conversions")},
                  {"billing_event", Word("impressions")},
                  {"conversion_event", Word("purchase")},
                  {"pixel_id", Word("777")},
                  {"start_at", Word("2026-09-01 15:00:00")},
                  {"end_at", Word("2026-12-31 23:59:59")},
                  {"countries", List{"DE", "AT"}},
                  {"languages", List{"en", "de"}},
                  {"age_min", std::int64_t{25}},
                  {"age_max", std::int64_t{54}},
                  {"genders", List{"female"}},
                  {"placements", List{"instagram", "facebook:feed"}}};
  };
  meta.asset = {{"name", Word("Picture")}, {"media", Word("image")}, {"content", Word(kPicture)}};
  meta.ad = [](const std::string& asset_id) {
    return Fields{{"name", Word("Ad one")},
                  {"status", Word("paused")},
                  {"headlines", List{"New shoes", "Fresh shoes"}},
                  {"descriptions", List{"Made to be mended."}},
                  {"landing_url", Word("https://shop.example/shoes")},
                  {"url_tags", Word("utm_source=facebook&utm_content={{ad.id}}")},
                  {"call_to_action", Word("shop_now")},
                  {"image", asset_id},
                  {"page_id", Word("99")}};
  };
  meta.budgets = {Money::Micros(200'000'000, kEur), Money::Micros(50'010'000, kEur),
                  Money::Micros(19'990'000, kEur), Money::Micros(12'345'670'000, kEur),
                  Money::Micros(5'001'000'000, kJpy)};
  meta.write_path = "/campaigns";
  meta.write_path_of = {{Level::kAdGroup, "/adsets"}, {Level::kAd, "/ads"}};
  meta.read_path = "act_";
  // The cursor leads back to the page it came from.
  meta.make_endless = [](http::Response& response) {
    auto body = nlohmann::json::parse(response.body, nullptr, false);
    if (!body.is_object() || !body.contains("data") || !body.contains("paging")) return;
    auto& paging = body["paging"];
    if (!paging["cursors"].contains("before")) return;
    paging["cursors"]["after"] = paging["cursors"]["before"];
    paging["next"] = "http://meta.sim/v26.0/act_880011223344/campaigns?after=again";
    response.body = body.dump();
  };
  return meta;
}

INSTANTIATE_TEST_SUITE_P(Meta, ConnectorContract, testing::Values(Meta()), NameOf);

}  // namespace
}  // namespace maxopt::contract
