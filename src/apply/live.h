#pragma once
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "domain/change.h"

namespace maxopt {

/// Fields of `wanted` that the live object has with another value, "daily_budget is 80.00 EUR,
/// wanted 100.00 EUR"; those it does not tell are left out: a platform that does not say is not a
/// platform that disagrees. A created object's name may carry its marker.
std::vector<std::string> Differences(const Change& change, const Fields& wanted,
                                     const Fields& live);

/// Money and status that the live object does not tell: without them a write cannot be called
/// verified.
std::vector<std::string> Untold(const Change& change, const Fields& live);

/// The objects of account trees by account and platform id.
class LiveIndex {
 public:
  explicit LiveIndex(std::span<const AccountTree> trees);
  bool Has(const AccountId& account) const;
  const Entity* Find(const AccountId& account, Level level, const std::string& id) const;
  /// Objects directly below.
  std::vector<const Entity*> Below(const AccountId& account, const std::string& id) const;

 private:
  /// Ids are unique within one level only.
  std::map<AccountId, std::map<std::pair<Level, std::string>, const Entity*>> by_id_;
  std::map<AccountId, std::multimap<std::string, const Entity*>> by_parent_;
};

}  // namespace maxopt
