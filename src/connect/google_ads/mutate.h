#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

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
};

/// What a change needs to know besides itself.
struct Context {
  std::string customer{};
  Currency currency;
  std::string budget{};       ///< resource name of the campaign's budget, for its update
  std::string ad_group{};     ///< id, for the update of an ad
  bool image_linked = false;  ///< the ad group shows the ad's image already
};
/// True when the update touches the campaign's budget, so Context::budget is needed.
bool ChangesBudget(const Change& change);

/// kInvalidArgument for what Google cannot express, naming the field; kRefused for a create that is
/// not paused.
Result<Mutation> MutationOf(const Change& change, const Context& context);

/// The id of the object in the answer to `mutation`. kUnknownOutcome when the answer does not tell.
Result<std::string> IdOfAnswer(const Mutation& mutation, const nlohmann::json& answer);

}  // namespace maxopt::google_ads
