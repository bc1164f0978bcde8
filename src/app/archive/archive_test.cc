#include "app/archive/archive.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "app/views/views.h"
#include "memory/campaigns/ledger.h"
#include "memory/facts/archive.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;

Day D(std::string_view text) { return ParseDay(text).value(); }
Instant T(std::string_view text) { return ParseInstant(text).value(); }
const AccountId kMeta{Platform::kMeta, "222"};

MetricRow Row(std::string_view day, std::string campaign, std::int64_t euros) {
  return {.day = D(day),
          .hour = std::nullopt,
          .campaign_id = std::move(campaign),
          .ad_group_id = "",
          .ad_id = "",
          .segment = "",
          .spend = Money::Micros(euros * 1'000'000, kEur),
          .impressions = 1000,
          .clicks = 10,
          .conversions_claimed = 2,
          .revenue_claimed = Money::Micros(90'000'001, kEur),
          .impression_share = std::nullopt};
}

class Archives : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "maxopt-archive-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    clock_ = std::make_shared<VirtualClock>(T("2026-03-10T12:00:00Z"));
    auto home = Open("home");
    ASSERT_TRUE(home->store().SaveClient({"Alpen", kEur, "Europe/Berlin"}));
    ASSERT_TRUE(home->store().SaveAccount(
        {"Alpen", {kMeta, "Alpen Meta", kEur, "Europe/Berlin", "active"}}));
    Load(*home, {Row("2026-03-05", "1", 10), Row("2026-03-05", "2", 20)}, "2026-03-06T10:00:00Z");
    Load(*home, {Row("2026-03-05", "1", 11), Row("2026-03-05", "2", 22)}, "2026-03-09T10:00:00Z");
    ASSERT_TRUE(
        home->store().SaveDocument({"Alpen", "setup", "spring/brief.yaml",
                                    "=not \"a\" brief\n<script>", T("2026-03-01T00:00:00Z")}));
    ASSERT_TRUE(home->store().SaveObject(
        {"spring/search", kMeta, Level::kCampaign, "1", "", "", {{"name", std::string("One")}}}));
    Plan plan;
    plan.client = "Alpen";
    plan.title = "more";
    plan.status = PlanStatus::kGuarded;
    plan.created_at = T("2026-03-10T11:30:00Z");
    Change change;
    change.account = kMeta;
    change.id = "1";
    change.address = "spring/search";
    change.after["daily_budget"] = Money::Micros(46'000'000, kEur);
    plan.changes = {change};
    ASSERT_TRUE(home->store().SavePlan(plan));
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::unique_ptr<Home> Open(const std::string& name) {
    auto home = Home::Open(folder_ + "/" + name, clock_);
    EXPECT_TRUE(home) << (home ? "" : home.error().what);
    return home ? *std::move(home) : nullptr;
  }
  static void Load(Home& home, std::vector<MetricRow> rows, std::string_view at) {
    MetricReport report{.query = {.account = kMeta, .from = D("2026-03-05"), .to = D("2026-03-05")},
                        .attribution_window = "7d_click",
                        .rows = std::move(rows),
                        .complete = true,
                        .incomplete_why = ""};
    ASSERT_TRUE(home.facts().Load(report, T(at), "test"));
  }
  /// Everything that two homes must agree on.
  std::vector<std::string> Told(const std::string& name) {
    const auto home = Open(name);
    std::vector<std::string> out;
    for (const char* view : {"overview", "accounts", "campaigns", "series", "plans", "documents",
                             "ledger", "quality"}) {
      for (const char* as_of : {"", "2026-03-07T00:00:00Z"}) {
        ViewQuery query;
        query.view = view;
        if (*as_of) query.as_of = T(as_of);
        if (std::string_view(view) == "campaigns" || std::string_view(view) == "series") {
          query.from = D("2026-03-01");
          query.to = D("2026-03-09");
        }
        const auto made = MakeView(*home, query);
        EXPECT_TRUE(made) << view << (made ? "" : made.error().what);
        if (made) out.push_back(ToJson(*made));
      }
    }
    return out;
  }
  std::string folder_;
  std::shared_ptr<VirtualClock> clock_;
};

TEST_F(Archives, ARestoredHomeTellsTheSame) {
  const std::vector<std::string> before = Told("home");
  const auto written = WriteArchive(Open("home"), {"Alpen", "", folder_ + "/archive"});
  ASSERT_TRUE(written) << written.error().what;
  EXPECT_GT(written->files.size(), 20u);
  const auto restored = RestoreArchive(folder_ + "/archive", folder_ + "/second", clock_);
  ASSERT_TRUE(restored) << restored.error().what;
  EXPECT_EQ(restored->client, "Alpen");
  EXPECT_EQ(Told("second"), before);
  {
    const auto home = Open("second");
    const auto chain = CheckLedger(home->store(), "");
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->broken, "");
    EXPECT_EQ(chain->entries, 1);
  }
  // The same home, archived again, is the same files; and a home that holds something is refused.
  const auto again = WriteArchive(Open("second"), {"Alpen", "", folder_ + "/again"});
  ASSERT_TRUE(again) << again.error().what;
  ASSERT_EQ(again->files.size(), written->files.size());
  for (std::size_t i = 0; i < again->files.size(); ++i) {
    EXPECT_EQ(again->files[i].sha256, written->files[i].sha256) << again->files[i].name;
  }
  const auto twice = RestoreArchive(folder_ + "/archive", folder_ + "/second", clock_);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, Errc::kConflict);
  const auto full = WriteArchive(Open("home"), {"Alpen", "", folder_ + "/archive"});
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Errc::kConflict);
}

TEST_F(Archives, AFileThatWasTouchedIsRefusedByName) {
  ASSERT_TRUE(WriteArchive(Open("home"), {"Alpen", "", folder_ + "/archive"}));
  for (const char* name : {"rows-plan.jsonl", "facts-metrics.parquet"}) {
    const std::string path = folder_ + "/archive/" + name;
    const auto content = ReadWholeFile(path);
    ASSERT_TRUE(content);
    std::string touched = *content;
    touched[touched.size() / 2] = static_cast<char>(touched[touched.size() / 2] ^ 1);
    ASSERT_TRUE(WriteWholeFile(path, touched));
    const auto refused = RestoreArchive(folder_ + "/archive", folder_ + "/third", clock_);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().what.find(name), std::string::npos) << refused.error().what;
    EXPECT_FALSE(fs::exists(folder_ + "/third"));
    ASSERT_TRUE(WriteWholeFile(path, *content));
  }
  fs::remove(folder_ + "/archive/rows-client.jsonl");
  const auto missing = CheckArchive(folder_ + "/archive");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().what.find("rows-client.jsonl"), std::string::npos);
  // A manifest does not lead out of its folder.
  const auto manifest = ReadWholeFile(folder_ + "/archive/manifest.json");
  ASSERT_TRUE(manifest);
  std::string evil = *manifest;
  evil.replace(evil.find("rows-client.jsonl"), 17, "../home/maxopt.db");
  ASSERT_TRUE(WriteWholeFile(folder_ + "/archive/manifest.json", evil));
  const auto led = CheckArchive(folder_ + "/archive");
  ASSERT_FALSE(led);
  EXPECT_NE(led.error().what.find("no name of a file"), std::string::npos) << led.error().what;
}

TEST_F(Archives, OneCampaignIsThatCampaignOnly) {
  for (const char* campaign : {"spring", "1", "meta/222/campaign/1"}) {
    const std::string to = folder_ + "/of-" + std::to_string(std::string_view(campaign).size());
    const auto written = WriteArchive(Open("home"), {"Alpen", campaign, to});
    ASSERT_TRUE(written) << written.error().what;
    const std::string second = to + "-home";
    ASSERT_TRUE(RestoreArchive(to, second, clock_));
    auto home = Home::Open(second, clock_);
    ASSERT_TRUE(home) << home.error().what;
    ViewQuery query{.view = "campaigns"};
    query.from = D("2026-03-01");
    const auto view = MakeView(**home, query);
    ASSERT_TRUE(view);
    ASSERT_EQ(view->rows.size(), 1u);
    EXPECT_EQ(view->rows[0].key, "meta/222/campaign/1");
    EXPECT_EQ(
        PrintCell(view->rows[0].cells[*view->Find("spend")], view->columns[*view->Find("spend")]),
        "11.00 EUR");
    EXPECT_EQ((*home)->store().Plans(std::nullopt, 10)->size(), 1u);
  }
  const auto none = WriteArchive(Open("home"), {"Alpen", "autumn", folder_ + "/none"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::kNotFound);
}

TEST_F(Archives, TheReportsOfDbtAreFilesWithTheirColumns) {
  fs::create_directories(folder_ + "/dbt");
  const auto files = ExportReports(folder_ + "/home/facts.duckdb", folder_ + "/dbt", {kMeta});
  ASSERT_TRUE(files) << files.error().what;
  ASSERT_EQ(files->size(), 9u);
  EXPECT_EQ((*files)[0].table, "ad_reporting__account_report");
  EXPECT_EQ((*files)[1].rows, 2);
}

TEST_F(Archives, SqlAnswersQuestionsAndNothingElse) {
  const std::string facts = folder_ + "/home/facts.duckdb";
  const auto answer = AskFactsSql(
      facts, "SELECT campaign_id, spend FROM ad_reporting__campaign_report ORDER BY 1;");
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(answer->columns, (std::vector<std::string>{"campaign_id", "spend"}));
  ASSERT_EQ(answer->rows.size(), 2u);
  EXPECT_EQ(*answer->rows[0][0], "1");
  EXPECT_EQ(*answer->rows[0][1], "11.0");
  EXPECT_TRUE(AskFactsSql(facts, "WITH a AS (SELECT 1 AS x) SELECT * FROM a -- a remark"));
  EXPECT_TRUE(AskFactsSql(facts, "DESCRIBE metrics"));
  for (const char* sql : {"DELETE FROM metrics",
                          "DROP TABLE metrics",
                          "ATTACH '/tmp/x.db'",
                          "INSTALL httpfs",
                          "COPY metrics TO '/tmp/x.csv'",
                          "SELECT * FROM read_csv('/etc/passwd')",
                          "SELECT * FROM '/etc/passwd'",
                          "SELECT * FROM read_text('/etc/passwd')",
                          "SELECT * FROM glob('/etc/*')",
                          "SET enable_external_access = true",
                          "PRAGMA version",
                          "SELECT 1; SELECT 2",
                          "SELECT 1) ; DROP TABLE metrics; SELECT (1",
                          "",
                          "SELEC 1",
                          "CREATE TABLE t (x INT)",
                          "SELECT ?",
                          "CALL pragma_version()",
                          "CHECKPOINT",
                          "SELECT * FROM nowhere"}) {
    const auto refused = AskFactsSql(facts, sql);
    EXPECT_FALSE(refused) << sql;
    if (!refused) {
      EXPECT_EQ(refused.error().code, Errc::kInvalidArgument) << sql;
    }
  }
  SqlLimits few;
  few.rows = 10;
  const auto many = AskFactsSql(facts, "SELECT * FROM range(11)", few);
  ASSERT_FALSE(many);
  EXPECT_NE(many.error().what.find("more than 10 rows"), std::string::npos);
  EXPECT_TRUE(AskFactsSql(facts, "SELECT * FROM range(10)", few));
  SqlLimits quick;
  quick.seconds = 1;
  const auto long_one = AskFactsSql(
      facts, "SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range % 7 = 3",
      quick);
  ASSERT_FALSE(long_one);
  EXPECT_EQ(long_one.error().code, Errc::kUnavailable) << long_one.error().what;
}

}  // namespace
}  // namespace maxopt
