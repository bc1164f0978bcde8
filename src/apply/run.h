#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "apply/apply.h"
#include "apply/live.h"
#include "connect/writer.h"

namespace maxopt {

/// One run over one plan. Each change walks planned -> intent -> sent -> (unknown) -> confirmed ->
/// verified, and every step is in the journal before the next begins; so whatever kills the
/// process, the next run knows whether a call may have left. What was sent is read back at the end,
/// all of it together, so that slow reads are waited for once.
class Door::Run {
 public:
  struct Hooks {
    /// Asked once, after what was left unknown has been read back and before anything is sent: why
    /// nothing may be sent, or "". Empty: no objection.
    std::function<Result<std::string>(const std::vector<ChangeStatus>&)> review;
    /// Whether these changes, done in this run or about to be, would pass the client's cap.
    std::function<bool(const std::vector<Change>&)> over_cap;
    /// The live objects as read just now; may be empty.
    const LiveIndex* live = nullptr;
  };
  Run(const World& world, Plan plan, Hooks hooks)
      : world_(world), plan_(std::move(plan)), hooks_(std::move(hooks)) {}

  Result<ApplyReport> Go();

  /// Whether a change in this state may be sent.
  static bool MayBeSent(const ChangeStatus& status);

 private:
  struct Outcome {
    bool again = false;            ///< shown not to have happened: may be sent once more
    std::chrono::seconds wait{0};  ///< ... after this
  };

  http::Deadline Timeout() const { return http::After(world_.options.call_timeout); }
  Result<> Connect(const ChangeStatus& status);
  Result<> Note(ChangeStatus& status, ChangeState state, std::string how);
  bool Halted(const Change& change) const;
  /// Why the change is not sent in this run; "" when it is.
  std::string Objection(const Change& change) const;
  void Wait(std::chrono::seconds wait);

  Result<> ResolveOpen();
  Result<> SendAll();
  std::size_t BatchFrom(std::size_t first) const;
  Result<> SendBatch(std::size_t first, std::size_t count);
  Result<> SendUntilSettled(ChangeStatus& status, Outcome outcome);
  Result<Outcome> SendOnce(ChangeStatus& status);
  Result<bool> Prepare(ChangeStatus& status, Change& change);
  Result<Outcome> Settle(ChangeStatus& status, const Change& sent, const Result<Applied>& answer);
  Result<> FillIds(Change& change);
  Result<bool> CheckBase(ChangeStatus& status, const Change& change);
  Result<Entity> FindById(const Change& change, const std::string& id);

  Result<> Resolve(ChangeStatus& status);
  Result<bool> ReadBack(ChangeStatus& status, int look, bool last);
  Result<> VerifyAll();
  std::string RemoveTwins(const ChangeStatus& status);
  std::map<std::string, Entity> ReadMany(const AccountId& account, Level level,
                                         const std::vector<std::string>& ids, std::string& failure);

  void CountFailure(Errc code);
  Result<> LearnRefusal(const Change& change, const Error& error);
  Result<> LearnSuccess(const Change& change);

  const World& world_;
  Plan plan_;
  Hooks hooks_;
  std::vector<ChangeStatus> statuses_;
  std::shared_ptr<const Connector> connector_;
  ApplyReport report_;
  std::string hold_;               // why nothing may be sent
  std::string stopped_;            // what opened the breaker
  std::vector<Change> done_;       // sent and confirmed in this run
  bool a_cut_failed_ = false;      // what should have lowered spend did not happen
  std::set<std::string> touched_;  // platform ids that this run has written to
  std::optional<Errc> failing_;    // class of the last failure
  int failures_ = 0;               // of that class in a row
  std::optional<std::vector<LearnedConstraint>> refused_before_;
};

}  // namespace maxopt
