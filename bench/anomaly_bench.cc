// What the anomaly engine finds and how often it cries, on series made from a seed; each number
// beside plain references from the same run. Then its speed beside a plain pass over the same
// memory, and the sample of the Numenta Anomaly Benchmark where it is there.
//
//   anomaly_bench [--series N] [--seed N] [--nab DIR] [--only detect|family|trends|speed|nab]
//
// References, each with the same rule of one alert an incident (three quiet points end it):
//   3-sigma       beyond three standard deviations of the last 7 days (28 days for daily data)
//   last week     beyond three robust standard deviations (1.4826 MAD) of the usual difference to
//                 the same hour (day) of last week
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

#include "anomaly_series.h"
#include "measure/anomaly/anomaly.h"

namespace maxopt::bench {
namespace {

using Seconds = std::chrono::duration<double>;
constexpr double kDaysPerMonth = 30.44;

template <class T>
T Must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "anomaly_bench: {}\n", result.error().what);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// Turns "odd" into alerts, as the detector does.
class Incident {
 public:
  bool Alert(bool odd) {
    quiet_ = odd ? 0 : quiet_ + 1;
    if (open_ && quiet_ >= 3) open_ = false;
    if (!odd || open_) return false;
    return open_ = true;
  }

 private:
  bool open_ = false;
  int quiet_ = 0;
};

std::vector<bool> OfDetector(const MadeSeries& series, double) {
  Detector detector;
  std::vector<bool> alerts;
  for (const MadePoint& p : series.points) {
    alerts.push_back(Must(detector.Step(p.at, p.value, p.holiday)).alert);
  }
  return alerts;
}

std::vector<bool> OfThreeSigma(const MadeSeries& series, double limit) {
  const std::size_t window = series.hourly ? 168 : 28;
  std::deque<double> last;
  Incident incident;
  std::vector<bool> alerts;
  for (const MadePoint& p : series.points) {
    bool odd = false;
    if (p.value && last.size() == window) {
      double sum = 0;
      double squares = 0;
      for (const double x : last) sum += x, squares += x * x;
      const double mean = sum / static_cast<double>(window);
      const double variance = squares / static_cast<double>(window) - mean * mean;
      odd = std::abs(*p.value - mean) > limit * std::sqrt(std::max(variance, 0.0));
    }
    if (p.value) {
      last.push_back(*p.value);
      if (last.size() > window) last.pop_front();
    }
    alerts.push_back(incident.Alert(odd));
  }
  return alerts;
}

std::vector<bool> OfLastWeek(const MadeSeries& series, double limit) {
  std::map<Instant, double> values;
  std::deque<double> differences;
  const std::size_t window = series.hourly ? 336 : 28;
  Incident incident;
  std::vector<bool> alerts;
  for (const MadePoint& p : series.points) {
    bool odd = false;
    const auto before = values.find(p.at - std::chrono::hours(168));
    if (p.value && before != values.end()) {
      const double difference = *p.value - before->second;
      if (differences.size() >= window / 2) {
        std::vector<double> sizes;
        for (const double d : differences) sizes.push_back(std::abs(d));
        const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
        std::nth_element(sizes.begin(), middle, sizes.end());
        odd = *middle > 0 && std::abs(difference) > limit * 1.4826 * *middle;
      }
      differences.push_back(difference);
      if (differences.size() > window) differences.pop_front();
    }
    if (p.value) values[p.at] = *p.value;
    alerts.push_back(incident.Alert(odd));
  }
  return alerts;
}

struct Tally {
  int planted = 0, found = 0;
  int true_alerts = 0, false_alerts = 0;
  double months = 0;
  std::vector<double> delays_h;

  void Add(const MadeSeries& series, const std::vector<bool>& alerts) {
    bool found_now = false;
    // What no one could know yet is not counted: the first 14 days (28 of daily data).
    const Instant begin =
        series.points.front().at + std::chrono::hours(24 * (series.hourly ? 14 : 28));
    for (std::size_t i = 0; i < alerts.size(); ++i) {
      const Instant at = series.points[i].at;
      if (!alerts[i] || at < begin) continue;
      const bool inside =
          series.planted != Planted::kNothing && at >= series.from && at <= series.to;
      // After what was planted, the way back to normal is part of it, for a day (three of days).
      const bool after = series.planted != Planted::kNothing && at > series.to &&
                         at <= series.to + std::chrono::hours(series.hourly ? 24 : 72);
      if (inside) {
        ++true_alerts;
        if (!found_now) {
          delays_h.push_back(
              std::chrono::duration<double, std::ratio<3600>>(at - series.from).count());
        }
        found_now = true;
      } else if (!after) {
        ++false_alerts;
      }
    }
    planted += series.planted != Planted::kNothing;
    found += found_now;
    months +=
        std::chrono::duration<double, std::ratio<86400>>(series.points.back().at - begin).count() /
        kDaysPerMonth;
  }
  double Delay() const {
    if (delays_h.empty()) return NAN;
    std::vector<double> sorted = delays_h;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
};

struct Method {
  std::string_view name;
  std::vector<bool> (*alerts)(const MadeSeries&, double limit);
  double limit;
};
constexpr Method kMethods[] = {
    {"maxopt", OfDetector, 0}, {"3-sigma", OfThreeSigma, 3}, {"last week", OfLastWeek, 3}};

void Detect(bool hourly, int per_kind, std::uint64_t seed) {
  const int days = hourly ? 70 : 240;
  fmt::print("\nOne series at a time, {}: {} days, {} series of each kind and {} without, {}\n",
             hourly ? "hourly" : "daily", days, per_kind, 2 * per_kind,
             "impressions, clicks, conversions, spend, CTR, CPC in turn");
  fmt::print("{:<16}{:>28}{:>28}{:>28}\n", "", kMethods[0].name, kMethods[1].name,
             kMethods[2].name);
  fmt::print("{:<16}", "kind");
  for (int i = 0; i < 3; ++i) fmt::print("{:>28}", "recall   median delay");
  fmt::print("\n");
  Tally all[3];
  Tally clean[3];
  std::vector<MadeSeries> everything;
  std::uint64_t next = seed * 1'000'003 + (hourly ? 0 : 500'000);
  for (const Planted planted : kAllPlanted) {
    Tally kind[3];
    for (int i = 0; i < per_kind; ++i) {
      const MadeSeries series = MakeSeries(++next, hourly, days, kAllMetrics[i % 6], planted);
      for (int m = 0; m < 3; ++m) {
        const auto alerts = kMethods[m].alerts(series, kMethods[m].limit);
        kind[m].Add(series, alerts);
        all[m].Add(series, alerts);
      }
      everything.push_back(series);
    }
    fmt::print("{:<16}", PlantedName(planted));
    for (const Tally& t : kind) {
      fmt::print("{:>15.3f}{:>11.0f} h", static_cast<double>(t.found) / t.planted, t.Delay());
    }
    fmt::print("\n");
  }
  for (int i = 0; i < 2 * per_kind; ++i) {
    const MadeSeries series =
        MakeSeries(++next, hourly, days, kAllMetrics[i % 6], Planted::kNothing);
    for (int m = 0; m < 3; ++m) {
      const auto alerts = kMethods[m].alerts(series, kMethods[m].limit);
      clean[m].Add(series, alerts);
      all[m].Add(series, alerts);
    }
    everything.push_back(series);
  }
  // The references once more, as quiet as maxopt: the first of these limits that cries no more
  // often.
  const double wanted = all[0].false_alerts / all[0].months;
  fmt::print("as quiet:       ");
  for (int m = 1; m < 3; ++m) {
    for (const double limit : {4.0, 5.0, 6.0, 8.0, 11.0, 16.0, 1e300}) {
      Tally t;
      for (const MadeSeries& series : everything) {
        t.Add(series, kMethods[m].alerts(series, limit));
      }
      if (t.false_alerts / t.months > wanted && limit < 1e300) continue;
      fmt::print("  {} at {:.1f} deviations: recall {:.3f}, false a month {:.3f};",
                 kMethods[m].name, limit, static_cast<double>(t.found) / t.planted,
                 t.false_alerts / t.months);
      break;
    }
  }
  fmt::print("\n");
  const auto row = [&](std::string_view name, auto number) {
    fmt::print("{:<16}", name);
    for (int m = 0; m < 3; ++m) fmt::print("{:>28.3f}", number(m));
    fmt::print("\n");
  };
  row("recall", [&](int m) { return static_cast<double>(all[m].found) / all[m].planted; });
  row("precision", [&](int m) {
    return static_cast<double>(all[m].true_alerts) /
           std::max(1, all[m].true_alerts + all[m].false_alerts);
  });
  row("false a month", [&](int m) { return all[m].false_alerts / all[m].months; });
  row("  clean series", [&](int m) { return clean[m].false_alerts / clean[m].months; });
}

void Family(int series_count, std::uint64_t seed) {
  // Daily CTR, clicks, spend and CPC of many ad groups; a fifth of them with something planted.
  fmt::print(
      "\nA family of {} daily series, scanned every day for 60 days after 60 of history; "
      "rate 5 % or one false scan a month\n",
      series_count);
  struct One {
    MadeSeries made;
    AdSeries model;
    std::string key;
    std::size_t next = 0;
    bool found = false;
  };
  constexpr Metric kMetrics[] = {Metric::kCtr, Metric::kClicks, Metric::kSpend, Metric::kCpc,
                                 Metric::kConversions};
  constexpr AdMeasure kMeasures[] = {AdMeasure::kProportion, AdMeasure::kCount, AdMeasure::kMoney,
                                     AdMeasure::kMoneyPerUnit, AdMeasure::kCount};
  std::vector<One> family;
  for (int i = 0; i < series_count; ++i) {
    const Planted planted = i % 5 == 0 ? kAllPlanted[(i / 5) % 5] : Planted::kNothing;
    family.push_back({MakeSeries(seed * 7'919 + static_cast<std::uint64_t>(i), false, 120,
                                 kMetrics[(i / 3) % 5], planted),
                      AdSeries({.hourly = false, .measure = kMeasures[(i / 3) % 5]}),
                      fmt::format("series {:05}", i)});
  }
  const Instant first = std::chrono::sys_days(std::chrono::year(2026) / 1 / 5);
  const Feedback feedback;
  int found = 0, planted = 0, true_findings = 0, false_findings = 0, plain_false = 0, tests = 0;
  int false_scans = 0;
  double seconds = 0;
  for (int day = 0; day < 120; ++day) {
    const Instant at = first + std::chrono::hours(24 * day);
    std::vector<Candidate> candidates;
    std::vector<std::size_t> who;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < family.size(); ++i) {
      One& one = family[i];
      if (one.next >= one.made.points.size() || one.made.points[one.next].at != at) continue;
      const MadePoint& p = one.made.points[one.next++];
      AdPoint point;
      point.at = at;
      point.weekday = day % 7;
      point.value = p.numerator;
      point.denominator = p.denominator;
      point.holiday = p.holiday;
      if (day >= 60) {
        candidates.push_back({one.key, Must(one.model.Judge(point))});
        who.push_back(i);
      }
      Must(one.model.Learn(point));
    }
    if (day < 60) continue;
    const auto findings = Must(ScanFamily(candidates, feedback, {}));
    seconds += Seconds(std::chrono::steady_clock::now() - start).count();
    tests += static_cast<int>(candidates.size());
    bool false_now = false;
    const auto inside = [&](std::size_t i) {
      const MadeSeries& made = family[i].made;
      return made.planted != Planted::kNothing && at >= made.from;
    };
    for (const Finding& f : findings) {
      const std::size_t i = who[f.candidate];
      if (inside(i)) {
        ++true_findings;
        family[i].found = family[i].found || at <= family[i].made.to;
      } else {
        ++false_findings, false_now = true;
      }
    }
    false_scans += false_now;
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      plain_false += candidates[c].judgement.p_value < 0.0027 && !inside(who[c]);
    }
  }
  for (const One& one : family) {
    planted += one.made.planted != Planted::kNothing;
    found += one.found;
  }
  fmt::print(
      "found {} of {} planted ({:.3f}); findings {} true, {} false ({:.4f} of all); {} of 60 "
      "scans with a false one\n",
      found, planted, static_cast<double>(found) / planted, true_findings, false_findings,
      static_cast<double>(false_findings) / std::max(1, true_findings + false_findings),
      false_scans);
  fmt::print("reference: every p < .0027 (3 sigma) by itself: {} false ones in {} tests ({:.4f})\n",
             plain_false, tests, static_cast<double>(plain_false) / tests);
  fmt::print("judged and learnt {:.0f} points a second\n", tests / seconds);
}

void Trends(std::uint64_t seed) {
  // CPA over 28 days with a weekly season, noise of 10 % with autocorrelation .4; found on the day
  // the window ends, beside a least-squares slope that takes the days for independent.
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  const int windows = 2000;
  fmt::print(
      "\nDrift of CPA over 28 days, {} windows each: share found (least squares at p <= .01)\n",
      windows);
  for (const double daily : {0.0, 0.005, 0.01, 0.02}) {
    int found = 0;
    int plain = 0;
    for (int w = 0; w < windows; ++w) {
      double carried = normal(random);
      std::vector<std::optional<double>> values;
      double sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0;
      for (int i = 0; i < 28; ++i) {
        carried = 0.4 * carried + std::sqrt(1 - 0.16) * normal(random);
        const double y = daily * i + (i % 7 >= 5 ? 0.2 : 0.0) + 0.1 * carried;
        values.emplace_back(20 * std::exp(y));
        sx += i, sy += y, sxx += i * i, sxy += i * y, syy += y * y;
      }
      found += Must(DetectTrend(values, {})).found;
      const double n = 28;
      const double vx = sxx - sx * sx / n;
      const double slope = (sxy - sx * sy / n) / vx;
      const double rest = (syy - sy * sy / n - slope * slope * vx) / (n - 2);
      plain += std::abs(slope) > 2.779 * std::sqrt(rest / vx);  // t of 26 degrees at .995
    }
    fmt::print("  {:>4.1f} % a day: {:.3f} ({:.3f})\n", 100 * daily,
               static_cast<double>(found) / windows, static_cast<double>(plain) / windows);
  }
  fmt::print(
      "Creative fatigue over 21 days, {} ads each, CTR 2 %, 3,000 impressions a day, day-to-day "
      "noise 10 %, peers likewise: share found\n",
      windows);
  for (const double lost : {0.0, 0.05, 0.1, 0.15}) {
    int found = 0;
    for (int w = 0; w < windows; ++w) {
      std::vector<FatigueDay> days;
      double shown = 0;
      for (int i = 0; i < 21; ++i) {
        const auto clicks = [&](double impressions, double rate) {
          std::poisson_distribution<int> chance(impressions * rate *
                                                std::exp(0.1 * normal(random)));
          return static_cast<double>(chance(random));
        };
        FatigueDay d;
        d.impressions = 3000, d.peers_impressions = 12'000;
        d.responses = clicks(3000, 0.02 * std::pow(1 - lost, std::log2((shown + 1500) / 1500)));
        d.peers_responses = clicks(12'000, 0.02);
        shown += 3000;
        days.push_back(d);
      }
      found += Must(DetectFatigue(days, {})).found;
    }
    fmt::print("  {:>4.0f} % lost per doubling ({:.0f} % by the end): {:.3f}\n", 100 * lost,
               100 * (1 - std::pow(1 - lost, std::log2(41.0))),
               static_cast<double>(found) / windows);
  }
}

struct Rates {
  double wall, cpu;  // millions a second, by the wall clock and if the cores were ours alone
  double checksum;
};

void Speed() {
  // As a family would be scored: many hourly series, one after the other, on every core.
  constexpr std::size_t kPoints = 24 * 365;
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  std::vector<double> values(kPoints);
  const MadeSeries made = MakeSeries(7, true, 365, Metric::kImpressions, Planted::kNothing);
  for (std::size_t i = 0; i < kPoints; ++i) {
    values[i] = *made.points[i % made.points.size()].value;
  }
  const int series = 40;
  const auto timed = [&](auto&& work) {
    const auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    std::vector<double> kept(cores * 8);
    std::vector<double> busy(cores * 8);
    for (unsigned c = 0; c < cores; ++c) {
      threads.emplace_back([&, c] {
        kept[c * 8] = work();
        // Of this thread alone: on a machine with other work, waiting for a core is not in it.
        timespec used{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
        busy[c * 8] = static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
      });
    }
    for (auto& t : threads) t.join();
    const double s = Seconds(std::chrono::steady_clock::now() - start).count();
    double sum = 0;
    double used = 0;
    for (const double k : kept) sum += k;
    for (const double u : busy) used += u / cores;
    const double points = static_cast<double>(kPoints) * series * cores;
    return Rates{points / s / 1e6, points / used / 1e6, sum};
  };
  const Instant first = std::chrono::sys_days(std::chrono::year(2026) / 1 / 5);
  const auto engine = timed([&] {
    double sum = 0;
    for (int s = 0; s < series; ++s) {
      Detector detector;
      for (std::size_t i = 0; i < kPoints; ++i) {
        sum += detector.Step(first + std::chrono::hours(i), values[i])->score;
      }
    }
    return sum;
  });
  const auto pass = timed([&] {
    double sum = 0;
    for (int s = 0; s < series; ++s) {
      for (std::size_t i = 0; i < kPoints; ++i) sum += values[i] * (1 + s);
    }
    return sum;
  });
  const auto z = timed([&] {
    double sum = 0;
    for (int s = 0; s < series; ++s) {
      double mean = 0;
      double square = 1;
      for (std::size_t i = 0; i < kPoints; ++i) {
        const double e = values[i] - mean;
        sum += std::abs(e) / std::sqrt(square);
        mean += 0.01 * e;
        square += 0.01 * (e * e - square);
      }
    }
    return sum;
  });
  fmt::print(
      "\nSpeed on {} cores, {} series of {} hours on each, M/s by the wall clock and by CPU time\n",
      cores, series, kPoints);
  const auto line = [](std::string_view name, const Rates& r) {
    fmt::print("  {:<44}{:>10.2f}{:>10.2f}   (checksum {:.6g})\n", name, r.wall, r.cpu, r.checksum);
  };
  line("maxopt, points scored", engine);
  line("limit: one plain pass over the same numbers", pass);
  line("an exponential z-score", z);
}

// ---------------------------------------------------------------------------- NAB's sample

struct Scored {
  std::vector<Instant> at;
  std::vector<double> score;
  std::vector<bool> alert;
  std::vector<std::pair<Instant, Instant>> windows;
};

/// NAB's standard profile (Lavin, Ahmad 2015): inside a window the earliest detection counts
/// 2 sigmoid(-5 y) - 1 at its relative position y in [-1, 0], scaled so that the window's begin is
/// 1; outside each detection costs 0.11 times the same function of the distance behind the window
/// before it, in window lengths (1 when there is none); a missed window costs 1. The first 15 % of
/// a file (at most 750 points) do not count. Normalised between no detection (0) and a perfect one.
double NabScore(const std::vector<Scored>& files, double threshold, bool alerts) {
  const auto sigmoid = [](double y) { return 2 / (1 + std::exp(5 * y)) - 1; };
  double score = 0;
  double windows = 0;
  for (const Scored& file : files) {
    const std::size_t probation = std::min<std::size_t>(
        750, static_cast<std::size_t>(0.15 * static_cast<double>(file.at.size())));
    std::vector<bool> hit(file.windows.size());
    for (std::size_t i = probation; i < file.at.size(); ++i) {
      if (alerts ? !file.alert[i] : file.score[i] < threshold) continue;
      double cost = -1;
      bool inside = false;
      for (std::size_t w = 0; w < file.windows.size(); ++w) {
        const auto& [from, to] = file.windows[w];
        const double length = Seconds(to - from).count();
        if (file.at[i] >= from && file.at[i] <= to) {
          inside = true;
          if (!hit[w]) {
            score += sigmoid(-Seconds(to - file.at[i]).count() / length) / sigmoid(-1);
          }
          hit[w] = true;
        } else if (file.at[i] > to) {
          const double behind = Seconds(file.at[i] - to).count() / length;
          cost = behind > 3 ? -1 : sigmoid(behind);
        }
      }
      if (!inside) score += 0.11 * cost;
    }
    for (const bool h : hit) score -= h ? 0 : 1;
    windows += static_cast<double>(file.windows.size());
  }
  return windows > 0 ? 100 * (score + windows) / (2 * windows) : NAN;
}

Instant Stamp(const std::string& text) {
  std::string rfc = text.substr(0, 10) + "T" + text.substr(11, 8) + "Z";
  return Must(ParseInstant(rfc));
}

void Nab(const std::filesystem::path& folder) {
  const auto list = folder / "windows.json";
  if (!std::filesystem::exists(list)) {
    fmt::print("\nNAB sample: skipped, {} is not there\n", list.string());
    return;
  }
  std::ifstream in(list);
  std::string json((std::istreambuf_iterator<char>(in)), {});
  std::map<std::string, std::vector<std::string>> labels;
  std::string name;
  for (std::size_t open = json.find('"'); open != json.npos;) {
    const std::size_t close = json.find('"', open + 1);
    const std::string word = json.substr(open + 1, close - open - 1);
    if (word.ends_with(".csv")) {
      labels[name = word];
    } else {
      labels[name].push_back(word);
    }
    open = json.find('"', close + 1);
  }
  const auto score_all = [&](auto&& make) {
    std::vector<Scored> files;
    for (const auto& [file, stamps] : labels) {
      Scored scored;
      for (std::size_t i = 0; i + 1 < stamps.size(); i += 2) {
        scored.windows.emplace_back(Stamp(stamps[i]), Stamp(stamps[i + 1]));
      }
      std::ifstream rows(folder / file);
      std::string line;
      std::getline(rows, line);
      MadeSeries series;
      while (std::getline(rows, line)) {
        const std::size_t comma = line.find(',');
        MadePoint point;
        point.at = Stamp(line.substr(0, comma));
        point.value = std::strtod(line.c_str() + comma + 1, nullptr);
        series.points.push_back(point);
        scored.at.push_back(point.at);
      }
      make(series, scored);
      files.push_back(std::move(scored));
    }
    return files;
  };
  const auto report = [&](std::string_view what, const std::vector<Scored>& files, bool scores) {
    int found = 0, windows = 0, outside = 0, silent = 0, clean = 0;
    for (const Scored& f : files) {
      int alerts = 0;
      std::vector<bool> hit(f.windows.size());
      for (std::size_t i = 0; i < f.at.size(); ++i) {
        if (!f.alert[i]) continue;
        ++alerts;
        bool inside = false;
        for (std::size_t w = 0; w < f.windows.size(); ++w) {
          if (f.at[i] >= f.windows[w].first && f.at[i] <= f.windows[w].second) {
            inside = hit[w] = true;
          }
        }
        outside += !inside;
      }
      for (const bool h : hit) found += h;
      windows += static_cast<int>(f.windows.size());
      if (f.windows.empty()) ++clean, silent += alerts == 0;
    }
    double best = 0;
    if (scores) {
      for (int t = 1; t < 1000; ++t) best = std::max(best, NabScore(files, t / 1000.0, false));
    }
    fmt::print(
        "{:<12} windows found {} of {}; alerts outside {}; silent {} of {} clean files; NAB "
        "standard of the alerts {:.1f}",
        what, found, windows, outside, silent, clean, NabScore(files, 0, true));
    if (scores) fmt::print(", of the scores at their best threshold {:.1f}", best);
    fmt::print("\n");
  };
  fmt::print("\nNAB sample ({} files)\n", labels.size());
  report("maxopt", score_all([](const MadeSeries& series, Scored& scored) {
           Detector detector;
           for (const MadePoint& p : series.points) {
             const Verdict v = Must(detector.Step(p.at, p.value));
             scored.score.push_back(v.score);
             scored.alert.push_back(v.alert);
           }
         }),
         true);
  report("3-sigma", score_all([](const MadeSeries& series, Scored& scored) {
           scored.alert = OfThreeSigma(series, 3);
         }),
         false);
}

}  // namespace
}  // namespace maxopt::bench

int main(int argc, char** argv) {
  int series = 60;
  std::uint64_t seed = 1;
  std::string nab = "../shared/data/nab_sample";
  std::string only;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--series") series = std::max(6, std::atoi(argv[i + 1]));
    if (flag == "--seed") seed = static_cast<std::uint64_t>(std::atoll(argv[i + 1]));
    if (flag == "--nab") nab = argv[i + 1];
    if (flag == "--only") only = argv[i + 1];
  }
  const auto wanted = [&](std::string_view part) { return only.empty() || only == part; };
  if (wanted("detect")) {
    maxopt::bench::Detect(true, series, seed);
    maxopt::bench::Detect(false, series, seed);
  }
  if (wanted("family")) maxopt::bench::Family(2000, seed);
  if (wanted("trends")) maxopt::bench::Trends(seed);
  if (wanted("speed")) maxopt::bench::Speed();
  if (wanted("nab")) maxopt::bench::Nab(nab);
}
