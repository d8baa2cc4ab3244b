// From what Python gives to what the engine takes: tensors to scores and class numbers, checked.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "relata/metrics/scores.h"

namespace relata::python {

/// A score: [rows] of class 1, or [rows, classes] row-major.
struct Scores {
  std::vector<double> values;
  int64_t rows = 0;
  int64_t classes = 0;  ///< 0 for [rows]

  bool is_matrix() const { return classes > 0; }
  metrics::ScoreMatrix matrix() const { return {values, rows, classes}; }
};

/// Throws Error unless `tensor` is [rows] or has two classes or more, and has real values.
Scores scores_of(const torch::Tensor& tensor, std::string_view what);

/// The same, but [rows, classes] is the only shape. Throws Error for any other.
Scores matrix_of(const torch::Tensor& tensor, std::string_view what);

/// [rows] whole numbers of any type. Throws Error for another shape or a value that is not whole.
std::vector<int64_t> class_numbers(const torch::Tensor& tensor, std::string_view what);

/// Class numbers [rows] as they are, or the argmax of class scores [rows, classes].
std::vector<int64_t> predicted_classes(const torch::Tensor& prediction_or_score);

/// The engine's own loops use as many threads as torch is set to.
void follow_torch_threads();

}  // namespace relata::python
