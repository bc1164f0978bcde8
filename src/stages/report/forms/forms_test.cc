#include "stages/report/forms/forms.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sheet/sheet.h"

namespace maxopt {
namespace {

ViewColumn C(const char* name, CellKind kind, const char* unit = "") {
  ViewColumn column;
  column.name = name;
  column.title = std::string("T ") + name;
  column.kind = kind;
  column.unit = unit;
  return column;
}

View Small() {
  View view;
  view.name = "campaigns";
  view.title = "Campaigns";
  view.client = "Alpen/Glow";
  view.as_of = *ParseInstant("2026-03-02T10:00:00Z");
  view.from = *ParseDay("2026-03-01");
  view.to = *ParseDay("2026-03-02");
  view.columns = {C("name", CellKind::kText),   C("clicks", CellKind::kCount),
                  C("roas", CellKind::kReal),   C("ctr", CellKind::kRatio),
                  C("spend", CellKind::kMoney), C("gain", CellKind::kEstimate, "EUR/day"),
                  C("day", CellKind::kDay),     C("at", CellKind::kInstant),
                  C("good", CellKind::kFlag)};
  view.rows.push_back({"a",
                       {std::string("=cmd|' /C calc'!A0"), std::int64_t{12}, 4.5, 0.034,
                        Money::Micros(-12'340'000, kEur), Estimated{1, 0.5, 2, 0.9},
                        *ParseDay("2026-03-01"), *ParseInstant("2026-03-01T08:00:00Z"), true},
                       0.9});
  view.rows.push_back({"b", std::vector<ViewCell>(9)});
  view.rows.back().parent = "a";
  view.rows.back().cells[0] = std::string("say \"hi\", <b>");
  view.rows.back().cells[4] = Money::Micros(5'000'000'000, kJpy);
  view.notes = {"=1+1 is a note"};
  return view;
}

TEST(Forms, CsvSaysUnitsKeepsAbsentEmptyAndGuardsFormulas) {
  const View view = Small();
  ASSERT_EQ(Objection(view), "");
  const auto csv = FormOf(view, ViewForm::kCsv);
  ASSERT_TRUE(csv);
  EXPECT_EQ(*csv,
            "name,clicks,roas,ctr,spend,spend_currency,gain (EUR/day),gain_low (EUR/day),"
            "gain_high (EUR/day),gain_level,day,at,good,key,parent,known\r\n"
            "'=cmd|' /C calc'!A0,12,4.5,0.034,-12.34,EUR,1,0.5,2,0.9,2026-03-01,"
            "2026-03-01T08:00:00Z,true,a,,0.9\r\n"
            "\"say \"\"hi\"\", <b>\",,,,5000,JPY,,,,,,,,b,a,\r\n");
}

TEST(Forms, CsvGuardsWhateverASpreadsheetRuns) {
  for (const char* text : {"=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1", "＝1"}) {
    View view;
    view.name = "v";
    view.columns = {C("name", CellKind::kText)};
    view.rows.push_back({"k", {std::string(text)}});
    const auto csv = FormOf(view, ViewForm::kCsv);
    ASSERT_TRUE(csv);
    const std::size_t at = csv->find("\r\n") + 2;
    EXPECT_TRUE(csv->substr(at).starts_with("'") || csv->substr(at).starts_with("\"'")) << *csv;
  }
}

TEST(Forms, JsonLinesAreTheCellsOfTheApi) {
  const auto lines = FormOf(Small(), ViewForm::kJsonLines);
  ASSERT_TRUE(lines);
  const std::size_t end = lines->find('\n');
  const auto first = nlohmann::json::parse(lines->substr(0, end));
  EXPECT_EQ(first["spend"]["amount"], "-12.34");
  EXPECT_EQ(first["gain"]["high"], 2);
  EXPECT_EQ(first["name"], "=cmd|' /C calc'!A0");
  EXPECT_EQ(first["key"], "a");
  const auto second = nlohmann::json::parse(lines->substr(end + 1));
  EXPECT_TRUE(second["clicks"].is_null());
  EXPECT_EQ(second["parent"], "a");
}

TEST(Forms, XlsxHoldsTextsAsTextsAndNumbersAsNumbers) {
  const auto bytes = FormOf(Small(), ViewForm::kXlsx);
  ASSERT_TRUE(bytes) << bytes.error().what;
  EXPECT_EQ(*bytes, *FormOf(Small(), ViewForm::kXlsx));
  const auto sheets = sheet::ReadXlsx(*bytes);
  ASSERT_TRUE(sheets) << sheets.error().what;
  ASSERT_EQ(sheets->size(), 2u);
  const auto& data = (*sheets)[0];
  ASSERT_EQ(data.rows.size(), 3u);
  EXPECT_EQ(data.rows[0].cells[0].text, "T name");
  EXPECT_EQ(data.rows[0].cells[5].text, "T gain (EUR/day)");
  EXPECT_EQ(data.rows[1].cells[0].text, "=cmd|' /C calc'!A0");
  EXPECT_EQ(data.rows[1].cells[1].text, "12");
  EXPECT_EQ(data.rows[1].cells[4].text, "-12.34");
  EXPECT_EQ(data.rows[1].cells[8].text, "2026-03-01");
  EXPECT_EQ(data.rows[2].cells[4].text, "5000");
  EXPECT_EQ((*sheets)[1].name, "About");
  bool note = false;
  for (const auto& row : (*sheets)[1].rows) {
    note = note || (row.cells.size() > 1 && row.cells[1].text == "=1+1 is a note");
  }
  EXPECT_TRUE(note);
}

TEST(Forms, ParquetIsTheSameBytesAndRefusesWhatItCannotHold) {
  const auto bytes = FormOf(Small(), ViewForm::kParquet);
  ASSERT_TRUE(bytes) << bytes.error().what;
  EXPECT_TRUE(bytes->starts_with("PAR1"));
  EXPECT_TRUE(bytes->ends_with("PAR1"));
  EXPECT_EQ(*bytes, *FormOf(Small(), ViewForm::kParquet));
  View large = Small();
  large.rows[0].cells[4] = Money::Micros(1'000'000'000'000'000'000, kEur);
  const auto refused = FormOf(large, ViewForm::kParquet);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
}

TEST(Forms, NamesAreSafeAndUnknownFormsListTheKnown) {
  EXPECT_EQ(ViewFileName(Small(), ViewForm::kCsv),
            "campaigns_alpen-glow_2026-03-01_2026-03-02.csv");
  const auto unknown = FindViewForm("docx");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().what.find("csv, jsonl, xlsx, parquet"), std::string::npos);
  for (const ViewForm form : AllViewForms()) EXPECT_EQ(*FindViewForm(ViewFormName(form)), form);
}

}  // namespace
}  // namespace maxopt
