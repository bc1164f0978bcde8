#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/home/home.h"
#include "app/optimize/optimize.h"
#include "stages/optimize/levers/campaigns.h"

/// What a language model would change. It may only name what it is shown and what levers can do;
/// what it answers is read as hostile, and its word for an effect is never asked: what a proposal
/// brings is reckoned from the response model, or it is said that nothing foretells it. docs/ask.md
namespace maxopt {

inline constexpr std::string_view kModelLever = "model";

/// What a proposal may be about. Pointers are into the state that it was made from.
struct ProposalObject {
  std::string id;  ///< "obj-1": what the model calls it, no id of a platform
  const LeverAccount* account = nullptr;
  const Entity* campaign = nullptr;
  const Entity* object = nullptr;  ///< the campaign, or an ad group of it
  std::string bid_field{};         ///< as levers::BidField
  std::string channel{};           ///< as ChannelIdOf
  bool alone = false;              ///< no other campaign that is on is of its channel
  bool fixed = false;              ///< the media plan fixes its campaign's budget
  nlohmann::ordered_json shown{};  ///< what the model is told of it
};
struct ProposalSituation {
  std::vector<ProposalObject> objects;
  nlohmann::ordered_json shown{};  ///< objects and all the rest
};
/// At most 30 campaigns, those that spent most in the last 28 judged days first, and their ad
/// groups; what rests, is off, or is kept still by an experiment is not among them. `tactics`: like
/// cases, to be shown. Errors: the facts'.
Result<ProposalSituation> SituationOf(const OptimizeWorld& world, const LeverWorld& levers,
                                      const Opportunities& found, const Policy* policy,
                                      std::span<const RetrievedTactic> tactics);

/// What came of an answer, for the cycle to keep.
struct ModelProposals {
  std::string model;  ///< its name
  std::string why;    ///< why nothing was taken; empty: it answered
  std::string answer;
  std::vector<std::string> refused;  ///< each proposal that was not taken, by name, and why
  LeverReport report{
      .lever = std::string(kModelLever), .opportunities = {}, .messages = {}, .notes = {}};
};
/// {"proposals": [{"kind": "budget" | "pause" | "target", "object": "obj-1", "percent": -10,
/// "reason": "..."}]}, `percent` with budget and target. Refused by name: unknown members, kinds
/// and objects, what an object cannot, a size beyond `step_max_bp` or below one percent, a reason
/// with a number that is not of that object, a second proposal of one object, more than five.
/// A move of a budget is foretold by the margin of its channel, a pause by what its channel brings
/// where it is all of it; other things carry no prediction. Pure.
void ReadProposals(std::string_view answer, const ProposalSituation& situation,
                   const Opportunities& found, ModelProposals& out);

/// Asks the home's model, where model.yaml says `propose: true`; nullopt: it does not. What is
/// wrong with the model is `why`, never an error. `subject`: the cycle, for the ledger.
std::optional<ModelProposals> AskForProposals(Home& home, const Policy* policy,
                                              const Opportunities& found, bool tactics,
                                              const std::string& subject, const std::string& by);

}  // namespace maxopt
