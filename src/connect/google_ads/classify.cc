#include "connect/google_ads/classify.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "connect/google_ads/google_ads.h"
#include "connect/google_ads/rows.h"
#include "json/json.h"

namespace maxopt {
namespace {

using google_ads::At;
using Json = nlohmann::json;

constexpr int kDayQuotaWaitSeconds = 3600;
constexpr std::size_t kErrorsShown = 5;
constexpr std::size_t kTextMax = 300;

/// The keys of the outermost object, or of the objects in the outermost array, while the whole text
/// is checked to be JSON. Builds nothing, so that a report of many megabytes costs little.
class OutermostKeys final : public nlohmann::json_sax<Json> {
 public:
  std::vector<std::string> keys;
  bool is_object = false;
  bool is_array = false;

  bool Has(std::string_view key_wanted) const {
    return std::find(keys.begin(), keys.end(), key_wanted) != keys.end();
  }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override {
    if (depth_++ == 0) is_object = true;
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_++ == 0) is_array = true;
    return true;
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ == (is_array ? 2 : 1)) keys.push_back(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  int depth_ = 0;
};

std::string Shorten(std::string text) {
  if (text.size() > kTextMax) text = text.substr(0, kTextMax) + "...";
  return text;
}

/// A text for a message; never fails, because an error about an error helps nobody.
std::string Said(const Json& row, std::string_view path) {
  const auto text = google_ads::Text(row, path);
  return text ? Shorten(*text) : std::string();
}

std::string MethodOf(const http::Request& request) {
  const std::string path = request.url.substr(0, request.url.find('?'));
  const std::size_t colon = path.rfind(':');
  const std::size_t slash = path.rfind('/');
  if (colon == std::string::npos || slash == std::string::npos || colon < slash) return "";
  return path.substr(colon + 1);
}

/// "5s", "3.5s" -> whole seconds, rounded up; nullopt when it is no duration.
std::optional<int> SecondsOf(std::string_view duration) {
  if (duration.ends_with('s')) duration.remove_suffix(1);
  double seconds = 0;
  const auto [end, error] =
      std::from_chars(duration.data(), duration.data() + duration.size(), seconds);
  if (error != std::errc() || end != duration.data() + duration.size()) return std::nullopt;
  if (!(seconds >= 0)) return std::nullopt;
  constexpr double kDay = 86'400;
  const double capped = std::min(seconds, kDay);
  const int whole = static_cast<int>(capped);
  return whole < capped ? whole + 1 : whole;
}

bool OneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// A write whose fate is not told, or a read that may be asked again.
Errc Undecided(bool write) { return write ? Errc::kUnknownOutcome : Errc::kUnavailable; }

std::optional<Errc> CodeOfValue(std::string_view family, std::string_view value, bool write) {
  if (family == "quotaError") {
    return value == "ACCESS_PROHIBITED" ? Errc::kForbidden : Errc::kRateLimited;
  }
  if (family == "authenticationError") {
    if (OneOf(value, {"CUSTOMER_NOT_FOUND", "CLIENT_CUSTOMER_ID_INVALID"})) return Errc::kNotFound;
    // Everything about the token itself is cured by a new token; the rest needs a person.
    const bool token = value.starts_with("OAUTH_TOKEN_") ||
                       OneOf(value, {"AUTHENTICATION_ERROR", "GOOGLE_ACCOUNT_COOKIE_INVALID",
                                     "GOOGLE_ACCOUNT_AUTHENTICATION_FAILED",
                                     "LOGIN_COOKIE_REQUIRED", "LOGIN_COOKIE_INVALID"});
    return token ? Errc::kUnauthenticated : Errc::kForbidden;
  }
  if (family == "authorizationError" || family == "resourceAccessDeniedError") {
    return Errc::kForbidden;
  }
  if (family == "headerError") return Errc::kInvalidArgument;
  if (family == "internalError") {
    // A code that this API version has no name for is a refusal like any other: its HTTP status
    // tells.
    if (value == "ERROR_CODE_NOT_PUBLISHED") return std::nullopt;
    return Undecided(write);
  }
  if (family == "databaseError") {
    if (value != "CONCURRENT_MODIFICATION") return Errc::kInvalidArgument;
    return write ? Errc::kConflict : Errc::kUnavailable;
  }
  if (value == "RESOURCE_NOT_FOUND") return Errc::kNotFound;
  if (value.ends_with("_ALREADY_EXISTS")) return Errc::kConflict;
  if (value.starts_with("DUPLICATE_") && value.ends_with("NAME")) return Errc::kConflict;
  if (OneOf(value, {"OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE",
                    "CANNOT_OPERATE_ON_REMOVED_ADGROUPAD", "CAMPAIGN_BUDGET_REMOVED"})) {
    return Errc::kConflict;
  }
  if (family == "operationAccessDeniedError") {
    if (OneOf(value, {"ACTION_NOT_PERMITTED", "MUTATE_ACTION_NOT_PERMITTED_FOR_CLIENT",
                      "MUTATE_NOT_PERMITTED_FOR_CUSTOMER"})) {
      return Errc::kForbidden;
    }
    return Errc::kInvalidArgument;
  }
  return std::nullopt;
}

Errc CodeOfHttp(int status, bool write) {
  switch (status) {
    case 401:
      return Errc::kUnauthenticated;
    case 403:
      return Errc::kForbidden;
    case 404:
      return Errc::kNotFound;
    case 408:
      return Undecided(write);
    case 409:
      return write ? Errc::kConflict : Errc::kUnavailable;
    case 429:
      return Errc::kRateLimited;
    default:
      return status >= 500 ? Undecided(write) : Errc::kInvalidArgument;
  }
}

/// Of several errors the one that decides what may be done next.
int Weight(Errc code) {
  constexpr Errc kOrder[] = {Errc::kUnknownOutcome, Errc::kUnauthenticated, Errc::kForbidden,
                             Errc::kRateLimited,    Errc::kUnavailable,     Errc::kConflict,
                             Errc::kNotFound};
  const auto* at = std::find(std::begin(kOrder), std::end(kOrder), code);
  return static_cast<int>(std::end(kOrder) - at);
}

/// operations[0].create.amount_micros
std::string FieldPath(const Json& error) {
  const Json* elements = At(error, "location.fieldPathElements");
  std::string path;
  if (elements == nullptr || !elements->is_array()) return path;
  for (const Json& element : *elements) {
    if (!path.empty()) path += '.';
    path += Said(element, "fieldName");
    if (const std::string index = Said(element, "index"); !index.empty()) {
      path += "[" + index + "]";
    }
  }
  return path;
}

/// The value that was wrong: the only member of a oneof.
std::string Trigger(const Json& error) {
  const Json* trigger = At(error, "trigger");
  if (trigger == nullptr || !trigger->is_object() || trigger->empty()) return {};
  const Json& value = *trigger->begin();
  return Shorten(value.is_string() ? value.get<std::string>() : PrintExactJson(value));
}

/// The minimum that Google tells with a budget below it.
std::string MinimumOf(const Json& error) {
  const Json* details = At(error, "details.budgetPerDayMinimumErrorDetails");
  if (details == nullptr) return {};
  const auto micros = google_ads::Integer(*details, "budgetPerDayMinimumMicros");
  const auto currency = FindCurrency(Said(*details, "currencyCode"));
  if (!micros || !*micros || !currency) return {};
  return fmt::format("; the minimum is {} a day", PrintMoney(Money::Micros(**micros, *currency)));
}

std::string PolicyOf(const Json& error) {
  std::string policy;
  if (const Json* topics = At(error, "details.policyFindingDetails.policyTopicEntries");
      topics != nullptr && topics->is_array()) {
    for (const Json& topic : *topics) {
      policy += fmt::format("; policy topic {} ({})", Said(topic, "topic"), Said(topic, "type"));
      const Json* evidences = At(topic, "evidences");
      if (evidences == nullptr || !evidences->is_array()) continue;
      for (const Json& evidence : *evidences) {
        const auto texts = google_ads::Texts(evidence, "textList.texts");
        if (!texts) continue;
        for (const std::string& text : *texts) policy += fmt::format(", found in \"{}\"", text);
      }
    }
  }
  if (const Json* violation = At(error, "details.policyViolationDetails"); violation != nullptr) {
    policy +=
        fmt::format("; policy {} ({}), found in \"{}\"", Said(*violation, "key.policyName"),
                    Said(*violation, "externalPolicyName"), Said(*violation, "key.violatingText"));
  }
  return Shorten(policy);
}

struct OneError {
  Errc code;
  std::string platform_code;
  std::string what;
  std::optional<int> retry_after_s;
};

OneError ReadOne(const Json& error, int http_status, bool write) {
  OneError one;
  std::string family;
  std::string value;
  if (const Json* code = At(error, "errorCode");
      code != nullptr && code->is_object() && !code->empty()) {
    family = code->begin().key();
    value = Said(*code, family);
  }
  one.platform_code = family.empty() ? "unnamed error" : family + "." + value;
  one.code = CodeOfValue(family, value, write).value_or(CodeOfHttp(http_status, write));

  one.what = one.platform_code;
  if (const std::string path = FieldPath(error); !path.empty()) one.what += " at " + path;
  // What triggered an authentication error may be the token itself.
  if (const std::string trigger = Trigger(error);
      !trigger.empty() && family != "authenticationError") {
    one.what += " (" + trigger + ")";
  }
  if (const std::string message = Said(error, "message"); !message.empty()) {
    one.what += ": " + message;
  }
  one.what += MinimumOf(error);
  one.what += PolicyOf(error);
  if (one.code == Errc::kRateLimited) {
    one.retry_after_s = SecondsOf(Said(error, "details.quotaErrorDetails.retryDelay"));
    const bool long_quota =
        OneOf(value, {"RESOURCE_EXHAUSTED", "EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION"});
    // A quota of a day is not cured by waiting seconds; asking hourly finds its reset.
    if (!one.retry_after_s && long_quota) one.retry_after_s = kDayQuotaWaitSeconds;
  }
  return one;
}

std::string_view Advice(Errc code) {
  switch (code) {
    case Errc::kUnknownOutcome:
      return "; it may have been written: read it back before anything else";
    case Errc::kUnauthenticated:
      return "; if a new token is refused too, connect the account again";
    case Errc::kForbidden:
      return "; a person with access to the account must grant this";
    case Errc::kConflict:
      return "; nothing was written: read the account and plan again";
    case Errc::kRateLimited:
    case Errc::kUnavailable:
    case Errc::kNotFound:
    case Errc::kInvalidArgument:
    case Errc::kBadAnswer:
    case Errc::kRefused:
    case Errc::kLocal:
      return "";
  }
  Bug();
}

std::optional<int> RetryAfterHeader(const http::Response& response) {
  const auto header = http::FindHeader(response.headers, "retry-after");
  return header ? SecondsOf(*header) : std::nullopt;
}

/// The GoogleAdsFailure errors in the details of a google.rpc.Status.
std::vector<OneError> ReadFailures(const Json& status, int http_status, bool write) {
  std::vector<OneError> errors;
  const Json* details = At(status, "details");
  if (details == nullptr || !details->is_array()) return errors;
  for (const Json& detail : *details) {
    const Json* listed = At(detail, "errors");
    if (listed == nullptr || !listed->is_array()) continue;
    for (const Json& error : *listed) errors.push_back(ReadOne(error, http_status, write));
  }
  return errors;
}

Error Merge(const std::vector<OneError>& errors) {
  const auto& decisive = *std::max_element(
      errors.begin(), errors.end(),
      [](const OneError& a, const OneError& b) { return Weight(a.code) < Weight(b.code); });
  Error merged{.code = decisive.code,
               .what = "Google Ads refused: ",
               .platform_code = decisive.platform_code};
  for (std::size_t i = 0; i < errors.size() && i < kErrorsShown; ++i) {
    if (i > 0) merged.what += "; ";
    merged.what += errors[i].what;
  }
  if (errors.size() > kErrorsShown) {
    merged.what += fmt::format("; and {} more", errors.size() - kErrorsShown);
  }
  merged.what += Advice(merged.code);
  if (merged.code == Errc::kRateLimited) {
    for (const OneError& error : errors) {
      if (error.retry_after_s && error.retry_after_s > merged.retry_after_s) {
        merged.retry_after_s = error.retry_after_s;
      }
    }
  }
  return merged;
}

/// An error object of Google's APIs, or the flat form of its token endpoint (RFC 6749, 5.2).
Error ReadErrorBody(const Json& body, const http::Response& response, bool write) {
  const Json* error = At(body, "error");
  if (error != nullptr && error->is_string()) {
    // Only the code: a description may repeat what was sent.
    const std::string word = Shorten(error->get<std::string>());
    Error refused{.code = OneOf(word, {"invalid_grant", "invalid_client", "unauthorized_client",
                                       "invalid_token", "invalid_request"})
                              ? Errc::kUnauthenticated
                              : CodeOfHttp(response.status, write),
                  .what = fmt::format("Google's sign-in refused the credentials: {}; connect the "
                                      "account again if this stays",
                                      word),
                  .platform_code = word};
    if (response.status == 429 || response.status >= 500) {
      refused.code = CodeOfHttp(response.status, write);
    }
    if (refused.code == Errc::kRateLimited) refused.retry_after_s = RetryAfterHeader(response);
    return refused;
  }
  const Json nothing;
  const Json& status = error == nullptr ? nothing : *error;
  // An error may come inside a 200; its own code then stands for the status.
  int http_status = response.status;
  if (const auto code = google_ads::Integer(status, "code");
      http_status < 400 && code && *code && **code >= 400 && **code < 600) {
    http_status = static_cast<int>(**code);
  } else if (http_status < 400) {
    http_status = 500;
  }
  const std::vector<OneError> failures = ReadFailures(status, http_status, write);
  if (!failures.empty()) {
    Error merged = Merge(failures);
    if (merged.code == Errc::kRateLimited && !merged.retry_after_s) {
      merged.retry_after_s = RetryAfterHeader(response);
    }
    return merged;
  }
  Error plain{
      .code = CodeOfHttp(http_status, write), .what = "", .platform_code = Said(status, "status")};
  if (plain.platform_code.empty()) plain.platform_code = fmt::format("HTTP {}", http_status);
  plain.what = fmt::format("Google Ads refused: {} {}{}", plain.platform_code,
                           Said(status, "message"), Advice(plain.code));
  if (plain.code == Errc::kRateLimited) {
    plain.retry_after_s = RetryAfterHeader(response);
    if (const Json* details = At(status, "details"); details != nullptr && details->is_array()) {
      for (const Json& detail : *details) {
        if (const auto delay = SecondsOf(Said(detail, "retryDelay"))) plain.retry_after_s = delay;
      }
    }
  }
  return plain;
}

/// An answer that is no JSON of Google's: a proxy, a login page, a cut connection.
Error NotOurs(const http::Request& request, const http::Response& response, bool write,
              std::string_view how) {
  Error error{.code = write ? Errc::kUnknownOutcome : Errc::kBadAnswer, .what = ""};
  if (response.status >= 400) error.code = CodeOfHttp(response.status, write);
  // A page instead of a Google error under 404 means that this address serves no such API.
  if (response.status == 404) error.code = Errc::kInvalidArgument;
  error.platform_code = fmt::format("HTTP {}", response.status);
  if (error.code == Errc::kRateLimited) error.retry_after_s = RetryAfterHeader(response);
  error.what = fmt::format(
      "{} answered HTTP {} with {} bytes that are {}{}{}",
      request.url.substr(0, request.url.find('?')), response.status, response.body.size(), how,
      error.code == Errc::kInvalidArgument ? "; check base_url and version of the connection" : "",
      Advice(error.code));
  return error;
}

/// An error that came with a success: with partialFailure set, operations fail one by one.
std::optional<Error> PartialFailure(const Json& body, bool write) {
  const Json* partial = At(body, "partialFailureError");
  if (partial == nullptr || partial->empty()) return std::nullopt;
  const std::vector<OneError> failures = ReadFailures(*partial, 400, write);
  Error error = failures.empty()
                    ? Error{.code = write ? Errc::kUnknownOutcome : Errc::kBadAnswer,
                            .what = "Google Ads refused some of it without saying which: " +
                                    Said(*partial, "message"),
                            .platform_code = "partialFailureError"}
                    : Merge(failures);
  // A failed operation leaves an empty object at its place; any other was carried out.
  bool some_written = false;
  for (const char* list : {"results", "mutateOperationResponses"}) {
    const Json* results = At(body, list);
    if (results == nullptr || !results->is_array()) continue;
    for (const Json& result : *results) some_written = some_written || !result.empty();
  }
  if (some_written && write) {
    error.code = Errc::kUnknownOutcome;
    error.what += "; other operations of the call were carried out: read it back";
  }
  return error;
}

/// Number of the operation that an error is about: "operations" or "mutate_operations" comes first.
std::optional<std::size_t> OperationOf(const Json& error) {
  const Json* elements = At(error, "location.fieldPathElements");
  if (elements == nullptr || !elements->is_array() || elements->empty()) return std::nullopt;
  const auto name = Said(elements->front(), "fieldName");
  if (name != "operations" && name != "mutate_operations") return std::nullopt;
  const auto index = google_ads::Integer(elements->front(), "index");
  // An index of zero is a value like others on this wire: it is there.
  if (!index || !*index || **index < 0) return std::nullopt;
  return static_cast<std::size_t>(**index);
}

/// The caller asked for results one by one and reads them itself.
bool WantsItems(const http::Request& request) {
  const auto body = ParseExactJson(request.body);
  return body && body->is_object() && body->value("partialFailure", Json(false)) == true;
}

}  // namespace

std::optional<std::vector<Result<std::string>>> google_ads::ItemsOfBatch(
    const Json& answer, const std::vector<std::string>& keys) {
  const Json* results = At(answer, "mutateOperationResponses");
  if (results == nullptr || !results->is_array() || results->size() != keys.size()) {
    return std::nullopt;
  }
  std::vector<std::vector<OneError>> failed(keys.size());
  if (const Json* partial = At(answer, "partialFailureError");
      partial != nullptr && !partial->empty()) {
    const Json* details = At(*partial, "details");
    if (details == nullptr || !details->is_array()) return std::nullopt;
    for (const Json& detail : *details) {
      const Json* listed = At(detail, "errors");
      if (listed == nullptr || !listed->is_array()) return std::nullopt;
      for (const Json& error : *listed) {
        const auto index = OperationOf(error);
        if (!index || *index >= keys.size()) return std::nullopt;
        failed[*index].push_back(ReadOne(error, 400, /*write=*/true));
      }
    }
  }
  std::vector<Result<std::string>> items;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto name = google_ads::Text((*results)[i], keys[i] + ".resourceName");
    if (!name) return std::nullopt;
    std::string id = google_ads::LastId(*name);
    if (id.empty() == failed[i].empty()) return std::nullopt;
    if (failed[i].empty()) {
      items.emplace_back(std::move(id));
    } else {
      items.emplace_back(std::unexpected(Merge(failed[i])));
    }
  }
  return items;
}

std::optional<Error> ClassifyGoogleAds(const http::Request& request,
                                       const http::Response& response) {
  const bool write = !request.idempotent;
  if (response.body.empty()) return NotOurs(request, response, write, "no answer at all");
  OutermostKeys top;
  const bool json = Json::sax_parse(response.body.begin(), response.body.end(),
                                    static_cast<nlohmann::json_sax<Json>*>(&top));
  if (!json) return NotOurs(request, response, write, "not JSON (a page, or cut short)");

  const bool success = response.status >= 200 && response.status < 300;
  if (!success || top.Has("error") || top.Has("partialFailureError")) {
    const auto body = ParseExactJson(response.body);
    if (!body || (!body->is_object() && !body->is_array())) {
      return NotOurs(request, response, write, "not Google's");
    }
    const Json* first = &*body;
    if (body->is_array()) {
      // A stream answers with an array; the part that failed holds the error.
      for (const Json& part : *body) {
        if (At(part, "error") != nullptr) first = &part;
      }
    }
    if (!success && At(*first, "error") == nullptr) {
      return NotOurs(request, response, write, "JSON but no error of Google's");
    }
    if (At(*first, "error") != nullptr) return ReadErrorBody(*first, response, write);
    if (!WantsItems(request)) {
      if (auto partial = PartialFailure(*first, write)) return partial;
    }
  }

  const std::string method = MethodOf(request);
  bool understood = top.is_object;
  if (method == "search") {
    understood = top.is_object &&
                 (top.Has("results") || top.Has("fieldMask") || top.Has("totalResultsCount"));
  } else if (method == "searchStream") {
    understood = top.is_array && (top.Has("results") || top.Has("fieldMask"));
  } else if (method == "mutate" && write) {
    understood = top.is_object && (top.Has("results") || top.Has("mutateOperationResponses"));
  }
  if (!understood) return NotOurs(request, response, write, "JSON but no answer to this request");
  return std::nullopt;
}

}  // namespace maxopt
