#include "relata/metrics/paired.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "relata/base/error.h"
#include "relata/metrics/classification.h"
#include "unit/metrics/random_problem.h"

namespace relata::metrics {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Classes = std::vector<int64_t>;

TEST(McNemar, IsTheTwoSidedBinomialTest) {
  EXPECT_EQ(mcnemar(0, 0).p, 1);
  EXPECT_EQ(mcnemar(7, 7).p, 1);
  EXPECT_NEAR(mcnemar(0, 5).p, 2.0 / 32, 1e-15);
  EXPECT_NEAR(mcnemar(5, 0).p, 2.0 / 32, 1e-15);
  EXPECT_NEAR(mcnemar(1, 9).p, 2 * (1 + 10) / 1024.0, 1e-15);
  EXPECT_EQ(mcnemar(1, 2).p, 1);
}

TEST(McNemar, EqualsTheFullSumOfBinomialTerms) {
  // C(n, j) / 2ⁿ by Pascal's rule, no logarithms.
  std::vector<double> row{1};
  for (int64_t n = 1; n <= 60; ++n) {
    std::vector<double> next(row.size() + 1);
    for (size_t j = 0; j < row.size(); ++j) {
      next[j] += row[j] / 2;
      next[j + 1] += row[j] / 2;
    }
    row = next;
    double tail = 0;
    for (int64_t k = 0; 2 * k < n; ++k) {
      tail += row[static_cast<size_t>(k)];
      EXPECT_NEAR(mcnemar(k, n - k).p, std::min(1.0, 2 * tail), 1e-14) << k << " of " << n;
    }
  }
}

TEST(McNemar, IsStableForMillionsOfRows) {
  // The normal approximation with continuity correction: z = (|b − c| − 1) / √(b + c).
  const double z = 4999 / std::sqrt(2e6);
  EXPECT_NEAR(mcnemar(997'500, 1'002'500).p / std::erfc(z / std::numbers::sqrt2), 1, 1e-3);
  EXPECT_EQ(mcnemar(0, 1'000'000).p, 0);
}

TEST(McNemar, CountsTheRowsThatOneAloneGetsRight) {
  const auto test = mcnemar(Classes{0, 1, 2, 0}, Classes{0, 0, 1, 2}, Classes{0, 1, 2, 2});
  EXPECT_EQ(test.only_a, 2);
  EXPECT_EQ(test.only_b, 1);
  EXPECT_EQ(test.p, 1);
}

TEST(Holm, AdjustsStepByStep) {
  const auto result = holm(std::vector{0.01, 0.04, 0.03, 0.005});
  EXPECT_THAT(result.adjusted, ElementsAre(DoubleNear(0.03, 1e-15), DoubleNear(0.06, 1e-15),
                                           DoubleNear(0.06, 1e-15), DoubleNear(0.02, 1e-15)));
  EXPECT_THAT(result.rejected, ElementsAre(true, false, false, true));
}

TEST(Holm, NeverExceedsOneAndTakesNoTests) {
  EXPECT_THAT(holm(std::vector{0.9, 0.8}).adjusted, ElementsAre(1, 1));
  EXPECT_TRUE(holm({}).adjusted.empty());
  EXPECT_THAT(([] { holm(std::vector{0.5, 1.5}); }),
              ThrowsMessage<Error>(HasSubstr("1.5 is no p-value")));
  EXPECT_THROW(holm(std::vector{std::nan("")}), Error);
}

TEST(Welch, EqualsTheFormulaOfEqualSamples) {
  // s² / n = 1 each: t = −2 / √2, df = 4 / (2 / 3) = 6.
  const auto test = welch({.mean = 1, .sd = 2, .n = 4}, {.mean = 3, .sd = 2, .n = 4});
  EXPECT_DOUBLE_EQ(test.t, -std::numbers::sqrt2);
  EXPECT_DOUBLE_EQ(test.df, 6);
  // p = 1 − sin θ (1 + ½ cos² θ + ⅜ cos⁴ θ),   tan² θ = t² / 6 = ⅓
  EXPECT_NEAR(test.p, 0.20703125, 1e-14);
}

TEST(Welch, SamplesWithoutSpreadFollowTheStatedRule) {
  const auto equal = welch({.mean = 1, .sd = 0, .n = 3}, {.mean = 1, .sd = 0, .n = 4});
  EXPECT_EQ(equal.t, 0);
  EXPECT_EQ(equal.df, 5);
  EXPECT_EQ(equal.p, 1);
  const auto lower = welch({.mean = 1, .sd = 0, .n = 3}, {.mean = 2, .sd = 0, .n = 4});
  EXPECT_EQ(lower.t, -INFINITY);
  EXPECT_EQ(lower.p, 0);
  const auto one_side = welch({.mean = 1, .sd = 0, .n = 3}, {.mean = 2, .sd = 1, .n = 4});
  EXPECT_DOUBLE_EQ(one_side.t, -2);
  EXPECT_DOUBLE_EQ(one_side.df, 3);
}

TEST(Welch, OfASingleRunIsUnknown) {
  const auto test = welch({.mean = 1, .sd = NAN, .n = 1}, {.mean = 2, .sd = 1, .n = 20});
  EXPECT_TRUE(std::isnan(test.t));
  EXPECT_TRUE(std::isnan(test.df));
  EXPECT_TRUE(std::isnan(test.p));
}

TEST(PairedErrors, SayWhatIsWrong) {
  EXPECT_THROW(mcnemar(-1, 2), Error);
  EXPECT_THROW(mcnemar(Classes{}, Classes{}, Classes{}), Error);
  EXPECT_THROW(mcnemar(Classes{0, 1}, Classes{0}, Classes{0}), Error);
  EXPECT_THROW(mcnemar(Classes{0}, Classes{0, 1}, Classes{0}), Error);
  EXPECT_THROW(welch({.mean = 1, .sd = 1, .n = 0}, {.mean = 1, .sd = 1, .n = 2}), Error);
  EXPECT_THAT(([] { welch({.mean = 1, .sd = -1, .n = 2}, {.mean = 1, .sd = 1, .n = 2}); }),
              ThrowsMessage<Error>(HasSubstr("mean 1, sd -1, n 2 describe no sample")));
  EXPECT_THROW(welch({.mean = NAN, .sd = 1, .n = 2}, {.mean = 1, .sd = 1, .n = 2}), Error);
  EXPECT_THROW(welch({.mean = 1, .sd = INFINITY, .n = 2}, {.mean = 1, .sd = 1, .n = 2}), Error);
}

}  // namespace
}  // namespace relata::metrics
