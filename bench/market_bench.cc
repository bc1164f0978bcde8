// Simulated account-hours per second of the market, by size of the accounts. The reference of the
// same run is the first line: accounts in which nothing can deliver, the cost of an hour as such.
// Ad-hours tell how the cost grows with what the accounts hold.
//
//   market_bench [--days N]
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/market/market.h"

namespace maxopt::sim {
namespace {

struct Source final : DeliverySource {
  std::vector<BudgetUnit> units;
  std::vector<BudgetUnit> Deliverable(Instant) override { return units; }
};

struct Size {
  int accounts;
  int campaigns;  ///< of an account
  int ads;        ///< of a campaign
};

int Main(int argc, char** argv) {
  int days = 60;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    const std::string_view value = argv[i + 1];
    if (flag != "--days") {
      fmt::print(stderr, "market_bench: unknown {}; known is --days\n", flag);
      return 1;
    }
    std::from_chars(value.begin(), value.end(), days);
  }
  constexpr Platform kPlatforms[] = {Platform::kGoogleAds, Platform::kMeta, Platform::kTikTok};
  constexpr Audience kAudiences[] = {Audience::kSearchBrand, Audience::kSearchGeneric,
                                     Audience::kProspecting, Audience::kRetargeting,
                                     Audience::kVideo};
  const Zone zone = *Zone::Find("Europe/Berlin");
  const Instant start = *ParseInstant("2026-01-01T00:00:00Z");

  fmt::print("{} days\n\n", days);
  fmt::print(
      "| accounts | campaigns each | ads each | account-hours per second | ad-hours per second | "
      "report rows | report rows read per second |\n|---:|---:|---:|---:|---:|---:|---:|\n");
  for (const Size size : {Size{3, 0, 0}, Size{3, 5, 3}, Size{3, 50, 3}, Size{30, 5, 3}}) {
    const auto market = Market::Make({.seed = 1, .start = start, .brand_terms = {}});
    std::vector<std::unique_ptr<Source>> sources;
    std::vector<AccountId> accounts;
    for (int a = 0; a < size.accounts; ++a) {
      auto source = std::make_unique<Source>();
      for (int c = 0; c < size.campaigns; ++c) {
        BudgetUnit unit;
        unit.campaign_id = fmt::format("{}{:03}", a + 1, c);
        unit.daily_budget = Money::Micros(50'000'000, kEur);
        unit.audience = kAudiences[static_cast<std::size_t>(c) % std::size(kAudiences)];
        unit.countries = {"DE", "AT"};
        for (int d = 0; d < size.ads; ++d) {
          unit.ads.push_back({fmt::format("{}{}", unit.campaign_id, d), unit.campaign_id + "9",
                              fmt::format("creative {} {}", c, d)});
        }
        source->units.push_back(std::move(unit));
      }
      accounts.push_back({kPlatforms[a % 3], std::to_string(1'000 + a)});
      market->Register({accounts.back(), kEur, zone}, source.get());
      sources.push_back(std::move(source));
    }
    const auto seconds_of = [](auto&& work) {
      const auto begin = std::chrono::steady_clock::now();
      work();
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    const Instant end = start + std::chrono::days(days);
    const double simulated_s = seconds_of([&] { market->AdvanceTo(end); });
    const double rate = size.accounts * days * 24.0 / simulated_s;
    std::size_t rows = 0;
    const double read_s = seconds_of([&] {
      for (const AccountId& account : accounts) {
        rows += market->Report({account, zone.DayOf(start), zone.DayOf(end), Breakdown::kNone, end})
                    .size();
      }
    });
    fmt::print(
        "| {} | {} | {} | {:.0f} | {:.0f} | {} | {} |\n", size.accounts, size.campaigns, size.ads,
        rate, rate * size.campaigns * size.ads, rows,
        rows == 0 ? std::string("-") : fmt::format("{:.0f}", static_cast<double>(rows) / read_s));
    std::fflush(stdout);
    for (const AccountId& account : accounts) market->Unregister(account);
  }
  return 0;
}

}  // namespace
}  // namespace maxopt::sim

int main(int argc, char** argv) { return maxopt::sim::Main(argc, argv); }
