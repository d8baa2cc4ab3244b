// The sigmoid loss of SigLIP: each pair of the batch is a question of its own, do these two belong
// together? Source: Zhai et al., "Sigmoid loss for language image pre-training", ICCV 2023,
// arXiv 2303.15343, algorithm 1 (its eq. 1 writes the bias with the other sign).
#pragma once

#include <torch/types.h>

#include "relata/objectives/tiled.h"

namespace relata::objectives {

struct SigmoidPairsOptions {
  /// [batch] whole numbers: all pairs of equal ids belong together. Undefined: row i with row i.
  torch::Tensor ids = {};
  int64_t tile = kTileEdge;  ///< changes memory and time, not the result
};

/// a, b [batch, width] any floating type, scaled to unit length inside; scale and bias: one number
/// each (SigLIP begins with 10 and −10) → a scalar, the sum over all pairs divided by the batch.
/// Differentiable once by a, b, scale and bias. Memory grows with the batch: nothing
/// [batch, batch] is held.
/// Throws Error for shapes that differ, an empty batch, or ids that are not one a row.
torch::Tensor sigmoid_pairs(const torch::Tensor& a, const torch::Tensor& b,
                            const torch::Tensor& scale, const torch::Tensor& bias,
                            const SigmoidPairsOptions& options = {});

}  // namespace relata::objectives
