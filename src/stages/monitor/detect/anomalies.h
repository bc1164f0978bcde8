#pragma once
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "domain/alert.h"
#include "measure/anomaly/anomaly.h"
#include "stages/monitor/detect/views.h"

/// The anomaly engine over every campaign's series, look after look.
namespace maxopt {

/// A day of a campaign, or of one of its ads.
struct CampaignDay {
  Day day;
  std::int64_t spend_micros = 0;
  std::int64_t impressions = 0;
  std::int64_t clicks = 0;
  double conversions = 0;
  std::int64_t revenue_micros = 0;
};
struct AdDays {
  std::string ad_id, ad_group_id, name;
  std::vector<CampaignDay> days;
};

struct AnomalyOptions {
  /// Looks in a month, for the rate of false findings: hourly.
  ScanOptions hourly{0.05, 1, 730.5, 0.3};
  /// A day is looked at once a day; a tenth off is no news for a day of one campaign.
  ScanOptions daily{0.05, 1, 30.44, 0.2};
  /// How long a finding stays true when nothing new is found.
  std::chrono::hours told_for{6};
  /// Expected share of a day's conversions that is known after so many days.
  std::function<double(const AccountId&, int age_days)> maturity;
  /// Days off where the account is, within [from, to]; unset: none are known.
  std::function<std::set<Day>(const AccountInfo&, Day from, Day to)> holidays;
};

/// Keeps the models of all series in memory; they are made again from the facts after a restart,
/// and the same facts make the same models. One thread at a time.
///   hourly   spend, ctr, cpm of each campaign that delivers, when an hour is closed
///   daily    conversions, cvr, cpa, roas of the last three days, at their maturity
///   trends   cpa and ctr over 28 days; fatigue of ads against their ad group
class AnomalyWatch {
 public:
  explicit AnomalyWatch(AnomalyOptions options);
  ~AnomalyWatch();

  /// What is odd now. `accounts`: those of one look, all clients. The family over which false
  /// discoveries are controlled is everything that is judged in this look.
  Result<std::vector<Condition>> Look(const std::vector<AccountView>& accounts, FactStore& facts,
                                      Instant now, const Feedback& feedback);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace maxopt
