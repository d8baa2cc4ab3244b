#include "relata/nn/mlp.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "support/gradient.h"
#include "support/tensors.h"

namespace relata::nn {
namespace {

using torch::Tensor;

/// x W₁ᵀ + b₁ → max(·, 0) → W₂ᵀ + b₂, out of place.
Tensor plain(const Mlp& mlp, const Tensor& x) {
  const auto p = mlp->named_parameters();
  const Tensor h = torch::clamp_min(x.mm(p["hidden.weight"].t()) + p["hidden.bias"], 0);
  return h.mm(p["out.weight"].t()) + p["out.bias"];
}

Mlp double_mlp(const MlpShape& shape) {
  Mlp mlp(shape);
  mlp->to(torch::kFloat64);
  return mlp;
}

TEST(XavierLinear, DrawsTheDefaultInitialisationFirst) {  // G14
  torch::manual_seed(0);
  const torch::nn::Linear linear = xavier_linear(3, 2);
  const Tensor expected =
      test::doubles({-.68591213, -.88454938, .25509894, .53001440, -.45489845, -.25509685});
  EXPECT_LT(test::distance(linear->weight, expected.view({2, 3})), 1e-7);
  EXPECT_EQ(test::distance(linear->bias, torch::zeros({2})), 0);
}

TEST(XavierLinear, HasTheSpreadOfXavier) {
  torch::manual_seed(1);
  const torch::nn::Linear linear = xavier_linear(300, 500);
  EXPECT_NEAR(linear->weight.std().item<double>(), std::sqrt(2.0 / 800), 5e-4);
}

TEST(Mlp, IsDrawnLayerByLayer) {
  torch::manual_seed(0);
  const Mlp mlp(MlpShape{3, 2, 4});
  torch::manual_seed(0);
  const auto hidden = xavier_linear(3, 2), out = xavier_linear(2, 4);
  EXPECT_TRUE(mlp->named_parameters()["hidden.weight"].equal(hidden->weight));
  EXPECT_TRUE(mlp->named_parameters()["out.weight"].equal(out->weight));
}

TEST(Mlp, HoldsFourTensorsInOrder) {
  const Mlp mlp(MlpShape{3, 2, 4});
  std::vector<std::string> names;
  for (const auto& item : mlp->named_parameters()) names.push_back(item.key());
  EXPECT_EQ(names,
            (std::vector<std::string>{"hidden.weight", "hidden.bias", "out.weight", "out.bias"}));
}

TEST(Mlp, EqualsThePlainFormula) {
  Mlp mlp = double_mlp({3, 7, 2});
  const Tensor x = torch::randn({5, 3}, torch::kFloat64);
  EXPECT_LT(test::distance(mlp->forward(x), plain(mlp, x)), 1e-14);
}

TEST(Mlp, TheReluInPlaceLeavesInputAndGradientRight) {
  Mlp mlp = double_mlp({3, 7, 2});
  const Tensor x = torch::randn({5, 3}, torch::kFloat64);
  const Tensor before = x.clone();
  const auto loss = [&](const Tensor& y) { return y.pow(2).sum(); };
  test::expect_gradient([&](const Tensor& in) { return loss(mlp->forward(in)); }, x);
  EXPECT_TRUE(x.equal(before));

  loss(mlp->forward(x)).backward();
  std::vector<Tensor> gradients;
  for (const Tensor& p : mlp->parameters()) gradients.push_back(p.grad().clone());
  mlp->zero_grad();
  loss(plain(mlp, x)).backward();
  for (size_t i = 0; i < gradients.size(); ++i) {
    EXPECT_LT(test::distance(gradients[i], mlp->parameters()[i].grad()), 1e-12);
  }
}

TEST(Mlp, DropsOutAfterTheReluInTrainingModeAlone) {
  Mlp mlp = double_mlp({3, 1000, 1000, 0.5});
  const torch::NoGradGuard no_grad;
  mlp->named_parameters()["hidden.bias"].fill_(1);
  mlp->named_parameters()["out.weight"].copy_(torch::eye(1000));
  const Tensor x = torch::zeros({1, 3}, torch::kFloat64);
  mlp->eval();
  EXPECT_TRUE(mlp->forward(x).equal(torch::ones({1, 1000}, torch::kFloat64)));
  mlp->train();
  const Tensor y = mlp->forward(x);
  EXPECT_TRUE(y.eq(0).logical_or(y.eq(2)).all().item<bool>());
  EXPECT_NEAR(y.mean().item<double>(), 1, .15);
}

TEST(Mlp, WithoutDropoutDrawsNothing) {
  Mlp mlp(MlpShape{3, 2, 4});
  mlp->train();
  torch::manual_seed(3);
  mlp->forward(torch::zeros({2, 3}));
  const Tensor after = torch::rand({4});
  torch::manual_seed(3);
  EXPECT_TRUE(torch::rand({4}).equal(after));
}

}  // namespace
}  // namespace relata::nn
