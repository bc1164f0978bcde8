#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "stages/report/documents/documents.h"

extern char** environ;

namespace maxopt::report {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Steady = std::chrono::steady_clock;

std::optional<std::string> FindProgram(const std::string& program) {
  std::vector<std::string> names = {"chromium", "google-chrome", "google-chrome-stable"};
  if (!program.empty()) names = {program};
  const char* path = std::getenv("PATH");
  for (const std::string& name : names) {
    if (name.find('/') != std::string::npos) {
      if (::access(name.c_str(), X_OK) == 0) return name;
      continue;
    }
    std::string_view rest = path != nullptr ? path : "/usr/bin:/bin";
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(':'), rest.size());
      const std::string candidate = std::string(rest.substr(0, end)) + "/" + name;
      if (end > 0 && ::access(candidate.c_str(), X_OK) == 0) return candidate;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return std::nullopt;
}

/// A profile that is gone afterwards.
class Folder {
 public:
  Folder() {
    std::error_code error;
    std::string path = (fs::temp_directory_path(error) / "maxopt-pdf-XXXXXX").string();
    if (!error && ::mkdtemp(path.data()) != nullptr) path_ = path;
  }
  ~Folder() {
    std::error_code error;
    // A child of the browser that has just been killed may still be writing.
    for (int tries = 0; !path_.empty() && tries < 20 && fs::exists(path_, error); ++tries) {
      if (fs::remove_all(path_, error); !fs::exists(path_)) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Chromium with its debugging protocol over two pipes: messages of JSON that end in a zero byte.
class Browser {
 public:
  Browser() = default;
  ~Browser() {
    for (const int fd : {to_, from_}) {
      if (fd >= 0) ::close(fd);
    }
    if (pid_ > 0) {
      // Not waited for before, so the id, and with it the group's, is still ours.
      ::kill(-pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  Result<> Start(const std::string& program, const std::string& profile, Steady::time_point until) {
    until_ = until;
    std::vector<std::string> arguments = {
        program, "--headless=new", "--remote-debugging-pipe", "--user-data-dir=" + profile,
        // No network: no name is found, and there is no way to one.
        "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=socks5://0.0.0.0:1",
        "--disable-background-networking", "--disable-sync", "--disable-component-update",
        "--disable-domain-reliability", "--no-pings", "--disable-extensions",
        "--disable-default-apps", "--no-first-run", "--no-default-browser-check", "--disable-gpu",
        "--disable-dev-shm-usage", "--mute-audio", "--password-store=basic", "--lang=en-US",
        "--font-render-hinting=none", "--disable-breakpad", "--disable-crash-reporter",
        "--blink-settings=scriptEnabled=false"};
    // Chromium's own sandbox does not work for root.
    if (::geteuid() == 0) arguments.emplace_back("--no-sandbox");
    arguments.emplace_back("about:blank");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);

    std::array<int, 2> down{-1, -1}, up{-1, -1};
    if (::pipe2(down.data(), O_CLOEXEC) != 0) return Fail(Errc::kLocal, "no pipe can be made");
    to_ = down[1];
    if (::pipe2(up.data(), O_CLOEXEC) != 0) {
      ::close(down[0]);
      return Fail(Errc::kLocal, "no pipe can be made");
    }
    from_ = up[0];
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    for (const int fd : {0, 1, 2}) {
      posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
    }
    // Through high numbers, so that neither end is overwritten before it is used.
    constexpr int kHigh = 200;
    posix_spawn_file_actions_adddup2(&files, down[0], kHigh);
    posix_spawn_file_actions_adddup2(&files, up[1], kHigh + 1);
    posix_spawn_file_actions_adddup2(&files, kHigh, 3);
    posix_spawn_file_actions_adddup2(&files, kHigh + 1, 4);
    posix_spawn_file_actions_addclose(&files, kHigh);
    posix_spawn_file_actions_addclose(&files, kHigh + 1);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    const int code =
        ::posix_spawn(&pid_, program.c_str(), &files, &attributes, argv.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    ::close(down[0]);
    ::close(up[1]);
    if (code != 0) {
      pid_ = -1;
      return Fail(Errc::kLocal, fmt::format("{} cannot be started", program));
    }
    ::fcntl(to_, F_SETFL, O_NONBLOCK);
    return {};
  }

  /// Sends a command and waits for its answer.
  Result<json> Call(const std::string& method, json parameters) {
    const int id = ++last_;
    json message{{"id", id}, {"method", method}, {"params", std::move(parameters)}};
    if (!session_.empty()) message["sessionId"] = session_;
    MAXOPT_CHECK(Send(message.dump(-1, ' ', false, json::error_handler_t::replace)));
    for (;;) {
      MAXOPT_TRY(const json answer, Receive());
      if (answer.value("id", 0) != id) {
        if (answer.value("method", "") == "Page.loadEventFired") loaded_ = true;
        continue;
      }
      if (answer.contains("error")) {
        return Fail(Errc::kUnavailable,
                    fmt::format("Chromium refused {}: {}", method,
                                answer["error"].value("message", "no reason given")));
      }
      return answer.value("result", json::object());
    }
  }
  void UseSession(std::string session) { session_ = std::move(session); }
  /// Until the page's pictures are there.
  Result<> WaitForLoad() {
    while (!loaded_) {
      MAXOPT_TRY(const json answer, Receive());
      if (answer.value("method", "") == "Page.loadEventFired") loaded_ = true;
    }
    return {};
  }

 private:
  std::unexpected<Error> Silent() const {
    return Fail(Errc::kUnavailable, "Chromium did not print the page in time; try again");
  }
  Result<> Ready(int fd, short what) const {
    pollfd waited{fd, what, 0};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until_ - Steady::now()).count();
    if (left <= 0 || ::poll(&waited, 1, static_cast<int>(left)) <= 0) return Silent();
    return {};
  }
  Result<> Send(const std::string& text) {
    const std::string_view all(text.c_str(), text.size() + 1);
    for (std::size_t at = 0; at < all.size();) {
      MAXOPT_CHECK(Ready(to_, POLLOUT));
      const ssize_t count = ::write(to_, all.data() + at, all.size() - at);
      if (count < 0 && errno != EAGAIN && errno != EINTR) return Silent();
      if (count > 0) at += static_cast<std::size_t>(count);
    }
    return {};
  }
  Result<json> Receive() {
    for (;;) {
      const std::size_t end = held_.find('\0', seen_);
      if (end != std::string::npos) {
        json out = json::parse(held_.substr(0, end), nullptr, false);
        held_.erase(0, end + 1);
        seen_ = 0;
        if (!out.is_object()) return Fail(Errc::kBadAnswer, "Chromium answered what is no JSON");
        return out;
      }
      seen_ = held_.size();
      MAXOPT_CHECK(Ready(from_, POLLIN));
      char buffer[65536];
      const ssize_t count = ::read(from_, buffer, sizeof buffer);
      if (count == 0) {
        return Fail(Errc::kUnavailable, "Chromium ended before the page was printed");
      }
      if (count > 0) held_.append(buffer, static_cast<std::size_t>(count));
    }
  }

  pid_t pid_ = -1;
  int to_ = -1, from_ = -1, last_ = 0;
  bool loaded_ = false;
  Steady::time_point until_;
  std::string held_, session_;
  std::size_t seen_ = 0;
};

Result<std::string> FromBase64(const std::string& text) {
  std::string out;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    int value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = c - 'A';
    } else if (c >= 'a' && c <= 'z') {
      value = c - 'a' + 26;
    } else if (c >= '0' && c <= '9') {
      value = c - '0' + 52;
    } else if (c == '+') {
      value = 62;
    } else if (c == '/') {
      value = 63;
    } else if (c == '=') {
      break;
    } else {
      return Fail(Errc::kBadAnswer, "Chromium answered what is no base64");
    }
    held = (held << 6) | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>((held >> bits) & 0xFFu);
    }
  }
  return out;
}

/// A peer that has gone must be an error, not the end of this process.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before_);
  }
  ~NoPipeSignal() { ::sigaction(SIGPIPE, &before_, nullptr); }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  struct sigaction before_ {};
};

}  // namespace

void NormalisePdf(std::string& pdf, Instant at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date{day};
  const auto in_day = (seconds - day).count();
  const std::string stamp =
      fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  in_day / 3600, in_day / 60 % 60, in_day % 60);
  // Digits are replaced by as many digits, so every offset of the file stays right.
  for (const std::string_view key : {"/CreationDate (D:", "/ModDate (D:"}) {
    for (std::size_t found = 0; (found = pdf.find(key, found)) != std::string::npos;) {
      found += key.size();
      if (found + stamp.size() <= pdf.size() &&
          pdf.find_first_not_of("0123456789", found) >= found + stamp.size()) {
        pdf.replace(found, stamp.size(), stamp);
      }
    }
  }
  // The trailer's id, where there is one: <hex> <hex>.
  const std::size_t id = pdf.rfind("/ID [<");
  if (id != std::string::npos) {
    for (std::size_t i = id + 6; i < pdf.size() && pdf[i] != ']'; ++i) {
      if (std::string_view("0123456789abcdefABCDEF").find(pdf[i]) != std::string_view::npos) {
        pdf[i] = '0';
      }
    }
  }
}

Result<std::string> PdfOf(const std::string& html, Instant at, const PdfOptions& options) {
  const auto program = FindProgram(options.program);
  if (!program) {
    return Fail(Errc::kNotFound,
                "a PDF is printed by Chromium, and there is none on this machine; install it "
                "(Debian: apt-get install chromium) or take the report as HTML");
  }
  const Folder profile;
  if (profile.path().empty()) {
    return Fail(Errc::kLocal, "no temporary folder can be made for the browser");
  }
  const NoPipeSignal guard;
  Browser browser;
  MAXOPT_CHECK(browser.Start(*program, profile.path(), Steady::now() + options.timeout));
  MAXOPT_TRY(const json target, browser.Call("Target.createTarget", {{"url", "about:blank"}}));
  MAXOPT_TRY(const json attached,
             browser.Call("Target.attachToTarget",
                          {{"targetId", target.value("targetId", "")}, {"flatten", true}}));
  browser.UseSession(attached.value("sessionId", ""));
  MAXOPT_CHECK(browser.Call("Emulation.setScriptExecutionDisabled", {{"value", true}}));
  MAXOPT_CHECK(browser.Call("Network.enable", json::object()));
  MAXOPT_CHECK(browser.Call(
      "Network.emulateNetworkConditions",
      {{"offline", true}, {"latency", 0}, {"downloadThroughput", -1}, {"uploadThroughput", -1}}));
  MAXOPT_CHECK(browser.Call("Page.enable", json::object()));
  MAXOPT_CHECK(browser.Call(
      "Emulation.setEmulatedMedia",
      {{"media", "print"},
       {"features", json::array({{{"name", "prefers-color-scheme"}, {"value", "light"}}})}}));
  MAXOPT_TRY(const json tree, browser.Call("Page.getFrameTree", json::object()));
  const std::string frame = tree.value("frameTree", json::object())
                                .value("frame", json::object())
                                .value("id", std::string());
  MAXOPT_CHECK(browser.Call("Page.setDocumentContent", {{"frameId", frame}, {"html", html}}));
  MAXOPT_CHECK(browser.WaitForLoad());
  MAXOPT_TRY(const json printed,
             browser.Call("Page.printToPDF", {{"printBackground", true},
                                              {"preferCSSPageSize", true},
                                              {"generateTaggedPDF", true},
                                              {"generateDocumentOutline", true},
                                              {"transferMode", "ReturnAsBase64"}}));
  MAXOPT_TRY(std::string pdf, FromBase64(printed.value("data", std::string())));
  if (!pdf.starts_with("%PDF-")) return Fail(Errc::kBadAnswer, "Chromium printed what is no PDF");
  NormalisePdf(pdf, at);
  return pdf;
}

}  // namespace maxopt::report
