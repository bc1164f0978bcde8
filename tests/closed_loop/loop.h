#pragma once
#include <functional>
#include <string>
#include <vector>

#include "closed_loop/worlds.h"
#include "measure/response/response.h"

/// Ways of deciding budgets, played in a world of known truth.
namespace maxopt::loop {

/// How often stated intervals held the truth.
struct Coverage {
  int marginal = 0, marginal50 = 0, marginal90 = 0;  ///< of the first step's marginal ROAS
  int gain = 0, gain50 = 0, gain90 = 0;              ///< of the gain at the aim, steps 1, 9, 17
  Coverage& operator+=(const Coverage& other);
  std::string Text() const;
};

/// What anyone could know of the world this morning, as the product reads it.
ResponseData DataOf(const World& world);

/// Budgets of the next step, by campaign; coverage may be noted where it is not null.
using Decide = std::function<std::vector<double>(const World&, int step, int steps, Coverage*)>;

/// Plays the world to the end of its horizon; expected incremental revenue of the horizon.
double Play(World& world, const Decide& decide, Coverage* coverage = nullptr);

Decide ProductPolicy();
Decide EqualPolicy();
/// Every week a tenth of the money more to those above the mean claimed ROAS of the last four
/// weeks.
Decide PlatformRoasPolicy();
/// Least squares on carried-over root spend, weekdays, trend and year, fitted again every week;
/// budgets go towards the split that its coefficients call best, a fifth of the way.
Decide RegressionPolicy();

}  // namespace maxopt::loop
