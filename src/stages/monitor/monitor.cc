#include "stages/monitor/monitor.h"

#include <fmt/format.h>

#include <algorithm>

namespace maxopt {
namespace {

using std::chrono::days;

void Add(LoadSummary& sum, const LoadSummary& part) {
  sum.rows += part.rows;
  sum.slices_new += part.slices_new;
  sum.slices_restated += part.slices_restated;
  sum.slices_unchanged += part.slices_unchanged;
}

class Puller {
 public:
  Puller(const MonitorWorld& world, const MonitorOptions& options, const ClientAccount& account)
      : world_(world), options_(options), account_(account) {
    pull_.account = account.info.account;
  }

  Result<AccountPull> Run() {
    auto reader = world_.reader(account_.info.account);
    if (!reader) {
      pull_.problems.push_back(reader.error().what);
      return std::move(pull_);
    }
    reader_ = *reader;
    auto zone = Zone::Find(account_.info.zone);
    if (!zone) {
      pull_.problems.push_back(zone.error().what);
      return std::move(pull_);
    }
    const Capabilities& can = reader_->capabilities();
    const Day today = zone->DayOf(world_.clock->Now());
    const auto has_hours = [&](Level level) {
      return std::find(can.hour_levels.begin(), can.hour_levels.end(), level) !=
             can.hour_levels.end();
    };
    if (options_.depth == MonitorDepth::kHour) {
      MAXOPT_CHECK(Read({Level::kCampaign, Grain::kDay, today - days(1), today}));
      if (has_hours(Level::kCampaign)) {
        MAXOPT_CHECK(Read({Level::kCampaign, Grain::kHour, today - days(1), today}));
      }
      return std::move(pull_);
    }
    MAXOPT_TRY(const bool same_currency, ReadNames());
    if (!same_currency) return std::move(pull_);
    const Day since = today - days(can.restatement_days);
    const Day campaigns_since =
        options_.depth == MonitorDepth::kYear ? today - days(options_.backfill_days) : since;
    MAXOPT_CHECK(Read({Level::kCampaign, Grain::kDay, campaigns_since, today}));
    MAXOPT_CHECK(Read({Level::kAd, Grain::kDay, since, today}));
    if (has_hours(Level::kCampaign)) {
      MAXOPT_CHECK(Read({Level::kCampaign, Grain::kHour, today - days(1), today}));
    }
    for (const Breakdown breakdown : can.breakdowns) {
      MAXOPT_CHECK(
          Read({Level::kCampaign, Grain::kDay, today - days(1), today - days(1), breakdown}));
    }
    return std::move(pull_);
  }

 private:
  struct Want {
    Level level;
    Grain grain;
    Day from;
    Day to;
    Breakdown breakdown = Breakdown::kNone;
  };

  http::Deadline Timeout() const { return http::After(options_.call_timeout); }

  /// False when the account's money is not what it was: then nothing more is read.
  Result<bool> ReadNames() {
    auto tree = reader_->ReadAccount(account_.info.account, Timeout());
    if (!tree) {
      pull_.problems.push_back("account tree: " + tree.error().what);
      return true;
    }
    if (tree->info.currency != account_.info.currency) {
      // Money of another unit must not be added to what is there (fail closed).
      pull_.problems.push_back(fmt::format("the account is now in {}, known in {}; nothing is read",
                                           tree->info.currency.name(),
                                           account_.info.currency.name()));
      return false;
    }
    MAXOPT_CHECK(world_.facts->LoadEntities(tree->info, tree->entities, world_.clock->Now()));
    return true;
  }

  Result<> Read(const Want& want) {
    const MetricQuery query{account_.info.account, want.level, want.grain,
                            want.breakdown,        want.from,  want.to};
    const std::string what = fmt::format(
        "{} by {}{} {}..{}", LevelName(want.level), GrainName(want.grain),
        want.breakdown == Breakdown::kNone ? ""
                                           : fmt::format(" and {}", BreakdownName(want.breakdown)),
        PrintDay(want.from), PrintDay(want.to));
    auto report = reader_->ReadMetrics(query, Timeout());
    if (!report) {
      pull_.problems.push_back(what + ": " + report.error().what);
      return {};
    }
    if (!report->complete) {
      pull_.problems.push_back(what + ": incomplete, not loaded: " + report->incomplete_why);
      return {};
    }
    const std::string source = fmt::format("{} api", PlatformName(account_.info.account.platform));
    auto loaded = world_.facts->Load(*report, world_.clock->Now(), source);
    if (!loaded) {
      if (loaded.error().code == Errc::kLocal) return Fail(loaded.error());
      pull_.problems.push_back(what + ": " + loaded.error().what);
      return {};
    }
    ++pull_.reports;
    Add(pull_.loaded, *loaded);
    return {};
  }

  const MonitorWorld& world_;
  const MonitorOptions& options_;
  const ClientAccount& account_;
  std::shared_ptr<PlatformReader> reader_;
  AccountPull pull_;
};

}  // namespace

bool MonitorReport::complete() const {
  return std::all_of(accounts.begin(), accounts.end(),
                     [](const AccountPull& pull) { return pull.problems.empty(); });
}

Result<MonitorReport> Monitor(const MonitorWorld& world, const std::string& client,
                              const MonitorOptions& options) {
  MonitorReport report;
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, world.store->Accounts());
  for (const ClientAccount& account : accounts) {
    if (!client.empty() && account.client != client) continue;
    MAXOPT_TRY(AccountPull pull, Puller(world, options, account).Run());
    report.accounts.push_back(std::move(pull));
  }
  return report;
}

}  // namespace maxopt
