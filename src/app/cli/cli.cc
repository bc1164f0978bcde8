#include "app/cli/cli.h"

#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "app/cli/canary.h"
#include "app/cli/commands.h"
#include "app/cli/families.h"
#include "app/demo/demo.h"

namespace maxopt {
namespace {

std::string DefaultHome() {
  if (const char* home = std::getenv("MAXOPT_HOME"); home && *home) return home;
  if (const char* user = std::getenv("HOME"); user && *user) return std::string(user) + "/.maxopt";
  return ".maxopt";
}

/// examples/ beside the program's source tree, or below the present folder.
std::string DefaultExamples() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  for (auto folder = program.parent_path(); folder.has_relative_path();
       folder = folder.parent_path()) {
    const auto candidate = folder / "examples" / "alpenglow";
    if (std::filesystem::exists(candidate / "brief.yaml")) {
      return std::filesystem::relative(candidate, error).string();
    }
  }
  return "examples/alpenglow";
}

int Finish(const CommandContext& context, const Result<int>& result) {
  std::fflush(stdout);
  if (result) return *result;
  const Error& error = result.error();
  if (context.json) {
    nlohmann::ordered_json out{{"code", ErrcName(error.code)}, {"what", error.what}};
    if (!error.platform_code.empty()) out["platform_code"] = error.platform_code;
    fmt::print("{}\n", nlohmann::ordered_json{{"error", out}}.dump(2));
  }
  fmt::print(stderr, "maxopt: {}{}\n", error.what,
             error.platform_code.empty() ? "" : " [" + error.platform_code + "]");
  return kExitError;
}

/// What is asked of a view, alike for showing and for exporting it.
void AddViewOptions(CLI::App& command, ViewArguments& view) {
  command.add_option("name", view.view, "of the view");
  command.add_option("--client", view.client, "only this one");
  command.add_option("--from", view.from, "first day");
  command.add_option("--to", view.to, "last day");
  command.add_option("--by", view.by, "levels and cuts: campaign,ad_group,ad,device,...");
  command.add_option("--metrics", view.metrics, "spend,clicks,cpa,roas,...");
  command.add_option("--compare", view.compare, "previous, year or plan");
  command.add_option("--filter", view.filters, "DIMENSION=VALUE,VALUE, by id or name")
      ->allow_extra_args(false);
  command.add_option("--set", view.set, "the view's own parameters: NAME=VALUE")
      ->allow_extra_args(false);
  command.add_option("--as-of", view.as_of, "as it was known then (RFC 3339)");
  command.add_option("--sort", view.sort, "a column; with - in front descending");
  command.add_option("--limit", view.limit, "rows of a page");
  command.add_option("--cursor", view.cursor, "of the page before");
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  CLI::App app{
      "Max Optimizer: sets paid-media campaigns up, watches, optimises and reports them.\n"
      "Nothing is written to a platform except by an approved plan.\n"
      "Exit codes: 0 nothing wrong (plan: no change), 1 error, 2 changes pending."};
  app.require_subcommand(1);
  app.set_version_flag("--version", "maxopt 0.1.0");
  app.fallthrough();
  CommandContext context;
  bool home_given = false;
  app.add_option_function<std::string>(
      "--home", [&](const std::string& folder) { context.home = folder, home_given = true; },
      "everything Max keeps lives here (default: $MAXOPT_HOME, else ~/.maxopt)");
  app.add_flag("--json", context.json, "answer as JSON on standard output");

  std::function<Result<int>()> run;
  const auto command = [&](CLI::App* parent, const char* name, const char* help) {
    return parent->add_subcommand(name, help);
  };

  DemoOptions demo;
  auto* demo_command = command(&app, "demo", "the whole job on simulated platforms, over sockets");
  demo_command->add_option("--seed", demo.seed, "of the simulated world")->capture_default_str();
  demo_command->add_option("--days", demo.days, "to live through after the launch")
      ->check(CLI::Range(1, 365))
      ->capture_default_str();
  demo_command->add_option("--history", demo.history_days, "days of history before it")
      ->check(CLI::Range(90, 730))
      ->capture_default_str();
  demo_command->add_option("--examples", demo.examples,
                           "folder with the four documents and policy.yaml");
  demo_command->add_flag("--keep", demo.keep, "leave the platform servers running at the end");
  demo_command->callback([&] {
    run = [&] {
      demo.home = home_given ? context.home : "build/demo";
      if (demo.examples.empty()) demo.examples = DefaultExamples();
      return RunDemo(demo);
    };
  });

  command(&app, "init", "write templates of connections, policy, alerts, jobs and reports")
      ->callback([&] { run = [&] { return InitCommand(context); }; });
  command(&app, "connect", "read the accounts of connections.yaml and keep them")->callback([&] {
    run = [&] { return ConnectCommand(context); };
  });
  command(&app, "doctor", "check files, memories and reachability")->callback([&] {
    run = [&] { return DoctorCommand(context); };
  });

  ImportArguments import;
  auto* import_command =
      command(&app, "import",
              "load CSV exports, connector tables or orders as facts; all of it or nothing");
  import_command->add_option("files", import.files, "CSV files; several may complete each other")
      ->required();
  import_command->add_option("--client", import.client, "whose orders they are");
  import_command->add_option("--account", import.account, "account id, where the files name none");
  import_command->add_option("--platform", import.platform, "platform, where it cannot be told");
  import_command->add_option("--currency", import.currency, "ISO 4217, where the files name none");
  import_command->add_option("--day", import.day, "day of rows that carry none");
  import_command->add_option("--year", import.year, "year of days written without one");
  import_command->add_option("--decimal", import.decimal, "decimal mark, where it could be either")
      ->check(CLI::IsMember({".", ","}));
  import_command->callback([&] { run = [&] { return ImportCommand(context, import); }; });

  QueryArguments query;
  auto* query_command = command(&app, "query", "answer any roll-up of the facts");
  query_command
      ->add_option(
          "--measures", query.measures,
          "spend, impressions, clicks, conversions, revenue, ctr, cpc, cpm, cvr, cpa, roas, "
          "impression_share, lost_to_budget, lost_to_rank")
      ->capture_default_str();
  query_command->add_option(
      "--by", query.by,
      "platform, account, campaign, ad_group, ad, device, country, placement, "
      "age_gender, keyword, search_term, audience, creative, currency");
  query_command->add_option("--filter", query.filters, "dimension=value,value or dimension!=value");
  query_command->add_option("--from", query.from, "first day");
  query_command->add_option("--to", query.to, "last day");
  query_command->add_option("--grain", query.grain, "none, hour, day, week or month")
      ->capture_default_str();
  query_command->add_option("--as-of", query.as_of, "as it was known then (RFC 3339)");
  query_command->add_option("--level", query.level, "account, campaign, ad_group or ad");
  query_command->add_option("--convert-to", query.convert_to,
                            "all money in this currency, each day at its rate (maxopt fx import)");
  query_command->add_flag("--csv", query.csv, "answer as CSV");
  query_command->add_flag("--explain", query.explain, "show the SQL instead");
  query_command->callback([&] { run = [&] { return QueryCommand(context, query); }; });

  CheckArguments check;
  auto* check_command = command(&app, "check", "run a campaign's checklist; sends nothing");
  check_command->add_option("documents", check.paths, "folder of the four documents, or the files")
      ->required();
  check_command->add_option("--phase", check.phase, "before_launch, hour_1, hour_24 or on_demand")
      ->capture_default_str();
  check_command->add_flag("--landing", check.landing, "also fetch the landing pages");
  check_command->add_flag("--browser", check.browser, "and load them in a headless browser");
  check_command->add_flag("--verbose", check.verbose, "what passed as well");
  check_command->callback([&] {
    check.landing = check.landing || check.browser;
    run = [&] { return CheckCommand(context, check); };
  });
  LintArguments lint;
  auto* lint_command =
      command(&app, "lint",
              "judge texts and files of ads by every rule known; of documents or as they run");
  lint_command
      ->add_option("target", lint.targets, "a document with creatives, a folder, or a client")
      ->required();
  lint_command->add_option("--platform", lint.platforms,
                           "judge for this one, whether this product writes to it or not");
  lint_command->callback([&] { run = [&] { return LintCommand(context, lint); }; });
  PlanArguments plan_arguments;
  const auto documents = [&](const char* name, const char* help,
                             Result<int> (*function)(const CommandContext&, const PlanArguments&)) {
    auto* sub = command(&app, name, help);
    sub->add_option("documents", plan_arguments.paths, "folder of the four documents, or the files")
        ->required();
    sub->add_option("--by", plan_arguments.by, "who makes the plan (default: the system's user)");
    sub->callback(
        [&, function] { run = [&, function] { return function(context, plan_arguments); }; });
    return sub;
  };
  documents("plan", "show what the documents would change; sends nothing", PlanCommand)
      ->add_option("--force-field", plan_arguments.force_fields,
                   "ADDRESS.FIELD that someone else changed, to be overwritten all the same");
  documents("activate", "plan to switch on what the documents' plan created", ActivateCommand);
  std::vector<std::string> paths;
  const auto reading = [&](const char* name, const char* help,
                           Result<int> (*function)(const CommandContext&,
                                                   const std::vector<std::string>&)) {
    auto* sub = command(&app, name, help);
    sub->add_option("documents", paths, "folder of the four documents, or the files")->required();
    sub->callback([&, function] { run = [&, function] { return function(context, paths); }; });
  };
  reading("matrix", "what becomes of every field of the documents", MatrixCommand);
  reading("handover", "write the four outputs of set-up into the outbox", HandOverCommand);
  AdoptArguments adopt;
  auto* adopt_command = command(&app, "adopt", "take existing campaigns over, as documents");
  adopt_command->add_option("client", adopt.client, "whose accounts")->required();
  adopt_command->add_option("--account", adopt.accounts, "only these, like meta/880011223344");
  adopt_command->add_option("--campaign", adopt.campaign, "name to keep them under")
      ->capture_default_str();
  adopt_command->add_option("--out", adopt.out, "folder for the documents")->capture_default_str();
  adopt_command->callback([&] { run = [&] { return AdoptCommand(context, adopt); }; });
  std::string to;
  std::string message;
  auto* outbox_command = command(&app, "outbox", "what was said to the teammates");
  outbox_command->add_option("message", message, "show this one");
  outbox_command->add_option("--to", to, "carlos, james, zara, lucas, maya, ...");
  outbox_command->callback([&] { run = [&] { return OutboxCommand(context, to, message); }; });

  TemplateArguments blank;
  auto* template_command = command(&app, "template", "an empty document to fill in");
  template_command
      ->add_option("kind", blank.kind,
                   "brief, media_plan, creatives, buys; as sheets also assets, guidelines, kpis, "
                   "conversions, experiments; workbook")
      ->required();
  const auto as_form = [&](const char* flag, const char* form, const char* help) {
    template_command->add_flag_callback(
        flag, [&blank, form] { blank.form = form; }, help);
  };
  as_form("--csv", "csv", "as a CSV sheet");
  as_form("--yaml", "yaml", "as YAML (the default)");
  as_form("--xlsx", "xlsx", "as a workbook; needs --out");
  template_command->add_option("--out", blank.out, "file to write; must not be there yet");
  template_command->callback([&] { run = [&] { return TemplateCommand(blank); }; });
  std::string schema_kind;
  auto* schema_command = command(&app, "schema", "the JSON Schema of a document");
  schema_command->add_option("kind", schema_kind, "brief, media_plan, creatives or buys")
      ->required();
  schema_command->callback([&] { run = [&] { return SchemaCommand(schema_kind); }; });

  std::string plan_id;
  std::string by;
  std::string status;
  bool journal = false;
  auto* plans_command = command(&app, "plans", "list plans, newest first");
  plans_command->add_option("--status", status, "only these");
  plans_command->callback([&] { run = [&] { return PlansCommand(context, status); }; });
  const auto with_plan = [&](const char* name, const char* help) {
    auto* sub = command(&app, name, help);
    sub->add_option("plan", plan_id, "id of the plan")->required();
    return sub;
  };
  auto* show_command = with_plan("show", "show a plan, or its journal");
  show_command->add_flag("--journal", journal, "every step of every change, and how it is known");
  show_command->callback([&] { run = [&] { return ShowCommand(context, plan_id, journal); }; });
  auto* approve_command = with_plan("approve", "approve a guarded plan");
  approve_command->add_option("--by", by, "who approves")->required();
  approve_command->callback([&] { run = [&] { return ApproveCommand(context, plan_id, by); }; });
  auto* reject_command = with_plan("reject", "reject a plan");
  reject_command->add_option("--by", by, "who rejects (default: the system's user)");
  reject_command->callback([&] { run = [&] { return RejectCommand(context, plan_id, by); }; });
  auto* apply_command =
      with_plan("apply", "send an approved plan, or go on with one that was cut off");
  apply_command->add_option("--by", by, "who applies (default: the system's user)");
  apply_command->callback([&] { run = [&] { return ApplyCommand(context, plan_id, by); }; });
  UndoArguments undo;
  auto* undo_command = command(&app, "undo", "plan the inverse of what a plan did");
  undo_command->add_option("plan", undo.plan, "id of the plan")->required();
  undo_command->add_option("--by", undo.by, "who asks (default: the system's user)");
  undo_command->add_option("--only", undo.only,
                           "only these: ADDRESS with what is below it, or ADDRESS#FIELD");
  undo_command->add_flag("--force", undo.force, "also what someone changed since");
  undo_command->callback([&] { run = [&] { return UndoCommand(context, undo); }; });
  ResolveArguments resolve;
  auto* resolve_command =
      command(&app, "resolve", "say what became of a change whose outcome cannot be read");
  resolve_command->add_option("plan", resolve.plan, "id of the plan")->required();
  resolve_command->add_option("change", resolve.change, "its number, key or address")->required();
  resolve_command->add_option("--found", resolve.found, "it is there: the platform's id");
  resolve_command->add_flag("--absent", resolve.absent, "it did not happen");
  resolve_command->add_option("--by", resolve.by, "who says so (default: the system's user)");
  resolve_command->callback([&] { run = [&] { return ResolveCommand(context, resolve); }; });
  std::string orphans_of;
  auto* orphans_command = command(
      &app, "orphans", "what carries our marks but is not recorded, and the other way round");
  orphans_command->add_option("--client", orphans_of, "only this one");
  orphans_command->callback([&] { run = [&] { return OrphansCommand(context, orphans_of); }; });

  SegmentArguments segments;
  auto* segments_command = command(
      &app, "segments", "what does better or worse than what it belongs to, by money at stake");
  segments_command->add_option("client", segments.client, "whose")->required();
  segments_command->add_option("--kpi", segments.kpi, "cpa, roas or ctr")->capture_default_str();
  segments_command->add_option("--days", segments.days, "how many")->capture_default_str();
  segments_command->add_option("--cut", segments.cuts,
                               "campaign, device, country, placement, age_gender, keyword, "
                               "search_term, audience, creative, hour (default: all)");
  segments_command->add_flag("--tell", segments.tell,
                             "put optimisation's messages to the team into the outbox");
  segments_command->callback([&] { run = [&] { return SegmentsCommand(context, segments); }; });
  AddMemoryCommands(app, context, run);
  AddCycleCommands(app, context, run);
  AddTeamCommands(app, context, run);
  LedgerArguments ledger;
  std::string client_of_scores;
  bool measure_first = false;
  auto* ledger_command = command(&app, "ledger", "what was proposed, approved, done and measured");
  ledger_command->add_option("--client", ledger.client, "only this one");
  ledger_command->add_option("--plan", ledger.plan, "only this plan");
  ledger_command->add_option("--event", ledger.event,
                             "proposed, approved, rejected, applying, done or measured");
  ledger_command->add_option("--limit", ledger.limit, "the newest so many")->capture_default_str();
  ledger_command->add_flag("--check", ledger.check, "walk the whole chain; 1 when it is broken");
  ledger_command->add_option("--known-head", ledger.known_head,
                             "a digest noted before: it must still be in the chain");
  ledger_command->callback([&] { run = [&] { return LedgerCommand(context, ledger); }; });
  auto* scores_command =
      command(&app, "scores", "how good the predictions were, and what that has earned");
  scores_command->add_option("--client", client_of_scores, "only this one");
  scores_command->add_flag("--measure", measure_first, "first measure the plans that are due");
  scores_command->callback([&] {
    run = [&] {
      return measure_first ? ScoreCommand(context, client_of_scores)
                           : ScoresCommand(context, client_of_scores);
    };
  });

  ViewArguments view;
  auto* view_command =
      command(&app, "view", "what the dashboard's pages show; without a name the list of them");
  AddViewOptions(*view_command, view);
  view_command->callback([&] { run = [&] { return ViewCommand(context, view); }; });
  ExportArguments exported;
  auto* export_command = command(&app, "export", "a view as CSV, JSON Lines, XLSX or Parquet");
  AddViewOptions(*export_command, exported.view);
  export_command->add_option("--form", exported.form, "csv, jsonl, xlsx or parquet");
  export_command->add_option("--out", exported.out, "file; its name may tell the form");
  export_command->add_flag("--all", exported.all,
                           "every view, and the nine reports of dbt_ad_reporting");
  export_command->add_option("--dir", exported.folder, "where all are written to");
  export_command->callback([&] { run = [&] { return ExportCommand(context, exported); }; });
  ArchiveArguments archived;
  auto* archive_command =
      command(&app, "archive", "everything of a client or a campaign as files with a manifest");
  archive_command->add_option("campaign", archived.campaign,
                              "as set up, by key or id; left out: everything of the client");
  archive_command->add_option("--client", archived.client, "whose");
  archive_command->add_option("--out", archived.out, "folder of its own")->required();
  archive_command->callback([&] { run = [&] { return ArchiveCommand(context, archived); }; });
  std::string archive_folder;
  bool check_only = false;
  auto* restore_command =
      command(&app, "restore", "check an archive and load it into an empty home");
  restore_command->add_option("folder", archive_folder, "of the archive")->required();
  restore_command->add_flag("--check", check_only, "compare the digests only");
  restore_command->callback(
      [&] { run = [&] { return RestoreCommand(context, archive_folder, check_only); }; });
  SqlArguments asked;
  auto* sql_command =
      command(&app, "sql", "one read-only question to the facts: docs/exports.md, docs/facts.md");
  sql_command->add_option("statement", asked.sql, "SELECT ...")->required();
  sql_command->add_option("--rows", asked.rows, "at most so many in the answer")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  sql_command->add_option("--seconds", asked.seconds, "at most so long")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  sql_command->callback([&] { run = [&] { return SqlCommand(context, asked); }; });

  bool off = false;
  auto* halt_command = command(&app, "halt", "send nothing but pauses and cuts from now on");
  halt_command->add_flag("--off", off, "lift it");
  halt_command->callback([&] { run = [&] { return HaltCommand(context, !off); }; });

  std::string client;
  std::string depth = "day";
  auto* monitor_command = command(&app, "monitor", "pull all platforms and restate the facts");
  monitor_command->add_option("--client", client, "only this one");
  monitor_command->add_option("--depth", depth, "hour, day (restatement window) or year")
      ->capture_default_str();
  QualityArguments quality;
  auto* quality_command =
      command(&app, "quality", "how far each account's days can be trusted, and why");
  quality_command->add_option("--client", quality.client, "only this one");
  quality_command->add_option("--account", quality.account, "only this one: platform/id");
  quality_command->add_option("--from", quality.from, "first day of the account (a week ago)");
  quality_command->add_option("--to", quality.to, "last day of the account (today)");
  quality_command->callback([&] { run = [&] { return QualityCommand(context, quality); }; });
  monitor_command->callback([&] { run = [&] { return MonitorCommand(context, client, depth); }; });

  bool outputs = false;
  auto* look_command = command(
      &app, "look", "run all detectors now: what is wrong, what was paused, which alerts it opens");
  look_command->add_option("--client", client, "only this one");
  look_command->add_flag("--outputs", outputs, "also write monitoring's reports to the outbox");
  look_command->callback([&] { run = [&] { return LookCommand(context, client, outputs); }; });

  bool dry = false;
  auto* recommend_command = command(&app, "recommend", "propose budgets by marginal return");
  recommend_command->add_option("client", client, "client; may be left out when there is one");
  recommend_command->add_flag("--dry-run", dry, "show it without storing a plan");
  recommend_command->callback(
      [&] { run = [&] { return RecommendCommand(context, client, !dry); }; });

  OptimizeArguments optimize;
  auto* optimize_command =
      command(&app, "optimize",
              "budgets, bids, hours, places, devices, people, searches, creatives: what to change");
  optimize_command->add_option("client", optimize.client, "may be left out when there is one");
  optimize_command->add_option("--lever", optimize.levers, "only these; maxopt levers lists them");
  optimize_command->add_option("--days", optimize.days, "how far back levers look")
      ->check(CLI::Range(14, 400));
  optimize_command->add_flag("--no-tactics", optimize.no_tactics,
                             "predictions as the levers make them");
  optimize_command->add_flag("--propose", optimize.propose, "store what is worth doing as plans");
  optimize_command->add_flag("--act", optimize.act,
                             "... and apply those that the policy lets pass without a person");
  optimize_command->callback([&] { run = [&] { return OptimizeCommand(context, optimize); }; });
  command(&app, "levers", "what the optimiser can change beside budgets")->callback([&] {
    run = [&] { return LeversCommand(context); };
  });
  ScenarioArguments scenario;
  auto* scenario_command =
      command(&app, "scenario", "what if: budgets, channels off, targets, side by side");
  scenario_command->add_option("client", scenario.client, "whose")->required();
  scenario_command->add_option("--file", scenario.file, "scenarios in YAML: docs/scenarios.md");
  scenario_command->add_option("--budget", scenario.budgets, "-20%, +20% or an amount a day")
      ->allow_extra_args(false);
  scenario_command->add_option("--off", scenario.off, "a channel without budget")
      ->allow_extra_args(false);
  scenario_command
      ->add_option("--set", scenario.set,
                   "CHANNEL=AMOUNT a day, in the channel's currency or as \"40 EUR\"")
      ->allow_extra_args(false);
  scenario_command
      ->add_option("--target", scenario.targets,
                   "marginal_roas=2, average_roas=3, marginal_cpa=30, average_cpa=25")
      ->allow_extra_args(false);
  scenario_command->add_flag("--best", scenario.best, "the best split of the present total");
  scenario_command->add_flag("--equal", scenario.equal, "the same for each channel");
  scenario_command->add_option("--margin", scenario.margin,
                               "part of revenue that is left before media; without it no profit");
  scenario_command->callback([&] { run = [&] { return ScenarioCommand(context, scenario); }; });

  std::string rules_file;
  bool rules_propose = false;
  auto* rules_command =
      command(&app, "rules", "a client's own rules (rules.yaml): they only propose");
  rules_command->require_subcommand(1);
  auto* rules_check = command(rules_command, "check", "what is wrong with the rules, by line");
  rules_check->add_option("file", rules_file, "this one instead of the home's");
  rules_check->callback([&] { run = [&] { return RulesCheckCommand(context, rules_file); }; });
  auto* rules_run =
      command(rules_command, "run", "what they would propose now, and why nothing else");
  rules_run->add_option("--client", client, "may be left out when there is one rules file");
  auto* propose_flag =
      rules_run->add_flag("--propose", rules_propose, "store the plans and open the alerts");
  bool rules_dry = false;
  rules_run
      ->add_flag("--dry-run", rules_dry,
                 "show it without storing anything; so it is without --propose")
      ->excludes(propose_flag);
  rules_run->callback(
      [&] { run = [&] { return RulesRunCommand(context, client, rules_propose); }; });
  RulesBacktestArguments backtest;
  auto* rules_backtest =
      command(rules_command, "backtest", "what they would have done, on the facts as known then");
  rules_backtest->add_option("--client", backtest.client,
                             "may be left out when there is one rules file");
  rules_backtest->add_option("--file", backtest.file, "these rules instead of the home's");
  rules_backtest->add_option("--from", backtest.from, "first day")->required();
  rules_backtest->add_option("--to", backtest.to, "last day")->required();
  rules_backtest->add_option("--hour", backtest.hour, "of the client's clock, each day")
      ->check(CLI::Range(0, 23))
      ->capture_default_str();
  rules_backtest->callback([&] { run = [&] { return RulesBacktestCommand(context, backtest); }; });
  command(rules_command, "template", "a commented file to begin with")->callback([&] {
    run = [] { return RulesTemplateCommand(); };
  });

  ReportArguments report;
  auto* report_command =
      command(&app, "report", "make a report: archived, and written in the forms asked for");
  report_command->add_option("client", report.client, "client; may be left out when there is one");
  report_command->add_option("--kind", report.kind,
                             "performance channels creatives efficiency strategy dashboard");
  report_command->add_option("--audience", report.audience, "executive client operator auditor");
  report_command->add_option("--language", report.language, "en de");
  report_command->add_option("--campaign-type", report.campaign_type,
                             "awareness traffic leads sales app: which KPIs lead");
  report_command->add_option("--template", report.template_name, "of reports.yaml");
  report_command->add_option("--from", report.from, "first day (default: 28 days)");
  report_command->add_option("--to", report.to, "last day (default: yesterday)");
  report_command->add_option("--as-of", report.as_of, "what was known then (RFC 3339)");
  report_command->add_option("--form", report.forms, "html pdf xlsx csv json md eml, with commas");
  report_command->add_option("--out", report.out, "folder (default: the report's own)");
  report_command->add_option("--by", report.by, "who asks");
  report_command->add_flag("--tell", report.tell, "also put its messages into the outbox");
  report_command->callback([&] { run = [&] { return ReportCommand(context, report); }; });
  std::string reports_client, report_id, report_forms = "html", report_out;
  auto* reports = command(&app, "reports", "the reports that were made");
  reports->add_option("--client", reports_client, "only of this client");
  reports->callback([&] {
    if (!run) run = [&] { return ReportsCommand(context, reports_client); };
  });
  auto* reports_show = command(reports, "show", "a report, and whether its files are unchanged");
  reports_show->add_option("id", report_id)->required();
  reports_show->callback([&] { run = [&] { return ReportShowCommand(context, report_id); }; });
  auto* reports_render = command(reports, "render", "again from its inputs: the same bytes");
  reports_render->add_option("id", report_id)->required();
  reports_render->add_option("--form", report_forms, "html pdf xlsx csv json md eml, with commas");
  reports_render->add_option("--out", report_out, "folder (default: here)");
  reports_render->callback([&] {
    run = [&] { return ReportRenderCommand(context, report_id, report_forms, report_out); };
  });

  AddExperimentsCommands(app, context, run);
  auto* watches_command = command(&app, "watches", "what is watched, how often, and how far off");
  watches_command->add_option("client", client, "only this one");
  watches_command->callback([&] { run = [&] { return WatchesCommand(context, client); }; });
  auto* pacing_command = command(&app, "pacing", "where each campaign's flight lands");
  pacing_command->add_option("--client", client, "only this one");
  pacing_command->callback([&] { run = [&] { return PacingCommand(context, client); }; });
  auto* reviews_command = command(&app, "reviews", "where the platforms' reviews of ads stand");
  reviews_command->add_option("--client", client, "only this one");
  reviews_command->callback([&] { run = [&] { return ReviewsCommand(context, client); }; });

  auto* status_command = command(&app, "status", "accounts, freshness, open plans and jobs");
  status_command->add_option("--client", client, "only this one");
  status_command->callback([&] { run = [&] { return StatusCommand(context, client); }; });

  AddAlertsCommands(app, context, run);
  SpecsArguments specs;
  auto* specs_command =
      command(&app, "specs",
              "what the platforms ask for: objectives, budgets, texts, media, versions, ...");
  specs_command->add_option("platform", specs.platform, "google_ads, meta, tiktok, ...");
  specs_command->add_option("section", specs.section, "objectives, texts, media, fields, ...");
  specs_command->add_option(
      "--sql", specs.sql,
      "one SELECT over specs(platform, section, key, value, source, date) and over "
      "constraints, what was learnt from refusals");
  specs_command->add_option("--sunsets", specs.sunset_days, "versions that end within so many days")
      ->check(CLI::Range(0, 3660));
  specs_command->add_flag("--csv", specs.csv, "answer as CSV");
  specs_command->callback([&] { run = [&] { return SpecsCommand(context, specs); }; });

  ServeArguments serve;
  auto* collect_command =
      command(&app, "serve",
              "answer dashboard and API (serve.yaml), run the jobs (monitoring.yaml), collect "
              "events (tracking.yaml)");
  collect_command
      ->add_option("--port", serve.port,
                   "to listen on; 0: any free (default: serve.yaml's, else 8787)")
      ->check(CLI::Range(0, 65535));
  collect_command->add_option("--address", serve.address,
                              "to listen on (default: serve.yaml's, else 127.0.0.1)");
  collect_command->callback([&] { run = [&] { return ServeCommand(context, serve); }; });
  command(&app, "openapi", "print what the API answers to: OpenAPI 3.1")->callback([&] {
    run = [] { return OpenApiCommand(); };
  });

  AskArguments ask;
  auto* ask_command = command(&app, "ask", "a question in words, answered from the data");
  ask_command->add_option("question", ask.question, "\"why did CPA rise on Meta last week?\"");
  ask_command->add_option("--client", ask.client, "may be left out when there is one");
  ask_command->add_flag("--rules", ask.rules, "without a language model, also where there is one");
  ask_command->add_flag("--sources", ask.sources, "also where each number stands");
  ask_command->add_flag("--config", ask.config, "a model.yaml to begin with, and no more");
  ask_command->callback([&] { run = [&] { return AskCommand(context, ask); }; });
  McpArguments mcp;
  auto* mcp_command = command(
      &app, "mcp", "tools for agents (Model Context Protocol) on standard input and output");
  mcp_command->add_option("--http", mcp.port,
                          "answer POST /mcp on this port of this machine instead; 0: any free");
  mcp_command->add_option("--client", mcp.clients, "may be seen; several; left out: all");
  mcp_command->add_option("--dashboard", mcp.dashboard,
                          "where people open the dashboard (default: http://127.0.0.1:8787)");
  mcp_command->add_flag("--enable-writes", mcp.writes,
                        "with the tools that propose plans; none applies any");
  mcp_command->add_flag("--list", mcp.list, "the tools as a table, and no more");
  mcp_command->add_flag("--conformance-fixtures", mcp.fixtures,
                        "also what the protocol's conformance suite calls");
  mcp_command->callback([&] { run = [&] { return McpCommand(context, mcp); }; });
  AddAccessCommands(app, context, run);

  bool once = false;
  auto* worker_command = command(&app, "worker", "run the jobs only, without the collector");
  worker_command->add_flag("--once", once, "run what is due now, then end");
  worker_command->callback([&] { run = [&] { return WorkerCommand(context, once); }; });
  JobsArguments jobs;
  auto* jobs_command = command(&app, "jobs", "what runs by itself: due, done, stale, postponed");
  jobs_command->add_option("job", jobs.key, "with --history: only this one");
  jobs_command->add_flag("--history", jobs.history, "the last hundred runs");
  jobs_command->add_option("--run", jobs.run, "make a job, or all of a kind, due now");
  jobs_command->callback([&] { run = [&] { return JobsCommand(context, jobs); }; });
  command(&app, "events", "count the events that have arrived")->callback([&] {
    run = [&] { return EventsCommand(context); };
  });

  std::vector<std::string> urls;
  bool browser = false;
  auto* tracking_command = command(&app, "tracking", "what ads' links and landing pages do");
  tracking_command->require_subcommand(1);
  auto* landing_command = command(tracking_command, "check",
                                  "fetch landing pages: redirects, parameters, click id, tag");
  landing_command
      ->add_option("urls", urls, "landing pages; test parameters are added where none are")
      ->required();
  landing_command->add_flag("--browser", browser, "load them in a headless browser too");
  landing_command->callback(
      [&] { run = [&] { return TrackingCheckCommand(context, urls, browser); }; });

  CanaryArguments canary;
  auto* canary_command =
      command(tracking_command, "canary",
              "a visit that is nobody's: link, redirects, tag, collector, platform's test end");
  canary_command->add_option("target", canary.target, "a client, or a URL as an ad has it")
      ->required();
  canary_command->add_flag("--no-browser", canary.no_browser, "load no page in a browser");
  canary_command->add_flag("--no-platforms", canary.no_platforms, "send nothing to any platform");
  canary_command->callback([&] { run = [&] { return TrackingCanaryCommand(context, canary); }; });

  std::string signals_client;
  auto* signals_command = command(tracking_command, "status",
                                  "whether what is measured can be believed; a broken signal holds "
                                  "automated decisions");
  signals_command->add_option("--client", signals_client, "only this client");
  signals_command->callback(
      [&] { run = [&] { return TrackingStatusCommand(context, signals_client); }; });
  auto* conversions_command =
      command(&app, "conversions", "conversions told to the platforms (tracking.yaml)");
  conversions_command->require_subcommand(1);
  command(conversions_command, "send", "send what is due, once each")->callback([&] {
    run = [&] { return ConversionsSendCommand(context); };
  });
  command(conversions_command, "status", "what was sent, refused or is unknown")->callback([&] {
    run = [&] { return ConversionsStatusCommand(context); };
  });

  SimArguments sim;
  auto* sim_command = command(&app, "sim", "the simulated platforms");
  sim_command->require_subcommand(1);
  auto* serve_command = command(sim_command, "serve", "serve Google Ads, Meta, TikTok and a shop");
  serve_command->add_option("--seed", sim.seed, "of the world")->capture_default_str();
  serve_command->add_option("--start", sim.start, "day on which its clock stands")
      ->capture_default_str();
  serve_command->add_option("--history", sim.history_days, "days of a client's past before it")
      ->check(CLI::Range(0, 730))
      ->capture_default_str();
  serve_command
      ->add_option("--speed", sim.hours_per_second, "simulated hours a second; 0: only when told")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  serve_command->add_option("--port", sim.port,
                            "control port, the platforms and the shop on the next four");
  serve_command
      ->add_option("--collector", sim.collector, "where the shop's pages send their events")
      ->capture_default_str();
  serve_command->add_option("--connect-home", sim.home,
                            "write a connections.yaml and a tracking.yaml for it there");
  serve_command->callback([&] { run = [&] { return SimServeCommand(context, sim); }; });

  AttributionArguments observed;
  auto* observed_command =
      command(&app, "attribution",
              "what platforms claim, what was observed and the shop's books, side by side");
  observed_command->add_option("--client", observed.client, "may be left out when there is one");
  observed_command->add_option("--from", observed.from, "first day (default: 28 days)");
  observed_command->add_option("--to", observed.to, "last day (default: yesterday)");
  observed_command
      ->add_option("--model", observed.model,
                   "last, first, linear, time_decay, position, markov, markov:K or shapley")
      ->capture_default_str();
  observed_command->add_option("--event", observed.events,
                               "names of conversions (default: purchase)");
  observed_command->add_option("--click-days", observed.click_days, "lookback after a click")
      ->check(CLI::Range(0, 365))
      ->capture_default_str();
  observed_command->add_option("--view-days", observed.view_days, "lookback after a view")
      ->check(CLI::Range(0, 365))
      ->capture_default_str();
  observed_command->add_option(
      "--window", observed.windows,
      "CAMPAIGN=CLICK_DAYS[,VIEW_DAYS]: another lookback of this campaign");
  observed_command->callback([&] { run = [&] { return AttributionCommand(context, observed); }; });
  CorrelateArguments correlate;
  auto* correlate_command =
      command(&app, "correlate", "how platforms move together, and creatives across placements");
  correlate_command->add_option("--client", correlate.client, "may be left out when there is one");
  correlate_command->add_option("--from", correlate.from, "first day (default: 180 days)");
  correlate_command->add_option("--to", correlate.to, "last day (default: yesterday)");
  correlate_command->callback([&] { run = [&] { return CorrelateCommand(context, correlate); }; });
  auto* fx_command =
      command(&app, "fx", "rates of exchange, for reports and accounts in other currencies");
  fx_command->require_subcommand(1);
  std::string fx_file, fx_from, fx_to;
  int fx_carry = 0;
  auto* fx_import =
      command(fx_command, "import",
              "load a CSV day,from,to,rate (2026-03-01,CHF,EUR,1.05); all of it or nothing");
  fx_import->add_option("file", fx_file, "CSV file")->required();
  fx_import
      ->add_option("--carry", fx_carry,
                   "a day without a rate takes the last one, so many days long")
      ->check(CLI::Range(0, 31))
      ->capture_default_str();
  fx_import->callback([&] { run = [&] { return FxImportCommand(context, fx_file, fx_carry); }; });
  auto* fx_list = command(fx_command, "list", "the rates that are known");
  fx_list->add_option("from", fx_from, "first day")->required();
  fx_list->add_option("to", fx_to, "last day");
  fx_list->callback([&] { run = [&] { return FxListCommand(context, fx_from, fx_to); }; });

  AddLabCommands(app, run);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? kExitOk : kExitError;
  }
  if (context.home.empty()) context.home = DefaultHome();
  return Finish(context, run());
}

}  // namespace maxopt
