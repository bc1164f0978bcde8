#pragma once
#include <string>
#include <vector>

#include "app/home/home.h"
#include "domain/message.h"

namespace maxopt {

/// The outputs of optimisation into the outbox, from plans, ledger, facts and open alerts; those
/// that were sent. Errors: kNotFound for the client, and our own memory's.
Result<std::vector<Message>> TellInsights(Home& home, const std::string& client);

}  // namespace maxopt
