// The compiler sees RESTinio and asio as ours because they are included from here; their warnings
// are not.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include <restinio/http_server.hpp>
#include <restinio/message_builders.hpp>
#include <restinio/tls.hpp>
#include <restinio/traits.hpp>
#pragma GCC diagnostic pop

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <type_traits>

#include "http/guard.h"
#include "http/tls.h"

namespace maxopt::http {
namespace {

constexpr std::size_t kMaxUrlBytes = 64u << 10;
constexpr std::size_t kMaxHeaderBytes = 64u << 10;
constexpr std::size_t kMaxHeaders = 200;
constexpr std::size_t kMaxConnections = 1024;

struct PlainTraits : restinio::default_traits_t {
  static constexpr bool use_connection_count_limiter = true;
};
struct TlsTraits : restinio::default_tls_traits_t {
  static constexpr bool use_connection_count_limiter = true;
};

/// Long enough for a bad mobile network.
constexpr std::chrono::seconds kHandshakeTime{10};

/// RESTinio guards every step of a connection by time but the handshake: a thousand clients that
/// connect and say nothing would be all that it ever serves. This overload is more special than its
/// own, so it is taken; all of a handshake runs in one strand, so that the timer never closes a
/// socket that is being used.
template <class Start, class Failed>
void prepare_connection_and_start_read(restinio::tls_socket_t& socket,
                                       restinio::impl::connection_t<TlsTraits>& connection,
                                       Start start, Failed failed) {
  struct Handshake {
    explicit Handshake(restinio::tls_socket_t& of)
        : strand(asio::make_strand(of.get_executor())), timer(strand, kHandshakeTime) {}
    asio::strand<restinio::default_asio_executor> strand;
    asio::steady_timer timer;
    bool over = false;
  };
  const auto handshake = std::make_shared<Handshake>(socket);
  const auto kept = connection.shared_from_this();  // and with it the socket
  handshake->timer.async_wait([handshake, kept, &socket](const asio::error_code& error) {
    if (error || handshake->over) return;
    asio::error_code ignored;
    socket.lowest_layer().close(ignored);  // the handshake ends with an error
  });
  socket.async_handshake(
      asio::ssl::stream_base::server,
      asio::bind_executor(handshake->strand,
                          [handshake, kept, start = std::move(start),
                           failed = std::move(failed)](const asio::error_code& error) mutable {
                            handshake->over = true;
                            handshake->timer.cancel();
                            if (error) {
                              failed(error);
                            } else {
                              start();
                            }
                          }));
}

constexpr std::string_view Phrase(int status) {
  constexpr std::array<std::pair<int, std::string_view>, 22> kPhrases{{
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {413, "Content Too Large"},
      {422, "Unprocessable Content"},
      {429, "Too Many Requests"},
      {500, "Internal Server Error"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
  }};
  for (const auto& [code, phrase] : kPhrases) {
    if (code == status) return phrase;
  }
  return "Status";
}

bool Is(std::string_view name, std::string_view other) {
  return FindHeader({{std::string(name), ""}}, other).has_value();
}

Request Read(const restinio::request_t& seen) {
  Request request;
  request.method = seen.header().method().c_str();
  request.url = seen.header().request_target();
  seen.header().for_each_field([&](const auto& field) {
    request.headers.emplace_back(std::string(field.name()), std::string(field.value()));
  });
  request.body = seen.body();
  request.peer = seen.remote_endpoint().address().to_string();
  request.idempotent = IsReadMethod(request.method);
  return request;
}

template <class Builder>
void AddHeaders(Builder& builder, const Response& response) {
  for (const auto& [name, value] : response.headers) {
    if (Is(name, "connection")) {
      if (Is(value, "close")) builder.connection_close();
    } else if (!Is(name, "content-length") && !Is(name, "transfer-encoding")) {
      builder.append_header(name, value);
    }
  }
}

restinio::http_status_line_t StatusLine(int status) {
  return {restinio::http_status_code_t{static_cast<std::uint16_t>(status)},
          std::string(Phrase(status))};
}

void Write(restinio::request_t& seen, Response response, bool head) {
  const restinio::http_status_line_t line = StatusLine(response.status);
  if (head) {
    // The length that GET would have, and no body.
    auto builder = seen.create_response<restinio::user_controlled_output_t>(line);
    AddHeaders(builder, response);
    builder.set_content_length(response.body.size());
    builder.done();
  } else {
    auto builder = seen.create_response(line);
    AddHeaders(builder, response);
    builder.set_body(std::move(response.body));
    builder.done();
  }
}

/// Closes the connection of a request without an answer, the way that RESTinio hands a connection
/// to its web sockets: taken from it, and then dropped.
template <class Traits>
void HangUp(restinio::request_t& seen) {
  const auto connection = std::move(restinio::impl::access_req_connection(seen));
  dynamic_cast<restinio::impl::connection_t<Traits>&>(*connection).move_upgrade_internals();
}

/// The connection's side of a chunked answer, shared by the server and whoever writes. RESTinio's
/// builder is not for several threads, so the mutex keeps it; what the network says of a piece
/// arrives on any of its threads, maybe inside our own call, and touches atomics only.
class ChunkedBody {
 public:
  using Builder = restinio::response_builder_t<restinio::chunked_output_t>;

  explicit ChunkedBody(Builder builder) : builder_(std::move(builder)) {
    builder_->flush(Told(0));  // the headers leave at once
  }
  bool Write(std::string_view piece) {
    const std::lock_guard lock(mutex_);
    if (!builder_ || told_->gone) return false;
    if (piece.empty()) return true;
    if (told_->unsent + piece.size() > kStreamUnsentBytesMax) return false;
    told_->unsent += piece.size();
    builder_->append_chunk(std::string(piece));
    builder_->flush(Told(piece.size()));
    return true;
  }
  std::size_t unsent_bytes() const { return told_->unsent; }
  bool closed() const {
    const std::lock_guard lock(mutex_);
    return !builder_ || told_->gone;
  }
  void Close() {
    const std::lock_guard lock(mutex_);
    if (builder_) builder_->done();
    builder_.reset();
  }
  /// The io_context is about to go, and the connection with it.
  void Drop() {
    const std::lock_guard lock(mutex_);
    builder_.reset();
  }

 private:
  struct Network {
    std::atomic<std::size_t> unsent{0};
    std::atomic<bool> gone{false};
  };
  restinio::write_status_cb_t Told(std::size_t bytes) {
    return [told = told_, bytes](const auto& error) {
      told->unsent -= bytes;
      if (error) told->gone = true;
    };
  }

  mutable std::mutex mutex_;
  std::optional<Builder> builder_;  // guarded by mutex_
  const std::shared_ptr<Network> told_ = std::make_shared<Network>();
};

/// The handler's side. The server may be destroyed while this one is let go of on another thread.
class ChunkedStream final : public Stream {
 public:
  ChunkedStream(std::shared_ptr<ChunkedBody> body, std::shared_ptr<std::atomic<int>> open)
      : body_(std::move(body)), open_(std::move(open)) {}
  ~ChunkedStream() override {
    body_->Close();
    --*open_;
  }
  bool Write(std::string_view piece) override { return body_->Write(piece); }
  std::size_t unsent_bytes() const override { return body_->unsent_bytes(); }
  bool closed() const override { return body_->closed(); }
  void Close() override { body_->Close(); }

 private:
  const std::shared_ptr<ChunkedBody> body_;
  const std::shared_ptr<std::atomic<int>> open_;  // streams of the server
};

/// `Traits` say whether connections are plain or TLS.
template <class Traits>
class RestinioServer final : public Server {
 public:
  /// `files`: of TLS; else nullptr.
  RestinioServer(Handler handler, const ServerOptions& options, const TlsFiles* files)
      : handler_(std::move(handler)),
        address_(options.address),
        max_streams_(options.max_streams),
        server_(restinio::external_io_context(io_), Settings(options, files)) {
    // Opened before any thread runs, so a port in use is known here and now.
    server_.open_sync();
    for (int i = 0; i < std::max(1, options.threads); ++i) {
      threads_.emplace_back([this] { io_.run(); });
    }
  }

  ~RestinioServer() override {
    // Handlers that run are waited for; open connections are then closed with the io_context.
    io_.stop();
    for (auto& thread : threads_) thread.join();
    for (const auto& body : bodies_) body->Drop();
    std::unique_lock lock(late_mutex_);
    settled_.wait(lock, [this] { return late_ == 0; });
    lock.unlock();
    server_.close_sync();
  }

  int port() const override { return port_; }
  std::string origin() const override {
    const bool six = address_.find(':') != std::string::npos;
    return fmt::format("http{}://{}{}{}:{}", kTls ? "s" : "", six ? "[" : "", address_,
                       six ? "]" : "", port_);
  }

 private:
  void Begin(restinio::request_t& seen, Response response) {
    if (open_streams_->fetch_add(1) >= max_streams_) {
      --*open_streams_;
      Write(seen,
            {.status = 503,
             .headers = {{"Content-Type", "text/plain"}, {"Retry-After", "30"}},
             .body = "too many streams are open\n"},
            false);
      return;
    }
    auto builder = seen.create_response<restinio::chunked_output_t>(StatusLine(response.status));
    AddHeaders(builder, response);
    const auto body = std::make_shared<ChunkedBody>(std::move(builder));
    auto stream = std::make_shared<ChunkedStream>(body, open_streams_);
    {
      const std::lock_guard lock(bodies_mutex_);
      std::erase_if(bodies_, [](const auto& known) { return known->closed(); });
      bodies_.push_back(body);
    }
    try {
      // Handed over: a stream that its owner lets go of is over at once, and counts no more.
      response.stream(std::move(stream));
    } catch (const std::exception&) {
      body->Close();  // the headers are sent: all that can be told is that nothing more comes
    }
  }

  static constexpr bool kTls = std::is_same_v<Traits, TlsTraits>;

  static asio::ssl::context TlsContext(const TlsFiles& files) {
    asio::ssl::context context(asio::ssl::context::tls_server);
    context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                        asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                        asio::ssl::context::no_tlsv1_1);
    // Else OpenSSL would ask on the terminal.
    context.set_password_callback([](std::size_t, auto) { return std::string(); });
    asio::error_code error;
    const auto check = [&error](const char* what, const std::string& file) {
      if (!error) return;
      throw std::runtime_error(
          fmt::format("the {} {} cannot be used: {}", what, file,
                      std::filesystem::exists(file) ? error.message() : "there is no such file"));
    };
    context.use_certificate_chain_file(files.certificate, error);
    check("certificate", files.certificate);
    // The certificate is known, so a key of another one is refused.
    context.use_private_key_file(files.key, asio::ssl::context::pem, error);
    check("key", files.key);
    return context;
  }

  restinio::server_settings_t<Traits> Settings(const ServerOptions& options,
                                               [[maybe_unused]] const TlsFiles* files) {
    restinio::server_settings_t<Traits> settings;
    if constexpr (kTls) settings.tls_context(TlsContext(*files));
    settings.address(asio::ip::make_address(options.address))
        .protocol(options.address.find(':') == std::string::npos ? asio::ip::tcp::v4()
                                                                 : asio::ip::tcp::v6())
        .port(static_cast<std::uint16_t>(options.port))
        .acceptor_post_bind_hook(
            [this](asio::ip::tcp::acceptor& acceptor) { port_ = acceptor.local_endpoint().port(); })
        .incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                      .max_url_size(kMaxUrlBytes)
                                      .max_field_name_size(kMaxHeaderBytes)
                                      .max_field_value_size(kMaxHeaderBytes)
                                      .max_field_count(kMaxHeaders)
                                      .max_body_size(options.max_body_bytes))
        .max_parallel_connections(kMaxConnections)
        .read_next_http_message_timelimit(options.read_timeout)
        .write_http_response_timelimit(options.read_timeout)
        // A handler may take its time: who asks has a deadline of their own.
        .handle_request_timeout(std::chrono::hours(1))
        .request_handler([this](const restinio::request_handle_t& seen) {
          const Request request = Read(*seen);
          Answer(seen, AnswerSafely(handler_, request), request.method == "HEAD");
          return restinio::request_accepted();
        });
    return settings;
  }

  /// What comes later comes on any thread: RESTinio hands it to the connection's own, and the
  /// request's handle keeps the connection until then.
  void Answer(const restinio::request_handle_t& seen, Response response, bool head) {
    if (response.later) {
      {
        const std::lock_guard lock(late_mutex_);
        ++late_;
      }
      const auto later = std::move(response.later);
      later([this, handle = restinio::request_handle_t(seen), head](Response answer) mutable {
        answer = MakeSendable(std::move(answer));
        if (answer.later || answer.stream || answer.status <= 0) answer = {.status = 500};
        Write(*handle, std::move(answer), head);
        handle.reset();
        // Told with the lock held: the end of the server waits for it, then frees it.
        const std::lock_guard lock(late_mutex_);
        if (--late_ == 0) settled_.notify_all();
      });
    } else if (response.status == kNoAnswer || response.status == kNotReceived) {
      HangUp<Traits>(*seen);
    } else if (response.stream && !head) {
      Begin(*seen, std::move(response));
    } else {
      Write(*seen, std::move(response), head);
    }
  }

  std::mutex late_mutex_;
  std::condition_variable settled_;
  int late_ = 0;  ///< answers that are still to come; guarded by late_mutex_

  const Handler handler_;
  const std::string address_;
  const int max_streams_;
  int port_ = 0;
  const std::shared_ptr<std::atomic<int>> open_streams_ = std::make_shared<std::atomic<int>>(0);
  std::mutex bodies_mutex_;
  std::vector<std::shared_ptr<ChunkedBody>> bodies_;  // of open streams; guarded by bodies_mutex_
  asio::io_context io_;
  // Keeps the threads when the acceptor pauses at the connection limit.
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  restinio::http_server_t<Traits> server_;
  std::vector<std::thread> threads_;
};

}  // namespace

namespace {

template <class Traits>
Result<std::unique_ptr<Server>> Listen(Handler handler, const ServerOptions& options,
                                       const TlsFiles* files) {
  if (options.port < 0 || options.port > 65535) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("port {} is not between 0 and 65535", options.port));
  }
  try {
    return std::make_unique<RestinioServer<Traits>>(std::move(handler), options, files);
  } catch (const std::exception& e) {
    return Fail(Errc::kLocal, fmt::format("cannot listen on {} port {}: {}", options.address,
                                          options.port, e.what()));
  }
}

}  // namespace

Result<std::unique_ptr<Server>> Serve(Handler handler, ServerOptions options) {
  return Listen<PlainTraits>(std::move(handler), options, nullptr);
}

Result<std::unique_ptr<Server>> ServeTls(Handler handler, ServerOptions options,
                                         const TlsFiles& files) {
  return Listen<TlsTraits>(std::move(handler), options, &files);
}

}  // namespace maxopt::http
