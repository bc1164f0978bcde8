#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "clock/clock.h"
#include "connect/platform.h"
#include "decide/guardrails/guardrails.h"
#include "domain/plan.h"
#include "domain/policy.h"
#include "memory/campaigns/campaigns.h"
#include "result/result.h"

namespace maxopt {

struct Connector;

struct ApplyOptions {
  int max_sends = 3;  ///< of one change, all resumptions together
  /// First wait between two read-backs; each further wait is twice as long.
  std::chrono::seconds settle{10};
  int read_backs = 2;  ///< negative ones needed, at least, before a write counts as not happened
  /// Reads may be this much older than writes: nothing counts as absent or different before.
  std::chrono::seconds lag_max{180};
  std::chrono::milliseconds call_timeout{60'000};
  int breaker = 3;        ///< failures of one class in a row that stop the run
  int checks_max = 40;    ///< changes of a plan that a platform is asked to check beforehand
  int refusal_days = 90;  ///< how long a requirement met in practice is remembered
};

struct ApplyReport {
  struct Line {
    std::string address;
    ChangeState state;
    std::string id;
    std::string how;
  };
  std::vector<Line> lines;  ///< one per change, in the order sent
  PlanStatus status = PlanStatus::kApplying;
  int sent = 0;  ///< writes that left the process in this run
  /// What stopped the run (breaker), and the guards judged again on the live state after it.
  std::vector<GuardFinding> after_findings;
};

struct UndoOptions {
  /// Addresses to undo, "spring/social", or one field of one, "spring/social#daily_budget"; what is
  /// below a named object goes with it. Empty: everything the plan did.
  std::vector<std::string> only;
  /// Undo also what someone changed since. Every change of the plan is then marked as forced.
  bool force = false;
};

/// What does not fit between the platforms and what we know.
struct Orphan {
  enum class Kind {
    kForeignMarker,  ///< on the platform, with a mark like ours, of a change that we never made
    kNotInState,     ///< on the platform, with our mark, but not recorded: a write was cut off
    kGone,           ///< recorded, but no longer on the platform
  };
  Kind kind;
  AccountId account;
  Level level;
  std::string id;
  std::string name;     ///< on the platform; of what is gone: its address
  std::string address;  ///< ours, when known
  std::string what;     ///< one sentence, and what to do
};
std::string_view OrphanKindName(Orphan::Kind kind);

/// The one door to a platform: every write, whoever asks, is a stored Plan that was guarded,
/// approved, journalled before each call, sent once, read back, and can be undone. Nothing else
/// holds a PlatformWriter. Thread-safe; of two applies that share a plan or an account, the second
/// is kConflict while the first works.
class Door {
 public:
  struct World {
    CampaignStore* store;
    Clock* clock;       ///< the product's time: plan dates, approvals, cooldown, freshness
    Clock* wait_clock;  ///< time that passes while waiting for a platform
    /// Connector of an account, or why there is none.
    std::function<Result<std::shared_ptr<const Connector>>(const AccountId&)> connector;
    /// Newest learnt_at of an account's facts.
    std::function<std::optional<Instant>(const AccountId&)> facts_learnt_at;
    /// The rates of exchange of a day; may be empty: then none is known.
    std::function<Result<FxRates>(Day)> rates{};
    /// True while `maxopt halt` is in force: nothing but pauses and cuts leaves the process. Asked
    /// before each send, so at most one call is under way when it becomes true.
    std::function<bool()> halted;
    ApplyOptions options{};
    /// Called after every step of an apply; may be empty.
    std::function<void(const ApplyReport::Line&)> progress{};
  };
  explicit Door(World world) : world_(std::move(world)) {}

  /// Judges the draft against policy and live state, has the platforms check what they can check
  /// (guard platform_check), orders it safely, stores it as kGuarded or kBlocked. A draft without
  /// changes is kInvalidArgument.
  Result<Plan> Propose(Plan draft, const Policy* policy);
  /// True when the policy lets this guarded plan pass without a person: never when a change is
  /// forced, is of a reason that always needs one (MayPassAlone), or says in its evidence that it
  /// needs a second, independent signal ("needs_second_signal": a pause of what converts).
  static bool MayApproveItself(const Plan& plan, const Policy& policy);
  /// Who approves such a plan. In this name nothing else is approved, and an apply asks mode,
  /// envelope and record again.
  static constexpr std::string_view kByPolicy = "policy.yaml";
  /// Binds the approval to the content that was shown; it lasts policy.approval_hours (24 without a
  /// policy). kRefused: two people are needed and this one made the plan. kConflict: the plan is
  /// not what was shown, or not waiting for an approval.
  Result<> Approve(const std::string& plan_id, const std::string& by,
                   const std::string& content_hash, const Policy* policy);
  /// Sends an approved plan, or goes on with one that was cut off (the same use of its approval).
  /// Returns a report whenever it could begin; what is unknown stays unknown and is read back by
  /// the next call. Before the first send of a plan everything is compared with what was approved:
  /// kRefused, and nothing is sent and the approval stays unused, when the content is another, the
  /// approval has expired, the same person approved (two_people), a guard blocks now, the worst day
  /// has moved too far, a value that an update rests on was changed meanwhile (with the
  /// differences), or while halted. kConflict: this plan or one of its accounts is being worked on.
  Result<ApplyReport> Apply(const std::string& plan_id, const std::string& executed_by,
                            const Policy* policy);
  /// A person's word on a change whose outcome cannot be read: found on the platform as `found_id`,
  /// or, without one, absent. Where the platform answers, the word is checked against it (kConflict
  /// when it says otherwise). `change` is a key or its number in the plan.
  Result<ChangeStatus> Resolve(const std::string& plan_id, const std::string& change,
                               const std::string& by, const std::optional<std::string>& found_id);
  /// The inverse of what `plan_id` did, last change first, as a new proposed plan. Named in its
  /// notes and not undone: what has no inverse, and what someone changed since (unless forced).
  /// kInvalidArgument when nothing remains, with the reasons.
  Result<Plan> Undo(const std::string& plan_id, const std::string& by, const Policy* policy,
                    const UndoOptions& options = {});
  /// Compares what the client's accounts hold with what we know. An account that cannot be read is
  /// an error: half a comparison would look clean.
  Result<std::vector<Orphan>> Orphans(const std::string& client);

 private:
  class Run;
  class Busy;
  struct Snapshot;
  Result<Snapshot> ReadSnapshot(const Plan& plan);
  Result<> AddRecord(const Plan& plan, GuardContext& context) const;
  void CheckWithPlatforms(Plan& draft);
  Result<> CheckBeforeFirstSend(const Plan& plan, const Policy* policy, const Snapshot& snapshot);
  World world_;
  std::mutex mutex_;
  std::set<std::string> busy_;  // plan ids and accounts at work
};

}  // namespace maxopt
