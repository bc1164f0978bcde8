// Lift of treated geos: a counterfactual from the control geos, and how far it may be off.
#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "measure/lift/lift.h"
#include "measure/lift/linear.h"
#include "measure/lift/noise.h"
#include "measure/lift/weights.h"

namespace maxopt {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using lift::GapResult;
using lift::GapUnit;

constexpr Index kPreMin = 10;
/// Pretended geos that are judged; more than these change the intervals little and cost time.
constexpr std::size_t kPlaceboMax = 30;
/// Pretended geos that have a say in the choice of the method.
constexpr std::size_t kChoiceMax = 12;
/// The noise model's own word on its spread counts as so many pretended geos; each of these counts
/// half, because they share controls with each other. Chosen on panels of docs/lift.md, seeds 1-20.
constexpr double kModelWeight = 8;
constexpr double kPlaceboWeight = 0.5;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::unexpected<Error> Wrong(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

/// What makes a counterfactual of donors.
struct Recipe {
  LiftMethod method;
  bool relative = false;  ///< series over their own mean before the test
  double penalty = 0;     ///< on the donors' own noise; infinite: noise alone decides
};

/// Donors and target as they are compared, days before the test in folds.
struct Bench {
  MatrixXd all;     ///< [day, control], sales
  VectorXd target;  ///< [day], sales per treated geo
  Index pre = 0, days = 0;
  std::vector<std::int64_t> day;  ///< of each row
  std::vector<Index> fold_of;     ///< of each day before the test
  Index folds = 0;
  VectorXd mean;   ///< of each control before the test
  VectorXd noise;  ///< variance of each control over its mean, about the mean of all
};

double Variance(const VectorXd& v) {
  return (v.array() - v.mean()).square().sum() /
         static_cast<double>(std::max<Index>(1, v.size() - 1));
}

/// Covariance of the columns over the given days.
MatrixXd Moments(const MatrixXd& m) {
  const MatrixXd centred = m.rowwise() - m.colwise().mean();
  return lift::Cross(centred, centred) / static_cast<double>(m.rows());
}

MatrixXd Rows(const MatrixXd& m, const std::vector<Index>& rows) {
  MatrixXd out(static_cast<Index>(rows.size()), m.cols());
  for (Index i = 0; i < out.rows(); ++i) out.row(i) = m.row(rows[static_cast<std::size_t>(i)]);
  return out;
}

VectorXd Weights(const MatrixXd& moments, const VectorXd& noise, double penalty) {
  const Index n = noise.size();  // the last column of the moments is the target
  if (n == 1) return VectorXd::Ones(1);
  if (std::isinf(penalty)) {
    const double least = 1e-6 * noise.maxCoeff();
    if (least == 0) return VectorXd::Constant(n, 1 / static_cast<double>(n));
    const VectorXd inverse = noise.cwiseMax(least).cwiseInverse();
    return inverse / inverse.sum();
  }
  MatrixXd q = moments.topLeftCorner(n, n);
  q.diagonal() += penalty * noise;
  return lift::SimplexLeastSquares(q, moments.topRightCorner(n, 1), penalty >= 1);
}

/// One unit's counterfactual by a recipe.
struct Made {
  GapUnit unit;      ///< as the noise model judges it
  VectorXd honest;   ///< gap before the test of days that did not help to make it, mean 0
  VectorXd weights;  ///< by donor
};

Made Make(const Bench& bench, const VectorXd& target, const std::vector<Index>& donors,
          const Recipe& recipe) {
  const Index n = static_cast<Index>(donors.size()), pre = bench.pre, days = bench.days;
  Made made;
  made.unit.z = MatrixXd::Ones(days, 1);
  MatrixXd d(days, n);
  VectorXd noise(n);
  for (Index j = 0; j < n; ++j) {
    const Index donor = donors[static_cast<std::size_t>(j)];
    d.col(j) = bench.all.col(donor);
    noise(j) = bench.noise(donor);
    if (recipe.relative) d.col(j) /= bench.mean(donor);
  }
  const double scale = recipe.relative ? target.head(pre).mean() : 1;
  const VectorXd y = target / scale;
  VectorXd gap(days);
  if (recipe.method == LiftMethod::kDid && !recipe.relative) {
    made.weights = VectorXd::Constant(n, 1 / static_cast<double>(n));
    gap = y - lift::Product(d, made.weights);
  } else if (recipe.method == LiftMethod::kTbr) {
    const VectorXd x = d.rowwise().sum();
    const auto slope_of = [](const VectorXd& a, const VectorXd& b) {
      const VectorXd centred = a.array() - a.mean();
      const double size = centred.squaredNorm();
      return size > 0 ? centred.dot(b) / size : 0;
    };
    const double slope = slope_of(x.head(pre), y.head(pre));
    made.weights = VectorXd::Constant(n, slope);
    gap = y - slope * x;
    made.honest.resize(pre);
    for (Index k = 0; k < bench.folds; ++k) {
      std::vector<Index> rest;
      for (Index t = 0; t < pre; ++t) {
        if (bench.fold_of[static_cast<std::size_t>(t)] != k) rest.push_back(t);
      }
      VectorXd xr(static_cast<Index>(rest.size())), yr(static_cast<Index>(rest.size()));
      for (Index i = 0; i < xr.size(); ++i) {
        xr(i) = x(rest[static_cast<std::size_t>(i)]);
        yr(i) = y(rest[static_cast<std::size_t>(i)]);
      }
      const double b = slope_of(xr, yr), a = yr.mean() - b * xr.mean();
      for (Index t = 0; t < pre; ++t) {
        if (bench.fold_of[static_cast<std::size_t>(t)] == k) made.honest(t) = y(t) - a - b * x(t);
      }
    }
    const double spread = std::sqrt(Variance(x.head(pre)));
    if (spread > 0) {
      made.unit.z.conservativeResize(days, 2);
      made.unit.z.col(1) = (x.array() - x.head(pre).mean()) / spread;
    }
    made.unit.gap = y;
  } else {
    MatrixXd both(pre, n + 1);
    both << d.topRows(pre), y.head(pre);
    if (!recipe.relative) {
      for (Index j = 0; j < n; ++j) {
        const double m = bench.mean(donors[static_cast<std::size_t>(j)]);
        noise(j) *= m * m;
      }
    }
    made.weights = Weights(Moments(both), noise, recipe.penalty);
    gap = y - lift::Product(d, made.weights);
    if (!std::isinf(recipe.penalty)) {
      // Days are judged by weights that did not see them: else fitting hides the noise.
      const double centre = gap.head(pre).mean();
      for (Index k = 0; k < bench.folds; ++k) {
        std::vector<Index> rest;
        for (Index t = 0; t < pre; ++t) {
          if (bench.fold_of[static_cast<std::size_t>(t)] != k) rest.push_back(t);
        }
        const MatrixXd others = Rows(both, rest);
        const VectorXd w = Weights(Moments(others), noise, recipe.penalty);
        const double a = others.col(n).mean() - lift::Product(others.leftCols(n), w).mean();
        for (Index t = 0; t < pre; ++t) {
          if (bench.fold_of[static_cast<std::size_t>(t)] != k) continue;
          gap(t) = y(t) - d.row(t).dot(w) - a + centre;
        }
      }
    }
  }
  if (made.unit.gap.size() == 0) made.unit.gap = gap;
  if (made.honest.size() == 0) made.honest = gap.head(pre);
  made.honest.array() -= made.honest.mean();
  made.unit.gap *= scale;
  made.honest *= scale;
  return made;
}

/// Squared error of a block's mean and of a day's, mixed: what a forecast of weeks suffers from.
double BlockError(const Bench& bench, const VectorXd& honest) {
  VectorXd sums = VectorXd::Zero(bench.folds), counts = VectorXd::Zero(bench.folds);
  for (Index t = 0; t < bench.pre; ++t) {
    sums(bench.fold_of[static_cast<std::size_t>(t)]) += honest(t);
    counts(bench.fold_of[static_cast<std::size_t>(t)]) += 1;
  }
  const double length = counts.mean();
  return (sums.array() / counts.array()).square().mean() +
         honest.squaredNorm() / static_cast<double>(bench.pre) / length;
}

std::vector<Index> Except(Index n, Index left_out) {
  std::vector<Index> out;
  for (Index i = 0; i < n; ++i) {
    if (i != left_out) out.push_back(i);
  }
  return out;
}

/// So many of n, evenly over them.
std::vector<Index> Evenly(Index n, std::size_t most) {
  std::vector<Index> out;
  const Index m = std::min<Index>(n, static_cast<Index>(most));
  for (Index i = 0; i < m; ++i) out.push_back(i * n / m);
  return out;
}

/// How well a recipe foretells days before the test that it did not see: the treated geos and,
/// to half, control geos in pretence. Logarithm of a squared error relative to sales.
double Foretold(const Bench& bench, const Recipe& recipe) {
  const auto log_error = [&](const VectorXd& target, const std::vector<Index>& donors) {
    const double mean = target.head(bench.pre).mean();
    const Made made = Make(bench, target, donors, recipe);
    return std::log(std::max(BlockError(bench, made.honest) / (mean * mean), 1e-24));
  };
  const Index n = bench.all.cols();
  double own = log_error(bench.target, Except(n, -1));
  if (n < 3) return own;
  double pretended = 0;
  const std::vector<Index> chosen = Evenly(n, kChoiceMax);
  for (const Index j : chosen) pretended += log_error(bench.all.col(j), Except(n, j));
  return own / 2 + pretended / static_cast<double>(chosen.size()) / 2;
}

/// Mean F statistic of weekdays over the units' gaps; nothing where it cannot be told.
bool HasWeek(const Bench& bench, const std::vector<Made>& made) {
  if (bench.pre < 21) return false;
  for (Index t = 1; t < bench.pre; ++t) {
    // Panels of weeks have no weekdays.
    if (bench.day[static_cast<std::size_t>(t)] - bench.day[static_cast<std::size_t>(t - 1)] >= 7) {
      return false;
    }
  }
  double sum = 0;
  int judged = 0;
  for (const Made& unit : made) {
    const VectorXd& e = unit.honest;
    VectorXd sums = VectorXd::Zero(7), counts = VectorXd::Zero(7);
    for (Index t = 0; t < bench.pre; ++t) {
      const std::int64_t w = ((bench.day[static_cast<std::size_t>(t)] % 7) + 7) % 7;
      sums(w) += e(t);
      counts(w) += 1;
    }
    if (counts.minCoeff() < 3) return false;
    const double between = (sums.array().square() / counts.array()).sum();
    const double whole = e.squaredNorm();
    if (!(whole > 0) || between >= whole) continue;
    sum += between / 6 / ((whole - between) / static_cast<double>(bench.pre - 7));
    ++judged;
  }
  if (judged == 0) return false;
  // Without a pattern the mean is about 1; the units share controls, so they count as five at most.
  return sum / judged > 1 + 4 * std::sqrt(2 / (6.0 * std::min(judged, 5)));
}

void AddWeek(const Bench& bench, GapUnit& unit) {
  const Index p = unit.z.cols();
  unit.z.conservativeResize(bench.days, p + 6);
  unit.z.rightCols(6).setZero();
  for (Index t = 0; t < bench.days; ++t) {
    const std::int64_t w = ((bench.day[static_cast<std::size_t>(t)] % 7) + 7) % 7;
    for (Index c = 0; c < 6; ++c) unit.z(t, p + c) = (w == c ? 1.0 : 0.0) - (w == 6 ? 1.0 : 0.0);
  }
}

VectorXd LeastSquares(const MatrixXd& z, const VectorXd& y) {
  return lift::Cholesky(lift::Cross(z, z)).Solve(lift::Cross(z, y));
}

/// Moving-block permutation: is the window of the test the odd one among all, cyclically?
/// Source   Chernozhukov, Wüthrich, Zhu 2021, An exact and robust conformal inference method for
///          counterfactual and synthetic controls, JASA 116
double BlockPermutation(const GapUnit& unit, Index pre) {
  const VectorXd e = unit.gap - lift::Product(unit.z, LeastSquares(unit.z, unit.gap));
  const Index days = e.size(), length = days - pre;
  const auto at = [&](Index start) {
    double sum = 0;
    for (Index i = 0; i < length; ++i) sum += e((start + i) % days);
    return std::abs(sum);
  };
  const double seen = at(pre);
  Index as_large = 0;
  for (Index start = 0; start < days; ++start) {
    as_large += start == pre || at(start) >= seen * (1 - 1e-12) ? 1 : 0;
  }
  return static_cast<double>(as_large) / static_cast<double>(days);
}

double Lag1(const VectorXd& e) {
  const double whole = e.squaredNorm();
  return whole > 0 ? e.head(e.size() - 1).dot(e.tail(e.size() - 1)) / whole : 0;
}

std::string Describe(const Recipe& recipe, bool krige) {
  std::string text;
  switch (recipe.method) {
    case LiftMethod::kDid:
      text = recipe.relative ? "relative sales, controls weighted by the inverse of their noise"
                             : "mean of the treated less mean of the controls";
      break;
    case LiftMethod::kTbr:
      text = "regression of the treated on the sum of the controls";
      break;
    case LiftMethod::kSyntheticControl:
    case LiftMethod::kAuto:
      text = recipe.relative ? "demeaned, relative sales" : "demeaned";
      if (recipe.penalty > 0) {
        text += fmt::format(", ridge {:g} times the controls' own noise", recipe.penalty);
      }
  }
  if (krige) text += ", less what the days before foretell of the difference";
  return text;
}

struct Prepared {
  Bench bench;
  std::vector<std::string> controls;
  std::vector<const GeoPanel::Geo*> treated, control_geos;
  std::vector<std::size_t> rows;  ///< indices into the panel's days
  Index test_days = 0;
  std::vector<bool> is_test;  ///< by judged day
  std::vector<std::string> notes;
};

Result<Prepared> Prepare(const GeoPanel& panel) {
  Prepared out;
  if (panel.days.size() != panel.periods.size())
    return Wrong("periods: one for each day is needed");
  for (std::size_t i = 1; i < panel.days.size(); ++i) {
    if (panel.days[i] <= panel.days[i - 1]) return Wrong("days: must ascend");
  }
  std::vector<std::size_t> judged;
  for (std::size_t i = 0; i < panel.days.size(); ++i) {
    const TestPeriod period = panel.periods[i];
    if (period == TestPeriod::kPre) {
      if (!judged.empty())
        return Wrong(
            fmt::format("day {} of the pre-period lies after the test began", panel.days[i]));
      out.rows.push_back(i);
    } else if (period == TestPeriod::kTest || period == TestPeriod::kCooldown) {
      judged.push_back(i);
      out.is_test.push_back(period == TestPeriod::kTest);
      out.test_days += period == TestPeriod::kTest ? 1 : 0;
    }
  }
  out.bench.pre = static_cast<Index>(out.rows.size());
  if (out.bench.pre < kPreMin) {
    return Wrong(
        fmt::format("{} days before the test; at least {} are needed", out.bench.pre, kPreMin));
  }
  if (out.test_days == 0) return Wrong("no day of the test is in the data");
  out.rows.insert(out.rows.end(), judged.begin(), judged.end());
  out.bench.days = static_cast<Index>(out.rows.size());
  for (const std::size_t row : out.rows) out.bench.day.push_back(panel.days[row]);

  std::vector<const GeoPanel::Geo*> geos;
  for (const GeoPanel::Geo& geo : panel.geos) geos.push_back(&geo);
  std::sort(geos.begin(), geos.end(),
            [](const auto* a, const auto* b) { return a->name < b->name; });
  std::vector<VectorXd> columns;
  out.bench.target = VectorXd::Zero(out.bench.days);
  std::vector<std::string> gaps, still;
  for (std::size_t g = 0; g < geos.size(); ++g) {
    const GeoPanel::Geo& geo = *geos[g];
    if (g > 0 && geo.name == geos[g - 1]->name)
      return Wrong(fmt::format("geo \"{}\" comes twice", geo.name));
    if (geo.sales.size() != panel.days.size())
      return Wrong(fmt::format("geo \"{}\": sales need one entry for each day", geo.name));
    if (!geo.spend.empty() && geo.spend.size() != panel.days.size())
      return Wrong(fmt::format("geo \"{}\": spend needs one entry for each day", geo.name));
    VectorXd column(out.bench.days);
    std::optional<std::int64_t> missing;
    for (Index t = 0; t < out.bench.days; ++t) {
      const auto& value = geo.sales[out.rows[static_cast<std::size_t>(t)]];
      if (!value) {
        missing = out.bench.day[static_cast<std::size_t>(t)];
        break;
      }
      if (!std::isfinite(*value))
        return Wrong(fmt::format("geo \"{}\": sales must be finite", geo.name));
      column(t) = *value;
    }
    if (geo.treated) {
      if (missing)
        return Wrong(
            fmt::format("treated geo \"{}\" has no sales on day {}; add the row (0 when nothing "
                        "was sold) or leave the geo out",
                        geo.name, *missing));
      out.bench.target += column;
      out.treated.push_back(&geo);
      continue;
    }
    if (missing) {
      gaps.push_back(geo.name);
    } else if (!(column.head(out.bench.pre).mean() > 0)) {
      still.push_back(geo.name);
    } else {
      columns.push_back(column);
      out.controls.push_back(geo.name);
      out.control_geos.push_back(&geo);
    }
  }
  if (out.treated.empty()) return Wrong("no treated geo");
  if (columns.empty()) {
    return Wrong(gaps.empty() && still.empty()
                     ? "no control geo; measure the treated one as a single series"
                     : "no control geo with sales on every day is left");
  }
  if (!gaps.empty())
    out.notes.push_back(fmt::format("control geos left out for days without sales data: {}",
                                    fmt::join(gaps, ", ")));
  if (!still.empty())
    out.notes.push_back(
        fmt::format("control geos left out because they sold nothing before the test: {}",
                    fmt::join(still, ", ")));
  Bench& bench = out.bench;
  bench.target /= static_cast<double>(out.treated.size());
  if (!(bench.target.head(bench.pre).mean() > 0)) {
    return Wrong("the treated geos sold nothing before the test: there is nothing to compare with");
  }
  const Index n = static_cast<Index>(columns.size());
  bench.all.resize(bench.days, n);
  for (Index j = 0; j < n; ++j) bench.all.col(j) = columns[static_cast<std::size_t>(j)];
  bench.mean = bench.all.topRows(bench.pre).colwise().mean().transpose();
  MatrixXd relative = bench.all.topRows(bench.pre);
  for (Index j = 0; j < n; ++j) relative.col(j) /= bench.mean(j);
  const VectorXd common = relative.rowwise().mean();
  bench.noise.resize(n);
  for (Index j = 0; j < n; ++j) bench.noise(j) = Variance(relative.col(j) - common);
  const Index length = std::max<Index>(7, std::min(bench.days - bench.pre, bench.pre / 4));
  bench.folds = std::clamp<Index>(bench.pre / length, 3, 6);
  for (Index t = 0; t < bench.pre; ++t) bench.fold_of.push_back(t * bench.folds / bench.pre);
  return out;
}

/// Incremental spend over the judged days and its standard error; absent without a spend column.
struct Spend {
  double sum;
  double se;
};
std::optional<Spend> IncrementalSpend(const Prepared& prepared, std::vector<std::string>& notes) {
  const Bench& bench = prepared.bench;
  const auto mean_of =
      [&](const std::vector<const GeoPanel::Geo*>& geos) -> std::optional<VectorXd> {
    VectorXd out = VectorXd::Zero(bench.days);
    for (const GeoPanel::Geo* geo : geos) {
      for (Index t = 0; t < bench.days; ++t) {
        const std::size_t row = prepared.rows[static_cast<std::size_t>(t)];
        if (geo->spend.empty() || !geo->spend[row]) return std::nullopt;
        out(t) += *geo->spend[row];
      }
    }
    return out / static_cast<double>(geos.size());
  };
  const auto anywhere = [](const GeoPanel::Geo* geo) { return !geo->spend.empty(); };
  if (std::none_of(prepared.treated.begin(), prepared.treated.end(), anywhere)) return std::nullopt;
  const auto treated = mean_of(prepared.treated), controls = mean_of(prepared.control_geos);
  if (!treated || !controls) {
    notes.push_back("no return on spend: spend is not known on every day");
    return std::nullopt;
  }
  const double before = treated->head(bench.pre).mean(),
               controls_before = controls->head(bench.pre).mean();
  VectorXd without = VectorXd::Constant(bench.days, before);
  if (controls_before > 0) without = *controls * (before / controls_before);
  const VectorXd change = *treated - without;
  const Index judged = bench.days - bench.pre;
  const double j = static_cast<double>(judged), p = static_cast<double>(bench.pre);
  const VectorXd e = change.head(bench.pre).array() - change.head(bench.pre).mean();
  const double memory = std::clamp(Lag1(e), 0.0, 0.9);
  const double se = std::sqrt(Variance(e) * (1 + memory) / (1 - memory) * j * (1 + j / p));
  const double n = static_cast<double>(prepared.treated.size());
  return Spend{n * change.tail(judged).sum(), n * se};
}

}  // namespace

Result<LiftMethod> FindLiftMethod(std::string_view name) {
  for (const LiftMethod method :
       {LiftMethod::kAuto, LiftMethod::kSyntheticControl, LiftMethod::kDid, LiftMethod::kTbr}) {
    if (LiftMethodName(method) == name) return method;
  }
  return Wrong(
      fmt::format("method \"{}\" is not known; there are auto, synthetic_control, did, tbr", name));
}

std::string_view LiftMethodName(LiftMethod method) {
  switch (method) {
    case LiftMethod::kAuto:
      return "auto";
    case LiftMethod::kSyntheticControl:
      return "synthetic_control";
    case LiftMethod::kDid:
      return "did";
    case LiftMethod::kTbr:
      return "tbr";
  }
  Bug();
}

Result<LiftAnswer> MeasureLift(const GeoPanel& panel, const LiftSetting& setting) {
  if (!(setting.level >= 0.5 && setting.level <= 0.999))
    return Wrong("level: must be between .5 and .999");
  MAXOPT_TRY(Prepared prepared, Prepare(panel));
  const Bench& bench = prepared.bench;
  const Index n = bench.all.cols(), pre = bench.pre, judged = bench.days - pre;

  std::vector<Recipe> recipes;
  const bool any = setting.method == LiftMethod::kAuto;
  if (any || setting.method == LiftMethod::kDid) recipes.push_back({LiftMethod::kDid});
  if (any) recipes.push_back({LiftMethod::kDid, true, kInfinity});
  if (any || setting.method == LiftMethod::kTbr) recipes.push_back({LiftMethod::kTbr});
  if (any || setting.method == LiftMethod::kSyntheticControl) {
    recipes.push_back({LiftMethod::kSyntheticControl, false, 0});
    for (const double penalty : {0.0, 0.3, 3.0})
      recipes.push_back({LiftMethod::kSyntheticControl, true, penalty});
  }
  std::size_t best = 0;
  if (recipes.size() > 1) {
    std::vector<double> errors;
    for (const Recipe& recipe : recipes) errors.push_back(Foretold(bench, recipe));
    for (std::size_t i = 1; i < errors.size(); ++i) {
      if (errors[i] < errors[best] - 1e-6) best = i;
    }
  }
  const Recipe recipe = recipes[best];

  // The true test first, then the pretended ones.
  std::vector<Made> made;
  made.push_back(Make(bench, bench.target, Except(n, -1), recipe));
  if (n >= 2) {
    for (const Index j : Evenly(n, kPlaceboMax)) {
      made.push_back(Make(bench, bench.all.col(j), Except(n, j), recipe));
    }
  }
  const bool week = HasWeek(bench, made);
  std::vector<GapUnit> units;
  for (Made& each : made) {
    if (week) AddWeek(bench, each.unit);
    units.push_back(each.unit);
  }
  lift::NoiseSummary noise;
  const std::vector<GapResult> results = lift::JudgeGaps(units, pre, any, &noise);

  LiftAnswer answer;
  answer.method = recipe.method;
  answer.variant = Describe(recipe, any);
  answer.notes = prepared.notes;

  // What the pretended tests say of the model's spread.
  double squares = 0;
  int as_large = 0;
  const double own_z =
      results[0].variance > 0 ? results[0].effect / std::sqrt(results[0].variance) : 0;
  for (std::size_t u = 1; u < results.size(); ++u) {
    const double z =
        results[u].variance > 0 ? results[u].effect / std::sqrt(results[u].variance) : 0;
    squares += std::min(z * z, 25.0);
    as_large += std::abs(z) >= std::abs(own_z) ? 1 : 0;
  }
  const double placebos = static_cast<double>(results.size() - 1);
  const double df = kModelWeight + kPlaceboWeight * placebos;
  const double inflation = std::sqrt((kModelWeight + kPlaceboWeight * squares) / df);
  answer.placebo.geos = static_cast<int>(results.size()) - 1;
  if (placebos > 0) {
    answer.placebo.spread = std::sqrt(squares / placebos);
    answer.placebo.p_space = (1 + as_large) / (1 + placebos);
  }
  answer.placebo.windows = static_cast<int>(bench.days) - 1;
  answer.placebo.p_time = BlockPermutation(units[0], pre);
  answer.placebo.inflation = inflation;

  // Differences in the last digits of large numbers are no effect.
  const double size = bench.target.cwiseAbs().maxCoeff();
  const double se = std::max(std::sqrt(results[0].variance) * inflation, 1e-12 * size);
  const boost::math::students_t distribution(df);
  const double quantile =
      boost::math::quantile(boost::math::complement(distribution, (1 - setting.level) / 2));
  const double effect = results[0].effect;  // per treated geo and judged day
  const double low = effect - quantile * se, high = effect + quantile * se;
  answer.p_value = std::min(
      1.0, 2 * boost::math::cdf(boost::math::complement(distribution, std::abs(effect) / se)));

  const double treated = static_cast<double>(prepared.treated.size());
  const double per_test_day = static_cast<double>(judged) / static_cast<double>(prepared.test_days);
  answer.att = {effect * per_test_day, low * per_test_day, high * per_test_day};
  const double all = treated * static_cast<double>(judged);
  answer.incremental = {effect * all, low * all, high * all};

  // What a test day would have been: the days' own differences, moved to the mean effect.
  VectorXd seen(judged);
  {
    VectorXd counterfactual_free = units[0].gap.tail(judged);
    if (recipe.method == LiftMethod::kTbr) {
      const VectorXd line = LeastSquares(units[0].z.topRows(pre), units[0].gap.head(pre));
      counterfactual_free -= lift::Product(units[0].z.bottomRows(judged), line);
    }
    seen = counterfactual_free.array() - counterfactual_free.mean() + effect;
  }
  double without = 0;
  for (Index t = 0; t < judged; ++t) {
    if (prepared.is_test[static_cast<std::size_t>(t)]) without += bench.target(pre + t) - seen(t);
  }
  without /= static_cast<double>(prepared.test_days);
  answer.counterfactual = without;
  const auto relative = [&](double day_effect) {
    const double base = without - (day_effect - effect);
    return base > 0 ? day_effect * per_test_day / base : (day_effect > 0 ? kInfinity : -kInfinity);
  };
  answer.lift = {relative(effect), relative(low), relative(high)};

  if (const auto spend = IncrementalSpend(prepared, answer.notes)) {
    answer.incremental_spend = spend->sum;
    // Fieller's interval of a ratio of two independent sums.
    const double g = std::pow(quantile * spend->se / spend->sum, 2);
    if (spend->sum != 0 && g < 1) {
      const double ratio = answer.incremental.value / spend->sum;
      const double se_sum = se * all;
      const double centre = ratio / (1 - g);
      const double half =
          quantile / (std::abs(spend->sum) * (1 - g)) *
          std::sqrt((1 - g) * se_sum * se_sum + ratio * ratio * spend->se * spend->se);
      answer.iroas = Estimate{ratio, centre - half, centre + half};
    } else {
      answer.notes.push_back(
          "no return on spend: spend in the treated geos did not change by more than it does by "
          "itself");
    }
  }

  const Made& own = made[0];
  for (Index j = 0; j < n; ++j) {
    answer.weights.emplace_back(prepared.controls[static_cast<std::size_t>(j)], own.weights(j));
  }
  answer.weights_of = recipe.method == LiftMethod::kTbr ? "sales, summed to sales per treated geo"
                      : recipe.relative                 ? "sales over their mean before the test"
                                                        : "sales";
  const VectorXd y = bench.target.head(pre);
  answer.pre_fit.days = static_cast<int>(pre);
  answer.pre_fit.rmse = std::sqrt(own.honest.squaredNorm() / static_cast<double>(pre));
  answer.pre_fit.mape = own.honest.cwiseAbs().mean() / y.mean();
  const double spread = (y.array() - y.mean()).square().sum();
  answer.pre_fit.r_squared = spread > 0 ? 1 - own.honest.squaredNorm() / spread : 0;
  answer.pre_fit.autocorrelation = Lag1(own.honest);
  answer.pre_fit.weekday_pattern = week;
  return answer;
}

}  // namespace maxopt
