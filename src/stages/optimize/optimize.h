#pragma once
#include <optional>
#include <string>
#include <vector>

#include "domain/plan.h"
#include "domain/policy.h"
#include "measure/response/response.h"
#include "stages/optimize/history.h"

namespace maxopt {

struct RecommendOptions {
  int history_days = 420;
  ResponseOptions response{};
  double confidence_min = 0.8;  ///< share of the posterior in which the move must gain
  double risk_aversion = 0.5;   ///< price of one standard deviation of a channel's change
  double gain_min = 0.002;      ///< of the media response; below it a move is not worth its risk
};

/// One channel as the optimiser sees it.
struct ChannelView {
  std::string id;  ///< "google_ads/search-generic"
  Money budget;    ///< daily, as live now
  Money proposed;
  Money spend_per_day;  ///< delivered, mean of the last 7 full days
  double claimed_roas;  ///< what the platform says
  Interval90 revenue;   ///< incremental revenue a day at the present budget, modelled
  Interval90 marginal;  ///< incremental revenue per further unit of spend
  bool identified;
  bool demand_limited;  ///< does not spend its budget: more would not be spent
  std::string binding;  ///< what holds it: "min", "max", "locked" by an experiment, ""
};

struct Recommendation {
  std::vector<ChannelView> channels;
  std::optional<Plan> plan;  ///< draft; absent when nothing is worth doing
  std::string why;           ///< one paragraph: what was learnt, what is proposed or why nothing
  Interval90 gain{};         ///< revenue a day of the whole move
  double confidence = 0;     ///< share of the posterior that gains
  double lambda = 0;         ///< common marginal return
  int days_used = 0;
};

/// Moves the client's daily budgets to where the marginal incremental revenue is highest, the total
/// unchanged, each at most by the policy's step. Evidence is the client's own revenue against spend
/// over time; platform claims are a weak prior only. Acts only where the posterior says so. A
/// channel that an experiment keeps still is left out, and the answer says so.
/// Errors: kRefused without a policy, while a tracking signal of the client is broken (hold: every
/// budget stays), with unread accounts, mixed currencies, facts too short, or when the last week of
/// data is incomplete, stale or unreconciled (DecisionHold).
Result<Recommendation> Recommend(const OptimizeWorld& world, const std::string& client,
                                 const Policy* policy, const RecommendOptions& options = {});

}  // namespace maxopt
