#include "sim/world/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/control/control.h"
#include "sim/google_ads/google_ads.h"
#include "sim/meta/meta.h"
#include "sim/tiktok/tiktok.h"

namespace maxopt::sim {
namespace {

struct Served {
  Platform platform;
  std::string_view version;
  std::string_view origin;
  std::map<std::string, std::optional<Instant>> versions;
  std::map<std::string, std::string> secrets;
};

Instant Sunset(std::string_view day) { return Zone::Utc().Begin(*ParseDay(day)); }

/// Versions with the days from which the platforms refuse them; the newest has none known.
std::vector<Served> AllServed() {
  return {
      {Platform::kGoogleAds,
       "v25",
       "http://google-ads.sim",
       {{"v21", Sunset("2026-08-05")},
        {"v22", Sunset("2026-10-07")},
        {"v23", std::nullopt},
        {"v24", std::nullopt},
        {"v25", std::nullopt}},
       {{"client_id", "sim-client-id"},
        {"client_secret", "sim-client-secret"},
        {"refresh_token", "sim-refresh-token"}}},
      {Platform::kMeta,
       "v26.0",
       "http://meta.sim",
       {{"v25.0", std::nullopt}, {"v26.0", std::nullopt}},
       {{"access_token", "sim-meta-token"}}},
      {Platform::kTikTok,
       "v1.3",
       "http://tiktok.sim",
       {{"v1.3", std::nullopt}},
       {{"access_token", "sim-tiktok-token"}}},
  };
}

std::unique_ptr<PlatformServer> MakeServer(Platform platform, Market& market, Clock& clock,
                                           ServerOptions options) {
  if (platform == Platform::kGoogleAds) {
    return MakeGoogleAdsServer(market, clock, std::move(options));
  }
  if (platform == Platform::kMeta) return MakeMetaServer(market, clock, std::move(options));
  return MakeTikTokServer(market, clock, std::move(options));
}

class WorldImpl final : public World {
 public:
  WorldImpl(WorldOptions options, const Zone& shop_zone, std::map<Platform, Zone> zones)
      : options_(std::move(options)),
        clock_(std::chrono::floor<std::chrono::hours>(shop_zone.Begin(options_.first_day))),
        market_(Market::Make({.seed = options_.seed,
                              .start = clock_.Now(),
                              .currency = options_.currency,
                              .shop_zone = options_.shop_zone,
                              .brand_terms = options_.brand_terms,
                              .noise = options_.noise})) {
    for (auto& served : AllServed()) {
      const auto account = options_.accounts.find(served.platform);
      if (account == options_.accounts.end()) continue;
      auto place = std::make_unique<Place>(served);
      const AccountSetup setup{{served.platform, account->second.id},
                               account->second.currency,
                               zones.at(served.platform)};
      place->server = MakeServer(served.platform, *market_, clock_,
                                 {.accounts = {{setup, account->second.name}},
                                  .versions = served.versions,
                                  .secrets = served.secrets});
      PlatformServer* const server = place->server.get();
      place->handler =
          WithFaults([server](const http::Request& request) { return server->Handle(request); },
                     place->faults);
      place->origin = served.origin;
      places_.emplace(served.platform, std::move(place));
    }
    Controlled controlled{clock_, *market_, {}, {}};
    for (const auto& [platform, place] : places_) {
      controlled.servers.emplace(platform, place->server.get());
      controlled.faults.emplace(platform, &place->faults);
    }
    control_ = MakeControl(std::move(controlled));
  }

  const WorldOptions& options() const override { return options_; }
  VirtualClock& clock() override { return clock_; }
  Market& market() override { return *market_; }
  PlatformServer& server(Platform platform) override { return *At(platform).server; }
  FaultPlan& faults(Platform platform) override { return At(platform).faults; }
  AccountId account(Platform platform) const override {
    return {platform, options_.accounts.at(platform).id};
  }
  const std::map<std::string, std::string>& credentials(Platform platform) const override {
    return At(platform).served.secrets;
  }
  std::string version(Platform platform) const override {
    return std::string(At(platform).served.version);
  }
  void AdvanceTo(Instant to) override { AdvanceWorld(clock_, *market_, to); }

  Result<> Listen(const WorldPorts& ports) override {
    const auto serve = [&](const http::Handler& handler, int port) {
      return http::Serve(handler, {.address = ports.address, .port = port});
    };
    for (auto& [platform, place] : places_) {
      const auto port = ports.platforms.find(platform);
      MAXOPT_TRY(place->listening,
                 serve(place->handler, port == ports.platforms.end() ? 0 : port->second));
      place->origin = place->listening->origin();
    }
    MAXOPT_TRY(control_listening_, serve(control_, ports.control));
    control_origin_ = control_listening_->origin();
    return {};
  }

  std::string origin(Platform platform) const override { return At(platform).origin; }
  std::string control_origin() const override { return control_origin_; }

  std::shared_ptr<http::Transport> transport() override {
    std::map<std::string, http::Handler> handlers{{"http://control.sim", control_}};
    for (const auto& [platform, place] : places_) {
      handlers.emplace(place->served.origin, place->handler);
    }
    return http::MakeLoopbackTransport(std::move(handlers));
  }

 private:
  /// One platform of the world. The listening server goes first, then what it calls.
  struct Place {
    explicit Place(Served s) : served(std::move(s)), faults(served.platform) {}
    Served served;
    FaultPlan faults;
    std::unique_ptr<PlatformServer> server;
    http::Handler handler;
    std::unique_ptr<http::Server> listening;
    std::string origin;
  };
  Place& At(Platform platform) const { return *places_.at(platform); }

  WorldOptions options_;
  VirtualClock clock_;
  std::unique_ptr<Market> market_;
  std::map<Platform, std::unique_ptr<Place>> places_;
  http::Handler control_;
  std::unique_ptr<http::Server> control_listening_;
  std::string control_origin_ = "http://control.sim";
};

}  // namespace

Result<std::unique_ptr<World>> World::Make(WorldOptions options) {
  MAXOPT_TRY(const Zone shop_zone, Zone::Find(options.shop_zone));
  std::map<Platform, Zone> zones;
  for (const auto& [platform, account] : options.accounts) {
    const auto served = AllServed();
    if (std::ranges::find(served, platform, &Served::platform) == served.end()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("the simulated world has no server for {}", PlatformName(platform)));
    }
    MAXOPT_TRY(const Zone zone, Zone::Find(account.zone));
    zones.emplace(platform, zone);
  }
  return std::make_unique<WorldImpl>(std::move(options), shop_zone, std::move(zones));
}

Split BestSplit(const Market& market, const std::vector<std::pair<Platform, Audience>>& channels,
                double total_per_day) {
  // Dynamic programming over steps, as S-shaped curves have no useful slope at nothing.
  constexpr std::size_t kSteps = 400;
  const double step = total_per_day / kSteps;
  std::vector<double> best(kSteps + 1, 0);
  std::vector<std::vector<std::size_t>> taken;
  for (const auto& [platform, audience] : channels) {
    std::vector<double> revenue;
    for (std::size_t i = 0; i <= kSteps; ++i) {
      revenue.push_back(market.SteadyRevenue(platform, audience, step * static_cast<double>(i)));
    }
    std::vector<double> better(kSteps + 1, 0);
    std::vector<std::size_t> take(kSteps + 1, 0);
    for (std::size_t n = 0; n <= kSteps; ++n) {
      for (std::size_t i = 0; i <= n; ++i) {
        const double sum = best[n - i] + revenue[i];
        if (i > 0 && sum <= better[n]) continue;
        better[n] = sum;
        take[n] = i;
      }
    }
    best = std::move(better);
    taken.push_back(std::move(take));
  }
  Split split{std::vector<double>(channels.size(), 0), best[kSteps]};
  std::size_t left = kSteps;
  for (std::size_t channel = channels.size(); channel-- > 0;) {
    const std::size_t steps = taken[channel][left];
    split.spend_per_day[channel] = step * static_cast<double>(steps);
    left -= steps;
  }
  return split;
}

}  // namespace maxopt::sim
