#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "connect/notify/notify.h"

/// Other messages through the channels of alerts: signed webhooks and mails.
namespace maxopt {

/// What a webhook's receiver checks: lower-case hex of HMAC-SHA256 over "timestamp.body".
std::string SignatureOf(std::string_view secret, std::string_view timestamp, std::string_view body);

/// One POST of JSON to a webhook channel under the same rules as an alert's: address, TLS, what is
/// kept out of errors, what an answer means. With the channel's secret it is signed; `key` is the
/// Idempotency-Key, the same at every try. Returns the answer's body. Errors as Notify's.
Result<std::string> PostJson(const Channel& channel, const std::string& body,
                             const std::string& key, http::Headers headers,
                             const NotifyWires& wires, Instant now, http::Deadline deadline);

/// A text as a mail of an e-mail channel, with an attachment where there is one; the same `id` is
/// the same Message-ID. `thread` ties mails together.
struct MailPart {
  std::string name, type, bytes;
};
std::string PlainMailText(const Channel& channel, const std::string& subject,
                          const std::string& text, const std::vector<MailPart>& attachments,
                          const std::string& id, const std::string& thread, Instant at);
/// The mail of a channel, ready to be sent.
Mail MailOf(const Channel& channel, std::string text);

}  // namespace maxopt
