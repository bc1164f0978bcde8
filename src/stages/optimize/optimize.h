#pragma once
#include <optional>
#include <string>
#include <vector>

#include "decide/reallocation/reallocation.h"
#include "domain/plan.h"
#include "domain/policy.h"
#include "measure/response/response.h"
#include "stages/optimize/history.h"

namespace maxopt {

struct RecommendOptions {
  int history_days = 420;
  ResponseOptions response{};
  ReallocationOptions reallocation{};
  /// Budgets hold for a week: effects last for days, and what is learnt from a step must be seen.
  int step_days = 7;
  /// Days ahead that what is learnt is still worth something, where no flight ends before.
  int horizon_days = 182;
};

/// One channel as the optimiser sees it. Money is in the currency of its accounts; what it brings
/// is in the client's.
struct ChannelView {
  std::string id;  ///< "google_ads/search-generic"; of another currency "... CHF"
  Money budget;    ///< daily, as live now
  Money proposed;
  Money home;           ///< daily, as it was before Max moved it
  Money spend_per_day;  ///< delivered, mean of the last 7 full days
  double rate = 1;      ///< units of the client's currency for one of its own
  double claimed_roas;  ///< what the platform says
  Interval90 revenue;   ///< incremental revenue a day at the present budget, modelled
  Interval90 marginal;  ///< incremental revenue per further unit of spend, both in one currency
  double explore = 0;   ///< relative deliberate deviation from what looks best, signed
  bool identified;      ///< false: the data tell little; the interval is mostly assumption
  std::string binding;  ///< what holds it: "step", "home range", "delivery" (it does not spend its
                        ///< budget), "policy step", "locked" by an experiment or the media plan,
                        ///< "no history"; "": nothing
};

struct Recommendation {
  Currency currency = kNoCurrency;  ///< the client's: of totals, gains, costs and stake
  std::vector<ChannelView> channels;
  /// Of all channels, converted; rounded up to the micro.
  Money budget_total = Money::Zero(kNoCurrency), proposed_total = budget_total;
  /// Where several currencies are in it: rates and their days, what rounding leaves.
  std::vector<std::string> notes;
  std::optional<Plan> plan;     ///< draft; absent when nothing is to be moved now
  std::string why;              ///< one paragraph: what was learnt, what is proposed or why nothing
  Interval90 gain{};            ///< revenue a day of the proposed budgets over the present ones
  double confidence = 0;        ///< share of the posterior in which they earn more
  Interval90 gain_over_home{};  ///< of what looks best over the budgets before Max moved any
  double explore_cost = 0;      ///< expected profit a day given up for what the variation teaches
  double stake = 0;             ///< what knowing everything would add, profit a day
  int days_used = 0;
};

/// One step of the closed loop of decide/reallocation on the client's live daily budgets: the total
/// stays, each channel moves at most by the policy's step. Accounts of several currencies are
/// compared in the client's; each budget is whole minor units of its account's (WholeUnits), so
/// what is proposed is never more than there was, and less by at most what no smallest unit fits
/// into. Evidence is the client's own revenue against spend over time; platform claims are a weak
/// prior only. Once a step is taken budgets hold for step_days. A channel that an experiment or the
/// media plan keeps still, or of which nothing is known, is left out, and the answer says so.
/// Errors: kRefused without a policy, while a tracking signal of the client is broken (hold: every
/// budget stays), with unread accounts, a currency without a rate, facts too short, or when the
/// last week of data is incomplete, stale or unreconciled (DecisionHold).
Result<Recommendation> Recommend(const OptimizeWorld& world, const std::string& client,
                                 const Policy* policy, const RecommendOptions& options = {});

}  // namespace maxopt
