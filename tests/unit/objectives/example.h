// The matrices and mixings that M3CoL's golden values are made of.
#pragma once

#include "relata/objectives/mixup_clip.h"
#include "support/tensors.h"

namespace relata::objectives {

/// P[i, j] = sin(0.5i + 0.9j + 0.1), [5, 4]
inline torch::Tensor example_p() {
  return test::matrix(5, 4, [](double i, double j) { return std::sin(0.5 * i + 0.9 * j + 0.1); });
}

/// Q[i, j] = cos(0.4i − 0.7j + 0.2), [5, 4]
inline torch::Tensor example_q() {
  return test::matrix(5, 4, [](double i, double j) { return std::cos(0.4 * i - 0.7 * j + 0.2); });
}

inline Mixing mixing(const std::vector<int64_t>& permutation, const std::vector<double>& b) {
  return {.permutation = test::integers(permutation), .coefficients = test::doubles(b)};
}

/// The mixing of G3: no fixed points.
inline Mixing example_mixing() { return mixing({2, 0, 4, 1, 3}, {.9, 1, .3, .6, 1}); }

/// The two mixings of G7, b = 1 where a row is not selected.
inline Mixing text_mixing() { return mixing({2, 0, 4, 1, 3}, {.9, 1, .3, .6, 1}); }
inline Mixing image_mixing() { return mixing({1, 2, 3, 4, 0}, {1, .8, .7, 1, .05}); }

inline Mixing as_float(const Mixing& m) {
  return {.permutation = m.permutation, .coefficients = m.coefficients.to(torch::kFloat32)};
}

/// Positive factors, one per row [5, 1].
inline torch::Tensor row_factors() { return test::doubles({.2, 3, 1, 40, .01}).unsqueeze(1); }

}  // namespace relata::objectives
