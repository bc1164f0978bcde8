#pragma once
// Inside of this folder: the shapes that reviews refuse in a text, and the rules about them.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "memory/platforms/platforms.h"

namespace maxopt::checks {

/// What of `text` has the form (one of kTextForms), quoted for people; nullopt: nothing.
///   capitals              a word of five capital letters or more, or two neighbours of three and
///                         more; words with digits are codes, and `names` are spelt as they like
///   alternating_case      five letters or more that change case at every step: "FlOwErS"
///   spaced_letters        single letters held apart: "S A L E", "F.L.O.W.E.R.S"; with full stops
///                         five or more, as initials are written so
///   repeated_punctuation  "!!", "?!", "$$", "**", "....": an ellipsis of three dots is one mark
///   exclamation           an exclamation mark
///   emoji, symbols        emoji; arrows, stars, bullets and the like
///   fancy_letters         letters of mathematics, full width or superscript instead of plain ones
///   spacing               punctuation at the beginning, or a comma or full stop after a space
///   phone_number          7 to 15 digits written as telephone numbers are; dates, years and
///                         thousands are none
std::optional<std::string> FindForm(std::string_view form, std::string_view text,
                                    const std::vector<std::string>& names);

/// What of `text` breaks the rule, in words for people; nullopt: nothing.
std::optional<std::string> Breaks(const ReviewRule& rule, std::string_view field,
                                  std::string_view ad_type, std::string_view text,
                                  const std::vector<std::string>& names);

/// What is said of such a rule, before its own words.
inline constexpr std::string_view kForAPerson = "a person has to judge it: ";
/// Nothing a program can see.
bool ForAPerson(const ReviewRule& rule);

/// Rules of every platform. A platform's own rule of the same id takes its place there, and keeps
/// the words and readers of this one beside its own.
std::span<const ReviewRule> CommonRules();
/// A platform's rule with what it inherits.
ReviewRule WithCommon(ReviewRule rule);

}  // namespace maxopt::checks
