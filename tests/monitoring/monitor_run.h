#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "clock/clock.h"

/// Many accounts watched for weeks in simulated worlds, with faults planted on known days: what was
/// found, how soon, what was told for nothing, and whether the store equals the platforms' truth at
/// the end. Everything is the product's own: connectors over sockets, facts, detectors, alert book.
namespace maxopt::monitoring {

struct Options {
  std::uint64_t seed = 1;
  int accounts = 42;      ///< three to a client, each client a world of its own
  int history_days = 60;  ///< lived before Max looks for the first time
  int days = 60;
  int every_hours = 1;   ///< how often the accounts are read and looked at; a divisor of 24
  int first_client = 0;  ///< clients are numbered from here: a long run can be lived in parts
  double plants_per_client = 6;
  std::string folder;  ///< of the home; made, and emptied before
  std::function<void(const std::string&)> progress{};
};

/// Something that was made to go wrong.
struct Plant {
  std::string kind;
  std::string client;
  std::string where;  ///< "meta/88..", or the client
  std::string campaign;
  Instant from{}, to{};
  std::vector<std::string> detectors;  ///< any of which finds or explains it
  std::optional<Instant> found{};
  std::string by;  ///< detector and title that found it
};

struct ToldAlert {
  Instant at{};
  std::string client, where, campaign, detector, kpi, tier, title;
  bool false_alert = false;  ///< no plant lasts there then, nor did within the two days before
};

struct Outcome {
  std::vector<Plant> plants;
  std::vector<ToldAlert> alerts;  ///< opened at warning or above
  int infos = 0;                  ///< opened at info: read when somebody looks
  double account_months = 0;
  std::int64_t reports = 0;  ///< pulled
  std::int64_t faults = 0;   ///< injected on the wire
  std::int64_t slices_compared = 0;
  std::vector<std::string> differences;   ///< between the store and the platforms' truth
  std::vector<std::string> errors;        ///< of our own
  std::map<std::string, double> seconds;  ///< by part: "market", "collect", "detect"
};

Outcome Run(const Options& options);

/// The tables that docs/monitoring.md shows.
std::string Print(const Outcome& outcome);

}  // namespace maxopt::monitoring
