#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "memory/facts/facts.h"

namespace maxopt {

/// How strict the judgement is.
struct QualityRules {
  /// Days that the platform keeps restating: its Capabilities::restatement_days.
  int restatement_days = 30;
  /// A closed day that was last read longer ago than this while it still changes is stale. A round
  /// a day is the promise, so two missed ones are one too many.
  std::chrono::hours stale_after{48};
  /// The day that runs is read by the hour; three missed rounds are stale.
  std::chrono::hours stale_today_after{3};
  /// Levels and breakdowns must agree within this share of the larger: 0.1 % is what rounding of
  /// single rows to the minor unit leaves.
  double tolerance = 0.001;
  /// A day with less of its conversions than this is provisional. At 0.95 the rest is below the
  /// luck of 400 conversions.
  double mature_share = 0.95;
};

/// Judges every day of `slices` between `from` and `to`, the account's days. Pure: `now` and the
/// zone come from the caller. What an account never had (an import without account level) is not
/// asked of it: then reconciliation is unknown, not bad.
///   completeness    bad: campaigns by day missing; degraded: another kind of slice is missing that
///                   is read of other days; pending: the day is not over
///   freshness       bad: stale; degraded: the newest attempt failed; pending: read before the end
///                   of the day
///   reconciliation  bad: levels or breakdowns disagree by more than the tolerance. Ads are held
///                   against those campaigns only that have ads at all, breakdowns (device,
///                   placement, age_gender; country where the platform places everyone) against
///                   campaigns; keywords and search terms must not be more than them. Readings that
///                   the platform restated in between, an hour or more apart, are degraded: the
///                   next round tells.
///   maturity        pending: the platform restates such days still and less than `mature_share` of
///                   the conversions are expected to be known
/// growth: of the same account, any days; what the estimate of maturity rests on.
std::vector<DayQuality> JudgeDays(const AccountInfo& account, const Zone& zone, Day from, Day to,
                                  const std::vector<SliceInfo>& slices,
                                  const std::vector<GrowthState>& growth, Instant now,
                                  const QualityRules& rules = {});

/// Reads what JudgeDays needs and judges. kInvalidArgument: the account's zone is not known.
Result<std::vector<DayQuality>> DataQuality(FactStore& facts, const AccountInfo& account, Day from,
                                            Day to, Instant now, const QualityRules& rules = {});

/// Whether automated decisions may use the data of these accounts and days.
struct Hold {
  std::vector<std::string> reasons;  ///< empty: they may
  bool held() const { return !reasons.empty(); }
};
/// What a decision rests on.
struct DecisionUse {
  Day from;
  Day to;  ///< account days, inclusive
  /// The platforms' claimed conversions are part of it, so days must be mature as well. Spend and
  /// delivery are final a day later and do not wait.
  bool claimed_conversions = false;
  /// Amounts are converted to one currency, so that accounts of several may be decided on together.
  bool converted = false;
  /// As in QualityRules; the same for every account of the decision.
  QualityRules rules{};
};
/// Data that are incomplete, stale, unreconciled, unmatured where that matters, or of several
/// currencies hold the decision, each with its reason. Reasons of several days of an account are
/// one sentence.
Result<Hold> DecisionHold(FactStore& facts, const std::vector<AccountInfo>& accounts,
                          const DecisionUse& use, Instant now);

}  // namespace maxopt
