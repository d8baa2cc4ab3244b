// L2-regularised logistic regression: the simple baseline that a learned classifier must beat.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace relata::models {

/// Weights of a fitted model. Two classes have one column of logits, more have one each (softmax).
struct LogisticRegression {
  torch::Tensor weight;     ///< [width, columns] float64
  torch::Tensor intercept;  ///< [columns] float64

  /// x [rows, width] float64 → logits [rows, classes]; for two classes (0, z), so that their
  /// softmax is the sigmoid.
  torch::Tensor logits(const torch::Tensor& x) const;
};

struct LogisticOptions {
  double c = 1;  ///< inverse regularisation, scikit-learn's C
  int64_t classes = 2;
  double tolerance = 1e-8;  ///< largest gradient of the mean penalised loss at the solution
};

/// Minimises C Σ_i loss_i + ½‖W‖² (intercepts free), in double, by L-BFGS until the gradient
/// vanishes. x [rows, width] float64, labels [rows] int64 in [0, classes). Throws Error for fewer
/// than two classes in the labels.
LogisticRegression fit_logistic(const torch::Tensor& x, const torch::Tensor& labels,
                                const LogisticOptions& options,
                                const LogisticRegression* start = nullptr);

}  // namespace relata::models
