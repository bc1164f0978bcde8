#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "agent/team/team.h"
#include "connect/notify/post.h"

namespace maxopt::team {
namespace {

using std::chrono::seconds;

constexpr std::pair<DeliveryState, std::string_view> kDeliveryStates[] = {
    {DeliveryState::kPending, "pending"}, {DeliveryState::kSending, "sending"},
    {DeliveryState::kUnknown, "unknown"}, {DeliveryState::kKept, "kept"},
    {DeliveryState::kSent, "sent"},       {DeliveryState::kRead, "read"},
    {DeliveryState::kFailed, "failed"}};

/// Compares without telling by its time how much was right.
bool SameText(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

}  // namespace

std::string_view DeliveryStateName(DeliveryState state) {
  for (const auto& [value, name] : kDeliveryStates) {
    if (value == state) return name;
  }
  Bug();
}

Result<DeliveryState> FindDeliveryState(std::string_view name) {
  std::string known;
  for (const auto& [value, word] : kDeliveryStates) {
    if (word == name) return value;
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  return Fail(Errc::kInvalidArgument, fmt::format("\"{}\" is no state of a delivery; known are {}",
                                                  name.substr(0, 60), known));
}

bool IsFinal(DeliveryState state) {
  switch (state) {
    case DeliveryState::kPending:
    case DeliveryState::kSending:
    case DeliveryState::kUnknown:
    case DeliveryState::kKept:
      return false;
    case DeliveryState::kSent:
    case DeliveryState::kRead:
    case DeliveryState::kFailed:
      return true;
  }
  Bug();
}

NextStep AfterTry(int attempts, Instant queued_at, const Result<std::string>& outcome,
                  const RetryPolicy& policy, Instant now) {
  if (outcome) return {DeliveryState::kSent, now, *outcome};
  const Error& error = outcome.error();
  const bool arrived_perhaps =
      error.code == Errc::kUnknownOutcome || error.code == Errc::kBadAnswer;
  if (now - queued_at >= policy.give_up) {
    return {DeliveryState::kFailed, now,
            fmt::format("given up after {} tries: {}", attempts, error.what)};
  }
  seconds wait = policy.first_wait;
  for (int i = 1; i < attempts && wait < policy.longest_wait; ++i) wait *= 2;
  wait = std::min(wait, policy.longest_wait);
  const bool for_good = error.code == Errc::kInvalidArgument || error.code == Errc::kForbidden ||
                        error.code == Errc::kNotFound || error.code == Errc::kRefused;
  if (for_good) wait = policy.longest_wait;
  if (error.retry_after_s) wait = std::max(wait, seconds(*error.retry_after_s));
  return {arrived_perhaps ? DeliveryState::kUnknown : DeliveryState::kPending, now + wait,
          error.what};
}

Result<> CheckSignature(std::string_view secret, std::string_view timestamp,
                        std::string_view signature, std::string_view body, Instant now) {
  if (timestamp.empty() || signature.empty()) {
    return Fail(Errc::kForbidden,
                "the message is not signed: send X-Maxopt-Timestamp and X-Maxopt-Signature");
  }
  long long at = 0;
  const auto [end, code] =
      std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), at);
  if (code != std::errc() || end != timestamp.data() + timestamp.size() || at < 0) {
    return Fail(Errc::kForbidden, "X-Maxopt-Timestamp is not a number of seconds since 1970");
  }
  const long long here = std::chrono::duration_cast<seconds>(now.time_since_epoch()).count();
  const long long apart = at > here ? at - here : here - at;
  if (apart > kSignatureAge.count()) {
    return Fail(Errc::kForbidden,
                fmt::format("the signature is {} s {}; at most {} s are taken: sign again at each "
                            "try, and check the clock",
                            apart, at > here ? "ahead" : "old", kSignatureAge.count()));
  }
  // Hex in either case; a prefix as others write it.
  std::string given(signature.starts_with("sha256=") ? signature.substr(7) : signature);
  std::ranges::transform(given, given.begin(),
                         [](char c) { return c >= 'A' && c <= 'F' ? char(c - 'A' + 'a') : c; });
  if (!SameText(given, SignatureOf(secret, timestamp, body))) {
    return Fail(Errc::kForbidden,
                "the signature is not that of this body and time with the member's secret");
  }
  return {};
}

}  // namespace maxopt::team
