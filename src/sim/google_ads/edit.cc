#include "sim/google_ads/edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "domain/bid_modifiers.h"
#include "domain/dayparts.h"
#include "sim/google_ads/geo.h"
#include "sim/google_ads/wire.h"

namespace maxopt::sim::google_ads {
namespace {

using nlohmann::json;
using List = std::vector<std::string>;

std::string StatusWord(std::string_view ours) {
  if (ours == kActive) return "ENABLED";
  if (ours == kPaused) return "PAUSED";
  if (ours == kRemoved) return "REMOVED";
  return {};
}

std::string UpperAscii(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

/// The list field of the catalogue that a criterion belongs to; "" for other criteria.
std::string_view FieldOf(const json& criterion) {
  const bool negative = BoolAt(criterion, "negative");
  if (criterion.contains("keyword")) return negative ? "negative_keywords" : "keywords";
  if (criterion.contains("userList")) return negative ? "excluded_audiences" : "audiences";
  if (criterion.contains("language")) return "languages";
  if (criterion.contains("adSchedule")) return "dayparts";
  if (criterion.contains("ageRange")) return "age_min";
  if (criterion.contains("gender")) return "genders";
  if (const auto location = criterion.find("location"); location != criterion.end()) {
    if (negative) return "excluded_locations";
    const std::string name = TextAt(*location, "geoTargetConstant");
    const auto id = ParseInt64(std::string_view(name).substr(name.rfind('/') + 1));
    return id && CountryById(static_cast<int>(*id)) != nullptr ? "countries" : "locations";
  }
  return "";
}

constexpr std::string_view kDays[] = {"MONDAY", "TUESDAY",  "WEDNESDAY", "THURSDAY",
                                      "FRIDAY", "SATURDAY", "SUNDAY"};

/// Criteria, without their parent, that a list field stands for; nullopt: a word is not known.
std::optional<std::vector<json>> CriteriaOf(const Account& account, const std::string& field,
                                            const List& values) {
  std::vector<json> out;
  if (field == "dayparts") {
    const auto hours = ParseDayparts(values);
    if (!hours) return std::nullopt;
    for (std::size_t bit = 0; bit < hours->size(); ++bit) {
      if (!hours->test(bit) || (bit % 24 != 0 && hours->test(bit - 1))) continue;
      std::size_t end = bit + 1;
      while (end % 24 != 0 && hours->test(end)) ++end;
      out.push_back({{"adSchedule",
                      {{"dayOfWeek", kDays[bit / 24]},
                       {"startHour", bit % 24},
                       {"startMinute", "ZERO"},
                       {"endHour", end - bit / 24 * 24},
                       {"endMinute", "ZERO"}}}});
    }
    return out;
  }
  if (field == "genders") {
    if (values.empty()) return out;
    for (const char* gender : {"female", "male"}) {
      if (std::find(values.begin(), values.end(), gender) != values.end()) continue;
      out.push_back({{"negative", true}, {"gender", {{"type", UpperAscii(gender)}}}});
    }
    out.push_back({{"negative", true}, {"gender", {{"type", "UNDETERMINED"}}}});
    return out;
  }
  for (const std::string& value : values) {
    json one = json::object();
    if (field == "countries") {
      const Country* country = CountryByCode(value);
      if (country == nullptr) return std::nullopt;
      one["location"] = {{"geoTargetConstant", fmt::format("geoTargetConstants/{}", country->id)}};
    } else if (field == "locations" || field == "excluded_locations") {
      one["location"] = {{"geoTargetConstant", "geoTargetConstants/" + value}};
    } else if (field == "languages") {
      const auto at = std::find_if(Languages().begin(), Languages().end(),
                                   [&](const Language& l) { return l.code == value; });
      if (at == Languages().end()) return std::nullopt;
      one["language"] = {{"languageConstant", fmt::format("languageConstants/{}", at->id)}};
    } else if (field == "audiences" || field == "excluded_audiences") {
      one["userList"] = {
          {"userList", fmt::format("{}/userLists/{}", account.CustomerName(), value)}};
    } else {
      const std::size_t colon = value.find(':');
      if (colon == std::string::npos) return std::nullopt;
      one["keyword"] = {{"text", value.substr(colon + 1)},
                        {"matchType", UpperAscii(value.substr(0, colon))}};
    }
    if (field.starts_with("excluded_") || field == "negative_keywords") one["negative"] = true;
    out.push_back(std::move(one));
  }
  return out;
}

/// An edit in the making.
class Edit {
 public:
  Edit(const Account& account, Level level, std::string id)
      : account_(account), level_(level), id_(std::move(id)) {}

  Result<std::vector<Operation>> Run(const Fields& changes) {
    MAXOPT_CHECK(FindObject());
    for (const auto& [field, value] : changes) MAXOPT_CHECK(One(field, value, changes));
    for (auto& [type, set] : sets_) {
      if (set.mask.empty()) continue;
      Add(type, {{"update", std::move(set.body)}, {"updateMask", set.mask}});
    }
    if (remove_) Add(type_, {{"remove", name_}});
    return std::move(operations_);
  }

 private:
  struct Set {
    json body = json::object();
    std::string mask;
  };

  std::unexpected<Error> Refuse(const std::string& what) const {
    return Fail(Errc::kInvalidArgument,
                fmt::format("edit of {} {} in {}: {}", LevelName(level_), id_,
                            PrintAccount(account_.served().setup.account), what));
  }

  Result<> FindObject() {
    key_ = id_;
    switch (level_) {
      case Level::kCampaign:
        type_ = Type::kCampaign;
        break;
      case Level::kAdGroup:
        type_ = Type::kAdGroup;
        break;
      case Level::kAd:
        type_ = Type::kAdGroupAd;
        for (const auto& [ad_key, ad] : account_.All(type_)) {
          if (ad_key.ends_with("~" + id_)) key_ = ad_key;
        }
        break;
      case Level::kConversion:
        type_ = Type::kConversionAction;
        break;
      case Level::kAsset:
      case Level::kAccount:
        return Refuse("only campaigns, ad groups, ads and conversions can be edited");
    }
    object_ = account_.Find(type_, key_);
    if (object_ == nullptr) {
      return Fail(Errc::kNotFound, fmt::format("{} {} does not exist in {}", LevelName(level_), id_,
                                               PrintAccount(account_.served().setup.account)));
    }
    name_ = account_.ResourceName(type_, key_);
    return {};
  }

  void Add(Type type, json body) {
    operations_.push_back({type, std::move(body), {{"operations", operations_.size()}}});
  }
  void Put(Type type, const std::string& resource, const std::string& field, const json& value) {
    Set& set = sets_[type];
    set.body["resourceName"] = resource;
    set.mask += (set.mask.empty() ? "" : ",") + field;
    json* at = &set.body;
    std::size_t begin = 0;
    for (std::size_t dot = field.find('.'); dot != std::string::npos;
         begin = dot + 1, dot = field.find('.', begin)) {
      at = &(*at)[field.substr(begin, dot - begin)];
    }
    (*at)[field.substr(begin)] = value;
  }
  void Put(const std::string& field, const json& value) { Put(type_, name_, field, value); }

  Result<std::string> Micros(const FieldValue& value) const {
    const Money money = std::get<Money>(value);
    if (money.currency() != account_.served().setup.currency) {
      return Refuse("the amount is not in the account's currency");
    }
    return std::to_string(money.micros());
  }

  Result<> Bidding(const Fields& changes) {
    const std::string word = TextField(changes, "bid_strategy");
    if (word == "manual_cpc") {
      Put("manualCpc.enhancedCpcEnabled", false);
    } else if (word == "maximize_clicks") {
      Put("targetSpend", json::object());
    } else if (word == "maximize_conversions") {
      Put("maximizeConversions", json::object());
    } else if (word == "maximize_value") {
      Put("maximizeConversionValue", json::object());
    } else if (word == "target_cpa" || (word.empty() && changes.contains("target_cpa"))) {
      MAXOPT_TRY(const std::string micros, Micros(changes.at("target_cpa")));
      Put("maximizeConversions.targetCpaMicros", micros);
    } else if (word == "target_roas" || (word.empty() && changes.contains("target_roas_bp"))) {
      const auto bp = std::get<std::int64_t>(changes.at("target_roas_bp"));
      Put("maximizeConversionValue.targetRoas", static_cast<double>(bp) / 10'000);
    } else {
      return Refuse("no such bid strategy here: " + word);
    }
    return {};
  }

  Result<> Ages(const Fields& changes) {
    const auto low = changes.find("age_min");
    const auto high = changes.find("age_max");
    const std::int64_t least = low == changes.end() ? 18 : std::get<std::int64_t>(low->second);
    const std::int64_t most = high == changes.end() ? 65 : std::get<std::int64_t>(high->second);
    std::vector<json> criteria;
    constexpr std::pair<std::int64_t, const char*> kAges[] = {
        {18, "AGE_RANGE_18_24"}, {25, "AGE_RANGE_25_34"}, {35, "AGE_RANGE_35_44"},
        {45, "AGE_RANGE_45_54"}, {55, "AGE_RANGE_55_64"}, {65, "AGE_RANGE_65_UP"}};
    for (const auto& [begins, range] : kAges) {
      if (begins >= least && begins <= most) continue;
      criteria.push_back({{"negative", true}, {"ageRange", {{"type", range}}}});
    }
    if (!criteria.empty()) {
      criteria.push_back({{"negative", true}, {"ageRange", {{"type", "AGE_RANGE_UNDETERMINED"}}}});
    }
    Replace("age_min", criteria);
    return {};
  }

  /// Takes away the criteria of the field that are not wanted, then adds those that are missing.
  void Replace(const std::string& field, const std::vector<json>& wanted) {
    const bool campaign = level_ == Level::kCampaign;
    const Type type = campaign ? Type::kCampaignCriterion : Type::kAdGroupCriterion;
    std::vector<bool> there(wanted.size(), false);
    const std::string prefix = key_ + "~";
    const auto& criteria = account_.All(type);
    for (auto at = criteria.lower_bound(prefix);
         at != criteria.end() && at->first.starts_with(prefix); ++at) {
      if (StatusOf(at->second) == "REMOVED" || FieldOf(at->second.body) != field) continue;
      bool keep = false;
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        const bool same =
            std::all_of(wanted[i].items().begin(), wanted[i].items().end(), [&](const auto& part) {
              const auto own = at->second.body.find(part.key());
              return own != at->second.body.end() && *own == part.value();
            });
        if (same) keep = there[i] = true;
      }
      if (!keep) Add(type, {{"remove", account_.ResourceName(type, at->first)}});
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (there[i]) continue;
      json body = wanted[i];
      body[campaign ? "campaign" : "adGroup"] = name_;
      Add(type, {{"create", std::move(body)}});
    }
  }

  /// Sets the modifiers of the campaign's places and devices, and takes away the others.
  Result<> Modify(const List& wanted) {
    const auto modifiers = ParseBidModifiers(wanted);
    if (!modifiers) return Refuse(modifiers.error().what);
    std::size_t met = 0;
    const std::string prefix = key_ + "~";
    const auto& criteria = account_.All(Type::kCampaignCriterion);
    for (auto at = criteria.lower_bound(prefix);
         at != criteria.end() && at->first.starts_with(prefix); ++at) {
      const json& body = at->second.body;
      if (StatusOf(at->second) == "REMOVED" || BoolAt(body, "negative")) continue;
      const std::string id = at->first.substr(prefix.size());
      BidPart part;
      if (body.contains("device")) {
        const auto device = std::find_if(Devices().begin(), Devices().end(),
                                         [&](const Device& d) { return d.id == id; });
        if (device == Devices().end()) continue;
        part = {"device", std::string(device->segment)};
      } else if (body.contains("location")) {
        const auto number = ParseInt64(id);
        const Country* country = number ? CountryById(static_cast<int>(*number)) : nullptr;
        part = country != nullptr ? BidPart{"country", std::string(country->code)}
                                  : BidPart{"location", id};
      } else {
        continue;
      }
      const auto known = modifiers->find(part);
      if (known != modifiers->end()) ++met;
      if (known == modifiers->end() && !body.contains("bidModifier")) continue;
      json update = {{"resourceName", account_.ResourceName(Type::kCampaignCriterion, at->first)}};
      if (known != modifiers->end()) {
        update["bidModifier"] = static_cast<double>(known->second) / kNoModifierBp;
      }
      Add(Type::kCampaignCriterion,
          {{"update", std::move(update)}, {"updateMask", "bid_modifier"}});
    }
    if (met < modifiers->size()) return Refuse("bid_modifiers names what the campaign does not");
    return {};
  }

  Result<> One(const std::string& field, const FieldValue& value, const Fields& changes) {
    const bool campaign = level_ == Level::kCampaign;
    const bool group = level_ == Level::kAdGroup;
    if (field == "status") {
      std::string word = StatusWord(std::get<std::string>(value));
      if (word.empty()) return Refuse("status must be active, paused or removed");
      if (level_ == Level::kConversion && word == "PAUSED") word = "HIDDEN";
      if (word == "REMOVED") {
        remove_ = true;
      } else {
        Put("status", word);
      }
      return {};
    }
    if (field == "name" && level_ != Level::kAd) {
      Put("name", std::get<std::string>(value));
      return {};
    }
    if (const auto* list = std::get_if<List>(&value); list != nullptr && (campaign || group)) {
      if (campaign && field == "bid_modifiers") return Modify(*list);
      static const std::set<std::string> kOfCampaign = {"countries",          "locations",
                                                        "excluded_locations", "languages",
                                                        "dayparts",           "negative_keywords"};
      static const std::set<std::string> kOfGroup = {"keywords", "negative_keywords", "genders",
                                                     "audiences", "excluded_audiences"};
      if ((campaign ? kOfCampaign : kOfGroup).contains(field)) {
        const auto criteria = CriteriaOf(account_, field, *list);
        if (!criteria) return Refuse(fmt::format("field \"{}\" holds what is not known", field));
        Replace(field, *criteria);
        return {};
      }
    }
    if (group && (field == "age_min" || (field == "age_max" && !changes.contains("age_min")))) {
      return Ages(changes);
    }
    if (group && field == "age_max") return {};
    if (group && field == "bid") {
      MAXOPT_TRY(const std::string micros, Micros(value));
      Put("cpcBidMicros", micros);
      return {};
    }
    if (campaign) return OfCampaign(field, value, changes);
    if (level_ == Level::kConversion && field == "counting") {
      Put("countingType",
          std::get<std::string>(value) == "one" ? "ONE_PER_CLICK" : "MANY_PER_CLICK");
      return {};
    }
    if (level_ == Level::kConversion && field == "primary") {
      Put("primaryForGoal", std::get<bool>(value));
      return {};
    }
    return Refuse(fmt::format("field \"{}\" cannot be edited here", field));
  }

  Result<> OfCampaign(const std::string& field, const FieldValue& value, const Fields& changes) {
    const std::string budget = TextAt(object_->body, "campaignBudget");
    if (field == "daily_budget" || field == "lifetime_budget") {
      MAXOPT_TRY(const std::string micros, Micros(value));
      Put(Type::kCampaignBudget, budget,
          field == "daily_budget" ? "amountMicros" : "totalAmountMicros", micros);
    } else if (field == "start_at" || field == "end_at") {
      Put(field == "start_at" ? "startDateTime" : "endDateTime", std::get<std::string>(value));
    } else if (field == "bid_strategy") {
      return Bidding(changes);
    } else if (field == "target_cpa" || field == "target_roas_bp") {
      if (!changes.contains("bid_strategy")) return Bidding(changes);
    } else if (field == "eu_political") {
      Put("containsEuPoliticalAdvertising", std::get<bool>(value)
                                                ? "CONTAINS_EU_POLITICAL_ADVERTISING"
                                                : "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING");
    } else {
      return Refuse(fmt::format("field \"{}\" cannot be edited here", field));
    }
    return {};
  }

  const Account& account_;
  const Level level_;
  const std::string id_;
  Type type_ = Type::kCampaign;
  std::string key_;
  std::string name_;
  const Object* object_ = nullptr;
  std::map<Type, Set> sets_;
  std::vector<Operation> operations_;
  bool remove_ = false;
};

}  // namespace

Result<std::vector<Operation>> OperationsOfEdit(const Account& account, Level level,
                                                const std::string& id, const Fields& changes) {
  return Edit(account, level, id).Run(changes);
}

}  // namespace maxopt::sim::google_ads
