#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "agent/mcp/mcp.h"

namespace maxopt::mcp {

/// Our own requests to a client of the older era that wait for their answers. Thread-safe. Inside
/// of this folder only.
class Asking {
 public:
  /// Sends by `send` and waits. kUnavailable: no answer in time, or nobody there any more.
  Result<Json> Ask(const std::string& method, const Json& params,
                   const std::function<void(const Json&)>& send, const std::function<bool()>& gone,
                   std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    const std::string id = "max-" + std::to_string(++last_);
    waiting_[id];
    lock.unlock();
    send({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
    lock.lock();
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!waiting_[id] && !ended_ && !gone() && std::chrono::steady_clock::now() < until) {
      arrived_.wait_for(lock, std::chrono::milliseconds(200));
    }
    const std::optional<Json> answer = waiting_[id];
    waiting_.erase(id);
    if (!answer) return Fail(Errc::kUnavailable, method + " was not answered");
    if (answer->contains("error")) {
      const Json& message = (*answer)["error"];
      return Fail(
          Errc::kUnavailable,
          method + " was refused: " + message.dump(-1, ' ', false, Json::error_handler_t::replace));
    }
    return answer->contains("result") ? (*answer)["result"] : Json::object();
  }
  /// An answer arrived; what nobody waits for is dropped.
  void Answer(const Json& message) {
    std::lock_guard lock(mutex_);
    const auto id = message.find("id");
    if (id == message.end() || !id->is_string()) return;
    const auto found = waiting_.find(id->get<std::string>());
    if (found == waiting_.end() || found->second) return;
    found->second = message;
    arrived_.notify_all();
  }
  /// Nobody will answer any more.
  void End() {
    std::lock_guard lock(mutex_);
    ended_ = true;
    arrived_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<std::string, std::optional<Json>> waiting_;
  int last_ = 0;
  bool ended_ = false;
};

}  // namespace maxopt::mcp
