#include "sim/market/channel.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <numbers>

#include "sim/market/random.h"

namespace maxopt::sim {
namespace {

using std::chrono::days;

/// What is typical of an audience, in euros a day where it is money. What differs between seeds is
/// drawn around it.
struct Typical {
  Audience audience;
  std::string_view name;
  double spend;      ///< reference a day
  double iroas;      ///< incremental revenue over spend at the reference
  double capacity;   ///< times the reference
  double decay_min;  ///< of the media stock, per day
  double decay_max;
  double cpm;
  double ctr;
  double harvest_min;
  double harvest_max;
  Lag lag;
  double fatigue_impressions;
};
constexpr Typical kTypical[] = {
    {Audience::kSearchBrand,
     "search_brand",
     120,
     0.9,
     2.0,
     0.00,
     0.05,
     55,
     0.12,
     0.25,
     0.40,
     {0.85, 1.5},
     0},
    {Audience::kSearchGeneric,
     "search_generic",
     500,
     2.9,
     4.0,
     0.00,
     0.15,
     38,
     0.045,
     0.01,
     0.03,
     {0.60, 2.5},
     0},
    {Audience::kDisplay,
     "display",
     150,
     1.4,
     6.0,
     0.15,
     0.40,
     3.0,
     0.004,
     0.02,
     0.05,
     {0.45, 3.5},
     9e6},
    {Audience::kVideo,
     "video",
     200,
     1.8,
     6.0,
     0.25,
     0.50,
     7.0,
     0.006,
     0.01,
     0.03,
     {0.35, 5.0},
     6e6},
    {Audience::kPerformanceMax,
     "performance_max",
     350,
     2.6,
     4.0,
     0.05,
     0.20,
     9.0,
     0.012,
     0.06,
     0.12,
     {0.60, 2.5},
     12e6},
    {Audience::kProspecting,
     "prospecting",
     500,
     2.5,
     6.0,
     0.15,
     0.40,
     8.0,
     0.011,
     0.01,
     0.04,
     {0.45, 4.0},
     6e6},
    {Audience::kRetargeting,
     "retargeting",
     200,
     1.0,
     2.5,
     0.00,
     0.10,
     13.0,
     0.015,
     0.15,
     0.25,
     {0.70, 2.0},
     2e6},
};

const Typical& TypicalOf(Audience audience) {
  for (const auto& typical : kTypical) {
    if (typical.audience == audience) return typical;
  }
  Bug();
}

struct Rate {
  std::string_view currency;
  double per_euro;
};
constexpr Rate kRates[] = {
    {"EUR", 1},    {"USD", 1.10}, {"GBP", 0.85}, {"CHF", 0.95}, {"SEK", 11.2},  {"NOK", 11.7},
    {"DKK", 7.46}, {"PLN", 4.3},  {"CZK", 25},   {"HUF", 400},  {"RON", 5.0},   {"JPY", 160},
    {"CNY", 7.9},  {"KRW", 1550}, {"TWD", 35},   {"INR", 93},   {"IDR", 17500}, {"VND", 27500},
    {"THB", 37},   {"AUD", 1.65}, {"NZD", 1.8},  {"CAD", 1.52}, {"MXN", 20.5},  {"BRL", 6.1},
    {"CLP", 1040}, {"COP", 4600}, {"CRC", 560},  {"PYG", 8200}, {"ARS", 1100},  {"ISK", 145},
    {"TRY", 40},   {"ILS", 4.0},  {"ZAR", 20},   {"AED", 4.05}, {"KWD", 0.34},  {"HKD", 8.6},
    {"SGD", 1.46},
};

Curve DrawCurve(Random& random, Audience audience, double stock) {
  // Search is bounded by the people who search, so it saturates; the others are of every shape.
  static constexpr Family kBounded[] = {Family::kHill, Family::kExponential, Family::kLog};
  static constexpr Family kAny[] = {Family::kHill, Family::kLog, Family::kPower,
                                    Family::kExponential, Family::kLognormalCdf};
  const double pick = random.Uniform();
  const bool bounded = audience == Audience::kSearchBrand || audience == Audience::kRetargeting;
  const Family family = bounded ? kBounded[static_cast<std::size_t>(pick * 3)]
                                : kAny[static_cast<std::size_t>(pick * 5)];
  const double u = random.Uniform();
  const double v = random.Uniform();
  const auto between = [](double low, double high, double at) { return low + (high - low) * at; };
  switch (family) {
    case Family::kHill: {
      // Half of the Hill curves of open audiences are S-shaped, with a knee below the reference.
      const bool s_shaped = !bounded && v < 0.5;
      return {family, 1, stock * between(0.5, s_shaped ? 1.0 : 2.0, u),
              s_shaped ? between(1.3, 2.0, v * 2) : between(0.75, 1.0, v)};
    }
    case Family::kLog:
      return {family, 1, stock * between(0.15, 0.9, u), 0};
    case Family::kPower:
      return {family, 1, 1, between(0.40, 0.75, u)};
    case Family::kExponential:
      return {family, 1, stock * between(0.6, 2.0, u), 0};
    case Family::kLognormalCdf:
      return {family, 1, stock * between(0.6, 1.5, u), between(0.8, 1.4, v)};
  }
  Bug();
}

struct Date {
  int year;
  unsigned month;
  unsigned day;
  int of_year;  ///< 0 on 1 January
};
Date DateOf(Day day) {
  const std::chrono::year_month_day ymd(day);
  const Day first(std::chrono::local_days(ymd.year() / 1 / 1));
  return {static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()),
          static_cast<unsigned>(ymd.day()), static_cast<int>((day - first).count())};
}

std::int64_t DayNumber(Day day) { return day.time_since_epoch().count(); }

/// Monday 0 .. Sunday 6.
std::size_t WeekdayOf(Day day) { return std::chrono::weekday(day).iso_encoding() - 1; }

/// A smooth walk without memory: knots every `knot_days`, cosine between them.
double Smooth(std::uint64_t seed, Draw purpose, std::uint64_t entity, std::int64_t day,
              std::int64_t knot_days) {
  const std::int64_t knot = day >= 0 ? day / knot_days : -((-day + knot_days - 1) / knot_days);
  const double at = static_cast<double>(day - knot * knot_days) / static_cast<double>(knot_days);
  const double left = Random(seed, purpose, entity, knot).Normal();
  const double right = Random(seed, purpose, entity, knot + 1).Normal();
  const double turn = (1 - std::cos(std::numbers::pi * at)) / 2;
  return left + (right - left) * turn;
}

std::uint64_t ChannelDigest(Platform platform, Audience audience) {
  return Combine(HashText(PlatformName(platform)), HashText(AudienceName(audience)));
}

}  // namespace

std::string_view AudienceName(Audience audience) { return TypicalOf(audience).name; }

std::string_view FamilyName(Family family) {
  switch (family) {
    case Family::kHill:
      return "hill";
    case Family::kLog:
      return "log";
    case Family::kPower:
      return "power";
    case Family::kExponential:
      return "exponential";
    case Family::kLognormalCdf:
      return "lognormal_cdf";
  }
  Bug();
}

double Curve::operator()(double x) const {
  if (!(x > 0)) return 0;
  switch (family) {
    case Family::kHill:
      return c / (1 + std::pow(k / x, a));
    case Family::kLog:
      return c * std::log1p(x / k);
    case Family::kPower:
      return c * std::pow(x, a);
    case Family::kExponential:
      return -c * std::expm1(-x / k);
    case Family::kLognormalCdf:
      return c * NormalCdf(std::log(x / k) / a);
  }
  Bug();
}

namespace {
constexpr double kSoonHours = 3;
}

double Lag::Hours(double u) const {
  const double hours = u < soon ? -kSoonHours * std::log1p(-u / soon)
                                : -24 * late_days * std::log1p(-(u - soon) / (1 - soon));
  return std::min(hours, kLagHoursMax);
}

double Lag::Within(double hours) const {
  if (hours >= kLagHoursMax) return 1;
  return -soon * std::expm1(-hours / kSoonHours) -
         (1 - soon) * std::expm1(-hours / (24 * late_days));
}

Channel DrawChannel(std::uint64_t seed, Platform platform, Audience audience, double unit) {
  const Typical& typical = TypicalOf(audience);
  Random random(seed, Draw::kChannel, ChannelDigest(platform, audience), 0);
  Channel channel{};
  channel.platform = platform;
  channel.audience = audience;
  channel.decay = random.Uniform(typical.decay_min, typical.decay_max);
  // TikTok accounts are smaller than Meta's in most media plans.
  const double size = platform == Platform::kTikTok ? 0.6 : 1.0;
  channel.reference_spend = typical.spend * size * unit;
  // The spread between seeds and channels is what makes a good split differ from an even one.
  const double iroas = typical.iroas * std::exp(0.40 * random.Normal());
  channel.reference_revenue = iroas * channel.reference_spend;
  const double stock = channel.reference_spend / (1 - channel.decay);
  channel.curve = DrawCurve(random, audience, stock);
  channel.curve.c = channel.reference_revenue / channel.curve(stock);
  channel.capacity = typical.capacity * channel.reference_spend;
  channel.order_value = kOrderValueEuro * unit * random.Uniform(0.85, 1.15);
  channel.cpm = typical.cpm * unit * std::exp(0.15 * random.Normal());
  channel.ctr = typical.ctr * std::exp(0.15 * random.Normal());
  channel.harvest = random.Uniform(typical.harvest_min, typical.harvest_max);
  channel.tracked = 0.85;
  channel.lag = typical.lag;
  channel.fatigue_impressions = typical.fatigue_impressions;
  channel.click_window_hours = 30 * 24;
  switch (platform) {
    case Platform::kMeta:
      channel.claim_factor = 1.5;
      channel.view_share = 0.30;
      channel.click_window_hours = 7 * 24;
      break;
    case Platform::kTikTok:
      channel.claim_factor = 1.4;
      channel.view_share = 0.25;
      channel.click_window_hours = 7 * 24;
      break;
    case Platform::kGoogleAds:
    case Platform::kMicrosoft:
    case Platform::kLinkedIn:
    case Platform::kAmazon:
    case Platform::kPinterest:
    case Platform::kSnapchat:
    case Platform::kReddit:
    case Platform::kX:
    case Platform::kOther:
      channel.claim_factor = 1.15;
      channel.view_share = 0;
      break;
  }
  channel.harvest_views =
      channel.view_share > 0 && audience == Audience::kRetargeting ? 0.6 : channel.view_share;
  return channel;
}

double PerEuro(Currency currency) {
  for (const auto& rate : kRates) {
    if (rate.currency == currency.name()) return rate.per_euro;
  }
  return 1;
}

double HourWeight(Platform platform, int local_hour) {
  static constexpr std::array<double, 24> kSearch{0.35, 0.20, 0.12, 0.10, 0.12, 0.25, 0.50, 0.80,
                                                  1.05, 1.25, 1.35, 1.35, 1.30, 1.30, 1.30, 1.30,
                                                  1.30, 1.30, 1.35, 1.50, 1.60, 1.50, 1.15, 0.70};
  static constexpr std::array<double, 24> kSocial{0.60, 0.35, 0.20, 0.15, 0.15, 0.25, 0.55, 0.85,
                                                  0.95, 0.95, 1.00, 1.05, 1.15, 1.10, 1.05, 1.05,
                                                  1.10, 1.25, 1.45, 1.65, 1.80, 1.75, 1.45, 1.00};
  const auto hour = static_cast<std::size_t>(local_hour);
  return platform == Platform::kGoogleAds || platform == Platform::kMicrosoft ? kSearch[hour]
                                                                              : kSocial[hour];
}

double ShopHourWeight(int local_hour) { return HourWeight(Platform::kGoogleAds, local_hour); }

Delivery DeliveryOf(Platform platform) {
  switch (platform) {
    case Platform::kGoogleAds:
      return {2.0, true, 30.4, 0.18};
    case Platform::kMeta:
      return {1.25, false, 7, 0.08};
    case Platform::kTikTok:
      return {1.25, false, 7, 0.10};
    case Platform::kMicrosoft:
    case Platform::kLinkedIn:
    case Platform::kAmazon:
    case Platform::kPinterest:
    case Platform::kSnapchat:
    case Platform::kReddit:
    case Platform::kX:
    case Platform::kOther:
      return {1.2, false, 7, 0.10};
  }
  Bug();
}

std::vector<Segment> SegmentsOf(Breakdown breakdown, Platform platform, Audience audience,
                                const std::vector<std::string>& countries) {
  switch (breakdown) {
    case Breakdown::kDevice:
      if (platform == Platform::kTikTok) return {{"mobile", 97}, {"desktop", 1}, {"tablet", 2}};
      if (platform == Platform::kMeta) return {{"mobile", 90}, {"desktop", 7}, {"tablet", 3}};
      if (audience == Audience::kVideo) return {{"mobile", 62}, {"desktop", 20}, {"tablet", 18}};
      return {{"mobile", 61}, {"desktop", 35}, {"tablet", 4}};
    case Breakdown::kCountry: {
      if (countries.empty()) return {{"ZZ", 1}};  // ISO 3166's user-assigned code: not known
      // The first country gets most: weights 1/1, 1/2, 1/3, ... in thousandths.
      std::vector<Segment> segments;
      std::int64_t rank = 1;
      for (const auto& country : countries) segments.push_back({country, 27'720 / rank++ + 1});
      std::ranges::sort(segments, {}, &Segment::name);
      return segments;
    }
    case Breakdown::kPlacement:
      if (platform == Platform::kTikTok) return {{"tiktok", 92}, {"pangle", 8}};
      if (platform == Platform::kMeta) {
        return {{"facebook/feed", 38},
                {"instagram/feed", 22},
                {"instagram/stories", 18},
                {"instagram/reels", 14},
                {"audience_network/classic", 8}};
      }
      if (audience == Audience::kSearchBrand || audience == Audience::kSearchGeneric) {
        return {{"search", 93}, {"search_partners", 7}};
      }
      if (audience == Audience::kVideo) return {{"youtube", 100}};
      if (audience == Audience::kPerformanceMax) {
        return {{"search", 48}, {"display", 30}, {"youtube", 22}};
      }
      return {{"display", 100}};
    case Breakdown::kAgeGender: {
      static constexpr std::string_view kAges[] = {"18-24", "25-34", "35-44",
                                                   "45-54", "55-64", "65+"};
      static constexpr int kOlder[] = {9, 22, 24, 20, 15, 10};
      static constexpr int kYounger[] = {34, 33, 17, 9, 5, 2};
      const auto& weights = platform == Platform::kTikTok ? kYounger : kOlder;
      std::vector<Segment> segments;
      for (std::size_t i = 0; i < std::size(kAges); ++i) {
        const std::string age(kAges[i]);
        segments.push_back({age + "/female", weights[i] * 53});
        segments.push_back({age + "/male", weights[i] * 44});
        segments.push_back({age + "/unknown", weights[i] * 3});
      }
      return segments;
    }
    case Breakdown::kNone:
    case Breakdown::kKeyword:
    case Breakdown::kSearchTerm:
    case Breakdown::kAudience:
    case Breakdown::kCreative:
      return {{"", 1}};
  }
  Bug();
}

std::vector<Segment> SegmentsOf(Breakdown breakdown, Platform platform, Audience audience,
                                const std::vector<std::string>& countries,
                                const std::vector<SegmentBid>& bids) {
  std::vector<Segment> segments = SegmentsOf(breakdown, platform, audience, countries);
  const auto of_it = [&](const SegmentBid& bid) { return bid.breakdown == breakdown; };
  // Without bids weights stay what they are, so that the same seed gives the same cuts.
  if (std::ranges::none_of(bids, of_it)) return segments;
  for (Segment& segment : segments) {
    for (const SegmentBid& bid : bids) {
      if (of_it(bid) && bid.segment == segment.name) segment.bid_bp = bid.bp;
    }
    segment.weight *= segment.bid_bp;
  }
  return segments;
}

bool ReachesAnybody(Platform platform, Audience audience, const BudgetUnit& unit) {
  if (unit.bids.empty()) return true;
  return std::ranges::all_of(
      std::array{Breakdown::kDevice, Breakdown::kCountry}, [&](Breakdown breakdown) {
        const auto segments = SegmentsOf(breakdown, platform, audience, unit.countries, unit.bids);
        return std::ranges::any_of(segments, [](const Segment& s) { return s.weight > 0; });
      });
}

Conditions::Conditions(std::uint64_t seed, double noise) : seed_(seed), noise_(noise) {
  Random random(seed, Draw::kSeason, 0, 0);
  baseline_orders_ = random.Uniform(100, 150);
  // A shop's usual week: strong from Sunday to Tuesday, weak on Friday and Saturday.
  static constexpr double kWeek[] = {1.08, 1.04, 1.00, 0.97, 0.90, 0.88, 1.13};
  for (std::size_t i = 0; i < 7; ++i) weekday_[i] = kWeek[i] * random.Uniform(0.97, 1.03);
  yearly_ = random.Uniform(0.05, 0.15);
  yearly_peak_ = random.Uniform(300, 350);
  trend_ = random.Uniform(-0.04, 0.12);
}

double Conditions::Calendar(Day day) const {
  const Date date = DateOf(day);
  double factor =
      1 + yearly_ * std::cos(2 * std::numbers::pi * (date.of_year - yearly_peak_) / 365.25);
  if (date.month == 12 && date.day >= 24 && date.day <= 26) factor *= 0.65;
  if (date.month == 1 && date.day == 1) factor *= 0.70;
  if ((date.month == 5 && date.day == 1) || (date.month == 10 && date.day == 3)) factor *= 0.90;
  // Black Friday is the day after the fourth Thursday of November; its sale lasts to Monday.
  const std::chrono::year year(date.year);
  const Day black_friday =
      Day(std::chrono::local_days(year / std::chrono::November / std::chrono::Thursday[4])) +
      days(1);
  if (day >= black_friday && day <= black_friday + days(3)) factor *= 1.35;
  return factor;
}

double Conditions::Promotion(Day day) const {
  // Four-week blocks: in most of them one sale of three to six days at a drawn place.
  const std::int64_t number = DayNumber(day);
  const std::int64_t block = number >= 0 ? number / 28 : (number - 27) / 28;
  Random random(seed_, Draw::kPromotion, 0, block);
  if (random.Uniform() > 0.6) return 1;
  const auto first = block * 28 + static_cast<std::int64_t>(random.Uniform(0, 22));
  const auto length = static_cast<std::int64_t>(random.Uniform(3, 7));
  const double factor = random.Uniform(1.10, 1.35);
  return number >= first && number < first + length ? factor : 1;
}

double Conditions::Demand(Day day) const {
  const double years = static_cast<double>(DayNumber(day) - 19723) / 365.25;  // from 2024-01-01
  const double luck = 0.05 * noise_ * Random(seed_, Draw::kDemandOfDay, 0, DayNumber(day)).Normal();
  return weekday_[WeekdayOf(day)] * Calendar(day) * Promotion(day) *
         std::exp(trend_ * years + luck);
}

double Conditions::Response(Day day, Platform platform, Audience audience) const {
  // Paid demand follows the same calendar, less strongly; each channel has its own luck.
  const double luck =
      0.06 * noise_ *
      Random(seed_, Draw::kResponseOfDay, ChannelDigest(platform, audience), DayNumber(day))
          .Normal();
  const double common = weekday_[WeekdayOf(day)] * Calendar(day) * std::sqrt(Promotion(day));
  return std::sqrt(common) * std::exp(luck);
}

double Conditions::Price(Day day, Platform platform) const {
  const Date date = DateOf(day);
  double price = 1;
  if (date.month == 11) price = date.day < 20 ? 1.08 : 1.25;
  if (date.month == 12) price = date.day < 20 ? 1.18 : 0.95;
  if (date.month == 1) price = 0.88;
  const std::uint64_t digest = HashText(PlatformName(platform));
  return price *
         std::exp(0.10 * noise_ * Smooth(seed_, Draw::kCompetitors, digest, DayNumber(day), 14));
}

}  // namespace maxopt::sim
