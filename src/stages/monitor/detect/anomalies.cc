#include "stages/monitor/detect/anomalies.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;

/// A metric of a campaign as the engine sees it: value over denominator.
struct Metric {
  std::string_view kpi;
  AdMeasure measure;
  double (*value)(const CampaignDay&);
  double (*denominator)(const CampaignDay&);
  bool conversions;  ///< matures
};
double Units(std::int64_t micros) { return static_cast<double>(micros) / 1e6; }
constexpr Metric kHourly[] = {
    {"spend", AdMeasure::kMoney, [](const CampaignDay& d) { return Units(d.spend_micros); },
     [](const CampaignDay&) { return 1.0; }, false},
    {"ctr", AdMeasure::kProportion, [](const CampaignDay& d) { return double(d.clicks); },
     [](const CampaignDay& d) { return double(d.impressions); }, false},
    {"cpm", AdMeasure::kMoneyPerUnit, [](const CampaignDay& d) { return Units(d.spend_micros); },
     [](const CampaignDay& d) { return double(d.impressions) / 1000; }, false},
};
constexpr Metric kDaily[] = {
    {"conversions", AdMeasure::kCount, [](const CampaignDay& d) { return d.conversions; },
     [](const CampaignDay&) { return 1.0; }, true},
    {"cvr", AdMeasure::kCountPerUnit, [](const CampaignDay& d) { return d.conversions; },
     [](const CampaignDay& d) { return double(d.clicks); }, true},
    {"cpa", AdMeasure::kCountPerUnit, [](const CampaignDay& d) { return d.conversions; },
     [](const CampaignDay& d) { return Units(d.spend_micros); }, true},
    {"roas", AdMeasure::kMoneyPerUnit, [](const CampaignDay& d) { return Units(d.revenue_micros); },
     [](const CampaignDay& d) { return Units(d.spend_micros); }, true},
};
constexpr int kJudgedDays = 3;  ///< a day is judged at these ages, and learnt after the last
constexpr int kTrendDays = 28;  ///< two seasons of a week are the least that takes one out
constexpr int kHistoryDays = 84;
/// A series is judged when it has seen each hour of each weekday twice, or each weekday three
/// times.
constexpr int kWarmHours = 14 * 24;
constexpr int kWarmDays = 21;

AdPoint PointAt(Instant at, Day day, int hour) {
  AdPoint point;
  point.at = at;
  point.hour = hour;
  const std::chrono::weekday weekday{std::chrono::local_days(day)};
  point.weekday = static_cast<int>(weekday.iso_encoding()) - 1;
  return point;
}

Condition Base(const AccountView& account, const CampaignView& campaign, const char* detector) {
  Condition c;
  c.client = account.client;
  c.detector = detector;
  c.account = account.info.account;
  c.level = Level::kCampaign;
  c.object_id = campaign.id;
  c.name = campaign.name;
  return c;
}

std::string Show(std::string_view kpi, double value, Currency currency) {
  if (kpi == "ctr" || kpi == "cvr") return fmt::format("{:.2f} %", 100 * value);
  if (kpi == "spend" || kpi == "cpm" || kpi == "cpa") {
    return fmt::format("{:.2f} {}", value, currency.name());
  }
  return fmt::format("{:.4g}", value);
}

/// CPA is judged as its inverse, conversions per unit of spend, whose chance is known.
double AsShown(std::string_view kpi, double value) {
  if (kpi != "cpa") return value;
  return value > 0 ? 1 / value : 0;
}

Condition Tell(const AccountView& account, const CampaignView& campaign, const Metric& metric,
               const Judgement& j, std::string_view when, Instant since, double q,
               const char* detector) {
  Condition c = Base(account, campaign, detector);
  const Currency currency = account.info.currency;
  const bool inverse = metric.kpi == "cpa";
  const bool up = (j.direction == Direction::kUp) != inverse;
  c.kpi = metric.kpi;
  c.direction = up ? "above" : "below";
  c.tier = AlertTier::kWarning;
  c.since = since;
  const bool none = inverse && j.observed <= 0;
  c.actual = none ? "no conversion" : Show(metric.kpi, AsShown(metric.kpi, j.observed), currency);
  c.expected = Show(metric.kpi, AsShown(metric.kpi, j.expected), currency);
  if (!none && j.expected > 0) {
    c.deviation = AsShown(metric.kpi, j.observed) / AsShown(metric.kpi, j.expected) - 1;
  }
  c.title = fmt::format("{}: {} {} {}; {} was expected", campaign.name, metric.kpi, c.actual, when,
                        c.expected);
  c.evidence.push_back(fmt::format(
      "{} of chance {:.2g}; 95 % of such {} lie between {} and {}; false discovery rate {:.2g}",
      AnomalyKindName(j.kind), j.p_value, when.starts_with("at") ? "hours" : "days",
      Show(metric.kpi, AsShown(metric.kpi, inverse ? j.high95 : j.low95), currency),
      Show(metric.kpi, AsShown(metric.kpi, inverse ? j.low95 : j.high95), currency), q));
  return c;
}

Result<std::map<std::string, std::vector<CampaignDay>>> ReadDays(FactStore& facts,
                                                                 const AccountView& account,
                                                                 Day from, Day to) {
  FactQuery query;
  query.measures = {"spend", "impressions", "clicks", "conversions", "revenue"};
  query.dimensions = {"campaign"};
  query.grain = "day";
  query.level = Level::kCampaign;
  query.from = from;
  query.to = to;
  query.filters.push_back({"account", {PrintAccount(account.info.account)}});
  MAXOPT_TRY(const FactTable table, facts.Query(query));
  const std::size_t period = table.Column("period"), id = table.Column("campaign_id"),
                    spend = table.Column("spend"), impressions = table.Column("impressions"),
                    clicks = table.Column("clicks"), conversions = table.Column("conversions"),
                    revenue = table.Column("revenue");
  std::map<std::string, std::vector<CampaignDay>> out;
  for (const auto& row : table.rows) {
    CampaignDay day;
    MAXOPT_TRY(day.day, ParseDay(row[period].text));
    day.spend_micros = row[spend].integer;
    day.impressions = row[impressions].integer;
    day.clicks = row[clicks].integer;
    day.conversions = row[conversions].Number();
    day.revenue_micros = row[revenue].integer;
    out[row[id].text].push_back(day);
  }
  return out;
}

/// Days of every ad of the account: by campaign id.
Result<std::map<std::string, std::vector<AdDays>>> ReadAds(FactStore& facts,
                                                           const AccountView& account, Day from,
                                                           Day to) {
  FactQuery query;
  query.measures = {"impressions", "clicks"};
  query.dimensions = {"campaign", "ad_group", "ad"};
  query.grain = "day";
  query.level = Level::kAd;
  query.from = from;
  query.to = to;
  query.filters.push_back({"account", {PrintAccount(account.info.account)}});
  MAXOPT_TRY(const FactTable table, facts.Query(query));
  const std::size_t period = table.Column("period"), campaign = table.Column("campaign_id"),
                    group = table.Column("ad_group_id"), ad = table.Column("ad_id"),
                    name = table.Column("ad"), impressions = table.Column("impressions"),
                    clicks = table.Column("clicks");
  std::map<std::string, std::vector<AdDays>> out;
  for (const auto& row : table.rows) {
    std::vector<AdDays>& ads = out[row[campaign].text];
    auto known = std::find_if(ads.begin(), ads.end(),
                              [&](const AdDays& a) { return a.ad_id == row[ad].text; });
    if (known == ads.end()) {
      ads.push_back({row[ad].text, row[group].text, row[name].text, {}});
      known = std::prev(ads.end());
    }
    CampaignDay day;
    MAXOPT_TRY(day.day, ParseDay(row[period].text));
    day.impressions = row[impressions].integer;
    day.clicks = row[clicks].integer;
    known->days.push_back(day);
  }
  return out;
}

}  // namespace

struct AnomalyWatch::State {
  explicit State(AnomalyOptions o) : options(std::move(o)) {}

  struct Series {
    explicit Series(AdSeriesOptions options) : model(options) {}
    AdSeries model;
    std::optional<Instant> learnt{};  ///< begin of the newest hour or day taken in
  };
  /// A finding that stays true for a while.
  struct Held {
    Condition condition;
    Instant until;
  };

  AnomalyOptions options;
  std::map<std::pair<AccountId, int>, std::set<Day>> days_off;  ///< by year
  std::map<std::string, Series> series;       ///< by account, campaign, KPI and grain
  std::map<std::string, Held> held;           ///< by fingerprint
  std::map<AccountId, Day> days_looked;       ///< the newest day that was judged, by account
  std::map<AccountId, Instant> hours_looked;  ///< end of the newest hour that was judged
  /// What was told of a campaign's conversions of a day, by "account/campaign" and begin of
  /// the day.
  std::map<std::pair<std::string, Instant>, std::string> told_days;

  /// Candidates of one scan with what is needed to tell them.
  struct Pending {
    std::string key;
    const AccountView* account;
    const CampaignView* campaign;
    const Metric* metric;
    Judgement judgement;
    std::string when;
    Instant since;
  };

  Series& SeriesOf(const std::string& key, bool hourly, AdMeasure measure) {
    return series.try_emplace(key, AdSeriesOptions{hourly, measure}).first->second;
  }

  static std::string Key(const AccountView& account, const CampaignView& campaign,
                         const Metric& metric, bool hourly) {
    return fmt::format("{}/{}/{}/{}", PrintAccount(account.info.account), campaign.id, metric.kpi,
                       hourly ? "hour" : "day");
  }

  /// Asked for a year at once: the calendar does not change between two looks.
  bool DayOff(const AccountView& account, Day day) {
    if (!options.holidays) return false;
    const auto year = std::chrono::year_month_day(day).year();
    const auto [at, fresh] = days_off.try_emplace({account.info.account, static_cast<int>(year)});
    if (fresh) {
      at->second = options.holidays(account.info, Day(year / 1 / 1), Day(year / 12 / 31));
    }
    return at->second.contains(day);
  }

  /// Judges the hours closed since the last look and learns them.
  Result<> Hours(const AccountView& account, const CampaignView& campaign,
                 std::vector<Pending>& pending) {
    const auto looked = hours_looked.find(account.info.account);
    const std::vector<bool> used_up = UsedUp(account, campaign);
    for (const Metric& metric : kHourly) {
      const std::string key = Key(account, campaign, metric, true);
      Series& s = SeriesOf(key, true, metric.measure);
      int from = 0;
      if (s.learnt) from = account.IndexAfter(*s.learnt) + 1;
      // What was switched on only now has hours of nothing behind it that say nothing.
      const int on_since = campaign.since ? account.IndexAfter(*campaign.since) : 0;
      for (int h = from; h < account.hours_known; ++h) {
        const Instant at = account.BeginOf(h);
        if (s.learnt && at <= *s.learnt) continue;  // a wall-clock hour that a zone skips
        const HourSum& sum = campaign.hours[static_cast<std::size_t>(h)];
        CampaignDay hour;
        hour.spend_micros = sum.spend_micros;
        hour.impressions = sum.impressions;
        hour.clicks = std::min(sum.clicks, sum.impressions);
        AdPoint point = PointAt(at, account.first_day + days(h / 24), h % 24);
        point.value = std::max(0.0, metric.value(hour));
        point.denominator = metric.denominator(hour);
        point.holiday = DayOff(account, account.first_day + days(h / 24));
        point.missing = !sum.any || !campaign.delivers || h < on_since;
        const bool fresh = looked != hours_looked.end() && at >= looked->second;
        if (fresh && !point.missing && s.model.points() >= kWarmHours) {
          MAXOPT_TRY(const Judgement judgement, s.model.Judge(point));
          const bool rests = metric.kpi == "spend" && judgement.direction == Direction::kDown &&
                             used_up[static_cast<std::size_t>(h)];
          if (judgement.judged && !rests) {
            pending.push_back({key, &account, &campaign, &metric, judgement,
                               fmt::format("at {:02}:00", h % 24), at});
          }
        }
        MAXOPT_CHECK(s.model.Learn(point));
        s.learnt = at;
      }
    }
    return {};
  }

  /// Judges the last days and learns those that have been judged for the last time.
  Result<> Days(const AccountView& account, const CampaignView& campaign,
                const std::vector<CampaignDay>& rows, Day today, std::vector<Pending>& pending) {
    for (const Metric& metric : kDaily) {
      const std::string key = Key(account, campaign, metric, false);
      Series& s = SeriesOf(key, false, metric.measure);
      for (const CampaignDay& row : rows) {
        const auto age = static_cast<int>((today - row.day).count());
        if (age < 1) continue;
        const Instant at = account.zone->Begin(row.day);
        if (s.learnt && at <= *s.learnt) continue;
        AdPoint point = PointAt(at, row.day, 0);
        point.value = std::max(0.0, metric.value(row));
        point.denominator = metric.denominator(row);
        point.holiday = DayOff(account, row.day);
        if (metric.conversions && options.maturity) {
          point.maturity = std::clamp(options.maturity(account.info.account, age), 0.01, 1.0);
        }
        const bool silent = row.impressions == 0;
        point.missing = silent;
        if (age <= kJudgedDays) {
          if (silent || !campaign.delivers || s.model.points() < kWarmDays) continue;
          MAXOPT_TRY(const Judgement judgement, s.model.Judge(point));
          if (judgement.judged) {
            pending.push_back(
                {key, &account, &campaign, &metric, judgement, "on " + PrintDay(row.day), at});
          }
          continue;
        }
        MAXOPT_CHECK(s.model.Learn(point));
        s.learnt = at;
      }
    }
    return {};
  }

  Result<> Scan(const std::vector<Pending>& pending, const ScanOptions& scan,
                const Feedback& feedback, Instant until) {
    std::vector<Candidate> candidates;
    for (const Pending& p : pending) candidates.push_back({p.key, p.judgement});
    MAXOPT_TRY(std::vector<Finding> findings, ScanFamily(candidates, feedback, scan));
    // In the order of the metrics, so that what follows from another comes after it.
    std::sort(findings.begin(), findings.end(),
              [](const Finding& a, const Finding& b) { return a.candidate < b.candidate; });
    // Conversions gone take CVR, CPA and ROAS with them: one thing of a campaign, told once.
    std::map<std::pair<std::string, Instant>, Condition> of_conversions;
    std::vector<Condition> told;
    for (const Finding& finding : findings) {
      const Pending& p = pending[finding.candidate];
      Condition c = Tell(*p.account, *p.campaign, *p.metric, p.judgement, p.when, p.since,
                         finding.q_value, "anomaly");
      if (!p.metric->conversions) {
        told.push_back(std::move(c));
        continue;
      }
      const auto [first, is_first] = of_conversions.try_emplace(
          {PrintAccount(p.account->info.account) + "/" + p.campaign->id, p.since}, c);
      if (is_first) continue;
      first->second.evidence.push_back(
          fmt::format("so is {}: {}; {} was expected", c.kpi, c.actual, c.expected));
    }
    for (auto& [of, c] : of_conversions) {
      // A day is judged again while it matures: what is left of it then is no other thing.
      const auto [before, is_new] = told_days.try_emplace(of, Fingerprint(c));
      if (is_new || before->second == Fingerprint(c)) told.push_back(std::move(c));
    }
    for (Condition& c : told) {
      const std::string print = Fingerprint(c);
      const auto known = held.find(print);
      if (known != held.end()) c.since = std::min(c.since, known->second.condition.since);
      held.insert_or_assign(print, Held{std::move(c), until});
    }
    return {};
  }

  /// A slow drift of cost per conversion or of the click rate, over whole weeks.
  Result<> Trends(const AccountView& account, const CampaignView& campaign,
                  const std::vector<CampaignDay>& rows, Day today, Instant until) {
    struct Drift {
      std::string_view kpi;
      double (*over)(const CampaignDay&);
      double (*under)(const CampaignDay&);
      bool conversions;
      bool bad_up;
    };
    constexpr Drift kDrifts[] = {
        {"cpa", [](const CampaignDay& d) { return Units(d.spend_micros); },
         [](const CampaignDay& d) { return d.conversions; }, true, true},
        {"ctr", [](const CampaignDay& d) { return double(d.clicks); },
         [](const CampaignDay& d) { return double(d.impressions); }, false, false},
    };
    for (const Drift& drift : kDrifts) {
      const int last_age = drift.conversions ? kJudgedDays + 1 : 1;
      std::vector<std::optional<double>> values(kTrendDays);
      for (const CampaignDay& row : rows) {
        const auto age = static_cast<int>((today - row.day).count());
        const int at = kTrendDays - 1 - (age - last_age);
        if (at < 0 || at >= kTrendDays || drift.under(row) <= 0 || drift.over(row) <= 0) continue;
        values[static_cast<std::size_t>(at)] = drift.over(row) / drift.under(row);
      }
      MAXOPT_TRY(const Trend trend, DetectTrend(values, {}));
      if (!trend.found || (trend.direction == Direction::kUp) != drift.bad_up) continue;
      Condition c = Base(account, campaign, "trend");
      c.kpi = drift.kpi;
      c.direction = drift.bad_up ? "above" : "below";
      c.tier = AlertTier::kInfo;
      c.since = account.zone->Begin(today - days(kTrendDays));
      c.deviation = trend.change;
      c.title = fmt::format("{}: {} has drifted by {:+.0f} % over {} days", campaign.name,
                            drift.kpi, 100 * trend.change, kTrendDays);
      c.evidence.push_back(fmt::format(
          "Theil-Sen slope {:+.2f} % a day (95 %: {:+.2f} to {:+.2f}), Mann-Kendall chance {:.2g}",
          100 * trend.slope, 100 * trend.slope_low95, 100 * trend.slope_high95, trend.p_value));
      const std::string print = Fingerprint(c);
      held.insert_or_assign(print, Held{std::move(c), until});
    }
    return {};
  }

  /// Ads that wear out against the others of their ad group.
  Result<> Tired(const AccountView& account, const CampaignView& campaign,
                 const std::vector<AdDays>& ads, Instant until) {
    for (const AdDays& ad : ads) {
      std::map<Day, FatigueDay> by_day;
      for (const CampaignDay& day : ad.days) {
        by_day[day.day].impressions = static_cast<double>(day.impressions);
        by_day[day.day].responses = static_cast<double>(std::min(day.clicks, day.impressions));
      }
      for (const AdDays& other : ads) {
        if (other.ad_id == ad.ad_id || other.ad_group_id != ad.ad_group_id) continue;
        for (const CampaignDay& day : other.days) {
          const auto mine = by_day.find(day.day);
          if (mine == by_day.end()) continue;
          mine->second.peers_impressions += static_cast<double>(day.impressions);
          mine->second.peers_responses +=
              static_cast<double>(std::min(day.clicks, day.impressions));
        }
      }
      std::vector<FatigueDay> window;
      for (const auto& [day, entry] : by_day) window.push_back(entry);
      MAXOPT_TRY(const Fatigue fatigue, DetectFatigue(window, {}));
      if (!fatigue.found) continue;
      Condition c = Base(account, campaign, "fatigue");
      c.level = Level::kAd;
      c.object_id = ad.ad_id;
      c.name = WithoutMarker(ad.name);
      c.kpi = "ctr";
      c.direction = "below";
      c.tier = AlertTier::kInfo;
      c.since = account.zone->Begin(by_day.begin()->first);
      c.deviation = -fatigue.decline;
      c.title =
          fmt::format("ad {} wears out: its click rate has lost {:.0f} % against its ad group",
                      c.name, 100 * fatigue.decline);
      c.evidence.push_back(fmt::format(
          "95 %: {:.0f} to {:.0f} %; {:+.0f} % each time its impressions double; chance "
          "{:.2g}",
          100 * fatigue.decline_low95, 100 * fatigue.decline_high95, 100 * fatigue.per_doubling,
          fatigue.p_value));
      c.proposal = "ask Lucas for a new creative";
      const std::string print = Fingerprint(c);
      held.insert_or_assign(print, Held{std::move(c), until});
    }
    return {};
  }
};

AnomalyWatch::AnomalyWatch(AnomalyOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}
AnomalyWatch::~AnomalyWatch() = default;

Result<std::vector<Condition>> AnomalyWatch::Look(const std::vector<AccountView>& accounts,
                                                  FactStore& facts, Instant now,
                                                  const Feedback& feedback) {
  State& s = *state_;
  std::vector<State::Pending> hourly;
  std::vector<State::Pending> daily;
  std::set<AccountId> new_days;
  for (const AccountView& account : accounts) {
    if (!account.problem.empty() || account.hours_known <= 0) continue;
    const AccountId& id = account.info.account;
    for (const CampaignView& campaign : account.campaigns) {
      MAXOPT_CHECK(s.Hours(account, campaign, hourly));
    }
    s.hours_looked[id] = account.BeginOf(account.hours_known);
    // A day is judged when its last hour has been reported, once a day.
    const Day today = account.first_day + days(account.hours_known / 24);
    const auto looked = s.days_looked.find(id);
    if (looked != s.days_looked.end() && looked->second >= today) continue;
    s.days_looked[id] = today;
    new_days.insert(id);
    MAXOPT_TRY(const auto rows, ReadDays(facts, account, today - days(kHistoryDays), today));
    MAXOPT_TRY(const auto ads, ReadAds(facts, account, today - days(kTrendDays), today - days(1)));
    for (const CampaignView& campaign : account.campaigns) {
      const auto of_campaign = rows.find(campaign.id);
      if (of_campaign == rows.end()) continue;
      MAXOPT_CHECK(s.Days(account, campaign, of_campaign->second, today, daily));
      if (!campaign.delivers) continue;
      const Instant tomorrow = account.zone->Begin(today + days(1)) + s.options.told_for;
      MAXOPT_CHECK(s.Trends(account, campaign, of_campaign->second, today, tomorrow));
      const auto of_ads = ads.find(campaign.id);
      if (of_ads != ads.end()) {
        MAXOPT_CHECK(s.Tired(account, campaign, of_ads->second, tomorrow));
      }
    }
  }
  MAXOPT_CHECK(s.Scan(hourly, s.options.hourly, feedback, now + s.options.told_for));
  // A finding about a day is true until the next day is judged.
  MAXOPT_CHECK(s.Scan(daily, s.options.daily, feedback, now + hours(24) + s.options.told_for));
  std::erase_if(s.held, [&](const auto& entry) { return entry.second.until <= now; });
  std::erase_if(s.told_days, [&](const auto& entry) {
    return entry.first.second < now - days(2 * kJudgedDays);
  });
  std::vector<Condition> out;
  for (const auto& [print, held] : s.held) out.push_back(held.condition);
  return out;
}

}  // namespace maxopt
