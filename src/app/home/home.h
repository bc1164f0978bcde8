#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "apply/apply.h"
#include "clock/clock.h"
#include "connect/connection.h"
#include "memory/campaigns/campaigns.h"
#include "memory/facts/facts.h"
#include "stages/monitor/alerting/alerting.h"
#include "stages/monitor/monitor.h"
#include "stages/optimize/optimize.h"
#include "stages/setup/launch/launch.h"

namespace maxopt {

/// Everything Max keeps, in one folder, and the parts wired together over it:
///
///   connections.yaml   accounts and how to reach them      policy.yaml   what may be done
///   maxopt.db          campaign memory (SQLite)            facts.duckdb  facts (DuckDB)
///   reports/           what was written                    halt          there while halted
///   monitoring.yaml    which jobs run when                 reports.yaml  looks and schedules
///
/// This is the only place that knows which implementation stands behind which interface.
class Home {
 public:
  ~Home();
  /// Creates the folder when it is missing. `clock` is the product's time; kLocal when another
  /// process works in this home.
  static Result<std::unique_ptr<Home>> Open(const std::string& folder,
                                            std::shared_ptr<Clock> clock);
  /// Writes commented templates of connections.yaml, policy.yaml and alerts.yaml, and of `more`
  /// (name, content) that rooms above this one read; existing files are kept.
  /// Returns the files that were written.
  static Result<std::vector<std::string>> Init(
      const std::string& folder, const std::vector<std::pair<std::string, std::string>>& more = {});

  const std::string& folder() const { return folder_; }
  std::string PathOf(const std::string& name) const { return folder_ + "/" + name; }
  Clock& clock() { return *clock_; }
  CampaignStore& store() { return *store_; }
  FactStore& facts() { return *facts_; }
  Door& door() { return *door_; }
  MonitorWorld monitor_world();
  OptimizeWorld optimize_world();
  SetupWorld setup_world();

  Result<std::vector<Connection>> Connections() const;
  /// alerts.yaml; where there is none, alerts are kept and told to nobody.
  Result<AlertConfig> Alerting() const;
  /// `config` and `wires` outlive it.
  AlertingWorld alerting_world(const AlertConfig& config, const NotifyWires& wires);
  /// Writes the calls made to platforms since the last time into the accounts' budgets (jobs.h).
  /// Closing the home does it too.
  Result<> SaveCalls();
  /// From now on no call to a platform is begun (kRefused): who works here ends soon.
  void StopCalls();
  /// Reads every connection's account and keeps it with its client. One line per account.
  struct Connected {
    AccountId account;
    std::string client;
    std::string what;  ///< "Alpenglow Google, EUR, Europe/Berlin" or why not
    bool ok;
  };
  Result<std::vector<Connected>> Connect();

  /// nullopt when there is no policy for the client (then nothing is written to platforms).
  Result<std::optional<Policy>> PolicyOf(const std::string& client) const;

  bool halted() const;
  Result<> SetHalt(bool halted);

  /// Trees and owned objects of the given accounts, as they are now.
  Result<std::map<AccountId, AccountTree>> ReadTrees(const std::vector<AccountId>& accounts);

 private:
  struct Calls;
  Home();
  Result<std::shared_ptr<const Connector>> ConnectorOf(const AccountId& account);

  std::string folder_;
  std::shared_ptr<Clock> clock_;
  std::unique_ptr<CampaignStore> store_;
  std::unique_ptr<FactStore> facts_;
  std::unique_ptr<Door> door_;
  std::mutex mutex_;
  std::map<AccountId, std::shared_ptr<const Connector>> connectors_;
  std::shared_ptr<Calls> calls_;
};

/// The open home, held while the pointer lives; kUnavailable when another process has it.
using UseHome = std::function<Result<std::shared_ptr<Home>>()>;
/// Of a home that who calls holds, and holds longer.
UseHome HeldHome(Home& home);

/// Whole file; kLocal with its name when it cannot be read.
Result<std::string> ReadWholeFile(const std::string& path);
/// Written beside and renamed, so a reader never sees half of it.
Result<> WriteWholeFile(const std::string& path, const std::string& content);

/// Time as a simulated platform tells it: GET url -> {"now": "..."}; asked at most once a call.
/// Used when MAXOPT_CLOCK is set, so that the command line can live in `maxopt sim serve`'s time.
Result<std::shared_ptr<Clock>> MakeRemoteClock(const std::string& url);

}  // namespace maxopt
