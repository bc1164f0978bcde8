#pragma once
#include <map>
#include <string>
#include <vector>

#include "clock/clock.h"
#include "connect/connection.h"
#include "domain/alert.h"
#include "memory/platforms/platforms.h"

namespace maxopt {

/// What will end: versions of APIs (detector "sunset": told from 90 days before their last day,
/// a warning from 30, critical from 7 and after) and credentials of limited life (detector
/// "credential": the connection's setting token_expires_on, "YYYY-MM-DD", as the platform told when
/// it was connected; 60 days with Meta's and LinkedIn's long-lived tokens. A warning from 14 days
/// before, critical from 3 and after). Connections without a version use the connector's own, which
/// `default_version` names. Pure; the same answer every time while it is true.
std::vector<Condition> ConnectionConditions(
    const PlatformSpecs& specs, const std::vector<Connection>& connections, Instant now,
    const std::map<Platform, std::string>& default_version = {});

}  // namespace maxopt
