#include "domain/harvest.h"

#include <algorithm>
#include <string>

namespace maxopt {
namespace {

constexpr std::string_view kWords[] = {"retarget", "remarket", "retention", "abandon"};
constexpr std::string_view kNotBrand[] = {"non-brand", "non_brand", "non brand", "nonbrand",
                                          "branding"};

bool IsLetter(char c) { return c >= 'a' && c <= 'z'; }

/// As a word of its own: "rtg" is not in "mortgage".
bool HasWord(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !IsLetter(text[at - 1])) && (end == text.size() || !IsLetter(text[end]))) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool Harvests(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto has = [&](std::string_view word) { return text.find(word) != std::string::npos; };
  if (std::ranges::any_of(kWords, has) || HasWord(text, "rtg")) return true;
  for (const std::string_view word : kNotBrand) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word)) {
      text.erase(at, word.size());
    }
  }
  return has("brand") && !has("awareness");
}

}  // namespace maxopt
