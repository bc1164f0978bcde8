// What the judgements need, from the facts and the events.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "stages/monitor/tracking/tracking.h"

namespace maxopt {
namespace {

constexpr std::chrono::days kNow{2};
constexpr std::chrono::days kBefore{14};
constexpr int kReadAtOnce = 5000;
/// Of a day's conversions at least half are reported while it is the newest: the platforms' usual
/// delay. What is younger than two days is expected to be so far complete.
constexpr double kFreshShare = 0.5;

std::int64_t Whole(const FactCell& cell) {
  if (cell.kind == FactCell::Kind::kInteger) return cell.integer;
  if (cell.kind == FactCell::Kind::kReal) return std::llround(cell.real);
  return 0;
}
std::size_t Column(const FactTable& table, std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(table.columns, name) - table.columns.begin());
}
Result<Day> DayOfCell(const FactCell& cell) { return ParseDay(cell.text.substr(0, 10)); }

struct DayOfAll {
  double clicks = 0;
  std::int64_t conversions = 0;
};

/// How much wider than Poisson's the days before vary: Pearson's chi-square over its degrees of
/// freedom, 1 at least.
double Dispersion(const std::map<Day, DayOfAll>& days) {
  double clicks = 0, conversions = 0;
  for (const auto& [day, one] : days) {
    clicks += one.clicks;
    conversions += static_cast<double>(one.conversions);
  }
  if (clicks <= 0 || conversions <= 0 || days.size() < 3) return 1;
  double chi_square = 0;
  for (const auto& [day, one] : days) {
    const double expected = conversions / clicks * one.clicks;
    if (expected <= 0) continue;
    chi_square += std::pow(static_cast<double>(one.conversions) - expected, 2) / expected;
  }
  return std::max(1.0, chi_square / static_cast<double>(days.size() - 1));
}

struct AccountSeen {
  std::map<std::string, Beside> campaigns;  ///< by id
  std::map<Day, DayOfAll> before;
};

Result<AccountSeen> ReadAccount(FactStore& facts, const AccountId& account, Day today) {
  FactQuery query;
  query.measures = {"clicks", "conversions"};
  query.dimensions = {"campaign"};
  query.filters = {{.dimension = "account", .values = {PrintAccount(account)}}};
  query.from = today - kNow - kBefore + std::chrono::days(1);
  query.to = today;
  query.grain = "day";
  MAXOPT_TRY(const FactTable table, facts.Query(query));
  AccountSeen seen;
  const std::size_t period = Column(table, "period"), campaign = Column(table, "campaign"),
                    id = Column(table, "campaign_id"), clicks = Column(table, "clicks"),
                    conversions = Column(table, "conversions");
  for (const auto& row : table.rows) {
    if (period >= row.size() || id >= row.size() || clicks >= row.size() ||
        conversions >= row.size()) {
      return Fail(Errc::kLocal, "the facts answered without the columns that were asked for");
    }
    MAXOPT_TRY(const Day day, DayOfCell(row[period]));
    const std::string name =
        campaign < row.size() && !row[campaign].text.empty() ? row[campaign].text : row[id].text;
    Beside& one = seen.campaigns[row[id].text];
    one.name = name;
    const auto paid = static_cast<double>(Whole(row[clicks]));
    const std::int64_t won = Whole(row[conversions]);
    if (day > today - kNow) {
      one.exposure_now += paid;
      one.seen_now += won;
    } else {
      one.exposure_before += paid;
      one.seen_before += won;
      seen.before[day].clicks += paid;
      seen.before[day].conversions += won;
    }
  }
  return seen;
}

struct SiteSeen {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> visits;  ///< by utm_id
  std::map<std::tuple<std::string, std::string, std::string, std::string>, UtmSeen> utm;
  std::map<std::string, std::pair<bool, bool>> purchases;  ///< id -> now, by the browser
  Tellers before, now;
};

std::string Of(const std::map<std::string, std::string>& map, const char* name) {
  const auto at = map.find(name);
  return at == map.end() ? "" : at->second;
}

/// By site. Events of the last sixteen times 24 hours.
Result<std::map<std::string, SiteSeen>> ReadSites(EventStore& events, const std::string& client,
                                                  Instant now) {
  std::map<std::string, SiteSeen> sites;
  const Instant turn = now - kNow;
  const Instant from = turn - kBefore;
  for (std::int64_t after = 0;;) {
    MAXOPT_TRY(const std::vector<TrackedEvent> list, events.List(after, kReadAtOnce));
    if (list.empty()) break;
    for (const TrackedEvent& event : list) {
      after = event.seq;
      if (event.client != client || event.probe || event.received_at < from) continue;
      SiteSeen& site = sites[event.site];
      const bool is_now = event.received_at >= turn;
      if (event.name == "page_view" && !event.utm.empty()) {
        const std::string campaign = Of(event.utm, "utm_campaign");
        const std::string id = Of(event.utm, "utm_id");
        auto& visits = site.visits[id];
        ++(is_now ? visits.second : visits.first);
        UtmSeen& utm =
            site.utm[{Of(event.utm, "utm_source"), Of(event.utm, "utm_medium"), campaign, id}];
        utm.source = Of(event.utm, "utm_source");
        utm.medium = Of(event.utm, "utm_medium");
        utm.campaign = campaign;
        ++(is_now ? utm.now : utm.before);
      } else if (event.name == "purchase") {
        const bool by_browser = ToldByBrowser(event);
        site.purchases[event.id] = {is_now, by_browser};
        Tellers& tellers = is_now ? site.now : site.before;
        ++(by_browser ? tellers.browser_only : tellers.server_only);
      }
    }
  }
  for (std::int64_t after = 0;;) {
    MAXOPT_TRY(const std::vector<TrackedEvent> list,
               events.List(after, kReadAtOnce, EventKind::kSecond));
    if (list.empty()) break;
    for (const TrackedEvent& event : list) {
      after = event.seq;
      if (event.client != client || event.name != "purchase") continue;
      SiteSeen& site = sites[event.site];
      const auto first = site.purchases.find(event.id);
      if (first == site.purchases.end()) continue;
      Tellers& tellers = first->second.first ? site.now : site.before;
      --(first->second.second ? tellers.browser_only : tellers.server_only);
      ++tellers.both;
    }
  }
  return sites;
}

/// A campaign's name as {campaign} puts it into a link.
std::string AsInLinks(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool plain = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') ||
                       static_cast<unsigned char>(lower) >= 0x80;
    out += plain ? lower : '-';
  }
  return out;
}

}  // namespace

Result<std::vector<SignalHealth>> LookAtTracking(const TrackingWorld& world,
                                                 const std::string& client,
                                                 const std::vector<AccountInfo>& accounts,
                                                 Instant now) {
  std::vector<SignalHealth> signals;
  const auto signal = [&](std::string name, std::vector<AccountId> concerned) {
    SignalHealth one;
    one.client = client;
    one.name = std::move(name);
    one.since = one.seen_at = now;
    one.accounts = std::move(concerned);
    return one;
  };
  std::map<std::string, Beside> clicks_by_id;
  std::vector<std::string> names;
  std::vector<AccountId> all;
  for (const AccountInfo& info : accounts) {
    all.push_back(info.account);
    MAXOPT_TRY(const Zone zone, Zone::Find(info.zone));
    const Day today = zone.DayOf(now);
    MAXOPT_TRY(const AccountSeen seen, ReadAccount(*world.facts, info.account, today));
    std::vector<Beside> campaigns;
    Beside clicks{"the shop"};
    for (const auto& [id, one] : seen.campaigns) {
      clicks.exposure_before += one.exposure_before;
      clicks.exposure_now += one.exposure_now;
      names.push_back(AsInLinks(one.name));
      Beside& link = clicks_by_id[id];
      link.name = one.name;
      link.exposure_before += one.exposure_before;
      link.exposure_now += one.exposure_now;
      campaigns.push_back(one);
      campaigns.back().exposure_now *= kFreshShare;
    }
    MAXOPT_TRY(const std::vector<KpiRow> books,
               world.facts->Kpi(client, today - kNow - kBefore + std::chrono::days(1), today,
                                std::nullopt));
    std::optional<Beside> orders;
    for (const KpiRow& row : books) {
      if (!orders) orders = clicks;
      (row.day > today - kNow ? orders->seen_now : orders->seen_before) += row.orders;
    }
    if (orders) orders->exposure_now *= kFreshShare;
    signals.push_back(
        JudgeConversions(signal("conversions " + PrintAccount(info.account), {info.account}),
                         campaigns, orders, Dispersion(seen.before)));
  }
  if (!world.events) return signals;
  MAXOPT_TRY(const auto sites, ReadSites(*world.events, client, now));
  for (const auto& [name, site] : sites) {
    std::vector<Beside> campaigns;
    for (const auto& [id, clicks] : clicks_by_id) {
      Beside one = clicks;
      const auto visits = site.visits.find(id);
      if (visits != site.visits.end()) {
        one.seen_before = visits->second.first;
        one.seen_now = visits->second.second;
      }
      campaigns.push_back(one);
    }
    signals.push_back(JudgeVisits(signal("visits " + name, all), campaigns));
    std::vector<UtmSeen> utm;
    for (const auto& [key, one] : site.utm) {
      // A client's campaign runs as several of the platforms', whose names contain its own.
      utm.push_back(one);
      utm.back().known =
          clicks_by_id.contains(std::get<3>(key)) ||
          (!one.campaign.empty() && std::ranges::any_of(names, [&](const std::string& known) {
            return known.find(one.campaign) != std::string::npos;
          }));
    }
    signals.push_back(JudgeUtm(signal("utm " + name, all), utm));
    signals.push_back(JudgeMatch(signal("match " + name, all), site.before, site.now));
  }
  return signals;
}

}  // namespace maxopt
