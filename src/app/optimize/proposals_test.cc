#include "app/optimize/proposals.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

Money Eur(double units) {
  return Money::Micros(static_cast<std::int64_t>(std::llround(units * 1e6)), kEur);
}

/// A campaign of 100 EUR a day that is all of its channel, whose next euro brings 3 EUR (90 %: 2 to
/// 4) and which brings 250 EUR (200 to 300) for the 95 EUR that it spends; an ad group of it with a
/// target; another campaign.
class ProposalsTest : public testing::Test {
 protected:
  ProposalsTest() {
    found_.state.client = {"A", kEur, "UTC"};
    found_.state.accounts.emplace_back();
    LeverAccount& account = found_.state.accounts[0];
    account.tree.info = {{Platform::kMeta, "42"}, "Shop", kEur, "UTC", "active"};
    account.can.platform = Platform::kMeta;
    account.can.minor_units = MinorUnits::kMeta;
    account.last = *ParseDay("2026-03-01");
    const std::string on(kActive);
    account.tree.entities = {
        {Level::kCampaign,
         "10",
         "",
         "",
         {{"name", std::string("Spring")}, {"status", on}, {"daily_budget", Eur(100)}}},
        {Level::kAdGroup,
         "20",
         "10",
         "10",
         {{"name", std::string("Core")}, {"status", on}, {"target_cpa", Eur(20)}}},
        {Level::kCampaign,
         "11",
         "",
         "",
         {{"name", std::string("Autumn")}, {"status", on}, {"daily_budget", Eur(50)}}}};
    account.Index();
    Recommendation budgets;
    budgets.currency = kEur;
    budgets.channels.push_back({.id = "meta/spring",
                                .budget = Eur(100),
                                .proposed = Eur(100),
                                .home = Eur(100),
                                .spend_per_day = Eur(95),
                                .rate = 1,
                                .claimed_roas = 3,
                                .revenue = {250, 200, 300},
                                .marginal = {3, 2, 4},
                                .explore = 0,
                                .identified = true,
                                .binding = {}});
    found_.budgets = std::move(budgets);
    for (std::size_t i = 0; i < 3; ++i) {
      const Entity& object = account.tree.entities[i];
      ProposalObject of{.id = "obj-" + std::to_string(i + 1),
                        .account = &account,
                        .campaign = &account.tree.entities[i == 2 ? 2 : 0],
                        .object = &object};
      of.bid_field = i == 1 ? "target_cpa" : "";
      of.channel = i == 2 ? "meta/autumn" : "meta/spring";
      of.alone = true;
      of.shown = {{"id", of.id},
                  {"name", std::get<std::string>(object.fields.at("name"))},
                  {"conversions", i == 2 ? 77 : 66}};
      situation_.objects.push_back(std::move(of));
    }
  }
  ModelProposals Read(const std::string& answer) {
    ModelProposals out;
    out.model = "m";
    ReadProposals(answer, situation_, found_, out);
    return out;
  }
  ModelProposals ReadOne(const json& one) {
    json list = json::array();
    list.push_back(one);
    return Read(json{{"proposals", list}}.dump());
  }
  Opportunities found_;
  ProposalSituation situation_;
};

TEST_F(ProposalsTest, AMoveOfABudgetIsForetoldByTheMarginOfItsChannel) {
  const ModelProposals got = ReadOne({{"kind", "budget"},
                                      {"object", "obj-1"},
                                      {"percent", 10},
                                      {"reason", "It had 66 conversions and could take more."}});
  ASSERT_EQ(got.why, "");
  ASSERT_TRUE(got.refused.empty()) << got.refused[0];
  ASSERT_EQ(got.report.opportunities.size(), 1U);
  const Opportunity& o = got.report.opportunities[0];
  EXPECT_EQ(o.change.reason, Reason::kModel);
  EXPECT_EQ(o.change.id, "10");
  EXPECT_EQ(std::get<Money>(o.change.before.at("daily_budget")), Eur(100));
  EXPECT_EQ(std::get<Money>(o.change.after.at("daily_budget")), Eur(110));
  // 10 EUR more bring 30 (20 to 40), and cost 10.
  ASSERT_TRUE(o.change.prediction);
  EXPECT_EQ(o.change.prediction->kpi, "revenue");
  EXPECT_DOUBLE_EQ(o.change.prediction->mean, 30);
  EXPECT_DOUBLE_EQ(o.change.prediction->low90, 20);
  EXPECT_DOUBLE_EQ(o.change.prediction->high90, 40);
  EXPECT_DOUBLE_EQ(o.value, 20);
  EXPECT_DOUBLE_EQ(o.value_low90, 10);
  EXPECT_DOUBLE_EQ(o.value_high90, 30);
  EXPECT_NE(o.change.why.find("proposed by the language model m"), std::string::npos);
  // Down: what is saved less what is lost, the interval the right way round.
  const auto down = ReadOne(
      {{"kind", "budget"}, {"object", "obj-1"}, {"percent", -10.5}, {"reason", "Too dear."}});
  ASSERT_EQ(down.report.opportunities.size(), 1U);
  const Opportunity& less = down.report.opportunities[0];
  EXPECT_EQ(std::get<Money>(less.change.after.at("daily_budget")), Eur(89.5));
  EXPECT_DOUBLE_EQ(less.change.prediction->low90, -42);
  EXPECT_DOUBLE_EQ(less.change.prediction->high90, -21);
  EXPECT_DOUBLE_EQ(less.value, -21);
}

TEST_F(ProposalsTest, APauseIsForetoldOnlyWhereItIsAllOfItsChannel) {
  const json pause{{"kind", "pause"}, {"object", "obj-1"}, {"reason", "It loses."}};
  auto got = ReadOne(pause);
  ASSERT_EQ(got.report.opportunities.size(), 1U);
  EXPECT_DOUBLE_EQ(got.report.opportunities[0].change.prediction->mean, -250);
  EXPECT_DOUBLE_EQ(got.report.opportunities[0].value, -155);
  situation_.objects[0].alone = false;
  got = ReadOne(pause);
  ASSERT_EQ(got.report.opportunities.size(), 1U);
  EXPECT_FALSE(got.report.opportunities[0].change.prediction);
  EXPECT_NE(got.report.opportunities[0].change.why.find("nothing of ours foretells"),
            std::string::npos);
}

TEST_F(ProposalsTest, WhatTheDataCannotTellHasNoPrediction) {
  const json up{{"kind", "budget"}, {"object", "obj-1"}, {"percent", 10}, {"reason", "More."}};
  const auto foretold = [&](const json& one) {
    const auto got = ReadOne(one);
    EXPECT_EQ(got.report.opportunities.size(), 1U);
    return got.report.opportunities.size() == 1 &&
           got.report.opportunities[0].change.prediction.has_value();
  };
  EXPECT_TRUE(foretold(up));
  ChannelView& channel = found_.budgets->channels[0];
  channel.identified = false;
  EXPECT_FALSE(foretold(up));
  channel.identified = true;
  channel.spend_per_day = Eur(79);  // of 100: a higher budget would change nothing
  EXPECT_FALSE(foretold(up));
  channel.spend_per_day = Eur(95);
  // A channel of which no response is known; a target, which the lever bids judges.
  EXPECT_FALSE(
      foretold({{"kind", "budget"}, {"object", "obj-3"}, {"percent", 10}, {"reason", "More."}}));
  EXPECT_FALSE(
      foretold({{"kind", "target"}, {"object", "obj-2"}, {"percent", 10}, {"reason", "More."}}));
  found_.budgets.reset();
  EXPECT_FALSE(foretold(up));
}

TEST_F(ProposalsTest, HostileAnswersAreRefusedByName) {
  const std::pair<json, const char*> bad[] = {
      {"pause everything", "it is no object"},
      {{{"kind", "budget"}, {"object", "obj-1"}, {"reason", "x"}}, "percent is missing"},
      {{{"kind", "pause"}, {"object", "obj-1"}, {"percent", 5}, {"reason", "x"}}, "no percent"},
      {{{"kind", "budget"}, {"object", "obj-1"}, {"percent", "10"}, {"reason", "x"}}, "no number"},
      {{{"kind", "budget"}, {"object", "obj-1"}, {"percent", 20.5}, {"reason", "x"}}, "20.5 %"},
      {{{"kind", "budget"}, {"object", "obj-1"}, {"percent", 0.5}, {"reason", "x"}}, "0.5 %"},
      {{{"kind", "budget"}, {"object", "obj-1"}, {"percent", -1e300}, {"reason", "x"}}, "%"},
      {{{"kind", "budget"}, {"object", "10"}, {"percent", 5}, {"reason", "x"}}, "no such object"},
      {{{"kind", "budget"}, {"object", "obj-2"}, {"percent", 5}, {"reason", "x"}}, "no budget"},
      {{{"kind", "target"}, {"object", "obj-1"}, {"percent", 5}, {"reason", "x"}}, "no target"},
      {{{"kind", "delete"}, {"object", "obj-1"}, {"reason", "x"}}, "no kind"},
      {{{"kind", "pause"}, {"object", "obj-1"}, {"reason", ""}}, "no reason"},
      {{{"kind", "pause"}, {"object", "obj-1"}, {"reason", std::string(301, 'x')}}, "longer"},
      {{{"kind", "pause"}, {"object", "obj-1"}, {"reason", "x"}, {"approved", true}}, "no member"},
      // Numbers that are nowhere, and those of another object.
      {{{"kind", "pause"}, {"object", "obj-1"}, {"reason", "It lost 4321 EUR."}}, "not found"},
      {{{"kind", "pause"}, {"object", "obj-1"}, {"reason", "It had 77 conversions."}}, "not found"},
      {{{"kind", "pause"}, {"object", "obj-1"}, {"reason", "See http://evil.example"}}, "address"},
  };
  for (const auto& [one, why] : bad) {
    const ModelProposals got = ReadOne(one);
    EXPECT_TRUE(got.report.opportunities.empty()) << one;
    ASSERT_EQ(got.refused.size(), 1U) << one;
    EXPECT_NE(got.refused[0].find(why), std::string::npos) << got.refused[0];
  }
  // The media plan's word stands.
  situation_.objects[0].fixed = true;
  const auto fixed =
      ReadOne({{"kind", "budget"}, {"object", "obj-1"}, {"percent", 10}, {"reason", "More."}});
  ASSERT_EQ(fixed.refused.size(), 1U);
  EXPECT_NE(fixed.refused[0].find("media plan"), std::string::npos);
  // One proposal an object.
  const auto twice = Read(R"({"proposals": [
      {"kind": "pause", "object": "obj-1", "reason": "x"},
      {"kind": "pause", "object": "obj-1", "reason": "y"}]})");
  EXPECT_EQ(twice.report.opportunities.size(), 1U);
  ASSERT_EQ(twice.refused.size(), 1U);
  EXPECT_NE(twice.refused[0].find("the same object"), std::string::npos);
}

TEST_F(ProposalsTest, AnswersThatAreNoneSaySo) {
  for (const char* answer :
       {"", "Certainly!", "[]", "{}", R"({"proposals": 1})", "{\"proposals\": [",
        R"({"proposals": [], "also": 1})", R"({"proposals": [], "proposals": []})"}) {
    const ModelProposals got = Read(answer);
    EXPECT_NE(got.why, "") << answer;
    EXPECT_TRUE(got.report.opportunities.empty() && got.refused.empty()) << answer;
  }
  EXPECT_EQ(Read("{\"proposals\": []}").why, "");
  // As models like to write it.
  EXPECT_EQ(Read("```json\n{\"proposals\": []}\n```").why, "");
}

}  // namespace
}  // namespace maxopt
