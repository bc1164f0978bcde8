// tracking canary: one visit that is nobody's, from the ad's link to the platform's test end.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "app/canary/canary.h"
#include "app/cli/canary.h"
#include "app/cli/open.h"

namespace maxopt {

using nlohmann::ordered_json;

Result<int> TrackingCanaryCommand(const CommandContext& context, const CanaryArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  std::vector<std::string> visits;
  const bool url = arguments.target.find("://") != std::string::npos;
  if (url) {
    MAXOPT_TRY(std::string visit, AsAdVisit(arguments.target));
    visits.push_back(std::move(visit));
  } else {
    MAXOPT_CHECK(home->store().GetClient(arguments.target));
    MAXOPT_TRY(const TrackingConfig config, ReadTrackingConfig(home->folder()));
    MAXOPT_TRY(visits, CanaryVisits(*home, config, arguments.target));
    if (visits.empty()) {
      return Fail(Errc::kNotFound,
                  fmt::format("{} has no site of client \"{}\"; write one, or name a URL",
                              home->PathOf("tracking.yaml"), arguments.target));
    }
  }
  MAXOPT_TRY(const CanaryReport report,
             RunCanaries(*home, visits,
                         {.browser = !arguments.no_browser,
                          .platforms = !arguments.no_platforms,
                          // A page that somebody wonders about must not freeze decisions.
                          .keep = !url}));
  bool well = true;
  ordered_json flights = ordered_json::array();
  for (const CanaryFlight& flight : report.flights) {
    ordered_json steps = ordered_json::array();
    for (const CanaryStep& step : flight.steps) {
      well = well && step.passed.value_or(true);
      steps.push_back({{"step", step.name},
                       {"passed", step.passed ? ordered_json(*step.passed) : ordered_json()},
                       {"what", step.what}});
    }
    flights.push_back({{"url", flight.url},
                       {"site", flight.site},
                       {"client", flight.client},
                       {"hops", flight.hops},
                       {"steps", steps}});
    if (context.json) continue;
    fmt::print("{}\n", flight.url);
    for (std::size_t i = 1; i < flight.hops.size(); ++i) fmt::print("  -> {}\n", flight.hops[i]);
    for (const CanaryStep& step : flight.steps) {
      fmt::print("  {:<9} {}{}{}\n",
                 !step.passed   ? "not tried"
                 : *step.passed ? "ok"
                                : "FAIL",
                 step.name, step.what.empty() ? "" : ": ", step.what);
    }
  }
  ordered_json signals = ordered_json::array();
  for (const SignalHealth& signal : report.signals) {
    signals.push_back({{"signal", signal.name},
                       {"client", signal.client},
                       {"state", SignalStateName(signal.state)},
                       {"why", signal.why}});
    if (!context.json) {
      fmt::print("{}{} is {}: {}\n", url ? "not kept, as a URL was named: " : "", signal.name,
                 SignalStateName(signal.state), signal.why);
    }
  }
  if (context.json) {
    fmt::print("{}\n", ordered_json{{"flights", flights}, {"signals", signals}}.dump(
                           2, ' ', false, ordered_json::error_handler_t::replace));
  } else if (report.signals.empty()) {
    fmt::print("the visit belongs to no site of tracking.yaml, so no signal is kept\n");
  }
  return well ? kExitOk : kExitError;
}

}  // namespace maxopt
