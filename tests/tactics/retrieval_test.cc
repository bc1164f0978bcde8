// The library of tactics as it is found: by labelled situations, and against its schema.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "json/schema_for_test.h"
#include "tactics/situations.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
const fs::path kSource = MAXOPT_SOURCE_DIR;

std::vector<Situation> All() {
  auto read = ReadSituations((kSource / "tests/tactics/situations.yaml").string());
  EXPECT_TRUE(read) << read.error().what;
  return read ? *read : std::vector<Situation>{};
}

TEST(Library, IsLargeAndAllOfItIsPriorKnowledge) {
  const std::vector<Tactic>& library = TacticLibrary();
  EXPECT_GE(library.size(), 60u);
  for (const Tactic& tactic : library) {
    EXPECT_EQ(tactic.grade, TacticGrade::kPrior) << tactic.id;
    EXPECT_EQ(tactic.source, "library") << tactic.id;
    EXPECT_EQ(tactic.windows, 0) << tactic.id;
    EXPECT_FALSE(tactic.basis.empty()) << tactic.id;
    EXPECT_FALSE(tactic.context.facets.empty()) << tactic.id;
    // A prior is wide: nobody knows an effect in another account to a few percent.
    if (tactic.effect) {
      EXPECT_GE(tactic.effect->high90 - tactic.effect->low90, 0.1) << tactic.id;
    }
  }
}

nlohmann::json JsonOf(const YAML::Node& node) {
  if (node.IsMap()) {
    nlohmann::json out = nlohmann::json::object();
    for (const auto& pair : node) out[pair.first.Scalar()] = JsonOf(pair.second);
    return out;
  }
  if (node.IsSequence()) {
    nlohmann::json out = nlohmann::json::array();
    for (const auto& item : node) out.push_back(JsonOf(item));
    return out;
  }
  double number = 0;
  if (node.Tag() != "!" && YAML::convert<double>::decode(node, number)) return number;
  return node.Scalar();
}

TEST(Library, FitsItsSchema) {
  std::ifstream in(kSource / "schemas/tactics.schema.json");
  const auto schema = nlohmann::json::parse(in);
  int files = 0;
  for (const auto& entry : fs::directory_iterator(kSource / "specs/tactics")) {
    if (entry.path().filename() == "glossary.yaml") continue;
    const auto document = JsonOf(YAML::LoadFile(entry.path().string()));
    EXPECT_EQ(SchemaProblems(schema, document), "") << entry.path();
    ++files;
  }
  EXPECT_GT(files, 5);
  const auto wrong = nlohmann::json::parse(R"({"maxopt":"tactics/1","tactics":[{"id":"x"}]})");
  EXPECT_NE(SchemaProblems(schema, wrong), "");
}

TEST(Library, TheSchemaKnowsTheWordsThatTheCodeKnows) {
  std::ifstream in(kSource / "schemas/tactics.schema.json");
  const auto schema = nlohmann::json::parse(in);
  const auto& facets = schema["$defs"]["context"]["properties"];
  for (const ContextFacet& facet : ContextFacets()) {
    const std::string name(facet.name);
    ASSERT_TRUE(facets.contains(name)) << name;
    if (facet.words.empty()) continue;
    const auto words = facets[name]["items"]["enum"].get<std::vector<std::string>>();
    EXPECT_EQ(words, std::vector<std::string>(facet.words.begin(), facet.words.end())) << name;
  }
  EXPECT_EQ(facets.size(), ContextFacets().size());
}

TEST(Situations, AskForEveryTacticOfTheLibrary) {
  std::set<std::string> asked;
  const auto situations = All();
  EXPECT_GE(situations.size(), 150u);
  for (const Situation& s : situations) {
    EXPECT_FALSE(s.want.empty());
    for (const auto& [id, grade] : s.want) asked.insert(id);
  }
  EXPECT_EQ(asked.size(), TacticLibrary().size());
}

TEST(Retrieval, FindsMoreThanKeywordsDo) {
  const auto situations = All();
  auto index = TacticIndex::Build(TacticLibrary(), MakeHashEmbedder());
  ASSERT_TRUE(index) << index.error().what;
  const auto found = SearchByIndex(**index, situations);
  ASSERT_TRUE(found) << found.error().what;
  const RetrievalScore ours = Score(situations, *found);
  for (const bool stems : {false, true}) {
    const RetrievalScore words =
        Score(situations, SearchByKeywords(TacticLibrary(), situations, stems));
    EXPECT_GT(ours.recall5, words.recall5);
    EXPECT_GT(ours.ndcg5, words.ndcg5);
  }
}

TEST(Score, ByHand) {
  const std::vector<Situation> one{{{}, {{"a", 2}, {"b", 1}}}};
  // b first, a third: gains 1/1 and 3/2; best 3/1 + 1/log2(3).
  const RetrievalScore score = Score(one, {{"b", "x", "a"}});
  EXPECT_NEAR(score.recall5, 1, 1e-12);
  EXPECT_NEAR(score.ndcg5, 2.5 / (3 + 1 / std::log2(3.0)), 1e-12);
  EXPECT_EQ(score.first, 0);
  EXPECT_EQ(Score(one, {{}}).ndcg5, 0);
  EXPECT_EQ(Score(one, {{"a", "b"}}).ndcg5, 1);
}

}  // namespace
}  // namespace maxopt
