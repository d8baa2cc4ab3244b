// What contrastive objectives share: checked shapes, unit rows, soft cross-entropy.
#pragma once

#include <torch/types.h>

#include <string_view>

namespace relata::objectives {

/// Throws Error naming both shapes unless a and b are matrices of the same shape.
void check_same_matrix(std::string_view objective, const torch::Tensor& a, const torch::Tensor& b);

/// Rows shorter than this are divided by it, not by their length.
inline constexpr double kLeastNorm = 1e-12;

/// n(x) = x / max(‖x‖₂, kLeastNorm), row by row: a zero row stays zero and keeps a finite gradient.
/// A type of its own, so that rows which stand in several terms of a loss are scaled once.
struct UnitRows {
  explicit UnitRows(const torch::Tensor& x);  ///< [batch, width]; objectives refuse other shapes
  torch::Tensor n;
};

/// −mean_i Σ_j target_ij · lsm(logits)_ij
torch::Tensor soft_cross_entropy(const torch::Tensor& logits, const torch::Tensor& target);

}  // namespace relata::objectives
