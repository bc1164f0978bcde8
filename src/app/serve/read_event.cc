#include "app/serve/read_event.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>

#include "domain/digest.h"
#include "stages/setup/tracking/tracking.h"

namespace maxopt {
namespace {

using Element = simdjson::dom::element;

/// The parser of this thread, with the batch it read last.
struct Parsed {
  simdjson::dom::parser parser;
  std::optional<Element> site, events;
};
Parsed& Mine() {
  thread_local Parsed parsed;
  return parsed;
}

std::unexpected<Error> Bad(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

bool HasControl(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// Text of a member, "" when absent; 1 to `max` bytes and no control characters.
Result<std::string_view> TextOf(const std::optional<Element>& value, std::string_view name,
                                std::size_t max) {
  if (!value) return std::string_view();
  std::string_view text;
  if (value->get(text) != simdjson::SUCCESS) return Bad(fmt::format("{} must be a text", name));
  if (text.empty() || text.size() > max || HasControl(text)) {
    return Bad(fmt::format("{} must have 1 to {} bytes and no control characters", name, max));
  }
  return text;
}

/// A page's address without query and fragment, which may hold what nobody agreed to keep.
Result<std::string_view> PageOf(const std::optional<Element>& value, std::string_view name) {
  MAXOPT_TRY(const std::string_view text, TextOf(value, name, 2048));
  if (text.empty()) return text;
  if (!text.starts_with("https://") && !text.starts_with("http://")) {
    return Bad(fmt::format("{} must be an http or https URL", name));
  }
  return text.substr(0, text.find_first_of("?#"));
}

Result<std::map<std::string, std::string>> MapOf(const std::optional<Element>& value,
                                                 std::string_view name,
                                                 bool (*known)(std::string_view)) {
  std::map<std::string, std::string> map;
  if (!value) return map;
  simdjson::dom::object object;
  if (value->get(object) != simdjson::SUCCESS || object.size() > 20) {
    return Bad(fmt::format("{} must be an object of at most 20 texts", name));
  }
  for (const auto [key, told] : object) {
    if (!known(key)) return Bad(fmt::format("{}: \"{}\" is not known", name, key.substr(0, 60)));
    const auto text = TextOf(told, key, 512);
    if (!text) return FailWithin(name, text.error());
    if (!map.emplace(key, *text).second) return Bad(fmt::format("{}: {} stands twice", name, key));
  }
  return map;
}

bool IsBrowserId(std::string_view name) { return name == "fbp" || name == "fbc" || name == "ttp"; }

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

/// Trimmed and in lower case, as the platforms match it; Google also takes Gmail's dots and
/// +suffixes away.
Result<> AddEmail(std::string_view told, std::map<std::string, std::string>& hashed) {
  const auto from = told.find_first_not_of(' ');
  const auto to = told.find_last_not_of(' ');
  const std::string text =
      from == std::string_view::npos ? "" : Lower(told.substr(from, to - from + 1));
  const std::size_t at = text.find('@');
  if (at == std::string::npos || at == 0 || at + 1 == text.size() ||
      text.find_first_of(" ,;<>", 0) != std::string::npos ||
      text.find('@', at + 1) != std::string::npos) {
    return Bad("email is no address");
  }
  hashed["email"] = Sha256Hex(text);
  const std::string host = text.substr(at);
  if (host == "@gmail.com" || host == "@googlemail.com") {
    std::string name = text.substr(0, std::min(at, text.find('+')));
    std::erase(name, '.');
    if (!name.empty() && name + host != text) hashed["email_google"] = Sha256Hex(name + host);
  }
  return {};
}

/// Digits with the country's code. Google and TikTok hash them with the plus sign, Meta without, so
/// both are kept: a digest cannot be turned into the other later.
Result<std::string> PhoneDigits(std::string_view text) {
  std::string digits;
  bool plus = false;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      digits += c;
    } else if (c == '+' && digits.empty() && !plus) {
      plus = true;
    } else if (std::string_view(" -.()/").find(c) == std::string_view::npos) {
      return Bad("phone is no number");
    }
  }
  if (!plus && digits.starts_with("00")) {
    plus = true;
    digits.erase(0, 2);
  }
  if (!plus || digits.size() < 8 || digits.size() > 15 || digits.front() == '0') {
    return Bad("phone must be international, with + and the country's code: +49 30 1234567");
  }
  return digits;
}

enum Member : std::size_t {
  kAt,
  kBrowserIds,
  kClickIds,
  kConsent,
  kCurrency,
  kEmail,
  kEvent,
  kId,
  kPhone,
  kReferrer,
  kUrl,
  kUserAgent,
  kUtm,
  kValue,
  kVisitor,
  kMembers
};
constexpr std::array<std::string_view, kMembers> kNames = {
    "at",    "browser_ids", "click_ids", "consent",    "currency", "email", "event",  "id",
    "phone", "referrer",    "url",       "user_agent", "utm",      "value", "visitor"};

Result<TrackedEvent> ReadEvent(const Element& told, const TrackedSite& site,
                               const Telling& telling) {
  simdjson::dom::object object;
  if (told.get(object) != simdjson::SUCCESS) return Bad("it is no object");
  std::array<std::optional<Element>, kMembers> members;
  std::string unknown;
  for (const auto [key, value] : object) {
    const auto at = std::ranges::lower_bound(kNames, key);
    if (at == kNames.end() || *at != key) {
      unknown += (unknown.empty() ? "" : ", ") + std::string(key.substr(0, 60));
      continue;
    }
    auto& member = members[static_cast<std::size_t>(at - kNames.begin())];
    if (member) return Bad(fmt::format("{} stands twice", key));
    member = value;
  }
  if (!unknown.empty()) {
    return Bad(fmt::format("unknown members: {}; known are {}", unknown, fmt::join(kNames, ", ")));
  }
  TrackedEvent event;
  event.site = site.site;
  event.client = site.client;
  event.via = telling.via;
  event.received_at = telling.now;
  MAXOPT_TRY(event.id, TextOf(members[kId], "id", 100));
  if (event.id.empty()) return Bad("id is missing: without it the same event counts twice");
  MAXOPT_TRY(event.name, TextOf(members[kEvent], "event", 50));
  const bool word = std::ranges::all_of(event.name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (event.name.empty() || !word) return Bad("event must be a word of a-z, 0-9 and _");
  MAXOPT_TRY(const std::string_view at, TextOf(members[kAt], "at", 40));
  if (!at.empty()) {
    const auto instant = ParseInstant(at);
    if (!instant) return FailWithin("at", instant.error());
    event.at = *instant;
  }
  MAXOPT_TRY(event.url, PageOf(members[kUrl], "url"));
  MAXOPT_TRY(event.referrer, PageOf(members[kReferrer], "referrer"));
  MAXOPT_TRY(event.visitor, TextOf(members[kVisitor], "visitor", 64));
  MAXOPT_TRY(event.utm, MapOf(members[kUtm], "utm", IsUtm));
  MAXOPT_TRY(event.click_ids, MapOf(members[kClickIds], "click_ids", IsClickId));
  MAXOPT_TRY(event.browser_ids, MapOf(members[kBrowserIds], "browser_ids", IsBrowserId));

  MAXOPT_TRY(const std::string_view value, TextOf(members[kValue], "value", 30));
  MAXOPT_TRY(const std::string_view currency, TextOf(members[kCurrency], "currency", 3));
  if (value.empty() != currency.empty()) return Bad("value and currency go together");
  if (!value.empty()) {
    MAXOPT_TRY(const Currency code, FindCurrency(currency));
    MAXOPT_TRY(event.value, ParseMoney(value, code));
    // A refund is the shop's word, not a browser's.
    if (event.value->negative() && telling.via != "s2s") return Bad("value is below zero");
  }

  MAXOPT_TRY(const std::string_view consent, TextOf(members[kConsent], "consent", 10));
  if (consent != "granted" && consent != "denied") {
    return Bad("consent must be \"granted\" or \"denied\"");
  }
  event.consent = consent == "granted";
  MAXOPT_TRY(const std::string_view email, TextOf(members[kEmail], "email", 320));
  MAXOPT_TRY(const std::string_view phone, TextOf(members[kPhone], "phone", 40));
  MAXOPT_TRY(const std::string_view agent, TextOf(members[kUserAgent], "user_agent", 1024));
  if (!agent.empty() && telling.via != "s2s") {
    return Bad("user_agent is for servers; a browser's is in its request");
  }
  if (!event.consent) {
    for (const Member member : {kVisitor, kClickIds, kBrowserIds, kEmail, kPhone, kUserAgent}) {
      if (members[member]) {
        return Bad(fmt::format("consent is denied, so {} may not be sent", kNames[member]));
      }
    }
  } else {
    const std::string_view seen = telling.via == "s2s" ? agent : telling.user_agent;
    if (seen.size() <= 1024 && !HasControl(seen)) event.user_agent = seen;
  }
  if (!email.empty()) MAXOPT_CHECK(AddEmail(email, event.hashed));
  if (!phone.empty()) {
    MAXOPT_TRY(const std::string digits, PhoneDigits(phone));
    event.hashed["phone_digits"] = Sha256Hex(digits);
    event.hashed["phone_e164"] = Sha256Hex("+" + digits);
  }
  event.probe = event.id.starts_with("probe-");
  return event;
}

}  // namespace

bool IsUtm(std::string_view name) {
  return name.starts_with("utm_") && name.size() > 4 && name.size() <= 34 &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

Result<BatchReader> BatchReader::Read(std::string_view body) {
  Parsed& mine = Mine();
  mine.site.reset();
  mine.events.reset();
  Element root;
  if (const auto error = mine.parser.parse(body.data(), body.size()).get(root)) {
    return Bad(fmt::format("the body is no JSON: {}", simdjson::error_message(error)));
  }
  simdjson::dom::object batch;
  if (root.get(batch) != simdjson::SUCCESS) {
    return Bad("{\"site\": ..., \"events\": [...]} is expected");
  }
  for (const auto [key, value] : batch) {
    if (key != "site" && key != "events") {
      return Bad(fmt::format("unknown member: {}; known are site, events", key.substr(0, 60)));
    }
    auto& member = key == "site" ? mine.site : mine.events;
    if (member) return Bad(fmt::format("{} stands twice", key));
    member = value;
  }
  return BatchReader();
}

Result<std::string> BatchReader::SiteName() const {
  MAXOPT_TRY(const std::string_view name, TextOf(Mine().site, "site", 60));
  return std::string(name);
}

Result<std::size_t> BatchReader::Count(std::size_t most) const {
  simdjson::dom::array events;
  const bool list = Mine().events && Mine().events->get(events) == simdjson::SUCCESS;
  if (!list || events.size() == 0 || events.size() > most) {
    return Bad(fmt::format("events must be a list of 1 to {} events", most));
  }
  return events.size();
}

Result<std::vector<TrackedEvent>> BatchReader::Events(const TrackedSite& site,
                                                      const Telling& telling) const {
  simdjson::dom::array told;
  if (!Mine().events || Mine().events->get(told) != simdjson::SUCCESS) {
    return Bad("events must be a list");
  }
  std::vector<TrackedEvent> events;
  events.reserve(told.size());
  for (const Element element : told) {
    auto event = ReadEvent(element, site, telling);
    if (!event) return FailWithin(fmt::format("events[{}]", events.size()), event.error());
    events.push_back(*std::move(event));
  }
  return events;
}

}  // namespace maxopt
