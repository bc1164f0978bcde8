#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "result/result.h"

/// HTTP as the product sees it: one message type for the client (connectors), for the server
/// (dashboard API, simulated platforms) and for calling the second from the first in process.
namespace maxopt::http {

using Deadline = std::chrono::steady_clock::time_point;
inline Deadline After(std::chrono::milliseconds t) { return std::chrono::steady_clock::now() + t; }

/// In order of arrival; names compare without case.
using Headers = std::vector<std::pair<std::string, std::string>>;
/// First value or nullopt.
std::optional<std::string_view> FindHeader(const Headers& headers, std::string_view name);

struct Request {
  std::string method = "GET";
  std::string url{};  ///< client: absolute; server: path and query as received
  Headers headers{};
  std::string body{};
  /// True for reads: sending it twice changes nothing, so the retrying transport may. A search by
  /// POST is a read. On the server's side it is just "GET or HEAD".
  bool idempotent = false;
  /// Client: an IP address to connect to, past the resolver and any proxy; TLS and the Host header
  /// still go by url. For those who judged the address before. Empty: what the host resolves to.
  std::string connect_to{};
  /// Server: the other end's IP address, without port; empty in process. Behind a proxy it is the
  /// proxy's.
  std::string peer{};
};
/// In place of a status, what a simulated server "answers" when the connection breaks. The client
/// sees no Response but an error.
inline constexpr int kNoAnswer = 0;      ///< broke after acting: kUnknownOutcome
inline constexpr int kNotReceived = -1;  ///< broke before: in process kUnavailable; over sockets
                                         ///< the client cannot tell, so kUnknownOutcome as well
/// The open end of an answer that goes on (server-sent events): written to from any thread.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Queues a piece of the body and returns at once. False: it was not taken, because the client
  /// has gone, the server has stopped, or kStreamUnsentBytesMax wait already; after the first two
  /// closed() is true and nothing will be taken again. A client that vanished is noticed by
  /// writing to it, so what is silent for long needs a heartbeat.
  virtual bool Write(std::string_view piece) = 0;
  /// Queued and not yet handed to the network: above 0 the reader is slower than the writer.
  virtual std::size_t unsent_bytes() const = 0;
  virtual bool closed() const = 0;
  /// Ends the answer properly; so does letting go of the last pointer to it.
  virtual void Close() = 0;
};
inline constexpr std::size_t kStreamUnsentBytesMax = 4u << 20;

struct Response {
  int status = 200;
  Headers headers{};
  std::string body{};
  /// When set, the answer is the status and headers, and then whatever is written to the stream;
  /// `body` is not sent. Called once, on a thread of the server, after the headers are on their
  /// way; returns soon. In process (loopback) the answer is what it wrote before it returned.
  std::function<void(std::shared_ptr<Stream>)> stream{};
  /// A handler that would have to wait sets this instead of the rest: it is called once, at once,
  /// with a function that takes the answer from any thread, at any later time. The server's threads
  /// serve others meanwhile. An answer that never comes holds its connection and the server's end.
  /// A stream, kNoAnswer and kNotReceived cannot come later: they become a plain 500.
  std::function<void(std::function<void(Response)> answer)> later{};
};
/// The answer itself: waits when `response` is one for later.
Response Settle(Response response);

/// Thread-safe. Any HTTP status is a Response. Errors: kUnavailable when the request cannot have
/// reached the server (refused, DNS, TLS), kUnknownOutcome when it may have (time-out, connection
/// lost after sending).
class Transport {
 public:
  virtual ~Transport() = default;
  virtual Result<Response> Send(const Request& request, Deadline deadline) = 0;
};

/// libcurl with a connection pool. Verifies TLS, follows no redirects, refuses answers over
/// max_body_bytes (kBadAnswer; kUnknownOutcome when the request is not idempotent, as it may have
/// been acted on). What is not idempotent gets a connection of its own: on a kept one libcurl sends
/// a request again by itself when the connection dies before an answer.
struct CurlOptions {
  std::string ca_file{};  ///< empty: the system's
  std::size_t max_body_bytes = 256u << 20;
  std::string user_agent = "maxopt/0.1";
};
std::shared_ptr<Transport> MakeCurlTransport(CurlOptions options = {});

/// Answers a request. May be called from several threads at once.
using Handler = std::function<Response(const Request&)>;

/// Calls handlers in process: "http://google.sim" -> handler. An unknown origin is kUnavailable.
/// The handler sees the path and query in url and a Host header.
std::shared_ptr<Transport> MakeLoopbackTransport(std::map<std::string, Handler> by_origin);

/// A listening server; stops and joins its threads when destroyed.
struct ServerOptions {
  std::string address = "127.0.0.1";
  int port = 0;  ///< 0: any free one; see Server::port()
  int threads = 2;
  std::size_t max_body_bytes = 64u << 20;
  std::chrono::seconds read_timeout{60};
  int max_streams = 64;  ///< answers that go on at one time; one more is answered 503
};
class Server {
 public:
  virtual ~Server() = default;
  virtual int port() const = 0;
  /// "http://127.0.0.1:PORT"
  virtual std::string origin() const = 0;
};
Result<std::unique_ptr<Server>> Serve(Handler handler, ServerOptions options = {});

// --- URLs and forms -----------------------------------------------------------------------------

struct Url {
  std::string origin;  ///< "https://host:port", empty for a path
  std::string path;    ///< still percent-encoded
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order
  std::optional<std::string> Param(std::string_view name) const;
};
/// kInvalidArgument for bad percent-encoding, control characters, or no path.
Result<Url> ParseUrl(std::string_view text);
/// RFC 3986 unreserved characters are kept.
std::string PercentEncode(std::string_view text);
Result<std::string> PercentDecode(std::string_view text, bool plus_is_space);
/// "a=1&b=x%20y", both for queries and for application/x-www-form-urlencoded.
std::string EncodeForm(const std::vector<std::pair<std::string, std::string>>& pairs);
Result<std::vector<std::pair<std::string, std::string>>> DecodeForm(std::string_view body);

/// One part of multipart/form-data.
struct Part {
  std::string name{};
  std::string file_name{};  ///< empty: a plain field
  std::string content_type{};
  std::string body{};
};
Result<std::vector<Part>> DecodeMultipart(std::string_view content_type, std::string_view body);
/// Content type (with its boundary) and body. The boundary is a digest of the parts, so the same
/// parts give the same bytes.
std::pair<std::string, std::string> EncodeMultipart(const std::vector<Part>& parts);

}  // namespace maxopt::http
