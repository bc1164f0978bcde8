#include "stages/optimize/levers/bids/bids.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "decide/bids/bids.h"
#include "domain/harvest.h"
#include "stages/optimize/levers/campaigns.h"

namespace maxopt {
namespace {

using namespace levers;
using std::chrono::days;

/// Four weeks are near enough to now, two weeks are the least that shows a week's rhythm.
constexpr int kWindowDays = 28, kLeastDays = 14;
constexpr int kHorizonDays = 28;
/// A target that is off what is paid by more than this does not hold the object.
constexpr double kBinds = 0.85;
/// As decide/bids has it for the budget: below a tenth there is next to nothing to be won.
constexpr double kLostLeast = 0.1;
/// Of a budget: what is spent beyond it cannot grow by half a step.
constexpr double kSpent = 0.9;
/// Platforms say that learning may restart with a change of a bid or target "depending on its
/// size"; steps are small, so even odds are taken.
constexpr double kLearnsAnew = 0.5;

struct DayNumbers {
  double spend = 0, conversions = 0, revenue = 0;
  std::optional<double> impressions, share, lost_to_budget, lost_to_rank;
};
using Numbers = std::map<Day, DayNumbers>;

/// The field by which an object is steered.
struct Control {
  const LeverAccount* account = nullptr;
  const Entity* campaign = nullptr;
  const Entity* object = nullptr;
  std::string field;
  bool target = false;  ///< it names a cost or return; else the most that is bid
  CampaignKpi kpi;
  std::string name() const { return WithoutMarker(TextField(object->fields, "name")); }
};

/// What the days since its last change say.
struct Window {
  int days = 0;
  Day from{}, to{};
  double spend = 0, conversions = 0, revenue = 0;
  double dispersion = 1;  ///< Pearson's, of the days' conversions beside their spend
  double campaign_spend = 0;
  /// Of its campaign: platforms tell them there.
  std::optional<double> lost_to_budget, lost_to_rank;
};

class Bids {
 public:
  Bids(const LeverWorld& world, const LeverState& state) : world_(world), state_(state) {
    report_.lever = "bids";
  }

  Result<LeverReport> Run() {
    for (const LeverAccount& account : state_.accounts) MAXOPT_CHECK(Gather(account));
    std::vector<BidSeries> series;
    for (const Control& control : controls_) series.push_back(SeriesOf(control));
    MAXOPT_TRY(const std::vector<Elasticity> elasticities, FitElasticities(series));
    for (std::size_t i = 0; i < controls_.size(); ++i) {
      MAXOPT_CHECK(Judge(controls_[i], elasticities[i]));
    }
    return std::move(report_);
  }

 private:
  void Note(std::string what) { report_.notes.push_back(std::move(what)); }
  void Note(const Control& control, std::string_view what) {
    Note(fmt::format("{} \"{}\": {}", LevelName(control.object->level), control.name(), what));
  }

  Result<> Gather(const LeverAccount& account) {
    const std::string who = PrintAccount(account.tree.info.account);
    if (!account.hold.empty()) {
      Note(fmt::format("{}: {}", who, account.hold));
      return {};
    }
    const std::size_t first = controls_.size();
    for (const Entity* campaign : CampaignsOf(account)) AddControls(account, *campaign);
    const bool groups =
        std::any_of(controls_.begin() + static_cast<std::ptrdiff_t>(first), controls_.end(),
                    [](const Control& c) { return c.object->level == Level::kAdGroup; });
    if (first == controls_.size()) return {};
    MAXOPT_CHECK(Read(account, Level::kCampaign));
    if (groups) MAXOPT_CHECK(Read(account, Level::kAdGroup));
    return {};
  }

  void AddControls(const LeverAccount& account, const Entity& campaign) {
    if (TextField(campaign.fields, "status") != kActive) return;
    const CampaignKpi kpi = KpiOf(state_, account, campaign);
    std::vector<Control> found;
    const auto add = [&](const Entity& object) {
      Control control{&account, &campaign, &object, BidField(account, campaign, object),
                      false,    kpi};
      if (control.field.empty()) return;
      const std::string own = TextField(object.fields, "bid_strategy");
      const std::string strategy = own.empty() ? TextField(campaign.fields, "bid_strategy") : own;
      // TikTok's wanted cost is its bid.
      control.target = control.field != "bid" || strategy == "cost_cap";
      found.push_back(std::move(control));
    };
    add(campaign);
    if (found.empty()) {
      for (const Entity* group : ActiveGroups(account, campaign)) add(*group);
    }
    if (found.empty()) return;
    if (Harvests(TextField(campaign.fields, "name"))) {
      Note(HarvestNote(campaign));
      return;
    }
    if (!kpi.target) {
      Note(fmt::format(
          "campaign \"{}\": no target (cpa or roas) in the documents, so nothing says what its "
          "conversions are worth; its bids are left alone",
          WithoutMarker(TextField(campaign.fields, "name"))));
      return;
    }
    controls_.insert(controls_.end(), found.begin(), found.end());
  }

  Result<> Read(const LeverAccount& account, Level level) {
    FactQuery query;
    query.measures = {"spend",          "conversions", "revenue", "impressions", "impression_share",
                      "lost_to_budget", "lost_to_rank"};
    query.dimensions = {"campaign"};
    if (level == Level::kAdGroup) query.dimensions.push_back("ad_group");
    query.filters = {{"account", {PrintAccount(account.tree.info.account)}, false}};
    query.from = account.first;
    query.to = account.last;
    query.grain = "day";
    MAXOPT_TRY(const FactTable table, world_.facts->Query(query));
    if (table.rows.empty()) return {};
    const std::size_t period = table.Column("period");
    const std::size_t id = table.Column(level == Level::kAdGroup ? "ad_group_id" : "campaign_id");
    const auto real = [&](const std::vector<FactCell>& row,
                          std::string_view name) -> std::optional<double> {
      const FactCell& cell = row[table.Column(name)];
      if (cell.kind == FactCell::Kind::kAbsent) return std::nullopt;
      return cell.Amount();
    };
    for (const auto& row : table.rows) {
      MAXOPT_TRY(const Day day, ParseDay(row[period].text));
      if (!account.Judged(day)) continue;
      DayNumbers& numbers = numbers_[{account.tree.info.account, level, row[id].text}][day];
      numbers.spend += real(row, "spend").value_or(0);
      numbers.conversions += real(row, "conversions").value_or(0);
      numbers.revenue += real(row, "revenue").value_or(0);
      numbers.impressions = real(row, "impressions");
      numbers.share = real(row, "impression_share");
      numbers.lost_to_budget = real(row, "lost_to_budget");
      numbers.lost_to_rank = real(row, "lost_to_rank");
    }
    return {};
  }

  const Numbers& NumbersOf(const Control& control) {
    return numbers_[{control.account->tree.info.account, control.object->level,
                     control.object->id}];
  }

  /// Weeks back from the last judged day, whole ones only: a week has all its weekdays.
  BidSeries SeriesOf(const Control& control) {
    BidSeries out;
    const LeverAccount& account = *control.account;
    const Numbers& numbers = NumbersOf(control);
    double conversions = 0, revenue = 0;
    for (Day end = account.last; end - days(6) >= account.first; end -= days(7)) {
      BidWeek week;
      double demand = 0;
      bool whole = true, told = true;
      for (Day day = end - days(6); day <= end; day += days(1)) {
        const auto at = numbers.find(day);
        if (!account.Judged(day) || at == numbers.end() || !(at->second.spend > 0)) {
          whole = false;
          break;
        }
        const DayNumbers& n = at->second;
        week.spend += n.spend;
        week.value += std::max(0.0, control.kpi.revenue ? n.revenue : n.conversions);
        conversions += n.conversions;
        revenue += n.revenue;
        if (n.share && *n.share > 0 && n.impressions && *n.impressions > 0) {
          demand += *n.impressions / *n.share;
        } else {
          told = false;
        }
      }
      if (!whole) continue;
      if (told) week.demand = demand;
      out.weeks.push_back(week);
    }
    // Orders are taken to be spread like an exponential distribution (see segments).
    if (control.kpi.revenue && conversions > 0 && revenue > 0) {
      out.unit = 2 * revenue / conversions;
    }
    return out;
  }

  Window WindowOf(const Control& control) {
    const LeverAccount& account = *control.account;
    const Numbers& numbers = NumbersOf(control);
    const Numbers& whole =
        numbers_[{account.tree.info.account, Level::kCampaign, control.campaign->id}];
    Window out;
    Day first = account.first;
    if (const Instant* changed =
            state_.LastChange(account.tree.info.account, control.object->id, control.field)) {
      if (const auto zone = Zone::Find(account.tree.info.zone)) {
        first = std::max(first, zone->DayOf(*changed) + days(1));
      }
    }
    double budget = 0, budget_weight = 0, rank = 0, rank_weight = 0;
    std::vector<std::pair<double, double>> by_day;  // spend and conversions
    for (Day day = account.last; day >= first && out.days < kWindowDays; day -= days(1)) {
      if (!account.Judged(day)) continue;
      if (out.days == 0) out.to = day;
      out.from = day;
      ++out.days;
      if (const auto at = numbers.find(day); at != numbers.end()) {
        const DayNumbers& n = at->second;
        out.spend += n.spend;
        out.conversions += std::max(0.0, n.conversions);
        out.revenue += std::max(0.0, n.revenue);
        by_day.emplace_back(n.spend, std::max(0.0, n.conversions));
      }
      if (const auto at = whole.find(day); at != whole.end()) {
        const DayNumbers& n = at->second;
        out.campaign_spend += n.spend;
        const double shown = n.impressions.value_or(0);
        if (n.lost_to_budget) {
          budget += *n.lost_to_budget * shown;
          budget_weight += shown;
        }
        if (n.lost_to_rank) {
          rank += *n.lost_to_rank * shown;
          rank_weight += shown;
        }
      }
    }
    if (out.spend > 0 && out.conversions > 0 && by_day.size() > 1) {
      double pearson = 0;
      for (const auto& [spend, conversions] : by_day) {
        const double expected = spend * out.conversions / out.spend;
        if (expected > 0) pearson += (conversions - expected) * (conversions - expected) / expected;
      }
      out.dispersion = std::max(1.0, pearson / static_cast<double>(by_day.size() - 1));
    }
    if (budget_weight > 0) out.lost_to_budget = budget / budget_weight;
    if (rank_weight > 0) out.lost_to_rank = rank / rank_weight;
    return out;
  }

  /// The present setting in units: money, or return for target_roas_bp.
  static std::optional<double> SettingOf(const Control& control) {
    const auto at = control.object->fields.find(control.field);
    if (const Money* money = std::get_if<Money>(&at->second)) {
      return money->micros() > 0 ? std::optional(Units(*money)) : std::nullopt;
    }
    const auto* bp = std::get_if<std::int64_t>(&at->second);
    return bp && *bp > 0 ? std::optional(static_cast<double>(*bp) / 1e4) : std::nullopt;
  }

  Result<> Judge(const Control& control, const Elasticity& elasticity) {
    const LeverAccount& account = *control.account;
    const Entity& object = *control.object;
    if (std::string why = state_.Still(account, object); !why.empty()) {
      Note(control, "left alone: " + why);
      return {};
    }
    if (TextField(object.fields, "learning_status") == "learning") {
      Note(control, "left alone: the platform's bidding is still learning");
      return {};
    }
    const std::optional<double> setting = SettingOf(control);
    if (!setting) return {};
    const Window window = WindowOf(control);
    if (window.days < kLeastDays) {
      Note(control, fmt::format("{} days since its {} last changed whose conversions are nearly "
                                "all known; {} are needed",
                                window.days, control.field, kLeastDays));
      return {};
    }
    if (!(window.spend > 0)) return {};
    const double spend = window.spend / window.days;
    const double value = (control.kpi.revenue ? window.revenue : window.conversions) / window.days;

    BidCase bid;
    bid.spend = spend;
    bid.value = value;
    // An order's size is as uncertain as the count: half the counts' worth of information.
    bid.counts = window.conversions / window.dispersion / (control.kpi.revenue ? 2 : 1);
    bid.worth = 1 / *control.kpi.Worth();
    bid.elasticity = elasticity;
    bid.step_max = std::clamp(static_cast<double>(state_.step_max_bp()) / 1e4, 0.001, 0.9);
    bid.lost_to_budget = std::clamp(window.lost_to_budget.value_or(0), 0.0, 0.9);
    // An ad group without a budget of its own shares its campaign's: that one's limit is no limit
    // of its own, but where it is spent nothing more can be bought.
    const Money* own_budget = MoneyField(object.fields, "daily_budget");
    const std::optional<Money> shared = DailyBudget(account, *control.campaign);
    const bool limited = own_budget != nullptr || (object.level == Level::kCampaign && shared);
    if (limited) bid.spend_max = std::max(spend, Units(own_budget ? *own_budget : *shared));
    const bool money_left = own_budget ? spend <= kSpent * Units(*own_budget)
                            : shared
                                ? window.campaign_spend / window.days <= kSpent * Units(*shared)
                                : true;
    const bool lifetime = object.fields.contains("lifetime_budget") ||
                          control.campaign->fields.contains("lifetime_budget");
    bid.can_grow = money_left && !lifetime && window.lost_to_rank.value_or(1) >= kLostLeast &&
                   bid.lost_to_budget < kLostLeast;
    MAXOPT_TRY(const BidDecision decision, DecideBid(bid));
    if (decision.verdict == BidVerdict::kKeep) {
      Note(control, decision.why_not);
      return {};
    }
    const bool loosen = decision.verdict == BidVerdict::kLoosen;
    if (control.target) {
      // What it pays beside what it was told to pay; a return is a cost upside down.
      const bool roas = control.field == "target_roas_bp";
      const double unit = roas ? window.revenue : window.conversions;
      if (unit > 0) {
        const double paid = roas ? *setting * window.spend / unit : window.spend / unit / *setting;
        if (paid < kBinds || (loosen && paid > 1 / kBinds)) {
          Note(control,
               fmt::format("{}, but its {} does not hold it: it pays {:.2f} of what that allows",
                           loosen ? "more would be worth buying" : "it buys too dear",
                           control.field, paid));
          return {};
        }
      }
    }
    return Propose(control, window, bid, decision, *setting);
  }

  Result<> Propose(const Control& control, const Window& window, const BidCase& bid,
                   const BidDecision& decision, double setting) {
    const LeverAccount& account = *control.account;
    const Entity& object = *control.object;
    const bool roas = control.field == "target_roas_bp";
    // A lower return is asked for where more is to be bought.
    const double wanted = roas ? setting / decision.factor : setting * decision.factor;
    FieldValue after;
    std::string shown_before, shown_after;
    if (roas) {
      // Towards the present one, so that no step is larger than it may be.
      const double bp = wanted * 1e4;
      const auto whole = static_cast<std::int64_t>(wanted > setting ? std::floor(bp + 1e-6)
                                                                    : std::ceil(bp - 1e-6));
      after = whole;
      shown_before = fmt::format("{:.2f}", setting);
      shown_after = fmt::format("{:.2f}", static_cast<double>(whole) / 1e4);
    } else {
      const Money& before = std::get<Money>(object.fields.at(control.field));
      MAXOPT_TRY(Money amount,
                 FloorToMinor(MoneyOf(wanted, before.currency()), account.can.minor_units));
      if (amount < MoneyOf(wanted, before.currency()) && wanted < setting) {
        // Down by no more than a step: the next unit up.
        MAXOPT_TRY(const std::int64_t minor, ToMinor(amount, account.can.minor_units));
        MAXOPT_TRY(amount, MoneyFromMinor(minor + 1, before.currency(), account.can.minor_units));
      }
      if (amount == before || amount.micros() <= 0) {
        Note(control, "the step is smaller than the smallest coin");
        return {};
      }
      after = amount;
      shown_before = PrintMoney(before);
      shown_after = PrintMoney(amount);
    }
    if (SameField(control.field, after, object.fields.at(control.field))) return {};

    Opportunity found;
    Change& change = found.change;
    change.account = account.tree.info.account;
    change.level = object.level;
    change.id = object.id;
    change.address = state_.AddressOf(account, object);
    change.before[control.field] = object.fields.at(control.field);
    change.after[control.field] = after;
    change.reason = Reason::kBid;
    found.value = decision.gain.mean;
    found.value_low90 = decision.gain.low90;
    found.value_high90 = decision.gain.high90;
    const Learning learning =
        LearningOf(object, *control.campaign, window.conversions / window.days,
                   bid.value * bid.worth, kLearnsAnew);
    found.learning_cost = learning.cost_a_day;
    found.learning_days = learning.days;
    const std::string kpi = control.kpi.Numerator();
    change.prediction = Prediction{kpi, decision.value_change.mean, decision.value_change.low90,
                                   decision.value_change.high90, kHorizonDays};
    if (control.kpi.revenue) change.prediction = state_.InClients(account, *change.prediction);
    const std::string_view currency = account.tree.info.currency.name();
    const std::string average =
        control.kpi.revenue ? fmt::format("it returns {:.2f} against a target of {:.2f}",
                                          bid.value / bid.spend, *control.kpi.target)
                            : fmt::format("a conversion costs {:.2f} {} against a target of {:.2f}",
                                          bid.spend / bid.value, currency, *control.kpi.target);
    const std::string margin =
        fmt::format("a further unit of spend brings {:.2f} of its worth (90 %: {:.2f} to {:.2f})",
                    decision.margin.mean, decision.margin.low90, decision.margin.high90);
    const std::string reason =
        decision.verdict == BidVerdict::kTightenToBudget
            ? fmt::format(
                  "its budget stops it before the day is over: {:.0f} % of the impressions "
                  "to be had are lost to it; at a lower bid the same money buys more",
                  100 * bid.lost_to_budget)
            : fmt::format("{}; {}", average, margin);
    change.why = fmt::format(
        "{} {} -> {}: {}; {:+.2f} {} a day (90 %: {:+.2f} to {:+.2f}), spend "
        "{:+.2f} {}",
        control.field, shown_before, shown_after, reason, decision.value_change.mean,
        KpiUnit(kpi, account.tree.info.currency), decision.value_change.low90,
        decision.value_change.high90, decision.spend_change, currency);
    change.evidence = EvidenceOf(control, window, bid, decision);
    report_.opportunities.push_back(std::move(found));
    return {};
  }

  static std::string EvidenceOf(const Control& control, const Window& window, const BidCase& bid,
                                const BidDecision& decision) {
    const Elasticity& e = bid.elasticity;
    nlohmann::json elasticity{{"mean", e.mean}, {"sd", e.sd}};
    if (e.own) {
      elasticity["own"] = *e.own;
      elasticity["own_sd"] = *e.own_sd;
      elasticity["weeks"] = e.weeks;
    } else if (e.told) {
      elasticity["own"] = "its weeks cannot tell: drawn from the other objects and the prior";
    } else {
      elasticity = {{"own", "no object's weeks can tell: taken as anything from 0.15 to 0.98"}};
    }
    const auto range = [](const BidRange& r) {
      return nlohmann::json{{"mean", r.mean}, {"low90", r.low90}, {"high90", r.high90}};
    };
    nlohmann::json out{{"basis", "claimed by the platform, against the target of the documents"},
                       {"from", PrintDay(window.from)},
                       {"to", PrintDay(window.to)},
                       {"days", window.days},
                       {"measured_by", control.kpi.Numerator()},
                       {"target", *control.kpi.target},
                       {"spend_a_day", bid.spend},
                       {"value_a_day", bid.value},
                       {"conversions", window.conversions},
                       {"dispersion", window.dispersion},
                       {"elasticity", std::move(elasticity)},
                       {"margin", range(decision.margin)},
                       {"gain_a_day", range(decision.gain)},
                       {"spend_change_a_day", decision.spend_change},
                       {"factor", decision.factor}};
    if (window.lost_to_rank) out["lost_to_rank"] = *window.lost_to_rank;
    if (window.lost_to_budget) out["lost_to_budget"] = *window.lost_to_budget;
    return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

  const LeverWorld& world_;
  const LeverState& state_;
  LeverReport report_;
  std::vector<Control> controls_;
  std::map<std::tuple<AccountId, Level, std::string>, Numbers> numbers_;
};

}  // namespace

Result<LeverReport> BidLever(const LeverWorld& world, const LeverState& state) {
  return Bids(world, state).Run();
}

}  // namespace maxopt
