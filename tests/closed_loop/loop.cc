#include "closed_loop/loop.h"

#include <fmt/core.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <numeric>

#include "decide/reallocation/reallocation.h"
#include "measure/response/response.h"

namespace maxopt::loop {
namespace {

double Sum(const std::vector<double>& v) { return std::accumulate(v.begin(), v.end(), 0.0); }

void ScaleTo(std::vector<double>& v, double total) {
  const double sum = Sum(v);
  for (double& x : v) x *= total / sum;
}

std::vector<double> DecideProduct(const World& world, int step, int steps, Coverage* coverage) {
  const ResponseData data = DataOf(world);
  const auto window = static_cast<std::size_t>(world.day());
  const auto fit = FitResponse(
      data, {.warm_up = 100,
             .sweeps = 300,
             .draws = 150,
             .window = std::pair{window - std::min<std::size_t>(window, 84), window - 1}});
  if (!fit) std::abort();
  LoopPosition position;
  position.horizon_start = static_cast<std::size_t>(world.history_days());
  position.current_budget = world.home();
  if (world.day() > world.history_days()) {
    for (std::size_t c = 0; c < world.campaigns().size(); ++c) {
      const auto& s = world.spend()[c];
      position.current_budget[c] = std::accumulate(s.end() - 7, s.end(), 0.0) / 7;
    }
    ScaleTo(position.current_budget, world.daily_total());
  }
  position.days_left = (steps - step) * world.decision_days();
  position.total = position.total_max = world.daily_total();
  position.gross_margin = world.gross_margin();
  const auto problem = ProblemOf(data, *fit, position);
  if (!problem) std::abort();
  const auto move = Reallocate(*problem, *fit);
  if (!move) std::abort();
  std::vector<double> budgets, aim;
  for (const auto& share : move->shares) {
    budgets.push_back(static_cast<double>(share.minor) / 100);
    aim.push_back(share.aim);
  }
  if (coverage) {
    const int from = world.day() - 84;
    if (step == 0) {
      for (std::size_t c = 0; c < aim.size(); ++c) {
        const double truth = world.TrueMarginalRoas(c, from, world.day());
        const Interval stated = Summarize(fit->channels[c].marginal);
        ++coverage->marginal;
        coverage->marginal50 += stated.low50 <= truth && truth <= stated.high50;
        coverage->marginal90 += stated.low90 <= truth && truth <= stated.high90;
      }
    }
    if (step % 8 == 0) {
      const double truth = world.Steady(aim) - world.Steady(world.home());
      ++coverage->gain;
      coverage->gain50 += move->gain.low50 <= truth && truth <= move->gain.high50;
      coverage->gain90 += move->gain.low90 <= truth && truth <= move->gain.high90;
    }
  }
  if (std::getenv("LOOP_TRACE")) {
    fmt::print("step {} gain {:.3f} [{:.3f} {:.3f}] true {:.3f} of inc; explore cost {:.4f}\n",
               step, move->gain.mean / world.Steady(world.home()),
               move->gain.low90 / world.Steady(world.home()),
               move->gain.high90 / world.Steady(world.home()),
               world.Steady(aim) / world.Steady(world.home()) - 1,
               move->explore_cost / world.gross_margin() / world.Steady(world.home()));
    const auto best = step == 0 ? world.BestStatic() : std::vector<double>(aim.size());
    for (std::size_t c = 0; c < aim.size(); ++c) {
      const double truth = world.TrueMarginalRoas(c, world.day() - 84, world.day());
      fmt::print(
          "   {:20} home {:.3f} aim {:.3f} best {:.3f} explore {:+.2f} marginal {:.2f} [{:.2f} "
          "{:.2f}] true {:.2f} {}\n",
          world.campaigns()[c], world.home()[c] / world.daily_total(), aim[c] / world.daily_total(),
          best[c] / world.daily_total(), move->shares[c].explore, move->shares[c].marginal.mean,
          move->shares[c].marginal.low90, move->shares[c].marginal.high90, truth,
          move->shares[c].binding);
    }
  }
  return budgets;
}

}  // namespace

ResponseData DataOf(const World& world) {
  ResponseData data;
  const auto claims = world.Claims();
  for (std::size_t c = 0; c < world.campaigns().size(); ++c) {
    const std::string& name = world.campaigns()[c];
    data.channels.push_back(
        {name, world.spend()[c], claims[c],
         name.find("brand") != std::string::npos || name.find("retargeting") != std::string::npos});
  }
  data.revenue = world.revenue();
  if (!world.promotions().empty()) data.controls.push_back({"promotion", world.promotions()});
  if (world.day() > world.history_days()) {
    data.steered_from = static_cast<std::size_t>(world.history_days());
  }
  return data;
}

Coverage& Coverage::operator+=(const Coverage& o) {
  marginal += o.marginal, marginal50 += o.marginal50, marginal90 += o.marginal90;
  gain += o.gain, gain50 += o.gain50, gain90 += o.gain90;
  return *this;
}

std::string Coverage::Text() const {
  const auto part = [](int a, int b) { return b > 0 ? 100.0 * a / b : 0; };
  return fmt::format(
      "marginal ROAS in its 50 % interval {:.0f} %, in 90 % {:.0f} % of {}; gain {:.0f} % and "
      "{:.0f} % of {}",
      part(marginal50, marginal), part(marginal90, marginal), marginal, part(gain50, gain),
      part(gain90, gain), gain);
}

double Play(World& world, const Decide& decide, Coverage* coverage) {
  const int steps = world.horizon_days() / world.decision_days();
  for (int step = 0; step < steps; ++step) {
    const auto budgets = decide(world, step, steps, coverage);
    world.Advance(budgets, world.decision_days());
  }
  return world.Incremental();
}

Decide ProductPolicy() { return DecideProduct; }

Decide EqualPolicy() {
  return [](const World& world, int, int, Coverage*) {
    const auto n = world.campaigns().size();
    return std::vector<double>(n, world.daily_total() / static_cast<double>(n));
  };
}

Decide PlatformRoasPolicy() {
  return [budgets = std::vector<double>()](const World& world, int, int, Coverage*) mutable {
    if (budgets.empty()) budgets = world.home();
    const auto claims = world.Claims();
    std::vector<double> roas;
    double claimed = 0, spent = 0;
    for (std::size_t c = 0; c < budgets.size(); ++c) {
      const double p = std::accumulate(claims[c].end() - 28, claims[c].end(), 0.0);
      const double s = std::accumulate(world.spend()[c].end() - 28, world.spend()[c].end(), 0.0);
      roas.push_back(s > 0 ? p / s : 0);
      claimed += p, spent += s;
    }
    for (std::size_t c = 0; c < budgets.size(); ++c) {
      budgets[c] *= roas[c] > claimed / spent ? 1.1 : 0.9;
    }
    ScaleTo(budgets, world.daily_total());
    return budgets;
  };
}

Decide RegressionPolicy() {
  return [budgets = std::vector<double>()](const World& world, int, int, Coverage*) mutable {
    if (budgets.empty()) budgets = world.home();
    const auto n = static_cast<Eigen::Index>(world.revenue().size());
    const auto count = static_cast<Eigen::Index>(budgets.size());
    Eigen::MatrixXd x = Eigen::MatrixXd::Zero(n, count + 7 + 1 + 2);
    Eigen::VectorXd y(n);
    for (Eigen::Index t = 0; t < n; ++t) {
      const auto at = static_cast<std::size_t>(t);
      y(t) = world.revenue()[at];
      for (Eigen::Index c = 0; c < count; ++c) {
        const auto& s = world.spend()[static_cast<std::size_t>(c)];
        double carried = 0;
        for (std::size_t lag = 0; lag < 14 && lag <= at; ++lag) {
          carried += 0.5 * std::pow(0.5, static_cast<double>(lag)) * s[at - lag];
        }
        x(t, c) = std::sqrt(carried);
      }
      x(t, count + t % 7) = 1;
      x(t, count + 7) = static_cast<double>(t) / static_cast<double>(n);
      x(t, count + 8) = std::sin(2 * std::numbers::pi * static_cast<double>(t) / 365.25);
      x(t, count + 9) = std::cos(2 * std::numbers::pi * static_cast<double>(t) / 365.25);
    }
    const Eigen::VectorXd beta = x.colPivHouseholderQr().solve(y);
    // Of a sum of b sqrt(x), the best split is in proportion to b squared.
    std::vector<double> best(budgets.size());
    for (std::size_t c = 0; c < best.size(); ++c) {
      const double b = std::max(0.0, beta(static_cast<Eigen::Index>(c)));
      best[c] = b * b;
    }
    if (Sum(best) > 0) {
      ScaleTo(best, world.daily_total());
      for (std::size_t c = 0; c < best.size(); ++c) budgets[c] += 0.2 * (best[c] - budgets[c]);
    }
    return budgets;
  };
}

}  // namespace maxopt::loop
