#include "closed_loop/worlds.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace maxopt::loop {

std::string_view FamilyName(Family family) {
  switch (family) {
    case Family::kConcave:
      return "concave";
    case Family::kSShaped:
      return "s-shaped";
    case Family::kHarvesting:
      return "harvesting";
    case Family::kLongCarry:
      return "long carry";
    case Family::kHalo:
      return "halo";
    case Family::kDrifting:
      return "drifting";
    case Family::kSparse:
      return "sparse";
    case Family::kMany:
      return "many";
  }
  return "";
}

enum class Form { kArctan, kWeibull, kGompertz, kLogistic, kBroken, kRoot };

struct World::Campaign {
  Form form;
  double reference;  // spend a day
  double revenue;    // a day at the reference, season at its mean
  double steep;      // of the form
  double scale;      // of x in the form, in references
  double decay;      // geometric
  double peak;       // days to the peak of a delayed effect; 0: none
  bool harvests;
  double harvest;  // part of the baseline that it claims at full coverage
  double over;     // claims over its own effect
  double tilt;     // how much steeper its claims go with spend than its effect
  double follows;  // power of demand in its spend
  double drift;    // of the log effect a day
  double luck;     // of its spend from day to day
  double planned;  // spread of its monthly plan in the history
};

/// SplitMix64.
struct World::Rng {
  std::uint64_t state;
  std::uint64_t Bits() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  double Uniform() { return (static_cast<double>(Bits() >> 11) + 0.5) * 0x1.0p-53; }
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  double Normal() {
    return std::sqrt(-2 * std::log(Uniform())) * std::cos(2 * std::numbers::pi * Uniform());
  }
  double LogNormal(double sd) { return std::exp(sd * Normal() - sd * sd / 2); }
  static Rng Of(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    Rng rng{a * 0x9e3779b97f4a7c15ULL + b * 0xd1b54a32d192ed03ULL + c * 0x8cb92ba72f3d8dd7ULL};
    rng.Bits();
    return rng;
  }
};

World::~World() = default;
World::World(World&&) noexcept = default;
World::World(const World&) = default;

double World::Curve(const Campaign& c, double x) const {
  if (x <= 0) return 0;
  const auto raw = [&](double u) {
    const double v = u / c.scale;
    switch (c.form) {
      case Form::kArctan:
        return std::atan(v);
      case Form::kWeibull:
        return -std::expm1(-std::pow(v, c.steep));
      case Form::kGompertz:
        return std::exp(-c.steep * std::exp(-v * c.steep)) - std::exp(-c.steep);
      case Form::kLogistic:
        return 1 / (1 + std::exp(-c.steep * (v - 1))) - 1 / (1 + std::exp(c.steep));
      case Form::kBroken:  // each half of the money at less than the half before
        return v < 0.5 ? v
               : v < 1 ? 0.5 + 0.55 * (v - 0.5)
               : v < 2 ? 0.775 + 0.25 * (v - 1)
                       : 1.025 + 0.08 * (v - 2);
      case Form::kRoot:
        return std::sqrt(v + 0.1) - std::sqrt(0.1);
    }
    return 0.0;
  };
  return c.revenue * raw(x / c.reference) / raw(1);
}

std::vector<double> World::Kernel(const Campaign& c) const {
  std::vector<double> weights;
  double sum = 0;
  for (int lag = 0; lag < 90; ++lag) {
    const double rise = c.peak > 0 ? std::pow((lag + 1) / (c.peak + 1), 1.5) *
                                         std::exp(1.5 * (1 - (lag + 1) / (c.peak + 1)))
                                   : std::pow(c.decay, lag);
    weights.push_back(rise);
    sum += rise;
    if (lag > 5 && rise < 1e-3 * sum && lag > c.peak) break;
  }
  for (double& w : weights) w /= sum;
  return weights;
}

World::World(const WorldOptions& options)
    : family_(options.family), seed_(options.seed), horizon_days_(options.horizon_days) {
  Rng rng = Rng::Of(seed_, static_cast<std::uint64_t>(family_) + 17, 1);
  const double lengths[] = {270, 365, 540, 730};
  history_days_ = static_cast<int>(lengths[static_cast<int>(rng.Uniform() * 4)]);
  const bool many = family_ == Family::kMany;
  const int count = many ? 40 : 5 + static_cast<int>(rng.Uniform() * 6);
  const bool told_names = rng.Uniform() < 0.5;
  const double unit = std::exp(rng.Uniform(-1, 4));
  base_ = 5000 * unit;
  yearly_ = rng.Uniform(0.05, 0.25);
  yearly_peak_ = rng.Uniform(0, 365);
  trend_ = rng.Uniform(-0.1, 0.3);
  media_scales_ = rng.Uniform() < 0.6;
  promotions_told_ = rng.Uniform() < 0.6;
  gross_margin_ = rng.Uniform(0.3, 0.7);
  double mean = 0;
  for (double& w : weekday_) mean += (w = rng.Uniform(0.8, 1.2)) / 7;
  for (double& w : weekday_) w /= mean;
  const int days = history_days_ + horizon_days_;

  // Media bring a part of revenue; campaigns get money for what they claim, not for what they do.
  const double share = rng.Uniform(0.15, 0.5);
  const double media = base_ * share / (1 - share);
  const double mean_roas = rng.Uniform(1.2, 4);
  const char* const usual[] = {"search_generic", "shopping", "social_prospecting", "video",
                               "display",        "audio",    "affiliates",         "native"};
  const int harvesters = family_ == Family::kHarvesting ? 2 + (rng.Uniform() < 0.4)
                         : many                         ? 8
                         : rng.Uniform() < 0.75         ? 1 + (rng.Uniform() < 0.4)
                                                        : 0;
  double revenue_sum = 0, spend_sum = 0;
  for (int i = 0; i < count; ++i) {
    Campaign c{};
    c.harvests = i < harvesters;
    const bool s_shaped = rng.Uniform() < (family_ == Family::kSShaped ? 0.7 : 0.1);
    const double pick = rng.Uniform();
    if (s_shaped) {
      c.form = pick < 0.35 ? Form::kGompertz : pick < 0.7 ? Form::kLogistic : Form::kWeibull;
      c.steep = c.form == Form::kWeibull ? rng.Uniform(1.4, 2.5) : rng.Uniform(2, 4);
      c.scale = rng.Uniform(0.6, 1.8);
    } else {
      c.form = pick < 0.3   ? Form::kArctan
               : pick < 0.6 ? Form::kWeibull
               : pick < 0.8 ? Form::kBroken
                            : Form::kRoot;
      c.steep = rng.Uniform(0.6, 1.0);
      c.scale = std::exp(rng.Uniform(-1.4, 0.9));
    }
    const bool slow = family_ == Family::kLongCarry;
    c.decay = slow ? rng.Uniform(0.8, 0.96) : rng.Uniform(0, 0.8);
    if (rng.Uniform() < (slow ? 0.4 : 0.15)) c.peak = slow ? rng.Uniform(5, 20) : rng.Uniform(1, 6);
    double roas = rng.LogNormal(0.55);
    double money = rng.LogNormal(0.6);
    // Upper funnels are seen too little, view-through windows count too much.
    c.over = std::exp(rng.Uniform(-0.9, 1.0));
    c.tilt = 0.2 * rng.Normal();
    c.luck = rng.Uniform(0.03, 0.15);
    c.planned = rng.Uniform(0.1, 0.4);
    if (c.harvests) {
      roas *= rng.Uniform(0.05, 0.35);
      money *= family_ == Family::kHarvesting ? rng.Uniform(1.5, 4) : rng.Uniform(1.2, 2.5);
      c.scale = std::min(c.scale, rng.Uniform(0.2, 0.7));
      c.harvest = rng.Uniform(0.08, 0.3) * (many ? 0.25 : 1);
      c.follows = rng.Uniform(0.3, 1);
      c.over = rng.Uniform(1, 3);
    } else {
      c.follows = rng.Uniform() < 0.3 ? rng.Uniform(0, 0.6) : 0;
    }
    c.drift = family_ == Family::kDrifting ? 0.0025 * rng.Normal() : 0.0003 * rng.Normal();
    c.reference = money;
    c.revenue = money * roas;
    spend_sum += c.reference;
    revenue_sum += c.revenue;
    campaigns_.push_back(c);
    std::string name = told_names ? (c.harvests ? (i % 2 ? "retargeting" : "brand_search")
                                                : usual[(i - harvesters) % 8])
                                  : "c";
    names_.push_back(name + (told_names && !many ? "" : "_") +
                     (told_names && !many && i < 8 + harvesters ? (i >= 2 && c.harvests ? "_2" : "")
                                                                : std::to_string(i + 1)));
  }
  for (Campaign& c : campaigns_) {
    c.revenue *= media / revenue_sum;
    c.reference *= media / mean_roas / spend_sum;
  }

  // Demand: weekly and yearly season, promotions, luck that lasts some days.
  const double luck = family_ == Family::kSparse ? rng.Uniform(0.05, 0.1) : rng.Uniform(0.03, 0.08);
  const double lasting = rng.Uniform(0.2, 0.7);
  noise_.resize(static_cast<std::size_t>(days));
  promotion_.assign(static_cast<std::size_t>(days), 0);
  double state = 0, wander = 0;
  for (double& n : noise_) {
    state = lasting * state + std::sqrt(1 - lasting * lasting) * luck * rng.Normal();
    wander = 0.995 * wander + 0.006 * rng.Normal();
    n = std::exp(state + wander);
  }
  for (int start = static_cast<int>(rng.Uniform(5, 40)); start < days;
       start += static_cast<int>(rng.Uniform(25, 90))) {
    const double strength = rng.Uniform(0.15, 0.5);
    const int length = static_cast<int>(rng.Uniform(2, 8));
    for (int t = start; t < std::min(days, start + length); ++t) {
      promotion_[static_cast<std::size_t>(t)] = strength;
    }
  }

  // The history: monthly plans that follow the season, weekly corrections, daily luck.
  const double seasonal_budget = rng.Uniform(0, 1);
  const double weekly = rng.Uniform(0.03, 0.2);
  spend_.resize(campaigns_.size());
  claims_.resize(campaigns_.size());
  for (std::size_t i = 0; i < campaigns_.size(); ++i) {
    const Campaign& c = campaigns_[i];
    double plan = 1, correction = 1;
    for (int t = 0; t < history_days_; ++t) {
      if (t % 28 == 0) plan = rng.LogNormal(c.planned);
      if (t % 7 == 0) correction = rng.LogNormal(weekly);
      const double budget =
          c.reference * plan * correction * std::pow(Season(t - t % 28), seasonal_budget);
      spend_[i].push_back(budget * Delivery(i, t));
    }
  }
  for (int t = 0; t < history_days_; ++t) Book(t);
  daily_total_ = 0;
  for (const auto& s : spend_) {
    home_.push_back(std::accumulate(s.end() - 84, s.end(), 0.0) / 84);
    daily_total_ += home_.back();
  }
}

bool World::Harvests(std::size_t campaign) const { return campaigns_[campaign].harvests; }

double World::Season(int day) const {
  return weekday_[day % 7] *
         (1 + yearly_ * std::cos(2 * std::numbers::pi * (day - yearly_peak_) / 365.25)) *
         (1 + trend_ * day / 365.25);
}

double World::Delivery(std::size_t campaign, int day) const {
  const Campaign& c = campaigns_[campaign];
  Rng rng = Rng::Of(seed_, static_cast<std::uint64_t>(family_) * 1000 + campaign,
                    static_cast<std::uint64_t>(day) + 5);
  const auto t = static_cast<std::size_t>(day);
  const double demand = noise_[t] * (1 + promotion_[t]);
  return std::pow(demand, c.follows) * rng.LogNormal(c.luck);
}

double World::MediaOf(const std::vector<double>& stocks, int day) const {
  double sum = 0;
  double upper = 0, upper_reference = 0, spend = 0, reference = 0;
  for (std::size_t i = 0; i < campaigns_.size(); ++i) {
    const Campaign& c = campaigns_[i];
    if (!c.harvests) upper += stocks[i], upper_reference += c.reference;
    spend += stocks[i], reference += c.reference;
  }
  for (std::size_t i = 0; i < campaigns_.size(); ++i) {
    const Campaign& c = campaigns_[i];
    double effect = Curve(c, stocks[i]) * std::exp(c.drift * (day - history_days_));
    if (family_ == Family::kHalo && c.harvests) {
      effect *= std::pow(upper / upper_reference, 0.6);  // there must be someone to retarget
    }
    if (family_ == Family::kHalo && !c.harvests && i % 3 == 0) {
      effect *= std::pow(spend / reference, -0.15);  // the others reach the same people
    }
    sum += effect;
  }
  return sum * (media_scales_ ? Season(day) : weekday_[day % 7]);
}

std::vector<double> World::Media(const std::vector<std::vector<double>>& spend, int from,
                                 int to) const {
  std::vector<std::vector<double>> stocks(campaigns_.size());
  for (std::size_t i = 0; i < campaigns_.size(); ++i) {
    const auto kernel = Kernel(campaigns_[i]);
    for (int t = from; t < to; ++t) {
      double stock = 0;
      for (int lag = 0; lag < static_cast<int>(kernel.size()); ++lag) {
        stock += kernel[static_cast<std::size_t>(lag)] *
                 spend[i][static_cast<std::size_t>(std::max(0, t - lag))];
      }
      stocks[i].push_back(stock);
    }
  }
  std::vector<double> out;
  std::vector<double> now(campaigns_.size());
  for (int t = from; t < to; ++t) {
    for (std::size_t i = 0; i < now.size(); ++i)
      now[i] = stocks[i][static_cast<std::size_t>(t - from)];
    out.push_back(MediaOf(now, t));
  }
  return out;
}

void World::Book(int day) {
  const auto t = static_cast<std::size_t>(day);
  Rng rng = Rng::Of(seed_, static_cast<std::uint64_t>(family_) + 77, t + 3);
  const double media = Media(spend_, day, day + 1)[0];
  const double baseline = base_ * Season(day) * noise_[t] * (1 + promotion_[t]);
  double revenue = baseline + media;
  if (family_ == Family::kSparse) {
    // Some forty orders a day of very different size.
    double sum = 0;
    const double mean = revenue / 40;
    for (double left = 40 + std::sqrt(40) * rng.Normal(); left > 0; left -= 1) {
      sum += mean * rng.LogNormal(1.0) * std::min(1.0, left);
    }
    revenue = sum;
  } else {
    revenue *= rng.LogNormal(0.02);
  }
  revenue_.push_back(revenue);
  if (promotions_told_) promotion_known_.push_back(promotion_[t] > 0 ? 1 : 0);
  // Each platform claims its own part alone, and what would have come anyway.
  for (std::size_t i = 0; i < campaigns_.size(); ++i) {
    const Campaign& c = campaigns_[i];
    // Booked on the day of the click: the effect of the day's money, whenever it comes.
    const double x = spend_[i][t];
    const double own = c.over * Curve(c, x) * std::pow(x / c.reference + 1e-9, c.tilt) *
                       (media_scales_ ? Season(day) : 1);
    const double coverage = -std::expm1(-3 * x / c.reference);
    claims_[i].push_back((own + c.harvest * coverage * baseline) *
                         rng.LogNormal(family_ == Family::kSparse ? 0.4 : 0.12));
  }
}

std::vector<std::vector<double>> World::Claims() const {
  auto out = claims_;
  for (auto& series : out) {
    for (std::size_t t = 0; t < series.size(); ++t) {
      const auto age = static_cast<double>(series.size() - t);
      series[t] *= -std::expm1(-age / 4.0);
    }
  }
  return out;
}

void World::Advance(const std::vector<double>& budgets, int days) {
  for (int i = 0; i < days; ++i) {
    const int t = day();
    for (std::size_t c = 0; c < campaigns_.size(); ++c) {
      spend_[c].push_back(budgets[c] * Delivery(c, t));
    }
    Book(t);
  }
}

double World::Incremental() const {
  const auto media = Media(spend_, history_days_, day());
  return std::accumulate(media.begin(), media.end(), 0.0);
}

double World::HorizonSpend() const {
  double sum = 0;
  for (const auto& s : spend_) sum += std::accumulate(s.begin() + history_days_, s.end(), 0.0);
  return sum;
}

double World::IncrementalOf(const std::vector<double>& budgets) const {
  auto spend = spend_;
  for (std::size_t c = 0; c < spend.size(); ++c) {
    spend[c].resize(static_cast<std::size_t>(history_days_));
    for (int t = history_days_; t < history_days_ + horizon_days_; ++t) {
      spend[c].push_back(budgets[c] * Delivery(c, t));
    }
  }
  const auto media = Media(spend, history_days_, history_days_ + horizon_days_);
  return std::accumulate(media.begin(), media.end(), 0.0);
}

double World::Steady(const std::vector<double>& budgets) const {
  // The day of the week and the time of the year are taken out, the trend is not.
  const int t = std::max(day(), history_days_);
  const double mean = media_scales_ ? 1 + trend_ * t / 365.25 : 1;
  return MediaOf(budgets, t) / (media_scales_ ? Season(t) : weekday_[t % 7]) * mean;
}

std::vector<double> World::BestStatic() const {
  // Exchanges between pairs, from several starts, on the response of the middle of the horizon.
  const std::size_t n = campaigns_.size();
  const int middle = (history_days_ + horizon_days_ / 2) / 7 * 7;
  std::vector<double> best;
  double best_value = -1;
  Rng rng = Rng::Of(seed_, 5, 9);
  for (int start = 0; start < 6; ++start) {
    std::vector<double> x = home_;
    if (start > 0) {
      double sum = 0;
      for (double& v : x) sum += (v = rng.LogNormal(start == 1 ? 0.01 : 1.2) * daily_total_);
      for (double& v : x) v *= daily_total_ / sum;
    }
    double value = MediaOf(x, middle);
    for (double part = 0.5; part > 0.004; part *= 0.6) {
      for (bool moved = true; moved;) {
        moved = false;
        for (std::size_t i = 0; i < n; ++i) {
          for (std::size_t j = 0; j < n; ++j) {
            if (i == j) continue;
            const double amount = std::min(x[i], part * daily_total_ / static_cast<double>(n));
            if (amount <= 0) continue;
            x[i] -= amount, x[j] += amount;
            const double now = MediaOf(x, middle);
            if (now > value * (1 + 1e-7)) {
              value = now;
              moved = true;
            } else {
              x[i] += amount, x[j] -= amount;
            }
          }
        }
      }
    }
    if (value > best_value) best_value = value, best = x;
  }
  return best;
}

double World::TrueRoas(std::size_t campaign, int from, int to) const {
  auto without = spend_;
  std::fill(without[campaign].begin(), without[campaign].end(), 0.0);
  const auto a = Media(spend_, from, to), b = Media(without, from, to);
  double money = 0;
  for (int t = from; t < to; ++t) money += spend_[campaign][static_cast<std::size_t>(t)];
  return (std::accumulate(a.begin(), a.end(), 0.0) - std::accumulate(b.begin(), b.end(), 0.0)) /
         money;
}

double World::TrueMarginalRoas(std::size_t campaign, int from, int to) const {
  auto more = spend_;
  for (double& x : more[campaign]) x *= 1.01;
  const auto a = Media(spend_, from, to), b = Media(more, from, to);
  double money = 0;
  for (int t = from; t < to; ++t) money += spend_[campaign][static_cast<std::size_t>(t)];
  return (std::accumulate(b.begin(), b.end(), 0.0) - std::accumulate(a.begin(), a.end(), 0.0)) /
         (0.01 * money);
}

}  // namespace maxopt::loop
