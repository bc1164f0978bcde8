#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/tiktok/state.h"

namespace maxopt::sim::tiktok {
namespace {

constexpr std::size_t kCreativesMax = 20;
constexpr std::size_t kStatusIdsMax = 20;
constexpr std::size_t kAdsInGroupMax = 20;
const Actor kApi{"d*******r@example.com", "Marketing API"};

void DropNulls(Json& object) {
  for (auto it = object.begin(); it != object.end();) {
    it = it->is_null() ? object.erase(it) : std::next(it);
  }
}

/// What the body made before, if its request_id was seen; refuses a second body under one id.
Api<const Account::Done*> Repeated(const Account& account, const Call& call) {
  const auto at = call.body.find("request_id");
  if (at == call.body.end()) return nullptr;
  const std::string id = at->get<std::string>();
  const bool digits =
      !id.empty() && id.size() <= 19 &&
      std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || (id.size() == 19 && id > "9223372036854775807")) {
    return Refuse(kBadParameter, "request_id: It must be a string of a 64-bit integer.");
  }
  const auto done = account.by_request_id.find(id);
  if (done == account.by_request_id.end()) return nullptr;
  if (done->second.what != call.path + PrintExactJson(call.body)) {
    return Refuse(kBadParameter,
                  fmt::format("request_id: {} was used for another request already.", id));
  }
  return &done->second;
}

void Remember(Account& account, const Call& call, const Object& made) {
  const auto at = call.body.find("request_id");
  if (at == call.body.end()) return;
  account.by_request_id[at->get<std::string>()] = {call.path + PrintExactJson(call.body),
                                                   made.level, made.id};
}

/// Budgets and bids are shown with the decimals of the currency.
void Normalise(Json& fields, Currency currency) {
  for (const char* name : {"budget", "bid_price", "conversion_bid_price", "deep_cpa_bid"}) {
    const auto at = fields.find(name);
    if (at == fields.end()) continue;
    if (const auto money = JsonMoney(*at, currency)) *at = MoneyToken(*money);
  }
}

bool Gone(const Account& account, const Object& object) {
  if (object.status == "DELETE") return true;
  const Object* parent = nullptr;
  if (object.level == Level::kAdGroup) parent = account.Find(Level::kCampaign, object.campaign_id);
  if (object.level == Level::kAd) parent = account.Find(Level::kAdGroup, object.parent_id);
  return parent != nullptr && Gone(account, *parent);
}

Api<Object*> Living(Account& account, Level level, const std::string& id) {
  Object* object = account.Find(level, id);
  if (object == nullptr) {
    return Refuse(kNoObject,
                  fmt::format("{}: {} {} does not exist.", IdField(level), LevelWord(level), id));
  }
  if (Gone(account, *object)) {
    return Refuse(kBadParameter, fmt::format("{}: {} {} has been deleted and cannot be edited.",
                                             IdField(level), LevelWord(level), id));
  }
  return object;
}

/// What people see of a creative; when it changes, the review starts again.
std::string Seen(const Json& fields) {
  std::string seen;
  for (const char* name : {"ad_text", "display_name", "image_ids", "video_id", "landing_page_url",
                           "call_to_action", "ad_format"}) {
    const auto at = fields.find(name);
    if (at != fields.end()) seen += PrintExactJson(*at);
    seen += '\n';
  }
  return seen;
}

std::string TakeStatus(Json& fields) {
  const std::string status = TextOr(fields, "operation_status", "ENABLE");
  fields.erase("operation_status");
  return status;
}

}  // namespace

Api<Json> TikTokServer::CampaignCreate(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  MAXOPT_CHECK(CheckMembers(call.body, CreateFields(Level::kCampaign)));
  MAXOPT_TRY(const Account::Done* const done, Repeated(*account, call));
  const Instant now = clock_.Now();
  if (done != nullptr) return Show(*account, *account->Find(done->level, done->id), now);
  Json fields = call.body;
  DropNulls(fields);
  MAXOPT_CHECK(CheckCampaign(*account, fields));
  for (const char* name : {"advertiser_id", "request_id"}) fields.erase(name);
  if (!fields.contains("budget_mode")) fields["budget_mode"] = "BUDGET_MODE_INFINITE";
  if (!fields.contains("budget")) fields["budget"] = 0;
  if (!fields.contains("budget_optimize_on")) fields["budget_optimize_on"] = false;
  Normalise(fields, account->served.setup.currency);
  Object campaign{.level = Level::kCampaign,
                  .id = NextId(),
                  .parent_id = {},
                  .campaign_id = {},
                  .status = TakeStatus(fields),
                  .fields = std::move(fields),
                  .created_at = now,
                  .modified_at = now,
                  .submitted_at = now};
  const auto [at, added] = account->campaigns.emplace(campaign.id, campaign);
  Remember(*account, call, at->second);
  Log(*account, at->second, now, kApi, "CREATE", "", Json(), Json());
  return Show(*account, at->second, now);
}

Api<Json> TikTokServer::AdGroupCreate(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  MAXOPT_CHECK(CheckMembers(call.body, CreateFields(Level::kAdGroup)));
  MAXOPT_TRY(const Account::Done* const done, Repeated(*account, call));
  const Instant now = clock_.Now();
  if (done != nullptr) return Show(*account, *account->Find(done->level, done->id), now);
  Json fields = call.body;
  DropNulls(fields);
  MAXOPT_TRY(const std::string campaign_id, NeedText(fields, "campaign_id"));
  MAXOPT_TRY(Object* const campaign, Living(*account, Level::kCampaign, campaign_id));
  MAXOPT_CHECK(CheckAdGroup(*account, *campaign, fields));
  MAXOPT_CHECK(CheckSchedule(fields, now));
  for (const char* name : {"advertiser_id", "request_id", "campaign_id"}) fields.erase(name);
  if (BudgetOptimized(*campaign)) {
    fields["budget_mode"] = "BUDGET_MODE_INFINITE";
    fields["budget"] = 0;
  }
  if (!fields.contains("bid_type")) fields["bid_type"] = "BID_TYPE_NO_BID";
  if (!fields.contains("gender")) fields["gender"] = "GENDER_UNLIMITED";
  if (!fields.contains("placement_type")) fields["placement_type"] = "PLACEMENT_TYPE_AUTOMATIC";
  Normalise(fields, account->served.setup.currency);
  Object group{.level = Level::kAdGroup,
               .id = NextId(),
               .parent_id = campaign_id,
               .campaign_id = campaign_id,
               .status = TakeStatus(fields),
               .fields = std::move(fields),
               .created_at = now,
               .modified_at = now,
               .submitted_at = now};
  const auto [at, added] = account->ad_groups.emplace(group.id, group);
  Remember(*account, call, at->second);
  Log(*account, at->second, now, kApi, "CREATE", "", Json(), Json());
  return Show(*account, at->second, now);
}

Api<Json> TikTokServer::AdCreate(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  MAXOPT_CHECK(CheckMembers(call.body, "advertiser_id adgroup_id creatives"));
  MAXOPT_TRY(const std::string group_id, NeedText(call.body, "adgroup_id"));
  MAXOPT_TRY(Object* const group, Living(*account, Level::kAdGroup, group_id));
  const Json creatives = call.body.value("creatives", Json());
  if (!creatives.is_array() || creatives.empty()) {
    return Refuse(kBadParameter, "creatives: Missing data for required field.");
  }
  if (creatives.size() > kCreativesMax) {
    return Refuse(kBadParameter, fmt::format("creatives: At most {} per call.", kCreativesMax));
  }
  std::size_t living = 0;
  for (const auto& [id, ad] : account->ads) {
    if (ad.parent_id == group_id && ad.status != "DELETE") ++living;
  }
  if (living + creatives.size() > kAdsInGroupMax) {
    return Refuse(kTooManyAds, fmt::format("The ad group {} has {} ads; {} is the maximum.",
                                           group_id, living, kAdsInGroupMax));
  }
  // All or none: a creative that is refused leaves none of its siblings behind.
  std::vector<Json> checked;
  for (const Json& creative : creatives) {
    Json fields = creative;
    MAXOPT_CHECK(CheckMembers(fields, CreateFields(Level::kAd)));
    DropNulls(fields);
    MAXOPT_CHECK(CheckCreative(*account, *group, fields));
    checked.push_back(std::move(fields));
  }
  const Instant now = clock_.Now();
  Json ids = Json::array();
  Json shown = Json::array();
  for (Json& fields : checked) {
    Object ad{.level = Level::kAd,
              .id = NextId(),
              .parent_id = group_id,
              .campaign_id = group->campaign_id,
              .status = TakeStatus(fields),
              .fields = std::move(fields),
              .created_at = now,
              .modified_at = now,
              .submitted_at = now};
    const auto [at, added] = account->ads.emplace(ad.id, ad);
    Log(*account, at->second, now, kApi, "CREATE", "", Json(), Json());
    ids.push_back(at->second.id);
    shown.push_back(Show(*account, at->second, now));
  }
  return Json{{"ad_ids", ids}, {"creatives", shown}, {"need_audit", true}};
}

Money TikTokServer::Spent(const Account& account, const Object& object) const {
  const AccountSetup& setup = account.served.setup;
  const std::string campaign = object.level == Level::kCampaign ? object.id : object.campaign_id;
  const std::string group = object.level == Level::kAdGroup ? object.id : std::string();
  if (TextOr(object.fields, "budget_mode", "") != "BUDGET_MODE_TOTAL") {
    return market_.SpentToday(setup.account, campaign, group);
  }
  const auto rows = market_.Report({.account = setup.account,
                                    .from = setup.zone.DayOf(object.created_at),
                                    .to = setup.zone.DayOf(clock_.Now()),
                                    .breakdown = Breakdown::kNone,
                                    .as_of = clock_.Now()});
  std::int64_t micros = 0;
  for (const ReportRow& row : rows) {
    if (row.campaign_id == campaign && (group.empty() || row.ad_group_id == group)) {
      micros += row.spend_micros;
    }
  }
  return Money::Micros(micros, setup.currency);
}

namespace {

/// Applies members that were checked for their types, all or none.
Api<> Apply(Account& account, Object& object, Json changes, Money spent, Instant now,
            const Actor& actor) {
  DropNulls(changes);
  for (const char* name : {"advertiser_id", "campaign_id", "adgroup_id", "ad_id"}) {
    changes.erase(name);
  }
  Json fields = object.fields;
  fields.update(changes);
  // A bid, and a wanted return, end with the bid type that had them.
  if (changes.contains("bid_type") && changes.at("bid_type") == "BID_TYPE_NO_BID") {
    for (const char* bid : {"bid_price", "conversion_bid_price"}) {
      if (!changes.contains(bid)) fields.erase(bid);
    }
  }
  if (changes.contains("deep_bid_type") && changes.at("deep_bid_type") != "VO_MIN_ROAS" &&
      !changes.contains("roas_bid")) {
    fields.erase("roas_bid");
  }
  const Object* campaign = object.level == Level::kCampaign
                               ? &object
                               : account.Find(Level::kCampaign, object.campaign_id);
  if (changes.contains("budget")) {
    MAXOPT_CHECK(CheckNewBudget(account, object, *campaign, changes.at("budget"), spent));
  }
  if (object.level == Level::kCampaign) {
    Json as_created = fields;
    MAXOPT_CHECK(CheckCampaign(account, as_created));
  }
  if (object.level == Level::kAd) {
    MAXOPT_CHECK(CheckCreative(account, *account.Find(Level::kAdGroup, object.parent_id), fields));
  }
  if (object.level == Level::kAdGroup) {
    MAXOPT_CHECK(CheckAdGroup(account, *campaign, fields));
    const bool times = changes.contains("schedule_type") ||
                       changes.contains("schedule_start_time") ||
                       changes.contains("schedule_end_time");
    if (times) MAXOPT_CHECK(CheckSchedule(fields, now));
  }
  Normalise(fields, account.served.setup.currency);
  for (const auto& [name, value] : changes.items()) {
    const Json before = object.fields.contains(name) ? object.fields.at(name) : Json();
    if (!fields.contains(name)) continue;
    if (before != fields.at(name)) {
      Log(account, object, now, actor, "UPDATE", name, before, fields.at(name));
    }
  }
  object.fields = std::move(fields);
  object.modified_at = now;
  return {};
}

}  // namespace

Api<Json> TikTokServer::Update(const Call& call, Level level) {
  Object before{};
  const Account* owner = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    MAXOPT_TRY(Account* const account, AccountOf(call));
    if (call.body.contains("budget_mode")) {
      return Refuse(kBadParameter, "budget_mode: It cannot be changed after creation.");
    }
    MAXOPT_CHECK(CheckMembers(call.body, UpdateFields(level)));
    MAXOPT_TRY(const std::string id, NeedText(call.body, IdField(level)));
    MAXOPT_TRY(Object* const object, Living(*account, level, id));
    before = *object;
    owner = account;
  }
  const Money spent = Spent(*owner, before);
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  MAXOPT_TRY(Object* const object, Living(*account, level, before.id));
  const Instant now = clock_.Now();
  MAXOPT_CHECK(Apply(*account, *object, call.body, spent, now, kApi));
  return Show(*account, *object, now);
}

Api<Json> TikTokServer::CampaignUpdate(const Call& call) { return Update(call, Level::kCampaign); }
Api<Json> TikTokServer::AdGroupUpdate(const Call& call) { return Update(call, Level::kAdGroup); }

Api<Json> TikTokServer::AdUpdate(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  MAXOPT_CHECK(CheckMembers(call.body, "advertiser_id adgroup_id creatives patch_update"));
  MAXOPT_TRY(const std::string group_id, NeedText(call.body, "adgroup_id"));
  MAXOPT_TRY(Object* const group, Living(*account, Level::kAdGroup, group_id));
  const bool patch = call.body.value("patch_update", false);
  const Json creatives = call.body.value("creatives", Json());
  if (!creatives.is_array() || creatives.empty() || creatives.size() > kCreativesMax) {
    return Refuse(kBadParameter, fmt::format("creatives: 1 to {} per call.", kCreativesMax));
  }
  struct Pending {
    Object* ad;
    Json fields;
  };
  std::vector<Pending> pending;
  for (const Json& creative : creatives) {
    MAXOPT_CHECK(CheckMembers(creative, patch ? kAdPatchFields : UpdateFields(Level::kAd)));
    Json changes = creative;
    DropNulls(changes);
    MAXOPT_TRY(const std::string id, NeedText(changes, "ad_id"));
    MAXOPT_TRY(Object* const ad, Living(*account, Level::kAd, id));
    if (ad->parent_id != group_id) {
      return Refuse(kBadParameter,
                    fmt::format("ad_id: The ad {} is not in the ad group {}.", id, group_id));
    }
    changes.erase("ad_id");
    // Without patch_update the creative is replaced: what is not sent is gone.
    Json fields = patch ? ad->fields : Json::object();
    fields.update(changes);
    MAXOPT_CHECK(CheckCreative(*account, *group, fields));
    pending.push_back({ad, std::move(fields)});
  }
  const Instant now = clock_.Now();
  Json ids = Json::array();
  Json shown = Json::array();
  for (Pending& entry : pending) {
    Object& ad = *entry.ad;
    std::set<std::string> names;
    for (const auto& [name, value] : ad.fields.items()) names.insert(name);
    for (const auto& [name, value] : entry.fields.items()) names.insert(name);
    for (const std::string& name : names) {
      const Json before = ad.fields.value(name, Json());
      const Json after = entry.fields.value(name, Json());
      if (before != after) Log(*account, ad, now, kApi, "UPDATE", name, before, after);
    }
    if (Seen(ad.fields) != Seen(entry.fields)) {
      ad.submitted_at = now;
      ad.resubmitted = true;
    }
    ad.fields = std::move(entry.fields);
    ad.modified_at = now;
    ids.push_back(ad.id);
    shown.push_back(Show(*account, ad, now));
  }
  return Json{{"ad_ids", ids}, {"creatives", shown}};
}

Api<Json> TikTokServer::AdGroupBudgetUpdate(const Call& call) {
  for (const auto& [name, value] : call.body.items()) {
    if (!IsOneOf("advertiser_id budget schedule_budget", name)) {
      return Refuse(kBadParameter, fmt::format("{}: Unknown field.", name));
    }
  }
  struct Wanted {
    std::string id;
    Json budget;
    Object before;
    Money spent;
  };
  std::vector<Wanted> wanted;
  const Account* owner = nullptr;
  Json failed = Json::array();
  {
    const std::scoped_lock lock(mutex_);
    MAXOPT_TRY(Account* const account, AccountOf(call));
    owner = account;
    if (call.body.contains("schedule_budget")) {
      return Refuse(kNotImplemented, "schedule_budget: Scheduled budgets are not served here.");
    }
    const Json list = call.body.value("budget", Json());
    if (!list.is_array() || list.empty()) {
      return Refuse(kBadParameter, "budget: Missing data for required field.");
    }
    if (list.size() > kStatusIdsMax) {
      return Refuse(kTooManyIds, fmt::format("budget: At most {} entries.", kStatusIdsMax));
    }
    for (const Json& entry : list) {
      if (!entry.is_object()) return Refuse(kBadParameter, "budget: Not a valid object.");
      MAXOPT_TRY(const std::string id, NeedText(entry, "adgroup_id"));
      if (!entry.contains("budget")) {
        return Refuse(kBadParameter, "budget: Missing data for required field.");
      }
      const auto group = Living(*account, Level::kAdGroup, id);
      if (!group) {
        failed.push_back({{"adgroup_id", id}, {"error_message", group.error().message}});
        continue;
      }
      wanted.push_back({id, entry.at("budget"), **group, Money::Zero(kEur)});
    }
  }
  for (Wanted& entry : wanted) entry.spent = Spent(*owner, entry.before);
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  const Instant now = clock_.Now();
  Json done = Json::array();
  for (const Wanted& entry : wanted) {
    MAXOPT_TRY(Object* const group, Living(*account, Level::kAdGroup, entry.id));
    const auto applied =
        Apply(*account, *group, Json{{"budget", entry.budget}}, entry.spent, now, kApi);
    if (applied) {
      done.push_back(entry.id);
    } else {
      failed.push_back({{"adgroup_id", entry.id}, {"error_message", applied.error().message}});
    }
  }
  const Json data{{"adgroup_ids", done}, {"failed_list", failed}};
  if (failed.empty()) return data;
  const std::string why = failed[0].at("error_message").get<std::string>();
  if (done.empty()) return Refuse(kBadParameter, why);
  return std::unexpected(ApiError{kPartial, "Partially successful: " + why, data});
}

Api<> TikTokServer::ChangeStatus(Account& account, Object& object, const std::string& status,
                                 const Actor& actor) {
  if (Gone(account, object)) {
    return Refuse(kBadParameter, fmt::format("{} {} has been deleted; its status cannot change.",
                                             LevelWord(object.level), object.id));
  }
  if (object.status == status) return {};
  const Instant now = clock_.Now();
  Log(account, object, now, actor, status == "DELETE" ? "DELETE" : "STATUS", "operation_status",
      object.status, status);
  object.status = status;
  object.modified_at = now;
  return {};
}

Api<Json> TikTokServer::StatusUpdate(const Call& call) {
  const Level level = call.path.starts_with("/campaign/")  ? Level::kCampaign
                      : call.path.starts_with("/adgroup/") ? Level::kAdGroup
                                                           : Level::kAd;
  const std::string field = IdField(level) + "s";
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  MAXOPT_TRY(const std::string status, NeedText(call.body, "operation_status"));
  if (!IsOneOf("ENABLE DISABLE DELETE", status)) {
    return Refuse(kBadParameter,
                  fmt::format("operation_status: {} is not one of ENABLE DISABLE DELETE.", status));
  }
  for (const auto& [name, value] : call.body.items()) {
    if (!IsOneOf("advertiser_id operation_status postback_window_mode", name) && name != field) {
      return Refuse(kBadParameter, fmt::format("{}: Unknown field.", name));
    }
  }
  if (!call.body.contains(field) || call.body.at(field).empty()) {
    return Refuse(kBadParameter, fmt::format("{}: Missing data for required field.", field));
  }
  MAXOPT_TRY(const std::vector<std::string> ids,
             TextList(call.body.at(field), field, kStatusIdsMax));
  Json done = Json::array();
  Json list = Json::array();
  std::string why;
  int why_code = kBadParameter;
  for (const std::string& id : ids) {
    Object* const object = account->Find(level, id);
    Api<> changed;
    if (object == nullptr) {
      changed = Refuse(kNoObject, fmt::format("{} {} does not exist.", LevelWord(level), id));
    } else {
      changed = ChangeStatus(*account, *object, status, kApi);
    }
    if (!changed) {
      why += (why.empty() ? "" : " ") + changed.error().message;
      why_code = changed.error().code;
      continue;
    }
    done.push_back(id);
    list.push_back({{IdField(level), id}, {"status", object->status}});
  }
  Json data{{field, done}, {"status", status}};
  if (level != Level::kAd) {
    data[level == Level::kCampaign ? "campaign_list" : "adgroup_list"] = list;
  }
  if (why.empty()) return data;
  if (done.empty()) return Refuse(why_code, why);
  return std::unexpected(ApiError{kPartial, "Partially successful: " + why, data});
}

Result<> TikTokServer::HumanEdit(const AccountId& account_id, Level level, const std::string& id,
                                 const Fields& changes, const std::string& actor) {
  const Actor person{actor, "TikTok Ads Manager"};
  Object before{};
  Account* owner = nullptr;
  const auto failed = [](const ApiError& error) {
    return Fail(Error{Errc::kInvalidArgument, error.message, std::to_string(error.code), {}});
  };
  {
    const std::scoped_lock lock(mutex_);
    const auto at = accounts_.find(account_id.id);
    if (at == accounts_.end() || level == Level::kAccount || level == Level::kAsset) {
      return Fail(Errc::kNotFound, fmt::format("{} has no such object", PrintAccount(account_id)));
    }
    owner = at->second.get();
    if (level == Level::kConversion) {
      Pixel* const pixel = owner->FindPixel(id);
      const std::string name = TextField(changes, "name");
      if (pixel == nullptr || changes.size() != 1 || name.empty()) {
        return Fail(Errc::kInvalidArgument, "a pixel that exists can be renamed, nothing else");
      }
      pixel->name = name;
      return {};
    }
    const auto object = Living(*owner, level, id);
    if (!object) return failed(object.error());
    before = **object;
  }
  MAXOPT_TRY(Edit edit, EditOf(level, before.fields, changes, owner->served.setup.zone));
  const Money spent = Spent(*owner, before);
  const std::scoped_lock lock(mutex_);
  const auto living = Living(*owner, level, id);
  if (!living) return failed(living.error());
  Object& object = **living;
  if (!edit.wire.empty()) {
    const std::string seen = Seen(object.fields);
    Api<> applied = CheckMembers(edit.wire, UpdateFields(level));
    if (applied) applied = Apply(*owner, object, edit.wire, spent, clock_.Now(), person);
    if (!applied) return failed(applied.error());
    if (level == Level::kAd && seen != Seen(object.fields)) {
      object.submitted_at = clock_.Now();
      object.resubmitted = true;
    }
  }
  if (!edit.status.empty()) {
    if (const auto changed = ChangeStatus(*owner, object, edit.status, person); !changed) {
      return failed(changed.error());
    }
  }
  return {};
}

}  // namespace maxopt::sim::tiktok
