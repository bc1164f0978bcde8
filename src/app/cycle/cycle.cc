#include "app/cycle/cycle.h"

#include <fmt/format.h>

#include <chrono>

#include "app/cycle/stages.h"
#include "app/tactics/tactics.h"

namespace maxopt {
namespace cycles {

using nlohmann::json;

namespace {

/// Plans that are looked through for a mark: newest first, far more than a cycle makes.
constexpr int kPlansLookedAt = 500;

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

json MemorySeen(const WorkingMemory& memory, const std::string& digest) {
  json parts = json::array();
  for (const Remembered& part : memory.parts) {
    const json items = json::parse(part.items, nullptr, false);
    json one{
        {"name", part.name}, {"from", part.from}, {"items", items.is_array() ? items.size() : 0}};
    if (!part.why.empty()) one["why"] = part.why;
    parts.push_back(std::move(one));
  }
  return {{"digest", digest}, {"parts", std::move(parts)}};
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
    out["kind"] = request.kind;
    if (!request.audience.empty()) out["audience"] = request.audience;
    if (!request.language.empty()) out["language"] = request.language;
  }
  if (request.act && (request.stage != "optimize" || request.dry)) {
    return Fail(Errc::kInvalidArgument,
                "only the stage optimize acts, and not when it is dry: leave act out");
  }
  return out;
}

Result<json> SeeGoal(Home& home, const CycleView& cycle, Stage stage) {
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
  MAXOPT_TRY(const TacticsWorld tactics, TacticsWorldOf(home));
  MAXOPT_TRY(const WorkingMemory memory, AssembleMemory(tactics, client.name, stage));
  MAXOPT_TRY(const Recollection kept, Remember(home.store(), memory, cycle.id()));
  out["memory"] = MemorySeen(memory, kept.digest);
  return out;
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
  int held = 0;
  for (const json& part : seen.at("memory").at("parts")) held += part.at("items") > 0 ? 1 : 0;
  says.push_back(fmt::format("remembered: {} of {} parts hold something (digest {})", held,
                             seen.at("memory").at("parts").size(),
                             seen.at("memory").at("digest").get<std::string>().substr(0, 12)));
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
  MAXOPT_TRY(const std::vector<Plan> plans, home.store().Plans(std::nullopt, kPlansLookedAt));
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

/// Writes one cycle's row, and the ledger's line at its end.
class Keeper {
 public:
  Keeper(CampaignStore& store, Clock& clock, StoredCycle row)
      : store_(store), clock_(clock), row_(std::move(row)) {}
  Result<> operator()(const Cycle& cycle) {
    row_.state = CycleStateName(cycle.state);
    row_.updated_at = clock_.Now();
    row_.body = ToJson(cycle);
    const bool over = cycle.state == CycleState::kDone || cycle.state == CycleState::kAbandoned;
    const json line{{"stage", cycle.stage}, {"state", row_.state}, {"head", HeadOf(cycle)}};
    return KeepCycle(store_, row_, over ? line.dump() : "");
  }

 private:
  CampaignStore& store_;
  Clock& clock_;
  StoredCycle row_;
};

Result<CycleRun> GoThrough(Home& home, StoredCycle row, Lookout* lookout) {
  CycleRun run;
  MAXOPT_TRY(run.cycle, CycleFromJson(row.body));
  std::optional<Lookout> own;
  if (lookout == nullptr) lookout = &own.emplace();
  MAXOPT_TRY(const CycleStage stage, StageOf(run.cycle.stage, {&home, lookout}));
  Keeper keeper(home.store(), home.clock(), std::move(row));
  const auto ran = RunCycle(run.cycle, stage,
                            {&home.clock(), [&](const Cycle& cycle) { return keeper(cycle); }});
  if (ran) return run;
  if (run.cycle.state != CycleState::kStopped) return Fail(ran.error());
  run.stopped = ran.error();
  return run;
}

Result<> Abandon(Home& home, const StoredCycle& row, const std::string& why) {
  MAXOPT_TRY(Cycle cycle, CycleFromJson(row.body));
  cycle.state = CycleState::kAbandoned;
  cycle.problem = cycle.problem.empty() ? why : fmt::format("{}; {}", cycle.problem, why);
  return Keeper(home.store(), home.clock(), row)(cycle);
}

bool Executing(const Cycle& cycle) {
  return cycle.steps.size() > static_cast<std::size_t>(CycleStep::kExecution);
}

}  // namespace

Result<CycleRun> RunStageCycle(Home& home, const CycleRequest& request, Lookout* lookout) {
  MAXOPT_CHECK(FindStage(request.stage));
  MAXOPT_TRY(const json asked, cycles::AskedJson(request));
  MAXOPT_CHECK(home.store().GetClient(request.client));
  MAXOPT_TRY(const CycleStage stage, StageOf(request.stage, {&home, lookout}));
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
      if (may_go_on) {
        MAXOPT_TRY(CycleRun run, GoThrough(home, row, lookout));
        run.went_on = true;
        run.notes = notes;
        return run;
      }
      const std::string why = "a new one was begun, and what this one saw is older";
      MAXOPT_CHECK(Abandon(home, row, why));
      notes.push_back(fmt::format("{} was abandoned: {}", row.id, why));
    }
  }
  Cycle cycle;
  cycle.stage = request.stage;
  cycle.version = stage.version;
  cycle.client = request.client;
  cycle.asked = asked.dump(-1, ' ', false, json::error_handler_t::replace);
  cycle.at = now;
  StoredCycle row;
  row.client = cycle.client, row.stage = cycle.stage;
  row.state = CycleStateName(cycle.state);
  row.began_at = row.updated_at = now;
  MAXOPT_TRY(row, AddCycle(home.store(), row, [&](const std::string& id) {
               cycle.id = id;
               return ToJson(cycle);
             }));
  MAXOPT_TRY(CycleRun run, GoThrough(home, std::move(row), lookout));
  run.notes = std::move(notes);
  return run;
}

Result<CycleRun> ResumeStageCycle(Home& home, const std::string& id, Lookout* lookout) {
  MAXOPT_TRY(StoredCycle row, FindCycle(home.store(), id));
  if (row.state == "done" || row.state == "abandoned") {
    return Fail(Errc::kConflict, fmt::format("cycle {} is {}; begin a new one", id, row.state));
  }
  MAXOPT_TRY(CycleRun run, GoThrough(home, std::move(row), lookout));
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
