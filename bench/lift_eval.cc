// How often the intervals of measured lift hold: panels with a known effect, and with none.
//
//   lift_eval [first seed] [panels] [method | series ...]       a seed makes one panel of each
//   family
//
// Per method and family: coverage and false positives at 95 %, over the same panels with an effect
// of 2 to 20 % and without; the interval's width and the bias relative to sales; time per panel.
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lift_panels.h"

namespace {

using maxopt::LiftAnswer;
using maxopt::LiftMethod;
namespace bench = maxopt::bench;

struct Tally {
  int panels = 0, covered = 0, false_positives = 0, found = 0, with = 0;
  int iroas = 0, iroas_covered = 0;
  double error = 0, squared = 0;
  std::vector<double> widths;

  void Add(const Tally& other) {
    panels += other.panels, covered += other.covered, false_positives += other.false_positives;
    found += other.found, with += other.with;
    iroas += other.iroas, iroas_covered += other.iroas_covered;
    error += other.error, squared += other.squared;
    widths.insert(widths.end(), other.widths.begin(), other.widths.end());
  }
};

double Median(std::vector<double> v) {
  if (v.empty()) return 0;
  std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

void Print(std::string_view method, std::string_view family, const Tally& t) {
  const auto percent = [](int part, int whole) {
    return whole > 0 ? fmt::format("{:.1f} %", 100.0 * part / whole) : std::string("-");
  };
  fmt::print("| {} | {} | {} | {} | {} | {} | {} | {:.1f} % | {:+.2f} % | {:.2f} % |\n", method,
             family, t.with, percent(t.covered, t.with),
             percent(t.false_positives, t.panels - t.with), percent(t.found, t.with),
             percent(t.iroas_covered, t.iroas), 100 * Median(t.widths), 100 * t.error / t.panels,
             100 * std::sqrt(t.squared / t.panels));
}

/// The same for single series.
void Series(std::uint64_t first, int panels) {
  const std::size_t families = bench::kLiftSeriesNames.size();
  std::vector<Tally> tallies(families);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < panels; ++i) {
    const std::size_t f = static_cast<std::size_t>(i) % families;
    for (const bool effect : {false, true}) {
      const bench::LiftSeriesCase c =
          bench::MakeLiftSeriesCase(first + static_cast<std::uint64_t>(i) / families, f, effect);
      const auto answer = maxopt::MeasureSeries(c.series, {.placebo = false});
      if (!answer) continue;
      Tally& t = tallies[f];
      ++t.panels;
      t.error += (answer->att.value - c.att) / c.base;
      t.squared += std::pow((answer->att.value - c.att) / c.base, 2);
      t.widths.push_back((answer->att.high - answer->att.low) / c.base);
      const bool significant = answer->p_value < 0.05;
      if (!effect) {
        t.false_positives += significant ? 1 : 0;
        continue;
      }
      ++t.with;
      t.covered += answer->att.low <= c.att && c.att <= answer->att.high ? 1 : 0;
      t.found += significant ? 1 : 0;
    }
  }
  Tally whole;
  for (std::size_t f = 0; f < families; ++f) {
    Print("series", bench::kLiftSeriesNames[f], tallies[f]);
    whole.Add(tallies[f]);
  }
  Print("series", "all families", whole);
  const double ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  fmt::print(stderr, "series: {:.1f} ms a series\n", ms / (2.0 * panels));
}

}  // namespace

int main(int argc, char** argv) {
  const auto first = static_cast<std::uint64_t>(argc > 1 ? std::atoll(argv[1]) : 1001);
  const int panels = argc > 2 ? std::atoi(argv[2]) : 500;
  std::vector<LiftMethod> methods;
  bool series = argc <= 3;
  for (int i = 3; i < argc; ++i) {
    if (std::string_view(argv[i]) == "series") {
      series = true;
      continue;
    }
    const auto method = maxopt::FindLiftMethod(argv[i]);
    if (!method) {
      fmt::print(stderr, "{}\n", method.error().what);
      return 1;
    }
    methods.push_back(*method);
  }
  if (argc <= 3) {
    methods = {LiftMethod::kAuto, LiftMethod::kSyntheticControl, LiftMethod::kDid,
               LiftMethod::kTbr};
  }
  fmt::print(
      "| method | family | panels | coverage | false positives | found | iROAS coverage | width "
      "(median) | bias | error |\n|---|---|---|---|---|---|---|---|---|---|\n");
  for (const LiftMethod method : methods) {
    std::map<std::size_t, Tally> tallies;
    std::map<std::string, int> chosen;
    const auto start = std::chrono::steady_clock::now();
    int failed = 0;
    for (int i = 0; i < panels; ++i) {
      const std::size_t f = static_cast<std::size_t>(i) % bench::kLiftFamilies.size();
      const std::uint64_t seed =
          first + static_cast<std::uint64_t>(i) / bench::kLiftFamilies.size();
      for (const bool effect : {false, true}) {
        const bench::LiftCase c = bench::MakeLiftCase(seed, bench::kLiftFamilies[f], effect);
        const auto answer = maxopt::MeasureLift(c.panel, {.method = method});
        if (!answer) {
          ++failed;
          continue;
        }
        if (!effect)
          ++chosen[std::string(maxopt::LiftMethodName(answer->method)) + ": " + answer->variant];
        Tally& t = tallies[f];
        ++t.panels;
        const double base = c.base;
        t.error += (answer->att.value - c.att) / base;
        t.squared += std::pow((answer->att.value - c.att) / base, 2);
        t.widths.push_back((answer->att.high - answer->att.low) / base);
        const bool significant = answer->p_value < 0.05;
        if (significant != (answer->att.low > 0 || answer->att.high < 0)) ++failed;
        if (!effect) {
          t.false_positives += significant ? 1 : 0;
          continue;
        }
        ++t.with;
        t.covered += answer->att.low <= c.att && c.att <= answer->att.high ? 1 : 0;
        t.found += significant ? 1 : 0;
        if (answer->iroas) {
          ++t.iroas;
          t.iroas_covered +=
              answer->iroas->low <= c.iroas && c.iroas <= answer->iroas->high ? 1 : 0;
        }
      }
    }
    const double ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
            .count() /
        (2.0 * panels);
    const std::string name(maxopt::LiftMethodName(method));
    Tally whole;
    for (const auto& [f, t] : tallies) {
      Print(name, bench::kLiftFamilyNames[f], t);
      whole.Add(t);
    }
    Print(name, "all families", whole);
    fmt::print(stderr, "{}: {:.1f} ms a panel, {} failed\n", name, ms, failed);
    for (const auto& [what, count] : chosen) fmt::print(stderr, "  {:4} {}\n", count, what);
  }
  if (series) Series(first, panels);
  return 0;
}
