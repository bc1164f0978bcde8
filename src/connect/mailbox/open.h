#pragma once
#include <memory>
#include <string>

#include "connect/mailbox/mailbox.h"

/// The two kinds of mailbox; within the folder.
namespace maxopt {
std::unique_ptr<Mailbox> OpenImap(const MailboxAt& at);
std::unique_ptr<Mailbox> OpenMaildir(const std::string& folder);
}  // namespace maxopt
