#include "json/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace maxopt {
namespace {

TEST(ExactJson, KeepsEveryNumberAsItWasWritten) {
  for (const char* text :
       {R"({"a":19.990,"b":[1e3,-0.10,0.1]})", R"({"id":9223372036854775807,"n":-5})",
        R"(123456789012345678901234567890)", R"([])", R"("x\ny")", R"({"":null,"t":true})"}) {
    const auto value = ParseExactJson(text);
    ASSERT_TRUE(value) << text << ": " << value.error().what;
    EXPECT_EQ(PrintExactJson(*value), text);
  }
}

TEST(ExactJson, ReadsMoneyFromTheTokenAndNotThroughDouble) {
  const auto value = ParseExactJson(R"({"a":0.1,"b":1234567890.123456,"c":"50.25","d":7})").value();
  EXPECT_EQ(JsonMoney(value["a"], kEur).value().micros(), 100'000);
  EXPECT_EQ(JsonMoney(value["b"], kEur).value().micros(), 1'234'567'890'123'456);
  EXPECT_EQ(JsonMoney(value["c"], kEur).value().micros(), 50'250'000);
  EXPECT_EQ(JsonMoney(value["d"], kEur).value().micros(), 7'000'000);
  EXPECT_EQ(PrintExactJson(MoneyToken(Money::Micros(19'990'000, kEur))), "19.99");
}

TEST(ExactJson, RefusesMoneyThatIsNone) {
  const auto value =
      ParseExactJson(R"([1e3,0.1234567,null,true,"-","1,5","NaN",[5],{"v":5},""])").value();
  for (const auto& entry : value) {
    EXPECT_FALSE(JsonMoney(entry, kEur)) << PrintExactJson(entry);
  }
}

TEST(ExactJson, RefusesWhatIsNotOneJsonText) {
  std::string deep(65, '[');
  deep += std::string(65, ']');
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("{} x"), std::string("{'a':1}"),
        std::string("<html>"), std::string(R"({"a":1,"a":2})"), std::string("[NaN]"),
        std::string("\"\xff\""), std::string("[01]"), deep}) {
    const auto value = ParseExactJson(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, Errc::kBadAnswer);
    EXPECT_NE(value.error().what.find("JSON: "), std::string::npos) << value.error().what;
    EXPECT_FALSE(value.error().what.ends_with(": ")) << value.error().what;
  }
}

TEST(ExactJson, RealsAreForCounts) {
  const auto value = ParseExactJson(R"(["12.5",3,0.25,"-",null])").value();
  EXPECT_EQ(JsonReal(value[0]), 12.5);
  EXPECT_EQ(JsonReal(value[1]), 3.0);
  EXPECT_EQ(JsonReal(value[2]), 0.25);
  EXPECT_FALSE(JsonReal(value[3]));
  EXPECT_FALSE(JsonReal(value[4]));
}

}  // namespace
}  // namespace maxopt
