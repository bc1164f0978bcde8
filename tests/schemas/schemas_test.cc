// The published schemas say what the parsers take: same fields, same examples.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "stages/setup/documents.h"
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

std::string Problems(const json& schema_json, const json& document) {
  valijson::Schema schema;
  valijson::SchemaParser parser;
  const valijson::adapters::NlohmannJsonAdapter adapter(schema_json);
  parser.populateSchema(adapter, schema);
  valijson::Validator validator;
  valijson::ValidationResults results;
  validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(document), &results);
  std::string out;
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    for (const auto& step : error.context) out += step;
    out += ": " + error.description + "\n";
  }
  return out;
}

TEST(Schemas, TheExamplesAreOfThem) {
  const json campaign = json::parse(Text("schemas/campaign.schema.json"));
  const json example = ToJson(YAML::Load(Text("examples/alpenglow/campaign.yaml")));
  EXPECT_EQ(Problems(campaign, example), "");
  const json policy = json::parse(Text("schemas/policy.schema.json"));
  EXPECT_EQ(Problems(policy, ToJson(YAML::Load(Text("examples/alpenglow/policy.yaml")))), "");
}

TEST(Schemas, TheyRefuseWhatTheParserRefuses) {
  const json campaign = json::parse(Text("schemas/campaign.schema.json"));
  const json good = ToJson(YAML::Load(Text("examples/alpenglow/campaign.yaml")));
  const json::json_pointer line("/lines/0");
  for (const auto& [key, value] : {std::pair<std::string, json>{"dayly_budget", 5},
                                   {"platform", "myspace"},
                                   {"account", "act_1"},
                                   {"daily_budget", "1e3"},
                                   {"channel", "Search Brand"}}) {
    json bad = good;
    bad[line][key] = value;
    EXPECT_NE(Problems(campaign, bad), "") << key;
  }
}

/// Every writable field of the catalogue is in the schema at its level, and nothing else is.
TEST(Schemas, TheFieldsAreThoseOfTheCatalogue) {
  const json defs = json::parse(Text("schemas/campaign.schema.json")).at("$defs");
  const struct {
    const char* def;
    char letter;
    std::set<std::string> own;
  } levels[] = {{"line", 'c', {"channel", "platform", "account", "ad_groups"}},
                {"ad_group", 'g', {"name", "ads"}},
                {"ad", 'a', {"name", "image_file"}}};
  for (const auto& level : levels) {
    std::set<std::string> want = level.own;
    for (const FieldSpec& spec : FieldCatalogue()) {
      if (!spec.writable || spec.levels.find(level.letter) == std::string_view::npos) continue;
      if (spec.name == "name" || spec.name == "status" || spec.name == "image") continue;
      want.emplace(spec.name);
    }
    std::set<std::string> have;
    for (const auto& [name, value] : defs.at(level.def).at("properties").items()) have.insert(name);
    EXPECT_EQ(have, want) << level.def;
  }
}

TEST(Schemas, TheParserReadsTheExamples) {
  const auto picture = [](const std::string& name) -> Result<std::string> {
    return Text("examples/alpenglow/" + name);
  };
  const auto campaign =
      ParseCampaign(Text("examples/alpenglow/campaign.yaml"), "campaign.yaml", picture);
  ASSERT_TRUE(campaign) << campaign.error().what;
  EXPECT_EQ(campaign->lines.size(), 5u);
  const auto policy = ParsePolicy(Text("examples/alpenglow/policy.yaml"), "policy.yaml");
  ASSERT_TRUE(policy) << policy.error().what;
  EXPECT_EQ(policy->client, campaign->client);
}

}  // namespace
}  // namespace maxopt
