// The kinds of jobs that there are. A new kind is a function and one line in StandardJobs().
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "app/ask/teammates.h"
#include "app/canary/canary.h"
#include "app/conversions/conversions.h"
#include "app/cycle/cycle.h"
#include "app/insights/insights.h"
#include "app/lookout/lookout.h"
#include "app/optimize/optimize.h"
#include "app/reports/reports.h"
#include "app/rules/rules.h"
#include "app/tactics/tactics.h"
#include "app/team/team.h"
#include "app/trials/trials.h"
#include "app/worker/worker.h"
#include "memory/campaigns/alerts.h"
#include "memory/campaigns/database.h"
#include "memory/platforms/platforms.h"
#include "stages/optimize/score/score.h"

namespace maxopt {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

Result<JobOutcome> Collect(JobContext& context, MonitorDepth depth) {
  MonitorOptions options;
  options.depth = depth;
  options.account = context.account();
  MAXOPT_TRY(const MonitorReport report,
             Monitor(context.monitor_world(), context.job().spec.client, options));
  JobOutcome outcome;
  for (const AccountPull& pull : report.accounts) {
    outcome.detail =
        fmt::format("{} reports, {} rows; {} slices new, {} restated, {} fresh{}{}", pull.reports,
                    pull.loaded.rows, pull.loaded.slices_new, pull.loaded.slices_restated,
                    pull.fresh, pull.notices.empty() ? "" : "; ", fmt::join(pull.notices, "; "));
    outcome.problems = pull.problems;
    outcome.postponed = pull.postponed;
  }
  return outcome;
}
Result<JobOutcome> CollectHour(JobContext& context) {
  return Collect(context, MonitorDepth::kHour);
}
Result<JobOutcome> CollectDay(JobContext& context) { return Collect(context, MonitorDepth::kDay); }

Result<JobOutcome> Sunsets(JobContext& context) {
  MAXOPT_TRY(const std::vector<Connection> connections, context.home().Connections());
  const Day today = Zone::Utc().DayOf(context.home().clock().Now());
  JobOutcome outcome;
  std::vector<std::string> warnings;
  std::set<std::pair<Platform, std::string>> told;
  for (const Connection& connection : connections) {
    const Platform platform = connection.account.platform;
    if (connection.version.empty() || !told.insert({platform, connection.version}).second) continue;
    const auto finding = PlatformSpecs::BuiltIn().CheckVersion(platform, connection.version, today);
    if (!finding) continue;
    if (!finding->problem.empty()) {
      outcome.problems.push_back(finding->what + ": " + finding->problem);
    } else if (!finding->warning.empty()) {
      warnings.push_back(finding->what + ": " + finding->warning);
    }
  }
  outcome.detail = warnings.empty() ? fmt::format("{} versions in use, none ends soon", told.size())
                                    : fmt::format("{}", fmt::join(warnings, "; "));
  return outcome;
}

/// When each campaign (slug) of the client was last activated.
Result<std::map<std::string, Instant>> Activations(Home& home, const std::string& client) {
  MAXOPT_TRY(const std::vector<Plan> plans, home.store().Plans(std::nullopt, kAllPlans));
  std::map<std::string, Instant> out;
  for (const Plan& plan : plans) {
    const bool applied = plan.status == PlanStatus::kApplied ||
                         plan.status == PlanStatus::kVerified || plan.status == PlanStatus::kScored;
    if (plan.client != client || !applied || !plan.approval || !plan.approval->used_at) continue;
    for (const Change& change : plan.changes) {
      if (change.reason != Reason::kActivate || change.level != Level::kCampaign) continue;
      Instant& at = out[change.address.substr(0, change.address.find('/'))];
      at = std::max(at, *plan.approval->used_at);
    }
  }
  return out;
}

/// The checklists of the first hour and the first day after an activation.
Result<JobOutcome> Checklists(JobContext& context) {
  Home& home = context.home();
  const std::string& client = context.job().spec.client;
  const SetupWorld world = home.setup_world();
  MAXOPT_TRY(const auto activations, Activations(home, client));
  JobOutcome outcome;
  int ran = 0;
  for (const auto& [slug, activated] : activations) {
    MAXOPT_TRY(const std::vector<ChecklistRun> runs, home.store().Checklists(client, slug));
    for (const auto& [phase, after] :
         {std::pair{CheckPhase::kHour1, hours(1)}, std::pair{CheckPhase::kHour24, hours(24)}}) {
      const Instant now = home.clock().Now();
      // One that was missed by a week says nothing of the first hours.
      if (now < activated + after || now > activated + after + days(7)) continue;
      const bool done = std::any_of(runs.begin(), runs.end(), [&](const ChecklistRun& run) {
        return run.phase == CheckPhaseName(phase) && run.at >= activated;
      });
      if (done || context.stopping()) continue;
      const auto run = [&]() -> Result<Checklist> {
        MAXOPT_TRY(const std::optional<std::string> source, SourceOf(world, client, slug));
        if (!source) {
          return Fail(Errc::kNotFound, "where its documents are is not known");
        }
        MAXOPT_TRY(const std::vector<DocumentFile> files, ReadDocumentFiles({*source}));
        MAXOPT_TRY(const Setup setup, PrepareSetup(world, files, AssetsBeside({*source})));
        MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(client));
        MAXOPT_TRY(const LiveState live, ReadLiveState(world, setup.desired));
        return CheckSetup(world, setup, policy ? &*policy : nullptr, &live, nullptr, phase);
      };
      const auto checklist = run();
      if (!checklist) {
        outcome.problems.push_back(
            fmt::format("{} {}: {}", slug, CheckPhaseName(phase), checklist.error().what));
        continue;
      }
      MAXOPT_CHECK(home.store().SaveChecklist({client, slug, std::string(CheckPhaseName(phase)),
                                               now, checklist->score, ChecklistJson(*checklist)}));
      ++ran;
      outcome.detail += fmt::format("{}{} {}: {} failed", outcome.detail.empty() ? "" : "; ", slug,
                                    CheckPhaseName(phase), checklist->failed);
    }
  }
  if (ran == 0 && outcome.detail.empty()) outcome.detail = "no checklist was due";
  return outcome;
}

/// Checks the campaign memory and keeps seven copies of it. Facts can be read again from the
/// platforms, and DuckDB's file is whole after every commit, so they are not copied.
Result<JobOutcome> Backup(JobContext& context) {
  Home& home = context.home();
  const std::filesystem::path folder = home.PathOf("backups");
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return Fail(Errc::kLocal, fmt::format("{}: {}", folder.string(), error.message()));
  }
  const std::string day = PrintDay(Zone::Utc().DayOf(home.clock().Now()));
  const std::string path = folder / ("maxopt-" + day + ".db");
  const std::string beside = path + ".new";
  std::filesystem::remove(beside, error);
  MAXOPT_CHECK(home.store().database().Do([&](soci::session& sql) -> Result<> {
    std::string found;
    sql << "PRAGMA integrity_check(1)", soci::into(found);
    if (found != "ok") {
      return Fail(Errc::kLocal, fmt::format("maxopt.db is damaged: {}; go back to the newest copy "
                                            "in backups",
                                            found));
    }
    sql << "VACUUM INTO :f", soci::use(beside);
    return {};
  }));
  std::filesystem::rename(beside, path, error);
  if (error) return Fail(Errc::kLocal, fmt::format("{}: {}", path, error.message()));
  std::vector<std::string> copies;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("maxopt-") && name.ends_with(".db")) copies.push_back(entry.path());
  }
  std::ranges::sort(copies, std::greater());
  for (std::size_t i = 7; i < copies.size(); ++i) std::filesystem::remove(copies[i], error);
  return JobOutcome{"maxopt.db is whole; copied to " + path};
}

/// Cycles are kept whole for longer than any promise of theirs takes to be scored, then let go.
Result<JobOutcome> Forget(JobContext& context) {
  constexpr days kCyclesKeptFor{90};
  Home& home = context.home();
  MAXOPT_TRY(const int cycles, ForgetCycles(home.store(), home.clock().Now() - kCyclesKeptFor));
  return JobOutcome{fmt::format("{} decision cycles that ended over {} days ago were let go",
                                cycles, kCyclesKeptFor.count())};
}

/// What the worker does after each collection as well, for facts that came by other ways.
Result<JobOutcome> Live(JobContext& context) {
  if (!context.live()) return JobOutcome{"no live cache in this process"};
  static const JobRegistry registry = StandardJobs();
  MAXOPT_CHECK(RefreshLive(context.home(), *context.live(), registry, context.account()));
  return JobOutcome{"refreshed"};
}

Result<std::vector<Alert>> OpenAlerts(Home& home) {
  MAXOPT_TRY(std::vector<AlertEntry> entries, Alerts(home.store(), {}));
  std::vector<Alert> open;
  for (AlertEntry& entry : entries) open.push_back(std::move(entry.alert));
  return open;
}

/// What is wrong now, and the alerts that come of it. One Lookout serves every look of the process:
/// it keeps the models between them.
Result<JobOutcome> LookAround(JobContext& context, Lookout& lookout) {
  MAXOPT_TRY(const LookRun look, LookOnce(context.home(), context.job().spec.client, "worker",
                                          {&lookout, context.monitor_world()}));
  JobOutcome outcome;
  outcome.detail =
      fmt::format("{} conditions, {} alerts open, {} opened, {} resolved, {} told; {}",
                  look.conditions.size(), look.open, look.opened.size(), look.resolved.size(),
                  look.sent, look.cycle.empty() ? "nothing new" : look.cycle);
  outcome.problems = look.problems;
  if (!look.not_remembered.empty()) {
    outcome.problems.push_back("nothing was remembered: " + look.not_remembered);
  }
  if (context.live()) {
    MAXOPT_TRY(const std::vector<Alert> open, OpenAlerts(context.home()));
    MAXOPT_CHECK(PutLiveAlerts(*context.live(), open));
  }
  return outcome;
}

Result<JobOutcome> Outputs(JobContext& context, Lookout& lookout) {
  MAXOPT_TRY(const std::vector<Message> messages,
             lookout.WriteOutputs(context.home(), context.job().spec.client));
  return JobOutcome{fmt::format("{} messages in the outbox", messages.size())};
}

/// What the policy let pass without a person; what did not end well is a problem.
void AddActed(const std::vector<Acted>& acted, JobOutcome& outcome) {
  const auto applied =
      std::count_if(acted.begin(), acted.end(), [](const Acted& each) { return each.why.empty(); });
  outcome.detail += fmt::format("; {} plans were applied in the policy's name", applied);
  for (const Acted& each : acted) {
    if (each.status == PlanStatus::kFailed || each.status == PlanStatus::kApplying) {
      outcome.problems.push_back(fmt::format("{} is {}", each.plan, PlanStatusName(each.status)));
    }
  }
}

/// The client's rules: they propose. Where the policy acts, what it lets pass alone is applied; the
/// rest waits for a person.
Result<JobOutcome> Rules(JobContext& context) {
  const std::string& client = context.job().spec.client;
  MAXOPT_TRY(const std::optional<RulesFile> file, RulesOf(context.home(), client));
  if (!file || file->set.rules.empty()) return JobOutcome{"there are no rules of this client"};
  MAXOPT_TRY(const RulesRound round, RunRulesOf(context.home(), client, true));
  JobOutcome outcome;
  const RuleVerdict& verdict = round.run.verdict;
  outcome.detail = fmt::format(
      "{} judged, {} fired; {} changes in {} plans, {} notices, {} suppressed, {} "
      "alerts opened",
      verdict.judged, verdict.fired, verdict.changes.size(), round.run.plans.size(),
      verdict.notices.size(), verdict.suppressed.size(), round.alerts_opened);
  for (const RuleAccount& account : round.run.facts.accounts) {
    if (!account.hold.empty()) outcome.problems.push_back(account.hold);
  }
  MAXOPT_TRY(const std::optional<Policy> policy, context.home().PolicyOf(client));
  if (!policy || policy->mode != PolicyMode::kAct) return outcome;
  MAXOPT_TRY(const std::vector<Acted> acted, ActAlone(context.home(), round.run.plans, *policy));
  AddActed(acted, outcome);
  return outcome;
}

/// The optimiser's day, as a decision cycle. Where the policy recommends, its plans wait for a
/// person; where it acts, those within the envelope do not; where it observes, it only decides.
Result<JobOutcome> OptimizeDay(JobContext& context) {
  Home& home = context.home();
  const std::string& client = context.job().spec.client;
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(client));
  if (!policy) return JobOutcome{"there is no policy of this client: nothing is proposed"};
  // The client's rules have a job of their own.
  CycleRequest request{.stage = "optimize", .client = client, .by = "worker", .rules = false};
  request.act = policy->mode == PolicyMode::kAct;
  MAXOPT_TRY(const CycleRun cycle, RunStageCycle(home, request));
  MAXOPT_TRY(const OptimizeRun run, RoundOf(home, cycle));
  JobOutcome outcome;
  const auto waiting = std::count_if(run.round.items.begin(), run.round.items.end(),
                                     [](const RoundItem& item) { return !item.wait.empty(); });
  outcome.detail =
      fmt::format("{}: {} plans{}; {} things wait{}", run.cycle, run.plans.size(),
                  policy->mode == PolicyMode::kObserve ? " drafted, not proposed" : "", waiting,
                  run.no_budgets.empty() ? "" : "; no budgets: " + run.no_budgets);
  outcome.problems = run.problems;
  AddActed(run.acted, outcome);
  return outcome;
}

/// What is due, to each platform that tracking.yaml names for the client.
Result<JobOutcome> Conversions(JobContext& context) {
  MAXOPT_TRY(const std::vector<SentConversions> rounds,
             TellConversions(context.home(), context.job().spec.client,
                             [&context] { return context.stopping(); }));
  JobOutcome outcome;
  std::vector<std::string> told;
  for (const SentConversions& sent : rounds) {
    told.push_back(
        fmt::format("{}: {} new, {} done, {} being processed, {} refused, {} unknown, "
                    "{} to send",
                    sent.destination, sent.added, sent.done, sent.accepted, sent.refused,
                    sent.unknown, sent.waiting));
    if (!sent.problem.empty()) {
      outcome.problems.push_back(sent.destination + ": " + sent.problem);
    }
  }
  outcome.detail = rounds.empty() ? "send_conversions of tracking.yaml names nothing of this client"
                                  : fmt::format("{}", fmt::join(told, "; "));
  return outcome;
}

/// A failed flight is a problem, so that it is flown again within minutes: the second failure in a
/// row is what freezes decisions.
Result<JobOutcome> Canary(JobContext& context) {
  Home& home = context.home();
  MAXOPT_TRY(const TrackingConfig config, ReadTrackingConfig(home.folder()));
  MAXOPT_TRY(const std::vector<std::string> visits,
             CanaryVisits(home, config, context.job().spec.client));
  if (visits.empty()) return JobOutcome{"tracking.yaml has no site of this client"};
  CanaryOptions options;
  options.stopping = [&context] { return context.stopping(); };
  MAXOPT_TRY(const CanaryReport report, RunCanaries(home, visits, options));
  JobOutcome outcome;
  for (const SignalHealth& signal : report.signals) {
    const std::string told =
        fmt::format("{} is {}: {}", signal.name, SignalStateName(signal.state), signal.why);
    const bool well =
        signal.state != SignalState::kBroken && signal.state != SignalState::kDegraded;
    if (!well) outcome.problems.push_back(told);
    outcome.detail += (outcome.detail.empty() ? "" : "; ") + told;
  }
  if (report.signals.empty()) outcome.detail = "no visit ended at a site of tracking.yaml";
  return outcome;
}

Result<JobOutcome> Insights(JobContext& context) {
  MAXOPT_TRY(const std::vector<Message> messages,
             TellInsights(context.home(), context.job().spec.client));
  return JobOutcome{fmt::format("{} messages in the outbox", messages.size())};
}

/// The schedules of reports.yaml, each on the client's clock.
Result<JobOutcome> ScheduledReportsJob(JobContext& context) {
  Home& home = context.home();
  const ReportMaker make = [&home](const ReportRequest& request, bool tell) {
    return MakeReportOnce(home, request, tell);
  };
  const auto keep = [&context](const std::string& text) { return context.SaveProgress(text); };
  MAXOPT_TRY(const ScheduledReports report,
             RunReportSchedules(home, context.job().spec.client, home.clock().Now(),
                                context.job().progress, make, MakeNotifyWires().mail, keep));
  JobOutcome outcome{fmt::format("{} reports made, {} messages in the outbox, {} mails sent",
                                 report.made.size(), report.messages, report.mails)};
  outcome.problems = report.problems;
  return outcome;
}

/// What teammates put into folders and mailed, and what is due to them.
Result<JobOutcome> TeamJob(JobContext& context) {
  Home& home = context.home();
  MAXOPT_TRY(const TeamConfig config, ReadTeamConfig(home));
  MAXOPT_TRY(const int finished, FinishReceived(home, config));
  MAXOPT_TRY(const ReceivedRound folders, ReceiveFolders(home, config));
  MAXOPT_TRY(const ReceivedRound mails, ReceiveMails(home, config));
  MAXOPT_TRY(const OwnAnswerRound answers, AnswerTeammates(home, config));
  MAXOPT_TRY(const DeliveryRound round, DeliverTeam(home, config, MakeNotifyWires()));
  JobOutcome outcome{fmt::format("{} received, {} refused; {} sent, {} kept until fetched, {} wait",
                                 folders.received + mails.received + finished,
                                 folders.refused + mails.refused, round.sent, round.kept,
                                 round.waiting)};
  if (answers.answered + answers.left > 0) {
    outcome.detail +=
        fmt::format("; {} questions answered, {} left to a person", answers.answered, answers.left);
  }
  // What waits is tried again when it is due; a job that fails would only be tried sooner.
  if (!round.notes.empty()) outcome.detail += fmt::format("; {}", fmt::join(round.notes, "; "));
  outcome.problems = folders.problems;
  outcome.problems.insert(outcome.problems.end(), mails.problems.begin(), mails.problems.end());
  outcome.problems.insert(outcome.problems.end(), answers.problems.begin(), answers.problems.end());
  if (round.failed > 0) outcome.problems.push_back(fmt::format("{} given up", round.failed));
  return outcome;
}

/// Plans whose horizon has passed, against what they promised.
Result<JobOutcome> Score(JobContext& context) {
  Home& home = context.home();
  MAXOPT_TRY(const ScoreReport report,
             ScorePlans({&home.store(), &home.facts(), &home.clock()}, context.job().spec.client));
  MAXOPT_TRY(const LearnReport learnt, LearnTacticsOf(home, context.job().spec.client));
  std::vector<std::string> told = learnt.learnt;
  for (const ScoredOutcome& o : report.scored) {
    told.push_back(fmt::format("{}: promised {:.2f}, measured {:.2f} +- {:.2f} {} a day", o.plan,
                               o.predicted, o.measured, o.measured_sd, o.kpi));
  }
  return JobOutcome{told.empty() ? fmt::format("{} plans wait", report.not_yet.size())
                                 : fmt::format("{}", fmt::join(told, "; "))};
}

/// Trials switched, ended, put back and read; the rotating holdout kept.
Result<JobOutcome> Experiments(JobContext& context) {
  MAXOPT_TRY(const TrialRound round, AdvanceTrialsOf(context.home(), context.job().spec.client));
  JobOutcome outcome;
  outcome.problems = round.problems;
  outcome.detail = round.done.empty() ? fmt::format("{} wait", round.waiting.size())
                                      : fmt::format("{}", fmt::join(round.done, "; "));
  return outcome;
}

}  // namespace

void JobRegistry::Register(JobKind kind) {
  for (JobKind& known : kinds_) {
    if (known.kind == kind.kind) {
      known = std::move(kind);
      return;
    }
  }
  kinds_.push_back(std::move(kind));
}

const JobKind* JobRegistry::Find(std::string_view kind) const {
  const auto found = std::find_if(kinds_.begin(), kinds_.end(),
                                  [&](const JobKind& known) { return known.kind == kind; });
  return found == kinds_.end() ? nullptr : &*found;
}

JobRegistry StandardJobs() {
  constexpr auto kHome = JobScope::kHome;
  constexpr auto kClient = JobScope::kClient;
  constexpr auto kAccount = JobScope::kAccount;
  using Importance = JobImportance;
  // Hundreds of accounts do not begin in one second.
  const JobRules spread{.spread = minutes(3)};
  JobRegistry jobs;
  jobs.Register({"collect_hour", "today and yesterday of an account", kAccount, "5 * * * *",
                 Importance::kHigh, CollectHour, spread, true});
  jobs.Register({"collect_day", "an account's whole restatement window, names, breakdowns",
                 kAccount, "20 5 * * *", Importance::kNormal, CollectDay, spread, true});
  // Behind the collections of the hour. Urgent ones would run before there is anything to look at.
  const auto lookout = std::make_shared<Lookout>();
  jobs.Register({"look",
                 "all detectors, and the alerts that come of them",
                 kClient,
                 "12 * * * *",
                 Importance::kNormal,
                 [lookout](JobContext& context) { return LookAround(context, *lookout); },
                 {},
                 false,
                 false});
  // Behind the night's collection of whole days.
  jobs.Register({"rules",
                 "the client's rules: proposes plans, opens alerts",
                 kClient,
                 "30 7 * * *",
                 Importance::kNormal,
                 Rules,
                 {},
                 false,
                 false});
  // Behind the rules, so that what they propose today is left alone.
  jobs.Register({"optimize",
                 "budgets and every lever: proposes plans, applies what the policy lets pass",
                 kClient,
                 "50 7 * * *",
                 Importance::kNormal,
                 OptimizeDay,
                 {},
                 true,
                 false});
  jobs.Register({"outputs",
                 "what monitoring has to say to each teammate",
                 kClient,
                 "0 7 * * *",
                 Importance::kLow,
                 [lookout](JobContext& context) { return Outputs(context, *lookout); },
                 {},
                 false,
                 false});
  jobs.Register({"live", "the live cache of an account, from what is known", kAccount,
                 "*/5 * * * *", Importance::kUrgent, Live});
  jobs.Register({"checklists", "of the first hour and day after an activation", kClient,
                 "*/15 * * * *", Importance::kHigh, Checklists});
  jobs.Register({"conversions",
                 "conversions sent on to the platforms, as tracking.yaml says",
                 kClient,
                 "42 * * * *",
                 Importance::kHigh,
                 Conversions,
                 {},
                 false,
                 false});
  jobs.Register({"canary",
                 "a visit that is nobody's, from an ad's link to the platform's test end",
                 kClient,
                 "25 4 * * *",
                 Importance::kNormal,
                 Canary,
                 {},
                 false,
                 false});
  jobs.Register({"score",
                 "plans measured against what they promised",
                 kClient,
                 "40 6 * * *",
                 Importance::kLow,
                 Score,
                 {},
                 false,
                 false});
  // In the first hour of the client's day, so that a day is on one side; again when the books are
  // in.
  jobs.Register({"experiments",
                 "trials: switches what is due, puts back what is over, reads",
                 kClient,
                 "10 0,8 * * *",
                 Importance::kHigh,
                 Experiments,
                 {},
                 false,
                 false});
  jobs.Register({"insights",
                 "what optimisation has to say to each teammate",
                 kClient,
                 "10 7 * * *",
                 Importance::kLow,
                 Insights,
                 {},
                 false,
                 false});
  jobs.Register({"reports",
                 "reports that reports.yaml schedules: made, told, mailed",
                 kClient,
                 "*/15 * * * *",
                 Importance::kLow,
                 ScheduledReportsJob,
                 {},
                 false,
                 false});
  jobs.Register({"team", "messages of teammates from folders and mails, and to them", kHome,
                 "*/5 * * * *", Importance::kHigh, TeamJob});
  jobs.Register({"sunset", "platform versions that end soon", kHome, "10 6 * * *", Importance::kLow,
                 Sunsets});
  jobs.Register({"backup",
                 "integrity of the campaign memory, and a copy",
                 kHome,
                 "40 3 * * *",
                 Importance::kLow,
                 Backup,
                 {},
                 false,
                 false});
  // Behind the copy, which still has them.
  jobs.Register({"forget",
                 "decision cycles that ended over 90 days ago",
                 kHome,
                 "50 3 * * *",
                 Importance::kLow,
                 Forget,
                 {},
                 false,
                 false});
  jobs.open_alerts = OpenAlerts;
  return jobs;
}

}  // namespace maxopt
