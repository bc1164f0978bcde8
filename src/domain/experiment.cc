#include "domain/experiment.h"

#include <fmt/format.h>

namespace maxopt {
namespace {

struct Word {
  ExperimentVariable variable;
  std::string_view name;
};
constexpr Word kWords[] = {{ExperimentVariable::kCreative, "creative"},
                           {ExperimentVariable::kAudience, "audience"},
                           {ExperimentVariable::kBid, "bid"},
                           {ExperimentVariable::kGeoHoldout, "geo_holdout"},
                           {ExperimentVariable::kSwitchback, "switchback"}};

}  // namespace

std::string_view ExperimentVariableName(ExperimentVariable variable) {
  for (const Word& word : kWords) {
    if (word.variable == variable) return word.name;
  }
  Bug();
}

Result<ExperimentVariable> FindExperimentVariable(std::string_view name) {
  for (const Word& word : kWords) {
    if (word.name == name) return word.variable;
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("an experiment cannot vary \"{}\"; it varies one of creative, audience, "
                          "bid, geo_holdout, switchback",
                          name));
}

}  // namespace maxopt
