#include "stages/setup/documents/documents.h"

#include <gtest/gtest.h>

#include "stages/setup/documents/examples_for_test.h"

namespace maxopt {
namespace {

using namespace documents_test;

TEST(Documents, TheExampleIsRead) {
  const auto read = ParseDocuments(Example(Form::kYaml), ExampleAsset);
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
  EXPECT_EQ(PrintPlace(social.daily_budget->place), "media_plan.yaml:28");
  EXPECT_EQ(TextField(social.fields.values, "pacing"), "even");
  EXPECT_EQ(PrintPlace(social.fields.PlaceOf("pacing", social.place)), "media_plan.yaml:32");
  ASSERT_EQ(read->creatives.assets.size(), 3U);
  EXPECT_EQ(read->creatives.assets[0].bytes.substr(1, 3), "PNG");
  ASSERT_EQ(read->buys.buys.size(), 5U);
  EXPECT_EQ(read->buys.buys[1].ad_groups[0].ads[1].value, "Light v1");
  ASSERT_EQ(read->brief.experiments.size(), 1U);
  EXPECT_EQ(read->brief.experiments[0].arms[1].of[0], "social-prospecting/Outdoor 25-54/Ridge");
  EXPECT_TRUE(read->brief.special_categories && read->brief.special_categories->value.empty());
}

TEST(Documents, PrintedTheyReadBackTheSame) {
  const auto read = ParseDocuments(Example(Form::kYaml), ExampleAsset);
  ASSERT_TRUE(read) << read.error().what;
  const auto again = ParseDocuments(PrintDocuments(*read), ExampleAsset);
  ASSERT_TRUE(again) << again.error().what << Printed(*read);
  EXPECT_EQ(Printed(*again), Printed(*read));
}

}  // namespace
}  // namespace maxopt
