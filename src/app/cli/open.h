#pragma once
#include <memory>

#include "app/cli/commands.h"
#include "app/home/home.h"
#include "memory/platforms/platforms.h"

namespace maxopt {

/// The product's time: the machine's, or MAXOPT_CLOCK's (a URL of a simulated world).
Result<std::shared_ptr<Clock>> ProductClock();
/// The home with the product's time.
Result<std::unique_ptr<Home>> OpenHome(const CommandContext& context);

/// The client that is meant: `wanted`, or the only one there is. The error lists them.
Result<std::string> OnlyClient(Home& home, const std::string& wanted);

/// One for each version of each platform; connections that name none use the connector's own.
std::vector<VersionFinding> VersionFindings(const PlatformSpecs& specs,
                                            const std::vector<Connection>& connections, Day today);

/// Who types: the system's user, unless `by` names someone.
std::string Person(const std::string& by);

}  // namespace maxopt
