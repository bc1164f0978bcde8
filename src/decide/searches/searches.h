#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "result/result.h"

/// Which searches of a campaign to leave out, and which to buy as keywords of their own. Pure and
/// thread-safe; the same input in any order gives the same bytes.
namespace maxopt {

enum class SearchMatch { kExact, kPhrase, kBroad };

/// A keyword, or a negative one.
struct SearchKeyword {
  SearchMatch match = SearchMatch::kExact;
  std::string text;
};
/// "exact:hiking boots", as in an ad group's "keywords". Errors kInvalidArgument.
Result<SearchKeyword> ParseSearchKeyword(std::string_view keyword);
std::string PrintSearchKeyword(const SearchKeyword& keyword);

/// Words of a search or a keyword: cut at white space, in lower case (Latin, Greek and Cyrillic
/// letters; other bytes as they are).
std::vector<std::string> SearchWords(std::string_view text);

/// Whether a negative keyword keeps ads away from a search: the same words in the same order
/// (exact), its words in a row (phrase), or all of its words anywhere (broad). Negatives know no
/// plurals, synonyms or other close variants.
/// Source   Google Ads Help, "About negative keywords"
bool NegativeBlocks(const SearchKeyword& negative, std::string_view search);
/// The same, and searches that only a misspelling parts from it: one letter put in, left out,
/// changed or swapped in words of four letters or more. Google announced in June 2024 that
/// negatives leave those out too; what must not be lost is held against this.
bool NegativeMayBlock(const SearchKeyword& negative, std::string_view search);

/// Why Google Ads would not take the text as a keyword; empty: it would. At most 80 characters and
/// 10 words, none of ! @ % , * ^ = ; ~ ` < > ? \ | ( ) { } [ ] " and no sign that people do not see
/// or cannot type (controls, directions of writing, emoji).
std::string KeywordProblem(std::string_view text);

/// What one search brought in the days that are judged. Money is in units of one currency.
struct SearchSums {
  std::string term;
  double spend = 0, clicks = 0, conversions = 0;  ///< >= 0, finite; conversions may be fractions
};

struct SearchCampaign {
  std::vector<SearchSums> terms;  ///< one that comes twice adds up
  double other_spend = 0;         ///< of the campaign, in no search that is told
  double other_conversions = 0;
  struct Group {
    std::string id;
    std::vector<std::string> keywords, negatives;  ///< "match:text"
  };
  std::vector<Group> groups;           ///< those that are on
  std::vector<std::string> resting;    ///< keywords of ad groups that are off: not blocked either
  std::vector<std::string> negatives;  ///< of the campaign
  std::vector<std::string> taken;      ///< keywords of the account's other campaigns
  /// What a conversion may cost by the client's target; absent: there is none.
  std::optional<double> cost_max;
};

struct SearchOptions {
  /// Share of false discoveries among the words, one for what loses and one for what gains.
  double false_discoveries = 0.05;
  /// Conversions that its like would have had for the money before a search can lose: with three
  /// expected, none at all is below the 95 % bound (the rule of three: Hanley, Lippman-Hand 1983).
  double lose_expected_min = 3;
  double gain_expected_min = 1;  ///< below it two conversions would be a finding
  /// A search is left out when a conversion of it costs this many times what its like pay. Less is
  /// a matter of bids: most of what is dearer than the average is still worth its money.
  double cost_times = 2;
  std::size_t common_terms = 3;  ///< searches that share words before the words are left out
  std::size_t negatives_max = 20, keywords_max = 10;  ///< of a campaign, in one run
};

/// One word to add, with what speaks for it.
struct SearchWord {
  SearchKeyword keyword{};
  std::string group{};               ///< where to buy it; empty for a negative: the campaign's
  std::vector<std::string> terms{};  ///< the searches that it rests on
  double spend = 0, clicks = 0, conversions = 0;
  double expected = 0;   ///< conversions that its like had for that money
  double reference = 0;  ///< rate of its like: conversions per unit of money
  double rate = 0;       ///< its own, shrunk to its like, with the ends of the 90 % interval
  double rate_low = 0, rate_high = 0;
  double p_value = 1, p_adjusted = 1;
  std::string why{};  ///< of match type and place, one sentence
};

struct SearchAdvice {
  std::vector<SearchWord> negatives;  ///< by spend
  std::vector<SearchWord> keywords;   ///< by conversions beyond its like
  std::vector<std::string> notes;     ///< what stands out and is left as it is, and why
  std::size_t judged = 0;
  double told = 0;  ///< share of the campaign's spend that the searches tell of
};

/// A search loses when it converts less than the rest of its campaign beyond luck (conversions
/// given their sum over both are binomial; adjusted by Benjamini and Hochberg over all searches and
/// words), its rate, shrunk to its like, is below 1/cost_times of theirs, and with a target even
/// the upper end of its interval misses it. Rates: conversions ~ Poisson(rate * spend), rate ~
/// Gamma around the rate of the rest, as wide as makes all counts likeliest (empirical Bayes).
///   exact negative   of one such search, unless it is one of our keywords
///   phrase negative  of up to three words in a row that `common_terms` searches share, where none
///                    of these converted, and together they lose as above
/// None blocks (NegativeMayBlock) a search that converts, or one of our keywords.
/// A search gains when it converts more than the rest without the losers beyond luck and the lower
/// end of its interval meets the target, if any; it becomes an exact keyword of the ad group whose
/// keywords it holds. Errors   kInvalidArgument: a sum or option out of range, a keyword that
/// cannot be read Source   Efron, Morris 1975 (shrinkage); Przyborowski, Wilenski 1940 (two Poisson
/// counts)
Result<SearchAdvice> JudgeSearches(const SearchCampaign& campaign,
                                   const SearchOptions& options = {});

}  // namespace maxopt
