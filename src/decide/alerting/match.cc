#include "decide/alerting/match.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace maxopt {
namespace {

constexpr std::array<std::string_view, 10> kKeys = {"client", "detector", "kpi",     "direction",
                                                    "level",  "tier",     "account", "campaign",
                                                    "object", "alert"};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> Split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(by);
    parts.push_back(Trim(text.substr(0, at)));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool Takes(std::string_view pattern, std::string_view value) {
  if (pattern.ends_with('*')) return value.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == value;
}

/// "google_ads/123/campaign/77" -> "77"
std::string LastPart(const std::string& subject) { return subject.substr(subject.rfind('/') + 1); }

std::string ValueOf(std::string_view key, const AlertEntry& entry) {
  const Condition& c = entry.alert.condition;
  if (key == "client") return c.client;
  if (key == "detector") return c.detector;
  if (key == "kpi") return c.kpi;
  if (key == "direction") return c.direction;
  if (key == "level") return std::string(LevelName(c.level));
  if (key == "tier") return std::string(AlertTierName(entry.alert.tier));
  if (key == "account") return c.account ? PrintAccount(*c.account) : "";
  if (key == "campaign") return LastPart(entry.campaign);
  if (key == "object") return c.object_id;
  return entry.alert.id;
}

}  // namespace

Result<AlertMatcher> ParseMatcher(std::string_view text) {
  AlertMatcher matcher;
  if (Trim(text).empty()) return matcher;
  for (const std::string_view part : Split(text, ',')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("\"{}\" is no term of a matcher; write key=value, joined by commas, "
                              "with a key of {}",
                              part.substr(0, 80), fmt::join(kKeys, ", ")));
    }
    AlertMatcher::Term term;
    term.negated = part[equals - 1] == '!';
    term.key = Trim(part.substr(0, equals - (term.negated ? 1 : 0)));
    if (std::find(kKeys.begin(), kKeys.end(), term.key) == kKeys.end()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("\"{}\" is not known to matchers; known are {}",
                              term.key.substr(0, 80), fmt::join(kKeys, ", ")));
    }
    for (const std::string_view value : Split(part.substr(equals + 1), '|')) {
      if (value.empty()) {
        return Fail(
            Errc::kInvalidArgument,
            fmt::format("{} has no value; leave the term out to take everything", term.key));
      }
      term.values.emplace_back(value);
    }
    matcher.terms.push_back(std::move(term));
  }
  return matcher;
}

bool Matches(const AlertMatcher& matcher, const AlertEntry& entry) {
  return std::all_of(matcher.terms.begin(), matcher.terms.end(), [&](const auto& term) {
    const std::string value = ValueOf(term.key, entry);
    const bool taken = std::any_of(term.values.begin(), term.values.end(),
                                   [&](const std::string& v) { return Takes(v, value); });
    return taken != term.negated;
  });
}

}  // namespace maxopt
