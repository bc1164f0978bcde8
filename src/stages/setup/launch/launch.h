#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "clock/clock.h"
#include "connect/platform.h"
#include "stages/setup/checks/checks.h"
#include "stages/setup/compile/compile.h"
#include "stages/setup/documents/documents.h"

namespace maxopt {

/// What set-up works on. All pointers outlive the calls.
struct SetupWorld {
  CampaignStore* store;
  Clock* clock;
  const PlatformSpecs* specs;
  std::function<Result<std::shared_ptr<PlatformReader>>(const AccountId&)> reader;
};

/// The documents of one campaign on their way to a plan.
struct Setup {
  CampaignDocuments documents;
  Desired desired;
  std::vector<ClientAccount> accounts;
  std::vector<LearnedConstraint> learned;
  Day today{};  ///< in the client's zone
};

/// The files at `paths`: of a folder its brief, media_plan, creatives and buys in any of their
/// forms, and its workbooks. kInvalidArgument when there are none; kLocal when one cannot be read.
Result<std::vector<DocumentFile>> ReadDocumentFiles(const std::vector<std::string>& paths);
/// Reads assets beside the first of `paths`.
ReadFile AssetsBeside(const std::vector<std::string>& paths);

/// Reads and compiles the documents. Errors name file and place.
Result<Setup> PrepareSetup(const SetupWorld& world, const std::vector<DocumentFile>& files,
                           const ReadFile& read_file);

/// Trees and owned objects of the accounts that the campaign needs, as they are now.
Result<LiveState> ReadLiveState(const SetupWorld& world, const Desired& desired);

/// Runs the checklist. `live` and `landing` may be null: then what needs them is not checked.
Checklist CheckSetup(const SetupWorld& world, const Setup& setup, const Policy* policy,
                     const LiveState* live, const std::vector<LandingEvidence>* landing,
                     CheckPhase phase);

/// The three-way plan. Where something drifted the platforms' change histories are read, so that
/// the drift can say who. `live` gains them.
Result<ThreeWay> PlanSetup(const SetupWorld& world, const Setup& setup, LiveState& live,
                           const std::set<std::string>& force);

/// Keeps what a set-up configures beside the platforms: the documents, experiments, watches, which
/// budgets are fixed, and where the documents came from.
Result<> KeepSetup(const SetupWorld& world, const Setup& setup,
                   const std::vector<DocumentFile>& files, const std::string& source);
/// Where the documents of a campaign came from; nullopt when it was not set up here.
Result<std::optional<std::string>> SourceOf(const SetupWorld& world, const std::string& client,
                                            const std::string& slug);

/// Starts the experiments whose arms are all switched on, stops those of which an arm was switched
/// off, and ends those whose last day has passed. Returns what moved.
Result<std::vector<Experiment>> MoveExperiments(const SetupWorld& world, const Setup& setup,
                                                const LiveState& live);

/// Puts the four outputs into the teammates' outbox.
Result<std::vector<Message>> HandOver(const SetupWorld& world, const Setup& setup,
                                      const LiveState& live, const Checklist& checklist);

}  // namespace maxopt
