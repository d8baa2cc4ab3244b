#include "relata/nn/norm.h"

#include <torch/torch.h>

#include <cmath>

#include "relata/base/parallel.h"

namespace relata::nn {
namespace {

using torch::Tensor;

constexpr int64_t kLanes = 16;

/// w x / √(mean x² + ε) of each row in one pass, where no gradient is wanted: in decoding, the six
/// operations of the formula cost more than its arithmetic.
template <class Number>
void root_mean_square(const Number* x, const float* weight, Number* out, int64_t width,
                      double epsilon) {
  float lanes[kLanes] = {};
  float rest = 0;
  int64_t i = 0;
  for (; i + kLanes <= width; i += kLanes) {
    for (int64_t j = 0; j < kLanes; ++j) {
      const auto value = static_cast<float>(x[i + j]);
      lanes[j] += value * value;
    }
  }
  for (; i < width; ++i) rest += static_cast<float>(x[i]) * static_cast<float>(x[i]);
  double sum = rest;
  for (const float lane : lanes) sum += lane;
  const auto scale = static_cast<float>(1 / std::sqrt(sum / static_cast<double>(width) + epsilon));
  for (int64_t k = 0; k < width; ++k)
    out[k] = static_cast<Number>(weight[k] * (static_cast<float>(x[k]) * scale));
}

template <class Number>
Tensor root_mean_square_rows(const Tensor& x, const Tensor& weight, double epsilon) {
  const Tensor dense = x.contiguous();
  Tensor out = torch::empty_like(dense);
  const int64_t width = weight.size(0);
  const auto* from = dense.const_data_ptr<Number>();
  auto* into = out.mutable_data_ptr<Number>();
  const auto* factors = weight.const_data_ptr<float>();
  constexpr int64_t kNumbersAThread = 1 << 15;
  parallel_for(dense.numel() / width, kNumbersAThread / width + 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row)
      root_mean_square(from + row * width, factors, into + row * width, width, epsilon);
  });
  return out;
}

bool wants_gradient(const Tensor& x, const Tensor& weight) {
  return at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad());
}

}  // namespace

NormImpl::NormImpl(int64_t width, double epsilon, NormKind kind) : epsilon_(epsilon) {
  weight = register_parameter("weight", torch::ones({width}));
  if (kind == NormKind::kLayer) bias = register_parameter("bias", torch::zeros({width}));
}

Tensor NormImpl::forward(const Tensor& x) {
  // libtorch's kernel accumulates a bfloat16 input with float32 weights in float32.
  if (bias.defined()) return at::layer_norm(x, {weight.size(0)}, weight, bias, epsilon_);
  if (!wants_gradient(x, weight) && weight.scalar_type() == torch::kFloat32) {
    if (x.scalar_type() == torch::kFloat32)
      return root_mean_square_rows<float>(x, weight, epsilon_);
    if (x.scalar_type() == torch::kBFloat16)
      return root_mean_square_rows<c10::BFloat16>(x, weight, epsilon_);
  }
  const Tensor wide = at::isReducedFloatingType(x.scalar_type()) ? x.to(torch::kFloat32) : x;
  const Tensor scale = torch::rsqrt(wide.square().mean(-1, true) + epsilon_);
  return (weight * (wide * scale)).to(x.scalar_type());
}

}  // namespace relata::nn
