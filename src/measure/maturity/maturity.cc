#include "measure/maturity/maturity.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace maxopt {

double Maturity::At(int age) const {
  if (age < 0) return 0;
  const auto at = static_cast<std::size_t>(age);
  return at < share.size() ? share[at] : 1;
}

std::vector<double> DelayPrior(int ages) {
  ages = std::clamp(ages, 1, 120);
  // The missing share is 0.5 after one day and 0.13 after fourteen. At age 0 the day has just
  // ended: its clicks are half a day old on average, between the 35 % of the first hour and the 50
  // % of the first day.
  const double per_day = std::pow(0.13 / 0.5, 1.0 / 13);
  std::vector<double> known;
  for (int age = 0; age <= ages; ++age) {
    known.push_back(age == 0 ? 0.425 : 1 - 0.5 * std::pow(per_day, age - 1));
  }
  // What the platform does not count any more never comes.
  for (double& share : known) share = std::min(1.0, share / known.back());
  known.back() = 1;
  return known;
}

Result<Maturity> EstimateMaturity(std::span<const DayGrowth> days, std::span<const double> prior,
                                  double prior_weight) {
  if (prior.empty() || !(prior_weight > 0) || !std::isfinite(prior_weight)) {
    return Fail(Errc::kInvalidArgument, "maturity needs a prior of some weight");
  }
  for (const double share : prior) {
    if (!(share > 0) || !std::isfinite(share)) {
      return Fail(Errc::kInvalidArgument, "a prior share of maturity is not above 0");
    }
  }
  Maturity maturity;
  maturity.share.assign(prior.size(), 1);
  for (std::size_t age = prior.size() - 1; age-- > 0;) {
    double before = prior_weight * prior[age];
    double after = prior_weight * prior[age + 1];
    for (const DayGrowth& day : days) {
      for (const double count : day.known) {
        if (!(count >= 0) || !std::isfinite(count)) {
          return Fail(Errc::kInvalidArgument,
                      "conversions of a day are not a count: " + std::to_string(count));
        }
      }
      if (age + 1 >= day.known.size()) continue;
      before += day.known[age];
      after += day.known[age + 1];
      maturity.evidence = std::max(maturity.evidence, after - prior_weight * prior[age + 1]);
    }
    // A growth to nothing would make the share of every younger age infinite: what is taken back
    // whole is no pattern of delay.
    const double growth = std::max(after, before / 100) / before;
    maturity.share[age] = maturity.share[age + 1] / growth;
  }
  return maturity;
}

}  // namespace maxopt
