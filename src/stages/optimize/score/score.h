#pragma once
#include <string>
#include <vector>

#include "clock/clock.h"
#include "memory/campaigns/ledger.h"
#include "memory/facts/facts.h"

/// Plans measured against what they promised.
namespace maxopt {

struct ScoreWorld {
  CampaignStore* store;
  FactStore* facts;
  Clock* clock;
};

struct ScoreOptions {
  int history_days = 90;  ///< of the client's books before the plan, for what normal is
  int least_days = 3;     ///< of effect, alone; fewer say nothing
  int settle_days = 2;    ///< after the horizon, for orders that are booked or cancelled late
};

struct ScoreReport {
  std::vector<ScoredOutcome> scored;  ///< in this run; in the ledger, and the plans are kScored
  std::vector<std::string> not_yet;   ///< plan and why it is not or cannot be scored
};

/// Measures every verified plan of the client that promised revenue and whose horizon has passed:
/// the client's own books (kpi, never a platform's claims) from the first whole day after the apply
/// until the horizon, or until the day on which another plan of the client was applied, against
/// what the days before let expect (measure/lift, one series). Days are the client's; what is
/// booked in another currency than the client's is converted by the newest rate, the same for all
/// days, and waits where there is none.
///
/// One series is noisy: an effect of a hundredth of revenue is not seen in a week. That is said by
/// the standard error, which goes into the ledger with the effect, and by the record's resolution.
/// Errors: our own memory's.
Result<ScoreReport> ScorePlans(const ScoreWorld& world, const std::string& client,
                               const ScoreOptions& options = {});

}  // namespace maxopt
