#include "sim/google_ads/terms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "sim/google_ads/world_for_test.h"
#include "sim/market/random.h"

namespace maxopt::sim::google_ads {
namespace {

using nlohmann::json;
using Texts = std::vector<std::string>;

ReportRow Row(std::int64_t spend, std::int64_t impressions, std::int64_t clicks,
              std::int64_t conversions, std::int64_t revenue) {
  ReportRow row{};
  row.spend_micros = spend;
  row.impressions = impressions;
  row.clicks = clicks;
  row.conversions_click = conversions;
  row.revenue_click_micros = revenue;
  return row;
}

TEST(CutRow, PartsSumToTheRowWhateverItIs) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    const auto draw = [&](std::uint64_t what, std::int64_t below) {
      return static_cast<std::int64_t>(Combine(seed, what) % static_cast<std::uint64_t>(below));
    };
    ReportRow row = Row(draw(1, 5'000'000), draw(2, 400), 0, 0, 0);
    row.clicks = row.impressions == 0 ? 0 : draw(3, row.impressions + 1);
    row.conversions_click = row.clicks == 0 ? 0 : draw(4, 4);
    row.revenue_click_micros = row.conversions_click * 40'000'001;
    row.conversions_view = draw(5, 3);
    row.revenue_view_micros = row.conversions_view * 7;
    std::vector<Part> parts;
    for (std::int64_t i = 0; i < 1 + draw(6, 30); ++i) {
      parts.push_back({.weight = draw(10 + static_cast<std::uint64_t>(i), 50),
                       .click_percent = static_cast<int>(draw(50, 200)),
                       .convert_percent = i % 3 == 1 ? 0 : 100});
    }
    parts.front().weight += 1;
    const auto cut = CutRow(row, parts, seed);
    ASSERT_EQ(cut.size(), parts.size());
    Amounts sum;
    for (std::size_t i = 0; i < cut.size(); ++i) {
      const Amounts& one = cut[i];
      sum.spend_micros += one.spend_micros;
      sum.impressions += one.impressions;
      sum.clicks += one.clicks;
      sum.conversions_click += one.conversions_click;
      sum.conversions_view += one.conversions_view;
      sum.revenue_click_micros += one.revenue_click_micros;
      sum.revenue_view_micros += one.revenue_view_micros;
      EXPECT_GE(one.spend_micros, 0) << seed;
      EXPECT_LE(one.clicks, one.impressions) << seed;
      if (parts[i].convert_percent == 0) {
        EXPECT_EQ(one.conversions_click, 0) << seed;
        EXPECT_EQ(one.revenue_click_micros, 0) << seed;
      }
      if (parts[i].weight == 0) {
        EXPECT_EQ(one.impressions, 0) << seed;
      }
    }
    EXPECT_EQ(sum.spend_micros, row.spend_micros);
    EXPECT_EQ(sum.impressions, row.impressions);
    EXPECT_EQ(sum.clicks, row.clicks);
    EXPECT_EQ(sum.conversions_click, row.conversions_click);
    EXPECT_EQ(sum.conversions_view, row.conversions_view);
    EXPECT_EQ(sum.revenue_click_micros, row.revenue_click_micros);
    EXPECT_EQ(sum.revenue_view_micros, row.revenue_view_micros);
  }
}

TEST(CutRow, Edges) {
  const std::vector<Part> parts = {{.weight = 3}, {.weight = 1}};
  EXPECT_TRUE(CutRow(Row(5, 4, 3, 2, 1), {}, 1).empty());
  // Nothing shown, yet something paid (a correction): it is not lost.
  const auto paid = CutRow(Row(10, 0, 0, 0, 0), parts, 1);
  EXPECT_EQ(paid[0].spend_micros + paid[1].spend_micros, 10);
  // By hand: 400 impressions as 3 to 1, at the luck that gives no remainder.
  const auto even = CutRow(Row(0, 400, 0, 0, 0), parts, 1);
  EXPECT_EQ(even[0].impressions, 300);
  EXPECT_EQ(even[1].impressions, 100);
}

TEST(TermsOf, ExactIsItselfAndItsCloseVariants) {
  Texts texts;
  for (const SearchTerm& term : TermsOf(" Hiking  Jacket", "EXACT")) {
    texts.push_back(term.match + ":" + term.text);
  }
  EXPECT_EQ(texts, (Texts{"EXACT:hiking jacket", "NEAR_EXACT:hiking jackets",
                          "NEAR_EXACT:jacket hiking", "NEAR_EXACT:hiikng jacket"}))
      << fmt::format("{}", fmt::join(texts, ", "));
}

TEST(TermsOf, PhraseHoldsTheKeywordAndBroadGoesBeyond) {
  const auto phrase = TermsOf("rain jacket", "PHRASE");
  int never = 0;
  std::set<std::string> seen;
  for (const SearchTerm& term : phrase) {
    EXPECT_TRUE(seen.insert(term.text).second) << term.text;
    if (term.match == "PHRASE") {
      EXPECT_NE(term.text.find("rain jacket"), std::string::npos) << term.text;
    }
    EXPECT_NE(term.match, "BROAD");
    never += term.part.convert_percent == 0 ? 1 : 0;
  }
  EXPECT_EQ(never, 4);
  EXPECT_GT(phrase.size(), 50U);
  const auto broad = TermsOf("rain jacket", "BROAD");
  EXPECT_EQ(broad.size(), phrase.size() + 6);
  for (std::size_t i = phrase.size(); i < broad.size(); ++i) EXPECT_EQ(broad[i].match, "BROAD");
  // Keywords have searches of their own: what was chosen around one is not what is around another.
  const auto around = [](const std::string& keyword) {
    std::set<std::string> words;
    for (const SearchTerm& term : TermsOf(keyword, "PHRASE")) {
      std::string text = term.text;
      if (const auto at = text.find(keyword); at != std::string::npos) {
        text.replace(at, keyword.size(), "{}");
      }
      words.insert(text);
    }
    return words;
  };
  EXPECT_NE(around("merino"), around("jacket"));
  EXPECT_TRUE(TermsOf("  ", "BROAD").empty());
  EXPECT_EQ(TermsOf("ünterhemd größe", "EXACT").front().text, "ünterhemd größe");
  EXPECT_EQ(TermsOf("x", "EXACT").size(), 2U);
  EXPECT_FALSE(TermsOf("{} {", "BROAD").empty());
}

TEST(Excludes, NegativeKeywordsHaveNoCloseVariants) {
  struct Case {
    const char* negative;
    const char* match;
    const char* search;
    bool excluded;
  };
  for (const Case& c : {Case{"free", "BROAD", "free rain jacket", true},
                        Case{"jacket rain", "BROAD", "rain jacket", true},
                        Case{"jackets", "BROAD", "rain jacket", false},
                        Case{"rain jacket", "PHRASE", "free rain jacket", true},
                        Case{"jacket rain", "PHRASE", "rain jacket", false},
                        Case{"Rain Jacket", "EXACT", "rain jacket", true},
                        Case{"rain jacket", "EXACT", "rain jacket red", false},
                        Case{"", "BROAD", "rain jacket", false}}) {
    EXPECT_EQ(Excludes(c.negative, c.match, c.search), c.excluded) << c.negative << " " << c.match;
  }
}

// --- over the wire ------------------------------------------------------------------------------

std::int64_t Number(const json& row, const char* name) {
  return std::stoll(row["metrics"].value(name, "0"));
}
std::int64_t Sum(const json& rows, const char* name = "costMicros") {
  std::int64_t sum = 0;
  for (const json& row : rows) sum += Number(row, name);
  return sum;
}
constexpr const char* kMetrics =
    "metrics.cost_micros, metrics.impressions, metrics.clicks, metrics.conversions, "
    "metrics.conversions_value";
constexpr const char* kWeek = "WHERE segments.date BETWEEN '2026-09-01' AND '2026-09-07'";

json Ask(World& world, const std::string& fields, const std::string& from,
         const std::string& more = "") {
  return world.Rows(fmt::format("SELECT {}, {} FROM {} {}{}", fields, kMetrics, from, kWeek, more));
}

void AddCriterion(World& world, const char* method, json create) {
  const json answer =
      world.Post(method, {{"operations", json::array({{{"create", std::move(create)}}})}});
  EXPECT_EQ(World::CodeOf(answer), "") << answer.dump(1);
}

TEST(SearchTerms, SumToNoMoreThanTheCampaignAndHideWhatFewTyped) {
  World world;
  world.Launch("Search", "ENABLED");
  world.To("2026-09-08T12:00:00Z");
  const json days = Ask(world, "segments.date", "campaign");
  const json rows = Ask(world,
                        "segments.date, campaign.id, ad_group.id, search_term_view.search_term, "
                        "search_term_view.status",
                        "search_term_view");
  ASSERT_GT(rows.size(), 50U);
  const double told = static_cast<double>(Sum(rows)) / static_cast<double>(Sum(days));
  EXPECT_GT(told, 0.6);
  EXPECT_LT(told, 0.95);
  std::map<std::string, double> conversions;
  for (const json& row : rows) {
    EXPECT_GE(Number(row, "impressions"), kListedImpressionsMin);
    EXPECT_LE(Number(row, "clicks"), Number(row, "impressions"));
    const std::string term = row["searchTermView"]["searchTerm"];
    conversions[term] += row["metrics"].value("conversions", 0.0);
    EXPECT_EQ(row["searchTermView"]["status"], term == "running shoes" ? "ADDED" : "NONE");
  }
  EXPECT_GT(conversions["running shoes"], 0);
  int never = 0;
  for (const SearchTerm& term : TermsOf("running shoes", "PHRASE")) {
    if (term.part.convert_percent > 0 || !conversions.contains(term.text)) continue;
    EXPECT_EQ(conversions[term.text], 0) << term.text;
    ++never;
  }
  EXPECT_GE(never, 2);
  // The same by every other cut of the same question.
  const auto same = [&](const std::string& fields, const char* from = "search_term_view") {
    const json cut = Ask(world, fields, from);
    for (const char* name : {"costMicros", "impressions", "clicks"}) {
      EXPECT_EQ(Sum(cut, name), Sum(rows, name)) << fields << " " << name;
    }
    return cut;
  };
  same("search_term_view.search_term, segments.device");
  same("search_term_view.search_term, segments.ad_network_type, segments.week");
  same("campaign_search_term_view.search_term, campaign_search_term_view.campaign",
       "campaign_search_term_view");
  const json typed = same(
      "search_term_view.search_term, segments.search_term_match_type, "
      "segments.keyword.info.text, segments.keyword.info.match_type, "
      "segments.keyword.ad_group_criterion");
  std::set<std::string> matches;
  for (const json& row : typed) {
    matches.insert(row["segments"]["searchTermMatchType"]);
    EXPECT_EQ(row["segments"]["keyword"]["info"]["text"], "running shoes");
    EXPECT_EQ(row["segments"]["keyword"]["info"]["matchType"], "PHRASE");
  }
  EXPECT_EQ(matches, (std::set<std::string>{"EXACT", "NEAR_EXACT", "PHRASE"}));
  // Filters of every kind.
  const json near = Ask(world, "search_term_view.search_term, segments.search_term_match_type",
                        "search_term_view", " AND segments.search_term_match_type = NEAR_EXACT");
  EXPECT_FALSE(near.empty());
  EXPECT_LT(near.size(), typed.size());
  const json phones = Ask(world, "search_term_view.search_term, segments.device",
                          "search_term_view", " AND segments.device = MOBILE");
  EXPECT_LT(Sum(phones), Sum(rows));
  EXPECT_GT(Sum(phones), 0);
  EXPECT_EQ(Ask(world, "segments.date, search_term_view.search_term", "search_term_view",
                " AND search_term_view.search_term = 'running shoes'")
                .size(),
            7U);
}

TEST(SearchTerms, ExactKeywordsMeetOnlyCloseVariants) {
  World world;
  const auto ids = world.Launch("Search", "ENABLED");
  AddCriterion(world, "adGroupCriteria:mutate",
               {{"adGroup", World::Name("adGroups/" + ids.at("group"))},
                {"keyword", {{"text", "trail boots"}, {"matchType", "EXACT"}}}});
  AddCriterion(world, "adGroupCriteria:mutate",
               {{"adGroup", World::Name("adGroups/" + ids.at("group"))},
                {"keyword", {{"text", "socks"}, {"matchType", "BROAD"}}}});
  world.To("2026-09-08T12:00:00Z");
  std::map<std::string, std::set<std::string>> terms;
  std::map<std::string, std::int64_t> spend;
  for (const json& row : Ask(world,
                             "search_term_view.search_term, segments.keyword.info.text, "
                             "segments.search_term_match_type",
                             "search_term_view")) {
    const std::string keyword = row["segments"]["keyword"]["info"]["text"];
    terms[keyword].insert(row["searchTermView"]["searchTerm"]);
    spend[keyword] += Number(row, "costMicros");
  }
  for (const std::string& term : terms["trail boots"]) {
    EXPECT_TRUE(term == "trail boots" || term == "trail boot" || term == "boots trail" ||
                term == "taril boots")
        << term;
  }
  EXPECT_GT(terms["socks"].size(), 4U);
  for (const json& row : Ask(world, "ad_group_criterion.keyword.text", "keyword_view")) {
    const std::string keyword = row["adGroupCriterion"]["keyword"]["text"];
    EXPECT_LE(spend[keyword], Number(row, "costMicros")) << keyword;
    EXPECT_GT(spend[keyword], 0) << keyword;
  }
}

TEST(SearchTerms, ANegativeKeywordEndsWhatItNamesFromThenOn) {
  World world;
  const auto ids = world.Launch("Search", "ENABLED");
  world.To("2026-09-04T22:00:00Z");  // midnight in Berlin
  const char* fields = "segments.date, search_term_view.search_term, search_term_view.status";
  const json before = Ask(world, fields, "search_term_view");
  AddCriterion(world, "campaignCriteria:mutate",
               {{"campaign", World::Name("campaigns/" + ids.at("campaign"))},
                {"negative", true},
                {"keyword", {{"text", "running shoe"}, {"matchType", "EXACT"}}}});
  AddCriterion(world, "adGroupCriteria:mutate",
               {{"adGroup", World::Name("adGroups/" + ids.at("group"))},
                {"negative", true},
                {"keyword", {{"text", "buy"}, {"matchType", "BROAD"}}}});
  world.To("2026-09-08T12:00:00Z");
  int excluded = 0;
  int told_before = 0;
  json past = json::array();
  for (json row : Ask(world, fields, "search_term_view")) {
    const std::string term = row["searchTermView"]["searchTerm"];
    const std::string day = row["segments"]["date"];
    if (term == "running shoe") {
      EXPECT_EQ(row["searchTermView"]["status"], "EXCLUDED");
      ++excluded;
    }
    if (day <= "2026-09-04") {
      told_before += term.starts_with("buy ") ? 1 : 0;
      row["searchTermView"]["status"] = "";
      past.push_back({day, term, row["metrics"]["impressions"]});
      continue;
    }
    EXPECT_NE(term, "running shoe");
    EXPECT_FALSE(term.starts_with("buy ")) << term;
  }
  EXPECT_EQ(excluded, 4);
  EXPECT_EQ(past.size(), before.size());
  EXPECT_EQ(told_before, 4);
}

TEST(SearchTerms, WhatTheViewsDoNotTake) {
  World world;
  world.Launch("Search", "ENABLED");
  const auto code = [&](const std::string& select, const char* from) {
    return world.QueryCode(fmt::format("SELECT {} FROM {} {}", select, from, kWeek));
  };
  constexpr const char* kSegment = "queryError/PROHIBITED_SEGMENT_IN_SELECT_OR_WHERE_CLAUSE";
  EXPECT_EQ(code("segments.keyword.info.text, metrics.clicks", "campaign"), kSegment);
  EXPECT_EQ(code("segments.search_term_match_type, metrics.clicks", "ad_group_audience_view"),
            kSegment);
  EXPECT_EQ(code("segments.hour, metrics.clicks", "search_term_view"), kSegment);
  EXPECT_EQ(code("metrics.search_impression_share", "search_term_view"),
            "queryError/PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE");
  EXPECT_EQ(code("ad_group_criterion.keyword.text", "search_term_view"),
            "queryError/PROHIBITED_RESOURCE_TYPE_IN_SELECT_CLAUSE");
  EXPECT_EQ(code("search_term_view.query, metrics.clicks", "search_term_view"),
            "queryError/UNRECOGNIZED_FIELD");
  EXPECT_EQ(code("segments.keyword, metrics.clicks", "search_term_view"),
            "queryError/UNRECOGNIZED_FIELD");
  // A search that holds what GAQL quotes.
  EXPECT_TRUE(Ask(world, "search_term_view.search_term", "search_term_view",
                  R"( AND search_term_view.search_term = 'o\'neill, "wet" suit')")
                  .empty());
}

TEST(Audiences, TargetedOnesAreTheWholeObservedOnesAPart) {
  World world;
  const auto targeted = world.Launch("Targeted", "ENABLED");
  const auto observed = world.Launch("Observed", "ENABLED", "boots");
  const auto none = world.Launch("None", "ENABLED", "socks");
  for (const auto& ids : {targeted, observed}) {
    const std::string group = World::Name("adGroups/" + ids.at("group"));
    AddCriterion(world, "adGroupCriteria:mutate",
                 {{"adGroup", group}, {"userList", {{"userList", World::Name("userLists/4001")}}}});
    AddCriterion(
        world, "adGroupCriteria:mutate",
        {{"adGroup", group},
         {"userInterest", {{"userInterestCategory", World::Name("userInterests/80432")}}}});
    AddCriterion(world, "adGroupCriteria:mutate",
                 {{"adGroup", group},
                  {"negative", true},
                  {"userList", {{"userList", World::Name("userLists/4002")}}}});
  }
  const json setting = {{"targetRestrictions",
                         json::array({{{"targetingDimension", "AUDIENCE"}, {"bidOnly", true}}})}};
  EXPECT_EQ(World::CodeOf(world.Post(
                "adGroups:mutate",
                {{"operations",
                  json::array({{{"update",
                                 {{"resourceName", World::Name("adGroups/" + observed.at("group"))},
                                  {"targetingSetting", setting}}},
                                {"updateMask", "targeting_setting.target_restrictions"}}})}})),
            "");
  world.To("2026-09-08T12:00:00Z");
  const json rows = Ask(world,
                        "segments.date, campaign.id, ad_group.id, ad_group_criterion.criterion_id, "
                        "ad_group_criterion.type, ad_group_criterion.user_list.user_list, "
                        "ad_group_criterion.user_interest.user_interest_category, "
                        "ad_group_audience_view.resource_name",
                        "ad_group_audience_view");
  std::map<std::string, std::int64_t> spend;
  std::set<std::string> kinds;
  for (const json& row : rows) {
    spend[row["campaign"]["id"]] += Number(row, "costMicros");
    const json& criterion = row["adGroupCriterion"];
    kinds.insert(criterion["type"]);
    EXPECT_EQ(criterion["type"] == "USER_LIST", criterion.contains("userList"));
    EXPECT_EQ(row["adGroupAudienceView"]["resourceName"],
              World::Name(fmt::format("adGroupAudienceViews/{}~{}",
                                      row["adGroup"]["id"].get<std::string>(),
                                      criterion["criterionId"].get<std::string>())));
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"USER_INTEREST", "USER_LIST"}));
  EXPECT_EQ(spend.size(), 2U);
  for (const json& row : Ask(world, "campaign.id", "campaign")) {
    const std::string id = row["campaign"]["id"];
    const std::int64_t whole = Number(row, "costMicros");
    ASSERT_GT(whole, 0);
    if (id == targeted.at("campaign")) {
      EXPECT_EQ(spend[id], whole);
    } else if (id == observed.at("campaign")) {
      EXPECT_GT(spend[id], whole / 20);
      EXPECT_LT(spend[id], whole / 2);
    }
  }
  EXPECT_TRUE(Ask(world, "campaign.id", "campaign_audience_view").empty());
}

TEST(Audiences, OfACampaignHaveTheirOwnView) {
  World world;
  const auto ids = world.Launch("Search", "ENABLED");
  AddCriterion(world, "campaignCriteria:mutate",
               {{"campaign", World::Name("campaigns/" + ids.at("campaign"))},
                {"customAudience", {{"customAudience", World::Name("customAudiences/77")}}}});
  world.To("2026-09-08T12:00:00Z");
  const json rows = Ask(world,
                        "segments.date, campaign.id, campaign_criterion.criterion_id, "
                        "campaign_criterion.type, "
                        "campaign_criterion.custom_audience.custom_audience",
                        "campaign_audience_view");
  EXPECT_EQ(rows.size(), 7U);
  EXPECT_EQ(rows[0]["campaignCriterion"]["type"], "CUSTOM_AUDIENCE");
  EXPECT_EQ(Sum(rows), Sum(Ask(world, "campaign.id", "campaign")));
  EXPECT_TRUE(Ask(world, "campaign.id", "ad_group_audience_view").empty());
  // So no impression is in both views.
  const auto code = [&](const char* method, const char* parent, const std::string& name) {
    return World::CodeOf(world.Post(
        method, {{"operations",
                  json::array({{{"create",
                                 {{parent, World::Name(name)},
                                  {"userList", {{"userList", World::Name("userLists/4")}}}}}}})}}));
  };
  constexpr const char* kBoth = "criterionError/CANNOT_ATTACH_CRITERIA_AT_CAMPAIGN_AND_ADGROUP";
  EXPECT_EQ(code("adGroupCriteria:mutate", "adGroup", "adGroups/" + ids.at("group")), kBoth);
  const auto other = world.Launch("Other", "ENABLED", "boots");
  EXPECT_EQ(code("adGroupCriteria:mutate", "adGroup", "adGroups/" + other.at("group")), "");
  EXPECT_EQ(code("campaignCriteria:mutate", "campaign", "campaigns/" + other.at("campaign")),
            kBoth);
}

TEST(Audiences, NamesOfOtherAccountsAreRefused) {
  World world;
  const auto ids = world.Launch("Search", "ENABLED");
  const auto code = [&](const char* kind, const char* member, const std::string& name) {
    return World::CodeOf(world.Post(
        "adGroupCriteria:mutate",
        {{"operations", json::array({{{"create",
                                       {{"adGroup", World::Name("adGroups/" + ids.at("group"))},
                                        {kind, {{member, name}}}}}}})}}));
  };
  EXPECT_EQ(code("userInterest", "userInterestCategory", "customers/9/userInterests/1"),
            "criterionError/INVALID_USER_INTEREST");
  EXPECT_EQ(code("customAudience", "customAudience", World::Name("customAudiences/x")),
            "criterionError/INVALID_CUSTOM_AUDIENCE");
  EXPECT_EQ(code("combinedAudience", "combinedAudience", ""),
            "criterionError/INVALID_COMBINED_AUDIENCE");
}

}  // namespace
}  // namespace maxopt::sim::google_ads
