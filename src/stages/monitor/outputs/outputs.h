#pragma once
#include <optional>
#include <string>
#include <vector>

#include "domain/alert.h"
#include "domain/message.h"
#include "memory/facts/facts.h"

/// What monitoring tells the team, for the outbox.
namespace maxopt {

/// Sums over some days. Absent is not known, never 0.
struct Totals {
  std::optional<Money> spend;
  std::optional<std::int64_t> impressions, clicks;
  std::optional<double> conversions;  ///< claimed by the platform
  std::optional<Money> revenue;       ///< claimed by the platform
};

/// A campaign over the periods that a person compares.
struct CampaignLine {
  AccountId account;
  std::string campaign_id, name;
  Totals today;  ///< so far
  Totals yesterday;
  Totals week;  ///< the seven days up to yesterday
  Totals week_before;
};
/// An ad over the seven days up to yesterday.
struct CreativeLine {
  AccountId account;
  std::string campaign, ad_id, name;
  Totals week;
  std::string review;  ///< the platform's word for where its review stands; "" unknown
  std::string review_reason;
};
/// One account's data as far as they can be trusted.
struct QualityLine {
  AccountId account;
  std::optional<Instant> learnt_at;
  std::optional<Day> newest_day;
  std::string state;  ///< ok | degraded | bad | unknown
  std::vector<std::string> reasons;
};
/// How a campaign's flight will land.
struct PaceLine {
  AccountId account;
  std::string campaign;
  std::string state;  ///< the pacing verdict's word
  std::string why;
};

struct MonitorState {
  std::string client;
  Instant now{};
  Day day{};  ///< today in the client's zone
  std::vector<CampaignLine> campaigns;
  std::vector<CreativeLine> creatives;
  std::vector<QualityLine> quality;
  std::vector<PaceLine> pacing;
  std::vector<SignalHealth> signals;
  std::vector<Alert> alerts;  ///< open ones, worst first
};

/// The four outputs of monitoring, six messages: performance_dashboard to carlos and maya,
/// data_quality to ben, early_indicators to james and zara, creative_metrics to lucas. Each as JSON
/// (schemas/<kind>.schema.json) and Markdown made from the same state. Amounts are per currency and
/// never added across. Pure; the same state gives the same bytes.
std::vector<Message> MonitorMessages(const MonitorState& state);

/// Fills the lines of campaigns and creatives from the facts, day by `day` in each account's zone.
Result<> ReadLines(FactStore& facts, const std::vector<AccountInfo>& accounts, MonitorState& state);

}  // namespace maxopt
