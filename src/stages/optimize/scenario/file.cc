// Scenarios from a YAML file, and the short forms of the command line.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <set>

#include "stages/optimize/scenario/what_if.h"
#include "yaml/yaml.h"

namespace maxopt {
namespace {

std::optional<double> Number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

using Kind = Scenario::Target::Kind;
constexpr std::pair<std::string_view, Kind> kTargets[] = {{"marginal_roas", Kind::kMarginalRoas},
                                                          {"average_roas", Kind::kAverageRoas},
                                                          {"marginal_cpa", Kind::kMarginalCpa},
                                                          {"average_cpa", Kind::kAverageCpa}};

Result<Scenario::Target> TargetOf(std::string_view name, std::string_view text) {
  const std::optional<double> value = Number(text);
  for (const auto& [known, kind] : kTargets) {
    if (known != name) continue;
    if (value && *value > 0) return Scenario::Target{kind, *value};
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} \"{}\" is not a number above 0", name, text));
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("target \"{}\" is none of marginal_roas, average_roas, marginal_cpa, "
                          "average_cpa",
                          name));
}

/// An amount of the channel, whose currency follows from its id and the client's.
Result<Money> Amount(const YamlMap& of, const char* key, const std::string& channel,
                     Currency client) {
  MAXOPT_TRY(const std::string text, of.Text(key));
  const auto money = ReadAmount(text, channel, client);
  if (!money) return of.Bad(key, money.error().what);
  return *money;
}

/// A mapping by channel, whose keys nobody knows beforehand.
Result<std::vector<std::string>> Channels(const YamlMap& of) {
  if (!of.node().IsMap()) return of.Bad("a mapping of channels is expected here");
  std::vector<std::string> out;
  std::set<std::string> seen;
  for (const auto& pair : of.node()) {
    if (!pair.first.IsScalar() || pair.first.Scalar().empty()) {
      return of.Bad(pair.first, "a channel is expected here");
    }
    const std::string& id = pair.first.Scalar();
    if (!seen.insert(id).second) return of.Bad(pair.first, fmt::format("{} stands twice", id));
    out.push_back(id);
  }
  return out;
}

Result<Scenario> ReadOne(const YamlMap& of, Currency currency) {
  MAXOPT_CHECK(of.OnlyKeys(
      {"name", "off", "set", "total", "keep_total", "split", "target", "bounds", "beyond_tried"}));
  Scenario out;
  MAXOPT_TRY(out.name, of.Text("name"));
  MAXOPT_CHECK(of.Texts("off", out.off));
  if (of.Has("set")) {
    const YamlMap set = of.Map("set");
    MAXOPT_TRY(const std::vector<std::string> ids, Channels(set));
    for (const std::string& id : ids) {
      MAXOPT_TRY(const Money money, Amount(set, id.c_str(), id, currency));
      out.set.emplace(id, money);
    }
  }
  if (of.Has("total")) {
    MAXOPT_TRY(const std::string text, of.Text("total"));
    const auto read = ReadTotal(text, currency, out);
    if (!read) return of.Bad("total", read.error().what);
  }
  MAXOPT_CHECK(of.Flag("keep_total", out.keep_total));
  MAXOPT_CHECK(of.Flag("beyond_tried", out.beyond_tried));
  if (of.Has("split")) {
    MAXOPT_TRY(const std::string text, of.Text("split"));
    if (text == "best") {
      out.split = Scenario::Split::kBest;
    } else if (text == "equal") {
      out.split = Scenario::Split::kEqual;
    } else if (text != "proportional") {
      return of.Bad("split", "split is proportional, best or equal");
    }
  }
  if (of.Has("target")) {
    const YamlMap target = of.Map("target");
    const bool one = target.node().IsMap() && target.node().size() == 1 &&
                     target.node().begin()->first.IsScalar();
    if (!one) {
      return target.Bad(
          "target must be one of {marginal_roas: 2}, {average_roas: 3}, "
          "{marginal_cpa: 30}, {average_cpa: 25}");
    }
    const std::string name = target.node().begin()->first.Scalar();
    MAXOPT_TRY(const std::string text, target.Text(name.c_str()));
    const auto read = TargetOf(name, text);
    if (!read) return target.Bad(read.error().what);
    out.target = *read;
  }
  if (of.Has("bounds")) {
    const YamlMap bounds = of.Map("bounds");
    MAXOPT_TRY(const std::vector<std::string> ids, Channels(bounds));
    for (const std::string& id : ids) {
      const YamlMap bound = bounds.Map(id.c_str());
      MAXOPT_CHECK(bound.OnlyKeys({"min", "max"}));
      Scenario::Bounds& to = out.bounds[id];
      if (bound.Has("min")) {
        MAXOPT_TRY(to.min, Amount(bound, "min", id, currency));
      }
      if (bound.Has("max")) {
        MAXOPT_TRY(to.max, Amount(bound, "max", id, currency));
      }
    }
  }
  return out;
}

Result<ScenarioFile> ReadScenarios(const YamlMap& root, Currency currency) {
  ScenarioFile out;
  MAXOPT_CHECK(root.OnlyKeys({"maxopt", "margin", "scenarios"}));
  MAXOPT_CHECK(root.Kind("scenarios/1"));
  if (root.Has("margin")) {
    MAXOPT_TRY(const std::string text, root.Text("margin"));
    out.gross_margin = Number(text);
    if (!out.gross_margin || !(*out.gross_margin > 0 && *out.gross_margin <= 1)) {
      return root.Bad("margin",
                      fmt::format("margin \"{}\" is not a number above 0 and at most 1", text));
    }
  }
  MAXOPT_TRY(const std::vector<YamlMap> list, root.Maps("scenarios"));
  if (list.empty())
    return root.Bad("scenarios", "scenarios must be a list with at least one entry");
  std::set<std::string> names;
  for (const YamlMap& map : list) {
    MAXOPT_TRY(Scenario scenario, ReadOne(map, currency));
    if (!names.insert(scenario.name).second) {
      return map.Bad(fmt::format("a second scenario is named \"{}\"", scenario.name));
    }
    out.scenarios.push_back(std::move(scenario));
  }
  return out;
}

}  // namespace

Result<Money> ReadAmount(std::string_view text, std::string_view channel, Currency client) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return ParseMoney(text, CurrencyOfChannel(channel, client));
  MAXOPT_TRY(const Currency named, FindCurrency(text.substr(space + 1)));
  return ParseMoney(text.substr(0, space), named);
}

Result<> ReadTotal(std::string_view text, Currency currency, Scenario& scenario) {
  if (text.ends_with('%')) {
    std::string_view number = text.substr(0, text.size() - 1);
    while (number.ends_with(' ')) number.remove_suffix(1);
    const std::optional<double> percent = Number(number);
    const double bp = percent ? *percent * 100 : 0.5;
    if (!number.starts_with('+') && !number.starts_with('-')) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("total \"{}\": a change needs its sign, as +20% or -20%", text));
    }
    if (std::abs(bp - std::round(bp)) > 1e-6 || bp < -10'000 || bp > 1e6) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("total \"{}\" is no change from -100% to +10000% in whole hundredths "
                              "of a percent",
                              text));
    }
    scenario.total_change_bp = static_cast<int>(std::lround(bp));
    return {};
  }
  MAXOPT_TRY(scenario.total, ParseMoney(text, currency));
  return {};
}

Result<Scenario::Target> ReadTarget(std::string_view text) {
  const std::size_t at = text.find('=');
  if (at == std::string_view::npos) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("target \"{}\": write it as marginal_roas=2", text));
  }
  return TargetOf(text.substr(0, at), text.substr(at + 1));
}

Result<ScenarioFile> ParseScenarioFile(std::string_view yaml, const std::string& file,
                                       Currency currency) {
  return ReadYaml(yaml, file, [&](const YamlMap& root) { return ReadScenarios(root, currency); });
}

}  // namespace maxopt
