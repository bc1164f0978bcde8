#include "domain/change.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace maxopt {
namespace {

TEST(Marker, IsFixedByTheKeyAlone) {
  // SHA-256 of "abc" begins ba7816bf 8f01cfea; those 64 bits are written in base 36 from the low
  // end, worked out apart from this code. A change here would orphan every object made so
  // far, because it is by its mark that an object is found again.
  EXPECT_EQ(MarkerOf("abc"), " ~6xsaf0fva1");
  EXPECT_EQ(RequestIdOf("abc"), "6718257250126850037");
}

TEST(Marker, HasTheShapeEveryPlatformTakesInAName) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const std::string marker = MarkerOf("plan-1/" + std::to_string(i));
    ASSERT_EQ(marker.size(), 12U);
    ASSERT_TRUE(marker.starts_with(" ~"));
    ASSERT_EQ(marker.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz", 2),
              std::string::npos);
    seen.insert(marker);
  }
  EXPECT_EQ(seen.size(), 10'000U);
}

TEST(Marker, GoesOnOnceAndComesOff) {
  for (const std::string_view name : {"", "Spring", "Größe ~ 3", "a ~0123456789", " ~", "x ~short",
                                      "tilde at end ~", "A ~ABCDEFGHIJ"}) {
    const std::string marked = WithMarker(name, "key");
    EXPECT_EQ(marked, std::string(name) + MarkerOf("key"));
    EXPECT_EQ(WithMarker(marked, "key"), marked);
    EXPECT_EQ(WithoutMarker(marked), name);
  }
  EXPECT_EQ(WithoutMarker("Spring ~0123456789"), "Spring");
  EXPECT_EQ(WithoutMarker("Spring ~012345678"), "Spring ~012345678");
  EXPECT_EQ(WithoutMarker("Spring ~012345678A"), "Spring ~012345678A");
  EXPECT_EQ(WithoutMarker("Spring"), "Spring");
  EXPECT_EQ(WithoutMarker(""), "");
}

TEST(RequestId, IsAPositive63BitNumber) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = RequestIdOf(std::to_string(i));
    const std::int64_t number = std::stoll(id);  // throws beyond 63 bits
    ASSERT_GT(number, 0);
    ASSERT_EQ(std::to_string(number), id);
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 10'000U);
}

TEST(Prediction, IsSaidWithWhatItIsCountedIn) {
  const Prediction money{"revenue", 12.345, -1, 20, 7, kEur}, count{"conversions", -0.5, -2, 1, 7};
  EXPECT_EQ(EffectText(money), "+12.35 EUR of revenue a day (90 %: -1.00 to +20.00)");
  EXPECT_EQ(KpiText(money), "revenue (EUR)");
  EXPECT_EQ(EffectText(count), "-0.50 conversions a day (90 %: -2.00 to +1.00)");
  EXPECT_EQ(KpiText(count), "conversions");
  EXPECT_EQ(KpiUnit("conversions", kEur), "conversions");
}

}  // namespace
}  // namespace maxopt
