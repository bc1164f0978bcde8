#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "stages/setup/tracking/text.h"
#include "stages/setup/tracking/tracking.h"

namespace maxopt {
namespace {

constexpr int kParametersMax = 30;

constexpr std::string_view kStatic[] = {"platform", "source",  "medium",   "client", "campaign",
                                        "package",  "channel", "ad_group", "ad"};
/// What some platform fills in at the click. A platform that has no macro for one of these leaves
/// its parameter out; other words are mistakes.
constexpr std::string_view kDynamic[] = {
    "campaign_id", "campaign_name", "ad_group_id", "ad_group_name", "ad_id",    "ad_name",
    "creative_id", "placement",     "keyword",     "match_type",    "device",   "network",
    "target",      "location",      "site_source", "publisher",     "position", "product_id",
    "random",      "timestamp",     "click_id",    "landing_url"};

/// Of the platforms here and of those whose visits reach the same pages.
constexpr std::pair<std::string_view, std::optional<Platform>> kClickIds[] = {
    {"gclid", Platform::kGoogleAds},   {"gbraid", Platform::kGoogleAds},
    {"wbraid", Platform::kGoogleAds},  {"dclid", Platform::kGoogleAds},
    {"fbclid", Platform::kMeta},       {"ttclid", Platform::kTikTok},
    {"msclkid", Platform::kMicrosoft}, {"li_fat_id", Platform::kLinkedIn},
    {"epik", Platform::kPinterest},    {"sccid", Platform::kSnapchat},
    {"rdt_cid", Platform::kReddit},    {"twclid", Platform::kX},
    {"maas", Platform::kAmazon},
};

struct SourceName {
  std::string_view source;
  std::string_view kind;  // search | social | video | shopping, as GA4 sorts sources
  std::optional<Platform> platform;
};
constexpr SourceName kSources[] = {
    {"google", "search", Platform::kGoogleAds},
    {"bing", "search", Platform::kMicrosoft},
    {"duckduckgo", "search", std::nullopt},
    {"yahoo", "search", std::nullopt},
    {"youtube", "video", Platform::kGoogleAds},
    {"vimeo", "video", std::nullopt},
    {"facebook", "social", Platform::kMeta},
    {"instagram", "social", Platform::kMeta},
    {"fb", "social", Platform::kMeta},
    {"ig", "social", Platform::kMeta},
    {"tiktok", "social", Platform::kTikTok},
    {"linkedin", "social", Platform::kLinkedIn},
    {"pinterest", "social", Platform::kPinterest},
    {"snapchat", "social", Platform::kSnapchat},
    {"reddit", "social", Platform::kReddit},
    {"twitter", "social", Platform::kX},
    {"amazon", "shopping", Platform::kAmazon},
};
const SourceName* FindSource(std::string_view source) {
  const auto* found = std::ranges::find(kSources, source, &SourceName::source);
  return found == std::end(kSources) ? nullptr : found;
}

bool IsNameChar(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

char32_t LowerCodePoint(char32_t c) {
  if (c >= 'A' && c <= 'Z') return c + 32;
  if (c < 0xC0) return c;
  if (c <= 0xDE && c != 0xD7) return c + 32;    // Latin-1
  if (c >= 0x100 && c <= 0x137) return c | 1U;  // Latin Extended-A, in pairs
  if (c >= 0x139 && c <= 0x148) return c % 2 == 1 ? c + 1 : c;
  if (c >= 0x14A && c <= 0x177) return c | 1U;
  if (c == 0x178) return 0xFF;
  if (c >= 0x179 && c <= 0x17E) return c % 2 == 1 ? c + 1 : c;
  if (c >= 0x391 && c <= 0x3A9) return c + 32;  // Greek
  if (c >= 0x410 && c <= 0x42F) return c + 32;  // Cyrillic
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  return c;
}

/// Punctuation, spaces and symbols outside of ASCII; letters and digits of any script are not.
bool IsMark(char32_t c) {
  if (c < 0x80) {
    return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_');
  }
  if (c < 0xC0) return c != 0xAA && c != 0xB5 && c != 0xBA;
  return c == 0xD7 || c == 0xF7 || (c >= 0x2000 && c <= 0x2BFF) || (c >= 0x3000 && c <= 0x303F) ||
         (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xFF00 && c <= 0xFF0F) || c == 0xFFFD ||
         (c >= 0xE000 && c <= 0xF8FF) || (c >= 0x1F000 && c <= 0x1FAFF) || c >= 0xE0000;
}

/// Next code point; U+FFFD for bytes that are none.
char32_t TakeCodePoint(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || text.size() < length) {
    text.remove_prefix(1);
    return 0xFFFD;
  }
  char32_t c = length == 1 ? first : first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80U) {
      text.remove_prefix(1);
      return 0xFFFD;
    }
    c = (c << 6) | (byte & 0x3FU);
  }
  text.remove_prefix(length);
  return c;
}

void AppendCodePoint(std::string& out, char32_t c) {
  const auto put = [&](char32_t byte) {
    out += static_cast<char>(static_cast<unsigned char>(byte));
  };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6)), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12)), put(0x80 | ((c >> 6) & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18)), put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

/// Text and placeholders of a value, in turn.
struct Piece {
  bool placeholder;
  std::string text;
};
struct Parameter {
  std::string name;
  std::vector<Piece> pieces;
};

Result<std::vector<Piece>> ParseValue(std::string_view name, std::string_view value) {
  std::vector<Piece> pieces;
  while (!value.empty()) {
    const std::size_t open = value.find('{');
    const std::string_view plain = value.substr(0, open);
    if (plain.find('}') != std::string_view::npos) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("utm template, {}: a }} without its {{ before it", name));
    }
    if (!plain.empty()) {
      auto decoded = http::PercentDecode(plain, true);
      if (!decoded) return FailWithin(fmt::format("utm template, {}", name), decoded.error());
      pieces.push_back({false, LowerText(*decoded)});
    }
    if (open == std::string_view::npos) break;
    const std::size_t close = value.find('}', open);
    const std::string_view word = close == std::string_view::npos
                                      ? std::string_view{}
                                      : value.substr(open + 1, close - open - 1);
    if (word.empty() || !std::ranges::all_of(word, IsNameChar)) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("utm template, {}: \"{}\" is no placeholder; write {{campaign_id}} and "
                      "the like, the platform's own macro is put in its place",
                      name, value.substr(open, 40)));
    }
    pieces.push_back({true, std::string(word == "channel" ? "package" : word)});
    value.remove_prefix(close + 1);
  }
  return pieces;
}

bool IsKnownPlaceholder(std::string_view word, const TrackingMacros& macros) {
  return std::ranges::find(kStatic, word) != std::end(kStatic) ||
         std::ranges::find(kDynamic, word) != std::end(kDynamic) ||
         macros.contains(std::string(word));
}

std::string KnownPlaceholders(const TrackingMacros& macros) {
  std::set<std::string, std::less<>> known(std::begin(kDynamic), std::end(kDynamic));
  for (const auto& [word, macro] : macros) known.insert(word);
  std::string out;
  for (const std::string_view word : kStatic) out += fmt::format("{{{}}} ", word);
  for (const std::string& word : known) out += fmt::format("{{{}}} ", word);
  out.pop_back();
  return out;
}

/// Two placeholders need a mark between them that no slug holds, else "a-b-c" could be cut in two
/// ways when a visit is read back.
Result<> CheckSeparated(const Parameter& parameter) {
  for (std::size_t i = 0; i + 1 < parameter.pieces.size(); ++i) {
    if (!parameter.pieces[i].placeholder) continue;
    const Piece& next = parameter.pieces[i + 1];
    const bool last_text = !next.placeholder && i + 2 == parameter.pieces.size();
    const bool marked =
        !next.placeholder && next.text.find_first_of(".|:~/,;!") != std::string::npos;
    if (!marked && !last_text) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("utm template, {}: after {{{}}} comes another placeholder without a "
                              "mark that names cannot hold; put one of . | : ~ / between them",
                              parameter.name, parameter.pieces[i].text));
    }
  }
  return {};
}

/// `macros` null: any placeholder, as when a visit is read back.
Result<std::vector<Parameter>> ParseTemplate(std::string_view text, const TrackingMacros* macros) {
  std::vector<Parameter> parameters;
  if (text.starts_with('?') || text.starts_with('&')) text.remove_prefix(1);
  if (text.empty()) {
    return Fail(Errc::kInvalidArgument,
                "the utm template is empty; leave it out to use the default one");
  }
  if (text.size() > 4 * kUrlTagsBytesMax) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the utm template is longer than {} bytes", 4 * kUrlTagsBytesMax));
  }
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == pair.size()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("utm template: \"{}\" is not name=value", pair.substr(0, 80)));
    }
    Parameter parameter{LowerText(pair.substr(0, equals)), {}};
    if (!std::ranges::all_of(parameter.name, IsNameChar)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("utm template: the name \"{}\" is not made of a-z, 0-9 and _",
                              pair.substr(0, std::min<std::size_t>(equals, 80))));
    }
    if (IsClickId(parameter.name) || parameter.name == kProbeParameter) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("utm template: {} is set at the click, never by hand; take it out",
                              parameter.name));
    }
    if (std::ranges::find(parameters, parameter.name, &Parameter::name) != parameters.end()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("utm template: {} stands there twice", parameter.name));
    }
    MAXOPT_TRY(parameter.pieces, ParseValue(parameter.name, pair.substr(equals + 1)));
    for (const Piece& piece : parameter.pieces) {
      if (macros && piece.placeholder && !IsKnownPlaceholder(piece.text, *macros)) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("utm template, {}: {{{}}} is not known; known are {}",
                                parameter.name, piece.text, KnownPlaceholders(*macros)));
      }
    }
    MAXOPT_CHECK(CheckSeparated(parameter));
    parameters.push_back(std::move(parameter));
    if (parameters.size() > kParametersMax) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("the utm template has more than {} parameters", kParametersMax));
    }
  }
  return parameters;
}

/// Value of a static placeholder; nullopt: it is filled in at the click.
Result<std::optional<std::string>> StaticValue(const std::string& word, Platform platform,
                                               const UtmValues& values) {
  const SourceMedium usual = SourceAndMedium(platform, values.channel_type);
  if (word == "platform") return std::string(PlatformName(platform));
  if (word == "source") return std::string(usual.source);
  if (word == "medium") return std::string(usual.medium);
  const std::pair<std::string_view, const std::string*> names[] = {{"client", &values.client},
                                                                   {"campaign", &values.campaign},
                                                                   {"package", &values.package},
                                                                   {"ad_group", &values.ad_group},
                                                                   {"ad", &values.ad}};
  for (const auto& [name, value] : names) {
    if (word != name) continue;
    std::string slug = UtmSlug(*value);
    if (slug.empty()) {
      return Fail(Errc::kInvalidArgument,
                  value->empty()
                      ? fmt::format("utm template: {{{}}} is not known here", word)
                      : fmt::format("utm template: {{{}}} is \"{}\", which has no letter or digit; "
                                    "rename it",
                                    word, *value));
    }
    return slug;
  }
  return std::nullopt;
}

bool IsPaidMedium(std::string_view medium) {
  return medium.find("cp") != std::string_view::npos || medium == "ppc" ||
         medium == "retargeting" || medium.starts_with("paid");
}

/// GA4's ^(.*(([^a-df-z]|^)shop|shopping).*)$: "shop" where a word begins (or after an e), and
/// "shopping" anywhere.
bool SaysShop(std::string_view campaign) {
  if (campaign.find("shopping") != std::string_view::npos) return true;
  for (std::size_t at = campaign.find("shop"); at != std::string_view::npos;
       at = campaign.find("shop", at + 1)) {
    if (at == 0) return true;
    const char before = campaign[at - 1];
    if (before == 'e' || before < 'a' || before > 'z') return true;
  }
  return false;
}

/// Cuts `value` by the pieces; what stands in place of each placeholder goes to `parts`. False when
/// it does not fit, or says otherwise than an earlier parameter did.
bool Match(const std::vector<Piece>& pieces, std::string_view value,
           std::map<std::string, std::string>& parts) {
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (!pieces[i].placeholder) {
      if (!value.starts_with(pieces[i].text)) return false;
      value.remove_prefix(pieces[i].text.size());
      continue;
    }
    std::size_t end = value.size();
    if (i + 1 < pieces.size()) {
      const std::string& next = pieces[i + 1].text;
      // The last text stands at the end; a separator ends at its first occurrence.
      end = i + 2 == pieces.size() ? value.rfind(next) : value.find(next);
      if (end == std::string_view::npos) return false;
    }
    const std::string_view part = value.substr(0, end);
    const auto [at, fresh] = parts.try_emplace(pieces[i].text, part);
    if (!fresh && at->second != part) return false;
    value.remove_prefix(end);
  }
  return value.empty();
}

}  // namespace

std::string LowerText(std::string_view text) {
  std::string out;
  while (!text.empty()) AppendCodePoint(out, LowerCodePoint(TakeCodePoint(text)));
  return out;
}

bool IsClickId(std::string_view parameter) {
  return std::ranges::any_of(kClickIds, [&](const auto& id) { return id.first == parameter; });
}

std::string UtmSlug(std::string_view name) {
  std::string out;
  bool gap = false;
  while (!name.empty()) {
    const char32_t c = TakeCodePoint(name);
    if (IsMark(c)) {
      gap = true;
      continue;
    }
    if (gap && !out.empty()) out += '-';
    gap = false;
    AppendCodePoint(out, LowerCodePoint(c));
  }
  return out;
}

SourceMedium SourceAndMedium(Platform platform, std::string_view channel_type) {
  switch (platform) {
    case Platform::kGoogleAds:
      if (channel_type == "video") return {"youtube", "paid_video"};
      // Not "cpm": GA4 reads every "cp" as paid search when the source is a search engine.
      if (channel_type == "display" || channel_type == "demand_gen") return {"google", "display"};
      return {"google", "cpc"};
    case Platform::kMicrosoft:
      if (channel_type == "display") return {"bing", "display"};
      return {"bing", "cpc"};
    case Platform::kMeta:
      return {"facebook", "paid_social"};
    case Platform::kTikTok:
      return {"tiktok", "paid_social"};
    case Platform::kLinkedIn:
      return {"linkedin", "paid_social"};
    case Platform::kPinterest:
      return {"pinterest", "paid_social"};
    case Platform::kSnapchat:
      return {"snapchat", "paid_social"};
    case Platform::kReddit:
      return {"reddit", "paid_social"};
    case Platform::kX:
      return {"twitter", "paid_social"};
    case Platform::kAmazon:
      if (channel_type == "display" || channel_type == "video") return {"amazon", "display"};
      return {"amazon", "cpc"};
    case Platform::kOther:
      return {"other", "paid"};
  }
  Bug();
}

std::string Ga4ChannelGroup(std::string_view source, std::string_view medium,
                            std::string_view campaign) {
  const SourceName* name = FindSource(source);
  const std::string_view kind = name ? name->kind : std::string_view{};
  if (campaign.find("cross-network") != std::string_view::npos) return "Cross-network";
  const bool paid = IsPaidMedium(medium);
  if (paid && (kind == "shopping" || SaysShop(campaign))) return "Paid Shopping";
  if (paid && kind == "search") return "Paid Search";
  if (paid && kind == "social") return "Paid Social";
  if (paid && kind == "video") return "Paid Video";
  constexpr std::string_view kDisplay[] = {"display", "banner", "expandable", "interstitial",
                                           "cpm"};
  if (std::ranges::find(kDisplay, medium) != std::end(kDisplay)) return "Display";
  return paid ? "Paid Other" : "";
}

std::string DefaultUtmTemplate(std::string_view channel_type) {
  std::string base =
      "utm_source={source}&utm_medium={medium}&utm_campaign={campaign}"
      "&utm_content={package}.{ad_group}.{ad}&utm_id={campaign_id}";
  if (channel_type == "search") return base + "&utm_term={keyword}&mx_match={match_type}";
  if (channel_type == "social") return base + "&mx_placement={placement}";
  if (channel_type == "display" || channel_type == "video" || channel_type == "demand_gen") {
    return base + "&mx_placement={placement}";
  }
  return base;
}

Result<UrlTags> MakeUrlTags(std::string_view utm_template, Platform platform,
                            const UtmValues& values, const TrackingMacros& macros) {
  MAXOPT_TRY(const std::vector<Parameter> parameters, ParseTemplate(utm_template, &macros));
  UrlTags tags;
  std::map<std::string, std::string> plain;  // of parameters without macros
  for (const Parameter& parameter : parameters) {
    std::string value;
    std::string missing;
    bool dynamic = false;
    for (const Piece& piece : parameter.pieces) {
      if (!piece.placeholder) {
        value += http::PercentEncode(piece.text);
        continue;
      }
      MAXOPT_TRY(const std::optional<std::string> known, StaticValue(piece.text, platform, values));
      if (known) {
        value += http::PercentEncode(*known);
        continue;
      }
      dynamic = true;
      const auto macro = macros.find(piece.text);
      if (macro == macros.end()) {
        missing = piece.text;
      } else {
        value += macro->second;
      }
    }
    const bool needed = parameter.name == "utm_source" || parameter.name == "utm_medium" ||
                        parameter.name == "utm_campaign";
    if (!missing.empty()) {
      if (needed) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("utm template: {} needs {{{}}}, which {} cannot fill in",
                                parameter.name, missing, PlatformName(platform)));
      }
      tags.notes.push_back(fmt::format("{} is left out: {} has no macro for {{{}}}", parameter.name,
                                       PlatformName(platform), missing));
      continue;
    }
    if (!dynamic) {
      MAXOPT_TRY(plain[parameter.name], http::PercentDecode(value, false));
    } else {
      plain[parameter.name];  // there, whatever it will be
    }
    tags.text += (tags.text.empty() ? "" : "&") + parameter.name + "=" + value;
  }
  for (const char* name : {"utm_source", "utm_medium", "utm_campaign"}) {
    if (plain.contains(name)) continue;
    return Fail(Errc::kInvalidArgument,
                fmt::format("the utm template sets no {}; add {}={{{}}}", name, name, name + 4));
  }
  const std::string& source = plain["utm_source"];
  const std::string& medium = plain["utm_medium"];
  if (source.empty() || medium.empty()) {
    tags.notes.push_back(
        "utm_source or utm_medium is a macro, so where GA4 will show the visits is not known");
  } else {
    tags.channel_group = Ga4ChannelGroup(source, medium, plain["utm_campaign"]);
    if (tags.channel_group.empty()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("GA4 would not show source \"{}\" with medium \"{}\" as paid; use "
                              "utm_source={{source}}&utm_medium={{medium}}, or a medium with cpc "
                              "or that begins with paid",
                              source, medium));
    }
    const SourceMedium usual = SourceAndMedium(platform, values.channel_type);
    const std::string expected = Ga4ChannelGroup(usual.source, usual.medium, "");
    if (tags.channel_group != expected) {
      tags.notes.push_back(
          fmt::format("GA4 will show these visits as {}, not as {}", tags.channel_group, expected));
    }
  }
  if (tags.text.size() > kUrlTagsBytesMax) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the tracking parameters are {} bytes long, over {}; shorten names or "
                            "template",
                            tags.text.size(), kUrlTagsBytesMax));
  }
  return tags;
}

Result<std::string> UrlWithTags(std::string_view landing_url, const UrlTags& tags) {
  const std::size_t hash = std::min(landing_url.find('#'), landing_url.size());
  std::string url(landing_url.substr(0, hash));
  const std::string_view fragment = landing_url.substr(hash);
  if (const auto scheme = url.find("://"); scheme != std::string::npos) {
    // "https://shop.example?x=1" has no path; browsers read "/" there.
    const std::size_t end = url.find_first_of("/?", scheme + 3);
    if (end == std::string::npos) {
      url += '/';
    } else if (url[end] == '?') {
      url.insert(end, "/");
    }
  }
  MAXOPT_TRY(const http::Url parsed, http::ParseUrl(url));
  if (!parsed.origin.starts_with("https://") && !parsed.origin.starts_with("http://")) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("landing URL \"{}\" is not http or https", landing_url.substr(0, 80)));
  }
  std::set<std::string, std::less<>> names;
  std::string_view rest = tags.text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    names.emplace(rest.substr(0, std::min(rest.find('='), end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (const auto& [name, value] : parsed.query) {
    const std::string lower = LowerText(name);
    if (names.contains(lower) || lower.starts_with("utm_") || IsClickId(lower)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("landing URL \"{}\" already has {}; leave that to the template",
                              landing_url.substr(0, 80), name));
    }
  }
  if (!tags.text.empty()) {
    const bool open = url.ends_with('?') || url.ends_with('&');
    url += open ? "" : url.find('?') == std::string::npos ? "?" : "&";
    url += tags.text;
  }
  url += fragment;
  if (url.size() > kUrlWithTagsBytesMax) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("landing URL with its parameters is {} bytes long, over {}", url.size(),
                            kUrlWithTagsBytesMax));
  }
  return url;
}

Result<std::string> ExampleVisit(std::string_view landing_url, const UrlTags& tags,
                                 const TrackingMacros& macros, std::string_view click_id_name) {
  UrlTags filled = tags;
  // Longest first: one macro may be the beginning of another.
  std::vector<std::pair<std::string, std::string>> known(macros.begin(), macros.end());
  std::ranges::sort(known,
                    [](const auto& a, const auto& b) { return a.second.size() > b.second.size(); });
  for (const auto& [word, macro] : known) {
    if (macro.empty()) continue;
    const std::string value = "test-" + UtmSlug(word);
    for (std::size_t at = filled.text.find(macro); at != std::string::npos;
         at = filled.text.find(macro, at + value.size())) {
      filled.text.replace(at, macro.size(), value);
    }
  }
  MAXOPT_TRY(std::string url, UrlWithTags(landing_url, filled));
  if (click_id_name.empty()) return url;
  const std::size_t hash = std::min(url.find('#'), url.size());
  url.insert(
      hash, fmt::format("{}{}=maxopt-test-click", url.find('?') < hash ? "&" : "?", click_id_name));
  return url;
}

Result<VisitSource> ParseUrlTags(std::string_view url, std::string_view utm_template) {
  const std::string usual = DefaultUtmTemplate("");
  MAXOPT_TRY(const std::vector<Parameter> parameters,
             ParseTemplate(utm_template.empty() ? usual : utm_template, nullptr));
  std::string whole(url);
  if (const auto scheme = whole.find("://"); scheme != std::string::npos) {
    const std::size_t end = whole.find_first_of("/?#", scheme + 3);
    if (end == std::string::npos || whole[end] != '/') {
      whole.insert(std::min(end, whole.size()), "/");
    }
  }
  MAXOPT_TRY(const http::Url parsed, http::ParseUrl(whole));
  VisitSource source;
  std::map<std::string, std::string> all;
  for (const auto& [name, value] : parsed.query) {
    const std::string lower = LowerText(name);
    if (!all.try_emplace(lower, value).second) continue;  // the first one counts, as in GA4
    if (IsClickId(lower)) {
      source.click_ids[lower] = value;
    } else if (lower.starts_with("utm_")) {
      source.utm[lower] = value;
    } else {
      source.others[lower] = value;
    }
  }
  bool fits = true;
  for (const Parameter& parameter : parameters) {
    const auto value = all.find(parameter.name);
    const bool dynamic = std::ranges::any_of(parameter.pieces, [](const Piece& piece) {
      return piece.placeholder && std::ranges::find(kStatic, piece.text) == std::end(kStatic);
    });
    // What a platform has no macro for was left out.
    if (value == all.end() && dynamic) continue;
    fits = fits && value != all.end() && Match(parameter.pieces, value->second, source.parts);
  }
  if (!fits) source.parts.clear();

  if (const auto word = source.parts.find("platform"); word != source.parts.end()) {
    if (const auto platform = FindPlatform(word->second)) source.platform = *platform;
  }
  if (const auto word = source.utm.find("utm_source");
      !source.platform && word != source.utm.end()) {
    if (const SourceName* name = FindSource(word->second)) source.platform = name->platform;
  }
  for (const auto& [name, platform] : kClickIds) {
    if (!source.platform && source.click_ids.contains(std::string(name))) {
      source.platform = platform;
    }
  }
  return source;
}

}  // namespace maxopt
