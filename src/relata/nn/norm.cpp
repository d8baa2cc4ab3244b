#include "relata/nn/norm.h"

#include <torch/torch.h>

namespace relata::nn {

NormImpl::NormImpl(int64_t width, double epsilon, NormKind kind) : epsilon_(epsilon) {
  weight = register_parameter("weight", torch::ones({width}));
  if (kind == NormKind::kLayer) bias = register_parameter("bias", torch::zeros({width}));
}

torch::Tensor NormImpl::forward(const torch::Tensor& x) {
  // libtorch's kernel accumulates a bfloat16 input with float32 weights in float32.
  if (bias.defined()) return at::layer_norm(x, {weight.size(0)}, weight, bias, epsilon_);
  const torch::Tensor wide = at::isReducedFloatingType(x.scalar_type()) ? x.to(torch::kFloat32) : x;
  const torch::Tensor scale = torch::rsqrt(wide.square().mean(-1, true) + epsilon_);
  return (weight * (wide * scale)).to(x.scalar_type());
}

}  // namespace relata::nn
