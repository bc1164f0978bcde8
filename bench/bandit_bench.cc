// Bandits in the markets of decide/bandit/market_for_test.h: share of the possible gain over the
// even split, by family, beside an even split, a plain Beta sampler that takes reports at face
// value, and epsilon-greedy, on the same seeds; then decisions a second.
//   bandit_bench [SEEDS=100] [FIRST=1001]
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "decide/bandit/market_for_test.h"

namespace {

using namespace maxopt;                 // NOLINT
using namespace maxopt::bandit_market;  // NOLINT

struct Contender {
  const char* name;
  std::function<std::unique_ptr<Policy>(const Market&)> make;
};

std::function<std::unique_ptr<Policy>(const Market&)> OursWith(BanditOptions options) {
  return [options](const Market& m) { return std::make_unique<Ours>(m, options); };
}

template <class F>
double PerSecond(const F& decide) {
  const std::clock_t start = std::clock();  // CPU time: others share the machine
  int done = 0;
  double seconds = 0;
  do {
    for (int i = 0; i < 20; ++i) decide();
    done += 20;
    seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  } while (seconds < 0.5);
  return done / seconds;
}

}  // namespace

int main(int argc, char** argv) {
  const int seeds = argc > 1 ? std::atoi(argv[1]) : 100;
  const int first = argc > 2 ? std::atoi(argv[2]) : 1001;
  BanditOptions top_two, without_drift, without_delay;
  top_two.policy = BanditPolicy::kTopTwo;
  without_drift.adapt_to_drift = false;
  without_delay.learn_delay = false;
  const std::vector<Contender> contenders = {
      {"maxopt", OursWith({})},
      {"top-two", OursWith(top_two)},
      {"no drift", OursWith(without_drift)},
      {"no delay", OursWith(without_delay)},
      {"plain TS", [](const Market& m) { return std::make_unique<Plain>(m, 0); }},
      {"eps .1", [](const Market& m) { return std::make_unique<Plain>(m, 0.1); }},
      {"even", [](const Market& m) { return std::make_unique<Uniform>(m); }},
  };
  fmt::print(
      "share of the possible gain over the even split, mean [10th seed of 100], seeds {}..{}\n",
      first, first + seeds - 1);
  fmt::print("{:<11}", "");
  for (const auto& c : contenders) fmt::print("{:>16}", c.name);
  fmt::print("\n");
  for (const auto& [name, family] : kFamilies) {
    fmt::print("{:<11}", name);
    for (const auto& c : contenders) {
      std::vector<double> gains;
      double sum = 0;
      for (int i = 0; i < seeds; ++i) {
        const auto seed = static_cast<std::uint64_t>(first + i);
        const Market m = MakeMarket(family, seed);
        const auto policy = c.make(m);
        gains.push_back(Play(m, *policy, seed).gain());
        sum += gains.back();
      }
      std::sort(gains.begin(), gains.end());
      fmt::print("{:>16}", fmt::format("{:.3f} [{:.3f}]", sum / seeds,
                                       gains[static_cast<std::size_t>(seeds / 10)]));
    }
    fmt::print("\n");
    std::fflush(stdout);
  }
  fmt::print("\ndecisions a second of CPU\n{:>6}{:>22}{:>22}{:>26}{:>22}\n", "arms",
             "sampler: one draw", "us each", "reference: std::gamma", "shares (integrals)");
  for (const std::size_t arms : {10u, 100u, 1000u}) {
    std::mt19937_64 bits(1);
    std::vector<RatePosterior> posteriors;
    for (std::size_t i = 0; i < arms; ++i) {
      posteriors.push_back({0.01 + 0.02 * static_cast<double>(bits() % 1000) / 1000,
                            5.0 + static_cast<double>(bits() % 500)});
    }
    ThompsonSampler sampler(posteriors, 1);
    std::size_t sink = 0;
    const double draws = PerSecond([&] { sink += sampler.Draw(); });
    const double plain = PerSecond([&] {
      double top = 0;
      for (std::size_t i = 0; i < arms; ++i) {
        std::gamma_distribution<double> gamma(posteriors[i].shape,
                                              posteriors[i].mean / posteriors[i].shape);
        if (const double drawn = gamma(bits); drawn > top) {
          top = drawn;
          sink += i;
        }
      }
    });
    const double shares = PerSecond([&] { sink += ChanceOfBest(posteriors).size(); });
    fmt::print("{:>6}{:>22.0f}{:>22.2f}{:>26.0f}{:>22.0f}\n", arms, draws, 1e6 / draws, plain,
               shares);
    if (sink == 1) fmt::print("\n");
  }
  return 0;
}
