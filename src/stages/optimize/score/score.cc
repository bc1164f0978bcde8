#include "stages/optimize/score/score.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "measure/lift/lift.h"
#include "memory/facts/books.h"

namespace maxopt {
namespace {

using std::chrono::days;

constexpr double kZ95 = 1.959963984540054;
/// MeasureLift's own least; said here so that the reason names the books.
constexpr int kLeastHistory = 10;

bool WasApplied(const Plan& plan) {
  return plan.approval && plan.approval->used_at &&
         (plan.status == PlanStatus::kVerified || plan.status == PlanStatus::kScored ||
          plan.status == PlanStatus::kFailed || plan.status == PlanStatus::kApplying);
}

/// The word under which the plan's record is kept: that of most of its changes.
std::string KindOf(const Plan& plan) {
  std::map<std::string, int> counts;
  for (const Change& change : plan.changes) ++counts[std::string(ReasonName(change.reason))];
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "" : most->first;
}

}  // namespace

Result<ScoreReport> ScorePlans(const ScoreWorld& world, const std::string& client,
                               const ScoreOptions& options) {
  ScoreReport report;
  MAXOPT_TRY(const Client who, world.store->GetClient(client));
  MAXOPT_TRY(const Zone zone, Zone::Find(who.zone));
  MAXOPT_TRY(std::vector<Plan> plans, world.store->Plans(std::nullopt, kAllPlans));
  std::erase_if(plans,
                [&](const Plan& plan) { return plan.client != client || !WasApplied(plan); });
  std::sort(plans.begin(), plans.end(), [](const Plan& a, const Plan& b) {
    return *a.approval->used_at < *b.approval->used_at;
  });
  const Instant now = world.clock->Now();
  const Day today = zone.DayOf(now);
  MAXOPT_TRY(const FxRates rates, RatesOn(*world.facts, today));
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const Plan& plan = plans[i];
    if (plan.status != PlanStatus::kVerified || !plan.prediction) continue;
    const auto wait = [&](std::string why) {
      report.not_yet.push_back(plan.id + ": " + std::move(why));
    };
    if (plan.prediction->kpi != "revenue") {
      wait(fmt::format("promised {}; only revenue is in the client's books", plan.prediction->kpi));
      continue;
    }
    const Day first = zone.DayOf(*plan.approval->used_at) + days(1);
    Day last = first + days(std::max(1, plan.prediction->horizon_days) - 1);
    std::string cut_by;
    if (i + 1 < plans.size()) {
      const Day next = zone.DayOf(*plans[i + 1].approval->used_at);
      if (next - days(1) < last) {
        last = next - days(1);
        cut_by = plans[i + 1].id;
      }
    }
    const int alone = static_cast<int>((last - first).count()) + 1;
    if (alone < options.least_days) {
      wait(fmt::format("cannot be told from plan {}: {} whole days alone, {} are needed", cut_by,
                       std::max(0, alone), options.least_days));
      continue;
    }
    if (last + days(options.settle_days) >= today) {
      wait(fmt::format("is measured from {} on", PrintDay(last + days(options.settle_days + 1))));
      continue;
    }
    const Day from = first - days(options.history_days);
    const auto books = ReadBooks(*world.facts, client, who.currency, from, last, rates);
    if (!books) {
      if (books.error().code != Errc::kRefused) return std::unexpected(books.error());
      wait(books.error().what);
      continue;
    }
    // From the last gap before the plan on; a gap after it cannot be filled.
    LiftSeries series;
    std::string missing;
    for (Day day = from; day <= last; day += days(1)) {
      const auto at = books->days.find(day);
      if (at != books->days.end()) {
        if (day == first) series.from = series.y.size();
        series.y.push_back(at->second.revenue);
      } else if (day >= first) {
        missing = PrintDay(day);
        break;
      } else {
        series.y.clear();
      }
    }
    if (!missing.empty()) {
      wait(fmt::format("the client's books lack {}", missing));
      continue;
    }
    if (series.from < kLeastHistory) {
      wait(fmt::format("the client's books have {} days without a gap before it, {} are needed",
                       series.from, kLeastHistory));
      continue;
    }
    const auto answer = MeasureSeries(series);
    if (!answer) {
      wait("cannot be measured: " + answer.error().what);
      continue;
    }
    const Prediction& promised = *plan.prediction;
    ScoredOutcome outcome{plan.id,
                          KindOf(plan),
                          promised.kpi,
                          fmt::format("one series, {} days before, {} after", series.from, alone),
                          promised.mean,
                          promised.low90,
                          promised.high90,
                          answer->att.value,
                          (answer->att.high - answer->att.low) / (2 * kZ95),
                          now,
                          first,
                          last};
    MAXOPT_CHECK(SaveOutcome(*world.store, client, outcome));
    MAXOPT_CHECK(world.store->MovePlan(plan.id, PlanStatus::kVerified, PlanStatus::kScored));
    report.scored.push_back(std::move(outcome));
  }
  return report;
}

}  // namespace maxopt
