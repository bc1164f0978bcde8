#include "app/views/views.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "app/views/home_for_test.h"
#include "memory/campaigns/alerts.h"
#include "memory/campaigns/ledger.h"
#include "memory/campaigns/sightings.h"
#include "memory/campaigns/signals.h"
#include "stages/report/forms/forms.h"

namespace maxopt {
namespace {

using std::chrono::days;

TEST_F(Views, CampaignsAreSumsDivided) {
  Make();
  ViewQuery query = Week("campaigns");
  query.client = "Alpen";
  query.metrics = {"spend", "impressions", "clicks", "conversions", "revenue", "ctr",
                   "cpc",   "cpm",         "cvr",    "cpa",         "roas"};
  const View view = Get(query);
  ASSERT_EQ(view.rows.size(), 3u);
  EXPECT_EQ(Text(view, kC1, "name"), "Campaign 1");
  EXPECT_EQ(Text(view, kC1, "spend"), "150.00 EUR");
  EXPECT_EQ(std::get<std::int64_t>(At(view, kC1, "impressions")), 14'000);
  EXPECT_DOUBLE_EQ(std::get<double>(At(view, kC1, "ctr")), 300.0 / 14'000);
  EXPECT_EQ(Text(view, kC1, "cpc"), "0.50 EUR");
  EXPECT_EQ(std::get<Money>(At(view, kC1, "cpm")), Money::Micros(10'714'286, kEur));
  EXPECT_EQ(Text(view, kC1, "cpa"), "30.00 EUR");
  EXPECT_DOUBLE_EQ(std::get<double>(At(view, kC1, "roas")), 500.0 / 150);
  // Nothing is divided by nothing.
  EXPECT_EQ(Text(view, kC2, "cpc"), "–");
  EXPECT_EQ(Text(view, kC2, "cpa"), "–");
  ASSERT_TRUE(view.totals);
  EXPECT_EQ(std::get<Money>((*view.totals)[*view.Find("spend")]), Eur(250));
  EXPECT_DOUBLE_EQ(std::get<double>((*view.totals)[*view.Find("roas")]), 850.0 / 250);
  ASSERT_EQ(view.freshness.size(), 2u);
  EXPECT_EQ(view.freshness[0].state, "fresh");
  EXPECT_EQ(*view.freshness[0].complete_to, D("2026-03-09"));
}

TEST_F(Views, ThePreviousPeriodHasTheSameWeekdays) {
  Make();
  ViewQuery query = Week("campaigns");
  query.client = "Alpen";
  query.compare = "previous";
  query.metrics = {"spend"};
  const View view = Get(query);
  // 3 to 9 March against 24 February to 2 March.
  EXPECT_EQ(Text(view, kC1, "spend_previous"), "80.00 EUR");
  EXPECT_DOUBLE_EQ(std::get<double>(At(view, kC1, "spend_previous_change")), 150.0 / 80 - 1);
  EXPECT_EQ(Text(view, kC2, "spend_previous"), "–");
  EXPECT_EQ(Text(view, kC2, "spend_previous_change"), "–");
  EXPECT_EQ(view.columns[*view.Find("spend_previous")].group, "previous");
  // Ten days go back by fourteen.
  query.from = D("2026-02-28");
  const View longer = Get(query);
  EXPECT_EQ(Text(longer, kC1, "spend"), "150.00 EUR");
  EXPECT_NE(longer.columns[*longer.Find("spend_previous")].help.find("2026-02-14 to 2026-02-23"),
            std::string::npos);
}

TEST_F(Views, ATreeHasItsLevelsAndSortsWithinEachParent) {
  Make();
  ViewQuery query = Week("campaigns");
  query.by = {"campaign", "client", "account"};
  query.sort = "-spend";
  query.metrics = {"spend"};
  query.client = "Alpen";
  const View view = Get(query);
  std::vector<std::string> keys;
  for (const ViewRow& row : view.rows) keys.push_back(row.key);
  EXPECT_EQ(keys, (std::vector<std::string>{"client/Alpen", "google_ads/111", kC1, kC2, "meta/222",
                                            kC3}));
  EXPECT_EQ(view.rows[2].parent, "google_ads/111");
  EXPECT_EQ(view.rows[1].parent, "client/Alpen");
  EXPECT_EQ(Text(view, "client/Alpen", "spend"), "250.00 EUR");
}

TEST_F(Views, TwoCurrenciesAreNeverInOneTotal) {
  Make();
  const View apart = Get(Week("campaigns"));
  ASSERT_TRUE(apart.totals);
  EXPECT_TRUE(std::holds_alternative<std::monostate>((*apart.totals)[*apart.Find("spend")]));
  EXPECT_EQ(std::get<std::int64_t>((*apart.totals)[*apart.Find("clicks")]), 410);
  EXPECT_TRUE(std::ranges::any_of(apart.notes, [](const std::string& note) {
    return note.find("several currencies") != std::string::npos;
  }));
  // Converted at each day's rate it is one: 5000 JPY of 5 March at 0.006.
  ViewQuery query = Week("campaigns");
  query.extra["currency"] = "EUR";
  EXPECT_NE(Error(query).find("JPY"), std::string::npos);
  std::vector<FxRate> rates;
  for (Day day = D("2026-02-24"); day <= D("2026-03-09"); day += days(1)) {
    rates.push_back({day, kJpy, kEur, "0.006"});
  }
  ASSERT_TRUE(home_->facts().LoadFx(rates, T("2026-03-10T11:00:00Z"), "bank"));
  const View one = Get(query);
  EXPECT_EQ(std::get<Money>((*one.totals)[*one.Find("spend")]), Eur(280));
}

TEST_F(Views, WhoMayNotSeeAClientSeesNothingOfIt) {
  Make();
  ViewQuery query = Week("campaigns");
  query.clients = {"Nippon"};
  const View view = Get(query);
  ASSERT_EQ(view.rows.size(), 1u);
  EXPECT_EQ(view.rows[0].key, "tiktok/333/campaign/9");
  EXPECT_EQ(view.freshness.size(), 1u);
  query.client = "Alpen";
  const auto refused = MakeView(*home_, query);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kNotFound);
  // A filter does not widen what may be seen either.
  query.client.clear();
  query.filters["account"] = {"google_ads/111"};
  EXPECT_TRUE(Get(query).rows.empty());
  for (const ViewKind& kind : ViewKinds()) {
    ViewQuery other;
    other.view = kind.name;
    other.client = "Alpen";
    other.clients = {"Nippon"};
    const auto hidden = MakeView(*home_, other);
    ASSERT_FALSE(hidden) << kind.name;
    EXPECT_EQ(hidden.error().code, Errc::kNotFound) << kind.name;
  }
}

TEST_F(Views, AsOfTellsWhatWasKnownThen) {
  Make();
  Open("2026-03-12T12:00:00Z");
  Load(kGoogle, kEur, "2026-03-04", "2026-03-04",
       {Row("2026-03-04", "1", Eur(55), 4'000, 100, 3, Eur(90))}, "2026-03-11T10:00:00Z");
  ViewQuery query = Week("campaigns");
  query.client = "Alpen";
  EXPECT_EQ(Text(Get(query), kC1, "spend"), "155.00 EUR");
  query.as_of = T("2026-03-10T12:00:00Z");
  const View then = Get(query);
  EXPECT_EQ(Text(then, kC1, "spend"), "150.00 EUR");
  EXPECT_EQ(then.as_of, T("2026-03-10T12:00:00Z"));
  EXPECT_EQ(then.freshness[0].state, "fresh");
  query.as_of = T("2026-03-10T10:00:00Z");  // before anything was read
  const View before = Get(query);
  EXPECT_TRUE(before.rows.empty());
  EXPECT_EQ(before.freshness[0].state, "never");
}

TEST_F(Views, SeriesShowsGapsAndTheBooks) {
  Make();
  ASSERT_TRUE(home_->facts().LoadKpi({{"Alpen", D("2026-03-03"), kEur, 7, Eur(700)},
                                      {"Alpen", D("2026-03-05"), kEur, 3, Eur(210)}},
                                     T("2026-03-10T11:00:00Z"), "books"));
  ViewQuery query = Week("series");
  query.client = "Alpen";
  query.metrics = {"spend", "orders", "books_roas"};
  const View view = Get(query);
  ASSERT_EQ(view.rows.size(), 7u);
  EXPECT_EQ(Text(view, "2026-03-03", "spend"), "100.00 EUR");
  EXPECT_EQ(Text(view, "2026-03-04", "spend"), "80.00 EUR");
  EXPECT_EQ(Text(view, "2026-03-04", "orders"), "–");
  EXPECT_EQ(Text(view, "2026-03-08", "spend"), "–");
  EXPECT_DOUBLE_EQ(std::get<double>(At(view, "2026-03-05", "books_roas")), 3.0);
  // Only days that the books know count into their ratio: 910 by 100 + 70.
  EXPECT_DOUBLE_EQ(std::get<double>((*view.totals)[*view.Find("books_roas")]), 910.0 / 170);
  query.extra["grain"] = "month";
  query.from = D("2026-02-24");
  const View months = Get(query);
  ASSERT_EQ(months.rows.size(), 2u);
  EXPECT_EQ(months.rows[0].key, "2026-02-01");
  EXPECT_EQ(Text(months, "2026-02-01", "spend"), "80.00 EUR");
  EXPECT_EQ(Text(months, "2026-03-01", "spend"), "250.00 EUR");
  query.metrics = {"spend"};
  query.by = {"platform"};
  const View by = Get(query);
  EXPECT_EQ(Text(by, "2026-03-01/client/Alpen/platform/meta", "spend"), "70.00 EUR");
}

TEST_F(Views, CutsAndHours) {
  Make();
  std::vector<MetricRow> rows = {Row("2026-03-03", "1", Eur(60), 6'000, 120, 3, Eur(300)),
                                 Row("2026-03-03", "1", Eur(40), 4'000, 80, 2, Eur(200))};
  rows[0].segment = "mobile";
  rows[1].segment = "desktop";
  Load(kGoogle, kEur, "2026-03-03", "2026-03-03", rows, "2026-03-10T10:40:00Z", Breakdown::kDevice);
  ViewQuery query = Week("devices");
  query.client = "Alpen";
  const View view = Get(query);
  ASSERT_EQ(view.rows.size(), 2u);
  EXPECT_EQ(Text(view, "device/mobile", "spend"), "60.00 EUR");
  query.by = {"campaign"};
  const View nested = Get(query);
  EXPECT_EQ(Text(nested, kC1 + "/device/desktop", "name"), "Campaign 1");
  EXPECT_EQ(Text(nested, kC1 + "/device/desktop", "device"), "desktop");
  query.by = {"country"};
  EXPECT_NE(Error(query).find("device"), std::string::npos);

  MetricReport hours;
  hours.query = {.account = kGoogle,
                 .level = Level::kCampaign,
                 .grain = Grain::kHour,
                 .breakdown = Breakdown::kNone,
                 .from = D("2026-03-03"),
                 .to = D("2026-03-03")};
  hours.rows = {Row("2026-03-03", "1", Eur(10), 100, 5, 1, Eur(50)),
                Row("2026-03-03", "2", Eur(15), 100, 5, 1, Eur(50))};
  for (MetricRow& row : hours.rows) row.hour = 14;
  ASSERT_TRUE(home_->facts().Load(hours, T("2026-03-10T10:50:00Z"), "test"));
  const View grid = Get(Week("hours"));
  ASSERT_EQ(grid.rows.size(), 1u);
  EXPECT_EQ(grid.rows[0].key, "2-14");  // a Tuesday
  EXPECT_EQ(Text(grid, "2-14", "weekday"), "Tuesday");
  EXPECT_EQ(Text(grid, "2-14", "spend"), "25.00 EUR");
}

TEST_F(Views, OverviewPutsSpendAgainstPlanAndTellsHealth) {
  Make();
  ASSERT_TRUE(home_->store().SaveDocument(
      {"Alpen", "setup", "spring/brief.yaml",
       "maxopt: brief/1\nclient: Alpen\ncampaign: Spring\nobjective: sales\n"
       "landing_url: https://alpen.example/\ncurrency: EUR\nstart: 2026-03-01\nend: 2026-03-31\n"
       "total_budget: 3100.00\nkpis:\n  - {metric: roas, target: 4.0, importance: primary}\n",
       T("2026-03-01T00:00:00Z")}));
  ASSERT_TRUE(home_->store().SaveDocument(
      {"Alpen", "setup", "spring/media_plan.yaml",
       "maxopt: media_plan/1\npackages:\n  - {name: search, platform: google_ads, account: "
       "\"111\", budget: 1550.00}\n",
       T("2026-03-01T00:00:00Z")}));
  AlertEntry entry;
  entry.alert.id = "a-20260310-0001";
  entry.alert.condition.client = "Alpen";
  entry.alert.condition.detector = "kpi";
  entry.alert.condition.account = kGoogle;
  entry.alert.condition.title = "CPA is high";
  entry.alert.tier = AlertTier::kCritical;
  entry.alert.opened_at = T("2026-03-10T09:00:00Z");
  entry.alert.last_true_at = entry.alert.opened_at;
  ASSERT_TRUE(SaveAlertRound(home_->store(), {entry}, {}));
  ViewQuery query;
  query.view = "overview";
  const View view = Get(query);
  // 3100 over 31 days: 100 a day, ten of them gone.
  EXPECT_EQ(Text(view, "client/Alpen", "plan_month"), "3100.00 EUR");
  EXPECT_EQ(Text(view, "client/Alpen", "plan_to_date"), "1000.00 EUR");
  EXPECT_EQ(Text(view, "client/Alpen", "spend_month"), "250.00 EUR");
  EXPECT_DOUBLE_EQ(std::get<double>(At(view, "client/Alpen", "spend_to_plan")), 0.25);
  EXPECT_EQ(Text(view, "client/Alpen", "spend_today"), "–");
  EXPECT_EQ(Text(view, "client/Alpen", "kpi"), "roas");
  EXPECT_DOUBLE_EQ(std::get<double>(At(view, "client/Alpen", "kpi_actual")), 3.4);
  EXPECT_DOUBLE_EQ(std::get<double>(At(view, "client/Alpen", "kpi_off")), 3.4 / 4 - 1);
  EXPECT_EQ(std::get<std::int64_t>(At(view, "client/Alpen", "critical")), 1);
  EXPECT_EQ(std::get<std::int64_t>(At(view, "google_ads/111", "alerts")), 1);
  EXPECT_EQ(std::get<std::int64_t>(At(view, "meta/222", "alerts")), 0);
  for (const ViewRow& row : view.rows) {
    if (row.key == "client/Alpen") {
      EXPECT_EQ(row.tone, "bad");
    }
    if (row.key == "meta/222") {
      EXPECT_EQ(row.parent, "client/Alpen");
    }
  }
  const auto forecast = std::get<Money>(At(view, "client/Alpen", "forecast_month"));
  EXPECT_GE(forecast, Eur(250));

  const View alerts = Get({.view = "alerts"});
  ASSERT_EQ(alerts.rows.size(), 1u);
  ViewQuery one{.view = "alert"};
  one.extra["id"] = "a-20260310-0001";
  EXPECT_EQ(Get(one).title, "CPA is high");
  one.clients = {"Nippon"};
  EXPECT_FALSE(MakeView(*home_, one));

  ViewQuery plan = Week("campaigns");
  plan.compare = "plan";
  plan.client = "Alpen";
  plan.metrics = {"spend"};
  ASSERT_TRUE(home_->store().SaveObject(
      {"spring/search", kGoogle, Level::kCampaign, "1", "", "", {{"name", std::string("C")}}}));
  // 1550 over 31 days: 50 a day, of seven days.
  EXPECT_EQ(Text(Get(plan), kC1, "spend_plan"), "350.00 EUR");
}

TEST_F(Views, StatusBudgetsAndWhatLimits) {
  Make();
  MetricRow row = Row("2026-03-08", "1", Eur(10), 700, 10, 1, Eur(40));
  row.impression_share = 0.5;
  row.lost_to_budget = 0.4;
  row.lost_to_rank = 0.05;
  Load(kGoogle, kEur, "2026-03-08", "2026-03-08", {row}, "2026-03-10T11:00:00Z");
  Sighting seen;
  seen.account = kGoogle;
  seen.campaign_id = "1";
  seen.name = "Campaign 1";
  seen.state = "delivers";
  seen.daily_budget = Eur(40);
  const AccountInfo info{kGoogle, "Alpen Google", kEur, "Europe/Berlin", "active"};
  ASSERT_TRUE(SeeCampaigns(home_->store(), info, {seen}, T("2026-03-10T11:00:00Z")));
  Plan plan;
  plan.client = "Alpen";
  plan.title = "more for search";
  plan.status = PlanStatus::kGuarded;
  plan.created_at = T("2026-03-10T11:30:00Z");
  plan.created_by = "optimizer";
  Change change;
  change.account = kGoogle;
  change.id = "1";
  change.address = "campaign/1";
  change.before["daily_budget"] = Eur(40);
  change.after["daily_budget"] = Eur(46);
  change.reason = Reason::kReallocate;
  change.why = "it earns more";
  change.prediction = Prediction{"revenue", 12, -3, 30, 28};
  plan.changes = {change};
  plan.exposure_before = {{Eur(40), Eur(80)}};
  plan.exposure_after = {{Eur(46), Eur(92)}};
  plan.findings = {{"step", false, "15 % is the most", "nothing to do"}};
  const auto kept = home_->store().SavePlan(plan);
  ASSERT_TRUE(kept) << kept.error().what;

  ViewQuery query = Week("campaigns");
  query.client = "Alpen";
  const View view = Get(query);
  EXPECT_EQ(Text(view, kC1, "status"), "delivers");
  EXPECT_EQ(Text(view, kC1, "daily_budget"), "40.00 EUR");
  EXPECT_EQ(Text(view, kC1, "next_budget"), "46.00 EUR");
  EXPECT_EQ(Text(view, kC1, "limited_by"), "budget (40 % of impressions lost to it)");

  const View plans = Get({.view = "plans"});
  ASSERT_EQ(plans.rows.size(), 1u);
  EXPECT_EQ(Text(plans, kept->id, "worst_day_after"), "92.00 EUR");
  ViewQuery one{.view = "plan"};
  one.extra["id"] = kept->id;
  const View whole = Get(one);
  const std::string key = kept->id + "/1#daily_budget";
  EXPECT_EQ(Text(whole, key, "money_before"), "40.00 EUR");
  EXPECT_EQ(Text(whole, key, "money_after"), "46.00 EUR");
  EXPECT_EQ(Text(whole, key, "object"), "Campaign 1");
  EXPECT_EQ(std::get<Estimated>(At(whole, key, "predicted")).low, -3);
  EXPECT_EQ(Text(whole, "guard/1", "why"), "15 % is the most");
  EXPECT_EQ(Text(whole, "exposure/1/worst_day", "money_after"), "92.00 EUR");
  one.extra["id"] = "p-none";
  EXPECT_NE(Error(one).find("p-none"), std::string::npos);
  EXPECT_EQ(std::get<std::int64_t>(At(Get({.view = "overview"}), "client/Alpen", "plans_waiting")),
            1);
  EXPECT_EQ(Get({.view = "ledger"}).rows.size(), 1u);
}

TEST_F(Views, PagesVisitEachRowOnceWhateverTheOrder) {
  Account(kGoogle, "Alpen", kEur, "A");
  std::vector<MetricRow> rows;
  for (int i = 0; i < 57; ++i) {
    // Many of the same spend, and some with no conversions: ties and absent cells.
    rows.push_back(Row("2026-03-05", std::to_string(1000 + i), Eur(i % 4), 100, i % 3, i % 2,
                       Eur(i % 2 * 10)));
  }
  Load(kGoogle, kEur, "2026-03-05", "2026-03-05", rows, "2026-03-10T10:00:00Z");
  for (const char* sort : {"", "spend", "-spend", "-cpa", "cpa", "name"}) {
    for (const std::vector<std::string>& by :
         {std::vector<std::string>{"campaign"}, {"account", "campaign"}}) {
      ViewQuery query = Week("campaigns");
      query.sort = sort;
      query.by = by;
      const View whole = Get(query);
      std::vector<std::string> expected, walked;
      for (const ViewRow& row : whole.rows) expected.push_back(row.key);
      query.limit = 10;
      for (int page = 0; page < 20; ++page) {
        const View part = Get(query);
        EXPECT_LE(part.rows.size(), 10u);
        for (const ViewRow& row : part.rows) walked.push_back(row.key);
        EXPECT_EQ(part.totals, whole.totals);
        if (part.next.empty()) break;
        query.cursor = part.next;
      }
      EXPECT_EQ(walked, expected) << sort;
      // Absent comes last, up or down.
      if (std::string_view(sort).ends_with("cpa") && by.size() == 1) {
        EXPECT_EQ(Text(whole, expected.back(), "cpa"), "–");
        EXPECT_NE(Text(whole, expected.front(), "cpa"), "–");
      }
    }
  }
  ViewQuery query = Week("campaigns");
  query.cursor = "nonsense";
  EXPECT_NE(Error(query).find("cursor"), std::string::npos);
  query.cursor = "";
  query.sort = "beauty";
  EXPECT_NE(Error(query).find("spend"), std::string::npos);
}

TEST_F(Views, WhatIsNotKnownListsWhatIs) {
  Make();
  EXPECT_NE(Error({.view = "weather"}).find("overview, accounts, campaigns"), std::string::npos);
  ViewQuery query = Week("campaigns");
  query.metrics = {"joy"};
  EXPECT_NE(Error(query).find("spend, impressions"), std::string::npos);
  query.metrics = {"orders"};
  EXPECT_NE(Error(query).find("books"), std::string::npos);
  query.metrics = {};
  query.by = {"mood"};
  EXPECT_NE(Error(query).find("campaign"), std::string::npos);
  query.by = {"device", "country"};
  EXPECT_NE(Error(query).find("one such cut"), std::string::npos);
  query.by = {};
  query.filters["mood"] = {"good"};
  EXPECT_NE(Error(query).find("mood"), std::string::npos);
  query.filters.clear();
  query.extra["colour"] = "red";
  EXPECT_NE(Error(query).find("no parameter \"colour\""), std::string::npos);
  query.extra.clear();
  query.compare = "tomorrow";
  EXPECT_NE(Error(query).find("previous, year, plan"), std::string::npos);
  query = Week("series");
  query.extra["grain"] = "decade";
  EXPECT_NE(Error(query).find("hour day week month"), std::string::npos);
  query = Week("campaigns");
  query.from = D("2026-03-10");
  EXPECT_NE(Error(query).find("are none"), std::string::npos);
  EXPECT_NE(Error({.view = "attribution"}).find("client"), std::string::npos);
}

/// A query for a view that nothing special is known of.
ViewQuery Plain(const ViewKind& kind, const std::string& client) {
  ViewQuery query;
  query.view = kind.name;
  query.client = client;
  return query;
}

TEST_F(Views, EveryViewIsSoundOnAnEmptyHome) {
  for (const ViewKind& kind : ViewKinds()) {
    if (kind.needs_client || IsOfOneThing(kind)) continue;
    SCOPED_TRACE(kind.name);
    const View view = Get(Plain(kind, ""));
    EXPECT_EQ(view.name, kind.name);
  }
}

TEST_F(Views, EveryViewIsSoundWithHostileNamesAndTwoCurrencies) {
  for (std::size_t i = 0; i < kHostile.size(); ++i) names_[std::to_string(i + 1)] = kHostile[i];
  Make();
  for (const std::string& name : kHostile) {
    const std::string client = name.substr(0, 40);
    ASSERT_TRUE(home_->store().SaveClient({client, kEur, "Europe/Berlin"}));
    ASSERT_TRUE(home_->store().SaveDocument(
        {client, "setup", name + "/brief.yaml", name, T("2026-03-01T00:00:00Z")}));
    AlertEntry entry;
    entry.alert.id = "a-20260310-" + std::to_string(&name - kHostile.data());
    entry.alert.condition.client = client;
    entry.alert.condition.detector = "fatigue";
    entry.alert.condition.title = name;
    entry.alert.condition.name = name;
    entry.alert.condition.account = kGoogle;
    entry.alert.condition.deviation = std::numeric_limits<double>::infinity();
    entry.alert.opened_at = T("2026-03-10T09:00:00Z");
    entry.alert.last_true_at = entry.alert.opened_at;
    entry.alert.condition.deviation.reset();
    ASSERT_TRUE(SaveAlertRound(home_->store(), {entry}, {}));
    SignalHealth signal;
    signal.client = client;
    signal.name = name;
    signal.state = SignalState::kBroken;
    signal.since = signal.seen_at = T("2026-03-10T09:00:00Z");
    signal.why = name;
    ASSERT_TRUE(SaveSignals(home_->store(), {signal}));
    Message message;
    message.client = client;
    message.to = "maya";
    message.kind = "insight";
    message.title = name;
    message.json = "{}";
    message.markdown = name;
    message.created_at = T("2026-03-10T09:00:00Z");
    ASSERT_TRUE(home_->store().SaveMessage(message));
  }
  std::vector<std::string> clients = {""};
  for (const std::string& name : kHostile) clients.push_back(name.substr(0, 40));
  clients.push_back("Alpen");
  for (const std::string& client : clients) {
    for (const ViewKind& kind : ViewKinds()) {
      if (IsOfOneThing(kind)) continue;
      if (client.empty() && kind.needs_client) continue;
      SCOPED_TRACE(std::string(kind.name) + " of " + client);
      ViewQuery query = Plain(kind, client);
      query.limit = 50;
      const View view = Get(query);
      EXPECT_FALSE(ToJson(view).empty());
      const auto csv = FormOf(view, ViewForm::kCsv);
      ASSERT_TRUE(csv);
      // No cell begins as a formula does.
      EXPECT_EQ(csv->find("\n=cmd"), std::string::npos);
      EXPECT_EQ(csv->find(",=cmd"), std::string::npos);
      if (client.empty()) {
        const auto xlsx = FormOf(view, ViewForm::kXlsx);
        ASSERT_TRUE(xlsx) << xlsx.error().what;
        const auto parquet = FormOf(view, ViewForm::kParquet);
        ASSERT_TRUE(parquet) << parquet.error().what;
      }
    }
  }
  EXPECT_EQ(Text(Get(Week("campaigns")), kC1, "name"), kHostile[0]);
}

TEST(ViewQueries, AreReadFromUrlsAndRefuseWhatTheyCannotBe) {
  const auto read = [](std::vector<std::pair<std::string, std::string>> parameters) {
    return ReadViewQuery("campaigns", "Alpen", parameters);
  };
  const auto query = read({{"from", "2026-03-01"},
                           {"to", "2026-03-02"},
                           {"by", "account,campaign"},
                           {"metrics", "spend"},
                           {"filter.campaign", "a,,b,c"},
                           {"sort", "-spend"},
                           {"limit", "20"},
                           {"as_of", "2026-03-03T00:00:00Z"},
                           {"currency", "EUR"}});
  ASSERT_TRUE(query) << query.error().what;
  EXPECT_EQ(query->by, (std::vector<std::string>{"account", "campaign"}));
  EXPECT_EQ(query->filters.at("campaign"), (std::vector<std::string>{"a,b", "c"}));
  EXPECT_EQ(query->limit, 20);
  EXPECT_EQ(query->extra.at("currency"), "EUR");
  EXPECT_FALSE(read({{"from", "yesterday"}}));
  EXPECT_FALSE(read({{"limit", "-1"}}));
  EXPECT_FALSE(read({{"limit", "12x"}}));
  EXPECT_FALSE(read({{"as_of", "2026-03-03"}}));
  EXPECT_FALSE(read({{"filter.campaign", ""}}));
  EXPECT_FALSE(read({{"by", "a"}, {"by", "b"}}));
}

TEST(ViewList, NamesAreUniqueAndDescribed) {
  std::set<std::string_view> names;
  for (const ViewKind& kind : ViewKinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_FALSE(kind.title.empty());
    EXPECT_TRUE(kind.what.ends_with(".")) << kind.name;
  }
  for (const char* name :
       {"overview",    "accounts", "campaigns", "series",      "pacing",  "creatives", "audiences",
        "geo",         "devices",  "hours",     "attribution", "overlap", "alerts",    "alert",
        "experiments", "plans",    "plan",      "rules",       "policy",  "documents", "checklists",
        "quality",     "tracking", "ledger",    "calibration", "reports", "messages",  "jobs",
        "tokens",      "sunsets",  "segments",  "marginals",   "tactics", "cycles",    "cycle"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(ViewDocs, ListEveryViewWithItsParameters) {
  std::ifstream in(std::string(MAXOPT_SOURCE_DIR) + "/docs/views.md");
  ASSERT_TRUE(in);
  std::map<std::string, std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("| `")) continue;
    lines[line.substr(3, line.find('`', 3) - 3)] = line;
  }
  for (const ViewKind& kind : ViewKinds()) {
    const auto at = lines.find(std::string(kind.name));
    ASSERT_NE(at, lines.end()) << kind.name << " is not in docs/views.md";
    EXPECT_NE(at->second.find(kind.what), std::string::npos) << kind.name;
    EXPECT_NE(at->second.find(kind.needs_client ? "one client |" : "all or one |"),
              std::string::npos)
        << kind.name;
    for (const ViewParameter& own : kind.own) {
      EXPECT_NE(at->second.find("`" + std::string(own.name) + "`"), std::string::npos)
          << kind.name << ": " << own.name;
    }
  }
}

}  // namespace
}  // namespace maxopt
