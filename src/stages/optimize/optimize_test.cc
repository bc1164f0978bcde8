#include "stages/optimize/optimize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "memory/campaigns/signals.h"
#include "stages/optimize/steering.h"

namespace maxopt {
namespace {

using std::chrono::days;

const AccountId kGoogle{Platform::kGoogleAds, "1"};
const AccountId kMeta{Platform::kMeta, "2"};
const Day kToday = *ParseDay("2026-03-01");

Money Eur(double units) {
  return Money::Micros(static_cast<std::int64_t>(std::llround(units * 100)) * 10'000, kEur);
}

/// An account with one active campaign and nothing else.
class OneCampaign final : public PlatformReader {
 public:
  OneCampaign(AccountId account, std::string id, std::string name, Money budget)
      : account_(std::move(account)), capabilities_{} {
    capabilities_.platform = account_.platform;
    capabilities_.minor_units = MinorUnits::kIso4217;
    entity_ = {
        Level::kCampaign,
        std::move(id),
        "",
        "",
        {{"name", std::move(name)}, {"status", std::string(kActive)}, {"daily_budget", budget}}};
  }
  const Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline) override {
    return std::vector<AccountInfo>{};
  }
  Result<AccountTree> ReadAccount(const AccountId&, http::Deadline) override {
    const Currency currency = std::get<Money>(entity_.fields.at("daily_budget")).currency();
    return AccountTree{{account_, "n", currency, "UTC", "active"}, {entity_}};
  }
  Result<MetricReport> ReadMetrics(const MetricQuery& q, http::Deadline) override {
    return MetricReport{q, "", {}, true, ""};
  }
  Result<std::vector<Entity>> Find(const FindQuery&, http::Deadline) override {
    return std::vector<Entity>{entity_};
  }
  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery&, http::Deadline) override {
    return std::vector<HistoryEvent>{};
  }

 private:
  AccountId account_;
  Capabilities capabilities_;
  Entity entity_;
};

class RecommendTest : public testing::Test {
 protected:
  RecommendTest() {
    EXPECT_TRUE(store_->SaveClient({"A", kEur, "UTC"}));
    EXPECT_TRUE(store_->SaveAccount({"A", {kGoogle, "g", kEur, "UTC", "active"}}));
    EXPECT_TRUE(store_->SaveAccount({"A", {kMeta, "m", kEur, "UTC", "active"}}));
  }

  /// A year in which "good" earns 6 per unit of spend and "claimer" nothing, though it claims 9.
  void LoadYear(int skip_order_day = -1) {
    std::mt19937_64 engine(4);
    const auto uniform = [&] { return static_cast<double>(engine() >> 11) * 0x1.0p-53; };
    const int length = 240;
    MetricReport good{{kGoogle, Level::kCampaign, Grain::kDay, Breakdown::kNone,
                       kToday - days(length), kToday - days(1)},
                      "30d_click",
                      {},
                      true,
                      ""};
    MetricReport claimer = good;
    claimer.query.account = kMeta;
    std::vector<KpiRow> kpi;
    double level[2] = {100, 100};
    for (int t = 0; t < length; ++t) {
      const Day day = kToday - days(length - t);
      if (t % 10 == 0) level[0] = 50 + 100 * uniform();
      if (t % 10 == 5) level[1] = 50 + 100 * uniform();
      if (t >= length - 7) level[0] = level[1] = 100;
      const auto row = [&](const char* id, Money spend, Money claimed) {
        MetricRow r{day, std::nullopt, id, "", "", "", spend, 1000, 10, 5.0, claimed, {}};
        return r;
      };
      good.rows.push_back(row("11", Eur(level[0]), Eur(2 * level[0])));
      claimer.rows.push_back(row("22", OfMeta(level[1]), OfMeta(9 * level[1])));
      const double revenue = 2'000 + 6 * 300 * level[0] / (level[0] + 300) + 60 * uniform();
      if (t != skip_order_day) kpi.push_back({"A", day, kEur, 20, Eur(revenue)});
    }
    const Instant now = clock_.Now();
    for (const MetricReport* report : {&good, &claimer}) {
      const auto loaded = facts_->Load(*report, now, "test");
      ASSERT_TRUE(loaded) << loaded.error().what;
    }
    ASSERT_TRUE(facts_->LoadEntities(
        {kGoogle, "g", kEur, "UTC", "active"},
        {{Level::kCampaign, "11", "", "", {{"name", std::string("A | good | x")}}}}, now));
    ASSERT_TRUE(facts_->LoadEntities(
        {kMeta, "m", meta_currency_, "UTC", "active"},
        {{Level::kCampaign, "22", "", "", {{"name", std::string("A | claimer | x")}}}}, now));
    const auto orders = facts_->LoadKpi(kpi, now, "test");
    ASSERT_TRUE(orders) << orders.error().what;
  }

  OptimizeWorld World() {
    return {store_.get(), facts_.get(), &clock_,
            [this](const AccountId& account) -> Result<std::shared_ptr<PlatformReader>> {
              if (account == kGoogle) {
                return std::make_shared<OneCampaign>(account, "11", "A | good | x", Eur(100));
              }
              return std::make_shared<OneCampaign>(account, "22", "A | claimer | x", OfMeta(100));
            },
            [](std::string_view name) {
              return std::string(name.find("good") != std::string_view::npos ? "good" : "claimer");
            }};
  }

  /// Meta's account is kept in another currency, `each` units of which are worth a euro.
  void MetaIn(Currency currency, double each) {
    meta_currency_ = currency;
    meta_per_euro_ = each;
    ASSERT_TRUE(store_->SaveAccount({"A", {kMeta, "m", currency, "UTC", "active"}}));
  }
  Money OfMeta(double euros) const {
    const Money cents = Eur(euros * meta_per_euro_);
    return *FloorToMinor(Money::Micros(cents.micros(), meta_currency_), MinorUnits::kIso4217);
  }
  void Rate(const char* day, Currency from, Currency to, const std::string& rate) {
    const auto loaded =
        facts_->LoadFx({{*ParseDay(day), from, to, rate}}, clock_.Now(), "bank.csv");
    ASSERT_TRUE(loaded) << loaded.error().what;
  }
  static Money To(const Recommendation& of, const std::string& id) {
    for (const Change& change : of.plan->changes) {
      if (change.id == id) return std::get<Money>(change.after.at("daily_budget"));
    }
    return Eur(0);
  }

  Currency meta_currency_ = kEur;
  double meta_per_euro_ = 1;
  VirtualClock clock_{Zone::Utc().Begin(kToday) + std::chrono::hours(6)};
  std::unique_ptr<CampaignStore> store_ = std::move(*CampaignStore::Open(":memory:"));
  std::unique_ptr<FactStore> facts_ = std::move(*FactStore::Open(":memory:"));
  Policy policy_{"A", kEur, Money::Micros(1'000'000'000, kEur), {}, 1'500, 20, 36, {}};
  RecommendOptions options_{.response = {.seed = 1, .warm_up = 100, .sweeps = 400, .draws = 100}};
};

// failures.md F35: what is not counted looks like what does not convert.
TEST_F(RecommendTest, F35HoldsWhileATrackingSignalIsBroken) {
  LoadYear();
  SignalHealth signal;
  signal.client = "A";
  signal.name = "conversions google_ads/g";
  signal.state = SignalState::kBroken;
  signal.since = signal.seen_at = clock_.Now();
  signal.why = "conversions of every campaign fell to 0 % at once";
  ASSERT_TRUE(SaveSignals(*store_, {signal}));
  const auto held = Recommend(World(), "A", &policy_, options_);
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code, Errc::kRefused);
  EXPECT_NE(held.error().what.find("hold: the signal \"conversions google_ads/g\" is broken"),
            std::string::npos)
      << held.error().what;
  EXPECT_NE(held.error().what.find(signal.why), std::string::npos);
  // Another client's signal, and one that is only degraded, hold nothing.
  signal.state = SignalState::kDegraded;
  SignalHealth other = signal;
  other.client = "B";
  other.state = SignalState::kBroken;
  ASSERT_TRUE(SaveSignals(*store_, {signal, other}));
  const auto free = Recommend(World(), "A", &policy_, options_);
  EXPECT_TRUE(free) << free.error().what;
}

TEST_F(RecommendTest, MovesMoneyToWhatEarnsNotToWhatClaims) {
  LoadYear();
  const auto got = Recommend(World(), "A", &policy_, options_);
  ASSERT_TRUE(got) << got.error().what;
  ASSERT_TRUE(got->plan) << got->why;
  ASSERT_EQ(got->plan->changes.size(), 2u);
  Money sum = Eur(0);
  for (const Change& change : got->plan->changes) {
    const Money to = std::get<Money>(change.after.at("daily_budget"));
    // The policy allows 15 %; good goes up and claimer down, to the cent as much.
    EXPECT_EQ(std::get<Money>(change.before.at("daily_budget")), Eur(100));
    EXPECT_GT(change.id == "11" ? to : Eur(200) - to, Eur(102)) << got->why;
    EXPECT_LE(change.id == "11" ? to : Eur(200) - to, Eur(115)) << got->why;
    sum += to;
    EXPECT_TRUE(change.prediction);
    EXPECT_EQ(change.reason, Reason::kReallocate);
  }
  EXPECT_EQ(sum, Eur(200));
  EXPECT_GE(got->confidence, 0.8) << got->why;
  EXPECT_GT(got->gain.mean, 0);
}

// The same year as above, but that Meta is paid for in francs: 0.80 of them are a euro, so its 80
// CHF are the 100 EUR that they were.
TEST_F(RecommendTest, AccountsInSeveralCurrenciesAreComparedInTheClients) {
  const Currency chf = *FindCurrency("CHF");
  MetaIn(chf, 0.8);
  LoadYear();
  Rate("2026-02-27", chf, kEur, "1.25");
  const auto got = Recommend(World(), "A", &policy_, options_);
  ASSERT_TRUE(got) << got.error().what;
  ASSERT_TRUE(got->plan) << got->why;
  ASSERT_EQ(got->channels.size(), 2u);
  const ChannelView& good = got->channels[0];
  const ChannelView& claimer = got->channels[1];
  EXPECT_EQ(good.id, "google_ads/good");
  EXPECT_EQ(claimer.id, "meta/claimer CHF");
  EXPECT_EQ(claimer.budget, *ParseMoney("80", chf));
  EXPECT_EQ(claimer.spend_per_day, *ParseMoney("80", chf));
  EXPECT_EQ(claimer.rate, 1.25);
  EXPECT_NEAR(claimer.claimed_roas, 9, 0.01);
  // 15 % at the most: 115 EUR, and 68 CHF at the least.
  EXPECT_GT(good.proposed, Eur(102));
  EXPECT_LE(good.proposed, Eur(115));
  EXPECT_GE(claimer.proposed, *ParseMoney("68", chf));
  EXPECT_LT(claimer.proposed, *ParseMoney("78.4", chf));
  EXPECT_EQ(claimer.proposed.micros() % 10'000, 0);
  // Plans carry the account's currency.
  EXPECT_EQ(To(*got, "11"), good.proposed);
  EXPECT_EQ(To(*got, "22"), claimer.proposed);
  // In euros: 200, and no more; what is left does not buy a centime, which is 0.0125 EUR.
  EXPECT_EQ(got->currency, kEur);
  EXPECT_EQ(got->budget_total, Eur(200));
  EXPECT_EQ(got->proposed_total,
            good.proposed + Money::Micros(claimer.proposed.micros() / 4 * 5, kEur));
  EXPECT_LE(got->proposed_total, Eur(200));
  EXPECT_GT(got->proposed_total, Eur(200) - Money::Micros(12'500, kEur));
  ASSERT_FALSE(got->notes.empty());
  EXPECT_EQ(got->notes[0],
            "amounts in CHF are converted to EUR at 1 CHF = 1.25 EUR (rate of 2026-02-27, "
            "bank.csv)");
  EXPECT_EQ(got->plan->notes[0], got->notes[0]);
  EXPECT_EQ(got->notes.size(), got->proposed_total == Eur(200) ? 1u : 2u);
  // What a franc less brings is foretold in the client's euros.
  for (const Change& change : got->plan->changes) {
    if (change.id != "22") continue;
    const double delta =
        1.25 * static_cast<double>(claimer.proposed.micros() - claimer.budget.micros()) / 1e6;
    EXPECT_NEAR(change.prediction->mean, delta * claimer.marginal.mean, 1e-9);
    EXPECT_EQ(change.prediction->currency, kEur);
  }
  EXPECT_EQ(got->plan->prediction->currency, kEur);
}

TEST_F(RecommendTest, YenAreWholeAndWhatTheyLeaveIsTold) {
  MetaIn(kJpy, 160);
  LoadYear();
  Rate("2026-02-28", kEur, kJpy, "160");  // the other direction: its inverse is used
  const auto got = Recommend(World(), "A", &policy_, options_);
  ASSERT_TRUE(got) << got.error().what;
  ASSERT_TRUE(got->plan) << got->why;
  const ChannelView& claimer = got->channels[1];
  EXPECT_EQ(claimer.id, "meta/claimer JPY");
  EXPECT_EQ(claimer.budget, *ParseMoney("16000", kJpy));
  EXPECT_EQ(claimer.proposed.micros() % 1'000'000, 0);
  EXPECT_GE(claimer.proposed, *ParseMoney("13600", kJpy));
  // A yen is 0.00625 EUR; less than that is left.
  const Money left = Eur(200) - got->proposed_total;
  EXPECT_FALSE(left.negative());
  EXPECT_LT(left, Money::Micros(6'250, kEur));
  EXPECT_NE(got->notes[0].find("1 EUR = 160 JPY (rate of 2026-02-28"), std::string::npos);
}

TEST_F(RecommendTest, RatesThatAreMissingOldOrContradictoryAreSaid) {
  const Currency chf = *FindCurrency("CHF");
  MetaIn(chf, 0.8);
  LoadYear();
  const auto missing = Recommend(World(), "A", &policy_, options_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::kRefused);
  EXPECT_NE(missing.error().what.find("account meta/2 is in CHF, client \"A\" in EUR: there is no "
                                      "rate from CHF to EUR of 2026-03-01 or before it"),
            std::string::npos)
      << missing.error().what;
  EXPECT_NE(missing.error().what.find("2026-03-01,CHF,EUR,1.05"), std::string::npos);
  Rate("2026-02-20", chf, kEur, "1.25");
  policy_.rate_age_max_days = 9;
  EXPECT_EQ(Recommend(World(), "A", &policy_, options_)->notes[0].find("days old"),
            std::string::npos);
  policy_.rate_age_max_days = 8;
  EXPECT_NE(Recommend(World(), "A", &policy_, options_)
                ->notes[0]
                .find("it is 9 days old, more than the 8 that are allowed"),
            std::string::npos);
}

// A shop that sells in francs as well; a day has both.
TEST_F(RecommendTest, OrdersInAnotherCurrencyAreConverted) {
  LoadYear();
  const Currency chf = *FindCurrency("CHF");
  const auto alone = ReadClientHistory(World(), {"A", kEur, "UTC"}, 420);
  ASSERT_TRUE(alone) << alone.error().what;
  std::vector<KpiRow> rows = *facts_->Kpi("A", kToday - days(240), kToday - days(1), {});
  for (std::size_t i = rows.size(); i-- > 0;) {
    rows.push_back({"A", rows[i].day, chf, 2, Money::Micros(80'000'000, chf)});
  }
  ASSERT_TRUE(facts_->LoadKpi(rows, clock_.Now(), "test"));
  const auto missing = ReadClientHistory(World(), {"A", kEur, "UTC"}, 420);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().what.find("orders are in CHF, client \"A\" is in EUR"),
            std::string::npos)
      << missing.error().what;
  Rate("2026-02-27", chf, kEur, "1.25");
  const auto both = ReadClientHistory(World(), {"A", kEur, "UTC"}, 420);
  ASSERT_TRUE(both) << both.error().what;
  EXPECT_NEAR(both->revenue[7], alone->revenue[7] + 100, 1e-9);
  EXPECT_EQ(both->exchanges.size(), 1u);
}

TEST_F(RecommendTest, TheSameFactsGiveTheSamePlan) {
  LoadYear();
  const auto one = Recommend(World(), "A", &policy_, options_);
  const auto two = Recommend(World(), "A", &policy_, options_);
  ASSERT_TRUE(one && two && one->plan && two->plan);
  EXPECT_EQ(ContentHash(*one->plan), ContentHash(*two->plan));
}

// Two clients in one currency, whose channels bear the same names: each has its own history.
TEST_F(RecommendTest, AnotherClientsCampaignsAreNoneOfOurs) {
  LoadYear();
  const auto alone = Recommend(World(), "A", &policy_, options_);
  ASSERT_TRUE(alone && alone->plan);
  const AccountId other{Platform::kGoogleAds, "b"};
  ASSERT_TRUE(store_->SaveClient({"B", kEur, "UTC"}));
  ASSERT_TRUE(store_->SaveAccount({"B", {other, "b", kEur, "UTC", "active"}}));
  MetricReport theirs{{other, Level::kCampaign, Grain::kDay, Breakdown::kNone, kToday - days(240),
                       kToday - days(1)},
                      "30d_click",
                      {},
                      true,
                      ""};
  for (int t = 0; t < 240; ++t) {
    theirs.rows.push_back({kToday - days(240 - t),
                           std::nullopt,
                           "99",
                           "",
                           "",
                           "",
                           Eur(t % 2 == 0 ? 5'000 : 100),
                           1000,
                           10,
                           5.0,
                           Eur(9'000),
                           {}});
  }
  const auto loaded = facts_->Load(theirs, clock_.Now(), "test");
  ASSERT_TRUE(loaded) << loaded.error().what;
  ASSERT_TRUE(facts_->LoadEntities(
      {other, "b", kEur, "UTC", "active"},
      {{Level::kCampaign, "99", "", "", {{"name", std::string("B | good | x")}}}}, clock_.Now()));
  const auto beside = Recommend(World(), "A", &policy_, options_);
  ASSERT_TRUE(beside && beside->plan) << (beside ? beside->why : beside.error().what);
  EXPECT_EQ(ContentHash(*beside->plan), ContentHash(*alone->plan));
}

/// A stored plan that moved the budget of "good" from 80, applied three days ago.
TEST_F(RecommendTest, BudgetsHoldUntilTheNextStepIsDue) {
  LoadYear();
  Plan plan;
  plan.client = "A";
  plan.status = PlanStatus::kGuarded;
  plan.created_at = clock_.Now() - days(3);
  Change change;
  change.account = kGoogle;
  change.id = "11";
  change.address = "campaign/11";
  change.reason = Reason::kReallocate;
  change.before = {{"daily_budget", Eur(80)}};
  change.after = {{"daily_budget", Eur(100)}};
  plan.changes = {change};
  const auto stored = store_->SavePlan(plan);
  ASSERT_TRUE(stored) << stored.error().what;
  const auto with = Recommend(World(), "A", &policy_, options_);
  EXPECT_TRUE(with && with->plan);  // proposed, but never applied
  ASSERT_TRUE(store_->ApprovePlan(stored->id, {"anna", ContentHash(*stored), clock_.Now() - days(3),
                                               clock_.Now() - days(2), std::nullopt}));
  ASSERT_TRUE(store_->UseApproval(stored->id, "anna", clock_.Now() - days(3)));
  const auto steering = ReadSteering(*store_, {"A", kEur, "UTC"});
  ASSERT_TRUE(steering);
  EXPECT_EQ(steering->first, kToday - days(3));
  EXPECT_EQ(steering->last, kToday - days(3));
  EXPECT_EQ(steering->home.at({kGoogle, "11"}), Eur(80));
  const auto held = Recommend(World(), "A", &policy_, options_);
  ASSERT_TRUE(held) << held.error().what;
  EXPECT_FALSE(held->plan);
  EXPECT_NE(held->why.find("the next step is due on 2026-03-05"), std::string::npos) << held->why;
  for (const ChannelView& view : held->channels) {
    EXPECT_EQ(view.proposed, view.budget);
    EXPECT_EQ(view.home, view.id == "google_ads/good" ? Eur(80) : Eur(100));
  }
  options_.step_days = 3;
  EXPECT_TRUE(Recommend(World(), "A", &policy_, options_)->plan);
}

TEST_F(RecommendTest, LeavesWhatAnExperimentKeepsStill) {
  LoadYear();
  ASSERT_TRUE(store_->SaveObject({"spring/claimer", kMeta, Level::kCampaign, "22", "", "", {}}));
  Experiment experiment;
  experiment.id = "spring/headline";
  experiment.client = "A";
  // The lock is on an ad group: its campaign's budget is the arm's allocation.
  ASSERT_TRUE(store_->SaveObject({"spring/claimer/arm", kMeta, Level::kAdGroup, "33", "", "", {}}));
  experiment.arms = {{"a", {"spring/claimer/arm"}, {}, 10'000}};
  experiment.start = kToday - days(3);
  experiment.end = kToday + days(3);
  experiment.status = "running";
  ASSERT_TRUE(store_->SaveExperiment(experiment));
  const auto held = Recommend(World(), "A", &policy_, options_);
  ASSERT_TRUE(held) << held.error().what;
  EXPECT_FALSE(held->plan);  // of two channels one is left: nothing to move between
  EXPECT_NE(held->why.find("meta/claimer is left as it is: experiment \"spring/headline\" keeps it "
                           "still until 2026-03-04"),
            std::string::npos)
      << held->why;
  experiment.status = "ended";
  ASSERT_TRUE(store_->SaveExperiment(experiment));
  EXPECT_TRUE(Recommend(World(), "A", &policy_, options_)->plan);
}

TEST_F(RecommendTest, LeavesABudgetThatTheMediaPlanFixes) {
  LoadYear();
  ASSERT_TRUE(store_->SaveObject({"spring/claimer", kMeta, Level::kCampaign, "22", "", "", {}}));
  ASSERT_TRUE(SaveFixedBudgets(*store_, "A", "spring", {{"spring/claimer", {}}}, clock_.Now()));
  const auto held = Recommend(World(), "A", &policy_, options_);
  ASSERT_TRUE(held) << held.error().what;
  EXPECT_FALSE(held->plan);
  EXPECT_NE(held->why.find("meta/claimer is left as it is: the media plan fixes its budget"),
            std::string::npos)
      << held->why;
  // The next media plan lets go of it.
  ASSERT_TRUE(SaveFixedBudgets(*store_, "A", "spring", {}, clock_.Now()));
  EXPECT_TRUE(Recommend(World(), "A", &policy_, options_)->plan);
}

TEST_F(RecommendTest, RefusesWithoutPolicyOrdersOrADay) {
  EXPECT_EQ(Recommend(World(), "A", nullptr, options_).error().code, Errc::kRefused);
  EXPECT_EQ(Recommend(World(), "A", &policy_, options_).error().code, Errc::kRefused);
  LoadYear(/*skip_order_day=*/100);
  const auto hole = Recommend(World(), "A", &policy_, options_);
  ASSERT_FALSE(hole);
  EXPECT_NE(hole.error().what.find("are missing"), std::string::npos);
  EXPECT_EQ(Recommend(World(), "Nobody", &policy_, options_).error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace maxopt
