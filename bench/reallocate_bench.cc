// Budgets in a closed loop: markets with known truth, a decision every week for half a year, by the
// product and by what people do instead. Prints, per market family, the gain in incremental revenue
// over leaving the historical split alone, and Student's t of the product over each of them.
//
//   reallocate_bench [first_seed] [seeds] [family or -1] [threads] [1: the product alone] [runs]
//
// With a file of runs, each is appended to it as it ends, and those that it holds are not played
// again: hundreds of seeds are hours of work, which may be cut off and gone on with.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <numeric>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "closed_loop/loop.h"

namespace {

using namespace maxopt;
using namespace maxopt::loop;

struct Policy {
  const char* name;
  std::function<Decide()> make;
};

/// One world, played by every policy.
struct PlayedWorld {
  double possible = 0;
  std::vector<double> gains;  ///< by policy
  Coverage coverage;          ///< of the product
};

/// The runs of a file, by family and seed; lines that a cut left half are not taken.
class Runs {
 public:
  Runs(const char* path, std::size_t policies) {
    if (path == nullptr) return;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
      std::istringstream words(line);
      std::string family, end;
      int seed = 0;
      PlayedWorld run;
      run.gains.resize(policies);
      words >> family >> seed >> run.possible;
      for (double& gain : run.gains) words >> gain;
      Coverage& c = run.coverage;
      words >> c.marginal >> c.marginal50 >> c.marginal90 >> c.gain >> c.gain50 >> c.gain90 >> end;
      if (words && end == "end") known_[{family, seed}] = run;
    }
    out_.open(path, std::ios::app);
  }
  const PlayedWorld* Find(const std::string& family, int seed) const {
    const auto at = known_.find({family, seed});
    return at == known_.end() ? nullptr : &at->second;
  }
  /// Thread-safe.
  void Append(const std::string& family, int seed, const PlayedWorld& run) {
    if (!out_.is_open()) return;
    const std::lock_guard guard(mutex_);
    const Coverage& c = run.coverage;
    out_ << fmt::format("{} {} {} {} {} {} {} {} {} {} end\n", family, seed, run.possible,
                        fmt::join(run.gains, " "), c.marginal, c.marginal50, c.marginal90, c.gain,
                        c.gain50, c.gain90)
         << std::flush;
  }

 private:
  std::map<std::pair<std::string, int>, PlayedWorld> known_;
  std::ofstream out_;
  std::mutex mutex_;
};

double Mean(const std::vector<double>& v) {
  return v.empty() ? 0 : std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}
double Quantile(std::vector<double> v, double p) {
  if (v.empty()) return 0;
  std::sort(v.begin(), v.end());
  return v[static_cast<std::size_t>(p * static_cast<double>(v.size() - 1) + 0.5)];
}
/// Student's t of the mean against 0.
double T(const std::vector<double>& v) {
  const double mean = Mean(v);
  double square = 0;
  for (const double x : v) square += (x - mean) * (x - mean);
  const auto n = static_cast<double>(v.size());
  return square > 0 ? mean / std::sqrt(square / (n - 1) / n) : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, int otherwise) {
    return argc > i ? std::atoi(argv[i]) : otherwise;
  };
  const int first = number(1, 1001), seeds = number(2, 20), only = number(3, -1);
  const int threads = std::max(1, number(4, 2));
  const bool few = number(5, 0) != 0;
  std::vector<Policy> policies = {{"product", ProductPolicy},
                                  {"equal split", EqualPolicy},
                                  {"best platform ROAS", PlatformRoasPolicy},
                                  {"plain regression", RegressionPolicy}};
  if (few) policies.resize(1);
  Runs runs(argc > 6 ? argv[6] : nullptr, policies.size());
  fmt::print("seeds {}..{}, weekly steps for 26 weeks\n", first, first + seeds - 1);
  fmt::print("{:11} {:19} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>6} {:>9} {:>8}\n", "family",
             "policy", "mean", "median", "25 %", "75 %", "worst", "losing", "t", "of poss.",
             "t over");
  std::vector<std::vector<double>> all(policies.size());
  Coverage total;
  for (const Family family : kFamilies) {
    if (only >= 0 && static_cast<int>(family) != only) continue;
    std::string name(FamilyName(family));
    std::replace(name.begin(), name.end(), ' ', '_');
    std::vector<PlayedWorld> played(static_cast<std::size_t>(seeds));
    const auto began = std::chrono::steady_clock::now();
    const auto work = [&](int lane) {
      for (int s = lane; s < seeds; s += threads) {
        PlayedWorld& one = played[static_cast<std::size_t>(s)];
        if (const PlayedWorld* known = runs.Find(name, first + s)) {
          one = *known;
          continue;
        }
        const World world({.family = family, .seed = static_cast<std::uint64_t>(first + s)});
        const double hold = world.IncrementalOf(world.home());
        one.possible = world.IncrementalOf(world.BestStatic()) / hold - 1;
        for (std::size_t p = 0; p < policies.size(); ++p) {
          World run = world;
          const double got = Play(run, policies[p].make(), p == 0 ? &one.coverage : nullptr);
          one.gains.push_back(got / hold - 1);
        }
        runs.Append(name, first + s, one);
      }
    };
    std::vector<std::thread> lanes;
    for (int lane = 0; lane < threads; ++lane) lanes.emplace_back(work, lane);
    for (auto& lane : lanes) lane.join();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    std::vector<double> possible;
    std::vector<std::vector<double>> gains(policies.size());
    Coverage sum;
    for (const PlayedWorld& one : played) {
      possible.push_back(one.possible);
      for (std::size_t p = 0; p < policies.size(); ++p) gains[p].push_back(one.gains[p]);
      sum += one.coverage;
    }
    for (std::size_t p = 0; p < policies.size(); ++p) {
      const auto& g = gains[p];
      all[p].insert(all[p].end(), g.begin(), g.end());
      std::vector<double> over;  // of the product, seed by seed
      for (std::size_t s = 0; s < g.size(); ++s) over.push_back(gains[0][s] - g[s]);
      fmt::print(
          "{:11} {:19} {:+6.1f}% {:+6.1f}% {:+6.1f}% {:+6.1f}% {:+6.1f}% {:>4}/{:<3} {:+5.1f} "
          "{:8.0f}% {:+7.1f}\n",
          FamilyName(family), policies[p].name, 100 * Mean(g), 100 * Quantile(g, 0.5),
          100 * Quantile(g, 0.25), 100 * Quantile(g, 0.75), 100 * Quantile(g, 0),
          std::count_if(g.begin(), g.end(), [](double x) { return x < 0; }), seeds, T(g),
          100 * Mean(g) / Mean(possible), p == 0 ? T(g) : T(over));
    }
    total += sum;
    fmt::print("{:11} possible {:.1f} %; {}; {:.0f} s\n", FamilyName(family), 100 * Mean(possible),
               sum.Text(), seconds);
    std::fflush(stdout);
  }
  for (std::size_t p = 0; p < policies.size(); ++p) {
    fmt::print("all         {:19} mean {:+.1f} %, median {:+.1f} %, losing {} of {}\n",
               policies[p].name, 100 * Mean(all[p]), 100 * Quantile(all[p], 0.5),
               std::count_if(all[p].begin(), all[p].end(), [](double x) { return x < 0; }),
               all[p].size());
  }
  fmt::print("all         {}\n", total.Text());
}
