#include "app/ask/understand.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "result/result.h"
#include "stages/report/narrative/words.h"

namespace maxopt::asking {
namespace {

using report::DirectionIn;
using report::FirstMetricIn;
using report::HasAny;
using report::HasWord;
using report::Normalised;
using report::TakeOut;
using std::chrono::days;

constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};

constexpr std::array<std::string_view, 11> kSmallNumbers = {
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"};

std::vector<std::string> WordsOf(const std::string& normalised) {
  std::vector<std::string> out;
  for (std::size_t at = 1; at < normalised.size();) {
    const std::size_t end = normalised.find(' ', at);
    if (end == std::string::npos) break;
    out.push_back(normalised.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::optional<int> CountIn(const std::string& word) {
  int count = 0;
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), count);
  if (code == std::errc() && end == word.data() + word.size() && count >= 1 && count <= 400) {
    return count;
  }
  const auto at = std::ranges::find(kSmallNumbers, std::string_view(word));
  if (at == kSmallNumbers.end()) return std::nullopt;
  return static_cast<int>(at - kSmallNumbers.begin()) + 2;
}

Day FirstOfMonth(Day day) {
  const std::chrono::year_month_day date{day};
  return Day(std::chrono::local_days(date.year() / date.month() / 1));
}
Day LastOfMonth(Day day) {
  const std::chrono::year_month_day date{day};
  return Day(std::chrono::local_days(date.year() / date.month() / std::chrono::last));
}
Day Monday(Day day) {
  const std::chrono::weekday weekday{day};
  return day - (weekday - std::chrono::Monday);
}

/// False: no period stands there.
bool ReadPeriod(const std::string& text, Day today, Understood& out) {
  const Day yesterday = today - days(1);
  const auto set = [&](Day from, Day to) {
    out.from = from;
    out.to = std::max(from, to);
    return true;
  };
  const std::vector<std::string> words = WordsOf(text);
  std::vector<Day> named;
  for (const std::string& word : words) {
    if (const auto day = ParseDay(word)) named.push_back(*day);
  }
  if (named.size() >= 2) {
    return set(std::min(named[0], named[1]), std::max(named[0], named[1]));
  }
  if (named.size() == 1) {
    if (HasWord(text, "since")) return set(named[0], std::max(named[0], yesterday));
    return set(named[0], named[0]);
  }
  if (HasWord(text, "day before yesterday")) return set(today - days(2), today - days(2));
  if (HasWord(text, "yesterday")) return set(yesterday, yesterday);
  if (HasWord(text, "today") || HasWord(text, "so far today")) return set(today, today);
  if (HasWord(text, "last week") || HasWord(text, "previous week")) {
    return set(Monday(today) - days(7), Monday(today) - days(1));
  }
  if (HasWord(text, "this week")) {
    return set(Monday(today), std::max(Monday(today), yesterday));
  }
  if (HasWord(text, "last month") || HasWord(text, "previous month")) {
    const Day last = FirstOfMonth(today) - days(1);
    return set(FirstOfMonth(last), last);
  }
  if (HasWord(text, "this month")) {
    return set(FirstOfMonth(today), std::max(FirstOfMonth(today), yesterday));
  }
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] != "last" && words[i] != "past" && words[i] != "previous") continue;
    const auto count = CountIn(words[i + 1]);
    const std::string unit = count && i + 2 < words.size() ? words[i + 2] : "";
    if (unit == "days" || unit == "day") return set(today - days(*count), yesterday);
    if (unit == "weeks" || unit == "week") return set(today - days(7 * *count), yesterday);
  }
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    // "may" is a word of its own; a month is what is in, since or during.
    bool found = false;
    for (const std::string_view before : {"in", "of", "during"}) {
      found = found || HasWord(text, std::string(before) + " " + std::string(kMonths[i]));
    }
    if (!found) continue;
    const std::chrono::year_month_day now{today};
    const std::chrono::month month{static_cast<unsigned>(i + 1)};
    auto year = now.year();
    if (month > now.month()) --year;
    const Day first{std::chrono::local_days(year / month / 1)};
    return set(first, std::min(LastOfMonth(first), yesterday));
  }
  return false;
}

struct PlatformWords {
  std::string_view platform, words;
};
constexpr PlatformWords kPlatformWords[] = {
    {"google_ads", "google ads"},   {"google_ads", "google"},
    {"google_ads", "adwords"},      {"meta", "meta"},
    {"meta", "facebook"},           {"meta", "instagram"},
    {"tiktok", "tiktok"},           {"tiktok", "tik tok"},
    {"microsoft", "microsoft ads"}, {"microsoft", "microsoft"},
    {"microsoft", "bing"},          {"linkedin", "linkedin"},
    {"pinterest", "pinterest"},     {"snapchat", "snapchat"},
    {"amazon", "amazon"},           {"reddit", "reddit"},
};

}  // namespace

std::string_view QuestionKindName(QuestionKind kind) {
  switch (kind) {
    case QuestionKind::kWhy:
      return "why";
    case QuestionKind::kValue:
      return "value";
    case QuestionKind::kRank:
      return "rank";
    case QuestionKind::kChanges:
      return "changes";
    case QuestionKind::kPacing:
      return "pacing";
    case QuestionKind::kNext:
      return "next";
    case QuestionKind::kDone:
      return "done";
    case QuestionKind::kTrouble:
      return "trouble";
    case QuestionKind::kUnknown:
      return "unknown";
  }
  Bug();
}

Understood Understand(std::string_view question, const Vocabulary& vocabulary) {
  Understood out;
  std::string text = Normalised(question);

  // A campaign's name may hold any word of the rest, so it goes first.
  std::string found_name;
  for (const auto& [id, name] : vocabulary.campaigns) {
    const std::string wanted = Normalised(name);
    // A name of one letter is in every other sentence.
    if (wanted.size() < 5 || wanted.size() <= found_name.size()) continue;
    if (text.find(wanted) == std::string::npos) continue;
    found_name = wanted;
    out.campaign_id = id;
    out.campaign = name;
  }
  if (!found_name.empty()) text.replace(text.find(found_name), found_name.size(), " ");

  for (const PlatformWords& words : kPlatformWords) {
    if (!HasWord(text, words.words)) continue;
    TakeOut(text, words.words);
    const bool known =
        std::ranges::find(vocabulary.platforms, words.platform) != vocabulary.platforms.end();
    if (known && out.platform.empty()) out.platform = words.platform;
    if (!known && out.other_platform.empty()) out.other_platform = words.platform;
  }
  // A platform that has no usual names above is called as the data call it.
  for (const std::string& platform : vocabulary.platforms) {
    if (platform.size() > 2 && out.platform.empty() && HasWord(text, platform)) {
      out.platform = platform;
    }
  }

  out.period_named = ReadPeriod(text, vocabulary.today, out);
  if (!out.period_named) {
    out.from = vocabulary.today - days(7);
    out.to = vocabulary.today - days(1);
  }

  out.metric = FirstMetricIn(text);
  out.direction = DirectionIn(text);
  const auto has = [&](std::initializer_list<std::string_view> list) { return HasAny(text, list); };
  out.worst = has({"worst", "bottom", "lowest", "weakest", "poorest", "bad", "underperforming",
                   "losing", "wasting", "most expensive"});
  out.best = has({"best", "top", "highest", "strongest", "winning", "cheapest"});
  if (out.metric == "cpa" || out.metric == "cpc" || out.metric == "cpm") {
    // The lowest price is the best one.
    if (has({"lowest"}) || has({"highest"})) std::swap(out.worst, out.best);
  }

  const bool why = has({"why", "how come", "what caused", "what drove", "what made", "explain",
                        "reason", "reasons", "cause of", "because"});
  const bool done =
      has({"what did max do", "what has max done", "what have you done", "what did you do",
           "did it work", "did that work", "has it worked", "max did", "what was done",
           "what did we do", "did max", "has max", "have you changed", "did you change"});
  const bool next =
      has({"should", "recommend", "recommends", "recommendation", "recommendations", "advice",
           "advise", "suggest", "suggestion", "suggestions", "next step", "next steps", "what next",
           "to do", "improve", "waiting for me", "waits for me", "approve"});
  const bool pacing =
      has({"pacing", "pace", "on track", "budget left", "on budget", "underspend", "underspending",
           "overspend", "overspending", "on plan", "land", "behind plan", "ahead of plan"});
  const bool changes = has({"changed", "what happened", "happened", "different", "whats new",
                            "what is new", "what changes", "change", "changes", "news"});
  const bool trouble = has({"wrong", "alert", "alerts", "problem", "problems", "trouble", "broken",
                            "issues", "issue", "healthy", "anomaly", "anomalies", "worry"});
  const bool rank =
      (out.best || out.worst) && has({"campaign", "campaigns", "platform", "platforms", "channel",
                                      "channels", "which", "what", "performing", "performers"});
  using enum QuestionKind;
  if (why && !out.metric.empty()) {
    out.kind = kWhy;
  } else if (done) {
    out.kind = kDone;
  } else if (pacing) {
    out.kind = kPacing;
  } else if (rank) {
    out.kind = kRank;
  } else if (next) {
    out.kind = kNext;
  } else if (out.metric.empty() && trouble) {
    out.kind = kTrouble;
  } else if (out.metric.empty() && changes) {
    out.kind = kChanges;
  } else if (!out.metric.empty()) {
    out.kind = kValue;
  }
  return out;
}

}  // namespace maxopt::asking
