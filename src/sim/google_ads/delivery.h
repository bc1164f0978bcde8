#pragma once
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "domain/dayparts.h"
#include "sim/google_ads/store.h"

namespace maxopt::sim::google_ads {

/// Tells the market what an account can deliver in an hour. Compiled from the objects once per
/// revision, since the market asks for every simulated hour.
class Delivery final : public DeliverySource {
 public:
  /// `mutex` guards `account`; both and `brand_terms` must outlive this.
  Delivery(std::mutex& mutex, const Account& account, const std::vector<std::string>& brand_terms)
      : mutex_(mutex), account_(account), brand_terms_(brand_terms) {}
  std::vector<BudgetUnit> Deliverable(Instant hour_begins) override;

 private:
  struct Candidate {
    DeliverableAd ad;
    const Object* object;  ///< of account_, valid for its revision
    bool approved = false;
    bool rejected = false;
  };
  struct Plan {
    BudgetUnit unit;  ///< without ads
    Flight flight;
    std::optional<WeekHours> hours;  ///< absent: always
    std::vector<Candidate> ads;
  };
  void Compile();
  /// Hours of the campaign's ad schedules; nullopt when it has none.
  std::optional<WeekHours> ScheduleOf(const std::string& campaign_key) const;
  /// The modifier of a campaign's criterion in the market's words, where its strategy heeds it.
  static void AddBid(const nlohmann::json& campaign, std::string_view key,
                     const nlohmann::json& criterion, std::vector<SegmentBid>& bids);
  Audience AudienceOf(const nlohmann::json& campaign, const std::string& campaign_name) const;

  std::mutex& mutex_;
  const Account& account_;
  const std::vector<std::string>& brand_terms_;
  std::uint64_t compiled_revision_ = UINT64_MAX;
  std::vector<Plan> plans_;
};

}  // namespace maxopt::sim::google_ads
