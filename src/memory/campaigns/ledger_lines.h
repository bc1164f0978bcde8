#pragma once
// Inside of this folder: appending within a transaction that is open.
#include <soci/soci.h>

#include "memory/campaigns/ledger.h"

namespace maxopt {

/// Takes the next number and the head's digest. Whoever calls holds a transaction.
LedgerEntry AppendLine(soci::session& sql, LedgerEntry entry);
LedgerEntry ProposedLine(const Plan& plan);

}  // namespace maxopt
