#include "sheet/sheet.h"

#include <gtest/gtest.h>
#include <zip.h>

#include <map>

namespace maxopt::sheet {
namespace {

using Parts = std::map<std::string, std::string>;

/// A workbook of one sheet by its parts, as other programs may write it.
std::string Workbook(const std::string& sheet_data, Parts more = {}) {
  Parts parts = {
      {"xl/workbook.xml",
       R"(<workbook xmlns:r="r"><sheets><sheet name="Plan" r:id="rId1"/></sheets></workbook>)"},
      {"xl/_rels/workbook.xml.rels",
       R"(<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>)"},
      {"xl/styles.xml",
       R"(<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd\.mm\.yyyy"/>)"
       R"(<numFmt numFmtId="165" formatCode="#,##0.00&quot; days&quot;"/></numFmts>)"
       R"(<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/>)"
       R"(<xf numFmtId="9"/></cellXfs></styleSheet>)"},
      {"xl/sharedStrings.xml",
       R"(<sst><si><t>plain</t></si><si><r><t>in </t></r><r><t>runs</t></r></si></sst>)"},
      {"xl/worksheets/sheet1.xml", "<worksheet>" + sheet_data + "</worksheet>"},
  };
  for (auto& [name, content] : more) parts[name] = content;
  zip_error_t error;
  zip_source_t* source = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(source);
  zip_t* zip = zip_open_from_source(source, ZIP_TRUNCATE, &error);
  for (const auto& [name, content] : parts) {
    zip_file_add(zip, name.c_str(), zip_source_buffer(zip, content.data(), content.size(), 0), 0);
  }
  zip_close(zip);
  zip_source_open(source);
  zip_source_seek(source, 0, SEEK_END);
  std::string bytes(static_cast<std::size_t>(zip_source_tell(source)), '\0');
  zip_source_seek(source, 0, SEEK_SET);
  zip_source_read(source, bytes.data(), bytes.size());
  zip_source_close(source);
  zip_source_free(source);
  return bytes;
}

TEST(Xlsx, EveryKindOfCell) {
  const struct {
    std::string xml;
    std::string text;
    std::string wrong;
  } cases[] = {
      {R"(<c r="A1" t="s"><v>0</v></c>)", "plain", ""},
      {R"(<c r="A1" t="s"><v>1</v></c>)", "in runs", ""},
      {R"(<c r="A1" t="s"><v>7</v></c>)", "", "does not have"},
      {R"(<c r="A1" t="inlineStr"><is><t>here</t></is></c>)", "here", ""},
      {R"(<c r="A1" t="str"><f>A2</f><v>of a formula</v></c>)", "of a formula", ""},
      {R"(<c r="A1"><f>A2*2</f></c>)", "", "formula without its value"},
      {R"(<c r="A1" t="b"><v>1</v></c>)", "true", ""},
      {R"(<c r="A1" t="e"><v>#REF!</v></c>)", "", "#REF!"},
      {R"(<c r="A1"><v>19.99</v></c>)", "19.99", ""},
      {R"(<c r="A1"><v>0.10000000000000001</v></c>)", "0.1", ""},
      {R"(<c r="A1"><v>19.990000000000002</v></c>)", "19.990000000000002", ""},
      {R"(<c r="A1"><v>1E3</v></c>)", "1000", ""},
      {R"(<c r="A1"><v>2.3850000000000112E+16</v></c>)", "", "15 digits"},
      {R"(<c r="A1"><v>NaN</v></c>)", "", "not a number"},
      // 2026-03-01 is day 46082 of the 1900 system.
      {R"(<c r="A1" s="1"><v>46082</v></c>)", "2026-03-01", ""},
      {R"(<c r="A1" s="2"><v>46082.3333333333</v></c>)", "2026-03-01 08:00:00", ""},
      {R"(<c r="A1" s="1"><v>0.5</v></c>)", "", "cannot be meant"},
      {R"(<c r="A1" s="3"><v>14</v></c>)", "14", ""},
      {R"(<c r="A1" s="4"><v>0.5</v></c>)", "", "percentage"},
      {R"(<c r="A1" t="inlineStr"><is><t>two_x000D_&#10;lines</t></is></c>)", "two\nlines", ""},
  };
  for (const auto& c : cases) {
    const auto read = ReadXlsx(Workbook("<sheetData><row r=\"1\">" + c.xml + "</row></sheetData>"));
    ASSERT_TRUE(read) << c.xml << ": " << read.error().what;
    const Cell& cell = read->at(0).rows.at(0).cells.at(0);
    EXPECT_EQ(cell.text, c.text) << c.xml;
    EXPECT_NE(cell.wrong.find(c.wrong), std::string::npos) << cell.wrong;
    EXPECT_EQ(cell.wrong.empty(), c.wrong.empty()) << cell.wrong;
  }
}

TEST(Xlsx, MergedCellsHoldTheFirst) {
  const auto read = ReadXlsx(Workbook(
      R"(<sheetData><row r="2"><c r="B2" t="s"><v>0</v></c><c r="C2"><v>1</v></c></row>)"
      R"(<row r="3"><c r="C3"><v>2</v></c></row><row r="9"><c r="C9"><v>3</v></c></row></sheetData>)"
      R"(<mergeCells><mergeCell ref="B2:B4"/></mergeCells>)"));
  ASSERT_TRUE(read) << read.error().what;
  const auto& rows = read->at(0).rows;
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1].line, 3U);
  EXPECT_EQ(rows[1].cells.at(1).text, "plain");
  EXPECT_EQ(rows[2].cells.at(1).text, "");
}

TEST(Xlsx, WhatIsNoWorkbookIsRefused) {
  const std::string good = Workbook("<sheetData/>");
  const std::string bomb(20u << 20, ' ');
  const struct {
    const char* name;
    std::string bytes;
    const char* says;
  } cases[] = {
      {"empty", "", "is empty"},
      {"text", "Field,Value\n", "zip archive"},
      {"cut off", good.substr(0, good.size() / 2), "zip archive"},
      {"huge", std::string(17u << 20, 'x'), "16 MiB"},
      {"bomb", Workbook("", {{"xl/worksheets/sheet1.xml", "<worksheet>" + bomb + "</worksheet>"}}),
       "far more"},
      {"entities", Workbook("", {{"xl/workbook.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><workbook/>"}}),
       "entities"},
      {"no XML", Workbook("", {{"xl/workbook.xml", "<workbook><sheets>"}}), "damaged"},
      {"bad UTF-8", Workbook("", {{"xl/sharedStrings.xml", "<sst><si><t>\xff</t></si></sst>"}}),
       "UTF-8"},
      {"no sheet", Workbook("", {{"xl/workbook.xml", "<workbook/>"}}), "no sheets"},
      {"outside",
       Workbook("", {{"xl/_rels/workbook.xml.rels",
                      R"(<Relationships><Relationship Id="rId1" )"
                      R"(Target="worksheets/../../secret.xml"/></Relationships>)"}}),
       "where its sheet"},
      {"far column",
       Workbook(R"(<sheetData><row r="1"><c r="XFD1"><v>1</v></c></row></sheetData>)"), "columns"},
      {"disorder", Workbook(R"(<sheetData><row r="2"/><row r="1"/></sheetData>)"), "out of order"},
      {"strange name", Workbook(R"(<sheetData><row r="1"><c r="1A"/></row></sheetData>)"),
       "called"},
  };
  for (const auto& c : cases) {
    const auto read = ReadXlsx(c.bytes);
    ASSERT_FALSE(read) << c.name;
    EXPECT_NE(read.error().what.find(c.says), std::string::npos) << c.name << read.error().what;
  }
}

using Out = OutCell;

TEST(Xlsx, WhatIsWrittenIsReadBack) {
  const std::vector<OutSheet> sheets = {
      {"Media plan",
       {{{Out::Kind::kText, "Package"}, {Out::Kind::kText, "Budget"}},
        {{Out::Kind::kText, "=1+1"}, {Out::Kind::kNumber, "12200.10"}},
        {{Out::Kind::kDay, "2026-03-01"}, {Out::Kind::kNumber, "7011223344556677"}},
        {{Out::Kind::kText, "two\nlines \xC3\xA4 <&>"}, {Out::Kind::kText, "https://a.example"}}}},
      {"Buys", {{{Out::Kind::kText, "Package"}}}}};
  const auto bytes = WriteXlsx(sheets);
  ASSERT_TRUE(bytes) << bytes.error().what;
  EXPECT_EQ(*bytes, *WriteXlsx(sheets));
  const auto read = ReadXlsx(*bytes);
  ASSERT_TRUE(read) << read.error().what;
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(read->at(0).name, "Media plan");
  const auto& rows = read->at(0).rows;
  EXPECT_EQ(rows.at(1).cells.at(0).text, "=1+1");
  EXPECT_EQ(rows.at(1).cells.at(1).text, "12200.1");
  EXPECT_EQ(rows.at(2).cells.at(0).text, "2026-03-01");
  EXPECT_EQ(rows.at(2).cells.at(1).text, "7011223344556677");
  EXPECT_EQ(rows.at(3).cells.at(0).text, "two\nlines \xC3\xA4 <&>");
  EXPECT_FALSE(WriteXlsx({{"a/b", {}}}));
}

TEST(Sheets, F6IdsAndAmountsOf64BitsComeBackFromCsvAndXlsx) {
  std::vector<std::vector<OutCell>> rows = {{{OutCell::Kind::kText, "id"}}};
  for (const char* text : {"2147483647", "2147483648", "2147483649", "9007199254740991",
                           "9007199254740992", "9007199254740993", "9223372036854775807",
                           "2147.483647", "9007199254.740993", "9223372036854.775807"}) {
    rows.push_back({{OutCell::Kind::kText, text}});
  }
  const auto csv = ParseCsv(WriteCsv(rows), ',');
  const auto xlsx = ReadXlsx(WriteXlsx({{"Ids", rows}}).value());
  ASSERT_TRUE(csv && xlsx);
  ASSERT_EQ(csv->size(), rows.size());
  ASSERT_EQ(xlsx->at(0).rows.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ((*csv)[i].cells[0], rows[i][0].text);
    EXPECT_EQ(xlsx->at(0).rows[i].cells[0].text, rows[i][0].text);
    EXPECT_EQ(xlsx->at(0).rows[i].cells[0].wrong, "");
  }
}

TEST(Csv, FormulasAreGuardedAndReadBack) {
  for (const char* text : {"=1+1", "+49 30", "-5", "@sum", "\tx", "'=x", "''+", "plain", "a,b",
                           "say \"so\"", "two\nlines", "'tis", " edge "}) {
    const std::string csv = WriteCsv({{{Out::Kind::kText, text}, {Out::Kind::kText, "x"}}});
    const auto read = ParseCsv(csv, ',');
    ASSERT_TRUE(read) << csv;
    const std::string& cell = read->at(0).cells.at(0);
    EXPECT_EQ(Unguarded(cell), text);
    EXPECT_EQ(std::string("=+-@\t\r").find(cell.front()), std::string::npos) << cell;
  }
}

TEST(Csv, CellNames) {
  EXPECT_EQ(CellName(0, 1), "A1");
  EXPECT_EQ(CellName(25, 3), "Z3");
  EXPECT_EQ(CellName(26, 3), "AA3");
  EXPECT_EQ(CellName(701, 9), "ZZ9");
  EXPECT_EQ(CellName(702, 9), "AAA9");
}

}  // namespace
}  // namespace maxopt::sheet
