#pragma once
#include <compare>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "result/result.h"

namespace maxopt {

/// A part of a campaign whose bids are multiplied: by "device", "country" or "location" (the
/// platform's id of a region or city).
struct BidPart {
  std::string dimension;
  std::string value;  ///< "mobile", "DE", "1003854"
  friend bool operator==(const BidPart&, const BidPart&) = default;
  friend auto operator<=>(const BidPart&, const BidPart&) = default;
};
/// Part -> what bids are multiplied by there, in basis points: 9'000 is 0.9, 10 % less; 0 is not
/// at all. A part that is not in it, or at 10'000, is bid on as it is.
using BidModifiers = std::map<BidPart, std::int64_t>;
inline constexpr std::int64_t kNoModifierBp = 10'000;

/// Words of the dimension "device".
std::span<const std::string_view> BidDevices();

/// Entries of the field "bid_modifiers": "device:mobile 0.9", "country:DE 1.25", "location:1003854
/// 0", a plain decimal of at most four places. What is 1 is left out: it modifies nothing.
/// kInvalidArgument names the entry and what is wrong: another dimension or device, no ISO code,
/// no number from 0 to 100, a part that stands there twice.
Result<BidModifiers> ParseBidModifiers(const std::vector<std::string>& entries);

/// Sorted, the shortest decimal: "device:mobile 0.9". What is 1 is left out.
std::vector<std::string> PrintBidModifiers(const BidModifiers& modifiers);
/// 9'000 -> "0.9".
std::string PrintModifier(std::int64_t bp);

/// The modifier of a part; 10'000 where there is none.
std::int64_t ModifierOf(const BidModifiers& modifiers, const BidPart& part);

/// True when no part is bid more for than before.
bool LowersModifiers(const BidModifiers& before, const BidModifiers& after);

}  // namespace maxopt
