#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connect/platform.h"
#include "domain/alert.h"
#include "memory/campaigns/campaigns.h"
#include "memory/facts/facts.h"

/// Gathers what is known about one condition and asks measure/diagnosis why.
namespace maxopt {

struct DiagnoseWorld {
  CampaignStore* store;
  FactStore* facts;
  /// For the platform's change history; empty, or a failing one: "not checked".
  std::function<Result<std::shared_ptr<PlatformReader>>(const AccountId&)> reader;
  /// Histories that were read in this round, so that each account is asked once.
  std::map<AccountId, std::optional<std::vector<HistoryEvent>>>* histories = nullptr;
};

/// The newer period is the days since the condition began, at most seven, without today unless it
/// began today (then today's full hours); the earlier one is the same weekdays (and hours) of the
/// four weeks before, their mean. Segments are by device, country, placement, audience, creative,
/// keyword, ad, and campaign where the condition is of an account.
/// Maturity is the mean of what the days' own judgements kept; the season is the account's own, the
/// same weekdays a year ago; holidays are those of the country of the account's zone.
/// nullopt: a condition that is of no account, or of no KPI that has factors (reviews, jobs).
/// Errors: only our own memory's.
Result<std::optional<Diagnosis>> DiagnoseCondition(const DiagnoseWorld& world,
                                                   const Condition& condition, Instant now);

}  // namespace maxopt
