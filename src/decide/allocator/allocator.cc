#include "decide/allocator/allocator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace maxopt {
namespace {

constexpr int kPoints = 400;  // of each curve between its bounds

/// A straight piece of a channel's concave envelope.
struct Segment {
  std::size_t channel;
  std::int64_t from, to;  // minor units above the channel's minimum
  double slope;           // response per minor unit
};

struct Curve {
  std::int64_t min = 0, max = 0, current = 0;  // minor units
  double unit = 0;                             // currency units per minor unit
  const std::function<double(double)>* response = nullptr;
  double At(std::int64_t minor) const { return (*response)(static_cast<double>(minor) * unit); }
};

void AddEnvelope(const Curve& curve, std::size_t channel, std::vector<Segment>& segments) {
  const std::int64_t width = curve.max - curve.min;
  if (width == 0) return;
  const std::int64_t steps = std::min<std::int64_t>(kPoints, width);
  struct Point {
    std::int64_t x;
    double y;
  };
  std::vector<Point> hull;
  for (std::int64_t i = 0; i <= steps; ++i) {
    // 128 bits: width x steps may pass 2^63 for large budgets in small units.
    __extension__ using Wide = __int128;
    const auto x = static_cast<std::int64_t>(static_cast<Wide>(width) * i / steps);
    const Point p{x, curve.At(curve.min + x)};
    // Upper hull (Andrew's monotone chain): drop points under the line to the new one.
    while (hull.size() >= 2) {
      const Point& a = hull[hull.size() - 2];
      const Point& b = hull.back();
      const double ab = (b.y - a.y) / static_cast<double>(b.x - a.x);
      const double ap = (p.y - a.y) / static_cast<double>(p.x - a.x);
      if (ab > ap) break;
      hull.pop_back();
    }
    hull.push_back(p);
  }
  for (std::size_t i = 1; i < hull.size(); ++i) {
    segments.push_back(
        {channel, hull[i - 1].x, hull[i].x,
         (hull[i].y - hull[i - 1].y) / static_cast<double>(hull[i].x - hull[i - 1].x)});
  }
}

}  // namespace

Result<Allocation> Allocate(const std::vector<AllocationChannel>& channels, Money total,
                            MinorUnits table) {
  if (channels.empty()) return Fail(Errc::kInvalidArgument, "no channel to give money to");
  MAXOPT_TRY(const std::int64_t budget, ToMinor(total, table));
  MAXOPT_TRY(const int decimals, MinorUnitDecimals(total.currency(), table));
  std::vector<Curve> curves;
  std::int64_t floor_sum = 0;
  std::int64_t ceiling_sum = 0;
  for (const AllocationChannel& channel : channels) {
    for (const Money& money : {channel.min, channel.max, channel.current}) {
      if (money.currency() != total.currency()) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("channel {} is in {}, the budget in {}", channel.id,
                                money.currency().name(), total.currency().name()));
      }
    }
    Curve curve;
    MAXOPT_TRY(curve.min, ToMinor(channel.min, table));
    MAXOPT_TRY(curve.max, ToMinor(channel.max, table));
    MAXOPT_TRY(curve.current, ToMinor(channel.current, table));
    curve.unit = std::pow(10.0, -decimals);
    curve.response = &channel.response;
    if (curve.min < 0 || curve.max < curve.min) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("channel {}: bounds {} to {} hold nothing", channel.id,
                              PrintMoney(channel.min), PrintMoney(channel.max)));
    }
    for (const std::int64_t x : {curve.min, curve.max, curve.current}) {
      if (!std::isfinite(curve.At(x))) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("channel {}: the response is not a number", channel.id));
      }
    }
    floor_sum += curve.min;
    ceiling_sum += curve.max;
    curves.push_back(curve);
  }
  if (budget < floor_sum || budget > ceiling_sum) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the channels' bounds come to {} at least and {} at most; {} does not "
                            "fit",
                            PrintMoney(*MoneyFromMinor(floor_sum, total.currency(), table)),
                            PrintMoney(*MoneyFromMinor(ceiling_sum, total.currency(), table)),
                            PrintMoney(total)));
  }

  std::vector<Segment> segments;
  for (std::size_t c = 0; c < curves.size(); ++c) AddEnvelope(curves[c], c, segments);
  // Ties go by id, so the order of the channels does not matter.
  std::sort(segments.begin(), segments.end(), [&](const Segment& a, const Segment& b) {
    if (a.slope != b.slope) return a.slope > b.slope;
    if (a.channel != b.channel) return channels[a.channel].id < channels[b.channel].id;
    return a.from < b.from;
  });
  std::vector<std::int64_t> given(curves.size(), 0);
  std::int64_t left = budget - floor_sum;
  double relaxed = 0;  // value of the relaxation: no allocation can be better
  for (const Curve& curve : curves) relaxed += curve.At(curve.min);
  double lambda = 0;
  for (const Segment& segment : segments) {
    if (left == 0) break;
    const std::int64_t take = std::min(left, segment.to - segment.from);
    given[segment.channel] += take;
    relaxed += segment.slope * static_cast<double>(take);
    left -= take;
    lambda = segment.slope / curves[segment.channel].unit;
  }

  Allocation out{};
  double now = 0;
  for (std::size_t c = 0; c < curves.size(); ++c) {
    const Curve& curve = curves[c];
    const std::int64_t x = curve.min + given[c];
    MAXOPT_TRY(const Money money, MoneyFromMinor(x, total.currency(), table));
    const std::int64_t h = std::max<std::int64_t>(1, (curve.max - curve.min) / kPoints);
    const double marginal =
        (curve.At(x + h) - curve.At(std::max<std::int64_t>(0, x - h))) /
        (static_cast<double>(x + h - std::max<std::int64_t>(0, x - h)) * curve.unit);
    std::string binding;
    if (x == curve.min && marginal < lambda) binding = "min";
    if (x == curve.max && marginal > lambda) binding = "max";
    out.shares.push_back({channels[c].id, money, marginal, std::move(binding)});
    out.response += curve.At(x);
    now += curve.At(curve.current);
  }
  out.response_now = now;
  out.lambda = lambda;
  out.gap = relaxed <= 0 ? 0 : std::max(0.0, (relaxed - out.response) / relaxed);
  return out;
}

}  // namespace maxopt
