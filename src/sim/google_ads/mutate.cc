#include "sim/google_ads/mutate.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "sim/google_ads/geo.h"
#include "sim/google_ads/history.h"
#include "sim/google_ads/image.h"
#include "sim/google_ads/rules.h"
#include "sim/google_ads/wire.h"

namespace maxopt::sim::google_ads {
namespace {

using nlohmann::json;

constexpr std::string_view kRemoved = "REMOVED";

bool IsTemporary(std::string_view id) {
  const auto n = ParseInt64(id);
  return n && *n < 0;
}

/// Real names of the temporary ones of a request; nullopt: the create that made it failed.
using Temporaries = std::map<std::string, std::optional<std::string>, std::less<>>;

/// One operation being carried out; collects what is wrong with it.
class Step {
 public:
  Step(Account& account, const Operation& operation, const MutateOptions& options,
       Temporaries& temporaries, std::vector<AdsError>& errors)
      : account_(account),
        operation_(operation),
        info_(InfoOf(operation.type)),
        options_(options),
        temporaries_(temporaries),
        errors_(errors),
        errors_before_(errors.size()) {}

  std::optional<Written> Run() {
    if (operation_.body.contains("create")) return Create();
    if (operation_.body.contains("update")) return Update();
    if (operation_.body.contains("remove")) return Remove();
    Add("requestError", "OPERATION_REQUIRED", "An operation is required.", {});
    return std::nullopt;
  }

 private:
  void Add(std::string family, std::string code, std::string message, Path below,
           std::string trigger = {}) {
    Path path = operation_.path;
    path.insert(path.end(), below.begin(), below.end());
    errors_.push_back({std::move(family), std::move(code), std::move(message), std::move(trigger),
                       std::move(path)});
  }
  void AddBelow(const char* operation, AdsError error) {
    Path path = operation_.path;
    path.push_back({operation});
    path.insert(path.end(), error.path.begin(), error.path.end());
    error.path = std::move(path);
    errors_.push_back(std::move(error));
  }
  bool failed() const { return errors_.size() > errors_before_; }

  Written Done(const std::string& key) const {
    Written written;
    written.type = operation_.type;
    written.resource_name = account_.ResourceName(operation_.type, key);
    written.resource = account_.Find(operation_.type, key)->body;
    written.resource["resourceName"] = written.resource_name;
    return written;
  }

  /// Puts real names in place of temporary ones, everywhere in the message.
  void Resolve(json& value, Path at) {
    if (value.is_string()) {
      const auto& text = value.get_ref<const std::string&>();
      if (!text.starts_with("customers/")) return;
      const std::size_t slash = text.rfind('/');
      if (!IsTemporary(std::string_view(text).substr(slash + 1))) return;
      const auto known = temporaries_.find(text);
      if (known == temporaries_.end()) {
        Add("mutateError", "RESOURCE_NOT_FOUND",
            "Resource was not found: the temporary id is not defined before its use.", at, text);
      } else if (!known->second) {
        Add("newResourceCreationError", "TEMP_ID_RESOURCE_HAD_ERRORS",
            "The resource with this temporary id could not be created.", at, text);
      } else {
        value = *known->second;
      }
    } else if (value.is_object()) {
      for (auto& [key, child] : value.items()) {
        if (key == "resourceName") continue;
        Path below = at;
        below.push_back({SnakeCase(key)});
        Resolve(child, std::move(below));
      }
    } else if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        Path below = at;
        below.back().index = i;
        Resolve(value[i], std::move(below));
      }
    }
  }

  /// Output-only fields may not be set by a create.
  void RefuseOutputOnly(const MessageDef& message, const json& value, const Path& at) {
    for (const auto& [key, child] : value.items()) {
      const FieldDef* field = message.Find(key);
      Path below = at;
      below.push_back({field->name});
      if (field->output_only) {
        Add("fieldError", "VALUE_MUST_BE_UNSET", "The field's value is set by Google only.", below);
      } else if (field->kind == Kind::kMessage && !field->repeated) {
        RefuseOutputOnly(*field->message, child, below);
      }
    }
  }

  /// Registers the temporary id of a create; false when its resource name is wrong.
  bool TakeTemporary(const std::string& name) {
    if (name.empty()) return true;
    const Path at{{"create"}, {"resource_name"}};
    const std::string key = KeyOfName(name, account_.id(), info_.collection);
    const std::string_view last = std::string_view(key).substr(key.find('~') + 1);
    if (key.empty()) {
      Add("requestError", "RESOURCE_NAME_MALFORMED", "Resource name is malformed.", at, name);
      return false;
    }
    if (!IsTemporary(last)) {
      Add("newResourceCreationError", "CANNOT_SET_ID_FOR_CREATE",
          "A create may carry a temporary (negative) id only.", at, name);
      return false;
    }
    for (const auto& [known, real] : temporaries_) {
      const std::string_view tail = std::string_view(known).substr(known.rfind('/') + 1);
      if (tail.substr(tail.find('~') + 1) == last) {
        Add("newResourceCreationError", "DUPLICATE_TEMP_IDS",
            "The same temporary id is used by two resources of the request.", at, name);
        return false;
      }
    }
    temporaries_[name] = std::nullopt;
    return true;
  }

  std::optional<Written> Create() {
    json body = operation_.body["create"];
    const std::string temporary = TextAt(body, "resourceName");
    body.erase("resourceName");
    if (!TakeTemporary(temporary)) return std::nullopt;
    Resolve(body, {{"create"}});
    RefuseOutputOnly(*FindMessage(info_.message), body, {{"create"}});
    if (failed()) return std::nullopt;

    Rules rules(account_, options_.now,
                [this](AdsError error) { AddBelow("create", std::move(error)); });
    if (const auto existing = rules.ForCreate(operation_.type, body)) {
      // An identical picture or text is the asset that the account has already.
      if (!temporary.empty()) {
        temporaries_[temporary] = account_.ResourceName(operation_.type, *existing);
      }
      return Done(*existing);
    }
    if (failed()) return std::nullopt;
    const std::string key = rules.KeyForCreate(operation_.type, body);
    const bool device = operation_.type == Type::kCampaignCriterion && body.contains("device");
    if (const Object* there = account_.Find(operation_.type, key);
        there != nullptr && StatusOf(*there) != kRemoved &&
        // A campaign has its devices from the first: to create one is to say its modifier.
        (!device || there->body.contains("bidModifier"))) {
      Add("mutateError", "RESOURCE_ALREADY_EXISTS", "The resource exists already.", {{"create"}});
      return std::nullopt;
    }
    account_.Put(operation_.type, key, {body, options_.now, options_.now, rules.digest()});
    Record(account_, {operation_.type, key, "CREATE", json::object(), body, LeafPaths(body)},
           options_.now, options_.author);
    if (operation_.type == Type::kCampaign) AddDevices(key);
    if (!temporary.empty()) {
      temporaries_[temporary] = account_.ResourceName(operation_.type, key);
    }
    return Done(key);
  }

  /// Google makes the criteria of a campaign's devices with it, which its history does not tell.
  void AddDevices(const std::string& campaign_key) {
    for (const Device& device : Devices()) {
      const json body = {{"campaign", account_.ResourceName(Type::kCampaign, campaign_key)},
                         {"device", {{"type", device.type}}},
                         {"status", "ENABLED"}};
      account_.Put(Type::kCampaignCriterion, fmt::format("{}~{}", campaign_key, device.id),
                   {body, options_.now, options_.now, ""});
    }
  }

  /// The object that an update or remove means; nullopt after telling what is wrong.
  std::optional<std::string> Target(std::string name, const Path& at) {
    if (name.empty()) {
      Add("requestError", "RESOURCE_NAME_MISSING", "Resource name is missing.", at);
      return std::nullopt;
    }
    if (const auto known = temporaries_.find(name); known != temporaries_.end()) {
      if (!known->second) {
        Add("newResourceCreationError", "TEMP_ID_RESOURCE_HAD_ERRORS",
            "The resource with this temporary id could not be created.", at, name);
        return std::nullopt;
      }
      name = *known->second;
    }
    const std::string key = KeyOfName(name, account_.id(), info_.collection);
    if (key.empty()) {
      const bool foreign = name.starts_with("customers/") &&
                           !name.starts_with(fmt::format("customers/{}/", account_.id())) &&
                           name.find(fmt::format("/{}/", info_.collection)) != std::string::npos;
      if (foreign) {
        Add("requestError", "CANNOT_MODIFY_FOREIGN_FIELD",
            "The resource belongs to another customer than the request.", at, name);
      } else {
        Add("requestError", "RESOURCE_NAME_MALFORMED", "Resource name is malformed.", at, name);
      }
      return std::nullopt;
    }
    const Object* object = account_.Find(operation_.type, key);
    if (object == nullptr) {
      Add("mutateError", "RESOURCE_NOT_FOUND", "Resource was not found.", at, name);
      return std::nullopt;
    }
    if (StatusOf(*object) == kRemoved) {
      Add("operationAccessDeniedError", "OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE",
          "The operation is not allowed for removed resources.", at, name);
      return std::nullopt;
    }
    return key;
  }

  /// Copies one path of the mask from `update` into `body`, or clears it there.
  void ApplyPath(std::string_view path, const json& update, json& body) {
    const MessageDef* message = FindMessage(info_.message);
    const json* from = &update;
    json* to = &body;
    Path at{{"update"}};
    while (true) {
      const std::size_t dot = path.find('.');
      const std::string_view name = path.substr(0, dot);
      const FieldDef* field = message->Find(name);
      if (field == nullptr) {
        Add("fieldMaskError", "FIELD_NOT_FOUND",
            "The field mask names a field that does not exist.", {{"update_mask"}},
            std::string(name));
        return;
      }
      at.push_back({field->name});
      if (field->output_only || field->immutable) {
        Add("fieldError", "IMMUTABLE_FIELD", "The field cannot be changed.", at);
        return;
      }
      if (!field->oneof.empty()) {
        for (const FieldDef& other : message->fields) {
          if (other.oneof == field->oneof && other.name != field->name) to->erase(other.json);
        }
      }
      const auto child = from == nullptr ? json::const_iterator() : from->find(field->json);
      const bool present = from != nullptr && child != from->end();
      if (dot == std::string_view::npos) {
        // A whole message may be named only where it has no fields of its own to name.
        if (field->kind == Kind::kMessage && !field->repeated && !field->message->fields.empty() &&
            field->oneof.empty()) {
          Add("fieldMaskError", "FIELD_HAS_SUBFIELDS",
              "The field mask names a message; name its fields.", {{"update_mask"}},
              std::string(name));
          return;
        }
        if (present) {
          (*to)[field->json] = *child;
        } else if (field->oneof.empty()) {
          to->erase(field->json);
        } else {
          (*to)[field->json] = json::object();
        }
        return;
      }
      if (field->kind != Kind::kMessage || field->repeated) {
        Add("fieldMaskError", "FIELD_NOT_FOUND",
            "The field mask names a field that does not exist.", {{"update_mask"}},
            std::string(path));
        return;
      }
      json& next = (*to)[field->json];
      if (!next.is_object()) next = json::object();
      to = &next;
      from = present ? &*child : nullptr;
      message = field->message;
      path.remove_prefix(dot + 1);
    }
  }

  std::optional<Written> Update() {
    json update = operation_.body["update"];
    const auto key = Target(TextAt(update, "resourceName"), {{"update"}, {"resource_name"}});
    if (!key) return std::nullopt;
    update.erase("resourceName");
    Resolve(update, {{"update"}});
    const std::string mask = TextAt(operation_.body, "updateMask");
    if (mask.empty()) {
      Add("fieldMaskError", "FIELD_MASK_MISSING", "An update needs a field mask.",
          {{"update_mask"}});
    }
    if (failed()) return std::nullopt;
    const Object& before = *account_.Find(operation_.type, *key);
    Object after = before;
    std::vector<std::string> paths;
    for (std::size_t begin = 0; begin <= mask.size();) {
      const std::size_t comma = std::min(mask.find(',', begin), mask.size());
      paths.push_back(mask.substr(begin, comma - begin));
      ApplyPath(paths.back(), update, after.body);
      begin = comma + 1;
    }
    if (failed()) return std::nullopt;
    if (TextAt(after.body, "status") == kRemoved) {
      Add("enumError", "ENUM_VALUE_NOT_PERMITTED", "Removing takes a remove operation.",
          {{"update"}, {"status"}}, "REMOVED");
      return std::nullopt;
    }
    Rules rules(account_, options_.now,
                [this](AdsError error) { AddBelow("update", std::move(error)); });
    rules.ForUpdate(operation_.type, *key, before.body, after.body);
    if (failed()) return std::nullopt;
    if (after.body != before.body) {
      const json old_body = before.body;
      const json new_body = after.body;
      account_.Put(operation_.type, *key, std::move(after));
      Record(account_, Difference(operation_.type, *key, old_body, new_body), options_.now,
             options_.author);
    }
    return Done(*key);
  }

  std::optional<Written> Remove() {
    const Path at{{"remove"}};
    const auto key = Target(TextAt(operation_.body, "remove"), at);
    if (!key) return std::nullopt;
    Object object = *account_.Find(operation_.type, *key);
    if (operation_.type == Type::kCampaignCriterion && object.body.contains("device")) {
      Add("campaignCriterionError", "OPERATOR_NOT_SUPPORTED_FOR_CRITERION_TYPE",
          "Devices cannot be removed; a bid modifier of 0 opts out of one.", at);
      return std::nullopt;
    }
    if (operation_.type == Type::kCampaignBudget) {
      const std::string name = account_.ResourceName(operation_.type, *key);
      for (const auto& [campaign_key, campaign] : account_.All(Type::kCampaign)) {
        if (StatusOf(campaign) != kRemoved && TextAt(campaign.body, "campaignBudget") == name) {
          Add("campaignBudgetError", "CAMPAIGN_BUDGET_IN_USE",
              "The budget is in use by a campaign and cannot be removed.", at, name);
          return std::nullopt;
        }
      }
    }
    MarkRemoved(operation_.type, *key, object);
    if (operation_.type == Type::kCampaign) {
      // A budget of one campaign only goes with it.
      const std::string budget_name = TextAt(object.body, "campaignBudget");
      const Object* budget = account_.FindByName(Type::kCampaignBudget, budget_name);
      if (budget != nullptr && StatusOf(*budget) != kRemoved &&
          !BoolAt(budget->body, "explicitlyShared")) {
        MarkRemoved(Type::kCampaignBudget, KeyOfName(budget_name, account_.id(), "campaignBudgets"),
                    *budget);
      }
    }
    return Done(*key);
  }

  void MarkRemoved(Type type, const std::string& key, Object object) {
    // What is gone is told whole where its status alone would not say what it was.
    const bool criterion = type == Type::kAdGroupCriterion || type == Type::kCampaignCriterion;
    const json old_body = criterion ? object.body : json{{"status", StatusOf(object)}};
    object.body["status"] = kRemoved;
    account_.Put(type, key, std::move(object));
    Record(account_, {type, key, "REMOVE", old_body, json::object(), {"status"}}, options_.now,
           options_.author);
  }

  Account& account_;
  const Operation& operation_;
  const TypeInfo& info_;
  const MutateOptions& options_;
  Temporaries& temporaries_;
  std::vector<AdsError>& errors_;
  std::size_t errors_before_;
};

}  // namespace

MutateOutcome Mutate(Account& account, const std::vector<Operation>& operations,
                     const MutateOptions& options) {
  MutateOutcome outcome;
  Temporaries temporaries;
  const Account::Mark all = account.MarkNow();
  for (const Operation& operation : operations) {
    const Account::Mark one = account.MarkNow();
    auto written = Step(account, operation, options, temporaries, outcome.errors).Run();
    if (!written) account.TakeBackTo(one);
    outcome.results.push_back(std::move(written));
  }
  const bool refused = !outcome.errors.empty() && !options.partial_failure;
  if (refused || options.validate_only) {
    account.TakeBackTo(all);
    outcome.results.clear();
  }
  account.Settle();
  return outcome;
}

}  // namespace maxopt::sim::google_ads
