#pragma once
#include <memory>
#include <string>

#include "app/cli/commands.h"
#include "memory/campaigns/users.h"

namespace maxopt {

/// The home's users; the folder is made when it is missing.
Result<std::unique_ptr<UserStore>> OpenUsers(const CommandContext& context);

/// A one-time login, good for 15 minutes: "http://127.0.0.1:8787/#link=...". `user` empty: the
/// system's user where it is an admin, else the first admin. With no users at all the system's user
/// becomes one, admin and without a password, since whoever can write this home may do all of it.
Result<std::string> LoginLink(UserStore& users, const std::string& origin, const std::string& user);

}  // namespace maxopt
