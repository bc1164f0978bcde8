#include "app/api/pages.h"

namespace maxopt {

std::span<const Page> BuiltPages() { return {}; }

}  // namespace maxopt
