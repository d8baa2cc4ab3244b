// Confidence intervals of any metric by the percentile bootstrap, over rows or groups of rows.
// Source: Efron, Tibshirani, "An introduction to the bootstrap", 1993, §13.3.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "relata/metrics/scores.h"

namespace relata::metrics {

struct BootstrapOptions {
  // Changes results.
  int64_t resamples = 10'000;  ///< 0: the estimate alone, interval ends are NaN
  double level = 0.95;         ///< between the quantiles (1 − level)/2 and (1 + level)/2
  uint64_t seed = 0;           ///< resample r is a function of seed and r alone, not of threads
  /// Group of each row [rows], any numbers: groups are drawn whole, as many as there are.
  /// Empty: rows are drawn. Must outlive the call.
  std::span<const int64_t> groups = {};
};

struct Interval {
  double estimate = 0;  ///< the metric of the rows as they are
  double low = 0;       ///< NaN if there is no resample with a value
  double high = 0;
  double level = 0;
  int64_t resamples = 0;  ///< drawn
  int64_t undefined = 0;  ///< of these, left out because the metric was NaN (e.g. one class only)
};

/// A metric of weighted rows, NaN where undefined; called concurrently.
using WeightedMetric = std::function<double(Weights)>;

/// Several metrics that share work; always as many values.
using WeightedMetrics = std::function<std::vector<double>(Weights)>;

/// A metric of chosen row numbers, ascending, repeated as often as drawn; called concurrently.
using RowMetric = std::function<double(std::span<const int64_t> rows)>;

/// The general form: slower, for metrics that do not take weights.
WeightedMetric over_rows(RowMetric metric);

/// Throws Error for rows < 1, level not in (0, 1), resamples < 0, or groups that are not one a row.
Interval bootstrap(const WeightedMetric& metric, int64_t rows,
                   const BootstrapOptions& options = {});

/// Intervals of several metrics from the same resamples.
std::vector<Interval> bootstrap_all(const WeightedMetrics& metrics, int64_t rows,
                                    const BootstrapOptions& options = {});

/// The q-quantile with linear interpolation between order statistics (type 7 of Hyndman, Fan 1996);
/// `sorted` ascending, without NaN; NaN if it is empty.
double quantile(std::span<const double> sorted, double q);

}  // namespace relata::metrics
