#include "decide/periods/periods.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <string_view>
#include <utility>

#include "decide/periods/flow.h"

namespace maxopt {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using Family = ResponseCurve::Family;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kPeriodsMax = 520;       // ten years of weeks
constexpr std::size_t kTailMax = 200;  // periods after the last one
constexpr double kTailLeft = 1e-6;     // of the stock, where the tail ends
constexpr double kEvaluations = 2e7;   // of curves, while money is moved in whole units

/// The concave envelope of a curve from a stock of 0 on: a straight line to where it touches, then
/// the curve.
class Envelope {
 public:
  Envelope(const ResponseCurve& curve, double highest) : curve_(&curve) {
    const double inflection = curve.Inflection();
    at_zero_ = curve.At(0);
    if (!(inflection > 0) || !(highest > 0)) return;
    const auto below = [&](double x) {
      return curve.At(x) - at_zero_ - curve.SlopeAfter(x) * x < 0;
    };
    double from = std::min(inflection, highest), to = highest;
    if (!below(to)) {
      for (int i = 0; i < 200 && to - from > 1e-13 * to; ++i) {
        const double middle = 0.5 * (from + to);
        (below(middle) ? from : to) = middle;
      }
    }
    bend_ = to;
    line_ = (curve.At(bend_) - at_zero_) / bend_;
  }
  bool straight() const { return bend_ > 0; }
  double At(double x) const { return x < bend_ ? at_zero_ + line_ * x : curve_->At(x); }
  double Slope(double x) const { return x < bend_ ? line_ : curve_->SlopeAfter(x); }
  double Curvature(double x) const { return x <= bend_ ? 0 : std::min(0.0, curve_->Curvature(x)); }

 private:
  const ResponseCurve* curve_;
  double at_zero_ = 0, bend_ = 0, line_ = 0;
};

/// A channel as a function of its spends.
class Course {
 public:
  Course(const PeriodsProblem::Channel& channel, std::size_t periods, bool tail, double highest)
      : channel_(&channel), periods_(periods), envelope_(channel.curve, highest) {
    season_ = channel.season;
    season_.resize(periods, 1.0);
    if (!tail || channel.carry <= 0) return;
    const double mean =
        std::accumulate(season_.begin(), season_.end(), 0.0) / static_cast<double>(periods);
    const double after = std::ceil(std::log(kTailLeft) / std::log(channel.carry));
    season_.resize(periods + std::min(kTailMax, static_cast<std::size_t>(after)), mean);
  }

  /// Stocks of the periods and the tail.
  std::vector<double> Stocks(const std::vector<double>& spend) const {
    std::vector<double> out(season_.size());
    double stock = channel_->before;
    for (std::size_t t = 0; t < out.size(); ++t) {
      stock = channel_->carry * stock + (t < periods_ ? (1 - channel_->carry) * spend[t] : 0);
      out[t] = stock;
    }
    return out;
  }
  struct Value {
    double within = 0, after = 0;
  };
  /// On the curve as it is.
  Value Response(const std::vector<double>& spend) const {
    Value out;
    const std::vector<double> stocks = Stocks(spend);
    for (std::size_t t = 0; t < stocks.size(); ++t) {
      (t < periods_ ? out.within : out.after) += season_[t] * channel_->curve.At(stocks[t]);
    }
    return out;
  }
  double OnEnvelope(const std::vector<double>& spend) const {
    const std::vector<double> stocks = Stocks(spend);
    double out = 0;
    for (std::size_t t = 0; t < stocks.size(); ++t) out += season_[t] * envelope_.At(stocks[t]);
    return out;
  }
  /// Slopes by period of the spend, of the envelope or of the curve as it is.
  std::vector<double> Gradient(const std::vector<double>& spend, bool envelope) const {
    const std::vector<double> stocks = Stocks(spend);
    std::vector<double> out(periods_);
    double later = 0;
    for (std::size_t t = stocks.size(); t-- > 0;) {
      const double slope = season_[t] <= 0 ? 0
                           : envelope      ? envelope_.Slope(stocks[t])
                                           : channel_->curve.SlopeAfter(stocks[t]);
      // A stock of 0 may have a slope without end; without carry it is nobody else's.
      later = (channel_->carry > 0 ? channel_->carry * later : 0) +
              (slope > 0 ? season_[t] * slope : 0);
      if (t < periods_) out[t] = (1 - channel_->carry) * later;
    }
    return out;
  }
  /// Minus the second derivatives of the envelope: sums over later stocks, by recursion from the
  /// last one.
  MatrixXd Bend(const std::vector<double>& spend) const {
    const std::vector<double> stocks = Stocks(spend);
    const double carry = channel_->carry, share = (1 - carry) * (1 - carry);
    MatrixXd out(periods_, periods_);
    double later = 0;  // sum over t' >= t of carry^(2 (t' - t)) x season x curvature
    for (std::size_t t = stocks.size(); t-- > 0;) {
      later = (carry > 0 ? carry * carry * later : 0) -
              (season_[t] > 0 ? season_[t] * envelope_.Curvature(stocks[t]) : 0);
      if (t >= periods_) continue;
      double at = share * later;
      for (std::size_t u = t + 1; u-- > 0;) {
        const auto row = static_cast<Eigen::Index>(t), column = static_cast<Eigen::Index>(u);
        out(row, column) = out(column, row) = at;
        at *= carry;
      }
    }
    return out;
  }
  bool straight() const { return envelope_.straight(); }
  std::size_t length() const { return season_.size(); }

 private:
  const PeriodsProblem::Channel* channel_;
  std::size_t periods_;
  Envelope envelope_;
  std::vector<double> season_;
};

/// A sum over cells that is bounded.
struct Row {
  double low, high;  ///< scaled
  enum class Of { kTotal, kPeriod, kChannel } of;
  std::size_t which;
};

class Planner {
 public:
  explicit Planner(const PeriodsProblem& problem) : problem_(problem) {}

  Result<PeriodsAnswer> Run() {
    MAXOPT_CHECK(Read());
    MAXOPT_CHECK(Feasible());
    for (std::size_t c = 0; c < n_; ++c) {
      courses_.emplace_back(At(c), t_, problem_.end == PeriodsProblem::End::kRunOut, Highest(c));
    }
    MakeRows();
    std::vector<std::vector<double>> x = Interior();
    const double bound = Bound(x);
    const WholePlan dense = whole_;
    Whole(x);
    const double best = Improve(bound);
    if (std::any_of(courses_.begin(), courses_.end(),
                    [](const Course& c) { return c.straight(); })) {
      // The envelope spreads money where the curve wants it together; a plan that is as dense as a
      // flow leaves it may climb higher.
      WholePlan spread = std::exchange(whole_, dense);
      if (Improve(bound) <= best) whole_ = std::move(spread);
    }
    return Result<PeriodsAnswer>(Describe(bound));
  }

 private:
  using Cells = std::vector<std::vector<double>>;
  using Range = PlanBounds::Range;

  /// Channels in the order of their ids, so that no sum depends on the input's order.
  const PeriodsProblem::Channel& At(std::size_t c) const { return problem_.channels[order_[c]]; }
  std::string Text(double minor) const {
    return fmt::format("{:.{}f}", minor * unit_, problem_.decimals);
  }
  static std::unexpected<Error> Wrong(std::string what) {
    return Fail(Errc::kInvalidArgument, std::move(what));
  }

  Result<std::int64_t> Minor(double amount, bool up, const std::string& what) const {
    const double minor = amount / unit_;
    if (!(std::abs(minor) < 1e15)) {
      return Wrong(fmt::format("{} is {}: beyond what can be counted", what, amount));
    }
    // 1e-6 of a minor unit is how a decimal number came to its nearest double.
    return static_cast<std::int64_t>(up ? std::ceil(minor - 1e-6) : std::floor(minor + 1e-6));
  }
  Result<std::int64_t> Exactly(double amount, const std::string& what) const {
    if (!(amount >= 0)) return Wrong(fmt::format("{} is {}; it must be >= 0", what, amount));
    MAXOPT_TRY(const std::int64_t minor, Minor(amount, false, what));
    if (std::abs(static_cast<double>(minor) - amount / unit_) > 1e-4) {
      return Wrong(fmt::format("{} is {}: not a whole number of {}", what, amount, unit_));
    }
    return minor;
  }
  Result<Range> Limits(const PeriodsProblem::Bounds& bounds, const std::string& what) const {
    if (!(bounds.min >= 0) || !(bounds.max >= bounds.min)) {
      return Wrong(fmt::format("{}: bounds {} to {} hold nothing", what, bounds.min, bounds.max));
    }
    MAXOPT_TRY(const std::int64_t low, Minor(bounds.min, true, what + " min"));
    std::int64_t high = budget_;
    if (bounds.max < problem_.budget) {
      MAXOPT_TRY(high, Minor(bounds.max, false, what + " max"));
    }
    if (low > high && low > budget_) {
      return Wrong(fmt::format("infeasible: {}: its min {} is more than the budget {}: {} too much",
                               what, Text(double(low)), Text(double(budget_)),
                               Text(double(low - budget_))));
    }
    if (low > high) {
      return Wrong(fmt::format("{}: no whole number of {} lies between {} and {}", what, unit_,
                               bounds.min, bounds.max));
    }
    return Range{low, high};
  }

  Result<> Read() {
    n_ = problem_.channels.size();
    if (n_ == 0) return Wrong("no channel to give money to");
    if (problem_.periods < 1 || problem_.periods > kPeriodsMax) {
      return Wrong(fmt::format("periods are 1 to {}; there are {}", kPeriodsMax, problem_.periods));
    }
    t_ = static_cast<std::size_t>(problem_.periods);
    if (problem_.decimals < 0 || problem_.decimals > 6) return Wrong("decimals are 0 to 6");
    unit_ = std::pow(10.0, -problem_.decimals);
    MAXOPT_TRY(budget_, Exactly(problem_.budget, "budget"));
    order_.resize(n_);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      return problem_.channels[a].id < problem_.channels[b].id;
    });
    for (std::size_t c = 0; c < n_; ++c) {
      if (c > 0 && At(c).id == At(c - 1).id) {
        return Wrong(fmt::format("channel {} is there twice", At(c).id));
      }
      MAXOPT_CHECK(ReadChannel(c));
    }
    if (!problem_.period_bounds.empty() && problem_.period_bounds.size() != t_) {
      return Wrong(fmt::format("period_bounds has {} entries, there are {} periods",
                               problem_.period_bounds.size(), t_));
    }
    for (std::size_t t = 0; t < t_; ++t) {
      Range range{0, budget_};
      const bool history =
          std::all_of(problem_.channels.begin(), problem_.channels.end(),
                      [&](const auto& channel) { return t < channel.spent.size(); });
      if (!problem_.period_bounds.empty() && !history) {
        MAXOPT_TRY(range, Limits(problem_.period_bounds[t], fmt::format("period {}", t + 1)));
      }
      bounds_.periods.push_back(range);
    }
    bounds_.total = budget_;
    return {};
  }

  Result<> ReadChannel(std::size_t c) {
    const PeriodsProblem::Channel& channel = At(c);
    const std::string name = "channel " + channel.id;
    if (const auto good = channel.curve.Check(); !good) {
      return Wrong(fmt::format("{}: curve: {}", name, good.error().what));
    }
    if (channel.curve.family == Family::kPiecewise) {
      return Wrong(name + ": a piecewise curve cannot be planned over periods; another family can");
    }
    if (!(channel.carry >= 0 && channel.carry < 1)) {
      return Wrong(fmt::format("{}: carry is {}; it must be in [0, 1)", name, channel.carry));
    }
    if (!(channel.before >= 0) || !std::isfinite(channel.before)) {
      return Wrong(fmt::format("{}: before is {}; it must be a number >= 0", name, channel.before));
    }
    const auto sized = [&](std::string_view what, std::size_t size) -> Result<> {
      if (size == 0 || size == t_) return {};
      return Wrong(
          fmt::format("{}: {} has {} entries, there are {} periods", name, what, size, t_));
    };
    MAXOPT_CHECK(sized("season", channel.season.size()));
    MAXOPT_CHECK(sized("on", channel.on.size()));
    MAXOPT_CHECK(sized("bounds", channel.bounds.size()));
    for (const double factor : channel.season) {
      if (!(factor >= 0) || !std::isfinite(factor)) {
        return Wrong(
            fmt::format("{}: a season factor is {}; it must be a number >= 0", name, factor));
      }
    }
    if (channel.spent.size() > t_) {
      return Wrong(fmt::format("{}: spent has {} entries, there are {} periods", name,
                               channel.spent.size(), t_));
    }
    std::vector<Range>& cells = bounds_.cells.emplace_back();
    for (std::size_t t = 0; t < t_; ++t) {
      const std::string what = fmt::format("{} in period {}", name, t + 1);
      if (t < channel.spent.size()) {
        MAXOPT_TRY(const std::int64_t spent, Exactly(channel.spent[t], what + ": spent"));
        cells.push_back({spent, spent});
      } else if (!channel.on.empty() && !channel.on[t]) {
        cells.push_back({0, 0});
      } else if (channel.bounds.empty()) {
        cells.push_back({0, budget_});
      } else {
        MAXOPT_TRY(const Range range, Limits(channel.bounds[t], what));
        cells.push_back(range);
      }
    }
    MAXOPT_TRY(const Range total, Limits(channel.total, name + " in all"));
    bounds_.channels.push_back(total);
    return {};
  }

  /// Names the first sum whose parts cannot be what it must be; then asks for all of them at once.
  Result<> Feasible() {
    std::int64_t spent = 0;
    for (std::size_t c = 0; c < n_; ++c) {
      for (std::size_t t = 0; t < At(c).spent.size(); ++t) spent += bounds_.cells[c][t].low;
    }
    if (spent > budget_) {
      return Wrong(fmt::format("infeasible: {} is spent already, the budget is {}: {} too much",
                               Text(double(spent)), Text(double(budget_)),
                               Text(double(spent - budget_))));
    }
    const auto fits = [&](const std::string& what, Range sum, Range parts,
                          std::string_view of) -> Result<> {
      if (parts.low > sum.high) {
        return Wrong(
            fmt::format("infeasible: {}: the minima of its {} come to {}, its max is {}: "
                        "{} too much",
                        what, of, Text(double(parts.low)), Text(double(sum.high)),
                        Text(double(parts.low - sum.high))));
      }
      if (parts.high < sum.low) {
        return Wrong(
            fmt::format("infeasible: {} must have {} and its {} take at most {}: {} cannot "
                        "be placed",
                        what, Text(double(sum.low)), of, Text(double(parts.high)),
                        Text(double(sum.low - parts.high))));
      }
      return {};
    };
    Range all_channels{0, 0}, all_periods{0, 0};
    const auto add = [&](Range& to, Range sum, Range parts) {
      to.low += std::max(sum.low, parts.low);
      to.high += std::min(sum.high, parts.high);
    };
    for (std::size_t c = 0; c < n_; ++c) {
      Range parts{0, 0};
      for (const Range& cell : bounds_.cells[c]) parts.low += cell.low, parts.high += cell.high;
      MAXOPT_CHECK(fits("channel " + At(c).id, bounds_.channels[c], parts, "periods"));
      add(all_channels, bounds_.channels[c], parts);
    }
    for (std::size_t t = 0; t < t_; ++t) {
      Range parts{0, 0};
      for (const auto& cells : bounds_.cells)
        parts.low += cells[t].low, parts.high += cells[t].high;
      MAXOPT_CHECK(fits(fmt::format("period {}", t + 1), bounds_.periods[t], parts, "channels"));
      add(all_periods, bounds_.periods[t], parts);
    }
    const Range budget{budget_, budget_};
    MAXOPT_CHECK(fits("the budget", budget, all_channels, "channels"));
    MAXOPT_CHECK(fits("the budget", budget, all_periods, "periods"));
    whole_ = FindWholePlan(bounds_);
    if (whole_.missing > 0) {
      return Wrong(fmt::format(
          "infeasible: each period and each channel could keep its bounds, but not all of them "
          "together: {} is asked for twice or has no place",
          Text(double(whole_.missing))));
    }
    return {};
  }

  /// The largest stock that a channel can come to.
  double Highest(std::size_t c) const {
    double highest = At(c).before;
    for (const Range& cell : bounds_.cells[c]) {
      highest = std::max(highest, double(std::min(cell.high, bounds_.channels[c].high)) * unit_);
    }
    return highest;
  }

  void MakeRows() {
    for (std::size_t c = 0; c < n_; ++c) {
      for (std::size_t t = 0; t < t_; ++t) {
        if (bounds_.cells[c][t].high > bounds_.cells[c][t].low) ++free_;
      }
    }
    scale_ = std::max(1.0, double(budget_)) * unit_ / double(std::max<std::size_t>(1, free_));
    const auto row = [&](Row::Of of, std::size_t which, Range sum, Range parts) {
      // What its cells keep by themselves needs no row.
      if (of != Row::Of::kTotal && sum.low <= parts.low && sum.high >= parts.high) return;
      const auto scaled = [&](std::int64_t minor) { return double(minor) * unit_ / scale_; };
      rows_.push_back({scaled(std::max(sum.low, parts.low)), scaled(std::min(sum.high, parts.high)),
                       of, which});
    };
    row(Row::Of::kTotal, 0, {budget_, budget_}, {0, std::numeric_limits<std::int64_t>::max()});
    for (std::size_t t = 0; t < t_; ++t) {
      Range parts{0, 0};
      for (const auto& cells : bounds_.cells)
        parts.low += cells[t].low, parts.high += cells[t].high;
      row_of_period_.push_back(rows_.size());
      row(Row::Of::kPeriod, t, bounds_.periods[t], {parts.low, std::min(parts.high, budget_)});
      if (rows_.size() == row_of_period_.back()) row_of_period_.back() = kNone;
    }
    for (std::size_t c = 0; c < n_; ++c) {
      Range parts{0, 0};
      for (const Range& cell : bounds_.cells[c]) parts.low += cell.low, parts.high += cell.high;
      row_of_channel_.push_back(rows_.size());
      row(Row::Of::kChannel, c, bounds_.channels[c], {parts.low, std::min(parts.high, budget_)});
      if (rows_.size() == row_of_channel_.back()) row_of_channel_.back() = kNone;
    }
    prices_ = VectorXd::Zero(static_cast<Eigen::Index>(rows_.size()));
  }

  double Low(std::size_t c, std::size_t t) const {
    return double(bounds_.cells[c][t].low) * unit_ / scale_;
  }
  /// No cell takes more than all rows leave it, so that boxes are no larger than they need be.
  double High(std::size_t c, std::size_t t) const {
    const std::int64_t high = std::min(
        {bounds_.cells[c][t].high, bounds_.channels[c].high, bounds_.periods[t].high, budget_});
    return double(std::max(high, bounds_.cells[c][t].low)) * unit_ / scale_;
  }
  template <class F>
  void RowsOf(std::size_t c, std::size_t t, F f) const {
    f(std::size_t{0});
    if (row_of_period_[t] != kNone) f(row_of_period_[t]);
    if (row_of_channel_[c] != kNone) f(row_of_channel_[c]);
  }

  /// Everything that the interior-point method moves, and its right-hand sides.
  struct Point {
    Cells x, zl, zu;
    VectorXd s, wl, wu, y;
  };
  struct Residuals {
    Cells x, cl, cu;
    VectorXd s, p, dl, du;
    double norm = 0;
  };

  /// Where x - low or high - x is no more than this of the box, the box is closed.
  bool Free(std::size_t c, std::size_t t) const { return High(c, t) > Low(c, t); }
  bool Open(std::size_t k) const { return rows_[k].high > rows_[k].low; }

  Residuals Measure(const Point& at, double mu) const {
    Residuals out{at.x, at.x, at.x, at.s, at.s, at.s, at.s, 0};
    VectorXd sums = VectorXd::Zero(at.s.size());
    double square = 0;
    for (std::size_t c = 0; c < n_; ++c) {
      const std::vector<double> gradient = Slopes(c, at.x[c]);
      for (std::size_t t = 0; t < t_; ++t) {
        RowsOf(c, t, [&](std::size_t k) { sums[Eigen::Index(k)] += at.x[c][t]; });
        if (!Free(c, t)) {
          out.x[c][t] = out.cl[c][t] = out.cu[c][t] = 0;
          continue;
        }
        double price = 0;
        RowsOf(c, t, [&](std::size_t k) { price += at.y[Eigen::Index(k)]; });
        out.x[c][t] = -gradient[t] + price - at.zl[c][t] + at.zu[c][t];
        out.cl[c][t] = at.zl[c][t] * (at.x[c][t] - Low(c, t)) - mu;
        out.cu[c][t] = at.zu[c][t] * (High(c, t) - at.x[c][t]) - mu;
        square +=
            out.x[c][t] * out.x[c][t] + out.cl[c][t] * out.cl[c][t] + out.cu[c][t] * out.cu[c][t];
      }
    }
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      const auto k = Eigen::Index(row);
      out.p[k] = sums[k] - at.s[k];
      out.s[k] = out.dl[k] = out.du[k] = 0;
      if (Open(row)) {
        out.s[k] = -at.y[k] - at.wl[k] + at.wu[k];
        out.dl[k] = at.wl[k] * (at.s[k] - rows_[row].low) - mu;
        out.du[k] = at.wu[k] * (rows_[row].high - at.s[k]) - mu;
      }
      square +=
          out.p[k] * out.p[k] + out.s[k] * out.s[k] + out.dl[k] * out.dl[k] + out.du[k] * out.du[k];
    }
    out.norm = std::sqrt(square);
    return out;
  }

  std::vector<double> Spend(const std::vector<double>& scaled) const {
    std::vector<double> out = scaled;
    for (double& value : out) value *= scale_;
    return out;
  }
  /// Response per scaled spend, in parts of `worth_`.
  std::vector<double> Slopes(std::size_t c, const std::vector<double>& scaled) const {
    std::vector<double> out = courses_[c].Gradient(Spend(scaled), true);
    for (double& slope : out) slope *= scale_ / worth_;
    return out;
  }

  Cells Interior() {
    const auto rows = static_cast<Eigen::Index>(rows_.size());
    Point at;
    double low = 0, room = 0;
    for (std::size_t c = 0; c < n_; ++c) {
      for (std::size_t t = 0; t < t_; ++t) low += Low(c, t), room += High(c, t) - Low(c, t);
    }
    const double part =
        room > 0 ? std::clamp((double(budget_) * unit_ / scale_ - low) / room, 0.001, 0.999) : 0;
    at.x.assign(n_, std::vector<double>(t_));
    for (std::size_t c = 0; c < n_; ++c) {
      for (std::size_t t = 0; t < t_; ++t) {
        at.x[c][t] = Low(c, t) + part * (High(c, t) - Low(c, t));
      }
    }
    // Slopes of about one.
    double largest = 0, sum = 0, count = 0;
    for (std::size_t c = 0; c < n_; ++c) {
      const std::vector<double> slopes = courses_[c].Gradient(Spend(at.x[c]), true);
      for (std::size_t t = 0; t < t_; ++t) {
        if (!Free(c, t) || !std::isfinite(slopes[t])) continue;
        largest = std::max(largest, slopes[t]);
        sum += slopes[t];
        ++count;
      }
    }
    if (count == 0 || !(largest > 0)) return at.x;  // nothing to choose, or nothing to gain
    worth_ = sum / count * scale_;
    at.s = VectorXd::Zero(rows);
    at.y = at.wl = at.wu = at.s;
    for (std::size_t k = 0; k < rows_.size(); ++k) {
      const Row& row = rows_[k];
      at.s[Eigen::Index(k)] = 0.5 * (row.low + row.high);
      if (Open(k)) at.wl[Eigen::Index(k)] = at.wu[Eigen::Index(k)] = 0.1;
    }
    at.y[0] = 1;
    at.zl.assign(n_, std::vector<double>(t_, 0.1));
    at.zu = at.zl;

    for (int i = 0; i < 150; ++i) {
      double gap = 0, pairs = 0;
      ForPairs(at, [&](double z, double distance) { gap += z * distance, ++pairs; });
      const Residuals now = Measure(at, 0);
      if (gap < 1e-12 * double(free_) && now.p.norm() < 1e-10 * double(free_)) break;
      const double mu = pairs > 0 ? 0.1 * gap / pairs : 0;
      Point step;
      if (!Newton(at, mu, step)) break;
      double length = 1;
      ForSteps(at, step, [&](double value, double change) {
        if (change < 0) length = std::min(length, -0.995 * value / change);
      });
      const double from = Measure(at, mu).norm;
      Point next = at;
      bool moved = false;
      for (int halving = 0; halving < 40; ++halving, length *= 0.5) {
        next = Moved(at, step, length);
        if (Measure(next, mu).norm <= (1 - 0.01 * length) * from) {
          moved = true;
          break;
        }
      }
      if (!moved) break;
      at = std::move(next);
    }
    prices_ = at.y;
    return at.x;
  }

  /// f(multiplier, distance to its bound) of all bounds.
  template <class F>
  void ForPairs(const Point& at, F f) const {
    for (std::size_t c = 0; c < n_; ++c) {
      for (std::size_t t = 0; t < t_; ++t) {
        if (!Free(c, t)) continue;
        f(at.zl[c][t], at.x[c][t] - Low(c, t));
        f(at.zu[c][t], High(c, t) - at.x[c][t]);
      }
    }
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      if (!Open(row)) continue;
      const auto k = Eigen::Index(row);
      f(at.wl[k], at.s[k] - rows_[row].low);
      f(at.wu[k], rows_[row].high - at.s[k]);
    }
  }
  /// f(value, change) of everything that has to stay above 0.
  template <class F>
  void ForSteps(const Point& at, const Point& step, F f) const {
    for (std::size_t c = 0; c < n_; ++c) {
      for (std::size_t t = 0; t < t_; ++t) {
        if (!Free(c, t)) continue;
        f(at.x[c][t] - Low(c, t), step.x[c][t]);
        f(High(c, t) - at.x[c][t], -step.x[c][t]);
        f(at.zl[c][t], step.zl[c][t]);
        f(at.zu[c][t], step.zu[c][t]);
      }
    }
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      if (!Open(row)) continue;
      const auto k = Eigen::Index(row);
      f(at.s[k] - rows_[row].low, step.s[k]);
      f(rows_[row].high - at.s[k], -step.s[k]);
      f(at.wl[k], step.wl[k]);
      f(at.wu[k], step.wu[k]);
    }
  }
  Point Moved(const Point& at, const Point& step, double length) const {
    Point out = at;
    for (std::size_t c = 0; c < n_; ++c) {
      for (std::size_t t = 0; t < t_; ++t) {
        if (!Free(c, t)) continue;
        out.x[c][t] += length * step.x[c][t];
        out.zl[c][t] += length * step.zl[c][t];
        out.zu[c][t] += length * step.zu[c][t];
      }
    }
    out.s += length * step.s;
    out.y += length * step.y;
    out.wl += length * step.wl;
    out.wu += length * step.wu;
    return out;
  }

  /// The Newton step on the conditions of optimality with complementarity mu. Each channel's block
  /// is solved by itself; what is left is one row a bounded sum.
  bool Newton(const Point& at, double mu, Point& step) const {
    const auto rows = static_cast<Eigen::Index>(rows_.size());
    MatrixXd schur = MatrixXd::Zero(rows, rows);
    VectorXd right = VectorXd::Zero(rows), sums = VectorXd::Zero(rows);
    std::vector<MatrixXd> inverse(n_);
    std::vector<VectorXd> target(n_);
    const auto size = static_cast<Eigen::Index>(t_);
    for (std::size_t c = 0; c < n_; ++c) {
      MatrixXd block = courses_[c].Bend(Spend(at.x[c])) * (scale_ * scale_ / worth_);
      VectorXd b = VectorXd::Zero(size);
      const std::vector<double> slopes = Slopes(c, at.x[c]);
      for (std::size_t t = 0; t < t_; ++t) {
        const auto k = Eigen::Index(t);
        RowsOf(c, t, [&](std::size_t row) { sums[Eigen::Index(row)] += at.x[c][t]; });
        if (!Free(c, t)) {
          block.row(k).setZero();
          block.col(k).setZero();
          block(k, k) = 1;
          continue;
        }
        const double below = at.x[c][t] - Low(c, t), above = High(c, t) - at.x[c][t];
        block(k, k) += at.zl[c][t] / below + at.zu[c][t] / above + 1e-14;
        double price = 0;
        RowsOf(c, t, [&](std::size_t row) { price += at.y[Eigen::Index(row)]; });
        b[k] = slopes[t] - price + mu / below - mu / above;
      }
      if (!block.allFinite() || !b.allFinite()) return false;
      const Eigen::LLT<MatrixXd> factor(block);
      if (factor.info() != Eigen::Success) return false;
      inverse[c] = factor.solve(MatrixXd::Identity(size, size));
      target[c] = b;
      const VectorXd solved = inverse[c] * b;
      for (std::size_t t = 0; t < t_; ++t) {
        if (!Free(c, t)) continue;
        RowsOf(c, t, [&](std::size_t row) {
          right[Eigen::Index(row)] += solved[Eigen::Index(t)];
          for (std::size_t u = 0; u < t_; ++u) {
            if (!Free(c, u)) continue;
            RowsOf(c, u, [&](std::size_t other) {
              schur(Eigen::Index(row), Eigen::Index(other)) +=
                  inverse[c](Eigen::Index(t), Eigen::Index(u));
            });
          }
        });
      }
    }
    VectorXd weight = VectorXd::Zero(rows), bs = VectorXd::Zero(rows);
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      const auto k = Eigen::Index(row);
      right[k] -= at.s[k] - sums[k];
      schur(k, k) += 1e-14;
      if (!Open(row)) continue;
      const double below = at.s[k] - rows_[row].low, above = rows_[row].high - at.s[k];
      weight[k] = at.wl[k] / below + at.wu[k] / above;
      bs[k] = at.y[k] + mu / below - mu / above;
      schur(k, k) += 1 / weight[k];
      right[k] -= bs[k] / weight[k];
    }
    const VectorXd dy = schur.ldlt().solve(right);
    if (!dy.allFinite()) return false;
    step = at;
    step.y = dy;
    for (std::size_t c = 0; c < n_; ++c) {
      VectorXd b = target[c];
      for (std::size_t t = 0; t < t_; ++t) {
        if (!Free(c, t)) continue;
        RowsOf(c, t, [&](std::size_t row) { b[Eigen::Index(t)] -= dy[Eigen::Index(row)]; });
      }
      const VectorXd dx = inverse[c] * b;
      for (std::size_t t = 0; t < t_; ++t) {
        step.x[c][t] = step.zl[c][t] = step.zu[c][t] = 0;
        if (!Free(c, t)) continue;
        const double d = dx[Eigen::Index(t)];
        const double below = at.x[c][t] - Low(c, t), above = High(c, t) - at.x[c][t];
        step.x[c][t] = d;
        step.zl[c][t] = mu / below - at.zl[c][t] - at.zl[c][t] / below * d;
        step.zu[c][t] = mu / above - at.zu[c][t] + at.zu[c][t] / above * d;
      }
    }
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      const auto k = Eigen::Index(row);
      step.s[k] = step.wl[k] = step.wu[k] = 0;
      if (!Open(row)) continue;
      const double below = at.s[k] - rows_[row].low, above = rows_[row].high - at.s[k];
      step.s[k] = (bs[k] + dy[k]) / weight[k];
      step.wl[k] = mu / below - at.wl[k] - at.wl[k] / below * step.s[k];
      step.wu[k] = mu / above - at.wu[k] + at.wu[k] / above * step.s[k];
    }
    return true;
  }

  /// No plan within the bounds brings more: the tangent at x, at its highest for these prices.
  double Bound(const Cells& x) const {
    double out = 0;
    for (std::size_t k = 0; k < rows_.size(); ++k) {
      const double price = prices_[Eigen::Index(k)];
      out += worth_ * price * (price > 0 ? rows_[k].high : rows_[k].low);
    }
    for (std::size_t c = 0; c < n_; ++c) {
      out += courses_[c].OnEnvelope(Spend(x[c]));
      const std::vector<double> slopes = Slopes(c, x[c]);
      for (std::size_t t = 0; t < t_; ++t) {
        double price = 0;
        RowsOf(c, t, [&](std::size_t k) { price += prices_[Eigen::Index(k)]; });
        // A slope without end belongs to a cell that is held at nothing.
        const double slope = std::isfinite(slopes[t]) ? slopes[t] : Free(c, t) ? kInfinity : 0;
        const double left = slope - price;
        out += worth_ * (left * (left > 0 ? High(c, t) : Low(c, t)) - slope * x[c][t]);
      }
    }
    return out;
  }

  /// Whole minor units next to x.
  void Whole(const Cells& x) {
    for (std::int64_t reach = 1; reach < budget_ + 2; reach *= 4) {
      PlanBounds near = bounds_;
      for (std::size_t c = 0; c < n_; ++c) {
        for (std::size_t t = 0; t < t_; ++t) {
          Range& cell = near.cells[c][t];
          const auto down = static_cast<std::int64_t>(std::floor(x[c][t] * scale_ / unit_));
          const Range whole = cell;
          cell.low = std::clamp(down - (reach - 1), whole.low, whole.high);
          cell.high = std::clamp(down + reach, whole.low, whole.high);
        }
      }
      WholePlan plan = FindWholePlan(near);
      if (plan.missing > 0) continue;
      whole_ = std::move(plan);
      return;
    }
  }

  std::vector<double> Units(const std::vector<std::int64_t>& minor) const {
    std::vector<double> out;
    for (const std::int64_t amount : minor) out.push_back(double(amount) * unit_);
    return out;
  }
  double Total(std::size_t c, const std::vector<std::int64_t>& minor) const {
    const Course::Value value = courses_[c].Response(Units(minor));
    return value.within + value.after;
  }

  /// Where a minor unit is a large part of a spend, and where a curve is not its envelope, the
  /// rounded plan is not the best whole one: moves money between cells, in amounts that shrink to
  /// one minor unit, while that brings more.
  double Improve(double bound) {
    double response = 0;
    std::size_t length = 0;
    bool straight = false;
    std::vector<double> value(n_);
    for (std::size_t c = 0; c < n_; ++c) {
      response += value[c] = Total(c, whole_.amounts[c]);
      length = std::max(length, courses_[c].length());
      straight = straight || courses_[c].straight();
    }
    const double enough = 1e-10 * std::abs(bound);
    const double cost = double(free_) * 2 * double(length);  // of looking once at every cell
    double left = kEvaluations;
    // Curves that bend upward first are rewarded for moves of any size; then small moves may have
    // opened the way for large ones again.
    for (bool again = true; again;) {
      again = false;
      for (const std::int64_t amount : Amounts(straight)) {
        while (bound - response > enough && left > cost) {
          left -= cost;
          const double gained = Move(amount, value, left, double(length));
          if (!(gained > 0)) break;
          response += gained;
          again = straight;
        }
      }
    }
    return response;
  }

  /// Amounts to move, the largest first: the minor unit; on curves that bend upward first its
  /// powers of two as well, and what empties or fills a cell.
  std::vector<std::int64_t> Amounts(bool straight) const {
    std::set<std::int64_t, std::greater<>> out{1};
    for (std::int64_t amount = 2; straight && amount < budget_; amount *= 2) out.insert(amount);
    constexpr std::size_t kMost = 100;  // beside each of them every pair of cells is looked at
    for (std::size_t c = 0; straight && c < n_; ++c) {
      for (std::size_t t = 0; t < t_ && out.size() < kMost; ++t) {
        const Range& range = bounds_.cells[c][t];
        const std::int64_t cell = whole_.amounts[c][t];
        if (cell > range.low) out.insert(cell - range.low);
        if (cell < range.high && range.high <= budget_) out.insert(range.high - cell);
      }
    }
    return {out.begin(), out.end()};
  }

  struct Offer {
    double change;
    std::size_t c, t;
  };
  double Move(std::int64_t amount, std::vector<double>& value, double& left, double length) {
    std::vector<Offer> gains, losses;
    for (std::size_t c = 0; c < n_; ++c) {
      for (std::size_t t = 0; t < t_; ++t) {
        for (const bool up : {true, false}) {
          std::int64_t& cell = whole_.amounts[c][t];
          const std::int64_t was = cell;
          cell += up ? amount : -amount;
          const Range& range = bounds_.cells[c][t];
          if (cell >= range.low && cell <= range.high) {
            (up ? gains : losses).push_back({Total(c, whole_.amounts[c]) - value[c], c, t});
          }
          cell = was;
        }
      }
    }
    const auto best = [](std::vector<Offer>& offers) {
      std::stable_sort(offers.begin(), offers.end(),
                       [](const Offer& a, const Offer& b) { return a.change > b.change; });
    };
    best(gains);
    best(losses);
    // Those that promise most are tried; within a channel the promise is not exact.
    constexpr std::size_t kTried = 40;
    double most = 1e-13 * std::abs(std::accumulate(value.begin(), value.end(), 0.0));
    const Offer* to = nullptr;
    const Offer* from = nullptr;
    for (std::size_t g = 0; g < std::min(kTried, gains.size()); ++g) {
      for (std::size_t l = 0; l < std::min(kTried, losses.size()); ++l) {
        const Offer &a = gains[g], &b = losses[l];
        if (a.c == b.c && a.t == b.t) continue;
        if (!Keeps(a, b, amount)) continue;
        double change = a.change + b.change;
        if (a.c == b.c) {
          std::vector<std::int64_t> tried = whole_.amounts[a.c];
          tried[a.t] += amount;
          tried[b.t] -= amount;
          change = Total(a.c, tried) - value[a.c];
          left -= length;
        }
        if (change > most) most = change, to = &a, from = &b;
      }
    }
    if (!to) return 0;
    whole_.amounts[to->c][to->t] += amount;
    whole_.amounts[from->c][from->t] -= amount;
    const double before = value[to->c] + (to->c == from->c ? 0 : value[from->c]);
    value[to->c] = Total(to->c, whole_.amounts[to->c]);
    value[from->c] = Total(from->c, whole_.amounts[from->c]);
    return value[to->c] + (to->c == from->c ? 0 : value[from->c]) - before;
  }

  /// Whether the sums of periods and channels allow it.
  bool Keeps(const Offer& to, const Offer& from, std::int64_t amount) const {
    const auto within = [](std::int64_t sum, const Range& range) {
      return sum >= range.low && sum <= range.high;
    };
    if (to.t != from.t) {
      std::int64_t more = amount, less = -amount;
      for (const auto& cells : whole_.amounts) more += cells[to.t], less += cells[from.t];
      if (!within(more, bounds_.periods[to.t]) || !within(less, bounds_.periods[from.t])) {
        return false;
      }
    }
    if (to.c != from.c) {
      const auto sum = [&](std::size_t c) {
        const auto& cells = whole_.amounts[c];
        return std::accumulate(cells.begin(), cells.end(), std::int64_t{0});
      };
      if (!within(sum(to.c) + amount, bounds_.channels[to.c]) ||
          !within(sum(from.c) - amount, bounds_.channels[from.c])) {
        return false;
      }
    }
    return true;
  }

  PeriodsAnswer Describe(double bound) const {
    PeriodsAnswer out;
    out.minor.resize(n_);
    out.marginal.resize(n_);
    out.binding.resize(n_);
    out.channel_price.assign(n_, 0);
    out.period_price.assign(t_, 0);
    const double per_unit = worth_ / scale_;
    out.lambda = prices_[0] * per_unit;
    // Prices below this part of the budget's are the method's dust.
    const double dust = 1e-6 * std::max(std::abs(prices_[0]), 1e-12);
    const auto price = [&](std::size_t row) {
      if (row == kNone) return 0.0;
      const double value = prices_[Eigen::Index(row)];
      return std::abs(value) > dust ? value * per_unit : 0.0;
    };
    for (std::size_t t = 0; t < t_; ++t) out.period_price[t] = price(row_of_period_[t]);
    double within = 0;
    for (std::size_t c = 0; c < n_; ++c) {
      const std::size_t to = order_[c];
      out.minor[to] = whole_.amounts[c];
      const std::vector<double> spend = Units(whole_.amounts[c]);
      const Course::Value value = courses_[c].Response(spend);
      within += value.within;
      out.after += value.after;
      out.marginal[to] = courses_[c].Gradient(spend, false);
      out.channel_price[to] = price(row_of_channel_[c]);
      for (std::size_t t = 0; t < t_; ++t) {
        out.sum += whole_.amounts[c][t];
        out.binding[to].push_back(
            Binding(c, t, out.lambda, out.period_price[t], out.channel_price[to]));
      }
    }
    out.response = within + out.after;
    out.bound = std::max(bound, out.response);
    out.gap = out.bound != 0 ? (out.bound - out.response) / std::abs(out.bound) : 0;
    return out;
  }

  std::string Binding(std::size_t c, std::size_t t, double lambda, double period,
                      double channel) const {
    const PeriodsProblem::Channel& from = At(c);
    if (t < from.spent.size()) return "spent";
    if (!from.on.empty() && !from.on[t]) return "off";
    const Range& cell = bounds_.cells[c][t];
    const std::int64_t amount = whole_.amounts[c][t];
    if (amount == cell.low) return "min";
    if (amount == cell.high && (cell.high < budget_ || lambda > 0)) return "max";
    if (period != 0) return period > 0 ? "period max" : "period min";
    if (channel != 0) return channel > 0 ? "channel max" : "channel min";
    return "";
  }

  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  const PeriodsProblem& problem_;
  std::size_t n_ = 0, t_ = 0, free_ = 0;
  double unit_ = 0.01;
  double scale_ = 1;  // currency units of a scaled one
  double worth_ = 1;  // response of a scaled one
  std::int64_t budget_ = 0;
  std::vector<std::size_t> order_;
  PlanBounds bounds_;
  WholePlan whole_;
  std::vector<Course> courses_;
  std::vector<Row> rows_;
  std::vector<std::size_t> row_of_period_, row_of_channel_;
  VectorXd prices_;
};

}  // namespace

Result<PeriodsAnswer> PlanPeriods(const PeriodsProblem& problem) { return Planner(problem).Run(); }

}  // namespace maxopt
