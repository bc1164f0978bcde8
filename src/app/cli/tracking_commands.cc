// events, tracking check: what arrived at the collector of the first-party tag, and landing pages.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "app/canary/canary.h"
#include "app/cli/commands.h"
#include "app/cli/landing.h"
#include "app/home/home.h"
#include "app/serve/serve.h"
#include "domain/digest.h"
#include "http/http.h"
#include "memory/events/events.h"
#include "stages/setup/tracking/tracking.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

bool IsWell(const LandingEvidence& seen) {
  return seen.status >= 200 && seen.status < 300 && seen.parameters_survive &&
         seen.click_id_survives && !seen.soft_error && seen.tag_present.value_or(false) &&
         seen.tag_fires.value_or(true);
}

std::string YesNo(std::optional<bool> answer) {
  return !answer ? "not checked" : *answer ? "yes" : "no";
}

std::string EventsPath(const CommandContext& context) { return EventStore::PathIn(context.home); }

}  // namespace

Result<int> EventsCommand(const CommandContext& context) {
  MAXOPT_TRY(const std::unique_ptr<EventStore> store, EventStore::OpenToRead(EventsPath(context)));
  MAXOPT_TRY(const std::vector<EventCount> counts, store->Counts());
  if (context.json) {
    ordered_json list = ordered_json::array();
    for (const EventCount& row : counts) {
      ordered_json value = ordered_json::object();
      for (const auto& [currency, money] : row.value) {
        value[std::string(currency.name())] = PrintDecimal(money);
      }
      list.push_back({{"site", row.site},
                      {"event", row.name},
                      {"campaign", row.campaign},
                      {"via", row.via},
                      {"probe", row.probe},
                      {"bot", row.bot},
                      {"count", row.count},
                      {"told_twice", row.told_twice},
                      {"with_click_id", row.with_click_id},
                      {"with_consent", row.with_consent},
                      {"value", value},
                      {"last_at", PrintInstant(row.last_at)}});
    }
    fmt::print("{}\n", ordered_json{{"events", list}}.dump(2));
    return kExitOk;
  }
  if (counts.empty()) {
    fmt::print("no event has arrived\n");
    return kExitOk;
  }
  fmt::print("{:<14} {:<16} {:<24} {:<6} {:>8} {:>9} {:>8}  {:<27} {}\n", "site", "event",
             "campaign", "via", "events", "click id", "consent", "last", "value");
  for (const EventCount& row : counts) {
    std::string value;
    for (const auto& [currency, money] : row.value) {
      value += (value.empty() ? "" : " + ") + PrintMoney(money);
    }
    fmt::print("{:<14} {:<16} {:<24} {:<6} {:>8} {:>9} {:>8}  {:<27} {}{}\n", row.site, row.name,
               row.campaign.empty() ? "-" : row.campaign, row.via, row.count, row.with_click_id,
               row.with_consent, PrintInstant(row.last_at), value,
               row.probe          ? "(probe of the tag)"
               : !row.bot.empty() ? fmt::format("(bot: {})", row.bot)
                                  : "");
  }
  return kExitOk;
}

Result<std::vector<LandingEvidence>> LookAtLandings(const CommandContext& context,
                                                    const std::vector<std::string>& visits,
                                                    bool browser) {
  MAXOPT_TRY(const TrackingConfig config, ReadTrackingConfig(context.home));
  LandingOptions options;
  options.origin_map = config.origin_map;
  options.allow_private = config.allow_private;
  const auto transport = MakeLandingTransport();
  std::vector<LandingEvidence> evidence = CheckLandings(visits, *transport, options);
  if (browser) {
    if (config.collector.empty()) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("{}/tracking.yaml does not say where the collector is; add collector: "
                      "https://... as pages write it",
                      context.home));
    }
    MAXOPT_TRY(const std::unique_ptr<EventStore> store,
               EventStore::OpenToRead(EventsPath(context)));
    BrowserOptions browser_options;
    browser_options.origin_map = config.origin_map;
    browser_options.allow_private = config.allow_private;
    browser_options.collector_origin = config.collector;
    for (LandingEvidence& seen : evidence) {
      if (!seen.tag_present.value_or(false)) continue;  // what is not there cannot fire
      const std::string probe = Sha256Hex(seen.url + PrintInstant(RealClock().Now())).substr(0, 32);
      const auto arrived = [&]() -> Result<bool> {
        for (const TrackedSite& site : config.sites) {
          MAXOPT_TRY(const auto found, store->Find(site.site, "page_view", "probe-" + probe));
          if (found) return true;
        }
        return false;
      };
      MAXOPT_TRY(seen.tag_fires, FireInBrowser(seen.url, probe, arrived, browser_options));
      if (!seen.tag_fires) seen.what += "; no Chromium is installed, so no browser was tried";
      if (seen.tag_fires == false)
        seen.what += "; a browser loaded the page and no page view of this check arrived";
    }
  }
  return evidence;
}

Result<int> TrackingCheckCommand(const CommandContext& context,
                                 const std::vector<std::string>& urls, bool browser) {
  std::vector<std::string> visits;
  for (const std::string& url : urls) {
    MAXOPT_TRY(std::string visit, AsAdVisit(url));
    visits.push_back(std::move(visit));
  }
  MAXOPT_TRY(const std::vector<LandingEvidence> evidence, LookAtLandings(context, visits, browser));
  bool well = true;
  ordered_json list = ordered_json::array();
  const auto word = [](std::optional<bool> answer) {
    return answer ? ordered_json(*answer) : ordered_json();
  };
  for (const LandingEvidence& seen : evidence) {
    well = well && IsWell(seen);
    list.push_back({{"url", seen.url},
                    {"well", IsWell(seen)},
                    {"answered", seen.answered},
                    {"status", seen.status},
                    {"hops", seen.hops},
                    {"parameters_survive", seen.parameters_survive},
                    {"click_id_survives", seen.click_id_survives},
                    {"soft_error", seen.soft_error},
                    {"tag_present", word(seen.tag_present)},
                    {"tag_fires", word(seen.tag_fires)},
                    {"what", seen.what}});
    if (context.json) continue;
    fmt::print("{} {}\n", IsWell(seen) ? "ok  " : "FAIL", seen.url);
    for (std::size_t i = 1; i < seen.hops.size(); ++i) fmt::print("     -> {}\n", seen.hops[i]);
    fmt::print("     status {}, parameters {}, click id {}, tag {}, fires {}\n     {}\n",
               seen.status, seen.parameters_survive ? "kept" : "lost",
               seen.click_id_survives ? "kept" : "lost", YesNo(seen.tag_present),
               YesNo(seen.tag_fires), seen.what);
  }
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"pages", list}}.dump(2, ' ', false,
                                                          ordered_json::error_handler_t::replace));
  }
  return well ? kExitOk : kExitError;
}

}  // namespace maxopt
