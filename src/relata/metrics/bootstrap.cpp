#include "relata/metrics/bootstrap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "relata/base/counter_rng.h"
#include "relata/base/error.h"
#include "relata/base/parallel.h"
#include "relata/metrics/check.h"

namespace relata::metrics {
namespace {

constexpr int64_t kResamplesPerTask = 16;

/// The units that are drawn: rows, or groups of rows.
struct Units {
  int64_t count = 0;
  std::vector<int64_t> of_row;  ///< unit of each row; empty if the units are the rows
};

void check_options(int64_t rows, const BootstrapOptions& options) {
  check_rows(rows);
  if (!(options.level > 0 && options.level < 1)) {
    throw Error({.what = fmt::format("the level of an interval lies between 0 and 1, got {}",
                                     options.level)});
  }
  if (options.resamples < 0) {
    throw Error({.what = fmt::format("{} resamples cannot be drawn", options.resamples)});
  }
  if (!options.groups.empty()) {
    check_same_rows("rows", static_cast<size_t>(rows), "group labels", options.groups.size());
  }
}

Units units_of(int64_t rows, std::span<const int64_t> groups) {
  if (groups.empty()) return {.count = rows, .of_row = {}};
  std::vector<int64_t> distinct(groups.begin(), groups.end());
  std::ranges::sort(distinct);
  distinct.erase(std::ranges::unique(distinct).begin(), distinct.end());
  std::vector<int64_t> of_row(groups.size());
  std::ranges::transform(groups, of_row.begin(), [&distinct](int64_t group) {
    return std::distance(distinct.begin(), std::ranges::lower_bound(distinct, group));
  });
  return {.count = std::ssize(distinct), .of_row = std::move(of_row)};
}

/// The weights of the rows in resample number `resample`.
std::vector<int32_t> draw(const Units& units, uint64_t seed, int64_t resample) {
  std::vector<int32_t> drawn(static_cast<size_t>(units.count));
  CounterRng rng(seed, resample);
  for (int64_t i = 0; i < units.count; ++i) ++drawn[rng.below(static_cast<uint64_t>(units.count))];
  if (units.of_row.empty()) return drawn;

  std::vector<int32_t> weights(units.of_row.size());
  std::ranges::transform(units.of_row, weights.begin(),
                         [&drawn](int64_t unit) { return drawn[static_cast<size_t>(unit)]; });
  return weights;
}

/// One value per resample, for each metric: [metrics][resamples].
std::vector<std::vector<double>> resample(const WeightedMetrics& metrics, size_t metric_count,
                                          const Units& units, const BootstrapOptions& options) {
  std::vector<std::vector<double>> values(
      metric_count, std::vector<double>(static_cast<size_t>(options.resamples)));
  parallel_for(options.resamples, kResamplesPerTask, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const auto of_resample = metrics(draw(units, options.seed, r));
      for (size_t m = 0; m < metric_count; ++m) {
        values[m][static_cast<size_t>(r)] = of_resample[m];
      }
    }
  });
  return values;
}

Interval percentile_interval(double estimate, std::vector<double> values, double level) {
  const int64_t resamples = std::ssize(values);
  std::erase_if(values, [](double value) { return std::isnan(value); });
  std::ranges::sort(values);
  return {.estimate = estimate,
          .low = quantile(values, (1 - level) / 2),
          .high = quantile(values, (1 + level) / 2),
          .level = level,
          .resamples = resamples,
          .undefined = resamples - std::ssize(values)};
}

}  // namespace

WeightedMetric over_rows(RowMetric metric) {
  return [metric = std::move(metric)](Weights weights) {
    std::vector<int64_t> rows;
    rows.reserve(weights.size());
    for (size_t i = 0; i < weights.size(); ++i) {
      rows.insert(rows.end(), static_cast<size_t>(weights[i]), static_cast<int64_t>(i));
    }
    return metric(rows);
  };
}

Interval bootstrap(const WeightedMetric& metric, int64_t rows, const BootstrapOptions& options) {
  return bootstrap_all([&metric](Weights weights) { return std::vector{metric(weights)}; }, rows,
                       options)
      .front();
}

std::vector<Interval> bootstrap_all(const WeightedMetrics& metrics, int64_t rows,
                                    const BootstrapOptions& options) {
  check_options(rows, options);
  const auto estimates = metrics(unit_weights(rows));
  auto values = resample(metrics, estimates.size(), units_of(rows, options.groups), options);
  std::vector<Interval> intervals;
  for (size_t m = 0; m < estimates.size(); ++m) {
    intervals.push_back(percentile_interval(estimates[m], std::move(values[m]), options.level));
  }
  return intervals;
}

double quantile(std::span<const double> sorted, double q) {
  if (sorted.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

}  // namespace relata::metrics
