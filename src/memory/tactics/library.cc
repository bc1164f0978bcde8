#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "memory/tactics/builtin.h"
#include "memory/tactics/tactics.h"

namespace maxopt {
namespace {

constexpr std::size_t kSizeMax = 4u << 20;

std::unexpected<Error> Bad(const std::string& file, const YAML::Node& node, std::string_view what) {
  return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file, node.Mark().line + 1, what));
}

Result<> OnlyKeys(const std::string& file, const YAML::Node& node,
                  std::initializer_list<std::string_view> known) {
  if (!node.IsMap()) return Bad(file, node, "a mapping (key: value) is needed here");
  std::set<std::string> seen;
  for (const auto& pair : node) {
    const std::string key = pair.first.IsScalar() ? pair.first.Scalar() : "";
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return Bad(
          file, pair.first,
          fmt::format("\"{}\" is not known here; known are {}", key, fmt::join(known, ", ")));
    }
    if (!seen.insert(key).second) {
      return Bad(file, pair.first, fmt::format("\"{}\" is written twice", key));
    }
  }
  return {};
}

Result<std::vector<std::string>> Texts(const std::string& file, const YAML::Node& node) {
  if (!node.IsSequence()) return Bad(file, node, "a list is needed here: [one, two]");
  std::vector<std::string> out;
  for (const auto& item : node) {
    if (!item.IsScalar() || item.Scalar().empty()) return Bad(file, item, "a text is needed here");
    out.push_back(item.Scalar());
  }
  return out;
}

Result<double> Number(const std::string& file, const YAML::Node& node, const char* key) {
  const YAML::Node at = node[key];
  if (!at.IsDefined()) return Bad(file, node, fmt::format("\"{}\" is missing", key));
  const std::string text = at.IsScalar() ? at.Scalar() : "";
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) {
    return Bad(file, at, fmt::format("{} \"{}\" is not a number", key, text));
  }
  return value;
}

Result<Tactic> OneTactic(const std::string& file, const YAML::Node& node) {
  MAXOPT_CHECK(OnlyKeys(file, node,
                        {"id", "title", "context", "problem", "action", "why", "effect", "basis",
                         "avoid", "measure", "said", "expires"}));
  Tactic out;
  out.source = "library";
  const std::pair<const char*, std::string*> texts[] = {
      {"id", &out.id},         {"title", &out.title},    {"problem", &out.problem},
      {"action", &out.action}, {"why", &out.why},        {"basis", &out.basis},
      {"avoid", &out.avoid},   {"measure", &out.measure}};
  for (const auto& [key, into] : texts) {
    const YAML::Node at = node[key];
    if (!at.IsDefined() || !at.IsScalar() || at.Scalar().empty()) {
      return Bad(file, node, fmt::format("\"{}\" is missing: a text is needed", key));
    }
    *into = at.Scalar();
  }
  if (const YAML::Node context = node["context"]; context.IsDefined()) {
    if (!context.IsMap()) return Bad(file, context, "a context is a mapping of facets to words");
    for (const auto& pair : context) {
      MAXOPT_TRY(out.context.facets[pair.first.Scalar()], Texts(file, pair.second));
    }
  }
  if (const YAML::Node said = node["said"]; said.IsDefined()) {
    MAXOPT_TRY(out.said, Texts(file, said));
  }
  if (const YAML::Node effect = node["effect"]; effect.IsDefined()) {
    MAXOPT_CHECK(OnlyKeys(file, effect, {"mean", "low90", "high90"}));
    out.effect.emplace();
    MAXOPT_TRY(out.effect->mean, Number(file, effect, "mean"));
    MAXOPT_TRY(out.effect->low90, Number(file, effect, "low90"));
    MAXOPT_TRY(out.effect->high90, Number(file, effect, "high90"));
  }
  if (const YAML::Node expires = node["expires"]; expires.IsDefined()) {
    const auto day = ParseDay(expires.IsScalar() ? expires.Scalar() : "");
    if (!day) return Bad(file, expires, day.error().what);
    out.expires_at =
        Instant(std::chrono::duration_cast<Instant::duration>(day->time_since_epoch()));
  }
  if (const auto checked = CheckTactic(out); !checked) return Bad(file, node, checked.error().what);
  return out;
}

}  // namespace

Result<std::vector<Tactic>> ParseTactics(std::string_view yaml, const std::string& file) {
  if (yaml.size() > kSizeMax) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}: is larger than {} bytes", file, kSizeMax));
  }
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    if (!root.IsMap()) return Bad(file, root, "is empty or not a mapping (key: value)");
    MAXOPT_CHECK(OnlyKeys(file, root, {"maxopt", "tactics"}));
    if (!root["maxopt"].IsDefined() || !root["maxopt"].IsScalar() ||
        root["maxopt"].Scalar() != "tactics/1") {
      return Bad(file, root, "\"maxopt: tactics/1\" is needed here");
    }
    const YAML::Node list = root["tactics"];
    if (!list.IsDefined() || !list.IsSequence()) {
      return Bad(file, root, "\"tactics\" must be a list");
    }
    std::vector<Tactic> out;
    std::set<std::string> ids;
    for (const auto& node : list) {
      MAXOPT_TRY(Tactic tactic, OneTactic(file, node));
      if (!ids.insert(tactic.id).second) {
        return Bad(file, node, fmt::format("\"{}\" is written twice", tactic.id));
      }
      out.push_back(std::move(tactic));
    }
    return out;
  } catch (const YAML::Exception& e) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}:{}: not valid YAML: {}", file, e.mark.line + 1, e.msg));
  }
}

const std::vector<Tactic>& TacticLibrary() {
  static const std::vector<Tactic> library = [] {
    std::vector<Tactic> all;
    for (const TacticFile& file : TacticFiles()) {
      if (file.name.ends_with("/glossary.yaml")) continue;
      auto tactics = ParseTactics(file.text, std::string(file.name));
      if (!tactics) {
        fmt::print(stderr, "{}\n", tactics.error().what);
        Bug();
      }
      all.insert(all.end(), tactics->begin(), tactics->end());
    }
    std::sort(all.begin(), all.end(), [](const Tactic& a, const Tactic& b) { return a.id < b.id; });
    return all;
  }();
  return library;
}

}  // namespace maxopt
