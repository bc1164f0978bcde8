// check, plan, activate, adopt, handover and what set-up keeps: documents on their way to
// campaigns.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/cli/landing.h"
#include "app/cli/launch.h"
#include "app/cli/open.h"
#include "app/cli/render.h"
#include "app/tactics/tactics.h"
#include "stages/setup/launch/launch.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

/// Documents, compiled and checked against what can be read now.
struct Loaded {
  Setup setup;
  std::vector<DocumentFile> files;
  std::optional<Policy> policy;
};

Result<Loaded> Load(Home& home, const std::vector<std::string>& paths) {
  Loaded loaded;
  MAXOPT_TRY(loaded.files, ReadDocumentFiles(paths));
  MAXOPT_TRY(loaded.setup, PrepareSetup(home.setup_world(), loaded.files, AssetsBeside(paths)));
  MAXOPT_TRY(loaded.policy, home.PolicyOf(loaded.setup.desired.client));
  return loaded;
}

const Policy* PolicyIn(const Loaded& loaded) { return loaded.policy ? &*loaded.policy : nullptr; }

Result<> KeepChecklist(Home& home, const Setup& setup, const Checklist& checklist) {
  return home.store().SaveChecklist(
      {setup.desired.client, setup.desired.slug, std::string(CheckPhaseName(checklist.phase)),
       home.clock().Now(), checklist.score, ChecklistJson(checklist)});
}

/// What set-up calls to mind, kept with what it judged or proposed. Holds nothing up.
void KeepSetupMemory(Home& home, const std::string& client, const std::vector<std::string>& about) {
  const auto kept = RememberFor(home, client, Stage::kSetup, about);
  if (kept) return;
  fmt::print(stderr, "note: what was remembered for it could not be kept: {}\n", kept.error().what);
}

/// Markdown as it is read on a terminal: without the backslashes and stars that make it markup.
std::string OnTerminal(const std::string& markdown) {
  std::string out;
  for (std::size_t i = 0; i < markdown.size(); ++i) {
    const bool escaped = markdown[i] == '\\' && i + 1 < markdown.size() &&
                         std::ispunct(static_cast<unsigned char>(markdown[i + 1]));
    if (escaped) {
      out += markdown[++i];
    } else if (markdown[i] == '*' && i + 1 < markdown.size() && markdown[i + 1] == '*') {
      ++i;
    } else {
      out += markdown[i];
    }
  }
  return out;
}

void Show(const CommandContext& context, const Checklist& checklist, bool verbose) {
  if (context.json) {
    fmt::print("{}\n", ChecklistJson(checklist));
  } else {
    fmt::print("{}", OnTerminal(ChecklistMarkdown(checklist, verbose)));
  }
}

ordered_json DriftJson(const std::vector<Drift>& drifts) {
  ordered_json out = ordered_json::array();
  for (const Drift& drift : drifts) {
    out.push_back({{"account", PrintAccount(drift.account)},
                   {"address", drift.address},
                   {"field", drift.field},
                   {"last_applied", ShowValue(drift.last_applied)},
                   {"live", ShowValue(drift.live)},
                   {"wanted", ShowValue(drift.desired)},
                   {"owner", drift.owner},
                   {"who", drift.who},
                   {"at", drift.at ? PrintInstant(*drift.at) : ""}});
  }
  return out;
}

std::string DriftText(const std::vector<Drift>& drifts, const Plan* plan) {
  std::string out;
  for (const Drift& drift : drifts) {
    bool forced = false;
    for (const Change& change : plan ? plan->changes : std::vector<Change>{}) {
      forced = forced || (change.address == drift.address &&
                          std::find(change.forced.begin(), change.forced.end(), drift.field) !=
                              change.forced.end());
    }
    out += fmt::format(
        "  drift   {0}.{1}: we wrote {2}, it is {3}, the documents say {4}\n          changed by "
        "{5}{6}; ",
        drift.address, drift.field, ShowValue(drift.last_applied), ShowValue(drift.live),
        ShowValue(drift.desired), drift.who, drift.at ? " on " + PrintInstant(*drift.at) : "");
    out += forced ? "this plan overwrites it\n"
                  : fmt::format("left alone (--force-field {}.{} overwrites it)\n", drift.address,
                                drift.field);
  }
  return out;
}

/// Guards and stores the draft, shows it, and says what comes next.
Result<int> ProposeAndShow(const CommandContext& context, Home& home, const Loaded& loaded,
                           Plan draft, const std::vector<Drift>& drift) {
  const Policy* const policy = PolicyIn(loaded);
  MAXOPT_TRY(const Plan plan, home.door().Propose(std::move(draft), policy));
  KeepSetupMemory(home, plan.client, {loaded.setup.desired.slug, plan.id});
  if (context.json) {
    ordered_json out = ordered_json::parse(PlanJson(plan));
    out["drift"] = DriftJson(drift);
    fmt::print("{}\n", out.dump(2));
  } else {
    fmt::print("{}{}", PlanText(plan), DriftText(drift, &plan));
    if (plan.status == PlanStatus::kGuarded) {
      fmt::print("Nothing has been sent. Next: maxopt approve {} --by YOUR-NAME\n", plan.id);
    } else {
      fmt::print("Blocked: nothing can be sent. Correct what is marked above, then plan again.\n");
    }
  }
  return plan.status == PlanStatus::kGuarded ? kExitPending : kExitError;
}

/// Every ad's landing page as a visitor would come to it, each once.
std::vector<std::string> VisitsOf(const Setup& setup) {
  std::vector<std::string> visits;
  for (const DesiredObject& object : setup.desired.objects) {
    if (object.level != Level::kAd) continue;
    const PlatformSpec* spec = PlatformSpecs::BuiltIn().Find(object.account.platform);
    if (spec == nullptr) continue;
    UrlTags tags;
    tags.text = TextField(object.fields, "url_tags");
    const auto visit =
        ExampleVisit(TextField(object.fields, "landing_url"), tags, spec->macros, spec->click_id);
    if (visit && std::find(visits.begin(), visits.end(), *visit) == visits.end()) {
      visits.push_back(*visit);
    }
  }
  return visits;
}

Result<CheckPhase> FindCheckPhase(const std::string& word) {
  std::string known;
  for (const CheckPhase phase : {CheckPhase::kBeforeLaunch, CheckPhase::kHour1, CheckPhase::kHour24,
                                 CheckPhase::kOnDemand}) {
    if (CheckPhaseName(phase) == word) return phase;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", CheckPhaseName(phase));
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("phase \"{}\" is not known; known are {}", word, known));
}

std::string AccountNames(const std::vector<ClientAccount>& accounts) {
  std::string names;
  for (const ClientAccount& account : accounts) {
    names += fmt::format("{}{} of {}", names.empty() ? "" : ", ",
                         PrintAccount(account.info.account), account.client);
  }
  return names.empty() ? "none (maxopt connect)" : names;
}

Result<int> ShowMessages(const CommandContext& context, const std::vector<Message>& messages) {
  if (context.json) {
    ordered_json out = ordered_json::array();
    for (const Message& message : messages) {
      out.push_back({{"id", message.id},
                     {"to", message.to},
                     {"kind", message.kind},
                     {"client", message.client},
                     {"title", message.title},
                     {"about", message.about},
                     {"created_at", PrintInstant(message.created_at)}});
    }
    fmt::print("{}\n", out.dump(2));
    return kExitOk;
  }
  for (const Message& message : messages) {
    fmt::print("{}  to {:<7} {}  {}\n", message.id, message.to, PrintInstant(message.created_at),
               message.title);
  }
  fmt::print("{}", messages.empty() ? "the outbox is empty\n" : "Read one: maxopt outbox ID\n");
  return kExitOk;
}

/// Moves the experiments on, runs the checklist over what is live, and writes the four outputs.
Result<std::vector<Message>> TellTeammates(Home& home, const std::vector<std::string>& paths) {
  MAXOPT_TRY(const Loaded loaded, Load(home, paths));
  const SetupWorld world = home.setup_world();
  MAXOPT_TRY(const LiveState live, ReadLiveState(world, loaded.setup.desired));
  MAXOPT_CHECK(MoveExperiments(world, loaded.setup, live));
  const Checklist checklist =
      CheckSetup(world, loaded.setup, PolicyIn(loaded), &live, nullptr, CheckPhase::kOnDemand);
  MAXOPT_CHECK(KeepChecklist(home, loaded.setup, checklist));
  return HandOver(world, loaded.setup, live, checklist);
}

std::string Joined(const std::vector<std::string>& paths) {
  return fmt::format("{}", fmt::join(paths, " "));
}

}  // namespace

Result<int> CheckCommand(const CommandContext& context, const CheckArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const Loaded loaded, Load(*home, arguments.paths));
  MAXOPT_TRY(const CheckPhase phase, FindCheckPhase(arguments.phase));
  // What is live can be judged once something is there; before that its checks are not checked.
  auto live = ReadLiveState(home->setup_world(), loaded.setup.desired);
  if (!live && phase != CheckPhase::kBeforeLaunch) return Fail(live.error());
  const bool owns = live && std::any_of(live->owned.begin(), live->owned.end(),
                                        [](const auto& pair) { return !pair.second.empty(); });
  std::vector<LandingEvidence> landing;
  if (arguments.landing) {
    MAXOPT_TRY(landing, LookAtLandings(context, VisitsOf(loaded.setup), arguments.browser));
  }
  const Checklist checklist =
      CheckSetup(home->setup_world(), loaded.setup, PolicyIn(loaded), owns ? &*live : nullptr,
                 arguments.landing ? &landing : nullptr, phase);
  MAXOPT_CHECK(KeepChecklist(*home, loaded.setup, checklist));
  KeepSetupMemory(*home, loaded.setup.desired.client, {loaded.setup.desired.slug});
  Show(context, checklist, arguments.verbose);
  return Blocks(checklist) ? kExitError : kExitOk;
}

Result<int> PlanCommand(const CommandContext& context, const PlanArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const Loaded loaded, Load(*home, arguments.paths));
  const SetupWorld world = home->setup_world();
  MAXOPT_TRY(LiveState live, ReadLiveState(world, loaded.setup.desired));
  const std::set<std::string> force(arguments.force_fields.begin(), arguments.force_fields.end());
  MAXOPT_TRY(ThreeWay three_way, PlanSetup(world, loaded.setup, live, force));
  Plan& draft = three_way.plan;
  if (draft.changes.empty()) {
    if (context.json) {
      fmt::print("{}\n", ordered_json{{"changes", ordered_json::array()},
                                      {"notes", draft.notes},
                                      {"drift", DriftJson(three_way.drift)}}
                             .dump(2));
    } else {
      fmt::print("No change: the platforms are as {} says{}.\n", Joined(arguments.paths),
                 three_way.drift.empty() ? "" : ", but for what others changed");
      for (const std::string& note : draft.notes) fmt::print("  note: {}\n", note);
      fmt::print("{}", DriftText(three_way.drift, nullptr));
    }
    return kExitOk;
  }
  const Checklist checklist = CheckSetup(world, loaded.setup, PolicyIn(loaded), nullptr, nullptr,
                                         CheckPhase::kBeforeLaunch);
  MAXOPT_CHECK(KeepChecklist(*home, loaded.setup, checklist));
  if (Blocks(checklist)) {
    KeepSetupMemory(*home, loaded.setup.desired.client, {loaded.setup.desired.slug});
    Show(context, checklist, false);
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} has findings to correct; no plan was made, nothing was sent",
                            Joined(arguments.paths)));
  }
  draft.created_by = Person(arguments.by);
  MAXOPT_CHECK(KeepSetup(world, loaded.setup, loaded.files, arguments.paths.front()));
  if (!context.json && (checklist.warned > 0 || checklist.not_checked > 0)) {
    fmt::print("{}", OnTerminal(ChecklistMarkdown(checklist)));
  }
  return ProposeAndShow(context, *home, loaded, std::move(draft), three_way.drift);
}

Result<int> MatrixCommand(const CommandContext& context, const std::vector<std::string>& paths) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const Loaded loaded, Load(*home, paths));
  if (context.json) {
    fmt::print("{}\n", MatrixJson(loaded.setup.desired.matrix));
  } else {
    fmt::print("{}", MatrixText(loaded.setup.desired.matrix, true));
  }
  return kExitOk;
}

Result<int> ActivateCommand(const CommandContext& context, const PlanArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const Loaded loaded, Load(*home, arguments.paths));
  const SetupWorld world = home->setup_world();
  MAXOPT_TRY(const LiveState live, ReadLiveState(world, loaded.setup.desired));
  MAXOPT_TRY(Plan draft, CompileActivation(loaded.setup.desired, live));
  if (draft.changes.empty()) {
    if (context.json) {
      fmt::print("{}\n",
                 ordered_json{{"changes", ordered_json::array()}, {"notes", draft.notes}}.dump(2));
    } else {
      fmt::print("No change: everything that can be switched on is on.\n");
      for (const std::string& note : draft.notes) fmt::print("  note: {}\n", note);
    }
    return kExitOk;
  }
  draft.created_by = Person(arguments.by);
  return ProposeAndShow(context, *home, loaded, std::move(draft), {});
}

Result<int> HandOverCommand(const CommandContext& context, const std::vector<std::string>& paths) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::vector<Message> messages, TellTeammates(*home, paths));
  return ShowMessages(context, messages);
}

void AfterApply(const CommandContext& context, Home& home, const Plan& plan) {
  const auto campaign =
      std::find_if(plan.changes.begin(), plan.changes.end(), [](const Change& change) {
        const bool of_set_up = change.reason == Reason::kLaunch ||
                               change.reason == Reason::kActivate || change.reason == Reason::kUndo;
        return of_set_up && change.level == Level::kCampaign;
      });
  if (campaign == plan.changes.end()) return;
  const std::string slug = campaign->address.substr(0, campaign->address.find('/'));
  const auto tell = [&]() -> Result<std::vector<Message>> {
    MAXOPT_TRY(const std::optional<std::string> source,
               SourceOf(home.setup_world(), plan.client, slug));
    if (!source) return std::vector<Message>{};
    return TellTeammates(home, {*source});
  };
  const auto messages = tell();
  if (context.json) return;
  if (!messages) {
    fmt::print("The teammates were not told: {}. Later: maxopt handover FOLDER\n",
               messages.error().what);
  } else if (!messages->empty()) {
    fmt::print("Told carlos, lucas, james and maya how it stands: maxopt outbox\n");
  }
}

Result<int> OutboxCommand(const CommandContext& context, const std::string& to,
                          const std::string& id) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::vector<Message> messages, home->store().Messages(to, 200));
  if (id.empty()) return ShowMessages(context, messages);
  const auto message =
      std::find_if(messages.begin(), messages.end(), [&](const Message& m) { return m.id == id; });
  if (message == messages.end()) {
    return Fail(Errc::kNotFound, fmt::format("message {} is not in the outbox{}", id,
                                             to.empty() ? "" : " of " + to));
  }
  fmt::print("{}\n", context.json ? message->json : message->markdown);
  return kExitOk;
}

Result<int> AdoptCommand(const CommandContext& context, const AdoptArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  const SetupWorld world = home->setup_world();
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, home->store().Accounts());
  std::vector<AccountTree> trees;
  Zone zone = Zone::Utc();
  for (const ClientAccount& account : accounts) {
    if (account.client != arguments.client) continue;
    const std::string name = PrintAccount(account.info.account);
    if (!arguments.accounts.empty() &&
        std::find(arguments.accounts.begin(), arguments.accounts.end(), name) ==
            arguments.accounts.end()) {
      continue;
    }
    MAXOPT_TRY(zone, Zone::Find(account.info.zone));
    MAXOPT_TRY(const std::shared_ptr<PlatformReader> reader, world.reader(account.info.account));
    auto tree = reader->ReadAccount(account.info.account, http::After(std::chrono::seconds(120)));
    if (!tree) return FailWithin("account " + name, tree.error());
    MAXOPT_TRY(const std::vector<OwnedObject> owned, home->store().Objects(account.info.account));
    std::erase_if(tree->entities, [&](const Entity& entity) {
      return std::any_of(owned.begin(), owned.end(), [&](const OwnedObject& object) {
        return object.level == entity.level && object.id == entity.id;
      });
    });
    trees.push_back(std::move(*tree));
  }
  if (trees.empty()) {
    return Fail(Errc::kNotFound,
                fmt::format("client \"{}\" has no such connected account; known are {}",
                            arguments.client, AccountNames(accounts)));
  }
  MAXOPT_TRY(const Adoption adoption,
             Adopt(trees, arguments.client, arguments.campaign, zone.DayOf(home->clock().Now())));
  std::error_code error;
  std::filesystem::create_directories(arguments.out, error);
  if (error) return Fail(Errc::kLocal, fmt::format("{}: {}", arguments.out, error.message()));
  const std::vector<DocumentFile> files = PrintDocuments(adoption.documents);
  for (const DocumentFile& file : files) {
    const std::string path = arguments.out + "/" + file.name;
    if (std::filesystem::exists(path)) {
      return Fail(Errc::kConflict,
                  fmt::format("{} is there already; choose another --out folder", path));
    }
  }
  for (const DocumentFile& file : files) {
    MAXOPT_CHECK(WriteWholeFile(arguments.out + "/" + file.name, file.bytes));
  }
  for (const OwnedObject& object : adoption.objects) {
    MAXOPT_CHECK(home->store().SaveObject(object));
  }
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"folder", arguments.out},
                                    {"objects", adoption.objects.size()},
                                    {"notes", adoption.notes}}
                           .dump(2));
    return kExitOk;
  }
  fmt::print("adopted {} objects of {} account{}; their documents are in {}\n",
             adoption.objects.size(), trees.size(), trees.size() == 1 ? "" : "s", arguments.out);
  for (const std::string& note : adoption.notes) fmt::print("  note: {}\n", note);
  fmt::print("Nothing was sent. Next: maxopt plan {} (it should find no change)\n", arguments.out);
  return kExitOk;
}

Result<int> ExperimentsCommand(const CommandContext& context, const std::string& client) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::vector<Client> clients, home->store().Clients());
  ordered_json out = ordered_json::array();
  for (const Client& known : clients) {
    if (!client.empty() && known.name != client) continue;
    MAXOPT_TRY(const std::vector<Experiment> experiments, home->store().Experiments(known.name));
    for (const Experiment& experiment : experiments) {
      std::vector<std::string> arms;
      for (const ExperimentArm& arm : experiment.arms) {
        arms.push_back(fmt::format("{} {} %", arm.name, arm.share_bp / 100));
      }
      out.push_back({{"id", experiment.id},
                     {"client", experiment.client},
                     {"status", experiment.status},
                     {"hypothesis", experiment.hypothesis},
                     {"variable", ExperimentVariableName(experiment.variable)},
                     {"kpi", experiment.kpi},
                     {"arms", arms},
                     {"sample_per_arm", experiment.sample_per_arm},
                     {"start", PrintDay(experiment.start)},
                     {"end", PrintDay(experiment.end)}});
      if (context.json) continue;
      fmt::print(
          "{:<8} {}\n         {}\n         {}: {}; {} per arm by {}; {} to {}, locked until "
          "then\n",
          experiment.status, experiment.id, experiment.hypothesis,
          ExperimentVariableName(experiment.variable), fmt::join(arms, " / "),
          experiment.sample_per_arm, experiment.kpi, PrintDay(experiment.start),
          PrintDay(experiment.end));
    }
  }
  if (context.json) fmt::print("{}\n", out.dump(2));
  if (!context.json && out.empty()) fmt::print("no experiments\n");
  return kExitOk;
}

Result<int> WatchesCommand(const CommandContext& context, const std::string& client) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::vector<Client> clients, home->store().Clients());
  ordered_json out = ordered_json::array();
  for (const Client& known : clients) {
    if (!client.empty() && known.name != client) continue;
    MAXOPT_TRY(const std::vector<Watch> watches, home->store().Watches(known.name));
    for (const Watch& watch : watches) {
      out.push_back({{"client", watch.client},
                     {"address", watch.address},
                     {"kpi", watch.kpi},
                     {"importance", watch.importance},
                     {"target", watch.target},
                     {"direction", watch.direction},
                     {"interval_minutes", watch.interval_minutes},
                     {"warn_percent", watch.warn_percent},
                     {"critical_percent", watch.critical_percent}});
      if (context.json) continue;
      fmt::print(
          "{:<40} {:<12} {:<9} every {:>4} min  target {:<12} {:<5} warn {:>3} %  critical "
          "{:>3} %\n",
          watch.address, watch.kpi, watch.importance, watch.interval_minutes,
          watch.target.empty() ? "its own past" : watch.target, watch.direction, watch.warn_percent,
          watch.critical_percent);
    }
  }
  if (context.json) fmt::print("{}\n", out.dump(2));
  if (!context.json && out.empty()) fmt::print("nothing is watched yet\n");
  return kExitOk;
}

}  // namespace maxopt
