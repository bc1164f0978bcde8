#include "measure/forecast/forecast.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numbers>
#include <random>

namespace maxopt {
namespace {

using Series = std::vector<double>;  // NaN: not known

/// std::mt19937_64 is specified bit by bit; the library's distributions are not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  double Uniform() { return (static_cast<double>(engine_() >> 11) + 0.5) * 0x1p-53; }
  double Normal() {
    return std::sqrt(-2 * std::log(Uniform())) * std::cos(2 * std::numbers::pi * Uniform());
  }
  std::size_t Below(std::size_t n) {
    return std::min(n - 1, static_cast<std::size_t>(Uniform() * static_cast<double>(n)));
  }

 private:
  std::mt19937_64 engine_;
};

bool Known(double x) { return !std::isnan(x); }

/// Of a copy; NaNs are left out. 0 for nothing.
double Median(Series x) {
  std::erase_if(x, [](double v) { return !Known(v); });
  if (x.empty()) return 0;
  const auto middle = x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2);
  std::nth_element(x.begin(), middle, x.end());
  if (x.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(x.begin(), middle)) / 2;
}

/// Robust standard deviation around 0: 1.4826 median |x|.
double Scale(Series x) {
  for (double& v : x) v = std::abs(v);
  return 1.4826 * Median(std::move(x));
}

double Quantile(const Series& sorted, double p) {
  const double at = p * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

enum class Transform { kNone, kRoot, kLog };

double Forward(Transform t, double x) {
  switch (t) {
    case Transform::kNone:
      return x;
    case Transform::kRoot:
      return std::sqrt(x);
    case Transform::kLog:
      return std::log(x);
  }
  Bug();
}
double Backward(Transform t, double x) {
  switch (t) {
    case Transform::kNone:
      return x;
    case Transform::kRoot:
      return x > 0 ? x * x : 0;
    case Transform::kLog:
      return std::exp(std::min(x, 700.0));
  }
  Bug();
}

/// How the spread grows with the level, over blocks of one season: not at all, as its root, with
/// it.
Transform ChooseTransform(const Series& x, int period) {
  double least = HUGE_VAL;
  for (const double v : x) {
    if (Known(v)) least = std::min(least, v);
  }
  if (least < 0) return Transform::kNone;
  const auto block = static_cast<std::size_t>(std::max(period, 8));
  Series level, spread;
  for (std::size_t from = 0; from + block <= x.size(); from += block) {
    Series part(x.begin() + static_cast<std::ptrdiff_t>(from),
                x.begin() + static_cast<std::ptrdiff_t>(from + block));
    const double middle = Median(part);
    for (double& v : part) v -= middle;
    const double scale = Scale(part);
    if (middle > 0 && scale > 0) {
      level.push_back(std::log(middle));
      spread.push_back(std::log(scale));
    }
  }
  if (level.size() < 4) return Transform::kNone;
  const auto n = static_cast<double>(level.size());
  double ml = 0, ms = 0, cov = 0, var = 0;
  for (std::size_t i = 0; i < level.size(); ++i) ml += level[i] / n, ms += spread[i] / n;
  for (std::size_t i = 0; i < level.size(); ++i) {
    cov += (level[i] - ml) * (spread[i] - ms);
    var += (level[i] - ml) * (level[i] - ml);
  }
  // Levels that hardly differ say nothing about how the spread follows them.
  if (var / n < 0.01) return Transform::kNone;
  const double slope = cov / var;
  if (slope > 0.75 && least > 0) return Transform::kLog;
  return slope > 0.25 ? Transform::kRoot : Transform::kNone;
}

struct Parameters {
  double alpha = 0, beta = 0, phi = 1;
  double gamma = 0;  // the same for all seasons
  bool robust = true;
};

struct Shape {
  std::vector<int> periods;
  bool trend = false;
  bool naive = false;  // the last value, or the last season's
};

struct State {
  double level = 0, slope = 0;
  std::vector<Series> seasons;
  std::size_t t = 0;
  int same_side = 0;  // errors in a row that were cut off, signed

  double Predict(const Shape& shape, const Parameters& p) const {
    double y = level + p.phi * slope;
    for (std::size_t k = 0; k < seasons.size(); ++k) {
      y += seasons[k][t % static_cast<std::size_t>(shape.periods[k])];
    }
    return y;
  }
  /// `e` NaN: not known. `cut`: errors beyond it are cut off, 0: none are.
  void Update(const Shape& shape, const Parameters& p, double e, double cut) {
    if (!Known(e)) e = 0;
    if (cut > 0 && p.robust && std::abs(e) > cut) {
      const int side = e > 0 ? 1 : -1;
      same_side = same_side * side > 0 ? same_side + side : side;
      // From the third in a row on it is no outlier but where the series is now.
      if (std::abs(same_side) < 3) e = side * cut;
    } else {
      same_side = 0;
    }
    level += p.phi * slope + p.alpha * e;
    slope = p.phi * slope + p.alpha * p.beta * e;
    for (std::size_t k = 0; k < seasons.size(); ++k) {
      seasons[k][t % static_cast<std::size_t>(shape.periods[k])] += p.gamma * (1 - p.alpha) * e;
    }
    ++t;
  }
};

/// The state before the first value: medians over the first rounds of the seasons.
State Start(const Series& y, const Shape& shape) {
  State state;
  const int longest = shape.periods.empty() ? 1 : shape.periods.back();
  const auto head = std::min(y.size(), static_cast<std::size_t>(std::max(4 * longest, 12)));
  Series rest(y.begin(), y.begin() + static_cast<std::ptrdiff_t>(head));
  state.level = Median(rest);
  if (shape.trend && head >= 6) {
    const auto half = static_cast<std::ptrdiff_t>(head / 2);
    state.slope = (Median(Series(rest.begin() + half, rest.end())) -
                   Median(Series(rest.begin(), rest.begin() + half))) /
                  static_cast<double>(half);
    state.level -= state.slope * static_cast<double>(head) / 2;
  }
  for (std::size_t i = 0; i < head; ++i) {
    rest[i] -= state.level + state.slope * static_cast<double>(i + 1);
  }
  for (const int period : shape.periods) {
    const auto p = static_cast<std::size_t>(period);
    Series season(p);
    for (std::size_t phase = 0; phase < p; ++phase) {
      Series same;
      for (std::size_t i = phase; i < head; i += p) same.push_back(rest[i]);
      season[phase] = Median(std::move(same));
    }
    double mean = 0;
    for (const double s : season) mean += s / static_cast<double>(p);
    for (double& s : season) s -= mean;
    for (std::size_t i = 0; i < head; ++i) rest[i] -= season[i % p];
    state.seasons.push_back(std::move(season));
  }
  return state;
}

struct Fit {
  Shape shape;
  Parameters parameters;
  State state;       // after the last value
  Series residuals;  // one step, known ones, without the warm-up
  double scale = 0;  // robust, of the residuals
  double loss = HUGE_VAL;
};

/// Runs the filter over y; `cut` of 0 cuts nothing.
Fit Run(const Series& y, const Shape& shape, const Parameters& parameters, const State& start,
        double cut) {
  Fit fit{shape, parameters, start, {}, 0, 0};
  const std::size_t longest =
      shape.periods.empty() ? 1 : static_cast<std::size_t>(shape.periods.back());
  const std::size_t warm = std::min(longest, y.size() / 2);
  fit.residuals.reserve(y.size());
  double known = 0;
  for (std::size_t t = 0; t < y.size(); ++t) {
    const double e = y[t] - fit.state.Predict(shape, parameters);
    if (Known(e) && t >= warm) {
      fit.residuals.push_back(e);
      const double a = std::abs(e);
      fit.loss += cut > 0 && a > cut ? cut * (2 * a - cut) : e * e;  // Huber
      known += 1;
    }
    fit.state.Update(shape, parameters, e, cut);
  }
  fit.loss = known > 0 ? fit.loss / known : HUGE_VAL;
  fit.scale = Scale(fit.residuals);
  return fit;
}

/// A coarse grid is enough to compare shapes.
std::vector<Parameters> Grid(const Shape& shape, bool coarse) {
  if (shape.naive) {
    return {shape.periods.empty() ? Parameters{.alpha = 1, .robust = false}
                                  : Parameters{.alpha = 0, .gamma = 1, .robust = false}};
  }
  std::vector<Parameters> grid;
  for (const double alpha : {0.01, 0.03, 0.08, 0.15, 0.3, 0.5, 0.8}) {
    if (coarse && (alpha == 0.01 || alpha == 0.08 || alpha == 0.3)) continue;
    for (const double gamma : {0.0, 0.05, 0.15, 0.4}) {
      if (gamma > 0 && (shape.periods.empty() || (coarse && gamma == 0.15))) continue;
      if (!shape.trend) {
        grid.push_back({.alpha = alpha, .gamma = gamma});
        continue;
      }
      for (const double beta : {0.02, 0.1, 0.3}) {
        if (coarse && beta == 0.02) continue;
        grid.push_back({.alpha = alpha, .beta = beta, .phi = 0.98, .gamma = gamma});
      }
    }
  }
  return grid;
}

/// The parameters with the least Huber loss: a grid, then halving steps around the best.
Fit Best(const Series& y, const Shape& shape, bool coarse = false) {
  const State start = Start(y, shape);
  const std::vector<Parameters> grid = Grid(shape, coarse);
  if (shape.naive) return Run(y, shape, grid.front(), start, 0);
  // The scale to cut at comes from a middling run that cuts nothing.
  const Fit plain = Run(y, shape, {.alpha = 0.15, .gamma = 0.1}, start, 0);
  const double cut = 3 * plain.scale;
  Fit best;
  for (const Parameters& p : grid) {
    Fit fit = Run(y, shape, p, start, cut);
    if (fit.loss < best.loss) best = std::move(fit);
  }
  for (double step = 0.5; step > 0.1 && !coarse; step /= 2) {
    for (double Parameters::*which : {&Parameters::alpha, &Parameters::gamma}) {
      if (which == &Parameters::gamma && shape.periods.empty()) continue;
      for (const double factor : {1 - step, 1 + step}) {
        Parameters p = best.parameters;
        p.*which = std::clamp(p.*which * factor, 0.0, 0.98);
        Fit fit = Run(y, shape, p, start, cut);
        if (fit.loss < best.loss) best = std::move(fit);
      }
    }
  }
  return best;
}

/// Point forecasts on the transformed scale.
Series Points(const Fit& fit, int horizon) {
  Series out;
  State state = fit.state;
  for (int h = 0; h < horizon; ++h) {
    out.push_back(state.Predict(fit.shape, fit.parameters));
    state.Update(fit.shape, fit.parameters, 0, 0);
  }
  return out;
}

/// What the model thinks its error at step h is, in standard deviations of one residual:
/// sqrt(1 + sum c_j^2), c_j = alpha (1 + beta sum phi^i) + gamma (1 - alpha) per season met again.
Series Growth(const Fit& fit, int horizon) {
  const Parameters& p = fit.parameters;
  Series out;
  double sum = 1, damped = 0, power = 1;
  for (int h = 0; h < horizon; ++h) {
    out.push_back(std::sqrt(sum));
    power *= p.phi;
    damped += power;
    double c = p.alpha * (1 + p.beta * damped);
    for (const int period : fit.shape.periods) {
      if ((h + 1) % period == 0) c += p.gamma * (1 - p.alpha);
    }
    sum += c * c;
  }
  return out;
}

double Cap(double e, double scale) { return scale > 0 ? std::clamp(e, -4 * scale, 4 * scale) : e; }

/// Numbers that the start of the filter took from the data: a level, a slope, the seasons.
double Spent(const Shape& shape) {
  double spent = 1 + (shape.trend ? 1 : 0);
  for (const int period : shape.periods) spent += period - 1;
  return shape.naive ? 0 : spent;
}

/// Root mean square of the residuals, each cut off at four robust deviations. What the start took
/// from n values makes them too small and is itself not sure: as in a regression on as many terms,
/// sqrt(n / (n - spent)) and sqrt(1 + spent / n).
double Spread(const Fit& fit, std::size_t values) {
  if (fit.residuals.empty()) return 0;
  double square = 0;
  for (const double e : fit.residuals) square += Cap(e, fit.scale) * Cap(e, fit.scale);
  const auto n = static_cast<double>(values);
  const double spent = std::min(Spent(fit.shape), n / 2);
  return std::sqrt(square / static_cast<double>(fit.residuals.size()) * n / (n - spent) *
                   (1 + spent / n));
}

/// How a shape forecasts from origins within the history.
struct Trial {
  Shape shape;
  double error = HUGE_VAL;      // mean absolute
  std::vector<Series> misses;   // by origin and step: actual - forecast; NaN unknown
  std::vector<Series> thought;  // the same: the model's standard deviation
};

Trial Try(const Series& y, const Shape& shape, const std::vector<std::size_t>& origins,
          int horizon) {
  Trial trial{shape, HUGE_VAL, {}, {}};
  double sum = 0, n = 0;
  for (const std::size_t origin : origins) {
    const Fit fit =
        Best(Series(y.begin(), y.begin() + static_cast<std::ptrdiff_t>(origin)), shape, true);
    const Series points = Points(fit, horizon);
    const Series growth = Growth(fit, horizon);
    const double spread = Spread(fit, origin);
    Series miss, thought;
    for (std::size_t h = 0; h < points.size() && origin + h < y.size(); ++h) {
      miss.push_back(y[origin + h] - points[h]);
      thought.push_back(spread * growth[h]);
      if (Known(miss.back())) sum += std::abs(miss.back()), n += 1;
    }
    trial.misses.push_back(std::move(miss));
    trial.thought.push_back(std::move(thought));
  }
  if (n > 0) trial.error = sum / n;
  return trial;
}

/// How much wider than the model thought its misses were: the root of the mean squared ratio over
/// origins, drawn to 1 with the weight of four origins.
double Widening(const Trial& trial) {
  double sum = 4, n = 4;
  for (std::size_t o = 0; o < trial.misses.size(); ++o) {
    double square = 0, known = 0;
    for (std::size_t h = 0; h < trial.misses[o].size(); ++h) {
      if (!Known(trial.misses[o][h]) || trial.thought[o][h] <= 0) continue;
      const double z = std::clamp(trial.misses[o][h] / trial.thought[o][h], -4.0, 4.0);
      square += z * z, known += 1;
    }
    if (known > 0) sum += square / known, n += 1;
  }
  return std::clamp(std::sqrt(sum / n), 0.8, 3.0);
}

std::string Describe(const Shape& shape, Transform transform) {
  std::string text;
  if (shape.naive) {
    text = shape.periods.empty() ? std::string("the last value")
                                 : fmt::format("the last season of {}", shape.periods.back());
  } else {
    text = "exponential smoothing";
    if (!shape.periods.empty()) {
      text += fmt::format(", season{} {}", shape.periods.size() > 1 ? "s" : "",
                          fmt::join(shape.periods, " and "));
    }
    if (shape.trend) text += ", damped trend";
  }
  if (transform == Transform::kLog) text += ", of logarithms";
  if (transform == Transform::kRoot) text += ", of roots";
  return text;
}

}  // namespace

Result<Forecast> ForecastSeries(std::span<const std::optional<double>> values, int horizon,
                                const ForecastSettings& settings) {
  if (horizon < 1 || horizon > 100'000) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("a horizon of {} steps; it must be 1 to 100000", horizon));
  }
  if (settings.paths < 100 || settings.paths > 100'000) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} simulated futures; it must be 100 to 100000", settings.paths));
  }
  for (std::size_t i = 0; i < settings.periods.size(); ++i) {
    if (settings.periods[i] < 2 || settings.periods[i] > 1'000'000 ||
        (i > 0 && settings.periods[i] <= settings.periods[i - 1])) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("season {} is {} steps long; seasons are at least 2 and rise", i + 1,
                              settings.periods[i]));
    }
  }
  const int longest = settings.periods.empty() ? 1 : settings.periods.back();
  const auto window = static_cast<std::size_t>(std::max(4'000, 8 * longest));
  if (values.size() > window) values = values.last(window);
  Series raw;
  std::size_t known = 0;
  bool negative = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] && !(std::abs(*values[i]) <= 1e150)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("value {} of the series is {}; it must be a finite number", i + 1,
                              *values[i]));
    }
    raw.push_back(values[i].value_or(NAN));
    if (values[i]) ++known, negative = negative || *values[i] < 0;
  }
  if (known < 3) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("a forecast needs at least 3 known values, the series has {}", known));
  }
  // Gaps before the first value say nothing.
  while (!Known(raw.front())) raw.erase(raw.begin());

  const Transform transform =
      ChooseTransform(raw, settings.periods.empty() ? 1 : settings.periods.front());
  Series y;
  for (const double v : raw) y.push_back(Known(v) ? Forward(transform, v) : NAN);
  const std::size_t n = y.size();

  std::vector<int> usable;
  for (const int period : settings.periods) {
    if (known >= 2 * static_cast<std::size_t>(period) + 2 &&
        n >= 2 * static_cast<std::size_t>(period)) {
      usable.push_back(period);
    }
  }
  std::vector<std::vector<int>> season_sets{{}};
  for (const int period : usable) season_sets.push_back({period});
  if (usable.size() > 1) season_sets.push_back(usable);
  std::vector<Shape> shapes;
  for (const auto& periods : season_sets) {
    if (periods.size() <= 1) shapes.push_back({periods, false, true});
    shapes.push_back({periods, false, false});
    if (n >= 10) shapes.push_back({periods, true, false});
  }

  // Origins in the newer half, at most 8, each with as much of the horizon as fits.
  const int longest_used = usable.empty() ? 1 : usable.back();
  const auto least = std::max<std::size_t>(
      {4, n / 2, std::min(n - 1, 2 * static_cast<std::size_t>(longest_used) + 2)});
  const int ahead = std::clamp(horizon, 1, std::max(1, static_cast<int>(n / 4)));
  std::vector<std::size_t> origins;
  if (least + 1 <= n - 1) {
    const std::size_t last =
        std::max(least, n - std::min<std::size_t>(n - least, static_cast<std::size_t>(ahead)));
    const std::size_t count = std::min<std::size_t>(8, last - least + 1);
    for (std::size_t i = 0; i < count; ++i) {
      origins.push_back(count == 1 ? last : least + (last - least) * i / (count - 1));
    }
  }
  std::vector<Trial> trials;
  for (const Shape& shape : shapes) {
    if (origins.empty() && (shape.naive || shape.trend || !shape.periods.empty())) continue;
    trials.push_back(Try(y, shape, origins, ahead));
  }
  std::stable_sort(trials.begin(), trials.end(),
                   [](const Trial& a, const Trial& b) { return a.error < b.error; });
  const Trial& first = trials.front();
  const Fit fit = Best(y, first.shape);
  Series points = Points(fit, horizon);
  Forecast out;
  out.method = Describe(first.shape, transform);
  if (trials.size() > 1 && trials[1].error < 1.05 * first.error) {
    const Series other = Points(Best(y, trials[1].shape), horizon);
    for (std::size_t h = 0; h < points.size(); ++h) points[h] = (points[h] + other[h]) / 2;
    out.method += "; averaged with " + Describe(trials[1].shape, transform);
  }

  // Futures: residuals resampled, smoothed so that a short list of them has no gaps, and widened.
  const double spread = Spread(fit, n);
  double drawn_spread = 0, drawn_mean = 0;
  for (const double e : fit.residuals) {
    drawn_mean += Cap(e, fit.scale) / static_cast<double>(fit.residuals.size());
  }
  for (const double e : fit.residuals) {
    const double x = Cap(e, fit.scale) - drawn_mean;
    drawn_spread += x * x / static_cast<double>(fit.residuals.size());
  }
  drawn_spread = std::sqrt(drawn_spread);
  const double freedom = std::max(
      1.0, static_cast<double>(n) - std::min(Spent(fit.shape), static_cast<double>(n) / 2) - 1);
  const boost::math::students_t student(freedom);
  const double widening = Widening(first);
  const double wide80 = widening * boost::math::quantile(student, 0.9) / 1.2815515655446004;
  const double wide95 = widening * boost::math::quantile(student, 0.975) / 1.9599639845400545;
  constexpr double kSmooth = 0.3;
  const double shrink =
      (drawn_spread > 0 ? spread / drawn_spread : 1) / std::sqrt(1 + kSmooth * kSmooth);
  Random random(settings.seed);
  const auto paths = static_cast<std::size_t>(settings.paths);
  std::vector<Series> futures(static_cast<std::size_t>(horizon), Series(paths));
  const double cut = fit.shape.naive ? 0 : 3 * fit.scale;
  const Series middle = Points(fit, horizon);
  for (std::size_t path = 0; path < paths; ++path) {
    State state = fit.state;
    for (std::size_t h = 0; h < futures.size(); ++h) {
      const double drawn = fit.residuals.empty()
                               ? 0
                               : fit.residuals[random.Below(fit.residuals.size())] - drawn_mean;
      const double e = shrink * (drawn + kSmooth * drawn_spread * random.Normal());
      futures[h][path] = state.Predict(fit.shape, fit.parameters) + e - middle[h];
      state.Update(fit.shape, fit.parameters, e, cut);
    }
  }
  for (std::size_t h = 0; h < futures.size(); ++h) {
    Series& deviation = futures[h];
    std::sort(deviation.begin(), deviation.end());
    const auto at = [&](double p, double wide) {
      const double x = Backward(transform, points[h] + wide * Quantile(deviation, p));
      return negative ? x : std::max(0.0, x);
    };
    // The mean without the outermost fiftieths: one outlier of the past, drawn again, is not what
    // is expected.
    double mean = 0, weight = 0;
    for (std::size_t i = paths / 50; i < paths - paths / 50; ++i) {
      mean += Backward(transform, points[h] + deviation[i]), weight += 1;
    }
    mean = transform == Transform::kNone ? points[h] : mean / weight;
    if (!negative) mean = std::max(0.0, mean);
    ForecastPoint point{mean, at(0.1, wide80), at(0.9, wide80), at(0.025, wide95),
                        at(0.975, wide95)};
    // Few residuals, skewed: the wider interval holds the narrower one.
    point.low95 = std::min(point.low95, point.low80);
    point.high95 = std::max(point.high95, point.high80);
    out.points.push_back(point);
  }
  return out;
}

LocalTime TimeGrid::At(std::int64_t i) const {
  if (months == 0) return first + step * i;
  const auto day = std::chrono::floor<std::chrono::days>(first);
  const std::chrono::year_month_day date{day};
  const auto month =
      std::chrono::year_month(date.year(), date.month()) + std::chrono::months(months * i);
  const std::chrono::year_month_day_last end(month.year(),
                                             std::chrono::month_day_last(month.month()));
  const auto landed =
      std::chrono::year_month_day(month.year(), month.month(), std::min(date.day(), end.day()));
  return std::chrono::local_days(landed) + (first - day);
}

std::vector<int> TimeGrid::Periods() const {
  using namespace std::chrono;
  if (months > 0) return months >= 12 ? std::vector<int>{} : std::vector<int>{12 / months};
  if (step >= hours(24 * 7)) {
    return step == hours(24 * 7) ? std::vector<int>{52} : std::vector<int>{};
  }
  std::vector<int> periods;
  for (const seconds season : {seconds(hours(24)), seconds(hours(24 * 7))}) {
    if (season % step == seconds(0) && season / step >= 2) {
      periods.push_back(static_cast<int>(season / step));
    }
  }
  return periods;
}

Result<TimeGrid> MakeTimeGrid(std::vector<TimedValue> values) {
  std::stable_sort(values.begin(), values.end(),
                   [](const TimedValue& a, const TimedValue& b) { return a.time < b.time; });
  // Repeated times are one step with their mean.
  std::vector<TimedValue> merged;
  for (std::size_t i = 0; i < values.size();) {
    double sum = 0, n = 0;
    const LocalTime time = values[i].time;
    for (; i < values.size() && values[i].time == time; ++i) sum += values[i].value, n += 1;
    merged.push_back({time, sum / n});
  }
  if (merged.size() < 3) {
    return Fail(
        Errc::kInvalidArgument,
        fmt::format("a series needs values at 3 or more times, there are {}", merged.size()));
  }
  TimeGrid grid;
  grid.first = merged.front().time;
  std::vector<std::int64_t> distances;
  for (std::size_t i = 1; i < merged.size(); ++i) {
    distances.push_back((merged[i].time - merged[i - 1].time).count());
  }
  std::sort(distances.begin(), distances.end());
  std::int64_t usual = 0;
  for (std::size_t i = 0, most = 0; i < distances.size();) {
    std::size_t j = i;
    while (j < distances.size() && distances[j] == distances[i]) ++j;
    if (j - i > most) most = j - i, usual = distances[i];
    i = j;
  }
  grid.step = std::chrono::seconds(usual);
  constexpr std::int64_t kDay = 86'400;
  for (const auto& [months, low, high] :
       {std::tuple(1, 28, 31), std::tuple(3, 89, 92), std::tuple(12, 365, 366)}) {
    if (usual < low * kDay || usual > high * kDay || usual % kDay != 0) continue;
    TimeGrid calendar{grid.first, {}, months, {}};
    // Every time must be one of the calendar's.
    std::int64_t at = 0;
    bool all = true;
    for (const TimedValue& value : merged) {
      while (calendar.At(at) < value.time) ++at;
      all = all && calendar.At(at) == value.time;
    }
    if (all && (usual % (7 * kDay) != 0 || merged.size() > 3)) {
      grid = calendar;
      break;
    }
  }
  std::size_t beside = 0;
  if (grid.months > 0) {
    std::int64_t at = 0;
    for (const TimedValue& value : merged) {
      while (grid.At(at) < value.time) grid.values.emplace_back(std::nullopt), ++at;
      grid.values.emplace_back(value.value), ++at;
    }
  } else {
    const std::int64_t span = (merged.back().time - grid.first).count() / usual;
    if (span > 20 * static_cast<std::int64_t>(merged.size()) + 1'000) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("the series has {} values on a grid of {} steps of {} s: too many "
                              "gaps",
                              merged.size(), span + 1, usual));
    }
    grid.values.resize(static_cast<std::size_t>(span) + 1);
    for (const TimedValue& value : merged) {
      const std::int64_t offset = (value.time - grid.first).count();
      if (offset % usual != 0) ++beside;
      grid.values[static_cast<std::size_t>(offset / usual)] = value.value;
    }
  }
  if (10 * beside > merged.size()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} of {} times are beside the grid of {} s that begins at {}: the "
                            "series is not evenly spaced",
                            beside, merged.size(), usual, PrintLocal(grid.first)));
  }
  return grid;
}

}  // namespace maxopt
