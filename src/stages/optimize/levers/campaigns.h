#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stages/optimize/levers/levers.h"

/// What several levers ask of a campaign: what it is measured by, whether its budget binds, what a
/// change of it costs to learn, and which days of a cut may be decided on.
namespace maxopt::levers {

/// Why a campaign that harvests is left alone, with its name.
std::string HarvestNote(const Entity& campaign);

/// Money in units.
double Units(const Money& money);
/// A double that came from money, at the micro.
Money MoneyOf(double units, Currency currency);

/// The days between account.first and account.last whose slices of this kind, at campaign level,
/// were read whole and when nearly all their conversions were known. A cut may have been read
/// earlier than the campaigns' days were, so it ripens by itself.
Result<std::set<Day>> JudgedDaysOf(const LeverWorld& world, const LeverState& state,
                                   const LeverAccount& account, Grain grain, Breakdown breakdown);

/// What a campaign is measured by: the target of the documents where there is one, else its
/// conversions.
struct CampaignKpi {
  bool revenue = false;          ///< else conversions
  std::optional<double> target;  ///< CPA in units, or ROAS
  std::string Numerator() const { return revenue ? "revenue" : "conversions"; }
  /// Value per unit of spend at which the target is just met.
  std::optional<double> Worth() const;
};
CampaignKpi KpiOf(const LeverState& state, const LeverAccount& account, const Entity& campaign);

/// Sums of one campaign over the judged days.
struct CampaignSums {
  int days = 0;  ///< judged days of the account
  double spend = 0;
  double conversions = 0;
  double revenue = 0;
  bool has_revenue = false;
  std::optional<double> lost_to_budget, lost_to_rank;  ///< shares of the impressions to be had
};
/// By campaign id.
Result<std::map<std::string, CampaignSums>> SumsOf(const LeverWorld& world,
                                                   const LeverAccount& account,
                                                   const std::set<Day>& days);

/// The field that says how a campaign or ad group bids and that its strategy heeds: "target_cpa",
/// "target_roas_bp" or "bid"; empty: there is none.
std::string BidField(const LeverAccount& account, const Entity& campaign, const Entity& object);

/// Daily budget of a campaign: its own or the sum of its active ad groups'. Absent: lifetime or
/// shared budgets.
std::optional<Money> DailyBudget(const LeverAccount& account, const Entity& campaign);
/// Whether money that one part of the campaign does not spend is spent by the rest of it: it
/// spends at least four fifths of its daily budget (as budgets are moved, see Recommend), loses a
/// tenth of its impressions to its budget, or has a budget for its lifetime.
bool Refills(const LeverAccount& account, const Entity& campaign, const CampaignSums& sums);

/// Campaigns of the account by id, whatever order they were read in.
std::vector<const Entity*> CampaignsOf(const LeverAccount& account);
/// Active ad groups of a campaign, by id.
std::vector<const Entity*> ActiveGroups(const LeverAccount& account, const Entity& campaign);
/// Share of the campaign's spend of each of them over these days; equal where the facts do not go
/// as deep as ad groups.
Result<std::vector<double>> SharesOf(const LeverWorld& world, const LeverAccount& account,
                                     const Entity& campaign,
                                     const std::vector<const Entity*>& groups);

/// What the platform's bidding loses while it learns anew, and for how long.
struct Learning {
  double cost_a_day = 0;
  int days = 0;
};
/// `value_a_day`: of the object's conversions, account currency; `odds`: that learning restarts.
///   days  until 50 conversions, 3 to 14: platforms name about 50 (Meta: "around 50 optimization
///         events since the last significant edit", typically a week; Google: "around 50 conversion
///         events or 3 conversion cycles"); after two weeks they call it limited
///   cost  0.24 of the value: Meta found a 15 % lower CPA in accounts with 20 % of their spend in
///         learning than with 80 %; if a learning day costs x more, (1 + 0.2 x) / (1 + 0.8 x) =
///         0.85 gives x = 0.31, and 1 - 1 / 1.31 = 0.24. A comparison of accounts and not an
///         experiment: an upper end.
/// Bids set by hand do not learn: no cost.
Learning LearningOf(const Entity& object, const Entity& campaign, double conversions_a_day,
                    double value_a_day, double odds);

}  // namespace maxopt::levers
