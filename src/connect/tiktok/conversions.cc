// Events API 2.0: POST event/track/.
#include <fmt/format.h>

#include <algorithm>

#include "connect/tiktok/client.h"
#include "connect/tiktok/tiktok.h"
#include "domain/digest.h"

namespace maxopt {
namespace {

using tiktok::Json;

/// 1000 events a call; two tellings of an event and event_id at one pixel within 48 hours are one.
/// TikTok attributes within 7 days of a click by default, and older web events train nothing.
constexpr ConversionRules kRules{1000, std::chrono::hours(7 * 24 - 1), std::chrono::hours(48)};

std::string Member(const std::map<std::string, std::string>& map, const char* name) {
  const auto at = map.find(name);
  return at == map.end() ? "" : at->second;
}

Json User(const Conversion& conversion) {
  Json user = Json::object();
  if (auto text = Member(conversion.hashed, "email"); !text.empty()) user["email"] = {text};
  // With the plus sign, E.164.
  if (auto text = Member(conversion.hashed, "phone_e164"); !text.empty()) user["phone"] = {text};
  if (!conversion.visitor.empty()) user["external_id"] = {Sha256Hex(conversion.visitor)};
  if (auto text = Member(conversion.click_ids, "ttclid"); !text.empty()) user["ttclid"] = text;
  if (auto text = Member(conversion.browser_ids, "ttp"); !text.empty()) user["ttp"] = text;
  if (!conversion.user_agent.empty()) user["user_agent"] = conversion.user_agent;
  return user;
}

class TikTokConversions final : public ConversionSender {
 public:
  TikTokConversions(tiktok::Client client, std::string pixel_code)
      : client_(std::move(client)), pixel_code_(std::move(pixel_code)) {}

  const ConversionRules& rules() const override { return kRules; }

  std::optional<std::string> Objection(const Conversion& conversion, Instant now) const override {
    if (conversion.at > now) return "it lies in the future";
    if (now - conversion.at > kRules.oldest) return "it is older than 7 days";
    if (conversion.value && conversion.value->negative()) return "it is a refund";
    Json user = User(conversion);
    user.erase("user_agent");
    if (user.empty()) return "it has nothing that TikTok could match";
    return std::nullopt;
  }

  std::vector<Result<ConversionAccepted>> Send(std::span<const Conversion> conversions,
                                               http::Deadline deadline) override {
    return Post(conversions, "", deadline);
  }

  Result<ConversionAccepted> Rehearse(const Conversion& conversion, const std::string& code,
                                      http::Deadline deadline) override {
    if (code.empty()) {
      return Fail(Errc::kInvalidArgument,
                  "TikTok needs a test_event_code: the events manager shows one under test events");
    }
    return Post({&conversion, 1}, code, deadline).front();
  }

  Result<std::optional<bool>> Check(const std::string&, http::Deadline) override {
    return std::optional(true);
  }

 private:
  /// With a test code the events are shown to people and counted nowhere.
  std::vector<Result<ConversionAccepted>> Post(std::span<const Conversion> conversions,
                                               const std::string& test_code,
                                               http::Deadline deadline) {
    Json list = Json::array();
    for (const Conversion& conversion : conversions) {
      Json event{
          {"event", conversion.event},
          {"event_time",
           std::chrono::floor<std::chrono::seconds>(conversion.at).time_since_epoch().count()},
          {"event_id", conversion.id},
          {"user", User(conversion)}};
      if (!conversion.url.empty()) event["page"] = {{"url", conversion.url}};
      if (conversion.value) {
        event["properties"] = {{"currency", conversion.value->currency().name()},
                               {"value", MoneyToken(*conversion.value)},
                               {"order_id", conversion.id}};
      }
      list.push_back(std::move(event));
    }
    Json body{{"event_source", "web"}, {"event_source_id", pixel_code_}, {"data", std::move(list)}};
    if (!test_code.empty()) body["test_event_code"] = test_code;
    const auto answer = client_.Post("event/track/", body, false, deadline);
    if (!answer) return ForAll(conversions.size(), std::unexpected(answer.error()));
    return ForAll(conversions.size(), ConversionAccepted{.request_id = answer->request_id});
  }

  const tiktok::Client client_;
  const std::string pixel_code_;
};

}  // namespace

Result<std::shared_ptr<ConversionSender>> MakeTikTokConversions(
    const Connection& connection, const std::string& pixel_code,
    std::shared_ptr<http::Transport> wire, std::shared_ptr<Clock> clock) {
  const auto token = connection.secrets.find("access_token");
  if (token == connection.secrets.end() || token->second.empty()) {
    return Fail(Errc::kUnauthenticated, "the connection of TikTok has no access_token");
  }
  if (pixel_code.empty() || pixel_code.size() > 64 ||
      !std::ranges::all_of(pixel_code, [](unsigned char c) { return std::isalnum(c); })) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("\"{}\" is no pixel code of TikTok: letters and digits", pixel_code));
  }
  std::string base =
      connection.base_url.empty() ? "https://business-api.tiktok.com" : connection.base_url;
  while (base.ends_with('/')) base.pop_back();
  RetryPolicy policy;
  policy.calls_per_second = connection.calls_per_second;
  policy.burst = std::max(1.0, 2 * connection.calls_per_second);
  tiktok::Client client(
      {.base_url = std::move(base),
       .version = connection.version.empty() ? "v1.3" : connection.version,
       .access_token = token->second,
       .page_size = 100},
      MakeRetryingTransport(std::move(wire), ClassifyTikTok, policy, std::move(clock)));
  return std::make_shared<TikTokConversions>(std::move(client), pixel_code);
}

}  // namespace maxopt
