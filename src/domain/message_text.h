#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "domain/message.h"

namespace maxopt {

/// Text of teammates and platforms inside of Markdown: no table is broken, no markup made.
std::string MarkdownText(std::string_view text);

/// A message about one day of a client, as a stage writes several to the team.
struct DailyMessages {
  std::string client;
  Day day{};
  Instant now{};

  /// How its JSON begins: maxopt ("<kind>/1"), client, day, at.
  nlohmann::ordered_json Head(std::string_view kind) const;
  /// Titled "<title>: <client>, <day>", about the day.
  Message Make(std::string to, std::string kind, std::string_view title,
               const nlohmann::ordered_json& json, std::string markdown) const;
};

}  // namespace maxopt
