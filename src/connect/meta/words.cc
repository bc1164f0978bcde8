#include "connect/meta/words.h"

#include <algorithm>

namespace maxopt::meta {
namespace {

constexpr Word kObjectives[] = {
    {"OUTCOME_AWARENESS", "awareness"},
    {"OUTCOME_TRAFFIC", "traffic"},
    {"OUTCOME_ENGAGEMENT", "engagement"},
    {"OUTCOME_LEADS", "leads"},
    {"OUTCOME_APP_PROMOTION", "app"},
    {"OUTCOME_SALES", "sales"},
    // Campaigns from before 2022 keep their old words; new ones cannot have them.
    {"BRAND_AWARENESS", "awareness"},
    {"REACH", "awareness"},
    {"LINK_CLICKS", "traffic"},
    {"POST_ENGAGEMENT", "engagement"},
    {"PAGE_LIKES", "engagement"},
    {"EVENT_RESPONSES", "engagement"},
    {"VIDEO_VIEWS", "engagement"},
    {"MESSAGES", "engagement"},
    {"LEAD_GENERATION", "leads"},
    {"APP_INSTALLS", "app"},
    {"CONVERSIONS", "sales"},
    {"PRODUCT_CATALOG_SALES", "sales"},
    {"STORE_VISITS", "sales"},
};
constexpr Word kBidStrategies[] = {
    {"LOWEST_COST_WITHOUT_CAP", "lowest_cost"},
    {"LOWEST_COST_WITH_BID_CAP", "bid_cap"},
    {"COST_CAP", "cost_cap"},
    {"LOWEST_COST_WITH_MIN_ROAS", "min_roas"},
};
constexpr Word kOptimizationGoals[] = {
    {"IMPRESSIONS", "impressions"},         {"REACH", "reach"}, {"LINK_CLICKS", "clicks"},
    {"OFFSITE_CONVERSIONS", "conversions"}, {"VALUE", "value"}, {"LEAD_GENERATION", "leads"},
};
constexpr Word kBillingEvents[] = {
    {"IMPRESSIONS", "impressions"},
    {"LINK_CLICKS", "clicks"},
    {"CLICKS", "clicks"},
};
constexpr Word kSpecialCategories[] = {
    {"HOUSING", "housing"},
    {"EMPLOYMENT", "employment"},
    {"CREDIT", "credit"},
    {"ISSUES_ELECTIONS_POLITICS", "politics"},
};
constexpr Word kConversionEvents[] = {
    {"PURCHASE", "purchase"},
    {"LEAD", "lead"},
    {"COMPLETE_REGISTRATION", "sign_up"},
    {"ADD_TO_CART", "add_to_cart"},
    {"INITIATED_CHECKOUT", "begin_checkout"},
};
// What AdPromotedObject.custom_event_type may be.
constexpr std::string_view kEventsOfMeta[] = {"ACHIEVEMENT_UNLOCKED",
                                              "ADD_PAYMENT_INFO",
                                              "ADD_TO_CART",
                                              "ADD_TO_WISHLIST",
                                              "COMPLETE_REGISTRATION",
                                              "CONTACT",
                                              "CONTENT_VIEW",
                                              "CUSTOMIZE_PRODUCT",
                                              "DONATE",
                                              "FIND_LOCATION",
                                              "INITIATED_CHECKOUT",
                                              "LEAD",
                                              "LEVEL_ACHIEVED",
                                              "LISTING_INTERACTION",
                                              "OTHER",
                                              "PURCHASE",
                                              "RATE",
                                              "SCHEDULE",
                                              "SEARCH",
                                              "SERVICE_BOOKING_REQUEST",
                                              "SPENT_CREDITS",
                                              "START_TRIAL",
                                              "SUBMIT_APPLICATION",
                                              "SUBSCRIBE",
                                              "TUTORIAL_COMPLETION"};
// The member states, and the territories outside of Europe that are part of it.
constexpr std::string_view kEuropeanUnion[] = {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES",
                                               "FI", "FR", "GF", "GP", "GR", "HR", "HU", "IE", "IT",
                                               "LT", "LU", "LV", "MF", "MQ", "MT", "NL", "PL", "PT",
                                               "RE", "RO", "SE", "SI", "SK", "YT"};
constexpr Word kEffectiveStatuses[] = {
    {"ACTIVE", "active"},
    {"PAUSED", "paused"},
    {"CAMPAIGN_PAUSED", "parent_paused"},
    {"ADSET_PAUSED", "parent_paused"},
    {"PENDING_REVIEW", "in_review"},
    {"IN_PROCESS", "in_review"},
    {"DISAPPROVED", "rejected"},
    {"WITH_ISSUES", "limited"},
    {"PENDING_BILLING_INFO", "limited"},
    {"DELETED", "removed"},
    {"ARCHIVED", "removed"},
};
constexpr Word kLearningStatuses[] = {
    {"LEARNING", "learning"},
    {"SUCCESS", "done"},
    {"FAIL", "limited"},
};
// From Meta's targeting search (type=adlocale). Only languages whose ids are sure: a wrong id
// would show the ad to the wrong people, so all others are refused.
constexpr Word kLocales[] = {
    {"1001", "en"}, {"1002", "es"}, {"1003", "fr"}, {"1004", "zh"}, {"1005", "pt"},
    {"5", "de"},    {"10", "it"},   {"6", "en"},    {"24", "en"},
};

constexpr std::string_view kCampaignStatuses[] = {"ACTIVE",   "PAUSED",     "DELETED",
                                                  "ARCHIVED", "IN_PROCESS", "WITH_ISSUES"};
constexpr std::string_view kAdSetStatuses[] = {
    "ACTIVE", "PAUSED", "DELETED", "ARCHIVED", "IN_PROCESS", "WITH_ISSUES", "CAMPAIGN_PAUSED"};
constexpr std::string_view kAdStatuses[] = {"ACTIVE",
                                            "PAUSED",
                                            "DELETED",
                                            "ARCHIVED",
                                            "IN_PROCESS",
                                            "WITH_ISSUES",
                                            "CAMPAIGN_PAUSED",
                                            "ADSET_PAUSED",
                                            "DISAPPROVED",
                                            "PENDING_REVIEW",
                                            "PENDING_BILLING_INFO",
                                            "PREAPPROVED"};

}  // namespace

std::span<const Word> Objectives() { return kObjectives; }
std::span<const Word> BidStrategies() { return kBidStrategies; }
std::span<const Word> OptimizationGoals() { return kOptimizationGoals; }
std::span<const Word> BillingEvents() { return kBillingEvents; }
std::span<const Word> SpecialCategories() { return kSpecialCategories; }
std::span<const Word> ConversionEvents() { return kConversionEvents; }
std::span<const Word> EffectiveStatuses() { return kEffectiveStatuses; }
std::span<const Word> LearningStatuses() { return kLearningStatuses; }
std::span<const Word> Locales() { return kLocales; }

bool IsConversionEvent(std::string_view meta) {
  return std::ranges::find(kEventsOfMeta, meta) != std::end(kEventsOfMeta);
}

bool InEuropeanUnion(std::string_view country) {
  return std::ranges::find(kEuropeanUnion, country) != std::end(kEuropeanUnion);
}

std::string_view Ours(std::span<const Word> words, std::string_view meta) {
  const auto at = std::ranges::find(words, meta, &Word::meta);
  return at == words.end() ? std::string_view() : at->ours;
}

std::string_view Metas(std::span<const Word> words, std::string_view ours) {
  const auto at = std::ranges::find(words, ours, &Word::ours);
  return at == words.end() ? std::string_view() : at->meta;
}

std::string ListOurs(std::span<const Word> words) {
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto before = words.first(i);
    if (std::ranges::find(before, words[i].ours, &Word::ours) != before.end()) continue;
    list += (list.empty() ? "" : ", ") + std::string(words[i].ours);
  }
  return list;
}

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string UpperCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

std::span<const std::string_view> EffectiveStatusesOf(Level level) {
  switch (level) {
    case Level::kCampaign:
      return kCampaignStatuses;
    case Level::kAdGroup:
      return kAdSetStatuses;
    case Level::kAd:
      return kAdStatuses;
    case Level::kAccount:
    case Level::kConversion:
    case Level::kAsset:
      return {};
  }
  Bug();
}

}  // namespace maxopt::meta
