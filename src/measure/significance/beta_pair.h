#pragma once

namespace maxopt::significance {

/// Beta(a, b); both above 0.
struct BetaShape {
  double a, b;
};

struct BetaComparison {
  double prob_b_better, loss_a, loss_b;
};

/// Compares two independent Beta variables by quadrature in x = logit(p).
///
/// In x the density of a Beta is log-concave, exp(-n K(u) + c) with u the distance from logit(a/n),
/// n = a + b and K the cumulant function of a centred Bernoulli, which is summed as a series near
/// its zero; so nothing cancels, whatever the counts. Each density gets panels as wide as its local
/// scale, and 16-point Gauss-Legendre on the union of both sets of panels gives density and
/// distribution function (by the spectral integration matrix) at the same nodes. Of the two
/// directions the less likely one is integrated,
///   P(low > up) = int f_low F_up dx,   E max(low - up, 0) = int S_low F_up p (1 - p) dx,
/// (`low` the arm with the smaller centre) so that small probabilities keep their digits; the other
/// direction follows from 1 - P and from the difference of the means.
BetaComparison CompareBetas(BetaShape a, BetaShape b);

/// The x with P(ln(b/a) <= x) = q, for two independent Beta variables; q in (0, 1).
double RatioLogQuantile(BetaShape a, BetaShape b, double q);

}  // namespace maxopt::significance
