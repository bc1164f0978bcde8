#include "stages/optimize/levers/people/people.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "domain/json.h"
#include "json/schema_for_test.h"
#include "stages/optimize/levers/world_for_test.h"

namespace maxopt {
namespace {

using nlohmann::json;
using std::chrono::days;
using Texts = std::vector<std::string>;

class PeopleLeverTest : public levers::LeverTest {
 protected:
  void HaveCampaign(Platform platform, Fields group, Fields campaign = {}) {
    campaign.try_emplace("daily_budget", Eur(200));
    Have(platform, {Campaign("1", std::move(campaign)), AdGroup("11", "1", std::move(group))});
  }
  struct Part {
    std::string segment;
    double spend;
    double conversions;  ///< a day, in the mean
    std::int64_t clicks = 40;
  };
  void LoadCut(Platform platform, Breakdown breakdown, const std::vector<Part>& parts, Day from,
               Day to, unsigned seed = 1) {
    std::mt19937_64 random(seed);
    std::vector<MetricRow> whole, cut;
    for (Day day = from; day <= to; day += days(1)) {
      double spend = 0, conversions = 0;
      for (const Part& part : parts) {
        const double converted =
            part.conversions > 0 ? std::poisson_distribution<int>(part.conversions)(random) : 0;
        cut.push_back({day,
                       {},
                       "1",
                       "",
                       "",
                       part.segment,
                       Eur(part.spend),
                       2'000,
                       part.clicks,
                       converted,
                       {},
                       {}});
        spend += part.spend;
        conversions += converted;
      }
      whole.push_back({day, {}, "1", "", "", "", Eur(spend), 10'000, 200, conversions, {}, {}});
    }
    Load(platform, Level::kCampaign, Grain::kDay, Breakdown::kNone, from, to, whole);
    Load(platform, Level::kCampaign, Grain::kDay, breakdown, from, to, cut);
  }
  LeverReport Run() { return RunLever(PeopleLever, 60); }
  static std::string All(const LeverReport& report) {
    std::string out;
    for (const Opportunity& o : report.opportunities) out += ToJson(o.change) + "\n";
    return out + Notes(report);
  }
  const Day from_ = kToday - days(60), to_ = kToday - days(1);
  const std::vector<Part> ages_ = {{"18-24/female", 15, 0.1},   {"18-24/male", 15, 0.1},
                                   {"25-34/female", 40, 6},     {"25-34/male", 40, 6},
                                   {"35-44/female", 40, 6},     {"35-44/male", 40, 6},
                                   {"unknown/unknown", 10, 1.5}};
};

TEST_F(PeopleLeverTest, TheYoungestWhoLoseAreLeftOut) {
  HaveCampaign(Platform::kMeta, {});
  LoadCut(Platform::kMeta, Breakdown::kAgeGender, ages_, from_, to_);
  const LeverReport report = Run();
  EXPECT_EQ(report.lever, "people");
  ASSERT_EQ(report.opportunities.size(), 1u) << All(report);
  const Opportunity& found = report.opportunities[0];
  EXPECT_EQ(found.change.level, Level::kAdGroup);
  EXPECT_EQ(found.change.id, "11");
  EXPECT_EQ(found.change.reason, Reason::kAudience);
  EXPECT_EQ(found.change.before, (Fields{{"age_min", std::int64_t{18}}}));
  EXPECT_EQ(found.change.after, (Fields{{"age_min", std::int64_t{25}}}));
  EXPECT_TRUE(CheckFields(Level::kAdGroup, found.change.after));
  EXPECT_GT(found.value_low90, 0);
  EXPECT_GT(found.learning_days, 0);
  EXPECT_FALSE(found.needs_second_signal);  // less than a tenth of the conversions
  ASSERT_TRUE(found.change.prediction);
  EXPECT_EQ(json::parse(found.change.evidence)["stopped"], json::array({"18-24"}));
  EXPECT_TRUE(ChangeFromJson(ToJson(found.change)));

  // Who reaches none of them is left as it is.
  HaveCampaign(Platform::kMeta, {{"age_min", std::int64_t{25}}});
  EXPECT_TRUE(Run().opportunities.empty());
}

TEST_F(PeopleLeverTest, AMiddleOfAgesIsToldAndLeft) {
  HaveCampaign(Platform::kTikTok, {});
  LoadCut(Platform::kTikTok, Breakdown::kAgeGender,
          {{"18-24/female", 100, 14},
           {"25-34/female", 15, 0.1},
           {"35-44/male", 100, 14},
           {"55+/male", 15, 0.1}},
          from_, to_);
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << All(report);
  EXPECT_EQ(report.opportunities[0].change.after, (Fields{{"age_max", std::int64_t{44}}}));
  EXPECT_NE(All(report).find("25-34 as well, which cannot be left out"), std::string::npos)
      << All(report);
}

TEST_F(PeopleLeverTest, SpecialCategoriesAndHarvestAreLeft) {
  HaveCampaign(Platform::kMeta, {}, {{"special_categories", Texts{"housing"}}});
  LoadCut(Platform::kMeta, Breakdown::kAgeGender, ages_, from_, to_);
  LeverReport report = Run();
  EXPECT_TRUE(report.opportunities.empty());
  EXPECT_NE(All(report).find("special category"), std::string::npos);
  HaveCampaign(Platform::kMeta, {}, {{"name", std::string("Retargeting")}});
  report = Run();
  EXPECT_TRUE(report.opportunities.empty()) << All(report);
  EXPECT_TRUE(report.messages.empty());
}

TEST_F(PeopleLeverTest, OneGender) {
  HaveCampaign(Platform::kMeta, {});
  LoadCut(Platform::kMeta, Breakdown::kAgeGender,
          {{"25-34/female", 160, 20}, {"25-34/male", 30, 0.2}}, from_, to_);
  const LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << All(report);
  EXPECT_EQ(report.opportunities[0].change.before, (Fields{{"genders", Texts{}}}));
  EXPECT_EQ(report.opportunities[0].change.after, (Fields{{"genders", Texts{"female"}}}));
}

TEST_F(PeopleLeverTest, PlacementsOfMeta) {
  const std::vector<Part> parts = {{"facebook/feed", 80, 10},
                                   {"instagram/feed", 60, 8},
                                   {"instagram/instagram_stories", 30, 4},
                                   {"audience_network/an_classic", 25, 0.2, 400}};
  HaveCampaign(Platform::kMeta, {});
  LoadCut(Platform::kMeta, Breakdown::kPlacement, parts, from_, to_);
  LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << All(report);
  EXPECT_EQ(
      report.opportunities[0].change.after,
      (Fields{{"placements", Texts{"facebook:feed", "instagram:stream", "instagram:story"}}}));
  EXPECT_NE(report.opportunities[0].change.why.find("no longer automatic"), std::string::npos);
  HaveCampaign(Platform::kMeta,
               {{"placements", Texts{"audience_network:classic", "facebook:feed"}}});
  report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << All(report);
  EXPECT_EQ(report.opportunities[0].change.after, (Fields{{"placements", Texts{"facebook:feed"}}}));
  HaveCampaign(Platform::kMeta, {{"placements", Texts{"audience_network", "facebook"}}});
  EXPECT_TRUE(Run().opportunities.empty());
}

TEST_F(PeopleLeverTest, AudiencesOfGoogle) {
  const std::string nasty = "user_list:4002 \"=cmd|' <b>👢 שלום";
  const std::vector<Part> parts = {
      {"user_list:4001 Buyers", 60, 8}, {nasty, 10, 0.05}, {std::string(kNoneTold), 110, 14}};
  HaveCampaign(Platform::kGoogleAds, {{"audiences", Texts{"4001", "4002"}}});
  LoadCut(Platform::kGoogleAds, Breakdown::kAudience, parts, from_, to_);
  LeverReport report = Run();
  ASSERT_EQ(report.opportunities.size(), 1u) << All(report);
  const Change& change = report.opportunities[0].change;
  EXPECT_EQ(ListField(change.after, "audiences"), Texts{"4001"});
  EXPECT_EQ(ListField(change.after, "excluded_audiences"), Texts{"4002"});
  EXPECT_EQ(report.opportunities[0].learning_days, 0);
  EXPECT_TRUE(ChangeFromJson(ToJson(change)));
  // Its only one is not taken away.
  HaveCampaign(Platform::kGoogleAds, {{"audiences", Texts{"4002"}}});
  report = Run();
  EXPECT_TRUE(report.opportunities.empty());
  EXPECT_NE(All(report).find("everybody else"), std::string::npos) << All(report);
}

TEST_F(PeopleLeverTest, NothingWhereNothingDiffers) {
  HaveCampaign(Platform::kMeta, {});
  std::size_t found = 0, told = 0;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    LoadCut(Platform::kMeta, Breakdown::kAgeGender,
            {{"18-24/female", 30, 3},
             {"18-24/male", 30, 3},
             {"25-34/female", 30, 3},
             {"25-34/male", 30, 3},
             {"35-44/female", 30, 3},
             {"35-44/male", 30, 3}},
            from_, to_, seed);
    const LeverReport report = Run();
    found += report.opportunities.size();
    told += report.messages.size();
  }
  EXPECT_EQ(found, 0u);
  EXPECT_LE(told, 1u);  // a word to a colleague may be luck once in ten times
}

TEST_F(PeopleLeverTest, DaysThatAreStillComingInAndWhatIsHeld) {
  HaveCampaign(Platform::kMeta, {});
  // They lose on young days only.
  LoadCut(Platform::kMeta, Breakdown::kAgeGender,
          {{"18-24/female", 15, 2}, {"25-34/female", 80, 10}, {"35-44/male", 80, 10}}, from_,
          kToday - days(8));
  LoadCut(Platform::kMeta, Breakdown::kAgeGender,
          {{"18-24/female", 150, 0}, {"25-34/female", 80, 10}, {"35-44/male", 80, 10}},
          kToday - days(7), to_);
  EXPECT_TRUE(Run().opportunities.empty());
  LoadCut(Platform::kMeta, Breakdown::kAgeGender, ages_, from_, to_);
  EXPECT_EQ(Run().opportunities.size(), 1u);
  Lock({Platform::kMeta, "42"}, Level::kAdGroup, "11", "spring/social/core");
  const LeverReport report = Run();
  EXPECT_TRUE(report.opportunities.empty());
  EXPECT_NE(All(report).find("experiment"), std::string::npos) << All(report);
}

TEST_F(PeopleLeverTest, WhoDoesBetterGoesToOlivia) {
  HaveCampaign(Platform::kMeta, {});
  LoadCut(Platform::kMeta, Breakdown::kAgeGender,
          {{"18-24/female", 60, 3}, {"25-34/female", 60, 12}, {"35-44/male", 60, 3}}, from_, to_);
  const LeverReport report = Run();
  ASSERT_EQ(report.messages.size(), 1u) << All(report);
  const Message& message = report.messages[0];
  EXPECT_EQ(message.to, "olivia");
  std::ifstream in(std::string(MAXOPT_SOURCE_DIR) + "/schemas/audience_refinements.schema.json");
  std::ostringstream schema;
  schema << in.rdbuf();
  const json body = json::parse(message.json);
  EXPECT_EQ(SchemaProblems(json::parse(schema.str()), body), "");
  ASSERT_EQ(body["findings"].size(), 1u);
  EXPECT_EQ(body["findings"][0]["path"].back()["name"], "25-34/female");
  ASSERT_TRUE(store_->SaveMessage(message));
  EXPECT_TRUE(Run().messages.empty());  // said once
}

TEST_F(PeopleLeverTest, TheOrderDoesNotMatterAndWhatIsNotOfferedIsSaid) {
  HaveCampaign(Platform::kMeta, {});
  accounts_[Info(Platform::kMeta).account].first.not_offered = {
      {Breakdown::kAudience, "Meta's insights have no cut by custom audience"}};
  std::vector<Part> parts = ages_;
  std::vector<MetricRow> rows;
  LoadCut(Platform::kMeta, Breakdown::kAgeGender, parts, from_, to_);
  const std::string first = All(Run());
  EXPECT_NE(first.find("meta/42: no audiences: Meta's insights"), std::string::npos) << first;
  auto& entities = accounts_[Info(Platform::kMeta).account].second;
  std::reverse(entities.begin(), entities.end());
  EXPECT_EQ(All(Run()), first);
}

TEST(MetaPlacement, HasItsOwnWords) {
  EXPECT_EQ(MetaPlacementOf("instagram/feed"), "instagram:stream");
  EXPECT_EQ(MetaPlacementOf("threads/what"), "");
}

}  // namespace
}  // namespace maxopt
