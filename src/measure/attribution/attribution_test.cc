#include "measure/attribution/attribution.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <random>
#include <set>

namespace maxopt {
namespace {

struct Path {
  std::vector<std::string> touches;
  double conversions = 0, value = 0, null_conversions = 0;
};

std::vector<ChannelCredit> Attribute(const std::string& model, const std::vector<Path>& paths) {
  Attribution attribution(*FindAttributionModel(model));
  for (const Path& path : paths) {
    std::vector<int> touches;
    for (const std::string& name : path.touches) touches.push_back(attribution.Channel(name));
    const auto added =
        attribution.Add(touches, {path.conversions, path.value, path.null_conversions});
    EXPECT_TRUE(added.has_value()) << added.error().what;
  }
  const auto credits = attribution.Credits();
  EXPECT_TRUE(credits.has_value()) << credits.error().what;
  return credits.value_or(std::vector<ChannelCredit>());
}
std::map<std::string, double> Conversions(const std::vector<ChannelCredit>& credits) {
  std::map<std::string, double> map;
  for (const auto& credit : credits) map[credit.channel] = credit.conversions;
  return map;
}
std::map<std::string, double> Values(const std::vector<ChannelCredit>& credits) {
  std::map<std::string, double> map;
  for (const auto& credit : credits) map[credit.channel] = credit.value;
  return map;
}
void ExpectNear(const std::map<std::string, double>& got, const std::map<std::string, double>& want,
                double tolerance = 1e-12) {
  ASSERT_EQ(got.size(), want.size());
  for (const auto& [name, value] : want) {
    ASSERT_TRUE(got.contains(name)) << name;
    EXPECT_NEAR(got.at(name), value, tolerance) << name;
  }
}
Result<std::vector<ChannelCredit>> FromCsv(std::string_view csv, const std::string& model) {
  Attribution attribution(*FindAttributionModel(model));
  MAXOPT_CHECK(ReadPathsCsv(csv, attribution));
  return attribution.Credits();
}
std::string CsvError(std::string_view csv, const std::string& model = "markov") {
  const auto credits = FromCsv(csv, model);
  return credits ? "no error" : credits.error().what;
}
const std::vector<std::string> kAllModels = {"last",       "first",    "linear",
                                             "time_decay", "position", "markov",
                                             "markov:2",   "markov:3", "shapley"};

/// Random paths over few channels, some of them repeated, some without conversions.
std::vector<Path> RandomPaths(std::uint64_t seed, int channels, int count) {
  std::mt19937_64 random(seed);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::vector<Path> paths;
  for (int i = 0; i < count; ++i) {
    Path path;
    const int length = 1 + below(6);
    for (int k = 0; k < length; ++k)
      path.touches.push_back(std::string(1, static_cast<char>('a' + below(channels))));
    path.conversions = below(4);
    path.value = path.conversions > 0 ? below(1000) / 8. : 0;
    path.null_conversions = below(9);
    paths.push_back(path);
  }
  return paths;
}

/// P(conversion) and E(value) of a journey from the start that never touches `removed`, by
/// following the chain's own definition: the mass in each state, step by step, until (almost) none
/// is left.
std::pair<double, double> WithoutByFollowing(const std::vector<Path>& paths, std::size_t order,
                                             const std::string& removed) {
  using State = std::vector<std::string>;
  std::map<State, std::map<State, double>> steps;
  std::map<State, double> out, converted, value;
  for (const Path& path : paths) {
    const double weight = path.conversions + path.null_conversions;
    if (weight == 0) continue;
    State state;
    for (const std::string& touch : path.touches) {
      State next = state;
      next.push_back(touch);
      if (next.size() > order) next.erase(next.begin());
      steps[state][next] += weight;
      out[state] += weight;
      state = next;
    }
    out[state] += weight;
    converted[state] += path.conversions;
    value[state] += path.value;
  }
  std::map<State, double> mass{{{}, 1}};
  double conversions = 0;
  double earned = 0;
  for (int step = 0; step < 4000 && !mass.empty(); ++step) {
    std::map<State, double> next;
    for (const auto& [state, here] : mass) {
      if (out[state] == 0) continue;
      conversions += here * converted[state] / out[state];
      earned += here * value[state] / out[state];
      for (const auto& [to, weight] : steps[state]) {
        if (to.back() != removed && here * weight > 1e-18) next[to] += here * weight / out[state];
      }
    }
    mass = std::move(next);
  }
  return {conversions, earned};
}

TEST(Attribution, SimpleModelsByHand) {
  const std::vector<Path> paths = {
      {{"a", "b", "a", "c"}, 2, 20, 5}, {{"b"}, 1, 3, 0}, {{"c", "b"}, 4, 8, 0}};
  ExpectNear(Conversions(Attribute("last", paths)), {{"a", 0}, {"b", 5}, {"c", 2}});
  ExpectNear(Values(Attribute("last", paths)), {{"a", 0}, {"b", 11}, {"c", 20}});
  ExpectNear(Conversions(Attribute("first", paths)), {{"a", 2}, {"b", 1}, {"c", 4}});
  ExpectNear(Conversions(Attribute("linear", paths)), {{"a", 1}, {"b", .5 + 1 + 2}, {"c", .5 + 2}});
  ExpectNear(Values(Attribute("linear", paths)), {{"a", 10}, {"b", 5 + 3 + 4}, {"c", 5 + 4}});
  // 40 to a, 40 to c, 10 each to b and a; halves for two touches; all for one.
  ExpectNear(Conversions(Attribute("position", paths)),
             {{"a", .8 + .2}, {"b", .2 + 1 + 2}, {"c", .8 + 2}});
  // Weights 1 2 4 8 of 15, and 1 2 of 3.
  ExpectNear(
      Conversions(Attribute("time_decay", paths)),
      {{"a", 2 * 5. / 15}, {"b", 2 * 2. / 15 + 1 + 4 * 2. / 3}, {"c", 2 * 8. / 15 + 4. / 3}});
  // Sets abc, b, bc.
  ExpectNear(Conversions(Attribute("shapley", paths)),
             {{"a", 2. / 3}, {"b", 2. / 3 + 1 + 2}, {"c", 2. / 3 + 2}});
}

TEST(Attribution, TimeDecayByTimes) {
  Attribution attribution({.kind = AttributionModel::Kind::kTimeDecay, .half_life = kHalfLifeDays});
  const std::vector<int> touches = {attribution.Channel("a"), attribution.Channel("b")};
  ASSERT_TRUE(attribution.Add(touches, {3, 0, 0}, std::vector<double>{7, 0}));
  // The same half-life apart, however long ago: nothing underflows.
  ASSERT_TRUE(attribution.Add(touches, {3, 0, 0}, std::vector<double>{100'007, 100'000}));
  const auto credits = attribution.Credits();
  ASSERT_TRUE(credits);
  ExpectNear(Conversions(*credits), {{"a", 2}, {"b", 4}});
  EXPECT_FALSE(attribution.Add(touches, {1, 0, 0}, std::vector<double>{1}));
  EXPECT_FALSE(attribution.Add(touches, {1, 0, 0}, std::vector<double>{-1, 0}));
}

// The worked example that is usually shown with the method (analyzecore.com, "Multi-channel
// attribution model with R, part 1"): P(conversion) 1/3; without C1 1/6, without C2 or C3 0; so the
// removal effects are .5, 1, 1 and the shares .2, .4, .4.
TEST(Attribution, MarkovPublishedExample) {
  const auto credits = Attribute(
      "markov", {{{"C1", "C2", "C3"}, 1, 10, 0}, {{"C1"}, 0, 0, 1}, {{"C2", "C3"}, 0, 0, 1}});
  ExpectNear(Conversions(credits), {{"C1", .2}, {"C2", .4}, {"C3", .4}});
  ExpectNear(Values(credits), {{"C1", 2}, {"C2", 4}, {"C3", 4}});
  EXPECT_NEAR(credits[0].removal_effect, .5, 1e-12);
  EXPECT_NEAR(credits[1].removal_effect, 1, 1e-12);
}

// Order 2 sees that b converts after a and not after c; order 1 cannot.
// States (a) (a,b) (c) (c,b): all conversions pass a and b, none passes c.
TEST(Attribution, MarkovOfOrderTwoByHand) {
  const std::vector<Path> paths = {{{"a", "b"}, 1, 1, 0}, {{"c", "b"}, 0, 0, 1}};
  ExpectNear(Conversions(Attribute("markov:2", paths)), {{"a", .5}, {"b", .5}, {"c", 0}});
  // Order 1: P = 1/2; without a 1/4, without b 0, without c 1/4: effects .5, 1, .5.
  ExpectNear(Conversions(Attribute("markov", paths)), {{"a", .25}, {"b", .5}, {"c", .25}});
}

// Value by state: conversions out of x are worth 30, out of y 10. P: x .5, y .5.
// E(value) 20, without x 5, without y 15: effects .75, .25.
TEST(Attribution, MarkovValueFollowsWhereItWasEarned) {
  const auto credits = Attribute("markov", {{{"x"}, 1, 30, 0}, {{"y"}, 1, 10, 0}});
  ExpectNear(Conversions(credits), {{"x", 1}, {"y", 1}});
  ExpectNear(Values(credits), {{"x", 30}, {"y", 10}});
}

TEST(Attribution, MarkovLoopsOnlyDelayAtOrderOne) {
  const std::vector<Path> with = {
      {{"a", "a", "a", "b"}, 3, 3, 1}, {{"b", "b"}, 1, 1, 4}, {{"a"}, 0, 0, 2}};
  const std::vector<Path> without = {{{"a", "b"}, 3, 3, 1}, {{"b"}, 1, 1, 4}, {{"a"}, 0, 0, 2}};
  ExpectNear(Conversions(Attribute("markov", with)), Conversions(Attribute("markov", without)));
}

TEST(Attribution, MarkovEqualsFollowingTheChain) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const auto paths = RandomPaths(seed, 5, 25);
    for (const int order : {1, 2, 3, 5}) {
      const auto credits = Attribute("markov:" + std::to_string(order), paths);
      const auto whole = WithoutByFollowing(paths, static_cast<std::size_t>(order), "");
      double sum = 0;
      double sum_value = 0;
      std::map<std::string, std::pair<double, double>> effects;
      double total = 0;
      double total_value = 0;
      for (const Path& path : paths) total += path.conversions, total_value += path.value;
      for (const auto& credit : credits) {
        const auto left =
            WithoutByFollowing(paths, static_cast<std::size_t>(order), credit.channel);
        effects[credit.channel] = {1 - left.first / whole.first, 1 - left.second / whole.second};
        sum += effects[credit.channel].first, sum_value += effects[credit.channel].second;
      }
      for (const auto& credit : credits) {
        EXPECT_NEAR(credit.removal_effect, effects[credit.channel].first, 1e-10)
            << seed << " order " << order << " " << credit.channel;
        EXPECT_NEAR(credit.conversions, total * effects[credit.channel].first / sum, 1e-8);
        EXPECT_NEAR(credit.value, total_value * effects[credit.channel].second / sum_value, 1e-6);
      }
    }
  }
}

// A slow chain: at orders 2 and 3 the sweeps give way to the factorisation.
TEST(Attribution, MarkovOfLongPathsBackAndForth) {
  std::vector<std::string> touches;
  for (int i = 0; i < 20'000; ++i) touches.push_back(i % 2 ? "b" : "a");
  const std::vector<Path> paths = {{touches, 1, 1, 0}, {{"c"}, 1, 1, 0}};
  for (const char* model : {"markov", "markov:2", "markov:3"}) {
    // Half the journeys need both a and b, the others c: every removal loses one half.
    ExpectNear(Conversions(Attribute(model, paths)), {{"a", 2. / 3}, {"b", 2. / 3}, {"c", 2. / 3}},
               1e-9);
  }
}

// A chain as long as the paths remembers all, so what is lost without a channel is what the paths
// with it brought. So many steps that they no longer lie in a matrix, and many names.
TEST(Attribution, MarkovThatRemembersAllLosesThePathsWithTheChannel) {
  std::mt19937_64 random(5);
  std::vector<Path> paths;
  std::map<std::string, double> lost;
  double total = 0;
  for (int i = 0; i < 20'000; ++i) {
    Path path;
    for (std::uint64_t k = 0; k < 1 + random() % 4; ++k) {
      path.touches.push_back("a channel with a long name, number " + std::to_string(random() % 40));
    }
    path.conversions = static_cast<double>(random() % 3);
    path.null_conversions = static_cast<double>(random() % 5);
    total += path.conversions;
    for (const auto& name : std::set<std::string>(path.touches.begin(), path.touches.end())) {
      lost[name] += path.conversions;
    }
    paths.push_back(std::move(path));
  }
  const auto credits = Attribute("markov:4", paths);
  ASSERT_EQ(credits.size(), 40U);
  for (const auto& credit : credits) {
    EXPECT_NEAR(credit.removal_effect, lost[credit.channel] / total, 1e-10) << credit.channel;
  }
}

// The Shapley value by its definition: the mean over all orders of what a channel adds.
TEST(Attribution, ShapleyEqualsTheMeanOverAllOrders) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto paths = RandomPaths(seed, 5, 12);
    const auto earned = [&](const std::set<std::string>& coalition) {
      double sum = 0;
      for (const Path& path : paths) {
        if (std::ranges::all_of(path.touches,
                                [&](const auto& t) { return coalition.contains(t); })) {
          sum += path.conversions;
        }
      }
      return sum;
    };
    std::vector<std::string> order = {"a", "b", "c", "d", "e"};
    std::map<std::string, double> want;
    for (const Path& path : paths) {
      for (const auto& touch : path.touches) want[touch] = 0;
    }
    do {
      std::set<std::string> before;
      for (const std::string& channel : order) {
        const double without = earned(before);
        before.insert(channel);
        if (want.contains(channel)) want[channel] += (earned(before) - without) / 120;
      }
    } while (std::ranges::next_permutation(order).found);
    ExpectNear(Conversions(Attribute("shapley", paths)), want, 1e-9);
  }
}

TEST(Attribution, ShapleyAxioms) {
  // Efficiency is kept by every model, see below. Symmetry: b and c are interchangeable. Null
  // player: d converts nowhere. Additivity: two sets of paths together, credit by credit.
  const std::vector<Path> one = {{{"a", "b"}, 3, 0, 0}, {{"a", "c"}, 3, 0, 0}, {{"d"}, 0, 0, 9}};
  const std::vector<Path> two = {{{"c", "b", "a"}, 6, 0, 0}};
  auto both = one;
  both.insert(both.end(), two.begin(), two.end());
  const auto x = Conversions(Attribute("shapley", one));
  auto y = Conversions(Attribute("shapley", two));
  const auto z = Conversions(Attribute("shapley", both));
  EXPECT_DOUBLE_EQ(x.at("b"), x.at("c"));
  EXPECT_EQ(x.at("d"), 0);
  for (const auto& [name, credit] : z) EXPECT_DOUBLE_EQ(credit, x.at(name) + y[name]) << name;
}

TEST(Attribution, TotalsAreKeptAndOrderDoesNotMatter) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    auto paths = RandomPaths(seed, 8, 60);
    for (Path& path : paths) path.conversions /= 3;  // fractions too
    double conversions = 0;
    double value = 0;
    for (const Path& path : paths) conversions += path.conversions, value += path.value;
    auto shuffled = paths;
    std::ranges::reverse(shuffled);
    for (const std::string& model : kAllModels) {
      const auto credits = Attribute(model, paths);
      double sum = 0;
      double sum_value = 0;
      for (const auto& credit : credits) {
        sum += credit.conversions, sum_value += credit.value;
        EXPECT_GE(credit.conversions, 0) << model;
      }
      EXPECT_NEAR(sum, conversions, 1e-12 * conversions) << model;
      EXPECT_NEAR(sum_value, value, 1e-12 * value) << model;
      ExpectNear(Conversions(Attribute(model, shuffled)), Conversions(credits), 1e-10);
    }
  }
}

TEST(Attribution, OnlyNullConversionsGiveNothingToAll) {
  for (const std::string& model : kAllModels) {
    ExpectNear(Conversions(Attribute(model, {{{"a", "b"}, 0, 0, 5}, {{"c"}, 0, 0, 0}})),
               {{"a", 0}, {"b", 0}, {"c", 0}});
    EXPECT_TRUE(Attribute(model, {}).empty()) << model;
    ExpectNear(Conversions(Attribute(model, {{{"a"}, 7, 1, 0}})), {{"a", 7}});
  }
}

TEST(Attribution, HugeAndTinyCounts) {
  for (const std::string& model : kAllModels) {
    const auto credits = Attribute(model, {{{"a", "b"}, 1e15, 1e17, 1e15}, {{"b"}, .25, .5, 0}});
    double sum = 0;
    for (const auto& credit : credits) sum += credit.conversions;
    EXPECT_EQ(sum, 1e15 + .25) << model;
  }
  Attribution attribution(*FindAttributionModel("linear"));
  const std::vector<int> touches = {attribution.Channel("a")};
  ASSERT_TRUE(attribution.Add(touches, {1.7e308, 0, 0}));
  ASSERT_TRUE(attribution.Add(touches, {1.7e308, 0, 0}));
  EXPECT_FALSE(attribution.Credits());
}

TEST(Attribution, RefusesNonsense) {
  Attribution attribution(*FindAttributionModel("linear"));
  const std::vector<int> touches = {attribution.Channel("a")};
  EXPECT_FALSE(attribution.Add({}, {1, 1, 1}));
  EXPECT_FALSE(attribution.Add(touches, {-1, 0, 0}));
  EXPECT_FALSE(attribution.Add(touches, {std::nan(""), 0, 0}));
  EXPECT_FALSE(attribution.Add(touches, {0, 0, INFINITY}));
  EXPECT_FALSE(attribution.Add(touches, {0, 5, 1}));
  EXPECT_EQ(attribution.paths(), 0);
  for (const char* name : {"", "Last", "markov:", "markov:0", "markov:17", "markov:2x", "last:2"}) {
    const auto model = FindAttributionModel(name);
    ASSERT_FALSE(model) << name;
    EXPECT_NE(model.error().what.find("time_decay"), std::string::npos);
  }
  EXPECT_EQ(AttributionModelName(*FindAttributionModel("markov:4")), "markov:4");
  EXPECT_EQ(AttributionModelName(*FindAttributionModel("markov:1")), "markov");
}

TEST(PathsCsv, NamesQuotesAndColumnsInAnyOrder) {
  const auto credits = FromCsv(
      "\xEF\xBB\xBFnull_conversions,\"path\",extra,conversions,conversion_value\r\n"
      "0,\"Paid Search, Brand > the \"\"big\"\" one\",x,1,10.5\r\n"
      "\r\n"
      "0,Zürich>  東京 ,\"a\nb\",2.5,1e3\r\n"
      "4,Zürich,,0,0",
      "linear");
  ASSERT_TRUE(credits) << credits.error().what;
  ExpectNear(
      Conversions(*credits),
      {{"Paid Search, Brand", .5}, {"the \"big\" one", .5}, {"Zürich", 1.25}, {"東京", 1.25}});
  ExpectNear(
      Values(*credits),
      {{"Paid Search, Brand", 5.25}, {"the \"big\" one", 5.25}, {"Zürich", 500}, {"東京", 500}});
}

TEST(PathsCsv, ErrorsNameTheLine) {
  const std::string head = "path,conversions,conversion_value,null_conversions\n";
  const auto has = [](const std::string& text, std::string_view part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  has(CsvError(""), "line 1");
  has(CsvError("path,conversions,null_conversions\na,1,0\n"), "conversion_value");
  has(CsvError("path,path,conversions,conversion_value,null_conversions\n"), "twice");
  has(CsvError(head + "a,1,1,0\n,1,1,0\n"), "line 3: path is empty");
  has(CsvError(head + "a > > b,1,1,0\n"), "line 2: path \"a > > b\"");
  has(CsvError(head + "a >,1,1,0\n"), "line 2");
  has(CsvError(head + "\"a\nb\",1,1,0\nc,x,1,0\n"), "line 4: conversions is \"x\"");
  has(CsvError(head + "a,-1,1,0\n"), "conversions is \"-1\"");
  has(CsvError(head + "a,1,nan,0\n"), "conversion_value is \"nan\"");
  has(CsvError(head + "a,1,1,1e999\n"), "null_conversions");
  has(CsvError(head + "a,1,1,\n"), "null_conversions is \"\"");
  has(CsvError(head + "a,1,1\n"), "3 fields where the header has 4");
  has(CsvError(head + "a,0,1,1\n"), "line 2: a value of 1 without a conversion");
  has(CsvError(head + "\"a,1,1,0\n"), "not closed");
  has(CsvError(head + "\"a\"b,1,1,0\n"), "closing quote");
}

TEST(PathsCsv, OnlyAHeaderIsNoChannels) {
  const auto credits = FromCsv("path,conversions,conversion_value,null_conversions\n", "markov");
  ASSERT_TRUE(credits);
  EXPECT_TRUE(credits->empty());
}

TEST(SplitExactly, KeepsEveryUnit) {
  using Parts = std::vector<std::int64_t>;
  EXPECT_EQ(SplitExactly(10, std::vector<double>{1, 1, 1}), (Parts{4, 3, 3}));
  EXPECT_EQ(SplitExactly(-10, std::vector<double>{1, 1, 1}), (Parts{-4, -3, -3}));
  EXPECT_EQ(SplitExactly(7, std::vector<double>{0, .5, 0}), (Parts{0, 7, 0}));
  EXPECT_EQ(SplitExactly(0, std::vector<double>{2, 1}), (Parts{0, 0}));
  // 100 x .255 = 25.5 and 100 x .745 = 74.5: the earlier of equal fractions.
  EXPECT_EQ(SplitExactly(100, std::vector<double>{.25, .75}), (Parts{25, 75}));
  std::mt19937_64 random(3);
  for (int i = 0; i < 2000; ++i) {
    std::vector<double> weights(1 + random() % 9);
    for (double& weight : weights) weight = static_cast<double>(random() % 1000) / 7;
    weights[0] += 1e-9;
    const auto total = static_cast<std::int64_t>(random());
    const Parts parts = SplitExactly(total, weights);
    std::uint64_t sum = 0;
    for (const std::int64_t part : parts) sum += static_cast<std::uint64_t>(part);
    EXPECT_EQ(static_cast<std::int64_t>(sum), total);
  }
}

}  // namespace
}  // namespace maxopt
