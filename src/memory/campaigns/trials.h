#pragma once
#include <optional>
#include <string>
#include <vector>

#include "memory/campaigns/campaigns.h"

namespace maxopt {

/// A trial as it is kept: an experiment on the running account from its proposal to its reading.
/// The body belongs to its writer (stages/optimize/trials).
struct StoredTrial {
  std::string id;
  std::string client;
  std::string state;
  std::string body;  ///< JSON object
  Instant at{};      ///< of this state of it
};

/// Insert or replace, by id. kConflict: another client's trial has that id.
Result<> SaveTrial(CampaignStore& store, const StoredTrial& trial);
/// Of a client, by id; of one state when it is not empty.
Result<std::vector<StoredTrial>> StoredTrials(CampaignStore& store, const std::string& client,
                                              const std::string& state = "");
/// Forgets the client's trials in `state`: proposals that new ones replace.
Result<> DropTrials(CampaignStore& store, const std::string& client, const std::string& state);

/// What a finished experiment measured on the client's own books: of one channel, with the days
/// (inclusive, the client's) and the spend that the revenue belongs to.
struct FinishedLift {
  std::string trial;
  std::string client;
  std::string channel;  ///< as the optimiser calls it: "meta/social-prospecting"
  Day first{}, last{};
  double revenue = 0;  ///< currency units over the whole time that would not be without the spend
  double se = 0;       ///< its standard error, > 0
  std::optional<double> spend{};  ///< absent: all of the channel's in that time
};
/// Insert or replace, by trial and first day. kInvalidArgument: a number not finite, se not above
/// 0.
Result<> SaveLift(CampaignStore& store, const FinishedLift& lift);
/// Oldest first. For ResponseData::lifts see stages/optimize/lifts.h. Readings of platforms'
/// claims, comparisons of arms and the rotating holdout, which rests all channels at once, are not
/// here.
Result<std::vector<FinishedLift>> FinishedLifts(CampaignStore& store, const std::string& client);

}  // namespace maxopt
