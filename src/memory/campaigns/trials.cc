#include "memory/campaigns/trials.h"

#include <fmt/format.h>

#include <cmath>

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

Result<> SaveLift(CampaignStore& store, const FinishedLift& lift) {
  const bool finite = std::isfinite(lift.revenue) && std::isfinite(lift.se) &&
                      (!lift.spend || std::isfinite(*lift.spend));
  if (!finite || lift.se <= 0) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("experiment \"{}\": its lift or standard error is no number to keep",
                            lift.trial));
  }
  return store.database().Do([&](soci::session& sql) -> Result<> {
    const std::string first = PrintDay(lift.first);
    const std::string last = PrintDay(lift.last);
    const double spend = lift.spend.value_or(0);
    soci::indicator known = lift.spend ? soci::i_ok : soci::i_null;
    sql << "INSERT OR REPLACE INTO lift (trial, client, channel, first_day, last_day, revenue, se, "
           "spend) VALUES (:t, :c, :n, :f, :l, :r, :s, :p)",
        soci::use(lift.trial), soci::use(lift.client), soci::use(lift.channel), soci::use(first),
        soci::use(last), soci::use(lift.revenue), soci::use(lift.se), soci::use(spend, known);
    return {};
  });
}

Result<std::vector<FinishedLift>> FinishedLifts(CampaignStore& store, const std::string& client) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<FinishedLift>> {
    std::vector<FinishedLift> out;
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT trial, client, channel, first_day, last_day, revenue, se, spend "
                        "FROM lift WHERE client = :c ORDER BY first_day, trial",
         soci::use(client));
    for (const soci::row& row : rows) {
      FinishedLift lift{
          row.get<std::string>(0), row.get<std::string>(1), row.get<std::string>(2), {}, {},
          row.get<double>(5),      row.get<double>(6)};
      MAXOPT_TRY(lift.first, ParseDay(row.get<std::string>(3)));
      MAXOPT_TRY(lift.last, ParseDay(row.get<std::string>(4)));
      if (row.get_indicator(7) == soci::i_ok) lift.spend = row.get<double>(7);
      out.push_back(std::move(lift));
    }
    return out;
  });
}

}  // namespace maxopt
