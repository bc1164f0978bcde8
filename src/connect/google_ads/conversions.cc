// Data Manager API: POST /v1/events:ingest, GET /v1/requestStatus:retrieve.
// https://developers.google.com/data-manager/api
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "connect/google_ads/client.h"
#include "connect/google_ads/google_ads.h"
#include "json/json.h"

namespace maxopt {
namespace {

using nlohmann::json;

/// 2,000 events a call. A click leads to a conversion within 90 days at most; a transaction id
/// counts once per conversion action, always.
constexpr ConversionRules kRules{2000, std::chrono::hours(90 * 24 - 1), std::nullopt};

std::string Member(const std::map<std::string, std::string>& map, const char* name) {
  const auto at = map.find(name);
  return at == map.end() ? "" : at->second;
}

json UserIdentifiers(const Conversion& conversion) {
  json list = json::array();
  // Google's own form of a Gmail address where it differs.
  std::string email = Member(conversion.hashed, "email_google");
  if (email.empty()) email = Member(conversion.hashed, "email");
  if (!email.empty()) list.push_back({{"emailAddress", email}});
  if (auto phone = Member(conversion.hashed, "phone_e164"); !phone.empty()) {
    list.push_back({{"phoneNumber", phone}});
  }
  return list;
}

/// One click id at most: gclid tells most, gbraid and wbraid are what is left on iOS.
json AdIdentifiers(const Conversion& conversion) {
  for (const char* name : {"gclid", "gbraid", "wbraid"}) {
    if (auto text = Member(conversion.click_ids, name); !text.empty()) return {{name, text}};
  }
  return json::object();
}

/// 3 of "events[3].ad_identifiers.gclid".
std::optional<std::size_t> EventOf(std::string_view field) {
  if (!field.starts_with("events[")) return std::nullopt;
  std::size_t index = 0;
  const auto [end, code] = std::from_chars(field.data() + 7, field.data() + field.size(), index);
  if (code != std::errc() || end == field.data() + field.size() || *end != ']') {
    return std::nullopt;
  }
  return index;
}

class GoogleConversions final : public ConversionSender {
 public:
  GoogleConversions(std::string base, std::string customer, std::string login,
                    std::shared_ptr<http::Transport> wire, std::shared_ptr<TokenSource> token)
      : base_(std::move(base)),
        customer_(std::move(customer)),
        login_(std::move(login)),
        wire_(std::move(wire)),
        token_(std::move(token)) {}

  const ConversionRules& rules() const override { return kRules; }

  std::optional<std::string> Objection(const Conversion& conversion, Instant now) const override {
    if (conversion.at > now) return "it lies in the future";
    if (now - conversion.at > kRules.oldest) return "it is older than 90 days";
    if (conversion.value && conversion.value->negative()) return "it is a refund";
    if (UserIdentifiers(conversion).empty() && AdIdentifiers(conversion).empty()) {
      return "it has nothing that Google could match";
    }
    return std::nullopt;
  }

  std::vector<Result<ConversionAccepted>> Send(std::span<const Conversion> conversions,
                                               http::Deadline deadline) override {
    return Ingest(conversions, false, deadline);
  }

  Result<ConversionAccepted> Rehearse(const Conversion& conversion, const std::string&,
                                      http::Deadline deadline) override {
    return Ingest({&conversion, 1}, true, deadline).front();
  }

  Result<std::optional<bool>> Check(const std::string& request_id,
                                    http::Deadline deadline) override {
    MAXOPT_TRY(const http::Response answer,
               Call({.url = base_ + "/v1/requestStatus:retrieve?requestId=" +
                            http::PercentEncode(request_id),
                     .idempotent = true},
                    deadline));
    if (answer.status != 200) return std::unexpected(ErrorOf(answer, true));
    const auto told = ParseExactJson(answer.body);
    const json* list = told && told->is_object() && told->contains("requestStatusPerDestination")
                           ? &(*told)["requestStatusPerDestination"]
                           : nullptr;
    if (list == nullptr || !list->is_array() || list->empty()) {
      return Fail(Errc::kBadAnswer, "Google's status of a request has no destinations");
    }
    bool working = false;
    for (const json& destination : *list) {
      const std::string status =
          destination.is_object() ? destination.value("requestStatus", "") : "";
      if (status == "PROCESSING") {
        working = true;
      } else if (status != "SUCCESS") {
        // Google counts what failed and does not say which; that is for a person.
        const std::string why = destination.is_object() && destination.contains("errorInfo")
                                    ? PrintExactJson(destination["errorInfo"]).substr(0, 300)
                                    : "";
        return Fail(Errc::kInvalidArgument,
                    fmt::format("Google says {} of the request {}: {}", status, request_id, why));
      }
    }
    return working ? std::optional<bool>() : std::optional(true);
  }

 private:
  std::vector<Result<ConversionAccepted>> Ingest(std::span<const Conversion> conversions,
                                                 bool validate_only, http::Deadline deadline) {
    std::vector<std::string> actions;
    json destinations = json::array();
    json events = json::array();
    for (const Conversion& conversion : conversions) {
      auto action = std::ranges::find(actions, conversion.event);
      if (action == actions.end()) {
        actions.push_back(conversion.event);
        action = std::prev(actions.end());
        json destination{
            {"reference", "d" + std::to_string(actions.size())},
            {"operatingAccount", {{"accountType", "GOOGLE_ADS"}, {"accountId", customer_}}},
            {"productDestinationId", conversion.event}};
        if (!login_.empty()) {
          destination["loginAccount"] = {{"accountType", "GOOGLE_ADS"}, {"accountId", login_}};
        }
        destinations.push_back(std::move(destination));
      }
      json event{{"destinationReferences", {"d" + std::to_string(action - actions.begin() + 1)}},
                 {"eventTimestamp", PrintInstant(conversion.at)},
                 {"transactionId", conversion.id},
                 {"eventSource", "WEB"},
                 {"consent",
                  {{"adUserData", "CONSENT_GRANTED"}, {"adPersonalization", "CONSENT_GRANTED"}}}};
      if (json ids = AdIdentifiers(conversion); !ids.empty()) event["adIdentifiers"] = ids;
      if (json ids = UserIdentifiers(conversion); !ids.empty()) {
        event["userData"] = {{"userIdentifiers", ids}};
      }
      if (conversion.value) {
        event["currency"] = conversion.value->currency().name();
        event["conversionValue"] = MoneyToken(*conversion.value);
      }
      events.push_back(std::move(event));
    }
    const std::string body = PrintExactJson({{"destinations", std::move(destinations)},
                                             {"events", std::move(events)},
                                             {"encoding", "HEX"},
                                             {"validateOnly", validate_only}});
    const auto answer = Call({.method = "POST",
                              .url = base_ + "/v1/events:ingest",
                              .headers = {{"Content-Type", "application/json"}},
                              .body = body},
                             deadline);
    if (!answer) return ForAll(conversions.size(), std::unexpected(answer.error()));
    if (answer->status == 200) {
      const auto told = ParseExactJson(answer->body);
      const std::string id = told && told->is_object() ? told->value("requestId", "") : "";
      // What is only judged is no request whose status could be asked for.
      if (validate_only) return ForAll(conversions.size(), ConversionAccepted{.request_id = id});
      if (id.empty()) {
        return ForAll(conversions.size(),
                      Fail(Errc::kUnknownOutcome, "Google answered without a requestId"));
      }
      return ForAll(conversions.size(), ConversionAccepted{.request_id = id, .processed = false});
    }
    return Refused(*answer, conversions.size());
  }

  Result<http::Response> Call(http::Request request, http::Deadline deadline) {
    for (bool again = false;; again = true) {
      MAXOPT_TRY(const std::string token, token_->Get(deadline));
      http::Request authorized = request;
      authorized.headers.emplace_back("Authorization", "Bearer " + token);
      MAXOPT_TRY(http::Response answer, wire_->Send(authorized, deadline));
      if (answer.status != 401 || again) return answer;
      token_->Refused(token);  // refused before anything was done, so it may be sent again
    }
  }

  /// google.rpc.Status in words.
  static Error ErrorOf(const http::Response& answer, bool read) {
    Errc code = Errc::kInvalidArgument;
    if (answer.status == 401) code = Errc::kUnauthenticated;
    if (answer.status == 403) code = Errc::kForbidden;
    if (answer.status == 404) code = Errc::kNotFound;
    if (answer.status == 429) code = Errc::kRateLimited;
    if (answer.status >= 500 || answer.status < 400) {
      code = read ? Errc::kUnavailable : Errc::kUnknownOutcome;
    }
    const auto told = ParseExactJson(answer.body);
    std::string message = fmt::format("HTTP {}", answer.status);
    std::string platform_code = std::to_string(answer.status);
    if (told && told->is_object() && told->contains("error") && (*told)["error"].is_object()) {
      const json& error = (*told)["error"];
      if (error.contains("message") && error["message"].is_string()) {
        message = error["message"].get<std::string>();
      }
      if (error.contains("status") && error["status"].is_string()) {
        platform_code = error["status"].get<std::string>();
      }
    } else if (answer.status < 500) {
      code = read ? Errc::kBadAnswer : Errc::kUnknownOutcome;
    }
    return {code, "Google's Data Manager: " + message, platform_code};
  }

  /// The request fails whole; where Google names events, those are refused and the others wait.
  static std::vector<Result<ConversionAccepted>> Refused(const http::Response& answer,
                                                         std::size_t count) {
    const Error error = ErrorOf(answer, false);
    std::map<std::size_t, std::string> named;
    const auto told = ParseExactJson(answer.body);
    if (error.code == Errc::kInvalidArgument && told && told->contains("error") &&
        (*told)["error"].contains("details") && (*told)["error"]["details"].is_array()) {
      for (const json& detail : (*told)["error"]["details"]) {
        if (!detail.is_object() || !detail.contains("fieldViolations") ||
            !detail["fieldViolations"].is_array()) {
          continue;
        }
        for (const json& violation : detail["fieldViolations"]) {
          if (!violation.is_object() || !violation.contains("field") ||
              !violation["field"].is_string()) {
            continue;
          }
          const std::string field = violation["field"].get<std::string>();
          const auto index = EventOf(field);
          if (!index || *index >= count) continue;
          const bool words =
              violation.contains("description") && violation["description"].is_string();
          named[*index] =
              field + ": " + (words ? violation["description"].get<std::string>() : "not valid");
        }
      }
    }
    if (named.empty()) return ForAll(count, std::unexpected(error));
    auto answers =
        ForAll(count, Fail(Errc::kUnavailable, "Google refused the call for other events in it"));
    for (const auto& [index, why] : named) {
      Error one = error;
      one.what = "Google's Data Manager: " + why;
      answers[index] = std::unexpected(std::move(one));
    }
    return answers;
  }

  const std::string base_, customer_, login_;
  const std::shared_ptr<http::Transport> wire_;
  const std::shared_ptr<TokenSource> token_;
};

}  // namespace

Result<std::shared_ptr<ConversionSender>> MakeGoogleConversions(
    const Connection& connection, std::shared_ptr<http::Transport> wire,
    std::shared_ptr<Clock> clock) {
  const auto setting = [](const std::map<std::string, std::string>& map, const char* name) {
    const auto at = map.find(name);
    return at == map.end() ? std::string() : at->second;
  };
  std::string base = setting(connection.settings, "data_manager_url");
  if (base.empty()) base = "https://datamanager.googleapis.com";
  while (base.ends_with('/')) base.pop_back();
  std::shared_ptr<TokenSource> token;
  if (const std::string fixed = setting(connection.secrets, "access_token"); !fixed.empty()) {
    token = MakeFixedToken(fixed);
  } else {
    const std::string id = setting(connection.secrets, "client_id");
    const std::string secret = setting(connection.secrets, "client_secret");
    const std::string refresh = setting(connection.secrets, "refresh_token");
    if (id.empty() || secret.empty() || refresh.empty()) {
      return Fail(Errc::kInvalidArgument,
                  "the connection of Google needs client_id, client_secret and refresh_token");
    }
    const std::string url =
        connection.token_url.empty() ? "https://oauth2.googleapis.com/token" : connection.token_url;
    token = MakeRefreshingToken(
        [=](http::Deadline deadline) {
          return google_ads::RefreshAccess(*wire, url, id, secret, refresh, clock->Now(), deadline);
        },
        clock);
  }
  return std::make_shared<GoogleConversions>(base, connection.account.id,
                                             setting(connection.settings, "login_customer_id"),
                                             std::move(wire), std::move(token));
}

}  // namespace maxopt
