// Lift of hours or days switched on and off.
#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <random>

#include "measure/lift/lift.h"

namespace maxopt {
namespace {

std::unexpected<Error> Wrong(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}
constexpr int kRedraws = 4'999;

}  // namespace

Result<SwitchbackAnswer> MeasureSwitchback(std::span<const SwitchbackBlock> blocks, int burn_in,
                                           double level, std::uint64_t seed) {
  if (!(level >= 0.5 && level <= 0.999)) return Wrong("level: must be between .5 and .999");
  if (burn_in < 0) return Wrong("burn_in: must be 0 or more");
  std::vector<double> means;
  std::vector<bool> on;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    double sum = 0;
    std::size_t steps = 0;
    for (std::size_t i = 0; i < blocks[b].y.size(); ++i) {
      if (!std::isfinite(blocks[b].y[i]))
        return Wrong(fmt::format("blocks[{}].y: must be finite", b));
      if (i < static_cast<std::size_t>(burn_in)) continue;
      sum += blocks[b].y[i];
      ++steps;
    }
    // Two blocks of a kind in a row carry nothing over, but the rule is the same for all.
    if (steps == 0) continue;
    means.push_back(sum / static_cast<double>(steps));
    on.push_back(blocks[b].on);
  }
  const auto compare = [&](const std::vector<bool>& treated) {
    double sum[2] = {0, 0}, squares[2] = {0, 0};
    double count[2] = {0, 0};
    for (std::size_t b = 0; b < means.size(); ++b) {
      sum[treated[b] ? 1 : 0] += means[b];
      count[treated[b] ? 1 : 0] += 1;
    }
    for (std::size_t b = 0; b < means.size(); ++b) {
      const int arm = treated[b] ? 1 : 0;
      squares[arm] += std::pow(means[b] - sum[arm] / count[arm], 2);
    }
    struct {
      double effect, se, df, off;
      int n_on, n_off;
    } out{};
    out.n_off = static_cast<int>(count[0]), out.n_on = static_cast<int>(count[1]);
    if (count[0] < 2 || count[1] < 2) return out;
    out.off = sum[0] / count[0];
    out.effect = sum[1] / count[1] - out.off;
    const double v0 = squares[0] / (count[0] - 1) / count[0],
                 v1 = squares[1] / (count[1] - 1) / count[1];
    out.se = std::sqrt(v0 + v1);
    const double parts = v0 * v0 / (count[0] - 1) + v1 * v1 / (count[1] - 1);
    out.df = parts > 0 ? (v0 + v1) * (v0 + v1) / parts : count[0] + count[1] - 2;
    return out;
  };
  const auto seen = compare(on);
  if (seen.n_on < 2 || seen.n_off < 2) {
    return Wrong(fmt::format(
        "blocks: {} on and {} off are longer than the burn-in of {}; two of each are needed",
        seen.n_on, seen.n_off, burn_in));
  }
  SwitchbackAnswer answer{};
  answer.effect = seen.effect;
  answer.blocks_on = seen.n_on, answer.blocks_off = seen.n_off;
  if (seen.off > 0) answer.lift = seen.effect / seen.off;
  const boost::math::students_t t(seen.df);
  const double half = seen.se * boost::math::quantile(boost::math::complement(t, (1 - level) / 2));
  answer.low = seen.effect - half, answer.high = seen.effect + half;
  if (seen.se > 0) {
    answer.p_value = std::min(
        1.0, 2 * boost::math::cdf(boost::math::complement(t, std::abs(seen.effect) / seen.se)));
  } else {
    answer.p_value = seen.effect == 0 ? 1 : 0;
  }
  // Fisher's test: the same blocks with on and off dealt anew.
  std::mt19937_64 random(seed);
  std::vector<bool> dealt = on;
  int as_large = 0;
  for (int i = 0; i < kRedraws; ++i) {
    for (std::size_t b = dealt.size() - 1; b > 0; --b) {
      const std::size_t other = random() % (b + 1);
      const bool held = dealt[b];
      dealt[b] = dealt[other];
      dealt[other] = held;
    }
    as_large += std::abs(compare(dealt).effect) >= std::abs(seen.effect) * (1 - 1e-12) ? 1 : 0;
  }
  answer.p_permutation = (1.0 + as_large) / (1.0 + kRedraws);
  return answer;
}

}  // namespace maxopt
