#pragma once
// Inside of this folder: matching of words that were cut once.
#include <string>
#include <vector>

#include "decide/searches/searches.h"

namespace maxopt::searches {

/// NegativeBlocks and NegativeMayBlock of a negative's words and a search's.
bool Blocks(SearchMatch match, const std::vector<std::string>& wanted,
            const std::vector<std::string>& typed);
bool MayBlock(SearchMatch match, const std::vector<std::string>& wanted,
              const std::vector<std::string>& typed);

}  // namespace maxopt::searches
