#include "connect/google_ads/mutate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "connect/google_ads/constants.h"
#include "connect/google_ads/read.h"
#include "connect/google_ads/rows.h"

namespace maxopt::google_ads {
namespace {

using Json = nlohmann::json;
using Strings = std::vector<std::string>;

constexpr std::size_t kParameterMax = 250;  // characters of a custom parameter's value

const std::string* TextOf(const Fields& fields, const std::string& name) {
  const auto at = fields.find(name);
  return at == fields.end() ? nullptr : std::get_if<std::string>(&at->second);
}
const Strings* ListOf(const Fields& fields, const std::string& name) {
  const auto at = fields.find(name);
  return at == fields.end() ? nullptr : std::get_if<Strings>(&at->second);
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

class Builder {
 public:
  explicit Builder(const Context& context) : context_(context) {}

  std::string Resource(std::string_view collection, std::string_view id) const {
    return fmt::format("customers/{}/{}/{}", context_.customer, collection, id);
  }
  std::size_t Add(const char* operation, Json body) {
    operations_.push_back({{operation, std::move(body)}});
    return operations_.size() - 1;
  }
  Mutation Done(std::size_t main, std::string result) {
    Mutation mutation;
    mutation.path = fmt::format("customers/{}/googleAds:mutate", context_.customer);
    mutation.operations = operations_.size();
    mutation.main = main;
    mutation.result = std::move(result);
    mutation.body = Json{{"mutateOperations", std::move(operations_)}};
    return mutation;
  }

 private:
  const Context& context_;
  Json operations_ = Json::array();
};

Result<> AddBidStrategy(const Change& change, Json& campaign) {
  MAXOPT_TRY(const std::string word, Required(change, "bid_strategy"));
  if (word == "manual_cpc") {
    campaign["manualCpc"] = Json::object();
  } else if (word == "maximize_conversions") {
    campaign["maximizeConversions"] = Json::object();
  } else if (word == "maximize_clicks") {
    campaign["targetSpend"] = Json::object();
  } else {
    return Invalid(
        fmt::format("Google Ads: bid_strategy \"{}\" is not one of manual_cpc, "
                    "maximize_conversions, maximize_clicks",
                    word));
  }
  return {};
}

Result<Mutation> CreateCampaign(const Change& change, const Context& context) {
  MAXOPT_CHECK(OnlyThese(
      change, {"name", "status", "channel_type", "daily_budget", "lifetime_budget", "start_at",
               "end_at", "bid_strategy", "eu_political", "countries", "languages"}));
  MAXOPT_CHECK(CreatedPaused(change));
  MAXOPT_TRY(const std::string plain_name, Required(change, "name"));
  const std::string name = WithMarker(plain_name, change.key);
  MAXOPT_TRY(const std::string channel, Required(change, "channel_type"));
  if (channel != "search") {
    return Invalid(
        fmt::format("Google Ads: campaigns of channel_type \"{}\" are not created by "
                    "this connector; search is",
                    channel));
  }
  const auto political = change.after.find("eu_political");
  if (political == change.after.end()) {
    return Invalid(
        "Google Ads: creating a campaign needs \"eu_political\": whether it contains EU "
        "political advertising must be declared");
  }
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
      {"advertisingChannelType", "SEARCH"},
      {"campaignBudget", budget_name},
      {"containsEuPoliticalAdvertising", std::get<bool>(political->second)
                                             ? "CONTAINS_EU_POLITICAL_ADVERTISING"
                                             : "DOES_NOT_CONTAIN_EU_POLITICAL_ADVERTISING"},
      {"networkSettings",
       {{"targetGoogleSearch", true},
        {"targetSearchNetwork", true},
        {"targetContentNetwork", false},
        {"targetPartnerSearchNetwork", false}}}};
  MAXOPT_CHECK(AddBidStrategy(change, campaign));
  if (start) campaign["startDateTime"] = *start;
  if (end) campaign["endDateTime"] = *end;
  const std::size_t main = builder.Add("campaignOperation", {{"create", std::move(campaign)}});

  std::set<std::string> constants;  // one written twice would be refused as a duplicate
  if (const Strings* countries = ListOf(change.after, "countries")) {
    for (const std::string& country : *countries) {
      const auto constant = GeoTargetOf(country);
      if (!constant) {
        return Invalid(fmt::format("countries: \"{}\" is no ISO 3166-1 alpha-2 code", country));
      }
      if (!constants.insert(*constant).second) continue;
      builder.Add(
          "campaignCriterionOperation",
          {{"create",
            {{"campaign", campaign_name}, {"location", {{"geoTargetConstant", *constant}}}}}});
    }
  }
  if (const Strings* languages = ListOf(change.after, "languages")) {
    for (const std::string& language : *languages) {
      const auto constant = LanguageConstantOf(language);
      if (!constant) {
        return Invalid(fmt::format("languages: Google Ads knows no language \"{}\"", language));
      }
      if (!constants.insert(*constant).second) continue;
      builder.Add(
          "campaignCriterionOperation",
          {{"create",
            {{"campaign", campaign_name}, {"language", {{"languageConstant", *constant}}}}}});
    }
  }
  return builder.Done(main, "campaignResult");
}

Result<Json> KeywordOf(const std::string& keyword) {
  const std::size_t colon = keyword.find(':');
  const std::string match = keyword.substr(0, colon);
  if (colon == std::string::npos || colon + 1 == keyword.size() ||
      (match != "exact" && match != "phrase" && match != "broad")) {
    return Invalid(
        fmt::format("keywords: \"{}\" is not match:text with match exact, phrase or "
                    "broad",
                    keyword));
  }
  const std::string word = match == "exact" ? "EXACT" : match == "phrase" ? "PHRASE" : "BROAD";
  return Json{{"text", keyword.substr(colon + 1)}, {"matchType", word}};
}

Result<Mutation> CreateAdGroup(const Change& change, const Context& context) {
  MAXOPT_CHECK(OnlyThese(change, {"name", "status", "bid", "keywords"}));
  MAXOPT_CHECK(CreatedPaused(change));
  MAXOPT_TRY(const std::string name, Required(change, "name"));
  MAXOPT_TRY(const std::string campaign, ParentId(change));
  MAXOPT_TRY(const auto bid, Micros(change.after, "bid", context.currency));
  Builder builder(context);
  const std::string ad_group_name = builder.Resource("adGroups", "-1");
  Json ad_group = {{"resourceName", ad_group_name},
                   {"campaign", builder.Resource("campaigns", campaign)},
                   {"name", WithMarker(name, change.key)},
                   {"status", "PAUSED"},
                   {"type", "SEARCH_STANDARD"}};
  if (bid) ad_group["cpcBidMicros"] = *bid;
  const std::size_t main = builder.Add("adGroupOperation", {{"create", std::move(ad_group)}});
  if (const Strings* keywords = ListOf(change.after, "keywords")) {
    std::set<std::string> sent;
    for (const std::string& text : *keywords) {
      MAXOPT_TRY(Json keyword, KeywordOf(text));
      if (!sent.insert(text).second) continue;
      builder.Add(
          "adGroupCriterionOperation",
          {{"create",
            {{"adGroup", ad_group_name}, {"status", "ENABLED"}, {"keyword", std::move(keyword)}}}});
    }
  }
  return builder.Done(main, "adGroupResult");
}

Result<Json> TextAssets(const Change& change, const std::string& field, std::size_t least,
                        std::size_t most) {
  const Strings* texts = ListOf(change.after, field);
  const std::size_t count = texts == nullptr ? 0 : texts->size();
  if (count < least || count > most) {
    return Invalid(fmt::format("Google Ads: a responsive search ad has {} to {} {}, not {}", least,
                               most, field, count));
  }
  Json assets = Json::array();
  for (const std::string& text : *texts) assets.push_back({{"text", text}});
  return assets;
}

Result<Mutation> CreateAd(const Change& change, const Context& context) {
  MAXOPT_CHECK(OnlyThese(
      change, {"name", "status", "headlines", "descriptions", "landing_url", "url_tags", "image"}));
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
  MAXOPT_TRY(Json headlines, TextAssets(change, "headlines", 3, 15));
  MAXOPT_TRY(Json descriptions, TextAssets(change, "descriptions", 2, 4));
  Builder builder(context);
  const std::string ad_group_name = builder.Resource("adGroups", ad_group);
  Json parameters = Json::array({{{"key", kNameParameter}, {"value", name}}});
  const std::string* image = TextOf(change.after, "image");
  if (image != nullptr) {
    if (!IsDigits(*image)) return Invalid(fmt::format("image: \"{}\" is no asset id", *image));
    parameters.push_back({{"key", kImageParameter}, {"value", *image}});
  }
  Json ad = {{"finalUrls", Json::array({url})},
             {"urlCustomParameters", std::move(parameters)},
             {"responsiveSearchAd",
              {{"headlines", std::move(headlines)}, {"descriptions", std::move(descriptions)}}}};
  if (const std::string* tags = TextOf(change.after, "url_tags");
      tags != nullptr && !tags->empty()) {
    ad["finalUrlSuffix"] = *tags;
  }
  const std::size_t main = builder.Add(
      "adGroupAdOperation",
      {{"create", {{"adGroup", ad_group_name}, {"status", "PAUSED"}, {"ad", std::move(ad)}}}});
  if (image != nullptr && !context.image_linked) {
    builder.Add("adGroupAssetOperation", {{"create",
                                           {{"adGroup", ad_group_name},
                                            {"asset", builder.Resource("assets", *image)},
                                            {"fieldType", "AD_IMAGE"}}}});
  }
  return builder.Done(main, "adGroupAdResult");
}

Result<Mutation> CreateAsset(const Change& change, const Context& context) {
  MAXOPT_CHECK(OnlyThese(change, {"name", "media", "content", "sha256"}));
  MAXOPT_TRY(const std::string name, Required(change, "name"));
  MAXOPT_TRY(const std::string media, Required(change, "media"));
  MAXOPT_TRY(const std::string content, Required(change, "content"));
  if (media != "image") {
    return Invalid(
        fmt::format("Google Ads: media \"{}\" cannot be uploaded; a video must be on "
                    "YouTube",
                    media));
  }
  Mutation mutation;
  mutation.path = fmt::format("customers/{}/assets:mutate", context.customer);
  mutation.operations = 1;
  mutation.body = {{"operations", Json::array({{{"create",
                                                 {{"name", WithMarker(name, change.key)},
                                                  {"type", "IMAGE"},
                                                  {"imageAsset", {{"data", content}}}}}}})}};
  return mutation;
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
  void Set(const char* json_name, const char* mask_name, std::string value) {
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
  MAXOPT_CHECK(OnlyThese(
      change, {"name", "status", "daily_budget", "lifetime_budget", "start_at", "end_at"}));
  Builder builder(context);
  const std::string resource = builder.Resource("campaigns", change.id);
  MAXOPT_TRY(auto removal,
             RemovalOf(change, context, "campaignOperation", resource, "campaignResult"));
  if (removal) return *std::move(removal);

  MAXOPT_TRY(const auto daily, Micros(change.after, "daily_budget", context.currency));
  MAXOPT_TRY(const auto lifetime, Micros(change.after, "lifetime_budget", context.currency));
  if (daily && lifetime) {
    return Invalid("Google Ads: a budget is either per day or for the whole flight");
  }
  Update budget(context.budget);
  if (daily) budget.Set("amountMicros", "amount_micros", *daily);
  if (lifetime) budget.Set("totalAmountMicros", "total_amount_micros", *lifetime);

  Update campaign(resource);
  if (const std::string* name = TextOf(change.after, "name")) campaign.Set("name", "name", *name);
  MAXOPT_CHECK(SetStatus(change, campaign));
  MAXOPT_TRY(const auto start, DateTime(change.after, "start_at"));
  MAXOPT_TRY(const auto end, DateTime(change.after, "end_at"));
  if (start) campaign.Set("startDateTime", "start_date_time", *start);
  if (end) campaign.Set("endDateTime", "end_date_time", *end);

  std::size_t main = 0;
  std::string result = "campaignBudgetResult";
  if (!budget.empty()) {
    if (context.budget.empty()) return Invalid("the campaign's budget is not known");
    main = builder.Add("campaignBudgetOperation", budget.Done());
  }
  if (!campaign.empty()) {
    main = builder.Add("campaignOperation", campaign.Done());
    result = "campaignResult";
  }
  if (budget.empty() && campaign.empty()) return Invalid("the change names no field to change");
  return builder.Done(main, std::move(result));
}

Result<Mutation> UpdateAdGroup(const Change& change, const Context& context) {
  MAXOPT_CHECK(OnlyThese(change, {"name", "status", "bid"}));
  Builder builder(context);
  const std::string resource = builder.Resource("adGroups", change.id);
  MAXOPT_TRY(auto removal,
             RemovalOf(change, context, "adGroupOperation", resource, "adGroupResult"));
  if (removal) return *std::move(removal);
  Update update(resource);
  if (const std::string* name = TextOf(change.after, "name")) update.Set("name", "name", *name);
  MAXOPT_CHECK(SetStatus(change, update));
  MAXOPT_TRY(const auto bid, Micros(change.after, "bid", context.currency));
  if (bid) update.Set("cpcBidMicros", "cpc_bid_micros", *bid);
  if (update.empty()) return Invalid("the change names no field to change");
  const std::size_t main = builder.Add("adGroupOperation", update.Done());
  return builder.Done(main, "adGroupResult");
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

}  // namespace

bool ChangesBudget(const Change& change) {
  return change.action == ChangeAction::kUpdate && change.level == Level::kCampaign &&
         (change.after.contains("daily_budget") || change.after.contains("lifetime_budget"));
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

}  // namespace maxopt::google_ads
