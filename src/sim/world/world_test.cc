#include "sim/world/world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "sim/world/picture.h"

namespace maxopt::sim {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

constexpr Platform kPlatforms[] = {Platform::kGoogleAds, Platform::kMeta, Platform::kTikTok};

WorldOptions OptionsOf(std::uint64_t seed) {
  WorldOptions options;
  options.seed = seed;
  options.first_day = *ParseDay("2025-03-01");
  return options;
}

std::unique_ptr<World> MakeWorld(std::uint64_t seed = 1) {
  auto world = World::Make(OptionsOf(seed));
  EXPECT_TRUE(world) << world.error().what;
  return *std::move(world);
}

std::map<Audience, double> SpendByAudience(World& world, Day from, Day to, Platform platform) {
  std::map<Audience, double> spend;
  for (const auto& day : world.market().Truth(from, to)) {
    if (day.platform == platform) {
      spend[day.audience] += static_cast<double>(day.spend_micros) / 1e6;
    }
  }
  return spend;
}

TEST(World, RefusesWhatItCannotBe) {
  WorldOptions options = OptionsOf(1);
  options.shop_zone = "Mars/Olympus";
  EXPECT_EQ(World::Make(options).error().code, Errc::kInvalidArgument);
  options = OptionsOf(1);
  options.accounts[Platform::kMeta].zone = "Nowhere";
  EXPECT_EQ(World::Make(options).error().code, Errc::kInvalidArgument);
  options = OptionsOf(1);
  options.accounts[Platform::kX] = {.id = "1"};
  EXPECT_EQ(World::Make(options).error().code, Errc::kInvalidArgument);
}

TEST(World, StartsAtMidnightOfItsFirstDay) {
  const auto world = MakeWorld();
  EXPECT_EQ(world->clock().Now(), *ParseInstant("2025-02-28T23:00:00Z"));
  world->AdvanceTo(*ParseInstant("2025-03-02T11:30:00Z"));
  EXPECT_EQ(world->clock().Now(), *ParseInstant("2025-03-02T11:30:00Z"));
  EXPECT_EQ(world->market().now(), *ParseInstant("2025-03-02T11:00:00Z"));
}

TEST(World, TenDaysOfHistory) {
  const auto world = MakeWorld();
  HistoryOptions options;
  options.days = 10;
  std::vector<Day> told;
  options.on_day = [&](Day day) { told.push_back(day); };
  const auto history = LiveThroughHistory(*world, options);
  ASSERT_TRUE(history) << history.error().what;
  ASSERT_EQ(history->campaigns.size(), 5u);
  EXPECT_EQ(history->first_day, *ParseDay("2025-03-01"));
  EXPECT_EQ(history->last_day, *ParseDay("2025-03-10"));
  EXPECT_EQ(world->clock().Now(), *ParseInstant("2025-03-10T23:00:00Z"));
  EXPECT_EQ(told.size(), 10u);
  EXPECT_EQ(told.front(), history->first_day);
  EXPECT_EQ(told.back(), history->last_day);

  // One campaign a channel, running, found by name at the platform, and it spent.
  std::set<std::string> ids;
  for (const auto& campaign : history->campaigns) {
    ids.insert(campaign.campaign_id);
    EXPECT_EQ(campaign.name, "Alpenglow | " + campaign.channel + " | always-on");
    int found = 0;
    for (const auto& object : world->server(campaign.account.platform).Objects(campaign.account)) {
      if (object.level == Level::kCampaign && object.id == campaign.campaign_id) {
        ++found;
        EXPECT_EQ(object.name, campaign.name);
      }
    }
    EXPECT_EQ(found, 1) << campaign.name;
    const auto rows =
        world->market().Report({campaign.account, history->first_day, history->last_day,
                                Breakdown::kNone, world->clock().Now()});
    std::int64_t spend = 0;
    std::set<std::string> ads;
    for (const auto& row : rows) {
      if (row.campaign_id != campaign.campaign_id) continue;
      spend += row.spend_micros;
      ads.insert(row.ad_id);
    }
    EXPECT_GT(spend, 4 * campaign.daily_budget.micros()) << campaign.name;
    EXPECT_LT(spend, 16 * campaign.daily_budget.micros()) << campaign.name;
    EXPECT_EQ(ads.size(), 2u) << campaign.name;
  }
  EXPECT_EQ(ids.size(), 5u);
  // The servers told the market whom the campaigns reach.
  const Day from = history->first_day;
  const Day to = history->last_day;
  EXPECT_EQ(SpendByAudience(*world, from, to, Platform::kGoogleAds).size(), 2u);
  EXPECT_GT(SpendByAudience(*world, from, to, Platform::kGoogleAds)[Audience::kSearchBrand], 0);
  EXPECT_GT(SpendByAudience(*world, from, to, Platform::kMeta)[Audience::kRetargeting], 0);
  EXPECT_GT(SpendByAudience(*world, from, to, Platform::kTikTok)[Audience::kProspecting], 0);
  EXPECT_EQ(world->market().Shop(from, to).size(), 10u);
}

TEST(World, SameSeedSameShop) {
  const auto shop = [](std::uint64_t seed) {
    const auto world = MakeWorld(seed);
    HistoryOptions options;
    options.days = 5;
    const auto history = LiveThroughHistory(*world, options);
    EXPECT_TRUE(history) << history.error().what;
    std::string text;
    for (const auto& day : world->market().Shop(history->first_day, history->last_day)) {
      text += fmt::format("{} {}\n", day.orders, day.revenue_micros);
    }
    return text;
  };
  EXPECT_EQ(shop(2), shop(2));
  EXPECT_NE(shop(2), shop(3));
}

TEST(World, FourMonthsMoveEveryChannelAndEndOnTheSplit) {
  const auto world = MakeWorld(4);
  HistoryOptions options;
  options.days = 120;
  const auto history = LiveThroughHistory(*world, options);
  ASSERT_TRUE(history) << history.error().what;
  EXPECT_GE(history->budget_changes, 15);
  EXPECT_GE(history->pauses, 5);
  // The last week holds the split, as far as the audience absorbs it.
  for (const auto& campaign : history->campaigns) {
    double spend = 0;
    for (const auto& row :
         world->market().Report({campaign.account, history->last_day - days(5), history->last_day,
                                 Breakdown::kNone, world->clock().Now()})) {
      if (row.campaign_id == campaign.campaign_id) {
        spend += static_cast<double>(row.spend_micros) / 1e6;
      }
    }
    const double split = static_cast<double>(campaign.daily_budget.micros()) / 1e6;
    EXPECT_NEAR(spend / 6, split, 0.15 * split) << campaign.name;
  }
}

TEST(World, FaultsStandBetweenTheWorldAndItsServers) {
  const auto world = MakeWorld();
  const auto transport = world->transport();
  const http::Request request{.url = world->origin(Platform::kMeta) + "/v26.0/act_880011223344"};
  EXPECT_TRUE(transport->Send(request, http::After(10s)));
  world->faults(Platform::kMeta).Add({.fault = Fault::kDropResponse});
  EXPECT_EQ(transport->Send(request, http::After(10s)).error().code, Errc::kUnknownOutcome);
  EXPECT_EQ(world->faults(Platform::kMeta).injected().size(), 1u);
}

TEST(World, OverSocketsEachPlatformHasItsPort) {
  const auto world = MakeWorld();
  ASSERT_TRUE(world->Listen({}));
  std::set<std::string> origins{world->control_origin()};
  const auto curl = http::MakeCurlTransport();
  for (const Platform platform : kPlatforms) {
    origins.insert(world->origin(platform));
    const auto response = curl->Send({.url = world->origin(platform) + "/"}, http::After(10s));
    ASSERT_TRUE(response) << response.error().what;
  }
  EXPECT_EQ(origins.size(), 4u);
  const auto advanced = curl->Send({.method = "POST",
                                    .url = world->control_origin() + "/clock/advance",
                                    .body = R"({"hours":30})"},
                                   http::After(60s));
  ASSERT_TRUE(advanced) << advanced.error().what;
  EXPECT_EQ(world->clock().Now(), *ParseInstant("2025-03-02T05:00:00Z"));
}

TEST(Picture, IsARealPng) {
  const std::string png = GreyPng(1080, 1080, 140);
  EXPECT_EQ(png.substr(0, 8), std::string("\x89PNG\r\n\x1a\n", 8));
  EXPECT_EQ(png.substr(12, 4), "IHDR");
  EXPECT_EQ(png.substr(png.size() - 8, 4), "IEND");
  EXPECT_LT(png.size(), 20'000u);
}

// What an optimiser may hope for: the best split of the history's own money against the split that
// the history had, by the curves, in the long run.
TEST(Oracle, GainOverTheHistoricalSplit) {
  std::vector<std::pair<Platform, Audience>> channels;
  double total = 0;
  for (const auto& channel : HistoricChannels()) {
    channels.emplace_back(channel.platform, channel.audience);
    total += channel.euros_a_day;
  }
  double sum = 0;
  constexpr int kSeeds = 40;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto market = Market::Make(
        {.seed = seed, .start = *ParseInstant("2025-01-01T00:00:00Z"), .brand_terms = {}});
    double historical = 0;
    for (const auto& channel : HistoricChannels()) {
      historical += market->SteadyRevenue(channel.platform, channel.audience, channel.euros_a_day);
    }
    const Split best = BestSplit(*market, channels, total);
    double spent = 0;
    double revenue = 0;
    std::string split;
    for (std::size_t i = 0; i < channels.size(); ++i) {
      spent += best.spend_per_day[i];
      revenue +=
          market->SteadyRevenue(channels[i].first, channels[i].second, best.spend_per_day[i]);
      split += fmt::format(" {:4.0f}", best.spend_per_day[i]);
    }
    EXPECT_NEAR(spent, total, 1e-6);
    EXPECT_NEAR(revenue, best.revenue_per_day, 1e-6);
    const double gain = best.revenue_per_day / historical - 1;
    if (seed <= 10) {
      fmt::print("seed {:2}: {:5.0f} -> {:5.0f} a day, gain {:4.1f} %, split{}\n", seed, historical,
                 best.revenue_per_day, 100 * gain, split);
    }
    EXPECT_GT(gain, 0.05) << seed;
    EXPECT_LT(gain, 0.65) << seed;
    sum += gain;
  }
  fmt::print("mean gain of {} seeds: {:.1f} %\n", kSeeds, 100 * sum / kSeeds);
  EXPECT_GT(sum / kSeeds, 0.15);
}

}  // namespace
}  // namespace maxopt::sim
