#pragma once
#include <string>
#include <string_view>

#include "sim/meta/model.h"

/// Meta's rules about what an object may be. Each check sees the object as it would be after the
/// write (stored fields with the given ones over them), so creates and updates obey the same rules.
namespace maxopt::sim::meta {

/// Lowest daily budgets of a currency, in minor units.
struct MinimumBudgets {
  std::int64_t impressions;
  std::int64_t high_frequency;  ///< billed by click or action
  std::int64_t low_frequency;   ///< billed by rare action
  std::int64_t video_views;
};
MinimumBudgets MinimumsOf(Currency currency);
/// The currencies that minimum_budgets lists.
std::vector<Currency> ListedCurrencies();

/// What a check needs to know beside the object.
struct CheckContext {
  const Account& account;
  Instant now;
  int version_major;  ///< 26 of "v26.0"
  bool create;
  const Json& given;         ///< canonical fields of this write
  std::int64_t spent_minor;  ///< by the object so far, rounded up
};

Graph<> CheckCampaign(const Object& campaign, const CheckContext& context);
Graph<> CheckAdSet(const Object& adset, const CheckContext& context);
/// A video is processed for a while before it may be shown.
std::string VideoStatus(const Object& video, Instant now);
Graph<> CheckCreative(const Object& creative, const Account& account, Instant now);

/// Whether an ad set is shown in the European Union or its territories.
bool InEuropeanUnion(const Object& adset);

/// Fill the derived members that the market asks for every hour; an ad set also gets the ages that
/// Meta fills in. Require an object that passed its check.
void DeriveAdSet(Object* adset);
void DeriveCreative(Object* creative);

bool IsHttpsUrl(std::string_view text);

}  // namespace maxopt::sim::meta
