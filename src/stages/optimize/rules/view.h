#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "stages/optimize/rules/rules.h"

namespace maxopt::rules {

/// The rules with what the client's policy demands where they themselves demand nothing.
RuleSet UnderPolicy(RuleSet set, const Policy* policy);

/// What the facts told of one object.
struct Series {
  std::string name, campaign_id, campaign_name, ad_group_id;
  std::vector<RuleDay> days;
};
/// By level and id; the account itself under its own id.
using SeriesMap = std::map<std::pair<Level, std::string>, Series>;

/// An account as it was known at `at`: `first` to the day before, each judged by what had been read
/// by then.
Result<RuleAccount> AccountAt(FactStore& facts, const AccountInfo& info, int days_back, Instant at);
/// The days of every object of the levels that the rules need, as known at `as_of`; nullopt: now.
Result<SeriesMap> SeriesAt(FactStore& facts, const AccountInfo& info, const RuleSet& set, Day first,
                           Day last, std::optional<Instant> as_of, std::vector<std::string>& notes);

/// Every change of one field that our plans tell of, oldest first.
struct KnownChange {
  Instant at{};
  AccountId account;
  Level level{};
  std::string id, field, plan, by, rule;  ///< rule: empty when no rule proposed it
  FieldValue before, after;
  bool create = false, open = false, done = false;
};
Result<std::vector<KnownChange>> KnownChanges(CampaignStore& store, const std::string& client);

/// KPI targets by campaign address, in units of money, share or factor.
Result<std::map<std::string, std::map<RuleMetric, double>>> Targets(CampaignStore& store,
                                                                    const std::string& client);
/// What broken signals hold, by account.
Result<std::map<AccountId, std::string>> ConversionHolds(CampaignStore& store,
                                                         const std::string& client,
                                                         const std::vector<AccountInfo>& accounts);
Result<std::vector<AccountInfo>> AccountsOf(CampaignStore& store, const std::string& client);

/// Adds the account and its own object; returns their places.
struct Added {
  std::size_t account, object;
};
Added AddAccount(RuleFacts& facts, RuleAccount account, SeriesMap& series);

/// "pause", "daily_budget 100.00 EUR -> 120.00 EUR"
std::string Describe(const RuleProposal& proposal);
/// Of a finished judgement.
std::string EvidenceJson(const RuleSet& set, const RuleProposal& proposal);

}  // namespace maxopt::rules
