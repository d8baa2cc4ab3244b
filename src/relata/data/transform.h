// Statistics of a vector field, fitted on the training rows alone and saved with the model.
#pragma once

#include <torch/types.h>

#include <string_view>

#include "relata/data/dataset.h"

namespace relata::data {

/// The rows of `view` that have the field, as float64 [rows, width], and which they are
/// (positions).
struct FieldMatrix {
  torch::Tensor values;            ///< [present rows, width] float64
  std::vector<int64_t> positions;  ///< [present rows]
};

/// Throws Error naming the row and feature of the first value that is not finite, or if no row has
/// the field.
FieldMatrix field_matrix(const View& view, std::string_view field);

/// x' = (x − offset) / scale, per feature, in double.
struct Affine {
  torch::Tensor offset;  ///< [width] float64
  torch::Tensor scale;   ///< [width] float64; infinite where the feature is to become 0

  /// [rows, width] float64 → the same shape.
  torch::Tensor operator()(const torch::Tensor& values) const;
};

/// Throws the Error for a value that is not finite, by record and feature.
[[noreturn]] void refuse_value(const View& view, std::string_view field, int64_t position,
                               size_t feature);

enum class ConstantFeature {
  kKeep,  ///< divide by range + 1e-10 whatever it is, as published: an unseen value may become 1e10
  kZero,  ///< a feature whose training range is below 1e-10 becomes 0 everywhere
};

/// offset = min, scale = (max − min) + 1e-10 over the rows given. Not clipped.
/// Source: the released M3CoL code.
Affine fit_min_max(const torch::Tensor& values, ConstantFeature constant);

/// offset = mean, scale = population standard deviation, 1 where the feature is constant (as
/// scikit-learn's StandardScaler).
Affine fit_standard(const torch::Tensor& values);

}  // namespace relata::data
