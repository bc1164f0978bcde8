#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connect/platform.h"
#include "measure/response/response.h"
#include "memory/campaigns/campaigns.h"
#include "memory/facts/books.h"
#include "memory/facts/facts.h"
#include "stages/optimize/fits.h"

namespace maxopt {

struct OptimizeWorld {
  CampaignStore* store;
  FactStore* facts;
  Clock* clock;
  std::function<Result<std::shared_ptr<PlatformReader>>(const AccountId&)> reader;
  /// "search-generic" of a campaign's name; "" when the name is not of our grammar.
  std::function<std::string(std::string_view)> channel_of;
  FitFunction fit = FitResponse;
};

/// A campaign (or ad group) whose daily budget is on now.
struct LiveBudget {
  AccountId account;
  Level level;
  std::string id;
  std::string campaign_id;
  std::string address;
  Money amount;
  MinorUnits table;
  std::optional<Day> last{};  ///< day on which its flight ends, where it has an end
};

/// One channel ("google_ads/search-generic"): its budgets as they are live, or what was spent in
/// it. A channel has one currency: that of accounts in another than the client's is a channel of
/// its own, "google_ads/search-generic CHF", another market with another response. Vectors by day
/// of the history.
struct ChannelHistory {
  std::string id;
  Currency currency = kNoCurrency;  ///< of its accounts
  std::vector<LiveBudget> budgets;  ///< in it
  std::vector<double> spend;        ///< units of the client's currency; 0 on a day without a row
  std::vector<double> claimed;      ///< revenue, as spend; NaN where the platform says nothing
  double claimed_revenue = 0;       ///< of the last 60 days that are old enough to have settled
  double claimed_spend = 0;         ///< of the same days
  std::string lock;                 ///< why it may not be moved; empty: it may
  /// Sum of the live budgets.
  Money Total() const;
  /// Claimed revenue over spend; 0 where nothing is claimed.
  double ClaimedRoas() const;
  /// Units of the client's currency a day. As far as the curve is known: a fifth above the spend of
  /// all but the highest twentieth of the days that the channel was on. Beyond it lies
  /// extrapolation; staying there a while extends it.
  double MostTried() const;
};

/// What deciding on a client's budgets rests on: the budgets that are live now, and the client's
/// own revenue beside the spend of every channel, day by day.
struct ClientHistory {
  Client client;
  std::map<std::string, ChannelHistory> live;  ///< with budgets that are on
  std::map<std::string, ChannelHistory> past;  ///< with spend in the past
  std::vector<double> revenue;  ///< units of the client's currency a day, `first` to `last`
  Day first{};
  Day last{};
  /// What accounts and orders in other currencies are converted by: one rate for all days, the
  /// newest, so that spend moves with budgets and not with the market.
  std::map<Currency, Exchange> exchanges;
  /// Into the client's currency; of one of `exchanges` or the client's own.
  Exchange ExchangeOf(Currency currency) const;
  /// One sentence for each of `exchanges`: rate, its day, and its age where that is above the
  /// limit.
  std::vector<std::string> RateNotes(int age_max_days) const;
  /// As the response model takes it; channels in the order of `past`.
  ResponseData Data() const;
};

/// The channel of a campaign: "google_ads/search-generic", "... CHF" where its account is in
/// another currency than the client's.
std::string ChannelIdOf(const OptimizeWorld& world, Platform platform,
                        const std::string& campaign_id, std::string_view campaign_name,
                        Currency currency, Currency client);

/// Of the channel of that id: what it ends with ("google_ads/search-generic CHF"), else the
/// client's.
Currency CurrencyOfChannel(std::string_view id, Currency client);

/// Reads the live budgets of all accounts of the client, then orders and spend of the last
/// `history_days` days. Beyond the 100 channels with most spend, those of a platform are one,
/// "meta/all smaller campaigns".
/// Errors: kRefused with an account or orders in another currency than the client's and no rate for
/// it, without a budget that is on, without orders, or with a day of them missing; a platform's
/// own, named.
Result<ClientHistory> ReadClientHistory(const OptimizeWorld& world, const Client& client,
                                        int history_days);

/// kRefused, saying why, when the last week of the history's accounts is incomplete, stale or
/// unreconciled (DecisionHold): the delivery of that week decides how far budgets move.
Result<> CheckDecisionData(const OptimizeWorld& world, const ClientHistory& history);

/// kRefused while a tracking signal of the client is broken: conversions that are not counted look
/// like campaigns that do not convert.
Result<> CheckSignals(const OptimizeWorld& world, const std::string& client);

}  // namespace maxopt
