#include "sim/market/market.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "sim/market/channel.h"
#include "sim/market/random.h"

namespace maxopt::sim {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr double kMicros = 1e6;
constexpr std::int32_t kNever = std::numeric_limits<std::int32_t>::max();
constexpr int kLearningHours = 72;
constexpr int kLearningConversions = 50;
constexpr double kLearningQuality = 0.85;
constexpr double kWornOut = 0.55;  ///< what is left of a creative that everybody has seen
constexpr double kFatigueHalfLifeHours = 30 * 24;

/// One claimed conversion. Hours count from the market's start.
struct Claim {
  std::int32_t ordered_at;
  std::int32_t known_at;
  std::int32_t taken_back_at;
  bool view;
  std::int64_t value_micros;
};

/// What one ad did in one hour. Its claims are contiguous in Account::claims.
struct Row {
  std::int32_t hour;
  std::int32_t ad;
  Day day;
  std::int8_t local_hour;
  Audience audience;
  std::uint32_t reach;
  std::int64_t spend_micros;
  std::int64_t impressions;
  std::int64_t eligible;
  std::int64_t clicks;
  // Invalid clicks are found later and paid back.
  std::int64_t credit_micros;
  std::int64_t credit_clicks;
  std::int32_t credit_at;
  std::uint32_t claim_first;
  std::uint32_t claim_count;
};

struct Ad {
  std::string campaign_id;
  std::string ad_group_id;
  std::string ad_id;
  std::uint64_t digest;
  // Without noise, expected counts are rounded on their running sum, so nothing is lost.
  double impressions_due = 0;
  double clicks_due = 0;
  double orders_due = 0;
  double extras_due = 0;
  std::int64_t details_drawn = 0;
};

struct Creative {
  double quality;
  double seen = 0;  ///< recent impressions, with a half-life
  std::int32_t seen_at = 0;
};

struct Unit {
  std::uint64_t digest = 0;
  std::optional<Day> day;  ///< the account day that the amounts of today belong to
  double factor = 1;       ///< of today: how far delivery strays from the budget
  double planned_today = 0;
  std::int64_t booked_today = 0;
  double allowed_today = 0;  ///< budget of today as far as its hours have passed
  std::int64_t period = 0;   ///< first day of the week or month
  double allowed_period = 0;
  double spent_period = 0;
  std::int64_t spent_before_today = 0;
  std::int32_t first_hour = -1;
  std::int64_t claims = 0;
};

struct Account {
  AccountSetup setup;
  DeliverySource* source;
  std::uint64_t digest = 0;
  std::int64_t minor_micros = 10'000;
  double per_market_unit = 1;  ///< account currency for one unit of the market's

  std::optional<Day> day{};
  Instant day_ends{};
  double weight_of_day = 1;
  int days_of_month = 30;

  std::unordered_map<std::string, Unit> units{};
  std::vector<Ad> ads{};
  std::unordered_map<std::string, std::int32_t> ad_index{};
  std::unordered_map<std::string, Creative> creatives{};
  /// Countries and bids that units of the account had.
  struct Reach {
    std::vector<std::string> countries;
    std::vector<SegmentBid> bids;
    friend bool operator==(const Reach&, const Reach&) = default;
  };
  std::vector<Reach> reaches{};
  std::vector<Row> rows{};
  std::vector<Claim> claims{};
  std::vector<std::pair<Day, std::size_t>> first_row_of_day{};
};

struct TruthSum {
  std::int64_t day_number;
  double spend = 0;
  double revenue = 0;
};

struct ChannelState {
  Channel channel;
  double pressure_of_day = 1;  ///< Conditions::Response of the shop's day
  double price_of_day = 1;
  double pressure = 1;  ///< the same in the present hour, under its shocks
  double price = 1;
  double supply = 1;
  double carried = 0;
  double stock_today = 0;
  double quality = 1;  ///< of the ads that ran last, for what carries over when none runs
  Ad carry{};          ///< draws of orders that no running ad brought
  std::vector<TruthSum> truth;
  // of the present hour
  double wanted_rate = 0;
  double spend = 0;
  double revenue = 0;
};

/// One unit in one hour.
struct Plan {
  Account* account;
  const BudgetUnit* unit;
  Unit* state;
  ChannelState* channel;
  double share_of_day;
  double micros;
  double day_rate;  ///< market currency
  std::int64_t spend_micros;
};

std::int64_t PowerOfTen(int exponent) {
  std::int64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

std::int64_t MinorMicros(Platform platform, Currency currency) {
  const auto decimals = MinorUnitDecimals(
      currency, platform == Platform::kMeta ? MinorUnits::kMeta : MinorUnits::kIso4217);
  return PowerOfTen(6 - (decimals ? *decimals : 2));
}

std::string KeyOf(std::string_view a, std::string_view b, std::string_view c = {}) {
  std::string key;
  key.reserve(a.size() + b.size() + c.size() + 2);
  key.append(a).append(1, '\n').append(b).append(1, '\n').append(c);
  return key;
}

/// Low-discrepancy stand-ins for uniforms where there is to be no luck.
double Spread(std::int64_t n, double irrational) {
  const double x = (static_cast<double>(n) + 0.5) * irrational;
  return x - std::floor(x);
}

std::int64_t TakeWhole(double& due, double more) {
  due += more;
  const double whole = std::floor(due + 0.5);
  due -= whole;
  return static_cast<std::int64_t>(whole);
}

auto OrderOf(const ReportRow& row) {
  return std::tie(row.day, row.hour, row.campaign_id, row.ad_group_id, row.ad_id, row.segment);
}

constexpr std::int64_t ReportRow::*kAmounts[] = {
    &ReportRow::spend_micros,         &ReportRow::impressions,
    &ReportRow::eligible_impressions, &ReportRow::clicks,
    &ReportRow::conversions_click,    &ReportRow::conversions_view,
    &ReportRow::revenue_click_micros, &ReportRow::revenue_view_micros};

void AddTo(ReportRow& sum, const ReportRow& row) {
  for (const auto amount : kAmounts) sum.*amount += row.*amount;
}

bool Nothing(const ReportRow& row) {
  return std::ranges::all_of(kAmounts, [&](const auto amount) { return row.*amount == 0; });
}

/// Cuts one row into its segments so that they sum to it, amount by amount. Impressions follow the
/// segments' weights; everything that needs an impression or a click follows those, so that no
/// segment has clicks without impressions.
void SplitRow(const ReportRow& whole, const std::vector<Segment>& segments, std::uint64_t luck,
              std::int64_t minor_micros, std::vector<ReportRow>& to) {
  const std::size_t first = to.size();
  for (const auto& segment : segments) {
    auto& part = to.emplace_back(whole);
    for (const auto amount : kAmounts) part.*amount = 0;
    part.segment = segment.name;
  }
  std::vector<std::int64_t> weights;
  for (const auto& segment : segments) weights.push_back(segment.weight);
  const auto split = [&](std::int64_t ReportRow::*amount, std::int64_t unit,
                         const std::vector<std::int64_t>& by) {
    std::int64_t sum = 0;
    for (const std::int64_t weight : by) sum += weight;
    const auto& way = sum > 0 ? by : weights;
    if (sum == 0) {
      for (const std::int64_t weight : weights) sum += weight;
    }
    const auto offset = static_cast<std::int64_t>(luck % static_cast<std::uint64_t>(sum));
    std::int64_t before = 0;
    std::vector<std::int64_t> shares;
    for (std::size_t i = 0; i < way.size(); ++i) {
      shares.push_back(ShareOf(whole.*amount / unit, before, way[i], sum, offset));
      to[first + i].*amount = shares.back() * unit;
      before += way[i];
    }
    return shares;
  };
  const auto impressions = split(&ReportRow::impressions, 1, weights);
  split(&ReportRow::eligible_impressions, 1, impressions);
  // Who bids more pays more for each.
  std::vector<std::int64_t> paid = impressions;
  if (std::ranges::any_of(segments, [](const Segment& s) { return s.bid_bp != 10'000; })) {
    for (std::size_t i = 0; i < paid.size(); ++i) paid[i] *= segments[i].bid_bp;
  }
  split(&ReportRow::spend_micros, minor_micros, paid);
  const auto clicks = split(&ReportRow::clicks, 1, impressions);
  const auto by_click = split(&ReportRow::conversions_click, 1, clicks);
  const auto by_view = split(&ReportRow::conversions_view, 1, impressions);
  split(&ReportRow::revenue_click_micros, minor_micros, by_click);
  split(&ReportRow::revenue_view_micros, minor_micros, by_view);
  const auto empty =
      std::remove_if(to.begin() + static_cast<std::ptrdiff_t>(first), to.end(), Nothing);
  to.erase(empty, to.end());
}

class MarketImpl final : public Market {
 public:
  explicit MarketImpl(MarketOptions options)
      : options_(std::move(options)),
        zone_(ZoneOf(options_.shop_zone)),
        conditions_(options_.seed, options_.noise),
        unit_(PerEuro(options_.currency)),
        minor_micros_(MinorMicros(Platform::kOther, options_.currency)) {
    options_.start = std::chrono::floor<hours>(options_.start);
  }

  void Register(const AccountSetup& setup, DeliverySource* source) override {
    const std::lock_guard lock(mutex_);
    const auto found = accounts_.find(setup.account);
    if (found != accounts_.end()) {
      found->second->source = source;
      return;
    }
    auto account = std::make_unique<Account>(Account{.setup = setup, .source = source});
    account->digest = HashText(PrintAccount(setup.account));
    account->minor_micros = MinorMicros(setup.account.platform, setup.currency);
    account->per_market_unit = PerEuro(setup.currency) / unit_;
    accounts_.emplace(setup.account, std::move(account));
  }

  void Unregister(const AccountId& account) override {
    const std::lock_guard lock(mutex_);
    const auto found = accounts_.find(account);
    if (found != accounts_.end()) found->second->source = nullptr;
  }

  void AdvanceTo(Instant to) override {
    const std::lock_guard lock(mutex_);
    while (options_.start + hours(hour_ + 1) <= to) SimulateHour();
  }

  Instant now() const override {
    const std::lock_guard lock(mutex_);
    return NowLocked();
  }

  const MarketOptions& options() const override { return options_; }

  std::vector<ReportRow> Report(const ReportQuery& query) const override;

  Money SpentToday(const AccountId& id, const std::string& campaign_id,
                   const std::string& ad_group_id) const override {
    const std::lock_guard lock(mutex_);
    const auto account = accounts_.find(id);
    if (account == accounts_.end()) return Money::Zero(options_.currency);
    const Money zero = Money::Zero(account->second->setup.currency);
    const auto& units = account->second->units;
    const auto unit = units.find(KeyOf(campaign_id, ad_group_id));
    const Day today = account->second->setup.zone.DayOf(NowLocked());
    if (unit == units.end() || unit->second.day != today) return zero;
    return Money::Micros(unit->second.booked_today, account->second->setup.currency);
  }

  std::vector<ShopDay> Shop(Day from, Day to) const override {
    const std::lock_guard lock(mutex_);
    std::vector<ShopDay> answer;
    for (const auto& day : shop_days_) {
      if (day.day >= from && day.day <= to) answer.push_back(day);
    }
    return answer;
  }

  std::vector<TruthDay> Truth(Day from, Day to) const override {
    const std::lock_guard lock(mutex_);
    std::vector<TruthDay> answer;
    for (const auto& [key, state] : channels_) {
      for (const auto& sum : state->truth) {
        const Day day{days(sum.day_number)};
        if (day < from || day > to) continue;
        answer.push_back({day, key.first, key.second,
                          static_cast<std::int64_t>(std::llround(sum.spend * kMicros)),
                          sum.revenue});
      }
    }
    std::ranges::stable_sort(answer, {}, &TruthDay::day);
    return answer;
  }

  double SteadyRevenue(Platform platform, Audience audience, double spend_per_day) const override {
    const Channel channel = DrawChannel(options_.seed, platform, audience, unit_);
    return channel.Steady(std::clamp(spend_per_day, 0.0, channel.capacity));
  }

  void AddTrackingOutage(Instant from, Instant to) override {
    const std::lock_guard lock(mutex_);
    // The past is reported already, so it stays as it was.
    outages_.emplace_back(std::max(from, NowLocked()), to);
  }

  void AddShock(const Shock& shock) override {
    const std::lock_guard lock(mutex_);
    shocks_.push_back(shock);
  }

  void AddRestatement(const Restatement& restatement) override {
    const std::lock_guard lock(mutex_);
    restatements_.push_back(restatement);
    restatements_.back().percent = std::clamp(restatement.percent, 0, 1000);
    restatements_.back().claims_percent = std::clamp(restatement.claims_percent, 0, 1000);
  }

  void AddDroppedRows(const DroppedRows& dropped) override {
    const std::lock_guard lock(mutex_);
    dropped_.push_back(dropped);
  }

 private:
  static Zone ZoneOf(const std::string& name) {
    const auto zone = Zone::Find(name);
    if (!zone) Bug();
    return *zone;
  }
  Instant NowLocked() const { return options_.start + hours(hour_); }

  void SimulateHour();
  void ApplyShocks(Instant at);
  void BeginShopDay(Instant at);
  void BeginAccountDay(Account& account, Instant at) const;
  void BeginUnitDay(const Account& account, Unit& unit, double budget) const;
  ChannelState& ChannelOf(Platform platform, Audience audience);
  std::optional<Plan> PlanUnit(Account& account, const BudgetUnit& unit, int local_hour);
  void Deliver(const Plan& plan, int local_hour, double baseline_mean);
  struct AdHour;
  void DeliverAd(const Plan& plan, const AdHour& hour);
  void DrawConversions(const Plan& plan, const AdHour& hour, Ad& ad, Row& row);
  std::int64_t Count(Draw purpose, std::uint64_t entity, double mean, double& due) const;
  std::int64_t DrawValue(Random& random, double mean, std::int64_t minor_micros) const;
  void BookOrder(std::int32_t hour, std::int64_t value_micros);
  void SellBaseline(double mean);
  void SellCarried(ChannelState& state, double revenue);
  void Restate(const ReportQuery& query, std::int64_t minor_micros, ReportRow& row) const;
  bool IsDropped(const ReportQuery& query, std::uint64_t ad_digest) const;
  bool InOutage(std::int32_t ordered_at) const;

  MarketOptions options_;
  Zone zone_;
  Conditions conditions_;
  double unit_;
  std::int64_t minor_micros_;

  mutable std::mutex mutex_;
  std::int32_t hour_ = 0;  ///< the hour to simulate next, from the start
  std::map<AccountId, std::unique_ptr<Account>> accounts_;
  std::map<std::pair<Platform, Audience>, std::unique_ptr<ChannelState>> channels_;
  std::vector<std::pair<Instant, Instant>> outages_;
  std::vector<Shock> shocks_;
  std::vector<Restatement> restatements_;
  std::vector<DroppedRows> dropped_;

  std::optional<Day> shop_day_;
  Instant shop_day_ends_;
  double shop_weight_of_day_ = 1;
  double demand_ = 1;
  double orders_factor_ = 1;  ///< of the shocks, on what comes without ads
  double shop_share_ = 0;     ///< of the day's orders that come in the present hour
  std::vector<ShopDay> shop_days_;
  struct Orders {
    std::int32_t count = 0;
    std::int64_t value_micros = 0;
  };
  std::vector<Orders> orders_;  ///< by hour; those of hours to come wait here
  double baseline_due_ = 0;
};

ChannelState& MarketImpl::ChannelOf(Platform platform, Audience audience) {
  auto& slot = channels_[{platform, audience}];
  if (!slot) {
    slot = std::make_unique<ChannelState>();
    slot->channel = DrawChannel(options_.seed, platform, audience, unit_);
    slot->carry.digest = Combine(HashText(PlatformName(platform)), HashText("carry-over"));
    slot->carry.digest = Combine(slot->carry.digest, HashText(AudienceName(audience)));
    slot->pressure = slot->pressure_of_day = conditions_.Response(*shop_day_, platform, audience);
    slot->price = slot->price_of_day = conditions_.Price(*shop_day_, platform);
  }
  return *slot;
}

/// Sum of a day's hour weights over the hours that really are in it: 23 or 25 of them when the
/// clocks change, so that a day always spends its whole budget.
template <class Weight>
double WeightOfDay(const Zone& zone, Day day, Weight weight) {
  double sum = 0;
  for (auto at = std::chrono::ceil<hours>(zone.Begin(day)); at < zone.End(day); at += hours(1)) {
    const auto local = zone.LocalOf(at);
    sum += weight(static_cast<int>((local - std::chrono::floor<days>(local)) / hours(1)));
  }
  return sum > 0 ? sum : 1;
}

int LocalHour(const Zone& zone, Instant at) {
  const auto local = zone.LocalOf(at);
  return static_cast<int>((local - std::chrono::floor<days>(local)) / hours(1));
}

void MarketImpl::BeginShopDay(Instant at) {
  shop_day_ = zone_.DayOf(at);
  shop_day_ends_ = zone_.End(*shop_day_);
  shop_weight_of_day_ = WeightOfDay(zone_, *shop_day_, ShopHourWeight);
  demand_ = conditions_.Demand(*shop_day_);
  shop_days_.push_back({*shop_day_, 0, 0});
  for (auto& [key, state] : channels_) {
    state->carried = state->channel.decay * (state->stock_today + state->carried);
    state->stock_today = 0;
    state->pressure_of_day = conditions_.Response(*shop_day_, key.first, key.second);
    state->price_of_day = conditions_.Price(*shop_day_, key.first);
  }
}

void MarketImpl::ApplyShocks(Instant at) {
  orders_factor_ = 1;
  for (auto& [key, state] : channels_) {
    state->pressure = state->pressure_of_day;
    state->price = state->price_of_day;
    state->supply = 1;
  }
  for (const Shock& shock : shocks_) {
    if (at < shock.from || at >= shock.to) continue;
    if (!shock.platform) orders_factor_ *= shock.orders;
    for (auto& [key, state] : channels_) {
      if (shock.platform && *shock.platform != key.first) continue;
      state->pressure *= shock.orders;
      state->price *= shock.price;
      state->supply *= shock.supply;
    }
  }
}

void MarketImpl::BeginAccountDay(Account& account, Instant at) const {
  const Zone& zone = account.setup.zone;
  account.day = zone.DayOf(at);
  account.day_ends = zone.End(*account.day);
  account.weight_of_day = WeightOfDay(zone, *account.day, [&](int local_hour) {
    return HourWeight(account.setup.account.platform, local_hour);
  });
  const std::chrono::year_month_day ymd(*account.day);
  const Day first{std::chrono::local_days(ymd.year() / ymd.month() / 1)};
  const Day next{std::chrono::local_days(ymd.year() / ymd.month() / 1 + std::chrono::months(1))};
  account.days_of_month = static_cast<int>((next - first).count());
  account.first_row_of_day.emplace_back(*account.day, account.rows.size());
}

void MarketImpl::BeginUnitDay(const Account& account, Unit& unit, double budget) const {
  const Delivery delivery = DeliveryOf(account.setup.account.platform);
  const Day day = *account.day;
  const std::chrono::year_month_day ymd(day);
  const Day period_begins = delivery.by_month
                                ? Day{std::chrono::local_days(ymd.year() / ymd.month() / 1)}
                                : day - days(std::chrono::weekday(day).c_encoding());
  const std::int64_t period = period_begins.time_since_epoch().count();
  if (unit.day) {
    unit.allowed_period += unit.allowed_today;
    unit.spent_period += static_cast<double>(unit.booked_today);
    unit.spent_before_today += unit.booked_today;
  }
  if (period != unit.period) {
    unit.period = period;
    unit.allowed_period = 0;
    unit.spent_period = 0;
  }
  unit.day = day;
  unit.planned_today = 0;
  unit.booked_today = 0;
  unit.allowed_today = 0;
  // Delivery strays from day to day, and leans back to what the budget promised for the period.
  const double base =
      delivery.by_month ? std::min(1.0, delivery.period_max / account.days_of_month) : 1.0;
  const double debt = std::clamp(
      (unit.spent_period - unit.allowed_period * base) / std::max(budget, 1.0), -1.0, 1.0);
  const double luck =
      Random(options_.seed, Draw::kDeliveryOfDay, unit.digest, day.time_since_epoch().count())
          .Normal();
  unit.factor = std::clamp(base + options_.noise * delivery.deviation * luck - 0.3 * debt, 0.4,
                           0.97 * delivery.day_max);
}

std::optional<Plan> MarketImpl::PlanUnit(Account& account, const BudgetUnit& unit, int local_hour) {
  if (unit.ads.empty()) return std::nullopt;
  if (!ReachesAnybody(account.setup.account.platform, unit.audience, unit)) return std::nullopt;
  const Day day = *account.day;
  Unit& state = account.units[KeyOf(unit.campaign_id, unit.ad_group_id)];
  if (state.digest == 0) {
    state.digest = Combine(account.digest, HashText(KeyOf(unit.campaign_id, unit.ad_group_id)));
  }
  double budget = std::numeric_limits<double>::infinity();
  if (unit.daily_budget) {
    if (unit.daily_budget->currency() != account.setup.currency) Bug();
    budget = static_cast<double>(unit.daily_budget->micros());
  }
  const auto spent_before = static_cast<double>(
      state.day == day ? state.spent_before_today : state.spent_before_today + state.booked_today);
  double lifetime_left = std::numeric_limits<double>::infinity();
  if (unit.lifetime_budget) {
    if (unit.lifetime_budget->currency() != account.setup.currency) Bug();
    // Without a last day the platforms ask for one; 30 days stand in for it.
    const auto days_left = unit.last_day ? (*unit.last_day - day).count() + 1 : 30;
    lifetime_left = static_cast<double>(unit.lifetime_budget->micros()) - spent_before;
    budget = std::min(budget, days_left > 0 ? lifetime_left / static_cast<double>(days_left) : 0.0);
  }
  if (!(budget > 0) || std::isinf(budget)) return std::nullopt;
  if (state.day != day) BeginUnitDay(account, state, budget);
  if (state.first_hour < 0) state.first_hour = hour_;

  const Platform platform = account.setup.account.platform;
  const Delivery delivery = DeliveryOf(platform);
  const double share = HourWeight(platform, local_hour) / account.weight_of_day;
  state.allowed_today += budget * share;
  double micros = budget * state.factor * share;
  micros = std::min(micros, delivery.day_max * budget - state.planned_today);
  if (unit.lifetime_budget) {
    micros = std::min(micros, lifetime_left - state.planned_today);
  } else {
    const auto days_past = static_cast<double>(day.time_since_epoch().count() - state.period);
    const double limit =
        state.allowed_period + budget * std::max(0.0, delivery.period_max - days_past);
    micros = std::min(micros, limit - state.spent_period - state.planned_today);
  }
  if (!(micros > 0)) return std::nullopt;
  return Plan{.account = &account,
              .unit = &unit,
              .state = &state,
              .channel = &ChannelOf(platform, unit.audience),
              .share_of_day = share,
              .micros = micros,
              .day_rate = micros / share / kMicros / account.per_market_unit,
              .spend_micros = 0};
}

void MarketImpl::SimulateHour() {
  const Instant at = NowLocked();
  if (!shop_day_ || at >= shop_day_ends_) BeginShopDay(at);
  orders_.resize(static_cast<std::size_t>(hour_) + static_cast<std::size_t>(kLagHoursMax) + 2);
  shop_share_ = ShopHourWeight(LocalHour(zone_, at)) / shop_weight_of_day_;
  ApplyShocks(at);
  const double baseline_mean =
      conditions_.baseline_orders() * demand_ * shop_share_ * orders_factor_;
  SellBaseline(baseline_mean);

  // What everybody would like to spend.
  std::vector<std::vector<BudgetUnit>> offered;
  std::vector<Plan> plans;
  offered.reserve(accounts_.size());
  for (auto& [id, account] : accounts_) {
    if (account->source == nullptr) continue;
    if (!account->day || at >= account->day_ends) BeginAccountDay(*account, at);
    auto& units = offered.emplace_back(account->source->Deliverable(at));
    const auto unit_order = [](const BudgetUnit& unit) {
      return std::tie(unit.campaign_id, unit.ad_group_id);
    };
    if (!std::ranges::is_sorted(units, {}, unit_order)) {
      std::ranges::sort(units, {}, unit_order);
    }
    const int local_hour = LocalHour(account->setup.zone, at);
    for (auto& unit : units) {
      const auto ad_order = [](const DeliverableAd& ad) {
        return std::tie(ad.ad_group_id, ad.ad_id);
      };
      if (!std::ranges::is_sorted(unit.ads, {}, ad_order)) {
        std::ranges::sort(unit.ads, {}, ad_order);
      }
      if (auto plan = PlanUnit(*account, unit, local_hour)) plans.push_back(*plan);
    }
  }

  // What each audience can absorb, and what comes of it.
  for (auto& [key, state] : channels_) {
    state->wanted_rate = 0;
    state->spend = 0;
  }
  for (const auto& plan : plans) plan.channel->wanted_rate += plan.day_rate;
  for (auto& plan : plans) {
    ChannelState& state = *plan.channel;
    const double room = state.channel.capacity * state.price * state.supply;
    if (state.wanted_rate > room) plan.micros *= room / state.wanted_rate;
    plan.state->planned_today += plan.micros;
    // The sum of a day is rounded and not each hour, and down, so that no limit is passed; the
    // millionth of a unit is for sums of doubles that fall just short of a whole.
    const auto minor = static_cast<double>(plan.account->minor_micros);
    const auto booked =
        static_cast<std::int64_t>(std::floor(plan.state->planned_today / minor + 1e-6)) *
        plan.account->minor_micros;
    plan.spend_micros = std::max<std::int64_t>(0, booked - plan.state->booked_today);
    plan.state->booked_today += plan.spend_micros;
    state.spend += static_cast<double>(plan.spend_micros) / kMicros / plan.account->per_market_unit;
  }
  const std::int64_t day_number = shop_day_->time_since_epoch().count();
  for (auto& [key, state] : channels_) {
    const Curve& curve = state->channel.curve;
    const double before = state->carried + state->stock_today;
    state->stock_today += state->spend / state->price;
    const double now_stock = state->carried + state->stock_today;
    state->revenue =
        state->pressure * (curve(now_stock) - curve(before) + curve(state->carried) * shop_share_);
    if (state->truth.empty() || state->truth.back().day_number != day_number) {
      state->truth.push_back({day_number});
    }
    state->truth.back().spend += state->spend;
    if (state->spend <= 0) SellCarried(*state, state->revenue * state->quality);
  }
  for (const auto& plan : plans) {
    if (plan.spend_micros > 0) {
      Deliver(plan, LocalHour(plan.account->setup.zone, at), baseline_mean);
    }
  }

  auto& today = shop_days_.back();
  today.orders += orders_[static_cast<std::size_t>(hour_)].count;
  today.revenue_micros += orders_[static_cast<std::size_t>(hour_)].value_micros;
  ++hour_;
}

std::int64_t MarketImpl::Count(Draw purpose, std::uint64_t entity, double mean, double& due) const {
  if (options_.noise <= 0) return TakeWhole(due, mean);
  return PoissonQuantile(mean, Random(options_.seed, purpose, entity, hour_).Uniform());
}

std::int64_t MarketImpl::DrawValue(Random& random, double mean, std::int64_t minor_micros) const {
  constexpr double kSpread = 0.5;
  const double luck = options_.noise * kSpread * random.Normal();
  const double value =
      mean * std::exp(luck - options_.noise * options_.noise * kSpread * kSpread / 2);
  const auto minor = static_cast<double>(minor_micros);
  return std::llround(value * kMicros / minor) * minor_micros;
}

void MarketImpl::BookOrder(std::int32_t hour, std::int64_t value_micros) {
  auto& orders = orders_[static_cast<std::size_t>(hour)];
  ++orders.count;
  orders.value_micros += value_micros;
}

void MarketImpl::SellBaseline(double mean) {
  static constexpr std::uint64_t kShop = 0;
  Random random(options_.seed, Draw::kBaselineValues, kShop, hour_);
  const std::int64_t count = Count(Draw::kBaselineOrders, kShop, mean, baseline_due_);
  for (std::int64_t i = 0; i < count; ++i) {
    BookOrder(hour_, DrawValue(random, kOrderValueEuro * unit_, minor_micros_));
  }
}

void MarketImpl::SellCarried(ChannelState& state, double revenue) {
  const Channel& channel = state.channel;
  state.truth.back().revenue += revenue;
  const std::int64_t count = Count(Draw::kOrders, state.carry.digest, revenue / channel.order_value,
                                   state.carry.orders_due);
  Random random(options_.seed, Draw::kOrderDetails, state.carry.digest, hour_);
  for (std::int64_t i = 0; i < count; ++i) {
    BookOrder(hour_, DrawValue(random, channel.order_value, minor_micros_));
  }
}

/// What one ad is given in one hour.
struct MarketImpl::AdHour {
  std::int32_t ad;
  int local_hour;
  std::int64_t spend_micros;
  double revenue;       ///< expected, incremental, market currency
  double harvest_mean;  ///< expected claims on orders that would have come anyway
  Creative* creative;
  double appeal;  ///< of the creative now: quality and wear
};

void MarketImpl::Deliver(const Plan& plan, int local_hour, double baseline_mean) {
  Account& account = *plan.account;
  ChannelState& state = *plan.channel;
  const Channel& channel = state.channel;
  const BudgetUnit& unit = *plan.unit;

  // The platform gives more to the ads that people like better.
  struct Candidate {
    std::int32_t ad;
    Creative* creative;
    double appeal;
    std::int64_t weight;
  };
  std::vector<Candidate> candidates;
  candidates.reserve(unit.ads.size());
  std::int64_t weights = 0;
  for (const auto& shown : unit.ads) {
    const auto [slot, fresh] =
        account.ad_index.try_emplace(KeyOf(unit.campaign_id, shown.ad_group_id, shown.ad_id),
                                     static_cast<std::int32_t>(account.ads.size()));
    if (fresh) {
      account.ads.push_back({.campaign_id = unit.campaign_id,
                             .ad_group_id = shown.ad_group_id,
                             .ad_id = shown.ad_id,
                             .digest = Combine(account.digest, HashText(slot->first))});
    }
    auto [found, first_time] = account.creatives.try_emplace(shown.creative_key);
    Creative& creative = found->second;
    if (first_time) {
      // Quality is the creative's own, wherever it runs; its median over creatives is 1.
      const double luck =
          Random(options_.seed, Draw::kCreative, HashText(shown.creative_key), 0).Normal();
      creative.quality = std::exp(0.15 * options_.noise * luck);
    }
    creative.seen *= std::exp2((creative.seen_at - hour_) / kFatigueHalfLifeHours);
    creative.seen_at = hour_;
    const double wear =
        channel.fatigue_impressions > 0
            ? kWornOut + (1 - kWornOut) * std::exp(-creative.seen / channel.fatigue_impressions)
            : 1.0;
    const double appeal = creative.quality * wear;
    const auto weight = std::max<std::int64_t>(1, std::llround(1e4 * appeal * appeal));
    weights += weight;
    candidates.push_back({slot->second, &creative, appeal, weight});
  }

  const double learning =
      hour_ - plan.state->first_hour < kLearningHours && plan.state->claims < kLearningConversions
          ? kLearningQuality
          : 1.0;
  const double rate = state.wanted_rate / channel.reference_spend;
  const double harvest_of_channel = channel.harvest * baseline_mean * -std::expm1(-1.5 * rate);
  const std::int64_t units = plan.spend_micros / account.minor_micros;
  const auto offset = static_cast<std::int64_t>(
      Random(options_.seed, Draw::kAdShare, plan.state->digest, hour_).Bits() %
      static_cast<std::uint64_t>(weights));
  std::int64_t before = 0;
  double served = 0;
  double wanted = 0;
  for (const auto& candidate : candidates) {
    const std::int64_t spend =
        ShareOf(units, before, candidate.weight, weights, offset) * account.minor_micros;
    before += candidate.weight;
    if (spend == 0) continue;
    const double part =
        static_cast<double>(spend) / kMicros / account.per_market_unit / state.spend;
    const double revenue = state.revenue * part * candidate.appeal * learning;
    served += revenue;
    wanted += state.revenue * part;
    DeliverAd(plan, {.ad = candidate.ad,
                     .local_hour = local_hour,
                     .spend_micros = spend,
                     .revenue = revenue,
                     .harvest_mean = harvest_of_channel * part,
                     .creative = candidate.creative,
                     .appeal = candidate.appeal});
  }
  state.truth.back().revenue += served;
  if (wanted > 0) state.quality = served / wanted;
}

void MarketImpl::DeliverAd(const Plan& plan, const AdHour& hour) {
  Account& account = *plan.account;
  const ChannelState& state = *plan.channel;
  const Channel& channel = state.channel;
  Ad& ad = account.ads[static_cast<std::size_t>(hour.ad)];
  Row row{};
  row.hour = hour_;
  row.ad = hour.ad;
  row.day = *account.day;
  row.local_hour = static_cast<std::int8_t>(hour.local_hour);
  row.audience = plan.unit->audience;
  row.spend_micros = hour.spend_micros;
  row.credit_at = kNever;

  const Account::Reach here{plan.unit->countries, plan.unit->bids};
  const auto reach = std::ranges::find(account.reaches, here);
  row.reach = static_cast<std::uint32_t>(reach - account.reaches.begin());
  if (reach == account.reaches.end()) account.reaches.push_back(here);

  // Media get dearer as the audience runs out.
  const double fullness = std::min(1.0, state.wanted_rate / channel.capacity);
  const double cpm = channel.cpm * state.price * (1 + 0.4 * fullness);
  const double spend = static_cast<double>(hour.spend_micros) / kMicros / account.per_market_unit;
  row.impressions = std::max<std::int64_t>(
      1, Count(Draw::kImpressions, ad.digest, 1000 * spend / cpm, ad.impressions_due));
  hour.creative->seen += static_cast<double>(row.impressions);
  const double share = std::clamp(1 - std::exp(-1.6 * fullness), 0.02, 0.95);
  row.eligible = std::max<std::int64_t>(row.impressions,
                                        std::llround(static_cast<double>(row.impressions) / share));
  const double ctr = std::min(0.5, channel.ctr * hour.appeal);
  row.clicks =
      options_.noise <= 0
          ? std::min(row.impressions,
                     TakeWhole(ad.clicks_due, static_cast<double>(row.impressions) * ctr))
          : BinomialQuantile(row.impressions, ctr,
                             Random(options_.seed, Draw::kClicks, ad.digest, hour_).Uniform());
  if (options_.noise > 0 && row.clicks > 0) {
    Random random(options_.seed, Draw::kCredit, ad.digest, hour_);
    row.credit_clicks = BinomialQuantile(row.clicks, 0.015, random.Uniform());
    if (row.credit_clicks > 0) {
      row.credit_micros = row.spend_micros / account.minor_micros * row.credit_clicks / row.clicks *
                          account.minor_micros;
      row.credit_at = hour_ + 1 + static_cast<std::int32_t>(random.Uniform(6, 71));
    }
  }
  DrawConversions(plan, hour, ad, row);
  plan.state->claims += row.claim_count;
  account.rows.push_back(row);
}

void MarketImpl::DrawConversions(const Plan& plan, const AdHour& hour, Ad& ad, Row& row) {
  Account& account = *plan.account;
  const Channel& channel = plan.channel->channel;
  const double orders_mean = hour.revenue / channel.order_value;
  const double window = channel.lag.Within(channel.click_window_hours);
  const double window_view = channel.lag.Within(24);
  const bool luck = options_.noise > 0;
  row.claim_first = static_cast<std::uint32_t>(account.claims.size());

  const auto claim = [&](double lag_hours, bool view, double value, Random& random) {
    Claim made{};
    made.ordered_at = hour_ + static_cast<std::int32_t>(lag_hours);
    made.known_at = made.ordered_at + 1;
    made.taken_back_at = kNever;
    made.view = view;
    const auto minor = static_cast<double>(account.minor_micros);
    made.value_micros =
        std::llround(value * account.per_market_unit * kMicros / minor) * account.minor_micros;
    if (luck) {
      // Platforms take up to three hours to count, and take about one in thirty back: refunds and
      // what their fraud filters find, up to 30 days after the interaction.
      made.known_at += static_cast<std::int32_t>(random.Uniform(0, 3));
      const bool doubtful = random.Uniform() < 0.035;
      const auto after = static_cast<std::int32_t>(random.Uniform(24, kLagHoursMax));
      if (doubtful && hour_ + after > made.known_at) made.taken_back_at = hour_ + after;
    }
    account.claims.push_back(made);
    ++row.claim_count;
  };

  // The orders that the ad caused, as far as the platform can see them.
  Random random(options_.seed, Draw::kOrderDetails, ad.digest, hour_);
  const std::int64_t orders = Count(Draw::kOrders, ad.digest, orders_mean, ad.orders_due);
  for (std::int64_t i = 0; i < orders; ++i) {
    const std::int64_t n = ad.details_drawn++;
    const double lag = channel.lag.Hours(luck ? random.Uniform() : Spread(n, 0.6180339887498949));
    const std::int64_t value = DrawValue(random, channel.order_value, minor_micros_);
    const double seen = luck ? random.Uniform() : Spread(n, 0.7548776662466927);
    const bool view =
        (luck ? random.Uniform() : Spread(n, 0.5698402909980532)) < channel.view_share;
    BookOrder(hour_ + static_cast<std::int32_t>(lag), value);
    if (seen >= channel.tracked || lag >= (view ? 24 : channel.click_window_hours)) continue;
    claim(lag, view, static_cast<double>(value) / kMicros, random);
  }

  // The rest of what it claims: orders of other sources, among them people who would have come
  // anyway and only passed by the brand's ad.
  const double seen_share =
      channel.tracked * ((1 - channel.view_share) * window + channel.view_share * window_view);
  const double own = orders_mean * (channel.claim_factor - seen_share);
  const double extra_mean = own + hour.harvest_mean;
  if (!(extra_mean > 0)) return;
  const double view_share =
      (own * channel.view_share + hour.harvest_mean * channel.harvest_views) / extra_mean;
  Random extra(options_.seed, Draw::kClaimDetails, ad.digest, hour_);
  const std::int64_t extras = Count(Draw::kClaims, ad.digest, extra_mean, ad.extras_due);
  for (std::int64_t i = 0; i < extras; ++i) {
    const std::int64_t n = ad.details_drawn++;
    const bool view = (luck ? extra.Uniform() : Spread(n, 0.5698402909980532)) < view_share;
    const double u = luck ? extra.Uniform() : Spread(n, 0.6180339887498949);
    const double lag = channel.lag.Hours(u * (view ? window_view : window));
    const std::int64_t value = DrawValue(extra, channel.order_value, minor_micros_);
    claim(lag, view, static_cast<double>(value) / kMicros, extra);
  }
}

bool MarketImpl::InOutage(std::int32_t ordered_at) const {
  const Instant at = options_.start + hours(ordered_at);
  return std::ranges::any_of(
      outages_, [&](const auto& outage) { return at >= outage.first && at < outage.second; });
}

void MarketImpl::Restate(const ReportQuery& query, std::int64_t minor_micros,
                         ReportRow& row) const {
  for (const Restatement& restated : restatements_) {
    if (restated.account != query.account || restated.day != row.day ||
        query.as_of < restated.known_from) {
      continue;
    }
    const auto scale = [](std::int64_t& amount, std::int64_t percent, std::int64_t unit) {
      amount = amount / unit * percent / 100 * unit;
    };
    scale(row.spend_micros, restated.percent, minor_micros);
    scale(row.impressions, restated.percent, 1);
    scale(row.eligible_impressions, restated.percent, 1);
    scale(row.clicks, restated.percent, 1);
    const std::int64_t claims = std::int64_t{restated.percent} * restated.claims_percent / 100;
    scale(row.conversions_click, claims, 1);
    scale(row.conversions_view, claims, 1);
    scale(row.revenue_click_micros, row.conversions_click == 0 ? 0 : claims, minor_micros);
    scale(row.revenue_view_micros, row.conversions_view == 0 ? 0 : claims, minor_micros);
  }
}

bool MarketImpl::IsDropped(const ReportQuery& query, std::uint64_t ad_digest) const {
  return std::ranges::any_of(dropped_, [&](const DroppedRows& dropped) {
    return dropped.account == query.account && dropped.breakdown == query.breakdown &&
           query.as_of >= dropped.from && query.as_of < dropped.to && ad_digest % 5 < 2;
  });
}

std::vector<ReportRow> MarketImpl::Report(const ReportQuery& query) const {
  const std::lock_guard lock(mutex_);
  std::vector<ReportRow> report;
  const auto found = accounts_.find(query.account);
  if (found == accounts_.end()) return report;
  const Account& account = *found->second;
  const auto known =
      std::chrono::floor<hours>(std::min(query.as_of, NowLocked()) - options_.start).count();
  const auto begin_of = [&](Day day) {
    const auto at = std::ranges::lower_bound(account.first_row_of_day, day, {},
                                             &std::pair<Day, std::size_t>::first);
    return at == account.first_row_of_day.end() ? account.rows.size() : at->second;
  };
  const std::size_t begin = begin_of(query.from);
  const std::size_t end = begin_of(query.to + days(1));

  std::map<std::tuple<Audience, std::uint32_t>, std::vector<Segment>> segments_of;
  for (std::size_t i = begin; i < end; ++i) {
    const Row& row = account.rows[i];
    if (row.hour + 1 > known) break;
    const Ad& ad = account.ads[static_cast<std::size_t>(row.ad)];
    ReportRow whole{.campaign_id = ad.campaign_id,
                    .ad_group_id = ad.ad_group_id,
                    .ad_id = ad.ad_id,
                    .day = row.day,
                    .hour = row.local_hour,
                    .segment = {},
                    .spend_micros = row.spend_micros,
                    .impressions = row.impressions,
                    .eligible_impressions = row.eligible,
                    .clicks = row.clicks};
    if (row.credit_at <= known) {
      whole.spend_micros -= row.credit_micros;
      whole.clicks -= row.credit_clicks;
    }
    for (std::uint32_t c = row.claim_first; c < row.claim_first + row.claim_count; ++c) {
      const Claim& made = account.claims[c];
      if (made.known_at > known || made.taken_back_at <= known || InOutage(made.ordered_at)) {
        continue;
      }
      ++(made.view ? whole.conversions_view : whole.conversions_click);
      (made.view ? whole.revenue_view_micros : whole.revenue_click_micros) += made.value_micros;
    }
    Restate(query, account.minor_micros, whole);
    if (Nothing(whole)) continue;
    if (query.breakdown == Breakdown::kNone) {
      report.push_back(std::move(whole));
      continue;
    }
    if (IsDropped(query, ad.digest)) continue;
    auto& segments = segments_of[{row.audience, row.reach}];
    if (segments.empty()) {
      const Account::Reach& reach = account.reaches[row.reach];
      segments = SegmentsOf(query.breakdown, account.setup.account.platform, row.audience,
                            reach.countries, reach.bids);
    }
    SplitRow(whole, segments,
             Random(options_.seed, Draw::kSegments,
                    Combine(ad.digest, static_cast<std::uint64_t>(query.breakdown)), row.hour)
                 .Bits(),
             account.minor_micros, report);
  }

  if (!std::ranges::is_sorted(report, {}, OrderOf)) std::ranges::stable_sort(report, {}, OrderOf);
  // Both passes of a repeated hour are one hour of the account's clock.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < report.size(); ++i) {
    if (kept > 0 && OrderOf(report[kept - 1]) == OrderOf(report[i])) {
      AddTo(report[kept - 1], report[i]);
    } else {
      if (kept != i) report[kept] = std::move(report[i]);
      ++kept;
    }
  }
  report.resize(kept);
  return report;
}

}  // namespace

std::unique_ptr<Market> Market::Make(MarketOptions options) {
  return std::make_unique<MarketImpl>(std::move(options));
}

}  // namespace maxopt::sim
