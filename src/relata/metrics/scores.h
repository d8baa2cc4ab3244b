// What a classifier was asked and what it said, as read-only views: class scores and row weights.
// Labels are class numbers 0, 1, …; every row that enters a metric must have one.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace relata::metrics {

/// Class scores, row-major [rows, classes]: logits or probabilities. The values must outlive the
/// view.
struct ScoreMatrix {
  std::span<const double> values;
  int64_t rows = 0;
  int64_t classes = 0;

  std::span<const double> row(int64_t index) const {
    return values.subspan(static_cast<size_t>(index * classes), static_cast<size_t>(classes));
  }
};

/// How often each row counts [rows]: all 1 for the data as they are, multiplicities for a bootstrap
/// resample.
using Weights = std::span<const int32_t>;

/// Weights that count each row once.
std::vector<int32_t> unit_weights(int64_t rows);

/// Σ w·v / Σ w; NaN if all weights are 0.
double weighted_mean(std::span<const double> values, Weights weights);

/// Largest entry, the lowest index on ties; `scores` is not empty and has no NaN.
int64_t argmax(std::span<const double> scores);

/// The predicted class of each row [rows]: argmax. Throws Error if there are no rows or a score is
/// NaN.
std::vector<int64_t> argmax(const ScoreMatrix& scores);

/// [rows, 2] row-major (1 − p, p): a binary probability as class probabilities.
std::vector<double> with_complement(std::span<const double> probability);

}  // namespace relata::metrics
