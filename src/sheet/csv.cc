#include <fmt/format.h>

#include <cstdint>

#include "sheet/sheet.h"

namespace maxopt::sheet {
namespace {

void AppendUtf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

Result<std::string> FromUtf16(std::string_view bytes, bool little_endian) {
  if (bytes.size() % 2 != 0) {
    return Fail(Errc::kInvalidArgument, "the UTF-16 text ends in half a character");
  }
  const auto unit = [&](std::size_t at) -> std::uint32_t {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const auto second = static_cast<unsigned char>(bytes[at + 1]);
    return little_endian ? static_cast<std::uint32_t>(second << 8 | first)
                         : static_cast<std::uint32_t>(first << 8 | second);
  };
  std::string out;
  out.reserve(bytes.size() / 2);
  for (std::size_t at = 0; at < bytes.size(); at += 2) {
    std::uint32_t code = unit(at);
    if (code >= 0xD800 && code < 0xDC00 && at + 2 < bytes.size()) {
      const std::uint32_t low = unit(at + 2);
      if (low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        at += 2;
      }
    }
    if (code >= 0xD800 && code < 0xE000) {
      return Fail(Errc::kInvalidArgument, "the UTF-16 text holds half a surrogate pair");
    }
    AppendUtf8(out, code);
  }
  return out;
}

/// Length of the valid UTF-8 sequence at the front of `text`; 0 when there is none.
std::size_t SequenceLength(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 && first < 0xF5   ? 4
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xC2 && first < 0xE0 ? 2
                                                             : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) >= 0xA0;
  const bool beyond = first == 0xF4 && byte(1) >= 0x90;
  return overlong || surrogate || beyond ? 0 : length;
}

}  // namespace

Result<std::string> DecodeText(std::string_view bytes) {
  std::string text;
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
    MAXOPT_TRY(text, FromUtf16(bytes.substr(2), bytes.front() == '\xFF'));
  } else {
    if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
    text = bytes;
  }
  std::size_t line = 1;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = SequenceLength(std::string_view(text).substr(at));
    if (length == 0 || text[at] == '\0') {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("line {}: byte 0x{:02x} is not UTF-8 text; save the file as CSV "
                              "UTF-8",
                              line, static_cast<unsigned char>(text[at])));
    }
    if (text[at] == '\n') ++line;
    at += length;
  }
  return text;
}

Result<std::vector<CsvRecord>> ParseCsv(std::string_view text, char separator) {
  std::vector<CsvRecord> records;
  std::size_t line = 1;
  std::size_t at = 0;
  while (at < text.size()) {
    CsvRecord record{line, {}};
    bool more = true;
    while (more) {
      std::string cell;
      if (at < text.size() && text[at] == '"') {
        const std::size_t opened = line;
        for (++at;; ++at) {
          if (at >= text.size()) {
            return Fail(Errc::kInvalidArgument,
                        fmt::format("line {}: a quote is opened and never closed", opened));
          }
          if (text[at] == '"') {
            if (at + 1 >= text.size() || text[at + 1] != '"') break;
            ++at;
          }
          if (text[at] == '\n') ++line;
          cell += text[at];
        }
        ++at;
        // Spaces between the closing quote and the separator are harmless; text is not.
        while (at < text.size() && text[at] == ' ' && separator != ' ') ++at;
        if (at < text.size() && text[at] != separator && text[at] != '\n' && text[at] != '\r') {
          return Fail(Errc::kInvalidArgument,
                      fmt::format("line {}: there is text after the closing quote of {}", line,
                                  ShownCell(cell)));
        }
      } else {
        while (at < text.size() && text[at] != separator && text[at] != '\n' && text[at] != '\r') {
          cell += text[at++];
        }
      }
      record.cells.push_back(std::move(cell));
      more = at < text.size() && text[at] == separator;
      if (more) ++at;
    }
    if (at < text.size() && text[at] == '\r') {
      ++at;
      if (at < text.size() && text[at] == '\n') ++at;
    } else if (at < text.size()) {
      ++at;
    }
    ++line;
    if (record.cells.size() > 1 || !Trim(record.cells.front()).empty()) {
      records.push_back(std::move(record));
    }
  }
  return records;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpaces[] = {" ",        "\t",           "\r",          "\n",
                                          "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89"};
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view space : kSpaces) {
      if (text.starts_with(space)) {
        text.remove_prefix(space.size());
        again = true;
      }
      if (text.ends_with(space)) {
        text.remove_suffix(space.size());
        again = true;
      }
    }
  }
  return text;
}

std::string ShownCell(std::string_view cell) {
  constexpr std::size_t kShown = 60;
  std::string out = "\"";
  std::size_t shown = 0;
  while (shown < cell.size() && shown < kShown) {
    const std::size_t length = SequenceLength(cell.substr(shown));
    if (length == 0 || static_cast<unsigned char>(cell[shown]) < ' ') {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(cell[shown]));
      ++shown;
    } else {
      out += cell.substr(shown, length);
      shown += length;
    }
  }
  if (shown < cell.size()) out += "...";
  return out + "\"";
}

}  // namespace maxopt::sheet
