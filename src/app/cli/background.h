#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "app/cli/commands.h"
#include "app/worker/worker.h"

namespace maxopt {

/// The worker, the live cache and its API, beside the collector in one process.
class Background {
 public:
  /// kInvalidArgument: monitoring.yaml is wrong. `home` must outlive it.
  static Result<std::unique_ptr<Background>> Start(const CommandContext& context,
                                                   std::shared_ptr<Clock> clock, SharedHome& home);
  /// Tells the worker to end; true when it did within `patience`. What it was doing is kept as far
  /// as it came and goes on at the next start, also when the process ends without it.
  bool Stop(std::chrono::milliseconds patience);
  ~Background();
  LiveApi& api();

 private:
  Background();
  JobRegistry registry_;
  std::unique_ptr<LiveCache> live_;
  std::unique_ptr<LiveApi> api_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

/// The jobs as lines; those that wait for their time are counted only, unless `all`.
Result<std::string> ShowJobs(Home& home, const std::string& client, bool all);

}  // namespace maxopt
