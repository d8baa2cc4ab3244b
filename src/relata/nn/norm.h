// Normalisation over the last axis: LayerNorm and RMSNorm, computed in float32 whatever comes in.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

namespace relata::nn {

enum class NormKind {
  kLayer,  ///< (x − mean) / √(variance + ε) · weight + bias
  kRms,    ///< x / √(mean of squares + ε) · weight; Zhang and Sennrich, NeurIPS 2019
};

class NormImpl : public torch::nn::Module {
 public:
  NormImpl(int64_t width, double epsilon, NormKind kind = NormKind::kLayer);
  /// [..., width] → [..., width] of the same dtype
  torch::Tensor forward(const torch::Tensor& x);

  torch::Tensor weight;  ///< [width], initially 1
  torch::Tensor bias;    ///< [width], initially 0; undefined for kRms

 private:
  double epsilon_;
};
TORCH_MODULE(Norm);

}  // namespace relata::nn
