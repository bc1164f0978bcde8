#pragma once
#include <map>

#include "clock/clock.h"
#include "http/http.h"
#include "sim/faults/faults.h"
#include "sim/market/market.h"
#include "sim/server/server.h"

/// The hand on a simulated world, over HTTP: for people, demos and tests that talk to it from
/// another process. Not a platform: the product never calls it, apart from the shop's orders, which
/// are the client's own file.
///
///   GET  /clock                          {"now":"2025-06-01T00:00:00Z"}
///   POST /clock/advance                  {"hours":24} or {"to":"2025-06-02T00:00:00Z"}; answers
///   /clock GET  /shop/orders.csv?from=&to=      day,orders,revenue,currency; days in the shop's
///   zone GET  /truth?from=&to=                [{"day","platform","audience","spend",
///                                          "revenue_incremental"}]; benchmarks only
///   GET  /truth/steady?platform=&audience=&spend=
///                                        {"revenue_incremental"} of a day; benchmarks only
///   GET  /faults                         what was injected, by platform
///   POST /faults                         {"platform","fault","method","path","nth","times"}, or
///                                        {"platform","swarm":seed}, {"platform","clear":true},
///                                        {"platform","report_swarm":seed},
///                                        {"restate":{"platform","account","day","percent",
///                                          "claims_percent"}} from now on,
///                                        {"drop_rows":{"platform","account","breakdown",
///                                          "until"}},
///                                        or {"tracking_outage":{"from","to"}}
///   POST /human_edit                     {"platform","account","level","id","actor",
///                                          "changes":{field: value}}
///   GET  /objects?platform=&account=     [{"level","id","name","status"}]
///
/// Errors are 400 (404 for an unknown path) with {"error":"one sentence"}.
namespace maxopt::sim {

/// The parts of a world; all must outlive the handler.
struct Controlled {
  VirtualClock& clock;
  Market& market;
  std::map<Platform, PlatformServer*> servers;
  std::map<Platform, FaultPlan*> faults;
};
/// Moves the clock to `to` hour by hour with the market behind it, so that what depends on the time
/// (reviews, flights, expiring tokens) is asked at each hour.
void AdvanceWorld(VirtualClock& clock, Market& market, Instant to);

http::Handler MakeControl(Controlled world);

}  // namespace maxopt::sim
