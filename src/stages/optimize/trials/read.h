#pragma once
#include <span>

#include "stages/optimize/trials/trials.h"

/// Readings of trials that are over.
namespace maxopt::trials {

/// Days of history before a switchback from which weekdays are learnt: eight of each, enough for a
/// mean and near enough to be the same season.
inline constexpr int kWeekdayHistory = 56;

/// Without the week: each value less what its weekday is above the mean in `pre`, whose last value
/// is the day before the first of `y`. Unchanged with fewer than two weeks of `pre`.
std::vector<double> WithoutWeek(std::span<const double> y, std::span<const double> pre);

/// Days of history from which the error of a switchback of so many days can be foretold: three
/// whole windows a week apart, after eight weeks that tell the weekdays.
int SwitchbackHistory(int trial_days);
/// Standard error of such a switchback's answer, from pretended ones in a history without any: root
/// mean square of their answers. nullopt: the history is shorter than SwitchbackHistory.
std::optional<double> SwitchbackError(std::span<const double> history,
                                      const std::vector<bool>& schedule, int block_days,
                                      int burn_in_days, const std::string& key);

/// Reads a trial whose last day is `last`. Errors: our own memory's. A reading without `daily` says
/// in its conclusion why nothing could be read.
Result<TrialReading> ReadTrial(const TrialsWorld& world, const Client& client, const Trial& trial,
                               Day last, Instant now);

/// How long the books may take to know a day of a test; what they lack then they will not get.
inline constexpr int kBooksWaitDays = 21;
/// Why a reading by places has to wait for books; empty: it has not.
Result<std::string> PlacesWait(const TrialsWorld& world, const Client& client,
                               const std::set<std::string>& places, Day first, Day last, Day today);

/// What the places of a turn, resting from `first` to `last`, went without.
Result<TrialReading> ReadPlaces(const TrialsWorld& world, const Client& client,
                                const std::set<std::string>& places, Day first, Day last,
                                Instant now);

/// "1 234 EUR a day (95 %: ...)" and whether that is told from none.
std::string Sentence(const TrialReading& reading, const std::string& who, Currency currency);

}  // namespace maxopt::trials
