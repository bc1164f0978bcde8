#include "measure/significance/beta_pair.h"

#include <algorithm>
#include <array>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <vector>

namespace maxopt::significance {
namespace {

constexpr std::size_t kNodes = 16;

/// Gauss-Legendre on [-1, 1] and, beside it, the matrix that takes the values at the nodes to the
/// integrals from -1 to each node.
struct Rule {
  std::array<double, kNodes> x{}, w{};
  std::array<std::array<double, kNodes>, kNodes> upto{};
};

/// P_0 .. P_count at t.
std::array<double, kNodes + 2> Legendre(double t) {
  std::array<double, kNodes + 2> p{1, t};
  for (std::size_t k = 1; k + 1 < p.size(); ++k) {
    const auto n = static_cast<double>(k);
    p[k + 1] = ((2 * n + 1) * t * p[k] - n * p[k - 1]) / (n + 1);
  }
  return p;
}

Rule MakeRule() {
  Rule rule;
  constexpr auto n = static_cast<double>(kNodes);
  for (std::size_t i = 0; i < kNodes; ++i) {
    double t = -std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (n + 0.5));
    double slope = 1;
    for (int step = 0; step < 20; ++step) {
      const auto p = Legendre(t);
      slope = n * (t * p[kNodes] - p[kNodes - 1]) / (t * t - 1);
      t -= p[kNodes] / slope;
    }
    rule.x[i] = t;
    rule.w[i] = 2 / ((1 - t * t) * slope * slope);
  }
  for (std::size_t i = 0; i < kNodes; ++i) {
    const auto at_i = Legendre(rule.x[i]);
    for (std::size_t j = 0; j < kNodes; ++j) {
      const auto at_j = Legendre(rule.x[j]);
      double sum = (rule.x[i] + 1) / 2;
      for (std::size_t k = 1; k < kNodes; ++k) sum += at_j[k] * (at_i[k + 1] - at_i[k - 1]) / 2;
      rule.upto[i][j] = rule.w[j] * sum;
    }
  }
  return rule;
}

const Rule& TheRule() {
  static const Rule rule = MakeRule();
  return rule;
}

/// ln Gamma(x) less Stirling's formula.
double StirlingError(double x) {
  if (x < 15) {
    return boost::math::lgamma(x) -
           ((x - 0.5) * std::log(x) - x + 0.5 * std::log(2 * std::numbers::pi));
  }
  const double y = 1 / (x * x);
  return (1.0 / 12 -
          y * (1.0 / 360 -
               y * (1.0 / 1260 - y * (1.0 / 1680 - y * (1.0 / 1188 - y * 691 / 360360))))) /
         x;
}

/// A Beta variable in u = logit(p) - ln(a/b).
class LogitBeta {
 public:
  explicit LogitBeta(BetaShape shape)
      : a_(shape.a), b_(shape.b), n_(a_ + b_), p_(a_ / n_), q_(b_ / n_) {
    // Cumulants of a Bernoulli: k2 = pq, k[m+1] = pq dk[m]/dp; here as polynomials in v = pq and
    // d = 1 - 2p.
    const double v = p_ * q_;
    const double d = q_ - p_;
    series_ = {v / 2,
               v * d / 6,
               v * (1 - 6 * v) / 24,
               v * d * (1 - 12 * v) / 120,
               v * (1 - 30 * v + 120 * v * v) / 720,
               v * d * (1 - 60 * v + 360 * v * v) / 5040};
    log_peak_ =
        0.5 * (std::log(a_) + std::log(b_) - std::log(n_) - std::log(2 * std::numbers::pi)) -
        StirlingError(a_) - StirlingError(b_) + StirlingError(n_);
  }
  double LogDensity(double u) const { return log_peak_ - Drop(u); }
  double Density(double u) const { return std::exp(LogDensity(u)); }
  double centre() const { return std::log(a_) - std::log(b_); }
  /// p (1 - p) at u.
  double Spread(double u) const {
    const double e = std::exp(-std::abs(u));
    const double down = u >= 0 ? p_ + q_ * e : p_ * e + q_;
    return p_ * q_ * e / (down * down);
  }
  /// ln p at u.
  double LogP(double u) const {
    return u > 30 ? -std::log1p(q_ / p_ * std::exp(-u))
                  : std::log(p_) + u - std::log1p(p_ * std::expm1(u));
  }

  /// Edges of panels over the range in which the log density is at most `drop` below the peak.
  std::vector<double> Edges(double drop) const {
    std::vector<double> edges{0};
    for (const double side : {-1.0, 1.0}) {
      double u = 0;
      while (Drop(u) < drop) {
        const double curvature = n_ * Spread(u);
        const double slope = std::abs(a_ - n_ * std::exp(LogP(u)));
        double step = 1.5 / std::sqrt(curvature);
        if (slope > 0) step = std::min(step, 8 / slope);
        // The density turns from one slope to the other within a few units of x = 0, which the
        // local curvature does not foretell.
        if (std::abs(u + centre()) < 12 + step) step = std::min(step, 4.0);
        u += side * step;
        edges.push_back(u);
      }
    }
    std::sort(edges.begin(), edges.end());
    return edges;
  }

  /// n K(u): how far the log density lies below its peak. Convex.
  double Drop(double u) const {
    if (std::abs(u) < 0.02) {
      const auto& s = series_;
      return n_ * u * u * (s[0] + u * (s[1] + u * (s[2] + u * (s[3] + u * (s[4] + u * s[5])))));
    }
    // K(u; p) = K(-u; q): with the smaller of the two nothing cancels.
    const double small = std::min(p_, q_);
    const double w = p_ <= q_ ? u : -u;
    return w > 30 ? n_ * (w * (1 - small) + std::log(small + (1 - small) * std::exp(-w)))
                  : n_ * (std::log1p(small * std::expm1(w)) - small * w);
  }

 private:
  double a_, b_, n_, p_, q_;
  std::array<double, 6> series_{};
  double log_peak_ = 0;
};

/// centre(b) - centre(a), without the rounding of two logarithms.
long double Distance(BetaShape a, BetaShape b) {
  const long double up = static_cast<long double>(b.a) * a.b;
  const long double down = static_cast<long double>(b.b) * a.a;
  return std::abs(up - down) < 0.5L * down ? std::log1p((up - down) / down)
                                           : std::log(up) - std::log(down);
}

long double Mean(BetaShape s) {
  return static_cast<long double>(s.a) / (static_cast<long double>(s.a) + s.b);
}

struct Upset {
  double probability;  ///< P(low > up)
  double loss;         ///< E max(low - up, 0)
};

/// `distance` = centre of up - centre of low, >= 0.
Upset IntegrateUpset(BetaShape low_shape, BetaShape up_shape, long double distance) {
  const LogitBeta low(low_shape);
  const LogitBeta up(up_shape);
  const auto d = static_cast<double>(distance);
  // The sum of two convex drops: its least value, between the centres, is where the integrand is
  // largest. exp(-46) = 1e-20 beside that.
  double left = 0;
  double right = d;
  for (int step = 0; step < 80; ++step) {
    const double third = (right - left) / 3;
    const auto both = [&](double u) { return low.Drop(u) + up.Drop(u - d); };
    if (both(left + third) < both(right - third)) {
      right -= third;
    } else {
      left += third;
    }
  }
  const double drop = std::min(46 + low.Drop(left) + up.Drop(left - d), 1500.0);
  // Edges in the coordinate of `low`; those of `up` are moved by the distance.
  std::vector<long double> edges;
  const auto low_edges = low.Edges(drop);
  const auto up_edges = up.Edges(drop);
  const long double from = up_edges.front() + distance;
  const long double to = low_edges.back();
  if (!(from < to)) return {0, 0};
  for (const double u : low_edges) edges.push_back(u);
  for (const double u : up_edges) edges.push_back(u + distance);
  std::erase_if(edges, [&](long double u) { return u < from || u > to; });
  edges.push_back(from);
  edges.push_back(to);
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());

  const Rule& rule = TheRule();
  struct Panel {
    double half;
    std::array<double, kNodes> f_low, below_up, above_low, spread;
  };
  std::vector<Panel> panels(edges.size() - 1);
  double below = 0;  // F_up at the left edge
  for (std::size_t k = 0; k < panels.size(); ++k) {
    Panel& panel = panels[k];
    const long double half = (edges[k + 1] - edges[k]) / 2;
    const long double middle = (edges[k + 1] + edges[k]) / 2;
    panel.half = static_cast<double>(half);
    std::array<double, kNodes> f_up;
    for (std::size_t i = 0; i < kNodes; ++i) {
      const long double u = middle + half * static_cast<long double>(rule.x[i]);
      panel.f_low[i] = low.Density(static_cast<double>(u));
      panel.spread[i] = low.Spread(static_cast<double>(u));
      f_up[i] = up.Density(static_cast<double>(u - distance));
    }
    double whole = 0;
    for (std::size_t i = 0; i < kNodes; ++i) {
      double part = 0;
      for (std::size_t j = 0; j < kNodes; ++j) part += rule.upto[i][j] * f_up[j];
      panel.below_up[i] = below + panel.half * std::max(part, 0.0);
      whole += rule.w[i] * f_up[i];
    }
    below += panel.half * whole;
  }
  Upset sum{0, 0};
  double above = 0;  // S_low at the right edge
  for (std::size_t k = panels.size(); k-- > 0;) {
    Panel& panel = panels[k];
    double whole = 0;
    for (std::size_t i = 0; i < kNodes; ++i) whole += rule.w[i] * panel.f_low[i];
    for (std::size_t i = 0; i < kNodes; ++i) {
      double part = 0;
      // The nodes are symmetric, so the integral from a node to 1 is the mirrored one.
      for (std::size_t j = 0; j < kNodes; ++j) {
        part += rule.upto[kNodes - 1 - i][kNodes - 1 - j] * panel.f_low[j];
      }
      panel.above_low[i] = above + panel.half * std::max(part, 0.0);
      sum.probability += panel.half * rule.w[i] * panel.f_low[i] * panel.below_up[i];
      sum.loss += panel.half * rule.w[i] * panel.above_low[i] * panel.below_up[i] * panel.spread[i];
    }
    above += panel.half * whole;
  }
  return sum;
}

/// Distribution function of a Beta in u, from a table of its panels.
class Cumulative {
 public:
  explicit Cumulative(const LogitBeta& beta) : beta_(beta), edges_(beta.Edges(46)) {
    const Rule& rule = TheRule();
    sums_.push_back(0);
    for (std::size_t k = 0; k + 1 < edges_.size(); ++k) {
      const double half = (edges_[k + 1] - edges_[k]) / 2;
      double whole = 0;
      for (std::size_t i = 0; i < kNodes; ++i) {
        whole += rule.w[i] * beta.Density(edges_[k] + half * (1 + rule.x[i]));
      }
      sums_.push_back(sums_.back() + half * whole);
    }
  }
  const std::vector<double>& edges() const { return edges_; }
  double At(double u) const {
    if (!(u > edges_.front())) return 0;
    if (u >= edges_.back()) return sums_.back();
    const auto next = std::upper_bound(edges_.begin(), edges_.end(), u);
    const auto k = static_cast<std::size_t>(next - edges_.begin()) - 1;
    const Rule& rule = TheRule();
    const double half = (u - edges_[k]) / 2;
    double part = 0;
    for (std::size_t i = 0; i < kNodes; ++i) {
      part += rule.w[i] * beta_.Density(edges_[k] + half * (1 + rule.x[i]));
    }
    return sums_[k] + half * part;
  }

 private:
  const LogitBeta& beta_;
  std::vector<double> edges_, sums_;
};

}  // namespace

BetaComparison CompareBetas(BetaShape a, BetaShape b) {
  const long double distance = Distance(a, b);
  const long double difference = Mean(b) - Mean(a);
  if (distance >= 0) {  // b has the larger centre: P(a > b) is the upset
    const Upset upset = IntegrateUpset(a, b, distance);
    return {1 - upset.probability, static_cast<double>(upset.loss + difference), upset.loss};
  }
  const Upset upset = IntegrateUpset(b, a, -distance);
  return {upset.probability, upset.loss, static_cast<double>(upset.loss - difference)};
}

double RatioLogQuantile(BetaShape a, BetaShape b, double q) {
  const LogitBeta beta_a(a);
  const LogitBeta beta_b(b);
  const Cumulative below_b(beta_b);
  const auto edges = beta_a.Edges(46);
  const Rule& rule = TheRule();
  const double log_distance = static_cast<double>(std::log(Mean(b)) - std::log(Mean(a)));
  const double move = static_cast<double>(Distance(a, b));
  // P(b/a <= exp(log_r)) - q
  const auto excess = [&](double log_r) {
    // Panels end where those of b do, and where r p(a) reaches 1: there its distribution function
    // has a kink.
    std::vector<double> cuts = edges;
    const auto cut = [&](double u) {
      if (u > edges.front() && u < edges.back()) cuts.push_back(u);
    };
    for (const double u : below_b.edges()) {
      const double log_p = beta_b.LogP(u) - log_r;
      if (log_p < 0) cut(log_p - std::log(-std::expm1(log_p)) - beta_a.centre());
    }
    if (log_r > 0) cut(-std::log(std::expm1(log_r)) - beta_a.centre());
    std::sort(cuts.begin(), cuts.end());
    // With rest = (1 - r p)/(1 - p), logit(r p) = logit(p) + log_r - ln(rest), whose slope is
    // 1/rest; so the distribution function of b is summed along the same nodes.
    const auto rest_at = [&](double u) {
      return 1 - std::exp(u + beta_a.centre()) * std::expm1(log_r);
    };
    const auto in_b = [&](double u, double rest) { return u - move + log_r - std::log(rest); };
    double sum = 0;
    const double first_rest = rest_at(cuts.front());
    double below = first_rest > 0 ? below_b.At(in_b(cuts.front(), first_rest)) : 1;
    for (std::size_t k = 0; k + 1 < cuts.size(); ++k) {
      const double half = (cuts[k + 1] - cuts[k]) / 2;
      std::array<double, kNodes> f_a, f_b;
      for (std::size_t i = 0; i < kNodes; ++i) {
        const double u = cuts[k] + half * (1 + rule.x[i]);
        const double rest = rest_at(u);
        f_a[i] = beta_a.Density(u);
        f_b[i] = rest > 0 ? beta_b.Density(in_b(u, rest)) / rest : 0;
      }
      double whole = 0;
      for (std::size_t i = 0; i < kNodes; ++i) {
        double part = 0;
        for (std::size_t j = 0; j < kNodes; ++j) part += rule.upto[i][j] * f_b[j];
        sum += half * rule.w[i] * f_a[i] * (below + half * part);
        whole += rule.w[i] * f_b[i];
      }
      below += half * whole;
    }
    return sum - q;
  };
  const auto variance = [](BetaShape s) { return s.b / s.a / (s.a + s.b + 1); };  // of ln p
  const double sd = std::sqrt(variance(a) + variance(b));
  double low = log_distance - 2 * sd;
  double high = log_distance + 2 * sd;
  while (excess(low) > 0) low -= 2 * sd;
  while (excess(high) < 0) high += 2 * sd;
  std::uintmax_t steps = 200;
  const auto found = boost::math::tools::toms748_solve(
      excess, low, high, boost::math::tools::eps_tolerance<double>(50), steps);
  return (found.first + found.second) / 2;
}

}  // namespace maxopt::significance
