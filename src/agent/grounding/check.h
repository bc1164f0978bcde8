#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/grounding/evidence.h"

/// Whether a model's words say nothing but what it was given. Pure.
namespace maxopt::grounding {

/// Where a number of an answer stands in the data.
struct NumberSource {
  std::size_t line = 0;  ///< of the answer's lines
  std::string text;      ///< as it stands in the line: "€12.34"
  std::string where;     ///< "campaigns[meta/1/11].cpa", "d2 = count of ..."
  std::string label;     ///< "CPA, Spring sale"
  std::string link{};    ///< as ViewRow::link; empty: nowhere
};

struct Checked {
  std::vector<std::string> lines{};
  std::vector<NumberSource> sources{};
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

}  // namespace maxopt::grounding
