#include "app/scenario/scenario.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace maxopt {
namespace {

using nlohmann::ordered_json;

double Units(Money money) { return static_cast<double>(money.micros()) / 1e6; }

ordered_json IntervalJson(const Interval& v) {
  return {{"mean", v.mean},
          {"low50", v.low50},
          {"high50", v.high50},
          {"low90", v.low90},
          {"high90", v.high90}};
}
ordered_json IntervalJson(const std::optional<Interval>& v) {
  return v ? IntervalJson(*v) : ordered_json(nullptr);
}
ordered_json NumberJson(const std::optional<double>& v) {
  return v ? ordered_json(*v) : ordered_json(nullptr);
}

ordered_json AnswerJson(const ScenarioAnswer& a) {
  if (!a.error.empty()) return {{"name", a.name}, {"error", a.error}};
  ordered_json shares = ordered_json::array();
  for (const ScenarioShare& s : a.shares) {
    shares.push_back({{"channel", s.id},
                      {"currency", s.budget.currency().name()},
                      {"budget", PrintDecimal(s.budget)},
                      {"converted", PrintDecimal(s.converted)},
                      {"rate", s.rate},
                      {"spend", s.spend},
                      {"revenue", IntervalJson(s.revenue)},
                      {"roas", IntervalJson(s.roas)},
                      {"marginal_roas", IntervalJson(s.marginal)},
                      {"binding", s.binding},
                      {"beyond_tried", s.beyond},
                      {"below_tried", s.below},
                      {"identified", s.identified}});
  }
  return {{"name", a.name},
          {"budget", PrintDecimal(a.budget)},
          {"spend", a.spend},
          {"revenue", IntervalJson(a.revenue)},
          {"profit", IntervalJson(a.profit)},
          {"roas", IntervalJson(a.roas)},
          {"cpa", IntervalJson(a.cpa)},
          {"marginal_roas", IntervalJson(a.marginal)},
          {"spend_change", a.spend_change},
          {"revenue_change", IntervalJson(a.revenue_change)},
          {"profit_change", IntervalJson(a.profit_change)},
          {"better", NumberJson(a.better)},
          {"lambda", NumberJson(a.lambda)},
          {"gap", NumberJson(a.gap)},
          {"channels", std::move(shares)},
          {"notes", a.notes}};
}

/// The live budgets of one channel on their way to `wanted`, in proportion; the last takes the
/// rounding.
Result<> AddChanges(const ChannelHistory& channel, Money wanted, Money present, Plan& plan) {
  Money left = wanted;
  for (std::size_t i = 0; i < channel.budgets.size(); ++i) {
    const LiveBudget& budget = channel.budgets[i];
    Money to = left;
    if (i + 1 < channel.budgets.size()) {
      const double share = present.zero() ? 0 : Units(budget.amount) / Units(present);
      const auto exact =
          static_cast<std::int64_t>(std::llround(share * static_cast<double>(wanted.micros())));
      MAXOPT_TRY(to, FloorToMinor(Money::Micros(exact, wanted.currency()), budget.table));
    }
    left -= to;
    if (to == budget.amount) continue;
    Change change;
    change.account = budget.account;
    change.level = budget.level;
    change.address = budget.address;
    change.id = budget.id;
    change.before = {{"daily_budget", budget.amount}};
    change.after = {{"daily_budget", to}};
    change.reason = Reason::kManual;
    change.why = fmt::format("{} is to have {} a day instead of {}", channel.id, PrintMoney(wanted),
                             PrintMoney(present));
    plan.changes.push_back(std::move(change));
  }
  return {};
}

}  // namespace

Result<WhatIfOptions> WhatIfOptionsOf(Home& home, const std::string& client) {
  WhatIfOptions options;
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(client));
  if (policy) options.rate_age_max_days = policy->rate_age_max_days;
  return options;
}

std::string ScenarioJson(const Client& client, const WhatIf& what_if,
                         const ScenarioReport& report) {
  ordered_json answers = ordered_json::array();
  for (const ScenarioAnswer& answer : report.answers) answers.push_back(AnswerJson(answer));
  ordered_json notes = report.notes;
  for (const std::string& note : what_if.notes) notes.push_back(note);
  return ordered_json{{"client", client.name},
                      {"currency", client.currency.name()},
                      {"from", PrintDay(what_if.first)},
                      {"to", PrintDay(what_if.last)},
                      {"gross_margin", NumberJson(what_if.problem.gross_margin)},
                      {"revenue_per_order", NumberJson(what_if.problem.revenue_per_order)},
                      {"settle_days", report.settle_days},
                      {"scenarios", std::move(answers)},
                      {"notes", std::move(notes)}}
      .dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

Result<Plan> ProposeBudgets(Home& home, const std::string& name,
                            const std::map<std::string, std::string>& budgets,
                            const std::string& by) {
  MAXOPT_TRY(const Client client, home.store().GetClient(name));
  const OptimizeWorld world = home.optimize_world();
  MAXOPT_TRY(const WhatIfOptions options, WhatIfOptionsOf(home, name));
  MAXOPT_TRY(const WhatIf what_if, ReadWhatIf(world, name, options));
  MAXOPT_TRY(const ClientHistory history, ReadClientHistory(world, client, options.history_days));
  Plan plan;
  plan.client = name;
  plan.created_by = by;
  Scenario scenario;
  scenario.name = "chosen";
  for (const auto& [id, text] : budgets) {
    const auto channel = history.live.find(id);
    if (channel == history.live.end()) {
      std::string known;
      for (const auto& [other, of] : history.live) known += (known.empty() ? "" : ", ") + other;
      return Fail(Errc::kInvalidArgument,
                  fmt::format("there is no channel \"{}\"; known are {}", id, known));
    }
    const auto wanted = ReadAmount(text, id, client.currency);
    if (!wanted) return FailWithin(id, wanted.error());
    const Money present = channel->second.Total();
    if (wanted->currency() != present.currency()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{}: {} is proposed where the account is in {}; state the amount in "
                              "the account's currency",
                              id, PrintMoney(*wanted), present.currency().name()));
    }
    if (*wanted == present) continue;
    if (wanted->negative()) {
      return Fail(Errc::kInvalidArgument, fmt::format("{}: a budget is not below 0", id));
    }
    const MinorUnits table = channel->second.budgets.front().table;
    MAXOPT_TRY(const Money whole, FloorToMinor(*wanted, table));
    if (whole != *wanted) {
      return Fail(Errc::kInvalidArgument, fmt::format("{}: {} is no whole smallest unit of {}", id,
                                                      text, present.currency().name()));
    }
    if (!channel->second.lock.empty()) {
      return Fail(Errc::kRefused, fmt::format("{}: {}", id, channel->second.lock));
    }
    scenario.set.emplace(id, *wanted);
    MAXOPT_CHECK(AddChanges(channel->second, *wanted, present, plan));
  }
  if (plan.changes.empty()) {
    return Fail(Errc::kInvalidArgument, "these are the budgets that are there; nothing to propose");
  }
  std::string names;
  for (const auto& [id, money] : scenario.set) names += (names.empty() ? "" : ", ") + id;
  plan.title = "budgets chosen in a scenario: " + names;
  MAXOPT_TRY(const ScenarioReport report, CompareScenarios(what_if.problem, {scenario}));
  const ScenarioAnswer& answer = report.answers.back();
  if (!answer.error.empty()) return Fail(Errc::kInvalidArgument, answer.error);
  // Without a known response nothing is promised, and nothing can be scored.
  plan.prediction = Prediction{"revenue",
                               answer.revenue_change.mean,
                               answer.revenue_change.low90,
                               answer.revenue_change.high90,
                               RecommendOptions{}.step_days,
                               client.currency};
  for (const std::string& note : answer.notes) plan.notes.push_back(note);
  for (const std::string& note : history.RateNotes(options.rate_age_max_days)) {
    plan.notes.push_back(note);
  }
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(name));
  return home.door().Propose(std::move(plan), policy ? &*policy : nullptr);
}

}  // namespace maxopt
