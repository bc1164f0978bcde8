// Stage 3: what is worth changing, chosen under the day's budget, proposed through the door.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "app/cycle/stages.h"
#include "app/optimize/optimize.h"
#include "app/optimize/proposals.h"
#include "app/rules/rules.h"
#include "app/tactics/tactics.h"
#include "domain/json.h"
#include "stages/optimize/round/round.h"

namespace maxopt::cycles {
namespace {

using nlohmann::json;

/// Half the width of a central 90 % interval of a normal, in standard deviations.
constexpr double kHalf90OfNormal = 1.6448536269514722;
/// Of a list in the trace; the kept JSON has all.
constexpr std::size_t kSaid = 12;

json MoneyKept(const Money& money) { return json::parse(ToJson(FieldValue(money))); }
Result<std::optional<Money>> MoneyBack(const json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end()) return std::optional<Money>();
  MAXOPT_TRY(const FieldValue value, FieldValueFromJson(found->dump()));
  const Money* money = std::get_if<Money>(&value);
  if (money == nullptr) {
    return Fail(Errc::kInvalidArgument, fmt::format("{} is no amount of money", member));
  }
  return std::optional(*money);
}

bool Finite(const Opportunity& o) {
  const auto& p = o.change.prediction;
  return std::isfinite(o.value) && std::isfinite(o.value_low90) && std::isfinite(o.value_high90) &&
         std::isfinite(o.learning_cost) &&
         (!p || (std::isfinite(p->mean) && std::isfinite(p->low90) && std::isfinite(p->high90)));
}

// --- goal ---------------------------------------------------------------------------------------

Result<json> DecideOptimizeGoal(const CycleView& cycle, const json& seen) {
  std::vector<std::string> says{"to do as well as can be by the primary KPIs, within the policy"};
  SayGoal(seen, says);
  const bool act = cycle.asked().value("act", false) && !seen.at("policy").is_null() &&
                   seen.at("policy").at("mode") == PolicyModeName(PolicyMode::kAct);
  return json{{"act", act}, {"says", says}};
}

// --- planning -----------------------------------------------------------------------------------

Result<json> SeeOptions(const StageWorld& world, const CycleView& cycle) {
  Home& home = *world.home;
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(cycle.client()));
  std::vector<std::string> notes;
  std::string why;
  if (GoalMayPropose(cycle, why)) {
    MAXOPT_TRY(notes, WithdrawUndecided(home, cycle.client()));
  }
  OptimizeOptions options;
  options.levers = cycle.asked().value("levers", std::vector<std::string>());
  options.days = cycle.asked().value("days", options.days);
  options.tactics = cycle.asked().value("tactics", true);
  const Policy* rules = policy ? &*policy : nullptr;
  MAXOPT_TRY(Opportunities found, FindOpportunities(home, cycle.client(), rules, options));
  notes.insert(notes.end(), found.notes.begin(), found.notes.end());
  // What a language model would change comes beside what the levers found. Its answer is part of
  // what is seen here: nothing after this asks it again.
  std::optional<ModelProposals> proposed;
  if (Wanted(options, kModelLever)) {
    proposed = AskForProposals(home, rules, found, options.tactics, cycle.id(),
                               cycle.asked().value("by", std::string()));
  }
  if (proposed) found.levers.push_back(proposed->report);

  // A person's rules go first, then budgets, as in the day's jobs.
  std::vector<Plan> before;
  MAXOPT_TRY(const std::optional<RulesFile> file, RulesOf(home, cycle.client()));
  if (cycle.asked().value("rules", true) && file && !file->set.rules.empty()) {
    MAXOPT_TRY(const RulesRound round, RunRulesOf(home, cycle.client(), false));
    before = round.run.plans;
    notes.insert(notes.end(), round.run.notes.begin(), round.run.notes.end());
  }
  const std::size_t of_rules = before.size();
  if (found.budgets && found.budgets->plan) before.push_back(*found.budgets->plan);

  json messages = json::array();
  for (LeverReport& report : found.levers) {
    const auto odd =
        std::erase_if(report.opportunities, [](const Opportunity& o) { return !Finite(o); });
    if (odd > 0) {
      found.problems.push_back(
          fmt::format("{}: {} findings have numbers that are not finite", report.lever, odd));
    }
    for (const Message& m : report.messages) {
      messages.push_back({{"to", m.to},
                          {"kind", m.kind},
                          {"title", m.title},
                          {"about", m.about},
                          {"json", m.json},
                          {"markdown", m.markdown}});
    }
    for (const std::string& note : report.notes) notes.push_back(report.lever + ": " + note);
  }
  const RoundInput input = RoundInputOf(found.state, found.levers, std::move(before));
  json seen{{"round", json::parse(ToJson(input))},
            {"of_rules", of_rules},
            {"budgets", found.budgets ? found.budgets->why : ""},
            {"no_budgets", found.no_budgets},
            {"tactics", {{"looked_at", found.tactics.looked_at}, {"moved", found.tactics.moved}}},
            {"messages", std::move(messages)},
            {"notes", notes},
            {"problems", found.problems}};
  if (proposed) {
    seen["model"] = {{"name", proposed->model},
                     {"answer", proposed->answer},
                     {"refused", proposed->refused},
                     {"why", proposed->why}};
  }
  return seen;
}

/// What came of asking a language model, in the trace.
void SayModel(const json& seen, int taken, std::vector<std::string>& says) {
  if (!seen.contains("model")) return;
  const json& model = seen.at("model");
  const auto why = model.at("why").get<std::string>();
  const std::vector<std::string> refused = Sentences(model, "refused");
  says.push_back(why.empty()
                     ? fmt::format("the language model {}: {} proposals taken as candidates, {} "
                                   "refused; a person decides on each",
                                   model.at("name").get<std::string>(), taken, refused.size())
                     : "without the language model: " + why);
  for (const std::string& each : refused) says.push_back("refused: " + each);
}

/// What it may bring a day, in the client's currency; 0 without a rate, and then it waits.
double ClientValue(const RoundInput& input, const RoundCandidate& candidate) {
  return candidate.opportunity.value * ClientRate(input, candidate).value_or(0);
}

Result<json> DecideOptions(const CycleView&, const json& seen) {
  MAXOPT_TRY(const RoundInput input, RoundInputFromJson(seen.at("round").dump()));
  // In the order of what each may bring.
  std::vector<std::size_t> order(input.candidates.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return ClientValue(input, input.candidates[a]) > ClientValue(input, input.candidates[b]);
  });
  std::map<std::string, int> by_lever;
  int drawn = 0;
  for (const RoundCandidate& candidate : input.candidates) {
    ++by_lever[candidate.lever];
    const json evidence = json::parse(candidate.opportunity.change.evidence, nullptr, false);
    drawn += evidence.is_object() && evidence.contains("tactics_prior") ? 1 : 0;
  }
  std::vector<std::string> counts;
  for (const auto& [lever, n] : by_lever) counts.push_back(fmt::format("{} {}", n, lever));
  std::vector<std::string> says{fmt::format(
      "{} candidates{}{}; {} drawn to what like tactics brought", input.candidates.size(),
      counts.empty() ? "" : ": ", fmt::join(counts, ", "), drawn)};
  const auto of_model = by_lever.find(std::string(kModelLever));
  SayModel(seen, of_model == by_lever.end() ? 0 : of_model->second, says);
  const auto of_rules = seen.at("of_rules").get<std::size_t>();
  for (std::size_t i = 0; i < input.before.size(); ++i) {
    says.push_back(fmt::format("first: {} ({}, {} changes)", input.before[i].title,
                               i < of_rules ? "the client's rules" : "budgets",
                               input.before[i].changes.size()));
  }
  if (const auto why = seen.at("no_budgets").get<std::string>(); !why.empty()) {
    says.push_back("budgets were not looked at: " + why);
  }
  SayFirst(order, kSaid, says, [&](std::size_t i) {
    const RoundCandidate& c = input.candidates[i];
    return fmt::format("{:>9.2f} a day  {:<9} {}: {}", ClientValue(input, c), c.lever,
                       c.opportunity.change.address, c.opportunity.change.why);
  });
  for (const std::string& problem : Sentences(seen, "problems")) {
    says.push_back("problem: " + problem);
  }
  SayFirst(Sentences(seen, "notes"), kSaid, says,
           [](const std::string& note) { return "note: " + note; });
  return json{
      {"order", order}, {"by_lever", by_lever}, {"drawn_to_tactics", drawn}, {"says", says}};
}

// --- evaluation ---------------------------------------------------------------------------------

Result<json> SeeLimits(const StageWorld& world, const CycleView& cycle) {
  Home& home = *world.home;
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(cycle.client()));
  MAXOPT_TRY(const RoundInput input,
             RoundInputFromJson(cycle.Saw(CycleStep::kPlanning).at("round").dump()));
  MAXOPT_TRY(const ChangeBudget budget,
             BudgetOfToday(home.store(), cycle.client(), policy ? &*policy : nullptr,
                           home.clock().Now(), input.overdelivery_bp, input.rates));
  json kept{{"horizon_days", budget.horizon_days}, {"risk_aversion", budget.risk_aversion}};
  if (budget.changes) kept["changes"] = *budget.changes;
  if (budget.money) kept["money"] = MoneyKept(*budget.money);
  if (budget.money_per_account) kept["money_per_account"] = MoneyKept(*budget.money_per_account);
  for (const auto& [account, money] : budget.moved_before) {
    kept["moved_before"][PrintAccount(account)] = MoneyKept(money);
  }
  json blocked = json::array();
  if (policy) {
    for (const Operation op : policy->blocked_operations) blocked.push_back(OperationName(op));
  }
  return json{{"budget", std::move(kept)}, {"blocked_operations", std::move(blocked)}};
}

Result<ChangeBudget> BudgetBack(const json& kept) {
  ChangeBudget out;
  out.horizon_days = kept.at("horizon_days").get<int>();
  out.risk_aversion = kept.at("risk_aversion").get<double>();
  if (kept.contains("changes")) out.changes = kept.at("changes").get<int>();
  MAXOPT_TRY(out.money, MoneyBack(kept, "money"));
  MAXOPT_TRY(out.money_per_account, MoneyBack(kept, "money_per_account"));
  const json moved = kept.value("moved_before", json::object());
  for (const auto& [name, money] : moved.items()) {
    MAXOPT_TRY(const AccountId account, ParseAccount(name));
    MAXOPT_TRY(const std::optional<Money> was, MoneyBack(moved, name.c_str()));
    out.moved_before.insert_or_assign(account, *was);
  }
  return out;
}

/// What the policy forbids of the change; empty: nothing.
std::string Forbidden(const Change& change, const json& blocked) {
  for (const Operation op : OperationsOf(change)) {
    for (const json& word : blocked) {
      if (word == OperationName(op)) {
        return fmt::format("the policy forbids {} (blocked_operations)", OperationName(op));
      }
    }
  }
  return "";
}

Result<json> DecideWorth(const CycleView& cycle, const json& seen) {
  MAXOPT_TRY(const RoundInput input,
             RoundInputFromJson(cycle.Saw(CycleStep::kPlanning).at("round").dump()));
  MAXOPT_TRY(const ChangeBudget budget, BudgetBack(seen.at("budget")));
  const std::vector<RoundVerdict> verdicts = EvaluateRound(input, budget);
  json out = json::array();
  int waits = 0, losing = 0, unconfirmed = 0;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const Opportunity& o = input.candidates[i].opportunity;
    const double rate = ClientRate(input, input.candidates[i]).value_or(0);
    json one{{"worth", verdicts[i].worth},
             {"value", rate * o.value},
             {"sd", rate * std::max(0.0, o.value_high90 - o.value_low90) / (2 * kHalf90OfNormal)}};
    if (verdicts[i].worst_move) one["worst_move"] = MoneyKept(*verdicts[i].worst_move);
    std::string wait = verdicts[i].wait;
    if (wait.empty()) wait = Forbidden(o.change, seen.at("blocked_operations"));
    if (!wait.empty()) {
      one["wait"] = wait;
      ++waits;
    }
    losing += verdicts[i].worth <= 0 ? 1 : 0;
    if (o.needs_second_signal && o.second_signal.empty()) {
      one["person"] = "it converts, and no second signal says that it loses";
      ++unconfirmed;
    }
    out.push_back(std::move(one));
  }
  // Two plans that go first and touch one object: whose effect it was could not be told.
  json before = json::array();
  std::set<std::pair<AccountId, std::string>> taken;
  for (const Plan& plan : input.before) {
    std::string wait;
    for (const Change& change : plan.changes) {
      if (wait.empty()) wait = Forbidden(change, seen.at("blocked_operations"));
      if (!change.id.empty() && taken.contains({change.account, change.id})) {
        wait = fmt::format("{} is changed by a rule today", change.address);
      }
    }
    for (const Change& change : plan.changes) taken.insert({change.account, change.id});
    before.push_back(wait);
  }
  std::vector<std::string> says{fmt::format(
      "{} judged over {} days by value less risk (a standard deviation costs {:.2f} of itself) and "
      "what learning anew costs: {} are worth nothing, {} have to wait, {} need a person",
      verdicts.size(), budget.horizon_days, budget.risk_aversion, losing, waits, unconfirmed)};
  std::vector<std::string> limits;
  if (budget.changes) limits.push_back(fmt::format("{} changes", *budget.changes));
  if (budget.money) limits.push_back(PrintMoney(*budget.money) + " of moves");
  if (budget.money_per_account) {
    limits.push_back(PrintMoney(*budget.money_per_account) + " of moves an account");
  }
  says.push_back(limits.empty() ? "the policy sets no envelope for the day"
                                : fmt::format("the day still holds {}", fmt::join(limits, ", ")));
  return json{{"verdicts", std::move(out)}, {"before", std::move(before)}, {"says", says}};
}

// --- selection ----------------------------------------------------------------------------------

Result<std::vector<RoundVerdict>> VerdictsBack(const json& judged) {
  std::vector<RoundVerdict> verdicts;
  for (const json& each : judged.at("verdicts")) {
    RoundVerdict verdict;
    verdict.worth = each.at("worth").get<double>();
    verdict.wait = each.value("wait", "");
    MAXOPT_TRY(verdict.worst_move, MoneyBack(each, "worst_move"));
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

/// The round of what planning saw, under the day's budget, as evaluation judged it.
Result<Round> ChosenRound(const RoundInput& input, const json& limits, const json& judged) {
  MAXOPT_TRY(const ChangeBudget budget, BudgetBack(limits.at("budget")));
  MAXOPT_TRY(const std::vector<RoundVerdict> verdicts, VerdictsBack(judged));
  if (verdicts.size() != input.candidates.size()) {
    return Fail(Errc::kInvalidArgument, "there is not one verdict for each candidate");
  }
  return SelectRound(input, verdicts, budget);
}

Result<json> DecideChoice(const CycleView& cycle, const json&) {
  MAXOPT_TRY(const RoundInput input,
             RoundInputFromJson(cycle.Saw(CycleStep::kPlanning).at("round").dump()));
  const json& judged = cycle.Of(CycleStep::kEvaluation);
  MAXOPT_TRY(const Round round, ChosenRound(input, cycle.Saw(CycleStep::kEvaluation), judged));
  json items = json::array();
  std::vector<std::string> chosen, waiting;
  for (const RoundItem& item : round.items) {
    const Change& change = item.opportunity.change;
    json one{{"lever", item.lever}, {"address", change.address}, {"worth", item.worth}};
    if (!item.wait.empty()) one["wait"] = item.wait;
    items.push_back(std::move(one));
    if (item.wait.empty()) {
      chosen.push_back(fmt::format("+ {:>9.2f}  {:<9} {}: {}", item.worth, item.lever,
                                   change.address, change.why));
    } else {
      waiting.push_back(fmt::format("- {:>9.2f}  {:<9} {} waits: {}", item.worth, item.lever,
                                    change.address, item.wait));
    }
  }
  json plans = json::array();
  std::vector<std::string> says;
  for (std::size_t i = 0; i < input.before.size(); ++i) {
    const auto wait = judged.at("before").at(i).get<std::string>();
    if (!wait.empty()) {
      says.push_back(fmt::format("- \"{}\" waits: {}", input.before[i].title, wait));
      continue;
    }
    says.push_back(fmt::format("+ {}", input.before[i].title));
    plans.push_back(json::parse(DraftJson(input.before[i])));
  }
  for (const Plan& plan : round.plans) plans.push_back(json::parse(DraftJson(plan)));
  says.insert(says.begin(), fmt::format("{} of {} candidates chosen, {} plans", chosen.size(),
                                        round.items.size(), plans.size()));
  const auto same = [](const std::string& line) { return line; };
  SayFirst(chosen, kSaid, says, same);
  SayFirst(waiting, kSaid, says, same);
  return json{{"items", std::move(items)}, {"plans", std::move(plans)}, {"says", says}};
}

// --- execution ----------------------------------------------------------------------------------

/// The stored plan of a draft: found by its mark where an earlier try got that far, else proposed.
Result<Plan> ProposeOnce(Home& home, const CycleView& cycle, bool again, const std::string& mark,
                         const json& draft, const Policy& policy) {
  if (again) {
    MAXOPT_TRY(std::optional<Plan> known, FindMarked(home, cycle, mark));
    if (known) return *std::move(known);
  }
  MAXOPT_TRY(Plan plan, DraftFromJson(draft.dump()));
  plan.notes.push_back(mark);
  return home.door().Propose(std::move(plan), &policy);
}

/// As ActAlone; goes on with an apply in the policy's name that was cut off.
Result<Acted> ActOnce(Home& home, const Plan& plan, const Policy& policy) {
  const bool begun = plan.status == PlanStatus::kApproved || plan.status == PlanStatus::kApplying;
  if (begun && plan.approval && plan.approval->by == Door::kByPolicy) {
    Acted acted{plan.id, plan.status, ""};
    if (const auto report = home.door().Apply(plan.id, plan.created_by, &policy); report) {
      acted.status = report->status;
    } else {
      acted.why = report.error().what;
    }
    return acted;
  }
  if (plan.status == PlanStatus::kGuarded || plan.status == PlanStatus::kBlocked) {
    MAXOPT_TRY(const std::vector<Acted> acted, ActAlone(home, std::span(&plan, 1), policy));
    return acted.front();
  }
  return Acted{plan.id, plan.status, ""};
}

/// What a lever has to say to a teammate, once.
Result<> TellOnce(Home& home, const CycleView& cycle, bool again, const json& each) {
  constexpr int kLookedAt = 200;
  Message message;
  message.client = cycle.client();
  message.to = each.at("to").get<std::string>();
  message.kind = each.at("kind").get<std::string>();
  message.title = each.at("title").get<std::string>();
  message.about = each.at("about").get<std::string>();
  message.json = each.at("json").get<std::string>();
  message.markdown = each.at("markdown").get<std::string>();
  message.created_at = home.clock().Now();
  if (again) {
    MAXOPT_TRY(const std::vector<Message> known, home.store().Messages(message.to, kLookedAt));
    for (const Message& one : known) {
      if (one.created_at >= cycle.at() && one.client == message.client &&
          one.json == message.json && one.kind == message.kind) {
        return {};
      }
    }
  }
  MAXOPT_CHECK(home.store().SaveMessage(std::move(message)));
  return {};
}

Result<json> SeeDone(const StageWorld& world, const CycleView& cycle, bool again) {
  Home& home = *world.home;
  const json& drafts = cycle.Of(CycleStep::kSelection).at("plans");
  std::string why;
  if (!GoalMayPropose(cycle, why)) return json{{"not_proposed", why}, {"plans", json::array()}};
  // As it is now: what was taken back since the goal was set is not acted on.
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(cycle.client()));
  MAXOPT_CHECK(MayPropose(cycle.client(), policy ? &*policy : nullptr));
  json plans = json::array();
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    const std::string mark = MarkOf(cycle, i + 1, drafts.size());
    MAXOPT_TRY(Plan plan, ProposeOnce(home, cycle, again, mark, drafts[i], *policy));
    ids.push_back(plan.id);
    json one{{"id", plan.id}, {"title", plan.title}, {"changes", plan.changes.size()}};
    json blocks = json::array();
    for (const GuardFinding& finding : plan.findings) {
      if (finding.blocks) blocks.push_back(finding.what);
    }
    one["blocks"] = std::move(blocks);
    one["content_hash"] = ContentHash(plan);
    plans.push_back(std::move(one));
  }
  json out = json::object();
  KeepMemory(home, cycle, Stage::kOptimize, ids, out);
  for (const json& message : cycle.Saw(CycleStep::kPlanning).at("messages")) {
    MAXOPT_CHECK(TellOnce(home, cycle, again, message));
  }
  const bool act = cycle.Of(CycleStep::kGoal).at("act").get<bool>();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    MAXOPT_TRY(const Plan plan, home.store().GetPlan(ids[i]));
    Acted acted{plan.id, plan.status, ""};
    if (act) {
      MAXOPT_TRY(acted, ActOnce(home, plan, *policy));
    }
    plans[i]["status"] = PlanStatusName(acted.status);
    if (!acted.why.empty()) plans[i]["why"] = acted.why;
  }
  out["plans"] = std::move(plans);
  return out;
}

Result<json> DecideDone(const CycleView& cycle, const json& seen) {
  std::vector<std::string> says;
  if (seen.contains("not_proposed")) {
    says.push_back(fmt::format("{} plans are drafts and were not proposed: {}",
                               cycle.Of(CycleStep::kSelection).at("plans").size(),
                               seen.at("not_proposed").get<std::string>()));
  } else if (seen.at("plans").empty()) {
    says.push_back("nothing was proposed: nothing was chosen");
  }
  json plans = json::array();
  for (const json& plan : seen.at("plans")) {
    const auto id = plan.at("id").get<std::string>(), status = plan.at("status").get<std::string>();
    plans.push_back(id);
    std::string line = fmt::format("{} is {}: {}", id, status, plan.at("title").get<std::string>());
    if (status == PlanStatusName(PlanStatus::kGuarded)) line += "; it waits for a person";
    for (const std::string& block : Sentences(plan, "blocks")) line += "; " + block;
    if (plan.contains("why")) line += "; " + plan.at("why").get<std::string>();
    says.push_back(std::move(line));
  }
  SayMemory(seen, says);
  return json{{"plans", std::move(plans)}, {"says", says}};
}

// --- learning -----------------------------------------------------------------------------------

Result<json> SeeLearnt(const StageWorld& world, const CycleView& cycle) {
  if (cycle.asked().value("dry", false)) return json{{"learnt", json::array()}};
  MAXOPT_TRY(const LearnReport report, LearnTacticsOf(*world.home, cycle.client()));
  return json{{"measurements", report.measurements}, {"learnt", report.learnt}};
}

Result<json> DecideLearnt(const CycleView& cycle, const json& seen) {
  // What each plan promised, and when that is held against what it brought.
  json expected = json::array();
  std::vector<std::string> says;
  const json& done = cycle.Of(CycleStep::kExecution).at("plans");
  const json& drafts = cycle.Of(CycleStep::kSelection).at("plans");
  const Day today = Zone::Utc().DayOf(cycle.at());
  for (std::size_t i = 0; i < done.size() && i < drafts.size(); ++i) {
    if (!drafts[i].contains("prediction")) {
      says.push_back(
          fmt::format("{} promises nothing that can be measured", done[i].get<std::string>()));
      continue;
    }
    MAXOPT_TRY(const Prediction p, PredictionFromJson(drafts[i].at("prediction").dump()));
    const std::string due = PrintDay(today + std::chrono::days(p.horizon_days));
    expected.push_back(
        {{"plan", done[i]}, {"prediction", drafts[i].at("prediction")}, {"due", due}});
    says.push_back(fmt::format(
        "{} promises {}; it is scored once {} days are known after it was applied, not before {}",
        done[i].get<std::string>(), EffectText(p), p.horizon_days, due));
  }
  const std::vector<std::string> learnt = Sentences(seen, "learnt");
  says.push_back(learnt.empty() ? "no tactic is known better than before"
                                : fmt::format("learnt: {}", fmt::join(learnt, "; ")));
  return json{{"expected", std::move(expected)}, {"says", says}};
}

}  // namespace

CycleStage OptimizeStage(const StageWorld& world) {
  CycleStage stage{"optimize", 1, {}};
  stage.steps[0] = {
      [world](const CycleView& cycle, bool) { return SeeGoal(world, cycle, Stage::kOptimize); },
      DecideOptimizeGoal};
  stage.steps[1] = {[world](const CycleView& cycle, bool) { return SeeOptions(world, cycle); },
                    DecideOptions};
  stage.steps[2] = {[world](const CycleView& cycle, bool) { return SeeLimits(world, cycle); },
                    DecideWorth};
  stage.steps[3] = {SeeNothing, DecideChoice};
  stage.steps[4] = {
      [world](const CycleView& cycle, bool again) { return SeeDone(world, cycle, again); },
      DecideDone};
  stage.steps[5] = {[world](const CycleView& cycle, bool) { return SeeLearnt(world, cycle); },
                    DecideLearnt};
  return stage;
}

}  // namespace maxopt::cycles

namespace maxopt {

Result<OptimizeRun> RoundOf(Home& home, const CycleRun& run) {
  using nlohmann::json;
  const Cycle& cycle = run.cycle;
  const std::string where = fmt::format("cycle {}", cycle.id);
  if (cycle.stage != "optimize") {
    return Fail(Errc::kInvalidArgument, fmt::format("{} is of the stage {}", where, cycle.stage));
  }
  const auto kept = [&](CycleStep step) { return cycle.steps[static_cast<std::size_t>(step)]; };
  if (cycle.state != CycleState::kDone) {
    const Error why = run.stopped.value_or(Error{Errc::kConflict, cycle.problem});
    return FailWithin(fmt::format("{} stopped (maxopt cycle resume {})", where, cycle.id), why);
  }
  const json planned = json::parse(kept(CycleStep::kPlanning).input);
  MAXOPT_TRY(const RoundInput input, RoundInputFromJson(planned.at("round").dump()));
  OptimizeRun out;
  out.client = cycle.client;
  out.cycle = cycle.id;
  out.budgets = planned.at("budgets").get<std::string>();
  out.no_budgets = planned.at("no_budgets").get<std::string>();
  out.notes = cycles::Sentences(planned, "notes");
  out.problems = cycles::Sentences(planned, "problems");
  out.notes.insert(out.notes.begin(), run.notes.begin(), run.notes.end());
  if (run.went_on) out.notes.insert(out.notes.begin(), where + " was cut off, and is gone on with");
  MAXOPT_TRY(out.round, cycles::ChosenRound(input, json::parse(kept(CycleStep::kEvaluation).input),
                                            json::parse(kept(CycleStep::kEvaluation).output)));
  const json done = json::parse(kept(CycleStep::kExecution).input);
  if (done.contains("not_proposed")) {
    const json selected = json::parse(kept(CycleStep::kSelection).output);
    for (const json& draft : selected.at("plans")) {
      MAXOPT_TRY(Plan plan, DraftFromJson(draft.dump()));
      out.plans.push_back(std::move(plan));
    }
    return out;
  }
  const bool acted = json::parse(kept(CycleStep::kGoal).output).at("act").get<bool>();
  for (const json& one : done.at("plans")) {
    const auto id = one.at("id").get<std::string>();
    MAXOPT_TRY(Plan plan, home.store().GetPlan(id));
    out.plans.push_back(std::move(plan));
    if (!acted) continue;
    MAXOPT_TRY(const PlanStatus status, FindPlanStatus(one.at("status").get<std::string>()));
    out.acted.push_back({id, status, one.value("why", "")});
  }
  return out;
}

Result<OptimizeRun> ProposeRound(Home& home, const std::string& client,
                                 const OptimizeOptions& options, const std::string& by, bool act) {
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(client));
  MAXOPT_CHECK(MayPropose(client, policy ? &*policy : nullptr));
  CycleRequest request{.stage = "optimize", .client = client, .by = by, .rules = false};
  request.act = act;
  request.levers = options.levers;
  request.days = options.days;
  request.tactics = options.tactics;
  MAXOPT_TRY(const CycleRun run, RunStageCycle(home, request));
  return RoundOf(home, run);
}

}  // namespace maxopt
