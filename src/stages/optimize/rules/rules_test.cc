#include "stages/optimize/rules/rules.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "decide/guardrails/guardrails.h"
#include "memory/campaigns/signals.h"

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;

const AccountId kMeta{Platform::kMeta, "42"};
const Day kToday = *ParseDay("2026-03-15");
Day D(std::string_view text) { return *ParseDay(text); }
Money Eur(double units) {
  return Money::Micros(static_cast<std::int64_t>(units * 1e6 + 0.5), kEur);
}
bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// --- files --------------------------------------------------------------------------------------

std::string Header() {
  return "maxopt: rules/1\nclient: A\ncurrency: EUR\nlimits: {money_per_day: 500 EUR}\nrules:\n";
}
RuleSet Read(const std::string& rules) {
  auto set = ReadRules(Header() + rules, "rules.yaml");
  EXPECT_TRUE(set) << set.error().what;
  return set ? *set : RuleSet{"A", kEur};
}
std::string Refusal(const std::string& yaml) {
  const auto set = ReadRules(yaml, "rules.yaml");
  return set ? "accepted" : set.error().what;
}

TEST(RulesYaml, ReadsTheTemplateAndItsExamples) {
  const auto blank = ReadRules(RulesTemplate(), "rules.yaml");
  ASSERT_TRUE(blank) << blank.error().what;
  EXPECT_TRUE(blank->rules.empty());
  // The commented examples are rules as well.
  std::string text = RulesTemplate();
  const std::size_t at = text.find("rules: []");
  std::string examples = text.substr(at + 10);
  for (std::size_t i = examples.find("# "); i != std::string::npos; i = examples.find("\n# ", i)) {
    examples.erase(examples[i] == '\n' ? i + 1 : i, 2);
  }
  const auto full = ReadRules(text.substr(0, at) + examples, "rules.yaml");
  ASSERT_TRUE(full) << full.error().what;
  EXPECT_EQ(full->rules.size(), 3u);
}

// Every block of the reference is a rule that is read.
TEST(RulesYaml, ReadsEveryBlockOfTheDocumentation) {
  std::ifstream in(std::string(MAXOPT_SOURCE_DIR) + "/docs/rules.md");
  ASSERT_TRUE(in);
  int blocks = 0;
  std::string block;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```")) {
      if (inside) {
        ++blocks;
        const std::string yaml = block.starts_with("maxopt:") ? block : Header() + block;
        const auto set = ReadRules(yaml, "docs/rules.md");
        EXPECT_TRUE(set) << set.error().what << "\n" << block;
        block.clear();
        inside = false;
      } else {
        inside = line == "```yaml";
      }
      continue;
    }
    if (inside) block += line + "\n";
  }
  EXPECT_EQ(blocks, 5);
}

TEST(RulesYaml, NamesFileAndLine) {
  EXPECT_TRUE(Has(Refusal(Header() + "- {name: r, on: campaign, then: pause,\n"
                                     "   if: profit 7d > 1 EUR}\n"),
                  "rules.yaml:7: \"profit 7d > 1 EUR\": \"profit\" is no metric"));
  EXPECT_TRUE(Has(Refusal(Header() + "- {name: r, on: campaign, if: [}\n"), "rules.yaml:6"));
}

TEST(RulesYaml, RefusesHostileFiles) {
  EXPECT_TRUE(Has(Refusal(""), "empty"));
  EXPECT_TRUE(Has(Refusal("- 1\n- 2\n"), "names and values"));
  EXPECT_TRUE(Has(Refusal(Header() + "[]\n---\na: 1\n"), "second"));
  // A few hundred bytes that are gigabytes when built.
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 9; ++i) bomb += std::string(i ? ", *" : "*") + static_cast<char>(c - 1);
    bomb += "]\n";
  }
  EXPECT_TRUE(Has(Refusal(bomb), "rules.yaml:1: anchors and aliases"));
  EXPECT_TRUE(Has(Refusal("&a {b: *a}\n"), "anchors and aliases"));  // cyclic
  EXPECT_TRUE(Has(Refusal(Header() + "  - " + std::string(100, '[') + "x" + std::string(100, ']')),
                  "nested deeper than 64"))
      << Refusal(Header() + "  - " + std::string(100, '[') + "x" + std::string(100, ']'));
  EXPECT_NE(Refusal(Header() + std::string(100'000, '[')), "accepted");
  EXPECT_TRUE(Has(Refusal("? [a, b]\n: 1\n"), "a name is a text"));
  EXPECT_TRUE(Has(Refusal(std::string((8u << 20) + 1, ' ')), "too long"));
  EXPECT_NE(Refusal(Header() + std::string("- {name: \"\xff\xfe\", on: campaign}\n")), "accepted");
  // An ampersand inside a text is only that.
  EXPECT_EQ(Refusal(Header() + "- {name: search & social, on: campaign, if: spend 7d > 1 EUR,\n"
                               "   then: pause}\n"),
            "accepted");
}

TEST(RulesYaml, TenThousandRules) {
  std::string yaml = Header();
  for (int i = 0; i < 10'000; ++i) {
    yaml +=
        "- {name: r" + std::to_string(i) + ", on: campaign, if: spend 7d > 1 EUR, then: pause}\n";
  }
  const auto set = ReadRules(yaml, "rules.yaml");
  ASSERT_TRUE(set) << set.error().what;
  EXPECT_EQ(set->rules.size(), 10'000u);
}

// --- with stores and a scripted platform --------------------------------------------------------

class Scripted final : public PlatformReader {
 public:
  explicit Scripted(std::vector<Entity> entities) : entities_(std::move(entities)) {
    capabilities_.platform = Platform::kMeta;
    capabilities_.minor_units = MinorUnits::kMeta;
  }
  const Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline) override {
    return std::vector<AccountInfo>{};
  }
  Result<AccountTree> ReadAccount(const AccountId&, http::Deadline) override {
    if (entities_.empty()) return Fail(Errc::kUnavailable, "out of order");
    return AccountTree{{kMeta, "m", kEur, "UTC", "active"}, entities_};
  }
  Result<MetricReport> ReadMetrics(const MetricQuery& q, http::Deadline) override {
    return MetricReport{q, "", {}, true, ""};
  }
  Result<std::vector<Entity>> Find(const FindQuery&, http::Deadline) override {
    return std::vector<Entity>{};
  }
  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery&, http::Deadline) override {
    return std::vector<HistoryEvent>{};
  }

 private:
  std::vector<Entity> entities_;
  Capabilities capabilities_{};
};

class Rules : public testing::Test {
 protected:
  Rules() {
    EXPECT_TRUE(store_->SaveClient({"A", kEur, "UTC"}));
    EXPECT_TRUE(store_->SaveAccount({"A", info_}));
    for (const char* id : {"1", "2"}) {
      entities_.push_back({Level::kCampaign,
                           id,
                           "",
                           "",
                           {{"name", std::string("Campaign ") + id},
                            {"status", std::string(kActive)},
                            {"daily_budget", Eur(100)}}});
    }
    EXPECT_TRUE(facts_->LoadEntities(info_, entities_, At(kToday - days(60), 5)));
  }
  static Instant At(Day day, int hour) { return Zone::Utc().Begin(day) + hours(hour); }

  /// What is read on a morning: the `back` days before, of two campaigns.
  using Told = std::function<MetricRow(Day day, int campaign)>;
  void Morning(Day day, int back, const Told& told) {
    MetricReport report{
        {kMeta, Level::kCampaign, Grain::kDay, Breakdown::kNone, day - days(back), day - days(1)},
        "7d_click",
        {},
        true,
        ""};
    for (Day d = day - days(back); d < day; d += days(1)) {
      for (const int campaign : {1, 2}) report.rows.push_back(told(d, campaign));
    }
    const auto loaded = facts_->Load(report, At(day, 6), "test");
    ASSERT_TRUE(loaded) << loaded.error().what;
  }
  static MetricRow Row(Day day, int campaign, double spend, std::int64_t clicks,
                       double conversions) {
    return {day,    std::nullopt, std::to_string(campaign), "", "", "", Eur(spend), 1000,
            clicks, conversions,  Eur(conversions * 50),    {}};
  }
  RulesWorld World() {
    return {store_.get(), facts_.get(), &clock_,
            [this](const AccountId&) -> Result<std::shared_ptr<PlatformReader>> {
              return std::make_shared<Scripted>(entities_);
            }};
  }

  const AccountInfo info_{kMeta, "m", kEur, "UTC", "active"};
  std::vector<Entity> entities_;
  VirtualClock clock_{At(kToday, 8)};
  std::unique_ptr<CampaignStore> store_ = std::move(*CampaignStore::Open(":memory:"));
  std::unique_ptr<FactStore> facts_ = std::move(*FactStore::Open(":memory:"));
  Policy policy_{"A", kEur, Eur(10'000), {}, 2'000, 20, 36, {}};
};

TEST_F(Rules, ProposesThroughAPlanThatTheGuardsPassAndOnlyOnce) {
  // Campaign 1 spends its whole budget, campaign 2 half of it.
  Morning(kToday, 40, [](Day day, int c) { return Row(day, c, c == 1 ? 100 : 50, 20, 1); });
  const RuleSet set = Read(
      "- {name: feed, on: campaign, if: spend 3d > 95% of budget, then: [{budget: +50%}]}\n"
      "- {name: tell, on: campaign, if: spend 3d < 60% of budget,\n"
      "   then: [{notify: budget left over, tier: info}]}\n");
  const auto run = RunRules(World(), set, &policy_);
  ASSERT_TRUE(run) << run.error().what;
  ASSERT_EQ(run->plans.size(), 1u) << RulesText(set, *run);
  const Plan& draft = run->plans[0];
  ASSERT_EQ(draft.changes.size(), 1u);
  const Change& change = draft.changes[0];
  EXPECT_EQ(draft.created_by, "rules");
  EXPECT_EQ(change.id, "1");
  EXPECT_EQ(change.reason, Reason::kRule);
  EXPECT_EQ(change.before, (Fields{{"daily_budget", Eur(100)}}));
  EXPECT_EQ(change.after, (Fields{{"daily_budget", Eur(120)}}));  // the policy's step
  EXPECT_TRUE(Has(change.why, "spend 3d > 95% of budget: 300.00 EUR"));
  EXPECT_EQ(nlohmann::json::parse(change.evidence)["rule"], "feed");
  ASSERT_EQ(run->conditions.size(), 1u);
  EXPECT_EQ(run->conditions[0].object_id, "2");
  EXPECT_EQ(run->conditions[0].kpi, "tell");
  EXPECT_EQ(run->looks.at(0).detector, "rule");

  GuardContext guards;
  const std::vector<AccountTree> live{{info_, entities_}};
  guards.live = live;
  guards.overdelivery_bp = {{Platform::kMeta, 17'500}};
  guards.facts_learnt_at = At(kToday, 6);
  guards.now = clock_.Now();
  const GuardVerdict verdict = JudgePlan(draft, &policy_, guards);
  EXPECT_FALSE(verdict.blocked()) << (verdict.findings.empty() ? "" : verdict.findings[0].what);

  // Once stored it waits: a second run, a restart or another schedule proposes nothing more.
  Plan stored = draft;
  stored.status = PlanStatus::kGuarded;
  stored.created_at = clock_.Now();
  ASSERT_TRUE(store_->SavePlan(stored));
  clock_.AdvanceTo(At(kToday, 9));
  const auto again = RunRules(World(), set, &policy_);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->plans.empty());
  ASSERT_EQ(again->verdict.suppressed.size(), 1u);
  EXPECT_TRUE(Has(again->verdict.suppressed[0].why, "cooldown"))
      << again->verdict.suppressed[0].why;
}

TEST_F(Rules, APauseOfWhatConvertsIsProposedApart) {
  Morning(kToday, 40, [](Day day, int c) { return Row(day, c, 100, 20, c == 1 ? 1 : 0); });
  const RuleSet set = Read("- {name: stop, on: campaign, if: spend 7d > 500 EUR, then: pause}\n");
  const auto run = RunRules(World(), set, &policy_);
  ASSERT_TRUE(run) << run.error().what;
  ASSERT_EQ(run->plans.size(), 2u);
  EXPECT_EQ(run->plans[0].changes.at(0).id, "2");
  EXPECT_EQ(run->plans[1].changes.at(0).id, "1");
  EXPECT_TRUE(run->plans[1].title.starts_with("to be confirmed")) << run->plans[1].title;
  EXPECT_TRUE(Has(run->plans[1].notes.at(0), "28 conversions in the last 28 days"));
}

TEST_F(Rules, HoldsOnBrokenSignalsStaleFactsAndSilentPlatforms) {
  Morning(kToday, 40, [](Day day, int c) { return Row(day, c, 100, 20, 1); });
  const RuleSet set =
      Read("- {name: dear, on: campaign, mature: 10%, if: cpa 7d > 50 EUR, then: pause}\n");
  const auto undecided = [&]() -> std::string {
    const auto run = RunRules(World(), set, &policy_);
    if (!run) return run.error().what;
    return run->verdict.undecided.empty() ? "decided" : run->verdict.undecided[0].why;
  };
  EXPECT_EQ(undecided(), "decided");
  // Without the rule's own word the youngest days are immature.
  const auto strict = RunRules(
      World(), Read("- {name: r, on: campaign, if: cpa 7d > 50 EUR, then: pause}\n"), &policy_);
  ASSERT_TRUE(strict);
  EXPECT_TRUE(Has(strict->verdict.undecided.at(0).why, "immature"));
  SignalHealth signal;
  signal.client = "A";
  signal.name = "conversions meta/42";
  signal.state = SignalState::kBroken;
  signal.since = signal.seen_at = clock_.Now();
  ASSERT_TRUE(SaveSignals(*store_, {signal}));
  EXPECT_TRUE(Has(undecided(), "the signal \"conversions meta/42\" is broken"));
  signal.state = SignalState::kOk;
  ASSERT_TRUE(SaveSignals(*store_, {signal}));
  clock_.AdvanceTo(At(kToday + days(5), 8));
  EXPECT_TRUE(Has(undecided(), "2026-03-1")) << undecided();
  entities_.clear();
  const auto silent = RunRules(World(), set, &policy_);
  ASSERT_TRUE(silent);
  EXPECT_TRUE(silent->plans.empty());
  EXPECT_TRUE(Has(silent->notes.at(0), "out of order"));
}

// Spend of the 5th to the 7th was told as 100 a day, and taken back to 10 a day on the 20th. On the
// 8th nobody could know; and nobody who looks on the 10th of April would see it.
TEST_F(Rules, ABacktestKnowsWhatWasKnownThen) {
  const auto first = [](Day day, int c) {
    const bool dear = c == 1 && day >= D("2026-03-05") && day <= D("2026-03-07");
    return Row(day, c, dear ? 100 : 10, 20, 1);
  };
  for (const char* day : {"2026-03-07", "2026-03-08", "2026-03-09"}) Morning(D(day), 5, first);
  const auto later = [](Day day, int c) { return Row(day, c, 10, 20, 1); };
  Morning(D("2026-03-20"), 30, later);
  Morning(D("2026-04-10"), 30, later);
  clock_.AdvanceTo(At(D("2026-04-10"), 8));
  const RuleSet set = Read(
      "- {name: dear, on: campaign, cooldown: 30d, if: spend 3d > 250 EUR, then: pause}\n"
      "- {name: was dear, on: campaign, cooldown: 30d, if: spend 3d ending 13d ago > 250 EUR,\n"
      "   then: pause}\n");
  const auto got = BacktestRules(World(), set, &policy_, {D("2026-03-07"), D("2026-03-09"), 8});
  ASSERT_TRUE(got) << got.error().what;
  // Once: in the back-test it stays paused.
  ASSERT_EQ(got->firings.size(), 1u) << BacktestText(*got);
  const BacktestFiring& dear = got->firings[0];
  EXPECT_EQ(dear.rule, "dear");
  EXPECT_EQ(dear.day, D("2026-03-08"));
  EXPECT_EQ(dear.id, "1");
  EXPECT_EQ(dear.action, "pause");
  EXPECT_TRUE(dear.needs_second_signal);
  EXPECT_TRUE(Has(dear.why, "300.00 EUR")) << dear.why;
  // What happened afterwards is told as it is known now: 10 a day, a conversion a day.
  ASSERT_EQ(dear.outcomes.size(), 2u);
  ASSERT_TRUE(dear.outcomes[0].known) << dear.outcomes[0].why;
  EXPECT_EQ(dear.outcomes[0].spend, Eur(70));
  ASSERT_TRUE(dear.outcomes[1].known) << dear.outcomes[1].why;
  EXPECT_EQ(dear.outcomes[1].conversions, 14);
  // On the 20th the same days are dear no more, and on the 6th nothing had been read.
  const auto known_later =
      BacktestRules(World(), set, &policy_, {D("2026-03-20"), D("2026-03-20"), 8});
  ASSERT_TRUE(known_later) << known_later.error().what;
  EXPECT_TRUE(known_later->firings.empty());
  const auto early = BacktestRules(World(), set, &policy_, {D("2026-03-06"), D("2026-03-06"), 8});
  ASSERT_TRUE(early) << early.error().what;
  EXPECT_TRUE(early->firings.empty());
  EXPECT_TRUE(Has(BacktestText(*early), "on 1 of 1 days nothing was known of any object"))
      << BacktestText(*early);
  EXPECT_FALSE(Has(BacktestText(*got), "nothing was known of any object")) << BacktestText(*got);
}

TEST_F(Rules, ABacktestRefusesDaysThatAreNotOver) {
  const RuleSet set = Read("- {name: r, on: campaign, if: spend 3d > 250 EUR, then: pause}\n");
  const auto refused = [&](Day from, Day to) {
    const auto got = BacktestRules(World(), set, nullptr, {from, to, 8});
    return got ? std::string("accepted") : got.error().what;
  };
  EXPECT_TRUE(Has(refused(kToday, kToday), "is not over yet"));
  EXPECT_TRUE(Has(refused(kToday, kToday - days(1)), "the first not after the last"));
  EXPECT_TRUE(Has(refused(kToday - days(400), kToday - days(1)), "1 to 366 days"));
}

}  // namespace
}  // namespace maxopt
