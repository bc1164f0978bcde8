// Templates and schemas of the four documents.
#include <fmt/core.h>

#include <cstdio>
#include <fstream>

#include "app/cli/commands.h"
#include "stages/setup/documents/documents.h"

namespace maxopt {

Result<int> TemplateCommand(const TemplateArguments& arguments) {
  std::string form = arguments.form;
  if (form.empty()) {
    // What a person would take: a workbook as such, and otherwise the ending of the file.
    const std::size_t dot = arguments.out.find_last_of('.');
    form = arguments.kind == "workbook"           ? "xlsx"
           : dot == std::string::npos             ? "yaml"
           : arguments.out.substr(dot) == ".csv"  ? "csv"
           : arguments.out.substr(dot) == ".xlsx" ? "xlsx"
                                                  : "yaml";
  }
  auto text = form == "csv"    ? DocumentTemplateCsv(arguments.kind)
              : form == "xlsx" ? DocumentTemplateXlsx(arguments.kind)
                               : DocumentTemplateYaml(arguments.kind);
  if (!text) return Fail(text.error());
  if (arguments.out.empty()) {
    if (form == "xlsx") {
      return Fail(Errc::kInvalidArgument,
                  "a workbook is no text for a terminal; say where to: --out plan.xlsx");
    }
    std::fwrite(text->data(), 1, text->size(), stdout);
    return kExitOk;
  }
  if (std::ifstream(arguments.out)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} is there already; name another file, or move it", arguments.out));
  }
  std::ofstream out(arguments.out, std::ios::binary);
  out << *text;
  out.close();
  if (!out) return Fail(Errc::kLocal, fmt::format("cannot write {}", arguments.out));
  fmt::print("{} written\n", arguments.out);
  return kExitOk;
}

Result<int> SchemaCommand(const std::string& kind) {
  MAXOPT_TRY(const std::string schema, DocumentSchema(kind));
  std::fwrite(schema.data(), 1, schema.size(), stdout);
  return kExitOk;
}

}  // namespace maxopt
