// lab response: what each campaign brings, from history alone.
#include "measure/response/response.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "app/lab/files.h"
#include "app/lab/history.h"
#include "app/lab/lab.h"

namespace maxopt::lab {
namespace {

using nlohmann::ordered_json;

Result<std::pair<std::size_t, std::size_t>> Window(const History& history,
                                                   const std::string& text) {
  const auto rows = static_cast<std::int64_t>(history.rows());
  if (text.empty()) return std::pair<std::size_t, std::size_t>{0, history.rows() - 1};
  const auto wrong = [&](const std::string& why) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("--window {}: {}; A:B are the first and the last {} of the window, and "
                            "the history goes from {} to {}",
                            text, why, history.dates ? "date" : "day", history.Print(history.first),
                            history.Print(history.first + (rows - 1) * history.step)));
  };
  const auto colon = text.find(':');
  if (colon == std::string::npos) return wrong("there is no colon");
  const auto from = ParseTime(text.substr(0, colon)), to = ParseTime(text.substr(colon + 1));
  if (!from || !to) return wrong("not two days");
  if (from->date != history.dates || to->date != history.dates) {
    return wrong("the files' times are of another kind");
  }
  const std::int64_t first = std::max<std::int64_t>(0, history.RowOf(from->number));
  const std::int64_t last = std::min(rows - 1, history.RowOf(to->number));
  if (first > last) return wrong("no row lies in it");
  return std::pair{static_cast<std::size_t>(first), static_cast<std::size_t>(last)};
}

/// A test that would tell: the budget up and down by half in turn, for as many weeks as bring the
/// uncertainty of the marginal return to half.
ordered_json Proposal(const ChannelResponse& channel, const ResponseFit& fit, int period_days) {
  const double spend = channel.spend_mean / period_days;
  const double noise = fit.residual_sd / std::sqrt(period_days);
  double sum = 0, square = 0;
  for (const double m : channel.marginal) sum += m, square += m * m;
  const auto n = static_cast<double>(channel.marginal.size());
  const double variance = n > 0 ? std::max(0.0, square / n - sum / n * sum / n) : 0;
  if (!(spend > 0) || !(variance > 0)) return nullptr;
  constexpr double kVary = 0.5;
  const double swing = kVary * spend;
  const double weeks = std::ceil(3 * noise * noise / (variance * 7 * swing * swing));
  return {{"vary", kVary},
          {"weeks", Digits12(std::clamp(weeks, 2.0, 9999.0))},
          {"marginal_sd_now", Digits12(std::sqrt(variance))},
          {"marginal_sd_then", Digits12(std::sqrt(variance) / 2)}};
}

}  // namespace

Result<int> Response(const ResponseArguments& arguments) {
  MAXOPT_TRY(const History history,
             ReadHistory({arguments.campaigns, arguments.kpi, arguments.experiments}));
  MAXOPT_TRY(const auto window, Window(history, arguments.window));
  const auto fit = FitResponse(
      history.data, {.seed = arguments.seed, .draws = 450, .holdout = true, .window = window});
  if (!fit) return FailWithin(arguments.campaigns + ", " + arguments.kpi, fit.error());
  double revenue = 0;
  for (std::size_t t = window.first; t <= window.second; ++t) revenue += history.data.revenue[t];
  const double rows = static_cast<double>(window.second - window.first + 1);

  ordered_json campaigns = ordered_json::object();
  for (const ChannelResponse& channel : fit->channels) {
    ordered_json out;
    out["spend"] = Digits12(channel.spend);
    out["identified"] = channel.identified;
    if (!channel.roas.empty()) {
      out["roas"] = IntervalJson(Summarize(channel.roas));
      out["marginal_roas"] = IntervalJson(Summarize(channel.marginal));
      std::vector<double> shares;
      for (const double roas : channel.roas) {
        shares.push_back(revenue > 0 ? roas * channel.spend / revenue : 0);
      }
      out["share"] = IntervalJson(Summarize(shares));
    } else {
      // Nothing was spent in the window: a return on nothing is absent, not 0.
      out["roas"] = nullptr;
      out["marginal_roas"] = nullptr;
      out["share"] = nullptr;
    }
    std::vector<double> carried, lags;
    for (const ResponseDraw& draw : channel.draws) {
      carried.push_back(draw.carried), lags.push_back(draw.lag_days);
    }
    out["carryover"] = {{"later_share", IntervalJson(Summarize(carried))},
                        {"mean_lag_days", IntervalJson(Summarize(lags))}};
    ordered_json points = ordered_json::array();
    const double usual = channel.spend > 0 ? channel.spend / rows : channel.spend_mean;
    for (const double part : {0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0}) {
      const double spend = part * usual;
      std::vector<double> values;
      for (const ResponseDraw& draw : channel.draws) values.push_back(draw.At(spend));
      ordered_json point{{"spend", Digits12(spend)}};
      point.update(IntervalJson(Summarize(values)));
      point["tried"] = spend <= channel.spend_max;
      points.push_back(std::move(point));
      if (usual <= 0) break;
    }
    out["curve"] = {{"per", history.data.period_days == 7 ? "week" : "day"},
                    {"points", std::move(points)}};
    if (!channel.identified && channel.spend_mean > 0) {
      out["experiment"] = Proposal(channel, *fit, history.data.period_days);
    }
    campaigns[channel.id] = std::move(out);
  }
  ordered_json about;
  about["rows"] = history.rows();
  about["window"] = {
      history.Print(history.first + static_cast<std::int64_t>(window.first) * history.step),
      history.Print(history.first + static_cast<std::int64_t>(window.second) * history.step)};
  if (fit->holdout) {
    about["holdout"] = {{"rows", fit->holdout->periods},
                        {"mape", Digits12(fit->holdout->mape)},
                        {"naive_mape", Digits12(fit->holdout->naive_mape)},
                        {"coverage90", Digits12(fit->holdout->coverage90)}};
  }
  about["r_squared"] = Digits12(fit->r_squared);
  about["residual_sd"] = Digits12(fit->residual_sd);
  about["residual_autocorrelation"] = Digits12(fit->residual_autocorrelation);
  about["innovation_autocorrelation"] = Digits12(fit->innovation_autocorrelation);
  about["excess_kurtosis"] = Digits12(fit->excess_kurtosis);
  about["media_scales_with_demand"] = fit->media_scales_with_demand;
  about["demand_following"] = fit->demand_following;
  about["ignored_controls"] = fit->ignored_controls;
  about["notes"] = history.notes;
  const std::string text = ordered_json{{"campaigns", std::move(campaigns)}, {"fit", about}}.dump(
                               2, ' ', false, nlohmann::json::error_handler_t::replace) +
                           "\n";
  MAXOPT_CHECK(WriteWhole(arguments.out, text));
  return 0;
}

}  // namespace maxopt::lab
