#include "connect/google_ads/client.h"

#include <fmt/format.h>

#include <chrono>
#include <unordered_set>
#include <utility>

#include "connect/google_ads/google_ads.h"
#include "connect/google_ads/rows.h"
#include "json/json.h"

namespace maxopt::google_ads {
namespace {

using Json = nlohmann::json;

/// Google's page size; it cannot be chosen.
constexpr std::size_t kPageRows = 10'000;
/// Pages in a row that bring nothing new before the tokens are taken for a loop.
constexpr int kStalePagesMax = 3;

/// For a read, "may have happened" is the same as "may be asked again".
Error ForCaller(Error error, bool idempotent) {
  if (idempotent && error.code == Errc::kUnknownOutcome) error.code = Errc::kUnavailable;
  return error;
}

}  // namespace

Client::Client(Options options, std::shared_ptr<http::Transport> transport,
               std::shared_ptr<TokenSource> token)
    : options_(std::move(options)), transport_(std::move(transport)), token_(std::move(token)) {}

Result<Client::Answer> Client::Send(http::Request request, http::Deadline deadline) const {
  if (!options_.login_customer_id.empty()) {
    request.headers.emplace_back("login-customer-id", options_.login_customer_id);
  }
  if (!options_.developer_token.empty()) {
    request.headers.emplace_back("developer-token", options_.developer_token);
  }
  std::string refused_token;
  std::optional<Error> refusal;
  // Twice at most: a token that is refused has been checked before anything was done, so the call,
  // a write too, may be sent again with a new one.
  while (true) {
    auto token = token_->Get(deadline);
    if (!token) return Fail(token.error());
    if (refusal && *token == refused_token) return Fail(*refusal);
    http::Request authorized = request;
    authorized.headers.emplace_back("Authorization", "Bearer " + *token);
    auto sent = transport_->Send(authorized, deadline);
    std::optional<Error> error;
    if (sent) {
      error = ClassifyGoogleAds(authorized, *sent);
    } else {
      error = sent.error();
    }
    if (!error) {
      auto body = ParseExactJson(sent->body);
      if (!body) {
        error = body.error();
        if (!request.idempotent) error->code = Errc::kUnknownOutcome;
      } else {
        const auto id = http::FindHeader(sent->headers, "request-id");
        return Answer{std::move(*body), std::string(id.value_or(""))};
      }
    }
    if (error->code != Errc::kUnauthenticated || refusal) {
      return Fail(ForCaller(std::move(*error), request.idempotent));
    }
    refusal = std::move(error);
    refused_token = *token;
    token_->Refused(refused_token);
  }
}

Result<Client::Answer> Client::Post(std::string_view path, const Json& body, bool idempotent,
                                    http::Deadline deadline) const {
  http::Request request;
  request.method = "POST";
  request.url = fmt::format("{}/{}/{}", options_.base_url, options_.version, path);
  request.headers = {{"Content-Type", "application/json"}};
  request.body = PrintExactJson(body);
  request.idempotent = idempotent;
  return Send(std::move(request), deadline);
}

Result<Client::Answer> Client::Get(std::string_view path, http::Deadline deadline) const {
  http::Request request;
  request.url = fmt::format("{}/{}/{}", options_.base_url, options_.version, path);
  request.idempotent = true;
  return Send(std::move(request), deadline);
}

Result<Client::Rows> Client::Search(std::string_view customer, const std::string& query,
                                    http::Deadline deadline, bool limited) const {
  Rows all;
  std::unordered_set<std::string> seen_rows;
  std::unordered_set<std::string> seen_tokens;
  std::optional<std::int64_t> total;
  std::string token;
  bool several_pages = false;
  int stale_pages = 0;
  while (true) {
    Json body = {{"query", query}};
    body["searchSettings"] = {{"returnTotalResultsCount", true}};
    if (!token.empty()) body["pageToken"] = token;
    auto page = Post(fmt::format("customers/{}/googleAds:search", customer), body, true, deadline);
    if (!page) {
      // The rows so far are good, but the rest cannot be asked for any more.
      const std::string& code = page.error().platform_code;
      if (!token.empty() && code.starts_with("requestError.") && code.ends_with("PAGE_TOKEN")) {
        all.complete = false;
        all.why = fmt::format("{} after {} rows", code, all.rows.size());
        return all;
      }
      return Fail(std::move(page).error());
    }
    Answer& answer = *page;

    MAXOPT_TRY(const auto page_total, Integer(answer.body, "totalResultsCount"));
    if (page_total) total = std::max(total.value_or(0), *page_total);
    MAXOPT_TRY(const std::string next, Text(answer.body, "nextPageToken"));
    // Every query selects what tells its rows apart, so equal rows are one row sent twice. Only
    // pages can do that: a single page is not compared.
    if (!next.empty() && !several_pages) {
      several_pages = true;
      for (const Json& row : all.rows) seen_rows.insert(PrintExactJson(row));
    }
    const auto results = answer.body.find("results");
    std::size_t page_rows = 0;
    std::size_t new_rows = 0;
    if (results != answer.body.end() && !results->is_null()) {
      if (!results->is_array()) {
        return Fail(Errc::kBadAnswer, "Google Ads answered a search whose results are no list");
      }
      for (Json& row : *results) {
        if (!row.is_object()) {
          return Fail(Errc::kBadAnswer,
                      "Google Ads answered a search with a row that is no object");
        }
        ++page_rows;
        if (several_pages && !seen_rows.insert(PrintExactJson(row)).second) continue;
        ++new_rows;
        all.rows.push_back(std::move(row));
      }
    }
    // Complete is complete, whatever pages are still offered.
    const bool all_here = total && static_cast<std::size_t>(*total) == all.rows.size();
    if (next.empty() || all_here) {
      if (!total && !limited && page_rows >= kPageRows) {
        all.complete = false;
        all.why = fmt::format("the last page is full and no total was given, after {} rows",
                              all.rows.size());
      }
      break;
    }
    stale_pages = new_rows == 0 ? stale_pages + 1 : 0;
    if (!seen_tokens.insert(next).second || stale_pages >= kStalePagesMax) {
      // The rows may be all there even so; the total decides.
      if (!total) {
        all.complete = false;
        all.why = fmt::format("the pages go in circles after {} rows", all.rows.size());
      }
      break;
    }
    token = next;
  }
  if (total && !limited && static_cast<std::size_t>(*total) != all.rows.size()) {
    all.complete = false;
    all.why = fmt::format("{} of {} rows came", all.rows.size(), *total);
  }
  return all;
}

Result<std::vector<Json>> Client::SearchAll(std::string_view customer, const std::string& query,
                                            http::Deadline deadline) const {
  MAXOPT_TRY(Rows all, Search(customer, query, deadline));
  if (!all.complete) {
    return Fail(Errc::kBadAnswer,
                fmt::format("Google Ads did not answer completely: {} ({})", all.why, query));
  }
  return std::move(all.rows);
}

Result<AccessToken> RefreshAccess(http::Transport& transport, const std::string& token_url,
                                  const std::string& client_id, const std::string& client_secret,
                                  const std::string& refresh_token, Instant now,
                                  http::Deadline deadline) {
  http::Request request;
  request.method = "POST";
  request.url = token_url;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = http::EncodeForm({{"grant_type", "refresh_token"},
                                   {"refresh_token", refresh_token},
                                   {"client_id", client_id},
                                   {"client_secret", client_secret}});
  request.idempotent = true;
  auto sent = transport.Send(request, deadline);
  if (!sent) return Fail(ForCaller(sent.error(), true));
  if (auto error = ClassifyGoogleAds(request, *sent)) return Fail(ForCaller(*error, true));
  MAXOPT_TRY(const Json body, ParseExactJson(sent->body));
  const Json* token = At(body, "access_token");
  const auto seconds = Integer(body, "expires_in");
  if (token == nullptr || !token->is_string() || token->get_ref<const std::string&>().empty() ||
      !seconds || !*seconds || **seconds <= 0) {
    return Fail(Errc::kBadAnswer,
                fmt::format("{} answered without an access token and its lifetime", token_url));
  }
  // A lifetime of years would be somebody's mistake; a day is far beyond what Google gives.
  const auto lifetime = std::chrono::seconds(std::min<std::int64_t>(**seconds, 86'400));
  return AccessToken{token->get<std::string>(), now + lifetime};
}

}  // namespace maxopt::google_ads
