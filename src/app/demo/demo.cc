#include "app/demo/demo.h"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>

#include "app/cycle/cycle.h"
#include "app/home/home.h"
#include "connect/exports/exports.h"
#include "sim/world/world.h"
#include "stages/setup/launch/launch.h"

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr const char* kClient = "Alpenglow";
constexpr Platform kPlatforms[] = {Platform::kGoogleAds, Platform::kMeta, Platform::kTikTok};

double Units(std::int64_t micros) { return static_cast<double>(micros) / 1e6; }

/// "12 345": thousands grouped by spaces.
std::string Whole(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  const std::size_t start = digits.starts_with('-') ? 1 : 0;
  for (std::size_t at = digits.size(); at > start + 3; at -= 3) digits.insert(at - 3, " ");
  return digits;
}

/// One line that is rewritten on a terminal and left out elsewhere, but for milestones.
class Progress {
 public:
  void Show(const std::string& text, bool milestone) {
    if (::isatty(STDOUT_FILENO)) {
      fmt::print("\r\033[K  {}", text);
      open_ = true;
    } else if (milestone) {
      fmt::print("  {}\n", text);
    }
    std::fflush(stdout);
  }
  void Done() {
    if (open_) fmt::print("\r\033[K");
    open_ = false;
    std::fflush(stdout);
  }

 private:
  bool open_ = false;
};

/// A world with its past, and Max's home pointed at it over sockets.
struct Stage {
  std::unique_ptr<sim::World> world;
  sim::History history;
  std::unique_ptr<Home> home;
};

Result<Stage> MakeStage(const DemoOptions& options, const std::string& folder, Day launch_day,
                        Progress& progress) {
  Stage stage;
  sim::WorldOptions world_options;
  world_options.seed = options.seed;
  world_options.first_day = launch_day - days(options.history_days);
  MAXOPT_TRY(stage.world, sim::World::Make(world_options));
  sim::HistoryOptions history;
  history.client = kClient;
  history.days = options.history_days;
  history.countries = {"DE", "AT", "CH"};
  history.on_day = [&](Day day) {
    progress.Show(fmt::format("a year of history: {}", PrintDay(day)), false);
  };
  MAXOPT_TRY(stage.history, sim::LiveThroughHistory(*stage.world, history));
  MAXOPT_CHECK(stage.world->Listen({}));
  progress.Done();

  MAXOPT_TRY(const std::vector<std::string> written, Home::Init(folder));
  (void)written;
  MAXOPT_TRY(const std::string connections, ConnectionsYaml(*stage.world));
  MAXOPT_CHECK(WriteWholeFile(folder + "/connections.yaml", connections));
  MAXOPT_TRY(const std::string policy, ReadWholeFile(options.examples + "/policy.yaml"));
  MAXOPT_CHECK(WriteWholeFile(folder + "/policy.yaml", policy));
  // The world owns its clock and outlives the home.
  std::shared_ptr<Clock> clock(std::shared_ptr<void>(), &stage.world->clock());
  MAXOPT_TRY(stage.home, Home::Open(folder, std::move(clock)));
  MAXOPT_TRY(const std::vector<Home::Connected> connected, stage.home->Connect());
  for (const auto& line : connected) {
    if (!line.ok) {
      return Fail(Errc::kUnavailable, PrintAccount(line.account) + ": " + line.what);
    }
  }
  return stage;
}

/// The client's own books arrive as the file that the shop exports.
Result<> ImportOrders(Stage& stage, Day from, Day to) {
  http::Request request;
  request.url = fmt::format("{}/shop/orders.csv?from={}&to={}", stage.world->control_origin(),
                            PrintDay(from), PrintDay(to));
  request.idempotent = true;
  MAXOPT_TRY(const http::Response response,
             http::MakeCurlTransport()->Send(request, http::After(std::chrono::seconds(30))));
  if (response.status != 200) return Fail(Errc::kBadAnswer, "the shop's export: " + response.body);
  const ExportFile file{"orders.csv", response.body};
  ExportOptions options;
  options.client = kClient;
  MAXOPT_TRY(const ExportImport import, ReadExports({&file, 1}, options));
  std::vector<KpiRow> rows;
  for (const ExportKpiDay& day : import.kpi) {
    rows.push_back({day.client, day.day, day.currency, day.orders, day.revenue});
  }
  MAXOPT_CHECK(stage.home->facts().LoadKpi(rows, stage.home->clock().Now(), "import orders.csv"));
  return {};
}

Result<ApplyReport> PassThroughTheDoor(Home& home, Plan draft, const std::string& by,
                                       std::string* plan_id = nullptr) {
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(draft.client));
  MAXOPT_TRY(const Plan plan, home.door().Propose(std::move(draft), policy ? &*policy : nullptr));
  if (plan_id) *plan_id = plan.id;
  if (plan.status == PlanStatus::kBlocked) {
    std::string what;
    for (const GuardFinding& finding : plan.findings) {
      if (finding.blocks) what += fmt::format("[{}] {}; ", finding.guard, finding.what);
    }
    return Fail(Errc::kRefused, fmt::format("plan {} is blocked: {}", plan.id, what));
  }
  MAXOPT_CHECK(home.door().Approve(plan.id, by, ContentHash(plan), policy ? &*policy : nullptr));
  MAXOPT_TRY(ApplyReport report, home.door().Apply(plan.id, "demo", policy ? &*policy : nullptr));
  if (report.status != PlanStatus::kVerified) {
    std::string what;
    for (const auto& line : report.lines) {
      if (line.state != ChangeState::kVerified) what += line.address + ": " + line.how + "; ";
    }
    return Fail(Errc::kUnknownOutcome,
                fmt::format("plan {} is {}: {}", plan.id, PlanStatusName(report.status), what));
  }
  return report;
}

struct Launched {
  Setup setup;
  int created = 0;
};

/// The old always-on campaigns end, the documents' are created paused, reviewed, and switched on.
Result<Launched> Launch(Stage& stage, const DemoOptions& options, bool tell) {
  Home& home = *stage.home;
  const SetupWorld world = home.setup_world();
  Launched launched;
  MAXOPT_TRY(const std::vector<DocumentFile> files, ReadDocumentFiles({options.examples}));
  MAXOPT_TRY(launched.setup, PrepareSetup(world, files, AssetsBeside({options.examples})));
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(kClient));
  const Checklist checklist = CheckSetup(world, launched.setup, policy ? &*policy : nullptr,
                                         nullptr, nullptr, CheckPhase::kBeforeLaunch);
  if (Blocks(checklist)) {
    return Fail(Errc::kInvalidArgument, ChecklistMarkdown(checklist));
  }
  if (tell) {
    fmt::print("  checklist: score {}, {} checks passed, {} to look at, {} not checked yet\n",
               checklist.score.value_or(0), checklist.passed, checklist.warned,
               checklist.not_checked);
  }
  LiveState live;
  std::vector<AccountId> ids;
  for (const Platform platform : kPlatforms) ids.push_back(stage.world->account(platform));
  MAXOPT_TRY(live.trees, home.ReadTrees(ids));
  Plan stop;
  stop.client = kClient;
  stop.title = "end the always-on campaigns";
  stop.created_by = "demo";
  for (const auto& [account, tree] : live.trees) {
    for (const Entity& entity : tree.entities) {
      if (entity.level != Level::kCampaign || TextField(entity.fields, "status") != kActive)
        continue;
      Change change;
      change.account = account;
      change.address = "campaign/" + entity.id;
      change.id = entity.id;
      change.before = {{"status", std::string(kActive)}};
      change.after = {{"status", std::string(kPaused)}};
      change.reason = Reason::kManual;
      change.why = "replaced by " + launched.setup.desired.campaign;
      stop.changes.push_back(std::move(change));
    }
  }
  if (!stop.changes.empty()) {
    MAXOPT_CHECK(PassThroughTheDoor(home, std::move(stop), "demo"));
  }
  MAXOPT_TRY(live, ReadLiveState(world, launched.setup.desired));
  MAXOPT_TRY(ThreeWay three_way, PlanSetup(world, launched.setup, live, {}));
  Plan& draft = three_way.plan;
  draft.created_by = "demo";
  MAXOPT_CHECK(KeepSetup(world, launched.setup, files, options.examples));
  const std::size_t wanted = draft.changes.size();
  std::map<Platform, int> per_platform;
  for (const Change& change : draft.changes) ++per_platform[change.account.platform];
  std::string id;
  MAXOPT_TRY(const ApplyReport report, PassThroughTheDoor(home, std::move(draft), "demo", &id));
  launched.created = static_cast<int>(wanted);
  if (tell) {
    fmt::print("  plan {}: {} objects created paused, each read back and verified (", id,
               report.lines.size());
    const char* separator = "";
    for (const auto& [platform, count] : per_platform) {
      fmt::print("{}{} on {}", separator, count, PlatformName(platform));
      separator = ", ";
    }
    fmt::print(")\n");
  }
  // The platforms review ads for some hours.
  stage.world->AdvanceTo(home.clock().Now() + hours(8));
  MAXOPT_TRY(live, ReadLiveState(world, launched.setup.desired));
  MAXOPT_TRY(Plan activation, CompileActivation(launched.setup.desired, live));
  activation.created_by = "demo";
  for (const std::string& note : activation.notes) {
    if (tell) fmt::print("  note: {}\n", note);
  }
  MAXOPT_CHECK(PassThroughTheDoor(home, std::move(activation), "demo", &id));
  if (tell) fmt::print("  plan {}: reviewed by the platforms and switched on\n", id);
  MAXOPT_TRY(live, ReadLiveState(world, launched.setup.desired));
  MAXOPT_TRY(const std::vector<Experiment> started, MoveExperiments(world, launched.setup, live));
  const Checklist after = CheckSetup(world, launched.setup, policy ? &*policy : nullptr, &live,
                                     nullptr, CheckPhase::kOnDemand);
  MAXOPT_TRY(const std::vector<Message> messages, HandOver(world, launched.setup, live, after));
  if (tell) {
    for (const Experiment& experiment : started) {
      fmt::print("  experiment \"{}\" runs: {} {} per arm wanted, its arms are locked until {}\n",
                 experiment.name, experiment.sample_per_arm, experiment.kpi,
                 PrintDay(experiment.end));
    }
    std::vector<std::string> recipients;
    for (const Message& message : messages) recipients.push_back(message.to);
    fmt::print("  outbox: reports for {} (maxopt outbox)\n", fmt::join(recipients, ", "));
  }
  return launched;
}

/// What the documents' daily budgets come to.
Money PlannedFor(const Desired& desired, int days_lived) {
  Money planned = Money::Zero(desired.currency);
  for (const DesiredObject& object : desired.objects) {
    if (const Money* daily = MoneyField(object.fields, "daily_budget")) {
      planned += daily->Times(days_lived);
    }
  }
  return planned;
}

struct Earned {
  double spend = 0;        // currency units
  double incremental = 0;  // truth
  double shop = 0;         // observed revenue
  std::map<std::pair<Platform, sim::Audience>, double> spend_by;
};

Earned Measure(sim::World& world, Day from, Day to) {
  Earned outcome;
  for (const sim::TruthDay& day : world.market().Truth(from, to)) {
    outcome.spend += Units(day.spend_micros);
    outcome.incremental += day.revenue_incremental;
    outcome.spend_by[{day.platform, day.audience}] += Units(day.spend_micros);
  }
  for (const sim::ShopDay& day : world.market().Shop(from, to)) {
    outcome.shop += Units(day.revenue_micros);
  }
  return outcome;
}

struct LoopResult {
  int proposed = 0;
  int applied = 0;
  int held = 0;  ///< days on which the evidence was too thin to move anything
  int pulls = 0;
  std::vector<std::string> stories;
  std::vector<std::string> problems;
};

/// One simulated day: every hour the market moves and the fresh numbers are read; in the morning
/// the restatement window is re-read, yesterday's orders arrive, and budgets are thought about.
Result<> LiveOneDay(Stage& stage, Day day, const DemoOptions& options, LoopResult& result) {
  Home& home = *stage.home;
  MAXOPT_TRY(const Zone zone, Zone::Find("Europe/Berlin"));
  int hour = 0;
  for (Instant at = zone.Begin(day) + hours(1); at <= zone.End(day); at += hours(1), ++hour) {
    stage.world->AdvanceTo(std::max(at, home.clock().Now()));
    MonitorOptions monitor;
    monitor.depth = hour == 5 ? MonitorDepth::kDay : MonitorDepth::kHour;
    MAXOPT_TRY(const MonitorReport pulled, Monitor(home.monitor_world(), kClient, monitor));
    for (const AccountPull& pull : pulled.accounts) {
      result.pulls += pull.reports;
      for (const std::string& problem : pull.problems) {
        result.problems.push_back(PrintDay(day) + " " + PrintAccount(pull.account) + ": " +
                                  problem);
      }
    }
    if (hour != 5) continue;
    MAXOPT_CHECK(ImportOrders(stage, day - days(3), day - days(1)));
    if (!options.optimize) continue;
    MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(kClient));
    RecommendOptions recommend;
    recommend.response.seed = options.seed;
    MAXOPT_TRY(Recommendation recommendation,
               Recommend(home.optimize_world(), kClient, policy ? &*policy : nullptr, recommend));
    if (!recommendation.plan) {
      ++result.held;
      continue;
    }
    ++result.proposed;
    const std::string why = recommendation.why;
    MAXOPT_TRY(const Plan plan, home.door().Propose(std::move(*recommendation.plan), &*policy));
    if (!Door::MayApproveItself(plan, *policy)) {
      for (const GuardFinding& finding : plan.findings) {
        if (finding.blocks) {
          result.problems.push_back(
              fmt::format("{} plan {} not applied: {}", PrintDay(day), plan.id, finding.what));
        }
      }
      continue;
    }
    MAXOPT_CHECK(
        home.door().Approve(plan.id, std::string(Door::kByPolicy), ContentHash(plan), &*policy));
    MAXOPT_TRY(const ApplyReport report, home.door().Apply(plan.id, "demo", &*policy));
    if (report.status != PlanStatus::kVerified) {
      result.problems.push_back(
          fmt::format("{} plan {} is {}", PrintDay(day), plan.id, PlanStatusName(report.status)));
      continue;
    }
    ++result.applied;
    result.stories.push_back(fmt::format("{}  {}  {}", PrintDay(day), plan.id, why));
  }
  return {};
}

void PrintResult(const Earned& max, const Earned& left_alone, const sim::Split& best,
                 const Launched& launched, const LoopResult& loop, int lived_days,
                 const std::string& report_path) {
  Money planned = PlannedFor(launched.setup.desired, lived_days);
  fmt::print("\nSpend against plan\n  planned {} EUR, spent {} EUR ({:.1f} %)\n",
             Whole(Units(planned.micros())), Whole(max.spend),
             100 * max.spend / Units(planned.micros()));
  fmt::print("  {:<34} {:>12} {:>14}\n", "", "with Max", "split kept");
  for (const auto& [key, spend] : left_alone.spend_by) {
    const auto mine = max.spend_by.find(key);
    fmt::print("  {:<34} {:>12} {:>14}\n",
               fmt::format("{} {}", PlatformName(key.first), sim::AudienceName(key.second)),
               Whole(mine == max.spend_by.end() ? 0 : mine->second), Whole(spend));
  }
  const double gain = max.incremental - left_alone.incremental;
  fmt::print("\nResult (truth of the simulated world, which Max cannot see)\n");
  fmt::print("  incremental revenue with Max           {:>12} EUR\n", Whole(max.incremental));
  fmt::print("  with the historical split, same seed   {:>12} EUR\n",
             Whole(left_alone.incremental));
  fmt::print("  difference                             {:>12} EUR ({:+.1f} %)\n", Whole(gain),
             100 * gain / left_alone.incremental);
  fmt::print("  incremental revenue per EUR spent      {:>12.2f} against {:.2f}\n",
             max.incremental / max.spend, left_alone.incremental / left_alone.spend);
  fmt::print(
      "  (the best fixed split of the same daily total, found with the truth in hand, would\n"
      "   bring about {} EUR in the long run over as many days)\n",
      Whole(best.revenue_per_day * lived_days));
  fmt::print(
      "\nWhat Max did\n  {} reports pulled; {} plans applied and verified, {} days without "
      "enough evidence to move anything\n",
      loop.pulls, loop.applied, loop.held);
  for (const std::string& story : loop.stories) fmt::print("  {}\n", story);
  for (const std::string& problem : loop.problems) fmt::print("  problem: {}\n", problem);
  fmt::print("\nReport\n  {}\n", report_path);
}

void PrintOwnUse(const std::string& home) {
  fmt::print(
      "\nLook around (the demo's home is a home like any other)\n"
      "  build/release/maxopt --home {0} plans\n"
      "  build/release/maxopt --home {0} query --by platform,campaign\n"
      "  build/release/maxopt --home {0} query --by platform --grain week --measures "
      "spend,conversions,roas\n"
      "\nUse it on your own data\n"
      "  build/release/maxopt --home ~/maxopt init               # writes connections.yaml, "
      "policy.yaml\n"
      "  build/release/maxopt --home ~/maxopt import export.csv  # or only look at exports you "
      "have\n"
      "  build/release/maxopt --home ~/maxopt connect            # with your credentials\n"
      "  build/release/maxopt --home ~/maxopt monitor --depth year\n"
      "  build/release/maxopt --home ~/maxopt plan my-campaign\n",
      home);
}

volatile std::sig_atomic_t interrupted = 0;
void OnInterrupt(int) { interrupted = 1; }

}  // namespace

Result<std::string> ConnectionsYaml(sim::World& world) {
  std::string yaml = "maxopt: connections/1\naccounts:\n";
  for (const Platform platform : kPlatforms) {
    yaml += fmt::format(
        "  - client: {}\n    platform: {}\n    id: \"{}\"\n    base_url: {}\n    version: {}\n"
        "    calls_per_second: 100\n",
        kClient, PlatformName(platform), world.account(platform).id, world.origin(platform),
        world.version(platform));
    if (platform == Platform::kGoogleAds) {
      yaml += fmt::format("    token_url: {}/token\n", world.origin(platform));
    }
    yaml += "    secrets:\n";
    for (const auto& [name, value] : world.credentials(platform)) {
      yaml += fmt::format("      {}: \"{}\"\n", name, value);
    }
  }
  return yaml;
}

Result<int> RunDemo(const DemoOptions& options) {
  namespace fs = std::filesystem;
  const auto started = std::chrono::steady_clock::now();
  const std::string marker = options.home + "/.demo";
  std::error_code error;
  if (fs::exists(options.home) && !fs::is_empty(options.home, error)) {
    if (!fs::exists(marker)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{} holds something that is not a demo; give --home another folder",
                              options.home));
    }
    fs::remove_all(options.home, error);
  }
  fs::create_directories(options.home + "/.left-alone", error);
  if (error) return Fail(Errc::kLocal, options.home + ": " + error.message());
  MAXOPT_CHECK(WriteWholeFile(marker, "made by maxopt demo\n"));

  MAXOPT_TRY(const std::vector<DocumentFile> files, ReadDocumentFiles({options.examples}));
  MAXOPT_TRY(const CampaignDocuments documents,
             ParseDocuments(files, AssetsBeside({options.examples})));
  const Day first = documents.brief.start.value;
  const Day last = first + days(options.days - 1);
  Progress progress;

  fmt::print("Max Optimizer demo, seed {}\n\nThe world\n", options.seed);
  MAXOPT_TRY(Stage stage, MakeStage(options, options.home, first, progress));
  for (const Platform platform : kPlatforms) {
    fmt::print("  {:<11} {} at {}\n", PlatformName(platform), stage.world->version(platform),
               stage.world->origin(platform));
  }
  fmt::print("  client {} with {} days of history: {} campaigns, {} budget changes, {} pauses\n",
             kClient, options.history_days, stage.history.campaigns.size(),
             stage.history.budget_changes, stage.history.pauses);
  progress.Show("reading a year of reports over the platforms' protocols", true);
  MonitorOptions backfill;
  backfill.depth = MonitorDepth::kYear;
  backfill.backfill_days = options.history_days;
  MAXOPT_TRY(const MonitorReport pulled, Monitor(stage.home->monitor_world(), kClient, backfill));
  std::int64_t rows = 0;
  for (const AccountPull& pull : pulled.accounts) {
    rows += pull.loaded.rows;
    for (const std::string& problem : pull.problems) fmt::print("  problem: {}\n", problem);
  }
  MAXOPT_CHECK(ImportOrders(stage, first - days(options.history_days), first - days(1)));
  progress.Done();
  fmt::print("  {} rows of reports and {} days of the shop's orders read\n", rows,
             options.history_days);

  fmt::print("\nLaunch: {} from the four documents in {}\n", documents.brief.campaign.value,
             options.examples);
  MAXOPT_TRY(const Launched launched, Launch(stage, options, true));

  fmt::print("\n{} days, hour by hour\n", options.days);
  LoopResult loop;
  for (Day day = first; day <= last; day += days(1)) {
    MAXOPT_CHECK(LiveOneDay(stage, day, options, loop));
    const auto n = (day - first).count() + 1;
    progress.Show(fmt::format("day {}/{}  {}  {} plans applied, {} reports pulled", n, options.days,
                              PrintDay(day), loop.applied, loop.pulls),
                  n % 10 == 0 || day == last);
  }
  progress.Done();
  MAXOPT_CHECK(ImportOrders(stage, last - days(3), last));
  MAXOPT_CHECK(Monitor(stage.home->monitor_world(), kClient, {.depth = MonitorDepth::kDay}));

  // The same world once more, the plan's split kept: common random numbers make the two comparable.
  progress.Show("the same world without the optimiser", false);
  MAXOPT_TRY(Stage left_alone, MakeStage(options, options.home + "/.left-alone", first, progress));
  MAXOPT_CHECK(Launch(left_alone, options, false));
  left_alone.world->AdvanceTo(stage.home->clock().Now());
  progress.Done();

  const Earned with_max = Measure(*stage.world, first, last);
  const Earned without = Measure(*left_alone.world, first, last);
  std::vector<std::pair<Platform, sim::Audience>> channels;
  for (const auto& [key, spend] : without.spend_by) channels.push_back(key);
  const sim::Split best =
      sim::BestSplit(stage.world->market(), channels, without.spend / options.days);

  ReportRequest request;
  request.client = kClient;
  request.from = first;
  request.to = last;
  request.by = "demo";
  MAXOPT_TRY(const MadeReport made, MakeReportCycle(*stage.home, request, false));
  const ReportEntry& report = made.entry;
  for (const char* form : {"html", "md"}) MAXOPT_CHECK(RenderReport(*stage.home, report.id, form));
  const std::string page = stage.home->PathOf(fmt::format("reports/{}/report.html", report.id));

  PrintResult(with_max, without, best, launched, loop, options.days, page);
  PrintOwnUse(options.home);
  fmt::print("\n{:.0f} s in all\n",
             std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  if (options.keep) {
    stage.home.reset();  // its lock, so that the command line can work in it
    fmt::print(
        "\nThe platform servers keep running; time stands still until it is moved:\n"
        "  export MAXOPT_CLOCK={0}/clock\n"
        "  curl -X POST {0}/clock/advance -d '{{\"hours\": 24}}'\n"
        "Ctrl-C ends it.\n",
        stage.world->control_origin());
    std::signal(SIGINT, OnInterrupt);
    std::signal(SIGTERM, OnInterrupt);
    while (!interrupted) ::pause();
  }
  return 0;
}

}  // namespace maxopt
