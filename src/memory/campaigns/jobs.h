#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clock/cron.h"
#include "domain/entity.h"
#include "memory/campaigns/campaigns.h"

/// Jobs as durable rows: what runs when, who runs it now, how it ended. A job belongs to one owner
/// at a time by a lease that it renews; when the owner dies the lease runs out and another takes
/// the job over. All times are whole seconds of the caller's clock. Errors: those of the store.
namespace maxopt {

enum class JobImportance { kLow, kNormal, kHigh, kUrgent };
std::string_view JobImportanceName(JobImportance importance);  ///< "low", "normal", ...
Result<JobImportance> FindJobImportance(std::string_view name);

/// What becomes of runs that were missed while nothing ran.
enum class JobCatchUp {
  kOnce,  ///< they collapse into one run now: enough where a run reads all that is new
  kEach,  ///< one run for each, oldest first: a report of every day
};

/// How a job is repeated. Not stored: the kind of the job knows it.
struct JobRules {
  JobCatchUp catch_up = JobCatchUp::kOnce;
  int windows_max = 31;             ///< of kEach: older ones are left out, and said so
  std::chrono::seconds spread{0};   ///< jobs of one minute start over so long, each at its own
                                    ///< second (by its key), so that accounts do not start at once
  std::chrono::seconds retry{300};  ///< after the first failure; doubles, +-20 % by the key, up to
                                    ///< the next scheduled time
  std::chrono::seconds throttle_wait{900};  ///< the same after a throttle, where the platform
                                            ///< names no longer one
};

struct JobSpec {
  std::string key;       ///< "collect_hour google_ads/123": one job each
  std::string kind;      ///< "collect_hour"
  std::string client;    ///< "" for the whole home
  std::string account;   ///< "google_ads/123" or ""
  std::string schedule;  ///< cron
  std::string zone;      ///< IANA
  JobImportance importance = JobImportance::kNormal;
  JobRules rules{};
  bool at_once = true;  ///< a new job is due now; else at its first scheduled time
};

struct Job {
  JobSpec spec;      ///< without rules
  Instant due_at{};  ///< the scheduled time that the next run is for; stays until it succeeded
  std::optional<Instant> retry_at{};  ///< not before: after a failure, or postponed
  std::string lease_owner;            ///< "" when it is free
  std::optional<Instant> lease_until{};
  std::optional<Instant> started_at{}, ended_at{}, succeeded_at{};  ///< of the last runs
  std::string outcome;   ///< "", done, failed, postponed, lost
  std::string detail;    ///< one sentence
  int failures = 0;      ///< in a row
  std::string progress;  ///< the job's own text; empty after success
  /// When it may run.
  Instant runs_at() const { return retry_at && *retry_at > due_at ? *retry_at : due_at; }
};

struct JobRun {
  std::string key;
  Instant due_at{}, started_at{}, ended_at{};
  std::string outcome, detail;
};

/// Makes the rows equal to the list: new ones are made, changed ones moved to their new schedule,
/// rows of no spec removed (their history stays) unless they are leased.
Result<> SaveJobs(CampaignStore& store, const std::vector<JobSpec>& jobs, Instant now);
/// By key.
Result<std::vector<Job>> Jobs(CampaignStore& store);
/// Those that may run now and are free, or whose lease has run out: most important first, then by
/// the time since when they may run.
Result<std::vector<Job>> DueJobs(CampaignStore& store, Instant now);

/// Takes a due job for `owner` until `until`. nullopt: another has it, or another job of its
/// account runs, or it is not due. A job whose owner let the lease run out is taken over: that run
/// is kept as "lost" and counts as a failure, and from the third in a row the job waits as after
/// any failure, so that one which kills its worker does not do so for ever (nullopt then).
Result<std::optional<Job>> LeaseJob(CampaignStore& store, const std::string& key,
                                    const std::string& owner, Instant now, Instant until);
/// kConflict when the lease is not (or no more) `owner`'s: stop, somebody else works on it.
Result<> RenewLease(CampaignStore& store, const std::string& key, const std::string& owner,
                    Instant until);
/// A text from which the next run goes on; kConflict as above.
Result<> SaveJobProgress(CampaignStore& store, const std::string& key, const std::string& owner,
                         const std::string& progress);
/// Ends leases of other owners, as if they had run out now. For the embedded database only: who has
/// it open is alone, so the others are dead. Returns how many.
Result<int> EndLeasesOfOthers(CampaignStore& store, const std::string& owner, Instant now);

struct JobEnd {
  enum class Outcome { kDone, kFailed, kPostponed } outcome = Outcome::kDone;
  std::string detail{};
  Instant at{};
  /// With kFailed: the platform said "not now". All jobs of the account wait, at least so long.
  bool throttled = false;
  std::optional<std::chrono::seconds> retry_after{};
  /// With kPostponed: until then.
  std::optional<Instant> until{};
};
/// Ends a run of `job` as it was leased and says when the next one is. kConflict when the lease was
/// lost: then nothing is changed.
Result<> FinishJob(CampaignStore& store, const Job& job, const JobRules& rules, const JobEnd& end);
/// A due job that is not started now, and why: kept in the row and, once a day, in the history.
Result<> PostponeJob(CampaignStore& store, const std::string& key, Instant now, Instant until,
                     const std::string& why);
/// Makes jobs due now (a person asked): all whose key is `key` or begins with it and a space.
/// Returns how many.
Result<int> RunJobNow(CampaignStore& store, const std::string& key, Instant now);

/// Newest first; of one job, or of all when `key` is empty.
Result<std::vector<JobRun>> JobRuns(CampaignStore& store, const std::string& key, int limit);

/// Whether `intervals` scheduled times have passed since the last success (since it was first due,
/// where there was none).
bool IsStale(const Job& job, Instant now, int intervals = 3);
/// Scheduled times after `after` and up to `until`, at most `limit`.
int ScheduledBetween(const JobSpec& spec, Instant after, Instant until, int limit);

// --- calls to a platform ------------------------------------------------------------------------

/// How many calls an account may have. A limit of an hour keeps a busy hour from using up the day.
struct CallLimit {
  std::int64_t per_day = 0;
  std::int64_t per_hour = 0;
};
/// The share of a limit that jobs may use, by importance; what is above is kept for more important
/// ones and, at last, for people, whose commands are counted and never refused.
inline constexpr int kCallPercent[] = {60, 75, 90, 95};  // low, normal, high, urgent

/// Adds calls of an account ("meta/12") to its hour and its day, both of UTC.
Result<> CountCalls(CampaignStore& store, const std::string& account, Instant at,
                    std::int64_t calls);
struct CallsUsed {
  std::int64_t today = 0;
  std::int64_t this_hour = 0;
};
Result<CallsUsed> CallsOf(CampaignStore& store, const std::string& account, Instant now);
/// nullopt: a job of this importance may run. Else until when it waits, and why.
struct CallWait {
  Instant until;
  std::string why;
};
std::optional<CallWait> CheckCalls(const CallsUsed& used, const CallLimit& limit,
                                   JobImportance importance, Instant now);

}  // namespace maxopt
