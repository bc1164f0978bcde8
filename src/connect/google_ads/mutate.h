#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "connect/google_ads/criteria.h"
#include "domain/change.h"
#include "result/result.h"

/// Changes as bodies of Google's mutate calls. Pure: what must be known of the account is passed
/// in.
namespace maxopt::google_ads {

struct Mutation {
  std::string path{};     ///< below the version: "customers/1/googleAds:mutate"
  nlohmann::json body{};  ///< validateOnly not set
  std::size_t operations = 0;
  std::size_t main = 0;  ///< index of the operation on the object that the change is about
  std::string result{};  ///< key of its result, "campaignResult"; empty for a per-resource call
  /// Per operation the field of the catalogue that it carries; empty where it carries several.
  std::vector<std::string> fields{};
  /// The one operation as googleAds:mutate takes it, for a batch; null where there are several.
  nlohmann::json single{};
  std::string single_result{};  ///< key of its result: "assetResult"
};

/// An uploaded asset, as far as ads need to know it.
struct AssetInfo {
  std::string type;  ///< IMAGE, YOUTUBE_VIDEO
  std::int64_t width_px = 0;
  std::int64_t height_px = 0;
};

/// What a change needs to know besides itself.
struct Context {
  std::string customer{};
  Currency currency;
  /// SEARCH, DISPLAY: of the campaign that the object is or hangs below; empty: not known yet (its
  /// parent is still to come), then what depends on it is not checked.
  std::string channel{};
  Fields live{};                              ///< the object now, for an update that needs it
  std::vector<Criterion> criteria{};          ///< its targeting now
  std::map<std::string, AssetInfo> assets{};  ///< those that an ad of a display campaign names
  std::string business_name{};                ///< shown in display ads
  std::string budget{};       ///< resource name of the campaign's budget, for its update
  std::string ad_group{};     ///< id, for the update of an ad
  bool image_linked = false;  ///< the ad group shows the ad's image already
};
/// True when the update touches the campaign's budget, so Context::budget is needed.
bool ChangesBudget(const Change& change);
/// True when the update needs Context::live and Context::criteria.
bool NeedsLive(const Change& change);
/// Ids of all assets that an ad names.
std::vector<std::string> AssetsOf(const Fields& ad);

/// kInvalidArgument for what Google cannot express, naming the field; kRefused for a create that is
/// not paused. A mutation without operations: everything is as wanted already.
Result<Mutation> MutationOf(const Change& change, const Context& context);

/// The id of the object in the answer to `mutation`. kUnknownOutcome when the answer does not tell.
Result<std::string> IdOfAnswer(const Mutation& mutation, const nlohmann::json& answer);

/// The fields of the catalogue that an error text names by Google's paths
/// ("mutate_operations[0].campaign_budget_operation.create.amount_micros"), each once.
std::vector<std::string> FieldsOfError(const Mutation& mutation, std::string_view what);

/// Mutations of one operation each as one call in which each stands for itself (partial failure).
nlohmann::json BatchOf(const std::vector<const Mutation*>& mutations);

}  // namespace maxopt::google_ads
