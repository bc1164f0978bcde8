#include "agent/team/team.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "connect/notify/post.h"
#include "json/schema_for_test.h"

namespace maxopt::team {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::seconds;

const Instant kNow = *ParseInstant("2026-11-23T12:00:00Z");

std::string File(const std::string& name) {
  std::ifstream in(std::string(MAXOPT_SOURCE_DIR) + "/" + name);
  EXPECT_TRUE(in) << name;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

json Question() {
  return {{"maxopt", "message/1"},
          {"id", "q-1"},
          {"from", "zara"},
          {"to", "max"},
          {"client", "Alpenglow"},
          {"kind", "question"},
          {"due_at", "2026-11-24T12:00:00Z"},
          {"body", {{"maxopt", "question/1"}, {"text", "Why did CPA rise?"}}}};
}

/// One row for each line of the workflow that names a teammate, with the teammates that it names.
TEST(TeamKinds, EveryLineOfTheWorkflowHasItsRowAndItsSchema) {
  const std::string page = File("docs/traceability.md");
  const std::map<std::string, std::string> names = {{"Carlos Planner", "carlos"},
                                                    {"James Planner", "james"},
                                                    {"Zara Buyer", "zara"},
                                                    {"Lucas Director", "lucas"},
                                                    {"Maya Analyzer", "maya"},
                                                    {"Ben Engineer", "ben"},
                                                    {"Olivia Researcher", "olivia"},
                                                    {"Simon Strategist", "simon"},
                                                    {"Front Office agents", "front_office"}};
  std::map<int, std::set<std::string>> said;
  std::istringstream lines(page);
  const std::regex row(R"(\| (\d+) \| [^|]*\((to|from) ([^)]*)\)[^|]*\|.*)");
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, row)) continue;
    for (const auto& [name, member] : names) {
      if (match[3].str().find(name) != std::string::npos) said[std::stoi(match[1])].insert(member);
    }
  }
  ASSERT_EQ(said.size(), 23u);  // 4 + 4 outputs of set-up, 4, 1 + 4, 6
  std::map<int, std::set<std::string>> rows;
  for (const Kind& kind : Kinds()) {
    if (kind.line == 0) continue;
    rows[kind.line].insert(kind.members.begin(), kind.members.end());
    EXPECT_FALSE(kind.stage.empty()) << kind.name;
  }
  EXPECT_EQ(rows, said);
  for (const Kind& kind : Kinds()) {
    const json schema = json::parse(File("schemas/" + std::string(kind.name) + ".schema.json"));
    // The published schema is of the version that is sent and read.
    const std::string mark = std::string(kind.name) + "/" + std::to_string(kind.version);
    EXPECT_EQ(schema["properties"]["maxopt"]["const"], mark);
    for (const std::string_view member : kind.members) {
      EXPECT_TRUE(std::ranges::any_of(Teammates(), [&](const Teammate& one) {
        return one.name == member;
      })) << member;
    }
  }
}

TEST(TeamKinds, AreFoundByTheirDirection) {
  EXPECT_TRUE(FindKind("brief", Direction::kIn));
  EXPECT_TRUE(FindKind("question", Direction::kIn));
  EXPECT_TRUE(FindKind("question", Direction::kOut));
  // What Max reports is nothing that a teammate may claim to report.
  const auto status = FindKind("implementation_status", Direction::kIn);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::kNotFound);
  EXPECT_NE(status.error().what.find("media_plan"), std::string::npos);
  EXPECT_EQ(SentBy("maya"), (std::vector<std::string>{"workbook", "competitive_intelligence",
                                                      "question", "request", "answer", "receipt"}));
}

TEST(TeamEnvelope, IsReadAndPrintedToTheLetter) {
  const auto read = ReadEnvelope(Question().dump(), {}, kNow);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->from, "zara");
  EXPECT_EQ(read->correlation(), "q-1");
  EXPECT_EQ(read->due_at, *ParseInstant("2026-11-24T12:00:00Z"));
  EXPECT_EQ(read->version, 1);
  const std::string printed = PrintEnvelope(*read);
  EXPECT_EQ(SchemaProblems(json::parse(File("schemas/message.schema.json")), json::parse(printed)),
            "");
  const auto again = ReadEnvelope(printed, {}, kNow);
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_EQ(PrintEnvelope(*again), printed);
  EXPECT_EQ(json::parse(printed)["body"], Question()["body"]);
}

TEST(TeamEnvelope, MoneyOfADocumentIsNeverADouble) {
  const std::string text =
      R"({"maxopt":"message/1","id":"mp-1","from":"james","client":"Alpenglow","kind":"media_plan",
      "about":"spring-trails","body":{"maxopt":"media_plan/1","packages":[
      {"name":"a","budget":19.990,"daily_budget":90071992547409.93}]}})";
  const auto read = ReadEnvelope(text, {}, kNow);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_NE(read->body.find("19.990"), std::string::npos) << read->body;
  EXPECT_NE(read->body.find("90071992547409.93"), std::string::npos) << read->body;
  EXPECT_NE(PrintEnvelope(*read).find("90071992547409.93"), std::string::npos);
}

TEST(TeamEnvelope, ADocumentMayBeAFile) {
  json message{{"maxopt", "message/1"},
               {"id", "b-1"},
               {"from", "zara"},
               {"client", "Alpenglow"},
               {"kind", "buys"},
               {"about", "spring-trails"},
               {"file", {{"name", "buys.yaml"}, {"text", "maxopt: buys/1\nbuys: []\n"}}}};
  const auto read = ReadEnvelope(message.dump(), {}, kNow);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->file_name, "buys.yaml");
  EXPECT_EQ(PrintEnvelope(*ReadEnvelope(PrintEnvelope(*read), {}, kNow)), PrintEnvelope(*read));
}

TEST(TeamEnvelope, RefusesWithWhatToDo) {
  struct Case {
    const char* name;
    std::function<void(json&)> spoil;
    Errc code;
    const char* says;
  };
  const Case cases[] = {
      {"unknown kind", [](json& m) { m["kind"] = "gossip"; }, Errc::kNotFound, "known are brief"},
      {"of Max only", [](json& m) { m["kind"] = "budget_reallocation"; }, Errc::kNotFound,
       "known are"},
      {"not theirs",
       [](json& m) {
         m["kind"] = "media_plan";
         m["about"] = "spring";
         m["body"] = {{"maxopt", "media_plan/1"}};
       },
       Errc::kForbidden, "a media_plan comes from james, not from zara"},
      {"another's", [](json& m) { m["to"] = "lucas"; }, Errc::kInvalidArgument, "this is Max"},
      {"no body", [](json& m) { m.erase("body"); }, Errc::kInvalidArgument, "no body"},
      {"both",
       [](json& m) {
         m["file"] = {{"name", "a.yaml"}, {"text", "x"}};
       },
       Errc::kInvalidArgument, "a body and a file"},
      {"file of no document",
       [](json& m) {
         m.erase("body");
         m["file"] = {{"name", "a.yaml"}, {"text", "x"}};
       },
       Errc::kInvalidArgument, "only documents"},
      {"path in a file's name",
       [](json& m) {
         m.erase("body");
         m["file"] = {{"name", "../../policy.yaml"}, {"text", "x"}};
       },
       Errc::kInvalidArgument, "message.schema.json"},
      {"newer", [](json& m) { m["version"] = 2; }, Errc::kInvalidArgument, "versions up to 1"},
      {"body of another kind", [](json& m) { m["body"]["maxopt"] = "answer/1"; },
       Errc::kInvalidArgument, "\"question/1\""},
      {"body against its schema", [](json& m) { m["body"]["texts"] = 1; }, Errc::kInvalidArgument,
       "question.schema.json"},
      {"body of another client", [](json& m) { m["body"]["client"] = "Borealis"; },
       Errc::kInvalidArgument, "Borealis"},
      {"unknown field", [](json& m) { m["priority"] = "high"; }, Errc::kInvalidArgument,
       "message.schema.json"},
      {"id with a path", [](json& m) { m["id"] = "../x"; }, Errc::kInvalidArgument,
       "message.schema.json"},
      {"id too long", [](json& m) { m["id"] = std::string(129, 'a'); }, Errc::kInvalidArgument,
       "message.schema.json"},
      {"from the future", [](json& m) { m["created_at"] = "2026-11-23T13:00:00Z"; },
       Errc::kInvalidArgument, "in the future"},
      {"due in years", [](json& m) { m["due_at"] = "2036-11-23T13:00:00Z"; },
       Errc::kInvalidArgument, "more than a year"},
      {"no time", [](json& m) { m["due_at"] = "soon"; }, Errc::kInvalidArgument, "due_at"},
      {"answer to nothing",
       [](json& m) {
         m["kind"] = "answer";
         m["body"] = {{"maxopt", "answer/1"}, {"text", "yes"}};
       },
       Errc::kInvalidArgument, "in_reply_to"},
      {"not an object",
       [](json& m) {
         m = json::array({1, 2});
       },
       Errc::kInvalidArgument, "message.schema.json"},
  };
  for (const Case& c : cases) {
    json message = Question();
    c.spoil(message);
    const auto read = ReadEnvelope(message.dump(), {}, kNow);
    ASSERT_FALSE(read) << c.name;
    EXPECT_EQ(read.error().code, c.code) << c.name << ": " << read.error().what;
    EXPECT_NE(read.error().what.find(c.says), std::string::npos)
        << c.name << ": " << read.error().what;
  }
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("null"), std::string(R"({"id":1,"id":2})"),
        std::string(kEnvelopeBytesMax + 1, ' '), std::string(100'000, '[')}) {
    EXPECT_FALSE(ReadEnvelope(text, {}, kNow)) << text.substr(0, 20);
  }
  // team.yaml may let someone else send it.
  json message = Question();
  message["kind"] = "media_plan";
  message["about"] = "spring";
  message["body"] = {{"maxopt", "media_plan/1"}};
  const std::string extra[] = {"media_plan"};
  EXPECT_TRUE(ReadEnvelope(message.dump(), extra, kNow));
  message["about"] = "../../etc";
  EXPECT_NE(ReadEnvelope(message.dump(), extra, kNow).error().what.find("slug"), std::string::npos);
}

TEST(TeamEnvelope, ARefusedOneIsGlancedAt) {
  json message = Question();
  message["kind"] = "gos\nsip";
  message["about"] = json::array();
  const Glance glance = GlanceAt(message.dump());
  EXPECT_EQ(glance.from, "zara");
  EXPECT_EQ(glance.kind, "gos?sip");
  EXPECT_EQ(glance.about, "");
  EXPECT_EQ(GlanceAt("{").from, "");
}

TEST(TeamSignature, HoldsForFiveMinutesAndOneBody) {
  const std::string secret = "0123456789abcdef", body = R"({"a":1})";
  // 2026-11-23T12:00:00Z
  const std::string at = "1795435200";
  const std::string good = SignatureOf(secret, at, body);
  // printf '%s' '1795435200.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef
  EXPECT_EQ(good, "143f02ec5dd0db75854343a9b8fe2026583b077e0069880cc228604efb0a7d11");
  EXPECT_TRUE(CheckSignature(secret, at, good, body, kNow));
  EXPECT_TRUE(CheckSignature(secret, at, "sha256=" + good, body, kNow));
  std::string upper = good;
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
  EXPECT_TRUE(CheckSignature(secret, at, upper, body, kNow));
  EXPECT_TRUE(CheckSignature(secret, at, good, body, kNow + seconds(300)));
  const auto forbidden = [&](const Result<>& result) {
    return !result && result.error().code == Errc::kForbidden &&
           result.error().what.find(secret) == std::string::npos;
  };
  // A message that was recorded is worth nothing later, nor one whose time is made up.
  EXPECT_TRUE(forbidden(CheckSignature(secret, at, good, body, kNow + seconds(301))));
  EXPECT_TRUE(forbidden(CheckSignature(secret, at, good, body, kNow - seconds(301))));
  EXPECT_TRUE(forbidden(CheckSignature(secret, "1795435201", good, body, kNow)));
  EXPECT_TRUE(forbidden(CheckSignature(secret, at, good, R"({"a":2})", kNow)));
  EXPECT_TRUE(forbidden(CheckSignature("another secret!!", at, good, body, kNow)));
  EXPECT_TRUE(forbidden(CheckSignature(secret, "", good, body, kNow)));
  EXPECT_TRUE(forbidden(CheckSignature(secret, at, "", body, kNow)));
  EXPECT_TRUE(forbidden(CheckSignature(secret, at, good.substr(1), body, kNow)));
  EXPECT_TRUE(forbidden(CheckSignature(secret, "-5", good, body, kNow)));
  EXPECT_TRUE(forbidden(CheckSignature(secret, "99999999999999999999", good, body, kNow)));
}

TEST(TeamDelivery, IsTriedWithGrowingWaitsAndGivenUpAfterThreeDays) {
  const RetryPolicy policy;
  const Result<std::string> down = Fail(Errc::kUnavailable, "refused");
  const auto wait = [&](int attempts) {
    const NextStep next = AfterTry(attempts, kNow, down, policy, kNow);
    EXPECT_EQ(next.state, DeliveryState::kPending);
    return std::chrono::duration_cast<seconds>(next.next_at - kNow).count();
  };
  EXPECT_EQ(wait(1), 30);
  EXPECT_EQ(wait(2), 60);
  EXPECT_EQ(wait(6), 960);
  EXPECT_EQ(wait(7), 1800);
  EXPECT_EQ(wait(1'000'000), 1800);
  const NextStep sent = AfterTry(3, kNow, std::string("answered 200"), policy, kNow);
  EXPECT_EQ(sent.state, DeliveryState::kSent);
  EXPECT_EQ(sent.how, "answered 200");
  // It may have arrived: it is sent again under the same id.
  const NextStep unknown = AfterTry(1, kNow, Fail(Errc::kUnknownOutcome, "time-out"), policy, kNow);
  EXPECT_EQ(unknown.state, DeliveryState::kUnknown);
  EXPECT_FALSE(IsFinal(unknown.state));
  // Settings are mended by people: tried all the same, slowly.
  const NextStep wrong = AfterTry(1, kNow, Fail(Errc::kForbidden, "401"), policy, kNow);
  EXPECT_EQ(wrong.state, DeliveryState::kPending);
  EXPECT_EQ(wrong.next_at, kNow + seconds(1800));
  Error asked{Errc::kRateLimited, "429"};
  asked.retry_after_s = 600;
  EXPECT_EQ(AfterTry(1, kNow, Fail(asked), policy, kNow).next_at, kNow + seconds(600));
  EXPECT_EQ(AfterTry(90, kNow - hours(71), down, policy, kNow).state, DeliveryState::kPending);
  EXPECT_EQ(AfterTry(90, kNow - hours(72), down, policy, kNow).state, DeliveryState::kFailed);
  // What arrives after that has arrived.
  EXPECT_EQ(AfterTry(90, kNow - hours(99), std::string("ok"), policy, kNow).state,
            DeliveryState::kSent);
  for (const DeliveryState state :
       {DeliveryState::kPending, DeliveryState::kSending, DeliveryState::kUnknown,
        DeliveryState::kKept, DeliveryState::kSent, DeliveryState::kRead, DeliveryState::kFailed}) {
    EXPECT_EQ(*FindDeliveryState(DeliveryStateName(state)), state);
  }
  EXPECT_FALSE(FindDeliveryState("lost"));
}

}  // namespace
}  // namespace maxopt::team
