#include "decide/pacing/pacing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <random>

namespace maxopt {
namespace {

using std::chrono::days;

/// Recent ratio of spend to budget from which the budget is taken to be what limits: platforms aim
/// at the budget and stay a few percent below it.
constexpr double kLimited = 0.9;
/// Days of history that the model looks at: eight weeks, so that weekdays are told apart and an old
/// level is forgotten.
constexpr int kWindowDays = 56;
/// Spread of a day around its level, before anything is known: what Meta and TikTok allow
/// themselves on a day is 25 %, so 20 %, with the weight of three days.
constexpr double kPriorSpread = 0.2;
constexpr double kPriorDays = 3;
/// A weekday is as the others until its own weeks say otherwise, with the weight of four.
constexpr double kPriorWeeks = 4;
/// Variance of the level's move from day to day over the variance of a day around it: from none to
/// as much; weighed by how well they explain the history.
constexpr double kMoves[] = {0, 0.003, 0.01, 0.03, 0.1, 0.3, 1};

double Units(Money money) { return static_cast<double>(money.micros()) / 1e6; }
Money Amount(double units, Currency currency) {
  return Money::Micros(std::llround(std::clamp(units, -9e12, 9e12) * 1e6), currency);
}

/// std::mt19937_64 is specified bit by bit; the library's distributions are not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  double Uniform() { return (static_cast<double>(engine_() >> 11) + 0.5) * 0x1p-53; }
  double Normal() {
    return std::sqrt(-2 * std::log(Uniform())) * std::cos(2 * std::numbers::pi * Uniform());
  }
  /// Chi-squared by Marsaglia and Tsang 2000; degrees > 2.
  double ChiSquared(double degrees) {
    const double d = degrees / 2 - 1.0 / 3;
    const double c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double x = Normal();
      const double v = std::pow(1 + c * x, 3);
      if (v <= 0) continue;
      if (std::log(Uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return 2 * d * v;
    }
  }

 private:
  std::mt19937_64 engine_;
};

double Median(std::vector<double> x) {
  if (x.empty()) return 0;
  std::sort(x.begin(), x.end());
  const std::size_t n = x.size();
  return n % 2 == 1 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

double Quantile(const std::vector<double>& sorted, double p) {
  const double at = p * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

std::size_t WeekdayOf(Day day) { return std::chrono::weekday(day).iso_encoding() - 1; }

/// First day of the calendar month that `day` is in, and how many days it has.
Day MonthBegin(Day day) {
  const std::chrono::year_month_day date{day};
  return Day(std::chrono::local_days(date.year() / date.month() / 1));
}
int DaysLeftOfMonth(Day day) {
  const std::chrono::year_month_day date{day};
  return static_cast<int>(
      (Day(std::chrono::local_days((date.year() / date.month() / 1) + std::chrono::months(1))) -
       day)
          .count());
}
Day WeekBegin(Day day, bool from_sunday) {
  const std::chrono::weekday weekday(day);
  return day - days(from_sunday ? weekday.c_encoding() : weekday.iso_encoding() - 1);
}

/// The level of the ratio, as a random walk seen with noise (Harvey 1989, local level model), with
/// the noise unknown: a Kalman filter for each of kMoves, weighed by marginal likelihood.
struct LevelModel {
  struct Part {
    double moves, weight, mean, variance, sum_squares;  // variances over the noise's
  };
  std::vector<Part> parts;
  double degrees = 0;
  std::array<double, 7> weekday{};
  double center = 0;  // weighed mean of the level
};

struct Ratio {
  Day day;
  double x;
};

LevelModel FitLevel(std::vector<Ratio> ratios) {
  LevelModel model;
  model.weekday.fill(1);
  double sum = 0, kept = 1;
  for (const Ratio& r : ratios) sum += r.x;
  const double mean = sum / static_cast<double>(ratios.size());
  if (ratios.size() >= 14 && mean > 0) {
    std::array<double, 7> total{}, count{};
    for (const Ratio& r : ratios) total[WeekdayOf(r.day)] += r.x / mean, ++count[WeekdayOf(r.day)];
    for (std::size_t k = 0; k < 7; ++k) {
      model.weekday[k] = (total[k] + kPriorWeeks) / (count[k] + kPriorWeeks);
    }
    // A day is part of its own weekday's mean, so that dividing by that takes a little too much
    // off: the mean of all days stays what it is.
    kept = 0;
    for (const Ratio& r : ratios) kept += r.x / model.weekday[WeekdayOf(r.day)] / sum;
  }
  std::vector<double> adjusted;
  for (Ratio& r : ratios) adjusted.push_back(r.x /= model.weekday[WeekdayOf(r.day)] * kept);
  const double middle = Median(adjusted);
  std::vector<double> off;
  for (const double a : adjusted) off.push_back(std::abs(a - middle));
  const double scale = std::max(1.4826 * Median(off), 0.05 * middle);
  const double prior = std::max(kPriorSpread * middle, 1e-6);
  double best = -HUGE_VAL;
  model.degrees = kPriorDays + static_cast<double>(ratios.size()) - 1;
  for (const double moves : kMoves) {
    double level = ratios.front().x, variance = 1, squares = 0, log_f = 0;
    // The first day is cut off like the others: a single day can be anything.
    level = std::clamp(level, middle - 4 * scale, middle + 4 * scale);
    for (std::size_t i = 1; i < ratios.size(); ++i) {
      variance += moves * static_cast<double>((ratios[i].day - ratios[i - 1].day).count());
      const double f = variance + 1;
      const double v = std::clamp(ratios[i].x, middle - 4 * scale, middle + 4 * scale) - level;
      squares += v * v / f;
      log_f += std::log(f);
      level += variance / f * v;
      variance *= 1 - variance / f;
    }
    const double sum_squares = kPriorDays * prior * prior + squares;
    const double log_weight = -0.5 * log_f - 0.5 * model.degrees * std::log(sum_squares);
    model.parts.push_back({moves, log_weight, level, variance, sum_squares});
    best = std::max(best, log_weight);
  }
  double total = 0;
  for (auto& part : model.parts) total += part.weight = std::exp(part.weight - best);
  for (auto& part : model.parts) {
    part.weight /= total;
    model.center += part.weight * part.mean;
  }
  return model;
}

class Judge {
 public:
  Judge(const PaceInput& input, const PaceSettings& settings)
      : in_(input), set_(settings), currency_(input.budgets.front().amount.currency()) {
    for (const DaySpend& day : in_.days) known_.emplace(day.day, Units(day.spend));
    today_ = in_.zone.DayOf(in_.now);
    until_ = std::min(in_.now, in_.known_until.value_or(in_.now));
    // Spend that is known until yesterday says nothing of today.
    if (until_ <= in_.zone.Begin(today_)) today_known_ = false;
  }

  PaceVerdict Run() {
    curve_ = HourCurve(in_.hours, in_.dayparts, in_.zone, today_);
    PaceVerdict out{PaceState::kOnPlan,
                    Plan(),
                    Money::Zero(currency_),
                    0,
                    0,
                    {},
                    {},
                    {},
                    {},
                    {},
                    {},
                    {},
                    {},
                    {},
                    {}};
    out.days_total = static_cast<int>((in_.last - in_.first).count()) + 1;
    double spent = 0;
    for (const auto& [day, spend] : known_) {
      if (day >= in_.first && day <= std::min(in_.last, today_)) spent += spend;
    }
    out.spent = Amount(spent, currency_);
    NoteChanges(out);
    if (in_.now >= in_.zone.End(in_.last)) {
      out.state = PaceState::kEnded;
      out.why.push_back(fmt::format("The flight ended on {} with {} of {} spent.",
                                    PrintDay(in_.last), PrintMoney(out.spent),
                                    PrintMoney(out.plan)));
      return out;
    }
    out.days_left = static_cast<int>((in_.last - std::max(today_, in_.first)).count()) + 1;
    if (in_.now < in_.zone.Begin(in_.first)) {
      out.state = PaceState::kNotStarted;
      out.why.push_back(fmt::format("The flight begins on {}.", PrintDay(in_.first)));
      return out;
    }
    if (in_.status == FlightStatus::kOff) {
      out.state = PaceState::kOnHold;
      out.why.emplace_back("The campaign is paused: its pace says nothing.");
      return out;
    }
    if (in_.budgets.back().amount.zero()) {
      out.state = PaceState::kNoBudget;
      out.why.push_back(
          fmt::format("The budget is zero; {} were spent in the flight.", PrintMoney(out.spent)));
      return out;
    }
    Headrooms(out);
    if (today_ == in_.first) {
      out.state = PaceState::kFirstDay;
      out.why.emplace_back("It is the flight's first day: nothing can be said before it closes.");
      FirstDay(out);
      return out;
    }
    const std::vector<Ratio> ratios = Ratios(out);
    if (ratios.empty()) {
      out.state = PaceState::kNoHistory;
      out.why.emplace_back(
          "No spend of a closed day of the flight is known, which is not the same as none.");
      return out;
    }
    model_ = FitLevel(ratios);
    Simulate(out);
    Call(out);
    Suggest(out);
    return out;
  }

 private:
  /// Budget that held at `at`.
  double BudgetAt(Instant at) const {
    double amount = Units(in_.budgets.front().amount);
    for (const BudgetStep& step : in_.budgets) {
      if (step.from <= at) amount = Units(step.amount);
    }
    return amount;
  }
  double BudgetNow() const { return Units(in_.budgets.back().amount); }
  /// The budget of `day` until `until`, each step for the share of the day's spend that it held.
  double DailyBase(Day day, Instant until) const {
    const Instant begin = in_.zone.Begin(day);
    double held = BudgetAt(begin), share = 0, sum = 0;
    for (const BudgetStep& step : in_.budgets) {
      if (step.from <= begin || step.from >= std::min(until, in_.zone.End(day))) continue;
      const double next = ShareElapsed(curve_, in_.dayparts, in_.zone, day, step.from);
      sum += held * (next - share);
      share = next;
      held = Units(step.amount);
    }
    return sum + held * (ShareElapsed(curve_, in_.dayparts, in_.zone, day, until) - share);
  }
  bool ChangedOn(Day day) const {
    return std::ranges::any_of(in_.budgets, [&](const BudgetStep& step) {
      return &step != &in_.budgets.front() && step.from > in_.zone.Begin(day) &&
             step.from < in_.zone.End(day);
    });
  }
  double Weight(Day day) {
    const auto [at, fresh] = weight_.try_emplace(day, 0.0);
    // Without dayparts every day has its weight: by its length, 23 or 25 hours.
    if (fresh) at->second = RunningHours(in_.dayparts, in_.zone, day);
    return at->second;
  }
  /// Running hours from `day` to the flight's end.
  double WeightFrom(Day day) {
    if (weight_from_.empty()) {
      double sum = 0;
      for (Day d = in_.last; d >= in_.first; d -= days(1)) weight_from_[d] = sum += Weight(d);
    }
    const auto at = weight_from_.find(day);
    return at == weight_from_.end() ? 0 : at->second;
  }
  /// What the budget lets a whole day spend on average; for a lifetime budget, with `spent` gone.
  double BaseOf(Day day, double spent) {
    if (Weight(day) <= 0) return 0;
    if (in_.kind == BudgetKind::kDaily) {
      // Only days of a change need their hours.
      return ChangedOn(day) ? DailyBase(day, in_.zone.End(day)) : BudgetAt(in_.zone.Begin(day));
    }
    const double left = std::max(0.0, BudgetAt(in_.zone.End(day) - Instant::duration(1)) - spent);
    return left * Weight(day) / WeightFrom(day);
  }

  Money Plan() {
    if (in_.plan) return *in_.plan;
    if (in_.kind == BudgetKind::kLifetime) return in_.budgets.back().amount;
    double sum = 0;
    for (Day day = in_.first; day <= in_.last; day += days(1)) sum += BaseOf(day, 0);
    return Amount(sum, currency_);
  }

  void NoteChanges(PaceVerdict& out) const {
    if (in_.plan_before && *in_.plan_before != out.plan) {
      out.why.push_back(fmt::format("The plan was changed from {} to {}; judged on what it is now.",
                                    PrintMoney(*in_.plan_before), PrintMoney(out.plan)));
    }
    double down = 0, up = 0;
    for (const DaySpend& day : in_.days) {
      if (!day.first_reported || day.day < in_.first || day.day > today_) continue;
      const double moved = Units(day.spend) - Units(*day.first_reported);
      (moved < 0 ? down : up) += moved;
    }
    if (down < 0 || up > 0) {
      out.why.push_back(fmt::format(
          "The platform has restated spend of this flight since it first told it: {} down, {} up.",
          PrintMoney(Amount(-down, currency_)), PrintMoney(Amount(up, currency_))));
    }
  }

  /// Most that the platform may still spend in this month and week; what is left, never negative.
  double MonthLimit(Day month_day, double budget) const {
    // A change within the month: what was spent before it, and the new budget for the days left.
    const Day begin = MonthBegin(month_day);
    const BudgetStep* changed = nullptr;
    for (std::size_t i = 1; i < in_.budgets.size(); ++i) {
      const Day day = in_.zone.DayOf(in_.budgets[i].from);
      if (day >= begin && day <= month_day) changed = &in_.budgets[i];
    }
    if (changed == nullptr) return in_.rules.month_days * budget;
    const Day day = in_.zone.DayOf(changed->from);
    double before = 0;
    for (const auto& [d, spend] : known_) {
      if (d >= begin && d < day) before += spend;
    }
    return before + budget * DaysLeftOfMonth(day);
  }
  double SpentBetween(Day from, Day before) const {
    double sum = 0;
    for (auto at = known_.lower_bound(from); at != known_.end() && at->first < before; ++at) {
      sum += at->second;
    }
    return sum;
  }
  void Headrooms(PaceVerdict& out) const {
    if (in_.kind != BudgetKind::kDaily) return;
    const Day next = today_ + days(1);
    if (in_.rules.month_days > 0) {
      const double left = MonthLimit(today_, BudgetNow()) - SpentBetween(MonthBegin(today_), next);
      out.month_headroom = Amount(std::max(0.0, left), currency_);
    }
    if (in_.rules.week_days > 0) {
      const double left = in_.rules.week_days * BudgetNow() -
                          SpentBetween(WeekBegin(today_, in_.rules.week_from_sunday), next);
      out.week_headroom = Amount(std::max(0.0, left), currency_);
    }
  }

  double DayCap(Day day) const {
    double most = BudgetAt(in_.zone.Begin(day));
    for (const BudgetStep& step : in_.budgets) {
      if (step.from > in_.zone.Begin(day) && step.from < in_.zone.End(day)) {
        most = std::max(most, Units(step.amount));
      }
    }
    return most * in_.rules.day_bp / 1e4;
  }
  double TodayCap(double spent_before) const {
    return in_.kind == BudgetKind::kDaily ? DayCap(today_)
                                          : std::max(0.0, BudgetNow() - spent_before);
  }
  std::optional<double> TodaySpent() const {
    const auto at = known_.find(today_);
    if (!today_known_ || at == known_.end()) return std::nullopt;
    return at->second;
  }
  /// Share of today's budget that is usually used by until_.
  double TodayShare() const {
    if (in_.kind == BudgetKind::kDaily && ChangedOn(today_) && limited_) {
      const double whole = DailyBase(today_, in_.zone.End(today_));
      return whole > 0 ? DailyBase(today_, until_) / whole : 0;
    }
    return ShareElapsed(curve_, in_.dayparts, in_.zone, today_, until_);
  }

  void FirstDay(PaceVerdict& out) {
    const double base = BaseOf(today_, 0);
    const double share = TodayShare();
    const auto spent = TodaySpent();
    out.today = TodayPace{share, Amount(base * share, currency_),
                          spent ? std::optional(Amount(*spent, currency_)) : std::nullopt,
                          Amount(base, currency_), Amount(TodayCap(0), currency_)};
  }

  /// Closed days as ratios to what limits them, oldest first; at least one of the flight's.
  std::vector<Ratio> Ratios(PaceVerdict& out) {
    const Day from = std::max(in_.kind == BudgetKind::kLifetime ? in_.first : Day(days(-1'000'000)),
                              today_ - days(kWindowDays));
    std::vector<Ratio> ratios;
    std::vector<double> spends;
    double spent = SpentBetween(in_.first, std::max(in_.first, from));
    bool own = false;
    for (Day day = from; day < today_; day += days(1)) {
      const double base = BaseOf(day, spent);
      const auto at = known_.find(day);
      if (day >= in_.first && at != known_.end()) spent += at->second;
      if (at == known_.end() || base <= 0) continue;
      own = own || day >= in_.first;
      ratios.push_back({day, at->second / base});
      spends.push_back(at->second);
    }
    if (!own) return {};
    // Days before the flight in which nothing ran say nothing about it.
    while (ratios.front().x == 0 && ratios.front().day < in_.first) {
      ratios.erase(ratios.begin());
      spends.erase(spends.begin());
    }
    std::vector<double> recent;
    for (std::size_t i = ratios.size() - std::min<std::size_t>(7, ratios.size()); i < ratios.size();
         ++i) {
      recent.push_back(ratios[i].x);
    }
    const double utilisation = Median(recent);
    out.utilisation = utilisation;
    limited_ = utilisation >= kLimited;
    if (!limited_) {
      // Demand decides, and does not follow the budget: days are compared as amounts.
      reference_ = std::max(
          1e-6, in_.kind == BudgetKind::kDaily ? BudgetNow() : BudgetNow() / out.days_total);
      for (std::size_t i = 0; i < ratios.size(); ++i) ratios[i].x = spends[i] / reference_;
    }
    return ratios;
  }

  /// How far a day is from its usual curve at this hour: standard deviation of the share elapsed.
  /// Before anything is known as if every hour varied by half of itself, worth three days.
  double ShareSpread(double share) const {
    const double prior = 0.25 * share * (1 - share) / 24;
    const LocalTime local = in_.zone.LocalOf(until_);
    const auto hour =
        static_cast<int>((local - std::chrono::floor<days>(local)) / std::chrono::hours(1));
    std::map<Day, std::pair<double, double>> by_day;
    for (const HourSpend& row : in_.hours) {
      if (row.day >= today_ || row.day < today_ - days(kWindowDays)) continue;
      auto& [past, whole] = by_day[row.day];
      whole += Units(row.spend);
      if (row.hour < hour) past += Units(row.spend);
    }
    double usual = 0;
    for (int h = 0; h < hour; ++h) usual += curve_[static_cast<std::size_t>(h)];
    double squares = kPriorDays * prior, n = kPriorDays;
    for (const auto& [day, sums] : by_day) {
      if (sums.second <= 0) continue;
      const double off = sums.first / sums.second - usual;
      squares += off * off, n += 1;
    }
    return std::sqrt(squares / n);
  }

  void Simulate(PaceVerdict& out) {
    const auto draws = static_cast<std::size_t>(set_.draws);
    Random random(set_.seed);
    // One level, its noise and its moves for each future.
    struct Draw {
      double level, noise, moves, today, spent;
    };
    std::vector<Draw> futures(draws);
    std::vector<Day> missing;
    for (Day day = in_.first; day < today_; day += days(1)) {
      if (!known_.contains(day) && Weight(day) > 0) missing.push_back(day);
    }
    const double known_before = SpentBetween(in_.first, today_);
    const double total_limit =
        in_.kind == BudgetKind::kLifetime ? std::max(BudgetNow(), known_before) : HUGE_VAL;
    for (Draw& draw : futures) {
      double at = random.Uniform();
      const LevelModel::Part* part = &model_.parts.back();
      for (const LevelModel::Part& candidate : model_.parts) {
        if (at < candidate.weight) {
          part = &candidate;
          break;
        }
        at -= candidate.weight;
      }
      const double variance = part->sum_squares / random.ChiSquared(std::max(2.5, model_.degrees));
      draw.noise = std::sqrt(variance);
      draw.moves = draw.noise * std::sqrt(part->moves);
      draw.level = part->mean + draw.noise * std::sqrt(part->variance) * random.Normal();
      draw.spent = known_before;
      for (const Day day : missing) {
        draw.spent +=
            std::min(DrawRatio(day, draw.level, draw.noise, random) * Scale(day, draw.spent),
                     in_.kind == BudgetKind::kDaily ? DayCap(day) : HUGE_VAL);
      }
      draw.spent = std::min(draw.spent, total_limit);
      draw.level += draw.moves * random.Normal();
      draw.today = DrawRatio(today_, draw.level, draw.noise, random) * Scale(today_, draw.spent);
    }
    if (!missing.empty()) {
      out.why.push_back(fmt::format(
          "The spend of {} closed day{} is not known, {} the first; estimated like the others.",
          missing.size(), missing.size() == 1 ? "" : "s", PrintDay(missing.front())));
    }
    Today(out, futures, random);

    std::vector<double> landing, todays;
    const double month_before = SpentBetween(MonthBegin(today_), today_);
    const Day week = WeekBegin(today_, in_.rules.week_from_sunday);
    const double week_before = SpentBetween(week, today_);
    const double month_limit_now = MonthLimit(today_, BudgetNow());
    for (Draw& draw : futures) {
      double month = month_before, in_week = week_before;
      double spent = draw.spent;
      const auto take = [&](Day day, double amount, double at_least) {
        if (in_.kind == BudgetKind::kDaily) {
          amount = std::min(amount, DayCapCached(day));
          if (in_.rules.month_days > 0) {
            const double limit = MonthBegin(day) == MonthBegin(today_)
                                     ? month_limit_now
                                     : in_.rules.month_days * BudgetNow();
            amount = std::min(amount, limit - month);
          }
          if (in_.rules.week_days > 0) {
            amount = std::min(amount, in_.rules.week_days * BudgetNow() - in_week);
          }
        } else {
          amount = std::min(amount, total_limit - spent);
        }
        amount = std::max(amount, at_least);
        month += amount, in_week += amount, spent += amount;
        return amount;
      };
      todays.push_back(take(today_, draw.today, TodaySpent().value_or(0)));
      for (Day day = today_ + days(1); day <= in_.last; day += days(1)) {
        if (day == MonthBegin(day)) month = 0;
        if (day == WeekBegin(day, in_.rules.week_from_sunday)) in_week = 0;
        draw.level += draw.moves * random.Normal();
        take(day, DrawRatio(day, draw.level, draw.noise, random) * Scale(day, spent), 0);
      }
      landing.push_back(spent);
    }
    std::sort(landing.begin(), landing.end());
    std::sort(todays.begin(), todays.end());
    if (out.today) out.today->expected_day = Amount(Quantile(todays, 0.5), currency_);
    today_median_ = Quantile(todays, 0.5);
    double sum = 0;
    for (const double x : landing) sum += x;
    LandingQuantiles quantiles{
        {Money::Zero(currency_), Money::Zero(currency_), Money::Zero(currency_),
         Money::Zero(currency_), Money::Zero(currency_), Money::Zero(currency_),
         Money::Zero(currency_)},
        Amount(sum / static_cast<double>(draws), currency_)};
    for (std::size_t i = 0; i < quantiles.at.size(); ++i) {
      quantiles.at[i] = Amount(Quantile(landing, LandingQuantiles::kProbabilities[i]), currency_);
    }
    out.landing = quantiles;
    const double plan = Units(out.plan), tolerance = set_.tolerance_bp / 1e4;
    const auto over = landing.end() - std::upper_bound(landing.begin(), landing.end(),
                                                       plan * (1 + tolerance) + 1e-9);
    const auto under =
        std::lower_bound(landing.begin(), landing.end(), plan * (1 - tolerance) - 1e-9) -
        landing.begin();
    out.p_over = static_cast<double>(over) / static_cast<double>(draws);
    out.p_under = static_cast<double>(under) / static_cast<double>(draws);
  }

  double DrawRatio(Day day, double level, double noise, Random& random) const {
    return std::max(0.0, (level + noise * random.Normal()) * model_.weekday[WeekdayOf(day)]);
  }
  /// What a ratio of 1 is on that day.
  double Scale(Day day, double spent) {
    if (!limited_) return Weight(day) > 0 ? reference_ : 0;
    if (in_.kind == BudgetKind::kLifetime || day <= today_) {
      return in_.kind == BudgetKind::kLifetime ? BaseOf(day, spent) : BaseCached(day);
    }
    return Weight(day) > 0 ? BudgetNow() : 0;
  }
  double BaseCached(Day day) {
    const auto [at, fresh] = base_.try_emplace(day, 0.0);
    if (fresh) at->second = BaseOf(day, 0);
    return at->second;
  }
  double DayCapCached(Day day) {
    if (day > today_) return BudgetNow() * in_.rules.day_bp / 1e4;
    if (!today_cap_) today_cap_ = DayCap(day);
    return *today_cap_;
  }

  /// Joins what the model thinks of today with how the day goes so far, by their variances.
  template <class Draws>
  void Today(PaceVerdict& out, Draws& futures, Random& random) {
    double mean = 0, squares = 0;
    const auto n = static_cast<double>(futures.size());
    std::vector<double> prior;
    for (const auto& draw : futures) mean += draw.today / n, prior.push_back(draw.today);
    for (const auto& draw : futures) squares += (draw.today - mean) * (draw.today - mean) / n;
    const double share = TodayShare();
    const auto spent = TodaySpent();
    out.today = TodayPace{share, Amount(Median(prior) * share, currency_),
                          spent ? std::optional(Amount(*spent, currency_)) : std::nullopt,
                          Amount(Median(prior), currency_),
                          Amount(TodayCap(SpentBetween(in_.first, today_)), currency_)};
    if (!spent || share <= 0) return;
    const double spread = ShareSpread(share) / share;
    const double pace = *spent / share;
    // By the day that is thought of, not by the one that is seen: a slow morning would otherwise be
    // believed more than a quick one.
    const double pace_variance = mean * spread * mean * spread;
    const double trust = squares + pace_variance > 0 ? squares / (squares + pace_variance) : 1;
    for (auto& draw : futures) {
      const double seen = pace + std::sqrt(pace_variance) * random.Normal();
      draw.today = std::max(*spent, trust * seen + (1 - trust) * draw.today);
      if (share >= 1) draw.today = *spent;
    }
  }

  void Call(PaceVerdict& out) const {
    if (*out.p_over >= set_.call_at) {
      out.state = PaceState::kOver;
    } else if (*out.p_under >= set_.call_at) {
      out.state = PaceState::kUnder;
    } else {
      out.state = PaceState::kOnPlan;
    }
    out.why.push_back(fmt::format(
        "{} of {} are spent with {} of {} days left; it lands at {} (90 %: {} to {}), above the "
        "plan by more than {:g} % with {:.0f} %, below with {:.0f} %.",
        PrintMoney(out.spent), PrintMoney(out.plan), out.days_left, out.days_total,
        PrintMoney(out.landing->at[3]), PrintMoney(out.landing->at[0]),
        PrintMoney(out.landing->at[6]), set_.tolerance_bp / 100.0, 100 * *out.p_over,
        100 * *out.p_under));
    if (ChangedOn(today_)) {
      out.why.push_back(fmt::format("The budget was changed today to {}.",
                                    PrintMoney(in_.budgets.back().amount)));
    }
    if (!limited_) {
      out.why.push_back(
          fmt::format("Lately {:.0f} % of what the budget allows is spent: demand limits, not the "
                      "budget.",
                      100 * *out.utilisation));
    }
    if (in_.share) {
      std::vector<double> recent;
      for (Day day = today_ - days(7); day < today_; day += days(1)) {
        if (const auto at = known_.find(day); at != known_.end()) recent.push_back(at->second);
      }
      out.headroom = WhatBudgetCanWin(*in_.share, Amount(Median(recent), currency_));
      if (out.headroom) out.why.push_back("Search: " + out.headroom->what + ".");
    }
  }

  void Suggest(PaceVerdict& out) {
    if (out.state != PaceState::kOver && out.state != PaceState::kUnder) return;
    const Money from = in_.budgets.back().amount;
    if (out.days_left < 2 && in_.kind == BudgetKind::kDaily) {
      out.why.emplace_back("It is the last day: a budget for tomorrow would change nothing.");
      return;
    }
    BudgetSuggestion suggestion{from, from, {}, {}};
    const double before = SpentBetween(in_.first, today_);
    if (in_.kind == BudgetKind::kDaily) {
      double running = 0;
      for (Day day = today_ + days(1); day <= in_.last; day += days(1)) {
        if (Weight(day) > 0) running += model_.weekday[WeekdayOf(day)];
      }
      if (running <= 0) {
        out.why.emplace_back("No day with running hours is left: a budget would change nothing.");
        return;
      }
      const double left = Units(out.plan) - before - today_median_;
      const double need = left / running;
      if (!limited_ && out.state == PaceState::kUnder) {
        out.why.push_back(fmt::format(
            "It would take {} a day to land on plan; a larger budget does not bring it, as the "
            "present one is not used.",
            PrintMoney(Amount(need, currency_))));
        return;
      }
      // What a budget brings, at the present ratio; where demand limits, a cap brings itself.
      const double rate = limited_ ? std::max(0.1, model_.center) : 1;
      suggestion.to = Amount(std::max(0.0, need / rate), currency_);
      suggestion.why =
          left > 0 ? fmt::format("{} are left for {} days after today: {} a day",
                                 PrintMoney(Amount(left, currency_)), out.days_left - 1,
                                 PrintMoney(Amount(need, currency_)))
                   : fmt::format("the plan of {} is spent: pause it, or agree a larger plan",
                                 PrintMoney(out.plan));
      if (left <= 0) suggestion.limited_by = "plan_spent";
    } else {
      if (out.plan == from || (!limited_ && out.state == PaceState::kUnder)) {
        out.why.emplace_back(
            "The lifetime budget is not what keeps it from its plan: look at bids, audience and "
            "creatives.");
        return;
      }
      suggestion.to = out.plan;
      suggestion.why = fmt::format("the flight's plan is {}, its lifetime budget {}",
                                   PrintMoney(out.plan), PrintMoney(from));
    }
    const Money low = from - from.TimesBp(set_.step_max_bp);
    const Money high = from + from.TimesBp(set_.step_max_bp);
    if (suggestion.to < low || suggestion.to > high) {
      suggestion.to = suggestion.to < low ? low : high;
      suggestion.limited_by = suggestion.limited_by.empty() ? "step" : suggestion.limited_by;
    }
    if (set_.most_budget && suggestion.to > *set_.most_budget) {
      suggestion.to = *set_.most_budget;
      suggestion.limited_by = "most";
    }
    if (const auto whole = FloorToMinor(suggestion.to, set_.minor_units)) suggestion.to = *whole;
    if (set_.least_budget && suggestion.to < *set_.least_budget) {
      suggestion.to = *set_.least_budget;
      suggestion.limited_by = "least";
    }
    const bool helps = out.state == PaceState::kOver ? suggestion.to < from : suggestion.to > from;
    if (helps) out.suggestion = std::move(suggestion);
  }

  const PaceInput& in_;
  const PaceSettings& set_;
  Currency currency_;
  Day today_{};
  Instant until_{};
  bool today_known_ = true;
  bool limited_ = true;
  double reference_ = 1;
  double today_median_ = 0;
  std::map<Day, double> known_, weight_, weight_from_, base_;
  std::optional<double> today_cap_;
  std::array<double, 24> curve_{};
  LevelModel model_;
};

Result<> Check(const PaceInput& in, const PaceSettings& set) {
  const auto bad = [](std::string what) { return Fail(Errc::kInvalidArgument, std::move(what)); };
  if (in.budgets.empty()) return bad("a flight without a budget has no pace");
  if (in.last < in.first || in.last - in.first > days(3'660)) {
    return bad(
        fmt::format("a flight from {} to {}: it must end on or after its first day, within "
                    "ten years",
                    PrintDay(in.first), PrintDay(in.last)));
  }
  const Currency currency = in.budgets.front().amount.currency();
  const auto money = [&](const Money& amount, std::string_view what) -> Result<> {
    if (amount.currency() != currency) {
      return Fail(Errc::kInvalidArgument, fmt::format("{} is in {}, the budget in {}", what,
                                                      amount.currency().name(), currency.name()));
    }
    if (amount.negative()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{} is {}; it cannot be negative", what, PrintMoney(amount)));
    }
    return {};
  };
  for (std::size_t i = 0; i < in.budgets.size(); ++i) {
    MAXOPT_CHECK(money(in.budgets[i].amount, "a budget"));
    if (i > 0 && in.budgets[i].from < in.budgets[i - 1].from) {
      return bad("the steps of the budget are not in order of time");
    }
  }
  if (in.plan) MAXOPT_CHECK(money(*in.plan, "the plan"));
  if (in.plan_before) MAXOPT_CHECK(money(*in.plan_before, "the plan before"));
  if (set.least_budget) MAXOPT_CHECK(money(*set.least_budget, "the least budget"));
  if (set.most_budget) MAXOPT_CHECK(money(*set.most_budget, "the largest budget"));
  std::map<Day, bool> seen;
  for (const DaySpend& day : in.days) {
    MAXOPT_CHECK(money(day.spend, "the spend of " + PrintDay(day.day)));
    if (day.first_reported) {
      MAXOPT_CHECK(money(*day.first_reported, "the spend first told of " + PrintDay(day.day)));
    }
    if (!seen.emplace(day.day, true).second) return bad(PrintDay(day.day) + " is there twice");
  }
  for (const HourSpend& hour : in.hours) {
    MAXOPT_CHECK(money(hour.spend, "the spend of an hour of " + PrintDay(hour.day)));
    if (hour.hour < 0 || hour.hour > 23) {
      return bad(fmt::format("hour {} of {}; hours are 0 to 23", hour.hour, PrintDay(hour.day)));
    }
  }
  if (in.share) {
    const auto share = [](double x) { return x >= 0 && x <= 1; };
    if (!share(in.share->won) || !share(in.share->lost_budget.value_or(0)) ||
        !share(in.share->lost_rank.value_or(0))) {
      return bad("an impression share outside 0 to 1");
    }
  }
  if (in.rules.day_bp < 10'000 || !(in.rules.month_days >= 0) || in.rules.week_days < 0) {
    return bad("delivery rules: a day is at least 10000 bp, month and week are not negative");
  }
  if (set.tolerance_bp < 0 || set.tolerance_bp > 10'000 || !(set.call_at > 0.5) ||
      !(set.call_at < 1) || set.draws < 100 || set.draws > 100'000 || set.step_max_bp < 0 ||
      set.step_max_bp > 100'000) {
    return bad(
        "pacing settings: tolerance 0 to 10000 bp, call_at between 0.5 and 1, draws 100 to "
        "100000, step 0 to 100000 bp");
  }
  return {};
}

}  // namespace

std::string_view PaceStateName(PaceState state) {
  switch (state) {
    case PaceState::kNotStarted:
      return "not_started";
    case PaceState::kEnded:
      return "ended";
    case PaceState::kOnHold:
      return "paused";
    case PaceState::kNoBudget:
      return "no_budget";
    case PaceState::kFirstDay:
      return "first_day";
    case PaceState::kNoHistory:
      return "no_history";
    case PaceState::kOnPlan:
      return "on_plan";
    case PaceState::kOver:
      return "over";
    case PaceState::kUnder:
      return "under";
  }
  Bug();
}

bool Silent(PaceState state) { return state != PaceState::kOver && state != PaceState::kUnder; }

Result<PaceVerdict> JudgePace(const PaceInput& input, const PaceSettings& settings) {
  MAXOPT_CHECK(Check(input, settings));
  return Judge(input, settings).Run();
}

}  // namespace maxopt
