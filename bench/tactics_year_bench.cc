// A year of 20 situations that come again, over seeds: decisions with the knowledge base against
// decisions without it. tests/tactics/year.h says what the world is.
#include <fmt/core.h>

#include <cmath>
#include <cstdlib>
#include <vector>

#include "tactics/year.h"

namespace {

struct Mean {
  double mean = 0, se = 0;
};
Mean MeanOf(const std::vector<double>& values) {
  Mean out;
  for (const double v : values) out.mean += v;
  const auto n = static_cast<double>(values.size());
  out.mean /= n;
  double square = 0;
  for (const double v : values) square += (v - out.mean) * (v - out.mean);
  out.se = n > 1 ? std::sqrt(square / (n - 1) / n) : 0;
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const int seeds = argc > 1 ? std::atoi(argv[1]) : 50;
  for (const double own_se : {0.05, 0.10, 0.20}) {
    std::vector<double> gain[2], good[2], quarters[2][4], weeks[2], more, sooner, best;
    for (int seed = 1; seed <= seeds; ++seed) {
      for (const bool knowledge : {false, true}) {
        maxopt::year::Options options;
        options.seed = static_cast<std::uint64_t>(seed);
        options.knowledge = knowledge;
        options.own_se = own_se;
        const auto year = maxopt::year::Live(options);
        if (!year) {
          fmt::print(stderr, "{}\n", year.error().what);
          return 1;
        }
        gain[knowledge].push_back(100 * year->gain);
        good[knowledge].push_back(100 * year->good);
        for (int q = 0; q < 4; ++q) quarters[knowledge][q].push_back(100 * year->quarters[q]);
        weeks[knowledge].push_back(year->weeks_to_good);
        if (!knowledge) best.push_back(100 * year->best);
      }
      more.push_back(gain[1].back() - gain[0].back());
      sooner.push_back(weeks[0].back() - weeks[1].back());
    }
    fmt::print("predictions of their own with a standard error of {:.2f}, {} seeds, mean (se)\n",
               own_se, seeds);
    for (const int k : {0, 1}) {
      const Mean g = MeanOf(gain[k]), o = MeanOf(good[k]), w = MeanOf(weeks[k]);
      fmt::print("  {:<8} gain {:5.2f} % ({:.2f})  good {:4.1f} % ({:.1f}), by quarter",
                 k == 0 ? "without" : "with", g.mean, g.se, o.mean, o.se);
      for (const auto& quarter : quarters[k]) fmt::print(" {:4.1f}", MeanOf(quarter).mean);
      fmt::print("  weeks to good {:4.1f} ({:.1f})\n", w.mean, w.se);
    }
    const Mean m = MeanOf(more), s = MeanOf(sooner), b = MeanOf(best);
    fmt::print(
        "  with less without: gain {:+.2f} points ({:.2f}), {:+.1f} weeks sooner ({:.1f}); "
        "by heart {:.2f} %\n",
        m.mean, m.se, s.mean, s.se, b.mean);
  }
  return 0;
}
