#pragma once
#include "domain/entity.h"
#include "sim/meta/model.h"

namespace maxopt::sim::meta {

/// What a person sets in Meta's screens, as the parameters that those screens send. Requires an
/// object of the account. kInvalidArgument for what they cannot set there.
Result<Params> EditOf(const Fields& changes, const Object& object, const Account& account);

}  // namespace maxopt::sim::meta
