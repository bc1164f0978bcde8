#include "stages/setup/documents/node.h"

namespace maxopt::documents {

void ReadSheets(const DocumentFile& file, std::vector<Fragment>&, Trouble& trouble) {
  trouble.In(file.name, "sheets are not read yet");
}

}  // namespace maxopt::documents
