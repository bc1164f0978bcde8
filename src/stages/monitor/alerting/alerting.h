#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connect/notify/notify.h"
#include "connect/platform.h"
#include "decide/alerting/alerting.h"
#include "memory/campaigns/alerts.h"
#include "memory/facts/facts.h"

/// From conditions to messages: the one entry point of those who detect.
namespace maxopt {

/// alerts.yaml: who is told, where, and how often.
struct AlertConfig {
  AlertPolicy policy;
  std::map<std::string, Channel> channels;
  /// A notification that cannot be delivered for so long is given up, and shown as failed.
  std::chrono::seconds give_up = std::chrono::hours(24);
};
/// "maxopt: alerts/1", channels, routes, times. Secrets are env:NAME, file:PATH
/// (relative to the file's folder) or the value itself; unknown keys are refused with their line;
/// secrets are in no error.
Result<AlertConfig> ParseAlertConfig(std::string_view yaml, const std::string& file);
/// What `maxopt init` writes: commented, no channel. Alerts are kept and shown, told to nobody.
std::string AlertConfigTemplate();

struct AlertingWorld {
  CampaignStore* store;
  FactStore* facts;
  /// Reads a platform's change history for the diagnosis; empty: not asked, and said so.
  std::function<Result<std::shared_ptr<PlatformReader>>(const AccountId&)> reader;
  const AlertConfig* config;
  const NotifyWires* wires;
};

struct AlertRound {
  std::vector<AlertEntry> open;               ///< all that are open now
  std::vector<std::string> opened, resolved;  ///< ids
  int notifications = 0;                      ///< put into the outbox
  int sent = 0;
  int waiting = 0;                 ///< could not be sent yet; tried again when due
  int failed = 0;                  ///< given up
  std::vector<std::string> notes;  ///< what was not raised or not diagnosed, and why; failures
};

/// One round: loads what is open, decides (decide/alerting), diagnoses what is new, keeps it all
/// in one transaction, then sends what is due. `looks` says which detectors looked at what; what
/// was not looked at neither stays nor ends. Where `scopes` does not know the campaign of an ad,
/// the facts are asked. With no conditions and no looks only time passes: repeats, escalation, ends
/// of silences and quiet hours. Call it at least every few minutes.
/// Errors: only those of our own memory; an undeliverable notification is a note.
Result<AlertRound> RaiseAlerts(const AlertingWorld& world, std::vector<Condition> conditions,
                               std::vector<Look> looks, AlertScopes scopes, Instant now);

/// Sends a harmless message right now, past the outbox. kNotFound lists the channels there are.
Result<std::string> TestChannel(const AlertingWorld& world, const std::string& channel,
                                Instant now);

/// Sends what is due and says how it went; RaiseAlerts does it too.
Result<AlertRound> DeliverDue(const AlertingWorld& world, Instant now);

}  // namespace maxopt
