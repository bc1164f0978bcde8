#include "memory/facts/table.h"

#include <gtest/gtest.h>

#include <limits>

namespace maxopt {
namespace {

using Kind = FactCell::Kind;
FactCell Text(std::string text) { return {.kind = Kind::kText, .text = std::move(text)}; }
FactCell Spend(std::string text) { return {.kind = Kind::kMoney, .text = std::move(text)}; }
FactCell Count(std::int64_t n) { return {.kind = Kind::kInteger, .integer = n, .text = ""}; }
FactCell Real(double real) { return {.kind = Kind::kReal, .real = real, .text = ""}; }

TEST(FactTable, Csv) {
  const FactTable table{
      .columns = {"campaign_id", "campaign", "spend", "clicks", "ctr"},
      .rows = {{Text("9007199254740993"), Text("a \"b\", c"), Spend("-58705.23"), Count(38165),
                Real(0.1)},
               {Text("2"), FactCell{}, Spend("0.000001"), FactCell{}, FactCell{}}},
      .notes = {"not in the file"}};
  EXPECT_EQ(ToCsv(table).value(),
            "campaign_id,campaign,spend,clicks,ctr\r\n"
            "9007199254740993,\"a \"\"b\"\", c\",-58705.23,38165,0.1\r\n"
            "2,,0.000001,,\r\n");
}

TEST(FactTable, CsvNeverBecomesAFormula) {
  const struct {
    const char* text;
    const char* csv;
  } cases[] = {
      {"=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""},
      {"+1", "'+1"},
      {"-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"},
      {"@SUM(A1)", "'@SUM(A1)"},
      {"\t=1", "'\t=1"},
      {"\r=1", "\"'\r=1\""},
      {"-12.50", "-12.50"},
      {"-", "'-"},
      {"-.5", "'-.5"},
      {"-5.", "'-5."},
      {"--5", "'--5"},
      {"-1e5", "'-1e5"},
      {"Brand = good", "Brand = good"},
      {"two\nlines", "\"two\nlines\""},
      {"", ""},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const FactTable table{.columns = {"x"}, .rows = {{Text(c.text)}}, .notes = {}};
    EXPECT_EQ(ToCsv(table).value(), "x\r\n" + std::string(c.csv) + "\r\n");
  }
}

TEST(FactTable, F7IdsAndMoneyAreTextInJson) {
  const FactTable table{.columns = {"campaign_id", "spend", "clicks", "ctr"},
                        .rows = {{Text("9007199254740993"), Spend("9007199254.740993"),
                                  Count(std::numeric_limits<std::int64_t>::max()), Real(0.1)},
                                 {Text("\"\\\n\xF0\x9F\x98\x80"), FactCell{}, FactCell{},
                                  Real(std::numeric_limits<double>::quiet_NaN())}},
                        .notes = {"a note"}};
  EXPECT_EQ(ToJson(table).value(),
            R"({"columns":["campaign_id","spend","clicks","ctr"],"rows":[)"
            R"({"campaign_id":"9007199254740993","spend":"9007199254.740993",)"
            R"("clicks":9223372036854775807,"ctr":0.1},)"
            R"({"campaign_id":"\"\\\n)"
            "\xF0\x9F\x98\x80"
            R"(","spend":null,"clicks":null,"ctr":null}],"notes":["a note"]})");
}

TEST(FactTable, RefusesWhatIsNoTable) {
  const FactTable ragged{.columns = {"a", "b"}, .rows = {{Text("x")}}, .notes = {}};
  EXPECT_EQ(ToCsv(ragged).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(ToJson(ragged).error().code, Errc::kInvalidArgument);
  const FactTable broken{.columns = {"a"}, .rows = {{Text("\xff")}}, .notes = {}};
  EXPECT_EQ(ToJson(broken).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(ToJson(FactTable{}).value(), R"({"columns":[],"rows":[],"notes":[]})");
}

}  // namespace
}  // namespace maxopt
