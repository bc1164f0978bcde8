#include "measure/response/response.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "measure/response/baseline.h"
#include "measure/response/candidates.h"
#include "measure/response/random.h"

namespace maxopt {
namespace response {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Priors of this product, wide on purpose and none fitted to public data; docs/response.md says
// where each comes from.
/// Part of revenue that media bring: Beta(2, 3), 10 % to 75 % in nine of ten, which holds what
/// published media mix models find for shops of every kind.
constexpr double kShareA = 2;
constexpr double kShareB = 3;
constexpr double kShareOfRevenue = 0.3;  ///< where returns are put before they are looked at
constexpr double kLevelSd = 1.5;         ///< of the logarithm of that level, common to all channels
constexpr double kClaimSlope = 0.4;      ///< log true return by log claimed return
constexpr double kClaimSlopeSd = 0.25;
constexpr double kSpread = 0.8;        ///< of the log returns of channels around that line
constexpr double kHarvestShift = 1.8;  ///< how much lower the harvesting mode lies, in logs
constexpr double kHarvestSd = 1;
constexpr double kHarvestShare = 0.15;       ///< of channels, a priori
constexpr double kHarvestShareNamed = 0.75;  ///< of those known to harvest
/// Who gets money on the days of high demand sits where demand already is: as likely a harvester as
/// not.
constexpr double kHarvestShareFollower = 0.5;
constexpr double kElasticityTolerance = 0.25;  ///< true against claimed elasticity
/// Weight of the likelihood: below 1 because the world is none of the candidates, so that the same
/// data say less than they would if one of them were true.
constexpr double kTrust = 0.4;
/// What people who plan budgets know of coming demand: revenue that goes with spend without coming
/// of it, in mean revenue for spend that doubles.
constexpr double kForesight = 0.01;
constexpr double kForesightHarvest = 0.04;
constexpr double kForesightFollower = 1;
/// Platforms claim too much far more often than too little.
constexpr double kClaimsShort = 1.2;  ///< true over claimed, from where it is unlikely
constexpr double kClaimsShortSd = 1.2;
constexpr double kNamed = 0.6;  ///< spread of the posterior over the prior's, below it: identified
constexpr Index kRankMax = 10;
constexpr int kLattice = 8;

struct Claims {
  double log_return = 0;   ///< log of claimed marginal revenue over spend
  double log_average = 0;  ///< log of claimed revenue over spend
  bool known = false;
  double elasticity = 0;  ///< of claims in spend
  double elasticity_se = 0;
};

/// Everything that the sampler needs of one channel.
struct Unit {
  std::size_t index;  ///< in the data
  double reference = 0, highest = 0;
  Claims claims;
  double prior_share = kHarvestShare;
  // By candidate (kernel-major):
  MatrixXd coordinates;     ///< rank x candidates, in the channel's own basis
  VectorXd squares;         ///< <x, x>
  VectorXd log_size;        ///< half the logarithm of it
  VectorXd log_prior;       ///< of the candidate
  VectorXd lift_b, lift_q;  ///< of experiments, quadratic in the return
  VectorXd share;           ///< of all revenue, per unit of the return
  VectorXd roas, marginal;  ///< in the window, per unit of the return
  // State:
  Index candidate = 0;
  double log_return = 0;
  bool harvests = false;
  VectorXd theta() const { return std::exp(log_return) * coordinates.col(candidate); }
};

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// How claims go with spend from week to week, demand being held still by the client's revenue.
Claims ReadClaims(const ResponseData::Channel& channel, const ResponseData& data,
                  int immature_days) {
  Claims out;
  if (channel.claimed.empty()) return out;
  const std::size_t immature =
      static_cast<std::size_t>((immature_days + data.period_days - 1) / data.period_days);
  const std::size_t size = data.revenue.size();
  // A short history keeps at least its first half.
  const std::size_t mature = std::max(size - std::min(size, immature), size / 2);
  const std::size_t block = data.period_days == 1 ? 7 : 1;
  std::vector<double> p, s, y, at;
  double claimed = 0, spent = 0;
  for (std::size_t t = 0; t + block <= mature; t += block) {
    double pw = 0, sw = 0, yw = 0;
    for (std::size_t i = t; i < t + block; ++i) {
      pw += channel.claimed[i], sw += channel.spend[i], yw += data.revenue[i];
    }
    if (!std::isfinite(pw)) continue;
    claimed += pw, spent += sw;
    if (pw > 0 && sw > 0 && yw > 0) {
      p.push_back(std::log(pw)), s.push_back(std::log(sw)), y.push_back(std::log(yw));
      at.push_back(static_cast<double>(t));
    }
  }
  if (!(claimed > 0) || !(spent > 0)) return out;
  out.known = true;
  // Without evidence the elasticity is the middle of what media show.
  out.elasticity = 0.6;
  out.elasticity_se = 0.35;
  if (p.size() >= 8) {
    const auto n = static_cast<Index>(p.size());
    MatrixXd x(n, 4);
    VectorXd target(n);
    for (Index i = 0; i < n; ++i) {
      const auto k = static_cast<std::size_t>(i);
      x.row(i) << 1, s[k] - s[0], y[k] - y[0], at[k] / static_cast<double>(size) - 0.5;
      target(i) = p[k] - p[0];
    }
    // Priors: spend 0.6 +- 0.35, demand 0.6 +- 0.5, level and trend wide.
    const VectorXd mean{{0, 0.6, 0.6, 0}};
    const VectorXd precision{{1e-4, 1 / (0.35 * 0.35), 1 / (0.5 * 0.5), 1}};
    double variance = 0.02;
    VectorXd beta = mean;
    MatrixXd covariance;
    for (int round = 0; round < 6; ++round) {
      // Absolute residuals are weighted so that single odd weeks do not decide.
      VectorXd weight(n);
      for (Index i = 0; i < n; ++i) {
        const double e = target(i) - x.row(i).dot(beta);
        weight(i) = 5 / (4 + e * e / variance);
      }
      const MatrixXd inside =
          x.transpose() * weight.asDiagonal() * x / variance + MatrixXd(precision.asDiagonal());
      covariance = inside.inverse();
      beta = covariance * (x.transpose() * weight.asDiagonal() * target / variance +
                           precision.asDiagonal() * mean);
      const VectorXd e = target - x * beta;
      variance = std::max(1e-5, (weight.array() * e.array().square()).mean());
    }
    out.elasticity = std::clamp(beta(1), 0.02, 1.5);
    out.elasticity_se = std::sqrt(covariance(1, 1));
  }
  out.log_average = std::log(claimed / spent);
  out.log_return = std::log(claimed / spent * std::clamp(out.elasticity, 0.15, 1.0));
  return out;
}

VectorXd Vector(const std::vector<double>& v) {
  return Eigen::Map<const VectorXd>(v.data(), static_cast<Index>(v.size()));
}

class Fit {
 public:
  /// The last `held` periods of revenue are not looked at.
  Fit(const ResponseData& data, const ResponseOptions& options, std::size_t held)
      : data_(data), options_(options), random_(options.seed), held_(static_cast<Index>(held)) {}

  ResponseFit Run() {
    Prepare();
    FindNoise();
    BuildCandidates();
    Sample();
    return Describe();
  }

  /// How well the periods that were not looked at are foretold. After Run().
  ResponseHoldout Score() const {
    const Index known = y_.size() - held_;
    ResponseHoldout out{static_cast<std::size_t>(held_), 0, 0, 0};
    double sum = 0;
    const Index week = data_.period_days == 1 ? 7 : 1;
    const Index window = std::min<Index>(known, data_.period_days == 1 ? 28 : 4);
    for (Index t = known; t < y_.size(); ++t) {
      const double error = y_(t) - mean_fit_(t);
      double naive = 0;
      int count = 0;
      for (Index i = known - window; i < known; ++i) {
        if (i % week != t % week) continue;
        naive += y_(i);
        ++count;
      }
      out.mape += std::abs(error);
      out.naive_mape += std::abs(y_(t) - (count > 0 ? naive / count : y_.head(known).mean()));
      sum += y_(t);
      // The walk goes on unseen: it is part of what is not known of the baseline.
      const double sd = std::sqrt(error_sd_ * error_sd_ + base_variance_(t));
      out.coverage90 += std::abs(error) <= 1.645 * sd ? 1.0 / static_cast<double>(held_) : 0;
    }
    if (sum > 0) out.mape /= sum, out.naive_mape /= sum;
    return out;
  }

 private:
  void Prepare() {
    y_ = Vector(data_.revenue);
    unit_ = y_.mean();
    if (!(unit_ > 0)) unit_ = 1;
    y_ /= unit_;
    window_ = options_.window.value_or(std::pair<std::size_t, std::size_t>{0, y_.size() - 1});
    double spent = 0;
    for (std::size_t c = 0; c < data_.channels.size(); ++c) {
      const auto& channel = data_.channels[c];
      Unit unit;
      unit.index = c;
      std::size_t on = 0;
      double sum = 0;
      for (const double x : channel.spend) {
        sum += x;
        on += x > 0 ? 1 : 0;
        unit.highest = std::max(unit.highest, x);
      }
      if (on == 0) continue;
      spent += sum;
      unit.reference = sum / static_cast<double>(on);
      unit.claims = ReadClaims(channel, data_, options_.immature_days);
      if (channel.harvesting) unit.prior_share = kHarvestShareNamed;
      units_.push_back(std::move(unit));
    }
    // The level of returns before any evidence: media bring a part of revenue, all at one rate.
    level_prior_ = std::log(kShareOfRevenue * unit_ * static_cast<double>(y_.size()) / spent);
    std::vector<double> logs;
    for (const auto& unit : units_) {
      if (unit.claims.known) logs.push_back(unit.claims.log_return);
    }
    claims_middle_ = logs.empty() ? 0 : Median(logs);
    level_ = level_prior_;
  }

  double ClaimAt(const Unit& unit) const {
    return unit.claims.known ? unit.claims.log_return - claims_middle_ : 0;
  }
  double Middle(const Unit& unit) const { return level_ + slope_ * ClaimAt(unit); }

  double Before(const Unit& unit) const {
    const auto& spend = data_.channels[unit.index].spend;
    const std::size_t n = std::min<std::size_t>(spend.size(), data_.period_days == 1 ? 28 : 4);
    double sum = 0;
    for (std::size_t t = 0; t < n; ++t) sum += spend[t];
    return sum / static_cast<double>(n);
  }

  /// Effect of a return of 1, in units of mean revenue.
  VectorXd Effect(const Unit& unit, std::span<const double> carried, const ResponseShape& shape,
                  double factor = 1) const {
    VectorXd out(y_.size());
    for (Index t = 0; t < out.size(); ++t) {
      out(t) = unit.reference / unit_ * season_(t) *
               shape.At(factor * carried[static_cast<std::size_t>(t)] / unit.reference);
    }
    return out;
  }

  /// The noise and the controls are found with a plain stand-in for each channel: one shape, one
  /// carry-over, its size free around the prior.
  void FindNoise() {
    Baseline baseline = MakeBaseline(data_);
    ignored_ = baseline.ignored_controls;
    const Index own = baseline.columns.cols();
    season_ = VectorXd::Ones(y_.size());
    const Kernel kernel = Kernels(data_.period_days, false)[2];
    const ResponseShape shape{ResponseShape::Family::kLog, 0.6, 1};
    std::vector<std::vector<double>> carried;
    for (const auto& unit : units_) {
      carried.push_back(Carry(data_.channels[unit.index].spend, kernel, Before(unit)));
    }
    const auto stand_ins = [&](Baseline into) {
      VectorXd rest = y_;
      for (std::size_t c = 0; c < units_.size(); ++c) {
        const double size = std::exp(Middle(units_[c]));
        const VectorXd column = size * Effect(units_[c], carried[c], shape);
        rest -= column;
        into.Add(column, 1);
      }
      return std::pair{into, rest};
    };
    auto [first, rest] = stand_ins(baseline);
    noise_ = FitNoise(first, rest, data_.period_days, held_);

    // Does the same spend bring more when demand is high? The baseline's own season, as far as it
    // is calendar, multiplies all media or none; evidence decides.
    {
      const Marginal marginal(first, noise_);
      const auto half = marginal.Of(rest);
      const VectorXd coefficients = first.sd.asDiagonal() * marginal.Coefficients(half);
      VectorXd season = VectorXd::Zero(y_.size());
      for (const Index column : first.seasonal) {
        season += first.columns.col(column) * coefficients(column);
      }
      const double level =
          std::max(0.2, (first.columns.leftCols(own) * coefficients.head(own)).mean());
      season = (1 + season.array() / level).max(0.3).min(3);
      season /= season.mean();
      const auto evidence = [&](const Baseline& with, const VectorXd& what) {
        const Marginal m(with, noise_);
        const auto h = m.Of(what);
        return 0.5 * m.log_determinant() - 0.5 * Marginal::Product(h, h)(0, 0) / noise_.variance;
      };
      const double plain = evidence(first, rest);
      season_ = season;
      const auto [second, second_rest] = [&] {
        auto pair = stand_ins(baseline);
        SetWalk(pair.first, noise_.walk);
        return pair;
      }();
      if (evidence(second, second_rest) > plain) {
        scales_ = true;
        first = second;
        rest = second_rest;
      } else {
        season_.setOnes();
      }
    }

    baseline_ = baseline;
    SetWalk(baseline_, noise_.walk);
    if (data_.period_days == 1) FindFollowers(first, rest);
    AddForesight();
  }

  /// A channel whose spend goes up on the very days on which demand does (search that buys all
  /// there is) explains those days without causing them. Where the daily part of its spend explains
  /// revenue beyond what its stand-in does, that part gets a coefficient of its own.
  void FindFollowers(const Baseline& with, const VectorXd& rest) {
    const Marginal marginal(with, noise_);
    const auto half = marginal.Of(rest);
    for (auto& unit : units_) {
      const VectorXd fast = Relative(unit) - Smooth(Relative(unit));
      const auto own = marginal.Of(fast);
      const double b = Marginal::Product(own, half)(0, 0) / noise_.variance;
      const double q = Marginal::Product(own, own)(0, 0) / noise_.variance;
      constexpr double kVariance = 0.3 * 0.3;  // of mean revenue, for spend that doubles
      const double log_factor = 0.5 * b * b / (q + 1 / kVariance) - 0.5 * std::log1p(q * kVariance);
      if (log_factor < 0 || b < 0) continue;
      baseline_.Add(fast, 1);
      followers_.push_back(data_.channels[unit.index].id);
      unit.prior_share = std::max(unit.prior_share, kHarvestShareFollower);
    }
  }

  VectorXd Relative(const Unit& unit) const {
    return Vector(data_.channels[unit.index].spend) / unit.reference;
  }
  /// Means of seven periods around each.
  static VectorXd Smooth(const VectorXd& v) {
    VectorXd out(v.size());
    for (Index t = 0; t < v.size(); ++t) {
      const Index from = std::max<Index>(0, t - 3), to = std::min(v.size() - 1, t + 3);
      out(t) = v.segment(from, to - from + 1).mean();
    }
    return out;
  }

  /// Before we steered, spend was planned by people who knew something of the demand to come.
  void AddForesight() {
    for (const auto& unit : units_) {
      const auto& channel = data_.channels[unit.index];
      VectorXd slow = Relative(unit);
      if (data_.period_days == 1) slow = Smooth(slow);
      const Index end = std::min(
          static_cast<Index>(data_.steered_from.value_or(data_.revenue.size())), slow.size());
      if (end == 0) continue;
      slow.head(end).array() -= slow.head(end).mean();
      slow.tail(slow.size() - end).setZero();
      const bool follows =
          std::find(followers_.begin(), followers_.end(), channel.id) != followers_.end();
      baseline_.Add(slow, follows              ? kForesightFollower
                          : channel.harvesting ? kForesightHarvest
                                               : kForesight);
    }
  }

  void BuildCandidates() {
    const bool few = units_.size() > 24;
    kernels_ = Kernels(data_.period_days, few);
    shapes_ = Shapes(few);
    const std::vector<double> shape_priors = ShapePriors(shapes_);
    const auto count = static_cast<Index>(kernels_.size() * shapes_.size());
    const Marginal marginal(baseline_, noise_);
    const auto y_half = marginal.Of(y_);
    y_square_ = Marginal::Product(y_half, y_half)(0, 0);

    offsets_.assign(1, 0);
    Index total = 0;
    for (auto& unit : units_) {
      const auto& channel = data_.channels[unit.index];
      MatrixXd features(y_.size(), count);
      unit.log_prior.resize(count);
      unit.lift_b = VectorXd::Zero(count);
      unit.lift_q = VectorXd::Zero(count);
      unit.share.resize(count);
      unit.roas.resize(count);
      unit.marginal.resize(count);
      double window_spend = 0;
      for (std::size_t t = window_.first; t <= window_.second; ++t)
        window_spend += channel.spend[t];
      const auto first = static_cast<Index>(window_.first);
      const auto length = static_cast<Index>(window_.second - window_.first + 1);
      Index g = 0;
      for (const Kernel& kernel : kernels_) {
        const auto carried = Carry(channel.spend, kernel, Before(unit));
        for (std::size_t s = 0; s < shapes_.size(); ++s, ++g) {
          const ResponseShape& shape = shapes_[s];
          features.col(g) = Effect(unit, carried, shape);
          unit.share(g) = features.col(g).mean();
          double log_prior = std::log(shape_priors[s] / static_cast<double>(kernels_.size()));
          if (unit.claims.known) {
            const double off = shape.SlopeAt(1) - unit.claims.elasticity;
            const double variance = unit.claims.elasticity_se * unit.claims.elasticity_se +
                                    kElasticityTolerance * kElasticityTolerance;
            log_prior -= 0.5 * off * off / variance;
          }
          unit.log_prior(g) = log_prior;
          if (window_spend > 0) {
            double now = 0, more = 0;
            for (Index t = first; t < first + length; ++t) {
              const double x = carried[static_cast<std::size_t>(t)] / unit.reference;
              const double size = unit.reference * season_(t);
              now += size * shape.At(x);
              more += size * shape.SlopeAt(x) * x;
            }
            unit.roas(g) = now / window_spend;
            unit.marginal(g) = more / window_spend;
          }
          for (const auto& lift : data_.lifts) {
            if (lift.channel != channel.id) continue;
            const double predicted = LiftOf(unit, lift, kernel, shape, features.col(g));
            unit.lift_b(g) += lift.revenue * predicted / (lift.se * lift.se);
            unit.lift_q(g) += predicted * predicted / (lift.se * lift.se);
          }
        }
      }
      Compress(marginal, features, unit);
      total += unit.coordinates.rows();
      offsets_.push_back(total);
    }
    // Products between the channels' bases.
    gram_.resize(total, total);
    MatrixXd white(y_.size(), total), low(baseline_.columns.cols(), total);
    for (std::size_t c = 0; c < units_.size(); ++c) {
      white.middleCols(offsets_[c], halves_[c].white.cols()) = halves_[c].white;
      low.middleCols(offsets_[c], halves_[c].low.cols()) = halves_[c].low;
    }
    gram_.setZero();
    gram_.selfadjointView<Eigen::Lower>().rankUpdate(white.transpose());
    gram_.selfadjointView<Eigen::Lower>().rankUpdate(low.transpose(), -1);
    gram_ = MatrixXd(gram_.selfadjointView<Eigen::Lower>());
    target_ = white.transpose() * y_half.white - low.transpose() * y_half.low;
    halves_.clear();
  }

  /// Revenue that an experiment should have found, per unit of the return: what the days of the
  /// test owe to the channel, money from before included, as true ROAS counts it.
  double LiftOf(const Unit& unit, const ResponseData::Lift& lift, const Kernel& kernel,
                const ResponseShape& shape, const VectorXd& effect) const {
    const auto& spend = data_.channels[unit.index].spend;
    double inside = 0;
    for (std::size_t t = lift.first; t <= lift.last; ++t) inside += spend[t];
    const auto length = static_cast<double>(lift.last - lift.first + 1);
    if (!(inside > 0)) {
      // The books show no spend: the test's own spend, at a steady rate.
      const double rate = lift.spend.value_or(unit.reference * length) / length;
      return unit.reference * shape.At(rate / unit.reference) * length;
    }
    const double part = std::clamp(lift.spend.value_or(inside) / inside, 0.0, 1.0);
    const auto carried = Carry(spend, kernel, Before(unit));
    double sum = 0;
    for (std::size_t t = lift.first; t <= lift.last; ++t) {
      const auto at = static_cast<Index>(t);
      sum += effect(at) * unit_ -
             unit.reference * season_(at) * shape.At((1 - part) * carried[t] / unit.reference);
    }
    // A test that spent more than the books show scales to its own spend.
    return sum * std::max(1.0, lift.spend.value_or(inside) / inside);
  }

  /// The candidates of a channel lie close to a space of few dimensions: its basis stands for them.
  void Compress(const Marginal& marginal, const MatrixXd& features, Unit& unit) {
    Marginal::Half half = marginal.Of(features);
    MatrixXd product = MatrixXd::Zero(features.cols(), features.cols());
    product.selfadjointView<Eigen::Lower>().rankUpdate(half.white.transpose());
    product.selfadjointView<Eigen::Lower>().rankUpdate(half.low.transpose(), -1);
    const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(product);
    const VectorXd& values = solver.eigenvalues();
    const Index count = values.size();
    Index rank = 0;
    while (rank < std::min(count, kRankMax) &&
           values(count - 1 - rank) > 1e-8 * values(count - 1) &&
           values(count - 1 - rank) > 1e-14) {
      ++rank;
    }
    rank = std::max<Index>(rank, 1);
    const MatrixXd basis = solver.eigenvectors().rightCols(rank);
    const VectorXd root = values.tail(rank).cwiseMax(1e-14).cwiseSqrt();
    unit.coordinates = root.asDiagonal() * basis.transpose();
    unit.squares = unit.coordinates.colwise().squaredNorm().transpose();
    // A candidate that the data do not see at all keeps its return instead.
    unit.log_size = unit.squares.array().max(1e-12 * unit.squares.maxCoeff()).max(1e-300).log() / 2;
    const MatrixXd to_basis = basis * root.cwiseInverse().asDiagonal();
    halves_.push_back({half.white * to_basis, half.low * to_basis});
  }

  void Sample() {
    const Index total = offsets_.back();
    theta_ = VectorXd::Zero(total);
    const Index middle = static_cast<Index>(shapes_.size()) * 2 + 4;
    for (std::size_t c = 0; c < units_.size(); ++c) {
      Unit& unit = units_[c];
      unit.candidate = middle;
      unit.log_return = Middle(unit);
      theta_.segment(offsets_[c], unit.coordinates.rows()) = unit.theta();
    }
    left_ = target_ - gram_ * theta_;
    // The sampler starts where all media bring no more than the prior's middle.
    share_ = 0;
    for (const Unit& unit : units_) share_ += ShareOf(unit);
    if (share_ > kShareOfRevenue) {
      const double shift = std::log(kShareOfRevenue / share_);
      for (Unit& unit : units_) unit.log_return += shift;
      left_ += gram_ * theta_ * (1 - std::exp(shift));
      theta_ *= std::exp(shift);
      share_ = kShareOfRevenue;
    }
    variance_ = noise_.variance;
    const int every = std::max(1, options_.sweeps / options_.draws);
    for (int sweep = -options_.warm_up; sweep < options_.sweeps; ++sweep) {
      for (std::size_t c = 0; c < units_.size(); ++c) Step(c);
      StepLevel();
      StepPool();
      StepVariance();
      if (sweep < 0 || sweep % every != 0) continue;
      ++kept_;
      for (Unit& unit : units_) Keep(unit);
    }
  }

  static double ShareOf(const Unit& unit) {
    return std::exp(unit.log_return) * unit.share(unit.candidate);
  }
  /// Of the part of revenue that all media bring together: a Beta distribution, since what is not
  /// media cannot be negative, and shops live of more than their ads.
  static double LogShare(double share) {
    if (share >= 1) return -std::numeric_limits<double>::infinity();
    // Returns are sampled by their logarithm, in which the density has one power more.
    return kShareA * std::log(share) + (kShareB - 1) * std::log1p(-share);
  }

  double LogPrior(const Unit& unit, double log_return) const {
    const double middle = Middle(unit) - (unit.harvests ? kHarvestShift : 0);
    const double sd = unit.harvests ? kHarvestSd : spread_;
    const double z = (log_return - middle) / sd;
    return -0.5 * z * z;
  }
  /// What claims say against a return above them.
  static double LogCap(const Unit& unit, double log_return) {
    if (!unit.claims.known) return 0;
    const double z =
        (log_return - unit.claims.log_average - std::log(kClaimsShort)) / kClaimsShortSd;
    return z > 0 ? -0.5 * z * z : 0;
  }

  /// Log density of a candidate's size, up to a constant: `r` the return and `log_r` its logarithm.
  double LogDensity(const Unit& unit, Index g, double b, double r, double log_r,
                    double others) const {
    const double scale = kTrust / variance_;
    // An experiment's likelihood is in money and is not discounted.
    const double linear = scale * b + unit.lift_b(g);
    const double square = 0.5 * (scale * unit.squares(g) + unit.lift_q(g));
    return r * (linear - square * r) + LogPrior(unit, log_r) + LogCap(unit, log_r) +
           LogShare(others + r * unit.share(g));
  }

  std::size_t Draw(std::vector<double>& logs) {
    const double highest = *std::max_element(logs.begin(), logs.end());
    double sum = 0;
    for (double& weight : logs) {
      weight = weight < highest - 25 ? 0 : std::exp(weight - highest);
      sum += weight;
    }
    double left = random_.Uniform() * sum;
    std::size_t chosen = 0;
    for (; chosen + 1 < logs.size(); ++chosen) {
      left -= logs[chosen];
      if (left <= 0) break;
    }
    return chosen;
  }

  /// Gibbs over the candidate, once with the return and once with the size of the effect held
  /// still (what the data say is mostly the latter, so that candidates of other shapes can be
  /// reached), and then over the return, on a lattice through the present one whose step is drawn
  /// anew, so that every return can be reached.
  void Step(std::size_t c) {
    Unit& unit = units_[c];
    const Index rank = unit.coordinates.rows();
    const Index offset = offsets_[c];
    const VectorXd own = theta_.segment(offset, rank);
    const VectorXd v = left_.segment(offset, rank) + gram_.block(offset, offset, rank, rank) * own;
    const VectorXd b = unit.coordinates.transpose() * v;
    const Index count = b.size();
    const double others = std::max(0.0, share_ - ShareOf(unit));
    for (const bool still_effect : {true, false}) {
      weights_.resize(static_cast<std::size_t>(count));
      const double held = unit.log_return + (still_effect ? unit.log_size(unit.candidate) : 0);
      for (Index g = 0; g < count; ++g) {
        const double log_r = held - (still_effect ? unit.log_size(g) : 0);
        weights_[static_cast<std::size_t>(g)] =
            unit.log_prior(g) + LogDensity(unit, g, b(g), std::exp(log_r), log_r, others);
      }
      unit.candidate = static_cast<Index>(Draw(weights_));
      unit.log_return = held - (still_effect ? unit.log_size(unit.candidate) : 0);
    }
    constexpr double kSteps[] = {0.02, 0.08, 0.3};
    const double step = kSteps[static_cast<std::size_t>(random_.Uniform() * 3)];
    weights_.clear();
    for (int j = -kLattice; j <= kLattice; ++j) {
      const double log_r = unit.log_return + j * step;
      weights_.push_back(
          LogDensity(unit, unit.candidate, b(unit.candidate), std::exp(log_r), log_r, others));
    }
    unit.log_return += (static_cast<int>(Draw(weights_)) - kLattice) * step;
    share_ = others + ShareOf(unit);
    Replace(c, unit.theta());
  }

  void Replace(std::size_t c, const VectorXd& theta) {
    const Index rank = theta.size();
    const Index offset = offsets_[c];
    const VectorXd change = theta - theta_.segment(offset, rank);
    left_ -= gram_.middleCols(offset, rank) * change;
    theta_.segment(offset, rank) = theta;
  }

  /// Moves all returns and their level together: what single steps do slowly.
  void StepLevel() {
    const double shift = 0.25 * random_.Normal();
    const double factor = std::exp(shift);
    const double scale = kTrust / variance_;
    const VectorXd moved = (factor - 1) * theta_;
    // left = target - G theta, so the change of the log likelihood needs one product.
    double change = scale * (left_.dot(moved) - 0.5 * moved.dot(gram_ * moved));
    for (const Unit& unit : units_) {
      const double r = std::exp(unit.log_return);
      const double q = unit.lift_q(unit.candidate);
      change +=
          (factor - 1) * r * unit.lift_b(unit.candidate) - 0.5 * (factor * factor - 1) * r * r * q;
    }
    const double z = (level_ + shift - level_prior_) / kLevelSd;
    const double z0 = (level_ - level_prior_) / kLevelSd;
    change += 0.5 * (z0 * z0 - z * z);
    for (const Unit& unit : units_) {
      change += LogCap(unit, unit.log_return + shift) - LogCap(unit, unit.log_return);
    }
    change += LogShare(share_ * factor) - LogShare(share_);
    if (!(std::log(random_.Uniform()) < change)) return;
    level_ += shift;
    share_ *= factor;
    for (Unit& unit : units_) unit.log_return += shift;
    left_ -= gram_ * moved;
    theta_ *= factor;
  }

  void StepPool() {
    // Which channels harvest.
    for (Unit& unit : units_) {
      unit.harvests = false;
      const double usual =
          std::log(1 - unit.prior_share) - std::log(spread_) + LogPrior(unit, unit.log_return);
      unit.harvests = true;
      const double lower =
          std::log(unit.prior_share) - std::log(kHarvestSd) + LogPrior(unit, unit.log_return);
      unit.harvests = random_.Uniform() < 1 / (1 + std::exp(usual - lower));
    }
    // Level and slope, a linear regression with Gaussian priors.
    Eigen::Matrix2d precision;
    precision << 1 / (kLevelSd * kLevelSd), 0, 0, 1 / (kClaimSlopeSd * kClaimSlopeSd);
    Eigen::Vector2d sum(level_prior_ * precision(0, 0), kClaimSlope * precision(1, 1));
    double square = 0;
    int usual = 0;
    for (const Unit& unit : units_) {
      const double sd = unit.harvests ? kHarvestSd : spread_;
      const double at = unit.log_return + (unit.harvests ? kHarvestShift : 0);
      const Eigen::Vector2d x(1, ClaimAt(unit));
      precision += x * x.transpose() / (sd * sd);
      sum += x * at / (sd * sd);
    }
    const Eigen::LLT<Eigen::Matrix2d> factor(precision);
    const Eigen::Vector2d luck(random_.Normal(), random_.Normal());
    const Eigen::Vector2d drawn = factor.solve(sum) + Eigen::Vector2d(factor.matrixU().solve(luck));
    level_ = drawn(0);
    slope_ = drawn(1);
    for (const Unit& unit : units_) {
      if (unit.harvests) continue;
      const double e = unit.log_return - Middle(unit);
      square += e * e;
      ++usual;
    }
    // Inverse gamma with the weight of six channels at the prior's spread.
    constexpr double kWeight = 6;
    const double shape = (kWeight + usual) / 2;
    const double rate = (kWeight * kSpread * kSpread + square) / 2;
    spread_ = std::sqrt(rate / random_.Gamma(shape));
  }

  void StepVariance() {
    const double square = std::max(1e-12, y_square_ - theta_.dot(target_) - theta_.dot(left_));
    const double shape = kTrust * static_cast<double>(y_.size() - held_) / 2;
    variance_ = std::max(1e-12, kTrust * square / 2 / random_.Gamma(shape));
  }

  struct Kept {
    std::vector<ResponseDraw> draws;
    std::vector<double> roas, marginal, returns;
    std::vector<std::pair<double, double>> prior;  ///< returns before any data, and their weights
  };

  void Keep(const Unit& unit) {
    Kept& kept = kept_of_[unit.index];
    const double r = std::exp(unit.log_return);
    const std::size_t shapes = shapes_.size();
    const auto g = static_cast<std::size_t>(unit.candidate);
    const Kernel& kernel = kernels_[g / shapes];
    kept.draws.push_back(
        {shapes_[g % shapes], r * unit.reference, unit.reference, kernel.carried, kernel.lag_days});
    kept.roas.push_back(r * unit.roas(unit.candidate));
    kept.marginal.push_back(r * unit.marginal(unit.candidate));
    kept.returns.push_back(r);
    const bool harvests = random_.Uniform() < unit.prior_share;
    const double before = std::exp(Middle(unit) - (harvests ? kHarvestShift : 0) +
                                   (harvests ? kHarvestSd : spread_) * random_.Normal());
    // That media bring a part of revenue and no more is known before the data, too.
    const double share =
        std::max(0.0, share_ - ShareOf(unit)) + before * unit.share(unit.candidate);
    kept.prior.emplace_back(before, std::exp(LogShare(share)));
  }

  static double Spread(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto n = static_cast<double>(values.size() - 1);
    return values[static_cast<std::size_t>(0.9 * n)] - values[static_cast<std::size_t>(0.1 * n)];
  }
  /// The same of values with weights.
  static double Spread(std::vector<std::pair<double, double>> values) {
    std::sort(values.begin(), values.end());
    double sum = 0, passed = 0, low = values.front().first, high = values.front().first;
    for (const auto& [value, weight] : values) sum += weight;
    for (const auto& [value, weight] : values) {
      if (passed < 0.1 * sum) low = value;
      if (passed < 0.9 * sum) high = value;
      passed += weight;
    }
    return high - low;
  }

  ResponseFit Describe() {
    ResponseFit fit{};
    for (std::size_t c = 0; c < data_.channels.size(); ++c) {
      ChannelResponse out{data_.channels[c].id, {}, 0, 0, false};
      for (std::size_t t = window_.first; t <= window_.second; ++t) {
        out.spend += data_.channels[c].spend[t];
      }
      const auto kept = kept_of_.find(c);
      if (kept == kept_of_.end()) {
        const ResponseShape flat{ResponseShape::Family::kPower, 1, 1};
        out.draws.assign(static_cast<std::size_t>(kept_), {flat, 0, 1, 0, 0});
      } else {
        out.draws = std::move(kept->second.draws);
        if (out.spend > 0) {
          out.roas = std::move(kept->second.roas);
          out.marginal = std::move(kept->second.marginal);
        }
        out.identified = Spread(kept->second.returns) < kNamed * Spread(kept->second.prior);
      }
      fit.channels.push_back(std::move(out));
    }
    for (const Unit& unit : units_) {
      fit.channels[unit.index].spend_mean = unit.reference;
      fit.channels[unit.index].spend_max = unit.highest;
    }
    DescribeResiduals(fit);
    return fit;
  }

  void DescribeResiduals(ResponseFit& fit) {
    // Expected media effect of each period: each candidate's by how often it was drawn is costly to
    // keep, so the mean in the basis is turned back through the draws.
    VectorXd media = VectorXd::Zero(y_.size());
    for (const Unit& unit : units_) {
      const auto& channel = fit.channels[unit.index];
      std::vector<std::vector<double>> by_kernel;
      for (const Kernel& kernel : kernels_) {
        by_kernel.push_back(Carry(data_.channels[unit.index].spend, kernel, Before(unit)));
      }
      const std::size_t every = std::max<std::size_t>(1, channel.draws.size() / 24);
      std::size_t used = 0;
      VectorXd sum = VectorXd::Zero(y_.size());
      for (std::size_t i = 0; i < channel.draws.size(); i += every, ++used) {
        const ResponseDraw& draw = channel.draws[i];
        const auto kernel = std::find_if(kernels_.begin(), kernels_.end(), [&](const Kernel& k) {
          return k.lag_days == draw.lag_days;
        });
        const auto& carried = by_kernel[static_cast<std::size_t>(kernel - kernels_.begin())];
        sum += draw.scale / unit.reference * Effect(unit, carried, draw.shape);
      }
      media += sum / static_cast<double>(used);
    }
    const Marginal marginal(baseline_, noise_);
    const VectorXd rest = y_ - media;
    const auto half = marginal.Of(rest);
    const VectorXd base =
        baseline_.columns * (baseline_.sd.asDiagonal() * marginal.Coefficients(half));
    mean_fit_ = base + media;
    base_variance_ = marginal.Uncertainty(baseline_);
    const VectorXd e = (rest - base).head(y_.size() - held_);
    Noise plain = noise_;
    plain.weights = VectorXd::Ones(e.size());
    const VectorXd left = Whiten(e, plain);
    const auto n = static_cast<double>(left.size());
    const double square = std::max(1e-300, left.squaredNorm());
    fit.residual_sd = std::sqrt(e.squaredNorm() / n) * unit_;
    error_sd_ = std::sqrt(e.squaredNorm() / n);
    fit.residual_autocorrelation = noise_.rho;
    fit.innovation_autocorrelation =
        left.tail(left.size() - 1).dot(left.head(left.size() - 1)) / square;
    fit.excess_kurtosis = left.array().pow(4).mean() / std::pow(square / n, 2) - 3;
    const auto known = y_.head(e.size()).array();
    const double total = (known - known.mean()).square().sum();
    fit.r_squared = total > 0 ? 1 - e.squaredNorm() / total : 0;
    fit.media_scales_with_demand = scales_;
    fit.demand_following = followers_;
    fit.ignored_controls = ignored_;
  }

  const ResponseData& data_;
  ResponseOptions options_;
  Random random_;
  Index held_;
  VectorXd y_, season_;
  double unit_ = 1;
  std::pair<std::size_t, std::size_t> window_;
  std::vector<Unit> units_;
  double level_prior_ = 0, claims_middle_ = 0;
  double level_ = 0, slope_ = kClaimSlope, spread_ = kSpread;
  Baseline baseline_;
  Noise noise_;
  bool scales_ = false;
  std::vector<std::string> followers_, ignored_;
  std::vector<Kernel> kernels_;
  std::vector<ResponseShape> shapes_;
  std::vector<Marginal::Half> halves_;
  std::vector<Index> offsets_;
  MatrixXd gram_;
  VectorXd target_, theta_, left_;
  double y_square_ = 0, variance_ = 1, share_ = 0;
  int kept_ = 0;
  std::vector<double> weights_;
  std::map<std::size_t, Kept> kept_of_;
  VectorXd mean_fit_, base_variance_;
  double error_sd_ = 0;
};

Result<> Check(const ResponseData& data, const ResponseOptions& options) {
  const auto wrong = [](const std::string& what) { return Fail(Errc::kInvalidArgument, what); };
  const std::size_t size = data.revenue.size();
  if (data.period_days != 1 && data.period_days != 7) {
    return wrong(fmt::format("periods of {} days; 1 or 7 are understood", data.period_days));
  }
  const std::size_t least = LeastPeriods(data.period_days);
  if (size < least) {
    return wrong(
        fmt::format("{} {} of history; at least {} are needed to tell media from season and trend",
                    size, data.period_days == 1 ? "days" : "weeks", least));
  }
  const auto finite = [](double v) { return std::isfinite(v); };
  if (!std::all_of(data.revenue.begin(), data.revenue.end(), finite)) {
    return wrong("revenue holds a value that is not a number");
  }
  bool any = false;
  for (const auto& channel : data.channels) {
    if (channel.spend.size() != size ||
        (!channel.claimed.empty() && channel.claimed.size() != size)) {
      return wrong(
          fmt::format("channel {} has {} periods of spend and {} of claims, revenue has {}",
                      channel.id, channel.spend.size(), channel.claimed.size(), size));
    }
    for (const double x : channel.spend) {
      if (!std::isfinite(x) || x < 0) {
        return wrong(fmt::format("channel {}: spend is negative or not a number", channel.id));
      }
      any |= x > 0;
    }
    for (const double x : channel.claimed) {
      if (std::isinf(x) || x < 0) {
        return wrong(
            fmt::format("channel {}: claimed revenue is negative or not a number", channel.id));
      }
    }
  }
  if (!any) return wrong("no channel has any spend");
  for (const auto& control : data.controls) {
    if (control.values.size() != size ||
        !std::all_of(control.values.begin(), control.values.end(), finite)) {
      return wrong(fmt::format("control {} has {} values where {} numbers are needed", control.name,
                               control.values.size(), size));
    }
  }
  for (const auto& lift : data.lifts) {
    const bool known = std::any_of(data.channels.begin(), data.channels.end(),
                                   [&](const auto& c) { return c.id == lift.channel; });
    if (!known)
      return wrong(
          fmt::format("an experiment is of channel {}, which has no spend here", lift.channel));
    if (lift.first > lift.last || lift.last >= size) {
      return wrong(
          fmt::format("the experiment of channel {} lies outside the history", lift.channel));
    }
    if (!std::isfinite(lift.revenue) || !std::isfinite(lift.se) || lift.se <= 0 ||
        (lift.spend && !(*lift.spend > 0))) {
      return wrong(fmt::format(
          "the experiment of channel {}: lift, standard error (above 0) or spend (above 0) are not "
          "numbers",
          lift.channel));
    }
  }
  if (options.draws < 20 || options.sweeps < options.draws || options.warm_up < 0 ||
      options.immature_days < 0) {
    return wrong("at least 20 draws, and as many sweeps, are needed");
  }
  if (options.window &&
      (options.window->first > options.window->second || options.window->second >= size)) {
    return wrong("the window lies outside the history");
  }
  return {};
}

}  // namespace
}  // namespace response

Interval Summarize(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  double sum = 0;
  for (const double v : values) sum += v;
  const auto at = [&](double p) {
    const double place = p * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(place);
    const std::size_t high = std::min(low + 1, values.size() - 1);
    const double part = place - static_cast<double>(low);
    return values[low] + part * (values[high] - values[low]);
  };
  return {sum / static_cast<double>(values.size()), at(0.25), at(0.75), at(0.05), at(0.95)};
}

Interval90 ChannelResponse::RevenueAt(double spend_per_period) const {
  std::vector<double> values;
  for (const ResponseDraw& draw : draws) values.push_back(draw.At(spend_per_period));
  const Interval all = Summarize(std::move(values));
  return {all.mean, all.low90, all.high90};
}

Interval90 ChannelResponse::MarginalAt(double spend_per_period) const {
  std::vector<double> values;
  for (const ResponseDraw& draw : draws) values.push_back(draw.MarginalAt(spend_per_period));
  const Interval all = Summarize(std::move(values));
  return {all.mean, all.low90, all.high90};
}

Result<ResponseFit> FitResponse(const ResponseData& data, const ResponseOptions& options) {
  MAXOPT_CHECK(response::Check(data, options));
  ResponseFit fit = response::Fit(data, options, 0).Run();
  if (options.holdout) {
    const std::size_t held = data.revenue.size() / 5;
    response::Fit blind(data, options, held);
    blind.Run();
    fit.holdout = blind.Score();
  }
  return fit;
}

}  // namespace maxopt
