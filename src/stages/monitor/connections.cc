#include "stages/monitor/connections.h"

#include <fmt/format.h>

#include <algorithm>

namespace maxopt {
namespace {

using std::chrono::days;

constexpr int kSunsetTold = 90;
constexpr int kSunsetWarns = 30;
constexpr int kSunsetCritical = 7;
constexpr int kTokenWarns = 14;
constexpr int kTokenCritical = 3;

std::string Left(std::int64_t left) {
  return left < 0    ? fmt::format("{} days ago", -left)
         : left == 0 ? std::string("today")
                     : fmt::format("in {} days", left);
}

}  // namespace

std::vector<Condition> ConnectionConditions(
    const PlatformSpecs& specs, const std::vector<Connection>& connections, Instant now,
    const std::map<Platform, std::string>& default_version) {
  std::vector<Condition> out;
  const Day today = Zone::Utc().DayOf(now);
  for (const Connection& connection : connections) {
    const Platform platform = connection.account.platform;
    Condition condition{};
    condition.client = connection.client;
    condition.account = connection.account;

    std::string version = connection.version;
    if (const auto own = default_version.find(platform);
        version.empty() && own != default_version.end()) {
      version = own->second;
    }
    const PlatformSpec* spec = specs.Find(platform);
    if (spec != nullptr && !version.empty()) {
      const auto at = std::ranges::find(spec->api_versions, version, &ApiVersion::version);
      if (at != spec->api_versions.end() && at->sunset) {
        const auto left = (*at->sunset - today).count();
        if (left <= kSunsetTold) {
          condition.detector = "sunset";
          condition.tier = left <= kSunsetCritical ? AlertTier::kCritical
                           : left <= kSunsetWarns  ? AlertTier::kWarning
                                                   : AlertTier::kInfo;
          condition.title =
              fmt::format("version {} of {} {} {} ({})", version, PlatformName(platform),
                          left < 0 ? "ended" : "ends", Left(left), PrintDay(*at->sunset));
          condition.since = Zone::Utc().Begin(*at->sunset - days(kSunsetTold));
          condition.evidence = {
              "from that day on the platform refuses every call; what was read stays"};
          condition.proposal = "set a newer version in connections.yaml: one line";
          out.push_back(condition);
        }
      }
    }

    const auto expires = connection.settings.find("token_expires_on");
    if (expires == connection.settings.end()) continue;
    const auto last = ParseDay(expires->second);
    condition.detector = "credential";
    condition.proposal = "reconnect the account and set token_expires_on anew";
    condition.evidence.clear();
    if (!last) {
      condition.tier = AlertTier::kWarning;
      condition.title = fmt::format("token_expires_on of {} is \"{}\", which is no day",
                                    PrintAccount(connection.account), expires->second);
      condition.since = now;
      out.push_back(condition);
      continue;
    }
    const auto left = (*last - today).count();
    if (left > kTokenWarns) continue;
    condition.tier = left <= kTokenCritical ? AlertTier::kCritical : AlertTier::kWarning;
    condition.title = fmt::format("the access to {} {} {} ({})", PrintAccount(connection.account),
                                  left < 0 ? "ended" : "ends", Left(left), PrintDay(*last));
    condition.since = Zone::Utc().Begin(*last - days(kTokenWarns));
    condition.evidence = {"then nothing can be read or changed until a person signs in again"};
    out.push_back(condition);
  }
  return out;
}

}  // namespace maxopt
