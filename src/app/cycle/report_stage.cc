// Stage 4: what is told of which days, to whom, and what it lets conclude.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "app/cycle/stages.h"
#include "app/reports/reports.h"
#include "stages/report/report.h"

namespace maxopt::cycles {
namespace {

using nlohmann::json;

constexpr int kReportsLookedAt = 200;
constexpr std::size_t kReportSaid = 12;

Result<json> DecideReportGoal(const CycleView& cycle, const json& seen) {
  std::vector<std::string> says{
      fmt::format("to say what happened, why, and what comes next: a report of kind {}",
                  cycle.asked().at("kind").get<std::string>())};
  SayGoal(seen, says);
  return json{{"says", says}};
}

Result<json> SeeFrame(const StageWorld& world, const CycleView& cycle) {
  Home& home = *world.home;
  MAXOPT_TRY(ReportRequest asked, RequestOf(cycle));
  MAXOPT_TRY(const ReportRequest settled, SettleReport(home, std::move(asked)));
  MAXOPT_TRY(const report::Kind* kind, report::FindKind(settled.kind));
  MAXOPT_TRY(const std::vector<ReportEntry> made, Reports(home, cycle.client(), kReportsLookedAt));
  json earlier = json::array();
  for (const ReportEntry& entry : made) {
    if (entry.kind != kind->name || earlier.size() == 5) continue;
    earlier.push_back({{"id", entry.id},
                       {"from", PrintDay(entry.from)},
                       {"to", PrintDay(entry.to)},
                       {"audience", entry.audience},
                       {"made_at", PrintInstant(entry.made_at)}});
  }
  return json{{"sections", kind->sections},
              {"teammates", kind->to},
              {"audience", settled.audience},
              {"language", settled.language},
              {"campaign_type", settled.campaign_type},
              {"template", settled.template_name},
              {"from", PrintDay(*settled.from)},
              {"to", PrintDay(*settled.to)},
              {"earlier", std::move(earlier)}};
}

Result<json> DecideFrame(const CycleView& cycle, const json& seen) {
  const auto text = [&](const char* member) { return seen.at(member).get<std::string>(); };
  MAXOPT_TRY(const Day from, ParseDay(text("from")));
  MAXOPT_TRY(const Day to, ParseDay(text("to")));
  const bool tell = cycle.asked().value("tell", true);
  std::vector<std::string> says{
      fmt::format("{} to {}, for {}, in {}, by the KPIs of {}: {}", text("from"), text("to"),
                  text("audience"), text("language"), text("campaign_type"), text("sections")),
      seen.at("earlier").empty()
          ? std::string("the first of its kind")
          : fmt::format("the last of its kind is {}",
                        seen.at("earlier").at(0).at("id").get<std::string>())};
  if (!text("template").empty()) says.push_back("as the template " + text("template") + " has it");
  json out{{"days", (to - from).count() + 1},
           {"teammates", tell ? text("teammates") : std::string()},
           {"says", says}};
  for (const char* same : {"audience", "language", "campaign_type", "template", "from", "to"}) {
    out[same] = seen.at(same);
  }
  return out;
}

Result<json> SeeData(const StageWorld& world, const CycleView& cycle) {
  Home& home = *world.home;
  const json& frame = cycle.Of(CycleStep::kPlanning);
  MAXOPT_TRY(const Day from, ParseDay(frame.at("from").get<std::string>()));
  MAXOPT_TRY(const Day to, ParseDay(frame.at("to").get<std::string>()));
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, home.store().Accounts());
  json out = json::array();
  for (const ClientAccount& account : accounts) {
    if (account.client != cycle.client()) continue;
    MAXOPT_TRY(const std::vector<DayQuality> days,
               home.facts().Quality(account.info.account, from, to));
    int bad = 0, young = 0;
    json why = json::array();
    for (const DayQuality& day : days) {
      for (const QualityAspect* aspect : {&day.completeness, &day.reconciliation}) {
        if (aspect->state != QualityState::kBad) continue;
        ++bad;
        if (why.size() < 5) why.push_back(PrintDay(day.day) + ": " + aspect->why);
        break;
      }
      if (day.share_known && *day.share_known < 0.95) ++young;  // as a policy's known_least is
    }
    out.push_back({{"account", PrintAccount(account.info.account)},
                   {"days", days.size()},
                   {"bad", bad},
                   {"young", young},
                   {"why", std::move(why)}});
  }
  return json{{"accounts", std::move(out)}};
}

Result<json> DecideData(const CycleView& cycle, const json& seen) {
  const int wanted = cycle.Of(CycleStep::kPlanning).at("days").get<int>();
  bool whole = !seen.at("accounts").empty();
  bool any = false;
  std::vector<std::string> says;
  for (const json& account : seen.at("accounts")) {
    const int days = account.at("days").get<int>(), bad = account.at("bad").get<int>(),
              young = account.at("young").get<int>();
    any = any || days > 0;
    whole = whole && days == wanted && bad == 0 && young == 0;
    says.push_back(fmt::format("{}: {} of {} days are judged, {} of them bad, {} still young",
                               account.at("account").get<std::string>(), days, wanted, bad, young));
  }
  if (says.empty()) says.push_back("the client has no account");
  says.push_back(whole ? "the period is whole: it may be compared with others"
                 : any ? "the period is not whole: the report says so where it compares"
                       : "no day of it is judged: the report says what is not known");
  return json{{"whole", whole}, {"any", any}, {"says", says}};
}

Result<json> DecideReport(const CycleView& cycle, const json&) {
  const json& frame = cycle.Of(CycleStep::kPlanning);
  const auto teammates = frame.at("teammates").get<std::string>();
  json out = frame;
  out.erase("days");
  out["kind"] = cycle.asked().at("kind");
  out["says"] = {fmt::format("{} for {}, {}", out.at("kind").get<std::string>(),
                             out.at("audience").get<std::string>(),
                             teammates.empty() ? "told to nobody" : "told to " + teammates)};
  return out;
}

/// Who asks, and the cycle, so that what an earlier try made is found.
std::string ByOf(const CycleView& cycle) {
  return fmt::format("{} ({})", cycle.asked().at("by").get<std::string>(), cycle.id());
}

Result<std::optional<ReportEntry>> FindMade(Home& home, const CycleView& cycle) {
  MAXOPT_TRY(const std::vector<ReportEntry> made, Reports(home, cycle.client(), kReportsLookedAt));
  for (const ReportEntry& entry : made) {
    if (entry.by == ByOf(cycle)) return std::optional(entry);
  }
  return std::optional<ReportEntry>();
}

Result<json> SeeMade(const StageWorld& world, const CycleView& cycle, bool again) {
  Home& home = *world.home;
  const json& chosen = cycle.Of(CycleStep::kSelection);
  if (cycle.asked().value("dry", false)) return json{{"not_made", "it was asked for without"}};
  std::optional<ReportEntry> entry;
  if (again) {
    MAXOPT_TRY(entry, FindMade(home, cycle));
  }
  if (!entry) {
    const auto text = [&](const char* member) { return chosen.at(member).get<std::string>(); };
    MAXOPT_TRY(ReportRequest request, RequestOf(cycle));
    request.audience = text("audience");
    request.language = text("language");
    request.campaign_type = text("campaign_type");
    request.template_name = text("template");
    MAXOPT_TRY(request.from, ParseDay(text("from")));
    MAXOPT_TRY(request.to, ParseDay(text("to")));
    request.by = ByOf(cycle);
    MAXOPT_TRY(entry, MakeReport(home, request));
  }
  std::size_t told = 0;
  if (!chosen.at("teammates").get<std::string>().empty()) {
    MAXOPT_TRY(const std::vector<Message> sent, TellReport(home, entry->id));
    told = sent.size();
  }
  json out{{"report", entry->id}, {"title", entry->title}, {"hash", entry->hash}, {"told", told}};
  KeepMemory(home, cycle, Stage::kReport, std::span(&entry->id, 1), out);
  return out;
}

Result<json> DecideMade(const CycleView&, const json& seen) {
  if (seen.contains("not_made")) {
    return json{{"says", {"no report was made: " + seen.at("not_made").get<std::string>()}}};
  }
  std::vector<std::string> says{
      fmt::format("{}: {} (inputs {}), {} messages in the outbox",
                  seen.at("report").get<std::string>(), seen.at("title").get<std::string>(),
                  seen.at("hash").get<std::string>().substr(0, 12), seen.at("told").get<int>())};
  SayMemory(seen, says);
  return json{{"report", seen.at("report")}, {"says", says}};
}

Result<json> SeeInsights(const StageWorld& world, const CycleView& cycle) {
  Home& home = *world.home;
  const json& made = cycle.Of(CycleStep::kExecution);
  json out = json::array();
  if (made.contains("report")) {
    const auto id = made.at("report").get<std::string>();
    // What the team was told has the insights in words; where it was told nothing, what they are
    // about.
    MAXOPT_TRY(const std::vector<Message> messages, home.store().Messages("", kReportsLookedAt));
    const auto told = std::ranges::find(messages, id, &Message::about);
    json document;
    if (told != messages.end()) {
      document = json::parse(told->json);
    } else {
      MAXOPT_TRY(const std::string text, ReportJson(home, id));
      document = {{"findings", json::parse(text).at("insights")}};
    }
    for (const char* list : {"findings", "next"}) {
      if (!document.contains(list)) continue;
      for (const json& insight : document.at(list)) {
        json one{{"kind", insight.at("kind")},
                 {"subject", insight.at("subject")},
                 {"strength", insight.at("strength")}};
        if (insight.at("claim").is_string()) one["claim"] = insight.at("claim");
        out.push_back(std::move(one));
      }
    }
  }
  return json{{"insights", std::move(out)}};
}

Result<json> DecideInsights(const CycleView&, const json& seen) {
  std::map<std::string, int> kinds, strengths;
  for (const json& insight : seen.at("insights")) {
    ++kinds[insight.at("kind").get<std::string>()];
    ++strengths[insight.at("strength").get<std::string>()];
  }
  std::vector<std::string> parts;
  for (const auto& [strength, n] : strengths) parts.push_back(fmt::format("{} {}", n, strength));
  std::vector<std::string> says{
      fmt::format("{} insights{}{}", seen.at("insights").size(),
                  parts.empty() ? "" : ", by their evidence: ", fmt::join(parts, ", "))};
  SayFirst(seen.at("insights"), kReportSaid, says, [](const json& insight) {
    return fmt::format("{} ({}): {}", insight.at("kind").get<std::string>(),
                       insight.at("strength").get<std::string>(),
                       insight.value("claim", insight.at("subject").get<std::string>()));
  });
  return json{{"kinds", kinds}, {"strengths", strengths}, {"says", says}};
}

}  // namespace

Result<ReportRequest> RequestOf(const CycleView& cycle) {
  const json& asked = cycle.asked();
  const auto text = [&](const char* member) { return asked.value(member, std::string()); };
  ReportRequest out;
  out.client = cycle.client();
  out.kind = text("kind");
  out.audience = text("audience");
  out.language = text("language");
  out.campaign_type = text("campaign_type");
  out.template_name = text("template");
  out.by = text("by");
  if (asked.contains("from")) {
    MAXOPT_TRY(out.from, ParseDay(text("from")));
  }
  if (asked.contains("to")) {
    MAXOPT_TRY(out.to, ParseDay(text("to")));
  }
  if (asked.contains("as_of")) {
    MAXOPT_TRY(out.as_of, ParseInstant(text("as_of")));
  }
  return out;
}

CycleStage ReportStage(const StageWorld& world) {
  CycleStage stage{"report", 2, {}};
  stage.steps[0] = {
      [world](const CycleView& cycle, bool) { return SeeGoal(world, cycle, Stage::kReport); },
      DecideReportGoal};
  stage.steps[1] = {[world](const CycleView& cycle, bool) { return SeeFrame(world, cycle); },
                    DecideFrame};
  stage.steps[2] = {[world](const CycleView& cycle, bool) { return SeeData(world, cycle); },
                    DecideData};
  stage.steps[3] = {SeeNothing, DecideReport};
  stage.steps[4] = {
      [world](const CycleView& cycle, bool again) { return SeeMade(world, cycle, again); },
      DecideMade};
  stage.steps[5] = {[world](const CycleView& cycle, bool) { return SeeInsights(world, cycle); },
                    DecideInsights};
  return stage;
}

}  // namespace maxopt::cycles

namespace maxopt {
namespace {

/// The report of a cycle that is done, and what was told of it.
Result<MadeReport> MadeIn(Home& home, const CycleRun& run) {
  const std::string where = fmt::format("cycle {}", run.cycle.id);
  if (run.stopped) {
    return FailWithin(fmt::format("{} stopped (maxopt cycle resume {})", where, run.cycle.id),
                      *run.stopped);
  }
  const auto done = nlohmann::json::parse(
      run.cycle.steps.at(static_cast<std::size_t>(CycleStep::kExecution)).input);
  MadeReport out;
  MAXOPT_TRY(out.entry, GetReport(home, done.at("report").get<std::string>()));
  if (done.at("told").get<std::size_t>() == 0) return out;
  MAXOPT_TRY(out.messages, TellReport(home, out.entry.id));
  return out;
}

CycleRequest AskFor(const ReportRequest& request, bool tell) {
  CycleRequest out{.stage = "report", .client = request.client, .by = request.by};
  out.report = request;
  out.tell = tell;
  return out;
}

}  // namespace

Result<MadeReport> MakeReportCycle(Home& home, const ReportRequest& request, bool tell) {
  MAXOPT_TRY(const CycleRun run, RunStageCycle(home, AskFor(request, tell)));
  return MadeIn(home, run);
}

Result<MadeReport> MakeReportOnce(Home& home, const ReportRequest& request, bool tell) {
  MAXOPT_TRY(const std::vector<ReportEntry> known,
             Reports(home, request.client, cycles::kReportsLookedAt));
  const std::string before = request.by + " (";
  for (const ReportEntry& entry : known) {
    const MadeReport there{.entry = entry, .before = true};
    if (entry.by == request.by) return there;  // by a version without cycles
    if (!entry.by.starts_with(before) || !entry.by.ends_with(")")) continue;
    const std::string id = entry.by.substr(before.size(), entry.by.size() - before.size() - 1);
    const auto row = FindCycle(home.store(), id);
    if (!row && row.error().code != Errc::kNotFound) return Fail(row.error());
    const bool cut = row && (row->state == "running" || row->state == "stopped");
    if (!cut) return there;
    MAXOPT_TRY(const CycleRun run, ResumeStageCycle(home, id));
    return MadeIn(home, run);
  }
  return MakeReportCycle(home, request, tell);
}

}  // namespace maxopt
