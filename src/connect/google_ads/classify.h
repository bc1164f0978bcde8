#pragma once
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "result/result.h"

namespace maxopt::google_ads {

/// What became of each operation of a call with partial failure: its id, or its error. `keys`: of
/// each result, "campaignResult". nullopt when the answer cannot be mapped to the operations: their
/// number differs, an error names no operation, or an operation both failed and has a result, or
/// has neither. Then nothing is known of any of them. Pure.
std::optional<std::vector<Result<std::string>>> ItemsOfBatch(const nlohmann::json& answer,
                                                             const std::vector<std::string>& keys);

}  // namespace maxopt::google_ads
