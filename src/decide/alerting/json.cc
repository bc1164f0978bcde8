#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "decide/alerting/alerting.h"

namespace maxopt {
namespace {

using Json = nlohmann::json;
using Kind = Notification::Kind;

constexpr std::pair<Kind, std::string_view> kKinds[] = {{Kind::kFiring, "firing"},
                                                        {Kind::kRepeat, "repeat"},
                                                        {Kind::kEscalation, "escalation"},
                                                        {Kind::kResolved, "resolved"},
                                                        {Kind::kAcknowledged, "acknowledged"}};

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}
void Put(Json& json, const char* key, const std::optional<Instant>& at) {
  if (at) json[key] = PrintInstant(*at);
}
Result<Instant> At(const Json& json, const char* key) {
  return ParseInstant(json.at(key).get<std::string>());
}
Result<std::optional<Instant>> MaybeAt(const Json& json, const char* key) {
  if (!json.contains(key)) return std::optional<Instant>();
  MAXOPT_TRY(const Instant at, At(json, key));
  return std::optional(at);
}
Result<AlertTier> Tier(const Json& json, const char* key) {
  return FindAlertTier(json.at(key).get<std::string>());
}

template <class Read>
auto Parsed(std::string_view text, std::string_view what, Read read)
    -> decltype(read(std::declval<const Json&>())) {
  try {
    return read(Json::parse(text.begin(), text.end()));
  } catch (const Json::exception& error) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}: {}", what, error.what()));
  }
}

}  // namespace

std::string_view NotificationKindName(Kind kind) {
  for (const auto& [value, name] : kKinds) {
    if (value == kind) return name;
  }
  Bug();
}

Result<Kind> FindNotificationKind(std::string_view name) {
  for (const auto& [value, known] : kKinds) {
    if (known == name) return value;
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("\"{}\" is no notification kind; known are firing, repeat, escalation, "
                          "resolved, acknowledged",
                          name));
}

std::string ToJson(const AlertEntry& entry) {
  const Alert& a = entry.alert;
  Json json{{"id", a.id},
            {"condition", Json::parse(ToJson(a.condition))},
            {"tier", AlertTierName(a.tier)},
            {"open", a.open},
            {"opened_at", PrintInstant(a.opened_at)},
            {"last_true_at", PrintInstant(a.last_true_at)},
            {"times_true", a.times_true},
            {"reopened", a.reopened},
            {"notifications", a.notifications},
            {"escalated", AlertTierName(a.escalated)},
            {"group", entry.group},
            {"campaign", entry.campaign},
            {"inhibited_by", entry.inhibited_by},
            {"silenced_by", entry.silenced_by},
            {"acknowledged_by", entry.acknowledged_by},
            {"escalation_step", entry.escalation_step},
            {"told", Json::object()}};
  Put(json, "resolved_at", a.resolved_at);
  Put(json, "notified_at", a.notified_at);
  Put(json, "over_since", entry.over_since);
  Put(json, "acknowledged_at", entry.acknowledged_at);
  if (a.diagnosis) json["diagnosis"] = Json::parse(ToJson(*a.diagnosis));
  for (const auto& [channel, told] : entry.told) {
    json["told"][channel] = {{"first_at", PrintInstant(told.first_at)},
                             {"last_at", PrintInstant(told.last_at)},
                             {"tier", AlertTierName(told.tier)},
                             {"resolved", told.resolved},
                             {"acknowledged", told.acknowledged}};
  }
  return Dump(json);
}

Result<AlertEntry> AlertEntryFromJson(std::string_view text) {
  return Parsed(text, "alert", [](const Json& json) -> Result<AlertEntry> {
    AlertEntry entry;
    Alert& a = entry.alert;
    a.id = json.at("id").get<std::string>();
    MAXOPT_TRY(a.condition, ConditionFromJson(json.at("condition").dump()));
    MAXOPT_TRY(a.tier, Tier(json, "tier"));
    a.open = json.at("open").get<bool>();
    MAXOPT_TRY(a.opened_at, At(json, "opened_at"));
    MAXOPT_TRY(a.last_true_at, At(json, "last_true_at"));
    MAXOPT_TRY(a.resolved_at, MaybeAt(json, "resolved_at"));
    a.times_true = json.at("times_true").get<int>();
    a.reopened = json.at("reopened").get<int>();
    MAXOPT_TRY(a.notified_at, MaybeAt(json, "notified_at"));
    a.notifications = json.at("notifications").get<int>();
    MAXOPT_TRY(a.escalated, Tier(json, "escalated"));
    if (json.contains("diagnosis")) {
      MAXOPT_TRY(a.diagnosis, DiagnosisFromJson(json.at("diagnosis").dump()));
    }
    entry.group = json.at("group").get<std::string>();
    entry.campaign = json.at("campaign").get<std::string>();
    MAXOPT_TRY(entry.over_since, MaybeAt(json, "over_since"));
    entry.inhibited_by = json.at("inhibited_by").get<std::string>();
    entry.silenced_by = json.at("silenced_by").get<long long>();
    entry.acknowledged_by = json.at("acknowledged_by").get<std::string>();
    MAXOPT_TRY(entry.acknowledged_at, MaybeAt(json, "acknowledged_at"));
    entry.escalation_step = json.at("escalation_step").get<int>();
    for (const auto& [channel, from] : json.at("told").items()) {
      Told told;
      MAXOPT_TRY(told.first_at, At(from, "first_at"));
      MAXOPT_TRY(told.last_at, At(from, "last_at"));
      MAXOPT_TRY(told.tier, Tier(from, "tier"));
      told.resolved = from.at("resolved").get<bool>();
      told.acknowledged = from.at("acknowledged").get<bool>();
      entry.told[channel] = told;
    }
    return entry;
  });
}

std::string ToJson(const Notification& n) {
  return Dump({{"key", n.key},
               {"channel", n.channel},
               {"kind", NotificationKindName(n.kind)},
               {"client", n.client},
               {"group", n.group},
               {"tier", AlertTierName(n.tier)},
               {"firing", n.firing},
               {"resolved", n.resolved},
               {"others_open", n.others_open},
               {"at", PrintInstant(n.at)}});
}

Result<Notification> NotificationFromJson(std::string_view text) {
  return Parsed(text, "notification", [](const Json& json) -> Result<Notification> {
    Notification n;
    n.key = json.at("key").get<std::string>();
    n.channel = json.at("channel").get<std::string>();
    MAXOPT_TRY(n.kind, FindNotificationKind(json.at("kind").get<std::string>()));
    n.client = json.at("client").get<std::string>();
    n.group = json.at("group").get<std::string>();
    MAXOPT_TRY(n.tier, Tier(json, "tier"));
    n.firing = json.at("firing").get<std::vector<std::string>>();
    n.resolved = json.at("resolved").get<std::vector<std::string>>();
    n.others_open = json.at("others_open").get<int>();
    MAXOPT_TRY(n.at, At(json, "at"));
    return n;
  });
}

}  // namespace maxopt
