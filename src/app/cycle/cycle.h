#pragma once
#include <optional>
#include <string>
#include <vector>

#include "agent/cycle/cycle.h"
#include "app/home/home.h"
#include "app/lookout/lookout.h"
#include "app/optimize/optimize.h"
#include "memory/campaigns/cycles.h"

/// The decision cycle (agent/cycle) of each stage of the workflow, over a home. What a step does is
/// what `maxopt check`, `look`, `optimize` and `report` do; the cycle makes it visible, keeps it,
/// and can go on with it. Platforms are only written to through the one door, as those commands do:
/// a cycle proposes plans, and applies what the policy lets pass where it is asked to act.
/// Docs     docs/cycle.md
namespace maxopt {

struct CycleRequest {
  std::string stage;   ///< setup | monitor | optimize | report
  std::string client;  ///< may be empty for setup: the documents name it
  std::string by;      ///< who asks
  bool dry = false;    ///< decide, and propose, raise and make nothing
  // optimize
  bool act = false;  ///< apply the plans that the policy lets pass without a person
  std::vector<std::string> levers{};
  int days = 90;
  bool tactics = true;
  bool rules = true;  ///< the client's rules first; the worker has a job of its own for them
  // setup
  std::vector<std::string> documents{};  ///< a folder, or the files
  // report
  std::string kind = "performance", audience{}, language{};
};

/// How far a run got.
struct CycleRun {
  Cycle cycle;
  bool went_on = false;              ///< with one that was cut off
  std::vector<std::string> notes{};  ///< what was abandoned, and why
  std::optional<Error> stopped{};    ///< the step's error; the cycle may be gone on with
};

/// Runs one cycle to its end. One of the same stage and client that was cut off while it executed,
/// less than a day ago, is gone on with instead, so that what it began is not begun a second time;
/// any other unfinished one is abandoned, as what it saw is older.
/// `lookout`: keeps its models between looks; null: one is made.
/// Errors: kInvalidArgument for the stage or what is asked; kNotFound for the client; our own
/// memory's. A step's error is in `stopped`.
Result<CycleRun> RunStageCycle(Home& home, const CycleRequest& request, Lookout* lookout = nullptr);
/// Goes on with this one, wherever it was cut off or stopped. kNotFound, kConflict: it has ended.
Result<CycleRun> ResumeStageCycle(Home& home, const std::string& id, Lookout* lookout = nullptr);

/// The round that a cycle of the optimiser came to, with its plans as they are stored now (drafts
/// where nothing was proposed). The step's error where the cycle stopped before it was done.
Result<OptimizeRun> RoundOf(Home& home, const CycleRun& run);
/// A cycle of the optimiser that proposes, its round read back. kRefused without a policy or where
/// it only observes; else as RunStageCycle and RoundOf.
Result<OptimizeRun> ProposeRound(Home& home, const std::string& client,
                                 const OptimizeOptions& options, const std::string& by, bool act);

/// kNotFound; kRefused where it is not as it was kept.
Result<Cycle> ReadCycle(CampaignStore& store, const std::string& id);
/// Decides it again from what it kept: see ReplayCycle. Reads and does nothing else.
Result<CycleReplay> ReplayStageCycle(Home& home, const std::string& id);

}  // namespace maxopt
