#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "domain/alert.h"
#include "memory/campaigns/signals.h"
#include "memory/platforms/platforms.h"
#include "stages/monitor/monitor.h"

/// Where the reviews of ads stand, what changed, what it costs and what to do.
namespace maxopt {

/// "pending" | "approved" | "limited" | "rejected" | "suspended" (accounts) for a platform's own
/// word in any case, from one table; "" for a word that the table does not know. Our own words are
/// known for every platform.
std::string_view ReviewStateOf(Platform platform, std::string_view word);

/// Hours of review that are usual on a platform before somebody should ask; 0: not known. Google
/// tells working days: Saturdays and Sundays do not count there.
int UsualReviewHours(Platform platform);

/// What is looked at of one account.
struct ReviewInput {
  std::string client;
  const AccountTree* tree = nullptr;
  std::vector<ReviewState> before;  ///< as kept at the last look
  /// Mean spend a day of the last seven closed days, by ad id; absent: not known.
  std::map<std::string, Money> daily_spend;
  Instant now{};
};

struct ReviewFindings {
  std::vector<ReviewState> states;  ///< to be kept
  std::vector<ReviewEvent> events;  ///< each with JSON {"spend_at_risk"?, "fix"?, "campaign"}
  std::vector<Condition> conditions;
};

/// Pure. Events: any change of state or, within one state, of the reason; an object seen for the
/// first time makes one only when it is limited or rejected.
/// Conditions (detector "review"): an account that is suspended (critical); an ad that is on and
/// rejected (warning), limited (info; warning when it spent), or pending for longer than usual
/// (warning). What is off or removed, and what has just gone to review, makes none.
ReviewFindings JudgeReviews(const ReviewInput& input, const PlatformSpecs& specs);

/// What to change, from the reasons, the ad's own texts and the platform's review rules; "" when
/// nothing is known.
std::string SuggestFix(const PlatformSpec* spec, const Entity& ad,
                       const std::vector<std::string>& reasons);

struct ReviewReport {
  std::vector<ReviewState> states;
  std::vector<ReviewEvent> events;
  std::vector<Condition> conditions;
  std::vector<std::string> problems;  ///< accounts that could not be read, and why
};

/// Looks at every account of `client` (all when empty): one platform call each; keeps states and
/// events. Errors: only our own memory's.
Result<ReviewReport> LookAtReviews(const MonitorWorld& world, const std::string& client);

}  // namespace maxopt
