#pragma once
// A campaign small enough to be set up hundreds of times, and the world that it is set up in.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "sim/world/world.h"

namespace maxopt {

/// Of the points of a kind each third is tried, each kind from another one on; all of them with
/// MAXOPT_EVERY_CRASH=1, which takes three times as long.
inline const int kStep = std::getenv("MAXOPT_EVERY_CRASH") ? 1 : 3;

/// One campaign with one ad group and one ad on one platform, as a team would write it: file name
/// -> content.
inline std::map<std::string, std::string> Documents(Platform platform, const std::string& account) {
  std::string channel_type = "social";
  std::string group = "optimization_goal: clicks, billing_event: impressions";
  std::string ad = "headlines: [One], descriptions: [First text], page_id: \"110022003300\"";
  std::string buy;
  switch (platform) {
    case Platform::kGoogleAds:
      channel_type = "search";
      group = "bid: 1.00, keywords: [\"phrase:trail shoes\"]";
      ad = "headlines: [One, Two, Three], descriptions: [First text, Second text]";
      break;
    case Platform::kMeta:
      buy = "bid_strategy: lowest_cost, ";
      break;
    default:
      group = "optimization_goal: clicks, billing_event: clicks";
      ad = "descriptions: [First text], page_id: \"7000000000009\"";
  }
  const bool picture = platform != Platform::kGoogleAds;
  return {
      {"brief.yaml",
       "maxopt: brief/1\nclient: Alpenglow\ncampaign: Spring\ncurrency: EUR\nobjective: traffic\n"
       "start: 2026-03-10\nend: 2026-03-19\ntotal_budget: 1000.00\neu_political: false\n"
       "special_categories: []\naudience: {countries: [DE]}\n"
       "landing_url: https://alpenglow.example/\n"},
      {"media_plan.yaml",
       fmt::format("maxopt: media_plan/1\npackages:\n  - {{name: core, platform: {}, account: "
                   "\"{}\", channel_type: {}, daily_budget: 100.00, budget_owner: campaign, "
                   "budget_allocation: optimised}}\n",
                   PlatformName(platform), account, channel_type)},
      {"creatives.yaml",
       fmt::format("maxopt: creatives/1\n{}ads:\n  - {{name: V1, packages: [core], {}{}}}\n",
                   picture ? "assets:\n  - {name: picture, file: picture.png}\n" : "", ad,
                   picture ? ", image: picture" : "")},
      {"buys.yaml",
       fmt::format("maxopt: buys/1\nbuys:\n  - {{package: core, {}ad_groups: [{{name: Core, {}, "
                   "ads: [V1]}}]}}\n",
                   buy, group)}};
}

inline constexpr const char* kPolicy =
    "maxopt: policy/1\nclient: Alpenglow\ncurrency: EUR\nworst_day_cap: 1000.00\n";

inline std::unique_ptr<sim::World> MakeWorld() {
  sim::WorldOptions options;
  options.first_day = *ParseDay("2026-03-01");
  auto world = sim::World::Make(options);
  EXPECT_TRUE(world) << world.error().what;
  const auto listening = (*world)->Listen({});
  EXPECT_TRUE(listening) << listening.error().what;
  return std::move(*world);
}

inline void WriteFile(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace maxopt
