// conversions send, conversions status, tracking status: what is told to the platforms, and whether
// what is measured can be believed.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/cli/open.h"
#include "app/conversions/conversions.h"
#include "app/serve/serve.h"
#include "memory/campaigns/signals.h"
#include "memory/conversions/conversions.h"
#include "memory/events/events.h"
#include "stages/monitor/tracking/tracking.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

std::string OutboxPath(const CommandContext& context) { return context.home + "/conversions.db"; }

void Print(const ordered_json& value) {
  fmt::print("{}\n", value.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

}  // namespace

Result<int> ConversionsSendCommand(const CommandContext& context) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const TrackingConfig config, ReadTrackingConfig(context.home));
  if (config.send_conversions.empty()) {
    return Fail(Errc::kRefused,
                fmt::format("{}/tracking.yaml has no send_conversions, so nothing is sent to any "
                            "platform; see docs/tracking.md",
                            context.home));
  }
  MAXOPT_TRY(const std::vector<SentConversions> rounds, TellConversions(*home, ""));
  bool well = true;
  ordered_json list = ordered_json::array();
  for (const SentConversions& sent : rounds) {
    well = well && sent.problem.empty();
    list.push_back({{"destination", sent.destination},
                    {"added", sent.added},
                    {"without_consent", sent.withheld},
                    {"done", sent.done},
                    {"sent", sent.accepted},
                    {"refused", sent.refused},
                    {"unknown", sent.unknown},
                    {"pending", sent.waiting},
                    {"problem", sent.problem}});
    if (context.json) continue;
    fmt::print(
        "{}: {} new ({} without consent, never sent); {} done, {} being processed, {} "
        "refused, {} unknown, {} still to send\n",
        sent.destination, sent.added, sent.withheld, sent.done, sent.accepted, sent.refused,
        sent.unknown, sent.waiting);
    if (!sent.problem.empty()) fmt::print("  stopped: {}\n", sent.problem);
  }
  if (context.json) Print({{"destinations", list}});
  return well ? kExitOk : kExitError;
}

Result<int> ConversionsStatusCommand(const CommandContext& context) {
  if (!std::filesystem::exists(OutboxPath(context))) {
    fmt::print("{}\n", context.json ? R"({"conversions":[]})" : "no conversion was ever sent");
    return kExitOk;
  }
  MAXOPT_TRY(const auto outbox, ConversionOutbox::Open(OutboxPath(context)));
  MAXOPT_TRY(const auto counts, outbox->Counts());
  ordered_json list = ordered_json::array();
  for (const ConversionOutbox::Count& row : counts) {
    list.push_back({{"destination", row.destination},
                    {"event", row.event},
                    {"state", SendStateName(row.state)},
                    {"why", row.why},
                    {"count", row.count}});
    if (!context.json) {
      fmt::print("{:<36} {:<16} {:<8} {:>8}  {}\n", row.destination, row.event,
                 SendStateName(row.state), row.count, row.why);
    }
  }
  if (context.json) Print({{"conversions", list}});
  return kExitOk;
}

Result<int> TrackingStatusCommand(const CommandContext& context, const std::string& client) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  std::unique_ptr<EventStore> events;
  if (std::filesystem::exists(EventStore::PathIn(context.home))) {
    MAXOPT_TRY(events, EventStore::OpenToRead(EventStore::PathIn(context.home)));
  }
  std::vector<std::string> clients{client};
  if (client.empty()) {
    clients.clear();
    MAXOPT_TRY(const std::vector<Client> known, home->store().Clients());
    for (const Client& one : known) clients.push_back(one.name);
  }
  for (const std::string& name : clients) {
    MAXOPT_CHECK(home->store().GetClient(name));
    MAXOPT_TRY(const std::vector<ClientAccount> accounts, home->store().Accounts());
    std::vector<AccountInfo> infos;
    for (const ClientAccount& account : accounts) {
      if (account.client == name) infos.push_back(account.info);
    }
    MAXOPT_TRY(const std::vector<SignalHealth> signals,
               LookAtTracking({&home->facts(), events.get()}, name, infos, home->clock().Now()));
    MAXOPT_CHECK(SaveSignals(home->store(), signals));
  }
  MAXOPT_TRY(const std::vector<SignalHealth> signals, Signals(home->store(), client));
  bool well = true;
  ordered_json list = ordered_json::array();
  for (const SignalHealth& signal : signals) {
    well = well && signal.state != SignalState::kBroken;
    ordered_json accounts = ordered_json::array();
    for (const AccountId& account : signal.accounts) accounts.push_back(PrintAccount(account));
    list.push_back({{"client", signal.client},
                    {"signal", signal.name},
                    {"state", SignalStateName(signal.state)},
                    {"since", PrintInstant(signal.since)},
                    {"why", signal.why},
                    {"evidence", signal.evidence},
                    {"accounts", accounts}});
    if (context.json) continue;
    fmt::print("{:<9} {} {}\n          {}\n", SignalStateName(signal.state), signal.client,
               signal.name, signal.why);
    if (signal.state == SignalState::kOk || signal.state == SignalState::kUnknown) continue;
    for (const std::string& sentence : signal.evidence) fmt::print("          - {}\n", sentence);
  }
  if (context.json) {
    Print({{"signals", list}, {"frozen", !well}});
  } else if (!well) {
    fmt::print("automated decisions are on hold while a signal is broken\n");
  }
  return well ? kExitOk : kExitError;
}

}  // namespace maxopt
