// The day's curve by the real clock, and impression share.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "decide/pacing/pacing.h"

namespace maxopt {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// Time zones of our days change at multiples of a quarter of an hour, so within one a label hour
/// does not change.
constexpr minutes kStep{15};

/// Calls visit(label hour, length in seconds) for the pieces of the day in [begin, until) in which
/// the dayparts allow delivery.
template <class Visit>
void ForEachPiece(const std::optional<WeekHours>& dayparts, const Zone& zone, Day day,
                  Instant until, Visit visit) {
  const Instant end = std::min(until, zone.End(day));
  for (Instant at = zone.Begin(day); at < end; at += kStep) {
    const LocalTime local = zone.LocalOf(at);
    const auto label_day = std::chrono::floor<std::chrono::days>(local);
    const auto hour = static_cast<int>((local - label_day) / hours(1));
    if (dayparts) {
      const auto weekday = std::chrono::weekday(label_day).iso_encoding() - 1;
      if (!dayparts->test(24 * weekday + static_cast<unsigned>(hour))) continue;
    }
    const auto length = std::min<Instant::duration>(kStep, end - at);
    visit(hour, std::chrono::duration<double>(length).count());
  }
}

}  // namespace

double RunningHours(const std::optional<WeekHours>& dayparts, const Zone& zone, Day day) {
  double sum = 0;
  ForEachPiece(dayparts, zone, day, zone.End(day), [&](int, double length) { sum += length; });
  return sum / 3'600;
}

double ShareElapsed(const std::array<double, 24>& curve, const std::optional<WeekHours>& dayparts,
                    const Zone& zone, Day day, Instant until) {
  double whole = 0, past = 0, whole_time = 0, past_time = 0;
  ForEachPiece(dayparts, zone, day, zone.End(day), [&](int hour, double length) {
    whole += curve[static_cast<std::size_t>(hour)] * length;
    whole_time += length;
  });
  ForEachPiece(dayparts, zone, day, until, [&](int hour, double length) {
    past += curve[static_cast<std::size_t>(hour)] * length;
    past_time += length;
  });
  if (whole > 0) return std::min(1.0, past / whole);
  return whole_time > 0 ? past_time / whole_time : 0;
}

std::array<double, 24> HourCurve(const std::vector<HourSpend>& rows,
                                 const std::optional<WeekHours>& dayparts, const Zone& zone,
                                 Day before) {
  std::map<Day, std::array<double, 24>> by_day;
  for (const HourSpend& row : rows) {
    if (row.day >= before || row.hour < 0 || row.hour > 23) continue;
    by_day[row.day][static_cast<std::size_t>(row.hour)] +=
        static_cast<double>(row.spend.micros()) / 1e6;
  }
  // A rate per real hour: what a repeated hour spent in two is not taken for a habit of one.
  std::array<double, 24> prior{};
  for (std::size_t hour = 0; hour < 24; ++hour) {
    bool allowed = !dayparts;
    for (std::size_t day = 0; day < 7 && !allowed; ++day) {
      allowed = dayparts->test(24 * day + hour);
    }
    prior[hour] = allowed ? 1 : 0;
  }
  double allowed = 0;
  for (const double p : prior) allowed += p;
  constexpr double kPriorDays = 3;
  std::array<double, 24> sum{};
  for (std::size_t hour = 0; hour < 24; ++hour) {
    sum[hour] = allowed > 0 ? kPriorDays * prior[hour] / allowed : kPriorDays / 24;
  }
  for (const auto& [day, spend] : by_day) {
    std::array<double, 24> length{};
    ForEachPiece(std::nullopt, zone, day, zone.End(day), [&](int hour, double seconds_long) {
      length[static_cast<std::size_t>(hour)] += seconds_long / 3'600;
    });
    double total = 0;
    std::array<double, 24> rate{};
    for (std::size_t hour = 0; hour < 24; ++hour) {
      rate[hour] = length[hour] > 0 ? std::max(0.0, spend[hour]) / length[hour] : 0;
      total += rate[hour];
    }
    if (total <= 0) continue;  // nothing ran: says nothing about when
    for (std::size_t hour = 0; hour < 24; ++hour) sum[hour] += rate[hour] / total;
  }
  double total = 0;
  for (const double s : sum) total += s;
  for (double& s : sum) s /= total;
  return sum;
}

std::optional<ShareHeadroom> WhatBudgetCanWin(const ImpressionShare& share, Money spend) {
  if (!(share.won > 0) || !share.lost_budget || spend.negative()) return std::nullopt;
  const double lost_budget = *share.lost_budget;
  const double lost_rank = share.lost_rank.value_or(std::max(0.0, 1 - share.won - lost_budget));
  ShareHeadroom out{share.won, lost_budget, lost_rank, false, spend, {}};
  out.rough = share.won < 0.1 || lost_budget > 0.9 || lost_rank > 0.9;
  // Shares arrive rounded, and no platform can sell more than there is: at most ten times.
  const double ratio = std::min(10.0, lost_budget / share.won);
  out.more_for_budget = spend.TimesBp(static_cast<std::int64_t>(ratio * 10'000));
  if (lost_budget < 0.01) {
    out.what = fmt::format(
        "impression share {:.0f} %, none of it lost to budget: a larger budget wins nothing, the "
        "{:.0f} % lost to rank need better bids or ads",
        100 * share.won, 100 * lost_rank);
  } else {
    out.what = fmt::format(
        "impression share {}{:.0f} %, lost {:.0f} % to budget and {:.0f} % to rank: a larger "
        "budget can buy up to {} more a day, the rest needs better bids or ads",
        out.rough ? "about " : "", 100 * share.won, 100 * lost_budget, 100 * lost_rank,
        PrintMoney(out.more_for_budget));
  }
  return out;
}

}  // namespace maxopt
