#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "connect/notify/notify.h"

/// What every format needs. Inside of this folder only.
namespace maxopt {

/// One line of well-formed UTF-8: control characters and line breaks become spaces, what turns the
/// reading direction or has no width is dropped, bytes that are no UTF-8 become U+FFFD.
std::string OneLine(std::string_view text);
/// At most `bytes_max` bytes, cut between characters, with "..." where something was cut.
std::string Cut(std::string text, std::size_t bytes_max);
/// "CRITICAL", "RESOLVED", ...: what stands first.
std::string LabelOf(const AlertMessage& message);
/// "since 2026-11-22 10:00 UTC"
std::string TimeText(Instant at);
/// The alerts' own sentences below its title: numbers, stake, evidence, diagnosis, proposal.
std::vector<std::string> DetailsOf(const AlertLine& line);
/// What is said below all alerts: others open, repeats, who acknowledged.
std::vector<std::string> FooterOf(const AlertMessage& message, bool maybe_again);
std::string Hmac256Hex(std::string_view key, std::string_view text);
std::string Base64(std::string_view bytes);

}  // namespace maxopt
