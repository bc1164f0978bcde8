// init, connect, check, plan, activate, plans, show: what leads up to the one door.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/cli/open.h"
#include "app/cli/render.h"
#include "stages/setup/documents.h"
#include "stages/setup/setup.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

/// A document, and the world that it is checked against.
struct Loaded {
  CampaignDocument document;
  std::vector<ClientAccount> accounts;
  Day today;
};

Result<Loaded> Load(Home& home, const std::string& file) {
  MAXOPT_TRY(const std::string text, ReadWholeFile(file));
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  const auto read_file = [&](const std::string& name) -> Result<std::string> {
    const std::filesystem::path path = folder / name;
    const std::string relative = path.lexically_relative(folder).string();
    if (std::filesystem::path(name).is_absolute() || relative.starts_with("..")) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{} is outside the document's folder; put files beside it", name));
    }
    return ReadWholeFile(path.string());
  };
  Loaded loaded;
  MAXOPT_TRY(loaded.document, ParseCampaign(text, file, read_file));
  MAXOPT_TRY(loaded.accounts, home.store().Accounts());
  const auto client = home.store().GetClient(loaded.document.client);
  const Zone zone = client ? Zone::Find(client->zone).value_or(Zone::Utc()) : Zone::Utc();
  loaded.today = zone.DayOf(home.clock().Now());
  return loaded;
}

bool HasFails(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& f) { return f.severity == Severity::kFail; });
}

Result<LiveState> ReadLive(Home& home, const CampaignDocument& document) {
  std::vector<AccountId> accounts;
  for (const LineDocument& line : document.lines) {
    if (std::find(accounts.begin(), accounts.end(), line.account) == accounts.end()) {
      accounts.push_back(line.account);
    }
  }
  LiveState live;
  MAXOPT_TRY(live.trees, home.ReadTrees(accounts));
  for (const AccountId& account : accounts) {
    MAXOPT_TRY(live.owned[account], home.store().Objects(account));
  }
  return live;
}

/// Guards and stores the draft, shows it, and says what comes next.
Result<int> ProposeAndShow(const CommandContext& context, Home& home, Plan draft) {
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(draft.client));
  MAXOPT_TRY(const Plan plan, home.door().Propose(std::move(draft), policy ? &*policy : nullptr));
  if (context.json) {
    fmt::print("{}\n", PlanJson(plan));
  } else {
    fmt::print("{}", PlanText(plan));
    if (plan.status == PlanStatus::kGuarded) {
      fmt::print("Nothing has been sent. Next: maxopt approve {} --by YOUR-NAME\n", plan.id);
    } else {
      fmt::print("Blocked: nothing has been sent, and this plan cannot be approved.\n");
    }
  }
  return kExitPending;
}

}  // namespace

Result<int> InitCommand(const CommandContext& context) {
  MAXOPT_TRY(const std::vector<std::string> written, Home::Init(context.home));
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

Result<int> CheckCommand(const CommandContext& context, const std::string& file) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const Loaded loaded, Load(*home, file));
  const std::vector<Finding> findings =
      CheckCampaign(loaded.document, loaded.accounts, loaded.today);
  fmt::print("{}{}", context.json ? FindingsJson(findings) : FindingsText(findings),
             context.json ? "\n" : "");
  return HasFails(findings) ? kExitError : kExitOk;
}

Result<int> PlanCommand(const CommandContext& context, const std::string& file) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const Loaded loaded, Load(*home, file));
  const std::vector<Finding> findings =
      CheckCampaign(loaded.document, loaded.accounts, loaded.today);
  if (HasFails(findings)) {
    fmt::print("{}{}", context.json ? FindingsJson(findings) : FindingsText(findings),
               context.json ? "\n" : "");
    return Fail(
        Errc::kInvalidArgument,
        fmt::format("{} has findings to correct; no plan was made, nothing was sent", file));
  }
  MAXOPT_TRY(const LiveState live, ReadLive(*home, loaded.document));
  MAXOPT_TRY(Plan draft, CompilePlan(loaded.document, live, loaded.today));
  if (draft.changes.empty()) {
    if (context.json) {
      fmt::print("{}\n",
                 ordered_json{{"changes", ordered_json::array()}, {"notes", draft.notes}}.dump(2));
    } else {
      fmt::print("No change: the platforms are as {} says.\n", file);
      for (const std::string& note : draft.notes) fmt::print("  note: {}\n", note);
    }
    return kExitOk;
  }
  draft.created_by = "plan " + std::filesystem::path(file).filename().string();
  MAXOPT_TRY(const std::string text, ReadWholeFile(file));
  MAXOPT_CHECK(home->store().SaveDocument(
      {loaded.document.client, "campaign", file, text, home->clock().Now()}));
  return ProposeAndShow(context, *home, std::move(draft));
}

Result<int> ActivateCommand(const CommandContext& context, const std::string& file) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const Loaded loaded, Load(*home, file));
  MAXOPT_TRY(const LiveState live, ReadLive(*home, loaded.document));
  MAXOPT_TRY(Plan draft, CompileActivation(loaded.document, live));
  if (draft.changes.empty()) {
    fmt::print("{}\n", context.json ? "{\"changes\":[]}" : "No change: everything is on already.");
    return kExitOk;
  }
  draft.created_by = "activate " + std::filesystem::path(file).filename().string();
  return ProposeAndShow(context, *home, std::move(draft));
}

Result<int> PlansCommand(const CommandContext& context, const std::string& status) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  std::optional<PlanStatus> wanted;
  if (!status.empty()) {
    MAXOPT_TRY(wanted, FindPlanStatus(status));
  }
  MAXOPT_TRY(const std::vector<Plan> plans, home->store().Plans(wanted, 100));
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
