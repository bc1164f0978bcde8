#include "connect/google_ads/mutate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>

#include "connect/google_ads/constants.h"
#include "connect/google_ads/read.h"
#include "connect/google_ads/rows.h"
#include "connect/google_ads/words.h"

namespace maxopt::google_ads {
namespace {

using Json = nlohmann::json;
using Strings = std::vector<std::string>;

constexpr std::size_t kParameterMax = 250;  // characters of a custom parameter's value
constexpr std::size_t kShortHeadline = 30;
constexpr std::size_t kBusinessName = 25;

const std::string* TextOf(const Fields& fields, const std::string& name) {
  const auto at = fields.find(name);
  return at == fields.end() ? nullptr : std::get_if<std::string>(&at->second);
}

std::unexpected<Error> Invalid(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

/// Every field is one of `known`; the first other one is named. An empty list says nothing, so it
/// needs no expression.
Result<> OnlyThese(const Change& change, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : change.after) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (const auto* list = std::get_if<Strings>(&value); list != nullptr && list->empty()) continue;
    return Invalid(fmt::format("Google Ads: \"{}\" cannot be {} on a {}; known are {}", name,
                               change.action == ChangeAction::kCreate ? "set" : "changed",
                               LevelName(change.level), fmt::join(known, ", ")));
  }
  return {};
}

Result<std::string> Required(const Change& change, const std::string& field) {
  const std::string* text = TextOf(change.after, field);
  if (text == nullptr || text->empty()) {
    return Invalid(
        fmt::format("Google Ads: creating a {} needs \"{}\"", LevelName(change.level), field));
  }
  return *text;
}

/// Micros of a money field, as the text that int64 is on this wire. nullopt when it is not set.
Result<std::optional<std::string>> Micros(const Fields& fields, const std::string& name,
                                          Currency currency) {
  const auto at = fields.find(name);
  if (at == fields.end()) return std::nullopt;
  const Money* money = std::get_if<Money>(&at->second);
  if (money == nullptr) return Invalid(fmt::format("\"{}\" is no amount of money", name));
  if (money->currency() != currency) {
    return Invalid(
        fmt::format("\"{}\" is {}, but the account's currency is {}; nothing is "
                    "converted",
                    name, PrintMoney(*money), currency.name()));
  }
  if (const auto minor = ToMinor(*money, MinorUnits::kIso4217); !minor) {
    return FailWithin(name, minor.error());
  }
  return std::to_string(money->micros());
}

/// "2026-11-22 00:00:00" or an error; nullopt when it is not set.
Result<std::optional<std::string>> DateTime(const Fields& fields, const std::string& name) {
  const std::string* text = TextOf(fields, name);
  if (text == nullptr) return std::nullopt;
  const auto time = ParseLocal(*text);
  if (!time) return FailWithin(name, time.error());
  return PrintLocal(*time);
}

/// Google's word for one of our statuses that can be set; "" for removal, which is another
/// operation.
Result<std::string> SettableStatus(const std::string& status) {
  if (status == kActive) return "ENABLED";
  if (status == kPaused) return "PAUSED";
  if (status == kRemoved) return "";
  return Invalid(fmt::format("status \"{}\" is not active, paused or removed", status));
}

/// An object that is made must not start to spend, however it is asked for.
Result<> CreatedPaused(const Change& change) {
  const std::string* status = TextOf(change.after, "status");
  if (status != nullptr && *status == kPaused) return {};
  return Fail(Errc::kRefused,
              fmt::format("a {} is created paused and activated by a change of its own; this one "
                          "asks for status \"{}\"",
                          LevelName(change.level), status == nullptr ? "" : *status));
}

Result<std::string> ParentId(const Change& change) {
  if (IsDigits(change.parent_id)) return change.parent_id;
  return Invalid(fmt::format("creating the {} \"{}\" needs the id of its parent, not \"{}\"",
                             LevelName(change.level), change.address, change.parent_id));
}

std::string_view PoliticalWord(bool contains) {
  return contains ? "CONTAINS_EU_POLITICAL_ADVERTISING"
                  : "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING";
}

class Builder {
 public:
  explicit Builder(const Context& context) : context_(context) {}

  std::string Resource(std::string_view collection, std::string_view id) const {
    return fmt::format("customers/{}/{}/{}", context_.customer, collection, id);
  }
  std::size_t Add(const char* operation, Json body, std::string field = {}) {
    operations_.push_back({{operation, std::move(body)}});
    fields_.push_back(std::move(field));
    return operations_.size() - 1;
  }
  Mutation Done(std::size_t main, std::string result) {
    Mutation mutation;
    mutation.path = fmt::format("customers/{}/googleAds:mutate", context_.customer);
    mutation.operations = operations_.size();
    mutation.main = main;
    mutation.result = std::move(result);
    mutation.fields = std::move(fields_);
    if (operations_.size() == 1) {
      mutation.single = operations_.front();
      mutation.single_result = mutation.result;
    }
    mutation.body = Json{{"mutateOperations", std::move(operations_)}};
    return mutation;
  }

 private:
  const Context& context_;
  Json operations_ = Json::array();
  std::vector<std::string> fields_;
};

/// A call on one collection with one operation.
Mutation Alone(const Context& context, std::string_view collection, std::string_view resource,
               Json operation) {
  Mutation mutation;
  mutation.path = fmt::format("customers/{}/{}:mutate", context.customer, collection);
  mutation.operations = 1;
  mutation.fields = {""};
  mutation.single = {{fmt::format("{}Operation", resource), operation}};
  mutation.single_result = fmt::format("{}Result", resource);
  mutation.body = {{"operations", Json::array({std::move(operation)})}};
  return mutation;
}

/// A positive whole number of a field; nullopt when it is not set.
Result<std::optional<std::int64_t>> Count(const Fields& fields, const std::string& name,
                                          std::int64_t least, std::int64_t most) {
  const auto at = fields.find(name);
  if (at == fields.end()) return std::nullopt;
  const auto number = std::get<std::int64_t>(at->second);
  if (number < least || number > most) {
    return Invalid(fmt::format("Google Ads: \"{}\" is {}, but must be from {} to {}", name, number,
                               least, most));
  }
  return number;
}

/// How a campaign bids: the message of the oneof, and the path of the mask that switches to it.
struct Bidding {
  std::string field;  ///< "maximizeConversions"
  std::string mask;   ///< "maximize_conversions.target_cpa_micros"
  Json body = Json::object();
};

/// nullopt: the change does not touch it. Targets are options of "maximise conversions" and
/// "maximise conversion value", which is how Google has them since it took the older strategies out
/// of new campaigns.
Result<std::optional<Bidding>> BiddingOf(const Change& change, const Context& context) {
  const Fields& after = change.after;
  const bool create = change.action == ChangeAction::kCreate;
  const bool cpa_given = after.contains("target_cpa");
  const bool roas_given = after.contains("target_roas_bp");
  if (!create && !after.contains("bid_strategy") && !cpa_given && !roas_given) return std::nullopt;
  std::string word =
      TextField(after.contains("bid_strategy") ? after : context.live, "bid_strategy");
  if (create && word.empty()) {
    MAXOPT_TRY(word, Required(change, "bid_strategy"));
  }
  // What a target is told for without its strategy being told again.
  const auto target = [&](const char* name) -> const Fields* {
    if (after.contains(name)) return &after;
    return context.live.contains(name) ? &context.live : nullptr;
  };
  Bidding bidding;
  if (word == "manual_cpc") {
    bidding.field = "manualCpc";
    bidding.mask = "manual_cpc.enhanced_cpc_enabled";
  } else if (word == "maximize_clicks") {
    bidding.field = "targetSpend";
    bidding.mask = "target_spend.cpc_bid_ceiling_micros";
  } else if (word == "maximize_conversions" || word == "target_cpa") {
    bidding.field = "maximizeConversions";
    bidding.mask = "maximize_conversions.target_cpa_micros";
  } else if (word == "maximize_value" || word == "target_roas") {
    bidding.field = "maximizeConversionValue";
    bidding.mask = "maximize_conversion_value.target_roas";
  } else {
    return Invalid(
        fmt::format("Google Ads: bid_strategy \"{}\" is not one of manual_cpc, maximize_clicks, "
                    "maximize_conversions, maximize_value, target_cpa, target_roas",
                    word));
  }
  if (cpa_given && word != "target_cpa") {
    return Invalid(
        fmt::format("Google Ads: \"target_cpa\" belongs to the bid_strategy target_cpa, "
                    "not to {}",
                    word));
  }
  if (roas_given && word != "target_roas") {
    return Invalid(
        fmt::format("Google Ads: \"target_roas_bp\" belongs to the bid_strategy "
                    "target_roas, not to {}",
                    word));
  }
  if (word == "target_cpa") {
    const Fields* from = target("target_cpa");
    if (from == nullptr) return Invalid("Google Ads: the bid_strategy needs \"target_cpa\"");
    MAXOPT_TRY(const auto micros, Micros(*from, "target_cpa", context.currency));
    bidding.body["targetCpaMicros"] = *micros;
  }
  if (word == "target_roas") {
    const Fields* from = target("target_roas_bp");
    if (from == nullptr) return Invalid("Google Ads: the bid_strategy needs \"target_roas_bp\"");
    MAXOPT_TRY(const auto bp, Count(*from, "target_roas_bp", 100, 10'000'000));
    bidding.body["targetRoas"] = static_cast<double>(*bp) / 10'000;
  }
  return bidding;
}

/// campaign.frequency_caps; nullopt: the change does not touch it.
Result<std::optional<Json>> FrequencyOf(const Change& change, const Context& context) {
  const Fields& after = change.after;
  if (!after.contains("frequency_cap") && !after.contains("frequency_days")) return std::nullopt;
  if (!context.channel.empty() && context.channel != "DISPLAY" && context.channel != "VIDEO") {
    return Invalid(
        fmt::format("Google Ads: \"frequency_cap\" cannot be set on a {} campaign; display and "
                    "video campaigns have one",
                    Lower(context.channel)));
  }
  Fields both = context.live;
  for (const char* name : {"frequency_cap", "frequency_days"}) {
    if (after.contains(name)) both[name] = after.at(name);
    if (!both.contains(name)) {
      return Invalid(fmt::format(
          "Google Ads: a frequency cap needs \"frequency_cap\" and \"frequency_days\"; \"{}\" is "
          "missing",
          name));
    }
  }
  MAXOPT_TRY(const auto cap, Count(both, "frequency_cap", 1, 10'000));
  MAXOPT_TRY(const auto days, Count(both, "frequency_days", 1, 30));
  if (*days != 1 && *days != 7 && *days != 30) {
    return Invalid(fmt::format(
        "Google Ads: \"frequency_days\" is {}, but a cap counts over a day, a week or a month: 1, "
        "7 or 30",
        *days));
  }
  return Json::array({{{"key",
                        {{"level", "CAMPAIGN"},
                         {"eventType", "IMPRESSION"},
                         {"timeUnit", *days == 1   ? "DAY"
                                      : *days == 7 ? "WEEK"
                                                   : "MONTH"},
                         {"timeLength", 1}}},
                       {"cap", *cap}}});
}

Result<> CheckPacing(const Change& change) {
  const std::string* pacing = TextOf(change.after, "pacing");
  if (pacing == nullptr || *pacing == "even") return {};
  return Invalid(
      fmt::format("Google Ads: \"pacing\" cannot be {}: budgets are spread over the day, the "
                  "accelerated delivery is gone",
                  *pacing));
}

/// Google takes no such declaration on a campaign; politics in the EU are eu_political.
Result<> CheckSpecialCategories(const Change& change) {
  const auto& categories = ListField(change.after, "special_categories");
  if (categories.empty()) return {};
  return Invalid(
      fmt::format("Google Ads: \"special_categories\" ({}) cannot be declared on a campaign; its "
                  "policy on personalised advertising holds for the account, and EU politics are "
                  "declared by \"eu_political\"",
                  fmt::join(categories, ", ")));
}

/// Takes away the criteria that are no longer wanted, then adds those that are missing: one call,
/// so that at no time the targeting is half.
Result<> AddCriteria(const Change& change, const Context& context, const std::string& parent,
                     Builder& builder) {
  const bool campaign = change.level == Level::kCampaign;
  const char* operation = campaign ? "campaignCriterionOperation" : "adGroupCriterionOperation";
  const auto fields = CriteriaFields(change.level, change.after);
  MAXOPT_TRY(auto wanted, CriteriaFor(change.level, change.after, context.live, context.customer));
  const bool modifies = campaign && change.after.contains("bid_modifiers");
  BidModifiers modifiers;  // those whose part was not met yet
  if (modifies) {
    MAXOPT_TRY(modifiers, ModifiersFor(change.after));
  }
  const auto modify = [&](const Criterion& criterion) {
    const auto part = BidPartOf(criterion.field, criterion.value);
    if (!modifies || !part) return;
    const std::int64_t bp = ModifierOf(modifiers, *part);
    modifiers.erase(*part);
    if (bp == criterion.modifier_bp) return;
    builder.Add(
        operation,
        {{"update", {{"resourceName", criterion.resource}, {"bidModifier", ModifierNumber(bp)}}},
         {"updateMask", "bid_modifier"}},
        "bid_modifiers");
  };
  for (const Criterion& criterion : context.criteria) {
    const bool listed = criterion.field != "bid_modifiers" &&
                        std::find(fields.begin(), fields.end(), criterion.field) != fields.end();
    if (!listed) {
      modify(criterion);
      continue;
    }
    const auto same = std::find_if(wanted.begin(), wanted.end(), [&](const NewCriterion& one) {
      return one.field == criterion.field && one.value == criterion.value;
    });
    if (same == wanted.end()) {
      if (!modifies && criterion.modifier_bp != kNoModifierBp) {
        return Invalid(
            fmt::format("{}: {} has the bid modifier {}, which would go with it and not come back "
                        "when this is undone; state \"bid_modifiers\" in the same change",
                        criterion.field, criterion.value, PrintModifier(criterion.modifier_bp)));
      }
      // What somebody paused reaches nobody: it stays theirs.
      if (!criterion.paused) {
        builder.Add(operation, {{"remove", criterion.resource}}, criterion.field);
      }
      continue;
    }
    wanted.erase(same);
    modify(criterion);
    if (criterion.paused) {
      builder.Add(operation,
                  {{"update", {{"resourceName", criterion.resource}, {"status", "ENABLED"}}},
                   {"updateMask", "status"}},
                  criterion.field);
    }
  }
  for (NewCriterion& one : wanted) {
    one.body[campaign ? "campaign" : "adGroup"] = parent;
    if (!campaign && one.field == "keywords") one.body["status"] = "ENABLED";
    if (const auto part = BidPartOf(one.field, one.value); part && modifiers.contains(*part)) {
      one.body["bidModifier"] = ModifierNumber(modifiers.at(*part));
      modifiers.erase(*part);
    }
    builder.Add(operation, {{"create", std::move(one.body)}}, one.field);
  }
  for (const auto& [part, bp] : modifiers) {
    if (part.dimension != "device") {
      return Invalid(
          fmt::format("bid_modifiers: {0}:{1} is about a {0} that the campaign does not name",
                      part.dimension, part.value));
    }
    // A campaign has its devices from the first; one that is made in this call is not read yet.
    Json body = DeviceBody(part.value);
    body["campaign"] = parent;
    body["bidModifier"] = ModifierNumber(bp);
    builder.Add(operation, {{"create", std::move(body)}}, "bid_modifiers");
  }
  return {};
}

Result<Mutation> CreateCampaign(const Change& change, Context context) {
  MAXOPT_CHECK(OnlyThese(change, {"name",
                                  "status",
                                  "channel_type",
                                  "daily_budget",
                                  "lifetime_budget",
                                  "start_at",
                                  "end_at",
                                  "bid_strategy",
                                  "target_cpa",
                                  "target_roas_bp",
                                  "pacing",
                                  "frequency_cap",
                                  "frequency_days",
                                  "eu_political",
                                  "special_categories",
                                  "countries",
                                  "languages",
                                  "locations",
                                  "excluded_locations",
                                  "dayparts",
                                  "bid_modifiers",
                                  "negative_keywords"}));
  MAXOPT_CHECK(CreatedPaused(change));
  MAXOPT_TRY(const std::string plain_name, Required(change, "name"));
  const std::string name = WithMarker(plain_name, change.key);
  MAXOPT_TRY(const std::string channel, Required(change, "channel_type"));
  if (channel != "search" && channel != "display") {
    const std::string_view why =
        channel == "video" ? "; Google lets video campaigns be made in its own screens only" : "";
    return Invalid(
        fmt::format("Google Ads: campaigns of channel_type \"{}\" are not created by "
                    "this connector; search and display are{}",
                    channel, why));
  }
  const bool search = channel == "search";
  context.channel = search ? "SEARCH" : "DISPLAY";
  const auto political = change.after.find("eu_political");
  if (political == change.after.end()) {
    return Invalid(
        "Google Ads: creating a campaign needs \"eu_political\": whether it contains EU "
        "political advertising must be declared");
  }
  MAXOPT_CHECK(CheckPacing(change));
  MAXOPT_CHECK(CheckSpecialCategories(change));
  MAXOPT_TRY(const auto daily, Micros(change.after, "daily_budget", context.currency));
  MAXOPT_TRY(const auto lifetime, Micros(change.after, "lifetime_budget", context.currency));
  if (daily.has_value() == lifetime.has_value()) {
    return Invalid("Google Ads: a campaign needs either \"daily_budget\" or \"lifetime_budget\"");
  }
  MAXOPT_TRY(const auto start, DateTime(change.after, "start_at"));
  MAXOPT_TRY(const auto end, DateTime(change.after, "end_at"));
  if (lifetime && !end) {
    return Invalid("Google Ads: a \"lifetime_budget\" needs \"end_at\"");
  }

  Builder builder(context);
  const std::string budget_name = builder.Resource("campaignBudgets", "-1");
  const std::string campaign_name = builder.Resource("campaigns", "-2");
  Json budget = {{"resourceName", budget_name},
                 {"name", name},
                 {"deliveryMethod", "STANDARD"},
                 {"explicitlyShared", false}};
  if (daily) {
    budget["amountMicros"] = *daily;
    budget["period"] = "DAILY";
  } else {
    budget["totalAmountMicros"] = *lifetime;
    budget["period"] = "CUSTOM_PERIOD";
  }
  builder.Add("campaignBudgetOperation", {{"create", std::move(budget)}});

  Json campaign = {
      {"resourceName", campaign_name},
      {"name", name},
      {"status", "PAUSED"},
      {"advertisingChannelType", context.channel},
      {"campaignBudget", budget_name},
      {"containsEuPoliticalAdvertising", PoliticalWord(std::get<bool>(political->second))},
      {"networkSettings",
       {{"targetGoogleSearch", search},
        {"targetSearchNetwork", search},
        {"targetContentNetwork", !search},
        {"targetPartnerSearchNetwork", false}}}};
  MAXOPT_TRY(auto bidding, BiddingOf(change, context));
  campaign[bidding->field] = std::move(bidding->body);
  MAXOPT_TRY(auto frequency, FrequencyOf(change, context));
  if (frequency) campaign["frequencyCaps"] = *std::move(frequency);
  if (start) campaign["startDateTime"] = *start;
  if (end) campaign["endDateTime"] = *end;
  const std::size_t main = builder.Add("campaignOperation", {{"create", std::move(campaign)}});
  MAXOPT_CHECK(AddCriteria(change, context, campaign_name, builder));
  return builder.Done(main, "campaignResult");
}

/// What an ad group of this channel cannot have, by name.
Result<> CheckAdGroupFields(const Change& change, const Context& context) {
  const bool display = context.channel == "DISPLAY" || context.channel == "DEMAND_GEN";
  if (display && !ListField(change.after, "keywords").empty()) {
    return Invalid(fmt::format(
        "Google Ads: \"keywords\" are set on ad groups of search campaigns only, not of "
        "{}",
        Lower(context.channel)));
  }
  return {};
}

Result<Mutation> CreateAdGroup(const Change& change, const Context& context) {
  MAXOPT_CHECK(
      OnlyThese(change, {"name", "status", "bid", "keywords", "negative_keywords", "age_min",
                         "age_max", "genders", "audiences", "excluded_audiences"}));
  MAXOPT_CHECK(CreatedPaused(change));
  MAXOPT_TRY(const std::string name, Required(change, "name"));
  MAXOPT_TRY(const std::string campaign, ParentId(change));
  MAXOPT_TRY(const auto bid, Micros(change.after, "bid", context.currency));
  MAXOPT_CHECK(CheckAdGroupFields(change, context));
  if (!context.channel.empty() && context.channel != "SEARCH" && context.channel != "DISPLAY") {
    return Invalid(
        fmt::format("Google Ads: ad groups of {} campaigns are not created by this connector "
                    "(\"channel_type\"); those of search and display are",
                    Lower(context.channel)));
  }
  Builder builder(context);
  const std::string ad_group_name = builder.Resource("adGroups", "-1");
  Json ad_group = {{"resourceName", ad_group_name},
                   {"campaign", builder.Resource("campaigns", campaign)},
                   {"name", WithMarker(name, change.key)},
                   {"status", "PAUSED"}};
  if (!context.channel.empty()) {
    ad_group["type"] = context.channel == "DISPLAY" ? "DISPLAY_STANDARD" : "SEARCH_STANDARD";
  }
  if (bid) ad_group["cpcBidMicros"] = *bid;
  const std::size_t main = builder.Add("adGroupOperation", {{"create", std::move(ad_group)}});
  MAXOPT_CHECK(AddCriteria(change, context, ad_group_name, builder));
  return builder.Done(main, "adGroupResult");
}

Result<Json> TextAssets(const Strings& texts, std::string_view kind, const std::string& field,
                        std::size_t least, std::size_t most) {
  if (texts.size() < least || texts.size() > most) {
    return Invalid(fmt::format("Google Ads: a responsive {} ad has {} to {} {}, not {}", kind,
                               least, most, field, texts.size()));
  }
  Json assets = Json::array();
  for (const std::string& text : texts) assets.push_back({{"text", text}});
  return assets;
}

/// What every ad carries: name and pictures in custom parameters, landing page and its tags.
struct AdParts {
  std::string ad_group;
  Json ad;
  Json parameters;
};

Result<AdParts> BeginAd(const Change& change, const Context& context) {
  MAXOPT_CHECK(CreatedPaused(change));
  MAXOPT_TRY(const std::string plain_name, Required(change, "name"));
  const std::string name = WithMarker(plain_name, change.key);
  if (name.size() > kParameterMax) {
    return Invalid(
        fmt::format("name: with its marker \"{}\" has {} bytes; Google Ads keeps the "
                    "name of an ad in a custom parameter of {}",
                    name, name.size(), kParameterMax));
  }
  MAXOPT_TRY(const std::string ad_group, ParentId(change));
  MAXOPT_TRY(const std::string url, Required(change, "landing_url"));
  AdParts parts;
  parts.ad_group = Builder(context).Resource("adGroups", ad_group);
  parts.parameters = Json::array({{{"key", kNameParameter}, {"value", name}}});
  parts.ad = {{"finalUrls", Json::array({url})}};
  if (const std::string* tags = TextOf(change.after, "url_tags");
      tags != nullptr && !tags->empty()) {
    parts.ad["finalUrlSuffix"] = *tags;
  }
  return parts;
}

Result<Mutation> CreateSearchAd(const Change& change, const Context& context) {
  MAXOPT_CHECK(OnlyThese(
      change, {"name", "status", "headlines", "descriptions", "landing_url", "url_tags", "image"}));
  MAXOPT_TRY(AdParts parts, BeginAd(change, context));
  MAXOPT_TRY(Json headlines,
             TextAssets(ListField(change.after, "headlines"), "search", "headlines", 3, 15));
  MAXOPT_TRY(Json descriptions,
             TextAssets(ListField(change.after, "descriptions"), "search", "descriptions", 2, 4));
  const std::string* image = TextOf(change.after, "image");
  if (image != nullptr) {
    if (!IsDigits(*image)) return Invalid(fmt::format("image: \"{}\" is no asset id", *image));
    parts.parameters.push_back({{"key", kImageParameter}, {"value", *image}});
  }
  parts.ad["urlCustomParameters"] = std::move(parts.parameters);
  parts.ad["responsiveSearchAd"] = {{"headlines", std::move(headlines)},
                                    {"descriptions", std::move(descriptions)}};
  Builder builder(context);
  const std::size_t main = builder.Add(
      "adGroupAdOperation",
      {{"create",
        {{"adGroup", parts.ad_group}, {"status", "PAUSED"}, {"ad", std::move(parts.ad)}}}});
  if (image != nullptr && !context.image_linked) {
    builder.Add("adGroupAssetOperation",
                {{"create",
                  {{"adGroup", parts.ad_group},
                   {"asset", builder.Resource("assets", *image)},
                   {"fieldType", "AD_IMAGE"}}}},
                "image");
  }
  return builder.Done(main, "adGroupAdResult");
}

/// Width over height within 2 % of a shape that Google names.
bool HasShape(const AssetInfo& asset, double ratio) {
  if (asset.width_px <= 0 || asset.height_px <= 0) return false;
  const double is = static_cast<double>(asset.width_px) / static_cast<double>(asset.height_px);
  return is > ratio * 0.98 && is < ratio * 1.02;
}

Result<> AddPictures(const Change& change, const Context& context, AdParts& parts, Json& display) {
  const auto refer = [&](const std::string& id) {
    return Json{{"asset", Builder(context).Resource("assets", id)}};
  };
  bool landscape = false;
  bool square = false;
  std::set<std::string> used;
  Strings pictures = ListField(change.after, "images");
  if (const std::string* image = TextOf(change.after, "image")) {
    pictures.insert(pictures.begin(), *image);
    parts.parameters.push_back({{"key", kImageParameter}, {"value", *image}});
  }
  if (const auto& images = ListField(change.after, "images"); !images.empty()) {
    const std::string ids = fmt::format("{}", fmt::join(images, ","));
    if (ids.size() > kParameterMax) {
      return Invalid(fmt::format("images: {} pictures are too many for an ad", images.size()));
    }
    parts.parameters.push_back({{"key", kImagesParameter}, {"value", ids}});
  }
  for (const std::string& id : pictures) {
    if (!IsDigits(id)) return Invalid(fmt::format("images: \"{}\" is no asset id", id));
    if (!used.insert(id).second || context.channel.empty()) continue;
    const auto at = context.assets.find(id);
    if (at == context.assets.end()) {
      return Invalid(fmt::format("images: the account has no asset {}", id));
    }
    const AssetInfo& asset = at->second;
    if (HasShape(asset, 1.91)) {
      display["marketingImages"].push_back(refer(id));
      landscape = true;
    } else if (HasShape(asset, 1)) {
      display["squareMarketingImages"].push_back(refer(id));
      square = true;
    } else if (HasShape(asset, 4)) {
      display["logoImages"].push_back(refer(id));
    } else {
      return Invalid(
          fmt::format("images: asset {} is {}x{} pixels; a display ad takes landscape "
                      "(1.91:1), square (1:1) and logo (4:1)",
                      id, asset.width_px, asset.height_px));
    }
  }
  if (context.channel.empty() || (landscape && square)) return {};
  return Invalid(
      fmt::format("images: a responsive display ad needs a landscape (1.91:1) and a "
                  "square (1:1) picture; the {} one is missing",
                  landscape ? "square" : "landscape"));
}

Result<Mutation> CreateDisplayAd(const Change& change, const Context& context) {
  MAXOPT_CHECK(OnlyThese(change, {"name", "status", "headlines", "descriptions", "landing_url",
                                  "url_tags", "image", "images", "video", "call_to_action"}));
  MAXOPT_TRY(AdParts parts, BeginAd(change, context));
  // Google wants one long headline beside the short ones: the one that is too long for a short one,
  // or else the first again.
  Strings headlines = ListField(change.after, "headlines");
  const auto is_long = [](const std::string& text) { return Letters(text) > kShortHeadline; };
  const auto first_long = std::find_if(headlines.begin(), headlines.end(), is_long);
  if (std::count_if(headlines.begin(), headlines.end(), is_long) > 1) {
    return Invalid(
        fmt::format("Google Ads: one of the headlines of a display ad may be longer than "
                    "{} characters, not {}",
                    kShortHeadline, std::count_if(headlines.begin(), headlines.end(), is_long)));
  }
  std::string long_headline = headlines.empty() ? std::string() : headlines.front();
  if (first_long != headlines.end()) {
    long_headline = *first_long;
    parts.parameters.push_back({{"key", kLongHeadlineParameter},
                                {"value", fmt::to_string(first_long - headlines.begin())}});
    headlines.erase(first_long);
  }
  MAXOPT_TRY(Json short_headlines, TextAssets(headlines, "display", "headlines", 1, 5));
  MAXOPT_TRY(Json descriptions,
             TextAssets(ListField(change.after, "descriptions"), "display", "descriptions", 1, 5));
  Json display = {{"headlines", std::move(short_headlines)},
                  {"longHeadline", {{"text", long_headline}}},
                  {"descriptions", std::move(descriptions)}};
  if (context.business_name.empty() || Letters(context.business_name) > kBusinessName) {
    return Invalid(
        fmt::format("Google Ads: a display ad shows a business name of up to {} characters, not "
                    "\"{}\"; set business_name in the settings of the connection",
                    kBusinessName, context.business_name));
  }
  display["businessName"] = context.business_name;
  if (const std::string* video = TextOf(change.after, "video")) {
    if (!IsDigits(*video)) return Invalid(fmt::format("video: \"{}\" is no asset id", *video));
    display["youtubeVideos"] =
        Json::array({{{"asset", Builder(context).Resource("assets", *video)}}});
  }
  if (const std::string* call = TextOf(change.after, "call_to_action")) {
    display["callToActionText"] = CallToActionText(*call);
  }
  MAXOPT_CHECK(AddPictures(change, context, parts, display));
  parts.ad["urlCustomParameters"] = std::move(parts.parameters);
  parts.ad["responsiveDisplayAd"] = std::move(display);
  Builder builder(context);
  const std::size_t main = builder.Add(
      "adGroupAdOperation",
      {{"create",
        {{"adGroup", parts.ad_group}, {"status", "PAUSED"}, {"ad", std::move(parts.ad)}}}});
  return builder.Done(main, "adGroupAdResult");
}

Result<Mutation> CreateAd(const Change& change, const Context& context) {
  if (context.channel == "SEARCH") return CreateSearchAd(change, context);
  if (context.channel == "DISPLAY") return CreateDisplayAd(change, context);
  if (!context.channel.empty()) {
    return Invalid(
        fmt::format("Google Ads: ads of {} campaigns are not created by this connector "
                    "(\"channel_type\"); those of search and display are",
                    Lower(context.channel)));
  }
  // The campaign is still to come: what fits either kind may turn out fine.
  auto search = CreateSearchAd(change, context);
  if (search) return search;
  auto display = CreateDisplayAd(change, context);
  const bool meant_display = change.after.contains("images");
  return display || meant_display ? std::move(display) : std::move(search);
}

bool IsYouTubeId(std::string_view text) {
  return text.size() == 11 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_';
         });
}

Result<Mutation> CreateAsset(const Change& change, const Context& context) {
  MAXOPT_CHECK(OnlyThese(change, {"name", "media", "content", "sha256"}));
  MAXOPT_TRY(const std::string name, Required(change, "name"));
  MAXOPT_TRY(const std::string media, Required(change, "media"));
  MAXOPT_TRY(const std::string content, Required(change, "content"));
  Json asset = {{"name", WithMarker(name, change.key)}};
  if (media == "image") {
    asset["type"] = "IMAGE";
    asset["imageAsset"] = {{"data", content}};
  } else if (media == "video" && IsYouTubeId(content)) {
    asset["type"] = "YOUTUBE_VIDEO";
    asset["youtubeVideoAsset"] = {{"youtubeVideoId", content}};
  } else {
    return Invalid(
        fmt::format("Google Ads: media \"{}\" cannot be uploaded; put a video on YouTube and give "
                    "the 11 characters of its id as \"content\"",
                    media));
  }
  return Alone(context, "assets", "asset", {{"create", std::move(asset)}});
}

// --- conversion actions --------------------------------------------------------------------------

Result<std::string> ConversionStatus(const std::string& status) {
  if (status == kActive) return "ENABLED";
  if (status == kPaused) return "HIDDEN";
  return Invalid(fmt::format("status \"{}\" is not active, paused or removed", status));
}

/// Sets on a conversion action what the change names; `add` takes JSON name, mask path and value.
Result<> ConversionFields(const Change& change,
                          const std::function<void(const char*, const char*, Json)>& add) {
  const Fields& after = change.after;
  if (const std::string* event = TextOf(after, "conversion_event")) {
    const auto category = CategoryOf(*event);
    if (!category) {
      return Invalid(
          fmt::format("Google Ads: a conversion of a website cannot count the conversion_event "
                      "\"{}\"; known are {}",
                      *event, KnownEvents()));
    }
    add("category", "category", std::string(*category));
  }
  if (const std::string* counting = TextOf(after, "counting")) {
    if (*counting != "one" && *counting != "every") {
      return Invalid(fmt::format("counting: \"{}\" is not one or every", *counting));
    }
    add("countingType", "counting_type", *counting == "one" ? "ONE_PER_CLICK" : "MANY_PER_CLICK");
  }
  MAXOPT_TRY(const auto click, Count(after, "attribution_click_days", 1, 90));
  if (click) {
    add("clickThroughLookbackWindowDays", "click_through_lookback_window_days",
        std::to_string(*click));
  }
  // Google counts conversions after a view in a column of their own, which cannot be switched off.
  MAXOPT_TRY(const auto view, Count(after, "attribution_view_days", 1, 30));
  if (view) {
    add("viewThroughLookbackWindowDays", "view_through_lookback_window_days",
        std::to_string(*view));
  }
  if (const std::string* model = TextOf(after, "attribution_model")) {
    if (*model != "last_click" && *model != "data_driven") {
      return Invalid(
          fmt::format("attribution_model: \"{}\" is not last_click or data_driven", *model));
    }
    add("attributionModelSettings", "attribution_model_settings.attribution_model",
        {{"attributionModel", *model == "last_click" ? "GOOGLE_ADS_LAST_CLICK"
                                                     : "GOOGLE_SEARCH_ATTRIBUTION_DATA_DRIVEN"}});
  }
  if (const auto at = after.find("primary"); at != after.end()) {
    add("primaryForGoal", "primary_for_goal", std::get<bool>(at->second));
  }
  return {};
}

Result<Mutation> CreateConversion(const Change& change, const Context& context) {
  MAXOPT_CHECK(OnlyThese(
      change, {"name", "status", "kind", "conversion_event", "counting", "attribution_click_days",
               "attribution_view_days", "attribution_model", "primary"}));
  MAXOPT_TRY(const std::string name, Required(change, "name"));
  MAXOPT_CHECK(Required(change, "conversion_event"));
  if (const std::string* kind = TextOf(change.after, "kind");
      kind != nullptr && *kind != "action") {
    return Invalid(fmt::format("kind: \"{}\" is not what Google has: action", *kind));
  }
  Json action = {{"name", WithMarker(name, change.key)}, {"type", "WEBPAGE"}};
  const std::string* status = TextOf(change.after, "status");
  MAXOPT_TRY(action["status"],
             ConversionStatus(status == nullptr ? std::string(kActive) : *status));
  MAXOPT_CHECK(ConversionFields(change, [&](const char* field, const char*, Json value) {
    action[field] = std::move(value);
  }));
  return Alone(context, "conversionActions", "conversionAction", {{"create", std::move(action)}});
}

/// The remove operation, which must stand alone, or nullopt when the change is no removal.
Result<std::optional<Mutation>> RemovalOf(const Change& change, const Context& context,
                                          const char* operation, const std::string& resource,
                                          const char* result) {
  const std::string* status = TextOf(change.after, "status");
  if (status == nullptr || *status != kRemoved) return std::nullopt;
  if (change.after.size() > 1) {
    return Invalid(fmt::format("{} {}: what is removed cannot be changed in the same breath",
                               LevelName(change.level), change.id));
  }
  Builder builder(context);
  const std::size_t main = builder.Add(operation, {{"remove", resource}});
  return builder.Done(main, result);
}

/// Collects the fields of an update and the mask that names exactly them.
class Update {
 public:
  explicit Update(std::string resource) { body_["resourceName"] = std::move(resource); }
  void Set(const char* json_name, const char* mask_name, Json value) {
    body_[json_name] = std::move(value);
    mask_.emplace_back(mask_name);
  }
  bool empty() const { return mask_.empty(); }
  Json Done() {
    return {{"update", std::move(body_)}, {"updateMask", fmt::format("{}", fmt::join(mask_, ","))}};
  }

 private:
  Json body_;
  Strings mask_;
};

Result<> SetStatus(const Change& change, Update& update) {
  if (const std::string* status = TextOf(change.after, "status")) {
    MAXOPT_TRY(std::string word, SettableStatus(*status));
    update.Set("status", "status", std::move(word));
  }
  return {};
}

Result<Mutation> UpdateCampaign(const Change& change, const Context& context) {
  MAXOPT_CHECK(OnlyThese(change, {"name",
                                  "status",
                                  "daily_budget",
                                  "lifetime_budget",
                                  "start_at",
                                  "end_at",
                                  "bid_strategy",
                                  "target_cpa",
                                  "target_roas_bp",
                                  "pacing",
                                  "frequency_cap",
                                  "frequency_days",
                                  "eu_political",
                                  "countries",
                                  "special_categories",
                                  "languages",
                                  "locations",
                                  "excluded_locations",
                                  "dayparts",
                                  "bid_modifiers",
                                  "negative_keywords"}));
  Builder builder(context);
  const std::string resource = builder.Resource("campaigns", change.id);
  MAXOPT_TRY(auto removal,
             RemovalOf(change, context, "campaignOperation", resource, "campaignResult"));
  if (removal) return *std::move(removal);
  MAXOPT_CHECK(CheckPacing(change));
  MAXOPT_CHECK(CheckSpecialCategories(change));

  MAXOPT_TRY(const auto daily, Micros(change.after, "daily_budget", context.currency));
  MAXOPT_TRY(const auto lifetime, Micros(change.after, "lifetime_budget", context.currency));
  if (daily && lifetime) {
    return Invalid("Google Ads: a budget is either per day or for the whole flight");
  }
  Update budget(context.budget);
  if (daily) budget.Set("amountMicros", "amount_micros", *daily);
  if (lifetime) budget.Set("totalAmountMicros", "total_amount_micros", *lifetime);
  if (change.after.contains("pacing")) budget.Set("deliveryMethod", "delivery_method", "STANDARD");

  Update campaign(resource);
  if (const std::string* name = TextOf(change.after, "name")) campaign.Set("name", "name", *name);
  MAXOPT_CHECK(SetStatus(change, campaign));
  MAXOPT_TRY(const auto start, DateTime(change.after, "start_at"));
  MAXOPT_TRY(const auto end, DateTime(change.after, "end_at"));
  if (start) campaign.Set("startDateTime", "start_date_time", *start);
  if (end) campaign.Set("endDateTime", "end_date_time", *end);
  MAXOPT_TRY(auto bidding, BiddingOf(change, context));
  if (bidding) {
    campaign.Set(bidding->field.c_str(), bidding->mask.c_str(), std::move(bidding->body));
  }
  MAXOPT_TRY(auto frequency, FrequencyOf(change, context));
  if (frequency) campaign.Set("frequencyCaps", "frequency_caps", *std::move(frequency));
  if (const auto at = change.after.find("eu_political"); at != change.after.end()) {
    campaign.Set("containsEuPoliticalAdvertising", "contains_eu_political_advertising",
                 PoliticalWord(std::get<bool>(at->second)));
  }

  std::size_t main = 0;
  std::string result = "campaignCriterionResult";
  if (!budget.empty()) {
    if (context.budget.empty()) return Invalid("the campaign's budget is not known");
    main = builder.Add("campaignBudgetOperation", budget.Done());
    result = "campaignBudgetResult";
  }
  if (!campaign.empty()) {
    main = builder.Add("campaignOperation", campaign.Done());
    result = "campaignResult";
  }
  if (change.after.empty()) return Invalid("the change names no field to change");
  MAXOPT_CHECK(AddCriteria(change, context, resource, builder));
  return builder.Done(main, std::move(result));
}

Result<Mutation> UpdateAdGroup(const Change& change, const Context& context) {
  MAXOPT_CHECK(
      OnlyThese(change, {"name", "status", "bid", "keywords", "negative_keywords", "age_min",
                         "age_max", "genders", "audiences", "excluded_audiences"}));
  Builder builder(context);
  const std::string resource = builder.Resource("adGroups", change.id);
  MAXOPT_TRY(auto removal,
             RemovalOf(change, context, "adGroupOperation", resource, "adGroupResult"));
  if (removal) return *std::move(removal);
  MAXOPT_CHECK(CheckAdGroupFields(change, context));
  Update update(resource);
  if (const std::string* name = TextOf(change.after, "name")) update.Set("name", "name", *name);
  MAXOPT_CHECK(SetStatus(change, update));
  MAXOPT_TRY(const auto bid, Micros(change.after, "bid", context.currency));
  if (bid) update.Set("cpcBidMicros", "cpc_bid_micros", *bid);
  if (change.after.empty()) return Invalid("the change names no field to change");
  std::size_t main = 0;
  std::string result = "adGroupCriterionResult";
  if (!update.empty()) {
    main = builder.Add("adGroupOperation", update.Done());
    result = "adGroupResult";
  }
  MAXOPT_CHECK(AddCriteria(change, context, resource, builder));
  return builder.Done(main, std::move(result));
}

Result<Mutation> UpdateAd(const Change& change, const Context& context) {
  if (const auto only = OnlyThese(change, {"status"}); !only) {
    Error error = only.error();
    error.what += "; make a new ad instead, so that the old one's numbers stay its own";
    return Fail(std::move(error));
  }
  if (!IsDigits(context.ad_group)) return Invalid("the ad group of the ad is not known");
  Builder builder(context);
  const std::string resource = builder.Resource("adGroupAds", context.ad_group + "~" + change.id);
  MAXOPT_TRY(auto removal,
             RemovalOf(change, context, "adGroupAdOperation", resource, "adGroupAdResult"));
  if (removal) return *std::move(removal);
  Update update(resource);
  MAXOPT_CHECK(SetStatus(change, update));
  if (update.empty()) return Invalid("the change names no field to change");
  const std::size_t main = builder.Add("adGroupAdOperation", update.Done());
  return builder.Done(main, "adGroupAdResult");
}

Result<Mutation> UpdateConversion(const Change& change, const Context& context) {
  MAXOPT_CHECK(
      OnlyThese(change, {"name", "status", "conversion_event", "counting", "attribution_click_days",
                         "attribution_view_days", "attribution_model", "primary"}));
  const std::string resource = Builder(context).Resource("conversionActions", change.id);
  const std::string* status = TextOf(change.after, "status");
  if (status != nullptr && *status == kRemoved) {
    if (change.after.size() > 1) {
      return Invalid(
          fmt::format("conversion {}: what is removed cannot be changed in the same "
                      "breath",
                      change.id));
    }
    return Alone(context, "conversionActions", "conversionAction", {{"remove", resource}});
  }
  Update update(resource);
  if (const std::string* name = TextOf(change.after, "name")) update.Set("name", "name", *name);
  if (status != nullptr) {
    MAXOPT_TRY(std::string word, ConversionStatus(*status));
    update.Set("status", "status", std::move(word));
  }
  MAXOPT_CHECK(ConversionFields(change, [&](const char* field, const char* mask, Json value) {
    update.Set(field, mask, std::move(value));
  }));
  if (update.empty()) return Invalid("the change names no field to change");
  return Alone(context, "conversionActions", "conversionAction", update.Done());
}

/// Leaf of a path in an error -> the catalogue's field.
constexpr std::pair<std::string_view, std::string_view> kErrorFields[] = {
    {"amount_micros", "daily_budget"},
    {"total_amount_micros", "lifetime_budget"},
    {"delivery_method", "pacing"},
    {"name", "name"},
    {"status", "status"},
    {"advertising_channel_type", "channel_type"},
    {"start_date_time", "start_at"},
    {"end_date_time", "end_at"},
    {"contains_eu_political_advertising", "eu_political"},
    {"target_cpa_micros", "target_cpa"},
    {"target_roas", "target_roas_bp"},
    {"campaign_bidding_strategy", "bid_strategy"},
    {"manual_cpc", "bid_strategy"},
    {"maximize_conversions", "bid_strategy"},
    {"maximize_conversion_value", "bid_strategy"},
    {"target_spend", "bid_strategy"},
    {"frequency_caps", "frequency_cap"},
    {"cpc_bid_micros", "bid"},
    {"headlines", "headlines"},
    {"long_headline", "headlines"},
    {"descriptions", "descriptions"},
    {"final_urls", "landing_url"},
    {"final_url_suffix", "url_tags"},
    {"marketing_images", "images"},
    {"square_marketing_images", "images"},
    {"logo_images", "images"},
    {"youtube_videos", "video"},
    {"call_to_action_text", "call_to_action"},
    {"image_asset", "content"},
    {"youtube_video_asset", "content"},
    {"category", "conversion_event"},
    {"counting_type", "counting"},
    {"click_through_lookback_window_days", "attribution_click_days"},
    {"view_through_lookback_window_days", "attribution_view_days"},
    {"attribution_model_settings", "attribution_model"},
    {"primary_for_goal", "primary"},
};

}  // namespace

bool ChangesBudget(const Change& change) {
  return change.action == ChangeAction::kUpdate && change.level == Level::kCampaign &&
         (change.after.contains("daily_budget") || change.after.contains("lifetime_budget") ||
          change.after.contains("pacing"));
}

bool NeedsLive(const Change& change) {
  if (change.action != ChangeAction::kUpdate) return false;
  if (HasCriteria(change.level, change.after)) return true;
  if (change.level != Level::kCampaign) return false;
  return std::any_of(change.after.begin(), change.after.end(), [](const auto& field) {
    return field.first == "bid_strategy" || field.first.starts_with("target_") ||
           field.first.starts_with("frequency_");
  });
}

std::vector<std::string> AssetsOf(const Fields& ad) {
  std::vector<std::string> ids = ListField(ad, "images");
  for (const char* field : {"image", "video"}) {
    if (const std::string id = TextField(ad, field); !id.empty()) ids.push_back(id);
  }
  std::erase_if(ids, [](const std::string& id) { return !IsDigits(id); });
  return ids;
}

Result<Mutation> MutationOf(const Change& change, const Context& context) {
  MAXOPT_CHECK(CheckFields(change.level, change.after));
  if (change.action == ChangeAction::kCreate) {
    if (change.key.empty()) return Invalid("a create needs the key of its change for the marker");
    switch (change.level) {
      case Level::kCampaign:
        return CreateCampaign(change, context);
      case Level::kAdGroup:
        return CreateAdGroup(change, context);
      case Level::kAd:
        return CreateAd(change, context);
      case Level::kConversion:
        return CreateConversion(change, context);
      case Level::kAsset:
        return CreateAsset(change, context);
      case Level::kAccount:
        break;
    }
    return Invalid("Google Ads: accounts are not created");
  }
  if (!IsDigits(change.id)) {
    return Invalid(
        fmt::format("the id \"{}\" of {} is no id of Google Ads", change.id, change.address));
  }
  switch (change.level) {
    case Level::kCampaign:
      return UpdateCampaign(change, context);
    case Level::kAdGroup:
      return UpdateAdGroup(change, context);
    case Level::kAd:
      return UpdateAd(change, context);
    case Level::kConversion:
      return UpdateConversion(change, context);
    case Level::kAsset:
    case Level::kAccount:
      break;
  }
  return Invalid(fmt::format("Google Ads: a {} cannot be changed", LevelName(change.level)));
}

Result<std::string> IdOfAnswer(const Mutation& mutation, const Json& answer) {
  const Json* results =
      At(answer, mutation.result.empty() ? "results" : "mutateOperationResponses");
  if (results != nullptr && results->is_array() && results->size() == mutation.operations) {
    const Json& one = (*results)[mutation.main];
    const auto name =
        Text(one, mutation.result.empty() ? "resourceName" : mutation.result + ".resourceName");
    if (name) {
      if (std::string id = LastId(*name); !id.empty()) return id;
    }
  }
  return Fail(Errc::kUnknownOutcome,
              fmt::format("Google Ads answered the call without saying what became of its {} "
                          "operations: read it back before anything else",
                          mutation.operations));
}

std::vector<std::string> FieldsOfError(const Mutation& mutation, std::string_view what) {
  constexpr std::string_view kOperations = "operations[";
  std::vector<std::string> fields;
  const auto add = [&](std::string_view field) {
    if (field.empty() || std::find(fields.begin(), fields.end(), field) != fields.end()) return;
    fields.emplace_back(field);
  };
  for (std::size_t at = what.find(kOperations); at != std::string_view::npos;
       at = what.find(kOperations, at + 1)) {
    std::string_view path = what.substr(at + kOperations.size());
    path = path.substr(0, path.find_first_of(" :;,("));
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), index);
    if (error != std::errc() || index >= mutation.operations) continue;
    if (index < mutation.fields.size() && !mutation.fields[index].empty()) {
      add(mutation.fields[index]);
      continue;
    }
    // The deepest part that has a name of ours.
    std::string_view found;
    while (!path.empty()) {
      const std::size_t dot = path.find('.');
      const std::string_view part = path.substr(0, std::min(dot, path.find('[')));
      for (const auto& [google, ours] : kErrorFields) {
        if (part == google) found = ours;
      }
      path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    }
    add(found);
  }
  return fields;
}

nlohmann::json BatchOf(const std::vector<const Mutation*>& mutations) {
  Json operations = Json::array();
  for (const Mutation* mutation : mutations) {
    Json operation = mutation->single;
    // Nothing refers to it, and two of one call may not be called the same.
    Json& inner = operation.begin().value();
    if (const auto create = inner.find("create"); create != inner.end()) {
      create->erase("resourceName");
    }
    operations.push_back(std::move(operation));
  }
  return {{"mutateOperations", std::move(operations)}, {"partialFailure", true}};
}

}  // namespace maxopt::google_ads
