// F1, F2: what is written is what the platform has, in every currency it bills in.
#include <fmt/format.h>

#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "connect/meta/graph.h"
#include "contract.h"

namespace maxopt::contract {
namespace {

using nlohmann::json;

/// Meta's currencies without decimals, written out a second time: a mistake in the program's own
/// table must not hide itself.
const std::set<std::string> kMetaWholeUnits = {"CLP", "COP", "CRC", "HUF", "IDR", "ISK",
                                               "JPY", "KRW", "PYG", "TWD", "VND"};

std::vector<Currency> CurrenciesOf(Platform platform) {
  std::vector<Currency> out;
  for (char a = 'A'; a <= 'Z'; ++a) {
    for (char b = 'A'; b <= 'Z'; ++b) {
      for (char c = 'A'; c <= 'Z'; ++c) {
        const auto found = FindCurrency(std::string{a, b, c});
        if (!found) continue;
        if (platform == Platform::kMeta && !MinorUnitDecimals(*found, MinorUnits::kMeta)) continue;
        out.push_back(*found);
      }
    }
  }
  return out;
}

/// The budget that the server itself tells over its wire, read without the connector, in micros.
/// The arithmetic is the test's own.
std::int64_t ServersBudget(ContractWorld& world, const std::string& id) {
  const auto send = [&](const http::Request& request) {
    const auto response = world.wire->Send(request, ContractWorld::Soon());
    EXPECT_TRUE(response && response->status == 200);
    return json::parse(response ? response->body : "{}");
  };
  const std::string& origin = world.platform.origin;
  switch (world.account.platform) {
    case Platform::kMeta: {
      const json body = send(
          {.method = "GET",
           .url = origin + "/v26.0/" + id + "?" +
                  http::EncodeForm({{"fields", "daily_budget"},
                                    {"access_token", "contract-token"},
                                    {"appsecret_proof",
                                     meta::AppSecretProof("contract-secret", "contract-token")}})});
      const std::int64_t minor = std::stoll(body.at("daily_budget").get<std::string>());
      const bool whole = kMetaWholeUnits.contains(std::string(world.currency.name()));
      return minor * (whole ? 1'000'000 : 10'000);
    }
    case Platform::kTikTok: {
      const json body =
          send({.method = "GET",
                .url = fmt::format(
                    "{}/open_api/v1.3/{}/get/?advertiser_id={}", origin,
                    world.platform.budget_level == Level::kCampaign ? "campaign" : "adgroup",
                    world.account.id),
                .headers = {{"Access-Token", "contract-token"}}});
      for (const json& object : body.at("data").at("list")) {
        if (object.value("campaign_id", "") != id && object.value("adgroup_id", "") != id) continue;
        // Up to a million with two decimals: a double has room for it, and cents are counted.
        return std::llround(object.at("budget").get<double>() * 100) * 10'000;
      }
      break;
    }
    default: {
      const json token =
          send({.method = "POST",
                .url = origin + "/token",
                .headers = {{"Content-Type", "application/x-www-form-urlencoded"}},
                .body = http::EncodeForm({{"grant_type", "refresh_token"},
                                          {"client_id", "contract-client"},
                                          {"client_secret", "contract-secret"},
                                          {"refresh_token", "1//contract-refresh"}})});
      const json body = send(
          {.method = "POST",
           .url = fmt::format("{}/v25/customers/{}/googleAds:search", origin, world.account.id),
           .headers = {{"Content-Type", "application/json"},
                       {"Authorization", "Bearer " + token.at("access_token").get<std::string>()}},
           .body = json{{"query",
                         "SELECT campaign_budget.amount_micros FROM campaign WHERE "
                         "campaign.id = " +
                             id}}
                       .dump()});
      const json& results = body.at("results");
      EXPECT_EQ(results.size(), 1u) << body;
      return std::stoll(results.at(0).at("campaignBudget").at("amountMicros").get<std::string>());
    }
  }
  ADD_FAILURE() << id << " is not on the server";
  return -1;
}

TEST_P(ConnectorContract, F1WhatIsWrittenIsWhatThePlatformHasInEveryCurrency) {
  const bool on_campaign = GetParam().budget_level == Level::kCampaign;
  int exact = 0;
  int refused = 0;
  const std::vector<Currency> currencies = CurrenciesOf(GetParam().account.platform);
  EXPECT_GE(currencies.size(), 50U);
  for (const Currency currency : currencies) {
    SCOPED_TRACE(currency.name());
    ContractWorld world(GetParam(), currency);
    int here = 0;
    int made = 0;
    // 1, 0.01, 99.99 and a million; ten million for currencies whose least budget is above one.
    for (const std::int64_t micros :
         {std::int64_t{1'000'000}, std::int64_t{10'000}, std::int64_t{99'990'000},
          std::int64_t{1'000'000'000'000}, std::int64_t{10'000'000'000'000}}) {
      const Money budget = Money::Micros(micros, currency);
      const std::string key = fmt::format("f1/{}", micros);
      Fields campaign = GetParam().campaign(currency);
      // Without a bid of its own: only the budget is at stake.
      Fields ad_group = GetParam().ad_group(currency);
      ad_group.erase("bid");
      if (ad_group.contains("bid_strategy")) ad_group["bid_strategy"] = std::string("lowest_cost");
      (on_campaign ? campaign : ad_group)["daily_budget"] = budget;
      auto applied = world.connector.writer->Apply(
          world.Create(Level::kCampaign, campaign, "", key), ContractWorld::Soon());
      if (applied && !on_campaign) {
        applied = world.connector.writer->Apply(
            world.Create(Level::kAdGroup, ad_group, applied->id, key + "/group"),
            ContractWorld::Soon());
      }
      if (!applied) {
        // Below the platform's least budget or no whole number of its smallest unit: said, and
        // nothing is there.
        EXPECT_EQ(applied.error().code, Errc::kInvalidArgument)
            << PrintMoney(budget) << ": " << applied.error().what;
        EXPECT_EQ(world.CountObjects(GetParam().budget_level), made) << PrintMoney(budget);
        ++refused;
        continue;
      }
      ++made;
      EXPECT_EQ(ServersBudget(world, applied->id), micros) << PrintMoney(budget);
      const auto live = world.FindOne(GetParam().budget_level, applied->id);
      ASSERT_TRUE(live);
      EXPECT_EQ(live->fields.at("daily_budget"), FieldValue(budget));
      ++here;
      ++exact;
    }
    // 99.99 and both millions are far above the least budget in dollars and euros.
    EXPECT_GE(here, currency == kEur || currency == kUsd ? 3 : 1) << "refused for no reason";
  }
  std::cout << currencies.size() << " currencies, " << exact << " budgets exact, " << refused
            << " refused\n";
}

TEST_P(ConnectorContract, F2ZeroDecimalCurrenciesHaveNoHundredths) {
  for (const char* code :
       {"JPY", "KRW", "TWD", "VND", "IDR", "HUF", "ISK", "CLP", "COP", "CRC", "PYG"}) {
    SCOPED_TRACE(code);
    const Currency currency = FindCurrency(code).value();
    ContractWorld world(GetParam(), currency);
    const bool on_campaign = GetParam().budget_level == Level::kCampaign;
    const auto apply = [&](Money budget, const std::string& key) -> Result<Applied> {
      Fields campaign = GetParam().campaign(currency);
      if (on_campaign) campaign["daily_budget"] = budget;
      auto made = world.connector.writer->Apply(world.Create(Level::kCampaign, campaign, "", key),
                                                ContractWorld::Soon());
      if (!made || on_campaign) return made;
      Fields ad_group = GetParam().ad_group(currency);
      ad_group.erase("bid");
      ad_group["bid_strategy"] = std::string("lowest_cost");
      ad_group["daily_budget"] = budget;
      return world.connector.writer->Apply(
          world.Create(Level::kAdGroup, ad_group, made->id, key + "/group"), ContractWorld::Soon());
    };
    // 5,000,000 stays 5,000,000 and does not become 500 million.
    const auto made = apply(Money::Micros(5'000'000'000'000, currency), "f2");
    ASSERT_TRUE(made) << made.error().what;
    EXPECT_EQ(ServersBudget(world, made->id), 5'000'000'000'000);
    // A part of the smallest unit there is: not sent.
    const int before = world.CountObjects(GetParam().budget_level);
    const auto odd = apply(Money::Micros(5'000'000'000'001, currency), "f2/odd");
    ASSERT_FALSE(odd);
    EXPECT_EQ(odd.error().code, Errc::kInvalidArgument);
    EXPECT_EQ(world.CountObjects(GetParam().budget_level), before);
  }
  EXPECT_FALSE(FindCurrency("JPN"));
}

}  // namespace
}  // namespace maxopt::contract
