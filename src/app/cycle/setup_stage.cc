// Stage 1: documents, checked, on their way to a plan.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "app/cycle/stages.h"
#include "domain/digest.h"
#include "stages/setup/launch/launch.h"

namespace maxopt::cycles {
namespace {

using nlohmann::json;

constexpr std::size_t kSetupSaid = 12;

struct ReadDocuments {
  std::vector<DocumentFile> files;
  Setup setup;
  std::string digest;  ///< of names and bytes, in order
};

Result<ReadDocuments> ReadAsked(Home& home, const CycleView& cycle) {
  const auto paths = cycle.asked().at("documents").get<std::vector<std::string>>();
  ReadDocuments out;
  MAXOPT_TRY(out.files, ReadDocumentFiles(paths));
  MAXOPT_TRY(out.setup, PrepareSetup(home.setup_world(), out.files, AssetsBeside(paths)));
  if (out.setup.desired.client != cycle.client()) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the documents are of client \"{}\", not \"{}\"",
                            out.setup.desired.client, cycle.client()));
  }
  std::string all;
  for (const DocumentFile& file : out.files) all += file.name + " " + Sha256Hex(file.bytes) + "\n";
  out.digest = Sha256Hex(all);
  return out;
}

/// As they were when the goal was set: what was checked is what is proposed.
Result<ReadDocuments> ReadUnchanged(Home& home, const CycleView& cycle) {
  MAXOPT_TRY(ReadDocuments documents, ReadAsked(home, cycle));
  const json& goal = cycle.Saw(CycleStep::kGoal);
  if (documents.digest != goal.at("documents").at("digest").get<std::string>()) {
    return Fail(Errc::kConflict,
                "the documents were changed since the cycle began; begin a new one");
  }
  return documents;
}

Result<json> SeeBrief(const StageWorld& world, const CycleView& cycle) {
  MAXOPT_TRY(const ReadDocuments documents, ReadAsked(*world.home, cycle));
  MAXOPT_TRY(json out, SeeGoal(world, cycle, Stage::kSetup));
  const Desired& desired = documents.setup.desired;
  std::map<std::string, int> outcomes;
  for (const MatrixRow& row : desired.matrix) ++outcomes[std::string(OutcomeName(row.outcome))];
  json files = json::array();
  for (const DocumentFile& file : documents.files) {
    files.push_back({{"name", file.name}, {"sha256", Sha256Hex(file.bytes)}});
  }
  out["documents"] = {{"digest", documents.digest}, {"files", std::move(files)}};
  out["campaign"] = {
      {"name", desired.campaign},          {"slug", desired.slug},
      {"start", PrintDay(desired.start)},  {"end", PrintDay(desired.end)},
      {"objects", desired.objects.size()}, {"experiments", desired.experiments.size()},
      {"watches", desired.watches.size()}, {"fields", outcomes}};
  return out;
}

Result<json> DecideBrief(const CycleView&, const json& seen) {
  const json& campaign = seen.at("campaign");
  std::vector<std::string> says{fmt::format(
      "to have \"{}\" ({} to {}) on all its channels with tracking: {} objects, {} experiments, {} "
      "watches",
      campaign.at("name").get<std::string>(), campaign.at("start").get<std::string>(),
      campaign.at("end").get<std::string>(), campaign.at("objects").get<int>(),
      campaign.at("experiments").get<int>(), campaign.at("watches").get<int>())};
  std::vector<std::string> fields;
  for (const auto& [outcome, n] : campaign.at("fields").items()) {
    fields.push_back(fmt::format("{} {}", n.get<int>(), outcome));
  }
  says.push_back(fmt::format("fields of the documents: {}", fmt::join(fields, ", ")));
  SayGoal(seen, says);
  return json{{"slug", campaign.at("slug")}, {"says", says}};
}

Result<json> SeeDifference(const StageWorld& world, const CycleView& cycle) {
  Home& home = *world.home;
  MAXOPT_TRY(const ReadDocuments documents, ReadUnchanged(home, cycle));
  const SetupWorld setup = home.setup_world();
  MAXOPT_TRY(LiveState live, ReadLiveState(setup, documents.setup.desired));
  MAXOPT_TRY(const ThreeWay three, PlanSetup(setup, documents.setup, live, {}));
  json changes = json::array(), drift = json::array();
  for (const Change& change : three.plan.changes) {
    json fields = json::array();
    for (const auto& [name, value] : change.after) fields.push_back(name);
    changes.push_back({{"account", PrintAccount(change.account)},
                       {"address", change.address},
                       {"level", LevelName(change.level)},
                       {"action", ChangeActionName(change.action)},
                       {"fields", std::move(fields)}});
  }
  for (const Drift& each : three.drift) {
    drift.push_back(fmt::format("{}.{} is {}, we wrote {}, the documents say {}", each.address,
                                each.field, ShowValue(each.live), ShowValue(each.last_applied),
                                ShowValue(each.desired)));
  }
  return json{{"changes", std::move(changes)},
              {"drift", std::move(drift)},
              {"notes", three.plan.notes},
              {"content_hash", ContentHash(three.plan)}};
}

Result<json> DecideSequence(const CycleView&, const json& seen) {
  std::map<std::string, std::map<std::string, int>> by;  // account -> level -> how many
  for (const json& change : seen.at("changes")) {
    ++by[change.at("account").get<std::string>()]
        [change.at("action").get<std::string>() + " " + change.at("level").get<std::string>()];
  }
  std::vector<std::string> says{fmt::format(
      "{} changes, in the order of the door: parents before children, everything paused",
      seen.at("changes").size())};
  for (const auto& [account, levels] : by) {
    std::vector<std::string> parts;
    for (const auto& [what, n] : levels) parts.push_back(fmt::format("{} {}", n, what));
    says.push_back(fmt::format("{}: {}", account, fmt::join(parts, ", ")));
  }
  for (const std::string& line : Sentences(seen, "drift")) says.push_back("left alone: " + line);
  return json{{"schedule", by}, {"says", says}};
}

Result<json> SeeChecks(const StageWorld& world, const CycleView& cycle) {
  Home& home = *world.home;
  MAXOPT_TRY(const ReadDocuments documents, ReadUnchanged(home, cycle));
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(cycle.client()));
  const Checklist checklist =
      CheckSetup(home.setup_world(), documents.setup, policy ? &*policy : nullptr, nullptr, nullptr,
                 CheckPhase::kBeforeLaunch);
  MAXOPT_CHECK(home.store().SaveChecklist(
      {cycle.client(), documents.setup.desired.slug, std::string(CheckPhaseName(checklist.phase)),
       home.clock().Now(), checklist.score, ChecklistJson(checklist)}));
  json results = json::array();
  for (const CheckResult& result : checklist.results) {
    if (result.status != CheckStatus::kFail && result.status != CheckStatus::kWarn) continue;
    results.push_back({{"check", result.check},
                       {"status", CheckStatusName(result.status)},
                       {"severity", SeverityName(result.severity)},
                       {"package", result.package},
                       {"evidence", result.evidence},
                       {"fix", result.fix}});
  }
  json out{{"findings", std::move(results)}, {"blocks", Blocks(checklist)},
           {"passed", checklist.passed},     {"warned", checklist.warned},
           {"failed", checklist.failed},     {"not_checked", checklist.not_checked}};
  if (checklist.score) out["score"] = *checklist.score;
  return out;
}

Result<json> DecideChecks(const CycleView&, const json& seen) {
  std::vector<std::string> says{
      fmt::format("{} checks passed, {} warn, {} failed, {} could not be made; score {}",
                  seen.at("passed").get<int>(), seen.at("warned").get<int>(),
                  seen.at("failed").get<int>(), seen.at("not_checked").get<int>(),
                  seen.contains("score") ? std::to_string(seen.at("score").get<int>()) : "none")};
  SayFirst(seen.at("findings"), kSetupSaid, says, [](const json& finding) {
    return fmt::format("{} {}: {} {}", finding.at("status").get<std::string>(),
                       finding.at("check").get<std::string>(),
                       finding.at("evidence").get<std::string>(),
                       finding.at("fix").get<std::string>());
  });
  return json{{"blocks", seen.at("blocks")}, {"says", says}};
}

Result<json> DecideLaunch(const CycleView& cycle, const json&) {
  const std::size_t changes = cycle.Saw(CycleStep::kPlanning).at("changes").size();
  const bool blocks = cycle.Of(CycleStep::kEvaluation).at("blocks").get<bool>();
  std::string why;
  if (changes == 0) {
    why = "the platforms are as the documents say";
  } else if (blocks) {
    why = "the checklist has findings to correct";
  }
  return json{{"propose", why.empty()},
              {"content_hash", cycle.Saw(CycleStep::kPlanning).at("content_hash")},
              {"says",
               {why.empty() ? fmt::format("all {} changes, as one plan", changes)
                            : fmt::format("nothing: {}", why)}}};
}

Result<json> SeeProposed(const StageWorld& world, const CycleView& cycle, bool again) {
  Home& home = *world.home;
  if (!cycle.Of(CycleStep::kSelection).at("propose").get<bool>()) {
    return json{{"not_proposed", "nothing was chosen"}};
  }
  if (cycle.asked().value("dry", false)) {
    return json{{"not_proposed", "it was asked for without proposing"}};
  }
  const std::string mark = MarkOf(cycle, 1, 1);
  std::optional<Plan> plan;
  if (again) {
    MAXOPT_TRY(plan, FindMarked(home, cycle, mark));
  }
  if (!plan) {
    MAXOPT_TRY(const ReadDocuments documents, ReadUnchanged(home, cycle));
    const SetupWorld setup = home.setup_world();
    MAXOPT_TRY(LiveState live, ReadLiveState(setup, documents.setup.desired));
    MAXOPT_TRY(ThreeWay three, PlanSetup(setup, documents.setup, live, {}));
    if (ContentHash(three.plan) !=
        cycle.Of(CycleStep::kSelection).at("content_hash").get<std::string>()) {
      return Fail(Errc::kConflict,
                  "the platforms have changed since the plan was chosen; begin a new cycle");
    }
    MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(cycle.client()));
    const auto paths = cycle.asked().at("documents").get<std::vector<std::string>>();
    MAXOPT_CHECK(KeepSetup(setup, documents.setup, documents.files, paths.front()));
    three.plan.created_by = cycle.asked().at("by").get<std::string>();
    three.plan.notes.push_back(mark);
    MAXOPT_TRY(plan, home.door().Propose(std::move(three.plan), policy ? &*policy : nullptr));
  }
  json blocks = json::array();
  for (const GuardFinding& finding : plan->findings) {
    if (finding.blocks) blocks.push_back(finding.what);
  }
  return json{{"plan", plan->id},
              {"title", plan->title},
              {"status", PlanStatusName(plan->status)},
              {"changes", plan->changes.size()},
              {"blocks", std::move(blocks)}};
}

Result<json> DecideProposed(const CycleView&, const json& seen) {
  if (seen.contains("not_proposed")) {
    return json{{"says", {"no plan was stored: " + seen.at("not_proposed").get<std::string>()}}};
  }
  const auto id = seen.at("plan").get<std::string>();
  std::vector<std::string> says{
      fmt::format("{} is {}: {}, {} changes", id, seen.at("status").get<std::string>(),
                  seen.at("title").get<std::string>(), seen.at("changes").get<int>())};
  for (const std::string& block : Sentences(seen, "blocks")) says.push_back("blocked: " + block);
  if (seen.at("status") == PlanStatusName(PlanStatus::kGuarded)) {
    says.push_back(
        fmt::format("nothing has been sent; a person decides: maxopt approve {} --by NAME", id));
  }
  return json{{"plan", id}, {"says", says}};
}

Result<json> SeeRequirements(const StageWorld& world, const CycleView& cycle) {
  Home& home = *world.home;
  const json& done = cycle.Of(CycleStep::kExecution);
  // The campaign's too: it was judged, whatever came of it.
  std::vector<std::string> about{cycle.Of(CycleStep::kGoal).at("slug").get<std::string>()};
  if (done.contains("plan")) about.push_back(done.at("plan").get<std::string>());
  json out = json::object();
  KeepMemory(home, cycle, Stage::kSetup, about, out);
  MAXOPT_TRY(const std::vector<LearnedConstraint> met,
             home.store().Constraints(home.clock().Now()));
  std::map<std::string, int> by;
  for (const LearnedConstraint& constraint : met)
    ++by[std::string(PlatformName(constraint.platform))];
  out["requirements_met"] = by;
  return out;
}

Result<json> DecideRequirements(const CycleView&, const json& seen) {
  std::vector<std::string> says;
  for (const auto& [platform, n] : seen.at("requirements_met").items()) {
    says.push_back(
        fmt::format("{}: {} requirements met in practice are known", platform, n.get<int>()));
  }
  if (says.empty()) says.push_back("no platform has refused anything that is still remembered");
  SayMemory(seen, says);
  return json{{"says", says}};
}

}  // namespace

CycleStage SetupStage(const StageWorld& world) {
  CycleStage stage{"setup", 1, {}};
  stage.steps[0] = {[world](const CycleView& cycle, bool) { return SeeBrief(world, cycle); },
                    DecideBrief};
  stage.steps[1] = {[world](const CycleView& cycle, bool) { return SeeDifference(world, cycle); },
                    DecideSequence};
  stage.steps[2] = {[world](const CycleView& cycle, bool) { return SeeChecks(world, cycle); },
                    DecideChecks};
  stage.steps[3] = {SeeNothing, DecideLaunch};
  stage.steps[4] = {
      [world](const CycleView& cycle, bool again) { return SeeProposed(world, cycle, again); },
      DecideProposed};
  stage.steps[5] = {[world](const CycleView& cycle, bool) { return SeeRequirements(world, cycle); },
                    DecideRequirements};
  return stage;
}

}  // namespace maxopt::cycles
