// Tools that answer a view: the same tables as the dashboard's pages.
#include <fmt/format.h>

#include "app/mcp/tool.h"
#include "app/views/views.h"

namespace maxopt::agent_tools {
namespace {

constexpr int kRowsDefault = 50;
constexpr int kRowsMax = 500;

struct ViewTool {
  const char* tool;
  const char* view;
  const char* title;
  const char* what;
};
constexpr ViewTool kViewTools[] = {
    {"get_overview", "overview", "Overview",
     "Every client and account: spend today and this month against plan, where the month will end, "
     "KPI against target, health."},
    {"get_accounts", "accounts", "Accounts",
     "Every account with its settings, numbers and how fresh it is."},
    {"get_kpis", "campaigns", "KPIs",
     "Spend, results and ratios of campaigns, ad groups and ads, with cuts and a comparison with "
     "another time or the plan."},
    {"get_series", "series", "Series", "KPIs by hour, day, week or month."},
    {"get_pacing", "pacing", "Pacing",
     "Where each campaign's flight stands against its budget and where it will land."},
    {"get_creatives", "creatives", "Creatives",
     "How ads and their texts and pictures do, with fatigue."},
    {"get_attribution", "attribution", "Attribution",
     "What platforms claim, what was observed and what advertising caused, side by side."},
    {"list_alerts", "alerts", "Alerts", "Anomalies and other trouble that is open."},
    {"get_experiments", "experiments", "Experiments",
     "Tests that are planned, run or ended, with their effect."},
    {"list_plans", "plans", "Plans", "Proposed, approved and applied plans."},
    {"get_quality", "quality", "Data quality",
     "How far the numbers of each account can be trusted."},
    {"get_ledger", "ledger", "Decision ledger",
     "What was decided, on what, and what it brought against what was predicted."},
    {"list_reports", "reports", "Reports", "Reports that were made."},
};

Json ViewSchema() {
  const Json text = {{"type", "string"}};
  const Json maybe_text = {{"type", Json::array({"string", "null"})}};
  const Json column = ObjectSchema(
      {{"name", text},
       {"title", text},
       {"kind",
        {{"enum", Json::array({"text", "count", "real", "ratio", "money", "estimate", "day",
                               "instant", "flag"})}}},
       {"truth", {{"enum", Json::array({"none", "claimed", "observed", "incremental", "plan"})}}},
       {"unit", text},
       {"help", text},
       {"better", {{"type", "integer"}}},
       {"group", text}},
      {"name", "title", "kind", "truth"});
  const Json row = ObjectSchema({{"key", text},
                                 {"cells", {{"type", "array"}}},
                                 {"known", {{"type", Json::array({"number", "null"})}}},
                                 {"link", text},
                                 {"parent", text},
                                 {"tone", text}},
                                {"key", "cells"});
  return ObjectSchema(
      {{"view", text},
       {"title", text},
       {"client", text},
       {"as_of", text},
       {"from", maybe_text},
       {"to", maybe_text},
       {"columns", {{"type", "array"}, {"items", column}}},
       {"rows", {{"type", "array"}, {"items", row}}},
       {"totals", {{"type", Json::array({"array", "null"})}}},
       {"freshness", {{"type", "array"}, {"items", {{"type", "object"}}}}},
       {"notes", {{"type", "array"}, {"items", text}}},
       {"next", text}},
      {"view", "title", "as_of", "columns", "rows", "totals", "freshness", "notes", "next"});
}

bool Heeds(const ViewKind& kind, std::string_view word) {
  for (std::size_t from = 0; from < kind.common.size();) {
    const std::size_t end = std::min(kind.common.find(' ', from), kind.common.size());
    if (kind.common.substr(from, end - from) == word) return true;
    from = end + 1;
  }
  return false;
}

/// Properties of the parameters that every view, or this one (nullptr: any), heeds.
Json ParameterProperties(const ViewKind* kind) {
  Json out = Json::object();
  const auto heeds = [&](std::string_view word) { return !kind || Heeds(*kind, word); };
  const Json day = {{"type", "string"}, {"pattern", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}};
  const auto add_day = [&](const char* name, const char* what) {
    if (!heeds(name)) return;
    out[name] = day;
    out[name]["description"] = what;
  };
  add_day("from", "first day, in the accounts' zones: 2026-04-01");
  add_day("to", "last day, inclusive");
  if (heeds("compare")) {
    out["compare"] = {{"type", "string"},
                      {"enum", Json::array({"previous", "year", "plan"})},
                      {"description",
                       "beside each number that of the time before, of the year "
                       "before, or of the plan"}};
  }
  if (heeds("by")) {
    out["by"] = StringsSchema("levels and cuts of the rows: campaign, ad_group, ad, platform, ...");
  }
  if (heeds("metrics")) out["metrics"] = StringsSchema("columns: spend, conversions, cpa, ...");
  if (heeds("filter")) {
    out["filters"] = {
        {"type", "object"},
        {"description", "rows of these only, by id or name: {\"platform\": [\"meta\"]}"},
        {"additionalProperties", StringsSchema("values")}};
  }
  out["as_of"] = StringSchema("what was known then, RFC 3339; left out: now", 40);
  out["search"] = StringSchema("rows in whose texts this stands");
  out["sort"] = StringSchema("a column; with - in front descending: \"-spend\"");
  out["limit"] = {{"type", "integer"},
                  {"minimum", 1},
                  {"maximum", kRowsMax},
                  {"description", fmt::format("rows of a page; left out: {}", kRowsDefault)}};
  out["cursor"] = StringSchema("`next` of the page before", 4000);
  return out;
}

std::string JoinList(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) {
    if (!out.empty()) out += ',';
    for (const char c : value) out += c == ',' ? ",," : std::string(1, c);
  }
  return out;
}

/// The arguments of a tool as the parameters of a view.
std::vector<std::pair<std::string, std::string>> ParametersOf(const Json& arguments,
                                                              const ViewKind* kind) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const char* name : {"from", "to", "compare", "as_of", "search", "sort", "cursor"}) {
    if (arguments.contains(name)) out.emplace_back(name, TextAt(arguments, name));
  }
  for (const char* name : {"by", "metrics"}) {
    if (arguments.contains(name)) out.emplace_back(name, JoinList(TextsAt(arguments, name)));
  }
  if (const auto filters = arguments.find("filters"); filters != arguments.end()) {
    for (const auto& [dimension, values] : filters->items()) {
      out.emplace_back("filter." + dimension, JoinList(TextsAt(*filters, dimension.c_str())));
    }
  }
  out.emplace_back("limit", std::to_string(arguments.value("limit", kRowsDefault)));
  if (kind) {
    for (const ViewParameter& own : kind->own) {
      const std::string name(own.name);
      if (arguments.contains(name)) out.emplace_back(name, TextAt(arguments, name.c_str()));
    }
  }
  if (const auto more = arguments.find("parameters"); more != arguments.end()) {
    for (const auto& [name, value] : more->items()) {
      if (value.is_string()) out.emplace_back(name, value.get<std::string>());
    }
  }
  return out;
}

Outcome<ToolResult> Answer(const UseHome& use, const Call& call, const std::string& view,
                           const ViewKind* kind) {
  return With(use, [&](Home& home) -> Result<Json> {
    std::string client = TextAt(call.arguments(), "client");
    if (!client.empty()) {
      MAXOPT_TRY(const Client seen, SeenClient(home, call.principal(), client));
      client = seen.name;
    }
    MAXOPT_TRY(ViewQuery query, ReadViewQuery(view, client, ParametersOf(call.arguments(), kind)));
    query.clients = call.principal().clients;
    MAXOPT_TRY(const View made, MakeView(home, query));
    return Json::parse(ToJson(made));
  });
}

}  // namespace

void AddViewTools(mcp::Registry& registry, const UseHome& use) {
  for (const ViewTool& one : kViewTools) {
    const Result<const ViewKind*> found = FindView(one.view);
    const ViewKind* kind = found ? *found : nullptr;
    Tool tool;
    tool.name = one.tool;
    tool.title = one.title;
    tool.description = std::string(one.what) + kUntrusted;
    Json properties = {{"client", ClientSchema()}};
    const Json parameters = ParameterProperties(kind);
    for (const auto& [name, schema] : parameters.items()) properties[name] = schema;
    if (kind) {
      for (const ViewParameter& own : kind->own) {
        Json schema = StringSchema(std::string(own.what));
        if (!own.values.empty()) {
          schema["description"] = fmt::format("{}: {}", own.what, own.values);
        }
        properties[std::string(own.name)] = std::move(schema);
      }
    }
    tool.input_schema = ObjectSchema(
        std::move(properties), kind && !kind->needs_client ? std::vector<std::string>{}
                                                           : std::vector<std::string>{"client"});
    tool.output_schema = ViewSchema();
    tool.run = [use, view = std::string(one.view), kind](Call& call) {
      return Answer(use, call, view, kind);
    };
    registry.tools.push_back(std::move(tool));
  }

  Tool list;
  list.name = "list_views";
  list.title = "Views";
  list.description = "The tables that get_view answers, with their own parameters.";
  list.input_schema = ObjectSchema(Json::object(), {});
  list.output_schema = ObjectSchema(
      {{"views",
        {{"type", "array"},
         {"items",
          ObjectSchema({{"view", {{"type", "string"}}},
                        {"title", {{"type", "string"}}},
                        {"what", {{"type", "string"}}},
                        {"parameters", {{"type", "array"}, {"items", {{"type", "object"}}}}}},
                       {"view", "title", "what", "parameters"})}}}},
      {"views"});
  list.run = [](Call&) -> Outcome<ToolResult> {
    Json views = Json::array();
    for (const ViewKind& kind : ViewKinds()) {
      Json parameters = Json::array();
      for (const ViewParameter& own : kind.own) {
        parameters.push_back({{"name", own.name}, {"what", own.what}, {"values", own.values}});
      }
      views.push_back({{"view", kind.name},
                       {"title", kind.title},
                       {"what", kind.what},
                       {"parameters", std::move(parameters)}});
    }
    ToolResult result;
    result.structured = {{"views", std::move(views)}};
    return result;
  };
  registry.tools.push_back(std::move(list));

  Tool any;
  any.name = "get_view";
  any.title = "Any view";
  any.description =
      std::string("Any of the tables that list_views names, for one client.") + kUntrusted;
  Json properties = {{"client", ClientSchema()},
                     {"view", StringSchema("name of the view, as list_views shows it", 60)}};
  const Json parameters = ParameterProperties(nullptr);
  for (const auto& [name, schema] : parameters.items()) properties[name] = schema;
  properties["parameters"] = {
      {"type", "object"},
      {"description", "the view's own parameters, as list_views shows them"},
      {"additionalProperties", StringSchema("value")}};
  any.input_schema = ObjectSchema(std::move(properties), {"client", "view"});
  any.output_schema = ViewSchema();
  any.run = [use](Call& call) -> Outcome<ToolResult> {
    return Answer(use, call, TextAt(call.arguments(), "view"), nullptr);
  };
  registry.tools.push_back(std::move(any));
}

}  // namespace maxopt::agent_tools
