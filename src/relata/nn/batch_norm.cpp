#include "relata/nn/batch_norm.h"

#include <torch/torch.h>

namespace relata::nn {

BatchNormImpl::BatchNormImpl(int64_t channels, const BatchNormOptions& options)
    : weight(register_parameter("weight", torch::ones({channels}))),
      bias(register_parameter("bias", torch::zeros({channels}))),
      running_mean(register_buffer("running_mean", torch::zeros({channels}))),
      running_var(register_buffer("running_var", torch::ones({channels}))),
      options_(options) {}

torch::Tensor BatchNormImpl::forward(const torch::Tensor& x) {
  return at::batch_norm(x, weight, bias, running_mean, running_var, is_training(),
                        options_.momentum, options_.epsilon, /*cudnn_enabled=*/true);
}

}  // namespace relata::nn
