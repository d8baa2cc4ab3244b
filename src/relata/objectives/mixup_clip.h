// Mixup-contrastive loss (M3Co): a mixture of two rows of A is drawn to both partners in B, in the
// mixing proportion. Source: M3CoL (arXiv 2409.17777), as released.
#pragma once

#include <torch/types.h>

#include "relata/objectives/rows.h"

namespace relata::objectives {

/// One mixing of the rows of a batch: row i becomes c_i x_i + (1 − c_i) x_perm(i).
struct Mixing {
  torch::Tensor permutation;   ///< [batch] int64
  torch::Tensor coefficients;  ///< [batch] floating, 1 for rows that are not mixed
};

/// x [batch, …] → the same shape, each row mixed with its partner. Differentiable.
torch::Tensor mix_rows(const torch::Tensor& x, const Mixing& mixing);

/// The target of a row whose partner is itself.
enum class FixedPoint {
  kOverwrite,   ///< T_ii = 1 − c_i, as released: an unmixed fixed point has no target at all
  kAccumulate,  ///< T_ii = 1
};

/// The columns of T do not sum to 1 in the backward direction.
enum class BackwardTargets { kAsReleased, kNormalised };

struct MixupClipOptions {
  double temperature = 0.1;
  FixedPoint fixed_point = FixedPoint::kOverwrite;
  BackwardTargets backward = BackwardTargets::kAsReleased;
};

/// T [batch, batch] = diag(c), T[i, perm(i)] = 1 − c_i, in the type of the coefficients.
torch::Tensor mixup_targets(const Mixing& mixing, FixedPoint fixed_point);

/// a_mixed, b [batch, width] → a scalar; b is clean or mixed, as the caller decides.
/// Throws Error if the shapes differ, or if the mixing is of another batch size.
torch::Tensor mixup_clip(const torch::Tensor& a_mixed, const torch::Tensor& b, const Mixing& mixing,
                         const MixupClipOptions& options = {});
/// The same of rows that are scaled already.
torch::Tensor mixup_clip(const UnitRows& a_mixed, const UnitRows& b, const Mixing& mixing,
                         const MixupClipOptions& options = {});

}  // namespace relata::objectives
