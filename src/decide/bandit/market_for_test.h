#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "decide/bandit/bandit.h"

/// Markets in which bandits are compared, for tests and bench/bandit_bench. The truth is drawn from
/// the seed before any policy acts, so policies meet the same market; only which conversions happen
/// depends on what they show.
namespace maxopt::bandit_market {

enum class Family { kStationary, kDrift, kSeasonal, kDelay, kChurn, kIdentical, kContextual };
inline constexpr std::array<std::pair<std::string_view, Family>, 7> kFamilies = {{
    {"stationary", Family::kStationary},
    {"drift", Family::kDrift},
    {"seasonal", Family::kSeasonal},
    {"delay", Family::kDelay},
    {"churn", Family::kChurn},
    {"identical", Family::kIdentical},
    {"contextual", Family::kContextual},
}};

inline constexpr int kPeriods = 120;
inline constexpr std::size_t kArms = 8;

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : bits_(seed * 0x9e3779b97f4a7c15 + 1) {}
  double Uniform() { return (static_cast<double>(bits_() >> 11) + 0.5) * 0x1p-53; }
  double Normal() {
    return std::sqrt(-2 * std::log(Uniform())) * std::cos(6.283185307179586 * Uniform());
  }
  int Binomial(int n, double p) {
    std::binomial_distribution<int> d(n, std::clamp(p, 0.0, 1.0));
    return d(bits_);
  }

 private:
  std::mt19937_64 bits_;
};

/// Everything but the conversions themselves.
struct Market {
  std::size_t segments = 1;
  int window = 1;
  std::vector<double> delay;  ///< P(a conversion comes this many periods late)
  double taken_back = 0;      ///< chance that a conversion is taken back later
  int impressions = 2000;     ///< a segment and period
  std::vector<std::vector<std::vector<double>>> rate;  ///< [period][segment][arm]
  std::vector<std::vector<bool>> available;            ///< [period][arm]
};

inline Market MakeMarket(Family family, std::uint64_t seed) {
  Draws draws(seed);
  Market m;
  m.segments = family == Family::kContextual ? 4 : 2;
  const bool late = family == Family::kDelay;
  m.window = late ? 14 : 3;
  double sum = 0;
  for (int d = 0; d <= m.window; ++d) {
    m.delay.push_back(std::pow(late ? 0.8 : 0.35, d));
    sum += m.delay.back();
  }
  for (double& d : m.delay) d /= sum;
  m.taken_back = late ? 0.1 : 0;
  const double base = 0.01 + 0.03 * draws.Uniform();
  const double spread = family == Family::kIdentical ? 0 : 0.25;
  std::vector<double> quality(kArms);
  for (double& q : quality) q = spread * draws.Normal();
  std::vector<std::vector<double>> taste(m.segments, std::vector<double>(kArms, 0));
  std::vector<double> level(m.segments);
  for (std::size_t s = 0; s < m.segments; ++s) {
    level[s] = std::exp(0.3 * draws.Normal());
    for (double& t : taste[s]) {
      t = (family == Family::kContextual  ? 0.3
           : family == Family::kIdentical ? 0
                                          : 0.03) *
          draws.Normal();
    }
  }
  if (family == Family::kContextual) {
    for (double& q : quality) q *= 0.4;
  }
  const double phase = 6.28 * draws.Uniform();
  const int jump = 40 + static_cast<int>(40 * draws.Uniform());
  std::vector<int> born(kArms, 0), dies(kArms, kPeriods);
  if (family == Family::kChurn) {
    for (std::size_t a = 2; a < kArms; ++a) {
      born[a] = static_cast<int>(80 * draws.Uniform());
      dies[a] = born[a] + 15 + static_cast<int>(50 * draws.Uniform());
    }
  }
  for (int t = 0; t < kPeriods; ++t) {
    if (family == Family::kDrift) {
      for (double& q : quality) q = 0.995 * q + 0.03 * draws.Normal();
      if (t == jump) std::swap(*std::max_element(quality.begin(), quality.end()), quality[0]);
    }
    double season = 0;
    if (family == Family::kSeasonal) {
      season = 0.35 * std::sin(6.283185307 * t / 7 + phase) +
               0.25 * std::sin(6.283185307 * t / 60) + 0.15 * draws.Normal();
    }
    std::vector<std::vector<double>> now(m.segments, std::vector<double>(kArms));
    for (std::size_t s = 0; s < m.segments; ++s) {
      for (std::size_t a = 0; a < kArms; ++a) {
        now[s][a] = std::min(0.5, base * level[s] * std::exp(quality[a] + taste[s][a] + season));
      }
    }
    m.rate.push_back(std::move(now));
    std::vector<bool> up(kArms);
    for (std::size_t a = 0; a < kArms; ++a) up[a] = born[a] <= t && t < dies[a];
    m.available.push_back(std::move(up));
  }
  return m;
}

using Shares = std::vector<std::vector<double>>;

class Policy {
 public:
  virtual ~Policy() = default;
  virtual Shares Decide(int period, const std::vector<bool>& available,
                        const std::vector<BanditFeedback>& feedback) = 0;
};

/// The bandit of this folder.
class Ours : public Policy {
 public:
  Ours(const Market& m, const BanditOptions& options)
      : bandit_(Bandit::Make(kArms, m.segments, m.window, options).value()) {}
  Shares Decide(int period, const std::vector<bool>& available,
                const std::vector<BanditFeedback>& feedback) override {
    bandit_.Learn(period, feedback).value();
    return bandit_.Shares(available).value();
  }

 private:
  Bandit bandit_;
};

class Uniform : public Policy {
 public:
  explicit Uniform(const Market& m) : segments_(m.segments) {}
  Shares Decide(int, const std::vector<bool>& available,
                const std::vector<BanditFeedback>&) override {
    const auto n = static_cast<double>(std::count(available.begin(), available.end(), true));
    Shares out(segments_, std::vector<double>(kArms, 0));
    for (auto& row : out) {
      for (std::size_t a = 0; a < kArms; ++a) row[a] = available[a] ? 1 / n : 0;
    }
    return out;
  }

 private:
  std::size_t segments_;
};

/// What a plain sampler does: successes and failures as they are reported, all at face value, every
/// segment by itself. `epsilon` 0: Thompson with Beta posteriors, by shares; above 0: the arm with
/// the best mean gets the rest of an even share.
class Plain : public Policy {
 public:
  Plain(const Market& m, double epsilon)
      : epsilon_(epsilon), n_(m.segments, std::vector<double>(kArms, 0)), x_(n_) {}
  Shares Decide(int, const std::vector<bool>& available,
                const std::vector<BanditFeedback>& feedback) override {
    for (const auto& f : feedback) {
      n_[f.segment][f.arm] += f.impressions;
      x_[f.segment][f.arm] += f.conversions;
    }
    Shares out(n_.size(), std::vector<double>(kArms, 0));
    for (std::size_t s = 0; s < n_.size(); ++s) {
      std::vector<RatePosterior> posteriors;
      std::vector<std::size_t> live;
      for (std::size_t a = 0; a < kArms; ++a) {
        if (!available[a]) continue;
        live.push_back(a);
        const double shape = 1 + std::max(x_[s][a], 0.0);
        posteriors.push_back({shape / (2 + n_[s][a]), shape});
      }
      if (epsilon_ > 0) {
        std::size_t best = 0;
        for (std::size_t i = 1; i < live.size(); ++i) {
          if (posteriors[i].mean > posteriors[best].mean) best = i;
        }
        for (std::size_t i = 0; i < live.size(); ++i) {
          out[s][live[i]] =
              epsilon_ / static_cast<double>(live.size()) + (i == best ? 1 - epsilon_ : 0);
        }
      } else {
        const auto chance = ChanceOfBest(posteriors);
        for (std::size_t i = 0; i < live.size(); ++i) out[s][live[i]] = chance[i];
      }
    }
    return out;
  }

 private:
  double epsilon_;
  std::vector<std::vector<double>> n_, x_;
};

struct Outcome {
  double earned = 0;  ///< expected conversions of what was shown
  double even = 0;    ///< of the even split
  double best = 0;    ///< of the best available arm of each segment, period by period
  /// Share of the possible gain over the even split; 0 where there is none.
  double gain() const { return best - even > 1e-9 * best ? (earned - even) / (best - even) : 0; }
};

inline Outcome Play(const Market& m, Policy& policy, std::uint64_t seed) {
  Draws draws(seed ^ 0x5eed);
  Outcome out;
  std::vector<std::vector<BanditFeedback>> due(kPeriods + 64);
  for (int t = 0; t < kPeriods; ++t) {
    const auto at = static_cast<std::size_t>(t);
    const auto& up = m.available[at];
    const Shares shares = policy.Decide(t, up, due[at]);
    const auto live = static_cast<double>(std::count(up.begin(), up.end(), true));
    for (std::size_t s = 0; s < m.segments; ++s) {
      double best = 0;
      for (std::size_t a = 0; a < kArms; ++a) {
        if (!up[a]) continue;
        const double rate = m.rate[at][s][a];
        best = std::max(best, rate);
        out.even += m.impressions * rate / live;
        out.earned += m.impressions * rate * shares[s][a];
        const int shown = static_cast<int>(std::lround(m.impressions * shares[s][a]));
        if (shown == 0) continue;
        int left = draws.Binomial(shown, rate);
        double rest = 1;
        for (std::size_t d = 0; d < m.delay.size(); ++d) {
          const int now = d + 1 == m.delay.size() ? left : draws.Binomial(left, m.delay[d] / rest);
          left -= now;
          rest -= m.delay[d];
          const auto line = static_cast<std::size_t>(t) + 1 + d;
          if (d == 0 || now > 0) {
            due[line].push_back({t, s, a, d == 0 ? shown : 0.0, static_cast<double>(now)});
          }
          const int back = draws.Binomial(now, m.taken_back);
          if (back > 0) {
            const auto when = std::min(line + 3, static_cast<std::size_t>(t + 1 + m.window));
            due[when].push_back({t, s, a, 0, -static_cast<double>(back)});
          }
        }
      }
      out.best += m.impressions * best;
    }
  }
  return out;
}

}  // namespace maxopt::bandit_market
