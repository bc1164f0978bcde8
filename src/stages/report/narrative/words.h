#pragma once
#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// What a text speaks of, by its English words alone. Pure.
namespace maxopt::report {

/// Metrics that stand in a text: "cpa" for "cost per conversion". Sorted, each once.
std::vector<std::string> MetricsIn(std::string_view text);
/// +1: words of growth only, -1: words of decline only, 0: neither or both.
int DirectionIn(std::string_view text);

/// What an English text says beside its numbers, as far as words tell: which metrics and platforms
/// it names, whether it says more or less, above or below, whether it denies, claims, expects,
/// judges, names a cause or a time to compare with. Two texts of one meaning have the same; equal
/// ones need not mean the same.
std::set<std::string> MeaningIn(std::string_view text);

/// Lower case, with everything but letters, digits and what stands within words as one space, and a
/// space at both ends: " word " is then found as a whole word. Bytes above ASCII are letters.
std::string Normalised(std::string_view text);
/// The metric that such a text names first; empty: none.
std::string FirstMetricIn(const std::string& normalised);
bool HasWord(const std::string& normalised, std::string_view words);
template <class List>
bool HasAny(const std::string& normalised, const List& list) {
  return std::ranges::any_of(list,
                             [&](std::string_view words) { return HasWord(normalised, words); });
}
void TakeOut(std::string& normalised, std::string_view words);

}  // namespace maxopt::report
