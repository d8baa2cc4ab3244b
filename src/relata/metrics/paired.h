// Is one system better than another: tests of two systems on the same rows, or of two sets of runs.
// Functions throw Error for inputs that are no samples, labels or p-values.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace relata::metrics {

struct McNemarTest {
  int64_t only_a = 0;  ///< rows that A alone gets right
  int64_t only_b = 0;
  double p = 1;  ///< two-sided
};

/// Exact McNemar test: with equal error rates only_a ~ Binomial(only_a + only_b, ½).
/// p = 1 if both are 0. Throws Error for negative counts.
McNemarTest mcnemar(int64_t only_a, int64_t only_b);

/// Of the predictions of A and B on the same rows; all [rows].
McNemarTest mcnemar(std::span<const int64_t> predictions_a, std::span<const int64_t> predictions_b,
                    std::span<const int64_t> labels);

struct HolmCorrection {
  std::vector<double> adjusted;  ///< to be compared with the level, in the order given
  std::vector<bool> rejected;    ///< adjusted ≤ level
};

/// Holm's step-down correction for m tests:
///   adjusted p_(i) = max_{j ≤ i} min(1, (m − j + 1) p_(j)),   p_(1) ≤ p_(2) ≤ …
/// Throws Error for a p-value outside [0, 1]. No tests give no results.
HolmCorrection holm(std::span<const double> p_values, double level = 0.05);

/// What a table tells about a set of runs.
struct Sample {
  double mean = 0;
  double sd = 0;  ///< sample standard deviation (n − 1)
  int64_t n = 0;
};

struct WelchTest {
  double t = 0;
  double df = 0;  ///< Welch–Satterthwaite
  double p = 1;   ///< two-sided
};

/// Welch's t-test of equal means with unequal variances.
///   A sample of n = 1, whose spread is unknown: t, df and p are NaN.
///   Both standard deviations 0: df = n_a + n_b − 2;
///   t = 0, p = 1 for equal means, else t = ±∞, p = 0.
/// Throws Error for n < 1, a mean that is not finite, or a standard deviation (of n ≥ 2) that is
/// negative or not finite.
WelchTest welch(const Sample& a, const Sample& b);

}  // namespace relata::metrics
