// Stage 2: what is wrong now, and which alerts come of it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "app/cycle/stages.h"
#include "app/tactics/tactics.h"
#include "domain/alert.h"
#include "memory/campaigns/alerts.h"

namespace maxopt::cycles {
namespace {

using nlohmann::json;

constexpr std::size_t kMonitorSaid = 12;

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
      state = fmt::format("last read {} minutes ago", age);
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
             world.lookout->Detect(home, cycle.client(), home.monitor_world()));
  json conditions = json::array();
  for (const Condition& condition : found.conditions) {
    conditions.push_back(json::parse(ToJson(condition)));
  }
  return json{{"conditions", std::move(conditions)},
              {"looks", LooksKept(found.looks)},
              {"scopes", ScopesKept(found.scopes)},
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
  for (const std::string& problem : Sentences(seen, "problems")) {
    says.push_back("could not look: " + problem);
  }
  return json{{"order", order}, {"tiers", tiers}, {"detectors", detectors}, {"says", says}};
}

Result<json> SeeOpenAlerts(const StageWorld& world, const CycleView& cycle) {
  MAXOPT_TRY(const std::vector<AlertEntry> live, LiveAlerts(world.home->store()));
  json out = json::array();
  for (const AlertEntry& entry : live) {
    if (entry.alert.condition.client != cycle.client() || !entry.alert.open) continue;
    out.push_back({{"id", entry.alert.id},
                   {"fingerprint", Fingerprint(entry.alert.condition)},
                   {"tier", AlertTierName(entry.alert.tier)},
                   {"acknowledged_by", entry.acknowledged_by},
                   {"title", entry.alert.condition.title}});
  }
  return json{{"open", std::move(out)}};
}

Result<json> DecideAlertsToRaise(const CycleView& cycle, const json& seen) {
  MAXOPT_TRY(const std::vector<Condition> conditions,
             ConditionsBack(cycle.Saw(CycleStep::kEvaluation).at("conditions")));
  std::map<std::string, std::string> open;  // id by fingerprint
  for (const json& each : seen.at("open")) {
    open[each.at("fingerprint").get<std::string>()] = each.at("id").get<std::string>();
  }
  json fresh = json::array(), known = json::array(), over = json::array();
  std::set<std::string> now;
  std::vector<std::string> says, told;
  for (const json& index : cycle.Of(CycleStep::kEvaluation).at("order")) {
    const Condition& condition = conditions.at(index.get<std::size_t>());
    const std::string print = Fingerprint(condition);
    if (!now.insert(print).second) continue;
    if (const auto at = open.find(print); at != open.end()) {
      known.push_back(at->second);
    } else {
      fresh.push_back(print);
      told.push_back("new: " + condition.title);
    }
  }
  for (const auto& [print, id] : open) {
    if (!now.contains(print)) over.push_back(id);
  }
  says.push_back(fmt::format("{} new, {} go on, {} are no longer true where they were looked for",
                             fresh.size(), known.size(), over.size()));
  SayFirst(told, kMonitorSaid, says, [](const std::string& line) { return line; });
  return json{{"new", std::move(fresh)},
              {"known", std::move(known)},
              {"over", std::move(over)},
              {"says", says}};
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
  MAXOPT_CHECK(RememberFor(home, cycle.client(), Stage::kMonitor, round.opened));
  return json{{"opened", round.opened}, {"resolved", round.resolved}, {"open", round.open.size()},
              {"sent", round.sent},     {"waiting", round.waiting},   {"failed", round.failed},
              {"notes", round.notes}};
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

}  // namespace

CycleStage MonitorStage(const StageWorld& world) {
  CycleStage stage{"monitor", 1, {}};
  stage.steps[0] = {[world](const CycleView& cycle, bool) {
                      return SeeGoal(*world.home, cycle, Stage::kMonitor);
                    },
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
