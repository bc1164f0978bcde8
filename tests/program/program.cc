#include "program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace maxopt {
namespace {

std::string Text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

Ended RunMaxopt(const std::filesystem::path& home, const std::vector<std::string>& arguments,
                const std::map<std::string, std::string>& environment) {
  std::filesystem::create_directories(home);
  const std::filesystem::path out = home / "run.out";
  const std::filesystem::path err = home / "run.err";
  std::vector<std::string> words{MAXOPT_BINARY, "--home", home.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables;
  for (char** entry = environ; *entry; ++entry) variables.emplace_back(*entry);
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  constexpr int kFresh = O_CREAT | O_TRUNC | O_WRONLY;
  ::posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), kFresh, 0600);
  ::posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), kFresh, 0600);
  pid_t child = 0;
  const int spawned = ::posix_spawn(&child, MAXOPT_BINARY, &actions, nullptr,
                                    Pointers(words).data(), Pointers(variables).data());
  ::posix_spawn_file_actions_destroy(&actions);
  Ended ended;
  if (spawned != 0) {
    ended.err = "cannot be started";
    return ended;
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  ended.out = Text(out);
  ended.err = Text(err);
  return ended;
}

}  // namespace maxopt
