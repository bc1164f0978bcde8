#pragma once
#include <functional>
#include <memory>
#include <optional>
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
  int max_sends = 3;                ///< of one change, all resumptions together
  std::chrono::seconds settle{10};  ///< between two read-backs: reads may lag behind writes
  int read_backs = 2;               ///< negative ones needed before a create is sent again
  std::chrono::milliseconds call_timeout{60'000};
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
  int sent = 0;                              ///< writes that left the process in this run
  std::vector<GuardFinding> after_findings;  ///< guards judged again on the live state after it
};

/// The one door to a platform: every write, whoever asks, is a stored Plan that was guarded,
/// approved, journalled before each call, sent once, read back, and can be undone. Nothing else
/// holds a PlatformWriter. Thread-safe for different plans; one account's plan at a time.
class Door {
 public:
  struct World {
    CampaignStore* store;
    Clock* clock;       ///< the product's time: plan dates, cooldown, freshness
    Clock* wait_clock;  ///< time that passes while waiting for a platform
    /// Connector of an account, or why there is none.
    std::function<Result<std::shared_ptr<const Connector>>(const AccountId&)> connector;
    /// Newest learnt_at of an account's facts.
    std::function<std::optional<Instant>(const AccountId&)> facts_learnt_at;
    /// True while `maxopt halt` is in force: nothing but pauses leaves the process.
    std::function<bool()> halted;
    ApplyOptions options{};
    /// Called after every step of an apply; may be empty.
    std::function<void(const ApplyReport::Line&)> progress{};
  };
  explicit Door(World world) : world_(std::move(world)) {}

  /// Judges the draft against policy and live state, orders it safely, stores it as kGuarded or
  /// kBlocked. A draft without changes is kInvalidArgument.
  Result<Plan> Propose(Plan draft, const Policy* policy);
  /// True when the policy lets this guarded plan pass without a person.
  static bool MayApproveItself(const Plan& plan, const Policy& policy);
  Result<> Approve(const std::string& plan_id, const std::string& by,
                   const std::string& content_hash);
  /// Sends an approved plan, or goes on with one that was cut off. Returns a report whenever it
  /// could work at all; what is unknown stays unknown and is read back by the next call.
  /// kRefused: not approved, or halted.
  Result<ApplyReport> Apply(const std::string& plan_id, const Policy* policy);
  /// The inverse of everything that `plan_id` did, last change first, as a new proposed plan. What
  /// has no inverse is named in its notes.
  Result<Plan> Undo(const std::string& plan_id, const std::string& by, const Policy* policy);

 private:
  class Run;
  Result<GuardContext> ReadContext(const Plan& plan, std::vector<AccountTree>& trees);
  World world_;
};

}  // namespace maxopt
