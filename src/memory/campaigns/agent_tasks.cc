#include "memory/campaigns/agent_tasks.h"

#include <fmt/format.h>

#include "memory/campaigns/database.h"

namespace maxopt {
namespace {

constexpr const char* kColumns = "id, context, asker, message, state, created_at, updated_at, body";

Result<AgentTask> TaskFrom(const soci::row& row) {
  AgentTask out;
  out.id = row.get<std::string>(0);
  out.context = row.get<std::string>(1);
  out.asker = row.get<std::string>(2);
  out.message = row.get<std::string>(3);
  out.state = row.get<std::string>(4);
  MAXOPT_TRY(out.created_at, ParseInstant(row.get<std::string>(5)));
  MAXOPT_TRY(out.updated_at, ParseInstant(row.get<std::string>(6)));
  out.body = row.get<std::string>(7);
  return out;
}

}  // namespace

Result<KeptAgentTask> AddAgentTask(CampaignStore& store, const AgentTask& task) {
  return store.database().Do([&](soci::session& sql) -> Result<KeptAgentTask> {
    soci::transaction transaction(sql);
    {
      const soci::rowset<soci::row> rows =
          (sql.prepare << fmt::format("SELECT {} FROM agent_task WHERE asker = :a AND message = :m",
                                      kColumns),
           soci::use(task.asker), soci::use(task.message));
      for (const soci::row& row : rows) {
        MAXOPT_TRY(AgentTask known, TaskFrom(row));
        return KeptAgentTask{std::move(known), false};
      }
    }
    int taken = 0;
    sql << "SELECT count(*) FROM agent_task WHERE id = :i", soci::use(task.id), soci::into(taken);
    if (taken > 0) return Fail(Errc::kConflict, fmt::format("task {} is there", task.id));
    const std::string created = PrintInstant(task.created_at);
    const std::string updated = PrintInstant(task.updated_at);
    sql << fmt::format("INSERT INTO agent_task ({}) VALUES (:i, :c, :a, :m, :s, :r, :u, :b)",
                       kColumns),
        soci::use(task.id), soci::use(task.context), soci::use(task.asker), soci::use(task.message),
        soci::use(task.state), soci::use(created), soci::use(updated), soci::use(task.body);
    transaction.commit();
    return KeptAgentTask{task, true};
  });
}

Result<> MoveAgentTask(CampaignStore& store, const AgentTask& task, const std::string& from) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    std::string state;
    sql << "SELECT state FROM agent_task WHERE id = :i", soci::use(task.id), soci::into(state);
    if (!sql.got_data()) return Fail(Errc::kNotFound, fmt::format("no task {}", task.id));
    if (state != from) {
      return Fail(Errc::kConflict, fmt::format("task {} is {} by now", task.id, state));
    }
    const std::string updated = PrintInstant(task.updated_at);
    sql << "UPDATE agent_task SET state = :s, updated_at = :u, body = :b WHERE id = :i",
        soci::use(task.state), soci::use(updated), soci::use(task.body), soci::use(task.id);
    transaction.commit();
    return {};
  });
}

Result<AgentTask> FindAgentTask(CampaignStore& store, const std::string& id,
                                const std::string& asker) {
  return store.database().Do([&](soci::session& sql) -> Result<AgentTask> {
    const soci::rowset<soci::row> rows =
        (sql.prepare << fmt::format("SELECT {} FROM agent_task WHERE id = :i AND asker = :a",
                                    kColumns),
         soci::use(id), soci::use(asker));
    for (const soci::row& row : rows) return TaskFrom(row);
    return Fail(Errc::kNotFound, fmt::format("there is no task \"{}\"", id));
  });
}

Result<AgentTaskList> AgentTasks(CampaignStore& store, const AgentTaskQuery& query) {
  return store.database().Do([&](soci::session& sql) -> Result<AgentTaskList> {
    constexpr const char* kWhere =
        "(:a = '' OR asker = :a) AND (:c = '' OR context = :c) AND (:s = '' OR state = :s)";
    AgentTaskList out;
    sql << fmt::format("SELECT count(*) FROM agent_task WHERE {}", kWhere),
        soci::use(query.asker, "a"), soci::use(query.context, "c"), soci::use(query.state, "s"),
        soci::into(out.total);
    const soci::rowset<soci::row> rows =
        (sql.prepare << fmt::format("SELECT {} FROM agent_task WHERE {} ORDER BY updated_at DESC, "
                                    "id DESC LIMIT :l OFFSET :o",
                                    kColumns, kWhere),
         soci::use(query.asker, "a"), soci::use(query.context, "c"), soci::use(query.state, "s"),
         soci::use(query.limit, "l"), soci::use(query.offset, "o"));
    for (const soci::row& row : rows) {
      MAXOPT_TRY(AgentTask task, TaskFrom(row));
      out.tasks.push_back(std::move(task));
    }
    return out;
  });
}

}  // namespace maxopt
