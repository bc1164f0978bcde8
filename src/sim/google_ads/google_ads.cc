#include "sim/google_ads/google_ads.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "domain/digest.h"
#include "sim/google_ads/delivery.h"
#include "sim/google_ads/edit.h"
#include "sim/google_ads/errors.h"
#include "sim/google_ads/gaql.h"
#include "sim/google_ads/image.h"
#include "sim/google_ads/mutate.h"
#include "sim/google_ads/oauth.h"
#include "sim/google_ads/query.h"
#include "sim/google_ads/wire.h"

namespace maxopt::sim {
namespace google_ads {
namespace {

using nlohmann::json;

constexpr std::size_t kPageSize = 10'000;
constexpr std::size_t kMaxOperations = 10'000;

/// Everything that one call needs to answer.
struct Call {
  std::string version;
  std::string request_id;
  Instant now;
};

/// A result whose further pages may still be asked for.
struct Snapshot {
  std::string id;
  std::string customer;
  std::string query;
  QueryResult result;
};

bool AllDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

class GoogleAdsServer final : public PlatformServer {
 public:
  GoogleAdsServer(Market& market, Clock& clock, ServerOptions options)
      : market_(market), clock_(clock), options_(std::move(options)), tokens_(options_.secrets) {
    for (const ServedAccount& served : options_.accounts) {
      auto account = std::make_unique<Account>(served);
      auto delivery = std::make_unique<Delivery>(mutex_, *account, market_.options().brand_terms);
      market_.Register(served.setup, delivery.get());
      deliveries_.push_back(std::move(delivery));
      order_.push_back(account.get());
      accounts_.emplace(served.setup.account.id, std::move(account));
    }
    const auto manager = options_.secrets.find("manager_id");
    if (manager != options_.secrets.end() && !options_.accounts.empty()) {
      AccountSetup setup = options_.accounts.front().setup;
      setup.account.id = manager->second;
      manager_ = std::make_unique<Account>(ServedAccount{setup, "Manager"});
    }
  }
  ~GoogleAdsServer() override {
    for (const Account* account : order_) market_.Unregister(account->served().setup.account);
  }

  http::Response Handle(const http::Request& request) override {
    Call call;
    call.now = clock_.Now();
    {
      const std::lock_guard lock(mutex_);
      call.request_id = RequestId(++calls_);
    }
    http::Response response = Route(request, call);
    response.headers.emplace_back("request-id", call.request_id);
    return response;
  }

  Result<> HumanEdit(const AccountId& account_id, Level level, const std::string& id,
                     const Fields& changes, const std::string& actor) override;
  std::vector<Counted> Objects(const AccountId& account_id) const override;
  std::vector<ConversionReceiver::Count> Conversions() const override {
    return conversions_.Counts();
  }

 private:
  static std::string RequestId(std::uint64_t n) {
    const std::string hex = Sha256Hex(fmt::format("request {}", n));
    std::string id;
    for (std::size_t i = 0; i < 22; ++i) {
      const int byte = std::stoi(hex.substr(i * 2, 2), nullptr, 16);
      id += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[byte % 64];
    }
    return id;
  }

  http::Response Route(const http::Request& request, Call& call) {
    const auto url = http::ParseUrl(request.url);
    const auto path = url ? http::PercentDecode(url->path, false) : Result<std::string>("/");
    if (!url || !path) return NotFoundPage("/");
    if (*path == "/token" || *path == "/oauth2/v3/token" || *path == "/oauth2/v4/token") {
      if (request.method != "POST") return NotFoundPage(*path);
      return tokens_.Issue(request.body, call.now);
    }
    // The Data Manager has a host of its own in production; its paths are none of this API's.
    if (ConversionReceiver::IsGoogle(request)) {
      const auto header = http::FindHeader(request.headers, "authorization");
      const bool bearer = header && header->starts_with("Bearer ");
      if (!bearer || tokens_.Judge(header->substr(7), call.now) != TokenOffice::Verdict::kGood) {
        return RpcResponse(401, "UNAUTHENTICATED",
                           "Request had invalid authentication credentials.");
      }
      return conversions_.Google(request);
    }
    // /v25/customers/123/googleAds:search
    const std::size_t slash = path->find('/', 1);
    call.version = path->substr(1, slash == std::string::npos ? slash : slash - 1);
    const auto version = options_.versions.find(call.version);
    if (slash == std::string::npos || version == options_.versions.end()) {
      return NotFoundPage(*path);
    }
    if (version->second && call.now >= *version->second) {
      return FailureResponse(
          {{"requestError", "UNSUPPORTED_VERSION",
            fmt::format("Version {} is deprecated. Requests to this version will "
                        "be blocked.",
                        call.version)}},
          call.version, call.request_id);
    }
    return Api(request, path->substr(slash + 1), call);
  }

  http::Response Fail(const Call& call, std::string family, std::string code,
                      std::string message) const {
    return FailureResponse({{std::move(family), std::move(code), std::move(message)}}, call.version,
                           call.request_id);
  }

  /// nullopt: the caller may go on.
  std::optional<http::Response> CheckToken(const http::Request& request, const Call& call) {
    const auto header = http::FindHeader(request.headers, "authorization");
    if (!header || !header->starts_with("Bearer ")) {
      return Fail(call, "authenticationError", "OAUTH_TOKEN_HEADER_INVALID",
                  "OAuth access token header is missing or malformed.");
    }
    switch (tokens_.Judge(header->substr(7), call.now)) {
      case TokenOffice::Verdict::kGood:
        return std::nullopt;
      case TokenOffice::Verdict::kExpired:
        return Fail(call, "authenticationError", "OAUTH_TOKEN_EXPIRED",
                    "OAuth access token in the header has expired.");
      case TokenOffice::Verdict::kUnknown:
        return Fail(call, "authenticationError", "OAUTH_TOKEN_INVALID",
                    "OAuth access token in the header is not valid.");
    }
    Bug();
  }

  std::optional<http::Response> CheckLogin(const http::Request& request,
                                           const std::string& customer, const Call& call) {
    const auto login = http::FindHeader(request.headers, "login-customer-id");
    if (!login) return std::nullopt;
    if (!AllDigits(*login)) {
      return Fail(call, "headerError", "INVALID_LOGIN_CUSTOMER_ID",
                  "The login customer id must be digits without dashes.");
    }
    const bool is_manager = manager_ != nullptr && *login == manager_->id();
    if (!is_manager && *login != customer) {
      return Fail(call, "authorizationError", "USER_PERMISSION_DENIED",
                  "User doesn't have permission to access customer. Note: If you're accessing a "
                  "client customer, the manager's customer id must be set in the "
                  "'login-customer-id' header.");
    }
    return std::nullopt;
  }

  http::Response Api(const http::Request& request, const std::string& rest, const Call& call) {
    static constexpr std::string_view kCustomers = "customers/";
    const bool listing = rest == "customers:listAccessibleCustomers";
    std::string customer;
    std::string method;
    if (rest.starts_with(kCustomers)) {
      const std::size_t slash = rest.find('/', kCustomers.size());
      if (slash != std::string::npos) {
        customer = rest.substr(kCustomers.size(), slash - kCustomers.size());
        method = rest.substr(slash + 1);
      }
    }
    const bool search = method == "googleAds:search";
    const bool stream = method == "googleAds:searchStream";
    const bool mutate_all = method == "googleAds:mutate";
    const TypeInfo* collection = method.ends_with(":mutate")
                                     ? InfoOfCollection(method.substr(0, method.size() - 7))
                                     : nullptr;
    const bool known = listing || search || stream || mutate_all || collection != nullptr;
    if (!known || request.method != (listing ? "GET" : "POST")) {
      return RpcResponse(404, "NOT_FOUND", "Method not found.");
    }
    const auto in_array = [&](http::Response response) {
      if (stream) response.body = "[" + response.body + "]";
      return response;
    };
    if (auto refused = CheckToken(request, call)) return in_array(*std::move(refused));
    if (listing) return ListCustomers();
    if (!AllDigits(customer) || customer.size() > 19) {
      return in_array(
          Fail(call, "requestError", "INVALID_CUSTOMER_ID", "The customer id is not valid."));
    }
    if (auto refused = CheckLogin(request, customer, call)) return in_array(*std::move(refused));
    Account* account = FindAccount(customer);
    const bool manager = manager_ != nullptr && account == manager_.get();
    if (account == nullptr) {
      return in_array(Fail(call, "authorizationError", "USER_PERMISSION_DENIED",
                           "User doesn't have permission to access customer."));
    }
    // What happened until now is settled with the objects as they were; no lock is held, since the
    // market asks our deliveries.
    market_.AdvanceTo(call.now);
    if (search) return Search(request.body, *account, manager, call);
    if (stream) return in_array(Stream(request.body, *account, manager, call));
    if (manager) {
      return Fail(call, "requestError", "CANNOT_BE_EXECUTED_BY_MANAGER_ACCOUNT",
                  "The request cannot be executed by a manager account.");
    }
    return MutateCall(request.body, *account, collection, call);
  }

  Account* FindAccount(const std::string& id) const {
    if (manager_ != nullptr && id == manager_->id()) return manager_.get();
    const auto at = accounts_.find(id);
    return at == accounts_.end() ? nullptr : at->second.get();
  }

  http::Response ListCustomers() const {
    json names = json::array();
    if (manager_ != nullptr) names.push_back(manager_->CustomerName());
    for (const Account* account : order_) names.push_back(account->CustomerName());
    json body = json::object();
    if (!names.empty()) body["resourceNames"] = std::move(names);
    return JsonResponse(200, body);
  }

  // --- search ---

  std::expected<QueryResult, AdsError> RunQuery(const std::string& text, const Account& account,
                                                bool manager, const Call& call, bool validate_only,
                                                bool need_metrics) {
    auto parsed = ParseGaql(text);
    if (!parsed) return std::unexpected(std::move(parsed).error());
    const Viewpoint viewpoint{&account, manager, call.now};
    auto bound = Bind(*parsed, viewpoint);
    if (!bound) return std::unexpected(std::move(bound).error());
    if (need_metrics && !bound->with_metrics) {
      return std::unexpected(AdsError{"requestError",
                                      "CANNOT_RETURN_SUMMARY_ROW_FOR_REQUEST_WITHOUT_METRICS",
                                      "A summary row needs metrics."});
    }
    if (validate_only) return QueryResult{};
    Reports reports;
    if (bound->with_metrics) {
      const Zone& zone = account.served().setup.zone;
      ReportQuery ask{account.served().setup.account,
                      bound->first.value_or(zone.DayOf(market_.options().start)),
                      std::min(bound->last.value_or(zone.DayOf(call.now)), zone.DayOf(call.now)),
                      Breakdown::kNone, call.now};
      ask.from = std::max(ask.from, zone.DayOf(market_.options().start));
      std::vector<Breakdown> breakdowns = bound->breakdowns;
      if (breakdowns.empty()) breakdowns.push_back(Breakdown::kNone);
      for (const Breakdown breakdown : breakdowns) {
        ask.breakdown = breakdown;
        reports.push_back(ask.from > ask.to || manager ? std::vector<ReportRow>()
                                                       : market_.Report(ask));
      }
    }
    std::vector<const Account*> clients{&account};
    if (manager) clients.insert(clients.end(), order_.begin(), order_.end());
    const std::lock_guard lock(mutex_);
    return Run(*bound, viewpoint, clients, reports);
  }

  http::Response Search(const std::string& body, const Account& account, bool manager,
                        const Call& call) {
    std::vector<Violation> violations;
    const json request = DecodeText(*FindMessage("SearchGoogleAdsRequest"), body, violations);
    if (!violations.empty()) return BadRequestResponse(violations);
    const std::string query = TextAt(request, "query");
    const std::string token = TextAt(request, "pageToken");
    const bool validate_only = BoolAt(request, "validateOnly");
    const json settings = request.value("searchSettings", json::object());
    const bool summary = BoolAt(settings, "returnSummaryRow");
    if (const auto size = request.find("pageSize");
        size != request.end() && *size != 0 && *size != kPageSize) {
      return Fail(call, "requestError", "PAGE_SIZE_NOT_SUPPORTED",
                  "Setting the page size is not supported. Search Responses will have fixed page "
                  "size of '10000' rows.");
    }
    if (validate_only && !token.empty()) {
      return Fail(call, "requestError", "VALIDATE_ONLY_REQUEST_HAS_PAGE_TOKEN",
                  "A request that is only validated has no page token.");
    }
    if (validate_only && summary) {
      return Fail(call, "requestError", "CANNOT_RETURN_SUMMARY_ROW_FOR_VALIDATE_ONLY_REQUESTS",
                  "A request that is only validated has no summary row.");
    }
    std::shared_ptr<Snapshot> snapshot;
    std::size_t offset = 0;
    if (!token.empty()) {
      const std::size_t dash = token.find('-');
      const auto parsed = dash == std::string::npos
                              ? std::nullopt
                              : ParseInt64(std::string_view(token).substr(dash + 1));
      if (!parsed || *parsed < 0) {
        return Fail(call, "requestError", "INVALID_PAGE_TOKEN", "The page token is not valid.");
      }
      offset = static_cast<std::size_t>(*parsed);
      const std::lock_guard lock(mutex_);
      for (const auto& kept : snapshots_) {
        if (kept->id == token.substr(0, dash)) snapshot = kept;
      }
      if (snapshot == nullptr) {
        return Fail(call, "requestError", "EXPIRED_PAGE_TOKEN", "The page token has expired.");
      }
      if (snapshot->query != query || snapshot->customer != account.id() ||
          offset >= snapshot->result.rows.size()) {
        return Fail(call, "requestError", "INVALID_PAGE_TOKEN",
                    "The page token does not belong to this query.");
      }
    } else {
      auto result = RunQuery(query, account, manager, call, validate_only, summary);
      if (!result) return FailureResponse({result.error()}, call.version, call.request_id);
      if (validate_only) return JsonResponse(200, json::object());
      snapshot = std::make_shared<Snapshot>();
      snapshot->customer = account.id();
      snapshot->query = query;
      snapshot->result = *std::move(result);
      if (snapshot->result.rows.size() > kPageSize) {
        const std::lock_guard lock(mutex_);
        snapshot->id = Sha256Hex(fmt::format("page {} {}", ++snapshots_made_, query)).substr(0, 24);
        snapshots_.push_back(snapshot);
        constexpr std::size_t kKept = 16;
        if (snapshots_.size() > kKept) snapshots_.pop_front();
      }
    }
    const QueryResult& result = snapshot->result;
    json answer = json::object();
    const std::size_t end = std::min(offset + kPageSize, result.rows.size());
    const bool omit = BoolAt(settings, "omitResults");
    if (!omit) {
      json rows = json::array();
      for (std::size_t i = offset; i < end; ++i) rows.push_back(result.rows[i]);
      if (!rows.empty()) answer["results"] = std::move(rows);
      if (end < result.rows.size())
        answer["nextPageToken"] = fmt::format("{}-{}", snapshot->id, end);
    }
    answer["fieldMask"] = result.field_mask;
    if (BoolAt(settings, "returnTotalResultsCount")) {
      answer["totalResultsCount"] = std::to_string(result.total);
    }
    if (summary && !result.summary.is_null()) answer["summaryRow"] = result.summary;
    answer["queryResourceConsumption"] = std::to_string(100 + end - offset);
    return JsonResponse(200, answer);
  }

  /// Chunks joined by commas; the caller puts the brackets around them.
  http::Response Stream(const std::string& body, const Account& account, bool manager,
                        const Call& call) {
    std::vector<Violation> violations;
    const json request = DecodeText(*FindMessage("SearchGoogleAdsStreamRequest"), body, violations);
    if (!violations.empty()) return BadRequestResponse(violations);
    const std::string setting = TextAt(request, "summaryRowSetting");
    const bool summary = setting.starts_with("SUMMARY_ROW");
    auto result = RunQuery(TextAt(request, "query"), account, manager, call, false, summary);
    if (!result) return FailureResponse({result.error()}, call.version, call.request_id);
    if (setting == "SUMMARY_ROW_ONLY") result->rows.clear();
    http::Response response = JsonResponse(200, json::object());
    response.body.clear();
    std::size_t begin = 0;
    do {
      const std::size_t end = std::min(begin + kPageSize, result->rows.size());
      json chunk = {{"fieldMask", result->field_mask},
                    {"requestId", call.request_id},
                    {"queryResourceConsumption", std::to_string(100 + end - begin)}};
      if (end > begin) {
        json rows = json::array();
        for (std::size_t i = begin; i < end; ++i) rows.push_back(std::move(result->rows[i]));
        chunk["results"] = std::move(rows);
      }
      if (summary && end == result->rows.size()) chunk["summaryRow"] = result->summary;
      if (!response.body.empty()) response.body += ",\n";
      response.body += JsonResponse(200, chunk).body;
      begin = end;
    } while (begin < result->rows.size());
    return response;
  }

  // --- mutate ---

  /// `collection` null: googleAds:mutate.
  http::Response MutateCall(const std::string& body, Account& account, const TypeInfo* collection,
                            const Call& call) {
    std::vector<Violation> violations;
    std::string message = "MutateGoogleAdsRequest";
    if (collection != nullptr) {
      std::string name(collection->collection);
      name.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(name.front())));
      message = fmt::format("Mutate{}Request", name);
    }
    const json request = DecodeText(*FindMessage(message), body, violations);
    if (!violations.empty()) return BadRequestResponse(violations);
    const std::string list_field = collection == nullptr ? "mutate_operations" : "operations";
    const auto list = request.find(CamelCase(list_field));
    if (list == request.end()) {
      return FailureResponse({{"requestError",
                               "REQUIRED_FIELD_MISSING",
                               "Required field is missing.",
                               "",
                               {{list_field}}}},
                             call.version, call.request_id);
    }
    if (list->size() > kMaxOperations) {
      return FailureResponse(
          {{"requestError",
            "TOO_MANY_MUTATE_OPERATIONS",
            fmt::format("Too many mutate operations in request. Maximum allowed is {}.",
                        kMaxOperations),
            std::to_string(list->size()),
            {{list_field}}}},
          call.version, call.request_id);
    }
    std::vector<Operation> operations;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const json& one = (*list)[i];
      if (collection != nullptr) {
        operations.push_back({collection->type, one, {{list_field, i}}});
        continue;
      }
      if (one.empty()) {
        return FailureResponse({{"requestError",
                                 "OPERATION_REQUIRED",
                                 "An operation is required.",
                                 "",
                                 {{list_field, i}}}},
                               call.version, call.request_id);
      }
      const std::string& key = one.begin().key();  // "campaignOperation"
      for (const Type type : kTypes) {
        if (key == fmt::format("{}Operation", InfoOf(type).json)) {
          operations.push_back({type, one.begin().value(), {{list_field, i}, {SnakeCase(key)}}});
        }
      }
    }
    MutateOptions options;
    options.partial_failure = BoolAt(request, "partialFailure");
    options.validate_only = BoolAt(request, "validateOnly");
    options.now = call.now;
    const auto email = options_.secrets.find("email");
    options.author = {"GOOGLE_ADS_API",
                      email == options_.secrets.end() ? "api@example.com" : email->second};
    MutateOutcome outcome;
    {
      const std::lock_guard lock(mutex_);
      outcome = Mutate(account, operations, options);
    }
    if (!outcome.errors.empty() && !options.partial_failure) {
      return FailureResponse(outcome.errors, call.version, call.request_id);
    }
    json answer = json::object();
    if (!outcome.errors.empty()) {
      const AdsError& first = outcome.errors.front();
      answer["partialFailureError"] = {
          {"code", 3},
          {"message",
           outcome.errors.size() == 1
               ? first.message
               : fmt::format("Multiple errors in 'details'. First error: {}", first.message)},
          {"details", json::array({FailureJson(outcome.errors, call.version, call.request_id)})}};
    }
    const bool whole = TextAt(request, "responseContentType") == "MUTABLE_RESOURCE";
    json results = json::array();
    for (auto& written : outcome.results) {
      json result = json::object();
      if (written) {
        const TypeInfo& info = InfoOf(written->type);
        result["resourceName"] = written->resource_name;
        if (whole) {
          result[std::string(info.json)] = std::move(written->resource);
        }
        if (collection == nullptr) result = {{fmt::format("{}Result", info.json), result}};
      }
      results.push_back(std::move(result));
    }
    if (!results.empty()) {
      answer[collection == nullptr ? "mutateOperationResponses" : "results"] = std::move(results);
    }
    return JsonResponse(200, answer);
  }

  Market& market_;
  Clock& clock_;
  ConversionReceiver conversions_{clock_};
  const ServerOptions options_;
  TokenOffice tokens_;
  mutable std::mutex mutex_;  ///< guards the objects of all accounts and what follows
  std::map<std::string, std::unique_ptr<Account>, std::less<>> accounts_;
  std::vector<const Account*> order_;  ///< accounts as given
  std::unique_ptr<Account> manager_;
  std::vector<std::unique_ptr<Delivery>> deliveries_;
  std::uint64_t calls_ = 0;
  std::uint64_t snapshots_made_ = 0;
  std::deque<std::shared_ptr<Snapshot>> snapshots_;
};

Result<> GoogleAdsServer::HumanEdit(const AccountId& account_id, Level level, const std::string& id,
                                    const Fields& changes, const std::string& actor) {
  Account* account = FindAccount(account_id.id);
  if (account == nullptr || account_id.platform != Platform::kGoogleAds) {
    return maxopt::Fail(Errc::kNotFound,
                        fmt::format("account {} is not served here", PrintAccount(account_id)));
  }
  MAXOPT_CHECK(CheckFields(level, changes));
  const Instant now = clock_.Now();
  market_.AdvanceTo(now);
  const std::lock_guard lock(mutex_);
  MAXOPT_TRY(const auto operations, OperationsOfEdit(*account, level, id, changes));
  MutateOptions options;
  options.now = now;
  // Nobody of the client applies what Google's own automation decides.
  options.author = actor == "platform" ? Author{"GOOGLE_ADS_RECOMMENDATIONS_SUBSCRIPTION",
                                                "Recommendations Auto-Apply"}
                                       : Author{"GOOGLE_ADS_WEB_CLIENT", actor};
  const MutateOutcome outcome = Mutate(*account, operations, options);
  if (!outcome.errors.empty()) {
    const AdsError& error = outcome.errors.front();
    return maxopt::Fail(Error{Errc::kInvalidArgument,
                              fmt::format("edit of {} {}: {}", LevelName(level), id, error.message),
                              fmt::format("{}/{}", error.family, error.code)});
  }
  return {};
}

std::vector<PlatformServer::Counted> GoogleAdsServer::Objects(const AccountId& account_id) const {
  std::vector<Counted> counted;
  const Account* account = FindAccount(account_id.id);
  if (account == nullptr || account_id.platform != Platform::kGoogleAds) return counted;
  const std::lock_guard lock(mutex_);
  const std::pair<Level, Type> levels[] = {{Level::kCampaign, Type::kCampaign},
                                           {Level::kAdGroup, Type::kAdGroup},
                                           {Level::kAd, Type::kAdGroupAd},
                                           {Level::kAsset, Type::kAsset},
                                           {Level::kConversion, Type::kConversionAction}};
  for (const auto& [level, type] : levels) {
    for (const auto& [key, object] : account->All(type)) {
      const json& named = type == Type::kAdGroupAd ? object.body["ad"] : object.body;
      std::string name = TextAt(named, "name");
      // Search ads have no name; who needs one keeps it in a custom parameter.
      if (const auto own = named.find("urlCustomParameters"); name.empty() && own != named.end()) {
        for (const json& parameter : *own) {
          if (TextAt(parameter, "key") == "mx") name = TextAt(parameter, "value");
        }
      }
      const std::string status = StatusOf(object);
      counted.push_back(
          {level, key.substr(key.find('~') == std::string::npos ? 0 : key.find('~') + 1), name,
           std::string(status == "ENABLED"                        ? kActive
                       : status == "PAUSED" || status == "HIDDEN" ? kPaused
                                                                  : kRemoved)});
    }
  }
  return counted;
}

}  // namespace
}  // namespace google_ads

std::unique_ptr<PlatformServer> MakeGoogleAdsServer(Market& market, Clock& clock,
                                                    ServerOptions options) {
  return std::make_unique<google_ads::GoogleAdsServer>(market, clock, std::move(options));
}

}  // namespace maxopt::sim
