#include "domain/json.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <type_traits>

namespace maxopt {
namespace {

using Json = nlohmann::json;

constexpr int kDepthMax = 32;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Parses one document, refusing what nlohmann would let pass: repeated members (it keeps the last)
/// and any depth. Its parser and its destructor do not recurse, so depth itself is harmless.
Result<Json> ParseStrict(std::string_view text, std::string_view where) {
  std::vector<std::set<std::string>> open_objects;
  std::string repeated;
  bool too_deep = false;
  const Json::parser_callback_t watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    switch (event) {
      case Json::parse_event_t::object_start:
        open_objects.emplace_back();
        too_deep = too_deep || depth >= kDepthMax;  // depth of the first object is 0
        break;
      case Json::parse_event_t::array_start:
        too_deep = too_deep || depth >= kDepthMax;
        break;
      case Json::parse_event_t::object_end:
        open_objects.pop_back();
        break;
      case Json::parse_event_t::key:
        if (!open_objects.back().insert(parsed.get<std::string>()).second && repeated.empty()) {
          repeated = parsed.get<std::string>();
        }
        break;
      case Json::parse_event_t::array_end:
      case Json::parse_event_t::value:
        break;
    }
    return true;
  };
  Json json;
  try {
    json = Json::parse(text.begin(), text.end(), watch);
  } catch (const Json::parse_error& error) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} is not JSON: error at byte {}", where, error.byte));
  } catch (const Json::exception&) {  // a number beyond double
    return Fail(Errc::kInvalidArgument, fmt::format("{} is not JSON that can be held", where));
  }
  if (too_deep) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} is nested more than {} levels deep", where, kDepthMax));
  }
  if (!repeated.empty()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} has the member \"{}\" twice", where, repeated));
  }
  return json;
}

std::unexpected<Error> Wrong(std::string_view where, std::string_view expected, const Json& found) {
  return Fail(Errc::kInvalidArgument,
              fmt::format("{} must be {}, not {}", where, expected, found.type_name()));
}

/// One object being read: every member must be taken, so what nobody knows is refused by name.
class Members {
 public:
  static Result<Members> Of(const Json& json, std::string where) {
    if (!json.is_object()) return Wrong(where, "an object", json);
    return Members(json, std::move(where));
  }
  std::string Place(std::string_view name) const { return fmt::format("{}.{}", where_, name); }

  const Json* Find(const std::string& name) {
    const auto found = json_->find(name);
    if (found == json_->end()) return nullptr;
    taken_.insert(name);
    return &*found;
  }
  Result<const Json*> Need(const std::string& name) {
    const Json* found = Find(name);
    if (found == nullptr) {
      return Fail(Errc::kInvalidArgument, fmt::format("{} is missing", Place(name)));
    }
    return found;
  }
  Result<std::string> NeedText(const std::string& name) {
    MAXOPT_TRY(const Json* found, Need(name));
    if (!found->is_string()) return Wrong(Place(name), "text", *found);
    return found->get<std::string>();
  }
  /// "" when absent.
  Result<std::string> Text(const std::string& name) {
    if (!json_->contains(name)) return std::string();
    return NeedText(name);
  }
  Result<double> NeedNumber(const std::string& name) {
    MAXOPT_TRY(const Json* found, Need(name));
    if (!found->is_number()) return Wrong(Place(name), "a number", *found);
    return found->get<double>();
  }
  Result<> NothingElse() const {
    for (const auto& [name, value] : json_->items()) {
      if (!taken_.contains(name)) {
        return Fail(Errc::kInvalidArgument, fmt::format("{} is not a known member", Place(name)));
      }
    }
    return {};
  }

 private:
  Members(const Json& json, std::string where) : json_(&json), where_(std::move(where)) {}
  const Json* json_;
  std::string where_;
  std::set<std::string> taken_;
};

Json MoneyJson(Money money) {
  return {{"currency", money.currency().name()}, {"money", PrintDecimal(money)}};
}

Json ValueJson(const FieldValue& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* money = std::get_if<Money>(&value)) return MoneyJson(*money);
  Json list = Json::array();
  for (const std::string& item : std::get<std::vector<std::string>>(value)) list.push_back(item);
  return list;
}

Json FieldsJson(const Fields& fields) {
  Json json = Json::object();
  for (const auto& [name, value] : fields) json[name] = ValueJson(value);
  return json;
}

Json EntityJson(const Entity& entity) {
  Json json = {{"fields", FieldsJson(entity.fields)}, {"level", LevelName(entity.level)}};
  if (!entity.id.empty()) json["id"] = entity.id;
  if (!entity.parent_id.empty()) json["parent_id"] = entity.parent_id;
  if (!entity.campaign_id.empty()) json["campaign_id"] = entity.campaign_id;
  return json;
}

Json PredictionJson(const Prediction& prediction) {
  // NaN would be written as null, and a journal that cannot be read again is worse than a stop.
  for (const double number : {prediction.mean, prediction.low90, prediction.high90}) {
    if (!std::isfinite(number)) Bug();
  }
  Json json = {{"kpi", prediction.kpi},
               {"mean", prediction.mean},
               {"low90", prediction.low90},
               {"high90", prediction.high90},
               {"horizon_days", prediction.horizon_days}};
  if (prediction.currency) json["currency"] = prediction.currency->name();
  return json;
}

Json EvidenceJson(const std::string& evidence) {
  auto parsed = ParseStrict(evidence, "evidence");
  if (parsed && parsed->is_object()) return *std::move(parsed);
  return evidence;
}

Json ChangeJson(const Change& change) {
  Json json = {{"key", change.key},
               {"action", ChangeActionName(change.action)},
               {"account", PrintAccount(change.account)},
               {"level", LevelName(change.level)},
               {"address", change.address},
               {"reason", ReasonName(change.reason)}};
  const auto put = [&json](const char* name, const std::string& text) {
    if (!text.empty()) json[name] = text;
  };
  put("id", change.id);
  put("parent_address", change.parent_address);
  put("parent_id", change.parent_id);
  put("why", change.why);
  for (const Link& link : change.links) {
    json["links"].push_back({{"field", link.field}, {"address", link.address}});
  }
  if (!change.forced.empty()) json["forced"] = change.forced;
  if (!change.before.empty()) json["before"] = FieldsJson(change.before);
  if (!change.after.empty()) json["after"] = FieldsJson(change.after);
  if (!change.evidence.empty()) json["evidence"] = EvidenceJson(change.evidence);
  if (change.prediction) json["prediction"] = PredictionJson(*change.prediction);
  return json;
}

Result<Money> ReadMoney(const Json& json, const std::string& where) {
  MAXOPT_TRY(Members members, Members::Of(json, where));
  MAXOPT_TRY(const std::string decimal, members.NeedText("money"));
  MAXOPT_TRY(const std::string code, members.NeedText("currency"));
  MAXOPT_CHECK(members.NothingElse());
  const auto currency = FindCurrency(code);
  if (!currency) return FailWithin(where, currency.error());
  const auto money = ParseMoney(decimal, *currency);
  if (!money) return FailWithin(where, money.error());
  return *money;
}

Result<std::int64_t> ReadInteger(const Json& json, const std::string& where) {
  if (!json.is_number_integer()) return Wrong(where, "a whole number", json);
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX) {
    return Fail(Errc::kInvalidArgument, fmt::format("{} is beyond 64 bits", where));
  }
  return json.get<std::int64_t>();
}

Result<FieldValue> ReadValue(const Json& json, const std::string& where) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_number()) {
    MAXOPT_TRY(const std::int64_t integer, ReadInteger(json, where));
    return integer;
  }
  if (json.is_object()) {
    MAXOPT_TRY(const Money money, ReadMoney(json, where));
    return money;
  }
  if (!json.is_array()) return Wrong(where, "true, false, a number, text, money or a list", json);
  std::vector<std::string> list;
  for (const Json& item : json) {
    if (!item.is_string()) return Wrong(where, "a list of texts", item);
    list.push_back(item.get<std::string>());
  }
  return list;
}

Result<Fields> ReadFields(const Json& json, const std::string& where) {
  if (!json.is_object()) return Wrong(where, "an object", json);
  Fields fields;
  for (const auto& [name, value] : json.items()) {
    MAXOPT_TRY(FieldValue read, ReadValue(value, fmt::format("{}.{}", where, name)));
    fields.emplace(name, std::move(read));
  }
  return fields;
}
/// {} when absent.
Result<Fields> ReadFieldsOf(Members& members, const std::string& name) {
  const Json* json = members.Find(name);
  if (json == nullptr) return Fields{};
  return ReadFields(*json, members.Place(name));
}

Result<Level> ReadLevel(Members& members) {
  MAXOPT_TRY(const std::string word, members.NeedText("level"));
  const auto level = FindLevel(word);
  if (!level) return FailWithin(members.Place("level"), level.error());
  return *level;
}

Result<Entity> ReadEntity(const Json& json, const std::string& where) {
  MAXOPT_TRY(Members members, Members::Of(json, where));
  MAXOPT_TRY(const Level level, ReadLevel(members));
  MAXOPT_TRY(std::string id, members.Text("id"));
  MAXOPT_TRY(std::string parent_id, members.Text("parent_id"));
  MAXOPT_TRY(std::string campaign_id, members.Text("campaign_id"));
  MAXOPT_TRY(Fields fields, ReadFieldsOf(members, "fields"));
  MAXOPT_CHECK(members.NothingElse());
  return Entity{level, std::move(id), std::move(parent_id), std::move(campaign_id),
                std::move(fields)};
}

Result<Prediction> ReadPrediction(const Json& json, const std::string& where) {
  MAXOPT_TRY(Members members, Members::Of(json, where));
  MAXOPT_TRY(std::string kpi, members.NeedText("kpi"));
  MAXOPT_TRY(const double mean, members.NeedNumber("mean"));
  MAXOPT_TRY(const double low90, members.NeedNumber("low90"));
  MAXOPT_TRY(const double high90, members.NeedNumber("high90"));
  MAXOPT_TRY(const Json* horizon, members.Need("horizon_days"));
  MAXOPT_TRY(const std::int64_t days, ReadInteger(*horizon, members.Place("horizon_days")));
  std::optional<Currency> currency;
  if (members.Find("currency") != nullptr) {
    MAXOPT_TRY(const std::string code, members.NeedText("currency"));
    const auto found = FindCurrency(code);
    if (!found) return FailWithin(members.Place("currency"), found.error());
    currency = *found;
  }
  MAXOPT_CHECK(members.NothingElse());
  if (days < 0 || days > INT32_MAX) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} is no number of days", members.Place("horizon_days")));
  }
  return Prediction{std::move(kpi), mean, low90, high90, static_cast<int>(days), currency};
}

/// The enum value whose name is `word`; the error lists all names.
template <class Enum>
Result<Enum> FindWord(std::span<const std::type_identity_t<Enum>> all,
                      std::string_view (*name_of)(Enum), std::string_view word,
                      const std::string& where) {
  std::string known;
  for (const Enum value : all) {
    if (name_of(value) == word) return value;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", name_of(value));
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("{} has the unknown word \"{}\"; known are {}", where, word, known));
}
constexpr std::array kActions = {ChangeAction::kCreate, ChangeAction::kUpdate};

Result<AccountId> ReadAccount(Members& members) {
  MAXOPT_TRY(const std::string text, members.NeedText("account"));
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos || slash + 1 == text.size()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} must be written like meta/42", members.Place("account")));
  }
  const auto platform = FindPlatform(std::string_view(text).substr(0, slash));
  if (!platform) return FailWithin(members.Place("account"), platform.error());
  return AccountId{*platform, text.substr(slash + 1)};
}

/// Plans stored before links had names carry one "asset_address", an ad's picture.
Result<std::vector<Link>> ReadLinks(Members& members) {
  std::vector<Link> links;
  MAXOPT_TRY(std::string asset, members.Text("asset_address"));
  if (!asset.empty()) links.push_back({"image", std::move(asset)});
  const Json* list = members.Find("links");
  if (list == nullptr) return links;
  const std::string where = members.Place("links");
  if (!list->is_array()) return Wrong(where, "a list of links", *list);
  for (const Json& item : *list) {
    MAXOPT_TRY(Members link, Members::Of(item, where));
    MAXOPT_TRY(std::string field, link.NeedText("field"));
    MAXOPT_TRY(std::string address, link.NeedText("address"));
    MAXOPT_CHECK(link.NothingElse());
    links.push_back({std::move(field), std::move(address)});
  }
  return links;
}

Result<Change> ReadChange(const Json& json, const std::string& where) {
  MAXOPT_TRY(Members members, Members::Of(json, where));
  Change change;
  MAXOPT_TRY(change.key, members.NeedText("key"));
  MAXOPT_TRY(const std::string action, members.NeedText("action"));
  MAXOPT_TRY(change.action, FindWord(kActions, ChangeActionName, action, members.Place("action")));
  MAXOPT_TRY(change.account, ReadAccount(members));
  MAXOPT_TRY(change.level, ReadLevel(members));
  MAXOPT_TRY(change.address, members.NeedText("address"));
  MAXOPT_TRY(const std::string reason, members.NeedText("reason"));
  MAXOPT_TRY(change.reason, FindWord(AllReasons(), ReasonName, reason, members.Place("reason")));
  MAXOPT_TRY(change.id, members.Text("id"));
  MAXOPT_TRY(change.parent_address, members.Text("parent_address"));
  MAXOPT_TRY(change.parent_id, members.Text("parent_id"));
  MAXOPT_TRY(change.why, members.Text("why"));
  MAXOPT_TRY(change.links, ReadLinks(members));
  if (const Json* forced = members.Find("forced")) {
    MAXOPT_TRY(const FieldValue list, ReadValue(*forced, members.Place("forced")));
    const auto* names = std::get_if<std::vector<std::string>>(&list);
    if (names == nullptr) return Wrong(members.Place("forced"), "a list of texts", *forced);
    change.forced = *names;
  }
  MAXOPT_TRY(change.before, ReadFieldsOf(members, "before"));
  MAXOPT_TRY(change.after, ReadFieldsOf(members, "after"));
  if (const Json* evidence = members.Find("evidence")) {
    if (!evidence->is_object() && !evidence->is_string()) {
      return Wrong(members.Place("evidence"), "an object", *evidence);
    }
    change.evidence = evidence->is_string() ? evidence->get<std::string>() : Dump(*evidence);
  }
  if (const Json* prediction = members.Find("prediction")) {
    MAXOPT_TRY(change.prediction, ReadPrediction(*prediction, members.Place("prediction")));
  }
  MAXOPT_CHECK(members.NothingElse());
  return change;
}

}  // namespace

std::string ToJson(const FieldValue& value) { return Dump(ValueJson(value)); }
std::string ToJson(const Fields& fields) { return Dump(FieldsJson(fields)); }
std::string ToJson(const Entity& entity) { return Dump(EntityJson(entity)); }
std::string ToJson(const Prediction& prediction) { return Dump(PredictionJson(prediction)); }
std::string ToJson(const Change& change) { return Dump(ChangeJson(change)); }

Result<FieldValue> FieldValueFromJson(std::string_view json) {
  MAXOPT_TRY(const Json parsed, ParseStrict(json, "value"));
  return ReadValue(parsed, "value");
}
Result<Fields> FieldsFromJson(std::string_view json) {
  MAXOPT_TRY(const Json parsed, ParseStrict(json, "fields"));
  return ReadFields(parsed, "fields");
}
Result<Entity> EntityFromJson(std::string_view json) {
  MAXOPT_TRY(const Json parsed, ParseStrict(json, "entity"));
  return ReadEntity(parsed, "entity");
}
Result<Prediction> PredictionFromJson(std::string_view json) {
  MAXOPT_TRY(const Json parsed, ParseStrict(json, "prediction"));
  return ReadPrediction(parsed, "prediction");
}
Result<Change> ChangeFromJson(std::string_view json) {
  MAXOPT_TRY(const Json parsed, ParseStrict(json, "change"));
  return ReadChange(parsed, "change");
}

}  // namespace maxopt
