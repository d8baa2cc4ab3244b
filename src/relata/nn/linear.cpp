#include "relata/nn/linear.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>

#include "relata/base/error.h"
#include "relata/nn/few_rows.h"
#include "relata/nn/init.h"

namespace relata::nn {
namespace {

using torch::Tensor;

// oneDNN's products with packed weights are libtorch operators without a C++ function. Each is
// looked up once.
Tensor pack(const Tensor& weight) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("mkldnn::_reorder_linear_weight", "")
                             .typed<Tensor(const Tensor&, std::optional<c10::SymInt>)>();
  return op.call(weight, std::nullopt);
}

Tensor packed_linear(const Tensor& x, const Tensor& weight, const std::optional<Tensor>& bias,
                     std::string_view activation, std::optional<std::string_view> algorithm) {
  static const auto op =
      c10::Dispatcher::singleton()
          .findSchemaOrThrow("mkldnn::_linear_pointwise", "")
          .typed<Tensor(const Tensor&, const Tensor&, const std::optional<Tensor>&,
                        std::string_view, c10::List<std::optional<at::Scalar>>,
                        std::optional<std::string_view>)>();
  return op.call(x, weight, bias, activation, c10::List<std::optional<at::Scalar>>(), algorithm);
}

Tensor packed_linear_add(const Tensor& x, const Tensor& residual, const Tensor& weight,
                         const std::optional<Tensor>& bias) {
  static const auto op = c10::Dispatcher::singleton()
                             .findSchemaOrThrow("mkldnn::_linear_pointwise", "binary")
                             .typed<Tensor(const Tensor&, const Tensor&, const Tensor&,
                                           const std::optional<Tensor>&, std::string_view)>();
  return op.call(x, residual, weight, bias, "add");
}

std::optional<Tensor> optional(const Tensor& tensor) {
  return tensor.defined() ? std::optional(tensor) : std::nullopt;
}

Tensor packed_forward(const Tensor& x, const Tensor& weight, const Tensor& bias,
                      Activation activation) {
  const auto run = [&](std::string_view name, std::optional<std::string_view> algorithm = {}) {
    return packed_linear(x, weight, optional(bias), name, algorithm);
  };
  switch (activation) {
    case Activation::kRelu:
      return run("relu");
    case Activation::kGelu:
      return run("gelu", "none");
    case Activation::kGeluTanh:
      return run("gelu", "tanh");
    case Activation::kSilu:
      return run("swish");
    case Activation::kTanh:
      return run("tanh");
    case Activation::kIdentity:
    case Activation::kRelu6:
    case Activation::kQuickGelu:
      break;
  }
  return activate(run("none"), activation);
}

}  // namespace

torch::Dtype dtype_of(Precision precision) {
  return precision == Precision::kBf16 ? torch::kBFloat16 : torch::kFloat32;
}

LinearImpl::LinearImpl(int64_t in, int64_t out, bool with_bias) : in_(in), out_(out) {
  // Kaiming-uniform with a = √5 is ±1/√in.
  const double bound = in > 0 ? 1 / std::sqrt(static_cast<double>(in)) : 0;
  weight = register_parameter("weight", uniform_init(torch::empty({out, in}), bound));
  if (with_bias) bias = register_parameter("bias", uniform_init(torch::empty({out}), bound));
}

Tensor LinearImpl::adapted(const Tensor& x) const {
  Tensor y = at::linear(x, weight, optional(bias));
  if (merged()) return y;
  for (const Lora& lora : loras_) {
    const Tensor input = torch::dropout(x, lora.options.dropout, is_training());
    const Tensor delta = lora.scale * at::linear(at::linear(input, lora.a), lora.b);
    if (lora.options.rows == out_) {
      y = y + delta;
    } else {
      const int64_t after = out_ - lora.options.begin - lora.options.rows;
      y = y + torch::constant_pad_nd(delta, {lora.options.begin, after});
    }
  }
  return y;
}

Tensor LinearImpl::frozen_for_few(const Tensor& x) const {
  if (x.numel() <= kFewRows * in_) return few_rows_linear(x, packed_, packed_bias_);
  return at::linear(x, packed_, optional(packed_bias_));
}

Tensor LinearImpl::forward(const Tensor& x, Activation activation) {
  if (frozen() && use_ == Use::kFewRows) return activate(frozen_for_few(x), activation);
  if (frozen()) return packed_forward(x, packed_, packed_bias_, activation);
  return activate(adapted(x), activation);
}

Tensor LinearImpl::forward_add(const Tensor& x, const Tensor& residual) {
  if (!frozen()) return residual + adapted(x);
  if (use_ == Use::kFewRows) return residual + frozen_for_few(x);
  // The fused kernel adds what lies densely in memory.
  return packed_linear_add(x, residual.contiguous(), packed_, optional(packed_bias_));
}

void LinearImpl::add_lora(const std::string& name, const LoraOptions& options) {
  LoraOptions resolved = options;
  if (resolved.rows == 0) resolved.rows = out_ - resolved.begin;
  if (frozen() || merged()) {
    throw Error({.what = "a layer with packed or merged weights takes no adapter"});
  }
  if (resolved.begin < 0 || resolved.rows < 1 || resolved.begin + resolved.rows > out_ ||
      resolved.rank < 1) {
    throw Error(
        {.what = fmt::format("an adapter of rank {} for rows {} to {} of a layer of {} rows",
                             resolved.rank, resolved.begin, resolved.begin + resolved.rows, out_)});
  }
  for (const Lora& there : loras_) {
    if (there.name == name)
      throw Error({.what = "the layer has an adapter '" + name + "' already"});
  }
  const auto rank = static_cast<double>(resolved.rank);
  Lora lora{.name = name,
            .options = resolved,
            .scale = resolved.alpha / (resolved.rslora ? std::sqrt(rank) : rank),
            .a = uniform_init(torch::empty({resolved.rank, in_}, weight.options()),
                              1 / std::sqrt(static_cast<double>(in_))),
            .b = torch::zeros({resolved.rows, resolved.rank}, weight.options())};
  lora.a = register_parameter("lora_" + name + "_a", lora.a.detach());
  lora.b = register_parameter("lora_" + name + "_b", lora.b.detach());
  weight.requires_grad_(false);
  if (bias.defined()) bias.requires_grad_(false);
  loras_.push_back(std::move(lora));
}

void LinearImpl::merge() {
  if (merged() || loras_.empty()) return;
  const torch::NoGradGuard no_grad;
  unmerged_ = weight.detach().clone();
  for (const Lora& lora : loras_) {
    weight.narrow(0, lora.options.begin, lora.options.rows).add_(lora.b.mm(lora.a), lora.scale);
  }
}

void LinearImpl::unmerge() {
  if (!merged()) return;
  const torch::NoGradGuard no_grad;
  weight.copy_(unmerged_);
  unmerged_.reset();
}

void LinearImpl::freeze(const FreezeOptions& options) {
  if (frozen()) throw Error({.what = "a layer with packed weights was to be packed again"});
  const torch::NoGradGuard no_grad;
  merge();
  const torch::Dtype dtype = dtype_of(options.precision);
  const auto scaled = [](const Tensor& tensor, double scale) {
    return scale == 1 ? tensor.detach() : tensor.detach() * scale;
  };
  use_ = options.use;
  packed_ = scaled(weight, options.weight_scale).to(dtype).contiguous();
  if (use_ == Use::kBatches) packed_ = pack(packed_);
  if (bias.defined()) packed_bias_ = scaled(bias, options.bias_scale).to(dtype).contiguous();
  unmerged_.reset();
  loras_.clear();
  for (auto& item : parameters_) item.value().reset();
  parameters_.clear();
  weight.reset();
  bias.reset();
}

}  // namespace relata::nn
