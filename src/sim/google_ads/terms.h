#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/market/market.h"

/// What people typed before they saw an ad, and how an ad's hour is cut into parts. Pure: the same
/// words give the same searches on every machine.
namespace maxopt::sim::google_ads {

/// How one part of a row compares with the others.
struct Part {
  std::int64_t weight;        ///< of the impressions; 0 gets none
  int click_percent = 100;    ///< clicks per impression, against the others
  int convert_percent = 100;  ///< conversions per click; 0: never converts
};
struct Amounts {
  std::int64_t spend_micros = 0;
  std::int64_t impressions = 0;
  std::int64_t clicks = 0;
  std::int64_t conversions_click = 0;
  std::int64_t conversions_view = 0;
  std::int64_t revenue_click_micros = 0;
  std::int64_t revenue_view_micros = 0;
};
/// Cuts a row: the parts sum to it, amount by amount. No part has more clicks than impressions
/// where the row has not; conversions go to parts that convert, those with clicks first, and
/// revenue goes with the conversions. `luck` decides who gets what cannot be divided. No parts:
/// nothing.
std::vector<Amounts> CutRow(const ReportRow& row, std::span<const Part> parts, std::uint64_t luck);

/// A search that a keyword meets.
struct SearchTerm {
  std::string text;
  std::string match;  ///< SearchTermMatchType: EXACT, NEAR_EXACT, PHRASE, BROAD
  Part part;
};
/// The searches of a keyword (match_type EXACT, PHRASE or BROAD): itself and its close variants; of
/// PHRASE also what holds it, buying words, words of people who will never buy, and a long tail; of
/// BROAD also what is only near it. Which of them, and how many, is the keyword's own luck.
std::vector<SearchTerm> TermsOf(std::string_view keyword, std::string_view match_type);

/// Whether a negative keyword keeps ads away from a search: the same words (EXACT), the words in a
/// row (PHRASE), or all of them anywhere (BROAD). Google excludes no close variants.
bool Excludes(std::string_view negative, std::string_view match_type, std::string_view search);

/// Impressions in an ad group and a day below which a search is not listed. Google hides what few
/// people searched for and tells no number; this one is the simulator's own, so that a small
/// campaign misses a noticeable part of its searches and a large one a small part.
inline constexpr std::int64_t kListedImpressionsMin = 10;

}  // namespace maxopt::sim::google_ads
