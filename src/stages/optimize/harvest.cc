#include "stages/optimize/harvest.h"

#include <algorithm>
#include <string>

namespace maxopt {

bool Harvests(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const std::string_view not_brand : {"non-brand", "non_brand", "non brand", "nonbrand"}) {
    for (std::size_t at = text.find(not_brand); at != std::string::npos;
         at = text.find(not_brand)) {
      text.erase(at, not_brand.size());
    }
  }
  constexpr std::string_view kWords[] = {"brand", "retargeting", "remarketing", "retention"};
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

}  // namespace maxopt
