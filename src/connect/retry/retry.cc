#include "connect/retry/retry.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace maxopt {
namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;

/// SplitMix64 (Steele, Lea, Flood 2014): the n-th number of a seed without keeping a state.
std::uint64_t Mix(std::uint64_t n) {
  n += 0x9e3779b97f4a7c15ULL;
  n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9ULL;
  n = (n ^ (n >> 27)) * 0x94d049bb133111ebULL;
  return n ^ (n >> 31);
}

bool WorthRepeating(Errc code) {
  return code == Errc::kRateLimited || code == Errc::kUnavailable || code == Errc::kUnknownOutcome;
}

/// The bucket is kept as the time at which it would be full again (the generic cell rate
/// algorithm): exact in whole microseconds, and a caller knows its turn when it asks.
///
/// While the platform throttles us (level_ > 0) nobody calls before blocked_until_, and then one
/// caller alone tries; the others wait for what it learns. So n waiting callers make one call per
/// wait, not n.
class RetryingTransport final : public http::Transport {
 public:
  RetryingTransport(std::shared_ptr<http::Transport> inner, Classify classify, RetryPolicy policy,
                    std::shared_ptr<Clock> clock)
      : inner_(std::move(inner)),
        classify_(std::move(classify)),
        policy_(policy),
        interval_(static_cast<std::int64_t>(
            1e6 / std::clamp(policy.calls_per_second, 0.001, 1'000'000.0))),
        tolerance_(static_cast<std::int64_t>(static_cast<double>(interval_.count()) *
                                             (std::clamp(policy.burst, 1.0, 1e6) - 1))),
        clock_(std::move(clock)),
        full_at_(clock_->Now()),
        blocked_until_(full_at_) {}

  Result<http::Response> Send(const http::Request& request, http::Deadline deadline) override {
    const Instant until = OnOurClock(deadline);
    std::optional<Error> last;
    for (int attempt = 1;; ++attempt) {
      Turn turn(*this);
      if (auto entered = turn.Enter(until, deadline); !entered) {
        return Fail(last ? *std::move(last) : std::move(entered).error());
      }
      Result<http::Response> answer = inner_->Send(request, deadline);
      std::optional<Error> error = answer ? classify_(request, *answer) : answer.error();
      turn.Leave(error);
      if (!error) return answer;
      const Errc code = error->code;
      // A read whose answer was lost has changed nothing: the same may be sent again.
      if (request.idempotent && code == Errc::kUnknownOutcome) error->code = Errc::kUnavailable;
      last = std::move(error);
      if (!request.idempotent || !WorthRepeating(code) || attempt >= policy_.max_attempts) {
        return Fail(*std::move(last));
      }
      // A throttled caller waits with all others, in Enter.
      if (code != Errc::kRateLimited) {
        const Instant next = clock_->Now() + Wait(attempt);
        if (next > until) return Fail(*std::move(last));
        clock_->SleepUntil(next);
      }
    }
  }

 private:
  /// One call's place in the bucket; gives back the right to try alone however the call ends.
  class Turn {
   public:
    explicit Turn(RetryingTransport& transport) : transport_(transport) {}
    ~Turn() {
      if (trying_alone_) transport_.Free();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    Result<> Enter(Instant until, http::Deadline deadline) {
      return transport_.Enter(until, deadline, epoch_, trying_alone_);
    }
    void Leave(const std::optional<Error>& error) {
      transport_.Learn(error, epoch_);
      if (trying_alone_) transport_.Free();
      trying_alone_ = false;
    }

   private:
    RetryingTransport& transport_;
    std::uint64_t epoch_ = 0;
    bool trying_alone_ = false;
  };

  /// The caller's deadline as our clock will show it, so that waits of a virtual clock count.
  Instant OnOurClock(http::Deadline deadline) const {
    constexpr auto kLongest = std::chrono::hours(24 * 365);
    const auto now = steady_clock::now();
    if (deadline > now + kLongest) return clock_->Now() + kLongest;
    return clock_->Now() + std::chrono::duration_cast<microseconds>(deadline - now);
  }

  Result<> Enter(Instant until, http::Deadline deadline, std::uint64_t& epoch, bool& alone) {
    std::unique_lock lock(mutex_);
    while (true) {
      const Instant now = clock_->Now();
      if (now > until || steady_clock::now() >= deadline) {
        return Fail(Errc::kUnavailable, "the deadline passed before the request was sent");
      }
      if (now < blocked_until_) {
        if (blocked_until_ > until) return Throttled(blocked_until_ - now);
        const Instant wake = blocked_until_;
        lock.unlock();
        clock_->SleepUntil(wake);
        lock.lock();
        continue;
      }
      if (level_ > 0 && trying_) {
        freed_.wait_until(lock, deadline, [&] { return !trying_; });
        continue;
      }
      const Instant turn = std::max(now, full_at_ - tolerance_);
      if (turn > until) {
        return Fail(Errc::kUnavailable,
                    fmt::format("{} calls wait before this one; the deadline comes first",
                                (turn - now) / interval_));
      }
      full_at_ = std::max(full_at_, turn) + interval_;
      epoch = epoch_;
      alone = level_ > 0;
      trying_ = trying_ || alone;
      if (turn <= now) return {};
      lock.unlock();
      clock_->SleepUntil(turn);
      lock.lock();
      if (clock_->Now() >= blocked_until_ && (alone || level_ == 0)) return {};
      // The platform began to throttle while this call waited for its turn.
      if (alone) {
        trying_ = false;
        freed_.notify_all();
      }
      alone = false;
    }
  }

  void Learn(const std::optional<Error>& error, std::uint64_t epoch) {
    const std::lock_guard lock(mutex_);
    const bool throttled = error && error->code == Errc::kRateLimited;
    if (!throttled) {
      // Only an answer to a call begun after the last throttle says that it is over.
      if (!error && epoch == epoch_) level_ = 0;
      return;
    }
    const Instant now = clock_->Now();
    // "Again in 0 s" is no answer to the question how long to wait.
    const std::chrono::seconds asked(std::max(0, error->retry_after_s.value_or(0)));
    blocked_until_ = std::max(blocked_until_, now + asked);
    // Calls that were under way together are throttled together: that is one event.
    if (epoch != epoch_) return;
    ++level_;
    ++epoch_;
    if (asked.count() == 0) blocked_until_ = std::max(blocked_until_, now + WaitLocked(level_));
  }

  void Free() {
    const std::lock_guard lock(mutex_);
    trying_ = false;
    freed_.notify_all();
  }

  static std::unexpected<Error> Throttled(microseconds left) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(left).count();
    Error error{
        Errc::kRateLimited,
        fmt::format("the platform throttles this account; the next call may go in {} s", seconds)};
    error.retry_after_s = static_cast<int>(seconds);
    return Fail(std::move(error));
  }

  microseconds Wait(int nth) {
    const std::lock_guard lock(mutex_);
    return WaitLocked(nth);
  }
  /// Doubling, between half and all of it.
  microseconds WaitLocked(int nth) {
    microseconds wait = policy_.first_wait;
    for (int i = 1; i < nth && wait < policy_.max_wait; ++i) wait *= 2;
    wait = std::min<microseconds>(wait, policy_.max_wait);
    const auto half = std::max<std::int64_t>(0, wait.count() / 2);
    const auto random = Mix(policy_.seed + 0x632be59bd9b4e019ULL * ++waits_);
    return microseconds(half +
                        static_cast<std::int64_t>(random % static_cast<std::uint64_t>(half + 1)));
  }

  const std::shared_ptr<http::Transport> inner_;
  const Classify classify_;
  const RetryPolicy policy_;
  const microseconds interval_;   // between calls, once the bucket is empty
  const microseconds tolerance_;  // how far ahead of that rhythm a burst may be
  const std::shared_ptr<Clock> clock_;

  std::mutex mutex_;  // guards all below
  std::condition_variable freed_;
  Instant full_at_;
  Instant blocked_until_;
  int level_ = 0;            // throttles in a row
  std::uint64_t epoch_ = 0;  // counts throttles
  bool trying_ = false;      // one caller tries whether the throttle is over
  std::uint64_t waits_ = 0;
};

constexpr int kRefusalsMax = 3;
constexpr std::chrono::minutes kUsefulLife{1};

class FixedToken final : public TokenSource {
 public:
  explicit FixedToken(std::string token) : token_(std::move(token)) {}
  Result<std::string> Get(http::Deadline) override {
    if (token_.empty()) {
      return Fail(Errc::kUnauthenticated, "no access token is configured for this connection");
    }
    const std::lock_guard lock(mutex_);
    if (refusals_ >= kRefusalsMax) {
      return Fail(Errc::kUnauthenticated,
                  "the platform refused the access token three times; reconnect the account");
    }
    return token_;
  }
  void Refused(std::string_view token) override {
    const std::lock_guard lock(mutex_);
    if (token == token_) ++refusals_;
  }

 private:
  const std::string token_;
  std::mutex mutex_;
  int refusals_ = 0;
};

class RefreshingToken final : public TokenSource {
 public:
  RefreshingToken(std::function<Result<AccessToken>(http::Deadline)> refresh,
                  std::shared_ptr<Clock> clock)
      : refresh_(std::move(refresh)), clock_(std::move(clock)) {}

  Result<std::string> Get(http::Deadline deadline) override {
    std::unique_lock lock(mutex_);
    if (token_ && token_->expires_at - clock_->Now() >= kUsefulLife) return token_->value;
    if (refusals_ >= kRefusalsMax) return Fail(*refused_);
    if (refreshing_) {
      const std::uint64_t flight = flight_;
      if (!landed_.wait_until(lock, deadline, [&] { return flight_ != flight; })) {
        return Fail(Errc::kUnavailable, "the access token was not refreshed within the deadline");
      }
      return outcome_;  // whatever it is: who waited does not ask again
    }
    refreshing_ = true;
    lock.unlock();
    Result<AccessToken> fresh = refresh_(deadline);
    lock.lock();
    refreshing_ = false;
    ++flight_;
    if (fresh) {
      token_ = *std::move(fresh);
      refusals_ = 0;
      outcome_ = token_->value;
    } else {
      outcome_ = Fail(Count(std::move(fresh).error()));
    }
    landed_.notify_all();
    return outcome_;
  }

  void Refused(std::string_view token) override {
    const std::lock_guard lock(mutex_);
    // A caller that comes late speaks of an older token than the one we hold now.
    if (token_ && token_->value == token) token_.reset();
  }

 private:
  /// An endpoint that is down says nothing about the grant; one that says no does.
  Error Count(Error error) {
    const bool permanent = error.code == Errc::kUnauthenticated || error.code == Errc::kForbidden ||
                           error.code == Errc::kInvalidArgument;
    if (!permanent) return error;
    if (++refusals_ >= kRefusalsMax) {
      error.code = Errc::kUnauthenticated;
      error.what +=
          fmt::format(" (refused {} times; not asked again: reconnect the account)", kRefusalsMax);
      refused_ = error;
    }
    return error;
  }

  const std::function<Result<AccessToken>(http::Deadline)> refresh_;
  const std::shared_ptr<Clock> clock_;
  std::mutex mutex_;  // guards all below
  std::condition_variable landed_;
  std::optional<AccessToken> token_;
  bool refreshing_ = false;
  std::uint64_t flight_ = 0;
  Result<std::string> outcome_;  // of the last flight
  int refusals_ = 0;             // in a row
  std::optional<Error> refused_;
};

}  // namespace

std::shared_ptr<http::Transport> MakeRetryingTransport(std::shared_ptr<http::Transport> inner,
                                                       Classify classify, RetryPolicy policy,
                                                       std::shared_ptr<Clock> clock) {
  return std::make_shared<RetryingTransport>(std::move(inner), std::move(classify), policy,
                                             std::move(clock));
}

std::shared_ptr<TokenSource> MakeFixedToken(std::string token) {
  return std::make_shared<FixedToken>(std::move(token));
}

std::shared_ptr<TokenSource> MakeRefreshingToken(
    std::function<Result<AccessToken>(http::Deadline)> refresh, std::shared_ptr<Clock> clock) {
  return std::make_shared<RefreshingToken>(std::move(refresh), std::move(clock));
}

std::shared_ptr<TokenSource> MakeRotatingToken(
    std::string refresh_token,
    std::function<Result<RotatedGrant>(const std::string& refresh_token, http::Deadline)> refresh,
    std::function<Result<>(const std::string& refresh_token)> persist,
    std::shared_ptr<Clock> clock) {
  // Only one refresh runs at a time, so this needs no lock of its own.
  struct Grant {
    std::string refresh_token;
    std::optional<RotatedGrant> unwritten;  ///< answered, and not yet on disk
  };
  auto grant = std::make_shared<Grant>(Grant{std::move(refresh_token), std::nullopt});
  auto once = [grant, refresh = std::move(refresh),
               persist = std::move(persist)](http::Deadline deadline) -> Result<AccessToken> {
    if (!grant->unwritten) {
      MAXOPT_TRY(RotatedGrant fresh, refresh(grant->refresh_token, deadline));
      if (fresh.refresh_token.empty() || fresh.refresh_token == grant->refresh_token) {
        return fresh.access;
      }
      grant->unwritten = std::move(fresh);
    }
    auto written = persist(grant->unwritten->refresh_token);
    if (!written) {
      // Nothing is wrong with the grant, so it is not counted as a refusal.
      Error error = std::move(written).error();
      error.code = Errc::kUnavailable;
      error.what = "the new refresh token could not be kept: " + error.what;
      return Fail(std::move(error));
    }
    grant->refresh_token = grant->unwritten->refresh_token;
    AccessToken access = std::move(grant->unwritten->access);
    grant->unwritten.reset();
    return access;
  };
  return MakeRefreshingToken(std::move(once), std::move(clock));
}

}  // namespace maxopt
