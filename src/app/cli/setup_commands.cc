// init, connect, check, plan, activate, plans, show: what leads up to the one door.
#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/cli/open.h"
#include "app/cli/render.h"
#include "app/reports/reports.h"
#include "app/worker/worker.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

}  // namespace

Result<int> InitCommand(const CommandContext& context) {
  MAXOPT_TRY(const std::vector<std::string> written,
             Home::Init(context.home, {{"monitoring.yaml", MonitoringTemplate()},
                                       {"reports.yaml", ReportsTemplate()}}));
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"home", context.home}, {"written", written}}.dump(2));
    return kExitOk;
  }
  for (const std::string& path : written) fmt::print("wrote {}\n", path);
  fmt::print("Edit connections.yaml and policy.yaml in {}, then run maxopt connect.\n",
             context.home);
  return kExitOk;
}

Result<int> ConnectCommand(const CommandContext& context) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::vector<Home::Connected> lines, home->Connect());
  bool ok = !lines.empty();
  ordered_json json = ordered_json::array();
  for (const auto& line : lines) {
    ok = ok && line.ok;
    json.push_back({{"account", PrintAccount(line.account)},
                    {"client", line.client},
                    {"ok", line.ok},
                    {"what", line.what}});
    if (!context.json) {
      fmt::print("{}  {:<28} {:<20} {}\n", line.ok ? "ok  " : "FAIL", PrintAccount(line.account),
                 line.client, line.what);
    }
  }
  if (context.json) fmt::print("{}\n", ordered_json{{"accounts", json}}.dump(2));
  if (lines.empty() && !context.json) {
    fmt::print("{} names no accounts yet\n", home->PathOf("connections.yaml"));
  }
  return ok ? kExitOk : kExitError;
}

Result<int> PlansCommand(const CommandContext& context, const std::string& status) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  std::optional<PlanStatus> wanted;
  if (!status.empty()) {
    MAXOPT_TRY(wanted, FindPlanStatus(status));
  }
  MAXOPT_TRY(const std::vector<Plan> plans, home->store().Plans(wanted, kAllPlans));
  if (context.json) {
    ordered_json out = ordered_json::array();
    for (const Plan& plan : plans) {
      out.push_back({{"id", plan.id},
                     {"client", plan.client},
                     {"title", plan.title},
                     {"status", PlanStatusName(plan.status)},
                     {"created_at", PrintInstant(plan.created_at)},
                     {"changes", plan.changes.size()}});
    }
    fmt::print("{}\n", ordered_json{{"plans", out}}.dump(2));
    return kExitOk;
  }
  for (const Plan& plan : plans) {
    fmt::print("{}  {:<9} {:>3} changes  {}  {}\n", plan.id, PlanStatusName(plan.status),
               plan.changes.size(), PrintInstant(plan.created_at), plan.title);
  }
  if (plans.empty()) fmt::print("no plans\n");
  return kExitOk;
}

Result<int> ShowCommand(const CommandContext& context, const std::string& id, bool journal) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const Plan plan, home->store().GetPlan(id));
  if (!journal) {
    fmt::print("{}{}", context.json ? PlanJson(plan) : PlanText(plan), context.json ? "\n" : "");
    return kExitOk;
  }
  ordered_json out = ordered_json::array();
  for (const Change& change : plan.changes) {
    MAXOPT_TRY(const std::vector<JournalEntry> lines, home->store().Journal(change.key));
    for (const JournalEntry& line : lines) {
      out.push_back({{"change", line.change_key},
                     {"address", change.address},
                     {"at", PrintInstant(line.at)},
                     {"state", ChangeStateName(line.state)},
                     {"id", line.id},
                     {"how", line.how}});
      if (!context.json) {
        fmt::print("{}  {:<9} {:<24} {}{}\n", PrintInstant(line.at), ChangeStateName(line.state),
                   change.address, line.how, line.id.empty() ? "" : "  id " + line.id);
      }
    }
  }
  if (context.json) fmt::print("{}\n", ordered_json{{"journal", out}}.dump(2));
  return kExitOk;
}

}  // namespace maxopt
