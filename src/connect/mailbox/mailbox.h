#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/http.h"
#include "result/result.h"

/// Mail that comes in: a mailbox whose mails are taken one by one, and what is in a mail. Nothing
/// of a mail is believed here; who may send what is decided by who calls.
namespace maxopt {

// --- the mailbox --------------------------------------------------------------------------------

/// An IMAP mailbox, or a Maildir that this machine's mail system delivers into.
struct MailboxAt {
  std::string url{};  ///< imaps://host:993, or imap://host:143, where STARTTLS is required
  std::string folder = "INBOX";
  std::string user{}, password{};
  std::string ca_file{};    ///< of a server with a certificate of its own
  bool plain_text = false;  ///< no TLS: for a server on this machine
  std::string maildir{};    ///< the folder that holds new/ and cur/; excludes the rest
};
/// kInvalidArgument says what is missing or too much.
Result<> CheckMailbox(const MailboxAt& at);

/// How a mail ended. Both are flags that every mail program shows, and what waits is what has
/// neither: read mails too, as reading is not yet keeping.
enum class MailEnd {
  kTaken,    ///< \Answered
  kRefused,  ///< \Flagged: a person may want to look
};

struct FetchedMail {
  std::string text;  ///< RFC 5322, at most as much as was asked for
  bool cut = false;  ///< there is more
};

/// Used by one thread. Errors: kUnavailable (tried again later), kForbidden (the login is refused),
/// kBadAnswer (the server does not speak IMAP), kNotFound (the mail or folder is gone), kLocal (the
/// Maildir); none of them holds a secret.
class Mailbox {
 public:
  virtual ~Mailbox() = default;
  /// Keys of mails that have not ended, oldest first, at most `most`.
  virtual Result<std::vector<std::string>> Waiting(std::size_t most, http::Deadline deadline) = 0;
  /// The mail as it is, again and again until it is settled. No more than `bytes_max` is read.
  virtual Result<FetchedMail> Fetch(const std::string& key, std::size_t bytes_max,
                                    http::Deadline deadline) = 0;
  /// To be called when what came of the mail is on disk. A mail that is settled does not wait.
  virtual Result<> Settle(const std::string& key, MailEnd end, http::Deadline deadline) = 0;
};
/// IMAP4rev1 (RFC 3501) by libcurl, or the Maildir. Opens nothing yet.
std::unique_ptr<Mailbox> OpenMailbox(const MailboxAt& at);

// --- a mail -------------------------------------------------------------------------------------

/// More parts or levels than people's mail programs make are an attack, or not for us.
inline constexpr int kMailPartsMax = 100;
inline constexpr int kMailDepthMax = 8;
inline constexpr std::size_t kMailHeadBytesMax = 128u << 10;
inline constexpr std::size_t kMailTextBytesMax = 64u << 10;

/// What stands above a mail's first empty line. All of it is what somebody wrote: a From proves
/// nothing. Texts are UTF-8 without control characters, and short.
struct MailHead {
  std::string message_id;  ///< without <>; empty: none
  std::string from, subject;
  /// Addresses of To, Cc, Bcc, Delivered-To, X-Original-To and Envelope-To, in lower case.
  std::vector<std::string> recipients;
  /// RFC 3834. kReply: an answer that no person wrote (out of office, a bounce); must never be
  /// answered. kGenerated: written by a program; may be a message, its refusal is not answered.
  enum class Automatic { kNo, kGenerated, kReply } automatic = Automatic::kNo;
};
/// Reads no further than the head. kInvalidArgument: there is none, or it is too long.
Result<MailHead> ReadMailHead(std::string_view text);

struct MailFile {
  std::string name;  ///< without folders: the last part of what the sender called it
  std::string bytes;
};
struct MailBody {
  std::string text;  ///< of the first text/plain, UTF-8; empty: none
  bool text_cut = false;
  bool html = false;  ///< there is text as HTML
  std::vector<MailFile> files;
};
/// The parts of a mail by GMime. Mails within the mail are files of the name of their own, not
/// opened. kInvalidArgument: too many parts or levels; base64 that is none; a multipart that ends
/// before its end, for half a document may look like a whole one.
Result<MailBody> ReadMailBody(std::string_view text);

}  // namespace maxopt
