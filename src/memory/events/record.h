#pragma once
// Inside of the event store: one event as bytes.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "memory/events/events.h"

namespace maxopt::events {

/// Appends the record of an event: its size in 4 bytes, then the members in a fixed order. All
/// numbers are little-endian.
void Encode(const TrackedEvent& event, EventKind kind, std::string& into);
/// Where the kind stands in a record, so that it can be changed without another encoding.
inline constexpr std::size_t kKindOffset = 5;

/// What the index needs of a record, without building an event. Views into the record.
struct RecordKey {
  EventKind kind;
  bool by_browser;
  std::string_view site, name, id;
};
/// `record` without its size. kBadAnswer when it is no record of this version.
Result<RecordKey> DecodeKey(std::string_view record);
Result<TrackedEvent> Decode(std::string_view record, EventKind* kind);

}  // namespace maxopt::events
