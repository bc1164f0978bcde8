#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "http/http.h"

namespace maxopt::http {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool SameIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), Lower);
  return lower;
}

bool Unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Texts from outside are shown short, so that an error about a 60 kB URL stays one sentence.
std::string_view Short(std::string_view text) { return text.substr(0, 80); }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// "form-data; name="a"; filename=b" -> first word and parameters. Values may be quoted; inside
/// quotes a backslash protects a quote or a backslash, as old clients write them.
struct Parameters {
  std::string_view first;
  std::vector<std::pair<std::string, std::string>> pairs;  // names in lower case
  const std::string* Find(std::string_view name) const {
    for (const auto& [key, value] : pairs) {
      if (key == name) return &value;
    }
    return nullptr;
  }
};
Parameters ParseParameters(std::string_view text) {
  Parameters out;
  const auto end_of_first = std::min(text.find(';'), text.size());
  out.first = Trim(text.substr(0, end_of_first));
  std::size_t at = end_of_first;
  while (at < text.size()) {
    ++at;  // the semicolon
    const auto equals = text.find_first_of("=;", at);
    if (equals == std::string_view::npos) break;
    if (text[equals] == ';') {
      at = equals;
      continue;
    }
    std::string name = LowerCase(Trim(text.substr(at, equals - at)));
    std::string value;
    at = equals + 1;
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
    if (at < text.size() && text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        const bool escape = text[at] == '\\' && at + 1 < text.size() &&
                            (text[at + 1] == '"' || text[at + 1] == '\\');
        if (escape) ++at;
        value += text[at];
      }
      at = std::min(text.find(';', at), text.size());
    } else {
      const auto end = std::min(text.find(';', at), text.size());
      value = Trim(text.substr(at, end - at));
      at = end;
    }
    out.pairs.emplace_back(std::move(name), std::move(value));
  }
  return out;
}

constexpr std::array<std::pair<char, std::string_view>, 3> kQuotedEscapes{
    {{'"', "%22"}, {'\r', "%0D"}, {'\n', "%0A"}}};

/// A form field's name inside quotes, escaped the way browsers do.
std::string EscapeQuoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto* escape =
        std::ranges::find(kQuotedEscapes, c, [](const auto& e) { return e.first; });
    if (escape == kQuotedEscapes.end()) {
      out += c;
    } else {
      out += escape->second;
    }
  }
  return out;
}

std::string UnescapeQuoted(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto* escape = std::ranges::find_if(
        kQuotedEscapes, [&](const auto& e) { return text.starts_with(e.second); });
    if (escape == kQuotedEscapes.end()) {
      out += text.front();
      text.remove_prefix(1);
    } else {
      out += escape->first;
      text.remove_prefix(escape->second.size());
    }
  }
  return out;
}

Result<Part> DecodePart(std::string_view head, std::string_view body) {
  Part part;
  part.body = body;
  bool disposed = false;
  while (!head.empty()) {
    const auto end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("multipart: a part has the header line \"{}\" without a colon", Short(line)));
    }
    const std::string_view name = Trim(line.substr(0, colon));
    const std::string_view value = Trim(line.substr(colon + 1));
    if (SameIgnoringCase(name, "content-disposition")) {
      const Parameters parameters = ParseParameters(value);
      if (!SameIgnoringCase(parameters.first, "form-data")) continue;
      if (const std::string* field = parameters.Find("name")) {
        part.name = UnescapeQuoted(*field);
        disposed = true;
      }
      if (const std::string* file = parameters.Find("filename")) {
        part.file_name = UnescapeQuoted(*file);
      }
    } else if (SameIgnoringCase(name, "content-type")) {
      part.content_type = value;
    }
  }
  if (!disposed) {
    return Fail(Errc::kInvalidArgument,
                "multipart: a part has no Content-Disposition: form-data with a name");
  }
  return part;
}

}  // namespace

std::optional<std::string_view> FindHeader(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (SameIgnoringCase(key, name)) return value;
  }
  return std::nullopt;
}

std::optional<std::string> Url::Param(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Result<Url> ParseUrl(std::string_view text) {
  const std::string_view whole = text;
  const auto bad = [&](std::string_view what) {
    return Fail(Errc::kInvalidArgument, fmt::format("URL \"{}\": {}", Short(whole), what));
  };
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) {
      // Not shown: it would carry the control character into a log.
      return Fail(Errc::kInvalidArgument,
                  "a URL holds a space or a control character; percent-encode it");
    }
  }
  Url url;
  text = text.substr(0, text.find('#'));  // a fragment is the reader's own business
  if (!text.starts_with('/')) {
    const auto scheme = text.find("://");
    if (scheme == std::string_view::npos) return bad("it has neither a scheme nor a path");
    const auto host = scheme + 3;
    const auto path = text.find('/', host);
    const auto query = text.find('?');
    if (path == std::string_view::npos || query < path) return bad("it has no path");
    if (scheme == 0 || path == host) return bad("it has no host");
    url.origin = LowerCase(text.substr(0, path));
    if (url.origin.find('@') != std::string::npos) {
      return Fail(Errc::kInvalidArgument, "a URL must not carry a user name or password");
    }
    text.remove_prefix(path);
  }
  const auto question = std::min(text.find('?'), text.size());
  url.path = text.substr(0, question);
  if (const auto decoded = PercentDecode(url.path, false); !decoded) {
    return bad("its path has a % that is not followed by two hexadecimal digits");
  }
  if (question < text.size()) {
    auto pairs = DecodeForm(text.substr(question + 1));
    if (!pairs) return bad("its query has a % that is not followed by two hexadecimal digits");
    url.query = *std::move(pairs);
  }
  return url;
}

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (Unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

Result<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("\"{}\" has a % that is not followed by two hexadecimal digits",
                                Short(text)));
      }
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string EncodeForm(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out += PercentEncode(name);
    out += '=';
    out += PercentEncode(value);
  }
  return out;
}

Result<std::vector<std::pair<std::string, std::string>>> DecodeForm(std::string_view body) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!body.empty()) {
    const auto end = std::min(body.find('&'), body.size());
    const std::string_view pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    MAXOPT_TRY(std::string name, PercentDecode(pair.substr(0, equals), true));
    MAXOPT_TRY(std::string value,
               PercentDecode(pair.substr(std::min(equals + 1, pair.size())), true));
    pairs.emplace_back(std::move(name), std::move(value));
  }
  return pairs;
}

Result<std::vector<Part>> DecodeMultipart(std::string_view content_type, std::string_view body) {
  const auto bad = [](std::string what) {
    return Fail(Errc::kInvalidArgument, "multipart: " + std::move(what));
  };
  const Parameters parameters = ParseParameters(content_type);
  if (!SameIgnoringCase(parameters.first, "multipart/form-data")) {
    return bad(fmt::format("content type \"{}\" is not multipart/form-data", Short(content_type)));
  }
  const std::string* boundary = parameters.Find("boundary");
  // 70 is RFC 2046's longest.
  if (boundary == nullptr || boundary->empty() || boundary->size() > 70) {
    return bad("the content type names no boundary of 1 to 70 characters");
  }
  const std::string delimiter = "\r\n--" + *boundary;

  std::vector<Part> parts;
  // The first delimiter may stand at the very start, without its line break; a preamble is skipped.
  std::size_t at = 0;
  if (body.starts_with(std::string_view(delimiter).substr(2))) {
    at = delimiter.size() - 2;
  } else {
    const auto first = body.find(delimiter);
    if (first == std::string_view::npos) return bad("the boundary is nowhere in the body");
    at = first + delimiter.size();
  }
  while (true) {
    if (body.substr(at).starts_with("--")) return parts;
    while (at < body.size() && (body[at] == ' ' || body[at] == '\t')) ++at;
    if (!body.substr(at).starts_with("\r\n"))
      return bad("a boundary is not followed by a new line");
    at += 2;
    const auto end = body.find(delimiter, at);
    // A part without any header begins with the empty line itself.
    const bool no_head = body.substr(at).starts_with("\r\n");
    const auto head_end = no_head ? at : body.find("\r\n\r\n", at);
    if (end == std::string_view::npos) return bad("the body ends before its closing boundary");
    if (head_end == std::string_view::npos || head_end > end) {
      return bad("a part has no empty line between headers and body");
    }
    const auto from = head_end + (no_head ? 2 : 4);
    MAXOPT_TRY(Part part, DecodePart(body.substr(at, head_end - at),
                                     body.substr(from, end > from ? end - from : 0)));
    parts.push_back(std::move(part));
    at = end + delimiter.size();
  }
}

std::pair<std::string, std::string> EncodeMultipart(const std::vector<Part>& parts) {
  // Lengths go into the digest too: ("ab","c") and ("a","bc") must differ.
  std::string lengths;
  std::string all;
  for (const auto& part : parts) {
    lengths += fmt::format("{},{},{},{};", part.name.size(), part.file_name.size(),
                           part.content_type.size(), part.body.size());
    all += part.name;
    all += part.file_name;
    all += part.content_type;
    all += part.body;
  }
  all += lengths;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(all.data()), all.size(), digest.data());
  std::string boundary = "maxopt-";
  for (std::size_t i = 0; i < 16; ++i) boundary += fmt::format("{:02x}", digest[i]);

  std::string body;
  for (const auto& part : parts) {
    body += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"", boundary,
                        EscapeQuoted(part.name));
    if (!part.file_name.empty()) {
      body += fmt::format("; filename=\"{}\"", EscapeQuoted(part.file_name));
    }
    body += "\r\n";
    if (!part.content_type.empty()) body += "Content-Type: " + part.content_type + "\r\n";
    body += "\r\n";
    body += part.body;
    body += "\r\n";
  }
  body += "--" + boundary + "--\r\n";
  return {"multipart/form-data; boundary=" + boundary, std::move(body)};
}

}  // namespace maxopt::http
