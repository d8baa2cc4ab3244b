#include "relata/objectives/mixup_clip.h"

#include <gmock/gmock.h>

#include "relata/base/error.h"
#include "relata/objectives/rows.h"
#include "support/gradient.h"
#include "unit/objectives/example.h"

namespace relata::objectives {
namespace {

using test::gradient_of;
using torch::Tensor;

double value(const Tensor& a, const Tensor& b, const Mixing& m,
             const MixupClipOptions& options = {}) {
  return mixup_clip(a, b, m, options).item<double>();
}

double first_direction(const Tensor& a, const Tensor& b, const Mixing& m) {
  const Tensor s = UnitRows(a).n.mm(UnitRows(b).n.t()) / 0.1;
  return soft_cross_entropy(s, mixup_targets(m, FixedPoint::kOverwrite)).item<double>();
}

TEST(MixupClip, EqualsTheReleasedImplementation) {  // G3
  EXPECT_NEAR(value(example_p(), example_q(), example_mixing()), 7.088777892146934, 1e-10);
  EXPECT_NEAR(first_direction(example_p(), example_q(), example_mixing()), 6.759520020027618,
              1e-10);
}

TEST(MixupClip, EqualsTheReleasedImplementationInSinglePrecision) {
  const Tensor p = example_p().to(torch::kFloat32), q = example_q().to(torch::kFloat32);
  const Mixing m = as_float(example_mixing());
  EXPECT_EQ(mixup_clip(p, q, m).scalar_type(), torch::kFloat32);
  EXPECT_NEAR(value(p, q, m), 7.088777892146934, 2e-5);
  const Mixing fixed_points = as_float(mixing({2, 1, 0, 3, 4}, {.9, 1, .3, .6, 1}));
  EXPECT_NEAR(value(p, q, fixed_points), 1.970280941258627, 2e-5);
}

TEST(MixupClip, HasTheGradientOfTheReleasedImplementation) {  // G4
  const Tensor d_p = gradient_of(
      [](auto& p) { return mixup_clip(p, example_q(), example_mixing()); }, example_p());
  const Tensor d_q = gradient_of(
      [](auto& q) { return mixup_clip(example_p(), q, example_mixing()); }, example_q());
  EXPECT_NEAR(d_p.norm().item<double>(), 2.1770801224567635, 1e-10);
  EXPECT_NEAR(d_q.norm().item<double>(), 2.504428789547559, 1e-10);
  EXPECT_NEAR(d_p[0][0].item<double>(), -0.941749471342517, 1e-10);
  EXPECT_NEAR(d_q[0][0].item<double>(), 0.5117421144971028, 1e-10);
}

TEST(MixupClip, OverwritesFixedPointsAsReleased) {  // G5
  const Mixing m = mixing({2, 1, 0, 3, 4}, {.9, 1, .3, .6, 1});
  EXPECT_NEAR(value(example_p(), example_q(), m), 1.970280941258627, 1e-10);
  EXPECT_NEAR(first_direction(example_p(), example_q(), m), 1.9078505136401276, 1e-10);
}

TEST(MixupClip, WithoutMixingIsSymmetricInfoNce) {  // G6, invariant (f)
  const Mixing none = mixing({2, 0, 4, 1, 3}, {1, 1, 1, 1, 1});
  EXPECT_NEAR(value(example_p(), example_q(), none), 6.861138507305089, 1e-10);
  const Tensor s = UnitRows(example_p()).n.mm(UnitRows(example_q()).n.t()) / 0.1;
  const double info_nce =
      -0.5 *
      (torch::log_softmax(s, 1).diag() + torch::log_softmax(s, 0).diag()).mean().item<double>();
  EXPECT_NEAR(value(example_p(), example_q(), none), info_nce, 1e-12);
}

TEST(MixupClip, AnUnmixedFixedPointHasNoTargetUnlessAccumulated) {  // G6, discrepancy 3
  const Mixing identity = mixing({0, 1, 2, 3, 4}, {1, 1, 1, 1, 1});
  EXPECT_EQ(value(example_p(), example_q(), identity), 0);
  EXPECT_NEAR(value(example_p(), example_q(), identity, {.fixed_point = FixedPoint::kAccumulate}),
              6.861138507305089, 1e-10);
}

TEST(MixupClip, EqualsTheReleasedImplementationWithBothSidesMixed) {  // G7 official
  const Tensor text = mix_rows(example_p(), text_mixing());
  const Tensor image = mix_rows(example_q(), image_mixing());
  EXPECT_NEAR(value(text, image, text_mixing()) + value(image, text, image_mixing()),
              8.587646237559042, 1e-10);
}

TEST(MixupClip, EqualsTheReleasedImplementationWithACleanFixedSide) {  // G7 paper
  const Tensor text = mix_rows(example_p(), text_mixing());
  const Tensor image = mix_rows(example_q(), image_mixing());
  EXPECT_NEAR(value(text, example_q(), text_mixing()) + value(image, example_p(), image_mixing()),
              12.508044430809097, 1e-10);
  const auto f = [](const Tensor& x) { return x.to(torch::kFloat32); };
  EXPECT_NEAR(value(f(text), f(example_q()), as_float(text_mixing())) +
                  value(f(image), f(example_p()), as_float(image_mixing())),
              12.508044430809097, 4e-5);
}

TEST(MixupClip, IgnoresTheLengthOfRows) {  // invariant (a)
  EXPECT_NEAR(
      value(row_factors() * example_p(), row_factors().flip(0) * example_q(), example_mixing()),
      value(example_p(), example_q(), example_mixing()), 1e-12);
}

TEST(MixupClip, IgnoresACommonOrderOfRows) {  // invariant (b): perm and b conjugated
  const Tensor order = test::integers({3, 1, 4, 0, 2});
  const Mixing m = example_mixing();
  const Mixing conjugate{
      .permutation = order.argsort().index_select(0, m.permutation.index_select(0, order)),
      .coefficients = m.coefficients.index_select(0, order)};
  const Tensor p = example_p().index_select(0, order), q = example_q().index_select(0, order);
  EXPECT_NEAR(value(p, q, conjugate), value(example_p(), example_q(), m), 1e-12);
  EXPECT_LT(test::distance(mix_rows(p, conjugate), mix_rows(example_p(), m).index_select(0, order)),
            1e-12);
}

TEST(MixupClip, StaysFiniteForAZeroRow) {  // invariant (d)
  Tensor p = example_p(), q = example_q();
  p[1].zero_();
  q[3].zero_();
  EXPECT_TRUE(std::isfinite(value(p, q, example_mixing())));
  const auto d_p = gradient_of([&](auto& a) { return mixup_clip(a, q, example_mixing()); }, p);
  const auto d_q = gradient_of([&](auto& b) { return mixup_clip(p, b, example_mixing()); }, q);
  EXPECT_TRUE(d_p.isfinite().all().item<bool>());
  EXPECT_TRUE(d_q.isfinite().all().item<bool>());
}

TEST(MixupClip, OfOneRowIsZero) {  // invariant (e)
  EXPECT_EQ(value(example_p().narrow(0, 0, 1), example_q().narrow(0, 0, 1), mixing({0}, {.3})), 0);
}

TEST(MixupClip, NamesWhatDoesNotFit) {
  const auto fails_with = [](const std::string& text) {
    return testing::ThrowsMessage<Error>(testing::HasSubstr(text));
  };
  EXPECT_THAT([] { mixup_clip(torch::zeros({5, 4}), torch::zeros({4, 4}), example_mixing()); },
              fails_with("mixup_clip: a is [5, 4] but b is [4, 4]"));
  EXPECT_THAT([] { mixup_clip(torch::zeros({4, 4}), torch::zeros({4, 4}), example_mixing()); },
              fails_with("4 rows, but a permutation of 5 and 5 coefficients"));
  EXPECT_THAT([] { mix_rows(torch::zeros({5, 4}), mixing({0, 1, 2, 3, 4}, {1, 1})); },
              fails_with("5 rows, but a permutation of 5 and 2 coefficients"));
}

}  // namespace
}  // namespace relata::objectives
