#include "relata/nn/conv.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/torch.h>

#include <cmath>
#include <vector>

#include "relata/base/error.h"
#include "relata/nn/init.h"

namespace relata::nn {
namespace {

using torch::Tensor;

// oneDNN's convolutions with packed kernels are libtorch operators without a C++ function. Each is
// looked up once.
Tensor pack(const Tensor& weight, int64_t padding, int64_t stride, int64_t groups) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("mkldnn::_reorder_convolution_weight", "")
                             .typed<Tensor(const Tensor&, at::IntArrayRef, at::IntArrayRef,
                                           at::IntArrayRef, int64_t, at::OptionalIntArrayRef)>();
  return op.call(weight, {padding, padding}, {stride, stride}, {1, 1}, groups, std::nullopt);
}

using Scalars = c10::List<std::optional<at::Scalar>>;

Tensor packed_conv(const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t padding,
                   const ConvOptions& options, std::string_view activation,
                   const Scalars& scalars) {
  static const auto op =
      c10::Dispatcher::singleton()
          .findSchemaOrThrow("mkldnn::_convolution_pointwise", "")
          .typed<Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&, at::IntArrayRef,
                        at::IntArrayRef, at::IntArrayRef, int64_t, std::string_view, Scalars,
                        std::optional<std::string_view>)>();
  return op.call(x, weight, bias, {padding, padding}, {options.stride, options.stride}, {1, 1},
                 options.groups, activation, scalars, std::nullopt);
}

struct Folded {
  Tensor weight;
  Tensor bias;
};

/// With s = γ / √(variance + ε):  γ (w * x − mean) / √(variance + ε) + β = (s w) * x + β − s mean.
Folded folded(const Tensor& weight, const BatchNormImpl& norm) {
  const auto wide = [](const Tensor& tensor) { return tensor.detach().to(torch::kFloat64); };
  const Tensor scale = wide(norm.weight) / (wide(norm.running_var) + norm.options().epsilon).sqrt();
  return {.weight = wide(weight) * scale.view({-1, 1, 1, 1}),
          .bias = wide(norm.bias) - scale * wide(norm.running_mean)};
}

}  // namespace

ConvImpl::ConvImpl(const ConvOptions& options)
    : options_(options), padding_(options.before == options.after ? options.before : 0) {
  const int64_t in = options.in / options.groups;
  const double bound = 1 / std::sqrt(static_cast<double>(in * options.kernel * options.kernel));
  weight = register_parameter(
      "weight",
      uniform_init(torch::empty({options.out, in, options.kernel, options.kernel}), bound));
  if (options.norm) {
    norm = register_module("norm", BatchNorm(options.out, *options.norm));
  } else {
    bias = register_parameter("bias", uniform_init(torch::empty({options.out}), bound));
  }
}

Tensor ConvImpl::padded(const Tensor& x) const {
  if (options_.before == options_.after) return x;
  return torch::constant_pad_nd(x,
                                {options_.before, options_.after, options_.before, options_.after});
}

Tensor ConvImpl::packed_forward(const Tensor& x) const {
  // oneDNN's fast kernels read and write channels last.
  const Tensor input = padded(x).contiguous(at::MemoryFormat::ChannelsLast);
  const auto run = [&](std::string_view name, const Scalars& scalars = Scalars()) {
    return packed_conv(input, packed_, packed_bias_, padding_, options_, name, scalars);
  };
  switch (options_.activation) {
    case Activation::kRelu:
      return run("relu");
    case Activation::kRelu6:
      return run("hardtanh", Scalars({at::Scalar(0.0), at::Scalar(6.0)}));
    default:
      return activate(run("none"), options_.activation);
  }
}

Tensor ConvImpl::forward(const Tensor& x) {
  if (frozen()) return packed_forward(x);
  const Tensor y =
      at::conv2d(padded(x), weight, bias.defined() ? std::optional(bias) : std::nullopt,
                 options_.stride, padding_, 1, options_.groups);
  return activate(norm ? norm(y) : y, options_.activation);
}

void ConvImpl::freeze(Precision precision) {
  if (frozen()) throw Error({.what = "a convolution with a packed kernel was to be packed again"});
  const torch::NoGradGuard no_grad;
  const torch::Dtype dtype = dtype_of(precision);
  const Folded whole = norm ? folded(weight, *norm) : Folded{weight.detach(), bias.detach()};
  packed_ = pack(whole.weight.to(dtype).contiguous(), padding_, options_.stride, options_.groups);
  packed_bias_ = whole.bias.to(dtype).contiguous();
  if (norm) {
    unregister_module("norm");
    norm = nullptr;
  }
  parameters_.clear();
  weight.reset();
  bias.reset();
}

}  // namespace relata::nn
