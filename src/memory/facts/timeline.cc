#include "memory/facts/timeline.h"

#include <algorithm>
#include <map>

namespace maxopt::facts {

std::optional<std::int64_t> ContentAt(std::span<const Span> spans, Instant at) {
  const auto after = std::ranges::upper_bound(spans, at, {}, &Span::from);
  if (after == spans.begin()) return std::nullopt;
  return std::prev(after)->content;
}

std::vector<Span> Observe(std::span<const Span> spans, std::span<const Instant> seen_later,
                          Instant at, std::int64_t content) {
  std::map<Instant, std::int64_t> seen;
  for (const Span& span : spans) seen[span.from] = span.content;
  for (const Instant later : seen_later) {
    if (const auto then = ContentAt(spans, later)) seen[later] = *then;
  }
  seen[at] = content;
  std::vector<Span> observed;
  for (const auto& [from, what] : seen) {
    if (!observed.empty()) {
      if (observed.back().content == what) continue;
      observed.back().to = from;
    }
    observed.push_back({what, from, std::nullopt});
  }
  return observed;
}

}  // namespace maxopt::facts
