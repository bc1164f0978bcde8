#pragma once
#include <string>
#include <vector>

#include "domain/entity.h"
#include "sim/google_ads/mutate.h"

/// What a person does in Google's screens, as the operations that it is.
namespace maxopt::sim::google_ads {

/// Fields of the shared catalogue -> operations on the object and on its criteria. kNotFound and
/// kInvalidArgument name object and field.
Result<std::vector<Operation>> OperationsOfEdit(const Account& account, Level level,
                                                const std::string& id, const Fields& changes);

}  // namespace maxopt::sim::google_ads
