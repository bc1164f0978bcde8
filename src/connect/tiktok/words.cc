#include <fmt/format.h>

#include <algorithm>

#include "connect/tiktok/client.h"

namespace maxopt::tiktok {
namespace {

constexpr Words kObjectiveWords[] = {
    {"awareness", "REACH"},       {"traffic", "TRAFFIC"},
    {"engagement", "ENGAGEMENT"}, {"leads", "LEAD_GENERATION"},
    {"app", "APP_PROMOTION"},     {"sales", "WEB_CONVERSIONS"},
    {"awareness", "VIDEO_VIEWS"}, {"awareness", "BRAND_CONSIDERATION"},
    {"awareness", "RF_REACH"},    {"app", "APP_INSTALL"},
    {"sales", "CONVERSIONS"},     {"sales", "PRODUCT_SALES"},
    {"sales", "CATALOG_SALES"},   {"sales", "SHOP_PURCHASES"},
};
constexpr Words kGoalWords[] = {
    {"impressions", "SHOW"},
    {"reach", "REACH"},
    {"clicks", "CLICK"},
    {"conversions", "CONVERT"},
    {"value", "VALUE"},
    {"conversions", "INSTALL"},
    {"conversions", "LEAD_GENERATION"},
};
constexpr Words kEventWords[] = {
    {"purchase", "SHOPPING"},           {"order", "ON_WEB_ORDER"},
    {"add_to_cart", "ON_WEB_CART"},     {"begin_checkout", "INITIATE_ORDER"},
    {"sign_up", "ON_WEB_REGISTER"},     {"lead", "FORM"},
    {"view_content", "ON_WEB_DETAIL"},  {"subscribe", "ON_WEB_SUBSCRIBE"},
    {"download", "DOWNLOAD_START"},     {"contact", "CONSULT"},
    {"page_view", "LANDING_PAGE_VIEW"},
};
constexpr Words kCallWords[] = {
    {"learn_more", "LEARN_MORE"}, {"shop_now", "SHOP_NOW"},       {"sign_up", "SIGN_UP"},
    {"download", "DOWNLOAD_NOW"}, {"contact_us", "CONTACT_US"},   {"apply_now", "APPLY_NOW"},
    {"book_now", "BOOK_NOW"},     {"play_game", "PLAY_GAME"},     {"watch_now", "WATCH_NOW"},
    {"read_more", "READ_MORE"},   {"view_now", "VIEW_NOW"},       {"get_quote", "GET_QUOTE"},
    {"order_now", "ORDER_NOW"},   {"install_now", "INSTALL_NOW"}, {"subscribe", "SUBSCRIBE"},
};
constexpr Words kIndustryWords[] = {
    {"housing", "HOUSING"}, {"employment", "EMPLOYMENT"}, {"credit", "CREDIT"}};

constexpr Words kPacingWords[] = {{"even", "PACING_MODE_SMOOTH"}, {"asap", "PACING_MODE_FAST"}};

constexpr Window kClickWindows[] = {{0, "OFF"},
                                    {1, "ONE_DAY"},
                                    {7, "SEVEN_DAYS"},
                                    {14, "FOURTEEN_DAYS"},
                                    {28, "TWENTY_EIGHT_DAYS"}};
constexpr Window kViewWindows[] = {{0, "OFF"}, {1, "ONE_DAY"}, {7, "SEVEN_DAYS"}};

constexpr Age kAges[] = {{"AGE_13_17", 13, 17}, {"AGE_18_24", 18, 24}, {"AGE_25_34", 25, 34},
                         {"AGE_35_44", 35, 44}, {"AGE_45_54", 45, 54}, {"AGE_55_100", 55, 65}};

}  // namespace

const std::span<const Words> kObjectives = kObjectiveWords;
const std::span<const Words> kGoals = kGoalWords;
const std::span<const Words> kEvents = kEventWords;
const std::span<const Words> kCallsToAction = kCallWords;
const std::span<const Words> kIndustries = kIndustryWords;
const std::span<const Words> kPacings = kPacingWords;

std::optional<std::string> Theirs(std::span<const Words> words, std::string_view ours) {
  for (const Words& pair : words) {
    if (pair.ours == ours) return std::string(pair.theirs);
  }
  return std::nullopt;
}

std::optional<std::string> Ours(std::span<const Words> words, std::string_view theirs) {
  for (const Words& pair : words) {
    if (pair.theirs == theirs) return std::string(pair.ours);
  }
  return std::nullopt;
}

std::string Known(std::span<const Words> words) {
  std::vector<std::string_view> known;
  for (const Words& pair : words) {
    if (std::find(known.begin(), known.end(), pair.ours) == known.end()) known.push_back(pair.ours);
  }
  return fmt::format("{}", fmt::join(known, ", "));
}

std::span<const Age> Ages() { return kAges; }
std::span<const Window> ClickWindows() { return kClickWindows; }
std::span<const Window> ViewWindows() { return kViewWindows; }

std::string EffectiveStatus(std::string_view secondary) {
  if (secondary.ends_with("_DELETE")) return "removed";
  if (secondary == "CAMPAIGN_STATUS_ENABLE" || secondary.ends_with("_DELIVERY_OK")) return "active";
  if (secondary.ends_with("AUDIT_DENY") || secondary == "CAMPAIGN_STATUS_REVIEW_DISAPPROVED") {
    return "rejected";
  }
  if (secondary.ends_with("_AUDIT") || secondary.ends_with("_REAUDIT")) return "in_review";
  if (secondary == "CAMPAIGN_STATUS_DISABLE" || secondary == "ADGROUP_STATUS_DISABLE" ||
      secondary == "AD_STATUS_DISABLE") {
    return "paused";
  }
  if (secondary.ends_with("_CAMPAIGN_DISABLE") || secondary.ends_with("_ADGROUP_DISABLE")) {
    return "parent_paused";
  }
  if (secondary.ends_with("_DONE")) return "ended";
  if (secondary.ends_with("_EXCEED") || secondary.ends_with("_FROZEN") ||
      secondary.find("PARTIAL") != std::string_view::npos) {
    return "limited";
  }
  return "other";
}

std::optional<std::string> ReviewStatus(std::string_view secondary) {
  if (secondary == "AD_STATUS_AUDIT" || secondary == "AD_STATUS_REAUDIT") return "pending";
  if (secondary == "AD_STATUS_AUDIT_DENY") return "rejected";
  if (secondary == "AD_STATUS_DELIVERY_OK") return "approved";
  if (secondary == "AD_STATUS_REVIEW_PARTIALLY_APPROVED" ||
      secondary.starts_with("AD_STATUS_PARTIAL_AUDIT")) {
    return "limited";
  }
  return std::nullopt;
}

std::string_view Noun(Level level) {
  switch (level) {
    case Level::kCampaign:
      return "campaign";
    case Level::kAdGroup:
      return "adgroup";
    case Level::kAd:
      return "ad";
    case Level::kAccount:
    case Level::kConversion:
    case Level::kAsset:
      break;
  }
  Bug();
}

std::string IdField(Level level) { return fmt::format("{}_id", Noun(level)); }
std::string NameField(Level level) { return fmt::format("{}_name", Noun(level)); }

std::string Text(const Json& object, std::string_view member) {
  if (!object.is_object()) return {};
  const auto at = object.find(member);
  if (at == object.end() || !at->is_string()) return {};
  return at->get<std::string>();
}

Result<std::string> Id(const Json& object, std::string_view member) {
  std::string id = Text(object, member);
  if (id.empty()) {
    return Fail(Errc::kBadAnswer,
                fmt::format("TikTok told an object without its {}; read again", member));
  }
  return id;
}

Result<std::string> LocalToUtc(std::string_view local, const Zone& zone) {
  MAXOPT_TRY(const LocalTime time, ParseLocal(local));
  const auto utc = std::chrono::floor<std::chrono::seconds>(zone.ToInstant(time));
  return PrintLocal(LocalTime(utc.time_since_epoch()));
}

Result<std::string> UtcToLocal(std::string_view utc, const Zone& zone) {
  MAXOPT_TRY(const LocalTime time, ParseLocal(utc));
  return PrintLocal(zone.LocalOf(Instant(time.time_since_epoch())));
}

}  // namespace maxopt::tiktok
