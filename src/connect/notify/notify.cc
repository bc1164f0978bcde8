#include "connect/notify/notify.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>

#include "connect/notify/post.h"
#include "connect/notify/text.h"
#include "domain/digest.h"
#include "http/address.h"

namespace maxopt {
namespace {

using nlohmann::json;

constexpr const char* kPagerDutyUrl = "https://events.pagerduty.com/v2/enqueue";
constexpr std::pair<ChannelKind, std::string_view> kKinds[] = {
    {ChannelKind::kSlack, "slack"},
    {ChannelKind::kTeams, "teams"},
    {ChannelKind::kPagerDuty, "pagerduty"},
    {ChannelKind::kEmail, "email"},
    {ChannelKind::kWebhook, "webhook"}};

/// What could end an address or a header, or begin another one, is in none.
bool IsMailAddress(std::string_view text) {
  const std::size_t at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.size() <= 254 &&
         text.find('@', at + 1) == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return c > 0x20 && c < 0x7F &&
                  std::string_view("<>()[],;:\\\"").find(static_cast<char>(c)) ==
                      std::string_view::npos;
         });
}

/// "https://host:port/..." -> "host"; empty when there is none, or a user name in it.
std::string HostOf(const std::string& origin) {
  const std::size_t from = origin.find("://");
  if (from == std::string::npos) return "";
  std::string host = origin.substr(from + 3);
  if (host.find_first_of("@\\ ") != std::string::npos) return "";
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == std::string::npos ? "" : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

Result<std::string> AddressFor(const Channel& channel, const std::string& origin,
                               const NotifyWires& wires) {
  const std::string host = HostOf(origin);
  if (host.empty()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("channel {}: its URL has no host that can be called", channel.name));
  }
  MAXOPT_TRY(const std::vector<std::string> addresses,
             wires.resolve ? wires.resolve(host) : SystemResolve(host));
  if (addresses.empty()) {
    return Fail(Errc::kUnavailable, fmt::format("the host {} has no address", host));
  }
  for (const std::string& ip : addresses) {
    if (channel.allow_private || IsPublicAddress(ip)) continue;
    return Fail(Errc::kRefused,
                fmt::format("channel {}: {} is at {}, which is not on the public internet; set "
                            "allow_private: true for it in alerts.yaml when that is meant",
                            channel.name, host, ip));
  }
  return addresses.front();
}

std::optional<int> RetryAfter(const http::Response& response) {
  const auto header = http::FindHeader(response.headers, "retry-after");
  if (!header) return std::nullopt;
  int seconds = 0;
  const auto [end, code] =
      std::from_chars(header->data(), header->data() + header->size(), seconds);
  if (code != std::errc() || end != header->data() + header->size() || seconds < 0) {
    return std::nullopt;
  }
  return std::min(seconds, 3600);
}

/// What an answer means for trying again. The body is quoted, never the URL: it is a secret.
Result<std::string> Judge(const Channel& channel, const http::Response& response) {
  const std::string said = Cut(OneLine(response.body), 200);
  const auto fail = [&](Errc code) {
    Error error{code, fmt::format("channel {}: {} answered {}: {}", channel.name,
                                  ChannelKindName(channel.kind), response.status, said)};
    error.platform_code = std::to_string(response.status);
    error.retry_after_s = RetryAfter(response);
    return Fail(std::move(error));
  };
  const int status = response.status;
  if (status == 429) return fail(Errc::kRateLimited);
  if (status == 401 || status == 403) return fail(Errc::kForbidden);
  if (status == 404 || status == 410) return fail(Errc::kNotFound);
  if (status == 408 || status == 503) return fail(Errc::kUnavailable);
  if (status >= 500) return fail(Errc::kUnknownOutcome);
  if (status >= 400) return fail(Errc::kInvalidArgument);
  if (status < 200 || status >= 300) return fail(Errc::kBadAnswer);
  switch (channel.kind) {
    case ChannelKind::kSlack:
      if (said != "ok") return fail(Errc::kBadAnswer);
      break;
    case ChannelKind::kPagerDuty: {
      const json body = json::parse(response.body, nullptr, false);
      if (!body.is_object() || !body.contains("status") || body["status"] != "success") {
        return fail(Errc::kBadAnswer);
      }
      break;
    }
    case ChannelKind::kTeams:  // Workflows answers 202 without a body, older connectors 200 and "1"
      if (response.body.find("error") != std::string::npos) return fail(Errc::kBadAnswer);
      break;
    case ChannelKind::kWebhook:
    case ChannelKind::kEmail:
      break;
  }
  return fmt::format("answered {}", status);
}

/// Time, signature and key of a webhook; without a secret the key alone.
void Sign(const Channel& channel, const std::string& key, Instant now, http::Request& request) {
  if (!channel.secret.empty()) {
    const std::string timestamp = std::to_string(
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
    request.headers.emplace_back("X-Maxopt-Timestamp", timestamp);
    request.headers.emplace_back("X-Maxopt-Signature",
                                 SignatureOf(channel.secret, timestamp, request.body));
  }
  request.headers.emplace_back("Idempotency-Key", key);
}

/// Sends to where the channel's host may be.
Result<http::Response> SendTo(const Channel& channel, http::Request request,
                              const NotifyWires& wires, http::Deadline deadline) {
  MAXOPT_TRY(const http::Url url, http::ParseUrl(request.url));
  MAXOPT_TRY(request.connect_to, AddressFor(channel, url.origin, wires));
  auto response = wires.web->Send(request, deadline);
  if (!response) {
    // The transport names the whole URL; its path is the secret.
    Error error = response.error();
    for (std::size_t at = error.what.find(url.path); url.path.size() > 1 && at != std::string::npos;
         at = error.what.find(url.path)) {
      error.what.replace(at, url.path.size(), " ");
    }
    return FailWithin("channel " + channel.name, std::move(error));
  }
  return response;
}

}  // namespace

std::string SignatureOf(std::string_view secret, std::string_view timestamp,
                        std::string_view body) {
  return Hmac256Hex(secret, fmt::format("{}.{}", timestamp, body));
}

std::string_view ChannelKindName(ChannelKind kind) {
  for (const auto& [value, name] : kKinds) {
    if (value == kind) return name;
  }
  Bug();
}

Result<ChannelKind> FindChannelKind(std::string_view name) {
  for (const auto& [value, known] : kKinds) {
    if (known == name) return value;
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("\"{}\" is no kind of channel; known are slack, teams, pagerduty, email, "
                          "webhook",
                          name.substr(0, 80)));
}

bool HasDedupKey(ChannelKind kind) {
  return kind == ChannelKind::kPagerDuty || kind == ChannelKind::kEmail ||
         kind == ChannelKind::kWebhook;
}

Result<> CheckChannel(const Channel& channel) {
  const auto bad = [&](std::string_view what) {
    return Fail(Errc::kInvalidArgument, fmt::format("channel {}: {}", channel.name, what));
  };
  if (channel.kind == ChannelKind::kEmail) {
    const bool secure = channel.url.starts_with("smtps://");
    if (!secure && !channel.url.starts_with("smtp://")) {
      return bad("url must be smtp://host:587 or smtps://host:465");
    }
    if (HostOf(channel.url).empty()) return bad("url names no host");
    if (!IsMailAddress(channel.from)) return bad("from must be a mail address");
    if (channel.to.empty()) return bad("to must name at least one mail address");
    for (const std::string& to : channel.to) {
      if (!IsMailAddress(to)) return bad("to must hold mail addresses");
    }
    if (channel.plain_text_smtp && !channel.user.empty()) {
      return bad("a password is not sent without TLS; leave plain_text_smtp or user out");
    }
    return {};
  }
  if (channel.kind == ChannelKind::kPagerDuty && channel.secret.empty()) {
    return bad("secret must be the integration's routing key");
  }
  if (channel.kind == ChannelKind::kWebhook && channel.secret.size() < 16) {
    return bad("secret must have at least 16 characters; openssl rand -hex 32 makes one");
  }
  if (channel.url.empty() && channel.kind == ChannelKind::kPagerDuty) return {};
  const auto url = http::ParseUrl(channel.url);
  if (!url || HostOf(url->origin).empty()) return bad("url must be an https:// URL");
  // A webhook's URL is a secret: it does not travel in the clear but to the own network.
  const bool open = channel.url.starts_with("http://") && channel.allow_private;
  if (!channel.url.starts_with("https://") && !open) {
    return bad("url must begin with https:// (http:// only with allow_private: true)");
  }
  return {};
}

NotifyWires MakeNotifyWires() {
  return {http::MakeCurlTransport({.ca_file = "", .max_body_bytes = 1u << 20}), MakeCurlMailer(),
          SystemResolve};
}

Result<std::string> Notify(const Channel& channel, const AlertMessage& message, bool maybe_again,
                           const NotifyWires& wires, Instant now, http::Deadline deadline) {
  MAXOPT_CHECK(CheckChannel(channel));
  if (channel.kind == ChannelKind::kEmail) {
    const Mail mail = MailOf(channel, MailText(message, channel));
    if (auto sent = wires.mail->Send(mail, deadline); !sent) {
      return FailWithin("channel " + channel.name, sent.error());
    }
    return std::string("taken by the mail server");
  }
  http::Request request;
  request.method = "POST";
  request.url = channel.url.empty() ? kPagerDutyUrl : channel.url;
  request.headers = {{"Content-Type", "application/json"}};
  switch (channel.kind) {
    case ChannelKind::kSlack:
      request.body = SlackBody(message, maybe_again);
      break;
    case ChannelKind::kTeams:
      request.body = TeamsBody(message, maybe_again);
      break;
    case ChannelKind::kPagerDuty:
      request.body = PagerDutyBody(message, channel.secret);
      break;
    case ChannelKind::kWebhook:
      request.body = WebhookBody(message);
      Sign(channel, Sha256Hex(message.id).substr(0, 40), now, request);
      break;
    case ChannelKind::kEmail:
      Bug();
  }
  MAXOPT_TRY(const http::Response response, SendTo(channel, std::move(request), wires, deadline));
  return Judge(channel, response);
}

Result<std::string> PostJson(const Channel& channel, const std::string& body,
                             const std::string& key, http::Headers headers,
                             const NotifyWires& wires, Instant now, http::Deadline deadline) {
  http::Request request;
  request.method = "POST";
  request.url = channel.url;
  request.headers = {{"Content-Type", "application/json"}};
  for (auto& header : headers) request.headers.push_back(std::move(header));
  request.body = body;
  Sign(channel, key, now, request);
  MAXOPT_TRY(http::Response response, SendTo(channel, std::move(request), wires, deadline));
  MAXOPT_CHECK(Judge(channel, response));
  return std::move(response.body);
}

}  // namespace maxopt
