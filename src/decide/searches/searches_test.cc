#include "decide/searches/searches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace maxopt {
namespace {

using enum SearchMatch;

TEST(SearchWords, AreCutAtSpaceInLowerCase) {
  EXPECT_EQ(SearchWords("  Hiking\tBOOTS "), (std::vector<std::string>{"hiking", "boots"}));
  EXPECT_EQ(SearchWords("ÄPFEL Ёлка ΣΎΡΟΣ Łódź"),
            (std::vector<std::string>{"äpfel", "ёлка", "σύροσ", "łódź"}));
  EXPECT_EQ(SearchWords("a\xC2\xA0z"), (std::vector<std::string>{"a", "z"}));
  EXPECT_TRUE(SearchWords("").empty());
  EXPECT_EQ(SearchWords("\xff\xc3"), std::vector<std::string>{"\xff\xc3"});  // kept as it is
}

TEST(Negatives, BlockByTheirMatchType) {
  // The table of Google's own help on negative keywords, "running shoes".
  struct Case {
    SearchMatch match;
    const char* search;
    bool blocks;
  };
  for (const Case& c : {Case{kBroad, "blue tennis shoes", false},
                        {kBroad, "running shoe", false},
                        {kBroad, "blue running shoes", true},
                        {kBroad, "shoes running", true},
                        {kBroad, "Running Shoes", true},
                        {kPhrase, "blue tennis shoes", false},
                        {kPhrase, "running shoe", false},
                        {kPhrase, "blue running shoes", true},
                        {kPhrase, "shoes running", false},
                        {kPhrase, "running shoes", true},
                        {kExact, "blue running shoes", false},
                        {kExact, "shoes running", false},
                        {kExact, "running shoe", false},
                        {kExact, "running  SHOES", true}}) {
    EXPECT_EQ(NegativeBlocks({c.match, "running shoes"}, c.search), c.blocks)
        << PrintSearchKeyword({c.match, "running shoes"}) << " / " << c.search;
  }
  EXPECT_FALSE(NegativeBlocks({kBroad, ""}, "shoes"));
}

TEST(Negatives, MayBlockWhatIsMisspelt) {
  EXPECT_TRUE(NegativeMayBlock({kPhrase, "repair"}, "boots repiar"));   // swapped
  EXPECT_TRUE(NegativeMayBlock({kPhrase, "repair"}, "boots repar"));    // left out
  EXPECT_TRUE(NegativeMayBlock({kPhrase, "repair"}, "boots repaair"));  // put in
  EXPECT_TRUE(NegativeMayBlock({kPhrase, "repair"}, "boots rapair"));   // changed
  EXPECT_FALSE(NegativeMayBlock({kPhrase, "repair"}, "boots rapiar"));  // two of them
  EXPECT_FALSE(NegativeMayBlock({kPhrase, "red"}, "bed"));              // another word
  EXPECT_FALSE(NegativeBlocks({kPhrase, "repair"}, "boots repiar"));
}

TEST(Keywords, AreReadAndWritten) {
  const auto read = ParseSearchKeyword("phrase:Hiking Boots");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->match, kPhrase);
  EXPECT_EQ(PrintSearchKeyword(*read), "phrase:Hiking Boots");
  for (const char* wrong : {"", "boots", "exact:", "exact: ", "Exact:boots", "near:boots"}) {
    EXPECT_EQ(ParseSearchKeyword(wrong).error().code, Errc::kInvalidArgument) << wrong;
  }
}

TEST(Keywords, HaveLimits) {
  EXPECT_EQ(KeywordProblem("hiking boots 42 2/3 men's"), "");
  EXPECT_EQ(KeywordProblem("נעלי הליכה"), "");  // written from the right
  EXPECT_EQ(KeywordProblem(std::string(80, 'a')), "");
  EXPECT_NE(KeywordProblem(std::string(81, 'a')), "");
  EXPECT_NE(KeywordProblem(std::string(300, 'a')), "");
  EXPECT_EQ(KeywordProblem("1 2 3 4 5 6 7 8 9 10"), "");
  EXPECT_NE(KeywordProblem("1 2 3 4 5 6 7 8 9 10 11"), "");
  for (const char* wrong :
       {"", " ", "=cmd|'/c calc'!A1", "\"boots\"", "[boots]", "boots?", "a\nb\x01", "boots 👢",
        "b\xE2\x80\xAEoots", "\xff", "+boots", "-boots", "boots\xE2\x80\x8B"}) {
    EXPECT_NE(KeywordProblem(wrong), "") << wrong;
  }
}

/// 1,000 spent on what is bought, 100 conversions.
SearchCampaign Boots() {
  SearchCampaign c;
  c.terms = {{"hiking boots", 600, 600, 60}, {"leather boots", 400, 400, 40}};
  c.groups = {{"1", {"phrase:hiking boots", "broad:leather boots"}, {}}};
  return c;
}

TEST(Searches, OneThatNeverConvertsBecomesAnExactNegative) {
  SearchCampaign campaign = Boots();
  campaign.terms.push_back({"hiking boots drawing", 80, 90, 0});
  const auto advice = JudgeSearches(campaign);
  ASSERT_TRUE(advice) << advice.error().what;
  ASSERT_EQ(advice->negatives.size(), 1u);
  const SearchWord& word = advice->negatives[0];
  EXPECT_EQ(PrintSearchKeyword(word.keyword), "exact:hiking boots drawing");
  EXPECT_DOUBLE_EQ(word.reference, 0.1);
  EXPECT_DOUBLE_EQ(word.expected, 8);
  // None of 100 conversions fell on 80 of 1,080: (1000/1080)^100.
  EXPECT_NEAR(word.p_value, std::pow(1000.0 / 1080, 100), 1e-12);
  EXPECT_LT(word.rate_high, word.reference);
  EXPECT_TRUE(advice->keywords.empty());
  EXPECT_DOUBLE_EQ(advice->told, 1);
}

TEST(Searches, TooLittleMoneyIsNotJudged) {
  SearchCampaign campaign = Boots();
  campaign.terms.push_back({"hiking boots drawing", 29, 90, 0});  // 2.9 were to be expected
  const auto advice = JudgeSearches(campaign);
  ASSERT_TRUE(advice);
  EXPECT_TRUE(advice->negatives.empty());
  EXPECT_EQ(advice->judged, 2u);
}

TEST(Searches, WordsThatOnlyLosersShareBecomeAPhrase) {
  SearchCampaign campaign = Boots();
  // None of them has been paid for often enough to be judged alone.
  for (const char* term :
       {"free hiking boots", "free leather boots", "boots free shipping", "boots for free"}) {
    campaign.terms.push_back({term, 25, 30, 0});
  }
  auto advice = JudgeSearches(campaign);
  ASSERT_TRUE(advice);
  ASSERT_EQ(advice->negatives.size(), 1u);
  EXPECT_EQ(PrintSearchKeyword(advice->negatives[0].keyword), "phrase:free");
  EXPECT_EQ(advice->negatives[0].terms.size(), 4u);
  EXPECT_DOUBLE_EQ(advice->negatives[0].spend, 100);

  // One of them converts once: the words are left.
  campaign.terms.back().conversions = 1;
  advice = JudgeSearches(campaign);
  ASSERT_TRUE(advice);
  EXPECT_TRUE(advice->negatives.empty());

  // So are they where a misspelt one converts.
  campaign.terms.back().conversions = 0;
  campaign.terms.push_back({"fre hiking boots", 20, 20, 0});
  campaign.terms.push_back({"freee boots", 20, 20, 2});
  advice = JudgeSearches(campaign);
  ASSERT_TRUE(advice);
  EXPECT_TRUE(advice->negatives.empty());
}

TEST(Searches, OurOwnKeywordsAreNotBlocked) {
  SearchCampaign campaign = Boots();
  for (const char* term : {"free hiking boots", "free leather boots", "boots free shipping"}) {
    campaign.terms.push_back({term, 60, 30, 0});
  }
  campaign.groups[0].keywords.push_back("exact:Free Hiking Boots");
  const auto advice = JudgeSearches(campaign);
  ASSERT_TRUE(advice);
  std::vector<std::string> words;
  for (const SearchWord& word : advice->negatives) words.push_back(word.keyword.text);
  std::sort(words.begin(), words.end());
  EXPECT_EQ(words, (std::vector<std::string>{"boots free shipping", "free leather boots"}));
  ASSERT_EQ(advice->notes.size(), 1u);
  EXPECT_NE(advice->notes[0].find("one of our keywords"), std::string::npos);
}

TEST(Searches, WhatIsBlockedAlreadyIsNotBlockedAgain) {
  SearchCampaign campaign = Boots();
  campaign.terms.push_back({"hiking boots drawing", 80, 90, 0});
  campaign.negatives = {"phrase:drawing"};
  EXPECT_TRUE(JudgeSearches(campaign)->negatives.empty());
  campaign.negatives.clear();
  campaign.groups[0].negatives = {"broad:boots drawing"};
  EXPECT_TRUE(JudgeSearches(campaign)->negatives.empty());
  campaign.groups.push_back({"2", {"exact:shoes"}, {}});  // this one may still show it
  EXPECT_EQ(JudgeSearches(campaign)->negatives.size(), 1u);
  campaign.resting = {"exact:hiking boots drawing"};  // of an ad group that is off
  EXPECT_TRUE(JudgeSearches(campaign)->negatives.empty());
}

TEST(Searches, DearerButWorthItsMoneyIsLeft) {
  SearchCampaign campaign = Boots();
  campaign.terms.push_back({"waterproof boots", 500, 500, 30});  // 16.7 each, the others 10
  EXPECT_TRUE(JudgeSearches(campaign)->negatives.empty());
  // Five times as dear: it goes, unless the client pays that much for a conversion.
  campaign.terms.back().conversions = 10;
  ASSERT_EQ(JudgeSearches(campaign)->negatives.size(), 1u);
  EXPECT_EQ(JudgeSearches(campaign)->negatives[0].conversions, 10);
  campaign.cost_max = 60;
  EXPECT_TRUE(JudgeSearches(campaign)->negatives.empty());
  campaign.cost_max = 12;
  EXPECT_EQ(JudgeSearches(campaign)->negatives.size(), 1u);
}

TEST(Searches, OneThatConvertsWellBecomesAKeywordWhereItRan) {
  SearchCampaign campaign = Boots();
  campaign.terms.push_back({"waterproof hiking boots women", 100, 100, 40});
  campaign.groups = {{"7", {"phrase:hiking boots"}, {}}, {"8", {"phrase:leather boots"}, {}}};
  auto advice = JudgeSearches(campaign);
  ASSERT_TRUE(advice);
  ASSERT_EQ(advice->keywords.size(), 1u);
  EXPECT_EQ(PrintSearchKeyword(advice->keywords[0].keyword), "exact:waterproof hiking boots women");
  EXPECT_EQ(advice->keywords[0].group, "7");
  EXPECT_GT(advice->keywords[0].rate_low, advice->keywords[0].reference);

  campaign.cost_max = 2;  // 2.5 each is beyond it
  EXPECT_TRUE(JudgeSearches(campaign)->keywords.empty());
  campaign.cost_max = 9;
  EXPECT_EQ(JudgeSearches(campaign)->keywords.size(), 1u);

  campaign.taken = {"exact:Waterproof hiking boots women"};
  advice = JudgeSearches(campaign);
  EXPECT_TRUE(advice->keywords.empty());
  EXPECT_EQ(advice->notes.size(), 1u);
  campaign.taken.clear();

  campaign.groups[1].keywords = {"broad:hiking boots"};  // it could be either
  advice = JudgeSearches(campaign);
  EXPECT_TRUE(advice->keywords.empty());
  EXPECT_EQ(advice->notes.size(), 1u);
  campaign.groups[1].negatives = {"phrase:waterproof"};  // no, it could not
  EXPECT_EQ(JudgeSearches(campaign)->keywords.size(), 1u);

  campaign.groups[0].keywords.push_back("exact:Waterproof  Hiking Boots women");
  EXPECT_TRUE(JudgeSearches(campaign)->keywords.empty());
}

TEST(Searches, NoMoreThanTheCap) {
  SearchCampaign campaign = Boots();
  campaign.other_spend = 20'000;
  campaign.other_conversions = 2'000;
  for (int i = 0; i < 30; ++i) {
    campaign.terms.push_back(
        {std::string(1, static_cast<char>('a' + i % 26)) + "qq" + std::to_string(i), 200.0 + i, 100,
         0});
  }
  const auto advice = JudgeSearches(campaign);
  ASSERT_TRUE(advice);
  ASSERT_EQ(advice->negatives.size(), 20u);
  EXPECT_EQ(advice->negatives[0].spend, 229);  // the dearest first
  ASSERT_EQ(advice->notes.size(), 1u);
  EXPECT_NE(advice->notes[0].find("10 more"), std::string::npos) << advice->notes[0];
}

/// A campaign of 150 searches whose conversions are drawn at one rate; `losers` of them never
/// convert.
SearchCampaign Drawn(std::uint64_t seed, int losers) {
  std::mt19937_64 random(seed);
  SearchCampaign c;
  c.groups = {{"1", {"broad:boots"}, {}}};
  for (int i = 0; i < 150; ++i) {
    const double spend = std::exp(std::normal_distribution(3.5, 1.0)(random));
    std::poisson_distribution<int> draw(spend / 12);
    const bool loses = i < losers;
    const double spent = loses ? 150 + spend : spend;
    c.terms.push_back({"boots w" + std::to_string(i) + (loses ? " pdf" + std::to_string(i) : ""),
                       spent, spent, loses ? 0.0 : draw(random)});
  }
  return c;
}

TEST(Searches, NothingIsFoundWhereNothingIs) {
  int with_negative = 0, with_keyword = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const auto advice = JudgeSearches(Drawn(seed, 0));
    ASSERT_TRUE(advice);
    with_negative += !advice->negatives.empty();
    with_keyword += !advice->keywords.empty();
  }
  // One run in twenty would be the promise; the shrunk rate makes it fewer.
  EXPECT_LE(with_negative, 6);
  EXPECT_LE(with_keyword, 6);
}

TEST(Searches, WhatIsPlantedIsFound) {
  int found = 0, wrong = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto advice = JudgeSearches(Drawn(seed, 6));
    ASSERT_TRUE(advice);
    for (const SearchWord& word : advice->negatives) {
      (word.keyword.text.find("pdf") != std::string::npos ? found : wrong) += 1;
    }
  }
  EXPECT_GE(found, 50 * 6 * 95 / 100);
  EXPECT_LE(wrong, found / 20);
}

TEST(Searches, TheOrderOfTheInputDoesNotMatter) {
  SearchCampaign campaign = Drawn(3, 8);
  campaign.groups.push_back({"0", {"exact:shoes"}, {}});
  const auto print = [](const SearchAdvice& advice) {
    std::string out;
    for (const auto* list : {&advice.negatives, &advice.keywords}) {
      for (const SearchWord& w : *list) {
        out += PrintSearchKeyword(w.keyword) + w.group + std::to_string(w.p_adjusted) + w.why;
      }
    }
    for (const std::string& note : advice.notes) out += note;
    return out;
  };
  const std::string first = print(*JudgeSearches(campaign));
  EXPECT_NE(first, "");
  std::mt19937_64 random(1);
  for (int i = 0; i < 5; ++i) {
    std::shuffle(campaign.terms.begin(), campaign.terms.end(), random);
    std::shuffle(campaign.groups.begin(), campaign.groups.end(), random);
    EXPECT_EQ(print(*JudgeSearches(campaign)), first);
  }
}

TEST(Searches, HostileTermsAreNamedAndLeft) {
  SearchCampaign campaign = Boots();
  for (const std::string& term :
       {std::string("=cmd|'/c calc'!A1"), std::string(300, 'x'), std::string("boots 👢"),
        std::string("\"boots\" \xff"), std::string("נעליים \xE2\x80\xAE"), std::string()}) {
    campaign.terms.push_back({term, 150, 90, 0});
  }
  const auto advice = JudgeSearches(campaign);
  ASSERT_TRUE(advice);
  EXPECT_TRUE(advice->negatives.empty());
  EXPECT_EQ(advice->notes.size(), 6u);
}

TEST(Searches, Nonsense) {
  EXPECT_TRUE(JudgeSearches({})->negatives.empty());
  SearchCampaign campaign = Boots();
  campaign.terms[0].spend = -1;
  EXPECT_EQ(JudgeSearches(campaign).error().code, Errc::kInvalidArgument);
  campaign.terms[0].spend = std::nan("");
  EXPECT_EQ(JudgeSearches(campaign).error().code, Errc::kInvalidArgument);
  campaign = Boots();
  campaign.groups[0].keywords.push_back("boots");
  EXPECT_EQ(JudgeSearches(campaign).error().code, Errc::kInvalidArgument);
  campaign = Boots();
  campaign.cost_max = 0;
  EXPECT_EQ(JudgeSearches(campaign).error().code, Errc::kInvalidArgument);
  SearchOptions options;
  options.cost_times = 0.5;
  EXPECT_EQ(JudgeSearches(Boots(), options).error().code, Errc::kInvalidArgument);
  // A single search is all there is: nothing to compare it with.
  campaign = Boots();
  campaign.terms.resize(1);
  EXPECT_EQ(JudgeSearches(campaign)->judged, 0u);
}

}  // namespace
}  // namespace maxopt
