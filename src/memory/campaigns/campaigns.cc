#include "memory/campaigns/campaigns.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "domain/json.h"
#include "memory/campaigns/database.h"
#include "memory/campaigns/ledger_lines.h"
#include "memory/campaigns/messages.h"

namespace maxopt {
namespace {

using nlohmann::json;

Result<Instant> Time(const std::string& text) { return ParseInstant(text); }

std::string ExposureJson(const Plan& plan) {
  const auto list = [](const std::vector<Exposure>& exposures) {
    json out = json::array();
    for (const Exposure& e : exposures) {
      out.push_back({{"currency", e.worst_day.currency().name()},
                     {"daily_budgets", PrintDecimal(e.daily_budgets)},
                     {"worst_day", PrintDecimal(e.worst_day)}});
    }
    return out;
  };
  return json{{"before", list(plan.exposure_before)}, {"after", list(plan.exposure_after)}}.dump();
}

Result<std::vector<Exposure>> ExposureFrom(const json& list) {
  std::vector<Exposure> out;
  for (const json& e : list) {
    MAXOPT_TRY(const Currency currency, FindCurrency(e.at("currency").get<std::string>()));
    MAXOPT_TRY(const Money budgets, ParseMoney(e.at("daily_budgets").get<std::string>(), currency));
    MAXOPT_TRY(const Money worst, ParseMoney(e.at("worst_day").get<std::string>(), currency));
    out.push_back({budgets, worst});
  }
  return out;
}

std::string FindingsJson(const std::vector<GuardFinding>& findings) {
  json out = json::array();
  for (const GuardFinding& f : findings) {
    out.push_back({{"guard", f.guard}, {"blocks", f.blocks}, {"what", f.what}, {"fix", f.fix}});
  }
  return out.dump();
}

std::string MatrixJson(const std::vector<MatrixRow>& rows) {
  json out = json::array();
  for (const MatrixRow& row : rows) {
    out.push_back({{"document", row.document},
                   {"field", row.field},
                   {"place", row.place},
                   {"value", row.value},
                   {"package", row.package},
                   {"outcome", OutcomeName(row.outcome)},
                   {"how", row.how}});
  }
  // Cells of people's documents may hold bytes that are not UTF-8.
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<std::vector<MatrixRow>> MatrixFrom(const std::string& text) {
  std::vector<MatrixRow> out;
  for (const json& row : json::parse(text)) {
    MAXOPT_TRY(const Outcome outcome, FindOutcome(row.at("outcome").get<std::string>()));
    out.push_back({row.at("document").get<std::string>(), row.at("field").get<std::string>(),
                   row.at("place").get<std::string>(), row.at("value").get<std::string>(),
                   row.at("package").get<std::string>(), outcome,
                   row.at("how").get<std::string>()});
  }
  return out;
}

std::string ExperimentJson(const Experiment& e) {
  json arms = json::array();
  for (const ExperimentArm& arm : e.arms) {
    arms.push_back({{"name", arm.name},
                    {"addresses", arm.addresses},
                    {"places", arm.places},
                    {"share_bp", arm.share_bp}});
  }
  return json{{"name", e.name},
              {"hypothesis", e.hypothesis},
              {"variable", ExperimentVariableName(e.variable)},
              {"kpi", e.kpi},
              {"arms", arms},
              {"baseline", e.baseline},
              {"mde_relative", e.mde_relative},
              {"alpha", e.alpha},
              {"power", e.power},
              {"sample_per_arm", e.sample_per_arm}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Experiment> ExperimentFrom(const soci::row& row) {
  Experiment e;
  e.id = row.get<std::string>(0);
  e.client = row.get<std::string>(1);
  e.status = row.get<std::string>(2);
  MAXOPT_TRY(e.start, ParseDay(row.get<std::string>(3)));
  MAXOPT_TRY(e.end, ParseDay(row.get<std::string>(4)));
  const json body = json::parse(row.get<std::string>(5));
  e.name = body.at("name").get<std::string>();
  e.hypothesis = body.at("hypothesis").get<std::string>();
  MAXOPT_TRY(e.variable, FindExperimentVariable(body.at("variable").get<std::string>()));
  e.kpi = body.at("kpi").get<std::string>();
  for (const json& arm : body.at("arms")) {
    e.arms.push_back(
        {arm.at("name").get<std::string>(), arm.at("addresses").get<std::vector<std::string>>(),
         arm.at("places").get<std::vector<std::string>>(), arm.at("share_bp").get<int>()});
  }
  e.baseline = body.at("baseline").get<double>();
  e.mde_relative = body.at("mde_relative").get<double>();
  e.alpha = body.at("alpha").get<double>();
  e.power = body.at("power").get<double>();
  e.sample_per_arm = body.at("sample_per_arm").get<std::int64_t>();
  return e;
}

/// The platform id whose budget the change moves; "" when it moves none.
std::string BudgetOf(const Change& change) {
  const bool moves =
      change.action == ChangeAction::kUpdate &&
      (change.after.contains("daily_budget") || change.after.contains("lifetime_budget"));
  return moves ? change.id : std::string();
}

class SqliteStore final : public CampaignStore {
 public:
  explicit SqliteStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  Database& database() override { return *database_; }

  Result<> SaveClient(const Client& client) override {
    return Do([&](soci::session& sql) -> Result<> {
      const std::string currency(client.currency.name());
      sql << "INSERT INTO client (name, currency, zone) VALUES (:n, :c, :z) "
             "ON CONFLICT (name) DO UPDATE SET currency = excluded.currency, zone = excluded.zone",
          soci::use(client.name), soci::use(currency), soci::use(client.zone);
      return {};
    });
  }

  Result<std::vector<Client>> Clients() override {
    return Do([&](soci::session& sql) -> Result<std::vector<Client>> {
      std::vector<Client> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT name, currency, zone FROM client ORDER BY name");
      for (const soci::row& row : rows) {
        MAXOPT_TRY(const Currency currency, FindCurrency(row.get<std::string>(1)));
        out.push_back({row.get<std::string>(0), currency, row.get<std::string>(2)});
      }
      return out;
    });
  }

  Result<Client> GetClient(const std::string& name) override {
    MAXOPT_TRY(const std::vector<Client> clients, Clients());
    std::string known;
    for (const Client& client : clients) {
      if (client.name == name) return client;
      known += (known.empty() ? "" : ", ") + client.name;
    }
    return Fail(Errc::kNotFound, fmt::format("client \"{}\" is not known; known are: {}", name,
                                             known.empty() ? "none" : known));
  }

  Result<> SaveAccount(const ClientAccount& account) override {
    return Do([&](soci::session& sql) -> Result<> {
      const std::string platform(PlatformName(account.info.account.platform));
      const std::string currency(account.info.currency.name());
      std::string owner;
      soci::indicator found = soci::i_null;
      sql << "SELECT client FROM account WHERE platform = :p AND id = :i", soci::use(platform),
          soci::use(account.info.account.id), soci::into(owner, found);
      if (sql.got_data() && owner != account.client) {
        return Fail(Errc::kConflict,
                    fmt::format("account {} belongs to client \"{}\", not \"{}\"",
                                PrintAccount(account.info.account), owner, account.client));
      }
      sql << "INSERT INTO account (platform, id, client, name, currency, zone, status) "
             "VALUES (:p, :i, :c, :n, :cur, :z, :s) ON CONFLICT (platform, id) DO UPDATE SET "
             "name = excluded.name, currency = excluded.currency, zone = excluded.zone, "
             "status = excluded.status",
          soci::use(platform), soci::use(account.info.account.id), soci::use(account.client),
          soci::use(account.info.name), soci::use(currency), soci::use(account.info.zone),
          soci::use(account.info.status);
      return {};
    });
  }

  Result<std::vector<ClientAccount>> Accounts() override {
    return Do([&](soci::session& sql) -> Result<std::vector<ClientAccount>> {
      std::vector<ClientAccount> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT client, platform, id, name, currency, zone, status FROM account "
                          "ORDER BY platform, id");
      for (const soci::row& row : rows) {
        MAXOPT_TRY(const Platform platform, FindPlatform(row.get<std::string>(1)));
        MAXOPT_TRY(const Currency currency, FindCurrency(row.get<std::string>(4)));
        out.push_back({row.get<std::string>(0),
                       {{platform, row.get<std::string>(2)},
                        row.get<std::string>(3),
                        currency,
                        row.get<std::string>(5),
                        row.get<std::string>(6)}});
      }
      return out;
    });
  }

  Result<> SaveDocument(const Document& document) override {
    return Do([&](soci::session& sql) -> Result<> {
      const std::string at = PrintInstant(document.received_at);
      sql << "INSERT INTO document (client, kind, name, content, received_at) "
             "VALUES (:c, :k, :n, :t, :r)",
          soci::use(document.client), soci::use(document.kind), soci::use(document.name),
          soci::use(document.content), soci::use(at);
      return {};
    });
  }

  Result<std::vector<Document>> Documents(const std::string& client,
                                          const std::string& kind) override {
    return Do([&](soci::session& sql) -> Result<std::vector<Document>> {
      std::vector<Document> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT client, kind, name, content, received_at FROM document "
                          "WHERE client = :c AND kind = :k ORDER BY id DESC",
           soci::use(client), soci::use(kind));
      for (const soci::row& row : rows) {
        MAXOPT_TRY(const Instant at, Time(row.get<std::string>(4)));
        out.push_back({row.get<std::string>(0), row.get<std::string>(1), row.get<std::string>(2),
                       row.get<std::string>(3), at});
      }
      return out;
    });
  }

  Result<Plan> SavePlan(Plan plan) override {
    return Do([&](soci::session& sql) -> Result<Plan> {
      soci::transaction transaction(sql);
      const std::string created = PrintInstant(plan.created_at);
      const std::string prefix =
          "p-" + created.substr(0, 4) + created.substr(5, 2) + created.substr(8, 2) + "-";
      int count = 0;
      const std::string like = prefix + "%";
      sql << "SELECT count(*) FROM plan WHERE id LIKE :l", soci::use(like), soci::into(count);
      plan.id = fmt::format("{}{:04}", prefix, count + 1);
      for (std::size_t n = 0; n < plan.changes.size(); ++n) {
        if (plan.changes[n].key.empty()) plan.changes[n].key = fmt::format("{}/{}", plan.id, n + 1);
      }
      const std::string status(PlanStatusName(plan.status));
      const std::string exposure = ExposureJson(plan);
      const std::string findings = FindingsJson(plan.findings);
      const std::string notes = json(plan.notes).dump();
      const std::string hash = ContentHash(plan);
      const std::string matrix = MatrixJson(plan.matrix);
      const std::string prediction = plan.prediction ? ToJson(*plan.prediction) : "";
      sql << "INSERT INTO plan (id, client, title, status, created_at, created_by, exposure, "
             "findings, notes, matrix, content_hash, undoes, prediction) "
             "VALUES (:i, :c, :t, :s, :ca, :cb, :e, :f, :n, :m, :h, :u, :p)",
          soci::use(plan.id), soci::use(plan.client), soci::use(plan.title), soci::use(status),
          soci::use(created), soci::use(plan.created_by), soci::use(exposure), soci::use(findings),
          soci::use(notes), soci::use(matrix), soci::use(hash), soci::use(plan.undoes),
          soci::use(prediction);
      for (std::size_t n = 0; n < plan.changes.size(); ++n) {
        const std::string body = ToJson(plan.changes[n]);
        const int position = static_cast<int>(n);
        const std::string state(ChangeStateName(ChangeState::kPlanned));
        const std::string budget_of = BudgetOf(plan.changes[n]);
        sql << "INSERT INTO change (key, plan_id, n, body, state, budget_of) "
               "VALUES (:k, :p, :n, :b, :s, :o)",
            soci::use(plan.changes[n].key), soci::use(plan.id), soci::use(position),
            soci::use(body), soci::use(state), soci::use(budget_of);
      }
      AppendLine(sql, ProposedLine(plan));
      transaction.commit();
      return plan;
    });
  }

  Result<Plan> GetPlan(const std::string& id) override {
    return Do([&](soci::session& sql) -> Result<Plan> { return ReadPlan(sql, id); });
  }

  Result<std::vector<Plan>> Plans(std::optional<PlanStatus> status, int limit) override {
    return Do([&](soci::session& sql) -> Result<std::vector<Plan>> {
      const std::string wanted = status ? std::string(PlanStatusName(*status)) : "";
      std::vector<std::string> ids;
      const soci::rowset<std::string> rows =
          (sql.prepare << "SELECT id FROM plan WHERE :s = '' OR status = :s ORDER BY id DESC "
                          "LIMIT :l",
           soci::use(wanted, "s"), soci::use(limit, "l"));
      for (const std::string& id : rows) ids.push_back(id);
      std::vector<Plan> out;
      for (const std::string& id : ids) {
        MAXOPT_TRY(Plan plan, ReadPlan(sql, id));
        out.push_back(std::move(plan));
      }
      return out;
    });
  }

  Result<> MovePlan(const std::string& id, PlanStatus from, PlanStatus to) override {
    return Do([&](soci::session& sql) -> Result<> {
      const std::string old_status(PlanStatusName(from));
      const std::string new_status(PlanStatusName(to));
      soci::statement update = (sql.prepare << "UPDATE plan SET status = :n WHERE id = :i AND "
                                               "status = :o",
                                soci::use(new_status), soci::use(id), soci::use(old_status));
      update.execute(true);
      if (update.get_affected_rows() != 1) return NotInStatus(sql, id, old_status);
      return {};
    });
  }

  Result<> ApprovePlan(const std::string& id, const Approval& approval) override {
    return Do([&](soci::session& sql) -> Result<> {
      soci::transaction transaction(sql);
      MAXOPT_TRY(const Plan plan, ReadPlan(sql, id));
      if (ContentHash(plan) != approval.content_hash) {
        return Fail(Errc::kConflict,
                    fmt::format("plan {} is not what was shown for approval; show it again", id));
      }
      const bool lapsed = plan.status == PlanStatus::kApproved && plan.approval &&
                          !plan.approval->used_at && plan.approval->expires_at <= approval.at;
      if (plan.status != PlanStatus::kGuarded && !lapsed) return NotInStatus(sql, id, "guarded");
      const std::string at = PrintInstant(approval.at);
      const std::string expires = PrintInstant(approval.expires_at);
      sql << "UPDATE plan SET status = 'approved', approved_by = :b, approved_at = :a, "
             "approved_hash = :h, approval_expires_at = :e WHERE id = :i",
          soci::use(approval.by), soci::use(at), soci::use(approval.content_hash),
          soci::use(expires), soci::use(id);
      AppendLine(sql, {0,
                       approval.at,
                       plan.client,
                       "approved",
                       id,
                       json{{"by", approval.by},
                            {"content_hash", approval.content_hash},
                            {"expires_at", expires}}
                           .dump(),
                       {},
                       {}});
      transaction.commit();
      return {};
    });
  }

  Result<> UseApproval(const std::string& id, const std::string& executed_by, Instant at) override {
    return Do([&](soci::session& sql) -> Result<> {
      soci::transaction transaction(sql);
      MAXOPT_TRY(const Plan plan, ReadPlan(sql, id));
      if (!plan.approval) {
        return Fail(Errc::kRefused, fmt::format("plan {} has no approval", id));
      }
      const Approval& approval = *plan.approval;
      if (approval.used_at) {
        return Fail(Errc::kRefused,
                    fmt::format("the approval of plan {} by {} was used by {} at {}", id,
                                approval.by, plan.executed_by, PrintInstant(*approval.used_at)));
      }
      if (approval.expires_at <= at) {
        return Fail(Errc::kRefused,
                    fmt::format("the approval of plan {} by {} expired at {}; approve it again", id,
                                approval.by, PrintInstant(approval.expires_at)));
      }
      if (ContentHash(plan) != approval.content_hash) {
        return Fail(Errc::kRefused,
                    fmt::format("plan {} is not what {} approved at {}: its content has changed; "
                                "plan again",
                                id, approval.by, PrintInstant(approval.at)));
      }
      if (plan.status != PlanStatus::kApproved) return NotInStatus(sql, id, "approved");
      const std::string when = PrintInstant(at);
      sql << "UPDATE plan SET status = 'applying', approval_used_at = :a, executed_by = :e "
             "WHERE id = :i",
          soci::use(when), soci::use(executed_by), soci::use(id);
      AppendLine(sql,
                 {0, at, plan.client, "applying", id, json{{"by", executed_by}}.dump(), {}, {}});
      transaction.commit();
      return {};
    });
  }

  Result<std::map<std::string, Instant>> LastBudgetChanges(const std::string& client) override {
    return Do([&](soci::session& sql) -> Result<std::map<std::string, Instant>> {
      std::map<std::string, Instant> out;
      // SQLite takes `at` from the row that has the largest seq.
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT c.budget_of, j.at, max(j.seq) FROM change c "
                          "JOIN plan p ON p.id = c.plan_id JOIN journal j ON j.change_key = c.key "
                          "WHERE c.budget_of <> '' AND p.client = :c AND j.state = 'sent' "
                          "AND c.state <> 'failed' GROUP BY c.budget_of",
           soci::use(client));
      for (const soci::row& row : rows) {
        MAXOPT_TRY(const Instant at, Time(row.get<std::string>(1)));
        out.emplace(row.get<std::string>(0), at);
      }
      return out;
    });
  }

  Result<std::vector<ChangeStatus>> Changes(const std::string& plan_id) override {
    return Do([&](soci::session& sql) -> Result<std::vector<ChangeStatus>> {
      std::vector<ChangeStatus> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT body, state, object_id, attempts, how FROM change "
                          "WHERE plan_id = :p ORDER BY n",
           soci::use(plan_id));
      for (const soci::row& row : rows) {
        ChangeStatus status;
        MAXOPT_TRY(status.change, ChangeFromJson(row.get<std::string>(0)));
        MAXOPT_TRY(status.state, FindChangeState(row.get<std::string>(1)));
        status.id = row.get<std::string>(2);
        status.attempts = row.get<int>(3);
        status.how = row.get<std::string>(4);
        out.push_back(std::move(status));
      }
      return out;
    });
  }

  Result<> Record(const JournalEntry& entry) override {
    return Do([&](soci::session& sql) -> Result<> {
      soci::transaction transaction(sql);
      const std::string state(ChangeStateName(entry.state));
      const std::string at = PrintInstant(entry.at);
      const int sent = entry.state == ChangeState::kSent ? 1 : 0;
      soci::statement update =
          (sql.prepare << "UPDATE change SET state = :s, how = :h, attempts = attempts + :a, "
                          "object_id = CASE WHEN :o = '' THEN object_id ELSE :o END WHERE key = :k",
           soci::use(state, "s"), soci::use(entry.how, "h"), soci::use(sent, "a"),
           soci::use(entry.id, "o"), soci::use(entry.change_key, "k"));
      update.execute(true);
      if (update.get_affected_rows() != 1) {
        return Fail(Errc::kNotFound, fmt::format("change {} is not known", entry.change_key));
      }
      sql << "INSERT INTO journal (change_key, at, state, how, object_id) "
             "VALUES (:k, :a, :s, :h, :o)",
          soci::use(entry.change_key), soci::use(at), soci::use(state), soci::use(entry.how),
          soci::use(entry.id);
      if (entry.state == ChangeState::kConfirmed) {
        MAXOPT_CHECK(RecordObject(sql, entry));
      }
      if (entry.state != ChangeState::kIntent && entry.state != ChangeState::kSent) {
        std::string plan, client;
        sql << "SELECT p.id, p.client FROM change c JOIN plan p ON p.id = c.plan_id "
               "WHERE c.key = :k",
            soci::use(entry.change_key), soci::into(plan), soci::into(client);
        AppendLine(sql, {0,
                         entry.at,
                         client,
                         "done",
                         plan,
                         json{{"change", entry.change_key},
                              {"state", state},
                              {"id", entry.id},
                              {"how", entry.how}}
                             .dump(-1, ' ', false, json::error_handler_t::replace),
                         {},
                         {}});
      }
      transaction.commit();
      return {};
    });
  }

  Result<std::vector<JournalEntry>> Journal(const std::string& change_key) override {
    return Do([&](soci::session& sql) -> Result<std::vector<JournalEntry>> {
      std::vector<JournalEntry> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT seq, change_key, at, state, how, object_id FROM journal "
                          "WHERE change_key = :k ORDER BY seq",
           soci::use(change_key));
      for (const soci::row& row : rows) {
        JournalEntry entry;
        entry.seq = row.get<int>(0);
        entry.change_key = row.get<std::string>(1);
        MAXOPT_TRY(entry.at, Time(row.get<std::string>(2)));
        MAXOPT_TRY(entry.state, FindChangeState(row.get<std::string>(3)));
        entry.how = row.get<std::string>(4);
        entry.id = row.get<std::string>(5);
        out.push_back(std::move(entry));
      }
      return out;
    });
  }

  Result<std::optional<OwnedObject>> FindObject(const AccountId& account,
                                                const std::string& address) override {
    return Do([&](soci::session& sql) -> Result<std::optional<OwnedObject>> {
      MAXOPT_TRY(std::vector<OwnedObject> found, ReadObjects(sql, account, address));
      if (found.empty()) return std::nullopt;
      return std::move(found.front());
    });
  }

  Result<std::vector<OwnedObject>> Objects(const AccountId& account) override {
    return Do([&](soci::session& sql) { return ReadObjects(sql, account, ""); });
  }

  Result<> SaveObject(const OwnedObject& object) override {
    return Do([&](soci::session& sql) -> Result<> {
      const std::string platform(PlatformName(object.account.platform));
      const std::string level(LevelName(object.level));
      const std::string fields = ToJson(object.last_applied);
      sql << "INSERT INTO object (platform, account, address, level, id, parent_address, "
             "change_key, last_applied) VALUES (:p, :a, :ad, :l, :i, :pa, :k, :f) "
             "ON CONFLICT (platform, account, address) DO UPDATE SET level = excluded.level, "
             "id = excluded.id, parent_address = excluded.parent_address, "
             "change_key = excluded.change_key, last_applied = excluded.last_applied",
          soci::use(platform), soci::use(object.account.id), soci::use(object.address),
          soci::use(level), soci::use(object.id), soci::use(object.parent_address),
          soci::use(object.change_key), soci::use(fields);
      return {};
    });
  }

  Result<std::vector<std::string>> ChangeKeys() override {
    return Do([&](soci::session& sql) -> Result<std::vector<std::string>> {
      std::vector<std::string> out;
      const soci::rowset<std::string> rows = (sql.prepare << "SELECT key FROM change");
      for (const std::string& key : rows) out.push_back(key);
      return out;
    });
  }

  Result<Message> SaveMessage(Message message) override {
    return Do([&](soci::session& sql) -> Result<Message> {
      soci::transaction transaction(sql);
      message = InsertMessage(sql, std::move(message));
      transaction.commit();
      return message;
    });
  }

  Result<std::vector<Message>> Messages(const std::string& to, int limit) override {
    return Do([&](soci::session& sql) -> Result<std::vector<Message>> {
      std::vector<Message> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT id, client, recipient, kind, title, about, json, markdown, "
                          "created_at FROM message WHERE :t = '' OR recipient = :t "
                          "ORDER BY rowid DESC LIMIT :l",
           soci::use(to, "t"), soci::use(limit, "l"));
      for (const soci::row& row : rows) {
        MAXOPT_TRY(const Instant at, Time(row.get<std::string>(8)));
        out.push_back({row.get<std::string>(0), row.get<std::string>(1), row.get<std::string>(2),
                       row.get<std::string>(3), row.get<std::string>(4), row.get<std::string>(5),
                       row.get<std::string>(6), row.get<std::string>(7), at});
      }
      return out;
    });
  }

  Result<> SaveChecklist(const ChecklistRun& run) override {
    return Do([&](soci::session& sql) -> Result<> {
      const std::string at = PrintInstant(run.at);
      int score = run.score.value_or(0);
      soci::indicator known = run.score ? soci::i_ok : soci::i_null;
      sql << "INSERT INTO checklist (client, campaign, phase, at, score, body) "
             "VALUES (:c, :n, :p, :a, :s, :b)",
          soci::use(run.client), soci::use(run.campaign), soci::use(run.phase), soci::use(at),
          soci::use(score, known), soci::use(run.json);
      return {};
    });
  }

  Result<std::vector<ChecklistRun>> Checklists(const std::string& client,
                                               const std::string& campaign) override {
    return Do([&](soci::session& sql) -> Result<std::vector<ChecklistRun>> {
      std::vector<ChecklistRun> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT client, campaign, phase, at, score, body FROM checklist "
                          "WHERE client = :c AND campaign = :n ORDER BY id DESC",
           soci::use(client), soci::use(campaign));
      for (const soci::row& row : rows) {
        ChecklistRun run;
        run.client = row.get<std::string>(0);
        run.campaign = row.get<std::string>(1);
        run.phase = row.get<std::string>(2);
        MAXOPT_TRY(run.at, Time(row.get<std::string>(3)));
        if (row.get_indicator(4) == soci::i_ok) run.score = row.get<int>(4);
        run.json = row.get<std::string>(5);
        out.push_back(std::move(run));
      }
      return out;
    });
  }

  Result<> SaveExperiment(const Experiment& experiment) override {
    return Do([&](soci::session& sql) -> Result<> {
      const std::string start = PrintDay(experiment.start);
      const std::string end = PrintDay(experiment.end);
      const std::string body = ExperimentJson(experiment);
      sql << "INSERT INTO experiment (id, client, status, first_day, last_day, body) "
             "VALUES (:i, :c, :s, :f, :l, :b) ON CONFLICT (id) DO UPDATE SET "
             "client = excluded.client, status = excluded.status, "
             "first_day = excluded.first_day, last_day = excluded.last_day, body = excluded.body",
          soci::use(experiment.id), soci::use(experiment.client), soci::use(experiment.status),
          soci::use(start), soci::use(end), soci::use(body);
      return {};
    });
  }

  Result<std::vector<Experiment>> Experiments(const std::string& client) override {
    return Do([&](soci::session& sql) -> Result<std::vector<Experiment>> {
      std::vector<Experiment> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT id, client, status, first_day, last_day, body FROM experiment "
                          "WHERE client = :c ORDER BY id",
           soci::use(client));
      for (const soci::row& row : rows) {
        MAXOPT_TRY(Experiment experiment, ExperimentFrom(row));
        out.push_back(std::move(experiment));
      }
      return out;
    });
  }

  Result<> SaveWatches(const std::string& client, const std::string& campaign,
                       const std::vector<Watch>& watches) override {
    return Do([&](soci::session& sql) -> Result<> {
      soci::transaction transaction(sql);
      const std::string below = campaign + "/";
      // Not LIKE: a slug may hold its wildcards.
      sql << "DELETE FROM watch WHERE client = :c AND substr(address, 1, length(:b)) = :b",
          soci::use(client, "c"), soci::use(below, "b");
      for (const Watch& watch : watches) {
        if (watch.client != client || !watch.address.starts_with(below)) {
          return Fail(Errc::kInvalidArgument,
                      fmt::format("a watch of {} on {} is not of {}, {}", watch.client,
                                  watch.address, client, below));
        }
        sql << "INSERT INTO watch (client, address, kpi, importance, target, direction, "
               "interval_minutes, warn_percent, critical_percent) "
               "VALUES (:c, :a, :k, :i, :t, :d, :m, :w, :p)",
            soci::use(watch.client), soci::use(watch.address), soci::use(watch.kpi),
            soci::use(watch.importance), soci::use(watch.target), soci::use(watch.direction),
            soci::use(watch.interval_minutes), soci::use(watch.warn_percent),
            soci::use(watch.critical_percent);
      }
      transaction.commit();
      return {};
    });
  }

  Result<std::vector<Watch>> Watches(const std::string& client) override {
    return Do([&](soci::session& sql) -> Result<std::vector<Watch>> {
      std::vector<Watch> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT client, address, kpi, importance, target, direction, "
                          "interval_minutes, warn_percent, critical_percent FROM watch "
                          "WHERE client = :c ORDER BY id",
           soci::use(client));
      for (const soci::row& row : rows) {
        out.push_back({row.get<std::string>(0), row.get<std::string>(1), row.get<std::string>(2),
                       row.get<std::string>(3), row.get<std::string>(4), row.get<std::string>(5),
                       row.get<int>(6), row.get<int>(7), row.get<int>(8)});
      }
      return out;
    });
  }

  Result<> LearnConstraint(const LearnedConstraint& seen, bool passed) override {
    return Do([&](soci::session& sql) -> Result<> {
      const std::string platform(PlatformName(seen.platform));
      const std::string last = PrintInstant(seen.last_at);
      const std::string expires = PrintInstant(seen.expires_at);
      if (passed) {
        sql << "UPDATE learned_constraint SET passed = passed + 1, last_at = :l, expires_at = :e "
               "WHERE platform = :p AND code = :c AND level = :v AND field = :f AND value = :w",
            soci::use(last, "l"), soci::use(expires, "e"), soci::use(platform, "p"),
            soci::use(seen.code, "c"), soci::use(seen.level, "v"), soci::use(seen.field, "f"),
            soci::use(seen.value, "w");
        return {};
      }
      // One that has expired was forgotten: it is counted from the beginning.
      soci::transaction transaction(sql);
      std::string old_expiry;
      sql << "SELECT expires_at FROM learned_constraint WHERE platform = :p AND code = :c AND "
             "level = :v AND field = :f AND value = :w",
          soci::use(platform, "p"), soci::use(seen.code, "c"), soci::use(seen.level, "v"),
          soci::use(seen.field, "f"), soci::use(seen.value, "w"), soci::into(old_expiry);
      if (sql.got_data()) {
        MAXOPT_TRY(const Instant old, Time(old_expiry));
        if (old <= seen.last_at) {
          sql << "DELETE FROM learned_constraint WHERE platform = :p AND code = :c AND "
                 "level = :v AND field = :f AND value = :w",
              soci::use(platform, "p"), soci::use(seen.code, "c"), soci::use(seen.level, "v"),
              soci::use(seen.field, "f"), soci::use(seen.value, "w");
        }
      }
      sql << "INSERT INTO learned_constraint (platform, code, level, field, value, message, seen, "
             "passed, first_at, last_at, expires_at) "
             "VALUES (:p, :c, :v, :f, :w, :m, 1, 0, :l, :l, :e) "
             "ON CONFLICT (platform, code, level, field, value) DO UPDATE SET seen = seen + 1, "
             "message = excluded.message, last_at = excluded.last_at, "
             "expires_at = excluded.expires_at",
          soci::use(platform, "p"), soci::use(seen.code, "c"), soci::use(seen.level, "v"),
          soci::use(seen.field, "f"), soci::use(seen.value, "w"), soci::use(seen.message, "m"),
          soci::use(last, "l"), soci::use(expires, "e");
      transaction.commit();
      return {};
    });
  }

  Result<std::vector<LearnedConstraint>> Constraints(Instant now) override {
    return Do([&](soci::session& sql) -> Result<std::vector<LearnedConstraint>> {
      std::vector<LearnedConstraint> out;
      const soci::rowset<soci::row> rows =
          (sql.prepare << "SELECT platform, code, level, field, value, message, seen, passed, "
                          "first_at, last_at, expires_at FROM learned_constraint "
                          "ORDER BY platform, level, field, code, value");
      for (const soci::row& row : rows) {
        LearnedConstraint c{};
        MAXOPT_TRY(c.platform, FindPlatform(row.get<std::string>(0)));
        c.code = row.get<std::string>(1);
        c.level = row.get<std::string>(2);
        c.field = row.get<std::string>(3);
        c.value = row.get<std::string>(4);
        c.message = row.get<std::string>(5);
        c.seen = row.get<int>(6);
        c.passed = row.get<int>(7);
        MAXOPT_TRY(c.first_at, Time(row.get<std::string>(8)));
        MAXOPT_TRY(c.last_at, Time(row.get<std::string>(9)));
        MAXOPT_TRY(c.expires_at, Time(row.get<std::string>(10)));
        if (c.expires_at > now) out.push_back(std::move(c));
      }
      return out;
    });
  }

 private:
  template <class Work>
  auto Do(Work work) -> decltype(work(std::declval<soci::session&>())) {
    return database_->Do(std::move(work));
  }

  static std::unexpected<Error> NotInStatus(soci::session& sql, const std::string& id,
                                            std::string_view wanted) {
    std::string status;
    sql << "SELECT status FROM plan WHERE id = :i", soci::use(id), soci::into(status);
    if (!sql.got_data()) return Fail(Errc::kNotFound, fmt::format("plan {} is not known", id));
    return Fail(Errc::kConflict, fmt::format("plan {} is {}, not {}", id, status, wanted));
  }

  static Result<Plan> ReadPlan(soci::session& sql, const std::string& id) {
    Plan plan;
    std::string status, created, exposure, findings, notes, matrix, hash, prediction;
    std::string approved_by, approved_at, expires_at, used_at;
    sql << "SELECT id, client, title, status, created_at, created_by, exposure, findings, notes, "
           "matrix, approved_hash, approved_by, approved_at, approval_expires_at, "
           "approval_used_at, executed_by, undoes, prediction FROM plan WHERE id = :i",
        soci::use(id), soci::into(plan.id), soci::into(plan.client), soci::into(plan.title),
        soci::into(status), soci::into(created), soci::into(plan.created_by), soci::into(exposure),
        soci::into(findings), soci::into(notes), soci::into(matrix), soci::into(hash),
        soci::into(approved_by), soci::into(approved_at), soci::into(expires_at),
        soci::into(used_at), soci::into(plan.executed_by), soci::into(plan.undoes),
        soci::into(prediction);
    if (!sql.got_data()) return Fail(Errc::kNotFound, fmt::format("plan \"{}\" is not known", id));
    MAXOPT_TRY(plan.status, FindPlanStatus(status));
    MAXOPT_TRY(plan.created_at, Time(created));
    if (!approved_at.empty()) {
      Approval approval;
      approval.by = approved_by;
      approval.content_hash = hash;
      MAXOPT_TRY(approval.at, Time(approved_at));
      MAXOPT_TRY(approval.expires_at, Time(expires_at));
      if (!used_at.empty()) {
        MAXOPT_TRY(approval.used_at, Time(used_at));
      }
      plan.approval = std::move(approval);
    }
    MAXOPT_TRY(plan.matrix, MatrixFrom(matrix));
    if (!prediction.empty()) {
      MAXOPT_TRY(plan.prediction, PredictionFromJson(prediction));
    }
    const json exposures = json::parse(exposure);
    MAXOPT_TRY(plan.exposure_before, ExposureFrom(exposures.at("before")));
    MAXOPT_TRY(plan.exposure_after, ExposureFrom(exposures.at("after")));
    for (const json& f : json::parse(findings)) {
      plan.findings.push_back({f.at("guard").get<std::string>(), f.at("blocks").get<bool>(),
                               f.at("what").get<std::string>(), f.at("fix").get<std::string>()});
    }
    plan.notes = json::parse(notes).get<std::vector<std::string>>();
    const soci::rowset<std::string> bodies =
        (sql.prepare << "SELECT body FROM change WHERE plan_id = :p ORDER BY n", soci::use(id));
    for (const std::string& body : bodies) {
      MAXOPT_TRY(Change change, ChangeFromJson(body));
      plan.changes.push_back(std::move(change));
    }
    return plan;
  }

  static Result<> RecordObject(soci::session& sql, const JournalEntry& entry) {
    std::string body;
    sql << "SELECT body FROM change WHERE key = :k", soci::use(entry.change_key), soci::into(body);
    MAXOPT_TRY(const Change change, ChangeFromJson(body));
    MAXOPT_TRY(const std::vector<OwnedObject> known,
               ReadObjects(sql, change.account, change.address));
    Fields applied = known.empty() ? Fields{} : known.front().last_applied;
    for (const auto& [name, value] : change.after) {
      if (name != "content") applied.insert_or_assign(name, value);  // file bytes are not memory
    }
    const std::string platform(PlatformName(change.account.platform));
    const std::string level(LevelName(change.level));
    const std::string fields = ToJson(applied);
    const std::string creator = change.action == ChangeAction::kCreate ? change.key : "";
    sql << "INSERT INTO object (platform, account, address, level, id, parent_address, change_key, "
           "last_applied) VALUES (:p, :a, :ad, :l, :i, :pa, :k, :f) ON CONFLICT (platform, "
           "account, address) DO UPDATE SET last_applied = excluded.last_applied, "
           "id = excluded.id, change_key = CASE WHEN excluded.change_key = '' THEN change_key "
           "ELSE excluded.change_key END",
        soci::use(platform), soci::use(change.account.id), soci::use(change.address),
        soci::use(level), soci::use(entry.id), soci::use(change.parent_address), soci::use(creator),
        soci::use(fields);
    return {};
  }

  static Result<std::vector<OwnedObject>> ReadObjects(soci::session& sql, const AccountId& account,
                                                      const std::string& address) {
    const std::string platform(PlatformName(account.platform));
    std::vector<OwnedObject> out;
    const soci::rowset<soci::row> rows =
        (sql.prepare << "SELECT address, level, id, parent_address, change_key, last_applied "
                        "FROM object WHERE platform = :p AND account = :a AND (:ad = '' OR "
                        "address = :ad) ORDER BY rowid",
         soci::use(platform, "p"), soci::use(account.id, "a"), soci::use(address, "ad"));
    for (const soci::row& row : rows) {
      OwnedObject object;
      object.account = account;
      object.address = row.get<std::string>(0);
      MAXOPT_TRY(object.level, FindLevel(row.get<std::string>(1)));
      object.id = row.get<std::string>(2);
      object.parent_address = row.get<std::string>(3);
      object.change_key = row.get<std::string>(4);
      MAXOPT_TRY(object.last_applied, FieldsFromJson(row.get<std::string>(5)));
      out.push_back(std::move(object));
    }
    return out;
  }

  std::unique_ptr<Database> database_;
};

}  // namespace

Result<std::unique_ptr<CampaignStore>> CampaignStore::Open(const std::string& path) {
  MAXOPT_TRY(std::unique_ptr<Database> database, Database::Open(path));
  return std::make_unique<SqliteStore>(std::move(database));
}

}  // namespace maxopt
