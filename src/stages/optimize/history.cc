#include "stages/optimize/history.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "decide/guardrails/guardrails.h"
#include "memory/campaigns/signals.h"
#include "memory/facts/quality.h"
#include "stages/optimize/harvest.h"

namespace maxopt {
namespace {

using std::chrono::days;

/// Channels that are told apart: as many as the response model fits in seconds, and more than a
/// year of days bears.
constexpr std::size_t kChannelsMost = 100;

double Units(Money money) { return static_cast<double>(money.micros()) / 1e6; }

class HistoryReader {
 public:
  HistoryReader(const OptimizeWorld& world, const Client& client) : world_(world), client_(client) {
    out_.client = client;
  }

  Result<ClientHistory> Run(int history_days) {
    MAXOPT_CHECK(ReadBudgets());
    MAXOPT_CHECK(ReadHistory(history_days));
    Pool();
    return std::move(out_);
  }

 private:
  Result<> ReadBudgets() {
    MAXOPT_TRY(const std::vector<ClientAccount> accounts, world_.store->Accounts());
    MAXOPT_TRY(locks_, ExperimentLocks(*world_.store, client_.name, world_.clock->Now()));
    MAXOPT_TRY(fixed_, FixedBudgets(*world_.store, client_.name));
    for (const ClientAccount& account : accounts) {
      if (account.client != client_.name) continue;
      const AccountId& id = account.info.account;
      accounts_.push_back(PrintAccount(id));
      if (account.info.currency != client_.currency) {
        return Fail(
            Errc::kRefused,
            fmt::format("account {} is in {}, client \"{}\" in {}: amounts of two currencies "
                        "are not compared",
                        PrintAccount(id), account.info.currency.name(), client_.name,
                        client_.currency.name()));
      }
      MAXOPT_TRY(const std::shared_ptr<PlatformReader> reader, world_.reader(id));
      auto tree = reader->ReadAccount(id, http::After(std::chrono::seconds(120)));
      if (!tree) return FailWithin("account " + PrintAccount(id), tree.error());
      MAXOPT_TRY(const std::vector<OwnedObject> owned, world_.store->Objects(id));
      AddBudgets(*tree, owned, reader->capabilities());
    }
    std::erase_if(out_.live, [](const auto& entry) { return entry.second.budgets.empty(); });
    if (out_.live.empty()) {
      return Fail(Errc::kRefused,
                  fmt::format("client \"{}\" has no campaign that is on with a daily "
                              "budget",
                              client_.name));
    }
    return {};
  }

  std::string ChannelId(Platform platform, const std::string& campaign_id,
                        std::string_view campaign_name) const {
    std::string channel = world_.channel_of(campaign_name);
    if (channel.empty()) channel = "campaign " + campaign_id;
    return fmt::format("{}/{}", PlatformName(platform), channel);
  }

  void AddBudgets(const AccountTree& tree, const std::vector<OwnedObject>& owned,
                  const Capabilities& can) {
    const AccountId& account = tree.info.account;
    std::map<std::string, const Entity*> campaigns;
    for (const Entity& entity : tree.entities) {
      if (entity.level == Level::kCampaign) campaigns[entity.id] = &entity;
    }
    for (const Entity& entity : tree.entities) {
      if (entity.level != Level::kCampaign && entity.level != Level::kAdGroup) continue;
      const std::string campaign_id =
          entity.level == Level::kCampaign ? entity.id : entity.campaign_id;
      const auto campaign = campaigns.find(campaign_id);
      if (campaign == campaigns.end()) continue;
      const auto amount = entity.fields.find("daily_budget");
      if (amount == entity.fields.end() || TextField(entity.fields, "status") != kActive ||
          TextField(campaign->second->fields, "status") != kActive) {
        continue;
      }
      // A campaign that owns the budget bounds what its ad groups state.
      if (entity.level == Level::kAdGroup && campaign->second->fields.contains("daily_budget")) {
        continue;
      }
      const auto ours = std::find_if(owned.begin(), owned.end(), [&](const OwnedObject& object) {
        return object.level == entity.level && object.id == entity.id;
      });
      const std::string channel =
          ChannelId(account.platform, campaign_id, TextField(campaign->second->fields, "name"));
      const std::string address = ours == owned.end()
                                      ? fmt::format("{}/{}", LevelName(entity.level), entity.id)
                                      : ours->address;
      ChannelHistory& into = out_.live[channel];
      into.id = channel;
      // A budget above an arm of a running experiment is that arm's allocation.
      const ExperimentLock* lock = LockWithin(locks_, account, entity.id, address);
      if (lock == nullptr) lock = LockOn(locks_, account, campaign_id, "");
      if (lock != nullptr) {
        into.lock = fmt::format("experiment \"{}\" keeps it still until {}", lock->experiment,
                                PrintDay(lock->until));
      } else if (IsFixed(address)) {
        into.lock = "the media plan fixes its budget";
      }
      into.budgets.push_back({account, entity.level, entity.id, campaign_id, address,
                              std::get<Money>(amount->second), can.minor_units,
                              EndOf(entity, *campaign->second)});
    }
  }

  /// Of the object, else of its campaign: "2026-04-29 23:59:59" on the account's clock.
  static std::optional<Day> EndOf(const Entity& entity, const Entity& campaign) {
    std::string end = TextField(entity.fields, "end_at");
    if (end.empty()) end = TextField(campaign.fields, "end_at");
    const auto day =
        ParseDay(std::string_view(end).substr(0, std::min<std::size_t>(10, end.size())));
    return day ? std::optional(*day) : std::nullopt;
  }

  /// Of hundreds of campaigns a client's revenue cannot tell each one's part. The largest stay
  /// channels of their own; the others of a platform are one, whose budgets move in proportion.
  void Pool() {
    std::vector<std::pair<double, std::string>> by_spend;
    for (const auto& [id, channel] : out_.past) {
      const auto live = out_.live.find(id);
      if (live != out_.live.end() && !live->second.lock.empty()) continue;
      by_spend.emplace_back(-std::accumulate(channel.spend.begin(), channel.spend.end(), 0.0), id);
    }
    std::sort(by_spend.begin(), by_spend.end());
    for (std::size_t i = kChannelsMost; i < by_spend.size(); ++i) {
      const std::string& id = by_spend[i].second;
      const std::string rest = id.substr(0, id.find('/')) + "/all smaller campaigns";
      ChannelHistory past = std::move(out_.past.at(id));
      out_.past.erase(id);
      Merge(std::move(past), rest, out_.past);
      if (auto live = out_.live.extract(id)) Merge(std::move(live.mapped()), rest, out_.live);
    }
  }

  static void Merge(ChannelHistory from, const std::string& into,
                    std::map<std::string, ChannelHistory>& channels) {
    const auto [at, is_new] = channels.try_emplace(into, std::move(from));
    ChannelHistory& sum = at->second;
    sum.id = into;
    if (is_new) return;
    sum.budgets.insert(sum.budgets.end(), from.budgets.begin(), from.budgets.end());
    for (std::size_t t = 0; t < from.spend.size(); ++t) {
      sum.spend[t] += from.spend[t];
      if (std::isnan(from.claimed[t])) continue;
      sum.claimed[t] = (std::isnan(sum.claimed[t]) ? 0 : sum.claimed[t]) + from.claimed[t];
    }
    sum.claimed_revenue += from.claimed_revenue;
    sum.claimed_spend += from.claimed_spend;
  }

  /// The budget of a fixed campaign, or of an ad group in one.
  bool IsFixed(const std::string& address) const {
    return std::any_of(fixed_.begin(), fixed_.end(), [&](const auto& campaign) {
      return address == campaign.first || address.starts_with(campaign.first + "/");
    });
  }

  Result<> ReadHistory(int history_days) {
    MAXOPT_TRY(const Zone zone, Zone::Find(client_.zone));
    const Day today = zone.DayOf(world_.clock->Now());
    const Day last = today - days(1);
    MAXOPT_TRY(std::vector<KpiRow> kpi,
               world_.facts->Kpi(client_.name, today - days(history_days), last, std::nullopt));
    if (kpi.empty()) {
      return Fail(Errc::kRefused,
                  fmt::format("there are no orders of client \"{}\"; import them (maxopt import "
                              "orders.csv --client ...)",
                              client_.name));
    }
    out_.first = kpi.front().day;
    for (const KpiRow& row : kpi) out_.first = std::min(out_.first, row.day);
    out_.last = out_.first;
    for (const KpiRow& row : kpi) out_.last = std::max(out_.last, row.day);
    const auto size = static_cast<std::size_t>((out_.last - out_.first).count() + 1);
    out_.revenue.assign(size, std::nan(""));
    for (const KpiRow& row : kpi) {
      if (row.currency != client_.currency) {
        return Fail(Errc::kRefused,
                    fmt::format("orders are in {}, client \"{}\" is in {}", row.currency.name(),
                                client_.name, client_.currency.name()));
      }
      out_.revenue[static_cast<std::size_t>((row.day - out_.first).count())] = Units(row.revenue);
    }
    for (std::size_t t = 0; t < size; ++t) {
      if (std::isnan(out_.revenue[t])) {
        return Fail(Errc::kRefused,
                    fmt::format("orders of {} are missing; a missing day is not a day without "
                                "orders. Import it",
                                PrintDay(out_.first + days(static_cast<int>(t)))));
      }
    }
    FactQuery query;
    query.measures = {"spend", "revenue"};
    query.dimensions = {"platform", "campaign"};
    query.filters = {{"account", accounts_}};
    query.from = out_.first;
    query.to = out_.last;
    query.grain = "day";
    MAXOPT_TRY(const FactTable table, world_.facts->Query(query));
    if (table.rows.empty()) return {};
    const std::size_t platform_at = table.Column("platform");
    const std::size_t id_at = table.Column("campaign_id");
    const std::size_t name_at = table.Column("campaign");
    const std::size_t period_at = table.Column("period");
    const std::size_t spend_at = table.Column("spend");
    const std::size_t revenue_at = table.Column("revenue");
    for (const auto& row : table.rows) {
      MAXOPT_TRY(const Platform platform, FindPlatform(row[platform_at].text));
      const std::string id = ChannelId(platform, row[id_at].text, row[name_at].text);
      MAXOPT_TRY(const Day day, ParseDay(row[period_at].text));
      const auto t = static_cast<std::size_t>((day - out_.first).count());
      if (t >= size || row[spend_at].kind == FactCell::Kind::kAbsent) continue;
      ChannelHistory& channel = out_.past[id];
      channel.id = id;
      channel.spend.resize(size, 0.0);
      channel.claimed.resize(size, std::nan(""));
      const double spend = static_cast<double>(row[spend_at].integer) / 1e6;
      channel.spend[t] += spend;
      if (row[revenue_at].kind != FactCell::Kind::kAbsent) {
        const double claimed = static_cast<double>(row[revenue_at].integer) / 1e6;
        channel.claimed[t] =
            (std::isnan(channel.claimed[t]) ? 0 : channel.claimed[t]) + std::max(0.0, claimed);
      }
      // Claims of the last 60 days that are old enough to have settled.
      if (out_.last - day > days(7) && out_.last - day <= days(67)) {
        channel.claimed_spend += spend;
        if (row[revenue_at].kind != FactCell::Kind::kAbsent) {
          channel.claimed_revenue += static_cast<double>(row[revenue_at].integer) / 1e6;
        }
      }
    }
    return {};
  }

  const OptimizeWorld& world_;
  const Client& client_;
  ClientHistory out_;
  std::vector<std::string> accounts_;  ///< the client's
  std::vector<ExperimentLock> locks_;
  FixedBudgetMap fixed_;
};

}  // namespace

Money ChannelHistory::Total(Currency currency) const {
  Money sum = Money::Zero(currency);
  for (const LiveBudget& budget : budgets) sum += budget.amount;
  return sum;
}

double ChannelHistory::ClaimedRoas() const {
  return claimed_spend > 0 ? claimed_revenue / claimed_spend : 0;
}

Money ChannelHistory::MostTried(Currency currency) const {
  std::vector<double> on;
  for (const double day : spend) {
    if (day > 0) on.push_back(day);
  }
  if (on.empty()) return Money::Zero(currency);
  const auto at =
      on.begin() + static_cast<std::ptrdiff_t>(0.95 * static_cast<double>(on.size() - 1));
  std::nth_element(on.begin(), at, on.end());
  return Money::Micros(static_cast<std::int64_t>(*at * 1.2 * 1e6), currency);
}

ResponseData ClientHistory::Data() const {
  ResponseData data;
  data.revenue = revenue;
  data.first_day = std::chrono::sys_days(first.time_since_epoch());
  for (const auto& [id, channel] : past) {
    // A day without spend has no row, and no claims either.
    std::vector<double> claimed = channel.claimed;
    for (std::size_t t = 0; t < claimed.size(); ++t) {
      if (std::isnan(claimed[t]) && channel.spend[t] <= 0) claimed[t] = 0;
    }
    data.channels.push_back({id, channel.spend, std::move(claimed), Harvests(id)});
  }
  return data;
}

Result<ClientHistory> ReadClientHistory(const OptimizeWorld& world, const Client& client,
                                        int history_days) {
  return HistoryReader(world, client).Run(history_days);
}

Result<> CheckDecisionData(const OptimizeWorld& world, const ClientHistory& history) {
  std::set<AccountId> moved;
  for (const auto& [id, channel] : history.live) {
    for (const auto& budget : channel.budgets) moved.insert(budget.account);
  }
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, world.store->Accounts());
  std::vector<AccountInfo> infos;
  for (const ClientAccount& account : accounts) {
    if (moved.contains(account.info.account)) infos.push_back(account.info);
  }
  MAXOPT_TRY(const Hold hold,
             DecisionHold(
                 *world.facts, infos,
                 {.from = history.last - days(6), .to = history.last, .claimed_conversions = false},
                 world.clock->Now()));
  if (!hold.held()) return {};
  return Fail(Errc::kRefused,
              fmt::format("the data do not bear a decision: {}. maxopt monitor reads them again, "
                          "maxopt quality shows each day",
                          fmt::join(hold.reasons, "; ")));
}

Result<> CheckSignals(const OptimizeWorld& world, const std::string& client) {
  MAXOPT_TRY(const std::vector<SignalHealth> signals, Signals(*world.store, client));
  for (const SignalHealth& signal : signals) {
    if (signal.state != SignalState::kBroken) continue;
    return Fail(Errc::kRefused,
                fmt::format("hold: the signal \"{}\" is broken since {}: {}. What it measures "
                            "cannot be decided on; maxopt tracking status looks again",
                            signal.name, PrintInstant(signal.since), signal.why));
  }
  return {};
}

}  // namespace maxopt
