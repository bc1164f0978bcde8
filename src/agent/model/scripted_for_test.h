#pragma once
// For tests: a server that speaks the chat completions protocol by a script, politely or not.
#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "http/http.h"

namespace maxopt::model {

/// Answers each request by the next step of its script, the last step for ever; keeps what it got.
class ScriptedModel {
 public:
  using Step = std::function<http::Response(const http::Request&)>;
  explicit ScriptedModel(std::vector<Step> script) : script_(std::move(script)) {
    auto server = http::Serve([this](const http::Request& request) { return Answer(request); });
    if (server) server_ = std::move(*server);
  }
  /// Lets go of what hangs, so that the server can end.
  ~ScriptedModel() {
    {
      const std::lock_guard lock(mutex_);
      for (const auto& stream : hanging_) stream->Close();
      hanging_.clear();
    }
    server_.reset();
  }
  bool good() const { return server_ != nullptr; }
  std::string base_url() const { return server_->origin() + "/v1"; }
  std::vector<http::Request> got() const {
    const std::lock_guard lock(mutex_);
    return got_;
  }
  /// All that was ever sent to it, as one text.
  std::string heard() const {
    std::string out;
    for (const http::Request& request : got()) out += request.body + "\n";
    return out;
  }

  // --- steps ---
  static http::Response Json(const nlohmann::json& body, int status = 200) {
    return {.status = status,
            .headers = {{"Content-Type", "application/json"}},
            .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
  }
  static nlohmann::json Completion(nlohmann::json message, const std::string& finish) {
    message["role"] = "assistant";
    return {{"id", "chatcmpl-1"},
            {"object", "chat.completion"},
            {"model", "scripted"},
            {"choices", {{{"index", 0}, {"message", message}, {"finish_reason", finish}}}},
            {"usage", {{"prompt_tokens", 100}, {"completion_tokens", 20}, {"total_tokens", 120}}}};
  }
  static Step Says(const std::string& text) {
    return [text](const http::Request&) { return Json(Completion({{"content", text}}, "stop")); };
  }
  static Step Wishes(const std::string& tool, const std::string& arguments) {
    return [tool, arguments](const http::Request&) {
      return Json(Completion({{"content", nullptr},
                              {"tool_calls",
                               {{{"id", "call_1"},
                                 {"type", "function"},
                                 {"function", {{"name", tool}, {"arguments", arguments}}}}}}},
                             "tool_calls"));
    };
  }
  static Step Raw(const std::string& body, int status = 200, http::Headers headers = {}) {
    return [=](const http::Request&) {
      return http::Response{.status = status, .headers = headers, .body = body};
    };
  }
  /// Begins an answer and never goes on.
  Step Hangs() {
    return [this](const http::Request&) {
      http::Response response;
      response.headers = {{"Content-Type", "application/json"}};
      response.stream = [this](std::shared_ptr<http::Stream> stream) {
        stream->Write("{\"choices\":");
        const std::lock_guard lock(mutex_);
        hanging_.push_back(std::move(stream));
      };
      return response;
    };
  }
  /// One more step at the end: for those that need the server itself.
  void Append(Step step) {
    const std::lock_guard lock(mutex_);
    script_.push_back(std::move(step));
  }

 private:
  http::Response Answer(const http::Request& request) {
    Step step;
    {
      const std::lock_guard lock(mutex_);
      got_.push_back(request);
      if (script_.empty()) return {.status = 500};
      step = script_[std::min(at_, script_.size() - 1)];
      ++at_;
    }
    return step(request);
  }
  mutable std::mutex mutex_;
  std::vector<Step> script_;
  std::size_t at_ = 0;
  std::vector<http::Request> got_;
  std::vector<std::shared_ptr<http::Stream>> hanging_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace maxopt::model
