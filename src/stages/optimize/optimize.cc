#include "stages/optimize/optimize.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "decide/allocator/allocator.h"
#include "decide/guardrails/guardrails.h"
#include "memory/campaigns/signals.h"
#include "memory/facts/quality.h"

namespace maxopt {
namespace {

using std::chrono::days;

/// Words in a channel's name that say it reaches people who were about to buy anyway. Platform
/// counts of brand search and retargeting are known to be mostly harvest: Blake, Nosko and Tadelis
/// 2015 found next to none of brand search's claimed sales incremental; Gordon et al. 2019 and 2023
/// found observational counts of other formats too high by multiples.
bool Harvests(std::string_view channel) {
  constexpr std::string_view kWords[] = {"brand", "retargeting", "remarketing", "retention"};
  return std::any_of(std::begin(kWords), std::end(kWords), [&](std::string_view word) {
    return channel.find(word) != std::string_view::npos;
  });
}

double Units(Money money) { return static_cast<double>(money.micros()) / 1e6; }

/// A campaign (or ad group) whose daily budget is on now.
struct Budget {
  AccountId account;
  Level level;
  std::string id;
  std::string campaign_id;
  std::string address;
  Money amount;
  MinorUnits table;
};

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

struct Channel {
  std::string id;
  std::vector<Budget> budgets;
  std::vector<double> spend;    // by day of the history
  std::vector<double> claimed;  // revenue, as spend; NaN where the platform says nothing
  double claimed_revenue = 0;
  double claimed_spend = 0;
  std::string lock;  // why it may not be moved; empty: it may
  Money Total(Currency currency) const {
    Money sum = Money::Zero(currency);
    for (const Budget& budget : budgets) sum += budget.amount;
    return sum;
  }
};

std::size_t ColumnOf(const FactTable& table, std::string_view name) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i] == name) return i;
  }
  Bug();  // we asked for it
}

class Recommender {
 public:
  Recommender(const OptimizeWorld& world, const Client& client, const Policy& policy,
              const RecommendOptions& options)
      : world_(world), client_(client), policy_(policy), options_(options) {}

  Result<Recommendation> Run() {
    MAXOPT_CHECK(ReadBudgets());
    MAXOPT_CHECK(ReadHistory());
    MAXOPT_CHECK(CheckData());
    ResponseData data = Data();
    MAXOPT_TRY(const ResponseFit fit, FitResponse(data, options_.response));
    MAXOPT_TRY(Recommendation out, Decide(data, fit));
    for (const auto& [id, channel] : channels_) {
      if (channel.lock.empty()) continue;
      const std::string note = fmt::format("{} is left as it is: {}", id, channel.lock);
      out.why += (out.why.empty() ? "" : " ") + note + ".";
      if (out.plan) out.plan->notes.push_back(note);
    }
    return out;
  }

 private:
  Result<> ReadBudgets() {
    MAXOPT_TRY(const std::vector<ClientAccount> accounts, world_.store->Accounts());
    MAXOPT_TRY(locks_, ExperimentLocks(*world_.store, client_.name, world_.clock->Now()));
    MAXOPT_TRY(fixed_, FixedBudgets(*world_.store, client_.name));
    for (const ClientAccount& account : accounts) {
      if (account.client != client_.name) continue;
      const AccountId& id = account.info.account;
      if (account.info.currency != client_.currency) {
        return Fail(
            Errc::kRefused,
            fmt::format("account {} is in {}, client \"{}\" in {}: amounts of two currencies "
                        "are not compared",
                        PrintAccount(id), account.info.currency.name(), client_.name,
                        client_.currency.name()));
      }
      MAXOPT_TRY(const std::shared_ptr<PlatformReader> reader, world_.reader(id));
      auto tree = reader->ReadAccount(id, http::After(std::chrono::seconds(120)));
      if (!tree) return FailWithin("account " + PrintAccount(id), tree.error());
      MAXOPT_TRY(const std::vector<OwnedObject> owned, world_.store->Objects(id));
      AddBudgets(*tree, owned, reader->capabilities());
    }
    std::erase_if(channels_, [](const auto& entry) { return entry.second.budgets.empty(); });
    if (channels_.empty()) {
      return Fail(Errc::kRefused,
                  fmt::format("client \"{}\" has no campaign that is on with a daily "
                              "budget",
                              client_.name));
    }
    return {};
  }

  std::string ChannelId(Platform platform, const std::string& campaign_id,
                        std::string_view campaign_name) const {
    std::string channel = world_.channel_of(campaign_name);
    if (channel.empty()) channel = "campaign " + campaign_id;
    return fmt::format("{}/{}", PlatformName(platform), channel);
  }

  void AddBudgets(const AccountTree& tree, const std::vector<OwnedObject>& owned,
                  const Capabilities& can) {
    const AccountId& account = tree.info.account;
    std::map<std::string, const Entity*> campaigns;
    for (const Entity& entity : tree.entities) {
      if (entity.level == Level::kCampaign) campaigns[entity.id] = &entity;
    }
    for (const Entity& entity : tree.entities) {
      if (entity.level != Level::kCampaign && entity.level != Level::kAdGroup) continue;
      const std::string campaign_id =
          entity.level == Level::kCampaign ? entity.id : entity.campaign_id;
      const auto campaign = campaigns.find(campaign_id);
      if (campaign == campaigns.end()) continue;
      const auto amount = entity.fields.find("daily_budget");
      if (amount == entity.fields.end() || TextField(entity.fields, "status") != kActive ||
          TextField(campaign->second->fields, "status") != kActive) {
        continue;
      }
      // A campaign that owns the budget bounds what its ad groups state.
      if (entity.level == Level::kAdGroup && campaign->second->fields.contains("daily_budget")) {
        continue;
      }
      const auto ours = std::find_if(owned.begin(), owned.end(), [&](const OwnedObject& object) {
        return object.level == entity.level && object.id == entity.id;
      });
      const std::string channel =
          ChannelId(account.platform, campaign_id, TextField(campaign->second->fields, "name"));
      const std::string address = ours == owned.end()
                                      ? fmt::format("{}/{}", LevelName(entity.level), entity.id)
                                      : ours->address;
      Channel& into = channels_[channel];
      into.id = channel;
      // A budget above an arm of a running experiment is that arm's allocation.
      const ExperimentLock* lock = LockWithin(locks_, account, entity.id, address);
      if (lock == nullptr) lock = LockOn(locks_, account, campaign_id, "");
      if (lock != nullptr) {
        into.lock = fmt::format("experiment \"{}\" keeps it still until {}", lock->experiment,
                                PrintDay(lock->until));
      } else if (IsFixed(address)) {
        into.lock = "the media plan fixes its budget";
      }
      into.budgets.push_back({account, entity.level, entity.id, campaign_id, address,
                              std::get<Money>(amount->second), can.minor_units});
    }
  }

  /// The budget of a fixed campaign, or of an ad group in one.
  bool IsFixed(const std::string& address) const {
    return std::any_of(fixed_.begin(), fixed_.end(), [&](const auto& campaign) {
      return address == campaign.first || address.starts_with(campaign.first + "/");
    });
  }

  /// The delivery of the last week decides how far budgets move, so it must be whole, read lately
  /// and reconciled. Claimed conversions are a weak prior only and may still grow.
  Result<> CheckData() {
    std::set<AccountId> moved;
    for (const auto& [id, channel] : channels_) {
      for (const auto& budget : channel.budgets) moved.insert(budget.account);
    }
    MAXOPT_TRY(const std::vector<ClientAccount> accounts, world_.store->Accounts());
    std::vector<AccountInfo> infos;
    for (const ClientAccount& account : accounts) {
      if (moved.contains(account.info.account)) infos.push_back(account.info);
    }
    MAXOPT_TRY(const Hold hold,
               DecisionHold(*world_.facts, infos,
                            {.from = last_ - days(6), .to = last_, .claimed_conversions = false},
                            world_.clock->Now()));
    if (!hold.held()) return {};
    return Fail(Errc::kRefused,
                fmt::format("the data do not bear a decision: {}. maxopt monitor reads them again, "
                            "maxopt quality shows each day",
                            fmt::join(hold.reasons, "; ")));
  }

  Result<> ReadHistory() {
    MAXOPT_TRY(const Zone zone, Zone::Find(client_.zone));
    const Day today = zone.DayOf(world_.clock->Now());
    const Day last = today - days(1);
    MAXOPT_TRY(
        std::vector<KpiRow> kpi,
        world_.facts->Kpi(client_.name, today - days(options_.history_days), last, std::nullopt));
    if (kpi.empty()) {
      return Fail(Errc::kRefused,
                  fmt::format("there are no orders of client \"{}\"; import them (maxopt import "
                              "orders.csv --client ...)",
                              client_.name));
    }
    first_ = kpi.front().day;
    for (const KpiRow& row : kpi) first_ = std::min(first_, row.day);
    last_ = first_;
    for (const KpiRow& row : kpi) last_ = std::max(last_, row.day);
    const auto size = static_cast<std::size_t>((last_ - first_).count() + 1);
    revenue_.assign(size, std::nan(""));
    for (const KpiRow& row : kpi) {
      if (row.currency != client_.currency) {
        return Fail(Errc::kRefused,
                    fmt::format("orders are in {}, client \"{}\" is in {}", row.currency.name(),
                                client_.name, client_.currency.name()));
      }
      revenue_[static_cast<std::size_t>((row.day - first_).count())] = Units(row.revenue);
    }
    for (std::size_t t = 0; t < size; ++t) {
      if (std::isnan(revenue_[t])) {
        return Fail(Errc::kRefused,
                    fmt::format("orders of {} are missing; a missing day is not a day without "
                                "orders. Import it",
                                PrintDay(first_ + days(static_cast<int>(t)))));
      }
    }
    FactQuery query;
    query.measures = {"spend", "revenue"};
    query.dimensions = {"platform", "campaign"};
    query.from = first_;
    query.to = last_;
    query.grain = "day";
    MAXOPT_TRY(const FactTable table, world_.facts->Query(query));
    const std::size_t platform_at = ColumnOf(table, "platform");
    const std::size_t id_at = ColumnOf(table, "campaign_id");
    const std::size_t name_at = ColumnOf(table, "campaign");
    const std::size_t period_at = ColumnOf(table, "period");
    const std::size_t spend_at = ColumnOf(table, "spend");
    const std::size_t revenue_at = ColumnOf(table, "revenue");
    const std::size_t currency_at = ColumnOf(table, "currency");
    for (const auto& row : table.rows) {
      if (row[currency_at].text != client_.currency.name()) continue;  // another client's account
      MAXOPT_TRY(const Platform platform, FindPlatform(row[platform_at].text));
      const std::string id = ChannelId(platform, row[id_at].text, row[name_at].text);
      MAXOPT_TRY(const Day day, ParseDay(row[period_at].text));
      const auto t = static_cast<std::size_t>((day - first_).count());
      if (t >= size || row[spend_at].kind == FactCell::Kind::kAbsent) continue;
      Channel& channel = history_[id];
      channel.id = id;
      channel.spend.resize(size, 0.0);
      channel.claimed.resize(size, std::nan(""));
      const double spend = static_cast<double>(row[spend_at].integer) / 1e6;
      channel.spend[t] += spend;
      if (row[revenue_at].kind != FactCell::Kind::kAbsent) {
        const double claimed = static_cast<double>(row[revenue_at].integer) / 1e6;
        channel.claimed[t] =
            (std::isnan(channel.claimed[t]) ? 0 : channel.claimed[t]) + std::max(0.0, claimed);
      }
      // Claims of the last 60 days that are old enough to have settled.
      if (last_ - day > days(7) && last_ - day <= days(67)) {
        channel.claimed_spend += spend;
        if (row[revenue_at].kind != FactCell::Kind::kAbsent) {
          channel.claimed_revenue += static_cast<double>(row[revenue_at].integer) / 1e6;
        }
      }
    }
    return {};
  }

  /// As far as the curve is known: a fifth above the spend of all but the highest twentieth of the
  /// days that the channel was on. Beyond it lies extrapolation; staying there a while extends it.
  static Money MostTried(const Channel& channel, Currency currency) {
    std::vector<double> on;
    for (const double spend : channel.spend) {
      if (spend > 0) on.push_back(spend);
    }
    if (on.empty()) return Money::Zero(currency);
    const auto at =
        on.begin() + static_cast<std::ptrdiff_t>(0.95 * static_cast<double>(on.size() - 1));
    std::nth_element(on.begin(), at, on.end());
    return Money::Micros(static_cast<std::int64_t>(*at * 1.2 * 1e6), currency);
  }

  static double ClaimedRoas(const Channel& channel) {
    return channel.claimed_spend > 0 ? channel.claimed_revenue / channel.claimed_spend : 0;
  }

  ResponseData Data() const {
    ResponseData data;
    data.revenue = revenue_;
    data.first_day = std::chrono::sys_days(first_.time_since_epoch());
    for (const auto& [id, channel] : history_) {
      // A day without spend has no row, and no claims either.
      std::vector<double> claimed = channel.claimed;
      for (std::size_t t = 0; t < claimed.size(); ++t) {
        if (std::isnan(claimed[t]) && channel.spend[t] <= 0) claimed[t] = 0;
      }
      data.channels.push_back({id, channel.spend, std::move(claimed), Harvests(id)});
    }
    return data;
  }

  Result<Recommendation> Decide(const ResponseData& data, const ResponseFit& fit) {
    Recommendation out;
    out.days_used = static_cast<int>(data.revenue.size());
    const Currency currency = client_.currency;
    const MinorUnits table = channels_.begin()->second.budgets.front().table;
    Money total = Money::Zero(currency);
    std::vector<AllocationChannel> problem;
    std::vector<const ChannelResponse*> responses;
    std::vector<double> delivery;
    for (const auto& [id, channel] : channels_) {
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
      const Channel& past = history_.at(id);
      double recent = 0;
      const std::size_t window = std::min<std::size_t>(7, past.spend.size());
      for (std::size_t i = past.spend.size() - window; i < past.spend.size(); ++i) {
        recent += past.spend[i] / static_cast<double>(window);
      }
      const double ratio = std::clamp(recent / Units(now), 0.05, 1.2);
      view.spend_per_day =
          Money::Micros(static_cast<std::int64_t>(recent * 100) * 10'000, currency);
      view.claimed_roas = ClaimedRoas(past);
      view.identified = response->identified;
      view.demand_limited = ratio < 0.8;
      view.revenue = response->RevenueAt(Units(now) * std::min(ratio, 1.0));
      view.marginal = response->MarginalAt(Units(now) * std::min(ratio, 1.0));
      MAXOPT_TRY(const Money low, FloorToMinor(now.TimesBp(10'000 - policy_.step_max_bp), table));
      MAXOPT_TRY(const Money high, FloorToMinor(now.TimesBp(10'000 + policy_.step_max_bp), table));
      MAXOPT_TRY(const Money tried, FloorToMinor(MostTried(past, currency), table));
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
      AddChanges(view, channels_.at(view.id), out, plan);
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

  void AddChanges(const ChannelView& view, const Channel& channel, const Recommendation& out,
                  Plan& plan) const {
    // Campaigns of one channel share its move in proportion; the last one takes the rounding.
    Money left = view.proposed;
    for (std::size_t i = 0; i < channel.budgets.size(); ++i) {
      const Budget& budget = channel.budgets[i];
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
  std::map<std::string, Channel> channels_;  // with budgets that are on
  std::map<std::string, Channel> history_;   // with spend in the past
  std::vector<ExperimentLock> locks_;
  FixedBudgetMap fixed_;
  std::vector<double> revenue_;
  Day first_{};
  Day last_{};
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
  // Conversions that are not counted look like campaigns that do not convert.
  MAXOPT_TRY(const std::vector<SignalHealth> signals, Signals(*world.store, client));
  for (const SignalHealth& signal : signals) {
    if (signal.state != SignalState::kBroken) continue;
    return Fail(Errc::kRefused,
                fmt::format("hold: the signal \"{}\" is broken since {}: {}. What it measures "
                            "cannot be decided on; maxopt tracking status looks again",
                            signal.name, PrintInstant(signal.since), signal.why));
  }
  return Recommender(world, known, *policy, options).Run();
}

}  // namespace maxopt
