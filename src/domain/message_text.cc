#include "domain/message_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace maxopt {

using nlohmann::ordered_json;

std::string MarkdownText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
      continue;
    }
    if (c == '|' || c == '`' || c == '*' || c == '_' || c == '[') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

ordered_json DailyMessages::Head(std::string_view kind) const {
  return {{"maxopt", fmt::format("{}/1", kind)},
          {"client", client},
          {"day", PrintDay(day)},
          {"at", PrintInstant(now)}};
}

Message DailyMessages::Make(std::string to, std::string kind, std::string_view title,
                            const ordered_json& json, std::string markdown) const {
  Message message;
  message.client = client;
  message.to = std::move(to);
  message.kind = std::move(kind);
  message.title = fmt::format("{}: {}, {}", title, client, PrintDay(day));
  message.about = PrintDay(day);
  message.json = json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
  message.markdown = std::move(markdown);
  message.created_at = now;
  return message;
}

}  // namespace maxopt
