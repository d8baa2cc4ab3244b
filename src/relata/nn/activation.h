// Pointwise activations of the published backbones, by name.
#pragma once

#include <torch/types.h>

#include <string_view>

namespace relata::nn {

enum class Activation {
  kIdentity,
  kRelu,
  kRelu6,      ///< min(max(x, 0), 6)
  kGelu,       ///< x Φ(x), exact
  kGeluTanh,   ///< the tanh approximation of it ("gelu_new")
  kQuickGelu,  ///< x σ(1.702 x): CLIP
  kSilu,       ///< x σ(x)
  kTanh,
};

/// The factor of kQuickGelu.
inline constexpr double kQuickGeluScale = 1.702;

torch::Tensor activate(const torch::Tensor& x, Activation activation);

/// By the name that Hugging Face configurations use ("gelu", "quick_gelu", "silu", "relu", "tanh",
/// "gelu_new", "gelu_pytorch_tanh"). Throws Error at `where`, listing the names, for any other.
Activation activation_from_name(std::string_view name, std::string_view where);
std::string_view activation_name(Activation activation);

}  // namespace relata::nn
