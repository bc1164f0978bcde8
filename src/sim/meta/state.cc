#include "sim/meta/state.h"

#include <fmt/format.h>

#include <algorithm>

namespace maxopt::sim::meta {
namespace {

bool AllAdsDisapproved(const Object& parent, const Account& account, Instant now) {
  bool any = false;
  for (const auto& [id, ad] : account.of(Kind::kAd)) {
    const std::string& of = parent.kind == Kind::kCampaign ? ad.campaign : ad.adset;
    if (of != parent.id || ad.gone()) continue;
    any = true;
    if (ReviewOfAd(ad, account, now).status != "rejected") return false;
  }
  return any;
}

Json Issue(std::string_view level, std::string_view message) {
  return {{"level", level},
          {"error_code", 1359188},
          {"error_summary", "Ad rejected"},
          {"error_message", message},
          {"error_type", "HARD_ERROR"}};
}

bool InFlight(const Object& object, std::string_view end_name, Instant hour) {
  const auto start = object.time("start_time");
  const auto end = object.time(end_name);
  return (!start || *start <= hour) && (!end || *end > hour);
}

/// Meta's day parting: minutes of the account's day, days from Sunday = 0.
bool InSchedule(const Object& adset, const Zone& zone, Instant hour) {
  const auto it = adset.fields.find("adset_schedule");
  if (it == adset.fields.end() || it->is_null() || it->empty()) return true;
  const LocalTime local = zone.LocalOf(hour);
  const Day day = std::chrono::floor<std::chrono::days>(local);
  const unsigned weekday = std::chrono::weekday(day).c_encoding();
  const std::int64_t minute = std::chrono::floor<std::chrono::minutes>(local - day).count();
  return std::ranges::any_of(*it, [&](const Json& part) {
    return part.at("start_minute") <= minute && minute < part.at("end_minute") &&
           std::ranges::find(part.at("days"), Json(weekday)) != part.at("days").end();
  });
}

}  // namespace

Review ReviewOfAd(const Object& ad, const Account& account, Instant now) {
  const Object* creative = account.Find(Kind::kCreative, ad.creative);
  return ReviewOf(creative == nullptr ? "" : creative->review_text, ad.submitted_at, now);
}

std::optional<Instant> ReviewDecidedAt(const Object& ad, const Account& account, Instant now) {
  const auto decided = [&](Instant at) { return ReviewOfAd(ad, account, at).status != "pending"; };
  if (!decided(now)) return std::nullopt;
  // Halving to the minute: once decided it stays so.
  Instant low = ad.submitted_at;
  Instant high = now;
  while (high - low > std::chrono::minutes(1)) {
    const Instant middle = low + (high - low) / 2;
    (decided(middle) ? high : low) = middle;
  }
  return high;
}

std::string_view EffectiveStatuses(Kind kind) {
  switch (kind) {
    case Kind::kCampaign:
      return "ACTIVE ARCHIVED DELETED IN_PROCESS PAUSED WITH_ISSUES";
    case Kind::kAdSet:
      return "ACTIVE ARCHIVED CAMPAIGN_PAUSED DELETED IN_PROCESS PAUSED WITH_ISSUES";
    case Kind::kAd:
      return "ACTIVE ADSET_PAUSED ARCHIVED CAMPAIGN_PAUSED DELETED DISAPPROVED IN_PROCESS PAUSED "
             "PENDING_BILLING_INFO PENDING_REVIEW PREAPPROVED WITH_ISSUES";
    case Kind::kCreative:
    case Kind::kImage:
    case Kind::kVideo:
    case Kind::kPixel:
      return "ACTIVE DELETED IN_PROCESS WITH_ISSUES";
  }
  Bug();
}

std::string EffectiveStatus(const Object& object, const Account& account, Instant now) {
  if (object.gone()) return object.status();
  const bool is_ad = object.kind == Kind::kAd;
  if (is_ad) {
    const Review review = ReviewOfAd(object, account, now);
    if (review.status == "rejected") return "DISAPPROVED";
    if (review.status == "pending") return "PENDING_REVIEW";
  }
  if (object.status() == "PAUSED") return "PAUSED";
  if (is_ad || object.kind == Kind::kAdSet) {
    const Object* campaign = account.Find(Kind::kCampaign, object.campaign);
    if (campaign != nullptr && campaign->status() == "PAUSED") return "CAMPAIGN_PAUSED";
  }
  if (is_ad) {
    const Object* adset = account.Find(Kind::kAdSet, object.adset);
    if (adset != nullptr && adset->status() == "PAUSED") return "ADSET_PAUSED";
  } else if ((object.kind == Kind::kAdSet || object.kind == Kind::kCampaign) &&
             AllAdsDisapproved(object, account, now)) {
    return "WITH_ISSUES";
  }
  return object.status().empty() ? "ACTIVE" : object.status();
}

Json ReviewFeedback(const Object& ad, const Account& account, Instant now) {
  const Review review = ReviewOfAd(ad, account, now);
  if (review.status != "rejected") return {};
  return {{"global",
           {{review.reason, fmt::format("Your ad may go against our advertising standards: \"{}\".",
                                        review.evidence)}}}};
}

Json IssuesInfo(const Object& object, const Account& account, Instant now) {
  if (object.gone()) return {};
  if (object.kind == Kind::kAd) {
    const Review review = ReviewOfAd(object, account, now);
    if (review.status != "rejected") return {};
    return Json::array({Issue("AD", fmt::format("{}: \"{}\"", review.reason, review.evidence))});
  }
  if (!AllAdsDisapproved(object, account, now)) return {};
  return Json::array({Issue("AD", "All ads were rejected in review.")});
}

std::vector<BudgetUnit> DeliverableUnits(const Account& account, Instant hour_begins,
                                         ApprovedAds* approved) {
  struct Unit {
    BudgetUnit unit;
    bool all_retargeting = true;
  };
  std::map<std::string, Unit> units;  // by campaign or ad set, whichever owns the budget
  for (const auto& [id, ad] : account.of(Kind::kAd)) {
    if (ad.status() != "ACTIVE") continue;
    const Object* adset = account.Find(Kind::kAdSet, ad.adset);
    const Object* campaign = account.Find(Kind::kCampaign, ad.campaign);
    if (adset == nullptr || campaign == nullptr || adset->status() != "ACTIVE" ||
        campaign->status() != "ACTIVE" || !InFlight(*adset, "end_time", hour_begins) ||
        !InFlight(*campaign, "stop_time", hour_begins) ||
        !InSchedule(*adset, account.zone(), hour_begins)) {
      continue;
    }
    if (const auto it = approved->find(id);
        it == approved->end() || it->second != ad.submitted_at) {
      if (ReviewOfAd(ad, account, hour_begins).status != "approved") continue;
      (*approved)[id] = ad.submitted_at;
    }
    const Object* creative = account.Find(Kind::kCreative, ad.creative);
    if (creative == nullptr) continue;

    const bool campaign_budget =
        campaign->integer("daily_budget") || campaign->integer("lifetime_budget");
    const Object& owner = campaign_budget ? *campaign : *adset;
    const auto [it, fresh] = units.try_emplace(owner.id);
    Unit& entry = it->second;
    BudgetUnit& unit = entry.unit;
    if (fresh) {
      unit.campaign_id = campaign->id;
      unit.ad_group_id = campaign_budget ? "" : adset->id;
      if (const auto daily = owner.integer("daily_budget")) {
        unit.daily_budget = account.FromMinor(*daily);
      }
      if (const auto lifetime = owner.integer("lifetime_budget")) {
        unit.lifetime_budget = account.FromMinor(*lifetime);
      }
    }
    // The last day of a campaign's own budget is that of its longest ad set.
    const auto end =
        adset->time("end_time") ? adset->time("end_time") : campaign->time("stop_time");
    if (end) {
      const Day last = account.zone().DayOf(*end - std::chrono::microseconds(1));
      if (fresh || (unit.last_day && *unit.last_day < last)) unit.last_day = last;
    } else {
      unit.last_day.reset();
    }
    entry.all_retargeting = entry.all_retargeting && adset->retargeting;
    for (const std::string& country : adset->countries) {
      if (std::ranges::find(unit.countries, country) == unit.countries.end()) {
        unit.countries.push_back(country);
      }
    }
    unit.ads.push_back({id, adset->id, creative->creative_key});
  }
  std::vector<BudgetUnit> out;
  for (auto& [owner, entry] : units) {
    entry.unit.audience = entry.all_retargeting ? Audience::kRetargeting : Audience::kProspecting;
    out.push_back(std::move(entry.unit));
  }
  return out;
}

}  // namespace maxopt::sim::meta
