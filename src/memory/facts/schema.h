#pragma once
#include "memory/facts/duck.h"

namespace maxopt::facts {

/// Brings the file to this program's schema, step by step, each step in its own transaction.
/// kLocal for a file that a newer program wrote.
Result<> MigrateSchema(Connection& connection);

}  // namespace maxopt::facts
