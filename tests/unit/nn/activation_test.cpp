#include "relata/nn/activation.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "support/gradient.h"
#include "support/tensors.h"

namespace relata::nn {
namespace {

using torch::Tensor;

TEST(Activation, QuickGeluIsItsFormulaAndSoIsItsGradient) {
  torch::manual_seed(1);
  const Tensor x = torch::randn({5, 7}, torch::kFloat64) * 3;
  const Tensor weight = torch::randn({5, 7}, torch::kFloat64);
  EXPECT_LT(test::distance(activate(x, Activation::kQuickGelu), x * torch::sigmoid(1.702 * x)),
            1e-12);
  test::expect_gradient(
      [&](const Tensor& y) { return (activate(y, Activation::kQuickGelu) * weight).sum(); }, x);
}

TEST(Activation, QuickGeluCanBeDifferentiatedTwice) {
  torch::manual_seed(2);
  const Tensor x = torch::randn({6}, torch::kFloat64);
  test::expect_gradient(
      [](const Tensor& y) {
        const torch::AutoGradMode also_in_differences(true);
        const Tensor leaf = y.requires_grad() ? y : y.clone().requires_grad_();
        const Tensor value = activate(leaf, Activation::kQuickGelu).square().sum();
        return torch::autograd::grad({value}, {leaf}, {}, {}, /*create_graph=*/true)[0].sum();
      },
      x, 1e-6);
}

}  // namespace
}  // namespace relata::nn
