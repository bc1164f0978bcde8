#pragma once
#include <optional>
#include <string>
#include <vector>

#include "agent/cycle/cycle.h"
#include "app/home/home.h"
#include "app/lookout/lookout.h"
#include "app/optimize/optimize.h"
#include "app/reports/reports.h"
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
  // monitor
  bool only_news = false;  ///< keep it only once it comes to something that is new
  // optimize
  bool act = false;  ///< apply the plans that the policy lets pass without a person
  std::vector<std::string> levers{};
  int days = 90;
  bool tactics = true;
  bool rules = true;  ///< the client's rules first; the worker has a job of its own for them
  // setup
  std::vector<std::string> documents{};  ///< a folder, or the files
  // report: its client and who asks are the cycle's
  ReportRequest report{};
  bool tell = true;  ///< messages to the team
};

/// With what a look looks; what is absent is made for it.
struct CycleMeans {
  Lookout* lookout = nullptr;             ///< keeps its models between looks
  std::optional<MonitorWorld> monitor{};  ///< its may_call is asked before an account is read
};

/// How far a run got.
struct CycleRun {
  Cycle cycle;                       ///< without an id: nothing was new, and it was not kept
  bool went_on = false;              ///< with one that was cut off
  std::vector<std::string> notes{};  ///< what was abandoned or gone on with first, and why
  std::optional<Error> stopped{};    ///< the step's error; the cycle may be gone on with
};

/// Runs one cycle to its end. One of the same stage and client that was cut off while it executed,
/// less than a day ago, is gone on with, so that what it began is not begun a second time: of the
/// optimiser, and of what was asked for in the same words, instead; of a look, first, as what is
/// wrong now is looked for in any case. Another report or another set-up is left as it stands. Any
/// other unfinished one is abandoned, as what it saw is older.
/// Errors: kInvalidArgument for the stage or what is asked; kNotFound for the client; our own
/// memory's. A step's error is in `stopped`.
Result<CycleRun> RunStageCycle(Home& home, const CycleRequest& request, CycleMeans means = {});
/// Goes on with this one, wherever it was cut off or stopped. kNotFound, kConflict: it has ended.
Result<CycleRun> ResumeStageCycle(Home& home, const std::string& id, CycleMeans means = {});

/// The round that a cycle of the optimiser came to, with its plans as they are stored now (drafts
/// where nothing was proposed). The step's error where the cycle stopped before it was done.
Result<OptimizeRun> RoundOf(Home& home, const CycleRun& run);
/// A cycle of the optimiser that proposes, its round read back. kRefused without a policy or where
/// it only observes; else as RunStageCycle and RoundOf.
Result<OptimizeRun> ProposeRound(Home& home, const std::string& client,
                                 const OptimizeOptions& options, const std::string& by, bool act);

/// What one look came to.
struct LookRun {
  std::string cycle;                              ///< empty: nothing was new, and it was not kept
  int accounts = 0;                               ///< of the client
  std::vector<std::string> unread{};              ///< those of which no numbers were read yet
  std::vector<Condition> conditions{};            ///< wrong now
  std::vector<std::string> opened{}, resolved{};  ///< ids of alerts
  std::size_t open = 0;                           ///< alerts of all clients
  int sent = 0;                                   ///< notifications
  std::vector<std::string> notes{}, problems{};  ///< problems: what could not be looked at, and why
  std::string not_remembered{};                  ///< why working memory was not assembled or kept
};
/// One look at what is wrong with a client, as a cycle of monitoring that is kept only where it
/// comes to something new. The step's error where it stopped; else as RunStageCycle.
Result<LookRun> LookOnce(Home& home, const std::string& client, const std::string& by,
                         CycleMeans means = {});

/// Makes a report as a cycle and, where `tell`, puts what it has to say into the outbox. Errors: as
/// MakeReport and RunStageCycle.
Result<MadeReport> MakeReportCycle(Home& home, const ReportRequest& request, bool tell);
/// The same for one that is known by its `by`: one that was made before is given back as that, one
/// that was cut off is gone on with.
Result<MadeReport> MakeReportOnce(Home& home, const ReportRequest& request, bool tell);

/// kNotFound; kRefused where it is not as it was kept.
Result<Cycle> ReadCycle(CampaignStore& store, const std::string& id);
/// Decides it again from what it kept: see ReplayCycle. Reads and does nothing else.
Result<CycleReplay> ReplayStageCycle(Home& home, const std::string& id);

}  // namespace maxopt
