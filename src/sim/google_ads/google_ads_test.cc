#include "sim/google_ads/google_ads.h"

#include <gtest/gtest.h>

#include "sim/google_ads/world_for_test.h"

namespace maxopt::sim::google_ads {
namespace {

using nlohmann::json;

TEST(GoogleAds, LaunchedPausedThenOnSpendsAndReports) {
  World world;
  const auto ids = world.Launch("Spring", "PAUSED");
  ASSERT_EQ(ids.size(), 5u);
  world.To("2026-09-02T12:00:00Z");
  json rows = world.Rows("SELECT campaign.id, campaign.status, metrics.cost_micros FROM campaign");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0], (json{{"campaign",
                            {{"resourceName", World::Name("campaigns/" + ids.at("campaign"))},
                             {"id", ids.at("campaign")},
                             {"status", "PAUSED"}}},
                           {"metrics", {{"costMicros", "0"}}}}));

  const json answer = world.Post(
      "campaigns:mutate", {{"operations",
                            {{{"update",
                               {{"resourceName", World::Name("campaigns/" + ids.at("campaign"))},
                                {"status", "ENABLED"}}},
                              {"updateMask", "status"}}}}});
  EXPECT_EQ(answer["results"][0]["resourceName"], World::Name("campaigns/" + ids.at("campaign")));
  world.To("2026-09-05T12:00:00Z");
  rows = world.Rows(
      "SELECT campaign.id, segments.date, metrics.cost_micros, metrics.impressions, "
      "metrics.clicks, metrics.search_impression_share FROM campaign WHERE segments.date BETWEEN "
      "'2026-09-01' AND '2026-09-04' ORDER BY segments.date");
  ASSERT_EQ(rows.size(), 3u);  // the 1st had no delivery, so it has no row
  EXPECT_EQ(rows[0]["segments"]["date"], "2026-09-02");
  std::int64_t by_day = 0;
  for (const json& row : rows) {
    by_day += std::stoll(row["metrics"]["costMicros"].get<std::string>());
    EXPECT_GT(row["metrics"]["searchImpressionShare"].get<double>(), 0);
  }
  EXPECT_GT(by_day, 50'000'000);
  // Every other cut of the same days has the same sum.
  for (const char* query :
       {"SELECT segments.hour, metrics.cost_micros FROM campaign WHERE segments.date BETWEEN "
        "'2026-09-01' AND '2026-09-04'",
        "SELECT segments.device, metrics.cost_micros FROM ad_group_ad WHERE segments.date BETWEEN "
        "'2026-09-01' AND '2026-09-04'",
        "SELECT segments.device, segments.ad_network_type, metrics.cost_micros FROM ad_group WHERE "
        "segments.date BETWEEN '2026-09-01' AND '2026-09-04'",
        "SELECT geographic_view.country_criterion_id, metrics.cost_micros FROM geographic_view "
        "WHERE segments.date BETWEEN '2026-09-01' AND '2026-09-04'",
        "SELECT ad_group_criterion.keyword.text, metrics.cost_micros FROM keyword_view WHERE "
        "segments.date BETWEEN '2026-09-01' AND '2026-09-04'",
        "SELECT customer.id, segments.week, metrics.cost_micros FROM customer WHERE segments.date "
        "BETWEEN '2026-09-01' AND '2026-09-04'"}) {
    std::int64_t sum = 0;
    for (const json& row : world.Rows(query)) {
      sum += std::stoll(row["metrics"]["costMicros"].get<std::string>());
    }
    EXPECT_EQ(sum, by_day) << query;
  }
}

TEST(GoogleAds, ModifiersMoveDeliveryWhereTheStrategyHeedsThem) {
  // Spend of phones and tablets over all spend, of three days after both modifiers were set.
  const auto shares = [](const json& bidding, const char* mask) {
    World world;
    const auto ids = world.Launch("Spring", "ENABLED");
    const std::string campaign = World::Name("campaigns/" + ids.at("campaign"));
    const auto update = [&](const char* collection, json body, const char* of) {
      const json answer = world.Post(std::string(collection) + ":mutate",
                                     {{"operations", {{{"update", body}, {"updateMask", of}}}}});
      EXPECT_FALSE(answer.contains("error")) << answer.dump(1);
    };
    json body = bidding;
    body["resourceName"] = campaign;
    update("campaigns", body, mask);
    for (const auto& [id, modifier] : {std::pair{"30001", 0.5}, {"30002", 0.0}}) {
      update("campaignCriteria",
             {{"resourceName", World::Name("campaignCriteria/" + ids.at("campaign") + "~" + id)},
              {"bidModifier", modifier}},
             "bid_modifier");
    }
    world.To("2026-09-06T12:00:00Z");
    std::map<std::string, double> spend;
    for (const json& row :
         world.Rows("SELECT segments.device, metrics.cost_micros FROM campaign WHERE "
                    "segments.date BETWEEN '2026-09-03' AND '2026-09-05'")) {
      const double cost = std::stod(row["metrics"]["costMicros"].get<std::string>());
      spend[row["segments"]["device"].get<std::string>()] += cost;
      spend["all"] += cost;
    }
    EXPECT_GT(spend["all"], 0);
    return std::pair(spend["MOBILE"] / spend["all"], spend["TABLET"] / spend["all"]);
  };
  // 61 of 100 at half the bid, 35 at the whole, no tablets: 15.25 of 50.25 of the spend.
  const auto by_hand =
      shares({{"manualCpc", {{"enhancedCpcEnabled", false}}}}, "manual_cpc.enhanced_cpc_enabled");
  EXPECT_NEAR(by_hand.first, 15.25 / 50.25, 0.02);
  EXPECT_EQ(by_hand.second, 0);
  // A strategy that sets each bid ignores the half and keeps tablets out: 61 of 96.
  const auto by_itself =
      shares({{"maximizeConversions", json::object()}}, "maximize_conversions.target_cpa_micros");
  EXPECT_NEAR(by_itself.first, 61.0 / 96, 0.02);
  EXPECT_EQ(by_itself.second, 0);
  const auto by_target = shares({{"maximizeConversions", {{"targetCpaMicros", "20000000"}}}},
                                "maximize_conversions.target_cpa_micros");
  EXPECT_NEAR(by_target.first, 15.25 / 50.25, 0.02);
}

TEST(GoogleAds, TokensExpireAndBadOnesAreRefused) {
  World world;
  const auto code = [&](const http::Headers& headers) {
    const auto response =
        world.Send("POST", "/v25/customers/1234567890/googleAds:search", "{}", headers);
    EXPECT_EQ(response.status, 401);
    EXPECT_TRUE(http::FindHeader(response.headers, "request-id"));
    return World::CodeOf(World::Json(response));
  };
  EXPECT_EQ(code({{"Authorization", "Bearer nonsense"}}),
            "authenticationError/OAUTH_TOKEN_INVALID");
  EXPECT_EQ(code({{"Authorization", "nonsense"}}),
            "authenticationError/OAUTH_TOKEN_HEADER_INVALID");
  world.clock_.AdvanceTo(*ParseInstant("2026-09-01T12:59:58Z"));
  EXPECT_EQ(world.QueryCode("SELECT customer.id FROM customer"), "");
  world.clock_.AdvanceTo(*ParseInstant("2026-09-01T12:59:59Z"));
  EXPECT_EQ(code({}), "authenticationError/OAUTH_TOKEN_EXPIRED");

  const auto token = [&](const std::string& form) {
    const auto response = world.Send("POST", "/token", form);
    return std::to_string(response.status) + " " +
           World::Json(response).value("error", std::string("none"));
  };
  EXPECT_EQ(token("grant_type=refresh_token&refresh_token=x&client_id=id&client_secret=secret"),
            "400 invalid_grant");
  EXPECT_EQ(token("grant_type=refresh_token&refresh_token=refresh&client_id=id&client_secret=x"),
            "401 invalid_client");
  EXPECT_EQ(token("grant_type=password"), "400 unsupported_grant_type");
  EXPECT_EQ(token("%zz"), "400 invalid_request");
}

TEST(GoogleAds, VersionsPathsAndCustomers) {
  World world;
  EXPECT_EQ(world.Send("POST", "/v99/customers/1234567890/googleAds:search", "{}").status, 404);
  const auto sunset = world.Send("POST", "/v21/customers/1234567890/googleAds:search", "{}");
  EXPECT_EQ(sunset.status, 400);
  EXPECT_EQ(World::CodeOf(World::Json(sunset)), "requestError/UNSUPPORTED_VERSION");
  EXPECT_EQ(world.Send("POST", "/v25/customers/1234567890/campaigns:conjure", "{}").status, 404);
  EXPECT_EQ(world.Send("GET", "/v25/customers/1234567890/campaigns:mutate", "").status, 404);
  EXPECT_EQ(world.Send("POST", "/v25/customers/777/googleAds:search", "{}").status, 403);
  EXPECT_EQ(world.Send("POST", "/v25/customers/123-456/googleAds:search", "{}").status, 400);
  // Clients built on gax leave a bare question mark behind.
  EXPECT_EQ(world
                .Send("POST", "/v25/customers/1234567890/googleAds:search?",
                      R"({"query":"SELECT customer.id FROM customer"})")
                .status,
            200);
  EXPECT_EQ(World::Json(world.Send("GET", "/v25/customers:listAccessibleCustomers", "")),
            (json{{"resourceNames", {"customers/9000000001", "customers/1234567890"}}}));
  const auto with_login = [&](const std::string& login) {
    return World::CodeOf(World::Json(world.Send(
        "POST", "/v25/customers/1234567890/googleAds:search",
        R"({"query":"SELECT customer.id FROM customer"})", {{"login-customer-id", login}})));
  };
  EXPECT_EQ(with_login("9000000001"), "");
  EXPECT_EQ(with_login("1234567890"), "");
  EXPECT_EQ(with_login("900-000-0001"), "headerError/INVALID_LOGIN_CUSTOMER_ID");
  EXPECT_EQ(with_login("5"), "authorizationError/USER_PERMISSION_DENIED");
}

TEST(GoogleAds, ManagerListsClientsAndHasNoMetrics) {
  World world;
  const auto ask = [&](const std::string& query) {
    return World::Json(world.Send("POST", "/v25/customers/9000000001/googleAds:search",
                                  json{{"query", query}}.dump()));
  };
  const json clients =
      ask("SELECT customer_client.id, customer_client.manager, "
          "customer_client.level FROM customer_client WHERE "
          "customer_client.level <= 1")["results"];
  ASSERT_EQ(clients.size(), 2u);
  EXPECT_EQ(clients[0]["customerClient"]["manager"], true);
  EXPECT_EQ(clients[1]["customerClient"]["id"], "1234567890");
  EXPECT_EQ(World::CodeOf(ask("SELECT metrics.clicks FROM customer")),
            "queryError/REQUESTED_METRICS_FOR_MANAGER");
  const json refused =
      World::Json(world.Send("POST", "/v25/customers/9000000001/campaigns:mutate", "{}"));
  EXPECT_EQ(World::CodeOf(refused), "requestError/CANNOT_BE_EXECUTED_BY_MANAGER_ACCOUNT");
}

TEST(GoogleAds, PagesOfTenThousandAreOneConsistentSet) {
  World world;
  const std::string group = world.Launch("Big", "PAUSED").at("group");
  json body = {{"operations", json::array()}};
  for (int i = 0; i < 10'000; ++i) {
    body["operations"].push_back(
        {{"create",
          {{"adGroup", World::Name("adGroups/" + group)},
           {"keyword", {{"text", "word " + std::to_string(i)}, {"matchType", "EXACT"}}}}}});
  }
  ASSERT_EQ(World::CodeOf(world.Post("adGroupCriteria:mutate", body)), "");
  body["operations"] = std::vector<json>(10'001, json::object());
  EXPECT_EQ(World::CodeOf(world.Post("adGroupCriteria:mutate", body)),
            "requestError/TOO_MANY_MUTATE_OPERATIONS");

  const std::string query = "SELECT ad_group_criterion.criterion_id FROM ad_group_criterion";
  const json first =
      world.Post("googleAds:search",
                 {{"query", query}, {"search_settings", {{"return_total_results_count", true}}}});
  EXPECT_EQ(first["results"].size(), 10'000u);
  EXPECT_EQ(first["totalResultsCount"], "10001");
  const json second =
      world.Post("googleAds:search", {{"query", query}, {"pageToken", first["nextPageToken"]}});
  EXPECT_EQ(second["results"].size(), 1u);
  EXPECT_FALSE(second.contains("nextPageToken"));
  std::set<std::string> seen;
  for (const json* page : {&first, &second}) {
    for (const json& row : (*page)["results"]) seen.insert(row["adGroupCriterion"]["criterionId"]);
  }
  EXPECT_EQ(seen.size(), 10'001u);

  const auto code = [&](const json& search) {
    return World::CodeOf(world.Post("googleAds:search", search));
  };
  EXPECT_EQ(code({{"query", query + " LIMIT 5"}, {"pageToken", first["nextPageToken"]}}),
            "requestError/INVALID_PAGE_TOKEN");
  EXPECT_EQ(code({{"query", query}, {"pageToken", "nonsense"}}), "requestError/INVALID_PAGE_TOKEN");
  EXPECT_EQ(code({{"query", query}, {"pageToken", "abc-10000"}}),
            "requestError/EXPIRED_PAGE_TOKEN");
  EXPECT_EQ(code({{"query", query}, {"pageSize", 500}}), "requestError/PAGE_SIZE_NOT_SUPPORTED");
  EXPECT_EQ(code({{"query", "SELECT campaign.id FROM campaign"}, {"pageSize", 10'000}}), "");
  EXPECT_EQ(code({{"query", query}, {"pageToken", "x"}, {"validateOnly", true}}),
            "requestError/VALIDATE_ONLY_REQUEST_HAS_PAGE_TOKEN");

  // The count is of everything that matches, whatever LIMIT leaves.
  const json counted = world.Post("googleAds:search",
                                  {{"query",
                                    "SELECT geo_target_constant.id FROM geo_target_constant WHERE "
                                    "geo_target_constant.country_code IN ('DE', 'AT') LIMIT 1"},
                                   {"search_settings", {{"return_total_results_count", true}}}});
  EXPECT_EQ(counted["results"].size(), 1u);
  EXPECT_EQ(counted["totalResultsCount"], "3");  // two countries and Berlin
}

TEST(GoogleAds, ReviewTakesHoursAndNamesThePhrase) {
  World world;
  const auto ids = world.Launch("Reviewed", "ENABLED");
  json bad = World::SearchAd(World::Name("adGroups/" + ids.at("group")));
  bad["ad"]["responsiveSearchAd"]["headlines"][0]["text"] = "Miracle cure for feet";
  ASSERT_EQ(World::CodeOf(world.Post("adGroupAds:mutate", {{"operations", {{{"create", bad}}}}})),
            "");
  const std::string query =
      "SELECT ad_group_ad.policy_summary.approval_status, "
      "ad_group_ad.policy_summary.review_status, "
      "ad_group_ad.policy_summary.policy_topic_entries, ad_group_ad.primary_status, "
      "ad_group_ad.ad.responsive_search_ad.headlines FROM ad_group_ad ORDER BY "
      "ad_group_ad.resource_name";
  json rows = world.Rows(query);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["adGroupAd"]["policySummary"], (json{{"reviewStatus", "REVIEW_IN_PROGRESS"}}));
  EXPECT_EQ(rows[0]["adGroupAd"]["primaryStatus"], "PENDING");
  world.To("2026-09-02T12:00:00Z");
  rows = world.Rows(query);
  EXPECT_EQ(rows[0]["adGroupAd"]["policySummary"]["approvalStatus"], "APPROVED");
  EXPECT_EQ(rows[0]["adGroupAd"]["primaryStatus"], "ELIGIBLE");
  EXPECT_EQ(rows[1]["adGroupAd"]["policySummary"]["approvalStatus"], "DISAPPROVED");
  EXPECT_EQ(rows[1]["adGroupAd"]["policySummary"]["policyTopicEntries"][0],
            (json{{"topic", "MISLEADING_CONTENT"},
                  {"type", "PROHIBITED"},
                  {"evidences", {{{"textList", {{"texts", {"miracle cure"}}}}}}}}));
  const json campaign = world.Rows(
      "SELECT campaign.primary_status, campaign.primary_status_reasons FROM campaign")[0];
  EXPECT_EQ(campaign["campaign"]["primaryStatus"], "LIMITED");
  EXPECT_EQ(campaign["campaign"]["primaryStatusReasons"], json{"HAS_ADS_DISAPPROVED"});
}

TEST(GoogleAds, HistoryTellsPeopleFromTheApi) {
  World world;
  const auto ids = world.Launch("Watched", "PAUSED");
  const AccountId account{Platform::kGoogleAds, "1234567890"};
  world.To("2026-09-01T13:00:00Z");
  ASSERT_TRUE(world.server_->HumanEdit(account, Level::kCampaign, ids.at("campaign"),
                                       {{"daily_budget", Money::Micros(80'000'000, kEur)}},
                                       "anna@acme.example"));
  EXPECT_FALSE(world.server_->HumanEdit(account, Level::kCampaign, "42", {}, "x"));
  EXPECT_FALSE(world.server_->HumanEdit(account, Level::kCampaign, ids.at("campaign"),
                                        {{"daily_budget", Money::Micros(1, kEur)}}, "x"));
  const std::string range =
      " WHERE change_event.change_date_time BETWEEN '2026-08-25' AND '2026-09-02' LIMIT 100";
  const json rows = world.Rows(
      "SELECT change_event.change_date_time, change_event.client_type, change_event.user_email, "
      "change_event.change_resource_type, change_event.resource_change_operation, "
      "change_event.changed_fields, change_event.old_resource, change_event.new_resource FROM "
      "change_event" +
      range);
  ASSERT_EQ(rows.size(), 7u);  // six creates and the edit, newest first
  const json& edit = rows[0]["changeEvent"];
  EXPECT_EQ(edit["clientType"], "GOOGLE_ADS_WEB_CLIENT");
  EXPECT_EQ(edit["userEmail"], "anna@acme.example");
  EXPECT_EQ(edit["changeResourceType"], "CAMPAIGN_BUDGET");
  EXPECT_EQ(edit["changedFields"], "amountMicros");
  EXPECT_EQ(edit["oldResource"]["campaignBudget"]["amountMicros"], "50000000");
  EXPECT_EQ(edit["newResource"]["campaignBudget"]["amountMicros"], "80000000");
  EXPECT_EQ(edit["changeDateTime"], "2026-09-01 15:00:00.000000");  // Berlin in summer
  EXPECT_EQ(rows[1]["changeEvent"]["clientType"], "GOOGLE_ADS_API");
  EXPECT_EQ(rows[1]["changeEvent"]["resourceChangeOperation"], "CREATE");

  const std::string select = "SELECT change_event.client_type FROM change_event ";
  const std::string time = "change_event.change_date_time";
  EXPECT_EQ(world.QueryCode(select + "LIMIT 5"), "changeEventError/CHANGE_DATE_RANGE_INFINITE");
  EXPECT_EQ(world.QueryCode(select + "WHERE " + time + " >= '2026-08-30' LIMIT 5"),
            "changeEventError/CHANGE_DATE_RANGE_INFINITE");
  EXPECT_EQ(world.QueryCode(select + "WHERE " + time + " DURING LAST_14_DAYS"),
            "changeEventError/LIMIT_NOT_SPECIFIED");
  EXPECT_EQ(world.QueryCode(select + "WHERE " + time + " DURING LAST_14_DAYS LIMIT 10001"),
            "changeEventError/INVALID_LIMIT_CLAUSE");
  EXPECT_EQ(
      world.QueryCode(select + "WHERE " + time + " BETWEEN '2026-07-01' AND '2026-09-02' LIMIT 5"),
      "changeEventError/START_DATE_TOO_OLD");
  EXPECT_EQ(
      world.QueryCode(select + "WHERE " + time + " BETWEEN '2026-09-02' AND '2026-09-01' LIMIT 5"),
      "changeEventError/CHANGE_DATE_RANGE_NEGATIVE");
  EXPECT_EQ(world
                .Rows("SELECT change_status.resource_status, change_status.resource_type FROM "
                      "change_status WHERE change_status.last_change_date_time DURING TODAY "
                      "LIMIT 100")
                .size(),
            6u);
}

TEST(GoogleAds, SchedulesDecideWhenACampaignDelivers) {
  World world;
  const auto ids = world.Launch("Hours", "ENABLED");
  const AccountId account{Platform::kGoogleAds, "1234567890"};
  using List = std::vector<std::string>;
  const auto edited =
      world.server_->HumanEdit(account, Level::kCampaign, ids.at("campaign"),
                               {{"dayparts", List{"all 09:00-12:00"}}}, "anna@acme.example");
  ASSERT_TRUE(edited) << edited.error().what;
  world.To("2026-09-05T12:00:00Z");
  const json rows = world.Rows(
      "SELECT campaign.id, segments.hour, metrics.impressions FROM campaign WHERE segments.date "
      "BETWEEN '2026-09-03' AND '2026-09-04'");
  ASSERT_FALSE(rows.empty());
  for (const json& row : rows) {
    const int hour = row["segments"]["hour"];
    EXPECT_TRUE(hour >= 9 && hour < 12) << hour;
  }
}

TEST(GoogleAds, PeoplesAndThePlatformsEditsOfTargetingAreInTheHistory) {
  World world;
  const auto ids = world.Launch("Watched", "PAUSED");
  const AccountId account{Platform::kGoogleAds, "1234567890"};
  using List = std::vector<std::string>;
  world.To("2026-09-02T13:00:00Z");
  ASSERT_TRUE(world.server_->HumanEdit(account, Level::kAdGroup, ids.at("group"),
                                       {{"keywords", List{"broad:any shoes"}}}, "platform"));
  const json rows = world.Rows(
      "SELECT change_event.client_type, change_event.user_email, "
      "change_event.resource_change_operation, change_event.old_resource, "
      "change_event.new_resource FROM change_event WHERE change_event.change_date_time BETWEEN "
      "'2026-09-02' AND '2026-09-03' LIMIT 10");
  ASSERT_EQ(rows.size(), 2u);  // one keyword goes, another comes
  for (const json& row : rows) {
    const json& event = row["changeEvent"];
    EXPECT_EQ(event["clientType"], "GOOGLE_ADS_RECOMMENDATIONS_SUBSCRIPTION");
    const bool removed = event["resourceChangeOperation"] == "REMOVE";
    EXPECT_EQ(event[removed ? "oldResource" : "newResource"]["adGroupCriterion"]["keyword"]["text"],
              removed ? "running shoes" : "any shoes");
  }
  for (const Fields& wrong :
       {Fields{{"keywords", List{"shoes"}}}, Fields{{"countries", List{"DE"}}},
        Fields{{"bid", Money::Micros(1'000'000, kUsd)}}}) {
    EXPECT_FALSE(world.server_->HumanEdit(account, Level::kAdGroup, ids.at("group"), wrong, "x"));
  }
}

TEST(GoogleAds, BrandKeywordsReachTheBrandAudience) {
  World world;
  const auto generic = world.Launch("Generic", "ENABLED", "running shoes");
  const auto brand = world.Launch("Brand", "ENABLED", "acme shoes");
  world.To("2026-09-04T12:00:00Z");
  EXPECT_EQ(world.Rows("SELECT campaign.id FROM campaign").size(), 2u);  // reads move the market
  std::map<Audience, bool> seen;
  for (const TruthDay& day :
       world.market_->Truth(*ParseDay("2026-09-01"), *ParseDay("2026-09-04"))) {
    if (day.spend_micros > 0) seen[day.audience] = true;
  }
  EXPECT_EQ(seen, (std::map<Audience, bool>{{Audience::kSearchBrand, true},
                                            {Audience::kSearchGeneric, true}}));
}

TEST(GoogleAds, ObjectsAreCountedWithNames) {
  World world;
  const auto ids = world.Launch("Counted", "PAUSED");
  const auto objects = world.server_->Objects({Platform::kGoogleAds, "1234567890"});
  ASSERT_EQ(objects.size(), 3u);
  EXPECT_EQ(objects[0].name, "Counted");
  EXPECT_EQ(objects[0].status, "paused");
  EXPECT_EQ(objects[2].level, Level::kAd);
  EXPECT_EQ(ids.at("ad"), ids.at("group") + "~" + objects[2].id);
  EXPECT_TRUE(world.server_->Objects({Platform::kMeta, "1234567890"}).empty());
}

}  // namespace
}  // namespace maxopt::sim::google_ads
