// Symmetric InfoNCE (the loss of CLIP): each row of A is to find its partner among all rows of B,
// and the other way round. Sources: van den Oord et al., arXiv 1807.03748; Radford et al.,
// arXiv 2103.00020, figure 3; several positives as in Khosla et al., arXiv 2004.11362, eq. 2.
#pragma once

#include <torch/types.h>

#include "relata/objectives/tiled.h"

namespace relata::objectives {

struct InfoNceOptions {
  /// [batch] whole numbers: rows of equal ids are positives of each other, so that several captions
  /// of one picture are no negatives. Undefined: row i of B is the only positive of row i of A.
  torch::Tensor ids = {};
  int64_t tile = kTileEdge;  ///< changes memory and time, not the result
};

/// a, b [batch, width] any floating type, scaled to unit length inside; scale: one number, 1/τ →
/// a scalar, the mean over rows and both directions. Differentiable once by a, b and scale. Memory
/// grows with the batch: nothing [batch, batch] is held.
/// Throws Error for shapes that differ, an empty batch, or ids that are not one a row.
torch::Tensor info_nce(const torch::Tensor& a, const torch::Tensor& b, const torch::Tensor& scale,
                       const InfoNceOptions& options = {});

}  // namespace relata::objectives
