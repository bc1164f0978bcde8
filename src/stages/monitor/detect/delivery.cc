#include "stages/monitor/detect/delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace maxopt {
namespace {

/// Windows of closed hours, shortest first: the first that is news says since when.
constexpr int kWindows[] = {1, 2, 3, 6, 12, 24};
/// Below this many impressions in the lowest comparable window a collapse cannot be told from luck:
/// at 50, four tenths of it are six standard deviations (Poisson) away.
constexpr std::int64_t kCollapseImpressionsMin = 50;

std::string MoneyText(std::int64_t micros, Currency currency) {
  return fmt::format("{:.2f} {}", static_cast<double>(micros) / 1e6, currency.name());
}

Condition Base(const AccountView& account, const CampaignView& campaign,
               std::string_view detector) {
  Condition condition;
  condition.client = account.client;
  condition.detector = detector;
  condition.account = account.info.account;
  condition.level = Level::kCampaign;
  condition.object_id = campaign.id;
  condition.name = campaign.name;
  condition.kpi = "spend";
  return condition;
}

/// The same window on earlier days on which the campaign ran.
struct Comparable {
  std::vector<std::int64_t> impressions;
  std::vector<std::int64_t> spend_micros;
};
Comparable ComparableWindows(const CampaignView& campaign, int end, int window, int days) {
  Comparable out;
  for (int back = 1; back <= days; ++back) {
    const int last = end - 24 * back;
    if (last - window < 0) break;
    // A day on which nothing ran around the window says nothing of a day on which it should.
    if (campaign.Sum(last - 24, 24).impressions == 0) continue;
    const HourSum sum = campaign.Sum(last - window, window);
    out.impressions.push_back(sum.impressions);
    out.spend_micros.push_back(sum.spend_micros);
  }
  return out;
}

template <class T>
T Median(std::vector<T> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Spent so far on the account's day that holds hour `end` - 1.
HourSum TodaySum(const CampaignView& campaign, int end) {
  const int begin = (end - 1) / 24 * 24;
  return campaign.Sum(begin, end - begin);
}

/// Part of a day's spend that past days had spent by the same hour; nullopt: too few days.
std::optional<double> ShareByNow(const CampaignView& campaign, int end, int days, int days_min) {
  const int begin = (end - 1) / 24 * 24;
  double so_far = 0;
  double whole = 0;
  int counted = 0;
  for (int back = 1; back <= days && begin - 24 * back >= 0; ++back) {
    const HourSum day = campaign.Sum(begin - 24 * back, 24);
    if (day.spend_micros == 0) continue;
    so_far += static_cast<double>(campaign.Sum(begin - 24 * back, end - begin).spend_micros);
    whole += static_cast<double>(day.spend_micros);
    ++counted;
  }
  if (counted < days_min || whole <= 0) return std::nullopt;
  return so_far / whole;
}

class Judge {
 public:
  Judge(const AccountView& account, const DeliveryOptions& options)
      : account_(account), options_(options), end_(account.hours_known) {}

  std::vector<Condition> Run() {
    if (!account_.problem.empty() || end_ <= 0) return {};
    for (const CampaignView& campaign : account_.campaigns) {
      if (!campaign.delivers) continue;
      if (Runaway(campaign)) continue;
      used_up_ = UsedUp(account_, campaign);
      if (used_up_[static_cast<std::size_t>(end_ - 1)]) continue;
      if (!Zero(campaign)) Collapse(campaign);
    }
    return std::move(conditions_);
  }

 private:
  /// A window in which the campaign had had its money says nothing.
  bool Rested(int window) const {
    for (int h = std::max(0, end_ - window); h < end_; ++h) {
      if (used_up_[static_cast<std::size_t>(h)]) return true;
    }
    return false;
  }

  /// A window may begin when the campaign was known to deliver, not before.
  int Begin(const CampaignView& campaign) const {
    return campaign.since ? account_.IndexAfter(*campaign.since) : 0;
  }

  bool Zero(const CampaignView& campaign) {
    for (const int window : kWindows) {
      if (end_ - window < Begin(campaign) || Rested(window)) return false;
      if (campaign.Sum(end_ - window, window).impressions > 0) return false;
      const Comparable past = ComparableWindows(campaign, end_, window, options_.comparable_days);
      const auto n = static_cast<int>(past.impressions.size());
      if (n < options_.comparables_min) continue;
      const std::int64_t lowest =
          *std::min_element(past.impressions.begin(), past.impressions.end());
      if (std::exp(-static_cast<double>(lowest)) > options_.zero_chance) continue;
      Condition c = Base(account_, campaign, "zero_spend");
      const std::int64_t expected = Median(past.spend_micros);
      c.direction = "below";
      c.tier = AlertTier::kCritical;
      c.actual = MoneyText(0, account_.info.currency);
      c.expected = MoneyText(expected, account_.info.currency);
      c.deviation = -1.0;
      c.since = account_.BeginOf(SilentSince(campaign, window));
      c.at_stake = Money::Micros(DayMedian(campaign), account_.info.currency);
      c.title = fmt::format("{} has spent nothing in the last {} h; {} is usual", campaign.name,
                            window, c.expected);
      c.evidence.push_back(fmt::format(
          "the same {} h had {} to {} impressions on each of {} days on which it ran", window,
          lowest, *std::max_element(past.impressions.begin(), past.impressions.end()), n));
      conditions_.push_back(std::move(c));
      return true;
    }
    return false;
  }

  void Collapse(const CampaignView& campaign) {
    for (const int window : kWindows) {
      if (window < 3) continue;  // an hour or two of little is ordinary
      if (end_ - window < Begin(campaign) || Rested(window)) return;
      const std::int64_t now = campaign.Sum(end_ - window, window).impressions;
      const Comparable past = ComparableWindows(campaign, end_, window, options_.comparable_days);
      const auto n = static_cast<int>(past.impressions.size());
      if (n < 2 * options_.comparables_min) continue;
      const std::int64_t lowest =
          *std::min_element(past.impressions.begin(), past.impressions.end());
      if (lowest < kCollapseImpressionsMin) continue;
      if (static_cast<double>(now) >= options_.collapse * static_cast<double>(lowest)) continue;
      Condition c = Base(account_, campaign, "delivery");
      const std::int64_t usual = Median(past.impressions);
      c.kpi = "impressions";
      c.direction = "below";
      c.tier = AlertTier::kWarning;
      c.actual = fmt::format("{} impressions", now);
      c.expected = fmt::format("{} impressions", usual);
      c.deviation = static_cast<double>(now - usual) / static_cast<double>(usual);
      c.since = account_.BeginOf(end_ - window);
      c.at_stake = Money::Micros(DayMedian(campaign), account_.info.currency);
      c.title = fmt::format("{} delivers {} impressions in {} h; {} is usual", campaign.name, now,
                            window, usual);
      c.evidence.push_back(
          fmt::format("the lowest of {} comparable windows had {} impressions, the highest {}", n,
                      lowest, *std::max_element(past.impressions.begin(), past.impressions.end())));
      conditions_.push_back(std::move(c));
      return;
    }
  }

  /// Spend, or a budget that will be spent, of several times the plan.
  bool Runaway(const CampaignView& campaign) {
    if (options_.tripwire_bp <= 0 && !campaign.planned_daily) return false;
    const double limit = (options_.tripwire_bp > 0 ? options_.tripwire_bp : 30'000) / 10'000.0;
    const std::optional<Money> planned = Planned(campaign);
    if (!planned || planned->micros() <= 0) return false;
    const auto plan = static_cast<double>(planned->micros());
    const HourSum today = TodaySum(campaign, end_);
    const auto spent = static_cast<double>(today.spend_micros);
    const std::optional<double> share =
        ShareByNow(campaign, end_, options_.comparable_days, options_.comparables_min);
    const double by_now =
        share ? std::max(*share, 1.0 / 24) : static_cast<double>((end_ - 1) % 24 + 1) / 24;
    const double floor = options_.tripwire_floor * plan;

    std::string why;
    double expected = plan;
    double actual = spent;
    const std::optional<Money> before =
        campaign.planned_daily ? campaign.planned_daily : campaign.budget_was;
    if (before && before->micros() > 0 && campaign.daily_budget &&
        static_cast<double>(campaign.daily_budget->micros()) >
            limit * static_cast<double>(before->micros())) {
      actual = static_cast<double>(campaign.daily_budget->micros());
      expected = static_cast<double>(before->micros());
      why = fmt::format("its daily budget is {}, {:.1f} times the {} {}",
                        PrintMoney(*campaign.daily_budget), actual / expected, PrintMoney(*before),
                        campaign.planned_daily ? "that was last applied by us" : "that it was");
    } else if (spent > floor && spent > limit * plan * by_now) {
      expected = plan * by_now;
      why = fmt::format(
          "it has spent {} today by {:02}:00, {:.1f} times the {} that its plan of {} "
          "a day comes to by then",
          MoneyText(today.spend_micros, account_.info.currency), (end_ - 1) % 24 + 1,
          spent / expected, MoneyText(static_cast<std::int64_t>(expected), account_.info.currency),
          PrintMoney(*planned));
    } else {
      return false;
    }
    Condition c = Base(account_, campaign, "runaway");
    c.direction = "above";
    c.tier = AlertTier::kCritical;
    c.actual = MoneyText(static_cast<std::int64_t>(actual), account_.info.currency);
    c.expected = MoneyText(static_cast<std::int64_t>(expected), account_.info.currency);
    c.deviation = actual / expected - 1;
    c.since = account_.BeginOf(std::max(end_ - 1, 0));
    c.at_stake = campaign.daily_budget ? *campaign.daily_budget : *planned;
    c.title = fmt::format("{}: {}", campaign.name, why);
    c.evidence.push_back(fmt::format("the tripwire is {:.1f} times the plan", limit));
    c.proposal = "pause the campaign";
    conditions_.push_back(std::move(c));
    return true;
  }

  /// What we applied; for what we never touched, what it usually spends in a day.
  std::optional<Money> Planned(const CampaignView& campaign) const {
    if (campaign.planned_daily) return campaign.planned_daily;
    const std::int64_t usual = DayMedian(campaign);
    if (usual <= 0) return std::nullopt;
    return Money::Micros(usual, account_.info.currency);
  }

  std::int64_t DayMedian(const CampaignView& campaign) const {
    std::vector<std::int64_t> days;
    const int today = (end_ - 1) / 24 * 24;
    for (int back = 1; back <= 14 && today - 24 * back >= 0; ++back) {
      const std::int64_t spend = campaign.Sum(today - 24 * back, 24).spend_micros;
      if (spend > 0) days.push_back(spend);
    }
    if (static_cast<int>(days.size()) < options_.comparables_min) return 0;
    return Median(std::move(days));
  }

  /// First hour of the silence that the window is part of.
  int SilentSince(const CampaignView& campaign, int window) const {
    int since = end_ - window;
    while (since > Begin(campaign) &&
           campaign.hours[static_cast<std::size_t>(since - 1)].impressions == 0) {
      --since;
    }
    return since;
  }

  const AccountView& account_;
  const DeliveryOptions& options_;
  const int end_;
  std::vector<bool> used_up_;  ///< of the campaign that is judged, by hour
  std::vector<Condition> conditions_;
};

}  // namespace

std::vector<Condition> JudgeDelivery(const AccountView& account, const DeliveryOptions& options) {
  return Judge(account, options).Run();
}

}  // namespace maxopt
