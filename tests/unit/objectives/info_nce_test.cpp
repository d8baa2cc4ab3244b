#include "relata/objectives/info_nce.h"

#include <gmock/gmock.h>

#include "relata/base/error.h"
#include "support/gradient.h"
#include "unit/objectives/example.h"
#include "unit/objectives/pairs_of_a_batch.h"

namespace relata::objectives {
namespace {

using testing::HasSubstr;
using torch::Tensor;

void expect_plain(const plain::Batch& batch, const Tensor& ids, int64_t tile, double tolerance) {
  const auto type = batch.a.scalar_type();
  plain::expect_equal(
      [&](const auto& x) { return info_nce(x[0], x[1], x[2], {.ids = ids, .tile = tile}); },
      [&](const auto& x) { return plain::info_nce(x[0], x[1], x[2], ids); },
      {batch.a, batch.b, torch::tensor(batch.scale, type)}, tolerance);
}

TEST(InfoNce, EqualsTheWholeMatrixOnTilesOfAnySize) {
  for (const auto& batch : plain::batches(torch::kFloat64)) {
    for (const int64_t tile : {1, 2, 3, 7, 11, 1024}) {
      SCOPED_TRACE(batch.name + ", tile " + std::to_string(tile));
      expect_plain(batch, {}, tile, 1e-11);
      expect_plain(batch, batch.ids, tile, 1e-11);
    }
  }
}

TEST(InfoNce, OfSinglePrecisionIsAsNearToDoubleAsTheWholeMatrixIs) {
  for (const auto& batch : plain::batches(torch::kFloat32)) {
    for (const Tensor& ids : {Tensor(), batch.ids}) {
      SCOPED_TRACE(batch.name);
      plain::expect_as_precise(
          [&](const auto& x) { return info_nce(x[0], x[1], x[2], {.ids = ids, .tile = 4}); },
          [&](const auto& x) { return plain::info_nce(x[0], x[1], x[2], ids); },
          {batch.a, batch.b, torch::tensor(batch.scale, torch::kFloat32)});
    }
  }
}

TEST(InfoNce, EqualsTheGoldensOfTheReleasedCode) {  // IRRA's itc, at scale 50 and 1
  const Tensor v =
      torch::tensor({{1., 2., .5}, {0., 1., -1.}, {2., 0., 1.}, {-1., 1., 1.}}, torch::kFloat64);
  const Tensor t =
      torch::tensor({{.9, 1.5, 0.}, {1., -1., .5}, {1., .2, 1.}, {0., 1., 2.}}, torch::kFloat64);
  const auto at = [&](double scale) { return torch::tensor(scale, torch::kFloat64); };
  EXPECT_NEAR(info_nce(v, t, at(50)).item<double>(), 17.28694634, 1e-8);
  EXPECT_NEAR(info_nce(v, t, at(1)).item<double>(), 1.24551044, 1e-8);
  const auto results = plain::with_gradients(
      [&](const auto& x) { return info_nce(x[0], x[1], at(50), {.tile = 3}); }, {v, t});
  EXPECT_NEAR(results[1].norm().item<double>(), 6.26534115, 1e-8);
  EXPECT_NEAR(results[2].norm().item<double>(), 5.98919545, 1e-8);
}

TEST(InfoNce, HasTheGradientOfCentralDifferences) {
  const Tensor scale = torch::tensor(3., torch::kFloat64);
  const InfoNceOptions options{.ids = test::integers({1, 2, 1, 3, 3}), .tile = 2};
  test::expect_gradient([&](auto& a) { return info_nce(a, example_q(), scale, options); },
                        example_p());
  test::expect_gradient([&](auto& b) { return info_nce(example_p(), b, scale, options); },
                        example_q());
  test::expect_gradient([&](auto& s) { return info_nce(example_p(), example_q(), s, options); },
                        scale);
}

TEST(InfoNce, OfOneRowIsZero) {
  EXPECT_NEAR(info_nce(example_p().slice(0, 0, 1), example_q().slice(0, 0, 1),
                       torch::tensor(20., torch::kFloat64))
                  .item<double>(),
              0, 1e-14);
}

TEST(InfoNce, OfEqualIdsCountsNoCaptionOfTheSamePictureAsNegative) {
  const Tensor two = example_p().slice(0, 0, 2);
  const Tensor scale = torch::tensor(100., torch::kFloat64);
  const Tensor captions = torch::cat({two, two}), pictures = torch::cat({two, two});
  // Each row sees its two positives and no near negative: ln 2 is the least there can be.
  const double value =
      info_nce(captions, pictures, scale, {.ids = test::integers({0, 1, 0, 1})}).item<double>();
  EXPECT_NEAR(value, std::log(2), .02);
  EXPECT_LT(plain::with_gradients(
                [&](const auto& x) {
                  return info_nce(x[0], pictures, scale, {.ids = test::integers({0, 1, 0, 1})});
                },
                {captions})[1]
                .abs()
                .max()
                .item<double>(),
            .2);
}

TEST(InfoNce, SaturatedKeepsTheDigitsOfSinglePrecision) {
  // What is left to learn is 1 − P_ii = 3.7e-7, less than half the last digit of the logit 14.8.
  const Tensor a = torch::eye(2, torch::kFloat32);
  const auto results = plain::with_gradients(
      [&](const auto& x) { return info_nce(a, a, x[0], {.tile = 1}); }, {torch::tensor(14.8f)});
  const double left = std::exp(-14.8) / (1 + std::exp(-14.8));
  EXPECT_NEAR(results[1].item<double>(), -left, .1 * left);
}

TEST(InfoNce, RefusesWhatDoesNotFit) {
  const Tensor scale = torch::tensor(1.);
  const auto message = [&](const Tensor& a, const Tensor& b, const Tensor& s,
                           const InfoNceOptions& options) -> std::string {
    try {
      info_nce(a, b, s, options);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing";
  };
  const Tensor p = example_p();
  EXPECT_THAT(message(p, p.t(), scale, {}), HasSubstr("a is [5, 4] but b is [4, 5]"));
  EXPECT_THAT(message(p.slice(0, 0, 0), p.slice(0, 0, 0), scale, {}),
              HasSubstr("at least one row"));
  EXPECT_THAT(message(p, p, torch::ones({2}), {}), HasSubstr("the scale has 2 values"));
  EXPECT_THAT(message(p, p, scale, {.ids = test::integers({1, 2})}),
              HasSubstr("the ids are [2] of Long, but must be one whole number for each of the 5"));
  EXPECT_THAT(message(p, p, scale, {.ids = torch::ones({5})}), HasSubstr("[5] of Float"));
  EXPECT_THAT(message(p, p, scale, {.tile = 0}), HasSubstr("a tile of edge 0"));
}

}  // namespace
}  // namespace relata::objectives
