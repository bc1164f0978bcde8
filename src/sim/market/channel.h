#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "domain/entity.h"
#include "domain/metric.h"
#include "sim/market/market.h"

/// The hidden truth of one channel (a platform and an audience) and of the world around it.
namespace maxopt::sim {

enum class Family { kHill, kLog, kPower, kExponential, kLognormalCdf };
std::string_view FamilyName(Family family);

/// Incremental revenue of a day in its media stock x (both market currency); the families of
/// `lab allocate`:
///   hill          c / (1 + (k/x)^a)      S-shaped when a > 1
///   log           c ln(1 + x/k)
///   power         c x^a
///   exponential   c (1 - e^(-x/k))
///   lognormal_cdf c Phi(ln(x/k)/a)       S-shaped
/// 0 at and below x = 0.
struct Curve {
  Family family;
  double c;
  double k;
  double a;
  double operator()(double x) const;
};

/// Time from the interaction to the order: with probability `soon` within hours (exponential, mean
/// 3 h), else days (exponential, mean `late_days`); never above 30 days.
struct Lag {
  double soon;
  double late_days;
  /// Hours at which a share u of the orders has come; 0 < u < 1.
  double Hours(double u) const;
  /// Share of the orders that come within `hours`.
  double Within(double hours) const;
};
inline constexpr double kLagHoursMax = 720;

struct Channel {
  Platform platform;
  Audience audience;
  Curve curve;
  /// Part of the media stock that is left on the next day: stock = spend + carried,
  /// carried' = decay * stock.
  double decay;
  double reference_spend;    ///< a day; scale at which the curve was drawn
  double reference_revenue;  ///< a day, of steady reference_spend
  double capacity;           ///< a day; beyond it the audience cannot absorb money
  double order_value;        ///< mean
  double cpm;
  double ctr;
  double harvest;          ///< share of the shop's baseline orders claimed at full coverage
  double claim_factor;     ///< claimed over incremental, harvest apart
  double tracked;          ///< share of its own incremental orders that the platform sees
  double view_share;       ///< of the claims, by view
  double harvest_views;    ///< of the harvested claims, by view
  int click_window_hours;  ///< orders later than this are not claimed
  Lag lag;
  double fatigue_impressions;  ///< recent impressions that wear a creative to 1/e; 0: never

  /// Revenue of a day, at multipliers of 1, when the same is spent every day.
  double Steady(double spend_per_day) const { return curve(spend_per_day / (1 - decay)); }
};

/// Draws the channel of this seed. `unit` is the market currency per euro: all amounts are scaled
/// by it, so that a market in yen has the sizes of one in euros.
Channel DrawChannel(std::uint64_t seed, Platform platform, Audience audience, double unit);

/// Units of a currency for one euro, fixed for the simulator (rounded rates of 2025): a budget in
/// dollars buys what its euros would. A currency that is not listed counts like the euro.
double PerEuro(Currency currency);

/// Share of a day's delivery that falls into a local hour (unnormalised): search by day and
/// evening, social mostly in the evening.
double HourWeight(Platform platform, int local_hour);
/// The same for the orders of the shop.
double ShopHourWeight(int local_hour);

/// Random deviation of a day's spend, and what the platform promises at most.
struct Delivery {
  double day_max;     ///< of the average daily budget
  bool by_month;      ///< period: calendar month, else week from Sunday
  double period_max;  ///< average daily budgets per period
  double deviation;   ///< standard deviation of a day's factor
};
Delivery DeliveryOf(Platform platform);

/// One part of a breakdown, its weight, and what bids are multiplied by in it.
struct Segment {
  std::string name;
  std::int64_t weight;
  std::int64_t bid_bp = 10'000;
};
/// Parts and weights by platform, audience and (for kCountry) the unit's countries; one nameless
/// part for breakdowns that the market does not know.
std::vector<Segment> SegmentsOf(Breakdown breakdown, Platform platform, Audience audience,
                                const std::vector<std::string>& countries);
/// The same, weighted by the bids of the unit where there are any for this breakdown.
std::vector<Segment> SegmentsOf(Breakdown breakdown, Platform platform, Audience audience,
                                const std::vector<std::string>& countries,
                                const std::vector<SegmentBid>& bids);
/// Whether people of some device and of some country see the unit.
bool ReachesAnybody(Platform platform, Audience audience, const BudgetUnit& unit);

/// What the calendar and the competitors do to everyone: pure functions of seed and day.
class Conditions {
 public:
  /// `noise` scales everything that is luck and not calendar.
  Conditions(std::uint64_t seed, double noise);
  /// Of the shop's baseline orders: weekday, year, holidays, promotions, trend, luck of the day.
  double Demand(Day day) const;
  /// Of the revenue that a channel's media stock brings.
  double Response(Day day, Platform platform, Audience audience) const;
  /// Price of media against its mean: season and competitors.
  double Price(Day day, Platform platform) const;
  /// Baseline orders of a day at Demand = 1.
  double baseline_orders() const { return baseline_orders_; }

 private:
  double Calendar(Day day) const;
  double Promotion(Day day) const;

  std::uint64_t seed_;
  double noise_;
  double baseline_orders_;
  double weekday_[7];
  double yearly_;
  double yearly_peak_;
  double trend_;
};

/// Mean value of an order in euros.
inline constexpr double kOrderValueEuro = 55;

}  // namespace maxopt::sim
