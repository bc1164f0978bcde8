#include "stages/setup/outputs/outputs.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "json/schema_for_test.h"

namespace maxopt {
namespace {

using nlohmann::json;
using Texts = std::vector<std::string>;

json Schema(const std::string& kind) {
  std::ifstream in(std::string(MAXOPT_SOURCE_DIR) + "/schemas/" + kind + ".schema.json");
  std::ostringstream text;
  text << in.rdbuf();
  return json::parse(text.str());
}

const AccountId kAccount{Platform::kMeta, "880011223344"};

/// One campaign with an ad group, an ad and its picture; the ad was rejected; a name that would
/// break Markdown.
class Outputs : public testing::Test {
 protected:
  Outputs() {
    documents_.brief.client.value = "Alpenglow";
    documents_.brief.campaign.value = "Spring";
    documents_.brief.total_budget.value = Money::Micros(1'000'000'000, kEur);
    documents_.brief.attribution = AttributionChoice{{}, "linear", 30, 1};
    desired_.client = "Alpenglow";
    desired_.campaign = "Spring";
    desired_.slug = "spring";
    desired_.currency = kEur;
    desired_.start = ParseDay("2026-03-01").value();
    desired_.end = ParseDay("2026-03-31").value();
    const std::string paused(kPaused);
    desired_.objects = {{kAccount,
                         Level::kAsset,
                         "asset/aa",
                         "",
                         "",
                         {},
                         {{"name", std::string("dawn.png")},
                          {"media", std::string("image")},
                          {"sha256", std::string(64, 'a')}},
                         {}},
                        {kAccount,
                         Level::kCampaign,
                         "spring/social",
                         "",
                         "social",
                         {},
                         {{"name", std::string("Alpenglow | social | Spring")},
                          {"status", paused},
                          {"daily_budget", Money::Micros(350'000'000, kEur)}},
                         {}},
                        {kAccount,
                         Level::kAdGroup,
                         "spring/social/core",
                         "spring/social",
                         "social",
                         {},
                         {{"name", std::string("Core")},
                          {"status", paused},
                          {"optimization_goal", std::string("conversions")},
                          {"end_at", std::string("2026-03-31 23:59:59")}},
                         {}},
                        {kAccount,
                         Level::kAd,
                         "spring/social/core/dawn",
                         "spring/social/core",
                         "social",
                         {},
                         {{"name", std::string("Dawn | <b>*x*</b>")},
                          {"status", paused},
                          {"headlines", Texts{"First light"}},
                          {"landing_url", std::string("https://alpenglow.example/")},
                          {"url_tags", std::string("utm_source=facebook")}},
                         {}}};
    desired_.matrix = {{"brief", "objective", "brief.yaml:4", "sales", "", Outcome::kRealised, "x"},
                       {"buys", "keywords", "buys.yaml:9", "[a]", "social", Outcome::kRefused,
                        "Meta has no keywords"}};
    desired_.experiments.push_back({});
    desired_.experiments[0].id = "spring/test";
    desired_.experiments[0].start = desired_.start;
    desired_.experiments[0].end = desired_.end;
    desired_.watches.push_back({"Alpenglow", "spring/social", "roas", "primary", "4.0", "below"});
    Apply();
    CheckResult finding{};
    finding.check = "creative.review";
    finding.family = "creative";
    finding.status = CheckStatus::kFail;
    finding.package = "social";
    finding.places = {{"creatives.yaml", "", 12, ""}};
    finding.evidence = "rejected";
    finding.fix = "change the text";
    checklist_.results = {finding};
    checklist_.failed = 1;
    checklist_.score = 71;
  }

  void Apply() {
    int next = 100;
    live_.trees[kAccount].info = {kAccount, "A", kEur, "Europe/Berlin", "active"};
    for (const DesiredObject& want : desired_.objects) {
      const std::string id = std::to_string(++next);
      live_.owned[kAccount].push_back(
          {want.address, kAccount, want.level, id, want.parent_address, "k/" + id, want.fields});
      Fields fields = want.fields;
      if (want.level == Level::kAd) {
        fields["review_status"] = std::string("rejected");
        fields["review_reasons"] = Texts{"too shiny"};
      }
      live_.trees[kAccount].entities.push_back({want.level, id, "", "", fields});
    }
  }

  std::vector<Message> Messages() const {
    return SetupMessages({&documents_, &desired_, &live_, &checklist_, {}, Instant{}});
  }

  CampaignDocuments documents_;
  Desired desired_;
  LiveState live_;
  Checklist checklist_{};
};

TEST_F(Outputs, FourMessagesEachToItsTeammateAndValid) {
  const std::vector<Message> messages = Messages();
  ASSERT_EQ(messages.size(), 4U);
  const std::pair<const char*, const char*> expected[] = {{"carlos", "implementation_status"},
                                                          {"lucas", "creative_deployment"},
                                                          {"james", "media_activation"},
                                                          {"maya", "implementation_details"}};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(messages[i].to, expected[i].first);
    EXPECT_EQ(messages[i].kind, expected[i].second);
    EXPECT_EQ(SchemaProblems(Schema(messages[i].kind), json::parse(messages[i].json)), "")
        << messages[i].kind;
    EXPECT_EQ(messages[i].markdown.rfind("# ", 0), 0U);
  }
}

TEST_F(Outputs, TellWhatIsTrue) {
  const std::vector<Message> messages = Messages();
  const json status = json::parse(messages[0].json);
  EXPECT_EQ(status["state"], "ready, paused");
  EXPECT_EQ(status["packages"][0]["objects_made"], 3);
  EXPECT_EQ(status["packages"][0]["ads_rejected"], 1);
  EXPECT_EQ(status["not_as_written"].size(), 1U);
  const json creative = json::parse(messages[1].json);
  EXPECT_EQ(creative["assets"][0]["platform_id"], "101");
  EXPECT_EQ(creative["ads"][0]["review_reasons"][0], "too shiny");
  EXPECT_EQ(json::parse(messages[2].json)["activated"], false);
  EXPECT_EQ(json::parse(messages[2].json)["packages"][0]["end"], "2026-03-31");
  const json details = json::parse(messages[3].json);
  EXPECT_EQ(details["objects"].size(), 4U);
  EXPECT_EQ(details["attribution"]["model"], "linear");
}

TEST_F(Outputs, NothingMadeYetIsIncompleteAndAllOnIsLive) {
  LiveState nothing;
  SetupState state{&documents_, &desired_, &nothing, nullptr, {}, Instant{}};
  const json before = json::parse(SetupMessages(state)[0].json);
  EXPECT_EQ(before["state"], "incomplete");
  EXPECT_EQ(before["packages"][0]["status"], "missing");
  for (Entity& entity : live_.trees[kAccount].entities) {
    entity.fields["status"] = std::string(kActive);
  }
  EXPECT_EQ(json::parse(Messages()[0].json)["state"], "live");
  EXPECT_EQ(json::parse(Messages()[2].json)["activated"], true);
}

TEST_F(Outputs, NamesFromOutsideDoNotBecomeMarkup) {
  for (const Message& message : Messages()) {
    EXPECT_EQ(message.markdown.find("<b>"), std::string::npos) << message.kind;
  }
}

}  // namespace
}  // namespace maxopt
