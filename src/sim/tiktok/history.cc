#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/tiktok/state.h"

namespace maxopt::sim::tiktok {
namespace {

constexpr std::int64_t kWindowDaysMax = 30;
constexpr std::string_view kAppId = "7400000000000000001";

struct Attribute {
  std::string_view field;
  std::string_view title;
  std::string_view module;
};
constexpr Attribute kAttributes[] = {
    {"operation_status", "On/Off Status", "STATUS"},
    {"budget", "Budget", "BUDGET"},
    {"bid_price", "Bid", "BIDDING_AND_OPTIMIZATION"},
    {"conversion_bid_price", "Bid", "BIDDING_AND_OPTIMIZATION"},
    {"campaign_name", "Name", ""},
    {"adgroup_name", "Name", ""},
    {"ad_name", "Name", ""},
    {"bid_type", "Bid Strategy", "BIDDING_AND_OPTIMIZATION"},
    {"deep_bid_type", "Bid Strategy", "BIDDING_AND_OPTIMIZATION"},
    {"roas_bid", "ROAS", "BIDDING_AND_OPTIMIZATION"},
    {"pacing", "Delivery Type", "BIDDING_AND_OPTIMIZATION"},
    {"frequency", "Frequency Cap", ""},
    {"frequency_schedule", "Frequency Cap", ""},
    {"dayparting", "Dayparting", ""},
    {"special_industries", "Special Ad Categories", ""},
    {"schedule_start_time", "Start Time", ""},
    {"schedule_end_time", "End Time", ""},
    {"location_ids", "Location", "TARGETING"},
    {"age_groups", "Age", "TARGETING"},
    {"gender", "Gender", "TARGETING"},
    {"languages", "Language", "TARGETING"},
    {"audience_ids", "Audience", "TARGETING"},
    {"excluded_audience_ids", "Excluded Audience", "TARGETING"},
    {"ad_text", "Text", ""},
    {"image_ids", "Image", ""},
    {"video_id", "Video", ""},
    {"landing_page_url", "URL", ""},
    {"utm_params", "URL Parameters", ""},
    {"call_to_action", "Call to Action", ""},
};

std::string Shown(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text == "ENABLE") return "Enabled";
    if (text == "DISABLE") return "Paused";
    if (text == "DELETE") return "Deleted";
    return text;
  }
  return PrintExactJson(value);
}

/// b'...' as the platform's own files have it: bytes printed by a program of another language.
std::string PrintBytes(const std::string& text) {
  std::string out = "b'";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\' || c == '\'') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string Cell(std::string text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2) {
    text.insert(at, 1, '"');
  }
  return "\"" + text + "\"";
}

std::string ObjectType(Level level) {
  return level == Level::kCampaign ? "CAMPAIGN" : level == Level::kAdGroup ? "ADGROUP" : "AD";
}

}  // namespace

void Log(Account& account, const Object& object, Instant at, const Actor& actor,
         std::string operation, std::string_view field, const Json& before, const Json& after) {
  std::string title(field);
  std::string module;
  for (const Attribute& attribute : kAttributes) {
    if (attribute.field == field) {
      title = attribute.title;
      module = attribute.module;
    }
  }
  account.log.push_back({.at = at,
                         .level = object.level,
                         .id = object.id,
                         .operation = std::move(operation),
                         .module = std::move(module),
                         .attribute = std::move(title),
                         .actor = actor.name,
                         .source = actor.source,
                         .before = Shown(before),
                         .after = Shown(after)});
}

Api<Json> TikTokServer::ChangelogCreate(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  MAXOPT_CHECK(CheckMembers(call.body,
                            "advertiser_id start_time end_time timezone module object_ids "
                            "object_type operation_types order_fields"));
  MAXOPT_TRY(const Instant from, UtcTime(call.body.value("start_time", Json()), "start_time"));
  MAXOPT_TRY(const Instant to, UtcTime(call.body.value("end_time", Json()), "end_time"));
  if (to <= from) {
    return Refuse(kBadParameter, "end_time: It must be later than the start_time.");
  }
  if (to - from > std::chrono::days(kWindowDaysMax)) {
    return Refuse(kBadParameter,
                  fmt::format("end_time: At most {} days after the start_time.", kWindowDaysMax));
  }
  const std::string zone_name = TextOr(call.body, "timezone", "UTC");
  const auto zone = Zone::Find(zone_name);
  if (!zone) {
    return Refuse(kBadParameter, fmt::format("timezone: {} is not a time zone.", zone_name));
  }
  const std::string type = TextOr(call.body, "object_type", "");
  if (!type.empty() && !IsOneOf("AD ADGROUP ADVERTISER CAMPAIGN INSTANT_FORM", type)) {
    return Refuse(kBadParameter, fmt::format("object_type: {} is not an object type.", type));
  }
  const std::string module = TextOr(call.body, "module", "");
  MAXOPT_TRY(const auto ids,
             TextList(call.body.value("object_ids", Json::array()), "object_ids", 100));
  MAXOPT_TRY(const auto operations,
             TextList(call.body.value("operation_types", Json::array()), "operation_types", 20));
  const auto in = [](const std::vector<std::string>& list, const std::string& text) {
    return list.empty() || std::find(list.begin(), list.end(), text) != list.end();
  };
  std::map<std::string, int> changes{
      {"BUDGET", 0}, {"BIDDING_AND_OPTIMIZATION", 0}, {"STATUS", 0}, {"TARGETING", 0}};
  std::string rows;
  for (const LogEntry& entry : account->log) {
    if (entry.at < from || entry.at >= to) continue;
    if (!type.empty() && type != ObjectType(entry.level)) continue;
    if (!module.empty() && module != entry.module) continue;
    if (!in(ids, entry.id) || !in(operations, entry.operation)) continue;
    if (!entry.module.empty()) ++changes[entry.module];
    const std::string action = entry.operation == "CREATE"   ? "Create"
                               : entry.operation == "DELETE" ? "Delete"
                                                             : "Change";
    Json pair = Json::object();
    if (entry.operation != "CREATE") {
      pair = {{"before", PrintBytes(entry.before)}, {"after", PrintBytes(entry.after)}};
    }
    const Json details =
        Json::array({{{"action", action + " "},
                      {"name", LevelWord(entry.level)},
                      {"before_after", pair.empty() ? Json::array() : Json::array({pair})}}});
    // Minutes are the finest that the file has.
    const std::string time = PrintLocal(zone->LocalOf(entry.at)).substr(0, 16);
    rows += fmt::format("{},{},{},{},{},{},{},{}\r\n", time, LevelWord(entry.level), entry.id,
                        Cell(entry.attribute), Cell(entry.actor), Cell(entry.source), kAppId,
                        Cell(PrintExactJson(details)));
  }
  const std::string csv = fmt::format(
      "Budget changes,{}\r\nBid changes,{}\r\nStatus changes,{}\r\nTargeting changes,{}\r\n\r\n"
      "Time,log_object_type,Object ID,Object,Operator,Source,App ID,Activity details\r\n{}",
      changes["BUDGET"], changes["BIDDING_AND_OPTIMIZATION"], changes["STATUS"],
      changes["TARGETING"], rows);
  const std::string id = NextId();
  tasks_[id] = {
      .kind = "changelog",
      .account_id = account->id(),
      .content = PrintExactJson(Json{{"file_data", PrintBytes(csv)}, {"file_name", id + ".csv"}})};
  return Json{{"task_id", id}};
}

Api<Task*> TikTokServer::TaskOf(const Call& call, std::string_view kind) {
  MAXOPT_TRY(Account* const account, AccountOf(call));
  std::string id = TextOr(call.body, "task_id", "");
  if (const auto at = call.query.find("task_id"); at != call.query.end()) id = at->second;
  if (id.empty()) return Refuse(kBadParameter, "task_id: Missing data for required field.");
  const auto at = tasks_.find(id);
  if (at == tasks_.end() || at->second.kind != kind || at->second.account_id != account->id()) {
    return Refuse(kNoObject, fmt::format("task_id: The task {} does not exist.", id));
  }
  return &at->second;
}

Api<Json> TikTokServer::TaskCheck(const Call& call) {
  const std::scoped_lock lock(mutex_);
  const bool report = call.path.starts_with("/report/");
  MAXOPT_TRY(Task* const task, TaskOf(call, report ? "report" : "changelog"));
  if (!task->cancelled) ++task->asked;
  const std::string status = task->cancelled    ? "CANCELED"
                             : task->asked >= 2 ? "SUCCESS"
                                                : "PROCESSING";
  return Json{{"status", status}, {"message", ""}};
}

Api<Json> TikTokServer::ChangelogDownload(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Task* const task, TaskOf(call, "changelog"));
  if (task->asked < 2) return Refuse(40201, "The task is not ready.");
  return Json{{"status", "SUCCESS"}, {"changelog", task->content}};
}

}  // namespace maxopt::sim::tiktok
