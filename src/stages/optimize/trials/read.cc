#include "stages/optimize/trials/read.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "decide/experiments/experiments.h"
#include "stages/optimize/trials/books.h"

namespace maxopt::trials {
namespace {

using std::chrono::days;
using std::chrono::hours;

/// A day counts as on or off when the account was so from its second hour on: the job that switches
/// runs in the first, and platforms follow within minutes.
constexpr hours kSwitchSlack{2};
/// Of a panel before the test; more adds seasons that are not the present one.
constexpr int kPanelHistory = 180;
constexpr int kSeriesHistory = 120;
/// Share of days off plan above which the lot no longer decides what was on.
constexpr double kDisturbedMax = 0.1;
/// Pretended switchbacks, a week apart, that an error is told from.
constexpr int kWindowsLeast = 3;
/// Blocks of each kind below which the spread between blocks is hardly known.
constexpr int kBlocksForStrong = 4;

void Predict(const Trial& trial, TrialReading& reading, double scale) {
  reading.has_prediction = trial.design.days > 0;
  reading.predicted = trial.design.effect * scale;
  reading.predicted_low90 = trial.design.effect_low90 * scale;
  reading.predicted_high90 = trial.design.effect_high90 * scale;
}

Estimate Times(const Estimate& e, double factor) {
  if (factor >= 0) return {e.value * factor, e.low * factor, e.high * factor};
  return {e.value * factor, e.high * factor, e.low * factor};
}

void TrialCampaigns(const Trial& trial, std::set<AccountId>& accounts,
                    std::set<std::string>& campaigns) {
  for (const TrialMove& move : trial.moves) {
    accounts.insert(move.account);
    campaigns.insert(move.campaign_id);
  }
}

/// On or off by day; nullopt: it changed within the day.
std::optional<bool> SideOf(const Trial& trial, const Zone& zone, Day day) {
  const Instant begin = zone.Begin(day) + kSwitchSlack;
  const Instant end = zone.End(day);
  bool side = true;
  for (const TrialSwitch& s : trial.switches) {
    if (s.at <= begin) {
      side = s.on;
    } else if (s.at < end && s.on != side) {
      return std::nullopt;
    }
  }
  return side;
}

/// The days before a stretch that was off, and it, as one series.
Result<> ReadAsSeries(const TrialsWorld& world, const Client& client, Day first, Day last,
                      TrialReading& reading) {
  const Day from = first - days(kSeriesHistory);
  MAXOPT_TRY(const auto revenue, RevenueByDay(world, client, from, last));
  LiftSeries series;
  for (Day day = from; day <= last; day += days(1)) {
    const auto at = revenue.find(day);
    if (at == revenue.end()) {
      if (day >= first) return {};
      series.y.clear();  // from the last gap on
      continue;
    }
    if (day == first) series.from = series.y.size();
    series.y.push_back(at->second);
  }
  const auto answer = MeasureSeries(series);
  if (!answer) return {};
  const int length = static_cast<int>((last - first).count()) + 1;
  reading.method = "bsts";
  reading.variant =
      fmt::format("one series: {} days held back against what the {} days before let expect",
                  length, series.from);
  reading.first = first;
  reading.last = last;
  reading.daily = Times(answer->att, -1);
  reading.total = Times(answer->incremental, -1);
  reading.lift = Times(answer->lift, -1);
  reading.p_value = answer->p_value;
  reading.pre_days = answer->pre_fit.days;
  reading.pre_r_squared = answer->pre_fit.r_squared;
  reading.grade = EvidenceGrade::kWeak;
  reading.notes.push_back("one stretch of days: whatever else happened in it is in the answer");
  return {};
}

Result<TrialReading> ReadSwitchback(const TrialsWorld& world, const Client& client,
                                    const Trial& trial, const Zone& zone, Day last, Instant now) {
  TrialReading reading;
  reading.at = now;
  reading.first = trial.start;
  reading.last = last;
  reading.kpi = "revenue";
  reading.method = "switchback";
  Predict(trial, reading, 1);
  MAXOPT_TRY(const auto revenue,
             RevenueByDay(world, client, trial.start - days(kWeekdayHistory), last));
  std::vector<double> pre;
  for (Day day = trial.start - days(kWeekdayHistory); day < trial.start; day += days(1)) {
    const auto at = revenue.find(day);
    if (at == revenue.end()) {
      pre.clear();
    } else {
      pre.push_back(at->second);
    }
  }
  // Weekdays are learnt from the days before; they need the days in one piece.
  std::vector<double> week(7, 0.0);
  {
    std::vector<double> zero(7, 0.0);
    const std::vector<double> shifted = WithoutWeek(zero, pre);
    for (std::size_t i = 0; i < 7; ++i) week[i] = -shifted[i];
  }
  std::vector<SwitchbackBlock> blocks;
  int missing = 0, mixed = 0, off_plan = 0, on_days = 0, off_days = 0;
  int block_now = -1;
  std::optional<Day> run_first, run_last;  // the first stretch held back
  bool run_over = false;
  for (Day day = trial.start; day <= last; day += days(1)) {
    const auto index = static_cast<int>((day - trial.start).count());
    const int block = index / std::max(1, trial.block_days);
    const std::optional<bool> side = SideOf(trial, zone, day);
    if (!side) {
      ++mixed;
      block_now = -1;
      continue;
    }
    if (static_cast<std::size_t>(block) < trial.schedule.size() &&
        trial.schedule[static_cast<std::size_t>(block)] != *side) {
      ++off_plan;
    }
    ++(*side ? on_days : off_days);
    if (!*side && !run_over) {
      if (!run_first) run_first = day;
      run_last = day;
    }
    if (*side && run_first) run_over = true;
    const auto at = revenue.find(day);
    if (at == revenue.end()) {
      ++missing;
      block_now = -1;
      continue;
    }
    if (block != block_now || blocks.empty() || blocks.back().on != *side) {
      blocks.push_back({*side, {}});
    }
    block_now = block;
    blocks.back().y.push_back(at->second - week[static_cast<std::size_t>(index % 7)]);
  }
  reading.pre_days = static_cast<int>(pre.size());
  if (missing > 0) reading.notes.push_back(fmt::format("the client's books lack {} days", missing));
  if (mixed > 0) {
    reading.notes.push_back(
        fmt::format("{} days were switched in their middle and left out", mixed));
  }
  if (off_plan > 0) {
    reading.notes.push_back(fmt::format(
        "{} days were on the other side than the lot had said: plans went through late", off_plan));
  }
  const auto answer = MeasureSwitchback(blocks, trial.burn_in_days);
  if (!answer) {
    reading.notes.push_back(answer.error().what);
    if (run_first && (*run_last - *run_first).count() >= 2) {
      MAXOPT_CHECK(ReadAsSeries(world, client, *run_first, *run_last, reading));
    }
    if (!reading.daily) {
      reading.method.clear();
      reading.conclusion = "nothing could be read: " + answer.error().what;
      return reading;
    }
  } else {
    reading.variant = fmt::format(
        "{} blocks on and {} off by lot, the first {} day{} of each left out, without the week",
        answer->blocks_on, answer->blocks_off, trial.burn_in_days,
        trial.burn_in_days == 1 ? "" : "s");
    reading.daily = Estimate{answer->effect, answer->low, answer->high};
    reading.total = Times(*reading.daily, on_days);
    if (answer->lift && answer->effect != 0) {
      reading.lift = Times(*reading.daily, *answer->lift / answer->effect);
    }
    reading.p_value = answer->p_value;
    const double disturbed = static_cast<double>(missing + mixed + off_plan) /
                             static_cast<double>((last - trial.start).count() + 1);
    const bool strong = disturbed <= kDisturbedMax && answer->blocks_on >= kBlocksForStrong &&
                        answer->blocks_off >= kBlocksForStrong;
    reading.grade = strong ? EvidenceGrade::kStrong : EvidenceGrade::kModerate;
    std::set<AccountId> accounts;
    std::set<std::string> campaigns;
    TrialCampaigns(trial, accounts, campaigns);
    MAXOPT_TRY(const auto spend, SpendByDay(world, client, accounts, campaigns, trial.start, last));
    double on = 0, off = 0;
    for (const auto& [day, amount] : spend) {
      const std::optional<bool> side = SideOf(trial, zone, day);
      if (side) (*side ? on : off) += amount;
    }
    // What the days on spent above what they would have spent held back.
    const double more = on_days > 0 && off_days > 0 ? on - off * on_days / off_days : 0;
    if (more > 0) reading.spend = more;
  }
  reading.conclusion = Sentence(reading, trial.channel, client.currency);
  return reading;
}

}  // namespace

std::string Sentence(const TrialReading& reading, const std::string& who, Currency currency) {
  if (!reading.daily) return reading.conclusion;
  const Estimate& e = *reading.daily;
  const bool told = e.low > 0 || e.high < 0;
  std::string out = fmt::format("{} brings {:.0f} {} a day of {} (95 %: {:.0f} to {:.0f})", who,
                                e.value, currency.name(), reading.kpi, e.low, e.high);
  if (reading.has_prediction) {
    out += fmt::format("; {:.0f} were expected (90 %: {:.0f} to {:.0f})", reading.predicted,
                       reading.predicted_low90, reading.predicted_high90);
  }
  out += told ? "" : "; that is not told from nothing";
  if (reading.total && reading.spend && *reading.spend > 0) {
    out += fmt::format("; {:.2f} for each unit of money", reading.total->value / *reading.spend);
  }
  return out;
}

std::vector<double> WithoutWeek(std::span<const double> y, std::span<const double> pre) {
  std::vector<double> out(y.begin(), y.end());
  if (pre.size() < 14) return out;
  double sums[7] = {}, counts[7] = {};
  for (std::size_t i = 0; i < pre.size(); ++i) {
    // Position in the week, counted so that the first of `y` is 0.
    const std::size_t at = (7 - (pre.size() - i) % 7) % 7;
    sums[at] += pre[i];
    ++counts[at];
  }
  const double mean =
      std::accumulate(pre.begin(), pre.end(), 0.0) / static_cast<double>(pre.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] -= sums[i % 7] / counts[i % 7] - mean;
  return out;
}

int SwitchbackHistory(int trial_days) {
  return kWeekdayHistory + trial_days + 7 * (kWindowsLeast - 1);
}

std::optional<double> SwitchbackError(std::span<const double> history,
                                      const std::vector<bool>& schedule, int block_days,
                                      int burn_in_days, const std::string& key) {
  constexpr int kLots = 4;  // per window, so that one lot does not decide
  const auto block = static_cast<std::size_t>(block_days);
  const std::size_t length = schedule.size() * block;
  const auto before = static_cast<std::size_t>(kWeekdayHistory);
  double square = 0;
  int windows = 0, answers = 0;
  for (std::size_t end = history.size(); end >= length + before; end -= 7) {
    const std::size_t first = end - length;
    const std::vector<double> y =
        WithoutWeek(history.subspan(first, length), history.subspan(first - before, before));
    ++windows;
    for (int lot = 0; lot < kLots; ++lot) {
      const auto drawn =
          SwitchbackSchedule({static_cast<int>(schedule.size()), block_days % 7 == 0 ? 1 : 7,
                              fmt::format("{} {} {}", key, end, lot)});
      if (!drawn) return std::nullopt;
      std::vector<SwitchbackBlock> blocks;
      for (std::size_t b = 0; b < drawn->size(); ++b) {
        const auto at = y.begin() + static_cast<std::ptrdiff_t>(b * block);
        blocks.push_back({(*drawn)[b], {at, at + block_days}});
      }
      const auto answer = MeasureSwitchback(blocks, burn_in_days);
      if (!answer) continue;
      square += answer->effect * answer->effect;
      ++answers;
    }
    if (end < 7) break;
  }
  if (windows < kWindowsLeast || answers == 0) return std::nullopt;
  return std::sqrt(square / answers);
}

Result<std::string> PlacesWait(const TrialsWorld& world, const Client& client,
                               const std::set<std::string>& places, Day first, Day last,
                               Day today) {
  if (today >= last + days(kBooksWaitDays)) return std::string();
  // Books of the time before say whether books are what it will be read on.
  MAXOPT_TRY(const PlaceSales sales,
             SalesByPlace(world, client.name, first - days(kPanelHistory), last));
  if (sales.source != "books" || Whole(sales, places, first, last)) return std::string();
  return fmt::format("the books by place do not know {} from {} to {} yet", fmt::join(places, ", "),
                     PrintDay(first), PrintDay(last));
}

Result<TrialReading> ReadPlaces(const TrialsWorld& world, const Client& client,
                                const std::set<std::string>& places, Day first, Day last,
                                Instant now) {
  TrialReading reading;
  reading.at = now;
  reading.first = first;
  reading.last = last;
  reading.places.assign(places.begin(), places.end());
  const Day from = first - days(kPanelHistory);
  MAXOPT_TRY(const PlaceSales sales, SalesByPlace(world, client.name, from, last));
  reading.kpi = sales.source == "books" ? "revenue" : "claimed_revenue";
  GeoPanel panel = PanelOf(sales, WholeFrom(sales, places, from, last), last, places);
  for (std::size_t i = 0; i < panel.days.size(); ++i) {
    if (panel.days[i] >= first.time_since_epoch().count()) panel.periods[i] = TestPeriod::kTest;
  }
  const auto answer = MeasureLift(panel);
  if (!answer) {
    reading.conclusion = "nothing could be read: " + answer.error().what;
    reading.notes.push_back(sales.note);
    return reading;
  }
  const double length = static_cast<double>((last - first).count()) + 1;
  reading.method = LiftMethodName(answer->method);
  reading.variant = answer->variant;
  // The treatment was to rest: what advertising brings is what was missing.
  reading.total = Times(answer->incremental, -1);
  reading.daily = Times(*reading.total, 1 / length);
  reading.lift = Times(answer->lift, -1);
  reading.p_value = answer->p_value;
  reading.pre_days = answer->pre_fit.days;
  reading.pre_r_squared = answer->pre_fit.r_squared;
  reading.notes = answer->notes;
  reading.notes.push_back(sales.note);
  reading.grade = sales.source != "books"     ? EvidenceGrade::kWeak
                  : answer->placebo.geos >= 8 ? EvidenceGrade::kStrong
                                              : EvidenceGrade::kModerate;
  return reading;
}

Result<TrialReading> ReadTrial(const TrialsWorld& world, const Client& client, const Trial& trial,
                               Day last, Instant now) {
  MAXOPT_TRY(const Zone zone, Zone::Find(client.zone));
  if (trial.kind == TrialKind::kSwitchback) {
    return ReadSwitchback(world, client, trial, zone, last, now);
  }
  // The first day on which the places rested from its beginning on.
  Day first = trial.start;
  while (first <= last && SideOf(trial, zone, first) != std::optional(false)) first += days(1);
  const std::set<std::string> places(trial.places.begin(), trial.places.end());
  MAXOPT_TRY(TrialReading reading, ReadPlaces(world, client, places, first, last, now));
  Predict(trial, reading, trial.design.place_share);
  std::set<AccountId> accounts;
  std::set<std::string> campaigns;
  TrialCampaigns(trial, accounts, campaigns);
  MAXOPT_TRY(const auto spend, SpendByDay(world, client, accounts, campaigns, first, last));
  double elsewhere = 0;
  for (const auto& [day, amount] : spend) elsewhere += amount;
  // What would have been spent in the places, by their share before.
  if (trial.design.place_share > 0 && trial.design.place_share < 1 && elsewhere > 0) {
    reading.spend = elsewhere * trial.design.place_share / (1 - trial.design.place_share);
  }
  reading.conclusion =
      Sentence(reading,
               fmt::format("{} in {} resting place{}", trial.channel, trial.places.size(),
                           trial.places.size() == 1 ? "" : "s"),
               client.currency);
  return reading;
}

}  // namespace maxopt::trials
