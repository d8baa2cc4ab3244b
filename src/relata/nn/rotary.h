// Rotary position embedding: pairs of a head's coordinates are turned by an angle that grows with
// the position. Source: Su et al., "RoFormer", 2021; pairs are (i, i + width/2), as LLaMA's Hugging
// Face weights have them.
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace relata::nn {

/// Llama 3's stretching of long wavelengths (`rope_type: llama3`).
struct RotaryScaling {
  double factor = 1;
  double low_frequency_factor = 1;
  double high_frequency_factor = 4;
  double original_positions = 8192;
};

struct RotaryOptions {
  int64_t width = 0;  ///< of a head; even
  double theta = 10000;
  double linear_factor = 1;  ///< positions are divided by it (`rope_type: linear`)
  bool scaled = false;
  RotaryScaling scaling;
};

struct RotaryTable {
  torch::Tensor cos;  ///< [positions, width]
  torch::Tensor sin;
};

/// Angles position · θ^(−2i/width), in float32 as the reference computes them.
RotaryTable rotary_table(const RotaryOptions& options, int64_t positions);

/// x [batch, heads, tokens, width], turned. `cos`, `sin` [tokens, width] or [batch, 1, tokens,
/// width].
torch::Tensor rotate(const torch::Tensor& x, const torch::Tensor& cos, const torch::Tensor& sin);

}  // namespace relata::nn
