#include "memory/campaigns/trials.h"

#include <fmt/format.h>

#include "memory/campaigns/database.h"

namespace maxopt {

Result<> SaveTrial(CampaignStore& store, const StoredTrial& trial) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    const std::string at = PrintInstant(trial.at);
    soci::transaction transaction(sql);
    std::string owner;
    soci::indicator found = soci::i_null;
    sql << "SELECT client FROM trial WHERE id = :i", soci::use(trial.id), soci::into(owner, found);
    if (sql.got_data() && owner != trial.client) {
      return Fail(Errc::kConflict, fmt::format("experiment \"{}\" is of another client", trial.id));
    }
    sql << "INSERT INTO trial (id, client, state, at, body) VALUES (:i, :c, :s, :a, :b) "
           "ON CONFLICT (id) DO UPDATE SET state = excluded.state, at = excluded.at, "
           "body = excluded.body",
        soci::use(trial.id), soci::use(trial.client), soci::use(trial.state), soci::use(at),
        soci::use(trial.body);
    transaction.commit();
    return {};
  });
}

Result<std::vector<StoredTrial>> StoredTrials(CampaignStore& store, const std::string& client,
                                              const std::string& state) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<StoredTrial>> {
    std::vector<StoredTrial> out;
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT id, client, state, at, body FROM trial WHERE client = :c AND "
                        "(:s = '' OR state = :t) ORDER BY id",
         soci::use(client), soci::use(state), soci::use(state));
    for (const soci::row& row : rows) {
      StoredTrial trial{row.get<std::string>(0),
                        row.get<std::string>(1),
                        row.get<std::string>(2),
                        row.get<std::string>(4),
                        {}};
      MAXOPT_TRY(trial.at, ParseInstant(row.get<std::string>(3)));
      out.push_back(std::move(trial));
    }
    return out;
  });
}

Result<> DropTrials(CampaignStore& store, const std::string& client, const std::string& state) {
  return store.database().Do([&](soci::session& sql) -> Result<> {
    sql << "DELETE FROM trial WHERE client = :c AND state = :s", soci::use(client),
        soci::use(state);
    return {};
  });
}

}  // namespace maxopt
