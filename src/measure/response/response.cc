#include "measure/response/response.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace maxopt {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::size_t kDaysMin = 56;
constexpr double kPriorReturnSd = 0.9;
constexpr double kPriorKSd = 0.7;
constexpr double kPriorASd = 0.25;

double Hill(double x, double k, double a) {
  if (x <= 0) return 0;
  return 1.0 / (1.0 + std::pow(k / x, a));
}

/// std::mt19937_64 is specified bit by bit; the distributions of the library are not, so the ones
/// needed are written out.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  double Uniform() { return (static_cast<double>(engine_() >> 11) + 0.5) * 0x1.0p-53; }
  double Normal() {  // Box-Muller
    return std::sqrt(-2.0 * std::log(Uniform())) * std::cos(2.0 * std::numbers::pi * Uniform());
  }
  /// Gamma(shape >= 1, 1), Marsaglia and Tsang 2000.
  double Gamma(double shape) {
    const double d = shape - 1.0 / 3.0;
    const double c = 1.0 / std::sqrt(9.0 * d);
    while (true) {
      const double x = Normal();
      const double v = std::pow(1.0 + c * x, 3);
      if (v <= 0) continue;
      if (std::log(Uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
    }
  }

 private:
  std::mt19937_64 engine_;
};

MatrixXd Controls(std::size_t days, int first_weekday) {
  // Yearly harmonics need most of a year to be told from the trend.
  const int harmonics = days >= 300 ? 2 : 0;
  MatrixXd x(static_cast<Eigen::Index>(days), 8 + 2 * harmonics);
  for (Eigen::Index t = 0; t < x.rows(); ++t) {
    x(t, 0) = 1;
    x(t, 1) = static_cast<double>(t) / static_cast<double>(x.rows()) - 0.5;
    const Eigen::Index weekday = (t + first_weekday) % 7;
    for (Eigen::Index d = 1; d < 7; ++d) x(t, 1 + d) = weekday == d ? 1.0 : 0.0;
    for (int h = 1; h <= harmonics; ++h) {
      const double angle = 2.0 * std::numbers::pi * h * static_cast<double>(t) / 365.25;
      x(t, 6 + 2 * h) = std::sin(angle);
      x(t, 7 + 2 * h) = std::cos(angle);
    }
  }
  return x;
}

/// Takes lag-1 autocorrelation out: v[t] - rho v[t-1], the first day scaled to the same variance.
MatrixXd Whiten(const MatrixXd& v, double rho) {
  MatrixXd out = v;
  out.row(0) *= std::sqrt(1 - rho * rho);
  out.bottomRows(v.rows() - 1) -= rho * v.topRows(v.rows() - 1);
  return out;
}

/// Projects out the controls: they have flat priors, so they integrate to this.
class Projection {
 public:
  Projection(const MatrixXd& controls, double rho) : rho_(rho) {
    const Eigen::HouseholderQR<MatrixXd> qr(Whiten(controls, rho));
    basis_ = qr.householderQ() * MatrixXd::Identity(controls.rows(), controls.cols());
  }
  VectorXd operator()(const VectorXd& v) const {
    const VectorXd white = Whiten(v, rho_);
    return white - basis_ * (basis_.transpose() * white);
  }
  Eigen::Index rank() const { return basis_.cols(); }

 private:
  double rho_;
  MatrixXd basis_;
};

/// A channel in the coordinates that are sampled, all unbounded.
struct State {
  double log_return;  // log of the response at the mean spend over the mean spend
  double log_k;       // log of k over the mean spend
  double log_a;
  double logit_decay;
};

struct Prior {
  double log_return_mean;
};

double LogPrior(const State& s, const Prior& prior) {
  const auto normal = [](double x, double mean, double sd) {
    return -0.5 * (x - mean) * (x - mean) / (sd * sd);
  };
  const double decay = 1 / (1 + std::exp(-s.logit_decay));
  // Beta(2, 3) in logit coordinates: the Jacobian adds one to each exponent.
  const double log_decay = 2 * std::log(decay) + 3 * std::log1p(-decay);
  return normal(s.log_return, prior.log_return_mean, kPriorReturnSd) +
         normal(s.log_k, std::log(1.5), kPriorKSd) + normal(s.log_a, 0, kPriorASd) + log_decay;
}

class Channel {
 public:
  Channel(const ResponseData::Channel& data) : data_(data) {
    double sum = 0;
    std::size_t on = 0;
    for (const double spend : data.spend) {
      sum += spend;
      on += spend > 0 ? 1 : 0;
    }
    mean_ = on == 0 ? 0 : sum / static_cast<double>(on);
    const double expected = data.claimed_roas > 0 ? data.claim_trust * data.claimed_roas : 1.0;
    prior_.log_return_mean = std::log(expected);
    state_ = {prior_.log_return_mean, std::log(1.5), 0, std::log(0.4 / 0.6)};
  }

  bool used() const { return mean_ > 0; }
  double mean() const { return mean_; }
  const State& state() const { return state_; }
  const Prior& prior() const { return prior_; }
  void Accept(const State& state) { state_ = state; }

  ResponseDraw Draw(const State& s) const {
    ResponseDraw draw{};
    draw.k = std::exp(s.log_k) * mean_;
    draw.a = std::exp(s.log_a);
    draw.decay = 1 / (1 + std::exp(-s.logit_decay));
    draw.beta = std::exp(s.log_return) * mean_ / Hill(mean_, draw.k, draw.a);
    return draw;
  }

  /// Revenue per day that the channel would cause in world `s`.
  VectorXd Effect(const State& s) const {
    const ResponseDraw draw = Draw(s);
    VectorXd out(static_cast<Eigen::Index>(data_.spend.size()));
    double carried = data_.spend.front();
    for (std::size_t t = 0; t < data_.spend.size(); ++t) {
      carried = (1 - draw.decay) * data_.spend[t] + draw.decay * carried;
      out(static_cast<Eigen::Index>(t)) = draw.beta * Hill(carried, draw.k, draw.a);
    }
    return out;
  }

 private:
  const ResponseData::Channel& data_;
  double mean_ = 0;
  Prior prior_{};
  State state_{};
};

Result<> Check(const ResponseData& data) {
  if (data.revenue.size() < kDaysMin) {
    return Fail(
        Errc::kInvalidArgument,
        fmt::format("{} days of history; at least {} are needed to tell media from weekdays "
                    "and trend",
                    data.revenue.size(), kDaysMin));
  }
  if (data.channels.empty()) return Fail(Errc::kInvalidArgument, "no channel has any spend");
  const auto good = [](double v) { return std::isfinite(v) && v >= 0; };
  if (!std::all_of(data.revenue.begin(), data.revenue.end(), good)) {
    return Fail(Errc::kInvalidArgument, "revenue holds a value that is negative or not a number");
  }
  for (const auto& channel : data.channels) {
    if (channel.spend.size() != data.revenue.size()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("channel {} has {} days, revenue has {}", channel.id,
                              channel.spend.size(), data.revenue.size()));
    }
    if (!std::all_of(channel.spend.begin(), channel.spend.end(), good) ||
        !good(channel.claimed_roas) || !(channel.claim_trust > 0 && channel.claim_trust <= 1)) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("channel {} holds a value that is negative or not a number", channel.id));
    }
  }
  return {};
}

Interval90 Summary(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  double sum = 0;
  for (const double v : values) sum += v;
  const auto at = [&](double p) {
    return values[static_cast<std::size_t>(p * static_cast<double>(values.size() - 1) + 0.5)];
  };
  return {sum / static_cast<double>(values.size()), at(0.05), at(0.95)};
}

class Sampler {
 public:
  Sampler(const ResponseData& data, const ResponseOptions& options)
      : data_(data), options_(options), random_(options.seed) {
    for (const auto& channel : data.channels) channels_.emplace_back(channel);
    y_ = Eigen::Map<const VectorXd>(data.revenue.data(),
                                    static_cast<Eigen::Index>(data.revenue.size()));
    controls_ = Controls(data.revenue.size(), data.first_weekday);
  }

  ResponseFit Run() {
    // A first pass without autocorrelation finds it; the second takes it out.
    Start(0);
    for (int i = 0; i < options_.warm_up / 2; ++i) Sweep();
    const double rho = Autocorrelation();
    Start(rho);
    for (int i = 0; i < options_.warm_up; ++i) Sweep();

    ResponseFit fit;
    fit.residual_autocorrelation = rho;
    for (const auto& channel : data_.channels) {
      fit.channels.push_back({channel.id, {}, 0, false});
    }
    std::vector<double> sds;
    const int every = std::max(1, options_.sweeps / std::max(1, options_.draws));
    for (int i = 0; i < options_.sweeps; ++i) {
      Sweep();
      if (i % every != 0) continue;
      sds.push_back(std::sqrt(variance_));
      for (std::size_t c = 0; c < channels_.size(); ++c) {
        fit.channels[c].draws.push_back(channels_[c].used()
                                            ? channels_[c].Draw(channels_[c].state())
                                            : ResponseDraw{0, 1, 1, 0});
      }
    }
    Describe(fit, sds);
    return fit;
  }

 private:
  void Start(double rho) {
    project_ = std::make_unique<Projection>(controls_, rho);
    projected_y_ = (*project_)(y_);
    effects_.clear();
    residual_ = projected_y_;
    for (const Channel& channel : channels_) {
      effects_.push_back(channel.used() ? (*project_)(channel.Effect(channel.state()))
                                        : VectorXd::Zero(y_.size()));
      residual_ -= effects_.back();
    }
    DrawVariance();
  }

  double FreeDays() const { return static_cast<double>(y_.size() - project_->rank()); }

  void DrawVariance() {
    const double shape = FreeDays() / 2;
    variance_ = std::max(1e-12, residual_.squaredNorm() / 2 / random_.Gamma(shape));
  }

  void Sweep() {
    for (std::size_t c = 0; c < channels_.size(); ++c) {
      if (!channels_[c].used()) continue;
      // Small and large steps in turn: narrow posteriors and far modes are both reached.
      for (const double scale : {0.08, 0.35, 1.0}) Step(c, scale);
    }
    DrawVariance();
  }

  void Step(std::size_t c, double scale) {
    Channel& channel = channels_[c];
    State next = channel.state();
    next.log_return += scale * 0.5 * random_.Normal();
    next.log_k += scale * 0.5 * random_.Normal();
    next.log_a += scale * 0.2 * random_.Normal();
    next.logit_decay += scale * 0.8 * random_.Normal();
    const double log_prior_ratio =
        LogPrior(next, channel.prior()) - LogPrior(channel.state(), channel.prior());
    const VectorXd effect = (*project_)(channel.Effect(next));
    const VectorXd residual = residual_ + effects_[c] - effect;
    const double log_likelihood_ratio =
        (residual_.squaredNorm() - residual.squaredNorm()) / (2 * variance_);
    if (std::log(random_.Uniform()) < log_prior_ratio + log_likelihood_ratio) {
      channel.Accept(next);
      effects_[c] = effect;
      residual_ = residual;
    }
  }

  double Autocorrelation() const {
    const Eigen::Index n = residual_.size();
    const double zero = residual_.squaredNorm();
    if (zero <= 0) return 0;
    const double one = residual_.tail(n - 1).dot(residual_.head(n - 1));
    return std::clamp(one / zero, 0.0, 0.9);
  }

  void Describe(ResponseFit& fit, const std::vector<double>& sds) const {
    double sum = 0;
    for (const double sd : sds) sum += sd;
    fit.residual_sd = sum / static_cast<double>(sds.size());
    const double total = projected_y_.squaredNorm();
    fit.r_squared = total <= 0 ? 0 : 1 - residual_.squaredNorm() / total;
    for (std::size_t c = 0; c < channels_.size(); ++c) {
      ChannelResponse& out = fit.channels[c];
      out.spend_mean = channels_[c].mean();
      if (!channels_[c].used()) continue;
      // Spread of the log return against its prior: narrowed by at least 30 % means the data spoke.
      double mean = 0;
      double square = 0;
      for (const ResponseDraw& draw : out.draws) {
        const double v = std::log(draw.At(out.spend_mean) / out.spend_mean);
        mean += v;
        square += v * v;
      }
      const auto n = static_cast<double>(out.draws.size());
      const double sd = std::sqrt(std::max(0.0, square / n - mean / n * mean / n));
      out.identified = sd < 0.7 * kPriorReturnSd;
    }
  }

  const ResponseData& data_;
  ResponseOptions options_;
  Random random_;
  std::vector<Channel> channels_;
  VectorXd y_, projected_y_, residual_;
  MatrixXd controls_;
  std::unique_ptr<Projection> project_;
  std::vector<VectorXd> effects_;
  double variance_ = 1;
};

}  // namespace

double ResponseDraw::At(double spend_per_day) const { return beta * Hill(spend_per_day, k, a); }

double ResponseDraw::MarginalAt(double spend_per_day) const {
  const double x = std::max(spend_per_day, 1e-9 * k);
  const double h = Hill(x, k, a);
  return beta * a * h * (1 - h) / x;
}

Interval90 ChannelResponse::RevenueAt(double spend_per_day) const {
  std::vector<double> values;
  for (const ResponseDraw& draw : draws) values.push_back(draw.At(spend_per_day));
  return Summary(std::move(values));
}

Interval90 ChannelResponse::MarginalAt(double spend_per_day) const {
  std::vector<double> values;
  for (const ResponseDraw& draw : draws) values.push_back(draw.MarginalAt(spend_per_day));
  return Summary(std::move(values));
}

Result<ResponseFit> FitResponse(const ResponseData& data, const ResponseOptions& options) {
  MAXOPT_CHECK(Check(data));
  if (options.draws < 20 || options.sweeps < options.draws || options.warm_up < 0) {
    return Fail(Errc::kInvalidArgument, "at least 20 draws, and as many sweeps, are needed");
  }
  return Sampler(data, options).Run();
}

}  // namespace maxopt
