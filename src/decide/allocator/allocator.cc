#include "decide/allocator/allocator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "decide/allocator/budget.h"

namespace maxopt {
namespace {

constexpr int kPoints = 400;  // of each curve between its bounds

}  // namespace

Result<Allocation> Allocate(const std::vector<AllocationChannel>& channels, Money total,
                            MinorUnits table) {
  MAXOPT_TRY(const int decimals, MinorUnitDecimals(total.currency(), table));
  MAXOPT_TRY(const std::int64_t budget, ToMinor(total, table));
  const double unit = std::pow(10.0, -decimals);
  BudgetProblem problem;
  problem.decimals = decimals;
  problem.budget = static_cast<double>(budget) * unit;
  double now = 0;
  for (const AllocationChannel& channel : channels) {
    for (const Money& money : {channel.min, channel.max, channel.current}) {
      if (money.currency() != total.currency()) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("channel {} is in {}, the budget in {}", channel.id,
                                money.currency().name(), total.currency().name()));
      }
    }
    MAXOPT_TRY(const std::int64_t min, ToMinor(channel.min, table));
    MAXOPT_TRY(const std::int64_t max, ToMinor(channel.max, table));
    MAXOPT_TRY(const std::int64_t current, ToMinor(channel.current, table));
    BudgetProblem::Channel& c = problem.channels.emplace_back();
    c.id = channel.id;
    c.min = static_cast<double>(min) * unit;
    c.max = static_cast<double>(max) * unit;
    c.curve.family = ResponseCurve::Family::kPiecewise;
    const std::int64_t width = std::max<std::int64_t>(0, max - min);
    const std::int64_t steps = std::clamp<std::int64_t>(width, 1, kPoints);
    double highest = -std::numeric_limits<double>::infinity();
    for (std::int64_t i = 0; i <= steps && (i == 0 || width > 0); ++i) {
      // 128 bits: width x steps may pass 2^63 for large budgets in small units.
      __extension__ using Wide = __int128;
      const auto at = min + static_cast<std::int64_t>(static_cast<Wide>(width) * i / steps);
      const double x = static_cast<double>(at) * unit;
      const double y = channel.response(x);
      if (!std::isfinite(y)) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("channel {}: the response is not a number", channel.id));
      }
      // A response that falls is one that nobody pays for.
      highest = std::max(highest, y);
      c.curve.points.emplace_back(x, highest);
    }
    now += channel.response(static_cast<double>(current) * unit);
  }
  MAXOPT_TRY(const BudgetAnswer answer, SplitBudget(problem));

  Allocation out{};
  for (std::size_t i = 0; i < channels.size(); ++i) {
    MAXOPT_TRY(const Money money, MoneyFromMinor(answer.minor[i], total.currency(), table));
    out.shares.push_back({channels[i].id, money, answer.marginal[i], answer.binding[i]});
    out.response += channels[i].response(static_cast<double>(answer.minor[i]) * unit);
  }
  out.response_now = now;
  out.lambda = answer.lambda;
  out.gap = answer.gap;
  return out;
}

}  // namespace maxopt
