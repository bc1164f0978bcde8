#include <fmt/format.h>

#include <cmath>

#include "decide/bandit/bandit.h"

namespace maxopt {

Result<PolicyValue> EvaluateOffPolicy(std::span<const LoggedChoice> log, OffPolicyMethod method) {
  double n = 0, weights = 0, squares = 0;
  for (std::size_t i = 0; i < log.size(); ++i) {
    const LoggedChoice& c = log[i];
    const bool sound = c.count > 0 && std::isfinite(c.count) && std::isfinite(c.reward) &&
                       c.propensity > 0 && c.propensity <= 1 && c.target >= 0 && c.target <= 1 &&
                       std::isfinite(c.predicted) && std::isfinite(c.predicted_target);
    if (!sound) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("logged choice {}: count {}, reward {}, propensity {}, target {}; the "
                      "count must be above 0, the propensity in (0, 1], the target in "
                      "[0, 1], all of them numbers",
                      i, c.count, c.reward, c.propensity, c.target));
    }
    const double w = c.target / c.propensity;
    n += c.count;
    weights += c.count * w;
    squares += c.count * w * w;
  }
  if (!(n >= 2)) return Fail(Errc::kInvalidArgument, "at least two logged impressions are needed");
  if (method == OffPolicyMethod::kSnips && !(weights > 0)) {
    return Fail(Errc::kInvalidArgument, "the target policy never chooses what was logged");
  }
  const bool robust = method == OffPolicyMethod::kDoublyRobust;
  const bool normalised = method == OffPolicyMethod::kSnips;
  double sum = 0;
  for (const LoggedChoice& c : log) {
    const double w = c.target / c.propensity;
    sum += c.count * (robust ? c.predicted_target + w * (c.reward - c.predicted) : w * c.reward);
  }
  const double value = sum / (normalised ? weights : n);
  // Influence of one impression on the value, and its variance within a group of equal choices.
  double variance = 0;
  for (const LoggedChoice& c : log) {
    const double w = c.target / c.propensity;
    const double off = robust       ? c.predicted_target + w * (c.reward - c.predicted) - value
                       : normalised ? n / weights * w * (c.reward - value)
                                    : w * c.reward - value;
    const double scale = normalised ? n / weights * w : w;
    const double within =
        c.reward > 0 && c.reward < 1 ? scale * scale * c.reward * (1 - c.reward) : 0;
    variance += c.count * (off * off + within);
  }
  const double se = std::sqrt(variance / n / (n - 1));
  constexpr double kZ = 1.959963984540054;
  return PolicyValue{value, se, value - kZ * se, value + kZ * se,
                     squares > 0 ? weights * weights / squares : 0};
}

}  // namespace maxopt
