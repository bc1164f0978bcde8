#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "memory/campaigns/campaigns.h"

/// The decision ledger: what was known, proposed and predicted, approved, done and measured, in the
/// order in which it happened. Append-only (the database refuses updates and deletions), and each
/// line carries the digest of the one before, so that a line that was changed, taken out or put in
/// by other means is found. The store writes the lines of plans itself, in the transaction that
/// they speak of: there is no plan, approval or write without its line.
namespace maxopt {

/// Events of plans, `subject` being the plan's id:
///   proposed   the plan with its prediction, evidence, guards' findings; what was known is what
///   the
///              facts held at `at` (they are bitemporal)
///   approved   by whom, until when, the content's digest
///   applying   by whom
///   done       a change: its state (confirmed, failed, verified, unknown) and how that is known
///   rejected   by whom, and why where it was said
///   measured   prediction and measured effect, see ScoredOutcome
///   remembered digest of the working memory that it was decided with, see tactics.h
/// and of decision cycles, `subject` being the cycle's id:
///   cycle      it ended: {"stage","state","head"}, the head being that of agent/cycle
struct LedgerEntry {
  std::int64_t seq = 0;  ///< 1, 2, 3, ...
  Instant at{};
  std::string client, event, subject;
  std::string body;      ///< JSON object
  std::string previous;  ///< hash of the line before; empty for the first
  std::string hash;      ///< SHA-256, see HashOf
};

/// SHA-256 in hex of the JSON array [seq, at, client, event, subject, body, previous].
std::string HashOf(const LedgerEntry& entry);

/// `seq`, `previous` and `hash` are given here.
Result<LedgerEntry> AppendLedger(CampaignStore& store, LedgerEntry entry);

/// A person's (or a newer plan's) no to a plan that waits: kGuarded, kBlocked or kApproved to
/// kRejected with its line, in one transaction. kConflict where it can no longer be rejected.
Result<> RejectPlan(CampaignStore& store, const std::string& plan_id, const std::string& by,
                    const std::string& why, Instant at);

/// Oldest first; `client`, `event` and `subject` narrow where not empty; the newest `limit` of
/// those.
struct LedgerQuery {
  std::string client, event, subject;
  int limit = 100;
};
Result<std::vector<LedgerEntry>> Ledger(CampaignStore& store, const LedgerQuery& query);

/// Walks the whole chain.
struct LedgerCheck {
  std::int64_t entries = 0;
  std::string head;    ///< hash of the newest line: note it elsewhere, a later check can ask for it
  std::string broken;  ///< which line does not fit, and how; empty: the chain holds
};
/// `known_head`: a head that was noted before must be part of the chain; a ledger cut at its end
/// is found by nothing else.
Result<LedgerCheck> CheckLedger(CampaignStore& store, const std::string& known_head);

/// The measured effect of a plan beside what it promised: both of the KPI per day.
struct ScoredOutcome {
  std::string plan;
  std::string kind;    ///< reason of its changes: "reallocate", "rule", ...
  std::string kpi;     ///< "revenue"
  std::string method;  ///< how it was measured
  double predicted = 0, low90 = 0, high90 = 0;
  double measured = 0, measured_sd = 0;  ///< with its standard error
  Instant at{};                          ///< when it was measured
  /// Days of the effect, inclusive, the client's; absent in lines of before they were kept.
  std::optional<Day> first{}, last{};
};
Result<> SaveOutcome(CampaignStore& store, const std::string& client, const ScoredOutcome& outcome);
/// Oldest first.
Result<std::vector<ScoredOutcome>> Outcomes(CampaignStore& store, const std::string& client);

/// Changes of the client's plans that were sent at or after `since` and did or may have happened.
Result<std::vector<Change>> ChangesSentSince(CampaignStore& store, const std::string& client,
                                             Instant since);

}  // namespace maxopt
