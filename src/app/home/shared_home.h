#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "clock/clock.h"
#include "result/result.h"

namespace maxopt {

class Home;

/// One Home for the jobs and the requests of one process. It is opened by who first needs it, kept
/// while anybody uses it, and let go a little after the last one; when another process waits for it
/// (a person's command), new users stand back until that one had its turn. Thread-safe.
class SharedHome {
 public:
  struct Options {
    std::string folder;
    std::shared_ptr<Clock> clock;
    /// After the last user: long enough that the requests of one page share an opening (about
    /// 0.1 s), short enough for a person's next command.
    std::chrono::milliseconds linger{1500};
    /// How long new users stand back for another process while earlier ones still work.
    std::chrono::milliseconds stand_back{2000};
    /// Opens the home; empty: Home::Open. For tests.
    std::function<Result<std::unique_ptr<Home>>()> open{};
  };
  explicit SharedHome(Options options);
  /// Requires that nobody uses it any more.
  ~SharedHome();
  SharedHome(const SharedHome&) = delete;
  SharedHome& operator=(const SharedHome&) = delete;

  /// The open home; letting go of the pointer ends the use. kUnavailable, with retry_after_s, when
  /// another process has it for longer than `patience`.
  Result<std::shared_ptr<Home>> Use(std::chrono::milliseconds patience);
  /// From now on no call to a platform is begun, in this home and in those opened later.
  void StopCalls();

  /// Tells the worker of this process that a request wrote something.
  void Touch();
  /// Grows when a request of this process (Touch) or another process wrote, or when a file of
  /// settings was edited; not by what this process's jobs wrote.
  std::uint64_t changes();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace maxopt
