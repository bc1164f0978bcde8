#pragma once
#include <string>
#include <vector>

#include "app/optimize/optimize.h"
#include "apply/apply.h"
#include "domain/plan.h"

/// What the door and the optimiser say, as the JSON that the command line and the API share.
namespace maxopt {

/// The whole plan with its content hash; bytes of files are left out.
std::string PlanJson(const Plan& plan);
std::string MatrixJson(const std::vector<MatrixRow>& matrix);
std::string ApplyJson(const std::string& plan_id, const ApplyReport& report);
std::string OptimizeJson(const OptimizeRun& run);

}  // namespace maxopt
