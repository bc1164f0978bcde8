#pragma once
// Inside of this folder: what the campaign memory knows of objects and plans, put for views.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/views/frame.h"
#include "memory/campaigns/sightings.h"
#include "stages/setup/documents/documents.h"

namespace maxopt::views {

/// A campaign (package) of a media plan.
struct PlannedCampaign {
  std::string address;  ///< "spring-trails/search-brand"
  AccountId account;
  Day first{}, last{};
  std::optional<Money> total{};
};
/// A set-up as it is kept: its brief and its media plan.
struct PlannedSetup {
  std::string client, slug, name;
  Day first{}, last{};
  Money total = Money::Zero(kNoCurrency);
  std::optional<Money> daily_cap{};
  std::vector<KpiTarget> kpis{};
  std::vector<PlannedCampaign> campaigns{};
};
/// Newest of each campaign, as known at frame.now.
Result<std::vector<PlannedSetup>> PlannedSetups(Frame& frame, const std::string& client);

/// The part of `total` that falls to [from, to], spread evenly over [first, last].
Money PlannedIn(Money total, Day first, Day last, Day from, Day to);

/// State of objects by key ("meta/123/campaign/77").
struct ObjectState {
  std::string name;
  std::string headline{};  ///< of an ad: the first
  std::string state;
  std::optional<Money> daily_budget{};
  std::optional<Money> next_budget{};
  std::string plan{};  ///< that waits with the next budget
  std::string address{};
};
/// Campaigns from the looks at them, ad groups and ads (where asked for) from what we own and from
/// their reviews.
Result<std::map<std::string, ObjectState>> ObjectStates(const Frame& frame, bool below_campaigns);

/// A picture or video of the documents.
struct Picture {
  std::string name, file, sha256;
};
/// What each ad shows, by its address, as the documents say.
Result<std::map<std::string, Picture>> PicturesOf(const Frame& frame, const std::string& client);

std::string ObjectKey(const AccountId& account, Level level, std::string_view id);

/// For links: every byte but letters, digits and -._~ as %XX.
std::string Encode(std::string_view text);

}  // namespace maxopt::views
