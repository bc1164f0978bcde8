// Sheets into nodes and back. Two shapes: rows, one object a row under a header row; and fields, a
// name and a value a line. Which column is which field comes from the tables.
#include "stages/setup/documents/sheets.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

namespace maxopt::documents {
namespace {

using sheet::OutCell;

std::string Normal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') {
      out += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c < 0) {
      out += c;
    }
  }
  return out;
}

std::vector<std::string> Split(std::string_view text, std::string_view separators) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
    const std::string_view part = sheet::Trim(text.substr(at, end - at));
    if (!part.empty()) out.emplace_back(part);
    at = end + 1;
  }
  return out;
}

std::string Spaced(std::string_view name) {
  std::string out(name);
  std::replace(out.begin(), out.end(), '_', ' ');
  return out;
}
std::string Capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
  return text;
}
std::string HeaderOf(const Field& field) {
  return field.header.empty() ? Capital(Spaced(field.name)) : std::string(field.header);
}
/// "Bid strategy" -> "bid strategy", but "EU political" as it is.
std::string Uncapital(std::string text) {
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a' && text[1] <= 'z') {
    text[0] = static_cast<char>(text[0] + 32);
  }
  return text;
}

bool Leaf(const Field& field) {
  return field.kind != Kind::kObject && field.kind != Kind::kObjects;
}

/// The object that a layout fills: of a row, or of the whole sheet.
const Object& ObjectOf(const Layout& layout) {
  const Object& document = **TableOf(layout.kind);
  return layout.path.empty() ? document : *document.Find(layout.path)->of;
}

void FieldColumns(const Object& object, std::vector<const Field*> path, const std::string& before,
                  std::vector<Column>& out) {
  for (const Field& field : object.fields) {
    std::vector<const Field*> here = path;
    here.push_back(&field);
    if (!Leaf(field)) {
      FieldColumns(*field.of, std::move(here),
                   before + (before.empty() ? "" : " ") + std::string(field.of->name), out);
      continue;
    }
    std::string dotted;
    for (const Field* step : here) dotted += fmt::format("{}.", step->name);
    Column column;
    const bool key =
        !path.empty() && path.back()->kind == Kind::kObjects && &field == &object.fields.front();
    if (before.empty()) {
      column.header = HeaderOf(field);
      column.aliases = Split(field.aliases, ";");
    } else {
      column.header = Capital(key ? before : before + " " + Spaced(field.name));
    }
    column.aliases.push_back(dotted);
    if (key) column.aliases.push_back(before + " " + Spaced(field.name));
    column.path = std::move(here);
    out.push_back(std::move(column));
  }
}

/// Finds a column by what people call it; a header goes before every alias.
const Column* FindColumn(const std::vector<Column>& columns, std::string_view name) {
  const std::string wanted = Normal(name);
  for (const Column& column : columns) {
    if (Normal(column.header) == wanted) return &column;
  }
  for (const Column& column : columns) {
    for (const std::string& alias : column.aliases) {
      if (Normal(alias) == wanted) return &column;
    }
  }
  return nullptr;
}

std::string KnownHeaders(const std::vector<Column>& columns) {
  std::string out;
  for (const Column& column : columns) {
    out += fmt::format("{}{}", out.empty() ? "" : ", ", column.header);
  }
  return out;
}

/// One sheet while it is read.
struct Table {
  std::string file;
  std::string sheet;  ///< empty for CSV
  std::vector<sheet::Row> rows;
  Place At(std::size_t line, std::size_t column) const {
    return {.file = file,
            .sheet = sheet,
            .line = static_cast<int>(line),
            .cell = sheet::CellName(column, line)};
  }
  Place AtRow(std::size_t line) const {
    return {.file = file, .sheet = sheet, .line = static_cast<int>(line), .cell = {}};
  }
};

bool Blank(const sheet::Cell& cell) { return cell.wrong.empty() && sheet::Trim(cell.text).empty(); }

/// The example row of a template, and empty rows. Nothing else is left out: an ad may be called "#
/// 1".
bool Comment(const sheet::Row& row) {
  for (const sheet::Cell& cell : row.cells) {
    if (!Blank(cell)) return cell.text.starts_with("# such as:");
  }
  return true;
}

Node TextNode(std::string text, const Place& place) {
  Node node;
  node.kind = Node::Kind::kText;
  node.text = std::move(text);
  node.place = place;
  return node;
}

/// A cell as the value of a field; nullopt after a complaint.
std::optional<Node> CellValue(const Field& field, const sheet::Cell& cell, const Place& place,
                              Trouble& trouble) {
  if (!cell.wrong.empty()) {
    trouble.At(place, fmt::format("{}: the cell {}", field.name, cell.wrong));
    return std::nullopt;
  }
  const std::string_view text = cell.text;
  if (field.kind == Kind::kTexts || field.kind == Kind::kCounts) {
    // A cell of several lines has an entry a line, which may then hold semicolons.
    const bool lines = text.find('\n') != std::string_view::npos;
    std::vector<std::string> parts = Split(text, lines ? "\n" : ";");
    Node node;
    node.place = place;
    if (field.kind == Kind::kTexts) {
      node.kind = Node::Kind::kList;
      if (field.items == Items::kWords && parts.size() == 1 && parts[0] == "none") parts.clear();
      for (std::string& part : parts) node.items.push_back(TextNode(std::move(part), place));
      return node;
    }
    node.kind = Node::Kind::kMap;
    for (const std::string& part : parts) {
      const std::size_t mark = part.find_first_of(":=");
      if (mark == std::string::npos) {
        trouble.At(place, fmt::format("{}: {} must be a word and a number, such as {}", field.name,
                                      Shown(part), field.example));
        return std::nullopt;
      }
      node.members.push_back({std::string(sheet::Trim(part.substr(0, mark))), place,
                              TextNode(std::string(sheet::Trim(part.substr(mark + 1))), place)});
    }
    return node;
  }
  std::string value(text);
  if (field.kind == Kind::kWord || field.kind == Kind::kPlatform || field.kind == Kind::kBool) {
    // "Google Ads", "Even", "TRUE": people write words as words.
    for (char& c : value) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
      if (c == ' ') c = '_';
    }
    if (field.kind == Kind::kBool && value == "yes") value = "true";
    if (field.kind == Kind::kBool && value == "no") value = "false";
  }
  return TextNode(std::move(value), place);
}

Member* FindMember(Node& map, std::string_view key) {
  for (Member& member : map.members) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

/// Field,value lines.
class FieldSheet {
 public:
  FieldSheet(const Layout& layout, const Table& table, Trouble& trouble)
      : columns_(ColumnsOf(layout)), table_(table), trouble_(trouble) {
    root_.kind = Node::Kind::kMap;
    root_.place = table.AtRow(table.rows.front().line);
  }

  Node Read() {
    std::size_t field_at = 0;
    std::size_t value_at = 0;
    if (!ReadHeader(field_at, value_at)) return std::move(root_);
    for (std::size_t at = 1; at < table_.rows.size(); ++at) {
      const sheet::Row& row = table_.rows[at];
      if (Comment(row)) continue;
      const sheet::Cell none;
      const sheet::Cell& name = field_at < row.cells.size() ? row.cells[field_at] : none;
      const sheet::Cell& value = value_at < row.cells.size() ? row.cells[value_at] : none;
      const Place name_place = table_.At(row.line, field_at);
      if (Blank(name)) {
        if (!Blank(value)) trouble_.At(name_place, "the value beside it has no field; name it");
        continue;
      }
      const Column* column = FindColumn(columns_, name.text);
      if (column == nullptr) {
        trouble_.At(name_place, fmt::format("field {} is not known; known are {}", Shown(name.text),
                                            KnownHeaders(columns_)));
        continue;
      }
      if (Blank(value)) continue;
      const Place place = table_.At(row.line, value_at);
      if (auto node = CellValue(*column->path.back(), value, place, trouble_)) {
        Put(*column, *std::move(node), place);
      }
    }
    return std::move(root_);
  }

 private:
  bool ReadHeader(std::size_t& field_at, std::size_t& value_at) {
    bool field = false;
    bool value = false;
    const sheet::Row& header = table_.rows.front();
    for (std::size_t at = 0; at < header.cells.size(); ++at) {
      const std::string name = Normal(header.cells[at].text);
      if (name == "field" && !field) {
        field = true;
        field_at = at;
      } else if (name == "value" && !value) {
        value = true;
        value_at = at;
      } else if (name != "notes" && !Blank(header.cells[at])) {
        trouble_.At(table_.At(header.line, at),
                    fmt::format("column {} is not known or there twice; known are Field, Value, "
                                "Notes",
                                Shown(header.cells[at].text)));
      }
    }
    if (!field || !value) {
      trouble_.At(table_.AtRow(header.line), "the first row must be \"Field\" and \"Value\"");
    }
    return field && value;
  }

  void Put(const Column& column, Node node, const Place& place) {
    Node* at = &root_;
    for (std::size_t step = 0; step + 1 < column.path.size(); ++step) {
      const Field& field = *column.path[step];
      Member* member = FindMember(*at, field.name);
      if (member == nullptr) {
        Node made;
        made.kind = field.kind == Kind::kObject ? Node::Kind::kMap : Node::Kind::kList;
        made.place = place;
        at->members.push_back({std::string(field.name), place, std::move(made)});
        member = &at->members.back();
      }
      at = &member->value;
      if (field.kind == Kind::kObject) continue;
      // The first field of an entry begins it.
      const bool begins =
          step + 2 == column.path.size() && column.path.back() == &field.of->fields.front();
      if (begins) {
        Node entry;
        entry.kind = Node::Kind::kMap;
        entry.place = place;
        at->items.push_back(std::move(entry));
      }
      if (at->items.empty()) {
        trouble_.At(place, fmt::format("the field {} comes before the {} it belongs to; write its "
                                       "\"{}\" first",
                                       Shown(column.header), field.of->name,
                                       field.of->fields.front().name));
        return;
      }
      at = &at->items.back();
    }
    const Field& field = *column.path.back();
    Member* member = FindMember(*at, field.name);
    if (member == nullptr) {
      at->members.push_back({std::string(field.name), place, std::move(node)});
    } else if (member->value.kind == Node::Kind::kList && node.kind == Node::Kind::kList) {
      for (Node& item : node.items) member->value.items.push_back(std::move(item));
    } else {
      trouble_.At(place, fmt::format("the field {} is written twice, first at {}; keep one",
                                     Shown(column.header), PrintPlace(member->place)));
    }
  }

  std::vector<Column> columns_;
  const Table& table_;
  Trouble& trouble_;
  Node root_;
};

/// Rows under a header.
Node ReadRows(const Layout& layout, const Table& table, Trouble& trouble) {
  const std::vector<Column> columns = ColumnsOf(layout);
  const sheet::Row& header = table.rows.front();
  Node list;
  list.kind = Node::Kind::kList;
  list.place = table.AtRow(header.line);

  std::vector<const Column*> at_column(header.cells.size(), nullptr);
  std::map<const Column*, std::size_t> taken;
  for (std::size_t at = 0; at < header.cells.size(); ++at) {
    if (Blank(header.cells[at]) || Normal(header.cells[at].text) == "notes") continue;
    const Column* column = FindColumn(columns, header.cells[at].text);
    if (column == nullptr) {
      trouble.At(table.At(header.line, at),
                 fmt::format("column {} is not known; known are {} (and Notes, which is not read)",
                             Shown(header.cells[at].text), KnownHeaders(columns)));
      continue;
    }
    if (const auto [first, fresh] = taken.emplace(column, at); !fresh) {
      trouble.At(table.At(header.line, at),
                 fmt::format("column {} is there twice, first in {}; keep one",
                             Shown(column->header), sheet::CellName(first->second, header.line)));
      continue;
    }
    at_column[at] = column;
  }

  for (std::size_t index = 1; index < table.rows.size(); ++index) {
    const sheet::Row& row = table.rows[index];
    if (Comment(row)) continue;
    Node outer;
    outer.kind = Node::Kind::kMap;
    outer.place = table.AtRow(row.line);
    Node inner = outer;
    for (std::size_t at = 0; at < row.cells.size(); ++at) {
      if (Blank(row.cells[at])) continue;
      const bool headed = at < header.cells.size() && !Blank(header.cells[at]);
      if (!headed) {
        trouble.At(table.At(row.line, at), "the cell stands under no header; name its column");
        continue;
      }
      const Column* column = at_column[at];
      if (column == nullptr) continue;
      const Place place = table.At(row.line, at);
      auto node = CellValue(*column->path.back(), row.cells[at], place, trouble);
      if (!node) continue;
      Node& to = column->outer || layout.inner.empty() ? outer : inner;
      to.members.push_back({std::string(column->path.back()->name), place, *std::move(node)});
    }
    if (layout.inner.empty()) {
      list.items.push_back(std::move(outer));
      continue;
    }

    // One row an entry of the inner list; what is said of the outer object must agree.
    const std::string_view key = ObjectOf(layout).fields.front().name;
    const Node* name = Find(outer, key);
    if (name == nullptr) {
      trouble.At(outer.place,
                 fmt::format("the row names no {}; write it in every row", columns.front().header));
      continue;
    }
    const auto same = std::find_if(list.items.begin(), list.items.end(), [&](const Node& item) {
      return Find(item, key)->text == name->text;
    });
    Node* into = nullptr;
    if (same == list.items.end()) {
      list.items.push_back(std::move(outer));
      into = &list.items.back();
    } else {
      into = &*same;
      for (Member& member : outer.members) {
        Member* before = FindMember(*into, member.key);
        if (before == nullptr) {
          into->members.push_back(std::move(member));
          continue;
        }
        const auto texts = [](const Node& node) {
          std::string out = node.text;
          for (const Node& item : node.items) out += "\n" + item.text;
          return out;
        };
        if (texts(before->value) != texts(member.value)) {
          trouble.At(member.place,
                     fmt::format("{} differs from what {} says; all rows of one {} must agree, or "
                                 "leave all but one empty",
                                 member.key, PrintPlace(before->place), ObjectOf(layout).name));
        }
      }
    }
    if (inner.members.empty()) continue;
    Member* entries = FindMember(*into, layout.inner);
    if (entries == nullptr) {
      Node made;
      made.kind = Node::Kind::kList;
      made.place = inner.place;
      into->members.push_back({std::string(layout.inner), inner.place, std::move(made)});
      entries = &into->members.back();
    }
    entries->value.items.push_back(std::move(inner));
  }
  return list;
}

void ReadTable(const Layout& layout, const Table& table, std::vector<Fragment>& out,
               Trouble& trouble) {
  Node part =
      layout.rows ? ReadRows(layout, table, trouble) : FieldSheet(layout, table, trouble).Read();
  // A sheet of the workbook's template that nobody filled in says as little as one that is not
  // there.
  if (!table.sheet.empty() && part.members.empty() && part.items.empty()) return;
  Fragment fragment{std::string(layout.kind), {}};
  if (layout.path.empty()) {
    fragment.root = std::move(part);
  } else {
    fragment.root.kind = Node::Kind::kMap;
    fragment.root.place = part.place;
    const Place place = part.place;
    fragment.root.members.push_back({std::string(layout.path), place, std::move(part)});
  }
  out.push_back(std::move(fragment));
}

const Layout* LayoutByName(std::string_view name) {
  const std::string wanted = Normal(name);
  for (const Layout& layout : Layouts()) {
    if (Normal(layout.title) == wanted) return &layout;
    for (const std::string& alias : Split(layout.aliases, ";")) {
      if (Normal(alias) == wanted) return &layout;
    }
  }
  return nullptr;
}

/// By the file's name ("media_plan.csv", "spring media plan.csv"), else by its header.
const Layout* LayoutOfCsv(std::string_view name, const Table& table) {
  std::string_view stem = name.substr(name.find_last_of('/') + 1);
  stem = stem.substr(0, stem.find_last_of('.'));
  if (const Layout* layout = LayoutByName(stem)) return layout;
  const std::string normal = Normal(stem);
  for (const Layout& layout : Layouts()) {
    const std::string title = Normal(layout.title);
    if (normal.starts_with(title) || normal.ends_with(title)) return &layout;
  }
  const Layout* best = nullptr;
  std::size_t most = 0;
  const bool fields = std::any_of(table.rows[0].cells.begin(), table.rows[0].cells.end(),
                                  [](const sheet::Cell& c) { return Normal(c.text) == "field"; });
  for (const Layout& layout : Layouts()) {
    if (layout.rows == fields) continue;
    const auto columns = ColumnsOf(layout);
    std::size_t known = 0;
    std::vector<std::string_view> names;
    if (fields) {
      for (const sheet::Row& row : table.rows) {
        if (!row.cells.empty()) names.push_back(row.cells[0].text);
      }
    } else {
      for (const sheet::Cell& cell : table.rows[0].cells) names.push_back(cell.text);
    }
    for (const std::string_view one : names) known += FindColumn(columns, one) != nullptr ? 1 : 0;
    if (known > most) {
      most = known;
      best = &layout;
    }
  }
  return best;
}

/// The separator that splits the header into most columns.
char SeparatorOf(std::string_view text) {
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  char best = ',';
  for (const char separator : {',', ';', '\t'}) {
    if (std::count(line.begin(), line.end(), separator) >
        std::count(line.begin(), line.end(), best)) {
      best = separator;
    }
  }
  return best;
}

void ReadCsv(const DocumentFile& file, std::vector<Fragment>& out, Trouble& trouble) {
  if (file.bytes.size() > 4u << 20) {
    trouble.In(file.name, "is larger than 4 MiB; is it the right file?");
    return;
  }
  const auto text = sheet::DecodeText(file.bytes);
  if (!text) {
    trouble.In(file.name, text.error().what);
    return;
  }
  const auto records = sheet::ParseCsv(*text, SeparatorOf(*text));
  if (!records) {
    trouble.In(file.name, records.error().what);
    return;
  }
  Table table{file.name, {}, {}};
  for (const sheet::CsvRecord& record : *records) {
    sheet::Row row{record.line, {}};
    if (record.cells.size() > 500) {
      trouble.At(table.AtRow(record.line), "has more than 500 columns; is it the right file?");
      return;
    }
    for (const std::string& cell : record.cells) {
      row.cells.push_back({std::string(sheet::Unguarded(cell)), {}});
    }
    table.rows.push_back(std::move(row));
  }
  if (table.rows.empty()) {
    trouble.In(file.name, "is empty");
    return;
  }
  const Layout* layout = LayoutOfCsv(file.name, table);
  if (layout == nullptr) {
    trouble.In(file.name,
               "is no sheet that is known by its name or its header; name it brief.csv, "
               "media_plan.csv, creatives.csv, assets.csv, guidelines.csv or buys.csv, or begin "
               "with \"maxopt template\"");
    return;
  }
  ReadTable(*layout, table, out, trouble);
}

void ReadWorkbook(const DocumentFile& file, std::vector<Fragment>& out, Trouble& trouble) {
  auto sheets = sheet::ReadXlsx(file.bytes);
  if (!sheets) {
    trouble.In(file.name, sheets.error().what);
    return;
  }
  for (sheet::Sheet& read : *sheets) {
    const std::string name = Normal(read.name);
    const bool aside = read.name.starts_with('#') || name.starts_with("notes") ||
                       name.starts_with("readme") || name.starts_with("lists");
    if (aside) continue;
    Table table{file.name, read.name, std::move(read.rows)};
    const Layout* layout = LayoutByName(read.name);
    if (layout == nullptr) {
      std::string known;
      for (const Layout& one : Layouts()) {
        known += fmt::format("{}{}", known.empty() ? "" : ", ", one.title);
      }
      trouble.At({.file = file.name, .sheet = read.name, .line = 0, .cell = {}},
                 fmt::format("the sheet is not known; known are {}; begin its name with \"Notes\" "
                             "when it is not to be read",
                             known));
      continue;
    }
    if (table.rows.empty()) continue;
    ReadTable(*layout, table, out, trouble);
  }
}

OutCell CellOf(const Field& field, const Node& node) {
  if (node.kind == Node::Kind::kList) {
    if (node.items.empty()) return {OutCell::Kind::kText, "none"};
    const bool semicolons = std::any_of(node.items.begin(), node.items.end(), [](const Node& item) {
      return item.text.find(';') != std::string::npos;
    });
    std::string text;
    for (const Node& item : node.items) {
      std::string one = item.text;
      std::replace(one.begin(), one.end(), '\n', ' ');
      text += (text.empty() ? "" : semicolons ? "\n" : "; ") + one;
    }
    if (semicolons && node.items.size() == 1) text += "\n";
    return {OutCell::Kind::kText, text};
  }
  if (node.kind == Node::Kind::kMap) {
    std::string text;
    for (const Member& member : node.members) {
      text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", member.key, member.value.text);
    }
    return {OutCell::Kind::kText, text};
  }
  const bool number = field.kind == Kind::kMoney || field.kind == Kind::kInteger ||
                      field.kind == Kind::kReal || field.kind == Kind::kDecimal;
  return {number                     ? OutCell::Kind::kNumber
          : field.kind == Kind::kDay ? OutCell::Kind::kDay
                                     : OutCell::Kind::kText,
          node.text};
}

/// Lines of a field,value sheet, depth first, as they are read again.
void FieldLines(const Object& object, const Node& map, std::vector<const Field*> path,
                const std::vector<Column>& columns, bool whole,
                std::vector<std::vector<OutCell>>& out) {
  for (const Field& field : object.fields) {
    const Node* node = Find(map, field.name);
    if (node == nullptr) continue;
    std::vector<const Field*> here = path;
    here.push_back(&field);
    if (field.kind == Kind::kObject) {
      FieldLines(*field.of, *node, here, columns, whole, out);
    } else if (field.kind == Kind::kObjects) {
      if (!whole) continue;
      for (const Node& item : node->items) FieldLines(*field.of, item, here, columns, whole, out);
    } else {
      for (const Column& column : columns) {
        if (column.path == here) {
          out.push_back({{OutCell::Kind::kText, column.header}, CellOf(field, *node)});
        }
      }
    }
  }
}

sheet::OutSheet RowsOf(const Layout& layout, const Node& list) {
  const std::vector<Column> columns = ColumnsOf(layout);
  std::vector<std::vector<OutCell>> lines;
  std::vector<bool> used(columns.size(), false);
  for (const Node& item : list.items) {
    const Node* entries = layout.inner.empty() ? nullptr : Find(item, layout.inner);
    const std::size_t count =
        entries == nullptr ? 1 : std::max<std::size_t>(1, entries->items.size());
    for (std::size_t entry = 0; entry < count; ++entry) {
      std::vector<OutCell> line(columns.size());
      for (std::size_t at = 0; at < columns.size(); ++at) {
        const Column& column = columns[at];
        const Node* from = &item;
        if (!layout.inner.empty() && !column.outer) {
          if (entries == nullptr || entries->items.empty()) continue;
          from = &entries->items[entry];
        } else if (entry > 0 && at > 0) {
          continue;  // said once, in the first row of the object
        }
        const Node* value = Find(*from, column.path.back()->name);
        if (value == nullptr) continue;
        line[at] = CellOf(*column.path.back(), *value);
        used[at] = true;
      }
      lines.push_back(std::move(line));
    }
  }
  sheet::OutSheet out{std::string(layout.title), {{}}};
  for (std::size_t at = 0; at < columns.size(); ++at) {
    if (used[at]) out.rows[0].push_back({OutCell::Kind::kText, columns[at].header});
  }
  for (auto& line : lines) {
    std::vector<OutCell> kept;
    for (std::size_t at = 0; at < columns.size(); ++at) {
      if (used[at]) kept.push_back(std::move(line[at]));
    }
    out.rows.push_back(std::move(kept));
  }
  return out;
}

}  // namespace

const std::vector<Layout>& Layouts() {
  static const std::vector<Layout> layouts = {
      {"Brief", "brief", "brief", "", false, "campaign brief; strategy"},
      {"KPIs", "kpis", "brief", "kpis", true, "kpi"},
      {"Conversions", "conversions", "brief", "conversions", true, "conversion goals"},
      {"Experiments", "experiments", "brief", "experiments", true, "tests", "arms"},
      {"Media plan", "media_plan", "media_plan", "packages", true, "plan; packages; mediaplan"},
      {"Creatives", "creatives", "creatives", "ads", true, "ads"},
      {"Assets", "assets", "creatives", "assets", true, "files"},
      {"Guidelines", "guidelines", "creatives", "guidelines", false, ""},
      {"Buys", "buys", "buys", "buys", true, "buying; media buys; placements", "ad_groups",
       "Package"},
  };
  return layouts;
}

std::vector<Column> ColumnsOf(const Layout& layout) {
  std::vector<Column> out;
  const Object& object = ObjectOf(layout);
  if (!layout.rows) {
    FieldColumns(object, {}, "", out);
    return out;
  }
  const auto add = [&](const Object& of, bool outer) {
    for (const Field& field : of.fields) {
      if (!Leaf(field)) continue;
      const bool key = &field == &of.fields.front();
      Column column;
      column.header = HeaderOf(field);
      column.aliases = Split(field.aliases, ";");
      if (outer && !key && !layout.prefix.empty()) {
        column.aliases.push_back(column.header);
        column.header = fmt::format("{} {}", layout.prefix, Uncapital(column.header));
      }
      column.aliases.emplace_back(field.name);
      column.path = {&field};
      column.outer = outer;
      out.push_back(std::move(column));
    }
  };
  const auto inner = layout.inner.empty() ? nullptr : object.Find(layout.inner)->of;
  // The key of the outer object first, then the rows' own, then what is rarely filled in.
  add(object, true);
  if (inner != nullptr) {
    add(*inner, false);
    if (!layout.prefix.empty()) {
      std::stable_partition(out.begin() + 1, out.end(),
                            [](const Column& column) { return !column.outer; });
    }
  }
  return out;
}

std::vector<NamedSheet> ToSheets(const std::vector<Fragment>& fragments, bool whole_brief) {
  std::vector<NamedSheet> out;
  for (const Layout& layout : Layouts()) {
    const bool part_of_brief = layout.kind == "brief" && !layout.path.empty();
    if (part_of_brief && whole_brief) continue;
    for (const Fragment& fragment : fragments) {
      if (fragment.kind != layout.kind) continue;
      const Node* node = layout.path.empty() ? &fragment.root : Find(fragment.root, layout.path);
      if (node == nullptr) continue;
      if (layout.rows) {
        out.push_back({&layout, RowsOf(layout, *node)});
        continue;
      }
      sheet::OutSheet lines{std::string(layout.title),
                            {{{OutCell::Kind::kText, "Field"}, {OutCell::Kind::kText, "Value"}}}};
      FieldLines(ObjectOf(layout), *node, {}, ColumnsOf(layout), whole_brief, lines.rows);
      out.push_back({&layout, std::move(lines)});
    }
  }
  return out;
}

sheet::OutSheet TemplateSheet(const Layout& layout) {
  sheet::OutSheet out{std::string(layout.title), {{}}};
  const std::vector<Column> columns = ColumnsOf(layout);
  const auto text = [](std::string value) {
    return OutCell{OutCell::Kind::kText, std::move(value)};
  };
  if (!layout.rows) {
    out.rows = {{text("Field"), text("Value"), text("Notes")}};
    for (const Column& column : columns) {
      const Field& field = *column.path.back();
      out.rows.push_back(
          {text(column.header), text(""),
           text(
               fmt::format("{}{}{}", field.required ? "needed: " : "", field.meaning,
                           field.example.empty() ? "" : fmt::format("; e.g. {}", field.example)))});
    }
    return out;
  }
  std::vector<OutCell> example;
  for (const Column& column : columns) {
    out.rows[0].push_back(text(column.header));
    example.push_back(text(std::string(column.path.back()->example)));
  }
  example[0].text = "# such as: " + example[0].text;
  out.rows.push_back(std::move(example));
  return out;
}

void ReadSheets(const DocumentFile& file, std::vector<Fragment>& out, Trouble& trouble) {
  if (file.name.ends_with(".csv")) {
    ReadCsv(file, out, trouble);
  } else {
    ReadWorkbook(file, out, trouble);
  }
}

}  // namespace maxopt::documents
