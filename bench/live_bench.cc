// Live-cache reads while it refreshes, beside a plain mutex and map doing the same work.
//   tools/bench live_bench
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "memory/live/live.h"

namespace maxopt {
namespace {

// 40 accounts of 50 campaigns, each account made anew in turn, as the worker does.
constexpr int kAccounts = 40;
constexpr int kCampaigns = 50;

std::string Key(int account, int campaign) {
  return LiveKey({Platform::kMeta, std::to_string(1000 + account)}, std::to_string(campaign));
}
std::string Json(int round) {
  return fmt::format(
      R"({{"client":"Alpenglow","campaign":"Spring","spend":"{}.12","impressions":1000,"clicks":{}}})",
      round, round);
}

/// The reference: what one writes in five lines.
class Plain {
 public:
  void Replace(int account, int round) {
    const std::string json = Json(round);
    const std::lock_guard lock(mutex_);
    for (int c = 0; c < kCampaigns; ++c) entries_[Key(account, c)] = json;
  }
  std::string Read(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto at = entries_.find(key);
    return at == entries_.end() ? "" : at->second;
  }
  std::map<std::string, std::string> All() const {
    const std::lock_guard lock(mutex_);
    return entries_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> entries_;
};

void Refresh(LiveCache& live, int account, int round) {
  std::vector<LiveEntry> entries;
  for (int c = 0; c < kCampaigns; ++c) entries.push_back({Key(account, c), Json(round)});
  (void)live.Replace(LiveKey({Platform::kMeta, std::to_string(1000 + account)}, ""), entries);
}

std::unique_ptr<LiveCache> live;
std::unique_ptr<Plain> plain;
std::atomic<bool> stop{false};
std::atomic<std::int64_t> refreshes{0};
std::thread writer;

template <class Work>
void StartWriter(Work work) {
  stop = false;
  refreshes = 0;
  writer = std::thread([work] {
    for (int round = 0; !stop; ++round) {
      work(round % kAccounts, round);
      ++refreshes;
      // Forty accounts a second: far more than any schedule asks for.
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
  });
}
void StopWriter(benchmark::State& state) {
  stop = true;
  writer.join();
  state.counters["refreshes"] = static_cast<double>(refreshes.load());
}

void LiveReads(benchmark::State& state) {
  if (state.thread_index() == 0) {
    live = MakeLiveCache();
    for (int account = 0; account < kAccounts; ++account) Refresh(*live, account, 0);
    StartWriter([](int account, int round) { Refresh(*live, account, round); });
  }
  const std::string key = Key(17, 23);
  for (auto _ : state) {
    const auto snapshot = live->Read();
    const LiveEntry* entry = (*snapshot)->Find(key);
    benchmark::DoNotOptimize(entry->json.size());
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) StopWriter(state);
}

void PlainReads(benchmark::State& state) {
  if (state.thread_index() == 0) {
    plain = std::make_unique<Plain>();
    for (int account = 0; account < kAccounts; ++account) plain->Replace(account, 0);
    StartWriter([](int account, int round) { plain->Replace(account, round); });
  }
  const std::string key = Key(17, 23);
  for (auto _ : state) {
    const std::string json = plain->Read(key);
    benchmark::DoNotOptimize(json.size());
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) StopWriter(state);
}

/// A dashboard's whole view: every entry of one moment. The plain map must copy it under its lock.
void LiveWhole(benchmark::State& state) {
  live = MakeLiveCache();
  for (int account = 0; account < kAccounts; ++account) Refresh(*live, account, 0);
  StartWriter([](int account, int round) { Refresh(*live, account, round); });
  for (auto _ : state) {
    const auto snapshot = live->Read();
    benchmark::DoNotOptimize((*snapshot)->entries.size());
  }
  state.SetItemsProcessed(state.iterations());
  StopWriter(state);
}

void PlainWhole(benchmark::State& state) {
  plain = std::make_unique<Plain>();
  for (int account = 0; account < kAccounts; ++account) plain->Replace(account, 0);
  StartWriter([](int account, int round) { plain->Replace(account, round); });
  for (auto _ : state) benchmark::DoNotOptimize(plain->All().size());
  state.SetItemsProcessed(state.iterations());
  StopWriter(state);
}

BENCHMARK(LiveReads)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(PlainReads)->Threads(1)->Threads(2)->UseRealTime();
BENCHMARK(LiveWhole)->UseRealTime();
BENCHMARK(PlainWhole)->UseRealTime();

}  // namespace
}  // namespace maxopt

BENCHMARK_MAIN();
