#include "agent/mcp/schema.h"

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace maxopt::mcp {

struct CompiledSchema::Impl {
  valijson::Schema schema;
};

CompiledSchema::CompiledSchema(const nlohmann::ordered_json& schema)
    : impl_(std::make_unique<Impl>()) {
  const nlohmann::json plain = schema;
  valijson::SchemaParser parser;
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(plain), impl_->schema);
}

CompiledSchema::~CompiledSchema() = default;

std::string CompiledSchema::Objection(const nlohmann::ordered_json& value) const {
  const nlohmann::json plain = value;
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  valijson::ValidationResults results;
  if (validator.validate(impl_->schema, valijson::adapters::NlohmannJsonAdapter(plain), &results)) {
    return "";
  }
  std::string out;
  valijson::ValidationResults::Error error;
  // The first ones are about the outermost place and say the least; a handful tells enough.
  for (int n = 0; n < 6 && results.popError(error); ++n) {
    std::string place;
    for (const std::string& step : error.context) place += step == "<root>" ? "" : step;
    if (!out.empty()) out += "; ";
    out += (place.empty() ? "" : place + ": ") + error.description;
  }
  return out.empty() ? "does not match the schema" : out;
}

}  // namespace maxopt::mcp
