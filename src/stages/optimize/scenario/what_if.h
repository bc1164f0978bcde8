#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "decide/scenario/scenario.h"
#include "stages/optimize/history.h"

namespace maxopt {

struct WhatIfOptions {
  int history_days = 420;
  ResponseOptions response{};
  std::optional<double> gross_margin{};     ///< of revenue, (0, 1]; absent: profit is not known
  int rate_age_max_days = kRateAgeMaxDays;  ///< of rates of exchange, before that is noted
};

/// What a client's scenarios are asked of.
struct WhatIf {
  ScenarioProblem problem;
  Day first{}, last{};  ///< the history, in the client's zone
  /// Rates of exchange that were used. What stands against deciding on these data now (a broken
  /// signal, an incomplete week): a what-if is no decision, so it is answered and says so.
  std::vector<std::string> notes;
};

/// Reads live budgets and history, fits the response and puts both together: a channel's delivery
/// is its spend of the last 7 days over its live budget; what was tried is its spend on all but the
/// lowest and highest twentieth of its days, a fifth above the latter counting as known too; an
/// order brings what those of the last 28 days of history brought on average. Writes nothing.
/// Errors: kNotFound for the client; as ReadClientHistory and FitResponse.
Result<WhatIf> ReadWhatIf(const OptimizeWorld& world, const std::string& client,
                          const WhatIfOptions& options);

/// A channel's amount: "40" in its own currency, or in one that is named: "40 EUR".
Result<Money> ReadAmount(std::string_view text, std::string_view channel, Currency client);
/// "-20%", "+7.5%" (of the present total) or "1200.50" into a scenario's total.
Result<> ReadTotal(std::string_view text, Currency currency, Scenario& scenario);
/// "marginal_roas=2", "average_roas=3", "marginal_cpa=30", "average_cpa=25".
Result<Scenario::Target> ReadTarget(std::string_view text);

struct ScenarioFile {
  std::optional<double> gross_margin{};
  std::vector<Scenario> scenarios;
};
/// docs/scenarios.md describes the file. Errors name file and line; unknown keys are errors.
Result<ScenarioFile> ParseScenarioFile(std::string_view yaml, const std::string& file,
                                       Currency currency);

}  // namespace maxopt
