// fault_run [--seeds N] [--from S] [--seed S]: many seeds of set-up under faults.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fault_run.h"

int main(int argc, char** argv) {
  std::uint64_t from = 1;
  std::uint64_t seeds = 2000;
  bool verbose = false;
  for (int i = 1; i < argc; ++i) {
    const bool last = i + 1 == argc;
    if (std::strcmp(argv[i], "--seeds") == 0 && !last) {
      seeds = std::strtoull(argv[++i], nullptr, 10);
    } else if (std::strcmp(argv[i], "--from") == 0 && !last) {
      from = std::strtoull(argv[++i], nullptr, 10);
    } else if (std::strcmp(argv[i], "--seed") == 0 && !last) {
      from = std::strtoull(argv[++i], nullptr, 10);
      seeds = 1;
      verbose = true;
    } else {
      std::fprintf(stderr, "usage: fault_run [--seeds N] [--from S] | --seed S\n");
      return 2;
    }
  }
  const auto start = std::chrono::steady_clock::now();
  long long requests = 0;
  long long faults = 0;
  long long crashes = 0;
  long long edits = 0;
  long long rounds = 0;
  int failed = 0;
  for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
    const maxopt::faults::Outcome outcome = maxopt::faults::RunSeed(seed, verbose);
    requests += outcome.requests;
    faults += outcome.faults;
    crashes += outcome.crashes;
    edits += outcome.edits;
    rounds += outcome.rounds;
    if (outcome.violations.empty()) continue;
    ++failed;
    std::printf("seed %llu (again: fault_run --seed %llu)\n", static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(seed));
    for (const std::string& violation : outcome.violations) {
      std::printf("  %s\n", violation.c_str());
    }
    std::fflush(stdout);
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf(
      "%llu seeds from %llu: %d failed; %lld requests, %lld faults, %lld crashes, %lld edits by "
      "people, %lld applies, %.0f s\n",
      static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(from), failed,
      requests, faults, crashes, edits, rounds, seconds);
  return failed == 0 ? 0 : 1;
}
