// team: what went to and fro between Max and the teammates.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/ask/teammates.h"
#include "app/cli/families.h"
#include "app/cli/open.h"
#include "app/cli/render.h"
#include "app/team/team.h"
#include "domain/digest.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

struct TeamArguments {
  std::string client, member, text, file, about, kind, due, by, what, from;
  long long number = 0;
  bool overdue = false;
  int limit = 50;
};

std::string TeamText(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json TeamLineJson(const TeamLine& line) {
  const auto time = [](const std::optional<Instant>& at) {
    return at ? ordered_json(PrintInstant(*at)) : ordered_json(nullptr);
  };
  return {{"direction", line.out ? "out" : "in"},
          {"number", line.key},
          {"id", line.out ? line.key : line.id},
          {"member", line.member},
          {"client", line.client},
          {"kind", line.kind},
          {"title", line.title},
          {"about", line.about},
          {"correlation_id", line.correlation},
          {"state", line.state},
          {"why", line.why},
          {"channels", line.channels},
          {"at", PrintInstant(line.at)},
          {"due_at", time(line.due)},
          {"closed_at", time(line.closed)},
          {"overdue", line.overdue}};
}

void PrintTeamLines(const std::vector<TeamLine>& lines) {
  for (const TeamLine& line : lines) {
    fmt::print("{} {:<16} {:<13} {:<24} {:<9} {}{}\n", line.out ? "->" : "<-", line.key,
               Clean(line.member), Clean(line.kind), line.state, PrintInstant(line.at),
               line.overdue ? "  OVERDUE" : "");
    std::string more = Clean(line.title);
    if (!line.why.empty()) more += (more.empty() ? "" : ": ") + Clean(line.why);
    if (line.due) more += fmt::format(" (due {})", PrintInstant(*line.due));
    if (!more.empty()) fmt::print("     {}\n", more);
  }
}

Result<int> ShowTeam(const CommandContext& context, const TeamArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const TeamConfig config, ReadTeamConfig(*home));
  const Instant now = home->clock().Now();
  TeamQuery query;
  query.client = arguments.client;
  query.member = arguments.member;
  query.overdue = arguments.overdue;
  query.limit = arguments.limit;
  MAXOPT_TRY(const std::vector<TeamLine> lines, TeamLines(*home, config, query, now));
  query.overdue = true;
  query.limit = 10'000;
  MAXOPT_TRY(const std::vector<TeamLine> late, TeamLines(*home, config, query, now));
  if (context.json) {
    ordered_json out{{"at", PrintInstant(now)}, {"overdue", late.size()}};
    out["messages"] = ordered_json::array();
    for (const TeamLine& line : lines) out["messages"].push_back(TeamLineJson(line));
    fmt::print("{}\n", TeamText(out));
    return late.empty() ? kExitOk : kExitPending;
  }
  PrintTeamLines(lines);
  if (lines.empty())
    fmt::print("nothing was sent or received{}\n", arguments.overdue ? " late" : "");
  fmt::print("{} overdue. One of them whole: maxopt team show NUMBER\n", late.size());
  return late.empty() ? kExitOk : kExitPending;
}

Result<int> ShowTeamMessage(const CommandContext& context, const TeamArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const TeamConfig config, ReadTeamConfig(*home));
  if (arguments.text.starts_with("m-")) {
    MAXOPT_TRY(const std::vector<SentMessage> sent,
               SentMessages(home->store(), {.id = arguments.text}));
    if (sent.empty()) return Fail(Errc::kNotFound, "no message " + arguments.text + " was sent");
    MAXOPT_TRY(const team::Envelope envelope, EnvelopeOf(*home, config, sent.front()));
    ordered_json out{{"message", ordered_json::parse(team::PrintEnvelope(envelope))}};
    out["deliveries"] = ordered_json::array();
    for (const DeliveryRow& row : sent.front().deliveries) {
      out["deliveries"].push_back({{"channel", row.channel},
                                   {"state", row.state},
                                   {"attempts", row.attempts},
                                   {"how", row.how},
                                   {"next_at", PrintInstant(row.next_at)}});
    }
    fmt::print("{}\n", TeamText(out));
    return kExitOk;
  }
  long long number = 0;
  const auto [end, code] =
      std::from_chars(arguments.text.data(), arguments.text.data() + arguments.text.size(), number);
  if (code != std::errc() || *end != '\0') {
    return Fail(Errc::kInvalidArgument, "a message is m-... (sent) or a number (received)");
  }
  MAXOPT_TRY(const InboxRow row, GetInboxRow(home->store(), number));
  const ordered_json content = ordered_json::parse(row.content, nullptr, false);
  fmt::print("{}\n",
             TeamText({{"number", row.seq},
                       {"from", row.sender},
                       {"by", row.by},
                       {"via", row.via},
                       {"state", row.state},
                       {"why", row.why},
                       {"received_at", PrintInstant(row.received_at)},
                       {"repeats", row.repeats},
                       {"sha256", row.digest},
                       {"message", content.is_discarded() ? ordered_json(row.content) : content}}));
  return kExitOk;
}

Result<int> ShowMembers(const CommandContext& context, const TeamArguments&) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const TeamConfig config, ReadTeamConfig(*home));
  ordered_json out = ordered_json::array();
  for (const TeamMember& member : config.members) {
    std::vector<std::string> sends = team::SentBy(member.name);
    sends.insert(sends.end(), member.sends.begin(), member.sends.end());
    std::vector<std::string> gets;
    for (const team::Kind& kind : team::Kinds()) {
      const bool theirs =
          std::find(kind.members.begin(), kind.members.end(), member.name) != kind.members.end();
      if (kind.direction == team::Direction::kOut && theirs) gets.emplace_back(kind.name);
    }
    std::vector<std::string> channels;
    for (const TeamChannel& channel : member.channels) channels.push_back(channel.name);
    if (!context.json) {
      fmt::print("{:<13} {}\n", member.name, Clean(member.title));
      fmt::print("     sends {}\n     gets {}\n     by {}\n", fmt::join(sends, ", "),
                 gets.empty() ? "answers" : fmt::format("{}", fmt::join(gets, ", ")),
                 channels.empty() ? "fetching (MCP, A2A, maxopt outbox)"
                                  : fmt::format("{}", fmt::join(channels, ", ")));
    }
    out.push_back({{"name", member.name},
                   {"title", member.title},
                   {"user", member.user},
                   {"clients", member.clients},
                   {"sends", sends},
                   {"gets", gets},
                   {"signed", !member.secret.empty()},
                   {"inbox", member.inbox},
                   {"channels", channels}});
  }
  if (context.json) fmt::print("{}\n", TeamText(out));
  return kExitOk;
}

Result<int> DeliverTeamNow(const CommandContext& context, const TeamArguments&) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const TeamConfig config, ReadTeamConfig(*home));
  MAXOPT_TRY(const int finished, FinishReceived(*home, config));
  MAXOPT_TRY(const ReceivedRound folders, ReceiveFolders(*home, config));
  MAXOPT_TRY(const ReceivedRound mails, ReceiveMails(*home, config));
  MAXOPT_TRY(const OwnAnswerRound answers, AnswerTeammates(*home, config));
  MAXOPT_TRY(const DeliveryRound round, DeliverTeam(*home, config, MakeNotifyWires()));
  std::vector<std::string> notes = round.notes;
  for (const ReceivedRound* from : {&folders, &mails}) {
    notes.insert(notes.end(), from->problems.begin(), from->problems.end());
  }
  notes.insert(notes.end(), answers.problems.begin(), answers.problems.end());
  const int received = folders.received + mails.received + finished;
  const int refused = folders.refused + mails.refused;
  const int repeats = folders.repeats + mails.repeats;
  if (context.json) {
    fmt::print("{}\n", TeamText({{"received", received},
                                 {"refused", refused},
                                 {"repeats", repeats},
                                 {"answered", answers.answered},
                                 {"sent", round.sent},
                                 {"kept", round.kept},
                                 {"waiting", round.waiting},
                                 {"failed", round.failed},
                                 {"notes", notes}}));
  } else {
    fmt::print(
        "{} received, {} refused, {} came again; {} sent, {} kept until fetched, {} wait, {} "
        "given up\n",
        received, refused, repeats, round.sent, round.kept, round.waiting, round.failed);
    for (const std::string& note : notes) fmt::print("  {}\n", Clean(note));
  }
  return notes.empty() ? kExitOk : kExitPending;
}

Result<int> HandInMessage(const CommandContext& context, const TeamArguments& arguments) {
  const std::filesystem::path path(arguments.file);
  MAXOPT_TRY(const std::string text, ReadWholeFile(arguments.file));
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const TeamConfig config, ReadTeamConfig(*home));
  Sender sender;
  sender.member = arguments.from;
  sender.via = "hand";
  sender.by = Person(arguments.by);
  const TeamMember* member = config.Find(arguments.from);
  if (!member) return Fail(Errc::kNotFound, arguments.from + " is nobody of the team");
  MAXOPT_TRY(const std::string message, MessageOfFile(*home, *member,
                                                      {.name = path.filename().string(),
                                                       .bytes = text,
                                                       .client = arguments.client,
                                                       .about = arguments.about,
                                                       .kind = arguments.kind}));
  MAXOPT_TRY(const Received received, ReceiveMessage(*home, config, sender, message));
  if (received.refusal) {
    return Fail(received.refusal->code, fmt::format("refused, and kept as number {}: {}",
                                                    received.seq, received.refusal->what));
  }
  const ordered_json receipt =
      received.receipt.empty() ? ordered_json() : ordered_json::parse(received.receipt);
  if (context.json) {
    fmt::print("{}\n", TeamText({{"number", received.seq},
                                 {"state", received.state},
                                 {"repeat", received.repeat},
                                 {"receipt", receipt}}));
    return kExitOk;
  }
  fmt::print("{} {} as number {}\n", arguments.file, received.repeat ? "was there" : "is taken",
             received.seq);
  if (!receipt.is_object()) return kExitOk;
  for (const auto& problem : receipt["problems"]) {
    fmt::print("  {}\n", Clean(problem.get<std::string>()));
  }
  if (receipt.contains("next")) fmt::print("Next: {}\n", Clean(receipt["next"].get<std::string>()));
  return kExitOk;
}

Result<int> AskTeam(const CommandContext& context, const TeamArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const TeamConfig config, ReadTeamConfig(*home));
  TeamQuestion question;
  MAXOPT_TRY(question.client, OnlyClient(*home, arguments.client));
  question.to = arguments.member;
  question.text = arguments.text;
  question.about = arguments.about;
  question.what = arguments.what;
  if (!arguments.due.empty()) {
    MAXOPT_TRY(question.due, ParseInstant(arguments.due));
  }
  MAXOPT_TRY(const Message message, AskTeammate(*home, config, question));
  if (context.json) {
    fmt::print("{}\n", TeamText({{"message", message.id}}));
  } else {
    fmt::print("{} to {}; it leaves with the next delivery (maxopt team deliver)\n", message.id,
               message.to);
  }
  return kExitOk;
}

Result<int> AnswerTeam(const CommandContext& context, const TeamArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const Message message, AnswerTeammate(*home, arguments.number, arguments.text));
  if (context.json) {
    fmt::print("{}\n", TeamText({{"message", message.id}}));
  } else {
    fmt::print("{} to {}\n", message.id, message.to);
  }
  return kExitOk;
}

Result<int> TeamTemplate(const CommandContext& context, const TeamArguments&) {
  const std::string path = context.home + "/team.yaml";
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    return Fail(Errc::kConflict, path + " is there already");
  }
  MAXOPT_CHECK(WriteWholeFile(path, TeamConfigTemplate()));
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, error);
  fmt::print("{}\n", path);
  return kExitOk;
}

}  // namespace

void AddTeamCommands(CLI::App& app, const CommandContext& context,
                     std::function<Result<int>()>& run) {
  const auto arguments = std::make_shared<TeamArguments>();
  CLI::App* root = app.add_subcommand("team", "what was sent to teammates, received, overdue");
  root->require_subcommand(0, 1);
  root->add_option("--client", arguments->client, "only this one's");
  root->add_option("--member", arguments->member, "only with: carlos, james, zara, ...");
  root->add_flag("--overdue", arguments->overdue, "only what is overdue");
  root->add_option("--limit", arguments->limit)
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  root->callback([&run, &context, arguments, root] {
    if (root->get_subcommands().empty()) {
      run = [&context, arguments] { return ShowTeam(context, *arguments); };
    }
  });
  const auto add = [&](const char* name, const char* help,
                       Result<int> (*function)(const CommandContext&, const TeamArguments&)) {
    CLI::App* sub = root->add_subcommand(name, help);
    sub->callback([&run, &context, arguments, function] {
      run = [&context, arguments, function] { return function(context, *arguments); };
    });
    return sub;
  };
  add("show", "one message whole, with its deliveries", ShowTeamMessage)
      ->add_option("message", arguments->text, "m-... or its number in the inbox")
      ->required();
  add("members", "who is who, what each sends and gets, and how", ShowMembers);
  add("deliver", "look into inbox folders and the mailbox, and send what is due, now",
      DeliverTeamNow);
  add("init", "write team.yaml, commented", TeamTemplate);
  CLI::App* hand = add("hand-in", "a document or message of a teammate, by hand", HandInMessage);
  hand->add_option("file", arguments->file,
                   "media_plan.yaml, brief.json, spring.xlsx, ...; or a message "
                   "(schemas/message.schema.json)")
      ->required();
  hand->add_option("--from", arguments->from, "whose it is")->required();
  hand->add_option("--client", arguments->client, "may be left out when there is one");
  hand->add_option("--about", arguments->about, "slug of the campaign: spring-trails");
  hand->add_option("--kind", arguments->kind, "when the file's name does not say it");
  hand->add_option("--by", arguments->by, "who hands it in (default: the system's user)");
  CLI::App* ask = add("ask", "ask a teammate something; the answer is due", AskTeam);
  ask->add_option("to", arguments->member, "carlos, james, zara, ...")->required();
  ask->add_option("text", arguments->text, "the question")->required();
  ask->add_option("--client", arguments->client, "may be left out when there is one");
  ask->add_option("--about", arguments->about, "slug of a campaign, id of a plan");
  ask->add_option("--what", arguments->what,
                  "makes it a request: brief, media_plan, creatives, buys, "
                  "competitive_intelligence, report, scenario, plan, tracking, other");
  ask->add_option("--due", arguments->due, "RFC 3339 (default: two days)");
  CLI::App* answer = add("answer", "answer a question or request of a teammate", AnswerTeam);
  answer->add_option("number", arguments->number, "of the inbox")->required();
  answer->add_option("text", arguments->text, "the answer")->required();
}

}  // namespace maxopt
