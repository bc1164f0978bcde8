// Tactics that people of the agency write, keep and retire, as they do it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "program.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kGood = R"(maxopt: tactics/1
tactics:
  - id: house-brand-split
    title: Brand in a campaign of its own
    context: {platform: [google_ads], objective: [sales], problem: [cpa_high], lever: [setup]}
    problem: Brand searches hide what the rest costs.
    action: Move brand keywords to a campaign with a budget of its own.
    why: Averages over both say nothing of either.
    effect: {mean: 0.03, low90: -0.02, high90: 0.09}
    basis: practice
    avoid: Accounts of next to no brand searches.
    measure: Cost of non-brand orders before and after.
    said: [brand split]
  - id: house-report-weekly
    title: Look at search terms every week
    context: {platform: [google_ads], problem: [search_waste], lever: [keyword]}
    problem: Irrelevant searches come back.
    action: Read the search terms every Monday.
    why: New ones come every week.
    basis: practice
    avoid: Accounts without search.
    measure: Share of spend on searches without a click that matters.
    said: [search terms]
)";

class TacticsProgram : public testing::Test {
 protected:
  void SetUp() override {
    home_ = fs::temp_directory_path() / ("maxopt_tactics_" + std::to_string(::getpid()));
    fs::remove_all(home_);
    ASSERT_EQ(Run({"init"}).code, 0);
  }
  void TearDown() override { fs::remove_all(home_); }
  Ended Run(const std::vector<std::string>& words) { return RunMaxopt(home_, words, {}); }
  json RunJson(std::vector<std::string> words) {
    words.insert(words.begin(), "--json");
    const Ended ended = Run(words);
    EXPECT_EQ(ended.code, 0) << ended.all();
    return json::parse(ended.out, nullptr, false);
  }
  std::string File(const std::string& text) {
    const fs::path path = home_ / "mine.yaml";
    std::ofstream(path) << text;
    return path.string();
  }
  Ended Add(const std::string& text) { return Run({"tactics", "add", File(text)}); }
  std::size_t Known() { return RunJson({"tactics", "list", "--retired"}).size(); }
  static std::string With(const std::string& from, const std::string& to) {
    std::string text = kGood;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }
  fs::path home_;
};

TEST_F(TacticsProgram, AreAddedShownAndFound) {
  const std::size_t library = Known();
  EXPECT_GT(library, 50U);
  const json added = RunJson({"tactics", "add", File(kGood), "--by", "anna"});
  EXPECT_EQ(added["added"], json::array({"house-brand-split", "house-report-weekly"}));
  EXPECT_EQ(Known(), library + 2);
  const json one = RunJson({"tactics", "show", "house-brand-split"});
  EXPECT_EQ(one["title"], "Brand in a campaign of its own");
  EXPECT_EQ(one["source"], "anna");
  EXPECT_EQ(one["grade"], "prior");  // nobody measured it
  const Ended found = Run({"tactics", "search", "brand searches hide the cost of the rest"});
  EXPECT_NE(found.out.find("house-brand-split"), std::string::npos) << found.all();
  EXPECT_NE(found.out.find("together they let expect"), std::string::npos) << found.all();
  EXPECT_NE(found.out.find("(90 %: "), std::string::npos) << found.all();
  const Ended unlike = Run({"tactics", "search", "banana bread recipe"});
  EXPECT_NE(unlike.out.find("nothing is much like it"), std::string::npos) << unlike.all();
  EXPECT_EQ(unlike.out.find("together"), std::string::npos) << unlike.all();
  // The same id again is the newer text, not a second tactic.
  ASSERT_EQ(Add(With("Brand in a campaign", "Brand apart, in a campaign")).code, 0);
  EXPECT_EQ(Known(), library + 2);
  EXPECT_EQ(RunJson({"tactics", "show", "house-brand-split"})["title"],
            "Brand apart, in a campaign of its own");
}

TEST_F(TacticsProgram, BadFilesAreRefusedWithTheirLineAndAddNothing) {
  const std::size_t before = Known();
  const std::pair<std::string, const char*> bad[] = {
      {"", "maxopt"},
      {"maxopt: tactics/1\n", "tactics"},
      {"maxopt: policy/1\ntactics: []\n", "tactics/1"},
      {"maxopt: tactics/1\ntactics: [", "mine.yaml"},
      {With("basis: practice\n    avoid: Accounts of", "avoid: Accounts of"), "\"basis\""},
      {With("mean: 0.03", "mean: 0.5"), "house-brand-split"},
      {With("mean: 0.03", "mean: much"), "\"much\" is not a number"},
      {With("platform: [google_ads], objective", "platform: [billboards], objective"),
       "billboards"},
      {With("lever: [setup]", "lever: [prayer]"), "prayer"},
      {With("title: Look", "colour: red\n    title: Look"), "\"colour\" is not known here"},
      {With("id: house-report-weekly", "id: house-brand-split"), "house-brand-split"},
      {With("id: house-report-weekly", "id: measured/mine"), "measured/"},
  };
  for (const auto& [text, why] : bad) {
    const Ended ended = Add(text);
    EXPECT_NE(ended.code, 0) << text;
    EXPECT_NE(ended.all().find(why), std::string::npos) << why << ": " << ended.all();
  }
  EXPECT_NE(Run({"tactics", "add", (home_ / "nowhere.yaml").string()}).code, 0);
  EXPECT_NE(Run({"tactics", "add", File(kGood), "--client", "Nobody"}).code, 0);
  // A file is taken whole or not at all.
  EXPECT_EQ(Known(), before);
}

TEST_F(TacticsProgram, AreRetiredWithAReasonAndOnce) {
  ASSERT_EQ(Add(kGood).code, 0);
  EXPECT_NE(Run({"tactics", "retire", "house-brand-split"}).code, 0);  // why?
  const Ended done = Run({"tactics", "retire", "house-brand-split", "--why",
                          "the platform merged both", "--by", "anna"});
  ASSERT_EQ(done.code, 0) << done.all();
  const json one = RunJson({"tactics", "show", "house-brand-split"});
  EXPECT_EQ(one["retired_why"], "the platform merged both (anna)");
  const auto listed = [&](const std::vector<std::string>& words) {
    return RunJson(words).dump().find("house-brand-split") != std::string::npos;
  };
  EXPECT_FALSE(listed({"tactics", "list"}));
  EXPECT_TRUE(listed({"tactics", "list", "--retired"}));
  EXPECT_EQ(Run({"tactics", "search", "brand searches hide the cost of the rest"})
                .out.find("house-brand-split"),
            std::string::npos);
  const Ended again = Run({"tactics", "retire", "house-brand-split", "--why", "once more"});
  EXPECT_NE(again.code, 0);
  EXPECT_NE(again.all().find("was retired at"), std::string::npos) << again.all();
  const Ended unknown = Run({"tactics", "retire", "no-such-thing", "--why", "x"});
  EXPECT_NE(unknown.code, 0);
  EXPECT_NE(unknown.all().find("there is no tactic \"no-such-thing\""), std::string::npos);
  // One of the library's is retired for this home.
  const std::string of_library = RunJson({"tactics", "list"})[0]["id"];
  EXPECT_EQ(Run({"tactics", "retire", of_library, "--why", "not for us"}).code, 0);
  EXPECT_FALSE(RunJson({"tactics", "show", of_library})["retired_at"].is_null());
}

}  // namespace
}  // namespace maxopt
