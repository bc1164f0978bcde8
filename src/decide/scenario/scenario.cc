#include "decide/scenario/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "decide/allocator/budget.h"
#include "decide/allocator/whole.h"

namespace maxopt {
namespace {

__extension__ using Wide = __int128;
// Smallest units of an amount, as SplitBudget has it: with several currencies micros, 4e9 units.
constexpr std::int64_t kCountMost = 4'000'000'000'000'000;
constexpr int kPoints = 600;         // of each mean curve, 2 % apart
constexpr int kFine = 60;            // either side of a first answer, 0.1 % apart
constexpr double kDelivers = 0.8;    // below it demand limits the channel, as in `recommend`
constexpr double kSameSpend = 0.01;  // within it two spends are compared by revenue alone

double Units(Money money) { return static_cast<double>(money.micros()) / 1e6; }

class Comparer {
 public:
  explicit Comparer(const ScenarioProblem& problem) : problem_(problem) {}

  Result<ScenarioReport> Run(const std::vector<Scenario>& scenarios) {
    MAXOPT_CHECK(Read());
    largest_ = present_total_;
    for (const Scenario& scenario : scenarios) {
      if (const auto total = TotalOf(scenario)) largest_ = std::max(largest_, *total);
    }
    for (std::size_t c = 0; c < n_; ++c) {
      const double tried = problem_.channels[c].tried_high / Delivery(c) / unit_;
      if (tried < 1e15) largest_ = std::max(largest_, static_cast<std::int64_t>(tried) + 1);
    }
    ScenarioReport out;
    out.settle_days = SettleDays();
    Scenario present;
    present.name = "present";
    now_ = Judge(present, Plan{present_, std::vector<std::string>(n_), {}, {}, present_own_});
    out.answers.push_back(now_->answer);
    for (const Scenario& scenario : scenarios) {
      const auto plan = Place(scenario);
      if (!plan) {
        ScenarioAnswer failed;
        failed.name = scenario.name;
        failed.error = plan.error().what;
        failed.budget = Money::Zero(currency_);
        out.answers.push_back(std::move(failed));
        continue;
      }
      out.answers.push_back(Judge(scenario, *plan).answer);
    }
    Note(out);
    return out;
  }

 private:
  struct Plan {
    std::vector<std::int64_t> minor;
    std::vector<std::string> binding;
    std::optional<double> lambda, gap;
    std::vector<std::int64_t> own;  ///< where they are mixed: smallest units of each channel
    std::int64_t left = 0;          ///< of what was to be given: no smallest unit fits into it
  };
  struct Judged {
    ScenarioAnswer answer;
    std::vector<double> revenue;  // by draw
    double known_spend = 0;
  };

  Result<> Read() {
    n_ = problem_.channels.size();
    if (n_ == 0) return Fail(Errc::kInvalidArgument, "no channel to ask about");
    currency_ = problem_.currency == kNoCurrency ? problem_.channels.front().budget.currency()
                                                 : problem_.currency;
    // Smallest units of one kind are counted; of several kinds, micros of the problem's currency.
    std::set<std::pair<Currency, int>> kinds;
    for (const ScenarioChannel& channel : problem_.channels) {
      MAXOPT_TRY(const int decimals, MinorUnitDecimals(channel.budget.currency(), channel.table));
      kinds.emplace(channel.budget.currency(), decimals);
    }
    mixed_ = kinds.size() > 1 || kinds.begin()->first != currency_;
    decimals_ = mixed_ ? 6 : kinds.begin()->second;
    unit_ = std::pow(10.0, -decimals_);
    if (problem_.gross_margin && !(*problem_.gross_margin > 0 && *problem_.gross_margin <= 1)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("gross margin is {}; it must be above 0 and at most 1",
                              *problem_.gross_margin));
    }
    if (problem_.revenue_per_order && !(*problem_.revenue_per_order > 0)) {
      return Fail(Errc::kInvalidArgument, fmt::format("revenue per order is {}; it must be above 0",
                                                      *problem_.revenue_per_order));
    }
    for (std::size_t c = 0; c < n_; ++c) {
      const ScenarioChannel& channel = problem_.channels[c];
      if (!at_.emplace(channel.id, c).second) {
        return Fail(Errc::kInvalidArgument, fmt::format("channel {} is there twice", channel.id));
      }
      const Currency own = channel.budget.currency();
      const bool converts = channel.exchange.from == own && channel.exchange.to == currency_;
      if (own != currency_ && !converts) {
        return Fail(
            Errc::kInvalidArgument,
            fmt::format("channel {} is in {}, the scenarios are in {}, and no rate converts "
                        "it",
                        channel.id, own.name(), currency_.name()));
      }
      MAXOPT_TRY(
          const UnitPrice price,
          PriceOfUnit(own == currency_ ? Exchange{own, own} : channel.exchange, channel.table));
      prices_.push_back(price);
      MAXOPT_TRY(const std::int64_t own_now, OwnMinor(c, channel.budget, "channel " + channel.id));
      const std::int64_t minor = Cost(c, own_now);
      if (!(channel.delivery > 0)) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("channel {}: delivery is {}; it must be above 0", channel.id,
                                channel.delivery));
      }
      if (!channel.draws.empty()) {
        if (draws_ != 0 && draws_ != channel.draws.size()) {
          return Fail(Errc::kInvalidArgument,
                      fmt::format("channel {} has {} draws, others {}: they belong together",
                                  channel.id, channel.draws.size(), draws_));
        }
        draws_ = channel.draws.size();
      }
      present_own_.push_back(own_now);
      present_.push_back(minor);
      present_total_ += minor;
    }
    // By id: sums that run in this order do not depend on the order of the input.
    for (const auto& [id, c] : at_) order_.push_back(c);
    curves_.resize(n_);
    return {};
  }

  /// A total: in the problem's currency.
  Result<std::int64_t> Minor(Money money, const std::string& what) const {
    if (money.currency() != currency_) {
      return Fail(Errc::kInvalidArgument, fmt::format("{} is {}, the budgets are in {}", what,
                                                      PrintMoney(money), currency_.name()));
    }
    if (money.negative()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{} is {}; it must not be below 0", what, PrintMoney(money)));
    }
    auto minor = mixed_ ? Result<std::int64_t>(money.micros())
                        : ToMinor(money, problem_.channels.front().table);
    if (!minor) return FailWithin(what, minor.error());
    if (*minor > kCountMost) return Beyond(money, what);
    return *minor;
  }
  /// An amount of a channel, in its currency or in the problem's, in smallest units of its own:
  /// from the problem's rounded down, or up.
  Result<std::int64_t> OwnMinor(std::size_t c, Money money, const std::string& what,
                                bool up = false) const {
    const ScenarioChannel& channel = problem_.channels[c];
    if (!mixed_) return Minor(money, what);
    Wide own = 0;
    if (money.currency() != channel.budget.currency()) {
      MAXOPT_TRY(const std::int64_t micros, Minor(money, what));
      own = prices_[c].Bought(micros);
      if (up && prices_[c].Cost(own) < micros) ++own;
    } else {
      if (money.negative()) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("{} is {}; it must not be below 0", what, PrintMoney(money)));
      }
      auto minor = ToMinor(money, channel.table);
      if (!minor) return FailWithin(what, minor.error());
      own = *minor;
    }
    if (own > kCountMost || Cost(c, static_cast<std::int64_t>(own)) > kCountMost) {
      return Beyond(money, what);
    }
    return static_cast<std::int64_t>(own);
  }
  /// Of so many smallest units of the channel, in those that are counted.
  std::int64_t Cost(std::size_t c, std::int64_t own) const {
    return mixed_ ? static_cast<std::int64_t>(std::min<Wide>(prices_[c].Cost(own), kCountMost + 1))
                  : own;
  }
  static std::unexpected<Error> Beyond(Money money, const std::string& what) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} is {}: beyond what can be counted", what, PrintMoney(money)));
  }
  std::string Text(std::int64_t minor) const { return PrintMoney(Amount(minor)); }

  double Delivery(std::size_t c) const {
    return std::clamp(problem_.channels[c].delivery, 0.05, 1.0);
  }
  bool DemandLimited(std::size_t c) const { return problem_.channels[c].delivery < kDelivers; }
  double Spend(std::size_t c, double budget) const {
    if (DemandLimited(c)) {
      return std::min(budget, static_cast<double>(present_[c]) * unit_ * Delivery(c));
    }
    return budget * Delivery(c);
  }
  bool Known(std::size_t c) const { return !problem_.channels[c].draws.empty(); }
  /// Left alone unless it is named.
  bool Still(std::size_t c) const { return !Known(c) || !problem_.channels[c].lock.empty(); }

  /// A total that the scenario asks for by itself.
  std::optional<std::int64_t> TotalOf(const Scenario& scenario) const {
    if (scenario.total) {
      const auto minor = Minor(*scenario.total, "total");
      return minor ? std::optional(*minor) : std::nullopt;
    }
    if (scenario.total_change_bp) {
      const Wide scaled = static_cast<Wide>(present_total_) * (10'000 + *scenario.total_change_bp);
      return static_cast<std::int64_t>((scaled + 5'000) / 10'000);
    }
    if (scenario.keep_total) return present_total_;
    return std::nullopt;
  }

  Result<Plan> Place(const Scenario& scenario) {
    Plan plan{present_, std::vector<std::string>(n_), {}, {}, present_own_};
    std::vector<bool> free(n_);
    for (std::size_t c = 0; c < n_; ++c) {
      free[c] = !Still(c);
      if (!free[c]) plan.binding[c] = Known(c) ? "locked" : "unknown";
    }
    const auto find = [&](const std::string& id) -> Result<std::size_t> {
      const auto found = at_.find(id);
      if (found != at_.end()) return found->second;
      std::string known;
      for (const auto& [name, c] : at_) known += (known.empty() ? "" : ", ") + name;
      return Fail(Errc::kInvalidArgument, fmt::format("channel {} is none of {}", id, known));
    };
    for (const std::string& id : scenario.off) {
      MAXOPT_TRY(const std::size_t c, find(id));
      plan.minor[c] = plan.own[c] = 0;
      plan.binding[c] = "off";
      free[c] = false;
    }
    for (const auto& [id, money] : scenario.set) {
      MAXOPT_TRY(const std::size_t c, find(id));
      if (plan.binding[c] == "off") {
        return Fail(Errc::kInvalidArgument, fmt::format("channel {} is both off and set", id));
      }
      MAXOPT_TRY(plan.own[c], OwnMinor(c, money, "channel " + id));
      plan.minor[c] = Cost(c, plan.own[c]);
      plan.binding[c] = "set";
      free[c] = false;
    }
    for (const auto& [id, bounds] : scenario.bounds) {
      MAXOPT_TRY(const std::size_t c, find(id));
      if (!free[c]) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("channel {} has bounds and is {}: only one of them can hold", id,
                                plan.binding[c]));
      }
    }
    if (scenario.total && scenario.total_change_bp) {
      return Fail(Errc::kInvalidArgument, "total is given twice, as an amount and as a change");
    }
    if (scenario.total) MAXOPT_CHECK(Minor(*scenario.total, "total"));
    if (scenario.total_change_bp && *scenario.total_change_bp < -10'000) {
      return Fail(Errc::kInvalidArgument, "total cannot fall by more than all of it");
    }
    std::int64_t fixed = 0, left = 0;
    std::vector<std::size_t> members;  // by id
    for (const std::size_t c : order_) {
      (free[c] ? left : fixed) += plan.minor[c];
      if (free[c]) members.push_back(c);
    }
    const std::optional<std::int64_t> total = TotalOf(scenario);
    if (total) left = *total - fixed;
    if (left < 0) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("infeasible: what is set, locked or unknown comes to {}, the total "
                              "is {}: {} too much",
                              Text(fixed), Text(*total), Text(-left)));
    }
    if (members.empty()) {
      if (left == 0) return plan;
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("infeasible: {} of {} cannot be placed: no channel is free to take it",
                      Text(left), Text(*total)));
    }
    if (scenario.target) {
      MAXOPT_CHECK(Split(scenario, members, total ? std::optional(left) : std::nullopt, plan));
    } else if (scenario.split == Scenario::Split::kBest) {
      MAXOPT_CHECK(Split(scenario, members, left, plan));
    } else if (!scenario.bounds.empty()) {
      return Fail(Errc::kInvalidArgument, "bounds are of the best split and of targets only");
    } else {
      Share(members, left, scenario.split == Scenario::Split::kEqual, plan);
    }
    if (mixed_) MAXOPT_CHECK(Whole(scenario, members, plan));
    return plan;
  }

  /// Micros to whole smallest units of each channel's own currency.
  Result<> Whole(const Scenario& scenario, const std::vector<std::size_t>& members, Plan& plan) {
    std::vector<WholePart> parts;
    std::int64_t total = 0;
    const bool split = scenario.target || scenario.split == Scenario::Split::kBest;
    for (const std::size_t c : members) {
      WholePart part{problem_.channels[c].id, prices_[c]};
      part.wanted = plan.minor[c];
      part.high =
          static_cast<std::int64_t>(std::min<Wide>(prices_[c].Bought(kCountMost), kCountMost));
      const auto bounds = scenario.bounds.find(part.id);
      if (bounds != scenario.bounds.end() && bounds->second.min) {
        MAXOPT_TRY(part.low, OwnMinor(c, *bounds->second.min, part.id + " min", true));
      }
      // What holds a channel on the split holds it here.
      if (split && !plan.binding[c].empty() && plan.binding[c] != "min") {
        part.high = std::max(part.low, static_cast<std::int64_t>(prices_[c].Bought(part.wanted)));
      }
      total += plan.minor[c];
      parts.push_back(std::move(part));
    }
    const std::vector<std::int64_t> whole =
        WholeUnits(parts, total, [&](std::size_t k, double at, double step) {
          // In proportion: who is furthest behind what is wanted.
          if (!split) return (static_cast<double>(parts[k].wanted) / 1e6 - at) / std::abs(step);
          const std::size_t c = members[k];
          return (MeanRevenue(c, Spend(c, std::max(0.0, at + step))) -
                  MeanRevenue(c, Spend(c, at))) /
                 step;
        });
    for (std::size_t k = 0; k < members.size(); ++k) {
      const std::size_t c = members[k];
      plan.own[c] = whole[k];
      plan.minor[c] = Cost(c, whole[k]);
      total -= plan.minor[c];
    }
    plan.left = total;
    return {};
  }

  /// In proportion to the present budgets, or the same for each; exact, by largest remainder.
  void Share(const std::vector<std::size_t>& members, std::int64_t left, bool equal, Plan& plan) {
    std::int64_t sum = 0;
    for (const std::size_t c : members) sum += present_[c];
    if (sum == 0) equal = true;
    const std::int64_t parts = equal ? std::ssize(members) : sum;
    std::vector<std::pair<std::int64_t, std::size_t>> remainders;
    std::int64_t given = 0;
    for (std::size_t k = 0; k < members.size(); ++k) {
      const Wide product = static_cast<Wide>(equal ? 1 : present_[members[k]]) * left;
      plan.minor[members[k]] = static_cast<std::int64_t>(product / parts);
      given += plan.minor[members[k]];
      remainders.emplace_back(-static_cast<std::int64_t>(product % parts), k);
    }
    std::sort(remainders.begin(), remainders.end());
    for (std::size_t k = 0; given < left; ++k, ++given) ++plan.minor[members[remainders[k].second]];
    for (const std::size_t c : members) {
      if (DemandLimited(c) && plan.minor[c] >= present_[c]) plan.binding[c] = "demand";
    }
  }

  double MeanRevenue(std::size_t c, double spend) const {
    double sum = 0;
    for (const ResponseDraw& draw : problem_.channels[c].draws) sum += draw.At(spend);
    return sum / static_cast<double>(draws_);
  }
  ResponseCurve Pieces(std::size_t c, const std::set<std::int64_t>& at) const {
    ResponseCurve curve;
    curve.family = ResponseCurve::Family::kPiecewise;
    double highest = 0;
    for (const std::int64_t minor : at) {
      const double x = static_cast<double>(minor) * unit_;
      // A response that falls is one that nobody pays for.
      highest = std::max(highest, MeanRevenue(c, Spend(c, x)));
      curve.points.emplace_back(x, highest);
    }
    return curve;
  }

  /// Mean of the draws as straight pieces, by budget: points whose distances grow with the budget,
  /// from a hundred thousandth of the largest on.
  const ResponseCurve& Curve(std::size_t c) {
    if (!curves_[c].points.empty()) return curves_[c];
    std::set<std::int64_t> at{0, present_[c], largest_};
    for (int i = 0; i < kPoints; ++i) {
      const double part = std::pow(1e-5, static_cast<double>(i) / kPoints);
      at.insert(static_cast<std::int64_t>(part * static_cast<double>(largest_)));
    }
    if (DemandLimited(c)) {
      at.insert(static_cast<std::int64_t>(static_cast<double>(present_[c]) * Delivery(c)));
    }
    return curves_[c] = Pieces(c, at);
  }
  /// The same with finer pieces around a budget.
  ResponseCurve Finer(std::size_t c, std::int64_t around) {
    std::set<std::int64_t> at;
    for (const auto& [x, y] : Curve(c).points) at.insert(std::llround(x / unit_));
    const double reach = 0.06 * static_cast<double>(around) + (mixed_ ? 1e6 : 100);
    for (int i = -kFine; i <= kFine; ++i) {
      const auto minor = around + static_cast<std::int64_t>(reach * i / kFine);
      if (minor >= 0 && minor <= largest_) at.insert(minor);
    }
    return Pieces(c, at);
  }

  Result<double> TargetRoas(const Scenario::Target& target) const {
    using Kind = Scenario::Target::Kind;
    if (!(target.value > 0) || !std::isfinite(target.value)) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("target is {}; it must be a number above 0", target.value));
    }
    if (target.kind == Kind::kMarginalRoas || target.kind == Kind::kAverageRoas) {
      return target.value;
    }
    if (!problem_.revenue_per_order) {
      return Fail(Errc::kInvalidArgument,
                  "a target by CPA needs to know what an order brings, and no orders are counted");
    }
    return *problem_.revenue_per_order / target.value;
  }

  /// `left`: to be spent; with a target at most. Absent: the most that may be tried.
  Result<> Split(const Scenario& scenario, const std::vector<std::size_t>& members,
                 std::optional<std::int64_t> left, Plan& plan) {
    BudgetProblem budget;
    budget.decimals = decimals_;
    std::vector<double> high;  // in minor units
    std::vector<std::string> high_name;
    for (const std::size_t c : members) {
      const ScenarioChannel& channel = problem_.channels[c];
      BudgetProblem::Channel& to = budget.channels.emplace_back();
      to.id = channel.id;
      const auto bounds = scenario.bounds.find(channel.id);
      if (bounds != scenario.bounds.end() && bounds->second.min) {
        MAXOPT_TRY(const std::int64_t min,
                   OwnMinor(c, *bounds->second.min, channel.id + " min", true));
        to.min = static_cast<double>(Cost(c, min)) * unit_;
      }
      if (bounds != scenario.bounds.end() && bounds->second.max) {
        MAXOPT_TRY(const std::int64_t max, OwnMinor(c, *bounds->second.max, channel.id + " max"));
        high.push_back(static_cast<double>(Cost(c, max)));
        high_name.push_back("max");
      } else if (scenario.beyond_tried && left) {
        high.push_back(static_cast<double>(*left));
        high_name.push_back("");
      } else if (DemandLimited(c)) {
        high.push_back(static_cast<double>(present_[c]));
        high_name.push_back("demand");
      } else {
        high.push_back(std::max(static_cast<double>(present_[c]),
                                std::floor(channel.tried_high / Delivery(c) / unit_)));
        high_name.push_back("tried");
      }
      // A bound from below that is above what was tried is asked for and goes first.
      if (high_name.back() != "max") high.back() = std::max(high.back(), to.min / unit_);
    }
    if (left) Widen(static_cast<double>(*left), high, high_name);
    double most = 0;
    for (std::size_t k = 0; k < members.size(); ++k) {
      budget.channels[k].max = high[k] * unit_;
      most += high[k];
    }
    budget.budget = (left ? static_cast<double>(*left) : most) * unit_;
    double roas = 0;
    if (scenario.target) {
      using Kind = Scenario::Target::Kind;
      MAXOPT_TRY(roas, TargetRoas(*scenario.target));
      const bool marginal = scenario.target->kind == Kind::kMarginalRoas ||
                            scenario.target->kind == Kind::kMarginalCpa;
      budget.target = {
          marginal ? BudgetProblem::Target::Kind::kMarginal : BudgetProblem::Target::Kind::kAverage,
          roas};
    }
    // The target is of spend and not of budget: what is not spent is counted as if it returned the
    // target, which neither helps nor harms it.
    const auto give = [&](std::size_t k, ResponseCurve curve) {
      if (scenario.target) {
        for (auto& [x, y] : curve.points) y += roas * (x - Spend(members[k], x));
      }
      budget.channels[k].curve = std::move(curve);
    };
    for (std::size_t k = 0; k < members.size(); ++k) give(k, Curve(members[k]));
    MAXOPT_TRY(const BudgetAnswer rough, SplitBudget(budget));
    for (std::size_t k = 0; k < members.size(); ++k) {
      give(k, Finer(members[k], rough.minor[k]));
    }
    MAXOPT_TRY(const BudgetAnswer answer, SplitBudget(budget));
    plan.lambda = answer.lambda;
    plan.gap = answer.gap;
    for (std::size_t k = 0; k < members.size(); ++k) {
      plan.minor[members[k]] = answer.minor[k];
      plan.binding[members[k]] = answer.binding[k] == "max" ? high_name[k] : answer.binding[k];
    }
    return {};
  }

  /// Where the total does not fit into what was tried, all are let beyond it by the same part, as
  /// little as it takes.
  static void Widen(double left, std::vector<double>& high, const std::vector<std::string>& name) {
    double tried = 0, other = 0, all = 0;
    for (std::size_t k = 0; k < high.size(); ++k) {
      (name[k] == "tried" ? tried : other) += high[k];
      all += high[k];
    }
    if (all >= left || tried <= 0) return;
    const double factor = (left - other) / tried;
    for (std::size_t k = 0; k < high.size(); ++k) {
      if (name[k] == "tried") high[k] = std::ceil(high[k] * factor);
    }
  }

  Judged Judge(const Scenario& scenario, const Plan& plan) const {
    Judged out;
    ScenarioAnswer& answer = out.answer;
    answer.name = scenario.name;
    answer.lambda = plan.lambda;
    answer.gap = plan.gap;
    out.revenue.assign(draws_, 0.0);
    std::int64_t sum = 0;
    std::vector<double> spend(n_), marginal(draws_, 0.0);
    for (const std::size_t c : order_) {
      sum += plan.minor[c];
      spend[c] = Spend(c, static_cast<double>(plan.minor[c]) * unit_);
      answer.spend += spend[c];
      if (Known(c)) out.known_spend += spend[c];
    }
    answer.budget = Amount(sum);
    std::vector<ScenarioShare> shares(n_);
    for (const std::size_t c : order_) {
      const ScenarioChannel& channel = problem_.channels[c];
      ScenarioShare& share = shares[c];
      share.id = channel.id;
      share.converted = Amount(plan.minor[c]);
      share.budget = mixed_ ? Own(c, plan.own[c]) : share.converted;
      if (mixed_ && channel.exchange.rate) share.rate = channel.exchange.real();
      share.spend = spend[c];
      share.binding = plan.binding[c];
      share.identified = channel.identified;
      if (channel.tried_high > 0 && spend[c] > channel.tried_high * (1 + 1e-9)) {
        share.beyond = spend[c] / channel.tried_high - 1;
      }
      share.below = spend[c] < channel.tried_low * (1 - 1e-9);
      if (!Known(c)) continue;
      std::vector<double> revenue, roas, slopes;
      for (std::size_t i = 0; i < draws_; ++i) {
        const double value = channel.draws[i].At(spend[c]);
        revenue.push_back(value);
        out.revenue[i] += value;
        if (spend[c] <= 0) continue;
        roas.push_back(value / spend[c]);
        slopes.push_back(channel.draws[i].MarginalAt(spend[c]));
        marginal[i] += slopes.back() * spend[c] / out.known_spend;
      }
      share.revenue = Summarize(std::move(revenue));
      if (spend[c] > 0) {
        share.roas = Summarize(std::move(roas));
        share.marginal = Summarize(std::move(slopes));
      }
    }
    answer.shares = std::move(shares);
    Describe(out, marginal);
    Doubts(scenario, answer);
    if (plan.left > 0) {
      answer.notes.push_back(
          fmt::format("{} of {} are not given: no smallest unit of an account's currency that may "
                      "take them fits",
                      PrintMoney(Amount(plan.left)), PrintMoney(Amount(sum + plan.left))));
    }
    return out;
  }

  Money Amount(std::int64_t minor) const {
    if (mixed_) return Money::Micros(minor, currency_);
    return MoneyFromMinor(minor, currency_, problem_.channels.front().table)
        .value_or(Money::Zero(currency_));
  }
  Money Own(std::size_t c, std::int64_t minor) const {
    const ScenarioChannel& channel = problem_.channels[c];
    return MoneyFromMinor(minor, channel.budget.currency(), channel.table)
        .value_or(Money::Zero(channel.budget.currency()));
  }

  /// Figures of the whole, and against the present.
  void Describe(Judged& out, const std::vector<double>& marginal) const {
    ScenarioAnswer& answer = out.answer;
    answer.revenue = Summarize(out.revenue);
    const auto of_revenue = [&](auto f) {
      std::vector<double> values;
      for (const double revenue : out.revenue) values.push_back(f(revenue));
      return Summarize(std::move(values));
    };
    if (out.known_spend > 0 && draws_ > 0) {
      answer.roas = of_revenue([&](double revenue) { return revenue / out.known_spend; });
      answer.marginal = Summarize(marginal);
      const bool all_bring = *std::min_element(out.revenue.begin(), out.revenue.end()) > 0;
      if (problem_.revenue_per_order && all_bring) {
        answer.cpa = of_revenue([&](double revenue) {
          return out.known_spend * *problem_.revenue_per_order / revenue;
        });
      }
    }
    const auto margin = problem_.gross_margin;
    if (margin && draws_ > 0) {
      answer.profit =
          of_revenue([&](double revenue) { return *margin * revenue - out.known_spend; });
    }
    if (!now_ || draws_ == 0) return;
    const double more = out.known_spend - now_->known_spend;
    answer.spend_change = answer.spend - now_->answer.spend;
    std::vector<double> revenue, profit;
    std::size_t better = 0;
    for (std::size_t i = 0; i < draws_; ++i) {
      revenue.push_back(out.revenue[i] - now_->revenue[i]);
      profit.push_back(margin.value_or(1) * revenue.back() - more);
      if ((margin ? profit : revenue).back() > 0) ++better;
    }
    if (margin || std::abs(more) <= kSameSpend * now_->known_spend) {
      answer.better = static_cast<double>(better) / static_cast<double>(draws_);
    }
    answer.revenue_change = Summarize(std::move(revenue));
    if (margin) answer.profit_change = Summarize(std::move(profit));
  }

  /// What no data have shown.
  void Doubts(const Scenario& scenario, ScenarioAnswer& answer) const {
    for (const std::size_t c : order_) {
      const ScenarioChannel& channel = problem_.channels[c];
      const ScenarioShare& share = answer.shares[c];
      if (share.beyond > 0) {
        answer.notes.push_back(fmt::format(
            "{}: {:.2f} a day is {:.0f} % beyond what is known from having been tried (up "
            "to {:.2f}); what lies there is the curve's assumption",
            channel.id, share.spend, 100 * share.beyond, channel.tried_high));
      }
      if (share.below && share.spend < Spend(c, static_cast<double>(present_[c]) * unit_)) {
        answer.notes.push_back(fmt::format(
            "{}: it was hardly ever below {:.2f} a day; what is lost {} is the curve's assumption",
            channel.id, channel.tried_low, share.spend > 0 ? "at less" : "without it"));
      }
      const bool moved = share.budget != channel.budget;
      if (moved && Known(c) && !channel.identified) {
        answer.notes.push_back(
            fmt::format("{}: the data tell little of it, so its part of the difference is mostly "
                        "assumption; an experiment would tell",
                        channel.id));
      }
      if (moved && !Known(c)) {
        answer.notes.push_back(fmt::format(
            "{}: it has no history, so what it brings is not in these figures", channel.id));
      }
      if (moved && !channel.lock.empty()) {
        answer.notes.push_back(fmt::format("{}: {}", channel.id, channel.lock));
      }
      if (DemandLimited(c) && Units(share.converted) > share.spend + 0.5 * unit_ && moved) {
        answer.notes.push_back(fmt::format(
            "{}: of {} a day it would spend {:.2f}, as it does not spend its present budget",
            channel.id, PrintMoney(share.budget), share.spend));
      }
    }
    // Every channel that may move is at the most that was tried.
    bool tried = false, other = false;
    for (const ScenarioShare& share : answer.shares) {
      tried = tried || share.binding == "tried";
      other = other || share.binding.empty() || share.binding == "min";
    }
    if (scenario.target && !scenario.total && tried && !other) {
      answer.notes.push_back(
          "the target would bear more than was tried in every channel; beyond_tried asks for it");
    }
  }

  /// Effects after the day of the spend: `carried` of them, shrinking by the part that gives the
  /// mean lag (geometric).
  int SettleDays() const {
    double weight = 0;
    std::vector<std::pair<double, double>> tails;  // weight x carried, ratio
    for (const std::size_t c : order_) {
      for (const ResponseDraw& draw : problem_.channels[c].draws) {
        const double w = std::max(0.0, draw.scale);
        weight += w;
        if (!(draw.carried > 0)) continue;
        const double ratio = draw.lag_days > draw.carried ? 1 - draw.carried / draw.lag_days : 0;
        tails.emplace_back(w * draw.carried, ratio);
      }
    }
    int day = 1;
    for (; day < 365; ++day) {
      double left = 0;
      for (auto& [tail, ratio] : tails) {
        left += tail;
        tail *= ratio;
      }
      if (left <= 0.1 * weight) break;
    }
    return day;
  }

  void Note(ScenarioReport& out) const {
    out.notes.push_back(fmt::format(
        "figures are a day, once earlier effects have settled: nine tenths of a change are there "
        "after {} day{}",
        out.settle_days, out.settle_days == 1 ? "" : "s"));
    if (!problem_.gross_margin) {
      out.notes.push_back(
          "no gross margin is given, so profit is not known and scenarios are called better only "
          "where they spend the same");
    }
    for (const std::size_t c : order_) {
      const ScenarioChannel& channel = problem_.channels[c];
      if (!Known(c)) {
        out.notes.push_back(fmt::format(
            "{}: it has no history to learn from; it keeps {}, and the figures are without it",
            channel.id, PrintMoney(channel.budget)));
      } else if (!channel.lock.empty()) {
        out.notes.push_back(fmt::format("{} stays as it is unless a scenario names it: {}",
                                        channel.id, channel.lock));
      }
    }
  }

  const ScenarioProblem& problem_;
  std::size_t n_ = 0, draws_ = 0;
  Currency currency_ = kNoCurrency;
  bool mixed_ = false;  ///< several currencies, or tables of smallest units: counted in micros
  int decimals_ = 2;
  double unit_ = 0.01;
  std::map<std::string, std::size_t> at_;
  std::vector<std::size_t> order_;
  std::vector<UnitPrice> prices_;  // of a channel's smallest unit, micros
  std::vector<std::int64_t> present_own_, present_;
  std::int64_t present_total_ = 0, largest_ = 0;
  std::vector<ResponseCurve> curves_;
  std::optional<Judged> now_;
};

}  // namespace

Result<ScenarioReport> CompareScenarios(const ScenarioProblem& problem,
                                        const std::vector<Scenario>& scenarios) {
  return Comparer(problem).Run(scenarios);
}

std::vector<Scenario> UsualScenarios(const ScenarioProblem& problem, std::size_t off_max) {
  using Split = Scenario::Split;
  std::vector<Scenario> out;
  const auto add = [&](std::string name) -> Scenario& {
    Scenario& scenario = out.emplace_back();
    scenario.name = std::move(name);
    return scenario;
  };
  for (const int change : {-2'000, 2'000}) {
    const std::string text = fmt::format("{:+d} %", change / 100);
    add("budget " + text).total_change_bp = change;
    Scenario& best = add("budget " + text + ", best split");
    best.total_change_bp = change;
    best.split = Split::kBest;
  }
  Scenario& best = add("best split");
  best.keep_total = true;
  best.split = Split::kBest;
  Scenario& equal = add("equal split");
  equal.keep_total = true;
  equal.split = Split::kEqual;
  if (problem.gross_margin && *problem.gross_margin > 0) {
    Scenario& pays = add("spend while a further unit pays");
    pays.target = {Scenario::Target::Kind::kMarginalRoas, 1 / *problem.gross_margin};
  }
  std::vector<const ScenarioChannel*> largest;
  for (const ScenarioChannel& channel : problem.channels) largest.push_back(&channel);
  std::sort(largest.begin(), largest.end(), [](const ScenarioChannel* a, const ScenarioChannel* b) {
    const double of_a = a->exchange.real() * Units(a->budget);
    const double of_b = b->exchange.real() * Units(b->budget);
    if (of_a != of_b) return of_a > of_b;
    return a->id < b->id;
  });
  for (std::size_t i = 0; i < std::min(off_max, largest.size()); ++i) {
    add(largest[i]->id + " off").off = {largest[i]->id};
  }
  return out;
}

}  // namespace maxopt
