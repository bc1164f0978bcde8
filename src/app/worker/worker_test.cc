#include "app/worker/worker.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

namespace maxopt {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Instant At(const char* text) { return ParseInstant(text).value(); }
const AccountId kMeta{Platform::kMeta, "12"};
const AccountId kGoogle{Platform::kGoogleAds, "34"};

Watch W(const char* importance, int interval) {
  Watch watch;
  watch.importance = importance;
  watch.interval_minutes = interval;
  return watch;
}

TEST(CollectScheduleTest, FollowsWhatIsWatched) {
  EXPECT_EQ(CollectSchedule({}), "5 * * * *");
  EXPECT_EQ(CollectSchedule({W("primary", 1440)}), "5 * * * *");
  EXPECT_EQ(CollectSchedule({W("secondary", 1440)}), "5 */6 * * *");
  EXPECT_EQ(CollectSchedule({W("secondary", 1440), W("guard", 60)}), "5 * * * *");
  EXPECT_EQ(CollectSchedule({W("secondary", 1440), W("guard", 30)}), "5,35 * * * *");
  EXPECT_EQ(CollectSchedule({W("guard", 5)}), "*/15 * * * *");
}

TEST(MonitoringConfigTest, TheTemplateSaysWhatIsSoWithoutIt) {
  const auto config =
      ParseMonitoringConfig(MonitoringTemplate(), "monitoring.yaml", StandardJobs());
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_TRUE(config->jobs.empty());
  EXPECT_EQ(config->redis, "");
  EXPECT_EQ(config->refresh_minutes.at(Platform::kMeta), 5);
}

TEST(MonitoringConfigTest, NonsenseIsRefusedByLine) {
  struct Case {
    const char* yaml;
    const char* says;
  };
  for (const Case& c : {
           Case{"maxopt: monitoring/2\n", ":1:"},
           Case{"maxopt: monitoring/1\nspeed: 3\n", ":2: \"speed\" is not known"},
           Case{"maxopt: monitoring/1\njobs:\n  - {kind: collect}\n", ":3: kind \"collect\""},
           Case{"maxopt: monitoring/1\njobs:\n  - {kind: backup, shedule: x}\n", "\"shedule\""},
           Case{"maxopt: monitoring/1\njobs:\n  - {kind: backup, schedule: \"61 * * * *\"}\n",
                "minute"},
           Case{"maxopt: monitoring/1\njobs:\n  - {kind: backup, importance: big}\n", "urgent"},
           Case{"maxopt: monitoring/1\njobs:\n  - {kind: backup, account: 12}\n", "google_ads/"},
           Case{"maxopt: monitoring/1\njobs:\n  - {kind: backup, off: maybe}\n", "true or false"},
           Case{"maxopt: monitoring/1\nrefresh_minutes: {meta: 0}\n", "1 to 60"},
           Case{"maxopt: monitoring/1\nrefresh_minutes: {mars: 5}\n", ":2:"},
           Case{"maxopt: monitoring/1\nredis: localhost\n", "redis://"},
           Case{"maxopt: monitoring/1\nmaxopt: monitoring/1\n", "twice"},
           Case{"jobs: &a []\n", "anchors"},
           Case{"]", ":1:"},
           Case{"", "expected here"},
       }) {
    const auto config = ParseMonitoringConfig(c.yaml, "monitoring.yaml", StandardJobs());
    ASSERT_FALSE(config) << c.yaml;
    EXPECT_EQ(config.error().code, Errc::kInvalidArgument);
    EXPECT_NE(config.error().what.find(c.says), std::string::npos) << config.error().what;
  }
}

TEST(CallLimitTest, DefaultsByPlatformAndTheConnectionsOwn) {
  Connection google;
  google.account = kGoogle;
  Connection other = google;
  other.account.id = "35";
  Connection meta;
  meta.account = kMeta;
  const std::vector<Connection> all{google, other, meta};
  EXPECT_EQ(CallLimitOf(google, all).per_day, 7'500);  // two share a developer token
  EXPECT_EQ(CallLimitOf(meta, all).per_hour, 600);
  meta.calls_per_day = 80;
  EXPECT_EQ(CallLimitOf(meta, all).per_day, 80);
  EXPECT_EQ(CallLimitOf(meta, all).per_hour, 10);
}

/// A home with two accounts that nothing answers for, and jobs of the test's own.
class RunnerTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("maxopt_runner_" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    auto home = Home::Open(folder_, clock_);
    ASSERT_TRUE(home) << home.error().what;
    home_ = std::move(*home);
    ASSERT_TRUE(
        WriteWholeFile(home_->PathOf("connections.yaml"),
                       "maxopt: connections/1\naccounts:\n"
                       "  - {client: Alpenglow, platform: meta, id: \"12\", calls_per_day: 100}\n"
                       "  - {client: Alpenglow, platform: google_ads, id: \"34\"}\n"));
    const Currency eur = FindCurrency("EUR").value();
    ASSERT_TRUE(home_->store().SaveClient({"Alpenglow", eur, "Europe/Berlin"}));
    for (const AccountId& id : {kMeta, kGoogle}) {
      ASSERT_TRUE(home_->store().SaveAccount(
          {"Alpenglow", {id, "Alpenglow", eur, "Europe/Berlin", "active"}}));
    }
    registry_.Register({.kind = "collect_hour",
                        .what = "x",
                        .schedule = "5 * * * *",
                        .importance = JobImportance::kHigh,
                        .run = [this](JobContext& context) { return run_(context); },
                        .calls_platform = true});
  }
  void TearDown() override {
    home_.reset();
    std::filesystem::remove_all(folder_);
  }
  JobRunner Runner() { return JobRunner(registry_, {.owner = "test"}); }
  Job Get(const std::string& key) {
    const auto jobs = Jobs(home_->store());
    EXPECT_TRUE(jobs) << jobs.error().what;
    for (const Job& job : *jobs) {
      if (job.spec.key == key) return job;
    }
    ADD_FAILURE() << key;
    return {};
  }

  std::string folder_;
  std::shared_ptr<VirtualClock> clock_ = std::make_shared<VirtualClock>(At("2026-11-22T10:00:00Z"));
  std::unique_ptr<Home> home_;
  JobRegistry registry_;
  JobFunction run_ = [](JobContext&) -> Result<JobOutcome> { return JobOutcome{"fine"}; };
};

TEST_F(RunnerTest, PlansFromAccountsAndMonitoringYaml) {
  ASSERT_TRUE(
      WriteWholeFile(home_->PathOf("monitoring.yaml"),
                     "maxopt: monitoring/1\njobs:\n"
                     "  - {kind: collect_hour, account: meta/12, schedule: \"*/30 * * * *\"}\n"
                     "  - {kind: collect_hour, client: Alpenglow, schedule: \"7 * * * *\"}\n"
                     "  - {kind: collect_hour, client: Other, off: true}\n"));
  auto runner = Runner();
  const auto planned = runner.Plan(*home_);
  ASSERT_TRUE(planned) << planned.error().what;
  EXPECT_EQ(Get("collect_hour meta/12").spec.schedule, "*/30 * * * *");  // the narrower one
  EXPECT_EQ(Get("collect_hour google_ads/34").spec.schedule, "7 * * * *");
  EXPECT_EQ(Get("collect_hour meta/12").spec.zone, "Europe/Berlin");
  ASSERT_TRUE(WriteWholeFile(home_->PathOf("monitoring.yaml"),
                             "maxopt: monitoring/1\njobs: [{kind: collect_hour, off: true}]\n"));
  ASSERT_TRUE(runner.Plan(*home_));
  EXPECT_TRUE(Jobs(home_->store())->empty());
}

TEST_F(RunnerTest, RunsWhatIsDueAndSaysHowItWent) {
  auto runner = Runner();
  ASSERT_TRUE(runner.Plan(*home_));
  int runs = 0;
  run_ = [&](JobContext& context) -> Result<JobOutcome> {
    ++runs;
    EXPECT_TRUE(context.account());
    if (*context.account() == kGoogle) return JobOutcome{"half", {"one page is missing"}};
    EXPECT_TRUE(context.SaveProgress("slice 1"));
    return JobOutcome{"2 reports"};
  };
  EXPECT_TRUE(runner.RunNext(*home_)->has_value());
  EXPECT_TRUE(runner.RunNext(*home_)->has_value());
  EXPECT_FALSE(runner.RunNext(*home_)->has_value());
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(Get("collect_hour meta/12").outcome, "done");
  EXPECT_EQ(Get("collect_hour google_ads/34").outcome, "failed");
  EXPECT_EQ(Get("collect_hour google_ads/34").detail, "one page is missing (half)");
  clock_->AdvanceTo(clock_->Now() + minutes(10));
  run_ = [](JobContext&) -> Result<JobOutcome> { throw std::runtime_error("oops"); };
  EXPECT_TRUE(runner.RunNext(*home_)->has_value());
  const json status = json::parse(*JobsJson(*home_));
  EXPECT_EQ(status["jobs"].size(), 2u);
  bool said = false;
  for (const json& job : status["jobs"]) {
    said = said || job["detail"].get<std::string>().find("oops") != std::string::npos;
  }
  EXPECT_TRUE(said) << status.dump(1);
}

TEST_F(RunnerTest, AnAccountWithoutCallsLeftWaitsAndSaysSo) {
  auto runner = Runner();
  ASSERT_TRUE(runner.Plan(*home_));
  ASSERT_TRUE(CountCalls(home_->store(), "meta/12", clock_->Now(), 95));
  int runs = 0;
  run_ = [&](JobContext& context) -> Result<JobOutcome> {
    ++runs;
    EXPECT_EQ(context.job().spec.account, "google_ads/34");
    return JobOutcome{};
  };
  while (*runner.RunNext(*home_)) {
  }
  EXPECT_EQ(runs, 1);
  const Job waiting = Get("collect_hour meta/12");
  EXPECT_EQ(waiting.outcome, "postponed");
  EXPECT_NE(waiting.detail.find("95 of 100 calls"), std::string::npos) << waiting.detail;
  EXPECT_EQ(ViewJobs({waiting}, clock_->Now())[0].state, "postponed");
  clock_->AdvanceTo(At("2026-11-23T00:00:00Z"));
  run_ = [&](JobContext&) -> Result<JobOutcome> { return ++runs, JobOutcome{}; };
  while (*runner.RunNext(*home_)) {
  }
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(Get("collect_hour meta/12").outcome, "done");
}

TEST_F(RunnerTest, AStopLeavesTheJobForTheNextStart) {
  std::atomic<bool> stop{false};
  JobRunner runner(registry_, {.owner = "test", .stop = &stop});
  ASSERT_TRUE(runner.Plan(*home_));
  run_ = [&](JobContext& context) -> Result<JobOutcome> {
    stop = true;
    EXPECT_TRUE(context.stopping());
    EXPECT_TRUE(context.SaveProgress("slice 3"));
    return Fail(Errc::kRefused, "a call was not begun");
  };
  const auto ran = runner.RunNext(*home_);
  ASSERT_TRUE(ran && *ran);
  const Job job = Get((*ran)->job.spec.key);
  EXPECT_EQ(job.outcome, "postponed");
  EXPECT_EQ(job.failures, 0);
  EXPECT_EQ(job.progress, "slice 3");
  EXPECT_LE(job.runs_at(), clock_->Now());
}

// --- the API ------------------------------------------------------------------------------------

http::Response Ask(LiveApi& api, const std::string& url, http::Headers headers = {}) {
  headers.emplace_back("Host", "127.0.0.1:8787");
  http::Request request;
  request.url = url;
  request.headers = std::move(headers);
  auto response = api.Handle(request);
  return response ? *std::move(response) : http::Response{.status = -9};
}

TEST(LiveApiTest, SnapshotHasAnETag) {
  const auto live = MakeLiveCache();
  const auto api = MakeLiveApi(*live);
  ASSERT_TRUE(live->Replace("m/", {{"m/a", "{\"x\":1}"}}));
  const http::Response first = Ask(*api, "/api/v1/live");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(json::parse(first.body)["entries"]["m/a"]["x"], 1);
  const std::string tag(*http::FindHeader(first.headers, "ETag"));
  EXPECT_EQ(Ask(*api, "/api/v1/live", {{"If-None-Match", tag}}).status, 304);
  ASSERT_TRUE(live->Replace("m/", {{"m/a", "{\"x\":2}"}}));
  EXPECT_EQ(Ask(*api, "/api/v1/live", {{"If-None-Match", tag}}).status, 200);
  EXPECT_EQ(Ask(*api, "/api/v1/status").status, 503);
  api->SetStatus("{\"jobs\":[]}");
  EXPECT_EQ(Ask(*api, "/api/v1/status").body, "{\"jobs\":[]}");
  EXPECT_EQ(Ask(*api, "/api/v2/x").status, -9);
  EXPECT_EQ(Ask(*api, "/tag.js").status, -9);
}

TEST(LiveApiTest, SomeSeeSomeClientsOnly) {
  const auto live = MakeLiveCache();
  const auto api = MakeLiveApi(*live);
  ASSERT_TRUE(live->Replace("m/", {{"m/a", "{\"client\":\"A\"}"}, {"m/b", "{\"client\":\"B\"}"}}));
  http::Request request;
  request.url = "/api/v1/live";
  const auto of_b = api->Handle(request, [](const std::string& client) { return client == "B"; });
  const json entries = json::parse(of_b->body)["entries"];
  EXPECT_EQ(entries.size(), 1u);
  EXPECT_TRUE(entries.contains("m/b"));
  request.method = "POST";
  EXPECT_EQ(api->Handle(request)->status, 405);
}

/// A reader whose speed the test sets.
class FakeStream final : public http::Stream {
 public:
  bool Write(std::string_view piece) override {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    text_ += piece;
    if (slow_) unsent_ += piece.size();
    return true;
  }
  std::size_t unsent_bytes() const override {
    const std::lock_guard lock(mutex_);
    return unsent_;
  }
  bool closed() const override {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  void Close() override {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  void SetSlow(bool slow) {
    const std::lock_guard lock(mutex_);
    slow_ = slow;
    if (!slow) unsent_ = 0;
  }
  bool Has(const std::string& text) const {
    for (int i = 0; i < 500; ++i) {
      {
        const std::lock_guard lock(mutex_);
        if (text_.find(text) != std::string::npos) return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
  std::size_t unsent_ = 0;
  bool slow_ = false, closed_ = false;
};

TEST(LiveStreamTest, ResumesByIdAndCoalescesForTheSlow) {
  const auto live = MakeLiveCache();
  const auto api = MakeLiveApi(*live, {.poll = std::chrono::milliseconds(5)});
  ASSERT_TRUE(live->Replace("m/", {{"m/a", "1"}, {"m/b", "1"}}));
  const std::string id = PrintLiveVersion((*live->Read())->version);
  const auto fresh = std::make_shared<FakeStream>();
  Ask(*api, "/api/v1/live/stream").stream(fresh);
  EXPECT_TRUE(fresh->Has("id: " + id + "\nevent: snapshot\ndata: {\"m/a\":1,\"m/b\":1}\n\n"));

  // One that stops reading gets, when it goes on, the newest of each and no step between.
  fresh->SetSlow(true);
  ASSERT_TRUE(live->Replace("m/", {{"m/a", "2"}, {"m/b", "1"}}));
  EXPECT_TRUE(fresh->Has("\"m/a\":2"));
  for (int i = 3; i <= 40; ++i) {
    ASSERT_TRUE(live->Replace("m/", {{"m/a", std::to_string(i)}}));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(fresh->text().find("\"m/a\":3"), std::string::npos);
  fresh->SetSlow(false);
  EXPECT_TRUE(fresh->Has("data: {\"changed\":{\"m/a\":40},\"removed\":[\"m/b\"]}"));
  EXPECT_EQ(fresh->text().find("\"m/a\":39"), std::string::npos);

  // One that comes back with an id gets what it missed; with an unknown one, everything anew.
  const auto back = std::make_shared<FakeStream>();
  Ask(*api, "/api/v1/live/stream", {{"Last-Event-ID", id}}).stream(back);
  EXPECT_TRUE(back->Has("data: {\"changed\":{\"m/a\":40},\"removed\":[\"m/b\"]}"));
  EXPECT_EQ(back->text().find("event: snapshot"), std::string::npos);
  for (const char* unknown : {"0123456789abcdef-3", "nonsense", ""}) {
    const auto lost = std::make_shared<FakeStream>();
    Ask(*api, "/api/v1/live/stream", {{"Last-Event-ID", unknown}}).stream(lost);
    EXPECT_TRUE(lost->Has("event: snapshot")) << unknown;
    EXPECT_TRUE(lost->Has("event: reload")) << unknown;
  }
}

TEST(LiveStreamTest, HeartbeatsBoundsAndEnds) {
  const auto live = MakeLiveCache();
  auto api = MakeLiveApi(
      *live, {.poll = std::chrono::milliseconds(5), .heartbeat = seconds(0), .max_streams = 1});
  const auto one = std::make_shared<FakeStream>();
  Ask(*api, "/api/v1/live/stream").stream(one);
  EXPECT_TRUE(one->Has("\n\n:\n\n"));
  EXPECT_EQ(Ask(*api, "/api/v1/live/stream").status, 503);
  one->Close();  // it has gone
  int status = 503;
  for (int i = 0; i < 500 && status == 503; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    status = Ask(*api, "/api/v1/live/stream").status;
  }
  EXPECT_EQ(status, 200);
  const auto two = std::make_shared<FakeStream>();
  Ask(*api, "/api/v1/live/stream").stream(two);
  EXPECT_TRUE(two->Has("event: snapshot"));
  api.reset();
  EXPECT_TRUE(two->closed());
}

}  // namespace
}  // namespace maxopt
