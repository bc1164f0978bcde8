#include "domain/entity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "domain/bid_modifiers.h"
#include "domain/dayparts.h"

namespace maxopt {
namespace {

struct PlatformWords {
  Platform platform;
  std::string_view name;
  std::string_view dbt_key;
};
constexpr PlatformWords kPlatforms[] = {
    {Platform::kGoogleAds, "google_ads", "google_ads"},
    {Platform::kMeta, "meta", "facebook_ads"},
    {Platform::kTikTok, "tiktok", "tiktok_ads"},
    {Platform::kMicrosoft, "microsoft", "microsoft_ads"},
    {Platform::kLinkedIn, "linkedin", "linkedin_ads"},
    {Platform::kAmazon, "amazon", "amazon_ads"},
    {Platform::kPinterest, "pinterest", "pinterest_ads"},
    {Platform::kSnapchat, "snapchat", "snapchat_ads"},
    {Platform::kReddit, "reddit", "reddit_ads"},
    {Platform::kX, "x", "twitter_ads"},
    {Platform::kOther, "other", "other"},
};

struct LevelWord {
  Level level;
  std::string_view name;
  char letter;
};
constexpr LevelWord kLevels[] = {
    {Level::kAccount, "account", '-'},  {Level::kCampaign, "campaign", 'c'},
    {Level::kAdGroup, "ad_group", 'g'}, {Level::kAd, "ad", 'a'},
    {Level::kAsset, "asset", 's'},      {Level::kConversion, "conversion", 'v'},
};

using enum FieldType;
constexpr FieldSpec kFields[] = {
    {"name", kText, "cgasv", true, "name on the platform, our marker included"},
    {"status", kText, "cgav", true, "active | paused | removed"},
    // campaign
    {"objective", kText, "c", true, "awareness | traffic | engagement | leads | app | sales"},
    {"channel_type", kText, "c", true,
     "search | display | video | performance_max | demand_gen | social; what kind of inventory"},
    {"daily_budget", kMoney, "cg", true, "average per day, account currency; > 0"},
    {"lifetime_budget", kMoney, "cg", true, "for the whole flight, account currency; > 0"},
    {"start_at", kText, "cg", true, "YYYY-MM-DD HH:MM:SS on the account's clock"},
    {"end_at", kText, "cg", true, "YYYY-MM-DD HH:MM:SS on the account's clock"},
    {"bid_strategy", kText, "cg", true,
     "manual_cpc | maximize_clicks | maximize_conversions | maximize_value | target_cpa | "
     "target_roas | lowest_cost | bid_cap | cost_cap | min_roas"},
    {"target_cpa", kMoney, "cg", true, "wanted cost per conversion, account currency; > 0"},
    {"target_roas_bp", kInteger, "cg", true, "wanted revenue over spend; 40000 = 4.0"},
    {"pacing", kText, "cg", true, "even | asap; how a day's budget is spread"},
    {"frequency_cap", kInteger, "cg", true, "most impressions to one person in frequency_days"},
    {"frequency_days", kInteger, "cg", true, "days over which frequency_cap counts"},
    {"dayparts", kList, "cg", true,
     "when it may run: \"mon 08:00-20:00\", whole hours on the account's clock; absent: always"},
    {"bid_modifiers", kList, "c", true,
     "what bids are multiplied by in a part of it: \"device:mobile 0.9\", \"country:DE 1.25\", "
     "\"location:1003854 1.1\"; 0: not at all; a part that is not named: 1"},
    {"locations", kList, "cg", true, "the platform's ids of regions or cities to include"},
    {"excluded_locations", kList, "cg", true, "the platform's ids of places to leave out"},
    {"negative_keywords", kList, "cg", true, "match:text that must not trigger the ads"},
    {"special_categories", kList, "c", true,
     "housing | employment | credit | politics; empty: none"},
    {"eu_political", kBool, "c", true, "contains EU political advertising"},
    // ad group
    {"bid", kMoney, "g", true, "maximum bid per billing event, account currency; > 0"},
    {"optimization_goal", kText, "g", true, "impressions | reach | clicks | conversions | value"},
    {"billing_event", kText, "g", true, "impressions | clicks"},
    {"conversion_event", kText, "gv", true,
     "what is counted: purchase | lead | sign_up | add_to_cart | begin_checkout | page_view | "
     "app_install | ..."},
    {"pixel_id", kText, "g", true, "the platform's id of the pixel that measures conversion_event"},
    {"attribution_click_days", kInteger, "gv", true, "conversions count this long after a click"},
    {"attribution_view_days", kInteger, "gv", true, "... after a view without a click; 0: not"},
    {"countries", kList, "cg", true, "ISO 3166-1 alpha-2, upper case"},
    {"languages", kList, "cg", true, "ISO 639-1, lower case"},
    {"age_min", kInteger, "g", true, "years"},
    {"age_max", kInteger, "g", true, "years; 65 means 65 and over"},
    {"genders", kList, "g", true, "female | male; absent: all"},
    {"keywords", kList, "g", true, "match:text with match exact | phrase | broad"},
    {"audiences", kList, "g", true, "platform ids of audiences to include"},
    {"excluded_audiences", kList, "g", true, "platform ids of audiences to leave out"},
    {"placements", kList, "g", true, "the platform's own placement words; absent: automatic"},
    // ad
    {"headlines", kList, "a", true, "texts, in order"},
    {"descriptions", kList, "a", true, "longer texts, in order"},
    {"landing_url", kText, "a", true, "https URL without tracking parameters"},
    {"url_tags", kText, "a", true, "tracking parameters, k=v&k=v, macros of the platform allowed"},
    {"call_to_action", kText, "a", true, "shop_now | learn_more | sign_up | download | ..."},
    {"image", kText, "a", true, "platform id (or hash) of the uploaded picture"},
    {"video", kText, "a", true, "platform id of the uploaded video"},
    {"thumbnail", kText, "a", true, "platform id (or hash) of the picture shown before the video"},
    {"images", kList, "a", true,
     "platform ids (or hashes) of a carousel's pictures, in order; one headline and one landing "
     "page each, or one for all"},
    {"page_id", kText, "a", true, "Meta page or TikTok identity the ad speaks as"},
    // asset
    {"media", kText, "s", true, "image | video"},
    {"content", kText, "s", true, "base64 of the file"},
    {"sha256", kText, "s", true, "hex digest of the file"},
    // conversion
    {"kind", kText, "v", true, "action (Google) | pixel (Meta, TikTok)"},
    {"counting", kText, "v", true, "one | every: conversions of one person after one click"},
    {"attribution_model", kText, "v", true, "last_click | data_driven"},
    {"primary", kBool, "v", true, "bidding optimises for it"},
    // set by the platform only
    {"tag", kText, "v", false, "what the website must carry for it: an id or a label"},
    {"effective_status", kText, "cga", false,
     "active | paused | parent_paused | in_review | rejected | limited | ended | removed | other"},
    {"review_status", kText, "a", false, "pending | approved | limited | rejected"},
    {"review_reasons", kList, "a", false, "the platform's reasons, one a line"},
    {"learning_status", kText, "g", false, "learning | done | limited"},
    {"created_at", kText, "cgasv", false, "UTC instant"},
    {"platform_status", kText, "cga", false, "the platform's own word, for people"},
    {"budget_id", kText, "c", false, "Google's budget resource id"},
    {"creative_id", kText, "a", false, "Meta's ad creative id"},
};

FieldType TypeOf(const FieldValue& value) {
  constexpr std::array types{kBool, kInteger, kText, kMoney, kList};
  return types[value.index()];
}

std::string_view TypeName(FieldType type) {
  switch (type) {
    case kBool:
      return "true or false";
    case kInteger:
      return "a whole number";
    case kText:
      return "a text";
    case kMoney:
      return "an amount of money";
    case kList:
      return "a list of texts";
  }
  Bug();
}

}  // namespace

std::string_view PlatformName(Platform platform) {
  for (const auto& words : kPlatforms) {
    if (words.platform == platform) return words.name;
  }
  Bug();
}

Result<Platform> FindPlatform(std::string_view name) {
  std::string known;
  for (const auto& words : kPlatforms) {
    if (words.name == name || words.dbt_key == name) return words.platform;
    known += known.empty() ? "" : ", ";
    known += words.name;
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("platform \"{}\" is not known; known are {}", name, known));
}

std::string_view LevelName(Level level) {
  for (const auto& word : kLevels) {
    if (word.level == level) return word.name;
  }
  Bug();
}

Result<Level> FindLevel(std::string_view name) {
  for (const auto& word : kLevels) {
    if (word.name == name) return word.level;
  }
  return Fail(
      Errc::kInvalidArgument,
      fmt::format("level \"{}\" is not one of account, campaign, ad_group, ad, asset, conversion",
                  name));
}

std::string PrintAccount(const AccountId& account) {
  return fmt::format("{}/{}", PlatformName(account.platform), account.id);
}

Result<AccountId> ParseAccount(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash + 1 == text.size()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("\"{}\" is no account; one is like google_ads/1234567890", text));
  }
  MAXOPT_TRY(const Platform platform, FindPlatform(text.substr(0, slash)));
  return AccountId{platform, std::string(text.substr(slash + 1))};
}

std::span<const FieldSpec> FieldCatalogue() { return kFields; }

Result<> CheckFields(Level level, const Fields& fields) {
  const auto word = std::find_if(std::begin(kLevels), std::end(kLevels),
                                 [&](const LevelWord& w) { return w.level == level; });
  for (const auto& [name, value] : fields) {
    const auto spec = std::find_if(std::begin(kFields), std::end(kFields),
                                   [&](const FieldSpec& f) { return f.name == name; });
    if (spec == std::end(kFields)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("field \"{}\" is not known for a {}{}", name, word->name,
                              std::holds_alternative<Money>(value)
                                  ? "; money under an unknown name is never sent"
                                  : ""));
    }
    if (spec->levels.find(word->letter) == std::string_view::npos) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("field \"{}\" does not belong to a {}", name, word->name));
    }
    if (TypeOf(value) != spec->type) {
      return Fail(Errc::kInvalidArgument, fmt::format("field \"{}\" must be {} ({})", name,
                                                      TypeName(spec->type), spec->meaning));
    }
    if (const auto* money = std::get_if<Money>(&value); money && money->micros() <= 0) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("field \"{}\" is {}; it must be above zero (on some platforms 0 "
                              "means unlimited)",
                              name, PrintMoney(*money)));
    }
  }
  return {};
}

bool SameField(std::string_view name, const FieldValue& a, const FieldValue& b) {
  if (a == b) return true;
  const auto* left = std::get_if<std::vector<std::string>>(&a);
  const auto* right = std::get_if<std::vector<std::string>>(&b);
  if (left == nullptr || right == nullptr) return false;
  if (name == "headlines" || name == "descriptions" || name == "images") return false;
  if (name == "dayparts") {
    const auto hours = ParseDayparts(*left);
    const auto others = ParseDayparts(*right);
    if (hours && others) return *hours == *others;
  }
  if (name == "bid_modifiers") {
    const auto ours = ParseBidModifiers(*left);
    const auto others = ParseBidModifiers(*right);
    if (ours && others) return *ours == *others;
  }
  return std::set<std::string>(left->begin(), left->end()) ==
         std::set<std::string>(right->begin(), right->end());
}

std::string TextField(const Fields& fields, std::string_view name) {
  const auto at = fields.find(std::string(name));
  if (at == fields.end()) return {};
  const auto* text = std::get_if<std::string>(&at->second);
  return text ? *text : std::string();
}

const Money* MoneyField(const Fields& fields, std::string_view name) {
  const auto at = fields.find(std::string(name));
  return at == fields.end() ? nullptr : std::get_if<Money>(&at->second);
}

const std::vector<std::string>& ListField(const Fields& fields, std::string_view name) {
  static const std::vector<std::string> none;
  const auto at = fields.find(std::string(name));
  if (at == fields.end()) return none;
  const auto* list = std::get_if<std::vector<std::string>>(&at->second);
  return list ? *list : none;
}

std::string ShowValue(const FieldValue& value) {
  struct Visitor {
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t n) const { return std::to_string(n); }
    std::string operator()(const std::string& text) const { return "\"" + text + "\""; }
    std::string operator()(const Money& money) const { return PrintMoney(money); }
    std::string operator()(const std::vector<std::string>& list) const {
      return fmt::format("[{}]", fmt::join(list, ", "));
    }
  };
  return std::visit(Visitor{}, value);
}

}  // namespace maxopt
