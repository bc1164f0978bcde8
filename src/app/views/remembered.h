#pragma once
// Inside of this folder: accounts as Max remembers them, where a page must not call a platform.
#include <functional>
#include <memory>

#include "app/views/frame.h"
#include "connect/platform.h"

namespace maxopt::views {

/// Readers whose accounts are made of the newest looks at campaigns and of what Max itself wrote;
/// what they cannot know (metrics, change histories) they refuse. Rules of the platform are those
/// of its connector. kNotFound for an account that is not in the frame.
std::function<Result<std::shared_ptr<PlatformReader>>(const AccountId&)> RememberedReaders(
    const Frame& frame);

}  // namespace maxopt::views
