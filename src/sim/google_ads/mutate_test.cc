#include <gtest/gtest.h>

#include "sim/google_ads/schema.h"
#include "sim/google_ads/world_for_test.h"

namespace maxopt::sim::google_ads {
namespace {

using nlohmann::json;

// A 1x1 PNG's header is all that is looked at.
constexpr const char* kPng = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAYAAACddGYaAAAADUlEQVR42mNk";
constexpr const char* kOtherPng = "iVBORw0KGgoAAAANSUhEUgAAAAQAAAACCAYAAACddGYaAAAADUlEQVR42mNk";

/// Where the first error stands: "operations[0].create.name".
std::string PlaceOf(const json& answer) {
  const json& details = answer.contains("error") ? answer["error"]["details"][0]
                                                 : answer["partialFailureError"]["details"][0];
  std::string place;
  for (const json& element : details["errors"][0]["location"]["fieldPathElements"]) {
    if (!place.empty()) place += '.';
    place += element["fieldName"].get<std::string>();
    if (element.contains("index")) place += "[" + element["index"].dump() + "]";
  }
  return place;
}

class MutateTest : public testing::Test {
 protected:
  json One(const std::string& collection, const json& operation) {
    return world_.Post(collection + ":mutate", {{"operations", {operation}}});
  }
  std::string Code(const std::string& collection, const json& operation) {
    return World::CodeOf(One(collection, operation));
  }
  std::string Created(const std::string& collection, const json& body) {
    const json answer = One(collection, {{"create", body}});
    EXPECT_EQ(World::CodeOf(answer), "") << answer.dump(1);
    return answer["results"][0]["resourceName"];
  }
  std::string NewBudget(const std::string& name) {
    return Created("campaignBudgets", World::Budget(name, "10000000"));
  }
  World world_;
};

TEST_F(MutateTest, BudgetsKeepTheirRules) {
  const auto code = [&](json changes) {
    json budget = World::Budget("B", "10000000");
    for (const auto& [key, value] : changes.items()) {
      budget[key] = value;
      if (value.is_null()) budget.erase(key);
    }
    const json answer = world_.Post(
        "campaignBudgets:mutate", {{"operations", {{{"create", budget}}}}, {"validateOnly", true}});
    return World::CodeOf(answer);
  };
  EXPECT_EQ(code({}), "");
  EXPECT_EQ(code({{"amountMicros", 10000000}}), "");  // a number is as good as a string
  EXPECT_EQ(code({{"amountMicros", "-10000000"}}), "campaignBudgetError/NEGATIVE_MONEY_AMOUNT");
  EXPECT_EQ(code({{"amountMicros", "10000001"}}),
            "campaignBudgetError/NON_MULTIPLE_OF_MINIMUM_CURRENCY_UNIT");
  EXPECT_EQ(code({{"amountMicros", "0"}}), "campaignBudgetError/BUDGET_BELOW_PER_DAY_MINIMUM");
  EXPECT_EQ(code({{"amountMicros", "10000000000010000"}}),
            "campaignBudgetError/MONEY_AMOUNT_TOO_LARGE");
  EXPECT_EQ(code({{"amountMicros", nullptr}}), "fieldError/REQUIRED");
  EXPECT_EQ(code({{"name", nullptr}}), "");  // its own budget needs no name
  EXPECT_EQ(code({{"name", nullptr}, {"explicitlyShared", true}}), "fieldError/REQUIRED");
  EXPECT_EQ(code({{"period", "CUSTOM_PERIOD"}}),
            "campaignBudgetError/BUDGET_AMOUNT_MUST_BE_UNSET_FOR_CUSTOM_BUDGET_PERIOD");
  EXPECT_EQ(code({{"totalAmountMicros", "10000000"}}),
            "campaignBudgetError/TOTAL_BUDGET_AMOUNT_MUST_BE_UNSET_FOR_BUDGET_PERIOD_DAILY");
  EXPECT_EQ(code({{"deliveryMethod", "ACCELERATED"}}),
            "campaignBudgetError/CANNOT_USE_ACCELERATED_DELIVERY_MODE");
  EXPECT_EQ(code({{"id", "5"}}), "fieldError/VALUE_MUST_BE_UNSET");
  // JSON that does not fit the proto never reaches the rules.
  EXPECT_EQ(code({{"amountMicros", "ten"}}), "INVALID_ARGUMENT");
  EXPECT_EQ(code({{"amountMicros", 1.5}}), "INVALID_ARGUMENT");
  EXPECT_EQ(code({{"amountEuros", "10"}}), "INVALID_ARGUMENT");
  EXPECT_EQ(code({{"period", "WEEKLY"}}), "INVALID_ARGUMENT");

  NewBudget("B");
  EXPECT_EQ(code({}), "campaignBudgetError/DUPLICATE_NAME");
}

TEST_F(MutateTest, CampaignsKeepTheirRules) {
  const std::string budget = NewBudget("B");
  const auto answer = [&](json changes) {
    json campaign = World::Campaign("C", budget);
    for (const auto& [key, value] : changes.items()) {
      campaign[key] = value;
      if (value.is_null()) campaign.erase(key);
    }
    return world_.Post("campaigns:mutate",
                       {{"operations", {{{"create", campaign}}}}, {"validateOnly", true}});
  };
  const auto code = [&](json changes) { return World::CodeOf(answer(std::move(changes))); };
  EXPECT_EQ(answer({}), json::object());
  EXPECT_EQ(code({{"name", nullptr}}), "fieldError/REQUIRED");
  EXPECT_EQ(PlaceOf(answer({{"name", nullptr}})), "operations[0].create.name");
  EXPECT_EQ(code({{"name", std::string(256, 'x')}}), "campaignError/INVALID_CAMPAIGN_NAME");
  EXPECT_EQ(code({{"advertisingChannelType", nullptr}}), "fieldError/REQUIRED");
  EXPECT_EQ(code({{"advertisingChannelType", "VIDEO"}}), "mutateError/MUTATE_NOT_ALLOWED");
  EXPECT_EQ(code({{"containsEuPoliticalAdvertising", nullptr}}),
            "mutateError/EU_POLITICAL_ADVERTISING_DECLARATION_REQUIRED");
  EXPECT_EQ(code({{"containsEuPoliticalAdvertising", "UNSPECIFIED"}}),
            "mutateError/EU_POLITICAL_ADVERTISING_DECLARATION_REQUIRED");
  EXPECT_EQ(code({{"manualCpc", nullptr}}), "fieldError/REQUIRED");
  EXPECT_EQ(code({{"targetSpend", json::object()}}), "INVALID_ARGUMENT");  // two of one oneof
  EXPECT_EQ(code({{"manualCpc", nullptr}, {"targetCpm", json::object()}}),
            "biddingError/INVALID_BIDDING_STRATEGY_TYPE");
  EXPECT_EQ(code({{"campaignBudget", nullptr}}), "fieldError/REQUIRED");
  EXPECT_EQ(code({{"campaignBudget", World::Name("campaignBudgets/5")}}),
            "mutateError/RESOURCE_NOT_FOUND");
  EXPECT_EQ(code({{"campaignBudget", "customers/777/campaignBudgets/5"}}),
            "requestError/CANNOT_MODIFY_FOREIGN_FIELD");
  EXPECT_EQ(code({{"campaignBudget", World::Name("campaignBudgets/-9")}}),
            "mutateError/RESOURCE_NOT_FOUND");
  EXPECT_EQ(code({{"status", "REMOVED"}}),
            "operationAccessDeniedError/CREATE_AS_REMOVED_NOT_PERMITTED");
  EXPECT_EQ(code({{"status", "ACTIVE"}}), "INVALID_ARGUMENT");
  EXPECT_EQ(code({{"startDate", "2026-09-05"}}), "INVALID_ARGUMENT");  // gone since v23
  EXPECT_EQ(code({{"startDateTime", "2026-09-05"}}), "dateError/INVALID_STRING_DATE_TIME_SECONDS");
  EXPECT_EQ(code({{"startDateTime", "2026-08-05 00:00:00"}}),
            "campaignError/CANNOT_SET_DATE_TO_PAST");
  EXPECT_EQ(
      code({{"startDateTime", "2026-09-05 00:00:00"}, {"endDateTime", "2026-09-04 23:59:59"}}),
      "dateError/DATE_RANGE_MINIMUM_DATE_LATER_THAN_MAXIMUM_DATE");
  EXPECT_EQ(code({{"networkSettings", {{"targetSearchNetwork", true}}}}),
            "campaignError/CANNOT_TARGET_SEARCH_NETWORK_WITHOUT_GOOGLE_SEARCH");
  EXPECT_EQ(code({{"networkSettings", {{"targetGoogleSearch", false}}}}),
            "campaignError/CAMPAIGN_MUST_TARGET_AT_LEAST_ONE_NETWORK");
  EXPECT_EQ(code({{"resourceName", World::Name("campaigns/5")}}),
            "newResourceCreationError/CANNOT_SET_ID_FOR_CREATE");
  EXPECT_EQ(code({{"resourceName", "campaigns/-5"}}), "requestError/RESOURCE_NAME_MALFORMED");

  Created("campaigns", World::Campaign("Taken", budget));
  EXPECT_EQ(code({{"name", "TAKEN"}, {"campaignBudget", NewBudget("B2")}}),
            "campaignError/DUPLICATE_CAMPAIGN_NAME");
  EXPECT_EQ(code({}),
            "campaignBudgetError/"
            "CANNOT_USE_IMPLICITLY_SHARED_CAMPAIGN_BUDGET_WITH_MULTIPLE_CAMPAIGNS");
  // Everything that is wrong is told at once.
  const json many = answer({{"name", nullptr}, {"advertisingChannelType", nullptr}});
  EXPECT_GE(many["error"]["details"][0]["errors"].size(), 3u);
}

TEST_F(MutateTest, UnknownNamesAreToldInGooglesWords) {
  const auto response =
      world_.Send("POST", "/v25/customers/1234567890/campaigns:mutate",
                  R"({"operations":[{"create":{"nmae":"x"}}],"partial_failure":true})");
  EXPECT_EQ(response.status, 400);
  const json error = World::Json(response)["error"];
  EXPECT_EQ(error["status"], "INVALID_ARGUMENT");
  EXPECT_EQ(
      error["message"],
      "Invalid JSON payload received. Unknown name \"nmae\" at 'operations[0].create': Cannot "
      "find field.");
  EXPECT_EQ(error["details"][0]["@type"], "type.googleapis.com/google.rpc.BadRequest");
  EXPECT_EQ(error["details"][0]["fieldViolations"][0]["field"], "operations[0].create");
  for (const std::string& body :
       {std::string("nonsense"), std::string("[]"), std::string("\"x\""),
        std::string(R"({"operations":5})"), std::string(R"({"operations":[5]})"),
        std::string(200'000, '['), std::string("{\"a\":\"\xff\"}")}) {
    EXPECT_EQ(world_.Send("POST", "/v25/customers/1234567890/campaigns:mutate", body).status, 400);
  }
  EXPECT_EQ(World::CodeOf(world_.Post("campaigns:mutate", json::object())),
            "requestError/REQUIRED_FIELD_MISSING");
  EXPECT_EQ(Code("campaigns", json::object()), "requestError/OPERATION_REQUIRED");
  EXPECT_EQ(
      World::CodeOf(world_.Post("googleAds:mutate", {{"mutateOperations", {json::object()}}})),
      "requestError/OPERATION_REQUIRED");
}

TEST_F(MutateTest, UpdatesFollowTheMask) {
  const auto ids = world_.Launch("Spring", "PAUSED");
  const std::string name = World::Name("campaigns/" + ids.at("campaign"));
  const auto update = [&](json body, const std::string& mask) {
    body["resourceName"] = name;
    return One("campaigns", {{"update", body}, {"updateMask", mask}});
  };
  const auto code = [&](json body, const std::string& mask) {
    return World::CodeOf(update(std::move(body), mask));
  };
  // Only what the mask names is changed, in either spelling.
  EXPECT_EQ(code({{"status", "ENABLED"}, {"name", "Other"}}, "status"), "");
  EXPECT_EQ(code({{"networkSettings", {{"targetSearchNetwork", false}}}},
                 "network_settings.target_search_network"),
            "");
  EXPECT_EQ(code({{"maximizeConversions", {{"targetCpaMicros", "5000000"}}}},
                 "maximizeConversions.targetCpaMicros"),
            "");
  const json row = world_.Rows(
      "SELECT campaign.name, campaign.status, campaign.network_settings.target_search_network, "
      "campaign.network_settings.target_google_search, campaign.bidding_strategy_type, "
      "campaign.maximize_conversions.target_cpa_micros FROM campaign")[0]["campaign"];
  EXPECT_EQ(row["name"], "Spring");
  EXPECT_EQ(row["status"], "ENABLED");
  EXPECT_EQ(row["networkSettings"],
            (json{{"targetSearchNetwork", false}, {"targetGoogleSearch", true}}));
  EXPECT_EQ(row["biddingStrategyType"], "MAXIMIZE_CONVERSIONS");
  EXPECT_EQ(row["maximizeConversions"]["targetCpaMicros"], "5000000");

  EXPECT_EQ(code({{"status", "ENABLED"}}, ""), "fieldMaskError/FIELD_MASK_MISSING");
  EXPECT_EQ(code({}, "nonsense"), "fieldMaskError/FIELD_NOT_FOUND");
  EXPECT_EQ(code({}, "network_settings"), "fieldMaskError/FIELD_HAS_SUBFIELDS");
  EXPECT_EQ(code({}, "name.x"), "fieldMaskError/FIELD_NOT_FOUND");
  EXPECT_EQ(code({{"advertisingChannelType", "DISPLAY"}}, "advertising_channel_type"),
            "fieldError/IMMUTABLE_FIELD");
  EXPECT_EQ(PlaceOf(update({}, "id")), "operations[0].update.id");
  EXPECT_EQ(code({}, "id"), "fieldError/IMMUTABLE_FIELD");
  EXPECT_EQ(code({}, "name"), "fieldError/REQUIRED");  // named but absent: cleared
  EXPECT_EQ(code({}, "status"), "fieldError/FIELD_CANNOT_BE_CLEARED");
  EXPECT_EQ(code({{"status", "REMOVED"}}, "status"), "enumError/ENUM_VALUE_NOT_PERMITTED");
  EXPECT_EQ(code({{"startDateTime", "2026-10-01 00:00:00"}}, "start_date_time"),
            "campaignError/CANNOT_MODIFY_START_DATE_IF_ALREADY_STARTED");

  const auto target = [&](const std::string& resource) {
    return Code("campaigns", {{"update", {{"resourceName", resource}, {"status", "PAUSED"}}},
                              {"updateMask", "status"}});
  };
  EXPECT_EQ(target(""), "requestError/RESOURCE_NAME_MISSING");
  EXPECT_EQ(target("nonsense"), "requestError/RESOURCE_NAME_MALFORMED");
  EXPECT_EQ(target(World::Name("campaigns/1")), "mutateError/RESOURCE_NOT_FOUND");
  EXPECT_EQ(target("customers/777/campaigns/1"), "requestError/CANNOT_MODIFY_FOREIGN_FIELD");
}

TEST_F(MutateTest, RemovedIsFinal) {
  const auto ids = world_.Launch("Spring", "ENABLED");
  const std::string name = World::Name("campaigns/" + ids.at("campaign"));
  EXPECT_EQ(
      Code("campaignBudgets", {{"remove", World::Name("campaignBudgets/" + ids.at("budget"))}}),
      "campaignBudgetError/CAMPAIGN_BUDGET_IN_USE");
  EXPECT_EQ(Code("campaigns", {{"remove", name}}), "");
  EXPECT_EQ(Code("campaigns", {{"remove", name}}),
            "operationAccessDeniedError/OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE");
  EXPECT_EQ(Code("campaigns", {{"update", {{"resourceName", name}, {"status", "ENABLED"}}},
                               {"updateMask", "status"}}),
            "operationAccessDeniedError/OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE");
  EXPECT_EQ(Code("adGroups", {{"create", {{"campaign", name}, {"name", "late"}}}}),
            "operationAccessDeniedError/OPERATION_NOT_PERMITTED_FOR_REMOVED_RESOURCE");
  const json row = world_.Rows(
      "SELECT campaign.status, campaign.primary_status, campaign_budget.status FROM campaign")[0];
  EXPECT_EQ(row["campaign"]["status"], "REMOVED");
  EXPECT_EQ(row["campaign"]["primaryStatus"], "REMOVED");
  EXPECT_EQ(row["campaignBudget"]["status"], "REMOVED");  // went with its only campaign
  world_.Launch("Spring", "PAUSED");                      // the name is free again
}

TEST_F(MutateTest, AllOrNothingUnlessPartial) {
  const json good = {{"create", World::Budget("good", "10000000")}};
  const json bad = {{"create", World::Budget("bad", "1")}};
  const json after = {{"create", World::Budget("after", "20000000")}};
  json answer = world_.Post("campaignBudgets:mutate", {{"operations", {good, bad, after}}});
  EXPECT_EQ(World::CodeOf(answer), "campaignBudgetError/NON_MULTIPLE_OF_MINIMUM_CURRENCY_UNIT");
  EXPECT_EQ(PlaceOf(answer), "operations[1].create.amount_micros");
  const std::string query = "SELECT campaign_budget.name FROM campaign_budget";
  EXPECT_TRUE(world_.Rows(query).empty());

  answer = world_.Post("campaignBudgets:mutate",
                       {{"operations", {good, bad, after}}, {"partialFailure", true}});
  ASSERT_EQ(answer["results"].size(), 3u);
  EXPECT_TRUE(answer["results"][0].contains("resourceName"));
  EXPECT_EQ(answer["results"][1], json::object());
  EXPECT_EQ(answer["partialFailureError"]["code"], 3);
  EXPECT_EQ(PlaceOf(answer), "operations[1].create.amount_micros");
  EXPECT_EQ(world_.Rows(query).size(), 2u);

  // Nothing is written by a validation, and both can be asked for.
  answer = world_.Post("campaignBudgets:mutate",
                       {{"operations", {{{"create", World::Budget("v", "10000000")}}, bad}},
                        {"partialFailure", true},
                        {"validateOnly", true}});
  EXPECT_FALSE(answer.contains("results"));
  EXPECT_TRUE(answer.contains("partialFailureError"));
  EXPECT_EQ(world_.Rows(query).size(), 2u);
}

TEST_F(MutateTest, TemporaryIdsTieACallTogether) {
  json budget = World::Budget("B", "10000000");
  budget["resourceName"] = World::Name("campaignBudgets/-1");
  json campaign = World::Campaign("C", World::Name("campaignBudgets/-1"));
  const auto post = [&](const json& operations, bool partial) {
    return world_.Post("googleAds:mutate",
                       {{"mutateOperations", operations}, {"partialFailure", partial}});
  };
  const json make_budget = {{"campaignBudgetOperation", {{"create", budget}}}};
  const json make_campaign = {{"campaignOperation", {{"create", campaign}}}};
  // Used before it is defined.
  EXPECT_EQ(World::CodeOf(post({make_campaign, make_budget}, false)),
            "mutateError/RESOURCE_NOT_FOUND");
  // One temporary id is one resource, whatever its type.
  json clash = make_campaign;
  clash["campaignOperation"]["create"]["resourceName"] = World::Name("campaigns/-1");
  EXPECT_EQ(World::CodeOf(post({make_budget, clash}, false)),
            "newResourceCreationError/DUPLICATE_TEMP_IDS");
  // What hangs on a failed create fails as well, and the rest is done.
  json broken = make_budget;
  broken["campaignBudgetOperation"]["create"]["amountMicros"] = "-5";
  const json other = {{"campaignBudgetOperation", {{"create", World::Budget("O", "10000000")}}}};
  const json answer = post({broken, make_campaign, other}, true);
  EXPECT_EQ(answer["mutateOperationResponses"][0], json::object());
  EXPECT_EQ(answer["mutateOperationResponses"][1], json::object());
  EXPECT_TRUE(answer["mutateOperationResponses"][2].contains("campaignBudgetResult"));
  const json& errors = answer["partialFailureError"]["details"][0]["errors"];
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[1]["errorCode"],
            (json{{"newResourceCreationError", "TEMP_ID_RESOURCE_HAD_ERRORS"}}));
  EXPECT_EQ(errors[1]["location"]["fieldPathElements"][1]["fieldName"], "campaign_operation");

  const json done =
      world_.Post("googleAds:mutate", {{"mutateOperations", {make_budget, make_campaign}},
                                       {"responseContentType", "MUTABLE_RESOURCE"}});
  EXPECT_EQ(done["mutateOperationResponses"][1]["campaignResult"]["campaign"]["name"], "C");
  EXPECT_EQ(done["mutateOperationResponses"][1]["campaignResult"]["campaign"]["campaignBudget"],
            done["mutateOperationResponses"][0]["campaignBudgetResult"]["resourceName"]);
}

TEST_F(MutateTest, SearchAdsKeepTheirRules) {
  const auto ids = world_.Launch("Spring", "PAUSED");
  const auto code = [&](const std::string& field, const json& texts) {
    json ad = World::SearchAd(World::Name("adGroups/" + ids.at("group")));
    if (!texts.is_null()) {
      json list = json::array();
      for (const json& text : texts) list.push_back({{"text", text}});
      ad["ad"]["responsiveSearchAd"][field] = list;
    }
    return Code("adGroupAds", {{"create", ad}});
  };
  EXPECT_EQ(code("headlines", {"one", "two", "three"}), "");
  EXPECT_EQ(code("headlines", {"one", "two"}), "collectionSizeError/TOO_FEW");
  json sixteen = json::array();
  for (int i = 0; i < 16; ++i) sixteen.push_back("headline " + std::to_string(i));
  EXPECT_EQ(code("headlines", sixteen), "collectionSizeError/TOO_MANY");
  EXPECT_EQ(code("headlines", {"one", "two", std::string(30, 'x')}), "");
  EXPECT_EQ(code("headlines", {"one", "two", std::string(31, 'x')}), "adError/LINE_TOO_WIDE");
  EXPECT_EQ(code("headlines", {"one", "two", "äöüäöüäöüäöüäöüäöüäöüäöüäöüäöü"}), "");  // 30 letters
  EXPECT_EQ(code("headlines", {"one", "two", "靴靴靴靴靴靴靴靴靴靴靴靴靴靴靴靴"}),
            "adError/LINE_TOO_WIDE");  // 16 wide letters count 32
  EXPECT_EQ(code("headlines", {"one", "two", "TWO"}), "assetError/DUPLICATE_ASSET");
  EXPECT_EQ(code("headlines", {"one", "two", ""}), "fieldError/REQUIRED");
  EXPECT_EQ(code("descriptions", {"one"}), "collectionSizeError/TOO_FEW");
  EXPECT_EQ(code("descriptions", {"one", std::string(91, 'x')}), "adError/LINE_TOO_WIDE");

  const auto with = [&](json changes) {
    json ad = World::SearchAd(World::Name("adGroups/" + ids.at("group")));
    ad["ad"].update(changes);
    return Code("adGroupAds", {{"create", ad}});
  };
  EXPECT_EQ(with({{"finalUrls", json::array()}}), "fieldError/REQUIRED");
  EXPECT_EQ(with({{"finalUrls", {"acme.example"}}}), "adError/URL_NO_SCHEME");
  EXPECT_EQ(with({{"finalUrls", {"ftp://acme.example"}}}), "adError/URL_INVALID_SCHEME");
  EXPECT_EQ(with({{"finalUrls", {"https:///x"}}}), "adError/URL_NO_HOST");
  EXPECT_EQ(with({{"name", "named"}}), "adError/CANNOT_SET_FIELD");
  EXPECT_EQ(with({{"urlCustomParameters", {{{"key", "a-b"}, {"value", "x"}}}}}),
            "urlFieldError/INVALID_CHARACTERS_IN_URL_CUSTOM_PARAMETER_KEY");
  EXPECT_EQ(with({{"urlCustomParameters", {{{"key", "mx"}, {"value", std::string(251, 'x')}}}}}),
            "stringLengthError/TOO_LONG");
  // An ad's content is never changed.
  EXPECT_EQ(Code("adGroupAds", {{"update",
                                 {{"resourceName", World::Name("adGroupAds/" + ids.at("ad"))},
                                  {"ad", {{"finalUrls", {"https://acme.example/2"}}}}}},
                                {"updateMask", "ad.final_urls"}}),
            "fieldError/IMMUTABLE_FIELD");
}

TEST_F(MutateTest, KeywordsAndPlacesKeepTheirRules) {
  const auto ids = world_.Launch("Spring", "PAUSED");
  const std::string group = World::Name("adGroups/" + ids.at("group"));
  const auto keyword = [&](const std::string& text, const std::string& match = "BROAD") {
    return Code(
        "adGroupCriteria",
        {{"create", {{"adGroup", group}, {"keyword", {{"text", text}, {"matchType", match}}}}}});
  };
  EXPECT_EQ(keyword("blue shoes"), "");
  EXPECT_EQ(keyword("blue shoes"), "mutateError/RESOURCE_ALREADY_EXISTS");
  EXPECT_EQ(keyword("blue shoes", "EXACT"), "");
  EXPECT_EQ(keyword(std::string(81, 'x')), "criterionError/KEYWORD_TEXT_TOO_LONG");
  EXPECT_EQ(keyword("1 2 3 4 5 6 7 8 9 10"), "");
  EXPECT_EQ(keyword("1 2 3 4 5 6 7 8 9 10 11"), "criterionError/KEYWORD_HAS_TOO_MANY_WORDS");
  EXPECT_EQ(keyword("what?!"), "criterionError/KEYWORD_HAS_INVALID_CHARS");
  EXPECT_EQ(keyword("   "), "fieldError/REQUIRED");
  EXPECT_EQ(keyword("x", "UNSPECIFIED"), "fieldError/REQUIRED");
  EXPECT_EQ(Code("adGroupCriteria", {{"create", {{"adGroup", group}}}}),
            "adGroupCriterionError/CONCRETE_TYPE_REQUIRED");

  const std::string campaign = World::Name("campaigns/" + ids.at("campaign"));
  const auto place = [&](json criterion) {
    criterion["campaign"] = campaign;
    return Code("campaignCriteria", {{"create", criterion}});
  };
  EXPECT_EQ(place({{"location", {{"geoTargetConstant", "geoTargetConstants/2040"}}}}), "");
  EXPECT_EQ(place({{"location", {{"geoTargetConstant", "geoTargetConstants/2276"}}}}),
            "mutateError/RESOURCE_ALREADY_EXISTS");
  EXPECT_EQ(place({{"location", {{"geoTargetConstant", "geoTargetConstants/1"}}}}),
            "criterionError/INVALID_CRITERION_ID");
  EXPECT_EQ(place({{"language", {{"languageConstant", "languageConstants/1001"}}}}), "");
  EXPECT_EQ(place({{"keyword", {{"text", "free"}, {"matchType", "BROAD"}}}}),
            "criterionError/CANNOT_ADD_CRITERIA_TYPE");
  EXPECT_EQ(place({{"keyword", {{"text", "free"}, {"matchType", "BROAD"}}}, {"negative", true}}),
            "");
  const json rows = world_.Rows(
      "SELECT campaign_criterion.criterion_id, campaign_criterion.type, "
      "campaign_criterion.negative FROM campaign_criterion WHERE campaign_criterion.type IN "
      "('LOCATION', 'LANGUAGE') ORDER BY campaign_criterion.criterion_id");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0]["campaignCriterion"]["criterionId"], "1001");
  EXPECT_EQ(rows[2]["campaignCriterion"]["criterionId"], "2276");
}

TEST_F(MutateTest, BidModifiersKeepTheirRules) {
  const auto ids = world_.Launch("Spring", "PAUSED");
  const std::string campaign = World::Name("campaigns/" + ids.at("campaign"));
  const auto name = [&](const char* id) {
    return World::Name("campaignCriteria/" + ids.at("campaign") + "~" + id);
  };
  // The devices are there from the first.
  const char* const query =
      "SELECT campaign_criterion.criterion_id, campaign_criterion.device.type, "
      "campaign_criterion.bid_modifier FROM campaign_criterion WHERE campaign_criterion.type = "
      "'DEVICE' ORDER BY campaign_criterion.criterion_id";
  const json before = world_.Rows(query);
  ASSERT_EQ(before.size(), 4u);
  EXPECT_EQ(before[1]["campaignCriterion"]["criterionId"], "30001");
  EXPECT_EQ(before[1]["campaignCriterion"]["device"]["type"], "MOBILE");
  EXPECT_FALSE(before[1]["campaignCriterion"].contains("bidModifier"));

  const auto set = [&](const char* id, const json& modifier) {
    return Code("campaignCriteria",
                {{"update", {{"resourceName", name(id)}, {"bidModifier", modifier}}},
                 {"updateMask", "bid_modifier"}});
  };
  EXPECT_EQ(set("30001", 0.9), "");
  EXPECT_EQ(set("30002", 0), "");
  EXPECT_EQ(set("2276", 10), "");
  EXPECT_EQ(set("2276", 0.1), "");
  EXPECT_EQ(set("30001", 0.05), "rangeError/TOO_LOW");
  EXPECT_EQ(set("30001", 11), "rangeError/TOO_HIGH");
  EXPECT_EQ(set("2276", 0), "rangeError/TOO_LOW");
  EXPECT_EQ(set("30001", -1), "rangeError/TOO_LOW");
  EXPECT_EQ(set("30001", "NaN"), "INVALID_ARGUMENT");
  EXPECT_EQ(set("30009", 0.9), "mutateError/RESOURCE_NOT_FOUND");
  const json after = world_.Rows(query);
  EXPECT_EQ(after[1]["campaignCriterion"]["bidModifier"], 0.9);
  EXPECT_EQ(after[2]["campaignCriterion"]["bidModifier"], 0);
  // A mask without a value clears it.
  EXPECT_EQ(Code("campaignCriteria",
                 {{"update", {{"resourceName", name("30001")}}}, {"updateMask", "bid_modifier"}}),
            "");
  EXPECT_FALSE(world_.Rows(query)[1]["campaignCriterion"].contains("bidModifier"));

  EXPECT_EQ(Code("campaignCriteria", {{"remove", name("30001")}}),
            "campaignCriterionError/OPERATOR_NOT_SUPPORTED_FOR_CRITERION_TYPE");
  EXPECT_EQ(
      Code("campaignCriteria", {{"update", {{"resourceName", name("30001")}, {"status", "PAUSED"}}},
                                {"updateMask", "status"}}),
      "campaignCriterionError/CANNOT_SET_STATUS_FOR_CRITERIA_TYPE");
  const auto create = [&](json body) {
    body["campaign"] = campaign;
    return Code("campaignCriteria", {{"create", body}});
  };
  EXPECT_EQ(create({{"device", {{"type", "DESKTOP"}}}, {"bidModifier", 1.2}}), "");
  EXPECT_EQ(create({{"device", {{"type", "DESKTOP"}}}, {"bidModifier", 1.3}}),
            "mutateError/RESOURCE_ALREADY_EXISTS");
  EXPECT_EQ(create({{"device", {{"type", "OTHER"}}}}), "criterionError/INVALID_CRITERION_ID");
  EXPECT_EQ(create({{"device", {{"type", "MOBILE"}}}, {"negative", true}}),
            "campaignCriterionError/CANNOT_EXCLUDE_CRITERIA_TYPE");
  EXPECT_EQ(create({{"location", {{"geoTargetConstant", "geoTargetConstants/2040"}}},
                    {"negative", true},
                    {"bidModifier", 0.9}}),
            "criterionError/CANNOT_BID_MODIFY_NEGATIVE_CRITERION");
  EXPECT_EQ(create({{"language", {{"languageConstant", "languageConstants/1001"}}},
                    {"bidModifier", 0.9}}),
            "criterionError/CANNOT_BID_MODIFY_CRITERION_TYPE");
}

TEST_F(MutateTest, SchedulesListsAndCapsKeepTheirRules) {
  const auto ids = world_.Launch("Spring", "PAUSED");
  const std::string campaign = World::Name("campaigns/" + ids.at("campaign"));
  const auto criterion = [&](json body) {
    body["campaign"] = campaign;
    return Code("campaignCriteria", {{"create", body}});
  };
  const auto hours = [&](const char* day, int from, int to, const char* minute = "ZERO") {
    return criterion({{"adSchedule",
                       {{"dayOfWeek", day},
                        {"startHour", from},
                        {"startMinute", minute},
                        {"endHour", to},
                        {"endMinute", "ZERO"}}}});
  };
  EXPECT_EQ(hours("MONDAY", 8, 20), "");
  EXPECT_EQ(hours("MONDAY", 8, 20), "mutateError/RESOURCE_ALREADY_EXISTS");
  EXPECT_EQ(hours("MONDAY", 19, 24), "criterionError/AD_SCHEDULE_TIME_INTERVALS_OVERLAP");
  EXPECT_EQ(hours("MONDAY", 20, 24), "");
  EXPECT_EQ(hours("TUESDAY", 22, 2), "criterionError/AD_SCHEDULE_INVALID_TIME_INTERVAL");
  EXPECT_EQ(hours("TUESDAY", 22, 25), "criterionError/AD_SCHEDULE_INVALID_TIME_INTERVAL");
  EXPECT_EQ(hours("TUESDAY", 1, 2, "UNSPECIFIED"), "fieldError/REQUIRED");
  for (int hour = 0; hour < 12; hour += 2) EXPECT_EQ(hours("SUNDAY", hour, hour + 1), "");
  EXPECT_EQ(hours("SUNDAY", 12, 13), "criterionError/AD_SCHEDULE_EXCEEDED_INTERVALS_PER_DAY_LIMIT");
  EXPECT_EQ(criterion({{"location", {{"geoTargetConstant", "geoTargetConstants/1003854"}}}}), "");

  const auto list = [&](const std::string& name) {
    return Code("adGroupCriteria", {{"create",
                                     {{"adGroup", World::Name("adGroups/" + ids.at("group"))},
                                      {"userList", {{"userList", name}}}}}});
  };
  EXPECT_EQ(list(World::Name("userLists/7")), "");
  EXPECT_EQ(list("customers/99/userLists/7"), "criterionError/INVALID_USER_LIST");

  const auto caps = [&](const char* unit, int length, int cap) {
    return Code("campaigns", {{"update",
                               {{"resourceName", campaign},
                                {"frequencyCaps",
                                 {{{"key",
                                    {{"level", "CAMPAIGN"},
                                     {"eventType", "IMPRESSION"},
                                     {"timeUnit", unit},
                                     {"timeLength", length}}},
                                   {"cap", cap}}}}}},
                              {"updateMask", "frequency_caps"}});
  };
  EXPECT_EQ(caps("DAY", 1, 3), "campaignError/INCOMPATIBLE_CAMPAIGN_FIELD");  // search
}

TEST_F(MutateTest, ConversionActionsKeepTheirRules) {
  const auto action = [&](const json& more) {
    json body = {{"name", "Orders"}, {"type", "WEBPAGE"}};
    body.update(more);
    return Code("conversionActions", {{"create", body}});
  };
  EXPECT_EQ(action({{"viewThroughLookbackWindowDays", "31"}}), "rangeError/TOO_HIGH");
  EXPECT_EQ(action({{"clickThroughLookbackWindowDays", "0"}}), "rangeError/TOO_LOW");
  EXPECT_EQ(action({{"attributionModelSettings",
                     {{"attributionModel", "GOOGLE_SEARCH_ATTRIBUTION_LINEAR"}}}}),
            "conversionActionError/CANNOT_SET_RULE_BASED_ATTRIBUTION_MODELS");
  EXPECT_EQ(action(json::object()), "");
  EXPECT_EQ(action(json::object()), "conversionActionError/DUPLICATE_NAME");
  const json row = world_.Rows(
      "SELECT conversion_action.id, conversion_action.tag_snippets, "
      "conversion_action.view_through_lookback_window_days FROM conversion_action")[0];
  const json& made = row["conversionAction"];
  EXPECT_EQ(made["viewThroughLookbackWindowDays"], "1");
  const std::string snippet = made["tagSnippets"][0]["eventSnippet"];
  EXPECT_NE(snippet.find("'send_to': 'AW-1234567890/"), std::string::npos) << snippet;
}

TEST_F(MutateTest, TheSamePictureIsTheSameAsset) {
  const auto picture = [](const std::string& name, const char* data) {
    return json{{"name", name}, {"type", "IMAGE"}, {"imageAsset", {{"data", data}}}};
  };
  const std::string first = Created("assets", picture("one", kPng));
  EXPECT_EQ(Created("assets", picture("two", kPng)), first);
  EXPECT_NE(Created("assets", picture("three", kOtherPng)), first);
  const json row = world_.Rows(
      "SELECT asset.name, asset.image_asset.full_size.width_pixels, asset.image_asset.file_size, "
      "asset.image_asset.mime_type FROM asset ORDER BY asset.id")[0]["asset"];
  EXPECT_EQ(row["name"], "one");
  EXPECT_EQ(row["imageAsset"]["fullSize"]["widthPixels"], "3");
  EXPECT_EQ(row["imageAsset"]["mimeType"], "IMAGE_PNG");
  EXPECT_EQ(Code("assets", {{"create", picture("x", "bm9uc2Vuc2U=")}}), "imageError/INVALID_IMAGE");
  EXPECT_EQ(Code("assets", {{"create", picture("x", "")}}), "assetError/ASSET_DATA_IS_MISSING");
  EXPECT_EQ(Code("assets", {{"create", picture("x", "!!")}}), "INVALID_ARGUMENT");
  EXPECT_EQ(Code("assets", {{"remove", first}}), "INVALID_ARGUMENT");  // there is no such operation

  const auto ids = world_.Launch("Spring", "PAUSED");
  const json link = {{"adGroup", World::Name("adGroups/" + ids.at("group"))},
                     {"asset", first},
                     {"fieldType", "AD_IMAGE"}};
  const std::string linked = Created("adGroupAssets", link);
  EXPECT_TRUE(linked.ends_with("~AD_IMAGE")) << linked;
  EXPECT_EQ(world_.Rows("SELECT ad_group.id, ad_group_asset.asset, ad_group_asset.status, "
                        "asset.name FROM ad_group_asset WHERE ad_group_asset.field_type = "
                        "'AD_IMAGE'")[0]["asset"]["name"],
            "one");
}

TEST_F(MutateTest, DisplayAndDemandGenTakeTheirOwnAds) {
  const std::string image =
      Created("assets", {{"name", "i"}, {"type", "IMAGE"}, {"imageAsset", {{"data", kPng}}}});
  json display = World::Campaign("Display", NewBudget("D"));
  display["advertisingChannelType"] = "DISPLAY";
  const std::string group =
      Created("adGroups", {{"campaign", Created("campaigns", display)}, {"name", "g"}});
  const json pictures = {{{"asset", image}}};
  json ad = {{"adGroup", group},
             {"ad",
              {{"finalUrls", {"https://acme.example"}},
               {"responsiveDisplayAd",
                {{"headlines", {{{"text", "Shoes"}}}},
                 {"longHeadline", {{"text", "Shoes for everyone"}}},
                 {"descriptions", {{{"text", "Good shoes"}}}},
                 {"businessName", "Acme"},
                 {"marketingImages", pictures},
                 {"squareMarketingImages", pictures}}}}}};
  Created("adGroupAds", ad);
  ad["ad"]["responsiveDisplayAd"].erase("squareMarketingImages");
  EXPECT_EQ(Code("adGroupAds", {{"create", ad}}), "fieldError/REQUIRED");
  EXPECT_EQ(Code("adGroupAds", {{"create", World::SearchAd(group)}}), "adError/INVALID_AD_TYPE");

  json pmax = World::Campaign("PMax", NewBudget("P"));
  pmax["advertisingChannelType"] = "PERFORMANCE_MAX";
  EXPECT_EQ(Code("campaigns", {{"create", pmax}}), "biddingError/INVALID_BIDDING_STRATEGY_TYPE");
  pmax.erase("manualCpc");
  pmax["maximizeConversionValue"] = json::object();
  EXPECT_EQ(
      Code("adGroups", {{"create", {{"campaign", Created("campaigns", pmax)}, {"name", "g"}}}}),
      "adGroupError/CANNOT_ADD_AD_GROUP_FOR_CAMPAIGN_TYPE");
}

TEST(Schema, NamesGoBothWays) {
  for (const char* name : {"ad_group_ad", "campaign", "cpc_bid_micros", "path1"}) {
    EXPECT_EQ(SnakeCase(CamelCase(name)), name);
  }
  EXPECT_EQ(CamelCase("ad_group_ad.policy_summary"), "adGroupAd.policySummary");
  EXPECT_EQ(FindMessage("Nonsense"), nullptr);
  ASSERT_NE(FindMessage("Campaign"), nullptr);
  EXPECT_EQ(FindMessage("Campaign")->Find("startDate"), nullptr);
}

}  // namespace
}  // namespace maxopt::sim::google_ads
