// The names of one transformer block's tensors in published files.
#pragma once

#include <string>
#include <vector>

#include "relata/models/tensor_table.h"
#include "relata/nn/block.h"

namespace relata::models {

/// Names of layers without ".weight" and ".bias".
struct BlockNames {
  std::vector<std::string> qkv;  ///< three layers, or one that is fused
  std::string out;
  std::string norm1;
  std::string norm2;
  std::vector<std::string> up;  ///< one layer; gated: the gate's and the values'
  std::string down;
  /// torch.nn.MultiheadAttention's spelling of a fused layer: "in_proj" + "_weight".
  std::string qkv_weight = ".weight";
  std::string qkv_bias = ".bias";
};

/// Adds the rules of the block that our module calls `ours`, e.g. "layers.3".
void add_block(std::vector<TensorRule>& rules, const std::string& ours, const BlockNames& names,
               const nn::BlockOptions& options);

}  // namespace relata::models
