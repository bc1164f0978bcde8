#pragma once
// Inside of this folder: whether an answer says nothing but what the tools gave. Pure.
#include <string>
#include <string_view>
#include <vector>

#include "app/ask/ask.h"
#include "app/ask/evidence.h"

namespace maxopt::asking {

struct Checked {
  std::vector<std::string> lines{};
  std::vector<AskSource> sources{};
  std::string objection{};  ///< empty: it may be shown
};
/// Takes an answer apart and finds each of its numbers in the evidence: with separators of
/// thousands and decimal comma or point, rounded to two or more significant digits, as a percent of
/// a ratio, with a currency that must be the number's own, shortened (12.3k), as a word (seven). A
/// number must belong to a metric that its sentence names, where the sentence names metrics, and to
/// an object that the sentence names, where it names objects of the data; a change must go the way
/// that the sentence says. Days must lie in a period of the data. Names that hold digits must stand
/// in quotation marks. Refused as well: addresses, markup, more than kAnswerMax characters.
Checked CheckAnswer(std::string_view text, const Evidence& evidence);
inline constexpr std::size_t kAnswerMax = 3000;

}  // namespace maxopt::asking
