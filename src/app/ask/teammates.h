#pragma once
#include <string>
#include <vector>

#include "app/ask/ask.h"
#include "app/team/team.h"

namespace maxopt {

struct OwnAnswerRound {
  int answered = 0;
  int left = 0;  ///< to a person, with the reason in the inbox
  std::vector<std::string> problems{};
};
/// Answers open questions of teammates where the data does (own_answers of team.yaml; kOff: nothing
/// is done), oldest first, at most ten at once, each about its own client, by reading only, within
/// the budgets of `ask`. An answer says that it is Max's and where its numbers are from, and closes
/// the question. What the rules do not know, and what a model says without a number that was found,
/// waits for a person as before and is not tried again. Errors: our own memory's; a question that
/// could not be tried now is tried by the next round.
Result<OwnAnswerRound> AnswerTeammates(Home& home, const TeamConfig& config, const AskWorld& world);
/// With the real world, and the home as it is held.
Result<OwnAnswerRound> AnswerTeammates(Home& home, const TeamConfig& config);

}  // namespace maxopt
