#include "sim/meta/fixture.h"

namespace maxopt::sim::meta {
namespace {

TEST_F(MetaTest, ACampaignObeysTheRules) {
  const struct {
    const char* name;
    Json over;
    int code;
    int subcode;
    const char* says;
  } cases[] = {
      {"right", Json::object(), 0, 0, ""},
      {"no name", {{"name", ""}}, 100, 0, "name"},
      {"no objective", {{"objective", nullptr}}, 100, 0, "objective"},
      {"unknown objective", {{"objective", "FAME"}}, 100, 0, "OUTCOME_SALES"},
      {"old objective", {{"objective", "CONVERSIONS"}}, 100, 0, ""},
      {"no categories", {{"special_ad_categories", nullptr}}, 100, 0, "special_ad_categories"},
      {"bad category", {{"special_ad_categories", {"POTIONS"}}}, 100, 0, "HOUSING"},
      {"deleted from the start", {{"status", "DELETED"}}, 100, 0, "PAUSED"},
      {"bad status", {{"status", "SLEEPING"}}, 100, 0, "ARCHIVED"},
      {"does not say who shares", {{"is_adset_budget_sharing_enabled", nullptr}}, 100, 4834011, ""},
      {"own budget",
       {{"is_adset_budget_sharing_enabled", nullptr}, {"daily_budget", 5000}},
       0,
       0,
       ""},
      {"budget as text", {{"daily_budget", "5000"}}, 0, 0, ""},
      {"budget of one euro", {{"daily_budget", 100}}, 0, 0, ""},
      {"budget below one euro", {{"daily_budget", 99}}, 100, 1885272, ""},
      {"budget with decimals", {{"daily_budget", 50.5}}, 100, 0, "integer"},
      {"budget text with decimals", {{"daily_budget", "50.00"}}, 100, 0, "integer"},
      {"budget 1e3", {{"daily_budget", "1e3"}}, 100, 0, "integer"},
      {"budget negative", {{"daily_budget", -100}}, 100, 0, "integer"},
      {"budget beyond counting", {{"daily_budget", "99999999999999999999"}}, 100, 0, "integer"},
      {"budget that micros cannot hold", {{"daily_budget", 9000000000000000000}}, 100, 0, ""},
      {"two budgets", {{"daily_budget", 5000}, {"lifetime_budget", 5000}}, 100, 0, ""},
      {"end before start",
       {{"start_time", "2026-09-10T00:00:00+0200"}, {"stop_time", "2026-09-09T00:00:00+0200"}},
       100,
       0,
       ""},
      {"nonsense date", {{"start_time", "soon"}}, 100, 0, "start_time"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Json body = CampaignBody();
    body.update(c.over);
    const Answer answer = Post("act_42/campaigns", body);
    EXPECT_EQ(answer.code(), c.code) << answer.body;
    EXPECT_EQ(answer.subcode(), c.subcode) << answer.body;
    EXPECT_NE(answer.message().find(c.says), std::string::npos) << answer.body;
  }
}

TEST_F(MetaTest, BudgetSharingIsAskedSinceVersion24) {
  Json body = CampaignBody();
  body.erase("is_adset_budget_sharing_enabled");
  const Answer old = Send({.method = "POST",
                           .url = "/v23.0/act_42/campaigns?access_token=good",
                           .headers = {{"content-type", "application/json"}},
                           .body = body.dump()});
  EXPECT_EQ(old.status, 200) << old.body;
}

TEST_F(MetaTest, AnObjectWithoutAStatusDelivers) {
  Json body = CampaignBody();
  body.erase("status");
  EXPECT_EQ(Field(Post("act_42/campaigns", body).id(), "status"), "ACTIVE");
}

TEST_F(MetaTest, ValidateOnlyWritesNothing) {
  Json body = CampaignBody();
  body["execution_options"] = {"validate_only"};
  EXPECT_EQ(Post("act_42/campaigns", body).body, Json({{"success", true}}));
  body["objective"] = "FAME";
  EXPECT_EQ(Post("act_42/campaigns", body).code(), 100);
  EXPECT_TRUE(server_->Objects({Platform::kMeta, "42"}).empty());
  const std::string id = Campaign();
  EXPECT_EQ(Post(id, {{"name", "B"}, {"execution_options", {"validate_only"}}}).status, 200);
  EXPECT_EQ(Field(id, "name"), "Spring");
  EXPECT_EQ(Post(id, {{"execution_options", {"include_recommendations"}}}).code(), 100);
  EXPECT_EQ(Post(id, {{"execution_options", {"hope"}}}).code(), 100);
}

TEST_F(MetaTest, AnAdSetObeysTheRules) {
  const std::string campaign = Campaign();
  const std::string traffic = Campaign({{"objective", "OUTCOME_TRAFFIC"}});
  const Json geo = {{"countries", {"DE"}}};
  const struct {
    const char* name;
    Json over;
    int subcode;
    bool right;
  } cases[] = {
      {"right", Json::object(), 0, true},
      {"no name", {{"name", nullptr}}, 0, false},
      {"no campaign", {{"campaign_id", "120210000000999999"}}, 1487056, false},
      {"campaign as number", {{"campaign_id", std::stoll(campaign)}}, 0, true},
      {"no goal", {{"optimization_goal", nullptr}}, 0, false},
      {"no billing", {{"billing_event", nullptr}}, 0, false},
      {"goal of another objective", {{"campaign_id", traffic}}, 2490408, false},
      {"links for traffic",
       {{"campaign_id", traffic},
        {"optimization_goal", "LINK_CLICKS"},
        {"billing_event", "LINK_CLICKS"},
        {"promoted_object", nullptr}},
       0,
       true},
      {"conversions billed by click", {{"billing_event", "LINK_CLICKS"}}, 2490408, false},
      {"no pixel", {{"promoted_object", nullptr}}, 1815430, false},
      {"no event", {{"promoted_object", {{"pixel_id", "77"}}}}, 1815430, false},
      {"odd event",
       {{"promoted_object", {{"pixel_id", "77"}, {"custom_event_type", "SNEEZE"}}}},
       0,
       false},
      {"no targeting", {{"targeting", nullptr}}, 0, false},
      {"no place", {{"targeting", Json::object()}}, 1885364, false},
      {"empty place",
       {{"targeting", {{"geo_locations", {{"countries", Json::array()}}}}}},
       1885364,
       false},
      {"UK is GB", {{"targeting", {{"geo_locations", {{"countries", {"UK"}}}}}}}, 1487079, false},
      {"age 12", {{"targeting", {{"geo_locations", geo}, {"age_min", 12}}}}, 1487079, false},
      {"age 13 to 65",
       {{"targeting", {{"geo_locations", geo}, {"age_min", 13}, {"age_max", 65}}}},
       0,
       true},
      {"age 66", {{"targeting", {{"geo_locations", geo}, {"age_max", 66}}}}, 1487079, false},
      {"ages crossed",
       {{"targeting", {{"geo_locations", geo}, {"age_min", 40}, {"age_max", 30}}}},
       1487079,
       false},
      {"gender 3", {{"targeting", {{"geo_locations", geo}, {"genders", {3}}}}}, 0, false},
      {"odd platform",
       {{"targeting", {{"geo_locations", geo}, {"publisher_platforms", {"orkut"}}}}},
       0,
       false},
      {"no budget anywhere", {{"daily_budget", nullptr}}, 0, false},
      {"lifetime without end", {{"daily_budget", nullptr}, {"lifetime_budget", 90000}}, 0, false},
      {"lifetime with end",
       {{"daily_budget", nullptr},
        {"lifetime_budget", 90000},
        {"end_time", "2026-09-30T23:59:59+0200"}},
       0,
       true},
      {"end in the past", {{"end_time", "2026-08-30T23:59:59+0200"}}, 0, false},
      {"bid cap without bid", {{"bid_strategy", "LOWEST_COST_WITH_BID_CAP"}}, 1815857, false},
      {"cost cap with bid", {{"bid_strategy", "COST_CAP"}, {"bid_amount", 900}}, 0, true},
      {"bid without strategy", {{"bid_amount", 900}}, 1815857, false},
      {"roas floor missing", {{"bid_strategy", "LOWEST_COST_WITH_MIN_ROAS"}}, 1815857, false},
      {"roas floor",
       {{"bid_strategy", "LOWEST_COST_WITH_MIN_ROAS"},
        {"optimization_goal", "VALUE"},
        {"bid_constraints", {{"roas_average_floor", 25000}}}},
       0,
       true},
      {"roas floor without value",
       {{"bid_strategy", "LOWEST_COST_WITH_MIN_ROAS"},
        {"bid_constraints", {{"roas_average_floor", 25000}}}},
       1815857,
       false},
      {"roas floor out of range",
       {{"bid_strategy", "LOWEST_COST_WITH_MIN_ROAS"},
        {"optimization_goal", "VALUE"},
        {"bid_constraints", {{"roas_average_floor", 99}}}},
       1815857,
       false},
      {"hours of a lifetime budget",
       {{"daily_budget", nullptr},
        {"lifetime_budget", 90000},
        {"end_time", "2026-09-30T23:59:59+0200"},
        {"pacing_type", {"day_parting"}},
        {"adset_schedule", {{{"start_minute", 480}, {"end_minute", 1200}, {"days", {1}}}}}},
       0,
       true},
      {"hours without day parting",
       {{"daily_budget", nullptr},
        {"lifetime_budget", 90000},
        {"end_time", "2026-09-30T23:59:59+0200"},
        {"adset_schedule", {{{"start_minute", 480}, {"end_minute", 1200}, {"days", {1}}}}}},
       0,
       false},
      {"odd pacing", {{"pacing_type", {"rushed"}}}, 0, false},
      {"frequency of conversions",
       {{"frequency_control_specs",
         {{{"event", "IMPRESSIONS"}, {"interval_days", 7}, {"max_frequency", 2}}}}},
       1885024,
       false},
      {"frequency of reach",
       {{"optimization_goal", "REACH"},
        {"frequency_control_specs",
         {{{"event", "IMPRESSIONS"}, {"interval_days", 7}, {"max_frequency", 2}}}}},
       0,
       true},
      {"frequency 0",
       {{"optimization_goal", "REACH"},
        {"frequency_control_specs",
         {{{"event", "IMPRESSIONS"}, {"interval_days", 7}, {"max_frequency", 0}}}}},
       0,
       false},
      {"window of 28 days",
       {{"attribution_spec", {{{"event_type", "CLICK_THROUGH"}, {"window_days", 28}}}}},
       1815498,
       false},
      {"window of 1 day",
       {{"attribution_spec", {{{"event_type", "CLICK_THROUGH"}, {"window_days", 1}}}}},
       0,
       true},
      {"long window of reach",
       {{"optimization_goal", "REACH"},
        {"attribution_spec", {{{"event_type", "CLICK_THROUGH"}, {"window_days", 7}}}}},
       1815498,
       false},
      {"region and city",
       {{"targeting",
         {{"geo_locations",
           {{"regions", {{{"key", "3847"}}}}, {"cities", {{{"key", "777934"}}}}}}}}},
       0,
       true},
      {"a city is no region",
       {{"targeting", {{"geo_locations", {{"regions", {{{"key", "777934"}}}}}}}}},
       1487851,
       false},
      {"Bavaria is in Germany",
       {{"targeting",
         {{"geo_locations", {{"countries", {"DE"}}, {"regions", {{{"key", "1290"}}}}}}}}},
       1487756,
       false},
      {"Germany without Bavaria",
       {{"targeting",
         {{"geo_locations", {{"countries", {"DE"}}}},
          {"excluded_geo_locations", {{"regions", {{{"key", "1290"}}}}}}}}},
       0,
       true},
      {"a name of 401", {{"name", std::string(401, 'x')}}, 1487079, false},
      {"schedule on a daily budget",
       {{"adset_schedule", {{{"start_minute", 0}, {"end_minute", 60}, {"days", {1}}}}}},
       0,
       false},
      {"targeting is text", {{"targeting", "Germany"}}, 0, false},
      {"targeting is a list", {{"targeting", {1, 2}}}, 0, false},
      {"countries is text", {{"targeting", {{"geo_locations", {{"countries", "DE"}}}}}}, 0, false},
      {"audiences are nonsense",
       {{"targeting", {{"geo_locations", geo}, {"custom_audiences", {{{"id", "x"}}}}}}},
       0,
       false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    Json body = AdSetBody(campaign);
    body.update(c.over);
    const Answer answer = Post("act_42/adsets", body);
    EXPECT_EQ(answer.status, c.right ? 200 : 400) << answer.body;
    EXPECT_EQ(answer.code(), c.right ? 0 : 100) << answer.body;
    EXPECT_EQ(answer.subcode(), c.subcode) << answer.body;
  }
}

TEST_F(MetaTest, BudgetsOfCampaignAndAdSetExcludeEachOther) {
  const std::string shared = Campaign({{"daily_budget", 9000}});
  const Answer both = Post("act_42/adsets", AdSetBody(shared));
  EXPECT_EQ(both.subcode(), 1885621);
  EXPECT_EQ(both.body["error"]["error_data"]["blame_field_specs"][0][0], "daily_budget");
  Json body = AdSetBody(shared);
  body.erase("daily_budget");
  EXPECT_EQ(Post("act_42/adsets", body).status, 200);

  const std::string single = Campaign();
  AdSet(single);
  EXPECT_EQ(Post(single, {{"daily_budget", 9000}}).subcode(), 1885621);
}

TEST_F(MetaTest, MoneyIsWhatMetaCallsMinorUnits) {
  const std::string adset = AdSet(Campaign());
  const Answer read = Get(adset, {{"fields",
                                   "daily_budget,lifetime_budget,budget_remaining,"
                                   "bid_amount"}});
  EXPECT_EQ(read.body["daily_budget"], "5000");
  EXPECT_EQ(read.body["lifetime_budget"], "0");
  EXPECT_EQ(read.body["budget_remaining"], "5000");
  const std::string capped = AdSet(Campaign(), {{"bid_strategy", "COST_CAP"}, {"bid_amount", 900}});
  EXPECT_EQ(Get(capped, {{"fields", "bid_amount"}}).body["bid_amount"], 900);  // a number there

  // ISO 4217 gives the Taiwan dollar two decimals, Meta none: 300 is NT$300.
  Start({}, kTwd);
  hash_.clear();
  const std::string taiwan = AdSet(Campaign(), {{"daily_budget", 300}});
  EXPECT_EQ(Field(taiwan, "daily_budget"), "300");
  Json low = AdSetBody(Campaign());
  low["daily_budget"] = 32;
  EXPECT_EQ(Post("act_42/adsets", low).subcode(), 1885272);
}

TEST_F(MetaTest, ABudgetMovesFourTimesAnHour) {
  const std::string adset = AdSet(Campaign());
  for (int i = 1; i <= 4; ++i) {
    EXPECT_EQ(Post(adset, {{"daily_budget", 5000 + i}}).status, 200);
    clock_.AdvanceTo(clock_.Now() + std::chrono::minutes(1));
  }
  EXPECT_EQ(Post(adset, {{"daily_budget", 5004}}).status, 200);  // the same is no change
  const Answer refused = Post(adset, {{"daily_budget", 6000}});
  EXPECT_EQ(refused.code(), 613);
  EXPECT_EQ(refused.subcode(), 1487632);
  EXPECT_EQ(Field(adset, "daily_budget"), "5004");
  clock_.AdvanceTo(At("2026-09-01T09:00:00Z"));  // an hour after the first
  EXPECT_EQ(Post(adset, {{"daily_budget", 6000}}).status, 200);
}

TEST_F(MetaTest, ALifetimeBudgetStaysTenPercentAboveWhatIsSpent) {
  const Tree tree = Running({{"daily_budget", nullptr},
                             {"lifetime_budget", 100000},
                             {"end_time", "2026-09-15T00:00:00+0200"}});
  clock_.AdvanceTo(At("2026-09-08T08:00:00Z"));
  const std::int64_t left = std::stoll(Field(tree.adset, "budget_remaining"));
  const std::int64_t spent = 100000 - left;
  ASSERT_GT(spent, 10000);
  EXPECT_EQ(Post(tree.adset, {{"lifetime_budget", spent}}).subcode(), 1885272);
  EXPECT_EQ(Post(tree.adset, {{"lifetime_budget", spent + spent / 10 - 2}}).subcode(), 1885272);
  EXPECT_EQ(Post(tree.adset, {{"lifetime_budget", spent + spent / 10 + 2}}).status, 200);
  EXPECT_EQ(Post(tree.adset, {{"daily_budget", 5000}}).code(), 100);  // the kind is fixed
}

TEST_F(MetaTest, EffectiveStatusFollowsTheTreeAndReview) {
  const std::string campaign = Campaign();
  const std::string adset = AdSet(campaign, {{"status", "ACTIVE"}});
  const std::string ad = Ad(adset, "New shoes", "ACTIVE");
  EXPECT_EQ(Field(campaign, "effective_status"), "PAUSED");
  EXPECT_EQ(Field(adset, "effective_status"), "CAMPAIGN_PAUSED");
  EXPECT_EQ(Field(ad, "effective_status"), "PENDING_REVIEW");
  clock_.AdvanceTo(At("2026-09-01T15:00:00Z"));  // review takes six hours at most
  EXPECT_EQ(Field(ad, "effective_status"), "CAMPAIGN_PAUSED");
  Post(campaign, {{"status", "ACTIVE"}});
  EXPECT_EQ(Field(ad, "effective_status"), "ACTIVE");
  EXPECT_EQ(Field(adset, "effective_status"), "ACTIVE");
  Post(adset, {{"status", "PAUSED"}});
  EXPECT_EQ(Field(ad, "effective_status"), "ADSET_PAUSED");
  EXPECT_EQ(Field(ad, "configured_status"), "ACTIVE");
  Post(ad, {{"status", "PAUSED"}});
  EXPECT_EQ(Field(ad, "effective_status"), "PAUSED");
}

TEST_F(MetaTest, ARejectedAdSaysWhyAndANewCreativeIsReviewedAgain) {
  const std::string campaign = Campaign({{"status", "ACTIVE"}});
  const std::string adset = AdSet(campaign, {{"status", "ACTIVE"}});
  const std::string ad = Ad(adset, "A miracle cure for feet", "ACTIVE");
  EXPECT_EQ(Field(ad, "ad_review_feedback"), "");
  clock_.AdvanceTo(At("2026-09-01T15:00:00Z"));
  EXPECT_EQ(Field(ad, "effective_status"), "DISAPPROVED");
  const Answer read = Get(ad, {{"fields", "ad_review_feedback,issues_info"}});
  EXPECT_TRUE(read.body["ad_review_feedback"]["global"].contains("MISLEADING_CONTENT"));
  EXPECT_EQ(read.body["issues_info"][0]["level"], "AD");
  EXPECT_EQ(read.body["issues_info"][0]["error_type"], "HARD_ERROR");
  EXPECT_EQ(Field(adset, "effective_status"), "WITH_ISSUES");
  EXPECT_EQ(Field(campaign, "effective_status"), "WITH_ISSUES");

  EXPECT_EQ(Post(ad, {{"creative", {{"object_story_spec", StoryBody("Soft shoes")}}}}).status, 200);
  EXPECT_EQ(Field(ad, "effective_status"), "PENDING_REVIEW");
  clock_.AdvanceTo(At("2026-09-01T22:00:00Z"));
  EXPECT_EQ(Field(ad, "effective_status"), "ACTIVE");
  EXPECT_EQ(Field(adset, "effective_status"), "ACTIVE");
}

TEST_F(MetaTest, AdsNeedAnAdSetAndACreative) {
  const std::string adset = AdSet(Campaign());
  const Json creative = {{"object_story_spec", StoryBody()}};
  EXPECT_EQ(Post("act_42/ads", {{"name", "A"}, {"adset_id", adset}}).code(), 100);
  EXPECT_EQ(Post("act_42/ads", {{"name", "A"}, {"creative", creative}}).code(), 100);
  EXPECT_EQ(Post("act_42/ads", {{"adset_id", adset}, {"creative", creative}}).code(), 100);
  EXPECT_EQ(
      Post("act_42/ads", {{"name", "A"}, {"adset_id", adset}, {"creative", {{"creative_id", "5"}}}})
          .code(),
      100);
  EXPECT_EQ(
      Post("act_42/ads", {{"name", "A"}, {"adset_id", adset}, {"creative", "nonsense"}}).code(),
      100);
  const Answer made =
      Post("act_42/adcreatives", {{"name", "C"}, {"object_story_spec", StoryBody()}});
  const Answer ad = Post("act_42/ads", {{"name", "A"},
                                        {"adset_id", adset},
                                        {"status", "PAUSED"},
                                        {"creative", {{"creative_id", made.id()}}}});
  EXPECT_EQ(Get(ad.id(), {{"fields", "creative"}}).body["creative"]["id"], made.id());
}

TEST_F(MetaTest, LearningEndsWithConversionsOrATime) {
  const Tree small = Running({{"daily_budget", 500}});
  clock_.AdvanceTo(At("2026-09-02T08:00:00Z"));
  const Answer young = Get(small.adset, {{"fields", "learning_stage_info"}});
  EXPECT_EQ(young.body["learning_stage_info"]["status"], "LEARNING");
  clock_.AdvanceTo(At("2026-09-10T08:00:00Z"));
  EXPECT_EQ(
      Get(small.adset, {{"fields", "learning_stage_info"}}).body["learning_stage_info"]["status"],
      "FAIL");
  Post(small.adset, {{"daily_budget", 900}});  // by more than a fifth: it begins again
  EXPECT_EQ(
      Get(small.adset, {{"fields", "learning_stage_info"}}).body["learning_stage_info"]["status"],
      "LEARNING");
  EXPECT_FALSE(Get(AdSet(Campaign()), {{"fields", "learning_stage_info"}})
                   .body.contains("learning_stage_info"));
}

TEST_F(MetaTest, ActivitiesTellWhoChangedWhat) {
  const std::string adset = AdSet(Campaign());
  clock_.AdvanceTo(clock_.Now() + std::chrono::minutes(1));
  Post(adset, {{"daily_budget", 6000}});
  clock_.AdvanceTo(clock_.Now() + std::chrono::minutes(1));
  const Money twenty = Money::Micros(20'000'000, kEur);
  EXPECT_TRUE(server_
                  ->HumanEdit({Platform::kMeta, "42"}, Level::kAdGroup, adset,
                              {{"daily_budget", twenty}, {"status", std::string(kActive)}}, "Ada")
                  .has_value());
  EXPECT_EQ(Field(adset, "daily_budget"), "2000");
  const Answer list =
      Get("act_42/activities", {{"fields", "event_type,actor_name,object_id,extra_data,event_time"},
                                {"oid", adset},
                                {"category", "BUDGET"}});
  ASSERT_EQ(list.body["data"].size(), 2u) << list.body;
  const Json& human = list.body["data"][0];
  EXPECT_EQ(human["event_type"], "update_ad_set_budget");
  EXPECT_EQ(human["actor_name"], "Ada");
  EXPECT_EQ(human["event_time"], "2026-09-01T10:02:00+0200");
  const Json extra = ParseJson(human["extra_data"].get<std::string>()).value();
  EXPECT_EQ(extra["old_value"], 6000);
  EXPECT_EQ(extra["new_value"], 2000);
  EXPECT_EQ(extra["currency"], "EUR");
  EXPECT_EQ(list.body["data"][1]["actor_name"], "Max Optimizer");
  EXPECT_EQ(Get("act_42/activities", {{"since", "2026-09-02"}, {"until", "2026-09-03"}})
                .body["data"]
                .size(),
            0u);
  EXPECT_EQ(Get("act_42/activities", {{"category", "GOSSIP"}}).code(), 100);
  EXPECT_EQ(Get("act_42/activities", {{"since", "yesterday-ish"}}).code(), 100);
  EXPECT_EQ(Get("act_42/activities", {{"fields", "mood"}}).code(), 100);
}

TEST_F(MetaTest, PeopleObeyTheSameRules) {
  const AccountId account{Platform::kMeta, "42"};
  const std::string adset = AdSet(Campaign());
  const auto edit = [&](const Fields& fields) {
    return server_->HumanEdit(account, Level::kAdGroup, adset, fields, "Ada");
  };
  EXPECT_EQ(edit({{"daily_budget", Money::Micros(990'000, kEur)}}).error().platform_code,
            "100/1885272");
  EXPECT_EQ(edit({{"daily_budget", Money::Micros(5'000'000, kUsd)}}).error().code,
            Errc::kInvalidArgument);
  EXPECT_EQ(edit({{"daily_budget", Money::Micros(5'001'000, kEur)}}).error().code,
            Errc::kInvalidArgument);
  EXPECT_EQ(edit({{"mood", std::string("good")}}).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(server_->HumanEdit(account, Level::kAdGroup, "5", {}, "Ada").error().code,
            Errc::kNotFound);
  EXPECT_EQ(
      server_->HumanEdit({Platform::kTikTok, "42"}, Level::kAdGroup, adset, {}, "Ada").error().code,
      Errc::kNotFound);
  EXPECT_TRUE(edit({{"status", std::string(kRemoved)}}).has_value());
  EXPECT_EQ(Field(adset, "effective_status"), "DELETED");
}

}  // namespace
}  // namespace maxopt::sim::meta
