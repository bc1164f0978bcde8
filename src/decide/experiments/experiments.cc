#include "decide/experiments/experiments.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string_view>

namespace maxopt {
namespace {

std::unexpected<Error> Wrong(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

/// FNV-1a, then mixed as splitmix64 does: a number that stays the same on every machine.
std::uint64_t Hash(std::string_view text, std::uint64_t seed) {
  std::uint64_t h = 0xcbf29ce484222325u ^ seed * 0x9e3779b97f4a7c15u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
  return h ^ (h >> 31);
}

/// Candidates drawn per number of geos, and exchanges tried on the best of them.
constexpr int kDrawn = 40, kExchanges = 60;
/// Pretended tests at the end of the history.
constexpr int kWindows = 3;

using Set = std::vector<std::size_t>;

struct History {
  std::vector<std::string> names;
  std::vector<std::vector<double>> sales;     ///< [geo][day]
  std::vector<std::vector<double>> relative;  ///< over the geo's mean
  std::vector<double> weight;                 ///< inverse of its own noise
  std::vector<double> mean;
  std::vector<double> spend;  ///< a day; empty when not known
  std::size_t days = 0;
};

/// How far the mean of a window strays, relative to sales, from what the controls and the days
/// before it foretold: root mean square over windows in the first `days` days.
double Strays(const History& history, const Set& set, std::size_t days, std::size_t window) {
  std::vector<bool> in(history.names.size(), false);
  for (const std::size_t g : set) in[g] = true;
  std::vector<double> gap(days, 0);
  double weights = 0, sales = 0;
  for (std::size_t g = 0; g < in.size(); ++g)
    (in[g] ? sales : weights) += in[g] ? history.mean[g] : history.weight[g];
  for (std::size_t g = 0; g < in.size(); ++g) {
    const double share = in[g] ? history.mean[g] / sales : -history.weight[g] / weights;
    for (std::size_t t = 0; t < days; ++t) gap[t] += share * history.relative[g][t];
  }
  std::vector<double> sums(days + 1, 0);
  for (std::size_t t = 0; t < days; ++t) sums[t + 1] = sums[t] + gap[t];
  double squares = 0;
  std::size_t count = 0;
  const std::size_t length = std::min(window, days / 3),
                    step = std::max<std::size_t>(1, length / 3);
  for (std::size_t start = length; start + length <= days; start += step) {
    const double after = (sums[start + length] - sums[start]) / static_cast<double>(length);
    const double before = sums[start] / static_cast<double>(start);
    squares += (after - before) * (after - before);
    ++count;
  }
  return std::sqrt(squares / static_cast<double>(count));
}

Result<History> ReadHistory(const GeoPanel& panel, std::vector<std::string>& left_out) {
  History out;
  out.days = panel.days.size();
  std::vector<const GeoPanel::Geo*> geos;
  for (const GeoPanel::Geo& geo : panel.geos) geos.push_back(&geo);
  std::sort(geos.begin(), geos.end(),
            [](const auto* a, const auto* b) { return a->name < b->name; });
  bool spend = true;
  for (std::size_t g = 0; g < geos.size(); ++g) {
    const GeoPanel::Geo& geo = *geos[g];
    if (g > 0 && geos[g - 1]->name == geo.name)
      return Wrong(fmt::format("geo \"{}\" comes twice", geo.name));
    if (geo.sales.size() != out.days)
      return Wrong(fmt::format("geo \"{}\": sales need one entry for each day", geo.name));
    std::vector<double> sales;
    for (const auto& value : geo.sales) {
      if (value && !std::isfinite(*value))
        return Wrong(fmt::format("geo \"{}\": sales must be finite", geo.name));
      if (value) sales.push_back(*value);
    }
    const double mean =
        std::accumulate(sales.begin(), sales.end(), 0.0) / static_cast<double>(out.days);
    if (sales.size() != out.days || !(mean > 0)) {
      left_out.push_back(geo.name);
      continue;
    }
    double spent = 0;
    std::size_t known = 0;
    for (const auto& value : geo.spend) {
      if (value) spent += *value, ++known;
    }
    spend = spend && known == out.days;
    out.spend.push_back(known > 0 ? spent / static_cast<double>(known) : 0);
    out.names.push_back(geo.name);
    out.mean.push_back(mean);
    out.sales.push_back(std::move(sales));
  }
  if (!spend) out.spend.clear();
  if (out.names.size() < 3)
    return Wrong(
        fmt::format("{} geos with sales on every day; at least 3 are needed", out.names.size()));
  std::vector<double> common(out.days, 0);
  for (std::size_t g = 0; g < out.names.size(); ++g) {
    std::vector<double>& relative = out.relative.emplace_back(out.sales[g]);
    for (std::size_t t = 0; t < out.days; ++t) {
      relative[t] /= out.mean[g];
      common[t] += relative[t] / static_cast<double>(out.names.size());
    }
  }
  std::vector<double> noise;
  for (const std::vector<double>& relative : out.relative) {
    double squares = 0;
    for (std::size_t t = 0; t < out.days; ++t) squares += std::pow(relative[t] - common[t], 2);
    noise.push_back(squares / static_cast<double>(out.days));
  }
  const double most = *std::max_element(noise.begin(), noise.end());
  for (const double value : noise)
    out.weight.push_back(most > 0 ? most / std::max(value, 1e-6 * most) : 1);
  return out;
}

}  // namespace

Result<GeoDesignAnswer> DesignGeoTest(const GeoPanel& panel, const GeoDesignQuestion& question) {
  if (question.test_days < 1) return Wrong("test_days: must be 1 or more");
  if (!(std::isfinite(question.effect) && question.effect != 0 && question.effect > -1)) {
    return Wrong("effect: must be a relative effect other than 0 and above -1 (.05 is 5 %)");
  }
  if (!(question.power > 0 && question.power < 1)) return Wrong("power: must be between 0 and 1");
  const auto window = static_cast<std::size_t>(question.test_days);
  if (panel.days.size() < std::max<std::size_t>(28, 2 * window)) {
    return Wrong(fmt::format("{} days of history; at least {} are needed (28, and twice the test)",
                             panel.days.size(), std::max<std::size_t>(28, 2 * window)));
  }
  GeoDesignAnswer answer{};
  MAXOPT_TRY(const History history, ReadHistory(panel, answer.left_out));
  const std::size_t n = history.names.size();

  // Windows to judge by: at the end, each with at least a test's length and 20 days before it.
  std::vector<std::size_t> ends;
  for (std::size_t end = history.days;
       ends.size() < kWindows && end >= window + std::max<std::size_t>(20, window);
       end -= std::max<std::size_t>(1, window / 2)) {
    ends.push_back(end);
  }
  if (ends.empty()) ends.push_back(history.days);
  // Sets are searched on days before the last window, so that it has not seen the search.
  const std::size_t searched = std::max(history.days - window, history.days / 2);
  answer.windows = static_cast<int>(ends.size());

  std::vector<std::size_t> by_size(n);
  std::iota(by_size.begin(), by_size.end(), 0u);
  std::sort(by_size.begin(), by_size.end(), [&](std::size_t a, std::size_t b) {
    return history.mean[a] != history.mean[b] ? history.mean[a] > history.mean[b] : a < b;
  });
  std::vector<std::size_t> counts;
  for (std::size_t k = 1; k <= n / 2; k = std::max(k + 1, k * 4 / 3)) counts.push_back(k);

  const double total = std::accumulate(history.mean.begin(), history.mean.end(), 0.0);
  for (const std::size_t k : counts) {
    std::mt19937_64 random(k);
    Set best;
    double best_score = std::numeric_limits<double>::infinity();
    const auto try_set = [&](Set set) {
      std::sort(set.begin(), set.end());
      const double score = Strays(history, set, searched, window);
      if (score < best_score) best_score = score, best = std::move(set);
    };
    if (k == 1) {
      for (std::size_t g = 0; g < n; ++g) try_set({g});
    } else {
      for (int draw = 0; draw < kDrawn; ++draw) {
        // One of each stratum of sizes.
        Set set;
        for (std::size_t i = 0; i < k; ++i) {
          const std::size_t from = i * n / k, to = (i + 1) * n / k;
          set.push_back(by_size[from + random() % (to - from)]);
        }
        try_set(std::move(set));
      }
      for (int exchange = 0; exchange < kExchanges; ++exchange) {
        Set set = best;
        const std::size_t other = random() % n;
        if (std::find(set.begin(), set.end(), other) != set.end()) continue;
        set[random() % k] = other;
        try_set(std::move(set));
      }
    }
    GeoDesign design{};
    double variance = 0;
    for (const std::size_t end : ends) {
      GeoPanel pretended;
      for (std::size_t t = 0; t < end; ++t) {
        pretended.days.push_back(panel.days[t]);
        pretended.periods.push_back(t + window < end ? TestPeriod::kPre : TestPeriod::kTest);
      }
      for (std::size_t g = 0; g < n; ++g) {
        GeoPanel::Geo& geo = pretended.geos.emplace_back();
        geo.name = history.names[g];
        geo.treated = std::binary_search(best.begin(), best.end(), g);
        geo.sales.assign(history.sales[g].begin(),
                         history.sales[g].begin() + static_cast<std::ptrdiff_t>(end));
      }
      MAXOPT_TRY(const LiftAnswer lift, MeasureLift(pretended, {.level = question.level}));
      // The half width in units of the normal: what the small sample costs stays in.
      const boost::math::normal normal;
      const double q = boost::math::quantile(normal, 0.5 + question.level / 2);
      variance += std::pow((lift.att.high - lift.att.low) / 2 / q / lift.counterfactual, 2);
    }
    design.se = std::sqrt(variance / static_cast<double>(ends.size()));
    const boost::math::normal normal;
    const double q = boost::math::quantile(normal, 0.5 + question.level / 2);
    const double shift = std::abs(question.effect) / design.se;
    design.power = boost::math::cdf(normal, shift - q) + boost::math::cdf(normal, -shift - q);
    design.mde = design.se * (q + boost::math::quantile(normal, question.power));
    double sales = 0, spend = 0;
    for (const std::size_t g : best) {
      design.geos.push_back(history.names[g]);
      sales += history.mean[g];
      if (!history.spend.empty()) spend += history.spend[g];
    }
    design.sales_share = sales / total;
    design.cost = std::abs(question.effect) * sales * question.test_days;
    if (!history.spend.empty()) design.spend = spend * question.test_days;
    answer.options.push_back(std::move(design));
  }
  const GeoDesign* best = nullptr;
  for (const GeoDesign& option : answer.options) {
    const bool enough = option.power >= question.power;
    if (!best || (enough != (best->power >= question.power)
                      ? enough
                      : (enough ? option.cost < best->cost : option.power > best->power))) {
      best = &option;
    }
  }
  answer.best = *best;
  answer.enough = best->power >= question.power;
  return answer;
}

Result<HoldoutTurn> RotatingHoldout(std::span<const HoldoutGeo> geos, const HoldoutPolicy& policy,
                                    std::int64_t day) {
  if (!(policy.share_max > 0 && policy.share_max <= 0.5))
    return Wrong("share_max: must be above 0, at most .5");
  if (policy.turn_days < 1) return Wrong("turn_days: must be 1 or more");
  if (day < 0) return Wrong("day: must be 0 or more");
  double total = 0;
  std::set<std::string_view> names;
  for (const HoldoutGeo& geo : geos) {
    if (!(std::isfinite(geo.size) && geo.size >= 0))
      return Wrong(fmt::format("geo \"{}\": size must be 0 or more", geo.name));
    if (!names.insert(geo.name).second)
      return Wrong(fmt::format("geo \"{}\" comes twice", geo.name));
    total += geo.size;
  }
  HoldoutTurn out{};
  out.turn = day / policy.turn_days;
  out.first_day = out.turn * policy.turn_days;
  out.last_day = out.first_day + policy.turn_days - 1;
  const double room = policy.share_max * total;
  std::vector<const HoldoutGeo*> eligible;
  for (const HoldoutGeo& geo : geos) {
    // A hair of tolerance: a tenth of ten equal places is one of them.
    if (geo.size <= room * (1 + 1e-12) && total > 0)
      eligible.push_back(&geo);
    else
      out.never.push_back(geo.name);
  }
  std::sort(out.never.begin(), out.never.end());
  if (eligible.empty()) return out;
  // Every cycle has as many turns as the dealing of the first needs, at most one a place: first fit
  // by size, so that the number does not depend on the order within a cycle.
  const auto deal = [&](std::uint64_t cycle) {
    std::vector<const HoldoutGeo*> order = eligible;
    const auto rank = [&](const HoldoutGeo* geo) {
      return Hash(geo->name, Hash(policy.key, cycle + 1));
    };
    std::sort(order.begin(), order.end(), [&](const HoldoutGeo* a, const HoldoutGeo* b) {
      const std::uint64_t x = rank(a), y = rank(b);
      return x != y ? x < y : a->name < b->name;
    });
    std::vector<std::pair<double, std::vector<std::string>>> turns;
    for (const HoldoutGeo* geo : order) {
      auto fits = std::find_if(turns.begin(), turns.end(), [&](const auto& turn) {
        return turn.first + geo->size <= room * (1 + 1e-12);
      });
      if (fits == turns.end()) fits = turns.emplace(turns.end());
      fits->first += geo->size;
      fits->second.push_back(geo->name);
    }
    return turns;
  };
  std::int64_t left = out.turn;
  // Cycles have at most one turn per place, so far-off days are found by walking.
  for (std::uint64_t cycle = 0;; ++cycle) {
    auto turns = deal(cycle);
    const auto length = static_cast<std::int64_t>(turns.size());
    if (left < length) {
      out.geos = std::move(turns[static_cast<std::size_t>(left)].second);
      std::sort(out.geos.begin(), out.geos.end());
      return out;
    }
    left -= length;
  }
}

Result<std::vector<bool>> SwitchbackSchedule(const SwitchbackPlan& plan) {
  if (plan.blocks < 1) return Wrong("blocks: must be 1 or more");
  if (plan.round < 1) return Wrong("round: must be 1 or more");
  std::vector<bool> on;
  const int pair = 2 * plan.round;
  for (int b = 0; b < plan.blocks; ++b) {
    const int first = b / pair * pair + b % plan.round;  // of the two partners
    const bool alone = first + plan.round >= plan.blocks;
    const bool drawn =
        (Hash(plan.key, static_cast<std::uint64_t>(alone ? b : first) + 1) >> 17 & 1) != 0;
    on.push_back(b == first || alone ? drawn : !drawn);
  }
  return on;
}

}  // namespace maxopt
