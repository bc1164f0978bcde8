#include "app/home/shared_home.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "app/home/home.h"

namespace maxopt {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

std::string Stamp(const std::string& path) {
  struct stat seen {};
  if (::stat(path.c_str(), &seen) != 0) return "-;";
  return fmt::format("{}.{}.{};", seen.st_mtim.tv_sec, seen.st_mtim.tv_nsec, seen.st_size);
}

/// True when nobody else holds a lock on the file. Who asks holds it for a moment only.
bool IsFree(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return true;
  const bool free = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
  ::close(fd);
  return free;
}

}  // namespace

/// Shared with the pointers that were handed out, which may outlive the SharedHome by a moment.
struct SharedHome::State {
  explicit State(Options given) : options(std::move(given)) {}

  const Options options;
  std::mutex mutex;
  std::condition_variable change;
  // All below are guarded by mutex.
  std::unique_ptr<Home> home;
  int users = 0;
  bool opening = false;
  bool stop = false;
  bool stop_calls = false;
  Steady::time_point idle_since{};
  bool turn = false;  // another process waits: new users stand back
  Steady::time_point turn_since{};
  Steady::time_point turn_again{};  // those who did not get it in time are served next time
  std::uint64_t changes = 0;
  std::string settings;  // stamps when last looked
  std::string memory;    // stamps of the stores when this process closed them
  std::thread thread;

  std::string Path(const char* name) const { return options.folder + "/" + name; }
  std::string SettingsStamp() const {
    return Stamp(Path("connections.yaml")) + Stamp(Path("monitoring.yaml"));
  }
  std::string MemoryStamp() const {
    return Stamp(Path("maxopt.db")) + Stamp(Path("maxopt.db-wal"));
  }

  /// Closes the home and remembers how its files are then.
  void Close(std::unique_lock<std::mutex>& lock) {
    opening = true;  // nobody opens while it closes
    std::unique_ptr<Home> closing = std::move(home);
    lock.unlock();
    closing.reset();
    const std::string now = MemoryStamp();
    lock.lock();
    memory = now;
    opening = false;
    change.notify_all();
  }

  void Watch() {
    std::unique_lock lock(mutex);
    while (!stop) {
      change.wait_for(lock, milliseconds(home ? 50 : 1000));
      if (stop || !home || opening) continue;
      const auto now = Steady::now();
      if (!turn && now >= turn_again && !IsFree(Path("maxopt.db.waiting"))) {
        turn = true;
        turn_since = now;
      }
      if (turn && users > 0 && now - turn_since > options.stand_back) {
        // Somebody works for long: the others need not wait for that.
        turn = false;
        turn_again = now + options.stand_back;
        change.notify_all();
      }
      if (users == 0 && (turn || now - idle_since >= options.linger)) {
        const bool give = turn;
        Close(lock);
        if (give) {
          // Those who wait look every 20 ms; who of us comes next waits for them by the lock.
          change.wait_for(lock, milliseconds(100), [this] { return stop; });
          turn = false;
          change.notify_all();
        }
      }
    }
    if (home) Close(lock);
  }
};

SharedHome::SharedHome(Options options) : state_(std::make_shared<State>(std::move(options))) {
  state_->settings = state_->SettingsStamp();
  state_->memory = state_->MemoryStamp();
  state_->thread = std::thread([state = state_.get()] { state->Watch(); });
}

SharedHome::~SharedHome() {
  {
    std::unique_lock lock(state_->mutex);
    state_->change.wait(lock, [this] { return state_->users == 0 && !state_->opening; });
    state_->stop = true;
  }
  state_->change.notify_all();
  state_->thread.join();
}

Result<std::shared_ptr<Home>> SharedHome::Use(milliseconds patience) {
  State& s = *state_;
  const auto until = Steady::now() + patience;
  const auto busy = [&](const char* who) {
    Error error{Errc::kUnavailable,
                fmt::format("{} works in {}; it was waited for {} ms. Nothing happened: ask again",
                            who, s.options.folder, patience.count())};
    error.retry_after_s = 2;
    return Fail(std::move(error));
  };
  std::unique_lock lock(s.mutex);
  while (true) {
    const auto ready = [&s] { return !s.opening && !s.turn; };
    if (!s.change.wait_until(lock, until, ready)) return busy("another maxopt process");
    if (s.stop) return Fail(Errc::kUnavailable, "maxopt is stopping");
    if (!s.home) {
      s.opening = true;
      lock.unlock();
      // Looked at before opening, since opening waits as long as a command line does.
      bool free = IsFree(s.Path("maxopt.db.lock"));
      while (!free && Steady::now() < until) {
        std::this_thread::sleep_for(milliseconds(20));
        free = IsFree(s.Path("maxopt.db.lock"));
      }
      const bool foreign = free && s.MemoryStamp() != s.memory;
      auto opened = !free            ? Result<std::unique_ptr<Home>>(Fail(Errc::kUnavailable, ""))
                    : s.options.open ? s.options.open()
                                     : Home::Open(s.options.folder, s.options.clock);
      lock.lock();
      s.opening = false;
      s.idle_since = Steady::now();
      s.change.notify_all();
      if (!free) return busy("another maxopt process");
      if (!opened) return Fail(opened.error());
      if (foreign) ++s.changes;
      s.home = std::move(*opened);
      if (s.stop_calls) s.home->StopCalls();
    }
    ++s.users;
    return std::shared_ptr<Home>(s.home.get(), [state = state_](Home*) {
      const std::lock_guard guard(state->mutex);
      if (--state->users == 0) {
        state->idle_since = Steady::now();
        state->change.notify_all();
      }
    });
  }
}

void SharedHome::StopCalls() {
  const std::lock_guard lock(state_->mutex);
  state_->stop_calls = true;
  if (state_->home) state_->home->StopCalls();
}

void SharedHome::Touch() {
  const std::lock_guard lock(state_->mutex);
  ++state_->changes;
}

std::uint64_t SharedHome::changes() {
  const std::lock_guard lock(state_->mutex);
  State& s = *state_;
  if (std::string now = s.SettingsStamp(); now != s.settings) {
    s.settings = std::move(now);
    ++s.changes;
  }
  if (!s.home && !s.opening && IsFree(s.Path("maxopt.db.lock"))) {
    if (std::string now = s.MemoryStamp(); now != s.memory) {
      s.memory = std::move(now);
      ++s.changes;
    }
  }
  return s.changes;
}

}  // namespace maxopt
