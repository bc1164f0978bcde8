#pragma once
// Inside of this folder: the views themselves, one function each, by theme.
#include "app/views/frame.h"

namespace maxopt::views {

// performance.cc: numbers of the platforms by object, cut and time
Result<View> Overview(Frame& frame);
Result<View> AccountsView(Frame& frame);
Result<View> Campaigns(Frame& frame);
Result<View> Series(Frame& frame);

}  // namespace maxopt::views
