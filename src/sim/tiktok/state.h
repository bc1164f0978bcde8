#pragma once
// Inside of the TikTok server: its objects and the rules that more than one file needs.
#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clock/clock.h"
#include "json/json.h"
#include "money/money.h"
#include "sim/market/market.h"
#include "sim/server/server.h"

namespace maxopt::sim::tiktok {

using Json = nlohmann::json;

/// A refusal as the wire has it: code of the official table, sentence, and the data that comes with
/// a partial success (20001).
struct ApiError {
  int code;
  std::string message;
  Json data = Json::object();
};
template <class T = void>
using Api = std::expected<T, ApiError>;
inline std::unexpected<ApiError> Refuse(int code, std::string message) {
  return std::unexpected(ApiError{code, std::move(message)});
}

inline constexpr int kOk = 0;
inline constexpr int kPartial = 20001;
inline constexpr int kNoPermission = 40001;
inline constexpr int kBadParameter = 40002;
inline constexpr int kVersionGone = 40006;
inline constexpr int kNoObject = 40007;
inline constexpr int kNotImplemented = 40008;
inline constexpr int kTooManyIds = 40011;
inline constexpr int kTooManyAds = 40502;

/// One call after the envelope was checked.
struct Call {
  std::string method;
  std::string path;  ///< behind the version: "/campaign/create/"
  std::map<std::string, std::string> query;
  std::string content_type;
  std::string raw_body;
  Json body = Json::object();  ///< of a POST with JSON
};

struct Object {
  Level level;
  std::string id;
  std::string parent_id;
  std::string campaign_id;
  std::string status;  ///< operation_status: ENABLE | DISABLE | DELETE
  Json fields;         ///< as on the wire, without ids of parents, status and times
  Instant created_at;
  Instant modified_at;
  Instant submitted_at;      ///< to the review; ads only
  bool resubmitted = false;  ///< by an edit
};

struct File {
  std::string id;
  std::string material_id;
  std::string name;
  std::string signature;
  std::string format;
  bool video;
  int width;
  int height;
  std::size_t size_bytes;
  Instant created_at;
};

/// Never paused and never deleted: the API has no call for it.
struct Pixel {
  std::string id;
  std::string code;
  std::string name;
  std::vector<std::string> events;  ///< optimization_event words that it was told of
  Instant created_at;
};

struct LogEntry {
  Instant at;
  Level level;
  std::string id;
  std::string operation;  ///< CREATE | UPDATE | STATUS | DELETE
  std::string module;     ///< BUDGET | BIDDING_AND_OPTIMIZATION | STATUS | TARGETING | ""
  std::string attribute;  ///< "Budget", "On/Off Status", ...
  std::string actor;
  std::string source;
  std::string before;
  std::string after;
};

/// An asynchronous file: done by the second time somebody asks.
struct Task {
  std::string kind;  ///< "report" | "changelog"
  std::string account_id;
  std::string content;
  int asked = 0;
  bool cancelled = false;
};

struct Actor {
  std::string name;
  std::string source;
};

/// One advertiser. All members are guarded by the server's mutex.
struct Account final : DeliverySource {
  Account(std::mutex& state_mutex, ServedAccount account)
      : mutex(state_mutex), served(std::move(account)) {}
  std::vector<BudgetUnit> Deliverable(Instant hour_begins) override;

  const std::string& id() const { return served.setup.account.id; }
  std::map<std::string, Object>& Of(Level level);
  const std::map<std::string, Object>& Of(Level level) const;
  /// nullptr when it does not exist; deleted objects exist.
  Object* Find(Level level, const std::string& object_id);
  const Object* Find(Level level, const std::string& object_id) const;

  std::mutex& mutex;
  ServedAccount served;
  std::map<std::string, Object> campaigns;
  std::map<std::string, Object> ad_groups;
  std::map<std::string, Object> ads;
  std::map<std::string, File> images;
  std::map<std::string, File> videos;
  std::vector<Pixel> pixels;  ///< oldest first
  std::vector<LogEntry> log;
  const Pixel* FindPixel(const std::string& pixel_id) const;
  Pixel* FindPixel(const std::string& pixel_id);
  /// Body request_id -> path and body it came with, and what it made.
  struct Done {
    std::string what;
    Level level;
    std::string id;
  };
  std::map<std::string, Done> by_request_id;
};

class TikTokServer final : public PlatformServer {
 public:
  TikTokServer(Market& market, Clock& clock, ServerOptions options);
  ~TikTokServer() override;
  http::Response Handle(const http::Request& request) override;
  Result<> HumanEdit(const AccountId& account, Level level, const std::string& id,
                     const Fields& changes, const std::string& actor) override;
  std::vector<Counted> Objects(const AccountId& account) const override;
  std::vector<ConversionReceiver::Count> Conversions() const override {
    return conversions_.Counts();
  }

 private:
  using Method = Api<Json> (TikTokServer::*)(const Call&);
  struct Route {
    std::string_view method;
    std::string_view path;
    Method handler;
    bool needs_token = true;
  };
  static std::span<const Route> Routes();

  // tiktok.cc
  http::Response Envelope(int code, const std::string& message, const Json& data);
  Api<> CheckToken(const http::Request& request) const;
  Api<> CheckRate(const std::string& account_id);
  Api<Account*> AccountOf(const Call& call);
  std::string NextId();
  Api<Json> OauthToken(const Call& call);
  Api<Json> OauthAdvertisers(const Call& call);
  Api<Json> AdvertiserInfo(const Call& call);
  Api<Json> RegionList(const Call& call);

  // pixels.cc
  Api<Json> PixelList(const Call& call);
  Api<Json> PixelCreate(const Call& call);
  Api<Json> PixelUpdate(const Call& call);
  Api<Json> PixelEventCreate(const Call& call);

  // objects.cc
  Api<Json> CampaignCreate(const Call& call);
  Api<Json> AdGroupCreate(const Call& call);
  Api<Json> AdCreate(const Call& call);
  Api<Json> CampaignUpdate(const Call& call);
  Api<Json> AdGroupUpdate(const Call& call);
  Api<Json> AdUpdate(const Call& call);
  Api<Json> AdGroupBudgetUpdate(const Call& call);
  Api<Json> StatusUpdate(const Call& call);
  Api<Json> Update(const Call& call, Level level);
  Api<> ChangeStatus(Account& account, Object& object, const std::string& status,
                     const Actor& actor);
  Money Spent(const Account& account, const Object& object) const;

  // lists.cc
  Api<Json> CampaignGet(const Call& call) { return List(call, Level::kCampaign); }
  Api<Json> AdGroupGet(const Call& call) { return List(call, Level::kAdGroup); }
  Api<Json> AdGet(const Call& call) { return List(call, Level::kAd); }
  Api<Json> List(const Call& call, Level level);
  Api<Json> ReviewInfo(const Call& call);

  // files.cc
  Api<Json> ImageUpload(const Call& call);
  Api<Json> VideoUpload(const Call& call);
  Api<Json> ImageInfo(const Call& call);
  Api<Json> VideoInfo(const Call& call);
  Api<Json> ImageSearch(const Call& call);
  Api<Json> VideoSearch(const Call& call);

  // reports.cc
  Api<Json> Report(const Call& call);
  Api<Json> ReportTaskCreate(const Call& call);
  Api<Json> ReportTaskCancel(const Call& call);
  struct ReportAnswer;
  Api<ReportAnswer> RunReport(const Json& query);

  // history.cc
  Api<Json> ChangelogCreate(const Call& call);
  Api<Json> ChangelogDownload(const Call& call);
  Api<Json> TaskCheck(const Call& call);
  Api<Task*> TaskOf(const Call& call, std::string_view kind);
  std::optional<http::Response> ReportDownload(const Call& call);

  Market& market_;
  Clock& clock_;
  ConversionReceiver conversions_{clock_};
  const ServerOptions options_;
  /// Never held while the market is called: the market's lock comes first (Deliverable).
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Account>> accounts_;
  std::map<std::string, Task> tasks_;
  std::uint64_t ids_given_ = 0;
  std::uint64_t answers_given_ = 0;
  std::deque<Instant> calls_of_app_;
  std::map<std::string, std::deque<Instant>> calls_of_account_;
};

// --- words.cc: the platform's words as data ------------------------------------------------------

/// True when `word` is one of the space-separated `words`.
bool IsOneOf(std::string_view words, std::string_view word);
/// Members of a body or query that the official SDK knows (others are refused: 40002).
std::string_view CreateFields(Level level);
std::string_view UpdateFields(Level level);
/// Creative fields that ad/update/ takes with patch_update.
extern const std::string_view kAdPatchFields;
/// Allowed words of an enum member, "" when it is not an enum that the server checks.
std::string_view EnumWords(std::string_view field);
/// kBadParameter unless objective, goal and billing event go together.
Api<> CheckGoal(std::string_view objective, std::string_view goal, std::string_view billing);
/// Least daily budget of a campaign or ad group.
Money LeastBudget(Level level, Currency currency);
struct Region {
  std::string_view location_id;
  std::string_view code;
  std::string_view name;
  std::string_view parent_id = "0";  ///< of a province; "0": a country
};
std::span<const Region> Regions();
/// nullptr when there is no such location.
const Region* FindRegion(std::string_view location_id);
/// "campaign_id", "adgroup_id", "ad_id".
std::string IdField(Level level);
std::string NameField(Level level);
std::string_view LevelWord(Level level);

// --- rules.cc: checks of members -----------------------------------------------------------------

Api<std::string> NeedText(const Json& object, std::string_view field);
std::string TextOr(const Json& object, std::string_view field, std::string_view otherwise);
Api<std::vector<std::string>> TextList(const Json& value, std::string_view field, std::size_t max);
/// Every member known, of its type, and a word of its enum.
Api<> CheckMembers(const Json& object, std::string_view known);
Api<Money> Amount(const Json& value, std::string_view field, Currency currency);
Api<Instant> UtcTime(const Json& value, std::string_view field);
std::string PrintUtc(Instant at);
Api<> CheckName(const std::string& name, std::string_view field, std::size_t length_max);
std::string Lower(std::string text);
/// JSON parameter of a GET: {} when absent.
Api<Json> JsonParam(const Call& call, const std::string& name, Json otherwise);
struct Page {
  std::int64_t page;
  std::int64_t page_size;
};
Api<Page> PageOf(const Call& call, std::int64_t page_size_default,
                 std::int64_t page_size_max = 1000);
Json PageInfo(const Page& page, std::size_t total);

Api<> CheckCampaign(const Account& account, const Json& fields);
Api<> CheckAdGroup(const Account& account, const Object& campaign, const Json& fields);
Api<> CheckCreative(const Account& account, const Object& ad_group, const Json& creative);
/// Of an ad group: start, end, and what the budget mode needs of them.
Api<> CheckSchedule(const Json& fields, Instant now);
/// A budget set on an object that exists: mode, minimum, what is spent already.
Api<> CheckNewBudget(const Account& account, const Object& object, const Object& campaign,
                     const Json& budget, Money spent);
bool BudgetOptimized(const Object& campaign);

// --- lists.cc ------------------------------------------------------------------------------------

std::string SecondaryStatus(const Account& account, const Object& object, Instant now);
std::string PrimaryStatus(const std::string& secondary);
Review ReviewOfAd(const Object& ad, Instant now);
/// The object as the wire shows it.
Json Show(const Account& account, const Object& object, Instant now);

// --- pixels.cc -----------------------------------------------------------------------------------

/// The pixel that an account has from the start: its shop has fired every event there is.
Pixel FirstPixel(const ServedAccount& served, Instant now);

// --- people.cc -----------------------------------------------------------------------------------

/// What a person's edit of our fields changes on the wire: members of an update, and the new
/// operation_status ("" when it stays).
struct Edit {
  Json wire = Json::object();
  std::string status;
};
Result<Edit> EditOf(Level level, const Json& object, const Fields& changes, const Zone& zone);

// --- history.cc ----------------------------------------------------------------------------------

void Log(Account& account, const Object& object, Instant at, const Actor& actor,
         std::string operation, std::string_view field, const Json& before, const Json& after);

}  // namespace maxopt::sim::tiktok
