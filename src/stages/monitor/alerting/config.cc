#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "stages/monitor/alerting/alerting.h"

namespace maxopt {
namespace {

using std::chrono::seconds;

constexpr std::size_t kConfigBytesMax = 1u << 20;

/// A mapping of the file, with its place for errors.
class Reader {
 public:
  Reader(YAML::Node node, std::string file) : node_(std::move(node)), file_(std::move(file)) {}

  std::unexpected<Error> Bad(const YAML::Node& at, const std::string& what) const {
    return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file_, at.Mark().line + 1, what));
  }
  Result<> OnlyKeys(const std::set<std::string>& known) const {
    if (!node_.IsMap()) return Bad(node_, "a mapping of names and values is expected here");
    std::set<std::string> seen;
    for (const auto& pair : node_) {
      if (!pair.first.IsScalar()) return Bad(pair.first, "a name is expected here");
      const std::string key = pair.first.Scalar();
      if (!known.contains(key)) {
        return Bad(pair.first, fmt::format("\"{}\" is not known; known are {}", key.substr(0, 80),
                                           fmt::join(known, ", ")));
      }
      if (!seen.insert(key).second) return Bad(pair.first, fmt::format("{} stands twice", key));
    }
    return {};
  }
  YAML::Node At(const char* key) const { return node_[key]; }
  bool Has(const char* key) const { return node_[key].IsDefined(); }
  Result<std::string> Text(const char* key) const {
    const YAML::Node value = node_[key];
    if (!value.IsDefined()) return Bad(node_, fmt::format("{} is missing", key));
    if (!value.IsScalar() || value.Scalar().empty()) {
      return Bad(value, fmt::format("{} must be a text", key));
    }
    return value.Scalar();
  }
  Result<bool> Flag(const char* key, bool otherwise) const {
    if (!Has(key)) return otherwise;
    MAXOPT_TRY(const std::string text, Text(key));
    if (text != "true" && text != "false") {
      return Bad(node_[key], fmt::format("{} must be true or false", key));
    }
    return text == "true";
  }
  Result<std::vector<std::string>> Texts(const char* key) const {
    std::vector<std::string> out;
    const YAML::Node list = node_[key];
    if (!list.IsDefined() || !list.IsSequence()) {
      return Bad(list.IsDefined() ? list : node_, fmt::format("{} must be a list", key));
    }
    for (const YAML::Node& value : list) {
      if (!value.IsScalar() || value.Scalar().empty()) {
        return Bad(value, fmt::format("{} must hold texts", key));
      }
      out.push_back(value.Scalar());
    }
    return out;
  }
  /// "90s", "15m", "4h", "2d"
  Result<seconds> Time(const char* key, seconds otherwise, seconds least) const {
    if (!Has(key)) return otherwise;
    MAXOPT_TRY(const std::string text, Text(key));
    int count = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const int scale = unit == "s"   ? 1
                      : unit == "m" ? 60
                      : unit == "h" ? 3600
                      : unit == "d" ? 86'400
                                    : 0;
    constexpr int kDaysMax = 366;
    if (code != std::errc() || scale == 0 || count < 0 || count > kDaysMax * 86'400 / scale) {
      return Bad(node_[key],
                 fmt::format("{} must be a time like 90s, 15m, 4h or 2d, at most 366d", key));
    }
    const seconds time{static_cast<long long>(count) * scale};
    if (time < least) {
      return Bad(node_[key], fmt::format("{} must be at least {} s", key, least.count()));
    }
    return time;
  }
  /// The secret behind what is written; never part of an error.
  Result<std::string> Secret(const char* key) const {
    MAXOPT_TRY(const std::string written, Text(key));
    if (written.starts_with("env:")) {
      const char* value = std::getenv(written.substr(4).c_str());
      if (!value || !*value) {
        return Bad(node_[key],
                   fmt::format("{}: the environment has no {}", key, written.substr(4)));
      }
      return std::string(value);
    }
    if (!written.starts_with("file:")) return written;
    const auto path = std::filesystem::path(file_).parent_path() / written.substr(5);
    std::ifstream in(path, std::ios::binary);
    if (!in) return Bad(node_[key], fmt::format("{}: {} cannot be read", key, path.string()));
    std::ostringstream out;
    out << in.rdbuf();
    std::string text = std::move(out).str();
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
  }
  const std::string& file() const { return file_; }

 private:
  YAML::Node node_;
  std::string file_;
};

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

Result<QuietHours> ReadQuiet(const YAML::Node& node, const std::string& file) {
  const Reader reader(node, file);
  MAXOPT_CHECK(reader.OnlyKeys({"from", "to", "zone"}));
  QuietHours quiet;
  MAXOPT_TRY(const std::string from, reader.Text("from"));
  MAXOPT_TRY(const std::string to, reader.Text("to"));
  MAXOPT_TRY(const std::string name, reader.Text("zone"));
  const auto first = MinuteOf(from);
  const auto last = MinuteOf(to);
  if (!first || !last) return reader.Bad(node, "from and to must be times like \"22:00\"");
  const auto zone = Zone::Find(name);
  if (!zone) return reader.Bad(reader.At("zone"), zone.error().what);
  quiet.from_minute = *first;
  quiet.to_minute = *last;
  quiet.zone = *zone;
  return quiet;
}

Result<> ReadChannel(const YAML::Node& node, const std::string& file, AlertConfig& config) {
  const Reader reader(node, file);
  MAXOPT_CHECK(
      reader.OnlyKeys({"name", "kind", "url", "secret", "allow_private", "send_resolved", "quiet",
                       "from", "to", "user", "password", "plain_text_smtp", "ca_file"}));
  Channel channel;
  MAXOPT_TRY(channel.name, reader.Text("name"));
  if (channel.name.find('|') != std::string::npos || channel.name.size() > 60) {
    return reader.Bad(reader.At("name"), "name must be short and without |");
  }
  if (config.channels.contains(channel.name)) {
    return reader.Bad(reader.At("name"), fmt::format("channel {} stands twice", channel.name));
  }
  MAXOPT_TRY(const std::string word, reader.Text("kind"));
  const auto kind = FindChannelKind(word);
  if (!kind) return reader.Bad(reader.At("kind"), kind.error().what);
  channel.kind = *kind;
  const auto secret = [&](const char* key, std::string& into) -> Result<> {
    if (!reader.Has(key)) return {};
    MAXOPT_TRY(into, reader.Secret(key));
    return {};
  };
  MAXOPT_CHECK(secret("url", channel.url));
  MAXOPT_CHECK(secret("secret", channel.secret));
  MAXOPT_CHECK(secret("user", channel.user));
  MAXOPT_CHECK(secret("password", channel.password));
  MAXOPT_CHECK(secret("from", channel.from));
  MAXOPT_CHECK(secret("ca_file", channel.ca_file));
  if (reader.Has("to")) {
    MAXOPT_TRY(channel.to, reader.Texts("to"));
  }
  MAXOPT_TRY(channel.allow_private, reader.Flag("allow_private", false));
  MAXOPT_TRY(channel.plain_text_smtp, reader.Flag("plain_text_smtp", false));
  ChannelTraits traits;
  MAXOPT_TRY(traits.send_resolved, reader.Flag("send_resolved", true));
  traits.send_acknowledged = channel.kind == ChannelKind::kPagerDuty;
  if (reader.Has("quiet")) {
    MAXOPT_TRY(traits.quiet, ReadQuiet(reader.At("quiet"), file));
  }
  if (const auto fits = CheckChannel(channel); !fits) return reader.Bad(node, fits.error().what);
  config.policy.channels[channel.name] = std::move(traits);
  config.channels[channel.name] = std::move(channel);
  return {};
}

Result<std::vector<std::string>> KnownChannels(const Reader& reader, const AlertConfig& config) {
  MAXOPT_TRY(std::vector<std::string> names, reader.Texts("channels"));
  for (const std::string& name : names) {
    if (!config.channels.contains(name)) {
      return reader.Bad(reader.At("channels"), fmt::format("there is no channel {}", name));
    }
  }
  return names;
}

Result<AlertRoute> ReadRoute(const YAML::Node& node, const std::string& file,
                             const AlertConfig& config) {
  const Reader reader(node, file);
  MAXOPT_CHECK(reader.OnlyKeys(
      {"match", "tier", "channels", "repeat_warning", "repeat_critical", "escalate"}));
  AlertRoute route;
  if (reader.Has("match")) {
    MAXOPT_TRY(const std::string text, reader.Text("match"));
    auto matcher = ParseMatcher(text);
    if (!matcher) return reader.Bad(reader.At("match"), matcher.error().what);
    route.match = std::move(*matcher);
  }
  if (reader.Has("tier")) {
    MAXOPT_TRY(const std::string word, reader.Text("tier"));
    const auto tier = FindAlertTier(word);
    if (!tier) return reader.Bad(reader.At("tier"), tier.error().what);
    route.tier_min = *tier;
  }
  MAXOPT_TRY(route.channels, KnownChannels(reader, config));
  MAXOPT_TRY(route.repeat_warning,
             reader.Time("repeat_warning", route.repeat_warning, std::chrono::minutes(5)));
  MAXOPT_TRY(route.repeat_critical,
             reader.Time("repeat_critical", route.repeat_critical, std::chrono::minutes(5)));
  if (reader.Has("escalate")) {
    if (!reader.At("escalate").IsSequence()) {
      return reader.Bad(reader.At("escalate"), "escalate must be a list of after and channels");
    }
    for (const YAML::Node& at : reader.At("escalate")) {
      const Reader step(at, file);
      MAXOPT_CHECK(step.OnlyKeys({"after", "channels"}));
      EscalationStep next;
      if (!step.Has("after")) return step.Bad(at, "after is missing");
      MAXOPT_TRY(next.after, step.Time("after", seconds(0), seconds(60)));
      MAXOPT_TRY(next.channels, KnownChannels(step, config));
      if (!route.escalation.empty() && next.after <= route.escalation.back().after) {
        return step.Bad(at, "each step of escalate must come after the one before");
      }
      route.escalation.push_back(std::move(next));
    }
  }
  return route;
}

}  // namespace

Result<AlertConfig> ParseAlertConfig(std::string_view yaml, const std::string& file) {
  if (yaml.size() > kConfigBytesMax) {
    return Fail(Errc::kInvalidArgument, file + ": too long for a configuration");
  }
  AlertConfig config;
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    const Reader reader(root, file);
    MAXOPT_CHECK(
        reader.OnlyKeys({"maxopt", "channels", "routes", "group_interval", "hold", "give_up"}));
    MAXOPT_TRY(const std::string kind, reader.Text("maxopt"));
    if (kind != "alerts/1") return reader.Bad(root["maxopt"], "maxopt must be alerts/1");
    for (const char* list : {"channels", "routes"}) {
      if (!reader.Has(list) || !reader.At(list).IsSequence()) {
        return reader.Bad(root, fmt::format("{} must be a list", list));
      }
    }
    for (const YAML::Node& node : reader.At("channels")) {
      MAXOPT_CHECK(ReadChannel(node, file, config));
    }
    for (const YAML::Node& node : reader.At("routes")) {
      MAXOPT_TRY(AlertRoute route, ReadRoute(node, file, config));
      config.policy.routes.push_back(std::move(route));
    }
    MAXOPT_TRY(config.policy.group_interval,
               reader.Time("group_interval", config.policy.group_interval, kGroupIntervalMin));
    MAXOPT_TRY(config.policy.hold, reader.Time("hold", config.policy.hold, seconds(0)));
    MAXOPT_TRY(config.give_up, reader.Time("give_up", config.give_up, seconds(60)));
  } catch (const YAML::Exception& e) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file, e.mark.line + 1, e.msg));
  }
  return config;
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
