#include "app/worker/worker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

namespace maxopt {

using nlohmann::ordered_json;
using std::chrono::milliseconds;
using std::chrono::seconds;

// --- a job's context ----------------------------------------------------------------------------

struct JobContext::Noticed {
  std::mutex mutex;
  bool throttled = false;
  std::optional<seconds> retry_after;

  template <class T>
  Result<T> Note(Result<T> result) {
    if (!result && result.error().code == Errc::kRateLimited) {
      const std::lock_guard lock(mutex);
      throttled = true;
      if (const auto wait = result.error().retry_after_s) {
        retry_after = std::max(retry_after.value_or(seconds(0)), seconds(*wait));
      }
    }
    return result;
  }
};

namespace {

/// A reader whose refusals are noticed on their way.
template <class Noticed>
class NoticingReader final : public PlatformReader {
 public:
  NoticingReader(std::shared_ptr<PlatformReader> inner, std::shared_ptr<Noticed> noticed)
      : inner_(std::move(inner)), noticed_(std::move(noticed)) {}
  const Capabilities& capabilities() const override { return inner_->capabilities(); }
  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline deadline) override {
    return noticed_->Note(inner_->ListAccounts(deadline));
  }
  Result<AccountTree> ReadAccount(const AccountId& account, http::Deadline deadline) override {
    return noticed_->Note(inner_->ReadAccount(account, deadline));
  }
  Result<MetricReport> ReadMetrics(const MetricQuery& query, http::Deadline deadline) override {
    return noticed_->Note(inner_->ReadMetrics(query, deadline));
  }
  Result<std::vector<Entity>> Find(const FindQuery& query, http::Deadline deadline) override {
    return noticed_->Note(inner_->Find(query, deadline));
  }
  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery& query,
                                                http::Deadline deadline) override {
    return noticed_->Note(inner_->ReadHistory(query, deadline));
  }

 private:
  std::shared_ptr<PlatformReader> inner_;
  std::shared_ptr<Noticed> noticed_;
};

std::optional<AccountId> AccountOf(const JobSpec& spec) {
  const std::size_t slash = spec.account.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const auto platform = FindPlatform(spec.account.substr(0, slash));
  if (!platform) return std::nullopt;
  return AccountId{*platform, spec.account.substr(slash + 1)};
}

/// Beside a running job: renews its lease, writes its calls down, and ends its calls when it is to
/// stop.
class Beside {
 public:
  Beside(Home& home, const Job& job, const JobRunner::Options& options)
      : thread_([this, &home, &job, &options] { Work(home, job, options); }) {}
  ~Beside() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    change_.notify_all();
    thread_.join();
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

 private:
  void Work(Home& home, const Job& job, const JobRunner::Options& options) {
    const auto every = std::max<std::chrono::steady_clock::duration>(options.lease / 3, seconds(1));
    auto next = std::chrono::steady_clock::now() + every;
    std::unique_lock lock(mutex_);
    while (!change_.wait_for(lock, milliseconds(50), [this] { return ended_; })) {
      if (options.stop && *options.stop) home.StopCalls();
      if (std::chrono::steady_clock::now() < next) continue;
      next += every;
      // A lease that is another's by now is found out when the job ends.
      (void)RenewLease(home.store(), job.spec.key, options.owner,
                       home.clock().Now() + options.lease);
      (void)home.SaveCalls();
    }
  }

  std::mutex mutex_;
  std::condition_variable change_;
  bool ended_ = false;  // guarded by mutex_
  std::thread thread_;  // last: it uses the others
};

ordered_json TimeOrNull(const std::optional<Instant>& at) {
  return at ? ordered_json(PrintInstant(*at)) : ordered_json();
}

}  // namespace

JobContext::JobContext(Home& home, const Job& job, LiveCache* live, const std::atomic<bool>* stop)
    : home_(home),
      job_(job),
      account_(AccountOf(job.spec)),
      live_(live),
      stop_(stop),
      noticed_(std::make_shared<Noticed>()) {}

Result<> JobContext::SaveProgress(const std::string& text) {
  return SaveJobProgress(home_.store(), job_.spec.key, job_.lease_owner, text);
}

MonitorWorld JobContext::monitor_world() {
  MonitorWorld world = home_.monitor_world();
  world.reader = [inner = world.reader, noticed = noticed_](
                     const AccountId& account) -> Result<std::shared_ptr<PlatformReader>> {
    MAXOPT_TRY(std::shared_ptr<PlatformReader> reader, inner(account));
    return std::make_shared<NoticingReader<Noticed>>(std::move(reader), noticed);
  };
  world.may_call = [this](const AccountId& account) -> Result<> {
    if (stopping()) return Fail(Errc::kRefused, "the worker is stopping");
    if (!limit_ || !home_.SaveCalls()) return {};
    const Instant now = home_.clock().Now();
    const auto used = CallsOf(home_.store(), PrintAccount(account), now);
    if (!used) return {};
    if (const auto wait = CheckCalls(*used, *limit_, job_.spec.importance, now)) {
      return Fail(Errc::kRefused, wait->why);
    }
    return {};
  };
  return world;
}

std::optional<JobContext::Throttle> JobContext::throttled() const {
  const std::lock_guard lock(noticed_->mutex);
  if (!noticed_->throttled) return std::nullopt;
  return Throttle{noticed_->retry_after};
}

// --- the runner ---------------------------------------------------------------------------------

JobRunner::JobRunner(const JobRegistry& registry, Options options)
    : registry_(registry), options_(std::move(options)) {}

Result<> JobRunner::Plan(Home& home) {
  const Instant now = home.clock().Now();
  MAXOPT_TRY(const MonitoringConfig config, ReadMonitoring(home, registry_));
  MAXOPT_CHECK(EndLeasesOfOthers(home.store(), options_.owner, now));
  MAXOPT_TRY(const std::vector<JobSpec> jobs, PlanJobs(home, registry_, config));
  return SaveJobs(home.store(), jobs, now);
}

Result<std::optional<Ran>> JobRunner::RunNext(Home& home) {
  const Instant now = home.clock().Now();
  MAXOPT_TRY(const std::vector<Job> due, DueJobs(home.store(), now));
  std::optional<std::vector<Connection>> connections;
  for (const Job& candidate : due) {
    if (options_.stop && *options_.stop) return std::nullopt;
    const JobSpec& spec = candidate.spec;
    const JobKind* kind = registry_.Find(spec.kind);
    if (!kind) {
      MAXOPT_CHECK(PostponeJob(home.store(), spec.key, now, now + std::chrono::days(1),
                               "this maxopt knows no kind " + spec.kind));
      continue;
    }
    std::optional<CallLimit> limit;
    if (kind->calls_platform) {
      if (!connections) {
        auto read = home.Connections();
        connections = read ? std::move(*read) : std::vector<Connection>{};
      }
      const auto connection = std::find_if(
          connections->begin(), connections->end(),
          [&](const Connection& known) { return PrintAccount(known.account) == spec.account; });
      if (connection != connections->end()) {
        MAXOPT_TRY(const CallsUsed used, CallsOf(home.store(), spec.account, now));
        limit = CallLimitOf(*connection, *connections);
        const auto wait = CheckCalls(used, *limit, spec.importance, now);
        if (wait) {
          MAXOPT_CHECK(PostponeJob(home.store(), spec.key, now, wait->until, wait->why));
          continue;
        }
      }
    }
    MAXOPT_TRY(const std::optional<Job> job,
               LeaseJob(home.store(), spec.key, options_.owner, now, now + options_.lease));
    if (!job) continue;
    JobContext context(home, *job, options_.live, options_.stop);
    context.SetCallLimit(limit);
    JobEnd end;
    Result<JobOutcome> outcome = Fail(Errc::kLocal, "it did not run");
    {
      const Beside beside(home, *job, options_);
      try {
        outcome = kind->run(context);
      } catch (const std::exception& e) {
        outcome = Fail(Errc::kLocal, std::string("our own error: ") + e.what());
      }
    }
    end.at = home.clock().Now();
    const auto some = [](const std::vector<std::string>& all, const std::string& detail) {
      const auto shown = static_cast<std::ptrdiff_t>(std::min<std::size_t>(all.size(), 3));
      const std::size_t more = all.size() - static_cast<std::size_t>(shown);
      return fmt::format("{}{}{}", fmt::join(all.begin(), all.begin() + shown, "; "),
                         more > 0 ? fmt::format("; and {} more", more) : "",
                         detail.empty() ? "" : " (" + detail + ")");
    };
    const auto throttle = context.throttled();
    if (!outcome) {
      end.outcome = JobEnd::Outcome::kFailed;
      end.detail = outcome.error().what;
    } else if (!outcome->problems.empty()) {
      end.outcome = JobEnd::Outcome::kFailed;
      end.detail = some(outcome->problems, outcome->detail);
    } else if (!outcome->postponed.empty()) {
      end.outcome = throttle ? JobEnd::Outcome::kFailed : JobEnd::Outcome::kPostponed;
      end.detail = some(outcome->postponed, outcome->detail);
      end.until = end.at + std::chrono::hours(1);
      if (limit) {
        (void)home.SaveCalls();
        const auto used = CallsOf(home.store(), spec.account, end.at);
        const auto wait = used ? CheckCalls(*used, *limit, spec.importance, end.at) : std::nullopt;
        if (wait) {
          end.until = wait->until;
          end.detail += "; " + wait->why;
        }
      }
    } else {
      end.detail = outcome->detail;
    }
    if (end.outcome != JobEnd::Outcome::kDone) {
      if (end.outcome == JobEnd::Outcome::kFailed && throttle) {
        end.throttled = true;
        end.retry_after = throttle->retry_after;
      }
      if (context.stopping()) {
        // Not its fault: it is done at the next start.
        end.outcome = JobEnd::Outcome::kPostponed;
        end.until = end.at;
        end.detail = "maxopt was stopped; it goes on at the next start";
      }
    }
    MAXOPT_CHECK(FinishJob(home.store(), *job, kind->rules, end));
    if (options_.live && kind->calls_platform) {
      // A cache that cannot be reached is the trouble of the job "live", which says so.
      (void)RefreshLive(home, *options_.live, registry_, context.account());
    }
    return Ran{*job, end};
  }
  return std::nullopt;
}

// --- status -------------------------------------------------------------------------------------

std::vector<JobView> ViewJobs(const std::vector<Job>& jobs, Instant now) {
  std::vector<JobView> out;
  for (const Job& job : jobs) {
    const bool runs = !job.lease_owner.empty() && job.lease_until && *job.lease_until > now;
    const bool put_off = job.outcome == "postponed" && job.retry_at && *job.retry_at > now;
    out.push_back({job, runs                   ? "running"
                        : IsStale(job, now)    ? "stale"
                        : put_off              ? "postponed"
                        : job.failures > 0     ? "failing"
                        : job.runs_at() <= now ? "due"
                                               : "waiting"});
  }
  return out;
}

Result<std::string> JobsJson(Home& home) {
  const Instant now = home.clock().Now();
  MAXOPT_TRY(const std::vector<Job> jobs, Jobs(home.store()));
  ordered_json list = ordered_json::array();
  for (const JobView& view : ViewJobs(jobs, now)) {
    const Job& job = view.job;
    list.push_back({{"job", job.spec.key},
                    {"kind", job.spec.kind},
                    {"client", job.spec.client},
                    {"account", job.spec.account},
                    {"state", view.state},
                    {"importance", JobImportanceName(job.spec.importance)},
                    {"schedule", job.spec.schedule},
                    {"zone", job.spec.zone},
                    {"due_at", PrintInstant(job.due_at)},
                    {"runs_at", PrintInstant(job.runs_at())},
                    {"succeeded_at", TimeOrNull(job.succeeded_at)},
                    {"ended_at", TimeOrNull(job.ended_at)},
                    {"outcome", job.outcome},
                    {"detail", job.detail},
                    {"failures", job.failures}});
  }
  ordered_json calls = ordered_json::array();
  if (const auto connections = home.Connections()) {
    for (const Connection& connection : *connections) {
      const std::string account = PrintAccount(connection.account);
      MAXOPT_TRY(const CallsUsed used, CallsOf(home.store(), account, now));
      const CallLimit limit = CallLimitOf(connection, *connections);
      calls.push_back({{"account", account},
                       {"today", used.today},
                       {"per_day", limit.per_day},
                       {"this_hour", used.this_hour},
                       {"per_hour", limit.per_hour}});
    }
  }
  return ordered_json{{"now", PrintInstant(now)}, {"jobs", list}, {"calls", calls}}.dump(
      -1, ' ', false, ordered_json::error_handler_t::replace);
}

// --- the worker ---------------------------------------------------------------------------------

namespace {

/// Changes when somebody else wrote into the home, or edited its files.
std::string Fingerprint(const std::string& home) {
  std::string out;
  for (const char* name : {"maxopt.db", "maxopt.db-wal", "connections.yaml", "monitoring.yaml"}) {
    struct stat seen {};
    if (::stat((home + "/" + name).c_str(), &seen) != 0) seen = {};
    out += fmt::format("{}.{}.{};", seen.st_mtim.tv_sec, seen.st_mtim.tv_nsec, seen.st_size);
  }
  return out;
}

}  // namespace

Result<int> RunWorker(const WorkerOptions& options, const JobRegistry& registry) {
  char host[256] = "here";
  ::gethostname(host, sizeof host - 1);
  static std::atomic<int> number{0};
  JobRunner runner(registry, {.owner = fmt::format("{}:{}:{}", host, ::getpid(), ++number),
                              .live = options.live,
                              .stop = options.stop});
  const auto stopping = [&] { return options.stop && *options.stop; };
  const auto wait = [&](milliseconds time) {
    for (auto left = time; left.count() > 0 && !stopping(); left -= milliseconds(50)) {
      std::this_thread::sleep_for(std::min(left, milliseconds(50)));
    }
  };
  const auto problem = [&](const std::string& what) {
    if (options.on_problem) options.on_problem(what);
  };
  const auto marks = [&] {
    return options.shared ? std::to_string(options.shared->changes()) : Fingerprint(options.home);
  };
  const auto open = [&]() -> Result<std::shared_ptr<Home>> {
    // As long as a command waits.
    if (options.shared) return options.shared->Use(seconds(30));
    MAXOPT_TRY(std::unique_ptr<Home> home, Home::Open(options.home, options.clock));
    return std::shared_ptr<Home>(std::move(home));
  };
  int runs = 0;
  std::string known;  // marks after our own last change
  std::optional<Instant> wake;
  bool live_made = false;
  // A change that fell between our closing the home and our look at its files is not missed for
  // long.
  constexpr std::chrono::minutes kPlanAgain{10};
  std::chrono::steady_clock::time_point planned{};
  while (!stopping()) {
    if (wake && options.clock->Now() < *wake && marks() == known) {
      if (options.once) break;  // nothing more is due
      wait(milliseconds(500));
      continue;
    }
    if (!std::filesystem::exists(options.home + "/connections.yaml")) {
      // Nobody has set this home up: it may be a collector's only.
      if (options.once) break;
      wait(seconds(1));
      continue;
    }
    const auto opening = std::chrono::steady_clock::now();
    const std::string seen = marks();
    const bool plan = seen != known || opening - planned > kPlanAgain;
    auto opened = open();
    if (!opened) {
      if (options.once) return Fail(opened.error());
      problem(opened.error().what);
      wait(seconds(2));
      continue;
    }
    std::optional<Ran> ran;
    bool failed = false;
    {
      const std::shared_ptr<Home> home = std::move(*opened);
      const auto work = [&]() -> Result<> {
        if (plan) {
          MAXOPT_CHECK(runner.Plan(*home));
          planned = opening;
        }
        if (options.live && !live_made) {
          const auto made = RefreshLive(*home, *options.live, registry, std::nullopt);
          if (!made) problem(made.error().what);
          live_made = true;
        }
        MAXOPT_TRY(ran, runner.RunNext(*home));
        MAXOPT_TRY(const std::vector<Job> jobs, Jobs(home->store()));
        // An hour at most: a clock that was set may go back.
        wake = options.clock->Now() + std::chrono::hours(1);
        for (const Job& job : jobs) wake = std::min(*wake, job.runs_at());
        if (options.on_status) {
          MAXOPT_TRY(const std::string status, JobsJson(*home));
          options.on_status(status);
        }
        return {};
      };
      const Result<> worked = work();
      if (!worked) {
        if (options.once) return Fail(worked.error());
        problem(worked.error().what);
        failed = true;
      }
    }
    // A shared home tells others' changes from ours, so what came while the job ran is not missed.
    known = options.shared ? seen : marks();
    if (failed) {
      known.clear();
      wait(seconds(5));
    } else if (ran) {
      ++runs;
      if (options.on_ran) options.on_ran(*ran);
      wait(options.pause);
    } else if (options.once) {
      break;
    } else {
      // What is due but may not run now is looked at again soon.
      wait(seconds(1));
    }
  }
  return runs;
}

}  // namespace maxopt
