#pragma once
#include <optional>
#include <string>
#include <vector>

#include "stages/report/cells/cells.h"
#include "stages/report/narrative/narrative.h"

/// What the numbers of a period mean: found by rules over views, each claim with the cells it rests
/// on, how strong the evidence is, and what would change our mind.
namespace maxopt::report {

/// How much a claim may be believed, strongest first. Only the first two speak of causes.
enum class Strength {
  kExperiment,   ///< a randomised or switched test of ours
  kLift,         ///< a measured lift against a modelled counterfactual
  kTested,       ///< a difference that passed a significance test, with its false discovery rate
  kBeforeAfter,  ///< what came after, never therefore
  kDescribed,    ///< an arithmetic fact of the period
};
std::string_view StrengthName(Strength strength);  ///< "experiment", "lift", "tested", ...

/// pattern      a dimension of the campaigns behaves differently
/// variance     against the plan or a target
/// change       against the period before
/// benchmark    against the client's own history or past campaigns
/// outcome      what an action of Max brought
/// truth        the three truths beside each other
/// caution      what a reader must not conclude
/// next         what to do, with its expected effect
struct Insight {
  std::string kind;
  std::string subject;  ///< "campaigns[meta/1/11]": what it is about, stable
  Phrase claim;
  Strength strength = Strength::kDescribed;
  Phrase change_our_mind;
  /// How much it matters; orders insights of a kind, whose weights are of one unit.
  double weight = 0;
};

struct InsightOptions {
  std::string lead = "conversions";  ///< the leading metric of the report
  std::string cost = "cpa";          ///< what one of it costs
  bool whole = true;  ///< every day of the period is known: it may be compared with others
  int most_of_a_kind = 24;
};

/// Pure. `book` is given the derivations that the claims need. Strongest and heaviest first within
/// a kind. A view that is not there gives no insight; absent cells give none either.
std::vector<Insight> FindInsights(Book& book, const InsightOptions& options);

}  // namespace maxopt::report
