#include "stages/optimize/optimize.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "decide/allocator/allocator.h"

namespace maxopt {
namespace {

double Units(Money money) { return static_cast<double>(money.micros()) / 1e6; }

/// Expected revenue at `x`, less a price for not knowing: `aversion` times the standard deviation
/// of the difference to the present point. What is uncertain is moved less; standing still is free.
double CautiousResponse(const ChannelResponse& response, double present, double x,
                        double aversion) {
  double level = 0;
  double sum = 0;
  double square = 0;
  for (const ResponseDraw& draw : response.draws) {
    const double now = draw.At(present);
    const double difference = draw.At(x) - now;
    level += now;
    sum += difference;
    square += difference * difference;
  }
  const auto n = static_cast<double>(response.draws.size());
  const double mean = sum / n;
  return level / n + mean - aversion * std::sqrt(std::max(0.0, square / n - mean * mean));
}

class Recommender {
 public:
  Recommender(const OptimizeWorld& world, const Client& client, const Policy& policy,
              const RecommendOptions& options)
      : world_(world), client_(client), policy_(policy), options_(options) {}

  Result<Recommendation> Run() {
    MAXOPT_TRY(history_, ReadClientHistory(world_, client_, options_.history_days));
    MAXOPT_CHECK(CheckDecisionData(world_, history_));
    const ResponseData data = history_.Data();
    MAXOPT_TRY(const ResponseFit fit, FitResponse(data, options_.response));
    MAXOPT_TRY(Recommendation out, Decide(data, fit));
    for (const auto& [id, channel] : history_.live) {
      if (channel.lock.empty()) continue;
      const std::string note = fmt::format("{} is left as it is: {}", id, channel.lock);
      out.why += (out.why.empty() ? "" : " ") + note + ".";
      if (out.plan) out.plan->notes.push_back(note);
    }
    return out;
  }

 private:
  Result<Recommendation> Decide(const ResponseData& data, const ResponseFit& fit) {
    Recommendation out;
    out.days_used = static_cast<int>(data.revenue.size());
    const Currency currency = client_.currency;
    const MinorUnits table = history_.live.begin()->second.budgets.front().table;
    Money total = Money::Zero(currency);
    std::vector<AllocationChannel> problem;
    std::vector<const ChannelResponse*> responses;
    std::vector<double> delivery;
    for (const auto& [id, channel] : history_.live) {
      const auto response = std::find_if(fit.channels.begin(), fit.channels.end(),
                                         [&](const ChannelResponse& r) { return r.id == id; });
      const Money now = channel.Total(currency);
      ChannelView view{id, now, now, Money::Zero(currency), 0, {}, {}, false, false, ""};
      if (!channel.lock.empty()) {
        view.binding = "locked";
        out.channels.push_back(view);
        continue;
      }
      if (response == fit.channels.end() || response->spend_mean <= 0) {
        // Nothing is known of it: it keeps its budget and is said to be unknown.
        out.channels.push_back(view);
        continue;
      }
      const ChannelHistory& past = history_.past.at(id);
      double recent = 0;
      const std::size_t window = std::min<std::size_t>(7, past.spend.size());
      for (std::size_t i = past.spend.size() - window; i < past.spend.size(); ++i) {
        recent += past.spend[i] / static_cast<double>(window);
      }
      const double ratio = std::clamp(recent / Units(now), 0.05, 1.2);
      view.spend_per_day =
          Money::Micros(static_cast<std::int64_t>(recent * 100) * 10'000, currency);
      view.claimed_roas = past.ClaimedRoas();
      view.identified = response->identified;
      view.demand_limited = ratio < 0.8;
      view.revenue = response->RevenueAt(Units(now) * std::min(ratio, 1.0));
      view.marginal = response->MarginalAt(Units(now) * std::min(ratio, 1.0));
      MAXOPT_TRY(const Money low, FloorToMinor(now.TimesBp(10'000 - policy_.step_max_bp), table));
      MAXOPT_TRY(const Money high, FloorToMinor(now.TimesBp(10'000 + policy_.step_max_bp), table));
      MAXOPT_TRY(const Money tried, FloorToMinor(past.MostTried(currency), table));
      // Rounding down may step one unit too far at the lower end.
      MAXOPT_TRY(const Money unit, MoneyFromMinor(1, currency, table));
      const Money floor = low < now.TimesBp(10'000 - policy_.step_max_bp) ? low + unit : low;
      const double scale = std::min(ratio, 1.0);
      problem.push_back(
          {id, floor, view.demand_limited ? now : std::max(now, std::min(high, tried)), now,
           [response, scale, now, aversion = options_.risk_aversion](double x) {
             return CautiousResponse(*response, Units(now) * scale, x * scale, aversion);
           }});
      responses.push_back(&*response);
      delivery.push_back(scale);
      total += now;
      out.channels.push_back(view);
    }
    if (problem.size() < 2) {
      out.why = "Fewer than two channels have a history to learn from, so nothing is moved.";
      return out;
    }
    MAXOPT_TRY(Allocation allocation, Allocate(problem, total, table));
    out.lambda = allocation.lambda;

    // The move is judged in every plausible world, not in the average one. If too few gain, half of
    // it is tried: the curves are concave near the present point, so a smaller step is safer.
    std::vector<Money> proposed;
    for (const auto& share : allocation.shares) proposed.push_back(share.budget);
    for (int attempt = 0; attempt < 3; ++attempt) {
      Judge(problem, responses, delivery, proposed, out);
      if (out.confidence >= options_.confidence_min) break;
      MAXOPT_CHECK(Halve(problem, table, proposed));
    }
    double media = 0;
    for (const ChannelView& view : out.channels) media += view.revenue.mean;
    for (ChannelView& view : out.channels) {
      for (std::size_t i = 0; i < problem.size(); ++i) {
        if (problem[i].id != view.id) continue;
        view.proposed = proposed[i];
        view.binding = allocation.shares[i].binding;
      }
    }
    const bool worth = out.confidence >= options_.confidence_min &&
                       out.gain.mean >= options_.gain_min * std::max(1.0, media);
    if (!worth) {
      for (ChannelView& view : out.channels) view.proposed = view.budget;
      out.why = fmt::format(
          "Nothing is moved: the best step within {} % would bring {:.0f} {} a day (90 %: {:.0f} "
          "to "
          "{:.0f}) and gains in {:.0f} % of the plausible worlds; {:.0f} % are asked for.",
          policy_.step_max_bp / 100, out.gain.mean, currency.name(), out.gain.low, out.gain.high,
          100 * out.confidence, 100 * options_.confidence_min);
      return out;
    }
    out.plan = MakePlan(out);
    if (out.plan->changes.empty()) out.plan.reset();
    return out;
  }

  static void Judge(const std::vector<AllocationChannel>& problem,
                    const std::vector<const ChannelResponse*>& responses,
                    const std::vector<double>& delivery, const std::vector<Money>& proposed,
                    Recommendation& out) {
    std::vector<double> gains(responses.front()->draws.size(), 0.0);
    for (std::size_t c = 0; c < problem.size(); ++c) {
      for (std::size_t i = 0; i < gains.size(); ++i) {
        const ResponseDraw& draw = responses[c]->draws[i];
        gains[i] += draw.At(Units(proposed[c]) * delivery[c]) -
                    draw.At(Units(problem[c].current) * delivery[c]);
      }
    }
    std::sort(gains.begin(), gains.end());
    const auto n = static_cast<double>(gains.size());
    out.gain = {std::accumulate(gains.begin(), gains.end(), 0.0) / n,
                gains[static_cast<std::size_t>(0.05 * (n - 1) + 0.5)],
                gains[static_cast<std::size_t>(0.95 * (n - 1) + 0.5)]};
    out.confidence =
        static_cast<double>(gains.end() - std::upper_bound(gains.begin(), gains.end(), 0.0)) / n;
  }

  /// Half the way back to the present budgets, the sum kept exactly.
  static Result<> Halve(const std::vector<AllocationChannel>& problem, MinorUnits table,
                        std::vector<Money>& proposed) {
    Money sum = Money::Zero(proposed.front().currency());
    Money want = sum;
    std::size_t largest = 0;
    for (std::size_t c = 0; c < problem.size(); ++c) {
      want += problem[c].current;
      const Money middle = problem[c].current + (proposed[c] - problem[c].current).SplitEvenly(2);
      MAXOPT_TRY(proposed[c], FloorToMinor(middle, table));
      sum += proposed[c];
      if (proposed[c] > proposed[largest]) largest = c;
    }
    proposed[largest] += want - sum;
    return {};
  }

  Plan MakePlan(Recommendation& out) const {
    Plan plan;
    plan.client = client_.name;
    plan.created_by = "optimizer";
    std::vector<std::string> ups;
    std::vector<std::string> downs;
    for (const ChannelView& view : out.channels) {
      if (view.proposed == view.budget) continue;
      (view.proposed > view.budget ? ups : downs).push_back(view.id);
      AddChanges(view, history_.live.at(view.id), out, plan);
    }
    plan.title = fmt::format("move budget to {}", fmt::join(ups, ", "));
    plan.prediction = Prediction{"revenue", out.gain.mean, out.gain.low, out.gain.high, 7};
    out.why = fmt::format(
        "From {} days of the client's own revenue: move daily budget from {} to {}. Expected "
        "{:+.0f} "
        "{} a day (90 %: {:+.0f} to {:+.0f}); it gains in {:.0f} % of the plausible worlds. The "
        "last "
        "unit of money brings {:.2f}.",
        out.days_used, fmt::join(downs, ", "), fmt::join(ups, ", "), out.gain.mean,
        client_.currency.name(), out.gain.low, out.gain.high, 100 * out.confidence, out.lambda);
    return plan;
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
          {"claimed_roas", view.claimed_roas},
          {"identified", view.identified},
          {"days", out.days_used},
          {"plan_gain", {out.gain.low, out.gain.mean, out.gain.high}},
          {"confidence",
           out.confidence}}.dump();
      const double delta = Units(to) - Units(budget.amount);
      const double a = delta * view.marginal.low;
      const double b = delta * view.marginal.high;
      change.prediction =
          Prediction{"revenue", delta * view.marginal.mean, std::min(a, b), std::max(a, b), 7};
      plan.changes.push_back(std::move(change));
    }
  }

  const OptimizeWorld& world_;
  const Client& client_;
  const Policy& policy_;
  const RecommendOptions& options_;
  ClientHistory history_;
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
