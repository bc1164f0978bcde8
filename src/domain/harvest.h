#pragma once
#include <string_view>

namespace maxopt {

/// Whether the name of a campaign or channel says that it reaches people who were about to buy
/// anyway: brand, retargeting, remarketing ("rtg"), retention or abandoned baskets, in any case.
/// "non-brand", "branding" and "brand awareness" do not.
///
/// What platforms claim there is known to be mostly harvest: Blake, Nosko and Tadelis 2015 found
/// next to none of brand search's claimed sales incremental; Gordon et al. 2019 and 2023 found
/// observational counts of other formats too high by multiples.
bool Harvests(std::string_view name);

}  // namespace maxopt
