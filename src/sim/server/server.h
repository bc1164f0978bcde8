#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "clock/clock.h"
#include "domain/entity.h"
#include "http/http.h"
#include "sim/market/market.h"
#include "sim/server/conversions.h"

namespace maxopt::sim {

/// An account that a platform server has from the start.
struct ServedAccount {
  AccountSetup setup;
  std::string name;
};

struct ServerOptions {
  std::vector<ServedAccount> accounts;
  /// API version in the URL -> instant from which it is refused; nullopt: alive. Others are
  /// unknown.
  std::map<std::string, std::optional<Instant>> versions;
  std::map<std::string, std::string> secrets;  ///< what credentials are accepted; see each server
};

/// One platform over its real wire protocol. Handle is thread-safe and may be given to
/// http::Serve or to http::MakeLoopbackTransport. Time comes from the clock it was made with; reads
/// bring the market up to the clock's hour first.
class PlatformServer {
 public:
  virtual ~PlatformServer() = default;
  virtual http::Response Handle(const http::Request& request) = 0;
  /// A person edits in the platform's own screens: same rules, but the change history names them.
  virtual Result<> HumanEdit(const AccountId& account, Level level, const std::string& id,
                             const Fields& changes, const std::string& actor) = 0;
  /// Objects that exist (removed ones too), by level, with names: for tests that count.
  struct Counted {
    Level level;
    std::string id;
    std::string name;
    std::string status;
  };
  virtual std::vector<Counted> Objects(const AccountId& account) const = 0;
  /// Conversions that were told to it, as it counts them.
  virtual std::vector<ConversionReceiver::Count> Conversions() const { return {}; }
};

}  // namespace maxopt::sim
