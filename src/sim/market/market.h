#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clock/clock.h"
#include "domain/entity.h"
#include "domain/metric.h"
#include "money/money.h"

/// The simulated world. A platform server (sim/google_ads, ...) owns its objects and their wire
/// format; the market knows money, people and truth. Hour by hour the market asks each registered
/// account what could deliver, spends the budgets, and books what came of it.
namespace maxopt::sim {

/// Whom a budget unit reaches, which decides the response curve that it shares with every other
/// unit of the platform with the same audience. The server derives it from campaign type and
/// targeting (brand terms among the keywords, custom audiences), never from names.
enum class Audience {
  kSearchBrand,
  kSearchGeneric,
  kDisplay,
  kVideo,
  kPerformanceMax,
  kProspecting,
  kRetargeting,
};
std::string_view AudienceName(Audience audience);

struct DeliverableAd {
  std::string ad_id;
  std::string ad_group_id;
  /// Digest of what people see (texts, picture): same creative, same quality and fatigue.
  std::string creative_key;
};
/// What the bids of a unit are multiplied by in one segment of a breakdown.
struct SegmentBid {
  Breakdown breakdown = Breakdown::kDevice;  ///< kDevice or kCountry
  std::string segment;                       ///< as in ReportRow
  std::int64_t bp = 10'000;                  ///< 0: not shown there
  friend bool operator==(const SegmentBid&, const SegmentBid&) = default;
};
/// What owns a budget: a campaign, or an ad group (Meta's ad set, TikTok's ad group).
struct BudgetUnit {
  std::string campaign_id;
  std::string ad_group_id;  ///< empty when the campaign owns the budget
  std::optional<Money> daily_budget;
  std::optional<Money> lifetime_budget;
  std::optional<Day> last_day;  ///< of the flight, for pacing a lifetime budget
  Audience audience = Audience::kProspecting;
  std::vector<std::string> countries;
  /// Where the highest bid of the others lies anywhere with the same chance, a bid that is m times
  /// as high wins m times as often and pays m times as much (Vickrey): the segment's impressions
  /// weigh m times as much, its spend m * m. What the unit spends and brings as a whole stays:
  /// money goes to the other segments, and people of all segments buy alike. A unit that is shown
  /// on no device, or in no country, does not deliver.
  std::vector<SegmentBid> bids{};
  std::vector<DeliverableAd> ads;  ///< on, approved, in flight, parents on; empty: no delivery
};

/// Something that happens to the market itself and that no platform reports: media that become dear
/// (price 2), a shop whose checkout fails (orders 0.2), an auction that is lost (supply 0.1).
struct Shock {
  Instant from;
  Instant to;
  std::optional<Platform> platform{};  ///< of one platform; nullopt: of all, and of the shop
  double price = 1;                    ///< times what media cost
  double orders = 1;                   ///< times what they and, without a platform, all bring
  double supply = 1;                   ///< times what the audiences can absorb
};

/// Implemented by a platform server for each account. Called with the market's lock held: must not
/// call the market.
class DeliverySource {
 public:
  virtual ~DeliverySource() = default;
  virtual std::vector<BudgetUnit> Deliverable(Instant hour_begins) = 0;
};

/// What the platform would report for one ad and hour (or segment of it), as known at `as_of`.
/// Segments are words of the market, which the servers translate: "mobile", "desktop", "tablet";
/// "DE", or "ZZ" when the unit names no country; "search", "search_partners", "display", "youtube",
/// "facebook/feed", "instagram/stories", "tiktok", ...; "25-34/female", ages 18-24 to 65+, female,
/// male and unknown. They sum to the whole, amount by amount.
struct ReportRow {
  std::string campaign_id;
  std::string ad_group_id;
  std::string ad_id;
  Day day;
  int hour;             ///< account clock, 0..23; rows of both passes of a repeated hour add up
  std::string segment;  ///< of the breakdown asked for
  std::int64_t spend_micros = 0;
  std::int64_t impressions = 0;
  std::int64_t eligible_impressions = 0;  ///< impressions / eligible = impression share
  std::int64_t clicks = 0;
  /// Claimed by the platform (over-claiming included), booked on the hour of the interaction,
  /// and only as far as they have become known and not been taken back by `as_of`.
  std::int64_t conversions_click = 0;  ///< 7-day click
  std::int64_t conversions_view = 0;   ///< 1-day view
  std::int64_t revenue_click_micros = 0;
  std::int64_t revenue_view_micros = 0;
};
struct ReportQuery {
  AccountId account;
  Day from;
  Day to;                                  ///< inclusive
  Breakdown breakdown = Breakdown::kNone;  ///< kDevice, kCountry, kPlacement, kAgeGender
  Instant as_of;
};

struct AccountSetup {
  AccountId account;
  Currency currency;
  Zone zone;
};

/// The client's own books: orders of a day as its shop counts them, all sources together.
struct ShopDay {
  Day day;
  std::int64_t orders;
  std::int64_t revenue_micros;
};

/// Truth, for benchmarks and tests only; the product has no way to it.
struct TruthDay {
  Day day;
  Platform platform;
  Audience audience;
  std::int64_t spend_micros;  ///< market currency
  /// Expected incremental revenue of the day, market currency units: of its spend, and of what is
  /// carried over from the days before.
  double revenue_incremental;
};

struct MarketOptions {
  std::uint64_t seed = 1;
  Instant start;                            ///< first hour that can be simulated
  Currency currency = kEur;                 ///< of the shop and of the response curves
  std::string shop_zone = "Europe/Berlin";  ///< one that Zone::Find knows
  std::vector<std::string> brand_terms;     ///< keywords holding one of them reach kSearchBrand
  double noise = 1.0;                       ///< 0: expected values (rounded), for tests by hand
};

/// A correction of the past, which from `known_from` on is the platform's truth: all amounts of the
/// account's day become `percent` of what they were (0: the rows disappear), its claimed
/// conversions `claims_percent`. Several of one day follow each other.
struct Restatement {
  AccountId account;
  Day day;
  Instant known_from;
  int percent = 100;         ///< 0..1000
  int claims_percent = 100;  ///< 0..1000, after `percent`
};

/// Reports by `breakdown` that leave out some ads, about two of five, while they are asked for in
/// [from, to): the truth is as it was, the report is wrong.
struct DroppedRows {
  AccountId account;
  Breakdown breakdown = Breakdown::kDevice;
  Instant from;
  Instant to;
};

/// Thread-safe. The same seed, the same calls in the same order: the same numbers, everywhere.
class Market {
 public:
  static std::unique_ptr<Market> Make(MarketOptions options);
  virtual ~Market() = default;

  /// `source` must outlive the market or be removed by the server's destructor.
  virtual void Register(const AccountSetup& account, DeliverySource* source) = 0;
  virtual void Unregister(const AccountId& account) = 0;
  /// Simulates whole hours up to `to`. Earlier times are ignored.
  virtual void AdvanceTo(Instant to) = 0;
  virtual Instant now() const = 0;
  virtual const MarketOptions& options() const = 0;

  /// Rows by ad and hour with anything in them, ordered by day, hour, campaign, ad group, ad,
  /// segment.
  virtual std::vector<ReportRow> Report(const ReportQuery& query) const = 0;
  /// Spent today so far by a budget unit (for platform rules such as "not below what is spent").
  virtual Money SpentToday(const AccountId& account, const std::string& campaign_id,
                           const std::string& ad_group_id) const = 0;
  virtual std::vector<ShopDay> Shop(Day from, Day to) const = 0;
  virtual std::vector<TruthDay> Truth(Day from, Day to) const = 0;
  /// Truth as well: expected incremental revenue of a day, in market currency units, of a channel
  /// that spends the same (market currency) every day, at average season, price and creatives. The
  /// best split of a total is the one that maximises the sum of these.
  virtual double SteadyRevenue(Platform platform, Audience audience,
                               double spend_per_day) const = 0;

  /// Orders between the instants are never counted by the platforms; the shop's own books, which
  /// need no tracking, are as they are. What is past when this is called stays as it was reported.
  virtual void AddTrackingOutage(Instant from, Instant to) = 0;
  /// From the next hour on. Hours in which no shock lasts are as they would be without it.
  virtual void AddShock(const Shock& shock) = 0;
  virtual void AddRestatement(const Restatement& restatement) = 0;
  virtual void AddDroppedRows(const DroppedRows& dropped) = 0;
};

/// The platforms' asynchronous review of an ad: pending for a few hours (by digest of the text),
/// then approved, or rejected with a reason when the text holds a phrase that policy forbids
/// ("miracle cure", "guaranteed results", "click here now"). Pure.
struct Review {
  std::string status;    ///< pending | approved | rejected
  std::string reason;    ///< policy topic, e.g. "MISLEADING_CONTENT"; with rejected
  std::string evidence;  ///< the phrase found
};
Review ReviewOf(std::string_view text, Instant submitted_at, Instant now);

}  // namespace maxopt::sim
