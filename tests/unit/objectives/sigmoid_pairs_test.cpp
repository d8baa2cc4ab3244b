#include "relata/objectives/sigmoid_pairs.h"

#include <gmock/gmock.h>

#include "relata/base/error.h"
#include "support/gradient.h"
#include "unit/objectives/example.h"
#include "unit/objectives/pairs_of_a_batch.h"

namespace relata::objectives {
namespace {

using torch::Tensor;

void expect_plain(const plain::Batch& batch, const Tensor& ids, int64_t tile, double bias,
                  double tolerance) {
  const auto type = batch.a.scalar_type();
  plain::expect_equal(
      [&](const auto& x) {
        return sigmoid_pairs(x[0], x[1], x[2], x[3], {.ids = ids, .tile = tile});
      },
      [&](const auto& x) { return plain::sigmoid_pairs(x[0], x[1], x[2], x[3], ids); },
      {batch.a, batch.b, torch::tensor(batch.scale, type), torch::tensor(bias, type)}, tolerance);
}

TEST(SigmoidPairs, EqualsTheWholeMatrixOnTilesOfAnySize) {
  for (const auto& batch : plain::batches(torch::kFloat64)) {
    for (const int64_t tile : {1, 2, 3, 7, 11, 1024}) {
      SCOPED_TRACE(batch.name + ", tile " + std::to_string(tile));
      expect_plain(batch, {}, tile, -10, 1e-11);
      expect_plain(batch, batch.ids, tile, .5, 1e-11);
    }
  }
}

TEST(SigmoidPairs, OfSinglePrecisionIsAsNearToDoubleAsTheWholeMatrixIs) {
  for (const auto& batch : plain::batches(torch::kFloat32)) {
    SCOPED_TRACE(batch.name);
    plain::expect_as_precise(
        [&](const auto& x) { return sigmoid_pairs(x[0], x[1], x[2], x[3], {.tile = 4}); },
        [&](const auto& x) { return plain::sigmoid_pairs(x[0], x[1], x[2], x[3]); },
        {batch.a, batch.b, torch::tensor(batch.scale, torch::kFloat32), torch::tensor(-10.f)});
  }
}

TEST(SigmoidPairs, IsWrittenOutByHandForTwoRows) {
  // cos = [[1, 0], [.6, −.8]], S = 2 cos − 0.5
  const Tensor a = torch::tensor({{1., 0.}, {.6, .8}}, torch::kFloat64);
  const Tensor b = torch::tensor({{1., 0.}, {0., -3.}}, torch::kFloat64);
  const auto log_sigmoid = [](double x) { return -std::log1p(std::exp(-x)); };
  const double expected =
      -(log_sigmoid(1.5) + log_sigmoid(.5) + log_sigmoid(-.7) + log_sigmoid(-2.1)) / 2;
  EXPECT_NEAR(sigmoid_pairs(a, b, torch::tensor(2.), torch::tensor(-.5)).item<double>(), expected,
              1e-14);
}

TEST(SigmoidPairs, HasTheGradientOfCentralDifferences) {
  const Tensor scale = torch::tensor(3., torch::kFloat64),
               bias = torch::tensor(-1., torch::kFloat64);
  const SigmoidPairsOptions options{.ids = test::integers({1, 2, 1, 3, 3}), .tile = 2};
  const Tensor p = example_p(), q = example_q();
  test::expect_gradient([&](auto& a) { return sigmoid_pairs(a, q, scale, bias, options); }, p);
  test::expect_gradient([&](auto& b) { return sigmoid_pairs(p, b, scale, bias, options); }, q);
  test::expect_gradient([&](auto& s) { return sigmoid_pairs(p, q, s, bias, options); }, scale);
  test::expect_gradient([&](auto& c) { return sigmoid_pairs(p, q, scale, c, options); }, bias);
}

TEST(SigmoidPairs, RefusesWhatDoesNotFit) {
  const Tensor one = torch::tensor(1.), p = example_p();
  EXPECT_THROW(sigmoid_pairs(p, p, one, torch::ones({3})), Error);
  EXPECT_THROW(sigmoid_pairs(p, p, one, one, {.ids = test::integers({1})}), Error);
  EXPECT_THROW(sigmoid_pairs(p, p[0], one, one), Error);
}

}  // namespace
}  // namespace relata::objectives
