// Scenarios from a YAML file, and the short forms of the command line.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <initializer_list>
#include <set>

#include "stages/optimize/scenario/what_if.h"

namespace maxopt {
namespace {

constexpr std::size_t kSizeMax = 256u << 10;

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

class Reader {
 public:
  Reader(const std::string& file, Currency currency) : file_(file), currency_(currency) {}

  Result<ScenarioFile> Read(const YAML::Node& root) const {
    ScenarioFile out;
    if (!root.IsMap()) return Bad(root, "it is empty or not a mapping (key: value)");
    MAXOPT_CHECK(OnlyKeys(root, {"maxopt", "margin", "scenarios"}));
    MAXOPT_TRY(const std::string version, Text(root, "maxopt"));
    if (version != "scenarios/1") {
      return Bad(root["maxopt"], "\"maxopt: scenarios/1\" is needed here");
    }
    if (root["margin"]) {
      MAXOPT_TRY(const std::string text, Text(root, "margin"));
      out.gross_margin = Number(text);
      if (!out.gross_margin || !(*out.gross_margin > 0 && *out.gross_margin <= 1)) {
        return Bad(root["margin"],
                   fmt::format("margin \"{}\" is not a number above 0 and at most 1", text));
      }
    }
    const YAML::Node list = root["scenarios"];
    if (!list || !list.IsSequence() || list.size() == 0) {
      return Bad(list ? list : root, "scenarios must be a list with at least one entry");
    }
    std::set<std::string> names;
    for (const YAML::Node& node : list) {
      MAXOPT_TRY(Scenario scenario, One(node));
      if (!names.insert(scenario.name).second) {
        return Bad(node, fmt::format("a second scenario is named \"{}\"", scenario.name));
      }
      out.scenarios.push_back(std::move(scenario));
    }
    return out;
  }

 private:
  std::unexpected<Error> Bad(const YAML::Node& node, std::string_view what) const {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}:{}: {}", file_, node.Mark().line + 1, what));
  }
  Result<> OnlyKeys(const YAML::Node& map, std::initializer_list<std::string_view> known) const {
    if (!map.IsMap()) return Bad(map, "a mapping (key: value) is needed here");
    std::set<std::string> seen;
    for (const auto& entry : map) {
      const auto key = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
      if (known.size() != 0 && std::find(known.begin(), known.end(), key) == known.end()) {
        return Bad(entry.first, fmt::format("\"{}\" is not known here; known are {}", key,
                                            fmt::join(known, ", ")));
      }
      if (!seen.insert(key).second) {
        return Bad(entry.first, fmt::format("\"{}\" is written twice", key));
      }
    }
    return {};
  }
  Result<std::string> Text(const YAML::Node& node) const {
    if (!node.IsScalar() || node.Scalar().empty()) return Bad(node, "a text is needed here");
    return node.Scalar();
  }
  Result<std::string> Text(const YAML::Node& map, const char* key) const {
    const YAML::Node node = map[key];
    if (!node) return Bad(map, fmt::format("\"{}\" is missing", key));
    return Text(node);
  }
  Result<Money> Amount(const YAML::Node& node) const {
    MAXOPT_TRY(const std::string text, Text(node));
    const auto money = ParseMoney(text, currency_);
    if (!money) return Bad(node, money.error().what);
    return *money;
  }
  Result<bool> Flag(const YAML::Node& node) const {
    MAXOPT_TRY(const std::string text, Text(node));
    if (text != "true" && text != "false") return Bad(node, "true or false is needed here");
    return text == "true";
  }

  Result<Scenario> One(const YAML::Node& node) const {
    MAXOPT_CHECK(OnlyKeys(node, {"name", "off", "set", "total", "keep_total", "split", "target",
                                 "bounds", "beyond_tried"}));
    Scenario out;
    MAXOPT_TRY(out.name, Text(node, "name"));
    if (const YAML::Node off = node["off"]) {
      if (!off.IsSequence()) return Bad(off, "off must be a list of channels");
      for (const YAML::Node& id : off) {
        MAXOPT_TRY(std::string text, Text(id));
        out.off.push_back(std::move(text));
      }
    }
    if (const YAML::Node set = node["set"]) {
      MAXOPT_CHECK(OnlyKeys(set, {}));
      for (const auto& entry : set) {
        MAXOPT_TRY(const std::string id, Text(entry.first));
        MAXOPT_TRY(const Money money, Amount(entry.second));
        out.set.emplace(id, money);
      }
    }
    if (node["total"]) {
      MAXOPT_TRY(const std::string text, Text(node, "total"));
      const auto read = ReadTotal(text, currency_, out);
      if (!read) return Bad(node["total"], read.error().what);
    }
    if (node["keep_total"]) {
      MAXOPT_TRY(out.keep_total, Flag(node["keep_total"]));
    }
    if (node["beyond_tried"]) {
      MAXOPT_TRY(out.beyond_tried, Flag(node["beyond_tried"]));
    }
    if (node["split"]) {
      MAXOPT_TRY(const std::string text, Text(node, "split"));
      if (text == "best") {
        out.split = Scenario::Split::kBest;
      } else if (text == "equal") {
        out.split = Scenario::Split::kEqual;
      } else if (text != "proportional") {
        return Bad(node["split"], "split is proportional, best or equal");
      }
    }
    if (const YAML::Node target = node["target"]) {
      if (!target.IsMap() || target.size() != 1) {
        return Bad(target,
                   "target must be one of {marginal_roas: 2}, {average_roas: 3}, "
                   "{marginal_cpa: 30}, {average_cpa: 25}");
      }
      MAXOPT_TRY(const std::string name, Text(target.begin()->first));
      MAXOPT_TRY(const std::string text, Text(target.begin()->second));
      const auto read = TargetOf(name, text);
      if (!read) return Bad(target, read.error().what);
      out.target = *read;
    }
    if (const YAML::Node bounds = node["bounds"]) {
      MAXOPT_CHECK(OnlyKeys(bounds, {}));
      for (const auto& entry : bounds) {
        MAXOPT_TRY(const std::string id, Text(entry.first));
        MAXOPT_CHECK(OnlyKeys(entry.second, {"min", "max"}));
        Scenario::Bounds& to = out.bounds[id];
        if (entry.second["min"]) {
          MAXOPT_TRY(to.min, Amount(entry.second["min"]));
        }
        if (entry.second["max"]) {
          MAXOPT_TRY(to.max, Amount(entry.second["max"]));
        }
      }
    }
    return out;
  }

  const std::string& file_;
  Currency currency_;
};

}  // namespace

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
  if (yaml.size() > kSizeMax) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}: is larger than {} bytes; is it the right file?", file, kSizeMax));
  }
  try {
    return Reader(file, currency).Read(YAML::Load(std::string(yaml)));
  } catch (const YAML::Exception& e) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file, e.mark.line + 1, e.msg));
  }
}

}  // namespace maxopt
