// The collector as a real process: what it answered is there after it was killed.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/serve/serve.h"

extern char** environ;

namespace maxopt {
namespace {

using nlohmann::json;

/// `maxopt serve` as a process.
class ServeProcess {
 public:
  explicit ServeProcess(const std::string& home) {
    int out[2];
    if (::pipe2(out, O_CLOEXEC) != 0) return;
    const std::vector<std::string> arguments = {MAXOPT_BINARY, "--home", home, "--json",
                                                "serve",       "--port", "0"};
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
      argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, out[1], 1);
    if (::posix_spawn(&pid_, MAXOPT_BINARY, &files, nullptr, argv.data(), environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&files);
    ::close(out[1]);
    std::string line;
    for (char c = 0; ::read(out[0], &c, 1) == 1 && c != '\n';) line += c;
    ::close(out[0]);
    const json said = json::parse(line, nullptr, false);
    if (said.is_object() && said.contains("origin")) origin_ = said["origin"].get<std::string>();
  }
  ServeProcess(const ServeProcess&) = delete;
  ServeProcess& operator=(const ServeProcess&) = delete;
  ~ServeProcess() { End(SIGTERM); }
  /// Its exit code, or minus the signal that ended it.
  int End(int signal) {
    if (pid_ <= 0) return 0;
    ::kill(pid_, signal);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  }
  const std::string& origin() const { return origin_; }

 private:
  pid_t pid_ = -1;
  std::string origin_;
};

TEST(ServeTest, AnAnsweredEventSurvivesKill9) {
  char name[] = "/tmp/maxopt-serve-test-XXXXXX";
  const std::string home = ::mkdtemp(name);
  std::ofstream(home + "/tracking.yaml")
      << "maxopt: tracking/1\nsites:\n  - site: shop\n    client: Alpenglow\n"
         "    origins: [https://alpenglow.example]\n"
         "    secret: 0123456789abcdef0123456789abcdef\n";
  const auto transport = http::MakeCurlTransport();
  for (int round = 0; round < 5; ++round) {
    ServeProcess serve(home);
    ASSERT_NE(serve.origin(), "");
    const std::string body = fmt::format(
        R"({{"site":"shop","events":[{{"id":"order-{}","event":"purchase","consent":"denied"}}]}})",
        round);
    const std::string now = std::to_string(::time(nullptr));
    http::Request request{.method = "POST", .url = serve.origin() + "/s2s", .body = body};
    request.headers = {
        {"X-Maxopt-Site", "shop"},
        {"X-Maxopt-Timestamp", now},
        {"X-Maxopt-Signature", SignEvents("0123456789abcdef0123456789abcdef", now, body)}};
    const auto answer = transport->Send(request, http::After(std::chrono::seconds(30)));
    ASSERT_TRUE(answer) << answer.error().what;
    ASSERT_EQ(answer->status, 200) << answer->body;
    EXPECT_EQ(serve.End(SIGKILL), -SIGKILL);
    const auto store = EventStore::OpenToRead(home + "/events");
    ASSERT_TRUE(store) << store.error().what;
    const auto kept = (*store)->Find("shop", "purchase", "order-" + std::to_string(round));
    ASSERT_TRUE(kept) << kept.error().what;
    EXPECT_TRUE(kept->has_value()) << "round " << round;
  }
  {
    ServeProcess serve(home);
    ASSERT_NE(serve.origin(), "");
    EXPECT_EQ(serve.End(SIGTERM), 0);
  }
  const auto store = EventStore::OpenToRead(home + "/events");
  ASSERT_TRUE(store);
  const auto list = (*store)->List(0, 100);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->size(), 5u);
  std::filesystem::remove_all(home);
}

}  // namespace
}  // namespace maxopt
