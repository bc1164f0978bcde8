#include "connect/retry/retry.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

namespace maxopt {
namespace {

using namespace std::chrono_literals;
using http::After;
using http::Request;
using http::Response;

const Instant kStart{std::chrono::sys_days{std::chrono::year(2026) / 3 / 1}};

/// Answers from a function of the call's number (0, 1, ...) and remembers when each came.
class Scripted final : public http::Transport {
 public:
  using Script = std::function<Result<Response>(int call)>;
  Scripted(Script script, std::shared_ptr<Clock> clock)
      : script_(std::move(script)), clock_(std::move(clock)) {}
  Result<Response> Send(const Request&, http::Deadline) override {
    int call = 0;
    {
      const std::lock_guard lock(mutex_);
      call = static_cast<int>(at_.size());
      at_.push_back(clock_->Now());
    }
    return script_(call);
  }
  std::vector<std::chrono::milliseconds> times() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::chrono::milliseconds> times;
    for (const Instant at : at_) {
      times.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(at - kStart));
    }
    return times;
  }
  int calls() const { return static_cast<int>(times().size()); }

 private:
  const Script script_;
  const std::shared_ptr<Clock> clock_;
  mutable std::mutex mutex_;
  std::vector<Instant> at_;
};

/// 429 with an optional number of seconds as body, 5xx, 401; all else is a success.
std::optional<Error> ClassifyStatus(const Request& request, const Response& response) {
  if (response.status == 429) {
    Error error{Errc::kRateLimited, "throttled"};
    if (!response.body.empty()) error.retry_after_s = std::stoi(response.body);
    return error;
  }
  if (response.status >= 500) {
    return Error{request.idempotent ? Errc::kUnavailable : Errc::kUnknownOutcome, "server"};
  }
  if (response.status == 401) return Error{Errc::kUnauthenticated, "who are you"};
  return std::nullopt;
}

struct World {
  explicit World(Scripted::Script script, RetryPolicy policy = {})
      : clock(std::make_shared<VirtualClock>(kStart)),
        wire(std::make_shared<Scripted>(std::move(script), clock)),
        transport(MakeRetryingTransport(wire, ClassifyStatus, policy, clock)) {}
  std::shared_ptr<VirtualClock> clock;
  std::shared_ptr<Scripted> wire;
  std::shared_ptr<http::Transport> transport;
};

const Request kRead{.url = "http://x/", .idempotent = true};
const Request kWrite{.method = "POST", .url = "http://x/"};

Response Status(int status, std::string body = "") { return {status, {}, std::move(body)}; }

TEST(BucketTest, ABurstThenTheRate) {
  World world([](int) { return Status(200); }, {.calls_per_second = 2, .burst = 3});
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(world.transport->Send(kRead, After(1h)));
  EXPECT_EQ(world.wire->times(),
            (std::vector<std::chrono::milliseconds>{0ms, 0ms, 0ms, 500ms, 1000ms, 1500ms}));
  // Ten idle seconds fill it to its size and no further.
  world.clock->AdvanceTo(kStart + 11500ms);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(world.transport->Send(kRead, After(1h)));
  EXPECT_EQ(world.wire->times().at(8), 11500ms);
  EXPECT_EQ(world.wire->times().at(9), 12000ms);
}

TEST(BucketTest, WritesPayToo) {
  World world([](int) { return Status(200); }, {.calls_per_second = 1, .burst = 1});
  ASSERT_TRUE(world.transport->Send(kWrite, After(1h)));
  ASSERT_TRUE(world.transport->Send(kWrite, After(1h)));
  EXPECT_EQ(world.wire->times(), (std::vector<std::chrono::milliseconds>{0ms, 1000ms}));
}

TEST(BucketTest, ATurnAfterTheDeadlineIsNotTaken) {
  World world([](int) { return Status(200); }, {.calls_per_second = 0.01, .burst = 1});
  ASSERT_TRUE(world.transport->Send(kRead, After(1h)));
  const auto late = world.transport->Send(kRead, After(60s));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::kUnavailable);
  EXPECT_EQ(world.wire->calls(), 1);
  EXPECT_EQ(world.clock->Now(), kStart);  // it did not sleep for nothing
  // The turn that was not taken is still there: 100 s after the first.
  ASSERT_TRUE(world.transport->Send(kRead, After(1h)));
  EXPECT_EQ(world.wire->times().back(), 100s);
}

TEST(RetryTest, ReadsAreRepeatedUntilTheyWork) {
  World world([](int call) -> Result<Response> {
    if (call == 0) return Fail(Errc::kUnavailable, "refused");
    if (call == 1) return Fail(Errc::kUnknownOutcome, "lost");
    if (call == 2) return Status(503);
    return Status(200, "data");
  });
  const auto response = world.transport->Send(kRead, After(1h));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "data");
  const auto times = world.wire->times();
  ASSERT_EQ(times.size(), 4u);
  // 500, 1000, 2000 ms, each between half and whole.
  for (std::size_t i = 1; i < times.size(); ++i) {
    const auto wait = times[i] - times[i - 1];
    const auto whole = 500ms * (1 << (i - 1));
    EXPECT_GE(wait, whole / 2 - 1ms);
    EXPECT_LE(wait, whole);
  }
}

TEST(RetryTest, AttemptsAreCounted) {
  World world([](int) { return Status(500); }, {.max_attempts = 3});
  const auto response = world.transport->Send(kRead, After(1h));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::kUnavailable);
  EXPECT_EQ(world.wire->calls(), 3);
}

TEST(RetryTest, ALostAnswerOfAReadIsNothingUnknown) {
  World world([](int) { return Fail(Errc::kUnknownOutcome, "lost"); }, {.max_attempts = 2});
  EXPECT_EQ(world.transport->Send(kRead, After(1h)).error().code, Errc::kUnavailable);
}

TEST(RetryTest, WhatRepeatingCannotMendIsNotRepeated) {
  World world([](int) { return Status(401); });
  EXPECT_EQ(world.transport->Send(kRead, After(1h)).error().code, Errc::kUnauthenticated);
  EXPECT_EQ(world.wire->calls(), 1);
}

TEST(RetryTest, WritesAreSentOnceWhateverHappens) {
  const std::vector<std::pair<Result<Response>, std::optional<Errc>>> outcomes{
      {Status(200), std::nullopt},
      {Status(401), Errc::kUnauthenticated},
      {Status(429), Errc::kRateLimited},
      {Status(429, "7"), Errc::kRateLimited},
      {Status(500), Errc::kUnknownOutcome},
      {Fail(Errc::kUnavailable, "refused"), Errc::kUnavailable},
      {Fail(Errc::kUnknownOutcome, "lost"), Errc::kUnknownOutcome},
      {Fail(Errc::kBadAnswer, "too long"), Errc::kBadAnswer},
  };
  for (const auto& [outcome, want] : outcomes) {
    World world([&](int) { return outcome; });
    const auto response = world.transport->Send(kWrite, After(1h));
    EXPECT_EQ(world.wire->calls(), 1);
    EXPECT_EQ(response.has_value(), !want);
    if (!response) {
      EXPECT_EQ(response.error().code, want);
    }
  }
}

TEST(RetryTest, ABackoffPastTheDeadlineReturnsTheLastError) {
  World world([](int) { return Status(503); },
              {.max_attempts = 50, .first_wait = 10s, .max_wait = 40s});
  const auto response = world.transport->Send(kRead, After(60s));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().what, "server");
  EXPECT_LT(world.wire->calls(), 6);
  EXPECT_LE(world.clock->Now(), kStart + 60s);
}

TEST(RetryTest, SameSeedSameWaits) {
  const auto times = [](std::uint64_t seed) {
    World world([](int) { return Status(503); }, {.seed = seed});
    EXPECT_FALSE(world.transport->Send(kRead, After(1h)));
    return world.wire->times();
  };
  EXPECT_EQ(times(1), times(1));
  EXPECT_NE(times(1), times(2));
}

TEST(ThrottleTest, RetryAfterIsHonoured) {
  World world([](int call) { return call == 0 ? Status(429, "90") : Status(200); });
  ASSERT_TRUE(world.transport->Send(kRead, After(1h)));
  EXPECT_EQ(world.wire->times(), (std::vector<std::chrono::milliseconds>{0ms, 90s}));
}

TEST(ThrottleTest, AgainInNoTimeIsStillBackedOffFrom) {
  World world([](int call) { return call < 3 ? Status(429, "0") : Status(200); });
  ASSERT_TRUE(world.transport->Send(kRead, After(1h)));
  const auto times = world.wire->times();
  ASSERT_EQ(times.size(), 4u);
  EXPECT_GE(times.back(), 1700ms);  // at least half of 500, 1000 and 2000 ms
}

TEST(ThrottleTest, RetryAfterPastTheDeadlineIsToldAtOnce) {
  World world([](int) { return Status(429, "3600"); });
  const auto response = world.transport->Send(kRead, After(60s));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::kRateLimited);
  EXPECT_EQ(response.error().retry_after_s, 3600);
  EXPECT_EQ(world.clock->Now(), kStart);
  // The next caller does not even ask, read or write.
  for (const Request& request : {kRead, kWrite}) {
    const auto next = world.transport->Send(request, After(60s));
    ASSERT_FALSE(next);
    EXPECT_EQ(next.error().code, Errc::kRateLimited);
    EXPECT_EQ(next.error().retry_after_s, 3600);
  }
  EXPECT_EQ(world.wire->calls(), 1);
}

TEST(ThrottleTest, AWriteWaitsForAThrottleThatOthersMet) {
  World world([](int call) { return call == 0 ? Status(429, "30") : Status(200); });
  EXPECT_FALSE(world.transport->Send(kWrite, After(1h)));
  EXPECT_TRUE(world.transport->Send(kWrite, After(1h)));
  EXPECT_EQ(world.wire->times(), (std::vector<std::chrono::milliseconds>{0ms, 30s}));
}

TEST(ThrottleTest, F33WaitsGrowWhileItLastsAndStartAnewAfterwards) {
  World world([](int call) { return call < 4 || call == 5 ? Status(429) : Status(200); },
              {.max_attempts = 9, .first_wait = 8s, .max_wait = 20s});
  ASSERT_TRUE(world.transport->Send(kRead, After(1h)));
  ASSERT_TRUE(world.transport->Send(kRead, After(1h)));
  const auto times = world.wire->times();
  ASSERT_EQ(times.size(), 7u);
  const std::vector<std::chrono::milliseconds> most{8s, 16s, 20s, 20s, 0s, 8s};
  for (std::size_t i = 0; i < most.size(); ++i) {
    EXPECT_LE(times[i + 1] - times[i], most[i]) << i;
    EXPECT_GE(times[i + 1] - times[i], most[i] / 2 - 1ms) << i;
  }
}

// Eight callers, a platform that throttles for two minutes: without sharing each would ask again
// and again on its own.
TEST(ThrottleTest, F33ManyCallersAskAsOftenAsOne) {
  const auto clock = std::make_shared<VirtualClock>(kStart);
  const auto wire = std::make_shared<Scripted>(
      [clock](int) { return clock->Now() < kStart + 120s ? Status(429) : Status(200); }, clock);
  const auto transport = MakeRetryingTransport(
      wire, ClassifyStatus,
      {.calls_per_second = 1000, .burst = 1000, .max_attempts = 100, .first_wait = 4s}, clock);
  std::atomic<int> worked = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      if (transport->Send(kRead, After(1h))) ++worked;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(worked, 8);
  int throttled = 0;
  for (const auto time : wire->times()) throttled += time < 120s;
  // Up to eight were under way before the first answer; then one per wait: 4, 8, 16, 32, 60 s and,
  // with the smallest jitter, twice as many.
  EXPECT_LE(throttled, 8 + 10);
  EXPECT_EQ(wire->calls(), throttled + 8);
}

TEST(ThrottleTest, ManyThreadsKeepToTheRate) {
  World world([](int) { return Status(200); }, {.calls_per_second = 10, .burst = 5});
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) EXPECT_TRUE(world.transport->Send(kRead, After(1h)));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(world.wire->calls(), 80);
  // The last of 80 calls has waited for at least 75 turns of 100 ms.
  EXPECT_GE(world.clock->Now(), kStart + 7500ms);
}

// --- tokens -------------------------------------------------------------------------------------

struct Endpoint {
  std::shared_ptr<VirtualClock> clock = std::make_shared<VirtualClock>(kStart);
  std::atomic<int> asked = 0;
  std::function<Result<AccessToken>(int asked)> answer = [this](int n) -> Result<AccessToken> {
    return AccessToken{"token" + std::to_string(n), clock->Now() + 1h};
  };
  std::shared_ptr<TokenSource> source =
      MakeRefreshingToken([this](http::Deadline) { return answer(++asked); }, clock);
};

TEST(TokenTest, KeptUntilAMinuteBeforeItEnds) {
  Endpoint endpoint;
  EXPECT_EQ(*endpoint.source->Get(After(1s)), "token1");
  endpoint.clock->AdvanceTo(kStart + 59min);
  EXPECT_EQ(*endpoint.source->Get(After(1s)), "token1");
  endpoint.clock->AdvanceTo(kStart + 59min + 1us);
  EXPECT_EQ(*endpoint.source->Get(After(1s)), "token2");
  EXPECT_EQ(endpoint.asked, 2);
}

TEST(TokenTest, RefusedOnceHoweverManySaySo) {
  Endpoint endpoint;
  EXPECT_EQ(*endpoint.source->Get(After(1s)), "token1");
  for (int i = 0; i < 8; ++i) endpoint.source->Refused("token1");
  EXPECT_EQ(*endpoint.source->Get(After(1s)), "token2");
  endpoint.source->Refused("token1");  // a late caller: token2 is already there
  endpoint.source->Refused("");
  EXPECT_EQ(*endpoint.source->Get(After(1s)), "token2");
  EXPECT_EQ(endpoint.asked, 2);
}

TEST(TokenTest, F39ARotatingTokenIsRefreshedOnceByManyAndKeptBeforeItIsUsed) {
  const auto clock = std::make_shared<VirtualClock>(kStart);
  std::atomic<int> asked = 0;
  std::mutex mutex;
  std::string alive = "r0";  // what the endpoint takes: the newest it gave
  std::vector<std::string> kept;
  bool disk_full = false;
  const auto source = MakeRotatingToken(
      "r0",
      [&](const std::string& token, http::Deadline) -> Result<RotatedGrant> {
        const std::lock_guard lock(mutex);
        if (token != alive) return Fail(Errc::kUnauthenticated, "invalid_grant");
        const int n = ++asked;
        alive = "r" + std::to_string(n);
        return RotatedGrant{{"a" + std::to_string(n), clock->Now() + 1h}, alive};
      },
      [&](const std::string& token) -> Result<> {
        const std::lock_guard lock(mutex);
        if (disk_full) return Fail(Errc::kLocal, "no space left on device");
        kept.push_back(token);
        return {};
      },
      clock);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] { EXPECT_EQ(*source->Get(After(10s)), "a1"); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(kept, std::vector<std::string>{"r1"});
  // The disk is full at the next rotation: the new token is not used, not lost, not asked for
  // twice.
  clock->AdvanceTo(kStart + 2h);
  disk_full = true;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(source->Get(After(1s)).error().code, Errc::kUnavailable);
  }
  EXPECT_EQ(asked, 2);
  disk_full = false;
  EXPECT_EQ(*source->Get(After(1s)), "a2");
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(kept.back(), "r2");
  // Two hours later it goes on with the token that was kept.
  clock->AdvanceTo(kStart + 4h);
  EXPECT_EQ(*source->Get(After(1s)), "a3");
  EXPECT_EQ(kept.back(), alive);
}

TEST(TokenTest, F39ATransientRefusalIsForgottenAndThreeAreForGood) {
  Endpoint endpoint;
  // Refused twice, then granted: the count begins again.
  endpoint.answer = [&](int n) -> Result<AccessToken> {
    if (n <= 2 || n >= 4) return Fail(Errc::kUnauthenticated, "invalid_grant");
    return AccessToken{"good", endpoint.clock->Now() + 1h};
  };
  EXPECT_FALSE(endpoint.source->Get(After(1s)));
  EXPECT_FALSE(endpoint.source->Get(After(1s)));
  EXPECT_EQ(*endpoint.source->Get(After(1s)), "good");
  endpoint.clock->AdvanceTo(kStart + 2h);
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(endpoint.source->Get(After(1s)));
  EXPECT_EQ(endpoint.asked, 6);  // three more, then never again
  EXPECT_NE(endpoint.source->Get(After(1s)).error().what.find("reconnect"), std::string::npos);
}

TEST(TokenTest, ThreeRefusalsInARowAreEnough) {
  Endpoint endpoint;
  endpoint.answer = [](int n) -> Result<AccessToken> {
    if (n == 3) return Fail(Errc::kUnavailable, "down");
    return Fail(Errc::kUnauthenticated, "invalid_grant");
  };
  EXPECT_EQ(endpoint.source->Get(After(1s)).error().code, Errc::kUnauthenticated);
  EXPECT_EQ(endpoint.source->Get(After(1s)).error().code, Errc::kUnauthenticated);
  EXPECT_EQ(endpoint.source->Get(After(1s)).error().code, Errc::kUnavailable);
  const auto third = endpoint.source->Get(After(1s));
  EXPECT_EQ(third.error().code, Errc::kUnauthenticated);
  EXPECT_NE(third.error().what.find("reconnect"), std::string::npos);
  EXPECT_EQ(endpoint.asked, 4);
  EXPECT_EQ(endpoint.source->Get(After(1s)).error().what, third.error().what);
  EXPECT_EQ(endpoint.asked, 4);
}

TEST(TokenTest, ASuccessForgivesRefusals) {
  Endpoint endpoint;
  endpoint.answer = [&](int n) -> Result<AccessToken> {
    if (n % 3 != 0) return Fail(Errc::kUnauthenticated, "invalid_grant");
    return AccessToken{"token" + std::to_string(n), endpoint.clock->Now() + 1h};
  };
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(endpoint.source->Get(After(1s)));
    EXPECT_FALSE(endpoint.source->Get(After(1s)));
    const auto token = endpoint.source->Get(After(1s));
    ASSERT_TRUE(token);
    endpoint.source->Refused(*token);
  }
}

TEST(TokenTest, ConcurrentCallersShareOneRefresh) {
  Endpoint endpoint;
  std::atomic<int> entered = 0;
  endpoint.answer = [&](int n) -> Result<AccessToken> {
    while (entered < 8) std::this_thread::yield();
    std::this_thread::sleep_for(50ms);  // let the others reach the wait
    return AccessToken{"token" + std::to_string(n), endpoint.clock->Now() + 1h};
  };
  std::mutex mutex;
  std::multiset<std::string> tokens;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      ++entered;
      const auto token = endpoint.source->Get(After(1h));
      const std::lock_guard lock(mutex);
      tokens.insert(token ? *token : token.error().what);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(tokens.count("token1"), 8u);
  EXPECT_EQ(endpoint.asked, 1);
}

TEST(TokenTest, AFixedTokenIsTakenAtItsWord) {
  const auto source = MakeFixedToken("abc");
  EXPECT_EQ(*source->Get(After(1s)), "abc");
  for (int i = 0; i < 5; ++i) source->Refused("other");
  EXPECT_EQ(*source->Get(After(1s)), "abc");
  for (int i = 0; i < 3; ++i) source->Refused("abc");
  EXPECT_EQ(source->Get(After(1s)).error().code, Errc::kUnauthenticated);
  EXPECT_EQ(MakeFixedToken("")->Get(After(1s)).error().code, Errc::kUnauthenticated);
}

}  // namespace
}  // namespace maxopt
