#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "http/guard.h"

namespace maxopt::http {
namespace {

constexpr std::chrono::milliseconds kConnectTimeoutMax{30'000};
constexpr std::size_t kIdleHandlesMax = 32;

struct Answer {
  Response response;
  std::size_t max_body_bytes = 0;
  bool too_long = false;
};

std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* answer_void) {
  auto& answer = *static_cast<Answer*>(answer_void);
  const std::size_t bytes = size * count;
  // Counted after decompression, so a small zip bomb is refused as well.
  if (bytes > answer.max_body_bytes - answer.response.body.size()) {
    answer.too_long = true;
    return 0;
  }
  answer.response.body.append(data, bytes);
  return bytes;
}

std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* answer_void) {
  auto& answer = *static_cast<Answer*>(answer_void);
  std::string_view line(data, size * count);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    answer.response.headers.clear();  // an interim answer (100, a proxy's 200) came before
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) {
      value.remove_prefix(1);
    }
    answer.response.headers.emplace_back(line.substr(0, colon), value);
  }
  return size * count;
}

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

void Append(HeaderList& list, const std::string& line) {
  curl_slist* grown = curl_slist_append(list.get(), line.c_str());
  if (grown == nullptr) Bug();
  // The list keeps its head; only an empty one has none yet.
  if (list == nullptr) list.reset(grown);
}

/// This machine, which no proxy of the environment can reach for us.
bool IsLocal(std::string_view origin) {
  const std::string_view host = origin.substr(origin.find("://") + 3);
  return host.starts_with("127.") || host.starts_with("[::1]") || host == "localhost" ||
         host.starts_with("localhost:");
}

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(CurlOptions options) : options_(std::move(options)) {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started != CURLE_OK) Bug();
  }
  ~CurlTransport() override {
    for (CURL* handle : idle_) curl_easy_cleanup(handle);
  }
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  Result<Response> Send(const Request& request, Deadline deadline) override {
    MAXOPT_TRY(const Url url, ParseUrl(request.url));
    if (!url.origin.starts_with("http://") && !url.origin.starts_with("https://")) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("URL \"{}{}\" is not an absolute http or https URL", url.origin, url.path));
    }
    // Without the query: it may hold what must not be logged.
    const std::string where = request.method + " " + url.origin + url.path;
    MAXOPT_CHECK(CheckRequest(request, where));
    const HeaderList headers = MakeHeaders(request);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return Fail(Errc::kUnavailable, where + ": the deadline had passed before sending");
    }

    CURL* handle = Take();
    Answer answer;
    answer.max_body_bytes = options_.max_body_bytes;
    char text[CURL_ERROR_SIZE] = {};
    Set(handle, request, url, headers.get(), left, answer, text);
    HeaderList pin;
    if (!request.connect_to.empty()) Pin(handle, request.connect_to, pin);
    const CURLcode code = curl_easy_perform(handle);
    long status = 0;
    long sent_bytes = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &sent_bytes);
    Give(handle);

    if (code == CURLE_OK) {
      answer.response.status = static_cast<int>(status);
      return std::move(answer.response);
    }
    if (answer.too_long) {
      // A write whose answer is unreadable may well have happened.
      return Fail(
          request.idempotent ? Errc::kBadAnswer : Errc::kUnknownOutcome,
          fmt::format("{}: the answer is longer than {} bytes", where, options_.max_body_bytes));
    }
    const std::string_view why = text[0] != 0 ? text : curl_easy_strerror(code);
    // Not one byte of the request left us: whatever went wrong (DNS, refused, TLS, time), the
    // server cannot have acted. From the first byte on it may have.
    if (sent_bytes == 0) {
      if (code == CURLE_URL_MALFORMAT) {
        return Fail(Errc::kInvalidArgument, fmt::format("{}: {}", where, why));
      }
      return Fail(Errc::kUnavailable, fmt::format("{}: nothing was sent: {}", where, why));
    }
    return Fail(
        Errc::kUnknownOutcome,
        fmt::format("{}: the request may have arrived, its answer did not: {}", where, why));
  }

 private:
  static HeaderList MakeHeaders(const Request& request) {
    HeaderList list;
    for (const auto& [name, value] : request.headers) {
      // curl takes "Name;" for a header with an empty value; "Name:" would remove it.
      Append(list, value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
    }
    // Else curl calls every body a form, and waits a second for "100 Continue" before long ones.
    if (!FindHeader(request.headers, "content-type")) Append(list, "Content-Type:");
    Append(list, "Expect:");
    return list;
  }

  void Set(CURL* handle, const Request& request, const Url& url, curl_slist* headers,
           std::chrono::milliseconds left, Answer& answer, char* error_text) const {
    const auto set = [handle](CURLoption option, auto value) {
      if (curl_easy_setopt(handle, option, value) != CURLE_OK) Bug();
    };
    const std::string target = request.url.substr(0, request.url.find('#'));
    set(CURLOPT_URL, target.c_str());  // copied by curl
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(left, kConnectTimeoutMax).count()));
    set(CURLOPT_USERAGENT, options_.user_agent.c_str());
    set(CURLOPT_ACCEPT_ENCODING, "");  // what this curl can decode
    set(CURLOPT_PATH_AS_IS, 1L);
    if (!options_.ca_file.empty()) set(CURLOPT_CAINFO, options_.ca_file.c_str());
    if (IsLocal(url.origin)) set(CURLOPT_PROXY, "");
    // On a kept connection that dies without an answer curl sends the request again by itself,
    // whatever its method. A write must not be sent twice, so it gets a connection of its own.
    if (!request.idempotent) set(CURLOPT_FRESH_CONNECT, 1L);

    if (request.method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
    } else {
      const bool has_body = !request.body.empty() || request.method == "POST" ||
                            request.method == "PUT" || request.method == "PATCH";
      if (has_body) {
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        set(CURLOPT_POSTFIELDS, request.body.data());  // outlives the call
      }
      set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
    set(CURLOPT_HTTPHEADER, headers);
    set(CURLOPT_WRITEFUNCTION, &OnBody);
    set(CURLOPT_WRITEDATA, &answer);
    set(CURLOPT_HEADERFUNCTION, &OnHeader);
    set(CURLOPT_HEADERDATA, &answer);
    set(CURLOPT_ERRORBUFFER, error_text);
  }

  /// Whatever host curl reads out of the URL, the connection goes to `address`: were its reading
  /// another than ours, or the resolver's answer another than before, nothing would change. The
  /// connection is neither taken from the kept ones nor kept.
  static void Pin(CURL* handle, const std::string& address, HeaderList& pin) {
    const bool six = address.find(':') != std::string::npos;
    Append(pin, six ? fmt::format("::[{}]:", address) : fmt::format("::{}:", address));
    const auto set = [handle](CURLoption option, auto value) {
      if (curl_easy_setopt(handle, option, value) != CURLE_OK) Bug();
    };
    set(CURLOPT_CONNECT_TO, pin.get());
    set(CURLOPT_PROXY, "");
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
  }

  /// A handle keeps its connections, so the one used last is the one most likely still warm.
  CURL* Take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        CURL* handle = idle_.back();
        idle_.pop_back();
        return handle;
      }
    }
    CURL* handle = curl_easy_init();
    if (handle == nullptr) Bug();
    return handle;
  }

  void Give(CURL* handle) {
    curl_easy_reset(handle);  // options, not connections
    {
      const std::lock_guard lock(mutex_);
      if (idle_.size() < kIdleHandlesMax) {
        idle_.push_back(handle);
        return;
      }
    }
    curl_easy_cleanup(handle);
  }

  const CurlOptions options_;
  std::mutex mutex_;
  std::vector<CURL*> idle_;  // guarded by mutex_
};

}  // namespace

std::shared_ptr<Transport> MakeCurlTransport(CurlOptions options) {
  return std::make_shared<CurlTransport>(std::move(options));
}

}  // namespace maxopt::http
