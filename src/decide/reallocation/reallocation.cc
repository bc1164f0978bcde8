#include "decide/reallocation/reallocation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace maxopt {
namespace {

constexpr std::size_t kDrawsMax = 150;

/// FNV-1a, then mixed: the luck of a campaign hangs on its name and not on its place in the list.
std::uint64_t Digest(const std::string& text, std::uint64_t with) {
  std::uint64_t hash = 0xcbf29ce484222325ULL ^ (with * 0x9e3779b97f4a7c15ULL);
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
  return hash ^ (hash >> 31);
}

/// About a standard normal, by the sum of four uniforms from a digest.
double Normal(const std::string& text, std::uint64_t with) {
  const std::uint64_t digest = Digest(text, with);
  double sum = -2 * std::sqrt(3.0);
  for (int part = 0; part < 4; ++part) {
    sum += static_cast<double>((digest >> (16 * part)) & 0xffff) / 65536.0 * std::sqrt(3.0);
  }
  return sum;
}

class Step {
 public:
  Step(const ReallocationProblem& problem, const ResponseFit& fit,
       const ReallocationOptions& options)
      : problem_(problem), options_(options), count_(fit.channels.size()) {
    // All sums run in the order of names, so that the order of the input changes no bit.
    order_.resize(count_);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      return fit.channels[a].id < fit.channels[b].id;
    });
    const std::size_t all = fit.channels.front().draws.size();
    draws_ = std::min(all, kDrawsMax);
    for (const std::size_t c : order_) {
      channels_.push_back(&fit.channels[c]);
      home_.push_back(problem.home[c]);
      present_.push_back(problem.present[c]);
      delivery_.push_back(std::clamp(problem.delivery[c], 0.05, 1.0));
      std::vector<ResponseDraw> picked;
      for (std::size_t i = 0; i < draws_; ++i) {
        picked.push_back(fit.channels[c].draws[i * all / draws_]);
        const double normal = Normal(fit.channels[c].id, 1'000'003 + i);
        picked.back().scale *= std::exp(options.drift * normal - options.drift * options.drift / 2);
      }
      posterior_.push_back(std::move(picked));
    }
  }

  /// Of budgets in the order of the fit.
  MoveEffect Effect(const std::vector<double>& from, const std::vector<double>& to) const {
    std::vector<double> a, b;
    for (const std::size_t c : order_) a.push_back(from[c]), b.push_back(to[c]);
    return EffectOf(Doubted(GainOver(b, a)));
  }

  Result<Reallocation> Run() {
    Scale(home_);
    Scale(present_);
    Bounds();
    std::vector<double> aim = Aim();
    double total = problem_.total;
    if (problem_.may_underspend) total = Underspend(aim);
    const std::vector<double> explore = Explore(aim);
    return Result<Reallocation>(Describe(aim, explore, total));
  }

 private:
  static MoveEffect EffectOf(std::vector<double> gain) {
    const auto above = std::count_if(gain.begin(), gain.end(), [](double g) { return g > 0; });
    const double confidence = static_cast<double>(above) / static_cast<double>(gain.size());
    return {Summarize(std::move(gain)), confidence};
  }

  /// Without any history there is nothing to move a campaign by.
  bool Fixed(std::size_t c) const { return channels_[c]->spend_mean <= 0; }

  /// To the total, in proportion; what is fixed stays, unless it alone is too much.
  void Scale(std::vector<double>& x) const {
    double fixed = 0, free = 0;
    for (std::size_t c = 0; c < count_; ++c) (Fixed(c) ? fixed : free) += x[c];
    const bool keep = fixed < problem_.total && free > 0;
    const double sum = keep ? free : fixed + free;
    const double total = keep ? problem_.total - fixed : problem_.total;
    for (std::size_t c = 0; c < count_; ++c) {
      if (keep && Fixed(c)) continue;
      x[c] = sum > 0 ? x[c] * total / sum : total / static_cast<double>(count_);
    }
  }

  double Revenue(std::size_t c, std::size_t i, double budget) const {
    return posterior_[c][i].At(budget * delivery_[c]);
  }
  double Slope(std::size_t c, std::size_t i, double budget) const {
    return posterior_[c][i].MarginalAt(budget * delivery_[c]) * delivery_[c];
  }

  void Bounds() {
    low_.resize(count_);
    high_.resize(count_);
    for (std::size_t c = 0; c < count_; ++c) {
      // The more uncertain the slope, the shorter the step: half of it where the slope is as
      // uncertain as it is large.
      double sum = 0, square = 0;
      for (std::size_t i = 0; i < draws_; ++i) {
        const double slope = Slope(c, i, std::max(present_[c], 1e-3 * problem_.total));
        sum += slope, square += slope * slope;
      }
      const auto n = static_cast<double>(draws_);
      const double mean = sum / n;
      const double sd = std::sqrt(std::max(0.0, square / n - mean * mean));
      const double step = options_.step_max / (1 + (mean > 0 ? sd / mean : 1));
      low_[c] =
          std::max(present_[c] * (1 - step), std::min(present_[c], options_.home_low * home_[c]));
      high_[c] =
          std::min(present_[c] * (1 + step), std::max(present_[c], options_.home_high * home_[c]));
      if (delivery_[c] < 0.8) high_[c] = present_[c];
      if (Fixed(c)) low_[c] = high_[c] = present_[c];
    }
  }

  /// Draws of the revenue of `x` over that of home.
  std::vector<double> GainOver(const std::vector<double>& x,
                               const std::vector<double>& from) const {
    std::vector<double> gain(draws_, 0.0);
    for (std::size_t c = 0; c < count_; ++c) {
      for (std::size_t i = 0; i < draws_; ++i)
        gain[i] += Revenue(c, i, x[c]) - Revenue(c, i, from[c]);
    }
    return gain;
  }

  /// Gains as they are told: a curve's bend away from where it was tried is an assumption that all
  /// draws share, so the gain as a whole may be off by more than they differ.
  std::vector<double> Doubted(std::vector<double> gain) const {
    std::vector<double> doubt;
    double sum = 0, square = 0;
    for (std::size_t i = 0; i < draws_; ++i) {
      doubt.push_back(Normal("gain", i));
      sum += doubt[i], square += doubt[i] * doubt[i];
    }
    // Exactly of mean 0 and the spread wanted, so that the mean gain stays what it was.
    const auto n = static_cast<double>(draws_);
    const double sd = std::sqrt(std::max(0.0, square / n - sum / n * sum / n));
    for (std::size_t i = 0; i < draws_ && sd > 0; ++i) {
      gain[i] *= 1 + options_.gain_doubt * (doubt[i] - sum / n) / sd;
    }
    return gain;
  }

  double Utility(const std::vector<double>& gain) const {
    const auto n = static_cast<double>(draws_);
    const double mean = std::accumulate(gain.begin(), gain.end(), 0.0) / n;
    double square = 0;
    for (const double g : gain) square += (g - mean) * (g - mean);
    return mean - options_.risk_aversion * std::sqrt(square / n);
  }

  /// Money goes from where its cautious marginal value is lowest to where it is highest, in amounts
  /// that shrink, until no exchange helps.
  std::vector<double> Aim() {
    std::vector<double> x = present_;
    if (count_ < 2) return x;
    std::vector<double> gain = GainOver(x, home_);
    double utility = Utility(gain);
    const double largest = 0.1 * problem_.total;
    for (double amount = largest; amount > 2e-4 * problem_.total; amount *= 0.6) {
      for (int round = 0; round < 200; ++round) {
        const std::vector<double> value = Marginal(x, gain);
        // The best few givers and takers are tried in full; the gradient alone would be misled by
        // curves that bend upward.
        std::vector<std::size_t> by(count_);
        std::iota(by.begin(), by.end(), std::size_t{0});
        std::stable_sort(by.begin(), by.end(),
                         [&](std::size_t a, std::size_t b) { return value[a] < value[b]; });
        bool moved = false;
        for (std::size_t g = 0, givers = 0; g < count_ && givers < 3 && !moved; ++g) {
          const std::size_t from = by[g];
          if (x[from] - low_[from] <= 1e-9 * problem_.total) continue;
          ++givers;
          for (std::size_t t = count_, takers = 0; t-- > 0 && takers < 3 && !moved;) {
            const std::size_t to = by[t];
            if (to == from || high_[to] - x[to] <= 1e-9 * problem_.total) continue;
            ++takers;
            const double part = std::min({amount, x[from] - low_[from], high_[to] - x[to]});
            std::vector<double> next = gain;
            for (std::size_t i = 0; i < draws_; ++i) {
              next[i] += Revenue(from, i, x[from] - part) - Revenue(from, i, x[from]) +
                         Revenue(to, i, x[to] + part) - Revenue(to, i, x[to]);
            }
            const double now = Utility(next);
            if (now <= utility + 1e-9 * std::abs(utility)) continue;
            utility = now;
            gain = std::move(next);
            x[from] -= part, x[to] += part;
            moved = true;
          }
        }
        if (!moved) break;
      }
    }
    return x;
  }

  /// Slope of the utility in each budget.
  std::vector<double> Marginal(const std::vector<double>& x,
                               const std::vector<double>& gain) const {
    const auto n = static_cast<double>(draws_);
    const double mean = std::accumulate(gain.begin(), gain.end(), 0.0) / n;
    double square = 0;
    for (const double g : gain) square += (g - mean) * (g - mean);
    const double sd = std::sqrt(square / n);
    std::vector<double> out;
    for (std::size_t c = 0; c < count_; ++c) {
      double slope = 0, along = 0;
      for (std::size_t i = 0; i < draws_; ++i) {
        const double s = Slope(c, i, x[c]);
        slope += s / n;
        along += s * (gain[i] - mean) / n;
      }
      out.push_back(slope - (sd > 0 ? options_.risk_aversion * along / sd : 0));
    }
    return out;
  }

  /// Money whose marginal profit is negative in three of four plausible worlds stays unspent, at
  /// most a part of each campaign per step.
  double Underspend(std::vector<double>& aim) {
    for (std::size_t c = 0; c < count_; ++c) {
      for (int round = 0; round < 20 && aim[c] > low_[c]; ++round) {
        std::vector<double> slopes;
        for (std::size_t i = 0; i < draws_; ++i) slopes.push_back(Slope(c, i, aim[c]));
        const auto at =
            slopes.begin() + static_cast<std::ptrdiff_t>(0.75 * static_cast<double>(draws_));
        std::nth_element(slopes.begin(), at, slopes.end());
        if (*at * problem_.gross_margin >= 1) break;
        aim[c] = std::max(low_[c], aim[c] * 0.97);
      }
    }
    return std::accumulate(aim.begin(), aim.end(), 0.0);
  }

  /// Relative deviation of each campaign from its aim, signed.
  std::vector<double> Explore(const std::vector<double>& aim) {
    std::vector<double> out(count_, 0.0);
    const int steps_left = problem_.days_left / std::max(1, problem_.step_days);
    // What is learnt must be used: the last quarter only uses, and a test takes two steps.
    if (count_ < 2 || steps_left < 4) return out;
    const std::int64_t position = problem_.step_index / std::max(1, problem_.block);
    const bool second = position % 2 != 0;
    const auto pair = static_cast<std::uint64_t>(position / 2);
    std::vector<double> size(count_);
    for (std::size_t c = 0; c < count_; ++c) size[c] = Amplitude(c, aim[c], steps_left);
    // Signs by luck of the name, then balanced: the largest amounts first, each against the sum.
    std::vector<std::size_t> by(count_);
    std::iota(by.begin(), by.end(), std::size_t{0});
    std::stable_sort(by.begin(), by.end(), [&](std::size_t a, std::size_t b) {
      return Digest(channels_[a]->id, pair) < Digest(channels_[b]->id, pair);
    });
    double sum = 0;
    for (const std::size_t c : by) {
      const double amount = size[c] * aim[c];
      const bool up = sum == 0 ? (Digest(channels_[c]->id, pair) & 1) != 0 : sum < 0;
      sum += up ? amount : -amount;
      out[c] = (up != second ? 1 : -1) * size[c];
    }
    // A whole that is off by one campaign's amount is brought back by shrinking the larger side.
    double ups = 0, downs = 0;
    for (std::size_t c = 0; c < count_; ++c)
      (out[c] > 0 ? ups : downs) += std::abs(out[c]) * aim[c];
    const double both = std::min(ups, downs);
    for (std::size_t c = 0; c < count_; ++c) {
      const double side = out[c] > 0 ? ups : downs;
      if (side > 0) out[c] *= both / side;
    }
    return out;
  }

  /// How far a campaign's budget is worth varying. With marginal return m of variance v and a curve
  /// that bends by b, a variation of d costs b d^2 / 2 a day; n steps of it bring the precision
  /// n D d^2 / s^2 with D days a step and s the noise of a day's revenue. Knowing m better moves
  /// the budget by dm / b, which earns (what is learnt of v) / 2b a day for the days after.
  double Amplitude(std::size_t c, double aim, int steps_left) const {
    if (aim <= 0 || Fixed(c) || delivery_[c] < 0.8) return 0;
    const auto n = static_cast<double>(draws_);
    double sum = 0, square = 0, bend = 0;
    for (std::size_t i = 0; i < draws_; ++i) {
      const double slope = Slope(c, i, aim);
      sum += slope, square += slope * slope;
      bend += (Slope(c, i, aim * 0.85) - Slope(c, i, aim * 1.15)) / (0.3 * aim) / n;
    }
    const double mean = sum / n;
    const double variance = std::max(0.0, square / n - mean * mean);
    if (!(mean > 0)) return 0;
    bend = std::max(bend, 0.15 * mean / aim);
    const double test = std::ceil(steps_left / 3.0);
    const double noise =
        problem_.revenue_noise * problem_.revenue_noise / static_cast<double>(problem_.step_days);
    double best = 0, best_value = 0;
    for (double size = 0.05; size <= options_.explore_max + 1e-9; size += 0.05) {
      const double d = size * aim;
      const double precision = noise > 0 ? test * d * d / noise : 0;
      const double learnt = variance * precision / (precision + 1 / std::max(variance, 1e-12));
      // Budgets cannot move without end on what is learnt: half of a budget at most.
      const double worth = std::min(learnt / (2 * bend), 0.25 * aim * std::sqrt(learnt));
      const double value = worth * (steps_left - test) - 0.5 * bend * d * d * test;
      if (value > best_value) best_value = value, best = size;
    }
    return best;
  }

  Reallocation Describe(const std::vector<double>& aim, const std::vector<double>& explore,
                        double total) const {
    Reallocation out;
    std::vector<double> budgets(count_);
    for (std::size_t c = 0; c < count_; ++c) budgets[c] = aim[c] * (1 + explore[c]);
    const auto varied = GainOver(budgets, aim);
    out.explore_cost = -problem_.gross_margin * std::accumulate(varied.begin(), varied.end(), 0.0) /
                       static_cast<double>(draws_);
    const MoveEffect over_home = EffectOf(Doubted(GainOver(aim, home_)));
    out.gain = over_home.revenue;
    out.gain_confidence = over_home.confidence;
    out.spend_change = std::accumulate(aim.begin(), aim.end(), 0.0) -
                       std::accumulate(home_.begin(), home_.end(), 0.0);
    const auto earned = [&](double revenue) {
      return problem_.gross_margin * revenue - out.spend_change;
    };
    out.profit_gain = {earned(out.gain.mean), earned(out.gain.low50), earned(out.gain.high50),
                       earned(out.gain.low90), earned(out.gain.high90)};
    out.step_gain = Summarize(Doubted(GainOver(aim, present_)));
    out.stake = Stake(aim);
    // Minor units: largest remainders, ties by name.
    const double minor = problem_.minor_per_unit;
    const auto whole =
        static_cast<std::int64_t>(std::floor(std::min(total, problem_.total_max) * minor + 1e-6));
    double sum = std::accumulate(budgets.begin(), budgets.end(), 0.0);
    if (!(sum > 0)) budgets = home_, sum = std::accumulate(home_.begin(), home_.end(), 0.0);
    std::vector<std::int64_t> cents(count_);
    std::vector<double> rest(count_);
    std::int64_t given = 0;
    for (std::size_t c = 0; c < count_; ++c) {
      const double exact = budgets[c] / sum * static_cast<double>(whole);
      cents[c] = static_cast<std::int64_t>(std::floor(exact));
      rest[c] = exact - static_cast<double>(cents[c]);
      given += cents[c];
    }
    std::vector<std::size_t> by(count_);
    std::iota(by.begin(), by.end(), std::size_t{0});
    std::stable_sort(by.begin(), by.end(),
                     [&](std::size_t a, std::size_t b) { return rest[a] > rest[b]; });
    for (std::size_t i = 0; given < whole; ++i, ++given) ++cents[by[i % count_]];
    out.total_minor = whole;
    out.shares.resize(count_);
    for (std::size_t c = 0; c < count_; ++c) {
      ReallocationShare& share = out.shares[order_[c]];
      share.id = channels_[c]->id;
      share.minor = cents[c];
      share.aim = aim[c];
      share.explore = explore[c];
      std::vector<double> slopes;
      for (std::size_t i = 0; i < draws_; ++i) slopes.push_back(Slope(c, i, present_[c]));
      share.marginal = Summarize(std::move(slopes));
      share.identified = channels_[c]->identified;
      const double near = 1e-6 * problem_.total;
      const bool at_edge = aim[c] <= low_[c] + near || aim[c] >= high_[c] - near;
      share.binding = !at_edge             ? ""
                      : delivery_[c] < 0.8 ? "delivery"
                      : aim[c] <= options_.home_low * home_[c] + near ||
                              aim[c] >= options_.home_high * home_[c] - near
                          ? "home range"
                          : "step";
    }
    return out;
  }

  /// Expected profit a day of knowing each plausible world, within a step's bounds: the money of
  /// the five lowest slopes to the highest, world by world, to first order.
  double Stake(const std::vector<double>& aim) const {
    double sum = 0;
    for (std::size_t i = 0; i < draws_; ++i) {
      std::vector<std::pair<double, double>> by;  // slope, room
      for (std::size_t c = 0; c < count_; ++c) by.emplace_back(Slope(c, i, aim[c]), 0.2 * aim[c]);
      std::sort(by.begin(), by.end());
      std::size_t low = 0, high = count_ - 1;
      while (low < high) {
        const double part = std::min(by[low].second, by[high].second);
        // Half of the difference: slopes meet as money moves.
        sum += 0.5 * part * (by[high].first - by[low].first) / static_cast<double>(draws_);
        if ((by[low].second -= part) <= 0) ++low;
        if ((by[high].second -= part) <= 0) --high;
      }
    }
    return sum * problem_.gross_margin;
  }

  const ReallocationProblem& problem_;
  const ReallocationOptions& options_;
  std::size_t count_;
  std::size_t draws_ = 0;
  std::vector<std::size_t> order_;  // by name
  std::vector<const ChannelResponse*> channels_;
  std::vector<std::vector<ResponseDraw>> posterior_;
  std::vector<double> home_, present_, delivery_, low_, high_;
};

}  // namespace

int StepsOfBlock(int step_days) {
  return std::max(1, static_cast<int>(std::lround(10.0 / step_days)));
}

Result<ReallocationProblem> ProblemOf(const ResponseData& data, const ResponseFit& fit,
                                      const LoopPosition& position) {
  const std::size_t count = data.channels.size();
  const std::size_t rows = data.revenue.size();
  if (position.current_budget.size() != count || fit.channels.size() != count) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} campaigns, {} of them fitted, {} current budgets", count,
                            fit.channels.size(), position.current_budget.size()));
  }
  if (position.horizon_start == 0 || position.horizon_start > rows || position.step_days < 1) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("steering began at row {} of {}; steps of {} days",
                            position.horizon_start, rows, position.step_days));
  }
  ReallocationProblem out;
  const auto period = static_cast<std::size_t>(data.period_days);
  const auto mean = [&](std::size_t c, std::size_t from, std::size_t to) {
    double sum = 0;
    for (std::size_t t = from; t < to; ++t) sum += data.channels[c].spend[t];
    return sum / static_cast<double>((to - from) * period);
  };
  const std::size_t start = position.horizon_start;
  const std::size_t step =
      std::max<std::size_t>(1, static_cast<std::size_t>(position.step_days) / period);
  const std::size_t steered = (rows - start) / step;  // whole steps so far
  out.block = StepsOfBlock(position.step_days);
  // The operating point is the mean of the last whole pair, in which the variation cancels.
  const auto pair = static_cast<std::size_t>(2 * out.block);
  const std::size_t pairs = steered / pair;
  // Everyone's delivery goes with the season; what counts is who falls behind the others: behind
  // the campaign in the middle of the money, the better of two.
  std::vector<std::pair<double, double>> rates;  // spend over budget, budget
  double planned = 0;
  for (std::size_t c = 0; c < count; ++c) {
    const double budget = position.current_budget[c];
    if (!(budget > 0)) continue;
    rates.emplace_back(mean(c, rows - std::min(rows, step), rows) / budget, budget);
    planned += budget;
  }
  std::sort(rates.rbegin(), rates.rend());
  double common = 1, so_far = 0;
  for (const auto& [rate, budget] : rates) {
    if (rate > 0) common = rate;
    so_far += budget;
    if (so_far >= planned / 2) break;
  }
  // Who spends far more than it is said to have runs on another budget: then none of them is what
  // was in effect, and nothing can be said of delivery.
  bool in_effect = steered > 0;
  for (std::size_t c = 0; c < count; ++c) {
    const double last = mean(c, rows - std::min(rows, step), rows);
    if (last > 1.25 * common * position.current_budget[c]) in_effect = false;
  }
  for (std::size_t c = 0; c < count; ++c) {
    const double home = mean(c, start - std::min<std::size_t>(start, 84 / period), start);
    const double last = mean(c, rows - std::min(rows, step), rows);
    const double budget = position.current_budget[c];
    const double delivery = budget > 0 ? std::clamp(last / budget / common, 0.05, 1.0) : 1;
    out.home.push_back(home > 0 ? home : budget);
    out.delivery.push_back(in_effect ? delivery : 1);
    const std::size_t pair_end = start + pairs * pair * step;
    out.present.push_back(pairs > 0  ? mean(c, pair_end - pair * step, pair_end)
                          : home > 0 ? home
                                     : budget);
  }
  out.total = position.total;
  out.total_max = position.total_max;
  out.may_underspend = position.may_underspend;
  out.gross_margin = position.gross_margin;
  out.days_left = position.days_left;
  out.step_days = position.step_days;
  out.step_index = static_cast<std::int64_t>(steered);
  out.revenue_noise = fit.residual_sd / std::sqrt(static_cast<double>(period));
  return out;
}

namespace {

Result<> Check(const ReallocationProblem& problem, const ResponseFit& fit) {
  const auto wrong = [](const std::string& what) { return Fail(Errc::kInvalidArgument, what); };
  const std::size_t count = fit.channels.size();
  if (count == 0) return wrong("there is no campaign to give money to");
  if (problem.home.size() != count || problem.present.size() != count ||
      problem.delivery.size() != count) {
    return wrong(fmt::format("{} campaigns were fitted, {} have a present budget", count,
                             problem.present.size()));
  }
  const auto good = [](double v) { return std::isfinite(v) && v >= 0; };
  for (std::size_t c = 0; c < count; ++c) {
    if (!good(problem.home[c]) || !good(problem.present[c]) || !good(problem.delivery[c])) {
      return wrong(
          fmt::format("campaign {}: a budget is negative or not a number", fit.channels[c].id));
    }
    if (fit.channels[c].draws.size() != fit.channels.front().draws.size() ||
        fit.channels[c].draws.empty()) {
      return wrong(fmt::format("campaign {} has no posterior draws", fit.channels[c].id));
    }
  }
  if (!good(problem.total) || problem.total * problem.minor_per_unit < 1) {
    return wrong("the daily total is below one minor unit, or not a number");
  }
  if (!(problem.total_max >= problem.total * (1 - 1e-12))) {
    return wrong(fmt::format("the daily total {} is above the highest allowed, {}", problem.total,
                             problem.total_max));
  }
  if (!(problem.gross_margin > 0 && problem.gross_margin <= 1)) {
    return wrong(fmt::format("gross_margin {} is not in (0, 1]", problem.gross_margin));
  }
  return {};
}

}  // namespace

Result<Reallocation> Reallocate(const ReallocationProblem& problem, const ResponseFit& fit,
                                const ReallocationOptions& options) {
  MAXOPT_CHECK(Check(problem, fit));
  return Step(problem, fit, options).Run();
}

Result<MoveEffect> PredictMove(const ReallocationProblem& problem, const ResponseFit& fit,
                               const std::vector<double>& from, const std::vector<double>& to,
                               const ReallocationOptions& options) {
  MAXOPT_CHECK(Check(problem, fit));
  if (from.size() != fit.channels.size() || to.size() != fit.channels.size()) {
    return Fail(Errc::kInvalidArgument, fmt::format("{} campaigns, budgets of {} and {}",
                                                    fit.channels.size(), from.size(), to.size()));
  }
  return Step(problem, fit, options).Effect(from, to);
}

}  // namespace maxopt
