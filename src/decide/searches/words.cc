#include "decide/searches/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>

namespace maxopt {
namespace {

// Google Ads' limits of a keyword, the same since they were first told.
constexpr std::size_t kCharactersMax = 80, kWordsMax = 10;
constexpr std::string_view kRefused = "!@%,*^=;~`<>?\\|(){}[]\"";

constexpr struct {
  SearchMatch match;
  std::string_view name;
} kMatches[] = {{SearchMatch::kExact, "exact"},
                {SearchMatch::kPhrase, "phrase"},
                {SearchMatch::kBroad, "broad"}};

/// The character at `at`, moved behind it; nullopt where the bytes are no UTF-8.
std::optional<std::uint32_t> Next(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if ((first >= 0x80 && first < 0xC2) || first > 0xF4 || at + length > text.size()) {
    return std::nullopt;
  }
  std::uint32_t code = length == 1 ? first : first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80) return std::nullopt;
    code = code << 6U | (byte(at + i) & 0x3FU);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[length] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
    return std::nullopt;
  }
  at += length;
  return code;
}

/// Lower case of the letters that advertisers' alphabets have two cases of, below U+0800.
std::uint32_t Lower(std::uint32_t c) {
  const auto in = [c](std::uint32_t first, std::uint32_t last) { return c >= first && c <= last; };
  if (in('A', 'Z') || (in(0xC0, 0xDE) && c != 0xD7)) return c + 0x20;
  if (c == 0x130) return 'i';
  if (c == 0x178) return 0xFF;
  if (in(0x100, 0x137) || in(0x14A, 0x177)) return c | 1U;
  if (in(0x139, 0x148) || in(0x179, 0x17E)) return c % 2 == 1 ? c + 1 : c;
  if (c == 0x386) return 0x3AC;
  if (in(0x388, 0x38A)) return c + 0x25;
  if (c == 0x38C) return 0x3CC;
  if (in(0x38E, 0x38F)) return c + 0x3F;
  if (in(0x391, 0x3A9) && c != 0x3A2) return c + 0x20;
  if (in(0x400, 0x40F)) return c + 0x50;
  if (in(0x410, 0x42F)) return c + 0x20;
  return c;
}

void Append(std::string& out, std::uint32_t code, std::string_view as_was) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | code >> 6U);
    out += static_cast<char>(0x80U | (code & 0x3FU));
  } else {
    out += as_was;
  }
}

bool IsSpace(std::uint32_t c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xA0; }
bool IsUnseen(std::uint32_t c) {
  const auto in = [c](std::uint32_t first, std::uint32_t last) { return c >= first && c <= last; };
  return c < 0x20 || in(0x7F, 0x9F) || c == 0xAD || c == 0x61C || in(0x200B, 0x200F) ||
         in(0x2028, 0x202E) || in(0x2060, 0x206F) || c == 0xFEFF || in(0xFFF9, 0xFFFF) ||
         in(0xE000, 0xF8FF) || in(0x2190, 0x2BFF) || in(0xFE00, 0xFE0F) || c >= 0x1F000;
}

std::u32string Letters(std::string_view word) {
  std::u32string out;
  for (std::size_t at = 0; at < word.size();) {
    const auto code = Next(word, at);
    out += code ? static_cast<char32_t>(*code) : static_cast<unsigned char>(word[at++]);
  }
  return out;
}

/// Equal, or one letter put in, left out, changed or swapped.
bool Near(const std::string& a, const std::string& b) {
  if (a == b) return true;
  std::u32string left = Letters(a), right = Letters(b);
  if (left.size() > right.size()) std::swap(left, right);
  if (left.size() < 4 || right.size() - left.size() > 1) return false;
  const auto begin = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
  const auto i = static_cast<std::size_t>(begin.first - left.begin());
  const auto rest = [](const std::u32string& text, std::size_t from) {
    return from < text.size() ? text.substr(from) : std::u32string();
  };
  if (left.size() != right.size()) return rest(left, i) == rest(right, i + 1);
  if (rest(left, i + 1) == rest(right, i + 1)) return true;
  return i + 1 < left.size() && left[i] == right[i + 1] && left[i + 1] == right[i] &&
         rest(left, i + 2) == rest(right, i + 2);
}

template <class Same>
bool Blocks(SearchMatch match, const std::vector<std::string>& wanted,
            const std::vector<std::string>& typed, Same same) {
  if (wanted.empty()) return false;
  switch (match) {
    case SearchMatch::kExact:
      return std::equal(wanted.begin(), wanted.end(), typed.begin(), typed.end(), same);
    case SearchMatch::kPhrase:
      return std::search(typed.begin(), typed.end(), wanted.begin(), wanted.end(), same) !=
             typed.end();
    case SearchMatch::kBroad:
      return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& word) {
        return std::any_of(typed.begin(), typed.end(),
                           [&](const std::string& one) { return same(one, word); });
      });
  }
  return false;
}

}  // namespace

bool searches::Blocks(SearchMatch match, const std::vector<std::string>& wanted,
                      const std::vector<std::string>& typed) {
  return maxopt::Blocks(match, wanted, typed, std::equal_to<std::string>());
}
bool searches::MayBlock(SearchMatch match, const std::vector<std::string>& wanted,
                        const std::vector<std::string>& typed) {
  return maxopt::Blocks(match, wanted, typed, Near);
}

Result<SearchKeyword> ParseSearchKeyword(std::string_view keyword) {
  const std::size_t colon = keyword.find(':');
  if (colon != std::string_view::npos && !SearchWords(keyword.substr(colon + 1)).empty()) {
    for (const auto& known : kMatches) {
      if (keyword.substr(0, colon) == known.name) {
        return SearchKeyword{known.match, std::string(keyword.substr(colon + 1))};
      }
    }
  }
  return Fail(
      Errc::kInvalidArgument,
      fmt::format("keyword \"{}\" is not match:text with match exact, phrase or broad", keyword));
}

std::string PrintSearchKeyword(const SearchKeyword& keyword) {
  for (const auto& known : kMatches) {
    if (known.match == keyword.match) return fmt::format("{}:{}", known.name, keyword.text);
  }
  Bug();
}

std::vector<std::string> SearchWords(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto end = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t from = at;
    const auto code = Next(text, at);
    if (!code) {
      word += text[at++];
    } else if (IsSpace(*code)) {
      end();
    } else {
      Append(word, Lower(*code), text.substr(from, at - from));
    }
  }
  end();
  return words;
}

bool NegativeBlocks(const SearchKeyword& negative, std::string_view search) {
  return searches::Blocks(negative.match, SearchWords(negative.text), SearchWords(search));
}
bool NegativeMayBlock(const SearchKeyword& negative, std::string_view search) {
  return searches::MayBlock(negative.match, SearchWords(negative.text), SearchWords(search));
}

std::string KeywordProblem(std::string_view text) {
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size(); ++characters) {
    const auto code = Next(text, at);
    if (!code) return "it is not UTF-8 text";
    if (*code < 0x80 && kRefused.find(static_cast<char>(*code)) != std::string_view::npos) {
      return fmt::format("it holds \"{}\", which no keyword may", static_cast<char>(*code));
    }
    if (IsUnseen(*code)) return fmt::format("it holds U+{:04X}, which no keyword may", *code);
  }
  const std::size_t words = SearchWords(text).size();
  if (words == 0) return "it has no words";
  if (characters > kCharactersMax) {
    return fmt::format("it has {} characters; a keyword has {} at most", characters,
                       kCharactersMax);
  }
  if (words > kWordsMax) {
    return fmt::format("it has {} words; a keyword has {} at most", words, kWordsMax);
  }
  // Signs of match types in other places; Google would read them as part of the word, or not at
  // all.
  if (text.front() == '+' || text.front() == '-') return "it begins with a sign";
  return {};
}

}  // namespace maxopt
