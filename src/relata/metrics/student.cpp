#include "relata/metrics/student.h"

#include <cmath>
#include <limits>

namespace relata::metrics {
namespace {

/// The continued fraction of I_x(a, b), DLMF 8.17.22, by the modified Lentz method.
/// Converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double x, double a, double b) {
  constexpr double kTiny = 1e-300;
  constexpr int kMostSteps = 100'000;
  const auto away_from_zero = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  const auto multiply = [&](double coefficient) {
    d = 1 / away_from_zero(1 + coefficient * d);
    c = away_from_zero(1 + coefficient / c);
    fraction *= c * d;
    return std::abs(c * d - 1) > std::numeric_limits<double>::epsilon();
  };
  for (int m = 1; m <= kMostSteps; ++m) {
    multiply(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)));
    if (!multiply(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)))) break;
  }
  return fraction;
}

/// ln of x^a y^b / B(a, b), y = 1 − x. Long double, since the large logarithms all but cancel.
double log_front(double x, double y, double a, double b) {
  const auto log_gamma = [](long double z) { return std::lgamma(z); };
  // The larger of both is near 1: its logarithm is taken from the smaller.
  const long double log_x =
      x < y ? std::log(static_cast<long double>(x)) : std::log1p(-static_cast<long double>(y));
  const long double log_y =
      x < y ? std::log1p(-static_cast<long double>(x)) : std::log(static_cast<long double>(y));
  const long double sum = static_cast<long double>(a) + b;
  return static_cast<double>(a * log_x + b * log_y + log_gamma(sum) - log_gamma(a) - log_gamma(b));
}

/// I_x(a, b) with y = 1 − x given too, so that neither loses its digits where the other is near 1.
double incomplete_beta(double x, double y, double a, double b) {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  // I_x(a, b) = x^a y^b / (a B(a, b)) · fraction(x, a, b) = 1 − I_y(b, a)
  const double front = std::exp(log_front(x, y, a, b));
  return x < (a + 1) / (a + b + 2) ? front * beta_fraction(x, a, b) / a
                                   : 1 - front * beta_fraction(y, b, a) / b;
}

}  // namespace

double student_t_two_sided(double t, double df) {
  if (std::isinf(t)) return 0;
  // P(|T| ≥ |t|) = I_x(df / 2, ½),   x = df / (df + t²)
  const double whole = df + t * t;
  return incomplete_beta(df / whole, t * t / whole, df / 2, 0.5);
}

double incomplete_beta(double x, double a, double b) { return incomplete_beta(x, 1 - x, a, b); }

}  // namespace relata::metrics
