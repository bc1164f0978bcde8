#pragma once
// What a document breaks of a JSON Schema, for tests.
#include <nlohmann/json.hpp>
#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace maxopt {

/// One line a problem, with its place; empty: none.
inline std::string SchemaProblems(const nlohmann::json& schema_json,
                                  const nlohmann::json& document) {
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

}  // namespace maxopt
