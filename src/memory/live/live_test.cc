#include "memory/live/live.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <thread>

extern char** environ;

namespace maxopt {
namespace {

int FreePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  socklen_t size = sizeof at;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  ::close(fd);
  return ntohs(at.sin_port);
}

/// A redis-server of the test's own, without files.
class RedisServer {
 public:
  explicit RedisServer(int port) : port_(port) {
    std::string text = std::to_string(port);
    std::string folder = std::filesystem::temp_directory_path();
    std::vector<std::string> words{
        "redis-server", "--port", text,    "--bind", "127.0.0.1", "--save",   "",
        "--appendonly", "no",     "--dir", folder,   "--logfile", "/dev/null"};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    if (::posix_spawnp(&pid_, "redis-server", nullptr, nullptr, argv.data(), environ) != 0) {
      pid_ = -1;
    }
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer() { Kill(); }
  bool started() const { return pid_ > 0; }
  void Kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  RedisOptions options() const { return {.port = port_}; }

 private:
  int port_;
  pid_t pid_ = -1;
};

/// Waits until it answers: a server that was just started takes a moment.
bool Answers(LiveCache& cache) {
  for (int i = 0; i < 500; ++i) {
    if (cache.Read()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

/// Both implementations keep the same promises.
class LiveContract : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string(GetParam()) == "redis") {
      server_ = std::make_unique<RedisServer>(FreePort());
      ASSERT_TRUE(server_->started()) << "redis-server is not installed: tools/setup test";
      cache_ = MakeRedisLiveCache(server_->options());
    } else {
      cache_ = MakeLiveCache();
    }
    ASSERT_TRUE(Answers(*cache_));
  }
  LiveVersion Version() { return (*cache_->Read())->version; }
  std::map<std::string, std::string> All() {
    const auto snapshot = cache_->Read();
    EXPECT_TRUE(snapshot) << snapshot.error().what;
    std::map<std::string, std::string> out;
    for (const auto& entry : (*snapshot)->entries) out[entry->key] = entry->json;
    return out;
  }
  void Put(const std::string& scope, const std::map<std::string, std::string>& entries) {
    std::vector<LiveEntry> list;
    for (const auto& [key, json] : entries) list.push_back({key, json});
    const auto put = cache_->Replace(scope, list);
    ASSERT_TRUE(put) << put.error().what;
  }

  std::unique_ptr<RedisServer> server_;
  std::unique_ptr<LiveCache> cache_;
};

using Texts = std::map<std::string, std::string>;

TEST_P(LiveContract, ReplacesWhatIsBelowAScope) {
  EXPECT_TRUE(All().empty());
  Put("metrics/meta/1/", {{"metrics/meta/1/b", "{\"x\":1}"}, {"metrics/meta/1/a", "1"}});
  Put("metrics/meta/12/", {{"metrics/meta/12/a", "7"}});
  Put("alerts/", {{"alerts/a-1", "\"a b\""}});
  Put("metrics/meta/1/", {{"metrics/meta/1/b", "{\"x\":2}"}, {"metrics/meta/1/c", ""}});
  EXPECT_EQ(All(), (Texts{{"alerts/a-1", "\"a b\""},
                          {"metrics/meta/1/b", "{\"x\":2}"},
                          {"metrics/meta/1/c", ""},
                          {"metrics/meta/12/a", "7"}}));
  const auto snapshot = *cache_->Read();
  ASSERT_NE(snapshot->Find("metrics/meta/12/a"), nullptr);
  EXPECT_EQ(snapshot->Find("metrics/meta/12/a")->json, "7");
  EXPECT_EQ(snapshot->Find("metrics/meta/1/a"), nullptr);
  const auto outside = cache_->Replace("metrics/", {{"alerts/x", "1"}});
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().code, Errc::kInvalidArgument);
}

TEST_P(LiveContract, TellsTheNewestOfEachChangeOnce) {
  Put("m/", {{"m/a", "1"}, {"m/b", "1"}, {"m/c", "1"}});
  const LiveVersion before = Version();
  Put("m/", {{"m/a", "1"}, {"m/b", "1"}, {"m/c", "1"}});
  EXPECT_EQ(Version(), before);  // nothing became another
  for (int i = 2; i < 50; ++i) Put("m/", {{"m/a", std::to_string(i)}, {"m/b", "1"}, {"m/d", "1"}});
  const auto changes = cache_->ChangesSince(before);
  ASSERT_TRUE(changes) << changes.error().what;
  EXPECT_FALSE(changes->reload);
  EXPECT_EQ(changes->version, Version());
  EXPECT_EQ(changes->removed, std::vector<std::string>{"m/c"});
  ASSERT_EQ(changes->changed.size(), 2u);  // oldest change first
  EXPECT_EQ(changes->changed[0]->key, "m/d");
  EXPECT_EQ(changes->changed[1]->key, "m/a");
  EXPECT_EQ(changes->changed[1]->json, "49");
  const auto none = cache_->ChangesSince(changes->version);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->changed.empty() && none->removed.empty() && !none->reload);
  // What was removed and came back is changed, not removed.
  Put("m/", {{"m/c", "2"}});
  const auto back = cache_->ChangesSince(before);
  EXPECT_EQ(back->removed, (std::vector<std::string>{"m/a", "m/b", "m/d"}));
  ASSERT_EQ(back->changed.size(), 1u);
  EXPECT_EQ(back->changed[0]->json, "2");
}

TEST_P(LiveContract, AStrangerOrALatecomerReloads) {
  Put("m/", {{"m/a", "1"}});
  EXPECT_TRUE(cache_->ChangesSince({"0123456789abcdef", 1})->reload);
  EXPECT_TRUE(cache_->ChangesSince({"", 0})->reload);
  LiveVersion future = Version();
  future.number += 5;
  EXPECT_TRUE(cache_->ChangesSince(future)->reload);
  // Memory is bounded: removals are forgotten at some time, and who missed them reads all.
  const LiveVersion before = Version();
  std::vector<LiveEntry> many;
  for (std::size_t i = 0; i < kLiveRemovedMax + 10; ++i)
    many.push_back({"x/" + std::to_string(i), "1"});
  ASSERT_TRUE(cache_->Replace("x/", many));
  const LiveVersion full = Version();
  ASSERT_TRUE(cache_->Replace("x/", {}));
  EXPECT_TRUE(cache_->ChangesSince(before)->reload);
  ASSERT_TRUE(cache_->Replace("x/", many));
  ASSERT_TRUE(cache_->Replace("x/", {}));
  EXPECT_TRUE(cache_->ChangesSince(full)->reload);
  EXPECT_EQ(All(), (Texts{{"m/a", "1"}}));
}

TEST_P(LiveContract, SnapshotsStandStillAndAreWholeWhileOthersWrite) {
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0}, reads{0};
  const auto read = [&] {
    std::int64_t last = 0;
    while (!stop) {
      const auto snapshot = cache_->Read();
      if (!snapshot) continue;
      // A writer puts the same number under all keys.
      for (const auto& entry : (*snapshot)->entries) {
        if (entry->json != (*snapshot)->entries.front()->json) ++torn;
      }
      if ((*snapshot)->version.number < last) ++torn;
      last = (*snapshot)->version.number;
      ++reads;
    }
  };
  std::thread one(read), two(read);
  for (int i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i);
    Put("m/", {{"m/a", n}, {"m/b", n}, {"m/c", n}});
  }
  while (reads < 10) std::this_thread::yield();
  stop = true;
  one.join(), two.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(All(), (Texts{{"m/a", "199"}, {"m/b", "199"}, {"m/c", "199"}}));
}

/// Someone who keeps a copy by changes has, whatever happens, what a whole read shows.
TEST_P(LiveContract, CopiesThatFollowChangesStayTrue) {
  Texts copy;
  LiveVersion at;
  unsigned seed = 7;
  const auto random = [&](unsigned n) { return (seed = seed * 1103515245u + 12345u) / 65536u % n; };
  for (int round = 0; round < 300; ++round) {
    Texts next;
    const std::string scope = "s" + std::to_string(random(3)) + "/";
    for (unsigned i = 0; i < random(6); ++i) {
      next[scope + std::to_string(random(8))] = std::to_string(random(3));
    }
    Put(scope, next);
    if (random(3) != 0) continue;
    const auto changes = cache_->ChangesSince(at);
    ASSERT_TRUE(changes) << changes.error().what;
    if (changes->reload) {
      copy = All();
      at = Version();
    } else {
      for (const std::string& key : changes->removed) copy.erase(key);
      for (const auto& entry : changes->changed) copy[entry->key] = entry->json;
      at = changes->version;
    }
    ASSERT_EQ(copy, All()) << "round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Both, LiveContract, testing::Values("in_process", "redis"),
                         [](const auto& param) { return std::string(param.param); });

TEST(RedisLive, ItsDeathIsSaidAndItsReturnIsNoticed) {
  const int port = FreePort();
  auto server = std::make_unique<RedisServer>(port);
  ASSERT_TRUE(server->started()) << "redis-server is not installed: tools/setup test";
  const auto cache = MakeRedisLiveCache({.port = port});
  const auto other = MakeRedisLiveCache({.port = port});  // as another process would
  ASSERT_TRUE(Answers(*cache));
  ASSERT_TRUE(cache->Replace("m/", {{"m/a", "1"}}));
  EXPECT_EQ((*other->Read())->Find("m/a")->json, "1");
  const LiveVersion before = (*cache->Read())->version;
  EXPECT_EQ((*other->Read())->version, before);
  server->Kill();
  for (int i = 0; i < 3; ++i) {
    const auto dead = cache->Read();
    ASSERT_FALSE(dead);
    EXPECT_EQ(dead.error().code, Errc::kUnavailable);
    EXPECT_NE(dead.error().what.find(std::to_string(port)), std::string::npos);
    EXPECT_FALSE(cache->Replace("m/", {{"m/a", "2"}}));
    EXPECT_FALSE(cache->ChangesSince(before));
  }
  server = std::make_unique<RedisServer>(port);
  ASSERT_TRUE(Answers(*cache));
  // It lost what it had: another epoch, so that readers reload, and the refresher fills it again.
  EXPECT_NE((*cache->Read())->version.epoch, before.epoch);
  EXPECT_TRUE((*cache->Read())->entries.empty());
  EXPECT_TRUE(cache->ChangesSince(before)->reload);
  ASSERT_TRUE(cache->Replace("m/", {{"m/a", "3"}}));
  EXPECT_EQ((*other->Read())->Find("m/a")->json, "3");
}

TEST(RedisLive, AddressesAreRead) {
  const auto options = ParseRedisUrl("redis://:se@cret@cache.internal:6380/agency");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->host, "cache.internal");
  EXPECT_EQ(options->port, 6380);
  EXPECT_EQ(options->password, "se@cret");
  EXPECT_EQ(options->prefix, "agency");
  EXPECT_EQ(ParseRedisUrl("redis://localhost")->port, 6379);
  for (const char* text : {"", "localhost", "http://x", "redis://", "redis://x:0",
                           "redis://x:99999", "redis://x:y", "redis://user:pw@x"}) {
    EXPECT_FALSE(ParseRedisUrl(text)) << text;
  }
}

TEST(LiveVersion, PrintsAndParses) {
  const LiveVersion version{"00ff", 17};
  EXPECT_EQ(PrintLiveVersion(version), "00ff-17");
  EXPECT_EQ(ParseLiveVersion("00ff-17"), version);
  for (const char* text : {"", "-", "-1", "00ff", "00ff-", "00ff--1", "00ff-x", "zz-1", "00ff-1 ",
                           "00ff-99999999999999999999"}) {
    EXPECT_FALSE(ParseLiveVersion(text)) << text;
  }
}

TEST(LiveMetrics, AbsentIsNullAndMoneyIsText) {
  LiveMetrics metrics{.client = "Alpenglow",
                      .account = {Platform::kMeta, "1"},
                      .account_name = "Alp\xff",
                      .campaign_id = "77",
                      .campaign = "Spring ~la1qaufi3a",
                      .day = ParseDay("2026-11-22").value(),
                      .spend = Money::Micros(12'340'000, FindCurrency("EUR").value()),
                      .impressions = 1000,
                      .clicks = {},
                      .conversions = {},
                      .revenue = {},
                      .as_of = ParseInstant("2026-11-22T10:00:00Z").value(),
                      .maturity = {}};
  EXPECT_EQ(ToJson(metrics),
            "{\"client\":\"Alpenglow\",\"account\":\"meta/1\",\"account_name\":\"Alp\xEF\xBF\xBD\","
            "\"campaign_id\":\"77\",\"campaign\":\"Spring\",\"day\":\"2026-11-22\",\"currency\":"
            "\"EUR\",\"spend\":\"12.34\",\"impressions\":1000,\"clicks\":null,\"conversions\":null,"
            "\"revenue\":null,\"as_of\":\"2026-11-22T10:00:00Z\",\"maturity\":null}");
  EXPECT_EQ(LiveKey(metrics.account, "77"), "metrics/meta/1/77");
}

}  // namespace
}  // namespace maxopt
