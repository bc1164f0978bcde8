#include "stages/monitor/detect/freshness.h"

#include <fmt/format.h>

namespace maxopt {

std::vector<Condition> JudgeFreshness(const AccountView& account, Instant now,
                                      const FreshnessOptions& options) {
  std::vector<Condition> out;
  const auto base = [&](const char* detector, const char* kpi) {
    Condition c;
    c.client = account.client;
    c.detector = detector;
    c.account = account.info.account;
    c.name = account.info.name;
    c.kpi = kpi;
    return c;
  };
  const bool refused =
      account.problem_code == Errc::kUnauthenticated || account.problem_code == Errc::kForbidden;
  if (refused) {
    Condition c = base("credential", "");
    c.tier = AlertTier::kCritical;
    c.since = now;
    c.title = fmt::format("{} does not let Max in any more", PrintAccount(account.info.account));
    c.evidence.push_back(account.problem);
    c.proposal = "reconnect the account: new credentials in connections.yaml, then maxopt connect";
    out.push_back(std::move(c));
  }
  if (!account.learnt_at) return out;  // never read: connect and the first collection say so
  const auto age = std::chrono::floor<std::chrono::hours>(now - *account.learnt_at);
  if (age < options.warn) return out;
  Condition c = base("data_quality", "freshness");
  c.direction = "above";
  c.tier = age >= options.critical ? AlertTier::kCritical : AlertTier::kWarning;
  c.since = *account.learnt_at;
  c.actual = fmt::format("{} h old", age.count());
  c.expected = fmt::format("under {} h", options.warn.count());
  c.title = fmt::format("{}: the newest numbers are {} h old", PrintAccount(account.info.account),
                        age.count());
  if (!account.problem.empty()) c.evidence.push_back("last problem: " + account.problem);
  c.proposal = "nothing is decided on this account until it can be read again";
  out.push_back(std::move(c));
  return out;
}

}  // namespace maxopt
