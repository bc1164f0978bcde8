#include "stages/report/documents/documents.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sheet/sheet.h"
#include "stages/report/documents/charts.h"
#include "stages/report/documents/escape.h"

namespace maxopt::report {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kHostile = {
    "<script>alert('x')</script><img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "../../../../etc/passwd",
    "\u202Egnp.moc\u202C \u05E9\u05DC\u05D5\u05DD",
    std::string(300, 'W'),
    "🏔️🔥 émoji “quotes” | pipe ` tick",
    "\"><svg/onload=alert(1)> \r\nBcc: all@example.com",
    "bytes \xFF\xFE and \x01 control",
};

ViewColumn Column(const char* name, CellKind kind) {
  ViewColumn column;
  column.name = name;
  column.title = name;
  column.kind = kind;
  return column;
}

/// A document of one table and chart whose rows, client and brand carry hostile names.
Document Hostile() {
  View campaigns;
  campaigns.name = "campaigns";
  campaigns.from = *ParseDay("2026-03-02");
  campaigns.to = *ParseDay("2026-03-08");
  campaigns.columns = {Column("name", CellKind::kText), Column("platform", CellKind::kText),
                       Column("spend", CellKind::kMoney), Column("clicks", CellKind::kCount)};
  View client = campaigns, platforms = campaigns;
  std::int64_t n = 0;
  for (const std::string& name : kHostile) {
    ++n;
    campaigns.rows.push_back({"c" + std::to_string(n),
                              {name, std::string("meta"), Money::Micros(n * 1'000'000, kEur), n}});
  }
  client.rows = {{"client/A", {kHostile[0], std::string(), Money::Micros(36'000'000, kEur), n}}};
  platforms.rows = {
      {"p", {std::string("meta"), std::string("meta"), Money::Micros(36'000'000, kEur), n}}};
  Inputs inputs{{"campaigns", campaigns}, {"client", client}, {"platforms", platforms}};
  Settings settings;
  settings.id = "r-20260316-0001";
  settings.client = kHostile[6];
  settings.kind = "performance";
  settings.audience = "auditor";
  settings.language = "en";
  settings.campaign_type = "traffic";
  settings.from = *campaigns.from;
  settings.to = *campaigns.to;
  settings.made_at = settings.as_of = *ParseInstant("2026-03-16T06:00:00Z");
  settings.brand.name = kHostile[0];
  settings.brand.footer = kHostile[6];
  settings.software = "0.1.0";
  settings.missing = {{"geo", kHostile[0]}};
  // As it would be made: through the stored text, where bytes that are no UTF-8 are replaced.
  const auto stored = ReadInputs(InputsJson(settings, inputs));
  EXPECT_TRUE(stored) << stored.error().what;
  const auto document = Compose(stored->settings, stored->inputs);
  EXPECT_TRUE(document) << document.error().what;
  return *document;
}

bool Has(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

TEST(Documents, HostileNamesAreTextInHtml) {
  const std::string html = HtmlOf(Hostile());
  for (const char* bad : {"<script", "<img src=x", "<svg/onload", "\u202E", "onerror=alert(1)>"}) {
    EXPECT_FALSE(Has(html, bad)) << bad;
  }
  EXPECT_TRUE(Has(html, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
  EXPECT_TRUE(Has(html, "default-src 'none'; style-src 'unsafe-inline'; img-src data:"));
  EXPECT_FALSE(Has(html, "http://") || Has(html, "https://")) << "nothing from outside";
  EXPECT_TRUE(Has(html, "<html lang=\"en\">"));
  EXPECT_TRUE(Has(html, "<th scope=\"col\"") && Has(html, "<th scope=\"row\">"));
  EXPECT_TRUE(Has(html, "<details><summary>")) << "a table behind each chart";
  EXPECT_TRUE(Has(html, "role=\"img\" aria-labelledby="));
  EXPECT_TRUE(Has(html, std::string(300, 'W'))) << "a table shows the whole name";
}

TEST(Documents, HostileNamesAreTextInMarkdown) {
  const std::string text = MarkdownOf(Hostile());
  for (std::size_t at = 0; (at = text.find("<script", at)) != std::string::npos; ++at) {
    EXPECT_EQ(text[at - 1], '\\') << "unescaped markup";
  }
  EXPECT_TRUE(Has(text, "\\<script\\>"));
  EXPECT_TRUE(Has(text, "\\| pipe \\` tick"));
  EXPECT_FALSE(Has(text, "\u202E"));
}

TEST(Documents, AWorkbookHasNoFormulas) {
  const auto bytes = WorkbookOf(Hostile());
  ASSERT_TRUE(bytes) << bytes.error().what;
  EXPECT_EQ(*bytes, *WorkbookOf(Hostile())) << "the same bytes";
  const auto sheets = sheet::ReadXlsx(*bytes);
  ASSERT_TRUE(sheets) << sheets.error().what;
  bool formula_text = false, whole = false;
  for (const auto& each : *sheets) {
    EXPECT_LE(each.name.size(), 31U);
    for (const auto& row : each.rows) {
      for (const auto& cell : row.cells) {
        EXPECT_EQ(cell.wrong, "");
        formula_text = formula_text || cell.text == "=cmd|' /C calc'!A0";
        whole = whole || cell.text == std::string(300, 'W');
      }
    }
  }
  EXPECT_TRUE(formula_text) << "as text, to the letter";
  EXPECT_TRUE(whole);
  EXPECT_GE(sheets->size(), 3U);
}

TEST(Documents, CsvIsGuardedAndItsFilesHaveNoPaths) {
  const auto bytes = CsvZipOf(Hostile());
  ASSERT_TRUE(bytes) << bytes.error().what;
  EXPECT_EQ(*bytes, *CsvZipOf(Hostile())) << "the same bytes";
  EXPECT_TRUE(bytes->starts_with("PK"));
  EXPECT_FALSE(Has(*bytes, ".."));
  EXPECT_EQ(FileStem("../../etc/passwd"), "etc-passwd");
  EXPECT_EQ(FileStem("=cmd|' /C"), "cmd-c");
  EXPECT_EQ(FileStem("🏔️"), "report");
}

TEST(Documents, AMailCannotBeGivenHeaders) {
  const std::string mail =
      MailOf(Hostile(), {"max@b.example", "x@a.example\r\nBcc: all@example.com"});
  const std::string head = mail.substr(0, mail.find("\r\n\r\n"));
  EXPECT_FALSE(Has(head, "\nBcc:"));
  EXPECT_TRUE(Has(head, "Subject: =?UTF-8?B?"));
  EXPECT_TRUE(Has(head, "Date: Mon, 16 Mar 2026 06:00:00 +0000"));
  EXPECT_TRUE(Has(head, "multipart/alternative"));
  EXPECT_EQ(mail, MailOf(Hostile(), {"max@b.example", "x@a.example\r\nBcc: all@example.com"}));
  std::size_t longest = 0, begin = 0;
  for (std::size_t end; (end = mail.find("\r\n", begin)) != std::string::npos; begin = end + 2) {
    longest = std::max(longest, end - begin);
  }
  EXPECT_LE(longest, 998U) << "RFC 5322";
  EXPECT_EQ(Base64("Max"), "TWF4");
  EXPECT_EQ(Base64("Ma"), "TWE=");
}

TEST(Documents, JsonKeepsNamesAndTellsEveryCell) {
  const auto json = nlohmann::json::parse(JsonOf(Hostile()), nullptr, false);
  ASSERT_FALSE(json.is_discarded());
  EXPECT_EQ(json["maxopt"], "report/1");
  bool found = false;
  for (const auto& section : json["sections"]) {
    for (const auto& block : section["blocks"]) {
      if (!block.contains("table")) continue;
      for (const auto& row : block["table"]["rows"]) {
        found = found || row["cells"][0] == "=cmd|' /C calc'!A0";
      }
    }
  }
  EXPECT_TRUE(found);
}

TEST(Documents, APdfIsTheSameEachTimeAndHoldsNamesAsText) {
  const Document document = Hostile();
  const std::string html = HtmlOf(document);
  const Instant at = document.settings.made_at;
  const auto pdf = PdfOf(html, at, {});
  if (!pdf && pdf.error().code == Errc::kNotFound) GTEST_SKIP() << pdf.error().what;
  ASSERT_TRUE(pdf) << pdf.error().what;
  EXPECT_TRUE(pdf->starts_with("%PDF-"));
  EXPECT_TRUE(Has(*pdf, "(D:20260316060000"));
  const auto again = PdfOf(html, at, {});
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *pdf);
  // Scripts do not run and files are not read, whatever a page tries.
  const auto probe = PdfOf(
      "<!doctype html><title>t</title><p>before</p><script>document.body.textContent='ran'</script>"
      "<iframe src=\"file:///etc/passwd\"></iframe><object data=\"file:///etc/hosts\"></object>",
      at, {});
  ASSERT_TRUE(probe) << probe.error().what;
  const std::string path = (fs::temp_directory_path() / "maxopt_pdf_test_").string() +
                           std::to_string(::getpid()) + ".pdf";
  const auto text_of = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    std::string out;
    if (FILE* pipe = ::popen(("pdftotext " + path + " - 2>/dev/null").c_str(), "r")) {
      char buffer[4096];
      for (std::size_t count; (count = ::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
        out.append(buffer, count);
      }
      ::pclose(pipe);
    }
    fs::remove(path);
    return out;
  };
  const std::string tried = text_of(*probe);
  if (tried.empty()) GTEST_SKIP() << "pdftotext (poppler-utils) is not there";
  EXPECT_TRUE(Has(tried, "before"));
  EXPECT_FALSE(Has(tried, "ran") || Has(tried, "root:") || Has(tried, "localhost"));
  const std::string text = text_of(*pdf);
  EXPECT_TRUE(Has(text, "<script>alert('x')</script>"));
  EXPECT_TRUE(Has(text, "=cmd|' /C calc'!A0"));
}

TEST(Documents, WithoutChromiumItSaysWhatToInstall) {
  const auto pdf = PdfOf("<p>", *ParseInstant("2026-03-16T06:00:00Z"), {.program = "/nonexistent"});
  ASSERT_FALSE(pdf);
  EXPECT_EQ(pdf.error().code, Errc::kNotFound);
  EXPECT_TRUE(Has(pdf.error().what, "apt-get install chromium"));
}

TEST(Documents, NormalisingChangesDigitsOnly) {
  std::string pdf =
      "<</CreationDate (D:20991231235959+00'00')\n/ModDate (D:20991231235959+00'00')>>";
  const std::size_t size = pdf.size();
  NormalisePdf(pdf, *ParseInstant("2026-03-16T06:07:08Z"));
  EXPECT_EQ(pdf.size(), size);
  EXPECT_EQ(pdf, "<</CreationDate (D:20260316060708+00'00')\n/ModDate (D:20260316060708+00'00')>>");
}

TEST(Charts, AxesHaveRoundSteps) {
  EXPECT_DOUBLE_EQ(RoundStep(1'613), 500);  // 2,000
  EXPECT_DOUBLE_EQ(RoundStep(184), 50);     // 200
  EXPECT_DOUBLE_EQ(RoundStep(100), 25);
  EXPECT_DOUBLE_EQ(RoundStep(0.034), 0.01);
  EXPECT_DOUBLE_EQ(RoundStep(0), 0.25);
}

}  // namespace
}  // namespace maxopt::report
