#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "domain/alert.h"
#include "domain/entity.h"
#include "money/money.h"
#include "result/result.h"

/// Rules: what a client wants done when its numbers say so. A small typed language (docs/rules.md)
/// and its judgement. Pure and thread-safe: the same rules, facts and time give the same answer.
namespace maxopt {

// --- the language -------------------------------------------------------------------------------

/// A value of a file with its line, whatever it was written in. Maps keep their order and may hold
/// a key twice: the parser of rules refuses that by its line.
struct RuleNode {
  enum class Kind { kNull, kText, kList, kMap };
  Kind kind = Kind::kNull;
  int line = 0;
  std::string text;               ///< kText
  std::vector<RuleNode> items;    ///< kList: the items; kMap: the values
  std::vector<std::string> keys;  ///< kMap: beside items
  std::vector<int> key_lines;     ///< kMap
};

/// What can be asked of an object. Money: spend revenue cpc cpm cpa budget bid target_cpa. Shares
/// in [0, 1]: ctr impression_share lost_to_budget lost_to_rank; cvr likewise, though view-through
/// conversions may lift it above 1. Factors: roas target_roas. The rest are counts. Conversions and
/// revenue are what the platform claims.
enum class RuleMetric {
  kSpend,
  kImpressions,
  kClicks,
  kConversions,
  kRevenue,
  kCtr,
  kCpc,
  kCpm,
  kCvr,
  kCpa,
  kRoas,
  kImpressionShare,
  kLostToBudget,
  kLostToRank,
  kDaysDelivered,  ///< days of the window with spend or impressions
  kBudget,         ///< daily; this and what follows are settings as they are now, without a window
  kBid,
  kTargetCpa,
  kTargetRoas,
};
std::string_view RuleMetricName(RuleMetric metric);

/// Whole days of the account's zone, the last of them `ending_days_ago` days before today.
struct RuleWindow {
  int days = 0;
  int ending_days_ago = 1;  ///< 1: yesterday, the newest whole day
  friend bool operator==(const RuleWindow&, const RuleWindow&) = default;
};

enum class RuleBound { kPoint, kLower, kUpper };
enum class RuleOp { kLess, kLessEqual, kGreater, kGreaterEqual };
/// What the left side is held against: a value, or a percentage of something.
enum class RuleAgainst {
  kValue,
  kTarget,    ///< of the KPI: the watch's, or the campaign's own target_cpa or target_roas
  kPrevious,  ///< the same number of days just before the window
  kWindow,    ///< another window
  kBudget,    ///< the present daily budget times the days of the window
  kParent,
  kSiblings,  ///< the parent without the object
  kAccount,
};

/// "cpa.lower_90 14d ending 3d ago > 130% of siblings". A bound is one-sided: with a probability of
/// `level` the true value is above the lower one. A reference that is itself estimated (previous,
/// another window, parent, siblings, account) then stands with its opposite bound, so that the
/// comparison holds for both at once.
struct RuleComparison {
  std::string text;  ///< as written, spaces made even
  int line = 0;
  RuleMetric metric{};
  RuleBound bound = RuleBound::kPoint;
  double level = 0;  ///< 0.9; with a bound
  RuleWindow window{};
  RuleOp op{};
  RuleAgainst against = RuleAgainst::kValue;
  double value = 0;              ///< kValue: units of money, share, factor or count
  std::optional<Money> money{};  ///< kValue of money metrics, exact
  std::int64_t percent_bp = 0;   ///< of the reference: 13'000 = 130 %
  RuleWindow other{};            ///< kWindow
};

struct RuleCondition {
  enum class Kind { kAll, kAny, kNot, kComparison };
  Kind kind = Kind::kComparison;
  std::vector<RuleCondition> of{};  ///< kNot has one
  RuleComparison comparison{};
};

struct RuleAction {
  enum class Kind { kPause, kActivate, kBudget, kBid, kTargetCpa, kTargetRoas, kNotify };
  Kind kind{};
  int line = 0;
  std::optional<int> by_bp{};               ///< "+20%" = 2'000
  std::optional<Money> to{}, min{}, max{};  ///< of amounts
  std::optional<std::int64_t> roas_to_bp{}, roas_min_bp{}, roas_max_bp{};
  std::string text{};                    ///< kNotify
  AlertTier tier = AlertTier::kWarning;  ///< kNotify
};
/// "pause", "activate", "budget", "bid", "target_cpa", "target_roas", "notify"
std::string_view RuleActionName(RuleAction::Kind kind);

/// The first branch whose condition is true acts, if all before it are known to be false. One that
/// is unknown ends the rule for that object: ELSE is no guess.
struct RuleBranch {
  std::optional<RuleCondition> condition{};  ///< absent: the last else
  std::vector<RuleAction> actions{};
};

/// Which objects. Patterns may hold "*"; letters' case does not matter.
struct RuleScope {
  Level level = Level::kCampaign;
  std::vector<Platform> platforms{};     ///< empty: all
  std::vector<std::string> accounts{};   ///< "meta/123"; empty: all
  std::vector<std::string> campaigns{};  ///< names or ids; empty: all
  std::vector<std::string> names{};      ///< of the object; empty: all
  std::vector<std::string> objectives{};
  std::string status{kActive};  ///< of the object itself
};

struct Rule {
  std::string name;
  std::string note{};
  int line = 0;
  RuleScope scope{};
  int priority = 100;                   ///< 0..1000; the higher one wins
  std::vector<RuleComparison> needs{};  ///< least data: not true is unknown, never false
  std::vector<RuleBranch> branches{};
  /// Of the same rule on the same object. A day: numbers by day do not change more often.
  int cooldown_hours = 24;
  std::optional<int> changes_per_day{};  ///< of this rule
  /// Least share of a day's final conversions that must be known; absent: the set's.
  std::optional<double> mature_share{};
};

/// What all rules together may do.
struct RuleLimits {
  int changes_per_day = 20;  ///< as many as a person reads; a rule gone wild is stopped there
  std::optional<Money> money_per_day{};  ///< sum of the sizes of all budget moves
  int rest_hours = 24;                   ///< between two changes of one object by any rules
  int reversal_hours = 168;  ///< ... where the second would take the first back: a whole week's
                             ///< weekdays have been seen by then
  /// One setting moves at most by so much of where it stood `change_days` ago. 5'000 = 50 %: two
  /// and a bit of the template policy's steps.
  int change_max_bp = 5'000;
  int change_days = 7;
};

struct RuleSet {
  std::string client;
  Currency currency;
  RuleLimits limits{};
  std::vector<Rule> rules{};
  double mature_share = 0.95;  ///< of rules that say none; as QualityRules has it

  /// Days before today that the conditions look at, at least 28: whether something converts is
  /// looked up there.
  int days_needed() const;
  bool needs_level(Level level) const;  ///< a rule is on it, or compares with it
};

/// kInvalidArgument with file and line: unknown keys, metrics and units, amounts without a currency
/// or in another than the file's, a lower bound compared with "<" (it would say next to nothing), a
/// rule that raises budgets in a file without money_per_day, ...
Result<RuleSet> ParseRules(const RuleNode& root, const std::string& file);
/// One comparison alone. The error has no place.
Result<RuleComparison> ParseComparison(std::string_view text, Currency currency);

// --- what is known ------------------------------------------------------------------------------

/// One day of one object. A day without an entry had no delivery, if the account's day is known.
struct RuleDay {
  Day day{};
  std::int64_t spend_micros = 0;
  std::optional<std::int64_t> impressions{}, clicks{};
  std::optional<double> conversions{};
  std::optional<std::int64_t> revenue_micros{};
  std::optional<double> impression_share{}, lost_to_budget{}, lost_to_rank{};
};

/// Whether a day of an account may be decided on.
struct RuleAccountDay {
  bool known = false;
  std::string why{};                    ///< where it is not
  std::optional<double> share_known{};  ///< of its final conversions; absent: not known
};

struct RuleAccount {
  AccountId id;
  Currency currency;
  MinorUnits minor_units = MinorUnits::kIso4217;
  Day today{};  ///< of the account's zone; not over
  Day first{};  ///< of `days`
  std::vector<RuleAccountDay> days{};
  std::string hold{};              ///< why nothing of it may be decided; empty: it may
  std::string conversions_hold{};  ///< why its conversions may not be believed
};

struct RuleObject {
  std::size_t account = 0;              ///< place in RuleFacts::accounts
  std::optional<std::size_t> parent{};  ///< place in RuleFacts::objects; absent of accounts
  Level level{};
  std::string id{}, name{}, address{};
  std::string campaign_id{}, campaign_name{};  ///< its own for campaigns
  std::string objective{};                     ///< of its campaign
  std::string status{};
  std::optional<Money> daily_budget{}, bid{}, target_cpa{};
  std::optional<std::int64_t> target_roas_bp{};
  std::map<RuleMetric, double> targets{};  ///< units of money, share or factor
  std::string locked{};                    ///< why it may not be touched; empty: it may
  std::string budget_fixed{};              ///< why its budget may not be moved
  std::optional<Instant> budget_changed_at{};
  std::vector<RuleDay> series{};  ///< ascending, one entry a day
};

/// A change that was proposed before, by rules or by others of us.
struct RulePast {
  Instant at{};        ///< of its apply; of its proposal while there was none
  std::string rule{};  ///< the rule's name; of others who proposed it
  bool by_rule = true;
  AccountId account{};
  std::string id{};     ///< the object's
  std::string field{};  ///< "status", "daily_budget", ...
  FieldValue before{}, after{};
  std::string plan{};
  bool open = false;  ///< waits or is being applied
  bool done = false;  ///< it happened
  /// Rejected, blocked, expired: the rule still rests, but nothing moved.
  bool void_() const { return !open && !done; }
};

struct RuleFacts {
  Instant now{};
  Zone zone = Zone::Utc();  ///< the client's: days of the daily caps
  std::vector<RuleAccount> accounts{};
  /// Parents before children. One of Level::kAccount for each account.
  std::vector<RuleObject> objects{};
  std::vector<RulePast> past{};
  /// Of the policy; nullopt: there is no policy, and steps are not cut.
  std::optional<int> step_max_bp{};
  int policy_cooldown_hours = 0;
};

// --- the judgement ------------------------------------------------------------------------------

/// One comparison as it was judged.
struct RuleEvidence {
  std::string condition;  ///< as written
  std::string value;      ///< "34.10 EUR (1023.00 EUR, 30 conversions; 2026-03-01 to 2026-03-14)"
  std::string reference;  ///< "26.00 EUR = 130 % of 20.00 EUR (target)"
  bool holds = false;
};

struct RuleProposal {
  std::size_t object = 0;  ///< place in RuleFacts::objects
  std::size_t rule = 0;    ///< place in RuleSet::rules
  std::string field;
  FieldValue before, after;
  bool lowers_spend = false;
  std::string why;  ///< one sentence
  std::vector<RuleEvidence> evidence{};
  /// Pauses of what converts, or may: proposed apart, as another signal must agree.
  bool needs_second_signal = false;
  std::string second_signal_why{};
  Money at_stake;  ///< spend of the last seven known days
};

struct RuleNotice {
  std::size_t object = 0;
  std::size_t rule = 0;
  AlertTier tier{};
  std::string text;
  std::vector<RuleEvidence> evidence{};
};

/// Something that a rule wanted and that is not done.
struct RuleSuppressed {
  std::size_t object = 0;
  std::size_t rule = 0;
  std::string what;  ///< "budget 20.00 EUR -> 24.00 EUR"
  std::string why;
};

/// What could not be judged, by rule and reason.
struct RuleUndecided {
  std::size_t rule = 0;
  std::string why;
  std::vector<std::size_t> objects{};  ///< places in RuleFacts::objects
};

struct RuleVerdict {
  std::vector<RuleProposal> changes{};  ///< by priority, then what lowers spend, then at_stake
  std::vector<RuleNotice> notices{};
  std::vector<RuleSuppressed> suppressed{};
  std::vector<RuleUndecided> undecided{};
  int judged = 0;  ///< pairs of rule and object
  int fired = 0;   ///< of them, where a branch was taken
};

/// Judges every rule on every object of its scope.
/// Unknown   Data that are absent, stale, immature for what is asked, held, of another currency
/// than
///           the file's, or fewer than `needs` asks make a comparison unknown. AND, OR and NOT are
///           Kleene's: unknown AND false is false, unknown OR true is true. Only true acts.
/// Bounds    Exact ones, which are wrong at most as often as they say: a rule that stops what had
/// no
///           conversions yet must not. Of counts, and of cpc, cpm and cpa over them: quantiles of
///           Gamma(x) below and Gamma(x + 1) above (F. Garwood 1936, Fiducial limits for the
///           Poisson distribution, Biometrika 28). Of ctr and cvr: of Beta(x, n - x + 1) and Beta(x
///           + 1, n - x) (C. Clopper, E. Pearson 1934, Biometrika 26); a cvr above 1 as a count
///           over clicks. Nothing counted: no lower bound but 0, and none above for what it costs.
///           Of revenue and roas: Student's t over the window's days, for the ratio by the delta
///           method (Deng, Knoblich, Lu 2018); seven days at least, as weekdays differ.
/// Conflicts Of one object, its delivery (status, budget) and its price (bid, targets) are each
///           changed by one rule a run: the higher priority, then what spends less, then the
///           earlier rule. What is below an object that is paused is left alone. Percentages never
///           stack.
/// Activation of what no rule paused is suppressed: a person had a reason.
RuleVerdict JudgeRules(const RuleSet& set, const RuleFacts& facts);

}  // namespace maxopt
