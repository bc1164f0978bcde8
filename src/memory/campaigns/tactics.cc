#include "memory/campaigns/tactics.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "domain/digest.h"
#include "memory/campaigns/database.h"
#include "memory/campaigns/ledger_lines.h"

namespace maxopt {
namespace {

Result<TacticMeasurement> MeasurementFrom(const soci::row& row) {
  TacticMeasurement m;
  m.source = row.get<std::string>(0);
  m.client = row.get<std::string>(1);
  MAXOPT_TRY(m.first, ParseDay(row.get<std::string>(2)));
  MAXOPT_TRY(m.last, ParseDay(row.get<std::string>(3)));
  m.lift = row.get<double>(4);
  m.se = row.get<double>(5);
  m.experiment = row.get<int>(6) != 0;
  m.method = row.get<std::string>(7);
  MAXOPT_TRY(m.at, ParseInstant(row.get<std::string>(8)));
  return m;
}

}  // namespace

Result<> SaveTactic(CampaignStore& store, const Tactic& tactic) {
  MAXOPT_CHECK(CheckTactic(tactic));
  return store.database().Do([&](soci::session& sql) -> Result<> {
    const std::string grade(TacticGradeName(tactic.grade));
    const std::string updated = PrintInstant(tactic.updated_at);
    const std::string expires = tactic.expires_at ? PrintInstant(*tactic.expires_at) : "";
    const std::string retired = tactic.retired_at ? PrintInstant(*tactic.retired_at) : "";
    const std::string body = ToJson(tactic);
    soci::transaction transaction(sql);
    std::string owner;
    soci::indicator found = soci::i_null;
    sql << "SELECT client FROM tactic WHERE id = :i", soci::use(tactic.id),
        soci::into(owner, found);
    if (sql.got_data() && owner != tactic.client) {
      return Fail(Errc::kConflict,
                  fmt::format("tactic \"{}\" is of another client; choose another id", tactic.id));
    }
    sql << "INSERT INTO tactic (id, client, grade, source, updated_at, expires_at, retired_at, "
           "body) VALUES (:i, :c, :g, :s, :u, :e, :r, :b) ON CONFLICT (id) DO UPDATE SET "
           "grade = excluded.grade, source = excluded.source, updated_at = excluded.updated_at, "
           "expires_at = excluded.expires_at, retired_at = excluded.retired_at, "
           "body = excluded.body",
        soci::use(tactic.id), soci::use(tactic.client), soci::use(grade), soci::use(tactic.source),
        soci::use(updated), soci::use(expires), soci::use(retired), soci::use(body);
    transaction.commit();
    return {};
  });
}

Result<Tactic> GetTactic(CampaignStore& store, const std::string& id) {
  return store.database().Do([&](soci::session& sql) -> Result<Tactic> {
    std::string body;
    sql << "SELECT body FROM tactic WHERE id = :i", soci::use(id), soci::into(body);
    if (!sql.got_data()) {
      return Fail(Errc::kNotFound, fmt::format("there is no tactic \"{}\" among those kept", id));
    }
    return TacticFromJson(body);
  });
}

Result<std::vector<Tactic>> StoredTactics(CampaignStore& store,
                                          const std::optional<std::string>& client) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<Tactic>> {
    std::vector<Tactic> out;
    const std::string of = client.value_or("");
    const int all = client ? 0 : 1;
    const soci::rowset<std::string> rows =
        (sql.prepare << "SELECT body FROM tactic WHERE (:a = 1 OR client = :c) ORDER BY id",
         soci::use(all, "a"), soci::use(of, "c"));
    for (const std::string& body : rows) {
      MAXOPT_TRY(Tactic tactic, TacticFromJson(body));
      out.push_back(std::move(tactic));
    }
    return out;
  });
}

Result<bool> AddMeasurement(CampaignStore& store, const std::string& tactic,
                            const TacticMeasurement& m) {
  if (!std::isfinite(m.lift) || !std::isfinite(m.se) || m.se <= 0 || m.last < m.first ||
      m.source.empty()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("measurement \"{}\" of tactic \"{}\": an effect of {} with an error of "
                            "{} from {} to {} is nothing to keep",
                            m.source, tactic, m.lift, m.se, PrintDay(m.first), PrintDay(m.last)));
  }
  return store.database().Do([&](soci::session& sql) -> Result<bool> {
    const std::string first = PrintDay(m.first), last = PrintDay(m.last), at = PrintInstant(m.at);
    const int experiment = m.experiment ? 1 : 0;
    soci::transaction transaction(sql);
    int known = 0;
    sql << "SELECT count(*) FROM tactic WHERE id = :i", soci::use(tactic), soci::into(known);
    if (known == 0) return Fail(Errc::kNotFound, fmt::format("there is no tactic \"{}\"", tactic));
    soci::statement insert =
        (sql.prepare << "INSERT OR IGNORE INTO tactic_measurement (tactic, source, client, "
                        "first_day, last_day, lift, se, experiment, method, at) VALUES "
                        "(:t, :s, :c, :f, :l, :y, :e, :x, :m, :a)",
         soci::use(tactic), soci::use(m.source), soci::use(m.client), soci::use(first),
         soci::use(last), soci::use(m.lift), soci::use(m.se), soci::use(experiment),
         soci::use(m.method), soci::use(at));
    insert.execute(true);
    const bool is_new = insert.get_affected_rows() == 1;
    transaction.commit();
    return is_new;
  });
}

Result<std::vector<TacticMeasurement>> MeasurementsOf(CampaignStore& store,
                                                      const std::string& tactic) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<TacticMeasurement>> {
    std::vector<TacticMeasurement> out;
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT source, client, first_day, last_day, lift, se, experiment, method, "
                        "at FROM tactic_measurement WHERE tactic = :t "
                        "ORDER BY client, first_day, source",
         soci::use(tactic));
    for (const soci::row& row : rows) {
      MAXOPT_TRY(TacticMeasurement m, MeasurementFrom(row));
      out.push_back(std::move(m));
    }
    return out;
  });
}

Result<int> WithdrawMeasurements(CampaignStore& store, const std::string& client) {
  return store.database().Do([&](soci::session& sql) -> Result<int> {
    soci::statement drop =
        (sql.prepare << "DELETE FROM tactic_measurement WHERE client = :c AND tactic IN "
                        "(SELECT id FROM tactic WHERE client = '')",
         soci::use(client));
    drop.execute(true);
    return static_cast<int>(drop.get_affected_rows());
  });
}

Result<Recollection> SaveRecollection(CampaignStore& store, Recollection r) {
  r.digest = Sha256Hex(r.body);
  return store.database().Do([&](soci::session& sql) -> Result<Recollection> {
    const std::string at = PrintInstant(r.at);
    soci::transaction transaction(sql);
    sql << "INSERT OR IGNORE INTO remembered (digest, body) VALUES (:d, :b)", soci::use(r.digest),
        soci::use(r.body);
    soci::statement insert =
        (sql.prepare << "INSERT OR IGNORE INTO recollection (about, stage, client, at, digest) "
                        "VALUES (:o, :s, :c, :a, :d)",
         soci::use(r.about), soci::use(r.stage), soci::use(r.client), soci::use(at),
         soci::use(r.digest));
    insert.execute(true);
    if (insert.get_affected_rows() == 1) {
      const nlohmann::json body{{"stage", r.stage}, {"digest", r.digest}};
      AppendLine(sql, {0, r.at, r.client, "remembered", r.about, body.dump(), {}, {}});
    }
    transaction.commit();
    return r;
  });
}

Result<std::vector<Recollection>> Recollections(CampaignStore& store, const std::string& about,
                                                const std::string& client, int limit) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<Recollection>> {
    std::vector<Recollection> out;
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT r.about, r.stage, r.client, r.at, r.digest, m.body FROM "
                        "recollection r JOIN remembered m ON m.digest = r.digest WHERE "
                        "(:o = '' OR r.about = :o) AND (:c = '' OR r.client = :c) "
                        "ORDER BY r.at DESC, r.about, r.stage LIMIT :l",
         soci::use(about, "o"), soci::use(client, "c"), soci::use(limit, "l"));
    for (const soci::row& row : rows) {
      Recollection r{row.get<std::string>(0), row.get<std::string>(1), row.get<std::string>(2), {},
                     row.get<std::string>(4), row.get<std::string>(5)};
      MAXOPT_TRY(r.at, ParseInstant(row.get<std::string>(3)));
      out.push_back(std::move(r));
    }
    return out;
  });
}

}  // namespace maxopt
