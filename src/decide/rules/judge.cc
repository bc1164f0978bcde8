// The judgement of rules: values, three-valued conditions, then what may be done at once.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <span>
#include <tuple>

#include "decide/rules/metrics.h"
#include "decide/rules/rules.h"
#include "measure/significance/significance.h"

namespace maxopt {

using rules::Info;
using rules::Unit;
using std::chrono::days;
using std::chrono::hours;

namespace {

constexpr double kNone = std::numeric_limits<double>::infinity();
/// Days over which a ratio's spread can be told: below a week the weekdays alone move it.
constexpr int kSpreadDaysMin = 7;
/// Whether something converts: as long as the longest usual attribution window.
constexpr RuleWindow kConverts{.days = 28};
constexpr RuleWindow kStake{.days = 7};

enum class Tri { kFalse, kTrue, kUnknown };

/// Sums of one object over one window. Absent: a platform does not tell it for a day with delivery.
struct Sums {
  std::string unknown;      ///< why nothing is known of it; empty: it is
  double share_known = 1;   ///< least of the days
  bool share_told = true;   ///< of every day
  Day youngest_immature{};  ///< the day of share_known
  std::int64_t spend_micros = 0;
  int delivered = 0;
  std::optional<std::int64_t> impressions = 0, clicks = 0;
  std::optional<double> conversions = 0;
  std::optional<std::int64_t> revenue_micros = 0;
  /// Impressions that were to be had, by what each share is told of, and the shares' parts of them.
  double had = 0, won = 0, had_budget = 0, lost_budget = 0, had_rank = 0, lost_rank = 0;
  double spend() const { return static_cast<double>(spend_micros) / 1e6; }
};

template <class T>
void AddTo(std::optional<T>& sum, const std::optional<T>& part) {
  if (!part) {
    sum.reset();
  } else if (sum) {
    *sum += *part;
  }
}
template <class T>
std::optional<T> Less(const std::optional<T>& a, const std::optional<T>& b) {
  if (!a || !b) return std::nullopt;
  return std::max(T{}, *a - *b);
}

struct Value {
  bool known = false;
  double number = 0;
  std::string why;    ///< unknown
  std::string shown;  ///< known, and asked for
};
Value Unknown(std::string why) { return {false, 0, std::move(why), {}}; }

Day FirstOf(const RuleWindow& window, Day today) {
  return today - days(window.ending_days_ago + window.days - 1);
}
Day LastOf(const RuleWindow& window, Day today) { return today - days(window.ending_days_ago); }
RuleWindow Before(const RuleWindow& window) {
  return {window.days, window.ending_days_ago + window.days};
}

std::string ShowNumber(double number, Unit unit, Currency currency) {
  if (!std::isfinite(number)) return "without limit";
  switch (unit) {
    case Unit::kMoney:
      return fmt::format("{:.2f} {}", number, currency.name());
    case Unit::kShare:
      return fmt::format("{:.2f} %", 100 * number);
    case Unit::kFactor:
      return fmt::format("{:.2f}", number);
    case Unit::kCount:
      return std::floor(number) == number ? fmt::format("{:.0f}", number)
                                          : fmt::format("{:.1f}", number);
  }
  Bug();
}

/// Garwood's bound of a Poisson mean. `level` in (0.5, 1).
double CountBound(double x, RuleBound bound, double level) {
  if (bound == RuleBound::kLower) return x > 0 ? boost::math::gamma_p_inv(x, 1 - level) : 0;
  return boost::math::gamma_p_inv(x + 1, level);
}
/// Clopper and Pearson's bound of a proportion; 0 <= x <= n, n > 0.
double ShareBound(double x, double n, RuleBound bound, double level) {
  if (bound == RuleBound::kLower)
    return x > 0 ? boost::math::ibeta_inv(x, n - x + 1, 1 - level) : 0;
  return x < n ? boost::math::ibeta_inv(x + 1, n - x, level) : 1;
}
RuleBound Opposite(RuleBound bound) {
  switch (bound) {
    case RuleBound::kPoint:
      return RuleBound::kPoint;
    case RuleBound::kLower:
      return RuleBound::kUpper;
    case RuleBound::kUpper:
      return RuleBound::kLower;
  }
  Bug();
}

bool SameLetters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}
/// "*" stands for any letters. Linear but for restarts at the last star.
bool Matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && SameLetters(pattern.substr(p, 1), text.substr(t, 1))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

/// What one rule wants of one object, before it meets the others.
struct Candidate {
  RuleProposal proposal;
  bool price = false;  ///< bid or targets; else delivery
  double raise = 0;    ///< of spend, as a factor; 0: stops, infinite: starts
  Money moved;         ///< of budgets
};

std::string ShowMove(const RuleAction& action, const FieldValue& before, const FieldValue& after) {
  const auto show = [&](const FieldValue& value) {
    const auto* bp = std::get_if<std::int64_t>(&value);
    return bp ? fmt::format("{:.4g}", static_cast<double>(*bp) / 1e4) : ShowValue(value);
  };
  return fmt::format("{} {} -> {}", RuleActionName(action.kind), show(before), show(after));
}

class Judge {
 public:
  Judge(const RuleSet& set, const RuleFacts& facts)
      : set_(set), facts_(facts), sums_(facts.objects.size()) {
    for (std::size_t i = 0; i < facts.past.size(); ++i) {
      const RulePast& past = facts.past[i];
      past_[{past.account, past.id}].push_back(i);
      if (!past.by_rule || past.void_() || facts.zone.DayOf(past.at) != facts.zone.DayOf(facts.now))
        continue;
      ++made_today_;
      ++made_today_by_[past.rule];
      moved_today_ += MovedMicros(past);
    }
    for (std::size_t i = 0; i < facts.objects.size(); ++i) {
      by_level_[facts.objects[i].level].push_back(i);
      if (facts.objects[i].level == Level::kAccount) account_object_[facts.objects[i].account] = i;
    }
  }

  RuleVerdict Run() {
    for (std::size_t r = 0; r < set_.rules.size(); ++r) {
      for (const std::size_t o : by_level_[set_.rules[r].scope.level]) {
        if (InScope(set_.rules[r].scope, facts_.objects[o])) JudgeOne(r, o);
      }
    }
    for (auto& [key, undecided] : undecided_) out_.undecided.push_back(std::move(undecided));
    Settle();
    return std::move(out_);
  }

 private:
  const RuleAccount& AccountOf(std::size_t object) const {
    return facts_.accounts[facts_.objects[object].account];
  }

  bool InScope(const RuleScope& scope, const RuleObject& object) const {
    const RuleAccount& account = facts_.accounts[object.account];
    const auto any = [](const auto& wanted, const auto& fits) {
      return wanted.empty() || std::any_of(wanted.begin(), wanted.end(), fits);
    };
    if (object.level != Level::kAccount && object.status != scope.status) return false;
    return any(scope.platforms, [&](Platform p) { return p == account.id.platform; }) &&
           any(scope.accounts,
               [&](const std::string& a) { return a == PrintAccount(account.id); }) &&
           any(scope.campaigns,
               [&](const std::string& pattern) {
                 return pattern == object.campaign_id || Matches(pattern, object.campaign_name);
               }) &&
           any(scope.names,
               [&](const std::string& pattern) { return Matches(pattern, object.name); }) &&
           any(scope.objectives, [&](const std::string& o) { return o == object.objective; });
  }

  // --- values
  // -------------------------------------------------------------------------------------

  const Sums& SumsOf(std::size_t object, const RuleWindow& window) {
    auto& known = sums_[object];
    for (const auto& [w, sums] : known) {
      if (w == window) return *sums;
    }
    return *known.emplace_back(window, std::make_unique<Sums>(Add(object, window))).second;
  }

  Sums Add(std::size_t o, const RuleWindow& window) const {
    const RuleObject& object = facts_.objects[o];
    const RuleAccount& account = facts_.accounts[object.account];
    const Day first = FirstOf(window, account.today);
    const Day last = LastOf(window, account.today);
    Sums out;
    int missing = 0;
    for (Day day = first; day <= last; day += days(1)) {
      const auto at = (day - account.first).count();
      const bool covered = at >= 0 && at < static_cast<std::int64_t>(account.days.size());
      const RuleAccountDay* state = covered ? &account.days[static_cast<std::size_t>(at)] : nullptr;
      if (state == nullptr || !state->known) {
        if (missing++ == 0) {
          out.unknown =
              fmt::format("{} of {}: {}", PrintDay(day), PrintAccount(account.id),
                          state == nullptr || state->why.empty() ? "nothing is known" : state->why);
        }
        continue;
      }
      if (!state->share_known) {
        out.share_told = false;
      } else if (*state->share_known < out.share_known) {
        out.share_known = *state->share_known;
        out.youngest_immature = day;
      }
    }
    if (missing > 1) out.unknown += fmt::format(" (and {} more days of the window)", missing - 1);
    const auto begin = std::lower_bound(object.series.begin(), object.series.end(), first,
                                        [](const RuleDay& d, Day day) { return d.day < day; });
    for (auto it = begin; it != object.series.end() && it->day <= last; ++it) {
      out.spend_micros += it->spend_micros;
      if (it->spend_micros > 0 || it->impressions.value_or(0) > 0) ++out.delivered;
      AddTo(out.impressions, it->impressions);
      AddTo(out.clicks, it->clicks);
      AddTo(out.conversions, it->conversions);
      AddTo(out.revenue_micros, it->revenue_micros);
      if (!it->impression_share || *it->impression_share <= 0 || !it->impressions) continue;
      // Each day's share weighs by the impressions that were to be had.
      const double had = static_cast<double>(*it->impressions) / *it->impression_share;
      out.had += had;
      out.won += static_cast<double>(*it->impressions);
      if (it->lost_to_budget) out.had_budget += had, out.lost_budget += had * *it->lost_to_budget;
      if (it->lost_to_rank) out.had_rank += had, out.lost_rank += had * *it->lost_to_rank;
    }
    return out;
  }

  static Sums Difference(const Sums& all, const Sums& one) {
    Sums out = all;
    out.spend_micros = std::max<std::int64_t>(0, all.spend_micros - one.spend_micros);
    out.impressions = Less(all.impressions, one.impressions);
    out.clicks = Less(all.clicks, one.clicks);
    out.conversions = Less(all.conversions, one.conversions);
    out.revenue_micros = Less(all.revenue_micros, one.revenue_micros);
    out.had = std::max(0.0, all.had - one.had);
    out.won = std::max(0.0, all.won - one.won);
    out.had_budget = std::max(0.0, all.had_budget - one.had_budget);
    out.lost_budget = std::max(0.0, all.lost_budget - one.lost_budget);
    out.had_rank = std::max(0.0, all.had_rank - one.had_rank);
    out.lost_rank = std::max(0.0, all.lost_rank - one.lost_rank);
    return out;
  }

  /// Revenue and spend of each day of the window; of the parent without the object where `without`
  /// is one.
  std::vector<std::pair<double, double>> Daily(std::size_t o, std::optional<std::size_t> without,
                                               const RuleWindow& window) const {
    std::vector<std::pair<double, double>> out(static_cast<std::size_t>(window.days));
    const Day first = FirstOf(window, AccountOf(o).today);
    const auto add = [&](std::size_t object, double sign) {
      for (const RuleDay& day : facts_.objects[object].series) {
        const auto at = (day.day - first).count();
        if (at < 0 || at >= window.days) continue;
        auto& [revenue, spend] = out[static_cast<std::size_t>(at)];
        revenue += sign * static_cast<double>(day.revenue_micros.value_or(0)) / 1e6;
        spend += sign * static_cast<double>(day.spend_micros) / 1e6;
      }
    };
    add(o, 1);
    if (without) add(*without, -1);
    return out;
  }

  /// Bound of the mean revenue of a day (times the days), or of revenue over spend.
  Value SpreadBound(std::size_t o, std::optional<std::size_t> without, const RuleWindow& window,
                    RuleMetric metric, RuleBound bound, double level) const {
    if (window.days < kSpreadDaysMin) {
      return Unknown(fmt::format("bounds of {} need a window of {} days at least",
                                 RuleMetricName(metric), kSpreadDaysMin));
    }
    const auto daily = Daily(o, without, window);
    RatioSample sample;
    sample.n = window.days;
    const auto n = static_cast<double>(window.days);
    for (const auto& [revenue, spend] : daily) {
      sample.mean += revenue / n;
      sample.mean_den += spend / n;
    }
    double revenue_square = 0, spend_square = 0;
    for (const auto& [revenue, spend] : daily) {
      revenue_square += (revenue - sample.mean) * (revenue - sample.mean);
      spend_square += (spend - sample.mean_den) * (spend - sample.mean_den);
      sample.cov += (revenue - sample.mean) * (spend - sample.mean_den) / (n - 1);
    }
    sample.sd = std::sqrt(revenue_square / (n - 1));
    sample.sd_den = std::sqrt(spend_square / (n - 1));
    const auto moments = metric == RuleMetric::kRoas
                             ? MomentsOf("window", sample)
                             : MomentsOf("window", Sample{sample.n, sample.mean, sample.sd});
    if (!moments) return Unknown("its days do not tell how much it varies");
    const double t = boost::math::quantile(boost::math::students_t(n - 1), level);
    const double reach = t * std::sqrt(std::max(0.0, moments->variance) / n);
    const double at = moments->mean + (bound == RuleBound::kLower ? -reach : reach);
    return {true, std::max(0.0, at) * (metric == RuleMetric::kRevenue ? n : 1), {}, {}};
  }

  struct Question {
    RuleMetric metric;
    RuleBound bound;
    double level;
    RuleWindow window;
    double mature_share;
    bool show;
  };

  double MatureShare(const Rule& rule) const {
    return rule.mature_share.value_or(set_.mature_share);
  }

  /// A metric of an object, or of its parent without it (`without`).
  Value Measure(std::size_t o, std::optional<std::size_t> without, const Question& q) {
    const Info& info = rules::InfoOf(q.metric);
    const RuleAccount& account = AccountOf(o);
    Sums rest;
    const Sums* sums = &SumsOf(o, q.window);
    if (without) {
      rest = Difference(*sums, SumsOf(*without, q.window));
      sums = &rest;
    }
    if (!sums->unknown.empty()) return Unknown(sums->unknown);
    if (info.conversions) {
      if (!account.conversions_hold.empty()) return Unknown(account.conversions_hold);
      if (!sums->share_told) {
        return Unknown(fmt::format("how much of the conversions of {} is known by now is not known",
                                   PrintAccount(account.id)));
      }
      if (sums->share_known < q.mature_share) {
        return Unknown(fmt::format(
            "immature: about {:.0f} % of the conversions of {} are known, {:.0f} % are asked for; "
            "let the window end earlier",
            100 * sums->share_known, PrintDay(sums->youngest_immature), 100 * q.mature_share));
      }
    }
    Value value = Number(o, without, q, *sums);
    if (value.known && q.show) {
      std::string parts = fmt::format("spend {:.2f}", sums->spend());
      const auto part = [&](std::string_view name, const auto& number) {
        if (number) parts += fmt::format(", {} {}", *number, name);
      };
      part("impressions", sums->impressions);
      part("clicks", sums->clicks);
      if (sums->conversions) parts += fmt::format(", {:.6g} conversions", *sums->conversions);
      if (sums->revenue_micros && *sums->revenue_micros > 0) {
        parts += fmt::format(", revenue {:.2f}", static_cast<double>(*sums->revenue_micros) / 1e6);
      }
      value.shown = fmt::format(
          "{} ({}; {} to {})", ShowNumber(value.number, info.unit, account.currency), parts,
          PrintDay(FirstOf(q.window, account.today)), PrintDay(LastOf(q.window, account.today)));
    }
    return value;
  }

  Value Number(std::size_t o, std::optional<std::size_t> without, const Question& q,
               const Sums& s) const {
    const auto untold = [](std::string_view what) {
      return Unknown(fmt::format("the platform does not tell {}", what));
    };
    const auto known = [](double number) { return Value{true, number, {}, {}}; };
    /// A count, or `cost` over it.
    const auto count = [&](std::optional<double> x, std::string_view what,
                           std::optional<double> cost, double scale) -> Value {
      if (!x) return untold(what);
      if (!cost) {
        return known(q.bound == RuleBound::kPoint ? *x : CountBound(*x, q.bound, q.level));
      }
      if (s.spend_micros <= 0) return Unknown("nothing was spent");
      if (q.bound == RuleBound::kPoint) {
        if (*x <= 0) {
          return Unknown(
              fmt::format("there are no {0}, so nothing has a cost by {0}; its lower "
                          "bound is known all the same",
                          what));
        }
        return known(*cost * scale / *x);
      }
      const double mean = CountBound(*x, Opposite(q.bound), q.level);
      return known(mean > 0 ? *cost * scale / mean : kNone);
    };
    const auto share = [&](std::optional<double> x, std::string_view what, std::optional<double> n,
                           std::string_view of) -> Value {
      if (!x) return untold(what);
      if (!n) return untold(of);
      if (*n <= 0) return Unknown(fmt::format("there are no {}", of));
      if (q.bound == RuleBound::kPoint) return known(*x / *n);
      if (*x > *n) return known(CountBound(*x, q.bound, q.level) / *n);
      return known(ShareBound(*x, *n, q.bound, q.level));
    };
    const auto real = [](const std::optional<std::int64_t>& number) -> std::optional<double> {
      if (!number) return std::nullopt;
      return static_cast<double>(*number);
    };
    const auto weighed = [&](double lost, double had) -> Value {
      if (had <= 0) return untold(RuleMetricName(q.metric));
      return known(lost / had);
    };
    switch (q.metric) {
      case RuleMetric::kSpend:
        return known(s.spend());
      case RuleMetric::kDaysDelivered:
        return known(s.delivered);
      case RuleMetric::kImpressions:
        return count(real(s.impressions), "impressions", std::nullopt, 1);
      case RuleMetric::kClicks:
        return count(real(s.clicks), "clicks", std::nullopt, 1);
      case RuleMetric::kConversions:
        return count(s.conversions, "conversions", std::nullopt, 1);
      case RuleMetric::kCpc:
        return count(real(s.clicks), "clicks", s.spend(), 1);
      case RuleMetric::kCpm:
        return count(real(s.impressions), "impressions", s.spend(), 1000);
      case RuleMetric::kCpa:
        return count(s.conversions, "conversions", s.spend(), 1);
      case RuleMetric::kCtr:
        return share(real(s.clicks), "clicks", real(s.impressions), "impressions");
      case RuleMetric::kCvr:
        return share(s.conversions, "conversions", real(s.clicks), "clicks");
      case RuleMetric::kRevenue:
      case RuleMetric::kRoas: {
        if (!s.revenue_micros) return untold("revenue");
        const bool roas = q.metric == RuleMetric::kRoas;
        if (roas && s.spend_micros <= 0) return Unknown("nothing was spent");
        if (q.bound != RuleBound::kPoint) {
          return SpreadBound(o, without, q.window, q.metric, q.bound, q.level);
        }
        return known(static_cast<double>(*s.revenue_micros) / 1e6 / (roas ? s.spend() : 1));
      }
      case RuleMetric::kImpressionShare:
        return weighed(s.won, s.had);
      case RuleMetric::kLostToBudget:
        return weighed(s.lost_budget, s.had_budget);
      case RuleMetric::kLostToRank:
        return weighed(s.lost_rank, s.had_rank);
      case RuleMetric::kBudget:
      case RuleMetric::kBid:
      case RuleMetric::kTargetCpa:
      case RuleMetric::kTargetRoas:
        break;
    }
    Bug();  // settings have no sums
  }

  static Value Setting(const RuleObject& object, RuleMetric metric, Currency currency) {
    const auto money = [&](const std::optional<Money>& amount) -> Value {
      if (!amount) return Unknown(fmt::format("it has no {}", RuleMetricName(metric)));
      return {true, static_cast<double>(amount->micros()) / 1e6, {}, PrintMoney(*amount)};
    };
    (void)currency;
    if (metric == RuleMetric::kBudget) return money(object.daily_budget);
    if (metric == RuleMetric::kBid) return money(object.bid);
    if (metric == RuleMetric::kTargetCpa) return money(object.target_cpa);
    if (!object.target_roas_bp) return Unknown("it has no target_roas");
    const double factor = static_cast<double>(*object.target_roas_bp) / 1e4;
    return {true, factor, {}, fmt::format("{:.2f}", factor)};
  }

  /// The reference itself, before its percentage.
  Value ReferenceOf(const Rule& rule, const RuleComparison& c, std::size_t o, bool show) {
    const RuleObject& object = facts_.objects[o];
    const Question same{c.metric, Opposite(c.bound), c.level, c.window, MatureShare(rule), show};
    switch (c.against) {
      case RuleAgainst::kValue:
        Bug();
      case RuleAgainst::kTarget: {
        const auto target = object.targets.find(c.metric);
        if (target == object.targets.end()) {
          return Unknown(fmt::format("it has no target of {}", RuleMetricName(c.metric)));
        }
        const Unit unit = rules::InfoOf(c.metric).unit;
        return {true,
                target->second,
                {},
                ShowNumber(target->second, unit, AccountOf(o).currency) + " (target)"};
      }
      case RuleAgainst::kBudget: {
        if (!object.daily_budget) return Unknown("it has no daily budget of its own");
        const double budget = static_cast<double>(object.daily_budget->micros()) / 1e6;
        return {true,
                budget * c.window.days,
                {},
                fmt::format("{} days of {}", c.window.days, PrintMoney(*object.daily_budget))};
      }
      case RuleAgainst::kPrevious:
      case RuleAgainst::kWindow: {
        Question q = same;
        q.window = c.against == RuleAgainst::kWindow ? c.other : Before(c.window);
        const Sums& sums = SumsOf(o, q.window);
        if (sums.unknown.empty() && sums.delivered == 0) {
          return Unknown("it did not run in the days it is compared with");
        }
        return Measure(o, std::nullopt, q);
      }
      case RuleAgainst::kParent:
        if (!object.parent) return Unknown("it has no parent");
        return Measure(*object.parent, std::nullopt, same);
      case RuleAgainst::kSiblings: {
        if (!object.parent) return Unknown("it has no siblings");
        const Sums& all = SumsOf(*object.parent, c.window);
        if (all.unknown.empty() && all.spend_micros <= SumsOf(o, c.window).spend_micros) {
          return Unknown("no sibling spent anything in these days");
        }
        return Measure(*object.parent, o, same);
      }
      case RuleAgainst::kAccount: {
        const auto whole = account_object_.find(object.account);
        if (whole == account_object_.end()) return Unknown("its account's sums are not known");
        return Measure(whole->second, std::nullopt, same);
      }
    }
    Bug();
  }

  struct Judged {
    Tri tri = Tri::kUnknown;
    std::string why{};
    std::string value{}, reference{};
  };

  Judged Compare(const Rule& rule, const RuleComparison& c, std::size_t o, bool show) {
    const RuleObject& object = facts_.objects[o];
    const RuleAccount& account = AccountOf(o);
    const Info& info = rules::InfoOf(c.metric);
    const auto unknown = [&](const std::string& why) {
      return Judged{Tri::kUnknown, fmt::format("\"{}\": {}", c.text, why)};
    };
    const Value left =
        info.setting ? Setting(object, c.metric, account.currency)
                     : Measure(o, std::nullopt,
                               {c.metric, c.bound, c.level, c.window, MatureShare(rule), show});
    if (!left.known) return unknown(left.why);
    double right = c.value;
    std::string reference;
    if (c.against == RuleAgainst::kValue) {
      if (show) reference = ShowNumber(right, info.unit, account.currency);
    } else {
      const Value base = ReferenceOf(rule, c, o, show);
      if (!base.known) return unknown(base.why);
      right = base.number * static_cast<double>(c.percent_bp) / 1e4;
      if (show) {
        reference = fmt::format("{} = {:g} % of {}", ShowNumber(right, info.unit, account.currency),
                                static_cast<double>(c.percent_bp) / 100, base.shown);
      }
    }
    bool holds = false;
    switch (c.op) {
      case RuleOp::kLess:
        holds = left.number < right;
        break;
      case RuleOp::kLessEqual:
        holds = left.number <= right;
        break;
      case RuleOp::kGreater:
        holds = left.number > right;
        break;
      case RuleOp::kGreaterEqual:
        holds = left.number >= right;
        break;
    }
    // Two endless bounds say nothing of each other.
    if (!std::isfinite(left.number) && !std::isfinite(right)) return unknown("no bound is known");
    return {holds ? Tri::kTrue : Tri::kFalse, {}, left.shown, reference};
  }

  /// Kleene's logic.
  Judged Evaluate(const Rule& rule, const RuleCondition& condition, std::size_t o,
                  std::vector<RuleEvidence>* evidence) {
    switch (condition.kind) {
      case RuleCondition::Kind::kComparison: {
        Judged judged = Compare(rule, condition.comparison, o, evidence != nullptr);
        if (evidence) {
          evidence->push_back(
              {condition.comparison.text,
               judged.tri == Tri::kUnknown ? "unknown: " + judged.why : judged.value,
               judged.reference, judged.tri == Tri::kTrue});
        }
        return judged;
      }
      case RuleCondition::Kind::kNot: {
        Judged judged = Evaluate(rule, condition.of.front(), o, evidence);
        if (judged.tri != Tri::kUnknown) {
          judged.tri = judged.tri == Tri::kTrue ? Tri::kFalse : Tri::kTrue;
        }
        return judged;
      }
      case RuleCondition::Kind::kAll:
      case RuleCondition::Kind::kAny: {
        const Tri decides = condition.kind == RuleCondition::Kind::kAll ? Tri::kFalse : Tri::kTrue;
        Judged out;
        out.tri = decides == Tri::kFalse ? Tri::kTrue : Tri::kFalse;
        for (const RuleCondition& inner : condition.of) {
          Judged one = Evaluate(rule, inner, o, evidence);
          if (one.tri == decides) return one;
          if (one.tri == Tri::kUnknown && out.tri != Tri::kUnknown) out = std::move(one);
        }
        return out;
      }
    }
    Bug();
  }

  void NoteUndecided(std::size_t r, std::size_t o, const std::string& why) {
    undecided_.try_emplace({r, why}, RuleUndecided{r, why, {}}).first->second.objects.push_back(o);
  }

  void JudgeOne(std::size_t r, std::size_t o) {
    const Rule& rule = set_.rules[r];
    const RuleAccount& account = AccountOf(o);
    ++out_.judged;
    if (account.currency != set_.currency) {
      return NoteUndecided(
          r, o,
          fmt::format("account {} is in {}, the rules are in {}", PrintAccount(account.id),
                      account.currency.name(), set_.currency.name()));
    }
    if (!account.hold.empty()) return NoteUndecided(r, o, account.hold);
    for (const RuleComparison& need : rule.needs) {
      const Judged judged = Compare(rule, need, o, false);
      if (judged.tri == Tri::kTrue) continue;
      return NoteUndecided(
          r, o, judged.tri == Tri::kUnknown ? judged.why : fmt::format("needs {}", need.text));
    }
    for (const RuleBranch& branch : rule.branches) {
      if (branch.condition) {
        const Judged judged = Evaluate(rule, *branch.condition, o, nullptr);
        if (judged.tri == Tri::kUnknown) return NoteUndecided(r, o, judged.why);
        if (judged.tri == Tri::kFalse) continue;
      }
      std::vector<RuleEvidence> evidence;
      // An else rests on what was found false.
      for (const RuleBranch& seen : rule.branches) {
        if (seen.condition) Evaluate(rule, *seen.condition, o, &evidence);
        if (&seen == &branch) break;
      }
      ++out_.fired;
      for (const RuleAction& action : branch.actions) Want(r, o, action, evidence);
      return;
    }
  }

  // --- actions
  // ------------------------------------------------------------------------------------

  void Suppress(std::size_t r, std::size_t o, std::string what, std::string why) {
    out_.suppressed.push_back({o, r, std::move(what), std::move(why)});
  }

  static std::int64_t MovedMicros(const RulePast& past) {
    const Money* from = std::get_if<Money>(&past.before);
    const Money* to = std::get_if<Money>(&past.after);
    if (past.field != "daily_budget" || !from || !to || from->currency() != to->currency())
      return 0;
    return std::abs(to->micros() - from->micros());
  }
  static bool IsPrice(std::string_view field) {
    return field == "bid" || field == "target_cpa" || field == "target_roas_bp";
  }
  static std::string_view FieldOf(RuleAction::Kind kind) {
    switch (kind) {
      case RuleAction::Kind::kPause:
      case RuleAction::Kind::kActivate:
        return "status";
      case RuleAction::Kind::kBudget:
        return "daily_budget";
      case RuleAction::Kind::kBid:
        return "bid";
      case RuleAction::Kind::kTargetCpa:
        return "target_cpa";
      case RuleAction::Kind::kTargetRoas:
        return "target_roas_bp";
      case RuleAction::Kind::kNotify:
        return "";
    }
    Bug();
  }
  /// Spend after over spend before, as far as the setting tells.
  static double RaiseOf(const FieldValue& before, const FieldValue& after) {
    if (const auto* status = std::get_if<std::string>(&after))
      return *status == kActive ? kNone : 0;
    if (const Money* to = std::get_if<Money>(&after)) {
      const Money* from = std::get_if<Money>(&before);
      return from && from->micros() > 0
                 ? static_cast<double>(to->micros()) / static_cast<double>(from->micros())
                 : kNone;
    }
    const auto* from = std::get_if<std::int64_t>(&before);
    const auto* to = std::get_if<std::int64_t>(&after);
    if (!from || !to || *to <= 0) return kNone;
    return static_cast<double>(*from) / static_cast<double>(*to);
  }
  std::span<const std::size_t> PastOf(std::size_t o) const {
    const auto found = past_.find({AccountOf(o).id, facts_.objects[o].id});
    return found == past_.end() ? std::span<const std::size_t>() : found->second;
  }

  static std::string Who(const RulePast& past) {
    return past.by_rule ? fmt::format("rule \"{}\"", past.rule) : past.rule;
  }

  /// Why the rule may not act on the object now, whatever the numbers.
  std::string Rests(const Rule& rule, std::size_t o, const RuleAction& action) const {
    const RuleObject& object = facts_.objects[o];
    const std::string_view field = FieldOf(action.kind);
    if (!object.locked.empty()) return object.locked;
    if (action.kind == RuleAction::Kind::kBudget && !object.budget_fixed.empty()) {
      return object.budget_fixed;
    }
    for (const std::size_t i : PastOf(o)) {
      const RulePast& past = facts_.past[i];
      // Schedules do not strike to the second: a twentieth of the time, an hour at most, is let
      // off.
      const auto over = [&](int rest_hours) {
        const auto rest = std::chrono::duration_cast<Instant::duration>(hours(rest_hours));
        return facts_.now - past.at >=
               rest - std::min<Instant::duration>(rest / 20, Instant::duration(hours(1)));
      };
      const bool same_kind = IsPrice(past.field) == IsPrice(field);
      if (past.by_rule && past.rule == rule.name && !over(rule.cooldown_hours)) {
        return fmt::format("cooldown: the rule acted on it at {} (plan {}); it rests {} h",
                           PrintInstant(past.at), past.plan, rule.cooldown_hours);
      }
      if (past.open && same_kind) {
        return fmt::format("plan {} already proposes {} of it and waits: approve or reject it",
                           past.plan, past.field);
      }
      if (!past.done || !same_kind) continue;
      // Stopping waits for nobody.
      if (action.kind == RuleAction::Kind::kPause) continue;
      if (!over(set_.limits.rest_hours)) {
        return fmt::format("rest: {} changed its {} at {}; it rests {} h", Who(past), past.field,
                           PrintInstant(past.at), set_.limits.rest_hours);
      }
    }
    if (action.kind == RuleAction::Kind::kBudget && object.budget_changed_at &&
        facts_.now - *object.budget_changed_at < hours(facts_.policy_cooldown_hours)) {
      return fmt::format("cooldown: its budget was changed at {}; the policy rests it {} h",
                         PrintInstant(*object.budget_changed_at), facts_.policy_cooldown_hours);
    }
    return {};
  }

  /// Where the setting stood at the beginning of limits.change_days, as far as rules moved it.
  template <class T>
  T BaseOf(std::size_t o, std::string_view field, T present) const {
    std::optional<Instant> earliest;
    T base = present;
    for (const std::size_t i : PastOf(o)) {
      const RulePast& past = facts_.past[i];
      const T* before = std::get_if<T>(&past.before);
      if (!past.done || past.field != field || !before) continue;
      if (facts_.now - past.at >= days(set_.limits.change_days)) continue;
      if (!earliest || past.at < *earliest) {
        earliest = past.at;
        base = *before;
      }
    }
    return base;
  }

  struct Range {
    std::int64_t low, high;
  };
  /// Micros (or basis points of ROAS) within which limits and policy let a setting stand.
  Range Allowed(std::int64_t present, std::int64_t base, std::string& limit) const {
    const auto part = [](std::int64_t of, int bp) {
      __extension__ using Wide = __int128;
      return static_cast<std::int64_t>(static_cast<Wide>(of) * bp / 10'000);
    };
    const std::int64_t cap = part(base, set_.limits.change_max_bp);
    Range range{base - cap, base + cap};
    limit = fmt::format("at most {:g} % of it in {} days", set_.limits.change_max_bp / 100.0,
                        set_.limits.change_days);
    if (facts_.step_max_bp) {
      const std::int64_t step = part(present, *facts_.step_max_bp);
      if (present - step > range.low || present + step < range.high) {
        limit = fmt::format("the policy's step of {:g} %", *facts_.step_max_bp / 100.0);
      }
      range.low = std::max(range.low, present - step);
      range.high = std::min(range.high, present + step);
    }
    return range;
  }

  struct Move {
    std::optional<FieldValue> before, after;
    std::string why_not;
    std::string note;
  };

  /// The setting after the action: within the rule's own range, then the limits, rounded towards
  /// where it stands.
  Move MoveOf(std::size_t o, const RuleAction& action) const {
    const RuleObject& object = facts_.objects[o];
    const RuleAccount& account = AccountOf(o);
    const std::string_view field = FieldOf(action.kind);
    Move out;
    std::int64_t present = 0, wanted = 0;
    std::optional<std::int64_t> low, high;
    const bool roas = action.kind == RuleAction::Kind::kTargetRoas;
    const std::optional<Money>& money = action.kind == RuleAction::Kind::kBudget
                                            ? object.daily_budget
                                        : action.kind == RuleAction::Kind::kBid ? object.bid
                                                                                : object.target_cpa;
    if (roas) {
      if (!object.target_roas_bp) {
        out.why_not = "it has no target_roas";
        return out;
      }
      present = *object.target_roas_bp;
      wanted = action.roas_to_bp.value_or(0);
      low = action.roas_min_bp;
      high = action.roas_max_bp;
    } else {
      if (!money) {
        out.why_not =
            action.kind == RuleAction::Kind::kBudget
                ? "it has no daily budget of its own: the level above or below has it, or "
                  "it is for the whole flight"
                : fmt::format("it has no {}", RuleActionName(action.kind));
        return out;
      }
      present = money->micros();
      if (action.to) wanted = action.to->micros();
      if (action.min) low = action.min->micros();
      if (action.max) high = action.max->micros();
    }
    if (present <= 0) {
      out.why_not = fmt::format("its {} is 0: there is nothing to begin from", field);
      return out;
    }
    if (action.by_bp) {
      __extension__ using Wide = __int128;
      wanted =
          static_cast<std::int64_t>(static_cast<Wide>(present) * (10'000 + *action.by_bp) / 10'000);
      // A range bounds where the move may end; it never turns a raise into a cut.
      if (*action.by_bp > 0) {
        wanted = std::max(present, std::min(wanted, high.value_or(wanted)));
      } else {
        wanted = std::min(present, std::max(wanted, low.value_or(wanted)));
      }
      if (wanted == present) {
        out.why_not = "it already stands at or beyond the range that the rule gives";
        return out;
      }
    }
    const std::int64_t base =
        roas ? BaseOf<std::int64_t>(o, field, present) : BaseOf<Money>(o, field, *money).micros();
    std::string limit;
    const Range range = Allowed(present, base, limit);
    const bool up = wanted > present;
    std::int64_t to = up ? std::min(wanted, range.high) : std::max(wanted, range.low);
    if (up ? to <= present : to >= present) {
      out.why_not = wanted == present ? "it already stands there" : "change cap: " + limit;
      return out;
    }
    if (to != wanted) out.note = "cut short: " + limit;
    if (roas) {
      out.before = present;
      out.after = to;
      return out;
    }
    const Money exact = Money::Micros(to, money->currency());
    auto rounded = FloorToMinor(exact, account.minor_units);
    if (rounded && !up && *rounded < exact) {
      const auto unit = MoneyFromMinor(1, money->currency(), account.minor_units);
      if (unit) rounded = *rounded + *unit;
    }
    if (!rounded || *rounded == *money || rounded->micros() <= 0) {
      out.why_not =
          rounded ? "the step is smaller than the currency's smallest unit" : rounded.error().what;
      return out;
    }
    out.before = *money;
    out.after = *rounded;
    return out;
  }

  /// Whether what is paused was paused by a rule, and nothing else since.
  bool PausedByRule(std::size_t o) const {
    const RulePast* newest = nullptr;
    for (const std::size_t i : PastOf(o)) {
      const RulePast& past = facts_.past[i];
      if (past.field == "status" && past.done && (!newest || past.at > newest->at)) newest = &past;
    }
    return newest && newest->by_rule && newest->after == FieldValue(std::string(kPaused));
  }

  void Want(std::size_t r, std::size_t o, const RuleAction& action,
            const std::vector<RuleEvidence>& evidence) {
    const Rule& rule = set_.rules[r];
    const RuleObject& object = facts_.objects[o];
    if (action.kind == RuleAction::Kind::kNotify) {
      out_.notices.push_back({o, r, action.tier, action.text, evidence});
      return;
    }
    std::string what(RuleActionName(action.kind));
    if (action.by_bp) what += fmt::format(" {:+g}%", *action.by_bp / 100.0);
    if (std::string why = Rests(rule, o, action); !why.empty()) {
      return Suppress(r, o, std::move(what), std::move(why));
    }
    Candidate candidate{{o,
                         r,
                         std::string(FieldOf(action.kind)),
                         {},
                         {},
                         false,
                         {},
                         evidence,
                         false,
                         {},
                         Money::Zero(set_.currency)},
                        IsPrice(FieldOf(action.kind)),
                        0,
                        Money::Zero(set_.currency)};
    RuleProposal& p = candidate.proposal;
    std::string note;
    if (action.kind == RuleAction::Kind::kPause || action.kind == RuleAction::Kind::kActivate) {
      const bool pause = action.kind == RuleAction::Kind::kPause;
      if (!pause && !PausedByRule(o)) {
        return Suppress(r, o, std::move(what),
                        "no rule paused it, so whoever did had another reason; a person activates");
      }
      p.before = object.status;
      p.after = std::string(pause ? kPaused : kActive);
      if (pause) {
        SecondSignal(o, p);
      } else if (object.daily_budget) {
        candidate.moved = *object.daily_budget;
      }
    } else {
      Move move = MoveOf(o, action);
      if (!move.after) return Suppress(r, o, std::move(what), std::move(move.why_not));
      p.before = std::move(*move.before);
      p.after = std::move(*move.after);
      note = std::move(move.note);
      what = ShowMove(action, p.before, p.after);
      const Money* from = std::get_if<Money>(&p.before);
      if (action.kind == RuleAction::Kind::kBudget && from) {
        const Money to = std::get<Money>(p.after);
        candidate.moved = to > *from ? to - *from : *from - to;
      }
    }
    candidate.raise = RaiseOf(p.before, p.after);
    p.lowers_spend = candidate.raise < 1;
    if (!p.lowers_spend) {
      for (const std::size_t i : PastOf(o)) {
        const RulePast& past = facts_.past[i];
        if (!past.done || IsPrice(past.field) != candidate.price) continue;
        if (RaiseOf(past.before, past.after) >= 1) continue;
        if (facts_.now - past.at >= hours(set_.limits.reversal_hours)) continue;
        return Suppress(r, o, std::move(what),
                        fmt::format("flapping: {} lowered it at {}; it is not raised again "
                                    "for {} h",
                                    Who(past), PrintInstant(past.at), set_.limits.reversal_hours));
      }
    }
    p.at_stake = Money::Micros(SumsOf(o, kStake).spend_micros, set_.currency);
    std::vector<std::string> because;
    for (const RuleEvidence& e : evidence) {
      if (because.size() < 4) {
        because.push_back(fmt::format("{}{}: {} against {}", e.holds ? "" : "not ", e.condition,
                                      e.value, e.reference));
      }
    }
    p.why = fmt::format("rule \"{}\": {}{}{}", rule.name, fmt::join(because, "; "),
                        note.empty() ? "" : "; ", note);
    wanted_.push_back(std::move(candidate));
  }

  /// What converts is paused only where something independent agrees: platforms misreport, and a
  /// mapping error looks like no conversions at all.
  void SecondSignal(std::size_t o, RuleProposal& p) {
    const Sums& sums = SumsOf(o, kConverts);
    const std::string& hold = AccountOf(o).conversions_hold;
    if (!sums.unknown.empty()) {
      p.second_signal_why = "whether it converts is not known: " + sums.unknown;
    } else if (!hold.empty()) {
      p.second_signal_why = "whether it converts is not known: " + hold;
    } else if (!sums.conversions) {
      p.second_signal_why = "whether it converts is not told by the platform";
    } else if (*sums.conversions > 0) {
      p.second_signal_why = fmt::format("it had {:.6g} conversions in the last {} days",
                                        *sums.conversions, kConverts.days);
    }
    p.needs_second_signal = !p.second_signal_why.empty();
  }

  // --- together
  // -----------------------------------------------------------------------------------

  std::string WhatOf(const Candidate& c) const {
    const auto show = [&](const FieldValue& value) {
      const auto* bp = std::get_if<std::int64_t>(&value);
      return bp ? fmt::format("{:.4g}", static_cast<double>(*bp) / 1e4) : ShowValue(value);
    };
    return fmt::format("{} {} -> {}", c.proposal.field, show(c.proposal.before),
                       show(c.proposal.after));
  }
  void Drop(const Candidate& c, std::string why) {
    Suppress(c.proposal.rule, c.proposal.object, WhatOf(c), std::move(why));
  }

  void Settle() {
    ResolveConflicts();
    LeaveBelowPaused();
    const auto key = [&](const Candidate& c) {
      const RuleObject& object = facts_.objects[c.proposal.object];
      return std::tuple(-set_.rules[c.proposal.rule].priority, !c.proposal.lowers_spend,
                        -c.proposal.at_stake.micros(), AccountOf(c.proposal.object).id,
                        object.level, object.id, c.proposal.field);
    };
    std::stable_sort(wanted_.begin(), wanted_.end(),
                     [&](const Candidate& a, const Candidate& b) { return key(a) < key(b); });
    for (Candidate& c : wanted_) {
      const Rule& rule = set_.rules[c.proposal.rule];
      int& by_rule = made_today_by_[rule.name];
      if (rule.changes_per_day && by_rule >= *rule.changes_per_day) {
        Drop(c,
             fmt::format("the rule's cap of {} changes a day is used up", *rule.changes_per_day));
      } else if (made_today_ >= set_.limits.changes_per_day) {
        Drop(c, fmt::format("the cap of {} changes a day is used up", set_.limits.changes_per_day));
      } else if (set_.limits.money_per_day && !c.moved.zero() &&
                 c.moved.micros() > set_.limits.money_per_day->micros() - moved_today_) {
        Drop(c, fmt::format("{} would go past the cap of {} moved a day; {} are moved already",
                            PrintMoney(c.moved), PrintMoney(*set_.limits.money_per_day),
                            PrintMoney(Money::Micros(moved_today_, set_.currency))));
      } else {
        ++by_rule;
        ++made_today_;
        moved_today_ += c.moved.micros();
        out_.changes.push_back(std::move(c.proposal));
      }
    }
  }

  void ResolveConflicts() {
    // Of each object's delivery and price: the rule that has it, and how far it would raise spend.
    struct Claim {
      std::size_t rule;
      double raise;
    };
    std::map<std::tuple<std::size_t, bool, std::size_t>, double> claims;
    for (const Candidate& c : wanted_) {
      double& raise = claims[{c.proposal.object, c.price, c.proposal.rule}];
      raise = std::max(raise, c.raise);
    }
    std::map<std::pair<std::size_t, bool>, Claim> winners;
    for (const auto& [key, raise] : claims) {
      const auto& [object, price, r] = key;
      const auto [at, first] = winners.try_emplace({object, price}, Claim{r, raise});
      if (first) continue;
      const int mine = set_.rules[r].priority;
      const int theirs = set_.rules[at->second.rule].priority;
      if (mine > theirs || (mine == theirs && raise < at->second.raise)) at->second = {r, raise};
    }
    std::vector<Candidate> kept;
    for (Candidate& c : wanted_) {
      const std::size_t winner = winners.at({c.proposal.object, c.price}).rule;
      if (winner == c.proposal.rule) {
        kept.push_back(std::move(c));
        continue;
      }
      const bool higher = set_.rules[winner].priority > set_.rules[c.proposal.rule].priority;
      Drop(c,
           fmt::format("conflict: rule \"{}\" changes it as well and {}", set_.rules[winner].name,
                       higher ? "has the higher priority" : "spends no more"));
    }
    wanted_ = std::move(kept);
  }

  void LeaveBelowPaused() {
    std::set<std::size_t> paused;
    for (const Candidate& c : wanted_) {
      if (c.proposal.after == FieldValue(std::string(kPaused))) paused.insert(c.proposal.object);
    }
    std::vector<Candidate> kept;
    for (Candidate& c : wanted_) {
      std::optional<std::size_t> above = facts_.objects[c.proposal.object].parent;
      while (above && !paused.contains(*above)) above = facts_.objects[*above].parent;
      if (above) {
        Drop(c, fmt::format("{} above it is paused in the same run", facts_.objects[*above].name));
      } else {
        kept.push_back(std::move(c));
      }
    }
    wanted_ = std::move(kept);
  }

  const RuleSet& set_;
  const RuleFacts& facts_;
  std::vector<std::vector<std::pair<RuleWindow, std::unique_ptr<Sums>>>> sums_;  // by object
  std::map<std::pair<AccountId, std::string>, std::vector<std::size_t>> past_;
  std::map<Level, std::vector<std::size_t>> by_level_;
  std::map<std::size_t, std::size_t> account_object_;
  std::map<std::pair<std::size_t, std::string>, RuleUndecided> undecided_;
  std::vector<Candidate> wanted_;
  int made_today_ = 0;
  std::map<std::string, int> made_today_by_;
  std::int64_t moved_today_ = 0;
  RuleVerdict out_;
};

}  // namespace

RuleVerdict JudgeRules(const RuleSet& set, const RuleFacts& facts) {
  return Judge(set, facts).Run();
}

}  // namespace maxopt
