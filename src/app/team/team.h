#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/team/team.h"
#include "app/home/home.h"
#include "connect/mailbox/mailbox.h"
#include "connect/notify/notify.h"
#include "memory/campaigns/team.h"

/// Teammates over a home: what they send is received, judged and kept; what Max has for them is
/// delivered. docs/team.md. Nothing here writes to a platform: a plan or buys that came in are
/// documents for `maxopt check` and `maxopt plan`, whose plan waits for approval as any other.
namespace maxopt {

// --- team.yaml ----------------------------------------------------------------------------------

struct TeamChannel {
  enum class Kind { kFolder, kWebhook, kEmail, kA2a };
  Kind kind = Kind::kFolder;
  std::string name;    ///< unique of the member; kept with each delivery
  std::string folder;  ///< kFolder: absolute, or below the home
  Channel wire{};      ///< kWebhook and kA2a: where to. secret: of the signature
  std::string token;   ///< kA2a: Authorization: Bearer
  std::string mail;    ///< kEmail: name of an e-mail channel of alerts.yaml
  std::vector<std::string> mail_to;
};
struct TeamMember {
  std::string name, title;
  std::string user;                    ///< of serve: whose keys and sessions speak for the member
  std::vector<std::string> clients{};  ///< empty: every client
  std::vector<std::string> sends{};    ///< kinds beside those that the workflow gives the member
  std::string secret{};                ///< with one, messages over the API must be signed with it
  bool webhook_in = false;             ///< signed messages need no API key
  std::string inbox{};                 ///< folder that is looked into; absolute or below the home
  /// The secret part of the address that the member's mails are sent to; empty: mails are refused.
  std::string mail_token{};
  std::vector<TeamChannel> channels{};  ///< none: what Max has for them is kept until fetched
  bool Sees(std::string_view client) const;
};
/// Where the team's mails to Max arrive.
struct TeamMailbox {
  MailboxAt at;
  std::string address;  ///< "max@agency.example": james writes to max+TOKEN@agency.example
};
struct TeamConfig {
  std::vector<TeamMember> members;  ///< the teammates of the workflow, and who is added
  std::chrono::seconds answer_within{86400 * 2};  ///< due time of what states none: two days
  team::RetryPolicy retry{};
  std::optional<TeamMailbox> mailbox{};
  /// Whether Max answers questions by himself where the data does: not, by the rules of `ask`, or
  /// by the model as well.
  enum class OwnAnswers { kOff, kRules, kModel } own_answers = OwnAnswers::kOff;
  const TeamMember* Find(std::string_view name) const;
  /// Who a user of serve speaks for; nullptr: nobody.
  const TeamMember* OfUser(std::string_view user) const;
  /// Whose secret address is among these (lower case); nullptr: nobody's, or several members'.
  const TeamMember* OfAddress(std::span<const std::string> addresses) const;
};
/// kInvalidArgument with file and line; unknown keys are refused; secrets (env:NAME, file:PATH or
/// the value) are in no error.
Result<TeamConfig> ParseTeamConfig(const std::string& yaml, const std::string& file);
/// team.yaml of the home; without one the teammates of the workflow, each of whom is the user of
/// that name and fetches messages.
Result<TeamConfig> ReadTeamConfig(const Home& home);
std::string TeamConfigTemplate();

// --- receiving ----------------------------------------------------------------------------------

/// Who brings a message, as the way it came proves.
struct Sender {
  std::string member;  ///< "" : proven to be nobody of the team
  std::string via;     ///< "api", "webhook", "mcp", "folder", "mail", "hand"
  std::string by;      ///< "james by mk_1a2b"
  /// Whom the bringer may see; nullopt: every client.
  std::optional<std::vector<std::string>> clients{};
  std::string client{};  ///< that the message must be about, where the way says one
  /// Max looks for it (folder, mail): nobody waits for an answer, so a refusal is told by a
  /// receipt, and what is found again is refused once.
  bool found = false;
  bool silent = false;  ///< a refusal is told to nobody: the other side may be a machine like us
};

struct Received {
  long long seq = 0;  ///< in the inbox; refused ones are there too, with the reason
  bool repeat = false;
  /// Why it was refused: kInvalidArgument, kNotFound, kForbidden, kConflict.
  std::optional<Error> refusal{};
  std::string state;         ///< of the row
  std::string receipt{};     ///< JSON, schemas/receipt.schema.json; of an answer or receipt: empty
  std::string receipt_id{};  ///< of Max's message that carries it
};
/// Judges, keeps and works on one message. Errors are only those of our own memory and disk (the
/// sender tries again); what is wrong with the message is Received::refusal.
Result<Received> ReceiveMessage(Home& home, const TeamConfig& config, const Sender& sender,
                                std::string_view text);
/// Keeps what was refused before it could be judged, as with a wrong signature.
Result<Received> RefuseMessage(Home& home, const TeamConfig& config, const Sender& sender,
                               std::string_view text, const Error& why);

/// A file of a teammate: one of the documents in any of its forms, another message's body, or a
/// whole message.
struct HandedFile {
  /// "media_plan.yaml" says what it is, "spring-trails.media_plan.yaml" of which campaign as well.
  std::string name;
  std::string bytes;
  std::string client{}, about{}, kind{};  ///< empty: from the name and the content
  std::string id{};  ///< empty: of all of it, so that the same file again is the same message
};
/// The file as the message that it is. What is not said is told by the brief inside, and the client
/// by there being only one that the member works for. kInvalidArgument says what is missing.
Result<std::string> MessageOfFile(Home& home, const TeamMember& member, const HandedFile& file);
/// The client that the member writes about without saying so; empty: it cannot be told.
Result<std::string> OnlyClientOf(Home& home, const TeamMember& member);

struct ReceivedRound {
  int received = 0, refused = 0, repeats = 0;
  std::vector<std::string> problems;
};
/// Every message file (*.json) of the members' inbox folders, oldest name first; each is moved to
/// done/ or refused/ beside it, there with NAME.why.txt. Files that are no plain files are left
/// alone and told. A file that is no JSON yet may still be being written: it is left for a minute.
Result<ReceivedRound> ReceiveFolders(Home& home, const TeamConfig& config);
/// The mails that wait in the mailbox, at most 50 at once. Who a mail is from is proven by the
/// secret address that it was sent to. A mail is settled when what came of it is kept. Trouble with
/// the mailbox is a problem of the round, and the mails are looked at again.
Result<ReceivedRound> ReceiveMails(Home& home, const TeamConfig& config, Mailbox& mailbox);
/// The same with the mailbox of team.yaml; nothing where there is none.
Result<ReceivedRound> ReceiveMails(Home& home, const TeamConfig& config);
/// What was kept but not worked on, because the process ended there.
Result<int> FinishReceived(Home& home, const TeamConfig& config);

// --- sending ------------------------------------------------------------------------------------

struct DeliveryRound {
  int queued = 0, kept = 0, sent = 0, waiting = 0, failed = 0;
  std::vector<std::string> notes;
};
/// Queues what is new in the outbox and sends what is due, each at least once. Errors: our own
/// memory's; an undeliverable message is a note.
Result<DeliveryRound> DeliverTeam(Home& home, const TeamConfig& config, const NotifyWires& wires);

/// The message as it goes out.
Result<team::Envelope> EnvelopeOf(Home& home, const TeamConfig& config, const SentMessage& sent);

/// Asks a teammate; the answer is due at `due` (absent: answer_within). kNotFound for the member.
struct TeamQuestion {
  std::string client, to, text, about{};
  std::string what{};  ///< of a request: "media_plan", "report", ...; empty: a question
  std::optional<Instant> due{};
};
Result<Message> AskTeammate(Home& home, const TeamConfig& config, const TeamQuestion& question);
/// Answers an open question or request. kConflict when it is not open.
struct AnsweredBy {
  std::string by{};                    ///< "Max, by rules"; empty: a person
  std::vector<std::string> sources{};  ///< where its numbers are from
};
Result<Message> AnswerTeammate(Home& home, long long seq, const std::string& text,
                               const AnsweredBy& marks = {});

// --- looking ------------------------------------------------------------------------------------

/// One line of what went to and fro.
struct TeamLine {
  bool out = false;
  std::string key;  ///< message id, or number in the inbox
  std::string id;   ///< the sender's id of what came in
  std::string member, client, kind, title, about, correlation;
  std::string state;  ///< of a row of the inbox, or the least advanced of the deliveries
  std::string why, channels;
  Instant at{};
  std::optional<Instant> due{}, closed{};
  bool overdue = false;  ///< waits for an answer, or could not be delivered, past its time
};
/// Newest first.
struct TeamQuery {
  std::string client{}, member{};
  bool overdue = false;
  int limit = 100;
};
Result<std::vector<TeamLine>> TeamLines(Home& home, const TeamConfig& config,
                                        const TeamQuery& query, Instant now);

}  // namespace maxopt
