#include "stages/optimize/trials/books.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "memory/facts/books.h"
#include "sheet/sheet.h"

namespace maxopt {
namespace {

using std::chrono::days;

constexpr std::string_view kKind = "books_by_place";
constexpr std::string_view kPlatformColumns[] = {"google_ads", "meta", "tiktok"};
/// As many places as a country has counties or market areas, with room; more is another file.
constexpr std::size_t kPlacesMax = 2'000;

struct PlaceRow {
  Day day;
  std::string place;
  double revenue;
  std::map<std::string, std::string> ids;
};

Result<std::vector<PlaceRow>> ParsePlaceBooks(std::string_view csv, const std::string& name) {
  MAXOPT_TRY(const std::string text, sheet::DecodeText(csv));
  MAXOPT_TRY(const std::vector<sheet::CsvRecord> records, sheet::ParseCsv(text, ','));
  const auto bad = [&](std::size_t line, const std::string& what) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", name, line, what));
  };
  if (records.empty()) return bad(1, "is empty; columns day, place, revenue are needed");
  std::map<std::string, std::size_t> columns;
  for (std::size_t i = 0; i < records[0].cells.size(); ++i) {
    const std::string column(sheet::Trim(records[0].cells[i]));
    if (!columns.emplace(column, i).second) {
      return bad(1, fmt::format("column {} is there twice", sheet::ShownCell(column)));
    }
  }
  for (const char* needed : {"day", "place", "revenue"}) {
    if (!columns.contains(needed)) {
      return bad(1,
                 fmt::format("column \"{}\" is missing; day, place, revenue are needed", needed));
    }
  }
  std::vector<PlaceRow> rows;
  std::set<std::pair<Day, std::string>> seen;
  std::set<std::string> places;
  for (std::size_t r = 1; r < records.size(); ++r) {
    const auto cell = [&](const std::string& column) -> std::string {
      const auto at = columns.find(column);
      if (at == columns.end() || at->second >= records[r].cells.size()) return "";
      return std::string(sheet::Trim(sheet::Unguarded(records[r].cells[at->second])));
    };
    PlaceRow row;
    const auto day = ParseDay(cell("day"));
    if (!day) return bad(records[r].line, day.error().what);
    row.day = *day;
    row.place = cell("place");
    if (row.place.empty()) return bad(records[r].line, "the place is empty");
    const std::string amount = cell("revenue");
    const auto [end, error] =
        std::from_chars(amount.data(), amount.data() + amount.size(), row.revenue);
    if (error != std::errc() || end != amount.data() + amount.size() ||
        !(row.revenue > -1e15 && row.revenue < 1e15)) {
      return bad(records[r].line,
                 fmt::format("revenue {} is not a number", sheet::ShownCell(amount)));
    }
    for (const std::string_view platform : kPlatformColumns) {
      const std::string id = cell(std::string(platform));
      if (!id.empty()) row.ids.emplace(platform, id);
    }
    if (!seen.emplace(row.day, row.place).second) {
      return bad(records[r].line, fmt::format("{} of {} is there twice", PrintDay(row.day),
                                              sheet::ShownCell(row.place)));
    }
    if (places.insert(row.place).second && places.size() > kPlacesMax) {
      return bad(records[r].line, fmt::format("more than {} places", kPlacesMax));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::vector<std::string>> AccountsOf(CampaignStore& store, const std::string& client) {
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, store.Accounts());
  std::vector<std::string> out;
  for (const ClientAccount& account : accounts) {
    if (account.client == client) out.push_back(PrintAccount(account.info.account));
  }
  return out;
}

FactFilter AccountFilter(const std::set<AccountId>& accounts) {
  FactFilter filter{"account", {}};
  for (const AccountId& account : accounts) filter.values.push_back(PrintAccount(account));
  return filter;
}

}  // namespace

Result<int> SavePlaceBooks(CampaignStore& store, const std::string& client, const std::string& name,
                           std::string_view csv, Instant at) {
  MAXOPT_CHECK(store.GetClient(client));
  MAXOPT_TRY(const std::vector<PlaceRow> rows, ParsePlaceBooks(csv, name));
  MAXOPT_CHECK(store.SaveDocument({client, std::string(kKind), name, std::string(csv), at}));
  return static_cast<int>(rows.size());
}

namespace trials {

double Units(Money money) { return static_cast<double>(money.micros()) / 1e6; }

Result<FxRates> RatesOf(const TrialsWorld& world, const Client& client) {
  MAXOPT_TRY(const Zone zone, Zone::Find(client.zone));
  return RatesOn(*world.facts, zone.DayOf(world.clock->Now()));
}

Result<std::map<Day, double>> RevenueByDay(const TrialsWorld& world, const Client& client, Day from,
                                           Day to) {
  std::map<Day, double> out;
  if (from > to) return out;
  MAXOPT_TRY(const FxRates rates, RatesOf(world, client));
  MAXOPT_TRY(const Books books,
             ReadBooks(*world.facts, client.name, client.currency, from, to, rates));
  for (const auto& [day, on_day] : books.days) out[day] = on_day.revenue;
  return out;
}

Result<std::map<Day, double>> SpendByDay(const TrialsWorld& world, const Client& client,
                                         const std::set<AccountId>& accounts,
                                         const std::set<std::string>& campaigns, Day from, Day to) {
  std::map<Day, double> out;
  if (from > to || accounts.empty() || campaigns.empty()) return out;
  FactQuery query;
  query.measures = {"spend"};
  query.dimensions = {"campaign"};
  query.filters = {AccountFilter(accounts)};
  query.from = from;
  query.to = to;
  query.grain = "day";
  MAXOPT_TRY(const FactTable table, world.facts->Query(query));
  MAXOPT_TRY(const FxRates rates, RatesOf(world, client));
  const std::size_t period = table.Column("period"), id = table.Column("campaign_id"),
                    spend = table.Column("spend"), code = table.Column("currency");
  for (const auto& row : table.rows) {
    if (!campaigns.contains(row[id].text) || row[spend].kind == FactCell::Kind::kAbsent) continue;
    MAXOPT_TRY(const Day day, ParseDay(row[period].text));
    double rate = 1;
    if (row[code].text != client.currency.name()) {
      MAXOPT_TRY(const Currency currency, FindCurrency(row[code].text));
      MAXOPT_TRY(const Exchange exchange, rates.Find(currency, client.currency));
      rate = exchange.real();
    }
    out[day] += rate * row[spend].Number() / 1e6;
  }
  return out;
}

Result<PlaceSales> SalesByPlace(const TrialsWorld& world, const std::string& client, Day from,
                                Day to) {
  PlaceSales out;
  MAXOPT_TRY(std::vector<Document> documents, world.store->Documents(client, std::string(kKind)));
  // Newest first; the newer word on a day and place holds.
  for (const Document& document : documents) {
    MAXOPT_TRY(const std::vector<PlaceRow> rows, ParsePlaceBooks(document.content, document.name));
    for (const PlaceRow& row : rows) {
      if (row.day < from || row.day > to) continue;
      out.by_place[row.place].try_emplace(row.day, row.revenue);
      for (const auto& [platform, id] : row.ids) out.ids[row.place].try_emplace(platform, id);
    }
  }
  if (!out.by_place.empty()) {
    out.source = "books";
    out.note = fmt::format("the client's books by place know {} places", out.by_place.size());
    return out;
  }
  MAXOPT_TRY(const std::vector<std::string> accounts, AccountsOf(*world.store, client));
  if (accounts.empty()) return out;
  FactQuery query;
  query.measures = {"revenue", "spend"};
  query.dimensions = {"country"};
  query.filters = {{"account", accounts}};
  query.from = from;
  query.to = to;
  query.grain = "day";
  auto table = world.facts->Query(query);
  if (!table) return FailWithin("claims by country", table.error());
  const std::size_t period = table->Column("period"), place = table->Column("country"),
                    revenue = table->Column("revenue");
  std::set<Day> known;
  for (const auto& row : table->rows) {
    MAXOPT_TRY(const Day day, ParseDay(row[period].text));
    known.insert(day);
    const std::string& name = row[place].text;
    // "unknown", "ZZ": nobody can leave those out.
    if (name.size() != 2 || name == "ZZ") continue;
    const bool told = row[revenue].kind != FactCell::Kind::kAbsent;
    out.by_place[name][day] += told ? row[revenue].Number() / 1e6 : 0;
  }
  // A day that was read and has no row of a place had nothing claimed there.
  for (auto& [name, series] : out.by_place) {
    for (const Day day : known) series.try_emplace(day, 0.0);
  }
  if (out.by_place.empty()) {
    out.note =
        "the client's books have no place, and no platform's report by country is in the facts: no "
        "trial by place can be read. maxopt experiments books FILE takes books by place";
    return out;
  }
  out.source = "claims";
  out.note = fmt::format(
      "the client's books have no place: a trial by place is read on what the platforms claim by "
      "country ({} of them). Claims end where advertising rests, whatever it brings, so such a "
      "reading is an upper bound and calibrates nothing. maxopt experiments books FILE takes books "
      "by place",
      out.by_place.size());
  return out;
}

Result<std::map<std::string, double>> SpendByPlace(FactStore& facts,
                                                   const std::set<AccountId>& accounts,
                                                   const std::set<std::string>& campaigns, Day from,
                                                   Day to) {
  std::map<std::string, double> out;
  if (accounts.empty() || campaigns.empty()) return out;
  FactQuery query;
  query.measures = {"spend"};
  query.dimensions = {"campaign", "country"};
  query.filters = {AccountFilter(accounts)};
  query.from = from;
  query.to = to;
  MAXOPT_TRY(const FactTable table, facts.Query(query));
  const std::size_t id = table.Column("campaign_id"), place = table.Column("country"),
                    spend = table.Column("spend");
  for (const auto& row : table.rows) {
    if (campaigns.contains(row[id].text)) out[row[place].text] += row[spend].Number() / 1e6;
  }
  return out;
}

bool Whole(const PlaceSales& sales, const std::set<std::string>& places, Day from, Day to) {
  return WholeFrom(sales, places, from, to) == from;
}

Day WholeFrom(const PlaceSales& sales, const std::set<std::string>& places, Day from, Day to) {
  for (Day day = to; day >= from; day -= days(1)) {
    for (const std::string& place : places) {
      const auto series = sales.by_place.find(place);
      if (series == sales.by_place.end() || !series->second.contains(day)) return day + days(1);
    }
  }
  return from;
}

GeoPanel PanelOf(const PlaceSales& sales, Day from, Day to, const std::set<std::string>& treated) {
  GeoPanel panel;
  for (Day day = from; day <= to; day += days(1)) {
    panel.days.push_back(day.time_since_epoch().count());
  }
  panel.periods.assign(panel.days.size(), TestPeriod::kPre);
  for (const auto& [name, series] : sales.by_place) {
    GeoPanel::Geo geo;
    geo.name = name;
    geo.treated = treated.contains(name);
    for (Day day = from; day <= to; day += days(1)) {
      const auto at = series.find(day);
      geo.sales.push_back(at == series.end() ? std::nullopt : std::optional(at->second));
    }
    panel.geos.push_back(std::move(geo));
  }
  return panel;
}

}  // namespace trials
}  // namespace maxopt
