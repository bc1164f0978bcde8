#include "apply/fault_point.h"

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>

namespace maxopt {
namespace {

struct KillAt {
  std::string name;
  int nth = 0;
  int signal = SIGKILL;
  static KillAt FromEnvironment() {
    KillAt kill;
    const char* text = std::getenv("MAXOPT_KILL_AT");
    if (!text) return kill;
    const std::string_view spec(text);
    const std::size_t colon = spec.rfind(':');
    if (colon == std::string_view::npos) return kill;
    kill.name = spec.substr(0, colon);
    if (const char* with = std::getenv("MAXOPT_KILL_WITH")) {
      if (std::string_view(with) == "INT") kill.signal = SIGINT;
      if (std::string_view(with) == "TERM") kill.signal = SIGTERM;
    }
    std::from_chars(spec.data() + colon + 1, spec.data() + spec.size(), kill.nth);
    return kill;
  }
};

std::function<void(std::string_view)>& Hook() {
  static std::function<void(std::string_view)> hook;
  return hook;
}

}  // namespace

void SetFaultHook(std::function<void(std::string_view)> hook) { Hook() = std::move(hook); }

void FaultPoint(std::string_view name) {
  if (Hook()) return Hook()(name);
  static const KillAt kill = KillAt::FromEnvironment();
  static std::atomic<int> passed = 0;
  if (kill.nth == 0 || (kill.name != "any" && kill.name != name)) return;
  if (++passed == kill.nth) std::raise(kill.signal);
}

}  // namespace maxopt
