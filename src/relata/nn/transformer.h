// A stack of transformer blocks.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <functional>
#include <vector>

#include "relata/nn/block.h"

namespace relata::nn {

/// The cache of every layer.
using LayerCaches = std::vector<KeyValueCache>;

struct TransformerRun {
  /// Shared by all layers; `cache` and `trace` in it are set by the stack.
  BlockContext context = {};
  LayerCaches* caches = nullptr;                  ///< one a layer
  std::vector<AttentionTrace>* traces = nullptr;  ///< filled, one a layer
  std::vector<torch::Tensor>* hidden = nullptr;   ///< filled: the input of each layer
  int64_t layers = -1;                            ///< only so many; −1: all
  /// Changes the context of layer i before it runs: what differs between layers.
  std::function<void(int64_t, BlockContext&)> adapt = {};
};

class TransformerImpl : public torch::nn::Module {
 public:
  TransformerImpl(const BlockOptions& options, int64_t layers);
  /// [batch, tokens, width] → the same; with `chosen`, the last layer computes those tokens alone:
  /// [batch, 1, width], equal to choosing afterwards.
  torch::Tensor forward(torch::Tensor x, const TransformerRun& run = {},
                        const TokenChoice* chosen = nullptr);
  int64_t layers() const { return static_cast<int64_t>(blocks_.size()); }
  Block& block(int64_t layer) { return blocks_.at(static_cast<size_t>(layer)); }
  void freeze(Precision precision, bool one_token = false, Use use = Use::kBatches);

 private:
  std::vector<Block> blocks_;
};
TORCH_MODULE(Transformer);

}  // namespace relata::nn
