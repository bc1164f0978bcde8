#pragma once
#include <soci/soci.h>

#include "domain/message.h"

namespace maxopt {

/// Gives the message its id and keeps it, within the caller's transaction. Inside of this folder
/// only.
Message InsertMessage(soci::session& sql, Message message);

}  // namespace maxopt
