#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "clock/clock.h"

/// What was known when, of one thing (a slice of metrics, a name, a day's KPI).
namespace maxopt::facts {

/// `content` was the state of knowledge from `from` until `to`, or until now. `content` is a key
/// that the caller chooses; equal keys mean equal content.
struct Span {
  std::int64_t content;
  Instant from;
  std::optional<Instant> to;
  friend bool operator==(const Span&, const Span&) = default;
};

/// The content known at an instant, from spans ordered by `from`.
std::optional<std::int64_t> ContentAt(std::span<const Span> spans, Instant at);

/// The spans after it becomes known that `content` was seen at `at`, in whatever order such news
/// arrives. `seen_later` are the instants after `at` at which the thing was looked at: what the old
/// spans say of them still holds, because it was read then. At equal instants the last news wins.
std::vector<Span> Observe(std::span<const Span> spans, std::span<const Instant> seen_later,
                          Instant at, std::int64_t content);

}  // namespace maxopt::facts
