#include "money/money.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace maxopt {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

Currency C(std::string_view code) { return {{code[0], code[1], code[2]}}; }

/// Adds one cent to a text such as "0.99": the sweep's own arithmetic, with no division in it.
void NextCent(std::string& text) {
  for (std::size_t at = text.size(); at-- > 0;) {
    if (text[at] == '.') continue;
    if (text[at] != '9') {
      ++text[at];
      return;
    }
    text[at] = '0';
  }
  text.insert(text.begin(), '1');
}

TEST(Money, F5EveryCentUpTo100000ComesBackExactly) {
  std::string text = "0.01";
  for (std::int64_t cents = 1; cents <= 10'000'000; ++cents) {
    const auto parsed = ParseMoney(text, kEur);
    // Plain comparisons: ten million EXPECTs would take a minute.
    if (!parsed || parsed->micros() != cents * 10'000 || PrintDecimal(*parsed) != text) {
      FAIL() << text << " at " << cents;
    }
    NextCent(text);
  }
  EXPECT_EQ(text, "100000.01");
}

TEST(Money, F5EveryMicroOfOneUnitComesBackExactly) {
  for (std::int64_t micros = -1'000'000; micros <= 1'000'000; ++micros) {
    const Money money = Money::Micros(micros, kUsd);
    const auto parsed = ParseMoney(PrintDecimal(money), kUsd);
    if (!parsed || *parsed != money) FAIL() << micros;
  }
}

TEST(Money, PrintsAtLeastTheCurrencysDecimals) {
  EXPECT_EQ(PrintDecimal(Money::Micros(58'705'230'000, kEur)), "58705.23");
  EXPECT_EQ(PrintDecimal(Money::Micros(1, kEur)), "0.000001");
  EXPECT_EQ(PrintDecimal(Money::Micros(-1'234'567, kEur)), "-1.234567");
  EXPECT_EQ(PrintDecimal(Money::Micros(1'230'000, kEur)), "1.23");
  EXPECT_EQ(PrintDecimal(Money::Micros(1'234'500, kEur)), "1.2345");
  EXPECT_EQ(PrintDecimal(Money::Zero(kEur)), "0.00");
  EXPECT_EQ(PrintDecimal(Money::Micros(5'000'000'000, kJpy)), "5000");
  EXPECT_EQ(PrintDecimal(Money::Micros(5'500'000, kJpy)), "5.5");
  EXPECT_EQ(PrintDecimal(Money::Micros(1'500'000, C("KWD"))), "1.500");
  EXPECT_EQ(PrintDecimal(Money::Micros(1'500'000, C("CLF"))), "1.5000");
  EXPECT_EQ(PrintMoney(Money::Micros(1'500'000, kNoCurrency)), "1.50 XXX");
  EXPECT_EQ(PrintMoney(Money::Micros(-500'000, kGbp)), "-0.50 GBP");
}

TEST(Money, F6EdgesOf64Bits) {
  EXPECT_EQ(PrintDecimal(Money::Micros(kMax, kEur)), "9223372036854.775807");
  EXPECT_EQ(PrintDecimal(Money::Micros(kMin, kEur)), "-9223372036854.775808");
  EXPECT_EQ(ParseMoney("9223372036854.775807", kEur)->micros(), kMax);
  EXPECT_EQ(ParseMoney("-9223372036854.775808", kEur)->micros(), kMin);
  EXPECT_EQ(ParseMoney("00000000000000000000000001", kEur)->micros(), 1'000'000);
  for (const std::string_view beyond :
       {"9223372036854.775808", "-9223372036854.775809", "9223372036855", "-9223372036855",
        "9223372036854775807", "99999999999999999999999999"}) {
    const auto parsed = ParseMoney(beyond, kEur);
    ASSERT_FALSE(parsed.has_value()) << beyond;
    EXPECT_NE(parsed.error().what.find("beyond"), std::string::npos) << parsed.error().what;
    EXPECT_FALSE(ParseMoneyRounding(beyond, kEur).has_value()) << beyond;
  }
  // Rounding up past the edge is out of range too, not wrapped around.
  EXPECT_FALSE(ParseMoneyRounding("9223372036854.7758075", kEur).has_value());
  EXPECT_EQ(ParseMoneyRounding("9223372036854.7758074", kEur)->money.micros(), kMax);
  EXPECT_EQ(ParseMoneyRounding("-9223372036854.7758085", kEur)->money.micros(), kMin);
  EXPECT_FALSE(ParseMoneyRounding("-9223372036854.77580851", kEur).has_value());
}

TEST(Money, F8RefusesWhatIsNotPlainDecimal) {
  struct Case {
    std::string_view text;
    std::string_view says;
  };
  const Case cases[] = {
      {"", "it is empty"},
      {"-", "there are no digits"},
      {".", "no digit before the point"},
      {"-.", "no digit before the point"},
      {".5", "no digit before the point"},
      {"5.", "no digit after the point"},
      {"1.2.3", "at most one point"},
      {"1..2", "only digits"},
      {"--5", "only digits"},
      {"5-", "only digits"},
      {"(5.00)", "only digits"},
      {"+5", "a plus sign"},
      {" 5", "white space"},
      {"5 ", "white space"},
      {"5\n", "white space"},
      {"1 000", "white space"},
      {"1,000", "a comma"},
      {"12,34", "a comma"},
      {"1'000", "only digits"},
      {"1_000", "only digits"},
      {"1e3", "an exponent"},
      {"1E-05", "an exponent"},
      {"1.5e+300", "a plus sign"},
      {"NaN", "only digits"},
      {"nan", "only digits"},
      {"inf", "only digits"},
      {"-inf", "only digits"},
      {"Infinity", "only digits"},
      {"0x10", "only digits"},
      {"null", "only digits"},
      {"$5", "only digits"},
      {"5 EUR", "white space"},
      {"€5", "ASCII digits"},
      {"٥", "ASCII digits"},
      {"５", "ASCII digits"},
      {"१२", "ASCII digits"},
      {"5\xC2\xA0", "ASCII digits"},
      {"−5", "ASCII digits"},
      {std::string_view("5\0", 2), "only digits"},
      {std::string_view("\0", 1), "only digits"},
  };
  for (const Case& c : cases) {
    const auto exact = ParseMoney(c.text, kEur);
    ASSERT_FALSE(exact.has_value()) << c.text;
    EXPECT_EQ(exact.error().code, Errc::kInvalidArgument);
    EXPECT_NE(exact.error().what.find(c.says), std::string::npos) << exact.error().what;
    ASSERT_FALSE(ParseMoneyRounding(c.text, kEur).has_value()) << c.text;
  }
  const auto seven = ParseMoney("1.4299999", kEur);
  ASSERT_FALSE(seven.has_value());
  EXPECT_NE(seven.error().what.find("more than six decimals"), std::string::npos);
  // The text is shown as ASCII and cut, whatever it was.
  EXPECT_NE(ParseMoney("٥", kEur).error().what.find("\"\\xd9\\xa5\""), std::string::npos);
  EXPECT_LT(ParseMoney(std::string(1'000'000, 'x'), kEur).error().what.size(), 200U);
}

TEST(Money, RoundsHalfToEvenAtTheSixthDecimal) {
  struct Case {
    std::string_view text;
    std::int64_t micros;
    bool rounded;
  };
  const Case cases[] = {
      {"1.43", 1'430'000, false},
      {"1.429999948", 1'430'000, true},
      {"1.82000005", 1'820'000, true},
      {"0.0000005", 0, true},  // half: to even
      {"0.0000015", 2, true},  // half: to even
      {"0.0000025", 2, true},  // half: to even
      {"0.00000050000000000000000000001", 1, true},
      {"0.00000049999999999999999999999", 0, true},
      {"-0.0000015", -2, true},
      {"-0.0000025", -2, true},
      {"-0.0000005", 0, true},
      {"0.9999995", 1'000'000, true},
      {"9.99999951", 10'000'000, true},
      {"1.0000000", 1'000'000, false},  // nothing was lost
      {"0", 0, false},
      {"-0", 0, false},
      {"007.50", 7'500'000, false},
  };
  for (const Case& c : cases) {
    const auto parsed = ParseMoneyRounding(c.text, kUsd);
    ASSERT_TRUE(parsed.has_value()) << c.text;
    EXPECT_EQ(parsed->money.micros(), c.micros) << c.text;
    EXPECT_EQ(parsed->rounded, c.rounded) << c.text;
  }
}

TEST(Currency, F2OnlyCodesInUse) {
  for (const std::string_view code : {"EUR", "USD", "GBP", "JPY", "TWD", "KWD", "VND", "ZWG"}) {
    EXPECT_EQ(FindCurrency(code).value().name(), code);
  }
  for (const std::string_view code : {"", "E", "EU", "EURO", "eur", "Eur", "JPN", "XXX", "XAU",
                                      "XTS", "DEM", "ZZZ", "AAA", "€", "E R", "EU\xff", "123"}) {
    const auto found = FindCurrency(code);
    ASSERT_FALSE(found.has_value()) << code;
    EXPECT_EQ(found.error().code, Errc::kInvalidArgument);
  }
  EXPECT_FALSE(FindCurrency(std::string_view("EU\0", 3)).has_value());
}

TEST(Currency, Iso4217Decimals) {
  struct Case {
    int decimals;
    std::string_view codes;
  };
  // All currencies of ISO 4217 that do not have two decimals.
  const Case cases[] = {
      {0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"},
      {3, "BHD IQD JOD KWD LYD OMR TND"},
      {4, "CLF UYW"},
  };
  std::string not_two;
  for (const Case& c : cases) {
    for (std::size_t at = 0; at < c.codes.size(); at += 4) {
      const std::string_view code = c.codes.substr(at, 3);
      EXPECT_EQ(MinorUnitDecimals(C(code), MinorUnits::kIso4217).value(), c.decimals) << code;
      not_two += code;
      not_two += ' ';
    }
  }
  int known = 0;
  for (char a = 'A'; a <= 'Z'; ++a) {
    for (char b = 'A'; b <= 'Z'; ++b) {
      for (char c = 'A'; c <= 'Z'; ++c) {
        const std::string code = {a, b, c};
        if (!FindCurrency(code)) continue;
        ++known;
        if (not_two.find(code) != std::string::npos) continue;
        EXPECT_EQ(MinorUnitDecimals(C(code), MinorUnits::kIso4217).value(), 2) << code;
      }
    }
  }
  EXPECT_EQ(known, 166);
}

TEST(Currency, F2MetaCountsTheseInWholeUnits) {
  for (const std::string_view code :
       {"CLP", "COP", "CRC", "HUF", "IDR", "ISK", "JPY", "KRW", "PYG", "TWD", "VND"}) {
    EXPECT_EQ(MinorUnitDecimals(C(code), MinorUnits::kMeta).value(), 0) << code;
    EXPECT_EQ(ToMinor(Money::Micros(5'000'000'000, C(code)), MinorUnits::kMeta).value(), 5'000);
    EXPECT_EQ(MoneyFromMinor(5'000, C(code), MinorUnits::kMeta).value(),
              Money::Micros(5'000'000'000, C(code)));
    EXPECT_FALSE(ToMinor(Money::Micros(500'000, C(code)), MinorUnits::kMeta).has_value());
  }
  for (const std::string_view code : {"EUR", "USD", "GBP", "BRL", "INR", "SEK", "CHF", "ZAR"}) {
    EXPECT_EQ(MinorUnitDecimals(C(code), MinorUnits::kMeta).value(), 2) << code;
    EXPECT_EQ(ToMinor(Money::Micros(50'000'000, C(code)), MinorUnits::kMeta).value(), 5'000);
  }
  // No ad account on Meta is billed in these: refused, not guessed.
  for (const std::string_view code : {"KWD", "BHD", "JOD", "XAF", "CLF", "XXX", "ZZZ"}) {
    EXPECT_FALSE(MinorUnitDecimals(C(code), MinorUnits::kMeta).has_value()) << code;
    EXPECT_FALSE(ToMinor(Money::Zero(C(code)), MinorUnits::kMeta).has_value()) << code;
    EXPECT_FALSE(MoneyFromMinor(1, C(code), MinorUnits::kMeta).has_value()) << code;
    EXPECT_FALSE(FloorToMinor(Money::Zero(C(code)), MinorUnits::kMeta).has_value()) << code;
  }
}

TEST(Money, F5MinorUnitsAreNeverRoundedSilently) {
  EXPECT_EQ(ToMinor(Money::Micros(12'340'000, kEur), MinorUnits::kIso4217).value(), 1'234);
  EXPECT_EQ(ToMinor(Money::Micros(-12'340'000, kEur), MinorUnits::kIso4217).value(), -1'234);
  EXPECT_EQ(ToMinor(Money::Micros(1'234'000, C("KWD")), MinorUnits::kIso4217).value(), 1'234);
  const auto half_cent = ToMinor(Money::Micros(5'000, kEur), MinorUnits::kIso4217);
  ASSERT_FALSE(half_cent.has_value());
  EXPECT_NE(half_cent.error().what.find("0.005 EUR"), std::string::npos) << half_cent.error().what;
  EXPECT_NE(half_cent.error().what.find("0.01 EUR"), std::string::npos) << half_cent.error().what;
  EXPECT_FALSE(MoneyFromMinor(kMax, kEur, MinorUnits::kIso4217).has_value());
  EXPECT_FALSE(MoneyFromMinor(kMin, kJpy, MinorUnits::kIso4217).has_value());
  EXPECT_EQ(MoneyFromMinor(-1, kEur, MinorUnits::kIso4217)->micros(), -10'000);
  EXPECT_FALSE(ToMinor(Money::Zero(kNoCurrency), MinorUnits::kIso4217).has_value());
}

TEST(Money, FloorsTowardsZero) {
  const auto floor = [](std::int64_t micros, Currency c, MinorUnits table) {
    return FloorToMinor(Money::Micros(micros, c), table).value().micros();
  };
  EXPECT_EQ(floor(12'349'999, kEur, MinorUnits::kIso4217), 12'340'000);
  EXPECT_EQ(floor(-12'349'999, kEur, MinorUnits::kIso4217), -12'340'000);
  EXPECT_EQ(floor(12'340'000, kEur, MinorUnits::kIso4217), 12'340'000);
  EXPECT_EQ(floor(9'999, kEur, MinorUnits::kIso4217), 0);
  EXPECT_EQ(floor(12'349'999, kTwd, MinorUnits::kIso4217), 12'340'000);
  EXPECT_EQ(floor(12'349'999, kTwd, MinorUnits::kMeta), 12'000'000);
}

TEST(Money, Arithmetic) {
  const Money ten = Money::Micros(10'000'000, kEur);
  EXPECT_EQ((ten + ten).micros(), 20'000'000);
  EXPECT_EQ((ten - ten - ten).micros(), -10'000'000);
  EXPECT_EQ(ten.SplitEvenly(3).micros(), 3'333'333);
  EXPECT_EQ(Money::Micros(-10, kEur).SplitEvenly(3).micros(), -3);
  EXPECT_EQ(ten.Times(-7).micros(), -70'000'000);
  EXPECT_EQ(ten.TimesBp(12'000).micros(), 12'000'000);
  EXPECT_EQ(Money::Micros(1, kEur).TimesBp(9'999).micros(), 0);
  EXPECT_EQ(Money::Micros(-1, kEur).TimesBp(9'999).micros(), 0);
  EXPECT_EQ(Money::Micros(kMax, kEur).TimesBp(10'000).micros(), kMax);
  EXPECT_LT(Money::Zero(kEur), ten);
  EXPECT_NE(Money::Zero(kEur), Money::Zero(kUsd));
  // Shares never exceed the whole.
  for (std::int64_t n = 1; n <= 1'000; ++n) EXPECT_LE(ten.SplitEvenly(n).Times(n), ten);
}

TEST(MoneyDeathTest, F3MixedCurrenciesAndOverflowStopTheProcess) {
  const Money eur = Money::Micros(1, kEur);
  const Money usd = Money::Micros(1, kUsd);
  const Money most = Money::Micros(kMax, kEur);
  const Money least = Money::Micros(kMin, kEur);
  EXPECT_DEATH(static_cast<void>(eur + usd), "");
  EXPECT_DEATH(static_cast<void>(eur - usd), "");
  EXPECT_DEATH(static_cast<void>(eur < usd), "");
  EXPECT_DEATH(static_cast<void>(eur + Money::Zero(kNoCurrency)), "");
  EXPECT_DEATH(static_cast<void>(most + eur), "");
  EXPECT_DEATH(static_cast<void>(least - eur), "");
  EXPECT_DEATH(static_cast<void>(most.Times(2)), "");
  EXPECT_DEATH(static_cast<void>(most.TimesBp(10'001)), "");
  EXPECT_DEATH(static_cast<void>(least.TimesBp(-10'000)), "");
  EXPECT_DEATH(static_cast<void>(eur.SplitEvenly(0)), "");
  EXPECT_DEATH(static_cast<void>(eur.SplitEvenly(-1)), "");
}

}  // namespace
}  // namespace maxopt
