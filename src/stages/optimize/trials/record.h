#pragma once
#include "stages/optimize/trials/trials.h"

/// A trial as it is kept.
namespace maxopt::trials {

Result<> Keep(CampaignStore& store, const Trial& trial, Instant now);
/// kNotFound lists the client's.
Result<Trial> Find(CampaignStore& store, const std::string& client, const std::string& id);

/// One line of the ledger about a trial, told once: `event` is experiment_started, ..._stopped or
/// ..._measured, `once` tells lines of one trial and event apart (the turn, the first day).
Result<> Tell(CampaignStore& store, const Trial& trial, const std::string& event,
              const std::string& once, const std::string& members, Instant now);
/// JSON object of a reading.
std::string ReadingJson(const TrialReading& reading);

inline constexpr std::string_view kCreatedBy = "experiments";

}  // namespace maxopt::trials
