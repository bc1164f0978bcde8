#include "domain/fx.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

const Currency kChf = *FindCurrency("CHF");
const Day kDay = *ParseDay("2026-03-06");

Money Of(std::string_view decimal, Currency currency) { return *ParseMoney(decimal, currency); }
FxRate Rate(Currency from, Currency to, std::string rate, const char* day = "2026-03-05") {
  return {*ParseDay(day), from, to, std::move(rate), "bank.csv"};
}
std::string What(std::vector<FxRate> rates) {
  const auto found = FxRates(std::move(rates), kDay).Find(kChf, kEur);
  return found ? "fine" : found.error().what;
}

TEST(FxRates, ConvertsExactlyAndUpToTheMicro) {
  const FxRates rates({Rate(kChf, kEur, "1.0412")}, kDay);
  const auto into = rates.Find(kChf, kEur);
  ASSERT_TRUE(into) << into.error().what;
  EXPECT_EQ(*Convert(Of("100", kChf), *into), Of("104.12", kEur));
  EXPECT_EQ(*Convert(Of("0.000001", kChf), *into), Of("0.000002", kEur));
  EXPECT_EQ(*Convert(Of("-0.000001", kChf), *into), Of("-0.000001", kEur));
  // Out of it: 104.12 / 1.0412 = 100 exactly, and 1 / 1.0412 = 0.96043027...
  const auto out = rates.Find(kEur, kChf);
  ASSERT_TRUE(out) << out.error().what;
  EXPECT_TRUE(out->inverted);
  EXPECT_EQ(*Convert(Of("104.12", kEur), *out), Of("100", kChf));
  EXPECT_EQ(*Convert(Of("1", kEur), *out), Of("0.960431", kChf));
  EXPECT_EQ(PrintExchange(*out), "1 CHF = 1.0412 EUR (rate of 2026-03-05, bank.csv)");
  // One currency is not converted; another than the rate's is refused.
  EXPECT_EQ(*Convert(Of("5", kEur), *rates.Find(kEur, kEur)), Of("5", kEur));
  EXPECT_FALSE(Convert(Of("5", kUsd), *into));
  const FxRates huge({Rate(kChf, kEur, "1000000")}, kDay);
  EXPECT_NE(Convert(Of("1000000", kChf), *huge.Find(kChf, kEur))
                .error()
                .what.find("1000000.00 CHF in EUR is beyond what can be counted"),
            std::string::npos);
}

TEST(FxRates, TheNewestOfTheDayOrBeforeItHoldsAndItsAgeIsSaid) {
  const FxRates rates(
      {Rate(kChf, kEur, "1.1", "2026-03-07"), Rate(kChf, kEur, "1.02", "2026-02-26"),
       Rate(kChf, kEur, "1.01", "2026-02-25"), Rate(kUsd, kEur, "0.9")},
      kDay);
  const auto found = rates.Find(kChf, kEur);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->rate->rate, "1.02");
  EXPECT_EQ(found->age_days, 8);
  EXPECT_EQ(rates.all().size(), 2u);
  EXPECT_EQ(ExchangeNote(*found, 8),
            "amounts in CHF are converted to EUR at 1 CHF = 1.02 EUR (rate of 2026-02-26, "
            "bank.csv)");
  EXPECT_NE(ExchangeNote(*found, 7).find("it is 8 days old, more than the 7 that are allowed: load "
                                         "a newer one with maxopt fx import"),
            std::string::npos);
  // A newer rate of the other direction goes before an older direct one; of one day the direct.
  const FxRates both({Rate(kChf, kEur, "1.02", "2026-03-04"), Rate(kEur, kChf, "0.8")}, kDay);
  EXPECT_EQ(*Convert(Of("8", kChf), *both.Find(kChf, kEur)), Of("10", kEur));
  const FxRates tie({Rate(kChf, kEur, "1.02"), Rate(kEur, kChf, "0.8")}, kDay);
  EXPECT_FALSE(tie.Find(kChf, kEur)->inverted);
}

TEST(FxRates, WithoutARateItSaysWhichAndWhereToWriteIt) {
  EXPECT_EQ(What({}),
            "there is no rate from CHF to EUR of 2026-03-06 or before it; write it into a CSV file "
            "with the header day,from,to,rate and a line such as 2026-03-06,CHF,EUR,1.05 (where 1 "
            "CHF is worth 1.05 EUR), and load it with maxopt fx import FILE");
  EXPECT_NE(What({Rate(kUsd, kEur, "0.9")}).find("no rate from CHF"), std::string::npos);
  EXPECT_NE(FxRates({}, kDay).Find(kNoCurrency, kEur).error().what.find("name no currency"),
            std::string::npos);
}

TEST(FxRates, RefusesWhatIsNoRate) {
  for (const char* bad : {"", "0", "0.000", "-1", "1,05", "1.", ".5", "1e2", "1000001", "nan", " 1",
                          "0.1234567890123", "99999999999999999999999999"}) {
    EXPECT_NE(What({Rate(kChf, kEur, bad)}).find("rate CHF to EUR of 2026-03-05: "),
              std::string::npos)
        << bad;
  }
  EXPECT_NE(What({Rate(kChf, kEur, "0")}).find("\"0\" must be above 0"), std::string::npos);
  EXPECT_EQ(What({Rate(kChf, kEur, "1.02"), Rate(kChf, kEur, "1.03")}),
            "there are two rates from CHF to EUR of 2026-03-05: 1.02 and 1.03");
  EXPECT_EQ(What({Rate(kChf, kEur, "1.02"), Rate(kChf, kEur, "1.020")}), "fine");
}

}  // namespace
}  // namespace maxopt
