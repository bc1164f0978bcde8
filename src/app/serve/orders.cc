#include "app/serve/orders.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "app/serve/read_event.h"
#include "sheet/sheet.h"
#include "stages/setup/tracking/tracking.h"

namespace maxopt {
namespace {

using nlohmann::json;

constexpr int kReadAtOnce = 5000;

std::string ColumnName(std::string_view cell) {
  std::string name(sheet::Trim(cell));
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c == ' ' ? '_' : c;
  });
  return name;
}

/// The separator of the header: the one that it has most of.
char SeparatorOf(std::string_view text) {
  const std::string_view head = text.substr(0, text.find('\n'));
  return std::ranges::count(head, ';') > std::ranges::count(head, ',') ? ';' : ',';
}

Instant TimeOf(const TrackedEvent& event) { return event.at.value_or(event.received_at); }

}  // namespace

bool IsOrdersFile(std::string_view csv) {
  const auto text = sheet::DecodeText(csv.substr(0, csv.find('\n') + 1));
  if (!text) return false;
  const auto head = sheet::ParseCsv(*text, SeparatorOf(*text));
  if (!head || head->empty()) return false;
  bool id = false, value = false;
  for (const std::string& cell : head->front().cells) {
    id = id || ColumnName(cell) == "order_id";
    value = value || ColumnName(cell) == "value";
  }
  return id && value;
}

Result<OrdersFile> ReadOrders(std::string_view csv, const TrackedSite& site, const Zone& zone,
                              const std::string& currency, Instant now) {
  MAXOPT_TRY(const std::string text, sheet::DecodeText(csv));
  MAXOPT_TRY(const std::vector<sheet::CsvRecord> rows, sheet::ParseCsv(text, SeparatorOf(text)));
  if (rows.empty()) return Fail(Errc::kInvalidArgument, "the file of orders is empty");
  std::vector<std::string> names;
  std::set<std::string> seen;
  OrdersFile file;
  for (const std::string& cell : rows.front().cells) {
    const std::string name = ColumnName(cell);
    if (!seen.insert(name).second) {
      return Fail(Errc::kInvalidArgument, fmt::format("column \"{}\" stands twice", name));
    }
    static const std::set<std::string> kKnown = {"order_id", "time",      "value", "currency",
                                                 "consent",  "email",     "phone", "visitor",
                                                 "url",      "user_agent"};
    const bool known = kKnown.contains(name) || IsUtm(name) || IsClickId(name);
    if (!known) file.ignored.push_back(name);
    names.push_back(known ? name : "");
  }
  for (const char* needed : {"order_id", "time", "value"}) {
    if (!seen.contains(needed)) {
      return Fail(Errc::kInvalidArgument, fmt::format("orders need a column \"{}\"", needed));
    }
  }
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const sheet::CsvRecord& row = rows[i];
    const std::string where = fmt::format("line {}", row.line);
    if (row.cells.size() != names.size()) {
      return Fail(Errc::kInvalidArgument, fmt::format("{}: {} cells, the header has {}", where,
                                                      row.cells.size(), names.size()));
    }
    json event{{"event", "purchase"}, {"consent", "denied"}};
    if (!currency.empty()) event["currency"] = currency;
    for (std::size_t c = 0; c < names.size(); ++c) {
      const std::string cell(sheet::Trim(row.cells[c]));
      if (names[c].empty() || cell.empty()) continue;
      if (names[c] == "order_id") {
        event["id"] = cell;
      } else if (names[c] == "time") {
        auto instant = ParseInstant(cell);
        if (!instant) {
          const auto local = ParseLocal(cell);
          if (!local) return FailWithin(where + ", time", instant.error());
          instant = zone.ToInstant(*local);
        }
        event["at"] = PrintInstant(*instant);
      } else if (IsUtm(names[c])) {
        event["utm"][names[c]] = cell;
      } else if (IsClickId(names[c])) {
        event["click_ids"][names[c]] = cell;
      } else {
        event[names[c]] = cell;
      }
    }
    if (!event.contains("at") || !event.contains("value")) {
      return Fail(Errc::kInvalidArgument, where + ": an order has a time and a value");
    }
    const std::string body = json{{"site", site.site}, {"events", json::array({event})}}.dump(
        -1, ' ', false, json::error_handler_t::replace);
    MAXOPT_TRY(const BatchReader batch, BatchReader::Read(body));
    auto read = batch.Events(site, {.via = "s2s", .now = now, .user_agent = {}});
    if (!read) return FailWithin(where, read.error());
    read->front().via = "import";
    file.events.push_back(std::move(read->front()));
  }
  return file;
}

Result<std::vector<OrdersDay>> OrdersByDay(EventStore& store, const std::string& client,
                                           const Zone& zone,
                                           const std::vector<TrackedEvent>& touched) {
  std::set<Day> days;
  for (const TrackedEvent& event : touched) days.insert(zone.DayOf(TimeOf(event)));
  std::map<std::pair<Day, Currency>, OrdersDay> sums;
  std::set<std::pair<std::string, std::string>> counted;
  for (const EventKind kind : {EventKind::kEvent, EventKind::kSecond}) {
    for (std::int64_t after = 0;;) {
      MAXOPT_TRY(const std::vector<TrackedEvent> list, store.List(after, kReadAtOnce, kind));
      if (list.empty()) break;
      for (const TrackedEvent& event : list) {
        after = event.seq;
        if (event.client != client || event.name != "purchase" || ToldByBrowser(event) ||
            event.probe || !event.value || !counted.emplace(event.site, event.id).second) {
          continue;
        }
        const Day day = zone.DayOf(TimeOf(event));
        if (!days.contains(day)) continue;
        const Currency in = event.value->currency();
        const auto [sum, fresh] =
            sums.try_emplace({day, in}, OrdersDay{day, in, 0, Money::Micros(0, in)});
        if (!event.value->negative()) ++sum->second.orders;
        std::int64_t micros = 0;
        if (__builtin_add_overflow(sum->second.revenue.micros(), event.value->micros(), &micros)) {
          return Fail(Errc::kInvalidArgument,
                      fmt::format("the orders of {} are worth more than an amount can hold",
                                  PrintDay(day)));
        }
        sum->second.revenue = Money::Micros(micros, in);
      }
    }
  }
  std::vector<OrdersDay> out;
  for (const auto& [key, day] : sums) out.push_back(day);
  return out;
}

}  // namespace maxopt
