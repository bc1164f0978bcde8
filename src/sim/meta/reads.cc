#include <fmt/format.h>

#include <algorithm>

#include "sim/meta/fields.h"
#include "sim/meta/filter.h"
#include "sim/meta/meta_server.h"
#include "sim/meta/places.h"

namespace maxopt::sim::meta {
namespace {

using std::chrono::days;

constexpr std::size_t kPageDefault = 25;
constexpr std::size_t kPageMax = 500;
/// Meta answers code 1 ("reduce the amount of data") well above its page size.
constexpr std::int64_t kPageRefused = 5'000;
/// Conversions after a significant edit that end learning, and how long it may take.
constexpr std::int64_t kLearningConversions = 50;
constexpr days kLearningDays{7};

Graph<std::vector<Filter>> ReadListFilters(const Params& params, Kind kind) {
  auto filters = ReadFilters(params,
                             "id name status effective_status configured_status objective "
                             "created_time updated_time campaign.id adset.id ad.id campaign_id "
                             "adset_id campaign.name adset.name ad.name campaign.effective_status "
                             "adset.effective_status ad.effective_status hash");
  if (!filters) return filters;
  const std::string own = kind == Kind::kCampaign ? "campaign."
                          : kind == Kind::kAdSet  ? "adset."
                                                  : "ad.";
  for (Filter& filter : *filters) {
    if (filter.field.starts_with(own)) filter.field.erase(0, own.size());
    // Of a parent only its id is known to a list.
    if (filter.field.find('.') != std::string::npos && !filter.field.ends_with(".id")) {
      return RefuseParam(fmt::format("Filtering field {} is invalid here", filter.field));
    }
  }
  return filters;
}

std::string FilterText(const Object& object, const std::string& field, const Account& account,
                       Instant now) {
  if (field == "id") return object.id;
  if (field == "effective_status") return EffectiveStatus(object, account, now);
  if (field == "status" || field == "configured_status") return object.status();
  if (field == "campaign.id" || field == "campaign_id") return object.campaign;
  if (field == "adset.id" || field == "adset_id") return object.adset;
  const auto seconds = [](Instant at) {
    return fmt::to_string(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
  };
  if (field == "created_time") return seconds(object.created_at);
  if (field == "updated_time") return seconds(object.updated_at);
  return object.text(field);
}

std::unexpected<GraphError> NoSuchField(std::string_view name, std::string_view node) {
  return RefuseParam(
      fmt::format("Tried accessing nonexisting field ({}) on node type ({})", name, node));
}

const Json* Inside(const Json& fields, std::initializer_list<std::string_view> path) {
  const Json* here = &fields;
  for (const std::string_view step : path) {
    if (!here->is_object()) return nullptr;
    const auto it = here->find(step);
    if (it == here->end()) return nullptr;
    here = &*it;
  }
  return here;
}

/// Where creatives keep what Meta also shows at the top.
Json CreativeField(const Object& creative, const std::string& name) {
  const Json* data = Inside(creative.fields, {"object_story_spec", "link_data"});
  const bool video = data == nullptr;
  if (video) data = Inside(creative.fields, {"object_story_spec", "video_data"});
  if (name == "object_type") return video && data != nullptr ? "VIDEO" : "SHARE";
  if (name == "actor_id") {
    const Json* page = Inside(creative.fields, {"object_story_spec", "page_id"});
    return page == nullptr ? Json() : Json(ScalarText(*page));
  }
  if (data == nullptr) return {};
  const auto member = [&](std::initializer_list<std::string_view> path) {
    const Json* value = Inside(*data, path);
    return value == nullptr ? Json() : *value;
  };
  if (name == "body") return member({"message"});
  if (name == "title") return video ? member({"title"}) : member({"name"});
  if (name == "image_hash") return member({"image_hash"});
  if (name == "video_id") return member({"video_id"});
  if (name == "link_url") return member({"link"});
  if (name == "call_to_action") return member({"call_to_action"});
  if (name == "call_to_action_type") return member({"call_to_action", "type"});
  return {};
}

}  // namespace

Graph<std::size_t> PageLimit(const Params& params) {
  const auto limit = params.Integer("limit");
  if (!limit) return Refuse(limit.error());
  if (!*limit) return kPageDefault;
  if (**limit < 1) return RefuseParam("Param limit must be at least 1");
  if (**limit > kPageRefused) {
    return Refuse({.code = 1,
                   .message = "Please reduce the amount of data you're asking for, then retry your "
                              "request",
                   .http_status = 500});
  }
  return std::min(static_cast<std::size_t>(**limit), kPageMax);
}

Graph<std::optional<std::string>> CursorOf(const Params& params, std::string_view name) {
  const auto text = params.Text(name);
  if (!text || text->empty()) return std::nullopt;
  auto key = DecodeBase64(*text);
  if (!key) return RefuseParam(fmt::format("Invalid cursor in {}", name));
  return key;
}

Graph<Window> PageWindow(const Params& params, const std::vector<std::string>& keys) {
  const auto limit = PageLimit(params);
  if (!limit) return Refuse(limit.error());
  const auto after = CursorOf(params, "after");
  if (!after) return Refuse(after.error());
  const auto before = CursorOf(params, "before");
  if (!before) return Refuse(before.error());
  // Where the item with the cursor is, or where it was: an object that went away between two pages
  // must not break the list. Lists of objects are in falling order of their keys.
  const auto find = [&](const std::string& key) -> std::optional<std::size_t> {
    const auto exact = std::ranges::find(keys, key);
    if (exact != keys.end()) return static_cast<std::size_t>(exact - keys.begin());
    if (keys.empty()) return 0;
    if (key.size() != keys.front().size() || keys.front() < keys.back()) return std::nullopt;
    const auto next = std::ranges::partition_point(keys, [&](const auto& k) { return k > key; });
    return static_cast<std::size_t>(next - keys.begin());
  };
  for (const bool forward : {true, false}) {
    const auto& cursor = forward ? *after : *before;
    if (!cursor) continue;
    const auto at = find(*cursor);
    if (!at) return RefuseParam(fmt::format("Invalid cursor in {}", forward ? "after" : "before"));
    if (!forward) return Window{*at > *limit ? *at - *limit : 0, *at};
    const bool present = *at < keys.size() && keys[*at] == *cursor;
    const std::size_t begin = *at + (present ? 1 : 0);
    return Window{begin, std::min(keys.size(), begin + *limit)};
  }
  return Window{0, std::min(keys.size(), *limit)};
}

Json Page(const Call& call, std::vector<Json> items, const std::string& begin,
          const std::string& end, bool more_before, bool more_after) {
  Json page = {{"data", Json::array()}};
  const bool empty = items.empty();
  for (Json& item : items) page["data"].push_back(std::move(item));
  if (empty) return page;
  const auto link = [&](std::string_view name, const std::string& cursor) {
    auto query = call.query;
    std::erase_if(query, [](const auto& p) { return p.first == "after" || p.first == "before"; });
    query.emplace_back(name, cursor);
    return call.url_prefix + "?" + http::EncodeForm(query);
  };
  page["paging"] = {{"cursors", {{"before", Base64(begin)}, {"after", Base64(end)}}}};
  if (more_before) page["paging"]["previous"] = link("before", Base64(begin));
  if (more_after) page["paging"]["next"] = link("after", Base64(end));
  return page;
}

Json PageOf(const Call& call, std::vector<Json> items, const std::vector<std::string>& keys,
            Window window) {
  std::vector<Json> shown(
      std::make_move_iterator(items.begin() + static_cast<std::ptrdiff_t>(window.begin)),
      std::make_move_iterator(items.begin() + static_cast<std::ptrdiff_t>(window.end)));
  if (shown.empty()) return Page(call, {}, "", "", false, false);
  return Page(call, std::move(shown), keys[window.begin], keys[window.end - 1], window.begin > 0,
              window.end < keys.size());
}

Graph<Json> MetaServer::ReadAccountNode(const Call& call, Account& account) {
  const auto fields = FieldsOf(call.params);
  if (!fields) return Refuse(fields.error());
  return AccountJson(*fields, account);
}

Graph<Json> MetaServer::AccountJson(const std::vector<FieldNode>& fields, Account& account) {
  Json out = Json::object();
  const auto minor_text = [&](std::int64_t micros) {
    const Money money = Money::Micros(micros, account.currency());
    const auto floor = FloorToMinor(money, MinorUnits::kMeta);
    return fmt::to_string(floor ? ToMinor(*floor, MinorUnits::kMeta).value_or(0) : 0);
  };
  for (const auto& [name, children, limit] : fields) {
    if (!IsAccountField(name)) return NoSuchField(name, "AdAccount");
    if (name == "account_id") out[name] = account.id();
    if (name == "name") out[name] = account.served.name;
    if (name == "account_status") out[name] = 1;
    if (name == "disable_reason") out[name] = 0;
    if (name == "currency") out[name] = std::string(account.currency().name());
    if (name == "timezone_name") out[name] = account.zone().name();
    if (name == "timezone_id") out[name] = 1;
    if (name == "timezone_offset_hours_utc") {
      const auto local = account.zone().LocalOf(Now()).time_since_epoch();
      const auto utc = std::chrono::floor<std::chrono::seconds>(Now()).time_since_epoch();
      out[name] = static_cast<double>((local - utc).count()) / 3600.0;
    }
    if (name == "created_time") {
      out[name] = PrintMetaTime(market_.options().start, account.zone());
    }
    if (name == "amount_spent") {
      std::int64_t micros = 0;
      for (const auto& [adset, spent] : SpentMicrosByAdSet(account)) micros += spent;
      out[name] = minor_text(micros);
    }
    if (name == "balance" || name == "spend_cap") out[name] = "0";
    if (name == "min_daily_budget") out[name] = MinimumsOf(account.currency()).impressions;
    if (name == "default_dsa_beneficiary" && !account.dsa_beneficiary.empty()) {
      out[name] = account.dsa_beneficiary;
    }
    if (name == "default_dsa_payor" && !account.dsa_payor.empty()) out[name] = account.dsa_payor;
    if (name == "is_prepay_account") out[name] = false;
    if (name == "capabilities") out[name] = Json::array();
    constexpr std::pair<std::string_view, Kind> kEdges[] = {
        {"campaigns", Kind::kCampaign}, {"adsets", Kind::kAdSet}, {"ads", Kind::kAd}};
    for (const auto& [edge, kind] : kEdges) {
      if (name != edge) continue;
      Json list = Json::array();
      for (const auto& [id, object] : account.of(kind)) {
        if (object.gone() || list.size() >= static_cast<std::size_t>(limit)) continue;
        auto item = ObjectJson(object, children, account);
        if (!item) return item;
        list.push_back(*std::move(item));
      }
      out[name] = {{"data", std::move(list)}};
    }
  }
  out["id"] = "act_" + account.id();
  return out;
}

Graph<Json> MetaServer::ObjectJson(const Object& object, const std::vector<FieldNode>& fields,
                                   Account& account) {
  Json out = Json::object();
  for (const FieldNode& field : fields) {
    const std::string& name = field.name;
    if (!IsField(object.kind, name)) return NoSuchField(name, KindName(object.kind));
    if (name == "id") continue;
    const auto nested = [&](Kind kind, const std::string& id) -> Graph<Json> {
      const Object* other = account.Find(kind, id);
      if (other == nullptr) return Json();
      return ObjectJson(*other, field.children, account);
    };
    Graph<Json> got = Json();
    if (name == "campaign") {
      got = nested(Kind::kCampaign, object.campaign);
    } else if (name == "adset") {
      got = nested(Kind::kAdSet, object.adset);
    } else if (name == "creative") {
      got = nested(Kind::kCreative, object.creative);
    } else if (name == "adsets" || name == "ads") {
      got = EdgeField(object, field, account);
    } else {
      got = DerivedField(object, name, account);
      if (got && got->is_null()) got = PrintField(object, name, account);
    }
    if (!got) return got;
    if (!got->is_null()) out[name] = *std::move(got);
  }
  out["id"] = object.id;
  return out;
}

Graph<Json> MetaServer::EdgeField(const Object& object, const FieldNode& field, Account& account) {
  Json list = Json::array();
  for (const auto& [id, child] : account.of(field.name == "ads" ? Kind::kAd : Kind::kAdSet)) {
    const std::string& parent = object.kind == Kind::kCampaign ? child.campaign : child.adset;
    if (parent != object.id || child.gone()) continue;
    if (list.size() >= static_cast<std::size_t>(field.limit)) break;
    auto item = ObjectJson(child, field.children, account);
    if (!item) return item;
    list.push_back(*std::move(item));
  }
  if (list.empty()) return Json();
  return Json{{"data", std::move(list)}};
}

Json MetaServer::DerivedField(const Object& object, const std::string& name, Account& account) {
  const Instant now = Now();
  const bool delivers =
      object.kind == Kind::kCampaign || object.kind == Kind::kAdSet || object.kind == Kind::kAd;
  if (name == "account_id") return account.id();
  if (name == "created_time") return PrintMetaTime(object.created_at, account.zone());
  if (name == "updated_time") return PrintMetaTime(object.updated_at, account.zone());
  if (name == "configured_status" && delivers) return object.status();
  if (name == "effective_status" && delivers) return EffectiveStatus(object, account, now);
  if (name == "issues_info" && delivers) return IssuesInfo(object, account, now);
  if (name == "campaign_id" && !object.campaign.empty()) return object.campaign;
  if (name == "adset_id" && !object.adset.empty()) return object.adset;
  if (name == "special_ad_category") {
    const auto it = object.fields.find("special_ad_categories");
    return it == object.fields.end() || it->empty() ? Json("NONE") : it->front();
  }
  if (name == "ad_review_feedback") return ReviewFeedback(object, account, now);
  if (name == "learning_stage_info") return LearningStage(object, account);
  if (name == "budget_remaining") {
    const auto lifetime = object.integer("lifetime_budget");
    const auto daily = object.integer("daily_budget");
    if (!lifetime && !daily) return "0";
    const std::int64_t spent =
        lifetime ? SpentMicros(object, account)
                 : market_
                       .SpentToday(account.served.setup.account,
                                   object.kind == Kind::kCampaign ? object.id : object.campaign,
                                   object.kind == Kind::kCampaign ? "" : object.id)
                       .micros();
    const Money left =
        account.FromMinor(lifetime ? *lifetime : *daily) - Money::Micros(spent, account.currency());
    if (left.negative()) return "0";
    const auto floor = FloorToMinor(left, MinorUnits::kMeta);
    return fmt::to_string(floor ? ToMinor(*floor, MinorUnits::kMeta).value_or(0) : 0);
  }
  // An ad set that has one kind of budget shows the other as zero.
  if (object.kind == Kind::kAdSet &&
      ((name == "daily_budget" && object.integer("lifetime_budget")) ||
       (name == "lifetime_budget" && object.integer("daily_budget")))) {
    return "0";
  }
  if (object.kind == Kind::kCreative) return CreativeField(object, name);
  if (object.kind == Kind::kVideo) {
    const std::string status = VideoStatus(object, now);
    if (name == "status") {
      return {{"video_status", status},
              {"processing_phase",
               {{"status", status == "ready"   ? "complete"
                           : status == "error" ? "error"
                                               : "in_progress"}}}};
    }
    if (name == "picture" && status == "ready") {
      return fmt::format("https://scontent.example/{}/{}.jpg", account.id(), object.id);
    }
    if (name == "source" && status == "ready") {
      return fmt::format("https://video.example/{}/{}.mp4", account.id(), object.id);
    }
    if (name == "length") return object.fields.value("length", Json());
  }
  if (object.kind == Kind::kPixel) {
    if (name == "creation_time") return PrintMetaTime(object.created_at, account.zone());
    if (name == "is_unavailable" || name == "is_created_by_business") return false;
    if (name == "code") return fmt::format("<script>fbq('init', '{}');</script>", object.id);
    if (name == "owner_ad_account") {
      return {{"account_id", account.id()}, {"id", "act_" + account.id()}};
    }
  }
  if (object.kind == Kind::kImage) {
    const auto it = object.fields.find(name);
    return it == object.fields.end() ? Json() : *it;
  }
  return {};
}

Json MetaServer::LearningStage(const Object& adset, Account& account) const {
  if (EffectiveStatus(adset, account, Now()) != "ACTIVE") return {};
  const Day from = account.zone().DayOf(adset.significant_edit_at);
  const Day today = account.zone().DayOf(Now());
  std::int64_t conversions = 0;
  for (const ReportRow& row :
       market_.Report({account.served.setup.account, from, today, Breakdown::kNone, Now()})) {
    if (row.ad_group_id == adset.id) conversions += row.conversions_click + row.conversions_view;
  }
  const bool learnt = conversions >= kLearningConversions;
  const bool late = Now() - adset.significant_edit_at > kLearningDays;
  return {{"status", learnt ? "SUCCESS"
                     : late ? "FAIL"
                            : "LEARNING"},
          {"conversions", conversions},
          {"last_sig_edit_ts", std::chrono::floor<std::chrono::seconds>(adset.significant_edit_at)
                                   .time_since_epoch()
                                   .count()},
          {"attribution_windows", {"7d_click", "1d_view"}}};
}

std::map<std::string, std::int64_t> MetaServer::SpentMicrosByAdSet(Account& account) const {
  const Day yesterday = account.zone().DayOf(Now()) - days(1);
  const AccountId& id = account.served.setup.account;
  SpendBook& book = account.book;
  if (!book.next) book.next = account.zone().DayOf(market_.options().start);
  if (*book.next < yesterday) {
    for (const ReportRow& row :
         market_.Report({id, *book.next, yesterday - days(1), Breakdown::kNone, Now()})) {
      book.micros_by_adset[row.ad_group_id] += row.spend_micros;
    }
    book.next = yesterday;
  }
  auto spent = book.micros_by_adset;
  for (const ReportRow& row :
       market_.Report({id, *book.next, yesterday + days(1), Breakdown::kNone, Now()})) {
    spent[row.ad_group_id] += row.spend_micros;
  }
  return spent;
}

std::int64_t MetaServer::SpentMicros(const Object& object, Account& account) const {
  std::int64_t micros = 0;
  for (const auto& [adset_id, spent] : SpentMicrosByAdSet(account)) {
    const Object* adset = account.Find(Kind::kAdSet, adset_id);
    if (adset_id == object.id || (adset != nullptr && adset->campaign == object.id)) {
      micros += spent;
    }
  }
  return micros;
}

Graph<Json> MetaServer::ListObjects(const Call& call, Account& account, Kind kind,
                                    const std::string& parent_campaign,
                                    const std::string& parent_adset) {
  const auto fields = FieldsOf(call.params);
  if (!fields) return Refuse(fields.error());
  const auto filters = ReadListFilters(call.params, kind);
  if (!filters) return Refuse(filters.error());
  auto statuses = call.params.List("effective_status");
  if (!statuses) return Refuse(statuses.error());
  for (const std::string& status : *statuses) {
    if (!HasWord(EffectiveStatuses(kind), status)) {
      return RefuseParam(fmt::format("Param effective_status must be one of {{{}}} - got \"{}\".",
                                     ListWords(EffectiveStatuses(kind)), status));
    }
  }
  const auto hashes = call.params.List("hashes");
  if (!hashes) return Refuse(hashes.error());
  const auto names_hash = [&](const Object& object) {
    return hashes->empty() || kind != Kind::kImage ||
           std::ranges::find(*hashes, object.text("hash")) != hashes->end();
  };
  // Gone ones show only to a caller who names a status.
  const bool status_asked =
      !statuses->empty() || std::ranges::any_of(*filters, [](const Filter& filter) {
        return filter.field == "effective_status" || filter.field == "status" ||
               filter.field == "configured_status";
      });

  const Instant now = Now();
  std::vector<const Object*> found;
  std::vector<std::string> keys;
  const auto& all = account.of(kind);
  for (auto it = all.rbegin(); it != all.rend(); ++it) {  // newest first
    const Object& object = it->second;
    if (!parent_campaign.empty() && object.campaign != parent_campaign) continue;
    if (!parent_adset.empty() && object.adset != parent_adset) continue;
    if (!status_asked && object.gone()) continue;
    if (!names_hash(object)) continue;
    if (!statuses->empty() &&
        std::ranges::find(*statuses, EffectiveStatus(object, account, now)) == statuses->end()) {
      continue;
    }
    const bool passes = std::ranges::all_of(*filters, [&](const Filter& filter) {
      return Matches(filter, FilterText(object, filter.field, account, now));
    });
    if (!passes) continue;
    found.push_back(&object);
    keys.push_back(object.id);
  }
  const auto window = PageWindow(call.params, keys);
  if (!window) return Refuse(window.error());
  std::vector<Json> items;
  for (std::size_t i = window->begin; i < window->end; ++i) {
    auto item = ObjectJson(*found[i], *fields, account);
    if (!item) return item;
    items.push_back(*std::move(item));
  }
  const bool empty = items.empty();
  Json page =
      Page(call, std::move(items), empty ? "" : keys[window->begin],
           empty ? "" : keys[window->end - 1], window->begin > 0, window->end < keys.size());
  const std::string summary = call.params.Text("summary").value_or("");
  if (summary == "true" || summary == "1" || summary.find("total_count") != std::string::npos) {
    page["summary"] = {{"total_count", found.size()}};
  }
  return page;
}

Graph<Json> MetaServer::ReadByIds(const Call& call, Charged* charged) {
  const auto ids = call.params.List("ids");
  if (!ids) return Refuse(ids.error());
  const auto fields = FieldsOf(call.params);
  if (!fields) return Refuse(fields.error());
  if (ids->empty() || ids->size() > 50) return RefuseParam("Param ids must list 1 to 50 ids");
  Json out = Json::object();
  for (const std::string& id : *ids) {
    Account* account = OwnerOf(id);
    if (account == nullptr || account->FindAny(id) == nullptr) return RefuseObject("get", id);
    if (auto ok = Charge(*account, false, charged); !ok) return Refuse(ok.error());
    auto item = ObjectJson(*account->FindAny(id), *fields, *account);
    if (!item) return item;
    out[id] = *std::move(item);
  }
  return out;
}

Graph<Json> MetaServer::MinimumBudgetList() const {
  Json data = Json::array();
  for (const Currency currency : ListedCurrencies()) {
    const MinimumBudgets minimums = MinimumsOf(currency);
    data.push_back({{"currency", std::string(currency.name())},
                    {"min_daily_budget_imp", minimums.impressions},
                    {"min_daily_budget_low_freq", minimums.low_frequency},
                    {"min_daily_budget_high_freq", minimums.high_frequency},
                    {"min_daily_budget_video_views", minimums.video_views}});
  }
  return Json{{"data", std::move(data)}};
}

Graph<Json> MetaServer::DebugToken(const Call& call) const {
  const auto token = call.params.Text("input_token");
  if (!token) return RefuseParam("The parameter input_token is required");
  Call probe;
  probe.token = *token;
  probe.path = {"debug_token"};
  Graph<> valid = CheckToken(probe);
  // A probe carries no proof; only what concerns the token itself counts.
  if (!valid && valid.error().code != 190) valid = {};
  Json data = {{"app_id", "200000000000001"},    {"type", "SYSTEM_USER"},
               {"application", "Max Optimizer"}, {"expires_at", 0},
               {"data_access_expires_at", 0},    {"is_valid", valid.has_value()}};
  if (valid) {
    data["scopes"] = {"ads_read", "ads_management"};
    data["user_id"] = "100000000000001";
  } else {
    data["error"] = {
        {"code", 190}, {"message", valid.error().message}, {"subcode", valid.error().subcode}};
    data["scopes"] = Json::array();
  }
  return Json{{"data", std::move(data)}};
}

Graph<Json> MetaServer::SearchLocations(const Call& call) const {
  const std::string type = call.params.Text("type").value_or("");
  if (type != "adgeolocation") {
    return RefuseParam(fmt::format("search: only type adgeolocation is here - got \"{}\"", type));
  }
  const auto lower = [](std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
  };
  const std::string wanted = lower(call.params.Text("q").value_or(""));
  Json data = Json::array();
  const auto types = call.params.List("location_types");
  if (!types) return Refuse(types.error());
  for (const Place& place : Places()) {
    const bool asked = types->empty() || std::ranges::find(*types, place.type) != types->end();
    if (!asked || (!lower(place.name).starts_with(wanted) && lower(place.key) != wanted)) continue;
    Json item = {{"key", place.key},
                 {"name", place.name},
                 {"type", place.type},
                 {"country_code", place.country}};
    if (place.type == "country") {
      item["country_name"] = place.name;
      item["supports_region"] = true;
      item["supports_city"] = true;
    }
    data.push_back(std::move(item));
  }
  return Json{{"data", std::move(data)}};
}

}  // namespace maxopt::sim::meta
