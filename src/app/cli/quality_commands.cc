#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "app/cli/open.h"
#include "memory/facts/quality.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

ordered_json AspectJson(const QualityAspect& aspect) {
  ordered_json json = {{"state", QualityStateName(aspect.state)}};
  if (!aspect.why.empty()) json["why"] = aspect.why;
  return json;
}

ordered_json DayJson(const DayQuality& day, Currency currency) {
  ordered_json json = {{"account", PrintAccount(day.account)},
                       {"day", PrintDay(day.day)},
                       {"completeness", AspectJson(day.completeness)},
                       {"freshness", AspectJson(day.freshness)},
                       {"reconciliation", AspectJson(day.reconciliation)},
                       {"maturity", AspectJson(day.maturity)}};
  json["share_known"] = day.share_known ? ordered_json(*day.share_known) : ordered_json();
  json["read_at"] = day.read_at ? ordered_json(PrintInstant(*day.read_at)) : ordered_json();
  json["unattributed"] =
      day.unattributed_micros
          ? ordered_json(PrintMoney(Money::Micros(*day.unattributed_micros, currency)))
          : ordered_json();
  return json;
}

}  // namespace

Result<int> QualityCommand(const CommandContext& context, const QualityArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, home->store().Accounts());
  const Instant now = home->clock().Now();
  ordered_json all = ordered_json::array();
  ordered_json holds = ordered_json::array();
  bool any = false;
  bool held = false;
  for (const ClientAccount& account : accounts) {
    const std::string name = PrintAccount(account.info.account);
    if (!arguments.client.empty() && account.client != arguments.client) continue;
    if (!arguments.account.empty() && arguments.account != name) continue;
    any = true;
    MAXOPT_TRY(const Zone zone, Zone::Find(account.info.zone));
    Day to = zone.DayOf(now);
    if (!arguments.to.empty()) {
      MAXOPT_TRY(to, ParseDay(arguments.to));
    }
    // A week, as decisions look at it.
    Day from = to - std::chrono::days(7);
    if (!arguments.from.empty()) {
      MAXOPT_TRY(from, ParseDay(arguments.from));
    }
    if (from > to) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("--from {} is after --to {}", PrintDay(from), PrintDay(to)));
    }
    MAXOPT_TRY(const std::vector<DayQuality> days,
               DataQuality(home->facts(), account.info, from, to, now));
    MAXOPT_TRY(const Hold hold,
               DecisionHold(home->facts(), {account.info}, {.from = from, .to = to}, now));
    held = held || hold.held();
    for (const DayQuality& day : days) all.push_back(DayJson(day, account.info.currency));
    holds.push_back({{"account", name}, {"hold", hold.held()}, {"reasons", hold.reasons}});
    if (context.json) continue;
    fmt::print("{}  {}\n", name, account.info.name);
    fmt::print("  {:<10}  {:<12}  {:<12}  {:<14}  {:<9}  {:>5}\n", "day", "completeness",
               "freshness", "reconciliation", "maturity", "known");
    for (const DayQuality& day : days) {
      fmt::print("  {:<10}  {:<12}  {:<12}  {:<14}  {:<9}  {:>5}\n", PrintDay(day.day),
                 QualityStateName(day.completeness.state), QualityStateName(day.freshness.state),
                 QualityStateName(day.reconciliation.state), QualityStateName(day.maturity.state),
                 day.share_known ? fmt::format("{:.0f} %", 100 * *day.share_known) : "");
      for (const QualityAspect* aspect : {&day.completeness, &day.freshness, &day.reconciliation}) {
        if (!aspect->why.empty() && aspect->state != QualityState::kPending) {
          fmt::print("              {}\n", aspect->why);
        }
      }
    }
    if (hold.held()) {
      for (const std::string& reason : hold.reasons) fmt::print("  HOLD: {}\n", reason);
    } else {
      fmt::print("  automated decisions may use these days\n");
    }
  }
  if (!any) {
    return Fail(Errc::kNotFound, "no such account is connected; maxopt status lists them");
  }
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"held", held}, {"accounts", holds}, {"days", all}}.dump(2));
  }
  return held ? kExitPending : kExitOk;
}

}  // namespace maxopt
