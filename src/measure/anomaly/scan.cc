#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "measure/anomaly/anomaly.h"

namespace maxopt {
namespace {

// A weight moves by a factor of sqrt 2 an answer: 4 not useful quarter it, 8 are the lower bound.
constexpr int kMostUseful = 4;
constexpr int kLeastUseful = -8;

}  // namespace

void Feedback::Add(std::string_view key, bool useful) {
  auto at = std::lower_bound(answers_.begin(), answers_.end(), key,
                             [](const auto& a, std::string_view k) { return a.first < k; });
  if (at == answers_.end() || at->first != key) at = answers_.insert(at, {std::string(key), 0});
  at->second = std::clamp(at->second + (useful ? 1 : -1), kLeastUseful, kMostUseful);
}

double Feedback::Weight(std::string_view key) const {
  const auto at = std::lower_bound(answers_.begin(), answers_.end(), key,
                                   [](const auto& a, std::string_view k) { return a.first < k; });
  if (at == answers_.end() || at->first != key) return 1;
  return std::clamp(std::exp2(0.5 * at->second), kLowest, kHighest);
}

std::vector<std::pair<std::string, int>> Feedback::answers() const { return answers_; }

Feedback Feedback::FromAnswers(const std::vector<std::pair<std::string, int>>& answers) {
  Feedback feedback;
  for (const auto& [key, sum] : answers) {
    const int bounded = std::clamp(sum, kLeastUseful, kMostUseful);
    for (int i = 0; i < std::abs(bounded); ++i) feedback.Add(key, bounded > 0);
  }
  return feedback;
}

Result<std::vector<Finding>> ScanFamily(std::span<const Candidate> candidates,
                                        const Feedback& feedback, const ScanOptions& options) {
  const auto bad = [](std::string_view field, double value, std::string_view range) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} is {}; it must be {}", field, value, range));
  };
  if (!(options.false_discovery_rate > 0 && options.false_discovery_rate < 1)) {
    return bad("false_discovery_rate", options.false_discovery_rate, "in (0, 1)");
  }
  if (!(options.false_scans_per_month > 0)) {
    return bad("false_scans_per_month", options.false_scans_per_month, "above 0");
  }
  if (!(options.scans_per_month > 0)) {
    return bad("scans_per_month", options.scans_per_month, "above 0");
  }
  if (!(options.deviation_min >= 0)) {
    return bad("deviation_min", options.deviation_min, "0 or above");
  }
  const double rate = std::min(options.false_discovery_rate,
                               options.false_scans_per_month / options.scans_per_month);
  struct Entry {
    std::size_t candidate;
    double weight;
    double p;
  };
  std::vector<Entry> entries;
  double weights = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Judgement& j = candidates[i].judgement;
    if (!j.judged) continue;
    // What is too small to matter still counts as a test, so the rate holds.
    const bool small = j.deviation && std::abs(*j.deviation) < options.deviation_min;
    const double weight = feedback.Weight(candidates[i].key);
    entries.push_back({i, weight, small ? 1.0 : j.p_value});
    weights += weight;
  }
  const auto m = static_cast<double>(entries.size());
  for (Entry& e : entries) {
    if (e.p < 1) e.p = std::min(1.0, e.p / (e.weight * m / weights));
  }
  std::sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
    if (a.p != b.p) return a.p < b.p;
    return candidates[a.candidate].key < candidates[b.candidate].key;
  });
  std::vector<Finding> findings;
  double q = 1;
  for (std::size_t rank = entries.size(); rank > 0; --rank) {
    const Entry& e = entries[rank - 1];
    q = std::min(q, e.p * m / static_cast<double>(rank));
    if (q <= rate) findings.push_back({e.candidate, q});
  }
  std::reverse(findings.begin(), findings.end());
  return findings;
}

}  // namespace maxopt
