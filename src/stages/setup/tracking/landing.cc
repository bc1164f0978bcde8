#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "stages/setup/tracking/text.h"
#include "stages/setup/tracking/tracking.h"
#include "stages/setup/tracking/way.h"

namespace maxopt {
namespace {

constexpr std::size_t kUrlBytesMax = 16u << 10;

std::string_view Short(std::string_view text) { return text.substr(0, 120); }

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f";
  const std::size_t from = text.find_first_not_of(kSpace);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kSpace) - from + 1);
}

/// What a browser makes of a Location that was not encoded.
std::string EncodeStray(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F) {
      out += http::PercentEncode(std::string_view(&c, 1));
    } else {
      out += c;
    }
  }
  return out;
}

/// RFC 3986's reference resolution for what redirects hold. `base` is absolute.
std::string Resolve(const WebAddress& base, std::string_view location) {
  std::string text = EncodeStray(Trim(location));
  text = text.substr(0, text.find('#'));
  const std::size_t colon = text.find(':');
  if (colon != std::string::npos && colon < text.find_first_of("/?")) return text;
  if (text.starts_with("//")) return base.scheme + ":" + text;
  const std::string_view path = std::string_view(base.rest).substr(0, base.rest.find('?'));
  if (text.empty()) return base.origin + base.rest;
  if (text.starts_with('?')) return base.origin + std::string(path) + text;
  if (!text.starts_with('/')) {
    text = std::string(path.substr(0, path.rfind('/') + 1)) + text;
  }
  // Dot segments of the path are taken out; the query may hold what it likes.
  const std::size_t question = std::min(text.find('?'), text.size());
  std::string clean;
  std::string_view rest = std::string_view(text).substr(0, question);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/', 1), rest.size());
    const std::string_view segment = rest.substr(0, end);
    rest.remove_prefix(end);
    if (segment == "/." || segment == "/..") {
      if (segment == "/..") clean.erase(std::min(clean.rfind('/'), clean.size()));
      if (rest.empty()) clean += '/';
    } else {
      clean += segment;
    }
  }
  return base.origin + (clean.empty() ? "/" : clean) + text.substr(question);
}

// --- Looking at a page --------------------------------------------------------------------------

/// One tag of an HTML text and where it ends.
struct HtmlTag {
  std::string name;  // lower case
  std::map<std::string, std::string> attributes;
  std::size_t end = 0;  // behind its '>'
};

HtmlTag ReadTag(std::string_view html, std::size_t open) {
  HtmlTag tag;
  std::size_t at = open + 1;
  const auto word_end = [&](std::string_view stop) {
    return std::min(html.find_first_of(stop, at), html.size());
  };
  std::size_t end = word_end(" \t\r\n\f/>");
  if (end == at && at < html.size() && html[at] == '/') end = word_end(" \t\r\n\f>");
  tag.name = LowerText(html.substr(at, end - at));
  at = end;
  while (at < html.size() && html[at] != '>') {
    if (std::string_view(" \t\r\n\f/").find(html[at]) != std::string_view::npos) {
      ++at;
      continue;
    }
    end = word_end("= \t\r\n\f/>");
    if (end == at) ++end;  // a stray '='
    const std::string name = LowerText(html.substr(at, end - at));
    at = end;
    std::string value;
    if (at < html.size() && html[at] == '=') {
      ++at;
      if (at < html.size() && (html[at] == '"' || html[at] == '\'')) {
        const char quote = html[at++];
        end = std::min(html.find(quote, at), html.size());
        value = html.substr(at, end - at);
        at = std::min(end + 1, html.size());
      } else {
        end = word_end(" \t\r\n\f>");
        value = html.substr(at, end - at);
        at = end;
      }
    }
    tag.attributes.try_emplace(name, std::move(value));
  }
  tag.end = std::min(at + 1, html.size());
  return tag;
}

struct Page {
  std::string title, heading;  // first ones, as text
  bool has_text = false;
  bool has_script = false;
  bool has_tag = false;
  bool refreshes = false;
};

Page LookAt(std::string_view html) {
  Page page;
  std::string* into = nullptr;
  std::size_t at = 0;
  bool in_body = false;
  const auto text = [&](std::string_view words) {
    if (into) *into += words;
    if (in_body && !Trim(words).empty()) page.has_text = true;
  };
  while (at < html.size()) {
    const std::size_t open = html.find('<', at);
    text(html.substr(at, open == std::string_view::npos ? open : open - at));
    if (open == std::string_view::npos) break;
    if (html.substr(open).starts_with("<!--")) {
      const std::size_t end = html.find("-->", open + 4);
      at = end == std::string_view::npos ? html.size() : end + 3;
      continue;
    }
    const HtmlTag tag = ReadTag(html, open);
    at = tag.end;
    const auto attribute = [&](const char* name) {
      const auto found = tag.attributes.find(name);
      return found == tag.attributes.end() ? std::string() : found->second;
    };
    if (tag.name == "body") in_body = true;
    // A page of pictures or frames is a page.
    for (const char* shown : {"img", "picture", "video", "iframe", "canvas", "svg", "object"}) {
      if (tag.name == shown) page.has_text = true;
    }
    if (tag.name == "title" && page.title.empty()) into = &page.title;
    if (tag.name == "h1" && page.heading.empty()) into = &page.heading;
    if (tag.name == "/title" || tag.name == "/h1") into = nullptr;
    if (tag.name == "meta" && LowerText(attribute("http-equiv")) == "refresh" &&
        LowerText(attribute("content")).find("url") != std::string::npos) {
      page.refreshes = true;
    }
    if (tag.name == "script") {
      page.has_script = true;
      std::string source = attribute("src");
      source = source.substr(0, source.find_first_of("?#"));
      if (source.ends_with("/tag.js") && !attribute("data-site").empty()) page.has_tag = true;
    }
    if (tag.name == "script" || tag.name == "style") {
      // Their text is not the page's.
      const std::string close = "</" + tag.name;
      const auto found = std::ranges::search(
          html.substr(at), close, [](char a, char b) { return (a | 0x20) == (b | 0x20); });
      at = static_cast<std::size_t>(found.begin() - html.begin());
    }
  }
  // Without a <body> all of it is the body, but for the title.
  if (!in_body && html.find('<') == std::string_view::npos) page.has_text = !Trim(html).empty();
  return page;
}

constexpr std::string_view kErrorTitles[] = {"404",
                                             "error",
                                             "not found",
                                             "nicht gefunden",
                                             "forbidden",
                                             "fehler",
                                             "fehler 404",
                                             "error 403",
                                             "internal server error",
                                             "service unavailable",
                                             "bad gateway",
                                             "gateway timeout",
                                             "under maintenance",
                                             "site under maintenance",
                                             "maintenance",
                                             "maintenance mode",
                                             "under construction",
                                             "coming soon",
                                             "site not found",
                                             "account suspended",
                                             "domain for sale",
                                             "this domain is for sale",
                                             "wartung",
                                             "wartungsarbeiten",
                                             "wartungsmodus",
                                             "zugriff verweigert",
                                             "accès refusé",
                                             "acceso denegado",
                                             "accesso negato",
                                             "en mantenimiento",
                                             "en maintenance",
                                             "in manutenzione"};
constexpr std::string_view kErrorBeginnings[] = {"404 error",
                                                 "404 not",
                                                 "404 page",
                                                 "404 seite",
                                                 "error 404",
                                                 "error 500",
                                                 "page not found",
                                                 "page cannot be found",
                                                 "page could not be found",
                                                 "this page could not be found",
                                                 "this page does not exist",
                                                 "this page doesn't exist",
                                                 "this page isn't available",
                                                 "oops! page not found",
                                                 "sorry, page not found",
                                                 "access denied",
                                                 "403 forbidden",
                                                 "500 internal",
                                                 "502 bad",
                                                 "503 service",
                                                 "504 gateway",
                                                 "product not found",
                                                 "seite nicht gefunden",
                                                 "diese seite existiert nicht",
                                                 "seite wurde nicht gefunden",
                                                 "produkt nicht gefunden",
                                                 "page introuvable",
                                                 "page non trouvée",
                                                 "página no encontrada",
                                                 "pagina no encontrada",
                                                 "pagina non trovata"};

/// The words of a title or heading that say "error"; empty: none do. A title is judged by its parts
/// ("Page not found | Shop"), and a part must be such words or begin with them: a book called
/// "Not found in translation" is no error.
std::string ErrorWords(std::string_view said) {
  std::string text = LowerText(said);
  for (const std::string_view mark : {"–", "—", "·", "»", "•"}) {
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
      text.replace(at, mark.size(), " | ");
    }
  }
  for (const std::string_view mark : {" - ", ": "}) {
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
      text.replace(at, mark.size(), " | ");
    }
  }
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('|'), rest.size());
    std::string_view part = Trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (!part.empty() && (part.back() == '.' || part.back() == '!')) part.remove_suffix(1);
    const bool bad = std::ranges::find(kErrorTitles, part) != std::end(kErrorTitles) ||
                     std::ranges::any_of(kErrorBeginnings, [&](std::string_view beginning) {
                       // Behind the words the part ends, or another word begins.
                       return part.starts_with(beginning) &&
                              (part.size() == beginning.size() || part[beginning.size()] == ' ' ||
                               part[beginning.size()] == ',');
                     });
    if (bad) return std::string(part);
  }
  return "";
}

// --- The way there ------------------------------------------------------------------------------

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string PathOf(const WebAddress& address) {
  return address.rest.substr(0, address.rest.find('?'));
}

struct Remarks {
  std::vector<std::string> said;
  void Add(std::string text) { said.push_back(std::move(text)); }
  std::string Sentence() const {
    std::string out;
    for (const std::string& text : said) out += (out.empty() ? "" : "; ") + text;
    return out.empty() ? "all is well" : out;
  }
};

/// What of the first URL's parameters does not stand in the last one's.
void CompareParameters(const std::string& first, const std::string& last, LandingEvidence& evidence,
                       Remarks& remarks) {
  const auto sent = ParseUrlTags(first);
  const auto arrived = ParseUrlTags(last);
  if (!sent || !arrived) {
    remarks.Add("its parameters cannot be read: " + (sent ? arrived : sent).error().what);
    return;
  }
  const auto lost = [&](const std::map<std::string, std::string>& before,
                        const std::map<std::string, std::string>& after) {
    std::string names;
    for (const auto& [name, value] : before) {
      const auto found = after.find(name);
      if (found != after.end() && found->second == value) continue;
      names +=
          (names.empty() ? "" : ", ") + name +
          (found == after.end() ? "" : fmt::format(" (changed to \"{}\")", Short(found->second)));
    }
    return names;
  };
  const std::string utm = lost(sent->utm, arrived->utm);
  const std::string clicks = lost(sent->click_ids, arrived->click_ids);
  evidence.parameters_survive = !sent->utm.empty() && utm.empty();
  evidence.click_id_survives = !sent->click_ids.empty() && clicks.empty();
  if (!utm.empty()) remarks.Add("lost on the way: " + utm);
  if (!clicks.empty()) remarks.Add("the click id is lost on the way: " + clicks);
  if (sent->utm.empty()) remarks.Add("the URL has no utm parameters to follow");
  if (sent->click_ids.empty()) remarks.Add("the URL has no click id to follow");
}

void LookAtAnswer(const http::Response& response, const WebAddress& first, const WebAddress& last,
                  LandingEvidence& evidence, Remarks& remarks) {
  if (response.status < 200 || response.status > 299) {
    remarks.Add(fmt::format("the page answers {}", response.status));
    return;
  }
  const std::string type =
      LowerText(http::FindHeader(response.headers, "content-type").value_or(""));
  if (!type.empty() && type.find("html") == std::string::npos) {
    evidence.tag_present = false;
    remarks.Add(fmt::format("what is there is no HTML but {}", Short(type)));
    return;
  }
  const Page page = LookAt(response.body);
  evidence.tag_present = page.has_tag;
  if (!page.has_tag) remarks.Add("the first-party tag is not in the page");
  if (page.refreshes)
    remarks.Add("the page sends people on by meta refresh, which is not followed");
  for (const auto& [where, said] :
       {std::pair{"title", &page.title}, std::pair{"first heading", &page.heading}}) {
    const std::string words = ErrorWords(*said);
    if (words.empty() || evidence.soft_error) continue;
    evidence.soft_error = true;
    remarks.Add(
        fmt::format("it answers {} but its {} says \"{}\"", response.status, where, Short(words)));
  }
  if (!page.has_text && !page.has_script) {
    evidence.soft_error = true;
    remarks.Add("the page is empty");
  }
  const std::string end = PathOf(last);
  if (PathOf(first) != "/" && evidence.hops.size() > 1 && (end == "/" || end == "/index.html")) {
    evidence.soft_error = true;
    remarks.Add("it redirects to the front page, as shops do when a page is gone");
  }
}

}  // namespace

Result<WebAddress> ReadWebAddress(std::string_view url) {
  const std::string_view whole = url.substr(0, url.find('#'));
  if (whole.size() > kUrlBytesMax) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the URL is longer than {} bytes", kUrlBytesMax));
  }
  std::string text(whole);
  if (const auto scheme = text.find("://"); scheme != std::string::npos) {
    const std::size_t end = text.find_first_of("/?", scheme + 3);
    if (end == std::string::npos) {
      text += '/';
    } else if (text[end] == '?') {
      text.insert(end, "/");
    }
  }
  MAXOPT_TRY(const http::Url parsed, http::ParseUrl(text));
  WebAddress address;
  const std::size_t scheme_end = parsed.origin.find("://");
  if (scheme_end != std::string::npos) address.scheme = parsed.origin.substr(0, scheme_end);
  if (address.scheme != "http" && address.scheme != "https") {
    return Fail(Errc::kInvalidArgument,
                fmt::format("\"{}\" is not an http or https URL", Short(whole)));
  }
  const std::string_view authority = std::string_view(parsed.origin).substr(scheme_end + 3);
  const auto bad = [&] {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the host of \"{}\" is no host name; write names of other scripts in "
                            "punycode (xn--...)",
                            Short(whole)));
  };
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return bad();
    address.host = authority.substr(1, close - 1);
    if (address.host.empty() ||
        address.host.find_first_not_of("0123456789abcdef:.") != std::string::npos) {
      return bad();
    }
    port = authority.substr(close + 1);
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    address.host = authority.substr(0, colon);
    if (address.host.empty() || address.host.size() > 253 ||
        address.host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_") !=
            std::string::npos) {
      return bad();
    }
    port = authority.substr(colon);
  }
  const std::string usual = address.scheme == "https" ? "443" : "80";
  address.port = usual;
  if (!port.empty()) {
    const std::string digits(port.substr(1));
    if (port.front() != ':' || digits.empty() || digits.size() > 5 ||
        digits.find_first_not_of("0123456789") != std::string::npos || std::stoi(digits) < 1 ||
        std::stoi(digits) > 65535) {
      return bad();
    }
    address.port = std::to_string(std::stoi(digits));
  }
  const bool six = address.host.find(':') != std::string::npos;
  address.origin =
      fmt::format("{}://{}{}{}", address.scheme, six ? "[" : "", address.host, six ? "]" : "");
  if (address.port != usual) address.origin += ":" + address.port;
  address.rest = text.substr(parsed.origin.size());
  return address;
}

Result<Way> FindWay(const WebAddress& address, const std::map<std::string, std::string>& origin_map,
                    bool allow_private, const ResolveHost& resolve) {
  if (const auto mapped = origin_map.find(address.origin); mapped != origin_map.end()) {
    std::string origin = mapped->second;
    while (origin.ends_with('/')) origin.pop_back();
    return Way{std::move(origin), ""};
  }
  MAXOPT_TRY(const std::vector<std::string> addresses, resolve(address.host));
  if (addresses.empty()) {
    return Fail(Errc::kUnavailable, fmt::format("the host {} has no address", address.host));
  }
  for (const std::string& ip : addresses) {
    if (allow_private || IsPublicAddress(ip)) continue;
    return Fail(Errc::kRefused,
                fmt::format("{} is at {}, which is not on the public internet; map its origin in "
                            "tracking.yaml when that is meant",
                            address.host, ip));
  }
  return Way{"", addresses.front()};
}

LandingEvidence CheckLanding(const std::string& url, http::Transport& transport,
                             const LandingOptions& options) {
  LandingEvidence evidence;
  evidence.url = url;
  Remarks remarks;
  const auto done = [&] {
    evidence.what = remarks.Sentence();
    return evidence;
  };
  const http::Deadline deadline = http::After(options.timeout);
  std::optional<WebAddress> first;
  std::string next = url;
  std::set<std::string> seen;
  while (true) {
    const auto address = ReadWebAddress(next);
    if (!address) {
      remarks.Add((first ? "the redirect cannot be followed: " : "") + address.error().what);
      return done();
    }
    const std::string here = address->origin + address->rest;
    evidence.hops.push_back(here);
    if (!first) first = *address;
    if (!seen.insert(here).second) {
      remarks.Add("the redirects go round in a loop");
      return done();
    }
    if (evidence.hops.size() > static_cast<std::size_t>(options.redirects_max) + 1) {
      remarks.Add(fmt::format("more than {} redirects", options.redirects_max));
      return done();
    }
    const auto way = FindWay(*address, options.origin_map, options.allow_private, options.resolve);
    if (!way) {
      remarks.Add(way.error().what);
      return done();
    }
    http::Request request;
    request.idempotent = true;
    request.headers = {{"Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5"}};
    if (way->mapped_origin.empty()) {
      request.url = here;
      request.connect_to = way->ip;
    } else {
      request.url = way->mapped_origin + address->rest;
      request.headers.emplace_back("Host", address->origin.substr(address->origin.find("://") + 3));
      request.headers.emplace_back("X-Forwarded-Proto", address->scheme);
    }
    const auto response = transport.Send(request, deadline);
    if (!response) {
      remarks.Add(fmt::format("no page came from {}: {}", address->origin, response.error().what));
      return done();
    }
    evidence.answered = true;
    evidence.status = response->status;
    const auto location = http::FindHeader(response->headers, "location");
    if (!IsRedirect(response->status) || !location) {
      CompareParameters(url, here, evidence, remarks);
      LookAtAnswer(*response, *first, *address, evidence, remarks);
      return done();
    }
    next = Resolve(*address, *location);
    if (address->scheme == "http" && next.starts_with("https://")) {
      remarks.Add("one redirect goes from http to https; link to https at once");
    } else if (address->scheme == "https" && next.starts_with("http://")) {
      remarks.Add("one redirect goes from https back to http");
    }
  }
}

std::vector<LandingEvidence> CheckLandings(const std::vector<std::string>& urls,
                                           http::Transport& transport,
                                           const LandingOptions& options) {
  std::vector<LandingEvidence> out;
  std::set<std::string> seen;
  for (const std::string& url : urls) {
    if (seen.insert(url).second) out.push_back(CheckLanding(url, transport, options));
  }
  return out;
}

std::shared_ptr<http::Transport> MakeLandingTransport() {
  return http::MakeCurlTransport(
      {.max_body_bytes = 4u << 20, .user_agent = "maxopt-landing-check/0.1"});
}

}  // namespace maxopt
