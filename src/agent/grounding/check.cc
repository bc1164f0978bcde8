#include "agent/grounding/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "agent/grounding/numbers.h"
#include "stages/report/cells/cells.h"
#include "stages/report/narrative/narrative.h"
#include "stages/report/narrative/words.h"

namespace maxopt::grounding {
namespace {

/// Whether a fact is what the token says.
bool Says(const Token& token, const Fact& fact) {
  if (token.currency && (fact.kind != Fact::Kind::kMoney || fact.currency != token.currency)) {
    return false;
  }
  if (token.dollar) {
    static constexpr std::string_view kDollars[] = {"USD", "CAD", "AUD", "NZD", "SGD", "HKD",
                                                    "TWD", "MXN", "CLP", "COP", "ARS"};
    if (!fact.currency ||
        std::ranges::find(kDollars, fact.currency->name()) == std::end(kDollars)) {
      return false;
    }
  }
  if (token.percent && fact.kind == Fact::Kind::kMoney) return false;
  // A sign that is written must be the number's; a loss may be told without one, by a word.
  if (token.negative && fact.value >= 0) return false;
  for (Reading reading : token.readings) {
    if (token.percent) {
      // "34 %" is 0.34; a number that is no ratio is never a percentage.
      if (fact.kind == Fact::Kind::kRatio || fact.kind == Fact::Kind::kNumber) {
        if (std::abs(fact.value) <= 50 && IsRounding(100 * fact.value, reading)) return true;
      }
      continue;
    }
    if (token.scale > 1) {
      if (IsRounding(fact.value / token.scale, reading)) return true;
      continue;
    }
    if (IsRounding(fact.value, reading)) return true;
  }
  return false;
}

/// "cpa_previous_change" -> "cpa"
std::string MetricOf(const std::string& column) {
  static const std::set<std::string> kKnown = {"spend",   "impressions", "clicks", "conversions",
                                               "revenue", "ctr",         "cpc",    "cpm",
                                               "cvr",     "cpa",         "roas"};
  const std::string base = column.substr(0, column.find('_'));
  return kKnown.contains(base) ? base : "";
}

struct Part {
  std::size_t begin = 0, end = 0;
};
/// Sentences of a line: a mark of the end, then a space or nothing.
std::vector<Part> SentencesOf(std::string_view line) {
  std::vector<Part> out;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const bool mark = line[at] == '.' || line[at] == '!' || line[at] == '?' || line[at] == ';';
    if (mark && (at + 1 == line.size() || line[at + 1] == ' ')) {
      out.push_back({begin, at + 1});
      begin = at + 1;
    }
  }
  if (begin < line.size()) out.push_back({begin, line.size()});
  return out;
}

bool HasMarkup(const std::string& text) {
  const std::string lower = Lower(text);
  for (const std::string_view bad : {"http:", "https:", "ftp:", "javascript:", "data:", "www.",
                                     "://", "](", "<script", "</", "![", "mailto:"}) {
    if (lower.find(bad) != std::string::npos) return true;
  }
  return false;
}

/// A line without the marks of Markdown that a model likes.
std::string Plain(std::string line) {
  line = report::PlainText(line);
  for (const std::string_view mark : {"**", "__", "`"}) {
    for (std::size_t at = line.find(mark); at != std::string::npos; at = line.find(mark)) {
      line.erase(at, mark.size());
    }
  }
  std::size_t from = line.find_first_not_of(" \t#");
  if (from == std::string::npos) return "";
  line.erase(0, from);
  for (const std::string_view bullet : {"- ", "* ", "• "}) {
    if (line.starts_with(bullet)) line.erase(0, bullet.size());
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

class Checker {
 public:
  explicit Checker(const Evidence& evidence) : evidence_(evidence) {}

  Checked Run(std::string_view text) {
    if (text.size() > kAnswerMax) return Object("it is longer than an answer may be");
    if (HasMarkup(std::string(text))) return Object("it holds an address or markup");
    int number = 0;
    for (std::size_t from = 0; from <= text.size();) {
      const std::size_t end = std::min(text.find('\n', from), text.size());
      std::string line = Plain(std::string(text.substr(from, end - from)));
      from = end + 1;
      // The numbers of a list count its lines.
      const std::string next = std::to_string(number + 1);
      if (line.starts_with(next + ". ") || line.starts_with(next + ") ")) {
        ++number;
        line.erase(0, next.size() + 2);
      }
      if (line.empty()) continue;
      if (!Line(line)) return Object(objection_);
    }
    if (out_.lines.empty()) return Object("it is empty");
    return std::move(out_);
  }

 private:
  static Checked Object(std::string what) {
    Checked out;
    out.objection = std::move(what);
    return out;
  }
  bool Refuse(std::string what) {
    objection_ = std::move(what);
    return false;
  }

  bool Line(const std::string& line) {
    spans_.clear();
    const std::size_t at_line = out_.lines.size();
    MarkNames(line);
    MarkDays(line);
    if (!objection_.empty()) return false;
    for (const Part& part : SentencesOf(line)) {
      if (!Sentence(line, part, at_line)) return false;
    }
    // Whatever still looks like a number (digits of another script, fractions, "doubled") was not
    // accounted for.
    const std::string stray = report::StrayNumber(line, spans_, NumberWords());
    if (!stray.empty()) return Refuse(fmt::format("\"{}\" is not found in the data", stray));
    out_.lines.push_back(line);
    return true;
  }

  bool Covered(std::size_t at) const {
    return std::ranges::any_of(spans_,
                               [&](const auto& span) { return at >= span.begin && at < span.end; });
  }
  void Mark(std::size_t begin, std::size_t end) { spans_.push_back({begin, end, "", true}); }

  /// Quoted names of the data, and ids of plans, alerts and rows that hold letters.
  void MarkNames(const std::string& line) {
    static constexpr std::pair<std::string_view, std::string_view> kQuotes[] = {
        {"\"", "\""}, {"“", "”"}, {"„", "“"}, {"«", "»"}, {"'", "'"}, {"‘", "’"}};
    for (const auto& [open, close] : kQuotes) {
      for (std::size_t at = line.find(open); at != std::string::npos;) {
        const std::size_t from = at + open.size();
        const std::size_t end = line.find(close, from);
        if (end == std::string::npos) break;
        if (evidence_.names().contains(line.substr(from, end - from))) {
          Mark(at, end + close.size());
          at = line.find(open, end + close.size());
        } else {
          at = line.find(open, from);
        }
      }
    }
    for (std::size_t at = 0; at < line.size();) {
      if (line[at] == ' ') {
        ++at;
        continue;
      }
      std::size_t end = std::min(line.find(' ', at), line.size());
      const std::size_t next = end;
      std::size_t begin = at;
      while (begin < end && std::string_view("(\"'[").find(line[begin]) != std::string_view::npos) {
        ++begin;
      }
      while (end > begin &&
             std::string_view(".,;:!?)\"']").find(line[end - 1]) != std::string_view::npos) {
        --end;
      }
      const std::string word = line.substr(begin, end - begin);
      const bool letter = std::ranges::any_of(word, IsAsciiLetter);
      if (letter && word.size() > 3 && evidence_.ids().contains(word)) Mark(begin, end);
      at = next;
    }
  }

  /// Days in figures and words; each must be one of the data.
  void MarkDays(const std::string& line) {
    const auto day_at = [&](std::size_t at, std::size_t& end) {
      int value = 0;
      end = at;
      while (end < line.size() && IsDigit(line[end]) && end - at < 3) {
        value = 10 * value + (line[end] - '0');
        ++end;
      }
      for (const std::string_view suffix : {"st", "nd", "rd", "th"}) {
        if (line.compare(end, 2, suffix) == 0) {
          end += 2;
          break;
        }
      }
      return value >= 1 && value <= 31 && end - at <= 4 ? value : 0;
    };
    const auto begins = [&](std::size_t at) {
      return IsDigit(line[at]) && !Covered(at) &&
             (at == 0 || (!IsWordByte(line[at - 1]) && line[at - 1] != '.' && line[at - 1] != ','));
    };
    for (std::size_t at = 0; at < line.size(); ++at) {
      if (!begins(at)) continue;
      // 2026-11-03
      if (at + 10 <= line.size()) {
        if (const auto day = ParseDay(std::string_view(line).substr(at, 10))) {
          if (!Take(*day)) return;
          Mark(at, at + 10);
          at += 9;
          continue;
        }
      }
      // 3 November [2026]; 3-9 November; 3 to 9 November
      std::size_t end = at;
      const int first = day_at(at, end);
      if (first == 0) continue;
      int second = 0;
      std::size_t behind = SkipSpaces(line, end);
      for (const std::string_view to : {"-", "–", "—", "to ", "and ", "through ", "until "}) {
        if (line.compare(behind, to.size(), to) != 0) continue;
        std::size_t stop = 0;
        const std::size_t from = SkipSpaces(line, behind + to.size());
        second = from < line.size() && IsDigit(line[from]) ? day_at(from, stop) : 0;
        if (second > 0) behind = SkipSpaces(line, stop);
        break;
      }
      if (line.compare(behind, 3, "of ") == 0) behind += 3;
      const std::string word = WordAt(line, behind);
      const int month = MonthOf(word);
      if (month == 0) continue;
      std::size_t stop = behind + word.size();
      const std::optional<int> year = YearAt(line, stop);
      if (!TakeParts(first, month, year) || (second > 0 && !TakeParts(second, month, year))) return;
      Mark(at, stop);
      at = stop - 1;
    }
    // November 3[, 2026]; November 3-9; November 2026
    for (std::size_t at = 0; at < line.size(); ++at) {
      if (!IsAsciiLetter(line[at]) || (at > 0 && IsWordByte(line[at - 1])) || Covered(at)) continue;
      const std::string word = WordAt(line, at);
      const int month = MonthOf(word);
      // "may" is more often a word than a month; a month is written with a capital.
      if (month == 0 || !(word[0] >= 'A' && word[0] <= 'Z')) {
        at += word.size() - 1;
        continue;
      }
      std::size_t from = SkipSpaces(line, at + word.size());
      if (from >= line.size() || !IsDigit(line[from])) continue;
      std::size_t end = from;
      const int first = day_at(from, end);
      std::size_t stop = at + word.size();
      if (first == 0 || (end < line.size() && IsDigit(line[end]))) {
        const std::optional<int> year = YearAt(line, stop);
        if (!year) continue;
        if (!TakeMonth(*year, month)) return;
        Mark(at, stop);
        continue;
      }
      stop = end;
      int second = 0;
      for (const std::string_view to : {"-", "–", "—", " to ", " and ", " – "}) {
        if (line.compare(end, to.size(), to) != 0) continue;
        std::size_t over = 0;
        second = end + to.size() < line.size() && IsDigit(line[end + to.size()])
                     ? day_at(end + to.size(), over)
                     : 0;
        if (second > 0) stop = over;
        break;
      }
      const std::optional<int> year = YearAt(line, stop);
      if (!TakeParts(first, month, year) || (second > 0 && !TakeParts(second, month, year))) return;
      Mark(at, stop);
      at = stop - 1;
    }
  }
  /// ", 2026" or " 2026" at `stop`, which is moved behind it.
  static std::optional<int> YearAt(const std::string& line, std::size_t& stop) {
    std::size_t at = stop;
    if (at < line.size() && line[at] == ',') ++at;
    at = SkipSpaces(line, at);
    int year = 0;
    std::size_t end = at;
    while (end < line.size() && IsDigit(line[end]) && end - at < 5) {
      year = 10 * year + (line[end] - '0');
      ++end;
    }
    if (end - at != 4 || year < 1990 || year > 2200) return std::nullopt;
    // "3 November, 2100 clicks" is no year.
    const std::string next = WordAt(line, SkipSpaces(line, end));
    if (line[stop] == ',' && !next.empty() && !report::MetricsIn(next).empty()) return std::nullopt;
    stop = end;
    return year;
  }
  bool Take(Day day) {
    if (evidence_.Knows(day)) return true;
    return Refuse(fmt::format("the day {} is in none of the data", PrintDay(day)));
  }
  bool TakeParts(int day, int month, std::optional<int> year) {
    if (year) {
      const std::chrono::year_month_day date{std::chrono::year{*year} /
                                             std::chrono::month{static_cast<unsigned>(month)} /
                                             std::chrono::day{static_cast<unsigned>(day)}};
      if (!date.ok()) return Refuse("a day in it does not exist");
      return Take(Day(std::chrono::local_days(date)));
    }
    // Without a year: any year in which the data know that day.
    for (int y = 1990; y <= 2200; ++y) {
      const std::chrono::year_month_day date{std::chrono::year{y} /
                                             std::chrono::month{static_cast<unsigned>(month)} /
                                             std::chrono::day{static_cast<unsigned>(day)}};
      if (date.ok() && evidence_.Knows(Day(std::chrono::local_days(date)))) return true;
    }
    return Refuse(fmt::format("the day {} of month {} is in none of the data", day, month));
  }
  bool TakeMonth(int year, int month) {
    for (int day = 1; day <= 31; ++day) {
      const std::chrono::year_month_day date{std::chrono::year{year} /
                                             std::chrono::month{static_cast<unsigned>(month)} /
                                             std::chrono::day{static_cast<unsigned>(day)}};
      if (date.ok() && evidence_.Knows(Day(std::chrono::local_days(date)))) return true;
    }
    return Refuse(fmt::format("the month {}-{:02} is in none of the data", year, month));
  }

  bool Sentence(const std::string& line, const Part& part, std::size_t at_line) {
    const std::string sentence = line.substr(part.begin, part.end - part.begin);
    const std::vector<std::string> metrics = report::MetricsIn(sentence);
    const int direction = report::DirectionIn(sentence);
    // Objects of the data that the sentence speaks of.
    const std::string lower = Lower(sentence);
    std::set<std::string> named;
    for (const std::string& name : evidence_.names()) {
      if (name.size() < 3) continue;
      if (Mentions(lower, Lower(name))) named.insert(name);
    }
    for (const auto& [platform, words] :
         {std::pair("google_ads", "google"), std::pair("meta", "facebook")}) {
      if (evidence_.names().contains(platform) && Mentions(lower, words)) named.insert(platform);
    }
    for (std::size_t at = part.begin; at < part.end;) {
      if (Covered(at) || !IsDigit(line[at])) {
        ++at;
        continue;
      }
      const Token token = ReadToken(line, at);
      const std::string said =
          line.substr(token.begin, std::max(token.end, token.begin + 1) - token.begin);
      const std::size_t next = std::max(token.end, at + 1);
      if (OfTime(token)) {
        spans_.push_back({token.begin, token.end, "", false});
        at = next;
        continue;
      }
      const Fact* fact = FindFact(token, metrics, named, direction);
      if (fact == nullptr) return Refuse(fmt::format("\"{}\" is not found in the data", said));
      spans_.push_back({token.begin, token.end, "", false});
      AddSource(at_line, said, *fact);
      at = next;
    }
    return Words(line, part, metrics, named, direction, at_line);
  }
  static bool Mentions(const std::string& lower, const std::string& name) {
    for (std::size_t at = lower.find(name); at != std::string::npos;
         at = lower.find(name, at + 1)) {
      const bool before = at == 0 || !IsWordByte(lower[at - 1]);
      const std::size_t end = at + name.size();
      const bool after = end == lower.size() || !IsWordByte(lower[end]);
      if (before && after) return true;
    }
    return false;
  }
  void AddSource(std::size_t line, const std::string& said, const Fact& fact) {
    out_.sources.push_back({line, said, fact.where, fact.label, fact.link});
  }
  /// The length of a period, in its words.
  bool OfTime(const Token& token) const {
    if (token.unit.empty() || token.readings.size() != 1 || token.readings[0].decimals > 0 ||
        token.percent || token.currency) {
      return false;
    }
    const double value = token.readings[0].value;
    return OfTime(value, token.unit);
  }
  bool OfTime(double value, const std::string& unit) const {
    for (const int length : evidence_.lengths()) {
      if ((unit == "day" || unit == "days") && value == length) return true;
      if ((unit == "week" || unit == "weeks") && value * 7 == length) return true;
    }
    return false;
  }

  const Fact* FindFact(const Token& token, const std::vector<std::string>& metrics,
                       const std::set<std::string>& named, int direction) const {
    for (const Fact& fact : evidence_.facts()) {
      if (!Says(token, fact)) continue;
      const std::string metric = MetricOf(fact.column);
      if (!metric.empty() && !metrics.empty() &&
          std::ranges::find(metrics, metric) == metrics.end()) {
        continue;
      }
      if (!named.empty() && !fact.owners.empty()) {
        const bool its = std::ranges::any_of(fact.owners, [&](const std::string& owner) {
          return named.contains(owner) || evidence_.IsAnother(owner, named);
        });
        if (!its) continue;
      }
      // What the data call a fall is no rise.
      if (fact.column.ends_with("_change") && direction != 0 && fact.value * direction < 0 &&
          !token.negative) {
        continue;
      }
      return &fact;
    }
    return nullptr;
  }

  /// Numbers in words, up to twelve: lengths of periods, and numbers of the data.
  bool Words(const std::string& line, const Part& part, const std::vector<std::string>& metrics,
             const std::set<std::string>& named, int direction, std::size_t at_line) {
    for (std::size_t at = part.begin; at < part.end;) {
      if (!IsAsciiLetter(line[at]) || Covered(at)) {
        ++at;
        continue;
      }
      const std::string word = WordAt(line, at);
      const int value = SmallNumber(Lower(word));
      if (value > 0) {
        const std::string unit = Lower(WordAt(line, SkipSpaces(line, at + word.size())));
        Token token;
        token.readings = {{static_cast<double>(value), 0}};
        const bool time = OfTime(value, unit);
        const Fact* fact = time ? nullptr : FindFact(token, metrics, named, direction);
        if (!time && fact == nullptr) {
          return Refuse(fmt::format("\"{}\" is not found in the data", word));
        }
        spans_.push_back({at, at + word.size(), "", false});
        if (fact != nullptr) AddSource(at_line, word, *fact);
      }
      at += word.size();
    }
    return true;
  }

  const Evidence& evidence_;
  Checked out_;
  std::vector<report::Sentence::Span> spans_;
  std::string objection_;
};

}  // namespace

Checked CheckAnswer(std::string_view text, const Evidence& evidence) {
  return Checker(evidence).Run(text);
}

}  // namespace maxopt::grounding
