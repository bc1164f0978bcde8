#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "app/render/render.h"
#include "apply/apply.h"
#include "domain/plan.h"
#include "memory/facts/facts.h"
#include "stages/optimize/optimize.h"

namespace maxopt {

/// Control characters of names from outside must not reach a terminal.
std::string Clean(std::string_view text);

/// A plan as a person approves it: + create, ~ update (old -> new), - pause or remove, by account;
/// worst-day exposure before and after; guards; notes.
std::string PlanText(const Plan& plan);
/// What became of the documents' fields: what is refused or translated, and with `all` the rest.
std::string MatrixText(const std::vector<MatrixRow>& matrix, bool all);
std::string ApplyText(const std::string& plan_id, const ApplyReport& report);
/// One orphan, two lines.
std::string OrphanText(const Orphan& orphan);
std::string TableText(const FactTable& table);
std::string RecommendationText(const Recommendation& recommendation);
std::string RecommendationJson(const Recommendation& recommendation);

}  // namespace maxopt
