// The server on the wire: TLS with certificates made here, and clients that are slow or say more
// than they may.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "http/tls.h"

namespace maxopt::http {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// --- clients that are slow ----------------------------------------------------------------------

/// A connection that says what it likes.
class Raw {
 public:
  explicit Raw(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    // So that a test of a server that never lets go ends too.
    const timeval patience{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Raw() { ::close(socket_); }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  /// False: the other end has gone.
  bool Say(std::string_view text) const {
    return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  }
  /// Says a byte each 20 ms, again and again, until the other end hears no more.
  void Dribble(std::string_view text) const {
    for (std::size_t i = 0; Say(text.substr(i % text.size(), 1)) && !Gone(); ++i) {
      std::this_thread::sleep_for(20ms);
    }
  }
  /// All that comes until the other end closes; "<silence>" at its end when that never happens.
  std::string Hear() const {
    std::string out;
    char buffer[4096];
    while (true) {
      const ssize_t n = ::recv(socket_, buffer, sizeof buffer, 0);
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return out + "<silence>";
      if (n <= 0) return out;
      out.append(buffer, static_cast<std::size_t>(n));
    }
  }

 private:
  bool Gone() const {
    char byte = 0;
    return ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  }
  int socket_;
};

class Wire : public testing::Test {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.threads = 1;  // one slow client must not stop it
    options.read_timeout = 1s;
    options.max_body_bytes = 1000;
    auto server = Serve(
        [this](const Request& request) {
          const std::lock_guard lock(mutex_);
          heard_.push_back(request.method + " " + request.url + " " + request.body);
          return Response{.body = "well"};
        },
        options);
    ASSERT_TRUE(server) << server.error().what;
    server_ = *std::move(server);
  }
  void TearDown() override {
    // Others are served all the same, and afterwards.
    const auto answer = MakeCurlTransport()->Send({.url = server_->origin() + "/last"}, After(30s));
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->body, "well");
  }
  std::vector<std::string> Heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  using Lines = std::vector<std::string>;

  std::unique_ptr<Server> server_;
  std::mutex mutex_;
  std::vector<std::string> heard_;
};

TEST_F(Wire, HeadersThatDribbleEndWithTheConnection) {
  const Raw slow(server_->port());
  ASSERT_TRUE(slow.Say("GET / HTTP/1.1\r\nHost: a\r\n"));
  std::thread dribble([&] { slow.Dribble("X-Slow: loris\r\n"); });
  // Meanwhile another is served, by the one thread there is.
  const auto other = MakeCurlTransport()->Send({.url = server_->origin() + "/other"}, After(30s));
  EXPECT_TRUE(other);
  dribble.join();  // it was not heard for ever
  EXPECT_EQ(slow.Hear(), "");
  EXPECT_EQ(Heard(), Lines{"GET /other "});
}

TEST_F(Wire, ABodyThatNeverEndsReachesNobody) {
  for (const char* head :
       {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n384\r\n"}) {
    const Raw slow(server_->port());
    ASSERT_TRUE(slow.Say(head));
    slow.Dribble("x");
    EXPECT_EQ(slow.Hear(), "") << head;
  }
  EXPECT_EQ(Heard(), Lines{});
}

TEST_F(Wire, WhoSaysNothingIsLetGoOf) {
  EXPECT_EQ(Raw(server_->port()).Hear(), "");
  // One that asked, was answered and then holds its connection.
  const Raw idle(server_->port());
  ASSERT_TRUE(idle.Say("GET /one HTTP/1.1\r\nHost: a\r\n\r\n"));
  const std::string heard = idle.Hear();
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 200")) << heard;
  EXPECT_FALSE(heard.ends_with("<silence>"));
}

TEST_F(Wire, BodiesBeyondTheLimitReachNobody) {
  const std::string much(2000, 'x');
  for (const std::string& said :
       {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" + much,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + much +
            "\r\n0\r\n\r\n",
        std::string("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
                    "99999999999999999999999\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n")}) {
    const Raw client(server_->port());
    client.Say(said);
    EXPECT_FALSE(client.Hear().ends_with("<silence>")) << said.substr(0, 80);
  }
  EXPECT_EQ(Heard(), Lines{});
}

TEST_F(Wire, WhatIsSaidBeyondTheLengthIsNoPartOfTheBody) {
  const Raw client(server_->port());
  ASSERT_TRUE(client.Say(
      "POST /five HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello and more\r\n\r\n"));
  const std::string heard = client.Hear();
  EXPECT_FALSE(heard.ends_with("<silence>"));
  EXPECT_EQ(Heard(), Lines{"POST /five hello"});
}

TEST_F(Wire, TwoLengthsAreNone) {
  // What two readers of a message take for two different bodies (request smuggling).
  for (const char* said :
       {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n\r\n"}) {
    const Raw client(server_->port());
    ASSERT_TRUE(client.Say(said));
    EXPECT_FALSE(client.Hear().ends_with("<silence>")) << said;
  }
  EXPECT_EQ(Heard(), Lines{});
}

// --- TLS ----------------------------------------------------------------------------------------

/// A folder with a key and a certificate of its own for localhost, as openssl makes them.
class Certified : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = (fs::temp_directory_path() / "maxopt-tls-XXXXXX").string();
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    folder_ = path;
    if (std::system("openssl version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no openssl command";
    ASSERT_TRUE(Make("own", "localhost"));
  }
  void TearDown() override { fs::remove_all(folder_); }
  bool Make(const std::string& name, const std::string& host, const std::string& more = "-nodes") {
    const std::string command = "cd '" + folder_.string() +
                                "' && openssl req -x509 -newkey ec -pkeyopt " +
                                "ec_paramgen_curve:P-256 " + more + " -keyout " + name +
                                ".key -out " + name + ".pem -days 2 -subj /CN=" + host +
                                " -addext subjectAltName=DNS:" + host + " >/dev/null 2>&1";
    return std::system(command.c_str()) == 0;
  }
  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  Result<std::unique_ptr<Server>> Start(const std::string& certificate, const std::string& key) {
    ServerOptions options;
    options.threads = 1;
    options.read_timeout = 1s;
    return ServeTls([](const Request& request) { return Response{.body = request.body}; }, options,
                    {Path(certificate), Path(key)});
  }
  static Request To(const Server& server, const std::string& host, std::string body = "") {
    Request request{.method = "POST"};
    request.url = "https://" + host + ":" + std::to_string(server.port()) + "/";
    request.body = std::move(body);
    request.connect_to = "127.0.0.1";
    return request;
  }

  fs::path folder_;
};

TEST_F(Certified, AClientThatVerifiesIsServed) {
  const auto server = Start("own.pem", "own.key");
  ASSERT_TRUE(server) << server.error().what;
  EXPECT_TRUE((*server)->origin().starts_with("https://127.0.0.1:"));
  const std::string body(300'000, 'b');  // many records
  const auto trusting = MakeCurlTransport({.ca_file = Path("own.pem")});
  const auto answer = trusting->Send(To(**server, "localhost", body), After(30s));
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(answer->body, body);
  // Who trusts another, or is asked by another name, sends nothing.
  ASSERT_TRUE(Make("other", "localhost"));
  for (const auto& [ca, host] :
       {std::pair("other.pem", "localhost"), std::pair("own.pem", "elsewhere.example")}) {
    const auto refused =
        MakeCurlTransport({.ca_file = Path(ca)})->Send(To(**server, host), After(30s));
    ASSERT_FALSE(refused) << ca << " " << host;
    EXPECT_EQ(refused.error().code, Errc::kUnavailable) << refused.error().what;
  }
  // Plain HTTP to a TLS port is let go of; TLS serves on.
  const Raw plain((*server)->port());
  ASSERT_TRUE(plain.Say("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(plain.Hear().ends_with("<silence>"));
  EXPECT_TRUE(trusting->Send(To(**server, "localhost", "again"), After(30s)));
}

TEST_F(Certified, OldVersionsAreRefused) {
  const auto server = Start("own.pem", "own.key");
  ASSERT_TRUE(server) << server.error().what;
  const auto connects = [&](const std::string& version) {
    const std::string command = "echo | timeout 20 openssl s_client -connect 127.0.0.1:" +
                                std::to_string((*server)->port()) + " " + version +
                                " -cipher DEFAULT@SECLEVEL=0 >/dev/null 2>&1";
    return std::system(command.c_str()) == 0;
  };
  EXPECT_FALSE(connects("-tls1"));
  EXPECT_FALSE(connects("-tls1_1"));
  EXPECT_TRUE(connects("-tls1_2"));
  EXPECT_TRUE(connects("-tls1_3"));
}

TEST_F(Certified, WhoNeverShakesHandsIsLetGoOf) {
  const auto server = Start("own.pem", "own.key");
  ASSERT_TRUE(server) << server.error().what;
  const Raw silent((*server)->port());
  const Raw begun((*server)->port());
  ASSERT_TRUE(begun.Say("\x16\x03\x01"));  // the first bytes of a hello
  // The one thread serves others meanwhile.
  const auto trusting = MakeCurlTransport({.ca_file = Path("own.pem")});
  EXPECT_TRUE(trusting->Send(To(**server, "localhost", "x"), After(30s)));
  EXPECT_EQ(silent.Hear(), "");
  EXPECT_FALSE(begun.Hear().ends_with("<silence>"));
  EXPECT_TRUE(trusting->Send(To(**server, "localhost", "x"), After(30s)));
}

TEST_F(Certified, FilesThatCannotBeUsedAreNamed) {
  ASSERT_TRUE(Make("other", "localhost"));
  ASSERT_TRUE(Make("locked", "localhost", "-passout pass:secret"));
  std::ofstream(folder_ / "text.pem") << "not a certificate\n";
  struct Case {
    const char *certificate, *key, *named, *why;
  };
  const Case cases[] = {
      {"none.pem", "own.key", "the certificate ", "none.pem cannot be used: there is no such file"},
      {"own.pem", "none.key", "the key ", "none.key cannot be used: there is no such file"},
      {"text.pem", "own.key", "the certificate ", "text.pem"},
      {"own.pem", "text.pem", "the key ", "text.pem"},
      {"own.key", "own.key", "the certificate ", "own.key"},
      {"own.pem", "other.key", "the key ", "mismatch"},
      {"locked.pem", "locked.key", "the key ", "locked.key"},
  };
  for (const Case& c : cases) {
    const auto server = Start(c.certificate, c.key);
    ASSERT_FALSE(server) << c.certificate << " " << c.key;
    EXPECT_EQ(server.error().code, Errc::kLocal);
    EXPECT_NE(server.error().what.find(c.named), std::string::npos) << server.error().what;
    EXPECT_NE(server.error().what.find(c.why), std::string::npos) << server.error().what;
  }
}

}  // namespace
}  // namespace maxopt::http
