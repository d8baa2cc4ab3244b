// The M3CoL network on vectors: an encoder and a classifier per modality, and one classifier on all
// embeddings. Source: MMC_Med of the released code.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <string>
#include <vector>

#include "relata/nn/mlp.h"
#include "relata/systems/m3col/config.h"

namespace relata::systems::m3col {

struct ModelShape {
  std::vector<int64_t> widths;  ///< features per role, in order
  int64_t classes = 2;
};

/// Parameters are drawn in the order encoders, heads, fusion, as the released code constructs them.
class ModelImpl : public torch::nn::Module {
 public:
  ModelImpl(const ModelConfig& config, const ModelShape& shape);

  /// [rows, width of the role] → e_m [rows, embedding]
  torch::Tensor encode(size_t role, const torch::Tensor& x);
  /// e_m → logits [rows, classes]
  torch::Tensor head(size_t role, const torch::Tensor& e);
  /// e_1 … e_M → logits [rows, classes]
  torch::Tensor fuse(const std::vector<torch::Tensor>& embeddings);

  torch::Dtype dtype() const { return parameters().front().scalar_type(); }

 private:
  std::vector<nn::Mlp> encoders_;
  std::vector<nn::Mlp> heads_;
  nn::Mlp fusion_{nullptr};
};
TORCH_MODULE(Model);

}  // namespace relata::systems::m3col
