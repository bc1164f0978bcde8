#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "domain/policy.h"
#include "memory/campaigns/campaigns.h"
#include "result/result.h"

namespace maxopt {

/// What a client allows, from its policy file (schemas/policy.schema.json). Every error names file
/// and line. Unknown and repeated keys are refused: a misspelt cap is not a default.
Result<Policy> ParsePolicy(std::string_view yaml, const std::string& file);
/// The clients and their zones: {clients: [{name, currency, zone}]}.
Result<std::vector<Client>> ParseClients(std::string_view yaml, const std::string& file);

}  // namespace maxopt
