// What runs when: monitoring.yaml, the accounts and what is watched there.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include "app/worker/worker.h"
#include "yaml/yaml.h"

namespace maxopt {
namespace {

constexpr int kRefreshMinutes = 5;

Result<MonitoringConfig::Override> ReadOverride(const YamlMap& job, const JobRegistry& registry) {
  MAXOPT_CHECK(job.OnlyKeys({"kind", "client", "account", "schedule", "importance", "off"}));
  MonitoringConfig::Override out;
  MAXOPT_CHECK(job.Text("kind", out.kind));
  if (!registry.Find(out.kind)) {
    std::vector<std::string> known;
    for (const JobKind& kind : registry.kinds()) known.push_back(kind.kind);
    return job.Bad(
        fmt::format("kind \"{}\" is not known; known are {}", out.kind, fmt::join(known, ", ")));
  }
  MAXOPT_CHECK(job.Text("client", out.client));
  MAXOPT_CHECK(job.Text("account", out.account));
  const std::size_t slash = out.account.find('/');
  if (!out.account.empty() &&
      (slash == std::string::npos || !FindPlatform(out.account.substr(0, slash)))) {
    return job.Bad("account", "an account is written like google_ads/1234567890");
  }
  MAXOPT_CHECK(job.Text("schedule", out.schedule));
  if (!out.schedule.empty()) {
    const auto cron = Cron::Parse(out.schedule);
    if (!cron) return job.Bad("schedule", cron.error().what);
  }
  if (job.Has("importance")) {
    MAXOPT_TRY(const std::string importance, job.Text("importance"));
    const auto found = FindJobImportance(importance);
    if (!found) return job.Bad("importance", found.error().what);
    out.importance = *found;
  }
  MAXOPT_CHECK(job.Flag("off", out.off));
  return out;
}

Result<MonitoringConfig> ReadMonitoringOf(const YamlMap& root, const JobRegistry& registry) {
  MonitoringConfig config;
  MAXOPT_CHECK(root.OnlyKeys({"maxopt", "refresh_minutes", "redis", "jobs"}));
  MAXOPT_CHECK(root.Kind("monitoring/1"));
  MAXOPT_CHECK(root.Text("redis", config.redis));
  if (!config.redis.empty()) {
    const auto options = ParseRedisUrl(config.redis);
    if (!options) return root.Bad("redis", options.error().what);
  }
  if (const YAML::Node refresh = root.At("refresh_minutes"); refresh.IsDefined()) {
    if (!refresh.IsMap()) return root.Bad(refresh, "refresh_minutes: {platform: minutes}");
    for (const auto& pair : refresh) {
      const auto platform = FindPlatform(pair.first.IsScalar() ? pair.first.Scalar() : "");
      if (!platform) return root.Bad(pair.first, platform.error().what);
      const std::string text = pair.second.IsScalar() ? pair.second.Scalar() : "";
      int minutes = 0;
      const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), minutes);
      if (code != std::errc() || end != text.data() + text.size() || minutes < 1 || minutes > 60) {
        return root.Bad(pair.second, "a channel is refreshed every 1 to 60 minutes");
      }
      config.refresh_minutes[*platform] = minutes;
    }
  }
  MAXOPT_TRY(const std::vector<YamlMap> jobs, root.Maps("jobs"));
  for (const YamlMap& job : jobs) {
    MAXOPT_TRY(MonitoringConfig::Override override, ReadOverride(job, registry));
    config.jobs.push_back(std::move(override));
  }
  return config;
}

}  // namespace

Result<MonitoringConfig> ParseMonitoringConfig(const std::string& yaml, const std::string& file,
                                               const JobRegistry& registry) {
  return ReadYaml(yaml, file,
                  [&](const YamlMap& root) { return ReadMonitoringOf(root, registry); });
}

std::string MonitoringTemplate() {
  std::string text =
      R"(# What runs by itself, and when. What stands here is what is so without this file.
maxopt: monitoring/1
# How often the live cache is made anew from what is known, in minutes, by channel.
refresh_minutes: {google_ads: 5, meta: 5, tiktok: 5}
# redis: redis://127.0.0.1:6379/alpenglow     # the live cache in Redis instead of in this process
jobs: []
# Schedules are cron on the account's clock: minute hour day-of-month month day-of-week, or @hourly,
# @daily, @weekly. The narrowest line wins: account over client over all.
# jobs:
#   - {kind: collect_hour, account: meta/998877665544, schedule: "*/30 * * * *"}
#   - {kind: collect_day, client: Alpenglow, schedule: "15 6 * * *", importance: high}
#   - {kind: backup, off: true}
# Kinds:
)";
  const JobRegistry registry = StandardJobs();
  for (const JobKind& kind : registry.kinds()) {
    text += fmt::format("#   {:<16} {:<14} {}\n", kind.kind, kind.schedule, kind.what);
  }
  return text;
}

Result<MonitoringConfig> ReadMonitoring(const Home& home, const JobRegistry& registry) {
  const std::string path = home.PathOf("monitoring.yaml");
  if (!std::filesystem::exists(path)) return MonitoringConfig{};
  MAXOPT_TRY(const std::string yaml, ReadWholeFile(path));
  return ParseMonitoringConfig(yaml, path, registry);
}

std::string CollectSchedule(const std::vector<Watch>& watches) {
  constexpr const char* kHourly = "5 * * * *";
  if (watches.empty()) return kHourly;
  int minutes = 24 * 60;
  for (const Watch& watch : watches) {
    minutes = std::min(minutes, watch.interval_minutes);
    if (watch.importance == "primary") minutes = std::min(minutes, 60);
  }
  if (minutes <= 15) return "*/15 * * * *";
  if (minutes <= 30) return "5,35 * * * *";
  if (minutes < 6 * 60) return kHourly;
  return "5 */6 * * *";
}

Result<std::vector<JobSpec>> PlanJobs(Home& home, const JobRegistry& registry,
                                      const MonitoringConfig& config) {
  MAXOPT_TRY(const std::vector<Client> clients, home.store().Clients());
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, home.store().Accounts());
  std::map<std::string, std::vector<Watch>> watches;
  for (const Client& client : clients) {
    MAXOPT_TRY(watches[client.name], home.store().Watches(client.name));
  }
  std::map<AccountId, std::vector<Watch>> watched;
  for (const ClientAccount& account : accounts) {
    MAXOPT_TRY(const std::vector<OwnedObject> objects, home.store().Objects(account.info.account));
    std::set<std::string> addresses;
    for (const OwnedObject& object : objects) addresses.insert(object.address);
    for (const Watch& watch : watches[account.client]) {
      if (addresses.contains(watch.address)) watched[account.info.account].push_back(watch);
    }
  }
  // Accounts that are known but no more in connections.yaml cannot be read.
  std::set<AccountId> reachable;
  if (const auto connections = home.Connections()) {
    for (const Connection& connection : *connections) reachable.insert(connection.account);
  }
  std::vector<JobSpec> out;
  const auto add = [&](const JobKind& kind, JobSpec spec) {
    spec.kind = kind.kind;
    spec.importance = kind.importance;
    spec.rules = kind.rules;
    spec.at_once = kind.at_once;
    int narrowest = -1;
    bool off = false;
    for (const MonitoringConfig::Override& override : config.jobs) {
      if (override.kind != kind.kind) continue;
      if (!override.client.empty() && override.client != spec.client) continue;
      if (!override.account.empty() && override.account != spec.account) continue;
      const int narrow = !override.account.empty() ? 2 : !override.client.empty() ? 1 : 0;
      if (narrow < narrowest) continue;
      narrowest = narrow;
      off = override.off;
      if (!override.schedule.empty()) spec.schedule = override.schedule;
      if (override.importance) spec.importance = *override.importance;
    }
    if (!off) out.push_back(std::move(spec));
  };
  for (const JobKind& kind : registry.kinds()) {
    switch (kind.scope) {
      case JobScope::kHome:
        add(kind, {.key = kind.kind,
                   .kind = {},
                   .client = "",
                   .account = "",
                   .schedule = kind.schedule,
                   .zone = "UTC"});
        break;
      case JobScope::kClient:
        for (const Client& client : clients) {
          add(kind, {.key = kind.kind + " " + client.name,
                     .kind = {},
                     .client = client.name,
                     .account = "",
                     .schedule = kind.schedule,
                     .zone = client.zone});
        }
        break;
      case JobScope::kAccount:
        for (const ClientAccount& account : accounts) {
          const AccountId& id = account.info.account;
          if (kind.calls_platform && !reachable.contains(id)) continue;
          std::string schedule = kind.schedule;
          if (kind.kind == "collect_hour") schedule = CollectSchedule(watched[id]);
          if (kind.kind == "live") {
            const auto minutes = config.refresh_minutes.find(id.platform);
            const int every =
                minutes == config.refresh_minutes.end() ? kRefreshMinutes : minutes->second;
            schedule = every == 60 ? "@hourly" : fmt::format("*/{} * * * *", every);
          }
          add(kind, {.key = kind.kind + " " + PrintAccount(id),
                     .kind = {},
                     .client = account.client,
                     .account = PrintAccount(id),
                     .schedule = schedule,
                     .zone = account.info.zone});
        }
        break;
    }
  }
  return out;
}

CallLimit CallLimitOf(const Connection& connection, const std::vector<Connection>& all) {
  const Platform platform = connection.account.platform;
  const auto same = std::count_if(all.begin(), all.end(), [&](const Connection& other) {
    return other.account.platform == platform;
  });
  CallLimit limit{connection.calls_per_day, 0};
  if (limit.per_day == 0) {
    switch (platform) {
      case Platform::kGoogleAds:
        // 15,000 operations a day for a developer token of basic access, whose accounts share them.
        limit.per_day = 15'000 / std::max<std::int64_t>(1, same);
        break;
      case Platform::kMeta:
        // 600 calls an hour to insights for each ad account of an app of the development tier.
        limit.per_day = 600 * 24;
        break;
      default:
        // No number is published: this is our own restraint.
        limit.per_day = 10'000;
        break;
    }
  }
  limit.per_day = std::max<std::int64_t>(limit.per_day, 1);
  // Three times an even hour, so that one bad hour cannot use up the day.
  limit.per_hour = std::max<std::int64_t>(limit.per_day / 8, 1);
  if (platform == Platform::kMeta && connection.calls_per_day == 0) limit.per_hour = 600;
  return limit;
}

}  // namespace maxopt
