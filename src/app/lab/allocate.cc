// lab allocate: one budget over response curves, with its certificate.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "app/lab/files.h"
#include "app/lab/lab.h"
#include "decide/allocator/budget.h"
#include "decide/periods/periods.h"
#include "money/money.h"

namespace maxopt::lab {
namespace {

using Json = nlohmann::json;

std::unexpected<Error> Wrong(const std::string& place, std::string_view what) {
  return Fail(Errc::kInvalidArgument, fmt::format("{}: {}", place, what));
}

/// A member that must be a number; `fallback` where it is absent.
Result<double> Number(const Json& object, const char* name, const std::string& place,
                      std::optional<double> fallback) {
  const auto it = object.find(name);
  if (it == object.end() || it->is_null()) {
    if (fallback) return *fallback;
    return Wrong(place + "." + name, "is missing; a number is needed");
  }
  if (!it->is_number()) return Wrong(place + "." + name, "must be a number");
  return it->get<double>();
}

Result<std::string> Id(const Json& value, const std::string& place) {
  if (value.is_string() && !value.get_ref<const std::string&>().empty()) {
    return value.get<std::string>();
  }
  if (value.is_number_integer()) return value.dump();
  return Wrong(place, "must be a text that is not empty");
}

Result<ResponseCurve> ReadCurve(const Json& json, const std::string& place) {
  ResponseCurve curve;
  const Json* points = json.is_array() ? &json : nullptr;
  if (!points) {
    if (!json.is_object()) return Wrong(place, "must be an object with a family");
    const auto family = json.find("family");
    if (family == json.end() || !family->is_string()) {
      return Wrong(place + ".family", "is missing; a text is needed");
    }
    const auto found = FindCurveFamily(family->get_ref<const std::string&>());
    if (!found) return Wrong(place, found.error().what);
    curve.family = *found;
    if (curve.family == ResponseCurve::Family::kPiecewise) {
      for (const char* name : {"points", "piecewise"}) {
        if (json.contains(name)) points = &json.at(name);
      }
      if (!points) return Wrong(place + ".points", "is missing; [[x, y], ...] is needed");
    }
  }
  if (points) {
    curve.family = ResponseCurve::Family::kPiecewise;
    if (!points->is_array()) return Wrong(place + ".points", "must be [[x, y], ...]");
    for (const Json& point : *points) {
      if (!point.is_array() || point.size() != 2 || !point[0].is_number() ||
          !point[1].is_number()) {
        return Wrong(place + ".points", "must be [[x, y], ...]");
      }
      curve.points.emplace_back(point[0].get<double>(), point[1].get<double>());
    }
    return curve;
  }
  using Family = ResponseCurve::Family;
  const bool has_k = curve.family != Family::kPower;
  const bool has_a = curve.family == Family::kHill || curve.family == Family::kPower ||
                     curve.family == Family::kLogNormalCdf;
  MAXOPT_TRY(curve.c, Number(json, "c", place, std::nullopt));
  if (has_k) {
    MAXOPT_TRY(curve.k, Number(json, "k", place, std::nullopt));
  }
  if (has_a) {
    MAXOPT_TRY(curve.a, Number(json, "a", place, std::nullopt));
  }
  if (curve.family == Family::kHill) {
    MAXOPT_TRY(curve.carried, Number(json, "carried", place, 0));
  }
  return curve;
}

/// Of the minor unit of "currency"; a cent's without.
Result<int> ReadDecimals(const Json& json) {
  if (!json.contains("currency")) return 2;
  if (!json.at("currency").is_string()) return Wrong("currency", "must be a text");
  const auto currency = FindCurrency(json.at("currency").get_ref<const std::string&>());
  if (!currency) return Wrong("currency", currency.error().what);
  return MinorUnitDecimals(*currency, MinorUnits::kIso4217);
}

Result<BudgetProblem> ReadProblem(const Json& json) {
  if (!json.is_object()) return Wrong("the problem", "must be an object");
  BudgetProblem problem;
  if (json.contains("sense") && json.at("sense") != "maximize" && json.at("sense") != "maximise") {
    return Wrong("sense", "must be \"maximize\"; nothing else is known");
  }
  MAXOPT_TRY(problem.budget, Number(json, "budget", "problem", std::nullopt));
  MAXOPT_TRY(problem.decimals, ReadDecimals(json));
  const auto channels = json.find("channels");
  if (channels == json.end() || !channels->is_array()) {
    return Wrong("channels", "is missing; an array is needed");
  }
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < channels->size(); ++i) {
    const Json& entry = (*channels)[i];
    const std::string place = fmt::format("channels[{}]", i);
    if (!entry.is_object()) return Wrong(place, "must be an object");
    BudgetProblem::Channel& channel = problem.channels.emplace_back();
    if (!entry.contains("id")) return Wrong(place + ".id", "is missing");
    MAXOPT_TRY(channel.id, Id(entry.at("id"), place + ".id"));
    if (!entry.contains("curve")) return Wrong(place + ".curve", "is missing");
    MAXOPT_TRY(channel.curve, ReadCurve(entry.at("curve"), place + ".curve"));
    MAXOPT_TRY(channel.min, Number(entry, "min", place, 0));
    MAXOPT_TRY(channel.max, Number(entry, "max", place, std::numeric_limits<double>::infinity()));
    places.emplace(channel.id, i);
  }
  if (json.contains("groups") && !json.at("groups").is_null()) {
    const Json& groups = json.at("groups");
    if (!groups.is_array()) return Wrong("groups", "must be an array");
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const Json& entry = groups[g];
      const std::string place = fmt::format("groups[{}]", g);
      if (!entry.is_object() || !entry.contains("ids") || !entry.at("ids").is_array()) {
        return Wrong(place + ".ids", "is missing; an array is needed");
      }
      BudgetProblem::Group& group = problem.groups.emplace_back();
      group.name = fmt::format("{}", g + 1);
      for (const char* name : {"id", "name"}) {
        if (!entry.contains(name)) continue;
        MAXOPT_TRY(group.name, Id(entry.at(name), place + "." + name));
      }
      std::set<std::size_t> members;
      for (const Json& value : entry.at("ids")) {
        MAXOPT_TRY(const std::string id, Id(value, place + ".ids"));
        const auto found = places.find(id);
        if (found == places.end()) {
          return Wrong(place + ".ids", fmt::format("\"{}\" is no channel", id));
        }
        if (members.insert(found->second).second) group.channels.push_back(found->second);
      }
      MAXOPT_TRY(group.min, Number(entry, "min", place, 0));
      MAXOPT_TRY(group.max, Number(entry, "max", place, std::numeric_limits<double>::infinity()));
    }
  }
  if (json.contains("target") && !json.at("target").is_null()) {
    using Kind = BudgetProblem::Target::Kind;
    const Json& target = json.at("target");
    const bool marginal = target.is_object() && target.contains("marginal");
    const bool average = target.is_object() && target.contains("average");
    if (marginal == average) {
      return Wrong("target", "must be {\"marginal\": x} or {\"average\": x}, response per unit");
    }
    MAXOPT_TRY(const double value,
               Number(target, marginal ? "marginal" : "average", "target", std::nullopt));
    problem.target = {marginal ? Kind::kMarginal : Kind::kAverage, value};
  }
  return problem;
}

/// Exact decimal text of minor units.
std::string Amount(std::int64_t minor, int decimals) {
  if (decimals == 0) return std::to_string(minor);
  std::string digits = fmt::format("{:0{}}", minor, decimals + 1);
  digits.insert(digits.size() - static_cast<std::size_t>(decimals), ".");
  return digits;
}
std::string Plain(double number) {
  return std::isfinite(number) ? fmt::format("{:.12g}", number + 0.0) : "null";
}

Result<PeriodsProblem::Bounds> ReadBounds(const Json& json, const std::string& place) {
  if (!json.is_object()) return Wrong(place, "must be {\"min\": x, \"max\": y}");
  PeriodsProblem::Bounds bounds;
  MAXOPT_TRY(bounds.min, Number(json, "min", place, 0));
  MAXOPT_TRY(bounds.max, Number(json, "max", place, bounds.max));
  return bounds;
}
Result<std::vector<PeriodsProblem::Bounds>> ReadBoundsList(const Json& json, const char* name,
                                                           const std::string& place) {
  std::vector<PeriodsProblem::Bounds> out;
  if (!json.contains(name)) return out;
  if (!json.at(name).is_array()) return Wrong(place, "must be an array");
  for (const Json& entry : json.at(name)) {
    MAXOPT_TRY(const auto bounds, ReadBounds(entry, fmt::format("{}[{}]", place, out.size())));
    out.push_back(bounds);
  }
  return out;
}
Result<std::vector<double>> ReadNumbers(const Json& json, const char* name,
                                        const std::string& place) {
  std::vector<double> out;
  if (!json.contains(name)) return out;
  if (!json.at(name).is_array()) return Wrong(place, "must be an array of numbers");
  for (const Json& entry : json.at(name)) {
    if (!entry.is_number()) return Wrong(place, "must be an array of numbers");
    out.push_back(entry.get<double>());
  }
  return out;
}

/// A problem with "periods": see docs/allocation.md.
Result<PeriodsProblem> ReadPeriods(const Json& json) {
  PeriodsProblem problem;
  if (!json.at("periods").is_number_integer()) return Wrong("periods", "must be a whole number");
  const auto periods = json.at("periods").get<std::int64_t>();
  problem.periods = static_cast<int>(std::clamp<std::int64_t>(periods, -1, 1'000'000));
  for (const char* name : {"groups", "target"}) {
    if (json.contains(name) && !json.at(name).is_null()) {
      return Wrong(name, "is not known together with periods");
    }
  }
  MAXOPT_TRY(problem.budget, Number(json, "budget", "problem", std::nullopt));
  MAXOPT_TRY(problem.decimals, ReadDecimals(json));
  if (json.contains("end")) {
    if (json.at("end") == "cut") {
      problem.end = PeriodsProblem::End::kCut;
    } else if (json.at("end") != "run_out") {
      return Wrong("end", "must be \"run_out\" or \"cut\"");
    }
  }
  MAXOPT_TRY(problem.period_bounds, ReadBoundsList(json, "period_bounds", "period_bounds"));
  const auto channels = json.find("channels");
  if (channels == json.end() || !channels->is_array()) {
    return Wrong("channels", "is missing; an array is needed");
  }
  for (const Json& entry : *channels) {
    const std::string place = fmt::format("channels[{}]", problem.channels.size());
    if (!entry.is_object()) return Wrong(place, "must be an object");
    PeriodsProblem::Channel& channel = problem.channels.emplace_back();
    if (!entry.contains("id")) return Wrong(place + ".id", "is missing");
    MAXOPT_TRY(channel.id, Id(entry.at("id"), place + ".id"));
    if (!entry.contains("curve")) return Wrong(place + ".curve", "is missing");
    MAXOPT_TRY(channel.curve, ReadCurve(entry.at("curve"), place + ".curve"));
    MAXOPT_TRY(channel.carry, Number(entry, "carry", place, 0));
    MAXOPT_TRY(channel.before, Number(entry, "before", place, 0));
    MAXOPT_TRY(channel.season, ReadNumbers(entry, "season", place + ".season"));
    MAXOPT_TRY(channel.spent, ReadNumbers(entry, "spent", place + ".spent"));
    MAXOPT_TRY(channel.bounds, ReadBoundsList(entry, "bounds", place + ".bounds"));
    if (entry.contains("min") || entry.contains("max")) {
      if (!channel.bounds.empty()) {
        return Wrong(place + ".bounds", "is given beside min or max, which are of every period");
      }
      MAXOPT_TRY(const auto each, ReadBounds(entry, place));
      channel.bounds.assign(static_cast<std::size_t>(std::clamp(problem.periods, 0, 520)), each);
    }
    if (entry.contains("total")) {
      MAXOPT_TRY(channel.total, ReadBounds(entry.at("total"), place + ".total"));
    }
    if (!entry.contains("on")) continue;
    if (!entry.at("on").is_array()) return Wrong(place + ".on", "must be an array");
    for (const Json& on : entry.at("on")) {
      if (!on.is_boolean()) return Wrong(place + ".on", "must be an array of true and false");
      channel.on.push_back(on.get<bool>());
    }
  }
  return problem;
}

template <class T, class F>
std::string List(const std::vector<T>& values, F print) {
  std::string out;
  for (const T& value : values) out += (out.empty() ? "" : ", ") + print(value);
  return "[" + out + "]";
}

Result<std::string> AnswerPeriods(const Json& json) {
  MAXOPT_TRY(const PeriodsProblem problem, ReadPeriods(json));
  MAXOPT_TRY(const PeriodsAnswer answer, PlanPeriods(problem));
  std::map<std::string, std::size_t> order;
  for (std::size_t c = 0; c < problem.channels.size(); ++c) order[problem.channels[c].id] = c;
  std::string allocation, marginal, binding, prices;
  for (const auto& [id, c] : order) {
    const std::string key =
        fmt::format("{}\n    {}: ", allocation.empty() ? "" : ",", Json(id).dump());
    allocation += key + List(answer.minor[c],
                             [&](std::int64_t minor) { return Amount(minor, problem.decimals); });
    marginal += key + List(answer.marginal[c], Plain);
    binding +=
        key + List(answer.binding[c], [](const std::string& text) { return Json(text).dump(); });
    prices += key + Plain(answer.channel_price[c]);
  }
  return fmt::format(
      "{{\n  \"allocation\": {{{}\n  }},\n  \"response\": {},\n  \"after\": {},\n  \"lambda\": "
      "{},\n  \"period_price\": {},\n  \"channel_price\": {{{}\n  }},\n  \"marginal\": {{{}\n  "
      "}},\n  \"binding\": {{{}\n  }},\n  \"bound\": {},\n  \"gap\": {},\n  \"sum\": {}\n}}\n",
      allocation, Plain(answer.response), Plain(answer.after), Plain(answer.lambda),
      List(answer.period_price, Plain), prices, marginal, binding, Plain(answer.bound),
      Plain(answer.gap), Amount(answer.sum, problem.decimals));
}

}  // namespace

Result<std::string> AnswerAllocation(std::string_view text) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::parse_error& error) {
    return Fail(Errc::kInvalidArgument, fmt::format("no JSON: {}", error.what()));
  }
  if (json.is_object() && json.contains("periods")) return AnswerPeriods(json);
  MAXOPT_TRY(const BudgetProblem problem, ReadProblem(json));
  MAXOPT_TRY(const BudgetAnswer answer, SplitBudget(problem));
  // By id, so that the same problem in another order is the same text.
  std::map<std::string, std::size_t> order;
  for (std::size_t i = 0; i < problem.channels.size(); ++i) order[problem.channels[i].id] = i;
  std::string allocation, marginal, binding;
  for (const auto& [id, i] : order) {
    const std::string key = Json(id).dump();
    const char* comma = allocation.empty() ? "" : ",";
    allocation +=
        fmt::format("{}\n    {}: {}", comma, key, Amount(answer.minor[i], problem.decimals));
    marginal += fmt::format("{}\n    {}: {}", comma, key, Plain(answer.marginal[i]));
    if (answer.binding[i].empty()) continue;
    binding += fmt::format("{}\n    {{\"id\": {}, \"constraint\": {}}}", binding.empty() ? "" : ",",
                           key, Json(answer.binding[i]).dump());
  }
  return fmt::format(
      "{{\n  \"allocation\": {{{}\n  }},\n  \"response\": {},\n  \"lambda\": {},\n  \"marginal\": "
      "{{{}\n  }},\n  \"binding\": [{}{}],\n  \"gap\": {},\n  \"kkt_residual\": {},\n  \"sum\": "
      "{}\n"
      "}}\n",
      allocation, Plain(answer.response), Plain(answer.lambda), marginal, binding,
      binding.empty() ? "" : "\n  ", Plain(answer.gap), Plain(answer.kkt_residual),
      Amount(answer.sum, problem.decimals));
}

Result<int> AllocateFile(const AllocateArguments& arguments) {
  MAXOPT_TRY(const std::string text, ReadWhole(arguments.problem));
  const auto answer = AnswerAllocation(text);
  if (!answer) return FailWithin(arguments.problem, answer.error());
  MAXOPT_CHECK(WriteWhole(arguments.out, *answer));
  return 0;
}

}  // namespace maxopt::lab
