#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "connect/connection.h"
#include "connect/conversions.h"
#include "connect/writer.h"
#include "http/http.h"

namespace maxopt {

/// The connector of the connection's platform. `wire` is the plain transport: each connector wraps
/// it in its own politeness. Errors: kInvalidArgument for a platform without a connector (the known
/// ones are listed) and for a connection that cannot be right.
Result<Connector> MakeConnector(const Connection& connection, std::shared_ptr<http::Transport> wire,
                                std::shared_ptr<Clock> clock);

/// The sender of the connection's platform to one destination: a pixel's id (Meta) or code
/// (TikTok); Google's destinations are the events' own conversion actions.
Result<std::shared_ptr<ConversionSender>> MakeConversionSender(
    const Connection& connection, const std::string& to, std::shared_ptr<http::Transport> wire,
    std::shared_ptr<Clock> clock);

/// connections.yaml: "maxopt: connections/1" and a list "accounts" with, each, client, platform, id
/// and optionally base_url, token_url, version, settings, secrets, calls_per_second, calls_per_day
/// (what jobs plan with; memory/campaigns/jobs.h). A secret is
/// env:NAME, file:PATH (relative to the file's folder) or the value itself. Unknown keys are
/// refused with their line; secrets are in no error.
Result<std::vector<Connection>> ParseConnections(std::string_view yaml, const std::string& file);

}  // namespace maxopt
