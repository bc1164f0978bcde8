// Messages that come by mail.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/team/team.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::string kDocuments = std::string(MAXOPT_SOURCE_DIR) + "/examples/alpenglow/";
constexpr const char* kToJames = "max+0123456789abcdefjames@agency.example";
constexpr const char* kToZara = "max+0123456789abcdefzara@agency.example";

class TeamMailTest : public testing::Test {
 protected:
  TeamMailTest() {
    std::string name = (fs::temp_directory_path() / "maxopt-mail-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    home_ = *Home::Open(folder_ + "/home",
                        std::make_shared<VirtualClock>(*ParseInstant("2026-02-20T12:00:00Z")));
    for (const char* client : {"Alpenglow", "Borealis"}) {
      EXPECT_TRUE(home_->store().SaveClient({client, kEur, "Europe/Berlin"}));
    }
    for (const char* part : {"new", "cur", "tmp"}) {
      fs::create_directories(folder_ + "/home/mail/" + part);
    }
    Configure(
        "  - {name: james, clients: [Alpenglow], mail_token: 0123456789abcdefjames}\n"
        "  - {name: zara, mail_token: 0123456789abcdefzara}\n");
  }
  ~TeamMailTest() override {
    home_.reset();
    fs::remove_all(folder_);
  }
  void Configure(const std::string& members) {
    const auto config = ParseTeamConfig(
        "maxopt: team/1\nmailbox: {maildir: mail, address: max@agency.example}\nmembers:\n" +
            members,
        folder_ + "/home/team.yaml");
    ASSERT_TRUE(config) << config.error().what;
    config_ = *config;
  }
  void Arrives(const std::string& mail) {
    std::ofstream(fmt::format("{}/home/mail/new/{:04}.host", folder_, ++mails_)) << mail;
  }
  static std::string Head(const std::string& to, const std::string& subject,
                          const std::string& more = "") {
    return fmt::format(
        "From: James <james@agency.example>\nTo: {}\nSubject: {}\nMessage-ID: <{}-{}@x>\n{}", to,
        subject, to.substr(0, 30), std::hash<std::string>()(subject + more), more);
  }
  struct File {
    std::string name, text;
  };
  static std::string With(const std::string& head, const std::vector<File>& files) {
    std::string mail = head +
                       "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
                       "Content-Type: text/plain\n\nHere it is.\n";
    for (const File& file : files) {
      mail += fmt::format("--b\nContent-Type: application/octet-stream; name=\"{}\"\n\n{}\n",
                          file.name, file.text);
    }
    return mail + "--b--\n";
  }
  ReceivedRound Round() {
    const auto round = ReceiveMails(*home_, config_);
    EXPECT_TRUE(round) << round.error().what;
    return *round;
  }
  std::vector<InboxRow> Rows() { return *Inbox(home_->store(), {}); }
  std::vector<SentMessage> Receipts(const std::string& to) {
    return *SentMessages(home_->store(), {.to = to});
  }
  int Waiting() {
    return static_cast<int>(OpenMailbox(config_.mailbox->at)
                                ->Waiting(100, http::After(std::chrono::seconds(9)))
                                ->size());
  }

  std::string folder_;
  std::unique_ptr<Home> home_;
  TeamConfig config_;
  int mails_ = 0;
};

TEST_F(TeamMailTest, AnEnvelopeADocumentAndAQuestionComeThroughTheOneDoor) {
  const json envelope{
      {"maxopt", "message/1"}, {"id", "q-7"},
      {"from", "james"},       {"client", "Alpenglow"},
      {"kind", "question"},    {"body", {{"maxopt", "question/1"}, {"text", "Why?"}}}};
  Arrives(With(Head(kToJames, "as agreed"), {{"message.json", envelope.dump()}}));
  Arrives(With(
      Head(kToJames, "Re: [Alpenglow/spring-trails] plan"),
      {{"logo.png", "PNG"}, {"media_plan.yaml", *ReadWholeFile(kDocuments + "media_plan.yaml")}}));
  Arrives(Head(kToZara, "[Borealis] CPA", "Content-Type: text/plain; charset=utf-8\n") +
          "\nWhy did the CPA of Br\xC3\xBC"
          "cke rise?\n> I said so\n-- \nZara\n");
  const ReceivedRound round = Round();
  EXPECT_EQ(round.received, 3);
  EXPECT_EQ(round.refused, 0);
  ASSERT_EQ(round.problems.size(), 1u) << "the picture is told";
  EXPECT_NE(round.problems[0].find("logo.png"), std::string::npos);
  const auto rows = Rows();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[2].id, "q-7");
  EXPECT_EQ(rows[2].state, "open");
  EXPECT_EQ(rows[2].via, "mail");
  EXPECT_EQ(rows[1].kind, "media_plan");
  EXPECT_EQ(rows[1].about, "spring-trails");
  EXPECT_EQ(rows[1].state, "done") << rows[1].why;
  EXPECT_EQ(rows[0].client, "Borealis");
  EXPECT_EQ(rows[0].sender, "zara");
  EXPECT_EQ(json::parse(rows[0].content)["body"]["text"],
            "Why did the CPA of Br\xC3\xBC"
            "cke rise?");
  EXPECT_EQ(home_->store().Documents("Alpenglow", "handed_over")->size(), 1u);
  EXPECT_EQ(Receipts("james").size(), 2u);
  EXPECT_EQ(Waiting(), 0);
  EXPECT_EQ(Round().received, 0);
}

TEST_F(TeamMailTest, WhatNothingProvesIsKeptRefusedAndAnsweredToNobody) {
  const std::string question = "\nWhy?\n";
  Arrives(Head("max@agency.example", "[Alpenglow] to the plain address") + question);
  Arrives(Head("max+0123456789abcdefjamez@agency.example", "[Alpenglow] a guess") + question);
  Arrives(Head("max+0123456789abcdefjames@elsewhere.example", "[Alpenglow] elsewhere") + question);
  Arrives(Head(std::string(kToJames) + ", " + kToZara, "[Alpenglow] both") + question);
  Arrives(std::string("nonsense without any head \xff\xfe\n"));
  const ReceivedRound round = Round();
  EXPECT_EQ(round.received, 0);
  EXPECT_EQ(round.refused, 5);
  for (const InboxRow& row : Rows()) {
    EXPECT_EQ(row.state, "refused");
    EXPECT_EQ(row.sender, "nobody");
    EXPECT_TRUE(row.why.find("mail_token") != row.why.npos ||
                row.why.find("no mail") != row.why.npos)
        << row.why;
  }
  EXPECT_TRUE(SentMessages(home_->store(), {})->empty());
  EXPECT_EQ(Waiting(), 0);
}

TEST_F(TeamMailTest, WhatIsRefusedIsToldToItsMemberUnlessAMachineWroteIt) {
  Arrives(Head(kToJames, "[Alpenglow] html", "Content-Type: text/html\n") + "\n<p>Why?</p>\n");
  Arrives(With(Head(kToJames, "[Alpenglow/spring-trails] not his"),
               {{"buys.yaml", *ReadWholeFile(kDocuments + "buys.yaml")}}));
  Arrives(Head(kToJames, "large") + "\n" + std::string(10u << 20, 'x'));
  std::string many = Head(kToJames, "many") + "Content-Type: multipart/mixed; boundary=b\n\n";
  for (int i = 0; i < 1000; ++i) many += "--b\nContent-Type: text/plain\n\nx\n";
  Arrives(many + "--b--\n");
  EXPECT_EQ(Round().refused, 4);
  ASSERT_EQ(Receipts("james").size(), 4u);
  const std::string why = json::parse(Receipts("james")[3].message.json)["why"];
  EXPECT_NE(why.find("HTML only"), std::string::npos) << why;
  // Out of office, a bounce, and a program's words: kept, and nobody is written to.
  Arrives(Head(kToJames, "Re: receipt", "Auto-Submitted: auto-replied\n") + "\nI am away.\n");
  Arrives(Head(kToJames, "Undelivered", "Return-Path: <>\n") + "\nno such user\n");
  Arrives(Head(kToJames, "cron", "Auto-Submitted: auto-generated\n") + "\nnight job done\n");
  const json own{{"maxopt", "message/1"}, {"id", "m-1"},
                 {"from", "max"},         {"client", "Alpenglow"},
                 {"kind", "receipt"},     {"body", {{"maxopt", "receipt/1"}, {"state", "read"}}}};
  Arrives(With(Head(kToJames, "our own", "Auto-Submitted: auto-generated\n"),
               {{"m-1.json", own.dump()}}));
  EXPECT_EQ(Round().refused, 4);
  EXPECT_EQ(Receipts("james").size(), 4u);
  // A program may hand over documents.
  Arrives(With(Head(kToJames, "[Alpenglow/spring-trails]", "Auto-Submitted: auto-generated\n"),
               {{"media_plan.yaml", *ReadWholeFile(kDocuments + "media_plan.yaml")}}));
  EXPECT_EQ(Round().received, 1);
  EXPECT_EQ(Receipts("james").size(), 5u);
}

/// The server that loses the word that a mail is done: it comes again, and is done once.
TEST_F(TeamMailTest, AMailThatIsNotSettledComesAgainAndIsDoneOnce) {
  class Forgetful final : public Mailbox {
   public:
    explicit Forgetful(std::unique_ptr<Mailbox> inner) : inner_(std::move(inner)) {}
    Result<std::vector<std::string>> Waiting(std::size_t most, http::Deadline deadline) override {
      return inner_->Waiting(most, deadline);
    }
    Result<FetchedMail> Fetch(const std::string& key, std::size_t most,
                              http::Deadline deadline) override {
      if (broken) return Fail(Errc::kUnavailable, "the connection was lost");
      return inner_->Fetch(key, most, deadline);
    }
    Result<> Settle(const std::string& key, MailEnd end, http::Deadline deadline) override {
      if (forgets) return Fail(Errc::kUnavailable, "the connection was lost");
      return inner_->Settle(key, end, deadline);
    }
    bool forgets = true, broken = false;

   private:
    std::unique_ptr<Mailbox> inner_;
  };
  Forgetful mailbox(OpenMailbox(config_.mailbox->at));
  Arrives(With(Head(kToJames, "[Alpenglow/spring-trails] plan"),
               {{"media_plan.yaml", *ReadWholeFile(kDocuments + "media_plan.yaml")}}));
  Arrives(Head(kToJames, "html", "Content-Type: text/html\n") + "\n<p>Why?</p>\n");
  const auto round = [&] { return *ReceiveMails(*home_, config_, mailbox); };
  ReceivedRound first = round();
  EXPECT_EQ(first.received, 1);
  EXPECT_EQ(first.refused, 1);
  EXPECT_EQ(first.problems.size(), 2u);
  const ReceivedRound second = round();
  EXPECT_EQ(second.received + second.refused, 0);
  EXPECT_EQ(second.repeats, 2);
  mailbox.broken = true;
  EXPECT_EQ(round().problems.size(), 2u);
  mailbox.broken = mailbox.forgets = false;
  EXPECT_EQ(round().repeats, 2);
  EXPECT_EQ(round().repeats, 0);
  EXPECT_EQ(Rows().size(), 2u);
  EXPECT_EQ(Receipts("james").size(), 2u);
  // The same Message-ID with another text is another message, and refused.
  Arrives(With(Head(kToJames, "[Alpenglow/spring-trails] plan"),
               {{"media_plan.yaml", *ReadWholeFile(kDocuments + "media_plan.yaml") + "# more\n"}}));
  EXPECT_EQ(round().refused, 1);
  EXPECT_NE(Rows()[0].why.find("another message"), std::string::npos) << Rows()[0].why;
}

TEST_F(TeamMailTest, WhichClientAndCampaignMustBeSaid) {
  Arrives(Head(kToZara, "no client") + "\nWhy?\n");
  Arrives(With(Head(kToZara, "no campaign"),
               {{"buys.yaml", *ReadWholeFile(kDocuments + "buys.yaml")}}));
  Arrives(With(Head(kToZara, "[Alpenglow]"),
               {{"spring-trails.buys.yaml", *ReadWholeFile(kDocuments + "buys.yaml")}}));
  Arrives(With(Head(kToZara, "[Nobody/x] y"), {{"../../buys.yaml", "maxopt: buys/1\n"}}));
  const ReceivedRound round = Round();
  EXPECT_EQ(round.received, 1);
  EXPECT_EQ(round.refused, 3);
  const auto rows = Rows();
  EXPECT_NE(rows[3].why.find("[Client]"), std::string::npos) << rows[3].why;
  EXPECT_NE(rows[2].why.find("which campaign"), std::string::npos) << rows[2].why;
  EXPECT_EQ(rows[1].state, "done") << rows[1].why;
  EXPECT_NE(rows[0].why.find("which campaign"), std::string::npos) << rows[0].why;
}

TEST_F(TeamMailTest, StrangersDoNotFillTheDisk) {
  int refused = 0;
  for (int i = 0; i < 210; ++i) {
    Arrives(Head("max@agency.example", fmt::format("spam {}", i)) + "\n" +
            std::string(50'000, 'x'));
  }
  for (int i = 0; i < 5; ++i) refused += Round().refused;
  EXPECT_EQ(refused, 210);
  const auto rows = Rows();
  EXPECT_EQ(rows.size(), 200u);
  for (const InboxRow& row : rows) EXPECT_LT(row.content.size(), 4000u);
  EXPECT_EQ(Waiting(), 0);
}

TEST_F(TeamMailTest, TheMailboxIsReadFromTeamYaml) {
  const auto refused = [&](const std::string& yaml, const char* says) {
    const auto config = ParseTeamConfig("maxopt: team/1\n" + yaml, "team.yaml");
    ASSERT_FALSE(config) << yaml;
    EXPECT_NE(config.error().what.find(says), std::string::npos) << config.error().what;
    EXPECT_EQ(config.error().what.find("hush"), std::string::npos) << config.error().what;
  };
  const auto good = ParseTeamConfig(
      "maxopt: team/1\nmailbox: {url: \"imaps://mail.example:993\", user: max, password: hush, "
      "address: max@agency.example}\n",
      "team.yaml");
  ASSERT_TRUE(good) << good.error().what;
  EXPECT_EQ(good->mailbox->at.folder, "INBOX");
  refused("mailbox: {url: \"https://mail.example\", user: max, password: hush, address: m@x}\n",
          "imaps://");
  refused("mailbox: {maildir: ../mail, address: m@x}\n", "..");
  refused("mailbox: {maildir: mail}\n", "address is missing");
  refused("mailbox: {maildir: mail, address: \"Max <m@x>\"}\n", "max@agency.example");
  refused("mailbox: {maildir: mail, address: m@x, port: 1}\n", "port");
  refused("members: [{name: james, mail_token: hush}]\n", "16 to 40");
  refused(
      "members: [{name: james, mail_token: 0123456789abcdef}, {name: zara, mail_token: "
      "0123456789abcdef}]\n",
      "another member");
}

}  // namespace
}  // namespace maxopt
