// Cuts that tell only some of a campaign's day: keywords, search terms, audiences.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "memory/facts/quality.h"
#include "stages/monitor/monitor.h"

namespace maxopt {
namespace {

using std::chrono::days;

const AccountId kGoogle{Platform::kGoogleAds, "1234567890"};
const AccountInfo kInfo{kGoogle, "g", kEur, "Europe/Berlin", "active"};

Day On(const char* text) { return *ParseDay(text); }

MetricRow Row(Day day, std::string campaign, std::string segment, std::int64_t micros,
              std::int64_t impressions, std::int64_t clicks, double conversions) {
  MetricRow row{day,
                {},
                std::move(campaign),
                {},
                {},
                std::move(segment),
                Money::Micros(micros, kEur),
                impressions,
                clicks,
                conversions,
                Money::Micros(micros * 2, kEur),
                {}};
  return row;
}

/// Answers what it is told to of one day, the same rows at every level above the ad.
class Told final : public PlatformReader {
 public:
  std::vector<MetricRow> campaigns;
  std::map<Breakdown, std::vector<MetricRow>> cuts;
  std::vector<Breakdown> asked;

  Told() {
    capabilities_.platform = Platform::kGoogleAds;
    capabilities_.metric_levels = {Level::kCampaign};
    capabilities_.breakdowns = {Breakdown::kKeyword, Breakdown::kSearchTerm, Breakdown::kAudience};
    capabilities_.restatement_days = 3;
  }
  const Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline) override {
    return std::vector<AccountInfo>{};
  }
  Result<AccountTree> ReadAccount(const AccountId&, http::Deadline) override {
    return AccountTree{kInfo, {}};
  }
  Result<MetricReport> ReadMetrics(const MetricQuery& query, http::Deadline) override {
    MetricReport report{query, "30d_click", {}, true, {}};
    if (query.breakdown != Breakdown::kNone) asked.push_back(query.breakdown);
    const auto& rows = query.breakdown == Breakdown::kNone ? campaigns : cuts[query.breakdown];
    for (const MetricRow& row : rows) {
      if (row.day >= query.from && row.day <= query.to && query.level == Level::kCampaign) {
        report.rows.push_back(row);
      }
    }
    return report;
  }
  Result<std::vector<Entity>> Find(const FindQuery&, http::Deadline) override {
    return std::vector<Entity>{};
  }
  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery&, http::Deadline) override {
    return std::vector<HistoryEvent>{};
  }

 private:
  Capabilities capabilities_{};
};

class Cuts : public testing::Test {
 protected:
  Cuts() {
    EXPECT_TRUE(store_->SaveClient({"A", kEur, "Europe/Berlin"}));
    EXPECT_TRUE(store_->SaveAccount({"A", kInfo}));
  }
  AccountPull Round() {
    const MonitorWorld world{store_.get(), facts_.get(), &clock_, [this](const AccountId&) {
                               return Result<std::shared_ptr<PlatformReader>>(platform_);
                             }};
    auto report = Monitor(world, "A", {});
    EXPECT_TRUE(report) << report.error().what;
    return report->accounts.at(0);
  }
  /// "campaign segment spend impressions clicks conversions revenue" of the day by a cut.
  std::vector<std::string> Rows(const char* by, std::string_view as_of = "") {
    FactQuery query;
    query.measures = {"spend", "impressions", "clicks", "conversions", "revenue"};
    query.dimensions = {"campaign", by};
    query.from = query.to = day_;
    if (!as_of.empty()) query.as_of = *ParseInstant(as_of);
    const auto table = facts_->Query(query);
    EXPECT_TRUE(table) << table.error().what;
    std::vector<std::string> lines;
    for (const auto& row : table->rows) {
      const auto text = [&](const char* name) {
        const FactCell& cell = row[table->Column(name)];
        if (cell.kind == FactCell::Kind::kAbsent) return std::string("-");
        if (cell.kind == FactCell::Kind::kInteger) return std::to_string(cell.integer);
        return cell.kind == FactCell::Kind::kReal ? fmt::format("{}", cell.real) : cell.text;
      };
      lines.push_back(fmt::format("{} {} {} {} {} {} {}", text("campaign_id"), text(by),
                                  text("spend"), text("impressions"), text("clicks"),
                                  text("conversions"), text("revenue")));
    }
    return lines;
  }
  QualityAspect Reconciled() {
    const auto judged = DataQuality(*facts_, kInfo, day_, day_, clock_.Now(), {});
    EXPECT_TRUE(judged);
    return judged->at(0).reconciliation;
  }

  const Day day_ = On("2026-03-09");
  VirtualClock clock_{*ParseInstant("2026-03-10T09:00:00Z")};
  std::shared_ptr<Told> platform_ = std::make_shared<Told>();
  std::unique_ptr<CampaignStore> store_ = std::move(*CampaignStore::Open(":memory:"));
  std::unique_ptr<FactStore> facts_ = std::move(*FactStore::Open(":memory:"));
};
using Lines = std::vector<std::string>;

TEST_F(Cuts, WhatThePlatformDoesNotTellIsARowOfItsOwn) {
  platform_->campaigns = {Row(day_, "1", "", 10'000'000, 1000, 100, 5.5),
                          Row(day_, "2", "", 4'000'000, 300, 6, 0)};
  platform_->cuts[Breakdown::kKeyword] = {
      Row(day_, "1", "exact:boots", 10'000'000, 1000, 100, 5.5)};
  platform_->cuts[Breakdown::kSearchTerm] = {Row(day_, "1", "boots", 6'000'000, 600, 70, 3.3),
                                             Row(day_, "1", "free boots", 1'500'000, 90, 9, 0)};
  platform_->cuts[Breakdown::kAudience] = {Row(day_, "2", "user_list:7", 1'000'000, 100, 6, 0)};
  const AccountPull pull = Round();
  EXPECT_TRUE(pull.problems.empty());
  EXPECT_EQ(Rows("keyword"),
            (Lines{"1 exact:boots 10.00 1000 100 5.5 20.00", "2 (none told) 4.00 300 6 0 8.00"}));
  // 10 - 6 - 1.5, 1000 - 600 - 90, ...: by hand.
  EXPECT_EQ(Rows("search_term"),
            (Lines{"1 (none told) 2.50 310 21 2.2 5.00", "1 boots 6.00 600 70 3.3 12.00",
                   "1 free boots 1.50 90 9 0 3.00", "2 (none told) 4.00 300 6 0 8.00"}));
  EXPECT_EQ(Rows("audience"),
            (Lines{"1 (none told) 10.00 1000 100 5.5 20.00", "2 (none told) 3.00 200 0 0 6.00",
                   "2 user_list:7 1.00 100 6 0 2.00"}));
  EXPECT_EQ(Reconciled().state, QualityState::kOk) << Reconciled().why;
}

TEST_F(Cuts, TheRestFollowsARestatedDay) {
  platform_->campaigns = {Row(day_, "1", "", 10'000'000, 1000, 100, 5)};
  platform_->cuts[Breakdown::kSearchTerm] = {Row(day_, "1", "boots", 6'000'000, 600, 70, 3)};
  Round();
  // A day later the platform knows more conversions, of which it tells a part, and a term less.
  clock_.AdvanceTo(*ParseInstant("2026-03-11T09:00:00Z"));
  platform_->campaigns = {Row(day_, "1", "", 10'000'000, 1000, 100, 8)};
  platform_->cuts[Breakdown::kSearchTerm] = {Row(day_, "1", "shoes", 2'000'000, 200, 20, 4)};
  Round();
  EXPECT_EQ(Rows("search_term"),
            (Lines{"1 (none told) 8.00 800 80 4 16.00", "1 shoes 2.00 200 20 4 4.00"}));
  EXPECT_EQ(Rows("search_term", "2026-03-10T12:00:00Z"),
            (Lines{"1 (none told) 4.00 400 30 2 8.00", "1 boots 6.00 600 70 3 12.00"}));
  // Unchanged days are not cut again.
  clock_.AdvanceTo(*ParseInstant("2026-03-12T09:00:00Z"));
  platform_->asked.clear();
  Round();
  EXPECT_LE(platform_->asked.size(), 3U);  // the new yesterday's
}

TEST_F(Cuts, MoreThanTheWholeHasNoRestAndHoldsDecisions) {
  platform_->campaigns = {Row(day_, "1", "", 10'000'000, 1000, 100, 5)};
  platform_->cuts[Breakdown::kSearchTerm] = {Row(day_, "1", "boots", 12'000'000, 600, 70, 3)};
  Round();
  EXPECT_EQ(Rows("search_term"), (Lines{"1 boots 12.00 600 70 3 24.00"}));
  EXPECT_EQ(Reconciled().state, QualityState::kBad);
  EXPECT_NE(Reconciled().why.find("search_term"), std::string::npos) << Reconciled().why;
}

TEST_F(Cuts, WhatIsAbsentStaysAbsent) {
  MetricRow campaign = Row(day_, "1", "", 10'000'000, 1000, 100, 5);
  campaign.clicks.reset();
  campaign.conversions_claimed.reset();
  campaign.revenue_claimed.reset();
  platform_->campaigns = {campaign};
  platform_->cuts[Breakdown::kSearchTerm] = {Row(day_, "1", "boots", 6'000'000, 1200, 70, 3),
                                             Row(day_, "9", "boots", 1, 1, 1, 0)};
  Round();
  // A campaign of which nothing is known has no rest; counts told twice leave none, not less.
  EXPECT_EQ(Rows("search_term"),
            (Lines{"1 (none told) 4.00 0 - - -", "1 boots 6.00 1200 70 3 12.00",
                   "9 boots 0.000001 1 1 0 0.000002"}));
}

TEST_F(Cuts, WhatPeopleTypeIsKeptAsItIs) {
  platform_->campaigns = {Row(day_, "1", "", 10'000'000, 1000, 100, 5)};
  const std::string strange[] = {"a, \"b\"; 'c'\nd\te", "=1+1",
                                 "防水 ü 🧥",      " ",
                                 "x' OR 1=1 --",        std::string("nul\0byte", 8),
                                 std::string(5000, 'y')};
  auto& rows = platform_->cuts[Breakdown::kSearchTerm];
  for (const std::string& term : strange) rows.push_back(Row(day_, "1", term, 1'000'000, 10, 1, 0));
  const AccountPull pull = Round();
  EXPECT_TRUE(pull.problems.empty()) << pull.problems[0];
  FactQuery query;
  query.measures = {"spend"};
  query.dimensions = {"search_term"};
  query.from = query.to = day_;
  const auto table = facts_->Query(query);
  ASSERT_TRUE(table) << table.error().what;
  std::set<std::string> kept;
  for (const auto& row : table->rows) kept.insert(row[table->Column("search_term")].text);
  for (const std::string& term : strange) EXPECT_TRUE(kept.contains(term)) << term;
  EXPECT_EQ(kept.size(), std::size(strange) + 1);
  // Bytes that are no text are refused with their cut; the days themselves stay.
  rows.push_back(Row(day_, "1", "\xC3(", 1, 1, 1, 0));
  facts_ = std::move(*FactStore::Open(":memory:"));
  const AccountPull broken = Round();
  ASSERT_EQ(broken.problems.size(), 1U);
  EXPECT_NE(broken.problems[0].find("UTF-8"), std::string::npos) << broken.problems[0];
  EXPECT_TRUE(Rows("search_term").empty());
  EXPECT_FALSE(Rows("keyword").empty());
}

}  // namespace
}  // namespace maxopt
