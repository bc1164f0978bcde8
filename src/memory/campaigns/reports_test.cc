#include "memory/campaigns/reports.h"

#include <gtest/gtest.h>

#include "memory/campaigns/database.h"

namespace maxopt {
namespace {

ReportEntry Entry(const std::string& client, const std::string& made_at) {
  ReportEntry entry;
  entry.client = client;
  entry.kind = "performance";
  entry.audience = "client";
  entry.language = "en";
  entry.title = "Performance";
  entry.from = *ParseDay("2026-03-02");
  entry.to = *ParseDay("2026-03-08");
  entry.as_of = entry.made_at = *ParseInstant(made_at);
  entry.by = "carlos";
  entry.software = "0.1.0";
  entry.hash = "abc";
  return entry;
}

TEST(Reports, AreNumberedByDayAndListedNewestFirst) {
  const auto store = std::move(*CampaignStore::Open(":memory:"));
  EXPECT_EQ(*NextReportId(*store, *ParseInstant("2026-03-09T07:00:00Z")), "r-20260309-0001");
  ASSERT_TRUE(SaveReport(*store, Entry("A", "2026-03-09T07:00:00Z")));
  ASSERT_TRUE(SaveReport(*store, Entry("B", "2026-03-09T08:00:00Z")));
  const auto third = SaveReport(*store, Entry("A", "2026-03-10T07:00:00Z"));
  ASSERT_TRUE(third) << third.error().what;
  EXPECT_EQ(third->id, "r-20260310-0001");
  const auto all = ListReports(*store, "", 10);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 3U);
  EXPECT_EQ((*all)[0].id, "r-20260310-0001");
  EXPECT_EQ((*all)[1].id, "r-20260309-0002");
  const auto of_a = ListReports(*store, "A", 1);
  ASSERT_TRUE(of_a);
  ASSERT_EQ(of_a->size(), 1U);
  const auto found = FindReport(*store, "r-20260309-0002");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->client, "B");
  EXPECT_EQ(PrintDay(found->to), "2026-03-08");
  EXPECT_EQ(FindReport(*store, "r-20260309-0009").error().code, Errc::kNotFound);
}

TEST(Reports, NeverChange) {
  const auto store = std::move(*CampaignStore::Open(":memory:"));
  const auto saved = SaveReport(*store, Entry("A", "2026-03-09T07:00:00Z"));
  ASSERT_TRUE(saved);
  EXPECT_EQ(SaveReport(*store, *saved).error().code, Errc::kConflict);
  for (const char* statement : {"UPDATE report SET hash = 'other'", "DELETE FROM report"}) {
    EXPECT_FALSE(store->database().Do([&](soci::session& sql) -> Result<> {
      sql << statement;
      return {};
    })) << statement;
  }
  EXPECT_EQ(FindReport(*store, saved->id)->hash, "abc");
}

TEST(Reports, AFormHasOneHash) {
  const auto store = std::move(*CampaignStore::Open(":memory:"));
  const std::string id = SaveReport(*store, Entry("A", "2026-03-09T07:00:00Z"))->id;
  EXPECT_FALSE(FindReportForm(*store, id, "html")->has_value());
  ASSERT_TRUE(SaveReportForm(*store, id, "html", "h1", "0.1.0"));
  EXPECT_TRUE(SaveReportForm(*store, id, "html", "h1", "0.1.0"));
  EXPECT_EQ(SaveReportForm(*store, id, "html", "h2", "0.1.0").error().code, Errc::kConflict);
  const auto hash = FindReportForm(*store, id, "html");
  ASSERT_TRUE(hash && hash->has_value());
  EXPECT_EQ((*hash)->sha256, "h1");
}

}  // namespace
}  // namespace maxopt
