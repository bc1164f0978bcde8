// alerts.yaml.
#include <fmt/format.h>

#include "stages/monitor/alerting/alerting.h"
#include "yaml/yaml.h"

namespace maxopt {
namespace {

using std::chrono::seconds;

/// "22:00" -> 1320
std::optional<int> MinuteOf(const std::string& text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const std::size_t i : {0u, 1u, 3u, 4u}) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
  }
  const int hour = (text[0] - '0') * 10 + text[1] - '0';
  const int minute = (text[3] - '0') * 10 + text[4] - '0';
  if (hour > 23 || minute > 59) return std::nullopt;
  return hour * 60 + minute;
}

Result<QuietHours> ReadQuiet(const YamlMap& reader) {
  MAXOPT_CHECK(reader.OnlyKeys({"from", "to", "zone"}));
  QuietHours quiet;
  MAXOPT_TRY(const std::string from, reader.Text("from"));
  MAXOPT_TRY(const std::string to, reader.Text("to"));
  MAXOPT_TRY(const std::string name, reader.Text("zone"));
  const auto first = MinuteOf(from);
  const auto last = MinuteOf(to);
  if (!first || !last) return reader.Bad("from and to must be times like \"22:00\"");
  const auto zone = Zone::Find(name);
  if (!zone) return reader.Bad("zone", zone.error().what);
  quiet.from_minute = *first;
  quiet.to_minute = *last;
  quiet.zone = *zone;
  return quiet;
}

Result<> ReadChannel(const YamlMap& reader, AlertConfig& config) {
  MAXOPT_CHECK(
      reader.OnlyKeys({"name", "kind", "url", "secret", "allow_private", "send_resolved", "quiet",
                       "from", "to", "user", "password", "plain_text_smtp", "ca_file"}));
  Channel channel;
  MAXOPT_TRY(channel.name, reader.Text("name"));
  if (channel.name.find('|') != std::string::npos || channel.name.size() > 60) {
    return reader.Bad("name", "name must be short and without |");
  }
  if (config.channels.contains(channel.name)) {
    return reader.Bad("name", fmt::format("channel {} stands twice", channel.name));
  }
  MAXOPT_TRY(const std::string word, reader.Text("kind"));
  const auto kind = FindChannelKind(word);
  if (!kind) return reader.Bad("kind", kind.error().what);
  channel.kind = *kind;
  MAXOPT_CHECK(reader.Secret("url", channel.url));
  MAXOPT_CHECK(reader.Secret("secret", channel.secret));
  MAXOPT_CHECK(reader.Secret("user", channel.user));
  MAXOPT_CHECK(reader.Secret("password", channel.password));
  MAXOPT_CHECK(reader.Secret("from", channel.from));
  MAXOPT_CHECK(reader.Secret("ca_file", channel.ca_file));
  MAXOPT_CHECK(reader.Texts("to", channel.to));
  MAXOPT_CHECK(reader.Flag("allow_private", channel.allow_private));
  MAXOPT_CHECK(reader.Flag("plain_text_smtp", channel.plain_text_smtp));
  ChannelTraits traits;
  MAXOPT_CHECK(reader.Flag("send_resolved", traits.send_resolved));
  traits.send_acknowledged = channel.kind == ChannelKind::kPagerDuty;
  if (reader.Has("quiet")) {
    MAXOPT_TRY(traits.quiet, ReadQuiet(reader.Map("quiet")));
  }
  if (const auto fits = CheckChannel(channel); !fits) return reader.Bad(fits.error().what);
  config.policy.channels[channel.name] = std::move(traits);
  config.channels[channel.name] = std::move(channel);
  return {};
}

Result<std::vector<std::string>> KnownChannels(const YamlMap& reader, const AlertConfig& config) {
  MAXOPT_TRY(std::vector<std::string> names, reader.Texts("channels"));
  for (const std::string& name : names) {
    if (!config.channels.contains(name)) {
      return reader.Bad("channels", fmt::format("there is no channel {}", name));
    }
  }
  return names;
}

Result<AlertRoute> ReadRoute(const YamlMap& reader, const AlertConfig& config) {
  MAXOPT_CHECK(reader.OnlyKeys(
      {"match", "tier", "channels", "repeat_warning", "repeat_critical", "escalate"}));
  AlertRoute route;
  if (reader.Has("match")) {
    MAXOPT_TRY(const std::string text, reader.Text("match"));
    auto matcher = ParseMatcher(text);
    if (!matcher) return reader.Bad("match", matcher.error().what);
    route.match = std::move(*matcher);
  }
  if (reader.Has("tier")) {
    MAXOPT_TRY(const std::string word, reader.Text("tier"));
    const auto tier = FindAlertTier(word);
    if (!tier) return reader.Bad("tier", tier.error().what);
    route.tier_min = *tier;
  }
  MAXOPT_TRY(route.channels, KnownChannels(reader, config));
  MAXOPT_CHECK(reader.Time("repeat_warning", route.repeat_warning, std::chrono::minutes(5)));
  MAXOPT_CHECK(reader.Time("repeat_critical", route.repeat_critical, std::chrono::minutes(5)));
  MAXOPT_TRY(const std::vector<YamlMap> steps, reader.Maps("escalate"));
  for (const YamlMap& step : steps) {
    MAXOPT_CHECK(step.OnlyKeys({"after", "channels"}));
    EscalationStep next;
    if (!step.Has("after")) return step.Bad("after is missing");
    MAXOPT_CHECK(step.Time("after", next.after, seconds(60)));
    MAXOPT_TRY(next.channels, KnownChannels(step, config));
    if (!route.escalation.empty() && next.after <= route.escalation.back().after) {
      return step.Bad("each step of escalate must come after the one before");
    }
    route.escalation.push_back(std::move(next));
  }
  return route;
}

Result<AlertConfig> ReadAlerts(const YamlMap& root) {
  AlertConfig config;
  MAXOPT_CHECK(
      root.OnlyKeys({"maxopt", "channels", "routes", "group_interval", "hold", "give_up"}));
  MAXOPT_CHECK(root.Kind("alerts/1"));
  for (const char* list : {"channels", "routes"}) {
    if (!root.Has(list) || !root.At(list).IsSequence()) {
      return root.Bad(fmt::format("{} must be a list", list));
    }
  }
  MAXOPT_TRY(const std::vector<YamlMap> channels, root.Maps("channels"));
  for (const YamlMap& channel : channels) MAXOPT_CHECK(ReadChannel(channel, config));
  MAXOPT_TRY(const std::vector<YamlMap> routes, root.Maps("routes"));
  for (const YamlMap& map : routes) {
    MAXOPT_TRY(AlertRoute route, ReadRoute(map, config));
    config.policy.routes.push_back(std::move(route));
  }
  MAXOPT_CHECK(root.Time("group_interval", config.policy.group_interval, kGroupIntervalMin));
  MAXOPT_CHECK(root.Time("hold", config.policy.hold, seconds(0)));
  MAXOPT_CHECK(root.Time("give_up", config.give_up, seconds(60)));
  return config;
}

}  // namespace

Result<AlertConfig> ParseAlertConfig(std::string_view yaml, const std::string& file) {
  return ReadYaml(yaml, file, ReadAlerts);
}

std::string AlertConfigTemplate() {
  return R"yaml(# Who is told about alerts, where and how often. See docs/alerts.md. Secrets (url, secret, user,
# password) are best kept elsewhere and named here: env:NAME, or file:PATH beside this file.
maxopt: alerts/1
channels: []
# channels:
#   - {name: chat, kind: slack, url: env:SLACK_WEBHOOK}
#   - {name: teams, kind: teams, url: env:TEAMS_WORKFLOW_URL}
#   - {name: pager, kind: pagerduty, secret: env:PAGERDUTY_ROUTING_KEY}
#   - name: mail
#     kind: email
#     url: smtp://mail.example:587     # STARTTLS; smtps://mail.example:465
#     from: max@agency.example
#     to: [team@agency.example]
#     user: env:SMTP_USER
#     password: env:SMTP_PASSWORD
#     quiet: {from: "20:00", to: "07:00", zone: Europe/Berlin}   # critical alerts pass
#   - name: hook
#     kind: webhook
#     url: https://ops.agency.example/maxopt
#     secret: file:webhook-secret      # openssl rand -hex 32
#     allow_private: false             # true: the host may be on a private address
#     send_resolved: true
routes: []
# routes:                              # the first that takes an alert has it
#   - match: "detector=review"
#     channels: [mail]
#   - match: "client=Alpenglow"
#     tier: warning                    # at least: info, warning, critical
#     channels: [chat]
#     repeat_warning: 24h
#     repeat_critical: 4h
#     escalate:                        # of critical alerts that nobody acknowledged
#       - {after: 30m, channels: [pager]}
group_interval: 5m                     # between two messages of one group, at least 60s
hold: 20m                              # over for so long before it counts as over
give_up: 24h                           # of a message that cannot be delivered
)yaml";
}

}  // namespace maxopt
