#include "memory/campaigns/cycles.h"

#include <fmt/format.h>

#include "memory/campaigns/database.h"
#include "memory/campaigns/ledger_lines.h"

namespace maxopt {
namespace {

constexpr const char* kCycleColumns =
    "id, client, stage, state, began_at, updated_at, revision, body";
constexpr const char* kCycleHead =
    "id, client, stage, state, began_at, updated_at, revision, '' AS body";

Result<StoredCycle> CycleFrom(const soci::row& row) {
  StoredCycle out;
  out.id = row.get<std::string>(0);
  out.client = row.get<std::string>(1);
  out.stage = row.get<std::string>(2);
  out.state = row.get<std::string>(3);
  MAXOPT_TRY(out.began_at, ParseInstant(row.get<std::string>(4)));
  MAXOPT_TRY(out.updated_at, ParseInstant(row.get<std::string>(5)));
  out.revision = row.get<int>(6);
  out.body = row.get<std::string>(7);
  return out;
}

}  // namespace

Result<StoredCycle> AddCycle(CampaignStore& store, StoredCycle cycle,
                             const std::function<std::string(const std::string& id)>& body_of) {
  return store.database().Do([&](soci::session& sql) -> Result<StoredCycle> {
    soci::transaction transaction(sql);
    std::string day = PrintInstant(cycle.began_at).substr(0, 10);
    std::erase(day, '-');
    const std::string like = fmt::format("c-{}-%", day);
    int highest = 0;
    soci::indicator none = soci::i_null;
    sql << "SELECT max(CAST(substr(id, 12) AS INTEGER)) FROM cycle WHERE id LIKE :l",
        soci::use(like), soci::into(highest, none);
    cycle.id = fmt::format("c-{}-{:04}", day, (none == soci::i_ok ? highest : 0) + 1);
    cycle.body = body_of(cycle.id);
    cycle.revision = 1;
    const std::string began = PrintInstant(cycle.began_at);
    const std::string updated = PrintInstant(cycle.updated_at);
    sql << fmt::format("INSERT INTO cycle ({}) VALUES (:i, :c, :g, :s, :b, :u, :r, :o)",
                       kCycleColumns),
        soci::use(cycle.id), soci::use(cycle.client), soci::use(cycle.stage),
        soci::use(cycle.state), soci::use(began), soci::use(updated), soci::use(cycle.revision),
        soci::use(cycle.body);
    transaction.commit();
    return cycle;
  });
}

Result<> KeepCycle(CampaignStore& store, StoredCycle& cycle, const std::string& line) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    std::string state;
    int revision = 0;
    sql << "SELECT state, revision FROM cycle WHERE id = :i", soci::use(cycle.id),
        soci::into(state), soci::into(revision);
    if (!sql.got_data()) return Fail(Errc::kNotFound, fmt::format("no cycle {}", cycle.id));
    if (state == "done" || state == "abandoned") {
      return Fail(Errc::kConflict, fmt::format("cycle {} is {} by now", cycle.id, state));
    }
    if (revision != cycle.revision) {
      return Fail(Errc::kConflict,
                  fmt::format("somebody else is going on with cycle {}", cycle.id));
    }
    const std::string updated = PrintInstant(cycle.updated_at);
    const int next = revision + 1;
    sql << "UPDATE cycle SET state = :s, updated_at = :u, revision = :r, body = :b WHERE id = :i",
        soci::use(cycle.state), soci::use(updated), soci::use(next), soci::use(cycle.body),
        soci::use(cycle.id);
    if (!line.empty()) {
      AppendLine(sql, {0, cycle.updated_at, cycle.client, "cycle", cycle.id, line, {}, {}});
    }
    transaction.commit();
    cycle.revision = next;
    return {};
  });
}

Result<StoredCycle> FindCycle(CampaignStore& store, const std::string& id) {
  return store.database().Do([&](soci::session& sql) -> Result<StoredCycle> {
    const soci::rowset<soci::row> rows =
        (sql.prepare << fmt::format("SELECT {} FROM cycle WHERE id = :i", kCycleColumns),
         soci::use(id));
    for (const soci::row& row : rows) return CycleFrom(row);
    return Fail(Errc::kNotFound,
                fmt::format("there is no cycle \"{}\"; maxopt cycle list shows them", id));
  });
}

Result<std::vector<StoredCycle>> Cycles(CampaignStore& store, const CycleQuery& query) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<StoredCycle>> {
    std::vector<StoredCycle> out;
    const soci::rowset<soci::row> rows =
        (sql.prepare << fmt::format(
             "SELECT {} FROM cycle WHERE (:c = '' OR client = :c) AND (:g = '' OR stage = :g) AND "
             "(:s = '' OR state = :s) ORDER BY began_at DESC, id DESC LIMIT :l",
             query.bodies ? kCycleColumns : kCycleHead),
         soci::use(query.client, "c"), soci::use(query.stage, "g"), soci::use(query.state, "s"),
         soci::use(query.limit, "l"));
    for (const soci::row& row : rows) {
      MAXOPT_TRY(StoredCycle cycle, CycleFrom(row));
      out.push_back(std::move(cycle));
    }
    return out;
  });
}

Result<int> ForgetCycles(CampaignStore& store, Instant before) {
  return store.database().Do([&](soci::session& sql) -> Result<int> {
    const std::string at = PrintInstant(before);
    soci::statement gone =
        (sql.prepare
             << "DELETE FROM cycle WHERE state IN ('done', 'abandoned') AND updated_at < :b",
         soci::use(at));
    gone.execute(true);
    return static_cast<int>(gone.get_affected_rows());
  });
}

}  // namespace maxopt
