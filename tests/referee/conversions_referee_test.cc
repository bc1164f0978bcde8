#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>

#include "app/serve/serve.h"
#include "connect/google_ads/google_ads.h"
#include "connect/meta/meta.h"
#include "memory/conversions/conversions.h"
#include "sim/server/conversions.h"
#include "stages/monitor/conversions/conversions.h"
#include "tests/referee/referee.h"

namespace maxopt {
namespace {

using nlohmann::json;

constexpr const char* kPixel = "998877";
constexpr const char* kAction = "987654";
constexpr const char* kAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101";

/// Conversions as a shop's page tells them: with addresses and numbers as people type them.
struct Told {
  const char* id;
  const char* email;
  const char* phone;
  const char* value;
  const char* click_id;  ///< name=value
  const char* browser_id;
};
const Told kTold[] = {
    {"order-1", " Anna.Smith+shop@GMail.com ", "+49 (30) 123-456", "129.90", "fbclid=AbC", ""},
    {"order-2", "j.doe@Example.DE", "+1 (650) 555-1212", "0.10", "gclid=Cj0KC", ""},
    {"order-3", "o'neil_99@sub.example.co.uk", "+44 20 7946 0958", "", "gclid=Cj1",
     "fbp=fb.1.1690000000000.12"},
    {"order-4", "", "+81 3-1234-5678", "5000", "fbclid=Zz9", "fbc=fb.1.1700000000000.Zz9"},
};

class World {
 public:
  World() {
    char name[] = "/tmp/maxopt-referee-XXXXXX";
    folder = ::mkdtemp(name);
    events = EventStore::Open(folder + "/events").value();
    outbox = ConversionOutbox::Open(folder + "/conversions.db").value();
    sockets = http::Serve([this](const http::Request& r) { return Answer(r); }).value();
  }
  ~World() {
    sockets.reset();
    std::filesystem::remove_all(folder);
  }

  /// The ends, and for the referee what counts there.
  http::Response Answer(const http::Request& request) {
    if (request.url == "/counts") {
      json out{{"now", PrintInstant(clock->Now())}, {"pixel", kPixel}, {"action", kAction}};
      for (const auto& count : receiver.Counts()) {
        out[count.destination == kPixel ? "meta" : "google"] = {{"counted", count.counted},
                                                                {"duplicates", count.duplicates},
                                                                {"rehearsed", count.rehearsed}};
      }
      return {.headers = {{"Content-Type", "application/json"}}, .body = out.dump()};
    }
    if (const auto pixel = sim::ConversionReceiver::MetaPixelOf(request)) {
      bodies.push_back(request);
      return receiver.Meta(*pixel, request);
    }
    if (sim::ConversionReceiver::IsGoogle(request)) {
      if (request.method == "POST") bodies.push_back(request);
      return receiver.Google(request);
    }
    return {.status = 404, .body = "nothing at " + request.url};
  }

  std::string folder;
  std::shared_ptr<VirtualClock> clock =
      std::make_shared<VirtualClock>(ParseInstant("2026-09-01T12:00:00Z").value());
  sim::ConversionReceiver receiver{*clock};
  std::unique_ptr<EventStore> events;
  std::unique_ptr<ConversionOutbox> outbox;
  std::vector<http::Request> bodies;
  std::unique_ptr<http::Server> sockets;
};

std::pair<std::string, std::string> Split(const std::string& text) {
  const auto at = text.find('=');
  return at == std::string::npos ? std::pair(std::string(), std::string())
                                 : std::pair(text.substr(0, at), text.substr(at + 1));
}

TEST(ConversionsReferee, OurSendersSayWhatTheOfficialLibrariesSay) {
  World world;
  // Told to the collector, which hashes; kept; sent by the outbox: the whole way of the product.
  TrackingConfig config;
  config.sites = {{.site = "shop", .client = "A", .origins = {"https://shop.example"}}};
  const auto collector = MakeCollector(config, *world.events, *world.clock);
  const Instant at = world.clock->Now() - std::chrono::seconds(30);
  const auto unix_seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  std::map<std::string, json> inputs;
  for (const Told& told : kTold) {
    json event{{"id", told.id},
               {"event", "purchase"},
               {"at", PrintInstant(at)},
               {"url", "https://shop.example/thanks"},
               {"visitor", "0123456789abcdef"},
               {"consent", "granted"}};
    json input{{"id", told.id},
               {"time", unix_seconds},
               {"url", "https://shop.example/thanks"},
               {"visitor", "0123456789abcdef"},
               {"user_agent", kAgent},
               {"event", "Purchase"}};
    const auto say = [&](const char* member, const char* text) {
      if (*text != '\0') event[member] = input[member] = text;
    };
    say("email", told.email);
    say("phone", told.phone);
    if (*told.value != '\0') {
      say("value", told.value);
      say("currency", "EUR");
    }
    if (const auto [name, value] = Split(told.click_id); !name.empty()) {
      event["click_ids"] = {{name, value}};
      input[name] = value;
    }
    if (const auto [name, value] = Split(told.browser_id); !name.empty()) {
      event["browser_ids"] = {{name, value}};
      input[name] = value;
    }
    const http::Response answer = http::Settle(
        collector({.method = "POST",
                   .url = "/e",
                   .headers = {{"User-Agent", kAgent}, {"Origin", "https://shop.example"}},
                   .body = json{{"site", "shop"}, {"events", {event}}}.dump()}));
    ASSERT_EQ(answer.status, 200) << answer.body;
    inputs[told.id] = input;
  }
  Connection connection;
  connection.base_url = world.sockets->origin();
  connection.settings = {{"data_manager_url", world.sockets->origin()}};
  connection.secrets = {{"access_token", "TOKEN"}};
  connection.calls_per_second = 1000;
  const auto wire = http::MakeCurlTransport();
  std::ofstream file(world.folder + "/exchanges");
  std::size_t sent = 0;
  for (const bool meta : {true, false}) {
    connection.account = {meta ? Platform::kMeta : Platform::kGoogleAds, "1234567890"};
    const auto sender = meta ? MakeMetaConversions(connection, kPixel, wire, world.clock)
                             : MakeGoogleConversions(connection, wire, world.clock);
    ASSERT_TRUE(sender) << sender.error().what;
    const ConversionRoute route{.client = "A",
                                .account = connection.account,
                                .to = meta ? kPixel : "",
                                .events = {{"purchase", meta ? "Purchase" : kAction}}};
    world.bodies.clear();
    const auto round = SendConversions(route, *world.events, *world.outbox, **sender, *world.clock);
    ASSERT_TRUE(round) << round.error().what;
    ASSERT_EQ(round->problem, "");
    for (const http::Request& request : world.bodies) {
      if (meta) {
        const auto form = http::DecodeForm(request.body);
        ASSERT_TRUE(form);
        const auto data =
            std::ranges::find(*form, "data", &std::pair<std::string, std::string>::first);
        ASSERT_NE(data, form->end());
        for (const json& event : json::parse(data->second)) {
          file << json{{"platform", "meta"},
                       {"input", inputs.at(event["event_id"])},
                       {"sent", event}}
               << "\n";
          ++sent;
        }
        continue;
      }
      const json body = json::parse(request.body);
      for (const json& event : body["events"]) {
        json one = body;
        one["events"] = json::array({event});
        file << json{{"platform", "google"},
                     {"input", inputs.at(event["transactionId"])},
                     {"sent", one}}
             << "\n";
        ++sent;
      }
    }
  }
  file.close();
  EXPECT_EQ(sent, 2 * std::size(kTold));

  const referee::Verdict verdict =
      referee::Run("conversions.cjs", {world.sockets->origin(), world.folder + "/exchanges"});
  std::fputs(verdict.output.c_str(), stdout);
  EXPECT_EQ(verdict.exit_code, 0) << verdict.output;
  EXPECT_TRUE(std::regex_search(verdict.output, std::regex("referee conversions: [0-9]+ judged")));
}

}  // namespace
}  // namespace maxopt
