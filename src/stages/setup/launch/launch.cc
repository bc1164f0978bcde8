#include "stages/setup/launch/launch.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "stages/setup/outputs/outputs.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kFileBytesMax = 64u << 20;
constexpr std::string_view kStems[] = {"brief", "media_plan", "creatives", "buys", "assets"};
constexpr std::string_view kForms[] = {".yaml", ".yml", ".json", ".csv", ".xlsx"};

Result<std::string> ReadBytes(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) return Fail(Errc::kLocal, fmt::format("{}: {}", path.string(), error.message()));
  if (size > kFileBytesMax) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}: {} bytes; at most {} are read",
                                                    path.string(), size, kFileBytesMax));
  }
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return Fail(Errc::kLocal, fmt::format("{} cannot be read", path.string()));
  return bytes;
}

bool IsDocument(const fs::path& path) {
  const std::string form = path.extension().string();
  const std::string stem = path.stem().string();
  if (form == ".xlsx") return !stem.starts_with("~$");  // a spreadsheet program's lock file
  return std::find(std::begin(kForms), std::end(kForms), form) != std::end(kForms) &&
         std::find(std::begin(kStems), std::end(kStems), stem) != std::end(kStems);
}

std::set<AccountId> AccountsOf(const Desired& desired) {
  std::set<AccountId> accounts;
  for (const DesiredObject& object : desired.objects) accounts.insert(object.account);
  return accounts;
}

const OwnedObject* OwnedAt(const LiveState& live, const std::string& address) {
  for (const auto& [account, objects] : live.owned) {
    for (const OwnedObject& object : objects) {
      if (object.address == address) return &object;
    }
  }
  return nullptr;
}

bool IsOn(const LiveState& live, const std::string& address) {
  const OwnedObject* owned = OwnedAt(live, address);
  if (owned == nullptr) return false;
  const auto tree = live.trees.find(owned->account);
  if (tree == live.trees.end()) return false;
  return std::any_of(tree->second.entities.begin(), tree->second.entities.end(),
                     [&](const Entity& entity) {
                       return entity.level == owned->level && entity.id == owned->id &&
                              TextField(entity.fields, "status") == kActive;
                     });
}

}  // namespace

Result<std::vector<DocumentFile>> ReadDocumentFiles(const std::vector<std::string>& paths) {
  std::vector<fs::path> found;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      found.emplace_back(path);
      continue;
    }
    std::vector<fs::path> inside;
    for (const auto& entry : fs::directory_iterator(path, error)) {
      if (entry.is_regular_file() && IsDocument(entry.path())) inside.push_back(entry.path());
    }
    if (error) return Fail(Errc::kLocal, fmt::format("{}: {}", path, error.message()));
    if (inside.empty()) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("{} has no documents: brief, media_plan, creatives and buys as .yaml, "
                      ".json or .csv, or one .xlsx workbook (maxopt template workbook)",
                      path));
    }
    std::sort(inside.begin(), inside.end());
    found.insert(found.end(), inside.begin(), inside.end());
  }
  std::vector<DocumentFile> files;
  for (const fs::path& path : found) {
    MAXOPT_TRY(std::string bytes, ReadBytes(path));
    files.push_back({path.string(), std::move(bytes)});
  }
  return files;
}

ReadFile AssetsBeside(const std::vector<std::string>& paths) {
  std::error_code error;
  fs::path folder = paths.empty() ? fs::path(".") : fs::path(paths.front());
  if (!fs::is_directory(folder, error)) folder = folder.parent_path();
  return [folder](const std::string& name) { return ReadBytes(folder / name); };
}

Result<Setup> PrepareSetup(const SetupWorld& world, const std::vector<DocumentFile>& files,
                           const ReadFile& read_file) {
  Setup setup;
  MAXOPT_TRY(setup.documents, ParseDocuments(files, read_file));
  MAXOPT_TRY(setup.accounts, world.store->Accounts());
  MAXOPT_TRY(setup.learned, world.store->Constraints(world.clock->Now()));
  const std::string& client_name = setup.documents.brief.client.value;
  Zone zone = Zone::Utc();
  if (const auto client = world.store->GetClient(client_name)) {
    MAXOPT_TRY(zone, Zone::Find(client->zone));
  }
  setup.today = zone.DayOf(world.clock->Now());
  MAXOPT_TRY(setup.desired,
             Realise(setup.documents, {world.specs, setup.accounts, setup.learned, setup.today}));
  return setup;
}

Result<LiveState> ReadLiveState(const SetupWorld& world, const Desired& desired) {
  LiveState live;
  for (const AccountId& account : AccountsOf(desired)) {
    MAXOPT_TRY(const std::shared_ptr<PlatformReader> reader, world.reader(account));
    auto tree = reader->ReadAccount(account, http::After(std::chrono::seconds(120)));
    if (!tree) return FailWithin("account " + PrintAccount(account), tree.error());
    live.trees.emplace(account, std::move(*tree));
    MAXOPT_TRY(live.owned[account], world.store->Objects(account));
  }
  return live;
}

Checklist CheckSetup(const SetupWorld& world, const Setup& setup, const Policy* policy,
                     const LiveState* live, const std::vector<LandingEvidence>* landing,
                     CheckPhase phase) {
  CheckContext context{};
  context.documents = &setup.documents;
  context.specs = world.specs;
  context.desired = &setup.desired;
  context.accounts = &setup.accounts;
  context.policy = policy;
  context.live = live;
  context.landing = landing;
  context.learned = &setup.learned;
  context.today = setup.today;
  context.phase = phase;
  return RunChecks(context);
}

Result<ThreeWay> PlanSetup(const SetupWorld& world, const Setup& setup, LiveState& live,
                           const std::set<std::string>& force) {
  MAXOPT_TRY(ThreeWay plan, CompareThreeWay(setup.desired, live, force));
  if (plan.drift.empty()) return plan;
  // Google keeps 30 days of changes and refuses to be asked for more.
  const Instant now = world.clock->Now();
  for (const Drift& drift : plan.drift) {
    if (live.history.contains(drift.account)) continue;
    MAXOPT_TRY(const std::shared_ptr<PlatformReader> reader, world.reader(drift.account));
    auto events = reader->ReadHistory({drift.account, now - std::chrono::days(29), now},
                                      http::After(std::chrono::seconds(120)));
    // Who changed it is worth knowing, not worth failing for.
    live.history[drift.account] = events ? std::move(*events) : std::vector<HistoryEvent>{};
  }
  return CompareThreeWay(setup.desired, live, force);
}

Result<> KeepSetup(const SetupWorld& world, const Setup& setup,
                   const std::vector<DocumentFile>& files, const std::string& source) {
  const Instant now = world.clock->Now();
  const std::string& client = setup.desired.client;
  for (const DocumentFile& file : files) {
    const std::string name = fs::path(file.name).filename().string();
    // Workbooks are bytes; what was read from them is kept as the documents below.
    if (name.ends_with(".xlsx")) continue;
    MAXOPT_CHECK(world.store->SaveDocument(
        {client, "handed_over", setup.desired.slug + "/" + name, file.bytes, now}));
  }
  for (const DocumentFile& file : PrintDocuments(setup.documents)) {
    MAXOPT_CHECK(world.store->SaveDocument(
        {client, "setup", setup.desired.slug + "/" + file.name, file.bytes, now}));
  }
  MAXOPT_CHECK(world.store->SaveDocument({client, "setup_source", setup.desired.slug,
                                          fs::absolute(source).lexically_normal().string(), now}));
  FixedBudgetMap fixed;
  const Brief& brief = setup.documents.brief;
  for (const Package& package : setup.documents.media_plan.packages) {
    if (package.budget_allocation.value != "fixed") continue;
    auto& flight = fixed[setup.desired.slug + "/" + Slug(package.name.value)];
    if (!package.budget || (package.always_on && package.always_on->value)) continue;
    flight =
        PlannedFlight{package.start ? package.start->value : brief.start.value,
                      package.end ? package.end->value : brief.end.value, package.budget->value};
  }
  MAXOPT_CHECK(SaveFixedBudgets(*world.store, client, setup.desired.slug, fixed, now));
  MAXOPT_TRY(const std::vector<Experiment> known, world.store->Experiments(client));
  for (Experiment experiment : setup.desired.experiments) {
    for (const Experiment& before : known) {
      if (before.id == experiment.id) experiment.status = before.status;
    }
    MAXOPT_CHECK(world.store->SaveExperiment(experiment));
  }
  return world.store->SaveWatches(client, setup.desired.slug, setup.desired.watches);
}

Result<std::optional<std::string>> SourceOf(const SetupWorld& world, const std::string& client,
                                            const std::string& slug) {
  MAXOPT_TRY(const std::vector<Document> documents, world.store->Documents(client, "setup_source"));
  for (const Document& document : documents) {  // newest first
    if (document.name == slug) return std::optional<std::string>(document.content);
  }
  return std::optional<std::string>();
}

Result<std::vector<Experiment>> MoveExperiments(const SetupWorld& world, const Setup& setup,
                                                const LiveState& live) {
  MAXOPT_TRY(std::vector<Experiment> experiments, world.store->Experiments(setup.desired.client));
  std::vector<Experiment> moved;
  for (Experiment& experiment : experiments) {
    if (!experiment.id.starts_with(setup.desired.slug + "/")) continue;
    bool on = true;
    for (const ExperimentArm& arm : experiment.arms) {
      for (const std::string& address : arm.addresses) on = on && IsOn(live, address);
    }
    if (experiment.status == "running" && setup.today > experiment.end) {
      experiment.status = "ended";
    } else if (experiment.status == "running" && !on) {
      experiment.status = "stopped";  // an arm that is off compares nothing
    } else if (experiment.status == "planned" && setup.today <= experiment.end && on) {
      experiment.status = "running";
    } else {
      continue;
    }
    MAXOPT_CHECK(world.store->SaveExperiment(experiment));
    moved.push_back(experiment);
  }
  return moved;
}

Result<std::vector<Message>> HandOver(const SetupWorld& world, const Setup& setup,
                                      const LiveState& live, const Checklist& checklist) {
  SetupState state{&setup.documents, &setup.desired, &live, &checklist, {}, world.clock->Now()};
  MAXOPT_TRY(const std::vector<Plan> plans, world.store->Plans(std::nullopt, kAllPlans));
  for (const Plan& plan : plans) {
    const bool about = plan.client == setup.desired.client &&
                       std::any_of(plan.changes.begin(), plan.changes.end(), [&](const Change& c) {
                         return c.address.starts_with(setup.desired.slug + "/");
                       });
    if (about) state.plans.push_back(plan);
  }
  std::vector<Message> out;
  for (Message& message : SetupMessages(state)) {
    MAXOPT_TRY(Message kept, world.store->SaveMessage(std::move(message)));
    out.push_back(std::move(kept));
  }
  return out;
}

}  // namespace maxopt
