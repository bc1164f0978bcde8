#include "tactics/year.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <map>
#include <numbers>
#include <string>
#include <vector>

#include "decide/tactics/tactics.h"
#include "measure/pooling/pooling.h"
#include "memory/tactics/tactics.h"

namespace maxopt::year {
namespace {

using std::chrono::days;

constexpr double kByProblem = 0.08, kByPlatform = 0.03, kEachTime = 0.05, kMeasuredSe = 0.06;
constexpr double kNear = 0.02;
constexpr int kWeeksToMeasure = 8, kWindowDays = 28;
// As UseTacticsOptions of stages/optimize/tactics.
constexpr int kAsked = 8;
constexpr double kAlike = 0.3;

/// SplitMix64 (Steele, Lea, Flood 2014), and normals by Box and Muller: the same on every machine.
class Luck {
 public:
  explicit Luck(std::uint64_t seed) : state_(seed) {}
  double Uniform() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    z ^= z >> 31;
    return (static_cast<double>(z >> 11) + 0.5) * 0x1.0p-53;
  }
  double Normal(double sd) {
    const double u = Uniform(), v = Uniform();
    return sd * std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
  }

 private:
  std::uint64_t state_;
};

struct Situation {
  const char* platform;
  const char* channel;
  const char* objective;
  const char* problem;
  std::array<const char*, 4> levers;
};
constexpr Situation kSituations[] = {
    {"google_ads", "search", "sales", "search_waste", {"keyword", "bid", "daypart", "place"}},
    {"google_ads", "search", "leads", "search_waste", {"keyword", "bid", "daypart", "place"}},
    {"google_ads", "search", "sales", "cpa_high", {"bid", "keyword", "audience", "place"}},
    {"google_ads", "search", "leads", "cpa_high", {"bid", "keyword", "audience", "place"}},
    {"google_ads", "search", "sales", "hours_waste", {"daypart", "bid", "place", "audience"}},
    {"google_ads", "search", "leads", "geo_waste", {"place", "bid", "daypart", "audience"}},
    {"google_ads", "search", "sales", "low_volume", {"keyword", "bid", "reallocate", "audience"}},
    {"google_ads", "search", "sales", "cpc_high", {"bid", "keyword", "daypart", "place"}},
    {"meta", "social", "sales", "creative_fatigue", {"rotate", "audience", "bid", "reallocate"}},
    {"meta", "social", "leads", "creative_fatigue", {"rotate", "audience", "bid", "reallocate"}},
    {"meta", "social", "sales", "frequency_high", {"audience", "rotate", "reallocate", "bid"}},
    {"meta", "social", "sales", "cpa_high", {"bid", "audience", "rotate", "place"}},
    {"meta", "social", "leads", "cpa_high", {"bid", "audience", "rotate", "place"}},
    {"meta", "social", "sales", "cpm_high", {"audience", "bid", "daypart", "rotate"}},
    {"meta", "social", "sales", "hours_waste", {"daypart", "bid", "place", "audience"}},
    {"tiktok", "social", "sales", "creative_fatigue", {"rotate", "audience", "bid", "reallocate"}},
    {"tiktok", "social", "sales", "ctr_low", {"rotate", "audience", "bid", "daypart"}},
    {"tiktok", "social", "sales", "cpa_high", {"bid", "audience", "rotate", "place"}},
    {"tiktok", "social", "leads", "ctr_low", {"rotate", "audience", "bid", "daypart"}},
    {"tiktok", "social", "sales", "geo_waste", {"place", "bid", "daypart", "audience"}},
};
constexpr std::size_t kCount = std::size(kSituations);
static_assert(kCount == 20);

TacticContext ContextOf(const Situation& situation, std::string_view lever) {
  TacticContext out;
  out.Add("platform", situation.platform);
  out.Add("channel", situation.channel);
  out.Add("objective", situation.objective);
  out.Add("problem", situation.problem);
  out.Add("lever", lever);
  return out;
}

/// What was measured, as the ledger teaches it: a tactic for each kind of change, platform and
/// objective, with the problems it was used for.
class Knowledge {
 public:
  void Learn(const Situation& situation, std::string_view lever, TacticMeasurement measurement,
             Day today) {
    const std::string id =
        std::string(lever) + "-" + situation.platform + "-" + situation.objective;
    auto [at, is_new] = known_.try_emplace(id);
    Known& known = at->second;
    if (is_new) {
      Tactic& tactic = known.tactic;
      tactic.id = id;
      tactic.title = "Changes of kind " + std::string(lever);
      tactic.problem = "What such plans were proposed for.";
      tactic.action = "Changes of kind " + std::string(lever) + ".";
      tactic.source = "ledger";
      tactic.context = ContextOf(situation, lever);
    }
    known.tactic.context.Add("problem", situation.problem);
    known.measurements.push_back(std::move(measurement));
    const TacticVerdict verdict = JudgeTactic(known.measurements, today);
    known.tactic.grade = verdict.grade;
    known.tactic.effect = verdict.effect;
    index_.reset();
  }

  Result<std::optional<LiftPrior>> Expect(const Situation& situation, std::string_view lever,
                                          Day today) {
    if (known_.empty()) return std::nullopt;
    if (!index_) {
      std::vector<Tactic> tactics;
      for (const auto& [id, known] : known_) tactics.push_back(known.tactic);
      MAXOPT_TRY(index_, TacticIndex::Build(std::move(tactics), embedder_));
    }
    TacticFilter filter;
    filter.platform = situation.platform;
    filter.objective = situation.objective;
    filter.lever = lever;
    TacticText question;
    question.context = ContextOf(situation, lever);
    MAXOPT_TRY(const std::vector<TacticHit> hits, index_->Search(question, filter, kAsked));
    std::vector<RetrievedTactic> found;
    for (const TacticHit& hit : hits) {
      const Known& known = known_.at(index_->tactics()[hit.at].id);
      if (hit.similarity < kAlike || !known.tactic.context.Has("lever", lever)) continue;
      found.push_back({known.tactic, known.measurements, hit.similarity});
    }
    return PoolTactics(found, today);
  }

 private:
  struct Known {
    Tactic tactic;
    std::vector<TacticMeasurement> measurements;
  };
  std::map<std::string, Known> known_;
  std::shared_ptr<const Embedder> embedder_ = MakeHashEmbedder();
  std::unique_ptr<TacticIndex> index_;
};

struct Pending {
  int week;
  std::size_t situation;
  std::string lever;
  TacticMeasurement measurement;
};

}  // namespace

Result<Outcome> Live(const Options& options) {
  Luck world(options.seed);
  // What each kind of change brings, by situation: shared by problem, differing by platform.
  std::map<std::string, double> by_problem, by_platform;
  std::array<std::array<double, 4>, kCount> truth{};
  for (std::size_t s = 0; s < kCount; ++s) {
    for (std::size_t a = 0; a < 4; ++a) {
      const Situation& of = kSituations[s];
      const std::string problem = std::string(of.levers[a]) + of.problem;
      const std::string platform = problem + of.platform;
      if (!by_problem.contains(problem)) by_problem[problem] = world.Normal(kByProblem);
      if (!by_platform.contains(platform)) by_platform[platform] = world.Normal(kByPlatform);
      truth[s][a] = by_problem[problem] + by_platform[platform];
    }
  }
  Knowledge knowledge;
  std::deque<Pending> pending;
  Outcome out;
  out.weeks_to_good = options.weeks;
  std::vector<std::pair<int, int>> weeks;  // good, decided
  const Day start = Day(days(20'000));
  double gain = 0, best_sum = 0;
  int good = 0, number = 0;
  for (int week = 0; week < options.weeks; ++week) {
    const Day today = start + days(7 * week);
    while (!pending.empty() && pending.front().week <= week) {
      const Pending& done = pending.front();
      knowledge.Learn(kSituations[done.situation], done.lever, done.measurement, today);
      pending.pop_front();
    }
    weeks.emplace_back(0, 0);
    for (int i = 0; i < options.a_week; ++i) {
      const auto s = static_cast<std::size_t>(world.Uniform() * kCount);
      const Situation& of = kSituations[s];
      std::array<double, 4> now{}, own{}, luck{};
      // Drawn for every kind of change, so that both ways of deciding meet the same year.
      for (std::size_t a = 0; a < 4; ++a) {
        now[a] = truth[s][a] + world.Normal(kEachTime);
        own[a] = now[a] + world.Normal(options.own_se);
        luck[a] = world.Normal(kMeasuredSe);
      }
      std::optional<std::size_t> chosen;
      double worth = 0;
      for (std::size_t a = 0; a < 4; ++a) {
        Opinion opinion{own[a], options.own_se};
        if (options.knowledge) {
          MAXOPT_TRY(const std::optional<LiftPrior> prior,
                     knowledge.Expect(of, of.levers[a], today));
          if (prior) {
            MAXOPT_TRY(opinion, Combine(opinion, prior->relative));
          }
        }
        const double of_this = opinion.mean - 0.5 * opinion.sd;
        if (of_this > worth) worth = of_this, chosen = a;
      }
      const double best = std::max(0.0, *std::max_element(truth[s].begin(), truth[s].end()));
      const double mean = chosen ? truth[s][*chosen] : 0;
      const bool is_good = mean >= best - kNear;
      gain += chosen ? now[*chosen] : 0;
      best_sum += best;
      good += is_good ? 1 : 0;
      weeks.back().first += is_good ? 1 : 0;
      ++weeks.back().second;
      ++out.decisions;
      if (!chosen) continue;
      TacticMeasurement m;
      m.source = "ledger/" + std::to_string(++number);
      m.client = "A";
      m.first = today;
      m.last = today + days(kWindowDays - 1);
      m.lift = now[*chosen] + luck[*chosen];
      m.se = kMeasuredSe;
      m.method = "before and after";
      pending.push_back({week + kWeeksToMeasure, s, of.levers[*chosen], std::move(m)});
    }
  }
  for (int from = 0; from <= options.weeks * 3 / 4 && out.weeks_to_good == options.weeks; ++from) {
    int g = 0, n = 0;
    for (int w = from; w < options.weeks; ++w) {
      g += weeks[static_cast<std::size_t>(w)].first;
      n += weeks[static_cast<std::size_t>(w)].second;
    }
    if (3 * g >= 2 * n) out.weeks_to_good = from;
  }
  for (int q = 0; q < 4; ++q) {
    int g = 0, n = 0;
    for (int w = options.weeks * q / 4; w < options.weeks * (q + 1) / 4; ++w) {
      g += weeks[static_cast<std::size_t>(w)].first;
      n += weeks[static_cast<std::size_t>(w)].second;
    }
    out.quarters[q] = n == 0 ? 0 : static_cast<double>(g) / n;
  }
  const auto count = static_cast<double>(std::max(1, out.decisions));
  out.gain = gain / count;
  out.best = best_sum / count;
  out.good = good / count;
  return out;
}

}  // namespace maxopt::year
