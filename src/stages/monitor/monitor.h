#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connect/platform.h"
#include "memory/campaigns/campaigns.h"
#include "memory/facts/facts.h"

namespace maxopt {

struct MonitorWorld {
  CampaignStore* store;
  FactStore* facts;
  Clock* clock;
  std::function<Result<std::shared_ptr<PlatformReader>>(const AccountId&)> reader;
};

/// How deep one round reads. Every depth re-reads whole days: what a platform restates replaces
/// what was known, and the old state stays readable with as-of.
enum class MonitorDepth {
  kHour,  ///< today and yesterday: campaigns by day and by hour
  kDay,   ///< the platform's whole restatement window: campaigns and ads by day, breakdowns of
          ///< yesterday, the names of everything
  kYear,  ///< as kDay, and campaigns by day as far back as `backfill_days`
};

struct MonitorOptions {
  MonitorDepth depth = MonitorDepth::kDay;
  int backfill_days = 400;
  std::chrono::seconds call_timeout{120};
};

/// What one account gave. Errors are kept per account: one platform that is down hides no other.
struct AccountPull {
  AccountId account;
  LoadSummary loaded;
  int reports = 0;
  std::vector<std::string> problems;  ///< what could not be read or was incomplete, and why
};

struct MonitorReport {
  std::vector<AccountPull> accounts;
  bool complete() const;
};

/// Pulls every account of `client` (all clients when empty) and loads it into the facts.
/// An incomplete report is a problem, never loaded. Errors: only those of our own memory.
Result<MonitorReport> Monitor(const MonitorWorld& world, const std::string& client,
                              const MonitorOptions& options);

}  // namespace maxopt
