#include "stages/optimize/history.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "decide/guardrails/guardrails.h"
#include "domain/harvest.h"
#include "memory/campaigns/signals.h"
#include "memory/facts/quality.h"

namespace maxopt {
namespace {

using std::chrono::days;

/// Channels that are told apart: as many as the response model fits in seconds, and more than a
/// year of days bears.
constexpr std::size_t kChannelsMost = 100;

class HistoryReader {
 public:
  HistoryReader(const OptimizeWorld& world, const Client& client) : world_(world), client_(client) {
    out_.client = client;
  }

  Result<ClientHistory> Run(int history_days) {
    MAXOPT_TRY(const Zone zone, Zone::Find(client_.zone));
    today_ = zone.DayOf(world_.clock->Now());
    MAXOPT_TRY(rates_, RatesOn(*world_.facts, today_));
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
      MAXOPT_CHECK(KnowRate(account.info.currency, "account " + PrintAccount(id)));
      MAXOPT_TRY(const std::shared_ptr<PlatformReader> reader, world_.reader(id));
      auto tree = reader->ReadAccount(id, http::After(std::chrono::seconds(120)));
      if (!tree) return FailWithin("account " + PrintAccount(id), tree.error());
      MAXOPT_TRY(const std::vector<OwnedObject> owned, world_.store->Objects(id));
      MAXOPT_CHECK(AddBudgets(account.info.currency, *tree, owned, reader->capabilities()));
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

  /// Fills `exchanges`; `what` is in the currency.
  Result<> KnowRate(Currency currency, const std::string& what) {
    if (currency == client_.currency || out_.exchanges.contains(currency)) return {};
    auto found = rates_.Find(currency, client_.currency);
    if (!found) {
      return Fail(Errc::kRefused,
                  fmt::format("{} is in {}, client \"{}\" in {}: {}", what, currency.name(),
                              client_.name, client_.currency.name(), found.error().what));
    }
    out_.exchanges.emplace(currency, std::move(*found));
    return {};
  }

  /// " CHF" of another currency than the client's.
  std::string Suffix(Currency currency) const {
    return currency == client_.currency ? "" : fmt::format(" {}", currency.name());
  }

  std::string ChannelId(Platform platform, const std::string& campaign_id,
                        std::string_view campaign_name, Currency currency) const {
    return ChannelIdOf(world_, platform, campaign_id, campaign_name, currency, client_.currency);
  }

  Result<> AddBudgets(Currency currency, const AccountTree& tree,
                      const std::vector<OwnedObject>& owned, const Capabilities& can) {
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
      const Money budget = std::get<Money>(amount->second);
      if (budget.currency() != currency) {
        return Fail(Errc::kRefused,
                    fmt::format("account {} is in {}, its {} {} has a budget of {}; read the "
                                "account anew with maxopt connect",
                                PrintAccount(account), currency.name(), LevelName(entity.level),
                                entity.id, PrintMoney(budget)));
      }
      const std::string channel = ChannelId(account.platform, campaign_id,
                                            TextField(campaign->second->fields, "name"), currency);
      const std::string address = ours == owned.end()
                                      ? fmt::format("{}/{}", LevelName(entity.level), entity.id)
                                      : ours->address;
      ChannelHistory& into = out_.live[channel];
      into.id = channel;
      into.currency = currency;
      // A budget above an arm of a running experiment is that arm's allocation.
      const ExperimentLock* lock = LockWithin(locks_, account, entity.id, address);
      if (lock == nullptr) lock = LockOn(locks_, account, campaign_id, "");
      if (lock != nullptr) {
        into.lock = fmt::format("experiment \"{}\" keeps it still until {}", lock->experiment,
                                PrintDay(lock->until));
      } else if (IsFixed(address)) {
        into.lock = "the media plan fixes its budget";
      }
      into.budgets.push_back({account, entity.level, entity.id, campaign_id, address, budget,
                              can.minor_units, EndOf(entity, *campaign->second)});
    }
    return {};
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
      const std::string rest =
          id.substr(0, id.find('/')) + "/all smaller campaigns" + Suffix(out_.past.at(id).currency);
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
    MAXOPT_TRY(const Books books, ReadBooks(*world_.facts, client_.name, client_.currency,
                                            today_ - days(history_days), today_ - days(1), rates_));
    if (books.days.empty()) {
      return Fail(Errc::kRefused,
                  fmt::format("there are no orders of client \"{}\"; import them (maxopt import "
                              "orders.csv --client ...)",
                              client_.name));
    }
    for (const auto& [currency, exchange] : books.exchanges) {
      out_.exchanges.emplace(currency, exchange);
    }
    out_.first = books.days.begin()->first;
    out_.last = books.days.rbegin()->first;
    const auto size = static_cast<std::size_t>((out_.last - out_.first).count() + 1);
    out_.revenue.assign(size, std::nan(""));
    for (const auto& [day, books_day] : books.days) {
      out_.revenue[static_cast<std::size_t>((day - out_.first).count())] = books_day.revenue;
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
    const std::size_t currency_at = table.Column("currency");
    for (const auto& row : table.rows) {
      MAXOPT_TRY(const Platform platform, FindPlatform(row[platform_at].text));
      Currency currency = kNoCurrency;
      const std::string& code = row[currency_at].text;
      if (!code.empty() && code != kNoCurrency.name()) {
        MAXOPT_TRY(currency, FindCurrency(code));
      }
      MAXOPT_CHECK(KnowRate(currency, fmt::format("the history of {}", row[platform_at].text)));
      const double rate = out_.ExchangeOf(currency).real();
      const std::string id = ChannelId(platform, row[id_at].text, row[name_at].text, currency);
      MAXOPT_TRY(const Day day, ParseDay(row[period_at].text));
      const auto t = static_cast<std::size_t>((day - out_.first).count());
      if (t >= size || row[spend_at].kind == FactCell::Kind::kAbsent) continue;
      ChannelHistory& channel = out_.past[id];
      channel.id = id;
      channel.currency = currency;
      channel.spend.resize(size, 0.0);
      channel.claimed.resize(size, std::nan(""));
      const double spend = rate * static_cast<double>(row[spend_at].integer) / 1e6;
      channel.spend[t] += spend;
      if (row[revenue_at].kind != FactCell::Kind::kAbsent) {
        const double claimed = rate * static_cast<double>(row[revenue_at].integer) / 1e6;
        channel.claimed[t] =
            (std::isnan(channel.claimed[t]) ? 0 : channel.claimed[t]) + std::max(0.0, claimed);
      }
      // Claims of the last 60 days that are old enough to have settled.
      if (out_.last - day > days(7) && out_.last - day <= days(67)) {
        channel.claimed_spend += spend;
        if (row[revenue_at].kind != FactCell::Kind::kAbsent) {
          channel.claimed_revenue += rate * static_cast<double>(row[revenue_at].integer) / 1e6;
        }
      }
    }
    return {};
  }

  const OptimizeWorld& world_;
  const Client& client_;
  ClientHistory out_;
  Day today_{};
  FxRates rates_;
  std::vector<std::string> accounts_;  ///< the client's
  std::vector<ExperimentLock> locks_;
  FixedBudgetMap fixed_;
};

}  // namespace

Money ChannelHistory::Total() const {
  Money sum = Money::Zero(currency);
  for (const LiveBudget& budget : budgets) sum += budget.amount;
  return sum;
}

double ChannelHistory::ClaimedRoas() const {
  return claimed_spend > 0 ? claimed_revenue / claimed_spend : 0;
}

double ChannelHistory::MostTried() const {
  std::vector<double> on;
  for (const double day : spend) {
    if (day > 0) on.push_back(day);
  }
  if (on.empty()) return 0;
  const auto at =
      on.begin() + static_cast<std::ptrdiff_t>(0.95 * static_cast<double>(on.size() - 1));
  std::nth_element(on.begin(), at, on.end());
  return *at * 1.2;
}

Exchange ClientHistory::ExchangeOf(Currency currency) const {
  const auto at = exchanges.find(currency);
  if (at != exchanges.end()) return at->second;
  if (currency != client.currency) Bug();
  return Exchange{currency, currency};
}

std::vector<std::string> ClientHistory::RateNotes(int age_max_days) const {
  std::vector<std::string> out;
  for (const auto& [currency, exchange] : exchanges) {
    out.push_back(ExchangeNote(exchange, age_max_days));
  }
  return out;
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

std::string ChannelIdOf(const OptimizeWorld& world, Platform platform,
                        const std::string& campaign_id, std::string_view campaign_name,
                        Currency currency, Currency client) {
  std::string channel = world.channel_of(campaign_name);
  if (channel.empty()) channel = "campaign " + campaign_id;
  return fmt::format("{}/{}{}", PlatformName(platform), channel,
                     currency == client ? "" : fmt::format(" {}", currency.name()));
}

Currency CurrencyOfChannel(std::string_view id, Currency client) {
  const std::size_t space = id.rfind(' ');
  if (space == std::string_view::npos) return client;
  return FindCurrency(id.substr(space + 1)).value_or(client);
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
  MAXOPT_TRY(const Hold hold, DecisionHold(*world.facts, infos,
                                           {.from = history.last - days(6),
                                            .to = history.last,
                                            .claimed_conversions = false,
                                            .converted = true},
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
