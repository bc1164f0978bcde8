#include "stages/optimize/levers/devices/devices.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "stages/optimize/levers/modifiers.h"

namespace maxopt {

using namespace levers;

Result<LeverReport> DeviceLever(const LeverWorld& world, const LeverState& state) {
  static constexpr ModifierQuestion kByDevice{"device", Reason::kBid};
  LeverReport report;
  report.lever = "devices";
  const CutQuestion devices{Breakdown::kDevice, "device",
                            [](const std::string& device) { return std::optional(device); },
                            nullptr};
  std::vector<CutCampaign> campaigns;
  for (const LeverAccount& account : state.accounts) {
    const std::string who = PrintAccount(account.tree.info.account);
    const BidModifierSupport& can = account.can.bid_modifiers;
    if (std::find(can.by.begin(), can.by.end(), kByDevice.dimension) == can.by.end()) {
      report.notes.push_back(fmt::format("{}: bids are not multiplied by device{}{}", who,
                                         can.why_not.empty() ? "" : ": ", can.why_not));
      continue;
    }
    if (!account.hold.empty()) {
      report.notes.push_back(fmt::format("{}: {}", who, account.hold));
      continue;
    }
    MAXOPT_TRY(std::vector<CutCampaign> found,
               CampaignsByPart(world, state, account, devices, report.notes));
    std::move(found.begin(), found.end(), std::back_inserter(campaigns));
  }
  MAXOPT_TRY(const std::vector<WeighedCampaign> weighed, WeighCampaigns(campaigns, kByDevice));
  for (std::size_t i = 0; i < campaigns.size(); ++i) {
    MAXOPT_CHECK(ProposeModifiers(state, campaigns[i], weighed[i], kByDevice, report));
  }
  return report;
}

}  // namespace maxopt
