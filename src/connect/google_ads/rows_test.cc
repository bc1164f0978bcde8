#include "connect/google_ads/rows.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "connect/google_ads/constants.h"
#include "json/json.h"

namespace maxopt::google_ads {
namespace {

nlohmann::json Parsed(const char* text) { return ParseExactJson(text).value(); }

TEST(Rows, ReadNumbersThatAreTextsAndTextsThatAreNumbers) {
  const auto row = Parsed(R"({"metrics":{"costMicros":"9223372036854775807","clicks":12,
                              "conversions":2.5,"share":"0.0999","none":null},"campaign":{"id":7}})");
  EXPECT_EQ(Integer(row, "metrics.costMicros").value(), 9223372036854775807LL);
  EXPECT_EQ(Integer(row, "metrics.clicks").value(), 12);
  EXPECT_EQ(Real(row, "metrics.conversions").value(), 2.5);
  EXPECT_EQ(Real(row, "metrics.share").value(), 0.0999);
  EXPECT_EQ(Integer(row, "metrics.none").value(), std::nullopt);
  EXPECT_EQ(Integer(row, "metrics.absent").value(), std::nullopt);
  EXPECT_EQ(Id(row, "campaign.id").value(), "7");
}

TEST(Rows, RefuseWhatIsNoNumberInsteadOfTakingZero) {
  const auto row = Parsed(R"({"a":"abc","b":1.5,"c":"9223372036854775808","d":true,"e":"",
                              "f":[1],"g":"NaN"})");
  for (const char* path : {"a", "b", "c", "d", "e", "f", "g"}) {
    ASSERT_FALSE(Integer(row, path)) << path;
    EXPECT_EQ(Integer(row, path).error().code, Errc::kBadAnswer) << path;
  }
  for (const char* path : {"a", "d", "e", "f", "g"}) EXPECT_FALSE(Real(row, path)) << path;
  EXPECT_FALSE(Id(row, "missing"));
  EXPECT_FALSE(Text(row, "f"));
}

TEST(Rows, AmountsKeepTheNumbersOwnText) {
  // 0.1 + 0.2 as a platform prints it, and a sum that no double holds exactly.
  const auto row = Parsed(R"({"a":0.30000000000000004,"b":123456789012.345678,"c":1.5E3,
                              "d":"19.99","e":7,"f":2.5e-7,"g":1e99,"h":"1e","i":-3.5})");
  EXPECT_EQ(Amount(row, "a", kEur).value(), Money::Micros(300'000, kEur));
  EXPECT_EQ(Amount(row, "b", kEur).value(), Money::Micros(123'456'789'012'345'678, kEur));
  EXPECT_EQ(Amount(row, "c", kEur).value(), Money::Micros(1'500'000'000, kEur));
  EXPECT_EQ(Amount(row, "d", kEur).value(), Money::Micros(19'990'000, kEur));
  EXPECT_EQ(Amount(row, "e", kEur).value(), Money::Micros(7'000'000, kEur));
  EXPECT_EQ(Amount(row, "f", kEur).value(), Money::Micros(0, kEur));
  EXPECT_FALSE(Amount(row, "g", kEur));
  EXPECT_FALSE(Amount(row, "h", kEur));
  EXPECT_EQ(Amount(row, "i", kEur).value(), Money::Micros(-3'500'000, kEur));
}

TEST(Rows, ExponentsBecomePlainDigits) {
  const std::pair<const char*, const char*> cases[] = {
      {"12", "12"},         {"1.25E3", "1250"},        {"1.25e+1", "12.5"}, {"5e-7", "0.0000005"},
      {"-1.5e-1", "-0.15"}, {"123.456e-2", "1.23456"}, {"1e0", "1"},        {"9.99e2", "999"},
  };
  for (const auto& [number, plain] : cases) EXPECT_EQ(WithoutExponent(number), plain) << number;
  EXPECT_EQ(WithoutExponent("1e41"), std::nullopt);
  EXPECT_EQ(WithoutExponent("1e-41"), std::nullopt);
  EXPECT_EQ(WithoutExponent("1e"), std::nullopt);
  EXPECT_EQ(WithoutExponent("1e5x"), std::nullopt);
}

TEST(Rows, TextsForQueriesCannotBreakOut) {
  EXPECT_EQ(Quoted("Joe's \\ shop"), "'Joe\\'s \\\\ shop'");
  EXPECT_EQ(LikeEscaped("50% off_[new]"), "50[%] off[_][[]new[]]");
  EXPECT_EQ(LikeEscaped(" ~abc0123456"), " ~abc0123456");
}

TEST(Rows, IdsOfResourceNames) {
  EXPECT_EQ(LastId("customers/1/campaigns/22"), "22");
  EXPECT_EQ(LastId("customers/1/adGroupAds/22~333"), "333");
  EXPECT_EQ(LastId("333"), "333");
  EXPECT_EQ(LastId("customers/1/campaigns/"), "");
  EXPECT_EQ(LastId("customers/1/campaigns/-2"), "");
  EXPECT_EQ(LastId(""), "");
}

TEST(Constants, CountriesAreIsoNumericPlusTwoThousand) {
  EXPECT_EQ(GeoTargetOf("DE"), "geoTargetConstants/2276");
  EXPECT_EQ(GeoTargetOf("US"), "geoTargetConstants/2840");
  EXPECT_EQ(GeoTargetOf("AF"), "geoTargetConstants/2004");
  EXPECT_EQ(GeoTargetOf("ZW"), "geoTargetConstants/2716");
  EXPECT_EQ(GeoTargetOf("de"), std::nullopt);
  EXPECT_EQ(GeoTargetOf("EU"), std::nullopt);
  EXPECT_EQ(GeoTargetOf(""), std::nullopt);
  EXPECT_EQ(CountryOf("geoTargetConstants/2276"), "DE");
  EXPECT_EQ(CountryOf("2276"), "DE");
  EXPECT_EQ(CountryOf("geoTargetConstants/1003854"), "geoTargetConstants/1003854");
}

TEST(Constants, EveryCountryComesBackAndCodesAreUnique) {
  int known = 0;
  for (char a = 'A'; a <= 'Z'; ++a) {
    for (char b = 'A'; b <= 'Z'; ++b) {
      const std::string code{a, b};
      const auto target = GeoTargetOf(code);
      if (!target) continue;
      ++known;
      EXPECT_EQ(CountryOf(*target), code);
    }
  }
  EXPECT_EQ(known, 249);  // ISO 3166-1
}

TEST(Constants, Languages) {
  EXPECT_EQ(LanguageConstantOf("en"), "languageConstants/1000");
  EXPECT_EQ(LanguageConstantOf("de"), "languageConstants/1001");
  EXPECT_EQ(LanguageConstantOf("xx"), std::nullopt);
  EXPECT_EQ(LanguageOf("languageConstants/1003"), "es");
  EXPECT_EQ(LanguageOf("languageConstants/1018"), "languageConstants/1018");
}

}  // namespace
}  // namespace maxopt::google_ads
