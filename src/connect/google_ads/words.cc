#include "connect/google_ads/words.h"

#include "connect/google_ads/rows.h"

namespace maxopt::google_ads {
namespace {

constexpr std::pair<std::string_view, std::string_view> kEvents[] = {
    {"purchase", "PURCHASE"},
    {"lead", "SUBMIT_LEAD_FORM"},
    {"sign_up", "SIGNUP"},
    {"add_to_cart", "ADD_TO_CART"},
    {"begin_checkout", "BEGIN_CHECKOUT"},
    {"page_view", "PAGE_VIEW"},
    {"subscribe", "SUBSCRIBE_PAID"},
    {"book_appointment", "BOOK_APPOINTMENT"},
    {"request_quote", "REQUEST_QUOTE"},
    {"get_directions", "GET_DIRECTIONS"},
    {"outbound_click", "OUTBOUND_CLICK"},
    {"contact", "CONTACT"},
    {"engagement", "ENGAGEMENT"},
    {"qualified_lead", "QUALIFIED_LEAD"},
    {"converted_lead", "CONVERTED_LEAD"},
    {"other", "DEFAULT"},
};

constexpr std::pair<char32_t, char32_t> kWide[] = {
    {0x1100, 0x115F}, {0x2E80, 0xA4CF}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},
    {0xFE30, 0xFE4F}, {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x20000, 0x3FFFD}};

}  // namespace

std::optional<std::string_view> CategoryOf(std::string_view event) {
  for (const auto& [ours, google] : kEvents) {
    if (ours == event) return google;
  }
  return std::nullopt;
}

std::string EventOf(std::string_view category) {
  for (const auto& [ours, google] : kEvents) {
    if (google == category) return std::string(ours);
  }
  return Lower(category);
}

std::string KnownEvents() {
  std::string known;
  for (const auto& [ours, google] : kEvents) {
    if (!known.empty()) known += ", ";
    known += ours;
  }
  return known;
}

std::string CallToActionText(std::string_view word) {
  std::string text(word);
  for (char& c : text) {
    if (c == '_') c = ' ';
  }
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') {
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  }
  return text;
}

std::string CallToActionWord(std::string_view text) {
  std::string word = Lower(text);
  for (char& c : word) {
    if (c == ' ') c = '_';
  }
  return word;
}

std::size_t Letters(std::string_view utf8) {
  std::size_t letters = 0;
  for (std::size_t i = 0; i < utf8.size();) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t letter = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < utf8.size(); ++k) {
      letter = letter << 6U | (static_cast<unsigned char>(utf8[i + k]) & 0x3FU);
    }
    bool wide = false;
    for (const auto& [first, last] : kWide) wide = wide || (letter >= first && letter <= last);
    letters += wide ? 2 : 1;
    i += length;
  }
  return letters;
}

}  // namespace maxopt::google_ads
