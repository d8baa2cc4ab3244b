// What every encoder gives: a vector an item, and a vector a token.
#pragma once

#include <torch/types.h>

namespace relata::models {

struct TowerOutput {
  torch::Tensor tokens;     ///< [batch, tokens, width]
  torch::Tensor pooled;     ///< [batch, width]
  torch::Tensor embedding;  ///< [batch, embedding width]: `pooled` projected, or as it is
};

}  // namespace relata::models
