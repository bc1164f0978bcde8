// The example in all its forms, what is published of the tables, and how what is printed reads
// back.
//
// Schemas and sheets that are committed are made here: MAXOPT_WRITE_EXAMPLES=1 writes them anew.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "json/schema_for_test.h"
#include "sheet/sheet.h"
#include "stages/setup/documents/examples_for_test.h"

namespace maxopt {
namespace documents_test {

std::string Source(const std::string& path) {
  std::ifstream in(std::string(MAXOPT_SOURCE_DIR) + "/" + path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

Result<std::string> ExampleAsset(const std::string& name) {
  if (!std::filesystem::exists(std::string(MAXOPT_SOURCE_DIR) + "/examples/alpenglow/" + name)) {
    return Fail(Errc::kNotFound, "is not there");
  }
  return Source("examples/alpenglow/" + name);
}

namespace {

nlohmann::json ToJson(const YAML::Node& node) {
  if (node.IsSequence()) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& item : node) list.push_back(ToJson(item));
    return list;
  }
  if (node.IsMap()) {
    nlohmann::json map = nlohmann::json::object();
    for (const auto& pair : node) map[pair.first.Scalar()] = ToJson(pair.second);
    return map;
  }
  if (node.Tag() == "!") return node.Scalar();
  const auto value = nlohmann::json::parse(node.Scalar(), nullptr, false);
  return value.is_number_integer() || value.is_boolean() ? value : nlohmann::json(node.Scalar());
}

}  // namespace

std::vector<DocumentFile> Example(Form form) {
  std::vector<DocumentFile> files;
  switch (form) {
    case Form::kYaml:
    case Form::kJson:
      for (const std::string name : {"brief", "media_plan", "creatives", "buys"}) {
        const std::string yaml = Source("examples/alpenglow/" + name + ".yaml");
        if (form == Form::kYaml) {
          files.push_back({name + ".yaml", yaml});
        } else {
          files.push_back({name + ".json", ToJson(YAML::Load(yaml)).dump(2)});
        }
      }
      break;
    case Form::kCsv:
      for (const std::string name :
           {"brief", "media_plan", "creatives", "assets", "guidelines", "buys"}) {
        files.push_back({name + ".csv", Source("examples/alpenglow-sheets/" + name + ".csv")});
      }
      break;
    case Form::kXlsx:
      files.push_back({"alpenglow.xlsx", Source("examples/alpenglow-workbook/alpenglow.xlsx")});
      break;
  }
  return files;
}

std::string Printed(const CampaignDocuments& documents) {
  std::string out;
  for (const DocumentFile& file : PrintDocuments(documents)) out += file.bytes + "\n";
  return out;
}

}  // namespace documents_test

namespace {

using namespace documents_test;

bool Writes() { return std::getenv("MAXOPT_WRITE_EXAMPLES") != nullptr; }
void Write(const std::string& path, const std::string& content) {
  const std::filesystem::path to = std::filesystem::path(MAXOPT_SOURCE_DIR) / path;
  std::filesystem::create_directories(to.parent_path());
  std::ofstream(to, std::ios::binary) << content;
}

/// As a person would write it: digests are for those who want them.
CampaignDocuments ForSheets() {
  auto read = ParseDocuments(Example(Form::kYaml), ExampleAsset);
  EXPECT_TRUE(read) << read.error().what;
  for (AssetDocument& asset : read->creatives.assets) asset.sha256.clear();
  return *read;
}

TEST(Forms, TheSheetsOfTheExampleAreMadeFromIt) {
  const CampaignDocuments documents = ForSheets();
  for (const DocumentFile& file : PrintDocumentsCsv(documents)) {
    const std::string path = "examples/alpenglow-sheets/" + file.name;
    if (Writes()) Write(path, file.bytes);
    EXPECT_EQ(Source(path), file.bytes) << path;
  }
  const auto workbook = PrintDocumentsXlsx(documents);
  ASSERT_TRUE(workbook) << workbook.error().what;
  if (Writes()) Write("examples/alpenglow-workbook/alpenglow.xlsx", *workbook);
  // Compression may differ from one zlib to the next; what is in the cells may not.
  const auto made = sheet::ReadXlsx(*workbook);
  const auto committed = sheet::ReadXlsx(Source("examples/alpenglow-workbook/alpenglow.xlsx"));
  ASSERT_TRUE(made && committed);
  ASSERT_EQ(made->size(), committed->size());
  for (std::size_t at = 0; at < made->size(); ++at) {
    EXPECT_EQ((*made)[at].name, (*committed)[at].name);
    ASSERT_EQ((*made)[at].rows.size(), (*committed)[at].rows.size());
    for (std::size_t row = 0; row < (*made)[at].rows.size(); ++row) {
      const auto& cells = (*made)[at].rows[row].cells;
      ASSERT_EQ(cells.size(), (*committed)[at].rows[row].cells.size());
      for (std::size_t cell = 0; cell < cells.size(); ++cell) {
        EXPECT_EQ(cells[cell].text, (*committed)[at].rows[row].cells[cell].text);
      }
    }
  }
}

TEST(Forms, AllFormsAreTheSameDocuments) {
  const auto yaml = ParseDocuments(Example(Form::kYaml), ExampleAsset);
  ASSERT_TRUE(yaml) << yaml.error().what;
  for (const Form form : kForms) {
    const auto read = ParseDocuments(Example(form), ExampleAsset);
    ASSERT_TRUE(read) << read.error().what;
    EXPECT_EQ(Printed(*read), Printed(*yaml));
    EXPECT_EQ(read->creatives.assets.at(1).bytes, yaml->creatives.assets.at(1).bytes);
  }
}

TEST(Forms, PlacesAreThoseOfTheForm) {
  const auto json = ParseDocuments(Example(Form::kJson), ExampleAsset);
  const auto csv = ParseDocuments(Example(Form::kCsv), ExampleAsset);
  const auto xlsx = ParseDocuments(Example(Form::kXlsx), ExampleAsset);
  ASSERT_TRUE(json && csv && xlsx);
  // "client" is the sixth key in alphabetical order, behind lists of several lines.
  const std::string text = Example(Form::kJson)[0].bytes;
  const auto before =
      std::count(text.begin(), text.begin() + static_cast<long>(text.find("\"client\"")), '\n');
  EXPECT_EQ(json->brief.client.place.line, before + 1);
  const auto& package = csv->media_plan.packages[1];
  EXPECT_EQ(PrintPlace(package.name.place), "media_plan.csv, cell A3");
  EXPECT_EQ(PrintPlace(package.place), "media_plan.csv:3");
  EXPECT_EQ(PrintPlace(xlsx->media_plan.packages[1].name.place),
            "alpenglow.xlsx, sheet Media plan, cell A3");
  EXPECT_EQ(PrintPlace(xlsx->buys.buys[2].ad_groups[0].place), "alpenglow.xlsx, sheet Buys, row 4");
}

TEST(Schemas, TheCommittedOnesAreThoseOfTheTables) {
  for (const DocumentFile& file : Example(Form::kJson)) {
    const std::string kind = file.name.substr(0, file.name.find('.'));
    const auto schema = DocumentSchema(kind);
    ASSERT_TRUE(schema) << schema.error().what;
    const std::string path = "schemas/" + kind + ".schema.json";
    if (Writes()) Write(path, *schema);
    EXPECT_EQ(Source(path), *schema) << path;
    const auto parsed = nlohmann::json::parse(*schema);
    const auto document = nlohmann::json::parse(file.bytes);
    EXPECT_EQ(SchemaProblems(parsed, document), "") << kind;
    auto unknown = document;
    unknown["dayly_budget"] = 5;
    EXPECT_NE(SchemaProblems(parsed, unknown), "") << kind;
    auto versioned = document;
    versioned["maxopt"] = "brief/2";
    EXPECT_NE(SchemaProblems(parsed, versioned), "") << kind;
  }
  EXPECT_FALSE(DocumentSchema("campaign"));
}

TEST(Schemas, TheyRefuseWhatTheReaderRefuses) {
  const auto schema = nlohmann::json::parse(*DocumentSchema("media_plan"));
  const auto good = nlohmann::json::parse(Example(Form::kJson)[1].bytes);
  const nlohmann::json::json_pointer package("/packages/0");
  for (const auto& [key, value] : {std::pair<std::string, nlohmann::json>{"account", "act_1"},
                                   {"daily_budget", "1e3"},
                                   {"daily_budget", -5},
                                   {"name", "Search Brand"},
                                   {"pacing", "fast"},
                                   {"countries", {"Germany"}},
                                   {"start", "1.3.2026"},
                                   {"frequency_cap", 0}}) {
    auto bad = good;
    bad[package][key] = value;
    EXPECT_NE(SchemaProblems(schema, bad), "") << key;
    auto files = Example(Form::kJson);
    files[1].bytes = bad.dump();
    EXPECT_FALSE(ParseDocuments(files, ExampleAsset)) << key;
  }
}

TEST(Templates, FilledInTheyAreRead) {
  std::vector<DocumentFile> files;
  for (const std::string kind : {"brief", "media_plan", "creatives", "buys"}) {
    const auto text = DocumentTemplateYaml(kind);
    ASSERT_TRUE(text) << text.error().what;
    files.push_back({kind + ".yaml", *text});
  }
  // What is needed stands there with an example; a package's budget is one of two.
  std::string& plan = files[1].bytes;
  plan.erase(plan.find("#     daily_budget"), 2);
  const auto read = ParseDocuments(files, ExampleAsset);
  ASSERT_TRUE(read) << read.error().what << "\n" << plan;
  EXPECT_EQ(read->media_plan.packages.at(0).name.value, "search-brand");
}

TEST(Templates, SheetsHaveTheColumnsThatAreRead) {
  // The example row is a comment: filled in or not, the columns must be known.
  for (const std::string kind : {"brief", "media_plan", "creatives", "assets", "guidelines", "buys",
                                 "kpis", "conversions", "experiments"}) {
    const auto csv = DocumentTemplateCsv(kind);
    ASSERT_TRUE(csv) << csv.error().what;
    const auto read = ParseDocuments({{kind + ".csv", *csv}}, ExampleAsset);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().what.find("not known"), std::string::npos) << read.error().what;
  }
  EXPECT_FALSE(DocumentTemplateCsv("workbook"));
  const auto workbook = DocumentTemplateXlsx("workbook");
  ASSERT_TRUE(workbook) << workbook.error().what;
  const auto sheets = sheet::ReadXlsx(*workbook);
  ASSERT_TRUE(sheets) << sheets.error().what;
  EXPECT_EQ(sheets->size(), 9U);
  const auto read = ParseDocuments({{"empty.xlsx", *workbook}}, ExampleAsset);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().what.find("not known"), std::string::npos) << read.error().what;
  EXPECT_TRUE(read.error().what.starts_with("the brief: is missing")) << read.error().what;
  // Beside documents that are there, its empty sheets say nothing.
  auto files = Example(Form::kYaml);
  files.push_back({"empty.xlsx", *workbook});
  const auto beside = ParseDocuments(files, ExampleAsset);
  EXPECT_TRUE(beside) << beside.error().what;
  EXPECT_FALSE(ParseSomeDocuments({{"empty.xlsx", *workbook}}, ExampleAsset));
  const auto nothing = sheet::ReadXlsx("");
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().what, "is empty");
}

TEST(Sheets, PlannersWriteAsTheyDo) {
  // Headers of their own, in any order, semicolons between cells, words as words, dates as ISO.
  auto files = Example(Form::kCsv);
  files[1] = {
      "q2 media plan.csv",
      "Channel;Account ID;Platform;Flight start;Budget per day;Pacing;Notes;Committed metrics\n"
      "# such as: video;;;;;;;\n"
      "search-brand;4471189001;Google Ads;2026-03-02;200,5;Even;anything;impressions: 10\n"};
  auto read = ParseDocuments(files, ExampleAsset);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().what.find("q2 media plan.csv, cell E3: daily_budget: \"200,5\""),
            std::string::npos)
      << read.error().what;
  std::string& text = files[1].bytes;
  text.replace(text.find("200,5"), 5, "200.5");
  read = ParseDocuments(files, ExampleAsset);
  ASSERT_TRUE(read) << read.error().what;
  const Package& package = read->media_plan.packages.at(0);
  EXPECT_EQ(package.account.value.platform, Platform::kGoogleAds);
  EXPECT_EQ(package.daily_budget->value, Money::Micros(200'500'000, kEur));
  EXPECT_EQ(package.committed_metrics.at("impressions").value, 10);
  EXPECT_EQ(TextField(package.fields.values, "pacing"), "even");
}

TEST(Sheets, ACsvIsKnownByItsHeader) {
  auto files = Example(Form::kCsv);
  for (std::size_t at = 0; at < files.size(); ++at) files[at].name = std::to_string(at) + ".csv";
  const auto read = ParseDocuments(files, ExampleAsset);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(Printed(*read), Printed(*ParseDocuments(Example(Form::kYaml), ExampleAsset)));
}

TEST(Sheets, AnAdMayNameItsFile) {
  auto files = Example(Form::kCsv);
  files.erase(files.begin() + 3);  // the assets
  std::string& ads = files[2].bytes;
  for (const std::string name : {"dawn", "ridge", "night"}) {
    for (std::size_t at = 0; (at = ads.find("," + name + ",", at)) != std::string::npos; ++at) {
      ads.replace(at + 1, name.size(), "creatives/" + name + ".png");
    }
  }
  const auto read = ParseDocuments(files, ExampleAsset);
  ASSERT_TRUE(read) << read.error().what;
  ASSERT_EQ(read->creatives.assets.size(), 3U);
  EXPECT_EQ(read->creatives.assets[0].name, "dawn");
  EXPECT_EQ(read->creatives.ads[3].image->value, "dawn");
}

}  // namespace
}  // namespace maxopt
