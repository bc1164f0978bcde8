// look: one look of all detectors, the alerts that come of it, and monitoring's reports.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "app/cli/open.h"
#include "app/cycle/cycle.h"
#include "app/lookout/lookout.h"

namespace maxopt {

using nlohmann::ordered_json;

namespace {

ordered_json LookJson(const std::vector<LookRun>& looks, const std::vector<Message>& messages) {
  ordered_json conditions = ordered_json::array(), sent = ordered_json::array();
  ordered_json opened = ordered_json::array(), resolved = opened, notes = opened, problems = opened,
               cycles = opened;
  const auto add = [](ordered_json& to, const std::vector<std::string>& from) {
    for (const std::string& each : from) to.push_back(each);
  };
  for (const LookRun& look : looks) {
    for (const Condition& condition : look.conditions) {
      conditions.push_back(ordered_json::parse(ToJson(condition)));
    }
    add(opened, look.opened);
    add(resolved, look.resolved);
    add(notes, look.notes);
    add(problems, look.problems);
    if (!look.cycle.empty()) cycles.push_back(look.cycle);
  }
  for (const Message& message : messages) {
    sent.push_back({{"id", message.id}, {"to", message.to}, {"kind", message.kind}});
  }
  return {{"conditions", conditions}, {"opened", opened},
          {"resolved", resolved},     {"open", looks.empty() ? 0 : looks.back().open},
          {"notes", notes},           {"problems", problems},
          {"cycles", cycles},         {"messages", sent}};
}

void ShowLook(const LookRun& look) {
  for (const std::string& account : look.unread) {
    fmt::print(
        "  {}: no numbers were read yet, so nothing can be wrong with them: maxopt monitor\n",
        account);
  }
  for (const Condition& condition : look.conditions) {
    fmt::print("  {:<8} {:<12} {}\n", AlertTierName(condition.tier), condition.detector,
               condition.title);
  }
  for (const std::string& problem : look.problems) fmt::print("  could not look: {}\n", problem);
  for (const std::string& note : look.notes) fmt::print("  note: {}\n", note);
  if (!look.not_remembered.empty()) {
    fmt::print("  note: nothing was remembered: {}\n", look.not_remembered);
  }
  if (!look.cycle.empty()) fmt::print("  how it was decided: maxopt cycle show {}\n", look.cycle);
}

}  // namespace

Result<int> LookCommand(const CommandContext& context, const std::string& client, bool outputs) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  if (!client.empty()) MAXOPT_CHECK(home->store().GetClient(client));
  MAXOPT_TRY(const std::vector<Client> clients, home->store().Clients());
  Lookout lookout;
  std::vector<LookRun> looks;
  std::vector<Message> messages;
  for (const Client& one : clients) {
    if (!client.empty() && one.name != client) continue;
    MAXOPT_TRY(LookRun look, LookOnce(*home, one.name, Person(""), {&lookout}));
    looks.push_back(std::move(look));
    if (!outputs) continue;
    MAXOPT_TRY(std::vector<Message> sent, lookout.WriteOutputs(*home, one.name));
    for (Message& message : sent) messages.push_back(std::move(message));
  }
  const std::size_t open = looks.empty() ? 0 : looks.back().open;  // of all clients
  if (context.json) {
    fmt::print(
        "{}\n",
        LookJson(looks, messages).dump(2, ' ', false, ordered_json::error_handler_t::replace));
    return open == 0 ? kExitOk : kExitPending;
  }
  int accounts = 0;
  std::size_t wrong = 0, opened = 0, over = 0;
  for (const LookRun& look : looks) {
    accounts += look.accounts;
    wrong += look.conditions.size();
    opened += look.opened.size();
    over += look.resolved.size();
  }
  fmt::print("looked at {} accounts: {} wrong now; {} alerts opened, {} over, {} open\n", accounts,
             wrong, opened, over, open);
  for (const LookRun& look : looks) ShowLook(look);
  for (const Message& message : messages) {
    fmt::print("  outbox {}: {} for {}\n", message.id, message.kind, message.to);
  }
  if (open > 0) fmt::print("Next: maxopt alerts\n");
  return open == 0 ? kExitOk : kExitPending;
}

}  // namespace maxopt
