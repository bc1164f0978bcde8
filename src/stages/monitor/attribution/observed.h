#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "domain/entity.h"
#include "measure/attribution/attribution.h"
#include "memory/campaigns/campaigns.h"
#include "memory/events/events.h"
#include "memory/facts/facts.h"

/// What the platforms claim, what was observed, and what the shop's books say, side by side for a
/// client and period. The three are never added, averaged or filled in for each other.
namespace maxopt {

/// Where a visit came from, as far as its parameters and click ids tell.
struct TouchSource {
  std::optional<Platform> platform;  ///< absent: not from an ad platform that is known
  std::string account_id{};          ///< empty: not known
  std::string campaign_id{};         ///< the platform's; empty: not known
  std::string label{};               ///< for people: the campaign's name, or "newsletter / email"
};
/// Passed in, so that this folder need not know how links were tagged. Thread-safety is not needed.
using ResolveSource =
    std::function<TouchSource(const std::map<std::string, std::string>& utm,
                              const std::map<std::string, std::string>& click_ids)>;

/// How far before a conversion a touch may lie to be on its path.
struct Lookback {
  int click_days = 30;  ///< Google Ads' default for clicks; also of visits without a click id
  int view_days = 1;    ///< Google Ads' and Meta's for views
};

struct ObservedOptions {
  std::string client;
  Day from{};
  Day to{};                ///< inclusive; days of the client's zone
  AttributionModel model;  ///< its half-life is replaced by kHalfLifeDays: the times are known
  std::set<std::string> conversion_events = {"purchase"};
  /// Events that say an ad was seen and not clicked.
  std::set<std::string> view_events = {"ad_view", "impression"};
  Lookback lookback;
  std::map<std::string, Lookback> lookback_of;  ///< by campaign id or label
};

/// One campaign, or one source that is no campaign. Absent is absent: a platform that claims
/// nothing has no claim, and that is not 0.
struct AttributionRow {
  std::optional<Platform> platform;
  std::string account_id, campaign_id;
  std::string name;
  std::optional<Money> spend;
  std::optional<double> claimed_conversions;
  std::optional<Money> claimed_value;
  std::string claim_window;  ///< of the claim: "7d_click+1d_view"; several joined by ", "
  double observed_conversions = 0;
  std::map<Currency, Money> observed_value{};
};

/// Orders on whose paths click ids of two or more platforms were seen within the lookback: each of
/// these platforms can claim them.
struct SharedOrders {
  std::set<Platform> platforms;
  std::int64_t orders = 0;
  std::map<Currency, Money> value{};
};

struct AttributionView {
  std::string client;
  Day from{}, to{};
  std::string model;
  std::vector<AttributionRow> rows;  ///< by platform (none last), account, campaign, name

  bool observed = false;  ///< events are kept; false: nothing below is known, which is not zero
  // Observed: each conversion once, however often and by whom it was told.
  std::int64_t conversions = 0;
  std::int64_t with_path = 0;    ///< the rest came without a trace of where from
  std::int64_t signed_only = 0;  ///< of conversions: told by the client's own server or import
  std::int64_t told_again = 0;   ///< tellings that were dropped as the same conversion
  std::int64_t refunds = 0;      ///< conversions with a value below zero: counted apart
  std::int64_t null_paths = 0;   ///< visitors with touches and no conversion
  std::map<Currency, Money> value{}, refunded{};

  std::optional<double> claimed_conversions;  ///< sum of the rows' claims
  std::optional<std::int64_t> shop_orders;    ///< the client's own books
  std::map<Currency, Money> shop_revenue{};
  /// Sums divided: how often the platforms together claim what happened once.
  std::optional<double> claimed_per_observed, claimed_per_order;
  std::vector<SharedOrders> shared;  ///< by set of platforms
  std::int64_t shared_orders = 0;

  std::vector<std::string> notes;  ///< what a reader must know
};

/// Reads the client's accounts, facts and books, and all events; `events` nullptr: none are kept,
/// which is noted.
///
/// Touches: an event of a visitor who consented, with utm parameters or click ids. The tag repeats
/// those of the last visit, so a click id that the visitor has shown before is the same touch, and
/// so are the same utm parameters as in the touch before. Paths are joined by the visitor's number
/// and by click ids (an order told by the server with a gclid that a visitor brought). A conversion
/// without consent is on a path only by the parameters that it carries itself. Every conversion
/// takes all touches within the lookback of their campaigns, also those before an earlier
/// conversion, as platforms do.
///
/// Values are split exactly: the micros of all rows add up to those of the conversions with a path.
/// kInvalidArgument: days that are none, a sum beyond what Money holds; errors of the memories.
Result<AttributionView> ObserveAttribution(CampaignStore& store, FactStore& facts,
                                           EventStore* events, const ResolveSource& resolve,
                                           const ObservedOptions& options);

}  // namespace maxopt
