// What a history alone says of returns: coverage of the intervals in markets of known truth, and
// fits per second.
//
//   response_bench [first_seed] [seeds] [family] [details]
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <numeric>
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

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, int otherwise) {
    return argc > i ? std::atoi(argv[i]) : otherwise;
  };
  const int first = number(1, 1001), seeds = number(2, 20), only = number(3, -1);
  const bool details = number(4, 0) != 0;
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
}
