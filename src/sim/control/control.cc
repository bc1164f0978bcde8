#include "sim/control/control.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "domain/json.h"
#include "json/json.h"

namespace maxopt::sim {
namespace {

using nlohmann::json;
using std::chrono::hours;

/// The clock moves hour by hour; more than this in one request would hold its caller for minutes.
constexpr std::int64_t kAdvanceHoursMax = 24 * 366 * 3;

http::Response Answer(const json& body) {
  return {.status = 200,
          .headers = {{"Content-Type", "application/json"}},
          .body = PrintExactJson(body) + "\n"};
}

http::Response Refusal(const Error& error) {
  return {.status = error.code == Errc::kNotFound ? 404 : 400,
          .headers = {{"Content-Type", "application/json"}},
          .body = PrintExactJson(json{{"error", error.what}}) + "\n"};
}

Result<std::string> Text(const json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end() || !found->is_string()) {
    return Fail(Errc::kInvalidArgument, fmt::format("\"{}\" is missing or not a text", name));
  }
  return found->get<std::string>();
}

Result<std::string> TextOr(const json& body, const char* name, std::string fallback) {
  if (!body.contains(name)) return fallback;
  return Text(body, name);
}

Result<std::int64_t> Whole(const json& body, const char* name, std::int64_t low,
                           std::int64_t high) {
  const auto found = body.find(name);
  if (found == body.end() || !found->is_number_integer()) {
    return Fail(Errc::kInvalidArgument, fmt::format("\"{}\" is missing or no whole number", name));
  }
  const auto value = found->get<std::int64_t>();
  if (value < low || value > high) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("\"{}\" is {}; it must be {} to {}", name, value, low, high));
  }
  return value;
}

Result<> OnlyKnown(const json& body, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : body.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return Fail(Errc::kInvalidArgument, fmt::format("\"{}\" is not known here", key));
    }
  }
  return {};
}

Result<std::string> Param(const http::Url& url, std::string_view name) {
  auto value = url.Param(name);
  if (!value) return Fail(Errc::kInvalidArgument, fmt::format("parameter \"{}\" is missing", name));
  return *std::move(value);
}

struct Days {
  Day from;
  Day to;
};
Result<Days> DaysOf(const http::Url& url) {
  MAXOPT_TRY(const std::string from, Param(url, "from"));
  MAXOPT_TRY(const std::string to, Param(url, "to"));
  MAXOPT_TRY(const Day first, ParseDay(from));
  MAXOPT_TRY(const Day last, ParseDay(to));
  if (last < first) {
    return Fail(Errc::kInvalidArgument, fmt::format("from {} is after to {}", from, to));
  }
  return Days{first, last};
}

template <class Part>
Result<Part*> PartOf(const std::map<Platform, Part*>& parts, const std::string& name) {
  MAXOPT_TRY(const Platform platform, FindPlatform(name));
  const auto part = parts.find(platform);
  if (part == parts.end()) {
    return Fail(Errc::kNotFound, fmt::format("this world has no {}", name));
  }
  return part->second;
}

class Control {
 public:
  explicit Control(Controlled world) : world_(std::move(world)) {}

  Result<http::Response> Handle(const http::Request& request) {
    MAXOPT_TRY(const http::Url url, http::ParseUrl(request.url));
    const std::string call = request.method + " " + url.path;
    json body = json::object();
    if (request.method == "POST") {
      MAXOPT_TRY(body, ParseExactJson(request.body));
      if (!body.is_object()) {
        return Fail(Errc::kInvalidArgument, "the body must be a JSON object");
      }
    }
    if (call == "GET /clock") return ClockNow();
    if (call == "POST /clock/advance") return Advance(body);
    if (call == "GET /shop/orders.csv") return Orders(url);
    if (call == "GET /truth") return Truth(url);
    if (call == "GET /truth/steady") return Steady(url);
    if (call == "GET /faults") return Injected();
    if (call == "POST /faults") return AddFault(body);
    if (call == "POST /human_edit") return HumanEdit(body);
    if (call == "GET /objects") return Objects(url);
    return Fail(Errc::kNotFound, fmt::format("{} is not known here", call));
  }

 private:
  http::Response ClockNow() { return Answer({{"now", PrintInstant(world_.clock.Now())}}); }

  Result<http::Response> Advance(const json& body) {
    MAXOPT_CHECK(OnlyKnown(body, {"hours", "to"}));
    if (body.contains("hours") == body.contains("to")) {
      return Fail(Errc::kInvalidArgument, "give \"hours\" or \"to\", one of them");
    }
    const Instant now = world_.clock.Now();
    Instant to = now;
    if (body.contains("hours")) {
      MAXOPT_TRY(const std::int64_t count, Whole(body, "hours", 0, kAdvanceHoursMax));
      to += hours(count);
    } else {
      MAXOPT_TRY(const std::string text, Text(body, "to"));
      MAXOPT_TRY(to, ParseInstant(text));
      if (to < now || to > now + hours(kAdvanceHoursMax)) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("\"to\" {} is not between now, {}, and three years from it", text,
                                PrintInstant(now)));
      }
    }
    AdvanceWorld(world_.clock, world_.market, to);
    return ClockNow();
  }

  Result<http::Response> Orders(const http::Url& url) {
    MAXOPT_TRY(const Days days, DaysOf(url));
    const Currency currency = world_.market.options().currency;
    std::string csv = "day,orders,revenue,currency\n";
    for (const auto& day : world_.market.Shop(days.from, days.to)) {
      csv +=
          fmt::format("{},{},{},{}\n", PrintDay(day.day), day.orders,
                      PrintDecimal(Money::Micros(day.revenue_micros, currency)), currency.name());
    }
    return http::Response{
        .status = 200, .headers = {{"Content-Type", "text/csv; charset=utf-8"}}, .body = csv};
  }

  Result<http::Response> Truth(const http::Url& url) {
    MAXOPT_TRY(const Days days, DaysOf(url));
    json rows = json::array();
    for (const auto& day : world_.market.Truth(days.from, days.to)) {
      rows.push_back(
          {{"day", PrintDay(day.day)},
           {"platform", PlatformName(day.platform)},
           {"audience", AudienceName(day.audience)},
           {"spend",
            PrintDecimal(Money::Micros(day.spend_micros, world_.market.options().currency))},
           {"revenue_incremental", NumberToken(fmt::format("{:.6f}", day.revenue_incremental))}});
    }
    return Answer(rows);
  }

  Result<http::Response> Steady(const http::Url& url) {
    MAXOPT_TRY(const std::string platform_name, Param(url, "platform"));
    MAXOPT_TRY(const Platform platform, FindPlatform(platform_name));
    MAXOPT_TRY(const std::string audience_name, Param(url, "audience"));
    MAXOPT_TRY(const Audience audience, FindAudience(audience_name));
    MAXOPT_TRY(const std::string spend_text, Param(url, "spend"));
    MAXOPT_TRY(const Money spend, ParseMoney(spend_text, world_.market.options().currency));
    const double revenue =
        world_.market.SteadyRevenue(platform, audience, static_cast<double>(spend.micros()) / 1e6);
    return Answer({{"revenue_incremental", NumberToken(fmt::format("{:.6f}", revenue))}});
  }

  http::Response Injected() {
    json all = json::object();
    for (const auto& [platform, plan] : world_.faults) {
      json list = json::array();
      for (const auto& injected : plan->injected()) {
        list.push_back({{"fault", FaultName(injected.fault)},
                        {"method", injected.method},
                        {"url", injected.url}});
      }
      all[std::string(PlatformName(platform))] = std::move(list);
    }
    return Answer(all);
  }

  Result<http::Response> AddFault(const json& body) {
    MAXOPT_CHECK(
        OnlyKnown(body, {"platform", "fault", "method", "path", "nth", "times", "swarm", "clear",
                         "tracking_outage", "report_swarm", "restate", "drop_rows"}));
    if (body.contains("restate")) return Restate(body["restate"]);
    if (body.contains("drop_rows")) return DropRows(body["drop_rows"]);
    if (body.contains("tracking_outage")) {
      const json& outage = body["tracking_outage"];
      if (!outage.is_object()) {
        return Fail(Errc::kInvalidArgument, "\"tracking_outage\" must have \"from\" and \"to\"");
      }
      MAXOPT_TRY(const std::string from_text, Text(outage, "from"));
      MAXOPT_TRY(const std::string to_text, Text(outage, "to"));
      MAXOPT_TRY(const Instant from, ParseInstant(from_text));
      MAXOPT_TRY(const Instant to, ParseInstant(to_text));
      world_.market.AddTrackingOutage(from, to);
      return Answer({{"ok", true}});
    }
    MAXOPT_TRY(const std::string platform, Text(body, "platform"));
    MAXOPT_TRY(FaultPlan* const plan, PartOf(world_.faults, platform));
    if (body.contains("clear")) {
      plan->Clear();
    } else if (body.contains("report_swarm")) {
      MAXOPT_TRY(const std::int64_t seed, Whole(body, "report_swarm", 0, INT64_MAX));
      const auto number = static_cast<std::uint64_t>(seed);
      plan->SetRandom(number, ReportSwarm(number));
    } else if (body.contains("swarm")) {
      MAXOPT_TRY(const std::int64_t seed, Whole(body, "swarm", 0, INT64_MAX));
      const auto number = static_cast<std::uint64_t>(seed);
      plan->SetRandom(number, Swarm(number));
    } else {
      MAXOPT_TRY(const std::string name, Text(body, "fault"));
      MAXOPT_TRY(const Fault fault, FindFault(name));
      MAXOPT_TRY(std::string method, TextOr(body, "method", ""));
      MAXOPT_TRY(std::string path, TextOr(body, "path", ""));
      std::int64_t nth = 1;
      std::int64_t times = 1;
      if (body.contains("nth")) {
        MAXOPT_TRY(nth, Whole(body, "nth", 1, 1'000'000));
      }
      if (body.contains("times")) {
        MAXOPT_TRY(times, Whole(body, "times", 0, 1'000'000));
      }
      plan->Add({.fault = fault,
                 .method = std::move(method),
                 .path = std::move(path),
                 .nth = static_cast<int>(nth),
                 .times = static_cast<int>(times)});
    }
    return Answer({{"ok", true}});
  }

  static Result<AccountId> AccountOf(const json& body) {
    MAXOPT_TRY(const std::string platform, Text(body, "platform"));
    MAXOPT_TRY(const Platform which, FindPlatform(platform));
    MAXOPT_TRY(std::string account, Text(body, "account"));
    return AccountId{which, std::move(account)};
  }

  Result<http::Response> Restate(const json& body) {
    if (!body.is_object()) {
      return Fail(Errc::kInvalidArgument,
                  "\"restate\" must have \"platform\", \"account\", \"day\"");
    }
    MAXOPT_CHECK(OnlyKnown(body, {"platform", "account", "day", "percent", "claims_percent"}));
    sim::Restatement restated{};
    MAXOPT_TRY(restated.account, AccountOf(body));
    MAXOPT_TRY(const std::string day, Text(body, "day"));
    MAXOPT_TRY(restated.day, ParseDay(day));
    restated.known_from = world_.clock.Now();
    if (body.contains("percent")) {
      MAXOPT_TRY(const std::int64_t percent, Whole(body, "percent", 0, 1000));
      restated.percent = static_cast<int>(percent);
    }
    if (body.contains("claims_percent")) {
      MAXOPT_TRY(const std::int64_t percent, Whole(body, "claims_percent", 0, 1000));
      restated.claims_percent = static_cast<int>(percent);
    }
    world_.market.AddRestatement(restated);
    return Answer({{"ok", true}});
  }

  Result<http::Response> DropRows(const json& body) {
    if (!body.is_object()) {
      return Fail(Errc::kInvalidArgument,
                  "\"drop_rows\" must have \"platform\", \"account\", \"breakdown\", \"until\"");
    }
    MAXOPT_CHECK(OnlyKnown(body, {"platform", "account", "breakdown", "until"}));
    sim::DroppedRows dropped{};
    MAXOPT_TRY(dropped.account, AccountOf(body));
    MAXOPT_TRY(const std::string breakdown, Text(body, "breakdown"));
    MAXOPT_TRY(dropped.breakdown, FindBreakdown(breakdown));
    MAXOPT_TRY(const std::string until, Text(body, "until"));
    dropped.from = world_.clock.Now();
    MAXOPT_TRY(dropped.to, ParseInstant(until));
    world_.market.AddDroppedRows(dropped);
    return Answer({{"ok", true}});
  }

  Result<http::Response> HumanEdit(const json& body) {
    MAXOPT_CHECK(OnlyKnown(body, {"platform", "account", "level", "id", "actor", "changes"}));
    MAXOPT_TRY(const std::string platform, Text(body, "platform"));
    MAXOPT_TRY(PlatformServer* const server, PartOf(world_.servers, platform));
    MAXOPT_TRY(const std::string account, Text(body, "account"));
    MAXOPT_TRY(const std::string level_name, Text(body, "level"));
    MAXOPT_TRY(const Level level, FindLevel(level_name));
    MAXOPT_TRY(const std::string id, Text(body, "id"));
    MAXOPT_TRY(const std::string actor, TextOr(body, "actor", "somebody@client.example"));
    const auto changes_json = body.find("changes");
    if (changes_json == body.end()) {
      return Fail(Errc::kInvalidArgument, "\"changes\" is missing: fields and their values");
    }
    MAXOPT_TRY(const Fields changes, FieldsFromJson(PrintExactJson(*changes_json)));
    MAXOPT_TRY(const Platform which, FindPlatform(platform));
    MAXOPT_CHECK(server->HumanEdit({which, account}, level, id, changes, actor));
    return Answer({{"ok", true}});
  }

  Result<http::Response> Objects(const http::Url& url) {
    MAXOPT_TRY(const std::string platform, Param(url, "platform"));
    MAXOPT_TRY(const PlatformServer* const server, PartOf(world_.servers, platform));
    MAXOPT_TRY(const Platform which, FindPlatform(platform));
    MAXOPT_TRY(const std::string account, Param(url, "account"));
    json list = json::array();
    for (const auto& object : server->Objects({which, account})) {
      list.push_back({{"level", LevelName(object.level)},
                      {"id", object.id},
                      {"name", object.name},
                      {"status", object.status}});
    }
    return Answer(list);
  }

  static Result<Audience> FindAudience(std::string_view name) {
    std::string known;
    for (const Audience audience :
         {Audience::kSearchBrand, Audience::kSearchGeneric, Audience::kDisplay, Audience::kVideo,
          Audience::kPerformanceMax, Audience::kProspecting, Audience::kRetargeting}) {
      if (AudienceName(audience) == name) return audience;
      known += known.empty() ? "" : ", ";
      known += AudienceName(audience);
    }
    return Fail(Errc::kInvalidArgument,
                fmt::format("audience \"{}\" is not known; known are {}", name, known));
  }

  Controlled world_;
};

}  // namespace

void AdvanceWorld(VirtualClock& clock, Market& market, Instant to) {
  for (Instant hour = market.now() + hours(1); hour <= to; hour += hours(1)) {
    clock.AdvanceTo(hour);
    market.AdvanceTo(hour);
  }
  clock.AdvanceTo(to);
}

http::Handler MakeControl(Controlled world) {
  return [control = std::make_shared<Control>(std::move(world))](const http::Request& request) {
    auto response = control->Handle(request);
    return response ? *std::move(response) : Refusal(response.error());
  };
}

}  // namespace maxopt::sim
