// overview, accounts, campaigns, series: what the platforms tell, by object and time.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <unordered_map>

#include "app/views/metrics.h"
#include "app/views/sources.h"
#include "app/views/themes.h"
#include "decide/pacing/pacing.h"
#include "memory/campaigns/alerts.h"
#include "memory/campaigns/signals.h"

namespace maxopt::views {
namespace {

using std::chrono::days;

constexpr std::string_view kLevels[] = {"client",   "platform", "account",
                                        "campaign", "ad_group", "ad"};
int DepthOf(std::string_view level) {
  for (int i = 0; i < static_cast<int>(std::size(kLevels)); ++i) {
    if (kLevels[i] == level) return i;
  }
  return -1;
}

/// Rows that belong together, in the order in which they were met.
struct Group {
  std::string key, parent;
  Found first;  ///< names; sums of its own
  Sums sums;
  std::vector<const ClientAccount*> accounts;
};
class Groups {
 public:
  Group& Of(const std::string& key) {
    const auto [at, fresh] = places_.emplace(key, groups_.size());
    if (fresh) {
      groups_.emplace_back();
      groups_.back().key = key;
    }
    return groups_[at->second];
  }
  const Group* Find(const std::string& key) const {
    const auto at = places_.find(key);
    return at == places_.end() ? nullptr : &groups_[at->second];
  }
  std::vector<Group>& all() { return groups_; }

 private:
  std::unordered_map<std::string, std::size_t> places_;
  std::vector<Group> groups_;
};

std::string KeyOf(std::string_view level, const Found& found) {
  const AccountId& account = found.account->info.account;
  if (level == "client") return "client/" + found.account->client;
  if (level == "platform") {
    return fmt::format("client/{}/platform/{}", found.account->client,
                       PlatformName(account.platform));
  }
  if (level == "account") return PrintAccount(account);
  if (level == "campaign") return ObjectKey(account, Level::kCampaign, found.campaign_id);
  if (level == "ad_group") {
    // Rows without an ad group belong to their campaign.
    return found.ad_group_id.empty()
               ? ObjectKey(account, Level::kCampaign, found.campaign_id) + "/ad_group/-"
               : ObjectKey(account, Level::kAdGroup, found.ad_group_id);
  }
  return found.ad_id.empty() ? ObjectKey(account, Level::kCampaign, found.campaign_id) + "/ad/-"
                             : ObjectKey(account, Level::kAd, found.ad_id);
}

std::string NameOf(std::string_view level, const Found& found) {
  if (level == "client") return found.account->client;
  if (level == "platform") return std::string(PlatformName(found.account->info.account.platform));
  if (level == "account") return found.account->info.name;
  if (level == "campaign") return found.campaign;
  if (level == "ad_group") return found.ad_group;
  return found.ad;
}
std::string IdOf(std::string_view level, const Found& found) {
  if (level == "account") return PrintAccount(found.account->info.account);
  if (level == "campaign") return found.campaign_id;
  if (level == "ad_group") return found.ad_group_id;
  if (level == "ad") return found.ad_id;
  return "";
}

struct Rows {
  std::vector<std::string> levels;  ///< of the tree, top first; may be empty with a cut
  std::string cut;
};
/// by: any levels of the tree and one cut.
Result<Rows> ReadBy(const Frame& frame, std::vector<std::string> by) {
  Rows out;
  if (!frame.query.by.empty()) by = frame.query.by;
  for (const std::string& name : by) {
    if (DepthOf(name) >= 0) {
      if (std::ranges::find(out.levels, name) == out.levels.end()) out.levels.push_back(name);
    } else if (IsCut(name)) {
      if (!out.cut.empty() && out.cut != name) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("{} and {} cannot be asked together: platforms report one such cut "
                                "at a time",
                                out.cut, name));
      }
      out.cut = name;
    } else {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("by \"{}\" is not known; known are {}, device, country, placement, "
                              "age_gender, keyword, search_term, audience, creative",
                              name, fmt::join(kLevels, ", ")));
    }
  }
  std::ranges::sort(out.levels, {}, [](const std::string& level) { return DepthOf(level); });
  return out;
}

/// One level of the tree, summed.
Result<> AskLevel(Frame& frame, const Rows& rows, std::size_t level, std::optional<Beside> beside,
                  bool shares, Groups& out) {
  const std::string_view name = rows.levels.empty() ? "" : std::string_view(rows.levels[level]);
  const bool deepest = rows.levels.empty() || level + 1 == rows.levels.size();
  Ask ask;
  const int depth = DepthOf(name);
  for (const std::string_view dimension : {"campaign", "ad_group", "ad"}) {
    if (DepthOf(dimension) <= depth) ask.dimensions.emplace_back(dimension);
  }
  if (deepest) ask.cut = rows.cut;
  ask.shares = shares;
  if (beside) {
    ask.from = beside->from;
    ask.to = beside->to;
  }
  MAXOPT_TRY(std::vector<Found> found, AskFacts(frame, ask));
  for (Found& row : found) {
    std::string key = name.empty() ? "" : KeyOf(name, row);
    std::string parent;
    if (level > 0) parent = KeyOf(rows.levels[level - 1], row);
    if (!ask.cut.empty()) {
      key += fmt::format("{}{}/{}", key.empty() ? "" : "/", ask.cut,
                         row.segment.empty() ? "-" : row.segment);
    }
    Group& group = out.Of(key);
    if (group.accounts.empty()) {
      group.parent = std::move(parent);
      group.first = row;
    }
    if (std::ranges::find(group.accounts, row.account) == group.accounts.end()) {
      group.accounts.push_back(row.account);
    }
    group.sums.Add(row.sums);
  }
  return {};
}

/// The plan's numbers of campaigns, by key: spend from the media plan's budgets, ratios from the
/// targets that are watched.
Result<std::map<std::string, std::vector<ViewCell>>> PlanOfCampaigns(
    Frame& frame, const std::vector<const Metric*>& metrics) {
  std::map<std::string, std::vector<ViewCell>> out;
  for (const Client& client : frame.clients) {
    MAXOPT_TRY(const std::vector<PlannedSetup> setups, PlannedSetups(frame, client.name));
    MAXOPT_TRY(const std::vector<Watch> watches, frame.home.store().Watches(client.name));
    std::map<std::string, std::pair<AccountId, const PlannedCampaign*>> planned;
    for (const PlannedSetup& setup : setups) {
      for (const PlannedCampaign& campaign : setup.campaigns) {
        planned.emplace(campaign.address, std::pair(campaign.account, &campaign));
      }
    }
    for (const ClientAccount& account : frame.accounts) {
      if (account.client != client.name) continue;
      MAXOPT_TRY(const std::vector<OwnedObject> owned,
                 frame.home.store().Objects(account.info.account));
      for (const OwnedObject& object : owned) {
        if (object.level != Level::kCampaign) continue;
        std::vector<ViewCell> cells(metrics.size());
        bool any = false;
        for (std::size_t i = 0; i < metrics.size(); ++i) {
          if (metrics[i]->name == "spend") {
            const auto at = planned.find(object.address);
            if (at == planned.end() || !at->second.second->total) continue;
            const PlannedCampaign& plan = *at->second.second;
            cells[i] =
                PlannedIn(*plan.total, plan.first, plan.last, *frame.view.from, *frame.view.to);
            any = true;
            continue;
          }
          for (const Watch& watch : watches) {
            if (watch.address != object.address || watch.kpi != metrics[i]->name ||
                watch.target.empty()) {
              continue;
            }
            if (metrics[i]->kind == CellKind::kMoney && metrics[i]->name != "revenue") {
              const auto money = ParseMoney(watch.target, account.info.currency);
              if (money) cells[i] = *money;
            } else if (metrics[i]->kind == CellKind::kRatio || metrics[i]->name == "roas") {
              double value = 0;
              const char* end = watch.target.data() + watch.target.size();
              if (std::from_chars(watch.target.data(), end, value).ptr == end) {
                cells[i] = RealCell(value);
              }
            }
            any = any || !std::holds_alternative<std::monostate>(cells[i]);
          }
        }
        if (any) out[ObjectKey(object.account, Level::kCampaign, object.id)] = std::move(cells);
      }
    }
  }
  return out;
}

/// The total of rows; absent money where they are of several currencies.
std::vector<ViewCell> TotalsOf(Frame& frame, const std::vector<const Metric*>& metrics,
                               const Sums& sums, const std::optional<Beside>& beside,
                               const Sums* before, std::size_t columns_before) {
  if (sums.mixed) {
    frame.Note(
        "The rows are of several currencies, so money has no total; ask for one currency to have "
        "them converted.");
  }
  std::vector<ViewCell> cells(columns_before);
  if (before != nullptr && before->parts > 0) {
    const std::vector<ViewCell> then = CellsOf(metrics, *before);
    AddMetricCells(cells, metrics, sums, beside, &then);
  } else {
    AddMetricCells(cells, metrics, sums, beside, nullptr);
  }
  return cells;
}

/// What limits a campaign, as far as the platform tells. A share below a tenth is told by Google as
/// a bound only ("under 10 %"), so it is not called a limit.
std::string LimitedBy(const Sums& sums) {
  constexpr double kToldFrom = 0.1;
  const double budget = sums.lost_to_budget.value_or(0), rank = sums.lost_to_rank.value_or(0);
  std::vector<std::string> parts;
  if (budget >= kToldFrom) {
    parts.push_back(fmt::format("budget ({:.0f} % of impressions lost to it)", 100 * budget));
  }
  if (rank >= kToldFrom) {
    parts.push_back(fmt::format("ad rank ({:.0f} % of impressions lost to it)", 100 * rank));
  }
  if (rank > budget && parts.size() == 2) std::swap(parts[0], parts[1]);
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string LinkOf(std::string_view level, const Found& found) {
  const auto deeper = [&](std::string_view by, std::string_view dimension, std::string_view id) {
    return fmt::format("view:campaigns?by={}&filter.{}={}", by, dimension, Encode(id));
  };
  if (level == "client") return "view:campaigns?filter.client=" + Encode(found.account->client);
  if (level == "platform") {
    return deeper("campaign", "platform", PlatformName(found.account->info.account.platform));
  }
  if (level == "account") {
    return deeper("campaign", "account", PrintAccount(found.account->info.account));
  }
  if (level == "campaign" && !found.campaign_id.empty()) {
    return deeper("ad_group", "campaign", found.campaign_id);
  }
  if (level == "ad_group" && !found.ad_group_id.empty()) {
    return deeper("ad", "ad_group", found.ad_group_id);
  }
  return "";
}

Result<View> TreeView(Frame& frame, const Rows& rows, const std::vector<const Metric*>& metrics) {
  const std::optional<Beside> beside = BesideOf(frame);
  View& view = frame.view;
  const std::string deepest = rows.levels.empty() ? "" : rows.levels.back();
  const int depth = DepthOf(deepest);
  const bool objects = std::ranges::any_of(
      rows.levels, [](const std::string& level) { return DepthOf(level) >= DepthOf("campaign"); });
  const bool shares_asked = std::ranges::any_of(metrics, [](const Metric* metric) {
    return metric->name == "impression_share" || metric->name.starts_with("lost_to");
  });

  view.columns.push_back(Text("name", "Name"));
  view.columns.push_back(Text("level", "Level"));
  view.columns.push_back(Text("id", "Id", "As the platform knows it."));
  view.columns.push_back(Text("client", "Client"));
  view.columns.push_back(Text("platform", "Platform"));
  view.columns.push_back(Text("account", "Account"));
  if (depth > DepthOf("campaign")) view.columns.push_back(Text("campaign", "Campaign"));
  if (depth > DepthOf("ad_group")) view.columns.push_back(Text("ad_group", "Ad group"));
  if (!rows.cut.empty()) view.columns.push_back(Text(rows.cut, rows.cut));
  if (objects) {
    view.columns.push_back(Text("status", "Status", "As last seen."));
    view.columns.push_back(
        Of(CellKind::kMoney, "daily_budget", "Daily budget", "As last seen.", Truth::kPlanned));
    view.columns.push_back(Of(CellKind::kMoney, "next_budget", "Next daily budget",
                              "In a plan that waits.", Truth::kPlanned));
    view.columns.push_back(Text("limited_by", "Limited by", "What keeps it from more delivery."));
  }
  const std::size_t columns_before = view.columns.size();
  AddMetricColumns(view, metrics, beside);

  std::map<std::string, ObjectState> states;
  if (objects) {
    MAXOPT_TRY(states, ObjectStates(frame, depth > DepthOf("campaign")));
    if (frame.query.as_of) frame.Note("Status and budgets are as last seen, not as of then.");
  }
  MAXOPT_TRY(const KnownShares known, KnownShares::Read(frame));
  std::map<std::string, std::vector<ViewCell>> plan;
  if (beside && beside->name == "plan") {
    MAXOPT_TRY(plan, PlanOfCampaigns(frame, metrics));
  }
  Sums total, total_before;
  const std::size_t passes = std::max<std::size_t>(1, rows.levels.size());
  for (std::size_t level = 0; level < passes; ++level) {
    const std::string_view name = rows.levels.empty() ? "" : std::string_view(rows.levels[level]);
    Groups groups, before;
    MAXOPT_CHECK(
        AskLevel(frame, rows, level, std::nullopt, shares_asked || name == "campaign", groups));
    const bool other_time = beside && beside->name != "plan";
    if (other_time) {
      MAXOPT_CHECK(AskLevel(frame, rows, level, beside, shares_asked, before));
    }
    if (level == 0) {
      for (const Group& group : groups.all()) total.Add(group.sums);
      for (const Group& group : before.all()) total_before.Add(group.sums);
    }
    // What only the other time had is a row too, so that its totals are those of its rows.
    if (other_time) {
      for (const Group& group : before.all()) {
        if (groups.Find(group.key) != nullptr) continue;
        Group& gone = groups.Of(group.key);
        gone.parent = group.parent;
        gone.first = group.first;
        gone.accounts = group.accounts;
        gone.sums.currency = group.sums.currency;
      }
    }
    for (Group& group : groups.all()) {
      ViewRow row;
      row.key = group.key;
      row.parent = group.parent;
      row.link = LinkOf(name, group.first);
      row.known = known.Of(group.accounts);
      const bool one = group.accounts.size() == 1;
      const ClientAccount& account = *group.accounts.front();
      const bool cut_row = !rows.cut.empty() && level + 1 >= passes;
      const std::string own = name.empty() ? group.first.segment : NameOf(name, group.first);
      row.cells.push_back(TextCell(own));
      row.cells.push_back(TextCell(name.empty() ? std::string_view(rows.cut) : name));
      row.cells.push_back(TextCell(name.empty() ? "" : IdOf(name, group.first)));
      const bool one_client = std::ranges::all_of(group.accounts, [&](const ClientAccount* other) {
        return other->client == account.client;
      });
      const bool one_platform =
          std::ranges::all_of(group.accounts, [&](const ClientAccount* other) {
            return other->info.account.platform == account.info.account.platform;
          });
      row.cells.push_back(one_client ? TextCell(account.client) : ViewCell());
      row.cells.push_back(one_platform ? TextCell(PlatformName(account.info.account.platform))
                                       : ViewCell());
      row.cells.push_back(one ? TextCell(account.info.name) : ViewCell());
      if (depth > DepthOf("campaign")) {
        row.cells.push_back(DepthOf(name) >= DepthOf("campaign") ? TextCell(group.first.campaign)
                                                                 : ViewCell());
      }
      if (depth > DepthOf("ad_group")) {
        row.cells.push_back(DepthOf(name) >= DepthOf("ad_group") ? TextCell(group.first.ad_group)
                                                                 : ViewCell());
      }
      if (!rows.cut.empty()) {
        row.cells.push_back(cut_row ? TextCell(group.first.segment) : ViewCell());
      }
      if (objects) {
        const std::string object = name.empty() ? "" : KeyOf(name, group.first);
        const auto at = states.find(object);
        const bool has = at != states.end();
        row.cells.push_back(has ? TextCell(at->second.state) : ViewCell());
        row.cells.push_back(has ? Maybe(at->second.daily_budget) : ViewCell());
        row.cells.push_back(has ? Maybe(at->second.next_budget) : ViewCell());
        row.cells.push_back(name == "campaign" && !cut_row ? TextCell(LimitedBy(group.sums))
                                                           : ViewCell());
      }
      std::vector<ViewCell> then;
      const std::vector<ViewCell>* other = nullptr;
      if (other_time) {
        if (const Group* found = before.Find(group.key)) {
          then = CellsOf(metrics, found->sums);
          other = &then;
        }
      } else if (beside) {
        const auto at = plan.find(group.key);
        if (at != plan.end()) other = &at->second;
      }
      AddMetricCells(row.cells, metrics, group.sums, beside, other);
      view.rows.push_back(std::move(row));
    }
  }
  if (!view.rows.empty()) {
    view.totals = TotalsOf(frame, metrics, total, beside, &total_before, columns_before);
  }
  MAXOPT_CHECK(NoteWindows(frame));
  return view;
}

const std::vector<std::string_view> kUsual = {"spend",       "impressions", "clicks",  "ctr",
                                              "conversions", "cpa",         "revenue", "roas"};

}  // namespace

Result<View> Campaigns(Frame& frame) {
  MAXOPT_CHECK(frame.Period(28));
  MAXOPT_TRY(const Rows rows, ReadBy(frame, {"campaign"}));
  MAXOPT_TRY(const std::vector<const Metric*> metrics, ChooseMetrics(frame, kUsual));
  return TreeView(frame, rows, metrics);
}

Result<View> AccountsView(Frame& frame) {
  MAXOPT_CHECK(frame.Period(28));
  MAXOPT_TRY(const std::vector<const Metric*> metrics, ChooseMetrics(frame, kUsual));
  const std::optional<Beside> beside = BesideOf(frame);
  if (beside && beside->name == "plan") {
    return Fail(Errc::kInvalidArgument,
                "accounts have no plan of their own; overview and campaigns compare with the plan");
  }
  MAXOPT_TRY(const std::vector<ViewFreshness> freshness, Freshness(frame));
  MAXOPT_TRY(const KnownShares known, KnownShares::Read(frame));
  const Rows rows{{"account"}, ""};
  Groups groups, before;
  MAXOPT_CHECK(AskLevel(frame, rows, 0, std::nullopt, false, groups));
  if (beside) MAXOPT_CHECK(AskLevel(frame, rows, 0, beside, false, before));
  View& view = frame.view;
  view.columns = {Text("name", "Account"),
                  Text("id", "Id"),
                  Text("client", "Client"),
                  Text("platform", "Platform"),
                  Text("currency", "Currency"),
                  Text("zone", "Time zone", "Its reporting days are days there."),
                  Text("status", "Status"),
                  Text("freshness", "Data", "fresh, late, failed or never read"),
                  Of(CellKind::kInstant, "learnt_at", "Last read"),
                  Of(CellKind::kDay, "complete_to", "Complete to")};
  const std::size_t columns_before = view.columns.size();
  AddMetricColumns(view, metrics, beside);
  Sums total, total_before;
  for (const ClientAccount& account : frame.accounts) {
    const std::string key = PrintAccount(account.info.account);
    const Group* group = groups.Find(key);
    const Group* then = before.Find(key);
    // A filter that takes nothing of an account leaves it out.
    if (!frame.query.filters.empty() && group == nullptr && then == nullptr) continue;
    ViewRow row;
    row.key = key;
    row.link = "view:campaigns?by=campaign&filter.account=" + Encode(key);
    row.known = known.Of(account);
    row.cells = {TextCell(account.info.name),
                 key,
                 account.client,
                 std::string(PlatformName(account.info.account.platform)),
                 std::string(account.info.currency.name()),
                 TextCell(account.info.zone),
                 TextCell(account.info.status)};
    const auto fresh = std::ranges::find(freshness, key, &ViewFreshness::account);
    if (fresh == freshness.end()) Bug();
    row.cells.emplace_back(fresh->state);
    row.cells.push_back(Maybe(fresh->learnt_at));
    row.cells.push_back(Maybe(fresh->complete_to));
    row.tone = fresh->state == "fresh" ? "good" : fresh->state == "late" ? "watch" : "bad";
    Sums sums = group != nullptr ? group->sums : Sums{};
    std::vector<ViewCell> other;
    if (then != nullptr) other = CellsOf(metrics, then->sums);
    AddMetricCells(row.cells, metrics, sums, beside, then != nullptr ? &other : nullptr);
    if (group != nullptr) total.Add(group->sums);
    if (then != nullptr) total_before.Add(then->sums);
    view.rows.push_back(std::move(row));
  }
  if (total.parts > 0) {
    view.totals = TotalsOf(frame, metrics, total, beside, &total_before, columns_before);
  }
  MAXOPT_CHECK(NoteWindows(frame));
  return view;
}

// --- series --------------------------------------------------------------------------------------

namespace {

Day MonthOf(Day day) {
  const std::chrono::year_month_day date{day};
  return Day(std::chrono::local_days(date.year() / date.month() / 1));
}
Day WeekOf(Day day) {
  const std::chrono::weekday weekday{day};
  return day - days(weekday.iso_encoding() - 1);
}

/// Periods of a grain, counted from the one that `from` is in.
struct Grid {
  std::string grain;
  Day from;
  std::int64_t IndexOf(Day day) const {
    if (grain == "week") return (WeekOf(day) - WeekOf(from)).count() / 7;
    if (grain == "month") {
      const std::chrono::year_month_day a{from}, b{day};
      return (static_cast<int>(b.year()) - static_cast<int>(a.year())) * 12 +
             static_cast<int>(static_cast<unsigned>(b.month())) -
             static_cast<int>(static_cast<unsigned>(a.month()));
    }
    return (day - from).count();
  }
  Day Begin(std::int64_t index) const {
    if (grain == "week") return WeekOf(from) + days(7 * index);
    if (grain == "month") {
      const std::chrono::year_month_day date{MonthOf(from)};
      return Day(std::chrono::local_days(date + std::chrono::months(index)));
    }
    return from + days(index);
  }
};

struct Point {
  std::int64_t index = 0;
  int hour = -1;
  std::string by;
  auto operator<=>(const Point&) const = default;
};

struct Told {
  Sums sums;
  std::vector<const ClientAccount*> accounts;
  Found first;
};

Result<std::map<Point, Told>> Points(Frame& frame, const Rows& rows, const std::string& grain,
                                     Day from, Day to) {
  const Grid grid{grain, from};
  Ask ask;
  ask.grain = grain;
  ask.from = from;
  ask.to = to;
  ask.cut = rows.cut;
  const std::string level = rows.levels.empty() ? "" : rows.levels.back();
  for (const std::string_view dimension : {"campaign", "ad_group", "ad"}) {
    if (DepthOf(dimension) <= DepthOf(level)) ask.dimensions.emplace_back(dimension);
  }
  MAXOPT_TRY(const std::vector<Found> found, AskFacts(frame, ask));
  std::map<Point, Told> out;
  for (const Found& row : found) {
    Point point;
    const auto day = ParseDay(row.period.substr(0, 10));
    if (!day) Bug();
    point.index = grid.IndexOf(*day);
    if (grain == "hour") {
      const auto time = ParseLocal(row.period);
      if (!time) Bug();
      point.hour = static_cast<int>((*time - LocalTime(*day)) / std::chrono::hours(1));
    }
    point.by = level.empty() ? "" : KeyOf(level, row);
    if (!rows.cut.empty()) {
      point.by += fmt::format("{}{}/{}", point.by.empty() ? "" : "/", rows.cut,
                              row.segment.empty() ? "-" : row.segment);
    }
    Told& told = out[point];
    if (told.accounts.empty()) told.first = row;
    told.sums.Add(row.sums);
    if (std::ranges::find(told.accounts, row.account) == told.accounts.end()) {
      told.accounts.push_back(row.account);
    }
  }
  return out;
}

}  // namespace

Result<View> Series(Frame& frame) {
  MAXOPT_CHECK(frame.Period(28));
  const std::string grain = frame.Extra("grain", "day");
  MAXOPT_TRY(const Rows rows, ReadBy(frame, {}));
  if (rows.levels.size() > 1) {
    return Fail(Errc::kInvalidArgument,
                "a series is by one level of the tree at a time (and one cut), or of all together");
  }
  const bool whole = rows.levels.empty() && rows.cut.empty();
  const bool books_fit = whole && grain != "hour" && frame.query.filters.empty() &&
                         frame.clients.size() == 1 && frame.Extra("currency").empty();
  MAXOPT_TRY(const std::vector<const Metric*> metrics, ChooseMetrics(frame, kUsual, books_fit));
  const std::optional<Beside> beside = BesideOf(frame);
  View& view = frame.view;
  const Day from = *view.from, to = *view.to;
  const Grid grid{grain, from};

  view.columns.push_back(Of(CellKind::kDay, "period", grain == "hour" ? "Day" : "Period",
                            grain == "week"    ? "Its Monday."
                            : grain == "month" ? "Its first day."
                                               : "Of the account."));
  if (grain == "hour") {
    view.columns.push_back(
        Of(CellKind::kCount, "hour", "Hour", "On the account's clock, 0 to 23."));
  }
  if (!whole) {
    view.columns.push_back(Text("name", "Name"));
    view.columns.push_back(Text("id", "Id"));
  }
  const std::size_t columns_before = view.columns.size();
  AddMetricColumns(view, metrics, beside);

  MAXOPT_TRY(auto points, Points(frame, rows, grain, from, to));
  std::map<Point, Told> before;
  if (beside && beside->name != "plan") {
    MAXOPT_TRY(before, Points(frame, rows, grain, beside->from, beside->to));
  }
  if (books_fit) {
    const auto add_books = [&](Day first, Day last, std::map<Point, Told>& to_points) -> Result<> {
      MAXOPT_TRY(
          const std::vector<KpiRow> books,
          frame.home.facts().Kpi(frame.clients.front().name, first, last, frame.query.as_of));
      Ask ask;
      ask.grain = "day";
      ask.from = first;
      ask.to = last;
      Frame quiet = frame;
      MAXOPT_TRY(const std::vector<Found> found, AskFacts(quiet, ask));
      std::map<std::string, Sums> spend;
      for (const Found& row : found) spend[row.period].Add(row.sums);
      const Grid at{grain, first};
      for (const KpiRow& row : books) {
        Sums sums;
        sums.currency = row.currency;
        sums.orders = row.orders;
        sums.books_revenue = row.revenue.micros();
        sums.books_spend = spend[PrintDay(row.day)].spend;
        to_points[Point{at.IndexOf(row.day), -1, ""}].sums.Add(sums);
      }
      return {};
    };
    MAXOPT_CHECK(add_books(from, to, points));
    if (beside && beside->name != "plan") {
      MAXOPT_CHECK(add_books(beside->from, beside->to, before));
    }
  }
  // A chart shows a gap where a day is missing.
  if (whole && grain != "hour") {
    for (std::int64_t i = 0; i <= grid.IndexOf(to); ++i) points[Point{i, -1, ""}];
  }
  std::vector<PlannedSetup> setups;
  if (beside && beside->name == "plan") {
    if (!whole || grain == "hour" || !frame.query.filters.empty()) {
      return Fail(Errc::kInvalidArgument,
                  "the plan is of a client's days: compare=plan goes without by and filters, by "
                  "day, week or month");
    }
    for (const Client& client : frame.clients) {
      MAXOPT_TRY(const std::vector<PlannedSetup> own, PlannedSetups(frame, client.name));
      setups.insert(setups.end(), own.begin(), own.end());
    }
  }

  Sums total, total_before;
  for (const auto& [point, told] : points) {
    ViewRow row;
    const Day begin = grid.Begin(point.index);
    row.key = PrintDay(begin);
    if (point.hour >= 0) row.key += fmt::format("T{:02}", point.hour);
    if (!point.by.empty()) row.key += "/" + point.by;
    row.cells.emplace_back(begin);
    if (grain == "hour") row.cells.emplace_back(static_cast<std::int64_t>(point.hour));
    if (!whole) {
      const std::string level = rows.levels.empty() ? "" : rows.levels.front();
      const std::string name = level.empty() ? told.first.segment : NameOf(level, told.first);
      row.cells.push_back(
          TextCell(level.empty() || rows.cut.empty() ? name : name + ", " + told.first.segment));
      row.cells.push_back(TextCell(point.by));
    }
    std::vector<ViewCell> then;
    const std::vector<ViewCell>* other = nullptr;
    if (!setups.empty()) {
      then.resize(metrics.size());
      std::optional<Money> plan;
      bool mixed = false;
      const Day first = std::max(begin, from);
      const Day last = std::min(grid.Begin(point.index + 1) - days(1), to);
      for (const PlannedSetup& setup : setups) {
        if (setup.last < first || setup.first > last) continue;
        const Money part = PlannedIn(setup.total, setup.first, setup.last, first, last);
        mixed = mixed || (plan && plan->currency() != part.currency());
        if (!mixed) plan = plan ? *plan + part : part;
      }
      for (std::size_t i = 0; i < metrics.size(); ++i) {
        if (metrics[i]->name == "spend" && !mixed) then[i] = Maybe(plan);
      }
      other = &then;
    } else if (const auto at = before.find(point); at != before.end()) {
      then = CellsOf(metrics, at->second.sums);
      other = &then;
      total_before.Add(at->second.sums);
    }
    AddMetricCells(row.cells, metrics, told.sums, beside, other);
    if (told.sums.parts > 0) total.Add(told.sums);
    view.rows.push_back(std::move(row));
  }
  // How much of each day is known, where days are shown of one account or all judged alike.
  if (grain == "day" && whole && !frame.accounts.empty()) {
    std::map<Day, std::pair<double, double>> known;  // conversions now, at last
    std::set<Day> unjudged;
    Frame quiet = frame;
    Ask ask;
    ask.grain = "day";
    MAXOPT_TRY(const std::vector<Found> found, AskFacts(quiet, ask));
    std::map<std::pair<AccountId, Day>, double> conversions;
    for (const Found& one : found) {
      if (const auto day = ParseDay(one.period)) {
        conversions[{one.account->info.account, *day}] = one.sums.conversions.value_or(0);
      }
    }
    if (!frame.query.as_of) {
      std::map<std::pair<AccountId, Day>, double> shares;
      for (const ClientAccount& account : frame.accounts) {
        MAXOPT_TRY(const std::vector<DayQuality> judged,
                   frame.home.facts().Quality(account.info.account, from, to));
        for (const DayQuality& day : judged) {
          if (day.share_known && *day.share_known > 0) {
            shares[{account.info.account, day.day}] = std::min(1.0, *day.share_known);
          }
        }
      }
      for (const auto& [of, count] : conversions) {
        const auto at = shares.find(of);
        if (at == shares.end()) {
          unjudged.insert(of.second);
          continue;
        }
        known[of.second].first += count;
        known[of.second].second += count / at->second;
      }
      for (ViewRow& row : view.rows) {
        const Day day = std::get<Day>(row.cells.front());
        const auto at = known.find(day);
        if (at == known.end() || unjudged.contains(day) || !(at->second.first > 0)) continue;
        row.known = std::min(1.0, at->second.first / at->second.second);
      }
    }
  }
  if (total.parts > 0) {
    view.totals = TotalsOf(frame, metrics, total, beside, &total_before, columns_before);
  }
  MAXOPT_CHECK(NoteWindows(frame));
  return view;
}

// --- cuts ----------------------------------------------------------------------------------------

namespace {

/// Rows by one cut, of whatever levels are asked for besides.
Result<View> CutView(Frame& frame, const std::string& cut) {
  MAXOPT_CHECK(frame.Period(28));
  MAXOPT_TRY(Rows rows, ReadBy(frame, {}));
  if (!rows.cut.empty() && rows.cut != cut) {
    return Fail(Errc::kInvalidArgument, fmt::format("{} is by {}; by={} is for the view campaigns",
                                                    frame.kind.name, cut, rows.cut));
  }
  rows.cut = cut;
  MAXOPT_TRY(const std::vector<const Metric*> metrics, ChooseMetrics(frame, kUsual));
  return TreeView(frame, rows, metrics);
}

}  // namespace

Result<View> Geo(Frame& frame) { return CutView(frame, "country"); }
Result<View> Devices(Frame& frame) { return CutView(frame, frame.Extra("cut", "device")); }
Result<View> Audiences(Frame& frame) { return CutView(frame, frame.Extra("cut", "age_gender")); }

Result<View> Hours(Frame& frame) {
  MAXOPT_CHECK(frame.Period(28));
  MAXOPT_TRY(const std::vector<const Metric*> metrics, ChooseMetrics(frame, kUsual));
  Ask ask;
  ask.grain = "hour";
  ask.dimensions = {};
  MAXOPT_TRY(const std::vector<Found> found, AskFacts(frame, ask));
  std::map<std::pair<int, int>, Sums> cells;
  for (const Found& row : found) {
    const auto time = ParseLocal(row.period);
    if (!time) Bug();
    const Day day = std::chrono::floor<days>(*time);
    const int hour = static_cast<int>((*time - LocalTime(day)) / std::chrono::hours(1));
    const auto weekday = static_cast<int>(std::chrono::weekday{day}.iso_encoding());
    cells[{weekday, hour}].Add(row.sums);
  }
  static constexpr const char* kNames[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                           "Friday", "Saturday", "Sunday"};
  View& view = frame.view;
  view.columns = {Text("weekday", "Weekday"),
                  Of(CellKind::kCount, "weekday_number", "Weekday, number", "Monday is 1."),
                  Of(CellKind::kCount, "hour", "Hour", "On the account's clock, 0 to 23.")};
  AddMetricColumns(view, metrics, std::nullopt);
  Sums total;
  for (const auto& [at, sums] : cells) {
    ViewRow row;
    row.key = fmt::format("{}-{:02}", at.first, at.second);
    row.cells = {std::string(kNames[at.first - 1]), static_cast<std::int64_t>(at.first),
                 static_cast<std::int64_t>(at.second)};
    AddMetricCells(row.cells, metrics, sums, std::nullopt, nullptr);
    total.Add(sums);
    view.rows.push_back(std::move(row));
  }
  if (total.parts > 0) {
    view.totals = TotalsOf(frame, metrics, total, std::nullopt, nullptr, 3);
  } else {
    frame.Note("No hours are known of these days; accounts are read by the hour while they run.");
  }
  MAXOPT_CHECK(NoteWindows(frame));
  return view;
}

Result<View> CreativesView(Frame& frame) {
  MAXOPT_CHECK(frame.Period(28));
  MAXOPT_TRY(const std::vector<const Metric*> metrics, ChooseMetrics(frame, kUsual));
  MAXOPT_TRY(View view, TreeView(frame, Rows{{"ad"}, ""}, metrics));
  MAXOPT_TRY(const auto states, ObjectStates(frame, true));
  std::map<std::string, std::map<std::string, Picture>>
      pictures;  // client -> ad address -> picture
  for (const Client& client : frame.clients) {
    MAXOPT_TRY(pictures[client.name], PicturesOf(frame, client.name));
  }
  std::map<std::string, std::string> tired;  // by key
  AlertQuery query;
  query.client = frame.query.client;
  MAXOPT_TRY(const std::vector<AlertEntry> alerts, Alerts(frame.home.store(), query));
  for (const AlertEntry& entry : alerts) {
    const Condition& c = entry.alert.condition;
    if (c.detector != "fatigue" || !c.account || !frame.Sees(c.client)) continue;
    tired[ObjectKey(*c.account, c.level, c.object_id)] = c.title;
  }
  const std::size_t client = *view.Find("client");
  view.columns.push_back(Text("headline", "Headline", "The first of the ad's."));
  view.columns.push_back(Text("picture", "Picture", "Name of the media in the documents."));
  view.columns.push_back(Text("picture_file", "Picture, file"));
  view.columns.push_back(
      Text("picture_sha256", "Picture, digest", "SHA-256 of the media's content."));
  view.columns.push_back(Text("fatigue", "Fatigue", "What an open alert says of it."));
  for (ViewRow& row : view.rows) {
    const auto at = states.find(row.key);
    Picture picture;
    std::string headline;
    if (at != states.end()) {
      headline = at->second.headline;
      const auto* name = std::get_if<std::string>(&row.cells[client]);
      if (name != nullptr) {
        const auto& known = pictures[*name];
        const auto found = known.find(at->second.address);
        if (found != known.end()) picture = found->second;
      }
    }
    row.cells.push_back(TextCell(headline));
    row.cells.push_back(TextCell(picture.name));
    row.cells.push_back(TextCell(picture.file));
    row.cells.push_back(TextCell(picture.sha256));
    const auto alert = tired.find(row.key);
    row.cells.push_back(alert == tired.end() ? ViewCell() : TextCell(alert->second));
    if (alert != tired.end()) row.tone = "watch";
  }
  if (view.totals) view.totals->resize(view.columns.size());
  return view;
}

}  // namespace maxopt::views
