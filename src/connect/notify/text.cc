#include "connect/notify/text.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace maxopt {
namespace {

/// Length of the well-formed UTF-8 character at `at`, and its code point; 0 when there is none.
std::size_t Character(std::string_view text, std::size_t at, char32_t& code) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  std::size_t length = 0;
  char32_t least = 0;
  if (first < 0x80) {
    code = first;
    return 1;
  }
  if ((first & 0xE0) == 0xC0) {
    length = 2, least = 0x80, code = first & 0x1F;
  } else if ((first & 0xF0) == 0xE0) {
    length = 3, least = 0x800, code = first & 0x0F;
  } else if ((first & 0xF8) == 0xF0) {
    length = 4, least = 0x10000, code = first & 0x07;
  } else {
    return 0;
  }
  if (at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
    code = (code << 6) | (byte(at + i) & 0x3F);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < least || code > 0x10FFFF || surrogate ? 0 : length;
}

bool IsInvisible(char32_t c) {
  return (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF;
}
bool IsBreak(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029;
}

}  // namespace

std::string OneLine(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    char32_t code = 0;
    const std::size_t length = Character(text, at, code);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      ++at;
      continue;
    }
    if (IsBreak(code)) {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else if (!IsInvisible(code)) {
      out += text.substr(at, length);
    }
    at += length;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string Cut(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t keep = bytes_max < 3 ? 0 : bytes_max - 3;
  while (keep > 0 && (static_cast<unsigned char>(text[keep]) & 0xC0) == 0x80) --keep;
  text.resize(keep);
  return text + "...";
}

std::string LabelOf(const AlertMessage& message) {
  if (message.kind == "resolved" || message.kind == "acknowledged" || message.kind == "test") {
    std::string label = message.kind;
    std::transform(label.begin(), label.end(), label.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return label;
  }
  std::string label(AlertTierName(message.tier));
  std::transform(label.begin(), label.end(), label.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (message.kind == "repeat") label += ", still open";
  if (message.kind == "escalation") label += ", nobody acknowledged";
  return label;
}

std::string TimeText(Instant at) {
  const std::string text = PrintLocal(Zone::Utc().LocalOf(at));
  return text.substr(0, 16) + " UTC";
}

std::vector<std::string> DetailsOf(const AlertLine& line) {
  std::vector<std::string> out;
  std::string numbers;
  if (!line.actual.empty()) numbers = "now " + line.actual;
  if (!line.expected.empty()) {
    numbers += fmt::format("{}expected {}", numbers.empty() ? "" : ", ", line.expected);
  }
  if (!line.at_stake.empty()) {
    numbers += fmt::format("{}at stake {}", numbers.empty() ? "" : ", ", line.at_stake);
  }
  numbers += fmt::format("{}since {}", numbers.empty() ? "" : ", ", TimeText(line.since));
  if (line.resolved_at) numbers += ", over at " + TimeText(*line.resolved_at);
  out.push_back(OneLine(numbers));
  for (const std::string& sentence : line.evidence) out.push_back(OneLine(sentence));
  for (const std::string& sentence : line.diagnosis) out.push_back(OneLine(sentence));
  if (!line.proposal.empty()) out.push_back("Max proposes: " + OneLine(line.proposal));
  return out;
}

std::vector<std::string> FooterOf(const AlertMessage& message, bool maybe_again) {
  std::vector<std::string> out;
  if (message.others_open > 0) {
    out.push_back(fmt::format("{} more of this group {} open and told before", message.others_open,
                              message.others_open == 1 ? "is" : "are"));
  }
  if (!message.by.empty()) out.push_back("acknowledged by " + OneLine(message.by));
  if (maybe_again) out.push_back("an earlier try of this message may have arrived already");
  return out;
}

std::string Hmac256Hex(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
           &length) == nullptr) {
    Bug();
  }
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string Base64(std::string_view bytes) {
  if (bytes.empty()) return "";
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

}  // namespace maxopt
