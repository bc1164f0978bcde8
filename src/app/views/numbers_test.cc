// Views against numbers worked out by hand on a small home.
#include <gtest/gtest.h>

#include "app/views/home_for_test.h"
#include "memory/campaigns/alerts.h"
#include "memory/campaigns/jobs.h"
#include "memory/campaigns/ledger.h"
#include "memory/campaigns/reports.h"
#include "memory/campaigns/sightings.h"
#include "memory/campaigns/signals.h"
#include "memory/campaigns/trials.h"
#include "memory/events/events.h"

namespace maxopt {
namespace {

double Real(const ViewCell& cell) {
  const auto* real = std::get_if<double>(&cell);
  return real == nullptr ? std::nan("") : *real;
}
std::int64_t Count(const ViewCell& cell) {
  const auto* count = std::get_if<std::int64_t>(&cell);
  return count == nullptr ? -1 : *count;
}

class Numbers : public Views {
 protected:
  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(WriteWholeFile(home_->PathOf(name), text));
  }
  static const ViewRow* RowOf(const View& view, std::string_view key) {
    const auto at = std::ranges::find(view.rows, key, &ViewRow::key);
    return at == view.rows.end() ? nullptr : &*at;
  }
};

TEST_F(Numbers, AccountsAreTheSumsOfTheirCampaigns) {
  Make();
  ViewQuery query = Week("accounts");
  query.compare = "previous";
  query.metrics = {"spend", "impressions", "clicks", "ctr", "conversions", "cpa", "roas"};
  const View view = Get(query);
  ASSERT_EQ(view.rows.size(), 3u);
  // Google: 100 + 50 + 30 EUR, 200 + 100 clicks of 15,000, 5 conversions, 500 EUR of revenue.
  EXPECT_EQ(Text(view, "google_ads/111", "spend"), "180.00 EUR");
  EXPECT_EQ(Count(At(view, "google_ads/111", "impressions")), 15'000);
  EXPECT_DOUBLE_EQ(Real(At(view, "google_ads/111", "ctr")), 300.0 / 15'000);
  EXPECT_EQ(Text(view, "google_ads/111", "cpa"), "36.00 EUR");
  EXPECT_DOUBLE_EQ(Real(At(view, "google_ads/111", "roas")), 500.0 / 180);
  // The week before had 80 EUR; of Meta nothing is known then, which is not 0.
  EXPECT_EQ(Text(view, "google_ads/111", "spend_previous"), "80.00 EUR");
  EXPECT_DOUBLE_EQ(Real(At(view, "google_ads/111", "spend_previous_change")), 1.25);
  EXPECT_EQ(Text(view, "meta/222", "spend"), "70.00 EUR");
  EXPECT_EQ(Text(view, "meta/222", "spend_previous"), "–");
  EXPECT_EQ(Text(view, "meta/222", "spend_previous_change"), "–");
  EXPECT_EQ(Text(view, "tiktok/333", "spend"), "5000 JPY");
  EXPECT_EQ(Text(view, "google_ads/111", "zone"), "Europe/Berlin");
  EXPECT_EQ(Text(view, "google_ads/111", "learnt_at"), "2026-03-10T10:30:00Z");
  EXPECT_EQ(Text(view, "google_ads/111", "complete_to"), "2026-03-09");
  // Two currencies have no sum; clicks have: 300 + 100 + 10.
  EXPECT_EQ((*view.totals)[*view.Find("spend")], ViewCell());
  EXPECT_EQ(Count((*view.totals)[*view.Find("clicks")]), 410);
}

TEST_F(Numbers, PlacesAndPeopleAreCutsOfTheirCampaigns) {
  Make();
  const auto cut = [&](Breakdown breakdown, const AccountId& id, const char* campaign,
                       std::vector<std::pair<const char*, int>> parts) {
    std::vector<MetricRow> rows;
    for (const auto& [segment, tenths] : parts) {
      rows.push_back(Row("2026-03-03", campaign, Eur(10.0 * tenths), 1'000 * tenths, 20 * tenths,
                         0.5 * tenths, Eur(50.0 * tenths)));
      rows.back().segment = segment;
    }
    Load(id, kEur, "2026-03-03", "2026-03-03", rows, "2026-03-10T10:40:00Z", breakdown);
  };
  // 100 EUR of campaign 1 by country, 7 to 3; 20 EUR of Meta's in one of them.
  cut(Breakdown::kCountry, kGoogle, "1", {{"PT", 7}, {"ES", 3}});
  cut(Breakdown::kCountry, kMeta, "3", {{"PT", 2}});
  const View geo = Get(Week("geo"));
  ASSERT_EQ(geo.rows.size(), 2u);
  EXPECT_EQ(Text(geo, "country/PT", "spend"), "90.00 EUR");  // 70 + 20
  EXPECT_EQ(Text(geo, "country/ES", "spend"), "30.00 EUR");
  EXPECT_DOUBLE_EQ(Real(At(geo, "country/PT", "conversions")), 4.5);
  EXPECT_EQ(Text(geo, "country/PT", "cpa"), "20.00 EUR");
  EXPECT_DOUBLE_EQ(Real(At(geo, "country/PT", "ctr")), 180.0 / 9'000);
  EXPECT_EQ((*geo.totals)[*geo.Find("spend")], ViewCell(Eur(120)));
  ViewQuery one = Week("geo");
  one.filters["platform"] = {"meta"};
  EXPECT_EQ(Text(Get(one), "country/PT", "spend"), "20.00 EUR");

  cut(Breakdown::kAgeGender, kMeta, "3", {{"25-34/female", 4}, {"25-34/male", 3}});
  const View people = Get(Week("audiences"));
  ASSERT_EQ(people.rows.size(), 2u);
  EXPECT_EQ((*people.totals)[*people.Find("spend")], ViewCell(Eur(70)));
  EXPECT_EQ(Count((*people.totals)[*people.Find("clicks")]), 140);
  ViewQuery lists = Week("audiences");
  lists.extra["cut"] = "audience";
  EXPECT_TRUE(Get(lists).rows.empty()) << "a cut that nobody read is no cut";
}

TEST_F(Numbers, CreativesAreAdsWithTheirPictureAndFatigue) {
  Make();
  std::vector<MetricRow> ads = {Row("2026-03-03", "1", Eur(60), 6'000, 120, 4, Eur(400)),
                                Row("2026-03-03", "1", Eur(40), 4'000, 80, 1, Eur(100))};
  for (std::size_t i = 0; i < ads.size(); ++i) {
    ads[i].ad_group_id = "10";
    ads[i].ad_id = i == 0 ? "100" : "101";
  }
  Load(kGoogle, kEur, "2026-03-03", "2026-03-03", ads, "2026-03-10T10:40:00Z", Breakdown::kNone,
       Level::kAd);
  ASSERT_TRUE(home_->store().SaveObject({"spring/search/g/trail-shoes",
                                         kGoogle,
                                         Level::kAd,
                                         "100",
                                         "",
                                         "",
                                         {{"name", std::string("Trail shoes")},
                                          {"headlines", std::vector<std::string>{"Run", "Fly"}}}}));
  ASSERT_TRUE(home_->store().SaveDocument(
      {"Alpen", "setup", "spring/creatives.yaml",
       "assets:\n  - {name: hill, file: hill.png, sha256: abc}\nads:\n  - {name: Trail shoes, "
       "image: hill}\n",
       T("2026-03-01T00:00:00Z")}));
  AlertEntry tired;
  tired.alert.id = "a-20260310-0001";
  tired.alert.condition.client = "Alpen";
  tired.alert.condition.detector = "fatigue";
  tired.alert.condition.account = kGoogle;
  tired.alert.condition.level = Level::kAd;
  tired.alert.condition.object_id = "101";
  tired.alert.condition.title = "CTR fell by half";
  tired.alert.opened_at = tired.alert.last_true_at = T("2026-03-10T09:00:00Z");
  ASSERT_TRUE(SaveAlertRound(home_->store(), {tired}, {}));
  ViewQuery query = Week("creatives");
  query.client = "Alpen";
  const View view = Get(query);
  const std::string shoes = "google_ads/111/ad/100", old = "google_ads/111/ad/101";
  ASSERT_EQ(view.rows.size(), 2u);
  EXPECT_EQ(Text(view, shoes, "spend"), "60.00 EUR");
  EXPECT_EQ(Text(view, shoes, "cpa"), "15.00 EUR");
  EXPECT_EQ(Text(view, old, "cpa"), "40.00 EUR");
  EXPECT_DOUBLE_EQ(Real(At(view, shoes, "roas")), 400.0 / 60);
  EXPECT_EQ(Text(view, shoes, "headline"), "Run");
  EXPECT_EQ(Text(view, shoes, "picture_file"), "hill.png");
  EXPECT_EQ(Text(view, shoes, "picture_sha256"), "abc");
  EXPECT_EQ(Text(view, shoes, "fatigue"), "–");
  EXPECT_EQ(Text(view, old, "fatigue"), "CTR fell by half");
  EXPECT_EQ(Text(view, old, "picture"), "–");
}

TEST_F(Numbers, QualityTellsTheDaysThatWereReadAndDoesNotInventTheOthers) {
  Make();
  // The account by itself says 150 EUR of 3 March, its campaigns 100.
  MetricRow whole = Row("2026-03-03", "", Eur(150), 12'000, 250, 5, Eur(500));
  MetricReport report{};
  report.query = {.account = kGoogle,
                  .level = Level::kAccount,
                  .grain = Grain::kDay,
                  .breakdown = Breakdown::kNone,
                  .from = D("2026-03-03"),
                  .to = D("2026-03-03")};
  report.rows = {whole};
  ASSERT_TRUE(home_->facts().Load(report, T("2026-03-10T10:30:00Z"), "test"));
  ViewQuery query{.view = "quality", .client = "Alpen"};
  query.from = D("2026-03-03");
  query.to = D("2026-03-10");
  const View view = Get(query);
  EXPECT_EQ(view.rows.size(), 16u);  // eight days of two accounts
  EXPECT_EQ(Text(view, "google_ads/111/2026-03-03", "unattributed"), "50.00 EUR");
  EXPECT_EQ(Text(view, "google_ads/111/2026-03-03", "reconciliation"), "bad");
  EXPECT_EQ(Text(view, "google_ads/111/2026-03-03", "read_at"), "2026-03-10T10:30:00Z");
  // Where the account itself was not read, what is in no campaign is not known; it is not nothing.
  EXPECT_EQ(Text(view, "google_ads/111/2026-03-04", "unattributed"), "–");
  // Today was never read.
  EXPECT_EQ(Text(view, "google_ads/111/2026-03-10", "completeness"), "bad");
  EXPECT_EQ(Text(view, "google_ads/111/2026-03-10", "unattributed"), "–");
  EXPECT_EQ(Text(view, "google_ads/111/2026-03-10", "read_at"), "–");
  EXPECT_EQ(RowOf(view, "google_ads/111/2026-03-03")->tone, "bad");
}

TEST_F(Numbers, CalibrationIsWhatWasMeasuredBesideWhatWasPromised) {
  Make();
  const auto outcome = [&](const char* plan, const char* kind, double promised, double low,
                           double high, double measured, double sd, const char* at) {
    ScoredOutcome o{plan, kind, "revenue", "one series", promised, low, high, measured, sd, T(at)};
    ASSERT_TRUE(SaveOutcome(home_->store(), "Alpen", o));
  };
  outcome("p-1", "reallocate", 100, 20, 180, 80, 10, "2026-03-08T00:00:00Z");
  outcome("p-2", "reallocate", 100, 80, 120, 20, 10, "2026-03-09T00:00:00Z");
  outcome("p-3", "pause", 50, 0, 100, -60, 20, "2026-03-10T00:00:00Z");
  const View kinds = Get({.view = "calibration", .client = "Alpen"});
  ASSERT_EQ(kinds.rows.size(), 2u);
  const std::string moved = "Alpen/reallocate";
  EXPECT_EQ(Count(At(kinds, moved, "count")), 2);
  EXPECT_EQ(Count(At(kinds, moved, "harmful")), 0);
  // -60 lies 3 of its errors of 20 below nothing.
  EXPECT_EQ(Count(At(kinds, "Alpen/pause", "harmful")), 1);
  // 80 lies within what was promised, 20 misses it by far; 80 + 20 came of 200.
  EXPECT_DOUBLE_EQ(std::get<Estimated>(At(kinds, moved, "cover90")).value, 0.5);
  EXPECT_DOUBLE_EQ(std::get<Estimated>(At(kinds, moved, "cover50")).value, 0.5);
  EXPECT_DOUBLE_EQ(std::get<Estimated>(At(kinds, moved, "realised")).value, 0.5);
  // Share of the predictive variance that is the promise's own: sds (180 - 20) / 3.28971 = 48.637
  // and 40 / 3.28971 = 12.159 beside errors of 10: (0.95944 + 0.59652) / 2.
  EXPECT_NEAR(Real(At(kinds, moved, "resolution")), 0.77798, 5e-5);

  ViewQuery query{.view = "calibration", .client = "Alpen"};
  query.extra["rows"] = "outcomes";
  const View each = Get(query);
  ASSERT_EQ(each.rows.size(), 3u);
  const auto measured = std::get<Estimated>(At(each, "Alpen/p-1/reallocate", "measured"));
  EXPECT_DOUBLE_EQ(measured.value, 80);
  EXPECT_NEAR(measured.low, 80 - 16.4485, 1e-4);
  EXPECT_NEAR(measured.high, 80 + 16.4485, 1e-4);
  EXPECT_EQ(std::get<Estimated>(At(each, "Alpen/p-2/reallocate", "predicted")),
            (Estimated{100, 80, 120, 0.9}));
  EXPECT_EQ(At(each, "Alpen/p-1/reallocate", "within"), ViewCell(true));
  EXPECT_EQ(At(each, "Alpen/p-2/reallocate", "within"), ViewCell(false));
  // As it was known before the second was measured.
  query.as_of = T("2026-03-08T12:00:00Z");
  EXPECT_EQ(Get(query).rows.size(), 1u);
  // The same lines stand in the ledger.
  ViewQuery ledger{.view = "ledger", .client = "Alpen"};
  ledger.extra["event"] = "measured";
  const View lines = Get(ledger);
  ASSERT_EQ(lines.rows.size(), 3u);
  EXPECT_EQ(Text(lines, lines.rows[0].key, "what"), "revenue by one series");
  EXPECT_EQ(Text(lines, lines.rows[0].key, "subject"), "p-3") << "newest first";
}

TEST_F(Numbers, AttributionPutsTheThreeTruthsBesideEachOther) {
  names_["1"] = "Alpen | search | Spring";
  Make();
  ASSERT_TRUE(SaveLift(home_->store(), {"t-1", "Alpen", "google_ads/search", D("2026-02-01"),
                                        D("2026-02-14"), 300, 50, 100}));
  ViewQuery query = Week("attribution");
  query.client = "Alpen";
  const View before = Get(query);
  EXPECT_DOUBLE_EQ(Real(At(before, kC1, "claimed_conversions")), 5);
  EXPECT_EQ(Text(before, kC1, "claimed_value"), "500.00 EUR");
  EXPECT_DOUBLE_EQ(Real(At(before, kC1, "claimed_roas")), 500.0 / 150);
  EXPECT_EQ(Text(before, kC1, "observed_conversions"), "–") << "no events are kept: not 0";
  EXPECT_EQ(Text(before, kC1, "observed_roas"), "–");
  // 300 of revenue by 100 of spend, with 1.6449 errors of 50 either side.
  const auto lift = std::get<Estimated>(At(before, kC1, "incremental_roas"));
  EXPECT_DOUBLE_EQ(lift.value, 3);
  EXPECT_NEAR(lift.low, 3 - 0.822427, 1e-6);
  EXPECT_NEAR(lift.high, 3 + 0.822427, 1e-6);
  EXPECT_EQ(Text(before, kC1, "incremental_from"), "t-1, 2026-02-01 to 2026-02-14");
  EXPECT_EQ(Text(before, kC3, "incremental_roas"), "–");

  auto events = EventStore::Open(EventStore::PathIn(home_->folder()));
  ASSERT_TRUE(events) << events.error().what;
  int number = 0;
  const auto tell = [&](const char* name, const char* at, const char* visitor, const char* campaign,
                        const char* click, const char* click_id, std::optional<Money> value) {
    TrackedEvent event{"shop", "Alpen", name, "e" + std::to_string(++number), "tag", T(at)};
    event.visitor = visitor;
    event.consent = true;
    if (campaign != nullptr) event.utm["utm_id"] = campaign;
    if (click != nullptr) event.click_ids[click] = click_id;
    event.value = value;
    const auto stored = (*events)->Append({event});
    ASSERT_TRUE(stored) << stored.error().what;
  };
  // Anna came by Google, then by Meta, and bought for 50: both can claim her. Ben came by Google
  // and bought for 70. Cleo bought for 30 and came from nowhere that is known.
  tell("page_view", "2026-03-04T10:00:00Z", "anna", "1", "gclid", "g1", std::nullopt);
  tell("page_view", "2026-03-05T10:00:00Z", "anna", "3", "fbclid", "f1", std::nullopt);
  tell("purchase", "2026-03-05T11:00:00Z", "anna", nullptr, nullptr, nullptr, Eur(50));
  tell("page_view", "2026-03-06T10:00:00Z", "ben", "1", "gclid", "g2", std::nullopt);
  tell("purchase", "2026-03-06T11:00:00Z", "ben", nullptr, nullptr, nullptr, Eur(70));
  tell("purchase", "2026-03-07T11:00:00Z", "cleo", nullptr, nullptr, nullptr, Eur(30));
  events->reset();
  const View last = Get(query);
  EXPECT_DOUBLE_EQ(Real(At(last, kC1, "observed_conversions")), 1);
  EXPECT_EQ(Text(last, kC1, "observed_value"), "70.00 EUR");
  EXPECT_DOUBLE_EQ(Real(At(last, kC1, "observed_roas")), 70.0 / 150);
  EXPECT_EQ(Text(last, kC3, "observed_value"), "50.00 EUR");
  EXPECT_DOUBLE_EQ(Real(At(last, kC3, "observed_roas")), 50.0 / 70);
  query.extra["model"] = "first";
  const View first = Get(query);
  EXPECT_EQ(Text(first, kC1, "observed_value"), "120.00 EUR");
  EXPECT_DOUBLE_EQ(Real(At(first, kC3, "observed_conversions")), 0);
  query.extra["model"] = "linear";
  EXPECT_EQ(Text(Get(query), kC1, "observed_value"), "95.00 EUR");  // 25 + 70

  ViewQuery both = Week("overlap");
  both.client = "Alpen";
  const View overlap = Get(both);
  ASSERT_EQ(overlap.rows.size(), 1u);
  EXPECT_EQ(Count(overlap.rows[0].cells[*overlap.Find("platforms")]), 2);
  EXPECT_EQ(Count(overlap.rows[0].cells[*overlap.Find("orders")]), 1);
  EXPECT_EQ(overlap.rows[0].cells[*overlap.Find("value")], ViewCell(Eur(50)));
  // One of the three that were observed.
  EXPECT_DOUBLE_EQ(Real(overlap.rows[0].cells[*overlap.Find("share")]), 1.0 / 3);
}

TEST_F(Numbers, ExperimentsShowTheirDesign) {
  Make();
  Experiment e;
  e.id = "spring/headline";
  e.client = "Alpen";
  e.name = "Headline";
  e.hypothesis = "A short one is clicked more";
  e.kpi = "ctr";
  e.arms = {{"long", {"spring/search/g/a"}, {}, 6'000},
            {"short", {"spring/search/g/b"}, {}, 4'000}};
  e.start = D("2026-03-01");
  e.end = D("2026-03-28");
  e.mde_relative = 0.1;
  e.power = 0.8;
  e.sample_per_arm = 14'745;
  e.status = "running";
  ASSERT_TRUE(home_->store().SaveExperiment(e));
  const View view = Get({.view = "experiments"});
  const std::string key = "experiment/Alpen/spring/headline";
  EXPECT_EQ(Text(view, key, "arms"), "long (60 %), short (40 %)");
  EXPECT_EQ(Count(At(view, key, "sample_per_arm")), 14'745);
  EXPECT_DOUBLE_EQ(Real(At(view, key, "mde")), 0.1);
  EXPECT_DOUBLE_EQ(Real(At(view, key, "power")), 0.8);
  EXPECT_EQ(Text(view, key, "end"), "2026-03-28");
  EXPECT_EQ(Text(view, key, "measured"), "–") << "nothing was measured: not 0";
  EXPECT_EQ(RowOf(view, key)->tone, "watch");
  ViewQuery other{.view = "experiments"};
  other.clients = {"Nippon"};
  EXPECT_TRUE(Get(other).rows.empty());
}

TEST_F(Numbers, AccessCountsDaysAndCalls) {
  Make();
  Write("connections.yaml",
        "maxopt: connections/1\naccounts:\n"
        "  - client: Alpen\n    platform: meta\n    id: \"222\"\n    calls_per_day: 2400\n"
        "    settings: {page_id: \"1\", token_expires_on: \"2026-03-20\"}\n"
        "    secrets: {access_token: t}\n"
        "  - client: Nippon\n    platform: tiktok\n    id: \"333\"\n    calls_per_day: 800\n"
        "    settings: {token_expires_on: \"2026-03-09\"}\n    secrets: {access_token: t}\n");
  ASSERT_TRUE(CountCalls(home_->store(), "meta/222", T("2026-03-10T08:00:00Z"), 500));
  ASSERT_TRUE(CountCalls(home_->store(), "meta/222", T("2026-03-10T11:59:59Z"), 70));
  ASSERT_TRUE(CountCalls(home_->store(), "meta/222", T("2026-03-10T12:00:00Z"), 30));
  ASSERT_TRUE(CountCalls(home_->store(), "meta/222", T("2026-03-09T23:59:59Z"), 999));
  const View view = Get({.view = "tokens"});
  ASSERT_EQ(view.rows.size(), 2u);
  // 500 + 70 + 30 since midnight UTC, 30 of them in the hour that began at noon; an hour has an
  // eighth of the day.
  EXPECT_EQ(Count(At(view, "meta/222", "calls_today")), 600);
  EXPECT_DOUBLE_EQ(Real(At(view, "meta/222", "day_used")), 0.25);
  EXPECT_EQ(Count(At(view, "meta/222", "calls_this_hour")), 30);
  EXPECT_EQ(Count(At(view, "meta/222", "calls_per_hour")), 300);
  EXPECT_DOUBLE_EQ(Real(At(view, "meta/222", "hour_used")), 0.1);
  EXPECT_EQ(Count(At(view, "meta/222", "days_left")), 10);
  EXPECT_EQ(Count(At(view, "tiktok/333", "days_left")), -1);
  EXPECT_EQ(RowOf(view, "tiktok/333")->tone, "bad") << "its token ended yesterday";
  EXPECT_EQ(Count(At(view, "tiktok/333", "calls_today")), 0) << "none were made, which is known";
  ViewQuery one{.view = "tokens"};
  one.clients = {"Nippon"};
  EXPECT_EQ(Get(one).rows.size(), 1u);
}

TEST_F(Numbers, SunsetsCountToTheDay) {
  Make();
  Write("connections.yaml",
        "maxopt: connections/1\naccounts:\n  - client: Alpen\n    platform: google_ads\n"
        "    id: \"111\"\n    version: v20\n    secrets: {client_id: a, client_secret: b, "
        "refresh_token: c}\n");
  // specs/google_ads.yaml: v20 ends on 2026-06-10: 92 days after 10 March.
  const View view = Get({.view = "sunsets"});
  EXPECT_EQ(Text(view, "google_ads/v20", "day"), "2026-06-10");
  EXPECT_EQ(Count(At(view, "google_ads/v20", "days_left")), 92);
  EXPECT_EQ(At(view, "google_ads/v20", "in_use"), ViewCell(true));
  EXPECT_EQ(At(view, "google_ads/v21", "in_use"), ViewCell(false));
  EXPECT_EQ(RowOf(view, "google_ads/v20")->tone, "");
  clock_->AdvanceTo(T("2026-03-12T12:00:00Z"));
  EXPECT_EQ(RowOf(Get({.view = "sunsets"}), "google_ads/v20")->tone, "watch") << "90 days";
  clock_->AdvanceTo(T("2026-06-11T12:00:00Z"));
  EXPECT_EQ(RowOf(Get({.view = "sunsets"}), "google_ads/v20")->tone, "bad");
}

TEST_F(Numbers, PolicyShowsWhatItsFileSays) {
  Make();
  Write("policy.yaml",
        "maxopt: policy/1\nclient: Alpen\ncurrency: EUR\nworst_day_cap: 100.00\n"
        "platform_caps: {google_ads: 60.00}\nstep_max_percent: 12\ncooldown_hours: 20\n"
        "data_age_max_hours: 36\napproval_hours: 24\ntwo_people: true\n"
        "exposure_drift_percent: 10\ntripwire_percent: 300\nearned_autonomy: true\nmode: "
        "recommend\nauto_approve: [pause]\nenvelope:\n  per_day: 60.50\n"
        "blocked_operations: [remove]\n");
  const View view = Get({.view = "policy"});
  ASSERT_FALSE(view.rows.empty()) << (view.notes.empty() ? "" : view.notes[0]);
  EXPECT_EQ(Text(view, "Alpen/worst_day_cap", "money"), "100.00 EUR");
  EXPECT_EQ(Text(view, "Alpen/platform_caps.google_ads", "money"), "60.00 EUR");
  EXPECT_EQ(Text(view, "Alpen/step_max_percent", "value"), "12 %");
  EXPECT_EQ(Text(view, "Alpen/cooldown_hours", "value"), "20 h");
  EXPECT_EQ(Text(view, "Alpen/mode", "value"), "recommend");
  EXPECT_EQ(Text(view, "Alpen/auto_approve", "value"), "pause");
  EXPECT_EQ(Text(view, "Alpen/blocked_operations", "value"), "remove");
  EXPECT_EQ(Text(view, "Alpen/envelope.per_day", "money"), "60.50 EUR");
  EXPECT_EQ(Text(view, "Alpen/envelope.per_change", "money"), "–") << "not said: no limit of 0";
  EXPECT_NE(std::ranges::find(view.notes, "Nippon has no policy: nothing is written for it."),
            view.notes.end());
}

TEST_F(Numbers, DocumentsAndChecklistsAsTheyWereKept) {
  Make();
  const std::string brief =
      "maxopt: brief/1\nclient: Alpen\ncampaign: Spring\nobjective: sales\n"
      "landing_url: https://alpen.example/\ncurrency: EUR\nstart: 2026-03-01\nend: 2026-03-31\n"
      "total_budget: 3100.00\n";
  ASSERT_TRUE(home_->store().SaveDocument(
      {"Alpen", "setup", "spring/brief.yaml", "abc", T("2026-03-01T00:00:00Z")}));
  ASSERT_TRUE(home_->store().SaveDocument(
      {"Alpen", "setup", "spring/brief.yaml", brief, T("2026-03-02T00:00:00Z")}));
  const View documents = Get({.view = "documents", .client = "Alpen"});
  ASSERT_EQ(documents.rows.size(), 2u);
  const std::string first = "Alpen/setup/spring/brief.yaml/1",
                    second = "Alpen/setup/spring/brief.yaml/2";
  EXPECT_EQ(Count(At(documents, first, "bytes")), 3);
  // The test vector of FIPS 180-2 for "abc".
  EXPECT_EQ(Text(documents, first, "sha256"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(At(documents, first, "newest"), ViewCell(false));
  EXPECT_EQ(At(documents, second, "newest"), ViewCell(true));
  EXPECT_EQ(Count(At(documents, second, "bytes")), static_cast<std::int64_t>(brief.size()));
  EXPECT_EQ(Text(documents, second, "campaign"), "spring");

  for (const auto& [at, score] :
       {std::pair("2026-03-03T00:00:00Z", 40), {"2026-03-04T00:00:00Z", 75}}) {
    ASSERT_TRUE(home_->store().SaveChecklist(
        {"Alpen", "spring", "plan", T(at), score,
         R"({"results":[{"check":"budget","family":"money","severity":"error","status":"fail",)"
         R"("evidence":"3100 of 3000","fix":"lower it"},{"check":"dates","status":"pass"}]})"}));
  }
  const View checks = Get({.view = "checklists", .client = "Alpen"});
  ASSERT_EQ(checks.rows.size(), 3u) << "the newest run and its two checks";
  const std::string run = "Alpen/spring/plan/2026-03-04T00:00:00Z";
  EXPECT_EQ(Count(At(checks, run, "score")), 75);
  EXPECT_EQ(Text(checks, run + "/1", "evidence"), "3100 of 3000");
  EXPECT_EQ(RowOf(checks, run + "/1")->tone, "bad");
  EXPECT_EQ(RowOf(checks, run + "/2")->tone, "good");
  EXPECT_EQ(RowOf(checks, run + "/2")->parent, run);
}

TEST_F(Numbers, JobsSayWhenTheyRunNextAndHowOftenTheyFailed) {
  Make();
  JobSpec spec;
  spec.key = "collect_day google_ads/111";
  spec.kind = "collect_day";
  spec.client = "Alpen";
  spec.account = "google_ads/111";
  spec.schedule = "0 6 * * *";
  spec.zone = "UTC";
  spec.rules.retry = std::chrono::seconds(600);
  JobSpec home = spec;
  home.key = home.kind = "backup";
  home.client = home.account = "";
  ASSERT_TRUE(SaveJobs(home_->store(), {spec, home}, T("2026-03-10T06:00:00Z")));
  const auto leased =
      LeaseJob(home_->store(), spec.key, "w", T("2026-03-10T06:00:00Z"), T("2026-03-10T06:30:00Z"));
  ASSERT_TRUE(leased && *leased);
  JobEnd end;
  end.outcome = JobEnd::Outcome::kFailed;
  end.detail = "no answer";
  end.at = T("2026-03-10T06:05:00Z");
  ASSERT_TRUE(FinishJob(home_->store(), **leased, spec.rules, end));
  const View view = Get({.view = "jobs"});
  ASSERT_EQ(view.rows.size(), 2u);
  EXPECT_EQ(Count(At(view, spec.key, "failures")), 1);
  EXPECT_EQ(Text(view, spec.key, "outcome"), "failed");
  EXPECT_EQ(Text(view, spec.key, "detail"), "no answer");
  EXPECT_EQ(Text(view, spec.key, "ended_at"), "2026-03-10T06:05:00Z");
  EXPECT_EQ(Text(view, spec.key, "succeeded_at"), "–");
  // 600 s later, 20 % either way.
  const auto next = std::get<Instant>(At(view, spec.key, "runs_at"));
  EXPECT_GE(next, end.at + std::chrono::seconds(480));
  EXPECT_LE(next, end.at + std::chrono::seconds(720));
  // Jobs of the whole home are for who may see all.
  ViewQuery one{.view = "jobs"};
  one.clients = {"Alpen"};
  const View own = Get(one);
  ASSERT_EQ(own.rows.size(), 1u);
  EXPECT_EQ(own.rows[0].key, spec.key);
}

TEST_F(Numbers, SignalsMessagesAndReportsAsTheyWereKept) {
  Make();
  SignalHealth signal;
  signal.client = "Alpen";
  signal.name = "purchase";
  signal.state = SignalState::kDegraded;
  signal.since = T("2026-03-09T00:00:00Z");
  signal.seen_at = T("2026-03-10T09:00:00Z");
  signal.why = "half as many as usual";
  signal.evidence = {"12 of 24."};
  signal.accounts = {kGoogle};
  ASSERT_TRUE(SaveSignals(home_->store(), {signal}));
  const View tracking = Get({.view = "tracking", .client = "Alpen"});
  ASSERT_EQ(tracking.rows.size(), 1u);
  EXPECT_EQ(Text(tracking, "Alpen/purchase", "state"), "degraded");
  EXPECT_EQ(Text(tracking, "Alpen/purchase", "evidence"), "12 of 24.");
  EXPECT_EQ(Text(tracking, "Alpen/purchase", "accounts"), "google_ads/111");
  EXPECT_EQ(RowOf(tracking, "Alpen/purchase")->tone, "watch");

  for (const char* to : {"maya", "zara"}) {
    Message message;
    message.client = "Alpen";
    message.to = to;
    message.kind = "insight";
    message.title = "For " + std::string(to);
    message.json = "{}";
    message.markdown = "**Text**";
    message.created_at = T("2026-03-10T09:00:00Z");
    ASSERT_TRUE(home_->store().SaveMessage(message));
  }
  EXPECT_EQ(Get({.view = "messages"}).rows.size(), 2u);
  ViewQuery hers{.view = "messages"};
  hers.extra["to"] = "zara";
  const View one = Get(hers);
  ASSERT_EQ(one.rows.size(), 1u);
  EXPECT_EQ(Text(one, one.rows[0].key, "title"), "For zara");
  EXPECT_EQ(Text(one, one.rows[0].key, "text"), "**Text**");

  ReportEntry report;
  report.id = "r-20260310-0001";
  report.client = "Alpen";
  report.kind = "performance";
  report.audience = "client";
  report.language = "en";
  report.title = "Week";
  report.from = D("2026-03-02");
  report.to = D("2026-03-08");
  report.as_of = report.made_at = T("2026-03-10T08:00:00Z");
  report.by = "zara";
  report.software = "1";
  report.hash = std::string(64, 'a');
  ASSERT_TRUE(SaveReport(home_->store(), report));
  const View reports = Get({.view = "reports"});
  ASSERT_EQ(reports.rows.size(), 1u);
  EXPECT_EQ(Text(reports, report.id, "from"), "2026-03-02");
  EXPECT_EQ(Text(reports, report.id, "hash"), report.hash);
  EXPECT_EQ(reports.rows[0].link, "report:" + report.id);
  ViewQuery before{.view = "reports"};
  before.as_of = T("2026-03-10T07:59:59Z");
  EXPECT_TRUE(Get(before).rows.empty());
}

TEST_F(Numbers, PaceIsSpendAndTimeOfTheMonth) {
  Make();
  Sighting seen;
  seen.account = kMeta;
  seen.campaign_id = "3";
  seen.name = "Campaign 3";
  seen.state = "delivers";
  seen.daily_budget = Eur(40);
  const AccountInfo info{kMeta, "Alpen Meta", kEur, "Europe/Berlin", "active"};
  ASSERT_TRUE(SeeCampaigns(home_->store(), info, {seen}, T("2026-03-10T11:00:00Z")));
  const View view = Get({.view = "pacing", .client = "Alpen"});
  ASSERT_EQ(view.rows.size(), 1u) << "campaigns whose budget nobody saw have no pace";
  // Without an end the calendar month counts: 31 days of 40, nine of them gone, today is one of
  // the 22 that are left; 70 were spent.
  EXPECT_EQ(At(view, kC3, "month"), ViewCell(true));
  EXPECT_EQ(Text(view, kC3, "first"), "2026-03-01");
  EXPECT_EQ(Text(view, kC3, "last"), "2026-03-31");
  EXPECT_EQ(Count(At(view, kC3, "days_left")), 22);
  EXPECT_DOUBLE_EQ(Real(At(view, kC3, "time_share")), 9.0 / 31);
  EXPECT_EQ(Text(view, kC3, "plan"), "1240.00 EUR");
  EXPECT_EQ(Text(view, kC3, "spent"), "70.00 EUR");
  EXPECT_DOUBLE_EQ(Real(At(view, kC3, "spent_share")), 70.0 / 1240);
  // Where it lands is no less than what it spent, and its interval holds its median.
  const auto* low = std::get_if<Money>(&view.rows[0].cells[*view.Find("landing_low")]);
  const auto* median = std::get_if<Money>(&view.rows[0].cells[*view.Find("landing")]);
  const auto* high = std::get_if<Money>(&view.rows[0].cells[*view.Find("landing_high")]);
  if (median != nullptr) {
    EXPECT_LE(Eur(70), *low);
    EXPECT_LE(*low, *median);
    EXPECT_LE(*median, *high);
  }
  ViewQuery then{.view = "pacing", .client = "Alpen"};
  then.as_of = T("2026-03-09T00:00:00Z");
  EXPECT_NE(Error(then).find("known now"), std::string::npos);
}

TEST_F(Numbers, MarginalReturnsNeedBooks) {
  Make();
  const View view = Get({.view = "marginals", .client = "Alpen"});
  EXPECT_TRUE(view.rows.empty()) << "no returns are told, which is not that they are 0";
  ASSERT_FALSE(view.notes.empty());
  EXPECT_NE(view.notes[0].find("not known"), std::string::npos);
}

TEST_F(Numbers, SegmentsAreJudgedAgainstTheirLike) {
  Account(kMeta, "Alpen", kEur, "Alpen Meta");
  // Three campaigns spend 1,000 each; one sells four times as often as the others.
  // Segments are searched down to the ads.
  std::vector<MetricRow> ads = {Row("2026-03-05", "3", Eur(1'000), 100'000, 2'000, 200, Eur(8'000)),
                                Row("2026-03-05", "4", Eur(1'000), 100'000, 2'000, 50, Eur(2'000)),
                                Row("2026-03-05", "5", Eur(1'000), 100'000, 2'000, 50, Eur(2'000))};
  for (MetricRow& ad : ads) {
    ad.ad_group_id = ad.campaign_id + "0";
    ad.ad_id = ad.campaign_id + "00";
  }
  Load(kMeta, kEur, "2026-03-02", "2026-03-05", ads, "2026-03-10T10:30:00Z", Breakdown::kNone,
       Level::kAd);
  const View view = Get({.view = "segments", .client = "Alpen"});
  int found = 0;
  for (const ViewRow& row : view.rows) {
    const auto cell = [&](const char* column) { return row.cells[*view.Find(column)]; };
    if (cell("cut") != ViewCell(std::string("campaign"))) continue;
    const std::string name = std::get<std::string>(cell("name"));
    if (!name.ends_with("Campaign 3")) continue;
    ++found;
    EXPECT_EQ(cell("verdict"), ViewCell(std::string("above")));
    EXPECT_EQ(cell("currency"), ViewCell(std::string("EUR")));
    // The others: 100 of 2,000, with one more at the price of all, 3,000 / 300.
    EXPECT_NEAR(Real(cell("reference")), 101.0 / 2'010, 1e-12);
    // Pulled a little towards them from 200 / 1,000.
    const auto rate = std::get<Estimated>(cell("rate"));
    EXPECT_GT(rate.value, 0.15);
    EXPECT_LT(rate.value, 0.2);
    EXPECT_LT(Real(cell("p_adjusted")), 1e-6);
    EXPECT_EQ(row.tone, "good");
  }
  EXPECT_EQ(found, 1) << ToJson(view);
  ViewQuery clicks{.view = "segments", .client = "Alpen"};
  clicks.extra["kpi"] = "ctr";
  EXPECT_TRUE(Get(clicks).rows.empty()) << "all are clicked alike";
}

TEST_F(Numbers, RulesAsTheirFileSaysThem) {
  Make();
  Write("rules.yaml",
        "maxopt: rules/1\nclient: Alpen\ncurrency: EUR\nlimits: {money_per_day: 200 EUR}\nrules:\n"
        "  - name: feed\n    on: campaign\n    priority: 200\n    cooldown: 3d\n"
        "    needs: [clicks 14d >= 100]\n    if:\n      all:\n        - spend 3d > 95% of budget\n"
        "        - not: roas 7d < 2\n    then: [{budget: +15%, max: 300 EUR}]\n");
  const View view = Get({.view = "rules", .client = "Alpen"});
  ASSERT_EQ(view.rows.size(), 1u);
  const std::string key = view.rows[0].key;
  EXPECT_EQ(Text(view, key, "name"), "feed");
  EXPECT_EQ(Text(view, key, "level"), "campaign");
  EXPECT_EQ(Count(At(view, key, "priority")), 200);
  EXPECT_EQ(Count(At(view, key, "cooldown_hours")), 72);
  EXPECT_EQ(Text(view, key, "needs"), "clicks 14d >= 100");
  EXPECT_EQ(Count(At(view, key, "line")), 6);
  const std::string what = Text(view, key, "what");
  for (const char* part : {"spend 3d > 95% of budget", "not roas 7d < 2", "+15 %", "300.00 EUR"}) {
    EXPECT_NE(what.find(part), std::string::npos) << what;
  }
  // A file that somebody is writing is told of, and the page goes on.
  Write("rules.yaml", "maxopt: rules/1\nclient: Alpen\n  nonsense");
  const View broken = Get({.view = "rules", .client = "Alpen"});
  EXPECT_TRUE(broken.rows.empty());
  ASSERT_FALSE(broken.notes.empty());
  EXPECT_NE(broken.notes[0].find("rules.yaml"), std::string::npos);
}

}  // namespace
}  // namespace maxopt
