// Batch normalisation of pictures. Source: Ioffe and Szegedy, ICML 2015.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

namespace relata::nn {

struct BatchNormOptions {
  double epsilon = 1e-5;
  double momentum = 0.1;  ///< a running statistic moves by this share of the way to the batch's
};

/// As torch::nn::BatchNorm2d, without its counter of steps, which is no floating-point number and
/// moves none: in evaluation mode the running statistics are used and stay.
class BatchNormImpl : public torch::nn::Module {
 public:
  explicit BatchNormImpl(int64_t channels, const BatchNormOptions& options = {});
  /// [batch, channels, height, width] → the same
  torch::Tensor forward(const torch::Tensor& x);
  const BatchNormOptions& options() const { return options_; }

  torch::Tensor weight;        ///< [channels], initially 1
  torch::Tensor bias;          ///< [channels], initially 0
  torch::Tensor running_mean;  ///< [channels], initially 0
  torch::Tensor running_var;   ///< [channels], initially 1; of the unbiased variance

 private:
  BatchNormOptions options_;
};
TORCH_MODULE(BatchNorm);

}  // namespace relata::nn
