#include "http/http.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace maxopt::http {
namespace {

using namespace std::chrono_literals;

// --- messages -----------------------------------------------------------------------------------

TEST(HeadersTest, NamesCompareWithoutCase) {
  const Headers headers{{"Content-Type", "a"}, {"content-type", "b"}};
  EXPECT_EQ(FindHeader(headers, "CONTENT-TYPE"), "a");
  EXPECT_EQ(FindHeader(headers, "content"), std::nullopt);
}

TEST(UrlTest, Parts) {
  const auto url =
      ParseUrl("HTTPS://Graph.Example:8443/v26.0/act_1%2F2?fields=a%2Cb&x=+y&x=2&flag#top");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->origin, "https://graph.example:8443");
  EXPECT_EQ(url->path, "/v26.0/act_1%2F2");
  EXPECT_EQ(url->Param("fields"), "a,b");
  EXPECT_EQ(url->Param("x"), " y");
  EXPECT_EQ(url->Param("flag"), "");
  EXPECT_EQ(url->Param("top"), std::nullopt);
  EXPECT_EQ(url->query.size(), 4u);
  const auto path = ParseUrl("/only?a=1");
  ASSERT_TRUE(path);
  EXPECT_EQ(path->origin, "");
  EXPECT_EQ(path->path, "/only");
}

TEST(UrlTest, Nonsense) {
  for (const char* text :
       {"", "host", "https://host", "https://host?x=1/", "https:///path", "://h/", "/a%2", "/a%zz",
        "/?a=%", "/?a=%1", "/a b", "/a\r\nHost: evil", "/a\x7f", "https://user:pw@host/"}) {
    const auto url = ParseUrl(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, Errc::kInvalidArgument) << text;
  }
}

TEST(UrlTest, ErrorsDoNotShowPasswords) {
  EXPECT_EQ(ParseUrl("https://user:pw@host/").error().what.find("pw"), std::string::npos);
}

TEST(FormTest, EveryByteSurvives) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  const auto back = DecodeForm(EncodeForm({{all, "1"}, {"b", all}, {"empty", ""}}));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, (std::vector<std::pair<std::string, std::string>>{
                       {all, "1"}, {"b", all}, {"empty", ""}}));
}

TEST(FormTest, Grammar) {
  EXPECT_EQ(EncodeForm({{"a", "1"}, {"b", "x y+~é"}}), "a=1&b=x%20y%2B~%C3%A9");
  const auto pairs = DecodeForm("&a=1&&b=x+y%20z&c&=d&e=f=g");
  ASSERT_TRUE(pairs);
  EXPECT_EQ(*pairs, (std::vector<std::pair<std::string, std::string>>{
                        {"a", "1"}, {"b", "x y z"}, {"c", ""}, {"", "d"}, {"e", "f=g"}}));
  EXPECT_EQ(PercentDecode("a+b", false), "a+b");
  for (const char* text : {"%", "%a", "%4", "%g0", "%0g", "a%-1", "%%41"}) {
    EXPECT_FALSE(PercentDecode(text, true)) << text;
    EXPECT_FALSE(DecodeForm(text)) << text;
  }
}

TEST(MultipartTest, RoundTripWithBinary) {
  std::string binary;
  for (int i = 0; i < 1000; ++i) binary += static_cast<char>(i % 256);
  const std::vector<Part> parts{
      {.name = "plain", .file_name = "", .content_type = "", .body = "value"},
      {.name = "empty", .file_name = "", .content_type = "", .body = ""},
      {.name = "odd\"name\r\n",
       .file_name = "a \"b\";c.png",
       .content_type = "image/png",
       .body = binary},
      {.name = "dashes", .file_name = "", .content_type = "", .body = "\r\n--\r\n--x--\r\n"},
  };
  const auto [type, body] = EncodeMultipart(parts);
  EXPECT_EQ(EncodeMultipart(parts), std::pair(type, body));
  const auto back = DecodeMultipart(type, body);
  ASSERT_TRUE(back) << back.error().what;
  ASSERT_EQ(back->size(), parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    EXPECT_EQ((*back)[i].name, parts[i].name);
    EXPECT_EQ((*back)[i].file_name, parts[i].file_name);
    EXPECT_EQ((*back)[i].content_type, parts[i].content_type);
    EXPECT_EQ((*back)[i].body, parts[i].body);
  }
  auto other = parts;
  other[0].body = "Value";
  EXPECT_NE(EncodeMultipart(other).first, type);
}

TEST(MultipartTest, AsBrowsersSendIt) {
  const auto parts = DecodeMultipart("Multipart/Form-Data; charset=utf-8; boundary=\"b b\"",
                                     "preamble\r\n--b b \r\nContent-Disposition: form-data; "
                                     "filename=\"a\\\"b\"; name=f\r\n\r\nx\r\n"
                                     "--b b--\r\nepilogue");
  ASSERT_TRUE(parts) << parts.error().what;
  ASSERT_EQ(parts->size(), 1u);
  EXPECT_EQ((*parts)[0].name, "f");
  EXPECT_EQ((*parts)[0].file_name, "a\"b");
  EXPECT_EQ((*parts)[0].body, "x");
}

TEST(MultipartTest, Nonsense) {
  const std::string type = "multipart/form-data; boundary=b";
  const std::string head = "Content-Disposition: form-data; name=\"a\"\r\n";
  EXPECT_TRUE(DecodeMultipart(type, "--b--"));
  EXPECT_TRUE(DecodeMultipart(type, "--b\r\n" + head + "\r\n\r\n--b--"));
  for (const std::string& body : {
           std::string(),
           std::string("--b"),
           std::string("--b\r\n"),
           std::string("--c--"),
           "--b\r\n" + head + "\r\nx",            // truncated
           "--b\r\n" + head + "\r\nx\r\n--b",     // truncated inside the last boundary
           "--b\r\n" + head + "x\r\n--b--",       // a header without a colon, no empty line
           std::string("--b\r\n\r\nx\r\n--b--"),  // no name
           std::string("--b\r\nnonsense\r\n\r\nx\r\n--b--"),
       }) {
    EXPECT_FALSE(DecodeMultipart(type, body)) << body;
  }
  for (const char* bad : {"", "multipart/form-data", "multipart/form-data; boundary=",
                          "application/json; boundary=b", "multipart/form-data; ;;=; boundary"}) {
    EXPECT_FALSE(DecodeMultipart(bad, "--b--")) << bad;
  }
}

// --- both transports over one handler -----------------------------------------------------------

Response Echo(const Request& request) {
  if (request.url == "/throw") throw std::runtime_error("secret detail");
  if (request.url == "/inject") return {200, {{"X-A", "b\r\nX-Evil: 1"}}, "x"};
  if (request.url == "/missing") return {404, {{"X-Why", "gone"}}, "no such thing"};
  if (request.url == "/redirect") return {302, {{"Location", "/elsewhere"}}, ""};
  if (request.url == "/length") return {200, {}, std::to_string(request.body.size())};
  Response response;
  response.headers.emplace_back("Content-Type", "text/plain");
  response.headers.emplace_back("X-Method", request.method);
  response.headers.emplace_back(
      "X-Type", std::string(FindHeader(request.headers, "content-type").value_or("-")));
  response.headers.emplace_back("X-Token",
                                std::string(FindHeader(request.headers, "x-token").value_or("-")));
  response.body = request.method + " " + request.url + "\n" + request.body;
  return response;
}

struct TransportCase {
  const char* name;
  bool sockets;
};

class TransportTest : public testing::TestWithParam<TransportCase> {
 protected:
  void Use(Handler handler, ServerOptions options = {}) {
    if (GetParam().sockets) {
      auto server = Serve(std::move(handler), options);
      ASSERT_TRUE(server) << server.error().what;
      server_ = *std::move(server);
      origin_ = server_->origin();
      transport_ = MakeCurlTransport();
    } else {
      origin_ = "http://echo.sim";
      transport_ = MakeLoopbackTransport({{origin_, std::move(handler)}});
    }
  }
  Result<Response> Send(Request request, std::chrono::milliseconds time = 30s) {
    request.url = origin_ + request.url;
    return transport_->Send(request, After(time));
  }

  std::unique_ptr<Server> server_;
  std::shared_ptr<Transport> transport_;
  std::string origin_;
};

TEST_P(TransportTest, CarriesEverythingBothWays) {
  Use(Echo);
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
    const std::string body = std::string_view(method) == "GET" ? "" : std::string("a\0b\xff", 4);
    const auto response = Send({.method = method,
                                .url = "/p%20a?q=%C3%A9&r=1#part",
                                .headers = {{"X-Token", "t1"}, {"X-Empty", ""}},
                                .body = body});
    ASSERT_TRUE(response) << response.error().what;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, std::string(method) + " /p%20a?q=%C3%A9&r=1\n" + body);
    EXPECT_EQ(FindHeader(response->headers, "x-method"), method);
    EXPECT_EQ(FindHeader(response->headers, "x-type"), "-");
    EXPECT_EQ(FindHeader(response->headers, "x-token"), "t1");
    EXPECT_EQ(FindHeader(response->headers, "content-type"), "text/plain");
  }
}

TEST_P(TransportTest, StatusesAreAnswers) {
  Use(Echo);
  const auto missing = Send({.url = "/missing"});
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->status, 404);
  EXPECT_EQ(missing->body, "no such thing");
  EXPECT_EQ(FindHeader(missing->headers, "X-Why"), "gone");
  const auto redirect = Send({.url = "/redirect"});
  ASSERT_TRUE(redirect);
  EXPECT_EQ(redirect->status, 302);  // never followed: a token must not travel elsewhere
}

TEST_P(TransportTest, HeadHasNoBody) {
  Use(Echo);
  const auto head = Send({.method = "HEAD", .url = "/missing"});
  ASSERT_TRUE(head) << head.error().what;
  EXPECT_EQ(head->status, 404);
  EXPECT_EQ(head->body, "");
  EXPECT_EQ(FindHeader(head->headers, "X-Why"), "gone");
  if (GetParam().sockets) {
    EXPECT_EQ(FindHeader(head->headers, "Content-Length"), "13");
  }
  const auto next = Send({.url = "/missing", .idempotent = true});
  ASSERT_TRUE(next);
  EXPECT_EQ(next->body, "no such thing");
}

TEST_P(TransportTest, ExceptionsBecomeAPlain500) {
  Use(Echo);
  const auto response = Send({.url = "/throw"});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 500);
  EXPECT_EQ(response->body, "internal error\n");
}

TEST_P(TransportTest, HandlersCannotInjectHeaders) {
  Use(Echo);
  const auto response = Send({.url = "/inject"});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 500);
  EXPECT_EQ(FindHeader(response->headers, "X-Evil"), std::nullopt);
}

TEST_P(TransportTest, BadRequestsAreNotSent) {
  std::atomic<int> calls = 0;
  Use([&](const Request&) {
    ++calls;
    return Response{};
  });
  for (Request request : {
           Request{.url = "/a\r\nX-Evil: 1"},
           Request{.url = "/a%2"},
           Request{.url = "/", .headers = {{"X", "1\r\nY: 2"}}},
           Request{.url = "/", .headers = {{"X Y", "1"}}},
           Request{.url = "/", .headers = {{"", "1"}}},
           Request{.method = "GET /x", .url = "/"},
           Request{.method = "", .url = "/"},
       }) {
    const auto response = Send(std::move(request));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Errc::kInvalidArgument) << response.error().what;
  }
  EXPECT_EQ(transport_->Send({.url = "/path-only"}, After(1s)).error().code,
            Errc::kInvalidArgument);
  EXPECT_EQ(calls, 0);
}

TEST_P(TransportTest, BigBodies) {
  Use(Echo);
  std::string big(20u << 20, 'x');
  for (std::size_t i = 0; i < big.size(); i += 997) big[i] = static_cast<char>(i);
  const auto sent = Send({.method = "POST", .url = "/length", .body = big});
  ASSERT_TRUE(sent) << sent.error().what;
  EXPECT_EQ(sent->body, std::to_string(big.size()));
  const auto back = Send({.method = "POST", .url = "/", .body = big});
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_TRUE(back->body == "POST /\n" + big);
}

TEST_P(TransportTest, ADeadlineInThePastSendsNothing) {
  std::atomic<int> calls = 0;
  Use([&](const Request&) {
    ++calls;
    return Response{};
  });
  EXPECT_EQ(Send({.url = "/"}, -1s).error().code, Errc::kUnavailable);
  EXPECT_EQ(calls, 0);
}

TEST_P(TransportTest, AnAnswerAfterTheDeadlineIsUnknown) {
  std::atomic<int> calls = 0;
  Use([&](const Request&) {
    ++calls;
    std::this_thread::sleep_for(1500ms);
    return Response{};
  });
  const auto response = Send({.method = "POST", .url = "/", .body = "x"}, 1s);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::kUnknownOutcome) << response.error().what;
  server_.reset();
  EXPECT_EQ(calls, 1);
}

TEST_P(TransportTest, AServerMayHangUpInsteadOfAnswering) {
  std::atomic<int> calls = 0;
  Use([&](const Request& request) {
    ++calls;
    if (request.url == "/lost") return Response{kNoAnswer};
    if (request.url == "/early") return Response{kNotReceived};
    return Response{200, {}, "well"};
  });
  for (int i = 0; i < 3; ++i) {
    const auto lost = Send({.method = "POST", .url = "/lost", .body = "x"});
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, Errc::kUnknownOutcome) << lost.error().what;
    const auto early = Send({.method = "POST", .url = "/early", .body = "x"});
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().code, GetParam().sockets ? Errc::kUnknownOutcome : Errc::kUnavailable)
        << early.error().what;
    const auto well = Send({.method = "POST", .url = "/", .body = "x"});
    ASSERT_TRUE(well) << well.error().what;
    EXPECT_EQ(well->body, "well");
  }
  EXPECT_EQ(calls, 9);
}

TEST_P(TransportTest, ErrorsDoNotShowTheQuery) {
  Use([](const Request&) {
    std::this_thread::sleep_for(300ms);
    return Response{};
  });
  const auto response = Send({.url = "/p?access_token=verysecret"}, 50ms);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().what.find("verysecret"), std::string::npos) << response.error().what;
}

TEST_P(TransportTest, ManyThreads) {
  std::atomic<int> calls = 0;
  Use([&](const Request& request) {
    ++calls;
    return Response{200, {}, request.url};
  });
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const std::string path = "/" + std::to_string(t) + "/" + std::to_string(i);
        const auto response = Send({.url = path, .idempotent = i % 2 == 0});
        if (response && response->body == path) ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 200);
  EXPECT_EQ(calls, 200);
}

INSTANTIATE_TEST_SUITE_P(Both, TransportTest,
                         testing::Values(TransportCase{"sockets", true},
                                         TransportCase{"loopback", false}),
                         [](const auto& each) { return each.param.name; });

TEST_P(TransportTest, AnAnswerMayComeLaterFromAnotherThread) {
  std::vector<std::jthread> threads;
  std::mutex mutex;
  Use([&](const Request& request) {
    return Response{.later = [&, path = request.url](std::function<void(Response)> answer) {
      const std::lock_guard lock(mutex);
      threads.emplace_back([answer, path] {
        std::this_thread::sleep_for(5ms);
        answer({.status = 201, .body = path});
      });
    }};
  });
  for (int i = 0; i < 3; ++i) {
    const auto answer = Send({.url = "/later" + std::to_string(i)});
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(answer->body, "/later" + std::to_string(i));
  }
}

TEST(LoopbackTest, UnknownOriginIsUnavailable) {
  const auto transport = MakeLoopbackTransport({{"http://a.sim", Echo}});
  EXPECT_EQ(transport->Send({.url = "http://b.sim/"}, After(1s)).error().code, Errc::kUnavailable);
}

TEST(LoopbackTest, HandlersSeeTheHost) {
  const auto transport = MakeLoopbackTransport(
      {{"http://a.sim:81", [](const Request& request) {
          return Response{200, {}, std::string(*FindHeader(request.headers, "host"))};
        }}});
  EXPECT_EQ(transport->Send({.url = "http://A.sim:81/"}, After(1s))->body, "a.sim:81");
}

// --- what only sockets can do
// ---------------------------------------------------------------------

/// A peer that accepts connections one after the other and does to each what it is told.
class RawPeer {
 public:
  explicit RawPeer(std::function<void(int connection)> each) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, each = std::move(each)] {
      while (true) {
        const int connection = accept(listener_, nullptr, nullptr);
        if (connection < 0) return;
        ++connections_;
        each(connection);
        close(connection);
      }
    });
  }
  ~RawPeer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  std::string origin() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }

  /// Reads up to the end of one request whose body is `body_bytes` long; false at end of stream.
  static bool ReadRequest(int connection, std::size_t body_bytes) {
    std::string seen;
    char buffer[4096];
    while (true) {
      const auto end = seen.find("\r\n\r\n");
      if (end != std::string::npos && seen.size() >= end + 4 + body_bytes) return true;
      const auto got = read(connection, buffer, sizeof buffer);
      if (got <= 0) return false;
      seen.append(buffer, static_cast<std::size_t>(got));
    }
  }
  static void Say(int connection, std::string_view text) {
    EXPECT_EQ(send(connection, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

 private:
  int listener_;
  int port_;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

TEST(CurlTest, RefusedPortIsUnavailable) {
  std::string origin;
  {
    const RawPeer peer([](int) {});
    origin = peer.origin();
  }
  const auto response = MakeCurlTransport()->Send({.url = origin + "/"}, After(5s));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::kUnavailable) << response.error().what;
}

TEST(CurlTest, ConnectsToTheGivenAddressWhateverTheHostIs) {
  std::atomic<int> seen = 0;
  const auto server = Serve([&](const Request& request) {
    ++seen;
    const auto host = FindHeader(request.headers, "host");
    return Response{.body = std::string(host.value_or(""))};
  });
  ASSERT_TRUE(server);
  const auto transport = MakeCurlTransport();
  Request request;
  request.url = "http://shop.invalid:" + std::to_string((*server)->port()) + "/a";
  request.idempotent = true;
  request.connect_to = "127.0.0.1";
  const auto response = transport->Send(request, After(10s));
  ASSERT_TRUE(response) << response.error().what;
  EXPECT_EQ(response->body, "shop.invalid:" + std::to_string((*server)->port()));
  // The pinned connection is not kept for those who did not pin.
  request.connect_to.clear();
  EXPECT_FALSE(transport->Send(request, After(10s)));
  EXPECT_EQ(seen, 1);
}

TEST(CurlTest, AnUnknownHostIsUnavailable) {
  const auto response = MakeCurlTransport()->Send({.url = "http://nowhere.invalid/"}, After(20s));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::kUnavailable) << response.error().what;
}

TEST(CurlTest, TlsToAPlainServerIsUnavailable) {
  const RawPeer peer([](int connection) { RawPeer::Say(connection, "hello, not TLS\r\n"); });
  const auto response = MakeCurlTransport()->Send(
      {.method = "POST", .url = "https" + peer.origin().substr(4) + "/", .body = "x"}, After(5s));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Errc::kUnavailable) << response.error().what;
}

TEST(CurlTest, AnswersThatAreNotWholeAreUnknown) {
  for (const char* answer :
       {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal", "garbage\r\n\r\n"}) {
    const RawPeer peer([&](int connection) {
      if (RawPeer::ReadRequest(connection, 4)) RawPeer::Say(connection, answer);
    });
    const auto response = MakeCurlTransport()->Send(
        {.method = "POST", .url = peer.origin() + "/", .body = "body"}, After(5s));
    ASSERT_FALSE(response) << answer;
    EXPECT_EQ(response.error().code, Errc::kUnknownOutcome) << response.error().what;
    EXPECT_EQ(peer.connections(), 1) << answer;
  }
}

// libcurl itself repeats a request when a kept connection dies without an answer.
TEST(CurlTest, AWriteIsSentOnceEvenWhenAKeptConnectionDies) {
  std::atomic<int> requests = 0;
  std::atomic<int> writes = 0;
  const RawPeer peer([&](int connection) {
    while (RawPeer::ReadRequest(connection, 0)) {
      if (++requests > 1) {
        ++writes;
        return;  // closes without an answer
      }
      RawPeer::Say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      // This peer serves one connection at a time; let the write have its own.
      char byte = 0;
      timeval patience{0, 300'000};
      setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      if (recv(connection, &byte, 1, MSG_PEEK) <= 0) return;
    }
  });
  const auto transport = MakeCurlTransport();
  ASSERT_TRUE(transport->Send({.url = peer.origin() + "/", .idempotent = true}, After(5s)));
  const auto write = transport->Send({.method = "POST", .url = peer.origin() + "/"}, After(5s));
  ASSERT_FALSE(write);
  EXPECT_EQ(write.error().code, Errc::kUnknownOutcome) << write.error().what;
  EXPECT_EQ(writes, 1);
}

TEST(CurlTest, ReadsReuseTheConnection) {
  std::atomic<int> requests = 0;
  const RawPeer peer([&](int connection) {
    while (RawPeer::ReadRequest(connection, 0)) {
      ++requests;
      RawPeer::Say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  });
  const auto transport = MakeCurlTransport();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(transport->Send({.url = peer.origin() + "/", .idempotent = true}, After(5s)));
  }
  EXPECT_EQ(requests, 5);
  EXPECT_EQ(peer.connections(), 1);
}

TEST(CurlTest, TooLongAnswersAreRefused) {
  const auto server = Serve([](const Request&) {
    return Response{200, {}, std::string(1001, 'x')};
  });
  ASSERT_TRUE(server);
  const std::string url = (*server)->origin() + "/";
  const auto strict = MakeCurlTransport({.ca_file = {}, .max_body_bytes = 1000});
  EXPECT_EQ(strict->Send({.url = url, .idempotent = true}, After(5s)).error().code,
            Errc::kBadAnswer);
  EXPECT_EQ(strict->Send({.method = "POST", .url = url}, After(5s)).error().code,
            Errc::kUnknownOutcome);
  const auto enough = MakeCurlTransport({.ca_file = {}, .max_body_bytes = 1001});
  EXPECT_EQ(enough->Send({.url = url}, After(5s))->body.size(), 1001u);
}

TEST(ServerTest, TooLongBodiesAreNotHandled) {
  std::atomic<int> calls = 0;
  const auto server = Serve(
      [&](const Request&) {
        ++calls;
        return Response{};
      },
      {.max_body_bytes = 1000});
  ASSERT_TRUE(server);
  const auto transport = MakeCurlTransport();
  const std::string url = (*server)->origin() + "/";
  EXPECT_FALSE(
      transport->Send({.method = "POST", .url = url, .body = std::string(1001, 'x')}, After(5s)));
  EXPECT_EQ(calls, 0);
  EXPECT_TRUE(
      transport->Send({.method = "POST", .url = url, .body = std::string(1000, 'x')}, After(5s)));
  EXPECT_EQ(calls, 1);
}

TEST(ServerTest, StopsWithOpenConnectionsAndWaitsForHandlers) {
  std::atomic<bool> entered = false;
  std::atomic<bool> left = false;
  auto server = Serve([&](const Request&) {
    entered = true;
    std::this_thread::sleep_for(200ms);
    left = true;
    return Response{};
  });
  ASSERT_TRUE(server);
  const std::string url = (*server)->origin() + "/";
  std::thread client([&] { (void)MakeCurlTransport()->Send({.url = url}, After(5s)); });
  // A connection that never says anything.
  const int idle = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>((*server)->port()));
  ASSERT_EQ(connect(idle, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  while (!entered) std::this_thread::yield();
  server->reset();
  EXPECT_TRUE(left);
  client.join();
  close(idle);
}

/// A plain socket that reads an answer as it comes.
class Listener {
 public:
  Listener(int port, const std::string& path) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const int small = 4096;  // so that a reader who does not read is soon felt
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    const timeval patience{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
    EXPECT_EQ(::send(fd_, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  }
  ~Listener() { ::close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  /// All that came, once `text` is in it; or when the connection ended.
  std::string Until(const std::string& text) {
    char buffer[4096];
    while (seen_.find(text) == std::string::npos) {
      const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) return seen_ + "<end>";
      seen_.append(buffer, static_cast<std::size_t>(n));
    }
    return seen_;
  }

 private:
  int fd_;
  std::string seen_;
};

/// Keeps the streams that a server opens, for the test to write to.
struct Streams {
  std::mutex mutex;
  std::condition_variable came;
  std::vector<std::shared_ptr<Stream>> open;
  Handler handler() {
    return [this](const Request&) {
      Response response;
      response.headers = {{"Content-Type", "text/event-stream"}};
      response.stream = [this](std::shared_ptr<Stream> stream) {
        const std::lock_guard lock(mutex);
        open.push_back(std::move(stream));
        came.notify_all();
      };
      return response;
    };
  }
  std::shared_ptr<Stream> Take() {
    std::unique_lock lock(mutex);
    if (!came.wait_for(lock, 60s, [this] { return !open.empty(); })) {
      throw std::runtime_error("no stream was opened");
    }
    auto stream = std::move(open.back());
    open.pop_back();
    return stream;
  }
};

TEST(StreamTest, PiecesArriveAsTheyAreWritten) {
  Streams streams;
  const auto server = Serve(streams.handler());
  ASSERT_TRUE(server) << server.error().what;
  Listener listener((*server)->port(), "/live");
  auto stream = streams.Take();
  const std::string head = listener.Until("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\n")) << head;
  EXPECT_NE(head.find("text/event-stream"), std::string::npos) << head;
  EXPECT_NE(head.find("chunked"), std::string::npos) << head;
  EXPECT_TRUE(stream->Write("data: one\n\n"));
  listener.Until("data: one");
  EXPECT_TRUE(stream->Write("data: two\n\n"));
  listener.Until("data: two");
  EXPECT_FALSE(stream->closed());
  stream.reset();
  EXPECT_NE(listener.Until("\r\n0\r\n\r\n").find("two"), std::string::npos);
}

TEST(StreamTest, AClientThatLeftIsNoticedByWriting) {
  Streams streams;
  const auto server = Serve(streams.handler());
  ASSERT_TRUE(server);
  std::shared_ptr<Stream> stream;
  {
    Listener listener((*server)->port(), "/live");
    stream = streams.Take();
    listener.Until("\r\n\r\n");
  }
  for (int i = 0; i < 1000 && !stream->closed(); ++i) {
    stream->Write(": still there?\n\n");
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_TRUE(stream->closed());
  EXPECT_FALSE(stream->Write("x"));
  EXPECT_EQ(stream->unsent_bytes(), 0u);
}

TEST(StreamTest, WhatASlowReaderLeavesUnreadIsBounded) {
  Streams streams;
  const auto server = Serve(streams.handler());
  ASSERT_TRUE(server);
  Listener listener((*server)->port(), "/live");
  const auto stream = streams.Take();
  const std::string piece(256u << 10, 'x');
  int taken = 0;
  while (taken < 10'000 && stream->Write(piece)) ++taken;
  EXPECT_GE(taken, 16);  // 4 MB of ours
  EXPECT_LT(taken, 10'000);
  EXPECT_FALSE(stream->closed());
  EXPECT_LE(stream->unsent_bytes(), kStreamUnsentBytesMax);
}

TEST(StreamTest, OnlySoManyAtATime) {
  Streams streams;
  ServerOptions options;
  options.max_streams = 1;
  const auto server = Serve(streams.handler(), options);
  ASSERT_TRUE(server);
  Listener first((*server)->port(), "/live");
  auto stream = streams.Take();
  Listener second((*server)->port(), "/live");
  EXPECT_NE(second.Until("too many streams").find("503"), std::string::npos);
  stream.reset();
  Listener third((*server)->port(), "/live");
  EXPECT_TRUE(streams.Take()->Write("data: x\n\n"));
  EXPECT_NE(third.Until("data: x").find("200 OK"), std::string::npos);
}

TEST(StreamTest, OutlivesItsServerWithoutHarm) {
  Streams streams;
  auto server = Serve(streams.handler());
  ASSERT_TRUE(server);
  Listener listener((*server)->port(), "/live");
  const auto stream = streams.Take();
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    while (!stop) stream->Write("data: x\n\n");
  });
  listener.Until("data: x");
  server->reset();
  stop = true;
  writer.join();
  EXPECT_TRUE(stream->closed());
  EXPECT_FALSE(stream->Write("y"));
}

TEST(StreamTest, InProcessItIsWhatWasWrittenAtOnce) {
  std::shared_ptr<Stream> kept;
  const auto transport =
      MakeLoopbackTransport({{"http://max.test", [&](const Request&) {
                                Response response;
                                response.stream = [&](std::shared_ptr<Stream> stream) {
                                  stream->Write("data: 1\n\n");
                                  kept = std::move(stream);
                                };
                                return response;
                              }}});
  const auto answer = transport->Send({.url = "http://max.test/live"}, After(10s));
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(answer->body, "data: 1\n\n");
  EXPECT_TRUE(kept->closed());
  EXPECT_FALSE(kept->Write("data: 2\n\n"));
}

TEST(ServerTest, EndsOnlyWhenLateAnswersHaveCome) {
  std::function<void(Response)> answer;
  std::atomic<bool> asked = false;
  std::string peer;
  auto server = Serve([&](const Request& request) {
    peer = request.peer;
    return Response{.later = [&](std::function<void(Response)> told) {
      answer = std::move(told);
      asked = true;
    }};
  });
  ASSERT_TRUE(server);
  std::jthread client([origin = (*server)->origin()] {
    (void)MakeCurlTransport()->Send({.url = origin + "/"}, After(5s));
  });
  while (!asked) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(peer, "127.0.0.1");
  std::atomic<bool> ended = false;
  std::jthread end([&] {
    server->reset();
    ended = true;
  });
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(ended);
  answer({.body = "late"});
  end.join();
  EXPECT_TRUE(ended);
}

TEST(ServerTest, APortInUseIsSaid) {
  const auto first = Serve(Echo);
  ASSERT_TRUE(first);
  EXPECT_GT((*first)->port(), 0);
  const auto second = Serve(Echo, {.port = (*first)->port()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kLocal);
  EXPECT_EQ(Serve(Echo, {.port = 70000}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(Serve(Echo, {.address = "not an address"}).error().code, Errc::kLocal);
}

}  // namespace
}  // namespace maxopt::http
