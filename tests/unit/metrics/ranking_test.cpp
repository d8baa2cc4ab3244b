#include "relata/metrics/ranking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "relata/base/error.h"
#include "unit/metrics/random_problem.h"

namespace relata::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Labels = std::vector<int64_t>;
using Scores = std::vector<double>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The definition: share of pairs (positive, negative) in the right order, ties ½.
double auc_of_pairs(const Scores& scores, const Labels& labels) {
  double wins = 0;
  double pairs = 0;
  for (size_t p = 0; p < scores.size(); ++p) {
    for (size_t n = 0; n < scores.size(); ++n) {
      if (labels[p] != 1 || labels[n] != 0) continue;
      wins += scores[p] > scores[n] ? 1 : scores[p] == scores[n] ? 0.5 : 0;
      ++pairs;
    }
  }
  return wins / pairs;
}

// The definition, threshold by threshold: each positive gains the precision at its own score.
double precision_of_positives(const Scores& scores, const Labels& labels) {
  double sum = 0;
  double positives = 0;
  for (size_t p = 0; p < scores.size(); ++p) {
    if (labels[p] != 1) continue;
    double called = 0;
    double right = 0;
    for (size_t i = 0; i < scores.size(); ++i) {
      if (scores[i] < scores[p]) continue;
      ++called;
      right += static_cast<double>(labels[i]);
    }
    sum += right / called;
    ++positives;
  }
  return sum / positives;
}

Labels is_class(const Labels& labels, int64_t c) {
  Labels binary;
  for (const int64_t label : labels) binary.push_back(label == c ? 1 : 0);
  return binary;
}

// M3CoL spec, G16.
const Labels kLabels{0, 0, 1, 1, 0, 1, 1, 0};
const Scores kScores{.1, .4, .4, .8, .8, .9, .2, .3};

TEST(RocAuc, EqualsTheGoldenValuesOfTheSpec) {
  EXPECT_EQ(roc_auc(kScores, kLabels), 0.6875);
  EXPECT_EQ(roc_auc(Scores(8, 0.3), kLabels), 0.5);
}

TEST(RocAuc, IsTheShareOfPairsInOrder) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const auto problem = random_problem(seed, 3 + static_cast<int64_t>(seed), 2);
    const auto scores = column(problem.scores(), 1);
    const double expected = auc_of_pairs(scores, problem.labels);
    if (std::isnan(expected)) continue;
    EXPECT_NEAR(roc_auc(scores, problem.labels), expected, 1e-14);
  }
}

TEST(RocAuc, WithWeightsIsThatOfRepeatedRows) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const auto problem = random_problem(seed, 60, 2);
    const auto scores = column(problem.scores(), 1);
    const auto rows = repeated_rows(problem.weights);
    const RankedScores ranked(scores, problem.labels);
    const auto repeated_scores = pick(scores, rows);
    const auto repeated_labels = pick(problem.labels, rows);
    EXPECT_NEAR(ranked.roc_auc(problem.weights), auc_of_pairs(repeated_scores, repeated_labels),
                1e-14);
    EXPECT_NEAR(ranked.average_precision(problem.weights),
                precision_of_positives(repeated_scores, repeated_labels), 1e-14);
  }
}

TEST(RocAuc, IsTurnedRoundByTurningTheScores) {
  const auto problem = random_problem(1, 100, 2);
  auto scores = column(problem.scores(), 1);
  const double forward = roc_auc(scores, problem.labels);
  for (double& score : scores) score = -score;
  EXPECT_NEAR(roc_auc(scores, problem.labels), 1 - forward, 1e-15);
}

TEST(RocAuc, OfOneClassIsUndefined) {
  EXPECT_TRUE(std::isnan(roc_auc(Scores{.1, .2}, Labels{1, 1})));
  EXPECT_TRUE(std::isnan(roc_auc(Scores{.1, .2}, Labels{0, 0})));
  EXPECT_TRUE(std::isnan(average_precision(Scores{.1, .2}, Labels{0, 0})));
  EXPECT_EQ(average_precision(Scores{.1, .2}, Labels{1, 1}), 1);
}

TEST(RocAuc, RanksInfiniteScores) {
  EXPECT_EQ(roc_auc(Scores{-kInfinity, 0, kInfinity}, Labels{0, 0, 1}), 1);
  EXPECT_EQ(roc_auc(Scores{kInfinity, kInfinity}, Labels{0, 1}), 0.5);
}

TEST(MacroRocAuc, IsTheMeanOverOneVsRestProblems) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto problem = random_problem(seed, 80, 4);
    const auto rows = repeated_rows(problem.weights);
    double sum = 0;
    for (int64_t c = 0; c < 4; ++c) {
      sum += auc_of_pairs(pick(column(problem.scores(), c), rows),
                          is_class(pick(problem.labels, rows), c));
    }
    EXPECT_NEAR(RankedClasses(problem.scores(), problem.labels).roc_auc(problem.weights), sum / 4,
                1e-14);
  }
}

TEST(MacroRocAuc, LeavesOutClassesAbsentFromTruth) {
  auto problem = random_problem(2, 50, 3);
  for (int64_t& label : problem.labels) label = label == 2 ? 0 : label;
  const double zero = auc_of_pairs(column(problem.scores(), 0), is_class(problem.labels, 0));
  const double one = auc_of_pairs(column(problem.scores(), 1), problem.labels);
  EXPECT_NEAR(roc_auc(problem.scores(), problem.labels), (zero + one) / 2, 1e-14);
  EXPECT_TRUE(std::isnan(roc_auc(problem.scores(), Labels(50, 1))));
}

TEST(AveragePrecision, SumsPrecisionOverDistinctThresholds) {
  // 0.9: P 1, R ¼;  0.8: P ⅔, R ½;  0.4: P ⅗, R ¾;  0.3: R ¾;  0.2: P 4/7, R 1
  EXPECT_NEAR(average_precision(kScores, kLabels), (1 + 2. / 3 + 3. / 5 + 4. / 7) / 4, 1e-15);
  EXPECT_EQ(average_precision(Scores(8, 0.3), kLabels), 0.5);
}

TEST(RocCurve, HasOnePointForEachDistinctScore) {
  const auto curve = roc_curve(kScores, kLabels);
  ASSERT_EQ(curve.size(), 7u);
  EXPECT_EQ(curve[0].threshold, kInfinity);
  EXPECT_EQ(curve[0].true_positive_rate, 0);
  EXPECT_EQ(curve[2].threshold, 0.8);
  EXPECT_EQ(curve[2].false_positive_rate, 0.25);
  EXPECT_EQ(curve[2].true_positive_rate, 0.5);
  EXPECT_EQ(curve[6].threshold, 0.1);
  EXPECT_EQ(curve[6].false_positive_rate, 1);
  EXPECT_EQ(curve[6].true_positive_rate, 1);
}

TEST(RocCurve, EnclosesTheArea) {
  const auto problem = random_problem(4, 90, 2);
  const auto scores = column(problem.scores(), 1);
  const auto curve = roc_curve(scores, problem.labels);
  double area = 0;
  for (size_t i = 1; i < curve.size(); ++i) {
    area += (curve[i].false_positive_rate - curve[i - 1].false_positive_rate) *
            (curve[i].true_positive_rate + curve[i - 1].true_positive_rate) / 2;
  }
  EXPECT_NEAR(area, roc_auc(scores, problem.labels), 1e-14);
}

TEST(RankingErrors, NameTheRow) {
  EXPECT_THAT(([] { roc_auc(Scores{0, std::nan("")}, Labels{0, 1}); }),
              ThrowsMessage<Error>(HasSubstr("row 1: the score is NaN")));
  EXPECT_THAT(([] { average_precision(Scores{0, 1}, Labels{2, 1}); }),
              ThrowsMessage<Error>(HasSubstr("row 0: label 2")));
  EXPECT_THAT(([] { roc_auc(Scores{0, 1}, Labels{1}); }),
              ThrowsMessage<Error>(HasSubstr("2 scores but 1 labels")));
  EXPECT_THROW(roc_auc(Scores{}, Labels{}), Error);
  EXPECT_THROW(roc_auc(ScoreMatrix{}, Labels{}), Error);
  EXPECT_THROW(roc_auc(random_problem(0, 3, 2).scores(), Labels{0, 1, 2}), Error);
}

}  // namespace
}  // namespace relata::metrics
