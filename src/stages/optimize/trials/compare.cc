// Comparisons of 2 to 4 arms that the documents planned.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "measure/significance/significance.h"
#include "stages/optimize/trials/record.h"
#include "stages/optimize/trials/run.h"

namespace maxopt::trials {
namespace {

using std::chrono::days;

/// The interval is asymptotic: before this many events an arm it is not looked at.
constexpr double kEventsMin = 25;
/// Fabijan et al. 2019 alert below 0.0005 to 0.01; the middle of that.
constexpr double kMismatch = 0.001;

struct ArmCount {
  double n = 0, x = 0;
  std::map<Day, double> impressions;
};

struct Kpi {
  std::string n, x;  ///< measures
};
std::optional<Kpi> KpiOf(const std::string& kpi) {
  if (kpi == "ctr") return Kpi{"impressions", "clicks"};
  if (kpi == "cvr") return Kpi{"clicks", "conversions"};
  if (kpi == "conversions") return Kpi{"impressions", "conversions"};
  return std::nullopt;
}

/// Split against what was planned, allowing for how much a platform's daily split wavers.
std::optional<double> SplitPValue(const std::vector<ArmCount>& arms,
                                  const std::vector<double>& weights) {
  std::set<Day> all;
  std::vector<double> totals;
  for (const ArmCount& arm : arms) {
    double total = 0;
    for (const auto& [day, n] : arm.impressions) {
      all.insert(day);
      total += n;
    }
    totals.push_back(total);
  }
  double sum = 0;
  for (const double total : totals) sum += total;
  if (!(sum > 0) || all.size() < 2) return std::nullopt;
  double chi2 = 0;
  for (const Day day : all) {
    double of_day = 0;
    for (const ArmCount& arm : arms) {
      const auto at = arm.impressions.find(day);
      of_day += at == arm.impressions.end() ? 0 : at->second;
    }
    for (std::size_t i = 0; i < arms.size(); ++i) {
      const double expected = of_day * totals[i] / sum;
      const auto at = arms[i].impressions.find(day);
      const double got = at == arms[i].impressions.end() ? 0 : at->second;
      if (expected > 0) chi2 += (got - expected) * (got - expected) / expected;
    }
  }
  const double freedom = static_cast<double>(all.size() - 1) * static_cast<double>(arms.size() - 1);
  const double spread = std::max(1.0, chi2 / freedom);
  std::vector<std::int64_t> counts;
  for (const double total : totals) counts.push_back(std::llround(total / spread));
  const auto test = SampleRatio(counts, weights);
  return test ? std::optional(test->p_value) : std::nullopt;
}

class Comparer {
 public:
  Comparer(const TrialsWorld& world, const Client& client, const Policy* policy, TrialRound& round)
      : world_(world),
        client_(client),
        policy_(policy),
        round_(round),
        trees_(world),
        now_(world.clock->Now()) {}

  Result<> Run() {
    MAXOPT_TRY(const Zone zone, Zone::Find(client_.zone));
    today_ = zone.DayOf(now_);
    MAXOPT_TRY(const std::vector<Experiment> experiments, world_.store->Experiments(client_.name));
    MAXOPT_TRY(const std::vector<Trial> known, TrialsOf(*world_.store, client_.name));
    for (const Experiment& experiment : experiments) {
      if (experiment.variable == ExperimentVariable::kGeoHoldout ||
          experiment.variable == ExperimentVariable::kSwitchback) {
        continue;
      }
      const auto at = std::find_if(known.begin(), known.end(),
                                   [&](const Trial& t) { return t.id == experiment.id; });
      const bool runs = experiment.status == "running" ||
                        (experiment.status == "planned" && experiment.start <= today_);
      if (at == known.end() && !runs && experiment.status != "ended") continue;
      if (at != known.end() && !at->open()) continue;
      if (at == known.end() && experiment.status == "ended" && today_ > experiment.end + days(28)) {
        continue;  // over before anything here looked at it
      }
      Trial trial;
      if (at != known.end()) {
        trial = *at;
      } else {
        trial.id = experiment.id;
        trial.client = client_.name;
        trial.kind = TrialKind::kComparison;
        trial.state = TrialState::kRunning;
        trial.title = experiment.name;
        trial.why = experiment.hypothesis;
        trial.source = "claims";
        trial.variable = ExperimentVariableName(experiment.variable);
        trial.proposed_at = now_;
        trial.started_by = "documents";
        trial.start = experiment.start;
        trial.end = experiment.end;
      }
      const Result<> done = One(experiment, trial);
      if (!done) round_.problems.push_back(fmt::format("{}: {}", trial.id, done.error().what));
    }
    return {};
  }

 private:
  void Say(std::vector<std::string>& into, const Trial& trial, const std::string& what) {
    into.push_back(fmt::format("{}: {}", trial.id, what));
  }

  Result<> One(Experiment experiment, Trial& trial) {
    if (trial.state == TrialState::kSettling) return Conclude(trial);
    if (experiment.status == "stopped") {
      trial.state = TrialState::kStopped;
      return Keep(*world_.store, trial, now_);
    }
    const Day last = std::min(experiment.end, today_ - days(1));
    if (last < experiment.start) return {};
    MAXOPT_TRY(std::optional<TrialReading> reading, Read(experiment, trial, last));
    if (!reading) return Keep(*world_.store, trial, now_);
    // Over: by the last day, or before it by the interval that holds at every look.
    if (reading->winner.empty() && today_ <= experiment.end) {
      Say(round_.waiting, trial, reading->conclusion);
      return Keep(*world_.store, trial, now_);
    }
    trial.end = last;
    trial.readings = {*reading};
    trial.state = TrialState::kSettling;
    MAXOPT_CHECK(Keep(*world_.store, trial, now_));
    experiment.status = "ended";
    experiment.end = std::max(experiment.start, last);
    MAXOPT_CHECK(world_.store->SaveExperiment(experiment));
    Say(round_.done, trial, reading->conclusion);
    return Conclude(trial);
  }

  Result<std::optional<TrialReading>> Read(const Experiment& experiment, Trial& trial, Day last) {
    TrialReading reading;
    reading.at = now_;
    reading.first = experiment.start;
    reading.last = last;
    reading.method = "always_valid";
    reading.kpi = experiment.kpi;
    const auto nothing = [&](const std::string& why) {
      reading.method.clear();
      reading.conclusion = "nothing could be read: " + why;
      return std::optional(reading);
    };
    const std::size_t k = experiment.arms.size();
    if (k < 2 || k > 4) {
      return nothing(fmt::format("it has {} arms; 2 to 4 are compared, more are a bandit's", k));
    }
    const std::optional<Kpi> kpi = KpiOf(experiment.kpi);
    if (!kpi) {
      return nothing(
          fmt::format("\"{}\" is no rate of counted events; ctr, cvr and conversions "
                      "are compared",
                      experiment.kpi));
    }
    trial.moves.clear();
    std::vector<ArmCount> arms;
    std::vector<double> weights;
    for (const ExperimentArm& arm : experiment.arms) {
      MAXOPT_TRY(ArmCount count, Count(experiment, arm, *kpi, last, trial));
      arms.push_back(std::move(count));
      weights.push_back(std::max(1, arm.share_bp));
    }
    for (std::size_t i = 0; i < k; ++i) {
      if (arms[i].n <= 0) {
        const std::string why =
            fmt::format("the facts have no {} of arm \"{}\"", kpi->n, experiment.arms[i].name);
        return today_ > experiment.end ? nothing(why) : Later(reading, why);
      }
    }
    // The split first: arms that met other people than planned compare those people.
    const std::optional<double> split = SplitPValue(arms, weights);
    const bool mismatch = split && *split < kMismatch;
    if (mismatch) {
      reading.notes.push_back(fmt::format(
          "the platform did not deal the arms as planned (p {:.2g}): they may have met different "
          "people, so no winner is taken from it",
          *split));
    }
    reading.notes.push_back(
        "the platform chooses who sees which arm: a difference may be of the people it chose");
    const auto pairs = static_cast<double>(k * (k - 1) / 2);
    const double planned = static_cast<double>(experiment.sample_per_arm) * static_cast<double>(k);
    const bool enough = std::all_of(arms.begin(), arms.end(),
                                    [](const ArmCount& arm) { return arm.x >= kEventsMin; });
    std::vector<Trials> counts;
    std::size_t best = 0, second = 1;
    const auto rate = [&](std::size_t i) { return arms[i].x / arms[i].n; };
    for (std::size_t i = 0; i < k; ++i) {
      const auto n = std::llround(arms[i].n);
      const auto x = std::clamp<std::int64_t>(std::llround(arms[i].x), 0, n);
      counts.push_back({n, x});
      if (rate(i) > rate(best)) best = i;
    }
    second = best == 0 ? 1 : 0;
    for (std::size_t i = 0; i < k; ++i) {
      if (i != best && rate(i) > rate(second)) second = i;
    }
    const std::string rates = Rates(experiment, arms);
    if (!enough) {
      const std::string why =
          fmt::format("{}; {:.0f} {} an arm are needed before the interval can be looked at", rates,
                      kEventsMin, kpi->x);
      return today_ > experiment.end ? nothing(why) : Later(reading, why);
    }
    bool wins = true;
    for (std::size_t i = 0; i < k; ++i) {
      if (i == best) continue;
      const double total = arms[i].n + arms[best].n;
      const double tuning = planned > 0 ? 2 * planned / static_cast<double>(k) : total;
      MAXOPT_TRY(const Moments of_i, MomentsOf("a", counts[i]));
      MAXOPT_TRY(const Moments of_best, MomentsOf("b", counts[best]));
      MAXOPT_TRY(const SequentialTest test,
                 SequentialLift(of_i, of_best, tuning, experiment.alpha / pairs));
      wins = wins && test.ci.low > 0;
      if (i != second) continue;
      reading.lift = Estimate{test.lift, test.ci.low, test.ci.high};
      reading.p_value = std::min(1.0, test.p_value * pairs);
    }
    reading.variant = fmt::format("{} counted of {}, interval valid at every look, for {} pair{}",
                                  kpi->x, kpi->n, pairs, pairs == 1 ? "" : "s");
    reading.grade = mismatch ? EvidenceGrade::kWeak : EvidenceGrade::kModerate;
    const std::string lift = fmt::format(
        "\"{}\" above \"{}\" by {:.1f} % ({:.0f} %: {:.1f} to {:.1f})", experiment.arms[best].name,
        experiment.arms[second].name, 100 * reading.lift->value,
        100 * (1 - experiment.alpha / pairs), 100 * reading.lift->low, 100 * reading.lift->high);
    if (wins && !mismatch) {
      reading.winner = experiment.arms[best].name;
      reading.conclusion = fmt::format("{}: {}; {}", reading.winner, lift, rates);
      for (const ExperimentArm& arm : experiment.arms) {
        if (arm.name == reading.winner) {
          std::erase_if(trial.moves, [&](const TrialMove& move) {
            return std::find(arm.addresses.begin(), arm.addresses.end(), move.address) !=
                   arm.addresses.end();
          });
        }
      }
      return std::optional(reading);
    }
    reading.conclusion =
        fmt::format("no winner: {}; {}. {}", lift, rates,
                    WouldTake(experiment, rate(second), *reading.lift, arms, last, pairs));
    return std::optional(reading);
  }

  std::optional<TrialReading> Later(TrialReading& reading, const std::string& why) const {
    reading.conclusion = why;
    return reading;
  }

  static std::string Rates(const Experiment& experiment, const std::vector<ArmCount>& arms) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < arms.size(); ++i) {
      out.push_back(fmt::format("\"{}\" {:.3f} % of {:.0f}", experiment.arms[i].name,
                                100 * arms[i].x / arms[i].n, arms[i].n));
    }
    return fmt::format("{}", fmt::join(out, ", "));
  }

  static std::string WouldTake(const Experiment& experiment, double baseline, const Estimate& lift,
                               const std::vector<ArmCount>& arms, Day last, double pairs) {
    const double mde = std::max(std::abs(lift.value), experiment.mde_relative);
    const auto sample = SamplePerArm(baseline, mde, {experiment.alpha / pairs, experiment.power});
    if (!sample) return "What it would take cannot be told: " + sample.error().what;
    double fewest = arms.front().n;
    for (const ArmCount& arm : arms) fewest = std::min(fewest, arm.n);
    const double a_day = fewest / static_cast<double>((last - experiment.start).count() + 1);
    return fmt::format(
        "A difference of {:.1f} % would take {} an arm; the smallest has {:.0f}, so about {:.0f} "
        "days in all",
        100 * mde, *sample, fewest, std::ceil(static_cast<double>(*sample) / a_day));
  }

  Result<ArmCount> Count(const Experiment& experiment, const ExperimentArm& arm, const Kpi& kpi,
                         Day last, Trial& trial) {
    ArmCount out;
    MAXOPT_TRY(const std::vector<ClientAccount> accounts, world_.store->Accounts());
    for (const ClientAccount& account : accounts) {
      if (account.client != client_.name) continue;
      const AccountId& id = account.info.account;
      MAXOPT_TRY(const std::vector<OwnedObject> owned, world_.store->Objects(id));
      std::map<Level, std::set<std::string>> wanted;
      for (const OwnedObject& object : owned) {
        if (std::find(arm.addresses.begin(), arm.addresses.end(), object.address) ==
            arm.addresses.end()) {
          continue;
        }
        wanted[object.level].insert(object.id);
        trial.moves.push_back({id, object.level, object.id, "", object.address, arm.name, "status",
                               std::string(kActive), std::string(kActive), std::string(kPaused)});
      }
      for (const auto& [level, ids] : wanted) {
        if (level != Level::kCampaign && level != Level::kAdGroup && level != Level::kAd) continue;
        const std::string dimension(LevelName(level));
        FactQuery query;
        query.measures = {"impressions", "clicks", "conversions"};
        query.dimensions = {dimension};
        query.filters = {{"account", {PrintAccount(id)}}};
        query.from = experiment.start;
        query.to = last;
        query.grain = "day";
        MAXOPT_TRY(const FactTable table, world_.facts->Query(query));
        const std::size_t at = table.Column(dimension + "_id"), period = table.Column("period"),
                          shown = table.Column("impressions"), n = table.Column(kpi.n),
                          x = table.Column(kpi.x);
        for (const auto& row : table.rows) {
          if (!ids.contains(row[at].text)) continue;
          MAXOPT_TRY(const Day day, ParseDay(row[period].text));
          out.impressions[day] += row[shown].Number();
          out.n += row[n].Number();
          out.x += row[x].Number();
        }
      }
    }
    return out;
  }

  /// The plan that keeps the winner, then the reading is written down.
  Result<> Conclude(Trial& trial) {
    if (trial.readings.empty()) {
      trial.state = TrialState::kRunning;
      return Keep(*world_.store, trial, now_);
    }
    TrialReading reading = trial.readings.front();
    if (!reading.winner.empty()) {
      std::vector<std::string> disturbed;
      MAXOPT_TRY(std::vector<Change> changes,
                 ChangesTo(trees_, trial, Side::kOff, "keep the winner", disturbed));
      for (Change& change : changes) change.why = reading.conclusion;
      MAXOPT_TRY(const Passage passage,
                 Pass(world_, trial, "keep the winner", std::move(changes), policy_));
      reading.plan = passage.plan;
      Say(passage.state == Passage::State::kThrough   ? round_.done
          : passage.state == Passage::State::kWaiting ? round_.waiting
                                                      : round_.problems,
          trial, "keeping the winner: " + passage.say);
    }
    reading.at = now_;
    trial.state = TrialState::kMeasured;
    return Finish(world_, trial, std::move(reading));
  }

  const TrialsWorld& world_;
  const Client& client_;
  const Policy* policy_;
  TrialRound& round_;
  LiveTrees trees_;
  const Instant now_;
  Day today_{};
};

}  // namespace

Result<> AdvanceComparisons(const TrialsWorld& world, const Client& client, const Policy* policy,
                            TrialRound& round) {
  return Comparer(world, client, policy, round).Run();
}

}  // namespace maxopt::trials
