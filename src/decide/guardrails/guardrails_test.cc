#include "decide/guardrails/guardrails.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace maxopt {
namespace {

const AccountId kMetaAccount{Platform::kMeta, "42"};
const AccountId kTikTokAccount{Platform::kTikTok, "7"};

Money Eur(std::int64_t units) { return Money::Micros(units * 1'000'000, kEur); }

Entity Campaign(const std::string& id, std::optional<Money> daily,
                std::string_view status = kActive) {
  Entity entity{Level::kCampaign, id, "", "", {{"name", id}, {"status", std::string(status)}}};
  if (daily) entity.fields["daily_budget"] = *daily;
  return entity;
}
Entity AdGroup(const std::string& id, const std::string& parent, std::optional<Money> daily) {
  Entity entity = Campaign(id, daily);
  entity.level = Level::kAdGroup;
  entity.parent_id = entity.campaign_id = parent;
  return entity;
}

struct World {
  std::vector<AccountTree> trees{{{kMetaAccount, "Main", kEur, "Europe/Berlin", "active"}, {}}};
  Policy policy{"A", kEur, Eur(1'000), {}, 2'000, 20, 36, {}};
  FxRates rates;
  GuardContext Context() const {
    GuardContext context;
    context.rates = rates;
    context.live = trees;
    context.overdelivery_bp = {{Platform::kMeta, 12'500}, {Platform::kTikTok, 12'500}};
    context.now = Instant(std::chrono::seconds(1'790'000'000));  // 2026-09-21
    context.facts_learnt_at = context.now;
    return context;
  }
  GuardVerdict Judge(std::vector<Change> changes, std::vector<ExperimentLock> locks = {}) const {
    Plan plan;
    plan.client = "A";
    plan.changes = std::move(changes);
    GuardContext context = Context();
    context.locks = std::move(locks);
    return JudgePlan(plan, &policy, context);
  }
};

Change Update(const std::string& id, Fields before, Fields after, Reason reason = Reason::kManual) {
  Change change;
  change.account = kMetaAccount;
  change.address = "a/" + id;
  change.id = id;
  change.before = std::move(before);
  change.after = std::move(after);
  change.reason = reason;
  return change;
}
Change Budget(const std::string& id, Money from, Money to, Reason reason = Reason::kManual) {
  return Update(id, {{"daily_budget", from}}, {{"daily_budget", to}}, reason);
}
Change Create(const std::string& address, Level level, const std::string& parent,
              std::optional<Money> daily) {
  Change change;
  change.action = ChangeAction::kCreate;
  change.account = kMetaAccount;
  change.level = level;
  change.address = address;
  change.parent_address = parent;
  change.after = {{"name", address}, {"status", std::string(kPaused)}};
  if (daily) change.after["daily_budget"] = *daily;
  return change;
}

bool Finds(const GuardVerdict& verdict, const std::string& guard, bool blocks) {
  return std::any_of(verdict.findings.begin(), verdict.findings.end(),
                     [&](const GuardFinding& f) { return f.guard == guard && f.blocks == blocks; });
}

TEST(Guards, ModeHoldsAutomaticPlansOnly) {
  World world;
  world.trees[0].entities = {Campaign("1", Eur(100))};
  const Change automatic = Budget("1", Eur(100), Eur(110), Reason::kReallocate);
  const Change by_hand = Budget("1", Eur(100), Eur(110));
  EXPECT_TRUE(WithinEnvelope(world.Judge({automatic}).findings));
  world.policy.mode = PolicyMode::kRecommend;
  EXPECT_TRUE(Finds(world.Judge({automatic}), "mode", false));
  EXPECT_FALSE(WithinEnvelope(world.Judge({automatic}).findings));
  world.policy.mode = PolicyMode::kObserve;
  EXPECT_TRUE(Finds(world.Judge({automatic}), "mode", true));
  EXPECT_FALSE(world.Judge({by_hand}).blocked());
  // Stopping what is unsafe is allowed in every mode.
  const Change pause = Update("1", {{"status", std::string(kActive)}},
                              {{"status", std::string(kPaused)}}, Reason::kPause);
  EXPECT_FALSE(world.Judge({pause}).blocked());
  // A cut may always be proposed, but is not made alone.
  const auto cut = world.Judge({Budget("1", Eur(100), Eur(90), Reason::kRule)});
  EXPECT_FALSE(cut.blocked());
  EXPECT_FALSE(WithinEnvelope(cut.findings));
}

TEST(Guards, ACutBeyondTheEnvelopeNeedsAPerson) {
  World world;
  world.trees[0].entities = {Campaign("1", Eur(100))};
  world.policy.envelope.per_change = Eur(10);
  // 100 -> 92 is 10 on Meta's worst day.
  EXPECT_TRUE(
      WithinEnvelope(world.Judge({Budget("1", Eur(100), Eur(92), Reason::kRule)}).findings));
  EXPECT_FALSE(
      WithinEnvelope(world.Judge({Budget("1", Eur(100), Eur(91), Reason::kRule)}).findings));
}

TEST(Guards, BlockedOperationsAreRefusedWhoeverAsks) {
  World world;
  world.trees[0].entities = {Campaign("1", Eur(100))};
  world.policy.blocked_operations = {Operation::kRaiseBudget, Operation::kPause, Operation::kCreate,
                                     Operation::kBid};
  EXPECT_TRUE(Finds(world.Judge({Budget("1", Eur(100), Eur(110))}), "blocked_operation", true));
  EXPECT_FALSE(world.Judge({Budget("1", Eur(100), Eur(90))}).blocked());
  EXPECT_TRUE(
      Finds(world.Judge({Create("c", Level::kCampaign, "", Eur(1))}), "blocked_operation", true));
  EXPECT_TRUE(
      Finds(world.Judge({Update("1", {}, {{"target_cpa", Eur(5)}})}), "blocked_operation", true));
  const Fields on{{"status", std::string(kActive)}}, off{{"status", std::string(kPaused)}};
  EXPECT_TRUE(Finds(world.Judge({Update("1", on, off)}), "blocked_operation", true));
  EXPECT_FALSE(world.Judge({Update("1", on, off, Reason::kPause)}).blocked());
}

TEST(Guards, TheEnvelopeCountsTheWorstDayAndWhatMovedBefore) {
  World world;
  world.trees[0].entities = {Campaign("1", Eur(100)), Campaign("2", Eur(100))};
  const std::vector<Change> plan{Budget("1", Eur(100), Eur(92), Reason::kReallocate),
                                 Budget("2", Eur(100), Eur(108), Reason::kReallocate)};
  const auto tells = [&](const Envelope& envelope, const GuardContext& context) {
    world.policy.envelope = envelope;
    Plan p;
    p.client = "A";
    p.changes = plan;
    const GuardVerdict verdict = JudgePlan(p, &world.policy, context);
    EXPECT_FALSE(verdict.blocked());
    return std::count_if(verdict.findings.begin(), verdict.findings.end(),
                         [](const GuardFinding& f) { return f.guard == "envelope"; });
  };
  // Each move of 8 is 10 on Meta's worst day (+25 %); both are 20.
  GuardContext context = world.Context();
  EXPECT_EQ(tells({Eur(10), Eur(20), Eur(20), 2}, context), 0);
  EXPECT_EQ(tells({Eur(9), {}, {}, {}}, context), 2);
  EXPECT_EQ(tells({{}, Eur(19), {}, {}}, context), 1);
  EXPECT_EQ(tells({{}, {}, Eur(19), {}}, context), 1);
  EXPECT_EQ(tells({{}, {}, {}, 1}, context), 1);
  context.moved_today = {{kTikTokAccount, Eur(5)}};
  context.automatic_changes_today = 1;
  EXPECT_EQ(tells({{}, Eur(24), Eur(20), 2}, context), 2);  // the day's sum and the count
  // The record scales the amounts; one that errs beyond doubt ends what may be done alone.
  context = world.Context();
  context.autonomy[Reason::kReallocate] = {true, 0.5, "half"};
  EXPECT_EQ(tells({{}, Eur(20), {}, {}}, context), 1);
  world.policy.earned_autonomy = false;
  EXPECT_EQ(tells({{}, Eur(20), {}, {}}, context), 0);
  world.policy.earned_autonomy = true;
  context.autonomy[Reason::kReallocate] = {false, 1, "it errs"};
  Plan p;
  p.client = "A";
  p.changes = plan;
  EXPECT_FALSE(WithinEnvelope(JudgePlan(p, &world.policy, context).findings));
}

TEST(Guards, F3APlanInAnotherCurrencyThanTheAccountsIsBlocked) {
  World world;
  world.trees[0].entities = {Campaign("1", Eur(100))};
  const Money yen = Money::Micros(1'000'000'000, kJpy);
  for (const Change& change : {Create("c", Level::kCampaign, "", yen),
                               Update("1", {}, {{"daily_budget", Money::Micros(1, kUsd)}}),
                               Update("1", {}, {{"bid", yen}})}) {
    EXPECT_TRUE(Finds(world.Judge({change}), "currency", true));
  }
  // And the other way round: the account turns out to be billed in another one than the plan's.
  world.trees[0].info.currency = kUsd;
  EXPECT_TRUE(Finds(world.Judge({Create("c", Level::kCampaign, "", Eur(1))}), "currency", true));
}

const Currency kChf = *FindCurrency("CHF");
Money Chf(std::int64_t units) { return Money::Micros(units * 1'000'000, kChf); }

/// Meta has 400 EUR a day and TikTok 100 CHF; on their worst day 500 EUR and 125 CHF, which are 130
/// EUR at 1.04. `age` days old on the day of the verdict, 2026-09-21.
World TwoCurrencies(int age = 0) {
  World world;
  world.trees[0].entities = {Campaign("1", Eur(400))};
  world.trees.push_back(
      {{kTikTokAccount, "CH", kChf, "Europe/Zurich", "active"}, {Campaign("9", Chf(100))}});
  const Day today = *ParseDay("2026-09-21");
  world.rates = FxRates({{today - std::chrono::days(age), kChf, kEur, "1.04", "bank.csv"}}, today);
  return world;
}
Change SwissBudget(Money to, Reason reason) {
  Change change = Budget("9", Chf(100), to, reason);
  change.account = kTikTokAccount;
  return change;
}

TEST(Guards, CapsAreHeldInThePolicysCurrency) {
  World world = TwoCurrencies();
  const auto up = Budget("1", Eur(400), Eur(480));  // 600 EUR and 130 EUR
  world.policy.worst_day_cap = Eur(730);
  EXPECT_FALSE(world.Judge({up}).blocked());
  world.policy.worst_day_cap = Eur(730) - Money::Micros(1, kEur);
  GuardVerdict verdict = world.Judge({up});
  ASSERT_TRUE(Finds(verdict, "daily_cap", true));
  EXPECT_EQ(verdict.findings.back().what,
            "worst day after the plan 730.00 EUR (with 125.00 CHF) is over the cap 729.999999 EUR");
  // 120 CHF are 150 CHF on the worst day: 156 EUR.
  world.policy.worst_day_cap = Eur(1'000);
  world.policy.platform_caps = {{Platform::kTikTok, Eur(156)}};
  EXPECT_FALSE(world.Judge({SwissBudget(Chf(120), Reason::kManual)}).blocked());
  world.policy.platform_caps = {{Platform::kTikTok, Eur(155)}};
  EXPECT_TRUE(Finds(world.Judge({SwissBudget(Chf(120), Reason::kManual)}), "platform_cap", true));
}

TEST(Guards, WithoutARateNothingMayRiseAndStoppingStaysFree) {
  World world = TwoCurrencies();
  world.rates = FxRates({}, *ParseDay("2026-09-21"));
  world.policy.envelope.per_change = Eur(1'000);
  const GuardVerdict verdict = world.Judge({Budget("1", Eur(400), Eur(401))});
  ASSERT_TRUE(Finds(verdict, "currency", true));
  EXPECT_NE(verdict.findings.front().what.find("no rate from CHF to EUR of 2026-09-21"),
            std::string::npos)
      << verdict.findings.front().what;
  // A cut passes, but how far it goes beyond the envelope is not known.
  const GuardVerdict cut = world.Judge({SwissBudget(Chf(99), Reason::kReallocate)});
  EXPECT_FALSE(cut.blocked());
  EXPECT_FALSE(WithinEnvelope(cut.findings));
  EXPECT_FALSE(world.Judge({SwissBudget(Chf(99), Reason::kManual)}).blocked());
}

TEST(Guards, TheEnvelopeIsComparedInThePolicysCurrency) {
  World world = TwoCurrencies();
  // 10 CHF more are 12.50 CHF on the worst day: 13 EUR.
  const auto within = [&](Envelope envelope) {
    world.policy.envelope = envelope;
    return WithinEnvelope(world.Judge({SwissBudget(Chf(110), Reason::kReallocate)}).findings);
  };
  const Money below = Eur(13) - Money::Micros(1, kEur);
  EXPECT_TRUE(within({Eur(13), {}, {}, {}}));
  EXPECT_FALSE(within({below, {}, {}, {}}));
  EXPECT_TRUE(within({{}, Eur(13), {}, {}}));
  EXPECT_FALSE(within({{}, below, {}, {}}));
  EXPECT_TRUE(within({{}, {}, Eur(13), {}}));
  EXPECT_FALSE(within({{}, {}, below, {}}));
}

TEST(Guards, AnOldRateIsToldAndNeedsAPerson) {
  for (const int age : {7, 8}) {
    const World world = TwoCurrencies(age);
    const GuardVerdict automatic = world.Judge({SwissBudget(Chf(110), Reason::kReallocate)});
    EXPECT_FALSE(automatic.blocked());
    EXPECT_EQ(WithinEnvelope(automatic.findings), age == 7);
    const GuardVerdict manual = world.Judge({SwissBudget(Chf(110), Reason::kManual)});
    EXPECT_FALSE(manual.blocked());
    EXPECT_EQ(Finds(manual, "currency", false), age == 8);
  }
}

TEST(Guards, F4TheVerdictDoesNotDependOnHowAnAmountIsWritten) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 2'000; ++i) {
    World world;
    const auto cents = static_cast<std::int64_t>(1 + random() % 200'000);
    const std::string decimal = std::to_string(cents / 100) + "." +
                                std::string(cents % 100 < 10 ? "0" : "") +
                                std::to_string(cents % 100);
    const Money written[] = {*ParseMoney(decimal, kEur), *ParseMoney(decimal + "0000", kEur),
                             Money::Micros(cents * 10'000, kEur),
                             *MoneyFromMinor(cents, kEur, MinorUnits::kMeta),
                             *MoneyFromMinor(cents, kEur, MinorUnits::kIso4217)};
    std::set<bool> verdicts;
    for (const Money amount : written) {
      world.trees[0].entities = {Campaign("1", Eur(100))};
      verdicts.insert(world.Judge({Budget("1", Eur(100), amount)}).blocked());
    }
    EXPECT_EQ(verdicts.size(), 1u) << decimal;
    // 800.00 a day is exactly the cap of 1'000 on a day of 125 %.
    EXPECT_EQ(*verdicts.begin(), cents > 80'000) << decimal;
  }
}

TEST(Guards, F9WithoutAPolicyNothingIsWrittenAndItSaysHowToSetOne) {
  World world;
  world.trees[0].entities = {Campaign("1", Eur(100))};
  Plan plan;
  plan.client = "A";
  plan.changes = {Budget("1", Eur(100), Eur(101))};
  const GuardVerdict verdict = JudgePlan(plan, nullptr, world.Context());
  ASSERT_TRUE(verdict.blocked());
  EXPECT_EQ(verdict.findings[0].guard, "policy_missing");
  EXPECT_NE(verdict.findings[0].fix.find("policy.yaml"), std::string::npos);
  plan.changes = {Create("x", Level::kCampaign, "", Eur(1))};
  EXPECT_TRUE(JudgePlan(plan, nullptr, world.Context()).blocked());
  plan.changes = {Budget("1", Eur(100), Eur(99))};  // stopping is always allowed
  EXPECT_FALSE(JudgePlan(plan, nullptr, world.Context()).blocked());
}

TEST(Guards, F12ABudgetHasOneOwner) {
  World world;
  // In one plan.
  EXPECT_TRUE(Finds(world.Judge({Create("c", Level::kCampaign, "", Eur(10)),
                                 Create("c/g", Level::kAdGroup, "c", Eur(5))}),
                    "budget_owner", true));
  EXPECT_FALSE(world
                   .Judge({Create("c", Level::kCampaign, "", Eur(10)),
                           Create("c/g", Level::kAdGroup, "c", std::nullopt)})
                   .blocked());
  EXPECT_FALSE(world
                   .Judge({Create("c", Level::kCampaign, "", std::nullopt),
                           Create("c/g", Level::kAdGroup, "c", Eur(5))})
                   .blocked());
  // Onto what is there.
  world.trees[0].entities = {Campaign("1", std::nullopt), AdGroup("2", "1", Eur(5))};
  EXPECT_TRUE(
      Finds(world.Judge({Update("1", {}, {{"daily_budget", Eur(10)}})}), "budget_owner", true));
  // What contradicts already is not this plan's doing.
  world.trees[0].entities = {Campaign("1", Eur(5)), AdGroup("2", "1", Eur(5)),
                             Campaign("3", Eur(5))};
  EXPECT_FALSE(Finds(world.Judge({Budget("3", Eur(5), Eur(6))}), "budget_owner", true));
}

TEST(Guards, AForcedChangeIsNamed) {
  World world;
  world.trees[0].entities = {Campaign("1", Eur(100))};
  Change change = Budget("1", Eur(100), Eur(90));
  change.forced = {"daily_budget"};
  const GuardVerdict verdict = world.Judge({change});
  ASSERT_TRUE(Finds(verdict, "forced", false));
  EXPECT_NE(verdict.findings[0].what.find("100.00 EUR -> 90.00 EUR"), std::string::npos)
      << verdict.findings[0].what;
  EXPECT_FALSE(verdict.blocked());
}

TEST(Guards, AnExperimentKeepsItsArmsStill) {
  World world;
  world.trees[0].entities = {Campaign("1", Eur(100)), AdGroup("2", "1", std::nullopt),
                             Campaign("3", Eur(100))};
  const Day last = *ParseDay("2026-09-21");  // today, the last locked day
  const std::vector<ExperimentLock> locks{
      {kMetaAccount, "2", "spring/social/arm", "spring/x", last}};
  const auto touch = [&](Change change, Reason reason, std::vector<std::string> forced = {}) {
    change.reason = reason;
    change.forced = std::move(forced);
    return Finds(world.Judge({change}, locks), "experiment_lock", true);
  };
  Change arm = Update("2", {}, {{"age_min", std::int64_t{25}}});
  arm.level = Level::kAdGroup;
  EXPECT_TRUE(touch(arm, Reason::kManual));
  EXPECT_TRUE(touch(arm, Reason::kReallocate, {"age_min"}));  // only a person may force
  EXPECT_FALSE(touch(arm, Reason::kManual, {"age_min"}));
  EXPECT_FALSE(touch(arm, Reason::kActivate));
  Change below = Create("spring/social/arm/ad", Level::kAd, "spring/social/arm", std::nullopt);
  EXPECT_TRUE(touch(below, Reason::kLaunch));
  Change beside = Create("spring/social/army", Level::kAdGroup, "spring/social", std::nullopt);
  EXPECT_FALSE(touch(beside, Reason::kLaunch));
  Change stop = Update("2", {{"status", std::string(kActive)}}, {{"status", std::string(kPaused)}});
  stop.level = Level::kAdGroup;
  EXPECT_FALSE(touch(stop, Reason::kPause));
  EXPECT_TRUE(touch(stop, Reason::kRule));
  // The campaign's budget is the arm's allocation: no rule moves it, a person sees what they do.
  EXPECT_TRUE(touch(Budget("1", Eur(100), Eur(105)), Reason::kReallocate));
  EXPECT_FALSE(touch(Budget("1", Eur(100), Eur(105)), Reason::kManual));
  EXPECT_FALSE(touch(Budget("3", Eur(100), Eur(105)), Reason::kReallocate));
  std::vector<ExperimentLock> over = locks;
  over[0].until = last - std::chrono::days(1);
  EXPECT_FALSE(Finds(world.Judge({arm}, over), "experiment_lock", true));
}

// --- the order

/// What could be spent after the first changes really happened: creates are paused.
Money WorstDay(const World& world, std::span<const Change> done) {
  std::vector<AccountTree> trees = world.trees;
  for (const Change& change : done) {
    if (change.action == ChangeAction::kCreate) continue;
    for (Entity& entity : trees[0].entities) {
      if (entity.id != change.id) continue;
      for (const auto& [name, value] : change.after) entity.fields.insert_or_assign(name, value);
    }
  }
  Plan nothing;
  nothing.client = "A";
  GuardContext context = world.Context();
  context.live = trees;
  const GuardVerdict verdict = JudgePlan(nothing, &world.policy, context);
  return verdict.before.empty() ? Eur(0) : verdict.before[0].worst_day;
}

TEST(SafeOrder, EveryPrefixIsUnderTheCapAndNothingComesBeforeWhatItNeeds) {
  std::mt19937 random(9);
  int judged = 0;
  for (int seed = 0; seed < 1'500; ++seed) {
    SCOPED_TRACE(seed);
    World world;
    std::vector<Change> changes;
    const int campaigns = 2 + static_cast<int>(random() % 6);
    for (int i = 0; i < campaigns; ++i) {
      const std::string id = std::to_string(i);
      const Money now = Eur(1 + static_cast<int>(random() % 100));
      const bool is_on = random() % 2 == 0;
      world.trees[0].entities.push_back(Campaign(id, now, is_on ? kActive : kPaused));
      Change change = Budget(id, now, Eur(1 + static_cast<int>(random() % 100)));
      switch (random() % 4) {
        case 0:
          change.before["status"] = std::string(is_on ? kActive : kPaused);
          change.after["status"] = std::string(random() % 2 == 0 ? kActive : kPaused);
          break;
        case 1:
          change.before["name"] = id;
          change.after["name"] = "renamed " + id;
          break;
        default:
          break;
      }
      if (random() % 3 == 0) change.links = {{"image", "asset" + std::to_string(random() % 3)}};
      changes.push_back(change);
    }
    for (int i = 0; i < 3; ++i) {
      changes.push_back(Create("asset" + std::to_string(i), Level::kAsset, "", std::nullopt));
    }
    const int made = static_cast<int>(random() % 4);
    for (int i = 0; i < made; ++i) {
      const std::string c = "c" + std::to_string(i);
      changes.push_back(Create(c + "/g/ad", Level::kAd, c + "/g", std::nullopt));
      changes.back().links = {{"image", "asset" + std::to_string(random() % 3)}};
      changes.push_back(Create(c + "/g", Level::kAdGroup, c, std::nullopt));
      changes.push_back(Create(c, Level::kCampaign, "", Eur(10)));
    }
    std::shuffle(changes.begin(), changes.end(), random);
    const std::vector<Change> order = SafeOrder(changes);
    ASSERT_EQ(order.size(), changes.size());

    std::set<std::string> there;
    for (const Change& change : order) {
      if (change.action == ChangeAction::kCreate) {
        EXPECT_TRUE(change.parent_address.empty() || there.contains(change.parent_address));
        there.insert(change.address);
      }
      for (const Link& link : change.links) EXPECT_TRUE(there.contains(link.address));
    }
    const Money before = WorstDay(world, {});
    const Money after = WorstDay(world, order);
    const Money most = std::max(before, after);  // the tightest cap that the whole respects
    for (std::size_t n = 1; n <= order.size(); ++n) {
      EXPECT_LE(WorstDay(world, std::span(order).first(n)), most) << "after " << n;
      ++judged;
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(judged, 10'000);
}

TEST(SafeOrder, AModifierUpIsABidUp) {
  using List = std::vector<std::string>;
  const auto move = [](List from, List to) {
    Change change;
    change.action = ChangeAction::kUpdate;
    change.level = Level::kCampaign;
    change.before["bid_modifiers"] = std::move(from);
    change.after["bid_modifiers"] = std::move(to);
    return change;
  };
  EXPECT_TRUE(OnlyLowersSpend(move({}, {"device:mobile 0.8"})));
  EXPECT_TRUE(OnlyLowersSpend(move({"country:DE 1.2"}, {})));
  EXPECT_FALSE(OnlyLowersSpend(move({"device:mobile 0.8"}, {})));
  EXPECT_FALSE(OnlyLowersSpend(move({}, {"device:mobile 0.8", "country:DE 1.1"})));
  EXPECT_FALSE(OnlyLowersSpend(move({}, {"device:phone 0.8"})));  // not known is not lower
  Change up = move({}, {"country:DE 1.1"});
  up.id = "1";
  Change down = move({}, {"country:DE 0.9"});
  down.id = "2";
  const std::vector<Change> order = SafeOrder({up, down});
  EXPECT_EQ(order.front().id, "2");
}

TEST(SafeOrder, KeepsTheOrderWithinItsRulesAndDropsNothingInACircle) {
  std::vector<Change> plain{Budget("1", Eur(1), Eur(2)), Budget("2", Eur(2), Eur(1)),
                            Budget("3", Eur(1), Eur(2)), Budget("4", Eur(2), Eur(1))};
  std::string ids;
  for (const Change& change : SafeOrder(plain)) ids += change.id;
  EXPECT_EQ(ids, "2413");
  Change a = Create("a", Level::kAsset, "", std::nullopt);
  Change b = Create("b", Level::kAsset, "", std::nullopt);
  a.links = {{"image", "b"}};
  b.links = {{"image", "a"}};
  EXPECT_EQ(SafeOrder({a, b}).size(), 2u);
  EXPECT_TRUE(SafeOrder({}).empty());
}

}  // namespace
}  // namespace maxopt
