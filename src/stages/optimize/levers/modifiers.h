#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "decide/parts/modifiers.h"
#include "domain/bid_modifiers.h"
#include "stages/optimize/levers/partwise.h"

/// What the levers share that multiply the bids of parts of campaigns: countries, devices.
namespace maxopt::levers {

struct ModifierQuestion {
  std::string_view dimension;  ///< of BidPart: "country", "device"
  Reason reason;
  /// The field that names the parts one by one; a change of it rests the modifiers as well. Empty:
  /// every campaign has all of them.
  std::string_view named_by{};
};

/// A campaign's parts by what they are worth, and why its bids cannot be multiplied.
struct WeighedCampaign {
  WeightsReport weights;
  bool relative = false;  ///< by money, to multiply what is there; else by click
  std::string refusal;    ///< empty: they can
  BidModifiers before;    ///< that it has, of all dimensions
};

/// One per campaign, in their order. Manual bids are weighed by click. Under target_cpa Google
/// multiplies the target of a device: those are weighed by money, because the strategy bids by
/// what converts already. Any other strategy ignores modifiers. Errors: JudgeParts'.
Result<std::vector<WeighedCampaign>> WeighCampaigns(std::span<const CutCampaign> campaigns,
                                                    const ModifierQuestion& question);

/// Whether the best modifier of a part is below what the platform takes: then it is left out.
bool BelowFloor(const CutCampaign& campaign, const WeighedCampaign& weighed, std::size_t part);

/// Adds the campaign's new "bid_modifiers" to the report, or says in its notes why not.
Result<> ProposeModifiers(const LeverState& state, const CutCampaign& campaign,
                          const WeighedCampaign& weighed, const ModifierQuestion& question,
                          LeverReport& report);

}  // namespace maxopt::levers
