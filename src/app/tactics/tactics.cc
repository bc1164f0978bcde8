#include "app/tactics/tactics.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "stages/optimize/trials/trials.h"

namespace maxopt {
namespace {

constexpr double kZ95 = 1.959963984540054;

Result<EmbeddingsEndpoint> ReadEndpoint(const std::string& path) {
  MAXOPT_TRY(const std::string text, ReadWholeFile(path));
  const auto bad = [&](std::string_view what) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}: {}", path, what));
  };
  EmbeddingsEndpoint out;
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap() || !root["maxopt"] || root["maxopt"].Scalar() != "tactics_config/1") {
      return bad("\"maxopt: tactics_config/1\" is needed");
    }
    for (const auto& pair : root) {
      const std::string key = pair.first.Scalar();
      if (key != "maxopt" && key != "embeddings") return bad("\"" + key + "\" is not known");
    }
    const YAML::Node at = root["embeddings"];
    if (!at.IsDefined() || !at.IsMap()) return bad("\"embeddings\" is missing");
    for (const auto& pair : at) {
      const std::string key = pair.first.Scalar(), value = pair.second.Scalar();
      const auto number = [&](int low, int high) -> Result<int> {
        int read = 0;
        const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), read);
        if (code == std::errc() && end == value.data() + value.size() && read >= low &&
            read <= high) {
          return read;
        }
        return bad(fmt::format("embeddings.{} \"{}\" is not a whole number from {} to {}", key,
                               value, low, high));
      };
      if (key == "url") {
        out.url = value;
      } else if (key == "model") {
        out.model = value;
      } else if (key == "key") {
        if (!value.starts_with("env:")) {
          return bad("embeddings.key names an environment variable: env:NAME");
        }
        const char* secret = std::getenv(value.c_str() + 4);
        if (secret == nullptr || *secret == '\0') {
          return bad(fmt::format("the environment has no {}", value.substr(4)));
        }
        out.key = secret;
      } else if (key == "dimensions") {
        MAXOPT_TRY(out.dimensions, number(1, 65'536));
      } else if (key == "timeout_seconds") {
        MAXOPT_TRY(const int seconds, number(1, 600));
        out.timeout = std::chrono::seconds(seconds);
      } else {
        return bad(
            fmt::format("embeddings.{} is not known; known are url, model, key, "
                        "dimensions, timeout_seconds",
                        key));
      }
    }
  } catch (const YAML::Exception& e) {
    return bad(fmt::format("line {}: not valid YAML: {}", e.mark.line + 1, e.msg));
  }
  while (out.url.ends_with('/')) out.url.pop_back();
  if (!out.url.starts_with("http://") && !out.url.starts_with("https://")) {
    return bad("embeddings.url must begin with http:// or https://");
  }
  if (out.model.empty()) return bad("embeddings.model is missing");
  return out;
}

/// The lever that a comparison's variable is.
std::string_view LeverOf(const std::string& variable) {
  if (variable == "creative") return "rotate";
  return variable == "audience" ? "audience" : variable == "bid" ? "bid" : "";
}

}  // namespace

Result<TacticsWorld> TacticsWorldOf(Home& home) {
  TacticsWorld world{&home.store(), &home.facts(), &home.clock(), nullptr};
  const std::string path = home.PathOf("tactics.yaml");
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return world;
  MAXOPT_TRY(EmbeddingsEndpoint endpoint, ReadEndpoint(path));
  world.embedder = MakeHttpEmbedder(std::move(endpoint), http::MakeCurlTransport());
  return world;
}

Result<LearnReport> LearnTacticsOf(Home& home, const std::string& client) {
  MAXOPT_TRY(const std::optional<Policy> policy, home.PolicyOf(client));
  MAXOPT_TRY(const std::vector<Trial> trials, TrialsOf(home.store(), client));
  std::vector<TrialOutcome> outcomes;
  for (const Trial& trial : trials) {
    const std::string_view lever = LeverOf(trial.variable);
    if (trial.kind != TrialKind::kComparison || trial.state != TrialState::kMeasured ||
        lever.empty()) {
      continue;
    }
    for (const TrialReading& reading : trial.readings) {
      if (!reading.lift || reading.grade == EvidenceGrade::kNone) continue;
      TrialOutcome out;
      out.source = "trial/" + trial.id;
      out.context.Add("lever", lever);
      for (const TrialMove& move : trial.moves) {
        if (move.account.platform != Platform::kOther) {
          out.context.Add("platform", PlatformName(move.account.platform));
        }
      }
      out.context.Add("season", SeasonOf(reading.first));
      out.first = reading.first, out.last = reading.last;
      out.lift = reading.lift->value;
      out.se = (reading.lift->high - reading.lift->low) / (2 * kZ95);
      out.by_lot =
          reading.grade == EvidenceGrade::kModerate || reading.grade == EvidenceGrade::kStrong;
      out.method = reading.method;
      outcomes.push_back(std::move(out));
      break;  // the readings of one trial are one window
    }
  }
  return LearnTactics({&home.store(), &home.facts(), &home.clock(), nullptr}, client,
                      policy && policy->share_results, outcomes);
}

Result<> RememberFor(Home& home, const std::string& client, Stage stage,
                     std::span<const std::string> about) {
  if (about.empty()) return {};
  MAXOPT_TRY(const TacticsWorld world, TacticsWorldOf(home));
  MAXOPT_TRY(const WorkingMemory memory, AssembleMemory(world, client, stage));
  for (const std::string& each : about) {
    MAXOPT_CHECK(Remember(home.store(), memory, each));
  }
  return {};
}

}  // namespace maxopt
