#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "stages/optimize/trials/trials.h"

/// What trials are read on.
namespace maxopt::trials {

double Units(Money money);

/// The client's own revenue by its days, in its currency (ReadBooks); a day without orders rows is
/// not in it.
Result<std::map<Day, double>> RevenueByDay(const TrialsWorld& world, const Client& client, Day from,
                                           Day to);

/// Spend of campaigns by day, all of one channel, in the client's currency by the newest rate; a
/// day without delivery is not in it. kInvalidArgument without a rate.
Result<std::map<Day, double>> SpendByDay(const TrialsWorld& world, const Client& client,
                                         const std::set<AccountId>& accounts,
                                         const std::set<std::string>& campaigns, Day from, Day to);

/// Sales by place and day.
struct PlaceSales {
  std::string source;  ///< "books" | "claims"; empty: there are none
  std::map<std::string, std::map<Day, double>> by_place;
  std::map<std::string, std::map<std::string, std::string>> ids;  ///< place, platform -> id
  std::string note;                                               ///< which, and what that means
};
/// The client's books by place where it gave some (SavePlaceBooks); else what all its platforms
/// claim by country.
Result<PlaceSales> SalesByPlace(const TrialsWorld& world, const std::string& client, Day from,
                                Day to);
/// Spend of campaigns by country over these days.
Result<std::map<std::string, double>> SpendByPlace(FactStore& facts,
                                                   const std::set<AccountId>& accounts,
                                                   const std::set<std::string>& campaigns, Day from,
                                                   Day to);
/// Whether these places have sales on every day from `from` to `to`.
bool Whole(const PlaceSales& sales, const std::set<std::string>& places, Day from, Day to);
/// The first day from which on these places have sales on every day until `to`; at least `from`.
Day WholeFrom(const PlaceSales& sales, const std::set<std::string>& places, Day from, Day to);

/// All places from `from` to `to`, every day before the test; those of `treated` are treated.
GeoPanel PanelOf(const PlaceSales& sales, Day from, Day to, const std::set<std::string>& treated);

}  // namespace maxopt::trials
