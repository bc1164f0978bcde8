#pragma once
// Inside of this folder: every table of a document once, for the forms that have one file or sheet
// a table.
#include <string>
#include <vector>

#include "stages/report/document.h"

namespace maxopt::report {

struct NamedTable {
  std::string section;
  const Table* table;
  const Chart* chart;  ///< that is drawn of it; null: none
};
std::vector<NamedTable> TablesOf(const Document& document);

}  // namespace maxopt::report
