#include <gtest/gtest.h>

#include "connect/tiktok/client.h"

namespace maxopt::tiktok {
namespace {

using List = std::vector<std::string>;

TEST(Dayparting, ADigitForEveryHalfHourMondayFirst) {
  const std::string week = DaypartingOf({"mon 01:00-02:00", "sun 23:00-24:00"}).value();
  ASSERT_EQ(week.size(), 336u);
  // Monday's second hour is the third and the fourth digit; Sunday's last is the end.
  EXPECT_EQ(week.substr(0, 5), "00110");
  EXPECT_EQ(week.substr(331), "00011");
  EXPECT_EQ(std::count(week.begin(), week.end(), '1'), 4);
  // Tuesday begins at 48.
  EXPECT_EQ(DaypartingOf({"tue 00:00-24:00"}).value().find('1'), 48u);
  EXPECT_EQ(DaypartingOf({"tue 00:00-24:00"}).value().rfind('1'), 95u);
  // Over midnight: Friday 22 to Saturday 2 is 8 half hours from 4 * 48 + 44.
  const std::string night = DaypartingOf({"fri 22:00-02:00"}).value();
  EXPECT_EQ(night.find('1'), 236u);
  EXPECT_EQ(night.rfind('1'), 243u);
}

TEST(Dayparting, IsToldInSpansOfADay) {
  EXPECT_EQ(DaypartsOf(DaypartingOf({"fri 22:00-02:00", "mon-tue 08:00-20:00"}).value()).value(),
            (List{"mon 08:00-20:00", "tue 08:00-20:00", "fri 22:00-24:00", "sat 00:00-02:00"}));
  EXPECT_EQ(DaypartsOf("").value(), List{});
  EXPECT_EQ(DaypartsOf(std::string(336, '0')).value(), List{});
  EXPECT_EQ(DaypartsOf(std::string(336, '1')).value(), List{});
}

TEST(Dayparting, HalfHoursOfPeopleAreToldAndTakenBack) {
  std::string week(336, '0');
  week[17] = week[18] = week[19] = '1';  // Monday 08:30 to 10:00
  const List told = DaypartsOf(week).value();
  EXPECT_EQ(told, List{"mon 08:30-10:00"});
  EXPECT_EQ(DaypartingOf(told).value(), week);
}

TEST(Dayparting, NoneIsAlwaysAndTheWholeWeekIsRefused) {
  EXPECT_EQ(DaypartingOf({}).value(), std::string(336, '1'));
  EXPECT_FALSE(DaypartingOf({"all 00:00-24:00"}));
  for (const char* bad : {"", "mon", "mon 8-20", "mon 08:15-20:00", "moon 08:00-20:00",
                          "mon 08:00-08:00", "mon 20:30-08:30", "mon 08:30-25:00"}) {
    const auto week = DaypartingOf({bad});
    ASSERT_FALSE(week) << bad;
    EXPECT_EQ(week.error().code, Errc::kInvalidArgument) << bad;
  }
  for (const std::string& bad : {std::string("01"), std::string(336, '2'), std::string(335, '1')}) {
    EXPECT_EQ(DaypartsOf(bad).error().code, Errc::kBadAnswer) << bad;
  }
}

}  // namespace
}  // namespace maxopt::tiktok
