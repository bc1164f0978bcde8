#include "connect/mailbox/mailbox.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// --- what is in a mail --------------------------------------------------------------------------

std::string Multipart(const std::string& parts, const std::string& boundary = "b") {
  return "From: James <james@agency.example>\r\nTo: max+abc@agency.example\r\nSubject: Plan\r\n"
         "Message-ID: <1@agency.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
         "boundary=\"" +
         boundary + "\"\r\n\r\n" + parts;
}
std::string Part(const std::string& headers, const std::string& content) {
  return "--b\r\n" + headers + "\r\n\r\n" + content + "\r\n";
}

TEST(Mail, HeadSaysWhoItWasSentToAndWhetherAMachineWroteIt) {
  const auto head = ReadMailHead(
      "From: =?UTF-8?B?SsOkbWVz?= <james@agency.example>\r\nTo: \"Max, Optimizer\" "
      "<MAX+abc@Agency.example>, Zoe <zoe@x.example>\r\nDelivered-To: max+tok@agency.example\r\n"
      "Subject: =?ISO-8859-1?Q?Pl=E4ne?=\r\n =?UTF-8?Q?_f=C3=BCr_M=C3=A4rz?=\r\n"
      "Message-ID: <a.b@c>\r\n\r\nSubject: not a header\r\n");
  ASSERT_TRUE(head) << head.error().what;
  EXPECT_EQ(head->from, "Jämes <james@agency.example>");
  EXPECT_EQ(head->subject, "Pläne für März");
  EXPECT_EQ(head->message_id, "a.b@c");
  EXPECT_EQ(head->recipients, (std::vector<std::string>{"max+abc@agency.example", "zoe@x.example",
                                                        "max+tok@agency.example"}));
  EXPECT_EQ(head->automatic, MailHead::Automatic::kNo);
  using enum MailHead::Automatic;
  const std::pair<const char*, MailHead::Automatic> kCases[] = {
      {"Auto-Submitted: no", kNo},
      {"Auto-Submitted: auto-generated", kGenerated},
      {"Auto-Submitted: auto-replied (vacation)", kReply},
      {"Auto-Submitted: something-new", kReply},
      {"Precedence: bulk", kGenerated},
      {"Precedence: auto_reply", kReply},
      {"X-Autoreply: yes", kReply},
      {"Return-Path: <>", kReply},
      {"Return-Path: <james@agency.example>", kNo},
      {"From: Mail Delivery System <MAILER-DAEMON@x.example>", kReply},
      {"Content-Type: multipart/report; report-type=delivery-status; boundary=x", kReply},
  };
  for (const auto& [header, expected] : kCases) {
    const auto read = ReadMailHead(fmt::format("{}\nTo: max@x.example\n\nHello\n", header));
    ASSERT_TRUE(read) << header;
    EXPECT_EQ(read->automatic, expected) << header;
  }
}

TEST(Mail, PartsAreATextAndFilesWithoutTheirFolders) {
  const auto body = ReadMailBody(Multipart(
      "--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\nContent-Type: "
      "text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nWarum "
      "f=E4llt CTR?\r\n--c\r\nContent-Type: text/html\r\n\r\n<p>Warum</p>\r\n--c--\r\n" +
      Part("Content-Type: application/yaml\r\nContent-Disposition: attachment; "
           "filename=\"../../etc/media_plan.yaml\"\r\nContent-Transfer-Encoding: base64",
           "bWF4b3B0OiBtZWRpYV9wbGFuLzEK") +
      Part("Content-Type: application/json; name=\"C:\\\\Users\\\\james\\\\..brief.json\"", "{}") +
      Part("Content-Type: image/png\r\nContent-Transfer-Encoding: base64", "iVBORw0KGgo=") +
      Part("Content-Type: message/rfc822", "Subject: inner\r\n\r\nhello") + "--b--\r\n"));
  ASSERT_TRUE(body) << body.error().what;
  EXPECT_EQ(body->text, "Warum fällt CTR?");
  EXPECT_TRUE(body->html);
  std::vector<std::string> names;
  for (const MailFile& file : body->files) names.push_back(file.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"media_plan.yaml", "brief.json", "unnamed", "mail.eml"}));
  EXPECT_EQ(body->files[0].bytes, "maxopt: media_plan/1\n");
  EXPECT_EQ(body->files[2].bytes.size(), 8u);
}

TEST(Mail, HostileOnesAreRefusedOrHarmless) {
  const auto refused = [](const std::string& mail, const char* says) {
    const auto body = ReadMailBody(mail);
    ASSERT_FALSE(body) << says;
    EXPECT_EQ(body.error().code, Errc::kInvalidArgument);
    EXPECT_NE(body.error().what.find(says), std::string::npos) << body.error().what;
  };
  std::string many;
  for (int i = 0; i < 1000; ++i) many += Part("Content-Type: text/plain", "x");
  refused(Multipart(many + "--b--\r\n"), "parts");
  std::string nested = "Content-Type: multipart/mixed; boundary=b0\r\n\r\n";
  for (int i = 0; i < 3000; ++i) {
    nested += fmt::format("--b{}\r\nContent-Type: multipart/mixed; boundary=b{}\r\n\r\n", i, i + 1);
  }
  for (int i = 3000; i >= 0; --i) nested += fmt::format("--b{}--\r\n", i);
  EXPECT_FALSE(ReadMailBody(nested));
  const std::string base64 =
      "Content-Type: application/yaml; "
      "name=media_plan.yaml\r\nContent-Transfer-Encoding: base64";
  refused(Multipart(Part(base64, "bWF4b3B0!!!!") + "--b--\r\n"), "base64");
  refused(Multipart(Part(base64, "bWF4b3B") + "--b--\r\n"), "too soon");
  refused(Multipart(Part(base64, "bWF4b3B0")), "ends before");
  // Charsets that there are not, bytes that are no text, a multipart without a boundary.
  const auto odd = ReadMailBody(
      "Content-Type: text/plain; charset=x-martian\r\n\r\nhello \xff\xfe\x01 there\r\n");
  ASSERT_TRUE(odd) << odd.error().what;
  EXPECT_NE(odd->text.find("hello"), std::string::npos);
  EXPECT_EQ(odd->text.find('\x01'), std::string::npos);
  EXPECT_FALSE(ReadMailBody("Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\nhello\r\n--x--\r\n")
                   .value_or(MailBody{})
                   .text.size() > 100);
  const auto html = ReadMailBody("Content-Type: text/html\r\n\r\n<p>hello</p>");
  ASSERT_TRUE(html);
  EXPECT_TRUE(html->html);
  EXPECT_TRUE(html->text.empty());
  for (const std::string& mail :
       {std::string(), std::string("\r\n\r\n"), std::string(100, '\0'), std::string(5000, '\xff'),
        std::string("From: x"), std::string("no mail at all\n\nreally")}) {
    const auto head = ReadMailHead(mail);
    EXPECT_TRUE(!head || head->recipients.empty());
    const auto body = ReadMailBody(mail);
    EXPECT_TRUE(!body || body->files.empty());
  }
  EXPECT_FALSE(ReadMailHead("To: x@y.example\n" + std::string(kMailHeadBytesMax, 'x')));
  const auto huge = ReadMailBody("Content-Type: text/plain\n\n" + std::string(1u << 20, 'x'));
  ASSERT_TRUE(huge);
  EXPECT_TRUE(huge->text_cut);
}

// --- the mailboxes ------------------------------------------------------------------------------

TEST(MailboxAtTest, SaysWhatIsMissing) {
  const MailboxAt good{.url = "imaps://mail.example:993", .user = "max", .password = "secret"};
  EXPECT_TRUE(CheckMailbox(good));
  EXPECT_TRUE(CheckMailbox({.maildir = "/var/mail/max"}));
  const auto refused = [](MailboxAt at) {
    const auto checked = CheckMailbox(at);
    return !checked && checked.error().what.find("secret") == std::string::npos;
  };
  MailboxAt bad = good;
  bad.url = "https://mail.example";
  EXPECT_TRUE(refused(bad));
  bad.url = "imaps://max:secret@mail.example";
  EXPECT_TRUE(refused(bad));
  bad.url = "imaps://mail.example/INBOX";
  EXPECT_TRUE(refused(bad));
  bad = good;
  bad.plain_text = true;
  EXPECT_TRUE(refused(bad));
  bad = good;
  bad.folder = "IN\"BOX";
  EXPECT_TRUE(refused(bad));
  bad = good;
  bad.user = "";
  EXPECT_TRUE(refused(bad));
  bad = good;
  bad.maildir = "/var/mail/max";
  EXPECT_TRUE(refused(bad));
}

TEST(Maildir, MailsWaitUntilTheyAreSettled) {
  std::string name = (fs::temp_directory_path() / "maxopt-maildir-XXXXXX").string();
  const fs::path folder = ::mkdtemp(name.data());
  const auto mailbox = OpenMailbox({.maildir = folder});
  const http::Deadline deadline = http::After(seconds(30));
  EXPECT_EQ(mailbox->Waiting(10, deadline).error().code, Errc::kLocal);
  for (const char* part : {"new", "cur", "tmp"}) fs::create_directory(folder / part);
  std::ofstream(folder / "new/100.a.host") << "Subject: one\n\n1\n";
  std::ofstream(folder / "new/300.c.host") << "Subject: three\n\n3\n";
  std::ofstream(folder / "cur/200.b.host:2,S") << "Subject: two\n\n2\n";
  std::ofstream(folder / "cur/050.z.host:2,RS") << "done\n";
  fs::create_symlink("/etc/passwd", folder / "new/400.d.host");
  auto keys = mailbox->Waiting(3, deadline);
  ASSERT_TRUE(keys) << keys.error().what;
  EXPECT_EQ(*keys,
            (std::vector<std::string>{"new/100.a.host", "cur/200.b.host:2,S", "new/300.c.host"}));
  EXPECT_EQ(mailbox->Fetch(keys->at(1), 100, deadline)->text, "Subject: two\n\n2\n");
  const auto cut = mailbox->Fetch(keys->at(0), 5, deadline);
  EXPECT_EQ(cut->text, "Subje");
  EXPECT_TRUE(cut->cut);
  EXPECT_FALSE(mailbox->Fetch("new/400.d.host", 100, deadline));
  EXPECT_TRUE(mailbox->Settle(keys->at(0), MailEnd::kTaken, deadline));
  EXPECT_TRUE(mailbox->Settle(keys->at(1), MailEnd::kRefused, deadline));
  EXPECT_TRUE(fs::exists(folder / "cur/100.a.host:2,RS"));
  EXPECT_TRUE(fs::exists(folder / "cur/200.b.host:2,FS"));
  EXPECT_EQ(mailbox->Settle(keys->at(0), MailEnd::kTaken, deadline).error().code, Errc::kLocal);
  keys = mailbox->Waiting(10, deadline);
  EXPECT_EQ(*keys, (std::vector<std::string>{"new/300.c.host", "new/400.d.host"}));
  fs::remove_all(folder);
}

/// An IMAP server by script: the mails of a folder, their flags in a file, and a fault that the
/// first argument names.
constexpr const char* kImapServer = R"py(
import os, re, socket, ssl, sys, time
fault, folder, certificate, key, port = sys.argv[1:6]
flags = {}
def names(): return sorted(n for n in os.listdir(folder) if n.endswith(".eml"))
def serve(plain):
    wire = plain
    def send(text):
        wire.sendall(text if isinstance(text, bytes) else text.encode())
    def lines():
        kept = b""
        while True:
            while b"\r\n" not in kept:
                more = wire.recv(4096)
                if not more: return
                kept += more
            line, kept = kept.split(b"\r\n", 1)
            yield line.decode()
    tls = fault == "plain"
    if fault == "imaps":
        wire = context.wrap_socket(wire, server_side=True); tls = True
    caps = lambda: "IMAP4rev1 " + ("SASL-IR AUTH=PLAIN" if tls else "STARTTLS LOGINDISABLED")
    send(f"* OK [CAPABILITY {caps()}] ready\r\n" if fault != "no greeting" else "hello there\r\n")
    selected = False
    while True:
        again = False
        for line in lines():
            with open(folder + "/log", "a") as log: log.write(re.sub("(LOGIN|PLAIN) .*", r"\1 ...", line) + "\n")
            tag, _, rest = line.partition(" ")
            word = rest.upper().split(" ")[0]
            if word == "CAPABILITY": send(f"* CAPABILITY {caps()}\r\n{tag} OK done\r\n")
            elif word == "STARTTLS":
                send(f"{tag} OK begin\r\n")
                wire = context.wrap_socket(wire, server_side=True); tls = True; again = True
                break
            elif word == "LOGIN":
                good = rest.endswith('max "pass word"') or rest.endswith("max pass word")
                send(f"{tag} OK in\r\n" if good else f"{tag} NO [AUTHENTICATIONFAILED] no\r\n")
            elif word == "AUTHENTICATE":
                import base64
                good = base64.b64decode(rest.split(" ")[-1]) == b"\0max\0pass word"
                send(f"{tag} OK in\r\n" if good else f"{tag} NO [AUTHENTICATIONFAILED] no\r\n")
            elif word == "STATUS":
                if fault == "malformed": send("* STATUS what\r\n")
                else: send('* STATUS "INBOX" (UIDVALIDITY 77)\r\n')
                send(f"{tag} OK done\r\n")
            elif word == "SELECT":
                valid = 78 if fault == "renumbered" else 77
                send(f"* {len(names())} EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen \\Answered)\r\n"
                     f"* OK [UIDVALIDITY {valid}] valid\r\n{tag} OK [READ-WRITE] done\r\n")
            elif rest.upper().startswith("UID SEARCH"):
                if fault == "endless":
                    try:
                        while True: send("* SEARCH " + "1 " * 30000 + "\r\n")
                    except OSError: return
                if fault == "words": send("* SEARCH 1 two 3\r\n")
                else:
                    open_ = [str(i + 1) for i, n in enumerate(names())
                             if not {"\\Answered", "\\Flagged"} & flags.get(n, set())]
                    send("* SEARCH" + "".join(" " + u for u in reversed(open_)) + "\r\n")
                send(f"{tag} OK done\r\n")
            elif rest.upper().startswith("UID FETCH"):
                uid = int(rest.split(" ")[2])
                name = names()[uid - 1]
                text = open(f"{folder}/{name}", "rb").read()
                flags.setdefault(name, set()).add("\\Seen")
                if fault == "slow": time.sleep(30)
                if fault == "no literal": send(f"* {uid} FETCH (UID {uid} BODY[] NIL)\r\n{tag} OK\r\n"); continue
                if fault == "gone": send(f"{tag} OK nothing\r\n"); continue
                try:
                    send(f"* {uid} FETCH (UID {uid} BODY[] {{{len(text)}}}\r\n")
                    if fault == "truncated":
                        send(text[:len(text) // 2]); wire.close(); return
                    send(text)
                    send(f")\r\n{tag} OK done\r\n")
                except OSError: return
            elif rest.upper().startswith("UID STORE"):
                uid = int(rest.split(" ")[2])
                if fault == "read only": send(f"{tag} NO read only\r\n"); continue
                flags.setdefault(names()[uid - 1], set()).update(re.findall(r"\\\w+", rest))
                with open(folder + "/flags", "w") as f:
                    for n in sorted(flags): f.write(n + " " + " ".join(sorted(flags[n])) + "\n")
                send(f"{tag} OK done\r\n")
            elif word == "LOGOUT":
                send(f"* BYE\r\n{tag} OK done\r\n"); return
            else: send(f"{tag} BAD unknown\r\n")
        if not again: return
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
listener = socket.create_server(("127.0.0.1", 0))
with open(port + ".new", "w") as f: f.write(str(listener.getsockname()[1]))
os.rename(port + ".new", port)
import threading
while True:
    wire, _ = listener.accept()
    def one(wire=wire):
        try: serve(wire)
        except (OSError, ssl.SSLError): pass
        try: wire.close()
        except OSError: pass
    threading.Thread(target=one, daemon=True).start()
)py";

class ImapTest : public testing::Test {
 protected:
  static pid_t Spawn(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t pid = -1;
    if (::posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ) != 0) return -1;
    return pid;
  }
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "maxopt-imap-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::ofstream(folder_ / "server.py") << kImapServer;
    const pid_t made = Spawn({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                              "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder_ / "key.pem",
                              "-out", folder_ / "cert.pem", "-days", "2", "-subj", "/CN=localhost",
                              "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-batch"});
    ASSERT_GT(made, 0);
    int status = 0;
    ::waitpid(made, &status, 0);
    ASSERT_EQ(status, 0) << "openssl makes no certificate";
  }
  void TearDown() override {
    Stop();
    fs::remove_all(folder_);
  }
  void Stop() {
    if (server_ <= 0) return;
    ::kill(server_, SIGKILL);
    ::waitpid(server_, nullptr, 0);
    server_ = -1;
  }
  void Start(const std::string& fault) {
    Stop();
    const fs::path port = folder_ / "port";
    fs::remove(port);
    fs::create_directories(folder_ / "mails");
    server_ = Spawn({"/usr/bin/python3", folder_ / "server.py", fault, folder_ / "mails",
                     folder_ / "cert.pem", folder_ / "key.pem", port});
    ASSERT_GT(server_, 0);
    int status = 0;
    for (int i = 0; i < 3000 && !fs::exists(port); ++i) {
      ASSERT_EQ(::waitpid(server_, &status, WNOHANG), 0) << "the IMAP server ended";
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    at_ = {.url = (fault == "imaps" ? "imaps://localhost:" : "imap://localhost:") + ReadAll(port),
           .user = "max",
           .password = "pass word",
           .ca_file = folder_ / "cert.pem",
           .plain_text = fault == "plain"};
  }
  void Put(const std::string& name, const std::string& text) {
    fs::create_directories(folder_ / "mails");
    std::ofstream(folder_ / "mails" / name, std::ios::binary) << text;
  }
  static http::Deadline Soon() { return http::After(seconds(60)); }

  fs::path folder_;
  pid_t server_ = -1;
  MailboxAt at_;
};

TEST_F(ImapTest, MailsWaitAreFetchedWholeAndSettled) {
  std::string large = "Subject: two\r\n\r\n";
  for (int i = 0; i < 5000; ++i) large += fmt::format("line {} ) * 1 FETCH A001 OK\r\n", i);
  Put("1.eml", "Subject: one\r\n\r\nhello\r\n");
  Put("2.eml", large);
  Put("3.eml", "Subject: three\r\n\r\n");
  for (const char* mode : {"starttls", "imaps", "plain"}) {
    fs::remove(folder_ / "mails/flags");
    Start(mode);
    const auto mailbox = OpenMailbox(at_);
    auto uids = mailbox->Waiting(10, Soon());
    ASSERT_TRUE(uids) << mode << ": " << uids.error().what;
    EXPECT_EQ(*uids, (std::vector<std::string>{"1", "2", "3"}));
    EXPECT_EQ(mailbox->Waiting(2, Soon())->size(), 2u);
    EXPECT_EQ(mailbox->Fetch("1", 1000, Soon())->text, "Subject: one\r\n\r\nhello\r\n");
    const auto whole = mailbox->Fetch("2", 1u << 20, Soon());
    ASSERT_TRUE(whole) << whole.error().what;
    EXPECT_EQ(whole->text, large);
    EXPECT_FALSE(whole->cut);
    const auto cut = mailbox->Fetch("2", 100, Soon());
    ASSERT_TRUE(cut) << cut.error().what;
    EXPECT_EQ(cut->text, large.substr(0, 100));
    EXPECT_TRUE(cut->cut);
    // Fetched mails are read, and wait all the same until they are settled.
    EXPECT_EQ(mailbox->Waiting(10, Soon())->size(), 3u);
    const auto settled = mailbox->Settle("1", MailEnd::kTaken, Soon());
    ASSERT_TRUE(settled) << settled.error().what;
    ASSERT_TRUE(mailbox->Settle("3", MailEnd::kRefused, Soon()));
    EXPECT_EQ(*mailbox->Waiting(10, Soon()), std::vector<std::string>{"2"});
    const std::string flags = ReadAll(folder_ / "mails/flags");
    EXPECT_NE(flags.find("1.eml \\Answered \\Seen"), std::string::npos) << flags;
    EXPECT_NE(flags.find("3.eml \\Flagged \\Seen"), std::string::npos) << flags;
  }
}

TEST_F(ImapTest, AServerThatDoesNotDoAsItShouldIsAnErrorAndNoMail) {
  Put("1.eml", "Subject: one\r\n\r\n" + std::string(2000, 'x') + "\r\n");
  struct Case {
    const char* fault;
    Errc code;
    enum { kLook, kFetch, kSettle } at;
  };
  const Case cases[] = {
      {"no greeting", Errc::kUnavailable, Case::kLook},
      {"malformed", Errc::kBadAnswer, Case::kLook},
      {"words", Errc::kBadAnswer, Case::kLook},
      {"endless", Errc::kUnavailable, Case::kLook},
      {"renumbered", Errc::kNotFound, Case::kLook},
      {"truncated", Errc::kUnavailable, Case::kFetch},
      {"no literal", Errc::kBadAnswer, Case::kFetch},
      {"slow", Errc::kUnavailable, Case::kFetch},
      {"read only", Errc::kBadAnswer, Case::kSettle},
  };
  for (const Case& c : cases) {
    Start(c.fault);
    const auto mailbox = OpenMailbox(at_);
    // Those that say nothing, or not what is waited for, are waited for no longer than this.
    const bool silent = c.fault == std::string("no greeting") || c.fault == std::string("slow");
    const auto deadline = [&] { return http::After(seconds(silent ? 4 : 60)); };
    const auto uids = mailbox->Waiting(10, deadline());
    if (c.at == Case::kLook) {
      ASSERT_FALSE(uids) << c.fault;
      EXPECT_EQ(uids.error().code, c.code) << c.fault << ": " << uids.error().what;
      continue;
    }
    ASSERT_TRUE(uids) << c.fault << ": " << uids.error().what;
    const auto mail = mailbox->Fetch("1", 10'000, deadline());
    if (c.at == Case::kFetch) {
      ASSERT_FALSE(mail) << c.fault;
      EXPECT_EQ(mail.error().code, c.code) << c.fault << ": " << mail.error().what;
      continue;
    }
    ASSERT_TRUE(mail) << c.fault;
    const auto settled = mailbox->Settle("1", MailEnd::kTaken, Soon());
    ASSERT_FALSE(settled) << c.fault;
    EXPECT_EQ(settled.error().code, c.code) << c.fault << ": " << settled.error().what;
  }
  Start("gone");
  const auto mailbox = OpenMailbox(at_);
  ASSERT_TRUE(mailbox->Waiting(10, Soon()));
  EXPECT_FALSE(mailbox->Fetch("1", 10'000, Soon()).value_or(FetchedMail{}).text.size() > 0);
}

TEST_F(ImapTest, WithoutTlsOrTheRightPasswordNothingIsRead) {
  Start("starttls");
  at_.password = "wrong secret";
  const auto refused = OpenMailbox(at_)->Waiting(10, Soon());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kForbidden) << refused.error().what;
  EXPECT_EQ(refused.error().what.find("wrong secret"), std::string::npos);
  at_.ca_file.clear();
  EXPECT_FALSE(OpenMailbox(at_)->Waiting(10, Soon())) << "a certificate of nobody's";
  Start("plain");
  at_.plain_text = false;
  EXPECT_FALSE(OpenMailbox(at_)->Waiting(10, Soon())) << "no STARTTLS";
  const std::string log = ReadAll(folder_ / "mails/log");
  EXPECT_EQ(log.rfind("LOGIN"), log.find("LOGIN")) << log;
  Stop();
  EXPECT_EQ(OpenMailbox(at_)->Waiting(10, Soon()).error().code, Errc::kUnavailable);
}

}  // namespace
}  // namespace maxopt
