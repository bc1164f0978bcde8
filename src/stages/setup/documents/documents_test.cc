#include "stages/setup/documents/documents.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace maxopt {
namespace {

std::string Example(const std::string& path) {
  std::ifstream in(std::string(MAXOPT_SOURCE_DIR) + "/examples/" + path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

Result<std::string> ExampleFile(const std::string& name) { return Example("alpenglow/" + name); }

std::vector<DocumentFile> ExampleYaml() {
  std::vector<DocumentFile> files;
  for (const char* name : {"brief.yaml", "media_plan.yaml", "creatives.yaml", "buys.yaml"}) {
    files.push_back({name, Example(std::string("alpenglow/") + name)});
  }
  return files;
}

TEST(Documents, TheExampleIsRead) {
  const auto read = ParseDocuments(ExampleYaml(), ExampleFile);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->brief.client.value, "Alpenglow");
  EXPECT_EQ(PrintPlace(read->brief.client.place), "brief.yaml:4");
  EXPECT_EQ(read->brief.total_budget.value, Money::Micros(91'500'000'000, kEur));
  EXPECT_EQ(read->brief.brand, "Alpenglow");
  ASSERT_EQ(read->media_plan.packages.size(), 5U);
  const Package& social = read->media_plan.packages[2];
  EXPECT_EQ(social.name.value, "social-prospecting");
  EXPECT_EQ(PrintAccount(social.account.value), "meta/880011223344");
  EXPECT_EQ(social.daily_budget->value, Money::Micros(350'000'000, kEur));
  EXPECT_EQ(PrintPlace(social.daily_budget->place), "media_plan.yaml:30");
  EXPECT_EQ(TextField(social.fields.values, "pacing"), "even");
  EXPECT_EQ(PrintPlace(social.fields.PlaceOf("pacing", social.place)), "media_plan.yaml:34");
  ASSERT_EQ(read->creatives.assets.size(), 3U);
  EXPECT_EQ(read->creatives.assets[0].bytes.substr(1, 3), "PNG");
  ASSERT_EQ(read->buys.buys.size(), 5U);
  EXPECT_EQ(read->buys.buys[1].ad_groups[0].ads[1].value, "Light v1");
  ASSERT_EQ(read->brief.experiments.size(), 1U);
  EXPECT_EQ(read->brief.experiments[0].arms[1].of[0], "social-prospecting/Outdoor 25-54/Ridge");
  EXPECT_TRUE(read->brief.special_categories && read->brief.special_categories->value.empty());
}

std::string Printed(const CampaignDocuments& documents) {
  std::string out;
  for (const DocumentFile& file : PrintDocuments(documents)) out += file.bytes + "\n";
  return out;
}

TEST(Documents, PrintedTheyReadBackTheSame) {
  const auto read = ParseDocuments(ExampleYaml(), ExampleFile);
  ASSERT_TRUE(read) << read.error().what;
  const auto again = ParseDocuments(PrintDocuments(*read), ExampleFile);
  ASSERT_TRUE(again) << again.error().what << Printed(*read);
  EXPECT_EQ(Printed(*again), Printed(*read));
}

}  // namespace
}  // namespace maxopt
