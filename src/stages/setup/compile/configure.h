#pragma once
#include <vector>

#include "stages/setup/compile/compile.h"

namespace maxopt {

/// The brief's experiments over the objects that were compiled: arms resolved to addresses, sample
/// from the power calculation, end from the sample (geo holdout) or the flight. kInvalidArgument
/// names experiment and place: an arm that nothing answers to, a rate out of range.
Result<std::vector<Experiment>> PlanExperiments(const CampaignDocuments& documents,
                                                const Desired& desired);

/// What will be watched on each campaign: the brief's KPIs, and always spend, delivery, review and
/// tracking. The interval follows the importance, the thresholds the KPI's variance tier.
std::vector<Watch> PlanWatches(const CampaignDocuments& documents, const Desired& desired);

}  // namespace maxopt
