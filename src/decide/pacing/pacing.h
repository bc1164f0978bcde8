#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "domain/dayparts.h"
#include "money/money.h"
#include "result/result.h"

/// Pacing: where a flight's spend will land, as a distribution, and what to do about it. Pure.
/// docs/pacing.md has the formulas and where each default comes from.
namespace maxopt {

/// How much more than its budget a platform may spend, and when it makes up for it.
struct DeliveryRules {
  int day_bp = 10'000;  ///< most of a daily budget on one day, of whatever length: 20'000 = 2x
  /// Most of a daily budget in a calendar month, in days: Google's 30.4. 0: none.
  double month_days = 0;
  /// Most of a daily budget in a calendar week, in days: Meta's and TikTok's 7. 0: none.
  int week_days = 0;
  bool week_from_sunday = true;  ///< else from Monday
};

enum class BudgetKind { kDaily, kLifetime };

/// A budget that held from `from` on.
struct BudgetStep {
  Instant from{};
  Money amount;
};

/// What is known of one day's spend.
struct DaySpend {
  Day day{};
  Money spend;
  /// What was first reported for the day, where it was more or less: restated since.
  std::optional<Money> first_reported{};
};

/// Spend of an hour as the account's clock labels it. The hour that a clock set back repeats may
/// come once (both in one) or twice; the one it skips does not come.
struct HourSpend {
  Day day{};
  int hour = 0;  ///< 0..23
  Money spend;
};

/// Shares of eligible impressions; of search campaigns on Google. They sum to 1 where all are told.
struct ImpressionShare {
  double won = 0;                       ///< [0, 1]
  std::optional<double> lost_budget{};  ///< [0, 1]
  std::optional<double> lost_rank{};    ///< absent: what the others leave
};

enum class FlightStatus { kOn, kOff };

struct PaceInput {
  Zone zone = Zone::Utc();
  Day first{}, last{};  ///< of the flight, inclusive, on the account's clock
  FlightStatus status = FlightStatus::kOn;
  /// Spend that the flight is to land on; absent: the budget's (lifetime, or daily times days).
  std::optional<Money> plan{};
  std::optional<Money> plan_before{};  ///< what it was before it was changed within the flight
  BudgetKind kind = BudgetKind::kDaily;
  /// Oldest first, at least one; the newest holds now. A first step after the flight's start is
  /// taken to have held before as well.
  std::vector<BudgetStep> budgets{};
  DeliveryRules rules{};
  std::optional<WeekHours> dayparts{};  ///< absent: all hours
  /// Days before and within the flight, any order, each once; a day without an entry is not known
  /// (absent is not 0). Today's entry is its spend so far.
  std::vector<DaySpend> days{};
  std::vector<HourSpend> hours{};  ///< of the same; may be empty
  Instant now{};
  /// Until when today's spend is known; nullopt: now. What is later is ignored.
  std::optional<Instant> known_until{};
  std::optional<ImpressionShare> share{};  ///< of the newest closed days
};

struct PaceSettings {
  int tolerance_bp = 500;  ///< landing within this of the plan is on plan
  double call_at = 0.8;    ///< probability from which a side is called
  int draws = 2'000;       ///< 100 to 100'000
  std::uint64_t seed = 1;
  int step_max_bp = 2'000;  ///< largest suggested move of a budget, as in the policy
  MinorUnits minor_units = MinorUnits::kIso4217;
  std::optional<Money> least_budget{};  ///< the platform's minimum
  std::optional<Money> most_budget{};   ///< the client's
};

enum class PaceState {
  kNotStarted,
  kEnded,
  kOnHold,     ///< paused
  kNoBudget,   ///< the budget is zero
  kFirstDay,   ///< no day of the flight has closed: unknown, no verdict
  kNoHistory,  ///< no spend of a closed day of the flight is known: unknown, no verdict
  kOnPlan,     ///< neither side is probable enough to be called
  kOver,
  kUnder,
};
std::string_view PaceStateName(PaceState state);  ///< "not_started", ..., "on_plan", "over"
/// States that never make an alert: all but over and under.
bool Silent(PaceState state);

struct LandingQuantiles {
  static constexpr std::array<double, 7> kProbabilities{0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95};
  std::array<Money, 7> at;
  Money mean;
};

/// Where today stands. Every amount by the hour curve of this very day, be it of 23 or 25 hours.
struct TodayPace {
  double share_elapsed;        ///< of the day's spend that is usual by known_until, [0, 1]
  Money expected_so_far;       ///< the expected day times that
  std::optional<Money> spent;  ///< absent: not known
  Money expected_day;          ///< median of the whole day
  Money cap;                   ///< most that the platform may spend today
};

/// A budget that lands the flight on its plan. A suggestion; nothing is written.
struct BudgetSuggestion {
  Money from, to;
  std::string why;
  std::string limited_by;  ///< "step", "least", "most", "demand", "plan_spent"; "": by nothing
};

/// What more budget can win and what it cannot: of the impressions that were there, those lost to
/// budget come with it at about today's price; those lost to rank do not.
struct ShareHeadroom {
  double won, lost_budget, lost_rank;
  bool rough;             ///< a share that is told only as "under 10 %" or "over 90 %"
  Money more_for_budget;  ///< most further spend a day that a larger budget can buy
  std::string what;       ///< one sentence
};

struct PaceVerdict {
  PaceState state;
  Money plan;
  Money spent;                ///< of the flight, as known
  int days_total, days_left;  ///< today included in days_left
  std::optional<LandingQuantiles> landing;
  std::optional<double> p_over, p_under;  ///< landing above / below plan by more than the tolerance
  std::optional<TodayPace> today;
  std::optional<Money> month_headroom, week_headroom;  ///< that the platform may still spend
  /// Spend over what the budget allowed, of recent days: near 1, the budget limits; well below,
  /// demand does.
  std::optional<double> utilisation;
  std::optional<ShareHeadroom> headroom;  ///< where shares were given and say what they lost to
  std::optional<BudgetSuggestion> suggestion;
  std::vector<std::string> why;  ///< sentences with numbers
};

/// Judges one flight.
/// Errors  kInvalidArgument: no budget, currencies that differ, a negative amount, last < first, a
///         day twice, an hour outside 0..23, a share outside [0, 1], settings out of range
Result<PaceVerdict> JudgePace(const PaceInput& input, const PaceSettings& settings);

/// Usual share of a day's spend by label hour of the account's clock, sums to 1 over a day of 24
/// hours. Learnt from complete days of `hours` with a flat prior worth three days over the hours
/// that `dayparts` allow; without any, that prior.
std::array<double, 24> HourCurve(const std::vector<HourSpend>& hours,
                                 const std::optional<WeekHours>& dayparts, const Zone& zone,
                                 Day before);

/// Share of `day`'s spend that is usual by `until`: the curve weighted by how long each label hour
/// really lasts on that day (0 when skipped, double when repeated, half on Lord Howe), over the
/// hours that the dayparts allow. 0 at or before the day's begin, 1 from its end on. Where the
/// dayparts allow no hour of that day: 0.
double ShareElapsed(const std::array<double, 24>& curve, const std::optional<WeekHours>& dayparts,
                    const Zone& zone, Day day, Instant until);

/// Hours of `day` in which the dayparts allow delivery, by the real clock: 23, 25, 24.5, ...
double RunningHours(const std::optional<WeekHours>& dayparts, const Zone& zone, Day day);

/// `spend`: of the days that the share is of, per day. nullopt: the share won is 0, or what it was
/// lost to is not told.
/// Source  Google Ads API, metrics.search_budget_lost_impression_share: share, lost to budget and
///         lost to rank sum to 1; below 10 % they are told as 0.0999, above 90 % as 0.9001.
std::optional<ShareHeadroom> WhatBudgetCanWin(const ImpressionShare& share, Money spend);

}  // namespace maxopt
