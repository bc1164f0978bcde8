// Tools for teammates who are agents: what Max has for them, and what they hand over.
#include <fmt/format.h>

#include "app/mcp/tool.h"
#include "app/team/team.h"

namespace maxopt::agent_tools {
namespace {

const Json kTeamText = {{"type", "string"}};
const Json kTeamFlag = {{"type", "boolean"}};
const Json kTeamObject = {{"type", "object"}};

/// Keys are named "user by key" (service.cc); on standard input it is the user of the machine.
std::string UserOf(const mcp::Principal& principal) {
  return principal.name.substr(0, principal.name.find(" by "));
}

Json LineJson(const TeamLine& line) {
  Json out{{"id", line.out ? line.key : line.id},
           {"direction", line.out ? "from_max" : "to_max"},
           {"member", line.member},
           {"client", line.client},
           {"kind", line.kind},
           {"title", line.title},
           {"about", line.about},
           {"state", line.state},
           {"at", PrintInstant(line.at)},
           {"overdue", line.overdue}};
  if (line.due) out["due_at"] = PrintInstant(*line.due);
  if (!line.why.empty()) out["why"] = line.why;
  return out;
}

Tool ListMessages(const UseHome& use) {
  Tool tool;
  tool.name = "list_messages";
  tool.title = "Messages";
  tool.description =
      std::string(
          "What you sent to Max and Max has for you, newest first: state, due times, what is "
          "overdue. Who speaks for no member of the team sees what went to everybody.") +
      kUntrusted;
  tool.input_schema =
      ObjectSchema({{"client", ClientSchema()},
                    {"overdue", {{"type", "boolean"}, {"description", "only what is overdue"}}},
                    {"limit", {{"type", "integer"}, {"minimum", 1}, {"maximum", 200}}}},
                   {"client"});
  tool.output_schema = ObjectSchema(
      {{"member", kTeamText}, {"messages", {{"type", "array"}, {"items", kTeamObject}}}},
      {"messages"});
  tool.run = ForClient(use, [](Home& home, const Client& client, Call& call) -> Reply {
    const Json& arguments = call.arguments();
    MAXOPT_TRY(const TeamConfig config, ReadTeamConfig(home));
    const TeamMember* member = config.OfUser(UserOf(call.principal()));
    constexpr int kShown = 50;
    TeamQuery query;
    query.client = client.name;
    query.member = member ? member->name : "";
    query.overdue = arguments.value("overdue", false);
    query.limit = arguments.value("limit", kShown);
    MAXOPT_TRY(const std::vector<TeamLine> lines,
               TeamLines(home, config, query, home.clock().Now()));
    Json out{{"member", query.member}, {"messages", Json::array()}};
    for (const TeamLine& line : lines) out["messages"].push_back(LineJson(line));
    return out;
  });
  return tool;
}

Result<SentMessage> SeenMessage(Home& home, const Client& client, const std::string& id) {
  MAXOPT_TRY(std::vector<SentMessage> sent,
             SentMessages(home.store(), {.client = client.name, .id = id}));
  if (id.empty() || sent.empty()) {
    return Fail(Errc::kNotFound,
                fmt::format("Max has sent no message \"{}\" about \"{}\"; list_messages shows them",
                            id, client.name));
  }
  return std::move(sent.front());
}

Json MessageChoice() {
  return ObjectSchema({{"client", ClientSchema()}, {"message", StringSchema("its id, m-...", 60)}},
                      {"client", "message"});
}

Tool GetMessage(const UseHome& use) {
  Tool tool;
  tool.name = "get_message";
  tool.title = "Message";
  tool.description =
      std::string(
          "One message from Max whole: the envelope of schemas/message.schema.json, with "
          "the body of its kind.") +
      kUntrusted;
  tool.input_schema = MessageChoice();
  tool.output_schema = ObjectSchema({{"message", kTeamObject}}, {"message"});
  tool.run = ForClient(use, [](Home& home, const Client& client, Call& call) -> Reply {
    MAXOPT_TRY(const SentMessage sent,
               SeenMessage(home, client, TextAt(call.arguments(), "message")));
    MAXOPT_TRY(const TeamConfig config, ReadTeamConfig(home));
    MAXOPT_TRY(const team::Envelope envelope, EnvelopeOf(home, config, sent));
    return Json{{"message", Json::parse(team::PrintEnvelope(envelope))}};
  });
  return tool;
}

Tool AcknowledgeMessage(const UseHome& use) {
  Tool tool;
  tool.name = "acknowledge_message";
  tool.title = "Acknowledge a message";
  tool.description = "Says that you have read a message from Max: it is not delivered again.";
  tool.read_only = false;
  tool.writes = true;
  tool.input_schema = MessageChoice();
  tool.output_schema =
      ObjectSchema({{"message", kTeamText}, {"state", kTeamText}}, {"message", "state"});
  tool.run = ForClient(use, [](Home& home, const Client& client, Call& call) -> Reply {
    MAXOPT_TRY(const SentMessage sent,
               SeenMessage(home, client, TextAt(call.arguments(), "message")));
    MAXOPT_TRY(const TeamConfig config, ReadTeamConfig(home));
    const TeamMember* member = config.OfUser(UserOf(call.principal()));
    if (!member || member->name != sent.message.to) {
      return Fail(Errc::kForbidden,
                  fmt::format("message {} is to {}, and {} does not speak for "
                              "them (user: in team.yaml)",
                              sent.message.id, sent.message.to, UserOf(call.principal())));
    }
    MAXOPT_CHECK(MarkRead(home.store(), sent.message.id, member->name,
                          "read by " + By(call.principal()), home.clock().Now()));
    return Json{{"message", sent.message.id}, {"state", "read"}};
  });
  return tool;
}

Tool SendMessageTool(const UseHome& use) {
  Tool tool;
  tool.name = "send_message";
  tool.title = "Send Max a message";
  std::string kinds;
  for (const team::Kind& kind : team::Kinds()) {
    if (kind.direction == team::Direction::kOut) continue;
    kinds += (kinds.empty() ? "" : ", ") + std::string(kind.name);
  }
  tool.description = fmt::format(
      "Hands over a document or sends a message as the member of the team that you speak for. The "
      "kinds: {}. A plan or buys become documents for the set-up; nothing is changed on a "
      "platform. "
      "The answer is the receipt; the same id again is the same message.{}",
      kinds, kUntrusted);
  tool.read_only = false;
  tool.writes = true;
  tool.input_schema = ObjectSchema(
      {{"client", ClientSchema()},
       {"id", StringSchema("yours, the same at every try: [A-Za-z0-9._:-]", 128)},
       {"kind", StringSchema("what the body is; its schema is schemas/<kind>.schema.json", 40)},
       {"version", {{"type", "integer"}, {"minimum", 1}, {"maximum", 1000}}},
       {"about", StringSchema("slug of the campaign; needed for documents")},
       {"title", StringSchema("one line", 500)},
       {"correlation_id", StringSchema("what belongs together", 128)},
       {"in_reply_to", StringSchema("id of the message that this one answers", 128)},
       {"due_at", StringSchema("RFC 3339: when an answer is wanted", 40)},
       {"body", {{"type", "object"}, {"description", "money as decimal text"}}},
       {"file", ObjectSchema({{"name", StringSchema("media_plan.yaml", 70)},
                              {"text", StringSchema("its text", 2'000'000)}},
                             {"name", "text"})}},
      {"client", "id", "kind"});
  tool.output_schema = ObjectSchema({{"state", kTeamText},
                                     {"repeat", kTeamFlag},
                                     {"receipt_id", kTeamText},
                                     {"receipt", kTeamObject}},
                                    {"state", "repeat"});
  tool.run = ForClient(use, [](Home& home, const Client& client, Call& call) -> Reply {
    const Json& arguments = call.arguments();
    MAXOPT_TRY(const TeamConfig config, ReadTeamConfig(home));
    const TeamMember* member = config.OfUser(UserOf(call.principal()));
    Json envelope{{"maxopt", "message/1"}, {"from", member ? member->name : "nobody"}};
    for (const auto& [name, value] : arguments.items()) envelope[name] = value;
    Sender sender;
    sender.member = member ? member->name : "";
    sender.via = "mcp";
    sender.by = By(call.principal());
    sender.clients = call.principal().clients;
    sender.client = client.name;
    MAXOPT_TRY(const Received received,
               ReceiveMessage(home, config, sender,
                              envelope.dump(-1, ' ', false, Json::error_handler_t::replace)));
    if (received.refusal) {
      // Whatever kind it is: the text says what to do, and the message is kept with it.
      return Fail(received.refusal->code == Errc::kNotFound ? Errc::kInvalidArgument
                                                            : received.refusal->code,
                  fmt::format("refused (kept as {} of the inbox): {}", received.seq,
                              received.refusal->what));
    }
    Json out{{"state", received.state}, {"repeat", received.repeat}};
    if (!received.receipt.empty()) {
      out["receipt_id"] = received.receipt_id;
      out["receipt"] = Json::parse(received.receipt);
    }
    return out;
  });
  return tool;
}

}  // namespace

void AddTeamTools(mcp::Registry& registry, const UseHome& use, const AgentToolsOptions& options) {
  registry.tools.push_back(ListMessages(use));
  registry.tools.push_back(GetMessage(use));
  if (!options.writes) return;
  registry.tools.push_back(AcknowledgeMessage(use));
  registry.tools.push_back(SendMessageTool(use));
}

}  // namespace maxopt::agent_tools
