#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "connect/meta/graph.h"
#include "connect/meta/meta.h"
#include "json/json.h"

namespace maxopt {
namespace {

using meta::Member;
using meta::Text;
using nlohmann::json;

/// What to do about one of Meta's codes. The subcode 0 stands for all.
struct CodeRule {
  int from;
  int to;
  int subcode;
  Errc code;
};
// The first that fits counts, so the rules with a subcode stand first.
constexpr CodeRule kRules[] = {
    {2, 2, 1504041, Errc::kInvalidArgument},  // combination of breakdowns
    {100, 100, 33, Errc::kNotFound},          // missing, or not ours to see
    {-2, -2, 0, Errc::kUnavailable},          // report run failed
    {3, 3, 0, Errc::kForbidden},              // capability
    {4, 4, 0, Errc::kRateLimited},            // app
    {10, 10, 0, Errc::kForbidden},            // permission
    {17, 17, 0, Errc::kRateLimited},          // user, ad account
    {32, 32, 0, Errc::kRateLimited},          // page
    {100, 100, 0, Errc::kInvalidArgument},    //
    {102, 102, 0, Errc::kUnauthenticated},    // session
    {190, 190, 0, Errc::kUnauthenticated},    // token
    {200, 299, 0, Errc::kForbidden},          // permissions
    {341, 341, 0, Errc::kRateLimited},        // application
    {368, 368, 0, Errc::kRateLimited},        // blocked for a while
    {613, 613, 0, Errc::kRateLimited},        // custom
    {352, 352, 0, Errc::kInvalidArgument},    // video file
    {803, 803, 0, Errc::kNotFound},           // alias
    {6200, 6200, 0, Errc::kConflict},         // the account has a pixel
    {6202, 6202, 0, Errc::kConflict},         // ... several
    {2635, 2635, 0, Errc::kInvalidArgument},  // version past its end
    {80000, 80014, 0, Errc::kRateLimited},    // business use case
};

std::optional<Errc> RuleOf(int code, int subcode) {
  for (const CodeRule& rule : kRules) {
    if (rule.from <= code && code <= rule.to && (rule.subcode == 0 || rule.subcode == subcode)) {
      return rule.code;
    }
  }
  return std::nullopt;
}

int Number(const json& object, std::string_view name) {
  const json* member = Member(object, name);
  return member != nullptr && member->is_number_integer() ? member->get<int>() : 0;
}

/// Largest number under `name` anywhere in the JSON of a usage header; 0 when there is none.
double Largest(const json& value, std::string_view name) {
  double largest = 0;
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      if (key == name) largest = std::max(largest, JsonReal(member).value_or(0));
      largest = std::max(largest, Largest(member, name));
    }
  } else if (value.is_array()) {
    for (const json& member : value) largest = std::max(largest, Largest(member, name));
  }
  return largest;
}

std::optional<int> RetryAfter(const http::Headers& headers) {
  constexpr double kDay = 86'400;
  double seconds = 0;
  const auto read = [&](std::string_view header, std::string_view name, double factor) {
    const auto text = http::FindHeader(headers, header);
    if (!text) return;
    if (const auto usage = ParseExactJson(*text)) {
      seconds = std::max(seconds, Largest(*usage, name) * factor);
    }
  };
  read("X-Business-Use-Case-Usage", "estimated_time_to_regain_access", 60);  // minutes
  read("X-Ad-Account-Usage", "reset_time_duration", 1);                      // seconds
  if (const auto standard = http::FindHeader(headers, "Retry-After")) {
    if (const auto number = ParseExactJson(*standard)) {
      seconds = std::max(seconds, JsonReal(*number).value_or(0));
    }
  }
  if (seconds <= 0) return std::nullopt;
  return static_cast<int>(std::min(seconds, kDay));
}

std::string_view TokenTrouble(int subcode) {
  switch (subcode) {
    case 458:
      return "the person removed our app";
    case 459:
    case 464:
      return "the person must log in to Facebook and confirm the account";
    case 460:
      return "the person changed their password";
    case 463:
      return "the access token has expired";
    case 467:
      return "the access token is no longer valid";
    default:
      return "Meta refused the access token";
  }
}

/// Meta's parameters in the words of our catalogue, so that whoever learns from a refusal knows
/// which field it was about. A parameter with several meanings is named as Meta's own.
struct FieldName {
  std::string_view metas;
  std::string_view ours;
};
constexpr FieldName kFieldNames[] = {
    {"adset_schedule", "dayparts"},
    {"age_max", "age_max"},
    {"age_min", "age_min"},
    {"attribution_spec", "attribution_click_days"},
    {"bid_amount", "bid"},
    {"bid_constraints", "target_roas_bp"},
    {"bid_strategy", "bid_strategy"},
    {"billing_event", "billing_event"},
    {"bytes", "content"},
    {"call_to_action", "call_to_action"},
    {"child_attachments", "images"},
    {"custom_event_type", "conversion_event"},
    {"daily_budget", "daily_budget"},
    {"dsa_beneficiary", "countries"},
    {"dsa_payor", "countries"},
    {"end_time", "end_at"},
    {"excluded_geo_locations", "excluded_locations"},
    {"frequency_control_specs", "frequency_cap"},
    {"genders", "genders"},
    {"geo_locations", "countries"},
    {"image_hash", "image"},
    {"lifetime_budget", "lifetime_budget"},
    {"link", "landing_url"},
    {"locales", "languages"},
    {"name", "name"},
    {"objective", "objective"},
    {"optimization_goal", "optimization_goal"},
    {"pacing_type", "pacing"},
    {"page_id", "page_id"},
    {"pixel_id", "pixel_id"},
    {"promoted_object", "conversion_event"},
    {"publisher_platforms", "placements"},
    {"source", "content"},
    {"special_ad_categories", "special_categories"},
    {"special_ad_category_country", "countries"},
    {"start_time", "start_at"},
    {"status", "status"},
    {"stop_time", "end_at"},
    {"targeting", "countries"},
    {"url_tags", "url_tags"},
    {"video_id", "video"},
};

/// field "daily_budget"
std::string NameField(std::string_view metas) {
  const auto at = std::ranges::find(kFieldNames, metas, &FieldName::metas);
  return at == std::end(kFieldNames) ? fmt::format("Meta's \"{}\"", metas)
                                     : fmt::format("field \"{}\"", at->ours);
}

/// The parameter that a text like "(#100) Param daily_budget must be ..." is about; "" for others.
std::string_view ParamIn(std::string_view message) {
  for (const std::string_view before : {"Param ", "The parameter "}) {
    const auto at = message.find(before);
    if (at == std::string_view::npos) continue;
    std::string_view name = message.substr(at + before.size());
    name = name.substr(0, name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789[]"));
    // targeting[genders] is about genders
    if (const auto open = name.find('['); open != std::string_view::npos && name.ends_with(']')) {
      name = name.substr(open + 1, name.find(']') - open - 1);
    }
    return name;
  }
  return {};
}

std::string Blame(const json& error) {
  const json* data = Member(error, "error_data");
  json parsed;
  if (data != nullptr && data->is_string()) {
    // Some versions send the object as text.
    if (auto inner = ParseExactJson(data->get_ref<const std::string&>())) {
      parsed = *std::move(inner);
      data = &parsed;
    }
  }
  const json* specs = data == nullptr ? nullptr : Member(*data, "blame_field_specs");
  std::string fields;
  const auto add = [&](std::string_view name) {
    if (name.empty()) return;
    const std::string named = NameField(name);
    if (fields.find(named) == std::string::npos) fields += (fields.empty() ? "" : ", ") + named;
  };
  if (specs != nullptr && specs->is_array()) {
    for (const json& spec : *specs) {
      // The last step of a path says the most: ["targeting", "geo_locations"].
      const json& name = spec.is_array() && !spec.empty() ? spec.back() : spec;
      if (name.is_string()) add(name.get_ref<const std::string&>());
    }
  }
  if (fields.empty()) add(ParamIn(Text(error, "message")));
  return fields;
}

std::string Sentence(const json& error, int code, int subcode) {
  // Meta's text about a bad token may quote the token.
  if (code == 190 || code == 102) {
    return fmt::format("Meta: {}; reconnect the account", TokenTrouble(subcode));
  }
  std::string what = Text(error, "error_user_title");
  std::string detail = Text(error, "error_user_msg");
  if (detail.empty()) detail = Text(error, "message");
  if (detail.empty()) detail = "no text was given";
  what += (what.empty() ? "" : ": ") + detail;
  if (const std::string fields = Blame(error); !fields.empty()) {
    what += " (" + fields + ")";
  }
  return "Meta: " + what;
}

Error FromEnvelope(const http::Request& request, const http::Response& response,
                   const json& error) {
  const int code = Number(error, "code");
  const int subcode = Number(error, "error_subcode");
  const json* transient = Member(error, "is_transient");
  const bool again = code == 1 || code == 2 || (transient != nullptr && *transient == json(true));
  const auto rule = RuleOf(code, subcode);

  Error out{Errc::kInvalidArgument, Sentence(error, code, subcode)};
  out.platform_code = subcode == 0 ? fmt::to_string(code) : fmt::format("{}/{}", code, subcode);
  out.what += fmt::format(" [code {}", out.platform_code);
  if (const std::string trace = Text(error, "fbtrace_id"); !trace.empty()) {
    out.what += ", trace " + trace;
  }
  out.what += "]";

  if (response.status >= 500 && !request.idempotent) {
    out.code = Errc::kUnknownOutcome;
  } else if (rule) {
    out.code = *rule;
  } else if (again || response.status >= 500) {
    out.code = request.idempotent ? Errc::kUnavailable : Errc::kUnknownOutcome;
  } else if (response.status == 401) {
    out.code = Errc::kUnauthenticated;
  } else if (response.status == 403) {
    out.code = Errc::kForbidden;
  } else if (response.status == 404) {
    out.code = Errc::kNotFound;
  } else if (response.status == 429) {
    out.code = Errc::kRateLimited;
  } else if (response.status < 400) {
    // An error that we do not know inside an answer that says all is well.
    out.code = request.idempotent ? Errc::kBadAnswer : Errc::kUnknownOutcome;
  }
  if (out.code == Errc::kRateLimited) out.retry_after_s = RetryAfter(response.headers);
  return out;
}

}  // namespace

std::optional<Error> ClassifyMeta(const http::Request& request, const http::Response& response) {
  const auto parsed = ParseExactJson(response.body);
  if (parsed && parsed->is_object()) {
    if (const json* error = Member(*parsed, "error"); error != nullptr && error->is_object()) {
      return FromEnvelope(request, response, *error);
    }
    if (response.status >= 200 && response.status < 300) return std::nullopt;
  }
  // The answer to a batch is a list of answers.
  const bool batch = request.method == "POST" && request.body.starts_with("batch=");
  if (batch && parsed && parsed->is_array() && response.status >= 200 && response.status < 300) {
    return std::nullopt;
  }
  // No envelope: a proxy, a load balancer or half an answer.
  const std::string_view kind = response.body.empty()          ? "nothing"
                                : parsed                       ? "JSON that is not an answer"
                                : response.body.front() == '<' ? "a page"
                                                               : "no whole JSON";
  Error error{Errc::kUnavailable,
              fmt::format("Meta answered {} with HTTP status {}", kind, response.status)};
  if (response.status == 429) {
    error.code = Errc::kRateLimited;
    error.retry_after_s = RetryAfter(response.headers);
  } else if (!request.idempotent) {
    error.code = Errc::kUnknownOutcome;
  } else if (response.status >= 300 && response.status < 500) {
    error.code = Errc::kBadAnswer;  // a redirect or refusal by something that is not Meta
  }
  return error;
}

}  // namespace maxopt
