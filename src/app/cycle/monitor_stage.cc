// Stage 2: what is wrong now, and which alerts come of it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "app/cycle/stages.h"
#include "decide/alerting/alerting.h"
#include "domain/alert.h"
#include "memory/campaigns/alerts.h"
#include "stages/monitor/detect/contain.h"

namespace maxopt::cycles {
namespace {

using nlohmann::json;

constexpr std::size_t kMonitorSaid = 12;
constexpr int kPlansOfALook = 50;  ///< newest first; a look makes one an account

json ScopesKept(const AlertScopes& scopes) {
  return {{"campaign_of", scopes.campaign_of}, {"idle", scopes.idle}};
}
AlertScopes ScopesBack(const json& kept) {
  AlertScopes out;
  out.campaign_of = kept.at("campaign_of").get<std::map<std::string, std::string>>();
  out.idle = kept.at("idle").get<std::map<std::string, std::string>>();
  return out;
}

json LooksKept(const std::vector<Look>& looks) {
  json out = json::array();
  for (const Look& look : looks) {
    json one{{"client", look.client}, {"detector", look.detector}};
    if (look.account) one["account"] = PrintAccount(*look.account);
    out.push_back(std::move(one));
  }
  return out;
}
Result<std::vector<Look>> LooksBack(const json& kept) {
  std::vector<Look> out;
  for (const json& each : kept) {
    Look look{each.at("client").get<std::string>(), each.at("detector").get<std::string>()};
    if (each.contains("account")) {
      const auto text = each.at("account").get<std::string>();
      const std::size_t slash = text.find('/');
      if (slash == std::string::npos) {
        return Fail(Errc::kInvalidArgument, fmt::format("\"{}\" is no account", text));
      }
      MAXOPT_TRY(const Platform platform, FindPlatform(text.substr(0, slash)));
      look.account = AccountId{platform, text.substr(slash + 1)};
    }
    out.push_back(std::move(look));
  }
  return out;
}

Result<std::vector<Condition>> ConditionsBack(const json& kept) {
  std::vector<Condition> out;
  for (const json& each : kept) {
    MAXOPT_TRY(Condition condition, ConditionFromJson(each.dump()));
    out.push_back(std::move(condition));
  }
  return out;
}

Result<json> DecideMonitorGoal(const CycleView&, const json& seen) {
  std::vector<std::string> says{
      fmt::format("to see everything that matters of {} watches, on the client's day {}",
                  seen.at("watched").get<std::size_t>(), seen.at("day").get<std::string>())};
  SayGoal(seen, says);
  return json{{"says", says}};
}

Result<json> SeeAccounts(const StageWorld& world, const CycleView& cycle) {
  Home& home = *world.home;
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, home.store().Accounts());
  MAXOPT_TRY(const std::vector<FactStore::Freshness> fresh, home.facts().Freshest());
  MAXOPT_TRY(const std::vector<Watch> watches, home.store().Watches(cycle.client()));
  json out = json::array();
  for (const ClientAccount& account : accounts) {
    if (account.client != cycle.client()) continue;
    json one{{"account", PrintAccount(account.info.account)}, {"name", account.info.name}};
    for (const FactStore::Freshness& entry : fresh) {
      if (entry.account != account.info.account) continue;
      one["learnt_at"] = PrintInstant(entry.learnt_at);
      one["last_day"] = PrintDay(entry.last_day);
    }
    out.push_back(std::move(one));
  }
  std::map<std::string, int> shortest;  // minutes, by importance
  for (const Watch& watch : watches) {
    const auto [at, is_new] = shortest.try_emplace(watch.importance, watch.interval_minutes);
    if (!is_new) at->second = std::min(at->second, watch.interval_minutes);
  }
  return json{{"accounts", std::move(out)}, {"every_minutes", shortest}};
}

Result<json> DecideAccounts(const CycleView& cycle, const json& seen) {
  // Twice the shortest interval that something is watched at: one missed reading is no alarm.
  int every = 60;
  bool watched = false;
  for (const auto& [importance, minutes] : seen.at("every_minutes").items()) {
    every = watched ? std::min(every, minutes.get<int>()) : minutes.get<int>();
    watched = true;
  }
  json looked = json::array();
  std::vector<std::string> says{
      fmt::format("{} accounts, watched every {} minutes at the most important",
                  seen.at("accounts").size(), every)};
  for (const json& account : seen.at("accounts")) {
    const auto name = account.at("account").get<std::string>();
    std::string state = "never read";
    bool stale = true;
    if (account.contains("learnt_at")) {
      MAXOPT_TRY(const Instant at, ParseInstant(account.at("learnt_at").get<std::string>()));
      const auto age = std::chrono::duration_cast<std::chrono::minutes>(cycle.at() - at).count();
      stale = age > 2 * every;
      state = age < 120       ? fmt::format("last read {} minutes ago", age)
              : age < 48 * 60 ? fmt::format("last read {} hours ago", age / 60)
                              : fmt::format("last read {} days ago", age / (24 * 60));
    }
    looked.push_back({{"account", name}, {"stale", stale}});
    says.push_back(fmt::format("{}: {}{}", name, state,
                               stale ? ", older than it should be (maxopt monitor reads it)" : ""));
  }
  return json{{"look_at", std::move(looked)}, {"says", says}};
}

Result<json> SeeConditions(const StageWorld& world, const CycleView& cycle) {
  Home& home = *world.home;
  if (world.lookout == nullptr) Bug();  // only a replay has none
  MAXOPT_TRY(const Detection found,
             world.lookout->Detect(home, cycle.client(),
                                   world.monitor ? *world.monitor : home.monitor_world()));
  // What ran away was paused by the detectors themselves, through the door.
  MAXOPT_TRY(const std::vector<Plan> plans, home.store().Plans(std::nullopt, kPlansOfALook));
  json paused = json::array();
  for (const Plan& plan : plans) {
    if (plan.client != cycle.client() || plan.created_by != kContainedBy) continue;
    if (plan.created_at >= cycle.at()) paused.push_back(plan.id);
  }
  json conditions = json::array();
  for (const Condition& condition : found.conditions) {
    conditions.push_back(json::parse(ToJson(condition)));
  }
  return json{{"conditions", std::move(conditions)},
              {"looks", LooksKept(found.looks)},
              {"scopes", ScopesKept(found.scopes)},
              {"plans", std::move(paused)},
              {"problems", found.problems}};
}

Result<json> DecideConditions(const CycleView&, const json& seen) {
  MAXOPT_TRY(const std::vector<Condition> conditions, ConditionsBack(seen.at("conditions")));
  std::vector<std::size_t> order(conditions.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  // The worst first, then what most money hangs on, of one currency.
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const Condition &x = conditions[a], &y = conditions[b];
    if (x.tier != y.tier) return x.tier > y.tier;
    const bool same = x.at_stake && y.at_stake && x.at_stake->currency() == y.at_stake->currency();
    return same && *y.at_stake < *x.at_stake;
  });
  std::map<std::string, int> tiers, detectors;
  for (const Condition& condition : conditions) {
    ++tiers[std::string(AlertTierName(condition.tier))];
    ++detectors[condition.detector];
  }
  int quality = 0;
  for (const char* word : {"data_quality", "tracking"}) {
    if (const auto at = detectors.find(word); at != detectors.end()) quality += at->second;
  }
  std::vector<std::string> parts;
  for (const auto& [tier, n] : tiers) parts.push_back(fmt::format("{} {}", n, tier));
  std::vector<std::string> says{
      fmt::format("{} detectors looked; {} conditions{}{}", seen.at("looks").size(),
                  conditions.size(), parts.empty() ? "" : ": ", fmt::join(parts, ", ")),
      quality == 0 ? "nothing is wrong with data or tracking"
                   : fmt::format("{} of them are of data and tracking: what rests on them is held",
                                 quality)};
  SayFirst(order, kMonitorSaid, says, [&](std::size_t i) {
    return fmt::format("{:<8} {}: {}", AlertTierName(conditions[i].tier), conditions[i].detector,
                       conditions[i].title);
  });
  for (const std::string& plan : Sentences(seen, "plans")) {
    says.push_back(fmt::format("{} pauses what runs away", plan));
  }
  for (const std::string& problem : Sentences(seen, "problems")) {
    says.push_back("could not look: " + problem);
  }
  return json{{"order", order}, {"tiers", tiers}, {"detectors", detectors}, {"says", says}};
}

/// All that the alert book decides by, but for whom it tells: see RaiseAlerts.
Result<json> SeeOpenAlerts(const StageWorld& world, const CycleView& cycle) {
  Home& home = *world.home;
  MAXOPT_TRY(const std::vector<AlertEntry> live, LiveAlerts(home.store()));
  MAXOPT_TRY(const AlertConfig config, home.Alerting());
  json open = json::array();
  for (const AlertEntry& entry : live) {
    if (entry.alert.condition.client != cycle.client() || !entry.alert.open) continue;
    open.push_back(json::parse(ToJson(entry)));
  }
  const Instant now = home.clock().Now();
  MAXOPT_TRY(const int next, NextAlertNumber(home.store(), now));
  return json{{"open", std::move(open)},
              {"hold_seconds", config.policy.hold.count()},
              {"next_number", next},
              {"at", PrintInstant(now)}};
}

/// As execution decides it, by the same book; told to nobody.
Result<json> DecideAlertsToRaise(const CycleView& cycle, const json& seen) {
  const json& found = cycle.Saw(CycleStep::kEvaluation);
  AlertPolicy policy;
  policy.hold = std::chrono::seconds(seen.at("hold_seconds").get<std::int64_t>());
  AlertRoundInput input;
  MAXOPT_TRY(const std::vector<Condition> conditions, ConditionsBack(found.at("conditions")));
  for (const json& index : cycle.Of(CycleStep::kEvaluation).at("order")) {
    input.conditions.push_back(conditions.at(index.get<std::size_t>()));
  }
  MAXOPT_TRY(input.looks, LooksBack(found.at("looks")));
  input.scopes = ScopesBack(found.at("scopes"));
  MAXOPT_TRY(input.now, ParseInstant(seen.at("at").get<std::string>()));
  input.next_number = seen.at("next_number").get<int>();
  std::map<std::string, AlertEntry> before;
  for (const json& each : seen.at("open")) {
    MAXOPT_TRY(AlertEntry entry, AlertEntryFromJson(each.dump()));
    before[entry.alert.id] = entry;
    input.entries.push_back(std::move(entry));
  }
  const AlertRoundOutput round = DecideAlerts(policy, std::move(input));
  json fresh = json::array(), known = json::array(), worse = json::array(), over = json::array();
  std::vector<std::string> says, told;
  for (const AlertEntry& entry : round.entries) {
    const Alert& alert = entry.alert;
    const auto was = before.find(alert.id);
    if (was == before.end()) {
      fresh.push_back(Fingerprint(alert.condition));
      told.push_back("new: " + alert.condition.title);
    } else if (!alert.open) {
      told.push_back("over: " + alert.condition.title);
    } else if (alert.tier > was->second.alert.tier) {
      worse.push_back(alert.id);
      told.push_back("worse: " + alert.condition.title);
    } else if (entry.over_since && !was->second.over_since) {
      over.push_back(alert.id);
      told.push_back("no longer true: " + alert.condition.title);
    } else {
      known.push_back(alert.id);
    }
  }
  says.push_back(fmt::format("{} new, {} worse, {} go on, {} are no longer true, {} are over",
                             fresh.size(), worse.size(), known.size(), over.size(),
                             round.resolved.size()));
  SayFirst(told, kMonitorSaid, says, [](const std::string& line) { return line; });
  return json{{"new", std::move(fresh)}, {"worse", std::move(worse)},  {"known", std::move(known)},
              {"over", std::move(over)}, {"resolved", round.resolved}, {"says", says}};
}

Result<json> SeeRaised(const StageWorld& world, const CycleView& cycle) {
  Home& home = *world.home;
  if (cycle.asked().value("dry", false)) return json{{"not_raised", "it was asked for without"}};
  const json& found = cycle.Saw(CycleStep::kEvaluation);
  MAXOPT_TRY(std::vector<Condition> conditions, ConditionsBack(found.at("conditions")));
  MAXOPT_TRY(std::vector<Look> looks, LooksBack(found.at("looks")));
  MAXOPT_TRY(const AlertRound round,
             Lookout::Raise(home, std::move(conditions), std::move(looks),
                            ScopesBack(found.at("scopes")), home.clock().Now()));
  json out{{"opened", round.opened}, {"resolved", round.resolved}, {"open", round.open.size()},
           {"sent", round.sent},     {"waiting", round.waiting},   {"failed", round.failed},
           {"notes", round.notes}};
  KeepMemory(home, cycle, Stage::kMonitor, round.opened, out);
  return out;
}

Result<json> DecideRaised(const CycleView&, const json& seen) {
  if (seen.contains("not_raised")) {
    return json{{"says", {"no alert was raised: " + seen.at("not_raised").get<std::string>()}}};
  }
  const std::vector<std::string> opened = Sentences(seen, "opened");
  const std::vector<std::string> resolved = Sentences(seen, "resolved");
  std::vector<std::string> says{fmt::format(
      "{} alerts are open: {} opened{}{}, {} resolved{}{}; {} notifications sent, {} wait, {} "
      "given up",
      seen.at("open").get<std::size_t>(), opened.size(), opened.empty() ? "" : " ",
      fmt::join(opened, " "), resolved.size(), resolved.empty() ? "" : " ",
      fmt::join(resolved, " "), seen.at("sent").get<int>(), seen.at("waiting").get<int>(),
      seen.at("failed").get<int>())};
  for (const std::string& note : Sentences(seen, "notes")) says.push_back("note: " + note);
  SayMemory(seen, says);
  return json{{"opened", opened}, {"resolved", resolved}, {"says", says}};
}

Result<json> SeeFeedback(const StageWorld& world, const CycleView& cycle) {
  MAXOPT_TRY(const std::vector<AlertFeedback> counts,
             AlertFeedbackCounts(world.home->store(), cycle.client()));
  std::map<std::string, std::pair<int, int>> by;
  for (const AlertFeedback& each : counts) {
    by[each.detector].first += each.useful;
    by[each.detector].second += each.not_useful;
  }
  json out = json::object();
  for (const auto& [detector, count] : by) {
    out[detector] = {{"useful", count.first}, {"not_useful", count.second}};
  }
  return json{{"feedback", std::move(out)}};
}

Result<json> DecideFeedback(const CycleView&, const json& seen) {
  std::vector<std::string> says;
  for (const auto& [detector, count] : seen.at("feedback").items()) {
    says.push_back(fmt::format("{}: {} of its alerts were called useful, {} not", detector,
                               count.at("useful").get<int>(), count.at("not_useful").get<int>()));
  }
  if (says.empty()) {
    says.push_back("nobody said yet which alerts were useful (maxopt alerts feedback)");
  }
  return json{{"says", says}};
}

/// A step's bytes as they are in the record; an object without members where there are none yet.
json Kept(const Cycle& cycle, CycleStep step, std::string StepRecord::*bytes) {
  const auto at = static_cast<std::size_t>(step);
  if (cycle.steps.size() <= at || (cycle.steps[at].*bytes).empty()) return json::object();
  return json::parse(cycle.steps[at].*bytes);
}

}  // namespace

bool HasNews(const Cycle& cycle) {
  const auto any = [](const json& of, std::initializer_list<const char*> lists) {
    return std::ranges::any_of(
        lists, [&](const char* list) { return of.contains(list) && !of.at(list).empty(); });
  };
  return any(Kept(cycle, CycleStep::kEvaluation, &StepRecord::input), {"plans"}) ||
         any(Kept(cycle, CycleStep::kSelection, &StepRecord::output),
             {"new", "worse", "over", "resolved"}) ||
         any(Kept(cycle, CycleStep::kExecution, &StepRecord::input), {"opened", "resolved"});
}

CycleStage MonitorStage(const StageWorld& world) {
  CycleStage stage{"monitor", 3, {}};
  stage.steps[0] = {
      [world](const CycleView& cycle, bool) { return SeeGoal(world, cycle, Stage::kMonitor); },
      DecideMonitorGoal};
  stage.steps[1] = {[world](const CycleView& cycle, bool) { return SeeAccounts(world, cycle); },
                    DecideAccounts};
  stage.steps[2] = {[world](const CycleView& cycle, bool) { return SeeConditions(world, cycle); },
                    DecideConditions};
  stage.steps[3] = {[world](const CycleView& cycle, bool) { return SeeOpenAlerts(world, cycle); },
                    DecideAlertsToRaise};
  stage.steps[4] = {[world](const CycleView& cycle, bool) { return SeeRaised(world, cycle); },
                    DecideRaised};
  stage.steps[5] = {[world](const CycleView& cycle, bool) { return SeeFeedback(world, cycle); },
                    DecideFeedback};
  return stage;
}

}  // namespace maxopt::cycles

namespace maxopt {

Result<LookRun> LookOnce(Home& home, const std::string& client, const std::string& by,
                         CycleMeans means) {
  using nlohmann::json;
  CycleRequest request{.stage = "monitor", .client = client, .by = by};
  request.only_news = true;
  MAXOPT_TRY(const CycleRun run, RunStageCycle(home, request, std::move(means)));
  if (run.stopped) {
    const std::string& id = run.cycle.id;
    return FailWithin(id.empty() ? "the look" : fmt::format("cycle {} stopped", id), *run.stopped);
  }
  const auto saw = [&](CycleStep step) {
    return cycles::Kept(run.cycle, step, &StepRecord::input);
  };
  LookRun out;
  out.cycle = run.cycle.id;
  out.notes = run.notes;
  const json planned = saw(CycleStep::kPlanning), found = saw(CycleStep::kEvaluation),
             raised = saw(CycleStep::kExecution);
  for (const json& account : planned.at("accounts")) {
    ++out.accounts;
    if (!account.contains("learnt_at"))
      out.unread.push_back(account.at("account").get<std::string>());
  }
  MAXOPT_TRY(out.conditions, cycles::ConditionsBack(found.at("conditions")));
  out.problems = cycles::Sentences(found, "problems");
  const json memory = saw(CycleStep::kGoal).at("memory");
  out.not_remembered = memory.value("problem", raised.value("not_remembered", std::string()));
  out.opened = cycles::Sentences(raised, "opened");
  out.resolved = cycles::Sentences(raised, "resolved");
  out.open = raised.at("open").get<std::size_t>();
  out.sent = raised.at("sent").get<int>();
  const std::vector<std::string> notes = cycles::Sentences(raised, "notes");
  out.notes.insert(out.notes.end(), notes.begin(), notes.end());
  return out;
}

}  // namespace maxopt
