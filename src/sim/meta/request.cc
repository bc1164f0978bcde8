#include "sim/meta/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace maxopt::sim::meta {
namespace {

std::optional<std::int64_t> WholeNumber(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    return std::nullopt;
  }
  return value;
}

bool IsVersion(std::string_view segment) {
  return segment.size() > 1 && segment[0] == 'v' && segment[1] >= '0' && segment[1] <= '9';
}

/// Reads a field list; `at` is left behind what was read.
class FieldParser {
 public:
  explicit FieldParser(std::string_view text) : text_(text) {}
  Graph<std::vector<FieldNode>> Run() {
    auto nodes = ReadList(0);
    if (nodes && at_ != text_.size()) return Fail("end of string");
    return nodes;
  }

 private:
  static constexpr int kNestingMax = 8;

  std::unexpected<GraphError> Fail(std::string_view expected) const {
    return Refuse(
        {.code = 2500,
         .message = fmt::format("Syntax error \"Expected {} at character {}\"", expected, at_)});
  }
  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  char Peek() {
    SkipSpace();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  std::string ReadName() {
    SkipSpace();
    const std::size_t begin = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_')) {
      ++at_;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }
  Graph<std::vector<FieldNode>> ReadList(int depth) {
    if (depth > kNestingMax) return Fail("fewer levels");
    std::vector<FieldNode> nodes;
    for (;;) {
      FieldNode node;
      node.name = ReadName();
      if (node.name.empty()) return Fail("name");
      while (Peek() == '.') {
        ++at_;
        if (ReadName() != "limit" || Peek() != '(') return Fail("the modifier limit");
        ++at_;
        const std::optional<std::int64_t> limit = WholeNumber(ReadName());
        if (!limit || *limit < 1 || *limit > 500 || Peek() != ')') return Fail("a limit of 1..500");
        ++at_;
        node.limit = static_cast<int>(*limit);
      }
      if (Peek() == '{') {
        ++at_;
        auto children = ReadList(depth + 1);
        if (!children) return children;
        if (Peek() != '}') return Fail("\"}\"");
        ++at_;
        node.children = *std::move(children);
      }
      const auto same = std::ranges::find(nodes, node.name, &FieldNode::name);
      if (same == nodes.end()) nodes.push_back(std::move(node));
      if (Peek() != ',') return nodes;
      ++at_;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

void TakePairs(const std::vector<std::pair<std::string, std::string>>& pairs, Params* params) {
  for (const auto& [name, value] : pairs) params->Set(name, Json(value));
}

Graph<> TakeBody(const http::Request& request, Call* call) {
  const std::string type(http::FindHeader(request.headers, "content-type").value_or(""));
  if (request.body.empty()) return {};
  if (type.starts_with("multipart/form-data")) {
    auto parts = http::DecodeMultipart(type, request.body);
    if (!parts) return RefuseParam("The multipart body cannot be read: " + parts.error().what);
    for (http::Part& part : *parts) {
      if (part.file_name.empty()) {
        call->params.Set(part.name, Json(part.body));
      } else {
        call->files.push_back(std::move(part));
      }
    }
    return {};
  }
  if (type.starts_with("application/json") || request.body.starts_with('{')) {
    const std::optional<Json> body = ParseJson(request.body);
    if (!body || !body->is_object()) {
      return RefuseParam("The body is not a JSON object");
    }
    for (const auto& [name, value] : body->items()) call->params.Set(name, value);
    return {};
  }
  const auto pairs = http::DecodeForm(request.body);
  if (!pairs) return RefuseParam("The form body cannot be read: " + pairs.error().what);
  TakePairs(*pairs, &call->params);
  return {};
}

}  // namespace

void Params::Set(std::string name, Json value) {
  Erase(name);
  if (!value.is_null()) values_.emplace_back(std::move(name), std::move(value));
}

void Params::Erase(std::string_view name) {
  std::erase_if(values_, [&](const auto& entry) { return entry.first == name; });
}

const Json* Params::Find(std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::optional<std::string> Params::Text(std::string_view name) const {
  const Json* value = Find(name);
  if (value == nullptr || value->is_structured()) return std::nullopt;
  return ScalarText(*value);
}

Graph<Json> Params::Structure(std::string_view name) const {
  const Json* value = Find(name);
  if (value == nullptr) return Json();
  if (value->is_structured()) return *value;
  if (value->is_string()) {
    const std::optional<Json> parsed = ParseJson(value->get_ref<const std::string&>());
    if (parsed && parsed->is_structured()) return *parsed;
  }
  return RefuseParam(fmt::format("Param {} must be a JSON object or array", name));
}

Graph<std::vector<std::string>> Params::List(std::string_view name) const {
  const Json* value = Find(name);
  std::vector<std::string> out;
  if (value == nullptr) return out;
  Json list = *value;
  if (value->is_string()) {
    const std::string& text = value->get_ref<const std::string&>();
    if (const auto first = text.find_first_not_of(' ');
        first != std::string::npos && text[first] == '[') {
      std::optional<Json> parsed = ParseJson(text);
      if (!parsed) return RefuseParam(fmt::format("Param {} must be an array", name));
      list = *std::move(parsed);
    } else {
      std::size_t begin = 0;
      while (begin <= text.size() && !text.empty()) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        std::string item = text.substr(begin, end - begin);
        item.erase(0, item.find_first_not_of(' '));
        if (!item.empty()) out.push_back(std::move(item));
        begin = end + 1;
      }
      return out;
    }
  }
  if (!list.is_array()) return RefuseParam(fmt::format("Param {} must be an array", name));
  for (const Json& item : list) {
    if (item.is_structured() || item.is_null()) {
      return RefuseParam(fmt::format("Param {} must be an array of texts", name));
    }
    out.push_back(ScalarText(item));
  }
  return out;
}

Graph<std::optional<std::int64_t>> Params::Integer(std::string_view name) const {
  if (!Has(name)) return std::nullopt;
  const std::optional<std::string> text = Text(name);
  if (text) {
    if (const auto number = WholeNumber(*text)) return number;
  }
  return RefuseParam(fmt::format("Param {} must be an integer", name));
}

Graph<std::vector<FieldNode>> ParseFields(std::string_view text) { return FieldParser(text).Run(); }

Graph<std::vector<FieldNode>> FieldsOf(const Params& params) {
  const Json* value = params.Find("fields");
  if (value == nullptr) return std::vector<FieldNode>{};
  std::string text = value->is_string() ? value->get<std::string>() : "";
  const bool is_array = value->is_array() || text.starts_with('[');
  if (is_array) {
    auto names = params.List("fields");
    if (!names) return std::unexpected(names.error());
    text.clear();
    for (const std::string& name : *names) text += (text.empty() ? "" : ",") + name;
  } else if (!value->is_string()) {
    return RefuseParam("Param fields must be a comma list or an array");
  }
  if (text.empty()) return std::vector<FieldNode>{};
  return ParseFields(text);
}

void SplitPath(std::string_view path, Call* call) {
  std::size_t begin = 0;
  while (begin < path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    std::string segment(path.substr(begin, end - begin));
    begin = end + 1;
    if (segment.empty()) continue;
    if (call->path.empty() && call->version.empty() && IsVersion(segment)) {
      call->version = std::move(segment);
    } else {
      call->path.push_back(std::move(segment));
    }
  }
}

Graph<Call> DecodeCall(const http::Request& request) {
  const Result<http::Url> url = http::ParseUrl(request.url);
  if (!url) return RefuseParam("The address cannot be read: " + url.error().what);
  Call call;
  call.method = request.method;
  const Result<std::string> path = http::PercentDecode(url->path, /*plus_is_space=*/false);
  if (!path) return RefuseParam("The address cannot be read: " + path.error().what);
  SplitPath(*path, &call);
  call.query = url->query;
  TakePairs(url->query, &call.params);
  // Clients send "{}" with GET; what is in it counts like the query.
  if (auto taken = TakeBody(request, &call); !taken) return Refuse(taken.error());

  const auto bearer = http::FindHeader(request.headers, "authorization");
  call.token = call.params.Text("access_token").value_or("");
  for (const std::string_view scheme : {"Bearer ", "bearer ", "OAuth "}) {
    if (call.token.empty() && bearer && bearer->starts_with(scheme)) {
      call.token = bearer->substr(scheme.size());
    }
  }
  call.params.Erase("access_token");

  if (const auto method = call.params.Text("method"); method && call.method == "POST") {
    call.method = *method;
    for (char& c : call.method) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    call.params.Erase("method");
  }
  const std::string_view scheme =
      http::FindHeader(request.headers, "x-forwarded-proto").value_or("http");
  const std::string_view host = http::FindHeader(request.headers, "host").value_or("localhost");
  call.url_prefix = fmt::format("{}://{}{}", scheme, host, url->path);
  return call;
}

int VersionMajor(std::string_view version) {
  int major = 0;
  if (IsVersion(version)) {
    std::from_chars(version.data() + 1, version.data() + version.size(), major);
  }
  return major;
}

std::string PrintMetaTime(Instant at, const Zone& zone) {
  using std::chrono::seconds;
  const LocalTime local = zone.LocalOf(at);
  const auto utc = std::chrono::floor<seconds>(at).time_since_epoch();
  const std::int64_t offset = (local.time_since_epoch() - utc).count();
  std::string text = PrintLocal(local);
  text[10] = 'T';
  const std::int64_t minutes = std::abs(offset) / 60;
  return text + fmt::format("{}{:02}{:02}", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

Graph<Instant> ParseMetaTime(std::string_view name, const Json& value, const Zone& zone) {
  const auto refuse = [&] {
    return RefuseParam(
        fmt::format("Param {} must be a unix time or a date like 2026-09-01T00:00:00+0200 - got {}",
                    name, Dump(value)));
  };
  if (value.is_structured()) return refuse();
  std::string text = ScalarText(value);
  if (const auto seconds = WholeNumber(text); seconds && text.size() > 4) {
    constexpr std::int64_t kYear9999 = 253'402'300'799;
    if (*seconds < 0 || *seconds > kYear9999) return refuse();
    return Instant(std::chrono::seconds(*seconds));
  }
  if (text.size() == 10) text += "T00:00:00";
  if (text.size() < 16) return refuse();
  text[10] = 'T';
  if (text.size() == 16) text += ":00";
  if (text.size() == 19) {
    text[10] = ' ';
    const Result<LocalTime> local = ParseLocal(text);
    if (!local) return refuse();
    return zone.ToInstant(*local);
  }
  // "+0200" is how Meta writes an offset; RFC 3339 wants the colon.
  if (const char sign = text[text.size() - 5]; sign == '+' || sign == '-') {
    text.insert(text.size() - 2, ":");
  }
  const Result<Instant> at = ParseInstant(text);
  if (!at) return refuse();
  return *at;
}

}  // namespace maxopt::sim::meta
