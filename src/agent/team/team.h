#pragma once
#include <chrono>
#include <cstddef>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "result/result.h"

/// Max as a member of the team: what teammates send to each other, how a message looks on the wire,
/// and how one is delivered at least once. Pure: no I/O and no clock. Who stores and sends is
/// src/app/team; docs/team.md is for the other side.
namespace maxopt::team {

// --- who and what -------------------------------------------------------------------------------

/// The teammates of the workflow, by the short names that messages use.
struct Teammate {
  std::string_view name;   ///< "james"
  std::string_view title;  ///< "James Planner, media plan"
};
std::span<const Teammate> Teammates();

enum class Direction { kIn, kOut, kBoth };

/// A kind of message, as data.
struct Kind {
  std::string_view name;  ///< "media_plan": also its schema's file, and the body's "maxopt"
  std::string_view what;  ///< one sentence
  Direction direction = Direction::kIn;
  /// Who sends it to Max (kIn), or gets it from Max (kOut); empty: anybody.
  std::vector<std::string_view> members{};
  int version = 1;  ///< the newest; older ones are read, newer ones are refused
  /// One of the four documents of a set-up: kept for `maxopt check` and `maxopt plan`.
  bool document = false;
  /// Waits for an answer, and is overdue without one.
  bool wants_answer = false;
  /// Of an output of the workflow: the stage and the line that asks for it.
  std::string_view stage{};
  int line = 0;
};
/// Every kind, in the order of the workflow.
std::span<const Kind> Kinds();
/// kNotFound lists the kinds of that direction.
Result<const Kind*> FindKind(std::string_view name, Direction direction);
/// Names of the kinds that the teammate sends.
std::vector<std::string> SentBy(std::string_view member);

// --- the envelope -------------------------------------------------------------------------------

/// What longer messages are refused for: documents are read in full by people.
inline constexpr std::size_t kEnvelopeBytesMax = 2u << 20;

/// "maxopt: message/1". The same in both directions and on every channel.
struct Envelope {
  std::string id;  ///< the sender's, the same at every try: [A-Za-z0-9._:-]{1,128}
  std::string from, to, client;
  std::string kind;
  int version = 1;
  std::string correlation_id;  ///< what belongs together; empty: the id
  std::string in_reply_to;     ///< id of the message that this one answers
  std::string title;
  std::string about;  ///< slug of a campaign, id of a plan, a day; empty: the client as a whole
  std::optional<Instant> created_at{}, due_at{};
  /// JSON of the kind's schema, to the letter as it came: no number has passed a double. Of a
  /// document that came as text: empty.
  std::string body;
  /// A document as a file: "media_plan.yaml" and its text.
  std::string file_name, file_text;
  std::string markdown;  ///< the same for people; only of what Max sends
  const std::string& correlation() const { return correlation_id.empty() ? id : correlation_id; }
};

/// What can be told of a message that is refused, for the records: nothing in it is checked.
struct Glance {
  std::string id, from, client, kind, about, title;
};
Glance GlanceAt(std::string_view text);

/// Reads and judges a message to Max: JSON, the envelope's schema, the kind, its version, who may
/// send it, the body's schema where it is one of Max's own (documents are judged by who reads
/// them), times. `extra_kinds`: what this sender may send beside what the workflow says.
/// Errors, each saying what to do: kInvalidArgument; kNotFound for an unknown kind; kForbidden for
/// a kind that is not this sender's.
Result<Envelope> ReadEnvelope(std::string_view text, std::span<const std::string> extra_kinds,
                              Instant now);
/// The message as it is sent; schemas/message.schema.json.
std::string PrintEnvelope(const Envelope& envelope);
/// What the body breaks of its kind's schema; empty: nothing, or its schema is not one of those
/// that the program carries.
std::string BodyObjection(std::string_view kind, std::string_view body);

/// A campaign's slug, as the folder of its documents: [a-z0-9-]{1,64}, no dot, no slash.
bool IsCampaignSlug(std::string_view text);

// --- signatures ---------------------------------------------------------------------------------

/// How far the time in a signature may be from now: as far as clocks of two servers are apart, with
/// the way in between. What is older may be a message that someone recorded.
inline constexpr std::chrono::seconds kSignatureAge{300};
/// X-Maxopt-Timestamp (seconds since 1970) and X-Maxopt-Signature (hex of HMAC-SHA256 over
/// "timestamp.body"), as Max's own webhooks carry them. kForbidden says what is wrong: missing, too
/// old, too new, not made with this secret.
Result<> CheckSignature(std::string_view secret, std::string_view timestamp,
                        std::string_view signature, std::string_view body, Instant now);

// --- delivery -----------------------------------------------------------------------------------

/// pending: to be sent at next_at. sending: a sender has it under a lease. unknown: it left, and
/// whether it arrived is not known: it is sent again under the same id. kept: no way out is
/// configured, it waits to be fetched (MCP, A2A, outbox). sent: taken by the other side. read: the
/// teammate has said so. failed: given up.
enum class DeliveryState { kPending, kSending, kUnknown, kKept, kSent, kRead, kFailed };
std::string_view DeliveryStateName(DeliveryState state);
Result<DeliveryState> FindDeliveryState(std::string_view name);
/// Nothing more will be tried.
bool IsFinal(DeliveryState state);

struct RetryPolicy {
  std::chrono::seconds first_wait{30};      ///< doubles with every try, as alerts do
  std::chrono::seconds longest_wait{1800};  ///< a teammate's server that is back is told soon
  std::chrono::seconds give_up{72 * 3600};  ///< a weekend; then a person must look
};
struct NextStep {
  DeliveryState state = DeliveryState::kPending;
  Instant next_at{};
  std::string how;  ///< one sentence
};
/// What becomes of a delivery after a try. `attempts` counts this one; `queued_at`: since when it
/// is tried. An error that no further try can mend (kInvalidArgument, kForbidden, kNotFound,
/// kRefused) is tried again all the same until give_up, slowly: settings and servers are mended by
/// people meanwhile, and a message is not lost for it.
NextStep AfterTry(int attempts, Instant queued_at, const Result<std::string>& outcome,
                  const RetryPolicy& policy, Instant now);

}  // namespace maxopt::team
