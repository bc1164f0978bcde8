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
  /// Asked before each reading (a report or the account's tree), which it may charge to the
  /// account's budget of calls. An error says why not: the account's remaining slices are put off
  /// with its words. Empty: always.
  std::function<Result<>(const AccountId&)> may_call{};
};

/// How deep one round reads. Every depth re-reads whole days: what a platform restates replaces
/// what was known, and the old state stays readable with as-of.
enum class MonitorDepth {
  kHour,  ///< today and yesterday: account and campaigns by day, campaigns by hour
  kDay,   ///< the platform's whole restatement window: account, campaigns and ads by day; the
          ///< breakdowns of those days whose campaigns changed since (or that have none yet); the
          ///< names of everything
  kYear,  ///< as kDay, and account and campaigns by day as far back as `backfill_days`, ads and
          ///< breakdowns of the last 90 days: as far as what is decided on them looks back
};

struct MonitorOptions {
  MonitorDepth depth = MonitorDepth::kDay;
  int backfill_days = 400;
  std::chrono::seconds call_timeout{120};
  /// Slices that were read no longer ago are not read again, so that a round which was cut off (a
  /// throttle, a crash, a full disk) goes on where it stopped. Days that are over change slowly; an
  /// hour is longer than any round takes and shorter than any schedule of the deep ones.
  std::chrono::seconds fresh_today{60};
  std::chrono::seconds fresh_closed{3600};
  std::optional<AccountId> account{};  ///< only this one; it must be of the client asked for
};

/// What one account gave. Errors are kept per account: one platform that is down hides no other.
struct AccountPull {
  AccountId account;
  LoadSummary loaded;
  int reports = 0;                     ///< loaded
  int calls = 0;                       ///< readings that were sent, failed ones included
  int fresh = 0;                       ///< slices (kind and day) that needed no reading
  std::vector<std::string> problems;   ///< what could not be read or was incomplete, and why
  std::vector<std::string> postponed;  ///< what was put off: by the budget of calls or a throttle
  std::vector<std::string> notices;    ///< told once: values of the platform that have no name here
};

struct MonitorReport {
  std::vector<AccountPull> accounts;
  /// Everything that was due was read.
  bool complete() const;
};

/// Pulls every account of `client` (all clients when empty) and loads it into the facts. The
/// slices are read in the order of their worth: today and yesterday first, then the youngest days
/// that the platform still restates, then the rest; each report is loaded before the next is asked
/// for, so nothing that was read is lost. An incomplete report is a problem, never loaded. A range
/// that the platform finds too large is halved. A throttle ends the account's round: what is left
/// is put off and told, and no further call is made.
/// What the ads show is a cut too (Breakdown::kCreative): it is made of the ads' numbers and their
/// contents, so it costs no call and is the same on every platform.
/// Cuts that tell only some of a campaign's day (keyword, search term, audience) get a row for the
/// rest of it (kNoneTold), made of the campaign as it is known, so they sum to the whole.
/// What the account spent beyond its campaigns on a day that is over becomes a row of its own
/// (kUnattributed). The judgement of each day is kept (FactStore::Quality).
/// Errors: only those of our own memory.
Result<MonitorReport> Monitor(const MonitorWorld& world, const std::string& client,
                              const MonitorOptions& options);

}  // namespace maxopt
