// Tools that read what Max knows of tactics and what it calls to mind for a stage.
#include <fmt/format.h>

#include "app/mcp/tool.h"
#include "app/tactics/tactics.h"

namespace maxopt::agent_tools {
namespace {

Tool SearchTactics(const UseHome& use) {
  Tool tool;
  tool.name = "search_tactics";
  tool.title = "Tactics";
  tool.description =
      std::string(
          "Tactics that are like a situation, most alike first: what was done, when it fits, what "
          "it brought with an interval, and how good the evidence is.") +
      kUntrusted;
  tool.input_schema = ObjectSchema(
      {{"client", ClientSchema()},
       {"situation", StringSchema("what is seen, in words: CTR falls, frequency rises", 2000)},
       {"platform", StringSchema("only what fits it: google_ads, meta, tiktok", 40)},
       {"limit", {{"type", "integer"}, {"minimum", 1}, {"maximum", 50}}}},
      {"client", "situation"});
  tool.output_schema =
      ObjectSchema({{"tactics", {{"type", "array"}, {"items", {{"type", "object"}}}}},
                    {"notes", {{"type", "array"}, {"items", {{"type", "string"}}}}}},
                   {"tactics", "notes"});
  tool.run = ForClient(use, [](Home& home, const Client& client, Call& call) -> Reply {
    const Json& arguments = call.arguments();
    TacticFilter filter;
    filter.platform = TextAt(arguments, "platform");
    TacticContext words;
    if (!filter.platform.empty()) words.facets["platform"] = {filter.platform};
    MAXOPT_CHECK(CheckTacticContext(words));
    TacticText question;
    question.context = words;
    question.texts.emplace_back(TextAt(arguments, "situation"), 1);
    MAXOPT_TRY(const TacticsWorld world, TacticsWorldOf(home));
    MAXOPT_TRY(const TacticKnowledge knowledge, TacticKnowledge::Open(world, client.name));
    constexpr int kShown = 10;
    MAXOPT_TRY(const std::vector<RetrievedTactic> found,
               knowledge.Find(question, filter, arguments.value("limit", kShown)));
    Json out{{"tactics", Json::array()}, {"notes", knowledge.notes()}};
    if (!found.empty() && !knowledge.IsAlike(found)) {
      out["notes"].push_back("nothing is much like it; these are the nearest");
    }
    for (const RetrievedTactic& each : found) {
      Json one = Json::parse(ToJson(each.tactic));
      one["likeness"] = each.similarity;
      out["tactics"].push_back(std::move(one));
    }
    return out;
  });
  return tool;
}

Tool GetWorkingMemory(const UseHome& use) {
  Tool tool;
  tool.name = "get_working_memory";
  tool.title = "Working memory";
  tool.description =
      std::string(
          "What Max calls to mind now before it decides in a stage, part by part, each from "
          "which memory; what is empty says why. With `about`: what it remembered for that "
          "plan, alert, campaign or report when it decided.") +
      kUntrusted;
  tool.input_schema =
      ObjectSchema({{"client", ClientSchema()},
                    {"stage", {{"enum", Json::array({"setup", "monitor", "optimize", "report"})}}},
                    {"about", StringSchema("id of a plan, alert or report, slug of a campaign")}},
                   {"client", "stage"});
  tool.output_schema = ObjectSchema({{"memory", {{"type", "object"}}}}, {"memory"});
  tool.run = ForClient(use, [](Home& home, const Client& client, Call& call) -> Reply {
    MAXOPT_TRY(const Stage stage, FindStage(TextAt(call.arguments(), "stage")));
    const std::string about = TextAt(call.arguments(), "about");
    if (about.empty()) {
      MAXOPT_TRY(const TacticsWorld world, TacticsWorldOf(home));
      MAXOPT_TRY(const WorkingMemory memory, AssembleMemory(world, client.name, stage));
      return Json{{"memory", Json::parse(ToJson(memory))}};
    }
    constexpr int kSearched = 20;
    MAXOPT_TRY(const std::vector<Recollection> found,
               Recollections(home.store(), about, client.name, kSearched));
    for (const Recollection& each : found) {
      if (each.stage == StageName(stage)) return Json{{"memory", Json::parse(each.body)}};
    }
    return Fail(Errc::kNotFound,
                fmt::format("nothing was remembered for \"{}\" of \"{}\" in this stage", about,
                            client.name));
  });
  return tool;
}

}  // namespace

void AddMemoryTools(mcp::Registry& registry, const UseHome& use) {
  registry.tools.push_back(SearchTactics(use));
  registry.tools.push_back(GetWorkingMemory(use));
}

}  // namespace maxopt::agent_tools
