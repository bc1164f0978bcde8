#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Markets with known truth for judging decisions about budgets in a closed loop. They are drawn by
/// rules of their own, and none of their response functions is one that the product fits:
/// arctangent, Gompertz, Weibull, logistic and broken-stick curves, mixed within one market.
namespace maxopt::loop {

enum class Family {
  kConcave,     ///< diminishing returns everywhere
  kSShaped,     ///< most campaigns need a critical mass
  kHarvesting,  ///< brand search and retargeting hold much of the money and claim most of the sales
  kLongCarry,   ///< effects of one to six weeks, some with a delayed peak
  kHalo,        ///< campaigns feed and eat each other
  kDrifting,    ///< returns go with the season and drift away from where they were
  kSparse,      ///< few, large, late orders, as in business to business
  kMany,        ///< forty campaigns
};
inline constexpr Family kFamilies[] = {Family::kConcave,   Family::kSShaped, Family::kHarvesting,
                                       Family::kLongCarry, Family::kHalo,    Family::kDrifting,
                                       Family::kSparse,    Family::kMany};
std::string_view FamilyName(Family family);

struct WorldOptions {
  Family family = Family::kConcave;
  std::uint64_t seed = 1;
  int horizon_days = 182;
};

/// One market, from the first day of its history to the end of its horizon.
class World {
 public:
  explicit World(const WorldOptions& options);

  int history_days() const { return history_days_; }
  int horizon_days() const { return horizon_days_; }
  int decision_days() const { return 7; }
  int day() const { return static_cast<int>(revenue_.size()); }  ///< first that is not known yet
  const std::vector<std::string>& campaigns() const { return names_; }
  double daily_total() const { return daily_total_; }
  double gross_margin() const { return gross_margin_; }
  const std::vector<double>& home() const { return home_; }  ///< budgets before the horizon

  // What anyone could know at the morning of day(). Vectors by campaign, then by day.
  const std::vector<std::vector<double>>& spend() const { return spend_; }
  std::vector<std::vector<double>> Claims() const;  ///< immature lately, restated every day
  const std::vector<double>& revenue() const { return revenue_; }
  const std::vector<double>& promotions() const { return promotion_known_; }  ///< may be empty

  /// The next days with these daily budgets.
  void Advance(const std::vector<double>& budgets, int days);

  // Truth, for judging only.
  bool Harvests(std::size_t campaign) const;
  /// Expected incremental revenue of the horizon so far.
  double Incremental() const;
  double HorizonSpend() const;
  /// Of a market that keeps `budgets` from the first day of the horizon to the last.
  double IncrementalOf(const std::vector<double>& budgets) const;
  /// The best constant budgets with the same total.
  std::vector<double> BestStatic() const;
  /// Revenue of days [from, to) that would be lost without the campaign, over its spend.
  double TrueRoas(std::size_t campaign, int from, int to) const;
  /// Of a further hundredth of the campaign's spend in [from, to).
  double TrueMarginalRoas(std::size_t campaign, int from, int to) const;
  /// Expected incremental revenue a day at constant budgets, as returns are now, season at its
  /// mean.
  double Steady(const std::vector<double>& budgets) const;

 private:
  struct Campaign;
  struct Rng;
  double Season(int day) const;
  double Delivery(std::size_t campaign, int day) const;
  double Curve(const Campaign& campaign, double x) const;
  std::vector<double> Kernel(const Campaign& campaign) const;
  std::vector<double> Media(const std::vector<std::vector<double>>& spend, int from, int to) const;
  double MediaOf(const std::vector<double>& stocks, int day) const;
  void Book(int day);

  Family family_;
  std::uint64_t seed_;
  int history_days_, horizon_days_;
  std::vector<Campaign> campaigns_;
  std::vector<std::string> names_;
  double base_, daily_total_, gross_margin_;
  double weekday_[7];
  double yearly_, yearly_peak_, trend_;
  bool media_scales_, promotions_told_;
  std::vector<double> noise_;      // of demand, by day, multiplicative
  std::vector<double> promotion_;  // strength by day
  std::vector<double> promotion_known_;
  std::vector<double> home_;
  std::vector<std::vector<double>> spend_, claims_;
  std::vector<double> revenue_;

 public:
  ~World();
  World(World&&) noexcept;
  World(const World&);
};

}  // namespace maxopt::loop
