// users, keys, link: who may use dashboard and API.
#include <fmt/core.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "app/api/api.h"
#include "app/cli/access.h"
#include "app/cli/families.h"
#include "app/cli/open.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

void Print(const ordered_json& json) {
  fmt::print("{}\n", json.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

Result<ClientScope> ReadScope(const std::string& text) {
  if (text.empty() || text == "all") return ClientScope{};
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (out.empty()) return Fail(Errc::kInvalidArgument, "name clients as \"A,B\", or say all");
  return out;
}

std::string ScopeText(const ClientScope& scope) {
  if (!scope) return "all clients";
  std::string out;
  for (const std::string& client : *scope) out += (out.empty() ? "" : ", ") + client;
  return out.empty() ? "no client" : out;
}
ordered_json ScopeJson(const ClientScope& scope) {
  return scope ? ordered_json(*scope) : ordered_json(nullptr);
}

/// A line that is not shown on a terminal.
Result<std::string> AskPassword() {
  const bool terminal = ::isatty(0) == 1;
  termios before{};
  if (terminal) {
    fmt::print(stderr, "password (12 characters or more): ");
    ::tcgetattr(0, &before);
    termios quiet = before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(0, TCSAFLUSH, &quiet);
  }
  std::string line;
  std::getline(std::cin, line);
  if (terminal) {
    ::tcsetattr(0, TCSAFLUSH, &before);
    fmt::print(stderr, "\n");
  }
  if (line.empty()) return Fail(Errc::kInvalidArgument, "no password was given");
  return line;
}

}  // namespace

Result<std::unique_ptr<UserStore>> OpenUsers(const CommandContext& context) {
  if (!std::filesystem::exists(context.home)) {
    std::error_code error;
    std::filesystem::create_directories(context.home, error);
    if (error) return Fail(Errc::kLocal, fmt::format("{}: {}", context.home, error.message()));
    ::chmod(context.home.c_str(), 0700);
  }
  return UserStore::Open(UserStore::PathIn(context.home));
}

Result<std::string> LoginLink(UserStore& users, const std::string& origin,
                              const std::string& wanted) {
  const Instant now = RealClock().Now();
  MAXOPT_TRY(const std::vector<User> known, users.Users());
  std::string user = wanted;
  if (known.empty()) {
    // A system's name may hold what a user's may not.
    std::string name;
    for (const char c : Person("")) {
      const bool upper = c >= 'A' && c <= 'Z';
      const bool good = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      if (good) name += upper ? static_cast<char>(c - 'A' + 'a') : c;
    }
    if (name.empty()) name = "admin";
    if (!wanted.empty() && wanted != name) {
      return Fail(Errc::kNotFound, fmt::format("there is no user \"{}\"; first maxopt users add {}",
                                               wanted, wanted));
    }
    User self;
    self.name = user = name;
    self.role = Role::kAdmin;
    self.created_at = now;
    MAXOPT_CHECK(users.AddUser(self));
  } else if (user.empty()) {
    const auto admin = [&](auto also) {
      return std::find_if(known.begin(), known.end(),
                          [&](const User& one) { return one.role == Role::kAdmin && also(one); });
    };
    auto found = admin([](const User& one) { return one.name == Person(""); });
    if (found == known.end()) found = admin([](const User&) { return true; });
    user = found == known.end() ? known.front().name : found->name;
  }
  constexpr auto kLinkLasts = std::chrono::minutes(15);
  MAXOPT_TRY(const std::string secret, users.MakeLink(user, now, now + kLinkLasts));
  return fmt::format("{}/#link={}", origin, secret);
}

Result<int> UsersAddCommand(const CommandContext& context, const AccessArguments& arguments) {
  User user;
  user.name = arguments.name;
  MAXOPT_TRY(user.role, FindRole(arguments.role));
  MAXOPT_TRY(user.clients, ReadScope(arguments.clients));
  user.locale = arguments.locale;
  user.created_at = RealClock().Now();
  MAXOPT_TRY(const std::unique_ptr<UserStore> users, OpenUsers(context));
  MAXOPT_CHECK(users->AddUser(user));
  const auto set = [&]() -> Result<> {
    MAXOPT_TRY(const std::string password, AskPassword());
    return users->SetPassword(user.name, password);
  };
  if (arguments.password || ::isatty(0) == 1) {
    if (const auto done = set(); !done) {
      (void)users->RemoveUser(user.name);
      return Fail(done.error());
    }
  }
  MAXOPT_TRY(const User made, users->GetUser(user.name));
  if (context.json) {
    Print({{"user", made.name}, {"role", RoleName(made.role)}, {"password", made.has_password}});
  } else {
    fmt::print("{} is {} and sees {}{}\n", made.name, RoleName(made.role), ScopeText(made.clients),
               made.has_password ? "" : "; without a password only maxopt link --user logs in");
  }
  return kExitOk;
}

Result<int> UsersListCommand(const CommandContext& context) {
  MAXOPT_TRY(const std::unique_ptr<UserStore> users, OpenUsers(context));
  MAXOPT_TRY(const std::vector<User> known, users->Users());
  ordered_json list = ordered_json::array();
  for (const User& user : known) {
    list.push_back({{"user", user.name},
                    {"role", RoleName(user.role)},
                    {"clients", ScopeJson(user.clients)},
                    {"locale", user.locale},
                    {"password", user.has_password},
                    {"created_at", PrintInstant(user.created_at)}});
    if (context.json) continue;
    fmt::print("{:<24} {:<9} {}{}\n", user.name, RoleName(user.role), ScopeText(user.clients),
               user.has_password ? "" : "  (no password)");
  }
  if (context.json) {
    Print({{"users", list}});
  } else if (known.empty()) {
    fmt::print("there are no users; maxopt users add NAME --role admin makes the first\n");
  }
  return kExitOk;
}

Result<int> UsersRoleCommand(const CommandContext& context, const AccessArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<UserStore> users, OpenUsers(context));
  MAXOPT_TRY(User user, users->GetUser(arguments.name));
  MAXOPT_TRY(user.role, FindRole(arguments.role));
  MAXOPT_CHECK(users->ChangeUser(user));
  fmt::print("{} is {}\n", user.name, RoleName(user.role));
  return kExitOk;
}

Result<int> UsersClientsCommand(const CommandContext& context, const AccessArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<UserStore> users, OpenUsers(context));
  MAXOPT_TRY(User user, users->GetUser(arguments.name));
  MAXOPT_TRY(user.clients, ReadScope(arguments.clients));
  MAXOPT_CHECK(users->ChangeUser(user));
  fmt::print("{} sees {}\n", user.name, ScopeText(user.clients));
  return kExitOk;
}

Result<int> UsersPasswordCommand(const CommandContext& context, const AccessArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<UserStore> users, OpenUsers(context));
  MAXOPT_CHECK(users->GetUser(arguments.name));
  MAXOPT_TRY(const std::string password, AskPassword());
  MAXOPT_CHECK(users->SetPassword(arguments.name, password));
  fmt::print("{} has a new password; open sessions ended\n", arguments.name);
  return kExitOk;
}

Result<int> UsersRemoveCommand(const CommandContext& context, const AccessArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<UserStore> users, OpenUsers(context));
  MAXOPT_CHECK(users->RemoveUser(arguments.name));
  fmt::print("{} is removed, with sessions and keys\n", arguments.name);
  return kExitOk;
}

Result<int> KeysAddCommand(const CommandContext& context, const AccessArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<UserStore> users, OpenUsers(context));
  const Instant now = RealClock().Now();
  ApiKey key;
  key.user = arguments.user;
  key.what = arguments.what;
  MAXOPT_TRY(key.role, FindRole(arguments.role));
  MAXOPT_TRY(key.clients, ReadScope(arguments.clients));
  key.expires_at = now + std::chrono::days(arguments.days);
  MAXOPT_TRY(const UserStore::NewKey made, users->AddKey(key, now));
  if (context.json) {
    Print({{"prefix", made.key.prefix},
           {"secret", made.secret},
           {"expires_at", PrintInstant(*made.key.expires_at)}});
  } else {
    fmt::print("{}\nThis is shown once. It is {} for {} until {}; maxopt keys revoke {} ends it\n",
               made.secret, RoleName(key.role), ScopeText(key.clients),
               PrintInstant(*made.key.expires_at), made.key.prefix);
  }
  return kExitOk;
}

Result<int> KeysListCommand(const CommandContext& context) {
  MAXOPT_TRY(const std::unique_ptr<UserStore> users, OpenUsers(context));
  MAXOPT_TRY(const std::vector<ApiKey> keys, users->Keys());
  const Instant now = RealClock().Now();
  const auto text = [](const std::optional<Instant>& at) {
    return at ? ordered_json(PrintInstant(*at)) : ordered_json(nullptr);
  };
  ordered_json list = ordered_json::array();
  for (const ApiKey& key : keys) {
    list.push_back({{"prefix", key.prefix},
                    {"user", key.user},
                    {"what", key.what},
                    {"role", RoleName(key.role)},
                    {"clients", ScopeJson(key.clients)},
                    {"created_at", PrintInstant(key.created_at)},
                    {"expires_at", text(key.expires_at)},
                    {"revoked_at", text(key.revoked_at)},
                    {"used_at", text(key.used_at)}});
    if (context.json) continue;
    const std::string state = key.revoked_at                             ? "revoked"
                              : key.expires_at && *key.expires_at <= now ? "expired"
                                                                         : "good";
    fmt::print("{}  {:<8} {:<9} of {:<16} {}  {}\n      last used {}\n", key.prefix, state,
               RoleName(key.role), key.user, ScopeText(key.clients), key.what,
               key.used_at ? PrintInstant(*key.used_at) : "never");
  }
  if (context.json) {
    Print({{"keys", list}});
  } else if (keys.empty()) {
    fmt::print("there are no keys\n");
  }
  return kExitOk;
}

Result<int> KeysRevokeCommand(const CommandContext& context, const AccessArguments& arguments) {
  MAXOPT_TRY(const std::unique_ptr<UserStore> users, OpenUsers(context));
  MAXOPT_CHECK(users->RevokeKey(arguments.prefix, RealClock().Now()));
  fmt::print("{} is revoked\n", arguments.prefix);
  return kExitOk;
}

Result<int> LinkCommand(const CommandContext& context, const AccessArguments& arguments) {
  MAXOPT_TRY(const ApiConfig config, ReadApiConfig(context.home));
  MAXOPT_TRY(const std::unique_ptr<UserStore> users, OpenUsers(context));
  const std::string origin =
      fmt::format("{}://{}:{}", config.tls() ? "https" : "http",
                  config.hosts.empty() ? "127.0.0.1" : config.hosts.front(), config.port);
  MAXOPT_TRY(const std::string link, LoginLink(*users, origin, arguments.user));
  if (context.json) {
    Print({{"link", link}});
  } else {
    fmt::print("{}\nIt logs in once, within 15 minutes.\n", link);
  }
  return kExitOk;
}

void AddAccessCommands(CLI::App& app, const CommandContext& context,
                       std::function<Result<int>()>& run) {
  const auto access = std::make_shared<AccessArguments>();
  auto* users_command = app.add_subcommand("users", "who may use dashboard and API");
  users_command->require_subcommand(1);
  const auto user_command = [&](const char* name, const char* help, auto run_it) {
    auto* made = users_command->add_subcommand(name, help);
    made->add_option("name", access->name, "of the user")->required();
    made->callback([&run, &context, access, run_it] {
      run = [&context, access, run_it] { return run_it(context, *access); };
    });
    return made;
  };
  auto* add_user = user_command("add", "add one; the password is asked for", UsersAddCommand);
  add_user->add_option("--role", access->role, "viewer, operator, approver or admin")
      ->capture_default_str();
  add_user->add_option("--clients", access->clients, "\"A,B\", or all (default)");
  add_user->add_option("--locale", access->locale, "de-DE (default: the browser's)");
  add_user->add_flag("--password-stdin", access->password, "the password is a line of the input");
  users_command->add_subcommand("list", "show them")->callback([&run, &context] {
    run = [&context] { return UsersListCommand(context); };
  });
  user_command("role", "change a role; it works at once", UsersRoleCommand)
      ->add_option("role", access->role, "viewer, operator, approver or admin")
      ->required();
  user_command("clients", "change which clients one sees", UsersClientsCommand)
      ->add_option("clients", access->clients, "\"A,B\", or all")
      ->required();
  user_command("password", "set a password; sessions end", UsersPasswordCommand);
  user_command("remove", "remove one with sessions and keys", UsersRemoveCommand);
  auto* keys_command = app.add_subcommand("keys", "API keys, for programs");
  keys_command->require_subcommand(1);
  auto* add_key = keys_command->add_subcommand("add", "make one; it is shown once");
  add_key->add_option("--user", access->user, "whose it is")->required();
  add_key->add_option("--for", access->what, "what it is for")->required();
  add_key->add_option("--role", access->role, "at most the user's")->capture_default_str();
  add_key->add_option("--clients", access->clients, "\"A,B\", or all that the user sees (default)");
  add_key->add_option("--days", access->days, "until it expires")
      ->check(CLI::Range(1, 3650))
      ->capture_default_str();
  add_key->callback([&run, &context, access] {
    run = [&context, access] { return KeysAddCommand(context, *access); };
  });
  keys_command->add_subcommand("list", "show them without their secrets")
      ->callback([&run, &context] { run = [&context] { return KeysListCommand(context); }; });
  auto* revoke_key = keys_command->add_subcommand("revoke", "end one at once");
  revoke_key->add_option("prefix", access->prefix, "mk_...")->required();
  revoke_key->callback([&run, &context, access] {
    run = [&context, access] { return KeysRevokeCommand(context, *access); };
  });
  auto* link_command =
      app.add_subcommand("link", "a login that works once, for the maxopt serve of this machine");
  link_command->add_option("--user", access->user, "who logs in (default: an admin)");
  link_command->callback([&run, &context, access] {
    run = [&context, access] { return LinkCommand(context, *access); };
  });
}

}  // namespace maxopt
