#include "app/tactics/tactics.h"

#include <filesystem>

#include "stages/optimize/trials/trials.h"
#include "yaml/yaml.h"

namespace maxopt {
namespace {

constexpr double kZ95 = 1.959963984540054;

Result<EmbeddingsEndpoint> ReadEndpoint(const YamlMap& root) {
  MAXOPT_CHECK(root.OnlyKeys({"maxopt", "embeddings"}));
  MAXOPT_CHECK(root.Kind("tactics_config/1"));
  if (!root.Has("embeddings")) return root.Bad("embeddings is missing");
  const YamlMap at = root.Map("embeddings");
  MAXOPT_CHECK(at.OnlyKeys({"url", "model", "key", "dimensions", "timeout_seconds"}));
  EmbeddingsEndpoint out;
  MAXOPT_TRY(out.url, at.Text("url"));
  MAXOPT_TRY(out.model, at.Text("model"));
  if (at.Has("key")) {
    MAXOPT_TRY(const std::string key, at.Text("key"));
    if (!key.starts_with("env:"))
      return at.Bad("key", "key names an environment variable: env:NAME");
    MAXOPT_TRY(out.key, at.Secret("key"));
  }
  MAXOPT_CHECK(at.Count("dimensions", 1, 65'536, out.dimensions));
  auto timeout = std::chrono::floor<std::chrono::seconds>(out.timeout);
  MAXOPT_CHECK(at.Count("timeout_seconds", 1, 600, timeout));
  out.timeout = timeout;
  while (out.url.ends_with('/')) out.url.pop_back();
  if (!out.url.starts_with("http://") && !out.url.starts_with("https://")) {
    return at.Bad("url", "url must begin with http:// or https://");
  }
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
  MAXOPT_TRY(const std::string yaml, ReadWholeFile(path));
  MAXOPT_TRY(EmbeddingsEndpoint endpoint, ReadYaml(yaml, path, ReadEndpoint));
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
