#include "stages/monitor/attribution/observed.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace maxopt {
namespace {

Instant T(std::string_view text) { return ParseInstant(text).value(); }
Day D(std::string_view text) { return ParseDay(text).value(); }
Money Eur(std::int64_t cents) { return Money::Micros(cents * 10'000, kEur); }

const AccountId kGoogle{Platform::kGoogleAds, "123"};
const AccountId kMeta{Platform::kMeta, "42"};

/// "utm_campaign" is the campaign's id; a click id alone tells the platform only.
TouchSource Resolve(const std::map<std::string, std::string>& utm,
                    const std::map<std::string, std::string>& click_ids) {
  TouchSource source;
  if (click_ids.contains("gclid")) source.platform = Platform::kGoogleAds;
  if (click_ids.contains("fbclid")) source.platform = Platform::kMeta;
  if (const auto at = utm.find("utm_campaign"); at != utm.end()) {
    if (at->second == "mail") {
      source.label = "newsletter";
      return source;
    }
    source.campaign_id = at->second;
    source.platform = at->second == "7" ? Platform::kGoogleAds : Platform::kMeta;
  }
  if (source.platform) {
    source.account_id = *source.platform == Platform::kGoogleAds ? "123" : "42";
    if (source.campaign_id.empty()) source.label = "campaign not known";
  }
  return source;
}

class Observed : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("maxopt_observed_" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    store_ = *CampaignStore::Open(":memory:");
    facts_ = *FactStore::Open(":memory:");
    auto events = EventStore::Open(folder_.string());
    ASSERT_TRUE(events) << events.error().what;
    events_ = *std::move(events);
    ASSERT_TRUE(store_->SaveClient({"Alpenglow", kEur, "Europe/Berlin"}));
    for (const AccountId& account : {kGoogle, kMeta}) {
      ASSERT_TRUE(store_->SaveAccount(
          {"Alpenglow", {account, "Alpenglow", kEur, "Europe/Berlin", "active"}}));
    }
  }
  void TearDown() override {
    events_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Claim(const AccountId& account, std::string campaign, double conversions) {
    MetricRow row{
        D("2026-03-02"), {}, std::move(campaign), {}, {}, {}, Eur(10'000), 1000, 10, conversions,
        Eur(5'000),      {}};
    const auto loaded =
        facts_->Load({{account, Level::kCampaign, Grain::kDay, Breakdown::kNone, row.day, row.day},
                      "7d_click+1d_view",
                      {row},
                      true,
                      ""},
                     T("2026-03-03T00:00:00Z"), "test");
    ASSERT_TRUE(loaded) << loaded.error().what;
  }
  TrackedEvent Event(std::string name, std::string id, std::string_view at, std::string visitor,
                     std::map<std::string, std::string> utm = {},
                     std::map<std::string, std::string> click_ids = {}) {
    TrackedEvent event{"shop", "Alpenglow", std::move(name), std::move(id), "tag", T(at)};
    event.visitor = std::move(visitor);
    event.consent = !event.visitor.empty();
    event.utm = std::move(utm);
    event.click_ids = std::move(click_ids);
    return event;
  }
  TrackedEvent Visit(std::string_view at, std::string visitor,
                     std::map<std::string, std::string> utm,
                     std::map<std::string, std::string> click_ids = {}) {
    return Event("page_view", "v" + std::to_string(++visits_), at, std::move(visitor),
                 std::move(utm), std::move(click_ids));
  }
  TrackedEvent Order(std::string id, std::string_view at, std::string visitor, std::int64_t cents,
                     std::string via = "tag") {
    TrackedEvent event = Event("purchase", std::move(id), at, std::move(visitor));
    event.value = Eur(cents);
    event.via = std::move(via);
    return event;
  }
  AttributionView See(const std::vector<TrackedEvent>& events, const std::string& model = "last",
                      const std::map<std::string, Lookback>& lookback_of = {}) {
    for (const TrackedEvent& event : events) {
      const auto stored = events_->Append({event});
      EXPECT_TRUE(stored) << stored.error().what;
    }
    ObservedOptions options;
    options.client = "Alpenglow";
    options.from = D("2026-03-01");
    options.to = D("2026-03-31");
    options.model = *FindAttributionModel(model);
    options.lookback_of = lookback_of;
    auto view = ObserveAttribution(*store_, *facts_, events_.get(), Resolve, options);
    EXPECT_TRUE(view) << view.error().what;
    return view.value_or(AttributionView{});
  }
  static const AttributionRow& Row(const AttributionView& view, std::string_view campaign_or_name) {
    for (const AttributionRow& row : view.rows) {
      if (row.campaign_id == campaign_or_name || row.name == campaign_or_name) return row;
    }
    ADD_FAILURE() << "no row " << campaign_or_name;
    static const AttributionRow none;
    return none;
  }
  std::filesystem::path folder_;
  std::unique_ptr<CampaignStore> store_;
  std::unique_ptr<FactStore> facts_;
  std::unique_ptr<EventStore> events_;
  int visits_ = 0;
};

TEST_F(Observed, ClaimedObservedAndShopStandSideBySide) {
  Claim(kGoogle, "7", 2);
  Claim(kMeta, "9", 2);
  ASSERT_TRUE(facts_->LoadKpi({{"Alpenglow", D("2026-03-02"), kEur, 3, Eur(30'000)}},
                              T("2026-03-03T00:00:00Z"), "books"));
  const AttributionView view = See({
      Visit("2026-03-01T10:00:00Z", "anna", {{"utm_campaign", "9"}}, {{"fbclid", "f1"}}),
      Visit("2026-03-02T10:00:00Z", "anna", {{"utm_campaign", "7"}}, {{"gclid", "g1"}}),
      Order("o1", "2026-03-02T11:00:00Z", "anna", 9'999),
      Visit("2026-03-02T12:00:00Z", "ben", {{"utm_campaign", "mail"}}),
      Order("o2", "2026-03-02T12:30:00Z", "ben", 5'000),
      Visit("2026-03-02T12:00:00Z", "cleo", {{"utm_campaign", "9"}}, {{"fbclid", "f2"}}),
  });
  EXPECT_EQ(view.conversions, 2);
  EXPECT_EQ(view.with_path, 2);
  EXPECT_EQ(view.null_paths, 1);
  EXPECT_EQ(view.value.at(kEur), Eur(14'999));
  const AttributionRow& google = Row(view, "7");
  EXPECT_EQ(google.claimed_conversions, 2);
  EXPECT_EQ(google.claimed_value, Eur(5'000));
  EXPECT_EQ(google.claim_window, "7d_click+1d_view");
  EXPECT_EQ(google.observed_conversions, 1);
  EXPECT_EQ(google.observed_value.at(kEur), Eur(9'999));
  EXPECT_EQ(Row(view, "9").observed_conversions, 0);
  EXPECT_TRUE(Row(view, "9").observed_value.empty());
  const AttributionRow& mail = Row(view, "newsletter");
  EXPECT_FALSE(mail.platform || mail.claimed_conversions || mail.spend);
  EXPECT_EQ(mail.observed_conversions, 1);
  EXPECT_EQ(view.claimed_conversions, 4);
  EXPECT_EQ(view.shop_orders, 3);
  EXPECT_EQ(view.claimed_per_observed, 2);
  EXPECT_NEAR(*view.claimed_per_order, 4. / 3, 1e-12);
  // Anna clicked on both platforms: both can claim her order.
  EXPECT_EQ(view.shared_orders, 1);
  ASSERT_EQ(view.shared.size(), 1U);
  EXPECT_EQ(view.shared[0].platforms, (std::set{Platform::kGoogleAds, Platform::kMeta}));
  EXPECT_EQ(view.shared[0].value.at(kEur), Eur(9'999));
}

TEST_F(Observed, AnOrderToldByBrowserAndServerIsOne) {
  TrackedEvent server = Order("o1", "2026-03-02T11:00:00Z", "", 9'000, "s2s");
  server.click_ids = {{"gclid", "g1"}};
  server.consent = true;
  const AttributionView view = See({
      Visit("2026-03-02T10:00:00Z", "anna", {{"utm_campaign", "7"}}, {{"gclid", "g1"}}),
      Order("o1", "2026-03-02T11:00:01Z", "anna", 1),  // what a browser says of its value
      server,
      server,
      Order("o1", "2026-03-02T11:05:00Z", "anna", 1),
      Order("back", "2026-03-05T11:05:00Z", "", -2'000, "s2s"),
  });
  EXPECT_EQ(view.conversions, 1);
  EXPECT_EQ(view.signed_only, 1);
  EXPECT_EQ(view.told_again, 1);
  EXPECT_EQ(view.value.at(kEur), Eur(9'000));
  EXPECT_EQ(Row(view, "7").observed_conversions, 1);
  EXPECT_EQ(view.refunds, 1);
  EXPECT_EQ(view.refunded.at(kEur), Eur(-2'000));
}

TEST_F(Observed, AServersOrderFindsItsVisitorByTheClick) {
  TrackedEvent server = Order("o1", "2026-03-09T11:00:00Z", "", 9'000, "s2s");
  server.click_ids = {{"gclid", "g1"}};
  const AttributionView view = See(
      {
          Visit("2026-03-01T10:00:00Z", "anna", {{"utm_campaign", "9"}}),
          Visit("2026-03-02T10:00:00Z", "anna", {{"utm_campaign", "7"}}, {{"gclid", "g1"}}),
          server,
      },
      "first");
  EXPECT_EQ(Row(view, "9").observed_conversions, 1);
}

TEST_F(Observed, TheTagRepeatsTheLastVisitAndThatIsNoTouch) {
  const AttributionView view = See(
      {
          Visit("2026-03-01T10:00:00Z", "anna", {{"utm_campaign", "7"}}, {{"gclid", "g1"}}),
          Visit("2026-03-01T10:05:00Z", "anna", {{"utm_campaign", "7"}}, {{"gclid", "g1"}}),
          Visit("2026-03-02T10:00:00Z", "anna", {{"utm_campaign", "mail"}}),
          Visit("2026-03-02T10:01:00Z", "anna", {{"utm_campaign", "mail"}}),
          Order("o1", "2026-03-02T11:00:00Z", "anna", 1'000),
      },
      "linear");
  EXPECT_DOUBLE_EQ(Row(view, "7").observed_conversions, .5);
  EXPECT_DOUBLE_EQ(Row(view, "newsletter").observed_conversions, .5);
  EXPECT_EQ(Row(view, "7").observed_value.at(kEur), Eur(500));
}

TEST_F(Observed, WindowsOfCampaignsDecideWhatIsOnAPath) {
  const std::vector<TrackedEvent> events = {
      Visit("2026-03-01T10:00:00Z", "anna", {{"utm_campaign", "7"}}, {{"gclid", "g1"}}),
      Order("o1", "2026-03-09T11:00:00Z", "anna", 1'000),
  };
  EXPECT_EQ(See(events).with_path, 1);
  const AttributionView narrow = See({}, "last", {{"7", {.click_days = 7, .view_days = 1}}});
  EXPECT_EQ(narrow.conversions, 1);
  EXPECT_EQ(narrow.with_path, 0);
  EXPECT_FALSE(narrow.notes.empty());
}

TEST_F(Observed, AViewCountsForAShorterTime) {
  TrackedEvent seen = Visit("2026-03-01T10:00:00Z", "anna", {{"utm_campaign", "9"}});
  seen.name = "impression";
  EXPECT_EQ(See({seen, Order("o1", "2026-03-02T09:00:00Z", "anna", 1),
                 Order("o2", "2026-03-02T11:00:00Z", "anna", 1)})
                .with_path,
            1);
}

TEST_F(Observed, WithoutConsentNothingIsJoined) {
  TrackedEvent visit = Visit("2026-03-01T10:00:00Z", "", {{"utm_campaign", "7"}});
  TrackedEvent order = Order("o1", "2026-03-01T11:00:00Z", "", 1'000);
  TrackedEvent carries = Order("o2", "2026-03-01T11:00:00Z", "", 1'000);
  carries.utm = {{"utm_campaign", "9"}};
  TrackedEvent lying = Order("o3", "2026-03-01T11:00:00Z", "", 1'000);
  lying.visitor = "anna";  // a number without consent is not looked at
  const AttributionView view =
      See({visit, order, carries, lying,
           Visit("2026-03-01T10:00:00Z", "anna", {{"utm_campaign", "7"}})});
  EXPECT_EQ(view.conversions, 3);
  EXPECT_EQ(view.with_path, 1);
  EXPECT_EQ(Row(view, "9").observed_conversions, 1);
}

TEST_F(Observed, DaysAreTheClientsAndProbesAndOthersAreLeftOut) {
  TrackedEvent probe = Order("p", "2026-03-02T11:00:00Z", "anna", 1);
  probe.probe = true;
  TrackedEvent other = Order("x", "2026-03-02T11:00:00Z", "anna", 1);
  other.client = "Other";
  TrackedEvent bot = Order("b", "2026-03-02T11:00:00Z", "anna", 1);
  bot.bot = "crawler";
  // 22:30 UTC on 31 March is April in Berlin, 23:30 UTC on 28 February is March.
  const AttributionView view =
      See({probe, other, bot, Order("late", "2026-03-31T22:30:00Z", "anna", 1),
           Order("early", "2026-02-28T23:30:00Z", "anna", 1)});
  EXPECT_EQ(view.conversions, 1);
}

TEST_F(Observed, EveryModelKeepsTheTotalsToTheCent) {
  std::vector<TrackedEvent> events;
  for (int i = 0; i < 40; ++i) {
    const std::string visitor = "v" + std::to_string(i);
    for (int k = 0; k <= i % 4; ++k) {
      events.push_back(
          Visit(PrintInstant(T("2026-03-10T00:00:00Z") + std::chrono::hours(10 * k + i)), visitor,
                {{"utm_campaign", (i + k) % 3 == 0   ? "7"
                                  : (i + k) % 3 == 1 ? "9"
                                                     : "mail"}}));
    }
    if (i % 3)
      events.push_back(Order("o" + std::to_string(i), "2026-03-20T00:00:00Z", visitor, 1'001 + i));
  }
  (void)See(events);
  for (const char* model :
       {"last", "first", "linear", "time_decay", "position", "markov", "markov:2", "shapley"}) {
    const AttributionView view = See({}, model);
    double conversions = 0;
    std::int64_t micros = 0;
    for (const AttributionRow& row : view.rows) {
      conversions += row.observed_conversions;
      if (!row.observed_value.empty()) micros += row.observed_value.at(kEur).micros();
    }
    EXPECT_NEAR(conversions, 26, 1e-9) << model;
    EXPECT_EQ(micros, view.value.at(kEur).micros()) << model;
  }
}

TEST_F(Observed, WithoutEventsNothingIsObservedAndItSaysSo) {
  ObservedOptions options;
  options.client = "Alpenglow";
  options.from = options.to = D("2026-03-01");
  const auto view = ObserveAttribution(*store_, *facts_, nullptr, Resolve, options);
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->claimed_conversions || view->claimed_per_observed || view->shop_orders);
  EXPECT_NE(view->notes.at(0).find("no events"), std::string::npos);
  options.to = D("2026-02-01");
  EXPECT_FALSE(ObserveAttribution(*store_, *facts_, nullptr, Resolve, options));
  options.client = "Nobody";
  EXPECT_FALSE(ObserveAttribution(*store_, *facts_, nullptr, Resolve, options));
}

}  // namespace
}  // namespace maxopt
