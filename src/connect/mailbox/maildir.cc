// A Maildir: https://cr.yp.to/proto/maildir.html. A mail is a file; what has ended is in cur/ with
// its flags in the name: R replied, F flagged, S seen.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "connect/mailbox/open.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;

class MaildirMailbox final : public Mailbox {
 public:
  explicit MaildirMailbox(std::string folder) : folder_(std::move(folder)) {}

  /// In new/, and in cur/ what another program has seen but nobody has ended.
  Result<std::vector<std::string>> Waiting(std::size_t most, http::Deadline) override {
    std::vector<std::pair<std::string, std::string>> found;  // name, key: names begin with the time
    for (const char* part : {"new", "cur"}) {
      std::error_code error;
      for (fs::directory_iterator at(folder_ + "/" + part, error), end; !error && at != end;
           at.increment(error)) {
        const std::string name = at->path().filename().string();
        if (name.starts_with('.') || Ended(name)) continue;
        found.emplace_back(name, fmt::format("{}/{}", part, name));
      }
      if (error) {
        return Fail(Errc::kLocal, fmt::format("{}/{}: {}; a Maildir has new, cur and tmp", folder_,
                                              part, error.message()));
      }
    }
    std::ranges::sort(found);
    std::vector<std::string> keys;
    for (auto& [name, key] : found) {
      if (keys.size() == most) break;
      keys.push_back(std::move(key));
    }
    return keys;
  }

  Result<FetchedMail> Fetch(const std::string& key, std::size_t bytes_max,
                            http::Deadline) override {
    const std::string path = folder_ + "/" + key;
    const int file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status {};
    if (file < 0 || ::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
      if (file >= 0) ::close(file);
      return Fail(Errc::kNotFound, path + " is no plain file that can be read");
    }
    FetchedMail mail;
    char chunk[65536];
    ssize_t n = 0;
    while (mail.text.size() <= bytes_max && (n = ::read(file, chunk, sizeof chunk)) > 0) {
      mail.text.append(chunk, static_cast<std::size_t>(n));
    }
    ::close(file);
    if (n < 0) return Fail(Errc::kLocal, path + " cannot be read");
    mail.cut = mail.text.size() > bytes_max;
    if (mail.cut) mail.text.resize(bytes_max);
    return mail;
  }

  Result<> Settle(const std::string& key, MailEnd end, http::Deadline) override {
    std::string name = key.substr(key.find('/') + 1);
    std::string flags = end == MailEnd::kTaken ? "RS" : "FS";
    if (const std::size_t at = name.find(":2,"); at != std::string::npos) {
      for (const char flag : name.substr(at + 3)) {
        if (flag >= 'A' && flag <= 'Z' && flags.find(flag) == std::string::npos) flags += flag;
      }
      name.resize(at);
    }
    std::ranges::sort(flags);
    std::error_code error;
    fs::rename(folder_ + "/" + key, fmt::format("{}/cur/{}:2,{}", folder_, name, flags), error);
    if (error) return Fail(Errc::kLocal, fmt::format("{}/{}: {}", folder_, key, error.message()));
    return {};
  }

 private:
  static bool Ended(const std::string& name) {
    const std::size_t at = name.find(":2,");
    return at != std::string::npos && name.find_first_of("RFT", at + 3) != std::string::npos;
  }
  std::string folder_;
};

}  // namespace

std::unique_ptr<Mailbox> OpenMaildir(const std::string& folder) {
  return std::make_unique<MaildirMailbox>(folder);
}

}  // namespace maxopt
