#include "stages/setup/setup.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace maxopt {
namespace {

const AccountId kGoogle{Platform::kGoogleAds, "123"};
const AccountId kMeta{Platform::kMeta, "77"};
const Day kToday = *ParseDay("2026-02-20");

constexpr const char* kDocument = R"(maxopt: campaign/1
client: Alpenglow
name: Spring trails
currency: EUR
objective: sales
flight: {start: 2026-03-01, end: 2026-03-10}
budget: {total: 3000.00}
landing_url: https://alpenglow.example/
tracking: utm_source={platform}&utm_campaign={campaign}&utm_content={ad}
lines:
  - channel: search-generic
    platform: google_ads
    account: "123"
    daily_budget: 200.00
    eu_political: false
    countries: [DE]
    ad_groups:
      - name: Core
        bid: 1.20
        keywords: ["phrase:trail shoes"]
        ads:
          - name: V1
            headlines: [One, Two, Three]
            descriptions: [First text, Second text]
  - channel: social
    platform: meta
    account: "77"
    daily_budget: 100.00
    countries: [DE]
    ad_groups:
      - name: All
        optimization_goal: conversions
        billing_event: impressions
        ads:
          - name: Dawn
            headlines: [Hello]
            descriptions: [World]
            page_id: "1"
            image_file: dawn.png
)";

Result<std::string> Picture(const std::string& name) {
  if (name == "dawn.png") return std::string("\x89PNG bytes");
  return Fail(Errc::kLocal, name + " cannot be read");
}

CampaignDocument Document(std::string text = kDocument) {
  auto doc = ParseCampaign(text, "spring.yaml", Picture);
  EXPECT_TRUE(doc) << doc.error().what;
  return std::move(*doc);
}
std::string With(const std::string& from, const std::string& to) {
  std::string text = kDocument;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}
std::string ErrorOf(const std::string& text) {
  const auto doc = ParseCampaign(text, "spring.yaml", Picture);
  return doc ? "" : doc.error().what;
}
std::vector<ClientAccount> Accounts() {
  return {{"Alpenglow", {kGoogle, "G", kEur, "Europe/Berlin", "active"}},
          {"Alpenglow", {kMeta, "M", kEur, "Europe/Berlin", "active"}}};
}
bool Found(const std::vector<Finding>& findings, const std::string& check) {
  return std::any_of(findings.begin(), findings.end(),
                     [&](const Finding& f) { return f.check == check; });
}

TEST(ParseCampaign, ReadsTheDocumentAndItsPlaces) {
  const CampaignDocument doc = Document();
  EXPECT_EQ(doc.lines.size(), 2u);
  EXPECT_EQ(doc.lines[0].fields.at("daily_budget"), FieldValue(Money::Micros(200'000'000, kEur)));
  EXPECT_EQ(PrintPlace(doc.lines[1].place), "spring.yaml:25");
  EXPECT_EQ(doc.lines[1].ad_groups[0].ads[0].image_bytes, "\x89PNG bytes");
}

TEST(ParseCampaign, EveryErrorNamesItsLine) {
  EXPECT_EQ(ErrorOf(With("daily_budget: 200.00", "dayly_budget: 200.00")).substr(0, 15),
            "spring.yaml:14:");
  EXPECT_EQ(ErrorOf(With("bid: 1.20", "bid: high")).substr(0, 15), "spring.yaml:19:");
}

TEST(ParseCampaign, RefusesNonsenseMoney) {
  for (const char* bad :
       {"1e3", "NaN", "inf", "-5", "0", "200,00", "\"200 \"", "0x10", "٥", "+5"}) {
    EXPECT_NE(ErrorOf(With("daily_budget: 200.00", std::string("daily_budget: ") + bad)), "")
        << bad;
  }
}

TEST(ParseCampaign, RefusesWhatIsMissingTwiceOrUnknown) {
  EXPECT_NE(ErrorOf(With("client: Alpenglow\n", "")).find("\"client\" is missing"),
            std::string::npos);
  EXPECT_NE(ErrorOf(With("currency: EUR", "currency: EUX")).find("spring.yaml:4"),
            std::string::npos);
  EXPECT_NE(ErrorOf(With("name: Core", "name: Core\n        name: Again")), "");
  EXPECT_NE(ErrorOf(With("platform: meta", "platform: myspace")).find("known are"),
            std::string::npos);
  EXPECT_NE(ErrorOf(With("dawn.png", "dusk.png")).find("dusk.png cannot be read"),
            std::string::npos);
  EXPECT_NE(ErrorOf(With("end: 2026-03-10", "end: 2026-02-10")).find("ends before"),
            std::string::npos);
  EXPECT_NE(ErrorOf("[1, 2"), "");
  EXPECT_NE(ErrorOf(""), "");
  EXPECT_NE(ErrorOf(With("account: \"123\"", "account: act_123")), "");
}

TEST(CheckCampaign, AGoodDocumentHasNothingToCorrect) {
  const auto findings = CheckCampaign(Document(), Accounts(), kToday);
  for (const Finding& f : findings) EXPECT_NE(f.severity, Severity::kFail) << f.what;
}

TEST(CheckCampaign, FindsWhatWouldGoWrong) {
  const struct {
    const char* from;
    const char* to;
    const char* check;
  } cases[] = {
      {"total: 3000.00", "total: 2999.99", "budget.sum"},
      {"    eu_political: false\n", "", "policy.eu_political"},
      {"[One, Two, Three]", "[One, Two]", "creative.headlines"},
      {"[One, Two, Three]", "[One, Two, This headline is longer than thirty]",
       "creative.headlines_length"},
      {"phrase:trail shoes", "trail shoes", "targeting.match_type"},
      {"            image_file: dawn.png\n", "", "creative.missing"},
      {"https://alpenglow.example/", "http://alpenglow.example/", "tracking.https"},
      {"currency: EUR", "currency: USD", "budget.currency"},
      {"account: \"77\"", "account: \"78\"", "account.unknown"},
      {"objective: sales", "objective: fame", "brief.objective"},
      {"    daily_budget: 100.00\n", "", "budget.missing"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.check);
    EXPECT_TRUE(Found(CheckCampaign(Document(With(c.from, c.to)), Accounts(), kToday), c.check));
  }
}

TEST(CompilePlan, CreatesEverythingPausedParentsFirst) {
  const auto plan = CompilePlan(Document(), {}, kToday);
  ASSERT_TRUE(plan) << plan.error().what;
  ASSERT_EQ(plan->changes.size(), 7u);  // 2 campaigns, 2 ad groups, 1 picture, 2 ads
  std::vector<std::string> seen{""};
  for (const Change& change : plan->changes) {
    EXPECT_EQ(change.action, ChangeAction::kCreate);
    if (change.level != Level::kAsset) {
      EXPECT_EQ(TextField(change.after, "status"), kPaused);
    }
    EXPECT_TRUE(CheckFields(change.level, change.after)) << change.address;
    EXPECT_NE(std::find(seen.begin(), seen.end(), change.parent_address), seen.end());
    seen.push_back(change.address);
  }
  EXPECT_EQ(TextField(plan->changes[0].after, "name"),
            "Alpenglow | search-generic | Spring trails");
  EXPECT_EQ(TextField(plan->changes[0].after, "end_at"), "2026-03-10 23:59:59");
  // Meta keeps countries and dates on ad sets: moved there, and said.
  EXPECT_FALSE(plan->changes[3].after.contains("countries"));
  EXPECT_TRUE(plan->changes[4].after.contains("countries"));
  EXPECT_FALSE(plan->notes.empty());
  const Change& ad = plan->changes.back();
  EXPECT_EQ(ad.links, (std::vector<Link>{{"image", plan->changes[5].address}}));
  EXPECT_EQ(TextField(ad.after, "url_tags"),
            "utm_source=meta&utm_campaign=spring-trails&utm_content=dawn");
}

/// The platforms as they are after the whole plan was applied.
LiveState Applied(const Plan& plan) {
  LiveState live;
  live.trees[kGoogle].info = Accounts()[0].info;
  live.trees[kMeta].info = Accounts()[1].info;
  int id = 1;
  for (const Change& change : plan.changes) {
    const std::string text = std::to_string(id++);
    live.owned[change.account].push_back({change.address, change.account, change.level, text,
                                          change.parent_address, "k/" + text, change.after});
    Entity entity{change.level, text, "", "", change.after};
    entity.fields["name"] = WithMarker(TextField(change.after, "name"), "k/" + text);
    live.trees[change.account].entities.push_back(entity);
  }
  return live;
}

TEST(CompilePlan, AppliedOnceThereIsNothingToDo) {
  const Plan plan = *CompilePlan(Document(), {}, kToday);
  const auto again = CompilePlan(Document(), Applied(plan), kToday);
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_TRUE(again->changes.empty());
}

TEST(CompilePlan, ADifferenceIsAnUpdateOfThatFieldOnly) {
  const LiveState live = Applied(*CompilePlan(Document(), {}, kToday));
  const auto plan =
      CompilePlan(Document(With("daily_budget: 200.00", "daily_budget: 180.00")), live, kToday);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->changes.size(), 1u);
  EXPECT_EQ(plan->changes[0].before.size(), 1u);
  EXPECT_EQ(plan->changes[0].before.at("daily_budget"),
            FieldValue(Money::Micros(200'000'000, kEur)));
  EXPECT_EQ(plan->changes[0].after.at("daily_budget"),
            FieldValue(Money::Micros(180'000'000, kEur)));
  EXPECT_FALSE(CompilePlan(Document(With("objective: sales", "objective: leads")), live, kToday));
}

TEST(CompilePlan, WhatLeftTheDocumentIsPausedNotRemoved) {
  LiveState live = Applied(*CompilePlan(Document(), {}, kToday));
  for (auto& [account, tree] : live.trees) {
    for (Entity& entity : tree.entities) entity.fields["status"] = std::string(kActive);
  }
  std::string text = kDocument;
  text.erase(text.find("  - channel: social"));
  const auto plan = CompilePlan(Document(text), live, kToday);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->changes.size(), 1u);
  EXPECT_EQ(plan->changes[0].address, "spring-trails/social");
  EXPECT_EQ(plan->changes[0].after.at("status"), FieldValue(std::string(kPaused)));
}

TEST(CompileActivation, AdsFirstCampaignsLastRejectedAdsNever) {
  LiveState live = Applied(*CompilePlan(Document(), {}, kToday));
  const auto plan = CompileActivation(Document(), live);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->changes.size(), 6u);
  EXPECT_EQ(plan->changes.front().level, Level::kAd);
  EXPECT_EQ(plan->changes.back().level, Level::kCampaign);
  for (Entity& entity : live.trees[kMeta].entities) {
    if (entity.level == Level::kAd) entity.fields["review_status"] = std::string("rejected");
  }
  const auto careful = CompileActivation(Document(), live);
  ASSERT_TRUE(careful);
  EXPECT_EQ(careful->changes.size(), 5u);
  EXPECT_EQ(careful->notes.size(), 1u);
  EXPECT_EQ(CompileActivation(Document(), {}).error().code, Errc::kNotFound);
}

TEST(Naming, BothWays) {
  const std::string name = CampaignName("Alpenglow", "search-brand", "Spring");
  EXPECT_EQ(ChannelOf(name), "search-brand");
  EXPECT_EQ(ChannelOf(WithMarker(name, "k/1")), "search-brand");
  EXPECT_EQ(ChannelOf("Summer sale"), "");
  EXPECT_EQ(Slug("Spring trails – 2026!"), "spring-trails-2026");
}

}  // namespace
}  // namespace maxopt
