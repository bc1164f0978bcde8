#pragma once
#include <string>
#include <vector>

#include "memory/campaigns/campaigns.h"

/// What teammates have said of competitors: messages of kind competitive_intelligence in the inbox.
namespace maxopt {

/// One finding, as it was sent: text of others (schemas/competitive_intelligence.schema.json).
struct CompetitorMove {
  std::string competitor, what, direction, confidence, source, text;
  std::string platform, channel, country;  ///< empty: not said, so it may be anywhere
  std::string metric, value, unit;
  Day observed_on{}, holds_until{};  ///< until: 28 days later where nothing was said
  std::string from, message;         ///< who sent it, and the id of the message
  std::string json;                  ///< the finding whole
};
struct CompetitorMoves {
  std::vector<CompetitorMove> moves;  ///< newest message first
  bool any = false;                   ///< whether there are others, which do not hold in these days
};
/// Of the messages that had come at `known_at`: what was observed not after `to` and still held on
/// `from`. Errors: our own memory's.
Result<CompetitorMoves> ReadCompetitorMoves(CampaignStore& store, const std::string& client,
                                            Instant known_at, Day from, Day to);

/// Whether it may be of this account: of the platform and the country where it says one. `country`
/// "" is not known, which excludes nothing.
bool IsMoveOn(const CompetitorMove& move, Platform platform, std::string_view country);

/// "2026-03-01: Ridgeline, auction up on google_ads, impression_share 12.5 percent (medium, auction
/// insights; ci-7 from maya)"
std::string PrintMove(const CompetitorMove& move);

}  // namespace maxopt
