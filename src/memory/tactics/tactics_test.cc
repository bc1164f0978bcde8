#include "memory/tactics/tactics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "memory/tactics/words.h"

namespace maxopt {
namespace {

const Instant kNow = *ParseInstant("2026-11-23T08:00:00Z");

Tactic Made(std::string id, std::string platform, std::string problem, std::string text) {
  Tactic tactic;
  tactic.id = std::move(id);
  tactic.title = std::move(text);
  tactic.problem = tactic.title;
  tactic.action = "Do it.";
  tactic.source = "test";
  if (!platform.empty()) tactic.context.Add("platform", platform);
  tactic.context.Add("problem", problem);
  return tactic;
}

std::vector<Tactic> Three() {
  return {Made("fatigue", "meta", "creative_fatigue", "Tired pictures"),
          Made("pace", "", "underdelivery", "Flight behind its plan"),
          Made("waste", "google_ads", "search_waste", "Irrelevant queries")};
}

double Dot(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

TEST(Words, AreFoldedAndCut) {
  EXPECT_EQ(WordsOf("Anzeigenm\xC3\xBC"
                    "digkeit, Gr\xC3\xB6\xC3\x9F"
                    "e 9:16 won't"),
            (std::vector<std::string>{"anzeigenmudigkeit", "grosse", "9", "16", "wont"}));
  EXPECT_EQ(StemOf("keywords"), "keyword");
  EXPECT_EQ(StemOf("kosten"), "kost");
  EXPECT_EQ(StemOf("ads"), "ads");  // too short to cut
  EXPECT_TRUE(WordsOf("").empty());
  EXPECT_TRUE(WordsOf("\xFF\xFE \xC3").empty());
  EXPECT_TRUE(IsStopWord("und"));
}

TEST(ContextOfText, NamesWhatIsSpokenOf) {
  const TacticContext context = ContextOfText("Facebook-Leads sind unbrauchbar");
  EXPECT_TRUE(context.Has("platform", "meta"));
  EXPECT_TRUE(context.Has("objective", "leads"));
  EXPECT_TRUE(CheckTacticContext(context));
  EXPECT_TRUE(ContextOfText("xyzzy").facets.empty());
  // Short terms are whole words: "fb" is not in "fbi".
  EXPECT_FALSE(ContextOfText("the fbi called").Has("platform", "meta"));
}

TEST(HashEmbedder, TheSameTextIsTheSameBytesAndMostLikeItself) {
  const auto embedder = MakeHashEmbedder();
  const std::vector<TacticText> texts{TextOf(Three()[0]), TextOf(Three()[0]), TextOf(Three()[2])};
  const auto tactics = embedder->Embed(texts, EmbedRole::kTactic);
  const auto questions = embedder->Embed(texts, EmbedRole::kQuestion);
  ASSERT_TRUE(tactics && questions);
  EXPECT_EQ((*tactics)[0], (*tactics)[1]);
  EXPECT_NEAR(Dot((*tactics)[0], (*tactics)[0]), 1, 1e-5);
  EXPECT_NEAR(Dot((*tactics)[0], (*questions)[0]), 1, 1e-5);
  EXPECT_LT(Dot((*tactics)[2], (*questions)[0]), 0.5);
}

TEST(HashEmbedder, AQuestionIsJudgedByWhatItHas) {
  // Only a context: the tactic with the same context has a likeness of 1 in it, whatever its texts.
  Tactic tactic = Three()[0];
  TacticText question{tactic.context, {}};
  const auto embedder = MakeHashEmbedder({.concepts = 0});
  const std::vector<TacticText> one{TextOf(tactic)};
  const auto t = embedder->Embed(one, EmbedRole::kTactic);
  const auto q = embedder->Embed(std::span(&question, 1), EmbedRole::kQuestion);
  ASSERT_TRUE(t && q);
  EXPECT_NEAR(Dot((*t)[0], (*q)[0]), 1, 1e-5);
}

TEST(TacticIndex, FindsAndFilters) {
  std::vector<Tactic> tactics = Three();
  tactics[0].retired_at = kNow - std::chrono::hours(1);
  tactics[2].expires_at = kNow;
  tactics[2].grade = TacticGrade::kCandidate;
  const auto index = TacticIndex::Build(tactics, MakeHashEmbedder());
  ASSERT_TRUE(index);
  const auto ids = [&](const std::string& ask, const TacticFilter& filter, int k) {
    std::vector<std::string> out;
    const auto hits = (*index)->Search({{}, {{ask, 1}}}, filter, k);
    EXPECT_TRUE(hits) << hits.error().what;
    for (const TacticHit& hit : *hits) {
      EXPECT_GT(hit.similarity, 0);
      EXPECT_LE(hit.similarity, 1);
      out.push_back((*index)->tactics()[hit.at].id);
    }
    return out;
  };
  EXPECT_EQ(ids("tired pictures", {}, 1), std::vector<std::string>{"fatigue"});
  EXPECT_EQ(ids("irrelevant queries", {.platform = "google_ads"}, 1),
            std::vector<std::string>{"waste"});
  // Without a platform it fits all.
  EXPECT_EQ(ids("flight behind its plan", {.platform = "meta"}, 1),
            std::vector<std::string>{"pace"});
  EXPECT_EQ(ids("irrelevant queries", {.grades = {TacticGrade::kCandidate}}, 5),
            std::vector<std::string>{"waste"});
  // At `now` one is retired and one has just expired.
  for (const std::string& id :
       ids("tired pictures, irrelevant queries, flight", {.now = kNow}, 5)) {
    EXPECT_EQ(id, "pace");
  }
  EXPECT_EQ((*index)->Search({}, {}, 5).error().code, Errc::kInvalidArgument);
  EXPECT_EQ((*index)->Search({{}, {{"", 1}}}, {}, 5).error().code, Errc::kInvalidArgument);
  EXPECT_EQ((*index)->Search({{}, {{"a", 1}}}, {}, 0).error().code, Errc::kInvalidArgument);
}

TEST(TacticIndex, OfNothingFindsNothing) {
  const auto index = TacticIndex::Build({}, MakeHashEmbedder());
  ASSERT_TRUE(index);
  const auto hits = (*index)->Search({{}, {{"anything", 1}}}, {}, 5);
  ASSERT_TRUE(hits);
  EXPECT_TRUE(hits->empty());
}

/// An endpoint that gives each text a vector by its length, or what it is told to.
std::shared_ptr<const Embedder> Endpoint(std::string body, int status = 200, int dimensions = 0) {
  auto transport = http::MakeLoopbackTransport(
      {{"http://embed.test", [body, status](const http::Request& request) {
          EXPECT_EQ(request.url, "/v1/embeddings");
          EXPECT_EQ(http::FindHeader(request.headers, "Authorization"), "Bearer secret");
          http::Response response;
          response.status = status;
          response.body = body;
          if (!body.empty()) return response;
          const auto asked = nlohmann::json::parse(request.body);
          EXPECT_EQ(asked["model"], "tiny");
          nlohmann::json data = nlohmann::json::array();
          for (std::size_t i = asked["input"].size(); i-- > 0;) {  // in any order
            const double length = static_cast<double>(asked["input"][i].get<std::string>().size());
            data.push_back({{"index", i}, {"embedding", {length, 3.0}}});
          }
          response.body = nlohmann::json{{"data", data}}.dump();
          return response;
        }}});
  return MakeHttpEmbedder({.url = "http://embed.test/v1",
                           .model = "tiny",
                           .key = "secret",
                           .dimensions = dimensions,
                           .batch = 2},
                          transport);
}

TEST(HttpEmbedder, NormalisesAndKeepsTheOrderOverBatches) {
  const std::vector<TacticText> texts{{{}, {{"abc", 1}}}, {{}, {{"", 1}}}, {{}, {{"abcdefg", 1}}}};
  const auto got = Endpoint("")->Embed(texts, EmbedRole::kTactic);
  ASSERT_TRUE(got) << got.error().what;
  ASSERT_EQ(got->size(), 3u);
  // "abc\n" is 4 long: (4, 3) / 5.
  EXPECT_NEAR((*got)[0][0], 0.8, 1e-6);
  EXPECT_NEAR((*got)[0][1], 0.6, 1e-6);
  EXPECT_NEAR((*got)[2][0], 8 / std::sqrt(73.0), 1e-6);
}

TEST(HttpEmbedder, WhatIsNoAnswerIsSaid) {
  const std::vector<TacticText> texts{{{}, {{"abc", 1}}}};
  const std::pair<const char*, int> cases[] = {
      {"{}", 200},
      {"not json", 200},
      {R"({"data":[]})", 200},
      {R"({"data":[{"index":5,"embedding":[1,2]}]})", 200},
      {R"({"data":[{"index":0,"embedding":["x"]}]})", 200},
      {R"({"data":[{"index":0,"embedding":[0,0]}]})", 200}};
  for (const auto& [body, status] : cases) {
    const auto got = Endpoint(body, status)->Embed(texts, EmbedRole::kTactic);
    ASSERT_FALSE(got) << body;
    EXPECT_EQ(got.error().code, Errc::kBadAnswer) << body;
  }
  EXPECT_EQ(Endpoint("{}", 503)->Embed(texts, EmbedRole::kTactic).error().code, Errc::kUnavailable);
  EXPECT_EQ(Endpoint("", 200, 3)->Embed(texts, EmbedRole::kTactic).error().code, Errc::kBadAnswer);
}

TEST(ParseTactics, SaysWhatIsWrongAndWhere) {
  const auto fails = [](const std::string& yaml, std::string_view said) {
    const auto parsed = ParseTactics(yaml, "x.yaml");
    ASSERT_FALSE(parsed) << yaml;
    EXPECT_NE(parsed.error().what.find(said), std::string::npos) << parsed.error().what;
  };
  const std::string head = "maxopt: tactics/1\ntactics:\n";
  const std::string good =
      "  - {id: a, title: t, problem: p, action: a, why: w, basis: practice, avoid: n, measure: m";
  ASSERT_TRUE(ParseTactics(head + good + "}\n", "x.yaml"));
  fails("", "not a mapping");
  fails("maxopt: policy/1\ntactics: []\n", "tactics/1");
  fails(head + good + ", colour: red}\n", "x.yaml:3: \"colour\" is not known");
  fails(head + good + ", context: {problem: [bad]}}\n", "known are");
  fails(head + good + ", effect: {mean: 1, low90: 2, high90: 3}}\n", "within its 90 %");
  fails(head + good + ", effect: {mean: x, low90: 2, high90: 3}}\n", "is not a number");
  fails(head + good + "}\n" + good + "}\n", "written twice");
  fails(head + "  - {id: a}\n", "\"title\" is missing");
  fails(head + "  - [\n", "not valid YAML");
}

}  // namespace
}  // namespace maxopt
