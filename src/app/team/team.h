#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/team/team.h"
#include "app/home/home.h"
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
  std::string user;                     ///< of serve: whose keys and sessions speak for the member
  std::vector<std::string> clients{};   ///< empty: every client
  std::vector<std::string> sends{};     ///< kinds beside those that the workflow gives the member
  std::string secret{};                 ///< with one, messages over the API must be signed with it
  std::string inbox{};                  ///< folder that is looked into; absolute or below the home
  std::vector<TeamChannel> channels{};  ///< none: what Max has for them is kept until fetched
  bool Sees(std::string_view client) const;
};
struct TeamConfig {
  std::vector<TeamMember> members;  ///< the teammates of the workflow, and who is added
  std::chrono::seconds answer_within{86400 * 2};  ///< due time of what states none: two days
  team::RetryPolicy retry{};
  const TeamMember* Find(std::string_view name) const;
  /// Who a user of serve speaks for; nullptr: nobody.
  const TeamMember* OfUser(std::string_view user) const;
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
  std::string via;     ///< "api", "mcp", "folder", "hand"
  std::string by;      ///< "james by mk_1a2b"
  /// Whom the bringer may see; nullopt: every client.
  std::optional<std::vector<std::string>> clients{};
  std::string client{};  ///< that the message must be about, where the way says one
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
Result<Received> RefuseMessage(Home& home, const Sender& sender, std::string_view text,
                               const Error& why);

struct FolderRound {
  int received = 0, refused = 0, repeats = 0;
  std::vector<std::string> problems;
};
/// Every message file (*.json) of the members' inbox folders, oldest name first; each is moved to
/// done/ or refused/ beside it, there with NAME.why.txt. Files that are no plain files are left
/// alone and told. A file that is no JSON yet may still be being written: it is left for a minute.
Result<FolderRound> ReceiveFolders(Home& home, const TeamConfig& config);
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
Result<Message> AnswerTeammate(Home& home, long long seq, const std::string& text);

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
