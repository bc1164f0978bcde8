#pragma once
// Inside of this folder: a report's paragraphs in a house tone.
#include <optional>

#include "app/home/home.h"
#include "stages/report/report.h"

namespace maxopt {

/// Has the home's language model put the report's paragraphs into other words, where model.yaml
/// says `narrative: true`; nullopt: it does not, or the report has no paragraphs. The model is
/// shown texts with empty slots only, so no number and no name; what of its answer does not say the
/// same (report::RewordParagraph) is not kept. What is wrong with the model is in Wording::kept,
/// never an error. Errors: those of Compose.
Result<std::optional<report::Wording>> AskForWording(Home& home, const report::Settings& settings,
                                                     const report::Inputs& inputs);

}  // namespace maxopt
