#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clock/clock.h"
#include "money/money.h"
#include "result/result.h"

namespace maxopt {

/// What happened on a client's site, as the tag, the pixel or the client's own server told it.
struct TrackedEvent {
  std::string site;    ///< of tracking.yaml
  std::string client;  ///< whose site it is
  std::string name;    ///< "page_view", "purchase"
  std::string id;      ///< with site and name: the same event told again
  std::string via;     ///< tag | pixel | s2s; only s2s is signed, the others anyone can say
  Instant received_at{};
  std::optional<Instant> at{};    ///< as the teller's clock had it
  std::string url{}, referrer{};  ///< without query
  std::string visitor{};          ///< the tag's number for a browser; empty without consent
  bool consent = false;
  std::map<std::string, std::string> utm{};        ///< "utm_source" -> value
  std::map<std::string, std::string> click_ids{};  ///< "gclid" -> value
  std::optional<Money> value{};
  /// SHA-256 of normalised personal data: "email", "phone_e164" (with +), "phone_digits".
  std::map<std::string, std::string> hashed{};
  bool probe = false;  ///< of a tag check, not of a person
};

struct EventCount {
  std::string site, name, campaign, via;  ///< campaign: utm_campaign, empty when there was none
  bool probe = false;
  std::int64_t count = 0;
  std::int64_t with_click_id = 0;
  std::int64_t with_consent = 0;
  std::map<Currency, Money> value{};  ///< without a sum that Money cannot hold
  Instant last_at{};
};

/// Events in a SQLite file of their own, so that a running collector does not lock the campaign
/// memory. Thread-safe.
class EventStore {
 public:
  /// The one writer. Creates the file when it is missing; kLocal when another process writes it.
  static Result<std::unique_ptr<EventStore>> Open(const std::string& path);
  /// Beside a running writer; Append is then refused. kNotFound when there is no file.
  static Result<std::unique_ptr<EventStore>> OpenToRead(const std::string& path);
  virtual ~EventStore() = default;

  struct Appended {
    int stored = 0;
    int duplicates =
        0;  ///< an event of this site, name and id was there already; it stays as it was
  };
  /// All or none, on disk when it returns. Calls of several threads share one flush.
  virtual Result<Appended> Append(const std::vector<TrackedEvent>& events) = 0;
  virtual Result<std::optional<TrackedEvent>> Find(const std::string& site, const std::string& name,
                                                   const std::string& id) = 0;
  /// In order of arrival, those after the first `after`, at most `limit`.
  virtual Result<std::vector<TrackedEvent>> List(std::int64_t after, int limit) = 0;
  /// By site, event, campaign and teller.
  virtual Result<std::vector<EventCount>> Counts() = 0;
};

}  // namespace maxopt
