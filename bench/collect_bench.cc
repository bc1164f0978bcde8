// How many events a second the collector takes, durable, over HTTP on loopback with keep-alive,
// beside what this machine gives: the same server answering a constant, flushes of the disk, and
// plain writing. wrk (Debian's package) sends.
//
//   collect_bench [FOLDER] [SECONDS]      FOLDER is on the disk to measure; default ./collect.tmp
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "app/serve/serve.h"

namespace {

using namespace maxopt;
using Seconds = std::chrono::duration<double>;

constexpr const char* kSecret = "0123456789abcdef0123456789abcdef";

/// ARGS: events per request, a word for the run, "tag" or "s2s". An event is what the tag sends
/// for a page view with consent, behind an ad. Batches from servers are signed with libcrypto.
constexpr const char* kLua = R"lua(
local threads, counter = 0, 0
function setup(thread) thread:set("thread_number", threads); threads = threads + 1 end
local ffi = require("ffi")
ffi.cdef[[
const void* EVP_sha256(void);
unsigned char* HMAC(const void* md, const void* key, int key_len, const unsigned char* d,
                    size_t n, unsigned char* out, unsigned int* out_len);
long time(long*);
]]
local crypto = ffi.load("libcrypto.so.3")
local out, len = ffi.new("unsigned char[64]"), ffi.new("unsigned int[1]")
local function hmac(text)
  crypto.HMAC(crypto.EVP_sha256(), "SECRET", 32, text, #text, out, len)
  local hex = {}
  for i = 0, 31 do hex[i + 1] = string.format("%02x", out[i]) end
  return table.concat(hex)
end
function init(args)
  batch, run, via = tonumber(args[1]), args[2], args[3]
  path = via == "s2s" and "/s2s" or "/e"
  head = '{"id":"' .. run .. '-' .. thread_number .. '-'
  tail = '","event":"page_view","at":"2026-03-01T11:59:58.123Z","url":"https://shop.example/trails",' ..
    '"consent":"granted","visitor":"0123456789abcdef0123456789abcdef","utm":{"utm_source":"google",' ..
    '"utm_medium":"cpc","utm_campaign":"spring-search"},"click_ids":{"gclid":"EAIaIQobChMI8vXk"}}'
  headers = {["Origin"] = "https://shop.example", ["Content-Type"] = "text/plain",
    ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}
end
function request()
  local parts = {}
  for i = 1, batch do
    counter = counter + 1
    parts[i] = head .. counter .. tail
  end
  local body = '{"site":"shop","events":[' .. table.concat(parts, ",") .. ']}'
  if via == "s2s" then
    local now = tostring(tonumber(ffi.C.time(nil)))
    headers["X-Maxopt-Site"], headers["X-Maxopt-Timestamp"] = "shop", now
    headers["X-Maxopt-Signature"] = hmac(now .. "." .. body)
  end
  return wrk.format("POST", path, headers, body)
end
)lua";

struct Run {
  double requests_per_second = 0;
  double p50_ms = 0, p99_ms = 0;
  long requests = 0, failed = 0;
};

/// "12.34ms" -> 12.34
double Milliseconds(const std::string& text) {
  const double value = std::atof(text.c_str());
  if (text.find("us") != std::string::npos) return value / 1000;
  if (text.find("ms") != std::string::npos) return value;
  return value * 1000;
}

Run Wrk(const std::string& command) {
  Run run;
  FILE* out = ::popen(command.c_str(), "r");
  std::array<char, 512> line{};
  while (out && std::fgets(line.data(), static_cast<int>(line.size()), out)) {
    std::array<char, 64> word{};
    double a = 0;
    long n = 0;
    const char* text = line.data();
    if (std::sscanf(text, " 50%% %60s", word.data()) == 1) run.p50_ms = Milliseconds(word.data());
    if (std::sscanf(text, " 99%% %60s", word.data()) == 1) run.p99_ms = Milliseconds(word.data());
    if (std::sscanf(text, "Requests/sec: %lf", &a) == 1) run.requests_per_second = a;
    if (std::sscanf(text, " %ld requests in", &n) == 1) run.requests = n;
    if (std::sscanf(text, " Non-2xx or 3xx responses: %ld", &n) == 1) run.failed += n;
    int connect = 0, read = 0, write = 0, timeout = 0;
    if (std::sscanf(text, " Socket errors: connect %d, read %d, write %d, timeout %d", &connect,
                    &read, &write, &timeout) == 4) {
      run.failed += connect + read + write + timeout;
    }
  }
  if (out) ::pclose(out);
  return run;
}

double Flushes(const std::string& path, bool ahead) {
  const int fd = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  const std::string page(4096, 'x');
  if (ahead) {
    const std::string zeros(16u << 20, '\0');
    if (::write(fd, zeros.data(), zeros.size()) < 0) return 0;
    ::fsync(fd);
  }
  const auto start = std::chrono::steady_clock::now();
  int count = 0;
  Seconds passed{};
  while (passed.count() < 1 && count < 4000) {
    if (::pwrite(fd, page.data(), page.size(), off_t{4096} * count) < 0) break;
    ::fdatasync(fd);
    ++count;
    passed = std::chrono::steady_clock::now() - start;
  }
  ::close(fd);
  std::filesystem::remove(path);
  return count / passed.count();
}

double WriteMegabytes(const std::string& path) {
  const int fd = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  const std::string block(1u << 20, 'x');
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 256; ++i) {
    if (::write(fd, block.data(), block.size()) < 0) break;
  }
  ::fdatasync(fd);
  const Seconds passed = std::chrono::steady_clock::now() - start;
  ::close(fd);
  std::filesystem::remove(path);
  return 256 / passed.count();
}

double CpuSeconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "collect.tmp";
  const int seconds = argc > 2 ? std::atoi(argv[2]) : 5;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const std::string script = folder + "/send.lua";
  std::string lua = kLua;
  lua.replace(lua.find("SECRET"), 6, kSecret);
  std::ofstream(script) << lua;

  fmt::print("disk: {:.0f} flushes/s appending, {:.0f} into blocks written before; {:.0f} MB/s\n",
             Flushes(folder + "/probe", false), Flushes(folder + "/probe", true),
             WriteMegabytes(folder + "/probe"));

  auto store = EventStore::Open(folder + "/events");
  if (!store) {
    fmt::print(stderr, "{}\n", store.error().what);
    return 1;
  }
  TrackingConfig config;
  config.sites = {{.site = "shop",
                   .client = "Bench",
                   .origins = {"https://shop.example"},
                   .secret = kSecret,
                   .events_per_second = 1'000'000,
                   .burst = 1'000'000,
                   .address_events_per_second = 1'000'000,
                   .address_burst = 1'000'000,
                   .page_views_per_minute = 1'000'000'000}};
  const RealClock clock;
  http::ServerOptions options;
  options.threads = 2;
  auto server = http::Serve(MakeCollector(config, **store, clock), options);
  if (!server) {
    fmt::print(stderr, "{}\n", server.error().what);
    return 1;
  }
  const std::string origin = (*server)->origin();
  fmt::print("{:<34} {:>10} {:>10} {:>9} {:>9} {:>7} {:>8}\n", "", "requests/s", "events/s",
             "p50 ms", "p99 ms", "failed", "our CPU");
  const Run constant = Wrk(fmt::format("wrk -t1 -c64 -d{}s --latency {}/healthz", seconds, origin));
  fmt::print("{:<34} {:>10.0f} {:>10} {:>9.2f} {:>9.2f} {:>7}\n", "the same server, a constant",
             constant.requests_per_second, "-", constant.p50_ms, constant.p99_ms, constant.failed);
  struct Case {
    const char* what;
    const char* via;
    int batch, connections;
  };
  std::int64_t stored_before = 0;
  bool well = constant.failed == 0;
  for (const Case& c : {Case{"single events, 64 connections", "tag", 1, 64},
                        Case{"single events, 256 connections", "tag", 1, 256},
                        Case{"batches of 50, 32 connections", "tag", 50, 32},
                        Case{"signed batches of 500, 8 conn.", "s2s", 500, 8}}) {
    const double cpu = CpuSeconds();
    const Run run = Wrk(fmt::format(
        "wrk -t1 -c{} -d{}s --latency --timeout 10s -s {} {} -- {} r{}{}{} {}", c.connections,
        seconds, script, origin, c.batch, c.batch, c.via, c.connections, c.via));
    const double used = (CpuSeconds() - cpu) / seconds;
    fmt::print("{:<34} {:>10.0f} {:>10.0f} {:>9.2f} {:>9.2f} {:>7} {:>7.2f}c\n", c.what,
               run.requests_per_second, run.requests_per_second * c.batch, run.p50_ms, run.p99_ms,
               run.failed, used);
    std::int64_t stored = 0;
    const auto counts = (*store)->Counts();
    if (counts) {
      for (const EventCount& row : *counts) stored += row.count;
    }
    // What was under way when wrk stopped is stored and was not counted by it.
    const std::int64_t acknowledged = std::int64_t{run.requests - run.failed} * c.batch;
    const std::int64_t fresh = stored - stored_before;
    const std::int64_t open = std::int64_t{c.connections} * c.batch;
    if (run.failed != 0 || fresh < acknowledged || fresh > acknowledged + open) well = false;
    fmt::print("  acknowledged {}, stored {}\n", acknowledged, fresh);
    stored_before = stored;
  }
  server->reset();
  store->reset();
  const auto start = std::chrono::steady_clock::now();
  store = EventStore::Open(folder + "/events");
  const Seconds opened = std::chrono::steady_clock::now() - start;
  fmt::print("start with {} known events: {:.2f} s\n", stored_before, opened.count());
  store->reset();
  std::filesystem::remove_all(folder);
  return well ? 0 : 1;
}
