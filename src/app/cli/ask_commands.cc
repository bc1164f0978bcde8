// ask: a question in words.
#include <fmt/core.h>

#include "agent/model/model.h"
#include "app/ask/ask.h"
#include "app/cli/open.h"
#include "app/cli/render.h"
#include "app/home/shared_home.h"

namespace maxopt {
namespace {

/// A person's own command may be at work in the home for a while.
constexpr std::chrono::seconds kHomePatience{30};

}  // namespace

Result<int> AskCommand(const CommandContext& context, const AskArguments& arguments) {
  if (arguments.config) {
    fmt::print("{}", model::ConfigTemplate());
    return kExitOk;
  }
  if (arguments.question.empty()) {
    fmt::print("Ask in quotation marks, such as:\n");
    for (const std::string& question : UsualQuestions())
      fmt::print("  maxopt ask \"{}\"\n", question);
    return kExitError;
  }
  MAXOPT_TRY(const std::shared_ptr<Clock> clock, ProductClock());
  SharedHome shared({.folder = context.home, .clock = clock});
  AskWorld world;
  world.use = [&shared] { return shared.Use(kHomePatience); };
  AskQuestion question;
  {
    MAXOPT_TRY(const std::shared_ptr<Home> home, world.use());
    MAXOPT_TRY(question.client, OnlyClient(*home, arguments.client));
  }
  question.text = arguments.question;
  question.by = Person("");
  question.model = !arguments.rules;
  MAXOPT_TRY(const AskAnswer answer, Ask(world, question));
  if (context.json) {
    fmt::print("{}\n", AskJson(question, answer));
    return kExitOk;
  }
  for (std::size_t i = 0; i < answer.lines.size(); ++i) {
    fmt::print("{}\n", Clean(answer.lines[i]));
    if (!arguments.sources) continue;
    for (const AskSource& source : answer.sources) {
      if (source.line != i) continue;
      fmt::print("    {}: {} ({})\n", Clean(source.text), Clean(source.label), Clean(source.where));
    }
  }
  for (const std::string& can : answer.can) fmt::print("  {}\n", can);
  if (!answer.notes.empty()) fmt::print("\n");
  for (const std::string& note : answer.notes) fmt::print("note: {}\n", Clean(note));
  return kExitOk;
}

}  // namespace maxopt
