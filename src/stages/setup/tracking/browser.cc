#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "stages/setup/tracking/tracking.h"
#include "stages/setup/tracking/way.h"

extern char** environ;

namespace maxopt {
namespace {

namespace fs = std::filesystem;

/// How long an event may need from the browser's end to the store.
constexpr std::chrono::seconds kGrace{2};
constexpr std::chrono::milliseconds kPoll{50};

std::optional<std::string> FindBrowser(const std::string& program) {
  std::vector<std::string> names = {"chromium", "google-chrome", "google-chrome-stable"};
  if (!program.empty()) names = {program};
  const char* path = std::getenv("PATH");
  for (const std::string& name : names) {
    if (name.find('/') != std::string::npos) {
      if (::access(name.c_str(), X_OK) == 0) return name;
      continue;
    }
    std::string_view rest = path ? path : "/usr/bin:/bin";
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(':'), rest.size());
      const std::string candidate = std::string(rest.substr(0, end)) + "/" + name;
      if (end > 0 && ::access(candidate.c_str(), X_OK) == 0) return candidate;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return std::nullopt;
}

class TemporaryFolder {
 public:
  static Result<TemporaryFolder> Make() {
    std::error_code error;
    std::string path = (fs::temp_directory_path(error) / "maxopt-browser-XXXXXX").string();
    if (error || ::mkdtemp(path.data()) == nullptr) {
      return Fail(Errc::kLocal, "no temporary folder can be made for the browser");
    }
    TemporaryFolder folder;
    folder.path_ = std::move(path);
    return folder;
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder() {
    std::error_code error;
    // A child of the browser that has just been killed may still be writing.
    for (int tries = 0; !path_.empty() && tries < 20; ++tries) {
      fs::remove_all(path_, error);
      if (!fs::exists(path_)) return;
      std::this_thread::sleep_for(kPoll);
    }
  }
  const std::string& path() const { return path_; }

 private:
  TemporaryFolder() = default;
  std::string path_;
};

/// A program in a process group of its own; the whole group is killed at the end.
class ProcessGroup {
 public:
  static Result<ProcessGroup> Start(const std::vector<std::string>& arguments) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
      argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    for (const int fd : {0, 1, 2}) {
      posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
    }
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    ProcessGroup group;
    const int code =
        ::posix_spawn(&group.pid_, arguments[0].c_str(), &files, &attributes, argv.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (code != 0) {
      group.pid_ = -1;
      return Fail(Errc::kLocal, fmt::format("{} cannot be started", arguments[0]));
    }
    return group;
  }
  ProcessGroup(ProcessGroup&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), over_(other.over_) {}
  ProcessGroup& operator=(ProcessGroup&&) = delete;
  ~ProcessGroup() {
    if (pid_ <= 0) return;
    // The first process is not waited for before, so its id, and with it the group's, is still
    // ours.
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  /// Whether the first process has ended. It stays a zombie until the destructor.
  bool Ended() {
    siginfo_t info{};
    if (!over_ &&
        ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
      over_ = info.si_pid == pid_;
    }
    return over_;
  }

 private:
  ProcessGroup() = default;
  pid_t pid_ = -1;
  bool over_ = false;
};

/// "alpenglow.example:80" -> "127.0.0.1:8085", as --host-resolver-rules has it.
std::string Rule(const WebAddress& from, const std::string& host, const std::string& port) {
  const bool six = host.find(':') != std::string::npos;
  return fmt::format("MAP {}:{} {}{}{}:{}", from.host, from.port, six ? "[" : "", host,
                     six ? "]" : "", port);
}

}  // namespace

Result<std::optional<bool>> FireInBrowser(const std::string& url, const std::string& probe,
                                          const std::function<Result<bool>()>& arrived,
                                          const BrowserOptions& options) {
  MAXOPT_TRY(WebAddress page, ReadWebAddress(url));
  MAXOPT_TRY(const Way way,
             FindWay(page, options.origin_map, options.allow_private, options.resolve));
  const auto browser = FindBrowser(options.program);
  if (!browser) return std::optional<bool>();

  std::string rules;
  if (way.mapped_origin.empty()) {
    rules = Rule(page, way.ip, page.port);
  } else {
    MAXOPT_TRY(const WebAddress real, ReadWebAddress(way.mapped_origin + "/"));
    if (real.scheme != page.scheme) {
      // A staging server without TLS cannot play the https origin, so its http one is loaded.
      const std::string usual = real.scheme == "https" ? "443" : "80";
      page.scheme = real.scheme;
      page.port = usual;
      page.origin = fmt::format("{}://{}", page.scheme, page.host);
    }
    rules = Rule(page, real.host, real.port);
  }
  if (!options.collector_origin.empty()) {
    MAXOPT_TRY(const WebAddress collector, ReadWebAddress(options.collector_origin + "/"));
    const auto mapped = options.origin_map.find(collector.origin);
    MAXOPT_TRY(const WebAddress real, mapped == options.origin_map.end()
                                          ? Result<WebAddress>(collector)
                                          : ReadWebAddress(mapped->second + "/"));
    rules += ", " + Rule(collector, real.host, real.port);
  }
  // Whatever else the page asks for is nowhere, addresses of the own network above all.
  rules += ", MAP * ~NOTFOUND";

  const std::string target = fmt::format("{}{}{}{}={}", page.origin, page.rest,
                                         page.rest.find('?') == std::string::npos ? "?" : "&",
                                         kProbeParameter, http::PercentEncode(probe));
  MAXOPT_TRY(const TemporaryFolder folder, TemporaryFolder::Make());
  std::vector<std::string> arguments = {
      *browser, "--headless=new", "--user-data-dir=" + folder.path(), "--disable-gpu",
      "--disable-dev-shm-usage", "--disable-extensions", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--disable-default-apps", "--no-first-run",
      "--no-default-browser-check", "--mute-audio", "--no-proxy-server",
      // An http page is loaded as it is, not tried over https first.
      "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,Translate",
      "--host-resolver-rules=" + rules, "--virtual-time-budget=10000", "--dump-dom", target};
  // The browser's sandbox refuses to run as root.
  if (::geteuid() == 0) arguments.insert(arguments.begin() + 1, "--no-sandbox");
  MAXOPT_TRY(ProcessGroup process, ProcessGroup::Start(arguments));
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  std::optional<std::chrono::steady_clock::time_point> ended;
  while (true) {
    MAXOPT_TRY(const bool there, arrived());
    if (there) return std::optional(true);
    const auto now = std::chrono::steady_clock::now();
    if (!ended && process.Ended()) ended = now;
    if (now >= deadline || (ended && now >= *ended + kGrace)) return std::optional(false);
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace maxopt
