#include "measure/pooling/pooling.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <vector>

namespace maxopt {
namespace {

/// Half the width of a central interval, in standard errors.
double Reach(double level, double df) {
  const double upper = 0.5 + level / 2;
  if (df <= 0) return boost::math::quantile(boost::math::normal_distribution<>(), upper);
  return boost::math::quantile(boost::math::students_t_distribution<>(df), upper);
}

Result<> Check(std::span<const PooledStudy> studies, const PoolOptions& options) {
  const auto bad = [](std::string what) { return Fail(Errc::kInvalidArgument, std::move(what)); };
  if (studies.empty()) return bad("nothing to pool: there is no measurement");
  if (!(options.level > 0 && options.level < 1)) {
    return bad(fmt::format("an interval's level is between 0 and 1, not {}", options.level));
  }
  if (!(options.tau2_least >= 0) || !std::isfinite(options.tau2_least)) {
    return bad("the least variance between places is a number of at least 0");
  }
  for (std::size_t i = 0; i < studies.size(); ++i) {
    const PooledStudy& study = studies[i];
    if (!std::isfinite(study.effect)) {
      return bad(fmt::format("measurement {}: its effect is no finite number", i + 1));
    }
    if (!std::isfinite(study.variance) || study.variance <= 0) {
      return bad(
          fmt::format("measurement {}: a variance of {} is not above 0", i + 1, study.variance));
    }
    if (!(study.similarity > 0 && study.similarity <= 1)) {
      return bad(fmt::format("measurement {}: a similarity of {} is not in (0, 1]", i + 1,
                             study.similarity));
    }
  }
  return {};
}

}  // namespace

Result<Pooled> PoolRandomEffects(std::span<const PooledStudy> given, const PoolOptions& options) {
  if (const auto checked = Check(given, options); !checked) return Fail(checked.error());
  // Sums of doubles hang on their order, and the answer must not hang on that of the studies.
  std::vector<PooledStudy> studies(given.begin(), given.end());
  std::sort(studies.begin(), studies.end(), [](const PooledStudy& a, const PooledStudy& b) {
    if (a.effect != b.effect) return a.effect < b.effect;
    if (a.variance != b.variance) return a.variance < b.variance;
    return a.similarity < b.similarity;
  });
  Pooled out;
  double a = 0, a2 = 0, av = 0, a2v = 0, ay = 0, s = 0, s2 = 0;
  for (const PooledStudy& study : studies) {
    const double weight = study.similarity / study.variance;
    a += weight, a2 += weight * weight;
    av += study.similarity, a2v += weight * study.similarity;
    ay += weight * study.effect;
    s += study.similarity, s2 += study.similarity * study.similarity;
  }
  const double fixed = ay / a;
  for (const PooledStudy& study : studies) {
    out.q += study.similarity / study.variance * std::pow(study.effect - fixed, 2);
  }
  const double expected = av - a2v / a;
  const double scale = a - a2 / a;
  if (studies.size() > 1 && scale > 0) {
    out.tau2 = std::max(0.0, (out.q - expected) / scale);
    if (out.q > 0) out.i2 = std::max(0.0, (out.q - expected) / out.q);
  }
  out.tau2 = std::max(out.tau2, options.tau2_least);

  double w = 0, wy = 0;
  for (const PooledStudy& study : studies) {
    const double weight = study.similarity / (study.variance + out.tau2);
    w += weight;
    wy += weight * study.effect;
  }
  out.mean = wy / w;
  const double plain = 1 / w;
  double variance = plain;
  out.df = studies.size() > 1 ? s * s / s2 - 1 : 0;
  if (out.df > 0) {
    double spread = 0;
    for (const PooledStudy& study : studies) {
      spread +=
          study.similarity / (study.variance + out.tau2) * std::pow(study.effect - out.mean, 2);
    }
    variance = spread / (out.df * w);
    if (options.never_narrower) variance = std::max(variance, plain);
  }
  out.se = std::sqrt(variance);
  const double reach = Reach(options.level, out.df);
  out.low = out.mean - reach * out.se;
  out.high = out.mean + reach * out.se;
  out.next_sd = std::sqrt(out.tau2 + variance);
  const double next = Reach(options.level, out.df > 0 ? std::max(1.0, out.df - 1) : 0);
  out.next_low = out.mean - next * out.next_sd;
  out.next_high = out.mean + next * out.next_sd;
  return out;
}

Result<Opinion> Combine(const Opinion& a, const Opinion& b) {
  for (const Opinion& one : {a, b}) {
    if (!std::isfinite(one.mean) || !std::isfinite(one.sd) || one.sd <= 0) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("an opinion of {} with a standard deviation of {} cannot be weighed",
                              one.mean, one.sd));
    }
  }
  const double wa = 1 / (a.sd * a.sd), wb = 1 / (b.sd * b.sd);
  return Opinion{(a.mean * wa + b.mean * wb) / (wa + wb), 1 / std::sqrt(wa + wb)};
}

}  // namespace maxopt
