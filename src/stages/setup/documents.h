#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/entity.h"
#include "memory/campaigns/campaigns.h"
#include "result/result.h"

namespace maxopt {
/// Apart from stages/setup/documents/, which has documents of the same names.
inline namespace one_file {

/// Where a value was written: "spring.yaml:14". Travels with it into findings.
struct Place {
  std::string file;
  int line = 0;
};
std::string PrintPlace(const Place& place);

struct AdDocument {
  Place place;
  std::string name;
  Fields fields;
  std::string image_file;   ///< as written; empty: none
  std::string image_bytes;  ///< its content
};
struct AdGroupDocument {
  Place place;
  std::string name;
  Fields fields;
  std::vector<AdDocument> ads;
};
/// One campaign on one platform.
struct LineDocument {
  Place place;
  std::string channel;  ///< "search-brand": one word for the same kind of media in every campaign
  AccountId account;
  Fields fields;
  std::vector<AdGroupDocument> ad_groups;
};
/// Brief, media plan, creatives and buys of one campaign, in one file
/// (schemas/campaign.schema.json).
struct CampaignDocument {
  Place place;
  std::string client;
  std::string name;
  Currency currency{};
  std::string objective;
  Day start{};
  Day end{};
  Money total_budget = Money::Zero(kNoCurrency);
  std::string landing_url;
  std::string tracking;  ///< url_tags template with {platform} {campaign} {channel} {ad}
  std::vector<LineDocument> lines;
};

/// Reads a file that the document names, relative to it.
using ReadFile = std::function<Result<std::string>(const std::string& name)>;

/// Every error names file and line. Unknown keys are refused: a misspelt budget is not a default.
Result<CampaignDocument> ParseCampaign(std::string_view yaml, const std::string& file,
                                       const ReadFile& read_file);

}  // namespace one_file
}  // namespace maxopt
