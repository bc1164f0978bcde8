#pragma once
// Inside of this folder: text of others, made harmless.
#include <string>
#include <string_view>

namespace maxopt::report {

/// For text and quoted attributes of HTML and SVG.
std::string EscapeHtml(std::string_view text);
/// For CommonMark, tables included: no markup, no line break, no table cell is made.
std::string EscapeMarkdown(std::string_view text);
/// RFC 4648, without line breaks.
std::string Base64(std::string_view bytes);
/// Letters, digits, "-" and "_" of `text` in lower case, at most 40; never empty.
std::string FileStem(std::string_view text);

}  // namespace maxopt::report
