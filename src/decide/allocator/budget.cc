#include "decide/allocator/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <mutex>
#include <queue>
#include <string_view>
#include <thread>
#include <utility>

namespace maxopt {
namespace {

__extension__ using Wide = __int128;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
using Family = ResponseCurve::Family;

/// Numbers are added as integers, so that a sum does not depend on the order: parts of `largest`
/// that leave 62 bits for it.
class FixedPoint {
 public:
  explicit FixedPoint(double largest)
      : scale_(largest > 0 ? std::exp2(61 - std::ceil(std::log2(largest))) : 1) {}
  Wide Of(double number) const { return std::llround(number * scale_); }
  double Real(Wide sum) const { return static_cast<double>(sum) / scale_; }

 private:
  double scale_;
};

/// f(begin, end) on parts of [0, n): on a second thread too where that is worth it.
template <class F>
void InParts(std::size_t n, F f) {
  constexpr std::size_t kWorthAThread = 4'096;
  if (n < kWorthAThread) return f(0, n);
  std::thread second([&] { f(n / 2, n); });
  f(0, n / 2);
  second.join();
}

/// The sum of f(i), i below n.
template <class F>
double ExactSum(std::size_t n, F f) {
  std::vector<double> terms(n);
  InParts(n, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) terms[i] = f(i);
  });
  double largest = 0;
  for (const double term : terms) largest = std::max(largest, std::abs(term));
  const FixedPoint fixed(largest);
  Wide sum = 0;
  for (const double term : terms) sum += fixed.Of(term);
  return fixed.Real(sum);
}

/// Finds the first id that is there twice. Open addressing over the ids' hashes: a node for each id
/// would take longer than the split of many channels.
class Ids {
 public:
  explicit Ids(const std::vector<BudgetProblem::Channel>& channels) : channels_(channels) {
    std::size_t size = 16;
    while (size < 2 * channels.size()) size *= 2;
    slots_.assign(size, Slot{0, 0});
  }
  /// Whether the id of channel i, whose hash is given, is new.
  bool Add(std::size_t i, std::size_t hash) {
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      Slot& slot = slots_[at];
      if (slot.next == 0) {
        slot = {tag, static_cast<std::uint32_t>(i + 1)};
        return true;
      }
      if (slot.tag == tag && channels_[slot.next - 1].id == channels_[i].id) return false;
    }
  }

 private:
  struct Slot {
    std::uint32_t tag, next;  ///< next: 1 + the channel's number; 0: empty
  };
  const std::vector<BudgetProblem::Channel>& channels_;
  std::vector<Slot> slots_;
};

/// Channels that are looked at unit by unit after rounding.
constexpr std::ptrdiff_t kFew = 2'000;

/// A channel in minor units, with its envelope. Price and slopes are response per minor unit.
struct Piece {
  double to, slope;  ///< the straight piece ends here
};
struct Side {
  const ResponseCurve* curve;
  double unit;                   ///< currency units a minor unit
  double low, high;              ///< bounds, whole minor units
  double low_value, high_value;  ///< responses at the bounds
  double bend;                ///< end of the straight line that begins at `low`; low: there is none
  double line;                ///< its slope
  double bend_slope;          ///< of the curve where the line ends, at most `line`
  double high_slope;          ///< of the curve at `high`
  double log_c, log_k;        ///< logarithms that Inverse needs at every price
  std::vector<Piece> pieces;  ///< of a piecewise curve instead: falling slopes
  double At(double minor) const { return curve->At(minor * unit); }
  double Slope(double minor) const { return curve->SlopeAfter(minor * unit) * unit; }
  /// The curve is its envelope.
  bool concave() const { return pieces.empty() && bend <= low; }
  /// Response of the envelope.
  double Envelope(double x) const {
    if (!pieces.empty()) {
      double value = low_value;
      double from = low;
      for (const Piece& piece : pieces) {
        value += piece.slope * (std::min(x, piece.to) - from);
        if (x <= piece.to) break;
        from = piece.to;
      }
      return value;
    }
    return x < bend ? low_value + line * (x - low) : At(x);
  }
};

/// The envelope at a whole budget and the ones next to it, each worked out once.
class Around {
 public:
  double Here(const Side& s, double at) {
    Shift(at);
    return Get(s, here_, at);
  }
  double Above(const Side& s, double at) {
    Shift(at);
    return Get(s, above_, at + 1);
  }
  double Below(const Side& s, double at) {
    Shift(at);
    return Get(s, below_, at - 1);
  }

 private:
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
  static double Get(const Side& s, double& value, double at) {
    if (std::isnan(value)) value = s.Envelope(at);
    return value;
  }
  void Shift(double at) {
    if (at == at_) return;
    if (at == at_ + 1) {
      below_ = std::exchange(here_, std::exchange(above_, kUnknown));
    } else if (at == at_ - 1) {
      above_ = std::exchange(here_, std::exchange(below_, kUnknown));
    } else {
      below_ = here_ = above_ = kUnknown;
    }
    at_ = at;
  }
  double at_ = kUnknown, below_ = kUnknown, here_ = kUnknown, above_ = kUnknown;
};

/// Where the line from (low, f(low)) touches the curve, above its inflection; `high` if it would
/// touch beyond.
double TangentPoint(const Side& s, double inflection) {
  const auto below = [&](double x) { return s.At(x) - s.low_value - s.Slope(x) * (x - s.low) < 0; };
  double from = std::max(s.low, std::min(inflection / s.unit, s.high));
  double to = s.high;
  if (below(to)) return to;
  for (int i = 0; i < 200 && to - from > 1e-12 * to; ++i) {
    const double middle = 0.5 * (from + to);
    (below(middle) ? from : to) = middle;
  }
  return to;
}

void MakePieces(Side& s) {
  std::vector<std::pair<double, double>> points{{s.low, s.low_value}};
  for (const auto& [x, y] : s.curve->points) {
    const double at = x / s.unit;
    if (at > s.low && at < s.high) points.emplace_back(at, y);
  }
  if (s.high > s.low) points.emplace_back(s.high, s.At(s.high));
  // Upper hull (Andrew 1979): a point under the line of its neighbours goes.
  std::vector<std::pair<double, double>> hull;
  for (const auto& p : points) {
    while (hull.size() >= 2) {
      const auto& a = hull[hull.size() - 2];
      const auto& b = hull.back();
      if ((b.second - a.second) * (p.first - a.first) >
          (p.second - a.second) * (b.first - a.first)) {
        break;
      }
      hull.pop_back();
    }
    hull.push_back(p);
  }
  for (std::size_t i = 1; i < hull.size(); ++i) {
    s.pieces.push_back({hull[i].first, (hull[i].second - hull[i - 1].second) /
                                           (hull[i].first - hull[i - 1].first)});
  }
  if (s.pieces.empty()) s.pieces.push_back({s.low, 0});
}

Side MakeSide(const ResponseCurve& curve, double unit, double low, double high) {
  Side s{&curve, unit, low, high, 0, 0, low, 0, 0, 0, 0, 0, {}};
  s.low_value = s.At(low);
  s.high_value = s.At(high);
  if (curve.family == Family::kPiecewise) {
    MakePieces(s);
    return s;
  }
  if (const double inflection = curve.Inflection(); inflection > low * unit && high > low) {
    s.bend = TangentPoint(s, inflection);
    s.line = (s.At(s.bend) - s.low_value) / (s.bend - low);
  }
  switch (curve.family) {
    case Family::kHill:
    case Family::kPower:
      s.log_c = std::log(curve.c * curve.a);
      s.log_k = curve.family == Family::kHill ? std::log(curve.k) : 0;
      break;
    case Family::kExponential:
      s.log_c = std::log(curve.c / curve.k);
      break;
    case Family::kLogNormalCdf:
      s.log_c = std::log(curve.c / (curve.a * std::sqrt(2 * std::numbers::pi))) - std::log(curve.k);
      break;
    case Family::kLog:
    case Family::kPiecewise:
      break;
  }
  s.bend_slope = s.Slope(s.bend);
  s.high_slope = s.Slope(high);
  return s;
}

/// A budget at a price, and how it answers to the price's logarithm (<= 0).
struct At {
  double x, answer;
};

/// Solves slope(x) = price on the concave part, bend < x < high. `log_price` is of response per
/// currency unit; x and the answer are in currency units.
At Inverse(const Side& s, double price, double log_price, double guess) {
  const ResponseCurve& f = *s.curve;
  switch (f.family) {
    case Family::kLog: {
      const double z = f.c / price;
      return {z - f.k, -z};
    }
    case Family::kPower: {
      if (f.a == 1) return {guess, 0};
      const double x = std::exp((s.log_c - log_price) / (1 - f.a));
      return {x, -x / (1 - f.a)};
    }
    case Family::kExponential:
      return {f.k * (s.log_c - log_price), -f.k};
    case Family::kLogNormalCdf: {
      // log slope = C - v - v^2 / (2 a^2) - ln k with v = ln(x / k): a parabola in v.
      const double room = s.log_c - log_price;
      const double root = std::sqrt(std::max(0.0, 1 + 2 * room / (f.a * f.a)));
      const double x = f.k * std::exp(f.a * f.a * (root - 1));
      return {x, root > 0 ? -x / root : -kInfinity};
    }
    case Family::kHill: {
      if (f.a == 1) {
        const double root = std::sqrt(f.c * f.k / price);
        return {root - f.k - f.carried, -0.5 * root};
      }
      // Newton on the logarithm of z = x + carried: log slope falls in it, nearly straight.
      const double constant = s.log_c, log_k = s.log_k;
      // The concave part: right of the steepest point, and where w below is finite.
      const double least =
          f.a > 1 ? log_k + std::log((f.a - 1) / (f.a + 1)) / f.a : log_k - 300 / f.a;
      double u = std::max(least, std::log(std::max(guess + f.carried, 1e-300)));
      double elasticity = -1;
      for (int i = 0; i < 60; ++i) {
        const double w = std::exp(f.a * (log_k - u));
        // log and not log1p, which takes three times as long: what a small w loses is 1e-16.
        const double error = constant + f.a * (log_k - u) - u - 2 * std::log(1 + w) - log_price;
        elasticity = -f.a - 1 + 2 * f.a * w / (1 + w);
        // At the steepest point the slope does not fall yet: on to the right.
        if (elasticity > -1e-3) {
          u += 0.5;
          continue;
        }
        const double step = error / elasticity;
        u = std::max(least, u - std::clamp(step, -2.0, 2.0));
        // Steps shrink by squares: the next would be below 1e-13.
        if (std::abs(step) < 1e-7) break;
      }
      const double z = std::exp(u);
      return {z - f.carried, z / elasticity};
    }
    case Family::kPiecewise:
      break;
  }
  Bug();
}

/// Budget of the envelope's best answer to a price. `from_below`: at a price that is a line's slope
/// the smaller budget of the two ends.
At Respond(const Side& s, double price, double log_unit_price, double guess) {
  if (!s.pieces.empty()) {
    double x = s.low;
    for (const Piece& piece : s.pieces) {
      if (piece.slope <= price) break;
      x = piece.to;
    }
    return {x, 0};
  }
  if (s.bend > s.low && price >= s.line) return {s.low, 0};
  if (price <= s.high_slope) return {s.high, 0};
  if (price >= s.bend_slope) return {s.bend, 0};
  At at = Inverse(s, price / s.unit, log_unit_price, guess * s.unit);
  at.x /= s.unit;
  at.answer /= s.unit;
  if (at.x <= s.bend) return {s.bend, 0};
  if (at.x >= s.high) return {s.high, 0};
  return at;
}

struct Members {
  std::vector<std::size_t> of;
  double low = 0, high = 0;  ///< of their sum, minor units
};

/// Solves the relaxation over some channels: the budgets sum to `total`.
class Relaxation {
 public:
  /// `group_of[i]`: -1 or the group of channel i; groups bound the sums of their members.
  Relaxation(const std::vector<BudgetProblem::Channel>& channels, const std::vector<Side>& sides,
             const std::vector<int>& group_of, const std::vector<Members>& groups, double largest)
      : channels_(channels),
        sides_(sides),
        group_of_(group_of),
        groups_(groups),
        fixed_(2 * largest + 1),
        largest_(largest + 1),
        x_(sides.size(), 0.0) {}

  struct Solution {
    std::vector<double> x;       ///< minor units, not whole
    double lambda = 0;           ///< response per minor unit
    std::vector<double> price;   ///< by group: its own price; lambda where it does not bind
    std::vector<int> clamped;    ///< by group: -1 at its minimum, +1 at its maximum, 0
    double value = 0;            ///< of the envelopes: the bound
    std::vector<Around> around;  ///< what is known of the envelopes next to x
  };

  /// `floor_price`: the price is not below it, and the sum may then be less than the total.
  Solution Solve(double total, double floor_price = 0) {
    Solution out;
    std::vector<std::size_t> all(sides_.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    out.clamped.assign(groups_.size(), 0);
    out.lambda = Price(all, total, floor_price, true, out.clamped);
    out.price.assign(groups_.size(), out.lambda);
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      if (out.clamped[g] == 0) continue;
      std::vector<int> none;
      out.price[g] = Price(groups_[g].of, out.clamped[g] < 0 ? groups_[g].low : groups_[g].high, 0,
                           false, none);
    }
    out.x = x_;
    // The dual's value: what the best whole budgets bring at these prices, less what they cost, and
    // the prices' worth of the bounds that bind.
    out.around.resize(sides_.size());
    out.value = ExactSum(sides_.size(), [&](std::size_t i) {
      const Side& s = sides_[i];
      Around& around = out.around[i];
      const int g = group_of_[i];
      const bool clamped = g >= 0 && out.clamped[static_cast<std::size_t>(g)] != 0;
      const double price = clamped ? out.price[static_cast<std::size_t>(g)] : out.lambda;
      const double down = std::max(s.low, std::floor(x_[i]));
      const double here = around.Here(s, down) - down * price;
      return down < s.high ? std::max(here, around.Above(s, down) - (down + 1) * price) : here;
    });
    double free = total;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      if (out.clamped[g] == 0) continue;
      const double bound = out.clamped[g] < 0 ? groups_[g].low : groups_[g].high;
      out.value += out.price[g] * bound;
      free -= bound;
    }
    if (floor_price > 0 && out.lambda <= floor_price) {
      free = ExactSum(sides_.size(), [&](std::size_t i) {
        const int g = group_of_[i];
        return g >= 0 && out.clamped[static_cast<std::size_t>(g)] != 0 ? 0 : x_[i];
      });
    }
    out.value += out.lambda * free;
    return out;
  }

 private:
  struct Sums {
    Wide x = 0;
    Wide answer = 0;
    std::vector<std::pair<Wide, Wide>> groups{};
  };

  Sums Add(const std::vector<std::size_t>& of, std::size_t begin, std::size_t end, double price,
           double log_unit_price, bool grouped) {
    Sums sums;
    if (grouped) sums.groups.assign(groups_.size(), {0, 0});
    for (std::size_t k = begin; k < end; ++k) {
      const std::size_t i = of[k];
      const At at = Respond(sides_[i], price, log_unit_price, x_[i]);
      x_[i] = at.x;
      const Wide x = fixed_.Of(at.x);
      const Wide answer = fixed_.Of(std::max(at.answer, -largest_));
      if (grouped && group_of_[i] >= 0) {
        auto& group = sums.groups[static_cast<std::size_t>(group_of_[i])];
        group.first += x;
        group.second += answer;
      } else {
        sums.x += x;
        sums.answer += answer;
      }
    }
    return sums;
  }

  /// Sets x_ of the members at a price; the sum, with groups kept to their bounds.
  Sums Evaluate(const std::vector<std::size_t>& of, double log_price, bool grouped,
                std::vector<int>& clamped) {
    const double price = std::exp(log_price);
    const double log_unit_price = log_price - std::log(sides_.front().unit);
    Sums sums;  // of integers: the same in any order
    std::mutex adding;
    InParts(of.size(), [&](std::size_t begin, std::size_t end) {
      Sums part = Add(of, begin, end, price, log_unit_price, grouped);
      const std::lock_guard lock(adding);
      sums.x += part.x;
      sums.answer += part.answer;
      sums.groups.resize(part.groups.size());
      for (std::size_t g = 0; g < part.groups.size(); ++g) {
        sums.groups[g].first += part.groups[g].first;
        sums.groups[g].second += part.groups[g].second;
      }
    });
    for (std::size_t g = 0; g < sums.groups.size(); ++g) {
      const Wide low = fixed_.Of(groups_[g].low);
      const Wide high = fixed_.Of(groups_[g].high);
      const auto& [x, answer] = sums.groups[g];
      clamped[g] = x < low ? -1 : x > high ? 1 : 0;
      sums.x += std::clamp(x, low, high);
      if (clamped[g] == 0) sums.answer += answer;
    }
    return sums;
  }

  double Price(const std::vector<std::size_t>& of, double total, double floor_price, bool grouped,
               std::vector<int>& clamped) {
    double y = 0;  // logarithm of the price
    {
      // From the slopes where everyone has the same part of their room.
      double low = 0, room = 0;
      for (const std::size_t i : of) {
        low += sides_[i].low;
        room += sides_[i].high - sides_[i].low;
      }
      const double part = room > 0 ? std::clamp((total - low) / room, 0.0, 1.0) : 0;
      Wide sum = 0;
      std::int64_t count = 0;
      std::mutex adding;
      InParts(of.size(), [&](std::size_t begin, std::size_t end) {
        Wide logs = 0;
        std::int64_t finite = 0;
        for (std::size_t k = begin; k < end; ++k) {
          const Side& s = sides_[of[k]];
          double& x = x_[of[k]];
          x = s.low + part * (s.high - s.low);
          const double slope =
              !s.pieces.empty() ? s.pieces.front().slope : std::max(s.line, s.Slope(x));
          if (!(slope > 0) || std::isinf(slope)) continue;
          logs += static_cast<Wide>(std::log(slope) * (1 << 20));
          ++finite;
        }
        const std::lock_guard lock(adding);
        sum += logs;
        count += finite;
      });
      if (count > 0) y = static_cast<double>(sum) / static_cast<double>(count) / (1 << 20);
    }
    const double lowest = floor_price > 0 ? std::log(floor_price) : -700;
    if (floor_price > 0) {
      // The target's price buys less than all: that is the answer.
      const Sums sums = Evaluate(of, lowest, grouped, clamped);
      if (fixed_.Real(sums.x) <= total) return floor_price;
    }
    double below = lowest, above = 700;  // prices that buy too much, too little
    double step = 1;
    bool bracketed_below = floor_price > 0, bracketed_above = false;
    double last = kInfinity;
    for (int i = 0; i < 400; ++i) {
      const Sums sums = Evaluate(of, y, grouped, clamped);
      const double error = fixed_.Real(sums.x) - total;
      if (std::abs(error) <= kEnough + kEnoughEach * double(of.size())) return std::exp(y);
      if (error > 0) {
        below = y;
        bracketed_below = true;
      } else {
        above = y;
        bracketed_above = true;
      }
      if (above - below <= 4e-15 * std::max(1.0, std::abs(y))) break;
      const double answer = fixed_.Real(sums.answer);
      double next = answer < 0 ? y - error / answer : error > 0 ? y + step : y - step;
      if (answer < 0) {
        next = std::clamp(next, y - 4, y + 4);
      } else {
        step *= 2;
      }
      const bool slow = std::abs(error) > 0.5 * last;
      last = std::abs(error);
      if (bracketed_below && bracketed_above && (slow || next <= below || next >= above)) {
        next = 0.5 * (below + above);
      }
      y = std::clamp(next, lowest, 700.0);
      if (y == lowest && below == lowest) break;
    }
    return Jump(of, total, below, above, grouped, clamped);
  }

  /// At this price budgets jump: straight lines of this slope are filled in turn, by id.
  double Jump(const std::vector<std::size_t>& of, double total, double below, double above,
              bool grouped, std::vector<int>& clamped) {
    const double price = std::exp(below);
    Evaluate(of, below, grouped, clamped);
    std::vector<double> most(of.size());
    for (std::size_t k = 0; k < of.size(); ++k) {
      most[k] = below <= -700 ? sides_[of[k]].high : x_[of[k]];
    }
    const Sums least = Evaluate(of, above, grouped, clamped);
    double left = total - fixed_.Real(least.x);
    std::vector<double> room(groups_.size(), kInfinity);
    if (grouped) {
      for (std::size_t g = 0; g < groups_.size(); ++g) {
        room[g] = clamped[g] > 0 ? 0 : groups_[g].high - fixed_.Real(least.groups[g].first);
        // What a group at its minimum is short of comes first, and is in the sum already.
        if (clamped[g] < 0) room[g] = 0;
      }
    }
    std::vector<std::size_t> order;
    for (std::size_t k = 0; k < of.size(); ++k) {
      if (most[k] > x_[of[k]]) order.push_back(k);
    }
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return channels_[of[a]].id < channels_[of[b]].id;
    });
    for (const std::size_t k : order) {
      if (left <= 0) break;
      const std::size_t i = of[k];
      double take = std::min(left, most[k] - x_[i]);
      if (grouped && group_of_[i] >= 0) {
        double& g = room[static_cast<std::size_t>(group_of_[i])];
        take = std::min(take, g);
        g -= take;
      }
      x_[i] += take;
      left -= take;
    }
    return price;
  }

  /// Of a minor unit: what is left is given out in whole ones.
  static constexpr double kEnough = 0.25;
  /// ... and of a channel: whole units are given out by thousands of times as much.
  static constexpr double kEnoughEach = 1e-4;

  const std::vector<BudgetProblem::Channel>& channels_;
  const std::vector<Side>& sides_;
  const std::vector<int>& group_of_;
  const std::vector<Members>& groups_;
  const FixedPoint fixed_;
  const double largest_;
  std::vector<double> x_;
};

class Splitter {
 public:
  explicit Splitter(const BudgetProblem& problem) : problem_(problem) {}

  Result<BudgetAnswer> Run() {
    MAXOPT_CHECK(Read());
    // The root looks at this object's own sides; nothing owns them twice.
    Node root{
        std::shared_ptr<const std::vector<Side>>(std::shared_ptr<void>(), &sides_), 0, {}, {}};
    if (problem_.target && problem_.target->kind == BudgetProblem::Target::Kind::kAverage) {
      MAXOPT_CHECK(BudgetOfAverage());
    }
    floor_price_ =
        problem_.target && problem_.target->kind == BudgetProblem::Target::Kind::kMarginal
            ? problem_.target->value * unit_
            : 0;
    Solve(root);
    const double first_bound = root.solution.value;
    const Relaxation::Solution first = root.solution;
    Branch(std::move(root));
    BudgetAnswer out = Certify(first);
    out.bound = std::min(first_bound, std::max(open_bound_, out.response));
    out.gap = out.bound != 0 ? std::max(0.0, (out.bound - out.response) / std::abs(out.bound)) : 0;
    out.branches = branches_;
    return out;
  }

 private:
  struct Node {
    std::shared_ptr<const std::vector<Side>> sides;
    double value = 0;
    Relaxation::Solution solution;
    std::vector<std::int64_t> minor;
  };

  Result<std::int64_t> Minor(double amount, bool up, const std::string& what) const {
    const double minor = amount / unit_;
    if (!(std::abs(minor) < 4e15)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{} is {}: beyond what can be counted", what, amount));
    }
    // 1e-6 of a minor unit is how a decimal number came to its nearest double.
    return static_cast<std::int64_t>(up ? std::ceil(minor - 1e-6) : std::floor(minor + 1e-6));
  }
  std::string Text(double minor) const {
    return fmt::format("{:.{}f}", minor * unit_, problem_.decimals);
  }

  Result<> Read() {
    if (problem_.channels.empty()) {
      return Fail(Errc::kInvalidArgument, "no channel to give money to");
    }
    if (problem_.decimals < 0 || problem_.decimals > 6) {
      return Fail(Errc::kInvalidArgument, "decimals are 0 to 6");
    }
    unit_ = std::pow(10.0, -problem_.decimals);
    if (!(problem_.budget >= 0)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("budget is {}; it must be a number >= 0", problem_.budget));
    }
    MAXOPT_TRY(budget_, Minor(problem_.budget, false, "budget"));
    if (std::abs(static_cast<double>(budget_) - problem_.budget / unit_) > 1e-4) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("budget is {}: not a whole number of {}", problem_.budget, unit_));
    }
    if (problem_.target &&
        !(problem_.target->value >= 0 && std::isfinite(problem_.target->value))) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("target is {}; it must be a number >= 0", problem_.target->value));
    }
    const std::size_t n = problem_.channels.size();
    low_.resize(n);
    high_.resize(n);
    sides_.resize(n);
    std::vector<std::size_t> hashes(n);
    std::pair<std::size_t, std::string> wrong{n, ""};  // the first channel with an error
    std::mutex finding;
    InParts(n, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        hashes[i] = std::hash<std::string_view>()(problem_.channels[i].id);
        if (const auto read = ReadChannel(i); !read) {
          const std::lock_guard lock(finding);
          if (i < wrong.first) wrong = {i, read.error().what};
          return;
        }
      }
    });
    Ids ids(problem_.channels);
    for (std::size_t i = 0; i < n; ++i) {
      if (i == wrong.first) return Fail(Errc::kInvalidArgument, wrong.second);
      if (!ids.Add(i, hashes[i])) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("channel {} is there twice", problem_.channels[i].id));
      }
    }
    return ReadGroups();
  }

  Result<> ReadChannel(std::size_t i) {
    const BudgetProblem::Channel& channel = problem_.channels[i];
    if (const auto good = channel.curve.Check(); !good) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("channel {}: curve: {}", channel.id, good.error().what));
    }
    if (!(channel.min >= 0) || !(channel.max >= channel.min)) {
      return Fail(Errc::kInvalidArgument, fmt::format("channel {}: bounds {} to {} hold nothing",
                                                      channel.id, channel.min, channel.max));
    }
    std::int64_t low = 0, high = budget_;
    if (channel.min > 0) {
      MAXOPT_TRY(low, Minor(channel.min, true, channel.id + ".min"));
    }
    if (channel.max < problem_.budget) {
      MAXOPT_TRY(high, Minor(channel.max, false, channel.id + ".max"));
    }
    if (low > high && low > budget_) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("channel {}: its min {} is more than the budget {}", channel.id,
                              Text(double(low)), Text(double(budget_))));
    }
    if (low > high) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("channel {}: no whole number of {} lies between {} and {}",
                              channel.id, unit_, channel.min, channel.max));
    }
    low_[i] = low;
    high_[i] = high;
    Side& side = sides_[i];
    side = MakeSide(channel.curve, unit_, double(low), double(high));
    if (!std::isfinite(side.low_value) || !std::isfinite(side.high_value)) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("channel {}: its response is not finite between its bounds", channel.id));
    }
    return {};
  }

  Result<> ReadGroups() {
    group_of_.assign(sides_.size(), -1);
    for (std::size_t g = 0; g < problem_.groups.size(); ++g) {
      const BudgetProblem::Group& group = problem_.groups[g];
      const std::string name = group.name.empty() ? fmt::format("{}", g + 1) : group.name;
      if (!(group.min >= 0) || !(group.max >= group.min)) {
        return Fail(Errc::kInvalidArgument, fmt::format("group {}: bounds {} to {} hold nothing",
                                                        name, group.min, group.max));
      }
      Members& members = groups_.emplace_back();
      names_.push_back(name);
      std::int64_t lows = 0, highs = 0;
      for (const std::size_t i : group.channels) {
        if (i >= sides_.size()) Bug();
        if (group_of_[i] >= 0) {
          return Fail(Errc::kInvalidArgument,
                      fmt::format("channel {} is in the groups {} and {}: groups may not overlap",
                                  problem_.channels[i].id,
                                  names_[static_cast<std::size_t>(group_of_[i])], name));
        }
        group_of_[i] = static_cast<int>(g);
        members.of.push_back(i);
        lows += low_[i];
        highs = std::min<std::int64_t>(budget_ * 2, highs + high_[i]);
      }
      MAXOPT_TRY(const std::int64_t low, Minor(group.min, true, "group " + name + " min"));
      std::int64_t high = budget_;
      if (group.max < problem_.budget) {
        MAXOPT_TRY(high, Minor(group.max, false, "group " + name + " max"));
      }
      if (low > highs) {
        return Fail(
            Errc::kInvalidArgument,
            fmt::format("infeasible: group {} must have {} and its channels take at most "
                        "{}: {} too much",
                        name, Text(double(low)), Text(double(highs)), Text(double(low - highs))));
      }
      if (high < lows) {
        return Fail(
            Errc::kInvalidArgument,
            fmt::format("infeasible: the minima of group {} come to {}, its max is {}: {} "
                        "too much",
                        name, Text(double(lows)), Text(double(high)), Text(double(lows - high))));
      }
      members.low = double(std::max(low, lows));
      members.high = double(std::min(high, highs));
    }
    // What all bounds together leave room for.
    Wide least = 0, most = 0;
    for (std::size_t i = 0; i < sides_.size(); ++i) {
      if (group_of_[i] >= 0) continue;
      least += low_[i];
      most += high_[i];
    }
    for (const Members& group : groups_) {
      least += static_cast<Wide>(group.low);
      most += static_cast<Wide>(group.high);
    }
    if (least > budget_) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("infeasible: the minima{} come to {}, the budget is {}: {} too much",
                              groups_.empty() ? "" : " of channels and groups", Text(double(least)),
                              Text(double(budget_)), Text(double(least) - double(budget_))));
    }
    if (most < budget_ && !problem_.target) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("infeasible: the maxima{} come to {}, the budget is {}: {} cannot be "
                              "placed",
                              groups_.empty() ? "" : " of channels and groups", Text(double(most)),
                              Text(double(budget_)), Text(double(budget_) - double(most))));
    }
    least_ = static_cast<std::int64_t>(least);
    budget_ =
        std::min<std::int64_t>(budget_, most < budget_ ? static_cast<std::int64_t>(most) : budget_);
    return {};
  }

  /// The most that can be spent with response / spend at or above the target.
  Result<> BudgetOfAverage() {
    const double target = problem_.target->value;
    const auto holds = [&](std::int64_t budget) {
      Relaxation relaxation(problem_.channels, sides_, group_of_, groups_, double(budget_));
      const auto solution = relaxation.Solve(double(budget));
      double response = 0;
      for (std::size_t i = 0; i < sides_.size(); ++i) response += sides_[i].At(solution.x[i]);
      return response >= target * double(budget) * unit_;
    };
    if (holds(budget_)) return {};
    // The average of the best split falls once it has begun to; S-shapes may make it rise first, so
    // the search looks at points all over before it halves.
    std::int64_t good = -1, bad = budget_;
    for (int step = 63; step >= 0 && good < 0; --step) {
      const std::int64_t at =
          least_ + static_cast<std::int64_t>(static_cast<Wide>(budget_ - least_) * step / 64);
      if (holds(at)) {
        good = at;
      } else {
        bad = at;
      }
    }
    if (good < 0) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("infeasible: no budget from {} to {} returns {} on average",
                              Text(double(least_)), Text(double(budget_)), target));
    }
    while (bad - good > 1) {
      const std::int64_t middle = good + (bad - good) / 2;
      (holds(middle) ? good : bad) = middle;
    }
    budget_ = good;
    return {};
  }

  void Solve(Node& node) {
    Relaxation relaxation(problem_.channels, *node.sides, group_of_, groups_, double(budget_));
    node.solution = relaxation.Solve(double(budget_), floor_price_);
    node.value = node.solution.value;
    std::vector<Around> around = std::move(node.solution.around);
    node.minor = Round(node, around);
    const double response = Response(node, around);
    if (best_.empty() || response > best_response_) {
      best_ = node.minor;
      best_response_ = response;
      best_around_.clear();
      if (node.sides.get() == &sides_) best_around_ = std::move(around);
    }
  }

  /// On the curves as they are.
  double Response(const Node& node, std::vector<Around>& around) const {
    return ExactSum(sides_.size(), [&](std::size_t i) {
      const Side& s = (*node.sides)[i];
      return s.concave() ? around[i].Here(s, double(node.minor[i])) : s.At(double(node.minor[i]));
    });
  }

  /// Whole minor units with the exact sum: down first, then one more where it brings most.
  std::vector<std::int64_t> Round(const Node& node, std::vector<Around>& around) const {
    const std::size_t n = sides_.size();
    std::vector<std::int64_t> minor(n);
    for (std::size_t i = 0; i < n; ++i) {
      minor[i] = std::clamp(static_cast<std::int64_t>(std::floor(node.solution.x[i] + 1e-9)),
                            static_cast<std::int64_t>((*node.sides)[i].low),
                            static_cast<std::int64_t>((*node.sides)[i].high));
    }
    std::vector<std::int64_t> in_group(groups_.size(), 0);
    std::int64_t free_sum = 0;
    std::int64_t clamped_sum = 0;
    std::vector<std::size_t> free;
    for (std::size_t i = 0; i < n; ++i) {
      const int g = group_of_[i];
      if (g >= 0) in_group[static_cast<std::size_t>(g)] += minor[i];
      if (g >= 0 && node.solution.clamped[static_cast<std::size_t>(g)] != 0) continue;
      free.push_back(i);
      free_sum += minor[i];
    }
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      if (node.solution.clamped[g] == 0) continue;
      const auto want = static_cast<std::int64_t>(node.solution.clamped[g] < 0 ? groups_[g].low
                                                                               : groups_[g].high);
      GiveOut(node, groups_[g].of, want - in_group[g], minor, nullptr, around);
      clamped_sum += want;
    }
    std::int64_t left = budget_ - clamped_sum - free_sum;
    if (floor_price_ > 0 && node.solution.lambda <= floor_price_ * (1 + 1e-12)) {
      // At the target's price the rest stays unspent; a part of a unit is dropped.
      const double whole =
          ExactSum(free.size(), [&](std::size_t k) { return node.solution.x[free[k]]; });
      left = std::min(
          left, std::max<std::int64_t>(0, static_cast<std::int64_t>(whole + 1e-6) - free_sum));
    }
    GiveOut(node, free, left, minor, &in_group, around);
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      if (node.solution.clamped[g] != 0) Exchange(node, groups_[g].of, minor, around);
    }
    std::erase_if(free, [&](std::size_t i) { return group_of_[i] >= 0; });
    Exchange(node, free, minor, around);
    return minor;
  }

  /// Where a unit is a large part of a budget the curve bends within it: moves one unit at a time
  /// from where it is missed least to where it brings most, which ends at the best whole units of
  /// concave curves.
  void Exchange(const Node& node, const std::vector<std::size_t>& of,
                std::vector<std::int64_t>& minor, std::vector<Around>& around) const {
    if (of.size() < 2) return;
    const auto more = [&](std::size_t i) {
      const Side& s = (*node.sides)[i];
      const double at = double(minor[i]);
      return at + 1 > s.high ? -kInfinity : around[i].Above(s, at) - around[i].Here(s, at);
    };
    const auto less = [&](std::size_t i) {
      const Side& s = (*node.sides)[i];
      const double at = double(minor[i]);
      return at - 1 < s.low ? -kInfinity : around[i].Below(s, at) - around[i].Here(s, at);
    };
    // Best gain first, least loss first; an entry is stale when the budget has moved since.
    struct Entry {
      double change;
      std::size_t channel;
      std::int64_t at;
    };
    const auto worse = [&](const Entry& a, const Entry& b) {
      if (a.change != b.change) return a.change < b.change;
      return problem_.channels[a.channel].id > problem_.channels[b.channel].id;
    };
    std::vector<Entry> gain(of.size()), loss(of.size());
    InParts(of.size(), [&](std::size_t begin, std::size_t end) {
      for (std::size_t k = begin; k < end; ++k) {
        const std::size_t i = of[k];
        gain[k] = {more(i), i, minor[i]};
        loss[k] = {less(i), i, minor[i]};
      }
    });
    // A unit moves only where the best taker gains more than the giver loses, so most are out of
    // the question; of many that are not, the outermost are looked at.
    const auto top = [](const std::vector<Entry>& entries) {
      double most = -kInfinity;
      for (const Entry& entry : entries) most = std::max(most, entry.change);
      return most;
    };
    const double best_gain = top(gain), best_loss = top(loss);
    std::erase_if(gain, [&](const Entry& entry) { return !(entry.change + best_loss > 0); });
    std::erase_if(loss, [&](const Entry& entry) { return !(entry.change + best_gain > 0); });
    const auto outermost = [&](std::vector<Entry>& entries) {
      if (std::ssize(entries) <= kFew) return;
      std::nth_element(entries.begin(), entries.begin() + kFew, entries.end(),
                       [&](const Entry& a, const Entry& b) { return worse(b, a); });
      entries.resize(kFew);
    };
    outermost(gain);
    outermost(loss);
    std::priority_queue gains(worse, std::move(gain));
    std::priority_queue losses(worse, std::move(loss));
    const auto offer = [&](std::size_t i) {
      gains.push({more(i), i, minor[i]});
      losses.push({less(i), i, minor[i]});
    };
    for (std::size_t moves = 0; moves < 10 * of.size(); ++moves) {
      while (!gains.empty() && gains.top().at != minor[gains.top().channel]) gains.pop();
      while (!losses.empty() && losses.top().at != minor[losses.top().channel]) losses.pop();
      if (gains.empty() || losses.empty()) return;
      const Entry to = gains.top();
      const Entry from = losses.top();
      if (to.channel == from.channel || !(to.change + from.change > 1e-15 * std::abs(to.change))) {
        return;
      }
      ++minor[to.channel];
      --minor[from.channel];
      offer(to.channel);
      offer(from.channel);
    }
  }

  /// Adds (or takes) `left` minor units, one each, where it brings most (costs least).
  void GiveOut(const Node& node, const std::vector<std::size_t>& of, std::int64_t left,
               std::vector<std::int64_t>& minor, std::vector<std::int64_t>* in_group,
               std::vector<Around>& around) const {
    struct Offer {
      double change;
      std::size_t channel;
    };
    while (left != 0) {
      const std::int64_t sign = left > 0 ? 1 : -1;
      std::vector<Offer> offers(of.size());
      InParts(of.size(), [&](std::size_t begin, std::size_t end) {
        for (std::size_t k = begin; k < end; ++k) {
          const std::size_t i = of[k];
          const Side& s = (*node.sides)[i];
          const double now = double(minor[i]);
          const double next = now + double(sign);
          const bool fits = next >= s.low && next <= s.high;
          if (!fits) {
            offers[k] = {-kInfinity, i};
            continue;
          }
          const double there = sign > 0 ? around[i].Above(s, now) : around[i].Below(s, now);
          offers[k] = {there - around[i].Here(s, now), i};
        }
      });
      std::erase_if(offers, [](const Offer& offer) { return offer.change == -kInfinity; });
      if (offers.empty()) return;  // Read() has made sure that everything fits
      const std::size_t take =
          std::min<std::size_t>(offers.size(), static_cast<std::size_t>(std::abs(left)));
      const auto before = [&](const Offer& a, const Offer& b) {
        if (a.change != b.change) return a.change > b.change;
        return problem_.channels[a.channel].id < problem_.channels[b.channel].id;
      };
      if (take < offers.size()) {
        std::nth_element(offers.begin(), offers.begin() + static_cast<std::ptrdiff_t>(take),
                         offers.end(), before);
      }
      if (in_group) {
        std::sort(offers.begin(), offers.begin() + static_cast<std::ptrdiff_t>(take), before);
      }
      std::int64_t given = 0;
      for (std::size_t k = 0; k < take; ++k) {
        const std::size_t i = offers[k].channel;
        const int g = group_of_[i];
        if (in_group && g >= 0) {
          std::int64_t& sum = (*in_group)[static_cast<std::size_t>(g)];
          const Members& group = groups_[static_cast<std::size_t>(g)];
          if (double(sum + sign) > group.high || double(sum + sign) < group.low) continue;
          sum += sign;
        }
        minor[i] += sign;
        ++given;
      }
      if (given == 0) return;
      left -= sign * given;
    }
  }

  /// The channel whose envelope promises most above its curve in this node.
  std::optional<std::size_t> Widest(const Node& node) const {
    std::optional<std::size_t> widest;
    double most = 1e-12 * std::max(1e-300, std::abs(node.value));
    for (std::size_t i = 0; i < node.sides->size(); ++i) {
      const Side& s = (*node.sides)[i];
      const double x = double(node.minor[i]);
      const double over = s.Envelope(x) - s.At(x);
      if (over > most ||
          (widest && over == most && problem_.channels[i].id < problem_.channels[*widest].id)) {
        most = over;
        widest = i;
      }
    }
    return widest;
  }

  void Branch(Node root) {
    const auto worse = [](const Node& a, const Node& b) { return a.value < b.value; };
    std::vector<Node> open;
    open.push_back(std::move(root));
    const auto most =
        static_cast<int>(std::clamp<std::size_t>(20'000'000 / (30 * sides_.size()), 0, 400));
    open_bound_ = open.front().value;
    while (!open.empty()) {
      std::pop_heap(open.begin(), open.end(), worse);
      Node node = std::move(open.back());
      open.pop_back();
      open_bound_ = node.value;
      if (node.value <= best_response_ + 1e-11 * std::abs(best_response_)) {
        open_bound_ = best_response_;
        return;
      }
      const auto at = Widest(node);
      if (!at || branches_ + 2 > most) return;
      const double split = double(node.minor[*at]);
      const Side& s = (*node.sides)[*at];
      for (const bool up : {false, true}) {
        const double low = up ? split : s.low;
        const double high = up ? s.high : split;
        if (up && split <= s.low) continue;
        if (!up && split >= s.high) continue;
        auto sides = std::make_shared<std::vector<Side>>(*node.sides);
        (*sides)[*at] = MakeSide(*s.curve, unit_, low, high);
        Node child{std::move(sides), 0, {}, {}};
        if (!Fits(child)) continue;
        ++branches_;
        Solve(child);
        if (child.value <= best_response_) continue;
        open.push_back(std::move(child));
        std::push_heap(open.begin(), open.end(), worse);
      }
    }
    open_bound_ = best_response_;
  }

  bool Fits(const Node& node) const {
    // The last entry is for channels in no group.
    std::vector<std::pair<double, double>> groups(groups_.size() + 1, {0, 0});
    for (std::size_t i = 0; i < node.sides->size(); ++i) {
      auto& [l, h] =
          group_of_[i] < 0 ? groups.back() : groups[static_cast<std::size_t>(group_of_[i])];
      l += (*node.sides)[i].low;
      h += (*node.sides)[i].high;
    }
    auto [low, high] = groups.back();
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      if (groups[g].first > groups_[g].high || groups[g].second < groups_[g].low) return false;
      low += std::max(groups[g].first, groups_[g].low);
      high += std::min(groups[g].second, groups_[g].high);
    }
    return low <= double(budget_) && (high >= double(budget_) || floor_price_ > 0);
  }

  /// Marginal return and binding of channel i; by which part of its price it is misplaced.
  double CertifyOne(std::size_t i, const Relaxation::Solution& first, BudgetAnswer& out) {
    const Side& s = sides_[i];
    Around& around = best_around_[i];
    const double x = double(best_[i]);
    const double after = s.curve->SlopeAfter(x * unit_) * unit_;
    const double before = s.pieces.empty() ? after : s.curve->SlopeBefore(x * unit_) * unit_;
    out.marginal[i] = after / unit_;
    const int g = group_of_[i];
    const int clamped = g >= 0 ? first.clamped[static_cast<std::size_t>(g)] : 0;
    const double price = g >= 0 ? first.price[static_cast<std::size_t>(g)] : first.lambda;
    if (best_[i] == low_[i] && after <= price) {
      out.binding[i] = "min";
    } else if (best_[i] == high_[i] && before >= price &&
               problem_.channels[i].max <= problem_.budget) {
      out.binding[i] = "max";
    } else if (clamped != 0) {
      out.binding[i] = fmt::format("group {} {}", names_[static_cast<std::size_t>(g)],
                                   clamped < 0 ? "min" : "max");
    }
    // What one unit more would bring and one less would cost, on the envelope.
    const double here = around.Here(s, x);
    const double scale = std::max(price, 1e-300);
    double breach = 0;
    if (x < s.high) breach = std::max(breach, (around.Above(s, x) - here - price) / scale);
    if (x > s.low) breach = std::max(breach, (price - (here - around.Below(s, x))) / scale);
    return breach;
  }

  BudgetAnswer Certify(const Relaxation::Solution& first) {
    BudgetAnswer out;
    out.minor = best_;
    out.response = best_response_;
    out.lambda = first.lambda / unit_;
    const std::size_t n = sides_.size();
    out.marginal.resize(n);
    out.binding.resize(n);
    best_around_.resize(n);
    for (const std::int64_t minor : best_) out.sum += minor;
    std::mutex joining;
    InParts(n, [&](std::size_t begin, std::size_t end) {
      double worst = 0;
      for (std::size_t i = begin; i < end; ++i) worst = std::max(worst, CertifyOne(i, first, out));
      const std::lock_guard lock(joining);
      out.kkt_residual = std::max(out.kkt_residual, worst);
    });
    return out;
  }

  const BudgetProblem& problem_;
  double unit_ = 0.01;
  std::int64_t budget_ = 0, least_ = 0;
  double floor_price_ = 0;
  std::vector<Side> sides_;
  std::vector<std::int64_t> low_, high_;
  std::vector<int> group_of_;
  std::vector<Members> groups_;
  std::vector<std::string> names_;
  std::vector<std::int64_t> best_;
  std::vector<Around> best_around_;  // of the root's envelopes; empty: of another node's
  double best_response_ = 0;
  double open_bound_ = 0;
  int branches_ = 0;
};

}  // namespace

Result<BudgetAnswer> SplitBudget(const BudgetProblem& problem) { return Splitter(problem).Run(); }

}  // namespace maxopt
