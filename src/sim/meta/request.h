#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "http/http.h"
#include "sim/meta/graph.h"

namespace maxopt::sim::meta {

/// Parameters of one call wherever they came from: query, form, multipart or JSON body. Values of
/// queries and forms are text, of which nested ones are JSON text; JSON bodies bring them parsed.
class Params {
 public:
  /// The last one given wins. JSON null is the same as not given.
  void Set(std::string name, Json value);
  void Erase(std::string_view name);
  const Json* Find(std::string_view name) const;
  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  /// Scalars as text; nullopt when absent or not a scalar.
  std::optional<std::string> Text(std::string_view name) const;
  /// Object or list, parsed from text when needed; a null Json when absent.
  Graph<Json> Structure(std::string_view name) const;
  /// A JSON array of scalars (or its text), or a comma list.
  Graph<std::vector<std::string>> List(std::string_view name) const;
  Graph<std::optional<std::int64_t>> Integer(std::string_view name) const;
  const std::vector<std::pair<std::string, Json>>& all() const { return values_; }

 private:
  std::vector<std::pair<std::string, Json>> values_;
};

/// One field asked for, with what is asked of the object behind it: creative{id,name}.
struct FieldNode {
  std::string name;
  std::vector<FieldNode> children;
  int limit = 25;  ///< of an edge: ads.limit(5){id}
};
/// "id,name,creative{id,name},ads.limit(5){id}"; 2500 for what is not that.
Graph<std::vector<FieldNode>> ParseFields(std::string_view text);
/// The call's `fields`: a comma list, or a JSON array of names.
Graph<std::vector<FieldNode>> FieldsOf(const Params& params);

/// One call, decoded but not yet allowed.
struct Call {
  std::string method;             ///< GET | POST | DELETE, after ?method= overrides
  std::string version;            ///< "v26.0"; empty: none in the path
  std::vector<std::string> path;  ///< segments after the version
  Params params;
  std::string token;       ///< empty: none
  std::string url_prefix;  ///< "http://host/v26.0/act_1/ads", for paging links
  std::vector<std::pair<std::string, std::string>> query;  ///< as it came, for paging links
  std::vector<http::Part> files;                           ///< of a multipart body
};
Graph<Call> DecodeCall(const http::Request& request);
/// Splits "v26.0/act_1/ads" into version and segments of `call`.
void SplitPath(std::string_view path, Call* call);

/// 26 of "v26.0"; 0 when there is none.
int VersionMajor(std::string_view version);

/// "2026-09-01T00:00:00+0200": how Meta writes instants.
std::string PrintMetaTime(Instant at, const Zone& zone);
/// Unix seconds, or date with optional time and offset; without an offset the account's clock.
Graph<Instant> ParseMetaTime(std::string_view name, const Json& value, const Zone& zone);

}  // namespace maxopt::sim::meta
