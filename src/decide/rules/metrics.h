#pragma once
#include <span>
#include <string_view>

#include "decide/rules/rules.h"

namespace maxopt::rules {

enum class Unit { kMoney, kShare, kFactor, kCount };

/// One metric, as data.
struct Info {
  RuleMetric metric;
  std::string_view name;
  Unit unit;
  bool setting;      ///< of the object as it is now, without a window
  bool sum;          ///< adds over days, so windows of several lengths do not compare
  bool bounds;       ///< how well it is known can be told
  bool conversions;  ///< rests on what platforms still restate
  bool target;       ///< a KPI that has targets
};
std::span<const Info> Catalogue();
const Info& InfoOf(RuleMetric metric);
/// nullptr: there is none of that name.
const Info* Find(std::string_view name);

}  // namespace maxopt::rules
