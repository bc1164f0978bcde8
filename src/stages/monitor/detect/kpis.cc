#include "stages/monitor/detect/kpis.h"

#include <fmt/format.h>

#include <boost/math/distributions/gamma.hpp>
#include <charconv>
#include <cmath>

namespace maxopt {
namespace {

constexpr double kOneSided = 0.025;

/// A ratio KPI: what is divided by what, and the count that carries its luck.
struct Ratio {
  double numerator;
  double denominator;
  double count;           ///< events that happened, whose number is luck
  bool count_is_above;    ///< the count stands in the numerator
  double variance = 1;    ///< of the count over its mean
  const char* unit = "";  ///< "money" prints with the currency
};

std::optional<Ratio> RatioOf(std::string_view kpi, const KpiSums& s) {
  const double spend = static_cast<double>(s.spend_micros) / 1e6;
  const double revenue = static_cast<double>(s.revenue_micros) / 1e6;
  const auto impressions = static_cast<double>(s.impressions);
  const auto clicks = static_cast<double>(s.clicks);
  if (kpi == "cpa") return Ratio{spend, s.conversions, s.conversions, false, 1, "money"};
  if (kpi == "roas") return Ratio{revenue, spend, s.conversions, true, 2, ""};
  if (kpi == "cvr") return Ratio{s.conversions, clicks, s.conversions, true, 1, ""};
  if (kpi == "ctr") return Ratio{clicks, impressions, clicks, true, 1, ""};
  if (kpi == "cpc") return Ratio{spend, clicks, clicks, false, 1, "money"};
  if (kpi == "cpm") return Ratio{1000 * spend, impressions, impressions, false, 1, "money"};
  return std::nullopt;
}

/// Chance of a count at most (or at least) as far from `mean` as `count`, on its side of it, for a
/// count whose variance is `dispersion` times its mean: a gamma of the same mean and variance,
/// which for dispersion 1 is the Poisson's own tail (Garwood).
double TailChance(double count, double mean, double dispersion) {
  if (mean <= 0) return count > 0 ? 0 : 1;
  const double scaled = mean / dispersion;
  if (count < mean) {
    return boost::math::gamma_q(count / dispersion + 1, scaled);  // P(X <= count)
  }
  return count <= 0 ? 1 : boost::math::gamma_p(count / dispersion, scaled);  // P(X >= count)
}

std::string Show(double value, const Ratio& ratio, Currency currency) {
  if (std::string_view(ratio.unit) == "money") {
    return fmt::format("{:.2f} {}", value, currency.name());
  }
  return fmt::format("{:.4g}", value);
}

}  // namespace

std::optional<Condition> JudgeKpi(const Watch& watch, const AccountView& account,
                                  const CampaignView& campaign, const KpiSums& sums) {
  const auto ratio = RatioOf(watch.kpi, sums);
  if (!ratio || watch.target.empty()) return std::nullopt;
  double target = 0;
  const char* end = watch.target.data() + watch.target.size();
  const auto read = std::from_chars(watch.target.data(), end, target);
  if (read.ec != std::errc() || !(target > 0)) return std::nullopt;

  // With nothing in the denominator the ratio has no value; cost without a result has its lowest.
  const bool no_result = ratio->denominator <= 0;
  if (no_result && (ratio->count_is_above || ratio->numerator <= 0)) return std::nullopt;
  const double actual = no_result ? ratio->numerator : ratio->numerator / ratio->denominator;
  const double deviation = actual / target - 1;
  const double off = std::abs(deviation) * 100;
  const bool bad = watch.direction == "both" || (watch.direction == "above" && deviation > 0) ||
                   (watch.direction == "below" && deviation < 0);
  if (!bad || watch.warn_percent <= 0 || off < watch.warn_percent) return std::nullopt;
  // The count that a campaign on target would have had from the same other side of the ratio. For
  // roas it is the orders at the value that they had: without any order that is not known, and
  // conversions are watched by themselves.
  const double expected_count = watch.kpi == "roas"
                                    ? ratio->count * target / std::max(actual, 1e-12)
                                : ratio->count_is_above ? ratio->denominator * target
                                                        : ratio->numerator / target;
  const double chance = TailChance(ratio->count, expected_count, ratio->variance);
  if (chance > kOneSided) return std::nullopt;

  Condition c;
  c.client = account.client;
  c.detector = "kpi";
  c.account = account.info.account;
  c.level = Level::kCampaign;
  c.object_id = campaign.id;
  c.name = campaign.name;
  c.kpi = watch.kpi;
  c.direction = deviation > 0 ? "above" : "below";
  c.tier = watch.critical_percent > 0 && off >= watch.critical_percent ? AlertTier::kCritical
                                                                       : AlertTier::kWarning;
  // A page is for what the campaign is for.
  if (watch.importance == "secondary" && c.tier == AlertTier::kCritical) {
    c.tier = AlertTier::kWarning;
  }
  const Currency currency = account.info.currency;
  c.actual = (no_result ? "over " : "") + Show(actual, *ratio, currency);
  c.expected = Show(target, *ratio, currency);
  c.deviation = deviation;
  c.since = account.zone->Begin(sums.from);
  const auto days = (sums.to - sums.from).count() + 1;
  c.at_stake = Money::Micros(sums.spend_micros / days, currency);
  c.title = fmt::format("{}: {} is {} against a target of {} ({:+.0f} %) over {} days",
                        campaign.name, watch.kpi, c.actual, c.expected, 100 * deviation, days);
  c.evidence.push_back(fmt::format(
      "{:.4g} where a campaign on target would have had {:.4g} from {} of spend and {} "
      "impressions; chance {:.2g}",
      ratio->count, expected_count, PrintMoney(Money::Micros(sums.spend_micros, currency)),
      sums.impressions, chance));
  return c;
}

}  // namespace maxopt
