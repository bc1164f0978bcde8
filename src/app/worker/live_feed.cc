// Facts and alerts into the live cache.
#include <fmt/format.h>

#include <algorithm>

#include "app/worker/worker.h"

namespace maxopt {
namespace {

const FactCell* Cell(const FactTable& table, const std::vector<FactCell>& row,
                     std::string_view column) {
  const auto at = std::find(table.columns.begin(), table.columns.end(), column);
  if (at == table.columns.end()) return nullptr;
  const FactCell& cell = row[static_cast<std::size_t>(at - table.columns.begin())];
  return cell.kind == FactCell::Kind::kAbsent ? nullptr : &cell;
}

std::string Text(const FactTable& table, const std::vector<FactCell>& row,
                 std::string_view column) {
  const FactCell* cell = Cell(table, row, column);
  return cell ? cell->text : "";
}

std::optional<std::int64_t> Count(const FactTable& table, const std::vector<FactCell>& row,
                                  std::string_view column) {
  const FactCell* cell = Cell(table, row, column);
  return cell ? std::optional(cell->integer) : std::nullopt;
}

std::optional<double> Real(const FactTable& table, const std::vector<FactCell>& row,
                           std::string_view column) {
  const FactCell* cell = Cell(table, row, column);
  if (!cell) return std::nullopt;
  return cell->kind == FactCell::Kind::kInteger ? static_cast<double>(cell->integer) : cell->real;
}

}  // namespace

Result<> PutLiveAlerts(LiveCache& live, const std::vector<Alert>& open) {
  std::vector<LiveEntry> entries;
  for (const Alert& alert : open) entries.push_back({LiveAlertKey(alert.id), LiveAlertJson(alert)});
  return live.Replace(LiveAlertKey(""), entries);
}

Result<> RefreshLive(Home& home, LiveCache& live, const JobRegistry& registry,
                     const std::optional<AccountId>& only) {
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, home.store().Accounts());
  MAXOPT_TRY(const std::vector<FactStore::Freshness> fresh, home.facts().Freshest());
  const Instant now = home.clock().Now();
  for (const ClientAccount& account : accounts) {
    const AccountId& id = account.info.account;
    if (only && id != *only) continue;
    std::vector<LiveEntry> entries;
    const auto learnt = std::find_if(fresh.begin(), fresh.end(),
                                     [&](const auto& entry) { return entry.account == id; });
    MAXOPT_TRY(const Zone zone, Zone::Find(account.info.zone));
    const Day today = zone.DayOf(now);
    if (learnt != fresh.end()) {
      FactQuery query;
      query.measures = {"spend", "impressions", "clicks", "conversions", "revenue"};
      query.dimensions = {"campaign"};
      query.filters = {{"account", {PrintAccount(id)}}};
      query.from = query.to = today;
      MAXOPT_TRY(const FactTable table, home.facts().Query(query));
      // From the judgement kept with the day's data.
      MAXOPT_TRY(const std::vector<DayQuality> quality, home.facts().Quality(id, today, today));
      const auto maturity = quality.empty() ? std::nullopt : quality.front().share_known;
      for (const auto& row : table.rows) {
        const FactCell* spend = Cell(table, row, "spend");
        const FactCell* revenue = Cell(table, row, "revenue");
        const Currency currency = account.info.currency;
        LiveMetrics metrics{
            .client = account.client,
            .account = id,
            .account_name = account.info.name,
            .campaign_id = Text(table, row, "campaign_id"),
            .campaign = Text(table, row, "campaign"),
            .day = today,
            .spend = Money::Micros(spend ? spend->integer : 0, currency),
            .impressions = Count(table, row, "impressions"),
            .clicks = Count(table, row, "clicks"),
            .conversions = Real(table, row, "conversions"),
            .revenue =
                revenue ? std::optional(Money::Micros(revenue->integer, currency)) : std::nullopt,
            .as_of = learnt->learnt_at,
            .maturity = maturity};
        entries.push_back({LiveKey(id, metrics.campaign_id), ToJson(metrics)});
      }
    }
    MAXOPT_CHECK(live.Replace(LiveKey(id, ""), entries));
  }
  if (registry.open_alerts) {
    MAXOPT_TRY(const std::vector<Alert> open, registry.open_alerts(home));
    MAXOPT_CHECK(PutLiveAlerts(live, open));
  }
  return {};
}

}  // namespace maxopt
