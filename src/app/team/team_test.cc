#include "app/team/team.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "domain/digest.h"
#include "sheet/sheet.h"
#include "stages/setup/documents/documents.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::hours;
using std::chrono::seconds;

const std::string kExample = std::string(MAXOPT_SOURCE_DIR) + "/examples/alpenglow/";

class TeamTest : public testing::Test {
 protected:
  TeamTest() {
    std::string name = (fs::temp_directory_path() / "maxopt-team-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    clock_ = std::make_shared<VirtualClock>(*ParseInstant("2026-02-20T12:00:00Z"));
    home_ = *Home::Open(folder_ + "/home", clock_);
    for (const char* client : {"Alpenglow", "Borealis"}) {
      EXPECT_TRUE(home_->store().SaveClient({client, kEur, "Europe/Berlin"}));
    }
    wires_.web = http::MakeLoopbackTransport(
        {{"https://james.example", [this](const http::Request& request) {
            arrived_.push_back(request);
            return answer_;
          }}});
    wires_.resolve = [](const std::string&) {
      return Result<std::vector<std::string>>({"93.184.216.34"});
    };
    class Mailbox final : public Mailer {
     public:
      explicit Mailbox(std::vector<Mail>& mails) : mails_(mails) {}
      Result<> Send(const Mail& mail, http::Deadline) override {
        mails_.push_back(mail);
        return {};
      }
      std::vector<Mail>& mails_;
    };
    wires_.mail = std::make_shared<Mailbox>(mails_);
  }
  ~TeamTest() override {
    home_.reset();
    fs::remove_all(folder_);
  }

  TeamConfig Configured(const std::string& members) {
    const auto config = ParseTeamConfig("maxopt: team/1\nmembers:\n" + members, "team.yaml");
    EXPECT_TRUE(config) << config.error().what;
    return *config;
  }
  static Sender Of(const std::string& member) {
    return {.member = member, .via = "api", .by = member + " by mk_1"};
  }
  static json Envelope(const std::string& from, const std::string& id, const std::string& kind) {
    return {{"maxopt", "message/1"},
            {"id", id},
            {"from", from},
            {"client", "Alpenglow"},
            {"kind", kind}};
  }
  json Document(const std::string& from, const std::string& kind) {
    json message = Envelope(from, kind + "-1", kind);
    message["about"] = "spring-trails";
    message["correlation_id"] = "spring-2026";
    message["file"] = {{"name", kind + ".yaml"},
                       {"text", *ReadWholeFile(kExample + kind + ".yaml")}};
    return message;
  }
  Received Receive(const json& message, const std::string& member) {
    const auto received = ReceiveMessage(*home_, config_, Of(member), message.dump());
    EXPECT_TRUE(received) << received.error().what;
    return *received;
  }
  std::string Told(const std::string& to, const std::string& kind, const std::string& about = "") {
    Message message;
    message.client = "Alpenglow";
    message.to = to;
    message.kind = kind;
    message.title = "title of " + kind;
    message.about = about;
    message.json = json{{"maxopt", kind + "/1"}}.dump();
    message.markdown = "# " + kind + "\n";
    message.created_at = clock_->Now();
    return home_->store().SaveMessage(message)->id;
  }
  DeliveryRound Deliver() {
    const auto round = DeliverTeam(*home_, config_, wires_);
    EXPECT_TRUE(round) << round.error().what;
    return *round;
  }

  std::string folder_;
  std::shared_ptr<VirtualClock> clock_;
  std::unique_ptr<Home> home_;
  TeamConfig config_ = *ParseTeamConfig("maxopt: team/1\n", "team.yaml");
  NotifyWires wires_;
  http::Response answer_{200, {}, ""};
  std::vector<http::Request> arrived_;
  std::vector<Mail> mails_;
};

TEST_F(TeamTest, FourDocumentsOfFourTeammatesBecomeOneCampaign) {
  const std::string folder = folder_ + "/home/handed_over/alpenglow-" +
                             Sha256Hex("Alpenglow").substr(0, 8) + "/spring-trails";
  fs::create_directories(folder);
  fs::copy(kExample + "creatives", folder + "/creatives", fs::copy_options::recursive);
  const Received plan = Receive(Document("james", "media_plan"), "james");
  ASSERT_FALSE(plan.refusal) << plan.refusal->what;
  EXPECT_EQ(plan.state, "done");
  json receipt = json::parse(plan.receipt);
  EXPECT_EQ(receipt["state"], "accepted");
  EXPECT_EQ(receipt["waits_for"], json::array({"brief", "creatives", "buys"}));
  EXPECT_TRUE(receipt["check"].is_null());
  for (const auto& [member, kind] :
       {std::pair{"zara", "buys"}, {"carlos", "brief"}, {"lucas", "creatives"}}) {
    const Received received = Receive(Document(member, kind), member);
    ASSERT_FALSE(received.refusal) << received.refusal->what;
    receipt = json::parse(received.receipt);
  }
  EXPECT_TRUE(receipt["waits_for"].empty());
  // Together they are compiled as `maxopt check` does; the accounts are not connected here.
  EXPECT_FALSE(receipt["problems"].empty() && receipt["check"].is_null()) << receipt;
  EXPECT_NE(receipt["next"].get<std::string>().find("maxopt check handed_over/alpenglow-"),
            std::string::npos);
  EXPECT_EQ(receipt.dump().find(folder_), std::string::npos) << receipt;
  EXPECT_EQ(*ReadWholeFile(folder + "/media_plan.yaml"),
            *ReadWholeFile(kExample + "media_plan.yaml"));
  // As documents of the client, where everybody sees them; and nothing became a plan.
  EXPECT_EQ(home_->store().Documents("Alpenglow", "handed_over")->size(), 4u);
  EXPECT_TRUE(home_->store().Plans(std::nullopt, 10)->empty());
  // Each sender has a receipt in the thread of their own message.
  const auto sent = SentMessages(home_->store(), {.to = "zara"});
  ASSERT_EQ(sent->size(), 1u);
  EXPECT_EQ(sent->at(0).message.kind, "receipt");
  EXPECT_EQ(sent->at(0).thread.in_reply_to, "buys-1");
  EXPECT_EQ(sent->at(0).thread.correlation, "spring-2026");
  EXPECT_EQ(team::BodyObjection("receipt", sent->at(0).message.json), "");
  // What Max reports of the campaign later belongs to what was handed over.
  Told("james", "media_activation", "spring-trails");
  const auto told = SentMessages(home_->store(), {.to = "james"});
  EXPECT_EQ(EnvelopeOf(*home_, config_, told->at(0))->correlation(), "spring-2026");
  // A newer plan in another form takes the place of the older one.
  json newer = Document("james", "media_plan");
  newer["id"] = "media_plan-2";
  newer.erase("file");
  newer["body"] = json::parse(
      R"({"maxopt":"media_plan/1","packages":[{"name":"social","platform":"meta",
      "account":"880011223344","budget":"100.00"}]})");
  const Received second = Receive(newer, "james");
  ASSERT_FALSE(second.refusal) << second.refusal->what;
  EXPECT_TRUE(fs::exists(folder + "/media_plan.json"));
  EXPECT_FALSE(fs::exists(folder + "/media_plan.yaml"));
}

TEST_F(TeamTest, AWorkbookIsTakenAsTheDocumentsThatItHolds) {
  const std::string folder = folder_ + "/home/handed_over/alpenglow-" +
                             Sha256Hex("Alpenglow").substr(0, 8) + "/spring-trails";
  fs::create_directories(folder);
  fs::copy(kExample + "creatives", folder + "/creatives", fs::copy_options::recursive);
  const auto assets = [](const std::string& name) { return ReadWholeFile(kExample + name); };
  std::vector<DocumentFile> files;
  for (const char* kind : {"brief", "media_plan", "creatives", "buys"}) {
    const std::string name = std::string(kind) + ".yaml";
    files.push_back({name, *ReadWholeFile(kExample + name)});
  }
  const auto documents = ParseDocuments(files, assets);
  ASSERT_TRUE(documents) << documents.error().what;
  const std::string all = *PrintDocumentsXlsx(*documents);
  // The workbook with these of its sheets.
  const auto book_of = [&](const std::set<std::string>& names) {
    std::vector<sheet::OutSheet> sheets;
    const auto read = sheet::ReadXlsx(all);
    for (const sheet::Sheet& one : *read) {
      if (!names.contains(one.name)) continue;
      sheet::OutSheet out{one.name, {}};
      for (const sheet::Row& row : one.rows) {
        out.rows.emplace_back();
        for (const sheet::Cell& cell : row.cells) {
          out.rows.back().push_back({sheet::OutCell::Kind::kText, cell.text});
        }
      }
      sheets.push_back(std::move(out));
    }
    EXPECT_EQ(sheets.size(), names.size());
    return *sheet::WriteXlsx(sheets);
  };
  config_ = Configured(
      "  - {name: carlos, inbox: in/carlos, sends: [media_plan, creatives, buys]}\n"
      "  - {name: zara, inbox: in/zara}\n");
  const auto put = [&](const std::string& member, const std::string& name,
                       const std::string& bytes) {
    const fs::path file = folder_ + "/home/in/" + member + "/" + name;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
    // It is still being written for a minute.
    EXPECT_EQ(ReceiveFolders(*home_, config_)->received, 0);
    EXPECT_TRUE(fs::exists(file));
    fs::last_write_time(file, fs::file_time_type::clock::now() - hours(1));
    const auto round = ReceiveFolders(*home_, config_);
    EXPECT_TRUE(round) << round.error().what;
    EXPECT_FALSE(fs::exists(file));
    return *round;
  };
  // The brief inside says client and campaign.
  EXPECT_EQ(put("carlos", "all.xlsx", all).received, 1);
  for (const char* kind : {"brief", "media_plan", "creatives", "buys"}) {
    EXPECT_TRUE(fs::exists(folder + "/" + kind + ".yaml")) << kind;
  }
  EXPECT_EQ(home_->store().Documents("Alpenglow", "handed_over")->size(), 4u);
  const auto told = SentMessages(home_->store(), {.to = "carlos"});
  ASSERT_EQ(told->size(), 1u) << "one receipt";
  EXPECT_TRUE(json::parse(told->at(0).message.json)["waits_for"].empty());
  // Its own part of the plan by who has only that, under the campaign's name; and nobody else's.
  put("zara", "spring-trails.buys.xlsx", book_of({"Buys"}));
  std::vector<InboxRow> rows = *Inbox(home_->store(), {.sender = "zara"});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_NE(rows[0].why.find("which client"), std::string::npos) << rows[0].why;
  config_ = Configured("  - {name: zara, inbox: in/zara, clients: [Alpenglow]}\n");
  EXPECT_EQ(put("zara", "spring-trails.buys.xlsx", book_of({"Buys"})).received, 1)
      << Inbox(home_->store(), {.sender = "zara"})->front().why;
  // The template of everything, with her sheet filled in: the empty ones are nobody's.
  {
    std::vector<sheet::OutSheet> sheets;
    const auto empty = sheet::ReadXlsx(*DocumentTemplateXlsx("workbook"));
    const auto filled = sheet::ReadXlsx(all);
    for (const sheet::Sheet& one : *empty) {
      const sheet::Sheet& from =
          one.name == "Buys" ? *std::ranges::find(*filled, "Buys", &sheet::Sheet::name) : one;
      sheet::OutSheet out{one.name, {}};
      for (const sheet::Row& row : from.rows) {
        out.rows.emplace_back();
        for (const sheet::Cell& cell : row.cells) {
          out.rows.back().push_back({sheet::OutCell::Kind::kText, cell.text});
        }
      }
      sheets.push_back(std::move(out));
    }
    EXPECT_EQ(sheets.size(), 9u);
    EXPECT_EQ(put("zara", "spring-trails.workbook.xlsx", *sheet::WriteXlsx(sheets)).received, 1)
        << Inbox(home_->store(), {.sender = "zara"})->front().why;
  }
  EXPECT_EQ(put("zara", "again.xlsx", book_of({"Brief", "Buys"})).refused, 1);
  rows = *Inbox(home_->store(), {.sender = "zara"});
  EXPECT_NE(rows[0].why.find("holds a brief"), std::string::npos) << rows[0].why;
  EXPECT_EQ(put("zara", "spring-trails.buys.csv", *DocumentTemplateCsv("buys")).refused, 1);
  EXPECT_EQ(put("zara", "spring-trails.xlsx", book_of({"Buys"})).refused, 1);
  rows = *Inbox(home_->store(), {.sender = "zara"});
  EXPECT_NE(rows[0].why.find("spring-trails.workbook.xlsx"), std::string::npos) << rows[0].why;
  EXPECT_EQ(put("zara", "spring-trails.workbook.xlsx", *DocumentTemplateXlsx("workbook")).refused,
            1);
  rows = *Inbox(home_->store(), {.sender = "zara"});
  EXPECT_NE(rows[0].why.find("one sheet at least is filled in"), std::string::npos) << rows[0].why;
  EXPECT_EQ(put("zara", "spring-trails.xlsx", "PK\x03\x04 no workbook").refused, 1);
  // As a message, with its bytes in base64.
  json message = Envelope("zara", "wb-1", "workbook");
  message["about"] = "spring-trails";
  message["body"] = {{"maxopt", "workbook/1"}, {"name", "buys.xlsx"}, {"base64", "bm9uZQ=="}};
  EXPECT_EQ(Receive(message, "zara").refusal->code, Errc::kInvalidArgument);
  message["body"]["base64"] = "not base64!!";
  EXPECT_NE(Receive(message, "zara").refusal->what.find("base64"), std::string::npos);
  const auto good = MessageOfFile(*home_, *config_.Find("zara"),
                                  {.name = "buys.xlsx",
                                   .bytes = book_of({"Buys"}),
                                   .client = "Alpenglow",
                                   .about = "spring-trails"});
  ASSERT_TRUE(good) << good.error().what;
  EXPECT_FALSE(Receive(json::parse(*good), "zara").refusal);
  EXPECT_TRUE(Receive(json::parse(*good), "zara").repeat);
  EXPECT_TRUE(home_->store().Plans(std::nullopt, 10)->empty());
}

TEST_F(TeamTest, TheSameMessageAgainIsTheSameMessage) {
  const Received first = Receive(Document("zara", "buys"), "zara");
  ASSERT_FALSE(first.refusal) << first.refusal->what;
  const Received again = Receive(Document("zara", "buys"), "zara");
  EXPECT_TRUE(again.repeat);
  EXPECT_EQ(again.seq, first.seq);
  EXPECT_EQ(again.receipt, first.receipt);
  EXPECT_EQ(again.receipt_id, first.receipt_id);
  EXPECT_EQ(home_->store().Messages("zara", 10)->size(), 1u);
  // Another message under the same id is refused, kept, and harms the first one in nothing.
  json other = Document("zara", "buys");
  other["title"] = "newer";
  const Received refused = Receive(other, "zara");
  ASSERT_TRUE(refused.refusal);
  EXPECT_EQ(refused.refusal->code, Errc::kConflict);
  EXPECT_EQ(GetInboxRow(home_->store(), first.seq)->state, "done");
  EXPECT_EQ(GetInboxRow(home_->store(), refused.seq)->state, "refused");
}

TEST_F(TeamTest, WhatIsWrongIsRefusedKeptAndChangesNothing) {
  struct Case {
    const char* name;
    json message;
    std::string member;
    Errc code;
    const char* says;
  };
  json foreign = Document("james", "media_plan");
  foreign["client"] = "Nobody";
  json unreadable = Document("zara", "buys");
  unreadable["file"]["text"] = "maxopt: buys/1\nbuys: [{package: 7, bidd: 1}]\n";
  json disguised = Document("zara", "buys");
  disguised["file"]["text"] = *ReadWholeFile(kExample + "media_plan.yaml");
  json answer = Envelope("maya", "a-1", "answer");
  answer["in_reply_to"] = "m-20260220-0099";
  answer["body"] = {{"maxopt", "answer/1"}, {"text", "x"}};
  json brief = Document("carlos", "brief");
  brief["client"] = "Borealis";
  const Case cases[] = {
      {"unknown kind", Envelope("james", "x", "gossip"), "james", Errc::kNotFound, "known are"},
      {"somebody else's name", Document("james", "media_plan"), "zara", Errc::kForbidden,
       "zara brings it"},
      {"nobody of the team", Document("james", "media_plan"), "", Errc::kForbidden, "nobody"},
      {"no such client", foreign, "james", Errc::kNotFound, "no client"},
      {"unreadable", unreadable, "zara", Errc::kInvalidArgument, "buys"},
      {"another document inside", disguised, "zara", Errc::kInvalidArgument, "buys"},
      {"an answer to nothing", answer, "maya", Errc::kNotFound, "no message"},
      {"a brief of another client", brief, "carlos", Errc::kInvalidArgument, "Alpenglow"},
      {"hostile", json("\x01 ignore all \xF0\x9F\x98\x80"), "james", Errc::kInvalidArgument, ""},
  };
  int kept = 0;
  for (const Case& c : cases) {
    const Received received = Receive(c.message, c.member);
    ASSERT_TRUE(received.refusal) << c.name;
    EXPECT_EQ(received.refusal->code, c.code) << c.name << ": " << received.refusal->what;
    EXPECT_NE(received.refusal->what.find(c.says), std::string::npos)
        << c.name << ": " << received.refusal->what;
    const auto row = GetInboxRow(home_->store(), received.seq);
    ASSERT_TRUE(row) << c.name;
    EXPECT_EQ(row->state, "refused");
    EXPECT_EQ(row->why, received.refusal->what);
    EXPECT_EQ(row->content, c.message.dump()) << c.name;
    EXPECT_EQ(std::ssize(*Inbox(home_->store(), {})), ++kept);
  }
  // Members that do not work for a client, and bringers who may not see it.
  config_ = Configured("  - {name: james, clients: [Borealis]}\n");
  EXPECT_EQ(Receive(Document("james", "media_plan"), "james").refusal->code, Errc::kNotFound);
  Sender sender = Of("zara");
  sender.clients = std::vector<std::string>{"Borealis"};
  EXPECT_TRUE(ReceiveMessage(*home_, config_, sender, Document("zara", "buys").dump())->refusal);
  sender.clients.reset();
  sender.client = "Borealis";
  EXPECT_TRUE(ReceiveMessage(*home_, config_, sender, Document("zara", "buys").dump())->refusal);
  // Huge, and bytes that are no text: kept as far as that makes sense.
  const std::string huge(team::kEnvelopeBytesMax + 10, '\xff');
  const auto big = ReceiveMessage(*home_, config_, Of("zara"), huge);
  ASSERT_TRUE(big) << big.error().what;
  EXPECT_TRUE(big->refusal);
  const auto row = GetInboxRow(home_->store(), big->seq);
  EXPECT_LT(row->content.size(), 300'000u);
  EXPECT_EQ(row->digest, Sha256Hex(huge));
  EXPECT_FALSE(fs::exists(folder_ + "/home/handed_over"));
  EXPECT_TRUE(home_->store().Documents("Alpenglow", "handed_over")->empty());
}

TEST_F(TeamTest, AQuestionIsOpenUntilAnsweredAndOverduePastItsTime) {
  json question = Envelope("james", "q-1", "question");
  question["title"] = "CPA";
  question["body"] = {{"maxopt", "question/1"}, {"text", "Why did CPA rise?"}};
  const Received received = Receive(question, "james");
  ASSERT_FALSE(received.refusal) << received.refusal->what;
  EXPECT_EQ(received.state, "open");
  const auto overdue = [&] {
    return TeamLines(*home_, config_, {.overdue = true}, clock_->Now())->size();
  };
  EXPECT_EQ(overdue(), 0u);
  clock_->AdvanceTo(clock_->Now() + hours(49));
  ASSERT_EQ(overdue(), 1u);
  const auto answer = AnswerTeammate(*home_, received.seq, "Frequency rose to 4.");
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(answer->to, "james");
  EXPECT_EQ(overdue(), 0u);
  const auto sent = SentMessages(home_->store(), {.id = answer->id});
  EXPECT_EQ(sent->at(0).thread.in_reply_to, "q-1");
  EXPECT_EQ(sent->at(0).thread.correlation, "q-1");
  EXPECT_EQ(AnswerTeammate(*home_, received.seq, "again").error().code, Errc::kConflict);
}

TEST_F(TeamTest, WhatMaxAsksIsOverdueUntilItIsAnswered) {
  TeamQuestion asked{.client = "Alpenglow",
                     .to = "maya",
                     .text = "What do competitors do?",
                     .what = "competitive_intelligence"};
  EXPECT_EQ(AskTeammate(*home_, config_, {.client = "Alpenglow", .to = "nobody", .text = "x"})
                .error()
                .code,
            Errc::kNotFound);
  const auto message = AskTeammate(*home_, config_, asked);
  ASSERT_TRUE(message) << message.error().what;
  clock_->AdvanceTo(clock_->Now() + hours(49));
  ASSERT_EQ(TeamLines(*home_, config_, {.overdue = true}, clock_->Now())->size(), 1u);
  json found = Envelope("maya", "ci-7", "competitive_intelligence");
  found["in_reply_to"] = message->id;
  found["body"] = json::parse(R"({"maxopt":"competitive_intelligence/1",
      "observed_on":"2026-02-22","findings":[{"competitor":"Ridgeline","what":"auction",
      "direction":"up","metric":"impression_share","value":"12.5","unit":"percent",
      "confidence":"medium","source":"auction insights","text":"bids on the brand"}]})");
  const Received received = Receive(found, "maya");
  ASSERT_FALSE(received.refusal) << received.refusal->what;
  EXPECT_TRUE(TeamLines(*home_, config_, {.overdue = true}, clock_->Now())->empty());
  EXPECT_EQ(SentMessages(home_->store(), {.id = message->id})->at(0).thread.answered_by, "ci-7");
  // A receipt that says that it was read is no answer, and answers nothing.
  json read = Envelope("maya", "r-1", "receipt");
  read["in_reply_to"] = received.receipt_id;
  read["body"] = {{"maxopt", "receipt/1"}, {"state", "read"}};
  EXPECT_FALSE(Receive(read, "maya").refusal);
  const auto sent = SentMessages(home_->store(), {.id = received.receipt_id});
  EXPECT_EQ(sent->at(0).deliveries.at(0).state, "read");
  EXPECT_FALSE(sent->at(0).thread.answered_at);
}

/// Every output of the four stages has its row in the table of kinds, and each is brought to each
/// of its teammates by every channel there is.
TEST_F(TeamTest, EveryOutputReachesItsTeammatesByEveryChannel) {
  std::string members;
  for (const team::Teammate& one : team::Teammates()) {
    members += fmt::format(
        "  - name: {0}\n    channels:\n"
        "      - {{kind: folder, path: out/{0}}}\n"
        "      - {{kind: webhook, url: \"https://james.example/hook/{0}\", secret: "
        "0123456789abcdef-{0}}}\n"
        "      - {{kind: a2a, url: \"https://james.example/a2a/{0}\", token: tok-{0}}}\n"
        "      - {{kind: email, channel: mail, to: [{0}@agency.example]}}\n",
        one.name);
  }
  config_ = Configured(members);
  std::ofstream(folder_ + "/home/alerts.yaml")
      << "maxopt: alerts/1\nchannels:\n  - {name: mail, kind: email, url: "
         "\"smtp://mail.example:587\", from: max@agency.example, to: [x@agency.example]}\nroutes: "
         "[]\n";
  answer_.body = R"({"jsonrpc":"2.0","id":"1","result":{"task":{"id":"t-1"}}})";
  int expected = 0;
  for (const team::Kind& kind : team::Kinds()) {
    if (kind.direction != team::Direction::kOut) continue;
    for (const std::string_view member : kind.members) {
      const std::string id = Told(std::string(member), std::string(kind.name));
      ++expected;
      arrived_.clear();
      mails_.clear();
      const DeliveryRound round = Deliver();
      ASSERT_EQ(round.sent, 4) << kind.name << ": "
                               << fmt::format("{}", fmt::join(round.notes, "; "));
      const json in_folder =
          json::parse(*ReadWholeFile(fmt::format("{}/home/out/{}/{}.json", folder_, member, id)));
      EXPECT_EQ(in_folder["kind"], kind.name);
      EXPECT_EQ(in_folder["to"], member);
      EXPECT_EQ(in_folder["id"], id);
      ASSERT_EQ(arrived_.size(), 2u);
      for (const http::Request& request : arrived_) {
        const json body = json::parse(request.body);
        EXPECT_EQ(*http::FindHeader(request.headers, "Idempotency-Key"), id);
        if (request.url.find("/a2a/") != std::string::npos) {
          EXPECT_EQ(body["params"]["message"]["messageId"], id);
          EXPECT_EQ(body["params"]["message"]["parts"][0]["data"], in_folder);
          EXPECT_EQ(*http::FindHeader(request.headers, "Authorization"),
                    fmt::format("Bearer tok-{}", member));
          EXPECT_FALSE(http::FindHeader(request.headers, "X-Maxopt-Signature"));
        } else {
          EXPECT_EQ(body, in_folder);
          EXPECT_TRUE(team::CheckSignature(fmt::format("0123456789abcdef-{}", member),
                                           *http::FindHeader(request.headers, "X-Maxopt-Timestamp"),
                                           *http::FindHeader(request.headers, "X-Maxopt-Signature"),
                                           request.body, clock_->Now()));
        }
      }
      ASSERT_EQ(mails_.size(), 1u);
      EXPECT_EQ(mails_[0].to, std::vector<std::string>{fmt::format("{}@agency.example", member)});
      EXPECT_NE(mails_[0].text.find("Subject: [Alpenglow] title of"), std::string::npos);
      EXPECT_NE(mails_[0].text.find(id + ".json"), std::string::npos);
    }
  }
  EXPECT_EQ(expected, 18 + 4 + 1);  // lines; those with two recipients; creative_request
  EXPECT_EQ(Deliver().sent, 0);
}

TEST_F(TeamTest, AMessageIsDeliveredAtLeastOnceAndUnderOneId) {
  config_ = Configured(
      "  - name: james\n    channels:\n      - {kind: webhook, url: "
      "\"https://james.example/hook/SECRETPATH\", secret: 0123456789abcdef}\n");
  const std::string id = Told("james", "channel_performance");
  const std::string kept = Told("zara", "media_efficiency");
  answer_.status = 500;
  DeliveryRound round = Deliver();
  EXPECT_EQ(round.waiting, 1);
  EXPECT_EQ(round.kept, 1);
  EXPECT_EQ(round.notes.at(0).find("SECRETPATH"), std::string::npos) << round.notes.at(0);
  const auto state = [&](const std::string& which) {
    return SentMessages(home_->store(), {.id = which})->at(0).deliveries.at(0).state;
  };
  EXPECT_EQ(state(id), "unknown");
  EXPECT_EQ(state(kept), "kept");
  EXPECT_EQ(arrived_.size(), 1u);
  Deliver();
  EXPECT_EQ(arrived_.size(), 1u);  // not due yet
  clock_->AdvanceTo(clock_->Now() + seconds(30));
  answer_.status = http::kNoAnswer;
  Deliver();
  EXPECT_EQ(state(id), "unknown");
  clock_->AdvanceTo(clock_->Now() + seconds(60));
  answer_.status = 200;
  EXPECT_EQ(Deliver().sent, 1);
  ASSERT_EQ(arrived_.size(), 3u);
  std::set<std::string> ids;
  for (const http::Request& request : arrived_) {
    ids.insert(json::parse(request.body)["id"].get<std::string>());
  }
  EXPECT_EQ(ids, std::set<std::string>{id});
  EXPECT_EQ(state(id), "sent");
  clock_->AdvanceTo(clock_->Now() + hours(1));
  Deliver();
  EXPECT_EQ(arrived_.size(), 3u);
  // A channel that comes later does not bring what was there before.
  config_ = Configured("  - name: zara\n    channels:\n      - {kind: folder, path: out}\n");
  EXPECT_EQ(Deliver().sent, 0);
  // Given up after three days; a person sees it as overdue.
  config_ = Configured(
      "  - name: james\n    channels:\n      - {kind: webhook, url: "
      "\"https://james.example/hook\", secret: 0123456789abcdef}\n");
  answer_.status = 503;
  const std::string lost = Told("james", "channel_performance");
  Deliver();
  clock_->AdvanceTo(clock_->Now() + hours(73));
  EXPECT_EQ(Deliver().failed, 1);
  EXPECT_EQ(state(lost), "failed");
  const auto lines = TeamLines(*home_, config_, {.overdue = true}, clock_->Now());
  ASSERT_EQ(lines->size(), 1u);
  EXPECT_EQ(lines->at(0).key, lost);
}

TEST_F(TeamTest, FoldersAreLookedIntoAndNothingInThemIsLost) {
  config_ =
      Configured("  - {name: zara, inbox: in/zara, channels: [{kind: folder, path: out/zara}]}\n");
  const std::string in = folder_ + "/home/in/zara/";
  ASSERT_TRUE(ReceiveFolders(*home_, config_));
  const auto put = [&](const std::string& name, const std::string& text) {
    std::ofstream(in + name) << text;
  };
  put("buys-1.json", Document("zara", "buys").dump());
  put("buys-1-again.json", Document("zara", "buys").dump());
  put("plan.json", Document("james", "media_plan").dump());
  put("half.json", "{\"maxopt\": ");
  put("..%2F.json", "{}");
  put("notes.txt", "not a message");
  std::ofstream(folder_ + "/secret.json") << Document("zara", "buys").dump();
  fs::create_symlink(folder_ + "/secret.json", in + "link.json");
  auto round = ReceiveFolders(*home_, config_);
  ASSERT_TRUE(round) << round.error().what;
  EXPECT_EQ(round->received, 1);
  EXPECT_EQ(round->repeats, 1);
  EXPECT_EQ(round->refused, 1);  // zara's folder cannot bring james's plan
  EXPECT_EQ(round->problems.size(), 2u);
  EXPECT_TRUE(fs::exists(in + "done/buys-1.json"));
  EXPECT_TRUE(fs::exists(in + "refused/plan.json"));
  EXPECT_NE(ReadWholeFile(in + "refused/plan.json.why.txt")->find("zara brings it"),
            std::string::npos);
  EXPECT_TRUE(fs::exists(in + "half.json"));
  EXPECT_TRUE(fs::exists(in + "notes.txt"));
  EXPECT_TRUE(fs::is_symlink(in + "link.json"));
  // A minute later what is no message is one no more.
  fs::last_write_time(in + "half.json", fs::file_time_type::clock::now() - std::chrono::minutes(2));
  put("plan.json", "[]");
  round = ReceiveFolders(*home_, config_);
  EXPECT_EQ(round->refused, 2);
  EXPECT_TRUE(fs::exists(in + "refused/half.json"));
  EXPECT_TRUE(fs::exists(in + "refused/plan.2.json"));
  // The receipts go back by folder; the refusal too, as the folder has no other answer.
  EXPECT_EQ(Deliver().sent, 2);
  std::multiset<std::string> states;
  for (const auto& entry : fs::directory_iterator(folder_ + "/home/out/zara")) {
    if (entry.path().extension() != ".json") continue;
    states.insert(json::parse(*ReadWholeFile(entry.path().string()))["body"]["state"]);
  }
  EXPECT_EQ(states, (std::multiset<std::string>{"accepted", "refused"}));
}

TEST_F(TeamTest, WhatWasKeptBeforeAKillIsWorkedOnAfterIt) {
  InboxRow row;
  row.sender = "zara";
  row.id = "buys-1";
  row.client = "Alpenglow";
  row.kind = "buys";
  row.about = "spring-trails";
  row.correlation = "c";
  row.via = "api";
  row.received_at = clock_->Now();
  row.content = Document("zara", "buys").dump();
  row.digest = Sha256Hex(row.content);
  ASSERT_TRUE(AddToInbox(home_->store(), row));
  EXPECT_EQ(*FinishReceived(*home_, config_), 1);
  EXPECT_EQ(*FinishReceived(*home_, config_), 0);
  EXPECT_EQ(home_->store().Messages("zara", 10)->size(), 1u);
  // The sender, who got no answer, sends it again and gets the receipt.
  const Received again = Receive(Document("zara", "buys"), "zara");
  EXPECT_TRUE(again.repeat);
  EXPECT_NE(again.receipt.find("accepted"), std::string::npos);
}

TEST(TeamConfigTest, TheTemplateSaysWhatIsSoWithoutIt) {
  const auto config = ParseTeamConfig(TeamConfigTemplate(), "team.yaml");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->members.size(), 9u);
  ASSERT_TRUE(config->OfUser("james"));
  EXPECT_EQ(config->OfUser("james")->name, "james");
  EXPECT_FALSE(config->OfUser(""));
  EXPECT_FALSE(config->Find("nobody"));
  // What stands there as a comment is right as well.
  std::string full;
  std::istringstream lines(TeamConfigTemplate());
  bool members = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "members: []") {
      full += "members:\n";
      members = true;
    } else {
      full += (members && line.starts_with("#") ? line.substr(1) : line) + "\n";
    }
  }
  ::setenv("JAMES_SIGNING_KEY", "0123456789abcdef", 1);
  ::setenv("JAMES_MAIL_TOKEN", "0123456789abcdef0123", 1);
  ::setenv("JAMES_WEBHOOK", "https://james.example/hook", 1);
  ::setenv("JAMES_WEBHOOK_KEY", "fedcba9876543210", 1);
  ::setenv("JAMES_A2A_TOKEN", "token", 1);
  const auto james = ParseTeamConfig(full, "team.yaml");
  ASSERT_TRUE(james) << james.error().what << full;
  EXPECT_EQ(james->Find("james")->channels.size(), 4u);
  EXPECT_EQ(james->Find("james")->secret, "0123456789abcdef");
  EXPECT_FALSE(james->Find("james")->Sees("Borealis"));
}

TEST(TeamConfigTest, RefusesWithTheLine) {
  const std::string head = "maxopt: team/1\nmembers:\n";
  struct Case {
    std::string yaml, line;
  };
  const Case cases[] = {
      {"maxopt: team/2\n", ":1:"},
      {"maxopt: team/1\ncolour: red\n", ":2:"},
      {head + "  - {name: Max Power}\n", ":3:"},
      {head + "  - {name: max}\n", ":3:"},
      {head + "  - {name: james, sends: [gossip]}\n", ":3:"},
      {head + "  - {name: james, sends: [data_quality]}\n", ":3:"},
      {head + "  - {name: james, secret: short}\n", ":3:"},
      {head + "  - {name: james, secret: env:MAXOPT_NO_SUCH_VARIABLE}\n", ":3:"},
      {head + "  - {name: james, inbox: ../../etc}\n", ":3:"},
      {head + "  - {name: james}\n  - {name: james}\n", ":4:"},
      {head + "  - {name: james, channels: [{kind: pigeon}]}\n", ":3:"},
      {head + "  - {name: james, channels: [{kind: folder, path: a}, {kind: folder, path: b}]}\n",
       ":3:"},
      {head + "  - {name: james, channels: [{kind: folder, path: a, token: SECRETTOKEN}]}\n",
       ":3:"},
      {head + "  - {name: james, channels: [{kind: webhook, url: "
              "\"https://j.example/SECRETPATH\"}]}\n",
       ":3:"},
      {head + "  - {name: james, channels: [{kind: webhook, url: \"http://j.example/SECRETPATH\", "
              "secret: 0123456789abcdef}]}\n",
       ":3:"},
      {head + "  - {name: james, channels: [{kind: a2a, url: \"ftp://j.example/SECRETPATH\"}]}\n",
       ":3:"},
      {head + "  - {name: james, channels: [{kind: email, channel: mail}]}\n", ":3:"},
      {head + "  - {name: james, user: zara}\n", "team.yaml:"},
      {"maxopt: team/1\nanswer_within: soon\n", ":2:"},
      {"maxopt: [\n", "team.yaml:"},
  };
  for (const Case& c : cases) {
    const auto config = ParseTeamConfig(c.yaml, "team.yaml");
    ASSERT_FALSE(config) << c.yaml;
    EXPECT_NE(config.error().what.find(c.line), std::string::npos) << config.error().what;
    EXPECT_EQ(config.error().what.find("SECRET"), std::string::npos) << config.error().what;
  }
}

}  // namespace
}  // namespace maxopt
