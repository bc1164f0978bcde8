// What Max has for teammates, on its way to them.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/team/team.h"
#include "connect/notify/post.h"
#include "domain/message_text.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;
using std::chrono::seconds;
using team::DeliveryState;

constexpr seconds kDeliveryLease{120};  ///< far beyond the deadline of one try
constexpr seconds kDeliveryTimeout{20};
constexpr int kDeliveryBatch = 50;
constexpr int kQueuedAtOnce = 500;

/// To a teammate's own agent: the message is a task of theirs, and its id is what they know a
/// repeat by. specification/a2a.proto, JSON-RPC binding.
std::string A2aRequest(const team::Envelope& envelope, const std::string& printed) {
  ordered_json out{
      {"jsonrpc", "2.0"},
      {"id", envelope.id},
      {"method", "SendMessage"},
      {"params",
       {{"message",
         {{"messageId", envelope.id},
          {"contextId", envelope.correlation()},
          {"role", "ROLE_USER"},
          {"parts", {{{"data", ordered_json::parse(printed)}}, {{"text", envelope.markdown}}}}}}}}};
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Result<std::string> ReadA2aAnswer(const std::string& text) {
  const json answer = json::parse(text, nullptr, false);
  if (!answer.is_object()) return Fail(Errc::kBadAnswer, "the agent's answer is no JSON");
  if (answer.contains("error")) {
    const json& error = answer["error"];
    const std::string message = error.is_object() ? error.value("message", "") : "";
    return Fail(Errc::kRefused, "the agent refused: " + message.substr(0, 300));
  }
  if (!answer.contains("result") || !answer["result"].is_object()) {
    return Fail(Errc::kBadAnswer, "the agent answered without a result");
  }
  const json& result = answer["result"];
  if (result.contains("task") && result["task"].is_object()) {
    return fmt::format("their task {}", result["task"].value("id", "").substr(0, 80));
  }
  return std::string("answered by a message");
}

Result<std::string> SendFolder(Home& home, const TeamChannel& channel,
                               const team::Envelope& envelope, const std::string& printed) {
  const fs::path folder =
      channel.folder.starts_with('/') ? channel.folder : home.PathOf(channel.folder);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Fail(Errc::kLocal, folder.string() + ": " + error.message());
  const std::string base = (folder / envelope.id).string();
  if (!envelope.markdown.empty()) {
    MAXOPT_CHECK(WriteWholeFile(base + ".md", envelope.markdown));
  }
  // Last, as it is what programs look for.
  MAXOPT_CHECK(WriteWholeFile(base + ".json", printed + "\n"));
  return "in the folder as " + envelope.id + ".json";
}

Result<std::string> Send(Home& home, const TeamChannel& channel, const team::Envelope& envelope,
                         const NotifyWires& wires, Instant now) {
  const std::string printed = team::PrintEnvelope(envelope);
  const auto deadline = http::After(kDeliveryTimeout);
  switch (channel.kind) {
    case TeamChannel::Kind::kFolder:
      return SendFolder(home, channel, envelope, printed);
    case TeamChannel::Kind::kWebhook:
      MAXOPT_CHECK(PostJson(channel.wire, printed, envelope.id, {}, wires, now, deadline));
      return std::string("taken by the webhook");
    case TeamChannel::Kind::kA2a: {
      http::Headers headers{{"A2A-Version", "1.0"}};
      if (!channel.token.empty()) headers.emplace_back("Authorization", "Bearer " + channel.token);
      MAXOPT_TRY(const std::string answer, PostJson(channel.wire, A2aRequest(envelope, printed),
                                                    envelope.id, headers, wires, now, deadline));
      return ReadA2aAnswer(answer);
    }
    case TeamChannel::Kind::kEmail: {
      MAXOPT_TRY(const AlertConfig alerts, home.Alerting());
      const auto found = alerts.channels.find(channel.mail);
      if (found == alerts.channels.end() || found->second.kind != ChannelKind::kEmail) {
        return Fail(Errc::kNotFound,
                    fmt::format("alerts.yaml has no e-mail channel \"{}\"", channel.mail));
      }
      Channel mail = found->second;
      mail.to = channel.mail_to;
      MAXOPT_CHECK(CheckChannel(mail));
      const std::string text =
          PlainMailText(mail, fmt::format("[{}] {}", envelope.client, envelope.title),
                        envelope.markdown, {{envelope.id + ".json", "application/json", printed}},
                        envelope.id, envelope.correlation(), envelope.created_at.value_or(now));
      MAXOPT_CHECK(wires.mail->Send(MailOf(mail, text), deadline));
      return std::string("taken by the mail server");
    }
  }
  Bug();
}

Result<int> Queue(Home& home, const TeamConfig& config, Instant now, DeliveryRound& round) {
  MAXOPT_TRY(const std::vector<Message> messages, UndeliveredMessages(home.store(), kQueuedAtOnce));
  std::vector<DeliveryRow> rows;
  for (const Message& message : messages) {
    const TeamMember* member = config.Find(message.to);
    const bool sent = member && member->Sees(message.client) && !member->channels.empty();
    if (!sent) {
      rows.push_back({.message = message.id,
                      .member = message.to,
                      .channel = "",
                      .state = std::string(team::DeliveryStateName(DeliveryState::kKept)),
                      .queued_at = now,
                      .next_at = now,
                      .how = "no channel is configured: it waits to be fetched"});
      ++round.kept;
      continue;
    }
    for (const TeamChannel& channel : member->channels) {
      rows.push_back({.message = message.id,
                      .member = message.to,
                      .channel = channel.name,
                      .queued_at = now,
                      .next_at = now});
      ++round.queued;
    }
  }
  MAXOPT_CHECK(QueueDeliveries(home.store(), rows));
  return static_cast<int>(messages.size());
}

Result<> DeliverOne(Home& home, const TeamConfig& config, const NotifyWires& wires, DeliveryRow row,
                    Instant now, DeliveryRound& round) {
  const auto attempt = [&]() -> Result<std::string> {
    const TeamMember* member = config.Find(row.member);
    const auto channel = member
                             ? std::ranges::find(member->channels, row.channel, &TeamChannel::name)
                             : std::vector<TeamChannel>::const_iterator();
    if (!member || channel == member->channels.end()) {
      return Fail(Errc::kNotFound,
                  fmt::format("team.yaml has no channel {} of {}", row.channel, row.member));
    }
    MAXOPT_TRY(const std::vector<SentMessage> sent,
               SentMessages(home.store(), {.to = row.member, .id = row.message}));
    if (sent.empty()) return Fail(Errc::kNotFound, "the message is not in the outbox any more");
    MAXOPT_TRY(const team::Envelope envelope, EnvelopeOf(home, config, sent.front()));
    return Send(home, *channel, envelope, wires, now);
  };
  const team::NextStep next =
      team::AfterTry(row.attempts, row.queued_at, attempt(), config.retry, now);
  row.state = team::DeliveryStateName(next.state);
  row.next_at = next.next_at;
  row.how = next.how;
  if (next.state == DeliveryState::kSent) {
    ++round.sent;
  } else {
    ++(next.state == DeliveryState::kFailed ? round.failed : round.waiting);
    round.notes.push_back(
        fmt::format("{} to {} by {}: {}", row.message, row.member, row.channel, next.how));
  }
  return SettleDelivery(home.store(), row, now);
}

std::optional<Instant> DueOf(const TeamConfig& config, const SentMessage& sent) {
  if (sent.thread.due_at) return sent.thread.due_at;
  const auto kind = team::FindKind(sent.message.kind, team::Direction::kOut);
  if (!kind || !(*kind)->wants_answer) return std::nullopt;
  return sent.message.created_at + config.answer_within;
}

}  // namespace

Result<team::Envelope> EnvelopeOf(Home& home, const TeamConfig& config, const SentMessage& sent) {
  const Message& message = sent.message;
  team::Envelope out;
  out.id = message.id;
  out.from = "max";
  out.to = message.to;
  out.client = message.client;
  out.kind = message.kind;
  out.correlation_id = sent.thread.correlation;
  out.in_reply_to = sent.thread.in_reply_to;
  out.title = message.title;
  out.about = message.about;
  out.created_at = message.created_at;
  out.due_at = DueOf(config, sent);
  out.body = message.json;
  out.markdown = message.markdown;
  if (out.correlation_id.empty() && !message.about.empty()) {
    // What is said about a campaign belongs to what its planner handed over.
    MAXOPT_TRY(
        const std::vector<InboxRow> rows,
        Inbox(home.store(), {.client = message.client, .about = message.about, .limit = 50}));
    for (const InboxRow& row : rows) {
      const auto kind = team::FindKind(row.kind, team::Direction::kIn);
      if (row.state == "refused" || row.received_at > message.created_at) continue;
      if (!kind || !(*kind)->document) continue;
      const bool to_them = row.sender == message.to;
      if (out.correlation_id.empty() || to_them) out.correlation_id = row.correlation;
      if (to_them) break;
    }
  }
  return out;
}

Result<DeliveryRound> DeliverTeam(Home& home, const TeamConfig& config, const NotifyWires& wires) {
  const Instant now = home.clock().Now();
  DeliveryRound round;
  for (;;) {
    MAXOPT_TRY(const int queued, Queue(home, config, now, round));
    if (queued < kQueuedAtOnce) break;
  }
  for (;;) {
    MAXOPT_TRY(const std::vector<DeliveryRow> due,
               ClaimDeliveries(home.store(), now, kDeliveryLease, kDeliveryBatch));
    if (due.empty()) return round;
    for (const DeliveryRow& row : due) {
      MAXOPT_CHECK(DeliverOne(home, config, wires, row, now, round));
    }
  }
}

Result<Message> AskTeammate(Home& home, const TeamConfig& config, const TeamQuestion& question) {
  const Instant now = home.clock().Now();
  const TeamMember* member = config.Find(question.to);
  if (!member) {
    std::string known;
    for (const TeamMember& one : config.members) known += (known.empty() ? "" : ", ") + one.name;
    return Fail(Errc::kNotFound, fmt::format("\"{}\" is nobody of the team; known are {}",
                                             question.to.substr(0, 60), known));
  }
  MAXOPT_CHECK(home.store().GetClient(question.client));
  const std::string kind = question.what.empty() ? "question" : "request";
  ordered_json body{{"maxopt", kind + "/1"}};
  if (!question.what.empty()) body["what"] = question.what;
  body["text"] = question.text;
  body["client"] = question.client;
  body["at"] = PrintInstant(now);
  Message message;
  message.client = question.client;
  message.to = member->name;
  message.kind = kind;
  message.title = question.text.substr(0, question.text.find('\n')).substr(0, 120);
  message.about = question.about;
  message.json = body.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  message.markdown = MarkdownText(question.text) + "\n";
  message.created_at = now;
  if (const std::string objection = team::BodyObjection(kind, message.json); !objection.empty()) {
    return Fail(Errc::kInvalidArgument, objection);
  }
  MessageThread thread;
  thread.due_at = question.due.value_or(now + config.answer_within);
  return SaveThreaded(home.store(), std::move(message), thread, {}, now);
}

Result<Message> AnswerTeammate(Home& home, long long seq, const std::string& text,
                               const AnsweredBy& marks) {
  const Instant now = home.clock().Now();
  MAXOPT_TRY(const InboxRow row, GetInboxRow(home.store(), seq));
  if (row.state != "open") {
    return Fail(Errc::kConflict, fmt::format("message {} of the inbox is {}, so it waits for no "
                                             "answer",
                                             seq, row.state));
  }
  ordered_json body{
      {"maxopt", "answer/1"}, {"text", text}, {"client", row.client}, {"at", PrintInstant(now)}};
  if (!marks.by.empty()) {
    body["by"] = marks.by;
    body["sources"] = marks.sources;
  }
  Message message;
  message.client = row.client;
  message.to = row.sender;
  message.kind = "answer";
  message.title = "Answer: " + (row.title.empty() ? row.kind : row.title);
  message.about = row.about;
  message.json = body.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  message.markdown = MarkdownText(text) + "\n";
  if (!marks.by.empty()) {
    message.markdown += "\nAnswered by " + MarkdownText(marks.by) + ", without a person.\n";
    for (const std::string& source : marks.sources) {
      message.markdown += "\n- " + MarkdownText(source);
    }
    message.markdown += "\n";
  }
  message.created_at = now;
  if (const std::string objection = team::BodyObjection("answer", message.json);
      !objection.empty()) {
    return Fail(Errc::kInvalidArgument, objection);
  }
  MessageThread thread;
  thread.correlation = row.correlation;
  thread.in_reply_to = row.id;
  return SaveThreaded(home.store(), std::move(message), thread, {seq, "open", "answered", ""}, now);
}

namespace {

/// An undelivered message is late when a person would have to look: after an hour, in which every
/// passing trouble of a server has had seven tries.
constexpr seconds kDeliveryPatience{3600};

TeamLine LineOf(const InboxRow& row, Instant now) {
  TeamLine line;
  line.key = std::to_string(row.seq);
  line.id = row.id;
  line.member = row.sender;
  line.client = row.client;
  line.kind = row.kind;
  line.title = row.title;
  line.about = row.about;
  line.correlation = row.correlation;
  line.state = row.state;
  line.why = row.why;
  line.channels = row.via;
  line.at = row.received_at;
  line.due = row.due_at;
  line.closed = row.closed_at;
  line.overdue = (row.state == "open" || row.state == "new") && row.due_at && *row.due_at < now;
  return line;
}

TeamLine LineOf(const TeamConfig& config, const SentMessage& sent, Instant now) {
  TeamLine line;
  line.out = true;
  line.key = sent.message.id;
  line.member = sent.message.to;
  line.client = sent.message.client;
  line.kind = sent.message.kind;
  line.title = sent.message.title;
  line.about = sent.message.about;
  line.correlation = sent.thread.correlation;
  line.at = sent.message.created_at;
  line.due = DueOf(config, sent);
  line.state = sent.deliveries.empty() ? "pending" : "";
  // The least advanced tells how it stands.
  constexpr DeliveryState kOrder[] = {DeliveryState::kFailed,  DeliveryState::kUnknown,
                                      DeliveryState::kPending, DeliveryState::kSending,
                                      DeliveryState::kKept,    DeliveryState::kSent,
                                      DeliveryState::kRead};
  std::ptrdiff_t least = std::ssize(kOrder);
  for (const DeliveryRow& delivery : sent.deliveries) {
    const auto state = team::FindDeliveryState(delivery.state);
    if (!state) continue;
    const auto at = std::ranges::find(kOrder, *state) - std::begin(kOrder);
    const std::string channel = delivery.channel.empty() ? "outbox" : delivery.channel;
    line.channels += (line.channels.empty() ? "" : ", ") + channel;
    if (at < least) {
      least = at;
      line.state = delivery.state;
      line.why = delivery.how;
    }
    if (!team::IsFinal(*state) && *state != DeliveryState::kKept &&
        delivery.queued_at + kDeliveryPatience < now) {
      line.overdue = true;
    }
    if (*state == DeliveryState::kFailed) line.overdue = true;
  }
  if (sent.thread.answered_at) {
    line.closed = sent.thread.answered_at;
    line.state = "answered";
    line.overdue = false;
  } else if (line.due && *line.due < now) {
    line.overdue = true;
  }
  return line;
}

}  // namespace

Result<std::vector<TeamLine>> TeamLines(Home& home, const TeamConfig& config,
                                        const TeamQuery& query, Instant now) {
  std::vector<TeamLine> lines;
  // What is overdue may be old; what is new is at the top.
  constexpr int kAll = 100'000;
  const int limit = query.overdue ? kAll : query.limit;
  MAXOPT_TRY(const std::vector<InboxRow> rows, Inbox(home.store(), {.client = query.client,
                                                                    .sender = query.member,
                                                                    .open = query.overdue,
                                                                    .limit = limit}));
  for (const InboxRow& row : rows) lines.push_back(LineOf(row, now));
  MAXOPT_TRY(
      const std::vector<SentMessage> sent,
      SentMessages(home.store(), {.client = query.client, .to = query.member, .limit = limit}));
  for (const SentMessage& one : sent) lines.push_back(LineOf(config, one, now));
  std::erase_if(lines, [&](const TeamLine& line) {
    return line.at > now || (query.overdue && !line.overdue);
  });
  std::ranges::stable_sort(lines, [](const TeamLine& a, const TeamLine& b) { return a.at > b.at; });
  if (std::ssize(lines) > query.limit) lines.resize(static_cast<std::size_t>(query.limit));
  return lines;
}

}  // namespace maxopt
