#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sheet/sheet.h"
#include "stages/setup/documents/node.h"
#include "stages/setup/documents/tables.h"

namespace maxopt::documents {

/// One sheet that planners fill in. Its columns come from the tables.
struct Layout {
  std::string_view title;  ///< the sheet's name: "Media plan"
  std::string_view stem;   ///< the CSV file's: "media_plan"
  std::string_view kind;   ///< of the document it is a part of
  /// Rows: the list of the document that its rows are; fields: empty, or the object it fills.
  std::string_view path;
  bool rows;
  std::string_view aliases;  ///< other names of the sheet
  /// A list inside of the rows' objects, one row an entry: "ad_groups"; empty: none.
  std::string_view inner{};
  std::string_view prefix{};  ///< before headers of the outer object but the first: "Package"
};
const std::vector<Layout>& Layouts();

/// A column of a sheet, or a line of a field,value sheet.
struct Column {
  std::string header;
  std::vector<std::string> aliases;
  std::vector<const Field*> path;  ///< from the layout's object: of lists, entries in order
  bool outer = false;              ///< of the outer object of a layout with `inner`
};
std::vector<Column> ColumnsOf(const Layout& layout);

/// The sheets that say what `fragments` say, with the columns that are used. `whole_brief`: KPIs,
/// conversions and experiments are lines of the brief, not sheets of their own. Texts of a list
/// that hold line breaks lose them: cells keep one entry a line.
struct NamedSheet {
  const Layout* layout;
  sheet::OutSheet sheet;
};
std::vector<NamedSheet> ToSheets(const std::vector<Fragment>& fragments, bool whole_brief);

/// Header and an example row that is a comment; of field,value sheets all fields and their meaning.
sheet::OutSheet TemplateSheet(const Layout& layout);

}  // namespace maxopt::documents
