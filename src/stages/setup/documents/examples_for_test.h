#pragma once
#include <string>
#include <vector>

#include "stages/setup/documents/documents.h"

/// The example campaign in its forms, for the tests of this folder.
namespace maxopt::documents_test {

/// Content of a file below the source folder; a failed test when it is not there.
std::string Source(const std::string& path);
/// What the example's documents name, from its folder.
Result<std::string> ExampleAsset(const std::string& name);

enum class Form { kYaml, kJson, kCsv, kXlsx };
inline constexpr Form kForms[] = {Form::kYaml, Form::kJson, Form::kCsv, Form::kXlsx};
std::vector<DocumentFile> Example(Form form);
/// The documents without their places, as text.
std::string Printed(const CampaignDocuments& documents);

}  // namespace maxopt::documents_test
