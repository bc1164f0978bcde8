#include "app/cycle/cycle.h"

#include <fmt/format.h>

#include <chrono>

#include "app/cycle/stages.h"
#include "app/tactics/tactics.h"
#include "apply/fault_point.h"
#include "domain/digest.h"

namespace maxopt {
namespace cycles {

using nlohmann::json;

namespace {

/// Plans that are looked through for a mark: newest first, far more than a cycle makes.

json PolicySeen(const Policy& policy) {
  json auto_approve = json::array(), blocked = json::array();
  for (const Reason reason : policy.auto_approve) auto_approve.push_back(ReasonName(reason));
  for (const Operation op : policy.blocked_operations) blocked.push_back(OperationName(op));
  return {{"mode", PolicyModeName(policy.mode)},
          {"auto_approve", std::move(auto_approve)},
          {"blocked_operations", std::move(blocked)},
          {"worst_day_cap", PrintMoney(policy.worst_day_cap)},
          {"step_max_bp", policy.step_max_bp}};
}

json MemorySeen(const WorkingMemory& memory) {
  json parts = json::array();
  for (const Remembered& part : memory.parts) {
    const json items = json::parse(part.items, nullptr, false);
    json one{
        {"name", part.name}, {"from", part.from}, {"items", items.is_array() ? items.size() : 0}};
    if (!part.why.empty()) one["why"] = part.why;
    parts.push_back(std::move(one));
  }
  return {{"digest", Sha256Hex(ToJson(memory))}, {"parts", std::move(parts)}};
}

}  // namespace

Result<json> AskedJson(const CycleRequest& request) {
  json out{{"by", request.by}};
  if (request.dry) out["dry"] = true;
  if (request.stage == "optimize") {
    MAXOPT_CHECK(CheckLevers(request.levers));
    out["days"] = request.days;
    if (request.act) out["act"] = true;
    if (!request.levers.empty()) out["levers"] = request.levers;
    if (!request.tactics) out["tactics"] = false;
    if (!request.rules) out["rules"] = false;
  } else if (request.stage == "setup") {
    if (request.documents.empty()) {
      return Fail(Errc::kInvalidArgument, "setup needs documents: a folder, or the files");
    }
    out["documents"] = request.documents;
  } else if (request.stage == "report") {
    const ReportRequest& report = request.report;
    out["kind"] = report.kind;
    if (!report.audience.empty()) out["audience"] = report.audience;
    if (!report.language.empty()) out["language"] = report.language;
    if (!report.campaign_type.empty()) out["campaign_type"] = report.campaign_type;
    if (!report.template_name.empty()) out["template"] = report.template_name;
    if (report.from) out["from"] = PrintDay(*report.from);
    if (report.to) out["to"] = PrintDay(*report.to);
    if (report.as_of) out["as_of"] = PrintInstant(*report.as_of);
    if (!request.tell) out["tell"] = false;
  }
  if (request.act && (request.stage != "optimize" || request.dry)) {
    return Fail(Errc::kInvalidArgument,
                "only the stage optimize acts, and not when it is dry: leave act out");
  }
  return out;
}

Result<json> SeeGoal(const StageWorld& world, const CycleView& cycle, Stage stage) {
  Home& home = *world.home;
  MAXOPT_TRY(const Client client, home.store().GetClient(cycle.client()));
  MAXOPT_TRY(const Zone zone, Zone::Find(client.zone));
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(client.name));
  MAXOPT_TRY(const std::vector<Watch> watches, home.store().Watches(client.name));
  json kpis = json::array();
  for (const Watch& watch : watches) {
    if (watch.importance != "primary") continue;
    kpis.push_back({{"address", watch.address},
                    {"kpi", watch.kpi},
                    {"target", watch.target},
                    {"bad", watch.direction}});
  }
  json out{{"currency", client.currency.name()},
           {"zone", client.zone},
           {"day", PrintDay(zone.DayOf(cycle.at()))},
           {"policy", policy ? PolicySeen(*policy) : json()},
           {"kpis", std::move(kpis)},
           {"watched", watches.size()}};
  const auto remembered = [&]() -> Result<WorkingMemory> {
    MAXOPT_TRY(const TacticsWorld tactics, TacticsWorldOf(home));
    return AssembleMemory(tactics, client.name, stage);
  }();
  if (!remembered) {
    out["memory"] = {{"problem", remembered.error().what}};
    return out;
  }
  out["memory"] = MemorySeen(*remembered);
  if (world.memory != nullptr) *world.memory = *remembered;
  return out;
}

void KeepMemory(Home& home, const CycleView& cycle, Stage stage, std::span<const std::string> about,
                json& seen) {
  const auto kept = RememberFor(home, cycle.client(), stage, about);
  if (!kept) seen["not_remembered"] = kept.error().what;
}

void SayMemory(const json& seen, std::vector<std::string>& says) {
  if (!seen.contains("not_remembered")) return;
  says.push_back("what was remembered for it could not be kept: " +
                 seen.at("not_remembered").get<std::string>());
}

std::vector<std::string> Sentences(const json& object, const char* member) {
  std::vector<std::string> out;
  const auto found = object.find(member);
  if (found == object.end() || !found->is_array()) return out;
  for (const json& each : *found) {
    if (each.is_string()) out.push_back(each.get<std::string>());
  }
  return out;
}

void SayGoal(const json& seen, std::vector<std::string>& says) {
  if (seen.at("kpis").empty()) {
    says.push_back("no KPI is watched as primary: what counts is what the facts hold");
  }
  SayFirst(seen.at("kpis"), 5, says, [](const json& kpi) {
    return fmt::format(
        "{}: {} {}", kpi.at("address").get<std::string>(), kpi.at("kpi").get<std::string>(),
        kpi.at("target").get<std::string>().empty() ? "as in its own past"
                                                    : "at " + kpi.at("target").get<std::string>());
  });
  if (seen.at("policy").is_null()) {
    says.push_back("there is no policy of this client: nothing may be proposed");
  } else {
    says.push_back(fmt::format("the policy's mode is {}, the worst day at most {}",
                               seen.at("policy").at("mode").get<std::string>(),
                               seen.at("policy").at("worst_day_cap").get<std::string>()));
  }
  const json& memory = seen.at("memory");
  if (memory.contains("problem")) {
    says.push_back("nothing could be remembered: " + memory.at("problem").get<std::string>());
    return;
  }
  int held = 0;
  for (const json& part : memory.at("parts")) held += part.at("items") > 0 ? 1 : 0;
  says.push_back(fmt::format("remembered: {} of {} parts hold something (digest {})", held,
                             memory.at("parts").size(),
                             memory.at("digest").get<std::string>().substr(0, 12)));
}

bool GoalMayPropose(const CycleView& cycle, std::string& why) {
  const json& policy = cycle.Saw(CycleStep::kGoal).at("policy");
  if (cycle.asked().value("dry", false)) {
    why = "it was asked for without proposing";
  } else if (policy.is_null()) {
    why = "there is no policy of this client";
  } else if (policy.at("mode") == PolicyModeName(PolicyMode::kObserve)) {
    why = "the policy only observes";
  } else {
    why.clear();
  }
  return why.empty();
}

std::string MarkOf(const CycleView& cycle, std::size_t n, std::size_t of) {
  return fmt::format("decided in {}, plan {} of {}", cycle.id(), n, of);
}

Result<std::optional<Plan>> FindMarked(Home& home, const CycleView& cycle,
                                       const std::string& mark) {
  MAXOPT_TRY(const std::vector<Plan> plans, home.store().Plans(std::nullopt, kAllPlans));
  for (const Plan& plan : plans) {
    if (plan.client != cycle.client() || plan.created_at < cycle.at()) continue;
    for (const std::string& note : plan.notes) {
      if (note == mark) return std::optional(plan);
    }
  }
  return std::optional<Plan>();
}

Result<json> SeeNothing(const CycleView&, bool) { return json::object(); }

}  // namespace cycles

namespace {

using nlohmann::json;

/// What a cut-off execution began is gone on with for so long; older numbers are not acted on. A
/// day: the optimiser's rhythm.
constexpr std::chrono::hours kGoOnFor{24};

Result<CycleStage> StageOf(const std::string& name, const cycles::StageWorld& world) {
  MAXOPT_TRY(const Stage stage, FindStage(name));
  switch (stage) {
    case Stage::kSetup:
      return cycles::SetupStage(world);
    case Stage::kMonitor:
      return cycles::MonitorStage(world);
    case Stage::kOptimize:
      return cycles::OptimizeStage(world);
    case Stage::kReport:
      return cycles::ReportStage(world);
  }
  Bug();
}

/// Writes one cycle's row, what was remembered for it, and the ledger's line at its end.
class Keeper {
 public:
  /// `row` without an id: there is none yet. `only_news`: there need not be one until HasNews.
  Keeper(Home& home, StoredCycle row, bool only_news = false)
      : store_(home.store()), clock_(home.clock()), row_(std::move(row)), only_news_(only_news) {}
  Result<> operator()(Cycle& cycle) {
    if (row_.id.empty() && only_news_ && !cycles::HasNews(cycle)) return {};
    FaultPoint("cycle_keep");
    MAXOPT_CHECK(Write(cycle));
    FaultPoint("cycle_kept");
    return {};
  }
  std::optional<WorkingMemory> memory{};

 private:
  Result<> Write(Cycle& cycle) {
    row_.updated_at = clock_.Now();
    if (row_.id.empty()) {
      row_.client = cycle.client, row_.stage = cycle.stage, row_.began_at = cycle.at;
      row_.state = CycleStateName(CycleState::kRunning);
      MAXOPT_TRY(row_, AddCycle(store_, row_, [&](const std::string& id) {
                   cycle.id = id;
                   return ToJson(cycle);
                 }));
    }
    // Before the row that has its digest.
    if (memory) MAXOPT_CHECK(Remember(store_, *memory, cycle.id));
    memory.reset();
    row_.state = CycleStateName(cycle.state);
    row_.body = ToJson(cycle);
    const bool over = cycle.state == CycleState::kDone || cycle.state == CycleState::kAbandoned;
    const json line{{"stage", cycle.stage}, {"state", row_.state}, {"head", HeadOf(cycle)}};
    return KeepCycle(store_, row_, over ? line.dump() : "");
  }

  CampaignStore& store_;
  Clock& clock_;
  StoredCycle row_;
  bool only_news_;
};

/// From wherever `cycle` stands; `row` as Keeper has it.
Result<CycleRun> GoThrough(Home& home, Cycle cycle, StoredCycle row, const CycleMeans& means,
                           bool only_news = false) {
  CycleRun run{.cycle = std::move(cycle)};
  std::optional<Lookout> own;
  Lookout* const lookout = means.lookout != nullptr ? means.lookout : &own.emplace();
  std::optional<MonitorWorld> monitor = means.monitor;
  Keeper keeper(home, std::move(row), only_news);
  MAXOPT_TRY(
      const CycleStage stage,
      StageOf(run.cycle.stage, {&home, lookout, monitor ? &*monitor : nullptr, &keeper.memory}));
  const auto ran =
      RunCycle(run.cycle, stage, {&home.clock(), [&](Cycle& now) { return keeper(now); }});
  if (ran) return run;
  if (run.cycle.state != CycleState::kStopped) return Fail(ran.error());
  run.stopped = ran.error();
  return run;
}

Result<> Abandon(Home& home, const StoredCycle& row, const std::string& why) {
  MAXOPT_TRY(Cycle cycle, CycleFromJson(row.body));
  cycle.state = CycleState::kAbandoned;
  cycle.problem = cycle.problem.empty() ? why : fmt::format("{}; {}", cycle.problem, why);
  return Keeper(home, row)(cycle);
}

bool Executing(const Cycle& cycle) {
  return cycle.steps.size() > static_cast<std::size_t>(CycleStep::kExecution);
}

/// What becomes of a cycle that was cut off while it executed, when another is asked for.
enum class CutOff {
  kGoOnInstead,  ///< the same is asked for
  kGoOnFirst,    ///< what is wrong now is looked for in any case
  kLeave,        ///< something else is asked for: whoever asked for this one asks again
};
CutOff WhatOf(const Cycle& cut, const std::string& asked) {
  if (cut.stage == "monitor") return CutOff::kGoOnFirst;
  // The optimiser's round is of the client's state, whoever asks.
  if (cut.stage == "optimize" || cut.asked == asked) return CutOff::kGoOnInstead;
  return CutOff::kLeave;
}

}  // namespace

Result<CycleRun> RunStageCycle(Home& home, const CycleRequest& request, CycleMeans means) {
  MAXOPT_CHECK(FindStage(request.stage));
  MAXOPT_TRY(const json asked_json, cycles::AskedJson(request));
  const std::string asked = asked_json.dump(-1, ' ', false, json::error_handler_t::replace);
  MAXOPT_CHECK(home.store().GetClient(request.client));
  if (request.stage == "report") {
    ReportRequest report = request.report;
    report.client = request.client;
    MAXOPT_CHECK(SettleReport(home, std::move(report)));
  }
  MAXOPT_TRY(const CycleStage stage, StageOf(request.stage, {&home, means.lookout}));
  const Instant now = home.clock().Now();
  std::vector<std::string> notes;
  for (const char* state : {"running", "stopped"}) {
    CycleQuery query{.client = request.client, .stage = request.stage, .state = state, .limit = 20};
    MAXOPT_TRY(const std::vector<StoredCycle> unfinished, Cycles(home.store(), query));
    for (const StoredCycle& row : unfinished) {
      const auto cycle = CycleFromJson(row.body);
      if (!cycle) {
        notes.push_back(fmt::format("{} is left as it is: {}", row.id, cycle.error().what));
        continue;
      }
      const bool may_go_on =
          Executing(*cycle) && cycle->version == stage.version && now - cycle->at < kGoOnFor;
      if (may_go_on && request.dry) continue;  // looking on disturbs nothing
      const CutOff what = WhatOf(*cycle, asked);
      if (may_go_on && what == CutOff::kLeave) continue;
      if (may_go_on) {
        MAXOPT_TRY(CycleRun run, GoThrough(home, *cycle, row, means));
        run.went_on = true;
        if (what == CutOff::kGoOnInstead) {
          run.notes = notes;
          return run;
        }
        if (!run.stopped) {
          notes.push_back(fmt::format("{} was cut off, and was gone on with first", row.id));
          continue;
        }
      }
      const std::string why = "a new one was begun, and what this one saw is older";
      MAXOPT_TRY(const StoredCycle as_it_is, FindCycle(home.store(), row.id));
      MAXOPT_CHECK(Abandon(home, as_it_is, why));
      notes.push_back(fmt::format("{} was abandoned: {}", row.id, why));
    }
  }
  Cycle cycle;
  cycle.stage = request.stage;
  cycle.version = stage.version;
  cycle.client = request.client;
  cycle.asked = asked;
  cycle.at = now;
  const bool only_news = request.only_news && request.stage == "monitor";
  MAXOPT_TRY(CycleRun run, GoThrough(home, std::move(cycle), {}, means, only_news));
  run.notes = std::move(notes);
  return run;
}

Result<CycleRun> ResumeStageCycle(Home& home, const std::string& id, CycleMeans means) {
  MAXOPT_TRY(StoredCycle row, FindCycle(home.store(), id));
  if (row.state == "done" || row.state == "abandoned") {
    return Fail(Errc::kConflict, fmt::format("cycle {} is {}; begin a new one", id, row.state));
  }
  MAXOPT_TRY(Cycle cycle, CycleFromJson(row.body));
  MAXOPT_TRY(CycleRun run, GoThrough(home, std::move(cycle), std::move(row), means));
  run.went_on = true;
  return run;
}

Result<Cycle> ReadCycle(CampaignStore& store, const std::string& id) {
  MAXOPT_TRY(const StoredCycle row, FindCycle(store, id));
  MAXOPT_TRY(Cycle cycle, CycleFromJson(row.body));
  if (cycle.id != row.id || cycle.client != row.client || cycle.stage != row.stage) {
    return Fail(Errc::kRefused, fmt::format("cycle {} holds another cycle's content", id));
  }
  return cycle;
}

Result<CycleReplay> ReplayStageCycle(Home& home, const std::string& id) {
  MAXOPT_TRY(const Cycle cycle, ReadCycle(home.store(), id));
  MAXOPT_TRY(const CycleStage stage, StageOf(cycle.stage, {&home, nullptr}));
  return ReplayCycle(cycle, stage);
}

}  // namespace maxopt
