// What is given to people and programs that write documents: schemas and templates, all from the
// tables; and documents printed as sheets.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "stages/setup/documents/documents.h"
#include "stages/setup/documents/sheets.h"
#include "stages/setup/documents/tables.h"
#include "stages/setup/documents/values.h"

namespace maxopt {
namespace documents {
namespace {

using Json = nlohmann::ordered_json;

Json SchemaOf(const Object& object);

Json WordsSchema(const Field& field) {
  const Words words = SplitWords(field.words);
  Json out{{"type", "string"}};
  if (words.open) {
    out["pattern"] = "^[a-z0-9_]+$";
  } else {
    out["enum"] = words.words;
  }
  return out;
}

Json ItemSchema(const Field& field) {
  if (field.items == Items::kWords) return WordsSchema(field);
  Json out{{"type", Json::array({"string", "number"})}, {"minLength", 1}};
  if (const auto pattern = PatternOfItems(field); !pattern.empty()) out["pattern"] = pattern;
  return out;
}

/// What the reader takes: YAML and JSON may write numbers as numbers or as texts.
Json FieldSchema(const Field& field) {
  Json out = Json::object();
  const auto patterned = [&](std::initializer_list<const char*> types) {
    out["type"] = types.size() == 1 ? Json(*types.begin())
                                    : Json(std::vector<std::string>(types.begin(), types.end()));
    if (const auto pattern = PatternOf(field); !pattern.empty()) out["pattern"] = pattern;
  };
  switch (field.kind) {
    case Kind::kWord:
      out = WordsSchema(field);
      break;
    case Kind::kPlatform:
      out["type"] = "string";
      break;
    case Kind::kText:
    case Kind::kName:
      patterned({"string", "number"});
      out["minLength"] = 1;
      break;
    case Kind::kKey:
    case Kind::kDay:
    case Kind::kTime:
    case Kind::kCurrency:
    case Kind::kZone:
    case Kind::kAccount:
    case Kind::kUrl:
    case Kind::kFile:
    case Kind::kSha256:
      patterned({"string"});
      break;
    case Kind::kDigits:
      patterned({"string", "integer"});
      break;
    case Kind::kMoney:
    case Kind::kDecimal:
      patterned({"number", "string"});
      out["exclusiveMinimum"] = 0;
      break;
    case Kind::kInteger:
      patterned({"integer", "string"});
      out["minimum"] = static_cast<std::int64_t>(field.low);
      out["maximum"] = static_cast<std::int64_t>(field.high);
      break;
    case Kind::kReal:
      patterned({"number", "string"});
      out["minimum"] = field.low;
      out["maximum"] = field.high;
      break;
    case Kind::kBool:
      patterned({"boolean", "string"});
      break;
    case Kind::kTexts:
      out = {{"type", "array"}, {"items", ItemSchema(field)}, {"uniqueItems", true}};
      break;
    case Kind::kCounts:
      out = {
          {"type", "object"},
          {"propertyNames", {{"pattern", "^[a-z0-9_]+$"}}},
          {"additionalProperties", {{"type", Json::array({"integer", "string"})}, {"minimum", 1}}}};
      break;
    case Kind::kObject:
      out = SchemaOf(*field.of);
      break;
    case Kind::kObjects:
      out = {{"type", "array"}, {"items", SchemaOf(*field.of)}};
      if (field.required) out["minItems"] = 1;
      break;
  }
  std::string description(field.meaning);
  if (!field.words.empty() && description.find(field.words) == std::string::npos) {
    description += fmt::format(" ({})", field.words);
  }
  out["description"] = description;
  if (!field.example.empty()) out["examples"] = Json::array({field.example});
  return out;
}

Json SchemaOf(const Object& object) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const Field& field : object.fields) {
    properties[std::string(field.name)] = FieldSchema(field);
    if (field.required) required.push_back(field.name);
  }
  Json out{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
  if (!required.empty()) out["required"] = required;
  return out;
}

/// Every field, one a line, with what it means; what may be left out is a comment.
void YamlTemplate(const Object& object, std::size_t indent, bool commented, bool first_of_item,
                  std::string& out) {
  for (const Field& field : object.fields) {
    const bool off = commented || !field.required;
    std::string line = off ? "# " : "  ";
    line += std::string(indent, ' ');
    if (first_of_item) {
      line[line.size() - 2] = '-';
      first_of_item = false;
    }
    line += fmt::format("{}:", field.name);
    if (field.of == nullptr) {
      const bool list = field.kind == Kind::kTexts;
      const bool map = field.kind == Kind::kCounts;
      const bool quoted = field.kind == Kind::kDigits || field.items == Items::kKeyword ||
                          field.items == Items::kModifier || field.kind == Kind::kUrl ||
                          field.kind == Kind::kTime;
      line += fmt::format(" {}{}{}{}{}",
                          list  ? "["
                          : map ? "{"
                                : "",
                          quoted ? "\"" : "", field.example, quoted ? "\"" : "",
                          list  ? "]"
                          : map ? "}"
                                : "");
    }
    if (line.size() < 48) line.resize(48, ' ');
    out += fmt::format("{} # {}{}\n", line, field.required ? "needed: " : "", field.meaning);
    if (field.of != nullptr) {
      const bool list = field.kind == Kind::kObjects;
      YamlTemplate(*field.of, indent + (list ? 4 : 2), off, list, out);
    }
  }
}

/// Numbers stay texts, so that none passes through a double on its way.
Json ToJson(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNothing:
      return nullptr;
    case Node::Kind::kText:
      if (node.bare && (node.text == "true" || node.text == "false")) return node.text == "true";
      return node.text;
    case Node::Kind::kList: {
      Json list = Json::array();
      for (const Node& item : node.items) list.push_back(ToJson(item));
      return list;
    }
    case Node::Kind::kMap: {
      Json map = Json::object();
      for (const Member& member : node.members) map[member.key] = ToJson(member.value);
      return map;
    }
  }
  Bug();
}

const Layout* LayoutOfStem(std::string_view stem) {
  for (const Layout& layout : Layouts()) {
    if (layout.stem == stem) return &layout;
  }
  return nullptr;
}

std::unexpected<Error> NoTemplate(std::string_view kind, std::string_view more) {
  std::string known;
  for (const Layout& layout : Layouts()) known += fmt::format("{}, ", layout.stem);
  return Fail(Errc::kInvalidArgument, fmt::format("there is no template \"{}\"; there are {}{}",
                                                  kind, known.substr(0, known.size() - 2), more));
}

}  // namespace
}  // namespace documents

using namespace documents;

Result<std::string> DocumentSchema(std::string_view kind) {
  MAXOPT_TRY(const Object* table, TableOf(kind));
  Json schema = SchemaOf(*table);
  Json out{{"$schema", "http://json-schema.org/draft-07/schema#"},
           {"title", fmt::format("Max Optimizer: {}", table->name)},
           {"type", "object"}};
  Json properties{{"maxopt",
                   {{"const", fmt::format("{}/1", kind)},
                    {"description", "which document this is, and its version"}}}};
  for (auto& [name, value] : schema["properties"].items()) properties[name] = value;
  out["properties"] = properties;
  Json required = Json::array({"maxopt"});
  for (const auto& name : schema.value("required", Json::array())) required.push_back(name);
  out["required"] = required;
  out["additionalProperties"] = false;
  return out.dump(2) + "\n";
}

Result<std::string> DocumentTemplateCsv(std::string_view kind) {
  const Layout* layout = LayoutOfStem(kind);
  if (layout == nullptr) return NoTemplate(kind, "");
  return sheet::WriteCsv(TemplateSheet(*layout).rows);
}

Result<std::string> DocumentTemplateXlsx(std::string_view kind) {
  std::vector<sheet::OutSheet> sheets;
  for (const Layout& layout : Layouts()) {
    if (kind != "workbook" && kind != layout.kind && kind != layout.stem) continue;
    sheet::OutSheet sheet = TemplateSheet(layout);
    // Lists of the brief have their own sheets in a workbook.
    if (layout.kind == "brief" && layout.path.empty()) {
      const auto columns = ColumnsOf(layout);
      for (std::size_t at = columns.size(); at-- > 0;) {
        const auto& path = columns[at].path;
        const bool nested = std::any_of(path.begin(), path.end(), [](const Field* field) {
          return field->kind == Kind::kObjects;
        });
        if (nested) sheet.rows.erase(sheet.rows.begin() + static_cast<std::ptrdiff_t>(at) + 1);
      }
    }
    sheets.push_back(std::move(sheet));
  }
  if (sheets.empty()) return NoTemplate(kind, ", workbook");
  return sheet::WriteXlsx(sheets);
}

Result<std::string> DocumentTemplateYaml(std::string_view kind) {
  MAXOPT_TRY(const Object* table, TableOf(kind));
  std::string body;
  YamlTemplate(*table, 0, false, false, body);
  // Two columns at the left are for the comment marks.
  std::string out = fmt::format("maxopt: {}/1\n", kind);
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = body.find('\n', at);
    const std::string_view line = std::string_view(body).substr(at, end - at);
    out += line.starts_with("  ") ? line.substr(2) : line;
    out += '\n';
    at = end + 1;
  }
  return out;
}

std::vector<DocumentFile> PrintDocumentsJson(const CampaignDocuments& printed) {
  std::vector<DocumentFile> files;
  for (const Fragment& fragment : ToFragments(printed)) {
    Json root{{"maxopt", fragment.kind + "/1"}};
    for (const Member& member : fragment.root.members) root[member.key] = ToJson(member.value);
    files.push_back({fragment.kind + ".json", root.dump(2) + "\n"});
  }
  return files;
}

std::vector<DocumentFile> PrintDocumentsCsv(const CampaignDocuments& printed) {
  std::vector<DocumentFile> files;
  for (const NamedSheet& named : ToSheets(ToFragments(printed), true)) {
    files.push_back({fmt::format("{}.csv", named.layout->stem), sheet::WriteCsv(named.sheet.rows)});
  }
  return files;
}

Result<std::string> PrintDocumentsXlsx(const CampaignDocuments& printed) {
  std::vector<sheet::OutSheet> sheets;
  for (NamedSheet& named : ToSheets(ToFragments(printed), false)) {
    sheets.push_back(std::move(named.sheet));
  }
  return sheet::WriteXlsx(sheets);
}

}  // namespace maxopt
