// What the official conformance suite calls by fixed names, so that it can judge the protocol.
#include <fmt/core.h>

#include <chrono>
#include <thread>

#include "agent/mcp/mcp.h"

namespace maxopt::mcp {
namespace {

/// One red pixel, and half a millisecond of silence.
constexpr const char* kPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJg"
    "gg==";
constexpr const char* kWav = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQIAAAAAAA==";

Json NoArguments() { return {{"type", "object"}, {"properties", Json::object()}}; }

Json ImageBlock() { return {{"type", "image"}, {"data", kPng}, {"mimeType", "image/png"}}; }
Json ResourceBlock(const std::string& uri, const std::string& type, const std::string& text) {
  return {{"type", "resource"}, {"resource", {{"uri", uri}, {"mimeType", type}, {"text", text}}}};
}

ToolResult Texts(const std::string& text) {
  ToolResult result;
  result.content.push_back(TextBlock(text));
  return result;
}

Question Elicit(const std::string& key, const std::string& message, Json properties) {
  Json required = Json::array();
  for (const auto& [name, schema] : properties.items()) required.push_back(name);
  return {key,
          "elicitation/create",
          {{"mode", "form"},
           {"message", message},
           {"requestedSchema",
            {{"type", "object"}, {"properties", std::move(properties)}, {"required", required}}}}};
}
Question Sample(const std::string& key, const std::string& text, int tokens) {
  return {key,
          "sampling/createMessage",
          {{"messages", Json::array({{{"role", "user"}, {"content", TextBlock(text)}}})},
           {"maxTokens", tokens}}};
}
Question Roots(const std::string& key) { return {key, "roots/list", Json::object()}; }

/// The answer under `key`, when it is there and an acceptance with content.
const Json* Accepted(const Call& call, const char* key) {
  const auto found = call.answers().find(key);
  if (found == call.answers().end() || !found->is_object()) return nullptr;
  const auto content = found->find("content");
  return content == found->end() || !content->is_object() ? nullptr : &*content;
}
std::string TextOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}
std::string Print(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Pause() { std::this_thread::sleep_for(std::chrono::milliseconds(50)); }

Json EnumSchemas() {
  const Json options = Json::array({"option1", "option2", "option3"});
  Json titled = Json::array();
  for (const auto& [value, title] : {std::pair{"value1", "First Option"},
                                     {"value2", "Second Option"},
                                     {"value3", "Third Option"}}) {
    titled.push_back({{"const", value}, {"title", title}});
  }
  Json out = Json::object();
  out["untitledSingle"] = {{"type", "string"}, {"enum", options}};
  out["titledSingle"] = {{"type", "string"}, {"oneOf", titled}};
  out["legacyEnum"] = {{"type", "string"},
                       {"enum", Json::array({"opt1", "opt2", "opt3"})},
                       {"enumNames", Json::array({"Option One", "Option Two", "Option Three"})}};
  out["untitledMulti"] = {{"type", "array"}, {"items", {{"type", "string"}, {"enum", options}}}};
  out["titledMulti"] = {{"type", "array"}, {"items", {{"anyOf", titled}}}};
  return out;
}

}  // namespace

void AddConformanceFixtures(Registry& registry, std::shared_ptr<Server*> server) {
  const auto add = [&](const std::string& name, const std::string& description, Json schema,
                       std::function<Outcome<ToolResult>(Call&)> run) -> Tool& {
    Tool tool;
    tool.name = name;
    tool.title = name;
    tool.description = "Conformance fixture: " + description;
    tool.input_schema = std::move(schema);
    tool.run = std::move(run);
    registry.tools.push_back(std::move(tool));
    return registry.tools.back();
  };
  registry.tools_change = registry.prompts_change = registry.resources_change = true;

  // --- content ---
  add("test_simple_text", "one text", NoArguments(), [](Call&) -> Outcome<ToolResult> {
    return Texts("This is a simple text response for testing.");
  });
  add("test_image_content", "an image", NoArguments(), [](Call&) -> Outcome<ToolResult> {
    ToolResult result;
    result.content.push_back(ImageBlock());
    return result;
  });
  add("test_audio_content", "a sound", NoArguments(), [](Call&) -> Outcome<ToolResult> {
    ToolResult result;
    result.content.push_back({{"type", "audio"}, {"data", kWav}, {"mimeType", "audio/wav"}});
    return result;
  });
  add("test_embedded_resource", "a resource inside", NoArguments(),
      [](Call&) -> Outcome<ToolResult> {
        ToolResult result;
        result.content.push_back(ResourceBlock("test://embedded-resource", "text/plain",
                                               "This is an embedded resource content."));
        return result;
      });
  add("test_multiple_content_types", "text, image and resource", NoArguments(),
      [](Call&) -> Outcome<ToolResult> {
        ToolResult result = Texts("Multiple content types test:");
        result.content.push_back(ImageBlock());
        result.content.push_back(ResourceBlock("test://mixed-content-resource", "application/json",
                                               R"({"test":"data","value":123})"));
        return result;
      });
  add("test_error_handling", "always fails", NoArguments(), [](Call&) -> Outcome<ToolResult> {
    return ToolFailure("This tool intentionally returns an error for testing");
  });
  add("test_tool_with_progress", "tells its progress", NoArguments(),
      [](Call& call) -> Outcome<ToolResult> {
        for (const int done : {0, 50, 100}) {
          call.Progress(done, 100, fmt::format("Completed step {} of 100", done));
          Pause();  // some clients forget who waits for progress once the answer is there
        }
        return Texts("done");
      });
  for (const char* name : {"test_tool_with_logging", "test_logging_tool"}) {
    add(name, "tells its log", NoArguments(), [](Call& call) -> Outcome<ToolResult> {
      call.Log(LogLevel::kInfo, "Tool execution started");
      Pause();
      call.Log(LogLevel::kInfo, "Tool processing data");
      Pause();
      call.Log(LogLevel::kInfo, "Tool execution completed");
      return Texts("logged");
    });
  }
  add("test_reconnection", "closes its stream before it answers", NoArguments(),
      [](Call& call) -> Outcome<ToolResult> {
        Pause();
        call.Detach();
        Pause();
        Pause();
        return Texts("Reconnection test completed");
      });
  {
    const Json schema = Json::parse(R"({
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "type": "object",
      "$defs": {"address": {"$anchor": "addressDef", "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
      "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
                     "contactMethod": {"type": "string", "enum": ["phone", "email"]},
                     "phone": {"type": "string"}, "email": {"type": "string"}},
      "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
      "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
      "then": {"required": ["phone"]},
      "else": {"required": ["email"]},
      "additionalProperties": false})");
    add("json_schema_2020_12_tool", "a schema of many words", schema,
        [](Call& call) -> Outcome<ToolResult> { return Texts(Print(call.arguments())); });
  }
  add("test_x_mcp_header", "a parameter that is mirrored in a header",
      {{"type", "object"},
       {"properties",
        {{"region",
          {{"type", "string"}, {"description", "any word"}, {"x-mcp-header", "Region"}}}}}},
      [](Call& call) -> Outcome<ToolResult> { return Texts(Print(call.arguments())); });

  // --- questions of the older era's names ---
  add("test_sampling", "asks the model",
      {{"type", "object"},
       {"properties", {{"prompt", {{"type", "string"}}}}},
       {"required", {"prompt"}}},
      [](Call& call) -> Outcome<ToolResult> {
        const auto found = call.answers().find("reply");
        if (found == call.answers().end()) {
          return Needs{{Sample("reply", TextOf(call.arguments(), "prompt"), 100)}};
        }
        return Texts("LLM response: " + Print(found->value("content", Json())));
      });
  const auto eliciting = [&](const std::string& name, const std::string& message,
                             const std::string& said, const Json& properties, Json schema) {
    add(name, "asks the person", std::move(schema), [=](Call& call) -> Outcome<ToolResult> {
      const auto found = call.answers().find("form");
      if (found == call.answers().end()) {
        const std::string given = TextOf(call.arguments(), "message");
        return Needs{{Elicit("form", given.empty() ? message : given, properties)}};
      }
      return Texts(fmt::format("{}: action={}, content={}", said, TextOf(*found, "action"),
                               Print(found->value("content", Json::object()))));
    });
  };
  eliciting("test_elicitation", "Please answer", "User response",
            {{"username", {{"type", "string"}, {"description", "User's response"}}},
             {"email", {{"type", "string"}, {"description", "User's email address"}}}},
            {{"type", "object"},
             {"properties", {{"message", {{"type", "string"}}}}},
             {"required", {"message"}}});
  eliciting("test_elicitation_sep1034_defaults", "Check the defaults", "Elicitation completed",
            {{"name", {{"type", "string"}, {"default", "John Doe"}}},
             {"age", {{"type", "integer"}, {"default", 30}}},
             {"score", {{"type", "number"}, {"default", 95.5}}},
             {"status",
              {{"type", "string"},
               {"enum", Json::array({"active", "inactive", "pending"})},
               {"default", "active"}}},
             {"verified", {{"type", "boolean"}, {"default", true}}}},
            NoArguments());
  eliciting("test_elicitation_sep1330_enums", "Choose", "Elicitation completed", EnumSchemas(),
            NoArguments());

  // --- rounds of the modern era ---
  const Json name_field = {{"name", {{"type", "string"}}}};
  const Json ok_field = {{"ok", {{"type", "boolean"}}}};
  for (const char* name :
       {"test_input_required_result_elicitation", "test_streaming_elicitation"}) {
    add(name, "asks for a name", NoArguments(), [=](Call& call) -> Outcome<ToolResult> {
      const Json* content = Accepted(call, "user_name");
      if (!content) return Needs{{Elicit("user_name", "What is your name?", name_field)}};
      return Texts(fmt::format("Hello, {}!", TextOf(*content, "name")));
    });
  }
  add("test_input_required_result_sampling", "asks the model", NoArguments(),
      [](Call& call) -> Outcome<ToolResult> {
        const Json* content = Accepted(call, "capital_question");
        if (!content) {
          return Needs{{Sample("capital_question", "What is the capital of France?", 100)}};
        }
        return Texts(TextOf(*content, "text"));
      });
  add("test_input_required_result_list_roots", "asks for roots", NoArguments(),
      [](Call& call) -> Outcome<ToolResult> {
        const auto found = call.answers().find("client_roots");
        if (found == call.answers().end() || !found->contains("roots")) {
          return Needs{{Roots("client_roots")}};
        }
        return Texts("roots: " + Print((*found)["roots"]));
      });
  for (const char* name :
       {"test_input_required_result_request_state", "test_input_required_result_tampered_state"}) {
    add(name, "keeps a state between rounds", NoArguments(),
        [=](Call& call) -> Outcome<ToolResult> {
          if (call.state().is_null() || !Accepted(call, "confirm")) {
            return Needs{{Elicit("confirm", "Please confirm", ok_field)}, "waits"};
          }
          return Texts("state-ok");
        });
  }
  add("test_input_required_result_multiple_inputs", "asks three things", NoArguments(),
      [=](Call& call) -> Outcome<ToolResult> {
        const Json& answers = call.answers();
        if (call.state().is_null() || !answers.contains("user_name") ||
            !answers.contains("greeting") || !answers.contains("client_roots")) {
          return Needs{{Elicit("user_name", "What is your name?", name_field),
                        Sample("greeting", "Generate a greeting", 50), Roots("client_roots")},
                       "waits"};
        }
        return Texts("all answered");
      });
  add("test_input_required_result_multi_round", "asks twice", NoArguments(),
      [=](Call& call) -> Outcome<ToolResult> {
        const Json* one = Accepted(call, "step1");
        if (call.state().is_null() || (call.state() == 1 && !one)) {
          return Needs{{Elicit("step1", "Step 1: What is your name?", name_field)}, 1};
        }
        const Json* two = Accepted(call, "step2");
        if (!two) {
          return Needs{{Elicit("step2", "Step 2: What is your favorite color?",
                               {{"color", {{"type", "string"}}}})},
                       2};
        }
        return Texts("both answered");
      });
  add("test_input_required_result_capabilities", "asks only what the client can answer",
      NoArguments(), [=](Call& call) -> Outcome<ToolResult> {
        if (!call.answers().empty()) return Texts("answered");
        Needs needs;
        if (call.client_capabilities().contains("elicitation")) {
          needs.questions.push_back(Elicit("user_name", "What is your name?", name_field));
        }
        if (call.client_capabilities().contains("sampling")) {
          needs.questions.push_back(Sample("greeting", "Generate a greeting", 50));
        }
        if (needs.questions.empty()) return Texts("the client can answer nothing");
        return needs;
      });
  add("test_missing_capability", "cannot do without sampling", NoArguments(),
      [](Call&) -> Outcome<ToolResult> { return Texts("sampling is there"); })
      .needs_capabilities = {{"sampling", Json::object()}};

  // --- changes ---
  add("test_trigger_tool_change", "says that the tools changed", NoArguments(),
      [server](Call&) -> Outcome<ToolResult> {
        if (*server) (*server)->ToolsChanged();
        return Texts("told");
      });
  add("test_trigger_prompt_change", "says that the prompts changed", NoArguments(),
      [server](Call&) -> Outcome<ToolResult> {
        if (*server) (*server)->PromptsChanged();
        return Texts("told");
      });

  // --- resources ---
  ResourceSource source;
  source.list = [](const Principal&) -> Result<std::vector<Resource>> {
    return std::vector<Resource>{
        {"test://static-text", "static-text", "Static text", "Conformance fixture", "text/plain"},
        {"test://static-binary", "static-binary", "Static binary", "Conformance fixture",
         "image/png"},
        {"test://watched-resource", "watched-resource", "Watched", "Conformance fixture",
         "text/plain"}};
  };
  source.read = [](const std::string& uri, Call&) -> Outcome<Json> {
    const auto text = [&](const char* type, const std::string& content) -> Outcome<Json> {
      return Json::array({{{"uri", uri}, {"mimeType", type}, {"text", content}}});
    };
    if (uri == "test://static-text") {
      return text("text/plain", "This is the content of the static text resource.");
    }
    if (uri == "test://watched-resource") return text("text/plain", "Watched.");
    if (uri == "test://static-binary") {
      return Json::array({{{"uri", uri}, {"mimeType", "image/png"}, {"blob", kPng}}});
    }
    constexpr std::string_view kBegin = "test://template/", kEnd = "/data";
    if (uri.starts_with(kBegin) && uri.ends_with(kEnd) &&
        uri.size() > kBegin.size() + kEnd.size()) {
      const std::string id = uri.substr(kBegin.size(), uri.size() - kBegin.size() - kEnd.size());
      return text("application/json",
                  Print({{"id", id}, {"templateTest", true}, {"data", "Data for ID: " + id}}));
    }
    return Fail(Errc::kNotFound, uri);
  };
  registry.resources.push_back(std::move(source));
  registry.templates.push_back({"test://template/{id}/data",
                                "template",
                                "Template",
                                "Conformance fixture",
                                "application/json",
                                {{"id", "any", true}}});

  // --- prompts ---
  const auto prompt = [&](const std::string& name, std::vector<Argument> arguments,
                          std::function<Outcome<Json>(Call&)> get) {
    registry.prompts.push_back(
        {name, name, "Conformance fixture", std::move(arguments), std::move(get)});
  };
  const auto user = [](Json content) {
    return Json{{"role", "user"}, {"content", std::move(content)}};
  };
  prompt("test_simple_prompt", {}, [user](Call&) -> Outcome<Json> {
    return Json::array({user(TextBlock("This is a simple prompt for testing."))});
  });
  prompt("test_prompt_with_arguments",
         {{"arg1", "First test argument", true,
           [](const Principal&, const std::string& typed) {
             std::vector<std::string> values;
             for (const char* value : {"paris", "park", "party"}) {
               if (std::string_view(value).starts_with(typed)) values.emplace_back(value);
             }
             return values;
           }},
          {"arg2", "Second test argument", true}},
         [user](Call& call) -> Outcome<Json> {
           return Json::array({user(TextBlock(
               fmt::format("Prompt with arguments: arg1='{}', arg2='{}'",
                           TextOf(call.arguments(), "arg1"), TextOf(call.arguments(), "arg2"))))});
         });
  prompt("test_prompt_with_embedded_resource", {{"resourceUri", "What to embed", true}},
         [user](Call& call) -> Outcome<Json> {
           return Json::array(
               {user(ResourceBlock(TextOf(call.arguments(), "resourceUri"), "text/plain",
                                   "Embedded resource content for testing.")),
                user(TextBlock("Please process the embedded resource above."))});
         });
  prompt("test_prompt_with_image", {}, [user](Call&) -> Outcome<Json> {
    return Json::array({user(ImageBlock()), user(TextBlock("Please analyze the image above."))});
  });
  prompt("test_input_required_result_prompt", {}, [user](Call& call) -> Outcome<Json> {
    const Json* content = Accepted(call, "user_context");
    if (!content) {
      return Needs{{Elicit("user_context", "What context should the prompt use?",
                           {{"context", {{"type", "string"}}}})}};
    }
    return Json::array({user(TextBlock("Context: " + TextOf(*content, "context")))});
  });
}

}  // namespace maxopt::mcp
