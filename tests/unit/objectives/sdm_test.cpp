#include "relata/objectives/sdm.h"

#include <gmock/gmock.h>

#include "relata/base/error.h"
#include "support/gradient.h"
#include "unit/objectives/example.h"
#include "unit/objectives/pairs_of_a_batch.h"

namespace relata::objectives {
namespace {

using torch::Tensor;

Tensor v() {
  return torch::tensor({{1., 2., .5}, {0., 1., -1.}, {2., 0., 1.}, {-1., 1., 1.}}, torch::kFloat64);
}
Tensor t() {
  return torch::tensor({{.9, 1.5, 0.}, {1., -1., .5}, {1., .2, 1.}, {0., 1., 2.}}, torch::kFloat64);
}
Tensor pid() { return test::integers({7, 3, 7, 9}); }
Tensor scale_of(double scale) { return torch::tensor(scale, torch::kFloat64); }

void expect_plain(const plain::Batch& batch, int64_t tile, double epsilon, double tolerance) {
  plain::expect_equal(
      [&](const auto& x) {
        return sdm(x[0], x[1], batch.ids, x[2], {.epsilon = epsilon, .tile = tile});
      },
      [&](const auto& x) { return plain::sdm(x[0], x[1], batch.ids, x[2], epsilon); },
      {batch.a, batch.b, torch::tensor(batch.scale, batch.a.scalar_type())}, tolerance);
}

TEST(Sdm, EqualsTheWholeMatrixOnTilesOfAnySize) {
  for (const auto& batch : plain::batches(torch::kFloat64)) {
    for (const int64_t tile : {1, 2, 3, 7, 11, 1024}) {
      SCOPED_TRACE(batch.name + ", tile " + std::to_string(tile));
      expect_plain(batch, tile, 1e-8, 1e-11);
      expect_plain(batch, tile, 1e-3, 1e-11);
    }
  }
}

TEST(Sdm, OfSinglePrecisionIsAsNearToDoubleAsTheWholeMatrixIs) {
  for (const auto& batch : plain::batches(torch::kFloat32)) {
    SCOPED_TRACE(batch.name);
    plain::expect_as_precise(
        [&](const auto& x) { return sdm(x[0], x[1], batch.ids, x[2], {.tile = 4}); },
        [&](const auto& x) { return plain::sdm(x[0], x[1], batch.ids, x[2]); },
        {batch.a, batch.b, torch::tensor(batch.scale, torch::kFloat32)});
  }
}

TEST(Sdm, EqualsTheGoldensOfTheReleasedCode) {  // which takes log(q + ε) in single precision
  EXPECT_NEAR(sdm(t(), v(), pid(), scale_of(50)).item<double>(), 9.90375165, 5e-7);
  EXPECT_NEAR(sdm(t(), v(), pid(), scale_of(1)).item<double>(), 18.58033944, 5e-7);
  for (const auto& [scale, of_v, of_t] :
       {std::tuple{50., .00506564, .00532511}, std::tuple{1., 1.29745055, 1.89524232}}) {
    const auto results = plain::with_gradients(
        [&](const auto& x) { return sdm(x[0], x[1], pid(), scale_of(scale), {.tile = 3}); },
        {t(), v()});
    EXPECT_NEAR(results[1].norm().template item<double>(), of_t, 1e-7);
    EXPECT_NEAR(results[2].norm().template item<double>(), of_v, 1e-7);
  }
}

TEST(Sdm, HasTheGradientOfCentralDifferences) {
  const Tensor ids = test::integers({1, 2, 1, 3, 3});
  const SdmOptions options{.tile = 2};
  const Tensor scale = scale_of(3);
  test::expect_gradient([&](auto& a) { return sdm(a, example_q(), ids, scale, options); },
                        example_p());
  test::expect_gradient([&](auto& b) { return sdm(example_p(), b, ids, scale, options); },
                        example_q());
  test::expect_gradient([&](auto& s) { return sdm(example_p(), example_q(), ids, s, options); },
                        scale);
}

TEST(Sdm, AtItsEdges) {
  const Tensor one = v().slice(0, 0, 1);
  EXPECT_NEAR(sdm(one, t().slice(0, 0, 1), pid().slice(0, 0, 1), scale_of(50)).item<double>(), 0,
              1e-6);
  const Tensor same = one.expand({5, 3});
  EXPECT_NEAR(sdm(same, same, torch::zeros({5}, torch::kInt64), scale_of(50)).item<double>(), 0,
              1e-6);
  const Tensor apart = torch::eye(2, torch::kFloat64);
  const Tensor swapped = apart.flip(0);
  EXPECT_NEAR(sdm(apart, apart, test::integers({0, 1}), scale_of(50)).item<double>(), 0, 1e-6);
  EXPECT_NEAR(sdm(apart, swapped, test::integers({0, 1}), scale_of(50)).item<double>(), 36.841361,
              1e-6);
}

TEST(Sdm, IsTheSameForAnyNumbersThatNameTheIdentities) {
  EXPECT_EQ(sdm(t(), v(), pid(), scale_of(50)).item<double>(),
            sdm(t(), v(), test::integers({-1, 1L << 60, -1, 0}), scale_of(50)).item<double>());
  EXPECT_NEAR(sdm(t(), v(), pid(), scale_of(50)).item<double>(),
              sdm(v(), t(), pid(), scale_of(50)).item<double>(), 1e-12);
}

TEST(Sdm, RefusesWhatDoesNotFit) {
  EXPECT_THROW(sdm(t(), v(), {}, scale_of(1)), Error);
  EXPECT_THROW(sdm(t(), v(), test::integers({1}), scale_of(1)), Error);
  EXPECT_THROW(sdm(t(), v(), pid(), scale_of(1), {.epsilon = 0}), Error);
  EXPECT_THROW(sdm(t(), v().t(), pid(), scale_of(1)), Error);
}

}  // namespace
}  // namespace relata::objectives
