#include "measure/segments/segments.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "measure/segments/spread.h"

namespace maxopt {
namespace {

struct Sums {
  double exposure = 0, count = 0;  ///< denominator and numerator in units
};

/// Mean and shape of a Gamma; an infinite shape is a rate that is known.
struct Rate {
  double mean = 0, shape = 0;
};

/// Prior and data.
Rate Updated(const Rate& prior, const Sums& data) {
  if (std::isinf(prior.shape)) return prior;
  const double shape = prior.shape + data.count;
  return {shape / (prior.shape / prior.mean + data.exposure), shape};
}

double Quantile(const Rate& rate, double q) {
  if (std::isinf(rate.shape) || rate.shape > 1e12) return rate.mean;
  return boost::math::gamma_p_inv(rate.shape, q) * rate.mean / rate.shape;
}

double ChanceAbove(const Rate& rate, double reference) {
  if (std::isinf(rate.shape) || rate.shape > 1e12) {
    return rate.mean > reference ? 1 : rate.mean < reference ? 0 : 0.5;
  }
  return boost::math::gamma_q(rate.shape, rate.shape / rate.mean * reference);
}

/// Twice the smaller tail of the exact test, at most 1; counts need not be whole.
double AgainstRest(const Sums& own, const Sums& rest) {
  const double share = own.exposure / (own.exposure + rest.exposure);
  const double at_least =
      own.count > 0 ? boost::math::ibeta(own.count, rest.count + 1, share) : 1.0;
  const double at_most =
      rest.count > 0 ? boost::math::ibetac(own.count + 1, rest.count, share) : 1.0;
  return std::min(1.0, 2 * std::min(at_least, at_most));
}
double AgainstRate(const Sums& own, double rate) {
  const double expected = own.exposure * rate;
  const double at_least = own.count > 0 ? boost::math::gamma_p(own.count, expected) : 1.0;
  const double at_most = boost::math::gamma_q(own.count + 1, expected);
  return std::min(1.0, 2 * std::min(at_least, at_most));
}

struct Node {
  Sums sums;
  Rate rate;
};

Result<> Check(std::span<const SegmentRow> rows, const SegmentOptions& o) {
  const auto wrong = [](std::string what) { return Fail(Errc::kInvalidArgument, std::move(what)); };
  if (o.cuts.empty()) return wrong("cuts is empty; nothing says how to cut the rows");
  const std::size_t width = rows.empty() ? 0 : rows.front().keys.size();
  for (const auto& cut : o.cuts) {
    if (cut.empty()) return wrong("a cut without dimensions");
    for (const std::size_t dimension : cut) {
      if (!rows.empty() && dimension >= width) {
        return wrong(fmt::format("dimension {} of a cut; the rows have {}", dimension, width));
      }
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const SegmentRow& r = rows[i];
    if (r.keys.size() != width) {
      return wrong(fmt::format("row {} has {} keys, row 0 has {}", i, r.keys.size(), width));
    }
    if (!(r.denominator >= 0) || !(r.numerator >= 0) || !std::isfinite(r.denominator) ||
        !std::isfinite(r.numerator)) {
      return wrong(fmt::format("row {}: {} over {}; both must be numbers, 0 or more", i,
                               r.numerator, r.denominator));
    }
  }
  if (!(o.unit > 0) || !std::isfinite(o.unit)) return wrong("unit must be a number above 0");
  if (!std::isfinite(o.value)) return wrong("value must be a number");
  if (o.target && (!(*o.target > 0) || !std::isfinite(*o.target))) {
    return wrong("target must be a number above 0");
  }
  if (!(o.least_expected >= 0)) return wrong("least_expected must be 0 or more");
  if (!(o.false_discoveries > 0 && o.false_discoveries < 1)) {
    return wrong("false_discoveries must be between 0 and 1");
  }
  return {};
}

/// All segments of one cut, judged one by one.
void Judge(std::span<const SegmentRow> rows, std::size_t cut, const SegmentOptions& options,
           std::vector<Segment>& out) {
  using Path = std::vector<std::string>;
  const auto& dimensions = options.cuts[cut];
  std::vector<std::map<Path, Node>> levels(dimensions.size() + 1);
  // Rows are summed in the order of their numbers, so that theirs does not move the last digit.
  std::map<Path, std::vector<std::pair<double, double>>> leaves;
  for (const SegmentRow& row : rows) {
    Path path;
    for (const std::size_t d : dimensions) path.push_back(row.keys[d]);
    leaves[path].emplace_back(row.denominator, row.numerator / options.unit);
  }
  for (auto& [path, parts] : leaves) {
    std::sort(parts.begin(), parts.end());
    Sums sums;
    for (const auto& [exposure, count] : parts) {
      sums.exposure += exposure;
      sums.count += count;
    }
    Path prefix;
    for (std::size_t level = 0; level < levels.size(); ++level) {
      Sums& node = levels[level][prefix].sums;
      node.exposure += sums.exposure;
      node.count += sums.count;
      if (level < path.size()) prefix.push_back(path[level]);
    }
  }
  if (levels[0].empty()) return;
  Node& root = levels[0].begin()->second;
  if (!(root.sums.exposure > 0) || !(root.sums.count > 0)) return;
  root.rate = {root.sums.count / root.sums.exposure, std::numeric_limits<double>::infinity()};

  for (std::size_t level = 1; level < levels.size(); ++level) {
    struct Child {
      const Path* path;
      Node* node;
      Sums rest;      ///< the parent's other children
      double around;  ///< rate expected of it
    };
    std::vector<Child> children;
    std::vector<std::pair<double, double>> strays;
    for (auto& [path, node] : levels[level]) {
      const Node& parent = levels[level - 1].at(Path(path.begin(), path.end() - 1));
      Child child{&path, &node, parent.sums, parent.rate.mean};
      child.rest.exposure -= node.sums.exposure;
      child.rest.count -= node.sums.count;
      // Differences of sums may leave a rounding error where nothing is left.
      if (!(child.rest.exposure > 1e-12 * parent.sums.exposure)) child.rest = {};
      child.rest.count = std::max(child.rest.count, 0.0);
      if (child.rest.exposure > 0) {
        // The parent's own posterior is worth a count of one here, so that a rest without
        // conversions does not say that there can be none.
        child.around = (child.rest.count + 1) / (child.rest.exposure + 1 / parent.rate.mean);
        strays.emplace_back(node.sums.count, node.sums.exposure * child.around);
      }
      children.push_back(child);
    }
    const double variance = RelativeVariance(strays, 3);
    for (const Child& child : children) {
      const Sums& own = child.node->sums;
      const bool only = !(child.rest.exposure > 0);
      // Known from its siblings no better than they are known themselves.
      const double uncertain =
          only ? 0 : variance + (variance > 0 ? 1 / (child.rest.count + 1) : 0);
      child.node->rate = uncertain > 0
                             ? Updated({child.around, 1 / uncertain}, own)
                             : Rate{child.around, std::numeric_limits<double>::infinity()};
      if (only)
        child.node->rate =
            levels[level - 1].at(Path(child.path->begin(), child.path->end() - 1)).rate;
      const Rate& rate = child.node->rate;
      Segment s;
      s.cut = cut;
      s.path = *child.path;
      s.denominator = own.exposure;
      s.numerator = own.count * options.unit;
      const double unit = options.unit;
      s.rate_raw = own.exposure > 0 ? s.numerator / own.exposure : 0;
      s.rate = rate.mean * unit;
      s.low = Quantile(rate, 0.05) * unit;
      s.high = Quantile(rate, 0.95) * unit;
      const double reference = options.target ? *options.target / unit : child.around;
      s.reference = reference * unit;
      s.prob_above = ChanceAbove(rate, reference);
      const double worth = own.exposure * options.value;
      s.stake = (s.rate - s.reference) * worth;
      s.stake_low = (s.low - s.reference) * worth;
      s.stake_high = (s.high - s.reference) * worth;
      if (only && !options.target) {
        s.verdict = SegmentVerdict::kOnlyChild;
      } else if (own.exposure * reference < options.least_expected) {
        s.verdict = SegmentVerdict::kTooLittle;
      } else {
        s.p_value = options.target ? AgainstRate(own, reference) : AgainstRest(own, child.rest);
      }
      out.push_back(std::move(s));
    }
  }
}

}  // namespace

Result<std::vector<Segment>> FindSegments(std::span<const SegmentRow> rows,
                                          const SegmentOptions& options) {
  MAXOPT_CHECK(Check(rows, options));
  std::vector<Segment> all;
  for (std::size_t cut = 0; cut < options.cuts.size(); ++cut) Judge(rows, cut, options, all);

  std::vector<Segment*> tested;
  for (Segment& s : all) {
    if (s.verdict == SegmentVerdict::kNotTold) tested.push_back(&s);
  }
  std::stable_sort(tested.begin(), tested.end(),
                   [](const Segment* a, const Segment* b) { return a->p_value < b->p_value; });
  const auto m = static_cast<double>(tested.size());
  double least = 1;
  for (std::size_t k = tested.size(); k-- > 0;) {
    least = std::min(least, tested[k]->p_value * m / static_cast<double>(k + 1));
    tested[k]->p_adjusted = least;
  }
  const auto wrong_sign = [](const Segment* s) {
    return std::min(s->prob_above, 1 - s->prob_above);
  };
  std::erase_if(tested,
                [&](const Segment* s) { return s->p_adjusted > options.false_discoveries; });
  std::stable_sort(tested.begin(), tested.end(), [&](const Segment* a, const Segment* b) {
    return wrong_sign(a) < wrong_sign(b);
  });
  double sum = 0;
  for (std::size_t k = 0; k < tested.size(); ++k) {
    sum += wrong_sign(tested[k]);
    if (sum > options.false_discoveries * static_cast<double>(k + 1)) break;
    tested[k]->verdict =
        tested[k]->prob_above > 0.5 ? SegmentVerdict::kAbove : SegmentVerdict::kBelow;
  }
  const auto found = [](const Segment& s) {
    return s.verdict == SegmentVerdict::kAbove || s.verdict == SegmentVerdict::kBelow;
  };
  std::stable_sort(all.begin(), all.end(), [&](const Segment& a, const Segment& b) {
    if (found(a) != found(b)) return found(a);
    return std::abs(a.stake) > std::abs(b.stake);
  });
  return all;
}

}  // namespace maxopt
