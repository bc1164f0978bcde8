#include "app/views/views.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "app/views/frame.h"
#include "app/views/themes.h"

namespace maxopt {
namespace {

using P = ViewParameter;

constexpr P kCommon[] = {
    {"from", "first day, in the accounts' zones", ""},
    {"to", "last day, inclusive", ""},
    {"compare", "beside each number the same of another time, or of the plan",
     "previous year plan"},
    {"by", "levels and cuts of the rows, separated by commas", ""},
    {"metrics", "columns of numbers, separated by commas", ""},
    {"filter", "filter.DIMENSION=VALUE,VALUE: rows of these only, by id or by name", ""},
    {"as_of", "what was known then, RFC 3339", ""},
    {"sort", "a column; with - in front descending", ""},
    {"limit", "rows of a page; none: all", ""},
    {"cursor", "`next` of the page before", ""},
    {"search", "rows in whose texts this stands", ""},
};
/// Heeded by every view.
constexpr std::string_view kAlways[] = {"as_of", "sort", "limit", "cursor", "search"};

constexpr P kCurrencyOwn[] = {
    {"currency", "all money in this one, at each day's own rate (ISO 4217)", ""},
};
constexpr P kSeriesOwn[] = {
    {"grain", "length of a period", "hour day week month"},
    {"currency", "all money in this one, at each day's own rate (ISO 4217)", ""},
};
constexpr P kDevicesOwn[] = {
    {"cut", "what is cut by", "device placement"},
    {"currency", "all money in this one, at each day's own rate (ISO 4217)", ""},
};
constexpr P kAudiencesOwn[] = {
    {"cut", "what is cut by", "age_gender audience"},
    {"currency", "all money in this one, at each day's own rate (ISO 4217)", ""},
};
constexpr P kAlertsOwn[] = {{"state", "open: those that are not over", "open all"}};
constexpr P kIdOwn[] = {{"id", "which", ""}};
constexpr P kPlansOwn[] = {
    {"status", "of one status; waiting: guarded or approved",
     "waiting draft blocked guarded approved rejected applying failed applied verified scored"}};
constexpr P kModelOwn[] = {{"model", "of the observed: last, first, linear, ...", ""}};
constexpr P kLedgerOwn[] = {{"event", "only these", ""}, {"plan", "only of this plan", ""}};
constexpr P kCalibrationOwn[] = {{"rows", "one of each kind, or of each plan", "kinds outcomes"}};
constexpr P kTacticsOwn[] = {
    {"like", "what is seen or wanted, in words: the most alike first", ""},
    {"platform", "that fit it",
     "google_ads meta tiktok microsoft linkedin amazon pinterest snapchat reddit x"},
    {"problem", "of what is seen: ctr_low, creative_fatigue, ...", ""},
    {"lever", "done by changes of this reason: bid, place, ...", ""},
    {"grade", "how well it is known", "prior observing candidate validated contradicted"},
    {"show", "all: also what is retired or expired", "current all"}};
constexpr P kCyclesOwn[] = {
    {"stage", "of one stage of the workflow", "setup monitor optimize report"},
    {"state", "how far they are", "running stopped done abandoned"}};
constexpr P kSegmentsOwn[] = {{"kpi", "what is compared", "cpa roas ctr"}};
constexpr P kTeamOwn[] = {{"member", "only with this teammate", ""},
                          {"show", "overdue: only what is", "all overdue"}};
constexpr P kMessagesOwn[] = {{"to", "only of this teammate", ""}};

const ViewKind kViews[] = {
    {"overview", "Overview",
     "Every client and account: spend today and this month against plan, where the month will end, "
     "KPI against target, health.",
     false, "filter", kCurrencyOwn, views::Overview},
    {"accounts", "Accounts", "Every account with its settings, numbers and how fresh it is.", false,
     "from to compare metrics filter", kCurrencyOwn, views::AccountsView},
    {"campaigns", "Campaigns",
     "The tree of client, account, campaign, ad group and ad with any metrics, cuts and "
     "comparison.",
     false, "from to compare by metrics filter", kCurrencyOwn, views::Campaigns},
    {"series", "Series", "Metrics by hour, day, week or month, for charts.", false,
     "from to compare by metrics filter", kSeriesOwn, views::Series},
    {"pacing",
     "Pacing",
     "Where each campaign's flight lands against its plan.",
     false,
     "",
     {},
     views::PacingView},
    {"marginals",
     "Marginal returns",
     "Of each channel: spend, and what a further unit of it would bring, with its interval.",
     true,
     "",
     {},
     views::Marginals},
    {"hours", "Hours", "Weekday and hour on the accounts' clocks.", false, "from to metrics filter",
     kCurrencyOwn, views::Hours},
    {"geo", "Countries", "Where people were reached.", false, "from to compare by metrics filter",
     kCurrencyOwn, views::Geo},
    {"devices", "Devices", "On what ads were seen, or where in the platform.", false,
     "from to compare by metrics filter", kDevicesOwn, views::Devices},
    {"audiences", "Audiences", "Whom ads reached: age and gender, or audiences.", false,
     "from to compare by metrics filter", kAudiencesOwn, views::Audiences},
    {"creatives", "Creatives", "Every ad with its picture, its numbers and its fatigue.", false,
     "from to compare metrics filter", kCurrencyOwn, views::CreativesView},
    {"attribution", "Attribution",
     "Claimed, observed and incremental side by side, with the window of each claim.", true,
     "from to", kModelOwn, views::AttributionPage},
    {"overlap", "Overlap", "Orders that several platforms can claim.", true, "from to", kModelOwn,
     views::OverlapPage},
    {"segments", "Segments", "What does better or worse than its like, beyond luck.", true, "",
     kSegmentsOwn, views::SegmentsView},
    {"alerts", "Alerts", "What is wrong, since when, and what it concerns.", false, "filter",
     kAlertsOwn, views::AlertsView},
    {"alert", "Alert", "One alert with its evidence and diagnosis.", false, "", kIdOwn,
     views::AlertView},
    {"experiments",
     "Experiments",
     "What is compared, planned and measured.",
     false,
     "",
     {},
     views::ExperimentsView},
    {"plans", "Plans", "Every plan with its money, exposure and prediction.", false, "", kPlansOwn,
     views::PlansView},
    {"plan", "Plan", "One plan: each change, before and after, why, and what it should bring.",
     false, "", kIdOwn, views::PlanView},
    {"rules", "Rules", "The client's rules.", false, "", {}, views::RulesView},
    {"policy",
     "Policy",
     "What may be done with the client's money.",
     false,
     "",
     {},
     views::PolicyView},
    {"documents", "Documents", "What teammates handed over.", false, "", {}, views::DocumentsView},
    {"checklists",
     "Checklists",
     "The newest checklist of each campaign and phase.",
     false,
     "",
     {},
     views::ChecklistsView},
    {"messages", "Messages", "What Max told the teammates.", false, "", kMessagesOwn,
     views::MessagesView},
    {"team", "Team", "What was sent to teammates and received from them, and what is overdue.",
     false, "", kTeamOwn, views::TeamView},
    {"quality",
     "Data quality",
     "How far each account's days can be trusted.",
     false,
     "from to",
     {},
     views::QualityView},
    {"tracking",
     "Tracking",
     "Whether what is measured can be believed.",
     false,
     "",
     {},
     views::TrackingView},
    {"ledger", "Ledger", "What was proposed, approved, done and measured, in order.", false, "",
     kLedgerOwn, views::LedgerView},
    {"calibration", "Calibration", "Predicted against measured effects, by kind of change.", false,
     "", kCalibrationOwn, views::CalibrationView},
    {"tactics", "Tactics",
     "What is known of tactics: where they fit, what they bring, and how sure that is.", false, "",
     kTacticsOwn, views::TacticsView},
    {"cycles", "Decision cycles", "How each stage came to its decisions, newest first.", false, "",
     kCyclesOwn, views::CyclesView},
    {"cycle", "Decision cycle",
     "One cycle: goal, planning, evaluation, selection, execution, learning.", false, "", kIdOwn,
     views::CycleTrace},
    {"reports", "Reports", "Reports that were made.", false, "", {}, views::ReportsView},
    {"jobs",
     "Jobs",
     "What runs by itself, when, and what came of it.",
     false,
     "",
     {},
     views::JobsView},
    {"tokens",
     "Access",
     "Tokens, API versions and calls against limits.",
     false,
     "",
     {},
     views::TokensView},
    {"sunsets",
     "Sunsets",
     "Versions of APIs and features that end.",
     false,
     "",
     {},
     views::SunsetsView},
};

template <class List, class Name>
std::string Join(const List& list, Name name) {
  std::vector<std::string_view> names;
  for (const auto& entry : list) names.push_back(name(entry));
  return fmt::format("{}", fmt::join(names, ", "));
}

/// Own parameters and what every view heeds beside its common ones.
Result<> CheckParameters(const views::Frame& frame) {
  const ViewQuery& q = frame.query;
  const auto refuse = [&](std::string_view name) -> Result<> {
    std::string known(frame.kind.common);
    std::ranges::replace(known, ' ', ',');
    for (const P& own : frame.kind.own) {
      known += fmt::format("{}{}", known.empty() ? "" : ",", own.name);
    }
    for (const std::string_view always : kAlways) {
      known += fmt::format("{}{}", known.empty() ? "" : ",", always);
    }
    return Fail(Errc::kInvalidArgument, fmt::format("{} has no parameter \"{}\"; known are {}",
                                                    frame.kind.name, name, known));
  };
  const std::pair<std::string_view, bool> given[] = {
      {"from", q.from.has_value()},    {"to", q.to.has_value()},
      {"compare", !q.compare.empty()}, {"by", !q.by.empty()},
      {"metrics", !q.metrics.empty()}, {"filter", !q.filters.empty()},
  };
  for (const auto& [name, set] : given) {
    if (set && !frame.Heeds(name)) return refuse(name);
  }
  for (const auto& [name, value] : q.extra) {
    if (name == "search") continue;
    const auto own = std::ranges::find(frame.kind.own, std::string_view(name), &P::name);
    if (own == frame.kind.own.end()) return refuse(name);
    if (!own->values.empty() && !value.empty() &&
        (" " + std::string(own->values) + " ").find(" " + value + " ") == std::string::npos) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{} \"{}\" is not known; known are {}", name, value, own->values));
    }
  }
  if (!q.compare.empty() && q.compare != "previous" && q.compare != "year" && q.compare != "plan") {
    return Fail(
        Errc::kInvalidArgument,
        fmt::format("compare \"{}\" is not known; known are previous, year, plan", q.compare));
  }
  if (q.limit < 0) return Fail(Errc::kInvalidArgument, "limit is below 0");
  return {};
}

}  // namespace

bool IsOfOneThing(const ViewKind& kind) {
  return std::ranges::find(kind.own, std::string_view("id"), &P::name) != kind.own.end();
}

std::span<const ViewKind> ViewKinds() { return kViews; }
std::span<const ViewParameter> CommonParameters() { return kCommon; }

Result<const ViewKind*> FindView(std::string_view name) {
  const auto found = std::ranges::find(kViews, name, &ViewKind::name);
  if (found == std::end(kViews)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("there is no view \"{}\"; known are {}", name,
                            Join(kViews, [](const ViewKind& kind) { return kind.name; })));
  }
  return &*found;
}

Result<ViewQuery> ReadViewQuery(std::string_view view, std::string_view client,
                                std::span<const std::pair<std::string, std::string>> parameters) {
  ViewQuery query;
  query.view = view;
  query.client = client;
  std::set<std::string_view> seen;
  for (const auto& [name, value] : parameters) {
    if (!seen.insert(name).second) {
      return Fail(Errc::kInvalidArgument, fmt::format("{} is given twice", name));
    }
    if (name == "from" || name == "to") {
      const auto day = ParseDay(value);
      if (!day) return FailWithin(name, day.error());
      (name == "from" ? query.from : query.to) = *day;
    } else if (name == "as_of") {
      const auto at = ParseInstant(value);
      if (!at) return FailWithin(name, at.error());
      query.as_of = *at;
    } else if (name == "compare") {
      query.compare = value;
    } else if (name == "by") {
      query.by = views::SplitList(value);
    } else if (name == "metrics") {
      query.metrics = views::SplitList(value);
    } else if (name == "sort") {
      query.sort = value;
    } else if (name == "cursor") {
      query.cursor = value;
    } else if (name == "limit") {
      const char* end = value.data() + value.size();
      const auto read = std::from_chars(value.data(), end, query.limit);
      if (read.ec != std::errc() || read.ptr != end || query.limit < 0) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("limit \"{}\" is not a whole number from 0 on", value));
      }
    } else if (name.starts_with("filter.")) {
      const std::vector<std::string> values = views::SplitList(value);
      if (values.empty()) {
        return Fail(Errc::kInvalidArgument, fmt::format("{} names no value", name));
      }
      query.filters[name.substr(7)] = values;
    } else {
      query.extra[name] = value;
    }
  }
  return query;
}

Result<View> MakeView(Home& home, const ViewQuery& query) {
  MAXOPT_TRY(const ViewKind* kind, FindView(query.view));
  views::Frame frame{home, query, *kind};
  frame.now = query.as_of.value_or(home.clock().Now());
  MAXOPT_CHECK(CheckParameters(frame));
  const auto may_see = [&](const std::string& client) {
    return !query.clients || std::ranges::find(*query.clients, client) != query.clients->end();
  };
  if (kind->needs_client && query.client.empty()) {
    return Fail(Errc::kInvalidArgument, fmt::format("{} is of one client; say which", kind->name));
  }
  MAXOPT_TRY(const std::vector<Client> clients, home.store().Clients());
  for (const Client& client : clients) {
    if (!may_see(client.name)) continue;
    if (!query.client.empty() && client.name != query.client) continue;
    if (const auto at = query.filters.find("client");
        at != query.filters.end() &&
        std::ranges::find(at->second, client.name) == at->second.end()) {
      continue;
    }
    frame.clients.push_back(client);
  }
  if (!query.client.empty() && frame.clients.empty()) {
    return Fail(Errc::kNotFound, fmt::format("client \"{}\" is not known", query.client));
  }
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, home.store().Accounts());
  for (const ClientAccount& account : accounts) {
    if (frame.Sees(account.client)) frame.accounts.push_back(account);
  }
  // Days of several zones have no common today but UTC's.
  std::set<std::string> zones;
  for (const Client& client : frame.clients) zones.insert(client.zone);
  if (zones.size() == 1) {
    if (const auto zone = Zone::Find(*zones.begin())) frame.zone = *zone;
  }
  frame.today = frame.zone.DayOf(frame.now);
  frame.view.name = kind->name;
  frame.view.title = kind->title;
  frame.view.client = query.client;
  frame.view.as_of = frame.now;
  MAXOPT_TRY(View view, kind->make(frame));
  MAXOPT_TRY(view.freshness, views::Freshness(frame));
  MAXOPT_TRY(view, views::Finish(frame, std::move(view)));
  return view;
}

}  // namespace maxopt
