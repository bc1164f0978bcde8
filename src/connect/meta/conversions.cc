// Conversions API: POST /{pixel}/events.
// https://developers.facebook.com/docs/marketing-api/conversions-api/parameters
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "connect/meta/graph.h"
#include "connect/meta/meta.h"
#include "domain/digest.h"
#include "json/json.h"

namespace maxopt {
namespace {

using nlohmann::json;

/// Events older than seven days refuse the whole call; an hour less, for the call's own time. Two
/// tellings of an event_name and event_id within 48 hours are one.
constexpr ConversionRules kRules{1000, std::chrono::hours(7 * 24 - 1), std::chrono::hours(48)};

std::string Member(const std::map<std::string, std::string>& map, const char* name) {
  const auto at = map.find(name);
  return at == map.end() ? "" : at->second;
}

std::int64_t UnixSeconds(Instant at) {
  return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

json UserData(const Conversion& conversion) {
  json user = json::object();
  // Digits without plus, and the address trimmed in lower case, are Meta's forms.
  if (auto text = Member(conversion.hashed, "email"); !text.empty()) user["em"] = {text};
  if (auto text = Member(conversion.hashed, "phone_digits"); !text.empty()) user["ph"] = {text};
  if (!conversion.visitor.empty()) user["external_id"] = {Sha256Hex(conversion.visitor)};
  if (!conversion.user_agent.empty()) user["client_user_agent"] = conversion.user_agent;
  if (auto text = Member(conversion.browser_ids, "fbp"); !text.empty()) user["fbp"] = text;
  if (auto text = Member(conversion.browser_ids, "fbc"); !text.empty()) {
    user["fbc"] = text;
  } else if (auto click = Member(conversion.click_ids, "fbclid"); !click.empty()) {
    // fb.<subdomain index>.<when the click id was seen, ms>.<fbclid>; the event is the first time
    // that we can vouch for.
    user["fbc"] = fmt::format("fb.1.{}.{}", UnixSeconds(conversion.at) * 1000, click);
  }
  return user;
}

class MetaConversions final : public ConversionSender {
 public:
  MetaConversions(std::shared_ptr<meta::Graph> graph, std::string pixel)
      : graph_(std::move(graph)), pixel_(std::move(pixel)) {}

  const ConversionRules& rules() const override { return kRules; }

  std::optional<std::string> Objection(const Conversion& conversion, Instant now) const override {
    if (conversion.at > now) return "it lies in the future";
    if (now - conversion.at > kRules.oldest) return "it is older than the 7 days that Meta takes";
    if (conversion.value && conversion.value->negative()) return "it is a refund";
    json user = UserData(conversion);
    user.erase("client_user_agent");  // alone it matches nobody
    if (user.empty()) return "it has nothing that Meta could match";
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
                  "Meta needs a test_event_code: the events manager shows one under test events");
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
    json list = json::array();
    for (const Conversion& conversion : conversions) {
      // Website events need the browser's user agent and the page.
      const bool website = !conversion.user_agent.empty() && !conversion.url.empty();
      json event{{"event_name", conversion.event},
                 {"event_time", UnixSeconds(conversion.at)},
                 {"event_id", conversion.id},
                 {"action_source", website ? "website" : "other"},
                 {"user_data", UserData(conversion)}};
      if (!conversion.url.empty()) event["event_source_url"] = conversion.url;
      if (conversion.value) {
        event["custom_data"] = {{"currency", conversion.value->currency().name()},
                                {"value", MoneyToken(*conversion.value)},
                                {"order_id", conversion.id}};
      }
      list.push_back(std::move(event));
    }
    std::string trace;
    std::vector<std::pair<std::string, std::string>> form{{"data", PrintExactJson(list)}};
    if (!test_code.empty()) form.emplace_back("test_event_code", test_code);
    const auto answer =
        graph_->Send(pixel_ + "/events", form, meta::Post::kWrite, deadline, &trace);
    if (!answer) return ForAll(conversions.size(), std::unexpected(answer.error()));
    const json* received = meta::Member(*answer, "events_received");
    if (received == nullptr || !received->is_number_integer() ||
        received->get<std::size_t>() != conversions.size()) {
      return ForAll(conversions.size(),
                    Fail(Errc::kUnknownOutcome, "Meta did not say that it received all events"));
    }
    const std::string id = meta::Text(*answer, "fbtrace_id");
    return ForAll(conversions.size(), ConversionAccepted{.request_id = id.empty() ? trace : id});
  }

  const std::shared_ptr<meta::Graph> graph_;
  const std::string pixel_;
};

}  // namespace

Result<std::shared_ptr<ConversionSender>> MakeMetaConversions(const Connection& connection,
                                                              const std::string& pixel,
                                                              std::shared_ptr<http::Transport> wire,
                                                              std::shared_ptr<Clock> clock) {
  if (pixel.empty() || pixel.find_first_not_of("0123456789") != std::string::npos) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("\"{}\" is no pixel of Meta: its id in digits is needed", pixel));
  }
  RetryPolicy policy;
  policy.calls_per_second = connection.calls_per_second;
  policy.burst = std::max(1.0, 2 * connection.calls_per_second);
  MAXOPT_TRY(auto graph,
             meta::Graph::Make(connection, MakeRetryingTransport(std::move(wire), ClassifyMeta,
                                                                 policy, std::move(clock))));
  return std::make_shared<MetaConversions>(std::move(graph), pixel);
}

}  // namespace maxopt
