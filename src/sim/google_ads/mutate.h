#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/google_ads/errors.h"
#include "sim/google_ads/store.h"

/// Writes: Google's rules for create, update and remove.
namespace maxopt::sim::google_ads {

struct Operation {
  Type type;
  nlohmann::json body;  ///< canonical {"create"} | {"update","updateMask"} | {"remove"}
  Path path;            ///< where in the request: operations[0], or mutate_operations[0].xxx
};
struct MutateOptions {
  bool partial_failure = false;
  bool validate_only = false;
  Instant now;
  Author author;
};
struct Written {
  Type type;
  std::string resource_name;
  nlohmann::json resource;  ///< with every field that can be set
};
struct MutateOutcome {
  std::vector<AdsError> errors;  ///< of all operations, in their order
  /// One per operation; nullopt: that one failed (partial failure). Empty when nothing was written
  /// because of an error or of validate_only.
  std::vector<std::optional<Written>> results;
};

/// Without partial_failure all or nothing is written. Temporary ids (negative, in the resource name
/// of a create) may be used by later operations of the same call, across types.
MutateOutcome Mutate(Account& account, const std::vector<Operation>& operations,
                     const MutateOptions& options);

}  // namespace maxopt::sim::google_ads
