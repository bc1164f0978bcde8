#include "stages/monitor/diagnose/diagnose.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "measure/calendar/calendar.h"
#include "measure/diagnosis/diagnosis.h"
#include "memory/campaigns/competitors.h"
#include "memory/campaigns/signals.h"

namespace maxopt {
namespace {

using std::chrono::days;

constexpr int kDaysMax = 7;      ///< of the newer period: what began earlier shows in its last days
constexpr int kWeeksBefore = 4;  ///< of the same weekdays
constexpr std::chrono::hours kEditsBefore{72};  ///< an edit takes a day or two to show
constexpr std::chrono::seconds kHistoryTimeout{20};
constexpr std::size_t kDetailMax = 200;
constexpr days kRivalsBefore{14};  ///< a rival's move shows in the auction within days

/// What moves when nothing names a KPI.
std::string KpiOfCondition(const Condition& c) {
  static const std::set<std::string> kKnown = {"spend",   "impressions", "clicks", "conversions",
                                               "revenue", "cpm",         "ctr",    "cpc",
                                               "cvr",     "cpa",         "roas"};
  if (kKnown.contains(c.kpi)) return c.kpi;
  if (c.detector == "zero_spend" || c.detector == "delivery" || c.detector == "pacing" ||
      c.detector == "runaway") {
    return "spend";
  }
  return c.detector == "fatigue" ? "ctr" : "";
}

struct Periods {
  std::set<std::string> after;  ///< as the facts write them: "2026-11-22", or with its hour
  std::set<std::string> before;
  Day first{}, last{};  ///< of both
  std::string grain = "day";
};

Periods PeriodsOf(const Condition& condition, const Zone& zone, Instant now,
                  std::optional<Day> known_to) {
  Periods periods;
  const Day today = zone.DayOf(now);
  const Day end = std::min(known_to.value_or(today), today - days(1));
  const Day begin = std::max(zone.DayOf(condition.since), end - days(kDaysMax - 1));
  if (begin <= end) {
    for (Day day = begin; day <= end; day += days(1)) {
      periods.after.insert(PrintDay(day));
      for (int week = 1; week <= kWeeksBefore; ++week) {
        periods.before.insert(PrintDay(day - days(7 * week)));
      }
    }
    periods.first = begin - days(7 * kWeeksBefore);
    periods.last = end;
    return periods;
  }
  // It began today: today's full hours beside the same hours of these weekdays.
  periods.grain = "hour";
  const auto local = zone.LocalOf(now);
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(local - today).count();
  for (int hour = 0; hour < hours; ++hour) {
    periods.after.insert(fmt::format("{} {:02}:00:00", PrintDay(today), hour));
    for (int week = 1; week <= kWeeksBefore; ++week) {
      periods.before.insert(fmt::format("{} {:02}:00:00", PrintDay(today - days(7 * week)), hour));
    }
  }
  periods.first = today - days(7 * kWeeksBefore);
  periods.last = today;
  return periods;
}

double NumberOf(const FactCell& cell) {
  switch (cell.kind) {
    case FactCell::Kind::kInteger:
      return static_cast<double>(cell.integer);
    case FactCell::Kind::kMoney:
      return static_cast<double>(cell.integer) / 1e6;
    case FactCell::Kind::kReal:
      return cell.real;
    case FactCell::Kind::kAbsent:
    case FactCell::Kind::kText:
      return 0;
  }
  Bug();
}

struct Sums {
  DiagnosisSums before, after;
  std::set<std::string> days_before, days_after;  ///< periods that had data
};

void Add(DiagnosisSums& to, const std::vector<FactCell>& row, std::size_t at) {
  to.spend += NumberOf(row[at]);
  to.impressions += NumberOf(row[at + 1]);
  to.clicks += NumberOf(row[at + 2]);
  to.conversions += NumberOf(row[at + 3]);
  to.revenue += NumberOf(row[at + 4]);
}

void Scale(DiagnosisSums& sums, double by) {
  for (double* part :
       {&sums.spend, &sums.impressions, &sums.clicks, &sums.conversions, &sums.revenue}) {
    *part = std::max(0.0, *part * by);
  }
}

FactQuery QueryFor(const AccountId& account, const Condition& condition, const Periods& periods) {
  FactQuery query;
  query.measures = {"spend", "impressions", "clicks", "conversions", "revenue"};
  query.filters.push_back({"account", {PrintAccount(account)}});
  if (condition.account == account && !condition.object_id.empty()) {
    const std::string dimension(LevelName(condition.level));
    if (dimension == "campaign" || dimension == "ad_group" || dimension == "ad") {
      query.filters.push_back({dimension, {condition.object_id}});
    }
  }
  query.from = periods.first;
  query.to = periods.last;
  query.grain = periods.grain;
  return query;
}

std::size_t ColumnOf(const FactTable& table, const std::string& name) {
  const auto at = std::find(table.columns.begin(), table.columns.end(), name);
  return static_cast<std::size_t>(at - table.columns.begin());
}

/// Sums of both periods by element of a dimension ("" for none). The earlier one is the mean of as
/// many weeks as have data, so that a young campaign is not thought to have grown.
Result<std::map<std::string, Sums>> SumsBy(FactStore& facts, FactQuery query,
                                           const std::string& dimension, const Periods& periods) {
  if (!dimension.empty()) query.dimensions = {dimension};
  MAXOPT_TRY(const FactTable table, facts.Query(query));
  std::map<std::string, Sums> sums;
  const std::size_t spend = ColumnOf(table, "spend");
  const std::size_t period = ColumnOf(table, "period");
  const std::size_t element = dimension.empty() ? 0 : ColumnOf(table, dimension);
  if (spend + 4 >= table.columns.size() || period >= table.columns.size() ||
      element >= table.columns.size()) {
    return sums;
  }
  for (const auto& row : table.rows) {
    Sums& here = sums[dimension.empty() ? "" : row[element].text];
    if (periods.after.contains(row[period].text)) {
      Add(here.after, row, spend);
      here.days_after.insert(row[period].text);
    }
    if (periods.before.contains(row[period].text)) {
      Add(here.before, row, spend);
      here.days_before.insert(row[period].text);
    }
  }
  return sums;
}

bool IsOf(const HistoryEvent& event, const Condition& condition,
          const std::set<std::string>& children) {
  return condition.object_id.empty() || event.level == Level::kAccount ||
         event.id == condition.object_id || children.contains(event.id);
}

std::string Short(std::string text) {
  if (text.size() > kDetailMax) text = text.substr(0, kDetailMax) + "...";
  return text;
}

/// The same weekdays a year ago.
Periods YearBefore(const Periods& periods) {
  constexpr days kYear{364};
  const auto shifted = [&](const std::set<std::string>& texts) {
    std::set<std::string> out;
    for (const std::string& text : texts) {
      if (const auto day = ParseDay(text.substr(0, 10))) {
        out.insert(PrintDay(*day - kYear) + text.substr(10));
      }
    }
    return out;
  };
  Periods out = periods;
  out.after = shifted(periods.after);
  out.before = shifted(periods.before);
  out.first = periods.first - kYear;
  out.last = periods.last - kYear;
  return out;
}

/// What these days were to the earlier ones a year ago, over the whole account: campaigns come and
/// go, the season stays. nullopt where a period has not all its days.
Result<std::optional<double>> SeasonFactor(FactStore& facts, const AccountId& account,
                                           const std::string& kpi, const Periods& periods) {
  if (periods.grain != "day") return std::optional<double>();
  const Periods then = YearBefore(periods);
  Condition whole;
  MAXOPT_TRY(const auto by, SumsBy(facts, QueryFor(account, whole, then), "", then));
  if (by.empty()) return std::optional<double>();
  Sums sums = by.begin()->second;
  if (sums.days_before.size() < then.before.size() || sums.days_after.size() < then.after.size()) {
    return std::optional<double>();
  }
  Scale(sums.before, 1.0 / kWeeksBefore);
  const auto before = KpiOf(kpi, sums.before);
  const auto after = KpiOf(kpi, sums.after);
  if (!before || !after || !*before || !*after || **before <= 0) return std::optional<double>();
  return std::optional(**after / **before);
}

/// "2026-12-25 is Christmas Day (DE)"; "" when none of the days is one.
std::string HolidaysIn(const std::set<std::string>& texts, const std::string& zone) {
  const auto country = CountryOfZone(zone);
  if (!country) return "";
  std::set<std::string> told;
  for (const std::string& text : texts) {
    const auto day = ParseDay(text.substr(0, 10));
    if (!day) continue;
    for (const Holiday& holiday : HolidaysOf(*country, *day, *day)) {
      told.insert(fmt::format("{} is {} ({})", PrintDay(*day), holiday.name, *country));
    }
  }
  return fmt::format("{}", fmt::join(told, "; "));
}

/// Share of the newer days' conversions that is known by now, as the judgement of each day kept it;
/// nullopt where none was kept.
Result<std::optional<double>> MaturityOf(FactStore& facts, const AccountId& account,
                                         const Periods& periods) {
  if (periods.after.empty()) return std::optional<double>();
  const auto first = ParseDay(periods.after.begin()->substr(0, 10));
  const auto last = ParseDay(periods.after.rbegin()->substr(0, 10));
  if (!first || !last) return std::optional<double>();
  MAXOPT_TRY(const std::vector<DayQuality> quality, facts.Quality(account, *first, *last));
  double sum = 0;
  int count = 0;
  for (const DayQuality& day : quality) {
    if (!day.share_known) continue;
    sum += *day.share_known;
    ++count;
  }
  return count > 0 ? std::optional(sum / count) : std::nullopt;
}

/// Where a rival's move would show, and whose way it goes; a move that does not say is one that
/// nothing measured shows.
DiagnosisEvidence::Rival RivalOf(const CompetitorMove& move) {
  using Shows = DiagnosisEvidence::Rival::Shows;
  const bool more = move.direction == "up" || move.direction == "new";
  const bool less = move.direction == "down" || move.direction == "gone";
  DiagnosisEvidence::Rival rival{.what = PrintMove(move), .sure = move.confidence != "low"};
  if (move.what == "launch" || move.what == "withdrawal") {
    rival.shows = Shows::kAuction;
    rival.against_us = move.what == "launch";
  } else if (!more && !less) {
    return rival;
  } else if (move.what == "auction" || move.what == "share_of_voice" || move.what == "spend") {
    rival.shows = Shows::kAuction;
    rival.against_us = more;
  } else if (move.what == "price") {
    rival.shows = Shows::kClicks;
    rival.against_us = less;
  } else if (move.what == "offer" || move.what == "creative" || move.what == "audience") {
    rival.shows = Shows::kClicks;
    rival.against_us = more;
  }
  return rival;
}

/// Absent: nobody has sent any. Of the condition's platform, market and kind of inventory, where
/// these are known, and no older than two weeks before the days.
Result<std::optional<std::vector<DiagnosisEvidence::Rival>>> RivalsOf(CampaignStore& store,
                                                                      const Condition& condition,
                                                                      const std::string& zone,
                                                                      const Periods& periods,
                                                                      Instant now) {
  using Rivals = std::optional<std::vector<DiagnosisEvidence::Rival>>;
  if (periods.after.empty()) return Rivals();
  const auto first = ParseDay(periods.after.begin()->substr(0, 10));
  const auto last = ParseDay(periods.after.rbegin()->substr(0, 10));
  if (!first || !last) return Rivals();
  const Day earliest = *first - kRivalsBefore;
  MAXOPT_TRY(const CompetitorMoves known,
             ReadCompetitorMoves(store, condition.client, now, earliest, *last));
  if (known.moves.empty() && !known.any) return Rivals();
  std::string channel;
  if (!condition.object_id.empty()) {
    MAXOPT_TRY(const std::vector<OwnedObject> objects, store.Objects(*condition.account));
    for (const OwnedObject& object : objects) {
      if (object.id == condition.object_id)
        channel = TextField(object.last_applied, "channel_type");
    }
  }
  const std::string country(CountryOfZone(zone).value_or(""));
  std::vector<DiagnosisEvidence::Rival> rivals;
  for (const CompetitorMove& move : known.moves) {
    const bool other_channel = !move.channel.empty() && !channel.empty() && move.channel != channel;
    if (move.observed_on < earliest || other_channel ||
        !IsMoveOn(move, condition.account->platform, country)) {
      continue;
    }
    rivals.push_back(RivalOf(move));
  }
  return Rivals(std::move(rivals));
}

std::optional<std::vector<DiagnosisEvidence::Edit>> EditsOf(const DiagnoseWorld& world,
                                                            const Condition& condition,
                                                            const std::set<std::string>& children,
                                                            Instant now) {
  if (!world.reader) return std::nullopt;
  const AccountId& account = *condition.account;
  std::optional<std::vector<HistoryEvent>> history;
  const auto known =
      world.histories ? world.histories->find(account) : decltype(world.histories->end()){};
  if (world.histories && known != world.histories->end()) {
    history = known->second;
  } else {
    if (const auto reader = world.reader(account)) {
      auto read =
          (*reader)->ReadHistory({account, std::min(condition.since, now) - kEditsBefore, now},
                                 http::After(kHistoryTimeout));
      if (read) history = std::move(*read);
    }
    if (world.histories) world.histories->emplace(account, history);
  }
  if (!history) return std::nullopt;
  std::vector<DiagnosisEvidence::Edit> edits;
  for (const HistoryEvent& event : *history) {
    if (!IsOf(event, condition, children)) continue;
    const std::string who = event.actor.empty() ? "the platform" : event.actor;
    edits.push_back(
        {event.at, event.ours ? who + " through the API" : who,
         Short(fmt::format("{} of {} {}: {} {}", fmt::join(event.changed_fields, ", "),
                           LevelName(event.level), event.id, event.operation, event.detail))});
  }
  std::sort(edits.begin(), edits.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  return edits;
}

}  // namespace

Result<std::optional<Diagnosis>> DiagnoseCondition(const DiagnoseWorld& world,
                                                   const Condition& condition, Instant now) {
  const std::string kpi = KpiOfCondition(condition);
  if (kpi.empty() || !condition.account) return std::optional<Diagnosis>();
  const AccountId& account = *condition.account;
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, world.store->Accounts());
  const auto own = std::find_if(accounts.begin(), accounts.end(),
                                [&](const ClientAccount& a) { return a.info.account == account; });
  const auto zone = Zone::Find(own == accounts.end() ? "UTC" : own->info.zone);
  std::optional<Day> known_to;
  MAXOPT_TRY(const auto freshest, world.facts->Freshest());
  for (const auto& fresh : freshest) {
    if (fresh.account == account) known_to = fresh.last_day;
  }
  const Periods periods = PeriodsOf(condition, zone ? *zone : Zone::Utc(), now, known_to);
  const auto weeks = [&](const Sums& sums) {
    const double each = static_cast<double>(periods.after.size());
    return each > 0 ? std::max(1.0, static_cast<double>(sums.days_before.size()) / each) : 1.0;
  };

  const FactQuery query = QueryFor(account, condition, periods);
  MAXOPT_TRY(auto totals, SumsBy(*world.facts, query, "", periods));
  Sums whole = totals[""];
  const double whole_weeks = weeks(whole);
  Scale(whole.before, 1 / whole_weeks);

  std::vector<DiagnosisSegment> segments;
  std::set<std::string> children;
  if (periods.grain == "day") {
    std::vector<std::string> dimensions = {"device",   "country",    "placement", "audience",
                                           "creative", "age_gender", "keyword",   "ad"};
    if (condition.object_id.empty()) dimensions.push_back("campaign");
    for (const std::string& dimension : dimensions) {
      const auto by = SumsBy(*world.facts, query, dimension, periods);
      if (!by) continue;  // a cut that this store does not know says nothing
      for (const auto& [element, sums] : *by) {
        if (element.empty() || element == kNoneTold) continue;
        DiagnosisSums before = sums.before;
        Scale(before, 1 / whole_weeks);
        segments.push_back({dimension, element, before, sums.after});
      }
    }
    FactQuery ads = query;
    ads.dimensions = {"ad_group", "ad"};
    if (const auto table = world.facts->Query(ads)) {
      for (const char* column : {"ad_group_id", "ad_id"}) {
        const std::size_t at = ColumnOf(*table, column);
        if (at >= table->columns.size()) continue;
        for (const auto& row : table->rows) children.insert(row[at].text);
      }
    }
  }

  DiagnosisEvidence evidence;
  evidence.edits = EditsOf(world, condition, children, now);
  MAXOPT_TRY(const std::vector<ReviewState> reviews, Reviews(*world.store, account));
  if (!reviews.empty()) {
    evidence.rejections.emplace();
    for (const ReviewState& review : reviews) {
      const bool bad = review.state == "rejected" || review.state == "limited";
      const bool here = condition.object_id.empty() || review.id == condition.object_id ||
                        children.contains(review.id);
      if (!bad || !here) continue;
      evidence.rejections->push_back(fmt::format("{} {}: {}{}{}", LevelName(review.level),
                                                 review.name, review.state,
                                                 review.reason.empty() ? "" : ", ", review.reason));
    }
  }
  MAXOPT_TRY(const std::vector<SignalHealth> signals, Signals(*world.store, condition.client));
  if (!signals.empty()) {
    evidence.broken_signals.emplace();
    for (const SignalHealth& signal : signals) {
      const bool here = signal.accounts.empty() ||
                        std::find(signal.accounts.begin(), signal.accounts.end(), account) !=
                            signal.accounts.end();
      if (signal.state == SignalState::kBroken && here) {
        evidence.broken_signals->push_back(signal.name + ": " + signal.why);
      }
    }
  }
  MAXOPT_TRY(evidence.maturity, MaturityOf(*world.facts, account, periods));
  MAXOPT_TRY(evidence.season_factor, SeasonFactor(*world.facts, account, kpi, periods));
  MAXOPT_TRY(evidence.rivals, RivalsOf(*world.store, condition,
                                       own == accounts.end() ? "" : own->info.zone, periods, now));
  if (own != accounts.end()) evidence.holiday = HolidaysIn(periods.after, own->info.zone);
  // Impression share, where the platform reports one.
  FactQuery share = query;
  share.measures = {"impression_share"};
  if (const auto table = world.facts->Query(share)) {
    const std::size_t at = ColumnOf(*table, "impression_share");
    const std::size_t period = ColumnOf(*table, "period");
    const auto mean = [&](const std::set<std::string>& wanted) -> std::optional<double> {
      double sum = 0;
      int count = 0;
      if (at >= table->columns.size() || period >= table->columns.size()) return std::nullopt;
      for (const auto& row : table->rows) {
        if (!wanted.contains(row[period].text) || row[at].kind != FactCell::Kind::kReal) continue;
        sum += row[at].real;
        ++count;
      }
      return count > 0 ? std::optional(sum / count) : std::nullopt;
    };
    evidence.share_before = mean(periods.before);
    evidence.share_after = mean(periods.after);
  }
  // The budget, and how much of it today has used.
  if (condition.level == Level::kCampaign && !condition.object_id.empty()) {
    MAXOPT_TRY(const std::vector<OwnedObject> objects, world.store->Objects(account));
    for (const OwnedObject& object : objects) {
      if (object.id != condition.object_id) continue;
      const Day today = (zone ? *zone : Zone::Utc()).DayOf(now);
      if (const Money* budget = MoneyField(object.last_applied, "daily_budget");
          budget && !budget->zero()) {
        FactQuery spent = query;
        spent.from = spent.to = today;
        spent.grain = "none";
        spent.measures = {"spend"};
        if (const auto table = world.facts->Query(spent); table && !table->rows.empty()) {
          const std::size_t at = ColumnOf(*table, "spend");
          if (at < table->columns.size()) {
            evidence.budget_used =
                NumberOf(table->rows[0][at]) * 1e6 / static_cast<double>(budget->micros());
          }
        }
      }
      if (const auto end = ParseLocal(TextField(object.last_applied, "end_at"))) {
        evidence.flight_ends_soon = std::chrono::floor<days>(*end) - today <= days(1);
      }
    }
  }
  // The client's other platforms, in the same money: a shock that all share is not this campaign's.
  Sums others;
  for (const ClientAccount& other : accounts) {
    if (other.client != condition.client || own == accounts.end() ||
        other.info.account.platform == account.platform ||
        other.info.currency != own->info.currency) {
      continue;
    }
    const auto by =
        SumsBy(*world.facts, QueryFor(other.info.account, condition, periods), "", periods);
    if (!by || by->empty()) continue;
    Sums sums = by->begin()->second;
    Scale(sums.before, 1 / weeks(sums));
    for (auto part : {&DiagnosisSums::spend, &DiagnosisSums::impressions, &DiagnosisSums::clicks,
                      &DiagnosisSums::conversions, &DiagnosisSums::revenue}) {
      others.before.*part += sums.before.*part;
      others.after.*part += sums.after.*part;
    }
  }
  const auto other_before = KpiOf(kpi, others.before);
  const auto other_after = KpiOf(kpi, others.after);
  if (other_before && other_after && *other_before && *other_after && **other_before > 0) {
    evidence.others_change = **other_after / **other_before - 1;
  }
  MAXOPT_TRY(Diagnosis diagnosis, DiagnoseKpi(kpi, whole.before, whole.after, segments, evidence));
  return std::optional(std::move(diagnosis));
}

}  // namespace maxopt
