// Attribution over a file of paths, beside what passes over the same file cost that do nothing with
// it: looking for line ends in the mapped file, and reading it line by line with std::getline. All
// over the same bytes, already in the page cache, in one run; the best of the repetitions each.
//
//   attribution_bench [--paths N] [--channels N] [--repeat N] [--file NAME]
//
// The file is made by the bench (same N, same bytes): one row a path, 1 to 10 touches, 12 channels
// by default, one in twenty converts.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "measure/attribution/attribution.h"

namespace maxopt {
namespace {

constexpr const char* kChannels[] = {
    "Paid Search Brand", "Paid Search", "Display",  "Paid Social",    "Video",
    "Affiliates",        "Email",       "Referral", "Organic Search", "Direct",
    "Shopping",          "Retargeting"};

std::string MakeFile(std::int64_t paths, int channels) {
  std::uint64_t state = 1;
  const auto below = [&](std::uint64_t n) {  // splitmix64
    std::uint64_t z = state += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return (z ^ (z >> 31)) % n;
  };
  std::string text = "path,conversions,conversion_value,null_conversions\n";
  for (std::int64_t i = 0; i < paths; ++i) {
    const auto touches = 1 + below(10);
    std::uint64_t converts = 1;
    for (std::uint64_t k = 0; k < touches; ++k) {
      const auto channel = below(static_cast<std::uint64_t>(channels));
      if (k) text += " > ";
      text += kChannels[channel % std::size(kChannels)];
      if (channel >= std::size(kChannels))
        text += fmt::format(" {}", channel / std::size(kChannels));
      converts += channel == 0;
    }
    const bool won = below(20) < converts;
    text += won ? fmt::format(",1,{}.{:02},0\n", 10 + below(200), below(100)) : ",0,0,1\n";
  }
  return text;
}

double Best(int repeat, const std::function<void()>& work) {
  double best = 1e9;
  for (int i = 0; i < repeat; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    best = std::min(
        best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

int Main(int argc, char** argv) {
  std::int64_t paths = 1'000'000;
  int channels = 12;
  int repeat = 5;
  std::string file;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    const std::string_view value = argv[i + 1];
    if (flag == "--paths") {
      std::from_chars(value.begin(), value.end(), paths);
    } else if (flag == "--channels") {
      std::from_chars(value.begin(), value.end(), channels);
    } else if (flag == "--repeat") {
      std::from_chars(value.begin(), value.end(), repeat);
    } else if (flag == "--file") {
      file = value;
    } else {
      fmt::print(stderr, "attribution_bench: unknown {}\n", flag);
      return 1;
    }
  }
  const bool ours = file.empty();
  if (ours) file = fmt::format("/tmp/attribution_bench_{}.csv", ::getpid());
  {
    const std::string text = MakeFile(paths, channels);
    std::ofstream(file, std::ios::binary) << text;
  }
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd < 0 || ::fstat(fd, &info) != 0) {
    fmt::print(stderr, "attribution_bench: {} cannot be read\n", file);
    return 1;
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  void* map = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (map == MAP_FAILED) return 1;
  const std::string_view text(static_cast<const char*>(map), size);

  std::size_t lines = 0;
  const double newlines = Best(repeat, [&] {
    lines = 0;
    for (const char* at = text.data(); (at = static_cast<const char*>(std::memchr(
                                            at, '\n', static_cast<std::size_t>(text.end() - at))));
         ++at) {
      ++lines;
    }
  });
  std::size_t read = 0;
  const double getline = Best(repeat, [&] {
    std::ifstream in(file, std::ios::binary);
    read = 0;
    for (std::string line; std::getline(in, line);) read += line.size() + 1;
  });
  fmt::print("{} paths, {} channels, {:.1f} MB, {} lines\n\n", paths, channels,
             static_cast<double>(size) / 1e6, lines);
  fmt::print("| | s | paths per second | of a getline pass |\n|---|---:|---:|---:|\n");
  const auto line = [&](std::string_view what, double seconds) {
    fmt::print("| {} | {:.3f} | {:.1f} M | {:.2f} |\n", what, seconds,
               static_cast<double>(paths) / seconds / 1e6, seconds / getline);
  };
  line("line ends of the mapped file counted", newlines);
  line("read line by line (std::getline)", getline);
  bool good = read == size;
  for (const char* name : {"last", "linear", "shapley", "markov", "markov:2", "markov:3"}) {
    double credit = 0;
    const double seconds = Best(repeat, [&] {
      Attribution attribution(*FindAttributionModel(name));
      const auto done = ReadPathsCsv(text, attribution);
      const auto credits = attribution.Credits();
      good = good && done && credits && attribution.paths() == paths;
      credit = 0;
      for (const auto& channel : credits.value_or(std::vector<ChannelCredit>())) {
        credit += channel.conversions;
      }
      good = good && std::abs(credit - attribution.totals().conversions) < 1e-6;
    });
    line(fmt::format("{}, read, solved and checked against the total", name), seconds);
  }
  ::munmap(map, size);
  ::close(fd);
  if (ours) ::unlink(file.c_str());
  if (!good) fmt::print(stderr, "attribution_bench: an answer was wrong\n");
  return good ? 0 : 1;
}

}  // namespace
}  // namespace maxopt

int main(int argc, char** argv) { return maxopt::Main(argc, argv); }
