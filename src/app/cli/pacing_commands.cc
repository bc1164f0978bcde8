// pacing, reviews: where flights land, and where the platforms' reviews stand.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "app/cli/open.h"
#include "stages/monitor/pacing/campaign_pace.h"
#include "stages/monitor/review/review.h"

namespace maxopt {

using nlohmann::ordered_json;

namespace {

ordered_json VerdictJson(const CampaignPace& pace) {
  const PaceVerdict& v = pace.verdict;
  ordered_json out{{"account", PrintAccount(pace.account)},
                   {"campaign_id", pace.campaign_id},
                   {"campaign", pace.name},
                   {"flight", {{"first", PrintDay(pace.first)}, {"last", PrintDay(pace.last)}}},
                   {"state", PaceStateName(v.state)},
                   {"plan", PrintMoney(v.plan)},
                   {"spent", PrintMoney(v.spent)},
                   {"days_total", v.days_total},
                   {"days_left", v.days_left}};
  if (v.landing) {
    ordered_json landing{{"mean", PrintMoney(v.landing->mean)}};
    for (std::size_t i = 0; i < v.landing->at.size(); ++i) {
      landing[fmt::format("p{:02.0f}", 100 * LandingQuantiles::kProbabilities[i])] =
          PrintMoney(v.landing->at[i]);
    }
    out["landing"] = landing;
  }
  if (v.p_over) out["p_over"] = *v.p_over;
  if (v.p_under) out["p_under"] = *v.p_under;
  if (v.today) {
    out["today"] = {{"share_elapsed", v.today->share_elapsed},
                    {"expected_so_far", PrintMoney(v.today->expected_so_far)},
                    {"expected_day", PrintMoney(v.today->expected_day)},
                    {"cap", PrintMoney(v.today->cap)}};
    if (v.today->spent) out["today"]["spent"] = PrintMoney(*v.today->spent);
  }
  if (v.month_headroom) out["month_headroom"] = PrintMoney(*v.month_headroom);
  if (v.week_headroom) out["week_headroom"] = PrintMoney(*v.week_headroom);
  if (v.utilisation) out["utilisation"] = *v.utilisation;
  if (v.headroom) {
    out["impression_share"] = {{"won", v.headroom->won},
                               {"lost_to_budget", v.headroom->lost_budget},
                               {"lost_to_rank", v.headroom->lost_rank},
                               {"rough", v.headroom->rough},
                               {"more_for_budget", PrintMoney(v.headroom->more_for_budget)}};
  }
  if (v.suggestion) {
    out["suggestion"] = {{"from", PrintMoney(v.suggestion->from)},
                         {"to", PrintMoney(v.suggestion->to)},
                         {"why", v.suggestion->why},
                         {"limited_by", v.suggestion->limited_by}};
  }
  out["why"] = v.why;
  return out;
}

}  // namespace

Result<int> PacingCommand(const CommandContext& context, const std::string& client) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  std::optional<Policy> policy;
  if (!client.empty()) {
    MAXOPT_TRY(policy, home->PolicyOf(client));
  }
  MAXOPT_TRY(const PacingReport report, LookAtPace(home->monitor_world(), client, policy));
  if (context.json) {
    ordered_json campaigns = ordered_json::array();
    for (const CampaignPace& pace : report.campaigns) campaigns.push_back(VerdictJson(pace));
    fmt::print("{}\n", ordered_json{{"campaigns", campaigns}, {"problems", report.problems}}.dump(
                           2, ' ', false, ordered_json::error_handler_t::replace));
  } else {
    for (const CampaignPace& pace : report.campaigns) {
      const PaceVerdict& v = pace.verdict;
      fmt::print("{}  {}\n  {} to {}{}: {}, {} of {} spent\n", PrintAccount(pace.account),
                 pace.name, PrintDay(pace.first), PrintDay(pace.last),
                 pace.month ? " (no end is set: the month)" : "", PaceStateName(v.state),
                 PrintMoney(v.spent), PrintMoney(v.plan));
      for (const std::string& why : v.why) fmt::print("  {}\n", why);
      if (v.today && v.today->spent) {
        fmt::print("  today {} spent, {} expected by now, {} by the day's end\n",
                   PrintMoney(*v.today->spent), PrintMoney(v.today->expected_so_far),
                   PrintMoney(v.today->expected_day));
      }
      if (v.suggestion) {
        fmt::print("  suggestion: {} -> {}: {}{}\n", PrintMoney(v.suggestion->from),
                   PrintMoney(v.suggestion->to), v.suggestion->why,
                   v.suggestion->limited_by.empty()
                       ? ""
                       : " (limited by " + v.suggestion->limited_by + ")");
      }
    }
    if (report.campaigns.empty()) fmt::print("no campaign with a budget\n");
  }
  for (const std::string& problem : report.problems) fmt::print(stderr, "{}\n", problem);
  return report.problems.empty() ? kExitOk : kExitError;
}

Result<int> ReviewsCommand(const CommandContext& context, const std::string& client) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const ReviewReport report, LookAtReviews(home->monitor_world(), client));
  if (context.json) {
    ordered_json states = ordered_json::array(), events = states, findings = states;
    for (const ReviewState& s : report.states) {
      states.push_back({{"account", PrintAccount(s.account)},
                        {"level", LevelName(s.level)},
                        {"id", s.id},
                        {"name", s.name},
                        {"state", s.state},
                        {"reason", s.reason},
                        {"since", PrintInstant(s.since)}});
    }
    for (const ReviewEvent& e : report.events) {
      events.push_back({{"account", PrintAccount(e.now.account)},
                        {"id", e.now.id},
                        {"name", e.now.name},
                        {"was", e.was},
                        {"state", e.now.state},
                        {"reason", e.now.reason},
                        {"more", ordered_json::parse(e.json)}});
    }
    for (const Condition& c : report.conditions) findings.push_back(ordered_json::parse(ToJson(c)));
    fmt::print("{}\n", ordered_json{{"states", states},
                                    {"events", events},
                                    {"conditions", findings},
                                    {"problems", report.problems}}
                           .dump(2, ' ', false, ordered_json::error_handler_t::replace));
  } else {
    std::map<std::string, int> counts;
    for (const ReviewState& s : report.states) {
      if (s.level == Level::kAd) ++counts[s.state];
    }
    for (const auto& [state, count] : counts) fmt::print("{} {}\n", count, state);
    for (const ReviewEvent& e : report.events) {
      fmt::print("new: {} {} {} -> {}{}\n", LevelName(e.now.level), e.now.name,
                 e.was.empty() ? "(not seen before)" : e.was, e.now.state,
                 e.now.reason.empty() ? "" : ": " + e.now.reason);
    }
    for (const Condition& c : report.conditions) {
      fmt::print("{}: {}\n", AlertTierName(c.tier), c.title);
      if (!c.proposal.empty()) fmt::print("  fix: {}\n", c.proposal);
    }
    if (report.conditions.empty()) fmt::print("nothing that is on is held up by a review\n");
  }
  for (const std::string& problem : report.problems) fmt::print(stderr, "{}\n", problem);
  return report.problems.empty() ? kExitOk : kExitError;
}

}  // namespace maxopt
