// What all losses that are computed tile by tile share: unit rows, types, who wants a gradient.
#include "relata/objectives/tiled.h"

#include <ATen/autocast_mode.h>
#include <gmock/gmock.h>

#include "relata/base/error.h"
#include "relata/objectives/info_nce.h"
#include "relata/objectives/sigmoid_pairs.h"
#include "unit/objectives/example.h"
#include "unit/objectives/pairs_of_a_batch.h"

namespace relata::objectives {
namespace {

using torch::Tensor;

Tensor scale() { return torch::tensor(4., torch::kFloat64); }

TEST(Tiled, RowsOfZerosHaveTheFiniteGradientOfUnitRows) {
  Tensor a = example_p(), b = example_q();
  a[1].zero_();
  b[4].zero_();
  b[0].mul_(1e-13);  // shorter than the guard, not zero
  const auto ours = plain::with_gradients(
      [](const auto& x) { return info_nce(x[0], x[1], x[2], {.tile = 2}); }, {a, b, scale()});
  const auto theirs = plain::with_gradients(
      [](const auto& x) { return plain::info_nce(x[0], x[1], x[2]); }, {a, b, scale()});
  for (size_t i = 0; i < ours.size(); ++i) {
    EXPECT_TRUE(ours[i].isfinite().all().item<bool>());
    const Tensor size = theirs[i].abs().clamp_min(1);
    EXPECT_LT(test::distance(ours[i] / size, theirs[i] / size), 1e-11) << i;
  }
}

TEST(Tiled, TheLengthOfARowDoesNotMatter) {
  EXPECT_NEAR(info_nce(example_p() * row_factors(), example_q(), scale()).item<double>(),
              info_nce(example_p(), example_q(), scale()).item<double>(), 1e-13);
}

TEST(Tiled, ScaledGradientsArriveScaled) {
  const auto of = [](double factor) {
    return plain::with_gradients(
        [&](const auto& x) { return factor * sigmoid_pairs(x[0], x[1], x[2], x[3], {.tile = 2}); },
        {example_p(), example_q(), scale(), torch::tensor(-1., torch::kFloat64)});
  };
  const auto once = of(1), thrice = of(3);
  for (size_t i = 1; i < once.size(); ++i) EXPECT_LT(test::distance(3 * once[i], thrice[i]), 1e-13);
}

TEST(Tiled, EachInputMayBeTheOnlyOneThatIsTrained) {
  const std::vector<Tensor> inputs{example_p(), example_q(), scale(),
                                   torch::tensor(-1., torch::kFloat64)};
  const auto loss = [](const auto& x) {
    return sigmoid_pairs(x[0], x[1], x[2], x[3], {.tile = 2});
  };
  const auto all = plain::with_gradients(loss, inputs);
  for (size_t trained = 0; trained < inputs.size(); ++trained) {
    std::vector<Tensor> leaves;
    for (const Tensor& x : inputs) leaves.push_back(x.clone());
    leaves[trained].requires_grad_();
    loss(leaves).backward();
    for (size_t i = 0; i < inputs.size(); ++i) {
      EXPECT_EQ(leaves[i].grad().defined(), i == trained);
    }
    EXPECT_LT(test::distance(leaves[trained].grad(), all[trained + 1]), 1e-14) << trained;
  }
  EXPECT_FALSE(loss(inputs).requires_grad());
}

TEST(Tiled, InputsNeedNotBeContiguousNorOfOneType) {
  const Tensor turned = example_p().t().contiguous().t();
  EXPECT_EQ(info_nce(turned, example_q(), scale(), {.tile = 2}).item<double>(),
            info_nce(example_p(), example_q(), scale(), {.tile = 2}).item<double>());
  const Tensor mixed = info_nce(example_p().to(torch::kFloat32), example_q(), torch::tensor(4.f));
  EXPECT_EQ(mixed.scalar_type(), torch::kFloat64);
}

TEST(Tiled, HalfPrecisionInputsAreComputedInSinglePrecision) {
  const Tensor a = example_p().to(torch::kBFloat16), b = example_q().to(torch::kBFloat16);
  Tensor leaf = a.clone().requires_grad_();
  const Tensor value = info_nce(leaf, b, scale());
  EXPECT_EQ(value.scalar_type(), torch::kFloat32);
  EXPECT_NEAR(value.item<float>(),
              info_nce(a.to(torch::kFloat64), b.to(torch::kFloat64), scale()).item<double>(), 1e-5);
  value.backward();
  EXPECT_EQ(leaf.grad().scalar_type(), torch::kBFloat16);
}

TEST(Tiled, AutocastLeavesTheLogitsAlone) {
  const Tensor a = example_p().to(torch::kFloat32), b = example_q().to(torch::kFloat32);
  const float expected = info_nce(a, b, scale()).item<float>();
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const Tensor value = info_nce(a, b, scale());
  at::autocast::set_autocast_enabled(at::kCPU, false);
  EXPECT_EQ(value.scalar_type(), torch::kFloat32);
  EXPECT_EQ(value.item<float>(), expected);
}

TEST(Tiled, BackwardMayRunTwice) {
  Tensor a = example_p().requires_grad_();
  const Tensor value = info_nce(a, example_q(), scale(), {.tile = 2});
  value.backward({}, /*retain_graph=*/true);
  const Tensor once = a.grad().clone();
  value.backward();
  EXPECT_LT(test::distance(a.grad(), 2 * once), 1e-15);
}

TEST(Tiled, SecondDerivativesAreRefused) {
  const Tensor a = example_p().requires_grad_();
  const Tensor value = info_nce(a, example_q(), scale());
  EXPECT_THROW(torch::autograd::grad({value}, {a}, {}, std::nullopt, /*create_graph=*/true), Error);
}

}  // namespace
}  // namespace relata::objectives
