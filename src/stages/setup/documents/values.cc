#include "stages/setup/documents/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "clock/clock.h"
#include "domain/bid_modifiers.h"
#include "domain/dayparts.h"
#include "stages/setup/documents/node.h"

namespace maxopt::documents {
namespace {

using enum Kind;

bool Digit(char c) { return c >= '0' && c <= '9'; }
bool Lower(char c) { return c >= 'a' && c <= 'z'; }
bool Upper(char c) { return c >= 'A' && c <= 'Z'; }
template <class Is>
bool All(std::string_view text, Is is) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is);
}
std::unexpected<Error> Wrong(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

/// Control characters and those that turn the direction of text around: nobody sees them, and they
/// make a text look like another.
Result<> CheckCharacters(std::string_view text, bool line_breaks) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte == '\n' && line_breaks) continue;
    if (byte == '\n')
      return Wrong(fmt::format("{} has a line break; one line is due", Shown(text)));
    if (byte < 0x20 || byte == 0x7F) {
      return Wrong(
          fmt::format("{} holds the control character 0x{:02x}; remove it", Shown(text), byte));
    }
    const std::string_view rest = text.substr(at);
    const bool c1 = byte == 0xC2 && rest.size() > 1 && static_cast<unsigned char>(rest[1]) < 0xA0;
    const bool turning =
        rest.starts_with("\xE2\x80") && rest.size() > 2 &&
        ((static_cast<unsigned char>(rest[2]) >= 0xAA &&
          static_cast<unsigned char>(rest[2]) <= 0xAE) ||
         static_cast<unsigned char>(rest[2]) == 0x8B || rest[2] == '\x8E' || rest[2] == '\x8F');
    const bool isolating = rest.starts_with("\xE2\x81") && rest.size() > 2 &&
                           static_cast<unsigned char>(rest[2]) >= 0xA6 &&
                           static_cast<unsigned char>(rest[2]) <= 0xA9;
    if (c1 || turning || isolating || rest.starts_with("\xEF\xBB\xBF")) {
      return Wrong(fmt::format("{} holds an invisible character at byte {}; remove it", Shown(text),
                               at + 1));
    }
  }
  return {};
}

Result<> CheckText(std::string_view text, std::size_t bytes_max, bool line_breaks) {
  if (text.empty()) return Wrong("is empty; write a value, or leave it out altogether");
  if (text.size() > bytes_max) {
    return Wrong(
        fmt::format("{} has {} bytes; at most {} are taken", Shown(text), text.size(), bytes_max));
  }
  if (text.front() == ' ' || text.back() == ' ') {
    return Wrong(fmt::format("{} begins or ends with a space; remove it", Shown(text)));
  }
  return CheckCharacters(text, line_breaks);
}

Result<> CheckWord(const Field& field, std::string_view text) {
  const Words known = SplitWords(field.words);
  if (std::find(known.words.begin(), known.words.end(), text) != known.words.end()) return {};
  const bool word = All(text, [](char c) { return Lower(c) || Digit(c) || c == '_'; });
  if (known.open && word && text.size() <= 60) return {};
  return Wrong(fmt::format("{} is not a {}; known are {}{}", Shown(text), field.name,
                           fmt::join(known.words, ", "),
                           known.open ? ", and other words of a-z and _" : ""));
}

Result<> CheckDay(std::string_view text) {
  const auto day = ParseDay(text);
  if (!day) {
    std::size_t marks = 0;
    for (const char c : text) marks += c == '/' || c == '.' ? 1 : 0;
    const bool slashed =
        marks == 2 && All(text, [](char c) { return Digit(c) || c == '/' || c == '.'; });
    if (slashed) {
      return Wrong(
          fmt::format("{} could be read as day/month or as month/day; write the day as "
                      "YYYY-MM-DD, such as 2026-03-01",
                      Shown(text)));
    }
    return Wrong(fmt::format("{} is not a day; write YYYY-MM-DD, such as 2026-03-01", Shown(text)));
  }
  const std::chrono::year_month_day date(*day);
  if (date.year() < std::chrono::year(2000) || date.year() > std::chrono::year(2100)) {
    return Wrong(fmt::format("{} is not within 2000 to 2100; is the year right?", Shown(text)));
  }
  return {};
}

Result<> CheckNumber(const Field& field, std::string_view text) {
  double value = 0;
  const auto plain = All(text, [](char c) { return Digit(c) || c == '.'; }) &&
                     Digit(text.front()) && Digit(text.back()) && text.size() <= 18;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (!plain || error != std::errc() || end != text.data() + text.size()) {
    return Wrong(fmt::format("{} is not a plain number such as {}", Shown(text), field.example));
  }
  if (field.kind == kInteger && text.find('.') != std::string_view::npos) {
    return Wrong(fmt::format("{} is not a whole number", Shown(text)));
  }
  if (value < field.low || value > field.high) {
    return Wrong(fmt::format("{} is not from {} to {}", Shown(text), field.low, field.high));
  }
  return {};
}

Result<> CheckDecimal(std::string_view text) {
  const auto value = ParseMoney(text, kNoCurrency);
  if (!value) return Wrong(value.error().what);
  if (value->micros() <= 0) return Wrong(fmt::format("{} must be above zero", Shown(text)));
  return {};
}

Result<> CheckUrl(std::string_view text) {
  MAXOPT_CHECK(CheckText(text, 2'000, false));
  constexpr std::string_view kScheme = "https://";
  if (!text.starts_with(kScheme)) {
    return Wrong(fmt::format("{} must begin with https://", Shown(text)));
  }
  const std::string_view host =
      text.substr(kScheme.size(), text.find_first_of("/?#", kScheme.size()) - kScheme.size());
  if (host.find('.') == std::string_view::npos || host.find('@') != std::string_view::npos ||
      host.front() == '.' || !std::all_of(host.begin(), host.end(), [](char c) {
        return Digit(c) || Lower(c) || Upper(c) || c == '.' || c == '-' || c == ':';
      })) {
    return Wrong(
        fmt::format("{} has no plain host name such as alpenglow.example; other scripts "
                    "in their xn-- form, and no user name",
                    Shown(text)));
  }
  if (text.find_first_of(" \"<>\\^`|") != std::string_view::npos) {
    return Wrong(fmt::format("{} holds a character that must be escaped in a URL", Shown(text)));
  }
  return {};
}

Result<> CheckFile(std::string_view text) {
  MAXOPT_CHECK(CheckText(text, 300, false));
  const auto refuse = [&](std::string_view why) {
    return Wrong(
        fmt::format("file {} {}; write a path below the document's folder, such as "
                    "creatives/dawn.png",
                    Shown(text), why));
  };
  if (text.front() == '/' || text.front() == '~') return refuse("is an absolute path");
  if (text.find_first_of("\\:*?\"<>|") != std::string_view::npos) {
    return refuse("holds a character that file names must not have");
  }
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t slash = std::min(text.find('/', at), text.size());
    const std::string_view part = text.substr(at, slash - at);
    if (part.empty() || part == "." || part == "..") return refuse("leaves its folder");
    at = slash + 1;
  }
  return {};
}

Result<> CheckAccount(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || !FindPlatform(text.substr(0, slash)) ||
      !All(text.substr(slash + 1), Digit)) {
    return Wrong(fmt::format("{} is not platform/id, such as meta/880011223344", Shown(text)));
  }
  return {};
}

}  // namespace

Result<> CheckScalar(const Field& field, std::string_view text) {
  if (text.empty()) return Wrong("is empty; write a value, or leave it out altogether");
  switch (field.kind) {
    case kText:
      return CheckText(text, kTextMax, true);
    case kName:
      return CheckText(text, kNameMax, false);
    case kKey:
      if (text.size() > 60 || !All(text, [](char c) { return Lower(c) || Digit(c) || c == '-'; })) {
        return Wrong(fmt::format("{} must be one word of a-z, 0-9 and - (60 at most), such as {}",
                                 Shown(text), field.example));
      }
      return {};
    case kWord:
      return CheckWord(field, text);
    case kMoney:
    case kDecimal:
      return CheckDecimal(text);
    case kDay:
      return CheckDay(text);
    case kTime:
      if (!ParseLocal(text)) {
        return Wrong(fmt::format("{} is not a time; write YYYY-MM-DD HH:MM:SS", Shown(text)));
      }
      return {};
    case kInteger:
    case kReal:
      return CheckNumber(field, text);
    case kBool:
      if (text != "true" && text != "false") {
        return Wrong(fmt::format("{} must be true or false", Shown(text)));
      }
      return {};
    case kCurrency:
      if (!FindCurrency(text)) {
        return Wrong(
            fmt::format("{} is not a currency; write its three capital letters, such as "
                        "EUR",
                        Shown(text)));
      }
      return {};
    case kZone:
      if (text.size() > 60 || !Zone::Find(text)) {
        return Wrong(
            fmt::format("{} is not a time zone; write its IANA name, such as "
                        "Europe/Berlin",
                        Shown(text)));
      }
      return {};
    case kPlatform:
      if (const auto platform = FindPlatform(text); !platform) {
        return Wrong(text.size() > 40 ? fmt::format("{} is not a platform", Shown(text))
                                      : platform.error().what);
      }
      return {};
    case kDigits:
      if (text.size() > 40 || !All(text, Digit)) {
        return Wrong(
            fmt::format("{} is not an id of digits only; no dashes, no act_, and in a "
                        "sheet as text",
                        Shown(text)));
      }
      return {};
    case kAccount:
      return CheckAccount(text);
    case kUrl:
      return CheckUrl(text);
    case kFile:
      return CheckFile(text);
    case kSha256:
      if (text.size() != 64 ||
          !All(text, [](char c) { return Digit(c) || (c >= 'a' && c <= 'f'); })) {
        return Wrong(fmt::format("{} is not a SHA-256 of 64 digits 0-9, a-f", Shown(text)));
      }
      return {};
    case kTexts:
    case kCounts:
    case kObject:
    case kObjects:
      Bug();
  }
  Bug();
}

Result<> CheckItem(const Field& field, std::string_view text) {
  if (text.empty()) return Wrong("an entry of the list is empty; write it or remove it");
  switch (field.items) {
    case Items::kAny:
      return CheckText(text, kTextMax, true);
    case Items::kName:
      return CheckText(text, kNameMax, false);
    case Items::kWords:
      return CheckWord(field, text);
    case Items::kCountry:
      if (text.size() != 2 || !All(text, Upper)) {
        return Wrong(fmt::format("{} is not a country; write its two capital letters, such as DE",
                                 Shown(text)));
      }
      return {};
    case Items::kLanguage:
      if (text.size() != 2 || !All(text, Lower)) {
        return Wrong(fmt::format("{} is not a language; write its two small letters, such as de",
                                 Shown(text)));
      }
      return {};
    case Items::kKeyword: {
      const std::size_t colon = text.find(':');
      const std::string_view match = text.substr(0, colon);
      if (colon == std::string_view::npos ||
          (match != "exact" && match != "phrase" && match != "broad")) {
        return Wrong(
            fmt::format("keyword {} does not say how it matches; write exact:, phrase: "
                        "or broad: before it",
                        Shown(text)));
      }
      return CheckText(text.substr(colon + 1), kNameMax, false);
    }
    case Items::kDaypart: {
      MAXOPT_CHECK(CheckText(text, 60, false));
      if (const auto hours = ParseDayparts({std::string(text)}); !hours) {
        return Wrong(hours.error().what);
      }
      return {};
    }
    case Items::kModifier: {
      MAXOPT_CHECK(CheckText(text, 60, false));
      if (const auto modifiers = ParseBidModifiers({std::string(text)}); !modifiers) {
        return Wrong(modifiers.error().what);
      }
      return {};
    }
  }
  Bug();
}

Result<Money> ReadMoney(std::string_view text, const Currency* currency) {
  MAXOPT_CHECK(CheckDecimal(text));
  const auto money = ParseMoney(text, currency == nullptr ? kNoCurrency : *currency);
  if (!money) return Wrong(money.error().what);
  if (currency != nullptr) {
    MAXOPT_TRY(const int decimals, MinorUnitDecimals(*currency, MinorUnits::kIso4217));
    if (!ToMinor(*money, MinorUnits::kIso4217)) {
      return Wrong(
          fmt::format("{} is not exact in {}: {} decimals are all it has; write the "
                      "amount that is meant",
                      Shown(text), currency->name(), decimals));
    }
  }
  // Sums over many packages must stay far from the end of 64 bits.
  constexpr std::int64_t kUnitsMax = 10'000'000'000;
  if (money->micros() > kUnitsMax * 1'000'000 / 10) {
    return Wrong(fmt::format("{} is more than a billion; is the decimal mark right?", Shown(text)));
  }
  return *money;
}

std::string PlainDecimal(std::string_view text) {
  if (text.find('.') != std::string_view::npos) {
    while (text.ends_with('0')) text.remove_suffix(1);
    if (text.ends_with('.')) text.remove_suffix(1);
  }
  return std::string(text);
}

std::string_view PatternOf(const Field& field) {
  switch (field.kind) {
    case kKey:
      return "^[a-z0-9-]{1,60}$";
    case kMoney:
    case kDecimal:
      return "^[0-9]+(\\.[0-9]{1,6})?$";
    case kDay:
      return "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
    case kTime:
      return "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$";
    case kInteger:
      return "^[0-9]+$";
    case kReal:
      return "^[0-9]+(\\.[0-9]+)?$";
    case kBool:
      return "^(true|false)$";
    case kCurrency:
      return "^[A-Z]{3}$";
    case kDigits:
      return "^[0-9]{1,40}$";
    case kAccount:
      return "^[a-z_]+/[0-9]+$";
    case kUrl:
      return "^https://";
    case kSha256:
      return "^[0-9a-f]{64}$";
    case kWord:
      return "^[a-z0-9_]+$";
    case kFile:
      return "^[^/~]";
    case kName:
      return "^[^\\n]*$";
    case kText:
    case kZone:
    case kPlatform:
    case kTexts:
    case kCounts:
    case kObject:
    case kObjects:
      return "";
  }
  Bug();
}

std::string_view PatternOfItems(const Field& field) {
  switch (field.items) {
    case Items::kCountry:
      return "^[A-Z]{2}$";
    case Items::kLanguage:
      return "^[a-z]{2}$";
    case Items::kKeyword:
      return "^(exact|phrase|broad):.";
    case Items::kDaypart:
      return "^[a-z-]+ [0-9]{2}:00-[0-9]{2}:00$";
    case Items::kModifier:
      return "^(device|country|location):[^ ]+ [0-9]{1,3}([.][0-9]{1,4})?$";
    case Items::kAny:
    case Items::kName:
    case Items::kWords:
      return "";
  }
  Bug();
}

}  // namespace maxopt::documents
