#pragma once
#include <string>
#include <vector>

#include "stages/setup/documents/documents.h"

/// The example campaign, changed so that it is wrong. Everything is made from the committed example
/// by fixed rules: the same every time.
namespace maxopt::mutations {

enum class Form { kYaml, kJson, kCsv, kXlsx };
inline constexpr Form kForms[] = {Form::kYaml, Form::kJson, Form::kCsv, Form::kXlsx};
/// The example as it is.
std::vector<DocumentFile> Example(Form form);
/// The example's pictures; kNotFound for anything else.
Result<std::string> ExampleAsset(const std::string& name);

/// Documents that must not be read.
struct Bad {
  std::string name;  ///< "csv: daily budget \"1e3\""
  std::vector<DocumentFile> files;
  std::string place;  ///< must be in the error: a file, or a file and a cell
  std::string says;   ///< as well
};
/// At least 200, in all forms.
std::vector<Bad> BadDocuments();

/// Documents that are read, each fine by itself, and contradict each other or themselves: what the
/// checks are for. One change of the example each, in YAML.
struct Contradiction {
  std::string name;  ///< what is wrong, in words
  std::vector<DocumentFile> files;
};
std::vector<Contradiction> ContradictoryDocuments();

}  // namespace maxopt::mutations
