// look: one look of all detectors, the alerts that come of it, and monitoring's reports.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "app/cli/open.h"
#include "app/lookout/lookout.h"

namespace maxopt {

using nlohmann::ordered_json;

Result<int> LookCommand(const CommandContext& context, const std::string& client, bool outputs) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  if (!client.empty()) MAXOPT_CHECK(home->store().GetClient(client));
  Lookout lookout;
  MAXOPT_TRY(const Lookout::Report report, lookout.Look(*home, client));
  std::vector<Message> messages;
  if (outputs) {
    MAXOPT_TRY(const std::vector<Client> clients, home->store().Clients());
    for (const Client& one : clients) {
      if (!client.empty() && one.name != client) continue;
      MAXOPT_TRY(std::vector<Message> sent, lookout.WriteOutputs(*home, one.name));
      for (Message& message : sent) messages.push_back(std::move(message));
    }
  }
  if (context.json) {
    ordered_json conditions = ordered_json::array();
    for (const Condition& condition : report.detection.conditions) {
      conditions.push_back(ordered_json::parse(ToJson(condition)));
    }
    ordered_json sent = ordered_json::array();
    for (const Message& message : messages) {
      sent.push_back({{"id", message.id}, {"to", message.to}, {"kind", message.kind}});
    }
    fmt::print("{}\n", ordered_json{{"conditions", conditions},
                                    {"opened", report.round.opened},
                                    {"resolved", report.round.resolved},
                                    {"open", report.round.open.size()},
                                    {"notes", report.round.notes},
                                    {"problems", report.detection.problems},
                                    {"messages", sent}}
                           .dump(2, ' ', false, ordered_json::error_handler_t::replace));
    return report.round.open.empty() ? kExitOk : kExitPending;
  }
  fmt::print("looked at {} accounts: {} wrong now; {} alerts opened, {} over, {} open\n",
             report.detection.accounts.size(), report.detection.conditions.size(),
             report.round.opened.size(), report.round.resolved.size(), report.round.open.size());
  for (const AccountView& account : report.detection.accounts) {
    if (account.learnt_at || !account.problem.empty()) continue;
    fmt::print(
        "  {}: no numbers were read yet, so nothing can be wrong with them: maxopt monitor\n",
        PrintAccount(account.info.account));
  }
  for (const Condition& condition : report.detection.conditions) {
    fmt::print("  {:<8} {:<12} {}\n", AlertTierName(condition.tier), condition.detector,
               condition.title);
  }
  for (const std::string& problem : report.detection.problems) {
    fmt::print("  could not look: {}\n", problem);
  }
  for (const std::string& note : report.round.notes) fmt::print("  note: {}\n", note);
  for (const Message& message : messages) {
    fmt::print("  outbox {}: {} for {}\n", message.id, message.kind, message.to);
  }
  if (!report.round.open.empty()) fmt::print("Next: maxopt alerts\n");
  return report.round.open.empty() ? kExitOk : kExitPending;
}

}  // namespace maxopt
