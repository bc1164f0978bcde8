#include "decide/tactics/tactics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

namespace maxopt {
namespace {

constexpr double kZ90 = 1.6448536269514722;  // standard normal quantile at 0.95
constexpr int kWindowsLeast = 2;
constexpr int kWindowsWithoutExperiment = 4;

double VarianceOf(const TacticMeasurement& m, const TacticOptions& options) {
  const double bias = m.experiment ? 0 : options.before_after_bias;
  return m.se * m.se + bias * bias;
}

double SdOf(const TacticEffect& effect) { return (effect.high90 - effect.low90) / (2 * kZ90); }

PoolOptions PoolOptionsOf(const TacticOptions& options) {
  return {.level = 0.9, .tau2_least = options.between_accounts * options.between_accounts};
}

bool Sound(const TacticMeasurement& m) {
  return std::isfinite(m.lift) && std::isfinite(m.se) && m.se > 0 && m.first <= m.last;
}

std::vector<TacticMeasurement> Recent(std::span<const TacticMeasurement> measurements, Day today,
                                      const TacticOptions& options) {
  std::vector<TacticMeasurement> out = IndependentWindows(measurements);
  std::erase_if(out, [&](const TacticMeasurement& m) {
    return (today - m.last).count() > options.window_age_max_days;
  });
  return out;
}

}  // namespace

std::vector<TacticMeasurement> IndependentWindows(std::span<const TacticMeasurement> measurements) {
  std::vector<TacticMeasurement> sorted;
  for (const TacticMeasurement& m : measurements) {
    if (Sound(m)) sorted.push_back(m);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const TacticMeasurement& a, const TacticMeasurement& b) {
              return std::tuple(!a.experiment, a.se, a.client, a.first, a.last, a.source) <
                     std::tuple(!b.experiment, b.se, b.client, b.first, b.last, b.source);
            });
  std::vector<TacticMeasurement> out;
  for (const TacticMeasurement& m : sorted) {
    const bool overlaps = std::any_of(out.begin(), out.end(), [&](const TacticMeasurement& kept) {
      return kept.client == m.client && kept.first <= m.last && m.first <= kept.last;
    });
    if (!overlaps) out.push_back(m);
  }
  std::sort(out.begin(), out.end(), [](const TacticMeasurement& a, const TacticMeasurement& b) {
    return std::tie(a.client, a.first) < std::tie(b.client, b.first);
  });
  return out;
}

TacticVerdict JudgeTactic(std::span<const TacticMeasurement> measurements, Day today,
                          const TacticOptions& options) {
  const std::vector<TacticMeasurement> windows = Recent(measurements, today, options);
  TacticVerdict out;
  std::set<std::string> clients;
  std::vector<PooledStudy> studies;
  for (const TacticMeasurement& m : windows) {
    clients.insert(m.client);
    out.experiments += m.experiment ? 1 : 0;
    studies.push_back({m.lift, VarianceOf(m, options), 1});
  }
  out.windows = static_cast<int>(windows.size());
  out.clients = static_cast<int>(clients.size());
  if (studies.empty()) {
    out.why = "no window of the last two years was measured";
    return out;
  }
  const auto pooled = PoolRandomEffects(studies, PoolOptionsOf(options));
  if (!pooled) Bug();
  out.effect = TacticEffect{pooled->mean, pooled->low, pooled->high};
  const std::string numbers =
      fmt::format("{} of {}, pooled {:+.1f} % (90 %: {:+.1f} to {:+.1f})",
                  out.windows == 1 ? "1 window" : fmt::format("{} windows", out.windows),
                  out.clients == 1 ? "1 client" : fmt::format("{} clients", out.clients),
                  100 * pooled->mean, 100 * pooled->low, 100 * pooled->high);
  if (out.windows < kWindowsLeast) {
    out.why = numbers + ": one window may be chance";
  } else if (pooled->mean < -pooled->se) {
    out.grade = TacticGrade::kContradicted;
    out.why = numbers + ": it did harm";
  } else if (pooled->mean <= pooled->se) {
    out.why = numbers + ": not told from nothing";
  } else if (pooled->low > 0 && (out.experiments > 0 || out.windows >= kWindowsWithoutExperiment)) {
    out.grade = TacticGrade::kValidated;
    out.why =
        numbers + (out.experiments > 0 ? fmt::format(", {} of them by experiment", out.experiments)
                                       : ", none by experiment");
  } else {
    out.grade = TacticGrade::kCandidate;
    out.why = numbers + (pooled->low > 0 ? ": an experiment, or four windows, would validate it"
                                         : ": likely, not sure");
  }
  return out;
}

std::optional<LiftPrior> PoolTactics(std::span<const RetrievedTactic> tactics, Day today,
                                     const TacticOptions& options) {
  struct Part {
    const RetrievedTactic* of;
    TacticEffect effect;
    std::vector<PooledStudy> studies;  // of its own; empty: it speaks with the library
  };
  std::vector<Part> parts;
  double prior = 0, prior_mean = 0, prior_most = 0;
  LiftPrior out;
  for (const RetrievedTactic& each : tactics) {
    if (!(each.similarity > 0)) continue;
    const double similarity = std::min(1.0, each.similarity);
    const std::optional<TacticEffect>& effect = each.tactic.effect;
    if (each.tactic.grade == TacticGrade::kPrior) {
      if (!effect || !(SdOf(*effect) > 0)) continue;
      parts.push_back({&each, *effect, {}});
      prior += similarity;
      prior_mean += similarity * effect->mean;
      prior_most = std::max(prior_most, similarity);
      continue;
    }
    Part part{&each, {}, {}};
    for (const TacticMeasurement& m : Recent(each.measurements, today, options)) {
      part.studies.push_back({m.lift, VarianceOf(m, options), similarity});
    }
    if (!part.studies.empty()) {
      part.effect = *JudgeTactic(each.measurements, today, options).effect;
      out.measured += static_cast<int>(part.studies.size());
    } else if (effect && SdOf(*effect) > 0) {  // of others, pooled before it came here
      part.effect = *effect;
      part.studies.push_back({effect->mean, std::pow(SdOf(*effect), 2), similarity});
      out.measured += each.tactic.windows;
    } else {
      continue;
    }
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return std::nullopt;

  std::vector<PooledStudy> studies;
  PooledStudy library{0, 0, prior_most};
  if (prior > 0) {
    library.effect = prior_mean / prior;
    for (const Part& part : parts) {
      if (!part.studies.empty()) continue;
      const double s = std::min(1.0, part.of->similarity) / prior;
      library.variance +=
          s * (std::pow(SdOf(part.effect), 2) + std::pow(part.effect.mean - library.effect, 2));
    }
    studies.push_back(library);
  }
  for (const Part& part : parts) {
    studies.insert(studies.end(), part.studies.begin(), part.studies.end());
  }
  const auto pooled = PoolRandomEffects(studies, PoolOptionsOf(options));
  if (!pooled) return std::nullopt;
  out.relative = {pooled->mean, pooled->next_sd};
  out.tau2 = pooled->tau2;
  const auto weight = [&](const PooledStudy& study) {
    return study.similarity / (study.variance + pooled->tau2);
  };
  double total = 0;
  for (const PooledStudy& study : studies) total += weight(study);
  for (const Part& part : parts) {
    TacticVoice voice{
        part.of->tactic.id, part.of->tactic.title, part.of->tactic.grade, part.of->similarity, 0,
        part.effect};
    if (part.studies.empty()) {
      voice.weight = weight(library) / total * std::min(1.0, part.of->similarity) / prior;
    }
    for (const PooledStudy& study : part.studies) voice.weight += weight(study) / total;
    out.voices.push_back(std::move(voice));
  }
  std::sort(out.voices.begin(), out.voices.end(), [](const TacticVoice& a, const TacticVoice& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.id < b.id;
  });
  return out;
}

}  // namespace maxopt
