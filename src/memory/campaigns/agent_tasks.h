#pragma once
#include <optional>
#include <string>
#include <vector>

#include "memory/campaigns/campaigns.h"

/// Tasks that other agents gave us over A2A: kept so that they outlive the process, and so that a
/// message that is sent again is not done again. Thread-safe as the store is.
namespace maxopt {

struct AgentTask {
  std::string id;
  std::string context;  ///< what belongs together, in the asker's words or ours
  std::string asker;    ///< whose it is: nobody else gets to see it
  std::string message;  ///< id of the message that began it
  std::string state;    ///< TASK_STATE_...
  Instant created_at{}, updated_at{};
  std::string body;  ///< JSON object: history, artifacts, what is needed to go on
};

/// Keeps a new task; or gives back the one that the same asker began with the same message before.
/// kConflict: the id is taken.
struct KeptAgentTask {
  AgentTask task;
  bool is_new = true;
};
Result<KeptAgentTask> AddAgentTask(CampaignStore& store, const AgentTask& task);
/// State, body and updated_at; kConflict when it is not in `from`.
Result<> MoveAgentTask(CampaignStore& store, const AgentTask& task, const std::string& from);
/// kNotFound: there is none, or it is another asker's.
Result<AgentTask> FindAgentTask(CampaignStore& store, const std::string& id,
                                const std::string& asker);
struct AgentTaskQuery {
  std::string asker;               ///< empty: everybody's
  std::string context{}, state{};  ///< empty: any
  int offset = 0, limit = 50;
};
struct AgentTaskList {
  std::vector<AgentTask> tasks;  ///< newest change first
  int total = 0;                 ///< of all pages
};
Result<AgentTaskList> AgentTasks(CampaignStore& store, const AgentTaskQuery& query);

}  // namespace maxopt
