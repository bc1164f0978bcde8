// worker, jobs, and what serve runs beside the collector.
#include <fmt/core.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/cli/background.h"
#include "app/cli/open.h"
#include "app/worker/worker.h"

namespace maxopt {

using nlohmann::ordered_json;

namespace {

std::atomic<bool> worker_stopped{false};
void OnWorkerSignal(int) { worker_stopped = true; }

void TellRun(const Ran& ran) {
  const bool failed = ran.end.outcome == JobEnd::Outcome::kFailed;
  fmt::print(stderr, "{} {:<6} {}: {}\n", PrintInstant(ran.end.at), failed ? "failed" : "ran",
             ran.job.spec.key, ran.end.detail);
}

}  // namespace

// --- beside the collector -----------------------------------------------------------------------

Result<std::unique_ptr<Background>> Background::Start(const CommandContext& context,
                                                      std::shared_ptr<Clock> clock,
                                                      SharedHome& home) {
  std::unique_ptr<Background> out(new Background);
  out->registry_ = StandardJobs();
  std::string redis;
  {
    const std::string path = context.home + "/monitoring.yaml";
    if (auto yaml = ReadWholeFile(path)) {
      MAXOPT_TRY(const MonitoringConfig config, ParseMonitoringConfig(*yaml, path, out->registry_));
      redis = config.redis;
    }
  }
  if (redis.empty()) {
    out->live_ = MakeLiveCache();
  } else {
    MAXOPT_TRY(RedisOptions options, ParseRedisUrl(redis));
    out->live_ = MakeRedisLiveCache(std::move(options));
  }
  out->api_ = MakeLiveApi(*out->live_);
  WorkerOptions options;
  options.home = context.home;
  options.clock = std::move(clock);
  options.shared = &home;
  options.live = out->live_.get();
  options.stop = &out->stop_;
  options.on_ran = TellRun;
  options.on_problem = [](const std::string& what) { fmt::print(stderr, "worker: {}\n", what); };
  options.on_status = [api = out->api_.get()](std::string json) {
    api->SetStatus(std::move(json));
  };
  out->thread_ = std::thread([self = out.get(), options] {
    (void)RunWorker(options, self->registry_);
    self->ended_ = true;
  });
  return out;
}

bool Background::Stop(std::chrono::milliseconds patience) {
  stop_ = true;
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!ended_ && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return ended_;
}

Background::~Background() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

LiveApi& Background::api() { return *api_; }
Background::Background() = default;

// --- commands -----------------------------------------------------------------------------------

Result<int> WorkerCommand(const CommandContext& context, bool once) {
  const JobRegistry registry = StandardJobs();
  WorkerOptions options;
  options.home = context.home;
  MAXOPT_TRY(options.clock, ProductClock());
  options.once = once;
  options.stop = &worker_stopped;
  int failed = 0;
  options.on_ran = [&](const Ran& ran) {
    if (ran.end.outcome == JobEnd::Outcome::kFailed) ++failed;
    TellRun(ran);
  };
  options.on_problem = [](const std::string& what) { fmt::print(stderr, "worker: {}\n", what); };
  std::signal(SIGINT, OnWorkerSignal);
  std::signal(SIGTERM, OnWorkerSignal);
  // A platform that takes its time to answer keeps nobody waiting who pressed Ctrl-C: everything
  // that is done is on disk, and the job goes on at the next start.
  std::atomic<bool> ended{false};
  std::thread patience([&ended] {
    int ticks_left = 30;
    while (!ended && ticks_left > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      if (worker_stopped) --ticks_left;
    }
    if (ended) return;
    std::fflush(nullptr);
    std::_Exit(kExitOk);
  });
  const Result<int> ran = RunWorker(options, registry);
  ended = true;
  patience.join();
  MAXOPT_TRY(const int runs, ran);
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"runs", runs}, {"failed", failed}}.dump());
  } else {
    fmt::print("{} job{} ran, {} failed\n", runs, runs == 1 ? "" : "s", failed);
  }
  return once && failed > 0 ? kExitError : kExitOk;
}

Result<std::string> ShowJobs(Home& home, const std::string& client, bool all) {
  const Instant now = home.clock().Now();
  MAXOPT_TRY(const std::vector<Job> jobs, Jobs(home.store()));
  std::string out;
  int hidden = 0;
  for (const JobView& view : ViewJobs(jobs, now)) {
    const Job& job = view.job;
    if (!client.empty() && job.spec.client != client) continue;
    if (!all && view.state == "waiting") {
      ++hidden;
      continue;
    }
    const std::string last = job.succeeded_at ? PrintInstant(*job.succeeded_at) : "never";
    out += fmt::format("  {:<9} {:<40} next {}  succeeded {}{}{}\n", view.state, job.spec.key,
                       PrintInstant(job.runs_at()), last,
                       job.detail.empty() ? "" : "\n            ", job.detail);
  }
  if (hidden > 0) out += fmt::format("  {} jobs ran well and wait for their time\n", hidden);
  return out;
}

Result<int> JobsCommand(const CommandContext& context, const JobsArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  if (!arguments.run.empty()) {
    MAXOPT_TRY(const int moved, RunJobNow(home->store(), arguments.run, home->clock().Now()));
    if (moved == 0) {
      return Fail(Errc::kNotFound,
                  fmt::format("no job is called \"{}\"; maxopt jobs lists them", arguments.run));
    }
    fmt::print("{} job{} due now; maxopt serve or maxopt worker runs {}\n", moved,
               moved == 1 ? " is" : "s are", moved == 1 ? "it" : "them");
    return kExitOk;
  }
  if (arguments.history) {
    MAXOPT_TRY(const std::vector<JobRun> runs, JobRuns(home->store(), arguments.key, 100));
    ordered_json list = ordered_json::array();
    for (const JobRun& run : runs) {
      list.push_back({{"job", run.key},
                      {"due_at", PrintInstant(run.due_at)},
                      {"started_at", PrintInstant(run.started_at)},
                      {"ended_at", PrintInstant(run.ended_at)},
                      {"outcome", run.outcome},
                      {"detail", run.detail}});
      if (context.json) continue;
      fmt::print("{}  {:<9} {:<40} {}\n", PrintInstant(run.started_at), run.outcome, run.key,
                 run.detail);
    }
    if (context.json) {
      fmt::print("{}\n", ordered_json{{"runs", list}}.dump(2, ' ', false,
                                                           ordered_json::error_handler_t::replace));
    }
    return kExitOk;
  }
  if (context.json) {
    MAXOPT_TRY(const std::string json, JobsJson(*home));
    fmt::print("{}\n", ordered_json::parse(json).dump(2));
    return kExitOk;
  }
  MAXOPT_TRY(const std::string text, ShowJobs(*home, "", true));
  fmt::print("{}", text.empty() ? "no jobs yet; maxopt serve or maxopt worker makes them\n" : text);
  return kExitOk;
}

}  // namespace maxopt
