#include "connect/notify/notify.h"

#include <gtest/gtest.h>
#include <openssl/hmac.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

#include "connect/notify/text.h"

extern char** environ;

namespace maxopt {
namespace {

using nlohmann::json;

const Instant kNow = *ParseInstant("2026-11-22T10:00:00Z");

AlertLine Line(const std::string& title) {
  AlertLine line;
  line.id = "a-20261122-0001";
  line.title = title;
  line.subject = "meta/42/campaign/77";
  line.detector = "kpi";
  line.kpi = "cpa";
  line.actual = "41.20 EUR";
  line.expected = "20.00 EUR";
  line.at_stake = "120.00 EUR a day";
  line.since = kNow - std::chrono::hours(5);
  line.evidence = {"31 conversions on 1277.20 EUR"};
  line.diagnosis = {"What moved: cvr 0.04 -> 0.02 (100 % of the change)"};
  line.proposal = "lower the bid of Ridge";
  line.tier = AlertTier::kCritical;
  return line;
}

AlertMessage Message(std::vector<AlertLine> firing) {
  AlertMessage m;
  m.id = "chat|Alpenglow|meta/42|2026-11-22T10:00:00Z";
  m.incident = "maxopt/0123456789abcdef";
  m.client = "Alpenglow";
  m.kind = "firing";
  m.tier = AlertTier::kCritical;
  m.headline = firing.empty() ? "nothing" : firing.front().title;
  m.firing = std::move(firing);
  m.at = kNow;
  return m;
}

/// Names as an advertiser, or whoever got into the account, might choose them.
const std::vector<std::string> kHostile = {
    "<!channel> @channel @here <@U123> <https://evil.example|invoice>",
    "*bold* _it_ ~s~ `code` &lt;!everyone&gt;",
    "[click](https://evil.example) ![x](https://evil.example/x.png) <at>Everyone</at>",
    "a\r\nBcc: victim@example.com\r\n\r\nbody",
    "a\nb\tc\x01\x7f" + std::string("\0d", 2),
    "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&",
    "right \xE2\x80\xAE to left \xE2\x80\x8B zero width \xE2\x80\xA8 line",
    "broken \xFF\xC3 utf-8 \xED\xA0\x80",
    "{\"json\": \"}\\\"\\u0000",
    "\xE5\xB1\xB1\xE3\x81\xAE\xE9\x81\x93 \xF0\x9F\x8F\x94 M\xC3\xBCnchen",
};

// --- What the receivers demand, by their documentation -------------------------------------------

std::size_t Characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

/// Slack's limits of blocks; "" when it would take the body, else why not.
std::string SlackObjects(const json& body) {
  if (!body.is_object() || !body.contains("text") || !body["text"].is_string()) return "no_text";
  for (const auto& [key, value] : body.items()) {
    if (!std::set<std::string>{"text", "blocks", "unfurl_links", "unfurl_media"}.contains(key)) {
      return "invalid_payload: " + key;
    }
  }
  if (Characters(body["text"]) > 4000) return "msg_too_long";
  if (body["blocks"].empty() || body["blocks"].size() > 50) return "invalid_blocks: count";
  const auto text_ok = [](const json& text, std::size_t max) {
    const std::string type = text.value("type", "");
    const std::string value = text.value("text", "");
    return (type == "plain_text" || type == "mrkdwn") && !value.empty() &&
           Characters(value) <= max && !(type == "plain_text" && text.contains("verbatim")) &&
           !(type == "mrkdwn" && text.contains("emoji"));
  };
  for (const json& block : body["blocks"]) {
    const std::string type = block.value("type", "");
    if (type == "header") {
      if (block["text"]["type"] != "plain_text" || !text_ok(block["text"], 150)) return "header";
    } else if (type == "section") {
      if (!text_ok(block["text"], 3000)) return "section";
    } else if (type == "context") {
      if (block["elements"].empty() || block["elements"].size() > 10) return "context";
      for (const json& element : block["elements"]) {
        if (!text_ok(element, 3000)) return "context element";
      }
    } else {
      return "unknown block " + type;
    }
  }
  return "";
}

/// What an adaptive card in a Workflows message must be.
std::string TeamsObjects(const json& body, std::size_t bytes) {
  if (bytes > 28 * 1024) return "too large";
  if (body.value("type", "") != "message" || body["attachments"].size() != 1) return "no message";
  const json& attachment = body["attachments"][0];
  if (attachment["contentType"] != "application/vnd.microsoft.card.adaptive") return "contentType";
  if (!attachment.contains("contentUrl") || !attachment["contentUrl"].is_null())
    return "contentUrl";
  const json& card = attachment["content"];
  if (card["type"] != "AdaptiveCard" || card["version"] != "1.2" ||
      card["$schema"] != "http://adaptivecards.io/schemas/adaptive-card.json") {
    return "card";
  }
  for (const json& element : card["body"]) {
    if (element["type"] != "RichTextBlock" || element["inlines"].empty()) return "element";
    for (const json& run : element["inlines"]) {
      if (run["type"] != "TextRun" || !run["text"].is_string() || run["text"] == "") return "run";
      for (const auto& [key, value] : run.items()) {
        if (!std::set<std::string>{"type", "text", "weight", "color"}.contains(key)) return key;
      }
      if (run.contains("color") && !std::set<std::string>{"Good", "Warning", "Attention"}.contains(
                                       run["color"].get<std::string>())) {
        return "color";
      }
    }
  }
  return card["body"].empty() ? "empty" : "";
}

std::string PagerDutyObjects(const json& body, std::size_t bytes) {
  if (bytes > 512 * 1024) return "too large";
  const std::string action = body.value("event_action", "");
  if (action != "trigger" && action != "acknowledge" && action != "resolve") return "event_action";
  if (body.value("routing_key", "").size() != 32) return "routing_key";
  const std::string dedup = body.value("dedup_key", "");
  if (dedup.empty() || dedup.size() > 255) return "dedup_key";
  if (action != "trigger") return body.contains("payload") ? "payload" : "";
  const json& payload = body["payload"];
  const std::string summary = payload.value("summary", "");
  if (summary.empty() || Characters(summary) > 1024) return "summary";
  if (payload.value("source", "").empty()) return "source";
  if (!std::set<std::string>{"critical", "error", "warning", "info"}.contains(
          payload.value("severity", ""))) {
    return "severity";
  }
  if (!ParseInstant(payload.value("timestamp", ""))) return "timestamp";
  return payload["custom_details"].is_object() ? "" : "custom_details";
}

/// An HTTP receiver on a real socket.
class Receiver {
 public:
  explicit Receiver(std::function<http::Response(const http::Request&, int)> answer)
      : answer_(std::move(answer)) {
    server_ = *http::Serve([this](const http::Request& request) {
      std::unique_lock lock(mutex_);
      seen_.push_back(request);
      const int count = static_cast<int>(seen_.size());
      lock.unlock();
      return answer_(request, count);
    });
  }
  std::string url() const { return server_->origin() + "/services/SECRETPATH"; }
  std::vector<http::Request> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  std::function<http::Response(const http::Request&, int)> answer_;
  mutable std::mutex mutex_;
  std::vector<http::Request> seen_;
  std::unique_ptr<http::Server> server_;
};

Channel LocalChannel(ChannelKind kind, const std::string& url) {
  Channel channel;
  channel.name = "chat";
  channel.kind = kind;
  channel.url = url;
  channel.allow_private = true;
  channel.secret = "0123456789abcdef0123456789abcdef";
  return channel;
}

Result<std::string> Send(const Channel& channel, const AlertMessage& message,
                         std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
  return Notify(channel, message, false, MakeNotifyWires(), kNow, http::After(timeout));
}

TEST(Notify, SlackTakesWhatIsSaid) {
  Receiver slack([](const http::Request& request, int) {
    const std::string why = SlackObjects(json::parse(request.body));
    return why.empty() ? http::Response{200, {}, "ok"} : http::Response{400, {}, why};
  });
  const Channel channel = LocalChannel(ChannelKind::kSlack, slack.url());
  std::vector<AlertLine> all;
  for (const std::string& name : kHostile) {
    all.push_back(Line("CPA of " + name + " is 106 % above its target"));
    all.back().evidence.push_back(name);
    all.back().subject = name;
    const auto sent = Send(channel, Message({all.back()}));
    ASSERT_TRUE(sent) << sent.error().what;
    const std::string body = slack.seen().back().body;
    EXPECT_EQ(body.find("<!"), std::string::npos);
    EXPECT_EQ(body.find("<@"), std::string::npos);
    EXPECT_EQ(body.find("<http"), std::string::npos);
    EXPECT_EQ(body.find("@channel"), std::string::npos);
    EXPECT_EQ(body.find("@here"), std::string::npos);
  }
  ASSERT_TRUE(Send(channel, Message(all)));
  // Far too much: cut, and said so.
  std::vector<AlertLine> many(90, Line(std::string(5000, '<')));
  for (AlertLine& line : many) line.evidence.assign(50, std::string(3000, '&'));
  ASSERT_TRUE(Send(channel, Message(many)));
  EXPECT_NE(slack.seen().back().body.find("more alerts are not shown"), std::string::npos);
  EXPECT_NE(slack.seen().back().body.find("(cut: maxopt alerts show has the rest)"),
            std::string::npos);
  EXPECT_EQ(slack.seen().back().method, "POST");
}

TEST(Notify, TeamsTakesWhatIsSaid) {
  Receiver teams([](const http::Request& request, int) {
    const std::string why = TeamsObjects(json::parse(request.body), request.body.size());
    return why.empty() ? http::Response{202, {}, ""} : http::Response{400, {}, why};
  });
  const Channel channel = LocalChannel(ChannelKind::kTeams, teams.url());
  for (const std::string& name : kHostile) {
    AlertMessage message = Message({Line("CPA of " + name)});
    message.client = name;
    const auto sent = Send(channel, message);
    ASSERT_TRUE(sent) << sent.error().what;
  }
  std::vector<AlertLine> many(40, Line(std::string(5000, '"')));
  for (AlertLine& line : many) line.evidence.assign(9, std::string(3000, '\\'));
  const auto sent = Send(channel, Message(many));
  ASSERT_TRUE(sent) << sent.error().what;
  EXPECT_NE(teams.seen().back().body.find("not shown"), std::string::npos);
  AlertMessage over = Message({});
  over.kind = "resolved";
  over.resolved = {Line("CPA of Ridge")};
  ASSERT_TRUE(Send(channel, over));
  EXPECT_NE(teams.seen().back().body.find("Good"), std::string::npos);
}

TEST(Notify, PagerDutyTriggersAcknowledgesAndResolvesOneIncident) {
  Receiver pager([](const http::Request& request, int) {
    const json body = json::parse(request.body);
    const std::string why = PagerDutyObjects(body, request.body.size());
    if (!why.empty()) {
      return http::Response{400, {}, json{{"status", "invalid event"}, {"message", why}}.dump()};
    }
    return http::Response{
        202, {}, json{{"status", "success"}, {"dedup_key", body["dedup_key"]}}.dump()};
  });
  const Channel channel = LocalChannel(ChannelKind::kPagerDuty, pager.url());
  AlertMessage message = Message({Line("runaway")});
  ASSERT_TRUE(Send(channel, message));
  message.kind = "acknowledged";
  message.by = "Maya";
  ASSERT_TRUE(Send(channel, message));
  message.kind = "resolved";
  message.resolved = std::move(message.firing);
  message.firing.clear();
  message.others_open = 1;  // of the same incident: it goes on
  ASSERT_TRUE(Send(channel, message));
  message.others_open = 0;
  ASSERT_TRUE(Send(channel, message));
  std::vector<std::string> actions;
  std::set<std::string> keys;
  for (const http::Request& request : pager.seen()) {
    const json body = json::parse(request.body);
    actions.push_back(body["event_action"]);
    keys.insert(body["dedup_key"].get<std::string>());
  }
  EXPECT_EQ(actions, (std::vector<std::string>{"trigger", "acknowledge", "trigger", "resolve"}));
  EXPECT_EQ(keys.size(), 1u);
  for (const std::string& name : kHostile) {
    const auto sent = Send(channel, Message({Line(name + std::string(3000, 'x'))}));
    ASSERT_TRUE(sent) << sent.error().what;
  }
  std::vector<AlertLine> many(40, Line(std::string(5000, '"')));
  for (AlertLine& line : many) line.evidence.assign(9, std::string(3000, '\\'));
  const auto sent = Send(channel, Message(many));
  ASSERT_TRUE(sent) << sent.error().what;
}

TEST(Notify, WebhookIsSignedOverTimestampAndBody) {
  const std::string key = "0123456789abcdef0123456789abcdef";
  Receiver hook([&](const http::Request& request, int) {
    const std::string timestamp(*http::FindHeader(request.headers, "x-maxopt-timestamp"));
    const std::string signed_text = timestamp + "." + request.body;
    unsigned char digest[32];
    unsigned int length = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size(), digest,
         &length);
    std::ostringstream hex;
    for (const unsigned char byte : digest) hex << std::hex << (byte >> 4) << (byte & 15);
    const bool good = hex.str() == *http::FindHeader(request.headers, "x-maxopt-signature") &&
                      timestamp == "1795341600";
    return http::Response{good ? 204 : 401, {}, ""};
  });
  const Channel channel = LocalChannel(ChannelKind::kWebhook, hook.url());
  for (const std::string& name : kHostile) {
    const auto sent = Send(channel, Message({Line(name)}));
    ASSERT_TRUE(sent) << sent.error().what;
    EXPECT_EQ(json::parse(hook.seen().back().body)["maxopt"], "alert/1");
  }
  // Every try of one notification has the same id.
  ASSERT_TRUE(Send(channel, Message({Line("x")})));
  const auto seen = hook.seen();
  EXPECT_EQ(http::FindHeader(seen.front().headers, "idempotency-key"),
            http::FindHeader(seen.back().headers, "idempotency-key"));
  Channel wrong = channel;
  wrong.secret = "another-secret-of-some-length";
  EXPECT_EQ(Send(wrong, Message({Line("x")})).error().code, Errc::kForbidden);
}

TEST(Notify, AnswersSayWhetherToTryAgain) {
  struct Case {
    int status;
    const char* body;
    Errc code;
  };
  const Case cases[] = {{429, "slow", Errc::kRateLimited},
                        {500, "oops", Errc::kUnknownOutcome},
                        {503, "later", Errc::kUnavailable},
                        {404, "no_service", Errc::kNotFound},
                        {410, "gone", Errc::kNotFound},
                        {403, "no", Errc::kForbidden},
                        {400, "bad", Errc::kInvalidArgument},
                        {302, "", Errc::kBadAnswer},
                        {200, "<html>hello</html>", Errc::kBadAnswer},
                        {200, "", Errc::kBadAnswer},
                        {http::kNoAnswer, "", Errc::kUnknownOutcome}};
  for (const Case& c : cases) {
    Receiver slack([&](const http::Request&, int) {
      return http::Response{c.status, {{"Retry-After", "37"}}, c.body};
    });
    const auto sent = Send(LocalChannel(ChannelKind::kSlack, slack.url()), Message({Line("x")}));
    ASSERT_FALSE(sent) << c.status;
    EXPECT_EQ(sent.error().code, c.code) << c.status << " " << sent.error().what;
    EXPECT_EQ(sent.error().what.find("SECRETPATH"), std::string::npos) << sent.error().what;
    if (c.status == 429) {
      EXPECT_EQ(sent.error().retry_after_s, 37);
    }
  }
  std::string gone;
  {
    Receiver slack([](const http::Request&, int) { return http::Response{}; });
    gone = slack.url();
  }
  const auto refused = Send(LocalChannel(ChannelKind::kSlack, gone), Message({Line("x")}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kUnavailable);
  EXPECT_EQ(refused.error().what.find("SECRETPATH"), std::string::npos) << refused.error().what;
}

TEST(Notify, ATimeOutMayHaveArrived) {
  std::atomic<bool> stop = false;
  Receiver slack([&](const http::Request&, int) {
    while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return http::Response{200, {}, "ok"};
  });
  const auto sent = Send(LocalChannel(ChannelKind::kSlack, slack.url()), Message({Line("x")}),
                         std::chrono::milliseconds(300));
  stop = true;
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, Errc::kUnknownOutcome);
  EXPECT_EQ(slack.seen().size(), 1u);
  EXPECT_EQ(sent.error().what.find("SECRETPATH"), std::string::npos) << sent.error().what;
}

TEST(Notify, PrivateAddressesOnlyWhenAllowed) {
  Receiver slack([](const http::Request&, int) { return http::Response{200, {}, "ok"}; });
  NotifyWires wires = MakeNotifyWires();
  Channel channel = LocalChannel(ChannelKind::kSlack, "https://hooks.example/services/x");
  channel.allow_private = false;
  for (const char* address : {"127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "192.168.0.1",
                              "::ffff:10.0.0.1", "fd00::1"}) {
    wires.resolve = [&](const std::string&) {
      return Result<std::vector<std::string>>({"93.184.216.34", address});
    };
    const auto sent = Notify(channel, Message({Line("x")}), false, wires, kNow,
                             http::After(std::chrono::seconds(5)));
    ASSERT_FALSE(sent) << address;
    EXPECT_EQ(sent.error().code, Errc::kRefused) << address;
  }
  channel.url = slack.url();
  EXPECT_FALSE(Send(channel, Message({Line("x")}))) << "http needs allow_private";
  EXPECT_TRUE(slack.seen().empty());
}

TEST(Notify, ChannelsAreCheckedBeforeUse) {
  Channel mail;
  mail.name = "mail";
  mail.kind = ChannelKind::kEmail;
  mail.url = "smtp://mail.example:587";
  mail.from = "max@agency.example";
  mail.to = {"team@agency.example"};
  EXPECT_TRUE(CheckChannel(mail));
  for (const char* bad : {"", "team", "a@b@c", "a@b\r\nBcc: x@y", "<a@b>", "a b@c", "a@b,c@d"}) {
    Channel wrong = mail;
    wrong.to = {bad};
    EXPECT_FALSE(CheckChannel(wrong)) << bad;
  }
  Channel open = mail;
  open.user = "max";
  open.plain_text_smtp = true;
  EXPECT_FALSE(CheckChannel(open)) << "no password in the clear";
  Channel hook = LocalChannel(ChannelKind::kWebhook, "https://ops.example/x");
  EXPECT_TRUE(CheckChannel(hook));
  hook.url = "https://user@ops.example/x";
  EXPECT_FALSE(CheckChannel(hook));
  hook.url = "ftp://ops.example/x";
  EXPECT_FALSE(CheckChannel(hook));
}

TEST(Notify, MessagesKeepTheirBytesThroughTheOutbox) {
  AlertMessage message = Message({Line("x"), Line(kHostile[9])});
  message.firing[0].resolved_at = kNow;
  const auto back = AlertMessageFromJson(ToJson(message));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(ToJson(*back), ToJson(message));
  EXPECT_FALSE(AlertMessageFromJson("{}"));
  EXPECT_FALSE(AlertMessageFromJson("nonsense"));
}

// --- E-mail --------------------------------------------------------------------------------------

/// Debian's aiosmtpd as the mail server, with STARTTLS, a login, and faults by the recipient's
/// name.
constexpr const char* kSmtpSink = R"py(
import asyncio, json, os, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult
folder = sys.argv[1]
tries = {}
class Sink:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"): return "550 no such user"
        if address.startswith("busy@"):
            tries[address] = tries.get(address, 0) + 1
            if tries[address] == 1: return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"
    async def handle_DATA(self, server, session, envelope):
        n = len(os.listdir(folder))
        with open(f"{folder}/.new", "wb") as f:
            f.write(json.dumps({"tls": session.ssl is not None, "to": envelope.rcpt_tos,
                "from": envelope.mail_from, "auth": bool(session.authenticated)}).encode() + b"\n")
            f.write(envelope.content)
        os.rename(f"{folder}/.new", f"{folder}/{n:04}")
        if any(a.startswith("hang@") for a in envelope.rcpt_tos): await asyncio.sleep(6)
        return "250 taken"
class Login:
    def __call__(self, server, session, envelope, mechanism, data):
        ok = data.login == b"max" and data.password == b"pass word"
        return AuthResult(success=ok, handled=False)
async def main():
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[2], sys.argv[3])
    loop = asyncio.get_running_loop()
    make = lambda: SMTP(Sink(), tls_context=tls, require_starttls=sys.argv[4] == "tls",
                        authenticator=Login(), auth_required=sys.argv[4] == "tls", loop=loop)
    server = await loop.create_server(make, "127.0.0.1", 0)
    with open(sys.argv[5] + ".new", "w") as f: f.write(str(server.sockets[0].getsockname()[1]))
    os.rename(sys.argv[5] + ".new", sys.argv[5])
    await server.serve_forever()
asyncio.run(main())
)py";

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

class MailTest : public testing::Test {
 protected:
  static constexpr const char* kPython =
      "/usr/bin/python3";  // Debian's, which has Debian's modules

  pid_t Spawn(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t pid = -1;
    if (::posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ) != 0) return -1;
    return pid;
  }
  void Start(const std::string& mode) {
    std::string name = (std::filesystem::temp_directory_path() / "maxopt-smtp-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::filesystem::create_directory(folder_ / "mails");
    std::ofstream(folder_ / "sink.py") << kSmtpSink;
    const std::string key = folder_ / "key.pem";
    const std::string certificate = folder_ / "cert.pem";
    const pid_t made =
        Spawn({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
               "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj",
               "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-batch"});
    ASSERT_GT(made, 0);
    int status = 0;
    ::waitpid(made, &status, 0);
    ASSERT_EQ(status, 0) << "openssl makes no certificate";
    const std::string port = folder_ / "port";
    sink_ = Spawn({kPython, folder_ / "sink.py", folder_ / "mails", certificate, key, mode, port});
    ASSERT_GT(sink_, 0);
    for (int i = 0; i < 3000 && !std::filesystem::exists(port); ++i) {
      ASSERT_EQ(::waitpid(sink_, &status, WNOHANG), 0)
          << "the SMTP sink ended; tools/setup test installs python3-aiosmtpd";
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    channel_.name = "mail";
    channel_.kind = ChannelKind::kEmail;
    channel_.url = "smtp://localhost:" + ReadAll(port);
    channel_.from = "max@agency.example";
    channel_.to = {"maya@agency.example", "ben@agency.example"};
    channel_.ca_file = certificate;
    if (mode == "tls") {
      channel_.user = "max";
      channel_.password = "pass word";
    } else {
      channel_.plain_text_smtp = true;
    }
  }
  void TearDown() override {
    if (sink_ > 0) {
      ::kill(sink_, SIGKILL);
      ::waitpid(sink_, nullptr, 0);
    }
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  /// Envelope as JSON, and the mail.
  std::vector<std::pair<json, std::string>> Mails() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "mails")) {
      if (entry.path().filename() != ".new") names.push_back(entry.path());
    }
    std::sort(names.begin(), names.end());
    std::vector<std::pair<json, std::string>> out;
    for (const std::string& name : names) {
      const std::string all = ReadAll(name);
      const std::size_t line = all.find('\n');
      out.emplace_back(json::parse(all.substr(0, line)), all.substr(line + 1));
    }
    return out;
  }
  std::filesystem::path folder_;
  pid_t sink_ = -1;
  Channel channel_;
};

std::string HeaderOf(const std::string& mail, const std::string& name) {
  const std::string head = "\r\n" + mail.substr(0, mail.find("\r\n\r\n")) + "\r\n";
  const std::size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  std::size_t end = head.find("\r\n", at + 2);
  while (end + 2 < head.size() && head[end + 2] == ' ') end = head.find("\r\n", end + 2);
  return head.substr(at + name.size() + 4, end - at - name.size() - 4);
}

TEST_F(MailTest, GoesOutByStartTlsWithALogin) {
  Start("tls");
  for (const std::string& name : kHostile) {
    AlertMessage message = Message({Line("CPA of " + name)});
    message.client = name;
    message.headline = name;
    const auto sent = Send(channel_, message);
    ASSERT_TRUE(sent) << sent.error().what;
    const auto mails = Mails();
    const auto& [envelope, mail] = mails.back();
    EXPECT_TRUE(envelope["tls"]);
    EXPECT_TRUE(envelope["auth"]);
    EXPECT_EQ(envelope["to"], json({"maya@agency.example", "ben@agency.example"}));
    EXPECT_EQ(envelope["from"], "max@agency.example");
    EXPECT_EQ(HeaderOf(mail, "Bcc"), "") << "no header may come out of a name";
    EXPECT_EQ(HeaderOf(mail, "Message-ID"), MessageIdOf(message, channel_));
    EXPECT_EQ(HeaderOf(mail, "Date"), "Sun, 22 Nov 2026 10:00:00 +0000");
    EXPECT_EQ(HeaderOf(mail, "Auto-Submitted"), "auto-generated");
    for (std::size_t at = 0; at < mail.size();) {  // RFC 5322: lines of at most 998, RFC 2047: 76
      const std::size_t end = std::min(mail.find("\r\n", at), mail.size());
      EXPECT_LE(end - at, 120u);
      at = end + 2;
    }
    EXPECT_TRUE(std::all_of(mail.begin(), mail.end(),
                            [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
  }
  EXPECT_EQ(Mails().size(), kHostile.size());
  Channel wrong = channel_;
  wrong.password = "guess";
  EXPECT_FALSE(Send(wrong, Message({Line("x")})));
  wrong = channel_;
  wrong.ca_file.clear();
  EXPECT_EQ(Send(wrong, Message({Line("x")})).error().code, Errc::kUnavailable)
      << "an unknown certificate is not talked to";
  wrong = channel_;
  wrong.user.clear();
  wrong.plain_text_smtp = true;
  EXPECT_FALSE(Send(wrong, Message({Line("x")})));
  EXPECT_EQ(Mails().size(), kHostile.size());
}

TEST_F(MailTest, FailuresSayWhetherItMayHaveArrived) {
  Start("plain");
  channel_.to = {"nobody@agency.example"};
  EXPECT_EQ(Send(channel_, Message({Line("x")})).error().code, Errc::kInvalidArgument);
  channel_.to = {"busy@agency.example"};
  EXPECT_EQ(Send(channel_, Message({Line("x")})).error().code, Errc::kUnavailable);
  EXPECT_TRUE(Send(channel_, Message({Line("x")}))) << "the second time it is taken";
  channel_.to = {"hang@agency.example"};
  const auto hung = Send(channel_, Message({Line("x")}), std::chrono::seconds(2));
  ASSERT_FALSE(hung);
  EXPECT_EQ(hung.error().code, Errc::kUnknownOutcome) << hung.error().what;
  // Tried again, it is the same mail to whoever gets both.
  channel_.to = {"maya@agency.example"};
  ASSERT_TRUE(Send(channel_, Message({Line("x")})));
  ASSERT_TRUE(Send(channel_, Message({Line("x")})));
  const auto mails = Mails();
  ASSERT_GE(mails.size(), 2u);
  EXPECT_EQ(mails.back().second, mails[mails.size() - 2].second);
  Channel down = channel_;
  down.url = "smtp://127.0.0.1:1";
  EXPECT_EQ(Send(down, Message({Line("x")})).error().code, Errc::kUnavailable);
}

}  // namespace
}  // namespace maxopt
