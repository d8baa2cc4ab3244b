// What decoding computes on other ways than training: each must give what the general way gives.
#include "relata/nn/few_rows.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "relata/base/error.h"
#include "relata/nn/linear.h"
#include "relata/nn/norm.h"
#include "relata/nn/rotary.h"
#include "support/tensors.h"

namespace relata::nn {
namespace {

using torch::Tensor;

TEST(FewRows, IsTheLinearLayerForEveryNumberOfRowsAndWidth) {
  torch::manual_seed(1);
  for (const int64_t rows : {1, 2, 3, 4, 5, 6, 7, 8}) {
    for (const int64_t width : {1, 31, 32, 33, 64, 577}) {
      const Tensor x = torch::randn({rows, width});
      const Tensor weight = torch::randn({19, width});
      const Tensor bias = torch::randn({19});
      EXPECT_LT(test::distance(few_rows_linear(x, weight, bias), at::linear(x, weight, bias)),
                1e-4);
      EXPECT_LT(test::distance(few_rows_linear(x, weight, {}), at::linear(x, weight)), 1e-4);
    }
  }
}

TEST(FewRows, SumsBfloat16InFloat32) {
  torch::manual_seed(2);
  const Tensor x = torch::randn({2, 1, 600}).to(torch::kBFloat16);
  const Tensor weight = torch::randn({40, 600}).to(torch::kBFloat16);
  const Tensor bias = torch::randn({40}).to(torch::kBFloat16);
  const Tensor found = few_rows_linear(x, weight, bias);
  const Tensor exact =
      at::linear(x.to(torch::kFloat64), weight.to(torch::kFloat64), bias.to(torch::kFloat64));
  EXPECT_EQ(found.sizes(), at::IntArrayRef({2, 1, 40}));
  // Half a unit in the last place of what was rounded once.
  const Tensor tolerance = exact.abs() * 0x1p-8 + 1e-4;
  EXPECT_TRUE(((found.to(torch::kFloat64) - exact).abs() <= tolerance).all().item<bool>());
}

TEST(FewRows, RefusesWhatDoesNotFit) {
  const Tensor weight = torch::randn({4, 3});
  EXPECT_THROW(few_rows_linear(torch::randn({1, 2}), weight, {}), Error);
  EXPECT_THROW(few_rows_linear(torch::randn({9, 3}), weight, {}), Error);
  EXPECT_THROW(few_rows_linear(torch::randn({1, 3}).to(torch::kBFloat16), weight, {}), Error);
  EXPECT_THROW(few_rows_linear(torch::randn({1, 3}), weight, torch::randn({3})), Error);
}

TEST(FewRows, ALayerFrozenForDecodingGivesTheSameForFewAndForManyRows) {
  torch::manual_seed(3);
  const torch::NoGradGuard no_grad;
  Linear layer(33, 17);
  const Tensor few = torch::randn({2, 3, 33});
  const Tensor many = torch::randn({4, 5, 33});
  const Tensor residual = torch::randn({2, 3, 17});
  const Tensor expected_few = layer->forward(few, Activation::kSilu);
  const Tensor expected_many = layer(many);
  const Tensor expected_sum = layer(few) + residual;
  layer->freeze({.use = Use::kFewRows});
  EXPECT_LT(test::distance(layer->forward(few, Activation::kSilu), expected_few), 1e-5);
  EXPECT_LT(test::distance(layer(many), expected_many), 1e-5);
  EXPECT_LT(test::distance(layer->forward_add(few, residual), expected_sum), 1e-5);
}

TEST(FewRows, RootMeanSquareIsTheSameWithAndWithoutAGradient) {
  torch::manual_seed(4);
  for (const int64_t width : {1, 16, 35, 576}) {
    Norm norm(width, 1e-5, NormKind::kRms);
    {
      const torch::NoGradGuard no_grad;
      norm->weight.uniform_(0.5, 1.5);
    }
    const Tensor x = torch::randn({2, 3, width}) * 4;
    const Tensor expected = norm(x);
    EXPECT_TRUE(expected.requires_grad());
    const torch::NoGradGuard no_grad;
    EXPECT_LT(test::distance(norm(x), expected), 1e-5);
    const Tensor strided = x.transpose(0, 1);
    EXPECT_LT(test::distance(norm(strided), expected.transpose(0, 1)), 1e-5);
    const Tensor half = norm(x.to(torch::kBFloat16));
    EXPECT_EQ(half.scalar_type(), torch::kBFloat16);
    EXPECT_LT(test::distance(half, expected), 4 * 0x1p-6);
  }
}

TEST(FewRows, RotationIsTheSameForFewAndForManyTokens) {
  torch::manual_seed(5);
  const RotaryTable table = rotary_table({.width = 8}, 20);
  const Tensor x = torch::randn({2, 9, 3, 8}).transpose(1, 2);  // [batch, heads, tokens, width]
  const auto rows = [&](const Tensor& positions) {
    return std::pair{table.cos.index({positions}).unsqueeze(1),
                     table.sin.index({positions}).unsqueeze(1)};
  };
  const Tensor positions = torch::randint(0, 20, {2, 9}, torch::kInt64);
  const auto [cos, sin] = rows(positions);
  const Tensor whole = rotate(x, cos, sin);
  for (int64_t token = 0; token < 9; ++token) {
    const Tensor one =
        rotate(x.narrow(2, token, 1), cos.narrow(2, token, 1), sin.narrow(2, token, 1));
    EXPECT_LT(test::distance(one, whole.narrow(2, token, 1)), 1e-6);
  }
  const Tensor shared =
      rotate(x.narrow(2, 0, 4), table.cos.narrow(0, 0, 4), table.sin.narrow(0, 0, 4));
  const Tensor leaf = x.narrow(2, 0, 4).clone().requires_grad_();
  EXPECT_LT(
      test::distance(shared, rotate(leaf, table.cos.narrow(0, 0, 4), table.sin.narrow(0, 0, 4))),
      1e-6);
  const Tensor half =
      rotate(x.narrow(2, 0, 2).to(torch::kBFloat16), cos.narrow(2, 0, 2).to(torch::kBFloat16),
             sin.narrow(2, 0, 2).to(torch::kBFloat16));
  EXPECT_LT(test::distance(half, whole.narrow(2, 0, 2)), 0.05);
}

}  // namespace
}  // namespace relata::nn
