// What ChecklistJson writes is what schemas/checklist.schema.json says.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "stages/setup/checks/checks.h"

namespace maxopt {
namespace {

TEST(ChecklistJson, KeepsToItsSchema) {
  Checklist list;
  list.phase = CheckPhase::kHour24;
  list.day = ParseDay("2026-05-02").value();
  list.results = {
      {"budget.sum",
       "budget",
       Severity::kFail,
       CheckStatus::kFail,
       "social \"feed\"",
       {{"plan.xlsx", "Plan", 3, "F3"}, {"brief.yaml", "", 0, ""}},
       "bytes \xff that are no UTF-8",
       "change one"},
      {"budget.sum", "budget", Severity::kFail, CheckStatus::kNotChecked, "", {}, "", ""}};
  std::ifstream in(std::string(MAXOPT_SOURCE_DIR) + "/schemas/checklist.schema.json");
  const auto schema_json = nlohmann::json::parse(in);
  valijson::Schema schema;
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_json), schema);
  const auto check = [&](const nlohmann::json& document) {
    valijson::Validator validator;
    return validator.validate(schema, valijson::adapters::NlohmannJsonAdapter(document), nullptr);
  };
  auto document = nlohmann::json::parse(ChecklistJson(list));
  EXPECT_TRUE(check(document)) << document.dump(1);
  EXPECT_TRUE(document["score"].is_null());
  list.score = 87;
  document = nlohmann::json::parse(ChecklistJson(list));
  EXPECT_TRUE(check(document)) << document.dump(1);
  document["results"][0]["status"] = "maybe";
  EXPECT_FALSE(check(document));
}

}  // namespace
}  // namespace maxopt
