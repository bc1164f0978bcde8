#include "agent/model/model.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "agent/model/scripted_for_test.h"

namespace maxopt::model {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

// --- model.yaml ---------------------------------------------------------------------------------

constexpr const char* kYaml =
    "maxopt: model/1\n"
    "base_url: https://models.example/v1/\n"
    "model: small\n"
    "key: env:MAXOPT_TEST_MODEL_KEY\n"
    "price_in_per_million: 0.40 USD\n"
    "price_out_per_million: 1.60 USD\n"
    "day_money_max: 5.00 USD\n";

TEST(ModelConfig, ReadsAFileWithTheKeyByReference) {
  ::setenv("MAXOPT_TEST_MODEL_KEY", "sk-test-1234", 1);
  const auto config = ParseConfig(kYaml, "model.yaml");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_EQ(config->base_url, "https://models.example/v1");
  EXPECT_EQ(config->key, "sk-test-1234");
  EXPECT_EQ(config->day_money_max, *ParseMoney("5", kUsd));
  // 1,000 tokens in at 0.40 and 500 out at 1.60 a million: 0.0004 + 0.0008.
  EXPECT_EQ(CostOf(*config, {1000, 500, true}), *ParseMoney("0.0012", kUsd));
  // A part of a micro is a whole one: a budget is never outrun by rounding.
  EXPECT_EQ(CostOf(*config, {1, 0, true}), Money::Micros(1, kUsd));
  ::unsetenv("MAXOPT_TEST_MODEL_KEY");
  const auto missing = ParseConfig(kYaml, "model.yaml");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().what.find("MAXOPT_TEST_MODEL_KEY"), std::string::npos);
}

TEST(ModelConfig, TheTemplateIsRead) {
  ::setenv("OPENAI_API_KEY", "sk-template", 1);
  EXPECT_TRUE(ParseConfig(ConfigTemplate(), "model.yaml"));
  ::unsetenv("OPENAI_API_KEY");
}

TEST(ModelConfig, FurtherUsesAreOffUnlessSaid) {
  const auto with = [](const std::string& rest) {
    return ParseConfig("maxopt: model/1\nmodel: m\nbase_url: http://127.0.0.1:1/v1\n" + rest,
                       "model.yaml");
  };
  const auto plain = with("");
  ASSERT_TRUE(plain) << plain.error().what;
  EXPECT_FALSE(plain->propose || plain->narrative);
  const auto all = with("propose: true\nnarrative: true\ntone: plain, warm, British spelling\n");
  ASSERT_TRUE(all) << all.error().what;
  EXPECT_TRUE(all->propose && all->narrative);
  EXPECT_EQ(all->tone, "plain, warm, British spelling");
  EXPECT_FALSE(with("propose: perhaps\n"));
  EXPECT_FALSE(with("tone: warm\n"));  // of what?
  EXPECT_FALSE(with("narrative: true\ntone: " + std::string(201, 'w') + "\n"));
}

TEST(ModelConfig, RefusesWhatCouldHarm) {
  const auto with = [](const std::string& rest) {
    return ParseConfig("maxopt: model/1\nmodel: m\n" + rest, "model.yaml");
  };
  // This machine by plain HTTP, others only when somebody says so.
  EXPECT_TRUE(with("base_url: http://127.0.0.1:11434/v1\n"));
  EXPECT_TRUE(with("base_url: http://localhost:11434/v1\n"));
  EXPECT_TRUE(with("base_url: http://10.0.0.7/v1\nallow_http: true\n"));
  const std::string bad[] = {
      "base_url: http://10.0.0.7/v1\n",
      "base_url: http://127.0.0.1.evil.example/v1\n",
      "base_url: http://localhost@evil.example/v1\n",
      "base_url: ftp://127.0.0.1/v1\n",
      "base_url: https://models.example/v1?key=1\n",
      "base_url: \"https://a b/v1\"\n",
      "base_url: https:///v1\n",
      "base_url: https://m/v1\nkey: sk-in-the-clear\n",
      "base_url: https://m/v1\nkey: file:/nonexistent/key\n",
      "base_url: https://m/v1\nunknown: 1\n",
      "base_url: https://m/v1\nbase_url: https://n/v1\n",
      "base_url: https://m/v1\nattempts: 0\n",
      "base_url: https://m/v1\nattempts: many\n",
      "base_url: https://m/v1\nlimit_member: tokens\n",
      "base_url: https://m/v1\nday_money_max: 5.00 USD\n",
      "base_url: https://m/v1\nprice_in_per_million: 1 USD\n",
      "base_url: https://m/v1\nprice_in_per_million: 1 USD\nprice_out_per_million: 1 EUR\n",
      "base_url: https://m/v1\nprice_in_per_million: -1 USD\nprice_out_per_million: 1 USD\n",
      "base_url: [1]\n",
      "",
  };
  for (const std::string& yaml : bad) {
    const auto config = with(yaml);
    ASSERT_FALSE(config) << yaml;
    EXPECT_EQ(config.error().code, Errc::kInvalidArgument) << yaml;
    EXPECT_EQ(config.error().what.find("sk-in-the-clear"), std::string::npos);
  }
}

// --- answers ------------------------------------------------------------------------------------

TEST(ModelReply, ReadsWordsAndWishes) {
  const auto words = ReadReply(ScriptedModel::Completion({{"content", "hello"}}, "stop").dump());
  ASSERT_TRUE(words) << words.error().what;
  EXPECT_EQ(words->content, "hello");
  EXPECT_EQ(words->usage.in, 100);
  EXPECT_TRUE(words->usage.told);
  const auto wishes = ReadReply(
      R"({"choices":[{"message":{"role":"assistant","content":null,"tool_calls":[
      {"id":"a","type":"function","function":{"name":"get_kpis","arguments":"{\"x\":1}"}},
      {"id":"b","type":"function","function":{"name":"get_pacing","arguments":""}}]},
      "finish_reason":"tool_calls"}]})");
  ASSERT_TRUE(wishes) << wishes.error().what;
  ASSERT_EQ(wishes->wishes.size(), 2u);
  EXPECT_EQ(wishes->wishes[0].name, "get_kpis");
  EXPECT_EQ(wishes->wishes[0].arguments, "{\"x\":1}");
  EXPECT_FALSE(wishes->usage.told);
}

TEST(ModelReply, RefusesWhatIsNoAnswer) {
  const auto message = [](const std::string& inside) {
    return R"({"choices":[{"message":)" + inside + R"(,"finish_reason":"stop"}]})";
  };
  const auto call = [&](const std::string& inside) {
    return message(R"({"role":"assistant","tool_calls":[)" + inside + "]}");
  };
  std::string nine;
  for (int i = 0; i < 9; ++i) {
    nine += (i > 0 ? "," : "") + std::string(R"({"id":"c)") + std::to_string(i) +
            R"(","function":{"name":"t","arguments":"{}"}})";
  }
  std::string deep = "1";
  for (int i = 0; i < 5000; ++i) deep = "[" + deep + "]";
  const std::string good = ScriptedModel::Completion({{"content", "hello"}}, "stop").dump();
  const std::string bad[] = {
      "",
      "null",
      "[]",
      "data: {\"choices\":[]}",
      "<html>502</html>",
      good.substr(0, good.size() / 2),
      good + good,
      R"({"choices":[]})",
      R"({"choices":{}})",
      R"({"choices":[{}]})",
      R"({"choices":[{"message":"hi"}]})",
      R"({"error":{"message":"no"}})",
      message(R"({"role":"assistant","content":""})"),
      message(R"({"role":"assistant","content":7})"),
      message(R"({"role":"tool","content":"x"})"),
      message(R"({"role":"assistant","content":"x","content":"y"})"),
      R"({"choices":[{"message":{"content":"half a sen"},"finish_reason":"length"}]})",
      R"({"choices":[{"message":{"content":"x"},"finish_reason":"content_filter"}]})",
      call(R"({"id":"a","function":{"name":"t"}})"),
      call(R"({"id":"a","function":{"name":"t","arguments":{}}})"),
      call(R"({"id":"a","function":{"name":"rm -rf /","arguments":"{}"}})"),
      call(R"({"id":"","function":{"name":"t","arguments":"{}"}})"),
      call(R"({"function":{"name":"t","arguments":"{}"}})"),
      call(R"({"id":"a","function":{"name":"t","arguments":"{}"}},)"
           R"({"id":"a","function":{"name":"t","arguments":"{}"}})"),
      call(R"("t")"),
      call(nine),
      call(R"({"id":"a","function":{"name":"t","arguments":")" + std::string(70'000, 'x') +
           R"("}})"),
      "{\"choices\":" + deep + "}",
      "{\"choices\":[{\"message\":{\"content\":\"\xff\xfe\"}}]}",
  };
  for (const std::string& body : bad) {
    const auto reply = ReadReply(body);
    ASSERT_FALSE(reply) << body.substr(0, 200);
    EXPECT_EQ(reply.error().code, Errc::kBadAnswer) << body.substr(0, 200);
  }
}

TEST(ModelReply, TokensThatCannotBeAreNotBelieved) {
  for (const char* usage : {R"({"prompt_tokens":-5,"completion_tokens":1})",
                            R"({"prompt_tokens":1e30,"completion_tokens":1})",
                            R"({"prompt_tokens":"7","completion_tokens":1})", "7"}) {
    const auto reply = ReadReply(
        std::string(R"({"choices":[{"message":{"content":"x"}}],"usage":)") + usage + "}");
    ASSERT_TRUE(reply) << usage;
    EXPECT_FALSE(reply->usage.told) << usage;
  }
}

// --- calls --------------------------------------------------------------------------------------

class ModelClient : public testing::Test {
 protected:
  void Begin(std::vector<ScriptedModel::Step> script) {
    server_ = std::make_unique<ScriptedModel>(std::move(script));
    ASSERT_TRUE(server_->good());
    config_.base_url = server_->base_url();
    config_.model = "scripted";
    config_.key = "sk-secret-9f3a";
    config_.first_wait = milliseconds(1);
    config_.call_timeout = milliseconds(2000);
    budget_ = {100'000, 100'000, 10, std::nullopt};
  }
  Result<Reply> Ask(milliseconds patience = milliseconds(10'000)) {
    http::CurlOptions options;
    options.max_body_bytes = config_.answer_bytes_max;
    const Client client(config_, http::MakeCurlTransport(options), clock_,
                        [this](const CallRecord& record) { records_.push_back(record); });
    return client.Complete({{Message::Role::kUser, "how is pacing?", {}, ""}},
                           {{"get_pacing", "pacing", R"({"type":"object"})"}}, budget_,
                           http::After(patience));
  }
  std::unique_ptr<ScriptedModel> server_;
  Config config_;
  Budget budget_;
  /// Waits are its own: a test does not wait for them.
  std::shared_ptr<VirtualClock> clock_ =
      std::make_shared<VirtualClock>(*ParseInstant("2026-11-23T10:00:00Z"));
  std::vector<CallRecord> records_;
};

TEST_F(ModelClient, SpeaksTheProtocolAndWritesDownWhatItCost) {
  Begin({ScriptedModel::Says("all is well")});
  config_.price_in = *ParseMoney("1", kEur);
  config_.price_out = *ParseMoney("2", kEur);
  budget_.day_money = *ParseMoney("1", kEur);
  const auto reply = Ask();
  ASSERT_TRUE(reply) << reply.error().what;
  EXPECT_EQ(reply->content, "all is well");
  const auto got = server_->got();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].url, "/v1/chat/completions");
  EXPECT_EQ(http::FindHeader(got[0].headers, "Authorization"), "Bearer sk-secret-9f3a");
  const json body = json::parse(got[0].body);
  EXPECT_EQ(body["model"], "scripted");
  EXPECT_EQ(body["messages"][0]["role"], "user");
  EXPECT_EQ(body["tools"][0]["function"]["name"], "get_pacing");
  EXPECT_EQ(body["max_tokens"], 1500);
  EXPECT_EQ(body["stream"], false);
  ASSERT_EQ(records_.size(), 1u);
  EXPECT_EQ(records_[0].outcome, "answered");
  EXPECT_EQ(records_[0].usage.in, 100);
  // 100 tokens at 1 and 20 at 2 EUR a million.
  EXPECT_EQ(records_[0].cost, *ParseMoney("0.00014", kEur));
  EXPECT_EQ(budget_.question_tokens, 100'000 - 120);
  EXPECT_EQ(budget_.day_calls, 9);
  EXPECT_EQ(budget_.day_money, *ParseMoney("0.99986", kEur));
  EXPECT_EQ(records_[0].request_sha256.size(), 64u);
  EXPECT_EQ(records_[0].answer_sha256.size(), 64u);
}

TEST_F(ModelClient, WaitsAsItIsToldAndAsksAgain) {
  Begin({ScriptedModel::Raw(R"({"error":{"code":"rate_limit_exceeded"}})", 429,
                            {{"Retry-After", "3"}}),
         ScriptedModel::Raw("", 503), ScriptedModel::Says("now")});
  const Instant before = clock_->Now();
  const auto reply = Ask();
  ASSERT_TRUE(reply) << reply.error().what;
  EXPECT_EQ(reply->content, "now");
  EXPECT_GE(clock_->Now() - before, std::chrono::seconds(3));
  ASSERT_EQ(records_.size(), 3u);
  EXPECT_EQ(records_[0].outcome, "rate_limited");
  EXPECT_EQ(records_[1].outcome, "unavailable");
  EXPECT_EQ(records_[2].attempt, 3);
}

TEST_F(ModelClient, DoesNotWaitPastItsDeadline) {
  Begin({ScriptedModel::Raw("", 429, {{"Retry-After", "3600"}})});
  const auto reply = Ask();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::kRateLimited);
  EXPECT_EQ(records_.size(), 1u);
}

TEST_F(ModelClient, GivesUpAfterItsAttempts) {
  Begin({ScriptedModel::Raw("", 500)});
  const auto reply = Ask();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::kUnavailable);
  EXPECT_EQ(records_.size(), 3u);
}

TEST_F(ModelClient, ARefusalIsNotAskedAgain) {
  for (const auto& [status, code] :
       {std::pair(401, Errc::kUnauthenticated), std::pair(403, Errc::kForbidden),
        std::pair(400, Errc::kInvalidArgument), std::pair(302, Errc::kBadAnswer)}) {
    records_.clear();
    Begin({ScriptedModel::Raw(R"({"error":{"message":"your key sk-secret-9f3a is bad"}})", status,
                              {{"Location", "http://127.0.0.1:1/"}})});
    const auto reply = Ask();
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, code);
    EXPECT_EQ(reply.error().what.find("sk-secret"), std::string::npos);
    EXPECT_EQ(records_.size(), 1u);
  }
}

TEST_F(ModelClient, AnEndlessAnswerEndsAtTheTimeOut) {
  Begin({});
  server_->Append(server_->Hangs());
  config_.call_timeout = milliseconds(200);
  const auto reply = Ask();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::kUnknownOutcome);
  ASSERT_EQ(records_.size(), 1u);
  // It may have been counted against us, so its worst case is.
  EXPECT_GE(records_[0].usage.out, 1500);
}

TEST_F(ModelClient, ALargeAnswerIsNotRead) {
  Begin({ScriptedModel::Says(std::string(10u << 20, 'x'))});
  const auto reply = Ask();
  ASSERT_FALSE(reply);
  EXPECT_TRUE(reply.error().code == Errc::kUnknownOutcome ||
              reply.error().code == Errc::kBadAnswer);
  EXPECT_EQ(records_.size(), 1u);
}

TEST_F(ModelClient, NobodyListening) {
  Begin({});
  config_.base_url = "http://127.0.0.1:1/v1";
  const auto reply = Ask();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, Errc::kUnavailable);
  EXPECT_EQ(records_.size(), 3u);
  EXPECT_EQ(budget_.question_tokens, 100'000);
}

TEST_F(ModelClient, NothingIsSentBeyondABudget) {
  Begin({ScriptedModel::Says("x")});
  config_.price_in = *ParseMoney("1000", kEur);
  config_.price_out = *ParseMoney("1000", kEur);
  const Budget whole = {100'000, 100'000, 10, *ParseMoney("100", kEur)};
  for (int which = 0; which < 4; ++which) {
    budget_ = whole;
    if (which == 0) budget_.question_tokens = 1500;  // the answer alone may be that much
    if (which == 1) budget_.day_tokens = 1500;
    if (which == 2) budget_.day_calls = 0;
    if (which == 3) budget_.day_money = *ParseMoney("1.50", kEur);
    const auto reply = Ask();
    ASSERT_FALSE(reply) << which;
    EXPECT_EQ(reply.error().code, Errc::kRefused) << which;
  }
  EXPECT_TRUE(server_->got().empty());
  EXPECT_TRUE(records_.empty());
}

TEST_F(ModelClient, RecordsHoldNoSecretAndNoWords) {
  Begin({ScriptedModel::Wishes("get_pacing", R"({"secret":"words"})")});
  ASSERT_TRUE(Ask());
  ASSERT_EQ(records_.size(), 1u);
  const CallRecord& r = records_[0];
  EXPECT_EQ(r.outcome, "wishes");
  EXPECT_EQ(r.tools, std::vector<std::string>{"get_pacing"});
  for (const std::string& text : {r.model, r.host, r.outcome, r.request_sha256, r.answer_sha256}) {
    EXPECT_EQ(text.find("sk-secret"), std::string::npos);
    EXPECT_EQ(text.find("words"), std::string::npos);
  }
}

}  // namespace
}  // namespace maxopt::model
