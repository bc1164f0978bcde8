#include <fmt/format.h>

#include <mutex>

#include "http/guard.h"

namespace maxopt::http {
namespace {

/// Keeps what is written while the handler's `stream` runs.
class KeptStream final : public Stream {
 public:
  bool Write(std::string_view piece) override {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    text_ += piece;
    return true;
  }
  std::size_t unsent_bytes() const override { return 0; }
  bool closed() const override {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  void Close() override {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  std::string Take() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    return std::move(text_);
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
  bool closed_ = false;
};

/// Gives the answers that the same handler would give behind a socket: the deadline, HEAD and
/// exceptions mean the same.
class LoopbackTransport final : public Transport {
 public:
  explicit LoopbackTransport(std::map<std::string, Handler> by_origin)
      : by_origin_(std::move(by_origin)) {}

  Result<Response> Send(const Request& request, Deadline deadline) override {
    MAXOPT_TRY(const Url url, ParseUrl(request.url));
    if (url.origin.empty()) {
      return Fail(Errc::kInvalidArgument, fmt::format("URL \"{}\" has no host", url.path));
    }
    MAXOPT_CHECK(CheckRequest(request, url.origin + url.path));
    const auto handler = by_origin_.find(url.origin);
    if (handler == by_origin_.end()) {
      return Fail(Errc::kUnavailable,
                  fmt::format("{}: nothing answers there in this process", url.origin));
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return Fail(Errc::kUnavailable,
                  fmt::format("{}: the deadline had passed before sending", url.origin));
    }
    Request seen = request;
    seen.idempotent = IsReadMethod(request.method);
    // ParseUrl lower-cases the origin but never changes its length.
    seen.url = request.url.substr(url.origin.size(), request.url.find('#') - url.origin.size());
    seen.headers.emplace_back("Host", url.origin.substr(url.origin.find("://") + 3));
    Response response = MakeSendable(Settle(AnswerSafely(handler->second, seen)));
    if (response.status == kNotReceived) {
      return Fail(Errc::kUnavailable,
                  fmt::format("{}{}: the connection was lost while sending", url.origin, url.path));
    }
    if (response.status == kNoAnswer) {
      return Fail(
          Errc::kUnknownOutcome,
          fmt::format("{}{}: the connection was lost before an answer", url.origin, url.path));
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return Fail(Errc::kUnknownOutcome,
                  fmt::format("{}{}: no answer within the deadline", url.origin, url.path));
    }
    if (response.stream && request.method != "HEAD") {
      const auto kept = std::make_shared<KeptStream>();
      response.stream(kept);
      response.body = kept->Take();
    }
    response.stream = nullptr;
    if (request.method == "HEAD") response.body.clear();
    return response;
  }

 private:
  const std::map<std::string, Handler> by_origin_;
};

}  // namespace

std::shared_ptr<Transport> MakeLoopbackTransport(std::map<std::string, Handler> by_origin) {
  return std::make_shared<LoopbackTransport>(std::move(by_origin));
}

}  // namespace maxopt::http
