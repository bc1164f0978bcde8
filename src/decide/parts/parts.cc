#include "decide/parts/parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "measure/segments/spread.h"

namespace maxopt {
namespace {

/// Times the doubt that is allowed on average, for a single part.
constexpr double kGuess = 3;
constexpr int kRounds = 4;                   // in which variances between parts settle
constexpr double kZ90 = 1.6448536269514722;  // 95 % quantile of the normal distribution

struct Sums {
  double cost = 0, count = 0;  ///< count: value in units of its luck
  Sums& operator+=(const Sums& other) {
    cost += other.cost;
    count += other.count;
    return *this;
  }
};

/// Effect of a row or a column: a Gamma around 1 of the given relative variance, and its data.
struct Effect {
  double mean = 1;
  double variance = 0;  ///< relative
};
Effect EffectOf(double variance, double count, double expected) {
  if (!(variance > 0)) return {1, 0};
  const double k = 1 / variance;
  const double shape = k + std::max(count, 0.0);
  return {shape / (k + std::max(expected, 0.0)), 1 / shape};
}

struct Prior {
  double mean = 0;
  double variance = 0;  ///< relative; 0: known
};

/// What is expected of each part before its own numbers are looked at.
struct Fit {
  std::vector<Prior> prior;
  std::vector<double> expected_rate;  ///< with its own numbers in the effects, for the dispersion
  double parameters = 1;
};

Fit FitHours(const std::vector<Sums>& cells) {
  constexpr std::size_t kDays = 7, kHours = 24;
  Sums all;
  for (const Sums& cell : cells) all += cell;
  const double rate = all.count / all.cost;
  std::array<double, kDays> day_count{}, day_expected{};
  std::array<double, kHours> hour_count{}, hour_expected{};
  std::array<Effect, kDays> day{};
  std::array<Effect, kHours> hour{};
  double day_variance = 0, hour_variance = 0;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    day_count[c / kHours] += cells[c].count;
    hour_count[c % kHours] += cells[c].count;
  }
  for (int round = 0; round < 20; ++round) {
    day_expected.fill(0);
    for (std::size_t c = 0; c < cells.size(); ++c) {
      day_expected[c / kHours] += cells[c].cost * rate * hour[c % kHours].mean;
    }
    std::vector<std::pair<double, double>> strays;
    for (std::size_t d = 0; d < kDays; ++d) strays.emplace_back(day_count[d], day_expected[d]);
    day_variance = RelativeVariance(strays, kRounds);
    for (std::size_t d = 0; d < kDays; ++d) {
      day[d] = EffectOf(day_variance, day_count[d], day_expected[d]);
    }
    hour_expected.fill(0);
    for (std::size_t c = 0; c < cells.size(); ++c) {
      hour_expected[c % kHours] += cells[c].cost * rate * day[c / kHours].mean;
    }
    strays.clear();
    for (std::size_t h = 0; h < kHours; ++h) strays.emplace_back(hour_count[h], hour_expected[h]);
    hour_variance = RelativeVariance(strays, kRounds);
    for (std::size_t h = 0; h < kHours; ++h) {
      hour[h] = EffectOf(hour_variance, hour_count[h], hour_expected[h]);
    }
  }
  Fit out;
  std::vector<std::pair<double, double>> strays;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    const double fitted = rate * day[c / kHours].mean * hour[c % kHours].mean;
    out.expected_rate.push_back(fitted);
    strays.emplace_back(cells[c].count, cells[c].cost * fitted);
  }
  const double own_variance = RelativeVariance(strays, kRounds);
  for (std::size_t c = 0; c < cells.size(); ++c) {
    const std::size_t d = c / kHours, h = c % kHours;
    const Sums& own = cells[c];
    const Effect without_day = EffectOf(day_variance, day_count[d] - own.count,
                                        day_expected[d] - own.cost * rate * hour[h].mean);
    const Effect without_hour = EffectOf(hour_variance, hour_count[h] - own.count,
                                         hour_expected[h] - own.cost * rate * day[d].mean);
    out.prior.push_back({rate * without_day.mean * without_hour.mean,
                         own_variance + without_day.variance + without_hour.variance});
  }
  out.parameters = 1 + (kDays - 1) + (kHours - 1);
  return out;
}

Fit FitParts(const std::vector<Sums>& cells) {
  Sums all;
  for (const Sums& cell : cells) all += cell;
  const double rate = all.count / all.cost;
  Fit out;
  std::vector<std::pair<double, double>> strays;
  for (const Sums& cell : cells) {
    const double cost = all.cost - cell.cost, count = std::max(all.count - cell.count, 0.0);
    // A rest without value does not say that there can be none: the whole is worth a count of one.
    const double around = cost > 1e-12 * all.cost ? (count + 1) / (cost + 1 / rate) : rate;
    strays.emplace_back(cell.count, cell.cost * around);
    out.prior.push_back({around, 1 / (count + 1)});
    out.expected_rate.push_back(cell.cost > 0 ? cell.count / cell.cost : rate);
  }
  const double variance = RelativeVariance(strays, kRounds);
  for (Prior& prior : out.prior) prior.variance = variance > 0 ? variance + prior.variance : 0;
  out.parameters = static_cast<double>(
      std::count_if(cells.begin(), cells.end(), [](const Sums& c) { return c.cost > 0; }));
  return out;
}

/// One campaign between the two passes: what is tested, and what is known of its parts.
struct Work {
  std::vector<PartRow> by_day;  ///< one a part and day
  std::vector<Sums> cells;      ///< counts in units, dispersion included
  Fit fit;
  struct Block {
    std::vector<std::size_t> parts;
    double p = 1;
    double p_adjusted = 1;
  };
  std::vector<Block> blocks;
  double unit = 1;  ///< dispersion included
};

std::vector<std::vector<std::size_t>> BlocksOf(const PartsOf& campaign) {
  std::set<std::vector<std::size_t>> out;
  for (std::size_t part = 0; part < campaign.parts; ++part) out.insert({part});
  if (campaign.hours) {
    // Single hours seldom bring enough to tell; nights and mornings do.
    for (const std::size_t length : {1u, 4u, 6u}) {
      for (std::size_t first = 0; first < 24; first += length) {
        std::vector<std::size_t> all, working, weekend;
        for (std::size_t day = 0; day < 7; ++day) {
          for (std::size_t hour = first; hour < first + length; ++hour) {
            all.push_back(24 * day + hour);
            (day < 5 ? working : weekend).push_back(24 * day + hour);
          }
        }
        out.insert(all);
        out.insert(working);
        out.insert(weekend);
      }
    }
    for (std::size_t day = 0; day < 7; ++day) {
      std::vector<std::size_t> whole(24);
      std::iota(whole.begin(), whole.end(), 24 * day);
      out.insert(whole);
    }
  }
  return {out.begin(), out.end()};
}

/// Chance of so little in `own` where its rate is `factor` of the rest's.
double AtMostAgainstRest(const Sums& own, const Sums& rest, double factor) {
  const double share = factor * own.cost / (factor * own.cost + rest.cost);
  if (!(rest.count > 0)) return 1;
  return boost::math::ibetac(own.count + 1, rest.count, share);
}
double AtMostAgainstRate(const Sums& own, double rate) {
  return boost::math::gamma_q(own.count + 1, own.cost * rate);
}

/// Chance of a count as far from what the rest leads to expect, in whichever direction.
double AsFarFromRest(const Sums& own, const Sums& rest) {
  const double share = own.cost / (own.cost + rest.cost);
  const double below = rest.count > 0 ? boost::math::ibetac(own.count + 1, rest.count, share) : 1;
  const double above = own.count > 0 ? boost::math::ibeta(own.count, rest.count + 1, share) : 1;
  return std::min(1.0, 2 * std::min(below, above));
}

Result<> Check(std::span<const PartsOf> campaigns, const PartsOptions& o) {
  const auto wrong = [](std::string what) { return Fail(Errc::kInvalidArgument, std::move(what)); };
  if (!(o.false_discoveries > 0 && o.false_discoveries < 1)) {
    return wrong("false_discoveries must be between 0 and 1");
  }
  if (!(o.doubt > 0 && o.doubt < 0.5)) return wrong("doubt must be between 0 and 0.5");
  if (!(o.marginal > 0 && o.marginal <= 1)) return wrong("marginal must be above 0, at most 1");
  if (!(o.marginal_sd >= 0 && o.marginal_sd < 1)) return wrong("marginal_sd must be in [0, 1)");
  if (!(o.least_expected >= 0)) return wrong("least_expected must be 0 or more");
  if (o.least_days < 1) return wrong("least_days must be 1 or more");
  if (!(o.cost_share_max > 0 && o.cost_share_max <= 1)) {
    return wrong("cost_share_max must be above 0, at most 1");
  }
  for (std::size_t i = 0; i < campaigns.size(); ++i) {
    const PartsOf& campaign = campaigns[i];
    if (campaign.parts == 0) return wrong(fmt::format("campaign {} has no parts", i));
    if (campaign.hours && campaign.parts != kHoursOfWeek) {
      return wrong(
          fmt::format("campaign {}: a week has {} hours, not {}", i, kHoursOfWeek, campaign.parts));
    }
    if (!(campaign.unit > 0) || !std::isfinite(campaign.unit)) {
      return wrong(fmt::format("campaign {}: unit must be a number above 0", i));
    }
    if (campaign.worth && (!(*campaign.worth > 0) || !std::isfinite(*campaign.worth))) {
      return wrong(fmt::format("campaign {}: worth must be a number above 0", i));
    }
    if (!campaign.refills && !campaign.worth) {
      return wrong(fmt::format("campaign {}: money that is saved needs a worth", i));
    }
    for (const PartRow& row : campaign.rows) {
      if (row.part >= campaign.parts) {
        return wrong(fmt::format("campaign {}: part {} of {}", i, row.part, campaign.parts));
      }
      if (!(row.cost >= 0) || !(row.value >= 0) || !std::isfinite(row.cost) ||
          !std::isfinite(row.value)) {
        return wrong(fmt::format("campaign {}: {} for {}; both must be numbers, 0 or more", i,
                                 row.value, row.cost));
      }
    }
  }
  return {};
}

/// Sums, dispersion, expectations. What cannot be judged has no blocks and says why.
Work Prepare(const PartsOf& campaign, const PartsOptions& options, PartsReport& report) {
  Work work;
  // Summed in the order of their numbers, so that theirs does not move the last digit.
  std::vector<PartRow> rows = campaign.rows;
  std::sort(rows.begin(), rows.end(), [](const PartRow& a, const PartRow& b) {
    return std::tie(a.part, a.day, a.cost, a.value) < std::tie(b.part, b.day, b.cost, b.value);
  });
  std::set<int> days;
  std::vector<std::pair<double, double>> totals(campaign.parts);
  double cost = 0, value = 0;
  for (const PartRow& row : rows) {
    days.insert(row.day);
    if (work.by_day.empty() || work.by_day.back().part != row.part ||
        work.by_day.back().day != row.day) {
      work.by_day.push_back({row.part, row.day, 0, 0});
    }
    work.by_day.back().cost += row.cost;
    work.by_day.back().value += row.value;
    totals[row.part].first += row.cost;
    totals[row.part].second += row.value;
    cost += row.cost;
    value += row.value;
  }
  report.days = static_cast<int>(days.size());
  for (std::size_t part = 0; part < campaign.parts; ++part) {
    PartView view;
    view.part = part;
    view.cost = totals[part].first;
    view.value = totals[part].second;
    report.parts.push_back(view);
  }
  if (report.days < options.least_days) {
    report.why_not =
        fmt::format("{} days that count; {} are needed", report.days, options.least_days);
    return work;
  }
  if (!(cost > 0) || !(value > 0)) {
    report.why_not = !(cost > 0) ? "it cost nothing" : "it brought nothing that was counted";
    return work;
  }
  const auto count_at = [&](double unit) {
    work.cells.clear();
    for (const auto& [c, v] : totals) work.cells.push_back({c, v / unit});
    work.fit = campaign.hours ? FitHours(work.cells) : FitParts(work.cells);
  };
  // Effects that are fitted to clumps explain some of them away, so the fit is made again with the
  // dispersion that it left, until neither moves.
  report.dispersion = 1;
  for (int round = 0; round < 5; ++round) {
    count_at(campaign.unit * report.dispersion);
    double pearson = 0;
    int cells = 0;
    for (const PartRow& cell : work.by_day) {
      const double expected = cell.cost * work.fit.expected_rate[cell.part] * report.dispersion;
      if (!(expected > 0)) continue;
      const double off = cell.value / campaign.unit - expected;
      pearson += off * off / expected;
      ++cells;
    }
    const double freedom = cells - work.fit.parameters;
    const double next = freedom > 0 ? std::max(1.0, pearson / freedom) : 1.0;
    const bool settled = std::abs(next - report.dispersion) < 1e-3 * report.dispersion;
    report.dispersion = next;
    if (settled) break;
  }
  work.unit = campaign.unit * report.dispersion;
  count_at(work.unit);

  Sums all;
  for (const Sums& cell : work.cells) all += cell;
  for (std::vector<std::size_t>& parts : BlocksOf(campaign)) {
    Sums own;
    for (const std::size_t part : parts) own += work.cells[part];
    const Sums rest{all.cost - own.cost, std::max(all.count - own.count, 0.0)};
    if (!(rest.cost > 1e-12 * all.cost) || !(own.cost > 0)) continue;
    const double bound =
        campaign.refills ? options.marginal * rest.count / rest.cost : *campaign.worth / work.unit;
    if (own.cost * bound < options.least_expected) continue;
    Work::Block block;
    block.p = campaign.refills ? AtMostAgainstRest(own, rest, options.marginal)
                               : AtMostAgainstRate(own, bound);
    block.parts = std::move(parts);
    work.blocks.push_back(std::move(block));
  }
  if (work.blocks.empty()) {
    report.why_not = fmt::format(
        "too little evidence: no part is expected to bring {:.0f} "
        "counts",
        options.least_expected);
  }
  return work;
}

void Adjust(std::vector<Work>& works) {
  std::vector<Work::Block*> all;
  for (Work& work : works) {
    for (Work::Block& block : work.blocks) all.push_back(&block);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Work::Block* a, const Work::Block* b) { return a->p < b->p; });
  double least = 1;
  for (std::size_t k = all.size(); k-- > 0;) {
    least =
        std::min(least, all[k]->p * static_cast<double>(all.size()) / static_cast<double>(k + 1));
    all[k]->p_adjusted = least;
  }
}

struct Gamma {
  double shape = 0, rate = 0;
  double mean() const { return shape / rate; }
};

void Decide(const PartsOf& campaign, const PartsOptions& options, const Work& work,
            PartsReport& report) {
  if (work.blocks.empty()) return;
  Sums all;
  for (const Sums& cell : work.cells) all += cell;
  for (const Work::Block& block : work.blocks) {
    for (const std::size_t part : block.parts) {
      report.parts[part].p_adjusted = std::min(report.parts[part].p_adjusted, block.p_adjusted);
    }
  }
  std::vector<std::size_t> suspects;
  Sums stay = all;
  for (std::size_t part = 0; part < campaign.parts; ++part) {
    if (report.parts[part].p_adjusted > options.false_discoveries) continue;
    suspects.push_back(part);
    stay.cost -= work.cells[part].cost;
    stay.count -= work.cells[part].count;
  }
  if (suspects.empty()) {
    report.why_not = "no part of it loses beyond doubt";
  }
  // Where everything is suspect nothing is left to compare with but the whole.
  if (!(stay.cost > 1e-9 * all.cost) || !(stay.count > 0)) stay = all;
  const double rest = stay.count / stay.cost;  // in units
  const double bound = campaign.refills ? options.marginal * rest : *campaign.worth / work.unit;
  report.bound = bound * work.unit;
  report.rest_rate = rest * work.unit;

  std::vector<double> variances(campaign.parts);
  for (std::size_t part = 0; part < campaign.parts; ++part) {
    PartView& view = report.parts[part];
    const Prior& prior = work.fit.prior[part];
    const Sums& own = work.cells[part];
    if (prior.variance > 0) {
      const Gamma posterior{1 / prior.variance + own.count,
                            1 / (prior.variance * prior.mean) + own.cost};
      view.rate = posterior.mean() * work.unit;
      // Of a week's hours only those that are in question: quantiles take most of the time.
      if (!campaign.hours || view.p_adjusted <= options.false_discoveries) {
        view.low = boost::math::gamma_p_inv(posterior.shape, 0.05) / posterior.rate * work.unit;
        view.high = boost::math::gamma_p_inv(posterior.shape, 0.95) / posterior.rate * work.unit;
      }
      view.chance_fine = boost::math::gamma_q(posterior.shape, posterior.rate * bound);
      variances[part] = posterior.shape / posterior.rate / posterior.rate * work.unit * work.unit;
    } else {
      view.rate = view.low = view.high = prior.mean * work.unit;
      view.chance_fine = prior.mean >= bound ? 1 : 0;
    }
  }
  // What is surest goes first, as long as the whole is sure enough and a step goes.
  std::vector<std::size_t> losing;
  for (const std::size_t part : suspects) {
    const PartView& view = report.parts[part];
    if (view.rate < report.bound && view.cost > 0) losing.push_back(part);
  }
  std::stable_sort(losing.begin(), losing.end(), [&](std::size_t a, std::size_t b) {
    return report.parts[a].chance_fine < report.parts[b].chance_fine;
  });
  double doubted = 0, taken = 0, value = 0;
  bool any_sure = false;
  for (const PartView& view : report.parts) value += view.value;
  std::vector<std::size_t> stop;
  for (const std::size_t part : losing) {
    PartView& view = report.parts[part];
    // Sure ones beside it do not make up for one that is hardly more than a guess.
    if (view.chance_fine > kGuess * options.doubt) break;
    const double doubts = doubted + view.cost * view.chance_fine;
    if (doubts > options.doubt * (taken + view.cost)) break;
    any_sure = true;
    if (taken + view.cost > options.cost_share_max * all.cost) {
      view.verdict = PartVerdict::kLater;
      continue;
    }
    doubted = doubts;
    taken += view.cost;
    stop.push_back(part);
  }
  if (stop.empty()) {
    if (report.why_not.empty()) {
      report.why_not = any_sure
                           ? fmt::format("what loses is more than {:.0f} % of its cost in one part",
                                         100 * options.cost_share_max)
                           : "no part of it loses beyond doubt";
    }
    return;
  }
  // Without the most doubtful ones until what is left is a gain.
  const double days = report.days;
  const double earns = campaign.refills ? report.bound : *campaign.worth;
  for (; !stop.empty(); stop.pop_back()) {
    double cost = 0, lost = 0, claimed = 0, deviation = 0;
    for (const std::size_t part : stop) {
      const PartView& view = report.parts[part];
      cost += view.cost;
      lost += view.cost * view.rate;
      claimed += view.value;
      // Parts that are shrunk to one effect err together: their deviations add.
      deviation += view.cost * std::sqrt(variances[part]);
    }
    double spread = 0;
    if (campaign.refills) {
      const double of_rest = options.marginal * report.rest_rate / std::sqrt(stay.count);
      const double of_marginal = options.marginal_sd * report.rest_rate;
      spread = cost * std::hypot(of_rest, of_marginal);
    }
    const double sd = std::hypot(spread, deviation) / days;
    const double gain = (cost * earns - lost) / days;
    if (gain - kZ90 * sd <= 0) continue;
    report.any = true;
    report.cost_freed = cost / days;
    report.value_lost = lost / days;
    report.claimed_share = claimed / value;
    report.gain = {gain, gain - kZ90 * sd, gain + kZ90 * sd};
    for (const std::size_t part : stop) report.parts[part].verdict = PartVerdict::kStop;
    return;
  }
  report.why_not = "the gain of stopping what loses is not certain to be one";
  for (PartView& view : report.parts) view.verdict = PartVerdict::kKeep;
}

}  // namespace

Result<std::vector<PartsReport>> JudgeParts(std::span<const PartsOf> campaigns,
                                            const PartsOptions& options) {
  MAXOPT_CHECK(Check(campaigns, options));
  std::vector<PartsReport> out(campaigns.size());
  std::vector<Work> works;
  for (std::size_t i = 0; i < campaigns.size(); ++i) {
    works.push_back(Prepare(campaigns[i], options, out[i]));
  }
  Adjust(works);
  for (std::size_t i = 0; i < campaigns.size(); ++i) {
    Decide(campaigns[i], options, works[i], out[i]);
  }
  return out;
}

Result<std::vector<WeightsReport>> WeighParts(std::span<const PartsOf> campaigns,
                                              const PartsOptions& options) {
  MAXOPT_CHECK(Check(campaigns, options));
  std::vector<PartsReport> judged(campaigns.size());
  std::vector<Work> works;
  for (std::size_t i = 0; i < campaigns.size(); ++i) {
    if (campaigns[i].hours) {
      return Fail(Errc::kInvalidArgument, fmt::format("campaign {}: hours are not weighed", i));
    }
    Work work = Prepare(campaigns[i], options, judged[i]);
    Sums all;
    for (const Sums& cell : work.cells) all += cell;
    for (Work::Block& block : work.blocks) {
      const Sums& own = work.cells[block.parts.front()];
      block.p = AsFarFromRest(own, {all.cost - own.cost, std::max(all.count - own.count, 0.0)});
    }
    works.push_back(std::move(work));
  }
  Adjust(works);
  std::vector<WeightsReport> out(campaigns.size());
  for (std::size_t i = 0; i < campaigns.size(); ++i) {
    const Work& work = works[i];
    WeightsReport& report = out[i];
    report.days = judged[i].days;
    report.dispersion = judged[i].dispersion;
    report.why_not = judged[i].why_not;
    Sums all;
    for (const Sums& cell : work.cells) all += cell;
    for (const PartView& view : judged[i].parts) {
      report.parts.push_back({.part = view.part, .exposure = view.cost, .value = view.value});
    }
    if (work.blocks.empty()) continue;
    const double whole = all.count / all.cost;  // in units
    report.rate = whole * work.unit;
    for (const Work::Block& block : work.blocks) {
      PartWeight& weight = report.parts[block.parts.front()];
      const Prior& prior = work.fit.prior[weight.part];
      const Sums& own = work.cells[weight.part];
      weight.p_adjusted = block.p_adjusted;
      if (!(prior.variance > 0)) continue;  // they do not really differ
      const Gamma posterior{1 / prior.variance + own.count,
                            1 / (prior.variance * prior.mean) + own.cost};
      const double scale = 1 / (posterior.rate * whole);
      weight.ratio = posterior.shape * scale;
      weight.low = boost::math::gamma_p_inv(posterior.shape, 0.05) * scale;
      weight.high = boost::math::gamma_p_inv(posterior.shape, 0.95) * scale;
      weight.differs =
          weight.p_adjusted <= options.false_discoveries && (weight.high < 1 || weight.low > 1);
    }
    const bool any = std::any_of(report.parts.begin(), report.parts.end(),
                                 [](const PartWeight& weight) { return weight.differs; });
    if (!any && report.why_not.empty()) {
      report.why_not = "no part of it is worth more or less than the others beyond luck";
    }
  }
  return out;
}

}  // namespace maxopt
