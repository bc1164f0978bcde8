#include "app/canary/canary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "connect/registry/registry.h"
#include "domain/digest.h"
#include "memory/campaigns/signals.h"
#include "memory/platforms/platforms.h"
#include "stages/setup/tracking/tracking.h"

namespace maxopt {
namespace {

constexpr std::chrono::seconds kCollectorPatience{15};
constexpr std::chrono::seconds kPlatformPatience{30};
constexpr std::size_t kAdPagesMax = 3;
constexpr std::string_view kEvent = "maxopt_canary";

std::string OriginOf(const std::string& url) {
  const auto parsed = http::ParseUrl(url);
  return parsed ? parsed->origin : "";
}

/// What the visit's parameters were, as the tag would read them.
struct Marks {
  std::map<std::string, std::string> utm, click_ids;
};
Marks MarksOf(const std::string& url) {
  Marks marks;
  if (const auto parsed = http::ParseUrl(url)) {
    for (const auto& [name, value] : parsed->query) {
      if (name.starts_with("utm_") && !value.empty()) marks.utm[name] = value;
      if (IsClickId(name) && !value.empty()) marks.click_ids[name] = value;
    }
  }
  return marks;
}

/// Which of `wanted` an event does not have; "" when it has all.
std::string Lost(const std::map<std::string, std::string>& wanted,
                 const std::map<std::string, std::string>& got) {
  std::vector<std::string> lost;
  for (const auto& [name, value] : wanted) {
    const auto at = got.find(name);
    if (at == got.end()) {
      lost.push_back(name + " is missing");
    } else if (at->second != value) {
      lost.push_back(fmt::format("{} is \"{}\", it was \"{}\"", name, at->second, value));
    }
  }
  return fmt::format("{}", fmt::join(lost, ", "));
}

class Flight {
 public:
  Flight(const CanaryWorld& world, const std::string& visit)
      : world_(world), marks_(MarksOf(visit)) {
    flight_.url = visit;
    const std::string number =
        Sha256Hex(visit + PrintInstant(world.clock->Now()) + PrintInstant(RealClock().Now()))
            .substr(0, 32);
    probe_ = number;
  }

  Result<CanaryFlight> Fly() {
    Land();
    MAXOPT_CHECK(Browse());
    MAXOPT_CHECK(Collect());
    Rehearse();
    return std::move(flight_);
  }

 private:
  void Step(std::string name, std::optional<bool> passed, std::string what) {
    flight_.steps.push_back({std::move(name), passed, std::move(what)});
  }

  void Land() {
    LandingOptions options;
    options.origin_map = world_.config->origin_map;
    options.allow_private = world_.config->allow_private;
    options.resolve = world_.resolve;
    seen_ = CheckLanding(flight_.url, *world_.pages, options);
    flight_.hops = seen_.hops;
    const bool there =
        seen_.answered && seen_.status >= 200 && seen_.status < 300 && !seen_.soft_error;
    const std::string way = seen_.hops.size() > 1
                                ? fmt::format("{} after {} redirects, at {}", seen_.status,
                                              seen_.hops.size() - 1, seen_.hops.back())
                                : fmt::format("{}", seen_.status);
    Step("landing", there, there ? way : seen_.what);
    const std::string end = seen_.hops.empty() ? flight_.url : seen_.hops.back();
    const Marks left = MarksOf(end);
    const std::string origin = OriginOf(end);
    for (const TrackedSite& site : world_.config->sites) {
      if (std::ranges::find(site.origins, origin) == site.origins.end()) continue;
      site_ = &site;
      origin_ = origin;
      flight_.site = site.site;
      flight_.client = site.client;
    }
    if (!there) {
      Step("parameters", std::nullopt, "");
      Step("click id", std::nullopt, "");
      Step("tag", std::nullopt, "");
      return;
    }
    const std::string lost = Lost(marks_.utm, left.utm);
    Step("parameters", seen_.parameters_survive,
         marks_.utm.empty() ? "the visit has none"
         : lost.empty()     ? "all are in the last address"
                            : lost);
    const std::string lost_id = Lost(marks_.click_ids, left.click_ids);
    Step("click id", seen_.click_id_survives,
         marks_.click_ids.empty() ? "the visit has none"
         : lost_id.empty()        ? "it is in the last address"
                                  : lost_id);
    Step("tag", seen_.tag_present.value_or(false),
         seen_.tag_present.value_or(false) ? "the page has it"
                                           : "the page has no script .../tag.js with data-site");
  }

  Result<> Browse() {
    if (!site_ || !seen_.tag_present.value_or(false)) {
      Step("browser", std::nullopt, "");
      return {};
    }
    if (!world_.browser || !world_.events || world_.config->collector.empty()) {
      Step("browser", std::nullopt,
           !world_.browser  ? "not asked for"
           : !world_.events ? "no collector ever ran here"
                            : "tracking.yaml does not say where the collector is (collector)");
      return {};
    }
    BrowserOptions options;
    options.origin_map = world_.config->origin_map;
    options.allow_private = world_.config->allow_private;
    options.collector_origin = world_.config->collector;
    options.resolve = world_.resolve;
    std::optional<TrackedEvent> event;
    const auto arrived = [&]() -> Result<bool> {
      MAXOPT_TRY(event, world_.events->Find(site_->site, "page_view", "probe-" + probe_));
      return event.has_value();
    };
    const auto fired = FireInBrowser(flight_.url, probe_, arrived, options);
    if (!fired) {
      Step("browser", false, fired.error().what);
    } else if (!*fired) {
      Step("browser", std::nullopt, "no Chromium is installed");
    } else if (!**fired || !event) {
      Step("browser", false, "a browser loaded the page, and no page view of it arrived");
    } else {
      std::string lost = Lost(marks_.utm, event->utm);
      if (event->consent) {
        const std::string lost_id = Lost(marks_.click_ids, event->click_ids);
        lost += (lost.empty() || lost_id.empty() ? "" : ", ") + lost_id;
      }
      Step("browser", lost.empty(),
           !lost.empty()    ? "its page view arrived, but " + lost
           : event->consent ? "its page view arrived with parameters and click id"
                            : "its page view arrived with the parameters; without consent from the "
                              "start no click id is told");
    }
    return {};
  }

  Result<http::Response> Tell(const std::string& body) {
    std::string base = world_.config->collector;
    if (const auto mapped = world_.config->origin_map.find(base);
        mapped != world_.config->origin_map.end()) {
      base = mapped->second;
    }
    return world_.wire->Send({.method = "POST",
                              .url = base + "/e",
                              .headers = {{"Content-Type", "text/plain"}, {"Origin", origin_}},
                              .body = body},
                             http::After(kCollectorPatience));
  }

  Result<> Collect() {
    const auto not_tried = [&](const std::string& why) {
      Step("collector", std::nullopt, why);
      Step("duplicates", std::nullopt, "");
    };
    if (!site_) {
      not_tried(seen_.hops.empty() ? ""
                                   : fmt::format("no site of tracking.yaml has the origin {}",
                                                 OriginOf(seen_.hops.back())));
      return {};
    }
    if (world_.config->collector.empty()) {
      not_tried("tracking.yaml does not say where the collector is (collector)");
      return {};
    }
    const std::string id = "probe-" + probe_;
    nlohmann::json event{{"id", id},
                         {"event", kEvent},
                         {"at", PrintInstant(world_.clock->Now())},
                         {"url", origin_ + "/"},
                         {"visitor", probe_.substr(0, 16)},
                         {"consent", "granted"}};
    if (!marks_.utm.empty()) event["utm"] = marks_.utm;
    if (!marks_.click_ids.empty()) event["click_ids"] = marks_.click_ids;
    const std::string body =
        nlohmann::json{{"site", site_->site}, {"events", nlohmann::json::array({event})}}.dump();
    const auto counts = [](const http::Response& answer) -> std::optional<std::pair<int, int>> {
      const auto told = nlohmann::json::parse(answer.body, nullptr, false);
      if (answer.status != 200 || !told.is_object() || !told.contains("stored") ||
          !told["stored"].is_number_integer() || !told.contains("duplicates") ||
          !told["duplicates"].is_number_integer()) {
        return std::nullopt;
      }
      return std::pair(told["stored"].get<int>(), told["duplicates"].get<int>());
    };
    const auto first = Tell(body);
    const auto stored = first ? counts(*first) : std::nullopt;
    if (!stored || *stored != std::pair(1, 0)) {
      Step("collector", false,
           !first ? first.error().what
                  : fmt::format("it answered {}: {}", first->status, first->body.substr(0, 200)));
      Step("duplicates", std::nullopt, "");
      return {};
    }
    if (!world_.events) {
      Step("collector", false,
           "it took the event, and this home has no event store: it is another home's collector");
    } else {
      MAXOPT_TRY(const std::optional<TrackedEvent> kept,
                 world_.events->Find(site_->site, std::string(kEvent), id));
      const std::string lost =
          !kept ? "it is not in this home's event store" : Lost(marks_.click_ids, kept->click_ids);
      Step("collector", lost.empty(),
           lost.empty() ? "the event is in the store with its click id"
                        : "the collector took the event, but " + lost);
    }
    const auto second = Tell(body);
    const auto again = second ? counts(*second) : std::nullopt;
    Step("duplicates", again == std::pair(0, 1),
         again == std::pair(0, 1) ? "told twice, stored once"
         : !second                ? second.error().what
                   : fmt::format("told again, it answered {}", second->body.substr(0, 200)));
    return {};
  }

  void Rehearse() {
    if (!site_) return;
    if (std::ranges::find(world_.config->send_conversions, site_->client,
                          &ConversionRoute::client) == world_.config->send_conversions.end()) {
      return Step("platform", std::nullopt,
                  "send_conversions of tracking.yaml names nothing of this client");
    }
    for (const ConversionRoute& route : world_.config->send_conversions) {
      if (route.client != site_->client) continue;
      const std::string name = "platform " + DestinationOf(route);
      if (!world_.sender) {
        Step(name, std::nullopt, "nothing is to be sent to any platform");
        continue;
      }
      const bool needs_code = route.account.platform != Platform::kGoogleAds;
      if (needs_code && route.test_code.empty()) {
        Step(name, std::nullopt, "tracking.yaml has no test_code of its events manager");
        continue;
      }
      const auto sender = world_.sender(route);
      if (!sender) {
        Step(name, false, sender.error().what);
        continue;
      }
      Conversion conversion;
      conversion.event = route.events.begin()->second;
      conversion.id = "probe-" + probe_;
      conversion.at = world_.clock->Now();
      // Platforms want a value with a purchase; of a rehearsal nothing is counted.
      conversion.value = Money::Micros(1'000'000, kEur);
      conversion.url = origin_ + "/";
      conversion.user_agent = "maxopt-canary/1";
      conversion.visitor = probe_.substr(0, 16);
      conversion.click_ids = marks_.click_ids;
      // Each platform knows its own click id only.
      const PlatformSpec* spec = PlatformSpecs::BuiltIn().Find(route.account.platform);
      if (spec != nullptr && !spec->click_id.empty()) {
        conversion.click_ids.try_emplace(spec->click_id, "maxopt-canary");
      }
      const auto taken =
          (*sender)->Rehearse(conversion, route.test_code, http::After(kPlatformPatience));
      Step(name, taken.has_value(),
           taken ? fmt::format("the test end took {}", conversion.event) : taken.error().what);
    }
  }

  const CanaryWorld& world_;
  const Marks marks_;
  std::string probe_;
  CanaryFlight flight_;
  LandingEvidence seen_;
  const TrackedSite* site_ = nullptr;
  std::string origin_;
};

}  // namespace

Result<CanaryFlight> FlyCanary(const CanaryWorld& world, const std::string& visit) {
  return Flight(world, visit).Fly();
}

Result<std::string> AsAdVisit(const std::string& url) {
  if (url.find("utm_") != std::string::npos) return url;
  UrlTags tags;
  tags.text = "utm_source=google&utm_medium=cpc&utm_campaign=maxopt-check";
  return ExampleVisit(url, tags, {}, "gclid");
}

Result<std::vector<std::string>> CanaryVisits(Home& home, const TrackingConfig& config,
                                              const std::string& client) {
  std::vector<std::string> visits;
  std::vector<std::string> fronts;
  for (const TrackedSite& site : config.sites) {
    if (site.client != client) continue;
    fronts.push_back(site.origins.front() + "/");
    for (const std::string& page : site.canary) {
      MAXOPT_TRY(std::string visit, AsAdVisit(page));
      visits.push_back(std::move(visit));
    }
  }
  if (!visits.empty() || fronts.empty()) return visits;
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, home.store().Accounts());
  std::set<std::string> pages;
  for (const ClientAccount& account : accounts) {
    if (account.client != client) continue;
    const PlatformSpec* spec = PlatformSpecs::BuiltIn().Find(account.info.account.platform);
    if (spec == nullptr) continue;
    MAXOPT_TRY(const std::vector<OwnedObject> objects, home.store().Objects(account.info.account));
    for (const OwnedObject& object : objects) {
      const std::string page = TextField(object.last_applied, "landing_url");
      if (object.level != Level::kAd || page.empty() || visits.size() >= kAdPagesMax) continue;
      UrlTags tags;
      tags.text = TextField(object.last_applied, "url_tags");
      if (tags.text.empty() || !pages.insert(page).second) continue;
      const auto visit = ExampleVisit(page, tags, spec->macros, spec->click_id);
      if (visit) visits.push_back(*visit);
    }
  }
  if (visits.empty()) {
    for (const std::string& front : fronts) {
      MAXOPT_TRY(std::string visit, AsAdVisit(front));
      visits.push_back(std::move(visit));
    }
  }
  return visits;
}

Result<CanaryReport> RunCanaries(Home& home, const std::vector<std::string>& visits,
                                 const CanaryOptions& options) {
  MAXOPT_TRY(const TrackingConfig config, ReadTrackingConfig(home.folder()));
  MAXOPT_TRY(const std::vector<Connection> connections, home.Connections());
  std::unique_ptr<EventStore> events;
  const std::string folder = EventStore::PathIn(home.folder());
  if (std::filesystem::exists(folder)) {
    MAXOPT_TRY(events, EventStore::OpenToRead(folder));
  }
  // The home lends its clock; a shared pointer that owns nothing is all that a sender needs.
  const std::shared_ptr<Clock> clock(std::shared_ptr<Clock>(), &home.clock());
  CanaryWorld world{.config = &config,
                    .events = events.get(),
                    .clock = &home.clock(),
                    .pages = MakeLandingTransport(),
                    .wire = http::MakeCurlTransport(),
                    .browser = options.browser};
  if (options.platforms && !home.halted()) {
    world.sender = [&](const ConversionRoute& route) -> Result<std::shared_ptr<ConversionSender>> {
      const auto connection = std::ranges::find_if(connections, [&](const Connection& one) {
        return one.account == route.account && one.client == route.client;
      });
      if (connection == connections.end()) {
        return Fail(Errc::kNotFound, fmt::format("connections.yaml has no account {} of {}",
                                                 PrintAccount(route.account), route.client));
      }
      return MakeConversionSender(*connection, route.to, http::MakeCurlTransport(), clock);
    };
  }
  CanaryReport report;
  for (const std::string& visit : visits) {
    if (options.stopping && options.stopping()) break;
    MAXOPT_TRY(CanaryFlight flight, FlyCanary(world, visit));
    report.flights.push_back(std::move(flight));
  }
  // One signal a site, over all its flights.
  std::map<std::string, std::vector<const CanaryFlight*>> by_site;
  for (const CanaryFlight& flight : report.flights) {
    if (!flight.site.empty()) by_site[flight.site].push_back(&flight);
  }
  // A page that does not answer ends nowhere: it is the site's that its own address names.
  for (const CanaryFlight& flight : report.flights) {
    if (!flight.site.empty()) continue;
    for (const TrackedSite& site : config.sites) {
      if (std::ranges::find(site.origins, OriginOf(flight.url)) != site.origins.end()) {
        by_site[site.site].push_back(&flight);
      }
    }
  }
  for (const auto& [site, flights] : by_site) {
    const auto owner = std::ranges::find(config.sites, site, &TrackedSite::site);
    std::vector<CanaryStep> steps;
    for (const CanaryFlight* flight : flights) {
      for (CanaryStep step : flight->steps) {
        const auto url = http::ParseUrl(flight->url);
        if (flights.size() > 1 && url) step.name += " " + url->path;
        steps.push_back(std::move(step));
      }
    }
    SignalHealth signal;
    signal.client = owner->client;
    signal.name = "canary " + site;
    signal.since = signal.seen_at = home.clock().Now();
    MAXOPT_TRY(const std::vector<SignalHealth> kept, Signals(home.store(), owner->client));
    const auto before = std::ranges::find(kept, signal.name, &SignalHealth::name);
    report.signals.push_back(JudgeCanary(
        std::move(signal), steps, before == kept.end() ? std::nullopt : std::optional(*before)));
  }
  if (options.keep) MAXOPT_CHECK(SaveSignals(home.store(), report.signals));
  return report;
}

}  // namespace maxopt
