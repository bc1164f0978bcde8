#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connect/platform.h"
#include "decide/pacing/pacing.h"
#include "memory/campaigns/campaigns.h"
#include "memory/campaigns/sightings.h"
#include "memory/facts/facts.h"

/// What the detectors look at: each campaign as the platform has it, as we want it, and what it did
/// hour by hour.
namespace maxopt {

/// Sums of one hour on the account's clock. A repeated hour holds both passes.
struct HourSum {
  bool any = false;  ///< the platform reported something
  std::int64_t spend_micros = 0;
  std::int64_t impressions = 0;
  std::int64_t clicks = 0;
  double conversions = 0;
  std::int64_t revenue_micros = 0;
};

struct CampaignView {
  std::string id;
  std::string name;                   ///< without our marker
  std::string address;                ///< ours; empty when we do not own it
  bool delivers = false;              ///< on, in its flight, with an ad that may run
  std::string why_not;                ///< when it does not: "paused", "ended", "no ad may run", ...
  std::optional<Money> daily_budget;  ///< live: its own, or its running ad groups' together
  std::optional<Money> planned_daily;  ///< what we last applied; absent when we never did
  /// As we last saw it, and what was different before; kept by SeeCampaigns.
  std::string was;                    ///< the state before why_not or "delivers"; empty: unknown
  std::optional<Instant> since{};     ///< of this state, when a change was seen
  std::optional<Money> budget_was{};  ///< daily budget before the last change that was seen
  std::optional<Instant> budget_since{};
  std::vector<HourSum> hours;  ///< days * 24, from AccountView::first_day

  HourSum Sum(int first_hour, int hours_count) const;
};

struct AccountView {
  std::string client;
  AccountInfo info;
  std::optional<Zone> zone;
  AccountTree tree;
  std::map<std::string, OwnedObject> owned;  ///< by level word and platform id: "campaign/77"
  int overdelivery_bp = 10'000;              ///< worst day over an average daily budget
  DeliveryRules delivery{};                  ///< how the platform makes up for such days
  std::optional<Instant> learnt_at;          ///< of the newest facts
  Day first_day{};
  int days = 0;
  int hours_known = 0;  ///< hours from first_day that the platform has reported on, this one apart
  std::vector<CampaignView> campaigns;
  std::vector<Sighting> removed;  ///< campaigns that were there at an earlier look
  std::string problem;  ///< why the account could not be looked at; then the rest is empty
  std::optional<Errc> problem_code;

  /// The instant at which hour `index` (from first_day) begins.
  Instant BeginOf(int index) const;
  /// The first hour that begins at or after `at`; 0 for earlier ones.
  int IndexAfter(Instant at) const;
};

/// By hour: whether the campaign had had its money by its end: for the day, for the platform's week
/// or for its month (AccountView::delivery). What little comes in such hours is no news.
std::vector<bool> UsedUp(const AccountView& account, const CampaignView& campaign);

struct ViewWorld {
  CampaignStore* store;
  FactStore* facts;
  Clock* clock;
  std::function<Result<std::shared_ptr<PlatformReader>>(const AccountId&)> reader;
};

/// Every account of `client` (all when empty), with `days` days of hours up to today. One platform
/// call an account; what cannot be read is told in `problem`. Errors: only our own memory's.
/// An hour counts as reported when any campaign of the account has something in it or in a later
/// one, or when it ended `lag_hours` before the facts were read: platforms tell hours late.
/// What is seen is kept (SeeCampaigns), so that the next look knows what changed.
Result<std::vector<AccountView>> ReadViews(const ViewWorld& world, const std::string& client,
                                           int days, int lag_hours);

}  // namespace maxopt
