#pragma once
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "domain/constraint.h"
#include "domain/experiment.h"
#include "domain/message.h"
#include "domain/plan.h"
#include "domain/watch.h"
#include "result/result.h"

namespace maxopt {

class Database;

/// A customer of the agency. One currency for its KPI and its caps.
struct Client {
  std::string name;
  Currency currency;
  std::string zone;  ///< IANA name of its reporting days (shop, reports)
};

/// An account that belongs to a client.
struct ClientAccount {
  std::string client;
  AccountInfo info;
};

/// An object on a platform that we made or adopted: where our address lives there, and what we last
/// wrote, which is the middle of the three-way comparison desired / last applied / live.
struct OwnedObject {
  std::string address;
  AccountId account;
  Level level = Level::kCampaign;
  std::string id;
  std::string parent_address;
  std::string change_key;  ///< of its create; empty when adopted
  Fields last_applied;
};

/// A run of a checklist, kept: "before_launch", "hour_1", ...
struct ChecklistRun {
  std::string client;
  std::string campaign;  ///< slug
  std::string phase;
  Instant at{};
  std::optional<int> score;
  std::string json;  ///< the whole checklist
};

/// One line of the journal: what was known, when, and how it was known.
struct JournalEntry {
  std::int64_t seq = 0;
  std::string change_key;
  Instant at{};
  ChangeState state = ChangeState::kPlanned;
  std::string how;  ///< one sentence: "answer of the platform", "found by marker ...", the error
  std::string id;   ///< the platform's id once known
};

struct ChangeStatus {
  Change change;
  ChangeState state = ChangeState::kPlanned;
  std::string id;
  std::string how;   ///< of the newest journal line
  int attempts = 0;  ///< lines with kSent
};

/// A document that a teammate handed over, kept verbatim.
struct Document {
  std::string client;
  std::string kind;  ///< "campaign", "policy", "orders", ...
  std::string name;  ///< file name
  std::string content;
  Instant received_at{};
};

/// The limit of whoever decides from plans: none may be left out.
inline constexpr int kAllPlans = std::numeric_limits<int>::max();

/// The campaign memory in SQL: clients, accounts, documents, plans, journal, owned objects.
/// SQLite in WAL mode with synchronous=FULL, through one connection that both writes and
/// checkpoints; a lock file keeps a second process out (Debian's SQLite has a race between two
/// writers that checkpoint). Thread-safe. Errors: kLocal with the file's name; kNotFound.
class CampaignStore {
 public:
  /// Creates or migrates the database (numbered migrations). ":memory:" for tests.
  /// kLocal when another process has it open.
  static Result<std::unique_ptr<CampaignStore>> Open(const std::string& path);
  virtual ~CampaignStore() = default;
  /// The file beneath, for the stores beside this one (jobs.h, alerts.h, signals.h). It lives as
  /// long as this store.
  virtual Database& database() = 0;

  virtual Result<> SaveClient(const Client& client) = 0;
  virtual Result<std::vector<Client>> Clients() = 0;
  virtual Result<Client> GetClient(const std::string& name) = 0;
  /// An account belongs to one client: kConflict when another has it.
  virtual Result<> SaveAccount(const ClientAccount& account) = 0;
  virtual Result<std::vector<ClientAccount>> Accounts() = 0;

  virtual Result<> SaveDocument(const Document& document) = 0;
  /// Newest first.
  virtual Result<std::vector<Document>> Documents(const std::string& client,
                                                  const std::string& kind) = 0;

  /// Stores a new plan; gives it an id ("p-YYYYMMDD-NNNN") and its changes their keys
  /// ("<plan id>/<n>") where they have none.
  virtual Result<Plan> SavePlan(Plan plan) = 0;
  virtual Result<Plan> GetPlan(const std::string& id) = 0;
  /// Newest first; only of a status when given.
  virtual Result<std::vector<Plan>> Plans(std::optional<PlanStatus> status, int limit) = 0;
  /// Compare and set: kConflict when the plan is not in `from`.
  virtual Result<> MovePlan(const std::string& id, PlanStatus from, PlanStatus to) = 0;
  /// kGuarded -> kApproved, bound to the content hash that was shown. An approval that expired
  /// unused may be given again.
  virtual Result<> ApprovePlan(const std::string& id, const Approval& approval) = 0;
  /// Takes the approval for one apply, once, and says who applies; in the same transaction
  /// kApproved -> kApplying, so that a run that is cut off right here is one that is gone on with.
  /// kRefused, by name and time, when it was used, has expired, or the content is another.
  virtual Result<> UseApproval(const std::string& id, const std::string& executed_by,
                               Instant at) = 0;
  /// When each object (by platform id) last had its budget changed by us.
  virtual Result<std::map<std::string, Instant>> LastBudgetChanges(const std::string& client) = 0;

  /// In order of the plan.
  virtual Result<std::vector<ChangeStatus>> Changes(const std::string& plan_id) = 0;
  /// Appends to the journal and moves the change, durably, before it returns. With kConfirmed an
  /// owned object is recorded (create) or its last applied fields are (update), in one transaction.
  virtual Result<> Record(const JournalEntry& entry) = 0;
  virtual Result<std::vector<JournalEntry>> Journal(const std::string& change_key) = 0;

  virtual Result<std::optional<OwnedObject>> FindObject(const AccountId& account,
                                                        const std::string& address) = 0;
  virtual Result<std::vector<OwnedObject>> Objects(const AccountId& account) = 0;
  /// Takes an object over that we did not make (adopt), or replaces what is known of it.
  virtual Result<> SaveObject(const OwnedObject& object) = 0;
  /// Every change key we ever gave out: a marker on a platform that is of none of them is not ours.
  virtual Result<std::vector<std::string>> ChangeKeys() = 0;

  virtual Result<Message> SaveMessage(Message message) = 0;
  /// Newest first; of one recipient when given.
  virtual Result<std::vector<Message>> Messages(const std::string& to, int limit) = 0;
  virtual Result<> SaveChecklist(const ChecklistRun& run) = 0;
  /// Newest first.
  virtual Result<std::vector<ChecklistRun>> Checklists(const std::string& client,
                                                       const std::string& campaign) = 0;
  /// Insert or replace, by id.
  virtual Result<> SaveExperiment(const Experiment& experiment) = 0;
  virtual Result<std::vector<Experiment>> Experiments(const std::string& client) = 0;
  /// Replaces all watches of the campaigns whose address begins with "<campaign>/".
  virtual Result<> SaveWatches(const std::string& client, const std::string& campaign,
                               const std::vector<Watch>& watches) = 0;
  virtual Result<std::vector<Watch>> Watches(const std::string& client) = 0;
  /// Counts a refusal (or, with `passed`, that the same went through) and moves its expiry.
  virtual Result<> LearnConstraint(const LearnedConstraint& seen, bool passed) = 0;
  /// Those that have not expired at `now`.
  virtual Result<std::vector<LearnedConstraint>> Constraints(Instant now) = 0;
};

/// What the client's experiments keep still at `now`: the objects that the arms of running
/// experiments name, and of planned ones from their first day on. An address is ours, or
/// "campaign/123" of an object that is not. Days are the account's.
Result<std::vector<ExperimentLock>> ExperimentLocks(CampaignStore& store, const std::string& client,
                                                    Instant now);

/// What the media plan gives a campaign whose budget it fixes.
struct PlannedFlight {
  Day first{}, last{};  ///< inclusive, on the account's clock
  Money total;
};
/// By the campaign's address; nullopt: the plan names no total for a flight with an end.
using FixedBudgetMap = std::map<std::string, std::optional<PlannedFlight>>;

/// The campaigns whose budget the media plan fixes: the optimiser leaves them alone, and their pace
/// is judged by that plan. Saving replaces those of one campaign (slug).
Result<> SaveFixedBudgets(CampaignStore& store, const std::string& client,
                          const std::string& campaign, const FixedBudgetMap& fixed, Instant now);
Result<FixedBudgetMap> FixedBudgets(CampaignStore& store, const std::string& client);

}  // namespace maxopt
