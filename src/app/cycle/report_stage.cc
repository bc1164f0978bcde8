// Stage 4: what is told of the last four weeks, to whom, and what it lets conclude.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "app/cycle/stages.h"
#include "app/reports/reports.h"
#include "app/tactics/tactics.h"
#include "stages/report/report.h"

namespace maxopt::cycles {
namespace {

using nlohmann::json;

constexpr int kReportDays = 28;  ///< as reports.h has it where nobody says otherwise
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
  MAXOPT_TRY(const report::Kind* kind,
             report::FindKind(cycle.asked().at("kind").get<std::string>()));
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
              {"to", kind->to},
              {"audience", cycle.asked().value("audience", std::string(kind->audience))},
              {"earlier", std::move(earlier)}};
}

Result<json> DecideFrame(const CycleView& cycle, const json& seen) {
  MAXOPT_TRY(const Day today, ParseDay(cycle.Saw(CycleStep::kGoal).at("day").get<std::string>()));
  const Day to = today - std::chrono::days(1);
  const Day from = to - std::chrono::days(kReportDays - 1);
  std::vector<std::string> says{
      fmt::format("{} to {}, for {}: {}", PrintDay(from), PrintDay(to),
                  seen.at("audience").get<std::string>(), seen.at("sections").get<std::string>()),
      seen.at("earlier").empty()
          ? std::string("the first of its kind")
          : fmt::format("the last of its kind is {}",
                        seen.at("earlier").at(0).at("id").get<std::string>())};
  return json{{"from", PrintDay(from)},
              {"to", PrintDay(to)},
              {"audience", seen.at("audience")},
              {"tell", seen.at("to")},
              {"says", says}};
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

Result<json> DecideData(const CycleView&, const json& seen) {
  bool whole = !seen.at("accounts").empty();
  bool any = false;
  std::vector<std::string> says;
  for (const json& account : seen.at("accounts")) {
    const int days = account.at("days").get<int>(), bad = account.at("bad").get<int>(),
              young = account.at("young").get<int>();
    any = any || days > 0;
    whole = whole && days == kReportDays && bad == 0 && young == 0;
    says.push_back(fmt::format("{}: {} of {} days are judged, {} of them bad, {} still young",
                               account.at("account").get<std::string>(), days, kReportDays, bad,
                               young));
  }
  if (says.empty()) says.push_back("the client has no account");
  says.push_back(whole ? "the period is whole: it may be compared with others"
                       : "the period is not whole: the report says so where it compares");
  return json{{"whole", whole}, {"any", any}, {"says", says}};
}

Result<json> DecideReport(const CycleView& cycle, const json&) {
  const json& frame = cycle.Of(CycleStep::kPlanning);
  const bool any = cycle.Of(CycleStep::kEvaluation).at("any").get<bool>();
  json out{{"make", any},
           {"kind", cycle.asked().at("kind")},
           {"audience", frame.at("audience")},
           {"from", frame.at("from")},
           {"to", frame.at("to")},
           {"tell", frame.at("tell")}};
  out["says"] = {any ? fmt::format("{} for {}, told to {}", out.at("kind").get<std::string>(),
                                   out.at("audience").get<std::string>(),
                                   out.at("tell").get<std::string>())
                     : std::string("no report: nothing is known of the period")};
  return out;
}

/// The report that an earlier try made: it is named by the cycle in who asked.
Result<std::optional<ReportEntry>> FindMade(Home& home, const CycleView& cycle,
                                            const std::string& by) {
  MAXOPT_TRY(const std::vector<ReportEntry> made, Reports(home, cycle.client(), kReportsLookedAt));
  for (const ReportEntry& entry : made) {
    if (entry.by == by) return std::optional(entry);
  }
  return std::optional<ReportEntry>();
}

Result<json> SeeMade(const StageWorld& world, const CycleView& cycle, bool again) {
  Home& home = *world.home;
  const json& chosen = cycle.Of(CycleStep::kSelection);
  if (!chosen.at("make").get<bool>()) return json{{"not_made", "nothing was chosen"}};
  if (cycle.asked().value("dry", false)) return json{{"not_made", "it was asked for without"}};
  const std::string by =
      fmt::format("{} ({})", cycle.asked().at("by").get<std::string>(), cycle.id());
  std::optional<ReportEntry> entry;
  if (again) {
    MAXOPT_TRY(entry, FindMade(home, cycle, by));
  }
  if (!entry) {
    ReportRequest request;
    request.client = cycle.client();
    request.kind = chosen.at("kind").get<std::string>();
    request.audience = chosen.at("audience").get<std::string>();
    request.language = cycle.asked().value("language", std::string());
    MAXOPT_TRY(request.from, ParseDay(chosen.at("from").get<std::string>()));
    MAXOPT_TRY(request.to, ParseDay(chosen.at("to").get<std::string>()));
    request.as_of = cycle.at();
    request.by = by;
    MAXOPT_TRY(entry, MakeReport(home, request));
  }
  int told = 0;
  if (again) {
    MAXOPT_TRY(const std::vector<Message> messages, home.store().Messages("", kReportsLookedAt));
    told = static_cast<int>(std::ranges::count(messages, entry->id, &Message::about));
  }
  if (told == 0) {
    MAXOPT_TRY(const std::vector<Message> sent, TellReport(home, entry->id));
    told = static_cast<int>(sent.size());
  }
  const std::string id = entry->id;
  MAXOPT_CHECK(RememberFor(home, cycle.client(), Stage::kReport, std::span(&id, 1)));
  return json{
      {"report", entry->id}, {"title", entry->title}, {"hash", entry->hash}, {"told", told}};
}

Result<json> DecideMade(const CycleView&, const json& seen) {
  if (seen.contains("not_made")) {
    return json{{"says", {"no report was made: " + seen.at("not_made").get<std::string>()}}};
  }
  return json{{"report", seen.at("report")},
              {"says",
               {fmt::format(
                   "{}: {} (inputs {}), {} messages in the outbox",
                   seen.at("report").get<std::string>(), seen.at("title").get<std::string>(),
                   seen.at("hash").get<std::string>().substr(0, 12), seen.at("told").get<int>())}}};
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

CycleStage ReportStage(const StageWorld& world) {
  CycleStage stage{"report", 1, {}};
  stage.steps[0] = {
      [world](const CycleView& cycle, bool) { return SeeGoal(*world.home, cycle, Stage::kReport); },
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
