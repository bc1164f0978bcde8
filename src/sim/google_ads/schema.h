#pragma once
#include <string>
#include <string_view>
#include <vector>

/// The part of the Google Ads messages that this server knows, as data: decoding of requests, GAQL
/// fields and answers all come from it.
namespace maxopt::sim::google_ads {

enum class Kind { kString, kBool, kInt32, kInt64, kDouble, kBytes, kFieldMask, kEnum, kMessage };

struct EnumDef {
  std::string name;  ///< "CampaignStatus"
  std::vector<std::string> values;
  bool Has(std::string_view value) const;
};

struct MessageDef;
struct FieldDef {
  std::string name;  ///< snake_case, as in GAQL and in error locations
  std::string json;  ///< camelCase
  Kind kind = Kind::kString;
  const EnumDef* enumeration = nullptr;
  const MessageDef* message = nullptr;
  bool repeated = false;
  bool output_only = false;
  bool immutable = false;
  std::string oneof;  ///< only one field of a message may be set of those that share this name
};
struct MessageDef {
  std::string name;  ///< "Campaign"
  std::vector<FieldDef> fields;
  /// By snake_case or camelCase name; nullptr when there is none.
  const FieldDef* Find(std::string_view name) const;
};

/// nullptr when unknown.
const MessageDef* FindMessage(std::string_view name);
const EnumDef* FindEnum(std::string_view name);

/// A resource that GAQL's FROM knows.
struct ResourceDef {
  std::string name;  ///< "ad_group_ad"
  std::string json;  ///< "adGroupAd"
  const MessageDef* message = nullptr;
  std::vector<std::string> attributed;  ///< resources whose fields may be selected with it
  bool metrics = false;
};
/// nullptr when unknown.
const ResourceDef* FindResource(std::string_view name);

/// "ad_group_ad" -> "adGroupAd"
std::string CamelCase(std::string_view snake);
/// Dots separate the words that are converted one by one.
std::string SnakeCase(std::string_view camel);

}  // namespace maxopt::sim::google_ads
