// team.yaml.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "app/team/team.h"
#include "yaml/yaml.h"

namespace maxopt {
namespace {

bool IsMemberName(std::string_view text) {
  return !text.empty() && text.size() <= 40 && text.front() >= 'a' && text.front() <= 'z' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

Result<std::string> ReadFolder(const YamlMap& reader, const char* key) {
  MAXOPT_TRY(const std::string path, reader.Text(key));
  for (const auto& part : std::filesystem::path(path)) {
    if (part == "..") return reader.Bad(key, fmt::format("{} must not go up (..)", key));
  }
  return path;
}

Result<TeamChannel> ReadTeamChannel(const YamlMap& reader, const std::string& member) {
  MAXOPT_CHECK(reader.OnlyKeys(
      {"kind", "name", "path", "url", "secret", "token", "allow_private", "channel", "to"}));
  MAXOPT_TRY(const std::string kind, reader.Text("kind"));
  TeamChannel out;
  out.name = kind;
  MAXOPT_CHECK(reader.Text("name", out.name));
  const auto only = [&](const std::set<std::string>& keys) -> Result<> {
    for (const char* key : {"path", "url", "secret", "token", "allow_private", "channel", "to"}) {
      if (reader.Has(key) && !keys.contains(key)) {
        return reader.Bad(key, fmt::format("a channel of kind {} has no {}", kind, key));
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
    MAXOPT_CHECK(reader.Texts("to", out.mail_to));
    if (out.mail_to.empty()) return reader.Bad("kind", "to must name mail addresses");
    return out;
  }
  if (kind != "webhook" && kind != "a2a") {
    return reader.Bad("kind", fmt::format("\"{}\" is no kind of channel; known are "
                                          "folder, webhook, email, a2a (and without "
                                          "one, messages are fetched over MCP or A2A)",
                                          kind.substr(0, 60)));
  }
  out.wire.kind = ChannelKind::kWebhook;
  MAXOPT_TRY(out.wire.url, reader.Secret("url"));
  MAXOPT_CHECK(reader.Flag("allow_private", out.wire.allow_private));
  if (kind == "webhook") {
    MAXOPT_CHECK(only({"url", "secret", "allow_private"}));
    out.kind = TeamChannel::Kind::kWebhook;
    MAXOPT_TRY(out.wire.secret, reader.Secret("secret"));
  } else {
    MAXOPT_CHECK(only({"url", "token", "allow_private"}));
    out.kind = TeamChannel::Kind::kA2a;
    MAXOPT_CHECK(reader.Secret("token", out.token));
    const bool plain = std::ranges::all_of(out.token, [](char c) { return c > 0x20 && c < 0x7F; });
    if (!plain) return reader.Bad("token", "token holds what no header may");
  }
  Channel judged = out.wire;
  // An A2A server knows its callers by the token; its messages carry no signature.
  if (out.kind == TeamChannel::Kind::kA2a) judged.secret = "unsigned, for the token is there";
  if (const auto good = CheckChannel(judged); !good) {
    return reader.Bad("kind", good.error().what);
  }
  return out;
}

Result<> ReadMember(const YamlMap& reader, TeamConfig& config) {
  MAXOPT_CHECK(reader.OnlyKeys({"name", "title", "user", "clients", "sends", "secret", "webhook_in",
                                "inbox", "mail_token", "channels"}));
  MAXOPT_TRY(const std::string name, reader.Text("name"));
  if (!IsMemberName(name) || name == "max") {
    return reader.Bad("name",
                      "name must be small letters, digits and _, begin with a letter, and not be "
                      "max");
  }
  auto found = std::ranges::find(config.members, name, &TeamMember::name);
  if (found == config.members.end()) {
    config.members.push_back({.name = name, .title = name, .user = name});
    found = config.members.end() - 1;
  }
  TeamMember& member = *found;
  MAXOPT_CHECK(reader.Text("title", member.title));
  MAXOPT_CHECK(reader.Text("user", member.user));
  MAXOPT_CHECK(reader.Texts("clients", member.clients));
  MAXOPT_CHECK(reader.Texts("sends", member.sends));
  for (const std::string& kind : member.sends) {
    const auto known = team::FindKind(kind, team::Direction::kIn);
    if (!known) return reader.Bad("sends", known.error().what);
  }
  if (reader.Has("secret")) {
    MAXOPT_TRY(member.secret, reader.Secret("secret"));
    if (member.secret.size() < 16) {
      return reader.Bad("secret",
                        "secret must have at least 16 characters; openssl rand -hex 32 makes one");
    }
  }
  MAXOPT_CHECK(reader.Flag("webhook_in", member.webhook_in));
  if (member.webhook_in && member.secret.empty()) {
    return reader.Bad("webhook_in",
                      "webhook_in needs the member's secret: the signature is the proof");
  }
  if (reader.Has("inbox")) {
    MAXOPT_TRY(member.inbox, ReadFolder(reader, "inbox"));
  }
  if (reader.Has("mail_token")) {
    MAXOPT_TRY(member.mail_token, reader.Secret("mail_token"));
    const bool plain = member.mail_token.size() >= 16 && member.mail_token.size() <= 40 &&
                       std::ranges::all_of(member.mail_token, [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
                       });
    if (!plain) {
      return reader.Bad("mail_token",
                        "mail_token must be 16 to 40 small letters and digits, as it is a part of "
                        "an address; openssl rand -hex 16 makes one");
    }
  }
  MAXOPT_TRY(const std::vector<YamlMap> channels, reader.Maps("channels"));
  for (const YamlMap& map : channels) {
    MAXOPT_TRY(TeamChannel channel, ReadTeamChannel(map, name));
    for (const TeamChannel& other : member.channels) {
      if (other.name == channel.name) {
        return map.Bad(
            fmt::format("two channels of {} are called {}; give one a name:", name, channel.name));
      }
    }
    member.channels.push_back(std::move(channel));
  }
  return {};
}

Result<TeamMailbox> ReadTeamMailbox(const YamlMap& reader) {
  MAXOPT_CHECK(reader.OnlyKeys(
      {"url", "user", "password", "folder", "ca_file", "plain_text", "maildir", "address"}));
  TeamMailbox out;
  if (reader.Has("maildir")) {
    MAXOPT_TRY(out.at.maildir, ReadFolder(reader, "maildir"));
    if (!out.at.maildir.starts_with('/')) {
      out.at.maildir = std::filesystem::path(reader.file()).parent_path() / out.at.maildir;
    }
  }
  MAXOPT_CHECK(reader.Text("url", out.at.url));
  MAXOPT_CHECK(reader.Secret("user", out.at.user));
  MAXOPT_CHECK(reader.Secret("password", out.at.password));
  MAXOPT_CHECK(reader.Text("folder", out.at.folder));
  MAXOPT_CHECK(reader.Text("ca_file", out.at.ca_file));
  MAXOPT_CHECK(reader.Flag("plain_text", out.at.plain_text));
  if (const auto good = CheckMailbox(out.at); !good) {
    return reader.Bad("address", good.error().what);
  }
  MAXOPT_TRY(out.address, reader.Text("address"));
  const std::size_t at = out.address.find('@');
  const bool plain = at != 0 && at != std::string::npos && at + 1 < out.address.size() &&
                     std::ranges::all_of(out.address, [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
                              c == '-' || c == '_' || c == '@';
                     });
  if (!plain) {
    return reader.Bad("address",
                      "address must be like max@agency.example, in small "
                      "letters; what members write to gets +TOKEN before @");
  }
  return out;
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

Result<TeamConfig> ReadTeam(const YamlMap& root) {
  TeamConfig config = WorkflowTeam();
  MAXOPT_CHECK(root.OnlyKeys(
      {"maxopt", "answer_within", "give_up", "answer_questions", "mailbox", "members"}));
  MAXOPT_CHECK(root.Kind("team/1"));
  MAXOPT_CHECK(root.Time("answer_within", config.answer_within));
  MAXOPT_CHECK(root.Time("give_up", config.retry.give_up));
  std::string answers = "off";
  MAXOPT_CHECK(root.Text("answer_questions", answers));
  if (answers != "off" && answers != "rules" && answers != "model") {
    return root.Bad("answer_questions", "answer_questions must be off, rules or model");
  }
  using OwnAnswers = TeamConfig::OwnAnswers;
  config.own_answers = answers == "off"     ? OwnAnswers::kOff
                       : answers == "rules" ? OwnAnswers::kRules
                                            : OwnAnswers::kModel;
  if (root.Has("mailbox")) {
    MAXOPT_TRY(config.mailbox, ReadTeamMailbox(root.Map("mailbox")));
  }
  MAXOPT_TRY(const std::vector<YamlMap> members, root.Maps("members"));
  std::set<std::string> seen;
  for (const YamlMap& reader : members) {
    MAXOPT_CHECK(ReadMember(reader, config));
    MAXOPT_TRY(const std::string name, reader.Text("name"));
    if (!seen.insert(name).second) return reader.Bad(fmt::format("{} stands twice", name));
  }
  std::set<std::string> users, tokens;
  for (const TeamMember& member : config.members) {
    if (!member.mail_token.empty() && !tokens.insert(member.mail_token).second) {
      return root.Bad(fmt::format("{} has the mail_token of another member", member.name));
    }
    if (!users.insert(member.user).second) {
      return root.Bad(
          fmt::format("two members are the user {}; a user speaks for one", member.user));
    }
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

const TeamMember* TeamConfig::OfAddress(std::span<const std::string> addresses) const {
  if (!mailbox) return nullptr;
  const std::size_t at = mailbox->address.find('@');
  const std::string begin = mailbox->address.substr(0, at) + "+";
  const std::string end = mailbox->address.substr(at);
  const TeamMember* found = nullptr;
  for (const TeamMember& member : members) {
    if (member.mail_token.empty()) continue;
    const std::string secret = begin + member.mail_token + end;
    if (std::ranges::find(addresses, secret) == addresses.end()) continue;
    // To two members' addresses: which of them it is from is not proven.
    if (found) return nullptr;
    found = &member;
  }
  return found;
}

Result<TeamConfig> ParseTeamConfig(const std::string& yaml, const std::string& file) {
  return ReadYaml(yaml, file, ReadTeam);
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
# answer_questions: rules # what the data answers is answered at once, marked so: off, rules, model
# mailbox:                # mails to Max are read here
#   url: imaps://mail.agency.example:993      # or maildir: /var/mail/max, instead of url and login
#   user: env:MAX_MAIL_USER
#   password: env:MAX_MAIL_PASSWORD
#   address: max@agency.example               # members write to max+TOKEN@agency.example
members: []
#   - name: james
#     user: james                       # of maxopt serve: whose API keys speak for him
#     clients: [Alpenglow]              # left out: every client
#     secret: env:JAMES_SIGNING_KEY     # his messages over the API must be signed with it
#     webhook_in: true                  # and need no API key then
#     inbox: team/james/to_max          # folder (below this one) that is looked into
#     mail_token: env:JAMES_MAIL_TOKEN  # his mails come to max+TOKEN@agency.example
#     channels:
#       - {kind: folder, path: team/james/from_max}
#       - {kind: webhook, url: env:JAMES_WEBHOOK, secret: env:JAMES_WEBHOOK_KEY}
#       - {kind: email, channel: mail, to: [james@agency.example]}   # channel of alerts.yaml
#       - {kind: a2a, url: "https://james.example/a2a", token: env:JAMES_A2A_TOKEN}
)yaml";
}

}  // namespace maxopt
