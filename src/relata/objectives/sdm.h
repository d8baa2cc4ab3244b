// Similarity distribution matching: the softmax over a row of similarities is to be the uniform
// distribution over the items of the same identity. Source: IRRA (Jiang, Ye, CVPR 2023,
// arXiv 2303.12501, eq. 5 and 6), as released.
#pragma once

#include <torch/types.h>

#include "relata/objectives/tiled.h"

namespace relata::objectives {

struct SdmOptions {
  double epsilon = 1e-8;     ///< added to q inside its logarithm
  int64_t tile = kTileEdge;  ///< changes memory and time, not the result
};

/// text, image [batch, width] any floating type, scaled to unit length inside (the release divides
/// zero rows by zero); ids [batch] whole numbers; scale: one number, 50 in the release → a scalar,
/// the sum of both directions' means over rows. Differentiable once by text, image and scale.
/// Memory grows with the batch: nothing [batch, batch] is held.
/// Throws Error for shapes that differ, an empty batch, or ids that are not one a row.
torch::Tensor sdm(const torch::Tensor& text, const torch::Tensor& image, const torch::Tensor& ids,
                  const torch::Tensor& scale, const SdmOptions& options = {});

}  // namespace relata::objectives
