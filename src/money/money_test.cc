#include "money/money.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace maxopt {
namespace {

TEST(Money, ParsesAndPrints) {
  EXPECT_EQ(PrintMoney(ParseMoney("58705.23", kEur).value()), "58705.23 EUR");
  EXPECT_EQ(PrintMoney(ParseMoney("5000", kJpy).value()), "5000 JPY");
  EXPECT_EQ(PrintMoney(ParseMoney("-0.5", kEur).value()), "-0.50 EUR");
  EXPECT_EQ(PrintMoney(Money::Micros(1, kEur)), "0.000001 EUR");
}

}  // namespace
}  // namespace maxopt
