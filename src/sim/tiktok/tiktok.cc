#include "sim/tiktok/tiktok.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/tiktok/state.h"

namespace maxopt::sim {

std::string TikTokPixelIdOf(const AccountId& account) { return "7" + account.id; }

std::unique_ptr<PlatformServer> MakeTikTokServer(Market& market, Clock& clock,
                                                 ServerOptions options) {
  return std::make_unique<tiktok::TikTokServer>(market, clock, std::move(options));
}

}  // namespace maxopt::sim

namespace maxopt::sim::tiktok {
namespace {

constexpr std::string_view kPrefix = "/open_api/";
/// First id given: 16 digits, as the platform's are. Ids are even spaced so that a neighbour's id
/// is no object.
constexpr std::uint64_t kFirstId = 1'800'000'000'000'001;
constexpr std::uint64_t kIdStep = 16;
constexpr std::size_t kRateAppDefault = 10'000;
constexpr std::size_t kRateAccountDefault = 5'000;

http::Response HtmlPage(int status, std::string_view title) {
  return {.status = status,
          .headers = {{"Content-Type", "text/html; charset=utf-8"}},
          .body = fmt::format("<!DOCTYPE html><html><head><title>{0}</title></head><body>"
                              "<h1>{0}</h1></body></html>",
                              title)};
}

std::string Secret(const ServerOptions& options, const std::string& name) {
  const auto at = options.secrets.find(name);
  return at == options.secrets.end() ? std::string() : at->second;
}

std::size_t Rate(const ServerOptions& options, const std::string& name, std::size_t otherwise) {
  const std::string text = Secret(options, name);
  if (text.empty() || text.size() > 9 ||
      text.find_first_not_of("0123456789") != std::string::npos) {
    return otherwise;
  }
  return std::stoul(text);
}

/// True when one more call fits into the second before `now`.
bool Fits(std::deque<Instant>& calls, Instant now, std::size_t most) {
  while (!calls.empty() && calls.front() + std::chrono::seconds(1) <= now) calls.pop_front();
  if (calls.size() >= most) return false;
  calls.push_back(now);
  return true;
}

}  // namespace

std::map<std::string, Object>& Account::Of(Level level) {
  switch (level) {
    case Level::kCampaign:
      return campaigns;
    case Level::kAdGroup:
      return ad_groups;
    case Level::kAd:
      return ads;
    case Level::kAccount:
    case Level::kConversion:
    case Level::kAsset:
      break;
  }
  Bug();
}

const std::map<std::string, Object>& Account::Of(Level level) const {
  return const_cast<Account*>(this)->Of(level);
}

Object* Account::Find(Level level, const std::string& object_id) {
  auto& objects = Of(level);
  const auto at = objects.find(object_id);
  return at == objects.end() ? nullptr : &at->second;
}

const Object* Account::Find(Level level, const std::string& object_id) const {
  return const_cast<Account*>(this)->Find(level, object_id);
}

const Pixel* Account::FindPixel(const std::string& pixel_id) const {
  return const_cast<Account*>(this)->FindPixel(pixel_id);
}

Pixel* Account::FindPixel(const std::string& pixel_id) {
  const auto at = std::find_if(pixels.begin(), pixels.end(),
                               [&](const Pixel& pixel) { return pixel.id == pixel_id; });
  return at == pixels.end() ? nullptr : &*at;
}

TikTokServer::TikTokServer(Market& market, Clock& clock, ServerOptions options)
    : market_(market), clock_(clock), options_(std::move(options)) {
  for (const ServedAccount& served : options_.accounts) {
    auto account = std::make_unique<Account>(mutex_, served);
    account->pixels.push_back(FirstPixel(served, clock_.Now()));
    market_.Register(served.setup, account.get());
    accounts_.emplace(served.setup.account.id, std::move(account));
  }
}

TikTokServer::~TikTokServer() {
  for (const auto& [id, account] : accounts_) market_.Unregister(account->served.setup.account);
}

std::span<const TikTokServer::Route> TikTokServer::Routes() {
  static constexpr Route kRoutes[] = {
      {"POST", "/oauth2/access_token/", &TikTokServer::OauthToken, false},
      {"GET", "/oauth2/advertiser/get/", &TikTokServer::OauthAdvertisers},
      {"GET", "/advertiser/info/", &TikTokServer::AdvertiserInfo},
      {"GET", "/pixel/list/", &TikTokServer::PixelList},
      {"POST", "/pixel/create/", &TikTokServer::PixelCreate},
      {"POST", "/pixel/update/", &TikTokServer::PixelUpdate},
      {"POST", "/pixel/event/create/", &TikTokServer::PixelEventCreate},
      {"GET", "/tool/region/", &TikTokServer::RegionList},
      {"POST", "/campaign/create/", &TikTokServer::CampaignCreate},
      {"POST", "/campaign/update/", &TikTokServer::CampaignUpdate},
      {"POST", "/campaign/status/update/", &TikTokServer::StatusUpdate},
      {"GET", "/campaign/get/", &TikTokServer::CampaignGet},
      {"POST", "/adgroup/create/", &TikTokServer::AdGroupCreate},
      {"POST", "/adgroup/update/", &TikTokServer::AdGroupUpdate},
      {"POST", "/adgroup/budget/update/", &TikTokServer::AdGroupBudgetUpdate},
      {"POST", "/adgroup/status/update/", &TikTokServer::StatusUpdate},
      {"GET", "/adgroup/get/", &TikTokServer::AdGroupGet},
      {"POST", "/ad/create/", &TikTokServer::AdCreate},
      {"POST", "/ad/update/", &TikTokServer::AdUpdate},
      {"POST", "/ad/status/update/", &TikTokServer::StatusUpdate},
      {"GET", "/ad/get/", &TikTokServer::AdGet},
      {"GET", "/ad/review_info/", &TikTokServer::ReviewInfo},
      {"POST", "/file/image/ad/upload/", &TikTokServer::ImageUpload},
      {"GET", "/file/image/ad/info/", &TikTokServer::ImageInfo},
      {"GET", "/file/image/ad/search/", &TikTokServer::ImageSearch},
      {"POST", "/file/video/ad/upload/", &TikTokServer::VideoUpload},
      {"GET", "/file/video/ad/info/", &TikTokServer::VideoInfo},
      {"GET", "/file/video/ad/search/", &TikTokServer::VideoSearch},
      {"GET", "/report/integrated/get/", &TikTokServer::Report},
      {"POST", "/report/task/create/", &TikTokServer::ReportTaskCreate},
      {"GET", "/report/task/check/", &TikTokServer::TaskCheck},
      {"POST", "/report/task/cancel/", &TikTokServer::ReportTaskCancel},
      {"POST", "/changelog/task/create/", &TikTokServer::ChangelogCreate},
      {"GET", "/changelog/task/check/", &TikTokServer::TaskCheck},
      {"GET", "/changelog/task/download/", &TikTokServer::ChangelogDownload},
  };
  return kRoutes;
}

http::Response TikTokServer::Envelope(int code, const std::string& message, const Json& data) {
  const Instant now = clock_.Now();
  std::uint64_t number = 0;
  {
    const std::scoped_lock lock(mutex_);
    number = ++answers_given_;
  }
  std::string stamp = PrintUtc(now);
  std::erase_if(stamp, [](char c) { return c < '0' || c > '9'; });
  const Json envelope{{"code", code},
                      {"message", message},
                      {"request_id", fmt::format("{}{:018X}", stamp, number)},
                      {"data", data}};
  return {.status = 200,
          .headers = {{"Content-Type", "application/json; charset=utf-8"}},
          .body = PrintExactJson(envelope)};
}

Api<> TikTokServer::CheckToken(const http::Request& request) const {
  const auto token = http::FindHeader(request.headers, "Access-Token");
  if (!token || token->empty()) {
    return Refuse(40104,
                  "Access token is null, you should set it in http header with key Access-Token.");
  }
  const std::string good = Secret(options_, "access_token");
  if (good.empty() || *token != good) return Refuse(40105, "Access token is incorrect or revoked.");
  const auto expires = ParseInstant(Secret(options_, "access_token_expires_at"));
  if (expires && clock_.Now() >= *expires) return Refuse(40102, "Access token has expired.");
  return {};
}

Api<> TikTokServer::CheckRate(const std::string& account_id) {
  const std::scoped_lock lock(mutex_);
  const Instant now = clock_.Now();
  if (!Fits(calls_of_app_, now, Rate(options_, "qps_app", kRateAppDefault))) {
    return Refuse(40100, "Too many requests. Please retry in some time.");
  }
  if (!account_id.empty() && !Fits(calls_of_account_[account_id], now,
                                   Rate(options_, "qps_advertiser", kRateAccountDefault))) {
    return Refuse(40133, "Too many requests of this advertiser. Please retry in some time.");
  }
  return {};
}

Api<Account*> TikTokServer::AccountOf(const Call& call) {
  std::string id;
  if (call.method == "GET") {
    const auto at = call.query.find("advertiser_id");
    if (at != call.query.end()) id = at->second;
    if (id.empty()) return Refuse(kBadParameter, "advertiser_id: Missing data for required field.");
  } else {
    MAXOPT_TRY(id, NeedText(call.body, "advertiser_id"));
  }
  const auto at = accounts_.find(id);
  if (at == accounts_.end()) {
    return Refuse(kNoPermission, fmt::format("No permission to operate advertiser {}.", id));
  }
  return at->second.get();
}

std::string TikTokServer::NextId() { return std::to_string(kFirstId + kIdStep * ids_given_++); }

http::Response TikTokServer::Handle(const http::Request& request) {
  const auto url = http::ParseUrl(request.url);
  if (!url || !url->path.starts_with(kPrefix) || !url->path.ends_with('/')) {
    return HtmlPage(404, "404 Not Found");
  }
  const std::string_view rest = std::string_view(url->path).substr(kPrefix.size());
  const std::string version(rest.substr(0, rest.find('/')));
  const std::string path(rest.substr(version.size()));
  if (options_.versions.empty() ? version != "v1.3" : !options_.versions.contains(version)) {
    return HtmlPage(404, "404 Not Found");
  }
  if (const auto at = options_.versions.find(version); at != options_.versions.end()) {
    if (at->second && clock_.Now() >= *at->second) {
      return Envelope(kVersionGone, fmt::format("The API version {} is no longer served.", version),
                      Json::object());
    }
  }
  Call call{.method = request.method,
            .path = path,
            .query = {},
            .content_type = {},
            .raw_body = request.body};
  for (const auto& [name, value] : url->query) call.query[name] = value;
  call.content_type = std::string(http::FindHeader(request.headers, "Content-Type").value_or(""));
  const auto refused = [this](const ApiError& error) {
    return Envelope(error.code, error.message, error.data);
  };

  if (ConversionReceiver::IsTikTok(request)) {
    if (auto ok = CheckToken(request); !ok) return refused(ok.error());
    if (auto ok = CheckRate(""); !ok) return refused(ok.error());
    return conversions_.TikTok(request, [this](const std::string& code) {
      const std::scoped_lock lock(mutex_);
      return std::ranges::any_of(accounts_, [&](const auto& entry) {
        return std::ranges::any_of(entry.second->pixels,
                                   [&](const Pixel& pixel) { return pixel.code == code; });
      });
    });
  }

  const bool download = path == "/report/task/download/";
  const Route* route = nullptr;
  bool path_known = download;
  for (const Route& candidate : Routes()) {
    if (candidate.path != path) continue;
    path_known = true;
    if (candidate.method == request.method) route = &candidate;
  }
  if (!path_known) {
    if (path.starts_with("/smart_plus/")) {
      return Envelope(kNotImplemented, "Smart+ is not served by this simulator.", Json::object());
    }
    return HtmlPage(404, "404 Not Found");
  }
  if (route == nullptr && !(download && request.method == "GET")) {
    return Envelope(40117, fmt::format("The method {} is not allowed here.", request.method),
                    Json::object());
  }
  if (route == nullptr || route->needs_token) {
    if (const auto good = CheckToken(request); !good) return refused(good.error());
  }
  const bool multipart = call.content_type.starts_with("multipart/form-data");
  if (request.method == "POST" && !multipart) {
    auto body = ParseExactJson(request.body);
    if (!body || !body->is_object()) {
      return Envelope(kBadParameter, "The request body is not a JSON object.", Json::object());
    }
    call.body = std::move(*body);
  }
  std::string account_id = TextOr(call.body, "advertiser_id", "");
  if (const auto at = call.query.find("advertiser_id"); at != call.query.end()) {
    account_id = at->second;
  }
  if (const auto fits = CheckRate(account_id); !fits) return refused(fits.error());
  market_.AdvanceTo(clock_.Now());
  if (download) {
    if (auto file = ReportDownload(call)) return std::move(*file);
    return Envelope(kNoObject, "task_id: There is no finished report of this id.", Json::object());
  }
  try {
    const Api<Json> answer = (this->*route->handler)(call);
    if (!answer) return refused(answer.error());
    return Envelope(kOk, "OK", *answer);
  } catch (const Json::exception&) {
    // A member of a type that no rule foresaw: the caller's mistake, never a crash.
    return Envelope(kBadParameter, "The parameters are not of the expected types.", Json::object());
  }
}

Api<Json> TikTokServer::OauthToken(const Call& call) {
  MAXOPT_TRY(const std::string app, NeedText(call.body, "app_id"));
  MAXOPT_TRY(const std::string secret, NeedText(call.body, "secret"));
  MAXOPT_TRY(const std::string code, NeedText(call.body, "auth_code"));
  if (app != Secret(options_, "app_id") || secret != Secret(options_, "secret")) {
    return Refuse(40113, "The app does not exist or its secret is wrong.");
  }
  if (code != Secret(options_, "auth_code")) {
    return Refuse(40110, "The authorization code is invalid.");
  }
  Json ids = Json::array();
  for (const auto& [id, account] : accounts_) ids.push_back(id);
  return Json{{"access_token", Secret(options_, "access_token")},
              {"advertiser_ids", ids},
              {"scope", Json::array({1, 2, 3, 4, 5, 6, 7, 8, 9, 11})}};
}

Api<Json> TikTokServer::OauthAdvertisers(const Call& call) {
  for (const char* name : {"app_id", "secret"}) {
    const auto at = call.query.find(name);
    if (at == call.query.end() || at->second.empty()) {
      return Refuse(kBadParameter, fmt::format("{}: Missing data for required field.", name));
    }
    if (at->second != Secret(options_, name)) {
      return Refuse(40113, "The app does not exist or its secret is wrong.");
    }
  }
  Json list = Json::array();
  for (const auto& [id, account] : accounts_) {
    list.push_back({{"advertiser_id", id}, {"advertiser_name", account->served.name}});
  }
  return Json{{"list", list}};
}

Api<Json> TikTokServer::AdvertiserInfo(const Call& call) {
  MAXOPT_TRY(const Json wanted, JsonParam(call, "advertiser_ids", Json()));
  MAXOPT_TRY(const std::vector<std::string> ids, TextList(wanted, "advertiser_ids", 100));
  if (ids.empty()) return Refuse(kBadParameter, "advertiser_ids: Missing data for required field.");
  MAXOPT_TRY(const Json fields_json, JsonParam(call, "fields", Json::array()));
  MAXOPT_TRY(const std::vector<std::string> fields, TextList(fields_json, "fields", 100));
  Json list = Json::array();
  for (const std::string& id : ids) {
    const auto at = accounts_.find(id);
    if (at == accounts_.end()) {
      return Refuse(kNoPermission, fmt::format("No permission to operate advertiser {}.", id));
    }
    const ServedAccount& served = at->second->served;
    const Json all{{"advertiser_id", id},
                   {"name", served.name},
                   {"company", served.name},
                   {"currency", std::string(served.setup.currency.name())},
                   {"timezone", served.setup.zone.name()},
                   {"display_timezone", served.setup.zone.name()},
                   {"status", "STATUS_ENABLE"},
                   {"role", "ROLE_ADVERTISER"}};
    if (fields.empty()) {
      list.push_back(all);
      continue;
    }
    Json cut{{"advertiser_id", id}};
    for (const std::string& field : fields) {
      if (!all.contains(field)) {
        return Refuse(kBadParameter, fmt::format("fields: {} is not a field here.", field));
      }
      cut[field] = all.at(field);
    }
    list.push_back(std::move(cut));
  }
  return Json{{"list", list}};
}

Api<Json> TikTokServer::RegionList(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_CHECK(AccountOf(call));
  for (const char* name : {"placements", "objective_type"}) {
    if (!call.query.contains(name)) {
      return Refuse(kBadParameter, fmt::format("{}: Missing data for required field.", name));
    }
  }
  const auto range = call.query.find("level_range");
  const std::string levels = range == call.query.end() ? "TO_DISTRICT" : range->second;
  if (!IsOneOf("ALL TO_COUNTRY TO_PROVINCE TO_CITY TO_DISTRICT", levels)) {
    return Refuse(kBadParameter, fmt::format("level_range: {} is not a level range.", levels));
  }
  Json list = Json::array();
  for (const Region& region : Regions()) {
    const bool country = region.parent_id == "0";
    if (!country && levels == "TO_COUNTRY") continue;
    Json next = Json::array();
    for (const Region& other : Regions()) {
      if (other.parent_id == region.location_id) next.push_back(other.location_id);
    }
    list.push_back({{"location_id", region.location_id},
                    {"region_code", region.code},
                    {"name", region.name},
                    {"level", country ? "COUNTRY" : "PROVINCE"},
                    {"area_type", "ADMIN"},
                    {"parent_id", region.parent_id},
                    {"next_level_ids", std::move(next)}});
  }
  return Json{{"region_info", list}};
}

std::vector<PlatformServer::Counted> TikTokServer::Objects(const AccountId& account_id) const {
  const std::scoped_lock lock(mutex_);
  std::vector<Counted> counted;
  const auto at = accounts_.find(account_id.id);
  if (at == accounts_.end()) return counted;
  for (const Level level : {Level::kCampaign, Level::kAdGroup, Level::kAd}) {
    for (const auto& [id, object] : at->second->Of(level)) {
      const std::string_view status = object.status == "ENABLE"    ? kActive
                                      : object.status == "DISABLE" ? kPaused
                                                                   : kRemoved;
      counted.push_back(
          {level, id, TextOr(object.fields, NameField(level), ""), std::string(status)});
    }
  }
  for (const Pixel& pixel : at->second->pixels) {
    // What the account has from the start was made by nobody.
    if (pixel.id == TikTokPixelIdOf(account_id)) continue;
    counted.push_back({Level::kConversion, pixel.id, pixel.name, std::string(kActive)});
  }
  for (const auto* files : {&at->second->images, &at->second->videos}) {
    for (const auto& [id, file] : *files) counted.push_back({Level::kAsset, id, file.name, ""});
  }
  return counted;
}

}  // namespace maxopt::sim::tiktok
