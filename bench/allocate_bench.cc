// A budget over n channels: time, gap, and what NLopt's general solvers make of the same problem
// (SLSQP, D. Kraft 1988; MMA, K. Svanberg 2002), started from the equal split and allowed 20 s.
// Concave: Hill with a <= 1, log, power and exponential in turn. S-shaped: a third of the channels
// are Hill with a = 3. The reference of the gap is the dual bound.
#include <fmt/format.h>
#include <nlopt.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <random>

#include "decide/allocator/budget.h"

namespace {

using maxopt::BudgetProblem;
using Family = maxopt::ResponseCurve::Family;
using Clock = std::chrono::steady_clock;

double Since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

BudgetProblem Make(std::size_t n, bool s_shaped) {
  std::mt19937_64 random(n);
  std::uniform_real_distribution<double> u(0, 1);
  BudgetProblem problem;
  problem.budget = 200.0 * static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) {
    BudgetProblem::Channel channel;
    channel.id = fmt::format("{:06}", i);
    const double k = 50 * std::exp(3 * u(random));
    const double c = k * std::exp(1.5 * u(random));
    if (s_shaped && i % 3 == 0) {
      channel.curve = {Family::kHill, 2 * c, k, 3, 0, {}};
    } else if (i % 4 == 0) {
      channel.curve = {Family::kHill, c, k, 0.6 + 0.4 * u(random), 0, {}};
    } else if (i % 4 == 1) {
      channel.curve = {Family::kLog, c, k, 1, 0, {}};
    } else if (i % 4 == 2) {
      channel.curve = {Family::kPower, c / 10, 1, 0.3 + 0.4 * u(random), 0, {}};
    } else {
      channel.curve = {Family::kExponential, c, k, 1, 0, {}};
    }
    channel.max = 20 * k;
    problem.channels.push_back(std::move(channel));
  }
  return problem;
}

double Objective(unsigned n, const double* x, double* gradient, void* data) {
  const auto& problem = *static_cast<const BudgetProblem*>(data);
  double sum = 0;
  for (unsigned i = 0; i < n; ++i) {
    const auto& curve = problem.channels[i].curve;
    const double at = std::max(x[i], 1e-6);
    sum += curve.At(at);
    if (gradient) gradient[i] = curve.SlopeAfter(at);
  }
  return sum;
}
double Spent(unsigned n, const double* x, double* gradient, void* data) {
  double sum = -static_cast<const BudgetProblem*>(data)->budget;
  for (unsigned i = 0; i < n; ++i) {
    sum += x[i];
    if (gradient) gradient[i] = 1;
  }
  return sum;
}

std::string General(nlopt_algorithm algorithm, BudgetProblem& problem, double bound) {
  const auto n = static_cast<unsigned>(problem.channels.size());
  nlopt_opt solver = nlopt_create(algorithm, n);
  std::vector<double> low(n, 0), high(n), x(n, problem.budget / n);
  for (unsigned i = 0; i < n; ++i) {
    high[i] = problem.channels[i].max;
    x[i] = std::min(x[i], high[i]);
  }
  nlopt_set_lower_bounds(solver, low.data());
  nlopt_set_upper_bounds(solver, high.data());
  nlopt_set_max_objective(solver, Objective, &problem);
  nlopt_add_inequality_constraint(solver, Spent, &problem, 1e-6);
  nlopt_set_ftol_rel(solver, 1e-12);
  nlopt_set_maxtime(solver, 20);
  double best = 0;
  const auto start = Clock::now();
  const nlopt_result result = nlopt_optimize(solver, x.data(), &best);
  const double seconds = Since(start);
  nlopt_destroy(solver);
  const double over = Spent(n, x.data(), nullptr, &problem);
  return fmt::format("{:.3f} s, {:.1e} short{}{}", seconds, 1 - best / bound,
                     result == NLOPT_MAXTIME_REACHED ? ", stopped"
                     : result < 0                    ? ", failed"
                                                     : "",
                     over > 1e-3 ? fmt::format(", {:.2f} over the budget", over) : "");
}

void Row(std::size_t n, bool s_shaped) {
  BudgetProblem problem = Make(n, s_shaped);
  double best = 1e9, processor = 1e9;
  maxopt::BudgetAnswer answer;
  for (int run = 0; run < (n > 10'000 ? 5 : 3); ++run) {
    const auto start = Clock::now();
    const std::clock_t used = std::clock();
    auto got = maxopt::SplitBudget(problem);
    best = std::min(best, Since(start));
    processor = std::min(processor, static_cast<double>(std::clock() - used) / CLOCKS_PER_SEC);
    if (!got) {
      fmt::print("error: {}\n", got.error().what);
      return;
    }
    answer = std::move(*got);
  }
  fmt::print("| {} | {} | {:.2f} | {:.2f} | {:.1e} | {:.1e} | {} | {} | {} |\n",
             s_shaped ? "a third S-shaped" : "concave", n, 1e3 * best, 1e3 * processor, answer.gap,
             answer.kkt_residual, answer.branches,
             n <= 1'000 ? General(NLOPT_LD_SLSQP, problem, answer.bound) : "-",
             n <= 10'000 ? General(NLOPT_LD_MMA, problem, answer.bound) : "-");
  std::fflush(stdout);
}

}  // namespace

int main() {
  fmt::print(
      "| curves | channels | ms | processor ms, both threads | gap | KKT residual | branches | "
      "NLopt SLSQP | NLopt MMA |\n"
      "|---|---:|---:|---:|---:|---:|---:|---|---|\n");
  for (const bool s_shaped : {false, true}) {
    for (const std::size_t n : {10u, 100u, 1'000u, 10'000u, 100'000u}) Row(n, s_shaped);
  }
}
