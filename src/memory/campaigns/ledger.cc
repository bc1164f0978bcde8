#include "memory/campaigns/ledger.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "domain/digest.h"
#include "domain/json.h"
#include "memory/campaigns/database.h"
#include "memory/campaigns/ledger_lines.h"

namespace maxopt {
namespace {

using nlohmann::json;

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<LedgerEntry> EntryFrom(const soci::row& row) {
  LedgerEntry entry;
  entry.seq = row.get<int>(0);
  MAXOPT_TRY(entry.at, ParseInstant(row.get<std::string>(1)));
  entry.client = row.get<std::string>(2);
  entry.event = row.get<std::string>(3);
  entry.subject = row.get<std::string>(4);
  entry.body = row.get<std::string>(5);
  entry.previous = row.get<std::string>(6);
  entry.hash = row.get<std::string>(7);
  return entry;
}

}  // namespace

std::string HashOf(const LedgerEntry& entry) {
  return Sha256Hex(Dump(json::array({entry.seq, PrintInstant(entry.at), entry.client, entry.event,
                                     entry.subject, entry.body, entry.previous})));
}

LedgerEntry AppendLine(soci::session& sql, LedgerEntry entry) {
  long long last = 0;
  std::string head;
  soci::indicator none = soci::i_ok;
  sql << "SELECT max(seq), coalesce((SELECT hash FROM ledger ORDER BY seq DESC LIMIT 1), '') "
         "FROM ledger",
      soci::into(last, none), soci::into(head);
  entry.seq = none == soci::i_null ? 1 : last + 1;
  entry.previous = head;
  entry.hash = HashOf(entry);
  const std::string at = PrintInstant(entry.at);
  const auto seq = static_cast<long long>(entry.seq);
  sql << "INSERT INTO ledger (seq, at, client, event, subject, body, previous, hash) "
         "VALUES (:q, :a, :c, :e, :s, :b, :p, :h)",
      soci::use(seq), soci::use(at), soci::use(entry.client), soci::use(entry.event),
      soci::use(entry.subject), soci::use(entry.body), soci::use(entry.previous),
      soci::use(entry.hash);
  return entry;
}

LedgerEntry ProposedLine(const Plan& plan) {
  json changes = json::array();
  for (const Change& change : plan.changes) {
    Change told = change;
    told.after.erase("content");  // file bytes; the content's digest has them
    changes.push_back(json::parse(ToJson(told)));
  }
  json findings = json::array();
  for (const GuardFinding& finding : plan.findings) {
    findings.push_back(
        {{"guard", finding.guard}, {"blocks", finding.blocks}, {"what", finding.what}});
  }
  json body{{"title", plan.title},
            {"by", plan.created_by},
            {"status", PlanStatusName(plan.status)},
            {"content_hash", ContentHash(plan)},
            {"undoes", plan.undoes},
            {"findings", findings},
            {"changes", changes}};
  if (plan.prediction) body["prediction"] = json::parse(ToJson(*plan.prediction));
  return {0, plan.created_at, plan.client, "proposed", plan.id, Dump(body), {}, {}};
}

Result<LedgerEntry> AppendLedger(CampaignStore& store, LedgerEntry entry) {
  return store.database().Do([&](soci::session& sql) -> Result<LedgerEntry> {
    soci::transaction transaction(sql);
    LedgerEntry kept = AppendLine(sql, std::move(entry));
    transaction.commit();
    return kept;
  });
}

Result<> RejectPlan(CampaignStore& store, const std::string& plan_id, const std::string& by,
                    const std::string& why, Instant at) {
  MAXOPT_TRY(const Plan plan, store.GetPlan(plan_id));
  return store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    const std::string rejected(PlanStatusName(PlanStatus::kRejected));
    soci::statement move =
        (sql.prepare << "UPDATE plan SET status = :s WHERE id = :i AND status IN "
                        "('guarded', 'blocked', 'approved')",
         soci::use(rejected, "s"), soci::use(plan_id, "i"));
    move.execute(true);
    if (move.get_affected_rows() != 1) {
      return Fail(Errc::kConflict, fmt::format("plan {} is {}; it can no longer be rejected",
                                               plan_id, PlanStatusName(plan.status)));
    }
    json body{{"by", by}};
    if (!why.empty()) body["why"] = why;
    AppendLine(sql, {0, at, plan.client, "rejected", plan_id, Dump(body), {}, {}});
    transaction.commit();
    return {};
  });
}

Result<std::vector<LedgerEntry>> Ledger(CampaignStore& store, const LedgerQuery& query) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<LedgerEntry>> {
    std::vector<LedgerEntry> out;
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT seq, at, client, event, subject, body, previous, hash FROM ledger "
                        "WHERE (:c = '' OR client = :c) AND (:e = '' OR event = :e) AND "
                        "(:s = '' OR subject = :s) ORDER BY seq DESC LIMIT :l",
         soci::use(query.client, "c"), soci::use(query.event, "e"), soci::use(query.subject, "s"),
         soci::use(query.limit, "l"));
    for (const soci::row& row : rows) {
      MAXOPT_TRY(LedgerEntry entry, EntryFrom(row));
      out.push_back(std::move(entry));
    }
    std::reverse(out.begin(), out.end());
    return out;
  });
}

Result<LedgerCheck> CheckLedger(CampaignStore& store, const std::string& known_head) {
  return store.database().Do([&](soci::session& sql) -> Result<LedgerCheck> {
    LedgerCheck check;
    bool known = known_head.empty();
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT seq, at, client, event, subject, body, previous, hash FROM ledger "
                        "ORDER BY seq");
    for (const soci::row& row : rows) {
      MAXOPT_TRY(const LedgerEntry entry, EntryFrom(row));
      if (entry.seq != check.entries + 1) {
        check.broken = fmt::format("line {} is missing", check.entries + 1);
      } else if (entry.previous != check.head) {
        check.broken = fmt::format("line {} does not follow the one before it", entry.seq);
      } else if (entry.hash != HashOf(entry)) {
        check.broken =
            fmt::format("line {} is not what was written: its digest is another", entry.seq);
      }
      if (!check.broken.empty()) return check;
      ++check.entries;
      check.head = entry.hash;
      known = known || entry.hash == known_head;
    }
    if (!known) {
      check.broken =
          fmt::format("no line has the digest {}: the ledger was cut or made anew", known_head);
    }
    return check;
  });
}

Result<> SaveOutcome(CampaignStore& store, const std::string& client,
                     const ScoredOutcome& outcome) {
  json body{{"kind", outcome.kind},
            {"kpi", outcome.kpi},
            {"method", outcome.method},
            {"predicted",
             {{"mean", outcome.predicted}, {"low90", outcome.low90}, {"high90", outcome.high90}}},
            {"measured", {{"mean", outcome.measured}, {"sd", outcome.measured_sd}}}};
  if (outcome.first) body["from"] = PrintDay(*outcome.first);
  if (outcome.last) body["to"] = PrintDay(*outcome.last);
  MAXOPT_CHECK(
      AppendLedger(store, {0, outcome.at, client, "measured", outcome.plan, Dump(body), {}, {}}));
  return {};
}

Result<std::vector<ScoredOutcome>> Outcomes(CampaignStore& store, const std::string& client) {
  MAXOPT_TRY(const std::vector<LedgerEntry> entries,
             Ledger(store, {client, "measured", {}, 1'000'000}));
  std::vector<ScoredOutcome> out;
  for (const LedgerEntry& entry : entries) {
    const json body = json::parse(entry.body, nullptr, false);
    const auto number = [&body](const char* part, const char* name) -> std::optional<double> {
      if (!body.contains(part) || !body[part].is_object()) return std::nullopt;
      const auto at = body[part].find(name);
      if (at == body[part].end() || !at->is_number()) return std::nullopt;
      return at->get<double>();
    };
    const auto text = [&body](const char* name) {
      return body.contains(name) && body[name].is_string() ? body[name].get<std::string>() : "";
    };
    if (!body.is_object()) {
      return Fail(Errc::kLocal, fmt::format("line {} of the ledger is no JSON object", entry.seq));
    }
    const auto mean = number("predicted", "mean"), low = number("predicted", "low90"),
               high = number("predicted", "high90"), measured = number("measured", "mean"),
               sd = number("measured", "sd");
    if (!mean || !low || !high || !measured || !sd) {
      return Fail(Errc::kLocal, fmt::format("line {} of the ledger lacks a number", entry.seq));
    }
    out.push_back({entry.subject, text("kind"), text("kpi"), text("method"), *mean, *low, *high,
                   *measured, *sd, entry.at});
    if (!text("from").empty()) {
      MAXOPT_TRY(out.back().first, ParseDay(text("from")));
    }
    if (!text("to").empty()) {
      MAXOPT_TRY(out.back().last, ParseDay(text("to")));
    }
  }
  return out;
}

Result<std::vector<Change>> ChangesSentSince(CampaignStore& store, const std::string& client,
                                             Instant since) {
  return store.database().Do([&](soci::session& sql) -> Result<std::vector<Change>> {
    const std::string from = PrintInstant(since);
    std::vector<Change> out;
    const soci::rowset<std::string> rows =
        (sql.prepare << "SELECT c.body FROM change c JOIN plan p ON p.id = c.plan_id WHERE "
                        "p.client = :c AND c.state IN ('sent', 'unknown', 'confirmed', 'verified') "
                        "AND EXISTS (SELECT 1 FROM journal j WHERE j.change_key = c.key AND "
                        "j.state = 'sent' AND j.at >= :f) ORDER BY c.plan_id, c.n",
         soci::use(client, "c"), soci::use(from, "f"));
    for (const std::string& body : rows) {
      MAXOPT_TRY(Change change, ChangeFromJson(body));
      out.push_back(std::move(change));
    }
    return out;
  });
}

}  // namespace maxopt
