#pragma once
// Of tests of this folder: a small home whose numbers can be worked out by hand.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "app/views/views.h"

namespace maxopt {

inline Day D(std::string_view text) { return ParseDay(text).value(); }
inline Instant T(std::string_view text) { return ParseInstant(text).value(); }
inline Money Eur(double units) {
  return Money::Micros(static_cast<std::int64_t>(std::llround(units * 1e6)), kEur);
}

inline const AccountId kGoogle{Platform::kGoogleAds, "111"};
inline const AccountId kMeta{Platform::kMeta, "222"};
inline const AccountId kYen{Platform::kTikTok, "333"};

inline const std::vector<std::string> kHostile = {
    "<script>alert(1)</script>", "=cmd|' /C calc'!A0",
    "../../etc/passwd",          "\u202Eevil\u202C",
    std::string(300, 'x'),       "\U0001F525 hot \U0001F468\u200D\U0001F469"};

inline MetricRow Row(std::string_view day, std::string campaign, Money spend,
                     std::int64_t impressions, std::int64_t clicks, double conversions,
                     Money revenue) {
  MetricRow row{.day = D(day),
                .hour = std::nullopt,
                .campaign_id = std::move(campaign),
                .ad_group_id = "",
                .ad_id = "",
                .segment = "",
                .spend = spend,
                .impressions = impressions,
                .clicks = clicks,
                .conversions_claimed = conversions,
                .revenue_claimed = revenue,
                .impression_share = std::nullopt};
  return row;
}

class Views : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "maxopt-views-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    Open("2026-03-10T12:00:00Z");
  }
  void TearDown() override {
    home_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Open(std::string_view now) {
    home_.reset();
    clock_ = std::make_shared<VirtualClock>(T(now));
    auto opened = Home::Open(folder_, clock_);
    ASSERT_TRUE(opened) << opened.error().what;
    home_ = *std::move(opened);
  }
  void Account(const AccountId& id, const std::string& client, Currency currency,
               const std::string& name) {
    const bool known = std::ranges::any_of(*home_->store().Clients(),
                                           [&](const Client& c) { return c.name == client; });
    if (!known) {
      ASSERT_TRUE(home_->store().SaveClient({client, currency, "Europe/Berlin"}));
    }
    ASSERT_TRUE(
        home_->store().SaveAccount({client, {id, name, currency, "Europe/Berlin", "active"}}));
  }
  void Load(const AccountId& id, Currency currency, std::string_view from, std::string_view to,
            std::vector<MetricRow> rows, std::string_view at,
            Breakdown breakdown = Breakdown::kNone, Level level = Level::kCampaign) {
    MetricReport report{};
    report.query = {.account = id,
                    .level = level,
                    .grain = Grain::kDay,
                    .breakdown = breakdown,
                    .from = D(from),
                    .to = D(to)};
    report.attribution_window = "30d_click";
    report.rows = std::move(rows);
    const auto loaded = home_->facts().Load(report, T(at), "test");
    ASSERT_TRUE(loaded) << loaded.error().what;
    std::vector<Entity> entities;
    std::set<std::string> seen;
    for (const MetricRow& row : report.rows) {
      if (!seen.insert(row.campaign_id).second) continue;
      Entity campaign;
      campaign.level = Level::kCampaign;
      campaign.id = row.campaign_id;
      const auto name = names_.find(row.campaign_id);
      campaign.fields["name"] = name == names_.end() ? "Campaign " + row.campaign_id : name->second;
      entities.push_back(std::move(campaign));
    }
    const auto named = home_->facts().LoadEntities(
        {id, "Account " + id.id, currency, "Europe/Berlin", "active"}, entities, T(at));
    ASSERT_TRUE(named) << named.error().what;
  }
  /// Two clients of two currencies. Alpen: google 1 (100, 50 EUR), 2 (30), meta 3 (70); the
  /// previous week of campaign 1 (80). Nippon: one campaign in yen.
  void Make() {
    Account(kGoogle, "Alpen", kEur, "Alpen Google");
    Account(kMeta, "Alpen", kEur, "Alpen Meta");
    Account(kYen, "Nippon", kJpy, "Nippon TikTok");
    Load(kGoogle, kEur, "2026-02-24", "2026-03-09",
         {Row("2026-02-25", "1", Eur(80), 8'000, 160, 4, Eur(320)),
          Row("2026-03-03", "1", Eur(100), 10'000, 200, 5, Eur(500)),
          Row("2026-03-04", "1", Eur(50), 4'000, 100, 0, Eur(0)),
          Row("2026-03-04", "2", Eur(30), 1'000, 0, 0, Eur(0))},
         "2026-03-10T10:30:00Z");
    Load(kMeta, kEur, "2026-02-24", "2026-03-09",
         {Row("2026-03-05", "3", Eur(70), 20'000, 100, 10, Eur(350))}, "2026-03-10T10:30:00Z");
    Load(kYen, kJpy, "2026-02-24", "2026-03-09",
         {Row("2026-03-05", "9", Money::Micros(5'000'000'000, kJpy), 1'000, 10, 1,
              Money::Micros(9'000'000'000, kJpy))},
         "2026-03-10T10:30:00Z");
  }
  View Get(ViewQuery query) {
    auto view = MakeView(*home_, query);
    EXPECT_TRUE(view) << query.view << ": " << (view ? "" : view.error().what);
    if (!view) return {};
    EXPECT_EQ(Objection(*view), "") << query.view;
    return *std::move(view);
  }
  std::string Error(ViewQuery query) {
    const auto view = MakeView(*home_, query);
    return view ? "no error" : view.error().what;
  }
  static ViewQuery Week(std::string view) {
    ViewQuery query;
    query.view = std::move(view);
    query.from = D("2026-03-03");
    query.to = D("2026-03-09");
    return query;
  }
  static ViewCell At(const View& view, std::string_view key, std::string_view column) {
    const auto place = view.Find(column);
    EXPECT_TRUE(place) << column;
    for (const ViewRow& row : view.rows) {
      if (row.key == key && place) return row.cells[*place];
    }
    ADD_FAILURE() << view.name << " has no row " << key;
    return {};
  }
  static std::string Text(const View& view, std::string_view key, std::string_view column) {
    const auto place = view.Find(column);
    return PrintCell(At(view, key, column), view.columns[place.value_or(0)]);
  }

  std::string folder_;
  std::shared_ptr<VirtualClock> clock_;
  std::unique_ptr<Home> home_;
  std::map<std::string, std::string> names_;
};

inline const std::string kC1 = "google_ads/111/campaign/1", kC2 = "google_ads/111/campaign/2",
                         kC3 = "meta/222/campaign/3";

}  // namespace maxopt
