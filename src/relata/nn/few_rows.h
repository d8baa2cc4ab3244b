// A linear layer on a few rows: decoding, where reading the weights once is all the work there is.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace relata::nn {

/// More rows than this are worth a matrix product.
inline constexpr int64_t kFewRows = 8;

/// x Wᵀ + b for x [..., in] of at most kFewRows rows, weight [out, in] float32 or bfloat16 as it
/// stands, bias [out] or undefined; all contiguous and of x's dtype. Sums are in float32. Gives
/// [..., out]. No gradient. Throws Error for shapes or dtypes that do not fit.
torch::Tensor few_rows_linear(const torch::Tensor& x, const torch::Tensor& weight,
                              const torch::Tensor& bias);

}  // namespace relata::nn
