#pragma once
#include <cstdint>
#include <functional>
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
  std::string via;     ///< tag | pixel | s2s | import; the last two are the client's own word, the
                       ///< first two anyone can say
  Instant received_at{};
  std::optional<Instant> at{};    ///< as the teller's clock had it
  std::string url{}, referrer{};  ///< without query
  std::string visitor{};          ///< the tag's number for a browser; empty without consent
  bool consent = false;
  std::map<std::string, std::string> utm{};        ///< "utm_source" -> value
  std::map<std::string, std::string> click_ids{};  ///< "gclid" -> value
  std::optional<Money> value{};
  /// SHA-256 of normalised personal data: "email" (trimmed, lower case), "email_google" (without
  /// Gmail's dots and +suffix, where that differs), "phone_e164" (with +), "phone_digits".
  std::map<std::string, std::string> hashed{};
  bool probe = false;  ///< of a tag check, not of a person
  /// The platforms' own first-party cookies, with consent: "fbp", "fbc", "ttp".
  std::map<std::string, std::string> browser_ids{};
  std::string user_agent{};  ///< with consent only: the platforms match by it
  /// Why it was not taken for a person: crawler | headless | prefetch | rate; empty: a person.
  std::string bot{};
  /// Number in its stream (EventKind), from 1, without gaps. Given by the store, ignored on Append.
  std::int64_t seq = 0;
};

/// "tag" and "pixel"; the others are servers.
bool ToldByBrowser(const TrackedEvent& event);

/// The streams of the store. Each event is in exactly one.
enum class EventKind {
  kEvent,   ///< the first telling of what a person did: what is counted
  kSecond,  ///< the same event told by the other side as well (browser and server), once
  kBot,     ///< what bots did, de-duplicated among themselves
};

struct EventCount {
  std::string site, name, campaign, via;  ///< campaign: utm_campaign, empty when there was none
  bool probe = false;
  std::string bot;  ///< reason; empty: people
  std::int64_t count = 0;
  std::int64_t with_click_id = 0;
  std::int64_t with_consent = 0;
  std::int64_t told_twice = 0;        ///< of count: told by browser and server; 0 for bots
  std::map<Currency, Money> value{};  ///< without a sum that Money cannot hold
  Instant last_at{};
};

/// Events in a folder of their own: an append-only log in segments, which are written with zeros
/// and flushed before they are used, so that an event's flush is of data alone. What was answered
/// is on disk; what a kill or a full disk cuts short was never answered and is cut off at the next
/// start. Known ids are held in memory (about 40 bytes an event) and are read from the log at the
/// start (a few million events a second). Thread-safe.
class EventStore {
 public:
  struct Options {
    std::size_t first_segment_bytes = 1u << 20;  ///< each next one is twice as large, up to
    std::size_t max_segment_bytes = 64u << 20;
  };
  /// The one writer. Creates the folder when it is missing; kLocal when another process writes it,
  /// or when a segment is damaged in a way that no interrupted write explains.
  static Result<std::unique_ptr<EventStore>> Open(const std::string& folder, Options options);
  static Result<std::unique_ptr<EventStore>> Open(const std::string& folder) {
    return Open(folder, Options());
  }
  /// Beside a running writer; Append is then refused. kNotFound when there is no folder.
  static Result<std::unique_ptr<EventStore>> OpenToRead(const std::string& folder);
  /// Where a home has it.
  static std::string PathIn(const std::string& home) { return home + "/events"; }
  virtual ~EventStore() = default;

  struct Appended {
    int stored = 0;
    int duplicates = 0;  ///< of this site, name and id there was one already; it stays as it was
  };
  using Done = std::function<void(Result<Appended>)>;
  /// All or none; on disk when `done` is called, from the store's own thread. What waits meanwhile
  /// shares one flush. kLocal: the disk is full or broken, and none of `events` is kept.
  virtual void AppendLater(const std::vector<TrackedEvent>& events, Done done) = 0;
  /// The same, and waits.
  Result<Appended> Append(const std::vector<TrackedEvent>& events);

  virtual Result<std::optional<TrackedEvent>> Find(const std::string& site, const std::string& name,
                                                   const std::string& id) = 0;
  /// In order of arrival, those of the stream with seq > `after`, at most `limit`.
  virtual Result<std::vector<TrackedEvent>> List(std::int64_t after, int limit, EventKind kind) = 0;
  Result<std::vector<TrackedEvent>> List(std::int64_t after, int limit) {
    return List(after, limit, EventKind::kEvent);
  }
  /// By site, event, campaign, teller, probe and bot.
  virtual Result<std::vector<EventCount>> Counts() = 0;
};

}  // namespace maxopt
