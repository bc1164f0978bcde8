#pragma once
// Inside of this folder: answers without a model.
#include <string>

#include "app/ask/ask.h"
#include "app/ask/understand.h"
#include "app/home/home.h"

namespace maxopt::asking {

/// The answer of the rules: every number in it is a cell of a view, or derived from cells in the
/// open, and was checked to be (stages/report/narrative). Reads nothing but the home.
/// `words`: what was understood, for who goes on with it.
Result<AskAnswer> AnswerByRules(Home& home, const Client& client, const std::string& question,
                                Understood* words = nullptr);

/// What the rules say, in English: a report catalogue (stages/report/narrative). Inside of here.
const char* RuleTexts();

}  // namespace maxopt::asking
