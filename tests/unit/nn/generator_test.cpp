// The streams of torch's CPU generator that published results depend on. They are not guaranteed
// across versions of libtorch; the values are those of PyTorch 1.13 and hold for 2.13.
#include <ATen/ops/_sample_dirichlet.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "support/tensors.h"

namespace relata::nn {
namespace {

TEST(Generator, DrawsTheStreamOfPyTorch) {  // G13
  torch::manual_seed(0);
  EXPECT_TRUE(torch::randperm(5, torch::kInt64).equal(test::integers({4, 0, 1, 3, 2})));
  const torch::Tensor beta = at::_sample_dirichlet(torch::full({5, 2}, .15)).select(1, 0);
  EXPECT_LT(
      test::distance(beta, test::doubles({.31802806, .01509830, .77272809, .60043377, .99879372})),
      1e-7);
  EXPECT_LT(test::distance(torch::rand({5}),
                           test::doubles({.77448601, .43689132, .51909077, .61585236, .81018829})),
            1e-7);
}

TEST(Generator, DrawsTheSameStreamWhenPassedByHand) {
  torch::manual_seed(0);
  const torch::Tensor expected = torch::randperm(5, torch::kInt64);
  torch::Generator own = torch::make_generator<at::CPUGeneratorImpl>(0);
  EXPECT_TRUE(torch::randperm(5, own, torch::kInt64).equal(expected));
}

}  // namespace
}  // namespace relata::nn
