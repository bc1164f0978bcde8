#include "sim/google_ads/gaql.h"

#include <gtest/gtest.h>

#include <random>

#include "sim/google_ads/world_for_test.h"

namespace maxopt::sim::google_ads {
namespace {

TEST(Gaql, EveryClauseIsRead) {
  const auto query = ParseGaql(
      "select campaign.id , metrics.clicks\n FROM campaign WHERE campaign.status IN ('ENABLED', "
      "PAUSED) AND campaign.name NOT LIKE '%it\\'s%' AND segments.date BETWEEN '2026-01-01' AND "
      "'2026-01-31' and campaign.labels contains any ('a') AND campaign.end_date_time IS NOT NULL "
      "AND metrics.clicks >= -5 AND campaign.name REGEXP_MATCH \"a.*\" order by metrics.clicks "
      "DESC, campaign.id LIMIT 50 PARAMETERS include_drafts=true, "
      "omit_unselected_resource_names = FALSE");
  ASSERT_TRUE(query) << query.error().message;
  ASSERT_EQ(query->select.size(), 2u);
  EXPECT_EQ(query->select[1].text, "metrics.clicks");
  EXPECT_EQ(query->select[1].position, 22u);
  EXPECT_EQ(query->from.text, "campaign");
  ASSERT_EQ(query->where.size(), 7u);
  EXPECT_EQ(query->where[0].op, Operator::kIn);
  ASSERT_EQ(query->where[0].values.size(), 2u);
  EXPECT_TRUE(query->where[0].values[0].quoted);
  EXPECT_FALSE(query->where[0].values[1].quoted);
  EXPECT_EQ(query->where[1].op, Operator::kNotLike);
  EXPECT_EQ(query->where[1].values[0].text, "%it's%");
  EXPECT_EQ(query->where[2].op, Operator::kBetween);
  EXPECT_EQ(query->where[2].values[1].text, "2026-01-31");
  EXPECT_EQ(query->where[3].op, Operator::kContainsAny);
  EXPECT_EQ(query->where[4].op, Operator::kIsNotNull);
  EXPECT_EQ(query->where[5].values[0].text, "-5");
  EXPECT_EQ(query->where[6].op, Operator::kRegexpMatch);
  ASSERT_EQ(query->order_by.size(), 2u);
  EXPECT_TRUE(query->order_by[0].descending);
  EXPECT_FALSE(query->order_by[1].descending);
  EXPECT_EQ(query->limit, 50);
  EXPECT_EQ(query->parameters.size(), 2u);
}

TEST(Gaql, WhatIsWrongHasACodeAndAPosition) {
  const struct {
    const char* query;
    const char* code;
    std::size_t position;
  } cases[] = {
      {"", "EXPECTED_SELECT", 1},
      {"DELETE FROM campaign", "EXPECTED_SELECT", 1},
      {"SELECT", "UNEXPECTED_END_OF_QUERY", 7},
      {"SELECT FROM campaign", "BAD_FIELD_NAME", 8},
      {"SELECT campaign.id", "EXPECTED_FROM", 19},
      {"SELECT campaign.id campaign.name FROM campaign", "UNEXPECTED_INPUT", 20},
      {"SELECT campaign.id, FROM campaign", "BAD_FIELD_NAME", 21},
      {"SELECT campaign.id FROM", "UNEXPECTED_END_OF_QUERY", 24},
      {"SELECT campaign.id FROM 'campaign'", "BAD_RESOURCE_TYPE_IN_FROM_CLAUSE", 25},
      {"SELECT campaign.id FROM campaign, ad_group", "UNEXPECTED_FROM_CLAUSE", 33},
      {"SELECT campaign.id FROM campaign WHER campaign.id = 1", "UNEXPECTED_INPUT", 34},
      {"SELECT campaign.id FROM campaign WHERE", "UNEXPECTED_END_OF_QUERY", 39},
      {"SELECT campaign.id FROM campaign WHERE campaign.id", "UNEXPECTED_END_OF_QUERY", 51},
      {"SELECT campaign.id FROM campaign WHERE campaign.id ~ 1", "BAD_SYMBOL", 52},
      {"SELECT campaign.id FROM campaign WHERE campaign.id ! 1", "BAD_SYMBOL", 52},
      {"SELECT campaign.id FROM campaign WHERE campaign.id IS 1", "BAD_OPERATOR", 55},
      {"SELECT campaign.id FROM campaign WHERE campaign.id NOT 1", "BAD_OPERATOR", 56},
      {"SELECT campaign.id FROM campaign WHERE campaign.id CONTAINS (1)", "BAD_OPERATOR", 61},
      {"SELECT campaign.id FROM campaign WHERE campaign.id IN 1", "EXPECTED_LIST", 55},
      {"SELECT campaign.id FROM campaign WHERE campaign.id IN ()",
       "PROHIBITED_EMPTY_LIST_IN_CONDITION", 56},
      {"SELECT campaign.id FROM campaign WHERE campaign.id IN (1", "UNEXPECTED_END_OF_QUERY", 57},
      {"SELECT campaign.id FROM campaign WHERE campaign.id = (1)", "EXPECTED_SINGLE_VALUE", 54},
      {"SELECT campaign.id FROM campaign WHERE campaign.id = 1 OR campaign.id = 2", "EXPECTED_AND",
       56},
      {"SELECT campaign.id FROM campaign WHERE campaign.id BETWEEN 1 2",
       "EXPECTED_VALUE_WITH_BETWEEN_OPERATOR", 62},
      {"SELECT campaign.id FROM campaign WHERE segments.date DURING '2026'",
       "INVALID_VALUE_WITH_DURING_OPERATOR", 61},
      {"SELECT campaign.id FROM campaign WHERE campaign.name LIKE 5",
       "INVALID_VALUE_WITH_LIKE_OPERATOR", 59},
      {"SELECT campaign.id FROM campaign WHERE campaign.name = 'open", "STRING_NOT_TERMINATED", 56},
      {"SELECT campaign.id FROM campaign WHERE campaign.name = 'a\nb'",
       "PROHIBITED_NEWLINE_IN_STRING", 58},
      {"SELECT campaign.id FROM campaign WHERE campaign.name = '\\x41'", "BAD_ESCAPE_SEQUENCE", 57},
      {"SELECT campaign.id FROM campaign WHERE campaign.id = 1.2.3", "BAD_NUMBER", 54},
      {"SELECT campaign.id FROM campaign ORDER campaign.id", "EXPECTED_BY", 40},
      {"SELECT campaign.id FROM campaign LIMIT x", "BAD_LIMIT_VALUE", 40},
      {"SELECT campaign.id FROM campaign LIMIT 1.5", "BAD_LIMIT_VALUE", 40},
      {"SELECT campaign.id FROM campaign LIMIT 0", "LIMIT_VALUE_TOO_LOW", 40},
      {"SELECT campaign.id FROM campaign LIMIT 5 LIMIT 6", "UNEXPECTED_INPUT", 42},
      {"SELECT campaign.id FROM campaign PARAMETERS x", "UNEXPECTED_END_OF_QUERY", 46},
      {"SELECT * FROM campaign", "BAD_SYMBOL", 8},
      {"SELECT campaign.id FROM campaign;", "BAD_SYMBOL", 33},
      {"SELECT \xff FROM campaign", "BAD_SYMBOL", 8},
  };
  for (const auto& c : cases) {
    const auto query = ParseGaql(c.query);
    ASSERT_FALSE(query) << c.query;
    EXPECT_EQ(query.error().code, c.code) << c.query << "\n" << query.error().message;
    EXPECT_NE(query.error().message.find("position " + std::to_string(c.position) + ":"),
              std::string::npos)
        << c.query << "\n"
        << query.error().message;
  }
}

TEST(Gaql, LikeKnowsItsWildcards) {
  EXPECT_TRUE(LikeMatches("Spring sale", "spring%"));
  EXPECT_TRUE(LikeMatches("Spring sale", "%SALE"));
  EXPECT_TRUE(LikeMatches("Spring sale", "s_ring%s_le"));
  EXPECT_TRUE(LikeMatches("50% off", "50[%] off"));
  EXPECT_FALSE(LikeMatches("50 off", "50[%] off"));
  EXPECT_TRUE(LikeMatches("", "%"));
  EXPECT_FALSE(LikeMatches("", "_"));
  EXPECT_FALSE(LikeMatches("Spring", "pring"));
  // Exponential for a matcher that tries every split.
  EXPECT_FALSE(LikeMatches(std::string(5000, 'a'), "%a%a%a%a%a%a%a%a%a%a%a%a%b"));
}

// Any bytes, and any shuffle of what queries are made of, are answered and never crash.
TEST(Gaql, NonsenseIsAnswered) {
  const char* const words[] = {"SELECT",
                               "FROM",
                               "WHERE",
                               "AND",
                               "ORDER",
                               "BY",
                               "LIMIT",
                               "IN",
                               "(",
                               ")",
                               ",",
                               "=",
                               "!=",
                               ">=",
                               "<",
                               "'",
                               "\"",
                               "\\",
                               "5",
                               "-1",
                               "1.5",
                               "NOT",
                               "LIKE",
                               "IS",
                               "NULL",
                               "DURING",
                               "BETWEEN",
                               "'a%'",
                               "TODAY",
                               "campaign",
                               "campaign.id",
                               "metrics.clicks",
                               "segments.date",
                               "PARAMETERS",
                               "CONTAINS",
                               "ANY",
                               "REGEXP_MATCH",
                               "'2026-09-01'",
                               "campaign.status",
                               "ENABLED",
                               "\n",
                               ".",
                               "a..b"};
  std::mt19937 random(7);
  World world;
  int good = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text = i % 2 == 0 ? "SELECT campaign.id FROM campaign " : "";
    const int length = static_cast<int>(random() % 14);
    for (int w = 0; w < length; ++w) {
      text += words[random() % std::size(words)];
      text += random() % 4 == 0 ? "" : " ";
    }
    if (i % 10 == 0) {
      for (int b = 0; b < 20; ++b) text += static_cast<char>(random() % 256);
    }
    const auto parsed = ParseGaql(text);
    good += parsed ? 1 : 0;
    if (parsed && good <= 200) {
      world.Send("POST", "/v25/customers/1234567890/googleAds:search",
                 nlohmann::json{{"query", text}}.dump());
    }
  }
  EXPECT_GT(good, 20);
}

TEST(Gaql, NamesAreBoundOrRefused) {
  World world;
  const auto code = [&](const std::string& query) { return world.QueryCode(query); };
  EXPECT_EQ(code("SELECT campaign.idd FROM campaign"), "queryError/UNRECOGNIZED_FIELD");
  EXPECT_EQ(code("SELECT campaign.Id FROM campaign"), "queryError/UNRECOGNIZED_FIELD");
  EXPECT_EQ(code("SELECT campaign FROM campaign"), "queryError/UNRECOGNIZED_FIELD");
  EXPECT_EQ(code("SELECT campaign.start_date FROM campaign"), "queryError/UNRECOGNIZED_FIELD");
  EXPECT_EQ(code("SELECT campaign.network_settings FROM campaign"),
            "queryError/UNRECOGNIZED_FIELD");
  EXPECT_EQ(code("SELECT campaign.id FROM campaigns"),
            "queryError/BAD_RESOURCE_TYPE_IN_FROM_CLAUSE");
  EXPECT_EQ(code("SELECT ad_group.id FROM campaign"),
            "queryError/PROHIBITED_RESOURCE_TYPE_IN_SELECT_CLAUSE");
  EXPECT_EQ(code("SELECT campaign.id FROM campaign WHERE ad_group.id = 5"),
            "queryError/PROHIBITED_RESOURCE_TYPE_IN_WHERE_CLAUSE");
  EXPECT_EQ(code("SELECT asset.id, metrics.clicks FROM asset"),
            "queryError/PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE");
  EXPECT_EQ(code("SELECT asset.id, segments.date FROM asset"),
            "queryError/PROHIBITED_SEGMENT_IN_SELECT_OR_WHERE_CLAUSE");
  EXPECT_EQ(code("SELECT campaign.id FROM campaign WHERE campaign.status = 'ACTIVE'"),
            "queryError/BAD_ENUM_CONSTANT");
  EXPECT_EQ(code("SELECT campaign.id FROM campaign WHERE campaign.status > 'ENABLED'"),
            "queryError/OPERATOR_FIELD_MISMATCH");
  EXPECT_EQ(code("SELECT campaign.id FROM campaign WHERE campaign.id = 'five'"),
            "queryError/BAD_NUMBER");
  EXPECT_EQ(code("SELECT campaign.id FROM campaign WHERE campaign.id = 99999999999999999999"),
            "queryError/BAD_NUMBER");
  EXPECT_EQ(code("SELECT campaign.id FROM campaign WHERE campaign.id LIKE '5%'"),
            "queryError/OPERATOR_FIELD_MISMATCH");
  EXPECT_EQ(code("SELECT campaign.id FROM campaign WHERE campaign.name DURING TODAY"),
            "queryError/OPERATOR_FIELD_MISMATCH");
  EXPECT_EQ(code("SELECT campaign.id FROM campaign WHERE campaign.name REGEXP_MATCH '('"),
            "queryError/INVALID_STRING_VALUE");
  EXPECT_EQ(code("SELECT campaign.id, segments.date FROM campaign"),
            "queryError/EXPECTED_FILTERS_ON_DATE_RANGE");
  EXPECT_EQ(code("SELECT campaign.id, segments.date FROM campaign WHERE segments.date >= "
                 "'2026-08-01'"),
            "queryError/EXPECTED_FILTERS_ON_DATE_RANGE");
  EXPECT_EQ(code("SELECT campaign.id, segments.date FROM campaign WHERE segments.date = '1.9.26'"),
            "queryError/INVALID_DATE_FORMAT");
  EXPECT_EQ(code("SELECT campaign.id, metrics.clicks FROM campaign WHERE segments.month = "
                 "'2026-08-02'"),
            "queryError/MISALIGNED_DATE_FOR_FILTER");
  EXPECT_EQ(code("SELECT campaign.id, metrics.clicks FROM campaign WHERE segments.date BETWEEN "
                 "'2026-08-02' AND '2026-08-01'"),
            "queryError/INVALID_VALUE_WITH_BETWEEN_OPERATOR");
  EXPECT_EQ(code("SELECT campaign.id, metrics.clicks FROM campaign WHERE segments.date DURING "
                 "LAST_YEAR"),
            "queryError/INVALID_VALUE_WITH_DURING_OPERATOR");
  EXPECT_EQ(code("SELECT campaign.id, metrics.clicks FROM campaign WHERE segments.device = MOBILE"),
            "queryError/EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE");
  EXPECT_EQ(code("SELECT campaign.id FROM campaign ORDER BY metrics.clicks"),
            "queryError/EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE");
  EXPECT_EQ(code("SELECT campaign.id FROM campaign ORDER BY campaign.labels"),
            "queryError/PROHIBITED_FIELD_IN_ORDER_BY_CLAUSE");
  EXPECT_EQ(code("SELECT campaign.id FROM campaign PARAMETERS color=red"),
            "queryError/BAD_PARAMETER_NAME");
  EXPECT_EQ(code("SELECT campaign.id FROM campaign PARAMETERS include_drafts=maybe"),
            "queryError/BAD_PARAMETER_VALUE");
  EXPECT_EQ(code("SELECT campaign.id, segments.geo_target_country FROM campaign"),
            "queryError/PROHIBITED_SEGMENT_IN_SELECT_OR_WHERE_CLAUSE");
}

TEST(Gaql, ConditionsOrderAndLimitHold) {
  World world;
  for (const char* name : {"alpha", "beta", "gamma"}) world.Launch(name, "PAUSED");
  const auto names = [&](const std::string& rest) {
    std::string out;
    for (const auto& row : world.Rows("SELECT campaign.name FROM campaign " + rest)) {
      out += row["campaign"]["name"].get<std::string>().substr(0, 1);
    }
    return out;
  };
  EXPECT_EQ(names("ORDER BY campaign.name DESC"), "gba");
  EXPECT_EQ(names("ORDER BY campaign.name LIMIT 2"), "ab");
  EXPECT_EQ(names("WHERE campaign.name LIKE '%A%' ORDER BY campaign.id"), "abg");
  EXPECT_EQ(names("WHERE campaign.name NOT LIKE 'a%' ORDER BY campaign.id"), "bg");
  EXPECT_EQ(names("WHERE campaign.name IN ('alpha', 'gamma') ORDER BY campaign.id"), "ag");
  EXPECT_EQ(names("WHERE campaign.name NOT IN ('alpha', 'gamma')"), "b");
  EXPECT_EQ(names("WHERE campaign.name != 'beta' ORDER BY campaign.id"), "ag");
  EXPECT_EQ(names("WHERE campaign.name REGEXP_MATCH '[ab].*a' ORDER BY campaign.id"), "ab");
  EXPECT_EQ(names("WHERE campaign.name NOT REGEXP_MATCH '[ab].*a'"), "g");
  EXPECT_EQ(names("WHERE campaign.end_date_time IS NULL ORDER BY campaign.id"), "abg");
  EXPECT_EQ(names("WHERE campaign.end_date_time IS NOT NULL"), "");
  EXPECT_EQ(names("WHERE campaign.status = REMOVED"), "");
  EXPECT_EQ(names("WHERE campaign.network_settings.target_google_search = TRUE ORDER BY "
                  "campaign.id"),
            "abg");
  EXPECT_EQ(names("WHERE campaign_budget.amount_micros > 50000000"), "");
  EXPECT_EQ(names("WHERE campaign_budget.amount_micros BETWEEN 1 AND 50000000 AND campaign.name = "
                  "'beta'"),
            "b");
  EXPECT_EQ(names("WHERE campaign.primary_status_reasons CONTAINS ANY ('CAMPAIGN_PAUSED') ORDER BY "
                  "campaign.id"),
            "abg");
  EXPECT_EQ(names("WHERE campaign.primary_status_reasons CONTAINS NONE ('CAMPAIGN_PAUSED')"), "");
  EXPECT_EQ(names("WHERE metrics.clicks > 0"), "");
}

TEST(Gaql, TheTableOfConstants) {
  World world;
  const auto rows = world.Rows(
      "SELECT geo_target_constant.id, geo_target_constant.name FROM "
      "geo_target_constant WHERE geo_target_constant.country_code IN ('DE', 'US', 'GB') "
      "AND geo_target_constant.target_type = 'Country' "
      "ORDER BY geo_target_constant.id");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0]["geoTargetConstant"]["id"], "2276");
  EXPECT_EQ(rows[1]["geoTargetConstant"]["id"], "2826");
  EXPECT_EQ(rows[2]["geoTargetConstant"]["id"], "2840");
  EXPECT_EQ(world.Rows("SELECT language_constant.id FROM language_constant WHERE "
                       "language_constant.code = 'de'")[0]["languageConstant"]["id"],
            "1001");
}

}  // namespace
}  // namespace maxopt::sim::google_ads
