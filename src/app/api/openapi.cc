// /openapi.json, from the table of routes.
#include <fmt/format.h>

#include "app/api/route.h"

namespace maxopt {

using api::ordered_json;

std::string OpenApiDocument(const std::string& version) {
  const ordered_json error_schema = ordered_json::parse(
      R"({"type":"object","required":["error"],"properties":{"error":{"type":"object",
"required":["code","what","where","fix"],"additionalProperties":false,"properties":{
"code":{"type":"string"},"what":{"type":"string"},"where":{"type":"string"},
"fix":{"type":"string"}}}}})");
  ordered_json paths = ordered_json::object();
  for (const api::Route& route : api::Routes()) {
    ordered_json parameters = ordered_json::array();
    for (std::size_t at = route.pattern.find('{'); at != std::string_view::npos;
         at = route.pattern.find('{', at + 1)) {
      std::string name(route.pattern.substr(at + 1, route.pattern.find('}', at) - at - 1));
      if (name.ends_with('*')) name.pop_back();
      parameters.push_back(
          {{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
    }
    for (const api::Parameter& parameter : route.query) {
      parameters.push_back({{"name", parameter.name},
                            {"in", "query"},
                            {"description", parameter.what},
                            {"schema", ordered_json::parse(parameter.schema)}});
    }
    if (route.writes() && !route.login && !route.is_signed) {
      parameters.push_back(
          {{"name", "Idempotency-Key"},
           {"in", "header"},
           {"required", true},
           {"description", "the same key again gets the same answer, for a day"},
           {"schema", {{"type", "string"}, {"minLength", 1}, {"maxLength", 128}}}});
    }
    ordered_json operation{{"operationId", route.id}, {"summary", route.what}};
    if (route.role) {
      operation["x-role"] = RoleName(*route.role);
      operation["security"] = ordered_json::array(
          {{{"session", ordered_json::array()}}, {{"key", ordered_json::array()}}});
    } else {
      operation["security"] = ordered_json::array();
    }
    if (route.all_clients) operation["x-all-clients"] = true;
    if (route.free_query) operation["x-free-query"] = true;
    if (!parameters.empty()) operation["parameters"] = std::move(parameters);
    if (route.body == api::Body::kJson) {
      operation["requestBody"] = {
          {"required", true},
          {"content", {{"application/json", {{"schema", ordered_json::parse(route.request)}}}}}};
    } else if (route.body == api::Body::kText) {
      operation["requestBody"] = {{"required", true},
                                  {"content", {{"text/yaml", {{"schema", {{"type", "string"}}}}}}}};
    }
    if (route.body == api::Body::kMessage) {
      operation["requestBody"] = {
          {"required", true},
          {"content", {{"application/json", {{"schema", ordered_json::parse(route.request)}}}}}};
    }
    ordered_json good{{"description", "done"}};
    good["content"][std::string(route.answer_type)]["schema"] =
        route.answer.empty() ? ordered_json{{"type", "string"}} : ordered_json::parse(route.answer);
    operation["responses"] = {
        {"2XX", std::move(good)},
        {"default",
         {{"description", "an error: what went wrong, where, and what to do"},
          {"content",
           {{"application/json", {{"schema", {{"$ref", "#/components/schemas/Error"}}}}}}}}}};
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    std::string path(route.pattern);
    if (path.ends_with("*}")) path.erase(path.size() - 2, 1);
    paths[path][method] = std::move(operation);
  }
  return ordered_json{
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "Max Optimizer"},
        {"version", version},
        {"description",
         "Money is {\"amount\": \"12.34\", \"currency\": \"EUR\"}; what is not known is null, "
         "never 0. Writes with a session need X-CSRF-Token. docs/api.md says more."}}},
      {"paths", std::move(paths)},
      {"components",
       {{"schemas", {{"Error", error_schema}}},
        {"securitySchemes",
         {{"session", {{"type", "apiKey"}, {"in", "cookie"}, {"name", "maxopt_session"}}},
          {"key", {{"type", "http"}, {"scheme", "bearer"}}}}}}}}
      .dump(1);
}

}  // namespace maxopt
