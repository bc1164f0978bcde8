#include "decide/bandit/bandit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <utility>

#include "measure/maturity/maturity.h"

namespace maxopt {
namespace {

/// Evidence counted before there is any, in conversions. Small beside a day's conversions of a
/// campaign worth testing, so it only decides while there is next to nothing else.
constexpr double kDelayPriorConversions = 5;
/// What is assumed of arms and of segments before the data tell: relative standard deviations of
/// .5 between arms and .2 between segments of one arm, as strong as one cell of 20 conversions.
constexpr double kArmVariance = 0.25;
constexpr double kSegmentVariance = 0.04;
constexpr double kPriorWeight = 10;
/// The estimate of a variance is trusted no further than this: an arm that nobody has seen is never
/// taken as known to within 10 %, nor as unknown beyond a factor of e.
constexpr double kLeastVariance = 0.01;
constexpr double kMostVariance = 1;
/// Nine tenths of the belief that nothing drifts, the rest in equal parts on the other speeds; each
/// line a thousandth of it is dealt out anew, so that a drift may begin at any time (fixed share;
/// Herbster, Warmuth 1998). These and kSharpen are chosen in the markets of market_for_test.h on
/// seeds 1 to 24; docs/bandits.md reports on others.
constexpr double kSteadyBelief = 0.9;
constexpr double kSwitch = 0.001;
/// Shares follow the chance of being best to this power. Whoever shows thousands of impressions
/// a period explores enough with less than an even chance's share.
constexpr double kSharpen = 2;
/// Memory of the estimates of delay and season, per line.
constexpr double kSlowFade = 0.99;
/// Scale of rates before any conversion was seen.
constexpr double kFirstRate = 0.01;

double Fade(double half_life, double periods) {
  return half_life > 0 ? std::exp2(-periods / half_life) : 1;
}

/// Relative variance of cells beyond Poisson noise. Each cell weighs by what it can tell when the
/// variance is about `guess`, so that one large cell does not speak for all.
class Spread {
 public:
  explicit Spread(double guess)
      : guess_(guess),
        sum_(kPriorWeight * kPriorWeight * guess),
        weight_(kPriorWeight * kPriorWeight) {}
  void Add(double conversions, double expected) {
    if (!(expected > 0)) return;
    const double u = 1 / (1 / expected + guess_);
    const double off = (conversions - expected) / expected;
    sum_ += u * u * (off * off - 1 / expected);
    weight_ += u * u;
  }
  double Variance() const { return std::clamp(sum_ / weight_, kLeastVariance, kMostVariance); }

 private:
  double guess_, sum_, weight_;
};

}  // namespace

Result<BanditPolicy> FindBanditPolicy(std::string_view name) {
  if (name == "thompson") return BanditPolicy::kThompson;
  if (name == "top_two") return BanditPolicy::kTopTwo;
  if (name == "ab") return BanditPolicy::kEven;
  return Fail(Errc::kInvalidArgument,
              fmt::format("policy \"{}\" is not one of thompson, top_two, ab", name));
}

Result<Bandit> Bandit::Make(std::size_t arms, std::size_t segments, int window,
                            const BanditOptions& options) {
  if (arms == 0) return Fail(Errc::kInvalidArgument, "arms is empty; at least one is needed");
  if (segments == 0)
    return Fail(Errc::kInvalidArgument, "segments is empty; at least one is needed");
  if (arms > 1'000'000 / segments) {
    return Fail(
        Errc::kInvalidArgument,
        fmt::format("{} arms in {} segments are more than a million cells", arms, segments));
  }
  if (window < 0 || window > 1000) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("window is {}; it must lie between 0 and 1000 periods", window));
  }
  if (!(options.floor >= 0 && options.floor <= 1 && options.cap > 0 && options.cap <= 1 &&
        options.floor <= options.cap)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("floor {} and cap {} must lie in [0, 1], the floor not above the cap",
                            options.floor, options.cap));
  }
  return Bandit(arms, segments, window, options);
}

Bandit::Bandit(std::size_t arms, std::size_t segments, int window, const BanditOptions& options)
    : arms_(arms),
      segments_(segments),
      // A conversion that comes `window` periods late is told on the line after that.
      window_(window + 1),
      options_(options),
      closed_(arms * segments),
      by_speed_(arms * segments),
      mixed_(arms * segments) {
  const auto ages = static_cast<std::size_t>(window_) + 1;
  arrivals_.assign(ages, 0);
  known_.assign(ages, 0);
  maturity_.assign(ages, 1);
  const std::vector<double> prior =
      DelayPrior(static_cast<int>(std::min<std::int64_t>(window_, 120)));
  for (std::size_t age = 2; age < ages; ++age) {
    const double before = age - 2 < prior.size() ? prior[age - 2] : 1;
    const double after = age - 1 < prior.size() ? prior[age - 1] : 1;
    arrivals_[age] = kDelayPriorConversions * (1 - before / after);
    known_[age] = kDelayPriorConversions;
  }
  speed_weight_.fill((1 - kSteadyBelief) / static_cast<double>(kSpeeds - 1));
  speed_weight_[0] = kSteadyBelief;
  if (!options_.adapt_to_drift) {
    speed_weight_.fill(0);
    speed_weight_[0] = 1;
  }
  LearnDelay();
  for (std::size_t h = 0; h < kSpeeds; ++h) Pool(h);
  Mix();
}

double Bandit::MaturityAt(std::int64_t age) const {
  if (age <= 0) return 0;
  return age < static_cast<std::int64_t>(maturity_.size())
             ? maturity_[static_cast<std::size_t>(age)]
             : 1;
}

RatePosterior Bandit::Posterior(std::size_t segment, std::size_t arm) const {
  return mixed_[segment * arms_ + arm];
}

Bandit::Period& Bandit::At(std::int64_t period) {
  auto place = std::lower_bound(open_.begin(), open_.end(), period,
                                [](const Period& p, std::int64_t t) { return p.period < t; });
  if (place == open_.end() || place->period != period) {
    place = open_.insert(place, Period{period, 1, std::vector<Cell>(arms_ * segments_)});
  }
  return *place;
}

Result<> Bandit::Learn(std::int64_t period, std::span<const BanditFeedback> feedback) {
  if (started_ && period <= now_) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("period {} is not after the last one, {}", period, now_));
  }
  for (std::size_t i = 0; i < feedback.size(); ++i) {
    const BanditFeedback& f = feedback[i];
    const auto wrong = [&](std::string what) {
      return Fail(Errc::kInvalidArgument, fmt::format("feedback[{}]: {}", i, what));
    };
    if (f.segment >= segments_ || f.arm >= arms_)
      return wrong("an arm or segment that is not there");
    if (f.period > period) {
      return wrong(fmt::format("period {} is after the present one, {}", f.period, period));
    }
    if (!(std::abs(f.impressions) <= 1e15) || !(std::abs(f.conversions) <= 1e15)) {
      return wrong("impressions and conversions must be numbers below 1e15");
    }
  }
  // Evidence of closed periods fades with the time that has passed.
  if (started_) {
    for (auto& cell : closed_) {
      for (std::size_t h = 1; h < kSpeeds; ++h) {
        const double fade = Fade(kHalfLives[h], static_cast<double>(period - now_));
        cell[h].exposure *= fade;
        cell[h].conversions *= fade;
      }
    }
  }
  started_ = true;
  now_ = period;
  for (Period& open : open_) {
    for (Cell& cell : open.cells) cell.arrived = 0;
  }
  for (const BanditFeedback& f : feedback) {
    const std::size_t cell = f.segment * arms_ + f.arm;
    if (now_ - f.period > window_) {
      // Later than the window allows: counted where it belongs, with the weight of its age.
      for (std::size_t h = 0; h < kSpeeds; ++h) {
        const double fade = Fade(kHalfLives[h], static_cast<double>(now_ - f.period));
        closed_[cell][h].exposure += fade * f.impressions;
        closed_[cell][h].conversions += fade * f.conversions;
      }
      continue;
    }
    Cell& at = At(f.period).cells[cell];
    at.impressions += f.impressions;
    at.conversions += f.conversions;
    at.arrived += f.conversions;
  }
  if (options_.adapt_to_drift) WeighSpeeds();
  LearnDelay();
  if (options_.adapt_to_season) LearnSeason();
  for (std::size_t h = 0; h < kSpeeds; ++h) {
    if (speed_weight_[h] > 0) Pool(h);
  }
  Mix();
  Retire();
  return {};
}

/// Chain ladder over all arms together: of the conversions known at an age, the share that came
/// with it. The maturity at an age is the product of what had come before, over the later ages.
void Bandit::LearnDelay() {
  if (!options_.learn_delay) return;
  if (started_) {
    for (std::size_t age = 2; age < arrivals_.size(); ++age) {
      arrivals_[age] *= kSlowFade;
      known_[age] *= kSlowFade;
    }
    for (const Period& open : open_) {
      const auto age = static_cast<std::size_t>(std::max<std::int64_t>(now_ - open.period, 0));
      if (age < 2 || age >= arrivals_.size()) continue;
      for (const Cell& cell : open.cells) {
        arrivals_[age] += cell.arrived;
        known_[age] += cell.conversions;
      }
    }
  }
  double later = 1;
  for (std::size_t age = maturity_.size(); age-- > 1;) {
    maturity_[age] = std::clamp(later, 0.005, 5.0);
    if (known_[age] > 0) later *= std::clamp(1 - arrivals_[age] / known_[age], 0.02, 2.0);
  }
}

/// How well did each speed foresee which arms this line's conversions came from? Only how they are
/// split counts, not how many there are: a season, a late report or a wrong maturity moves all arms
/// of a segment alike and must not look like drift.
void Bandit::WeighSpeeds() {
  std::array<double, kSpeeds> log_likelihood{};
  std::vector<double> exposure(arms_), arrived(arms_);
  for (std::size_t segment = 0; segment < segments_; ++segment) {
    exposure.assign(arms_, 0);
    arrived.assign(arms_, 0);
    for (const Period& open : open_) {
      const std::int64_t age = now_ - open.period;
      const double more = std::max(MaturityAt(age) - MaturityAt(age - 1), 0.0) * open.season;
      for (std::size_t arm = 0; arm < arms_; ++arm) {
        const Cell& cell = open.cells[segment * arms_ + arm];
        exposure[arm] += std::max(cell.impressions, 0.0) * more;
        arrived[arm] += cell.arrived;
      }
    }
    for (std::size_t h = 0; h < kSpeeds; ++h) {
      double all = 0;
      for (std::size_t arm = 0; arm < arms_; ++arm) {
        all += exposure[arm] * by_speed_[segment * arms_ + arm][h].mean;
      }
      for (std::size_t arm = 0; arm < arms_; ++arm) {
        if (!(exposure[arm] > 0) || !(arrived[arm] > 0)) continue;
        const double part = exposure[arm] * by_speed_[segment * arms_ + arm][h].mean / all;
        log_likelihood[h] += arrived[arm] * std::log(part);
      }
    }
  }
  const double best = *std::max_element(log_likelihood.begin(), log_likelihood.end());
  double sum = 0;
  for (std::size_t h = 0; h < kSpeeds; ++h) {
    speed_weight_[h] *= std::exp(log_likelihood[h] - best);
    sum += speed_weight_[h];
  }
  for (std::size_t h = 0; h < kSpeeds; ++h) {
    const double fresh =
        h == 0 ? kSteadyBelief : (1 - kSteadyBelief) / static_cast<double>(kSpeeds - 1);
    speed_weight_[h] =
        (sum > 0 ? (1 - kSwitch) * speed_weight_[h] / sum : 0) + (sum > 0 ? kSwitch : 1) * fresh;
  }
}

/// Days on which all arms do better or worse together. How much of that there is shows in the
/// products of different arms' deviations on the same day, which neither Poisson noise nor an arm's
/// own drift moves.
void Bandit::LearnSeason() {
  season_cross_ *= kSlowFade;
  season_base_ *= kSlowFade;
  const double common = season_base_ > 0 ? std::clamp(season_cross_ / season_base_, 0.0, 1.0) : 0;
  for (Period& open : open_) {
    const std::int64_t age = now_ - open.period;
    const double maturity = MaturityAt(age);
    double expected = 0, seen = 0, off_square = 0, expected_square = 0;
    for (std::size_t arm = 0; arm < arms_; ++arm) {
      double e = 0, c = 0;
      for (std::size_t segment = 0; segment < segments_; ++segment) {
        const std::size_t cell = segment * arms_ + arm;
        e += std::max(open.cells[cell].impressions, 0.0) * maturity * mixed_[cell].mean;
        c += open.cells[cell].conversions;
      }
      expected += e;
      seen += c;
      off_square += (c - e) * (c - e);
      expected_square += e * e;
    }
    if (!(expected > 0)) continue;
    open.season = (1 + common * std::max(seen, 0.0)) / (1 + common * expected);
    if (age == window_) {
      season_cross_ += (seen - expected) * (seen - expected) - off_square;
      season_base_ += expected * expected - expected_square;
    }
  }
}

void Bandit::Retire() {
  while (!open_.empty() && now_ - open_.front().period >= window_) {
    const Period& old = open_.front();
    for (std::size_t cell = 0; cell < closed_.size(); ++cell) {
      for (std::size_t h = 0; h < kSpeeds; ++h) {
        const double fade = Fade(kHalfLives[h], static_cast<double>(now_ - old.period));
        closed_[cell][h].exposure += fade * old.cells[cell].impressions * old.season;
        closed_[cell][h].conversions += fade * old.cells[cell].conversions;
      }
    }
    open_.pop_front();
  }
}

/// Posteriors of all cells under one speed of forgetting. An arm in a segment is expected to do as
/// the arm does in the other segments, times the segment's level; how much that is worth beside the
/// cell's own conversions follows from how far cells stray from it.
void Bandit::Pool(std::size_t speed) {
  const std::size_t cells = closed_.size();
  std::vector<Sums> sums(cells);
  for (std::size_t cell = 0; cell < cells; ++cell) sums[cell] = closed_[cell][speed];
  for (const Period& open : open_) {
    const double fade = Fade(kHalfLives[speed], static_cast<double>(now_ - open.period));
    const double weight = fade * MaturityAt(now_ - open.period) * open.season;
    for (std::size_t cell = 0; cell < cells; ++cell) {
      sums[cell].exposure += weight * open.cells[cell].impressions;
      sums[cell].conversions += fade * open.cells[cell].conversions;
    }
  }
  double all_conversions = 0;
  double all_exposure = 0;
  for (Sums& s : sums) {
    s.exposure = std::max(s.exposure, 0.0);
    s.conversions = std::max(s.conversions, 0.0);
    all_conversions += s.conversions;
    all_exposure += s.exposure;
  }
  const double overall = (all_conversions + 1) / (all_exposure + 1 / kFirstRate);

  // Segment levels and arm rates, each given the other.
  std::vector<double> level(segments_, 1);
  std::vector<Sums> arm_sums(arms_);
  double centre = overall;
  double arm_variance = kArmVariance;
  std::vector<double> arm_rate(arms_, overall);
  for (int round = 0; round < (segments_ > 1 ? 3 : 1); ++round) {
    arm_sums.assign(arms_, {});
    for (std::size_t cell = 0; cell < cells; ++cell) {
      arm_sums[cell % arms_].exposure += sums[cell].exposure * level[cell / arms_];
      arm_sums[cell % arms_].conversions += sums[cell].conversions;
    }
    double weight = 0, weighted = 0;
    for (const Sums& s : arm_sums) {
      const double u = 1 / (1 / std::max(s.exposure * overall, 1e-9) + kArmVariance);
      weight += u;
      weighted += s.exposure > 0 ? u * s.conversions / s.exposure : u * overall;
    }
    centre = std::max(weighted / weight, overall / 10);
    Spread between(kArmVariance);
    for (const Sums& s : arm_sums) between.Add(s.conversions, s.exposure * centre);
    arm_variance = between.Variance();
    for (std::size_t arm = 0; arm < arms_; ++arm) {
      arm_rate[arm] = (1 / arm_variance + arm_sums[arm].conversions) /
                      (1 / arm_variance / centre + arm_sums[arm].exposure);
    }
    if (segments_ == 1) break;
    for (std::size_t segment = 0; segment < segments_; ++segment) {
      double c = 1, e = 1;
      for (std::size_t arm = 0; arm < arms_; ++arm) {
        c += sums[segment * arms_ + arm].conversions;
        e += sums[segment * arms_ + arm].exposure * arm_rate[arm];
      }
      level[segment] = c / e;
    }
  }
  double own_variance = kMostVariance;
  if (segments_ > 1 && options_.pool_segments) {
    Spread within(kSegmentVariance);
    for (std::size_t cell = 0; cell < cells; ++cell) {
      within.Add(sums[cell].conversions,
                 sums[cell].exposure * arm_rate[cell % arms_] * level[cell / arms_]);
    }
    own_variance = within.Variance();
  }
  for (std::size_t cell = 0; cell < cells; ++cell) {
    const std::size_t arm = cell % arms_;
    const double seg = level[cell / arms_];
    // What the arm's other segments say, without this one: nothing is counted twice.
    const double c = arm_sums[arm].conversions - sums[cell].conversions;
    const double e = std::max(arm_sums[arm].exposure - sums[cell].exposure * seg, 0.0);
    const double others = (1 / arm_variance + c) / (1 / arm_variance / centre + e);
    const double shape =
        segments_ > 1 ? 1 / (own_variance + 1 / (1 / arm_variance + c)) : 1 / arm_variance;
    const double a = shape + sums[cell].conversions;
    by_speed_[cell][speed] = {a / (shape / (others * seg) + sums[cell].exposure), a};
  }
}

void Bandit::Mix() {
  for (std::size_t cell = 0; cell < mixed_.size(); ++cell) {
    double mean = 0, square = 0;
    for (std::size_t h = 0; h < kSpeeds; ++h) {
      if (!(speed_weight_[h] > 0)) continue;
      const RatePosterior& p = by_speed_[cell][h];
      mean += speed_weight_[h] * p.mean;
      square += speed_weight_[h] * p.mean * p.mean * (1 + 1 / p.shape);
    }
    const double variance = square - mean * mean;
    mixed_[cell] = {mean, variance > 0 ? mean * mean / variance : 1e12};
  }
}

namespace {

/// Shares within [floor, cap] that sum to 1: what is cut off or added is taken in proportion from
/// the others.
void Bound(std::vector<double>& shares, double floor, double cap) {
  const auto n = static_cast<double>(shares.size());
  floor = std::min(floor, 1 / n);
  cap = std::max(cap, 1 / n);
  std::vector<int> fixed(shares.size(), 0);
  for (std::size_t round = 0; round <= 2 * shares.size(); ++round) {
    double held = 0, loose = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) (fixed[i] ? held : loose) += shares[i];
    if (!(loose > 0)) {
      // All of the rest is 0: it is shared evenly.
      const auto free = std::count(fixed.begin(), fixed.end(), 0);
      for (std::size_t i = 0; i < shares.size(); ++i) {
        if (!fixed[i]) shares[i] = (1 - held) / static_cast<double>(free);
      }
    } else {
      for (std::size_t i = 0; i < shares.size(); ++i) {
        if (!fixed[i]) shares[i] *= (1 - held) / loose;
      }
    }
    // The side that is violated more is fixed first.
    double low = 0, high = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      if (fixed[i]) continue;
      low += std::max(floor - shares[i], 0.0);
      high += std::max(shares[i] - cap, 0.0);
    }
    if (low <= 1e-15 && high <= 1e-15) return;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      if (fixed[i]) continue;
      if (high > low ? shares[i] > cap : shares[i] < floor) {
        shares[i] = high > low ? cap : floor;
        fixed[i] = 1;
      }
    }
  }
}

struct Bell {
  double mean, sd;
};
/// The normal of which the Gamma is (nearly) the cube.
Bell CubeRoot(const RatePosterior& rate) {
  const double root = std::cbrt(rate.mean);
  return {root * (1 - 1 / (9 * rate.shape)), root / (3 * std::sqrt(rate.shape))};
}

}  // namespace

std::vector<double> ChanceOfBest(std::span<const RatePosterior> arms) {
  const std::size_t n = arms.size();
  if (n == 0) return {};
  if (n == 1) return {1};
  std::vector<Bell> normals(n);
  double from = -1e300, to = -1e300;
  for (std::size_t i = 0; i < n; ++i) {
    normals[i] = CubeRoot(arms[i]);
    from = std::max(from, normals[i].mean - 7 * normals[i].sd);
    to = std::max(to, normals[i].mean + 7 * normals[i].sd);
  }
  // Arms that cannot reach where the best one begins have no part in it; the step follows the
  // narrowest of the others, and the trapezoidal rule is exact to 1e-10 at half its deviation.
  std::vector<std::size_t> part;
  double narrow = to - from;
  for (std::size_t i = 0; i < n; ++i) {
    if (normals[i].mean + 7 * normals[i].sd > from) {
      part.push_back(i);
      narrow = std::min(narrow, normals[i].sd);
    }
  }
  const double steps = std::clamp(std::ceil((to - from) / (0.5 * narrow)), 16.0, 4000.0);
  const double step = (to - from) / steps;
  std::vector<double> chance(n, 0);
  std::vector<double> below(part.size()), density(part.size());
  for (double k = 0; k <= steps; ++k) {
    const double y = from + k * step;
    double all = 1;
    for (std::size_t j = 0; j < part.size(); ++j) {
      const Bell& a = normals[part[j]];
      const double z = (y - a.mean) / a.sd;
      below[j] = 0.5 * std::erfc(-z / std::numbers::sqrt2);
      density[j] = z * z < 100 ? std::exp(-0.5 * z * z) / a.sd : 0;
      all *= below[j];
    }
    if (!(all > 0)) continue;
    for (std::size_t j = 0; j < part.size(); ++j) chance[part[j]] += density[j] * (all / below[j]);
  }
  double sum = 0;
  for (const double c : chance) sum += c;
  for (double& c : chance) c = sum > 0 ? c / sum : 1 / static_cast<double>(n);
  return chance;
}

Result<std::vector<std::vector<double>>> Bandit::Shares(const std::vector<bool>& available) const {
  if (available.size() != arms_) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} flags of availability for {} arms", available.size(), arms_));
  }
  std::vector<std::size_t> live;
  for (std::size_t arm = 0; arm < arms_; ++arm) {
    if (available[arm]) live.push_back(arm);
  }
  std::vector<std::vector<double>> out(segments_, std::vector<double>(arms_, 0));
  if (live.empty()) return out;
  for (std::size_t segment = 0; segment < segments_; ++segment) {
    std::vector<double> shares(live.size(), 1 / static_cast<double>(live.size()));
    if (options_.policy != BanditPolicy::kEven) {
      std::vector<RatePosterior> posteriors;
      for (const std::size_t arm : live) posteriors.push_back(mixed_[segment * arms_ + arm]);
      shares = ChanceOfBest(posteriors);
    }
    if (options_.policy == BanditPolicy::kTopTwo && live.size() > 1) {
      // Russo 2020, Simple Bayesian algorithms for best-arm identification: with probability 1/2 a
      // Thompson draw, otherwise draws until another arm comes.
      double odds = 0;
      for (const double p : shares) odds += p / std::max(1 - p, 1e-12);
      std::vector<double> both(shares.size());
      double sum = 0;
      for (std::size_t i = 0; i < shares.size(); ++i) {
        const double own = shares[i] / std::max(1 - shares[i], 1e-12);
        both[i] = 0.5 * shares[i] * (1 + std::max(odds - own, 0.0));
        sum += both[i];
      }
      for (std::size_t i = 0; i < shares.size(); ++i) shares[i] = both[i] / sum;
    }
    if (options_.policy == BanditPolicy::kThompson) {
      double sum = 0;
      for (const double p : shares) sum += std::pow(p, kSharpen);
      for (double& p : shares) p = std::pow(p, kSharpen) / sum;
    }
    Bound(shares, options_.floor, options_.cap);
    for (std::size_t i = 0; i < live.size(); ++i) out[segment][live[i]] = shares[i];
  }
  return out;
}

// ---- single draws ----

namespace {

/// Marsaglia and Tsang 2000, The ziggurat method: 256 layers of equal area under exp(-x^2/2).
struct Ziggurat {
  static constexpr double kEdge = 3.6541528853610088;
  static constexpr double kArea = 0.00492867323399;
  std::array<double, 257> x{}, y{};
  Ziggurat() {
    const auto f = [](double v) { return std::exp(-0.5 * v * v); };
    x[0] = kArea / f(kEdge);
    x[1] = kEdge;
    for (std::size_t i = 2; i < 256; ++i) {
      x[i] = std::sqrt(-2 * std::log(kArea / x[i - 1] + f(x[i - 1])));
    }
    x[256] = 0;
    for (std::size_t i = 0; i < 257; ++i) y[i] = f(x[i]);
  }
};
const Ziggurat& Layers() {
  static const Ziggurat layers;
  return layers;
}

std::uint64_t Rotate(std::uint64_t v, int by) { return (v << by) | (v >> (64 - by)); }

}  // namespace

ThompsonSampler::ThompsonSampler(std::span<const RatePosterior> arms, std::uint64_t seed) {
  for (const RatePosterior& arm : arms) {
    const Bell n = CubeRoot(arm);
    mean_.push_back(n.mean);
    sd_.push_back(n.sd);
  }
  for (std::uint64_t& word : state_) {  // SplitMix64, as the authors of xoshiro advise
    std::uint64_t z = (seed += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    word = z ^ (z >> 31);
  }
}

std::uint64_t ThompsonSampler::Bits() {
  auto& s = state_;
  const std::uint64_t out = Rotate(s[0] + s[3], 23) + s[0];
  const std::uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = Rotate(s[3], 45);
  return out;
}

double ThompsonSampler::Normal() {
  static const Ziggurat& layers = Layers();
  for (;;) {
    const std::uint64_t bits = Bits();
    const auto i = static_cast<std::size_t>(bits & 255);
    const double u = static_cast<double>(static_cast<std::int64_t>(bits) >> 11) * 0x1p-52;
    const double x = u * layers.x[i];
    if (std::abs(x) < layers.x[i + 1]) return x;
    const auto uniform = [&] { return (static_cast<double>(Bits() >> 11) + 0.5) * 0x1p-53; };
    if (i == 0) {
      double tail = 0, test = 0;
      do {
        tail = -std::log(uniform()) / Ziggurat::kEdge;
        test = -std::log(uniform());
      } while (2 * test < tail * tail);
      return u < 0 ? -Ziggurat::kEdge - tail : Ziggurat::kEdge + tail;
    }
    if (layers.y[i] + uniform() * (layers.y[i + 1] - layers.y[i]) < std::exp(-0.5 * x * x))
      return x;
  }
}

std::size_t ThompsonSampler::Draw() {
  std::size_t best = 0;
  double top = -1e300;
  for (std::size_t i = 0; i < mean_.size(); ++i) {
    const double drawn = mean_[i] + sd_[i] * Normal();
    if (drawn > top) {
      top = drawn;
      best = i;
    }
  }
  return best;
}

}  // namespace maxopt
