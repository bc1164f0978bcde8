#pragma once
#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

#include "http/http.h"

/// A streamed answer that stays in memory, for tests.
namespace maxopt::http {

/// Thread-safe. What is written after Close is kept too, and said not to have been taken.
class KeptForTest final : public Stream {
 public:
  bool Write(std::string_view piece) override {
    const std::lock_guard lock(mutex_);
    text_ += piece;
    return !closed_;
  }
  std::size_t unsent_bytes() const override { return 0; }
  bool closed() const override { return closed_; }
  void Close() override { closed_ = true; }
  std::string Text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
  std::atomic<bool> closed_{false};
};

}  // namespace maxopt::http
