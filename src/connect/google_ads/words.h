#pragma once
#include <optional>
#include <string>
#include <string_view>

/// Google's words for what the catalogue names in ours.
namespace maxopt::google_ads {

/// "purchase" -> "PURCHASE"; nullopt for what a tag on a website cannot count (an app's install).
std::optional<std::string_view> CategoryOf(std::string_view event);
/// "SUBMIT_LEAD_FORM" -> "lead"; another category in lower case.
std::string EventOf(std::string_view category);
/// For messages: "purchase, lead, ...".
std::string KnownEvents();

/// "shop_now" -> "Shop now", and back.
std::string CallToActionText(std::string_view word);
std::string CallToActionWord(std::string_view text);

/// Length of a text as Google counts it in ads: wide letters (Chinese, Japanese, Korean) are two.
std::size_t Letters(std::string_view utf8);

}  // namespace maxopt::google_ads
