#pragma once
#include <string>
#include <vector>

#include "apply/apply.h"
#include "domain/plan.h"
#include "memory/facts/facts.h"
#include "stages/optimize/optimize.h"
#include "stages/setup/setup.h"

namespace maxopt {

/// A plan as a person approves it: + create, ~ update (old -> new), - pause or remove, by account;
/// worst-day exposure before and after; guards; notes.
std::string PlanText(const Plan& plan);
std::string PlanJson(const Plan& plan);
std::string FindingsText(const std::vector<Finding>& findings);
std::string FindingsJson(const std::vector<Finding>& findings);
std::string ApplyText(const std::string& plan_id, const ApplyReport& report);
/// One orphan, two lines.
std::string OrphanText(const Orphan& orphan);
std::string ApplyJson(const std::string& plan_id, const ApplyReport& report);
std::string TableText(const FactTable& table);
std::string RecommendationText(const Recommendation& recommendation);
std::string RecommendationJson(const Recommendation& recommendation);

}  // namespace maxopt
