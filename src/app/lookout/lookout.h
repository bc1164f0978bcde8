#pragma once
#include <memory>
#include <string>
#include <vector>

#include "app/home/home.h"
#include "stages/monitor/alerting/alerting.h"
#include "stages/monitor/detect/detect.h"

namespace maxopt {

/// All detectors over a home, and the alerts that come of it. Keeps the models of the anomaly
/// engine between looks, whichever Home they are over, so a long-running process has one of these;
/// after a restart they are made again from the facts. One thread at a time.
class Lookout {
 public:
  Lookout();
  ~Lookout();

  struct Report {
    Detection detection;
    AlertRound round;
  };
  /// One look at a client's accounts, or all: what runs away is paused, what is wrong is raised,
  /// diagnosed, kept and told (alerts.yaml). Errors: our own memory's, and alerts.yaml when it
  /// cannot be read: then nothing could be told to anybody.
  Result<Report> Look(Home& home, const std::string& client);
  /// The same through `monitor`, whose may_call is asked before an account is read.
  Result<Report> Look(Home& home, const std::string& client, MonitorWorld monitor);
  /// The two halves of Look: all detectors, which pauses what runs away, and ...
  Result<Detection> Detect(Home& home, const std::string& client, MonitorWorld monitor);
  /// ... the alerts that come of what they found. The same again raises nothing twice.
  static Result<AlertRound> Raise(Home& home, std::vector<Condition> conditions,
                                  std::vector<maxopt::Look> looks, AlertScopes scopes, Instant now);
  /// The four outputs of monitoring into the outbox; those that were sent.
  Result<std::vector<Message>> WriteOutputs(Home& home, const std::string& client);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace maxopt
