#include <fmt/format.h>

#include <algorithm>

#include "connect/tiktok/client.h"

namespace maxopt::tiktok {
namespace {

/// Days that one task may span.
constexpr int kDaysPerTask = 30;
/// How often a task is asked about, each time as patiently as the transport is.
constexpr int kAsksMax = 20;

struct Column {
  std::string_view title;
  std::string_view field;
};
/// TikTok's titles of what was changed; a budget is of the day or of the flight, which it does not
/// say, so both are named, and so is all else that one title may mean.
constexpr Column kColumns[] = {
    {"On/Off Status", "status"},
    {"Budget", "daily_budget"},
    {"Budget", "lifetime_budget"},
    {"Bid", "bid"},
    {"Bid Strategy", "bid_strategy"},
    {"ROAS", "target_roas_bp"},
    {"Delivery Type", "pacing"},
    {"Frequency Cap", "frequency_cap"},
    {"Frequency Cap", "frequency_days"},
    {"Dayparting", "dayparts"},
    {"Special Ad Categories", "special_categories"},
    {"Name", "name"},
    {"Start Time", "start_at"},
    {"End Time", "end_at"},
    {"Location", "countries"},
    {"Location", "locations"},
    {"Age", "age_min"},
    {"Age", "age_max"},
    {"Gender", "genders"},
    {"Language", "languages"},
    {"Audience", "audiences"},
    {"Excluded Audience", "excluded_audiences"},
    {"Text", "descriptions"},
    {"Image", "image"},
    {"Image", "thumbnail"},
    {"Image", "images"},
    {"Video", "video"},
    {"URL", "landing_url"},
    {"URL Parameters", "url_tags"},
    {"Call to Action", "call_to_action"},
};

std::unexpected<Error> Strange(std::string_view what) {
  return Fail(Errc::kBadAnswer,
              fmt::format("TikTok's change log cannot be read: {}; read again", what));
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The bytes of b'...': the file is printed by another program, escapes and all.
Result<std::string> Unprint(std::string_view text) {
  const bool printed = text.size() >= 3 && text[0] == 'b' && (text[1] == '\'' || text[1] == '"') &&
                       text.back() == text[1];
  if (!printed) return Strange("it is not bytes in quotes");
  text = text.substr(2, text.size() - 3);
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    if (++i == text.size()) return Strange("it ends in an escape");
    switch (text[i]) {
      case 'n':
        bytes += '\n';
        break;
      case 'r':
        bytes += '\r';
        break;
      case 't':
        bytes += '\t';
        break;
      case 'x': {
        if (i + 2 >= text.size() || HexDigit(text[i + 1]) < 0 || HexDigit(text[i + 2]) < 0) {
          return Strange("it has a broken escape");
        }
        bytes += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
        i += 2;
        break;
      }
      default:
        bytes += text[i];
    }
  }
  return bytes;
}

Result<std::vector<std::vector<std::string>>> ReadCsv(std::string_view text) {
  std::vector<std::vector<std::string>> rows{{std::string()}};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::string& cell = rows.back().back();
    if (quoted) {
      if (c != '"') {
        cell += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cell += '"';
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"' && cell.empty()) {
      quoted = true;
    } else if (c == ',') {
      rows.back().emplace_back();
    } else if (c == '\n') {
      rows.push_back({std::string()});
    } else if (c != '\r') {
      cell += c;
    }
  }
  if (quoted) return Strange("a quoted cell has no end");
  return rows;
}

Level LevelOf(std::string_view word) {
  if (word == "Campaign") return Level::kCampaign;
  if (word == "Ad group") return Level::kAdGroup;
  if (word == "Ad") return Level::kAd;
  return Level::kAccount;
}

Result<std::vector<HistoryEvent>> ReadLog(std::string_view csv) {
  MAXOPT_TRY(const auto rows, ReadCsv(csv));
  std::map<std::string, std::size_t> column;
  std::vector<HistoryEvent> events;
  for (const auto& row : rows) {
    if (column.empty()) {
      if (row.front() != "Time") continue;  // counts stand above the table
      for (std::size_t i = 0; i < row.size(); ++i) column[row[i]] = i;
      for (const char* needed :
           {"log_object_type", "Object ID", "Object", "Operator", "Source", "Activity details"}) {
        if (!column.contains(needed)) return Strange(fmt::format("no column \"{}\"", needed));
      }
      continue;
    }
    if (row.size() == 1 && row.front().empty()) continue;
    if (row.size() < column.size()) return Strange("a row is too short");
    const auto cell = [&](const char* title) { return row[column.at(title)]; };
    const std::string time = cell("Time");
    const auto at = ParseLocal(time.size() == 16 ? time + ":00" : time);
    if (!at) return Strange(fmt::format("\"{}\" is no time", time));
    const std::string title = cell("Object");
    const std::string details = cell("Activity details");
    std::string action;
    if (const auto json = ParseExactJson(details); json && json->is_array() && !json->empty()) {
      action = Text((*json)[0], "action");
    }
    HistoryEvent event{.at = Instant(at->time_since_epoch()),
                       .level = LevelOf(cell("log_object_type")),
                       .id = cell("Object ID"),
                       .actor = cell("Operator"),
                       .ours = cell("Source") == "Marketing API",
                       .client_type = cell("Source"),
                       .operation = action.starts_with("Create")   ? "create"
                                    : action.starts_with("Delete") ? "remove"
                                                                   : "update",
                       .changed_fields = {},
                       .detail = details};
    for (const Column& known : kColumns) {
      if (known.title == title) event.changed_fields.emplace_back(known.field);
    }
    if (event.changed_fields.empty() && !title.empty()) event.changed_fields.push_back(title);
    events.push_back(std::move(event));
  }
  if (column.empty()) return Strange("it has no table");
  return events;
}

}  // namespace

Result<std::vector<HistoryEvent>> ReadHistory(const Context& context, const HistoryQuery& query,
                                              http::Deadline deadline) {
  std::vector<HistoryEvent> events;
  if (query.to <= query.from) return events;
  const auto utc = [](Instant at) {
    return PrintLocal(LocalTime(std::chrono::floor<std::chrono::seconds>(at.time_since_epoch())));
  };
  // Whole seconds, so that windows meet without a gap or an overlap.
  const Instant begin = std::chrono::floor<std::chrono::seconds>(query.from);
  const Instant end = std::chrono::ceil<std::chrono::seconds>(query.to);
  for (Instant from = begin; from < end; from += std::chrono::days(kDaysPerTask)) {
    const Instant to = std::min(end, from + std::chrono::days(kDaysPerTask));
    // A task more changes nothing, so the request may be sent twice.
    MAXOPT_TRY(const Client::Answer made,
               context.client.Post("changelog/task/create/",
                                   {{"advertiser_id", context.info.account.id},
                                    {"start_time", utc(from)},
                                    {"end_time", utc(to)},
                                    {"timezone", "UTC"}},
                                   /*idempotent=*/true, deadline));
    MAXOPT_TRY(const std::string task, Id(made.data, "task_id"));
    const Query asked{{"advertiser_id", context.info.account.id}, {"task_id", task}};
    for (int ask = 1;; ++ask) {
      const auto check = context.client.Get("changelog/task/check/", asked, deadline);
      if (check) {
        const std::string status = Text(check->data, "status");
        if (status != "SUCCESS") {
          return Fail(Errc::kUnavailable,
                      fmt::format("TikTok's change log task ended as \"{}\"; ask again", status));
        }
        break;
      }
      if (check.error().code != Errc::kUnavailable || ask >= kAsksMax ||
          std::chrono::steady_clock::now() >= deadline) {
        return std::unexpected(check.error());
      }
    }
    MAXOPT_TRY(const Client::Answer file,
               context.client.Get("changelog/task/download/", asked, deadline));
    const auto inner = ParseExactJson(Text(file.data, "changelog"));
    if (!inner || !inner->is_object()) return Strange("the file is not JSON");
    MAXOPT_TRY(const std::string csv, Unprint(Text(*inner, "file_data")));
    MAXOPT_TRY(std::vector<HistoryEvent> part, ReadLog(csv));
    std::move(part.begin(), part.end(), std::back_inserter(events));
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const HistoryEvent& a, const HistoryEvent& b) { return a.at < b.at; });
  return events;
}

}  // namespace maxopt::tiktok
