#pragma once
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace maxopt::mcp {

/// A compiled JSON Schema. valijson knows draft 7 and what 2020-12 shares with it; $ref to another
/// document is never followed. Thread-safe once made. Inside of this folder only.
class CompiledSchema {
 public:
  /// Throws std::exception when the schema is not one.
  explicit CompiledSchema(const nlohmann::ordered_json& schema);
  ~CompiledSchema();
  /// What breaks the schema, with its place, at most a few; empty: nothing.
  std::string Objection(const nlohmann::ordered_json& value) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace maxopt::mcp
