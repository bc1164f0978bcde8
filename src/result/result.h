#pragma once
#include <cstdlib>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace maxopt {

/// "Our bug": a broken promise between our own functions. Stops the process; never for input.
[[noreturn]] inline void Bug() { std::abort(); }

/// Says what the caller does next.
enum class Errc {
  kInvalidArgument,  // fix the request
  kNotFound,         // the object does not exist (or may not be seen)
  kUnauthenticated,  // refresh the token once, then ask the person to reconnect
  kForbidden,        // a person must grant something
  kRateLimited,      // wait retry_after_s, send the same
  kUnavailable,      // nothing happened; the same may be sent again
  kUnknownOutcome,   // a write may or may not have happened: read back before anything else
  kConflict,         // something else changed it; read, plan again
  kBadAnswer,        // the other side answered what cannot be understood: not data, never zero rows
  kRefused,          // our own guard said no; the text says which and how to change it
  kLocal,            // disk, database, file on this machine
};

/// kRateLimited -> "rate_limited": the word used in logs, JSON and the journal.
constexpr std::string_view ErrcName(Errc code) {
  switch (code) {
    case Errc::kInvalidArgument:
      return "invalid_argument";
    case Errc::kNotFound:
      return "not_found";
    case Errc::kUnauthenticated:
      return "unauthenticated";
    case Errc::kForbidden:
      return "forbidden";
    case Errc::kRateLimited:
      return "rate_limited";
    case Errc::kUnavailable:
      return "unavailable";
    case Errc::kUnknownOutcome:
      return "unknown_outcome";
    case Errc::kConflict:
      return "conflict";
    case Errc::kBadAnswer:
      return "bad_answer";
    case Errc::kRefused:
      return "refused";
    case Errc::kLocal:
      return "local";
  }
  Bug();
}

/// A failure of the world. `what` is one sentence for a person: what, where (ids and values, never
/// secrets), what to do.
struct Error {
  Errc code;
  std::string what;
  std::string platform_code{};         ///< the platform's own code: "100/1885272", "40002"
  std::optional<int> retry_after_s{};  ///< with kRateLimited, when the platform said so
};

template <class T = void>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> Fail(Errc code, std::string what) {
  return std::unexpected(Error{code, std::move(what)});
}
[[nodiscard]] inline std::unexpected<Error> Fail(Error error) {
  return std::unexpected(std::move(error));
}
/// The same error with the place put in front: Within("campaign 42", e) -> "campaign 42: ...".
[[nodiscard]] inline std::unexpected<Error> FailWithin(std::string_view where, Error error) {
  error.what = std::string(where) + ": " + error.what;
  return std::unexpected(std::move(error));
}

}  // namespace maxopt

#define MAXOPT_CONCAT_(a, b) a##b
#define MAXOPT_CONCAT(a, b) MAXOPT_CONCAT_(a, b)
/// MAXOPT_TRY(const Tree tree, platform.Read(id)): the value, or return its error.
#define MAXOPT_TRY(decl, ...) MAXOPT_TRY_(MAXOPT_CONCAT(try_, __LINE__), decl, __VA_ARGS__)
#define MAXOPT_TRY_(tmp, decl, ...)                         \
  auto tmp = (__VA_ARGS__);                                 \
  if (!tmp) return std::unexpected(std::move(tmp).error()); \
  decl = *std::move(tmp)
/// MAXOPT_CHECK(Save(x)): go on, or return its error. For Result<> and for values not needed.
#define MAXOPT_CHECK(...)                                \
  do {                                                   \
    if (auto check_ = (__VA_ARGS__); !check_) {          \
      return std::unexpected(std::move(check_).error()); \
    }                                                    \
  } while (false)
