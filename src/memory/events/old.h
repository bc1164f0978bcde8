#pragma once
#include <string>

#include "memory/events/events.h"

namespace maxopt::events {

/// Takes over the events of a version 1 store, a SQLite file, and then renames it to ".imported".
/// Stopped midway it starts again: what is known already counts as duplicate. Nothing to do without
/// the file.
Result<> TakeOver(const std::string& path, EventStore& store);

}  // namespace maxopt::events
