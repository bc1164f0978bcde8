#include "stages/monitor/outputs/outputs.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "json/schema_for_test.h"

namespace maxopt {
namespace {

using nlohmann::json;
using std::chrono::days;

std::string Problems(const std::string& kind, const json& document) {
  std::ifstream in(std::string(MAXOPT_SOURCE_DIR) + "/schemas/" + kind + ".schema.json");
  std::ostringstream text;
  text << in.rdbuf();
  return SchemaProblems(json::parse(text.str()), document);
}

Money Eur(std::int64_t units) { return Money::Micros(units * 1'000'000, kEur); }
const AccountInfo kAccount{{Platform::kMeta, "88"}, "m", kEur, "Europe/Berlin", "active"};

MonitorState State() {
  MonitorState state;
  state.client = "Alpenglow";
  state.now = *ParseInstant("2026-11-22T10:00:00Z");
  state.day = *ParseDay("2026-11-22");
  CampaignLine line;
  line.account = kAccount.account;
  line.campaign_id = "1";
  line.name = "social | <b>bold</b>";
  line.week = {Eur(700), 100'000, 2'000, 35.0, Eur(2'800)};
  line.week_before = {Eur(560), 100'000, 1'000, 35.0, Eur(2'240)};
  line.yesterday = {Eur(100), 14'000, 300, std::nullopt, std::nullopt};
  state.campaigns = {line};
  state.creatives = {{kAccount.account,
                      "social",
                      "9",
                      "Dawn",
                      {Eur(70), 10'000, 150, 3.5, {}},
                      "rejected",
                      "MISLEADING"}};
  state.quality = {{kAccount.account, state.now, state.day - days(1), "degraded", {"3 h old"}}};
  state.pacing = {{kAccount.account, "social", "behind", "lands at 82 to 91 % of plan"}};
  state.signals = {{"Alpenglow",
                    "events shop",
                    SignalState::kBroken,
                    state.now,
                    state.now,
                    "no purchase for 6 h",
                    {"0 of 31"},
                    {}}};
  Alert alert;
  alert.id = "a-20261122-0001";
  alert.tier = AlertTier::kCritical;
  alert.condition.client = "Alpenglow";
  alert.condition.detector = "zero_spend";
  alert.condition.title = "social has spent nothing";
  alert.condition.since = state.now;
  state.alerts = {alert};
  return state;
}

TEST(MonitorOutputs, SixMessagesOfFourKindsEachOfItsSchema) {
  const std::vector<Message> messages = MonitorMessages(State());
  ASSERT_EQ(messages.size(), 6u);
  std::vector<std::string> to;
  for (const Message& message : messages) {
    to.push_back(message.to + " " + message.kind);
    EXPECT_EQ(Problems(message.kind, json::parse(message.json)), "") << message.kind;
    EXPECT_EQ(message.client, "Alpenglow");
    EXPECT_EQ(message.about, "2026-11-22");
  }
  EXPECT_EQ(to,
            (std::vector<std::string>{"carlos performance_dashboard", "maya performance_dashboard",
                                      "ben data_quality", "james early_indicators",
                                      "zara early_indicators", "lucas creative_metrics"}));
}

TEST(MonitorOutputs, NumbersAreSumsDividedAndTheUnknownIsNull) {
  const auto messages = MonitorMessages(State());
  const json dashboard = json::parse(messages[0].json);
  const json& week = dashboard["campaigns"][0]["week"];
  EXPECT_EQ(week["spend"], "700.00");
  EXPECT_DOUBLE_EQ(week["ctr"].get<double>(), 0.02);
  EXPECT_DOUBLE_EQ(week["cpa"].get<double>(), 20);
  EXPECT_DOUBLE_EQ(week["roas"].get<double>(), 4);
  EXPECT_TRUE(dashboard["campaigns"][0]["today"]["spend"].is_null());
  EXPECT_TRUE(dashboard["campaigns"][0]["yesterday"]["cpa"].is_null());
  const json indicators = json::parse(messages[3].json);
  EXPECT_DOUBLE_EQ(indicators["week_on_week"][0]["spend_change"].get<double>(), 0.25);
  EXPECT_DOUBLE_EQ(indicators["week_on_week"][0]["ctr_change"].get<double>(), 1);
  // Each teammate reads of what is theirs.
  EXPECT_EQ(indicators["alerts"].size(), 1u);
  EXPECT_EQ(json::parse(messages[2].json)["alerts"].size(), 0u);
}

TEST(MonitorOutputs, HostileNamesBreakNoTable) {
  const std::string text = MonitorMessages(State())[0].markdown;
  EXPECT_NE(text.find("social \\| &lt;b>bold&lt;/b>"), std::string::npos) << text;
}

TEST(MonitorOutputs, NothingKnownIsSaidAndValid) {
  MonitorState empty;
  empty.client = "New";
  empty.day = *ParseDay("2026-11-22");
  for (const Message& message : MonitorMessages(empty)) {
    EXPECT_EQ(Problems(message.kind, json::parse(message.json)), "") << message.kind;
    EXPECT_NE(message.markdown.find("None."), std::string::npos);
  }
}

TEST(MonitorOutputs, LinesComeFromTheFactsByTheAccountsDay) {
  const auto facts = FactStore::Open(":memory:");
  ASSERT_TRUE(facts) << facts.error().what;
  MonitorState state;
  state.now = *ParseInstant("2026-11-22T23:30:00Z");  // the 23rd in Berlin
  const auto load = [&](Level level, Day from, Day to) {
    MetricReport report{{kAccount.account, level, Grain::kDay, Breakdown::kNone, from, to},
                        "7d_click",
                        {},
                        true,
                        ""};
    for (Day day = from; day <= to; day += days(1)) {
      MetricRow row{.day = day,
                    .hour = {},
                    .campaign_id = "1",
                    .ad_group_id = {},
                    .ad_id = {},
                    .segment = {},
                    .spend = Eur(10),
                    .impressions = 1000,
                    .clicks = 20,
                    .conversions_claimed = {},
                    .revenue_claimed = {},
                    .impression_share = {}};
      if (level == Level::kAd) row.ad_group_id = "2", row.ad_id = "3";
      report.rows.push_back(row);
    }
    const auto loaded = (*facts)->Load(report, state.now, "test");
    ASSERT_TRUE(loaded) << loaded.error().what;
  };
  const Entity account_entity{Level::kCampaign, "1", "", "", {{"name", std::string("social")}}};
  ASSERT_TRUE((*facts)->LoadEntities(kAccount, {account_entity}, state.now));
  load(Level::kCampaign, *ParseDay("2026-11-01"), *ParseDay("2026-11-23"));
  load(Level::kAd, *ParseDay("2026-11-16"), *ParseDay("2026-11-23"));
  const auto read = ReadLines(**facts, {kAccount}, state);
  ASSERT_TRUE(read) << read.error().what;
  ASSERT_EQ(state.campaigns.size(), 1u);
  EXPECT_EQ(state.campaigns[0].name, "social");
  EXPECT_EQ(state.campaigns[0].today.spend, Eur(10));
  EXPECT_EQ(state.campaigns[0].week.spend, Eur(70));
  EXPECT_EQ(state.campaigns[0].week_before.spend, Eur(70));
  EXPECT_FALSE(state.campaigns[0].week.conversions);
  ASSERT_EQ(state.creatives.size(), 1u);
  EXPECT_EQ(state.creatives[0].week.impressions, 7000);
}

}  // namespace
}  // namespace maxopt
