#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/home/home.h"
#include "app/home/shared_home.h"
#include "http/http.h"
#include "memory/campaigns/jobs.h"
#include "memory/live/live.h"

/// The worker: what runs by itself, when, and what came of it. Jobs are rows (jobs.h); their kinds
/// are listed in kinds.cc; monitoring.yaml changes their schedules.
namespace maxopt {

// --- kinds of jobs ------------------------------------------------------------------------------

enum class JobScope { kHome, kClient, kAccount };

/// What a running job works with.
class JobContext {
 public:
  JobContext(Home& home, const Job& job, LiveCache* live, const std::atomic<bool>* stop);

  Home& home() { return home_; }
  /// due_at is the time that this run is for; progress is what the last run left.
  const Job& job() const { return job_; }
  /// Of a job of an account.
  const std::optional<AccountId>& account() const { return account_; }
  LiveCache* live() { return live_; }
  /// True: end soon, with what is done kept; the rest is done by the next run.
  bool stopping() const { return stop_ && stop_->load(); }
  /// A text that the next run finds in job().progress, kept durably before this returns.
  Result<> SaveProgress(const std::string& text);
  /// As home().monitor_world(); what platforms refuse here is noticed, so that a throttled
  /// account's jobs wait for as long as the platform asked. Its may_call says no when the account's
  /// budget has nothing left for a job of this importance, and when the worker is to stop.
  MonitorWorld monitor_world();
  /// The longest wait that a platform asked for in this run.
  struct Throttle {
    std::optional<std::chrono::seconds> retry_after;
  };
  std::optional<Throttle> throttled() const;
  /// nullopt: none is known, and nothing is held back.
  void SetCallLimit(std::optional<CallLimit> limit) { limit_ = limit; }

 private:
  struct Noticed;
  Home& home_;
  const Job& job_;
  std::optional<AccountId> account_;
  LiveCache* live_;
  const std::atomic<bool>* stop_;
  std::shared_ptr<Noticed> noticed_;
  std::optional<CallLimit> limit_;
};

/// How a run ended. With problems it has failed, whatever it also did: it is tried again.
struct JobOutcome {
  std::string detail;                   ///< one sentence for the status
  std::vector<std::string> problems{};  ///< each a sentence
  /// What was put off, by the budget of calls or a throttle: the next run goes on with it.
  std::vector<std::string> postponed{};
};
using JobFunction = std::function<Result<JobOutcome>(JobContext&)>;

/// A kind of job, as data.
struct JobKind {
  std::string kind;  ///< "collect_hour"
  std::string what;  ///< one line for people
  JobScope scope = JobScope::kAccount;
  std::string schedule;  ///< cron, in the zone of the account or client (of the home: UTC)
  JobImportance importance = JobImportance::kNormal;
  JobFunction run;
  JobRules rules{};
  bool calls_platform = false;  ///< counted against the account's call budget
  bool at_once = true;          ///< runs as soon as it is new; else at its first scheduled time
};

/// An explicit list, by name. Not thread-safe while it is being made.
class JobRegistry {
 public:
  /// A second one of the same name replaces the first.
  void Register(JobKind kind);
  const JobKind* Find(std::string_view kind) const;
  const std::vector<JobKind>& kinds() const { return kinds_; }

  /// Open alerts, for the live cache; unset: none are shown.
  std::function<Result<std::vector<Alert>>(Home&)> open_alerts{};

 private:
  std::vector<JobKind> kinds_;
};
/// Every kind that the product has; a new one is one line there.
JobRegistry StandardJobs();

// --- monitoring.yaml ----------------------------------------------------------------------------

struct MonitoringConfig {
  /// Narrower ones win: account over client over everything; of equals the later.
  struct Override {
    std::string kind;
    std::string client{}, account{};  ///< "" for all
    std::string schedule{};           ///< "" keeps the kind's own
    std::optional<JobImportance> importance{};
    bool off = false;
  };
  std::vector<Override> jobs{};
  std::map<Platform, int> refresh_minutes{};  ///< of the live cache; absent: 5
  std::string redis{};                        ///< "" for the cache in this process
};
/// kInvalidArgument with file and line; kinds and platforms must be known.
Result<MonitoringConfig> ParseMonitoringConfig(const std::string& yaml, const std::string& file,
                                               const JobRegistry& registry);
/// A file to begin with, commented; what stands there is what is so without it.
std::string MonitoringTemplate();
/// monitoring.yaml of the home; without one, what is so without it.
Result<MonitoringConfig> ReadMonitoring(const Home& home, const JobRegistry& registry);

/// How often an account is read, by the importance of what is watched there: hourly for primary
/// KPIs, more often where a watch asks for less than an hour, every six hours where only secondary
/// ones with longer intervals are watched; hourly where nothing is.
std::string CollectSchedule(const std::vector<Watch>& watches);
/// Every job of the home, from its accounts, watches and monitoring.yaml.
Result<std::vector<JobSpec>> PlanJobs(Home& home, const JobRegistry& registry,
                                      const MonitoringConfig& config);
/// What jobs of a connection may call: calls_per_day, or the platform's default
/// (docs/monitoring.md) shared by the home's accounts where the platform counts them together; an
/// hour has an eighth.
CallLimit CallLimitOf(const Connection& connection, const std::vector<Connection>& all);

// --- running ------------------------------------------------------------------------------------

/// A run that ended.
struct Ran {
  Job job;  ///< as it was leased
  JobEnd end;
};

/// Runs due jobs over an open home, one at a time.
class JobRunner {
 public:
  struct Options {
    std::string owner;  ///< "host:pid:n", unique to this worker
    LiveCache* live = nullptr;
    const std::atomic<bool>* stop = nullptr;
    std::chrono::seconds lease{600};
  };
  /// `registry` must outlive it.
  JobRunner(const JobRegistry& registry, Options options);
  /// Makes the job rows what accounts, watches and monitoring.yaml ask for, and frees what dead
  /// workers held.
  Result<> Plan(Home& home);
  /// Runs the most important job that is due; postpones those whose account has no calls left.
  /// nullopt: nothing may run now. Errors are the store's; a job's own are in Ran::end.
  Result<std::optional<Ran>> RunNext(Home& home);

 private:
  const JobRegistry& registry_;
  const Options options_;
};

/// What a person sees of the jobs: also what GET /api/v1/status answers.
struct JobView {
  Job job;
  std::string state;  ///< running | stale | failing | postponed | due | waiting
};
std::vector<JobView> ViewJobs(const std::vector<Job>& jobs, Instant now);
/// {"now": ..., "jobs": [...], "calls": [...]}
Result<std::string> JobsJson(Home& home);

struct WorkerOptions {
  std::string home;
  std::shared_ptr<Clock> clock;
  SharedHome* shared = nullptr;  ///< of `home`, where requests use it too; null: opened by itself
  LiveCache* live = nullptr;     ///< may be null
  bool once = false;             ///< run all that is due, then end
  /// Set from elsewhere: end within a second or so.
  std::atomic<bool>* stop = nullptr;
  std::chrono::milliseconds pause{150};  ///< between jobs: others get the home then
  std::function<void(const Ran&)> on_ran{};
  std::function<void(const std::string& problem)> on_problem{};
  std::function<void(const std::string& status_json)> on_status{};
};
/// Opens the home for one job at a time, so that people's commands get in between, until stopped
/// (or, with once, until nothing is due). Returns the number of runs. Thread-safe against others
/// by the home's lock and the jobs' leases.
Result<int> RunWorker(const WorkerOptions& options, const JobRegistry& registry);

/// Puts what facts and alerts say now into the cache: of one account, or of everything.
Result<> RefreshLive(Home& home, LiveCache& live, const JobRegistry& registry,
                     const std::optional<AccountId>& account);
/// As RefreshLive for the open alerts only; for whoever judged them just now.
Result<> PutLiveAlerts(LiveCache& live, const std::vector<Alert>& open);

// --- HTTP ---------------------------------------------------------------------------------------

/// Answers
///   GET /api/v1/live          the snapshot as JSON, with an ETag
///   GET /api/v1/live/stream   server-sent events: "snapshot" first (or, with a Last-Event-ID that
///                             is known, only what changed since), then "change" {"changed": [...],
///                             "removed": [...]}, each with an id; "reload" when the reader must
///                             begin anew. A slow reader gets the newest of each key, not each
///                             step.
///   GET /api/v1/status        the jobs
/// Stops when destroyed. Who may ask is judged by whoever calls it (app/api).
class LiveApi {
 public:
  virtual ~LiveApi() = default;
  /// nullopt: not a path of this API. `sees`: the client of an entry, "" where it has none, that
  /// this asker may see; unset: everything. What he may not see is neither told nor removed.
  virtual std::optional<http::Response> Handle(
      const http::Request& request, std::function<bool(const std::string& client)> sees = {}) = 0;
  virtual void SetStatus(std::string json) = 0;
};
struct LiveApiOptions {
  std::chrono::milliseconds poll{200};  ///< how often changes are looked for: also how coarsely
                                        ///< they are told
  std::chrono::seconds heartbeat{15};   ///< a comment on silent streams; notices who has gone
  int max_streams = 64;
};
std::unique_ptr<LiveApi> MakeLiveApi(LiveCache& live, LiveApiOptions options = {});

}  // namespace maxopt
