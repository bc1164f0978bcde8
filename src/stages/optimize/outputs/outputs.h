#pragma once
#include <string>
#include <vector>

#include "domain/alert.h"
#include "domain/message.h"
#include "domain/plan.h"
#include "memory/campaigns/ledger.h"
#include "stages/optimize/segments/segments.h"

/// What optimisation tells the team, for the outbox.
namespace maxopt {

struct OptimizeState {
  std::string client;
  Instant now{};
  Day day{};                            ///< today in the client's zone
  std::vector<Plan> plans;              ///< of the last week and those still open, newest first
  std::vector<ScoredOutcome> outcomes;  ///< measured in the last four weeks
  SegmentReport segments;
  std::vector<Alert> fatigue;          ///< open alerts of tired creatives
  std::optional<Currency> currency{};  ///< the client's: of revenue that was measured
};

/// Five messages: optimization_report to carlos (what is recommended, what was done and why, what
/// it brought), budget_reallocation to james and zara (every budget that a plan moves, with what
/// was predicted), creative_insights to lucas (ads and creatives beside their like, and which tire
/// and need a new variation), audience_refinements to olivia (people, places, words and hours, with
/// what to do about them). Each as JSON (schemas/<kind>.schema.json) and Markdown from the same
/// state. Nothing here changes anything: what is to be done is a plan, named by its id. Pure; the
/// same state gives the same bytes.
std::vector<Message> OptimizeMessages(const OptimizeState& state);

}  // namespace maxopt
