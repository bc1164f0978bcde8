#include "memory/campaigns/agent_tasks.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

AgentTask Task(const std::string& id, const std::string& asker, const std::string& message,
               const std::string& at) {
  return {.id = id,
          .context = "c",
          .asker = asker,
          .message = message,
          .state = "TASK_STATE_WORKING",
          .created_at = *ParseInstant(at),
          .updated_at = *ParseInstant(at),
          .body = "{}"};
}

TEST(AgentTasks, TheSameMessageIsTheSameTask) {
  const auto store = *CampaignStore::Open(":memory:");
  EXPECT_TRUE(AddAgentTask(*store, Task("t1", "james", "m1", "2026-11-23T12:00:00Z"))->is_new);
  const auto again = AddAgentTask(*store, Task("t2", "james", "m1", "2026-11-23T12:01:00Z"));
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->task.id, "t1");
  // Another asker's message of the same name is another one.
  EXPECT_TRUE(AddAgentTask(*store, Task("t3", "zara", "m1", "2026-11-23T12:02:00Z"))->is_new);
  const auto taken = AddAgentTask(*store, Task("t3", "zara", "m2", "2026-11-23T12:03:00Z"));
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, Errc::kConflict);
}

TEST(AgentTasks, MoveFromWhatIsKnownOnly) {
  const auto store = *CampaignStore::Open(":memory:");
  AgentTask task = Task("t1", "james", "m1", "2026-11-23T12:00:00Z");
  ASSERT_TRUE(AddAgentTask(*store, task).has_value());
  task.state = "TASK_STATE_COMPLETED";
  task.body = R"({"x":1})";
  task.updated_at = *ParseInstant("2026-11-23T12:05:00Z");
  EXPECT_TRUE(MoveAgentTask(*store, task, "TASK_STATE_WORKING").has_value());
  EXPECT_EQ(MoveAgentTask(*store, task, "TASK_STATE_WORKING").error().code, Errc::kConflict);
  EXPECT_EQ(FindAgentTask(*store, "t1", "james")->body, R"({"x":1})");
  EXPECT_EQ(FindAgentTask(*store, "t1", "zara").error().code, Errc::kNotFound);
  task.id = "none";
  EXPECT_EQ(MoveAgentTask(*store, task, "x").error().code, Errc::kNotFound);
}

TEST(AgentTasks, ListsAreOfOneAskerNewestFirst) {
  const auto store = *CampaignStore::Open(":memory:");
  for (int n = 0; n < 5; ++n) {
    AgentTask task = Task("t" + std::to_string(n), n == 4 ? "zara" : "james", std::to_string(n),
                          "2026-11-23T12:0" + std::to_string(n) + ":00Z");
    if (n == 1) task.state = "TASK_STATE_COMPLETED";
    ASSERT_TRUE(AddAgentTask(*store, task).has_value());
  }
  const auto page = AgentTasks(*store, {.asker = "james", .offset = 1, .limit = 2});
  ASSERT_EQ(page->tasks.size(), 2U);
  EXPECT_EQ(page->tasks[0].id, "t2");
  EXPECT_EQ(page->total, 4);
  EXPECT_EQ(AgentTasks(*store, {.asker = "james", .state = "TASK_STATE_COMPLETED"})->total, 1);
  EXPECT_EQ(AgentTasks(*store, {.asker = "", .state = "TASK_STATE_WORKING"})->total, 4);
}

}  // namespace
}  // namespace maxopt
