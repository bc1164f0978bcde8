#include "stages/report/insights/insights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>
#include <tuple>

namespace maxopt::report {
namespace {

using Cells = std::vector<ViewCell>;

ViewCell Eur(double units) {
  return Money::Micros(static_cast<std::int64_t>(std::llround(units * 1e6)), kEur);
}
ViewCell Count(std::int64_t count) { return count; }
ViewCell Text(const char* text) { return std::string(text); }
const ViewCell kNotKnown;

/// A view from the names and kinds of its columns: "name:text spend:money".
View Table(const std::string& name, const std::string& columns,
           const std::vector<std::pair<std::string, Cells>>& rows) {
  View view;
  view.name = name;
  std::istringstream words(columns);
  for (std::string word; words >> word;) {
    ViewColumn column;
    column.name = column.title = word.substr(0, word.find(':'));
    const std::string kind = word.substr(word.find(':') + 1);
    for (const CellKind each :
         {CellKind::kText, CellKind::kCount, CellKind::kReal, CellKind::kRatio, CellKind::kMoney,
          CellKind::kEstimate, CellKind::kDay, CellKind::kInstant, CellKind::kFlag}) {
      if (CellKindName(each) == kind) column.kind = each;
    }
    view.columns.push_back(column);
  }
  for (const auto& [key, cells] : rows) view.rows.push_back({key, cells});
  EXPECT_EQ(Objection(view), "") << name;
  return view;
}

/// The client's row, with what came before.
View Client(const ViewCell& spend, const ViewCell& conversions, const ViewCell& cpa,
            const ViewCell& spend_before, const ViewCell& conversions_before,
            std::optional<double> known = 1.0) {
  View view =
      Table("campaigns",
            "name:text spend:money conversions:count cpa:money spend_previous:money "
            "conversions_previous:count",
            {{"client/A", {Text("A"), spend, conversions, cpa, spend_before, conversions_before}}});
  view.rows[0].known = known;
  return view;
}

struct Campaign {
  const char* id;
  const char* platform;
  ViewCell spend, conversions, cpa, spend_before, conversions_before;
  const char* limited = "";
};
View Campaigns(const std::vector<Campaign>& campaigns) {
  std::vector<std::pair<std::string, Cells>> rows;
  for (const Campaign& c : campaigns) {
    rows.emplace_back(c.id, Cells{Text(c.id), Text(c.platform), c.spend, c.conversions, c.cpa,
                                  c.spend_before, c.conversions_before, Text(c.limited)});
  }
  return Table("campaigns",
               "name:text platform:text spend:money conversions:count cpa:money "
               "spend_previous:money conversions_previous:count limited_by:text",
               rows);
}
/// cpa is spend over conversions, absent of none.
Campaign Bought(const char* id, const char* platform, double spend, std::int64_t conversions,
                const char* limited = "") {
  return {id,
          platform,
          Eur(spend),
          Count(conversions),
          conversions > 0 ? Eur(spend / static_cast<double>(conversions)) : kNotKnown,
          kNotKnown,
          kNotKnown,
          limited};
}
View Platforms(
    const std::vector<std::tuple<const char*, ViewCell, ViewCell, ViewCell>>& platforms) {
  std::vector<std::pair<std::string, Cells>> rows;
  for (const auto& [name, spend, conversions, cpa] : platforms) {
    rows.emplace_back(std::string("platform/") + name, Cells{Text(name), spend, conversions, cpa});
  }
  return Table("campaigns", "name:text spend:money conversions:count cpa:money", rows);
}

/// What was found, and as it is said: by subject, "kind strength: claim | what would change our
/// mind".
class Found {
 public:
  explicit Found(Inputs inputs, const InsightOptions& options = {})
      : inputs_(std::move(inputs)), book_(inputs_), insights_(FindInsights(book_, options)) {
    for (const char* language : {"en", "de"}) {
      const auto texts = *Catalogue::BuiltIn(language);
      for (const Insight& each : insights_) {
        // Whatever is found can be said, and what is said holds, in every language.
        for (const Phrase& phrase : {each.claim, each.change_our_mind}) {
          const auto said = texts->Say(phrase, book_);
          EXPECT_TRUE(said) << phrase.key << ": " << (said ? "" : said.error().what);
          if (!said) continue;
          EXPECT_TRUE(texts->Check(*said, book_)) << said->text;
          // A number that is not known is in no claim.
          EXPECT_EQ(said->text.find(texts->Absent()), std::string::npos) << said->text;
        }
      }
    }
  }
  std::size_t size() const { return insights_.size(); }
  const std::vector<Insight>& all() const { return insights_; }
  std::vector<std::string> Subjects(const std::string& kind) const {
    std::vector<std::string> out;
    for (const Insight& each : insights_) {
      if (each.kind == kind) out.push_back(each.subject);
    }
    return out;
  }
  /// The claim about a subject; empty where there is none.
  std::string Claim(const std::string& subject, const std::string& kind = "") const {
    const Insight* one = Of(subject, kind);
    return one == nullptr ? "" : (*Catalogue::BuiltIn("en"))->Say(one->claim, book_)->text;
  }
  std::string Mind(const std::string& subject, const std::string& kind = "") const {
    const Insight* one = Of(subject, kind);
    return one == nullptr ? ""
                          : (*Catalogue::BuiltIn("en"))->Say(one->change_our_mind, book_)->text;
  }
  const Insight* Of(const std::string& subject, const std::string& kind = "") const {
    for (const Insight& each : insights_) {
      if (each.subject == subject && (kind.empty() || each.kind == kind)) return &each;
    }
    return nullptr;
  }

 private:
  Inputs inputs_;
  Book book_;
  std::vector<Insight> insights_;
};

using Subjects = std::vector<std::string>;

// --- against the period before ------------------------------------------------------------------

Inputs Moved(std::vector<Campaign> campaigns, const View& client) {
  return {{"campaigns", Campaigns(campaigns)}, {"client", client}};
}

TEST(Movers, TheCampaignThatMovedMostIsNamedWithItsGap) {
  // 120 - 100 = +20 and 50 - 80 = -30: the fall is the larger change.
  const Inputs inputs = Moved({{"up", "meta", Eur(900), Count(120), Eur(7.5), Eur(800), Count(100)},
                               {"down", "meta", Eur(400), Count(50), Eur(8), Eur(700), Count(80)}},
                              Client(Eur(1300), Count(170), Eur(7.65), Eur(1500), Count(180)));
  const Found found(inputs);
  EXPECT_EQ(found.Subjects("change"), Subjects{"campaigns[down]"});
  EXPECT_EQ(found.Claim("campaigns[down]"),
            "The largest change came from “down”. Conversions: 50 against 80 in the period before, "
            "30 less.");
  EXPECT_EQ(found.Of("campaigns[down]")->strength, Strength::kDescribed);
  EXPECT_EQ(found.Mind("campaigns[down]"),
            "Conversions that are still to come could change the order.");
}

TEST(Movers, ImmatureConversionsAreNotComparedButSpendIs) {
  // Half of the conversions are known: spend moved by 900 - 800 = 100 and 400 - 700 = -300.
  const std::vector<Campaign> campaigns = {
      {"up", "meta", Eur(900), Count(60), Eur(15), Eur(800), Count(100)},
      {"down", "meta", Eur(400), Count(25), Eur(16), Eur(700), Count(80)}};
  const Found half(
      Moved(campaigns, Client(Eur(1300), Count(85), Eur(15.29), Eur(1500), Count(180), 0.5)));
  EXPECT_EQ(half.Claim("campaigns[down]"),
            "The largest change came from “down”. Spend: €400.00 against €700.00 in the period "
            "before, €300.00 less.");
  // A day of which nothing is known: the period is compared with none.
  InsightOptions gap;
  gap.whole = false;
  EXPECT_EQ(
      Found(Moved(campaigns, Client(Eur(1300), Count(85), Eur(15.29), Eur(1500), Count(180))), gap)
          .size(),
      0U);
}

TEST(Movers, WhatIsNotKnownIsNoFallToNothing) {
  const View client = Client(Eur(1300), Count(170), Eur(7.65), Eur(1500), Count(180));
  // 500 before and nothing known now: not a fall of 500. One that is new: not a rise of 400.
  const Found found(Moved({{"gone", "meta", kNotKnown, kNotKnown, kNotKnown, Eur(100), Count(500)},
                           {"new", "meta", Eur(100), Count(400), Eur(0.25), kNotKnown, kNotKnown},
                           {"told", "meta", Eur(100), Count(44), Eur(2), Eur(100), Count(40)}},
                          client));
  EXPECT_EQ(found.Subjects("change"), Subjects{"campaigns[told]"});
  // No period before at all, and one of nothing.
  const std::vector<Campaign> one = {
      {"told", "meta", Eur(100), Count(44), Eur(2), Eur(100), Count(0)}};
  EXPECT_EQ(Found(Moved(one, Client(Eur(100), Count(44), Eur(2), kNotKnown, kNotKnown))).size(),
            0U);
  EXPECT_EQ(Found(Moved(one, Client(Eur(100), Count(44), Eur(2), Eur(0), Count(0)))).size(), 0U);
}

TEST(Movers, ATieGoesToTheFirstRowAndTriflesToNobody) {
  const View client = Client(Eur(1000), Count(1000), Eur(1), Eur(1000), Count(1000));
  const Campaign up{"up", "meta", Eur(1), Count(110), Eur(1), Eur(1), Count(100)};
  const Campaign down{"down", "meta", Eur(1), Count(90), Eur(1), Eur(1), Count(100)};
  EXPECT_EQ(Found(Moved({up, down}, client)).Subjects("change"), Subjects{"campaigns[up]"});
  EXPECT_EQ(Found(Moved({down, up}, client)).Subjects("change"), Subjects{"campaigns[down]"});
  // 10 of 1000 is a hundredth, which is told; 9 is less.
  EXPECT_EQ(
      Found(Moved({{"x", "meta", Eur(1), Count(109), Eur(1), Eur(1), Count(100)}}, client)).size(),
      0U);
  EXPECT_EQ(
      Found(Moved({{"x", "meta", Eur(1), Count(100), Eur(1), Eur(1), Count(100)}}, client)).size(),
      0U);
}

// --- patterns across campaigns ------------------------------------------------------------------

TEST(Patterns, ACheapAndTheDearCampaignsOfAPlatform) {
  const Inputs inputs{
      {"campaigns", Campaigns({Bought("cheap", "meta", 1000, 200), Bought("b", "meta", 1000, 50),
                               Bought("c", "meta", 1000, 50), Bought("alone", "tiktok", 500, 5)})},
      {"platforms", Platforms({{"meta", Eur(3000), Count(300), Eur(10)},
                               {"tiktok", Eur(500), Count(5), Eur(100)}})}};
  const Found found(inputs);
  // The others of “cheap”: (3000 - 1000) / (300 - 200) = 20; of “b”: 2000 / 250 = 8.
  EXPECT_EQ(found.Claim("campaigns[cheap]", "pattern"),
            "“cheap” buys cheaper than the rest of Meta, beyond luck: per conversion €5.00 against "
            "€20.00.");
  EXPECT_EQ(found.Claim("campaigns[b]", "pattern"),
            "“b” buys dearer than the rest of Meta, beyond luck: per conversion €20.00 against "
            "€8.00.");
  EXPECT_EQ(found.Of("campaigns[cheap]", "pattern")->strength, Strength::kTested);
  // The only one of its platform has no rest to be compared with.
  EXPECT_EQ(found.Of("campaigns[alone]"), nullptr);
}

TEST(Patterns, WhatHarvestsIsNoYardstick) {
  // Brand search pays 2 for what was on its way; beside it everything would be dear.
  const Found found(
      {{"campaigns",
        Campaigns({Bought("brand search", "meta", 1000, 500), Bought("a", "meta", 1000, 200),
                   Bought("b", "meta", 1000, 50), Bought("remarketing", "tiktok", 1000, 500),
                   Bought("c", "tiktok", 1000, 50)})},
       {"platforms", Platforms({{"meta", Eur(3000), Count(750), Eur(4)},
                                {"tiktok", Eur(2000), Count(550), Eur(3.64)}})}});
  EXPECT_EQ(found.Claim("campaigns[a]", "pattern"),
            "“a” buys cheaper than the rest of Meta without brand search and retargeting, beyond "
            "luck: per conversion €5.00 against €20.00.");
  EXPECT_EQ(found.Subjects("pattern"), (Subjects{"campaigns[b]", "campaigns[a]"}));
}

TEST(Patterns, EqualsAndTheFewAreNotToldApart) {
  const auto of = [](std::vector<Campaign> campaigns, double spend, std::int64_t count) {
    return Found({{"campaigns", Campaigns(campaigns)},
                  {"platforms", Platforms({{"meta", Eur(spend), Count(count), kNotKnown}})}})
        .Subjects("pattern");
  };
  EXPECT_EQ(of({Bought("a", "meta", 1000, 100), Bought("b", "meta", 1000, 100),
                Bought("c", "meta", 1000, 100)},
               3000, 300),
            Subjects{});
  // 1 against 3: luck does that.
  EXPECT_EQ(of({Bought("a", "meta", 10, 1), Bought("b", "meta", 10, 3)}, 20, 4), Subjects{});
  // Nothing spent and nothing bought.
  EXPECT_EQ(of({Bought("a", "meta", 0, 0), Bought("b", "meta", 0, 0)}, 0, 0), Subjects{});
}

TEST(Patterns, ACampaignOfWhichHalfIsKnownMakesThePriceOfTheRestUnknown) {
  // “c” spent 1000 and its conversions are not known: the rest of “cheap” did not pay
  // 2000 / 50 = 40 for one, which would read its conversions as 0.
  std::vector<Campaign> campaigns = {Bought("cheap", "meta", 1000, 200),
                                     Bought("b", "meta", 1000, 50), Bought("c", "meta", 1000, 1)};
  campaigns[2].conversions = campaigns[2].cpa = kNotKnown;
  const auto of = [&] {
    return Found({{"campaigns", Campaigns(campaigns)},
                  {"platforms", Platforms({{"meta", Eur(3000), Count(250), Eur(12)}})}})
        .Subjects("pattern");
  };
  EXPECT_EQ(of(), Subjects{});
  // One of which nothing is known (it ran only before) takes part in neither sum.
  campaigns[2].spend = kNotKnown;
  const Found found({{"campaigns", Campaigns(campaigns)},
                     {"platforms", Platforms({{"meta", Eur(2000), Count(250), Eur(8)}})}});
  EXPECT_EQ(found.Claim("campaigns[cheap]", "pattern"),
            "“cheap” buys cheaper than the rest of Meta, beyond luck: per conversion €5.00 against "
            "€20.00.");
}

// --- against benchmarks -------------------------------------------------------------------------

/// Weeks of 10 conversions each at these costs.
Inputs Weeks(const std::vector<double>& costs, double now, std::int64_t count = 10,
             std::optional<double> known = 1.0) {
  std::vector<std::pair<std::string, Cells>> rows;
  for (const double cost : costs) {
    rows.emplace_back("w" + std::to_string(rows.size()),
                      Cells{Eur(cost * 10), Count(10), Eur(cost)});
  }
  return {{"weeks", Table("series", "spend:money conversions:count cpa:money", rows)},
          {"client", Client(Eur(now * static_cast<double>(count)), Count(count), Eur(now),
                            kNotKnown, kNotKnown, known)}};
}

TEST(History, ThePeriodBesideTheQuartilesOfTheWeeksBefore) {
  // Of eight weeks the quartiles by nearest rank are the 2nd and the 6th: 11 and 15.
  const std::vector<double> weeks = {17, 10, 16, 11, 15, 12, 14, 13};
  EXPECT_EQ(Found(Weeks(weeks, 16)).Claim("weeks[cpa]"),
            "Per conversion this period paid €16.00, dearer than the usual range of the 8 weeks "
            "before (quartiles €11.00 to €15.00).");
  EXPECT_EQ(Found(Weeks(weeks, 10.5)).Claim("weeks[cpa]"),
            "Per conversion this period paid €10.50, cheaper than the usual range of the 8 weeks "
            "before (quartiles €11.00 to €15.00).");
  // On a quartile is within; that is said, but weighs nothing.
  for (const double edge : {11.0, 15.0}) {
    const Found found(Weeks(weeks, edge));
    EXPECT_NE(found.Claim("weeks[cpa]").find("within the usual range"), std::string::npos);
    EXPECT_EQ(found.Of("weeks[cpa]")->weight, 0);
  }
  EXPECT_EQ(Found(Weeks(weeks, 16)).Mind("weeks[cpa]"),
            "A season or a sale in the weeks before would make them a poor yardstick.");
}

TEST(History, NeedsWeeksCountsAndMaturity) {
  const std::vector<double> eight = {10, 11, 12, 13, 14, 15, 16, 17};
  EXPECT_EQ(Found(Weeks({10, 11, 12, 13, 14, 15, 16}, 30)).size(), 0U);
  EXPECT_EQ(Found(Weeks(eight, 30, 10, 0.9)).size(), 0U) << "conversions are still to come";
  EXPECT_EQ(Found(Weeks(eight, 30, 10, std::nullopt)).size(), 1U) << "not judged is not immature";
  EXPECT_EQ(Found(Weeks(eight, 30, 4)).size(), 0U) << "four conversions have no cost to speak of";
  EXPECT_EQ(Found(Weeks(eight, 0)).size(), 0U) << "nothing was spent";
  // A week of four conversions, one of no spend and one that is not known are no weeks.
  for (const Cells& odd : {Cells{Eur(40), Count(4), Eur(10)}, Cells{Eur(0), Count(9), Eur(0)},
                           Cells{kNotKnown, kNotKnown, kNotKnown}}) {
    Inputs inputs = Weeks(eight, 30);
    inputs.at("weeks").rows.back().cells = odd;
    EXPECT_EQ(Found(inputs).size(), 0U);
  }
}

Inputs Earlier(const std::vector<double>& costs, double now, const char* platform = "meta") {
  std::vector<std::pair<std::string, Cells>> rows;
  for (const double cost : costs) {
    rows.emplace_back("old" + std::to_string(rows.size()),
                      Cells{Text(platform), Eur(cost * 10), Count(10), Eur(cost)});
  }
  // The running one itself is in the history too, and is no earlier one.
  rows.emplace_back("now", Cells{Text("meta"), Eur(10'000), Count(10), Eur(1000)});
  return {{"past_campaigns",
           Table("campaigns", "platform:text spend:money conversions:count cpa:money", rows)},
          {"campaigns", Campaigns({Bought("now", "meta", now * 10, 10)})},
          {"client", Client(Eur(now * 10), Count(10), Eur(now), kNotKnown, kNotKnown)}};
}

TEST(PastCampaigns, TheMiddleOneIsTheYardstick) {
  EXPECT_EQ(Found(Earlier({40, 10, 20}, 30)).Claim("campaigns[now]", "benchmark"),
            "“now” pays €30.00 per conversion, more than the middle one of the client's 3 earlier "
            "campaigns on Meta, which paid €20.00.");
  // Of four the lower middle one, so that it is a campaign that was.
  EXPECT_EQ(Found(Earlier({40, 10, 20, 30}, 10)).Claim("campaigns[now]", "benchmark"),
            "“now” pays €10.00 per conversion; the middle one of the client's 4 earlier campaigns "
            "on Meta paid €20.00.");
  // A tenth of the median is told, less is not; so are two campaigns and other platforms' not.
  EXPECT_EQ(Found(Earlier({40, 10, 20}, 22)).size(), 1U);
  EXPECT_EQ(Found(Earlier({40, 10, 20}, 18)).size(), 1U);
  EXPECT_EQ(Found(Earlier({40, 10, 20}, 21.9)).size(), 0U);
  EXPECT_EQ(Found(Earlier({40, 10, 20}, 18.1)).size(), 0U);
  EXPECT_EQ(Found(Earlier({40, 10}, 30)).size(), 0U);
  EXPECT_EQ(Found(Earlier({40, 10, 20}, 30, "tiktok")).size(), 0U);
  // Earlier ones that bought for nothing are no yardstick.
  EXPECT_EQ(Found(Earlier({0, 10, 20}, 30)).size(), 0U);
  Inputs immature = Earlier({40, 10, 20}, 30);
  immature.at("client").rows[0].known = 0.97;
  EXPECT_EQ(Found(immature).size(), 0U);
}

// --- against plan and targets -------------------------------------------------------------------

Inputs Target(double spend, std::int64_t conversions, const ViewCell& cpa, const ViewCell& target,
              const ViewCell& roas = kNotKnown, const ViewCell& roas_target = kNotKnown) {
  return {{"plan", Table("campaigns",
                         "name:text spend:money cpa:money cpa_plan:money roas:real roas_plan:real",
                         {{"c", {Text("c"), Eur(spend), cpa, target, roas, roas_target}}})},
          {"campaigns", Campaigns({Bought("c", "meta", spend, conversions)})},
          {"client", Client(Eur(spend), Count(conversions), cpa, kNotKnown, kNotKnown)}};
}

TEST(Targets, MetMissedAndInBetween) {
  EXPECT_EQ(Found(Target(500, 10, Eur(50), Eur(40))).Claim("plan[c/cpa]"),
            "“c” pays €50.00 per conversion, above its target of €40.00.");
  EXPECT_EQ(Found(Target(300, 10, Eur(30), Eur(40))).Claim("plan[c/cpa]"),
            "“c” pays €30.00 per conversion, better than its target of €40.00.");
  EXPECT_EQ(Found(Target(500, 10, Eur(50), kNotKnown, 2.0, 4.0)).Claim("plan[c/roas]"),
            "“c” returns 2 times its spend in claimed revenue, below its target of 4.");
  EXPECT_EQ(Found(Target(500, 10, Eur(50), kNotKnown, 5.0, 4.0)).Claim("plan[c/roas]"),
            "“c” returns 5 times its spend in claimed revenue, better than its target of 4.");
  // A tenth off is off on either side, less is not.
  for (const double cost : {44.0, 36.0}) {
    EXPECT_EQ(Found(Target(500, 10, Eur(cost), Eur(40))).size(), 1U) << cost;
  }
  for (const double cost : {43.9, 40.0, 36.1}) {
    EXPECT_EQ(Found(Target(500, 10, Eur(cost), Eur(40))).size(), 0U) << cost;
  }
}

TEST(Targets, NothingIsSaidOfFewConversionsNoSpendOrNoTarget) {
  EXPECT_EQ(Found(Target(80, 4, Eur(20), Eur(40))).size(), 0U) << "four conversions";
  EXPECT_EQ(Found(Target(0, 10, Eur(0), Eur(40))).size(), 0U) << "late ones of a pause";
  EXPECT_EQ(Found(Target(500, 10, kNotKnown, Eur(40))).size(), 0U);
  EXPECT_EQ(Found(Target(500, 10, Eur(50), kNotKnown)).size(), 0U);
  EXPECT_EQ(Found(Target(500, 10, Eur(50), Eur(0))).size(), 0U);
  Inputs immature = Target(500, 10, Eur(50), Eur(40));
  immature.at("client").rows[0].known = 0.5;
  EXPECT_EQ(Found(immature).size(), 0U) << "the cost falls as conversions come in";
}

/// Spent with no conversion against a target; what is known of each day of the period.
Inputs Barren(double spend, const ViewCell& target,
              const std::vector<std::optional<double>>& known = {1.0, 1.0}) {
  Inputs inputs = Target(spend, 0, kNotKnown, target);
  View days = Table("series", "spend:money", {});
  for (const std::optional<double>& share : known) {
    days.rows.push_back({"d" + std::to_string(days.rows.size()), {Eur(1)}});
    days.rows.back().known = share;
  }
  inputs["days"] = days;
  return inputs;
}

TEST(Targets, SpendWithoutAConversionIsToldWithItsChance) {
  // 200 / 40 = 5 are to be expected, and exp(-5) = 0.0067.
  const Found found(Barren(200, Eur(40)));
  EXPECT_EQ(found.size(), 1U);
  EXPECT_EQ(
      found.Claim("plan[c/none]", "variance"),
      "“c” spent €200.00 without a conversion. At its target of €40.00 such spend brings 5 on "
      "average; that a campaign on target has none then has a chance of 0.67%.");
  EXPECT_NE(found.Mind("plan[c/none]").find("tracking"), std::string::npos);
  // Three targets' worth are exp(-3) = 0.0498; a little less is no rarity.
  EXPECT_EQ(Found(Barren(120, Eur(40))).size(), 1U);
  EXPECT_EQ(Found(Barren(119, Eur(40))).size(), 0U);
  // A chance that would be printed as 0 is put in words: exp(-10) = 0.000045.
  EXPECT_NE(Found(Barren(400, Eur(40)))
                .Claim("plan[c/none]")
                .find("10 on average; that a campaign "
                      "on target has none then hardly "
                      "ever happens."),
            std::string::npos);
  EXPECT_EQ(Found(Barren(200, kNotKnown)).size(), 0U);
  EXPECT_EQ(Found(Barren(200, Eur(0))).size(), 0U);
  Inputs one = Barren(200, Eur(40));
  one["campaigns"] = Campaigns({Bought("c", "meta", 200, 1)});
  EXPECT_EQ(Found(one).size(), 0U) << "it brought one";
  one["campaigns"] =
      Campaigns({{"c", "meta", Eur(200), kNotKnown, kNotKnown, kNotKnown, kNotKnown}});
  EXPECT_EQ(Found(one).size(), 0U) << "what it brought is not known";
}

TEST(Targets, ConversionsThatAreStillToComeAreNotMissed) {
  // Were all of it spent on the day that is half known: 400 / 40 * 0.5 = 5.
  EXPECT_EQ(Found(Barren(400, Eur(40), {1.0, 0.5})).Claim("plan[c/none]"),
            "“c” spent €400.00 without a conversion so far. At its target of €40.00, at least 5 "
            "would be known by now on average, as even of the newest day 50% are; that a campaign "
            "on target has none then has a chance of at most 0.67%.");
  EXPECT_EQ(Found(Barren(200, Eur(40), {1.0, 0.5})).size(), 0U) << "2.5 expected: exp(-2.5) = 0.08";
  EXPECT_EQ(Found(Barren(200, Eur(40), {1.0, std::nullopt})).size(), 1U) << "not judged";
  // No day is judged, and the period's conversions are not all there: nothing can be said.
  Inputs open = Barren(400, Eur(40), {std::nullopt});
  EXPECT_EQ(Found(open).size(), 1U);
  open.at("client").rows[0].known = 0.5;
  EXPECT_EQ(Found(open).size(), 0U);
  InsightOptions partly;
  partly.whole = false;
  EXPECT_EQ(Found(Barren(200, Eur(40)), partly).size(), 0U) << "days are missing";
}

// --- the truths beside each other ---------------------------------------------------------------

Inputs Days(const std::vector<std::pair<ViewCell, ViewCell>>& days, const ViewCell& claimed,
            const ViewCell& orders, double known = 1) {
  std::vector<std::pair<std::string, Cells>> rows;
  for (const auto& [conversions, books] : days) {
    rows.emplace_back("d" + std::to_string(rows.size()), Cells{conversions, books});
  }
  View view = Table("series", "conversions:count orders:count", rows);
  view.totals = Cells{claimed, orders};
  return {{"days", view},
          {"client", Client(Eur(10), claimed, Eur(1), kNotKnown, kNotKnown, known)}};
}

TEST(Truths, ClaimsBesideTheBooks) {
  EXPECT_EQ(Found(Days({{Count(70), Count(60)}, {Count(50), Count(40)}}, Count(120), Count(100)))
                .Claim("days[@totals].orders"),
            "The platforms together claim 120 conversions, the client's books show 100 orders from "
            "all sources: claims are 120% of all orders, so some are claimed more than once or are "
            "no orders of the books.");
  EXPECT_EQ(
      Found(Days({{Count(50), Count(100)}}, Count(50), Count(100))).Claim("days[@totals].orders"),
      "The platforms together claim 50 conversions, which is 50% of the 100 orders in the "
      "client's books.");
}

TEST(Truths, ADayThatOneSideDoesNotKnowMakesNoComparison) {
  // Two days of claims against one day of books would be 240 %.
  EXPECT_EQ(
      Found(Days({{Count(70), Count(50)}, {Count(50), kNotKnown}}, Count(120), Count(50))).size(),
      0U);
  EXPECT_EQ(
      Found(Days({{Count(40), Count(50)}, {kNotKnown, Count(50)}}, Count(40), Count(100))).size(),
      0U);
  EXPECT_EQ(Found(Days({{Count(40), kNotKnown}}, Count(40), kNotKnown)).size(), 0U);
  EXPECT_EQ(Found(Days({{Count(40), Count(0)}}, Count(40), Count(0))).size(), 0U);
  EXPECT_EQ(Found(Days({}, Count(40), Count(20))).size(), 1U) << "days that nobody listed";
  // Claims that are still to come: a share that only grows is not told, an excess is.
  EXPECT_EQ(Found(Days({{Count(50), Count(100)}}, Count(50), Count(100), 0.5)).size(), 0U);
  EXPECT_EQ(Found(Days({{Count(120), Count(100)}}, Count(120), Count(100), 0.5)).size(), 1U);
}

// --- from actions to outcomes -------------------------------------------------------------------

View OutcomesOf(const std::vector<std::tuple<const char*, const char*, ViewCell, ViewCell>>& all) {
  std::vector<std::pair<std::string, Cells>> rows;
  for (const auto& [plan, method, predicted, measured] : all) {
    rows.emplace_back(std::string("A/") + plan,
                      Cells{Text(plan), Text("revenue"), Text(method), predicted, measured});
  }
  return Table("calibration", "plan:text kpi:text method:text predicted:estimate measured:estimate",
               rows);
}

TEST(Outcomes, SayWhatWasPromisedMeasuredAndHowStrongTheEvidenceIs) {
  const Estimated promised{100, 20, 180, 0.9};
  const Found found(
      {{"outcomes", OutcomesOf({{"p-1", "one series, 40 days before, 13 after", promised,
                                 Estimated{80, 30, 130, 0.9}},
                                {"p-2", "switchback", promised, Estimated{-50, -90, -10, 0.9}},
                                {"p-3", "bsts", promised, Estimated{10, -40, 60, 0.9}},
                                {"p-4", "bsts", promised, kNotKnown},
                                {"p-5", "bsts", kNotKnown, Estimated{5, 1, 9, 0.9}}})}});
  EXPECT_EQ(found.Claim("outcomes[A/p-1]"),
            "Plan p-1 promised 100 of revenue a day; measured were 80 (30 to 130).");
  EXPECT_EQ(found.Claim("outcomes[A/p-2]"),
            "Plan p-2 promised 100 of revenue a day; measured were −50 (−90 to −10): it did harm.");
  EXPECT_EQ(found.Claim("outcomes[A/p-3]"),
            "Plan p-3 promised 100 of revenue a day; measured were 10 (−40 to 60), which may be "
            "nothing.");
  // One series before and after is no cause; strongest evidence comes first.
  EXPECT_EQ(found.Of("outcomes[A/p-1]")->strength, Strength::kBeforeAfter);
  EXPECT_EQ(found.Of("outcomes[A/p-2]")->strength, Strength::kExperiment);
  EXPECT_EQ(found.Of("outcomes[A/p-3]")->strength, Strength::kLift);
  EXPECT_EQ(found.Subjects("outcome"),
            (Subjects{"outcomes[A/p-2]", "outcomes[A/p-3]", "outcomes[A/p-1]"}))
      << "what was not measured, or promised nothing, is no outcome";
  // An interval that ends at zero does not leave it out.
  const Found edge({{"outcomes", OutcomesOf({{"p", "bsts", promised, Estimated{5, 0, 9, 0.9}}})}});
  EXPECT_EQ(edge.all()[0].claim.key, "insight.outcome.open");
}

TEST(Outcomes, ExperimentsWithTheirIntervals) {
  const View view = Table("experiments", "name:text measured:estimate",
                          {{"e1", {Text("Pause Lisbon"), Estimated{12, 3, 21, 0.95}}},
                           {"e2", {Text("Not read yet"), kNotKnown}}});
  const Found found({{"experiments", view}});
  EXPECT_EQ(found.Subjects("outcome"), Subjects{"experiments[e1]"});
  EXPECT_EQ(found.Claim("experiments[e1]"),
            "The experiment “Pause Lisbon” measured an effect of 12 a day (3 to 21).");
  EXPECT_EQ(found.Of("experiments[e1]")->strength, Strength::kExperiment);
}

// --- what to do next ----------------------------------------------------------------------------

TEST(Next, PlansThatWaitWithWhatTheyPromise) {
  const View view =
      Table("plans", "title:text status:text kpi:text predicted:estimate",
            {{"p-1", {Text("more"), Text("guarded"), Text("revenue"), Estimated{12, -3, 30, 0.9}}},
             {"p-2", {Text("names"), Text("guarded"), kNotKnown, kNotKnown}},
             {"p-3", {Text("old"), Text("scored"), Text("revenue"), Estimated{99, 9, 200, 0.9}}},
             {"p-4", {Text("no"), Text("rejected"), Text("revenue"), Estimated{99, 9, 200, 0.9}}}});
  const Found found({{"plans", view}});
  EXPECT_EQ(found.Subjects("next"), (Subjects{"plans[p-1]", "plans[p-2]"}));
  EXPECT_EQ(
      found.Claim("plans[p-1]"),
      "Decide on plan p-1 (“more”): it is predicted to bring 12 of revenue a day (−3 to 30).");
  EXPECT_EQ(
      found.Mind("plans[p-1]"),
      "The effect is measured afterwards; one outside of −3 to 30 would change our mind about "
      "such plans.");
  EXPECT_EQ(found.Claim("plans[p-2]"), "Decide on plan p-2 (“names”).");
}

TEST(Next, AnApprovedPlanIsToBeAppliedWhileItsApprovalHolds) {
  const Instant now = *ParseInstant("2026-03-10T12:00:00Z");
  View view =
      Table("plans", "title:text status:text kpi:text predicted:estimate expires_at:instant",
            {{"p-1",
              {Text("more"), Text("approved"), Text("revenue"), Estimated{12, -3, 30, 0.9},
               now + std::chrono::hours(1)}},
             {"p-2", {Text("names"), Text("approved"), kNotKnown, kNotKnown, now}},
             {"p-3", {Text("old"), Text("approved"), kNotKnown, kNotKnown, kNotKnown}}});
  view.as_of = now;
  const Found found({{"plans", view}});
  EXPECT_EQ(found.Claim("plans[p-1]"),
            "Apply plan p-1 (“more”), which is approved: it is predicted to bring 12 of revenue a "
            "day (−3 to 30).");
  EXPECT_EQ(found.Claim("plans[p-2]"),
            "Approve plan p-2 (“names”) again or reject it, as its approval has ended.");
  EXPECT_EQ(found.Claim("plans[p-3]"), "Apply plan p-3 (“old”), which is approved.");
}

TEST(Next, ABudgetThatBindsACheapCampaign) {
  const auto of = [](double own, double all, std::int64_t count, const char* limited) {
    return Found(
        {{"campaigns",
          Campaigns({Bought("c", "google_ads", own * static_cast<double>(count), count, limited)})},
         {"platforms", Platforms({{"google_ads", Eur(all * 100), Count(100), Eur(all)}})}});
  };
  const char* kBudget = "budget (40 % of impressions lost to it)";
  EXPECT_EQ(of(8, 10, 50, kBudget).Claim("campaigns[c]", "next"),
            "“c” loses impressions for want of budget, and per conversion it pays €8.00 where all "
            "of Google Ads pays €10.00. A higher daily budget is worth a trial.");
  EXPECT_EQ(of(10, 10, 50, kBudget).Subjects("next"), Subjects{}) << "a tie is not cheaper";
  EXPECT_EQ(of(8, 10, 50, "rank").Subjects("next"), Subjects{});
  EXPECT_EQ(of(8, 10, 50, "").Subjects("next"), Subjects{});
  EXPECT_EQ(of(8, 10, 4, kBudget).Subjects("next"), Subjects{});
  EXPECT_EQ(of(0, 10, 50, kBudget).Subjects("next"), Subjects{});
  // Cheap because it is credited with sales that were on their way.
  EXPECT_EQ(
      Found({{"campaigns", Campaigns({Bought("search-brand", "google_ads", 400, 50, kBudget)})},
             {"platforms", Platforms({{"google_ads", Eur(1000), Count(100), Eur(10)}})}})
          .Subjects("next"),
      Subjects{});
}

TEST(Next, MoneyMovesBetweenReturnsThatLieApart) {
  const auto of = [](const ViewCell& a, const ViewCell& b, const ViewCell& told = true) {
    return Found({{"marginals", Table("marginals", "name:text marginal:estimate identified:flag",
                                      {{"a", {Text("search"), a, told}},
                                       {"b", {Text("social"), b, true}},
                                       {"c", {Text("video"), kNotKnown, false}}})}});
  };
  const Found apart = of(Estimated{3, 2, 4, 0.9}, Estimated{1, 0.5, 1.5, 0.9});
  EXPECT_EQ(apart.Claim("marginals[a]"),
            "The next unit of money returns 3 in “search” (2 to 4) and 1 in “social” (0.50 to "
            "1.50): moving budget from the latter to the former is expected to pay.");
  EXPECT_EQ(apart.Mind("marginals[a]"),
            "The returns come from a model of the history; an experiment that shows the intervals "
            "to overlap would change our mind.");
  EXPECT_DOUBLE_EQ(apart.Of("marginals[a]")->weight, 0.5);  // 2 - 1.5
  EXPECT_EQ(of(Estimated{3, 1.5, 4, 0.9}, Estimated{1, 0.5, 1.5, 0.9}).size(), 0U) << "they touch";
  EXPECT_EQ(of(Estimated{3, 2, 4, 0.9}, Estimated{3, 2, 4, 0.9}).size(), 0U) << "a tie";
  EXPECT_EQ(of(Estimated{3, 2, 4, 0.9}, kNotKnown).size(), 0U);
  EXPECT_EQ(of(Estimated{3, 2, 4, 0.9}, Estimated{1, 0.5, 1.5, 0.9}, false).size(), 0U)
      << "an interval that is mostly assumption moves no money";
}

// --- all of them --------------------------------------------------------------------------------

TEST(Insights, NothingComesOfNothing) {
  EXPECT_EQ(Found({}).size(), 0U);
  // Views whose cells are all absent, and without rows.
  Inputs inputs = Moved({{"x", "meta", kNotKnown, kNotKnown, kNotKnown, kNotKnown, kNotKnown}},
                        Client(kNotKnown, kNotKnown, kNotKnown, kNotKnown, kNotKnown));
  inputs.emplace("platforms", Platforms({{"meta", kNotKnown, kNotKnown, kNotKnown}}));
  inputs.emplace("outcomes", OutcomesOf({{"p", "", kNotKnown, kNotKnown}}));
  inputs.emplace("marginals", Table("marginals", "name:text marginal:estimate", {}));
  EXPECT_EQ(Found(inputs).size(), 0U);
}

TEST(Insights, ManyOfOneKindPushNoOtherOut) {
  // 40 campaigns far from their yardstick, each of large spend, and one plan that promises 12.
  std::vector<Campaign> campaigns;
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) names.push_back("c" + std::to_string(100 + i));
  for (const std::string& name : names) campaigns.push_back(Bought(name.c_str(), "meta", 9000, 90));
  Inputs inputs = Earlier({40, 10, 20}, 30);
  inputs.at("campaigns") = Campaigns(campaigns);
  inputs.emplace(
      "plans",
      Table(
          "plans", "title:text status:text kpi:text predicted:estimate",
          {{"p-1", {Text("more"), Text("guarded"), Text("revenue"), Estimated{12, -3, 30, 0.9}}}}));
  InsightOptions few;
  few.most_of_a_kind = 5;
  const Found found(inputs, few);
  EXPECT_EQ(found.Subjects("benchmark"),
            (Subjects{"campaigns[c100]", "campaigns[c101]", "campaigns[c102]", "campaigns[c103]",
                      "campaigns[c104]"}))
      << "equals by their name";
  EXPECT_EQ(found.Subjects("next"), Subjects{"plans[p-1]"});
}

TEST(Insights, AnotherLeadCountsInItsOwnCost) {
  std::vector<std::pair<std::string, Cells>> rows;
  for (int i = 0; i < 8; ++i) {
    rows.emplace_back("w" + std::to_string(i), Cells{Eur(100), Count(100), Eur(1 + 0.1 * i)});
  }
  View client = Table("campaigns", "name:text spend:money clicks:count cpc:money",
                      {{"client/A", {Text("A"), Eur(300), Count(100), Eur(3)}}});
  client.rows[0].known = 0.5;  // of conversions; clicks are all there
  InsightOptions traffic;
  traffic.lead = "clicks";
  traffic.cost = "cpc";
  const Found found(
      {{"weeks", Table("series", "spend:money clicks:count cpc:money", rows)}, {"client", client}},
      traffic);
  EXPECT_EQ(found.Claim("weeks[cpc]"),
            "Per click this period paid €3.00, dearer than the usual range of the 8 weeks before "
            "(quartiles €1.10 to €1.50).");
}

}  // namespace
}  // namespace maxopt::report
