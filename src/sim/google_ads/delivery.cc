#include "sim/google_ads/delivery.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "domain/digest.h"
#include "sim/google_ads/geo.h"
#include "sim/google_ads/image.h"
#include "sim/google_ads/wire.h"

namespace maxopt::sim::google_ads {
namespace {

using nlohmann::json;

bool On(const Object& object) { return StatusOf(object) == "ENABLED"; }

}  // namespace

std::vector<BudgetUnit> Delivery::Deliverable(Instant hour_begins) {
  const std::lock_guard lock(mutex_);
  if (compiled_revision_ != account_.revision()) {
    Compile();
    compiled_revision_ = account_.revision();
  }
  std::vector<BudgetUnit> units;
  for (Plan& plan : plans_) {
    const bool running = !(plan.flight.begins && hour_begins < *plan.flight.begins) &&
                         !(plan.flight.ends && hour_begins > *plan.flight.ends);
    if (!running) continue;
    if (plan.hours) {
      const Zone& zone = account_.served().setup.zone;
      const std::chrono::weekday weekday(zone.DayOf(hour_begins));
      const auto day = static_cast<std::size_t>(weekday.iso_encoding()) - 1;
      const auto into = zone.LocalOf(hour_begins) - LocalTime{zone.DayOf(hour_begins)};
      const auto hour =
          static_cast<std::size_t>(std::chrono::duration_cast<std::chrono::hours>(into).count());
      if (!plan.hours->test(day * 24 + hour)) continue;
    }
    BudgetUnit unit = plan.unit;
    for (Candidate& candidate : plan.ads) {
      // A verdict is final until the texts change, and those cannot.
      if (!candidate.approved && !candidate.rejected) {
        const Review review = ReviewOfAd(*candidate.object, hour_begins);
        candidate.approved = review.status == "approved";
        candidate.rejected = review.status == "rejected";
      }
      if (candidate.approved) unit.ads.push_back(candidate.ad);
    }
    if (!unit.ads.empty()) units.push_back(std::move(unit));
  }
  return units;
}

void Delivery::AddBid(const json& campaign, std::string_view key, const json& criterion,
                      std::vector<SegmentBid>& bids) {
  const auto modifier = criterion.find("bidModifier");
  if (modifier == criterion.end()) return;
  const std::int64_t bp = std::llround(modifier->get<double>() * 10'000);
  const auto id = key.substr(key.find('~') + 1);
  const auto device =
      std::find_if(Devices().begin(), Devices().end(), [&](const Device& d) { return d.id == id; });
  // Strategies that set each bid themselves ignore modifiers, but for a device that is left out;
  // a target cost is multiplied by those of devices.
  const auto target = campaign.find("maximizeConversions");
  const bool by_hand = campaign.contains("manualCpc");
  const bool by_target = campaign.contains("targetCpa") ||
                         (target != campaign.end() && target->contains("targetCpaMicros"));
  if (device != Devices().end()) {
    if (by_hand || by_target || bp == 0) {
      bids.push_back({Breakdown::kDevice, std::string(device->segment), bp});
    }
    return;
  }
  const auto number = ParseInt64(id);
  const Country* country = number ? CountryById(static_cast<int>(*number)) : nullptr;
  // The market knows countries and no places below them.
  if (country != nullptr && by_hand) {
    bids.push_back({Breakdown::kCountry, std::string(country->code), bp});
  }
}

std::optional<WeekHours> Delivery::ScheduleOf(const std::string& campaign_key) const {
  static constexpr std::string_view kDays[] = {"MONDAY", "TUESDAY",  "WEDNESDAY", "THURSDAY",
                                               "FRIDAY", "SATURDAY", "SUNDAY"};
  std::optional<WeekHours> hours;
  const std::string prefix = campaign_key + "~";
  const auto& criteria = account_.All(Type::kCampaignCriterion);
  for (auto at = criteria.lower_bound(prefix);
       at != criteria.end() && at->first.starts_with(prefix); ++at) {
    const auto schedule = at->second.body.find("adSchedule");
    if (!On(at->second) || schedule == at->second.body.end()) continue;
    if (!hours) hours.emplace();
    const auto* day = std::find(std::begin(kDays), std::end(kDays), TextAt(*schedule, "dayOfWeek"));
    const auto first = static_cast<std::size_t>(day - std::begin(kDays)) * 24;
    for (auto hour = (*schedule)["startHour"].get<std::size_t>();
         hour < (*schedule)["endHour"].get<std::size_t>(); ++hour) {
      hours->set(first + hour);
    }
  }
  return hours;
}

Audience Delivery::AudienceOf(const json& campaign, const std::string& campaign_name) const {
  const std::string channel = TextAt(campaign, "advertisingChannelType");
  std::set<std::string> groups;
  for (const auto& [key, group] : account_.All(Type::kAdGroup)) {
    if (On(group) && TextAt(group.body, "campaign") == campaign_name) {
      groups.insert(account_.ResourceName(Type::kAdGroup, key));
    }
  }
  std::size_t keywords = 0;
  std::size_t brand = 0;
  bool own_lists = false;
  for (const auto& [key, criterion] : account_.All(Type::kAdGroupCriterion)) {
    if (!On(criterion) || BoolAt(criterion.body, "negative") ||
        !groups.contains(TextAt(criterion.body, "adGroup"))) {
      continue;
    }
    own_lists = own_lists || criterion.body.contains("userList");
    const auto keyword = criterion.body.find("keyword");
    if (keyword == criterion.body.end()) continue;
    ++keywords;
    const std::string text = LowerAscii(TextAt(*keyword, "text"));
    brand += std::any_of(brand_terms_.begin(), brand_terms_.end(), [&](const std::string& term) {
      return !term.empty() && text.find(LowerAscii(term)) != std::string::npos;
    });
  }
  for (const auto& [key, criterion] : account_.All(Type::kCampaignCriterion)) {
    own_lists = own_lists || (On(criterion) && !BoolAt(criterion.body, "negative") &&
                              criterion.body.contains("userList") &&
                              TextAt(criterion.body, "campaign") == campaign_name);
  }
  if (channel == "SEARCH") {
    // Most of its keywords decide, as most of its money goes there.
    return keywords > 0 && 2 * brand >= keywords ? Audience::kSearchBrand
                                                 : Audience::kSearchGeneric;
  }
  if (own_lists) return Audience::kRetargeting;
  if (channel == "DISPLAY") return Audience::kDisplay;
  if (channel == "PERFORMANCE_MAX") return Audience::kPerformanceMax;
  for (const auto& [key, ad] : account_.All(Type::kAdGroupAd)) {
    if (On(ad) && groups.contains(TextAt(ad.body, "adGroup")) &&
        ad.body["ad"].contains("demandGenVideoResponsiveAd")) {
      return Audience::kVideo;
    }
  }
  return Audience::kProspecting;
}

void Delivery::Compile() {
  plans_.clear();
  const Currency currency = account_.served().setup.currency;
  std::map<std::string, std::int64_t> sharing;  // budget -> campaigns that are on
  for (const auto& [key, campaign] : account_.All(Type::kCampaign)) {
    if (On(campaign)) ++sharing[TextAt(campaign.body, "campaignBudget")];
  }
  for (const auto& [key, campaign] : account_.All(Type::kCampaign)) {
    if (!On(campaign)) continue;
    const std::string name = account_.ResourceName(Type::kCampaign, key);
    const std::string budget_name = TextAt(campaign.body, "campaignBudget");
    const Object* budget = account_.FindByName(Type::kCampaignBudget, budget_name);
    if (budget == nullptr || StatusOf(*budget) == "REMOVED") continue;

    Plan plan;
    plan.flight = FlightOf(account_, campaign.body);
    plan.hours = ScheduleOf(key);
    plan.unit.campaign_id = key;
    if (const auto micros = Int64At(budget->body, "amountMicros")) {
      plan.unit.daily_budget = Money::Micros(*micros, currency).SplitEvenly(sharing[budget_name]);
    } else if (const auto total = Int64At(budget->body, "totalAmountMicros")) {
      plan.unit.lifetime_budget = Money::Micros(*total, currency).SplitEvenly(sharing[budget_name]);
      if (plan.flight.ends) {
        plan.unit.last_day = account_.served().setup.zone.DayOf(*plan.flight.ends);
      }
    }
    plan.unit.audience = AudienceOf(campaign.body, name);
    const std::string prefix = key + "~";
    const auto& criteria = account_.All(Type::kCampaignCriterion);
    for (auto at = criteria.lower_bound(prefix);
         at != criteria.end() && at->first.starts_with(prefix); ++at) {
      if (!On(at->second) || BoolAt(at->second.body, "negative")) continue;
      AddBid(campaign.body, at->first, at->second.body, plan.unit.bids);
      const auto location = at->second.body.find("location");
      if (location == at->second.body.end()) continue;
      const auto id = ParseInt64(std::string_view(at->first).substr(prefix.size()));
      const Country* country = id ? CountryById(static_cast<int>(*id)) : nullptr;
      const Place* place = id ? PlaceById(static_cast<int>(*id)) : nullptr;
      if (country == nullptr && place != nullptr) country = CountryByCode(place->country_code);
      auto& countries = plan.unit.countries;
      // A city beside its country reaches the country once.
      if (country != nullptr &&
          std::find(countries.begin(), countries.end(), country->code) == countries.end()) {
        countries.emplace_back(country->code);
      }
    }

    const bool search = TextAt(campaign.body, "advertisingChannelType") == "SEARCH";
    for (const auto& [group_key, group] : account_.All(Type::kAdGroup)) {
      if (!On(group) || TextAt(group.body, "campaign") != name) continue;
      const std::string below = group_key + "~";
      if (search) {
        const auto& keywords = account_.All(Type::kAdGroupCriterion);
        bool any = false;
        for (auto at = keywords.lower_bound(below);
             at != keywords.end() && at->first.starts_with(below); ++at) {
          any = any || (On(at->second) && at->second.body.contains("keyword") &&
                        !BoolAt(at->second.body, "negative"));
        }
        if (!any) continue;
      }
      const auto& ads = account_.All(Type::kAdGroupAd);
      for (auto at = ads.lower_bound(below); at != ads.end() && at->first.starts_with(below);
           ++at) {
        if (!On(at->second)) continue;
        json seen = at->second.body["ad"];
        for (const char* own :
             {"id", "resourceName", "name", "finalUrlSuffix", "finalUrls", "urlCustomParameters"}) {
          seen.erase(own);
        }
        Candidate candidate;
        candidate.ad = {at->first.substr(below.size()), group_key,
                        Sha256Hex(seen.dump()).substr(0, 16)};
        candidate.object = &at->second;
        plan.ads.push_back(std::move(candidate));
      }
    }
    if (!plan.ads.empty()) plans_.push_back(std::move(plan));
  }
}

}  // namespace maxopt::sim::google_ads
