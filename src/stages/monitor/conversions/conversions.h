#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "connect/conversions.h"
#include "memory/conversions/conversions.h"
#include "memory/events/events.h"

namespace maxopt {

/// One entry of send_conversions in tracking.yaml: which events of a client go where. Without an
/// entry nothing is sent.
struct ConversionRoute {
  std::string client;
  AccountId account;
  std::string to;                             ///< pixel id (Meta) or code (TikTok); "" for Google
  std::map<std::string, std::string> events;  ///< our event -> the platform's word or action id
  std::string test_code{};  ///< of the platform's events manager, for rehearsals; may be empty
};
/// "meta/880011223344 998877": what the outbox knows the route by.
std::string DestinationOf(const ConversionRoute& route);

/// What one round did, by destination.
struct SentConversions {
  std::string destination;
  std::int64_t added = 0;     ///< new in the outbox
  std::int64_t withheld = 0;  ///< of them, without consent: never sent
  std::int64_t done = 0, accepted = 0, refused = 0, unknown = 0, waiting = 0;
  std::string problem;  ///< why it stopped, when it did
};

/// One round for one destination: reads new events of the client from the store, puts those of the
/// route into the outbox, and sends what is due. Stopped at any moment and run again, every
/// conversion counts once at the platform: an event whose call was not answered is sent again with
/// its id while the platform still takes the copy for the same, and left unknown, for a person,
/// after that. A batch that is refused whole is halved until the one that is wrong stands alone.
///
/// A conversion is told with what both its tellings know (the browser's click id, the server's
/// digests). Probes and bots are no conversions; what has no consent is refused and never sent.
/// Errors: only those of our own stores; a platform's trouble is in `problem`.
Result<SentConversions> SendConversions(const ConversionRoute& route, EventStore& events,
                                        ConversionOutbox& outbox, ConversionSender& sender,
                                        const Clock& clock);

}  // namespace maxopt
