#include "app/conversions/conversions.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/serve/serve.h"
#include "connect/registry/registry.h"
#include "memory/conversions/conversions.h"
#include "memory/events/events.h"

namespace maxopt {

std::string ConversionOutboxPath(const Home& home) { return home.PathOf("conversions.db"); }

Result<std::vector<SentConversions>> TellConversions(Home& home, const std::string& client,
                                                     const std::function<bool()>& stopping) {
  MAXOPT_TRY(const TrackingConfig config, ReadTrackingConfig(home.folder()));
  std::vector<const ConversionRoute*> routes;
  for (const ConversionRoute& route : config.send_conversions) {
    if (client.empty() || route.client == client) routes.push_back(&route);
  }
  std::vector<SentConversions> rounds;
  if (routes.empty()) return rounds;
  if (home.halted()) {
    return Fail(Errc::kRefused, "halted: nothing is sent to any platform until that is taken back");
  }
  MAXOPT_TRY(const std::vector<Connection> connections, home.Connections());
  const std::string folder = EventStore::PathIn(home.folder());
  if (!std::filesystem::exists(folder)) {
    return Fail(Errc::kNotFound,
                "no event has arrived yet, so there is nothing to send on; maxopt "
                "serve collects them");
  }
  MAXOPT_TRY(const auto events, EventStore::OpenToRead(folder));
  MAXOPT_TRY(const auto outbox, ConversionOutbox::Open(ConversionOutboxPath(home)));
  // The home lends its clock; a shared pointer that owns nothing is all that a sender needs.
  const std::shared_ptr<Clock> clock(std::shared_ptr<Clock>(), &home.clock());
  for (const ConversionRoute* route : routes) {
    if (stopping && stopping()) break;
    const auto connection = std::ranges::find_if(connections, [&](const Connection& one) {
      return one.account == route->account && one.client == route->client;
    });
    SentConversions sent;
    sent.destination = DestinationOf(*route);
    if (connection == connections.end()) {
      sent.problem = fmt::format("connections.yaml has no account {} of {}",
                                 PrintAccount(route->account), route->client);
    } else if (auto sender =
                   MakeConversionSender(*connection, route->to, http::MakeCurlTransport(), clock)) {
      MAXOPT_TRY(sent, SendConversions(*route, *events, *outbox, **sender, *clock));
    } else {
      sent.problem = sender.error().what;
    }
    rounds.push_back(std::move(sent));
  }
  return rounds;
}

}  // namespace maxopt
