// import, query, monitor, recommend, report, status, doctor: what is known, and what follows.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "app/cli/background.h"
#include "app/cli/open.h"
#include "app/cli/render.h"
#include "app/optimize/optimize.h"
#include "app/reports/reports.h"
#include "app/serve/orders.h"
#include "connect/exports/exports.h"
#include "memory/facts/table.h"
#include "stages/monitor/monitor.h"

namespace maxopt {

using nlohmann::ordered_json;

Result<std::shared_ptr<Clock>> ProductClock() {
  if (const char* url = std::getenv("MAXOPT_CLOCK"); url && *url) return MakeRemoteClock(url);
  return std::make_shared<RealClock>();
}

Result<std::string> OnlyClient(Home& home, const std::string& wanted) {
  MAXOPT_TRY(const std::vector<Client> clients, home.store().Clients());
  if (!wanted.empty()) {
    MAXOPT_TRY(const Client client, home.store().GetClient(wanted));
    return client.name;
  }
  if (clients.size() == 1) return clients.front().name;
  std::string names;
  for (const Client& client : clients) names += (names.empty() ? "" : ", ") + client.name;
  return Fail(Errc::kInvalidArgument,
              clients.empty() ? std::string("no client is known yet; run maxopt connect first")
                              : fmt::format("which client? --client with one of: {}", names));
}

Result<std::unique_ptr<Home>> OpenHome(const CommandContext& context) {
  MAXOPT_TRY(std::shared_ptr<Clock> clock, ProductClock());
  return Home::Open(context.home, std::move(clock));
}

namespace {

std::vector<std::string> Split(std::string_view text, char at) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

Result<std::optional<Day>> OptionalDay(const std::string& text, const char* flag) {
  if (text.empty()) return std::nullopt;
  auto day = ParseDay(text);
  if (!day) return FailWithin(flag, day.error());
  return *day;
}

void PrintImported(const ImportedFile& file) {
  fmt::print("{}\n  {}: {} rows{}\n", file.name, file.recognised, file.rows,
             file.used ? "" : " (nothing in it can be loaded)");
  std::string spend;
  for (const auto& [currency, money] : file.totals.spend) {
    spend += (spend.empty() ? "" : " + ") + PrintMoney(money);
  }
  if (!spend.empty()) fmt::print("  spend {}", spend);
  if (file.totals.impressions) fmt::print("  impressions {}", *file.totals.impressions);
  if (file.totals.clicks) fmt::print("  clicks {}", *file.totals.clicks);
  if (file.totals.conversions) fmt::print("  conversions {:g}", *file.totals.conversions);
  for (const auto& [level, count] : file.totals.objects) {
    fmt::print("  {} {}{}", count, LevelName(level), count == 1 ? "" : "s");
  }
  fmt::print("\n");
  for (const ExportColumn& column : file.columns) {
    fmt::print("    {:<36} {}\n", column.header, column.meaning);
  }
  for (const std::string& note : file.notes) fmt::print("  note: {}\n", note);
}

ordered_json ImportedJson(const ImportedFile& file) {
  ordered_json columns = ordered_json::array();
  for (const ExportColumn& column : file.columns) {
    columns.push_back({{"column", column.header}, {"meaning", column.meaning}});
  }
  ordered_json spend = ordered_json::object();
  for (const auto& [currency, money] : file.totals.spend) {
    spend[std::string(currency.name())] = PrintDecimal(money);
  }
  ordered_json totals{{"spend", spend}};
  totals["impressions"] =
      file.totals.impressions ? ordered_json(*file.totals.impressions) : ordered_json();
  totals["clicks"] = file.totals.clicks ? ordered_json(*file.totals.clicks) : ordered_json();
  totals["conversions"] =
      file.totals.conversions ? ordered_json(*file.totals.conversions) : ordered_json();
  for (const auto& [level, count] : file.totals.objects) {
    totals[std::string(LevelName(level)) + "s"] = count;
  }
  return {{"file", file.name},  {"recognised", file.recognised},
          {"rows", file.rows},  {"used", file.used},
          {"totals", totals},   {"columns", columns},
          {"notes", file.notes}};
}

/// Orders go to the event store, where each counts once, and from there into the books' days.
Result<int> ImportOrders(const CommandContext& context, const ImportArguments& arguments,
                         const std::string& name, const std::string& content) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::vector<Client> clients, home->store().Clients());
  std::string of = arguments.client;
  if (of.empty() && clients.size() == 1) of = clients.front().name;
  if (of.empty()) return Fail(Errc::kInvalidArgument, "whose orders are these? Add --client NAME");
  MAXOPT_TRY(const Client client, home->store().GetClient(of));
  MAXOPT_TRY(const Zone zone, Zone::Find(client.zone));
  const std::string path = context.home + "/tracking.yaml";
  TrackedSite site;
  if (std::filesystem::exists(path)) {
    MAXOPT_TRY(const std::string yaml, ReadWholeFile(path));
    MAXOPT_TRY(const TrackingConfig config, ParseTrackingConfig(yaml, path));
    for (const TrackedSite& one : config.sites) {
      if (one.client == of && site.site.empty()) site = one;
    }
  }
  if (site.site.empty()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} has no site of {}; orders belong to one", path, of));
  }
  MAXOPT_TRY(const OrdersFile orders,
             ReadOrders(content, site, zone, arguments.currency, home->clock().Now()));
  MAXOPT_TRY(const auto store, EventStore::Open(EventStore::PathIn(context.home)));
  MAXOPT_TRY(const EventStore::Appended appended, store->Append(orders.events));
  MAXOPT_TRY(const std::vector<OrdersDay> days, OrdersByDay(*store, of, zone, orders.events));
  std::vector<KpiRow> rows;
  for (const OrdersDay& day : days) {
    rows.push_back({of, day.day, day.currency, day.orders, day.revenue});
  }
  MAXOPT_TRY(const LoadSummary loaded,
             home->facts().LoadKpi(rows, home->clock().Now(),
                                   "import " + std::filesystem::path(name).filename().string()));
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"orders", orders.events.size()},
                                    {"stored", appended.stored},
                                    {"duplicates", appended.duplicates},
                                    {"days", rows.size()},
                                    {"ignored_columns", orders.ignored}}
                           .dump(2));
  } else {
    fmt::print("{} orders of {}: {} new, {} known already; {} days of the books, {} restated\n",
               orders.events.size(), of, appended.stored, appended.duplicates, rows.size(),
               loaded.slices_restated);
    for (const std::string& column : orders.ignored) {
      fmt::print("column \"{}\" was not used\n", column);
    }
  }
  return kExitOk;
}

}  // namespace

Result<int> ImportCommand(const CommandContext& context, const ImportArguments& arguments) {
  std::vector<ExportFile> files;
  for (const std::string& name : arguments.files) {
    MAXOPT_TRY(std::string content, ReadWholeFile(name));
    if (IsOrdersFile(content)) {
      if (arguments.files.size() != 1) {
        return Fail(Errc::kInvalidArgument, name + " holds orders; import it alone");
      }
      return ImportOrders(context, arguments, name, content);
    }
    files.push_back({name, std::move(content)});
  }
  ExportOptions options;
  options.account_id = arguments.account;
  options.client = arguments.client;
  if (!arguments.platform.empty()) {
    MAXOPT_TRY(options.platform, FindPlatform(arguments.platform));
  }
  if (!arguments.currency.empty()) {
    MAXOPT_TRY(options.currency, FindCurrency(arguments.currency));
  }
  MAXOPT_TRY(options.day, OptionalDay(arguments.day, "--day"));
  if (arguments.year != 0) options.year = arguments.year;
  if (!arguments.decimal.empty()) options.decimal_mark = arguments.decimal[0];
  MAXOPT_TRY(const ExportImport import, ReadExports(files, options));

  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  const Instant now = home->clock().Now();
  LoadSummary sum;
  const auto add = [&](const LoadSummary& part) {
    sum.rows += part.rows;
    sum.slices_new += part.slices_new;
    sum.slices_restated += part.slices_restated;
    sum.slices_unchanged += part.slices_unchanged;
  };
  std::string source = "import";
  for (const ImportedFile& file : import.files) {
    source += " " + std::filesystem::path(file.name).filename().string();
  }
  for (const MetricReport& report : import.reports) {
    MAXOPT_TRY(const LoadSummary part, home->facts().Load(report, now, source));
    add(part);
  }
  for (const AccountTree& account : import.accounts) {
    MAXOPT_CHECK(home->facts().LoadEntities(account.info, account.entities, now));
  }
  std::vector<KpiRow> kpi;
  for (const ExportKpiDay& day : import.kpi) {
    kpi.push_back({day.client, day.day, day.currency, day.orders, day.revenue});
  }
  if (!kpi.empty()) {
    MAXOPT_TRY(const LoadSummary part, home->facts().LoadKpi(kpi, now, source));
    add(part);
  }
  if (context.json) {
    ordered_json out = ordered_json::array();
    for (const ImportedFile& file : import.files) out.push_back(ImportedJson(file));
    fmt::print("{}\n", ordered_json{{"files", out},
                                    {"loaded",
                                     {{"rows", sum.rows},
                                      {"slices_new", sum.slices_new},
                                      {"slices_restated", sum.slices_restated},
                                      {"slices_unchanged", sum.slices_unchanged}}}}
                           .dump(2));
  } else {
    for (const ImportedFile& file : import.files) PrintImported(file);
    fmt::print("loaded {} rows: {} new account days, {} restated, {} unchanged\n", sum.rows,
               sum.slices_new, sum.slices_restated, sum.slices_unchanged);
  }
  return kExitOk;
}

/// Why an account has no rows of a cut that is asked for, where its platform is the reason.
/// Accounts without a connection, which were imported, and those that no longer connect say
/// nothing.
static std::vector<std::string> CutsNotOffered(Home& home, const FactQuery& query) {
  std::vector<std::string> notes;
  std::set<Breakdown> asked;
  const auto take = [&](const std::string& dimension) {
    if (const auto breakdown = FindBreakdown(dimension)) asked.insert(*breakdown);
  };
  for (const std::string& dimension : query.dimensions) take(dimension);
  for (const FactFilter& filter : query.filters) take(filter.dimension);
  if (asked.empty()) return notes;
  const auto connections = home.Connections();
  if (!connections) return notes;
  for (const Connection& connection : *connections) {
    const auto reader = home.monitor_world().reader(connection.account);
    if (!reader) continue;
    for (const NotOffered& lacks : (*reader)->capabilities().not_offered) {
      if (!asked.contains(lacks.breakdown)) continue;
      notes.push_back(fmt::format("{} has no cut by {}: {}", PrintAccount(connection.account),
                                  BreakdownName(lacks.breakdown), lacks.why));
    }
  }
  return notes;
}

Result<int> QueryCommand(const CommandContext& context, const QueryArguments& arguments) {
  FactQuery query;
  query.measures = Split(arguments.measures, ',');
  query.dimensions = Split(arguments.by, ',');
  for (const std::string& filter : arguments.filters) {
    const std::size_t equals = filter.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("--filter \"{}\": write dimension=value,value or dimension!=value", filter));
    }
    const bool exclude = filter[equals - 1] == '!';
    query.filters.push_back({filter.substr(0, equals - (exclude ? 1 : 0)),
                             Split(filter.substr(equals + 1), ','), exclude});
  }
  MAXOPT_TRY(query.from, OptionalDay(arguments.from, "--from"));
  MAXOPT_TRY(query.to, OptionalDay(arguments.to, "--to"));
  query.grain = arguments.grain;
  if (!arguments.as_of.empty()) {
    MAXOPT_TRY(query.as_of, ParseInstant(arguments.as_of));
  }
  if (!arguments.level.empty()) {
    MAXOPT_TRY(query.level, FindLevel(arguments.level));
  }
  if (!arguments.convert_to.empty()) {
    MAXOPT_TRY(query.convert_to, FindCurrency(arguments.convert_to));
  }
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  if (arguments.explain) {
    MAXOPT_TRY(const std::string sql, home->facts().Sql(query));
    fmt::print("{}\n", sql);
    return kExitOk;
  }
  MAXOPT_TRY(FactTable table, home->facts().Query(query));
  for (std::string& note : CutsNotOffered(*home, query)) table.notes.push_back(std::move(note));
  if (context.json) {
    MAXOPT_TRY(const std::string json, ToJson(table));
    fmt::print("{}\n", json);
  } else if (arguments.csv) {
    MAXOPT_TRY(const std::string csv, ToCsv(table));
    fmt::print("{}", csv);
  } else {
    fmt::print("{}", TableText(table));
  }
  return kExitOk;
}

Result<int> MonitorCommand(const CommandContext& context, const std::string& client,
                           const std::string& depth) {
  MonitorOptions options;
  if (depth == "hour") {
    options.depth = MonitorDepth::kHour;
  } else if (depth == "year") {
    options.depth = MonitorDepth::kYear;
  } else if (depth != "day") {
    return Fail(Errc::kInvalidArgument,
                fmt::format("--depth \"{}\" is not hour, day or year", depth));
  }
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const MonitorReport report, Monitor(home->monitor_world(), client, options));
  ordered_json json = ordered_json::array();
  for (const AccountPull& pull : report.accounts) {
    json.push_back({{"account", PrintAccount(pull.account)},
                    {"reports", pull.reports},
                    {"rows", pull.loaded.rows},
                    {"slices_new", pull.loaded.slices_new},
                    {"slices_restated", pull.loaded.slices_restated},
                    {"slices_unchanged", pull.loaded.slices_unchanged},
                    {"fresh", pull.fresh},
                    {"problems", pull.problems},
                    {"postponed", pull.postponed},
                    {"notices", pull.notices}});
    if (context.json) continue;
    fmt::print("{:<28} {:>3} reports  {:>6} rows  {} new days, {} restated, {} unchanged\n",
               PrintAccount(pull.account), pull.reports, pull.loaded.rows, pull.loaded.slices_new,
               pull.loaded.slices_restated, pull.loaded.slices_unchanged);
    for (const std::string& problem : pull.problems) fmt::print("    problem: {}\n", problem);
    for (const std::string& what : pull.postponed) fmt::print("    put off: {}\n", what);
    for (const std::string& notice : pull.notices) fmt::print("    note: {}\n", notice);
  }
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"complete", report.complete()}, {"accounts", json}}.dump(2));
  } else if (report.accounts.empty()) {
    fmt::print("no accounts; run maxopt connect\n");
  }
  return report.complete() ? kExitOk : kExitError;
}

Result<int> RecommendCommand(const CommandContext& context, const std::string& client,
                             bool propose) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::string name, OnlyClient(*home, client));
  MAXOPT_TRY(const std::optional<Policy> policy, home->PolicyOf(name));
  MAXOPT_TRY(Recommendation recommendation,
             Recommend(home->optimize_world(), name, policy ? &*policy : nullptr));
  std::vector<std::string> withdrawn;
  if (recommendation.plan && propose) {
    MAXOPT_TRY(withdrawn, WithdrawUndecided(*home, name, Reason::kReallocate));
    MAXOPT_TRY(recommendation.plan,
               home->door().Propose(std::move(*recommendation.plan), &*policy));
  }
  if (context.json) {
    fmt::print("{}\n", RecommendationJson(recommendation));
  } else {
    fmt::print("{}", RecommendationText(recommendation));
    for (const std::string& said : withdrawn) fmt::print("note: {}\n", said);
    if (recommendation.plan && propose) {
      fmt::print("\n{}", PlanText(*recommendation.plan));
      if (recommendation.plan->status == PlanStatus::kGuarded) {
        fmt::print("Next: maxopt approve {} --by YOUR-NAME\n", recommendation.plan->id);
      }
    }
  }
  return recommendation.plan ? kExitPending : kExitOk;
}

Result<int> StatusCommand(const CommandContext& context, const std::string& client) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, home->store().Accounts());
  MAXOPT_TRY(const std::vector<FactStore::Freshness> fresh, home->facts().Freshest());
  MAXOPT_TRY(const std::vector<Plan> plans, home->store().Plans(std::nullopt, kAllPlans));
  ordered_json account_json = ordered_json::array();
  ordered_json plan_json = ordered_json::array();
  if (!context.json) {
    fmt::print("{}{}\n", PrintInstant(home->clock().Now()),
               home->halted() ? "  HALTED: nothing but pauses is sent" : "");
  }
  for (const ClientAccount& account : accounts) {
    if (!client.empty() && account.client != client) continue;
    std::string learnt;
    std::string last_day;
    for (const auto& entry : fresh) {
      if (entry.account != account.info.account) continue;
      learnt = PrintInstant(entry.learnt_at);
      last_day = PrintDay(entry.last_day);
    }
    account_json.push_back(
        {{"account", PrintAccount(account.info.account)},
         {"client", account.client},
         {"currency", account.info.currency.name()},
         {"zone", account.info.zone},
         {"newest_day", last_day.empty() ? ordered_json() : ordered_json(last_day)},
         {"learnt_at", learnt.empty() ? ordered_json() : ordered_json(learnt)}});
    if (context.json) continue;
    fmt::print("  {:<28} {:<18} {}  {}\n", PrintAccount(account.info.account), account.client,
               account.info.currency.name(),
               learnt.empty() ? "no facts yet" : "newest day " + last_day + ", learnt " + learnt);
  }
  for (const Plan& plan : plans) {
    const bool open = plan.status == PlanStatus::kGuarded || plan.status == PlanStatus::kApproved ||
                      plan.status == PlanStatus::kApplying || plan.status == PlanStatus::kFailed;
    if (!open || (!client.empty() && plan.client != client)) continue;
    plan_json.push_back(
        {{"id", plan.id}, {"status", PlanStatusName(plan.status)}, {"title", plan.title}});
    if (!context.json) {
      fmt::print("  open plan {}  {:<9} {}\n", plan.id, PlanStatusName(plan.status), plan.title);
    }
  }
  MAXOPT_TRY(const std::string jobs_text, JobsJson(*home));
  const ordered_json jobs = ordered_json::parse(jobs_text);
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"now", PrintInstant(home->clock().Now())},
                                    {"halted", home->halted()},
                                    {"accounts", account_json},
                                    {"open_plans", plan_json},
                                    {"jobs", jobs["jobs"]},
                                    {"calls", jobs["calls"]}}
                           .dump(2));
    return kExitOk;
  }
  MAXOPT_TRY(const std::string lines, ShowJobs(*home, client, false));
  fmt::print("{}",
             lines.empty() ? "  no jobs yet; maxopt serve or maxopt worker makes them\n" : lines);
  for (const ordered_json& calls : jobs["calls"]) {
    fmt::print("  {:<28} {} of {} calls today, {} of {} this hour\n",
               calls["account"].get<std::string>(), calls["today"].get<long>(),
               calls["per_day"].get<long>(), calls["this_hour"].get<long>(),
               calls["per_hour"].get<long>());
  }
  return kExitOk;
}

Result<int> DoctorCommand(const CommandContext& context) {
  struct Line {
    std::string what;
    std::string problem;    // empty: good
    std::string warning{};  // good for now
  };
  std::vector<Line> lines;
  const auto add = [&](std::string what, const auto& result) {
    lines.push_back({std::move(what), result ? "" : result.error().what});
  };
  add("time zones (Europe/Berlin)", Zone::Find("Europe/Berlin"));
  const auto home = OpenHome(context);
  add("home " + context.home, home);
  if (home) {
    const auto connections = (*home)->Connections();
    add("connections.yaml", connections);
    add("reports.yaml", CheckReportsConfig(**home));
    const auto clients = (*home)->store().Clients();
    add("campaign memory", clients);
    add("facts", (*home)->facts().Freshest());
    if (clients) {
      for (const Client& client : *clients) {
        const auto policy = (*home)->PolicyOf(client.name);
        lines.push_back({"policy of " + client.name,
                         !policy                ? policy.error().what
                         : !policy->has_value() ? "none: nothing can be written for this client"
                                                : ""});
      }
    }
    if (connections) {
      const Day today = Zone::Utc().DayOf((*home)->clock().Now());
      for (VersionFinding& finding :
           VersionFindings(PlatformSpecs::BuiltIn(), *connections, today)) {
        lines.push_back(
            {std::move(finding.what), std::move(finding.problem), std::move(finding.warning)});
      }
      for (const Connection& connection : *connections) {
        const auto tree = (*home)->ReadTrees({connection.account});
        add("reach " + PrintAccount(connection.account), tree);
      }
    }
  }
  bool ok = true;
  ordered_json json = ordered_json::array();
  for (const Line& line : lines) {
    ok = ok && line.problem.empty();
    json.push_back({{"what", line.what},
                    {"ok", line.problem.empty()},
                    {"problem", line.problem},
                    {"warning", line.warning}});
    if (context.json) continue;
    const std::string& said = line.problem.empty() ? line.warning : line.problem;
    const std::string_view mark = !line.problem.empty()   ? "FAIL"
                                  : !line.warning.empty() ? "warn"
                                                          : "ok  ";
    fmt::print("{}  {}{}\n", mark, line.what, said.empty() ? "" : "\n        " + said);
  }
  if (context.json) fmt::print("{}\n", ordered_json{{"ok", ok}, {"checks", json}}.dump(2));
  return ok ? kExitOk : kExitError;
}

}  // namespace maxopt
