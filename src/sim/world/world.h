#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clock/clock.h"
#include "http/http.h"
#include "sim/faults/faults.h"
#include "sim/market/market.h"
#include "sim/server/server.h"

/// A whole simulated world: clock, market, the three platform servers with faults around them, and
/// the control handler, in process or over sockets; and a client's past in it.
namespace maxopt::sim {

struct WorldAccount {
  std::string id;
  std::string name = "Alpenglow";
  Currency currency = kEur;
  std::string zone = "Europe/Berlin";
};

struct WorldOptions {
  std::uint64_t seed = 1;
  Day first_day;  ///< of the market, in the shop's zone; the clock starts there
  Currency currency = kEur;
  std::string shop_zone = "Europe/Berlin";
  std::map<Platform, WorldAccount> accounts = {
      {Platform::kGoogleAds, {.id = "4471189001"}},
      {Platform::kMeta, {.id = "880011223344"}},
      {Platform::kTikTok, {.id = "7011223344556677"}},
  };
  std::vector<std::string> brand_terms = {"alpenglow"};
  double noise = 1.0;
};

/// Ports to listen on; 0: any free one.
struct WorldPorts {
  std::map<Platform, int> platforms{};
  int control = 0;
  std::string address = "127.0.0.1";
};

/// Thread-safe after Make and Listen.
class World {
 public:
  /// kInvalidArgument for a zone that is not known, or a platform that has no server.
  static Result<std::unique_ptr<World>> Make(WorldOptions options);
  virtual ~World() = default;

  virtual const WorldOptions& options() const = 0;
  virtual VirtualClock& clock() = 0;
  virtual Market& market() = 0;
  virtual PlatformServer& server(Platform platform) = 0;
  virtual FaultPlan& faults(Platform platform) = 0;
  virtual AccountId account(Platform platform) const = 0;
  /// What the platform accepts, under the names of its server's header: access_token, ...
  virtual const std::map<std::string, std::string>& credentials(Platform platform) const = 0;
  /// Version segment to speak: "v25", "v26.0", "v1.3".
  virtual std::string version(Platform platform) const = 0;

  /// Moves the clock hour by hour, the market behind it.
  virtual void AdvanceTo(Instant to) = 0;

  /// Opens one port per platform and one for the control handler. Once.
  virtual Result<> Listen(const WorldPorts& ports) = 0;
  /// "http://127.0.0.1:PORT" once listening, else "http://meta.sim", which transport() knows.
  virtual std::string origin(Platform platform) const = 0;
  virtual std::string control_origin() const = 0;
  /// Reaches all of the world in process, faults included.
  virtual std::shared_ptr<http::Transport> transport() = 0;
};

/// How the client's money was split in the past.
struct HistoryOptions {
  std::string client = "Alpenglow";
  std::string flight = "always-on";
  int days = 365;
  std::string landing_url = "https://alpenglow.example/";
  std::vector<std::string> countries = {"DE"};
  /// Told after each simulated day; may be empty.
  std::function<void(Day)> on_day{};
};

struct HistoricCampaign {
  std::string channel;  ///< "search-generic": the second word of its name
  AccountId account;
  Audience audience;
  std::string name;  ///< "Alpenglow | search-generic | always-on"
  std::string campaign_id;
  std::string budget_holder_id;  ///< Google's budget, Meta's campaign, TikTok's ad group
  Money daily_budget;            ///< the historical split
};
struct History {
  std::vector<HistoricCampaign> campaigns;
  Day first_day;
  Day last_day;  ///< complete; the clock stands at its end
  int budget_changes = 0;
  int pauses = 0;
};

/// The channels of a history and their share of the money in euros a day: brand search 200, generic
/// search 400, social prospecting 350, social retargeting 350, video prospecting 200. Much goes to
/// what claims much, as managers do who trust the platforms' own numbers.
struct HistoricChannel {
  std::string_view word;
  Platform platform;
  Audience audience;
  int euros_a_day;
};
const std::vector<HistoricChannel>& HistoricChannels();

/// Lives through a past from the clock's day on, all through the platforms' own wire protocols: it
/// sets up one campaign a channel, changes each budget about monthly by 20 to 50 % around its place
/// in the split, each channel at days of its own, pauses each once or twice a year for 6 to 12
/// days, and for the last week (of two weeks or more) holds the split. The campaigns are left
/// running.
Result<History> LiveThroughHistory(World& world, const HistoryOptions& options);

/// For benchmarks: the split of the same daily total over the same channels that brings most
/// incremental revenue in the long run, by the market's own curves, in steps of 1/400 of the total.
struct Split {
  std::vector<double> spend_per_day;  ///< market currency, in the order of the channels asked
  double revenue_per_day;             ///< steady and incremental
};
Split BestSplit(const Market& market, const std::vector<std::pair<Platform, Audience>>& channels,
                double total_per_day);

}  // namespace maxopt::sim
