#include "stages/monitor/alerting/alerting.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

namespace maxopt {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;

const AccountId kMeta{Platform::kMeta, "42"};
const Instant kStart = *ParseInstant("2026-11-22T10:00:00Z");

Condition Trouble(const std::string& campaign, AlertTier tier = AlertTier::kWarning) {
  Condition c;
  c.client = "Alpenglow";
  c.detector = "kpi";
  c.account = kMeta;
  c.level = Level::kCampaign;
  c.object_id = campaign;
  c.name = "Ridge";
  c.kpi = "cpa";
  c.direction = "above";
  c.tier = tier;
  c.title = "CPA of Ridge is 41.20 EUR, 106 % above its target";
  c.since = kStart - hours(24 * 3);
  return c;
}

/// Every channel at one address that can be told how to answer.
class AlertingTest : public testing::Test {
 protected:
  void SetUp() override {
    store_ = *CampaignStore::Open(":memory:");
    facts_ = *FactStore::Open(":memory:");
    ASSERT_TRUE(store_->SaveClient({"Alpenglow", kEur, "Europe/Berlin"}));
    ASSERT_TRUE(store_->SaveAccount(
        {"Alpenglow", {kMeta, "Alpenglow Meta", kEur, "Europe/Berlin", "active"}}));
    config_ = *ParseAlertConfig(R"(maxopt: alerts/1
channels:
  - {name: chat, kind: slack, url: "https://hooks.example/T/B", allow_private: true}
  - {name: pager, kind: pagerduty, secret: 0123456789abcdef0123456789abcdef, allow_private: true}
  - {name: hook, kind: webhook, url: "https://ops.example/x", secret: 0123456789abcdef, allow_private: true}
routes:
  - {match: "detector=kpi", channels: [chat, pager, hook]}
)",
                                "alerts.yaml");
    const auto answer = [this](const http::Request& request) {
      arrived_.push_back(request);
      return answer_(request);
    };
    wires_.web = http::MakeLoopbackTransport({{"https://hooks.example", answer},
                                              {"https://events.pagerduty.com", answer},
                                              {"https://ops.example", answer}});
    wires_.resolve = [](const std::string&) {
      return Result<std::vector<std::string>>({"93.184.216.34"});
    };
  }
  AlertingWorld World() { return {store_.get(), facts_.get(), reader_, &config_, &wires_}; }
  AlertRound Round(Instant now, std::vector<Condition> conditions) {
    auto round =
        RaiseAlerts(World(), std::move(conditions), {{"Alpenglow", "kpi", kMeta}}, {}, now);
    EXPECT_TRUE(round) << round.error().what;
    return std::move(*round);
  }
  static http::Response Good(const http::Request& request) {
    if (request.headers.size() > 1 && http::FindHeader(request.headers, "idempotency-key")) {
      return {204, {}, ""};
    }
    const json body = json::parse(request.body);
    return body.contains("routing_key") ? http::Response{202, {}, R"({"status":"success"})"}
                                        : http::Response{200, {}, "ok"};
  }
  /// What a receiver that knows keys takes for one thing: by channel.
  std::multiset<std::string> Keys() const {
    std::multiset<std::string> keys;
    for (const http::Request& request : arrived_) {
      const auto key = http::FindHeader(request.headers, "idempotency-key");
      const json body = json::parse(request.body);
      keys.insert(key                          ? "hook " + std::string(*key)
                  : body.contains("dedup_key") ? "pager " + body["event_action"].get<std::string>()
                                               : "chat");
    }
    return keys;
  }

  std::unique_ptr<CampaignStore> store_;
  std::unique_ptr<FactStore> facts_;
  AlertConfig config_;
  NotifyWires wires_;
  std::function<Result<std::shared_ptr<PlatformReader>>(const AccountId&)> reader_;
  std::function<http::Response(const http::Request&)> answer_ = Good;
  std::vector<http::Request> arrived_;
};

TEST_F(AlertingTest, TellsEachChannelOnceAndItsEndOnce) {
  AlertRound round = Round(kStart, {Trouble("77")});
  EXPECT_EQ(round.opened, std::vector<std::string>{"a-20261122-0001"});
  EXPECT_EQ(round.sent, 3);
  EXPECT_EQ(round.open.size(), 1u);
  for (int minute = 5; minute < 300; minute += 5) {
    round = Round(kStart + minutes(minute), {Trouble("77")});
    EXPECT_EQ(round.notifications, 0);
  }
  for (int minute = 300; minute < 600; minute += 10) Round(kStart + minutes(minute), {});
  const auto keys = Keys();
  EXPECT_EQ(keys.count("chat"), 2u);
  EXPECT_EQ(keys.count("pager trigger"), 1u);
  EXPECT_EQ(keys.count("pager resolve"), 1u);
  EXPECT_EQ(keys.size(), 6u);
  EXPECT_TRUE(LiveAlerts(*store_)->empty());
}

TEST_F(AlertingTest, ReceiverDownAndBackLosesNothingAndDoublesNothing) {
  int tries = 0;
  answer_ = [&](const http::Request&) {
    ++tries;
    return http::Response{503, {}, "down"};
  };
  AlertRound round = Round(kStart, {Trouble("77")});
  EXPECT_EQ(round.waiting, 3);
  EXPECT_EQ(round.notes.size(), 3u);
  for (int minute = 1; minute < 120; ++minute) {
    ASSERT_TRUE(DeliverDue(World(), kStart + minutes(minute)));
  }
  EXPECT_LE(tries, 3 * 12) << "it backs off";
  EXPECT_GE(tries, 3 * 5);
  answer_ = Good;
  arrived_.clear();
  for (int minute = 120; minute < 240; ++minute) {
    ASSERT_TRUE(DeliverDue(World(), kStart + minutes(minute)));
  }
  EXPECT_EQ(arrived_.size(), 3u);
  EXPECT_EQ(Notifications(*store_, {.alert = "", .client = "", .state = "sent"})->size(), 3u);
}

TEST_F(AlertingTest, RetryAfterIsHonoured) {
  answer_ = [](const http::Request&) { return http::Response{429, {{"Retry-After", "600"}}, ""}; };
  Round(kStart, {Trouble("77")});
  answer_ = Good;
  arrived_.clear();
  ASSERT_TRUE(DeliverDue(World(), kStart + minutes(9)));
  EXPECT_TRUE(arrived_.empty());
  ASSERT_TRUE(DeliverDue(World(), kStart + minutes(10)));
  EXPECT_EQ(arrived_.size(), 3u);
}

TEST_F(AlertingTest, UnknownOutcomeIsSentAgainUnderItsKey) {
  int broken = 0;
  answer_ = [&](const http::Request& request) {
    // Acts, then the connection breaks: the answer never comes.
    return broken++ < 3 ? http::Response{http::kNoAnswer, {}, ""} : Good(request);
  };
  Round(kStart, {Trouble("77")});
  EXPECT_EQ(Notifications(*store_, {.alert = "", .client = "", .state = "unknown"})->size(), 3u);
  for (int minute = 1; minute < 60; ++minute) {
    ASSERT_TRUE(DeliverDue(World(), kStart + minutes(minute)));
  }
  ASSERT_EQ(arrived_.size(), 6u);
  const auto keys = Keys();
  std::set<std::string> distinct(keys.begin(), keys.end());
  EXPECT_EQ(distinct.size(), 3u) << "the second try is the first to whoever knows keys";
  // Slack knows none, so the message says it.
  int said = 0;
  for (const http::Request& request : arrived_) {
    said += request.body.find("may have arrived already") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(said, 1);
}

TEST_F(AlertingTest, AStrangeReceiverWithoutKeysIsNotAskedForEver) {
  answer_ = [](const http::Request&) { return http::Response{200, {}, "<html>sign in</html>"}; };
  Round(kStart, {Trouble("77")});
  for (int minute = 1; minute < 60 * 30; minute += 15) {
    ASSERT_TRUE(DeliverDue(World(), kStart + minutes(minute)));
  }
  EXPECT_EQ(Keys().count("chat"), 3u);
  const auto failed = Notifications(*store_, {.alert = "", .client = "", .state = "failed"});
  ASSERT_EQ(failed->size(), 2u) << "Slack after 3 tries, PagerDuty after the time of give_up";
  EXPECT_NE(failed->at(0).how.find("sign in"), std::string::npos);
}

TEST_F(AlertingTest, WhoDiedAfterDecidingOrSendingIsGoneOnWith) {
  // Died after the round was kept and before anything was sent.
  QueuedNotification queued;
  AlertRound first = Round(kStart, {Trouble("77")});
  const auto sent = Notifications(*store_, {});
  ASSERT_EQ(sent->size(), 3u);
  arrived_.clear();
  queued = sent->front();
  queued.notification.key += "/again";
  queued.state = "pending";
  queued.next_at = kStart;
  ASSERT_TRUE(SaveAlertRound(*store_, {}, {queued}));
  // Died while sending: claimed and never settled.
  ASSERT_EQ(ClaimNotifications(*store_, kStart, minutes(2), 10)->size(), 1u);
  ASSERT_TRUE(DeliverDue(World(), kStart + minutes(1)));
  EXPECT_TRUE(arrived_.empty());
  ASSERT_TRUE(DeliverDue(World(), kStart + minutes(3)));
  EXPECT_EQ(arrived_.size(), 1u);
  ASSERT_TRUE(DeliverDue(World(), kStart + minutes(30)));
  EXPECT_EQ(arrived_.size(), 1u);
}

/// A change history of one entry.
class HistoryOnly final : public PlatformReader {
 public:
  explicit HistoryOnly(int* asked) : asked_(asked) {}
  const Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline) override {
    return Fail(Errc::kUnavailable, "not here");
  }
  Result<AccountTree> ReadAccount(const AccountId&, http::Deadline) override {
    return Fail(Errc::kUnavailable, "not here");
  }
  Result<MetricReport> ReadMetrics(const MetricQuery&, http::Deadline) override {
    return Fail(Errc::kUnavailable, "not here");
  }
  Result<std::vector<Entity>> Find(const FindQuery&, http::Deadline) override {
    return Fail(Errc::kUnavailable, "not here");
  }
  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery& query,
                                                http::Deadline) override {
    ++*asked_;
    HistoryEvent event{};
    event.at = query.to - hours(70);
    event.level = Level::kCampaign;
    event.id = "77";
    event.actor = "ben@client.example";
    event.operation = "update";
    event.changed_fields = {"daily_budget"};
    return std::vector{event};
  }

 private:
  Capabilities capabilities_{};
  int* asked_;
};

TEST_F(AlertingTest, NewAlertsCarryTheirDiagnosis) {
  MetricReport report;
  report.query.account = kMeta;
  report.query.from = *ParseDay("2026-10-20");
  report.query.to = *ParseDay("2026-11-21");
  report.attribution_window = "7d_click";
  for (Day day = report.query.from; day <= report.query.to; day += std::chrono::days(1)) {
    for (const char* campaign : {"77", "78"}) {
      const Money spend = Money::Micros(100'000'000, kEur);
      MetricRow row{day, {}, campaign, "", "", "", spend, 20'000, 400, {}, {}, {}};
      const bool broken = day >= *ParseDay("2026-11-19") && row.campaign_id == "77";
      row.conversions_claimed = broken ? 4 : 8;
      report.rows.push_back(row);
    }
  }
  ASSERT_TRUE(facts_->Load(report, kStart, "test"));
  int asked = 0;
  reader_ = [&](const AccountId&) -> Result<std::shared_ptr<PlatformReader>> {
    return std::make_shared<HistoryOnly>(&asked);
  };
  Condition other = Trouble("78");
  other.title = "CPA of Dawn";
  const AlertRound round = Round(kStart, {Trouble("77"), other});
  EXPECT_EQ(asked, 1) << "one account is asked once a round";
  ASSERT_EQ(round.open.size(), 2u);
  ASSERT_TRUE(round.open[0].alert.diagnosis) << ::testing::PrintToString(round.notes);
  const Diagnosis& diagnosis = *round.open[0].alert.diagnosis;
  // cpa = cpm / (ctr cvr): only cvr moved, by half, so it carries all of the doubling.
  double sum = 0;
  for (const auto& factor : diagnosis.factors) {
    sum += factor.share;
    if (factor.name == "cvr") {
      EXPECT_NEAR(factor.share, 1, 1e-9);
      EXPECT_NEAR(*factor.before, 0.02, 1e-9);
      EXPECT_NEAR(*factor.after, 0.01, 1e-9);
    }
  }
  EXPECT_NEAR(sum, 1, 1e-9);
  bool edited = false;
  for (const auto& cause : diagnosis.causes) {
    edited = edited || cause.evidence.find("ben@client.example") != std::string::npos;
  }
  EXPECT_TRUE(edited);
  bool in_message = false;
  for (const http::Request& request : arrived_) {
    in_message = in_message || request.body.find("What moved: ") != std::string::npos;
  }
  EXPECT_TRUE(in_message);
}

TEST_F(AlertingTest, TestMessageGoesPastTheOutbox) {
  EXPECT_TRUE(TestChannel(World(), "chat", kStart));
  ASSERT_EQ(arrived_.size(), 1u);
  EXPECT_NE(arrived_[0].body.find("This channel works"), std::string::npos);
  const auto none = TestChannel(World(), "fax", kStart);
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().what.find("chat, hook, pager"), std::string::npos);
  EXPECT_TRUE(Notifications(*store_, {})->empty());
}

TEST(AlertConfig, TheTemplateIsAConfiguration) {
  const auto config = ParseAlertConfig(AlertConfigTemplate(), "alerts.yaml");
  ASSERT_TRUE(config) << config.error().what;
  EXPECT_TRUE(config->channels.empty());
  EXPECT_EQ(config->policy.hold, AlertPolicy{}.hold);
  EXPECT_EQ(config->policy.group_interval, AlertPolicy{}.group_interval);
  // With its comments taken away it is one too, once its secrets are there.
  for (const char* name : {"SLACK_WEBHOOK", "TEAMS_WORKFLOW_URL"}) {
    ::setenv(name, "https://hooks.example/x", 1);
  }
  for (const char* name : {"PAGERDUTY_ROUTING_KEY", "SMTP_USER", "SMTP_PASSWORD"}) {
    ::setenv(name, "0123456789abcdef0123456789abcdef", 1);
  }
  std::string text = AlertConfigTemplate();
  for (const char* empty : {"channels: []\n", "routes: []\n"})
    text.erase(text.find(empty), std::string(empty).size());
  for (std::size_t at = 0; (at = text.find("\n# ", at)) != std::string::npos;)
    text.erase(at + 1, 2);
  const std::size_t prose = text.find("password) are best");
  ASSERT_NE(prose, std::string::npos);
  text = text.substr(text.find("maxopt: alerts/1"));
  text.replace(text.find("file:webhook-secret"), 19, "0123456789abcdef   ");
  const auto full = ParseAlertConfig(text, "alerts.yaml");
  ASSERT_TRUE(full) << full.error().what << "\n" << text;
  EXPECT_EQ(full->channels.size(), 5u);
  ASSERT_EQ(full->policy.routes.size(), 2u);
  EXPECT_EQ(full->policy.routes[1].escalation.at(0).after, minutes(30));
  EXPECT_EQ(full->policy.channels.at("mail").quiet->from_minute, 20 * 60);
}

TEST(AlertConfig, RefusesWithTheLine) {
  const std::string head = "maxopt: alerts/1\nchannels:\n";
  const std::string chat = "  - {name: chat, kind: slack, url: \"https://h.example/SECRETPATH\"}\n";
  struct Case {
    std::string yaml, line;
  };
  const Case cases[] = {
      {head + "  - {name: chat, kind: fax}\nroutes: []\n", ":3:"},
      {head + "  - {name: chat, kind: slack, colour: red}\nroutes: []\n", ":3:"},
      {head + chat + chat + "routes: []\n", ":4:"},
      {head + chat + "routes:\n  - {channels: [pager]}\n", ":5:"},
      {head + chat + "routes:\n  - {match: \"colour=red\", channels: [chat]}\n", ":5:"},
      {head + chat + "routes:\n  - {channels: [chat], repeat_warning: 10}\n", ":5:"},
      {head + chat + "routes:\n  - {channels: [chat], repeat_warning: 1s}\n", ":5:"},
      {head + chat + "routes: []\ngroup_interval: 1s\n", ":5:"},
      {head + chat + "routes: []\nhold: forever\n", ":5:"},
      {head + "  - {name: c, kind: slack, url: env:MAXOPT_NO_SUCH_VARIABLE}\nroutes: []\n", ":3:"},
      {head + "  - {name: c, kind: slack, url: \"http://h.example/SECRETPATH\"}\nroutes: []\n",
       ":3:"},
      {head + chat + "routes: []\nroutes: []\n", ":5:"},
      {"maxopt: alerts/2\nchannels: []\nroutes: []\n", ":1:"},
      {"maxopt: [\n", "alerts.yaml:"},
  };
  for (const Case& c : cases) {
    const auto config = ParseAlertConfig(c.yaml, "alerts.yaml");
    ASSERT_FALSE(config) << c.yaml;
    EXPECT_NE(config.error().what.find(c.line), std::string::npos) << config.error().what;
    EXPECT_EQ(config.error().what.find("SECRETPATH"), std::string::npos) << config.error().what;
  }
}

}  // namespace
}  // namespace maxopt
