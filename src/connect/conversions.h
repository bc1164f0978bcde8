#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "clock/clock.h"
#include "domain/entity.h"
#include "http/http.h"
#include "money/money.h"
#include "result/result.h"

/// Conversions told to the platforms, so that they learn from what truly happened. They change no
/// campaign, so they are no plan; they are writes all the same: only what a person switched on in
/// tracking.yaml is sent, and never without the visitor's consent.
namespace maxopt {

/// One conversion as every platform gets it. Only with consent.
struct Conversion {
  std::string event;  ///< the platform's word or id, as tracking.yaml maps it: "Purchase", "987654"
  /// The same as the platform's own pixel gets, so that the two are one. Sent as event_id (Meta,
  /// TikTok) and transactionId (Google).
  std::string id;
  Instant at{};
  std::optional<Money> value{};
  std::string url{}, user_agent{};
  std::string visitor{};  ///< our own number; platforms that hash external ids get its SHA-256
  std::map<std::string, std::string> click_ids{};    ///< gclid, gbraid, wbraid, fbclid, ttclid
  std::map<std::string, std::string> browser_ids{};  ///< fbp, fbc, ttp
  std::map<std::string, std::string> hashed{};       ///< as TrackedEvent::hashed
};

/// What a platform said about one conversion.
struct ConversionAccepted {
  std::string request_id;
  bool processed = true;  ///< false: taken in; Check tells later what became of it
};

struct ConversionRules {
  std::size_t batch_max;      ///< events in one call
  std::chrono::hours oldest;  ///< an event may be this old
  /// For so long the platform takes a second copy of an id for the same; nullopt: always.
  std::optional<std::chrono::hours> deduplicates;
};

/// Thread-safe. Never retries.
class ConversionSender {
 public:
  virtual ~ConversionSender() = default;
  virtual const ConversionRules& rules() const = 0;
  /// Why the platform would not take it (nothing to match it by, too old, in the future, a refund);
  /// nullopt: it would.
  virtual std::optional<std::string> Objection(const Conversion& conversion, Instant now) const = 0;
  /// One call of at most batch_max conversions without objection; one answer each, in their order.
  /// kUnknownOutcome: it may have been taken; sent again with the same id it counts once, within
  /// `deduplicates`. kInvalidArgument: that one is refused; where the platform refuses a batch
  /// whole and does not say for which, all are, and smaller batches find out. Every other error:
  /// nothing was taken.
  virtual std::vector<Result<ConversionAccepted>> Send(std::span<const Conversion> conversions,
                                                       http::Deadline deadline) = 0;
  /// The same call as a rehearsal: the platform judges the event and counts nothing. `code` is the
  /// test code of the platform's own screen (Meta's and TikTok's test_event_code, from the events
  /// manager); Google judges without one. Errors as of Send, and kInvalidArgument without a code
  /// where there must be one: without it the platform would count the event.
  virtual Result<ConversionAccepted> Rehearse(const Conversion& conversion, const std::string& code,
                                              http::Deadline deadline) = 0;
  /// What became of a call that was taken in: nullopt while it is being worked on; true done; an
  /// error that says why not.
  virtual Result<std::optional<bool>> Check(const std::string& request_id,
                                            http::Deadline deadline) = 0;
};

/// The same answer for all of a call.
inline std::vector<Result<ConversionAccepted>> ForAll(std::size_t count,
                                                      const Result<ConversionAccepted>& answer) {
  return std::vector<Result<ConversionAccepted>>(count, answer);
}

}  // namespace maxopt
