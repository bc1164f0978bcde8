#include "domain/entity.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "domain/metric.h"

namespace maxopt {
namespace {

TEST(Platform, EveryNameIsFound) {
  for (const Platform platform :
       {Platform::kGoogleAds, Platform::kMeta, Platform::kTikTok, Platform::kMicrosoft,
        Platform::kLinkedIn, Platform::kAmazon, Platform::kPinterest, Platform::kSnapchat,
        Platform::kReddit, Platform::kX, Platform::kOther}) {
    EXPECT_EQ(FindPlatform(PlatformName(platform)).value(), platform);
  }
  EXPECT_EQ(FindPlatform("facebook_ads").value(), Platform::kMeta);
  EXPECT_EQ(FindPlatform("twitter_ads").value(), Platform::kX);
  const auto unknown = FindPlatform("Meta");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().what.find("known are google_ads, meta, tiktok"), std::string::npos);
}

TEST(Level, EveryNameIsFound) {
  for (const Level level :
       {Level::kAccount, Level::kCampaign, Level::kAdGroup, Level::kAd, Level::kAsset}) {
    EXPECT_EQ(FindLevel(LevelName(level)).value(), level);
  }
  EXPECT_FALSE(FindLevel("adset").has_value());
  EXPECT_FALSE(FindLevel("").has_value());
}

TEST(Breakdown, EveryNameIsFound) {
  for (const Breakdown breakdown :
       {Breakdown::kNone, Breakdown::kDevice, Breakdown::kCountry, Breakdown::kPlacement,
        Breakdown::kAgeGender, Breakdown::kKeyword, Breakdown::kSearchTerm, Breakdown::kAudience,
        Breakdown::kCreative}) {
    EXPECT_EQ(FindBreakdown(BreakdownName(breakdown)).value(), breakdown);
  }
  EXPECT_FALSE(FindBreakdown("gender").has_value());
}

TEST(Account, PrintsAsOneWord) {
  const AccountId account{Platform::kGoogleAds, "1234567890"};
  EXPECT_EQ(PrintAccount(account), "google_ads/1234567890");
  EXPECT_EQ(*ParseAccount("google_ads/1234567890"), account);
  for (const char* bad : {"", "google_ads", "google_ads/", "/1", "nowhere/1"}) {
    EXPECT_EQ(ParseAccount(bad).error().code, Errc::kInvalidArgument) << bad;
  }
}

TEST(FieldCatalogue, IsConsistent) {
  std::set<std::string_view> names;
  for (const FieldSpec& spec : FieldCatalogue()) {
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name << " is described twice";
    EXPECT_FALSE(spec.levels.empty()) << spec.name;
    EXPECT_EQ(spec.levels.find_first_not_of("cgasv"), std::string_view::npos) << spec.name;
    EXPECT_FALSE(spec.meaning.empty()) << spec.name;
  }
  EXPECT_TRUE(names.contains("name"));
  EXPECT_TRUE(names.contains("status"));
}

TEST(CheckFields, TakesWhatTheCatalogueSays) {
  EXPECT_TRUE(CheckFields(Level::kCampaign, {}).has_value());
  EXPECT_TRUE(CheckFields(Level::kCampaign, {{"name", std::string("Spring")},
                                             {"status", std::string(kPaused)},
                                             {"daily_budget", Money::Micros(1, kEur)}})
                  .has_value());
}

TEST(CheckFields, RefusesAndSaysWhy) {
  struct Case {
    Level level;
    Fields fields;
    std::string_view says;
  };
  const Case cases[] = {
      {Level::kCampaign, {{"budget", Money::Micros(1, kEur)}}, "never sent"},
      {Level::kCampaign, {{"colour", std::string("red")}}, "\"colour\" is not known"},
      {Level::kAd, {{"daily_budget", Money::Micros(1, kEur)}}, "does not belong to a ad"},
      {Level::kCampaign, {{"daily_budget", std::int64_t{50}}}, "must be an amount of money"},
      {Level::kCampaign, {{"daily_budget", std::string("50")}}, "must be an amount of money"},
      {Level::kCampaign, {{"status", true}}, "must be a text"},
      {Level::kCampaign, {{"daily_budget", Money::Zero(kEur)}}, "must be above zero"},
      {Level::kCampaign, {{"daily_budget", Money::Micros(-1, kEur)}}, "-0.000001 EUR"},
  };
  for (const Case& c : cases) {
    const auto checked = CheckFields(c.level, c.fields);
    ASSERT_FALSE(checked.has_value()) << c.says;
    EXPECT_EQ(checked.error().code, Errc::kInvalidArgument);
    EXPECT_NE(checked.error().what.find(c.says), std::string::npos) << checked.error().what;
  }
}

TEST(TextField, IsEmptyWhenAbsentOrNotText) {
  const Fields fields = {{"name", std::string("Spring")}, {"eu_political", true}};
  EXPECT_EQ(TextField(fields, "name"), "Spring");
  EXPECT_EQ(TextField(fields, "status"), "");
  EXPECT_EQ(TextField(fields, "eu_political"), "");
}

TEST(SameField, SetsHaveNoOrderAndTextsDo) {
  using List = std::vector<std::string>;
  EXPECT_TRUE(SameField("countries", List{"DE", "AT"}, List{"AT", "DE"}));
  EXPECT_TRUE(SameField("keywords", List{"exact:a", "exact:a"}, List{"exact:a"}));
  EXPECT_FALSE(SameField("countries", List{"DE"}, List{"DE", "AT"}));
  EXPECT_FALSE(SameField("headlines", List{"a", "b"}, List{"b", "a"}));
  EXPECT_TRUE(SameField("headlines", List{"a", "b"}, List{"a", "b"}));
  EXPECT_FALSE(SameField("name", std::string("a"), List{"a"}));
  EXPECT_FALSE(SameField("daily_budget", Money::Micros(1, kEur), Money::Micros(1, kUsd)));
}

}  // namespace
}  // namespace maxopt
