#include <fmt/format.h>

#include <algorithm>

#include "sim/tiktok/state.h"
#include "sim/tiktok/tiktok.h"

namespace maxopt::sim::tiktok {
namespace {

constexpr std::size_t kPixelNameMax = 40;
constexpr std::int64_t kPageSizeMax = 20;
constexpr std::size_t kEventsMax = 50;

/// The code that a website carries: 20 characters of 0-9 and A-Z, from the id.
std::string CodeOf(const std::string& id) {
  constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
  std::uint64_t number = 14'695'981'039'346'656'037u;  // FNV-1a
  for (const char c : id) {
    number ^= static_cast<unsigned char>(c);
    number *= 1'099'511'628'211u;
  }
  std::string code = "C";
  while (code.size() < 20) {
    code += kDigits[number >> 59];
    number = number * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
  }
  return code;
}

std::vector<std::string> Events() {
  std::vector<std::string> events;
  const std::string_view words = EnumWords("optimization_event");
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find(' ', at), words.size());
    events.emplace_back(words.substr(at, end - at));
    at = end + 1;
  }
  return events;
}

Json ShowPixel(const Pixel& pixel) {
  Json events = Json::array();
  for (const std::string& event : pixel.events) {
    events.push_back({{"event_id", fmt::format("{}{:02}", pixel.id, events.size())},
                      {"event_type", event},
                      {"optimization_event", event},
                      {"name", event},
                      {"statistic_type", "EVERY_TIME"},
                      {"deprecated", false},
                      {"rules", Json::array()}});
  }
  return {{"pixel_id", pixel.id},
          {"pixel_code", pixel.code},
          {"pixel_name", pixel.name},
          {"pixel_setup_mode", "DEVELOPER"},
          {"activity_status", pixel.events.empty() ? "NO_RECENT_ACTIVITY" : "ACTIVE"},
          {"create_time", PrintUtc(pixel.created_at)},
          {"events", std::move(events)}};
}

}  // namespace

Pixel FirstPixel(const ServedAccount& served, Instant now) {
  return {.id = TikTokPixelIdOf(served.setup.account),
          .code = "C" + served.setup.account.id,
          .name = served.name + " shop",
          .events = Events(),
          .created_at = now};
}

Api<Json> TikTokServer::PixelList(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  for (const auto& [name, value] : call.query) {
    if (!IsOneOf("advertiser_id pixel_id code name order_by filtering page page_size", name)) {
      return Refuse(kBadParameter, fmt::format("{}: Unknown field.", name));
    }
  }
  MAXOPT_TRY(const Page page, PageOf(call, 10, kPageSizeMax));
  const auto param = [&](const char* name) {
    const auto at = call.query.find(name);
    return at == call.query.end() ? std::string() : at->second;
  };
  const std::string order = param("order_by");
  if (!order.empty() && !IsOneOf("EARLIEST_CREATE LATEST_CREATE", order)) {
    return Refuse(kBadParameter, fmt::format("order_by: {} is not an order.", order));
  }
  std::vector<const Pixel*> found;
  for (const Pixel& pixel : account->pixels) {
    if (!param("pixel_id").empty() && pixel.id != param("pixel_id")) continue;
    if (!param("code").empty() && pixel.code != param("code")) continue;
    if (Lower(pixel.name).find(Lower(param("name"))) == std::string::npos) continue;
    found.push_back(&pixel);
  }
  if (order == "LATEST_CREATE") std::reverse(found.begin(), found.end());
  Json list = Json::array();
  const auto first = static_cast<std::size_t>((page.page - 1) * page.page_size);
  for (std::size_t i = first;
       i < found.size() && i < first + static_cast<std::size_t>(page.page_size); ++i) {
    list.push_back(ShowPixel(*found[i]));
  }
  return Json{{"pixels", std::move(list)}, {"page_info", PageInfo(page, found.size())}};
}

Api<Json> TikTokServer::PixelCreate(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  MAXOPT_CHECK(CheckMembers(call.body, "advertiser_id pixel_name pixel_category partner_name"));
  MAXOPT_TRY(const std::string name, NeedText(call.body, "pixel_name"));
  MAXOPT_CHECK(CheckName(name, "pixel_name", kPixelNameMax));
  const std::string category = TextOr(call.body, "pixel_category", "");
  if (!category.empty() &&
      !IsOneOf("ONLINE_STORE FILLING_FORM CONTACTS LANDING_PAGE CUSTOMIZE_EVENTS", category)) {
    return Refuse(kBadParameter, fmt::format("pixel_category: {} is not a category.", category));
  }
  Pixel pixel{.id = NextId(), .code = {}, .name = name, .events = {}, .created_at = clock_.Now()};
  pixel.code = CodeOf(pixel.id);
  account->pixels.push_back(pixel);
  return Json{{"pixel_id", pixel.id}, {"pixel_code", pixel.code}, {"pixel_name", pixel.name}};
}

Api<Json> TikTokServer::PixelUpdate(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  MAXOPT_CHECK(
      CheckMembers(call.body, "advertiser_id pixel_id pixel_name advanced_matching_fields"));
  MAXOPT_TRY(const std::string id, NeedText(call.body, "pixel_id"));
  MAXOPT_TRY(const std::string name, NeedText(call.body, "pixel_name"));
  MAXOPT_CHECK(CheckName(name, "pixel_name", kPixelNameMax));
  Pixel* const pixel = account->FindPixel(id);
  if (pixel == nullptr) {
    return Refuse(kNoObject, fmt::format("pixel_id: The pixel {} does not exist.", id));
  }
  pixel->name = name;
  return Json::object();
}

Api<Json> TikTokServer::PixelEventCreate(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Account* const account, AccountOf(call));
  MAXOPT_CHECK(CheckMembers(call.body, "advertiser_id pixel_id pixel_events"));
  MAXOPT_TRY(const std::string id, NeedText(call.body, "pixel_id"));
  Pixel* const pixel = account->FindPixel(id);
  if (pixel == nullptr) {
    return Refuse(kNoObject, fmt::format("pixel_id: The pixel {} does not exist.", id));
  }
  const Json events = call.body.value("pixel_events", Json());
  if (!events.is_array() || events.empty() || events.size() > kEventsMax) {
    return Refuse(kBadParameter, fmt::format("pixel_events: 1 to {} per call.", kEventsMax));
  }
  std::vector<std::string> added = pixel->events;
  for (const Json& event : events) {
    MAXOPT_CHECK(CheckMembers(event,
                              "currency currency_value event_code event_id event_name event_type "
                              "rules statistic_type"));
    MAXOPT_TRY(const std::string type, NeedText(event, "event_type"));
    if (!IsOneOf(EnumWords("optimization_event"), type)) {
      return Refuse(kBadParameter, fmt::format("event_type: {} is not an event type.", type));
    }
    if (std::find(added.begin(), added.end(), type) != added.end()) {
      return Refuse(kBadParameter,
                    fmt::format("event_type: The pixel {} has the event {} already.", id, type));
    }
    added.push_back(type);
  }
  pixel->events = std::move(added);
  return Json::object();
}

}  // namespace maxopt::sim::tiktok
