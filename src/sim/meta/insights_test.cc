#include "sim/meta/insights.h"

#include "sim/meta/fixture.h"

namespace maxopt::sim::meta {
namespace {

/// Sums a numeric text column, in units of 1/10^6.
std::int64_t Total(const Answer& answer, const std::string& field) {
  std::int64_t total = 0;
  for (const Json& row : answer.body["data"]) {
    if (row.contains(field)) {
      total += ParseMoney(row[field].get<std::string>(), kEur).value().micros();
    }
  }
  return total;
}

std::string Action(const Json& row, const std::string& type, const std::string& key = "value",
                   const std::string& list = "actions") {
  if (!row.contains(list)) return "";
  for (const Json& action : row[list]) {
    if (action["action_type"] == type) return action.value(key, "");
  }
  return "";
}

class InsightsTest : public MetaTest {
 protected:
  /// One ad on 50 EUR a day since the morning of 1 September; now the evening of the 10th.
  void SetUp() override {
    tree_ = Running();
    clock_.AdvanceTo(At("2026-09-10T18:00:00Z"));
  }
  Answer Ask(Pairs query, const std::string& node = "act_42") {
    query.emplace_back("time_range", R"({"since":"2026-09-01","until":"2026-09-09"})");
    return Get(node + "/insights", std::move(query));
  }
  Tree tree_;
};

TEST_F(InsightsTest, PrintsAsMetaDoes) {
  EXPECT_EQ(PrintRatio(12'340'000, 1'000'000, 2), "12.34");
  EXPECT_EQ(PrintRatio(12'345'000, 1'000'000, 2), "12.35");
  EXPECT_EQ(PrintRatio(7'000'000, 1'000'000, 2), "7");
  EXPECT_EQ(PrintRatio(100, 90, 6), "1.111111");
  EXPECT_EQ(PrintRatio(0, 5, 6), "0");
  EXPECT_EQ(PrintRatio(-12'500'000, 1'000'000, 2), "-12.5");
  EXPECT_EQ(PrintRatio(-1, 1'000'000, 2), "0");
  EXPECT_EQ(PrintRatio(INT64_MAX, 1, 6), "9223372036854775807");
}

TEST_F(InsightsTest, EveryMetricIsText) {
  const Answer answer =
      Ask({{"level", "ad"},
           {"time_increment", "1"},
           {"fields",
            "campaign_id,campaign_name,adset_id,adset_name,ad_id,ad_name,impressions,clicks,spend,"
            "reach,frequency,cpm,cpc,ctr,inline_link_clicks,actions,action_values,purchase_roas,"
            "cost_per_action_type,account_currency,objective,results"}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  ASSERT_EQ(answer.body["data"].size(), 9u);
  for (const Json& row : answer.body["data"]) {
    EXPECT_EQ(row["campaign_id"], tree_.campaign);
    EXPECT_EQ(row["ad_id"], tree_.ad);
    EXPECT_EQ(row["campaign_name"], "Spring");
    EXPECT_EQ(row["date_start"], row["date_stop"]);
    for (const auto& [name, value] : row.items()) {
      if (value.is_array()) {
        for (const Json& entry : value) {
          for (const auto& [key, text] : entry.items()) EXPECT_TRUE(text.is_string()) << key;
        }
      } else {
        EXPECT_TRUE(value.is_string()) << name;
      }
    }
  }
  EXPECT_EQ(answer.body["data"][1]["account_currency"], "EUR");
}

TEST_F(InsightsTest, SpendStaysUnderTheBudgetAndRollUpsAgree) {
  const Answer daily = Ask({{"fields", "spend,impressions,clicks"}, {"time_increment", "1"}});
  const Answer whole = Ask({{"fields", "spend,impressions,clicks"}});
  ASSERT_EQ(whole.body["data"].size(), 1u);
  for (const Json& row : daily.body["data"]) {
    const Money spend = ParseMoney(row["spend"].get<std::string>(), kEur).value();
    EXPECT_GT(spend.micros(), 0);
    EXPECT_LE(spend.micros(), 62'500'000);  // 125 % of the budget on a day
  }
  EXPECT_NEAR(static_cast<double>(Total(daily, "spend")),
              static_cast<double>(Total(whole, "spend")), 45'000.0);  // nine rounded cents
  EXPECT_EQ(Total(daily, "impressions"), Total(whole, "impressions"));
  for (const char* level : {"campaign", "adset", "ad"}) {
    const Answer answer = Ask({{"fields", "spend,clicks"}, {"level", level}});
    EXPECT_EQ(Total(answer, "spend"), Total(whole, "spend")) << level;
  }
  for (const char* breakdown :
       {"age", "gender", "age,gender", "country", "publisher_platform",
        "publisher_platform,platform_position", "device_platform", "impression_device",
        "hourly_stats_aggregated_by_advertiser_time_zone"}) {
    const Answer answer =
        Ask({{"fields", "impressions,clicks"}, {"breakdowns", breakdown}, {"limit", "500"}});
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_GT(answer.body["data"].size(), 1u) << breakdown;
    EXPECT_EQ(Total(answer, "impressions"), Total(whole, "impressions")) << breakdown;
  }
}

TEST_F(InsightsTest, TheSamePurchasesUnderSeveralTypes) {
  const Answer answer =
      Ask({{"fields", "actions,action_values"},
           {"action_attribution_windows",
            R"(["1d_click","7d_click","28d_click","1d_view","7d_view","28d_view"])"}});
  const Json& row = answer.body["data"][0];
  const std::string purchases = Action(row, "purchase");
  ASSERT_GT(std::stoll(purchases), 5);
  EXPECT_EQ(Action(row, "omni_purchase"), purchases);
  EXPECT_EQ(Action(row, "offsite_conversion.fb_pixel_purchase"), purchases);
  const auto in = [&](const std::string& window) {
    const std::string text = Action(row, "purchase", window);
    return text.empty() ? 0 : std::stoll(text);
  };
  EXPECT_EQ(in("7d_click") + in("1d_view"), std::stoll(purchases));
  EXPECT_LE(in("1d_click"), in("7d_click"));
  EXPECT_GE(in("28d_click"), in("7d_click"));
  EXPECT_EQ(in("7d_view"), 0);
  EXPECT_EQ(in("28d_view"), 0);
  EXPECT_FALSE(Action(row, "purchase", "value", "action_values").empty());
  EXPECT_EQ(Action(row, "link_click", "1d_view"), "");
  const Answer plain = Ask({{"fields", "actions"}});
  EXPECT_FALSE(plain.body["data"][0]["actions"][0].contains("7d_click"));
}

TEST_F(InsightsTest, ADayWithoutDeliveryHasNoRow) {
  Post(tree_.campaign, {{"status", "PAUSED"}});
  clock_.AdvanceTo(At("2026-09-14T18:00:00Z"));
  const Answer answer = Get(
      "act_42/insights",
      {{"time_range", R"({"since":"2026-09-09","until":"2026-09-13"})"}, {"time_increment", "1"}});
  ASSERT_EQ(answer.body["data"].size(), 2u) << answer.body;  // the 9th and part of the 10th
  EXPECT_EQ(answer.body["data"][1]["date_start"], "2026-09-10");
  const Answer none =
      Get("act_42/insights", {{"time_range", R"({"since":"2026-09-12","until":"2026-09-13"})"}});
  EXPECT_EQ(none.body, Json({{"data", Json::array()}}));
}

TEST_F(InsightsTest, PeriodsOfSeveralDaysAndMonths) {
  const Answer three = Ask({{"time_increment", "4"}});
  ASSERT_EQ(three.body["data"].size(), 3u);
  EXPECT_EQ(three.body["data"][2]["date_start"], "2026-09-09");
  EXPECT_EQ(three.body["data"][2]["date_stop"], "2026-09-09");
  clock_.AdvanceTo(At("2026-10-03T10:00:00Z"));
  const Answer months =
      Get("act_42/insights", {{"date_preset", "last_30d"}, {"time_increment", "monthly"}});
  ASSERT_EQ(months.body["data"].size(), 2u);
  EXPECT_EQ(months.body["data"][0]["date_start"], "2026-09-03");
  EXPECT_EQ(months.body["data"][0]["date_stop"], "2026-09-30");
  EXPECT_EQ(months.body["data"][1]["date_stop"], "2026-10-02");
  const Answer ranges =
      Get("act_42/insights", {{"time_ranges", R"([{"since":"2026-09-02","until":"2026-09-03"},)"
                                              R"({"since":"2026-09-02","until":"2026-09-02"}])"}});
  ASSERT_EQ(ranges.body["data"].size(), 2u) << ranges.body;
  EXPECT_EQ(ranges.body["data"][1]["date_stop"], "2026-09-02");
}

TEST_F(InsightsTest, PagesSortFilterAndSummary) {
  const Answer first = Ask({{"fields", "spend"},
                            {"time_increment", "1"},
                            {"limit", "4"},
                            {"sort", R"(["spend_descending"])"},
                            {"summary", R"(["spend","impressions"])"}});
  ASSERT_EQ(first.body["data"].size(), 4u);
  EXPECT_TRUE(first.body["summary"]["spend"].is_string());
  std::vector<std::int64_t> spends;
  Answer page = first;
  for (;;) {
    for (const Json& row : page.body["data"]) {
      spends.push_back(ParseMoney(row["spend"].get<std::string>(), kEur).value().micros());
    }
    if (!page.body["paging"].contains("next")) break;
    page = Url(page.body["paging"]["next"].get<std::string>());
    ASSERT_EQ(page.status, 200) << page.body;
  }
  EXPECT_EQ(spends.size(), 9u);
  EXPECT_TRUE(std::ranges::is_sorted(spends, std::greater<>()));
  const auto filtered = [&](const std::string& filter) {
    return Ask({{"level", "ad"}, {"filtering", filter}}).body["data"].size();
  };
  EXPECT_EQ(filtered(R"([{"field":"campaign.id","operator":"IN","value":[")" + tree_.campaign +
                     R"("]}])"),
            1u);
  EXPECT_EQ(filtered(R"([{"field":"campaign.id","operator":"IN","value":["5"]}])"), 0u);
  EXPECT_EQ(filtered(R"([{"field":"spend","operator":"GREATER_THAN","value":10000}])"), 0u);
  EXPECT_EQ(filtered(R"([{"field":"ad.name","operator":"CONTAIN","value":"A"}])"), 1u);
}

TEST_F(InsightsTest, DeletedAdsCountOnlyForTheAccountUnlessAskedFor) {
  const auto rows = [&](Pairs query) { return Ask(std::move(query)).body["data"].size(); };
  Delete(tree_.ad);
  EXPECT_EQ(rows({{"level", "ad"}}), 0u);
  EXPECT_EQ(rows({{"level", "campaign"}}), 1u);
  EXPECT_EQ(rows({}), 1u);
  EXPECT_EQ(rows({{"level", "ad"},
                  {"filtering",
                   R"([{"field":"ad.effective_status","operator":"IN","value":["DELETED"]}])"}}),
            1u);
}

TEST_F(InsightsTest, NonsenseIsRefused) {
  const auto code = [&](Pairs query) {
    const Answer answer = Get("act_42/insights", std::move(query));
    return fmt::format("{}/{}", answer.code(), answer.subcode());
  };
  EXPECT_EQ(code({{"level", "galaxy"}}), "100/0");
  EXPECT_EQ(code({{"fields", "love"}}), "100/0");
  EXPECT_EQ(code({{"date_preset", "always"}}), "100/0");
  EXPECT_EQ(code({{"time_range", "today"}}), "100/0");
  EXPECT_EQ(code({{"time_range", R"({"since":"2026-09-05","until":"2026-09-01"})"}}), "100/0");
  EXPECT_EQ(code({{"time_range", R"({"since":"2020-09-05","until":"2026-09-01"})"}}), "3018/0");
  EXPECT_EQ(code({{"time_range", R"({"since":"2026-02-30","until":"2026-09-01"})"}}), "100/0");
  EXPECT_EQ(code({{"time_increment", "91"}}), "100/0");
  EXPECT_EQ(code({{"time_increment", "0"}}), "100/0");
  EXPECT_EQ(code({{"breakdowns", "mood"}}), "100/0");
  EXPECT_EQ(code({{"breakdowns", "age,country"}}), "2/1504041");
  EXPECT_EQ(code({{"breakdowns", "platform_position"}}), "2/1504041");
  EXPECT_EQ(code({{"breakdowns", "hourly_stats_aggregated_by_advertiser_time_zone"},
                  {"fields", "reach"}}),
            "2/1504041");
  EXPECT_EQ(code({{"action_attribution_windows", R"(["3d_click"])"}}), "100/0");
  EXPECT_EQ(code({{"sort", "spend"}}), "100/0");
  EXPECT_EQ(code({{"filtering", R"([{"field":"mood","operator":"IN","value":[1]}])"}}), "100/0");
  EXPECT_EQ(code({{"limit", "9000"}}), "1/0");
  const Answer above = Get(tree_.ad + "/insights", {{"level", "campaign"}});
  EXPECT_EQ(above.code(), 100);
}

TEST_F(InsightsTest, AnAsynchronousRunBecomesReady) {
  const Json question = {{"level", "ad"},
                         {"fields", "ad_id,spend"},
                         {"time_range", {{"since", "2026-09-01"}, {"until", "2026-09-09"}}},
                         {"time_increment", 1}};
  const Answer asked = Post("act_42/insights", question);
  const std::string run = asked.body["report_run_id"].get<std::string>();
  const auto status = [&] {
    const Answer answer = Get(run);
    return answer.body["async_status"].get<std::string>() +
           fmt::format(" {}", answer.body["async_percent_completion"].get<int>());
  };
  EXPECT_EQ(Get(run + "/insights").code(), 2601);
  EXPECT_EQ(status(), "Job Not Started 0");
  EXPECT_EQ(status(), "Job Running 50");
  EXPECT_EQ(status(), "Job Completed 100");
  const Answer rows = Get(run + "/insights", {{"limit", "5"}});
  ASSERT_EQ(rows.body["data"].size(), 5u) << rows.body;
  EXPECT_EQ(Url(rows.body["paging"]["next"].get<std::string>()).body["data"].size(), 4u);
  const Answer sync = Ask({{"level", "ad"}, {"fields", "ad_id,spend"}, {"time_increment", "1"}});
  EXPECT_EQ(sync.body["data"][0], rows.body["data"][0]);

  // By the clock, it is ready at the first look.
  const std::string second = Post("act_42/insights", question).body["report_run_id"];
  clock_.AdvanceTo(clock_.Now() + std::chrono::seconds(61));
  EXPECT_EQ(Get(second, {{"fields", "async_status"}}).body["async_status"], "Job Completed");
  EXPECT_EQ(Post("act_42/insights", {{"level", "galaxy"}}).code(), 100);
  EXPECT_EQ(Post(tree_.campaign + "/insights", {{"level", "ad"}}).status, 200);
}

TEST_F(InsightsTest, ByCampaignNode) {
  const Answer answer = Ask({{"fields", "campaign_id,spend"}}, tree_.campaign);
  ASSERT_EQ(answer.body["data"].size(), 1u);
  EXPECT_EQ(answer.body["data"][0]["campaign_id"], tree_.campaign);
  const Answer other = Ask({}, Campaign());
  EXPECT_TRUE(other.body["data"].empty());
}

TEST_F(MetaTest, OnlyWhatIsOnApprovedAndInFlightSpends) {
  const auto spent = [&] { return Field("act_42", "amount_spent"); };
  const std::string campaign = Campaign({{"status", "ACTIVE"}});
  const std::string adset = AdSet(campaign, {{"status", "ACTIVE"},
                                             {"start_time", "2026-09-05T00:00:00+0200"},
                                             {"end_time", "2026-09-07T00:00:00+0200"}});
  Ad(adset, "New shoes", "ACTIVE");
  Ad(adset, "Guaranteed results", "ACTIVE");
  clock_.AdvanceTo(At("2026-09-04T22:00:00Z"));
  EXPECT_EQ(spent(), "0");
  clock_.AdvanceTo(At("2026-09-07T00:00:00Z"));
  const std::int64_t flight = std::stoll(spent());
  EXPECT_GT(flight, 1000);
  EXPECT_LE(flight, 12500);  // two days of 50 EUR, at most 125 %
  clock_.AdvanceTo(At("2026-09-09T00:00:00Z"));
  EXPECT_EQ(spent(), fmt::to_string(flight));
  const Answer ads = Get("act_42/insights", {{"level", "ad"}, {"fields", "ad_name"}});
  EXPECT_EQ(ads.body["data"].size(), 1u);  // the rejected one never ran
}

}  // namespace
}  // namespace maxopt::sim::meta
