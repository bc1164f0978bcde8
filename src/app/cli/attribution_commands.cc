// attribution, fx, correlate: what platforms claim beside what was observed, rates of exchange, and
// how platforms move together.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>

#include "app/attribution/attribution.h"
#include "app/cli/commands.h"
#include "app/cli/open.h"
#include "measure/correlation/correlation.h"
#include "sheet/sheet.h"
#include "stages/monitor/attribution/observed.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

struct Period {
  std::string client;
  Day from, to;
};
/// The client (the only one when none is named) and its days; by default the last `days` whole
/// ones.
Result<Period> PeriodOf(Home& home, const std::string& wanted, const std::string& from,
                        const std::string& to, int days) {
  MAXOPT_TRY(const std::vector<Client> clients, home.store().Clients());
  if (wanted.empty() && clients.size() != 1) {
    std::string names;
    for (const Client& client : clients) names += (names.empty() ? "" : ", ") + client.name;
    return Fail(Errc::kInvalidArgument,
                clients.empty() ? std::string("no client is known yet; run maxopt connect first")
                                : fmt::format("which client? --client with one of: {}", names));
  }
  MAXOPT_TRY(const Client client,
             home.store().GetClient(wanted.empty() ? clients.front().name : wanted));
  MAXOPT_TRY(const Zone zone, Zone::Find(client.zone));
  Period period{client.name, {}, zone.DayOf(home.clock().Now()) - std::chrono::days(1)};
  if (!to.empty()) {
    auto day = ParseDay(to);
    if (!day) return FailWithin("--to", day.error());
    period.to = *day;
  }
  period.from = period.to - std::chrono::days(days - 1);
  if (!from.empty()) {
    auto day = ParseDay(from);
    if (!day) return FailWithin("--from", day.error());
    period.from = *day;
  }
  return period;
}

ordered_json MoneyJson(const std::map<Currency, Money>& sums) {
  ordered_json json = ordered_json::object();
  for (const auto& [currency, money] : sums)
    json[std::string(currency.name())] = PrintDecimal(money);
  return json;
}
std::string MoneyText(const std::map<Currency, Money>& sums) {
  std::string text;
  for (const auto& [currency, money] : sums) {
    text += (text.empty() ? "" : " + ") + PrintMoney(money);
  }
  return text.empty() ? "-" : text;
}
template <class T>
ordered_json OrNull(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}
std::string PlatformsText(const std::set<Platform>& platforms) {
  std::string text;
  for (const Platform platform : platforms) {
    text += (text.empty() ? "" : " + ") + std::string(PlatformName(platform));
  }
  return text;
}

ordered_json ViewJson(const AttributionView& view) {
  ordered_json rows = ordered_json::array();
  for (const AttributionRow& row : view.rows) {
    const auto money = [](const std::optional<Money>& amount) {
      return amount ? ordered_json{{"amount", PrintDecimal(*amount)},
                                   {"currency", amount->currency().name()}}
                    : ordered_json();
    };
    rows.push_back(
        {{"platform", row.platform ? ordered_json(PlatformName(*row.platform)) : ordered_json()},
         {"account_id", row.account_id},
         {"campaign_id", row.campaign_id},
         {"name", row.name},
         {"spend", money(row.spend)},
         {"claimed",
          {{"conversions", OrNull(row.claimed_conversions)},
           {"value", money(row.claimed_value)},
           {"window", row.claim_window}}},
         {"observed", view.observed ? ordered_json{{"conversions", row.observed_conversions},
                                                   {"value", MoneyJson(row.observed_value)}}
                                    : ordered_json()}});
  }
  ordered_json shared = ordered_json::array();
  for (const SharedOrders& one : view.shared) {
    ordered_json platforms = ordered_json::array();
    for (const Platform platform : one.platforms) platforms.push_back(PlatformName(platform));
    shared.push_back(
        {{"platforms", platforms}, {"orders", one.orders}, {"value", MoneyJson(one.value)}});
  }
  return {
      {"client", view.client},
      {"from", PrintDay(view.from)},
      {"to", PrintDay(view.to)},
      {"model", view.model},
      {"rows", rows},
      {"claimed", {{"conversions", OrNull(view.claimed_conversions)}}},
      {"observed", view.observed ? ordered_json{{"conversions", view.conversions},
                                                {"value", MoneyJson(view.value)},
                                                {"with_path", view.with_path},
                                                {"signed", view.signed_only},
                                                {"told_again", view.told_again},
                                                {"refunds", view.refunds},
                                                {"refunded", MoneyJson(view.refunded)},
                                                {"null_paths", view.null_paths}}
                                 : ordered_json()},
      {"shop", {{"orders", OrNull(view.shop_orders)}, {"revenue", MoneyJson(view.shop_revenue)}}},
      {"overlap",
       {{"claimed_per_observed", OrNull(view.claimed_per_observed)},
        {"claimed_per_order", OrNull(view.claimed_per_order)},
        {"orders_of_several_platforms", view.shared_orders},
        {"by_platforms", shared}}},
      {"notes", view.notes}};
}

void PrintView(const AttributionView& view) {
  fmt::print("{}  {} to {}  observed by model {}\n\n", view.client, PrintDay(view.from),
             PrintDay(view.to), view.model);
  const auto name_of = [](const AttributionRow& row) {
    return row.name.empty() ? row.campaign_id : row.name;
  };
  std::size_t widest = 8;
  for (const AttributionRow& row : view.rows) widest = std::max(widest, name_of(row).size());
  fmt::print("{:<12} {:<{}} {:>14} {:>9} {:>16}  {:<20} {:>9}  {}\n", "platform", "campaign",
             widest, "spend", "claimed", "claimed value", "window", "observed", "observed value");
  for (const AttributionRow& row : view.rows) {
    fmt::print("{:<12} {:<{}} {:>14} {:>9} {:>16}  {:<20} {:>9}  {}\n",
               row.platform ? PlatformName(*row.platform) : "-", name_of(row), widest,
               row.spend ? PrintMoney(*row.spend) : "-",
               row.claimed_conversions ? fmt::format("{:.2f}", *row.claimed_conversions) : "-",
               row.claimed_value ? PrintMoney(*row.claimed_value) : "-",
               row.claim_window.empty() ? "-" : row.claim_window,
               view.observed ? fmt::format("{:.2f}", row.observed_conversions) : "-",
               view.observed ? MoneyText(row.observed_value) : "-");
  }
  fmt::print("\nclaimed   {}\n", view.claimed_conversions
                                     ? fmt::format("{:.2f} conversions, added over the platforms",
                                                   *view.claimed_conversions)
                                     : "-");
  if (view.observed) {
    fmt::print(
        "observed  {} conversions, each once, {}; {} with a path; {} told by the shop's server\n",
        view.conversions, MoneyText(view.value), view.with_path, view.signed_only);
  } else {
    fmt::print("observed  -\n");
  }
  if (view.refunds)
    fmt::print("          {} refunds, {}\n", view.refunds, MoneyText(view.refunded));
  fmt::print("shop      {}\n", view.shop_orders ? fmt::format("{} orders, {}", *view.shop_orders,
                                                              MoneyText(view.shop_revenue))
                                                : "-");
  if (view.claimed_per_observed) {
    fmt::print("overlap   {:.2f} claimed for each conversion observed\n",
               *view.claimed_per_observed);
  }
  if (view.claimed_per_order) {
    fmt::print("          {:.2f} claimed for each order of the shop\n", *view.claimed_per_order);
  }
  if (view.observed) {
    fmt::print(
        "          {} orders with clicks of several platforms, which each of them can claim\n",
        view.shared_orders);
  }
  for (const SharedOrders& one : view.shared) {
    fmt::print("            {:<36} {:>6}  {}\n", PlatformsText(one.platforms), one.orders,
               MoneyText(one.value));
  }
  for (const std::string& note : view.notes) fmt::print("note: {}\n", note);
}

/// "4711=7" or "4711=7,1": campaign (id or name), days after a click, days after a view.
Result<> ReadWindow(const std::string& text, std::map<std::string, Lookback>& into) {
  const auto wrong = [&] {
    return Fail(Errc::kInvalidArgument,
                fmt::format("--window \"{}\": write CAMPAIGN=CLICK_DAYS or "
                            "CAMPAIGN=CLICK_DAYS,VIEW_DAYS, days from 0 to 365",
                            text));
  };
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0) return wrong();
  Lookback lookback;
  const std::string days = text.substr(equals + 1);
  const std::size_t comma = days.find(',');
  const auto number = [&](std::string_view part, int& days_out) {
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), days_out);
    return error == std::errc() && end == part.data() + part.size() && days_out >= 0 &&
           days_out <= 365;
  };
  if (!number(std::string_view(days).substr(0, comma), lookback.click_days)) return wrong();
  if (comma != std::string::npos &&
      !number(std::string_view(days).substr(comma + 1), lookback.view_days)) {
    return wrong();
  }
  into[text.substr(0, equals)] = lookback;
  return {};
}

}  // namespace

Result<int> AttributionCommand(const CommandContext& context,
                               const AttributionArguments& arguments) {
  ObservedOptions options;
  MAXOPT_TRY(options.model, FindAttributionModel(arguments.model));
  options.lookback = {arguments.click_days, arguments.view_days};
  for (const std::string& window : arguments.windows) {
    MAXOPT_CHECK(ReadWindow(window, options.lookback_of));
  }
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const Period period,
             PeriodOf(*home, arguments.client, arguments.from, arguments.to, 28));
  options.client = period.client;
  options.from = period.from;
  options.to = period.to;
  if (!arguments.events.empty()) {
    options.conversion_events = {arguments.events.begin(), arguments.events.end()};
  }
  MAXOPT_TRY(const AttributionView view, AttributionOf(*home, options));
  if (context.json) {
    fmt::print("{}\n", ViewJson(view).dump(2, ' ', false, ordered_json::error_handler_t::replace));
  } else {
    PrintView(view);
  }
  return kExitOk;
}

Result<int> FxImportCommand(const CommandContext& context, const std::string& file,
                            int carry_days) {
  MAXOPT_TRY(const std::string bytes, ReadWholeFile(file));
  auto text = sheet::DecodeText(bytes);
  if (!text) return FailWithin(file, text.error());
  auto records = sheet::ParseCsv(*text, ',');
  if (!records) return FailWithin(file, records.error());
  constexpr const char* kColumns[] = {"day", "from", "to", "rate"};
  std::size_t place[4] = {};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto found = records->empty() ? std::vector<std::string>::const_iterator()
                                        : std::ranges::find(records->front().cells, kColumns[i]);
    if (records->empty() || found == records->front().cells.end()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{}: line 1: column {} is missing; expected day,from,to,rate", file,
                              kColumns[i]));
    }
    place[i] = static_cast<std::size_t>(found - records->front().cells.begin());
  }
  std::vector<FxRate> rates;
  for (std::size_t i = 1; i < records->size(); ++i) {
    const sheet::CsvRecord& record = (*records)[i];
    const std::string where = fmt::format("{}: line {}", file, record.line);
    if (record.cells.size() != records->front().cells.size()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{}: {} cells where the header has {}", where, record.cells.size(),
                              records->front().cells.size()));
    }
    const auto cell = [&](std::size_t column) {
      return std::string(sheet::Trim(record.cells[place[column]]));
    };
    const auto day = ParseDay(cell(0));
    if (!day) return FailWithin(where, day.error());
    const auto from = FindCurrency(cell(1));
    if (!from) return FailWithin(where, from.error());
    const auto to = FindCurrency(cell(2));
    if (!to) return FailWithin(where, to.error());
    rates.push_back({*day, *from, *to, cell(3), ""});
  }
  // Banks publish no rates at weekends. A day without one takes the last before it only when asked,
  // and says from which day it is.
  if (carry_days > 0) {
    std::map<std::pair<Currency, Currency>, std::map<Day, std::string>> pairs;
    for (const FxRate& rate : rates) pairs[{rate.from, rate.to}][rate.day] = rate.rate;
    for (const auto& [pair, days] : pairs) {
      for (auto at = days.begin(), next = std::next(at); next != days.end(); at = next++) {
        const Day last = std::min(next->first, at->first + std::chrono::days(carry_days + 1));
        for (Day day = at->first + std::chrono::days(1); day < last; day += std::chrono::days(1)) {
          rates.push_back({day, pair.first, pair.second, at->second,
                           fmt::format("carried from {}", PrintDay(at->first))});
        }
      }
    }
  }
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  auto loaded = home->facts().LoadFx(rates, home->clock().Now(),
                                     "import " + std::filesystem::path(file).filename().string());
  if (!loaded) return FailWithin(file, loaded.error());
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"rates", rates.size()},
                                    {"new", loaded->slices_new},
                                    {"changed", loaded->slices_restated},
                                    {"unchanged", loaded->slices_unchanged}}
                           .dump(2));
  } else {
    fmt::print("{} rates: {} new, {} changed, {} unchanged\n", rates.size(), loaded->slices_new,
               loaded->slices_restated, loaded->slices_unchanged);
  }
  return kExitOk;
}

Result<int> FxListCommand(const CommandContext& context, const std::string& from,
                          const std::string& to) {
  MAXOPT_TRY(const Day first, ParseDay(from));
  MAXOPT_TRY(const Day last, ParseDay(to.empty() ? from : to));
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::vector<FxRate> rates, home->facts().Fx(first, last, std::nullopt));
  ordered_json json = ordered_json::array();
  for (const FxRate& rate : rates) {
    json.push_back({{"day", PrintDay(rate.day)},
                    {"from", rate.from.name()},
                    {"to", rate.to.name()},
                    {"rate", rate.rate},
                    {"source", rate.source}});
    if (!context.json) {
      fmt::print("{}  {} to {}  {}  ({})\n", PrintDay(rate.day), rate.from.name(), rate.to.name(),
                 rate.rate, rate.source);
    }
  }
  if (context.json) fmt::print("{}\n", json.dump(2));
  if (rates.empty() && !context.json) fmt::print("no rates are known of these days\n");
  return kExitOk;
}

Result<int> CorrelateCommand(const CommandContext& context, const CorrelateArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const Period period,
             PeriodOf(*home, arguments.client, arguments.from, arguments.to, 180));
  if (period.from > period.to) {
    return Fail(Errc::kInvalidArgument, fmt::format("the days from {} to {} are none",
                                                    PrintDay(period.from), PrintDay(period.to)));
  }
  MAXOPT_TRY(const Client client, home->store().GetClient(period.client));
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, home->store().Accounts());
  FactFilter mine{"account", {}, false};
  for (const ClientAccount& account : accounts) {
    if (account.client == client.name) mine.values.push_back(PrintAccount(account.info.account));
  }
  if (mine.values.empty()) {
    return Fail(Errc::kNotFound, fmt::format("no account belongs to {}", client.name));
  }
  const auto length = static_cast<std::size_t>((period.to - period.from).count() + 1);
  const auto place = [&](Day day) { return static_cast<std::size_t>((day - period.from).count()); };

  FactQuery query;
  query.measures = {"spend", "conversions"};
  query.dimensions = {"platform"};
  query.filters = {mine};
  query.from = period.from;
  query.to = period.to;
  query.grain = "day";
  query.convert_to = client.currency;
  MAXOPT_TRY(const FactTable table, home->facts().Query(query));
  std::map<std::string, PlatformDays> platforms;
  for (const auto& row : table.rows) {
    MAXOPT_TRY(const Day day, ParseDay(row[0].text));
    PlatformDays& of = platforms[row[1].text];
    for (DailySeries* series : {&of.spend, &of.results}) {
      series->name = row[1].text;
      series->values.resize(length);
    }
    if (row[3].kind == FactCell::Kind::kMoney) {
      of.spend.values[place(day)] = static_cast<double>(row[3].integer) / 1e6;
    }
    if (row[4].kind == FactCell::Kind::kReal) of.results.values[place(day)] = row[4].real;
  }
  DailySeries orders{"shop orders", std::vector<std::optional<double>>(length)};
  MAXOPT_TRY(const std::vector<KpiRow> kpi,
             home->facts().Kpi(client.name, period.from, period.to, std::nullopt));
  for (const KpiRow& row : kpi) {
    auto& value = orders.values[place(row.day)];
    value = value.value_or(0) + static_cast<double>(row.orders);
  }
  std::vector<DailySeries> series;
  std::vector<PlatformDays> days;
  for (const auto& [name, of] : platforms) {
    series.push_back({name + " conversions (claimed)", of.results.values});
    days.push_back(of);
  }
  series.push_back(orders);
  const CorrelationOptions options;
  const Judged<LeadLag> leads = LeadsAndLags(series, options);
  const SharedShocks shocks = FindSharedShocks(series, options);
  const Judged<Cannibalisation> takers = FindCannibalisation(days, orders, options);

  // Creatives across placements, from whichever level is known by placement.
  std::vector<CreativeCell> cells;
  std::string of_what;
  for (const char* level : {"ad", "campaign"}) {
    FactQuery cut;
    cut.measures = {"impressions", "clicks"};
    cut.dimensions = {"platform", level, "placement"};
    cut.filters = {mine};
    cut.from = period.from;
    cut.to = period.to;
    MAXOPT_TRY(const FactTable answer, home->facts().Query(cut));
    for (const auto& row : answer.rows) {
      if (row[4].kind != FactCell::Kind::kInteger || row[5].kind != FactCell::Kind::kInteger)
        continue;
      // Placements of two platforms are different things under whatever name.
      cells.push_back({row[2].text.empty() ? row[1].text : row[2].text,
                       row[0].text + ": " + row[3].text, row[4].integer,
                       static_cast<double>(row[5].integer)});
    }
    of_what = level;
    if (!cells.empty()) break;
  }
  // A creative runs on one platform only, so each platform is a table of its own.
  std::map<std::string, std::vector<CreativeCell>> by_platform;
  for (CreativeCell& cell : cells) {
    by_platform[cell.placement.substr(0, cell.placement.find(": "))].push_back(std::move(cell));
  }
  Judged<CreativeRate> creatives;
  for (const auto& [platform, of] : by_platform) {
    Judged<CreativeRate> rated = RateCreatives(of);
    for (CreativeRate& rate : rated.findings) creatives.findings.push_back(std::move(rate));
    for (const std::string& why : rated.not_judged) {
      creatives.not_judged.push_back(platform + ": " + why);
    }
  }
  if (by_platform.empty()) creatives.not_judged.push_back("no facts by placement are known");
  // Two questions may lack the same days: told once.
  std::vector<std::string> not_judged;
  for (const auto* list : std::initializer_list<const std::vector<std::string>*>{
           &leads.not_judged, &shocks.not_judged, &takers.not_judged, &creatives.not_judged}) {
    for (const std::string& why : *list) {
      if (std::ranges::find(not_judged, why) == not_judged.end()) not_judged.push_back(why);
    }
  }

  if (context.json) {
    ordered_json json{{"client", client.name},
                      {"from", PrintDay(period.from)},
                      {"to", PrintDay(period.to)},
                      {"leads", ordered_json::array()},
                      {"shocks", ordered_json::array()},
                      {"factor_share", OrNull(shocks.factor_share)},
                      {"cannibalisation", ordered_json::array()},
                      {"creatives", ordered_json::array()}};
    for (const LeadLag& one : leads.findings) {
      json["leads"].push_back({{"first", one.first},
                               {"second", one.second},
                               {"lag_days", one.lag_days},
                               {"r", one.r},
                               {"r_low", one.r_low},
                               {"r_high", one.r_high},
                               {"days", one.days},
                               {"p_adjusted", one.p_adjusted},
                               {"significant", one.significant}});
    }
    for (const SharedShock& one : shocks.days) {
      json["shocks"].push_back({{"day", PrintDay(period.from + std::chrono::days(one.day))},
                                {"z", one.z},
                                {"same_way", one.same_way},
                                {"series", one.series},
                                {"p_adjusted", one.p_adjusted}});
    }
    for (const Cannibalisation& one : takers.findings) {
      json["cannibalisation"].push_back({{"spender", one.spender},
                                         {"loser", one.loser},
                                         {"elasticity", one.elasticity},
                                         {"low", one.low},
                                         {"high", one.high},
                                         {"days", one.days},
                                         {"p_adjusted", one.p_adjusted},
                                         {"significant", one.significant}});
    }
    for (const CreativeRate& one : creatives.findings) {
      json["creatives"].push_back({{of_what, one.creative},
                                   {"placement", one.placement},
                                   {"impressions", one.trials},
                                   {"clicks", one.successes},
                                   {"ctr", one.rate},
                                   {"expected", one.expected},
                                   {"shrunk", one.shrunk},
                                   {"low", one.low},
                                   {"high", one.high},
                                   {"enough", one.enough},
                                   {"verdict", one.verdict}});
    }
    json["not_judged"] = not_judged;
    json["notes"] = table.notes;
    fmt::print("{}\n", json.dump(2, ' ', false, ordered_json::error_handler_t::replace));
    return kExitOk;
  }
  fmt::print("{}  {} to {}\n\nwho leads whom (surprises after week and inertia are taken out)\n",
             client.name, PrintDay(period.from), PrintDay(period.to));
  for (const LeadLag& one : leads.findings) {
    const std::string when = one.lag_days == 0  ? "on the same day"
                             : one.lag_days > 0 ? fmt::format("{} days before", one.lag_days)
                                                : fmt::format("{} days after", -one.lag_days);
    fmt::print("  {:<32} {:<14} {:<32} r {:+.2f} [{:+.2f}, {:+.2f}]  n {:>3}  p {:.3f}  {}\n",
               one.first, when, one.second, one.r, one.r_low, one.r_high, one.days, one.p_adjusted,
               one.significant ? "RELATED" : "not told from chance");
  }
  if (leads.findings.empty()) fmt::print("  none judged\n");
  fmt::print("\ndays that shook all of them{}\n",
             shocks.factor_share ? fmt::format(" (a common factor takes {:.0f} % of the variance)",
                                               100 * *shocks.factor_share)
                                 : "");
  for (const SharedShock& one : shocks.days) {
    fmt::print("  {}  {:+.1f} spreads, {} of {} series moved that way  p {:.4f}\n",
               PrintDay(period.from + std::chrono::days(one.day)), one.z, one.same_way, one.series,
               one.p_adjusted);
  }
  if (shocks.days.empty()) fmt::print("  none{}\n", shocks.not_judged.empty() ? "" : " judged");
  fmt::print("\nspend of one, claimed conversions of another, demand held fixed\n");
  for (const Cannibalisation& one : takers.findings) {
    fmt::print("  {:<12} on {:<12} elasticity {:+.2f} [{:+.2f}, {:+.2f}]  n {:>3}  p {:.3f}  {}\n",
               one.spender, one.loser, one.elasticity, one.low, one.high, one.days, one.p_adjusted,
               one.significant ? "TAKES FROM IT (an experiment decides)" : "not told from chance");
  }
  if (takers.findings.empty()) fmt::print("  none judged\n");
  fmt::print("\n{} by placement (CTR; rates drawn to what {} and placement say each by itself)\n",
             of_what, of_what);
  for (const CreativeRate& one : creatives.findings) {
    fmt::print(
        "  {:<30} {:<28} {:>10} impressions  CTR {:.3f} %  expected {:.3f} %  shrunk {:.3f} %  "
        "{}\n",
        one.creative, one.placement, one.trials, 100 * one.rate, 100 * one.expected,
        100 * one.shrunk,
        !one.enough       ? "too little"
        : one.verdict > 0 ? "better here"
        : one.verdict < 0 ? "worse here"
                          : "");
  }
  for (const std::string& why : not_judged) fmt::print("not judged: {}\n", why);
  for (const std::string& note : table.notes) fmt::print("note: {}\n", note);
  return kExitOk;
}

}  // namespace maxopt
