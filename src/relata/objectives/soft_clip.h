// Soft-target contrastive loss (MultiSClip): a_i is drawn to every b_j as strongly as b_j resembles
// b_i. Source: M3CoL (arXiv 2409.17777), as released.
#pragma once

#include <torch/types.h>

#include "relata/objectives/rows.h"

namespace relata::objectives {

enum class SoftTargets {
  kAttached,  ///< the gradient also moves the side that makes the targets (as released)
  kDetached,
};

/// a, b [batch, width], any floating type → a scalar. Gradient flows into both sides.
/// Throws Error if the shapes differ.
torch::Tensor soft_clip(const torch::Tensor& a, const torch::Tensor& b, double temperature,
                        SoftTargets targets = SoftTargets::kAttached);
/// The same of rows that are scaled already.
torch::Tensor soft_clip(const UnitRows& a, const UnitRows& b, double temperature,
                        SoftTargets targets = SoftTargets::kAttached);

}  // namespace relata::objectives
