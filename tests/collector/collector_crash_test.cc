// The collector killed at any moment, and on a full disk: what it acknowledged is there, once.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "app/serve/serve.h"

extern char** environ;

namespace maxopt {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class Process {
 public:
  explicit Process(const std::string& folder) {
    int out[2];
    if (::pipe2(out, O_CLOEXEC) != 0) return;
    std::string binary = COLLECTOR_BINARY, argument = folder;
    char* argv[] = {binary.data(), argument.data(), nullptr};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, out[1], 1);
    if (::posix_spawn(&pid_, COLLECTOR_BINARY, &files, nullptr, argv, environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&files);
    ::close(out[1]);
    for (char c = 0; ::read(out[0], &c, 1) == 1 && c != '\n';) origin_ += c;
    ::close(out[0]);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() { Kill(); }
  void Kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "it ended by itself";
    pid_ = -1;
  }
  pid_t pid() const { return pid_; }
  const std::string& origin() const { return origin_; }

 private:
  pid_t pid_ = -1;
  std::string origin_;
};

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/maxopt-collector-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string events() const { return path_ + "/events"; }

 private:
  std::string path_;
};

/// Sends events FIRST.. of a batch; the status, or 0 when no answer came.
int Send(http::Transport& transport, const std::string& origin, const std::string& word, int first,
         int count) {
  json events = json::array();
  for (int i = first; i < first + count; ++i) {
    events.push_back({{"id", fmt::format("{}-{}", word, i)},
                      {"event", "page_view"},
                      {"consent", "denied"},
                      {"url", "https://shop.example/trails"}});
  }
  http::Request request{
      .method = "POST",
      .url = origin + "/e",
      .headers = {{"Origin", "https://shop.example"}, {"User-Agent", "Mozilla/5.0 Firefox/128.0"}},
      .body = json{{"site", "shop"}, {"events", events}}.dump()};
  const auto answer = transport.Send(request, http::After(20s));
  return answer ? answer->status : 0;
}

std::map<std::string, int> Stored(const std::string& folder) {
  std::map<std::string, int> stored;
  const auto store = EventStore::OpenToRead(folder);
  EXPECT_TRUE(store) << store.error().what;
  for (std::int64_t after = 0;;) {
    const auto list = (*store)->List(after, 1000);
    EXPECT_TRUE(list) << list.error().what;
    if (!list || list->empty()) return stored;
    for (const TrackedEvent& event : *list) {
      EXPECT_EQ(event.seq, after + 1);
      after = event.seq;
      ++stored[event.id];
    }
  }
}

TEST(CollectorCrashTest, KilledUnderLoadNothingAcknowledgedIsLostOrCountedTwice) {
  const Folder folder;
  std::mutex mutex;
  std::set<std::string> acknowledged;
  std::set<std::string> told;
  std::mt19937_64 random(11);
  std::int64_t batches = 0;
  for (int round = 0; round < 12; ++round) {
    Process process(folder.events());
    ASSERT_NE(process.origin(), "");
    std::atomic<bool> stop = false;
    std::vector<std::jthread> clients;
    for (int c = 0; c < 6; ++c) {
      clients.emplace_back([&, c] {
        const auto transport = http::MakeCurlTransport();
        // What was not answered is sent again, by the next round too: ids repeat across rounds.
        for (int i = 0; !stop; ++i) {
          const std::string word = fmt::format("c{}-r{}", c, round / 2);
          const int first = i * 20, count = 1 + (i * 7 + c) % 20;
          {
            const std::lock_guard lock(mutex);
            for (int k = first; k < first + count; ++k) told.insert(fmt::format("{}-{}", word, k));
          }
          const int status = Send(*transport, process.origin(), word, first, count);
          if (status == 0) return;
          EXPECT_EQ(status, 200);
          const std::lock_guard lock(mutex);
          ++batches;
          for (int k = first; k < first + count; ++k) {
            acknowledged.insert(fmt::format("{}-{}", word, k));
          }
        }
      });
    }
    // Load first, however slow the machine is; then at any moment.
    const std::int64_t enough = 6 * (round + 1);
    for (int waits = 0; waits < 3000; ++waits) {
      std::this_thread::sleep_for(10ms);
      const std::lock_guard lock(mutex);
      if (batches >= enough) break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 100));
    process.Kill();
    stop = true;
    clients.clear();
    const auto stored = Stored(folder.events());
    for (const std::string& id : acknowledged) {
      ASSERT_TRUE(stored.contains(id)) << id << " was acknowledged in round <= " << round;
    }
    for (const auto& [id, times] : stored) {
      ASSERT_EQ(times, 1) << id;
      ASSERT_TRUE(told.contains(id)) << id << " was never sent";
    }
  }
  EXPECT_GE(batches, 6 * 12);
}

TEST(CollectorCrashTest, AFullDiskIs503AndLosesNothingAcknowledged) {
  const Folder folder;
  Process process(folder.events());
  ASSERT_NE(process.origin(), "");
  const auto transport = http::MakeCurlTransport();
  ASSERT_EQ(Send(*transport, process.origin(), "before", 0, 10), 200);
  // No file of the process may grow past 10 kB: the present segment ends there, and no next one can
  // be made.
  rlimit old{};
  rlimit small{10u << 10, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(process.pid(), RLIMIT_FSIZE, &small, &old), 0);
  int kept = 0, refused = 0;
  for (int i = 0; i < 400 && refused < 3; ++i) {
    const int status = Send(*transport, process.origin(), "full", i * 20, 20);
    ASSERT_TRUE(status == 200 || status == 503) << status;
    if (status == 200) {
      ASSERT_EQ(refused, 0) << "an event was taken after the disk was full";
      kept += 20;
    } else {
      ++refused;
    }
  }
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(Stored(folder.events()).size(), static_cast<std::size_t>(kept) + 10);
  // Room again, and it goes on by itself; what was refused may be sent again.
  ASSERT_EQ(::prlimit(process.pid(), RLIMIT_FSIZE, &old, nullptr), 0);
  int status = 503;
  for (int tries = 0; tries < 100 && status == 503; ++tries) {
    std::this_thread::sleep_for(100ms);
    status = Send(*transport, process.origin(), "full", kept, 20);
  }
  EXPECT_EQ(status, 200);
  process.Kill();
  const auto stored = Stored(folder.events());
  EXPECT_EQ(stored.size(), static_cast<std::size_t>(kept) + 30);
  // And the log is one that opens.
  const auto again = EventStore::Open(folder.events());
  EXPECT_TRUE(again) << again.error().what;
}

}  // namespace
}  // namespace maxopt
