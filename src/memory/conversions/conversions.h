#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clock/clock.h"
#include "result/result.h"

namespace maxopt {

/// Where one conversion stands on its way to one destination.
///   pending   to be sent
///   unknown   a call that carried it was begun and nothing was heard of it
///   sent      taken in; the platform is working on it
///   done      the platform has it
///   refused   it will not be sent, or the platform would not have it; `why` says
enum class SendState { kPending, kUnknown, kSent, kDone, kRefused };
std::string_view SendStateName(SendState state);

/// One conversion for one destination. Who it was and what it was worth stays in the event store.
struct OutboxItem {
  std::string destination;  ///< "meta/880011223344 998877"
  std::string site, event, id;
  SendState state = SendState::kPending;
  std::string why{};
  std::string request_id{};
  std::optional<Instant> first_sent_at{};
  int attempts = 0;
};

/// The outbox: a SQLite file of its own, so that sending locks nobody. Every state is on disk when
/// the call returns. Thread-safe; one process at a time (kLocal otherwise, after 5 s).
class ConversionOutbox {
 public:
  static Result<std::unique_ptr<ConversionOutbox>> Open(const std::string& path);
  virtual ~ConversionOutbox() = default;

  /// How far the event store was read for a destination; 0 at first.
  virtual Result<std::int64_t> ReadTo(const std::string& destination) = 0;
  /// Adds what is not there yet (destination, site, event and id) and moves ReadTo, in one
  /// transaction: stopped midway, the same events are looked at again, and none twice.
  virtual Result<> Add(const std::string& destination, const std::vector<OutboxItem>& items,
                       std::int64_t read_to) = 0;
  /// The oldest in `state`, in order of arrival, at most `limit`.
  virtual Result<std::vector<OutboxItem>> In(const std::string& destination, SendState state,
                                             int limit) = 0;
  /// Before a call: unknown from now on, with one attempt more.
  virtual Result<> Begin(const std::vector<OutboxItem>& items, Instant now) = 0;
  /// After it: state, why and request_id of each.
  virtual Result<> Settle(const std::vector<OutboxItem>& items) = 0;
  struct Count {
    std::string destination, event;
    SendState state;
    std::string why;  ///< of refused and unknown
    std::int64_t count;
  };
  virtual Result<std::vector<Count>> Counts() = 0;
};

}  // namespace maxopt
