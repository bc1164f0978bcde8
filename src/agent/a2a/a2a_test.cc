#include "agent/a2a/a2a.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>

#include "http/kept_stream_for_test.h"

namespace maxopt::a2a {
namespace {

class A2aTest : public testing::Test {
 protected:
  A2aTest()
      : clock_(std::make_shared<VirtualClock>(*ParseInstant("2026-11-23T12:00:00Z"))),
        store_(MakeMemoryStore()) {
    Make();
  }
  void Make() {
    std::vector<Skill> skills;
    const auto add = [&](const std::string& id, bool writes, auto run) {
      skills.push_back({.id = id,
                        .name = id,
                        .description = "does " + id,
                        .tags = {"test"},
                        .writes = writes,
                        .run = run});
    };
    using Out = Result<std::variant<Json, NeedsPerson>>;
    using Stop = std::function<bool()>;
    add("echo", false, [this](const Asker& asker, const Json& arguments, bool, const Stop&) -> Out {
      ++runs_;
      return Json{{"asker", asker.name}, {"arguments", arguments}};
    });
    add("refuse", false, [](const Asker&, const Json&, bool, const Stop&) -> Out {
      return Fail(Errc::kInvalidArgument, "client is missing");
    });
    add("fail", false, [](const Asker&, const Json&, bool, const Stop&) -> Out {
      return Fail(Errc::kUnavailable, "the home is busy");
    });
    add("approve", false, [](const Asker&, const Json&, bool answered, const Stop&) -> Out {
      if (!answered) return NeedsPerson{"please approve", "https://max.example/p"};
      return Json{{"status", "approved"}};
    });
    add("slow", false, [this](const Asker&, const Json&, bool, const Stop& stop) -> Out {
      slow_runs_ = true;
      while (!stop() && !let_go_) ::usleep(1000);
      return Json{{"done", true}};
    });
    add("propose", true, [](const Asker&, const Json&, bool, const Stop&) -> Out {
      return Json{{"plan", "p-1"}};
    });
    agent_ = MakeAgent(
        std::move(skills), store_,
        [](const http::Request& request) -> Result<Asker> {
          const auto key = http::FindHeader(request.headers, "Authorization");
          if (key == "Bearer james") return Asker{.name = "james"};
          if (key == "Bearer zara") return Asker{.name = "zara", .may_propose = true};
          return Fail(Errc::kUnauthenticated, "send a key");
        },
        clock_);
  }
  http::Response Post(const Json& body, const std::string& key = "Bearer james",
                      const std::string& version = "1.0") {
    http::Headers headers = {{"Authorization", key}, {"Content-Type", "application/json"}};
    if (!version.empty()) headers.emplace_back("A2A-Version", version);
    http::Response response = http::Settle(*agent_->Handle(
        {.method = "POST", .url = "/a2a", .headers = headers, .body = body.dump()}));
    if (!response.stream) return response;
    const auto stream = std::make_shared<http::KeptForTest>();
    response.stream(stream);
    for (int i = 0; i < 5000 && !stream->closed(); ++i) ::usleep(1000);
    EXPECT_TRUE(stream->closed());
    response.body = stream->Text();
    return response;
  }
  Json Call(const std::string& method, const Json& params,
            const std::string& key = "Bearer james") {
    return Json::parse(
        Post({{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", params}}, key).body);
  }
  static Json Message(const std::string& id, Json part) {
    return {
        {"message",
         {{"messageId", id}, {"role", "ROLE_USER"}, {"parts", Json::array({std::move(part)})}}}};
  }
  static Json Data(const std::string& skill, Json arguments = Json::object()) {
    return {{"data", {{"skill", skill}, {"arguments", std::move(arguments)}}},
            {"mediaType", "application/json"}};
  }
  std::vector<Json> Events(const std::string& body) {
    std::vector<Json> out;
    for (std::size_t from = 0; (from = body.find("data: ", from)) != std::string::npos;) {
      const std::size_t end = body.find("\n\n", from);
      out.push_back(Json::parse(body.substr(from + 6, end - from - 6)));
      from = end;
    }
    return out;
  }

  std::shared_ptr<VirtualClock> clock_;
  TaskStore store_;
  std::atomic<int> runs_{0};
  std::atomic<bool> slow_runs_{false}, let_go_{false};
  std::unique_ptr<Agent> agent_;
};

TEST_F(A2aTest, TheCardIsPublicAndSaysWhatIsSpoken) {
  const auto response = agent_->Handle({.method = "GET", .url = "/.well-known/agent-card.json"});
  const Json card = Json::parse(response->body);
  EXPECT_EQ(card["supportedInterfaces"][0]["protocolBinding"], "JSONRPC");
  EXPECT_EQ(card["supportedInterfaces"][0]["protocolVersion"], "1.0");
  EXPECT_EQ(card["skills"].size(), 6U);
  EXPECT_FALSE(agent_->Handle({.method = "GET", .url = "/other"}).has_value());
}

TEST_F(A2aTest, ASkillIsDoneOnceForAMessage) {
  const Json first =
      Call("SendMessage", Message("m1", Data("echo", {{"client", "Alpenglow"}})))["result"]["task"];
  EXPECT_EQ(first["status"]["state"], "TASK_STATE_COMPLETED");
  const Json& part = first["artifacts"][0]["parts"][0];
  EXPECT_EQ(part["data"]["arguments"]["client"], "Alpenglow");
  EXPECT_EQ(part["data"]["asker"], "james");
  EXPECT_EQ(first["history"][0]["messageId"], "m1");
  const Json again = Call("SendMessage", Message("m1", Data("echo")))["result"]["task"];
  EXPECT_EQ(again["id"], first["id"]);
  EXPECT_EQ(runs_, 1);
  // The same id of another asker's message is another task.
  EXPECT_NE(Call("SendMessage", Message("m1", Data("echo")), "Bearer zara")["result"]["task"]["id"],
            first["id"]);
}

TEST_F(A2aTest, FailuresSayWhoseTheyAre) {
  EXPECT_EQ(Call("SendMessage", Message("a", Data("refuse")))["result"]["task"]["status"]["state"],
            "TASK_STATE_REJECTED");
  const Json failed = Call("SendMessage", Message("b", Data("fail")))["result"]["task"]["status"];
  EXPECT_EQ(failed["state"], "TASK_STATE_FAILED");
  EXPECT_EQ(failed["message"]["parts"][0]["text"], "the home is busy");
}

TEST_F(A2aTest, WordsWithoutASkillAreAskedBack) {
  const Json task =
      Call("SendMessage", Message("a", {{"text", "why did CPA rise?"}}))["result"]["task"];
  EXPECT_EQ(task["status"]["state"], "TASK_STATE_INPUT_REQUIRED");
  Json more = Message("b", Data("echo"));
  more["message"]["taskId"] = task["id"];
  EXPECT_EQ(Call("SendMessage", more)["result"]["task"]["status"]["state"], "TASK_STATE_COMPLETED");
  EXPECT_EQ(
      Call("SendMessage", Message("c", {{"text", "echo"}}))["result"]["task"]["status"]["state"],
      "TASK_STATE_COMPLETED");
}

TEST_F(A2aTest, SkillsThatWriteAreForWhoMay) {
  const Json james = Call("SendMessage", Message("a", Data("propose")))["result"]["task"];
  EXPECT_EQ(james["status"]["state"], "TASK_STATE_INPUT_REQUIRED");
  EXPECT_EQ(james["status"]["message"].dump().find("propose"), std::string::npos);
  EXPECT_EQ(Call("SendMessage", Message("a", Data("propose")),
                 "Bearer zara")["result"]["task"]["status"]["state"],
            "TASK_STATE_COMPLETED");
}

TEST_F(A2aTest, APersonIsWaitedFor) {
  const Json task = Call("SendMessage", Message("a", Data("approve")))["result"]["task"];
  EXPECT_EQ(task["status"]["state"], "TASK_STATE_INPUT_REQUIRED");
  EXPECT_EQ(task["status"]["message"]["parts"][1]["url"], "https://max.example/p");
  Json more = Message("b", {{"text", "done"}});
  more["message"]["taskId"] = task["id"];
  EXPECT_EQ(
      Call("SendMessage", more)["result"]["task"]["artifacts"][0]["parts"][0]["data"]["status"],
      "approved");
  // Said twice is done once; and a task that is over takes no more.
  EXPECT_TRUE(Call("SendMessage", more).contains("result"));
  more["message"]["messageId"] = "c";
  EXPECT_EQ(Call("SendMessage", more)["error"]["code"], -32004);
}

TEST_F(A2aTest, TasksAreOfWhoGaveThem) {
  const Json task = Call("SendMessage", Message("a", Data("echo")))["result"]["task"];
  EXPECT_EQ(Call("GetTask", {{"id", task["id"]}})["result"]["id"], task["id"]);
  for (const char* method : {"GetTask", "CancelTask"}) {
    const Json error = Call(method, {{"id", task["id"]}}, "Bearer zara")["error"];
    EXPECT_EQ(error["code"], -32001) << method;
    EXPECT_EQ(error["data"][0]["reason"], "TASK_NOT_FOUND");
  }
  EXPECT_EQ(Call("ListTasks", Json::object())["result"]["totalSize"], 1);
  EXPECT_EQ(Call("ListTasks", Json::object(), "Bearer zara")["result"]["totalSize"], 0);
  EXPECT_EQ(Call("CancelTask", {{"id", task["id"]}})["error"]["code"], -32002);
}

TEST_F(A2aTest, ListsGoOnWithTheirToken) {
  for (int n = 0; n < 5; ++n) {
    Call("SendMessage", Message(std::to_string(n), Data("echo")));
  }
  const Json first = Call("ListTasks", {{"pageSize", 3}})["result"];
  EXPECT_EQ(first["tasks"].size(), 3U);
  EXPECT_FALSE(first["tasks"][0].contains("artifacts"));
  const Json second =
      Call("ListTasks", {{"pageSize", 3}, {"pageToken", first["nextPageToken"]}})["result"];
  EXPECT_EQ(second["tasks"].size(), 2U);
  EXPECT_EQ(second["nextPageToken"], "");
  EXPECT_EQ(Call("ListTasks", {{"pageToken", "x"}})["error"]["code"], -32602);
}

TEST_F(A2aTest, StreamsTellTaskArtifactAndEnd) {
  const std::vector<Json> events = Events(Post({{"jsonrpc", "2.0"},
                                                {"id", 9},
                                                {"method", "SendStreamingMessage"},
                                                {"params", Message("a", Data("echo"))}})
                                              .body);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0]["id"], 9);
  EXPECT_EQ(events[0]["result"]["task"]["status"]["state"], "TASK_STATE_WORKING");
  EXPECT_TRUE(events[1]["result"].contains("artifactUpdate"));
  EXPECT_EQ(events[2]["result"]["statusUpdate"]["status"]["state"], "TASK_STATE_COMPLETED");
}

TEST_F(A2aTest, ARunningTaskIsCancelled) {
  Json params = Message("a", Data("slow"));
  params["configuration"] = {{"returnImmediately", true}};
  const Json task = Call("SendMessage", params)["result"]["task"];
  EXPECT_EQ(task["status"]["state"], "TASK_STATE_WORKING");
  for (int i = 0; i < 5000 && !slow_runs_; ++i) ::usleep(1000);
  EXPECT_EQ(Call("CancelTask", {{"id", task["id"]}})["result"]["status"]["state"],
            "TASK_STATE_CANCELED");
  let_go_ = true;
  agent_.reset();
  EXPECT_EQ(store_.find(task["id"].get<std::string>(), "james")->state, "TASK_STATE_CANCELED");
}

TEST_F(A2aTest, WhatWasCutOffIsFailedNotForgotten) {
  ASSERT_TRUE(store_
                  .add({.id = "t",
                        .context = "c",
                        .asker = "james",
                        .message = "m",
                        .state = "TASK_STATE_WORKING",
                        .created_at = clock_->Now(),
                        .updated_at = clock_->Now(),
                        .body = "{}"})
                  .has_value());
  EXPECT_EQ(*agent_->Recover(), 1);
  EXPECT_EQ(*agent_->Recover(), 0);
  EXPECT_EQ(Call("GetTask", {{"id", "t"}})["result"]["status"]["state"], "TASK_STATE_FAILED");
}

TEST_F(A2aTest, NonsenseHasItsCodes) {
  EXPECT_EQ(Post(Json::object(), "Bearer nobody").status, 401);
  const Json call = {{"jsonrpc", "2.0"}, {"id", 1}, {"method", "GetTask"}, {"params", {}}};
  for (const char* version : {"", "0.3", "2.0"}) {
    EXPECT_EQ(Json::parse(Post(call, "Bearer james", version).body)["error"]["code"], -32009)
        << version;
  }
  EXPECT_EQ(Call("message/send", Json::object())["error"]["code"], -32601);
  EXPECT_EQ(Call("GetTask", Json::object())["error"]["code"], -32602);
  EXPECT_EQ(Call("GetTask", {{"id", "x"}})["error"]["code"], -32001);
  EXPECT_EQ(Call("CreateTaskPushNotificationConfig", {{"taskId", "x"}})["error"]["code"], -32003);
  EXPECT_EQ(Call("GetExtendedAgentCard", Json::object())["error"]["code"], -32007);
  for (const Json& params :
       {Json::object(), Message("", Data("echo")), Json{{"message", {{"messageId", "a"}}}},
        Json{
            {"message",
             {{"messageId", "a"}, {"role", "ROLE_AGENT"}, {"parts", Json::array({Data("x")})}}}}}) {
    EXPECT_EQ(Call("SendMessage", params)["error"]["code"], -32602) << params;
  }
  Json unknown = Message("a", Data("echo"));
  unknown["message"]["taskId"] = "none";
  EXPECT_EQ(Call("SendMessage", unknown)["error"]["code"], -32001);
}

}  // namespace
}  // namespace maxopt::a2a
