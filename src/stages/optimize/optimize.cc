#include "stages/optimize/optimize.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "decide/allocator/whole.h"
#include "stages/optimize/lifts.h"
#include "stages/optimize/steering.h"

namespace maxopt {
namespace {

using std::chrono::days;

/// Days before the first step that the model needs at the least.
constexpr int kBeforeLeast = 28;
constexpr int kMicros = 1'000'000;

double Units(Money money) { return static_cast<double>(money.micros()) / 1e6; }
Interval90 Of(const Interval& interval) { return {interval.mean, interval.low90, interval.high90}; }

class Recommender {
 public:
  Recommender(const OptimizeWorld& world, const Client& client, const Policy& policy,
              const RecommendOptions& options)
      : world_(world), client_(client), policy_(policy), options_(options) {}

  Result<Recommendation> Run() {
    MAXOPT_TRY(const Zone zone, Zone::Find(client_.zone));
    today_ = zone.DayOf(world_.clock->Now());
    MAXOPT_TRY(history_, ReadClientHistory(world_, client_, options_.history_days));
    MAXOPT_CHECK(CheckDecisionData(world_, history_));
    MAXOPT_TRY(steering_, ReadSteering(*world_.store, client_));
    ResponseData data = history_.Data();
    const std::size_t rows = data.revenue.size();
    start_ = StartRow(rows);
    if (start_ < rows) data.steered_from = start_;
    MAXOPT_TRY(const std::vector<FinishedLift> lifts, FinishedLifts(*world_.store, client_.name));
    data.lifts = LiftsWithin(lifts, history_);
    MAXOPT_TRY(const ResponseFit fit, world_.fit(data, options_.response));
    MAXOPT_TRY(Recommendation out, Decide(data, fit));
    MAXOPT_CHECK(Totals(out));
    for (const auto& [id, channel] : history_.live) {
      if (channel.lock.empty()) continue;
      const std::string note = fmt::format("{} is left as it is: {}", id, channel.lock);
      out.why += (out.why.empty() ? "" : " ") + note + ".";
      if (out.plan) out.plan->notes.push_back(note);
    }
    return out;
  }

 private:
  /// The day of the history from which budgets were ours; its length before the first step. What
  /// began before the history goes on with the same sign of its variation: by whole pairs of
  /// blocks.
  std::size_t StartRow(std::size_t rows) const {
    if (!steering_.first) return rows;
    const int pair = 2 * StepsOfBlock(options_.step_days) * options_.step_days;
    int row = static_cast<int>((*steering_.first - history_.first).count());
    while (row < kBeforeLeast) row += pair;
    return std::min(rows, static_cast<std::size_t>(row));
  }

  double RateOf(Currency currency) const { return history_.ExchangeOf(currency).real(); }
  /// In the client's currency.
  Result<Money> Converted(Money money) const {
    return Convert(money, history_.ExchangeOf(money.currency()));
  }

  /// Sums over channels cross currencies, so they are in the client's and say by what.
  Result<> Totals(Recommendation& out) const {
    out.currency = client_.currency;
    out.budget_total = out.proposed_total = Money::Zero(client_.currency);
    for (const ChannelView& view : out.channels) {
      MAXOPT_TRY(const Money budget, Converted(view.budget));
      MAXOPT_TRY(const Money proposed, Converted(view.proposed));
      out.budget_total += budget;
      out.proposed_total += proposed;
    }
    if (history_.exchanges.empty()) return {};
    out.notes = history_.RateNotes(policy_.rate_age_max_days);
    const Money left = out.budget_total - out.proposed_total;
    if (!left.zero()) {
      out.notes.push_back(fmt::format(
          "{} of {} stay unspent: less than the smallest unit of any account that could take them",
          PrintMoney(left), PrintMoney(out.budget_total)));
    }
    if (out.plan) {
      out.plan->notes.insert(out.plan->notes.begin(), out.notes.begin(), out.notes.end());
    }
    return {};
  }

  Money HomeOf(const ChannelHistory& channel) const {
    Money sum = Money::Zero(channel.currency);
    for (const LiveBudget& budget : channel.budgets) {
      const auto before = steering_.home.find({budget.account, budget.id});
      const bool known =
          before != steering_.home.end() && before->second.currency() == channel.currency;
      sum += known ? before->second : budget.amount;
    }
    return sum;
  }

  /// Until the last of the flights ends, or the horizon of the options.
  int DaysLeft() const {
    std::optional<Day> last;
    for (const auto& [id, channel] : history_.live) {
      for (const LiveBudget& budget : channel.budgets) {
        if (!budget.last) return options_.horizon_days;
        last = std::max(last.value_or(*budget.last), *budget.last);
      }
    }
    const int left = last ? static_cast<int>((*last - today_).count()) + 1 : options_.horizon_days;
    return std::clamp(left, 0, options_.horizon_days);
  }

  Result<Recommendation> Decide(const ResponseData& data, const ResponseFit& fit) {
    Recommendation out;
    out.days_used = static_cast<int>(data.revenue.size());
    // Only what may be moved gets a share; the other channels of the history are media all the
    // same.
    ResponseFit movable = fit;
    movable.channels.clear();
    ResponseData subset;
    subset.revenue = data.revenue;
    subset.period_days = data.period_days;
    LoopPosition position;
    double total = 0;
    std::vector<double> home;
    std::vector<std::size_t> places;  // of out.channels
    for (const auto& [id, channel] : history_.live) {
      const auto at = std::find_if(fit.channels.begin(), fit.channels.end(),
                                   [&](const ChannelResponse& r) { return r.id == id; });
      const Money now = channel.Total();
      const double rate = RateOf(channel.currency);
      ChannelView view{.id = id,
                       .budget = now,
                       .proposed = now,
                       .home = HomeOf(channel),
                       .spend_per_day = Money::Zero(channel.currency),
                       .rate = rate,
                       .claimed_roas = 0,
                       .revenue = {},
                       .marginal = {},
                       .identified = false,
                       .binding = {}};
      if (at == fit.channels.end() || at->spend_mean <= 0) {
        view.binding = "no history";
      } else {
        Describe(*at, now, view);
        if (!channel.lock.empty()) view.binding = "locked";
      }
      if (view.binding.empty()) {
        places.push_back(out.channels.size());
        movable.channels.push_back(*at);
        subset.channels.push_back(
            data.channels[static_cast<std::size_t>(at - fit.channels.begin())]);
        position.current_budget.push_back(rate * Units(now));
        home.push_back(rate * Units(view.home));
        total += position.current_budget.back();
      }
      out.channels.push_back(std::move(view));
    }
    if (places.size() < 2) {
      out.why = "Fewer than two channels have a history to learn from, so nothing is moved.";
      return out;
    }
    if (steering_.last && today_ < *steering_.last + days(options_.step_days)) {
      out.why = fmt::format(
          "Nothing is moved today: the budgets of {} hold for {} days, so that what they bring can "
          "be seen; the next step is due on {}.",
          PrintDay(*steering_.last), options_.step_days,
          PrintDay(*steering_.last + days(options_.step_days)));
      return out;
    }
    position.horizon_start = start_;
    position.days_left = DaysLeft();
    position.step_days = options_.step_days;
    position.total = position.total_max = total;
    MAXOPT_TRY(ReallocationProblem problem, ProblemOf(subset, movable, position));
    problem.home = home;
    if (steering_.first) {
      problem.step_index = (today_ - *steering_.first).count() / options_.step_days;
    }
    // Before a whole pair of steps the point to move from is what there was.
    const auto pair = static_cast<std::size_t>(2 * problem.block * options_.step_days);
    if (data.revenue.size() - start_ < pair) problem.present = home;
    // Micros: the smallest units of the accounts are of their own currencies, and are kept below.
    problem.minor_per_unit = kMicros;
    ReallocationOptions options = options_.reallocation;
    const double step = policy_.step_max_bp / 10'000.0;
    options.step_max = std::min(options.step_max, step);
    // Up in one step and down in the next: both moves must pass.
    options.explore_max = std::min(options.explore_max, step / 2);
    MAXOPT_TRY(const Reallocation move, Reallocate(problem, movable, options));
    MAXOPT_CHECK(WithinPolicy(places, move, out));
    std::vector<double> from, to;
    for (std::size_t i = 0; i < places.size(); ++i) {
      ChannelView& view = out.channels[places[i]];
      view.explore = move.shares[i].explore;
      view.marginal = Of(move.shares[i].marginal);
      if (view.binding.empty()) view.binding = move.shares[i].binding;
      from.push_back(view.rate * Units(view.budget));
      to.push_back(view.rate * Units(view.proposed));
    }
    MAXOPT_TRY(const MoveEffect effect, PredictMove(problem, movable, from, to, options));
    out.gain = Of(effect.revenue);
    out.confidence = effect.confidence;
    out.gain_over_home = Of(move.gain);
    out.explore_cost = move.explore_cost;
    out.stake = move.stake;
    MakePlan(out);
    return out;
  }

  void Describe(const ChannelResponse& response, Money now, ChannelView& view) const {
    const ChannelHistory& past = history_.past.at(view.id);
    const std::size_t window = std::min<std::size_t>(7, past.spend.size());
    double recent = 0;
    for (std::size_t i = past.spend.size() - window; i < past.spend.size(); ++i) {
      recent += past.spend[i] / static_cast<double>(window);
    }
    view.spend_per_day =
        Money::Micros(std::llround(recent / view.rate * 100) * 10'000, now.currency());
    view.claimed_roas = past.ClaimedRoas();
    view.identified = response.identified;
    const double delivered = std::min(recent, view.rate * Units(now));
    view.revenue = response.RevenueAt(delivered);
    view.marginal = response.MarginalAt(delivered);
  }

  /// Proposes the wanted budgets, each within the policy's step of what is live, summing to no more
  /// than what is live: what one may not take goes to the others by the room that they have. Then
  /// whole minor units of each account's currency.
  Result<> WithinPolicy(const std::vector<std::size_t>& places, const Reallocation& move,
                        Recommendation& out) const {
    const std::size_t n = places.size();
    std::vector<WholePart> parts;
    std::vector<MinorUnits> tables;
    std::vector<std::int64_t> low, high;  // micros of the client's currency
    std::int64_t total = 0, sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const ChannelView& view = out.channels[places[i]];
      const Money now = view.budget;
      const MinorUnits table = history_.live.at(view.id).budgets.front().table;
      MAXOPT_TRY(const UnitPrice price, PriceOfUnit(history_.ExchangeOf(now.currency()), table));
      MAXOPT_TRY(const Money unit, MoneyFromMinor(1, now.currency(), table));
      const Money least = now.TimesBp(10'000 - policy_.step_max_bp);
      const Money most = now.TimesBp(10'000 + policy_.step_max_bp);
      WholePart part{view.id, price};
      part.low = least.micros() / unit.micros() + (least.micros() % unit.micros() != 0 ? 1 : 0);
      part.high = std::max(most.micros() / unit.micros(), part.low);
      low.push_back(static_cast<std::int64_t>(price.Cost(part.low)));
      high.push_back(static_cast<std::int64_t>(price.Cost(part.high)));
      part.wanted = std::clamp(move.shares[i].minor, low[i], high[i]);
      sum += part.wanted;
      MAXOPT_TRY(const Money converted, Converted(now));
      total += converted.micros();
      parts.push_back(std::move(part));
      tables.push_back(table);
    }
    std::int64_t rest = total - sum;
    std::int64_t room = 0;
    const auto room_of = [&](std::size_t i) {
      return rest > 0 ? high[i] - parts[i].wanted : parts[i].wanted - low[i];
    };
    for (std::size_t i = 0; i < n; ++i) room += room_of(i);
    const std::int64_t all = rest;
    for (std::size_t i = 0; i < n && room > 0; ++i) {
      const double share = static_cast<double>(room_of(i)) / static_cast<double>(room);
      const auto part = static_cast<std::int64_t>(share * static_cast<double>(std::abs(all)));
      parts[i].wanted += all > 0 ? part : -part;
      rest -= all > 0 ? part : -part;
    }
    for (std::size_t i = 0; i < n && rest != 0; ++i) {
      const std::int64_t part = std::min(std::abs(rest), room_of(i));
      parts[i].wanted += rest > 0 ? part : -part;
      rest -= rest > 0 ? part : -part;
    }
    const std::vector<std::int64_t> minor = WholeUnits(
        parts, total, [&](std::size_t i, double, double) { return move.shares[i].marginal.mean; });
    for (std::size_t i = 0; i < n; ++i) {
      ChannelView& view = out.channels[places[i]];
      MAXOPT_TRY(view.proposed, MoneyFromMinor(minor[i], view.budget.currency(), tables[i]));
      if (std::abs(parts[i].wanted - move.shares[i].minor) > parts[i].price.Cost(1)) {
        view.binding = "policy step";
      }
    }
    return {};
  }

  void MakePlan(Recommendation& out) const {
    Plan plan;
    plan.client = client_.name;
    plan.created_by = "optimizer";
    std::vector<std::string> ups, downs, varied, unknown;
    for (const ChannelView& view : out.channels) {
      if (!view.identified && view.binding != "no history") unknown.push_back(view.id);
      if (view.proposed == view.budget) continue;
      (view.proposed > view.budget ? ups : downs).push_back(view.id);
      if (std::abs(view.explore) > 0.01) varied.push_back(view.id);
      AddChanges(view, history_.live.at(view.id), out, plan);
    }
    if (plan.changes.empty()) {
      out.why = fmt::format(
          "Nothing is moved: from {} days of the client's own revenue no budget is worth changing.",
          out.days_used);
      return;
    }
    plan.title = fmt::format("move budget to {}", fmt::join(ups, ", "));
    plan.prediction = Prediction{"revenue",     out.gain.mean,      out.gain.low,
                                 out.gain.high, options_.step_days, client_.currency};
    out.why = fmt::format(
        "From {} days of the client's own revenue: move daily budget from {} to {}. Expected "
        "{:+.0f} {} a day over the present budgets (90 %: {:+.0f} to {:+.0f}; a gain in {:.0f} % "
        "of the plausible worlds), {:+.0f} over those before Max moved any ({:+.0f} to {:+.0f}).",
        out.days_used, fmt::join(downs, ", "), fmt::join(ups, ", "), out.gain.mean,
        client_.currency.name(), out.gain.low, out.gain.high, 100 * out.confidence,
        out.gain_over_home.mean, out.gain_over_home.low, out.gain_over_home.high);
    if (!varied.empty()) {
      out.why += fmt::format(
          " Varied on purpose, up in one step and down in the next, so that their return can be "
          "told: {}; it costs about {:.2f} {} of profit a day.",
          fmt::join(varied, ", "), std::max(0.0, out.explore_cost), client_.currency.name());
    }
    if (!unknown.empty()) {
      out.why += fmt::format(" The data tell little about {}.", fmt::join(unknown, ", "));
    }
    out.plan = std::move(plan);
  }

  void AddChanges(const ChannelView& view, const ChannelHistory& channel, const Recommendation& out,
                  Plan& plan) const {
    // Campaigns of one channel share its move in proportion; the last one takes the rounding.
    Money left = view.proposed;
    for (std::size_t i = 0; i < channel.budgets.size(); ++i) {
      const LiveBudget& budget = channel.budgets[i];
      Money to = left;
      if (i + 1 < channel.budgets.size()) {
        const double share = Units(budget.amount) / Units(view.budget);
        const auto exact = static_cast<std::int64_t>(
            std::llround(share * static_cast<double>(view.proposed.micros())));
        to = FloorToMinor(Money::Micros(exact, view.proposed.currency()), budget.table)
                 .value_or(budget.amount);
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
      change.reason = Reason::kReallocate;
      change.why = fmt::format(
          "a further {} here brings {:.2f} (90 %: {:.2f} to {:.2f}); the platform claims {:.2f} on "
          "average{}",
          view.budget.currency().name(), view.marginal.mean, view.marginal.low, view.marginal.high,
          view.claimed_roas, view.identified ? "" : "; the data tell little about it");
      change.evidence = nlohmann::json{
          {"channel", view.id},
          {"marginal", {view.marginal.low, view.marginal.mean, view.marginal.high}},
          {"explore", view.explore},
          {"claimed_roas", view.claimed_roas},
          {"identified", view.identified},
          {"days", out.days_used},
          {"plan_gain", {out.gain.low, out.gain.mean, out.gain.high}},
          {"confidence",
           out.confidence}}.dump();
      const double delta = view.rate * (Units(to) - Units(budget.amount));
      const double a = delta * view.marginal.low;
      const double b = delta * view.marginal.high;
      change.prediction = Prediction{"revenue",      delta * view.marginal.mean, std::min(a, b),
                                     std::max(a, b), options_.step_days,         client_.currency};
      plan.changes.push_back(std::move(change));
    }
  }

  const OptimizeWorld& world_;
  const Client& client_;
  const Policy& policy_;
  const RecommendOptions& options_;
  Day today_{};
  ClientHistory history_;
  Steering steering_;
  std::size_t start_ = 0;  // row of the history from which budgets were ours
};

}  // namespace

Result<Recommendation> Recommend(const OptimizeWorld& world, const std::string& client,
                                 const Policy* policy, const RecommendOptions& options) {
  if (!policy) {
    return Fail(Errc::kRefused,
                "there is no policy file, so nothing may be moved; maxopt init "
                "writes one to edit");
  }
  MAXOPT_TRY(const Client known, world.store->GetClient(client));
  MAXOPT_CHECK(CheckSignals(world, client));
  return Recommender(world, known, *policy, options).Run();
}

}  // namespace maxopt
