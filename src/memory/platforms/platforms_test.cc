#include "memory/platforms/platforms.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "memory/platforms/builtin.h"

namespace maxopt {
namespace {

constexpr std::string_view kObjectives[] = {"awareness", "traffic", "engagement",
                                            "leads",     "app",     "sales"};

Day DayOf(std::string_view text) { return *ParseDay(text); }

/// The shortest complete file: every field of the catalogue is said to be impossible.
std::string Minimal() {
  std::string yaml =
      "platform: reddit\n"
      "version: \"2026-11-22\"\n"
      "writable: false\n"
      "sources:\n"
      "  page: {name: a page, date: 2026-11-20}\n"
      "objectives:\n"
      "  sales: {word: CONVERSIONS, goals: [conversions], required: [ad.landing_url], "
      "defaults: {age_min: 18}, best_practice: [be kind], source: page}\n"
      "required: {fields: [campaign.name], source: page}\n"
      "budgets:\n"
      "  owner: either\n"
      "  source: page\n"
      "  minima:\n"
      "    - {level: ad_group, kind: daily, amounts: {EUR: 5.50, JPY: 600}, source: page}\n"
      "texts:\n"
      "  - {field: headlines, min_count: 1, max_count: 3, max_chars: 30, source: page}\n"
      "placements:\n"
      "  - {name: feed, ratios: [\"1:1\"], source: page}\n"
      "media:\n"
      "  - {media: image, placement: feed, formats: [png], ratios: [\"1.91:1\", \"9:16\"], "
      "ratio_tolerance_bp: 100, max_bytes: 5 MiB, source: page}\n"
      "review_rules: []\n"
      "api_versions:\n"
      "  - {version: v3, released: 2025-01-01, sunset: 2026-12-01, source: page}\n"
      "tracking: {click_id: rdt_cid, macros: {campaign_id: \"{{ID}}\"}, source: page}\n"
      "fields:\n";
  for (const FieldSpec& field : FieldCatalogue()) {
    yaml += fmt::format("  {}: {{levels: \"\", note: not here, source: page}}\n", field.name);
  }
  return yaml;
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(BuiltInFiles, EveryFileParsesAndIsNamedAfterItsPlatform) {
  EXPECT_EQ(BuiltInFiles().size(), 10U);
  for (const BuiltInFile& file : BuiltInFiles()) {
    const auto spec = ParsePlatformSpec(file.text, std::string(file.name));
    ASSERT_TRUE(spec) << spec.error().what;
    EXPECT_EQ(file.name, "specs/" + std::string(PlatformName(spec->platform)) + ".yaml");
  }
}

TEST(PlatformSpecs, TenPlatformsThreeOfThemWritten) {
  std::vector<Platform> written;
  for (const PlatformSpec& spec : PlatformSpecs::BuiltIn().all()) {
    if (spec.writable) written.push_back(spec.platform);
  }
  EXPECT_EQ(PlatformSpecs::BuiltIn().all().size(), 10U);
  EXPECT_EQ(written, (std::vector{Platform::kGoogleAds, Platform::kMeta, Platform::kTikTok}));
  EXPECT_EQ(PlatformSpecs::BuiltIn().Find(Platform::kOther), nullptr);
}

TEST(PlatformSpecs, WhatIsWrittenIsComplete) {
  for (const PlatformSpec& spec : PlatformSpecs::BuiltIn().all()) {
    if (!spec.writable) continue;
    const std::string_view name = PlatformName(spec.platform);
    for (const std::string_view objective : kObjectives) {
      const ObjectiveSpec* found = spec.FindObjective(objective);
      ASSERT_NE(found, nullptr) << name << " " << objective;
      EXPECT_FALSE(found->best_practice.empty()) << name << " " << objective;
      // The template states only what can be set there, and values that are possible.
      for (const auto& [field, value] : found->defaults) {
        const FieldSupport* support = spec.FindField(field);
        ASSERT_NE(support, nullptr) << field;
        EXPECT_FALSE(support->levels.empty()) << name << " " << objective << " " << field;
        if (support->allowed.empty()) continue;
        EXPECT_TRUE(std::ranges::count(support->allowed, value) == 1)
            << name << " " << objective << " " << field << " " << value;
      }
      // So does what is required of it.
      for (const std::string& address : found->required_fields) {
        const std::string field = address.substr(address.find('.') + 1);
        EXPECT_FALSE(spec.FindField(field)->levels.empty()) << name << " " << address;
      }
    }
    for (const FieldSpec& field : FieldCatalogue()) {
      EXPECT_NE(spec.FindField(field.name), nullptr) << name << " " << field.name;
    }
    EXPECT_TRUE(spec.learning.has_value()) << name;
    EXPECT_FALSE(spec.learning_resets.empty()) << name;
    EXPECT_FALSE(spec.review_rules.empty()) << name;
    EXPECT_FALSE(spec.api_versions.empty()) << name;
    EXPECT_TRUE(spec.macros.contains("campaign_id")) << name;
    EXPECT_FALSE(spec.click_id.empty()) << name;
    EXPECT_TRUE(std::ranges::any_of(spec.media, [](const auto& m) { return m.media == "image"; }));
    EXPECT_TRUE(std::ranges::any_of(spec.media, [](const auto& m) { return m.media == "video"; }));
    const std::string_view level = spec.budget_owner == "campaign" ? "campaign" : "ad_group";
    for (const Currency currency : {kEur, kUsd, kGbp, kJpy}) {
      EXPECT_TRUE(spec.LeastBudget(level, "daily", currency)) << name << " " << currency.name();
    }
  }
}

TEST(PlatformSpecs, EveryRequirementHasItsSourceAndDate) {
  const std::vector<Requirement> lines = PlatformSpecs::BuiltIn().Flat();
  EXPECT_GT(lines.size(), 1500U);
  std::set<std::tuple<Platform, std::string, std::string, std::string>> seen;
  for (const Requirement& line : lines) {
    EXPECT_FALSE(line.source.empty()) << line.key;
    EXPECT_TRUE(ParseDay(line.date)) << line.key << " " << line.date;
    EXPECT_FALSE(line.value.empty()) << line.key;
    EXPECT_TRUE(seen.insert({line.platform, line.section, line.key, line.value}).second)
        << PlatformName(line.platform) << " " << line.section << " " << line.key;
  }
}

TEST(PlatformSpecs, MinimaAreExactAndWholeMinorUnits) {
  const PlatformSpec& meta = *PlatformSpecs::BuiltIn().Find(Platform::kMeta);
  EXPECT_EQ(meta.LeastBudget("ad_group", "daily", kEur), Money::Micros(1'000'000, kEur));
  EXPECT_EQ(meta.LeastBudget("campaign", "daily", kJpy), Money::Micros(100'000'000, kJpy));
  EXPECT_EQ(meta.LeastBudget("campaign", "daily", kTwd), Money::Micros(33'000'000, kTwd));
  const PlatformSpec& tiktok = *PlatformSpecs::BuiltIn().Find(Platform::kTikTok);
  EXPECT_EQ(tiktok.LeastBudget("campaign", "daily", kUsd), Money::Micros(50'000'000, kUsd));
  EXPECT_EQ(tiktok.LeastBudget("ad_group", "daily", kUsd), Money::Micros(20'000'000, kUsd));
  EXPECT_EQ(tiktok.LeastBudget("ad_group", "daily", *FindCurrency("KWD")), std::nullopt);
  for (const PlatformSpec& spec : PlatformSpecs::BuiltIn().all()) {
    const MinorUnits table =
        spec.platform == Platform::kMeta ? MinorUnits::kMeta : MinorUnits::kIso4217;
    for (const BudgetMinimum& least : spec.budget_minima) {
      EXPECT_TRUE(ToMinor(least.amount, table)) << PrintMoney(least.amount);
      EXPECT_EQ(*ParseMoney(PrintDecimal(least.amount), least.amount.currency()), least.amount);
    }
  }
}

TEST(PlatformSpecs, SunsetsAreTheEarliestFirstAndThePastOnesToo) {
  const PlatformSpec spec = *ParsePlatformSpec(Minimal(), "reddit.yaml");
  const PlatformSpecs specs({spec});
  const auto week = specs.SunsetsWithin(DayOf("2026-11-24"), 7);
  ASSERT_EQ(week.size(), 1U);
  EXPECT_EQ(week[0].version, "v3");
  EXPECT_EQ(week[0].days_left, 7);
  EXPECT_TRUE(specs.SunsetsWithin(DayOf("2026-11-23"), 7).empty());
  EXPECT_EQ(specs.SunsetsWithin(DayOf("2026-12-03"), 0).at(0).days_left, -2);

  const auto all = PlatformSpecs::BuiltIn().SunsetsWithin(DayOf("2026-11-22"), 90);
  EXPECT_TRUE(std::ranges::is_sorted(all, {}, &PlatformSpecs::Sunset::day));
  EXPECT_TRUE(std::ranges::any_of(all, [](const auto& s) {
    return s.platform == Platform::kMeta && s.version == "v21.0" && s.days_left == 60;
  }));
}

TEST(PlatformSpecs, AVersionEndsOrIsNotKnown) {
  const PlatformSpecs specs({*ParsePlatformSpec(Minimal(), "reddit.yaml")});
  struct Case {
    const char* today;
    const char* warning;
    const char* problem;
  };
  // v3 ends on 2026-12-01.
  const Case cases[] = {
      {"2026-09-01", "", ""},
      {"2026-09-02", "in 90 days (within 90)", ""},
      {"2026-11-01", "in 30 days (within 30)", ""},
      {"2026-11-24", "in 7 days (within 7)", ""},
      {"2026-12-01", "in 0 days (within 7)", ""},
      {"2026-12-02", "", "it ended on 2026-12-01"},
  };
  for (const Case& c : cases) {
    const auto finding = specs.CheckVersion(Platform::kReddit, "v3", DayOf(c.today));
    ASSERT_TRUE(finding);
    EXPECT_EQ(finding->what, "version v3 of reddit");
    EXPECT_EQ(finding->warning.empty(), *c.warning == '\0') << c.today << finding->warning;
    EXPECT_NE(finding->warning.find(c.warning), std::string::npos) << c.today << finding->warning;
    EXPECT_EQ(finding->problem.empty(), *c.problem == '\0') << c.today << finding->problem;
    EXPECT_NE(finding->problem.find(c.problem), std::string::npos) << c.today << finding->problem;
  }
  const auto unknown = specs.CheckVersion(Platform::kReddit, "v9", DayOf("2026-09-01"));
  EXPECT_NE(unknown->warning.find("not among the versions that the requirements know: v3"),
            std::string::npos);
  EXPECT_FALSE(specs.CheckVersion(Platform::kMeta, "v26.0", DayOf("2026-09-01")));
}

TEST(ParsePlatformSpec, ReadsWhatIsThere) {
  const auto spec = ParsePlatformSpec(Minimal(), "reddit.yaml");
  ASSERT_TRUE(spec) << spec.error().what;
  EXPECT_EQ(spec->LeastBudget("ad_group", "daily", kEur), Money::Micros(5'500'000, kEur));
  ASSERT_EQ(spec->media.size(), 1U);
  EXPECT_EQ(spec->media[0].max_bytes, 5 * 1024 * 1024);
  ASSERT_EQ(spec->media[0].ratios.size(), 2U);
  EXPECT_EQ(spec->media[0].ratios[0].width, 191);
  EXPECT_EQ(spec->media[0].ratios[0].height, 100);
  EXPECT_EQ(spec->media[0].ratios[1].width, 9);
  EXPECT_EQ(spec->media[0].ratios[1].tolerance_bp, 100);
  EXPECT_EQ(spec->objectives[0].defaults.at("age_min"), "18");
  EXPECT_EQ(spec->texts[0].source.name, "a page");
  EXPECT_EQ(spec->texts[0].source.date, DayOf("2026-11-20"));
  EXPECT_EQ(spec->FindField("keywords")->note, "not here");
}

struct BadFile {
  const char* name;
  std::string from, to;
  std::string says;  ///< the message holds it
};

TEST(ParsePlatformSpec, NamesFileLineAndWhatIsWrong) {
  const std::vector<BadFile> cases = {
      //  name                 from                           to                     says
      {"unknown key", "owner: either", "owner: either\n  colour: red", "does not know \"colour\""},
      {"key twice", "owner: either", "owner: either\n  owner: either", "\"owner\" twice"},
      {"no platform", "platform: reddit", "platform: myspace", "myspace"},
      {"catch-all platform", "platform: reddit", "platform: other", "no requirements file"},
      {"dbt's name", "platform: reddit", "platform: reddit_ads", "no requirements file"},
      {"version no day", "\"2026-11-22\"", "\"three\"", "version"},
      {"flag", "writable: false", "writable: maybe", "true or false"},
      {"source without date", ", date: 2026-11-20", "", "needs \"date\""},
      {"source without name", "name: a page, ", "", "needs \"name\""},
      {"source day", "2026-11-20", "2026-02-30", "date"},
      {"unknown source", "best_practice: [be kind], source: page",
       "best_practice: [be kind], source: gossip", "\"gossip\" is not among"},
      {"no source", "max_chars: 30, source: page", "max_chars: 30", "needs \"source\""},
      {"unused source", "sources:\n", "sources:\n  idle: {name: x, date: 2026-11-20}\n",
       "used nowhere"},
      {"objective", "  sales: {word", "  fame: {word", "\"fame\" is not one of"},
      {"goal", "goals: [conversions]", "goals: [smiles]", "smiles"},
      {"practice's source", "best_practice: [be kind]",
       "best_practice: [be kind], "
       "practice_source: gossip",
       "\"gossip\" is not among"},
      {"no goal", "goals: [conversions]", "goals: []", "needs a goal"},
      {"required field", "[ad.landing_url]", "[ad.shoe_size]", "no field of the catalogue"},
      {"required level", "[ad.landing_url]", "[campaign.landing_url]", "has no \"landing_url\""},
      {"required form", "[ad.landing_url]", "[landing_url]", "not level.field"},
      {"default type", "{age_min: 18}", "{age_min: old}", "whole number"},
      {"default money", "{age_min: 18}", "{daily_budget: 18}", "no default"},
      {"currency", "EUR: 5.50", "EUX: 5.50", "EUX"},
      {"amount", "EUR: 5.50", "EUR: 5.5e0", "5.5e0"},
      {"half a cent", "EUR: 5.50", "EUR: 5.505", "5.505"},
      {"half a yen", "JPY: 600", "JPY: 600.5", "600.5"},
      {"nothing", "EUR: 5.50", "EUR: 0", "above zero"},
      {"budget level", "level: ad_group", "level: ad", "must be one of campaign, ad_group"},
      {"budget kind", "kind: daily", "kind: hourly", "hourly"},
      {"text field", "field: headlines", "field: keywords", "no field of ads"},
      {"counts", "max_count: 3", "max_count: 0", "below min_count"},
      {"negative", "max_chars: 30", "max_chars: -30", "whole number"},
      {"ratio", "\"9:16\"", "\"9/16\"", "is not like"},
      {"zero ratio", "\"9:16\"", "\"0:16\"", "is not like"},
      {"bytes", "5 MiB", "5 megs", "must be like"},
      {"format", "formats: [png]", "formats: [bmp]", "bmp"},
      {"placement", "placement: feed", "placement: moon", "not among the placements"},
      {"seconds of a picture", "max_bytes: 5 MiB", "max_bytes: 5 MiB, max_seconds: 3",
       "only videos"},
      {"sunset", "sunset: 2026-12-01", "sunset: 2024-12-01", "not after released"},
      {"macro", "{campaign_id:", "{shoe_size:", "\"shoe_size\" is not one of"},
      {"unknown field", "fields:\n  name:", "fields:\n  shoe_size:", "no field of the catalogue"},
      {"field left out", "  status: {levels: \"\", note: not here, source: page}\n", "",
       "says nothing about \"status\""},
      {"level", "  status: {levels: \"\"", "  status: {levels: \"cs\"", "catalogue has it at"},
      {"level twice", "  status: {levels: \"\"", "  status: {levels: \"cc\"",
       "catalogue has it at"},
      {"why not", "  status: {levels: \"\", note: not here", "  status: {levels: \"\"",
       "must say why"},
      {"range of a text", "  status: {levels: \"\"", "  status: {min: 3, levels: \"\"",
       "does not fit"},
      {"allowed number", "  age_min: {levels: \"\"", "  age_min: {allowed: [old], levels: \"\"",
       "whole number"},
      {"empty pattern", "review_rules: []",
       "review_rules: [{id: a, what: b, pattern: \"x||y\", source: page}]", "empty word"},
      {"rule twice", "review_rules: []",
       "review_rules: [{id: a, what: b, source: page}, {id: a, what: b, source: page}]", "twice"},
      {"list for map", "tracking: {", "tracking: [{", ""},
      {"text for list", "review_rules: []", "review_rules: none", "must be a list"},
      {"two documents", "platform: reddit", "platform: reddit\n---\nplatform: reddit",
       "exactly one"},
  };
  for (const BadFile& bad : cases) {
    const auto spec = ParsePlatformSpec(Replaced(Minimal(), bad.from, bad.to), "x.yaml");
    ASSERT_FALSE(spec) << bad.name;
    EXPECT_EQ(spec.error().code, Errc::kInvalidArgument) << bad.name;
    EXPECT_EQ(spec.error().what.find("x.yaml:"), 0U) << bad.name << ": " << spec.error().what;
    EXPECT_NE(spec.error().what.find(bad.says), std::string::npos)
        << bad.name << ": " << spec.error().what;
  }
}

TEST(ParsePlatformSpec, TheLineIsTheOneOfTheMistake) {
  const auto spec = ParsePlatformSpec(Replaced(Minimal(), "owner: either", "owner: me"), "x.yaml");
  ASSERT_FALSE(spec);
  EXPECT_EQ(spec.error().what.find("x.yaml:10: "), 0U) << spec.error().what;
}

TEST(ParsePlatformSpec, NonsenseEndsInAnError) {
  std::string deep(100'000, '[');
  const std::string bomb =
      "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nplatform: *b\n";
  const std::string big(2 << 20, 'x');
  for (const std::string& text :
       {std::string(), std::string("\0\xff", 2), std::string("just words"), std::string("- 1"),
        std::string("a: [1"), std::string("? [a]\n: b"), deep, bomb, big}) {
    const auto spec = ParsePlatformSpec(text, "x.yaml");
    ASSERT_FALSE(spec);
    EXPECT_EQ(spec.error().what.find("x.yaml:"), 0U);
  }
}

class Folder {
 public:
  Folder() : path_(testing::TempDir() + "specs_" + std::to_string(::getpid())) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name) << text;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(PlatformSpecsLoad, AFolderOfFilesNamedAfterTheirPlatforms) {
  const Folder folder;
  EXPECT_EQ(PlatformSpecs::Load(folder.path() + "/none").error().code, Errc::kLocal);
  EXPECT_EQ(PlatformSpecs::Load(folder.path()).error().code, Errc::kNotFound);
  folder.Write("notes.txt", "not read");
  folder.Write("reddit.yaml", Minimal());
  const auto specs = PlatformSpecs::Load(folder.path());
  ASSERT_TRUE(specs) << specs.error().what;
  EXPECT_EQ(specs->all().size(), 1U);
  folder.Write("meta.yaml", Minimal());
  const auto wrong = PlatformSpecs::Load(folder.path());
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().what.find("meta.yaml:1: the file is about reddit"), std::string::npos)
      << wrong.error().what;
}

LearnedConstraint Refusal() {
  LearnedConstraint learned;
  learned.platform = Platform::kMeta;
  learned.code = "100/1885272";
  learned.level = "ad_group";
  learned.field = "daily_budget";
  learned.value = "0.50 EUR";
  learned.message = "Budget is \"too\" low,\nsaid Meta";
  learned.seen = 2;
  learned.first_at = *ParseInstant("2026-11-20T10:00:00Z");
  learned.last_at = *ParseInstant("2026-11-21T10:00:00Z");
  learned.expires_at = *ParseInstant("2027-02-19T10:00:00Z");
  return learned;
}

TEST(QuerySpecs, SelectsFromSpecs) {
  const auto answer = QuerySpecs(PlatformSpecs::BuiltIn(), {},
                                 "SELECT value, date FROM specs WHERE platform = 'meta' AND "
                                 "section = 'objectives' AND key = 'sales.platform_word'");
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(*answer, "value,date\nOUTCOME_SALES,2026-11-22\n");
  EXPECT_EQ(*QuerySpecs(PlatformSpecs::BuiltIn(), {},
                        "SELECT count(DISTINCT platform) AS n FROM specs;  \n"),
            "n\n10\n");
  EXPECT_EQ(*QuerySpecs(PlatformSpecs::BuiltIn(), {},
                        "WITH t AS (SELECT platform FROM specs WHERE section = 'tracking' AND key "
                        "= 'click_id' AND value = 'gclid') SELECT * FROM t"),
            "platform\ngoogle_ads\n");
}

TEST(QuerySpecs, CandidatesAreInConstraints) {
  const auto answer =
      QuerySpecs(PlatformSpecs::BuiltIn(), {Refusal()}, "SELECT * FROM constraints");
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(*answer,
            "platform,code,level,field,value,message,seen,passed,confidence,first_at,last_at,"
            "expires_at\n"
            "meta,100/1885272,ad_group,daily_budget,0.50 EUR,\"Budget is \"\"too\"\" low,\nsaid "
            "Meta\",2,0,0.666666666666667,2026-11-20T10:00:00Z,2026-11-21T10:00:00Z,"
            "2027-02-19T10:00:00Z\n");
  EXPECT_EQ(*QuerySpecs(PlatformSpecs::BuiltIn(), {}, "SELECT code FROM constraints"), "code\n");
  EXPECT_EQ(*QuerySpecs(PlatformSpecs::BuiltIn(), {}, "SELECT NULL AS empty"), "empty\n\"\"\n");
}

TEST(QuerySpecs, OnlyOneSelectIsRun) {
  const Folder folder;
  const std::string file = folder.path() + "/out.db";
  const std::vector<std::string> statements = {
      "",
      "   ",
      ";",
      "-- nothing",
      "DELETE FROM specs",
      "DROP TABLE specs",
      "INSERT INTO specs VALUES('a','b','c','d','e','f')",
      "UPDATE specs SET value = 'free'",
      "CREATE TABLE t(a)",
      "CREATE TEMP TABLE t(a)",
      "SELECT 1; DROP TABLE specs",
      "SELECT 1; SELECT 2",
      "SELECT 1;;SELECT 2",
      std::string("SELECT 1\0DROP TABLE specs", 24),
      "PRAGMA table_info(specs)",
      "SELECT * FROM pragma_table_info('specs')",
      "ATTACH DATABASE '" + file + "' AS other",
      "VACUUM INTO '" + file + "'",
      "EXPLAIN SELECT 1",
      "BEGIN",
      "SELECT load_extension('/tmp/x')",
      "SELECT no_such_column FROM specs",
      "SELECT * FROM plans",
      "WITH gone AS (SELECT 1) DELETE FROM specs",
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
      "SELECT zeroblob(2000000000)",
      "SELEC 1",
  };
  for (const std::string& sql : statements) {
    const auto answer = QuerySpecs(PlatformSpecs::BuiltIn(), {Refusal()}, sql);
    ASSERT_FALSE(answer) << sql << "\n" << *answer;
    EXPECT_EQ(answer.error().code, Errc::kInvalidArgument) << sql;
  }
  EXPECT_FALSE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace maxopt
