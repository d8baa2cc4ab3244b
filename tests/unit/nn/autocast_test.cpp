#include "relata/nn/autocast.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace relata::nn {
namespace {

torch::Dtype dtype_of_product() {
  return at::linear(torch::ones({2, 3}), torch::ones({4, 3})).scalar_type();
}

TEST(Autocast, LastsAsLongAsItsScope) {
  EXPECT_EQ(dtype_of_product(), torch::kFloat32);
  {
    const Autocast outer(Precision::kBf16);
    EXPECT_EQ(dtype_of_product(), torch::kBFloat16);
    {
      const Autocast inner(Precision::kFp32);
      EXPECT_EQ(dtype_of_product(), torch::kFloat32);
    }
    EXPECT_EQ(dtype_of_product(), torch::kBFloat16);
  }
  EXPECT_EQ(dtype_of_product(), torch::kFloat32);
}

TEST(Autocast, SeesWeightsThatChangedBetweenScopes) {
  Linear layer(3, 2, false);
  const torch::Tensor x = torch::ones({1, 3});
  const auto value = [&] {
    const Autocast autocast(Precision::kBf16);
    return layer(x).sum().item<double>();
  };
  const torch::NoGradGuard no_grad;
  layer->weight.fill_(1);
  EXPECT_EQ(value(), 6);
  layer->weight.fill_(2);
  EXPECT_EQ(value(), 12);
}

TEST(Autocast, WideningKeepsWhatIsWide) {
  EXPECT_EQ(widened(torch::ones(2, torch::kBFloat16)).scalar_type(), torch::kFloat32);
  EXPECT_EQ(widened(torch::ones(2, torch::kFloat64)).scalar_type(), torch::kFloat64);
  EXPECT_FALSE(widened({}).defined());
}

}  // namespace
}  // namespace relata::nn
