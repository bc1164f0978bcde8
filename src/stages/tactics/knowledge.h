#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "clock/clock.h"
#include "decide/tactics/tactics.h"
#include "memory/campaigns/campaigns.h"
#include "memory/facts/facts.h"
#include "memory/tactics/tactics.h"

/// The optimisation knowledge base: what a client may know of tactics, what is like a case in hand,
/// and what the decision ledger teaches.
///
/// Whose data are whose. A client sees the library, the tactics that people of the agency wrote,
/// and its own measurements in full. Of other clients it sees relative effects, pooled over at
/// least kClientsLeast of them, without names, days or amounts, and only from those whose policy
/// shares (share_results: anonymous). With two, each would know whose the other number is.
/// Docs     docs/tactics.md
namespace maxopt {

struct TacticsWorld {
  CampaignStore* store;
  FactStore* facts;
  Clock* clock;
  std::shared_ptr<const Embedder> embedder{};  ///< null: the local one
};

inline constexpr int kClientsLeast = 3;
/// A nearest likeness below this, by the local embedder, is hardly more than letters in common: of
/// the 170 questions of tests/tactics 3 have less, and of 14 texts on other things (recipes,
/// poems, runs of keys) 12.
inline constexpr double kLikenessLeast = 0.16;

/// What `client` may see, retired and expired ones too (retired_at, expires_at say so), by id. A
/// kept tactic stands for the library's of the same id. `client` empty: the agency's own look,
/// everything in full. `also_known`: clients whose own measurements the asker sees elsewhere; they
/// are no others to hide among.
Result<std::vector<RetrievedTactic>> VisibleTactics(CampaignStore& store, const std::string& client,
                                                    Instant now,
                                                    std::span<const std::string> also_known = {});

/// A search over what a client may see; made once, asked often. Thread-safe.
class TacticKnowledge {
 public:
  /// An endpoint that does not answer is replaced by the local embedder; the notes say so.
  static Result<TacticKnowledge> Open(const TacticsWorld& world, const std::string& client);
  /// Most alike first. What is retired or expired is left out. Errors as TacticIndex::Search.
  Result<std::vector<RetrievedTactic>> Find(const TacticText& question, TacticFilter filter,
                                            int k) const;
  /// Whether what was found is worth reading as like the question: false where nothing was found,
  /// or the nearest has less than kLikenessLeast.
  bool IsAlike(std::span<const RetrievedTactic> found) const;
  const std::vector<RetrievedTactic>& all() const { return known_; }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::vector<RetrievedTactic> known_;
  std::shared_ptr<TacticIndex> index_;
  std::vector<std::string> notes_;
  bool local_ = true;  ///< the likeness is the local embedder's
  Instant now_{};
};

/// What a finished experiment found of one kind of change, from the trials of the client.
struct TrialOutcome {
  std::string source;  ///< "trial/alpenglow-headline-20261101"
  TacticContext context;
  Day first{}, last{};
  double lift = 0, se = 0;  ///< relative
  bool by_lot = false;      ///< dealt by lot and read on the client's books
  std::string method;
};

struct LearnReport {
  int measurements = 0;              ///< that were not known before
  std::vector<std::string> learnt;   ///< tactic and its grade, of those that changed
  std::vector<std::string> skipped;  ///< line and why it teaches nothing
  int withdrawn = 0;                 ///< taken out of the agency's, as the policy does not share
};

/// Every `measured` line of the client's ledger, and every trial, becomes a measurement of a
/// tactic of the client - one for each kind of change, platforms and objective - and, where
/// `shares`, an anonymous one of the agency's. Grades and effects are made anew of all
/// measurements. A line is learnt from once: the same again changes nothing.
///
/// What a line measured, revenue a day by the client's books, becomes relative to
///   revenue a day of the books in the 28 days before * spend of what was touched / all spend,
/// the revenue that the touched part stands for by its money. Both are observed; claims of
/// platforms are not part of it.
/// Errors: kNotFound for the client; our own memory's. What one line lacks is in `skipped`.
Result<LearnReport> LearnTactics(const TacticsWorld& world, const std::string& client, bool shares,
                                 std::span<const TrialOutcome> trials);

/// The words of a plan: platforms, channels, objectives, levers, problems that its changes speak
/// of (evidence "tactics_prior"."context"), the season of `day`.
TacticContext ContextOfPlan(CampaignStore& store, const Plan& plan, Day day);

}  // namespace maxopt
