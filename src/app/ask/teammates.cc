// Questions of teammates, answered from the data.
#include "app/ask/teammates.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace maxopt {
namespace {

constexpr int kAtOnce = 10;

std::string TextOfQuestion(const InboxRow& row) {
  const auto message = nlohmann::json::parse(row.content, nullptr, false);
  if (!message.is_object() || !message.contains("body") || !message["body"].is_object()) return "";
  return message["body"].value("text", "");
}

/// Why an answer is not one that may go out; empty: it may.
std::string WhyNot(const AskAnswer& answer) {
  if (answer.lines.empty()) return "nothing was found";
  if (answer.by == "model") {
    return answer.sources.empty() ? "the model's answer rests on no number of the data" : "";
  }
  if (answer.kind == "unknown") return "it is none of the questions that the data answers";
  return answer.left_out;
}

}  // namespace

Result<OwnAnswerRound> AnswerTeammates(Home& home, const TeamConfig& config,
                                       const AskWorld& world) {
  OwnAnswerRound round;
  if (config.own_answers == TeamConfig::OwnAnswers::kOff) return round;
  MAXOPT_TRY(const std::vector<InboxRow> rows,
             Inbox(home.store(), {.kind = "question", .state = "open", .limit = 1000}));
  int tried = 0;
  for (auto row = rows.rbegin(); row != rows.rend() && tried < kAtOnce; ++row) {
    const TeamMember* member = config.Find(row->sender);
    if (!row->why.empty() || !member || !member->Sees(row->client)) continue;
    ++tried;
    AskQuestion question{.client = row->client,
                         .text = TextOfQuestion(*row),
                         .by = row->sender + " (team)",
                         .model = config.own_answers == TeamConfig::OwnAnswers::kModel};
    const auto answer = Ask(world, question);
    if (!answer && answer.error().code != Errc::kInvalidArgument) {
      round.problems.push_back(fmt::format("question {}: {}", row->seq, answer.error().what));
      continue;
    }
    const std::string why = answer ? WhyNot(*answer) : answer.error().what;
    if (!why.empty()) {
      ++round.left;
      MAXOPT_CHECK(NoteInbox(home.store(), row->seq, "a person answers: " + why));
      continue;
    }
    std::string text;
    for (const std::string& line : answer->lines) text += (text.empty() ? "" : "\n") + line;
    AnsweredBy marks{.by = answer->by == "model"
                               ? "Max, by a language model whose numbers were found"
                               : "Max, by rules",
                     .sources = {}};
    for (const AskSource& source : answer->sources) {
      marks.sources.push_back(fmt::format("{}: {}{}", source.text, source.label,
                                          source.where.empty() ? "" : " (" + source.where + ")"));
    }
    const auto sent = AnswerTeammate(home, row->seq, text, marks);
    if (sent) {
      ++round.answered;
    } else if (sent.error().code == Errc::kInvalidArgument) {
      ++round.left;
      MAXOPT_CHECK(NoteInbox(home.store(), row->seq, "a person answers: " + sent.error().what));
    } else if (sent.error().code != Errc::kConflict) {
      // A conflict is a person who was quicker.
      return Fail(sent.error());
    }
  }
  return round;
}

Result<OwnAnswerRound> AnswerTeammates(Home& home, const TeamConfig& config) {
  return AnswerTeammates(home, config, AskWorld{.use = HeldHome(home)});
}

}  // namespace maxopt
