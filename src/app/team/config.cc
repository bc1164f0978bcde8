// team.yaml.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "app/team/team.h"

namespace maxopt {
namespace {

constexpr std::size_t kTeamYamlBytesMax = 1u << 20;

/// A mapping of the file, with its place for errors.
class TeamReader {
 public:
  TeamReader(YAML::Node node, const std::string& file) : node_(std::move(node)), file_(file) {}

  std::unexpected<Error> Bad(const YAML::Node& at, const std::string& what) const {
    return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file_, at.Mark().line + 1, what));
  }
  Result<> OnlyKeys(const std::set<std::string>& known) const {
    if (!node_.IsMap()) return Bad(node_, "names and values (key: value) are expected here");
    std::set<std::string> seen;
    for (const auto& pair : node_) {
      const std::string key = pair.first.IsScalar() ? pair.first.Scalar() : "?";
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
  Result<std::string> TextOr(const char* key, const std::string& otherwise) const {
    if (!Has(key)) return otherwise;
    return Text(key);
  }
  Result<std::vector<std::string>> Texts(const char* key) const {
    std::vector<std::string> out;
    if (!Has(key)) return out;
    const YAML::Node list = node_[key];
    if (!list.IsSequence()) return Bad(list, fmt::format("{} must be a list", key));
    for (const YAML::Node& value : list) {
      if (!value.IsScalar() || value.Scalar().empty()) {
        return Bad(value, fmt::format("{} must hold texts", key));
      }
      out.push_back(value.Scalar());
    }
    return out;
  }
  Result<bool> Flag(const char* key) const {
    if (!Has(key)) return false;
    MAXOPT_TRY(const std::string text, Text(key));
    if (text != "true" && text != "false") {
      return Bad(node_[key], fmt::format("{} must be true or false", key));
    }
    return text == "true";
  }
  /// "90s", "15m", "4h", "2d"
  Result<std::chrono::seconds> Time(const char* key, std::chrono::seconds otherwise) const {
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
    if (code != std::errc() || scale == 0 || count < 1 || count > kDaysMax * 86'400 / scale) {
      return Bad(node_[key],
                 fmt::format("{} must be a time like 90s, 15m, 4h or 2d, at most 366d", key));
    }
    return std::chrono::seconds(static_cast<long long>(count) * scale);
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
    auto text = ReadWholeFile(path.string());
    if (!text) return Bad(node_[key], fmt::format("{}: {} cannot be read", key, path.string()));
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    return *text;
  }
  const std::string& file() const { return file_; }

 private:
  YAML::Node node_;
  const std::string& file_;
};

bool IsMemberName(std::string_view text) {
  return !text.empty() && text.size() <= 40 && text.front() >= 'a' && text.front() <= 'z' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

Result<std::string> ReadFolder(const TeamReader& reader, const char* key) {
  MAXOPT_TRY(const std::string path, reader.Text(key));
  for (const auto& part : std::filesystem::path(path)) {
    if (part == "..") return reader.Bad(reader.At(key), fmt::format("{} must not go up (..)", key));
  }
  return path;
}

Result<TeamChannel> ReadTeamChannel(const TeamReader& reader, const std::string& member) {
  MAXOPT_CHECK(reader.OnlyKeys(
      {"kind", "name", "path", "url", "secret", "token", "allow_private", "channel", "to"}));
  MAXOPT_TRY(const std::string kind, reader.Text("kind"));
  TeamChannel out;
  MAXOPT_TRY(out.name, reader.TextOr("name", kind));
  const auto only = [&](const std::set<std::string>& keys) -> Result<> {
    for (const char* key : {"path", "url", "secret", "token", "allow_private", "channel", "to"}) {
      if (reader.Has(key) && !keys.contains(key)) {
        return reader.Bad(reader.At(key), fmt::format("a channel of kind {} has no {}", kind, key));
      }
    }
    return {};
  };
  out.wire.name = fmt::format("{} of {}", out.name, member);
  if (kind == "folder") {
    MAXOPT_CHECK(only({"path"}));
    out.kind = TeamChannel::Kind::kFolder;
    MAXOPT_TRY(out.folder, ReadFolder(reader, "path"));
    return out;
  }
  if (kind == "email") {
    MAXOPT_CHECK(only({"channel", "to"}));
    out.kind = TeamChannel::Kind::kEmail;
    MAXOPT_TRY(out.mail, reader.Text("channel"));
    MAXOPT_TRY(out.mail_to, reader.Texts("to"));
    if (out.mail_to.empty()) return reader.Bad(reader.At("kind"), "to must name mail addresses");
    return out;
  }
  if (kind != "webhook" && kind != "a2a") {
    return reader.Bad(reader.At("kind"), fmt::format("\"{}\" is no kind of channel; known are "
                                                     "folder, webhook, email, a2a (and without "
                                                     "one, messages are fetched over MCP or A2A)",
                                                     kind.substr(0, 60)));
  }
  out.wire.kind = ChannelKind::kWebhook;
  MAXOPT_TRY(out.wire.url, reader.Secret("url"));
  MAXOPT_TRY(out.wire.allow_private, reader.Flag("allow_private"));
  if (kind == "webhook") {
    MAXOPT_CHECK(only({"url", "secret", "allow_private"}));
    out.kind = TeamChannel::Kind::kWebhook;
    MAXOPT_TRY(out.wire.secret, reader.Secret("secret"));
  } else {
    MAXOPT_CHECK(only({"url", "token", "allow_private"}));
    out.kind = TeamChannel::Kind::kA2a;
    if (reader.Has("token")) {
      MAXOPT_TRY(out.token, reader.Secret("token"));
      const bool plain =
          std::ranges::all_of(out.token, [](char c) { return c > 0x20 && c < 0x7F; });
      if (!plain) return reader.Bad(reader.At("token"), "token holds what no header may");
    }
  }
  Channel judged = out.wire;
  // An A2A server knows its callers by the token; its messages carry no signature.
  if (out.kind == TeamChannel::Kind::kA2a) judged.secret = "unsigned, for the token is there";
  if (const auto good = CheckChannel(judged); !good) {
    return reader.Bad(reader.At("kind"), good.error().what);
  }
  return out;
}

Result<> ReadMember(const TeamReader& reader, TeamConfig& config) {
  MAXOPT_CHECK(reader.OnlyKeys(
      {"name", "title", "user", "clients", "sends", "secret", "inbox", "channels"}));
  MAXOPT_TRY(const std::string name, reader.Text("name"));
  if (!IsMemberName(name) || name == "max") {
    return reader.Bad(reader.At("name"),
                      "name must be small letters, digits and _, begin with a letter, and not be "
                      "max");
  }
  auto found = std::ranges::find(config.members, name, &TeamMember::name);
  if (found == config.members.end()) {
    config.members.push_back({.name = name, .title = name, .user = name});
    found = config.members.end() - 1;
  }
  TeamMember& member = *found;
  MAXOPT_TRY(member.title, reader.TextOr("title", member.title));
  MAXOPT_TRY(member.user, reader.TextOr("user", member.user));
  MAXOPT_TRY(member.clients, reader.Texts("clients"));
  MAXOPT_TRY(member.sends, reader.Texts("sends"));
  for (const std::string& kind : member.sends) {
    const auto known = team::FindKind(kind, team::Direction::kIn);
    if (!known) return reader.Bad(reader.At("sends"), known.error().what);
  }
  if (reader.Has("secret")) {
    MAXOPT_TRY(member.secret, reader.Secret("secret"));
    if (member.secret.size() < 16) {
      return reader.Bad(reader.At("secret"),
                        "secret must have at least 16 characters; openssl rand -hex 32 makes one");
    }
  }
  if (reader.Has("inbox")) {
    MAXOPT_TRY(member.inbox, ReadFolder(reader, "inbox"));
  }
  const YAML::Node channels = reader.At("channels");
  if (!channels.IsDefined()) return {};
  if (!channels.IsSequence()) return reader.Bad(channels, "channels must be a list");
  for (const YAML::Node& node : channels) {
    MAXOPT_TRY(TeamChannel channel, ReadTeamChannel(TeamReader(node, reader.file()), name));
    for (const TeamChannel& other : member.channels) {
      if (other.name == channel.name) {
        return reader.Bad(
            node,
            fmt::format("two channels of {} are called {}; give one a name:", name, channel.name));
      }
    }
    member.channels.push_back(std::move(channel));
  }
  return {};
}

TeamConfig WorkflowTeam() {
  TeamConfig config;
  for (const team::Teammate& one : team::Teammates()) {
    config.members.push_back({.name = std::string(one.name),
                              .title = std::string(one.title),
                              .user = std::string(one.name)});
  }
  return config;
}

}  // namespace

bool TeamMember::Sees(std::string_view client) const {
  return clients.empty() || std::ranges::find(clients, client) != clients.end();
}

const TeamMember* TeamConfig::Find(std::string_view name) const {
  const auto found = std::ranges::find(members, name, &TeamMember::name);
  return found == members.end() ? nullptr : &*found;
}

const TeamMember* TeamConfig::OfUser(std::string_view user) const {
  if (user.empty()) return nullptr;
  const auto found = std::ranges::find(members, user, &TeamMember::user);
  return found == members.end() ? nullptr : &*found;
}

Result<TeamConfig> ParseTeamConfig(const std::string& yaml, const std::string& file) {
  if (yaml.size() > kTeamYamlBytesMax || yaml.find('&') != std::string::npos) {
    // Anchors are not needed here, and aliases of aliases are how small files grow huge.
    return Fail(Errc::kInvalidArgument,
                file + ": too long, or with anchors (&), which are not read");
  }
  TeamConfig config = WorkflowTeam();
  try {
    const TeamReader root(YAML::Load(yaml), file);
    MAXOPT_CHECK(root.OnlyKeys({"maxopt", "answer_within", "give_up", "members"}));
    MAXOPT_TRY(const std::string version, root.TextOr("maxopt", ""));
    if (version != "team/1") {
      return Fail(Errc::kInvalidArgument, file + ":1: \"maxopt: team/1\" is needed here");
    }
    MAXOPT_TRY(config.answer_within, root.Time("answer_within", config.answer_within));
    MAXOPT_TRY(config.retry.give_up, root.Time("give_up", config.retry.give_up));
    const YAML::Node members = root.At("members");
    if (members.IsDefined()) {
      if (!members.IsSequence()) return root.Bad(members, "members must be a list");
      std::set<std::string> seen;
      for (const YAML::Node& node : members) {
        const TeamReader reader(node, file);
        MAXOPT_CHECK(ReadMember(reader, config));
        if (!seen.insert(node["name"].Scalar()).second) {
          return reader.Bad(node, fmt::format("{} stands twice", node["name"].Scalar()));
        }
      }
    }
  } catch (const YAML::Exception& error) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}:{}: {}", file, error.mark.line + 1, error.msg));
  }
  std::set<std::string> users;
  for (const TeamMember& member : config.members) {
    if (!users.insert(member.user).second) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("{}: two members are the user {}; a user speaks for one", file, member.user));
    }
  }
  return config;
}

Result<TeamConfig> ReadTeamConfig(const Home& home) {
  const std::string path = home.PathOf("team.yaml");
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return WorkflowTeam();
  MAXOPT_TRY(const std::string yaml, ReadWholeFile(path));
  return ParseTeamConfig(yaml, path);
}

std::string TeamConfigTemplate() {
  return R"yaml(# Who works with Max, and how messages reach them. See docs/team.md. The teammates of the workflow
# (carlos, james, zara, lucas, maya, ben, olivia, simon, front_office) are known without this file;
# what Max has for them then waits in the outbox until it is fetched (maxopt outbox, MCP, A2A).
# Secrets are best kept elsewhere and named here: env:NAME, or file:PATH beside this file.
maxopt: team/1
# answer_within: 2d       # due time of questions that state none
# give_up: 3d             # a message that cannot be delivered for so long is shown as failed
members: []
#   - name: james
#     user: james                       # of maxopt serve: whose API keys speak for him
#     clients: [Alpenglow]              # left out: every client
#     secret: env:JAMES_SIGNING_KEY     # his messages over the API must be signed with it
#     inbox: team/james/to_max          # folder (below this one) that is looked into
#     channels:
#       - {kind: folder, path: team/james/from_max}
#       - {kind: webhook, url: env:JAMES_WEBHOOK, secret: env:JAMES_WEBHOOK_KEY}
#       - {kind: email, channel: mail, to: [james@agency.example]}   # channel of alerts.yaml
#       - {kind: a2a, url: "https://james.example/a2a", token: env:JAMES_A2A_TOKEN}
)yaml";
}

}  // namespace maxopt
