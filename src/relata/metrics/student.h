// Student's t distribution, by way of the regularised incomplete beta function.
// Relative error about 1e-12, also far in the tails, for parameters up to 1e5 (80-bit long double).
#pragma once

namespace relata::metrics {

/// P(|T| ≥ |t|) of Student's t with df > 0 degrees of freedom.
double student_t_two_sided(double t, double df);

/// I_x(a, b), the regularised incomplete beta function; a, b > 0, 0 ≤ x ≤ 1.
double incomplete_beta(double x, double a, double b);

}  // namespace relata::metrics
