#pragma once
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "clock/clock.h"
#include "money/money.h"
#include "result/result.h"

namespace maxopt {

/// The word for each in files, flags, URLs and tables is PlatformName(): "google_ads", "meta", ...
enum class Platform {
  kGoogleAds,
  kMeta,
  kTikTok,
  kMicrosoft,
  kLinkedIn,
  kAmazon,
  kPinterest,
  kSnapchat,
  kReddit,
  kX,
  kOther,  // exports of a platform that has no name here
};
std::string_view PlatformName(Platform platform);
/// Also takes the dbt_ad_reporting keys ("facebook_ads", "tiktok_ads", ...).
/// kInvalidArgument lists the known names.
Result<Platform> FindPlatform(std::string_view name);

/// Level of the account tree. "account" > "campaign" > "ad_group" (Meta's ad set) > "ad"; an
/// "asset" is an uploaded picture or video, a "conversion" what is counted as one (Google's
/// conversion action, Meta's and TikTok's pixel); both hang off the account.
enum class Level { kAccount, kCampaign, kAdGroup, kAd, kAsset, kConversion };
std::string_view LevelName(Level level);
Result<Level> FindLevel(std::string_view name);

/// One account on one platform. Ids are strings: digits only, without Google's dashes and without
/// Meta's "act_".
struct AccountId {
  Platform platform;
  std::string id;
  friend bool operator==(const AccountId&, const AccountId&) = default;
  friend auto operator<=>(const AccountId&, const AccountId&) = default;
};
/// "google_ads/1234567890"
std::string PrintAccount(const AccountId& account);
/// What PrintAccount wrote. kInvalidArgument.
Result<AccountId> ParseAccount(std::string_view text);

struct AccountInfo {
  AccountId account;
  std::string name;
  Currency currency;
  std::string zone;    ///< IANA name; reporting days are in it
  std::string status;  ///< "active", or the platform's own word in lower case
};

/// What one field of an entity may hold. Lists keep their order.
using FieldValue = std::variant<bool, std::int64_t, std::string, Money, std::vector<std::string>>;
/// Field name -> value. Absent means "not stated", never a default. Names: FieldCatalogue().
using Fields = std::map<std::string, FieldValue>;

enum class FieldType { kBool, kInteger, kText, kMoney, kList };
/// One field that an entity may have, described as data: checking, JSON, diff and documentation
/// come from it. Unknown names and money under another name are refused (fail closed).
struct FieldSpec {
  std::string_view name;
  FieldType type;
  std::string_view levels;   ///< any of c(ampaign) g(roup) a(d) s(asset) v(conversion)
  bool writable;             ///< false: only the platform sets it (review state, delivery)
  std::string_view meaning;  ///< one sentence: unit, allowed words
};
std::span<const FieldSpec> FieldCatalogue();
/// kInvalidArgument names the field and what is wrong with it.
Result<> CheckFields(Level level, const Fields& fields);

/// Whether two values of the field `name` mean the same. Countries, keywords and audiences are
/// sets: platforms tell them back in an order of their own. Only texts that people see have an
/// order.
bool SameField(std::string_view name, const FieldValue& a, const FieldValue& b);

/// Status words, the same everywhere: "active", "paused", "removed".
inline constexpr std::string_view kActive = "active";
inline constexpr std::string_view kPaused = "paused";
inline constexpr std::string_view kRemoved = "removed";

/// One object as a platform has it (or as we want it, then id and parent_id may be empty).
struct Entity {
  Level level;
  std::string id;           ///< the platform's id, digits
  std::string parent_id;    ///< campaign of an ad group, ad group of an ad; empty for campaigns
  std::string campaign_id;  ///< for ad groups and ads; empty otherwise
  Fields fields;            ///< always has "name"; what was read back has "status"
  friend bool operator==(const Entity&, const Entity&) = default;
};
/// Text field or "" when absent.
std::string TextField(const Fields& fields, std::string_view name);
/// Money field or nullptr when absent.
const Money* MoneyField(const Fields& fields, std::string_view name);
/// List field or an empty list when absent.
const std::vector<std::string>& ListField(const Fields& fields, std::string_view name);
/// A value for people: true, 12, "text", 12.50 EUR, [a, b].
std::string ShowValue(const FieldValue& value);

/// The whole tree of one account, flat, parents before children.
struct AccountTree {
  AccountInfo info;
  std::vector<Entity> entities;
};

}  // namespace maxopt
