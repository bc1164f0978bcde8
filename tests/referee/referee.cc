#include "tests/referee/referee.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>

namespace maxopt::referee {
namespace {

std::string Quote(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace

Verdict Run(const std::string& script, const std::vector<std::string>& arguments) {
  std::string command = Quote(MAXOPT_NODE) + " " + Quote(MAXOPT_REFEREE_DIR "/" + script);
  for (const std::string& argument : arguments) command += " " + Quote(argument);
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {-1, "popen failed"};
  Verdict verdict{-1, ""};
  std::array<char, 4096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    verdict.output.append(buffer.data(), size);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) verdict.exit_code = WEXITSTATUS(status);
  return verdict;
}

}  // namespace maxopt::referee
