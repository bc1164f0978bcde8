#pragma once
// Inside of this folder: what each stage does in each step.
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "app/cycle/cycle.h"
#include "app/reports/reports.h"
#include "stages/working_memory/working_memory.h"

namespace maxopt::cycles {

struct StageWorld {
  Home* home;
  Lookout* lookout;
  MonitorWorld* monitor = nullptr;  ///< through which platforms are looked at; null: the home's
  /// What the goal called to mind: kept when the cycle is, as it is kept for that cycle.
  std::optional<WorkingMemory>* memory = nullptr;
};

CycleStage SetupStage(const StageWorld& world);
CycleStage MonitorStage(const StageWorld& world);
CycleStage OptimizeStage(const StageWorld& world);
CycleStage ReportStage(const StageWorld& world);

/// Whether a look came to something that the look before it had not: an alert that is new, worse or
/// over, or a plan that paused what runs away.
bool HasNews(const Cycle& cycle);
/// The report that the cycle was asked for.
Result<ReportRequest> RequestOf(const CycleView& cycle);

/// What is asked for, as the cycle keeps it: members of the stage only.
Result<nlohmann::json> AskedJson(const CycleRequest& request);

/// What every goal sees: the client and its day, what the policy says, the KPIs that are watched,
/// and the working memory: its parts are counted, its digest kept. What cannot be remembered holds
/// nothing up, and is said.
Result<nlohmann::json> SeeGoal(const StageWorld& world, const CycleView& cycle, Stage stage);
/// Keeps what the stage remembers for what came of the cycle; a failure is a member
/// "not_remembered" of what was seen.
void KeepMemory(Home& home, const CycleView& cycle, Stage stage, std::span<const std::string> about,
                nlohmann::json& seen);
/// Its sentence, where there is one.
void SayMemory(const nlohmann::json& seen, std::vector<std::string>& says);
/// A list of sentences from an object's member; empty where there is none.
std::vector<std::string> Sentences(const nlohmann::json& object, const char* member);
/// As SeeGoal has it: a sentence each of policy, KPIs and memory.
void SayGoal(const nlohmann::json& seen, std::vector<std::string>& says);
/// Whether the policy that the goal saw lets anything be proposed; else the reason is in `why`.
bool GoalMayPropose(const CycleView& cycle, std::string& why);

/// The mark in a plan's notes by which it is found again: "decided in c-20261122-0001, plan 1 of
/// 3".
std::string MarkOf(const CycleView& cycle, std::size_t n, std::size_t of);
/// The client's plan with this mark; nullopt: it was not stored.
Result<std::optional<Plan>> FindMarked(Home& home, const CycleView& cycle, const std::string& mark);

/// At most `most` of them, then how many more there are.
template <class Items, class Print>
void SayFirst(const Items& items, std::size_t most, std::vector<std::string>& says, Print print) {
  std::size_t n = 0;
  for (const auto& item : items) {
    if (n++ == most) {
      says.push_back("... and " + std::to_string(items.size() - most) + " more");
      return;
    }
    says.push_back(print(item));
  }
}

/// A step that looks at nothing new.
Result<nlohmann::json> SeeNothing(const CycleView& cycle, bool again);

}  // namespace maxopt::cycles
