// What a history alone says of returns: coverage of the intervals in markets of known truth, and
// fits per second, there and of made histories of up to 100 campaigns over two years, with the
// defaults a customer gets. The reference is one least-squares regression of the same days, which
// is what a plain media-mix model fits: a single answer without intervals.
//
//   response_bench [first_seed] [seeds] [family] [details]      seeds 0: only the made histories
#include <fmt/core.h>

#include <Eigen/QR>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <numeric>
#include <random>
#include <vector>

#include "closed_loop/loop.h"

using namespace maxopt;
using namespace maxopt::loop;

namespace {

struct Tally {
  int n = 0, in50 = 0, in90 = 0, above = 0, below = 0;
  double log_error = 0, log_square = 0;
  void Add(const Interval& stated, double truth) {
    ++n;
    in50 += stated.low50 <= truth && truth <= stated.high50;
    in90 += stated.low90 <= truth && truth <= stated.high90;
    above += truth > stated.high90;
    below += truth < stated.low90;
    const double e = std::log(std::max(truth, 1e-3) / std::max(stated.mean, 1e-3));
    log_error += e, log_square += e * e;
  }
  void Print(const char* what) const {
    if (n == 0) return;
    fmt::print(
        "  {:22} {:5} 50 %: {:3.0f} %  90 %: {:3.0f} % (below {:2.0f}, above {:2.0f})  "
        "log error {:+.2f} +- {:.2f}\n",
        what, n, 100.0 * in50 / n, 100.0 * in90 / n, 100.0 * below / n, 100.0 * above / n,
        log_error / n, std::sqrt(log_square / n));
  }
};

/// Campaigns whose spend wanders by themselves, log responses, a season and noise of a tenth.
ResponseData MadeHistory(std::size_t campaigns, std::size_t days) {
  std::mt19937_64 random(20261123);
  std::normal_distribution<double> normal;
  ResponseData data;
  data.revenue.assign(days, 0);
  for (std::size_t c = 0; c < campaigns; ++c) {
    ResponseData::Channel channel{.id = fmt::format("c{}", c), .spend = {}};
    double level = 50 * std::exp(normal(random));
    const double base = level, worth = 1 + std::abs(normal(random));
    for (std::size_t day = 0; day < days; ++day) {
      if (day % 7 == 0) level = base * std::exp(0.4 * normal(random));
      channel.spend.push_back(level);
      data.revenue[day] += worth * base * std::log1p(level / base);
    }
    data.channels.push_back(std::move(channel));
  }
  const double mean =
      std::accumulate(data.revenue.begin(), data.revenue.end(), 0.0) / static_cast<double>(days);
  for (std::size_t day = 0; day < days; ++day) {
    const double year = std::sin(2 * std::numbers::pi * static_cast<double>(day) / 365.25);
    data.revenue[day] += mean * (1 + 0.2 * year + 0.1 * normal(random));
  }
  return data;
}

/// Revenue on log spend of each campaign, a trend, two waves of a year and the weekday.
double PlainRegression(const ResponseData& data) {
  const auto days = static_cast<Eigen::Index>(data.revenue.size());
  const auto campaigns = static_cast<Eigen::Index>(data.channels.size());
  Eigen::MatrixXd x = Eigen::MatrixXd::Zero(days, campaigns + 12);
  Eigen::VectorXd y(days);
  for (Eigen::Index day = 0; day < days; ++day) {
    const auto at = static_cast<std::size_t>(day);
    for (Eigen::Index c = 0; c < campaigns; ++c) {
      x(day, c) = std::log1p(data.channels[static_cast<std::size_t>(c)].spend[at]);
    }
    const double year = 2 * std::numbers::pi * static_cast<double>(day) / 365.25;
    x(day, campaigns) = static_cast<double>(day);
    for (int k = 0; k < 2; ++k) {
      x(day, campaigns + 1 + 2 * k) = std::sin((k + 1) * year);
      x(day, campaigns + 2 + 2 * k) = std::cos((k + 1) * year);
    }
    x(day, campaigns + 5 + day % 7) = 1;
    y(day) = data.revenue[at];
  }
  return x.colPivHouseholderQr().solve(y).sum();
}

double SecondsSince(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

int PrintSpeed() {
  fmt::print("| campaigns | days | s a fit | fits a second | plain regression, ms |\n");
  fmt::print("|---:|---:|---:|---:|---:|\n");
  for (const auto& [campaigns, days] :
       {std::pair<std::size_t, std::size_t>{5, 180}, {5, 730}, {20, 730}, {100, 730}}) {
    const ResponseData data = MadeHistory(campaigns, days);
    int fits = 0;
    const auto began = std::chrono::steady_clock::now();
    do {
      if (!FitResponse(data)) return 1;
      ++fits;
    } while (SecondsSince(began) < 5);
    const double each = SecondsSince(began) / fits;
    constexpr int kTimes = 20;
    double sum = 0;
    const auto plain = std::chrono::steady_clock::now();
    for (int i = 0; i < kTimes; ++i) sum += PlainRegression(data);
    const double reference = SecondsSince(plain) / kTimes;
    if (!std::isfinite(sum)) return 1;
    fmt::print("| {} | {} | {:.3f} | {:.2f} | {:.3f} |\n", campaigns, days, each, 1 / each,
               1e3 * reference);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, int otherwise) {
    return argc > i ? std::atoi(argv[i]) : otherwise;
  };
  const int first = number(1, 1001), seeds = number(2, 20), only = number(3, -1);
  const bool details = number(4, 0) != 0;
  if (seeds == 0) return PrintSpeed();
  Tally all_marginal, all_roas, all_harvest, all_named, all_other;
  double seconds = 0;
  int fits = 0;
  for (const Family family : kFamilies) {
    if (only >= 0 && static_cast<int>(family) != only) continue;
    Tally marginal, roas, harvest, other;
    for (int s = first; s < first + seeds; ++s) {
      const World world({.family = family, .seed = static_cast<std::uint64_t>(s)});
      const ResponseData data = DataOf(world);
      const auto size = static_cast<std::size_t>(world.day());
      const auto began = std::chrono::steady_clock::now();
      const auto fit = FitResponse(
          data,
          {.warm_up = 100, .sweeps = 300, .draws = 150, .window = std::pair{size - 84, size - 1}});
      seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
      ++fits;
      if (!fit) return 1;
      if (details)
        fmt::print("{} {}: {} days, r2 {:.2f}, autocorrelation {:.2f}, left {:+.2f}{}\n",
                   FamilyName(family), s, size, fit->r_squared, fit->residual_autocorrelation,
                   fit->innovation_autocorrelation,
                   fit->media_scales_with_demand ? ", scales with demand" : "");
      for (std::size_t c = 0; c < data.channels.size(); ++c) {
        const int to = world.day(), from = to - 84;
        const double true_marginal = world.TrueMarginalRoas(c, from, to);
        const double true_roas = world.TrueRoas(c, from, to);
        const Interval m = Summarize(fit->channels[c].marginal);
        const Interval r = Summarize(fit->channels[c].roas);
        marginal.Add(m, true_marginal), roas.Add(r, true_roas);
        all_marginal.Add(m, true_marginal), all_roas.Add(r, true_roas);
        const bool follows = std::find(fit->demand_following.begin(), fit->demand_following.end(),
                                       data.channels[c].id) != fit->demand_following.end();
        (world.Harvests(c) ? harvest : other).Add(m, true_marginal);
        (data.channels[c].harvesting ? all_named
         : world.Harvests(c)         ? all_harvest
                                     : all_other)
            .Add(m, true_marginal);
        if (details) {
          fmt::print(
              "   {:20} {} {} marginal {:.2f} [{:.2f} {:.2f}] true {:.2f}  roas {:.2f} "
              "[{:.2f} {:.2f}] true {:.2f} {}\n",
              data.channels[c].id, world.Harvests(c) ? 'h' : ' ', follows ? 'f' : ' ', m.mean,
              m.low90, m.high90, true_marginal, r.mean, r.low90, r.high90, true_roas,
              fit->channels[c].identified ? "identified" : "");
        }
      }
    }
    fmt::print("{}\n", FamilyName(family));
    marginal.Print("marginal"), roas.Print("roas");
    harvest.Print("marginal, harvesting"), other.Print("marginal, others");
    std::fflush(stdout);
  }
  fmt::print("all\n");
  all_marginal.Print("marginal"), all_roas.Print("roas");
  all_named.Print("named harvesters"), all_harvest.Print("unnamed harvesters");
  all_other.Print("others");
  fmt::print("{} fits, {:.1f} fits a second\n", fits, fits / seconds);
  return PrintSpeed();
}
