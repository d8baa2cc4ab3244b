#include "relata/nn/linear.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "relata/base/error.h"
#include "support/gradient.h"
#include "support/tensors.h"

namespace relata::nn {
namespace {

using torch::Tensor;

TEST(Linear, IsInitialisedAsPyTorchs) {
  torch::manual_seed(3);
  const torch::nn::Linear theirs(7, 5);
  torch::manual_seed(3);
  const Linear ours(7, 5);
  EXPECT_TRUE(ours->weight.equal(theirs->weight));
  EXPECT_TRUE(ours->bias.equal(theirs->bias));
}

TEST(Linear, PackedWeightsGiveTheSame) {
  torch::manual_seed(4);
  for (const Activation activation :
       {Activation::kIdentity, Activation::kRelu, Activation::kGelu, Activation::kGeluTanh,
        Activation::kQuickGelu, Activation::kSilu, Activation::kTanh}) {
    Linear layer(33, 17);
    const Tensor x = torch::randn({3, 5, 33});
    const torch::NoGradGuard no_grad;
    const Tensor expected = layer->forward(x, activation);
    layer->freeze(Precision::kFp32);
    EXPECT_TRUE(layer->frozen());
    EXPECT_LT(test::distance(layer->forward(x, activation), expected), 1e-5);
  }
}

TEST(Linear, PackedAddsAResidual) {
  torch::manual_seed(5);
  Linear layer(9, 4, false);
  const Tensor x = torch::randn({2, 3, 9});
  const Tensor residual = torch::randn({2, 4, 3}).transpose(1, 2);
  const torch::NoGradGuard no_grad;
  const Tensor expected = layer(x) + residual;
  layer->freeze(Precision::kFp32);
  EXPECT_LT(test::distance(layer->forward_add(x, residual), expected), 1e-6);
  EXPECT_LT(test::distance(residual, residual.clone()), 1e-12);
}

TEST(Linear, PackedBfloat16IsCloseAndScaled) {
  torch::manual_seed(6);
  Linear layer(64, 32);
  const Tensor x = torch::randn({10, 64});
  const torch::NoGradGuard no_grad;
  const Tensor expected = 3 * layer->forward(x) - 1 * layer->bias;
  layer->freeze({.precision = Precision::kBf16, .weight_scale = 3, .bias_scale = 2});
  const Tensor found = layer(x.to(torch::kBFloat16));
  EXPECT_EQ(found.scalar_type(), torch::kBFloat16);
  EXPECT_LT(test::distance(found, expected), 0.06);
}

TEST(Linear, AnAdapterChangesItsRowsAlone) {
  torch::manual_seed(7);
  Linear layer(6, 9);
  const Tensor x = torch::randn({4, 6});
  const Tensor before = layer(x);
  layer->add_lora("default", {.begin = 3, .rows = 3, .rank = 2, .alpha = 5});
  EXPECT_TRUE(layer(x).equal(before));  // B is zero
  const auto& lora = layer->loras().front();
  EXPECT_DOUBLE_EQ(lora.scale, 2.5);
  {
    const torch::NoGradGuard no_grad;
    Tensor b = lora.b;
    b.normal_();
  }
  Tensor expected = before.detach().clone();
  expected.narrow(1, 3, 3) += 2.5 * x.mm(lora.a.detach().t()).mm(lora.b.detach().t());
  EXPECT_LT(test::distance(layer(x), expected), 1e-5);
  EXPECT_FALSE(layer->weight.requires_grad());
  EXPECT_TRUE(lora.a.requires_grad() && lora.b.requires_grad());
}

TEST(Linear, RankStabilisedScale) {
  Linear layer(6, 4);
  layer->add_lora("default", {.rank = 4, .alpha = 6, .rslora = true});
  EXPECT_DOUBLE_EQ(layer->loras().front().scale, 3);
  EXPECT_EQ(layer->loras().front().options.rows, 4);
}

TEST(Linear, MergingIsUndoneBitForBit) {
  torch::manual_seed(8);
  Linear layer(6, 9);
  layer->add_lora("q", {.begin = 0, .rows = 3, .rank = 2});
  layer->add_lora("v", {.begin = 6, .rows = 3, .rank = 1});
  const torch::NoGradGuard no_grad;
  for (const auto& lora : layer->loras()) {
    Tensor b = lora.b;
    b.normal_();
  }
  const Tensor x = torch::randn({4, 6});
  const Tensor expected = layer(x);
  const Tensor original = layer->weight.clone();
  layer->merge();
  layer->merge();  // once is enough
  EXPECT_FALSE(layer->weight.equal(original));
  EXPECT_LT(test::distance(layer(x), expected), 1e-5);
  layer->unmerge();
  EXPECT_TRUE(layer->weight.equal(original));
  EXPECT_TRUE(layer(x).equal(expected));
  layer->freeze(Precision::kFp32);
  EXPECT_LT(test::distance(layer(x), expected), 1e-5);
}

TEST(Linear, GradientOfAnAdapter) {
  torch::manual_seed(9);
  Linear layer(5, 4);
  layer->add_lora("default", {.begin = 1, .rows = 2, .rank = 2});
  layer->to(torch::kFloat64);
  const Tensor weights = torch::randn({3, 4}, torch::kFloat64);
  const auto loss = [&](const Tensor& x) { return (layer(x) * weights).sum(); };
  test::expect_gradient(loss, torch::randn({3, 5}, torch::kFloat64));
}

TEST(Linear, AdaptersThatDoNotFitAreRefused) {
  Linear layer(5, 4);
  EXPECT_THROW(layer->add_lora("a", {.begin = 3, .rows = 2}), Error);
  EXPECT_THROW(layer->add_lora("a", {.rank = 0}), Error);
  layer->freeze(Precision::kFp32);
  EXPECT_THROW(layer->add_lora("a", {}), Error);
  EXPECT_THROW(layer->freeze(Precision::kFp32), Error);
}

}  // namespace
}  // namespace relata::nn
