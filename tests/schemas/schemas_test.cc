// The published schemas say what the parsers take: same fields, same examples.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "json/schema_for_test.h"
#include "stages/setup/policy/policy.h"

namespace maxopt {
namespace {

using nlohmann::json;

std::string Text(const std::string& path) {
  std::ifstream in(std::string(MAXOPT_SOURCE_DIR) + "/" + path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

json ToJson(const YAML::Node& node) {
  if (node.IsSequence()) {
    json list = json::array();
    for (const auto& item : node) list.push_back(ToJson(item));
    return list;
  }
  if (node.IsMap()) {
    json map = json::object();
    for (const auto& pair : node) map[pair.first.Scalar()] = ToJson(pair.second);
    return map;
  }
  if (node.Tag() == "!") return node.Scalar();  // quoted: a text, whatever it looks like
  const json value = json::parse(node.Scalar(), nullptr, false);
  return value.is_number() || value.is_boolean() ? value : json(node.Scalar());
}

// The four documents' schemas are compared with their reader beside it.

TEST(Schemas, ThePolicyOfTheExampleIsOfItsSchemaAndIsRead) {
  const std::string text = Text("examples/alpenglow/policy.yaml");
  const json schema = json::parse(Text("schemas/policy.schema.json"));
  EXPECT_EQ(SchemaProblems(schema, ToJson(YAML::Load(text))), "");
  const auto policy = ParsePolicy(text, "policy.yaml");
  ASSERT_TRUE(policy) << policy.error().what;
  EXPECT_EQ(policy->client, "Alpenglow");
}

TEST(Schemas, SchemaAndReaderRefuseTheSamePolicies) {
  const std::string good = Text("examples/alpenglow/policy.yaml");
  const json schema = json::parse(Text("schemas/policy.schema.json"));
  for (const char* bad :
       {"worst_day_kap: 5\n", "approval_hours: many\n", "two_people: perhaps\n"}) {
    EXPECT_NE(SchemaProblems(schema, ToJson(YAML::Load(good + bad))), "") << bad;
    EXPECT_FALSE(ParsePolicy(good + bad, "policy.yaml")) << bad;
  }
}

/// Every schema is one, and says what it is of.
TEST(Schemas, AllAreReadable) {
  int count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(MAXOPT_SOURCE_DIR) + "/schemas")) {
    const json schema = json::parse(Text("schemas/" + entry.path().filename().string()));
    EXPECT_TRUE(schema.contains("title")) << entry.path();
    EXPECT_NE(SchemaProblems(schema, json::array()), "") << entry.path();
    ++count;
  }
  EXPECT_GE(count, 9);
}

}  // namespace
}  // namespace maxopt
