#include <fmt/format.h>

#include <algorithm>

#include "sim/meta/meta_server.h"

namespace maxopt::sim::meta {
namespace {

constexpr std::size_t kBatchMax = 50;

struct Item {
  std::string method;
  std::string relative_url;
  std::string body;
  std::string name;
  std::string depends_on;
  std::optional<std::string> token;
  bool omit_on_success = true;
  bool asked_omit = false;
};

/// "$.id", "$.data[0].id", "$.data.0.id", "$.data.*.id" (a comma list) of an earlier answer.
std::optional<std::string> Extract(const Json& from, std::string_view path) {
  std::string steps;
  for (const char c : path) {
    if (c == '[') {
      steps += '.';
    } else if (c != ']' && c != '$') {
      steps += c;
    }
  }
  std::vector<const Json*> here = {&from};
  std::size_t begin = 0;
  while (begin < steps.size()) {
    const std::size_t end = std::min(steps.find('.', begin), steps.size());
    const std::string step = steps.substr(begin, end - begin);
    begin = end + 1;
    if (step.empty()) continue;
    std::vector<const Json*> next;
    for (const Json* json : here) {
      if (step == "*") {
        for (const Json& child : *json) next.push_back(&child);
      } else if (json->is_object() && json->contains(step)) {
        next.push_back(&json->at(step));
      } else if (json->is_array() && step.size() < 5 &&
                 std::ranges::all_of(step, [](char c) { return c >= '0' && c <= '9'; })) {
        const auto index = static_cast<std::size_t>(std::stoi(step));
        if (index < json->size()) next.push_back(&json->at(index));
      }
    }
    here = std::move(next);
  }
  if (here.empty()) return std::nullopt;
  std::string out;
  for (const Json* json : here) out += (out.empty() ? "" : ",") + ScalarText(*json);
  return out;
}

/// Replaces "{result=name:$.path}". nullopt when the answer it needs is not there.
std::optional<std::string> FillReferences(const std::string& text,
                                          const std::map<std::string, Json>& answers) {
  constexpr std::string_view kBegin = "{result=";
  std::string out;
  std::size_t at = 0;
  for (;;) {
    const std::size_t begin = text.find(kBegin, at);
    if (begin == std::string::npos) return out + text.substr(at);
    const std::size_t end = text.find('}', begin);
    if (end == std::string::npos) return out + text.substr(at);
    const std::string inside = text.substr(begin + kBegin.size(), end - begin - kBegin.size());
    const std::size_t colon = inside.find(':');
    const auto answer = answers.find(inside.substr(0, colon));
    if (colon == std::string::npos || answer == answers.end()) return std::nullopt;
    const auto value = Extract(answer->second, inside.substr(colon + 1));
    if (!value) return std::nullopt;
    out += text.substr(at, begin - at) + *value;
    at = end + 1;
  }
}

Graph<Item> ReadItem(const Json& json) {
  if (!json.is_object()) return RefuseParam("Each entry of batch must be an object");
  const auto text = [&](std::string_view name) -> std::string {
    const auto it = json.find(name);
    return it == json.end() || it->is_null() ? "" : ScalarText(*it);
  };
  Item item{text("method"),
            text("relative_url"),
            text("body"),
            text("name"),
            text("depends_on"),
            {},
            true,
            false};
  if (item.method.empty()) item.method = "GET";
  if (!text("access_token").empty()) item.token = text("access_token");
  if (const std::string omit = text("omit_response_on_success"); !omit.empty()) {
    item.asked_omit = true;
    item.omit_on_success = omit == "true" || omit == "1";
  }
  return item;
}

Graph<Call> ReadInner(const Item& item, const Call& outer, const std::string& url,
                      const std::string& body) {
  Call call;
  call.method = item.method;
  const std::size_t question = std::min(url.find('?'), url.size());
  SplitPath(url.substr(0, question), &call);
  if (call.version.empty()) call.version = outer.version;
  const std::string query = question < url.size() ? url.substr(question + 1) : "";
  for (const bool in_query : {true, false}) {
    const auto pairs = http::DecodeForm(in_query ? query : body);
    if (!pairs) return RefuseParam("The batch entry cannot be read: " + pairs.error().what);
    for (const auto& [name, value] : *pairs) call.params.Set(name, Json(value));
    if (in_query) call.query = *pairs;
  }
  call.token = item.token ? *item.token : call.params.Text("access_token").value_or(outer.token);
  call.params.Erase("access_token");
  if (const auto proof = outer.params.Text("appsecret_proof")) {
    call.params.Set("appsecret_proof", *proof);
  }
  const std::size_t scheme = outer.url_prefix.find("://") + 3;
  call.url_prefix = outer.url_prefix.substr(0, outer.url_prefix.find('/', scheme));
  call.url_prefix += "/" + call.version;
  for (const std::string& segment : call.path) call.url_prefix += "/" + segment;
  return call;
}

}  // namespace

Graph<Json> MetaServer::Batch(const Call& outer) {
  const auto list = outer.params.Structure("batch");
  if (!list) return Refuse(list.error());
  if (!list->is_array()) return RefuseParam("Param batch must be an array");
  if (list->size() > kBatchMax) {
    return Refuse({.message = fmt::format("Too many requests in batch message. Maximum batch size "
                                          "is {}",
                                          kBatchMax),
                   .type = "GraphBatchException"});
  }
  std::vector<Item> items;
  for (const Json& json : *list) {
    auto item = ReadItem(json);
    if (!item) return Refuse(item.error());
    items.push_back(*std::move(item));
  }
  const bool headers = outer.params.Text("include_headers").value_or("true") != "false";

  std::map<std::string, Json> answers;  // of named entries that succeeded
  Json replies = Json::array();
  for (const Item& item : items) {
    const auto url = FillReferences(item.relative_url, answers);
    const auto body = FillReferences(item.body, answers);
    // Meta leaves an entry undone, as null, when what it depends on failed.
    if (!url || !body || (!item.depends_on.empty() && !answers.contains(item.depends_on))) {
      replies.push_back(nullptr);
      continue;
    }
    const Graph<Call> call = ReadInner(item, outer, *url, *body);
    Charged charged;
    const bool nested = call && call->params.Has("batch");
    const Graph<Json> answer = nested
                                   ? Graph<Json>(RefuseParam("A batch cannot be inside of a batch"))
                               : call ? Execute(*call, &charged)
                                      : Graph<Json>(Refuse(call.error()));
    if (answer && !item.name.empty()) answers[item.name] = *answer;

    // The answer of an entry that others build on is left out by default.
    const bool needed = !item.name.empty() && std::ranges::any_of(items, [&](const Item& other) {
      const std::string reference = "{result=" + item.name + ":";
      return other.depends_on == item.name || other.body.find(reference) != std::string::npos ||
             other.relative_url.find(reference) != std::string::npos;
    });
    if (answer && item.omit_on_success && (needed || item.asked_omit)) {
      replies.push_back(nullptr);
      continue;
    }
    Json reply = {{"code", answer ? 200 : answer.error().http_status}};
    if (headers) {
      Json lines = Json::array();
      http::Headers inner = UsageHeaders(charged);
      inner.emplace_back("Content-Type", "application/json; charset=UTF-8");
      for (const auto& [name, value] : inner) lines.push_back({{"name", name}, {"value", value}});
      reply["headers"] = std::move(lines);
    }
    reply["body"] = Dump(answer ? *answer : ErrorBody(answer.error(), TraceId(++traces_)));
    replies.push_back(std::move(reply));
  }
  return replies;
}

}  // namespace maxopt::sim::meta
