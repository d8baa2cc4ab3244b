#include "relata/metrics/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "relata/base/error.h"
#include "relata/base/parallel.h"
#include "relata/metrics/classification.h"
#include "relata/metrics/ranking.h"
#include "unit/metrics/random_problem.h"

namespace relata::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

void expect_same(const Interval& a, const Interval& b) {
  EXPECT_EQ(a.estimate, b.estimate);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  EXPECT_EQ(a.resamples, b.resamples);
  EXPECT_EQ(a.undefined, b.undefined);
}

class BootstrapOfAProblem : public ::testing::Test {
 protected:
  double accuracy_of(Weights weights) const {
    return accuracy(count_classes(problem.predictions, problem.labels, weights, 2));
  }
  double accuracy_of_rows(std::span<const int64_t> rows) const {
    return accuracy(pick(problem.predictions, rows), pick(problem.labels, rows));
  }

  const RandomProblem problem = random_problem(11, 60, 2);
  const std::vector<double> scores = column(problem.scores(), 1);
  const RankedScores ranked{scores, problem.labels};
  const BootstrapOptions options{.resamples = 500, .seed = 5};
};

TEST_F(BootstrapOfAProblem, WeightsEqualTheGeneralFormBitForBit) {
  expect_same(bootstrap([&](Weights w) { return accuracy_of(w); }, 60, options),
              bootstrap(over_rows([&](auto rows) { return accuracy_of_rows(rows); }), 60, options));
  expect_same(bootstrap([&](Weights w) { return ranked.roc_auc(w); }, 60, options),
              bootstrap(over_rows([&](auto rows) {
                          return roc_auc(pick(scores, rows), pick(problem.labels, rows));
                        }),
                        60, options));
  expect_same(bootstrap([&](Weights w) { return ranked.average_precision(w); }, 60, options),
              bootstrap(over_rows([&](auto rows) {
                          return average_precision(pick(scores, rows), pick(problem.labels, rows));
                        }),
                        60, options));
}

TEST_F(BootstrapOfAProblem, DoesNotDependOnTheNumberOfThreads) {
  const auto with_threads = [&](int count) {
    const int before = threads();
    set_threads(count);
    const auto interval = bootstrap([&](Weights w) { return ranked.roc_auc(w); }, 60, options);
    set_threads(before);
    return interval;
  };
  expect_same(with_threads(1), with_threads(2));
}

TEST_F(BootstrapOfAProblem, SeveralMetricsSeeTheSameResamples) {
  const auto both = bootstrap_all(
      [&](Weights w) { return std::vector{accuracy_of(w), ranked.roc_auc(w)}; }, 60, options);
  ASSERT_EQ(both.size(), 2u);
  expect_same(both[0], bootstrap([&](Weights w) { return accuracy_of(w); }, 60, options));
  expect_same(both[1], bootstrap([&](Weights w) { return ranked.roc_auc(w); }, 60, options));
}

TEST_F(BootstrapOfAProblem, SeedsDiffer) {
  const auto one = bootstrap([&](Weights w) { return ranked.roc_auc(w); }, 60, options);
  const auto other =
      bootstrap([&](Weights w) { return ranked.roc_auc(w); }, 60, {.resamples = 500, .seed = 6});
  EXPECT_EQ(one.estimate, other.estimate);
  EXPECT_NE(one.low, other.low);
}

TEST_F(BootstrapOfAProblem, GroupsAreDrawnWhole) {
  std::vector<int64_t> groups(60);
  for (size_t i = 0; i < groups.size(); ++i) groups[i] = static_cast<int64_t>(i % 20) * 7 - 3;
  std::set<int32_t> group_weights;
  bootstrap(
      [&](Weights w) {
        for (size_t i = 0; i < 20; ++i) {
          EXPECT_EQ(w[i], w[i + 20]);
          EXPECT_EQ(w[i], w[i + 40]);
          group_weights.insert(w[i]);
        }
        EXPECT_EQ(std::accumulate(w.begin(), w.end(), 0), 60);
        return 0.0;
      },
      60, {.resamples = 50, .groups = groups});
  EXPECT_GT(group_weights.size(), 2u);
}

TEST_F(BootstrapOfAProblem, GroupsOfOneRowAreRows) {
  std::vector<int64_t> groups(60);
  std::iota(groups.begin(), groups.end(), 100);
  auto grouped = options;
  grouped.groups = groups;
  expect_same(bootstrap([&](Weights w) { return accuracy_of(w); }, 60, grouped),
              bootstrap([&](Weights w) { return accuracy_of(w); }, 60, options));
}

TEST_F(BootstrapOfAProblem, WithoutResamplesThereIsTheEstimateAlone) {
  const auto interval = bootstrap([&](Weights w) { return accuracy_of(w); }, 60, {.resamples = 0});
  EXPECT_EQ(interval.estimate, accuracy(problem.predictions, problem.labels));
  EXPECT_TRUE(std::isnan(interval.low));
  EXPECT_EQ(interval.resamples, 0);
}

TEST(Bootstrap, UndefinedResamplesAreCountedAndLeftOut) {
  // One negative of four rows: a resample misses it with probability (¾)⁴ = 0.316, or has no other
  // row with probability (¼)⁴ = 0.004.
  const RankedScores ranked(std::vector{.1, .2, .3, .4}, std::vector<int64_t>{0, 1, 1, 1});
  const auto interval =
      bootstrap([&](Weights w) { return ranked.roc_auc(w); }, 4, {.resamples = 4000});
  EXPECT_EQ(interval.resamples, 4000);
  EXPECT_NEAR(static_cast<double>(interval.undefined) / 4000, 0.320, 0.03);
  EXPECT_EQ(interval.low, 1);
  const auto never = bootstrap([](Weights) { return std::nan(""); }, 4, {.resamples = 10});
  EXPECT_EQ(never.undefined, 10);
  EXPECT_TRUE(std::isnan(never.low));
  EXPECT_TRUE(std::isnan(never.high));
}

TEST(Bootstrap, OfAShareIsCloseToTheNormalInterval) {
  // 850 of 1,000 right: 0.85 ± 1.96 · √(0.85 · 0.15 / 1000).
  std::vector<double> right(1000, 1);
  std::fill_n(right.begin(), 150, 0);
  const auto interval = bootstrap([&](Weights w) { return weighted_mean(right, w); }, 1000);
  EXPECT_EQ(interval.resamples, 10'000);
  EXPECT_EQ(interval.level, 0.95);
  EXPECT_DOUBLE_EQ(interval.estimate, 0.85);
  EXPECT_NEAR(interval.low, 0.85 - 0.02213, 0.0015);
  EXPECT_NEAR(interval.high, 0.85 + 0.02213, 0.0015);
}

TEST(Quantile, InterpolatesBetweenOrderStatistics) {
  const std::vector<double> values{1, 2, 4, 8};
  EXPECT_EQ(quantile(values, 0), 1);
  EXPECT_EQ(quantile(values, 1), 8);
  EXPECT_DOUBLE_EQ(quantile(values, 0.5), 3);
  EXPECT_DOUBLE_EQ(quantile(values, 0.9), 6.8);
  EXPECT_EQ(quantile(std::vector{3.0}, 0.975), 3);
}

TEST(BootstrapErrors, SayWhatIsWrong) {
  const auto zero = [](Weights) { return 0.0; };
  EXPECT_THROW(bootstrap(zero, 0), Error);
  EXPECT_THROW(bootstrap(zero, 3, {.resamples = -1}), Error);
  EXPECT_THROW(bootstrap(zero, 3, {.level = 1}), Error);
  EXPECT_THAT(([&] { bootstrap(zero, 3, {.level = 95}); }),
              ThrowsMessage<Error>(HasSubstr("between 0 and 1, got 95")));
  const std::vector<int64_t> groups{1, 2};
  EXPECT_THAT(([&] { bootstrap(zero, 3, {.groups = groups}); }),
              ThrowsMessage<Error>(HasSubstr("3 rows but 2 group labels")));
}

}  // namespace
}  // namespace relata::metrics
