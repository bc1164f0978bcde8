#include "connect/google_ads/criteria.h"

#include <gtest/gtest.h>

#include "connect/google_ads/mutate.h"
#include "connect/google_ads/words.h"
#include "json/json.h"

namespace maxopt::google_ads {
namespace {

using Json = nlohmann::json;
using List = std::vector<std::string>;

/// What is told of criteria with these values left out.
Fields Told(const std::string& field, const List& values) {
  std::vector<Criterion> criteria;
  for (const std::string& value : values) criteria.push_back({"r", field, value, false});
  Fields fields;
  AddCriteria(criteria, Level::kAdGroup, fields);
  return fields;
}

TEST(Criteria, AgesAreARangeOrNothing) {
  const auto ages = [](std::int64_t least, std::int64_t most) {
    return Fields{{"age_min", least}, {"age_max", most}};
  };
  EXPECT_EQ(Told("age_min", {}), ages(18, 65));
  EXPECT_EQ(Told("age_min", {"AGE_RANGE_18_24", "AGE_RANGE_UNDETERMINED"}), ages(25, 65));
  EXPECT_EQ(Told("age_min", {"AGE_RANGE_65_UP", "AGE_RANGE_55_64", "AGE_RANGE_18_24"}),
            ages(25, 54));
  EXPECT_EQ(Told("age_min", {"AGE_RANGE_35_44"}), Fields{});  // a gap is no range
  EXPECT_EQ(Told("age_min", {"AGE_RANGE_18_24", "AGE_RANGE_25_34", "AGE_RANGE_35_44",
                             "AGE_RANGE_45_54", "AGE_RANGE_55_64", "AGE_RANGE_65_UP"}),
            Fields{});  // nobody
}

TEST(Criteria, AgeLimitThatIsNotGivenIsTheLiveOne) {
  const auto left_out = [](const Fields& fields, const Fields& live) {
    List values;
    const auto criteria = CriteriaFor(Level::kAdGroup, fields, live, "1");
    EXPECT_TRUE(criteria) << criteria.error().what;
    for (const auto& one : *criteria) {
      EXPECT_EQ(one.body["negative"], true);
      values.push_back(one.value);
    }
    return values;
  };
  EXPECT_EQ(left_out({{"age_min", std::int64_t{18}}}, {}), List{});
  EXPECT_EQ(left_out({{"age_min", std::int64_t{55}}}, {{"age_max", std::int64_t{64}}}),
            (List{"AGE_RANGE_18_24", "AGE_RANGE_25_34", "AGE_RANGE_35_44", "AGE_RANGE_45_54",
                  "AGE_RANGE_65_UP", "AGE_RANGE_UNDETERMINED"}));
  for (const Fields& wrong :
       {Fields{{"age_min", std::int64_t{35}}, {"age_max", std::int64_t{34}}},
        Fields{{"age_min", std::int64_t{0}}}, Fields{{"age_max", std::int64_t{66}}}}) {
    EXPECT_FALSE(CriteriaFor(Level::kAdGroup, wrong, {}, "1"));
  }
}

TEST(Criteria, QuartersOfAnHourAreToldAsTheyAre) {
  const Json row = Json::parse(R"({"campaign":{"id":"2"},"campaignCriterion":{"criterionId":"3",
      "status":"ENABLED","adSchedule":{"dayOfWeek":"MONDAY","startMinute":"FIFTEEN",
      "endHour":24,"endMinute":"ZERO"}}})");
  const auto criterion = CriterionOf(row, Level::kCampaign, "1");
  ASSERT_TRUE(criterion) << criterion.error().what;
  EXPECT_EQ(criterion->field, "dayparts");
  EXPECT_EQ(criterion->value, "mon 00:15-24:00");  // an hour of zero may be left out
  EXPECT_EQ(criterion->resource, "customers/1/campaignCriteria/2~3");
  Fields fields;
  AddCriteria({*criterion}, Level::kCampaign, fields);
  EXPECT_EQ(fields.at("dayparts"), FieldValue(List{"mon 00:15-24:00"}));
  Json odd = row;
  odd["campaignCriterion"]["adSchedule"]["dayOfWeek"] = "SOMEDAY";
  EXPECT_EQ(CriterionOf(odd, Level::kCampaign, "1").error().code, Errc::kBadAnswer);
}

TEST(Criteria, TheSameCannotBeWantedAndLeftOut) {
  const auto both = CriteriaFor(
      Level::kCampaign, {{"locations", List{"5"}}, {"excluded_locations", List{"5"}}}, {}, "1");
  ASSERT_FALSE(both);
  EXPECT_NE(both.error().what.find("excluded_locations"), std::string::npos);
}

TEST(Criteria, ModifiersOfPlacesAndDevices) {
  const auto read = [](const std::string& criterion) {
    // Numbers as the client reads them: by their text.
    const auto row = ParseExactJson(R"({"campaign":{"id":"2"},"campaignCriterion":{"criterionId":
        "3","status":"ENABLED",)" + criterion.substr(1) +
                                    "}");
    return *CriterionOf(*row, Level::kCampaign, "1");
  };
  Fields fields;
  AddCriteria({read(R"({"device":{"type":"MOBILE"},"bidModifier":0.9})"),
               read(R"({"device":{"type":"TABLET"},"bidModifier":0})"),
               read(R"({"device":{"type":"DESKTOP"}})"),
               read(R"({"device":{"type":"OTHER"},"bidModifier":2})"),
               read(R"({"location":{"geoTargetConstant":"geoTargetConstants/2276"},
                        "bidModifier":1.25})"),
               read(R"({"location":{"geoTargetConstant":"geoTargetConstants/2040"}})"),
               // 0.7 as a 32 bit float.
               read(R"({"location":{"geoTargetConstant":"geoTargetConstants/1003854"},
                        "bidModifier":0.699999988079071})")},
              Level::kCampaign, fields);
  EXPECT_EQ(fields.at("bid_modifiers"),
            FieldValue(List{"country:DE 1.25", "device:mobile 0.9", "device:tablet 0",
                            "location:1003854 0.7"}));
  EXPECT_EQ(fields.at("countries"), FieldValue(List{"AT", "DE"}));
}

/// One is lowered, one taken back to 1, one stays; a new place comes with its own.
TEST(Mutate, ModifiersAreSetOnTheCriteriaThatAreThere) {
  Change change{};
  change.level = Level::kCampaign;
  change.id = "2";
  change.after = {{"bid_modifiers", List{"device:mobile 0.8", "country:DE 1.2", "country:CH 1.1",
                                         "device:tablet 0"}},
                  {"countries", List{"DE", "AT", "CH"}}};
  Context context{.customer = "1", .currency = kEur, .channel = "SEARCH"};
  context.criteria = {{"r/de", "countries", "DE", false, 12'000},
                      {"r/at", "countries", "AT", false, 9'000},
                      {"r/m", "bid_modifiers", "mobile", false, 10'000},
                      {"r/d", "bid_modifiers", "desktop", false, 10'000}};
  const auto mutation = MutationOf(change, context);
  ASSERT_TRUE(mutation) << mutation.error().what;
  EXPECT_EQ(mutation->body, Json::parse(R"({"mutateOperations":[
      {"campaignCriterionOperation":{"update":{"resourceName":"r/at","bidModifier":1.0},
                                     "updateMask":"bid_modifier"}},
      {"campaignCriterionOperation":{"update":{"resourceName":"r/m","bidModifier":0.8},
                                     "updateMask":"bid_modifier"}},
      {"campaignCriterionOperation":{"create":{"campaign":"customers/1/campaigns/2",
          "location":{"geoTargetConstant":"geoTargetConstants/2756"},"bidModifier":1.1}}},
      {"campaignCriterionOperation":{"create":{"campaign":"customers/1/campaigns/2",
          "device":{"type":"TABLET"},"bidModifier":0.0}}}]})"));
  EXPECT_EQ(FieldsOfError(*mutation, "mutate_operations[1].campaign_criterion_operation.update"),
            List{"bid_modifiers"});

  // Nothing to do is no call.
  change.after = {{"bid_modifiers", List{"country:DE 1.20", "country:AT 0.9"}}};
  EXPECT_EQ(MutationOf(change, context)->operations, 0u);
}

TEST(Mutate, ModifiersThatGoogleDoesNotTake) {
  Change change{};
  change.level = Level::kCampaign;
  change.id = "2";
  Context context{.customer = "1", .currency = kEur, .channel = "SEARCH"};
  context.criteria = {{"r/de", "countries", "DE", false, 12'000}};
  const auto refusal = [&](List modifiers) {
    change.after = {{"bid_modifiers", std::move(modifiers)}};
    const auto mutation = MutationOf(change, context);
    return mutation ? std::string() : mutation.error().what;
  };
  const auto has = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_EQ(refusal({"device:mobile 0.1", "device:desktop 10"}), "");
  EXPECT_TRUE(has(refusal({"device:mobile 0.05"}), "0.1 to 10, or 0"));
  EXPECT_TRUE(has(refusal({"device:mobile 11"}), "0.1 to 10"));
  EXPECT_TRUE(has(refusal({"country:DE 0"}), "take it out of countries"));
  EXPECT_TRUE(has(refusal({"country:FR 0.9"}), "does not name"));
  EXPECT_TRUE(has(refusal({"location:1003854 0.9"}), "does not name"));
  EXPECT_TRUE(has(refusal({"device:mobile NaN"}), "NaN"));
  EXPECT_TRUE(has(refusal({"device:phone 0.9"}), "no device"));
  EXPECT_TRUE(has(
      refusal({"device:mobile 0", "device:tablet 0", "device:desktop 0", "device:connected_tv 0"}),
      "a pause"));
  // A country that goes takes its modifier along only where the change says so.
  change.after = {{"countries", List{"AT"}}};
  EXPECT_TRUE(has(MutationOf(change, context).error().what, "state \"bid_modifiers\""));
  change.after["bid_modifiers"] = List{};
  EXPECT_TRUE(MutationOf(change, context));
}

/// An update that leaves one keyword, takes one away, wakes a paused one and adds one.
TEST(Mutate, CriteriaAreReplacedInOneCall) {
  Change change{};
  change.level = Level::kAdGroup;
  change.id = "21";
  change.after = {{"keywords", List{"exact:a", "exact:c", "exact:d"}}};
  Context context{.customer = "1", .currency = kEur, .channel = "SEARCH"};
  context.criteria = {{"r/a", "keywords", "exact:a", false},
                      {"r/b", "keywords", "exact:b", false},
                      {"r/c", "keywords", "exact:c", true},
                      {"r/e", "keywords", "exact:e", true},
                      {"r/n", "negative_keywords", "exact:a", false}};
  const auto mutation = MutationOf(change, context);
  ASSERT_TRUE(mutation) << mutation.error().what;
  EXPECT_EQ(mutation->body, Json::parse(R"({"mutateOperations":[
      {"adGroupCriterionOperation":{"remove":"r/b"}},
      {"adGroupCriterionOperation":{"update":{"resourceName":"r/c","status":"ENABLED"},
                                    "updateMask":"status"}},
      {"adGroupCriterionOperation":{"create":{"adGroup":"customers/1/adGroups/21",
         "status":"ENABLED","keyword":{"text":"d","matchType":"EXACT"}}}}]})"));
  EXPECT_EQ(mutation->fields, List(3, "keywords"));

  change.after = {{"keywords", List{"exact:a", "exact:b"}}};
  const auto nothing = MutationOf(change, context);
  ASSERT_TRUE(nothing) << nothing.error().what;
  EXPECT_EQ(nothing->operations, 0u);
}

TEST(Mutate, ErrorsNameTheCataloguesFields) {
  Mutation mutation;
  mutation.operations = 3;
  mutation.fields = {"", "", "dayparts"};
  EXPECT_EQ(FieldsOfError(mutation,
                          "refused: a.B at mutate_operations[0].campaign_budget_operation.create."
                          "amount_micros (10000): too low; c.D at mutate_operations[2]."
                          "campaign_criterion_operation.create.ad_schedule: overlap; e.F at "
                          "mutate_operations[1].campaign_operation.create.maximize_conversions."
                          "target_cpa_micros: no"),
            (List{"daily_budget", "dayparts", "target_cpa"}));
  EXPECT_EQ(FieldsOfError(mutation,
                          "x at operations[1].create.ad.responsive_search_ad."
                          "headlines[4].text (abc): too long"),
            List{"headlines"});
  EXPECT_EQ(FieldsOfError(mutation, "x at operations[7].create.name: no such operation"), List{});
  EXPECT_EQ(FieldsOfError(mutation, "operations[, operations[x], operations[0"), List{});
}

TEST(Words, GoBothWays) {
  for (const char* event : {"purchase", "lead", "sign_up", "add_to_cart", "begin_checkout"}) {
    const auto category = CategoryOf(event);
    ASSERT_TRUE(category) << event;
    EXPECT_EQ(EventOf(*category), event);
  }
  EXPECT_FALSE(CategoryOf("app_install"));
  EXPECT_EQ(EventOf("STORE_VISIT"), "store_visit");
  EXPECT_EQ(CallToActionText("shop_now"), "Shop now");
  EXPECT_EQ(CallToActionWord("Shop now"), "shop_now");
  EXPECT_EQ(Letters("abc"), 3u);
  EXPECT_EQ(Letters("\xC3\xA4\xE2\x82\xAC"), 2u);      // a umlaut, euro
  EXPECT_EQ(Letters("\xE6\x97\xA5\xE6\x9C\xAC"), 4u);  // two wide letters
  EXPECT_EQ(Letters("\xF0\x9F\x91\x9F"), 1u);          // a shoe
  EXPECT_GT(Letters("\xF0\x9F"), 0u);                  // cut short
}

}  // namespace
}  // namespace maxopt::google_ads
