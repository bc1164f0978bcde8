#include "decide/bids/bids.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <tuple>
#include <utility>

namespace maxopt {
namespace {

constexpr double kLeast = 0.05, kMost = 0.98;  // of an elasticity
constexpr double kUntoldLeast = 0.15;          // of one that nothing tells
/// Points a side of the grid over the two things that are not known.
constexpr int kGrid = 41;

Result<> Wrong(std::string what) { return Fail(Errc::kInvalidArgument, std::move(what)); }

double NormalCdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }
double NormalQuantile(double p) { return -std::sqrt(2.0) * boost::math::erfc_inv(2 * p); }

struct Own {
  double estimate = 0, variance = 0;
  int weeks = 0;
};

/// Poisson regression with the demand as offset, by Newton's steps; nullopt where it cannot tell.
std::optional<Own> FitOwn(const BidSeries& series, const ElasticityPrior& prior) {
  struct Point {
    double x, demand, count;
  };
  std::vector<Point> points;
  double counts = 0, demand = 0;
  for (const BidWeek& week : series.weeks) {
    if (!week.demand) continue;
    points.push_back({std::log(week.spend / *week.demand), *week.demand, week.value / series.unit});
    counts += points.back().count;
    demand += *week.demand;
  }
  if (static_cast<int>(points.size()) < prior.weeks_least || !(counts > 0)) return std::nullopt;
  // In the order of their numbers, so that the order of weeks does not move the last digit.
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
    return std::tie(a.x, a.demand, a.count) < std::tie(b.x, b.demand, b.count);
  });
  double center = 0;
  for (const Point& p : points) center += p.x / static_cast<double>(points.size());
  double level = std::log(counts / demand), slope = prior.mean;
  double information = 0;
  for (int step = 0; step < 100; ++step) {
    double g0 = 0, g1 = 0, h00 = 0, h01 = 0, h11 = 0;
    for (const Point& p : points) {
      const double x = p.x - center;
      const double mean = p.demand * std::exp(level + slope * x);
      g0 += p.count - mean;
      g1 += (p.count - mean) * x;
      h00 += mean;
      h01 += mean * x;
      h11 += mean * x * x;
    }
    const double det = h00 * h11 - h01 * h01;
    // Weeks of one and the same price say nothing.
    if (!(det > 1e-9 * h00 * h00)) return std::nullopt;
    const double d0 = (h11 * g0 - h01 * g1) / det, d1 = (h00 * g1 - h01 * g0) / det;
    const double shorten = std::min(1.0, 1 / std::max({std::abs(d0), std::abs(d1), 1e-300}));
    level += d0 * shorten;
    slope += d1 * shorten;
    information = det / h00;
    if (std::abs(d0) < 1e-10 && std::abs(d1) < 1e-10) break;
  }
  if (!std::isfinite(slope) || !std::isfinite(level)) return std::nullopt;
  double pearson = 0;
  for (const Point& p : points) {
    const double mean = p.demand * std::exp(level + slope * (p.x - center));
    pearson += (p.count - mean) * (p.count - mean) / mean;
  }
  const double dispersion = std::max(1.0, pearson / (static_cast<double>(points.size()) - 2));
  return Own{slope, dispersion / information + prior.own_sd_least * prior.own_sd_least,
             static_cast<int>(points.size())};
}

/// Quantiles of a normal distribution cut to where elasticities are.
std::vector<double> ElasticityGrid(const Elasticity& e) {
  std::vector<double> out;
  if (!e.told) {
    for (int i = 0; i < kGrid; ++i) {
      out.push_back(kUntoldLeast + (kMost - kUntoldLeast) * (i + 0.5) / kGrid);
    }
    return out;
  }
  const double sd = std::max(e.sd, 1e-9);
  const double low = NormalCdf((kLeast - e.mean) / sd), high = NormalCdf((kMost - e.mean) / sd);
  for (int i = 0; i < kGrid; ++i) {
    const double p = low + (high - low) * (i + 0.5) / kGrid;
    const double q = p > 0 && p < 1 ? e.mean + sd * NormalQuantile(p) : e.mean;
    out.push_back(std::clamp(q, kLeast, kMost));
  }
  return out;
}

/// Sorts and sums; the grid's points weigh alike.
BidRange RangeOf(std::vector<double> draws) {
  std::sort(draws.begin(), draws.end());
  double sum = 0;
  for (const double draw : draws) sum += draw;
  const auto at = [&](double p) {
    return draws[static_cast<std::size_t>(p * static_cast<double>(draws.size() - 1) + 0.5)];
  };
  return {sum / static_cast<double>(draws.size()), at(0.05), at(0.95)};
}

struct Draw {
  double elasticity, value;
};

struct Outcome {
  double gain = 0, value_change = 0, spend_change = 0;
};

/// One draw's world with the bid moved by `factor`.
Outcome Move(const BidCase& bid, const BidOptions& options, const Draw& draw, double factor) {
  double ratio = std::pow(factor, 1 / (1 - draw.elasticity));
  ratio = std::clamp(ratio, 1 / options.spend_ratio_max, options.spend_ratio_max);
  if (bid.spend_max > 0 && ratio > 1) {
    ratio = std::max(1.0, std::min(ratio, bid.spend_max / bid.spend));
  }
  Outcome out;
  out.spend_change = bid.spend * (ratio - 1);
  out.value_change = draw.value * (std::pow(ratio, draw.elasticity) - 1);
  out.gain = out.value_change * bid.worth - out.spend_change;
  return out;
}

/// Throttled by its budget: less a unit, the same money, until it is throttled no more.
Outcome MoveThrottled(const BidCase& bid, const Draw& draw, double factor) {
  const double delivered = 1 - bid.lost_to_budget;
  const double open = std::pow(factor, 1 / (1 - draw.elasticity));  // of its unthrottled spend
  Outcome out;
  if (open >= delivered) {
    out.value_change = draw.value * (1 / factor - 1);
  } else {
    out.spend_change = bid.spend * (open / delivered - 1);
    out.value_change = draw.value * (std::pow(open, draw.elasticity) / delivered - 1);
  }
  out.gain = out.value_change * bid.worth - out.spend_change;
  return out;
}

}  // namespace

Result<std::vector<Elasticity>> FitElasticities(std::span<const BidSeries> series,
                                                const ElasticityPrior& prior) {
  if (!(prior.sd > 0) || !(prior.between > 0) || !(prior.own_sd_least >= 0) ||
      !(prior.mean > kLeast && prior.mean < kMost) || prior.weeks_least < 3) {
    MAXOPT_CHECK(
        Wrong("the prior of elasticities: sd and between above 0, mean between 0.05 and "
              "0.98, at least 3 weeks"));
  }
  std::vector<std::optional<Own>> own;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (!(series[i].unit > 0) || !std::isfinite(series[i].unit)) {
      MAXOPT_CHECK(Wrong(fmt::format("series {}: unit must be a number above 0", i)));
    }
    for (const BidWeek& week : series[i].weeks) {
      const bool ok = week.spend > 0 && std::isfinite(week.spend) && week.value >= 0 &&
                      std::isfinite(week.value) &&
                      (!week.demand || (*week.demand > 0 && std::isfinite(*week.demand)));
      if (!ok) {
        MAXOPT_CHECK(
            Wrong(fmt::format("series {}: a week of {} for {}; spend and demand must be "
                              "above 0, value 0 or more",
                              i, week.value, week.spend)));
      }
    }
    own.push_back(FitOwn(series[i], prior));
  }
  // Variance between objects beyond what their own errors explain.
  double weights = 0, squares = 0, mean = 0, q = 0;
  int told = 0;
  std::vector<Own> known;
  for (const auto& one : own) {
    if (one) known.push_back(*one);
  }
  std::sort(known.begin(), known.end(), [](const Own& a, const Own& b) {
    return std::tie(a.estimate, a.variance) < std::tie(b.estimate, b.variance);
  });
  for (const Own& one : known) {
    weights += 1 / one.variance;
    squares += 1 / one.variance / one.variance;
    mean += one.estimate / one.variance;
    ++told;
  }
  double between = prior.between * prior.between;
  if (told > 1) {
    mean /= weights;
    for (const Own& one : known) {
      q += (one.estimate - mean) * (one.estimate - mean) / one.variance;
    }
    between = std::max(between, (q - (told - 1)) / (weights - squares / weights));
  }
  // Precision and weighted sum of the common mean, each object's own taken out again below.
  double precision = 1 / prior.sd / prior.sd, sum = prior.mean * precision;
  for (const Own& one : known) {
    precision += 1 / (one.variance + between);
    sum += one.estimate / (one.variance + between);
  }
  std::vector<Elasticity> out;
  for (std::size_t i = 0; i < own.size(); ++i) {
    Elasticity e;
    double p = precision, s = sum;
    if (own[i]) {
      p -= 1 / (own[i]->variance + between);
      s -= own[i]->estimate / (own[i]->variance + between);
    }
    const double variance = 1 / p + between;
    e.told = told > 0;
    e.mean = s / p;
    e.sd = std::sqrt(variance);
    if (own[i]) {
      const double together = 1 / (1 / variance + 1 / own[i]->variance);
      e.mean = together * (e.mean / variance + own[i]->estimate / own[i]->variance);
      e.sd = std::sqrt(together);
      e.own = own[i]->estimate;
      e.own_sd = std::sqrt(own[i]->variance);
      e.weeks = own[i]->weeks;
    }
    out.push_back(e);
  }
  return out;
}

Result<BidDecision> DecideBid(const BidCase& bid, const BidOptions& options) {
  const auto finite = [](double x) { return std::isfinite(x); };
  if (!(bid.spend > 0) || !finite(bid.spend) || !(bid.value >= 0) || !finite(bid.value) ||
      !(bid.counts >= 0) || !finite(bid.counts) || !(bid.worth > 0) || !finite(bid.worth)) {
    MAXOPT_CHECK(Wrong("spend and worth must be above 0, value and counts 0 or more"));
  }
  if (!(bid.step_max > 0 && bid.step_max < 1) || !(bid.spend_max >= 0) ||
      !(bid.lost_to_budget >= 0 && bid.lost_to_budget < 1) || !(bid.elasticity.sd >= 0) ||
      !finite(bid.elasticity.mean) || !finite(bid.elasticity.sd)) {
    MAXOPT_CHECK(
        Wrong("step_max must be in (0, 1), spend_max 0 or more, lost_to_budget in [0, 1)"));
  }
  if (!(options.confidence > 0.5 && options.confidence < 1) || !(options.spend_ratio_max > 1) ||
      !(options.step_least >= 0)) {
    MAXOPT_CHECK(Wrong("confidence must be in (0.5, 1), spend_ratio_max above 1"));
  }
  BidDecision out;
  if (bid.counts < options.counts_least) {
    out.why_not = fmt::format("too little evidence: {:.0f} conversions, {:.0f} are needed",
                              bid.counts, options.counts_least);
    return out;
  }
  // The value's own luck: a Gamma around it, of as many counts as it rests on.
  std::vector<Draw> draws;
  const std::vector<double> elasticities = ElasticityGrid(bid.elasticity);
  for (int i = 0; i < kGrid; ++i) {
    const double p = (i + 0.5) / kGrid;
    const double value = bid.value * boost::math::gamma_p_inv(bid.counts, p) / bid.counts;
    for (const double e : elasticities) draws.push_back({e, value});
  }
  std::vector<double> margins;
  double above = 0;
  for (const Draw& draw : draws) {
    margins.push_back(draw.elasticity * draw.value * bid.worth / bid.spend);
    above += margins.back() > 1 ? 1.0 / static_cast<double>(draws.size()) : 0;
  }
  out.margin = RangeOf(margins);
  std::sort(margins.begin(), margins.end());
  const double median = margins[margins.size() / 2];

  const bool throttled = bid.lost_to_budget >= options.lost_least;
  // What has to be told of `factor` over all draws.
  const auto judge = [&](double factor, bool at_budget) {
    std::vector<double> gains, values;
    double spend = 0;
    for (const Draw& draw : draws) {
      const Outcome one =
          at_budget ? MoveThrottled(bid, draw, factor) : Move(bid, options, draw, factor);
      gains.push_back(one.gain);
      values.push_back(one.value_change);
      spend += one.spend_change / static_cast<double>(draws.size());
    }
    out.gain = RangeOf(std::move(gains));
    out.value_change = RangeOf(std::move(values));
    out.spend_change = spend;
    out.factor = factor;
  };
  const auto settle = [&](BidVerdict verdict, double wanted, bool at_budget) {
    // The whole way, half of it, a quarter: as far as it is a gain almost surely.
    for (const double part : {1.0, 0.5, 0.25}) {
      const double factor = 1 + part * (wanted - 1);
      if (std::abs(factor - 1) < options.step_least) break;
      judge(factor, at_budget);
      // A mean below its own interval: rarer than 1 in 20, and so much worse that it counts.
      const bool hidden =
          out.gain.mean < out.gain.low90 || out.value_change.mean < out.value_change.low90;
      if (out.gain.low90 > 0 && !hidden) {
        out.verdict = verdict;
        return true;
      }
    }
    out.gain = out.value_change = {};
    out.spend_change = 0;
    out.factor = 1;
    return false;
  };

  if (1 - above >= options.confidence) {
    const double wanted = std::clamp(median, 1 - bid.step_max, 1.0);
    if (settle(BidVerdict::kTighten, wanted, false)) return out;
    out.why_not = "a lower bid is not certain to be a gain";
    return out;
  }
  if (throttled) {
    // The least that any likely elasticity asks for.
    std::vector<double> down;
    for (const double e : elasticities) down.push_back(std::pow(1 - bid.lost_to_budget, 1 - e));
    const double wanted = std::clamp(RangeOf(std::move(down)).high90, 1 - bid.step_max, 1.0);
    if (settle(BidVerdict::kTightenToBudget, wanted, true)) return out;
    out.why_not = fmt::format("its budget stops it, and how far its bid may fall is not certain");
    return out;
  }
  if (above >= options.confidence) {
    if (!bid.can_grow) {
      out.why_not = "a further unit of spend is worth it, but there is no more to be had";
      return out;
    }
    const double wanted = std::clamp(median, 1.0, 1 + bid.step_max);
    if (settle(BidVerdict::kLoosen, wanted, false)) return out;
    out.why_not = "a higher bid is not certain to be a gain";
    return out;
  }
  out.why_not = fmt::format(
      "the data cannot tell whether a further unit of spend is worth it: it brings {:.2f} of its "
      "money (90 %: {:.2f} to {:.2f})",
      out.margin.mean, out.margin.low90, out.margin.high90);
  return out;
}

}  // namespace maxopt
