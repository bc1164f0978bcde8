#include "stages/setup/checks/texts.h"

#include <fmt/format.h>

#include <algorithm>

#include "stages/setup/checks/view.h"

namespace maxopt::checks {
namespace {

// Case without a locale: Latin, Greek and Cyrillic, where advertisements shout.
bool IsUpper(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z';
  if (c <= 0xff) return c >= 0xc0 && c <= 0xde && c != 0xd7;
  if (c <= 0x17f) {
    const bool odd_is_upper = (c >= 0x139 && c <= 0x148) || c >= 0x179;
    return c != 0x138 && c != 0x149 && c != 0x17f && (c % 2 == 1) == odd_is_upper;
  }
  return (c >= 0x391 && c <= 0x3a9) || (c >= 0x400 && c <= 0x42f);
}

bool IsLetter(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= 0xc0 && c <= 0x24f && c != 0xd7 && c != 0xf7) || (c >= 0x370 && c <= 0x52f) ||
         (c >= 0x1e00 && c <= 0x1eff);
}

bool IsDigit(char32_t c) { return c >= '0' && c <= '9'; }
bool IsSpace(char32_t c) { return c == ' ' || c == '\t' || c == '\n' || c == 0xa0 || c == 0x202f; }

using Points = std::vector<char32_t>;

std::string Utf8(std::span<const char32_t> points) {
  std::string text;
  for (const char32_t c : points) {
    if (c < 0x80) {
      text += static_cast<char>(c);
    } else if (c < 0x800) {
      text += static_cast<char>(0xc0 | c >> 6);
      text += static_cast<char>(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
      text += static_cast<char>(0xe0 | c >> 12);
      text += static_cast<char>(0x80 | (c >> 6 & 0x3f));
      text += static_cast<char>(0x80 | (c & 0x3f));
    } else {
      text += static_cast<char>(0xf0 | c >> 18);
      text += static_cast<char>(0x80 | (c >> 12 & 0x3f));
      text += static_cast<char>(0x80 | (c >> 6 & 0x3f));
      text += static_cast<char>(0x80 | (c & 0x3f));
    }
  }
  return text;
}

using Found = std::optional<std::string>;

/// The words between spaces, without the marks around them.
std::vector<Points> WordsOf(const Points& text) {
  std::vector<Points> words;
  Points word;
  const auto end = [&] {
    const auto inner = [](char32_t c) { return IsLetter(c) || IsDigit(c) || c > 0x24f; };
    const auto first = std::ranges::find_if(word, inner);
    auto last = word.end();
    while (last != first && !inner(*(last - 1))) --last;
    words.emplace_back(first, last);
    word.clear();
  };
  for (const char32_t c : text) {
    if (!IsSpace(c)) {
      word.push_back(c);
    } else if (!word.empty()) {
      end();
    }
  }
  if (!word.empty()) end();
  return words;
}

/// Letters of a word that is written in capitals only; 0 for any other.
std::ptrdiff_t Shouting(const Points& word, const List& names) {
  if (Contains(names, Utf8(word))) return 0;
  std::ptrdiff_t letters = 0;
  for (const char32_t c : word) {
    if (IsDigit(c)) return 0;
    if (!IsLetter(c)) {
      if (c != '-' && c != '\'' && c != '&' && c != 0x2019) return 0;
      continue;
    }
    if (!IsUpper(c)) return 0;
    ++letters;
  }
  return letters;
}

Found Capitals(const Points& text, const List& names) {
  const std::vector<Points> words = WordsOf(text);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto letters = Shouting(words[i], names);
    if (letters >= 5) return Utf8(words[i]);
    if (letters >= 3 && i + 1 < words.size() && Shouting(words[i + 1], names) >= 3) {
      return Utf8(words[i]) + " " + Utf8(words[i + 1]);
    }
  }
  return std::nullopt;
}

Found AlternatingCase(const Points& text) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const bool goes_on = i < text.size() && IsLetter(text[i]) &&
                         (i == begin || IsUpper(text[i]) != IsUpper(text[i - 1]));
    if (goes_on) continue;
    if (i - begin >= 5) return Utf8(std::span(text).subspan(begin, i - begin));
    // A letter that breaks the change may begin the next one.
    begin = i < text.size() && IsLetter(text[i]) ? i : i + 1;
  }
  return std::nullopt;
}

Found SpacedLetters(const Points& text) {
  const auto alone = [&](std::size_t i) {
    return IsLetter(text[i]) && (i == 0 || !IsLetter(text[i - 1])) &&
           (i + 1 == text.size() || !IsLetter(text[i + 1]));
  };
  for (std::size_t i = 0; i + 2 < text.size(); ++i) {
    if (!alone(i) || IsLetter(text[i + 1]) || IsDigit(text[i + 1])) continue;
    const char32_t between = text[i + 1];
    std::size_t count = 1, end = i;
    while (end + 2 < text.size() && text[end + 1] == between && alone(end + 2)) {
      end += 2;
      ++count;
    }
    if (count >= (between == '.' ? 5U : 4U)) {
      return Utf8(std::span(text).subspan(i, end - i + 1));
    }
  }
  return std::nullopt;
}

Found RepeatedPunctuation(const Points& text) {
  constexpr std::u32string_view kOnce = U"!?$*%&,;:~^=@#\u00a1\u00bf\u20ac\u00a3";
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const auto same = [&](char32_t c) {
      std::size_t n = 0;
      while (i + n < text.size() && text[i + n] == c) ++n;
      return n;
    };
    const auto shout = [](char32_t c) { return c == '!' || c == '?'; };
    std::size_t length = 0;
    if (shout(text[i]) && shout(text[i + 1])) {
      length = 2;
    } else if (kOnce.find(text[i]) != std::u32string_view::npos && same(text[i]) >= 2) {
      length = same(text[i]);
    } else if (text[i] == '.' && (i == 0 || text[i - 1] != '.')) {
      const std::size_t dots = same('.');
      if (dots == 2 || dots > 3) length = dots;
    } else if ((text[i] == '-' || text[i] == '_') && same(text[i]) >= 3) {
      length = same(text[i]);
    }
    if (length > 0) return Utf8(std::span(text).subspan(i, length));
  }
  return std::nullopt;
}

template <class Is>
Found One(const Points& text, Is is) {
  const auto at = std::ranges::find_if(text, is);
  if (at == text.end()) return std::nullopt;
  return Utf8(std::span(&*at, 1));
}

bool IsSymbol(char32_t c) {
  return (c >= 0x2190 && c <= 0x21ff) ||  // arrows
         (c >= 0x2300 && c <= 0x23ff) ||  // technical
         (c >= 0x2500 && c <= 0x25ff) ||  // lines, blocks, shapes
         (c >= 0x2b00 && c <= 0x2bff) || c == 0x2022 || c == 0x2023 || c == 0x25e6 || c == 0x2043;
}

bool IsFancyLetter(char32_t c) {
  return (c >= 0x1d400 && c <= 0x1d7ff) ||                                // mathematics
         (c >= 0xff10 && c <= 0xff5a && c != 0xff1f && c != 0xff1a) ||    // full width
         (c >= 0x2070 && c <= 0x209c) || (c >= 0x2460 && c <= 0x24ff) ||  // super, circled
         (c >= 0x1f100 && c <= 0x1f1e5) || (c >= 0x1d2c && c <= 0x1d6a);  // boxed, modifiers
}

Found Spacing(const Points& text) {
  std::size_t first = 0;
  while (first < text.size() && IsSpace(text[first])) ++first;
  const auto mark = [](char32_t c) {
    return c == '!' || c == '?' || c == ',' || c == ';' || c == ':' || c == '.';
  };
  // ".NET" and "...and more" begin as they should.
  if (first < text.size() && mark(text[first]) &&
      (text[first] != '.' || first + 1 == text.size() || IsSpace(text[first + 1]))) {
    return Utf8(std::span(text).subspan(first));
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool stop = text[i] == ',' || text[i] == '.';
    if (stop && text[i - 1] == ' ' && (i + 1 == text.size() || IsSpace(text[i + 1]))) {
      return Utf8(std::span(text).subspan(0, i + 1));
    }
  }
  return std::nullopt;
}

Found PhoneNumber(const Points& text) {
  constexpr std::u32string_view kBetween = U" -/().\u00a0\u2011";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool opens =
        IsDigit(text[i]) || (i + 1 < text.size() && (text[i] == '+' || text[i] == '(') &&
                             (IsDigit(text[i + 1]) || text[i + 1] == '('));
    if (!opens || (i > 0 && (IsDigit(text[i - 1]) || IsLetter(text[i - 1])))) continue;
    // "1,000,000": the comma ends a group, and what comes before it is a number.
    if (i > 0 && (text[i - 1] == ',' || text[i - 1] == '.')) continue;
    std::vector<std::string> groups(1);
    Points marks;
    std::size_t end = i;
    for (std::size_t j = text[i] == '+' ? i + 1 : i; j < text.size(); ++j) {
      if (IsDigit(text[j])) {
        groups.back() += static_cast<char>(text[j]);
        end = j;
      } else if (kBetween.find(text[j]) != std::u32string_view::npos && j - end <= 3) {
        if (!groups.back().empty()) groups.emplace_back();
        marks.push_back(text[j]);
      } else {
        break;
      }
    }
    if (groups.back().empty()) groups.pop_back();
    std::string digits;
    for (const std::string& group : groups) digits += group;
    const auto sized = [&](std::initializer_list<std::size_t> sizes) {
      return std::ranges::equal(groups, sizes, {}, &std::string::size);
    };
    const bool date = sized({2, 2, 4}) || sized({4, 2, 2}) || sized({1, 2, 4}) || sized({2, 1, 4});
    const bool thousands =
        groups.size() > 1 && groups.front() != "0" && groups.front().front() != '0' &&
        text[i] != '+' && text[i] != '(' &&
        std::all_of(groups.begin() + 1, groups.end(), [](const auto& g) { return g.size() == 3; });
    const bool us = sized({3, 3, 4}) || (sized({1, 3, 3, 4}) && groups.front() == "1");
    const bool written = (text[i] == '+' && digits.size() >= 8) ||
                         (digits.starts_with('0') && digits.size() >= 7) || us ||
                         (groups.size() == 1 && digits.size() >= 10);
    if (written && !date && !thousands && digits.size() <= 15) {
      return Utf8(std::span(text).subspan(i, end - i + 1));
    }
    i = std::max(i, end);
  }
  return std::nullopt;
}

/// Words in small letters, with a "." after each sentence.
List Tokens(std::string_view text) {
  List tokens;
  std::string word;
  const auto end = [&] {
    if (!word.empty()) tokens.push_back(std::exchange(word, {}));
  };
  for (const char c : Lower(text)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '\'' ||
                        static_cast<unsigned char>(c) >= 0x80;
    if (letter) {
      word += c;
      continue;
    }
    end();
    if (c == '.' || c == '!' || c == '?' || c == ';') tokens.emplace_back(".");
  }
  end();
  return tokens;
}

bool StandsAt(const List& tokens, std::size_t at, const List& words) {
  return at + words.size() <= tokens.size() &&
         std::equal(words.begin(), words.end(), tokens.begin() + static_cast<std::ptrdiff_t>(at));
}

/// An opening, then one of the words at most three words later in the same sentence.
Found SaysWhoReads(const ReviewRule::Reader& reader, std::string_view text) {
  constexpr std::size_t kWithin = 3;
  const List tokens = Tokens(text);
  for (const std::string& opening : Split(reader.after, '|')) {
    const List opens = Tokens(opening);
    for (std::size_t at = 0; at < tokens.size(); ++at) {
      if (!StandsAt(tokens, at, opens)) continue;
      for (std::size_t next = at + opens.size();
           next < tokens.size() && next < at + opens.size() + kWithin && tokens[next] != ".";
           ++next) {
        for (const std::string& word : Split(reader.words, '|')) {
          if (StandsAt(tokens, next, Tokens(word))) return opening + " ... " + word;
        }
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> FindForm(std::string_view form, std::string_view text,
                                    const std::vector<std::string>& names) {
  const Points points = CodePoints(text);
  if (form == "capitals") return Capitals(points, names);
  if (form == "alternating_case") return AlternatingCase(points);
  if (form == "spaced_letters") return SpacedLetters(points);
  if (form == "repeated_punctuation") return RepeatedPunctuation(points);
  if (form == "exclamation") {
    return One(points, [](char32_t c) { return c == '!' || c == 0xff01; });
  }
  if (form == "emoji") return One(points, IsEmoji);
  if (form == "symbols") return One(points, IsSymbol);
  if (form == "fancy_letters") return One(points, IsFancyLetter);
  if (form == "spacing") return Spacing(points);
  if (form == "phone_number") return PhoneNumber(points);
  Bug();  // the reader of specs/*.yaml takes no other
}

std::optional<std::string> Breaks(const ReviewRule& rule, std::string_view field,
                                  std::string_view ad_type, std::string_view text,
                                  const std::vector<std::string>& names) {
  if (!rule.fields.empty() && !Contains(rule.fields, field)) return std::nullopt;
  if (!rule.ad_types.empty() && !Contains(rule.ad_types, ad_type)) return std::nullopt;
  for (const std::string& form : rule.forms) {
    if (const auto found = FindForm(form, text, names)) {
      std::string word = form;
      std::ranges::replace(word, '_', ' ');
      return fmt::format("{}, \"{}\"", word, *found);
    }
  }
  if (!rule.pattern.empty()) {
    for (const std::string& word : Split(rule.pattern, '|')) {
      if (HasWord(text, word)) return fmt::format("\"{}\"", word);
    }
  }
  for (const ReviewRule::Reader& reader : rule.readers) {
    if (const auto found = SaysWhoReads(reader, text)) return fmt::format("\"{}\"", *found);
  }
  return std::nullopt;
}

bool ForAPerson(const ReviewRule& rule) {
  return rule.pattern.empty() && rule.forms.empty() && rule.readers.empty();
}

std::span<const ReviewRule> CommonRules() {
  static const std::vector<ReviewRule> rules = [] {
    const Day read{std::chrono::year(2026) / 11 / 22};
    const Source editorial{
        "support.google.com/adspolicy/answer/14847994 and 176095 (editorial: punctuation, symbols, "
        "capitals, spacing); the other platforms' pages ask for the same in other words",
        read};
    const Source claims{
        "Directive 2005/29/EC on unfair commercial practices, articles 6 and 12: who claims must "
        "prove; the platforms' rules on misleading claims",
        read};
    const Source attributes{
        "facebook.com/business/help/2557868957763449 and "
        "transparency.meta.com/policies/ad-standards "
        "(personal attributes); Google's and TikTok's rules on sensitive categories ask the same",
        read};
    const Source bait{
        "transparency.meta.com/policies/ad-standards (low quality or disruptive "
        "content), support.google.com/adspolicy (clickbait)",
        read};
    std::vector<ReviewRule> list;
    const auto add = [&](const char* id, const char* what, const char* fix, const Source& source) {
      ReviewRule& rule = list.emplace_back();
      rule.id = id;
      rule.what = what;
      rule.fix = fix;
      rule.source = source;
      return &rule;
    };
    add("capitalisation", "Texts do not shout, and letters are not held apart.",
        "Write the word in small letters; reviews refuse capitals and gaps for emphasis.",
        editorial)
        ->forms = {"capitals", "alternating_case", "spaced_letters"};
    add("punctuation", "Punctuation is used once.", "Use one mark: reviews refuse repeated ones.",
        editorial)
        ->forms = {"repeated_punctuation"};
    add("spacing", "Punctuation stands where it belongs.",
        "Put the mark behind its word, without a space.", editorial)
        ->forms = {"spacing"};
    add("lettering", "Letters are the alphabet's own.",
        "Type the word in plain letters: screen readers and reviews read no others.", editorial)
        ->forms = {"fancy_letters"};
    add("health_claims", "Texts promise no cure.",
        "Promise no effect on health that was not proved.", claims)
        ->pattern = "cure|cures|lose weight fast|miracle|heilt|wundermittel|anti-aging miracle";
    add("unreliable_claims", "Texts promise nothing that nobody can keep.",
        "Say what is true of every buyer.", claims)
        ->pattern =
        "guaranteed results|100% guaranteed|risk free|risk-free|get rich|garantierter erfolg";
    add("superlatives", "Superlatives are proved on the landing page.",
        "Write it without the superlative, or prove it on the page.", claims)
        ->pattern =
        "best in the world|world's best|number one|no. 1|#1|nr. 1|the cheapest|weltbeste|"
        "unbeatable|market leader|marktführer|the best ever|unschlagbar";
    add("personal_attributes", "Texts do not tell readers who they are.",
        "Speak of the product, not of the reader's health, money, age, origin or faith.",
        attributes)
        ->readers = {
        {"are you|bist du|sind sie",
         "overweight|obese|fat|single|divorced|lonely|gay|lesbian|bisexual|trans|transgender|"
         "christian|muslim|jewish|hindu|buddhist|black|asian|hispanic|latino|disabled|diabetic|"
         "depressed|anxious|pregnant|infertile|addicted|an alcoholic|bankrupt|broke|in debt|"
         "unemployed|elderly|over 50|over 60|a veteran|a felon|hiv positive|übergewichtig|"
         "verschuldet|arbeitslos|schwanger|depressiv|behindert"},
        {"do you have|do you suffer from|suffering from|struggling with|diagnosed with|leiden sie "
         "an|"
         "leidest du an|haben sie|hast du",
         "diabetes|depression|anxiety|cancer|adhd|autism|hiv|herpes|arthritis|eczema|psoriasis|"
         "obesity|infertility|debt|debts|bad credit|a criminal record|addiction|schulden|"
         "depressionen|krebs"},
        {"your|your own|dein|deine|ihr|ihre",
         "disability|diabetes|depression|anxiety|obesity|cancer|debt|debts|bad credit|bankruptcy|"
         "criminal record|religion|sexuality|ethnicity|pregnancy|schulden|behinderung|"
         "schwangerschaft"},
        {"other|fellow",
         "singles|christians|muslims|jews|hindus|seniors|lesbians|gays|diabetics|veterans|"
         "single parents"}};
    add("clickbait", "Texts hold nothing back to be clicked on.", "Say what the page shows.", bait)
        ->pattern =
        "you won't believe|you will never believe|this one trick|one weird trick|"
        "doctors hate|what happens next|shocking truth|the secret they|will blow your mind|"
        "du wirst nicht glauben|unglaublicher trick";
    add("pressure", "Texts do not press.", "Say what the offer is and until when.", bait)->pattern =
        "click here|act now or|last chance ever|hier klicken|don't miss out or";
    return list;
  }();
  return rules;
}

ReviewRule WithCommon(ReviewRule rule) {
  for (const ReviewRule& common : CommonRules()) {
    if (common.id != rule.id) continue;
    if (!common.pattern.empty()) {
      rule.pattern += (rule.pattern.empty() ? "" : "|") + common.pattern;
    }
    for (const std::string& form : common.forms) {
      if (!Contains(rule.forms, form)) rule.forms.push_back(form);
    }
    rule.readers.insert(rule.readers.end(), common.readers.begin(), common.readers.end());
    if (rule.fix.empty()) rule.fix = common.fix;
  }
  return rule;
}

}  // namespace maxopt::checks
