// Trained tokens that stand before every text while the model itself stays as it is.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>
#include <utility>

#include "relata/nn/linear.h"

namespace relata::nn {

struct PrefixOptions {
  int64_t tokens = 20;
  int64_t layers = 1;
  int64_t groups = 1;  ///< heads of keys and values
  int64_t head_width = 1;
  int64_t hidden = 0;  ///< of the network that makes keys and values of one vector a token; 0: none
};

/// Keys and values of every layer (Li and Liang, "Prefix-tuning", ACL 2021).
class PrefixImpl : public torch::nn::Module {
 public:
  /// Initialised as PEFT's: rows standard normal, layers as PyTorch's. Throws Error for a size
  /// below 1.
  explicit PrefixImpl(const PrefixOptions& options);
  /// [tokens, layers · 2 · groups · head width]: what a file of PEFT's holds.
  torch::Tensor all();
  /// Keys and values of each layer of a batch: [2 · layers, batch, groups, tokens, head width],
  /// those of layer i at 2 i and 2 i + 1.
  torch::Tensor keys_and_values(int64_t batch);
  const PrefixOptions& options() const { return options_; }

  torch::Tensor embedding;  ///< [tokens, groups · head width] with a network, else as all()

 private:
  PrefixOptions options_;
  Linear inner_{nullptr};
  Linear outer_{nullptr};
};
TORCH_MODULE(Prefix);

/// Inputs of the first layer (Lester et al., "The power of scale for parameter-efficient prompt
/// tuning", EMNLP 2021).
class PromptImpl : public torch::nn::Module {
 public:
  /// Rows standard normal, as PEFT's. Throws Error for a size below 1.
  PromptImpl(int64_t tokens, int64_t width);
  int64_t tokens() const { return embedding.size(0); }

  torch::Tensor embedding;  ///< [tokens, width]
};
TORCH_MODULE(Prompt);

}  // namespace relata::nn
