#include "app/ask/understand.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>

#include "result/result.h"
#include "stages/report/narrative/words.h"

namespace maxopt::asking {
namespace {

using report::DirectionIn;
using report::FirstMetricIn;
using report::HasAny;
using report::HasWord;
using report::MetricsIn;
using report::Normalised;
using report::TakeOut;
using std::chrono::days;

constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};

constexpr std::array<std::string_view, 7> kWeekdays = {
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
/// Two times are put beside one another: not one period from the one to the other.
constexpr std::array<std::string_view, 7> kComparing = {"compared", "compare", "comparison", "vs",
                                                        "versus",   "than",    "against"};
constexpr std::array<std::string_view, 14> kBeforeMonths = {
    "in",  "of",      "the", "during", "since",   "from", "to",
    "and", "between", "for", "until",  "through", "last", "this"};
/// Days and parts of them that no rule reads, also in German, whose questions name metrics and
/// platforms by the same words.
constexpr std::string_view kDayWords[] = {
    "today",   "yesterday", "tomorrow", "day",      "days",    "daily",   "week",      "weeks",
    "weekly",  "weekends",  "month",    "months",   "monthly", "quarter", "quarters",  "quarterly",
    "q1",      "q2",        "q3",       "q4",       "year",    "years",   "yearly",    "hour",
    "hours",   "hourly",    "morning",  "noon",     "evening", "night",   "afternoon", "mondays",
    "fridays", "saturdays", "sundays",  "weekdays", "mtd",     "ytd",     "heute",     "gestern",
    "tag",     "tage",      "tagen",    "woche",    "wochen",  "monat",   "monate",    "monaten",
    "quartal", "jahr",      "januar",   "februar",  "märz",    "mai",     "juni",      "juli",
    "oktober", "dezember"};

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

std::string Joined(const std::vector<std::string>& words) {
  std::string out = " ";
  for (const std::string& word : words) out += word + " ";
  return out;
}

/// 1 to 12 of "october" and "oct".
std::optional<unsigned> MonthIn(std::string_view word) {
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (word == kMonths[i] || word == kMonths[i].substr(0, 3)) return i + 1;
  }
  return word == "sept" ? std::optional(9U) : std::nullopt;
}
/// A whole number of all of the word's characters.
std::optional<int> WholeIn(std::string_view word) {
  int number = 0;
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (code != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return number;
}
/// 1 to 31 of "3" and "3rd".
std::optional<unsigned> DayOfMonthIn(std::string_view word) {
  for (const std::string_view ending : {"st", "nd", "rd", "th"}) {
    if (word.ends_with(ending)) word.remove_suffix(ending.size());
  }
  const auto number = WholeIn(word);
  if (!number || *number < 1 || *number > 31) return std::nullopt;
  return static_cast<unsigned>(*number);
}
std::optional<int> YearIn(std::string_view word) {
  const auto number = WholeIn(word);
  return number && *number >= 2000 && *number < 2100 ? number : std::nullopt;
}
/// The year that a month or day of it is in where none was said: it has begun.
std::chrono::year YearOf(unsigned month, unsigned day, Day today) {
  const std::chrono::year_month_day now{today};
  const bool begun =
      std::chrono::month(month) < now.month() ||
      (std::chrono::month(month) == now.month() && std::chrono::day(day) <= now.day());
  return begun ? now.year() : now.year() - std::chrono::years(1);
}

/// "20 april 2026", "april 20th", "monday" and "weekend" as the days that ParseDay reads.
std::vector<std::string> WithDays(const std::vector<std::string>& words, Day today) {
  std::vector<std::string> out;
  const auto at = [&](std::size_t i) { return i < words.size() ? words[i] : std::string(); };
  for (std::size_t i = 0; i < words.size();) {
    // Both orders: the day's number, the month, and how many words they are.
    std::optional<unsigned> number = DayOfMonthIn(words[i]), month;
    std::size_t taken = 2;
    if (number) {
      taken = at(i + 1) == "of" ? 3 : 2;
      month = MonthIn(at(i + taken - 1));
    } else if ((month = MonthIn(words[i]))) {
      number = DayOfMonthIn(at(i + 1));
    }
    if (number && month) {
      const auto year = YearIn(at(i + taken));
      const std::chrono::year_month_day date{
          year ? std::chrono::year(*year) : YearOf(*month, *number, today),
          std::chrono::month(*month), std::chrono::day(*number)};
      const std::size_t end = i + taken + (year ? 1 : 0);
      if (date.ok()) {
        out.push_back(PrintDay(Day(std::chrono::local_days(date))));
      } else {
        // In one word, so that the rest of it is not read as a month.
        std::string none = words[i];
        while (++i < end) none += '-' + words[i];
        out.push_back(std::move(none));
      }
      i = end;
      continue;
    }
    const auto weekday = std::ranges::find(kWeekdays, std::string_view(words[i]));
    if (weekday != kWeekdays.end()) {
      const Day week = Monday(today) + days(weekday - kWeekdays.begin());
      out.push_back(PrintDay(week < today ? week : week - days(7)));
    } else if (words[i] == "weekend") {
      const Day sunday = Monday(today) - days(1);
      out.push_back(PrintDay(sunday - days(1)));
      out.push_back(PrintDay(sunday));
    } else {
      out.push_back(words[i]);
    }
    ++i;
  }
  return out;
}

/// A period that stands in the text is taken out of it. False: none, or none that is clear.
bool ReadPeriod(std::string& text, Day today, Understood& out) {
  const Day yesterday = today - days(1);
  const auto set = [&](Day from, Day to) {
    out.from = from;
    out.to = std::max(from, to);
    return true;
  };
  const auto take = [&](std::initializer_list<std::string_view> list) {
    for (const std::string_view words : list) {
      if (!HasWord(text, words)) continue;
      TakeOut(text, words);
      return true;
    }
    return false;
  };
  // Every answer stands beside the time before anyway.
  TakeOut(text, "month of");
  for (const std::string_view before :
       {"the week before", "week over week", "week on week", "the period before", "previous period",
        "the days before"}) {
    TakeOut(text, before);
  }
  const std::vector<std::string> words = WithDays(WordsOf(text), today);
  text = Joined(words);
  const bool two_times = HasAny(text, kComparing);
  const bool open_begin =
      HasAny(text, std::to_array<std::string_view>({"until", "till", "before", "through"}));
  const bool open_end = HasAny(text, std::to_array<std::string_view>({"since", "from"}));

  std::vector<Day> named;
  for (const std::string& word : words) {
    if (const auto day = ParseDay(word)) named.push_back(*day);
  }
  if (!named.empty()) {
    if (named.size() > 2 || (named.size() == 2 && two_times)) return false;
    if (named.size() == 1 && open_begin) return false;
    for (const Day day : named) TakeOut(text, PrintDay(day));
    if (named.size() == 2) return set(std::min(named[0], named[1]), std::max(named[0], named[1]));
    if (HasWord(text, "after")) return set(named[0] + days(1), std::max(named[0], yesterday));
    return set(named[0], open_end ? std::max(named[0], yesterday) : named[0]);
  }
  if (take({"day before yesterday"})) return set(today - days(2), today - days(2));
  if (take({"yesterday"})) return set(yesterday, yesterday);
  if (take({"today"})) return set(today, today);
  const Day monday = Monday(today), month = FirstOfMonth(today);
  if (take({"last week", "previous week", "past week"})) {
    return set(monday - days(7), open_end ? yesterday : monday - days(1));
  }
  if (take({"this week"})) return set(monday, std::max(monday, yesterday));
  if (take({"last month", "previous month", "past month"})) {
    return set(FirstOfMonth(month - days(1)), open_end ? yesterday : month - days(1));
  }
  if (take({"this month", "month to date", "mtd"})) return set(month, std::max(month, yesterday));
  const std::chrono::year_month_day now{today};
  const auto first_of = [](std::chrono::year year, unsigned first) {
    return Day(std::chrono::local_days(year / std::chrono::month(first) / 1));
  };
  const unsigned quarter = (static_cast<unsigned>(now.month()) - 1) / 3 * 3 + 1;
  if (take({"this quarter", "quarter to date"})) {
    const Day first = first_of(now.year(), quarter);
    return set(first, std::max(first, yesterday));
  }
  if (take({"last quarter", "previous quarter"})) {
    const Day last = first_of(now.year(), quarter) - days(1);
    const std::chrono::year_month_day end{last};
    return set(first_of(end.year(), static_cast<unsigned>(end.month()) - 2), last);
  }
  if (take({"this year", "year to date", "ytd"})) {
    const Day first = first_of(now.year(), 1);
    return set(first, std::max(first, yesterday));
  }
  if (take({"last year", "previous year"})) {
    return set(first_of(now.year() - std::chrono::years(1), 1), first_of(now.year(), 1) - days(1));
  }
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] != "last" && words[i] != "past" && words[i] != "previous") continue;
    const auto count = CountIn(words[i + 1]);
    const std::string unit = count && i + 2 < words.size() ? words[i + 2] : "";
    const int length = unit == "days" || unit == "day"     ? 1
                       : unit == "weeks" || unit == "week" ? 7
                                                           : 0;
    if (length == 0) continue;
    TakeOut(text, words[i] + " " + words[i + 1] + " " + unit);
    return set(today - days(length * *count), yesterday);
  }
  struct Month {
    Day first{};
    std::string words{};
  };
  std::vector<Month> months;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto number = MonthIn(words[i]);
    if (!number) continue;
    const auto year = i + 1 < words.size() ? YearIn(words[i + 1]) : std::nullopt;
    // "may" and "march" are words of their own too.
    const bool clear = (words[i] != "may" && words[i] != "march") || year ||
                       (i > 0 && std::ranges::find(kBeforeMonths, std::string_view(words[i - 1])) !=
                                     kBeforeMonths.end());
    if (!clear) continue;
    months.push_back(
        {first_of(year ? std::chrono::year(*year) : YearOf(*number, 1, today), *number),
         words[i] + (year ? " " + words[i + 1] : "")});
  }
  if (months.empty() || months.size() > 2 || open_begin) return false;
  if (months.size() == 2 && (two_times || months[1].first < months[0].first)) return false;
  for (const Month& each : months) TakeOut(text, each.words);
  const bool running = months.size() == 1 && HasWord(text, "since");
  return set(months.front().first,
             running ? yesterday : std::min(LastOfMonth(months.back().first), yesterday));
}

/// Words that say which days are meant, where ReadPeriod left them.
std::vector<std::string> DaysLeftIn(const std::string& text) {
  std::vector<std::string> out;
  const std::vector<std::string> words = WordsOf(text);
  const bool from_to =
      HasAny(text, std::to_array<std::string_view>(
                       {"since", "from", "to", "until", "till", "between", "before", "after"}));
  const auto number = [&](std::size_t i) {
    return i < words.size() && DayOfMonthIn(words[i]).has_value();
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool day =
        std::ranges::find(kDayWords, std::string_view(word)) != std::ranges::end(kDayWords);
    const bool month = word != "may" && word != "march" && MonthIn(word);
    // "20.04.", "1-10", "2026-02-31": no other numbers have such neighbours or parts.
    const bool date = (number(i) && (from_to || number(i + 1) || (i > 0 && number(i - 1)))) ||
                      (word[0] >= '0' && word[0] <= '9' && !WholeIn(word));
    if (day || month || date || YearIn(word)) out.push_back(word);
  }
  return out;
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

/// Words that a question may hold without narrowing it, each between spaces: those of its grammar
/// and of its kinds.
constexpr std::string_view kPlainWords =
    " a an the this that these those it its i we us you me my our ours your they them their"
    " there here is are was were be been being am do does did done doing has have had having"
    " can could would will shall may might must what whats which who whose when where how"
    " why come and or but so if as at by for from in into of off on onto out over to up with"
    " within about than then per much many any some all every each ever just only now"
    " currently actually really please tell show give say let know see hello hi hey dear max"
    " maxopt thanks thank too very still yet again also far well not no yes ok okay rate"
    " rates cost costs conversion conversions acquisition action order orders sale lead"
    " click clicks mille thousand impressions return ad adspend click-through through value"
    " go goes going gone went get gets got getting become became comes coming make made"
    " makes making look looks caused cause causes drove drive explain reason reasons because"
    " happen happened happens different difference best worst top bottom highest lowest"
    " weakest poorest strongest winning cheapest bad underperforming losing wasting most"
    " expensive good better worse performing performers perform performance campaign"
    " campaigns channel channels platform platforms account accounts client should recommend"
    " recommends recommendation recommendations advice advise suggest suggestion suggestions"
    " next step steps improve waiting waits approve approved plan plans pacing pace track"
    " budget budgets left underspend underspending overspend overspending land lands behind"
    " ahead change changed changes changing new news summary overview things wrong alert"
    " alerts problem problems trouble broken issue issues healthy anomaly anomalies worry"
    " open work worked works between since during after compared recently lately ago last"
    " past previous"
    " ";

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
    std::string& its = known ? out.platform : out.other_platform;
    if (its.empty()) its = words.platform;
    if (its != words.platform) out.unread.emplace_back(words.words);
  }
  // A platform that has no usual names above is called as the data call it.
  for (const std::string& platform : vocabulary.platforms) {
    if (platform.size() > 2 && out.platform.empty() && HasWord(text, platform)) {
      out.platform = platform;
      TakeOut(text, platform);
    }
  }

  out.period_named = ReadPeriod(text, vocabulary.today, out);
  if (!out.period_named) {
    out.from = vocabulary.today - days(7);
    out.to = vocabulary.today - days(1);
  }

  out.unread_days = DaysLeftIn(text);

  out.metric = FirstMetricIn(text);
  out.metrics = MetricsIn(text);
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
  const bool changes =
      has({"changed", "what happened", "happened", "different", "whats new", "what is new",
           "what changes", "change", "changes", "news", "how are we doing", "how did we do",
           "how is it going", "summary", "overview", "how are things"});
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
  for (std::string& word : WordsOf(text)) {
    const bool plain = kPlainWords.contains(" " + word + " ") || DirectionIn(word) != 0 ||
                       !MetricsIn(word).empty() ||
                       std::ranges::find(out.unread_days, word) != out.unread_days.end() ||
                       std::ranges::find(out.unread, word) != out.unread.end();
    if (!plain) out.unread.push_back(std::move(word));
  }
  return out;
}

}  // namespace maxopt::asking
