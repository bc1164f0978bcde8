#include <gtest/gtest.h>

#include <random>

#include "stages/setup/tracking/tracking.h"

namespace maxopt {
namespace {

const TrackingMacros kGoogle = {{"campaign_id", "{campaignid}"}, {"ad_group_id", "{adgroupid}"},
                                {"ad_id", "{creative}"},         {"keyword", "{keyword}"},
                                {"match_type", "{matchtype}"},   {"placement", "{placement}"}};
const TrackingMacros kMeta = {{"campaign_id", "{{campaign.id}}"},
                              {"ad_group_id", "{{adset.id}}"},
                              {"ad_id", "{{ad.id}}"},
                              {"placement", "{{placement}}"}};
const TrackingMacros kTikTok = {{"campaign_id", "__CAMPAIGN_ID__"},
                                {"ad_group_id", "__AID__"},
                                {"ad_id", "__CID__"},
                                {"placement", "__PLACEMENT__"}};

UtmValues Values() {
  return {.client = "Alpenglow",
          .campaign = "Spring trails",
          .package = "search-brand",
          .ad_group = "Brand",
          .ad = "Brand v1",
          .channel_type = "search"};
}

TEST(UtmTest, MacrosStayAsThePlatformWritesThem) {
  const std::string utm =
      "utm_source={source}&utm_medium={medium}&utm_campaign={campaign}"
      "&utm_content={channel}.{ad}&utm_id={campaign_id}&mx={ad_group_id}|{ad_id}";
  const auto google = MakeUrlTags(utm, Platform::kGoogleAds, Values(), kGoogle);
  ASSERT_TRUE(google) << google.error().what;
  EXPECT_EQ(google->text,
            "utm_source=google&utm_medium=cpc&utm_campaign=spring-trails"
            "&utm_content=search-brand.brand-v1&utm_id={campaignid}&mx={adgroupid}%7C{creative}");
  EXPECT_EQ(google->channel_group, "Paid Search");
  EXPECT_TRUE(google->notes.empty());
  UtmValues social = Values();
  social.channel_type = "social";
  const auto meta = MakeUrlTags(utm, Platform::kMeta, social, kMeta);
  ASSERT_TRUE(meta);
  EXPECT_EQ(
      meta->text,
      "utm_source=facebook&utm_medium=paid_social&utm_campaign=spring-trails"
      "&utm_content=search-brand.brand-v1&utm_id={{campaign.id}}&mx={{adset.id}}%7C{{ad.id}}");
  EXPECT_EQ(meta->channel_group, "Paid Social");
  const auto tiktok = MakeUrlTags(utm, Platform::kTikTok, social, kTikTok);
  ASSERT_TRUE(tiktok);
  EXPECT_NE(tiktok->text.find("utm_id=__CAMPAIGN_ID__&mx=__AID__%7C__CID__"), std::string::npos);
}

TEST(UtmTest, ValuesAreLowerCaseAndEncoded) {
  UtmValues values = Values();
  values.campaign = "Früh & SPÄT: 20 %";
  const auto tags = MakeUrlTags(
      "UTM_Source={source}&utm_medium={medium}&utm_campaign={campaign}&utm_term=Élan%20A+B",
      Platform::kGoogleAds, values, kGoogle);
  ASSERT_TRUE(tags) << tags.error().what;
  EXPECT_EQ(tags->text,
            "utm_source=google&utm_medium=cpc&utm_campaign=fr%C3%BCh-sp%C3%A4t-20"
            "&utm_term=%C3%A9lan%20a%20b");
}

TEST(UtmTest, Slugs) {
  const std::pair<const char*, const char*> cases[] = {{"Spring trails", "spring-trails"},
                                                       {"  A  --  b_c ", "a-b_c"},
                                                       {"ÄÖÜ ŠŽ Ÿ", "äöü-šž-ÿ"},
                                                       {"ΑΒΓ", "αβγ"},
                                                       {"ЯЁ", "яё"},
                                                       {"夏のセール", "夏のセール"},
                                                       {"🔥 hot 🔥", "hot"},
                                                       {"!!!", ""},
                                                       {"a\xff"
                                                        "b",
                                                        "a-b"},
                                                       {"a.b|c", "a-b-c"}};
  for (const auto& [name, slug] : cases) EXPECT_EQ(UtmSlug(name), slug) << name;
}

TEST(UtmTest, WhatAPlatformCannotFillInIsLeftOutWithANote) {
  const auto tags = MakeUrlTags(DefaultUtmTemplate("search"), Platform::kMeta, Values(), kMeta);
  ASSERT_TRUE(tags) << tags.error().what;
  EXPECT_EQ(tags->text.find("utm_term"), std::string::npos);
  ASSERT_EQ(tags->notes.size(), 2u);
  EXPECT_EQ(tags->notes[0], "utm_term is left out: meta has no macro for {keyword}");
}

TEST(UtmTest, RefusesWhatWouldBreakAttribution) {
  const std::string base = "utm_source={source}&utm_medium={medium}&utm_campaign={campaign}";
  const std::pair<std::string, std::string> cases[] = {
      {"", "empty"},
      {"utm_source", "name=value"},
      {base + "&utm_term=", "name=value"},
      {base + "&utm_term={keywrod}", "{keywrod} is not known; known are {platform}"},
      {base + "&utm_term={{ad.id}}", "no placeholder"},
      {base + "&utm_term={ad_id", "no placeholder"},
      {base + "&utm_term=ad}", "without its {"},
      {base + "&utm_term=%zz", "%"},
      {base + "&utm-term=a", "a-z"},
      {base + "&UTM_SOURCE=a", "twice"},
      {base + "&gclid=abc", "never by hand"},
      {base + "&TTCLID={ad_id}", "never by hand"},
      {base + "&maxopt_probe=1", "never by hand"},
      {base + "&utm_content={package}{ad}", "mark that names cannot hold"},
      {base + "&utm_content={package}-{ad}", "mark that names cannot hold"},
      {base + "&utm_content=" + std::string(1100, 'x'), "bytes long"},
      {base + "&utm_content=" + std::string(9000, 'x'), "longer than"},
      {"utm_source={source}&utm_medium={medium}", "sets no utm_campaign"},
      {"utm_medium={medium}&utm_campaign=a", "sets no utm_source"},
      {"utm_source={match_type}&utm_medium={medium}&utm_campaign=a", "cannot fill in"},
      {"utm_source={source}&utm_medium=social&utm_campaign=a", "GA4 would not show"},
      {"utm_source={source}&utm_medium=email&utm_campaign=a", "GA4 would not show"},
  };
  for (const auto& [utm, what] : cases) {
    const auto tags = MakeUrlTags(utm, Platform::kTikTok, Values(), kTikTok);
    ASSERT_FALSE(tags) << utm;
    EXPECT_EQ(tags.error().code, Errc::kInvalidArgument);
    EXPECT_NE(tags.error().what.find(what), std::string::npos) << tags.error().what;
  }
  std::string many = base;
  for (int i = 0; i < 40; ++i) many += "&p" + std::to_string(i) + "=1";
  EXPECT_FALSE(MakeUrlTags(many, Platform::kTikTok, Values(), kTikTok));
  UtmValues unnamed = Values();
  unnamed.campaign = "!!!";
  const auto tags = MakeUrlTags(base, Platform::kMeta, unnamed, kMeta);
  ASSERT_FALSE(tags);
  EXPECT_NE(tags.error().what.find("no letter or digit"), std::string::npos);
}

TEST(UtmTest, EveryPlatformAndChannelIsPaidInGa4) {
  const Platform platforms[] = {Platform::kGoogleAds, Platform::kMeta,     Platform::kTikTok,
                                Platform::kMicrosoft, Platform::kLinkedIn, Platform::kAmazon,
                                Platform::kPinterest, Platform::kSnapchat, Platform::kReddit,
                                Platform::kX,         Platform::kOther};
  const char* channels[] = {"",           "search", "display", "video", "performance_max",
                            "demand_gen", "social"};
  for (const Platform platform : platforms) {
    for (const char* channel : channels) {
      UtmValues values = Values();
      values.channel_type = channel;
      const auto tags = MakeUrlTags(DefaultUtmTemplate(channel), platform, values, {});
      ASSERT_TRUE(tags) << PlatformName(platform) << channel << tags.error().what;
      EXPECT_FALSE(tags->channel_group.empty());
    }
  }
}

TEST(UtmTest, Ga4Groups) {
  struct Case {
    const char *source, *medium, *campaign, *group;
  };
  const Case cases[] = {
      {"google", "cpc", "spring", "Paid Search"},
      {"google", "cpm", "spring", "Paid Search"},  // "cp" wins over Display
      {"google", "display", "spring", "Display"},
      {"youtube", "paid_video", "spring", "Paid Video"},
      {"facebook", "paid_social", "spring", "Paid Social"},
      {"facebook", "paid_social", "shop-visitors", "Paid Shopping"},
      {"facebook", "paid_social", "workshops", "Paid Social"},  // k before shop
      {"facebook", "paid_social", "eshop", "Paid Shopping"},
      {"facebook", "social", "spring", ""},
      {"google", "cpc", "cross-network", "Cross-network"},
      {"newsletter", "cpc", "spring", "Paid Other"},
      {"amazon", "cpc", "spring", "Paid Shopping"},
      {"google", "organic", "spring", ""},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Ga4ChannelGroup(c.source, c.medium, c.campaign), c.group)
        << c.source << "/" << c.medium << "/" << c.campaign;
  }
  UtmValues values = Values();
  values.campaign = "Shop visitors";
  const auto tags = MakeUrlTags(DefaultUtmTemplate("social"), Platform::kMeta, values, kMeta);
  ASSERT_TRUE(tags);
  ASSERT_EQ(tags->notes.size(), 1u);
  EXPECT_EQ(tags->notes[0], "GA4 will show these visits as Paid Shopping, not as Paid Social");
}

TEST(UtmTest, TagsJoinTheLandingUrl) {
  const UrlTags tags{
      .text = "utm_source=google&utm_id={campaignid}", .notes = {}, .channel_group = ""};
  const std::pair<const char*, const char*> cases[] = {
      {"https://a.example", "https://a.example/?utm_source=google&utm_id={campaignid}"},
      {"https://a.example?x=1", "https://a.example/?x=1&utm_source=google&utm_id={campaignid}"},
      {"https://a.example/p?x=1#top",
       "https://a.example/p?x=1&utm_source=google&utm_id={campaignid}#top"},
      {"https://a.example/p?", "https://a.example/p?utm_source=google&utm_id={campaignid}"},
  };
  for (const auto& [landing, url] : cases) {
    const auto joined = UrlWithTags(landing, tags);
    ASSERT_TRUE(joined) << joined.error().what;
    EXPECT_EQ(*joined, url);
  }
  for (const char* bad :
       {"", "alpenglow.example", "ftp://a.example/", "https://a.example/?utm_source=x",
        "https://a.example/?UTM_TERM=x", "https://a.example/?gclid=1", "javascript:alert(1)"}) {
    EXPECT_FALSE(UrlWithTags(bad, tags)) << bad;
  }
  EXPECT_FALSE(UrlWithTags("https://a.example/" + std::string(2048, 'p'), tags));
  const auto visit = ExampleVisit("https://a.example/p#top", tags, kGoogle, "gclid");
  ASSERT_TRUE(visit);
  EXPECT_EQ(*visit,
            "https://a.example/p?utm_source=google&utm_id=test-campaign_id"
            "&gclid=maxopt-test-click#top");
}

TEST(UtmTest, ReadsAVisitBack) {
  const auto visit = ParseUrlTags(
      "https://a.example/?utm_source=facebook&utm_medium=paid_social&utm_campaign=spring-trails"
      "&utm_content=social.outdoor.dawn&utm_id=2385&fbclid=IwX&color=red&utm_source=again");
  ASSERT_TRUE(visit) << visit.error().what;
  EXPECT_EQ(visit->platform, Platform::kMeta);
  EXPECT_EQ(visit->utm.at("utm_source"), "facebook");
  EXPECT_EQ(visit->click_ids.at("fbclid"), "IwX");
  EXPECT_EQ(visit->others.at("color"), "red");
  EXPECT_EQ(visit->parts.at("campaign"), "spring-trails");
  EXPECT_EQ(visit->parts.at("package"), "social");
  EXPECT_EQ(visit->parts.at("ad_group"), "outdoor");
  EXPECT_EQ(visit->parts.at("ad"), "dawn");
  EXPECT_EQ(visit->parts.at("campaign_id"), "2385");
  // Another grammar's visit maps to nothing, and is not an error.
  const auto other = ParseUrlTags("https://a.example?utm_source=newsletter&utm_content=a");
  ASSERT_TRUE(other);
  EXPECT_TRUE(other->parts.empty());
  EXPECT_EQ(other->platform, std::nullopt);
  const auto click = ParseUrlTags("https://a.example?gclid=x");
  ASSERT_TRUE(click);
  EXPECT_EQ(click->platform, Platform::kGoogleAds);
  EXPECT_FALSE(ParseUrlTags("https://a.example/?a=%zz"));
}

// Whatever people call things, a visit leads back to campaign, package, ad group and ad.
TEST(UtmTest, RoundTripOfAnyNames) {
  std::mt19937_64 random(20261122);
  const std::vector<std::string> letters = {"a",  "Z", "9", " ",  "-", "_",  ".",  "|",   "&", "=",
                                            "%",  "{", "}", "#",  "?", "+",  "ä",  "Ö",   "ß", "Я",
                                            "夏", "🔥", "'", "\"", "/", "\\", "\n", "\xff"};
  const auto name = [&] {
    std::string out;
    const auto length = 2 + random() % 12;
    for (std::uint64_t i = 0; i < length; ++i) out += letters[random() % letters.size()];
    return out;
  };
  const std::string templates[] = {
      "",
      "utm_source={platform}&utm_medium=cpc&utm_campaign={campaign}"
      "&utm_content={package}|{ad_group}|{ad}",
      "utm_source={source}&utm_medium={medium}&utm_campaign=x~{campaign}~{package}-y"
      "&mx=a{ad_group}&utm_content={ad}:{ad_id}"};
  const std::tuple<Platform, const TrackingMacros*> platforms[] = {
      {Platform::kGoogleAds, &kGoogle}, {Platform::kMeta, &kMeta}, {Platform::kTikTok, &kTikTok}};
  int mapped = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string& utm = templates[random() % 3];
    const auto& [platform, macros] = platforms[random() % 3];
    UtmValues values{.client = "c",
                     .campaign = name(),
                     .package = name(),
                     .ad_group = name(),
                     .ad = name(),
                     .channel_type = "social"};
    const auto tags =
        MakeUrlTags(utm.empty() ? DefaultUtmTemplate("") : utm, platform, values, *macros);
    const bool nameless = UtmSlug(values.campaign).empty() || UtmSlug(values.package).empty() ||
                          UtmSlug(values.ad_group).empty() || UtmSlug(values.ad).empty();
    ASSERT_EQ(tags.has_value(), !nameless) << (tags ? tags->text : tags.error().what);
    if (!tags) continue;
    const auto url = ExampleVisit("https://a.example/p?x=1", *tags, *macros, "");
    ASSERT_TRUE(url) << url.error().what;
    const auto visit = ParseUrlTags(*url, utm);
    ASSERT_TRUE(visit) << visit.error().what;
    ASSERT_EQ(visit->parts.at("campaign"), UtmSlug(values.campaign)) << *url;
    ASSERT_EQ(visit->parts.at("package"), UtmSlug(values.package)) << *url;
    ASSERT_EQ(visit->parts.at("ad_group"), UtmSlug(values.ad_group)) << *url;
    ASSERT_EQ(visit->parts.at("ad"), UtmSlug(values.ad)) << *url;
    ASSERT_EQ(visit->platform, platform);
    ++mapped;
  }
  EXPECT_GT(mapped, 5'000);
}

}  // namespace
}  // namespace maxopt
