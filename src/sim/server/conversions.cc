#include "sim/server/conversions.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace maxopt::sim {
namespace {

using nlohmann::json;

constexpr std::chrono::hours kDeduplicates{48};
constexpr std::chrono::hours kWeek{24 * 7};
constexpr std::chrono::hours kGoogleWindow{24 * 90};

http::Response Json(int status, const json& body) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json; charset=UTF-8"}},
          .body = body.dump(-1, ' ', false, json::error_handler_t::replace)};
}

bool IsSha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// What is wrong with `object`, first of all; "" when nothing is. Paths are in front of it.
class Judge {
 public:
  void Members(const json& object, const std::string& where, const std::set<std::string>& known) {
    if (!object.is_object()) return Wrong(where, "must be an object");
    for (const auto& [key, value] : object.items()) {
      if (!known.contains(key)) Wrong(where + "." + key, "is not a known field");
    }
  }
  std::string Text(const json& object, const std::string& where, const char* name,
                   bool needed = true) {
    if (!object.is_object() || !object.contains(name)) {
      if (needed) Wrong(where + "." + name, "is required");
      return "";
    }
    if (!object[name].is_string() || object[name].get<std::string>().empty()) {
      Wrong(where + "." + name, "must be a text");
      return "";
    }
    return object[name].get<std::string>();
  }
  /// One digest or a list of them.
  void Digests(const json& object, const std::string& where, const char* name) {
    if (!object.contains(name)) return;
    const json list = object[name].is_array() ? object[name] : json::array({object[name]});
    if (list.empty()) Wrong(where + "." + name, "is empty");
    for (const json& one : list) {
      if (!one.is_string() || !IsSha256(one.get<std::string>())) {
        Wrong(where + "." + name, "must be SHA-256 in lower-case hex");
      }
    }
  }
  void Value(const json& object, const std::string& where, const char* value) {
    const bool amount = object.is_object() && object.contains(value);
    if (!amount) return;
    if (!object[value].is_number() || object[value].get<double>() < 0) {
      Wrong(where + "." + value, "must be a number that is not negative");
    }
    const std::string currency = Text(object, where, "currency");
    if (currency.size() != 3 ||
        !std::ranges::all_of(currency, [](char c) { return c >= 'A' && c <= 'Z'; })) {
      Wrong(where + ".currency", "must be an ISO 4217 code");
    }
  }
  void Wrong(const std::string& where, const std::string& what) {
    if (field.empty()) field = where, why = what;
  }
  bool well() const { return field.empty(); }
  std::string field, why;
};

std::optional<Instant> UnixTime(const json& object, const char* name) {
  if (!object.is_object() || !object.contains(name) || !object[name].is_number_integer()) {
    return std::nullopt;
  }
  const auto seconds = object[name].get<std::int64_t>();
  if (seconds < 0 || seconds > 10'000'000'000) return std::nullopt;
  return Instant(std::chrono::seconds(seconds));
}

http::Response MetaError(int subcode, const std::string& message) {
  return Json(400, {{"error",
                     {{"message", "(#100) " + message},
                      {"type", "OAuthException"},
                      {"code", 100},
                      {"error_subcode", subcode},
                      {"is_transient", false},
                      {"error_user_msg", message},
                      {"fbtrace_id", "ASimulatedTraceOfEvents"}}}});
}

http::Response TikTokAnswer(int code, const std::string& message) {
  return Json(200, {{"code", code},
                    {"message", message},
                    {"request_id", "20260901000000010245030123456789"},
                    {"data", json::object()}});
}

http::Response GoogleError(int status, const char* word, const std::string& message,
                           const json& violations = json::array()) {
  json details = json::array({{{"@type", "type.googleapis.com/google.rpc.ErrorInfo"},
                               {"reason", word},
                               {"domain", "datamanager.googleapis.com"}}});
  if (!violations.empty()) {
    details.push_back(
        {{"@type", "type.googleapis.com/google.rpc.BadRequest"}, {"fieldViolations", violations}});
  }
  return Json(status,
              {{"error",
                {{"code", status}, {"message", message}, {"status", word}, {"details", details}}}});
}

void JudgeMetaEvent(Judge& judge, const json& event, const std::string& where) {
  judge.Members(event, where,
                {"event_name", "event_time", "event_id", "action_source", "event_source_url",
                 "user_data", "custom_data", "opt_out", "data_processing_options"});
  if (!event.is_object()) return;
  judge.Text(event, where, "event_name");
  judge.Text(event, where, "event_id");
  const std::string source = judge.Text(event, where, "action_source");
  static const std::set<std::string> kSources = {"email",
                                                 "website",
                                                 "app",
                                                 "phone_call",
                                                 "chat",
                                                 "physical_store",
                                                 "system_generated",
                                                 "business_messaging",
                                                 "other"};
  if (!kSources.contains(source)) judge.Wrong(where + ".action_source", "is not one of the known");
  const json user = event.value("user_data", json::object());
  judge.Members(user, where + ".user_data",
                {"em", "ph", "fn", "ln", "ct", "st", "zp", "country", "db", "ge", "external_id",
                 "client_ip_address", "client_user_agent", "fbc", "fbp"});
  if (!user.is_object()) return;
  if (user.empty()) judge.Wrong(where + ".user_data", "has no customer information");
  for (const char* name : {"em", "ph", "fn", "ln", "ct", "st", "zp", "country", "db", "ge"}) {
    judge.Digests(user, where + ".user_data", name);
  }
  for (const char* name : {"fbc", "fbp"}) {
    const std::string text = judge.Text(user, where + ".user_data", name, false);
    // fb.<0-2>.<13 digits of ms>.<rest>
    const bool shaped = text.size() > 19 && text.starts_with("fb.") && text[4] == '.' &&
                        text.find('.', 5) == 18 &&
                        text.substr(5, 13).find_first_not_of("0123456789") == std::string::npos;
    if (!text.empty() && !shaped) {
      judge.Wrong(where + ".user_data." + name, "must be fb.1.<milliseconds>.<id>");
    }
  }
  if (source == "website") {
    judge.Text(event, where, "event_source_url");
    judge.Text(user, where + ".user_data", "client_user_agent");
  }
  if (event.contains("custom_data")) {
    judge.Members(
        event["custom_data"], where + ".custom_data",
        {"currency", "value", "order_id", "contents", "content_ids", "content_type", "num_items"});
    judge.Value(event["custom_data"], where + ".custom_data", "value");
  }
}

void JudgeTikTokEvent(Judge& judge, const json& event, const std::string& where) {
  judge.Members(event, where, {"event", "event_time", "event_id", "user", "properties", "page"});
  if (!event.is_object()) return;
  judge.Text(event, where, "event");
  judge.Text(event, where, "event_id");
  const json user = event.value("user", json::object());
  judge.Members(user, where + ".user",
                {"email", "phone", "external_id", "ttclid", "ttp", "ip", "user_agent", "locale"});
  if (!user.is_object()) return;
  for (const char* name : {"email", "phone", "external_id"}) {
    judge.Digests(user, where + ".user", name);
  }
  if (user.empty()) judge.Wrong(where + ".user", "has nothing to match by");
  if (event.contains("properties")) {
    judge.Members(event["properties"], where + ".properties",
                  {"currency", "value", "contents", "content_type", "order_id", "query"});
    judge.Value(event["properties"], where + ".properties", "value");
  }
  if (event.contains("page")) {
    judge.Members(event["page"], where + ".page", {"url", "referrer"});
    judge.Text(event["page"], where + ".page", "url");
  }
}

/// proto3 JSON takes enums by name or number, and Google's own clients send numbers; here they
/// become the names of google.ads.datamanager.v1. A number without a name stays and is refused.
void NameEnums(json& value) {
  static const std::map<std::string, std::vector<std::string>> kNames = {
      {"encoding", {"ENCODING_UNSPECIFIED", "HEX", "BASE64"}},
      {"eventSource", {"EVENT_SOURCE_UNSPECIFIED", "WEB", "APP", "IN_STORE", "PHONE", "OTHER"}},
      {"adUserData", {"CONSENT_STATUS_UNSPECIFIED", "CONSENT_GRANTED", "CONSENT_DENIED"}},
      {"adPersonalization", {"CONSENT_STATUS_UNSPECIFIED", "CONSENT_GRANTED", "CONSENT_DENIED"}},
      {"accountType", {"ACCOUNT_TYPE_UNSPECIFIED", "GOOGLE_ADS"}}};
  if (!value.is_structured()) return;
  for (auto& [key, member] : value.items()) {
    const auto names = value.is_object() ? kNames.find(key) : kNames.end();
    if (names != kNames.end() && member.is_number_unsigned() &&
        member.get<std::size_t>() < names->second.size()) {
      member = names->second[member.get<std::size_t>()];
    } else {
      NameEnums(member);
    }
  }
}

void JudgeGoogleEvent(Judge& judge, const json& event, const std::string& where) {
  judge.Members(event, where,
                {"destinationReferences", "eventTimestamp", "transactionId", "eventSource",
                 "adIdentifiers", "userData", "currency", "conversionValue", "consent"});
  if (!event.is_object()) return;
  judge.Text(event, where, "transactionId");
  if (judge.Text(event, where, "eventSource") != "WEB") {
    judge.Wrong(where + ".event_source", "is not WEB");
  }
  const json ids = event.value("adIdentifiers", json::object());
  judge.Members(ids, where + ".ad_identifiers", {"gclid", "gbraid", "wbraid"});
  if (ids.is_object() && ids.size() > 1) {
    judge.Wrong(where + ".ad_identifiers", "has more than one click id");
  }
  const json user = event.value("userData", json::object());
  judge.Members(user, where + ".user_data", {"userIdentifiers"});
  const json identifiers =
      user.is_object() ? user.value("userIdentifiers", json::array()) : json::array();
  for (const json& one : identifiers) {
    judge.Members(one, where + ".user_data.user_identifiers", {"emailAddress", "phoneNumber"});
    if (!one.is_object()) continue;
    if (one.size() != 1) judge.Wrong(where + ".user_data.user_identifiers", "must have one of");
    judge.Digests(one, where + ".user_data.user_identifiers", "emailAddress");
    judge.Digests(one, where + ".user_data.user_identifiers", "phoneNumber");
  }
  if (ids.empty() && identifiers.empty()) judge.Wrong(where, "has no identifiers");
  judge.Value(event, where, "conversionValue");
  const json consent = event.value("consent", json::object());
  for (const char* name : {"adUserData", "adPersonalization"}) {
    if (judge.Text(consent, where + ".consent", name) != "CONSENT_GRANTED") {
      judge.Wrong(where + ".consent", "is not granted");
    }
  }
}

}  // namespace

namespace {

/// Of a form or a JSON body; "" without one.
std::string MetaTestCode(const http::Request& request) {
  const auto type = http::FindHeader(request.headers, "content-type").value_or("");
  if (type.find("json") != std::string_view::npos) {
    const json body = json::parse(request.body, nullptr, false);
    const bool there =
        body.is_object() && body.contains("test_event_code") && body["test_event_code"].is_string();
    return there ? body["test_event_code"].get<std::string>() : "";
  }
  if (const auto form = http::DecodeForm(request.body)) {
    for (const auto& [name, value] : *form) {
      if (name == "test_event_code") return value;
    }
  }
  return "";
}

}  // namespace

std::optional<std::string> ConversionReceiver::MetaPixelOf(const http::Request& request) {
  const auto url = http::ParseUrl(request.url);
  if (!url || request.method != "POST" || !url->path.ends_with("/events")) return std::nullopt;
  const std::string head = url->path.substr(0, url->path.size() - 7);
  const std::size_t slash = head.rfind('/');
  if (slash == std::string::npos || slash == 0) return std::nullopt;
  const std::string pixel = head.substr(slash + 1);
  if (pixel.empty() || pixel.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return pixel;
}
bool ConversionReceiver::IsTikTok(const http::Request& request) {
  const auto url = http::ParseUrl(request.url);
  return url && request.method == "POST" && url->path.ends_with("/event/track/");
}
bool ConversionReceiver::IsGoogle(const http::Request& request) {
  const auto url = http::ParseUrl(request.url);
  return url && (url->path == "/v1/events:ingest" || url->path == "/v1/requestStatus:retrieve");
}

void ConversionReceiver::Take(const std::string& destination, const std::string& event,
                              const std::string& id, std::optional<std::chrono::hours> window) {
  const Instant now = clock_.Now();
  Count& count = counts_[{destination, event}];
  count.destination = destination;
  count.event = event;
  const auto [seen, fresh] = seen_.try_emplace({destination, event, id}, now);
  if (fresh || (window && now - seen->second > *window)) {
    seen->second = now;
    ++count.counted;
  } else {
    ++count.duplicates;
  }
}

void ConversionReceiver::Rehearsed(const std::string& destination, const std::string& event) {
  Count& count = counts_[{destination, event}];
  count.destination = destination;
  count.event = event;
  ++count.rehearsed;
}

http::Response ConversionReceiver::Meta(const std::string& pixel, const http::Request& request) {
  json data;
  const auto type = http::FindHeader(request.headers, "content-type").value_or("");
  if (type.find("json") != std::string_view::npos) {
    const json body = json::parse(request.body, nullptr, false);
    if (body.is_object() && body.contains("data")) data = body["data"];
  } else if (const auto form = http::DecodeForm(request.body)) {
    for (const auto& [name, value] : *form) {
      if (name == "data") data = json::parse(value, nullptr, false);
    }
  }
  const bool rehearsal = !MetaTestCode(request).empty();
  if (data.is_string()) data = json::parse(data.get<std::string>(), nullptr, false);
  if (!data.is_array() || data.empty() || data.size() > 1000) {
    return MetaError(2804050, "Param data must be an array of 1 to 1000 events");
  }
  const Instant now = clock_.Now();
  Judge judge;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const std::string where = fmt::format("data[{}]", i);
    JudgeMetaEvent(judge, data[i], where);
    const auto at = UnixTime(data[i], "event_time");
    if (!at) {
      judge.Wrong(where + ".event_time", "must be Unix seconds");
    } else if (*at > now + std::chrono::minutes(1)) {
      judge.Wrong(where + ".event_time", "lies in the future");
    } else if (now - *at > kWeek) {
      return MetaError(2804003, "Event timestamp too old");  // of the whole request
    }
  }
  if (!judge.well()) return MetaError(2804009, judge.field + " " + judge.why);
  const std::lock_guard lock(mutex_);
  for (const json& event : data) {
    if (rehearsal) {
      Rehearsed(pixel, event["event_name"].get<std::string>());
      continue;
    }
    Take(pixel, event["event_name"].get<std::string>(), event["event_id"].get<std::string>(),
         kDeduplicates);
  }
  return Json(200, {{"events_received", data.size()},
                    {"messages", json::array()},
                    {"fbtrace_id", "ASimulatedTraceOfEvents"}});
}

http::Response ConversionReceiver::TikTok(const http::Request& request,
                                          const std::function<bool(const std::string&)>& known) {
  const json body = json::parse(request.body, nullptr, false);
  if (!body.is_object()) return TikTokAnswer(40002, "The body is not JSON.");
  Judge judge;
  judge.Members(body, "body", {"event_source", "event_source_id", "test_event_code", "data"});
  if (body.contains("test_event_code")) judge.Text(body, "body", "test_event_code");
  const std::string source = judge.Text(body, "body", "event_source");
  if (source != "web") judge.Wrong("event_source", "must be web");
  const std::string pixel = judge.Text(body, "body", "event_source_id");
  const json data = body.value("data", json());
  if (!data.is_array() || data.empty() || data.size() > 1000) {
    return TikTokAnswer(40002, "data: must be a list of 1 to 1000 events.");
  }
  if (!known(pixel)) return TikTokAnswer(40002, "event_source_id: No permission to the pixel.");
  const Instant now = clock_.Now();
  for (std::size_t i = 0; i < data.size(); ++i) {
    const std::string where = fmt::format("data.{}", i);
    JudgeTikTokEvent(judge, data[i], where);
    const auto at = UnixTime(data[i], "event_time");
    if (!at || *at > now + std::chrono::minutes(1) || now - *at > kWeek) {
      judge.Wrong(where + ".event_time", "must be Unix seconds of the last 7 days");
    }
  }
  if (!judge.well()) return TikTokAnswer(40002, judge.field + ": " + judge.why);
  const std::lock_guard lock(mutex_);
  for (const json& event : data) {
    if (body.contains("test_event_code")) {
      Rehearsed(pixel, event["event"].get<std::string>());
      continue;
    }
    Take(pixel, event["event"].get<std::string>(), event["event_id"].get<std::string>(),
         kDeduplicates);
  }
  return TikTokAnswer(0, "OK");
}

http::Response ConversionReceiver::Google(const http::Request& request) {
  const auto url = http::ParseUrl(request.url);
  if (!url) return GoogleError(400, "INVALID_ARGUMENT", "The URL is not valid.");
  if (url->path == "/v1/requestStatus:retrieve") {
    const std::lock_guard lock(mutex_);
    const auto at = requests_.find(url->Param("requestId").value_or(""));
    if (at == requests_.end()) return GoogleError(404, "NOT_FOUND", "Request id is not known.");
    const bool working = clock_.Now() - at->second < std::chrono::minutes(1);
    return Json(200, {{"requestStatusPerDestination",
                       {{{"destination", {{"reference", "d1"}}},
                         {"requestStatus", working ? "PROCESSING" : "SUCCESS"}}}}});
  }
  if (request.method != "POST") return GoogleError(404, "NOT_FOUND", "Method not found.");
  json body = json::parse(request.body, nullptr, false);
  NameEnums(body);
  Judge judge;
  judge.Members(body, "body", {"destinations", "events", "encoding", "validateOnly", "consent"});
  const json destinations = body.is_object() ? body.value("destinations", json()) : json();
  const json events = body.is_object() ? body.value("events", json()) : json();
  if (!judge.well() || !destinations.is_array() || destinations.empty() || !events.is_array() ||
      events.empty() || events.size() > 2000) {
    return GoogleError(400, "INVALID_ARGUMENT",
                       "destinations and 1 to 2000 events are required. " + judge.field);
  }
  if (body.contains("validateOnly") && !body["validateOnly"].is_boolean()) {
    return GoogleError(400, "INVALID_ARGUMENT", "validateOnly must be true or false.");
  }
  const bool rehearsal = body.value("validateOnly", false);
  if (body.value("encoding", json()) != "HEX") {
    return GoogleError(400, "INVALID_ARGUMENT", "encoding must be HEX.");
  }
  std::map<std::string, std::string> actions;
  for (const json& destination : destinations) {
    judge.Members(
        destination, "destinations",
        {"reference", "operatingAccount", "loginAccount", "linkedAccount", "productDestinationId"});
    const std::string reference = judge.Text(destination, "destinations", "reference");
    const std::string action = judge.Text(destination, "destinations", "productDestinationId");
    if (action.find_first_not_of("0123456789") != std::string::npos) {
      judge.Wrong("destinations.product_destination_id", "is no conversion action");
    }
    if (!actions.emplace(reference, action).second) judge.Wrong("destinations", "stands twice");
  }
  if (!judge.well()) {
    return GoogleError(400, "INVALID_ARGUMENT", judge.field + " " + judge.why);
  }
  const Instant now = clock_.Now();
  json violations = json::array();
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::string where = fmt::format("events[{}]", i);
    Judge one;
    JudgeGoogleEvent(one, events[i], where);
    const auto at = ParseInstant(one.Text(events[i], where, "eventTimestamp"));
    if (!at || *at > now + std::chrono::minutes(1) || now - *at > kGoogleWindow) {
      one.Wrong(where + ".event_timestamp", "must be a time of the last 90 days");
    }
    const json to =
        events[i].is_object() ? events[i].value("destinationReferences", json()) : json();
    if (!to.is_array() || to.size() != 1 || !to[0].is_string() ||
        !actions.contains(to[0].get<std::string>())) {
      one.Wrong(where + ".destination_references", "is no destination of this request");
    }
    if (!one.well()) violations.push_back({{"field", one.field}, {"description", one.why}});
  }
  if (!violations.empty()) {
    return GoogleError(400, "INVALID_ARGUMENT", "There was a problem with the request.",
                       violations);
  }
  const std::lock_guard lock(mutex_);
  for (const json& event : events) {
    const std::string& action = actions.at(event["destinationReferences"][0].get<std::string>());
    if (rehearsal) {
      Rehearsed(action, action);
      continue;
    }
    Take(action, action, event["transactionId"].get<std::string>(), std::nullopt);
  }
  if (rehearsal) return Json(200, json::object());
  const std::string id = fmt::format("request-{}", requests_.size() + 1);
  requests_[id] = now;
  return Json(200, {{"requestId", id}});
}

std::vector<ConversionReceiver::Count> ConversionReceiver::Counts() const {
  const std::lock_guard lock(mutex_);
  std::vector<Count> out;
  for (const auto& [key, count] : counts_) out.push_back(count);
  return out;
}

}  // namespace maxopt::sim
