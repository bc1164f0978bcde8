#pragma once
// Inside of this folder: accounts as Max remembers them, where a page must not call a platform.
#include <functional>
#include <memory>

#include "app/views/frame.h"
#include "connect/platform.h"

namespace maxopt::views {

using Readers = std::function<Result<std::shared_ptr<PlatformReader>>(const AccountId&)>;
/// Readers whose accounts are made of the newest looks at campaigns and of what Max itself wrote,
/// with the first days of their media plans; what they cannot know (metrics, change histories) they
/// refuse. Rules of the platform are those of its connector. kNotFound for an account that is not
/// in the frame.
Result<Readers> RememberedReaders(Frame& frame);

}  // namespace maxopt::views
