#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "domain/alert.h"
#include "http/http.h"
#include "result/result.h"

/// Channels that alerts are told through. A channel renders one message in its own format, within
/// its own limits, with everything from outside escaped for it, and sends it once: who calls keeps
/// what was sent and retries.
namespace maxopt {

enum class ChannelKind { kSlack, kTeams, kPagerDuty, kEmail, kWebhook };
std::string_view ChannelKindName(ChannelKind kind);  ///< "slack", "teams", "pagerduty", ...
Result<ChannelKind> FindChannelKind(std::string_view name);

struct Channel {
  std::string name;
  ChannelKind kind = ChannelKind::kWebhook;
  /// Slack and Teams: the webhook's URL, which is a secret. PagerDuty: empty for its production
  /// endpoint. E-mail: smtp://host:587 or smtps://host:465.
  std::string url;
  std::string secret;  ///< PagerDuty: the integration's routing key. Webhook: key of the signature
  /// The URL's host may be on a private address. Without it only public addresses are called.
  bool allow_private = false;
  // E-mail only.
  std::string from;
  std::vector<std::string> to;
  std::string user, password;
  bool plain_text_smtp = false;  ///< no STARTTLS: for a relay on this machine
  std::string ca_file;           ///< of a relay with a certificate of its own
};
/// kInvalidArgument says what the kind needs.
Result<> CheckChannel(const Channel& channel);

/// Whether a repeated message with the same key is recognised by the receiver.
bool HasDedupKey(ChannelKind kind);

/// One alert in a message; all of it may be hostile text.
struct AlertLine {
  std::string id, title, subject, detector, kpi, actual, expected, proposal;
  AlertTier tier = AlertTier::kWarning;
  Instant since{};
  std::optional<Instant> resolved_at{};
  std::string at_stake;                ///< "120.00 EUR a day"
  std::vector<std::string> evidence;   ///< sentences
  std::vector<std::string> diagnosis;  ///< sentences, the most telling first
};

/// What is said, before a channel's format.
struct AlertMessage {
  std::string id;        ///< of the notification: the same at every try
  std::string incident;  ///< of the group: firing and resolved share it
  std::string client;
  std::string kind;  ///< firing | repeat | escalation | resolved | acknowledged | test
  AlertTier tier = AlertTier::kWarning;
  std::string headline;  ///< one sentence
  std::vector<AlertLine> firing, resolved;
  int others_open = 0;
  std::string by{};  ///< who acknowledged
  Instant at{};
  std::string link{};  ///< to the dashboard; empty: none
};
std::string ToJson(const AlertMessage& message);
Result<AlertMessage> AlertMessageFromJson(std::string_view json);

/// The bodies, as they are sent. `maybe_again`: an earlier try may have arrived; where the receiver
/// cannot tell, the message says so.
///   Slack      https://docs.slack.dev/reference/block-kit/blocks: 50 blocks, 150 characters of
///              header, 3,000 of a section
///   Teams      adaptive card 1.2 in a message's attachments, 28 KB
///   PagerDuty  Events API v2: 1,024 characters of summary, 512 KB
/// What does not fit is cut, and the message says so.
std::string SlackBody(const AlertMessage& message, bool maybe_again);
std::string TeamsBody(const AlertMessage& message, bool maybe_again);
std::string PagerDutyBody(const AlertMessage& message, const std::string& routing_key);
std::string WebhookBody(const AlertMessage& message);
/// RFC 5322 with a text and an HTML part, CRLF.
std::string MailText(const AlertMessage& message, const Channel& channel);
/// "<...@host>", of the notification: every try of it is the same mail.
std::string MessageIdOf(const AlertMessage& message, const Channel& channel);

struct Mail {
  std::string url;  ///< smtp:// or smtps://
  std::string user, password, from, text, ca_file;
  std::vector<std::string> to;
  bool plain = false;
};
/// Thread-safe. Errors as http::Transport's: kUnavailable when the server cannot have taken the
/// mail, kUnknownOutcome when it may have, kInvalidArgument when it refused for good (5xx).
class Mailer {
 public:
  virtual ~Mailer() = default;
  virtual Result<> Send(const Mail& mail, http::Deadline deadline) = 0;
};
/// libcurl. STARTTLS is required unless mail.plain or smtps.
std::shared_ptr<Mailer> MakeCurlMailer();

/// The ways out.
struct NotifyWires {
  std::shared_ptr<http::Transport> web;
  std::shared_ptr<Mailer> mail;
  /// Addresses of a host; the system's resolver when empty.
  std::function<Result<std::vector<std::string>>(const std::string&)> resolve;
};
/// The real ones.
NotifyWires MakeNotifyWires();

/// Sends one message. `now` is the time in the webhook's signature and in a mail's Date.
/// Errors: kRateLimited with retry_after_s, kUnavailable (nothing arrived), kUnknownOutcome (may
/// have), kInvalidArgument, kForbidden, kNotFound (will not work by trying again), kRefused (a
/// private address without allow_private), kBadAnswer (answered, but not as this receiver does:
/// may have arrived).
Result<std::string> Notify(const Channel& channel, const AlertMessage& message, bool maybe_again,
                           const NotifyWires& wires, Instant now, http::Deadline deadline);

}  // namespace maxopt
