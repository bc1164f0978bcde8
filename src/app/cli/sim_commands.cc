// sim serve: the platforms' servers over a simulated market, for people and tests.
#include <fmt/core.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/cli/commands.h"
#include "app/demo/demo.h"
#include "app/home/home.h"
#include "http/http.h"
#include "sim/shop/shop.h"
#include "sim/world/world.h"

namespace maxopt {
namespace {

constexpr Platform kPlatforms[] = {Platform::kGoogleAds, Platform::kMeta, Platform::kTikTok};

volatile std::sig_atomic_t stopped = 0;
void OnSignal(int) { stopped = 1; }

/// tracking.yaml of the simulated client: its shop stands for https://alpenglow.example.
std::string ShopTracking(const std::string& shop, const std::string& collector) {
  return fmt::format(R"yaml(# Written by maxopt sim serve, for its shop.
maxopt: tracking/1
collector: {collector}
sites:
  - site: alpenglow
    client: Alpenglow
    origins: [https://alpenglow.example, http://alpenglow.example, "{shop}"]
    secret: simulated-shop-secret-never-in-production
origin_map:
  https://alpenglow.example: {shop}
  http://alpenglow.example: {shop}
)yaml",
                     fmt::arg("shop", shop), fmt::arg("collector", collector));
}

}  // namespace

Result<int> SimServeCommand(const CommandContext& context, const SimArguments& arguments) {
  sim::WorldOptions options;
  options.seed = arguments.seed;
  MAXOPT_TRY(const Day start, ParseDay(arguments.start));
  options.first_day = start - std::chrono::days(arguments.history_days);
  MAXOPT_TRY(const std::unique_ptr<sim::World> world, sim::World::Make(options));
  if (arguments.history_days > 0) {
    sim::HistoryOptions history;
    history.days = arguments.history_days;
    MAXOPT_CHECK(sim::LiveThroughHistory(*world, history));
  }
  sim::WorldPorts ports;
  if (arguments.port > 0) {
    int port = arguments.port;
    ports.control = port++;
    for (const Platform platform : kPlatforms) ports.platforms[platform] = port++;
  }
  MAXOPT_CHECK(world->Listen(ports));
  sim::ShopOptions shop_options;
  shop_options.collector_origin = arguments.collector;
  http::ServerOptions shop_port;
  if (arguments.port > 0)
    shop_port.port = arguments.port + 1 + static_cast<int>(std::size(kPlatforms));
  MAXOPT_TRY(const std::unique_ptr<http::Server> shop,
             http::Serve(sim::MakeShop(shop_options), shop_port));
  if (!arguments.home.empty()) {
    MAXOPT_CHECK(Home::Init(arguments.home));
    MAXOPT_TRY(const std::string yaml, ConnectionsYaml(*world));
    MAXOPT_CHECK(WriteWholeFile(arguments.home + "/connections.yaml", yaml));
    MAXOPT_CHECK(WriteWholeFile(arguments.home + "/tracking.yaml",
                                ShopTracking(shop->origin(), arguments.collector)));
  }
  nlohmann::ordered_json json{{"control", world->control_origin()}, {"shop", shop->origin()}};
  for (const Platform platform : kPlatforms) {
    json[std::string(PlatformName(platform))] = {{"origin", world->origin(platform)},
                                                 {"version", world->version(platform)},
                                                 {"account", world->account(platform).id}};
  }
  if (context.json) {
    fmt::print("{}\n", json.dump());
  } else {
    for (const Platform platform : kPlatforms) {
      fmt::print("{:<11} {} {} account {}\n", PlatformName(platform), world->origin(platform),
                 world->version(platform), world->account(platform).id);
    }
    fmt::print("{:<11} {} for https://alpenglow.example\n", "shop", shop->origin());
    fmt::print("control     {0}\n\nexport MAXOPT_CLOCK={0}/clock   # live in this world's time\n",
               world->control_origin());
    if (!arguments.home.empty()) {
      fmt::print("maxopt --home {} connect\n", arguments.home);
    }
  }
  std::fflush(stdout);
  std::signal(SIGINT, OnSignal);
  std::signal(SIGTERM, OnSignal);
  while (!stopped) {
    if (arguments.hours_per_second <= 0) {
      ::usleep(100'000);
      continue;
    }
    ::usleep(static_cast<useconds_t>(1e6 / arguments.hours_per_second));
    world->AdvanceTo(world->clock().Now() + std::chrono::hours(1));
  }
  return kExitOk;
}

}  // namespace maxopt
