// lab allocate: one budget over response curves, with its certificate.
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "app/lab/files.h"
#include "app/lab/lab.h"
#include "decide/allocator/budget.h"
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

Result<BudgetProblem> ReadProblem(const Json& json) {
  if (!json.is_object()) return Wrong("the problem", "must be an object");
  BudgetProblem problem;
  if (json.contains("sense") && json.at("sense") != "maximize" && json.at("sense") != "maximise") {
    return Wrong("sense", "must be \"maximize\"; nothing else is known");
  }
  MAXOPT_TRY(problem.budget, Number(json, "budget", "problem", std::nullopt));
  if (json.contains("currency")) {
    if (!json.at("currency").is_string()) return Wrong("currency", "must be a text");
    const auto currency = FindCurrency(json.at("currency").get_ref<const std::string&>());
    if (!currency) return Wrong("currency", currency.error().what);
    MAXOPT_TRY(problem.decimals, MinorUnitDecimals(*currency, MinorUnits::kIso4217));
  }
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

}  // namespace

Result<std::string> AnswerAllocation(std::string_view text) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::parse_error& error) {
    return Fail(Errc::kInvalidArgument, fmt::format("no JSON: {}", error.what()));
  }
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
