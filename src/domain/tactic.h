#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "result/result.h"

/// A tactic of optimisation: where it fits, what is done, and what is known of what it brings.
namespace maxopt {

/// How well it is known. A prior is knowledge of the trade, never a measurement of ours; the others
/// are earned by measurements (decide/tactics).
enum class TacticGrade { kPrior, kObserving, kCandidate, kValidated, kContradicted };
std::string_view TacticGradeName(TacticGrade grade);  ///< "prior", "observing", ...
Result<TacticGrade> FindTacticGrade(std::string_view name);

/// One side of a context, described as data: the words that it knows.
struct ContextFacet {
  std::string_view name;                    ///< "platform", "problem", ...
  std::span<const std::string_view> words;  ///< empty: any lower-case word
  double weight;                            ///< in likeness of two contexts; ours
  std::string_view meaning;
};
/// platform, channel, objective, industry, funnel, audience, season, spend, problem, lever. "spend"
/// is daily spend in units of the account's currency, in powers of ten that hold for EUR, USD, GBP
/// and their like; "lever" is the Reason of the changes, or "setup" for what no change does.
std::span<const ContextFacet> ContextFacets();

/// How far a KPI is from its target: +0.3 is 30 % worse, -0.1 is 10 % better.
struct KpiGap {
  std::string kpi;
  double relative = 0;
  friend bool operator==(const KpiGap&, const KpiGap&) = default;
};

/// Facet -> words. A facet that is not named: any, or not known.
struct TacticContext {
  std::map<std::string, std::vector<std::string>, std::less<>> facets;
  std::optional<KpiGap> gap{};

  bool Has(std::string_view facet, std::string_view word) const;
  /// Adds a word once; requires a known facet and word.
  void Add(std::string_view facet, std::string_view word);
  friend bool operator==(const TacticContext&, const TacticContext&) = default;
};
/// kInvalidArgument names the facet or word and lists the known ones.
Result<> CheckTacticContext(const TacticContext& context);
/// The band of `a_day` units of spend: "under_100", "100_1000", "1000_10000", "over_10000".
std::string_view SpendBand(double a_day);
/// What the calendar calls a day in Western retail: of black_friday, christmas, january, spring,
/// summer, autumn; ours.
std::string_view SeasonOf(Day day);

/// Relative change of what is got for the same spend, of the objects that are touched: +0.08 is 8 %
/// more conversions or revenue. 90 % interval.
struct TacticEffect {
  double mean = 0, low90 = 0, high90 = 0;
  friend bool operator==(const TacticEffect&, const TacticEffect&) = default;
};

/// One measured window of one client.
struct TacticMeasurement {
  std::string source;  ///< unique: "ledger/412", "trial/alpenglow-..."
  std::string client;
  Day first{}, last{};      ///< inclusive, the client's days
  double lift = 0, se = 0;  ///< relative, as TacticEffect; se > 0
  bool experiment = false;  ///< against a control by lot; false: before against after
  std::string method;
  Instant at{};
  friend bool operator==(const TacticMeasurement&, const TacticMeasurement&) = default;
};

struct Tactic {
  std::string id;  ///< "google-search-negatives"; of a client "alpenglow/bid-google_ads-..."
  std::string title;
  std::string client;  ///< whose it is; empty: the agency's, for all clients
  TacticGrade grade = TacticGrade::kPrior;
  std::string source;  ///< "library", "ledger", or the person who added it
  TacticContext context;
  std::string problem;            ///< what one sees, one or two sentences
  std::string action;             ///< what is done
  std::string why;                ///< why it works
  std::string avoid;              ///< when not to use it
  std::string measure;            ///< how to measure it
  std::vector<std::string> said;  ///< how buyers speak of it, also in German
  std::optional<TacticEffect>
      effect{};         ///< absent: its effect is not more results (tracking, risk)
  std::string basis;    ///< where the effect's size comes from: a publication, or "practice"
  int windows = 0;      ///< independent measured windows behind grade and effect
  int experiments = 0;  ///< of these, experiments
  Instant created_at{}, updated_at{};
  std::optional<Instant> expires_at{}, retired_at{};
  std::string retired_why;
  friend bool operator==(const Tactic&, const Tactic&) = default;
};

/// Complete and of sound words: kInvalidArgument says what is missing or wrong. What is prior has
/// an effect with a basis or none at all; an effect's interval holds its mean.
Result<> CheckTactic(const Tactic& tactic);

/// JSON object, members sorted, the same value the same bytes; reading takes exactly that.
std::string ToJson(const Tactic& tactic);
Result<Tactic> TacticFromJson(std::string_view json);
std::string ToJson(const TacticContext& context);

}  // namespace maxopt
