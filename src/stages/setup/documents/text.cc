// YAML and JSON into nodes, nodes into YAML. Both readers are driven by events, so that nothing is
// built from what is refused: aliases, tags, depth, too many values.
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "sheet/sheet.h"
#include "stages/setup/documents/node.h"
#include "stages/setup/documents/tables.h"

namespace maxopt::documents {
namespace {

constexpr std::size_t kBytesMax = 4u << 20;
constexpr std::size_t kDepthMax = 24;
constexpr std::size_t kNodesMax = 200'000;

/// Leaves a parser of someone else's in the middle; never leaves this file.
struct Stop {
  int line;
  std::string what;
};

/// Puts a stream of values together.
class Builder {
 public:
  explicit Builder(std::string file) : file_(std::move(file)) {}

  Place At(int line) const { return {.file = file_, .sheet = {}, .line = line, .cell = {}}; }
  void Begin(Node::Kind kind, int line) {
    if (open_.size() >= kDepthMax) {
      throw Stop{line, fmt::format("is nested more than {} levels deep", kDepthMax)};
    }
    Count(line);
    if (TakesKey()) throw Stop{line, "a key must be a plain word"};
    Node node;
    node.kind = kind;
    node.place = At(line);
    open_.push_back({std::move(node), std::nullopt, {}});
  }
  void End() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    Put(std::move(node));
  }
  void Scalar(Node::Kind kind, std::string text, int line) {
    Count(line);
    if (TakesKey()) {
      open_.back().key = std::move(text);
      open_.back().key_place = At(line);
      return;
    }
    Node node;
    node.kind = kind;
    node.text = std::move(text);
    node.place = At(line);
    Put(std::move(node));
  }
  Node Take() { return std::move(root_); }

 private:
  struct Open {
    Node node;
    std::optional<std::string> key;
    Place key_place;
  };
  bool TakesKey() const {
    return !open_.empty() && open_.back().node.kind == Node::Kind::kMap && !open_.back().key;
  }
  void Count(int line) {
    if (++count_ > kNodesMax) {
      throw Stop{line, fmt::format("holds more than {} values", kNodesMax)};
    }
  }
  void Put(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Node::Kind::kList) {
      parent.node.items.push_back(std::move(node));
      return;
    }
    // The place of a value in a mapping is its key's: that is where people look for it.
    if (node.kind != Node::Kind::kText) node.place = parent.key_place;
    parent.node.members.push_back({*std::move(parent.key), parent.key_place, std::move(node)});
    parent.key.reset();
  }

  std::string file_;
  std::vector<Open> open_;
  Node root_;
  std::size_t count_ = 0;
};

class YamlEvents final : public YAML::EventHandler {
 public:
  explicit YamlEvents(Builder& builder) : builder_(builder) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Check(mark, "?", anchor);
    builder_.Scalar(Node::Kind::kNothing, "", Line(mark));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Stop{Line(mark), "YAML aliases (*name) are not taken; write the value out"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Check(mark, tag, anchor);
    builder_.Scalar(Node::Kind::kText, value, Line(mark));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Check(mark, tag, anchor);
    builder_.Begin(Node::Kind::kList, Line(mark));
  }
  void OnSequenceEnd() override { builder_.End(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Check(mark, tag, anchor);
    builder_.Begin(Node::Kind::kMap, Line(mark));
  }
  void OnMapEnd() override { builder_.End(); }

 private:
  static int Line(const YAML::Mark& mark) { return mark.line + 1; }
  static void Check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      throw Stop{Line(mark), "YAML anchors (&name) are not taken; write the value where it is due"};
    }
    if (!tag.empty() && tag != "?" && tag != "!") {
      throw Stop{Line(mark),
                 fmt::format("the YAML tag {} is not taken; write the plain value", Shown(tag))};
    }
  }
  Builder& builder_;
};

Node ParseYaml(const std::string& text, const std::string& file) {
  Builder builder(file);
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    YamlEvents events(builder);
    if (!parser.HandleNextDocument(events)) throw Stop{1, "is empty"};
    Builder more(file);
    YamlEvents more_events(more);
    if (parser.HandleNextDocument(more_events)) {
      throw Stop{1, "holds more than one YAML document (---); hand over one file for each"};
    }
  } catch (const YAML::Exception& e) {
    throw Stop{std::max(0, e.mark.line) + 1, fmt::format("is not valid YAML: {}", e.msg)};
  }
  return builder.Take();
}

/// Counts the lines that the JSON reader has gone past.
class LineIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  LineIterator(const char* at, int* line) : at_(at), line_(line) {}
  reference operator*() const { return *at_; }
  LineIterator& operator++() {
    // The reader looks one character ahead: a line ends when the one after its end is read.
    if (pending_) ++*line_;
    pending_ = *at_ == '\n';
    ++at_;
    return *this;
  }
  LineIterator operator++(int) {
    LineIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const LineIterator& a, const LineIterator& b) { return a.at_ == b.at_; }
  friend bool operator!=(const LineIterator& a, const LineIterator& b) { return !(a == b); }

 private:
  const char* at_;
  int* line_;
  bool pending_ = false;
};

class JsonEvents final : public nlohmann::json_sax<nlohmann::json> {
 public:
  JsonEvents(Builder& builder, const int& line) : builder_(builder), line_(line) {}

  bool null() override { return Scalar(Node::Kind::kNothing, ""); }
  bool boolean(bool value) override { return Scalar(Node::Kind::kText, value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override {
    return Scalar(Node::Kind::kText, std::to_string(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Scalar(Node::Kind::kText, std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& text) override {
    return Scalar(Node::Kind::kText, text);
  }
  bool string(string_t& value) override { return Scalar(Node::Kind::kText, value); }
  bool binary(binary_t&) override { Bug(); }
  bool start_object(std::size_t) override {
    builder_.Begin(Node::Kind::kMap, line_);
    return true;
  }
  bool key(string_t& value) override { return Scalar(Node::Kind::kText, value); }
  bool end_object() override { return End(); }
  bool start_array(std::size_t) override {
    builder_.Begin(Node::Kind::kList, line_);
    return true;
  }
  bool end_array() override { return End(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& e) override {
    const std::string what = e.what();
    const std::size_t text = what.find("column ");
    const std::size_t colon = what.find(": ", text == std::string::npos ? 0 : text);
    throw Stop{line_, "is not valid JSON: " +
                          (colon == std::string::npos ? what : what.substr(colon + 2))};
  }

 private:
  bool Scalar(Node::Kind kind, std::string text) {
    builder_.Scalar(kind, std::move(text), line_);
    return true;
  }
  bool End() {
    builder_.End();
    return true;
  }
  Builder& builder_;
  const int& line_;
};

Node ParseJson(const std::string& text, const std::string& file) {
  Builder builder(file);
  int line = 1;
  JsonEvents events(builder, line);
  const LineIterator begin(text.data(), &line);
  const LineIterator end(text.data() + text.size(), &line);
  nlohmann::json::sax_parse(begin, end, &events);
  return builder.Take();
}

bool PlainWord(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || !letter(text.front()) || text.back() == ' ') return false;
  for (const std::string_view taken :
       {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}) {
    if (text.size() == taken.size() && std::equal(text.begin(), text.end(), taken.begin(),
                                                  [](char a, char b) { return (a | 0x20) == b; })) {
      return false;
    }
  }
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == ' ' || c == '-' || c == '_' || c == '/' ||
           c == '.';
  });
}

std::string YamlScalar(const Node& node) {
  if (node.kind == Node::Kind::kNothing) return "null";
  if (node.bare || PlainWord(node.text)) return node.text;
  std::string out = "\"";
  for (const char c : node.text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

void PrintMap(const Node& map, std::size_t indent, bool first_here, std::string& out);

void PrintValue(const Node& value, std::size_t indent, std::string& out) {
  if (value.kind == Node::Kind::kMap) {
    if (value.members.empty()) {
      out += " {}\n";
      return;
    }
    out += "\n";
    PrintMap(value, indent + 2, false, out);
    return;
  }
  if (value.kind != Node::Kind::kList) {
    out += " " + YamlScalar(value) + "\n";
    return;
  }
  const bool scalars = std::all_of(value.items.begin(), value.items.end(),
                                   [](const Node& item) { return item.kind == Node::Kind::kText; });
  if (scalars) {
    std::string line = " [";
    for (const Node& item : value.items) {
      if (line.size() > 2) line += ", ";
      line += YamlScalar(item);
    }
    line += "]\n";
    if (line.size() + indent < 90) {
      out += line;
      return;
    }
  }
  out += "\n";
  for (const Node& item : value.items) {
    out += std::string(indent + 2, ' ') + "-";
    if (item.kind == Node::Kind::kMap && !item.members.empty()) {
      out += " ";
      PrintMap(item, indent + 4, true, out);
    } else {
      PrintValue(item, indent + 2, out);
    }
  }
}

void PrintMap(const Node& map, std::size_t indent, bool first_here, std::string& out) {
  for (const Member& member : map.members) {
    if (!first_here) out += std::string(indent, ' ');
    first_here = false;
    Node key;
    key.kind = Node::Kind::kText;
    key.text = member.key;
    out += YamlScalar(key) + ":";
    PrintValue(member.value, indent, out);
  }
}

}  // namespace

void ReadText(const DocumentFile& file, std::vector<Fragment>& out, Trouble& trouble) {
  if (file.bytes.size() > kBytesMax) {
    trouble.In(file.name, "is larger than 4 MiB; is it the right file?");
    return;
  }
  const auto text = sheet::DecodeText(file.bytes);
  if (!text) {
    trouble.In(file.name, text.error().what);
    return;
  }
  Node root;
  try {
    root = file.name.ends_with(".json") ? ParseJson(*text, file.name) : ParseYaml(*text, file.name);
  } catch (const Stop& stop) {
    trouble.At({.file = file.name, .sheet = {}, .line = stop.line, .cell = {}}, stop.what);
    return;
  }
  root.place = {.file = file.name, .sheet = {}, .line = 1, .cell = {}};
  if (root.kind != Node::Kind::kMap) {
    trouble.At(root.place, "must be a mapping (key: value) that begins with \"maxopt: brief/1\"");
    return;
  }
  Fragment fragment;
  std::vector<Member> rest;
  int headers = 0;
  for (Member& member : root.members) {
    if (member.key != "maxopt") {
      rest.push_back(std::move(member));
      continue;
    }
    ++headers;
    for (const std::string_view kind : kKinds) {
      if (member.value.text == std::string(kind) + "/1") fragment.kind = kind;
    }
    if (fragment.kind.empty() || headers > 1) {
      trouble.At(member.place,
                 fmt::format("\"maxopt\" must be there once and be one of brief/1, media_plan/1, "
                             "creatives/1, buys/1; it is {}",
                             Shown(member.value.text)));
      return;
    }
  }
  if (headers == 0) {
    trouble.At(root.place,
               "does not say which document it is; write \"maxopt: brief/1\", \"media_plan/1\", "
               "\"creatives/1\" or \"buys/1\" in its first line");
    return;
  }
  root.members = std::move(rest);
  fragment.root = std::move(root);
  out.push_back(std::move(fragment));
}

std::string PrintYaml(const Fragment& fragment) {
  std::string out = fmt::format("maxopt: {}/1\n", fragment.kind);
  PrintMap(fragment.root, 0, false, out);
  return out;
}

}  // namespace maxopt::documents
