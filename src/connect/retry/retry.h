#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "clock/clock.h"
#include "http/http.h"
#include "result/result.h"

namespace maxopt {

/// A platform's reading of one answer: nullopt when it is a success, else the error, classified by
/// what to do next. Pure. Knows the platform's envelopes: an error inside a 200, HTML, an empty or
/// truncated body are errors.
using Classify = std::function<std::optional<Error>(const http::Request&, const http::Response&)>;

struct RetryPolicy {
  double calls_per_second = 5;                ///< refill of the account's token bucket
  double burst = 10;                          ///< its size
  int max_attempts = 5;                       ///< of an idempotent request
  std::chrono::milliseconds first_wait{500};  ///< doubles, with jitter by seed, up to max_wait
  std::chrono::milliseconds max_wait{60'000};
  std::uint64_t seed = 1;
};

/// Wraps a transport with the politeness that all connectors share: a token bucket (one instance
/// per account), and retries of requests marked idempotent on kRateLimited and kUnavailable (and
/// kUnknownOutcome, which for a read is the same). Writes are sent once, always. While throttled,
/// every caller of the account waits, then one alone tries: backoff never adds calls. Retry-after
/// is honoured. Waiting past the deadline returns the last error instead; a request that was never
/// sent because of it is kRateLimited (throttled) or kUnavailable. Send returns what Classify says,
/// so a Response is always a success. Waits are the clock's. Thread-safe.
std::shared_ptr<http::Transport> MakeRetryingTransport(std::shared_ptr<http::Transport> inner,
                                                       Classify classify, RetryPolicy policy,
                                                       std::shared_ptr<Clock> clock);

/// Access tokens, refreshed by one caller at a time while the others wait for it (single flight).
struct AccessToken {
  std::string value;
  Instant expires_at;
};
class TokenSource {
 public:
  virtual ~TokenSource() = default;
  /// A token good for at least a minute. Errors: kUnauthenticated when the grant is gone (after 3
  /// refusals in a row it is not asked again: make a new source), kUnavailable when the endpoint
  /// is.
  virtual Result<std::string> Get(http::Deadline) = 0;
  /// Tells that `token` was refused: the next Get refreshes, once, however many callers say so.
  virtual void Refused(std::string_view token) = 0;
};
std::shared_ptr<TokenSource> MakeFixedToken(std::string token);
std::shared_ptr<TokenSource> MakeRefreshingToken(
    std::function<Result<AccessToken>(http::Deadline)> refresh, std::shared_ptr<Clock> clock);

/// For grants whose refresh token is replaced at each use (Microsoft, LinkedIn): the old one is
/// dead once the endpoint has answered, so the new one is kept before anything is done with it.
struct RotatedGrant {
  AccessToken access;
  std::string refresh_token;  ///< empty: the old one goes on
};
/// As MakeRefreshingToken: one refresh at a time, however many ask. `persist` writes the new
/// refresh token durably; until it has succeeded no access token is given out, and the endpoint is
/// not asked again with a token that is dead: the next Get tries to write again.
std::shared_ptr<TokenSource> MakeRotatingToken(
    std::string refresh_token,
    std::function<Result<RotatedGrant>(const std::string& refresh_token, http::Deadline)> refresh,
    std::function<Result<>(const std::string& refresh_token)> persist,
    std::shared_ptr<Clock> clock);

}  // namespace maxopt
