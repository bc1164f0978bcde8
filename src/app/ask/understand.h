#pragma once
// Inside of this folder: what a question is about, by its words alone. Pure.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clock/clock.h"

namespace maxopt::asking {

enum class QuestionKind {
  kWhy,
  kValue,
  kRank,
  kChanges,
  kPacing,
  kNext,
  kDone,
  kTrouble,
  kUnknown,
};
std::string_view QuestionKindName(QuestionKind kind);

struct Vocabulary {
  Day today{};
  std::vector<std::string> platforms;  ///< of the client: "google_ads", "meta"
  /// Id and name of each campaign.
  std::vector<std::pair<std::string, std::string>> campaigns;
};

struct Understood {
  QuestionKind kind = QuestionKind::kUnknown;
  std::string metric{};                ///< "cpa", the first; empty: none was named
  std::vector<std::string> metrics{};  ///< all that were named
  int direction = 0;                   ///< +1: rose, -1: fell, 0: not said
  bool worst = false;                  ///< of a ranking: the worst first
  bool best = false;
  std::string platform{};        ///< one of the vocabulary's
  std::string other_platform{};  ///< named, but the client is not on it
  std::string campaign_id{}, campaign{};
  Day from{}, to{};
  bool period_named = false;  ///< false: the default, the last seven whole days
  /// Words about days that were not understood, so that `from` and `to` may not be what is meant.
  std::vector<std::string> unread_days{};
  /// Other words with a meaning of which nothing above is: a country, a device, a second platform.
  std::vector<std::string> unread{};
};

/// Words in any case; a campaign by its whole name (the longest that stands in the question), a
/// platform by its usual names, a period as people say it ("yesterday", "last week", "last 14
/// days", "on Monday", "in October", "3 November 2026", "since 2026-11-03", "from 2026-11-01 to
/// 2026-11-10"). Weeks begin on Monday; a month or day without a year is the last that began; days
/// that are not over are left out, except where today is asked for. Nothing is dropped: a word that
/// is no part of what was understood, and none that questions are full of, is in `unread`.
Understood Understand(std::string_view question, const Vocabulary& vocabulary);

}  // namespace maxopt::asking
