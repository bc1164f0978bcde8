// monitor_run [--seed S] [--accounts N] [--days N] [--every HOURS] [--first CLIENT] [--history N]
// [--plants N] [--home FOLDER]
// [--alerts]: accounts watched for weeks, with planted faults.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "monitor_run.h"

int main(int argc, char** argv) {
  maxopt::monitoring::Options options;
  options.folder = (std::filesystem::temp_directory_path() / "maxopt_monitor_run").string();
  bool alerts = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--alerts") {
      alerts = true;
      continue;
    }
    if (i + 1 == argc) {
      fmt::print(stderr, "monitor_run: {} needs a value\n", flag);
      return 2;
    }
    const char* value = argv[++i];
    if (flag == "--seed") {
      options.seed = std::strtoull(value, nullptr, 10);
    } else if (flag == "--accounts") {
      options.accounts = std::atoi(value);
    } else if (flag == "--days") {
      options.days = std::atoi(value);
    } else if (flag == "--every") {
      options.every_hours = std::atoi(value);
      if (options.every_hours < 1 || 24 % options.every_hours != 0) {
        fmt::print(stderr, "monitor_run: --every takes a divisor of 24\n");
        return 2;
      }
    } else if (flag == "--first") {
      options.first_client = std::atoi(value);
    } else if (flag == "--history") {
      options.history_days = std::atoi(value);
    } else if (flag == "--plants") {
      options.plants_per_client = std::atof(value);
    } else if (flag == "--home") {
      options.folder = value;
    } else {
      fmt::print(stderr, "monitor_run: unknown flag {}\n", flag);
      return 2;
    }
  }
  options.progress = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  const maxopt::monitoring::Outcome outcome = maxopt::monitoring::Run(options);
  fmt::print("{}", maxopt::monitoring::Print(outcome));
  for (const auto& plant : outcome.plants) {
    if (!alerts && plant.found) continue;
    fmt::print("{}  {}  {} {}: {}\n", maxopt::PrintInstant(plant.from), plant.kind, plant.where,
               plant.campaign, plant.found ? plant.by : "NOT FOUND");
  }
  for (const auto& alert : outcome.alerts) {
    if (!alerts) break;
    fmt::print("{} {} {} {} {} {}\n", maxopt::PrintInstant(alert.at),
               alert.false_alert ? "FALSE" : "true ", alert.tier, alert.where, alert.detector,
               alert.title);
  }
  return outcome.errors.empty() && outcome.differences.empty() ? 0 : 1;
}
