#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "sim/google_ads/errors.h"
#include "sim/google_ads/store.h"

/// What Google demands of each kind of object, beyond the JSON's types.
namespace maxopt::sim::google_ads {

class Rules {
 public:
  /// Its path is below the resource.
  using Report = std::function<void(AdsError)>;

  Rules(Account& account, Instant now, Report report)
      : account_(account), now_(now), report_(std::move(report)) {}

  /// Checks `body` and fills in Google's defaults. A key: the identical object that exists already
  /// and stands in for this one (assets).
  std::optional<std::string> ForCreate(Type type, nlohmann::json& body);
  /// Checks the state after an update.
  void ForUpdate(Type type, const std::string& key, const nlohmann::json& before,
                 nlohmann::json& after);
  /// New key; fills ids inside the body where the resource has them (ads).
  std::string KeyForCreate(Type type, nlohmann::json& body);
  /// Of the content of the asset that ForCreate has seen.
  const std::string& digest() const { return digest_; }

 private:
  void Add(std::string family, std::string code, std::string message, Path path,
           std::string trigger = {}, std::string details = {}) {
    report_({std::move(family), std::move(code), std::move(message), std::move(trigger),
             std::move(path), std::move(details)});
  }
  void Require(std::string_view snake_field) {
    Add("fieldError", "REQUIRED", "The required field was not present.",
        {{std::string(snake_field)}});
  }
  /// Parent that must exist and not be removed.
  const Object* Parent(Type parent_type, const nlohmann::json& body, std::string_view json_field,
                       std::string_view snake_field);
  void DefaultStatus(nlohmann::json& body);
  void CheckBid(const nlohmann::json& body, std::string_view json_field,
                std::string_view snake_field);

  void CheckCampaign(const std::string& key, const nlohmann::json* before, nlohmann::json& body);
  void CheckCampaignBidding(const nlohmann::json& body);
  void CheckFrequencyCaps(const nlohmann::json& body);
  void CheckCampaignNetworks(nlohmann::json& body);
  void CheckCampaignFlight(const nlohmann::json* before, nlohmann::json& body);
  void CheckCampaignBudgetLink(const std::string& key, const nlohmann::json* before,
                               const nlohmann::json& body);
  void CheckBudget(const std::string& key, const nlohmann::json* before, nlohmann::json& body);
  void CheckBudgetAmount(std::int64_t micros, std::string_view snake_field);
  void CheckAdGroup(const std::string& key, const nlohmann::json* before, nlohmann::json& body);
  void CheckNewAd(nlohmann::json& body);
  void CheckFinalUrls(const nlohmann::json& ad);
  struct TextLimit {
    std::string_view json_field;
    std::string_view snake_field;
    std::size_t min_count;
    std::size_t max_count;
    std::size_t max_width;
  };
  void CheckTexts(const nlohmann::json& ad_data, const Path& at, const TextLimit& limit);
  void CheckImages(const nlohmann::json& ad_data, const Path& at, std::string_view json_field,
                   std::string_view snake_field, std::size_t min_count, std::string_view type);
  void CheckAdGroupCriterion(nlohmann::json& body);
  void CheckCampaignCriterion(nlohmann::json& body);
  /// What bids are multiplied by where the campaign's criterion matches.
  void CheckBidModifier(const nlohmann::json& body);
  void CheckUserList(const nlohmann::json& user_list);
  /// True when the criterion is an audience of any kind.
  bool CheckAudience(const nlohmann::json& body);
  /// Audiences hang at a campaign or at its ad groups, never at both.
  void CheckOneLevel(const nlohmann::json& body);
  /// `body`: an ad schedule of a campaign.
  void CheckAdSchedule(const nlohmann::json& body);
  void CheckKeyword(const nlohmann::json& keyword);
  void CheckAdGroupAsset(nlohmann::json& body);
  void CheckCustomParameters(const nlohmann::json& body, const Path& at);
  void CheckConversionAction(const std::string& key, nlohmann::json& body);
  std::optional<std::string> CheckAsset(nlohmann::json& body);

  Account& account_;
  Instant now_;
  Report report_;
  std::string digest_;
};

}  // namespace maxopt::sim::google_ads
