#include "stages/optimize/scenario/what_if.h"

#include <algorithm>
#include <cmath>

namespace maxopt {
namespace {

using std::chrono::days;

double Units(Money money) { return static_cast<double>(money.micros()) / 1e6; }

/// Spend that all but the lowest twentieth of the days were above, since the channel began.
double TriedLow(const ChannelHistory& past) {
  const auto began =
      std::find_if(past.spend.begin(), past.spend.end(), [](double spend) { return spend > 0; });
  std::vector<double> since(began, past.spend.end());
  if (since.empty()) return 0;
  const auto at =
      since.begin() + static_cast<std::ptrdiff_t>(0.05 * static_cast<double>(since.size() - 1));
  std::nth_element(since.begin(), at, since.end());
  return *at;
}

double Recent(const ChannelHistory& past) {
  const std::size_t window = std::min<std::size_t>(7, past.spend.size());
  double sum = 0;
  for (std::size_t i = past.spend.size() - window; i < past.spend.size(); ++i) sum += past.spend[i];
  return sum / static_cast<double>(window);
}

Result<std::optional<double>> RevenuePerOrder(FactStore& facts, const ClientHistory& history,
                                              const FxRates& rates) {
  const Client& client = history.client;
  MAXOPT_TRY(const Books books, ReadBooks(facts, client.name, client.currency,
                                          history.last - days(27), history.last, rates));
  double revenue = 0;
  std::int64_t orders = 0;
  for (const auto& [day, on_day] : books.days) {
    revenue += on_day.revenue;
    orders += on_day.orders;
  }
  if (orders <= 0 || !(revenue > 0)) return std::optional<double>();
  return std::optional(revenue / static_cast<double>(orders));
}

}  // namespace

Result<WhatIf> ReadWhatIf(const OptimizeWorld& world, const std::string& client,
                          const WhatIfOptions& options) {
  MAXOPT_TRY(const Client known, world.store->GetClient(client));
  MAXOPT_TRY(const ClientHistory history, ReadClientHistory(world, known, options.history_days));
  WhatIf out;
  out.first = history.first;
  out.last = history.last;
  for (const auto& held : {CheckSignals(world, client), CheckDecisionData(world, history)}) {
    if (held) continue;
    if (held.error().code != Errc::kRefused) return std::unexpected(held.error());
    out.notes.push_back(held.error().what);
  }
  MAXOPT_TRY(const ResponseFit fit, world.fit(history.Data(), options.response));
  out.problem.gross_margin = options.gross_margin;
  MAXOPT_TRY(const Zone zone, Zone::Find(known.zone));
  MAXOPT_TRY(const FxRates rates, RatesOn(*world.facts, zone.DayOf(world.clock->Now())));
  MAXOPT_TRY(out.problem.revenue_per_order, RevenuePerOrder(*world.facts, history, rates));
  out.problem.currency = known.currency;
  for (std::string& note : history.RateNotes(options.rate_age_max_days)) {
    out.notes.push_back(std::move(note));
  }
  for (const auto& [id, live] : history.live) {
    ScenarioChannel& channel = out.problem.channels.emplace_back(ScenarioChannel{id, live.Total()});
    channel.exchange = history.ExchangeOf(live.currency);
    channel.table = live.budgets.front().table;
    channel.lock = live.lock;
    const auto past = history.past.find(id);
    const auto response = std::find_if(fit.channels.begin(), fit.channels.end(),
                                       [&](const ChannelResponse& r) { return r.id == id; });
    if (past == history.past.end() || response == fit.channels.end() || response->spend_mean <= 0) {
      continue;
    }
    if (!channel.budget.zero()) {
      const double budget = channel.exchange.real() * Units(channel.budget);
      channel.delivery = std::clamp(Recent(past->second) / budget, 0.05, 1.0);
    }
    channel.tried_low = TriedLow(past->second);
    channel.tried_high = past->second.MostTried();
    channel.identified = response->identified;
    channel.draws = response->draws;
  }
  return out;
}

}  // namespace maxopt
