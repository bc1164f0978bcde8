#pragma once
#include <string>
#include <vector>

#include "domain/alert.h"
#include "memory/campaigns/campaigns.h"

namespace maxopt {

/// The health of tracking signals, kept between looks. `since` moves only when the state does:
/// what is given there counts for a signal that is new or whose state changed.
Result<> SaveSignals(CampaignStore& store, const std::vector<SignalHealth>& signals);
/// By client (all when empty) and name.
Result<std::vector<SignalHealth>> Signals(CampaignStore& store, const std::string& client);

/// The review state of one object as last read, or a change of it.
struct ReviewState {
  AccountId account;
  Level level = Level::kAd;
  std::string id;
  std::string name;
  std::string state;  ///< pending | approved | limited | rejected | the platform's own word
  std::string reason;
  Instant since{};  ///< first seen in this state
};
struct ReviewEvent {
  ReviewState now;
  std::string was;  ///< the state before
  Instant at{};
  std::string json;  ///< spend at risk, suggested fix, ...: the writer's own members
};
/// Keeps the states and appends the events, in one transaction.
Result<> SaveReviews(CampaignStore& store, const std::vector<ReviewState>& states,
                     const std::vector<ReviewEvent>& events, Instant seen_at);
Result<std::vector<ReviewState>> Reviews(CampaignStore& store, const AccountId& account);
/// Newest first, at most `limit`.
Result<std::vector<ReviewEvent>> ReviewEvents(CampaignStore& store, const AccountId& account,
                                              int limit);

}  // namespace maxopt
