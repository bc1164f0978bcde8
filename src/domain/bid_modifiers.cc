#include "domain/bid_modifiers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

namespace maxopt {
namespace {

constexpr std::string_view kDevices[] = {"connected_tv", "desktop", "mobile", "tablet"};
constexpr std::size_t kDecimals = 4;
constexpr std::int64_t kMostBp = 1'000'000;  // 100 times: beyond what any platform takes

/// 9'000 of "0.9". Read digit by digit: no double comes near an amount that bids are made of.
std::optional<std::int64_t> BasisPoints(std::string_view text) {
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view part =
      point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  const auto digits = [](std::string_view one) {
    return !one.empty() &&
           std::all_of(one.begin(), one.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (!digits(whole) || whole.size() > 3 || part.size() > kDecimals) return std::nullopt;
  if (point != std::string_view::npos && !digits(part)) return std::nullopt;
  std::int64_t bp = 0;
  for (const char c : whole) bp = 10 * bp + (c - '0');
  for (std::size_t i = 0; i < kDecimals; ++i) bp = 10 * bp + (i < part.size() ? part[i] - '0' : 0);
  return bp <= kMostBp ? std::optional(bp) : std::nullopt;
}

bool IsCountry(std::string_view text) {
  return text.size() == 2 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// What is wrong with the part; empty: nothing.
std::string WrongPart(const BidPart& part) {
  if (part.dimension == "device") {
    if (std::find(std::begin(kDevices), std::end(kDevices), part.value) != std::end(kDevices)) {
      return {};
    }
    return fmt::format("names no device ({})", fmt::join(kDevices, ", "));
  }
  if (part.dimension == "country") {
    return IsCountry(part.value) ? "" : "names no country by its ISO 3166-1 alpha-2 code";
  }
  if (part.dimension == "location") {
    return part.value.empty() ? "names no location by the platform's id" : "";
  }
  return "names no device, country or location";
}

}  // namespace

std::span<const std::string_view> BidDevices() { return kDevices; }

Result<BidModifiers> ParseBidModifiers(const std::vector<std::string>& entries) {
  BidModifiers out;
  for (const std::string& entry : entries) {
    const auto wrong = [&](std::string_view why) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("bid_modifiers: \"{}\" {}; write it like \"device:mobile 0.9\" or "
                              "\"country:DE 1.25\"",
                              entry, why));
    };
    const std::size_t space = entry.rfind(' ');
    const std::size_t colon = entry.find(':');
    if (space == std::string::npos || colon == std::string::npos || colon > space) {
      return wrong("has no part and factor");
    }
    BidPart part{entry.substr(0, colon), entry.substr(colon + 1, space - colon - 1)};
    if (const std::string why = WrongPart(part); !why.empty()) return wrong(why);
    const auto bp = BasisPoints(std::string_view(entry).substr(space + 1));
    if (!bp) return wrong("has no factor from 0 to 100 of at most four decimal places");
    if (!out.emplace(std::move(part), *bp).second) return wrong("is about a part named before");
  }
  std::erase_if(out, [](const auto& one) { return one.second == kNoModifierBp; });
  return out;
}

std::string PrintModifier(std::int64_t bp) {
  std::string text = fmt::format("{}.{:04}", bp / kNoModifierBp, bp % kNoModifierBp);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::vector<std::string> PrintBidModifiers(const BidModifiers& modifiers) {
  std::vector<std::string> out;
  for (const auto& [part, bp] : modifiers) {
    if (bp == kNoModifierBp) continue;
    out.push_back(fmt::format("{}:{} {}", part.dimension, part.value, PrintModifier(bp)));
  }
  return out;
}

std::int64_t ModifierOf(const BidModifiers& modifiers, const BidPart& part) {
  const auto at = modifiers.find(part);
  return at == modifiers.end() ? kNoModifierBp : at->second;
}

bool LowersModifiers(const BidModifiers& before, const BidModifiers& after) {
  const auto higher = [&](const auto& one) {
    return ModifierOf(after, one.first) > ModifierOf(before, one.first);
  };
  return std::none_of(before.begin(), before.end(), higher) &&
         std::none_of(after.begin(), after.end(), higher);
}

}  // namespace maxopt
