#pragma once
#include <string>
#include <vector>

#include "agent/grounding/check.h"
#include "app/model/home_model.h"
#include "result/result.h"

/// Questions in a person's words about one client, answered from its data: docs/ask.md.
///
/// The rules answer the usual questions without any model: what rose or fell and why, what changed,
/// pacing, what to decide, what Max did and whether it worked, best and worst campaigns. Where
/// model.yaml names a language model, it answers instead, by calls of the reading tools that agents
/// have (app/mcp); its answer is shown only when every number in it is found in what the tools gave
/// it. In every other case (no model, an error, too slow, a budget used up, a number made up, a
/// wish for a tool that it does not have) the answer of the rules is shown, with the reason.
namespace maxopt {

struct AskQuestion {
  std::string client;
  std::string text;   ///< 1 to kQuestionMax characters
  std::string by;     ///< for the records: "anna (api)"
  bool model = true;  ///< false: by rules, also where there is a model
};
inline constexpr std::size_t kQuestionMax = 500;

/// Where a number of the answer stands in the data; `line` is of AskAnswer::lines.
using AskSource = grounding::NumberSource;
/// A call of a tool that the model wished for.
struct AskTool {
  std::string tool, arguments;
  std::string refused{};  ///< empty: it was called
};
struct AskAnswer {
  std::string id;    ///< "q-..."; the records know it by this
  std::string kind;  ///< what the rules took it for: why, value, rank, changes, pacing, next,
                     ///< done, trouble, unknown
  std::string by;    ///< "rules" or "model"
  std::vector<std::string> lines;  ///< plain text, a thought each
  std::vector<AskSource> sources;
  std::vector<std::string> notes{};  ///< how to read it, and why the model's answer is not shown
  std::vector<std::string> can{};    ///< with an unknown question: questions that are known
  std::vector<AskTool> tools{};
  /// Of the rules: what the question says and their answer does not heed (also a note); empty:
  /// nothing, or the answer is a model's.
  std::string left_out{};
};

using AskWorld = ModelWorld;

/// Answers. The home is held while it is read, never while a model is waited for.
/// Errors  kInvalidArgument: an empty or too long question; kNotFound: no such client; those of the
///         home's memory. What is wrong with the model is a note, never an error.
Result<AskAnswer> Ask(const AskWorld& world, const AskQuestion& question);
/// {"id", "client", "question", "kind", "by", "lines", "sources", "notes", "can", "tools"}
std::string AskJson(const AskQuestion& question, const AskAnswer& answer);

/// Questions that the rules answer, for help and buttons.
const std::vector<std::string>& UsualQuestions();

}  // namespace maxopt
