#pragma once
#include <optional>
#include <string>
#include <vector>

#include "result/result.h"

namespace maxopt {

/// What every command gets.
struct CommandContext {
  std::string home;
  bool json = false;
};

/// Exit codes of the command line's contract.
inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;
inline constexpr int kExitPending = 2;

/// One function a command; the number is the exit code.
Result<int> InitCommand(const CommandContext& context);
Result<int> ConnectCommand(const CommandContext& context);
Result<int> DoctorCommand(const CommandContext& context);

struct ImportArguments {
  std::vector<std::string> files;
  std::string client, account, platform, currency, day, decimal;
  int year = 0;
};
Result<int> ImportCommand(const CommandContext& context, const ImportArguments& arguments);

struct QueryArguments {
  std::string measures = "spend,impressions,clicks,conversions";
  std::string by;
  std::vector<std::string> filters;  ///< "platform=meta,tiktok" or "campaign!=916"
  std::string from, to, grain = "none", as_of, level, convert_to;
  bool csv = false, explain = false;
};
Result<int> QueryCommand(const CommandContext& context, const QueryArguments& arguments);

struct CheckArguments {
  std::vector<std::string> paths;  ///< a folder of documents, or the files
  std::string phase = "before_launch";
  bool landing = false;  ///< also fetch the landing pages
  bool browser = false;  ///< ... and load them in a headless browser
  bool verbose = false;
};
Result<int> CheckCommand(const CommandContext& context, const CheckArguments& arguments);
struct LintArguments {
  std::vector<std::string> targets;    ///< documents, or one client whose running ads are meant
  std::vector<std::string> platforms;  ///< empty: those of the plan or of the accounts
};
/// kExitError when a rule that fails is broken.
Result<int> LintCommand(const CommandContext& context, const LintArguments& arguments);
struct PlanArguments {
  std::vector<std::string> paths;
  std::vector<std::string> force_fields;  ///< "address.field"
  std::string by;
};
Result<int> PlanCommand(const CommandContext& context, const PlanArguments& arguments);
Result<int> ActivateCommand(const CommandContext& context, const PlanArguments& arguments);
Result<int> MatrixCommand(const CommandContext& context, const std::vector<std::string>& paths);
Result<int> HandOverCommand(const CommandContext& context, const std::vector<std::string>& paths);
struct AdoptArguments {
  std::string client, campaign = "Adopted", out = "adopted";
  std::vector<std::string> accounts;  ///< "meta/880011223344"; empty: all of the client
};
Result<int> AdoptCommand(const CommandContext& context, const AdoptArguments& arguments);
Result<int> OutboxCommand(const CommandContext& context, const std::string& to,
                          const std::string& id);
Result<int> ExperimentsCommand(const CommandContext& context, const std::string& client);
struct ExperimentArguments {
  std::string client, id, by, file;
  int horizon_days = 90;
  double gross_margin = 1;
  bool all = false;
};
/// kExitPending when something is worth doing.
Result<int> ExperimentsProposeCommand(const CommandContext& context,
                                      const ExperimentArguments& arguments);
Result<int> ExperimentsStartCommand(const CommandContext& context,
                                    const ExperimentArguments& arguments);
Result<int> ExperimentsStopCommand(const CommandContext& context,
                                   const ExperimentArguments& arguments);
Result<int> ExperimentsShowCommand(const CommandContext& context,
                                   const ExperimentArguments& arguments);
/// One round: switches what is due, ends, puts back, reads. kExitError with a problem.
Result<int> ExperimentsMeasureCommand(const CommandContext& context,
                                      const ExperimentArguments& arguments);
Result<int> ExperimentsBooksCommand(const CommandContext& context,
                                    const ExperimentArguments& arguments);
Result<int> WatchesCommand(const CommandContext& context, const std::string& client);

Result<int> PlansCommand(const CommandContext& context, const std::string& status);
Result<int> ShowCommand(const CommandContext& context, const std::string& plan, bool journal);
Result<int> ApproveCommand(const CommandContext& context, const std::string& plan,
                           const std::string& by);
Result<int> RejectCommand(const CommandContext& context, const std::string& id,
                          const std::string& by);
/// Without `by` it is the system's user who applies.
Result<int> ApplyCommand(const CommandContext& context, const std::string& plan,
                         const std::string& by);
struct UndoArguments {
  std::string plan, by;
  std::vector<std::string> only;  ///< "spring/social" or "spring/social#daily_budget"
  bool force = false;
};
Result<int> UndoCommand(const CommandContext& context, const UndoArguments& arguments);
struct ResolveArguments {
  std::string plan, change, by, found;
  bool absent = false;
};
Result<int> ResolveCommand(const CommandContext& context, const ResolveArguments& arguments);
/// kExitPending when there are some.
Result<int> OrphansCommand(const CommandContext& context, const std::string& client);
Result<int> HaltCommand(const CommandContext& context, bool on);

Result<int> MonitorCommand(const CommandContext& context, const std::string& client,
                           const std::string& depth);
struct QualityArguments {
  std::string client, account;  ///< "meta/880011223344"; empty: all
  std::string from, to;         ///< account days; empty: the last week and today
};
/// How far each account's days can be trusted. kExitPending when decisions are held.
Result<int> QualityCommand(const CommandContext& context, const QualityArguments& arguments);
/// kExitPending when alerts are open.
Result<int> LookCommand(const CommandContext& context, const std::string& client, bool outputs);
Result<int> RecommendCommand(const CommandContext& context, const std::string& client,
                             bool propose);
struct ScenarioArguments {
  std::string client, file;          ///< file: YAML, docs/scenarios.md
  std::vector<std::string> budgets;  ///< "-20%", "+20%" or an amount
  std::vector<std::string> off;      ///< channels
  std::vector<std::string> set;      ///< "CHANNEL=AMOUNT"
  std::vector<std::string> targets;  ///< "marginal_roas=2"
  bool best = false, equal = false;
  std::optional<double> margin;
};
/// Without any scenario the usual ones are shown. Writes nothing.
Result<int> ScenarioCommand(const CommandContext& context, const ScenarioArguments& arguments);
/// A file, or those of the home.
Result<int> RulesCheckCommand(const CommandContext& context, const std::string& file);
/// Without `propose` nothing is stored. kExitPending when there is something to propose.
Result<int> RulesRunCommand(const CommandContext& context, const std::string& client, bool propose);
struct OptimizeArguments {
  std::string client;               ///< may be left out when there is one
  std::vector<std::string> levers;  ///< "budgets" and names of levers; empty: all
  int days = 90;                    ///< how far back levers look
  bool propose = false, act = false;
  bool no_tactics = false;
};
Result<int> OptimizeCommand(const CommandContext& context, const OptimizeArguments& arguments);
Result<int> LeversCommand(const CommandContext& context);

struct RulesBacktestArguments {
  std::string client, file;  ///< empty: the home's rules
  std::string from, to;
  int hour = 8;
};
Result<int> RulesBacktestCommand(const CommandContext& context,
                                 const RulesBacktestArguments& arguments);
Result<int> RulesTemplateCommand();
struct ReportArguments {
  std::string client, from, to, as_of, out, by;
  std::string kind = "performance", audience, language, campaign_type, template_name;
  std::string forms = "html,md";
  bool tell = false;  ///< messages to the team
};
/// Makes a report, archives it and writes it in the forms that are asked for.
Result<int> ReportCommand(const CommandContext& context, const ReportArguments& arguments);
Result<int> ReportsCommand(const CommandContext& context, const std::string& client);
/// kExitError when a file of the archive is not as it was written.
Result<int> ReportShowCommand(const CommandContext& context, const std::string& id);
/// Anew from the stored inputs. kExitError when the bytes are not those of the first time.
Result<int> ReportRenderCommand(const CommandContext& context, const std::string& id,
                                const std::string& forms, const std::string& out);
Result<int> StatusCommand(const CommandContext& context, const std::string& client);

struct ViewArguments {
  std::string view;  ///< empty: the list of them
  std::string client, from, to, compare, by, metrics, as_of, sort, cursor;
  int limit = 0;
  std::vector<std::string> filters;  ///< "campaign=77,78"
  std::vector<std::string> set;      ///< a view's own parameters: "grain=week"
};
Result<int> ViewCommand(const CommandContext& context, const ViewArguments& arguments);
struct ExportArguments {
  ViewArguments view;
  std::string form;  ///< csv | jsonl | xlsx | parquet; empty: as `out` is called
  std::string out;
  bool all = false;  ///< every view, and the reports of dbt_ad_reporting, into `folder`
  std::string folder;
};
Result<int> ExportCommand(const CommandContext& context, const ExportArguments& arguments);
struct ArchiveArguments {
  std::string campaign;  ///< empty: everything of the client
  std::string client, out;
};
Result<int> ArchiveCommand(const CommandContext& context, const ArchiveArguments& arguments);
/// Into the home, which must be empty; with `check` the digests are compared and nothing is loaded.
Result<int> RestoreCommand(const CommandContext& context, const std::string& folder, bool check);
struct SqlArguments {
  std::string sql;
  std::int64_t rows = 100'000;
  int seconds = 30;
};
/// CSV, or JSON with columns, types and rows.
Result<int> SqlCommand(const CommandContext& context, const SqlArguments& arguments);

struct AlertsArguments {
  std::string client;
  bool all = false;
  std::string id, by, why;
  std::string match, from, until;  ///< of a silence
  int hours = 0;
  bool useful = false;
};
/// kExitPending when there are open ones.
Result<int> AlertsCommand(const CommandContext& context, const AlertsArguments& arguments);
Result<int> AlertShowCommand(const CommandContext& context, const std::string& id);
Result<int> AlertAckCommand(const CommandContext& context, const AlertsArguments& arguments);
Result<int> AlertSilenceCommand(const CommandContext& context, const AlertsArguments& arguments);
Result<int> AlertSilencesCommand(const CommandContext& context, bool all);
Result<int> AlertUnsilenceCommand(const CommandContext& context, long long id);
Result<int> AlertFeedbackCommand(const CommandContext& context, const AlertsArguments& arguments);
Result<int> AlertTestCommand(const CommandContext& context, const std::string& channel);
struct AttributionArguments {
  std::string client, from, to, model = "last";
  std::vector<std::string> events;   ///< names of conversions; empty: purchase
  std::vector<std::string> windows;  ///< "CAMPAIGN=CLICK_DAYS,VIEW_DAYS"
  int click_days = 30, view_days = 1;
};
/// Claimed, observed and the shop's books side by side.
Result<int> AttributionCommand(const CommandContext& context,
                               const AttributionArguments& arguments);
/// CSV day,from,to,rate. `carry_days`: how long a rate serves days without one; 0: not at all.
Result<int> FxImportCommand(const CommandContext& context, const std::string& file, int carry_days);
Result<int> FxListCommand(const CommandContext& context, const std::string& from,
                          const std::string& to);
struct CorrelateArguments {
  std::string client, from, to;
};
Result<int> CorrelateCommand(const CommandContext& context, const CorrelateArguments& arguments);

/// Where each campaign's flight lands; where the reviews of ads stand. `client` empty: all.
Result<int> PacingCommand(const CommandContext& context, const std::string& client);
Result<int> ReviewsCommand(const CommandContext& context, const std::string& client);

struct SpecsArguments {
  std::string platform, section, sql;
  std::optional<int> sunset_days;
  bool csv = false;
};
Result<int> SpecsCommand(const CommandContext& context, const SpecsArguments& arguments);

struct ServeArguments {
  std::optional<std::string> address;  ///< absent: as serve.yaml says
  std::optional<int> port;
};
/// Serves the dashboard, the API and the tag, collects events and runs the jobs until SIGINT or
/// SIGTERM.
Result<int> ServeCommand(const CommandContext& context, const ServeArguments& arguments);
Result<int> OpenApiCommand();
struct McpArguments {
  std::optional<int> port;  ///< over HTTP on this machine; absent: standard input and output
  std::vector<std::string> clients;  ///< that may be seen; empty: all
  std::string dashboard;             ///< where people approve; empty: http://127.0.0.1:8787
  bool writes = false, fixtures = false;
  bool list = false;  ///< the tools as a table, and no more
};
/// Answers an agent until its input ends, or until SIGINT or SIGTERM.
Result<int> McpCommand(const CommandContext& context, const McpArguments& arguments);
struct AskArguments {
  std::string client;    ///< may be left out when there is one
  std::string question;  ///< empty: the questions that are known
  bool rules = false;    ///< without a language model, also where there is one
  bool sources = false;  ///< also where each number stands
  bool config = false;   ///< a model.yaml to begin with, and no more
};
Result<int> AskCommand(const CommandContext& context, const AskArguments& arguments);
struct AccessArguments {
  std::string name, role = "viewer", locale, clients;  ///< clients: "A,B" or "all"
  bool password = false;                               ///< read one from standard input
  std::string user, what, prefix;
  int days = 90;
};
Result<int> UsersAddCommand(const CommandContext& context, const AccessArguments& arguments);
Result<int> UsersListCommand(const CommandContext& context);
Result<int> UsersRoleCommand(const CommandContext& context, const AccessArguments& arguments);
Result<int> UsersClientsCommand(const CommandContext& context, const AccessArguments& arguments);
Result<int> UsersPasswordCommand(const CommandContext& context, const AccessArguments& arguments);
Result<int> UsersRemoveCommand(const CommandContext& context, const AccessArguments& arguments);
Result<int> KeysAddCommand(const CommandContext& context, const AccessArguments& arguments);
Result<int> KeysListCommand(const CommandContext& context);
Result<int> KeysRevokeCommand(const CommandContext& context, const AccessArguments& arguments);
/// A one-time login for a user, of a `maxopt serve` that runs on this machine.
Result<int> LinkCommand(const CommandContext& context, const AccessArguments& arguments);
/// Runs jobs; with `once` those that are due, and ends: 1 when one failed.
Result<int> WorkerCommand(const CommandContext& context, bool once);
struct JobsArguments {
  std::string key, run;
  bool history = false;
};
Result<int> JobsCommand(const CommandContext& context, const JobsArguments& arguments);
/// What has arrived.
Result<int> EventsCommand(const CommandContext& context);
/// Fetches landing pages as an ad would send people there. 1 when something is wrong with one.
Result<int> TrackingCheckCommand(const CommandContext& context,
                                 const std::vector<std::string>& urls, bool browser);

/// One round of the conversions that send_conversions in tracking.yaml asks for.
Result<int> ConversionsSendCommand(const CommandContext& context);
/// What stands in the outbox of conversions.
Result<int> ConversionsStatusCommand(const CommandContext& context);
/// Looks at the tracking signals of a client (of all when empty), keeps and shows them. 1 when one
/// is broken, which puts automated decisions on hold.
Result<int> TrackingStatusCommand(const CommandContext& context, const std::string& client);

struct TemplateArguments {
  std::string kind;  ///< brief | media_plan | creatives | buys | ... | workbook
  std::string form;  ///< csv | yaml | xlsx; empty: from `out`
  std::string out;   ///< empty: standard output
};
Result<int> TemplateCommand(const TemplateArguments& arguments);
Result<int> SchemaCommand(const std::string& kind);

struct SimArguments {
  std::uint64_t seed = 1;
  std::string start = "2026-03-01";
  int history_days = 365;
  double hours_per_second = 0;  ///< 0: time moves only when POST /clock/advance says so
  std::string home;             ///< when set, a connections.yaml for these servers is written there
  int port = 0;                 ///< first of five; 0: any free
  std::string collector = "http://127.0.0.1:8787";  ///< where the shop's pages send their events
};
Result<int> SimServeCommand(const CommandContext& context, const SimArguments& arguments);

struct SegmentArguments {
  std::string client, kpi = "cpa";
  int days = 28;
  std::vector<std::string> cuts;
  bool tell = false;  ///< all of optimisation's outputs into the outbox
};
Result<int> SegmentsCommand(const CommandContext& context, const SegmentArguments& arguments);

struct LedgerArguments {
  std::string client, plan, event;
  int limit = 40;
  bool check = false;
  std::string known_head;
};
/// kExitError when the chain does not hold.
Result<int> LedgerCommand(const CommandContext& context, const LedgerArguments& arguments);
Result<int> ScoresCommand(const CommandContext& context, const std::string& client);
/// Measures the plans that are due, then as ScoresCommand.
Result<int> ScoreCommand(const CommandContext& context, const std::string& client);

}  // namespace maxopt
