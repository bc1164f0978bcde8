#include "stages/optimize/levers/creatives/rotation.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numeric>
#include <optional>
#include <tuple>

namespace maxopt {
namespace {

constexpr double kZ95 = 1.6448536269514722;
constexpr double kZ99 = 2.3263478740408408;
/// Below a hundredth more conversions a move is not worth the platform's relearning.
constexpr double kGainMin = 0.01;

Result<Bandit> Learnt(const RotationInput& input, double floor) {
  if (input.ads.empty()) return Fail(Errc::kInvalidArgument, "no ads");
  BanditOptions options;
  options.floor = floor;
  options.learn_delay = input.learn_delay;
  MAXOPT_TRY(Bandit bandit, Bandit::Make(input.ads.size(), 1, input.window, options));
  for (const RotationStep& step : input.steps) {
    MAXOPT_CHECK(bandit.Learn(step.period, step.feedback));
  }
  return bandit;
}

/// Chance of 95 % that the click rate of an ad is below that of the others: the logarithm of the
/// ratio of two rates is nearly normal with variance 1/clicks + 1/clicks.
std::string ClickSignal(const std::vector<RotationAd>& ads, std::size_t at) {
  double clicks = 0, impressions = 0;
  for (std::size_t i = 0; i < ads.size(); ++i) {
    if (i == at || !ads[i].on) continue;
    clicks += ads[i].clicks;
    impressions += ads[i].impressions;
  }
  const RotationAd& ad = ads[at];
  // Half a click each, so that none at all is a number too (Haldane, Anscombe).
  const double mine = (ad.clicks + 0.5) / (ad.impressions + 1);
  const double others = (clicks + 0.5) / (impressions + 1);
  const double sd = std::sqrt(1 / (ad.clicks + 0.5) + 1 / (clicks + 0.5));
  const double ratio = mine / others;
  const double high = ratio * std::exp(kZ95 * sd);
  if (!(high < 1) || !(impressions > 0) || !(ad.impressions > 0)) return {};
  return fmt::format(
      "its click rate agrees: {:.2f} % ({:.0f} of {:.0f}) against {:.2f} % of the others, at most "
      "{:.0f} % of theirs (95 %)",
      100 * ad.clicks / ad.impressions, ad.clicks, ad.impressions, 100 * clicks / impressions,
      100 * high);
}

}  // namespace

Result<RotationAdvice> JudgeRotation(const RotationInput& input, const RotationOptions& options) {
  MAXOPT_TRY(const Bandit bandit, Learnt(input, 0));
  const std::vector<RotationAd>& ads = input.ads;
  RotationAdvice out;
  out.arms.resize(ads.size());
  double shown = 0;
  for (const RotationAd& ad : ads) shown += ad.on ? ad.impressions : 0;
  std::vector<std::size_t> on;
  std::vector<RatePosterior> rates;
  for (std::size_t i = 0; i < ads.size(); ++i) {
    RotationArm& arm = out.arms[i];
    arm.rate = bandit.Posterior(0, i);
    arm.rate_low90 =
        arm.rate.mean / arm.rate.shape * boost::math::gamma_p_inv(arm.rate.shape, 0.05);
    arm.rate_high90 =
        arm.rate.mean / arm.rate.shape * boost::math::gamma_p_inv(arm.rate.shape, 0.95);
    if (!ads[i].on) continue;
    arm.served = shown > 0 ? ads[i].impressions / shown : 0;
    on.push_back(i);
    rates.push_back(arm.rate);
  }
  const std::vector<double> chances = ChanceOfBest(rates);
  for (std::size_t k = 0; k < on.size(); ++k) {
    out.arms[on[k]].chance_best = chances[k];
    if (chances[k] > out.arms[out.best].chance_best || k == 0) out.best = on[k];
  }
  const double seen = std::accumulate(
      ads.begin(), ads.end(), 0.0, [](double sum, const auto& ad) { return sum + ad.conversions; });

  std::vector<bool> stays(ads.size());
  for (const std::size_t i : on) stays[i] = true;
  std::size_t left = on.size();
  const auto spares = static_cast<std::size_t>(
      std::count_if(ads.begin(), ads.end(), [](const RotationAd& ad) { return ad.spare; }));
  const RatePosterior& best = on.empty() ? out.arms[0].rate : out.arms[out.best].rate;

  // Worst first, so that the floor keeps the better ones.
  std::vector<std::size_t> order = on;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tuple(out.arms[a].rate.mean, a) < std::tuple(out.arms[b].rate.mean, b);
  });
  for (const std::size_t i : order) {
    const RotationAd& ad = ads[i];
    const RotationArm& arm = out.arms[i];
    if (i == out.best || !(seen > 0)) continue;
    const double ratio = arm.rate.mean / best.mean;
    const double high = ratio * std::exp(kZ99 * std::sqrt(1 / arm.rate.shape + 1 / best.shape));
    if (arm.chance_best >= options.chance_min || !(high < 1 - options.worse_by)) continue;
    // Impressions cost differently: what counts in the end is what a conversion costs.
    double spend = 0, conversions = 0;
    for (const std::size_t k : on) {
      if (k == i) continue;
      spend += ads[k].spend;
      conversions += ads[k].conversions;
    }
    if (ad.conversions * spend >= conversions * ad.spend && ad.conversions > 0) {
      out.notes.push_back(fmt::format(
          "ad {} converts less an impression and costs no more a conversion; it stays", ad.id));
      continue;
    }
    if (left <= options.on_min) {
      out.notes.push_back(fmt::format(
          "ad {} is the best with a chance of {:.2g} only, and stays: {} ads are the least", ad.id,
          arm.chance_best, options.on_min));
      continue;
    }
    --left;
    stays[i] = false;
    out.moves.push_back(
        {i, false, false,
         fmt::format("it is the best of {} ads with a chance of {:.2g}; of {:.0f} impressions "
                     "{:.6g} converted, {:.0f} % of the best ad's rate (at most {:.0f} %, 99 %)",
                     on.size(), arm.chance_best, ad.impressions, ad.conversions, 100 * ratio,
                     100 * high),
         ClickSignal(ads, i)});
  }
  bool waiting = false;  // one tires and stays only until a spare is on
  for (const std::size_t i : order) {
    const RotationAd& ad = ads[i];
    if (!ad.tired || !stays[i]) continue;
    if (i == out.best || left <= options.on_min) {
      waiting = waiting || spares > 0;
      out.notes.push_back(fmt::format(
          "ad {} tires and stays{}: {}", ad.id, spares > 0 ? " until a successor is on" : "",
          i == out.best ? std::string("it is still the best")
                        : fmt::format("{} ads are the least", options.on_min)));
      continue;
    }
    --left;
    stays[i] = false;
    out.moves.push_back(
        {i, false, true,
         fmt::format("it tires, and is the best of {} ads with a chance of {:.2g} only", on.size(),
                     out.arms[i].chance_best),
         out.arms[i].chance_best * static_cast<double>(on.size()) < 1
             ? fmt::format("its conversions agree: {:.6g} of {:.0f} impressions, {:.0f} % of the "
                           "best ad's rate",
                           ad.conversions, ad.impressions, 100 * out.arms[i].rate.mean / best.mean)
             : std::string()});
  }
  // One spare at a time: more at once would each learn too slowly to be judged.
  std::optional<std::size_t> tried;
  for (std::size_t i = 0; i < ads.size() && !tried && !on.empty(); ++i) {
    if (ads[i].spare && (waiting || left < options.on_wanted)) tried = i;
  }
  if (tried) stays[*tried] = true;
  MAXOPT_TRY(const auto shares, bandit.Shares(stays));
  for (std::size_t i = 0; i < ads.size(); ++i) out.arms[i].share = shares[0][i];
  if (tried) {
    out.moves.push_back(
        {*tried,
         true,
         false,
         fmt::format("{} of {} ads stay on and this one was never shown; {:.0f} % of the "
                     "impressions are worth learning what it does",
                     left, on.size(), 100 * out.arms[*tried].share),
         {}});
  }
  return out;
}

Result<ShareAdvice> JudgeShares(const RotationInput& input, const std::vector<ShareArm>& arms,
                                int step_bp, std::int64_t unit_micros) {
  if (arms.size() != input.ads.size() || arms.size() < 2 || step_bp < 0 || step_bp > 10'000 ||
      unit_micros < 1) {
    return Fail(Errc::kInvalidArgument,
                "shares are of two arms or more, one an ad; step_bp is in 0..10'000, the unit "
                "above 0");
  }
  // None is starved: what gets nothing is never learnt again.
  MAXOPT_TRY(const Bandit bandit, Learnt(input, 0.2 / static_cast<double>(arms.size())));
  MAXOPT_TRY(const auto shares, bandit.Shares(std::vector<bool>(arms.size(), true)));
  ShareAdvice out;
  out.shares = shares[0];
  double total = 0;
  for (const ShareArm& arm : arms) {
    out.budget_micros.push_back(arm.budget_micros);
    total += static_cast<double>(arm.budget_micros);
  }
  for (std::size_t i = 0; i < arms.size(); ++i) out.rates.push_back(bandit.Posterior(0, i));
  const auto stay = [&](std::string why) {
    out.why_not = std::move(why);
    return std::move(out);
  };
  std::vector<double> move(arms.size());
  double up = 0, down = 0;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    const double budget = static_cast<double>(arms[i].budget_micros);
    if (!(budget > 0)) return stay("a budget is not known");
    if (!(arms[i].spend > 0) || !(arms[i].impressions > 0)) {
      return stay(fmt::format("{} has not been shown in the judged days", arms[i].id));
    }
    const double most = budget * step_bp / 10'000;
    move[i] = std::clamp(out.shares[i] * total - budget, -most, most);
    (move[i] > 0 ? up : down) += std::abs(move[i]);
  }
  const double kept = std::min(up, down);
  if (!(kept > 0)) return stay("the budgets are as they should be");
  double gain = 0, variance = 0, now = 0;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    move[i] *= kept / (move[i] > 0 ? up : down);
    // Conversions for money, by how many impressions the money buys.
    const double rate = out.rates[i].mean * arms[i].impressions / arms[i].spend;
    gain += move[i] / 1e6 * rate;
    variance += move[i] / 1e6 * rate * (move[i] / 1e6 * rate) / out.rates[i].shape;
    now += static_cast<double>(arms[i].budget_micros) / 1e6 * rate;
  }
  const double sd = std::sqrt(variance);
  if (!(gain > kZ99 * sd) || gain < kGainMin * now) {
    return stay(
        fmt::format("moving towards the better ones would bring {:+.2f} conversions a day "
                    "(sd {:.2f}), which is not told from luck or not worth it",
                    gain, sd));
  }
  for (std::size_t i = 0; i < arms.size(); ++i) {
    const double wanted = static_cast<double>(arms[i].budget_micros) + move[i];
    // Rounded down, cuts and raises alike, so the sum never grows; a step stays within its bound.
    auto units = static_cast<std::int64_t>(std::floor(wanted / static_cast<double>(unit_micros)));
    const std::int64_t least =
        (arms[i].budget_micros - arms[i].budget_micros / 10'000 * step_bp + unit_micros - 1) /
        unit_micros;
    units =
        std::max({units, std::min(least, arms[i].budget_micros / unit_micros), std::int64_t{1}});
    out.budget_micros[i] = units * unit_micros;
  }
  const auto sum =
      std::accumulate(out.budget_micros.begin(), out.budget_micros.end(), std::int64_t{0});
  // The bound of a cut is rounded up: what that is too much comes off the largest raise.
  std::int64_t over = sum - static_cast<std::int64_t>(total);
  for (std::size_t i = 0; i < arms.size() && over > 0; ++i) {
    const std::int64_t raise = out.budget_micros[i] - arms[i].budget_micros;
    if (raise <= 0) continue;
    const std::int64_t off =
        std::min(raise / unit_micros, (over + unit_micros - 1) / unit_micros) * unit_micros;
    out.budget_micros[i] -= off;
    over -= off;
  }
  out.gain = gain;
  out.gain_sd = sd;
  return out;
}

}  // namespace maxopt
