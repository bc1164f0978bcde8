#pragma once
// Inside of this folder: charts as inline SVG.
#include <string>

#include "stages/report/document.h"

namespace maxopt::report {

/// An <svg> whose colours are the page's variables, and its legend. `id` is unique in the page.
std::string ChartSvg(const Chart& chart, const Catalogue& texts, const std::string& id);

/// The least "round" number (1, 2, 2.5 or 5 times a power of ten) of which four steps hold `top`.
double RoundStep(double top);

}  // namespace maxopt::report
