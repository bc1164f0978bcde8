#pragma once
// Inside of this folder: text of others, made harmless.
#include <string>
#include <string_view>

#include "stages/report/document.h"

namespace maxopt::report {

/// For text and quoted attributes of HTML and SVG.
std::string EscapeHtml(std::string_view text);
/// For CommonMark, tables included: no markup, no line break, no table cell is made.
std::string EscapeMarkdown(std::string_view text);
/// What made the report, for its foot: "maxopt 0.1", and the language model where one worded it.
std::string MadeWith(const Settings& settings, const Catalogue& texts);
/// RFC 4648, without line breaks.
std::string Base64(std::string_view bytes);
/// Letters, digits, "-" and "_" of `text` in lower case, at most 40; never empty.
std::string FileStem(std::string_view text);

}  // namespace maxopt::report
