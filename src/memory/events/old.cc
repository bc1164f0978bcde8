#include "memory/events/old.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

namespace maxopt::events {
namespace {

constexpr const char* kSelect =
    "SELECT site, name, id, client, via, received_at, at, url, referrer, visitor, consent, utm, "
    "click_ids, value_micros, currency, hashed, probe FROM event ORDER BY seq";
constexpr std::size_t kAtOnce = 1000;

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

std::string Text(sqlite3_stmt* statement, int at) {
  const auto* text = sqlite3_column_text(statement, at);
  return text ? std::string(reinterpret_cast<const char*>(text),
                            static_cast<std::size_t>(sqlite3_column_bytes(statement, at)))
              : std::string();
}
std::map<std::string, std::string> MapFrom(const std::string& text) {
  std::map<std::string, std::string> map;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return map;
  for (const auto& [name, value] : json.items()) {
    if (value.is_string()) map[name] = value.get<std::string>();
  }
  return map;
}

Result<TrackedEvent> ReadRow(sqlite3_stmt* row) {
  TrackedEvent event;
  int at = 0;
  for (std::string* text : {&event.site, &event.name, &event.id, &event.client, &event.via}) {
    *text = Text(row, at++);
  }
  MAXOPT_TRY(event.received_at, ParseInstant(Text(row, at++)));
  if (const std::string told = Text(row, at++); !told.empty()) {
    MAXOPT_TRY(event.at, ParseInstant(told));
  }
  for (std::string* text : {&event.url, &event.referrer, &event.visitor}) *text = Text(row, at++);
  event.consent = sqlite3_column_int(row, at++) != 0;
  event.utm = MapFrom(Text(row, at++));
  event.click_ids = MapFrom(Text(row, at++));
  const std::int64_t micros = sqlite3_column_int64(row, at++);
  if (const std::string word = Text(row, at++); !word.empty()) {
    MAXOPT_TRY(const Currency currency, FindCurrency(word));
    event.value = Money::Micros(micros, currency);
  }
  event.hashed = MapFrom(Text(row, at++));
  event.probe = sqlite3_column_int(row, at++) != 0;
  return event;
}

}  // namespace

Result<> TakeOver(const std::string& path, EventStore& store) {
  if (!std::filesystem::exists(path)) return {};
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<sqlite3, CloseDatabase> database(raw);
  sqlite3_stmt* select = nullptr;
  const bool ready =
      opened == SQLITE_OK && sqlite3_prepare_v2(raw, kSelect, -1, &select, nullptr) == SQLITE_OK;
  std::unique_ptr<sqlite3_stmt, Finalize> statement(select);
  const auto broken = [&] {
    return Fail(Errc::kLocal, fmt::format("{} cannot be taken over: {}", path,
                                          raw ? sqlite3_errmsg(raw) : "out of memory"));
  };
  if (!ready) return broken();
  std::vector<TrackedEvent> events;
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) {
    code = sqlite3_step(select);
    if (code == SQLITE_ROW) {
      MAXOPT_TRY(TrackedEvent event, ReadRow(select));
      events.push_back(std::move(event));
    }
    if (events.size() == kAtOnce || (code != SQLITE_ROW && !events.empty())) {
      MAXOPT_CHECK(store.Append(events));
      events.clear();
    }
  }
  if (code != SQLITE_DONE) return broken();
  statement.reset();
  std::error_code error;
  std::filesystem::rename(path, path + ".imported", error);
  if (error) return Fail(Errc::kLocal, fmt::format("{}: {}", path, error.message()));
  return {};
}

}  // namespace maxopt::events
