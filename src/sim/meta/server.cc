#include <fmt/format.h>

#include <algorithm>

#include "sim/meta/edits.h"
#include "sim/meta/fields.h"
#include "sim/meta/meta_server.h"

namespace maxopt::sim::meta {
namespace {

constexpr std::string_view kInsightsCase = "ads_insights";
constexpr std::string_view kManagementCase = "ads_management";

std::int64_t HourOf(Instant at) {
  return std::chrono::floor<std::chrono::hours>(at).time_since_epoch().count();
}

/// Equal work whatever the first difference, as for every secret.
bool SameSecret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i] ^ b[i]));
  }
  return difference == 0;
}

std::string Secret(const ServerOptions& options, const std::string& name) {
  const auto it = options.secrets.find(name);
  return it == options.secrets.end() ? "" : it->second;
}

}  // namespace

class MetaServer::Source final : public DeliverySource {
 public:
  Source(MetaServer& server, const Account& account) : server_(server), account_(account) {}
  std::vector<BudgetUnit> Deliverable(Instant hour_begins) override {
    const std::lock_guard lock(server_.state_);
    return DeliverableUnits(account_, hour_begins, &approved_);
  }

 private:
  MetaServer& server_;
  const Account& account_;
  ApprovedAds approved_;
};

MetaServer::MetaServer(Market& market, Clock& clock, ServerOptions options, MetaLimits limits)
    : market_(market),
      clock_(clock),
      options_(std::move(options)),
      limits_(limits),
      next_id_(120'210'000'000'010'001ull) {
  for (const ServedAccount& served : options_.accounts) {
    const auto [it, fresh] = accounts_.emplace(served.setup.account.id, Account{.served = served});
    if (!fresh) Bug();  // two accounts of one id in the set-up
    it->second.dsa_beneficiary = it->second.dsa_payor = served.name;
    it->second.decimals = MinorUnitDecimals(served.setup.currency, MinorUnits::kMeta).value_or(2);
    sources_.push_back(std::make_unique<Source>(*this, it->second));
    market_.Register(served.setup, sources_.back().get());
  }
}

MetaServer::~MetaServer() {
  for (const auto& [id, account] : accounts_) market_.Unregister(account.served.setup.account);
}

std::string MetaServer::NewId() { return fmt::to_string(next_id_ += 10); }

Account* MetaServer::FindAccount(const std::string& id) {
  const auto it = accounts_.find(id);
  return it == accounts_.end() ? nullptr : &it->second;
}

Account* MetaServer::OwnerOf(const std::string& id) {
  for (auto& [account_id, account] : accounts_) {
    if (account.FindAny(id) != nullptr || account.runs.contains(id)) return &account;
  }
  return nullptr;
}

http::Response MetaServer::Handle(const http::Request& request) {
  const std::lock_guard lock(calls_);
  market_.AdvanceTo(Now());
  const std::string trace = TraceId(++traces_);
  Charged charged;
  const Graph<Call> call = DecodeCall(request);
  if (const auto pixel = ConversionReceiver::MetaPixelOf(request); call && pixel) {
    const Account* owner = OwnerOf(*pixel);
    const bool known = owner != nullptr && owner->Find(Kind::kPixel, *pixel) != nullptr;
    if (known && CheckVersion(*call) && CheckToken(*call)) {
      return conversions_.Meta(*pixel, request);
    }
  }
  const Graph<Json> answer = call ? Execute(*call, &charged) : Graph<Json>(Refuse(call.error()));
  http::Response response;
  response.status = answer ? 200 : answer.error().http_status;
  response.body = Dump(answer ? *answer : ErrorBody(answer.error(), trace));
  response.headers = UsageHeaders(charged);
  response.headers.emplace_back("Content-Type", "application/json; charset=UTF-8");
  response.headers.emplace_back("x-fb-trace-id", trace);
  if (call && !call->version.empty()) {
    response.headers.emplace_back("facebook-api-version", call->version);
  }
  return response;
}

Graph<Json> MetaServer::Execute(const Call& call, Charged* charged) {
  if (call.method != "GET" && call.method != "POST" && call.method != "DELETE") {
    return RefuseParam(fmt::format("Unsupported method {}", call.method));
  }
  if (auto ok = CheckVersion(call); !ok) return Refuse(ok.error());
  if (auto ok = CheckToken(call); !ok) return Refuse(ok.error());
  return Route(call, charged);
}

Graph<> MetaServer::CheckVersion(const Call& call) const {
  // Marketing calls need a version; the platform's own (tokens, batch, me) fall to the oldest.
  const bool graph_call =
      call.path.empty() || call.path.front() == "debug_token" || call.path.front() == "me";
  if (call.version.empty() && graph_call) return {};
  const auto it = options_.versions.find(call.version);
  if (it != options_.versions.end() && (!it->second || Now() < *it->second)) return {};
  std::string newest;
  for (const auto& [version, sunset] : options_.versions) {
    if (sunset && *sunset <= Now()) continue;
    if (newest.empty() || VersionMajor(newest) < VersionMajor(version)) newest = version;
  }
  return Refuse({.code = 2635,
                 .message = fmt::format("(#2635) You are calling a deprecated version of the Ads "
                                        "API. Please update to the latest version: {}.",
                                        newest)});
}

Graph<> MetaServer::CheckToken(const Call& call) const {
  if (call.token.empty()) {
    if (!call.path.empty() && call.path.front() == "me") {
      return Refuse({.code = 2500,
                     .message = "An active access token must be used to query information about "
                                "the current user."});
    }
    return Refuse(
        {.code = 104, .message = "An access token is required to request this resource."});
  }
  if (const std::string expired = Secret(options_, "expired_token");
      !expired.empty() && SameSecret(call.token, expired)) {
    return Refuse({.code = 190,
                   .subcode = 463,
                   .message = "Error validating access token: Session has expired.",
                   .http_status = 401});
  }
  if (!SameSecret(call.token, Secret(options_, "access_token"))) {
    return Refuse({.code = 190,
                   .message = "Invalid OAuth access token - Cannot parse access token",
                   .http_status = 401});
  }
  if (const std::string secret = Secret(options_, "app_secret"); !secret.empty()) {
    const auto proof = call.params.Text("appsecret_proof");
    if (!proof) {
      return Refuse({.message = "API calls from the server require an appsecret_proof argument",
                     .type = "GraphMethodException"});
    }
    if (!SameSecret(*proof, HmacSha256Hex(secret, call.token))) {
      return Refuse({.message = "Invalid appsecret_proof provided in the API argument",
                     .type = "GraphMethodException"});
    }
  }
  return {};
}

std::int64_t MetaServer::Quota(const Account& account, bool insights) const {
  const auto active = static_cast<std::int64_t>(std::ranges::count_if(
      account.of(Kind::kAd), [](const auto& entry) { return entry.second.status() == "ACTIVE"; }));
  return insights
             ? limits_.insights_calls_per_hour + active * limits_.insights_calls_per_active_ad
             : limits_.management_calls_per_hour + active * limits_.management_calls_per_active_ad;
}

Graph<> MetaServer::Charge(Account& account, bool insights, Charged* charged) {
  charged->account = &account;
  charged->insights = insights;
  Usage& usage = account.usage;
  if (const std::int64_t hour = HourOf(Now()); usage.hour != hour) usage = {hour, 0, 0};
  std::int64_t& count = insights ? usage.insights : usage.management;
  if (count >= Quota(account, insights)) {
    const int code = insights ? 80000 : 80004;
    return Refuse(
        {.code = code,
         .subcode = 2446079,
         .message = fmt::format("(#{}) There have been too many calls to this ad-account. Wait a "
                                "bit and try again.",
                                code),
         .title = "Ad account has too many API calls",
         .user_message = "There have been too many calls to this ad account."});
  }
  ++count;
  return {};
}

http::Headers MetaServer::UsageHeaders(const Charged& charged) const {
  http::Headers headers;
  const auto percent = [](std::int64_t count, std::int64_t quota) {
    return quota <= 0 ? std::int64_t{100} : std::min<std::int64_t>(100, count * 100 / quota);
  };
  std::int64_t app = 0;
  for (const auto& [id, account] : accounts_) {
    if (account.usage.hour != HourOf(Now())) continue;
    app = std::max(app, percent(account.usage.management, Quota(account, false)));
  }
  headers.emplace_back(
      "X-App-Usage", Dump(Json{{"call_count", app}, {"total_cputime", app}, {"total_time", app}}));
  if (charged.account == nullptr) return headers;

  const Account& account = *charged.account;
  const bool now = account.usage.hour == HourOf(Now());
  Json cases = Json::array();
  double management_percent = 0;
  std::int64_t insights_percent = 0;
  for (const bool insights : {false, true}) {
    const std::int64_t quota = Quota(account, insights);
    const std::int64_t count = !now       ? 0
                               : insights ? account.usage.insights
                                          : account.usage.management;
    const std::int64_t used = percent(count, quota);
    if (insights) {
      insights_percent = used;
    } else {
      const std::int64_t hundredths = quota <= 0 ? 10'000 : count * 10'000 / quota;
      management_percent = static_cast<double>(hundredths) / 100.0;
    }
    if (insights != charged.insights) continue;
    const auto hour_ends = std::chrono::ceil<std::chrono::minutes>(
        std::chrono::floor<std::chrono::hours>(Now()) + std::chrono::hours(1) - Now());
    cases.push_back({{"type", insights ? kInsightsCase : kManagementCase},
                     {"call_count", used},
                     {"total_cputime", used},
                     {"total_time", used},
                     {"estimated_time_to_regain_access", count < quota ? 0 : hour_ends.count()},
                     {"ads_api_access_tier", "standard_access"}});
  }
  headers.emplace_back("X-Business-Use-Case-Usage", Dump(Json{{account.id(), cases}}));
  headers.emplace_back("X-Ad-Account-Usage",
                       Dump(Json{{"acc_id_util_pct", management_percent},
                                 {"reset_time_duration", 0},
                                 {"ads_api_access_tier", "standard_access"}}));
  headers.emplace_back("x-fb-ads-insights-throttle",
                       Dump(Json{{"app_id_util_pct", insights_percent},
                                 {"acc_id_util_pct", insights_percent},
                                 {"ads_api_access_tier", "standard_access"}}));
  return headers;
}

Graph<Json> MetaServer::Route(const Call& call, Charged* charged) {
  const auto& path = call.path;
  if (path.empty()) {
    if (call.method == "POST" && call.params.Has("batch")) return Batch(call);
    if (call.method == "GET" && call.params.Has("ids")) return ReadByIds(call, charged);
    return RefuseObject(call.method, "");
  }
  if (path.size() == 1 && path[0] == "debug_token") return DebugToken(call);
  if (path.size() == 1 && path[0] == "search") return SearchLocations(call);
  if (path[0] == "me") {
    if (path.size() == 1) return Json{{"id", "100000000000001"}, {"name", "Max Optimizer"}};
    if (path.size() != 2 || path[1] != "adaccounts") return RefusePath(path[1]);
    const auto fields = FieldsOf(call.params);
    if (!fields) return Refuse(fields.error());
    std::vector<Json> items;
    std::vector<std::string> keys;
    for (auto& [id, account] : accounts_) {
      auto item = AccountJson(*fields, account);
      if (!item) return item;
      items.push_back(*std::move(item));
      keys.push_back(id);
    }
    const auto window = PageWindow(call.params, keys);
    if (!window) return Refuse(window.error());
    return PageOf(call, std::move(items), keys, *window);
  }
  if (path[0].starts_with("act_")) {
    Account* account = FindAccount(path[0].substr(4));
    if (account == nullptr) return RefuseObject(call.method, path[0]);
    const bool insights = path.size() > 1 && path[1] == "insights";
    if (auto ok = Charge(*account, insights, charged); !ok) return Refuse(ok.error());
    return RouteAccount(call, *account);
  }
  return RouteObject(call, charged);
}

Graph<Json> MetaServer::RouteAccount(const Call& call, Account& account) {
  const bool get = call.method == "GET";
  const bool post = call.method == "POST";
  if (call.path.size() == 1) {
    if (post) return UpdateAccount(call, account);
    if (!get) return RefuseObject(call.method, call.path[0]);
    return ReadAccountNode(call, account);
  }
  const std::string& edge = call.path[1];
  if (call.path.size() > 2) return RefusePath(call.path[2]);
  constexpr std::pair<std::string_view, Kind> kEdges[] = {
      {"campaigns", Kind::kCampaign},   {"adsets", Kind::kAdSet},   {"ads", Kind::kAd},
      {"adcreatives", Kind::kCreative}, {"adimages", Kind::kImage}, {"advideos", Kind::kVideo},
      {"adspixels", Kind::kPixel}};
  for (const auto& [name, kind] : kEdges) {
    if (edge != name) continue;
    if (get) return ListObjects(call, account, kind, "", "");
    if (post && kind == Kind::kImage) return UploadImages(call, account);
    if (post && kind == Kind::kVideo) return UploadVideo(call, account);
    if (post && kind == Kind::kPixel) return CreatePixel(call, account);
    if (post) return CreateObject(call, account, kind);
    if (kind == Kind::kImage) return DeleteImage(call, account);
    if (kind == Kind::kCampaign) return DeleteCampaigns(call, account);
    return RefuseObject(call.method, call.path[0]);
  }
  if (edge == "insights" && get) return Insights(call, account, Level::kAccount, "");
  if (edge == "insights" && post) return StartRun(call, account, Level::kAccount, "");
  if (edge == "activities" && get) return ListActivities(call, account);
  if (edge == "minimum_budgets" && get) return MinimumBudgetList();
  return RefusePath(edge);
}

Graph<Json> MetaServer::RouteObject(const Call& call, Charged* charged) {
  const std::string& id = call.path[0];
  Account* account = OwnerOf(id);
  if (account == nullptr) return RefuseObject(call.method, id);
  const auto run = account->runs.find(id);
  const bool is_run = run != account->runs.end();
  const bool insights = is_run || (call.path.size() > 1 && call.path[1] == "insights");
  if (auto ok = Charge(*account, insights, charged); !ok) return Refuse(ok.error());
  if (call.path.size() > 2) return RefusePath(call.path[2]);
  const std::string edge = call.path.size() > 1 ? call.path[1] : "";
  const bool get = call.method == "GET";
  if (is_run) {
    if (!get) return RefuseObject(call.method, id);
    if (edge.empty()) return ReadRun(run->second, call, *account);
    if (edge == "insights") return RunInsights(run->second, call, *account);
    return RefusePath(edge);
  }

  const Object& object = *account->FindAny(id);
  if (edge.empty()) {
    if (call.method == "DELETE") return DeleteObject(*account, object, {});
    if (call.method == "POST") {
      return UpdateObject(call.params, VersionMajor(call.version), *account, object, {});
    }
    const auto fields = FieldsOf(call.params);
    if (!fields) return Refuse(fields.error());
    return ObjectJson(object, *fields, *account);
  }
  const Kind kind = object.kind;
  const bool has_insights = kind == Kind::kCampaign || kind == Kind::kAdSet || kind == Kind::kAd;
  if (edge == "insights" && has_insights) {
    return get ? Insights(call, *account, LevelOf(kind), id)
               : StartRun(call, *account, LevelOf(kind), id);
  }
  if (!get) return RefuseObject(call.method, id);
  if (edge == "adsets" && kind == Kind::kCampaign) {
    return ListObjects(call, *account, Kind::kAdSet, id, "");
  }
  if (edge == "ads" && kind == Kind::kCampaign) {
    return ListObjects(call, *account, Kind::kAd, id, "");
  }
  if (edge == "ads" && kind == Kind::kAdSet) return ListObjects(call, *account, Kind::kAd, "", id);
  return RefusePath(edge);
}

Result<> MetaServer::HumanEdit(const AccountId& account_id, Level level, const std::string& id,
                               const Fields& changes, const std::string& actor) {
  const std::lock_guard lock(calls_);
  market_.AdvanceTo(Now());
  Account* account = account_id.platform == Platform::kMeta ? FindAccount(account_id.id) : nullptr;
  if (account == nullptr) {
    return Fail(Errc::kNotFound, fmt::format("{} is not served here", PrintAccount(account_id)));
  }
  if (level != Level::kCampaign && level != Level::kAdGroup && level != Level::kAd) {
    return Fail(
        Errc::kInvalidArgument,
        fmt::format("a person edits campaigns, ad groups and ads, not {}", LevelName(level)));
  }
  const Kind kind = level == Level::kCampaign  ? Kind::kCampaign
                    : level == Level::kAdGroup ? Kind::kAdSet
                                               : Kind::kAd;
  const Object* object = account->Find(kind, id);
  if (object == nullptr) {
    return Fail(Errc::kNotFound, fmt::format("{} {} does not exist", LevelName(level), id));
  }

  Result<Params> edit = EditOf(changes, *object, *account);
  if (!edit) return Fail(std::move(edit).error());
  const Params& params = *edit;
  constexpr int kScreensVersion = 26;
  const Graph<Json> done = UpdateObject(params, kScreensVersion, *account, *object, {actor});
  if (!done) {
    const GraphError& error = done.error();
    return Fail({.code = Errc::kInvalidArgument,
                 .what = error.user_message.empty() ? error.message : error.user_message,
                 .platform_code = fmt::format("{}/{}", error.code, error.subcode)});
  }
  return {};
}

std::vector<PlatformServer::Counted> MetaServer::Objects(const AccountId& account_id) const {
  const std::lock_guard lock(calls_);
  std::vector<Counted> out;
  const auto it = accounts_.find(account_id.id);
  if (it == accounts_.end() || account_id.platform != Platform::kMeta) return out;
  constexpr std::pair<Kind, Level> kLevels[] = {{Kind::kCampaign, Level::kCampaign},
                                                {Kind::kAdSet, Level::kAdGroup},
                                                {Kind::kAd, Level::kAd},
                                                {Kind::kImage, Level::kAsset},
                                                {Kind::kVideo, Level::kAsset},
                                                {Kind::kPixel, Level::kConversion}};
  for (const auto& [kind, level] : kLevels) {
    for (const auto& [id, object] : it->second.of(kind)) {
      const std::string name = object.text(kind == Kind::kVideo ? "title" : "name");
      out.push_back({level, id, name, object.status()});
    }
  }
  return out;
}

}  // namespace maxopt::sim::meta

namespace maxopt::sim {

std::unique_ptr<PlatformServer> MakeMetaServer(Market& market, Clock& clock, ServerOptions options,
                                               MetaLimits limits) {
  return std::make_unique<meta::MetaServer>(market, clock, std::move(options), limits);
}

}  // namespace maxopt::sim
