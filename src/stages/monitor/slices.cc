#include "stages/monitor/slices.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace maxopt {
namespace {

using std::chrono::days;
using Kind = std::tuple<Level, Grain, Breakdown>;

/// Days of an older range that one report asks for: a month is what every platform serves at once.
constexpr int kChunkDays = 31;
/// Days whose hours are kept known: four of each weekday.
constexpr int kHourDays = 28;
/// Hours are read once more when they are this old: before any of the account's own growth is known
/// 95 % of a day's conversions are taken to have come in after 20 days (measure/maturity), and what
/// compares hours by their conversions needs them known.
constexpr int kRipeDays = 21;
/// How far back hours are read where an account's past is: six ripe weeks, so that hours can be
/// compared from the first day on.
constexpr int kHourBackfillDays = 63;
/// Of a new account: what levers and segments look back at.
constexpr int kCutBackfillDays = 90;

template <class T>
bool Has(const std::vector<T>& list, T value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

class Planner {
 public:
  Planner(const Capabilities& can, const MonitorOptions& options, const Zone& zone, Instant now,
          const std::vector<SliceInfo>& known)
      : can_(can), options_(options), zone_(zone), now_(now), today_(zone.DayOf(now)) {
    for (const SliceInfo& slice : known) {
      known_[{slice.level, slice.grain, slice.breakdown}][slice.day] = &slice;
    }
  }

  ChunkPlan Run() {
    const bool hourly = options_.depth == MonitorDepth::kHour;
    Band(today_ - days(1), today_, !hourly, true);
    if (hourly) return std::move(plan_);
    // A week first: most of what is still to come of any day comes in it.
    const Day window = today_ - days(can_.restatement_days);
    Band(std::max(window, today_ - days(7)), today_ - days(2), true, false);
    Band(window, today_ - days(8), true, false);
    PastHours(today_ - days(kHourDays), today_ - days(1));
    if (options_.depth == MonitorDepth::kYear) {
      const Day first = today_ - days(options_.backfill_days);
      for (Day to = window - days(1); to >= first; to -= days(kChunkDays)) {
        const Day from = std::max(first, to - days(kChunkDays - 1));
        if (Has(can_.metric_levels, Level::kAccount)) {
          Add({Level::kAccount, Grain::kDay, Breakdown::kNone}, from, to);
        }
        Add({Level::kCampaign, Grain::kDay, Breakdown::kNone}, from, to);
      }
      const Day cuts = today_ - days(std::min(options_.backfill_days, kCutBackfillDays));
      for (Day to = window - days(1); to >= cuts; to -= days(kChunkDays)) {
        AddCuts(std::max(cuts, to - days(kChunkDays - 1)), to);
      }
      const Day oldest = today_ - days(std::min(options_.backfill_days, kHourBackfillDays));
      for (Day to = today_ - days(kHourDays + 1); to >= oldest; to -= days(kChunkDays)) {
        PastHours(std::max(oldest, to - days(kChunkDays - 1)), to);
      }
    }
    return std::move(plan_);
  }

 private:
  void Band(Day from, Day to, bool deep, bool hours) {
    if (from > to) return;
    // The account just before its campaigns: what is compared is read at one time.
    if (Has(can_.metric_levels, Level::kAccount)) {
      Add({Level::kAccount, Grain::kDay, Breakdown::kNone}, from, to);
    }
    Add({Level::kCampaign, Grain::kDay, Breakdown::kNone}, from, to);
    if (hours && Has(can_.hour_levels, Level::kCampaign)) {
      Add({Level::kCampaign, Grain::kHour, Breakdown::kNone}, from, to);
    }
    if (deep) AddCuts(from, to);
  }

  void AddCuts(Day from, Day to) {
    Add({Level::kAd, Grain::kDay, Breakdown::kNone}, from, to);
    for (const Breakdown breakdown : can_.breakdowns) {
      Add({Level::kCampaign, Grain::kDay, breakdown}, from, std::min(to, today_ - days(1)));
    }
  }

  /// Hours of the last weeks that are not known: of a new account, and of days on which nothing was
  /// read. The detectors compare with them; what platforms restate is read again by the day only,
  /// but for one reading of the hours when they are ripe.
  void PastHours(Day from, Day to) {
    if (!Has(can_.hour_levels, Level::kCampaign)) return;
    const Kind kind{Level::kCampaign, Grain::kHour, Breakdown::kNone};
    std::optional<Day> run;
    for (Day day = from; day <= to; day += days(1)) {
      const SliceInfo* slice = Known(kind, day);
      const Instant over = zone_.End(day);
      const Instant ripe = over + days(kRipeDays);
      const Instant wanted = now_ >= ripe ? ripe : over;
      const bool whole = slice && slice->read_at && *slice->read_at >= wanted;
      const bool needed = day < today_ - days(1) && !whole;  // yesterday's are read anyway
      if (needed && !run) run = day;
      if (!needed && run) {
        Push(kind, *run, day - days(1));
        run.reset();
      }
    }
    if (run) Push(kind, *run, to);
  }

  const SliceInfo* Known(const Kind& kind, Day day) const {
    const auto at = known_.find(kind);
    if (at == known_.end()) return nullptr;
    const auto slice = at->second.find(day);
    return slice == at->second.end() ? nullptr : slice->second;
  }

  bool Needs(const Kind& kind, Day day) const {
    const SliceInfo* slice = Known(kind, day);
    if (slice == nullptr || !slice->read_at) return true;
    const Instant read = *slice->read_at;
    if (day >= today_) return now_ - read >= options_.fresh_today;
    if (read < zone_.End(day)) return true;  // read while it ran
    if (now_ - read < options_.fresh_closed) return false;
    if (std::get<2>(kind) == Breakdown::kNone) return true;
    // A cut of a day is due again when the day itself was restated after it.
    const SliceInfo* whole = Known({Level::kCampaign, Grain::kDay, Breakdown::kNone}, day);
    return whole == nullptr || !whole->changed_at || *whole->changed_at > read;
  }

  void Add(const Kind& kind, Day from, Day to) {
    std::optional<Day> run;
    for (Day day = from; day <= to; day += days(1)) {
      if (Needs(kind, day)) {
        if (!run) run = day;
        continue;
      }
      ++plan_.fresh;
      if (run) Push(kind, *run, day - days(1));
      run.reset();
    }
    if (run) Push(kind, *run, to);
  }

  void Push(const Kind& kind, Day from, Day to) {
    const auto& [level, grain, breakdown] = kind;
    plan_.chunks.push_back({level, grain, breakdown, from, to});
  }

  const Capabilities& can_;
  const MonitorOptions& options_;
  const Zone& zone_;
  const Instant now_;
  const Day today_;
  std::map<Kind, std::map<Day, const SliceInfo*>> known_;
  ChunkPlan plan_;
};

}  // namespace

ChunkPlan PlanChunks(const Capabilities& can, const MonitorOptions& options, const Zone& zone,
                     Instant now, const std::vector<SliceInfo>& known) {
  return Planner(can, options, zone, now, known).Run();
}

std::vector<Chunk> PlanRestatedCuts(const Capabilities& can, Day today,
                                    const std::vector<SliceInfo>& known) {
  std::map<Day, Instant> changed;
  for (const SliceInfo& slice : known) {
    if (slice.level == Level::kCampaign && slice.grain == Grain::kDay &&
        slice.breakdown == Breakdown::kNone && slice.changed_at) {
      changed[slice.day] = *slice.changed_at;
    }
  }
  std::map<Breakdown, std::vector<Day>> due;  // in the order of days
  for (const SliceInfo& slice : known) {
    const auto whole = changed.find(slice.day);
    // One that failed in this round has been tried.
    if (!slice.read_at || slice.tried_at || slice.level != Level::kCampaign ||
        slice.grain != Grain::kDay || !Has(can.breakdowns, slice.breakdown) || slice.day >= today ||
        whole == changed.end() || whole->second <= *slice.read_at) {
      continue;
    }
    due[slice.breakdown].push_back(slice.day);
  }
  std::vector<Chunk> chunks;
  for (auto& [breakdown, list] : due) {
    std::sort(list.begin(), list.end());
    for (const Day day : list) {
      const bool follows = !chunks.empty() && chunks.back().breakdown == breakdown &&
                           chunks.back().to + days(1) == day;
      if (follows) {
        chunks.back().to = day;
      } else {
        chunks.push_back({Level::kCampaign, Grain::kDay, breakdown, day, day});
      }
    }
  }
  return chunks;
}

}  // namespace maxopt
