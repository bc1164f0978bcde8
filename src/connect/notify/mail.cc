// E-mail: the text of one, and its way out through libcurl.
#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

#include "connect/notify/post.h"
#include "connect/notify/text.h"
#include "domain/digest.h"

namespace maxopt {
namespace {

constexpr std::size_t kSubjectMax = 200;
/// Far below the 10 MB and more that servers take.
constexpr std::size_t kPartMax = 100'000;

std::string Html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// RFC 2047: encoded words of at most 75 characters, cut between characters of UTF-8.
std::string HeaderText(const std::string& text) {
  const bool ascii =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
  if (ascii && text.size() < 60 && text.find("=?") == std::string::npos) return text;
  std::string out;
  std::string rest = text;
  constexpr std::size_t kChunk = 42;
  while (!rest.empty()) {
    std::size_t take = std::min(kChunk, rest.size());
    while (take < rest.size() && take > 0 &&
           (static_cast<unsigned char>(rest[take]) & 0xC0) == 0x80) {
      --take;
    }
    out += (out.empty() ? "" : "\r\n ") + ("=?UTF-8?B?" + Base64(rest.substr(0, take)) + "?=");
    rest.erase(0, take);
  }
  return out;
}

std::string Lines76(const std::string& base64) {
  std::string out;
  for (std::size_t at = 0; at < base64.size(); at += 76) out += base64.substr(at, 76) + "\r\n";
  return out;
}

std::string DateOf(Instant at) {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day ymd(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - day));
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000",
                     kDays[std::chrono::weekday(day).c_encoding()],
                     static_cast<unsigned>(ymd.day()),
                     kMonths[static_cast<unsigned>(ymd.month()) - 1], static_cast<int>(ymd.year()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}

/// Both parts from one walk, so that they say the same.
struct Parts {
  std::string text, html;
  bool full = false;
  void Add(const std::string& line, std::string_view tag) {
    if (full) return;
    if (text.size() + line.size() > kPartMax || html.size() + line.size() * 2 > kPartMax) {
      full = true;
      text += "(cut here: maxopt alerts has the rest)\r\n";
      html += "<p>(cut here: maxopt alerts has the rest)</p>\r\n";
      return;
    }
    text += line + "\r\n";
    html += fmt::format("<{0}>{1}</{0}>\r\n", tag, Html(line));
  }
};

struct FreeCurl {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct Upload {
  std::string_view left;
  bool asked = false;  ///< the server said 354, so the mail has begun to leave
};
std::size_t OnRead(char* to, std::size_t size, std::size_t count, void* upload_void) {
  auto& upload = *static_cast<Upload*>(upload_void);
  upload.asked = true;
  const std::size_t bytes = std::min(size * count, upload.left.size());
  std::memcpy(to, upload.left.data(), bytes);
  upload.left.remove_prefix(bytes);
  return bytes;
}
std::size_t Ignore(char*, std::size_t size, std::size_t count, void*) { return size * count; }

class CurlMailer final : public Mailer {
 public:
  CurlMailer() {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started != CURLE_OK) Bug();
  }
  Result<> Send(const Mail& mail, http::Deadline deadline) override {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return Fail(Errc::kUnavailable, mail.url + ": the deadline had passed before sending");
    }
    const std::unique_ptr<CURL, FreeCurl> handle(curl_easy_init());
    if (!handle) Bug();
    const auto set = [&](CURLoption option, auto value) {
      if (curl_easy_setopt(handle.get(), option, value) != CURLE_OK) Bug();
    };
    std::unique_ptr<curl_slist, FreeList> to;
    for (const std::string& address : mail.to) {
      curl_slist* grown = curl_slist_append(to.get(), ("<" + address + ">").c_str());
      if (grown == nullptr) Bug();
      if (!to) to.reset(grown);
    }
    Upload upload{mail.text};
    std::array<char, CURL_ERROR_SIZE> text{};
    const std::string from = "<" + mail.from + ">";
    set(CURLOPT_URL, mail.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(CURLOPT_USE_SSL, static_cast<long>(mail.plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
    set(CURLOPT_MAIL_FROM, from.c_str());
    set(CURLOPT_MAIL_RCPT, to.get());
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, &OnRead);
    set(CURLOPT_READDATA, &upload);
    set(CURLOPT_WRITEFUNCTION, &Ignore);
    set(CURLOPT_ERRORBUFFER, text.data());
    if (!mail.ca_file.empty()) set(CURLOPT_CAINFO, mail.ca_file.c_str());
    if (!mail.user.empty()) {
      set(CURLOPT_USERNAME, mail.user.c_str());
      set(CURLOPT_PASSWORD, mail.password.c_str());
    }
    const CURLcode code = curl_easy_perform(handle.get());
    if (code == CURLE_OK) return {};
    long answer = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &answer);
    const std::string why =
        fmt::format("{}: {}{}", mail.url, text[0] != 0 ? text.data() : curl_easy_strerror(code),
                    answer > 0 ? fmt::format(" (SMTP {})", answer) : "");
    // A mail is taken when the server says 250 after its last line. Before that nothing happened,
    // unless all of it had left and only the answer is missing.
    if (answer >= 500 && answer < 600) {
      return Fail(code == CURLE_LOGIN_DENIED ? Errc::kForbidden : Errc::kInvalidArgument, why);
    }
    const bool refused = answer >= 400 && answer < 500;
    if (upload.asked && upload.left.empty() && !refused) return Fail(Errc::kUnknownOutcome, why);
    return Fail(Errc::kUnavailable, why);
  }
};

}  // namespace

std::string MessageIdOf(const AlertMessage& message, const Channel& channel) {
  const std::size_t at = channel.from.rfind('@');
  const std::string host = at == std::string::npos ? "maxopt.invalid" : channel.from.substr(at + 1);
  return fmt::format("<{}@{}>", Sha256Hex(message.id + "|" + channel.name).substr(0, 40), host);
}

std::string MailText(const AlertMessage& message, const Channel& channel) {
  Parts parts;
  parts.Add(LabelOf(message) + " \xC2\xB7 " + OneLine(message.client), "h2");
  if (message.firing.empty() && message.resolved.empty()) {
    parts.Add(OneLine(message.headline), "p");
  }
  for (const auto* list : {&message.firing, &message.resolved}) {
    for (const AlertLine& line : *list) {
      const bool resolved = list == &message.resolved;
      parts.Add("", "p");
      parts.Add((resolved ? "resolved: " : "") + OneLine(line.title), "h3");
      for (const std::string& detail : DetailsOf(line)) parts.Add("  " + detail, "p");
      parts.Add("  " + OneLine(line.id + " \xC2\xB7 " + line.subject), "p");
    }
  }
  // A mail that comes twice has the same Message-ID, so nothing is said of repeats.
  for (const std::string& line : FooterOf(message, false)) parts.Add(line, "p");
  if (!message.link.empty()) parts.Add(OneLine(message.link), "p");

  const std::string subject = Cut(fmt::format("[{}] {}: {}", LabelOf(message),
                                              OneLine(message.client), OneLine(message.headline)),
                                  kSubjectMax);
  std::string to;
  for (const std::string& address : channel.to) to += (to.empty() ? "" : ",\r\n ") + address;
  const std::string boundary = "maxopt-" + Sha256Hex(parts.text).substr(0, 32);
  const std::string thread =
      fmt::format("<{}@maxopt.invalid>", Sha256Hex(message.incident).substr(0, 40));
  const auto part = [&](std::string_view type, const std::string& body) {
    return fmt::format(
        "--{}\r\nContent-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        boundary, type, Lines76(Base64(body)));
  };
  return fmt::format(
             "From: Max Optimizer <{}>\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: {}\r\n"
             "References: {}\r\nAuto-Submitted: auto-generated\r\n"
             "X-Maxopt-Incident: {}\r\nMIME-Version: 1.0\r\n"
             "Content-Type: multipart/alternative; boundary=\"{}\"\r\n\r\n",
             channel.from, to, HeaderText(subject), DateOf(message.at),
             MessageIdOf(message, channel), thread, Sha256Hex(message.incident).substr(0, 40),
             boundary) +
         part("text/plain", parts.text) +
         part("text/html", "<!doctype html><html><body>\r\n" + parts.html + "</body></html>\r\n") +
         "--" + boundary + "--\r\n";
}

Mail MailOf(const Channel& channel, std::string text) {
  return {.url = channel.url,
          .user = channel.user,
          .password = channel.password,
          .from = channel.from,
          .text = std::move(text),
          .ca_file = channel.ca_file,
          .to = channel.to,
          .plain = channel.plain_text_smtp};
}

std::string PlainMailText(const Channel& channel, const std::string& subject,
                          const std::string& text, const std::vector<MailPart>& attachments,
                          const std::string& id, const std::string& thread, Instant at) {
  const std::size_t host_at = channel.from.rfind('@');
  const std::string host =
      host_at == std::string::npos ? "maxopt.invalid" : channel.from.substr(host_at + 1);
  std::string to;
  for (const std::string& address : channel.to) to += (to.empty() ? "" : ",\r\n ") + address;
  const std::string boundary = "maxopt-" + Sha256Hex(id + text).substr(0, 32);
  std::string out = fmt::format(
      "From: Max Optimizer <{}>\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}@{}>\r\n"
      "References: <{}@maxopt.invalid>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/mixed; boundary=\"{}\"\r\n\r\n",
      channel.from, to, HeaderText(Cut(OneLine(subject), kSubjectMax)), DateOf(at),
      Sha256Hex(id + "|" + channel.name).substr(0, 40), host, Sha256Hex(thread).substr(0, 40),
      boundary);
  const auto part = [&](const std::string& type, const std::string& disposition,
                        const std::string& bytes) {
    out += fmt::format("--{}\r\nContent-Type: {}\r\n{}Content-Transfer-Encoding: base64\r\n\r\n{}",
                       boundary, type, disposition, Lines76(Base64(bytes)));
  };
  part("text/plain; charset=utf-8", "", text);
  for (const MailPart& one : attachments) {
    part(one.type, fmt::format("Content-Disposition: attachment; filename=\"{}\"\r\n", one.name),
         one.bytes);
  }
  return out + "--" + boundary + "--\r\n";
}

std::shared_ptr<Mailer> MakeCurlMailer() { return std::make_shared<CurlMailer>(); }

}  // namespace maxopt
