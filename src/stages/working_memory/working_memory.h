#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "memory/campaigns/campaigns.h"
#include "memory/campaigns/tactics.h"
#include "stages/tactics/knowledge.h"

/// What is called to mind before something is decided, and the past campaigns that it is like.
namespace maxopt {

/// The stages of the workflow, each with its "Memory Activation".
enum class Stage { kSetup, kMonitor, kOptimize, kReport };
std::string_view StageName(Stage stage);  ///< "setup", "monitor", "optimize", "report"
Result<Stage> FindStage(std::string_view name);

/// One thing that was remembered. `working`: of the case in hand; else of the past.
struct Remembered {
  bool working = false;
  std::string name;   ///< as the workflow lists it: "Campaign brief", "Technical specifications"
  std::string from;   ///< the memory: "documents", "facts", "tactics", "platforms", "alerts", ...
  std::string items;  ///< JSON array; "[]": there is nothing, and `why` says so
  std::string why;
};

struct WorkingMemory {
  Stage stage = Stage::kSetup;
  std::string client;
  Instant at{};
  std::vector<Remembered> parts;  ///< in the workflow's order; every one that it lists
};
/// JSON object, the same memory the same bytes.
std::string ToJson(const WorkingMemory& memory);

/// What a stage needs of the client at this time, from all memories. Bounded: each part holds the
/// newest or most alike few. `hint` narrows what tactics and campaigns are looked for (empty: what
/// the client runs). Errors: kNotFound for the client; our own memory's.
Result<WorkingMemory> AssembleMemory(const TacticsWorld& world, const std::string& client,
                                     Stage stage, const TacticContext& hint = {});

/// Keeps what was remembered for a plan, an alert, a campaign or a report, with a line in the
/// ledger. Returns it with its digest.
Result<Recollection> Remember(CampaignStore& store, const WorkingMemory& memory,
                              const std::string& about);

// --- Historical campaigns -----------------------------------------------------------------------

/// Campaigns of the past by what they were and when. Empty members do not narrow or compare.
struct CampaignQuestion {
  std::string client;    ///< narrows
  std::string platform;  ///< these five are compared; a campaign that is otherwise is less alike
  std::string channel;   ///< "search", "social", ...: as the platform objects of ours say
  std::string objective;
  std::string season;
  std::string spend;                ///< band, as SpendBand
  std::optional<Day> from{}, to{};  ///< narrows: it ran on one of these days
  std::string kpi;  ///< cpa | roas | ctr | cvr | cpc | cpm: of those equally alike the best first
  int limit = 10;
};
struct PastCampaign {
  std::string client, account, id, name, platform, channel, objective, currency;
  Day first{}, last{};  ///< months in which it spent, from the first of the first one
  double likeness =
      0;  ///< [0, 1]: share of what was asked that it is, by facet weight; 1: nothing asked
  double spend = 0, impressions = 0, clicks = 0;  ///< spend in units of the currency
  double conversions = 0, revenue = 0;            ///< claimed by the platform
  /// Absent where its denominator is 0.
  std::optional<double> Kpi(std::string_view kpi) const;
};
/// Most alike first; then the better KPI, where one is asked for; then the later one.
/// Errors: kInvalidArgument for an unknown word, KPI, or a limit below 1; kNotFound for the client.
Result<std::vector<PastCampaign>> SimilarCampaigns(CampaignStore& store, FactStore& facts,
                                                   const CampaignQuestion& question, Day today);

}  // namespace maxopt
