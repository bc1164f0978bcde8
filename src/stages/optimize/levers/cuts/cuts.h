#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stages/optimize/levers/levers.h"

/// What levers that look inside of campaigns read of the facts, and how they say it.
namespace maxopt {

/// Sums of one part over days. Money is in units of the account's currency, for models only.
struct CutSums {
  std::string campaign, ad_group, ad;  ///< platform ids; empty above the level that was asked for
  std::string segment;                 ///< of the cut; empty without one
  double spend = 0, impressions = 0, clicks = 0, conversions = 0, revenue = 0;
  bool counted = false;  ///< whether the platform tells conversions of it at all
};

/// These days of the account summed by campaign, ad group or ad, and by `cut` ("search_term", ...)
/// where it is not empty; ordered by ids and segment. Breakdowns are known by campaign only. What
/// is in no campaign that was read is left out. Errors: kInvalidArgument for a cut that is none;
/// our own memory's.
Result<std::vector<CutSums>> SumDays(FactStore& facts, const LeverAccount& account,
                                     const std::set<Day>& days, Level level, std::string_view cut);

/// What a conversion of the campaign may cost, in units of the account's currency: the documents'
/// target (cpa, or roas at the campaign's own value of a conversion), else the platform's target
/// that it bids for; absent: there is none.
std::optional<double> CostMax(const LeverState& state, const LeverAccount& account,
                              const Entity& campaign, const CutSums& whole);

/// Why the platform tells no such cut, as its connector says; empty: it does not say.
std::string NotOfferedWhy(const LeverAccount& account, std::string_view cut);

/// An update of an object of the account with what all levers fill in alike.
Change UpdateOf(const LeverState& state, const LeverAccount& account, const Entity& entity,
                Reason reason);

/// campaign "Spring": for notes.
std::string NameOf(const Entity& entity);

}  // namespace maxopt
