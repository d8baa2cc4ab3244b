#include "relata/nn/conv.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "relata/base/error.h"
#include "relata/nn/tensor_file.h"
#include "support/tensors.h"

namespace relata::nn {
namespace {

using torch::Tensor;

/// Moves the norm of a layer away from where it does nothing.
void disturb(const Conv& layer) {
  const torch::NoGradGuard no_grad;
  layer->norm->weight.uniform_(-2, 2);
  layer->norm->bias.uniform_(-1, 1);
  layer->norm->running_mean.uniform_(-1, 1);
  layer->norm->running_var.uniform_(1e-3, 2);
}

TEST(Conv, IsInitialisedAsPyTorchs) {
  torch::manual_seed(3);
  const torch::nn::Conv2d theirs(torch::nn::Conv2dOptions(6, 4, 3).groups(2));
  torch::manual_seed(3);
  const Conv ours(ConvOptions{.in = 6, .out = 4, .kernel = 3, .groups = 2});
  EXPECT_TRUE(ours->weight.equal(theirs->weight));
  EXPECT_TRUE(ours->bias.equal(theirs->bias));
}

TEST(Conv, ZerosStandBeforeAndAfterInRowsAndColumns) {
  Conv layer(ConvOptions{.in = 1, .out = 1, .kernel = 3, .stride = 2, .before = 0, .after = 1});
  const torch::NoGradGuard no_grad;
  layer->weight.fill_(1);
  layer->bias.zero_();
  const Tensor x = torch::arange(1.0F, 17.0F).view({1, 1, 4, 4});
  // 3 × 3 sums from the corners (0, 0), (0, 2), (2, 0) and (2, 2); what is beyond 4 is zero.
  const Tensor expected = torch::tensor({54.0F, 45.0F, 72.0F, 54.0F}).view({1, 1, 2, 2});
  EXPECT_TRUE(layer->forward(x).equal(expected)) << layer->forward(x);
}

TEST(Conv, PackedIsUnpacked) {
  torch::manual_seed(4);
  for (const Activation activation :
       {Activation::kIdentity, Activation::kRelu, Activation::kRelu6, Activation::kSilu}) {
    for (const auto& [before, after] : {std::pair<int64_t, int64_t>{1, 1}, {0, 1}, {1, 2}}) {
      for (const int64_t groups : {1, 6}) {
        for (const bool with_norm : {false, true}) {
          Conv layer(ConvOptions{
              .in = 6,
              .out = 12,
              .kernel = 3,
              .stride = 2,
              .groups = groups,
              .before = before,
              .after = after,
              .norm = with_norm ? std::optional<BatchNormOptions>(BatchNormOptions{.epsilon = 1e-3})
                                : std::nullopt,
              .activation = activation});
          if (with_norm) disturb(layer);
          layer->eval();
          const torch::NoGradGuard no_grad;
          const Tensor x = 5 * torch::randn({2, 6, 9, 8});
          const Tensor expected = layer(x);
          layer->freeze(Precision::kFp32);
          EXPECT_TRUE(layer->frozen());
          EXPECT_TRUE(tensors_of(*layer).empty());
          EXPECT_LT(test::distance(layer(x), expected),
                    1e-5 * std::max(1.0, expected.abs().max().item<double>()));
          EXPECT_THROW(layer->freeze(Precision::kFp32), Error);
        }
      }
    }
  }
}

TEST(Conv, PackedBfloat16IsClose) {
  torch::manual_seed(5);
  Conv layer(ConvOptions{.in = 16, .out = 8, .kernel = 3, .before = 1, .after = 1});
  const torch::NoGradGuard no_grad;
  const Tensor x = torch::randn({2, 16, 7, 5});
  const Tensor expected = layer(x);
  layer->freeze(Precision::kBf16);
  EXPECT_EQ(layer->dtype(), torch::kBFloat16);
  const Tensor found = layer(x.to(torch::kBFloat16));
  EXPECT_EQ(found.scalar_type(), torch::kBFloat16);
  EXPECT_LT(test::distance(found, expected), 0.03);
}

TEST(Conv, Relu6EndsAtSix) {
  const Tensor x = torch::tensor({-1.0F, 0.0F, 2.5F, 6.0F, 7.0F});
  EXPECT_TRUE(activate(x, Activation::kRelu6).equal(torch::tensor({0.0F, 0.0F, 2.5F, 6.0F, 6.0F})));
  EXPECT_EQ(activation_from_name("relu6", "test"), Activation::kRelu6);
}

TEST(BatchNorm, ReadsTheBatchInTrainingModeAlone) {
  torch::manual_seed(6);
  BatchNorm norm(3, BatchNormOptions{.epsilon = 1e-3, .momentum = 0.01});
  const Tensor x = 2 * torch::randn({4, 3, 5, 6}) + 1;
  const Tensor mean = x.mean({0, 2, 3});
  const Tensor var = x.var(at::IntArrayRef{0, 2, 3}, /*unbiased=*/false);
  const auto along = [](const Tensor& t) { return t.view({1, 3, 1, 1}); };

  norm->eval();
  EXPECT_LT(test::distance(norm(x), x / std::sqrt(1 + 1e-3)), 1e-5);
  EXPECT_TRUE(norm->running_mean.equal(torch::zeros({3}))) << "evaluation moves nothing";

  norm->train();
  EXPECT_LT(test::distance(norm(x), (x - along(mean)) / (along(var) + 1e-3).sqrt()), 1e-5);
  EXPECT_LT(test::distance(norm->running_mean, 0.01 * mean), 1e-6);
  const double n = 4 * 5 * 6;
  EXPECT_LT(test::distance(norm->running_var, 0.99 + 0.01 * var * (n / (n - 1))), 1e-6);
}

TEST(BatchNorm, HasFourTensors) {
  const BatchNorm norm(2);
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors_of(*norm)) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"bias", "running_mean", "running_var", "weight"}));
}

}  // namespace
}  // namespace relata::nn
