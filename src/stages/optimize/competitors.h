#pragma once
#include <string>
#include <vector>

#include "memory/campaigns/campaigns.h"
#include "memory/facts/facts.h"

namespace maxopt {

/// A sentence for each competitor's move that holds today and each account of the client where it
/// may be: what was said, what was measured there in the last seven days against the seven before,
/// and that no number was changed for it. Predictions rest on days before and after the move alike,
/// so whoever approves should know of it. Errors: our own memory's.
Result<std::vector<std::string>> CompetitorNotes(CampaignStore& store, FactStore& facts,
                                                 const std::string& client, Instant now);

}  // namespace maxopt
