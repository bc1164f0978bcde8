// maxopt serve as a process: it reads the platforms on schedule while people use the command line,
// is killed and started again, and tells browsers what changed.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/demo/demo.h"
#include "http/http.h"
#include "program.h"
#include "sim/world/world.h"

extern char** environ;

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::hours;
using std::chrono::seconds;

class ServeProcess {
 public:
  ServeProcess(const fs::path& home, const std::string& clock) {
    int out[2];
    if (::pipe2(out, O_CLOEXEC) != 0) return;
    std::vector<std::string> words{MAXOPT_BINARY, "--home", home, "--json", "serve", "--port", "0"};
    std::vector<std::string> variables{"MAXOPT_CLOCK=" + clock};
    for (char** entry = environ; *entry; ++entry) variables.emplace_back(*entry);
    const auto pointers = [](std::vector<std::string>& texts) {
      std::vector<char*> list;
      for (std::string& text : texts) list.push_back(text.data());
      list.push_back(nullptr);
      return list;
    };
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, out[1], 1);
    const std::string log = home / "serve.err";
    ::posix_spawn_file_actions_addopen(&files, 2, log.c_str(), O_CREAT | O_APPEND | O_WRONLY, 0600);
    if (::posix_spawn(&pid_, MAXOPT_BINARY, &files, nullptr, pointers(words).data(),
                      pointers(variables).data()) != 0) {
      pid_ = -1;
    }
    ::posix_spawn_file_actions_destroy(&files);
    ::close(out[1]);
    std::string line;
    for (char c = 0; ::read(out[0], &c, 1) == 1 && c != '\n';) line += c;
    ::close(out[0]);
    const json said = json::parse(line, nullptr, false);
    if (!said.is_object()) return;
    origin_ = said.value("origin", "");
    const std::string link = said.value("link", "");
    http::Request login{.method = "POST", .url = origin_ + "/api/v1/session"};
    login.headers = {{"Content-Type", "application/json"}};
    login.body = json{{"link", link.substr(link.find('=') + 1)}}.dump();
    const auto answer = http::MakeCurlTransport()->Send(login, http::After(seconds(30)));
    if (!answer) return;
    cookie_ = http::FindHeader(answer->headers, "Set-Cookie").value_or("");
    cookie_ = cookie_.substr(0, cookie_.find(';'));
  }
  ServeProcess(const ServeProcess&) = delete;
  ServeProcess& operator=(const ServeProcess&) = delete;
  ~ServeProcess() { End(SIGKILL); }
  int End(int signal) {
    if (pid_ <= 0) return 0;
    ::kill(pid_, signal);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }
  const std::string& origin() const { return origin_; }
  const std::string& cookie() const { return cookie_; }
  int port() const { return std::stoi(origin_.substr(origin_.rfind(':') + 1)); }

 private:
  pid_t pid_ = -1;
  std::string origin_;
  std::string cookie_;  ///< of the session that its login link began
};

/// An EventSource of the plainest kind.
class Events {
 public:
  Events(const ServeProcess& serve, const std::string& last_id)
      : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(serve.port()));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    const timeval timeout{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    const std::string request =
        "GET /api/v1/live/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: " + serve.cookie() +
        "\r\n" + (last_id.empty() ? "" : "Last-Event-ID: " + last_id + "\r\n") + "\r\n";
    EXPECT_EQ(::send(fd_, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  }
  ~Events() { ::close(fd_); }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;
  /// All that came until `name` was told and its text is whole; an end without it is said.
  std::string Until(const std::string& name) {
    const std::string mark = "event: " + name + "\n";
    char buffer[65536];
    while (true) {
      const std::size_t at = text_.find(mark);
      if (at != std::string::npos && text_.find("\n\n", at) != std::string::npos) return text_;
      const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) return text_ + "<end>";
      text_.append(buffer, static_cast<std::size_t>(n));
    }
  }
  std::string last_id() const {
    const std::size_t at = text_.rfind("id: ");
    return at == std::string::npos ? "" : text_.substr(at + 4, text_.find('\n', at) - at - 4);
  }

 private:
  int fd_;
  std::string text_;
};

class WorkerProcess : public testing::Test {
 protected:
  void SetUp() override {
    home_ = fs::temp_directory_path() / fmt::format("maxopt_worker_{}", ::getpid());
    fs::remove_all(home_);
    fs::create_directories(home_);
    sim::WorldOptions options;
    options.first_day = *ParseDay("2026-02-01");
    auto world = sim::World::Make(options);
    ASSERT_TRUE(world) << world.error().what;
    world_ = std::move(*world);
    sim::HistoryOptions history;
    history.days = 20;
    ASSERT_TRUE(sim::LiveThroughHistory(*world_, history));
    ASSERT_TRUE(world_->Listen({}));
    world_->AdvanceTo(world_->clock().Now() + hours(9));
    std::ofstream(home_ / "connections.yaml") << ConnectionsYaml(*world_).value();
    std::ofstream(home_ / "tracking.yaml")
        << "maxopt: tracking/1\nsites:\n  - site: shop\n    client: Alpenglow\n"
           "    origins: [https://alpenglow.example]\n";
    // The deep reading takes minutes of a simulator under sanitizers and shows nothing more here.
    std::ofstream(home_ / "monitoring.yaml")
        << "maxopt: monitoring/1\njobs:\n  - {kind: collect_day, off: true}\n";
    const Ended connected = Run({"connect"});
    ASSERT_EQ(connected.code, 0) << connected.all();
  }
  void TearDown() override { fs::remove_all(home_); }

  std::string clock() { return world_->control_origin() + "/clock"; }
  Ended Run(const std::vector<std::string>& arguments) {
    return RunMaxopt(home_, arguments, {{"MAXOPT_CLOCK", clock()}});
  }
  json Get(const ServeProcess& serve, const std::string& path) {
    http::Request request;
    request.url = serve.origin() + path;
    request.headers = {{"Cookie", serve.cookie()}};
    const auto answer = transport_->Send(request, http::After(seconds(10)));
    return answer ? json::parse(answer->body, nullptr, false) : json();
  }
  /// By job of a kind, when it last succeeded; empty where it has not.
  static std::map<std::string, std::string> Succeeded(const json& status, const std::string& kind) {
    std::map<std::string, std::string> out;
    if (!status.is_object() || !status.contains("jobs")) return out;
    for (const json& job : status["jobs"]) {
      if (job.value("kind", "") != kind) continue;
      out[job.value("job", "")] =
          job["succeeded_at"].is_string() ? job["succeeded_at"].get<std::string>() : "";
    }
    return out;
  }
  /// Waits until every job of the kind has succeeded at or after `since`.
  bool WaitFor(const ServeProcess& serve, const std::string& kind, const std::string& since) {
    for (int i = 0; i < 1200; ++i) {
      const auto seen = Succeeded(Get(serve, "/api/v1/status"), kind);
      const bool all =
          seen.size() == 3 && std::all_of(seen.begin(), seen.end(), [&](const auto& j) {
            return !j.second.empty() && j.second >= since;
          });
      if (all) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    std::ifstream log(home_ / "serve.err");
    ADD_FAILURE() << kind << " did not succeed:\n"
                  << std::string(std::istreambuf_iterator<char>(log), {});
    return false;
  }

  fs::path home_;
  std::unique_ptr<sim::World> world_;
  std::shared_ptr<http::Transport> transport_ = http::MakeCurlTransport();
};

TEST_F(WorkerProcess, CollectsOnScheduleBesidePeopleAndSurvivesKill9) {
  auto serve = std::make_unique<ServeProcess>(home_, clock());
  ASSERT_NE(serve->origin(), "");
  // People's commands get in between, and wait where they must.
  for (int i = 0; i < 3; ++i) {
    const Ended status = Run({"status"});
    EXPECT_EQ(status.code, 0) << status.all();
  }
  ASSERT_TRUE(WaitFor(*serve, "collect_hour", "2026"));
  const json live = Get(*serve, "/api/v1/live");
  ASSERT_TRUE(live.is_object() && live.contains("entries"));
  EXPECT_GT(live["entries"].size(), 0u);
  for (const auto& [key, entry] : live["entries"].items()) {
    EXPECT_TRUE(key.starts_with("metrics/")) << key;
    EXPECT_TRUE(entry["spend"].is_string());
    EXPECT_EQ(entry["day"],
              PrintDay(ParseDay(entry["as_of"].get<std::string>().substr(0, 10)).value()));
  }

  std::string id;
  {
    Events events(*serve, "");
    EXPECT_NE(events.Until("snapshot").find("metrics/"), std::string::npos);
    id = events.last_id();
    // An hour later it has collected again, by itself, and the stream says what became of it.
    const std::string later = PrintInstant(world_->clock().Now() + hours(1));
    world_->AdvanceTo(world_->clock().Now() + hours(2));
    ASSERT_TRUE(WaitFor(*serve, "collect_hour", later));
    EXPECT_NE(events.Until("change").find("\"changed\":{\"metrics/"), std::string::npos);
  }
  // Who was away gets only what he missed.
  {
    Events events(*serve, id);
    const std::string told = events.Until("change");
    EXPECT_EQ(told.find("event: snapshot"), std::string::npos);
    EXPECT_EQ(told.find("event: reload"), std::string::npos);
    id = events.last_id();
  }

  // Killed in the middle of whatever it does; the next one goes on and has lost nothing.
  world_->AdvanceTo(world_->clock().Now() + hours(1));
  EXPECT_EQ(serve->End(SIGKILL), -SIGKILL);
  const std::string restarted = PrintInstant(world_->clock().Now());
  world_->AdvanceTo(world_->clock().Now() + hours(5));
  serve = std::make_unique<ServeProcess>(home_, clock());
  ASSERT_NE(serve->origin(), "");
  ASSERT_TRUE(WaitFor(*serve, "collect_hour", restarted));
  Events events(*serve, id);
  const std::string told = events.Until("snapshot");
  EXPECT_NE(told.find("event: reload"), std::string::npos) << "another process, another epoch";
  EXPECT_NE(told.find("metrics/"), std::string::npos);

  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(serve->End(SIGTERM), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(30));  // a hang, not a speed
  const Ended jobs = Run({"--json", "jobs", "--history"});
  ASSERT_EQ(jobs.code, 0) << jobs.all();
  const json history = json::parse(jobs.out);
  for (const json& run : history["runs"]) {
    if (!run.value("job", "").starts_with("collect")) continue;
    EXPECT_NE(run.value("outcome", ""), "failed") << run.dump();
  }
  // The three missed hours were one run of each account.
  EXPECT_EQ(Run({"worker", "--once"}).code, 0);
}

}  // namespace
}  // namespace maxopt
