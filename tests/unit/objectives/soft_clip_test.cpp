#include "relata/objectives/soft_clip.h"

#include <gmock/gmock.h>

#include "relata/base/error.h"
#include "relata/objectives/rows.h"
#include "support/gradient.h"
#include "unit/objectives/example.h"

namespace relata::objectives {
namespace {

using test::expect_gradient;
using test::gradient_of;
using torch::Tensor;

constexpr double kTau = 0.125;

double value(const Tensor& a, const Tensor& b) { return soft_clip(a, b, kTau).item<double>(); }

TEST(SoftClip, EqualsTheReleasedImplementation) {  // G1
  EXPECT_NEAR(value(example_p(), example_q()), 5.264110896262563, 1e-10);
  EXPECT_NEAR(value(example_q(), example_p()), 5.475479410711515, 1e-10);
  EXPECT_NEAR(value(example_p(), example_p()), 0.9139049377645009, 1e-10);
}

TEST(SoftClip, EqualsTheReleasedImplementationInSinglePrecision) {
  const Tensor p = example_p().to(torch::kFloat32), q = example_q().to(torch::kFloat32);
  EXPECT_EQ(soft_clip(p, q, kTau).scalar_type(), torch::kFloat32);
  EXPECT_NEAR(value(p, q), 5.264110896262563, 2e-5);
  EXPECT_NEAR(value(q, p), 5.475479410711515, 2e-5);
  EXPECT_NEAR(value(p, p), 0.9139049377645009, 2e-5);
}

TEST(SoftClip, HasTheGradientOfTheReleasedImplementation) {  // G2
  const Tensor d_p =
      gradient_of([](auto& p) { return soft_clip(p, example_q(), kTau); }, example_p());
  const Tensor d_q =
      gradient_of([](auto& q) { return soft_clip(example_p(), q, kTau); }, example_q());
  EXPECT_NEAR(d_p.norm().item<double>(), 1.3962317741178258, 1e-10);
  EXPECT_NEAR(d_q.norm().item<double>(), 2.5622492529122027, 1e-10);
  EXPECT_NEAR(d_p[0][0].item<double>(), -0.5052593042697696, 1e-10);
  EXPECT_NEAR(d_q[0][0].item<double>(), 0.4648830212747839, 1e-10);
}

TEST(SoftClip, HasTheGradientOfCentralDifferences) {
  expect_gradient([](auto& p) { return soft_clip(p, example_q(), kTau); }, example_p());
  expect_gradient([](auto& q) { return soft_clip(example_p(), q, kTau); }, example_q());
}

TEST(SoftClip, DetachedTargetsKeepTheValueAndAreConstantsToTheGradient) {
  const Tensor p = example_p(), q = example_q();
  const auto detached = [](const Tensor& a, const Tensor& b) {
    return soft_clip(a, b, kTau, SoftTargets::kDetached);
  };
  EXPECT_EQ(detached(p, q).item<double>(), value(p, q));
  const Tensor target = torch::softmax(UnitRows(q).n.mm(UnitRows(q).n.t()) / kTau, 1);
  const auto with_constant_target = [&](const Tensor& b) {
    const Tensor s = UnitRows(p).n.mm(UnitRows(b).n.t()) / kTau;
    return 0.5 * (soft_cross_entropy(s, target) + soft_cross_entropy(s.t(), target));
  };
  const Tensor d_q = gradient_of([&](auto& b) { return detached(p, b); }, q);
  EXPECT_LT(test::distance(d_q, gradient_of(with_constant_target, q)), 1e-12);
  EXPECT_LT(test::distance(d_q, test::central_differences(with_constant_target, q)), 1e-7);
  EXPECT_GT(test::distance(d_q, gradient_of([&](auto& b) { return soft_clip(p, b, kTau); }, q)),
            1e-2);
  expect_gradient([&](auto& a) { return detached(a, q); }, p);
}

TEST(SoftClip, IgnoresTheLengthOfRows) {  // invariant (a)
  EXPECT_NEAR(value(row_factors() * example_p(), row_factors().flip(0) * example_q()),
              value(example_p(), example_q()), 1e-12);
}

TEST(SoftClip, IgnoresACommonOrderOfRows) {  // invariant (b)
  const Tensor order = test::integers({3, 1, 4, 0, 2});
  EXPECT_NEAR(value(example_p().index_select(0, order), example_q().index_select(0, order)),
              value(example_p(), example_q()), 1e-12);
}

TEST(SoftClip, StaysFiniteForAZeroRow) {  // invariant (d)
  Tensor p = example_p(), q = example_q();
  p[1].zero_();
  q[3].zero_();
  EXPECT_TRUE(std::isfinite(value(p, q)));
  const auto d_p = gradient_of([&](auto& a) { return soft_clip(a, q, kTau); }, p);
  const auto d_q = gradient_of([&](auto& b) { return soft_clip(p, b, kTau); }, q);
  EXPECT_TRUE(d_p.isfinite().all().item<bool>());
  EXPECT_TRUE(d_q.isfinite().all().item<bool>());
}

TEST(SoftClip, OfOneRowIsZero) {  // invariant (e)
  EXPECT_EQ(value(example_p().narrow(0, 0, 1), example_q().narrow(0, 0, 1)), 0);
}

TEST(SoftClip, NamesBothShapesThatDoNotFit) {
  const auto fails_with = [](const std::string& text) {
    return testing::ThrowsMessage<Error>(testing::HasSubstr(text));
  };
  EXPECT_THAT([] { soft_clip(torch::zeros({5, 4}), torch::zeros({5, 3}), kTau); },
              fails_with("soft_clip: a is [5, 4] but b is [5, 3]"));
  EXPECT_THAT([] { soft_clip(torch::zeros({5}), torch::zeros({5}), kTau); },
              fails_with("a is [5] but b is [5]; both must be [batch, width]"));
}

}  // namespace
}  // namespace relata::objectives
