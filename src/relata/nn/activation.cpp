#include "relata/nn/activation.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <array>
#include <string>

#include "relata/base/error.h"

namespace relata::nn {
namespace {

struct Named {
  std::string_view name;
  Activation activation;
};

// The first name of an activation is the one that is written.
constexpr std::array<Named, 10> kNames{{
    {"linear", Activation::kIdentity},
    {"relu", Activation::kRelu},
    {"relu6", Activation::kRelu6},
    {"gelu", Activation::kGelu},
    {"gelu_new", Activation::kGeluTanh},
    {"gelu_pytorch_tanh", Activation::kGeluTanh},
    {"quick_gelu", Activation::kQuickGelu},
    {"silu", Activation::kSilu},
    {"swish", Activation::kSilu},
    {"tanh", Activation::kTanh},
}};

// x σ(c x) = SiLU(c x) / c, and its derivative is SiLU'(c x): x alone is kept, and the gradient is
// two passes, where the product as it stands keeps three tensors and takes five.
class QuickGelu : public torch::autograd::Function<QuickGelu> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x) {
    context->save_for_backward({x});
    torch::Tensor y = x * kQuickGeluScale;
    return at::silu_(y).mul_(1 / kQuickGeluScale);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradient) {
    const torch::Tensor z = context->get_saved_variables()[0] * kQuickGeluScale;
    if (!at::GradMode::is_enabled()) return {at::silu_backward(gradient[0], z)};
    const torch::Tensor s = torch::sigmoid(z);  // to be differentiated once more
    return {gradient[0] * s * (1 + z * (1 - s))};
  }
};

}  // namespace

torch::Tensor activate(const torch::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::kIdentity:
      return x;
    case Activation::kRelu:
      return torch::relu(x);
    case Activation::kRelu6:
      return torch::relu6(x);
    case Activation::kGelu:
      return torch::gelu(x);
    case Activation::kGeluTanh:
      return torch::gelu(x, "tanh");
    case Activation::kQuickGelu:
      return QuickGelu::apply(x);
    case Activation::kSilu:
      return torch::silu(x);
    case Activation::kTanh:
      return torch::tanh(x);
  }
  throw Error({.what = "an activation that is not listed"});
}

Activation activation_from_name(std::string_view name, std::string_view where) {
  std::string known;
  for (const Named& entry : kNames) {
    if (entry.name == name) return entry.activation;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  throw Error({.what = fmt::format("the activation '{}' is not known", name),
               .where = std::string(where),
               .remedy = "known are " + known});
}

std::string_view activation_name(Activation activation) {
  for (const Named& entry : kNames) {
    if (entry.activation == activation) return entry.name;
  }
  throw Error({.what = "an activation that is not listed"});
}

}  // namespace relata::nn
