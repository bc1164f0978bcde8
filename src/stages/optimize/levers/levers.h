#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "connect/platform.h"
#include "domain/message.h"
#include "domain/plan.h"
#include "domain/policy.h"
#include "memory/campaigns/campaigns.h"
#include "memory/facts/facts.h"

/// What can be changed beside budgets: bids and targets, hours, places, devices,
/// people, searches, creatives. Each lever looks at the client's facts and proposes; nothing here
/// writes.
namespace maxopt {

struct LeverWorld {
  CampaignStore* store;
  FactStore* facts;
  Clock* clock;
  std::function<Result<std::shared_ptr<PlatformReader>>(const AccountId&)> reader;
};

/// One account as it is now, read once for all levers.
struct LeverAccount {
  AccountTree tree;
  Capabilities can;
  std::vector<OwnedObject> owned;
  Day today{};       ///< in the account's zone
  Day first{};       ///< first day that is judged
  Day last{};        ///< last day whose conversions are nearly all known; before `first`: none is
  std::string hold;  ///< why its conversions cannot be decided on now; empty: they can
  /// Days between first and last that do not count: not read whole, at odds with themselves, or
  /// last read while many of their conversions were still to come.
  std::set<Day> left_out{};

  /// Whether the numbers of this day may be decided on.
  bool Judged(Day day) const { return day >= first && day <= last && !left_out.contains(day); }
  /// How many such days there are.
  int JudgedDays() const;
  /// nullptr: it is not in the tree.
  const Entity* Find(Level level, const std::string& id) const;
  /// What is directly below the object, in the tree's order.
  std::vector<const Entity*> Below(const Entity& entity) const;

  /// Places in `tree.entities` by id and by parent, and in `owned` by id: trees hold hundreds of
  /// thousands of ads. ReadLeverState indexes; what changes the tree or `owned` indexes again.
  void Index();
  using Places = std::unordered_map<std::string, std::vector<std::size_t>>;
  Places by_id{}, by_parent{}, owned_by_id{};
};

/// What our plans did to an object, or are about to.
struct LeverTouch {
  Instant at{};  ///< of the newest change that was sent
  std::string plan;
  std::map<std::string, Instant> fields;  ///< newest by field
  std::string waiting;                    ///< plan that would change it and is not decided yet
};

/// What every lever is given. Accounts that cannot be read are in `notes` and not in `accounts`.
struct LeverState {
  Client client;
  const Policy* policy = nullptr;  ///< null: drafts are made all the same; the door refuses them
  Instant now{};
  std::vector<LeverAccount> accounts;
  FxRates rates{};  ///< of today
  std::vector<ExperimentLock> locks;
  FixedBudgetMap fixed;
  /// KPI targets of the documents, by campaign address and KPI word ("cpa", "roas"): money in
  /// units of the account's currency, factors as they are.
  std::map<std::string, std::map<std::string, double>> targets;
  std::vector<std::string> notes;
  /// By account and platform id; only objects that a plan of ours touched.
  std::map<std::pair<AccountId, std::string>, LeverTouch> touched{};

  /// Largest move of a bid or a target in one change: the policy's, or its default without one.
  int step_max_bp() const;
  /// Rest of an object between two changes of ours, likewise.
  int cooldown_hours() const;
  /// The last change of ours to this field of the object; nullptr: none.
  const Instant* LastChange(const AccountId& account, const std::string& id,
                            const std::string& field) const;
  /// Share of a day's final conversions that must be known before it is judged, likewise.
  double known_least() const;
  /// A prediction of revenue in the account's currency, in the client's: nullopt without a rate.
  std::optional<Prediction> InClients(const LeverAccount& account, Prediction prediction) const;
  /// Ours, or "campaign/123".
  std::string AddressOf(const LeverAccount& account, const Entity& entity) const;
  /// Why the object must be left alone: it or what it is in is not on, an experiment keeps it (or
  /// something in it, or what it is in) still, a plan of ours that touches it waits, or we changed
  /// it within the policy's cooldown. Empty: it need not.
  std::string Still(const LeverAccount& account, const Entity& entity) const;
};

/// Reads trees, locks and holds. `days`: how far back levers may look, at least 1. An account of
/// which no day of these is known well enough has a hold that says so.
/// Errors: kNotFound for the client; kInvalidArgument for the days; our own memory's.
Result<LeverState> ReadLeverState(const LeverWorld& world, const std::string& client,
                                  const Policy* policy, int days);

/// One thing worth doing. Its change has reason, why, evidence and, where an effect can be
/// foretold, a prediction in the client's currency ("revenue") or in "conversions" per day.
struct Opportunity {
  Change change;
  /// Expected gain a day, account currency: revenue or conversions at their value, and money saved.
  double value = 0;
  double value_low90 = 0;
  double value_high90 = 0;
  /// The platform's bidding begins to learn anew: what that costs, a day, over `learning_days`.
  double learning_cost = 0;
  int learning_days = 0;
  /// It stops something that converts: another signal than the platform's claims must agree.
  bool needs_second_signal = false;
  std::string second_signal;  ///< which one agrees, with its numbers; empty: none
};

/// What a lever found.
struct LeverReport {
  std::string lever;  ///< "bids", "hours", "places", "devices", "people", "searches", "creatives"
  std::vector<Opportunity> opportunities;
  std::vector<Message> messages;   ///< for teammates: a variation wanted, an audience to look into
  std::vector<std::string> notes;  ///< what was not judged or cannot be done there, and why
};

/// The levers, one file or folder each; all pure over state and facts, same input same output.
using Lever = Result<LeverReport> (*)(const LeverWorld& world, const LeverState& state);

}  // namespace maxopt
