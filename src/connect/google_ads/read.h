#pragma once
#include <string>
#include <vector>

#include "clock/clock.h"
#include "connect/google_ads/client.h"
#include "connect/google_ads/criteria.h"
#include "connect/platform.h"
#include "domain/entity.h"

namespace maxopt::google_ads {

/// The custom parameters of an ad that hold what Google has no field for.
inline constexpr std::string_view kNameParameter = "mx";
inline constexpr std::string_view kImageParameter = "mximg";
inline constexpr std::string_view kImagesParameter = "mximgs";
inline constexpr std::string_view kLongHeadlineParameter = "mxlong";  ///< its place, from 0

Result<AccountInfo> ReadInfo(const Client& client, const std::string& customer,
                             http::Deadline deadline);
Result<std::vector<AccountInfo>> ListAccounts(const Client& client,
                                              const std::string& login_customer_id,
                                              http::Deadline deadline);

/// Which objects of a level.
struct Wanted {
  enum class By { kNotRemoved, kIds, kMarker } by = By::kNotRemoved;
  std::vector<std::string> ids{};
  std::string marker{};
};
/// Level kCampaign, kAdGroup, kAd, kAsset or kConversion; kInvalidArgument otherwise.
Result<std::vector<Entity>> ReadEntities(const Client& client, const AccountInfo& account,
                                         Level level, const Wanted& wanted,
                                         http::Deadline deadline);

/// Everything that targets or leaves out below one campaign or ad group, paused ones included.
Result<std::vector<Criterion>> ReadCriteria(const Client& client, const std::string& customer,
                                            Level level, const std::string& id,
                                            http::Deadline deadline);

Result<std::vector<HistoryEvent>> ReadHistory(const Client& client, const AccountInfo& account,
                                              Instant from, Instant to, Instant now,
                                              http::Deadline deadline);

}  // namespace maxopt::google_ads
