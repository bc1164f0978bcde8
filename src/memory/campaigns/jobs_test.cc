#include "memory/campaigns/jobs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Instant At(const char* text) { return ParseInstant(text).value(); }
const Instant kNow = At("2026-11-22T10:00:00Z");

JobSpec Hourly(const std::string& account, const char* kind = "collect_hour") {
  return {.key = std::string(kind) + " " + account,
          .kind = kind,
          .client = "Alpenglow",
          .account = account,
          .schedule = "5 * * * *",
          .zone = "Europe/Berlin"};
}

class JobsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto store = CampaignStore::Open(":memory:");
    ASSERT_TRUE(store) << store.error().what;
    store_ = std::move(*store);
  }
  Job Get(const std::string& key) {
    const auto jobs = Jobs(*store_);
    EXPECT_TRUE(jobs) << jobs.error().what;
    for (const Job& job : *jobs) {
      if (job.spec.key == key) return job;
    }
    ADD_FAILURE() << key << " is not there";
    return {};
  }
  std::vector<std::string> Due(Instant now) {
    std::vector<std::string> out;
    const auto jobs = DueJobs(*store_, now);
    EXPECT_TRUE(jobs);
    for (const Job& job : *jobs) out.push_back(job.spec.key);
    return out;
  }
  /// Leases and ends it at once.
  void Run(const JobSpec& spec, Instant now, JobEnd end) {
    const auto job = LeaseJob(*store_, spec.key, "w1", now, now + minutes(2));
    ASSERT_TRUE(job) << job.error().what;
    ASSERT_TRUE(*job) << spec.key;
    end.at = now;
    const auto finished = FinishJob(*store_, **job, spec.rules, end);
    ASSERT_TRUE(finished) << finished.error().what;
  }

  std::unique_ptr<CampaignStore> store_;
};

TEST_F(JobsTest, RunOnScheduleInTheirZone) {
  JobSpec daily = Hourly("meta/1", "collect_day");
  daily.schedule = "30 6 * * *";
  daily.at_once = false;
  const JobSpec hourly = Hourly("meta/1");
  ASSERT_TRUE(SaveJobs(*store_, {daily, hourly}, kNow));
  EXPECT_EQ(Get(daily.key).due_at, At("2026-11-23T05:30:00Z"));  // 06:30 in Berlin
  EXPECT_EQ(Due(kNow), std::vector<std::string>{hourly.key});    // new: at once
  Run(hourly, kNow, {.detail = "2 reports"});
  const Job job = Get(hourly.key);
  EXPECT_EQ(job.due_at, At("2026-11-22T10:05:00Z"));
  EXPECT_EQ(job.outcome, "done");
  EXPECT_EQ(job.detail, "2 reports");
  EXPECT_EQ(job.succeeded_at, kNow);
  EXPECT_EQ(job.lease_owner, "");
  EXPECT_TRUE(Due(kNow).empty());
  const auto runs = JobRuns(*store_, hourly.key, 10);
  ASSERT_TRUE(runs);
  ASSERT_EQ(runs->size(), 1u);
  EXPECT_EQ(runs->front().outcome, "done");
  // The same list again changes nothing; another schedule moves what is to come.
  ASSERT_TRUE(SaveJobs(*store_, {daily, hourly}, kNow + minutes(1)));
  EXPECT_EQ(Get(hourly.key).due_at, At("2026-11-22T10:05:00Z"));
  daily.schedule = "0 7 * * *";
  ASSERT_TRUE(SaveJobs(*store_, {daily}, kNow + minutes(1)));
  EXPECT_EQ(Get(daily.key).due_at, At("2026-11-23T06:00:00Z"));
  EXPECT_EQ(Jobs(*store_)->size(), 1u);                     // the other is gone
  EXPECT_EQ(JobRuns(*store_, hourly.key, 10)->size(), 1u);  // its history is not
  EXPECT_FALSE(SaveJobs(*store_, {daily, daily}, kNow));
  daily.schedule = "61 * * * *";
  EXPECT_FALSE(SaveJobs(*store_, {daily}, kNow));
}

TEST_F(JobsTest, ImportantOnesComeFirst) {
  JobSpec low = Hourly("meta/1");
  low.importance = JobImportance::kLow;
  JobSpec urgent = Hourly("meta/2");
  urgent.importance = JobImportance::kUrgent;
  const JobSpec normal = Hourly("meta/3");
  ASSERT_TRUE(SaveJobs(*store_, {low, urgent, normal}, kNow));
  EXPECT_EQ(Due(kNow), (std::vector<std::string>{urgent.key, normal.key, low.key}));
}

TEST_F(JobsTest, AJobAndAnAccountHaveOneOwnerAtATime) {
  const JobSpec hour = Hourly("meta/1");
  const JobSpec day = Hourly("meta/1", "collect_day");
  const JobSpec other = Hourly("meta/2");
  ASSERT_TRUE(SaveJobs(*store_, {hour, day, other}, kNow));
  ASSERT_TRUE(LeaseJob(*store_, hour.key, "w1", kNow, kNow + minutes(2))->has_value());
  EXPECT_FALSE(LeaseJob(*store_, hour.key, "w2", kNow, kNow + minutes(2))->has_value());
  EXPECT_FALSE(LeaseJob(*store_, hour.key, "w1", kNow, kNow + minutes(2))->has_value());
  EXPECT_FALSE(LeaseJob(*store_, day.key, "w2", kNow, kNow + minutes(2))->has_value());
  EXPECT_TRUE(LeaseJob(*store_, other.key, "w2", kNow, kNow + minutes(2))->has_value());
  EXPECT_FALSE(LeaseJob(*store_, "nonsense", "w2", kNow, kNow + minutes(2))->has_value());
  EXPECT_TRUE(RenewLease(*store_, hour.key, "w1", kNow + minutes(4)));
  EXPECT_FALSE(
      LeaseJob(*store_, hour.key, "w2", kNow + minutes(3), kNow + minutes(5))->has_value());
  EXPECT_EQ(RenewLease(*store_, hour.key, "w2", kNow + minutes(9)).error().code, Errc::kConflict);
  EXPECT_EQ(SaveJobProgress(*store_, hour.key, "w2", "x").error().code, Errc::kConflict);
}

TEST_F(JobsTest, AnExpiredLeaseIsTakenOverWithItsProgress) {
  const JobSpec spec = Hourly("meta/1");
  ASSERT_TRUE(SaveJobs(*store_, {spec}, kNow));
  const auto dead = LeaseJob(*store_, spec.key, "w1", kNow, kNow + minutes(2));
  ASSERT_TRUE(SaveJobProgress(*store_, spec.key, "w1", "slice 3"));
  const Instant later = kNow + minutes(2);
  EXPECT_EQ(Due(later), std::vector<std::string>{spec.key});
  const auto taken = LeaseJob(*store_, spec.key, "w2", later, later + minutes(2));
  ASSERT_TRUE(taken && *taken);
  EXPECT_EQ((*taken)->progress, "slice 3");
  EXPECT_EQ((*taken)->due_at, kNow);
  // The old owner was not dead, only slow: it may not end what is another's now.
  EXPECT_EQ(FinishJob(*store_, **dead, spec.rules, {.at = later}).error().code, Errc::kConflict);
  EXPECT_EQ(RenewLease(*store_, spec.key, "w1", later + hours(1)).error().code, Errc::kConflict);
  ASSERT_TRUE(FinishJob(*store_, **taken, spec.rules, {.at = later + minutes(1)}));
  EXPECT_EQ(Get(spec.key).progress, "");
  const auto runs = JobRuns(*store_, "", 10);
  ASSERT_EQ(runs->size(), 2u);
  EXPECT_EQ(runs->at(1).outcome, "lost");
  EXPECT_EQ(runs->at(1).detail, "w1 stopped before it was done");
  EXPECT_EQ(runs->at(0).outcome, "done");
}

TEST_F(JobsTest, OneThatKillsItsWorkerEndsUpWaiting) {
  const JobSpec spec = Hourly("meta/1");
  ASSERT_TRUE(SaveJobs(*store_, {spec}, kNow));
  Instant now = kNow;
  int starts = 0;
  for (int i = 0; i < 20; ++i, now += seconds(10)) {
    const auto job = LeaseJob(*store_, spec.key, "w" + std::to_string(i), now, now + minutes(2));
    ASSERT_TRUE(job);
    if (*job) ++starts;
    // Killed; the next one starts and knows that it is alone.
    ASSERT_TRUE(EndLeasesOfOthers(*store_, "next", now));
  }
  EXPECT_EQ(starts, 3);
  EXPECT_EQ(Get(spec.key).outcome, "lost");
  EXPECT_GT(Get(spec.key).runs_at(), kNow + minutes(3));
}

TEST_F(JobsTest, TwoWorkersNeverRunOneJobAtOnce) {
  std::vector<JobSpec> specs;
  for (int account = 0; account < 6; ++account) {
    for (const char* kind : {"a", "b"}) {
      specs.push_back(Hourly("meta/" + std::to_string(account), kind));
      specs.back().schedule = "* * * * *";
    }
  }
  ASSERT_TRUE(SaveJobs(*store_, specs, kNow));
  std::map<std::string, std::atomic<int>> running;
  for (const JobSpec& spec : specs) running[spec.account] = 0;
  std::atomic<int> runs{0}, doubled{0}, errors{0};
  const auto work = [&](const std::string& owner) {
    for (int minute = 0; minute < 10; ++minute) {
      const Instant now = kNow + minutes(minute);
      for (const JobSpec& spec : specs) {
        const auto job = LeaseJob(*store_, spec.key, owner, now, now + hours(1));
        if (!job) ++errors;
        if (!job || !*job) continue;
        if (++running[spec.account] != 1) ++doubled;
        std::this_thread::yield();
        ++runs;
        --running[spec.account];
        if (!FinishJob(*store_, **job, spec.rules, {.at = now})) ++errors;
      }
    }
  };
  std::thread one(work, "w1"), two(work, "w2"), three(work, "w3");
  one.join(), two.join(), three.join();
  EXPECT_EQ(doubled, 0);
  EXPECT_EQ(errors, 0);
  const auto history = JobRuns(*store_, "", 1000);
  ASSERT_EQ(history->size(), static_cast<std::size_t>(runs.load()));
  std::set<std::pair<std::string, Instant>> windows;
  for (const JobRun& run : *history) {
    EXPECT_TRUE(windows.emplace(run.key, run.due_at).second) << run.key << " ran twice for a time";
  }
}

TEST_F(JobsTest, MissedRunsCollapseOrAreMadeUpForOneByOne) {
  const JobSpec once = Hourly("meta/1");
  JobSpec each = Hourly("meta/2", "report");
  each.schedule = "0 7 * * *";
  each.zone = "UTC";
  each.at_once = false;
  each.rules.catch_up = JobCatchUp::kEach;
  each.rules.windows_max = 3;
  ASSERT_TRUE(SaveJobs(*store_, {once, each}, kNow));
  Run(once, kNow, {});
  // Two and a half days of nothing.
  const Instant back = kNow + hours(60);  // 24th, 22:00
  Run(once, back, {.detail = "read"});
  EXPECT_EQ(Get(once.key).due_at, At("2026-11-24T22:05:00Z"));
  EXPECT_EQ(Get(once.key).detail, "read; stands for 59 missed runs as well");
  std::vector<Instant> windows;
  while (Get(each.key).due_at <= back) {
    windows.push_back(Get(each.key).due_at);
    Run(each, back, {});
  }
  EXPECT_EQ(windows, (std::vector{At("2026-11-23T07:00:00Z"), At("2026-11-24T07:00:00Z")}));
  EXPECT_EQ(Get(each.key).due_at, At("2026-11-25T07:00:00Z"));
  // Ten days: the oldest are left out, and that is said.
  Run(each, kNow + days(13), {});
  EXPECT_EQ(Get(each.key).due_at, At("2026-12-03T07:00:00Z"));
  EXPECT_NE(Get(each.key).detail.find("7 runs before 2026-12-03T07:00:00Z are left out"),
            std::string::npos)
      << Get(each.key).detail;
}

TEST_F(JobsTest, AFailureKeepsItsWindowAndBacksOff) {
  const JobSpec spec = Hourly("meta/1");
  ASSERT_TRUE(SaveJobs(*store_, {spec}, kNow));
  Instant now = kNow;
  std::vector<seconds> waits;
  for (int i = 0; i < 6; ++i) {
    Run(spec, now, {.outcome = JobEnd::Outcome::kFailed, .detail = "HTTP 503"});
    const Job job = Get(spec.key);
    EXPECT_EQ(job.failures, i + 1);
    EXPECT_EQ(job.due_at, kNow);
    EXPECT_TRUE(Due(*job.retry_at - seconds(1)).empty());
    waits.push_back(std::chrono::floor<seconds>(*job.retry_at - now));
    now = *job.retry_at;
  }
  // 5, 10, 20, 40 minutes with 20 % of jitter, and never longer than the schedule itself.
  for (std::size_t i = 0; i < waits.size(); ++i) {
    const double expected = std::min(3600.0, 300.0 * static_cast<double>(1 << i));
    EXPECT_GE(static_cast<double>(waits[i].count()), 0.8 * expected - 1);
    EXPECT_LE(static_cast<double>(waits[i].count()), std::min(3600.0, 1.2 * expected) + 1);
  }
  Run(spec, now, {});
  EXPECT_EQ(Get(spec.key).failures, 0);
  EXPECT_FALSE(Get(spec.key).retry_at);
  EXPECT_GT(Get(spec.key).due_at, now);
}

TEST_F(JobsTest, SpreadIsTheJobsOwnAndStaysWithinTheSchedule) {
  std::set<Instant> starts;
  std::vector<JobSpec> specs;
  for (int account = 0; account < 50; ++account) {
    specs.push_back(Hourly("meta/" + std::to_string(account)));
    specs.back().at_once = false;
    specs.back().rules.spread = seconds(180);
  }
  ASSERT_TRUE(SaveJobs(*store_, specs, kNow));
  for (const JobSpec& spec : specs) {
    const Instant due = Get(spec.key).due_at;
    EXPECT_GE(due, kNow + minutes(5));
    EXPECT_LT(due, kNow + minutes(8));
    starts.insert(due);
    Run(spec, due, {});
    EXPECT_EQ(Get(spec.key).due_at, due + hours(1));
  }
  EXPECT_GT(starts.size(), 30u);
}

TEST_F(JobsTest, StaleIsThreeScheduledTimesWithoutASuccess) {
  JobSpec spec = Hourly("meta/1");
  ASSERT_TRUE(SaveJobs(*store_, {spec}, kNow));
  Run(spec, kNow, {});
  EXPECT_FALSE(IsStale(Get(spec.key), At("2026-11-22T12:04:59Z")));
  EXPECT_TRUE(IsStale(Get(spec.key), At("2026-11-22T12:05:00Z")));
  const JobSpec never = Hourly("meta/2");
  ASSERT_TRUE(SaveJobs(*store_, {never}, kNow));
  Run(never, kNow, {.outcome = JobEnd::Outcome::kFailed});
  EXPECT_FALSE(IsStale(Get(never.key), kNow + hours(2)));
  EXPECT_TRUE(IsStale(Get(never.key), kNow + hours(3)));
}

TEST_F(JobsTest, APersonMayAskForOneNow) {
  JobSpec spec = Hourly("meta/1");
  spec.at_once = false;
  JobSpec other = Hourly("meta/12");
  other.at_once = false;
  ASSERT_TRUE(SaveJobs(*store_, {spec, other}, kNow));
  EXPECT_EQ(*RunJobNow(*store_, spec.key, kNow), 1);
  EXPECT_EQ(Due(kNow), std::vector<std::string>{spec.key});
  EXPECT_EQ(*RunJobNow(*store_, "collect_hour", kNow), 2);
  EXPECT_EQ(*RunJobNow(*store_, "nonsense", kNow), 0);
}

TEST_F(JobsTest, CallsAreCountedAndHeadroomIsKept) {
  ASSERT_TRUE(CountCalls(*store_, "meta/1", kNow, 70));
  ASSERT_TRUE(CountCalls(*store_, "meta/1", kNow - hours(2), 20));
  ASSERT_TRUE(CountCalls(*store_, "meta/2", kNow, 5));
  const auto used = CallsOf(*store_, "meta/1", kNow + minutes(59));
  ASSERT_TRUE(used) << used.error().what;
  EXPECT_EQ(used->today, 90);
  EXPECT_EQ(used->this_hour, 70);
  EXPECT_EQ(CallsOf(*store_, "meta/1", kNow + days(1))->today, 0);
  EXPECT_EQ(CallsOf(*store_, "meta/3", kNow)->today, 0);
  // 90 of 100 of the day: low, normal and high wait for tomorrow, urgent may.
  const CallLimit limit{.per_day = 100, .per_hour = 0};
  for (const JobImportance importance :
       {JobImportance::kLow, JobImportance::kNormal, JobImportance::kHigh}) {
    const auto wait = CheckCalls(*used, limit, importance, kNow);
    ASSERT_TRUE(wait);
    EXPECT_EQ(wait->until, At("2026-11-23T00:00:00Z"));
    EXPECT_NE(wait->why.find("90 of 100 calls of this day"), std::string::npos) << wait->why;
  }
  EXPECT_FALSE(CheckCalls(*used, limit, JobImportance::kUrgent, kNow));
  // 70 of 100 of the hour: only what is low waits, for the next hour.
  const CallLimit hour{.per_day = 1000, .per_hour = 100};
  EXPECT_EQ(CheckCalls(*used, hour, JobImportance::kLow, kNow)->until, kNow + hours(1));
  EXPECT_FALSE(CheckCalls(*used, hour, JobImportance::kNormal, kNow));
  EXPECT_FALSE(CheckCalls(*used, {}, JobImportance::kLow, kNow));  // no limit known
}

TEST_F(JobsTest, WhatIsPostponedIsToldAndRunsLater) {
  JobSpec spec = Hourly("meta/1");
  ASSERT_TRUE(SaveJobs(*store_, {spec}, kNow));
  ASSERT_TRUE(PostponeJob(*store_, spec.key, kNow, kNow + hours(1), "the budget is used"));
  ASSERT_TRUE(PostponeJob(*store_, spec.key, kNow, kNow + hours(2), "the budget is used"));
  const Job job = Get(spec.key);
  EXPECT_EQ(job.outcome, "postponed");
  EXPECT_EQ(job.detail, "the budget is used");
  EXPECT_EQ(job.due_at, kNow);
  EXPECT_TRUE(Due(kNow + hours(1)).empty());
  EXPECT_EQ(Due(kNow + hours(2)).size(), 1u);
  EXPECT_EQ(JobRuns(*store_, spec.key, 10)->size(), 1u);  // told once a day
}

/// A platform throttles an account for four hours (of the outage of Airbyte #8282). Its jobs wait
/// for what the platform said; the calls of all of them are fewer than without a throttle.
TEST_F(JobsTest, F33AThrottledAccountsJobsWaitAndMakeNoMoreCalls) {
  std::vector<JobSpec> specs;
  for (const char* kind : {"hour", "names", "review"}) specs.push_back(Hourly("meta/1", kind));
  const JobSpec free = Hourly("meta/2");
  specs.push_back(free);
  const auto live = [&](Instant throttled_until) {
    store_ = CampaignStore::Open(":memory:").value();
    EXPECT_TRUE(SaveJobs(*store_, specs, kNow));
    std::map<std::string, int> calls;
    for (Instant now = kNow; now < kNow + hours(6); now += seconds(30)) {
      for (const JobSpec& spec : specs) {
        const auto job = LeaseJob(*store_, spec.key, "w", now, now + minutes(2));
        EXPECT_TRUE(job);
        if (!*job) continue;
        ++calls[spec.account];
        JobEnd end{.at = now};
        if (spec.account == "meta/1" && now < throttled_until) {
          end.outcome = JobEnd::Outcome::kFailed;
          end.throttled = true;
          end.retry_after = minutes(20);
          EXPECT_TRUE(FinishJob(*store_, **job, spec.rules, end));
          for (const JobSpec& other : specs) {
            if (other.account != spec.account) continue;
            const Job waiting = Get(other.key);
            EXPECT_TRUE(waiting.due_at > now || waiting.runs_at() >= now + minutes(20));
          }
          continue;
        }
        EXPECT_TRUE(FinishJob(*store_, **job, spec.rules, end));
      }
    }
    return calls;
  };
  auto calm = live(kNow);
  auto throttled = live(kNow + hours(4));
  EXPECT_EQ(calm["meta/1"], 3 * 7);
  EXPECT_LE(throttled["meta/1"], calm["meta/1"]);
  EXPECT_GE(throttled["meta/1"], 3);
  EXPECT_EQ(throttled["meta/2"], calm["meta/2"]);  // another account does not notice
  for (const JobSpec& spec : specs) EXPECT_EQ(Get(spec.key).failures, 0);  // all went on after it
}

TEST_F(JobsTest, SurviveTheProcess) {
  const std::string path = testing::TempDir() + "maxopt_jobs_test.db";
  std::remove(path.c_str());
  const JobSpec spec = Hourly("meta/1");
  {
    const auto store = CampaignStore::Open(path);
    ASSERT_TRUE(store) << store.error().what;
    ASSERT_TRUE(SaveJobs(**store, {spec}, kNow));
    ASSERT_TRUE(LeaseJob(**store, spec.key, "w1", kNow, kNow + minutes(10))->has_value());
    ASSERT_TRUE(SaveJobProgress(**store, spec.key, "w1", "half"));
  }
  const auto store = CampaignStore::Open(path);
  ASSERT_TRUE(store) << store.error().what;
  EXPECT_EQ(*EndLeasesOfOthers(**store, "w2", kNow), 1);
  const auto job = LeaseJob(**store, spec.key, "w2", kNow, kNow + minutes(10));
  ASSERT_TRUE(job && *job);
  EXPECT_EQ((*job)->progress, "half");
}

}  // namespace
}  // namespace maxopt
