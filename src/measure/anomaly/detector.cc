#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "measure/anomaly/anomaly.h"

namespace maxopt {
namespace {

constexpr int kSeasons = 3;  // none, day, week
constexpr int kSpeeds = 3;
/// The level forgets at once (a random walk), within a few points, or within a few dozen.
constexpr std::array<double, kSpeeds> kSpeed = {1.0, 0.3, 0.05};
constexpr double kClip = 5;          // errors beyond so many mean absolute errors count as so many
constexpr double kSeasonGain = 0.9;  // a season must cut the error by a tenth to be believed
constexpr std::size_t kFirstPoints = 16;  // from which the grain is read
constexpr int kWindows = 3;               // of about an hour, a quarter of a day, a day
constexpr int kChannels = 3 + kWindows;
enum Channel { kStep, kDistance, kSpread, kFirstWindow };
constexpr std::int64_t kDayS = 86'400;
constexpr double kDaysPerMonth = 30.44;
constexpr double kHuge = 1e6;

/// One side of one statistic against its own past, in units of its own mean absolute value.
///
/// Beyond the 99 % quantile u, which is tracked by stochastic approximation (Robbins, Monro 1951),
/// the excess is generalised Pareto; shape and scale by moments (Hosking, Wallis 1987). Exceedances
/// that follow each other closely are one cluster and count with their peak. Pseudo excesses stand
/// for the time before there are any: of a Laplace tail for single errors (heavier than Gaussian,
/// as data are), of a Gaussian one for averages.
class Tail {
 public:
  struct Prior {
    double quantile;  // 99 %, one side
    double mean;      // of the excess over it
    double second;    // its second moment over the squared mean: 2 is exponential
    double weight;    // in excesses
  };
  static constexpr Prior kLaplace = {3.9, 1.0, 2.25, 10};
  static constexpr Prior kGauss = {2.9, 0.5, 2.02, 10};

  Tail() : Tail(kLaplace) {}
  explicit Tail(const Prior& prior) : prior_(prior), u_(prior.quantile) { Fit(); }

  /// -log10 of the chance of something at least as large as y.
  double Surprise(double y, double seen) const {
    if (y <= u_) return 2 * y / u_;
    const double surprise = 2 + std::log10(1 + shape_ * (y - u_) / scale_) / shape_;
    // What has happened twice before will happen again: its frequency bounds the surprise.
    int as_large = 0;
    for (const float peak : peaks_) as_large += peak >= 0.8 * y;
    if (as_large < 2) return surprise;
    return std::min(surprise, std::max(2.0, std::log10(seen / (as_large - 1))));
  }
  /// `now` counts points; exceedances at most `gap` apart are one cluster.
  void Learn(double y, double inverse_n, double now, double gap) {
    if (y <= u_) {
      u_ = std::max(0.5, u_ - mean_ * inverse_n);
      return;
    }
    TakeExcess(y, now, gap);
    u_ += 99 * mean_ * inverse_n;
  }
  void TakeExcess(double y, double now, double gap) {
    const double excess = std::min(std::max(y - u_, 0.0), 20 * mean_);
    const auto peak = static_cast<float>(std::min(y, kHuge));
    if (now - last_ > gap || count_ == 0) {
      if (count_ > 200) count_ /= 2, sum_ /= 2, squares_ /= 2;
      count_ += 1, sum_ += excess, squares_ += excess * excess;
      cluster_ = excess;
      at_ =
          static_cast<std::size_t>(std::min_element(peaks_.begin(), peaks_.end()) - peaks_.begin());
      if (peak > peaks_[at_]) peaks_[at_] = peak;
    } else if (excess > cluster_) {
      sum_ += excess - cluster_, squares_ += excess * excess - cluster_ * cluster_;
      cluster_ = excess;
      peaks_[at_] = std::max(peaks_[at_], peak);
    }
    last_ = now;
    Fit();
  }

 private:
  void Fit() {
    const double n = count_ + prior_.weight;
    mean_ = (sum_ + prior_.weight * prior_.mean) / n;
    const double second =
        (squares_ + prior_.weight * prior_.second * prior_.mean * prior_.mean) / n;
    const double ratio = std::max(second / (mean_ * mean_) - 1, 1.01);
    shape_ = std::clamp(0.5 * (1 - 1 / ratio), 0.01, 0.45);
    scale_ = mean_ * (1 - shape_);
  }
  Prior prior_;
  double u_;
  double mean_ = 1, shape_ = 0.1, scale_ = 0.9;
  double count_ = 0, sum_ = 0, squares_ = 0;
  double cluster_ = 0, last_ = 0;
  std::size_t at_ = 0;
  std::array<float, 6> peaks_{};
};

double Bounded(double x, double limit) { return std::clamp(x, -limit, limit); }

}  // namespace

struct Detector::State {
  explicit State(DetectorOptions o) : options(o) {
    for (std::size_t i = 2 * kSpread; i < tails.size(); ++i) tails[i] = Tail(Tail::kGauss);
  }

  DetectorOptions options;
  // Time and grain.
  std::int64_t last_us = 0;    // of the last observation that counts
  std::int64_t latest_us = 0;  // the largest seen
  bool any = false;
  int put_back = 0;
  std::vector<std::int64_t> deltas_us;
  struct First {
    std::int64_t at_us;
    double value;
    bool holiday;
  };
  std::vector<First> first;
  bool ready = false;
  std::int64_t grain_us = 0;
  std::int64_t slot_s = kDayS;
  int slots_per_day = 1;
  double cycle = 7;   // points in the shortest season: a day, or a week of days
  bool daily = true;  // a point is half a day or more
  std::int64_t warm_after_us = 0, first_us = 0;
  double first_cycles = 28;  // points of three cycles, or of what alerts wait for
  double warm_at = 28, adopt_after = 7;
  int quiet_needed = 3;
  std::array<double, kWindows> window_gain{};
  double quarter_gain = 0.25;
  double memory = 300;  // points over which quantiles forget
  double slow_gain = 0, scale_gain = 0, bin_gain = 0;
  double bar = 3.7, quiet_below = 2.2;

  // The model.
  double n = 0;          // observations learnt
  double reference = 0;  // the first value: seasons are kept as differences from it
  struct Slot {
    double value = 0;  // distance from the first value of the series
    double visits = 0;
  };
  std::vector<Slot> day, week;
  std::array<double, kSeasons> slow{}, distance_error{}, recent{}, known{};
  std::array<std::array<double, kSpeeds>, kSeasons> level{}, step_error{};
  std::array<double, kSeasons> step_known{};
  // Errors clipped only at the size of the series: a season pays for its rare large misses too.
  std::array<std::array<double, kSpeeds>, kSeasons> step_loss{};
  double reach = 0;  // mean absolute distance of x from its slow level: the size of the series
  std::array<double, 24> bins{};
  std::array<double, 24> bin_visits{};
  std::array<double, kWindows> window{};
  std::array<double, kWindows> window_scale = {0.5, 0.4, 0.3};
  double spread_fast = 1, spread_slow = 1, spread_scale = 0.2;
  double windows_n = 0;
  int best_distance = 0, best_step = 0;
  double last_x = 0, run = 0, longest_run = 0, repeats = 0;  // of equal values
  std::array<Tail, 2 * kChannels> tails{};
  double tails_n = 0;
  // The incident.
  bool incident = false;
  bool has_adopted = false;
  bool incident_slow = false;  // told by a long window: over when that says so
  double incident_age = 0;
  int quiet = 0;
  double incident_peak = 0;
  AnomalyKind incident_kind = AnomalyKind::kNone;
  Direction incident_direction = Direction::kNone;
  std::array<double, 2 * kChannels> peaks{};

  void FixGrain();
  Verdict Judge(std::int64_t at_us, double x, bool holiday);
};

namespace {

std::int64_t Median(std::vector<std::int64_t> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Mean that starts as the plain average and turns into an exponential one.
void Track(double& mean, double x, double n, double gain) {
  mean += std::max(gain, 1 / (n + 1)) * (x - mean);
}

}  // namespace

void Detector::State::FixGrain() {
  grain_us = std::max<std::int64_t>(Median(deltas_us), 1'000'000);
  const double per_day = static_cast<double>(kDayS) * 1e6 / static_cast<double>(grain_us);
  daily = per_day < 1.5;
  slots_per_day = daily ? 1 : static_cast<int>(std::clamp(std::round(per_day), 2.0, 288.0));
  slot_s = kDayS / slots_per_day;
  cycle = daily ? 7 : per_day;
  if (daily && per_day < 0.5) cycle = 4;  // weeks: no season that could be learnt in time
  // A season has to be seen twice to be known and once more to know its error; before 100 points
  // (four weeks of days) there is no tail to speak of.
  warm_at = daily ? 28 : 100;
  warm_after_us = daily ? 0 : 3 * kDayS * 1'000'000;
  first_cycles = daily ? 28 : std::max(3 * cycle, 100.0);
  adopt_after = daily ? 7 : std::max(1.25 * cycle, 12.0);
  quiet_needed = static_cast<int>(std::clamp(std::round(cycle / 8), 3.0, 36.0));
  const double hour_points = daily ? 3 : std::clamp(cycle / 24, 3.0, 12.0);
  const double quarter_points = daily ? 7 : std::clamp(cycle / 4, 6.0, 72.0);
  const double day_points = daily ? 14 : cycle;
  window_gain = {2 / (hour_points + 1), 2 / (quarter_points + 1), 2 / (day_points + 1)};
  quarter_gain = window_gain[1];
  longest_run = hour_points;
  slow_gain = 1 / (daily ? 28.0 : 7 * cycle);  // each weekday once; four weeks of days
  scale_gain = 1 / (daily ? 56.0 : std::clamp(7 * cycle, 100.0, 2016.0));
  bin_gain = daily ? 1.0 / 12 : 1 / std::max(3 * cycle / 24, 10.0);
  memory = std::clamp(60 * cycle, 300.0, 5000.0);
  const double points_per_month = kDaysPerMonth * per_day;
  const double wanted =
      std::min(options.false_alerts_per_month / points_per_month, options.p_value_max);
  const double p = wanted > 1e-12 ? std::min(wanted, 0.5) : 1e-12;
  bar = -std::log10(p / kChannels);  // Bonferroni over the statistics
  quiet_below = std::max(2.0, 0.6 * bar);
  if (!daily) day.resize(static_cast<std::size_t>(slots_per_day));
  if (per_day >= 0.9) week.resize(static_cast<std::size_t>(7 * slots_per_day));
  ready = true;
}

Verdict Detector::State::Judge(std::int64_t at_us, double x, bool holiday) {
  Verdict verdict;
  if (n == 0) reference = x, first_us = at_us;
  // Where in the seasons. Half a slot is added so that stamps that jitter stay in their slot.
  const std::int64_t at_s = at_us / 1'000'000 + (daily ? 0 : slot_s / 2);
  std::int64_t day_number = at_s / kDayS;
  std::int64_t second = at_s % kDayS;
  if (second < 0) second += kDayS, --day_number;
  const auto slot =
      static_cast<std::size_t>(std::min<std::int64_t>(second / slot_s, slots_per_day - 1));
  // 1970-01-01 was a Thursday; Monday is 0.
  const auto weekday = static_cast<std::size_t>(((day_number + 3) % 7 + 7) % 7);
  const std::size_t bin = daily ? weekday : static_cast<std::size_t>(second / 3600);
  Slot* const day_slot = day.empty() ? nullptr : &day[slot];
  const auto slots = static_cast<std::size_t>(slots_per_day);
  Slot* week_slot = week.empty() ? nullptr : &week[weekday * slots + slot];
  if (holiday && week_slot) {
    Slot* const sunday = &week[6 * slots + slot];
    if (sunday->visits > 0 &&
        std::abs(x - slow[2] - sunday->value) < std::abs(x - slow[2] - week_slot->value)) {
      week_slot = sunday;
    }
  }
  const std::array<Slot*, kSeasons> season = {nullptr, day_slot, week_slot};

  // A gap longer than the longest window: what was short-lived is over.
  if (n > 0) {
    const double gap = static_cast<double>(at_us - last_us) / static_cast<double>(grain_us);
    if (gap > std::max(2 / quarter_gain, 6.0)) {
      window.fill(0);
      spread_fast = spread_slow;
      for (int s = 0; s < kSeasons; ++s) {
        const auto i = static_cast<std::size_t>(s);
        for (double& l : level[i]) l = slow[i];
      }
    }
  }

  // Forecasts and their errors.
  std::array<double, kSeasons> rest{};  // x without the season
  std::array<bool, kSeasons> available{};
  int by_distance = 0;
  int by_step = 0;
  std::size_t speed = 0;
  double least_step = std::numeric_limits<double>::infinity();
  for (std::size_t s = 0; s < kSeasons; ++s) {
    available[s] = s == 0 || (season[s] && season[s]->visits > 0);
    rest[s] = x - (available[s] && season[s] ? season[s]->value : 0.0);
    if (!available[s]) continue;
    if (known[s] == 0) {
      slow[s] = recent[s] = rest[s];
      level[s].fill(rest[s]);
    }
    // Half a cycle of comparison before a season is believed.
    const bool known_well = s == 0 || known[s] >= 0.5 * cycle;
    if (!known_well) continue;
    if (s > 0 &&
        distance_error[s] < kSeasonGain * distance_error[static_cast<std::size_t>(by_distance)]) {
      by_distance = static_cast<int>(s);
    }
    for (std::size_t k = 0; k < kSpeeds; ++k) {
      const double error = step_loss[s][k] * (s == 0 ? kSeasonGain : 1.0);
      if (error < least_step) least_step = error, by_step = static_cast<int>(s), speed = k;
    }
  }
  // A season believed for the first time: errors of the forecaster before it say nothing of this
  // one.
  if (by_distance > best_distance) {
    best_distance = by_distance;
    windows_n = std::min(windows_n, 20.0);
    window.fill(0);
    tails[2 * kDistance] = tails[2 * kDistance + 1] = Tail(Tail::kLaplace);
    for (std::size_t i = 2 * kFirstWindow; i < tails.size(); ++i) tails[i] = Tail(Tail::kGauss);
  }
  if (by_step > best_step) {
    best_step = by_step;
    tails[2 * kStep] = tails[2 * kStep + 1] = Tail(Tail::kLaplace);
    tails[2 * kSpread] = tails[2 * kSpread + 1] = Tail(Tail::kGauss);
  }
  const auto ds = static_cast<std::size_t>(by_distance);
  const auto ss = static_cast<std::size_t>(by_step);

  // Statistics, each in units of its own mean absolute value.
  const double floor = std::max(0.01 * reach, 1e-9 * std::abs(slow[0])) + 1e-300;
  const double bin_size = bin_visits[bin] >= 3 ? std::clamp(bins[bin], 0.2, 5.0) : 1.0;
  const double busy = 0.5 + 0.5 * bin_size;
  const double step = (rest[ss] - level[ss][speed]) / std::max(step_error[ss][speed], floor);
  const double distance = (rest[ds] - slow[ds]) / std::max(distance_error[ds], floor);
  const double z_step = Bounded(step / busy, kHuge);
  const double z_distance = Bounded(distance / busy, kHuge);
  const double fast_now =
      spread_fast + quarter_gain * (std::min(std::abs(z_step), 6.0) - spread_fast);
  const double log_spread = std::log((fast_now + 0.05) / (spread_slow + 0.05));
  std::array<double, kChannels> z = {z_step, z_distance, log_spread / std::max(spread_scale, 0.05)};
  std::array<double, kWindows> window_now;
  for (std::size_t w = 0; w < kWindows; ++w) {
    window_now[w] = window[w] + window_gain[w] * (Bounded(z_distance, 6) - window[w]);
    z[kFirstWindow + w] = window_now[w] / std::max(window_scale[w], 0.05);
  }

  // How odd.
  double surprise = 0;
  double sharp = 0;  // without the long windows, which remember what is over
  std::size_t loudest = 0;
  const bool judging = tails_n > 0;
  // Standing still: a run of equal values beyond the longest one seen, each further one as likely
  // as repeats have been so far.
  const bool repeat = n > 0 && x == last_x;
  const double run_now = repeat ? run + 1 : 0;
  double still = 0;
  if (run_now > longest_run) {
    still = (run_now - longest_run) * -std::log10((repeats + 1) / (n + 2));
  }
  if (judging) {
    for (std::size_t c = 0; c < kChannels; ++c) {
      if (c == kSpread && z[c] < 0) continue;  // less noise is no news, standing still is
      // The average of a day has to have been seen for a week.
      if (c == kChannels - 1 && windows_n < 6 * cycle) continue;
      const std::size_t side = 2 * c + (z[c] < 0 ? 1 : 0);
      const double odd = tails[side].Surprise(std::abs(z[c]), tails_n);
      if (odd > surprise) surprise = odd, loudest = c;
      if (c <= kFirstWindow) sharp = std::max(sharp, odd);
    }
  }
  const bool flat = still > surprise && judging;
  if (flat) surprise = sharp = std::min(still, 20.0);
  verdict.warm = n >= warm_at && at_us - first_us >= warm_after_us;
  if (n > 0) {
    verdict.expected = x - rest[ss] + level[ss][speed];
    verdict.p_value = std::min(1.0, std::pow(10.0, -surprise) * kChannels);
  }
  verdict.score = surprise / (surprise + bar);
  if (!verdict.warm) verdict.score *= 0.5;
  const bool odd = verdict.warm && surprise >= bar;

  // The incident.
  bool adopted = false;
  if (!incident && odd) {
    incident = true;
    verdict.alert = true;
    has_adopted = false;
    incident_slow = loudest > kFirstWindow && !flat;
    incident_age = 0, quiet = 0, incident_peak = surprise;
    peaks.fill(0);
    incident_direction = z[loudest] > 0 ? Direction::kUp : Direction::kDown;
    if (flat) {
      incident_kind = AnomalyKind::kFlat;
      incident_direction = Direction::kNone;
    } else if (loudest == kSpread) {
      incident_kind = AnomalyKind::kVariance;
    } else if (loudest >= kFirstWindow) {
      incident_kind = AnomalyKind::kLevelShift;
    } else {
      incident_kind = z[loudest] > 0 ? AnomalyKind::kSpike : AnomalyKind::kDip;
    }
  } else if (incident) {
    ++incident_age;
    const bool away = std::abs(window_now[0]) > 2;  // the last hour, in mean absolute errors
    quiet = (incident_slow ? surprise : sharp) < quiet_below ? quiet + 1 : 0;
    if (surprise > incident_peak + 1) {
      incident_peak = surprise;
    } else {
      verdict.score = std::min(verdict.score, 0.45);
    }
    // What has lasted this long is how it is now; the level moves only if it is still elsewhere.
    const bool due = incident_age >= adopt_after && !has_adopted && quiet == 0;
    adopted = due && (away || incident_slow);
    has_adopted = has_adopted || due;
  }
  const bool chronic = incident && has_adopted;
  verdict.in_incident = incident;
  if (incident) verdict.kind = incident_kind, verdict.direction = incident_direction;

  // Learning. In an incident that is no longer young nothing is clipped: it is the new normal.
  constexpr double kNoLimit = 1e301;
  const double far = n < 20 ? 1e300 : std::max(reach, floor);
  for (std::size_t s = 0; s < kSeasons; ++s) {
    if (!available[s]) {
      if (season[s]) {  // first visit: what is above the first value is the season
        season[s]->value = x - reference;
        season[s]->visits = 1;
      }
      continue;
    }
    const double error = rest[s] - slow[s];
    const double scale = std::max(distance_error[s], floor);
    // The first few dozen errors make the scale; before that there is nothing to clip by.
    const bool free = chronic || known[s] < 20;
    const double kept = holiday ? 0.0 : Bounded(error, free ? kNoLimit : kClip * scale);
    if (s > 0 && !holiday && (!incident || chronic)) {
      const double visits = season[s]->visits;
      const double gain = std::max(0.15, 1 / (visits + 1));
      season[s]->value += gain * kept;
      season[s]->visits = visits + 1;
    }
    for (std::size_t k = 0; k < kSpeeds; ++k) {
      double& l = level[s][k];
      const double missed = rest[s] - l;
      const double size = std::max(step_error[s][k], floor);
      const double bounded = Bounded(missed, free ? kNoLimit : kClip * size);
      Track(step_loss[s][k], std::min(std::abs(missed), 4 * far), step_known[s], scale_gain);
      Track(step_error[s][k], std::abs(bounded), step_known[s], scale_gain);
      // A slow level takes only what is plausible; the fastest follows everything.
      l += std::max(kSpeed[k], 1 / (step_known[s] + 1)) * (k == 0 ? missed : bounded);
    }
    step_known[s] += 1;
    Track(distance_error[s], std::abs(kept), known[s], scale_gain);
    Track(slow[s], slow[s] + kept, known[s], slow_gain);
    Track(recent[s], rest[s], known[s], quarter_gain);
    if (adopted) slow[s] = recent[s];
    known[s] += 1;
  }
  Track(reach,
        std::min(std::abs(x - slow[0]),
                 n < 20 || chronic ? kNoLimit : kClip * std::max(reach, floor)),
        n, scale_gain);
  const double bin_error = std::min(std::abs(step), kClip);
  bins[bin] += std::max(bin_gain, 1 / (bin_visits[bin] + 1)) * (bin_error - bins[bin]);
  bin_visits[bin] += 1;
  for (std::size_t w = 0; w < kWindows; ++w) {
    if (!holiday) window[w] = adopted ? 0 : window_now[w];
  }
  spread_fast = fast_now;
  // The scales of the windows and the tails begin when one cycle has shown the season.
  if (n >= std::min(cycle, 0.5 * first_cycles)) {
    if (holiday) {
      // A day that is known to be different teaches nothing about the others.
    } else if (!incident || chronic) {
      for (std::size_t w = 0; w < kWindows; ++w) {
        Track(window_scale[w], std::min(std::abs(window_now[w]), kClip * window_scale[w]),
              windows_n + 20, scale_gain);
      }
      Track(spread_scale, std::min(std::abs(log_spread), kClip * spread_scale), windows_n + 20,
            scale_gain);
      Track(spread_slow, std::min(std::abs(z_step), 6.0), windows_n + 20, scale_gain);
      windows_n += 1;
      const double inverse_n = 1 / std::clamp(tails_n, 100.0, memory);
      for (std::size_t c = 0; c < kChannels; ++c) {
        tails[2 * c].Learn(std::max(z[c], 0.0), inverse_n, tails_n, quiet_needed);
        tails[2 * c + 1].Learn(std::max(-z[c], 0.0), inverse_n, tails_n, quiet_needed);
      }
    } else {
      for (std::size_t c = 0; c < kChannels; ++c) {
        double& peak = peaks[2 * c + (z[c] < 0 ? 1 : 0)];
        peak = std::max(peak, std::abs(z[c]));
      }
    }
    tails_n += 1;
  }
  if (incident && quiet >= quiet_needed) {
    // An incident counts once in the tails, with its peak.
    if (!chronic) {
      for (std::size_t i = 0; i < peaks.size(); ++i) {
        if (peaks[i] > 3.9) tails[i].TakeExcess(peaks[i], tails_n, quiet_needed);
      }
    }
    incident = false;
    window[1] = window[2] = window[0];
  }
  if (repeat) repeats += 1;
  // A run that ended, or that was told, is known from now on.
  if (!repeat || chronic) longest_run = std::max(longest_run, chronic ? run_now : run);
  run = run_now;
  last_x = x;
  n += 1;
  last_us = at_us;
  return verdict;
}

Detector::Detector(DetectorOptions options) : state_(std::make_unique<State>(options)) {}
Detector::~Detector() = default;
Detector::Detector(Detector&&) noexcept = default;
Detector& Detector::operator=(Detector&&) noexcept = default;

Result<Verdict> Detector::Step(Instant at, std::optional<double> value, bool holiday) {
  State& s = *state_;
  std::int64_t at_us = at.time_since_epoch().count();
  constexpr std::int64_t kHourUs = 3'600'000'000;
  if (s.any && at_us <= s.latest_us) {
    const std::int64_t grain =
        s.ready ? s.grain_us : (s.deltas_us.empty() ? kDayS * 1'000'000 : Median(s.deltas_us));
    if (grain > kHourUs || s.latest_us - at_us > kHourUs ||
        s.put_back > kHourUs / std::max<std::int64_t>(grain, 1'000'000)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{} is not after {}; sort the series and leave one value for a time",
                              PrintInstant(at),
                              PrintInstant(Instant(std::chrono::microseconds(s.latest_us)))));
    }
    ++s.put_back;
  } else {
    if (s.any && !s.ready) s.deltas_us.push_back(at_us - s.latest_us);
    s.latest_us = at_us;
    s.put_back = 0;
  }
  s.any = true;
  if (!value || !std::isfinite(*value)) {
    Verdict verdict;
    verdict.in_incident = s.incident;
    verdict.warm = s.ready && s.n >= s.warm_at && at_us - s.first_us >= s.warm_after_us;
    return verdict;
  }
  // Differences of such numbers stay finite.
  const double x = Bounded(*value, 1e300);
  if (s.ready) return s.Judge(at_us, x, holiday);
  s.first.push_back({at_us, x, holiday});
  if (s.deltas_us.size() < kFirstPoints) return Verdict{};
  s.FixGrain();
  for (const State::First& point : s.first) s.Judge(point.at_us, point.value, point.holiday);
  s.first = {};
  return Verdict{};
}

std::string_view AnomalyKindName(AnomalyKind kind) {
  switch (kind) {
    case AnomalyKind::kNone:
      return "none";
    case AnomalyKind::kSpike:
      return "spike";
    case AnomalyKind::kDip:
      return "dip";
    case AnomalyKind::kLevelShift:
      return "level_shift";
    case AnomalyKind::kTrendBreak:
      return "trend_break";
    case AnomalyKind::kVariance:
      return "variance";
    case AnomalyKind::kFlat:
      return "flat";
    case AnomalyKind::kZero:
      return "zero";
  }
  Bug();
}

std::string_view DirectionName(Direction direction) {
  switch (direction) {
    case Direction::kNone:
      return "none";
    case Direction::kUp:
      return "up";
    case Direction::kDown:
      return "down";
  }
  Bug();
}

}  // namespace maxopt
