// The checks every metric makes before it computes: each throws Error with the row and the value at
// fault.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "relata/metrics/scores.h"

namespace relata::metrics {

/// At least one row.
void check_rows(int64_t rows);

/// Two inputs of one metric have the same number of rows, at least one.
void check_same_rows(std::string_view a_name, size_t a_rows, std::string_view b_name,
                     size_t b_rows);

/// Each is a class number 0, …, classes − 1; `what` is "label" or "prediction".
void check_classes(std::string_view what, std::span<const int64_t> numbers, int64_t classes);

/// No NaN. Infinite scores are allowed: they rank.
void check_scores(std::span<const double> scores);

/// At least one row and one class, rows · classes values, no NaN.
void check_scores(const ScoreMatrix& scores);

/// check_scores, and all values are finite: logits that are to be added up.
void check_logits(const ScoreMatrix& logits);

/// Each is in [0, 1], up to the rounding of float arithmetic.
void check_probabilities(std::span<const double> probabilities);

/// check_scores, each value is in [0, 1] and each row sums to 1 (within 1e-3): catches logits.
void check_probabilities(const ScoreMatrix& probabilities);

}  // namespace relata::metrics
