#include "yaml/yaml.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>
#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace maxopt {
namespace {

constexpr std::size_t kBytesMax = 1u << 20;

/// Lines count from 1; an empty file has none.
std::unexpected<Error> BadAt(const std::string& file, const YAML::Mark& mark,
                             std::string_view what) {
  return Fail(Errc::kInvalidArgument,
              fmt::format("{}:{}: {}", file, std::max(mark.line, 0) + 1, what));
}

/// Throws at the first anchor or alias, before anything is built of them.
class NoAnchors final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { Check(mark, anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { Refuse(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                const std::string&) override {
    Check(mark, anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Check(mark, anchor);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Check(mark, anchor);
  }
  void OnMapEnd() override {}

 private:
  [[noreturn]] static void Refuse(const YAML::Mark& mark) {
    throw YAML::ParserException(mark, "anchors and aliases (& and *) are not read here");
  }
  static void Check(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) Refuse(mark);
  }
};

std::string Shown(std::string_view text) {
  // In error messages, which go into JSON: no character is cut in two.
  std::size_t end = std::min<std::size_t>(text.size(), 80);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return std::string(text.substr(0, end));
}

}  // namespace

std::unexpected<Error> YamlError(const std::string& file, const YAML::Exception& thrown) {
  return BadAt(file, thrown.mark, thrown.msg);
}

Result<YamlMap> LoadYaml(std::string_view yaml, const std::string& file) {
  if (yaml.size() > kBytesMax) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}: larger than 1 MB, too long for a configuration", file));
  }
  if (!simdjson::validate_utf8(yaml.data(), yaml.size())) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}: not UTF-8; save it as UTF-8", file));
  }
  const std::string text(yaml);
  try {
    NoAnchors events;
    std::istringstream in(text);
    YAML::Parser(in).HandleNextDocument(events);
    return YamlMap(YAML::Load(text), file);
  } catch (const YAML::Exception& thrown) {
    return YamlError(file, thrown);
  }
}

std::unexpected<Error> YamlMap::Bad(const char* key, std::string_view what) const {
  return Bad(At(key), what);
}

std::unexpected<Error> YamlMap::Bad(const YAML::Node& at, std::string_view what) const {
  const YAML::Node& known = at.IsDefined() ? at : node_;
  return BadAt(file_, known.IsDefined() ? known.Mark() : YAML::Mark::null_mark(), what);
}

Result<> YamlMap::OnlyKeys(const std::set<std::string>& known) const {
  if (!node_.IsDefined() || !node_.IsMap()) {
    return Bad("a mapping of names and values is expected here");
  }
  std::set<std::string> seen;
  for (const auto& pair : node_) {
    if (!pair.first.IsScalar()) return Bad(pair.first, "a name is expected here");
    const std::string& key = pair.first.Scalar();
    if (!known.contains(key)) {
      return Bad(pair.first, fmt::format("\"{}\" is not known; known are {}", Shown(key),
                                         fmt::join(known, ", ")));
    }
    if (!seen.insert(key).second) return Bad(pair.first, fmt::format("{} stands twice", key));
  }
  return {};
}

Result<> YamlMap::Kind(std::string_view kind) const {
  MAXOPT_TRY(const std::string said, Text("maxopt"));
  if (said != kind) return Bad("maxopt", fmt::format("maxopt must be {}", kind));
  return {};
}

Result<std::vector<YamlMap>> YamlMap::Maps(const char* key) const {
  std::vector<YamlMap> out;
  const YAML::Node list = At(key);
  if (!list.IsDefined() || list.IsNull()) return out;
  if (!list.IsSequence()) return Bad(list, fmt::format("{} must be a list", key));
  for (const YAML::Node& node : list) out.emplace_back(node, file_);
  return out;
}

Result<std::string> YamlMap::Text(const char* key) const {
  const YAML::Node value = At(key);
  if (!value.IsDefined()) return Bad(fmt::format("{} is missing", key));
  if (!value.IsScalar() || value.Scalar().empty()) {
    return Bad(value, fmt::format("{} must be a text", key));
  }
  return value.Scalar();
}

Result<> YamlMap::Text(const char* key, std::string& to) const {
  if (!Has(key)) return {};
  MAXOPT_TRY(to, Text(key));
  return {};
}

Result<std::vector<std::string>> YamlMap::Texts(const char* key) const {
  const YAML::Node list = At(key);
  if (!list.IsDefined() || !list.IsSequence()) {
    return Bad(key, fmt::format("{} must be a list", key));
  }
  std::vector<std::string> out;
  for (const YAML::Node& value : list) {
    if (!value.IsScalar() || value.Scalar().empty()) {
      return Bad(value, fmt::format("{} must hold texts", key));
    }
    out.push_back(value.Scalar());
  }
  return out;
}

Result<> YamlMap::Texts(const char* key, std::vector<std::string>& to) const {
  if (!Has(key)) return {};
  MAXOPT_TRY(to, Texts(key));
  return {};
}

Result<> YamlMap::Flag(const char* key, bool& to) const {
  const YAML::Node value = At(key);
  if (!value.IsDefined()) return {};
  const std::string text = value.IsScalar() ? value.Scalar() : "";
  if (text != "true" && text != "false") {
    return Bad(value, fmt::format("{} must be true or false", key));
  }
  to = text == "true";
  return {};
}

Result<std::int64_t> YamlMap::CountAt(const char* key, std::int64_t low, std::int64_t high) const {
  const YAML::Node value = At(key);
  const std::string text = value.IsScalar() ? value.Scalar() : "";
  std::int64_t count = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (code != std::errc() || end != text.data() + text.size() || count < low || count > high) {
    return Bad(value, fmt::format("{} must be a whole number from {} to {}", key, low, high));
  }
  return count;
}

Result<> YamlMap::Time(const char* key, std::chrono::seconds& to,
                       std::chrono::seconds least) const {
  if (!Has(key)) return {};
  MAXOPT_TRY(const std::string text, Text(key));
  int count = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const int scale = unit == "s"   ? 1
                    : unit == "m" ? 60
                    : unit == "h" ? 3600
                    : unit == "d" ? 86'400
                                  : 0;
  constexpr int kDaysMax = 366;
  if (code != std::errc() || scale == 0 || count < 0 || count > kDaysMax * 86'400 / scale) {
    return Bad(key, fmt::format("{} must be a time like 90s, 15m, 4h or 2d, at most 366d", key));
  }
  const std::chrono::seconds time(static_cast<std::int64_t>(count) * scale);
  if (time < least) return Bad(key, fmt::format("{} must be at least {} s", key, least.count()));
  to = time;
  return {};
}

Result<std::string> YamlMap::Secret(const char* key) const {
  MAXOPT_TRY(const std::string written, Text(key));
  if (written.starts_with("env:")) {
    const std::string name = written.substr(4);
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') {
      return Bad(key, fmt::format("{}: the environment has no {}", key, name));
    }
    return std::string(value);
  }
  if (!written.starts_with("file:")) return written;
  const auto path = std::filesystem::path(file_).parent_path() / written.substr(5);
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  // A folder is opened like a file; the first look into it fails.
  if (in.peek() != std::ifstream::traits_type::eof()) out << in.rdbuf();
  if (!in.is_open() || in.bad()) {
    return Bad(key, fmt::format("{}: {} cannot be read", key, path.string()));
  }
  std::string text = std::move(out).str();
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

Result<> YamlMap::Secret(const char* key, std::string& to) const {
  if (!Has(key)) return {};
  MAXOPT_TRY(to, Secret(key));
  return {};
}

}  // namespace maxopt
