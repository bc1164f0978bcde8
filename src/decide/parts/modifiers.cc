#include "decide/parts/modifiers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace maxopt {
namespace {

constexpr double kWhole = 10'000;
constexpr double kLeastMove = 0.02;
constexpr double kReply = 1, kReplyLow = 0.5, kReplyHigh = 2;  // clicks to bids, k above
constexpr double kNormal95 = 1.6448536269514722;
constexpr double kPercentBp = 100;  // what people see and set

struct Outcome {
  double value = 0, spend = 0, gain = 0;
};
Outcome OutcomeOf(const ModifierCase& part, double value, double r, double k) {
  const double price = part.refills ? k / (k + 1) * part.rest_value / part.rest_spend : *part.worth;
  Outcome out;
  out.value = value * (std::pow(r, k) - 1);
  out.spend = part.spend * (std::pow(r, k + 1) - 1);
  out.gain = out.value - out.spend * price;
  return out;
}

Result<> Check(const ModifierCase& part) {
  const auto wrong = [](std::string what) { return Fail(Errc::kInvalidArgument, std::move(what)); };
  for (const double number : {part.weight.ratio, part.weight.low, part.weight.high, part.spend,
                              part.value, part.rest_spend, part.rest_value, part.rest_counts}) {
    if (!(number >= 0) || !std::isfinite(number)) {
      return wrong(fmt::format("{}: all numbers of a part must be finite, 0 or more", number));
    }
  }
  if (!(part.spend > 0)) return wrong("a part without spend has no bids to move");
  if (part.present_bp < 0) return wrong("a modifier is 0 or more");
  if (part.min_bp < 1 || part.max_bp < part.min_bp) return wrong("bounds must be 0 < min <= max");
  if (part.step_max_bp < 1 || part.step_max_bp >= 10'000) {
    return wrong("step_max_bp must be above 0, below 10000");
  }
  if (part.refills && !(part.rest_spend > 0)) return wrong("there is no rest that money goes to");
  if (!part.refills && (!part.worth || !(*part.worth > 0))) {
    return wrong("money that is saved needs a worth");
  }
  return {};
}

}  // namespace

Result<ModifierMove> MoveModifier(const ModifierCase& part) {
  MAXOPT_CHECK(Check(part));
  ModifierMove move;
  const auto present = static_cast<double>(part.present_bp);
  const double wanted = part.weight.ratio * (part.relative ? present : kWhole);
  move.wanted_bp = std::llround(std::min(wanted, 1e12));
  move.to_bp = part.present_bp;
  if (part.present_bp == 0) {
    move.why_not = "it is left out altogether, which somebody decided";
    return move;
  }
  const double bounded =
      std::clamp(wanted, static_cast<double>(part.min_bp), static_cast<double>(part.max_bp));
  const double step = static_cast<double>(part.step_max_bp) / kWhole;
  const double most = std::clamp(bounded / present, 1 - step, 1 + step) - 1;
  if (std::abs(most) < kLeastMove) {
    move.why_not = fmt::format("its modifier {:.2f} is what it is worth", present / kWhole);
    return move;
  }
  const double own_sd = (part.weight.high - part.weight.low) / (2 * kNormal95) *
                        (part.weight.ratio > 0 ? part.value / part.weight.ratio : 0);
  for (const double share : {1.0, 0.5, 0.25}) {
    // Rounded towards where it is, so that a step stays one.
    const double percents = present * (1 + share * most) / kPercentBp;
    const auto to = static_cast<std::int64_t>(
        kPercentBp * (most > 0 ? std::floor(percents + 1e-9) : std::ceil(percents - 1e-9)));
    const double r = static_cast<double>(to) / present;
    if (to < part.min_bp || to > part.max_bp || std::abs(r - 1) < kLeastMove) continue;
    const Outcome mean = OutcomeOf(part, part.value, r, kReply);
    const double reply = (OutcomeOf(part, part.value, r, kReplyHigh).gain -
                          OutcomeOf(part, part.value, r, kReplyLow).gain) /
                         (2 * kNormal95);
    const double own = own_sd * std::abs(std::pow(r, kReply) - 1);
    const double rest = part.refills && part.rest_counts > 0
                            ? mean.spend * kReply / (kReply + 1) * part.rest_value /
                                  part.rest_spend / std::sqrt(part.rest_counts)
                            : 0;
    const double sd = std::hypot(reply, own, rest);
    if (mean.gain - kNormal95 * sd <= 0) continue;
    move.to_bp = to;
    move.gain = {mean.gain, mean.gain - kNormal95 * sd, mean.gain + kNormal95 * sd};
    move.spend_change = mean.spend;
    move.value_change = mean.value;
    return move;
  }
  move.why_not = fmt::format(
      "the gain of moving its modifier from {:.2f} towards {:.2f} is not "
      "certain to be one",
      present / kWhole, bounded / kWhole);
  return move;
}

}  // namespace maxopt
