// A mailbox over IMAP4rev1 (RFC 3501), by libcurl: every command is one transfer, and the login
// stays between them.
#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>

#include "connect/mailbox/open.h"

namespace maxopt {
namespace {

/// Of an answer that is no mail: numbers of mails.
constexpr std::size_t kAnswerBytesMax = 1u << 20;

struct FreeCurl {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

struct Answer {
  std::string text{};
  std::size_t most = 0;
  bool cut = false;
};
std::size_t OnAnswer(char* from, std::size_t size, std::size_t count, void* answer_void) {
  auto& answer = *static_cast<Answer*>(answer_void);
  const std::size_t bytes = size * count;
  const std::size_t room = answer.most - answer.text.size();
  answer.text.append(from, std::min(bytes, room));
  if (bytes > room) answer.cut = true;
  // Fewer than came ends the transfer: the rest is not read.
  return answer.cut ? 0 : bytes;
}

/// The words behind "* NAME " of the answer's lines.
std::vector<std::string> Untagged(const std::string& answer, std::string_view name) {
  std::vector<std::string> words;
  const std::string begin = fmt::format("* {}", name);
  for (std::size_t at = 0; at < answer.size();) {
    const std::size_t end = std::min(answer.find('\n', at), answer.size());
    std::string line = answer.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with(begin)) continue;
    std::ranges::replace_if(
        line, [](char c) { return c == '(' || c == ')' || c == '\r'; }, ' ');
    for (std::size_t word = begin.size(); word < line.size();) {
      const std::size_t stop = std::min(line.find(' ', word), line.size());
      if (stop > word) words.push_back(line.substr(word, stop - word));
      word = stop + 1;
    }
  }
  return words;
}

bool IsUid(std::string_view text) {
  return !text.empty() && text.size() <= 10 && text.front() != '0' &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

class ImapMailbox final : public Mailbox {
 public:
  explicit ImapMailbox(MailboxAt at) : at_(std::move(at)) {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started != CURLE_OK) Bug();
    while (at_.url.ends_with('/')) at_.url.pop_back();
    curl_.reset(curl_easy_init());
    if (!curl_) Bug();
    Set(CURLOPT_PROTOCOLS_STR, "imap,imaps");
    Set(CURLOPT_USE_SSL, static_cast<long>(at_.plain_text ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_PROXY, "");
    Set(CURLOPT_WRITEFUNCTION, &OnAnswer);
    Set(CURLOPT_ERRORBUFFER, error_.data());
    Set(CURLOPT_USERNAME, at_.user.c_str());
    Set(CURLOPT_PASSWORD, at_.password.c_str());
    if (!at_.ca_file.empty()) Set(CURLOPT_CAINFO, at_.ca_file.c_str());
  }

  Result<std::vector<std::string>> Waiting(std::size_t most, http::Deadline deadline) override {
    // Numbers of mails hold as long as this does; libcurl compares it at every SELECT.
    MAXOPT_TRY(const Answer status, Do("/", fmt::format("STATUS \"{}\" (UIDVALIDITY)", at_.folder),
                                       kAnswerBytesMax, deadline));
    const std::vector<std::string> said = Untagged(status.text, "STATUS");
    const auto word = std::ranges::find(said, "UIDVALIDITY");
    if (word == said.end() || word + 1 == said.end() || !IsUid(*(word + 1))) {
      return Fail(Errc::kBadAnswer,
                  fmt::format("{}: STATUS of {} says no UIDVALIDITY", at_.url, at_.folder));
    }
    valid_ = *(word + 1);
    MAXOPT_TRY(const Answer found, Do(Folder(), "UID SEARCH UNANSWERED UNFLAGGED UNDELETED",
                                      kAnswerBytesMax, deadline));
    std::vector<std::string> uids = Untagged(found.text, "SEARCH");
    if (!std::ranges::all_of(uids, IsUid)) {
      return Fail(Errc::kBadAnswer, at_.url + ": SEARCH found what are no numbers of mails");
    }
    // Numbers rise with time; longer ones are larger.
    std::ranges::sort(uids, [](const std::string& a, const std::string& b) {
      return a.size() != b.size() ? a.size() < b.size() : a < b;
    });
    if (uids.size() > most) uids.resize(most);
    return uids;
  }

  Result<FetchedMail> Fetch(const std::string& key, std::size_t bytes_max,
                            http::Deadline deadline) override {
    if (!IsUid(key)) Bug();
    MAXOPT_TRY(Answer answer, Do(Folder() + "/;UID=" + key, "", bytes_max, deadline));
    return FetchedMail{std::move(answer.text), answer.cut};
  }

  Result<> Settle(const std::string& key, MailEnd end, http::Deadline deadline) override {
    if (!IsUid(key)) Bug();
    const char* flag = end == MailEnd::kTaken ? "\\Answered" : "\\Flagged";
    MAXOPT_CHECK(Do(Folder(), fmt::format("UID STORE {} +FLAGS.SILENT ({} \\Seen)", key, flag),
                    kAnswerBytesMax, deadline));
    return {};
  }

 private:
  template <class T>
  void Set(CURLoption option, T value) {
    if (curl_easy_setopt(curl_.get(), option, value) != CURLE_OK) Bug();
  }
  std::string Folder() const { return fmt::format("/{};UIDVALIDITY={}", at_.folder, valid_); }

  /// One command, or without one the fetching of what `path` names.
  Result<Answer> Do(const std::string& path, const std::string& command, std::size_t most,
                    http::Deadline deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return Fail(Errc::kUnavailable, at_.url + ": the time for this look at the mailbox is over");
    }
    Answer answer{.most = most};
    error_[0] = 0;
    Set(CURLOPT_URL, (at_.url + path).c_str());
    Set(CURLOPT_CUSTOMREQUEST, command.empty() ? nullptr : command.c_str());
    Set(CURLOPT_WRITEDATA, &answer);
    Set(CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
    const CURLcode code = curl_easy_perform(curl_.get());
    if (code == CURLE_OK) return answer;
    if (code == CURLE_WRITE_ERROR && answer.cut && command.empty()) return answer;
    return Fail(KindOf(code), fmt::format("{}: {}", at_.url,
                                          answer.cut       ? "an answer that does not end"
                                          : error_[0] != 0 ? error_.data()
                                                           : curl_easy_strerror(code)));
  }
  static Errc KindOf(CURLcode code) {
    switch (code) {
      case CURLE_LOGIN_DENIED:
        return Errc::kForbidden;
      case CURLE_REMOTE_FILE_NOT_FOUND:
      case CURLE_REMOTE_ACCESS_DENIED:
        return Errc::kNotFound;
      case CURLE_WEIRD_SERVER_REPLY:
      case CURLE_QUOTE_ERROR:
      case CURLE_WRITE_ERROR:
        return Errc::kBadAnswer;
      default:
        return Errc::kUnavailable;
    }
  }

  MailboxAt at_;
  std::string valid_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::unique_ptr<CURL, FreeCurl> curl_;
};

}  // namespace

std::unique_ptr<Mailbox> OpenImap(const MailboxAt& at) { return std::make_unique<ImapMailbox>(at); }

std::unique_ptr<Mailbox> OpenMailbox(const MailboxAt& at) {
  return at.maildir.empty() ? OpenImap(at) : OpenMaildir(at.maildir);
}

Result<> CheckMailbox(const MailboxAt& at) {
  const auto bad = [](const std::string& what) { return Fail(Errc::kInvalidArgument, what); };
  if (!at.maildir.empty()) {
    if (!at.url.empty() || !at.user.empty() || !at.password.empty()) {
      return bad("a mailbox is a maildir or has a url, not both");
    }
    return {};
  }
  if (!at.url.starts_with("imaps://") && !at.url.starts_with("imap://")) {
    return bad("url must be imaps://host:993 or imap://host:143 (STARTTLS), or there is a maildir");
  }
  const std::string host = at.url.substr(at.url.find("://") + 3);
  const bool plain_host = !host.empty() && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::strchr(".:-[]", c) != nullptr;
  });
  if (!plain_host) return bad("url must be a host and a port; user and password stand beside it");
  if (at.user.empty() || at.password.empty()) return bad("user and password are missing");
  const bool plain_folder =
      !at.folder.empty() && at.folder.size() <= 200 && std::ranges::all_of(at.folder, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::strchr("._-/", c) != nullptr;
      });
  if (!plain_folder) return bad("folder must be letters, digits and . _ - /");
  if (at.plain_text && at.url.starts_with("imaps://")) {
    return bad("plain_text goes with imap://, not imaps://");
  }
  return {};
}

}  // namespace maxopt
