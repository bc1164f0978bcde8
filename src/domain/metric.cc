#include "domain/metric.h"

#include <fmt/format.h>

namespace maxopt {
namespace {

struct BreakdownWord {
  Breakdown breakdown;
  std::string_view name;
};
constexpr BreakdownWord kBreakdowns[] = {
    {Breakdown::kNone, "none"},
    {Breakdown::kDevice, "device"},
    {Breakdown::kCountry, "country"},
    {Breakdown::kPlacement, "placement"},
    {Breakdown::kAgeGender, "age_gender"},
    {Breakdown::kKeyword, "keyword"},
    {Breakdown::kSearchTerm, "search_term"},
    {Breakdown::kAudience, "audience"},
    {Breakdown::kCreative, "creative"},
};

}  // namespace

std::string_view GrainName(Grain grain) { return grain == Grain::kDay ? "day" : "hour"; }

std::string_view BreakdownName(Breakdown breakdown) {
  for (const auto& word : kBreakdowns) {
    if (word.breakdown == breakdown) return word.name;
  }
  Bug();
}

Result<Breakdown> FindBreakdown(std::string_view name) {
  std::string known;
  for (const auto& word : kBreakdowns) {
    if (word.name == name) return word.breakdown;
    known += known.empty() ? "" : ", ";
    known += word.name;
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("breakdown \"{}\" is not known; known are {}", name, known));
}

}  // namespace maxopt
