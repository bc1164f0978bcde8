#include "stages/optimize/scenario/what_if.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "memory/campaigns/signals.h"

namespace maxopt {
namespace {

using std::chrono::days;

const AccountId kGoogle{Platform::kGoogleAds, "1"};
const Day kToday = *ParseDay("2026-03-01");

Money Eur(double units) {
  return Money::Micros(static_cast<std::int64_t>(std::llround(units * 100)) * 10'000, kEur);
}

/// One account with three active campaigns.
class ThreeCampaigns final : public PlatformReader {
 public:
  ThreeCampaigns() {
    capabilities_.platform = Platform::kGoogleAds;
    capabilities_.minor_units = MinorUnits::kIso4217;
    for (const auto& [id, name] : {std::pair{"11", "search"}, {"22", "video"}, {"33", "new"}}) {
      entities_.push_back({Level::kCampaign,
                           id,
                           "",
                           "",
                           {{"name", std::string(name)},
                            {"status", std::string(kActive)},
                            {"daily_budget", Eur(id == std::string("33") ? 10 : 100)}}});
    }
  }
  const Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline) override {
    return std::vector<AccountInfo>{};
  }
  Result<AccountTree> ReadAccount(const AccountId&, http::Deadline) override {
    return AccountTree{{kGoogle, "g", kEur, "UTC", "active"}, entities_};
  }
  Result<MetricReport> ReadMetrics(const MetricQuery& q, http::Deadline) override {
    return MetricReport{q, "", {}, true, ""};
  }
  Result<std::vector<Entity>> Find(const FindQuery&, http::Deadline) override { return entities_; }
  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery&, http::Deadline) override {
    return std::vector<HistoryEvent>{};
  }

 private:
  Capabilities capabilities_{};
  std::vector<Entity> entities_;
};

class WhatIfTest : public testing::Test {
 protected:
  WhatIfTest() {
    EXPECT_TRUE(store_->SaveClient({"A", kEur, "UTC"}));
    EXPECT_TRUE(store_->SaveAccount({"A", {kGoogle, "g", kEur, "UTC", "active"}}));
    std::mt19937_64 engine(4);
    const auto uniform = [&] { return static_cast<double>(engine() >> 11) * 0x1.0p-53; };
    constexpr int kLength = 240;
    MetricReport report{{kGoogle, Level::kCampaign, Grain::kDay, Breakdown::kNone,
                         kToday - days(kLength), kToday - days(1)},
                        "30d_click",
                        {},
                        true,
                        ""};
    std::vector<KpiRow> kpi;
    double search = 100, video = 50;
    for (int t = 0; t < kLength; ++t) {
      const Day day = kToday - days(kLength - t);
      if (t % 10 == 0) search = 50 + 100 * uniform();
      if (t % 10 == 5) video = 20 + 60 * uniform();
      if (t >= kLength - 7) search = 90, video = 50;
      for (const auto& [id, spend] : {std::pair{"11", search}, {"22", video}}) {
        report.rows.push_back(
            {day, std::nullopt, id, "", "", "", Eur(spend), 1000, 10, 5.0, Eur(3 * spend), {}});
      }
      const double revenue =
          2'000 + 90 * std::sqrt(search) + 15 * std::sqrt(video) + 60 * uniform();
      kpi.push_back({"A", day, kEur, 40, Eur(revenue)});
    }
    const Instant now = clock_.Now();
    EXPECT_TRUE(facts_->Load(report, now, "test"));
    EXPECT_TRUE(
        facts_->LoadEntities({kGoogle, "g", kEur, "UTC", "active"},
                             {{Level::kCampaign, "11", "", "", {{"name", std::string("search")}}},
                              {Level::kCampaign, "22", "", "", {{"name", std::string("video")}}}},
                             now));
    EXPECT_TRUE(facts_->LoadKpi(kpi, now, "test"));
  }

  OptimizeWorld World() {
    return {store_.get(), facts_.get(), &clock_,
            [](const AccountId&) -> Result<std::shared_ptr<PlatformReader>> {
              return std::make_shared<ThreeCampaigns>();
            },
            [](std::string_view name) { return std::string(name); }};
  }

  VirtualClock clock_{Zone::Utc().Begin(kToday) + std::chrono::hours(6)};
  std::unique_ptr<CampaignStore> store_ = std::move(*CampaignStore::Open(":memory:"));
  std::unique_ptr<FactStore> facts_ = std::move(*FactStore::Open(":memory:"));
  WhatIfOptions options_{.response = {.seed = 1, .warm_up = 100, .sweeps = 400, .draws = 100},
                         .gross_margin = 0.5};
};

TEST_F(WhatIfTest, ReadsBudgetsDeliveryAndWhatWasTried) {
  const auto what_if = ReadWhatIf(World(), "A", options_);
  ASSERT_TRUE(what_if) << what_if.error().what;
  const auto& channels = what_if->problem.channels;
  ASSERT_EQ(channels.size(), 3u);
  EXPECT_EQ(channels[0].id, "google_ads/new");
  EXPECT_TRUE(channels[0].draws.empty());
  EXPECT_EQ(channels[1].id, "google_ads/search");
  EXPECT_EQ(channels[1].budget, Eur(100));
  EXPECT_NEAR(channels[1].delivery, 0.9, 1e-9);
  EXPECT_EQ(channels[1].draws.size(), 100u);
  EXPECT_NEAR(channels[2].delivery, 0.5, 1e-9);
  // Levels were uniform from 20 to 80; the highest twentieth is above some 77, and a fifth is
  // added.
  EXPECT_NEAR(channels[2].tried_high, 92, 6);
  EXPECT_NEAR(channels[2].tried_low, 26, 6);
  EXPECT_GT(*what_if->problem.revenue_per_order, 60);
  EXPECT_LT(*what_if->problem.revenue_per_order, 90);
  EXPECT_EQ(PrintDay(what_if->last), "2026-02-28");
}

TEST_F(WhatIfTest, AnswersTheUsualQuestionsWithTheTruthInTheirIntervals) {
  const auto what_if = ReadWhatIf(World(), "A", options_);
  ASSERT_TRUE(what_if) << what_if.error().what;
  const auto report = CompareScenarios(what_if->problem, UsualScenarios(what_if->problem));
  ASSERT_TRUE(report) << report.error().what;
  for (const ScenarioAnswer& answer : report->answers) EXPECT_EQ(answer.error, "") << answer.name;
  const auto find = [&](const std::string& name) -> const ScenarioAnswer& {
    for (const ScenarioAnswer& answer : report->answers) {
      if (answer.name == name) return answer;
    }
    ADD_FAILURE() << name;
    return report->answers.front();
  };
  const ScenarioAnswer& off = find("google_ads/search off");
  const double truth = -90 * std::sqrt(90);
  EXPECT_LT(off.revenue_change.low90, truth);
  EXPECT_GT(off.revenue_change.high90, truth);
  EXPECT_LT(*off.better, 0.5);
  EXPECT_EQ(find("best split").budget, Eur(210));
  // The new campaign has no history: it is left alone, and the report says so.
  bool said = false;
  for (const std::string& note : report->notes) {
    said = said || note.starts_with("google_ads/new: it has no history");
  }
  EXPECT_TRUE(said);
}

TEST_F(WhatIfTest, AHoldIsANoteAndNoRefusal) {
  SignalHealth signal;
  signal.client = "A";
  signal.name = "conversions google_ads/g";
  signal.state = SignalState::kBroken;
  signal.since = signal.seen_at = clock_.Now();
  signal.why = "conversions fell to 0 %";
  ASSERT_TRUE(SaveSignals(*store_, {signal}));
  const auto what_if = ReadWhatIf(World(), "A", options_);
  ASSERT_TRUE(what_if) << what_if.error().what;
  ASSERT_FALSE(what_if->notes.empty());
  EXPECT_NE(what_if->notes[0].find("is broken since"), std::string::npos);
  EXPECT_EQ(ReadWhatIf(World(), "Nobody", options_).error().code, Errc::kNotFound);
}

TEST(ScenarioFile, AmountsOfAChannelAreOfItsCurrencyOrANamedOne) {
  const Currency chf = *FindCurrency("CHF");
  EXPECT_EQ(*ReadAmount("40", "meta/social", kEur), Eur(40));
  EXPECT_EQ(*ReadAmount("40", "meta/social CHF", kEur), *ParseMoney("40", chf));
  EXPECT_EQ(*ReadAmount("40 EUR", "meta/social CHF", kEur), Eur(40));
  for (const char* bad : {"40 eur", "40 EUR ", "EUR 40", "40 XXX", " 40", ""}) {
    EXPECT_FALSE(ReadAmount(bad, "meta/social", kEur)) << bad;
  }
}

TEST(ScenarioFile, EveryKeyIsRead) {
  const auto file = ParseScenarioFile(R"(maxopt: scenarios/1
margin: 0.35
scenarios:
  - name: a fifth less
    total: -20%
    split: best
    bounds: {meta/social: {min: 10, max: 200.50}}
    beyond_tried: true
  - name: swap
    off: [meta/social, tiktok/video]
    set: {google_ads/brand: 40}
    keep_total: true
    split: equal
  - {name: pays, total: 900, target: {marginal_cpa: 31.5}}
)",
                                      "s.yaml", kEur);
  ASSERT_TRUE(file) << file.error().what;
  EXPECT_EQ(*file->gross_margin, 0.35);
  ASSERT_EQ(file->scenarios.size(), 3u);
  const Scenario& less = file->scenarios[0];
  EXPECT_EQ(*less.total_change_bp, -2'000);
  EXPECT_EQ(less.split, Scenario::Split::kBest);
  EXPECT_EQ(less.bounds.at("meta/social").max, Eur(200.5));
  EXPECT_TRUE(less.beyond_tried);
  const Scenario& swap = file->scenarios[1];
  EXPECT_EQ(swap.off, (std::vector<std::string>{"meta/social", "tiktok/video"}));
  EXPECT_EQ(swap.set.at("google_ads/brand"), Eur(40));
  EXPECT_TRUE(swap.keep_total);
  EXPECT_EQ(file->scenarios[2].total, Eur(900));
  EXPECT_EQ(file->scenarios[2].target->kind, Scenario::Target::Kind::kMarginalCpa);
  EXPECT_EQ(file->scenarios[2].target->value, 31.5);
}

TEST(ScenarioFile, WhatIsWrongIsNamedWithItsLine) {
  const auto what = [](const std::string& yaml) {
    const auto file = ParseScenarioFile(yaml, "s.yaml", kEur);
    return file ? std::string("fine") : file.error().what;
  };
  const std::string head = "maxopt: scenarios/1\nscenarios:\n";
  EXPECT_EQ(what(head + "  - name: a\n"), "fine");
  EXPECT_NE(what(head + "  - name: a\n    totel: 5\n").find("s.yaml:4: \"totel\" is not known"),
            std::string::npos);
  EXPECT_NE(what(head + "  - name: a\n    total: 20%\n").find("needs its sign"), std::string::npos);
  EXPECT_NE(what(head + "  - name: a\n    total: -200%\n").find("-100%"), std::string::npos);
  EXPECT_NE(what(head + "  - name: a\n    total: 1e3\n").find("s.yaml:4"), std::string::npos);
  EXPECT_NE(what(head + "  - name: a\n    target: {roas: 2}\n").find("none of marginal_roas"),
            std::string::npos);
  EXPECT_NE(what(head + "  - name: a\n    target: {marginal_roas: -2}\n").find("above 0"),
            std::string::npos);
  EXPECT_NE(what(head + "  - name: a\n  - name: a\n").find("a second scenario"), std::string::npos);
  EXPECT_NE(what(head + "  - total: 5\n").find("s.yaml:3: name is missing"), std::string::npos);
  EXPECT_NE(what("maxopt: scenarios/1\nmargin: 40\nscenarios: [{name: a}]\n").find("s.yaml:2"),
            std::string::npos);
  EXPECT_NE(what("maxopt: rules/1\nscenarios: [{name: a}]\n").find("scenarios/1"),
            std::string::npos);
  EXPECT_NE(what("").find("expected here"), std::string::npos);
  EXPECT_NE(what("[").find("s.yaml:"), std::string::npos);
  EXPECT_FALSE(ReadTarget("marginal_roas"));
  EXPECT_EQ(ReadTarget("average_roas=3")->kind, Scenario::Target::Kind::kAverageRoas);
}

}  // namespace
}  // namespace maxopt
