#pragma once
#include <memory>
#include <string>
#include <vector>

#include "app/home/home.h"
#include "stages/monitor/alerting/alerting.h"
#include "stages/monitor/detect/detect.h"

namespace maxopt {

/// The two halves of a look over a home: all detectors, and the alerts that come of it; app/cycle
/// makes a decision of them. Keeps the models of the anomaly
/// engine between looks, whichever Home they are over, so a long-running process has one of these;
/// after a restart they are made again from the facts. One thread at a time.
class Lookout {
 public:
  Lookout();
  ~Lookout();

  /// All detectors over a client's accounts, or ("") all; what runs away is paused. `monitor`: its
  /// may_call is asked before an account is read. Errors: our own memory's.
  Result<Detection> Detect(Home& home, const std::string& client, MonitorWorld monitor);
  /// The alerts that come of what they found: raised, diagnosed, kept and told (alerts.yaml). The
  /// same again raises nothing twice. Errors: our own memory's, and alerts.yaml when it cannot be
  /// read: then nothing could be told to anybody.
  static Result<AlertRound> Raise(Home& home, std::vector<Condition> conditions,
                                  std::vector<Look> looks, AlertScopes scopes, Instant now);
  /// The four outputs of monitoring into the outbox; those that were sent.
  Result<std::vector<Message>> WriteOutputs(Home& home, const std::string& client);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace maxopt
