#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "domain/digest.h"
#include "memory/campaigns/alerts.h"
#include "memory/campaigns/competitors.h"
#include "memory/campaigns/ledger.h"
#include "memory/campaigns/reports.h"
#include "memory/campaigns/signals.h"
#include "memory/platforms/platforms.h"
#include "stages/working_memory/working_memory.h"

namespace maxopt {
namespace {

using nlohmann::json;
using std::chrono::days;

constexpr std::size_t kFew = 8;  // of each part: what a person reads before deciding

struct StageWord {
  Stage stage;
  std::string_view name;
};
constexpr StageWord kStages[] = {{Stage::kSetup, "setup"},
                                 {Stage::kMonitor, "monitor"},
                                 {Stage::kOptimize, "optimize"},
                                 {Stage::kReport, "report"}};

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Absent stays absent.
json CellJson(const FactCell& cell) {
  switch (cell.kind) {
    case FactCell::Kind::kAbsent:
      return nullptr;
    case FactCell::Kind::kInteger:
      return cell.integer;
    case FactCell::Kind::kReal:
      return cell.real;
    case FactCell::Kind::kMoney:
    case FactCell::Kind::kText:
      return cell.text;
  }
  Bug();
}

class Assembler {
 public:
  Assembler(const TacticsWorld& world, const Client& client, Stage stage, TacticContext hint)
      : world_(world), client_(client), hint_(std::move(hint)) {
    out_.stage = stage;
    out_.client = client.name;
    out_.at = world.clock->Now();
  }

  Result<WorkingMemory> Run() {
    MAXOPT_TRY(const Zone zone, Zone::Find(client_.zone));
    today_ = zone.DayOf(out_.at);
    MAXOPT_TRY(const std::vector<ClientAccount> accounts, world_.store->Accounts());
    for (const ClientAccount& account : accounts) {
      if (account.client == client_.name) accounts_.push_back(account);
    }
    if (hint_.facets.empty()) {
      for (const ClientAccount& account : accounts_) {
        const Platform platform = account.info.account.platform;
        if (platform != Platform::kOther) hint_.Add("platform", PlatformName(platform));
      }
      hint_.Add("season", SeasonOf(today_));
    }
    switch (out_.stage) {
      case Stage::kSetup:
        MAXOPT_CHECK(Setup());
        break;
      case Stage::kMonitor:
        MAXOPT_CHECK(MonitorStage());
        break;
      case Stage::kOptimize:
        MAXOPT_CHECK(OptimizeStage());
        break;
      case Stage::kReport:
        MAXOPT_CHECK(ReportStage());
        break;
    }
    return std::move(out_);
  }

 private:
  Result<> Setup() {
    MAXOPT_CHECK(DocumentsOf("Campaign brief", "brief"));
    MAXOPT_CHECK(DocumentsOf("Creative assets", "creatives"));
    MAXOPT_CHECK(DocumentsOf("Media plan", "media_plan"));
    MAXOPT_CHECK(DocumentsOf("Buying details", "buys"));
    MAXOPT_CHECK(History("Historical campaign performance"));
    MAXOPT_CHECK(Requirements());
    return Specifications();
  }
  Result<> MonitorStage() {
    MAXOPT_CHECK(Metrics("Real-time performance metrics", true, today_ - days(1), today_));
    MAXOPT_CHECK(Notices());
    MAXOPT_CHECK(TrackingIssues());
    MAXOPT_CHECK(
        Metrics("Expected performance benchmarks", false, today_ - days(97), today_ - days(8)));
    MAXOPT_CHECK(Patterns("Typical performance patterns"));
    return PastIssues();
  }
  Result<> OptimizeStage() {
    MAXOPT_CHECK(Metrics("Current performance metrics", true, today_ - days(28), today_ - days(1)));
    MAXOPT_CHECK(OpenAlerts("Optimization opportunities"));
    MAXOPT_CHECK(Allocation());
    MAXOPT_CHECK(Intelligence());
    MAXOPT_CHECK(Tactics());
    MAXOPT_CHECK(Patterns("Performance patterns by channel"));
    return Responses();
  }
  Result<> ReportStage() {
    MAXOPT_CHECK(Metrics("Key performance highlights", true, today_ - days(28), today_ - days(1)));
    MAXOPT_CHECK(Variances());
    MAXOPT_CHECK(Measured());
    MAXOPT_CHECK(Reports());
    MAXOPT_CHECK(Preferences());
    MAXOPT_CHECK(Metrics("Industry benchmarks", false, today_ - days(365), today_ - days(29)));
    out_.parts.back().why = "no industry's numbers are kept; the client's own year stands for them";
    return History("Historical campaign comparisons");
  }

  void Add(bool working, std::string name, std::string from, const json& items,
           std::string_view why_empty) {
    out_.parts.push_back({working, std::move(name), std::move(from), Dump(items),
                          items.empty() ? std::string(why_empty) : ""});
  }

  /// The newest of each campaign, of those that were handed over for set-up.
  Result<> DocumentsOf(const char* name, std::string_view document) {
    MAXOPT_TRY(const std::vector<Document> all, world_.store->Documents(client_.name, "setup"));
    json items = json::array();
    std::set<std::string> seen;
    for (const Document& each : all) {
      const std::string_view file = std::string_view(each.name).substr(each.name.rfind('/') + 1);
      if (!file.starts_with(document) || !seen.insert(each.name).second) continue;
      if (items.size() == kFew) break;
      items.push_back({{"name", each.name},
                       {"received_at", PrintInstant(each.received_at)},
                       {"sha256", Sha256Hex(each.content)},
                       {"bytes", each.content.size()}});
    }
    Add(true, name, "documents", items, fmt::format("no {} was handed over", document));
    return {};
  }

  /// What the client is watched by: the KPIs of its documents, with targets and importance.
  Result<> Preferences() {
    MAXOPT_TRY(const std::vector<Watch> watches, world_.store->Watches(client_.name));
    json items = json::array();
    std::set<std::string> seen;
    for (const Watch& watch : watches) {
      if (watch.importance == "guard" || !seen.insert(watch.kpi + watch.target).second) continue;
      items.push_back({{"kpi", watch.kpi},
                       {"importance", watch.importance},
                       {"target", watch.target},
                       {"direction", watch.direction}});
    }
    Add(false, "Client preferences", "documents", items, "no document names a KPI");
    return {};
  }

  Result<> History(const char* name) {
    CampaignQuestion question;
    question.client = client_.name;
    const auto only = [&](const char* facet) {
      const auto at = hint_.facets.find(facet);
      return at == hint_.facets.end() || at->second.size() != 1 ? std::string() : at->second[0];
    };
    question.platform = only("platform"), question.channel = only("channel");
    question.objective = only("objective"), question.season = only("season");
    question.kpi = "roas";
    question.limit = static_cast<int>(kFew);
    MAXOPT_TRY(const std::vector<PastCampaign> past,
               SimilarCampaigns(*world_.store, *world_.facts, question, today_));
    json items = json::array();
    for (const PastCampaign& c : past) {
      json item{{"account", c.account},
                {"id", c.id},
                {"name", c.name},
                {"from", PrintDay(c.first)},
                {"to", PrintDay(c.last)},
                {"likeness", c.likeness},
                {"spend", c.spend},
                {"currency", c.currency},
                {"conversions_claimed", c.conversions},
                {"revenue_claimed", c.revenue}};
      for (const char* kpi : {"cpa", "roas"}) {
        if (const auto value = c.Kpi(kpi)) item[kpi] = *value;
      }
      items.push_back(std::move(item));
    }
    Add(false, name, "facts", items, "no campaign has spent yet");
    return {};
  }

  std::set<Platform> Platforms() const {
    std::set<Platform> out;
    for (const ClientAccount& account : accounts_) out.insert(account.info.account.platform);
    return out;
  }

  Result<> Requirements() {
    json items = json::array();
    for (const Platform platform : Platforms()) {
      std::map<std::string, int> sections;
      for (const Requirement& one : PlatformSpecs::BuiltIn().Flat()) {
        if (one.platform == platform) ++sections[one.section];
      }
      if (!sections.empty()) {
        items.push_back({{"platform", PlatformName(platform)}, {"requirements", sections}});
      }
    }
    for (const auto& sunset : PlatformSpecs::BuiltIn().SunsetsWithin(today_, 90)) {
      if (!Platforms().contains(sunset.platform)) continue;
      items.push_back({{"platform", PlatformName(sunset.platform)},
                       {"version", sunset.version},
                       {"ends", PrintDay(sunset.day)}});
    }
    Add(false, "Platform-specific implementation requirements", "platforms", items,
        "the client has no account on a platform whose requirements are known");
    return {};
  }

  Result<> Specifications() {
    MAXOPT_TRY(const std::vector<LearnedConstraint> learnt, world_.store->Constraints(out_.at));
    json items = json::array();
    for (const LearnedConstraint& c : learnt) {
      if (!Platforms().contains(c.platform) || items.size() == kFew) continue;
      items.push_back({{"platform", PlatformName(c.platform)},
                       {"code", c.code},
                       {"field", c.field},
                       {"message", c.message}});
    }
    for (const Requirement& one : PlatformSpecs::BuiltIn().Flat()) {
      if (!Platforms().contains(one.platform) || one.section != "texts") continue;
      items.push_back({{"platform", PlatformName(one.platform)},
                       {"section", one.section},
                       {"key", one.key},
                       {"value", one.value}});
    }
    Add(false, "Technical specifications for each channel", "platforms", items,
        "nothing is known of the platforms of its accounts");
    return {};
  }

  /// By platform and currency; absent is null.
  Result<> Metrics(const char* name, bool working, Day from, Day to) {
    json items = json::array();
    for (const ClientAccount& account : accounts_) {
      FactQuery query;
      query.measures = {"spend", "impressions", "clicks", "conversions", "revenue", "ctr",
                        "cpc",   "cpm",         "cvr",    "cpa",         "roas"};
      query.filters = {{"account", {PrintAccount(account.info.account)}}};
      query.from = from, query.to = to;
      MAXOPT_TRY(const FactTable table, world_.facts->Query(query));
      for (const auto& row : table.rows) {
        json item{{"account", PrintAccount(account.info.account)},
                  {"from", PrintDay(from)},
                  {"to", PrintDay(to)}};
        bool any = false;
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
          item[table.columns[i]] = CellJson(row[i]);
          any = any || (table.columns[i] != "currency" && !item[table.columns[i]].is_null());
        }
        if (any) items.push_back(std::move(item));
      }
    }
    Add(working, name, "facts", items,
        fmt::format("no facts from {} to {}", PrintDay(from), PrintDay(to)));
    return {};
  }

  /// Spend, conversions and revenue by weekday of twelve weeks, as shares of the week.
  Result<> Patterns(const char* name) {
    json items = json::array();
    constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    for (const ClientAccount& account : accounts_) {
      FactQuery query;
      query.measures = {"spend", "conversions"};
      query.filters = {{"account", {PrintAccount(account.info.account)}}};
      query.grain = "day";
      query.from = today_ - days(7 * 12 + 7), query.to = today_ - days(8);
      MAXOPT_TRY(const FactTable table, world_.facts->Query(query));
      double spend[7] = {}, conversions[7] = {}, spend_all = 0, conversions_all = 0;
      for (const auto& row : table.rows) {
        MAXOPT_TRY(const Day day, ParseDay(row[table.Column("period")].text));
        const unsigned weekday = std::chrono::weekday(day).c_encoding();
        spend[weekday] += row[table.Column("spend")].Amount();
        spend_all += row[table.Column("spend")].Amount();
        conversions[weekday] += row[table.Column("conversions")].Amount();
        conversions_all += row[table.Column("conversions")].Amount();
      }
      if (!(spend_all > 0)) continue;
      json shares = json::object();
      for (std::size_t i = 0; i < 7; ++i) {
        shares[kDays[i]] = {{"spend", spend[i] / spend_all}};
        if (conversions_all > 0) {
          shares[kDays[i]]["conversions"] = conversions[i] / conversions_all;
        }
      }
      items.push_back(
          {{"account", PrintAccount(account.info.account)}, {"share_by_weekday", shares}});
    }
    Add(false, name, "facts", items, "no twelve weeks of facts");
    return {};
  }

  /// What was sent of competitors, as long as it holds: text of others, for who decides to see.
  /// Diagnoses and the optimiser's round name it beside what is measured; no number comes of it.
  Result<> Intelligence() {
    MAXOPT_TRY(const CompetitorMoves known,
               ReadCompetitorMoves(*world_.store, client_.name, out_.at, today_, today_));
    json items = json::array();
    for (const CompetitorMove& move : known.moves) {
      if (items.size() == kFew) break;
      json item = json::parse(move.json);
      item["from"] = move.from;
      item["message"] = move.message;
      item["observed_on"] = PrintDay(move.observed_on);
      items.push_back(std::move(item));
    }
    Add(true, "Competitive intelligence", "inbox", items,
        known.any ? "what was sent is no longer valid" : "nobody has sent any");
    return {};
  }

  Result<> Notices() {
    json items = json::array();
    for (const ClientAccount& account : accounts_) {
      MAXOPT_TRY(const std::vector<ReviewState> reviews,
                 Reviews(*world_.store, account.info.account));
      for (const ReviewState& review : reviews) {
        if (review.state == "approved" || items.size() == kFew) continue;
        items.push_back({{"account", PrintAccount(review.account)},
                         {"object", review.name},
                         {"state", review.state},
                         {"reason", review.reason},
                         {"since", PrintInstant(review.since)}});
      }
    }
    Add(true, "Platform notifications", "reviews", items, "no review waits or was refused");
    return {};
  }

  Result<> TrackingIssues() {
    MAXOPT_TRY(const std::vector<SignalHealth> signals, Signals(*world_.store, client_.name));
    json items = json::array();
    for (const SignalHealth& signal : signals) {
      if (signal.state == SignalState::kOk || items.size() == kFew) continue;
      items.push_back({{"signal", signal.name},
                       {"state", SignalStateName(signal.state)},
                       {"since", PrintInstant(signal.since)},
                       {"why", signal.why}});
    }
    Add(true, "Tracking issues", "signals", items,
        signals.empty() ? "no signal was looked at yet" : "every signal is well");
    return {};
  }

  json AlertJson(const AlertEntry& entry) const {
    const Alert& alert = entry.alert;
    json out{{"id", alert.id},
             {"tier", AlertTierName(alert.tier)},
             {"title", alert.condition.title},
             {"opened_at", PrintInstant(alert.opened_at)}};
    if (!alert.condition.proposal.empty()) out["proposal"] = alert.condition.proposal;
    if (alert.resolved_at) out["resolved_at"] = PrintInstant(*alert.resolved_at);
    if (alert.diagnosis && !alert.diagnosis->causes.empty()) {
      out["cause"] = alert.diagnosis->causes.front().what;
    }
    return out;
  }

  Result<> OpenAlerts(const char* name) {
    MAXOPT_TRY(const std::vector<AlertEntry> alerts,
               Alerts(*world_.store, {client_.name, false, static_cast<int>(kFew)}));
    json items = json::array();
    for (const AlertEntry& entry : alerts) items.push_back(AlertJson(entry));
    Add(true, name, "alerts", items, "no alert is open");
    return {};
  }

  Result<> PastIssues() {
    MAXOPT_TRY(const std::vector<AlertEntry> alerts,
               Alerts(*world_.store, {client_.name, true, 200}));
    json items = json::array();
    for (const AlertEntry& entry : alerts) {
      if (!entry.alert.open && items.size() < kFew) items.push_back(AlertJson(entry));
    }
    Add(false, "Previous campaign issues and solutions", "alerts", items, "none has ended yet");
    return {};
  }

  Result<> Allocation() {
    json items = json::array();
    for (const ClientAccount& account : accounts_) {
      FactQuery query;
      query.measures = {"spend"};
      query.dimensions = {"campaign"};
      query.filters = {{"account", {PrintAccount(account.info.account)}}};
      query.from = today_ - days(7), query.to = today_ - days(1);
      MAXOPT_TRY(const FactTable table, world_.facts->Query(query));
      for (const auto& row : table.rows) {
        const double spend = row[table.Column("spend")].Amount();
        if (!(spend > 0)) continue;
        items.push_back({{"account", PrintAccount(account.info.account)},
                         {"campaign", row[table.Column("campaign")].text},
                         {"spend_a_day", spend / 7},
                         {"currency", std::string(account.info.currency.name())}});
      }
    }
    std::sort(items.begin(), items.end(), [](const json& a, const json& b) {
      return a["spend_a_day"].get<double>() > b["spend_a_day"].get<double>();
    });
    Add(true, "Budget allocation", "facts", items, "nothing was spent in the last week");
    return {};
  }

  Result<> Tactics() {
    MAXOPT_TRY(const TacticKnowledge knowledge, TacticKnowledge::Open(world_, client_.name));
    json items = json::array();
    if (!hint_.facets.empty()) {
      MAXOPT_TRY(const std::vector<RetrievedTactic> found,
                 knowledge.Find({hint_, {}}, {}, static_cast<int>(kFew)));
      for (const RetrievedTactic& each : found) {
        json item{{"id", each.tactic.id},
                  {"title", each.tactic.title},
                  {"grade", TacticGradeName(each.tactic.grade)},
                  {"similarity", each.similarity},
                  {"windows", each.tactic.windows}};
        if (each.tactic.effect) {
          item["effect"] = {{"mean", each.tactic.effect->mean},
                            {"low90", each.tactic.effect->low90},
                            {"high90", each.tactic.effect->high90}};
        }
        items.push_back(std::move(item));
      }
    }
    Add(false, "Optimization tactics that worked for similar campaigns", "tactics", items,
        "no tactic is like it");
    return {};
  }

  /// What was found out about messages: experiments of creatives and audiences.
  Result<> Responses() {
    MAXOPT_TRY(const std::vector<Experiment> experiments, world_.store->Experiments(client_.name));
    json items = json::array();
    for (auto at = experiments.rbegin(); at != experiments.rend() && items.size() < kFew; ++at) {
      if (at->variable != ExperimentVariable::kCreative &&
          at->variable != ExperimentVariable::kAudience) {
        continue;
      }
      items.push_back({{"id", at->id},
                       {"hypothesis", at->hypothesis},
                       {"variable", ExperimentVariableName(at->variable)},
                       {"kpi", at->kpi},
                       {"status", at->status}});
    }
    Add(false, "Audience response to similar messaging", "experiments", items,
        "no experiment of creatives or audiences");
    return {};
  }

  Result<> Variances() {
    MAXOPT_TRY(const FixedBudgetMap fixed, FixedBudgets(*world_.store, client_.name));
    json items = json::array();
    for (const auto& [address, flight] : fixed) {
      json item{{"campaign", address}};
      if (flight) {
        item["from"] = PrintDay(flight->first);
        item["to"] = PrintDay(flight->last);
        item["planned"] = PrintDecimal(flight->total);
      }
      items.push_back(std::move(item));
    }
    MAXOPT_TRY(const std::vector<Watch> watches, world_.store->Watches(client_.name));
    for (const Watch& watch : watches) {
      if (watch.target.empty() || watch.importance != "primary") continue;
      items.push_back({{"campaign", watch.address}, {"kpi", watch.kpi}, {"target", watch.target}});
    }
    Add(true, "Variances from plan", "media plan", items, "no plan names a budget or a target");
    return {};
  }

  Result<> Measured() {
    MAXOPT_TRY(const std::vector<ScoredOutcome> outcomes, Outcomes(*world_.store, client_.name));
    json items = json::array();
    for (auto at = outcomes.rbegin(); at != outcomes.rend() && items.size() < kFew; ++at) {
      items.push_back({{"plan", at->plan},
                       {"kind", at->kind},
                       {"kpi", at->kpi},
                       {"promised", at->predicted},
                       {"measured", at->measured},
                       {"sd", at->measured_sd},
                       {"at", PrintInstant(at->at)}});
    }
    Add(true, "Optimization results", "ledger", items, "no plan was measured yet");
    return {};
  }

  Result<> Reports() {
    MAXOPT_TRY(const std::vector<ReportEntry> reports,
               ListReports(*world_.store, client_.name, static_cast<int>(kFew)));
    json items = json::array();
    for (const ReportEntry& report : reports) {
      items.push_back({{"id", report.id},
                       {"kind", report.kind},
                       {"audience", report.audience},
                       {"language", report.language},
                       {"title", report.title},
                       {"template", report.template_name},
                       {"from", PrintDay(report.from)},
                       {"to", PrintDay(report.to)}});
    }
    Add(false, "Previous reporting frameworks", "reports", items, "no report was made yet");
    return {};
  }

  const TacticsWorld& world_;
  const Client& client_;
  TacticContext hint_;
  Day today_{};
  std::vector<ClientAccount> accounts_;
  WorkingMemory out_;
};

}  // namespace

std::string_view StageName(Stage stage) {
  for (const StageWord& word : kStages) {
    if (word.stage == stage) return word.name;
  }
  Bug();
}

Result<Stage> FindStage(std::string_view name) {
  std::vector<std::string_view> known;
  for (const StageWord& word : kStages) {
    if (word.name == name) return word.stage;
    known.push_back(word.name);
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("\"{}\" is no stage; known are {}", name, fmt::join(known, ", ")));
}

std::string ToJson(const WorkingMemory& memory) {
  json parts = json::array();
  for (const Remembered& part : memory.parts) {
    json one{{"memory", part.working ? "working" : "long_term"},
             {"name", part.name},
             {"from", part.from},
             {"items", json::parse(part.items)}};
    if (!part.why.empty()) one["why"] = part.why;
    parts.push_back(std::move(one));
  }
  return Dump({{"stage", StageName(memory.stage)},
               {"client", memory.client},
               {"at", PrintInstant(memory.at)},
               {"parts", std::move(parts)}});
}

Result<WorkingMemory> AssembleMemory(const TacticsWorld& world, const std::string& client,
                                     Stage stage, const TacticContext& hint) {
  MAXOPT_CHECK(CheckTacticContext(hint));
  MAXOPT_TRY(const Client who, world.store->GetClient(client));
  return Assembler(world, who, stage, hint).Run();
}

Result<Recollection> Remember(CampaignStore& store, const WorkingMemory& memory,
                              const std::string& about) {
  return SaveRecollection(store, {about, std::string(StageName(memory.stage)), memory.client,
                                  memory.at, "", ToJson(memory)});
}

}  // namespace maxopt
