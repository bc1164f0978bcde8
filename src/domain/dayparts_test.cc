#include "domain/dayparts.h"

#include <gtest/gtest.h>

#include "domain/entity.h"

namespace maxopt {
namespace {

using List = std::vector<std::string>;

TEST(Dayparts, AreTheHoursOfAWeek) {
  //            written                           hours  told
  const struct {
    List written;
    std::size_t hours;
    List told;
  } cases[] = {
      {{}, 0, {}},
      {{"mon 08:00-20:00"}, 12, {"mon 08:00-20:00"}},
      {{"sun 00:00-24:00"}, 24, {"sun 00:00-24:00"}},
      {{"sun 23:00-00:00"}, 1, {"sun 23:00-24:00"}},
      {{"fri 22:00-02:00"}, 4, {"fri 22:00-24:00", "sat 00:00-02:00"}},
      {{"sun 22:00-02:00"}, 4, {"mon 00:00-02:00", "sun 22:00-24:00"}},
      {{"mon-wed 09:00-10:00"}, 3, {"mon 09:00-10:00", "tue 09:00-10:00", "wed 09:00-10:00"}},
      {{"sat-mon 09:00-10:00"}, 3, {"mon 09:00-10:00", "sat 09:00-10:00", "sun 09:00-10:00"}},
      {{"tue 10:00-12:00", "tue 08:00-10:00", "tue 11:00-13:00"}, 5, {"tue 08:00-13:00"}},
  };
  for (const auto& c : cases) {
    const auto week = ParseDayparts(c.written);
    ASSERT_TRUE(week) << week.error().what;
    EXPECT_EQ(week->count(), c.hours);
    EXPECT_EQ(PrintDayparts(*week), c.told);
    EXPECT_EQ(ParseDayparts(c.told).value(), *week);
  }
  EXPECT_EQ(ParseDayparts({"all 00:00-24:00"}).value().count(), 168u);
}

TEST(Dayparts, NonsenseIsNamed) {
  for (const char* entry :
       {"", "mon", "monday 08:00-20:00", "mon 08:30-20:00", "mon 08:00-25:00", "mon 24:00-02:00",
        "mon 08:00-08:00", "mon 8:00-20:00", "mon 08:00", "mon 08:00-20:00 ", "mon-xyz 08:00-09:00",
        "mon  08:00-20:00", "mon ab:00-20:00"}) {
    const auto week = ParseDayparts({entry});
    ASSERT_FALSE(week) << entry;
    EXPECT_EQ(week.error().code, Errc::kInvalidArgument);
    EXPECT_NE(week.error().what.find(std::string("\"") + entry + "\""), std::string::npos);
  }
}

TEST(Dayparts, AreTheSameFieldWhenTheHoursAre) {
  EXPECT_TRUE(
      SameField("dayparts", List{"fri 22:00-02:00"}, List{"sat 00:00-02:00", "fri 22:00-24:00"}));
  EXPECT_FALSE(SameField("dayparts", List{"fri 22:00-02:00"}, List{"fri 22:00-24:00"}));
  EXPECT_FALSE(SameField("dayparts", List{"nonsense"}, List{"fri 22:00-24:00"}));
}

}  // namespace
}  // namespace maxopt
