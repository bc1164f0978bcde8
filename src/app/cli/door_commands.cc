// approve, reject, apply, undo, resolve, orphans, halt: what goes through the one door.
#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/cli/launch.h"
#include "app/cli/open.h"
#include "app/cli/render.h"
#include "memory/campaigns/ledger.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

}  // namespace

/// Who types: the system's user, unless --by names someone.
std::string Person(const std::string& by) {
  if (!by.empty()) return by;
  const passwd* user = ::getpwuid(::geteuid());
  return user && user->pw_name && *user->pw_name ? user->pw_name
                                                 : fmt::format("uid {}", ::geteuid());
}

Result<int> ApproveCommand(const CommandContext& context, const std::string& id,
                           const std::string& by) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const Plan plan, home->store().GetPlan(id));
  MAXOPT_TRY(const std::optional<Policy> policy, home->PolicyOf(plan.client));
  MAXOPT_CHECK(home->door().Approve(id, by, ContentHash(plan), policy ? &*policy : nullptr));
  MAXOPT_TRY(const Plan approved, home->store().GetPlan(id));
  const std::string expires = PrintInstant(approved.approval->expires_at);
  if (context.json) {
    fmt::print(
        "{}\n",
        ordered_json{{"plan", id}, {"status", "approved"}, {"by", by}, {"expires_at", expires}}
            .dump(2));
  } else {
    fmt::print("{} is approved by {} until {}, for one apply. Next: maxopt apply {}\n", id, by,
               expires, id);
  }
  return kExitOk;
}

Result<int> RejectCommand(const CommandContext& context, const std::string& id,
                          const std::string& by) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_CHECK(RejectPlan(home->store(), id, Person(by), "", home->clock().Now()));
  fmt::print("{}\n", context.json ? ordered_json{{"plan", id}, {"status", "rejected"}}.dump(2)
                                  : id + " is rejected");
  return kExitOk;
}

Result<int> ApplyCommand(const CommandContext& context, const std::string& id,
                         const std::string& by) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const Plan plan, home->store().GetPlan(id));
  MAXOPT_TRY(const std::optional<Policy> policy, home->PolicyOf(plan.client));
  MAXOPT_TRY(const ApplyReport report,
             home->door().Apply(id, Person(by), policy ? &*policy : nullptr));
  fmt::print("{}{}", context.json ? ApplyJson(id, report) : ApplyText(id, report),
             context.json ? "\n" : "");
  if (report.sent > 0) AfterApply(context, *home, plan);
  switch (report.status) {
    case PlanStatus::kVerified:
    case PlanStatus::kApplied:
    case PlanStatus::kScored:
      return std::any_of(report.after_findings.begin(), report.after_findings.end(),
                         [](const GuardFinding& f) { return f.blocks; })
                 ? kExitError
                 : kExitOk;
    case PlanStatus::kApplying:
      return kExitPending;
    default:
      return kExitError;
  }
}

Result<int> UndoCommand(const CommandContext& context, const UndoArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const Plan plan, home->store().GetPlan(arguments.plan));
  MAXOPT_TRY(const std::optional<Policy> policy, home->PolicyOf(plan.client));
  MAXOPT_TRY(const Plan undo,
             home->door().Undo(arguments.plan, Person(arguments.by), policy ? &*policy : nullptr,
                               {arguments.only, arguments.force}));
  fmt::print("{}{}", context.json ? PlanJson(undo) : PlanText(undo), context.json ? "\n" : "");
  if (!context.json) fmt::print("Next: maxopt approve {} --by YOUR-NAME\n", undo.id);
  return kExitPending;
}

Result<int> ResolveCommand(const CommandContext& context, const ResolveArguments& arguments) {
  if (arguments.found.empty() == !arguments.absent) {
    return Fail(Errc::kInvalidArgument,
                "say one of --found ID (it is there) and --absent (it is not)");
  }
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(
      const ChangeStatus status,
      home->door().Resolve(arguments.plan, arguments.change, Person(arguments.by),
                           arguments.absent ? std::nullopt : std::optional(arguments.found)));
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"plan", arguments.plan},
                                    {"change", status.change.key},
                                    {"address", status.change.address},
                                    {"state", ChangeStateName(status.state)},
                                    {"id", status.id},
                                    {"how", status.how}}
                           .dump(2));
  } else {
    fmt::print("{} is {}: {}\nNext: maxopt apply {} goes on with the plan\n", status.change.address,
               ChangeStateName(status.state), status.how, arguments.plan);
  }
  return kExitOk;
}

Result<int> OrphansCommand(const CommandContext& context, const std::string& client) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::vector<Client> clients, home->store().Clients());
  if (!client.empty()) MAXOPT_CHECK(home->store().GetClient(client));
  ordered_json json = ordered_json::array();
  std::size_t count = 0;
  for (const Client& one : clients) {
    if (!client.empty() && one.name != client) continue;
    MAXOPT_TRY(const std::vector<Orphan> orphans, home->door().Orphans(one.name));
    count += orphans.size();
    for (const Orphan& orphan : orphans) {
      json.push_back({{"client", one.name},
                      {"kind", OrphanKindName(orphan.kind)},
                      {"account", PrintAccount(orphan.account)},
                      {"level", LevelName(orphan.level)},
                      {"id", orphan.id},
                      {"name", orphan.name},
                      {"address", orphan.address},
                      {"what", orphan.what}});
      if (!context.json) fmt::print("{}", OrphanText(orphan));
    }
  }
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"orphans", json}}.dump(2));
  } else if (count == 0) {
    fmt::print("no orphans: what carries our marks and what is recorded are the same\n");
  }
  return count == 0 ? kExitOk : kExitPending;
}

Result<int> HaltCommand(const CommandContext& context, bool on) {
  // Without opening the stores: it must work while another process is busy writing.
  if (on) {
    MAXOPT_CHECK(WriteWholeFile(context.home + "/halt", "halted\n"));
  } else {
    std::error_code error;
    std::filesystem::remove(context.home + "/halt", error);
    if (error) return Fail(Errc::kLocal, error.message());
  }
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"halted", on}}.dump());
  } else {
    fmt::print("{}\n", on ? "halted: nothing but pauses and cuts leaves this home until maxopt "
                            "halt --off"
                          : "not halted");
  }
  return kExitOk;
}

}  // namespace maxopt
