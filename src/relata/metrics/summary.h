// Several runs in one number: mean and sample standard deviation over seeds or folds.
#pragma once

#include <span>
#include <string>

namespace relata::metrics {

/// Throws Error for no values.
double mean(std::span<const double> values);

/// √(Σ (x − mean)² / (n − 1)); NaN for one value. Throws Error for none.
double sample_sd(std::span<const double> values);

/// "80.2 ± 4.2": mean ± sample standard deviation of shares, in percent points; "80.2" for one
/// value. Throws Error for no values.
std::string percent_points(std::span<const double> shares, int decimals = 1);

}  // namespace relata::metrics
