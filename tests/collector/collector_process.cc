// collector_process FOLDER: a collector over the event store in FOLDER, with small segments so that
// many are begun; prints its origin and runs until it is killed.
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "app/serve/serve.h"

int main(int argc, char** argv) {
  using namespace maxopt;
  if (argc != 2) return 2;
  std::signal(SIGXFSZ, SIG_IGN);  // as maxopt serve does
  const auto store = EventStore::Open(
      argv[1], {.first_segment_bytes = 16u << 10, .max_segment_bytes = 256u << 10});
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().what.c_str());
    return 1;
  }
  TrackingConfig config;
  config.sites = {{.site = "shop",
                   .client = "Alpenglow",
                   .origins = {"https://shop.example"},
                   .events_per_second = 1'000'000,
                   .burst = 1'000'000,
                   .address_events_per_second = 1'000'000,
                   .address_burst = 1'000'000,
                   .page_views_per_minute = 1'000'000'000}};
  const RealClock clock;
  const auto server = http::Serve(MakeCollector(config, **store, clock));
  if (!server) return 1;
  std::printf("%s\n", (*server)->origin().c_str());
  std::fflush(stdout);
  for (;;) ::pause();
}
