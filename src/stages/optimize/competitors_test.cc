#include "stages/optimize/competitors.h"

#include <gtest/gtest.h>

#include "memory/campaigns/competitors_for_test.h"

namespace maxopt {
namespace {

using std::chrono::days;

TEST(CompetitorNotes, SayWhatWasSaidAndWhatWasMeasuredThere) {
  const auto store = *CampaignStore::Open(":memory:");
  const auto facts = *FactStore::Open(":memory:");
  const Instant now = *ParseInstant("2026-11-19T11:00:00Z");
  const Day today = *ParseDay("2026-11-19");
  const AccountId meta{Platform::kMeta, "42"};
  ASSERT_TRUE(store->SaveClient({"Alpenglow", kEur, "Europe/Berlin"}));
  ASSERT_TRUE(
      store->SaveAccount({"Alpenglow", {meta, "Alpenglow", kEur, "Europe/Berlin", "active"}}));
  const auto notes = [&] { return *CompetitorNotes(*store, *facts, "Alpenglow", now); };
  EXPECT_TRUE(notes().empty());
  const auto sent = [&](const std::string& id, const std::string& platform,
                        const std::string& observed) {
    SendCompetitorMove(*store, id, now - days(1), observed,
                       {{"competitor", "Ridgeline"},
                        {"confidence", "medium"},
                        {"source", "auction insights"},
                        {"what", "auction"},
                        {"direction", "up"},
                        {"platform", platform}});
  };
  sent("ci-1", "meta", "2026-11-15");
  EXPECT_NE(notes().at(0).find("cpm not known, impression share not known"), std::string::npos)
      << notes().at(0);
  sent("ci-2", "google_ads", "2026-11-15");
  sent("ci-3", "meta", "2026-10-01");
  // 100 a day for 20,000 impressions, then for 16,000: cpm 5 -> 6.25.
  std::vector<MetricRow> rows;
  for (int before = 14; before >= 1; --before) {
    rows.push_back({today - days(before),
                    {},
                    "7",
                    {},
                    {},
                    {},
                    Money::Micros(100'000'000, kEur),
                    before > 7 ? 20'000 : 16'000,
                    200,
                    10.0,
                    Money::Micros(400'000'000, kEur),
                    {}});
  }
  const auto loaded = facts->Load(
      {{meta, Level::kCampaign, Grain::kDay, Breakdown::kNone, today - days(14), today - days(1)},
       "7d_click+1d_view",
       rows,
       true,
       ""},
      now, "test");
  ASSERT_TRUE(loaded) << loaded.error().what;
  ASSERT_EQ(notes().size(), 1u) << "of this platform, and what still holds";
  EXPECT_EQ(notes()[0],
            "a competitor moved, 2026-11-15: Ridgeline, auction up on meta (medium, auction "
            "insights; ci-1 from maya): meta/42 in the last 7 days against the 7 before cpm +25 %, "
            "impression share not known; no number of this round was changed for it");
}

}  // namespace
}  // namespace maxopt
