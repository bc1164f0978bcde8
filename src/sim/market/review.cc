#include <algorithm>
#include <cctype>
#include <string>

#include "sim/market/market.h"
#include "sim/market/random.h"

namespace maxopt::sim {
namespace {

struct Forbidden {
  std::string_view phrase;
  std::string_view reason;
};
constexpr Forbidden kForbidden[] = {
    {"miracle cure", "MISLEADING_CONTENT"},
    {"guaranteed results", "UNRELIABLE_CLAIMS"},
    {"click here now", "CLICKBAIT"},
};

}  // namespace

Review ReviewOf(std::string_view text, Instant submitted_at, Instant now) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  // One to six hours, by the text: the same ad waits equally long on every run.
  const auto wait = std::chrono::minutes(60 + static_cast<int>(HashText(lower) % 300));
  if (now < submitted_at + wait) return {"pending", "", ""};
  for (const auto& forbidden : kForbidden) {
    if (lower.find(forbidden.phrase) != std::string::npos) {
      return {"rejected", std::string(forbidden.reason), std::string(forbidden.phrase)};
    }
  }
  return {"approved", "", ""};
}

}  // namespace maxopt::sim
